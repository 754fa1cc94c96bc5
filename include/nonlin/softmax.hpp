// SPDX-License-Identifier: Apache-2.0
// Softmax and LogSoftmax along an axis (Bridle 1990).
//
//   Softmax      y_a = e^(z_a) / sum of e^(z_b), z = scale x + mask      dx_a = scale y_a (dy_a - sum of dy_b y_b)
//   LogSoftmax   y_a = z_a - log sum of e^(z_b)                          dx_a = scale (dy_a - e^(y_a) sum of dy_b)
//
//   forward(Softmax{}, x, y)                      one row
//   forward(Softmax{}, x, y, shape, options...)   any axis; options: additive_mask(m), log_sum_exp_to(l)
//   backward_from_output(Softmax{}, y, dy, dx, shape)
//   softmax_statistics(x)                         {max, sum of e^(x - max)} of a part of a row; merge(a, b) for two
//   forward(Softmax{}, x, y, statistics)          a part of a row, by the statistics of the whole
//   softmax_statistics(x, shape, s), forward(Softmax{}, x, y, shape, known_statistics(s))   the same of many rows
//
//   at           nothing overflows: [20, 300, 5000] gives [0, 0, 1]. A NaN or +inf in a row makes all of it NaN. A row that is
//                -inf everywhere is NaN, with fully_masked::zero 0 (LogSoftmax: -inf)
//   error        Softmax: 8 ULP for results e^-80 of the row's largest or more, whatever the length; below, in float too,
//                in double 2^-43 of the result (8 of the least subnormal, if that is more). LogSoftmax: 4 ULP of the larger of
//                |y| and 1. With a scale or a mask for |scale x|, |z| <= 2^17 (double: 2^46); z that are larger are rounded
//                first. tests/softmax.cpp measures it
//   in place     y may be x, dx may be y or dy
#pragma once
#include "array.hpp"
#include "axis.hpp"
#include "kernels/softmax.hpp"

#include "detail/begin.hpp"

namespace nonlin {

enum class fully_masked { nan, zero };

struct Softmax {
  double scale = 1;  // 1 / temperature
  fully_masked if_fully_masked = fully_masked::nan;

  static constexpr const char* name = "Softmax";
  static constexpr double bound = 8;  // ULP
};

struct LogSoftmax {
  double scale = 1;
  fully_masked if_fully_masked = fully_masked::nan;

  static constexpr const char* name = "LogSoftmax";
  static constexpr double bound = 4;  // ULP of max(|y|, 1)
};

// Of a part of a row: the largest logit and the sum of e^(logit - max). That of no element is {-inf, 0}.
struct softmax_stats {
  double max = -__builtin_huge_val();
  double sum = 0;
};

inline namespace NONLIN_ABI {

// Of two parts of a row. The order changes no more than the last bits.
inline softmax_stats merge(const softmax_stats& a, const softmax_stats& b) {
  const softmax_stats &high = b.max > a.max ? b : a, &low = b.max > a.max ? a : b;
  // without low.sum == 0 two empty parts would be -inf - -inf; a sum of NaN stays
  if (low.sum == 0) return {high.max, high.sum};
  return {high.max, high.sum + low.sum * exp(low.max - high.max)};
}

// log of the sum of e^logit
inline double log_sum_exp(const softmax_stats& s) {
  if (s.sum == 0) return -__builtin_huge_val();
  return s.max + double(math::log_of_normal(n_scalar::vec<double>(s.sum)));
}

// Added to the logits before the softmax; -inf hides one. As large as x, or as its first `outer` indices, which it
// repeats after: {1, axis, inner} is one mask for all rows.
template <element T>
struct additive_mask {
  const T* data;
  std::size_t count;

  template <detail::contiguous M>
  explicit additive_mask(const M& m) : data(detail::data_of(m)), count(detail::size_of(m)) {}
  additive_mask(const T* m, std::size_t n) : data(m), count(n) {}
};
template <detail::contiguous M>
additive_mask(const M&) -> additive_mask<detail::value_of<M>>;

// Where to write log sum of e^z, one number a row.
template <element T>
struct log_sum_exp_to {
  T* data;
  std::size_t count;

  template <detail::contiguous L>
  explicit log_sum_exp_to(L&& l) : data(detail::data_of(l)), count(detail::size_of(l)) {}
  log_sum_exp_to(T* l, std::size_t n) : data(l), count(n) {}
};
template <detail::contiguous L>
log_sum_exp_to(L&&) -> log_sum_exp_to<detail::value_of<L>>;

// The statistics of each row, of all its parts.
struct known_statistics {
  const softmax_stats* data;
  std::size_t count;

  template <detail::contiguous S>
  explicit known_statistics(const S& s) : data(detail::data_of(s)), count(detail::size_of(s)) {}
  known_statistics(const softmax_stats* s, std::size_t n) : data(s), count(n) {}
};

namespace detail {

static_assert(sizeof(softmax_stats) == 2 * sizeof(double));  // the kernels take them as pairs

template <class A>
concept softmax_like = std::same_as<A, Softmax> || std::same_as<A, LogSoftmax>;

template <class T, softmax_result Result>
void run_softmax(const softmax_job<T>& job) {
  with_kernels([&](auto k) { k.template run<T>(softmax_body<T, Result>{job}); });
}

template <class T>
struct softmax_call {
  const char* function;
  argument x, y;
  softmax_job<T> job;

  void option(const additive_mask<T>& m) {
    const argument mask = arg("additive_mask", m.data, m.count);
    const std::size_t block = job.shape.axis * job.shape.inner;
    const std::size_t repeats = block == 0 ? 0 : m.count / block;
    const bool fits = repeats == 0 ? job.shape.outer == 0 : job.shape.outer % repeats == 0;
    if (repeats * block != m.count || !fits) [[unlikely]]
      fail((text() << "nonlin::" << function << ": additive_mask has " << m.count
                   << " elements, which does not go into the shape " << job.shape)
               .c_str());
    check_not_null(function, mask);
    check_apart(function, y, mask);
    if (job.log_sum_exp != nullptr)
      check_apart(function, arg("log_sum_exp_to", job.log_sum_exp, job.shape.outer * job.shape.inner), mask);
    job.mask = m.data;
    job.mask_outer = repeats;
  }
  void option(const log_sum_exp_to<T>& l) {
    const argument to = arg("log_sum_exp_to", l.data, l.count);
    check_count(function, to, job.shape.outer * job.shape.inner, "rows");
    check_apart(function, to, x);
    check_apart(function, to, y);
    if (job.mask != nullptr)
      check_apart(function, to, arg("additive_mask", job.mask, job.mask_outer * job.shape.axis * job.shape.inner));
    job.log_sum_exp = l.data;
  }
  void option(const softmax_stats& s) {
    if (job.shape.outer * job.shape.inner > 1) [[unlikely]]
      fail((text() << "nonlin::" << function << ": softmax_stats of one row, and the shape " << job.shape << " has more")
               .c_str());
    known = s;
    job.max_and_sum = &known.max;
    job.known = true;
  }
  void option(const known_statistics& s) {
    const argument from{"known_statistics", s.data, s.count, sizeof(softmax_stats)};
    check_count(function, from, job.shape.outer * job.shape.inner, "rows");
    check_apart(function, y, from);
    job.max_and_sum = const_cast<double*>(reinterpret_cast<const double*>(s.data));
    job.known = true;
  }
  softmax_stats known;
};

template <class A, class T, class... Options>
void forward_softmax(const A& act, const argument& x, const argument& y, const axis_shape& shape,
                     const Options&... options) {
  constexpr bool log = std::same_as<A, LogSoftmax>;
  check_arrays("forward", y, x);
  check_shape("forward", x, shape);
  softmax_call<T> call{"forward", x, y, {}, {}};
  call.job.x = static_cast<const T*>(x.data);
  call.job.y = to_write<T>(y);
  call.job.scale = act.scale;
  call.job.zero_if_masked = act.if_fully_masked == fully_masked::zero;
  call.job.shape = shape;
  (call.option(options), ...);
  run_softmax<T, log ? softmax_result::logarithms : softmax_result::probabilities>(call.job);
}

template <class A, class T>
void backward_softmax(const A& act, const argument& y, const argument& dy, const argument& dx,
                      const axis_shape& shape) {
  check_arrays("backward_from_output", dx, y, dy);
  check_shape("backward_from_output", y, shape);
  const softmax_backward_body<T, std::same_as<A, LogSoftmax>> body{
      static_cast<const T*>(y.data), static_cast<const T*>(dy.data), to_write<T>(dx),
      act.scale, shape};
  with_kernels([&](auto k) { k.template run<T>(body); });
}

constexpr axis_shape one_row(std::size_t n) { return {n == 0 ? std::size_t{0} : std::size_t{1}, n == 0 ? 1 : n, 1}; }

}  // namespace detail

template <detail::softmax_like A, detail::contiguous X, detail::contiguous Y, class... Options>
void forward(const A& act, const X& x, Y&& y, const axis_shape& shape, const Options&... options) {
  detail::check_types<Y, const X>();
  using detail::arg, detail::data_of, detail::size_of;
  detail::forward_softmax<A, detail::value_of<Y>>(act, arg("x", data_of(x), size_of(x)),
                                                  arg("y", data_of(y), size_of(y)), shape, options...);
}
template <detail::softmax_like A, detail::contiguous X, detail::contiguous Y>
void forward(const A& act, const X& x, Y&& y) {
  forward(act, x, y, detail::one_row(detail::size_of(x)));
}
template <detail::softmax_like A, detail::contiguous X, detail::contiguous Y>
void forward(const A& act, const X& x, Y&& y, const softmax_stats& stats) {
  forward(act, x, y, detail::one_row(detail::size_of(x)), stats);
}
template <detail::softmax_like A, element T, class... Options>
void forward(const A& act, const T* x, T* y, const axis_shape& shape, const Options&... options) {
  detail::forward_softmax<A, T>(act, detail::arg("x", x, shape.size()), detail::arg("y", y, shape.size()), shape,
                                options...);
}
template <detail::softmax_like A, element T>
void forward(const A& act, const T* x, T* y, std::size_t n) {
  forward(act, x, y, detail::one_row(n));
}

// A softmax runs backward from its output only.
template <detail::softmax_like A, detail::contiguous Y, detail::contiguous DY, detail::contiguous DX>
void backward_from_output(const A& act, const Y& y, const DY& dy, DX&& dx, const axis_shape& shape) {
  detail::check_types<DX, const Y, const DY>();
  using detail::arg, detail::data_of, detail::size_of;
  detail::backward_softmax<A, detail::value_of<DX>>(act, arg("y", data_of(y), size_of(y)),
                                                    arg("dy", data_of(dy), size_of(dy)),
                                                    arg("dx", data_of(dx), size_of(dx)), shape);
}
template <detail::softmax_like A, detail::contiguous Y, detail::contiguous DY, detail::contiguous DX>
void backward_from_output(const A& act, const Y& y, const DY& dy, DX&& dx) {
  backward_from_output(act, y, dy, dx, detail::one_row(detail::size_of(y)));
}
template <detail::softmax_like A, element T>
void backward_from_output(const A& act, const T* y, const T* dy, T* dx, const axis_shape& shape) {
  const std::size_t n = shape.size();
  detail::backward_softmax<A, T>(act, detail::arg("y", y, n), detail::arg("dy", dy, n), detail::arg("dx", dx, n), shape);
}
template <detail::softmax_like A, element T>
void backward_from_output(const A& act, const T* y, const T* dy, T* dx, std::size_t n) {
  backward_from_output(act, y, dy, dx, detail::one_row(n));
}

// Of a row, or of a part of one, of scale * x.
template <element T>
softmax_stats softmax_statistics(const T* x, std::size_t n, double scale = 1) {
  detail::check_not_null("softmax_statistics", detail::arg("x", x, n));
  softmax_stats stats;
  if (n == 0) return stats;
  detail::softmax_job<T> job;
  job.x = x;
  job.scale = scale;
  job.shape = detail::one_row(n);
  job.max_and_sum = &stats.max;
  detail::run_softmax<T, detail::softmax_result::statistics>(job);
  return stats;
}
template <detail::contiguous X>
softmax_stats softmax_statistics(const X& x, double scale = 1) {
  return softmax_statistics(detail::data_of(x), detail::size_of(x), scale);
}
// Of each row of the shape, or of the parts of them that x is.
template <detail::contiguous X, detail::contiguous S>
void softmax_statistics(const X& x, const axis_shape& shape, S&& stats, double scale = 1) {
  using T = detail::value_of<X>;
  static_assert(element<T>, "nonlin: logits are of float or of double");
  const auto from = detail::arg("x", detail::data_of(x), detail::size_of(x));
  softmax_stats* const to = detail::data_of(stats);
  detail::check_not_null("softmax_statistics", from);
  detail::check_shape("softmax_statistics", from, shape);
  const detail::argument out{"stats", to, detail::size_of(stats), sizeof(softmax_stats)};
  detail::check_count("softmax_statistics", out, shape.outer * shape.inner, "rows");
  detail::check_apart("softmax_statistics", out, from);
  detail::softmax_job<T> job;
  job.x = detail::data_of(x);
  job.scale = scale;
  job.shape = shape;
  job.max_and_sum = reinterpret_cast<double*>(to);
  detail::run_softmax<T, detail::softmax_result::statistics>(job);
}

}  // namespace NONLIN_ABI
}  // namespace nonlin
#include "detail/end.hpp"
