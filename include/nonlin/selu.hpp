// SPDX-License-Identifier: Apache-2.0
// SELU(x) = lambda (x > 0 ? x : alpha expm1(x)) (Klambauer et al. 2017, arXiv 1706.02515): the lambda and
// alpha for which activations of mean 0 and variance 1 keep them from layer to layer.
//
//   derivative   x > 0 ? lambda : lambda alpha e^x; from y: y > 0 ? lambda : y + lambda alpha
//   at           +-0: +-0, -inf: -lambda alpha, NaN: NaN
//   error        largest found, float, all finite x, on sse2 / avx2 / avx512, in ULP:
//                forward 1.95 / 1.91 / 1.91 (-0x1.32eb38p-3 / -0x1.36cf36p-3)
//                derivative 1.29 / 1.11 / 1.15 (-0x1.787456p+2 / -0x1.760134p+2 / -0x1.792982p-2)
//                but 0x1.e74b3p+127 gives inf for 0x1.fffffe4p+127: lambda as a float is a little too large
//                (x + (lambda - 1) x is right there, but no product of one rounding, which stand-ins are: math/near_zero.hpp)
#pragma once
#include "elu.hpp"

#include "detail/begin.hpp"

namespace nonlin {

struct SELU {
  static constexpr const char* name = "SELU";
  template <class T>
  static constexpr accuracy bounds = {.forward = 2.5, .derivative = 2};

  static constexpr double lambda = 1.050700987355480493419334985294606351959;
  static constexpr double lambda_alpha =
      1.758099340847376859940217520812279577324;                      // not the product of two rounded ones
  static constexpr double lambda_alpha_rest = 0x1.05161b045a1f1p-56;  // what double leaves of it

  template <real V>
  NONLIN_INLINE V operator()(const V& x) const {
    using W = detail::lifted<V>;
    return V(math::elu(W(x), W(lambda), W(lambda_alpha)));
  }
  template <real V>
  NONLIN_INLINE V derivative(const V& x) const {
    using W = detail::lifted<V>;
    return V(math::elu_slope(W(x), W(lambda), W(lambda_alpha)));
  }
  template <real V>
  NONLIN_INLINE V derivative_from_output(const V& y) const {
    return V(math::elu_slope_from_output(detail::lift(y), lambda, lambda_alpha, lambda_alpha_rest));
  }
  constexpr near_zero at_zero() const { return near_zero::linear; }
};

}  // namespace nonlin
#include "detail/end.hpp"
