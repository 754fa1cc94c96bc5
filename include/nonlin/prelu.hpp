// SPDX-License-Identifier: Apache-2.0
// PReLU(x) = x > 0 ? x : slope x, the slope being learned: one, or one for each index of an axis (He et al. 2015, arXiv
// 1502.01852; a usual start is 0.25). LeakyReLU is the same with a slope that is a number.
//
//   forward(PReLU(slopes), x, y, shape)
//   backward(PReLU(slopes), x, dy, dx, dslopes, shape)    dx = dy (x > 0 ? 1 : slope),
//                                                         dslope_a = sum over all else of dy (x > 0 ? 0 : x)
//
//   shape        without one: a single slope, or as many as rows have features, {n / slopes.size(), slopes.size(), 1}
//   at           -0: slope * -0, NaN: NaN; 0 has the gradient `slope`, as PyTorch's
//   error        forward, dx: correctly rounded products; dslopes: within 2^-19 (double: 2^-48) of the sum of |dy x|,
//                whatever the length, and the same from run to run
//   in place     y may be x; dx may be x or dy; slopes and dslopes are apart from all else, dslopes from slopes too
#pragma once
#include "biased.hpp"
#include "leaky_relu.hpp"

#include "detail/begin.hpp"

namespace nonlin {
inline namespace NONLIN_ABI {

// Refers to the slopes; does not copy them.
template <element T>
struct PReLU {
  const T* slopes;
  std::size_t count;

  static constexpr const char* name = "PReLU";

  template <detail::contiguous S>
  explicit PReLU(const S& s) : slopes(detail::data_of(s)), count(detail::size_of(s)) {}
  PReLU(const T* s, std::size_t n) : slopes(s), count(n) {}
};
template <detail::contiguous S>
PReLU(const S&) -> PReLU<detail::value_of<S>>;

namespace detail {

struct prelu_forward_step {
  template <class V>
  NONLIN_INLINE void operator()(const V (&in)[1], const V (&p)[1], V (&out)[1], V (&)[1]) const {
    out[0] = math::leaky(in[0], p[0]);
  }
};
struct prelu_backward_step {
  template <class V>
  NONLIN_INLINE void operator()(const V (&in)[2], const V (&p)[1], V (&out)[1], V (&term)[1]) const {
    const V x = in[0], dy = in[1];
    out[0] = dy * math::leaky_slope(x, p[0]);
    term[0] = dy * at_most(x, V(0));
  }
};

template <class T>
axis_shape prelu_shape(const char* function, const PReLU<T>& act, const argument& x, const optional_shape& s) {
  const argument slopes = arg("slopes", act.slopes, act.count);
  if (act.count != 1) return resolve_shape(function, x, s, {slopes});
  check_not_null(function, slopes);
  if (s.given) check_shape(function, x, s.shape);
  return {1, 1, x.count};
}

template <class T>
void forward_prelu(const PReLU<T>& act, const argument& x, const argument& y, const optional_shape& s) {
  check_arrays("forward", y, x);
  const axis_shape shape = prelu_shape("forward", act, x, s);
  check_apart("forward", y, arg("slopes", act.slopes, act.count));
  axis_job<T, 1, 1, 1, 0> job{shape, {input<T>(x, shape)}, {act.slopes}, {output<T>(y, shape)}, {}, {}};
  run_axis(job, prelu_forward_step{});
}

template <class T>
void backward_prelu(const PReLU<T>& act, const argument& x, const argument& dy, const argument& dx,
                    const argument& dslopes, const optional_shape& s) {
  check_arrays("backward", dx, x, dy);
  const axis_shape shape = prelu_shape("backward", act, x, s);
  const argument slopes = arg("slopes", act.slopes, act.count);
  check_size("backward", slopes, dslopes);
  check_not_null("backward", dslopes);
  check_apart("backward", dx, slopes);
  for (const argument& other : {slopes, x, dy, dx}) check_apart("backward", dslopes, other);
  axis_job<T, 2, 1, 1, 1> job{
      shape, {input<T>(x, shape), input<T>(dy, shape)}, {act.slopes}, {output<T>(dx, shape)}, {}, {}};
  job.sums[0] = to_write<T>(dslopes);
  run_axis(job, prelu_backward_step{});
}

}  // namespace detail

template <element T, detail::contiguous X, detail::contiguous Y>
void forward(const PReLU<T>& act, const X& x, Y&& y) {
  detail::check_types<Y, const X>();
  using detail::arg, detail::data_of, detail::size_of;
  detail::forward_prelu<T>(act, arg("x", data_of(x), size_of(x)), arg("y", data_of(y), size_of(y)), {});
}
template <element T, detail::contiguous X, detail::contiguous Y>
void forward(const PReLU<T>& act, const X& x, Y&& y, const axis_shape& shape) {
  detail::check_types<Y, const X>();
  using detail::arg, detail::data_of, detail::size_of;
  detail::forward_prelu<T>(act, arg("x", data_of(x), size_of(x)), arg("y", data_of(y), size_of(y)), {shape, true});
}
template <element T>
void forward(const PReLU<T>& act, const T* x, T* y, const axis_shape& shape) {
  const std::size_t n = shape.size();
  detail::forward_prelu<T>(act, detail::arg("x", x, n), detail::arg("y", y, n), {shape, true});
}

template <element T, detail::contiguous X, detail::contiguous DY, detail::contiguous DX, detail::contiguous DS>
void backward(const PReLU<T>& act, const X& x, const DY& dy, DX&& dx, DS&& dslopes) {
  detail::check_types<DX, const X, const DY, DS>();
  using detail::arg, detail::data_of, detail::size_of;
  detail::backward_prelu<T>(act, arg("x", data_of(x), size_of(x)), arg("dy", data_of(dy), size_of(dy)),
                            arg("dx", data_of(dx), size_of(dx)), arg("dslopes", data_of(dslopes), size_of(dslopes)), {});
}
template <element T, detail::contiguous X, detail::contiguous DY, detail::contiguous DX, detail::contiguous DS>
void backward(const PReLU<T>& act, const X& x, const DY& dy, DX&& dx, DS&& dslopes, const axis_shape& shape) {
  detail::check_types<DX, const X, const DY, DS>();
  using detail::arg, detail::data_of, detail::size_of;
  detail::backward_prelu<T>(act, arg("x", data_of(x), size_of(x)), arg("dy", data_of(dy), size_of(dy)),
                            arg("dx", data_of(dx), size_of(dx)), arg("dslopes", data_of(dslopes), size_of(dslopes)),
                            {shape, true});
}
template <element T>
void backward(const PReLU<T>& act, const T* x, const T* dy, T* dx, T* dslopes, const axis_shape& shape) {
  const std::size_t n = shape.size();
  detail::backward_prelu<T>(act, detail::arg("x", x, n), detail::arg("dy", dy, n), detail::arg("dx", dx, n),
                            detail::arg("dslopes", dslopes, act.count), {shape, true});
}

}  // namespace NONLIN_ABI
}  // namespace nonlin
#include "detail/end.hpp"
