// SPDX-License-Identifier: Apache-2.0
// Activations of x + b, b being a bias along an axis, and the bias' gradient, in one pass.
//
//   forward(act, biased(x, b), y, shape)                       y = act(x + b)
//   backward(act, biased(x, b), dy, dx, shape)                 dx = dy act'(x + b)
//   backward(act, biased(x, b), dy, biased(dx, db), shape)     and db_a = sum of dx over all else
//   backward(act, biased(x, b), dy, biased(dx, db), dparam, shape)   and the gradient of act's parameter
//
// b has one element for each index of the axis. Without a shape it is the last axis, the features of rows: {n / b.size(),
// b.size(), 1}. db is within 2^-19 (double: 2^-48) of the sum of |dx|, whatever the length, and the same from run to run.
// y may be x; dx may be x or dy; all else is apart.
#pragma once
#include "array.hpp"
#include "axis.hpp"
#include "kernels/axis.hpp"

#include "detail/begin.hpp"

namespace nonlin {
inline namespace NONLIN_ABI {

// P: float, double, const float or const double
template <class P>
struct biased_array {
  P* data;
  std::size_t count;
  P* bias;
  std::size_t bias_count;
};

// As an input x + b; as an output the gradients of both.
template <detail::contiguous X, detail::contiguous B>
constexpr auto biased(X&& x, B&& b) {
  using PX = std::remove_pointer_t<decltype(detail::data_of(x))>;
  using PB = std::remove_pointer_t<decltype(detail::data_of(b))>;
  static_assert(std::same_as<std::remove_const_t<PX>, std::remove_const_t<PB>> && element<std::remove_const_t<PX>>,
                "nonlin::biased: the array and its bias are of one type, float or double");
  using P = std::conditional_t<std::is_const_v<PX> || std::is_const_v<PB>, const std::remove_const_t<PX>, PX>;
  return biased_array<P>{detail::data_of(x), detail::size_of(x), detail::data_of(b), detail::size_of(b)};
}

namespace detail {

// An array argument, with a bias or without.
struct operand {
  argument x;
  argument bias;
};

template <class R>
inline constexpr bool is_biased = false;
template <class P>
inline constexpr bool is_biased<biased_array<P>> = true;

template <class R>
concept operand_like = contiguous<R> || is_biased<std::remove_cvref_t<R>>;

template <class R>
constexpr auto operand_value() {
  if constexpr (is_biased<std::remove_cvref_t<R>>)
    return std::remove_const_t<std::remove_pointer_t<decltype(std::declval<R>().data)>>();
  else
    return value_of<R>();
}
// The element type of an operand.
template <class R>
using operand_type = decltype(operand_value<R>());

template <class R>
constexpr bool writable() {
  if constexpr (is_biased<std::remove_cvref_t<R>>)
    return !std::is_const_v<std::remove_pointer_t<decltype(std::declval<R>().data)>>;
  else
    return !std::is_const_v<std::remove_pointer_t<decltype(data_of(std::declval<std::remove_reference_t<R>&>()))>>;
}

// Of a call: outputs, then inputs.
template <class First, class... Out, class... In>
constexpr void check_operands(type_list<First, Out...>, type_list<In...>) {
  using T = operand_type<First>;
  static_assert(element<T>, "nonlin: arrays are of float or of double");
  static_assert((std::same_as<operand_type<Out>, T> && ...) && (std::same_as<operand_type<In>, T> && ...),
                "nonlin: all arrays of a call are of one type, float or double");
  static_assert(writable<First>() && (writable<Out>() && ...), "nonlin: an output is const");
}

template <class R>
operand operand_of(const char* name, const char* bias_name, R& r) {
  if constexpr (is_biased<std::remove_cvref_t<R>>)
    return {arg(name, r.data, r.count), arg(bias_name, r.bias, r.bias_count)};
  else
    return {arg(name, data_of(r), size_of(r)), {}};
}
// The shape along which `biases` lie: the one given, or rows of as many features as there are biases.
struct optional_shape {
  axis_shape shape;
  bool given = false;
};

// Without a bias there is no axis: one run.
inline axis_shape resolve_shape(const char* function, const argument& x, const optional_shape& s,
                                std::initializer_list<argument> biases) {
  const argument* first = nullptr;
  for (const argument& b : biases) {
    if (b.name != nullptr && first == nullptr) first = &b;
  }
  axis_shape shape = s.shape;
  if (!s.given) {
    if (first == nullptr) return {1, 1, x.count};
    if (first->count == 0 || x.count % first->count != 0) [[unlikely]]
      fail((text() << "nonlin::" << function << ": " << first->name << " has " << first->count
                   << " elements, which do not divide the " << x.count << " of " << x.name)
               .c_str());
    shape = {x.count / first->count, first->count, 1};
  }
  check_shape(function, x, shape);
  for (const argument& b : biases) {
    if (b.name != nullptr) check_count(function, b, shape.axis, "indices of the axis");
  }
  return shape;
}

template <class A>
struct biased_forward_step {
  A act;
  template <class V>
  NONLIN_INLINES_CALLS NONLIN_INLINE void operator()(const V (&in)[1], const V (&p)[1], V (&out)[1], V (&)[1]) const {
    out[0] = V(act(in[0] + p[0]));
  }
};

// The parameter's term, where there is one, comes after that of the bias.
template <class A, bool Parameter>
struct biased_backward_step {
  A act;
  template <class V>
  NONLIN_INLINES_CALLS NONLIN_INLINE void operator()(const V (&in)[2], const V (&p)[1], V (&out)[1], V (&term)[1 + Parameter]) const {
    const V x = in[0] + p[0];
    out[0] = in[1] * V(act.derivative(x));
    term[0] = out[0];
    if constexpr (Parameter) term[1] = in[1] * V(act.parameter_derivative(x));
  }
};

template <class T, class A>
void forward_biased(const A& act, const operand& x, const argument& y, const optional_shape& s) {
  static_assert(activation<A, T>,
                "nonlin::forward: the activation cannot be called with a vector, as V operator()(V x)");
  check_arrays("forward", y, x.x);
  const axis_shape shape = resolve_shape("forward", x.x, s, {x.bias});
  check_apart("forward", y, x.bias);
  axis_job<T, 1, 1, 1, 0> job{shape, {input<T>(x.x, shape)}, {}, {output<T>(y, shape)}, {}, {}};
  job.p[0] = static_cast<const T*>(x.bias.data);
  in_arrays<A>::forward(act, [&](const auto& a) {
    run_axis(job, biased_forward_step<std::remove_cvref_t<decltype(a)>>{a});
  });
}

template <class T, class A, bool Parameter>
void backward_biased(const A& act, const operand& x, const argument& dy, const operand& dx, const optional_shape& s,
                     double* dparam) {
  static_assert(differentiable<A, T>, "nonlin::backward: the activation has no member V derivative(V x)");
  check_arrays("backward", dx.x, x.x, dy);
  const axis_shape shape = resolve_shape("backward", x.x, s, {x.bias, dx.bias});
  check_apart("backward", dx.x, x.bias);
  if (dx.bias.name != nullptr) {
    for (const argument& other : {x.x, x.bias, dy, dx.x}) check_apart("backward", dx.bias, other);
  }
  axis_job<T, 2, 1, 1, 1 + Parameter> job{
      shape, {input<T>(x.x, shape), input<T>(dy, shape)}, {}, {output<T>(dx.x, shape)}, {}, {}};
  job.p[0] = static_cast<const T*>(x.bias.data);
  job.sums[0] = to_write<T>(dx.bias);
  if constexpr (Parameter) job.totals[1] = dparam;
  if constexpr (Parameter) {
    run_axis(job, biased_backward_step<A, true>{act});
  } else {
    in_arrays<A>::backward(act, [&](const auto& a) {
      run_axis(job, biased_backward_step<std::remove_cvref_t<decltype(a)>, false>{a});
    });
  }
}

}  // namespace detail

template <class A, class X, detail::contiguous Y>
requires detail::is_biased<X>
void forward(const A& act, const X& x, Y&& y) {
  detail::check_operands(type_list<Y>(), type_list<X>());
  using T = detail::value_of<Y>;
  detail::forward_biased<T>(act, detail::operand_of("x", "b", x), detail::arg("y", detail::data_of(y), detail::size_of(y)), {});
}
template <class A, class X, detail::contiguous Y>
requires detail::is_biased<X>
void forward(const A& act, const X& x, Y&& y, const axis_shape& shape) {
  detail::check_operands(type_list<Y>(), type_list<X>());
  using T = detail::value_of<Y>;
  detail::forward_biased<T>(act, detail::operand_of("x", "b", x), detail::arg("y", detail::data_of(y), detail::size_of(y)),
                            {shape, true});
}

template <class A, detail::operand_like X, detail::contiguous DY, detail::operand_like DX>
requires(detail::is_biased<X> || detail::is_biased<std::remove_cvref_t<DX>>)
void backward(const A& act, const X& x, const DY& dy, DX&& dx) {
  detail::check_operands(type_list<DX>(), type_list<X, DY>());
  using T = detail::value_of<DY>;
  detail::backward_biased<T, A, false>(act, detail::operand_of("x", "b", x),
                                       detail::arg("dy", detail::data_of(dy), detail::size_of(dy)),
                                       detail::operand_of("dx", "db", dx), {}, nullptr);
}
template <class A, detail::operand_like X, detail::contiguous DY, detail::operand_like DX>
requires(detail::is_biased<X> || detail::is_biased<std::remove_cvref_t<DX>>)
void backward(const A& act, const X& x, const DY& dy, DX&& dx, const axis_shape& shape) {
  detail::check_operands(type_list<DX>(), type_list<X, DY>());
  using T = detail::value_of<DY>;
  detail::backward_biased<T, A, false>(act, detail::operand_of("x", "b", x),
                                       detail::arg("dy", detail::data_of(dy), detail::size_of(dy)),
                                       detail::operand_of("dx", "db", dx), {shape, true}, nullptr);
}
template <class A, detail::operand_like X, detail::contiguous DY, detail::operand_like DX, element P, class... Shape>
requires((detail::is_biased<X> || detail::is_biased<std::remove_cvref_t<DX>>)&&(
    std::same_as<Shape, axis_shape>&&...) &&
         sizeof...(Shape) <= 1)
void backward(const A& act, const X& x, const DY& dy, DX&& dx, P& dparam, const Shape&... shape) {
  detail::check_operands(type_list<DX>(), type_list<X, DY>());
  using T = detail::value_of<DY>;
  static_assert(parametric<A, T>, "nonlin::backward: the activation has no member V parameter_derivative(V x)");
  double sum = 0;
  detail::backward_biased<T, A, true>(act, detail::operand_of("x", "b", x),
                                      detail::arg("dy", detail::data_of(dy), detail::size_of(dy)),
                                      detail::operand_of("dx", "db", dx), {axis_shape{shape...}, sizeof...(Shape) == 1},
                                      &sum);
  dparam = static_cast<P>(sum);
}

}  // namespace NONLIN_ABI
}  // namespace nonlin
#include "detail/end.hpp"
