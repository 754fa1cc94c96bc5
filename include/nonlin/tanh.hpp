// SPDX-License-Identifier: Apache-2.0
// Tanh(x) = (e^x - e^-x) / (e^x + e^-x).
//
//   derivative   1 - y^2; from x as 4 e / (1 + e)^2, e = e^-2|x|, which keeps the tails; from y: (1 - y)
//                (1 + y)
//   at           +-0: +-0, +-inf: +-1, NaN: NaN
//   tails        +-1 from 9.011 (double: 19.06); the derivative is subnormal from 44.4 to 52.7 (354.9,
//                373.3)
//   error        largest found, float, all finite x, on sse2 / avx2 / avx512, in ULP:
//                forward 2.56 / 2.53 / 1.75 (0x1.fe3fb2p-5 / 0x1.00294ep-4 / 0x1.fc2dd8p-8)
//                derivative 2.46 / 2.83 / 1.43 (0x1.522cd8p+0 / 0x1.b451b4p+0 / 0x1.fa9438p+2)
#pragma once
#include "activation.hpp"
#include "math.hpp"

#include "detail/begin.hpp"

namespace nonlin {

struct Tanh {
  static constexpr const char* name = "Tanh";
  template <class T>
  static constexpr accuracy bounds = {.forward = 3, .derivative = 3};

  template <real V>
  NONLIN_INLINE V operator()(const V& x) const {
    return V(math::tanh(detail::lift(x)));
  }
  template <real V>
  NONLIN_INLINE V derivative(const V& x) const {
    return V(math::tanh_slope(detail::lift(x)));
  }
  template <real V>
  NONLIN_INLINE V derivative_from_output(const V& y) const {
    return (V(1) - y) * (V(1) + y);
  }
  constexpr near_zero at_zero() const { return near_zero::linear; }
};

}  // namespace nonlin
#include "detail/end.hpp"
