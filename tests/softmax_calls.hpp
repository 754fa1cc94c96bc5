// Softmax and LogSoftmax, their code compiled once, in softmax_calls.cpp, for all tests: kernels for each
// instruction set take a compiler its time.
#pragma once
#include <nonlin/softmax.hpp>
#include <optional>
#include <span>

namespace compiled {

template <class T>
struct softmax_options {
  std::optional<nonlin::additive_mask<T>> mask = {};
  std::optional<nonlin::log_sum_exp_to<T>> log_sum_exp = {};
  std::optional<nonlin::softmax_stats> stats = {};
  bool mask_last = false;  // the order in which the options are given
};

// act is Softmax or LogSoftmax. Ranges, with a shape and without, then pointers.
template <class T, class A>
void softmax(const A& act, std::span<const T> x, std::span<T> y, const nonlin::axis_shape& shape,
             const softmax_options<T>& options = {});
template <class T, class A>
void softmax(const A& act, std::span<const T> x, std::span<T> y);
template <class T, class A>
void softmax(const A& act, std::span<const T> x, std::span<T> y, const nonlin::softmax_stats& stats);
template <class T, class A>
void softmax(const A& act, const T* x, T* y, const nonlin::axis_shape& shape);
template <class T, class A>
void softmax(const A& act, const T* x, T* y, std::size_t n);

template <class T, class A>
void softmax_backward(const A& act, std::span<const T> y, std::span<const T> dy, std::span<T> dx,
                      const nonlin::axis_shape& shape);
template <class T, class A>
void softmax_backward(const A& act, std::span<const T> y, std::span<const T> dy, std::span<T> dx);
template <class T, class A>
void softmax_backward(const A& act, const T* y, const T* dy, T* dx, const nonlin::axis_shape& shape);
template <class T, class A>
void softmax_backward(const A& act, const T* y, const T* dy, T* dx, std::size_t n);

template <class T>
nonlin::softmax_stats statistics(std::span<const T> x, double scale = 1);
template <class T>
nonlin::softmax_stats statistics(const T* x, std::size_t n, double scale = 1);

// of many rows
template <class T>
void statistics(std::span<const T> x, const nonlin::axis_shape& shape, std::span<nonlin::softmax_stats> stats,
                double scale = 1);
template <class T, class A>
void softmax_known(const A& act, std::span<const T> x, std::span<T> y, const nonlin::axis_shape& shape,
                   std::span<const nonlin::softmax_stats> stats);

}  // namespace compiled
