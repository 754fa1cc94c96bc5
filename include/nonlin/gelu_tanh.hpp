// SPDX-License-Identifier: Apache-2.0
// GELUTanh(x) = x/2 (1 + tanh u), u = sqrt(2/pi) (x + 0.044715 x^3): GELU's approximation by tanh
// (Hendrycks and Gimpel 2016, arXiv 1606.08415), as x sigma(v), v = 2u: 1 + tanh is 0 below -5.2.
//
//   derivative   sigma(v) (1 + x v' sigma(-v)), v' = 2 sqrt(2/pi) (1 + 0.134145 x^2)
//   at           +-0: +-0, -inf: -0, +inf: +inf, NaN: NaN; least value -0.17004 at x = -0.75246, the
//                derivative's root
//   tails        below -10.1 results are subnormal, to -10.771 (double: -21.2, -21.5)
//   error        largest found, float, all finite x, on sse2 / avx2 / avx512, in ULP:
//                forward 2.31 / 2.98 / 1.93 (-0x1.3fbf5ep+2 / -0x1.3fb3ep+2 / -0x1.8cep+2)
//                derivative 4.92 / 4.86 / 4.40 (-0x1.1da1a6p+1 / -0x1.aeca54p+1 / -0x1.9bdc2ep+2)
//                the derivative's is absolute within 1 of its root: 2^-23.0 found
//   Record: Zen 3, AVX2, 4096 floats of N(0,2), ns by g++ 12 / clang 19
//   gained   what is left of h by one fma, r's two sums side by side, and no clamps but one up to -9.9: .53 / .53 for .68 / .63; at N(0,5)
//            .70 for .85, where it is the branch that costs
//   gained   not `crowded` below AVX-512: .60 for .63; the slope by the table of 8: .78 / .85 for .97 / .97
//   lost     a branch beyond 9.9 on either side: .79 at N(0,5); no branch: .58 at any, .67 at N(0,5)
#pragma once
#include "activation.hpp"
#include "math.hpp"

#include "detail/begin.hpp"

namespace nonlin {
inline namespace NONLIN_ABI {
namespace math {

// v = b x (x^2 + a), a = 1 / 0.044715, b = 2 sqrt(2/pi) 0.044715.
template <class T>
struct gelu_tanh_constants;
template <>
struct gelu_tanh_constants<float> {
  static constexpr float a = 0x1.65d25e0000000p+4f, a_low = 0x1.bb3db00000000p-21f, b = 0x1.2444f2p-4f,
                         b_low = 0x1.49b16ap-29f;
  static constexpr float ab = 0x1.9884p+0f, ab_low = 0x1.4cf50ep-18f;  // ab in 15 bits and the rest
  static constexpr float lowest = -11, highest = 7, usual = 9.9f;  // e^|v| is normal up to `usual`
};
template <>
struct gelu_tanh_constants<double> {
  static constexpr double a = 0x1.65d25edd9ed82p+4, a_low = -0x1.586cc71ee31dep-55, b = 0x1.2444f2a4d8b4bp-4,
                          b_low = -0x1.6c843a29d1c7p-61;
  static constexpr double lowest = -22, highest = 8.5, usual = 20.9;
};

template <class V>
struct two {
  V hi, lo;
};

// As x (ab + b x^2) by fma, |x| <= 11: h - ab is exact.
template <class V>
NONLIN_INLINE two<V> gelu_tanh_argument_by_fma(const V& x) {
  using c = gelu_tanh_constants<float>;
  const V ab(c::ab), b(c::b), square = x * x, h = fma(square, b, ab);
  const V h_low = fms(square, b, h - ab) + fma(fms(x, x, square), b, fma(square, V(c::b_low), V(c::ab_low)));
  const V v = x * h;
  return {v, fma(x, h_low, fms(x, h, v))};
}

template <class V>
NONLIN_INLINE two<V> gelu_tanh_argument(const V& x) {
  if constexpr (has_powers8<V>) return gelu_tanh_argument_by_fma(x);
  using c = gelu_tanh_constants<element_of<V>>;
  const V square = x * x, square_low = product_error(x, x, square);
  const V a(c::a), h = square + a, rest = h - a;  // |a| or x^2 may be the larger: both errors
  const V h_low = ((square - rest) + (a - (h - rest))) + (square_low + V(c::a_low));
  const V w = x * h, w_low = fma(x, h_low, product_error(x, h, w));
  const V v = w * V(c::b);
  return {v, fma(w_low, V(c::b), fma(w, V(c::b_low), product_error(w, V(c::b), v)))};
}

template <class V>
NONLIN_INLINE V gelu_tanh_anywhere(const V& x) {
  using T = element_of<V>;
  using c = gelu_tanh_constants<T>;
  if constexpr (!V::has_scalef) {
    if (!any(x < V(-c::usual))) [[likely]] {  // below, the same bits
      const auto v = gelu_tanh_argument(at_most(x, V(c::usual)));
      return x / exp_scaled<-1>(v.hi, T(0), v.lo).value_plus(1);
    }
  }
  const V low = at_least(x, V(c::lowest));
  const auto v = gelu_tanh_argument(at_most(low, V(c::highest)));
  if constexpr (V::has_scalef) {
    const logistic<V> p(v.hi, v.lo);
    return scaled_quotient(low, p.d, p.n);
  } else {
    using tail = logistic_tail<V>;
    const V d = exp_scaled<-1>(v.hi, -tail::up, v.lo).value_plus(tail::down);
    return select(x > V(c::highest), x, low / d * V(tail::down));
  }
}

// Beyond the tables y = e^-v is less than 2^-24: sigma(-v) is y, and its slope's denominator 1 + 2 y.
template <class V>
struct gelu_tanh_far_parts {
  V t;
  exponential<V> e;

  NONLIN_INLINE explicit gelu_tanh_far_parts(const V& x) {
    t = at_most(at_least(abs(x), V(5)), V(12));  // lanes that are not beyond are kept from underflow
    const auto v = gelu_tanh_argument(t);
    e = exp_parts(-v.hi, -v.lo);
  }
};

template <class V>
NONLIN_INLINE V gelu_tanh_far(const V& x) {
  const gelu_tanh_far_parts<V> p(x);
  const V w = scale_quietly(fma(p.t, p.e.q, p.t), p.e.n, -129.f);
  return select(x > V(0), x - w, with_sign(w, x));
}

template <class V>
NONLIN_INLINE V gelu_tanh(const V& x) {
  if constexpr (V::has_table32) {
    using table = gelu_tanh_table;
    const V t = abs_below(x, table::end);
    const auto slot = quadratic_slot<table>(t);
    const V y = at_least(x, V(-0.0)) - table_polynomial(t - lookup(table::x, slot), slot, table::c);
    return unless_beyond(beyond_slots(slot, round_to_1), x, y,
                         [](const V& v) NONLIN_INLINE_LAMBDA { return gelu_tanh_far(v); });
  } else {
    return gelu_tanh_anywhere(x);
  }
}

// y = e^-v(t), t = |x| up to where the results underflow
template <class V>
struct gelu_tanh_parts {
  V t;
  scaled_exponential<V> e;  // y 2^up
  logistic_tail<V> y;

  NONLIN_INLINE explicit gelu_tanh_parts(const V& x) {
    t = at_most(abs(x), V(-gelu_tanh_constants<element_of<V>>::lowest));
    const auto v = gelu_tanh_argument(t);
    e = exp_scaled<-1>(v.hi, y.up, v.lo);
    y = {e.value()};
  }
  // factor y / d
  NONLIN_INLINE V times(const V& factor, const V& d) const {
    if constexpr (has_powers8<V>) {
      return factor * y.raised / d * V(y.down);
    } else {  // the scale is a power of 2, s exact
      const V s = factor * e.scale;
      return quotient(fma(s, e.q, s), d) * V(y.down);
    }
  }
};

// v'(t)
template <class V>
NONLIN_INLINE V gelu_tanh_argument_slope(const V& t) {
  using T = element_of<V>;
  // by table8 rounded down, where the slope's error is least: 4.86 ULP for 5.26
  constexpr T at_0 = has_powers8<V> ? T(0x1.988452p+0f) : T(2 * 0.79788456080286535588);
  return fma(t * t, V(6 * 0.044715 * 0.79788456080286535588), V(at_0));
}

// At -t the slope is y (1 + y - t v'(t)) / (1 + y)^2, at t it is 1 less that.
template <class V>
NONLIN_INLINE V gelu_tanh_slope_of(const V& x, const gelu_tanh_parts<V>& p) {
  const V numerator = minus_product(p.y.one_plus_y(), p.t, gelu_tanh_argument_slope(p.t));
  const V w = p.times(numerator, p.y.square_of_1_plus_y());
  return select(x < V(0), w, V(1) - w);
}

template <class V>
NONLIN_INLINE V gelu_tanh_slope_far(const V& x) {
  const gelu_tanh_far_parts<V> p(x);
  const V f = fnma(p.t, gelu_tanh_argument_slope(p.t), V(1)), y = scalef(V(1), at_least(p.e.n, V(-100)));
  const V w = scale_quietly(fma(f, fnma(y, V(2), p.e.q), f), p.e.n, -134.f);
  return select(x < V(0), w, V(1) - w);
}

template <class V>
NONLIN_INLINE V gelu_tanh_slope_anywhere(const V& x) {
  return gelu_tanh_slope_of(x, gelu_tanh_parts<V>(x));
}

// both, by the same exponential: at -t the value is -t y / (1 + y), at t it is t more
template <class V>
NONLIN_INLINE both<V> gelu_tanh_both_anywhere(const V& x) {
  const gelu_tanh_parts<V> p(x);
  V w;
  if constexpr (has_powers8<V>)
    w = p.t * p.y.raised_sigma() * V(p.y.down);  // 3.68 ULP; by `times` 4.02
  else
    w = p.times(p.t, p.y.one_plus_y());
  return {select(x > V(0), x - w, with_sign(w, x)), gelu_tanh_slope_of(x, p)};
}

template <class V>
NONLIN_INLINE V gelu_tanh_slope(const V& x) {
  if constexpr (V::has_table32) {
    using table = gelu_tanh_slope_table;
    const V t = abs(x);
    const auto slot = quadratic_slot<table>(t);
    const V w = table_polynomial(t - lookup(table::x, slot), slot, table::c);
    return unless_beyond(beyond_slots(slot, round_to_1), x, select(x < V(0), w, V(1) - w),
                         [](const V& v) NONLIN_INLINE_LAMBDA { return gelu_tanh_slope_far(v); });
  } else {
    return gelu_tanh_slope_anywhere(x);
  }
}

template <class V>
NONLIN_INLINE both<V> gelu_tanh_both(const V& x) {
  if constexpr (V::has_table32) {
    return {gelu_tanh(x), gelu_tanh_slope(x)};
  } else {
    return gelu_tanh_both_anywhere(x);
  }
}

}  // namespace math
}  // namespace NONLIN_ABI

struct GELUTanh {
  static constexpr const char* name = "GELUTanh";
  template <class T>
  static constexpr accuracy bounds = {.forward = 4,
                                      .derivative = sizeof(T) == 4 ? 5 : 6,
                                      .root = -0.752461422071016258,
                                      .radius = 1,
                                      .absolute = sizeof(T) == 4 ? 0x1p-21 : 0x1p-50};

  template <real V>
  NONLIN_INLINE V operator()(const V& x) const {
    return V(math::gelu_tanh(detail::lift(x)));
  }
  template <real V>
  NONLIN_INLINE V derivative(const V& x) const {
    return V(math::gelu_tanh_slope(detail::lift(x)));
  }
  template <real V>
  NONLIN_INLINE math::both<V> value_and_derivative(const V& x) const {
    const auto b = math::gelu_tanh_both(detail::lift(x));
    return {V(b.value), V(b.derivative)};
  }
  template <class V>
  static constexpr bool crowded = V::has_scalef;
  constexpr near_zero at_zero() const { return near_zero::linear; }
  template <class V>
  static constexpr bool mirrors = V::has_table32;
  template <class V>
  static constexpr bool both_mirror = true;
};

}  // namespace nonlin
#include "detail/end.hpp"
