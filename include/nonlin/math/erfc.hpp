// SPDX-License-Identifier: Apache-2.0
// erfc, erf, and what GELU is made of: the normal distribution's tail and its slope.
//
//   erfcx(z) = e^(z^2) erfc(z) is smooth and never small: (z + a) erfcx(z) is a polynomial in (z - a) / (z
//   + a). e^(-z^2) takes z^2 in two parts: at z = 10 its rounding alone would cost 50 ULP.
//   Coefficients: tests/coefficients/fit.py.
#pragma once
#include "exp.hpp"
#include "table32.hpp"

#include "../detail/begin.hpp"

namespace nonlin {
inline namespace NONLIN_ABI {
namespace math {

template <class T>
struct erfc_constants;
#include "erfc_coefficients.inl"

// e^(-z^2 / Divisor), z >= 0
template <int Divisor, class V>
NONLIN_INLINE exponential<V> gaussian(const V& z) {
  constexpr auto c = element_of<V>(-1) / Divisor;
  const V square = z * z;
  return exp_parts(square * V(c), product_error(z, z, square) * V(c));
}

// erfcx(z) for 0 <= z <= 10.4 (double: 28)
template <class V>
NONLIN_INLINE V erfcx(const V& z) {
  using c = erfc_constants<element_of<V>>;
  const V r = quotient(V(1), z + V(c::erfcx_a));
  return polynomial((z - V(c::erfcx_a)) * r, c::erfcx_p) * r;
}

// erfc(z) for z >= 0, by e^(-z^2) of z itself and erfcx of z up to where it underflows
template <class V>
NONLIN_INLINE V erfc_positive(const V& z) {
  using T = element_of<V>;
  const V near = at_most(z, V(sizeof(T) == 4 ? T(10.25) : T(27.5)));
  const auto e = gaussian<1>(near);
  const V f = erfcx(near);
  return scale_down(fma(f, e.q, f), e.n);
}

// erf(x) for |x| < 1, relative accuracy at 0
template <class V>
NONLIN_INLINE V erf_near(const V& x) {
  return fma(x, polynomial(x * x, erfc_constants<element_of<V>>::erf_t), x);
}

// Near 0 by 1 - erf: the other way is 6 ULP wrong there (double).
template <class V>
NONLIN_INLINE V erfc(const V& x) {
  const V z = abs(x), w = erfc_positive(z);
  return select(z < V(0.75), V(1) - erf_near(x), select(x < V(0), V(2) - w, w));
}

// 1 - erfc would lose the digits of a small x.
template <class V>
NONLIN_INLINE V erf(const V& x) {
  const V z = abs(x);
  return select(z < V(1), erf_near(x), with_sign(V(1) - erfc_positive(z), x));
}

// x Phi(x) = x/2 erfc(-x / sqrt 2): with t = |x| and t Phi(-t) = e^(-t^2/2) t erfcx(t / sqrt 2) / 2 that
// is -t Phi(-t) for x <= 0 and t - t Phi(-t) for x > 0. (t + a) erfcx(t / sqrt 2) / 2 has a polynomial of
// its own: by erfcx itself the rounding of t / sqrt 2 and of one more product would count.
template <class V>
struct gelu_parts {
  V near;            // |x| up to where the results underflow
  exponential<V> e;  // e^(-x^2 / 2)

  NONLIN_INLINE explicit gelu_parts(const V& t) {
    using T = element_of<V>;
    near = at_most(t, V(erfc_constants<T>::gelu_end));
    e = gaussian<2>(V::has_scalef ? at_most(t, V(T(1500))) : near);
  }
};

template <class V>
NONLIN_INLINE V gelu_of(const V& x, const gelu_parts<V>& p) {
  using T = element_of<V>;
  using c = erfc_constants<T>;
  // d - 2a is exact, which makes q that of d - a. Floats do without it and with half of what is made good below.
  constexpr bool is_float = sizeof(T) == 4;
  const V a(c::mills_a), d = p.near + a, q = quotient(is_float ? p.near - a : d - V(2 * c::mills_a), d);
  const V above = polynomial<1>(q, c::mills_p), first(c::mills_p[0]), mills = fma(above, q, first);
  // What an estimated quotient leaves of a tiny numerator would be lost where subnormals are flushed to zero; and this is rounded once.
  const V f = p.near * quotient(mills, d);
  // of |x|: relatively lost / d = lost u / 2a; of erfcx, q's part too, within a tenth
  const V lost = p.near - (d - a), u = V(1) - q;
  V factor;
  if constexpr (is_float) {
    factor = fnma(lost * V(T(0.5) / c::mills_a), u, p.e.q);
  } else {
    V less = lost * u * polynomial(u, c::mills_change);
    // Without fma the error would be up to 4.4 ULP: so is what the last sum of `mills` lost, over it within a third.
    if constexpr (!V::has_fma) less = less - (above * q - (mills - first)) * (V(2.4) - u);
    factor = fnma(less, V(1) + p.e.q, p.e.q);
  }
  const V w = scale_down(fma(f, factor, f), p.e.n);
  return select(x > V(0), x - w, with_sign(w, x));
}

// Floats by fma, without tables: quotients of polynomials of t itself, and t^2 taken from n ln 2 as a product: 32 operations and a division
// where the above has 45 and two.
//   Record, Zen 3, AVX2, 4096 floats, ns by g++ 12 / clang 19: GELU .62 / .70 for .89 / 1.10, its slope .67 / .80 for .74 / .84.
//   lost   e^(-t^2 / 2) by the table of 8: GELU .59 for .62, clang 19 .65 for .69, but 4.8 ULP, its slope .62 for .67, but 4.12: the table's
//          numbers are rounded, and t times them
//   lost   P / Q of degrees 4 and 5 by themselves: 5.2 ULP; Q as 2 t P + R and a term more: as good
//   lost   the slope's S / Q beside its limit at infinity: 3.9 ULP near 0; beside its value at 0, as t S / Q: 4.3 at -13
template <class V>
inline constexpr bool has_quick_gelu = sizeof(element_of<V>) == 4 && V::has_fma;

template <class V>
struct quick_gelu {
  V t, square;
  V q, power;  // e^(-t^2 / 2) = 2^-31 power (1 + q), the power of two a normal number

  NONLIN_INLINE explicit quick_gelu(const V& x) {
    using c = exp_constants<float>;
    t = at_most(abs(x), V(erfc_constants<float>::gelu_end));
    square = t * t;
    constexpr float round = c::round + c::bias + 31;
    const V k = fma(square, V(c::log2e / -2), V(round)), n = k - V(round);
    q = expm1_polynomial(fnma(n, V(c::ln2_short_lo), fnma(t * V(0.5f), t, n * V(-c::ln2_short_hi))));
    power = shifted_to_exponent(k);
  }

  // c[0] + c[1] t + ...: where t is small one rounding counts.
  template <std::size_t N>
  NONLIN_INLINE V polynomial(const float (&c)[N]) const {
    static_assert(N == 4 || N == 5);
    V high(c[3]);
    if constexpr (N == 5) high = fma(V(c[4]), t, high);
    V y = fma(fma(high, square, fma(V(c[2]), t, V(c[1]))), t, V(c[0]));
    if constexpr (requires { side_by_side(y); }) side_by_side(y);
    return y;
  }

  NONLIN_INLINE V gelu(const V& x) const {
    using c = erfc_constants<float>;
    const V p = polynomial(c::quotient_p), mills = quotient(p, fma(t * V(c::quotient_k), p, polynomial(c::quotient_r)));
    return at_least(x, V(-0.0f)) - t * power * fma(mills, q, mills);
  }
  NONLIN_INLINE V slope(const V& x) const {
    using c = erfc_constants<float>;
    const V s = t * polynomial(c::slope_s), h = quotient(s, fma(s, V(c::slope_k), polynomial(c::slope_r))) + V(c::slope_h0);
    const V w = (V(c::slope_root) - t + V(c::slope_root_lo)) * power * fma(h, q, h);
    return select(x < V(0), w, V(1) - w);
  }
};

template <class V>
NONLIN_INLINE V gelu_anywhere(const V& x) {
  if constexpr (has_quick_gelu<V>)
    return quick_gelu<V>(x).gelu(x);
  else
    return gelu_of(x, gelu_parts<V>(abs(x)));
}

// Beyond the tables, t = |x|: e^(-t^2 / 2) p(t - middle), p being polynomials of t itself, which need no division; `last` as in
// scale_quietly. Lanes that are not beyond are kept from underflow.
template <class V, class T, std::size_t N>
NONLIN_INLINE V gaussian_far(const V& x, T middle, const T (&p)[N], T last) {
  const V t = at_most(at_least(abs(x), V(5)), V(erfc_constants<T>::far_end));
  const auto e = gaussian<2>(t);
  const V f = polynomial(t - V(middle), p);
  return scale_quietly(fma(f, e.q, f), e.n, last);
}

template <class V>
NONLIN_INLINE V gelu_far(const V& x) {
  using c = erfc_constants<float>;
  const V w = gaussian_far(x, c::far_middle, c::far_p, -125.f);
  return select(x > V(0), x - w, with_sign(w, x));
}

template <class V>
NONLIN_INLINE V gelu_slope_far(const V& x) {
  using c = erfc_constants<float>;
  const V w = gaussian_far(x, c::slope_far_middle, c::slope_far_p, -128.f);
  return select(x < V(0), w, V(1) - w);
}

template <class V>
NONLIN_INLINE V gelu(const V& x) {
  if constexpr (V::has_table32) {
    using table = gelu_table;
    const V t = abs_below(x, table::end);
    const auto slot = quadratic_slot<table>(t);
    const V y = at_least(x, V(-0.0)) - table_polynomial(t - lookup(table::x, slot), slot, table::c);
    return unless_beyond(beyond_slots(slot, round_to_1), x, y,
                         [](const V& v) NONLIN_INLINE_LAMBDA { return gelu_far(v); });
  } else {
    return gelu_anywhere(x);
  }
}

// Phi(x) + x phi(x). At -t: e^(-t^2/2) (erfcx(t / sqrt 2) / 2 - t / sqrt(2 pi)) = e^(-t^2/2) (t0 - t)
// H(t), t0 its root, where the difference would lose all digits; H is a polynomial in (t - b) / (t + b).
// At t: 1 less that.
template <class V>
NONLIN_INLINE V gelu_slope_of(const V& x, const gelu_parts<V>& p) {
  using T = element_of<V>;
  using c = erfc_constants<T>;
  const V b(c::slope_b), q = quotient(p.near - b, p.near + b);
  const V h = polynomial(q, c::slope_h);
  // What slope_root lacks of the root counts beside the root, where e^(-t^2 / 2) is what the constant has.
  const V k = (V(c::slope_root) - p.near) * h;
  const V w = scale_down(k + fma(V(c::slope_root_rest), h, k * p.e.q), p.e.n);
  return select(x < V(0), w, V(1) - w);
}

template <class V>
NONLIN_INLINE V gelu_slope_anywhere(const V& x) {
  if constexpr (has_quick_gelu<V>)
    return quick_gelu<V>(x).slope(x);
  else
    return gelu_slope_of(x, gelu_parts<V>(abs(x)));
}

// both, by the same Gaussian
template <class V>
NONLIN_INLINE both<V> gelu_both_anywhere(const V& x) {
  if constexpr (has_quick_gelu<V>) {
    const quick_gelu<V> p(x);
    return {p.gelu(x), p.slope(x)};
  } else {
    const gelu_parts<V> p(abs(x));
    return {gelu_of(x, p), gelu_slope_of(x, p)};
  }
}

template <class V>
NONLIN_INLINE V gelu_slope(const V& x) {
  if constexpr (V::has_table32) {
    using table = gelu_slope_table;
    const V t = abs(x);
    const auto slot = quadratic_slot<table>(t);
    const V w = table_polynomial(t - lookup(table::x, slot), slot, table::c);
    return unless_beyond(beyond_slots(slot, round_to_1), x, select(x < V(0), w, V(1) - w),
                         [](const V& v) NONLIN_INLINE_LAMBDA { return gelu_slope_far(v); });
  } else {
    return gelu_slope_anywhere(x);
  }
}

template <class V>
NONLIN_INLINE both<V> gelu_both(const V& x) {
  if constexpr (V::has_table32) {
    return {gelu(x), gelu_slope(x)};
  } else {
    return gelu_both_anywhere(x);
  }
}

}  // namespace math
}  // namespace NONLIN_ABI
}  // namespace nonlin
#include "../detail/end.hpp"
