// SPDX-License-Identifier: Apache-2.0
// The logistic function sigma(x) = 1 / (1 + e^-x), its slope, and x sigma(x) with its slope.
//
//   sigma(x) = 2^n / (2^n + E) with E = e^-(x - n ln 2) in [0.7, 1.42]: nothing overflows, and the last
//   step is one multiplication by 2^n, so that results are right down to the least subnormal.
//   Where neither e^-x nor the result underflows sigma(x) is 1 / (1 + e^-x), factor and all: 15 operations on AVX2 for the 19 of
//   sigma(-|x|), and the time of Sigmoid .84 / 1.26, of SiLU .74 / 1.35.
//   Arguments come as x + low: what a product lost is made good here (an error d in the exponent is a
//   relative error d in the tail: a rounding of the argument -100 is 32 ULP of the result).
#pragma once
#include "exp.hpp"
#include "table32.hpp"

#include "../detail/begin.hpp"

namespace nonlin {
inline namespace NONLIN_ABI {
namespace math {

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

// sigma(-t) for t >= 0: y / (1 + y), y = e^-t. `raised` is y 2^step, normal also where y is not; the last step of all is one
// multiplication by `down`, of the raised sigma too.
template <class V>
struct logistic_tail {
  using T = element_of<V>;
  static constexpr T end = sizeof(T) == 4 ? T(112) : T(760);  // where it is 0
  static constexpr T up = exp_constants<T>::step, down = exp_constants<T>::down;
  exponential<V> e;
  V scale, raised, y;

  // t <= end
  NONLIN_INLINE explicit logistic_tail(const V& t) : e(exp_parts(-t)) {
    scale = power_of(e, up);
    raised = fma(scale, e.q, scale);
    y = raised * V(down);
  }
  NONLIN_INLINE V raised_sigma() const { return quotient(raised, y + V(1)); }
  // factor sigma(-t), the factor taken in before anything is rounded
  NONLIN_INLINE V times(const V& factor) const {
    const V s = factor * scale;
    return quotient(fma(s, e.q, s), y + V(1)) * V(down);
  }
};

template <class V>
NONLIN_INLINE V sigmoid_anywhere(const V& x) {
  const logistic_tail<V> p(at_most(abs(x), V(logistic_tail<V>::end)));
  const V w = p.raised_sigma() * V(p.down);
  return select(x < V(0), w, V(1) - w);
}

// factor / (1 + e^-x)
template <class V>
NONLIN_INLINE V over_1_plus_exp(const V& factor, const V& x) {
  const auto e = exp_scaled(-x, element_of<V>(0));
  return factor / (e.value() + V(1));
}

// factor sigma(x): as it is where e^-x is normal, by `tail` where it is not
template <class V, class Tail>
NONLIN_INLINE V by_sigmoid(const V& factor, const V& x, const Tail& tail) {
  const auto far = abs(x) > V(exp_is_normal<element_of<V>>);
  if (any(far)) [[unlikely]]
    return select(far, tail(x), over_1_plus_exp(factor, select(far, V(0), x)));
  return over_1_plus_exp(factor, x);
}

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
    d = fma(root, expm1_near_0(r), scalef(V(1), n) + root);
  }
};

// -- beyond the tables ------------------------------------------------------------------------------------------------
//   There y = e^-t is small: 1 / (1 + y) is a few terms of its series, no division, and results are scaled quietly.

inline constexpr float far_end = 190;  // e^-t and t e^-t are 0

template <class V>
struct far_exponential {
  exponential<V> e;
  V scaled, y;  // 1 + q, 2^n (1 + q); as y it stays above the least normal number

  // of t + low
  template <class... Low>
  NONLIN_INLINE explicit far_exponential(const V& t, const Low&... low) : e(exp_parts(-t, -low...)) {
    scaled = V(1) + e.q;
    y = scalef(scaled, at_least(e.n, V(-100)));
  }
};

// sigma(-t) / 2^n, t >= 15
template <class V>
NONLIN_INLINE V sigmoid_far_scaled(const far_exponential<V>& p) {
  return V(1) + fnma(p.scaled, p.y, p.e.q);
}

template <class V>
NONLIN_INLINE V sigmoid_far(const V& x) {
  const far_exponential<V> p(at_most(abs(x), V(far_end)));
  const V w = scale_quietly(sigmoid_far_scaled(p), p.e.n);
  return select(x < V(0), w, V(1) - w);
}

template <class V>
NONLIN_INLINE V silu_far(const V& x) {
  const V near = at_least(at_most(x, V(far_end)), V(-far_end));
  const far_exponential<V> p(abs(near));
  const V w = scale_quietly(near * sigmoid_far_scaled(p), p.e.n);
  return select(x < V(0), w, x - w);
}

// factor e^-t / (1 + e^-t)^2, t >= 15
template <class V>
NONLIN_INLINE V sigmoid_slope_far(const V& t, const V& factor) {
  const far_exponential<V> p(at_most(t, V(far_end)));
  return scale_quietly(factor * (V(1) + fnma(p.scaled + p.scaled, p.y, p.e.q)), p.e.n);
}

// At -(t + low), t >= 6: y (1 + y - t) / (1 + y)^2
template <class V, class... Low>
NONLIN_INLINE V silu_slope_tail(const V& t, const Low&... low) {
  const far_exponential<V> p(t, low...);
  const V series = p.y * fma(p.y, fma(p.y, V(-4), V(3)), V(-2));  // (1 + y)^-2 - 1
  const V numerator = (V(1) - t) + p.y;
  return scale_quietly(fma(numerator, fma(series, p.scaled, p.e.q), numerator), p.e.n);
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
    const auto slot = slot_of(x + V(round_to_1 + 16));
    const V y = table_polynomial(off_integers(x), slot, sigmoid_table::c);
    return unless_beyond(beyond_slots(slot, round_to_1), x, y,
                         [](const V& v) NONLIN_INLINE_LAMBDA { return sigmoid_far(v); });
  } else if constexpr (V::has_table16) {
    const logistic_by_table<V> p(x);
    return scalef(reciprocal(p.d), p.n);
  } else {
    return by_sigmoid(V(1), x, [](const V& v) NONLIN_INLINE_LAMBDA { return sigmoid_anywhere(v); });
  }
}

// factor e^-t / (1 + e^-t)^2 for t >= 0; factor 1 or 4
template <class V>
NONLIN_INLINE V sigmoid_slope_anywhere(const V& t, element_of<V> factor) {
  const logistic_tail<V> p(at_most(t, V(logistic_tail<V>::end)));
  return quotient(p.raised, square_of_1_plus(p.y)) * V(factor * logistic_tail<V>::down);
}

// for any x
template <class V>
NONLIN_INLINE V sigmoid_slope(const V& x) {
  const V t = abs(x);
  if constexpr (V::has_table32) {
    const auto slot = slot_of(t + V(round_to_half));
    const V y = table_polynomial(off_halves(t), slot, sigmoid_slope_table::c);
    return unless_beyond(beyond_slots(slot, round_to_half), t, y,
                         [](const V& v) NONLIN_INLINE_LAMBDA { return sigmoid_slope_far(v, V(1)); });
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
                         [](const V& v) NONLIN_INLINE_LAMBDA { return sigmoid_slope_far(v + v, V(4)); });
  } else {
    return sigmoid_slope_anywhere(t + t, 4);
  }
}

// x sigma(x)
template <class V>
NONLIN_INLINE V silu_anywhere(const V& x) {
  const V end(logistic_tail<V>::end), near = at_least(at_most(x, end), -end);
  const logistic_tail<V> p(abs(near));
  const V w = p.times(near);
  return select(x > V(0), x - w, w);
}

template <class V>
NONLIN_INLINE V silu(const V& x) {
  if constexpr (V::has_table32) {
    const auto slot = slot_of(x + V(round_to_1 + 16));
    const V y = x * table_polynomial(off_integers(x), slot, sigmoid_table::c);
    return unless_beyond(beyond_slots(slot, round_to_1), x, y,
                         [](const V& v) NONLIN_INLINE_LAMBDA { return silu_far(v); });
  } else if constexpr (V::has_table16) {
    const logistic_by_table<V> p(x);
    const V y = quotient(at_least(x, V(-2000)), p.d);
    return scalef(at_most(V(std::numeric_limits<element_of<V>>::max()), y), p.n);  // of +inf y is NaN
  } else {
    return by_sigmoid(x, x, [](const V& v) NONLIN_INLINE_LAMBDA { return silu_anywhere(v); });
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

template <class V>
NONLIN_INLINE both<V> sigmoid_both(const V& x) {
  if constexpr (V::has_table32) {
    const V t = -abs(x);
    const auto slot = slot_of(t + V(round_to_1 + 16));
    return unless_beyond(beyond_slots(slot, round_to_1), x,
                         sigmoid_both_of(x, table_polynomial(off_integers(t), slot, sigmoid_table::c)),
                         [](const V& v) NONLIN_INLINE_LAMBDA {
                           return both<V>{sigmoid_far(v), sigmoid_slope_far(abs(v), V(1))};
                         });
  } else {
    const logistic_tail<V> p(at_most(abs(x), V(logistic_tail<V>::end)));
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
  const V end(logistic_tail<V>::end), near = at_least(at_most(x, end), -end), t = abs(near);
  const logistic_tail<V> p(t);
  const V raised = p.raised_sigma(), w = raised * V(p.down);
  const V value = near * raised * V(p.down), slope = raised * fnma(t, V(1) - w, V(1)) * V(p.down);
  return {select(x > V(0), x - value, value), select(x < V(0), slope, V(1) - slope)};
}

template <class V>
NONLIN_INLINE both<V> silu_both(const V& x) {
  if constexpr (V::has_table32) {
    const V t = -abs(x);
    const auto slot = slot_of(t + V(round_to_1 + 16));
    return unless_beyond(beyond_slots(slot, round_to_1), x,
                         silu_both_of(x, table_polynomial(off_integers(t), slot, sigmoid_table::c)),
                         [](const V& v) NONLIN_INLINE_LAMBDA { return both<V>{silu_far(v), silu_slope_far(v)}; });
  } else {
    return silu_both_anywhere(x);
  }
}

}  // namespace math
}  // namespace NONLIN_ABI
}  // namespace nonlin
#include "../detail/end.hpp"
