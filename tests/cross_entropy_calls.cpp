#include "cross_entropy_calls.hpp"

namespace compiled {

using nonlin::axis_shape;
using nonlin::SoftmaxCrossEntropy;
using std::span;

namespace {

// call(options...)
template <class T, class Call>
double with_options(const cross_entropy_options<T>& o, const Call& call) {
  if (o.losses && o.upstream) return call(*o.losses, nonlin::upstream(*o.upstream));
  if (o.losses && o.upstreams && o.losses_last) return call(*o.upstreams, *o.losses);
  if (o.losses && o.upstreams) return call(*o.losses, *o.upstreams);
  if (o.losses) return call(*o.losses);
  if (o.upstream) return call(nonlin::upstream(*o.upstream));
  if (o.upstreams) return call(*o.upstreams);
  return call();
}

}  // namespace

template <class T, class L>
double cross_entropy(const SoftmaxCrossEntropy& loss, span<const T> x, span<const L> targets,
                     const axis_shape& shape, const cross_entropy_options<T>& options) {
  return with_options(options,
                      [&](const auto&... o) { return nonlin::forward(loss, x, targets, shape, o...); });
}
template <class T, class L>
double cross_entropy_backward(const SoftmaxCrossEntropy& loss, span<const T> x, span<const L> targets,
                              span<T> dx, const axis_shape& shape, const cross_entropy_options<T>& options) {
  return with_options(options,
                      [&](const auto&... o) { return nonlin::backward(loss, x, targets, dx, shape, o...); });
}
template <class T, class L>
double cross_entropy(const SoftmaxCrossEntropy& loss, const T* x, const L* targets, const axis_shape& shape) {
  return nonlin::forward(loss, x, targets, shape);
}
template <class T, class L>
double cross_entropy_backward(const SoftmaxCrossEntropy& loss, const T* x, const L* targets, T* dx,
                              const axis_shape& shape) {
  return nonlin::backward(loss, x, targets, dx, shape);
}

#define INSTANTIATE(T, L)                                                                                    \
  template double cross_entropy(const SoftmaxCrossEntropy&, span<const T>, span<const L>, const axis_shape&, \
                                const cross_entropy_options<T>&);                                            \
  template double cross_entropy_backward(const SoftmaxCrossEntropy&, span<const T>, span<const L>, span<T>,  \
                                         const axis_shape&, const cross_entropy_options<T>&);                \
  template double cross_entropy(const SoftmaxCrossEntropy&, const T*, const L*, const axis_shape&);          \
  template double cross_entropy_backward(const SoftmaxCrossEntropy&, const T*, const L*, T*,                 \
                                         const axis_shape&);
INSTANTIATE(float, float)
INSTANTIATE(float, std::int32_t)
INSTANTIATE(float, std::int64_t)
INSTANTIATE(float, std::uint8_t)
INSTANTIATE(double, double)
INSTANTIATE(double, std::int32_t)
INSTANTIATE(double, std::int64_t)
INSTANTIATE(double, std::uint8_t)

}  // namespace compiled
