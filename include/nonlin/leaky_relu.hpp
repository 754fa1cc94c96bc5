// SPDX-License-Identifier: Apache-2.0
// LeakyReLU(x) = x > 0 ? x : slope x (Maas, Hannun, Ng, ICML workshop 2013). With a trained slope it is
// the shared PReLU of He et al. 2015, arXiv 1502.01852.
//
//   derivative   x > 0 ? 1 : slope, so slope at 0; the same of y, if slope >= 0
//   by slope     x > 0 ? 0 : x
//   at           -0: slope * -0, NaN: NaN
//   error        the product correctly rounded; slope is rounded to the type of x before
#pragma once
#include <limits>
#include "activation.hpp"
#include "math.hpp"

#include "detail/begin.hpp"

namespace nonlin {
inline namespace NONLIN_ABI {
namespace math {

// slope x; -0, not NaN, at -inf for a slope of 0
template <class V>
NONLIN_INLINE constexpr V leak(const V& x, double slope) {
  using T = element_of<V>;
  constexpr T least = std::numeric_limits<T>::lowest();
  if (slope != 0) return x * V(slope);
  if constexpr (vector<V>)
    return at_least(x, V(least)) * V(slope);
  else
    return (x < least ? least : x) * V(slope);
}

}  // namespace math
}  // namespace NONLIN_ABI

struct LeakyReLU {
  double slope = 0.01;

  static constexpr const char* name = "LeakyReLU";
  // of the exact product with slope itself; 0.5 of that with slope as T
  template <class T>
  static constexpr accuracy bounds = {.forward = 1.5, .derivative = 1};

  template <real V>
  NONLIN_INLINE constexpr V operator()(const V& x) const {
    return select(x > V(0), x, math::leak(x, slope));
  }
  template <real V>
  NONLIN_INLINE constexpr V derivative(const V& x) const {
    return select(x > V(0), V(1), select(x <= V(0), V(slope), x));
  }
  template <real V>
  NONLIN_INLINE constexpr V derivative_from_output(const V& y) const {
    return derivative(y);
  }
  // With a negative slope, y does not tell the sign of x.
  constexpr bool output_tells_derivative() const { return slope >= 0; }
  template <real V>
  NONLIN_INLINE constexpr V parameter_derivative(const V& x) const {
    return select(x > V(0), V(0), x);
  }
};

}  // namespace nonlin
#include "detail/end.hpp"
