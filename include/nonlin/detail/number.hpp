// SPDX-License-Identifier: Apache-2.0
// What may stand beside a vector in an expression, and which types nonlin computes with.
#pragma once
#include <concepts>
#include <cstddef>
#include <type_traits>
#include "abi.hpp"

namespace nonlin {
inline namespace NONLIN_ABI {

template <class T>
concept number = std::is_arithmetic_v<T>;

// The element types of arrays.
template <class T>
concept element = std::same_as<T, float> || std::same_as<T, double>;

// A SIMD vector of nonlin: nonlin::forward calls an activation with one, and with nothing else.
template <class V>
concept simd_vector = requires {
  typename V::element;
  { V::has_fma } -> std::convertible_to<bool>;
}
&&(V::size >= 1);

// What a functor can be called with: a plain float or double, or a vector of them.
template <class V>
concept real = element<V> || simd_vector<V>;

// Where infinities are said not to exist (-ffinite-math-only) clang takes whatever is computed with one that it sees for
// undefined, in spite of detail/begin.hpp: here it does not see it.
template <element T>
NONLIN_INLINE T infinity() {
  T x = sizeof(T) == 4 ? static_cast<T>(__builtin_huge_valf()) : static_cast<T>(__builtin_huge_val());
#if defined(__clang__) && NONLIN_FINITE_MATH_ONLY
  __asm__("" : "+m"(x));
#endif
  return x;
}

// Of the numbers of a type, for operations on their bits.
template <element T>
inline constexpr T exponent_magic = T(sizeof(T) == 4 ? 0x1p+23 : 0x1p+52);  // or-ed to an integer: the number + it
template <element T>
inline constexpr T exponent_bias = T(sizeof(T) == 4 ? 127 : 1023);
template <element T>  // all digits on, all others off: the largest subnormal
inline constexpr T mantissa_bits = T(sizeof(T) == 4 ? 0x1.fffffcp-127 : 0x1.ffffffffffffep-1023);

// Whether there is powers8(table, a): 2^(m / 8), m being the integer in the lowest bits of a, of a table of exp.hpp.
template <simd_vector V>
inline constexpr bool has_powers8 = requires { requires V::has_powers8; };

// m ? a b : c, where an instruction does not do it better
template <class M, class V>
NONLIN_INLINE V product_where(const M& m, const V& a, const V& b, const V& c) {
  return select(m, a * b, c);
}

// Whether there is step(x, low): 1 where x > 0, low where x <= 0, NaN where x is.
template <class V>
inline constexpr bool has_step = false;
template <simd_vector V>
inline constexpr bool has_step<V> = V::has_scalef;

namespace detail {
template <class V>
struct element_type {
  using type = V;
};
template <simd_vector V>
struct element_type<V> {
  using type = typename V::element;
};
}  // namespace detail

// float or double: V itself, or what V is a vector of.
template <real V>
using element_of = typename detail::element_type<V>::type;

// Defined in math.hpp. Each ISA's namespace has them too, so that an unqualified exp(v) finds them by v's type.
template <real V>
V exp(const V& x);
template <real V>
V expm1(const V& x);
template <real V>
V sigmoid(const V& x);
template <real V>
V tanh(const V& x);
template <real V>
V erf(const V& x);
template <real V>
V erfc(const V& x);

}  // namespace NONLIN_ABI
}  // namespace nonlin
