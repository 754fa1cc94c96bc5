// SPDX-License-Identifier: Apache-2.0
// ReLU(x) = x > 0 ? x : 0 (Nair and Hinton, ICML 2010; Glorot et al., AISTATS 2011).
//
//   derivative   x > 0 ? 1 : 0, so 0 at 0; the same of y
//   at           +-0: +0, NaN: NaN (max(0, x) would be 0 there on most machines)
//   error        exact
#pragma once
#include "activation.hpp"
#include "math.hpp"

#include "detail/begin.hpp"

namespace nonlin {

struct ReLU {
  static constexpr const char* name = "ReLU";
  template <class T>
  static constexpr accuracy bounds = {.forward = 0, .derivative = 0};

  template <real V>
  NONLIN_INLINE constexpr V operator()(const V& x) const {
    return select(is_not_positive(x), V(0), x);
  }
  template <real V>
  NONLIN_INLINE constexpr V derivative(const V& x) const {
    if constexpr (has_step<V>)
      return step(x, V(0));
    else
      return select(is_positive(x), V(1), operator()(x));
  }
  template <real V>
  NONLIN_INLINE constexpr V derivative_from_output(const V& y) const {
    return derivative(y);
  }
  constexpr near_zero at_zero() const { return near_zero::harmless; }
};

}  // namespace nonlin
#include "detail/end.hpp"
