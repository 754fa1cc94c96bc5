// SoftmaxCrossEntropy, its code compiled once, in cross_entropy_calls.cpp, for all tests: kernels for each
// instruction set take a compiler its time.
#pragma once
#include <cstdint>
#include <nonlin/softmax_cross_entropy.hpp>
#include <optional>
#include <span>

namespace compiled {

template <class T>
struct cross_entropy_options {
  std::optional<nonlin::losses_to<T>> losses = {};
  std::optional<double> upstream = {};
  std::optional<nonlin::upstream<T>> upstreams = {};
  bool losses_last = false;  // the order in which the options are given
};

// L is T, std::int32_t, std::int64_t or std::uint8_t. Ranges, then pointers.
template <class T, class L>
double cross_entropy(const nonlin::SoftmaxCrossEntropy&, std::span<const T> x, std::span<const L> targets,
                     const nonlin::axis_shape&, const cross_entropy_options<T>& = {});
template <class T, class L>
double cross_entropy_backward(const nonlin::SoftmaxCrossEntropy&, std::span<const T> x,
                              std::span<const L> targets, std::span<T> dx, const nonlin::axis_shape&,
                              const cross_entropy_options<T>& = {});
template <class T, class L>
double cross_entropy(const nonlin::SoftmaxCrossEntropy&, const T* x, const L* targets,
                     const nonlin::axis_shape&);
template <class T, class L>
double cross_entropy_backward(const nonlin::SoftmaxCrossEntropy&, const T* x, const L* targets, T* dx,
                              const nonlin::axis_shape&);

}  // namespace compiled
