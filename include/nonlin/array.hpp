// SPDX-License-Identifier: Apache-2.0
// Activations on arrays, by the best instruction set of the machine.
//
//   forward(act, x, y)                 y = act(x)
//   backward(act, x, dy, dx)           dx = dy act'(x)
//   backward(act, x, dy, dx, dparam)   and dparam = sum of dy d act(x) / d parameter
//   backward_from_output(act, y, dy, dx)   dx = dy act'(x), from y = act(x)
//
// x, y, dy, dx are contiguous ranges of float or of double (vector, array, span, ...) of one size, or
// pointers followed by a count. Nothing need be aligned; empty is fine. The output may be the very same
// array as an input; one that overlaps an input otherwise, sizes that differ and null pointers throw
// std::invalid_argument before anything is written. The product dy act'(x) is IEEE's: a NaN or an infinity
// in dy is not hidden by a derivative of 0.
#pragma once
#include <cstddef>
#include <initializer_list>
#include <type_traits>
#include <utility>
#include "activation.hpp"
#include "detail/check.hpp"
#include "dispatch.hpp"
#include "kernels/axis.hpp"
#include "math.hpp"

#include "detail/begin.hpp"

namespace nonlin {
inline namespace NONLIN_ABI {
namespace detail {

// data and size of a contiguous range
template <class T, std::size_t N>
constexpr T* data_of(T (&a)[N]) noexcept {
  return a;
}
template <class R>
constexpr auto data_of(R& r) noexcept -> decltype(r.data()) {
  return r.data();
}
template <class T>
constexpr const T* data_of(const std::initializer_list<T>& l) noexcept {
  return l.begin();
}
template <class T, std::size_t N>
constexpr std::size_t size_of(T (&)[N]) noexcept {
  return N;
}
template <class R>
constexpr auto size_of(R& r) noexcept -> decltype(static_cast<std::size_t>(r.size())) {
  return static_cast<std::size_t>(r.size());
}

template <class R>
concept contiguous = requires(std::remove_reference_t<R>& r) {
  {*data_of(r)};
  { size_of(r) } -> std::same_as<std::size_t>;
  requires std::is_pointer_v<decltype(data_of(r))>;
};

template <class R>
using value_of = std::remove_cvref_t<decltype(*data_of(std::declval<std::remove_reference_t<R>&>()))>;

template <class Out, class... In>
constexpr void check_types() {
  using T = value_of<Out>;
  static_assert(element<T>, "nonlin: arrays are of float or of double");
  static_assert((std::same_as<T, value_of<In>> && ...),
                "nonlin: all arrays of a call are of one type, float or double");
  static_assert(
      !std::is_const_v<
          std::remove_reference_t<decltype(*data_of(std::declval<std::remove_reference_t<Out>&>()))>>,
      "nonlin: the output array is const");
}

// Whether to write past the caches: the output is large, and no input, whose lines would be in them anyway.
template <class T>
bool streams(std::size_t n, std::size_t arrays, const T* out, const T* in, const T* in2 = nullptr) noexcept {
  if (n < (std::size_t{8} << 20) / sizeof(T)) [[likely]]
    return false;
  if (out == in || out == in2 || reinterpret_cast<std::uintptr_t>(out) % sizeof(T) != 0) return false;
  return n * sizeof(T) * arrays > last_level_cache();
}

// Steps of k.map: outputs are products of functions of the first argument with the others. `argument`, `result` and `mirrored` say what
// those functions are near 0, math::outputs_of is what is made of them there.
template <class A>
struct value_step {
  A act;
  template <class V>
  static constexpr bool crowded = is_crowded<A, V>;
  template <class V>
  NONLIN_INLINES_CALLS NONLIN_INLINE V operator()(const V& x) const {
    return V(act(x));
  }
  constexpr near_zero argument() const requires known_near_zero<A> { return act.at_zero(); }
  constexpr near_zero result(std::size_t) const requires known_near_zero<A> { return act.at_zero(); }
  template <class V>
  static constexpr bool mirrored() {
    return is_mirrored<A, V>();
  }
};

template <class A>
struct derivative_step {
  A act;
  template <class V>
  static constexpr bool crowded = is_crowded<A, V>;
  template <class V>
  NONLIN_INLINES_CALLS NONLIN_INLINE V operator()(const V& x, const V& dy) const {
    return math::times(dy, V(act.derivative(x)));
  }
  constexpr near_zero argument() const requires known_near_zero<A> {
    return derivative_at_zero(act.at_zero());
  }
  constexpr near_zero result(std::size_t) const requires known_near_zero<A> { return near_zero::constant; }
  template <class V>
  static constexpr bool mirrored() {
    return false;
  }
};

template <class A>
struct output_step {
  A act;
  template <class V>
  NONLIN_INLINES_CALLS NONLIN_INLINE V operator()(const V& y, const V& dy) const {
    return dy * V(act.derivative_from_output(y));
  }
  // Of y = 0 the slope of those that are constant at 0, Sigmoid's, is a product with y; that of others comes by sums, which cost nothing.
  constexpr near_zero argument() const requires known_near_zero<A> {
    if (act.at_zero() == near_zero::unknown) return near_zero::unknown;
    return act.at_zero() == near_zero::constant ? near_zero::product : near_zero::harmless;
  }
  constexpr near_zero result(std::size_t) const requires known_near_zero<A> { return argument(); }
  template <class V>
  static constexpr bool mirrored() {
    return false;
  }
};

template <class A>
struct parameter_step {
  A act;
  template <class V>
  NONLIN_INLINES_CALLS NONLIN_INLINE void operator()(const V (&in)[2], const V (&)[1], V (&out)[1],
                                                     V (&term)[1]) const {
    out[0] = in[1] * V(act.derivative(in[0]));
    term[0] = in[1] * V(act.parameter_derivative(in[0]));
  }
};

template <class T>
argument arg(const char* name, const T* p, std::size_t n) {
  return {name, p, n, sizeof(T)};
}

template <class A, class T>
void forward(const A& act, const argument& x, const argument& y) {
  static_assert(activation<A, T>,
                "nonlin::forward: the activation cannot be called with a vector, as V operator()(V x)");
  check_arrays("forward", y, x);
  const auto* in = static_cast<const T*>(x.data);
  T* const out[] = {to_write<T>(y)};
  const bool stream = streams(x.count, 2, out[0], in);
  in_arrays<A>::forward(act, [&](const auto& a) {
    with_kernels(
        [&](auto k) { k.map(value_step<std::remove_cvref_t<decltype(a)>>{a}, stream, x.count, out, in); });
  });
}

template <class T, class Step>
void map_gradient(const char* function, const Step& step, const argument& x, const argument& dy,
                  const argument& dx) {
  check_arrays(function, dx, x, dy);
  const auto *in = static_cast<const T*>(x.data), *gradient = static_cast<const T*>(dy.data);
  T* const out[] = {to_write<T>(dx)};
  const bool stream = streams(x.count, 3, out[0], in, gradient);
  with_kernels([&](auto k) { k.map(step, stream, x.count, out, in, gradient); });
}

template <class A, class T>
void backward(const A& act, const argument& x, const argument& dy, const argument& dx) {
  static_assert(differentiable<A, T>, "nonlin::backward: the activation has no member V derivative(V x)");
  in_arrays<A>::backward(act, [&](const auto& a) {
    map_gradient<T>("backward", derivative_step<std::remove_cvref_t<decltype(a)>>{a}, x, dy, dx);
  });
}

template <class A, class T>
double backward_parameter(const A& act, const argument& x, const argument& dy, const argument& dx) {
  static_assert(differentiable<A, T>, "nonlin::backward: the activation has no member V derivative(V x)");
  static_assert(parametric<A, T>,
                "nonlin::backward: the activation has no member V parameter_derivative(V x)");
  check_arrays("backward", dx, x, dy);
  const axis_shape run{1, 1, x.count};
  axis_job<T, 2, 0, 1, 1> job{run, {input<T>(x, run), input<T>(dy, run)}, {}, {output<T>(dx, run)}, {}, {}};
  double sum = 0;
  job.totals[0] = &sum;
  run_axis(job, parameter_step<A>{act});
  return sum;
}

template <class A, class T>
void backward_from_output(const A& act, const argument& y, const argument& dy, const argument& dx) {
  static_assert(output_differentiable<A, T>,
                "nonlin::backward_from_output: the activation has no member V derivative_from_output(V y): "
                "its derivative "
                "is no function of its output");
  if constexpr (requires { act.output_tells_derivative(); }) {
    if (!act.output_tells_derivative()) [[unlikely]]
      fail(
          "nonlin::backward_from_output: with a negative slope or alpha the output does not tell the "
          "derivative");
  }
  map_gradient<T>("backward_from_output", output_step<A>{act}, y, dy, dx);
}

}  // namespace detail

// y = act(x)
template <class A, detail::contiguous X, detail::contiguous Y>
void forward(const A& act, const X& x, Y&& y) {
  detail::check_types<Y, const X>();
  using detail::arg, detail::data_of, detail::size_of;
  detail::forward<A, detail::value_of<Y>>(act, arg("x", data_of(x), size_of(x)),
                                          arg("y", data_of(y), size_of(y)));
}
template <class A, element T>
void forward(const A& act, const T* x, T* y, std::size_t n) {
  detail::forward<A, T>(act, detail::arg("x", x, n), detail::arg("y", y, n));
}

// dx = dy act'(x)
template <class A, detail::contiguous X, detail::contiguous DY, detail::contiguous DX>
void backward(const A& act, const X& x, const DY& dy, DX&& dx) {
  detail::check_types<DX, const X, const DY>();
  using detail::arg, detail::data_of, detail::size_of;
  detail::backward<A, detail::value_of<DX>>(act, arg("x", data_of(x), size_of(x)),
                                            arg("dy", data_of(dy), size_of(dy)),
                                            arg("dx", data_of(dx), size_of(dx)));
}
template <class A, element T>
void backward(const A& act, const T* x, const T* dy, T* dx, std::size_t n) {
  detail::backward<A, T>(act, detail::arg("x", x, n), detail::arg("dy", dy, n), detail::arg("dx", dx, n));
}

// dx = dy act'(x), dparam = sum of dy d act(x) / d parameter: within 2^-19 (double: 2^-48) of the sum of
// magnitudes, terms apart, and the same bits from run to run, whatever the alignment.
template <class A, detail::contiguous X, detail::contiguous DY, detail::contiguous DX, element P>
void backward(const A& act, const X& x, const DY& dy, DX&& dx, P& dparam) {
  detail::check_types<DX, const X, const DY>();
  using detail::arg, detail::data_of, detail::size_of;
  dparam = static_cast<P>(detail::backward_parameter<A, detail::value_of<DX>>(
      act, arg("x", data_of(x), size_of(x)), arg("dy", data_of(dy), size_of(dy)),
      arg("dx", data_of(dx), size_of(dx))));
}
template <class A, element T, element P>
void backward(const A& act, const T* x, const T* dy, T* dx, std::size_t n, P& dparam) {
  dparam = static_cast<P>(detail::backward_parameter<A, T>(
      act, detail::arg("x", x, n), detail::arg("dy", dy, n), detail::arg("dx", dx, n)));
}

// dx = dy act'(x), from y = act(x)
template <class A, detail::contiguous Y, detail::contiguous DY, detail::contiguous DX>
void backward_from_output(const A& act, const Y& y, const DY& dy, DX&& dx) {
  detail::check_types<DX, const Y, const DY>();
  using detail::arg, detail::data_of, detail::size_of;
  detail::backward_from_output<A, detail::value_of<DX>>(act, arg("y", data_of(y), size_of(y)),
                                                        arg("dy", data_of(dy), size_of(dy)),
                                                        arg("dx", data_of(dx), size_of(dx)));
}
template <class A, element T>
void backward_from_output(const A& act, const T* y, const T* dy, T* dx, std::size_t n) {
  detail::backward_from_output<A, T>(act, detail::arg("y", y, n), detail::arg("dy", dy, n),
                                     detail::arg("dx", dx, n));
}

}  // namespace NONLIN_ABI
}  // namespace nonlin
#include "detail/end.hpp"
