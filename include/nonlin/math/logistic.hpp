// SPDX-License-Identifier: Apache-2.0
// The logistic function sigma(x) = 1 / (1 + e^-x), its slope, and x sigma(x) with its slope.
//
//   sigma(x) = 2^n / (2^n + E) with E = e^-(x - n ln 2) in [0.7, 1.42]: nothing overflows, and the last
//   step is one multiplication by 2^n, so that results are right down to the least subnormal.
//   Arguments come as x + low: what a product lost is made good here (an error d in the exponent is a
//   relative error d in the tail: a rounding of the argument -100 is 32 ULP of the result).
#pragma once
#include "exp.hpp"
#include "table32.hpp"

#include "../detail/begin.hpp"

namespace nonlin {
inline namespace NONLIN_ABI {
namespace math {

// Below `lowest` x sigma(x) is zero, above `highest` sigma(x) is 1, for every x of type T. An ISA with
// scalef takes a lower `lowest`: to scale by 2^-1400 costs nothing, but to make a subnormal or just less
// costs a microcode assist.
template <class V>
struct logistic_limits {
  using T = element_of<V>;
  static constexpr T lowest =
      sizeof(T) == 4 ? (V::has_scalef ? T(-1000) : T(-112)) : (V::has_scalef ? T(-3000) : T(-760));
  static constexpr T highest = sizeof(T) == 4 ? T(40) : T(50);
};

template <class V>
struct logistic {
  V n, s, d;  // sigma = 2^n / d, s = 2^n or nearly 0, d = s + E
};

// x within logistic_limits
template <class V, class... Low>
NONLIN_INLINE logistic<V> logistic_parts(const V& x, const Low&... low) {
  const auto e = exp_parts(-x, -low...);
  const V s = exp2i_or_least(-e.n);
  return {-e.n, s, (s + V(1)) + e.q};
}

template <class V>
NONLIN_INLINE V sigmoid_anywhere(const V& x) {
  using limits = logistic_limits<V>;
  const auto p = logistic_parts(at_least(at_most(x, V(limits::highest)), V(limits::lowest)));
  return scale_down(V(1) / p.d, p.n);
}

template <class V>
NONLIN_INLINE V sigmoid(const V& x) {
  if constexpr (V::has_table32) {
    const auto slot = slot_of(x + V(round_to_1 + 16));
    const V y = table_polynomial(off_grid<0>(x), slot, sigmoid_table::c);
    return unless_beyond(beyond_slots(slot, round_to_1), x, y,
                         [](const V& v) NONLIN_INLINE_LAMBDA { return sigmoid_anywhere(v); });
  } else {
    return sigmoid_anywhere(x);
  }
}

// (1 + y)^2, y >= 0, with one rounding that counts
template <class V>
NONLIN_INLINE V square_of_1_plus(const V& y) {
  return fma(y, y + V(2), V(1));
}

// factor e^-t / (1 + e^-t)^2 for t >= 0; factor 1 or 4
template <class V>
NONLIN_INLINE V sigmoid_slope_anywhere(const V& t, const V& factor) {
  const auto e = exp_parts(-at_most(t, V(-logistic_limits<V>::lowest)));
  const V scaled_y = V(1) + e.q;  // y / 2^n; from the same rounded one the quotient's error is less
  return scale_down(factor * scaled_y / square_of_1_plus(exp2i_or_least(e.n) * scaled_y), e.n);
}

// for any x
template <class V>
NONLIN_INLINE V sigmoid_slope(const V& x) {
  const V t = abs(x);
  if constexpr (V::has_table32) {
    const auto slot = slot_of(t + V(round_to_half));
    const V y = table_polynomial(off_grid<1>(t), slot, sigmoid_slope_table::c);
    return unless_beyond(beyond_slots(slot, round_to_half), t, y,
                         [](const V& v) NONLIN_INLINE_LAMBDA { return sigmoid_slope_anywhere(v, V(1)); });
  } else {
    return sigmoid_slope_anywhere(t, V(1));
  }
}

template <class V>
NONLIN_INLINE V tanh_slope(const V& x) {
  const V t = abs(x);
  if constexpr (V::has_table32) {
    const auto slot = slot_of(t + V(round_to_quarter));
    const V y = table_polynomial(t - lookup(tanh_slope_table::x, slot), slot, tanh_slope_table::c);
    return unless_beyond(beyond_slots(slot, round_to_quarter), t, y,
                         [](const V& v) NONLIN_INLINE_LAMBDA { return sigmoid_slope_anywhere(v + v, V(4)); });
  } else {
    return sigmoid_slope_anywhere(t + t, V(4));
  }
}

// x sigma for a sigma in parts. Without scalef the product passes through x 2^64: where sigma is 1 it is
// left out.
template <class V>
NONLIN_INLINE V logistic_product(const V& x, const logistic<V>& p) {
  const V y = scale_down(x / p.d, p.n);
  if constexpr (V::has_scalef) return y;
  return select(x > V(logistic_limits<V>::highest), x, y);
}

// x sigma(x)
template <class V>
NONLIN_INLINE V silu_anywhere(const V& x) {
  using limits = logistic_limits<V>;
  const V low = at_least(x, V(limits::lowest));
  return logistic_product(low, logistic_parts(at_most(low, V(limits::highest))));
}

template <class V>
NONLIN_INLINE V silu(const V& x) {
  if constexpr (V::has_table32) {
    const auto slot = slot_of(x + V(round_to_1 + 16));
    const V y = x * table_polynomial(off_grid<0>(x), slot, sigmoid_table::c);
    return unless_beyond(beyond_slots(slot, round_to_1), x, y,
                         [](const V& v) NONLIN_INLINE_LAMBDA { return silu_anywhere(v); });
  } else {
    return silu_anywhere(x);
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
  const V s = exp2i_or_least(e.n), em1 = fma(s, e.q, s - V(1)), root_exp(root::exp);
  const V numerator = d + fma(root_exp, em1, rest);
  const V scaled_y = fma(root_exp, e.q, V(root::exp_lo)) + root_exp;  // y / 2^n
  const V w = scale_down(scaled_y * numerator / square_of_1_plus(s * scaled_y), e.n);
  return select(x < V(0), w, V(1) - w);
}

// at x
template <class V>
NONLIN_INLINE V silu_slope(const V& x) {
  if constexpr (V::has_table32) {
    using table = silu_slope_table;
    const auto slot = slot_of(fma(x, V(table::s), V(round_to_1 + 16)));
    const V y = table_polynomial(x - lookup(table::x, slot), slot, table::c);
    return unless_beyond(beyond_slots(slot, round_to_1), x, y,
                         [](const V& v) NONLIN_INLINE_LAMBDA { return silu_slope(v, V(0)); });
  } else {
    return silu_slope(x, V(0));
  }
}

// -- value and derivative together: one exponential, or one table, and one division -------------------------------
//   All from sigma(-|x|), which is small and exact to the last digits: sigma' = sigma(-|x|) (1 - sigma(-|x|)) does not cancel.

// sigma(-t) for t >= 0
template <class V>
NONLIN_INLINE V sigmoid_tail(const V& t) {
  const auto e = exp_parts(-at_most(t, V(-logistic_limits<V>::lowest)));
  const V scaled_y = V(1) + e.q;
  return scale_down(scaled_y / fma(exp2i_or_least(e.n), scaled_y, V(1)), e.n);
}

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
                         sigmoid_both_of(x, table_polynomial(off_grid<0>(t), slot, sigmoid_table::c)),
                         [](const V& v) NONLIN_INLINE_LAMBDA { return sigmoid_both_of(v, sigmoid_tail(abs(v))); });
  } else {
    return sigmoid_both_of(x, sigmoid_tail(abs(x)));
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
  using T = element_of<V>;
  // Results are 0 and 1 there, and x = -inf would give NaN. What x tail loses where tail is subnormal is not to be lost: the
  // factor 2^n comes last.
  const V v = at_least(x, V(sizeof(T) == 4 ? T(-112) : T(-760))), t = abs(v);
  const auto e = exp_parts(-at_most(t, V(sizeof(T) == 4 ? T(112) : T(760))));
  const V scaled_y = V(1) + e.q, scaled_tail = scaled_y / fma(exp2i_or_least(e.n), scaled_y, V(1));
  const V tail = scale_down(scaled_tail, e.n), one = V(1) - tail;
  const V near = at_most(t, V(sizeof(T) == 4 ? T(112) : T(760)));
  const V w = scale_down(scaled_tail * fnma(near, one, V(1)), e.n);
  const V low = scale_down(at_least(v, V(sizeof(T) == 4 ? T(-112) : T(-760))) * scaled_tail, e.n);
  return {select(v < V(0), low, v * one), select(v < V(0), w, V(1) - w)};
}

template <class V>
NONLIN_INLINE both<V> silu_both(const V& x) {
  if constexpr (V::has_table32) {
    const V t = -abs(x);
    const auto slot = slot_of(t + V(round_to_1 + 16));
    return unless_beyond(beyond_slots(slot, round_to_1), x,
                         silu_both_of(x, table_polynomial(off_grid<0>(t), slot, sigmoid_table::c)),
                         [](const V& v) NONLIN_INLINE_LAMBDA { return silu_both_anywhere(v); });
  } else {
    return silu_both_anywhere(x);
  }
}

}  // namespace math
}  // namespace NONLIN_ABI
}  // namespace nonlin
#include "../detail/end.hpp"
