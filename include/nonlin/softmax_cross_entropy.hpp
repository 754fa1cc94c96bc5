// SPDX-License-Identifier: Apache-2.0
// Softmax and cross-entropy in one: the loss of logits x along an axis, and its gradient.
//
//   loss of a row   log sum of e^(x_a) - x_label, never the log of a softmax
//   gradient        g (softmax(x) - onehot(label)); g: 1, 1 / N for the mean, times upstream(...)
//
//   double loss = forward(SoftmaxCrossEntropy{}, x, labels, shape, options...)
//   double loss = backward(SoftmaxCrossEntropy{}, x, labels, dx, shape, options...)   the loss too, in the same pass
//     options: losses_to(l) writes each row's loss; upstream(g) multiplies the gradient, g a number or one a row
//
//   labels       integers of any type, one a row, in [0, axis); those equal to ignore_index have no loss and no gradient
//                and do not count in the mean (PyTorch's; the mean of none is NaN). Or probabilities of x's type, as many as
//                x: loss = -sum of t_a log softmax(x)_a, for any sum of t
//   smoothing    t = (1 - label_smoothing) t + label_smoothing / axis (Szegedy et al. 2016, arXiv 1512.00567)
//   reduction    mean over the rows, sum, or none: as sum, the losses being those of losses_to
//   error        a loss: 8 ULP of the larger of 1 and it; a gradient: 8 ULP of g. A loss that is small is that of a good
//                guess: log(1 + tiny) keeps absolute digits only
//   in place     dx may be x
#pragma once
#include "kernels/cross_entropy.hpp"
#include "softmax.hpp"

#include "detail/begin.hpp"

namespace nonlin {

enum class reduction { none, mean, sum };

struct SoftmaxCrossEntropy {
  double label_smoothing = 0;
  std::int64_t ignore_index = -100;
  nonlin::reduction reduction = nonlin::reduction::mean;

  static constexpr const char* name = "SoftmaxCrossEntropy";
  static constexpr double bound = 8;  // ULP; see above
};

inline namespace NONLIN_ABI {

// Where to write the loss of each row.
template <element T>
struct losses_to {
  T* data;
  std::size_t count;

  template <detail::contiguous L>
  explicit losses_to(L&& l) : data(detail::data_of(l)), count(detail::size_of(l)) {}
  losses_to(T* l, std::size_t n) : data(l), count(n) {}
};
template <detail::contiguous L>
losses_to(L&&) -> losses_to<detail::value_of<L>>;

// The gradient of what is made of the losses: one number, or one a row.
template <class T = void>
struct upstream {
  const T* data;
  std::size_t count;

  template <detail::contiguous G>
  explicit upstream(const G& g) : data(detail::data_of(g)), count(detail::size_of(g)) {}
  upstream(const T* g, std::size_t n) : data(g), count(n) {}
};
template <>
struct upstream<void> {
  double value;
  explicit upstream(double g) : value(g) {}
};
template <detail::contiguous G>
upstream(const G&) -> upstream<detail::value_of<G>>;
template <element T>
upstream(const T*, std::size_t) -> upstream<T>;
template <number G>
upstream(const G&) -> upstream<void>;

namespace detail {

template <class T>
struct cross_entropy_call {
  const char* function;
  argument x;
  argument dx;
  cross_entropy_job<T> job;
  argument target{};

  std::size_t rows() const { return job.shape.outer * job.shape.inner; }

  void option(const losses_to<T>& l) {
    const argument to = arg("losses_to", l.data, l.count);
    check_count(function, to, rows(), "rows");
    check_apart(function, to, x);
    check_apart(function, to, target);
    if (dx.data != nullptr) check_apart(function, to, dx);
    if (job.gradients != nullptr) check_apart(function, to, arg("upstream", job.gradients, rows()));
    job.loss = l.data;
  }
  void option(const upstream<T>& g) {
    const argument from = arg("upstream", g.data, g.count);
    check_count(function, from, rows(), "rows");
    if (dx.data != nullptr) check_apart(function, dx, from);
    if (job.loss != nullptr) check_apart(function, arg("losses_to", job.loss, rows()), from);
    job.gradients = g.data;
  }
  void option(const upstream<void>& g) { job.gradient *= g.value; }

  template <class L>
  void targets(const L* data, std::size_t count) {
    if constexpr (std::is_integral_v<L>) {
      const argument from{"labels", data, count, sizeof(L)};
      check_count(function, from, rows(), "rows");
      if (dx.data != nullptr) check_apart(function, dx, from);
      job.label = {data, sizeof(L), std::is_signed_v<L>};
      target = from;
    } else {
      const argument from = arg("targets", data, count);
      check_size(function, x, from);
      check_not_null(function, from);
      if (dx.data != nullptr) check_apart(function, dx, from);
      job.target = data;
      target = from;
    }
  }

  // Labels within the classes, and how many rows count.
  std::size_t counted() const {
    if (job.target != nullptr) return rows();
    std::size_t count = 0;
    for (std::size_t i = 0; i < rows(); ++i) {
      const std::int64_t label = job.label[i];
      if (label == job.ignored) continue;
      ++count;
      if (label < 0 || static_cast<std::uint64_t>(label) >= job.shape.axis) [[unlikely]] {
        text message;
        message << "nonlin::" << function << ": labels[" << i << "] is ";
        if (label < 0) message << "-";
        const auto magnitude = label < 0 ? 0 - static_cast<std::uint64_t>(label) : static_cast<std::uint64_t>(label);
        fail((message << magnitude << ", there are " << job.shape.axis << " classes").c_str());
      }
    }
    return count;
  }
};

template <class T, class L, class... Options>
double cross_entropy(const char* function, const SoftmaxCrossEntropy& loss, const argument& x, const L* targets,
                     std::size_t target_count, const argument& dx, const axis_shape& shape, const Options&... options) {
  if (dx.name != nullptr)
    check_arrays(function, dx, x);
  else
    check_not_null(function, x);
  check_shape(function, x, shape);
  if (!(loss.label_smoothing >= 0 && loss.label_smoothing <= 1)) [[unlikely]]
    fail((text() << "nonlin::" << function << ": label_smoothing is not between 0 and 1").c_str());
  cross_entropy_call<T> call{function, x, dx, {}, {}};
  call.job.x = static_cast<const T*>(x.data);
  call.job.dx = to_write<T>(dx);
  call.job.smoothing = loss.label_smoothing;
  call.job.ignored = loss.ignore_index;
  call.job.shape = shape;
  call.targets(targets, target_count);
  (call.option(options), ...);
  const std::size_t count = call.counted();
  const double divisor = loss.reduction == reduction::mean ? static_cast<double>(count) : 1;
  call.job.gradient = count == 0 ? 0 : call.job.gradient / divisor;
  double total = 0;
  with_kernels([&](auto k) { k.template run<T>(cross_entropy_body<T>{call.job, &total}); });
  return total / divisor;  // the mean of none: 0 / 0
}

}  // namespace detail

template <detail::contiguous X, detail::contiguous L, class... Options>
double forward(const SoftmaxCrossEntropy& loss, const X& x, const L& targets, const axis_shape& shape,
               const Options&... options) {
  using T = detail::value_of<X>;
  static_assert(element<T>, "nonlin: logits are of float or of double");
  static_assert(std::same_as<detail::value_of<L>, T> || std::is_integral_v<detail::value_of<L>>,
                "nonlin: targets are integers, or probabilities of the logits' type");
  using detail::data_of, detail::size_of;
  return detail::cross_entropy<T>("forward", loss, detail::arg("x", data_of(x), size_of(x)), data_of(targets),
                                  size_of(targets), {}, shape, options...);
}
template <element T, class L, class... Options>
double forward(const SoftmaxCrossEntropy& loss, const T* x, const L* targets, const axis_shape& shape,
               const Options&... options) {
  const std::size_t n = shape.size(), rows = shape.outer * shape.inner;
  return detail::cross_entropy<T>("forward", loss, detail::arg("x", x, n), targets, std::is_integral_v<L> ? rows : n, {},
                                  shape, options...);
}

template <detail::contiguous X, detail::contiguous L, detail::contiguous DX, class... Options>
double backward(const SoftmaxCrossEntropy& loss, const X& x, const L& targets, DX&& dx, const axis_shape& shape,
                const Options&... options) {
  detail::check_types<DX, const X>();
  using T = detail::value_of<X>;
  static_assert(std::same_as<detail::value_of<L>, T> || std::is_integral_v<detail::value_of<L>>,
                "nonlin: targets are integers, or probabilities of the logits' type");
  using detail::arg, detail::data_of, detail::size_of;
  return detail::cross_entropy<T>("backward", loss, arg("x", data_of(x), size_of(x)), data_of(targets),
                                  size_of(targets), arg("dx", data_of(dx), size_of(dx)), shape, options...);
}
template <element T, class L, class... Options>
double backward(const SoftmaxCrossEntropy& loss, const T* x, const L* targets, T* dx, const axis_shape& shape,
                const Options&... options) {
  const std::size_t n = shape.size(), rows = shape.outer * shape.inner;
  return detail::cross_entropy<T>("backward", loss, detail::arg("x", x, n), targets, std::is_integral_v<L> ? rows : n,
                                  detail::arg("dx", dx, n), shape, options...);
}

}  // namespace NONLIN_ABI
}  // namespace nonlin
#include "detail/end.hpp"
