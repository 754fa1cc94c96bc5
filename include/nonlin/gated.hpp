// SPDX-License-Identifier: Apache-2.0
// Gated units: y = act(gate) * value. The gate is what goes through the nonlinearity.
//
//   GLU        sigma(gate) value       Dauphin et al. 2016, arXiv 1612.08083
//   ReGLU      max(0, gate) value      this and the following: Shazeer 2020, arXiv 2002.05202
//   GeGLU      GELU(gate) value
//   GeGLUTanh  GELUTanh(gate) value
//   SwiGLU     Swish_beta(gate) value, beta = 1: SwiGLU{{.beta = 1.702}}
//   Bilinear   gate value
//   Gated<A>   A(gate) value, for any activation, yours too
//
//   forward(SwiGLU{}, gate, value, y)
//   backward(SwiGLU{}, gate, value, dy, dgate, dvalue)           dgate = dy value act'(gate), dvalue = dy act(gate)
//   backward(SwiGLU{}, gate, value, dy, dgate, dvalue, dbeta)    and the gradient of A's parameter
//
// Biases: each of gate and value may be biased(gate, b), for act(gate + b) (value + c), the axis being the last or that of a
// shape that follows; biased(dgate, db) and biased(dvalue, dc) give their gradients, within 2^-19 (double: 2^-48) of the sum
// of magnitudes.
//
// Packed: both operands in one array x, by halves of the axis or alternating along it; `axis` counts both.
//   forward(SwiGLU{}, packed::gate_first, x, y, shape)           Llama, Megatron; x is (outer, 2 h, inner), y (outer, h, inner)
//   backward(SwiGLU{}, packed::gate_first, x, dy, dx, shape)     x and dx may be biased, by 2 h
//   packed::gate_last: PyTorch's glu; packed::interleaved: gate at even indices (gpt-oss). There is no default.
//
//   error      act's bound, of act(gate), and a rounding or two; dvalue alike; dgate that of the derivative
//   in place   y may be gate or value; dgate and dvalue each may be gate, value or dy, but not one another; packed dx may be x
#pragma once
#include "biased.hpp"
#include "gelu.hpp"
#include "gelu_tanh.hpp"
#include "identity.hpp"
#include "relu.hpp"
#include "sigmoid.hpp"
#include "swish.hpp"

#include "detail/begin.hpp"

namespace nonlin {

template <class A>
struct Gated {
  A act;

  template <real V>
  NONLIN_INLINES_CALLS NONLIN_INLINE V operator()(const V& gate, const V& value) const {
    return math::times(value, V(act(gate)));
  }
};

using GLU = Gated<Sigmoid>;
using ReGLU = Gated<ReLU>;
using GeGLU = Gated<GELU>;
using GeGLUTanh = Gated<GELUTanh>;
using SwiGLU = Gated<Swish>;
using Bilinear = Gated<Identity>;

// THE LIST of the gated units, for tests and benches.
using gated_units = type_list<GLU, ReGLU, GeGLU, GeGLUTanh, SwiGLU, Bilinear>;

// Where the operands are in a packed array.
namespace packed {
inline constexpr struct gate_first_t {
} gate_first{};
inline constexpr struct gate_last_t {
} gate_last{};
inline constexpr struct interleaved_t {
} interleaved{};
}  // namespace packed

inline namespace NONLIN_ABI {
namespace detail {

template <class L>
concept packed_layout = std::same_as<L, packed::gate_first_t> || std::same_as<L, packed::gate_last_t> ||
    std::same_as<L, packed::interleaved_t>;
template <class L>
inline constexpr bool alternates = std::same_as<L, packed::interleaved_t>;

template <class A, class V>
NONLIN_INLINES_CALLS NONLIN_INLINE math::both<V> both_of(const A& act, const V& x) {
  if constexpr (requires { act.value_and_derivative(x); }) {
    const auto both = act.value_and_derivative(x);
    return {V(both.value), V(both.derivative)};
  } else {
    return {V(act(x)), V(act.derivative(x))};
  }
}

template <class A>
struct gated_forward_step {
  A act;
  template <class V, std::size_t P>
  NONLIN_INLINES_CALLS NONLIN_INLINE void operator()(const V (&in)[2], const V (&p)[P], V (&out)[1], V (&)[1]) const {
    if constexpr (P == 2)
      out[0] = V(act(in[0] + p[0])) * (in[1] + p[1]);
    else
      out[0] = V(act(in[0])) * in[1];
  }
};

// A gate that is passed on as it is, or as 0, is a factor.
constexpr near_zero gate_at_zero(near_zero value) { return value == near_zero::harmless ? near_zero::product : value; }

template <class A>
struct gated_value {
  A act;
  template <class V>
  static constexpr bool crowded = is_crowded<A, V>;
  template <class V>
  NONLIN_INLINES_CALLS NONLIN_INLINE V operator()(const V& gate, const V& value) const {
    return math::times(value, V(act(gate)));
  }
  constexpr near_zero argument() const requires known_near_zero<A> { return gate_at_zero(act.at_zero()); }
  constexpr near_zero result(std::size_t) const requires known_near_zero<A> { return argument(); }
  template <class V>
  static constexpr bool mirrored() {
    return is_mirrored<A, V>();
  }
};

// {dgate, dvalue}
template <class A>
struct gated_gradient {
  A act;
  template <class V>
  static constexpr bool crowded = is_crowded<A, V>;
  template <class V>
  NONLIN_INLINE math::both<V> operator()(const V& gate, const V& value, const V& dy) const {
    const auto both = both_of(act, gate);
    return {math::times(dy * value, V(both.derivative)), math::times(dy, V(both.value))};
  }
  constexpr near_zero argument() const requires known_near_zero<A> { return gate_at_zero(act.at_zero()); }
  constexpr near_zero result(std::size_t out) const requires known_near_zero<A> {
    return out == 0 ? derivative_at_zero(act.at_zero()) : argument();
  }
  template <class V>
  static constexpr bool mirrored() {
    return both_are_mirrored<A, V>();
  }
};

// Terms: of b and c, if there are biases; of the parameter.
template <class A, bool Biased, bool Parameter>
struct gated_backward_step {
  A act;
  template <class V, std::size_t P, std::size_t S>
  NONLIN_INLINES_CALLS NONLIN_INLINE void operator()(const V (&in)[3], const V (&p)[P], V (&out)[2], V (&term)[S]) const {
    V gate = in[0], value = in[1];
    if constexpr (Biased) {
      gate = gate + p[0];
      value = value + p[1];
    }
    const auto both = both_of(act, gate);
    const V flow = in[2] * value;
    out[0] = flow * both.derivative;
    out[1] = in[2] * both.value;
    if constexpr (Biased) {
      term[0] = out[0];
      term[1] = out[1];
    }
    if constexpr (Parameter) term[S - 1] = flow * V(act.parameter_derivative(gate));
  }
};

// Both at the same place of a vector, whatever the instruction set.
template <class T>
bool aligned_alike(const T* a, const T* b) {
  return (reinterpret_cast<std::uintptr_t>(a) - reinterpret_cast<std::uintptr_t>(b)) % 64 == 0;
}

// What the operands of a gated call are, split or packed; their gradients alike.
template <class P>
struct gated_arrays {
  strided<P> gate, value;
  P *b = nullptr, *c = nullptr;
};

template <bool Biased, bool Pairs, class T, class A>
void run_gated_forward(const A& act, const axis_shape& s, const gated_arrays<const T>& x, const argument& y) {
  constexpr std::size_t p = Biased ? 2 : 0;
  axis_job<T, 2, p, 1, 0> job{s, {x.gate, x.value}, {}, {output<T>(y, s)}, {}, {}};
  if constexpr (p != 0) {
    job.p[0] = x.b;
    job.p[1] = x.c;
  }
  in_arrays<A>::forward(act, [&](const auto& a) {
    run_axis<Pairs>(job, gated_forward_step<std::remove_cvref_t<decltype(a)>>{a});
  });
}

template <bool Biased, bool Pairs, bool Parameter, class T, class A>
void run_gated_backward(const A& act, const axis_shape& s, const gated_arrays<const T>& x, const argument& dy,
                        const gated_arrays<T>& dx, double* dparam) {
  static_assert(differentiable<A, T>, "nonlin::backward: the gate's activation has no member V derivative(V x)");
  constexpr std::size_t p = Biased ? 2 : 0, sums = p + Parameter;
  axis_job<T, 3, p, 2, sums> job{s, {x.gate, x.value, input<T>(dy, s)}, {}, {dx.gate, dx.value}, {}, {}};
  if constexpr (Biased) {
    job.p[0] = x.b;
    job.p[1] = x.c;
    job.sums[0] = dx.b;
    job.sums[1] = dx.c;
  }
  if constexpr (Parameter) job.totals[sums - 1] = dparam;
  if constexpr (Parameter) {
    run_axis<Pairs>(job, gated_backward_step<A, Biased, true>{act});
  } else {
    in_arrays<A>::backward(act, [&](const auto& a) {
      run_axis<Pairs>(job, gated_backward_step<std::remove_cvref_t<decltype(a)>, Biased, false>{a});
    });
  }
}

// -- two operands -----------------------------------------------------------------------------------------------

template <class T, bool Biased, class A>
void forward_gated(const Gated<A>& unit, const operand& gate, const operand& value, const argument& y,
                   const optional_shape& s) {
  static_assert(activation<A, T>, "nonlin::forward: the gate's activation cannot be called with a vector");
  check_arrays("forward", y, gate.x, value.x);
  const axis_shape shape = resolve_shape("forward", gate.x, s, {gate.bias, value.bias});
  check_apart("forward", y, gate.bias);
  check_apart("forward", y, value.bias);
  const auto *g = static_cast<const T*>(gate.x.data), *v = static_cast<const T*>(value.x.data);
  if constexpr (!Biased) {
    T* const out[] = {to_write<T>(y)};
    const bool stream = streams(y.count, 3, out[0], g, v);
    in_arrays<A>::forward(unit.act, [&](const auto& a) {
      const gated_value<std::remove_cvref_t<decltype(a)>> step{a};
      with_kernels([&](auto k) { k.map(step, stream, y.count, out, g, v); });
    });
  } else {
    run_gated_forward<true, false, T>(
        unit.act, shape,
        {input<T>(gate.x, shape), input<T>(value.x, shape), static_cast<const T*>(gate.bias.data),
         static_cast<const T*>(value.bias.data)},
        y);
  }
}

template <class T, bool Biased, bool Parameter, class A>
void backward_gated(const Gated<A>& unit, const operand& gate, const operand& value, const argument& dy,
                    const operand& dgate, const operand& dvalue, const optional_shape& s, double* dparam) {
  check_arrays("backward", dgate.x, gate.x, value.x, dy);
  check_arrays("backward", dvalue.x, gate.x, value.x, dy);
  check_apart("backward", dgate.x, dvalue.x);
  axis_shape shape = resolve_shape("backward", gate.x, s, {gate.bias, value.bias, dgate.bias, dvalue.bias});
  for (const argument& bias : {gate.bias, value.bias}) {
    check_apart("backward", dgate.x, bias);
    check_apart("backward", dvalue.x, bias);
  }
  for (const argument& other : {gate.x, gate.bias, value.x, value.bias, dy, dgate.x, dvalue.x}) {
    check_apart("backward", dgate.bias, other);
    check_apart("backward", dvalue.bias, other);
  }
  check_apart("backward", dgate.bias, dvalue.bias);
  if constexpr (!Biased && !Parameter) {
    static_assert(differentiable<A, T>, "nonlin::backward: the gate's activation has no member V derivative(V x)");
    const auto *g = static_cast<const T*>(gate.x.data), *v = static_cast<const T*>(value.x.data),
               *d = static_cast<const T*>(dy.data);
    T* const out[] = {to_write<T>(dgate.x), to_write<T>(dvalue.x)};
    const bool stream = streams(dy.count, 5, out[0], g, v) && streams(dy.count, 5, out[1], g, v) && out[0] != d &&
                        out[1] != d && aligned_alike(out[0], out[1]);
    in_arrays<A>::backward(unit.act, [&](const auto& a) {
      const gated_gradient<std::remove_cvref_t<decltype(a)>> step{a};
      with_kernels([&](auto k) { k.map(step, stream, dy.count, out, g, v, d); });
    });
  } else {
    if (!Biased) shape = {1, 1, dy.count};
    run_gated_backward<Biased, false, Parameter, T>(
        unit.act, shape,
        {input<T>(gate.x, shape), input<T>(value.x, shape), static_cast<const T*>(gate.bias.data),
         static_cast<const T*>(value.bias.data)},
        dy, {output<T>(dgate.x, shape), output<T>(dvalue.x, shape), to_write<T>(dgate.bias), to_write<T>(dvalue.bias)},
        dparam);
  }
}

// -- packed -----------------------------------------------------------------------------------------------------

// The shape of the packed array; `half` is one operand's.
inline axis_shape check_packed(const char* function, const operand& x, const argument& half, const optional_shape& s,
                               const argument& dbias, bool interleaved) {
  check_not_null(function, x.x);
  check_not_null(function, half);
  axis_shape shape = s.shape;
  if (!s.given) {
    const argument& b = x.bias.name != nullptr ? x.bias : dbias;
    shape = {x.x.count == 0 ? std::size_t{0} : std::size_t{1}, x.x.count == 0 ? 2 : x.x.count, 1};
    if (b.name != nullptr) shape = resolve_shape(function, x.x, {}, {b});
  }
  if (shape.axis % 2 != 0) [[unlikely]]
    fail((text() << "nonlin::" << function << ": the packed axis of " << x.x.name << " has " << shape.axis
                 << " elements, an odd number")
             .c_str());
  check_shape(function, x.x, shape);
  if (interleaved && shape.inner != 1) [[unlikely]]
    fail((text() << "nonlin::" << function << ": packed::interleaved needs inner 1, the shape is " << shape).c_str());
  if (half.count != x.x.count / 2) [[unlikely]]
    fail((text() << "nonlin::" << function << ": " << half.name << " has " << half.count << " elements, half of the "
                 << x.x.count << " of " << x.x.name << " is " << x.x.count / 2)
             .c_str());
  for (const argument& b : {x.bias, dbias}) {
    if (b.name != nullptr) check_count(function, b, shape.axis, "indices of the packed axis");
  }
  return shape;
}

// The two operands in a packed array and in its biases. `used` is the shape of one of them.
template <class L, class P>
gated_arrays<P> unpacked(P* x, P* bias, const axis_shape& packed, const axis_shape& used) {
  if constexpr (alternates<L>) {
    return {{x, packed.axis, 1}, {x, packed.axis, 1}, bias, bias};
  } else {
    const std::size_t half = packed.axis / 2, outer = packed.axis * packed.inner;
    const strided<P> first{x, outer, used.inner}, second{x + half * packed.inner, outer, used.inner};
    P* const second_bias = bias != nullptr ? bias + half : nullptr;
    if constexpr (std::same_as<L, packed::gate_first_t>)
      return {first, second, bias, second_bias};
    else
      return {second, first, second_bias, bias};
  }
}

template <class L, bool Biased>
axis_shape half_shape(const axis_shape& s) {
  if (!Biased && !alternates<L>) return {s.outer, 1, s.axis / 2 * s.inner};
  return {s.outer, s.axis / 2, s.inner};
}

template <class T, class L, bool Biased, class A>
void forward_packed(const Gated<A>& unit, const operand& x, const argument& y, const optional_shape& s) {
  const axis_shape shape = check_packed("forward", x, y, s, {}, alternates<L>);
  check_apart("forward", y, x.x);
  check_apart("forward", y, x.bias);
  const axis_shape used = half_shape<L, Biased>(shape);
  run_gated_forward<Biased || alternates<L>, alternates<L>, T>(
      unit.act, used,
      unpacked<L>(static_cast<const T*>(x.x.data), static_cast<const T*>(x.bias.data), shape, used), y);
}

template <class T, class L, bool Biased, bool Parameter, class A>
void backward_packed(const Gated<A>& unit, const operand& x, const argument& dy, const operand& dx,
                     const optional_shape& s, double* dparam) {
  check_arrays("backward", dx.x, x.x);
  const axis_shape shape = check_packed("backward", x, dy, s, dx.bias, alternates<L>);
  check_apart("backward", dx.x, dy);
  check_apart("backward", dx.x, x.bias);
  for (const argument& other : {x.x, x.bias, dy, dx.x}) check_apart("backward", dx.bias, other);
  const axis_shape used = half_shape<L, Biased>(shape);
  run_gated_backward<Biased || alternates<L>, alternates<L>, Parameter, T>(
      unit.act, used,
      unpacked<L>(static_cast<const T*>(x.x.data), static_cast<const T*>(x.bias.data), shape, used), dy,
      unpacked<L>(to_write<T>(dx.x), to_write<T>(dx.bias), shape, used), dparam);
}

template <class... R>
inline constexpr bool any_biased = (is_biased<std::remove_cvref_t<R>> || ...);

}  // namespace detail

// -- y = act(gate) * value ----------------------------------------------------------------------------------------

#define NONLIN_ARRAY(name, r) detail::arg(name, detail::data_of(r), detail::size_of(r))

template <class A, detail::operand_like G, detail::operand_like U, detail::contiguous Y>
void forward(const Gated<A>& unit, const G& gate, const U& value, Y&& y) {
  detail::check_operands(type_list<Y>(), type_list<G, U>());
  detail::forward_gated<detail::value_of<Y>, detail::any_biased<G, U>>(
      unit, detail::operand_of("gate", "b", gate), detail::operand_of("value", "c", value), NONLIN_ARRAY("y", y), {});
}
template <class A, detail::operand_like G, detail::operand_like U, detail::contiguous Y>
void forward(const Gated<A>& unit, const G& gate, const U& value, Y&& y, const axis_shape& shape) {
  detail::check_operands(type_list<Y>(), type_list<G, U>());
  detail::forward_gated<detail::value_of<Y>, detail::any_biased<G, U>>(unit, detail::operand_of("gate", "b", gate),
                                                                       detail::operand_of("value", "c", value),
                                                                       NONLIN_ARRAY("y", y), {shape, true});
}
template <class A, element T>
void forward(const Gated<A>& unit, const T* gate, const T* value, T* y, std::size_t n) {
  detail::forward_gated<T, false>(unit, {detail::arg("gate", gate, n), {}}, {detail::arg("value", value, n), {}},
                                  detail::arg("y", y, n), {});
}

template <class A, detail::operand_like G, detail::operand_like U, detail::contiguous DY, detail::operand_like DG,
          detail::operand_like DU>
void backward(const Gated<A>& unit, const G& gate, const U& value, const DY& dy, DG&& dgate, DU&& dvalue) {
  detail::check_operands(type_list<DG, DU>(), type_list<G, U, DY>());
  detail::backward_gated<detail::value_of<DY>, detail::any_biased<G, U, DG, DU>, false>(
      unit, detail::operand_of("gate", "b", gate), detail::operand_of("value", "c", value), NONLIN_ARRAY("dy", dy),
      detail::operand_of("dgate", "db", dgate), detail::operand_of("dvalue", "dc", dvalue), {}, nullptr);
}
template <class A, detail::operand_like G, detail::operand_like U, detail::contiguous DY, detail::operand_like DG,
          detail::operand_like DU>
void backward(const Gated<A>& unit, const G& gate, const U& value, const DY& dy, DG&& dgate, DU&& dvalue,
              const axis_shape& shape) {
  detail::check_operands(type_list<DG, DU>(), type_list<G, U, DY>());
  detail::backward_gated<detail::value_of<DY>, detail::any_biased<G, U, DG, DU>, false>(
      unit, detail::operand_of("gate", "b", gate), detail::operand_of("value", "c", value), NONLIN_ARRAY("dy", dy),
      detail::operand_of("dgate", "db", dgate), detail::operand_of("dvalue", "dc", dvalue), {shape, true}, nullptr);
}
// and the gradient of the activation's parameter
template <class A, detail::operand_like G, detail::operand_like U, detail::contiguous DY, detail::operand_like DG,
          detail::operand_like DU, element P, class... Shape>
requires((std::same_as<Shape, axis_shape> && ...) && sizeof...(Shape) <= 1)
void backward(const Gated<A>& unit, const G& gate, const U& value, const DY& dy, DG&& dgate, DU&& dvalue, P& dparam,
              const Shape&... shape) {
  detail::check_operands(type_list<DG, DU>(), type_list<G, U, DY>());
  static_assert(parametric<A, detail::value_of<DY>>,
                "nonlin::backward: the gate's activation has no member V parameter_derivative(V x)");
  double sum = 0;
  detail::backward_gated<detail::value_of<DY>, detail::any_biased<G, U, DG, DU>, true>(
      unit, detail::operand_of("gate", "b", gate), detail::operand_of("value", "c", value), NONLIN_ARRAY("dy", dy),
      detail::operand_of("dgate", "db", dgate), detail::operand_of("dvalue", "dc", dvalue),
      {axis_shape{shape...}, sizeof...(Shape) == 1}, &sum);
  dparam = static_cast<P>(sum);
}
template <class A, element T>
void backward(const Gated<A>& unit, const T* gate, const T* value, const T* dy, T* dgate, T* dvalue, std::size_t n) {
  detail::backward_gated<T, false, false>(unit, {detail::arg("gate", gate, n), {}}, {detail::arg("value", value, n), {}},
                                          detail::arg("dy", dy, n), {detail::arg("dgate", dgate, n), {}},
                                          {detail::arg("dvalue", dvalue, n), {}}, {}, nullptr);
}

template <class A, detail::packed_layout L, detail::operand_like X, detail::contiguous Y, class... Shape>
requires((std::same_as<Shape, axis_shape> && ...) && sizeof...(Shape) <= 1)
void forward(const Gated<A>& unit, const L&, const X& x, Y&& y, const Shape&... shape) {
  detail::check_operands(type_list<Y>(), type_list<X>());
  detail::forward_packed<detail::value_of<Y>, L, detail::any_biased<X>>(
      unit, detail::operand_of("x", "b", x), NONLIN_ARRAY("y", y), {axis_shape{shape...}, sizeof...(Shape) == 1});
}
template <class A, detail::packed_layout L, element T>
void forward(const Gated<A>& unit, const L&, const T* x, T* y, const axis_shape& shape) {
  detail::forward_packed<T, L, false>(unit, {detail::arg("x", x, shape.size()), {}},
                                      detail::arg("y", y, shape.size() / 2), {shape, true});
}
template <class A, detail::packed_layout L, detail::operand_like X, detail::contiguous DY, detail::operand_like DX,
          class... Shape>
requires((std::same_as<Shape, axis_shape> && ...) && sizeof...(Shape) <= 1)
void backward(const Gated<A>& unit, const L&, const X& x, const DY& dy, DX&& dx, const Shape&... shape) {
  detail::check_operands(type_list<DX>(), type_list<X, DY>());
  detail::backward_packed<detail::value_of<DY>, L, detail::any_biased<X, DX>, false>(
      unit, detail::operand_of("x", "b", x), NONLIN_ARRAY("dy", dy), detail::operand_of("dx", "db", dx),
      {axis_shape{shape...}, sizeof...(Shape) == 1}, nullptr);
}
template <class A, detail::packed_layout L, detail::operand_like X, detail::contiguous DY, detail::operand_like DX,
          element P, class... Shape>
requires((std::same_as<Shape, axis_shape> && ...) && sizeof...(Shape) <= 1)
void backward(const Gated<A>& unit, const L&, const X& x, const DY& dy, DX&& dx, P& dparam, const Shape&... shape) {
  detail::check_operands(type_list<DX>(), type_list<X, DY>());
  static_assert(parametric<A, detail::value_of<DY>>,
                "nonlin::backward: the gate's activation has no member V parameter_derivative(V x)");
  double sum = 0;
  detail::backward_packed<detail::value_of<DY>, L, detail::any_biased<X, DX>, true>(
      unit, detail::operand_of("x", "b", x), NONLIN_ARRAY("dy", dy), detail::operand_of("dx", "db", dx),
      {axis_shape{shape...}, sizeof...(Shape) == 1}, &sum);
  dparam = static_cast<P>(sum);
}
template <class A, detail::packed_layout L, element T>
void backward(const Gated<A>& unit, const L&, const T* x, const T* dy, T* dx, const axis_shape& shape) {
  const std::size_t n = shape.size();
  detail::backward_packed<T, L, false, false>(unit, {detail::arg("x", x, n), {}}, detail::arg("dy", dy, n / 2),
                                              {detail::arg("dx", dx, n), {}}, {shape, true}, nullptr);
}
#undef NONLIN_ARRAY

}  // namespace NONLIN_ABI
}  // namespace nonlin
#include "detail/end.hpp"
