#include "softmax_calls.hpp"

namespace compiled {

using nonlin::axis_shape;
using nonlin::softmax_stats;
using std::span;

template <class T, class A>
void softmax(const A& act, span<const T> x, span<T> y, const axis_shape& shape, const softmax_options<T>& o) {
  if (o.mask && o.log_sum_exp && o.stats)
    nonlin::forward(act, x, y, shape, *o.mask, *o.log_sum_exp, *o.stats);
  else if (o.mask && o.log_sum_exp && o.mask_last)
    nonlin::forward(act, x, y, shape, *o.log_sum_exp, *o.mask);
  else if (o.mask && o.log_sum_exp)
    nonlin::forward(act, x, y, shape, *o.mask, *o.log_sum_exp);
  else if (o.mask && o.stats)
    nonlin::forward(act, x, y, shape, *o.mask, *o.stats);
  else if (o.log_sum_exp && o.stats)
    nonlin::forward(act, x, y, shape, *o.log_sum_exp, *o.stats);
  else if (o.mask)
    nonlin::forward(act, x, y, shape, *o.mask);
  else if (o.log_sum_exp)
    nonlin::forward(act, x, y, shape, *o.log_sum_exp);
  else if (o.stats)
    nonlin::forward(act, x, y, shape, *o.stats);
  else
    nonlin::forward(act, x, y, shape);
}
template <class T, class A>
void softmax(const A& act, span<const T> x, span<T> y) {
  nonlin::forward(act, x, y);
}
template <class T, class A>
void softmax(const A& act, span<const T> x, span<T> y, const softmax_stats& stats) {
  nonlin::forward(act, x, y, stats);
}
template <class T, class A>
void softmax(const A& act, const T* x, T* y, const axis_shape& shape) {
  nonlin::forward(act, x, y, shape);
}
template <class T, class A>
void softmax(const A& act, const T* x, T* y, std::size_t n) {
  nonlin::forward(act, x, y, n);
}

template <class T, class A>
void softmax_backward(const A& act, span<const T> y, span<const T> dy, span<T> dx, const axis_shape& shape) {
  nonlin::backward_from_output(act, y, dy, dx, shape);
}
template <class T, class A>
void softmax_backward(const A& act, span<const T> y, span<const T> dy, span<T> dx) {
  nonlin::backward_from_output(act, y, dy, dx);
}
template <class T, class A>
void softmax_backward(const A& act, const T* y, const T* dy, T* dx, const axis_shape& shape) {
  nonlin::backward_from_output(act, y, dy, dx, shape);
}
template <class T, class A>
void softmax_backward(const A& act, const T* y, const T* dy, T* dx, std::size_t n) {
  nonlin::backward_from_output(act, y, dy, dx, n);
}

template <class T>
softmax_stats statistics(span<const T> x, double scale) {
  return nonlin::softmax_statistics(x, scale);
}
template <class T>
softmax_stats statistics(const T* x, std::size_t n, double scale) {
  return nonlin::softmax_statistics(x, n, scale);
}

template <class T>
void statistics(span<const T> x, const axis_shape& shape, span<softmax_stats> stats, double scale) {
  nonlin::softmax_statistics(x, shape, stats, scale);
}
template <class T, class A>
void softmax_known(const A& act, span<const T> x, span<T> y, const axis_shape& shape,
                   span<const softmax_stats> stats) {
  nonlin::forward(act, x, y, shape, nonlin::known_statistics(stats));
}

#define INSTANTIATE(T, A)                                                                                \
  template void softmax(const A&, span<const T>, span<T>, const axis_shape&, const softmax_options<T>&); \
  template void softmax(const A&, span<const T>, span<T>);                                               \
  template void softmax(const A&, span<const T>, span<T>, const softmax_stats&);                         \
  template void softmax(const A&, const T*, T*, const axis_shape&);                                      \
  template void softmax_known(const A&, span<const T>, span<T>, const axis_shape&,                       \
                              span<const softmax_stats>);                                                \
  template void softmax(const A&, const T*, T*, std::size_t);                                            \
  template void softmax_backward(const A&, span<const T>, span<const T>, span<T>, const axis_shape&);    \
  template void softmax_backward(const A&, span<const T>, span<const T>, span<T>);                       \
  template void softmax_backward(const A&, const T*, const T*, T*, const axis_shape&);                   \
  template void softmax_backward(const A&, const T*, const T*, T*, std::size_t);
INSTANTIATE(float, nonlin::Softmax)
INSTANTIATE(double, nonlin::Softmax)
INSTANTIATE(float, nonlin::LogSoftmax)
INSTANTIATE(double, nonlin::LogSoftmax)

template softmax_stats statistics(span<const float>, double);
template softmax_stats statistics(span<const double>, double);
template void statistics(span<const float>, const axis_shape&, span<softmax_stats>, double);
template void statistics(span<const double>, const axis_shape&, span<softmax_stats>, double);
template softmax_stats statistics(const float*, std::size_t, double);
template softmax_stats statistics(const double*, std::size_t, double);

}  // namespace compiled
