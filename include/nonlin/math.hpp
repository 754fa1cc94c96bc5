// SPDX-License-Identifier: Apache-2.0
// Mathematics for functors: on vectors of any instruction set, and on plain float and double.
//
//   exp expm1                          within 2 ULP, subnormal results included
//   sigmoid tanh erf                   within 4 ULP
//   erfc                               within 5 ULP
//   fma(a, b, c)                       a b + c; one rounding where the ISA has the instruction (not SSE2)
//   min max                            NaN if either argument is
//   abs  select(condition, a, b)       condition ? a : b, lane by lane; conditions come from < <= > >= ==
//   !=, & | ^ !
// Plain numbers mix with vectors: 1.702 * v, max(v, 0), select(v > 0, v, 0.1 * v).
#pragma once
#include <cstdint>
#include <utility>
#include "isa/scalar.hpp"
#include "math/erfc.hpp"
#include "math/exp.hpp"
#include "math/logistic.hpp"
#include "math/tanh.hpp"

#include "detail/begin.hpp"

namespace nonlin {
inline namespace NONLIN_ABI {

namespace detail {

// A plain number as a vector of one, so that the formulas meet nothing but vectors.
template <element T>
NONLIN_INLINE n_scalar::vec<T> lift(const T& x) {
  return x;
}
template <simd_vector V>
NONLIN_INLINE const V& lift(const V& x) {
  return x;
}
template <real V>
using lifted = std::remove_cvref_t<decltype(lift(std::declval<const V&>()))>;

// The type of an expression of vectors and plain numbers: the vector's, or that of the numbers.
template <class... A>
struct common;
template <class A>
struct common<A> {
  using type = A;
};
template <class A, class B>
struct common<A, B> {
  static constexpr auto pick() {
    if constexpr (simd_vector<A>)
      return static_cast<A (*)()>(nullptr);
    else if constexpr (simd_vector<B>)
      return static_cast<B (*)()>(nullptr);
    else
      return static_cast<std::common_type_t<A, B> (*)()>(nullptr);
  }
  using type = decltype(pick()());
};
template <class A, class B, class C>
struct common<A, B, C> : common<typename common<A, B>::type, C> {};

template <class... A>
concept operands = ((real<A> || number<A>)&&...) && (real<A> || ...);

}  // namespace detail

#define NONLIN_FUNCTION(name)              \
  template <real V>                        \
  NONLIN_INLINE V name(const V& x) {       \
    return V(math::name(detail::lift(x))); \
  }
NONLIN_FUNCTION(exp)
NONLIN_FUNCTION(expm1)
NONLIN_FUNCTION(sigmoid)
NONLIN_FUNCTION(tanh)
NONLIN_FUNCTION(erf)
NONLIN_FUNCTION(erfc)
#undef NONLIN_FUNCTION

template <real V>
NONLIN_INLINE V abs(const V& x) {
  return V(abs(detail::lift(x)));
}

template <class A, class B>
requires detail::operands<A, B> NONLIN_INLINE auto min(const A& a, const B& b) {
  using V = typename detail::common<A, B>::type;
  return V(min(detail::lift(V(a)), detail::lift(V(b))));
}

template <class A, class B>
requires detail::operands<A, B> NONLIN_INLINE auto max(const A& a, const B& b) {
  using V = typename detail::common<A, B>::type;
  return V(max(detail::lift(V(a)), detail::lift(V(b))));
}

template <class A, class B, class C>
requires detail::operands<A, B, C> NONLIN_INLINE auto fma(const A& a, const B& b, const C& c) {
  using V = typename detail::common<A, B, C>::type;
  return V(fma(detail::lift(V(a)), detail::lift(V(b)), detail::lift(V(c))));
}

template <class M, class A, class B>
requires requires { typename M::vector_type; }
NONLIN_INLINE typename M::vector_type select(const M& condition, const A& a, const B& b) {
  using V = typename M::vector_type;
  return select(condition, V(a), V(b));
}

template <class A, class B>
requires(number<A>&& number<B>) NONLIN_INLINE constexpr auto select(bool condition, const A& a, const B& b) {
  using T = std::common_type_t<A, B>;
  return condition ? static_cast<T>(a) : static_cast<T>(b);
}

// x > 0, x <= 0 and x == x. Under -ffinite-math-only the comparison of a plain number, where it is inlined into the user's code, is
// compiled as if there were no NaN; its bits are compared then.
#if NONLIN_FINITE_MATH_ONLY
#define NONLIN_COMPARISON(name, of_vector, of_bits)                                                             \
  template <real V>                                                                                             \
  NONLIN_INLINE constexpr auto name(const V& x) {                                                               \
    if constexpr (simd_vector<V>) {                                                                             \
      return of_vector;                                                                                         \
    } else {                                                                                                    \
      using B = std::conditional_t<sizeof(V) == 4, std::uint32_t, std::uint64_t>;                               \
      constexpr B sign = B{1} << (8 * sizeof(B) - 1), inf = sizeof(B) == 4 ? B(0x7f800000) : B(0x7ff0000000000000); \
      const B b = __builtin_bit_cast(B, x);                                                                     \
      return of_bits;                                                                                           \
    }                                                                                                           \
  }
#else
#define NONLIN_COMPARISON(name, of_vector, of_bits) \
  template <real V>                                 \
  NONLIN_INLINE constexpr auto name(const V& x) {   \
    return of_vector;                               \
  }
#endif
NONLIN_COMPARISON(is_positive, x > V(0), (b & ~sign) == b && b - 1 < inf)
NONLIN_COMPARISON(is_not_positive, x <= V(0), b == 0 || b - sign <= inf)
NONLIN_COMPARISON(is_number, x == x, (b & ~sign) <= inf)
#undef NONLIN_COMPARISON

}  // namespace NONLIN_ABI
}  // namespace nonlin
#include "detail/end.hpp"
