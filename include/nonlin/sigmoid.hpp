// SPDX-License-Identifier: Apache-2.0
// Sigmoid(x) = 1 / (1 + e^-x), the logistic function.
//
//   derivative   y (1 - y); from x as e / (1 + e)^2, e = e^-|x|, which cancels nowhere; from y: y (1 - y)
//   at           -inf: 0, +inf: 1, NaN: NaN
//   tails        below -87.34 results are subnormal, and right, to -103.97 (double: -708.4, -745.1); 1
//                from 17.33 (37.43)
//   error        largest found, float, all finite x, on sse2 / avx2 / avx512, in ULP:
//                forward 2.49 / 2.90 / 2.64 (-0x1.0a2bd8p+4 / -0x1.f6b10ep+0 / -0x1.15a5d6p+4)
//                derivative 2.46 / 2.83 / 1.43 (0x1.522cd8p+1 / 0x1.b451b4p+1 / 0x1.fa9438p+3)
#pragma once
#include "activation.hpp"
#include "math.hpp"

#include "detail/begin.hpp"

namespace nonlin {

struct Sigmoid {
  static constexpr const char* name = "Sigmoid";
  template <class T>
  static constexpr accuracy bounds = {.forward = 3, .derivative = 3};

  template <real V>
  NONLIN_INLINE V operator()(const V& x) const {
    return V(math::sigmoid(detail::lift(x)));
  }
  template <real V>
  NONLIN_INLINE V derivative(const V& x) const {
    return V(math::sigmoid_slope(detail::lift(x)));
  }
  template <real V>
  NONLIN_INLINE math::both<V> value_and_derivative(const V& x) const {
    const auto b = math::sigmoid_both(detail::lift(x));
    return {V(b.value), V(b.derivative)};
  }
  template <real V>
  NONLIN_INLINE V derivative_from_output(const V& y) const {
    return y * (V(1) - y);
  }
  constexpr near_zero at_zero() const { return near_zero::constant; }
};

}  // namespace nonlin
#include "detail/end.hpp"
