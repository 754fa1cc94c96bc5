// SPDX-License-Identifier: Apache-2.0
// Swish(x) = x sigma(beta x) (Ramachandran et al. 2017, arXiv 1710.05941). SiLU is beta = 1, QuickGELU
// beta = 1.702.
//
//   derivative   s (1 + beta x (1 - s)), s = sigma(beta x), the SiLU's at beta x
//   by beta      x^2 s (1 - s)
//   at           +-0: +-0, NaN: NaN; beta > 0: -inf: -0, +inf: +inf
//   error        largest found, float, all finite x, on sse2 / avx2 / avx512, in ULP:
//                forward 3.22 / 3.22 / 2.69 (-0x1.329eeap+3 / -0x1.3cd404p+3)
//                derivative 4.54 / 4.10 / 3.37 (-0x1.45661ap-2 / -0x1.ad1aeep+1 / -0x1.38f786p-1)
//                for beta = 1.702; relative everywhere: beta x is taken with its rounding error and with
//                beta's digits beyond T
#pragma once
#include <limits>
#include "activation.hpp"
#include "math.hpp"
#include "silu.hpp"

#include "detail/begin.hpp"

namespace nonlin {
inline namespace NONLIN_ABI {
namespace math {

// beta x within +-limit, and what its rounding lost; nothing beyond the limit
template <class V>
struct scaled_argument {
  V hi, lo;

  NONLIN_INLINE scaled_argument(const V& any_x, double beta, double limit) {
    using T = element_of<V>;
    const V end(beta == 0 ? std::numeric_limits<T>::max() : infinity<T>());  // 0 infinity is 0 here
    // A tiny beta takes a part of x's exponent, or its last digits would be lost.
    const double shift = beta < 0x1p-64 && beta > -0x1p-64 ? 0x1p-64 : 1, scaled = beta / shift;
    // One beyond T's normal numbers is the last of them: 0 times infinity would be NaN.
    constexpr double least = std::numeric_limits<T>::min(), most = std::numeric_limits<T>::max();
    const double size = scaled < 0 ? -scaled : scaled;
    const double within = size > most ? most : beta != 0 && size < least ? least : size;
    const double scaled_beta = scaled < 0 ? -within : within;
    const V x = at_least(at_most(any_x, end), -end) * V(shift);
    const V b(scaled_beta), rest(scaled_beta - static_cast<double>(static_cast<T>(scaled_beta)));
    hi = x * b;
    const V lost = fma(x, rest, product_error(x, b, hi));
    lo = select(abs(hi) < V(limit), lost, V(0));
    hi = at_least(at_most(hi, V(limit)), V(-limit));
  }
};

// beta, in the types that formulas take
struct swish_beta {
  double value;
  detail::parameter hi, lo;  // for tables: a float and what it lost. NaN, beyond every table, for one at the ends of floats' exponents
  bool in_tables;

  constexpr explicit swish_beta(double beta)
      : value(beta), hi(beta), lo(beta - static_cast<double>(static_cast<float>(beta))), in_tables(true) {
    const double size = beta < 0 ? -beta : beta;
    if (size >= 0x1p-60 && size <= 0x1p+60) return;
    in_tables = false;
    hi = std::numeric_limits<double>::quiet_NaN();
  }
  template <class V>
  NONLIN_INLINE V times(const V& t) const {
    return t * hi.in<V>();
  }
  // beta t - k, k close to it
  template <class V>
  NONLIN_INLINE V off(const V& t, const V& k) const {
    return fma(t, lo.in<V>(), fms(t, hi.in<V>(), k));
  }
};

// t = |beta x| >= 13 up to `end`, and what it lost; beta in_tables
template <class V>
struct swish_far_argument {
  V t, lost;
  decltype(V() < V()) below, ends;  // beta x < 0; beyond `end`

  NONLIN_INLINE swish_far_argument(const V& x, const swish_beta& beta, float end) {
    const V u = beta.times(x), off = beta.off(x, u), size = abs(u);
    below = u < V(0);
    ends = size >= V(end);
    t = at_most(size, V(end));
    lost = select(ends, V(0), select(below, -off, off));
  }
};

template <class V>
NONLIN_INLINE V swish_far(const V& x, const swish_beta& beta) {
  const swish_far_argument<V> a(x, beta, 195);  // x e^-195 is 0 for every x
  const far_exponential<V> p(a.t, a.lost);
  const V w = scale_quietly(select(a.ends, V(0), x) * p.scaled, p.n);
  return select(a.below, with_sign(abs(w), x), x - w);
}

template <class V>
NONLIN_INLINE V swish_slope_far(const V& x, const swish_beta& beta) {
  const swish_far_argument<V> a(x, beta, far_end);
  const V w = silu_slope_tail(a.t, a.lost);
  return select(a.below, w, V(1) - w);
}

template <class V>
NONLIN_INLINE V swish_anywhere(const V& x, const swish_beta& beta) {
  using T = element_of<V>;
  constexpr double limit = sizeof(T) == 4 ? 195 : 1460;  // |x| e^-limit is 0 for every x
  const scaled_argument<V> a(x, beta.value, limit);
  const V highest(logistic<V>::highest);
  const logistic<V> p(at_most(a.hi, highest), select(a.hi < highest, a.lo, V(0)));
  // sigma is 1/2 to 1.42 times 2^down: x sigma must neither overflow nor underflow before it is scaled
  const V sigma = quotient(exp2i(at_least(p.n, V(0))), p.d), down = at_most(p.n, V(0));
  const auto large = abs(x) > V(0x1p+100);
  const V y = scale_far(select(large, x * V(0.25), x) * sigma, select(large, down + V(2), down));
  return select(a.hi <= V(-limit), with_sign(V(0), x), y);
}

template <class V>
NONLIN_INLINE V swish(const V& x, const swish_beta& beta) {
  if constexpr (V::has_table32) {
    const V u = beta.times(x);
    const octaves_logistic<V> p(u, beta.off(x, u));
    return unless_beyond(beyond_octaves(p.t), x, x / p.d, [&](const V& v) NONLIN_INLINE_LAMBDA {
      return beta.in_tables ? swish_far(v, beta) : swish_anywhere(v, beta);
    });
  } else {
    return swish_anywhere(x, beta);
  }
}

template <class V>
NONLIN_INLINE V swish_slope_anywhere(const V& x, const swish_beta& beta) {
  const scaled_argument<V> a(x, beta.value, sizeof(element_of<V>) == 4 ? 200 : 1500);
  return silu_slope(a.hi, a.lo);
}

template <class V>
NONLIN_INLINE V swish_slope(const V& x, const swish_beta& beta) {
  if constexpr (V::has_table32) {
    using table = silu_slope_table;
    const V u = beta.times(x), t = abs(u);
    const auto slot = slot_of(fma(t, V(table::s), V(round_to_1)));
    const V k = lookup(table::x, slot), off = beta.off(x, with_sign(k, u));
    const V w = table_polynomial(select(u < V(0), -off, off), slot, table::c);
    return unless_beyond(beyond_slots(slot, round_to_1), x, select(u < V(0), w, V(1) - w), [&](const V& v) NONLIN_INLINE_LAMBDA {
      return beta.in_tables ? swish_slope_far(v, beta) : swish_slope_anywhere(v, beta);
    });
  } else {
    return swish_slope_anywhere(x, beta);
  }
}

// Value and derivative by one exponential and one division. Near the root the derivative's error is absolute.
template <class V>
NONLIN_INLINE both<V> swish_both_anywhere(const V& x, const swish_beta& beta) {
  using T = element_of<V>;
  constexpr double limit = sizeof(T) == 4 ? 195 : 1460;
  const scaled_argument<V> a(x, beta.value, limit);
  const V z = abs(a.hi);
  const auto e = exp_parts(-z, select(a.hi > V(0), -a.lo, a.lo));
  const V scaled_y = V(1) + e.q, scaled_tail = quotient(scaled_y, fma(power_or_least(e), scaled_y, V(1)));
  const V tail = power_or_least(e) * scaled_tail, head = V(1) - tail;
  // x tail must neither overflow nor underflow before it is scaled
  const auto large = abs(x) > V(0x1p+100);
  const V low = scale_far(select(large, x * V(0.25), x) * scaled_tail, select(large, e.n + V(2), e.n));
  const V value = select(a.hi <= V(-limit), with_sign(V(0), x), select(a.hi < V(0), low, x * head));
  const V w = scale_far(scaled_tail * fnma(z, head, V(1)), e.n);
  return {value, select(a.hi < V(0), w, V(1) - w)};
}

template <class V>
NONLIN_INLINE both<V> swish_both(const V& x, const swish_beta& beta) {
  if constexpr (V::has_table32) {
    const V u = beta.times(x), off = beta.off(x, u);
    const octaves_logistic<V> p(-abs(u), select(u < V(0), off, -off));
    const V tail = V(1) / p.d, head = V(1) - tail, w = tail * fnma(abs(u), head, V(1));
    return unless_beyond(beyond_octaves(p.t), x,
                         both<V>{x * select(u < V(0), tail, head), select(u < V(0), w, V(1) - w)},
                         [&](const V& v) NONLIN_INLINE_LAMBDA {
                           return beta.in_tables ? both<V>{swish_far(v, beta), swish_slope_far(v, beta)}
                                                 : swish_both_anywhere(v, beta);
                         });
  } else {
    return swish_both_anywhere(x, beta);
  }
}

// x^2 s (1 - s): (x e^-t/2)^2 would do, but e^-t in one piece keeps x^2 from overflowing before it
template <class V>
NONLIN_INLINE V swish_beta_slope(const V& x, const swish_beta& beta) {
  using T = element_of<V>;
  constexpr double limit = sizeof(T) == 4 ? 285 : 2200;
  const scaled_argument<V> a(x, beta.value, limit);
  const auto e = exp_parts(-abs(a.hi), select(a.hi > V(0), -a.lo, a.lo));
  const V y1 = V(1) + e.q, slope = quotient(y1, square_of_1_plus(power_or_least(e) * y1));
  const V half = fma(e.n, V(0.5), V(exp_constants<T>::round)) - V(exp_constants<T>::round);
  const V y = scale_far(x, half) * slope * scale_far(x, e.n - half);
  return select(abs(a.hi) >= V(limit), V(0), y);
}

}  // namespace math
}  // namespace NONLIN_ABI

struct Swish {
  double beta = 1;

  static constexpr const char* name = "Swish";
  template <class T>
  static constexpr accuracy bounds = {.forward = 4,
                                      .derivative = 5,
                                      .root = -1.2784645427610738,  // in beta x
                                      .radius = 0x1p-10,
                                      .absolute = sizeof(T) == 4 ? 0x1p-33 : 0x1p-62};

  template <real V>
  NONLIN_INLINE V operator()(const V& x) const {
    return V(beta == 1 ? math::silu(detail::lift(x)) : math::swish(detail::lift(x), math::swish_beta(beta)));
  }
  template <real V>
  NONLIN_INLINE V derivative(const V& x) const {
    return V(beta == 1 ? math::silu_slope(detail::lift(x)) : math::swish_slope(detail::lift(x), math::swish_beta(beta)));
  }
  template <real V>
  NONLIN_INLINE math::both<V> value_and_derivative(const V& x) const {
    const auto b = beta == 1 ? math::silu_both(detail::lift(x)) : math::swish_both(detail::lift(x), math::swish_beta(beta));
    return {V(b.value), V(b.derivative)};
  }
  template <real V>
  NONLIN_INLINE V parameter_derivative(const V& x) const {
    return V(math::swish_beta_slope(detail::lift(x), math::swish_beta(beta)));
  }
  constexpr near_zero at_zero() const {
    return beta <= 0x1p10 && beta >= -0x1p10 ? near_zero::linear : near_zero::unknown;
  }
};

inline namespace NONLIN_ABI {
namespace detail {

struct swish_in_arrays : Swish {
  math::swish_beta b;

  constexpr explicit swish_in_arrays(const Swish& act) : Swish(act), b(act.beta) {}
  template <class V>
  NONLIN_INLINE V operator()(const V& x) const {
    return math::swish(x, b);
  }
  template <class V>
  NONLIN_INLINE V derivative(const V& x) const {
    return math::swish_slope(x, b);
  }
  template <class V>
  NONLIN_INLINE math::both<V> value_and_derivative(const V& x) const {
    return math::swish_both(x, b);
  }
};

template <>
struct in_arrays<Swish> {
  template <class F>
  static void forward(const Swish& act, const F& f) {
    act.beta == 1 ? f(SiLU()) : f(swish_in_arrays(act));
  }
  template <class F>
  static void backward(const Swish& act, const F& f) {
    forward(act, f);
  }
};

}  // namespace detail
}  // namespace NONLIN_ABI

}  // namespace nonlin
#include "detail/end.hpp"
