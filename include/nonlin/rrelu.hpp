// SPDX-License-Identifier: Apache-2.0
// RReLU. As an activation it is in evaluation mode: LeakyReLU with the mean of the slopes that training draws from [lower, upper]
// (Xu et al. 2015, arXiv 1505.00853; the mean slope, 11/48 by default, is PyTorch's; the paper's text
// divides by the mean divisor, 2/11). Training mode is in rrelu_training.hpp.
#pragma once
#include <cstdint>
#include "leaky_relu.hpp"

#include "detail/begin.hpp"

namespace nonlin {

// RReLU in training mode: see rrelu_training.hpp.
struct RReLUTraining {
  double lower = 1.0 / 8, upper = 1.0 / 3;
  std::uint64_t seed = 0, offset = 0;

  static constexpr const char* name = "RReLUTraining";
};

struct RReLU {
  double lower = 1.0 / 8, upper = 1.0 / 3;

  static constexpr const char* name = "RReLU";
  template <class T>
  static constexpr accuracy bounds = LeakyReLU::bounds<T>;

  // Element i of a call takes the slope of index offset + i of the seed.
  constexpr RReLUTraining training(std::uint64_t seed, std::uint64_t offset = 0) const {
    return {lower, upper, seed, offset};
  }

  constexpr LeakyReLU mean() const { return {.slope = (lower + upper) / 2}; }

  template <real V>
  NONLIN_INLINE constexpr V operator()(const V& x) const {
    return mean()(x);
  }
  template <real V>
  NONLIN_INLINE constexpr V derivative(const V& x) const {
    return mean().derivative(x);
  }
  template <real V>
  NONLIN_INLINE constexpr V derivative_from_output(const V& y) const {
    return mean().derivative(y);
  }
  constexpr bool output_tells_derivative() const { return mean().output_tells_derivative(); }
  constexpr near_zero at_zero() const { return near_zero::product; }
};

inline namespace NONLIN_ABI {
namespace detail {

template <>
struct in_arrays<RReLU> {
  template <class F>
  static void forward(const RReLU& act, const F& f) {
    in_arrays<LeakyReLU>::forward(act.mean(), f);
  }
  template <class F>
  static void backward(const RReLU& act, const F& f) {
    f(act.mean());
  }
};

}  // namespace detail
}  // namespace NONLIN_ABI

}  // namespace nonlin
#include "detail/end.hpp"
