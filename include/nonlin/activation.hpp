// SPDX-License-Identifier: Apache-2.0
// What an activation is: a small value type, its members its parameters (as double), with
//
//   V operator()(V x)              the activation, V being float, double or a vector of them
//   V derivative(V x)              for backward
//   V derivative_from_output(V y)  optional: the derivative at x as a function of y = act(x)
//   value_and_derivative(V x)      optional: {value, derivative} where they share work; for gated units. The
//                                  derivative may be the worse by a few ULP, and near a root absolute only
//   V parameter_derivative(V x)    optional: the derivative by the trainable parameter
//   near_zero at_zero()            optional, constexpr: what it is near 0 (math/near_zero.hpp); then subnormal numbers cost arrays
//                                  2 to 5 times as much as others, not 30 to 100 times. The derivative is constant there
//
// Any functor or generic lambda with the first will do for forward.
#pragma once
#include "isa/scalar.hpp"
#include "math/near_zero.hpp"

#include "detail/begin.hpp"

namespace nonlin {

// Error bounds, over all finite inputs, tails and subnormal results included, on every instruction set, in
// units in the last place of the exact result (of the least subnormal's size for subnormal results).
// Within `radius` of a root of the derivative, if a radius is given, the derivative's bound is `absolute`
// instead.
struct accuracy {
  double forward;
  double derivative;
  double root = 0, radius = 0, absolute = 0;
};

template <class... Ts>
struct type_list {
  static constexpr std::size_t size = sizeof...(Ts);
};

inline namespace NONLIN_ABI {

template <class A, class T = float>
concept activation = requires(const A& act, const n_scalar::vec<T>& x) {
  { act(x) } -> std::convertible_to<n_scalar::vec<T>>;
};

template <class A, class T = float>
concept differentiable = requires(const A& act, const n_scalar::vec<T>& x) {
  { act.derivative(x) } -> std::convertible_to<n_scalar::vec<T>>;
};

template <class A, class T = float>
concept output_differentiable = requires(const A& act, const n_scalar::vec<T>& y) {
  { act.derivative_from_output(y) } -> std::convertible_to<n_scalar::vec<T>>;
};

template <class A, class T = float>
concept parametric = requires(const A& act, const n_scalar::vec<T>& x) {
  { act.parameter_derivative(x) } -> std::convertible_to<n_scalar::vec<T>>;
};

namespace detail {

template <class A>
concept known_near_zero = requires(const A& act) {
  { act.at_zero() } -> std::same_as<near_zero>;
};
// of the derivative; that of a product with x chooses by comparing x
constexpr near_zero derivative_at_zero(near_zero value) {
  return value == near_zero::unknown || value == near_zero::harmless ? value
         : value == near_zero::product                               ? near_zero::harmless
                                                                     : near_zero::constant;
}
template <class A, class V>
constexpr bool is_mirrored() {
  if constexpr (requires { A::template mirrors<V>; })
    return A::template mirrors<V>;
  else
    return false;
}
// where value and derivative are computed together
template <class A, class V>
constexpr bool both_are_mirrored() {
  if constexpr (requires { A::template both_mirror<V>; })
    return A::template both_mirror<V>;
  else
    return is_mirrored<A, V>();
}

// The value takes more constants than a processor has registers: `template <class V> static constexpr bool crowded`.
template <class A, class V>
inline constexpr bool is_crowded = requires { requires A::template crowded<V>; };

// What calls on arrays compute A by: f(act), or f of another type that gives the same bits. Chosen at the call, since a branch in the kernel
// would keep its vectors from alternating.
template <class A>
struct in_arrays {
  template <class F>
  static void forward(const A& act, const F& f) {
    f(act);
  }
  template <class F>
  static void backward(const A& act, const F& f) {
    f(act);
  }
};

// A parameter in both types: g++ takes no conversion out of a loop, since it may trap. ELU 3 %, Swish half the time.
struct parameter {
  double as_double;
  float as_float;
  constexpr parameter(double p) : as_double(p), as_float(static_cast<float>(p)) {}
  template <class V>
  NONLIN_INLINE V in() const {
    if constexpr (sizeof(element_of<V>) == 4)
      return V(as_float);
    else
      return V(as_double);
  }
};

}  // namespace detail

}  // namespace NONLIN_ABI
}  // namespace nonlin
#include "detail/end.hpp"
