// SPDX-License-Identifier: Apache-2.0
// SiLU(x) = x sigma(x) = x / (1 + e^-x) (Elfwing et al. 2017, arXiv 1702.03118).
//
//   derivative   sigma(x) (1 + x sigma(-x))
//   at           +-0: +-0, -inf: -0, +inf: +inf, NaN: NaN; least value -0.27846 at x = -1.27846, the
//                derivative's root
//   tails        below -91.857 results are subnormal, to -108.66 (double: -714.9, -751.9); naively 0 below
//                -88.7
//   error        largest found, float, all finite x, on sse2 / avx2 / avx512, in ULP:
//                forward 2.41 / 2.87 / 2.54 (-0x1.0af0b8p+4 / -0x1.0c41a6p+4 / -0x1.17007ap+4)
//                derivative 4.42 / 4.45 / 2.74 (-0x1.b032ep-1 / -0x1.6cc0fap+2 / -0x1.0a9e8ap+0)
//                relative everywhere, the derivative's through its root
#pragma once
#include "activation.hpp"
#include "math.hpp"

#include "detail/begin.hpp"

namespace nonlin {

struct SiLU {
  static constexpr const char* name = "SiLU";
  template <class T>
  static constexpr accuracy bounds = {.forward = 3, .derivative = 4.5};

  template <real V>
  NONLIN_INLINE V operator()(const V& x) const {
    return V(math::silu(detail::lift(x)));
  }
  template <real V>
  NONLIN_INLINE V derivative(const V& x) const {
    return V(math::silu_slope(detail::lift(x)));
  }
  template <real V>
  NONLIN_INLINE math::both<V> value_and_derivative(const V& x) const {
    const auto b = math::silu_both(detail::lift(x));
    return {V(b.value), V(b.derivative)};
  }
  constexpr near_zero at_zero() const { return near_zero::linear; }
  template <class V>
  static constexpr bool both_mirror = !V::has_table32;
};

}  // namespace nonlin
#include "detail/end.hpp"
