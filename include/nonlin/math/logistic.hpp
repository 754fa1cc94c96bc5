// SPDX-License-Identifier: Apache-2.0
// The logistic function sigma(x) = 1 / (1 + e^-x), its slope, and x sigma(x) with its slope.
//
//   Formulas in e^-x or e^-|x| are taken times 2^-48 or 2^48 (double: 128), by which no e^-x overflows or underflows, however far the
//   tail; the last step alone rounds to a subnormal. 15 operations on AVX2 for Sigmoid, and no range apart.
//   Arguments come as x + low: what a product lost is made good here (an error d in the exponent is a
//   relative error d in the tail: a rounding of the argument -100 is 32 ULP of the result).
//
//   Record of AVX2: Zen 3, g++ 12, ns an element for 4096 floats of N(0,2) / all -inf.
//   gained   fractions times 2^-48, for 1 / (1 + e^-x) where e^-x is normal and another formula where not: Sigmoid .30 / .98 for
//            .33 / 1.52; SiLU .33 / .53 for .33 / 1.9 (there by a branch, with the same bits: without it .37); GELUTanh .70 / 1.2 for .77 / 1.5
//   gained   e^-t by the table of 8: Sigmoid' .39 for .45, Tanh' .41 for .47, SwiGLU' .74 for .84; SiLU' by the table of e^-t0's multiples
//            .62 for .85
//   gained   e^-x without a negation, and a sum that does not wait for q (value_plus): Sigmoid .28 for .29, SiLU .31 for .32, SwiGLU .34
//            for .36, GELUTanh .67 for .69, Sigmoid' .38 for .40, Tanh' .38 for .41; clang 19 level
//   gained   value and slope with one test for all in place of clamps and scales: SwiGLU' .66 for .74 (clang 19 .65 for .76), GLU' .54 for .58;
//            SSE2 2.4 for 2.8; r of SiLU' from two sums side by side: .61 for .63
//   lost     that test for SiLU' alone: .60 for .61 (clang 19 .58 for .67), at the price of the formula twice
//   lost     r + r^2 (c2 + c3 r) with the square beside the rest, three cycles sooner: exp .23 for .21, a fourth fma is what counts
//   gained   1 + y by fma from the raised y: what underflows costs this processor 5 ns a vector, though it takes no assist
//   lost     a numerator of 0 where sigma is 0, which nothing underflows to: all -inf .34 for .96, but all else .34 for .30
//   lost     slopes by table where e^-t is normal, else as before: the same at N(0,2), but 4 to 6 times that in far tails
//
//   Record of AVX-512, floats: 14 operations for Sigmoid, of which a division; Zen 4, ns for 4096 of N(0,2), g++ 12 (clang 19)
//   gained   e^-x by its table and a division for a table of 32 polynomials of degree 6: Sigmoid .18 (.19) for .24, SiLU .18 (.19) for .26,
//            GLU .20 for .26, SwiGLU .20 for .27, SwiGLU' .37 for .43; 87.3 for 16 is the end of what goes without care. 2.64 ULP for 1.76.
//            llvm-mca for Cascade Lake, cycles a vector: 10.0, the divider's bound, for 12.0 (which are 10.5 there)
//   gained   lanes beyond marked by the bits of t alone, one operation: Sigmoid .18 for .19 with a clamp and a comparison
//   lost     1 / d by an estimate and one step: .18 for .165 without the marks; the power by a shift for scalef: the same
//   lost     d = power + fma(power, q, 1): 2.47 ULP for 2.64, at 2 % more. For doubles it is 2.33 for 3.06 (SiLU)
//   gained   beyond 87.3 sigma(x) and its slope are e^x, by the table: all -inf, Sigmoid .50 for .60, SiLU .55 for .63, SwiGLU' 1.26 for 1.60
//   gained   slopes beyond their tables too: the scheduler's 128 places hold two vectors and a half of such formulas, so that the length of
//            their chains counts; with what is subnormal known from the exponent, not from a result, and no table where all lanes are
//            beyond it: all -inf, Sigmoid' .46 for .88, Tanh' .50 for .90, SiLU' .52 for 1.07, Sigmoid .38 for .53
//   lost     slopes by it everywhere: Sigmoid' .23 for .22, Tanh' .24 for .24, SiLU' .29 for .30; GELUTanh .37 for .32
#pragma once
#include "exp.hpp"
#include "table32.hpp"

#include "../detail/begin.hpp"

namespace nonlin {
inline namespace NONLIN_ABI {
namespace math {

// sigma(x) = 2^n / (2^n + E), E = e^-(x - n ln 2) in [0.7, 1.42], for factors that have exponents of their own
template <class V>
struct logistic {
  using T = element_of<V>;
  static constexpr T highest = sizeof(T) == 4 ? T(40) : T(50);  // sigma is 1 from here
  V n, d;                                                       // sigma = 2^n / d, d = 2^n + E

  // of x + low, x <= highest
  NONLIN_INLINE logistic(const V& x, const V& low) {
    const auto e = exp_parts(-x, -low);
    n = -e.n;
    d = (power_or_least<V>({n, e.q, n + V(exp_constants<T>::round + exp_constants<T>::bias)}) + V(1)) + e.q;
  }
};

// (1 + y)^2, y >= 0, with one rounding that counts; without fma with two (by y (y + 2) with three: double SiLU' 4.65 ULP for 4.3)
template <class V>
NONLIN_INLINE V square_of_1_plus(const V& y) {
  if constexpr (V::has_fma || sizeof(element_of<V>) == 4)
    return fma(y, y + V(2), V(1));
  else
    return (y * y + (y + y)) + V(1);
}

// y = e^-t, t >= 0, as y 2^48 (double: 2^128), which is normal also where y is not; sigma(-t) is y / (1 + y). The last step of all is one
// multiplication by `down`.
template <class V>
struct logistic_tail {
  using T = element_of<V>;
  static constexpr T end = sizeof(T) == 4 ? T(112) : T(760);  // where t y is 0
  static constexpr T up = sizeof(T) == 4 ? T(48) : T(128), down = sizeof(T) == 4 ? T(0x1p-48) : T(0x1p-128);
  V raised;

  // t <= end
  static NONLIN_INLINE logistic_tail at(const V& t) { return {exp_scaled<-1>(t, up).value()}; }

  // y is no number of its own where there is fma: it would underflow, which costs Zen 3 5 ns a vector
  NONLIN_INLINE V one_plus_y() const { return fma(raised, V(down), V(1)); }
  NONLIN_INLINE V square_of_1_plus_y() const {
    if constexpr (V::has_fma) return fma(raised, fma(raised, V(down * down), V(2 * down)), V(1));
    return square_of_1_plus(raised * V(down));
  }
  NONLIN_INLINE V raised_sigma() const { return quotient(raised, one_plus_y()); }
};

// d = 2^-48 (1 + e^-x), lowest <= x: a number also where e^-x is none, so that 2^-48 / d is right down to the least subnormal
template <class V>
struct lowered_logistic {
  using T = element_of<V>;
  static constexpr T up = logistic_tail<V>::up, down = logistic_tail<V>::down;
  static constexpr T lowest = sizeof(T) == 4 ? T(-109) : T(-752), highest = logistic<V>::highest;  // x sigma(x) is 0, sigma(x) 1
  V d;

  NONLIN_INLINE explicit lowered_logistic(const V& x) : d(exp_scaled<-1>(x, -up).value_plus(down)) {}
};

// sigma(x) = 2^n / (2^n + E) = 2^n scaled, E = e^-(x - n ln 2), by a table of E and without a division. Nothing overflows.
template <class V>
struct logistic_by_table {
  using T = element_of<V>;
  using c = exp_constants<T>;
  using table = exp_table<T>;
  V n, d;  // sigma = 2^floor(n) / d

  NONLIN_INLINE explicit logistic_by_table(const V& x) {
    const V t = fma(x, V(c::log2e), V(table::round)), k = t - V(table::round);
    const V r = within(fma(k, V(c::ln2_lo), fms(k, V(c::ln2_hi), x)), exp_table_reach<T>);
    n = at_most(k, V(58));  // from there 2^n + E is 2^n
    const V root = lookup16(inverse_table.power, t);
    d = root + fma(root, expm1_near_0(r), scalef(V(1), n));
  }
};

// d = 1 + e^-(x + low), |x| < 87.3, where 1 / d is normal: who flushes subnormal numbers would lose x / d as well
template <class V>
struct octaves_logistic {
  V t, d;

  template <class... Low>
  NONLIN_INLINE explicit octaves_logistic(const V& x, const Low&... low) {
    using c = exp_constants<float>;
    using table = exp_table<float>;
    constexpr float round = table::round + 130;  // of beyond_octaves: -130 <= n < 126
    t = fnma(x, V(c::log2e), V(round));
    const V n = t - V(round), lo(c::ln2_lo);
    V r = fma(n, V(c::ln2_hi), x);  // -r
    if constexpr (sizeof...(Low) == 0)
      r = fma(n, lo, r);
    else
      r = r + fma(n, lo, low...);
    const V q = fms(fnma(r, V(table::c[1]), V(table::c[0])) * r, r, r);
    // to be subnormal, or to have such an inverse, takes an assist
    const V power = scalef(lookup16(table::power, t), is_thorough<V> ? at_least(at_most(n, V(125)), V(-126)) : n);
    d = fma(power, q, power + V(1));
  }
};

// -- beyond the tables ------------------------------------------------------------------------------------------------
//   There y = e^-t is small: 1 / (1 + y) is a few terms of its series, no division, and results are scaled quietly.

inline constexpr float far_end = 190;  // e^-t and t e^-t are 0

// e^-t = 2^n scaled = y (1 + 2^-11), t = |x + low| <= far_end; as y it is a normal number
template <class V>
struct far_exponential {
  V n, scaled, y;

  template <class... Low>
  NONLIN_INLINE explicit far_exponential(const V& t, const Low&... low) {
    table_reduced<V, false> e(-t);
    if constexpr (sizeof...(Low) != 0) e.r = (e.r - ... - low);
    n = e.n;
    const V power = lookup16(exp_table<float>::power, e.t);
    scaled = e.scaled(power);
    y = scalef(fma(power, e.r, power), at_least(n, V(-100)));
  }
};

// Beyond octaves_logistic sigma(-t) and its slope are e^-t.
template <class V>
NONLIN_INLINE both<V> sigmoid_both_far(const V& x) {
  const far_exponential<V> p(at_most(abs(x), V(far_end)));
  const V w = scale_quietly(p.scaled, p.n, -125.5f);
  return {select(x < V(0), w, V(1) - w), w};
}

template <class V>
NONLIN_INLINE both<V> silu_both_far(const V& x) {
  const V near = at_least(at_most(x, V(far_end)), V(-far_end)), t = abs(near);
  const far_exponential<V> p(t);
  const V value = scale_quietly(near * p.scaled, p.n, -132.f), slope = scale_quietly(fnma(t, p.scaled, p.scaled), p.n, -132.f);
  return {select(x < V(0), value, x - value), select(x < V(0), slope, V(1) - slope)};
}

// Factor e^-t / (1 + e^-t)^2, t >= 15; factor 1 or 4
template <int Factor, class V>
NONLIN_INLINE V sigmoid_slope_far(const V& t) {
  const far_exponential<V> p(at_most(t, V(far_end)));
  return scale_quietly(fnma(p.scaled, V(2 * Factor) * p.y, V(Factor) * p.scaled), p.n, Factor == 4 ? -127.5f : -125.5f);
}

// At -(t + low), t >= 13: y (1 + y - t) / (1 + y)^2
template <class V, class... Low>
NONLIN_INLINE V silu_slope_tail(const V& t, const Low&... low) {
  const far_exponential<V> p(t, low...);
  return scale_quietly(p.scaled * fma(p.y, fma(V(2), t, V(-1)), V(1) - t), p.n, -132.f);
}

template <class V>
NONLIN_INLINE V silu_slope_far(const V& x) {
  const V w = silu_slope_tail(at_most(abs(x), V(far_end)));
  return select(x < V(0), w, V(1) - w);
}

// -- as they are called ---------------------------------------------------------------------------------------------

template <class V>
NONLIN_INLINE V sigmoid(const V& x) {
  if constexpr (V::has_table32) {
    const octaves_logistic<V> p(x);
    return unless_beyond(beyond_octaves(p.t), x, V(1) / p.d,
                         [](const V& v) NONLIN_INLINE_LAMBDA { return sigmoid_both_far(v).value; });
  } else if constexpr (V::has_table16) {
    const logistic_by_table<V> p(x);
    return scalef(reciprocal(p.d), p.n);
  } else {
    using lowered = lowered_logistic<V>;
    return V(lowered::down) / lowered(at_least(at_most(x, V(lowered::highest)), V(lowered::lowest))).d;
  }
}

// factor e^-t / (1 + e^-t)^2 for t >= 0; factor 1 or 4
template <class V>
NONLIN_INLINE V sigmoid_slope_anywhere(const V& t, element_of<V> factor) {
  const auto p = logistic_tail<V>::at(at_most(t, V(logistic_tail<V>::end)));
  return quotient(p.raised, p.square_of_1_plus_y()) * V(factor * p.down);
}

// for any x
template <class V>
NONLIN_INLINE V sigmoid_slope(const V& x) {
  const V t = abs(x);
  if constexpr (V::has_table32) {
    const auto slot = slot_of(t + V(round_to_half));
    const V y = table_polynomial(off_halves(t), slot, sigmoid_slope_table::c);
    return unless_beyond(beyond_slots(slot, round_to_half), t, y,
                         [](const V& v) NONLIN_INLINE_LAMBDA { return sigmoid_slope_far<1>(v); });
  } else {
    return sigmoid_slope_anywhere(t, 1);
  }
}

template <class V>
NONLIN_INLINE V tanh_slope(const V& x) {
  const V t = abs(x);
  if constexpr (V::has_table32) {
    const auto slot = slot_of(t + V(round_to_quarter));
    const V y = table_polynomial(t - lookup(tanh_slope_table::x, slot), slot, tanh_slope_table::c);
    return unless_beyond(beyond_slots(slot, round_to_quarter), t, y,
                         [](const V& v) NONLIN_INLINE_LAMBDA { return sigmoid_slope_far<4>(v + v); });
  } else {
    return sigmoid_slope_anywhere(t + t, 4);
  }
}

// x sigma(x)
template <class V>
NONLIN_INLINE V silu(const V& x) {
  if constexpr (V::has_table32) {
    const octaves_logistic<V> p(x);
    return unless_beyond(beyond_octaves(p.t), x, x / p.d,
                         [](const V& v) NONLIN_INLINE_LAMBDA { return silu_both_far(v).value; });
  } else if constexpr (V::has_table16) {
    const logistic_by_table<V> p(x);
    return scaled_quotient(at_least(x, V(-2000)), p.d, p.n);
  } else {
    if (any(abs(x) > V(exp_is_normal<element_of<V>>))) [[unlikely]] {
      using lowered = lowered_logistic<V>;
      const above<V> near(x, lowered::lowest);
      const V y = near.x / lowered(near.x).d * V(lowered::down);
      return near.result(select(x > V(lowered::highest), x, y), element_of<V>(-0.0));
    }
    return x / exp_scaled<-1>(x, element_of<V>(0)).value_plus(1);
  }
}

// Root -t of the slope of x sigma(x), and e^-t = t - 1, each in two parts.
template <class T>
struct silu_root;
template <>
struct silu_root<float> {
  static constexpr float hi = 0x1.474974p+0f, lo = -0x1.bdf6fap-27f, exp = 0x1.1d25dp-2f,
                         exp_lo = -0x1.bdf6fap-27f;
};
template <>
struct silu_root<double> {
  static constexpr double hi = 0x1.474973c84120bp+0, lo = 0x1.f8d74bc9ac154p-54, exp = 0x1.1d25cf210482ep-2,
                          exp_lo = -0x1.ca2d0d94faaecp-60;
};

// Slope of x sigma(x) at x + low, sigma(x) (1 + x sigma(-x)).
//   With y = e^x, x < 0, it is y (1 + y + x) / (1 + y)^2, which is zero at x = -t0. There 1 + y + x would
//   lose all digits. But 1 - t0 = -e^-t0, so with d = x + t0: 1 + y + x = d + e^-t0 expm1(d), two terms of
//   one sign. For x >= 0 the slope is 1 - slope(-x).
template <class V>
NONLIN_INLINE V silu_slope(const V& x, const V& low) {
  using T = element_of<V>;
  using root = silu_root<T>;
  const V m = at_least(-abs(x), V(sizeof(T) == 4 ? T(-112) : T(-760)));
  const V d = m + V(root::hi), b = d - m;
  const V error = (m - (d - b)) + (V(root::hi) - b);
  const V rest = error + (V(root::lo) + select(x < V(0), low, -low));
  const auto e = exp_parts(d, rest);
  const V s = power_or_least(e), em1 = fma(s, e.q, s - V(1)), root_exp(root::exp);
  const V numerator = d + fma(root_exp, em1, rest);
  const V scaled_y = fma(root_exp, e.q, V(root::exp_lo)) + root_exp;  // y / 2^n
  const V w = scale_down(quotient(scaled_y * numerator, square_of_1_plus(s * scaled_y)), e.n);
  return select(x < V(0), w, V(1) - w);
}

// The same by a table of multiples of e^-t0 as a float, which is the float t0 less 1: then (1 + x) + e^-t0 and that less n ln 2 are exact
// for |x| >= 0.5, but for the last sums. (x + t0 for it: 4.73 ULP for 4.45.)
struct silu_root_powers {
  static constexpr float low = -0x1.ffde9cp-25f;                   // -log silu_root::exp - silu_root::hi
  static constexpr float c3 = 0x1.555b98p-3f, c4 = 0x1.555556p-5f;  // of expm1(r), relatively: beside the root r is small
  static constexpr float power[8] = {0x1.1d25dp-2f,  0x1.36f4aep-2f, 0x1.531984p-2f, 0x1.71ca74p-2f,
                                     0x1.93428p-2f,  0x1.b7c204p-2f, 0x1.df8f32p-2f, 0x1.057b4ap-1f};
};
inline constexpr exp_table8 silu_root_table8(silu_root_powers::power);

template <class V>
NONLIN_INLINE V silu_slope_by_table8(const V& x) {
  using c = exp_constants<float>;
  using root = silu_root<float>;
  using tail = logistic_tail<V>;
  const V m = at_least(V(1) - abs(x), V(1 - tail::end)), d = m + V(root::exp), round(exp_table8::round + tail::up);
  const V t = fma(d, V(c::log2e), round), n = t - round;
  V r = (fnma(n, V(c::ln2_short_hi), m) + V(root::exp)) + fnma(n, V(c::ln2_short_lo), V(silu_root_powers::low));
  if constexpr (requires { side_by_side(r); }) side_by_side(r);
  const V q = fma(fma(fma(r, V(silu_root_powers::c4), V(silu_root_powers::c3)), r, V(0.5f)) * r, r, r);
  const V power = powers8(silu_root_table8.bits, t);
  const tail y{fma(power, q, power)};
  const V numerator = fma(fma(power, q, power - V(root::exp / tail::down)), V(tail::down), d);
  const V w = y.raised * numerator / y.square_of_1_plus_y() * V(tail::down);
  return select(x < V(0), w, V(1) - w);
}

// at x
template <class V>
NONLIN_INLINE V silu_slope(const V& x) {
  if constexpr (V::has_table32) {
    using table = silu_slope_table;
    const V t = abs(x);
    const auto slot = slot_of(fma(t, V(table::s), V(round_to_1)));
    const V w = table_polynomial(t - lookup(table::x, slot), slot, table::c);
    return unless_beyond(beyond_slots(slot, round_to_1), x, select(x < V(0), w, V(1) - w),
                         [](const V& v) NONLIN_INLINE_LAMBDA { return silu_slope_far(v); });
  } else if constexpr (has_powers8<V>) {
    return silu_slope_by_table8(x);
  } else {
    return silu_slope(x, V(0));
  }
}

// -- value and derivative together: one exponential, or one table, and one division -------------------------------
//   All from sigma(-|x|), which is small and exact to the last digits: sigma' = sigma(-|x|) (1 - sigma(-|x|)) does not cancel.

template <class V>
NONLIN_INLINE both<V> sigmoid_both_of(const V& x, const V& tail) {
  return {select(x < V(0), tail, V(1) - tail), fnma(tail, tail, tail)};
}

// Where e^-|x| is normal, sigma(-|x|) takes no care: the same bits as with it. Without fma 2^n q is to be normal as well. Not with scalef.
template <class V>
NONLIN_INLINE bool is_usual(const V& t) {
  using T = element_of<V>;
  if constexpr (V::has_scalef) return false;
  return !any(t > V(V::has_fma ? exp_is_normal<T> : sizeof(T) == 4 ? T(50) : T(630)));
}
template <class V>
NONLIN_INLINE V usual_tail(const V& t) {
  const V y = exp_scaled<-1>(t, element_of<V>(0)).value();
  return y / (V(1) + y);
}

template <class V>
NONLIN_INLINE both<V> sigmoid_both(const V& x) {
  if constexpr (V::has_table32) {
    const octaves_logistic<V> p(-abs(x));
    return unless_beyond(beyond_octaves(p.t), x, sigmoid_both_of(x, V(1) / p.d),
                         [](const V& v) NONLIN_INLINE_LAMBDA { return sigmoid_both_far(v); });
  } else {
    const V t = abs(x);
    if (is_usual(t)) [[likely]] return sigmoid_both_of(x, usual_tail(t));
    const auto p = logistic_tail<V>::at(at_most(t, V(logistic_tail<V>::end)));
    const V raised = p.raised_sigma(), w = raised * V(p.down);
    return {select(x < V(0), w, V(1) - w), fnma(raised, w, raised) * V(p.down)};
  }
}

// x sigma(x) and, at -t, tail (1 - t (1 - tail)), at t 1 less that. Near the root the error is absolute, 2^-24.
template <class V>
NONLIN_INLINE both<V> silu_both_of(const V& x, const V& tail) {
  const V t = abs(x), w = tail * fnma(t, V(1) - tail, V(1));
  return {select(x < V(0), x * tail, x * (V(1) - tail)), select(x < V(0), w, V(1) - w)};
}

template <class V>
NONLIN_INLINE both<V> silu_both_anywhere(const V& x) {
  const V size = abs(x);
  if (is_usual(size)) [[likely]] {
    const V w = usual_tail(size), value = x * w, slope = w * fnma(size, V(1) - w, V(1));
    return {select(x > V(0), x - value, value), select(x < V(0), slope, V(1) - slope)};
  }
  const V end(logistic_tail<V>::end), near = at_least(at_most(x, end), -end), t = abs(near);
  const auto p = logistic_tail<V>::at(t);
  const V raised = p.raised_sigma(), w = raised * V(p.down);
  const V value = near * raised * V(p.down), slope = raised * fnma(t, V(1) - w, V(1)) * V(p.down);
  return {select(x > V(0), x - value, value), select(x < V(0), slope, V(1) - slope)};
}

template <class V>
NONLIN_INLINE both<V> silu_both(const V& x) {
  if constexpr (V::has_table32) {
    const octaves_logistic<V> p(-abs(x));
    return unless_beyond(beyond_octaves(p.t), x, silu_both_of(x, V(1) / p.d),
                         [](const V& v) NONLIN_INLINE_LAMBDA { return silu_both_far(v); });
  } else {
    return silu_both_anywhere(x);
  }
}

}  // namespace math
}  // namespace NONLIN_ABI
}  // namespace nonlin
#include "../detail/end.hpp"
