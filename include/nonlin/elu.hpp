// SPDX-License-Identifier: Apache-2.0
// ELU(x) = x > 0 ? x : alpha expm1(x) (Clevert et al. 2015, arXiv 1511.07289). By expm1, never e^x - 1:
// near 0 that keeps no digit.
//
//   derivative   x > 0 ? 1 : alpha e^x; from y: y > 0 ? 1 : y + alpha, if alpha >= 0
//   by alpha     x > 0 ? 0 : expm1(x)
//   at           +-0: +-0, -inf: -alpha, NaN: NaN
//   error        largest found, float, all finite x, on sse2 / avx2 / avx512, in ULP:
//                forward 1.07 / 0.96 / 0.96 (-0x1.23e4ap-2 / -0x1.90731cp-2)
//                derivative 1.02 / 1.05 / 0.99 (-0x1.33673cp+5 / -0x1.759866p+2 / -0x1.60772ep+4)
//                for alpha = 1; 2.1 and 1.4 for 3.7, which takes a product more
//   Record: Cascade Lake, AVX-512, L1, g++ 12; ELU and SELU 16 slots, 9.7 cycles for 16 floats; 10.7 with ln 2 in two parts and 2^n by
//   scalef (18); the polynomial in two halves by r^2: 9.3, but SELU 10.1, and assists where r^2 is subnormal
//   Zen 3, AVX2, ns by g++ 12 / clang 19
//   gained   slopes with a branch below -87, where e^x is not normal: .37 / .36 for .48 / .47; all -inf .61 for 1.1
//   lost     e^x by the table of 8, .35 / .31: for an alpha of 0.3 2.4 ULP
#pragma once
#include "activation.hpp"
#include "math.hpp"

#include "detail/begin.hpp"

namespace nonlin {
inline namespace NONLIN_ABI {
namespace math {

// x >= 0 ? positive x : negative expm1(x); what is made of a positive x there does not matter
template <class V>
NONLIN_INLINE V elu(const V& x, const V& positive, const V& negative) {
  return product_where(x < V(0), expm1_negative(x), negative, x * positive);
}

// x > 0 ? positive : negative e^x
template <class V>
NONLIN_INLINE V elu_slope(const V& x, const V& positive, const V& negative) {
  return select(x > V(0), positive, exp_negative_times(x, negative));
}

// y > 0 ? positive : y + negative + rest. Near -negative nothing is left but the digits of `negative`
// beyond those of y's type:
// they count, and `rest` are those beyond double.
template <class V>
NONLIN_INLINE V elu_slope_from_output(const V& y, double positive, double negative, double rest = 0) {
  const double low = negative - static_cast<double>(static_cast<element_of<V>>(negative));
  return select(y > V(0), V(positive), (y + V(negative)) + V(low + rest));
}

}  // namespace math
}  // namespace NONLIN_ABI

struct ELU {
  double alpha = 1;

  static constexpr const char* name = "ELU";
  template <class T>
  static constexpr accuracy bounds = {.forward = 2.5, .derivative = 2};

  template <real V>
  NONLIN_INLINE V operator()(const V& x) const {
    using W = detail::lifted<V>;
    return V(math::elu(W(x), W(1), W(alpha)));
  }
  template <real V>
  NONLIN_INLINE V derivative(const V& x) const {
    using W = detail::lifted<V>;
    return V(math::elu_slope(W(x), W(1), W(alpha)));
  }
  template <real V>
  NONLIN_INLINE V derivative_from_output(const V& y) const {
    return V(math::elu_slope_from_output(detail::lift(y), 1, alpha));
  }
  // With a negative alpha, y does not tell the sign of x.
  constexpr bool output_tells_derivative() const { return alpha >= 0; }
  template <real V>
  NONLIN_INLINE V parameter_derivative(const V& x) const {
    using W = detail::lifted<V>;
    const W v(x);
    return V(select(v > W(0), W(0), math::expm1_negative(at_most(v, W(0)))));
  }
  constexpr near_zero at_zero() const { return near_zero::linear; }
};

inline namespace NONLIN_ABI {
namespace detail {

struct elu_in_arrays : ELU {
  parameter negative;

  constexpr explicit elu_in_arrays(const ELU& act) : ELU(act), negative(act.alpha) {}
  template <class V>
  NONLIN_INLINE V operator()(const V& x) const {
    return math::elu(x, V(1), negative.in<V>());
  }
  template <class V>
  NONLIN_INLINE V derivative(const V& x) const {
    return math::elu_slope(x, V(1), negative.in<V>());
  }
};

template <>
struct in_arrays<ELU> {
  template <class F>
  static void forward(const ELU& act, const F& f) {
    f(elu_in_arrays(act));
  }
  template <class F>
  static void backward(const ELU& act, const F& f) {
    forward(act, f);
  }
};

}  // namespace detail
}  // namespace NONLIN_ABI

}  // namespace nonlin
#include "detail/end.hpp"
