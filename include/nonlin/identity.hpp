// SPDX-License-Identifier: Apache-2.0
// Identity(x) = x. What a network without a nonlinearity computes with: one linear map, however deep.
#pragma once
#include "activation.hpp"
#include "math.hpp"

#include "detail/begin.hpp"

namespace nonlin {

struct Identity {
  static constexpr const char* name = "Identity";
  template <class T>
  static constexpr accuracy bounds = {.forward = 0, .derivative = 0};

  template <real V>
  NONLIN_INLINE constexpr V operator()(const V& x) const {
    return x;
  }
  // 1; NaN at NaN
  template <real V>
  NONLIN_INLINE constexpr V derivative(const V& x) const {
    if constexpr (simd_vector<V>) {  // not x: clang would multiply by it, and for a subnormal x that is slow
      const V inf(infinity<element_of<V>>());
      return select(is_number(x), V(1), inf - inf);
    } else {
      return is_number(x) ? V(1) : x;
    }
  }
  template <real V>
  NONLIN_INLINE constexpr V derivative_from_output(const V& y) const {
    return derivative(y);
  }
  constexpr near_zero at_zero() const { return near_zero::harmless; }
};

}  // namespace nonlin
#include "detail/end.hpp"
