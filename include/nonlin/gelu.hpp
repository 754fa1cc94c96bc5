// SPDX-License-Identifier: Apache-2.0
// GELU(x) = x Phi(x), Phi being the standard normal distribution (Hendrycks and Gimpel 2016, arXiv
// 1606.08415), as x/2 erfc(-x / sqrt 2): by 1 + erf the negative tail is 57 % wrong at -5.5 and 0 below -6
// (measured in PyTorch).
//
//   derivative   Phi(x) + x phi(x)
//   at           +-0: +-0, -inf: -0, +inf: +inf, NaN: NaN; least value -0.16997 at x = -0.75179, the
//                derivative's root
//   tails        below -13.146 results are subnormal, to -14.356 (double: -37.5, -38.5)
//   error        largest found, float, all finite x, on sse2 / avx2 / avx512, in ULP:
//                forward 3.92 / 3.74 / 1.97 (-0x1.1fa712p-3 / -0x1.d5cfdep+0 / -0x1.68b9ep+3)
//                derivative 3.53 / 3.68 / 2.21 (-0x1.c25c84p+0 / -0x1.a2a038p+3 / -0x1.c0b41ap+2)
//                relative everywhere, the derivative's through its root
#pragma once
#include "activation.hpp"
#include "math.hpp"

#include "detail/begin.hpp"

namespace nonlin {

struct GELU {
  static constexpr const char* name = "GELU";
  template <class T>
  static constexpr accuracy bounds = {.forward = 4, .derivative = 4};

  template <real V>
  NONLIN_INLINE V operator()(const V& x) const {
    return V(math::gelu(detail::lift(x)));
  }
  template <real V>
  NONLIN_INLINE V derivative(const V& x) const {
    return V(math::gelu_slope(detail::lift(x)));
  }
  template <real V>
  NONLIN_INLINE math::both<V> value_and_derivative(const V& x) const {
    const auto b = math::gelu_both(detail::lift(x));
    return {V(b.value), V(b.derivative)};
  }
  template <class V>
  static constexpr bool crowded = true;
  constexpr near_zero at_zero() const { return near_zero::linear; }
  template <class V>
  static constexpr bool mirrors = true;
};

}  // namespace nonlin
#include "detail/end.hpp"
