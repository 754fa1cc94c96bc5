// SPDX-License-Identifier: Apache-2.0
// Four vectors as one, so that a formula asks once for all of them whether a lane is beyond its common range: a branch at each
// vector would keep the compiler from doing them side by side.
//
//   Record: AVX2 on Cascade Lake, g++ 12, ns an element, four vectors by themselves / as a pack: Sigmoid .76 / .69, SiLU .76 / .65, exp
//   .58 / .50, SwiGLU .97 / .80; formulas without a branch (Tanh, GELU, ELU): the same within 5 %, g++ puts their steps side by side
//   or one after another as registers allow.
#pragma once
#include <cstdint>
#include "../detail/jump.hpp"
#include "../detail/number.hpp"

#include "../detail/begin.hpp"

namespace nonlin {
inline namespace NONLIN_ABI {
namespace math {

template <class V>
struct pack;

template <class V>
struct pack_mask {
  using vector_type = pack<V>;
  using plain = decltype(V() < V());

  plain a, b, c, d;

#define NONLIN_BINARY(op)                                                              \
  friend NONLIN_INLINE pack_mask operator op(const pack_mask& x, const pack_mask& y) { \
    return {x.a op y.a, x.b op y.b, x.c op y.c, x.d op y.d};                           \
  }
  NONLIN_BINARY(&)
  NONLIN_BINARY(|)
  NONLIN_BINARY(^)
  NONLIN_BINARY(&&)
  NONLIN_BINARY(||)
#undef NONLIN_BINARY
  friend NONLIN_INLINE pack_mask operator!(const pack_mask& x) { return {!x.a, !x.b, !x.c, !x.d}; }
  friend NONLIN_INLINE bool any(const pack_mask& x) { return any((x.a | x.b) | (x.c | x.d)); }
};

template <class V>
struct pack {
  using element = typename V::element;
  using mask_type = pack_mask<V>;
  static constexpr std::size_t size = V::size;  // of each: what a functor sees is that of the instruction set
  static constexpr bool has_fma = V::has_fma, has_scalef = V::has_scalef, has_table32 = V::has_table32, has_table16 = V::has_table16;
  static constexpr bool has_powers8 = nonlin::has_powers8<V>;

  V a, b, c, d;

  NONLIN_INLINE pack() {}
  NONLIN_INLINE pack(const pack& o) : a(o.a), b(o.b), c(o.c), d(o.d) {}
  NONLIN_INLINE pack(const V& w, const V& x, const V& y, const V& z) : a(w), b(x), c(y), d(z) {}
  template <number N>
  NONLIN_INLINE pack(N x) : a(x), b(x), c(x), d(x) {}
  NONLIN_INLINE pack& operator=(const pack& o) {
    a = o.a;
    b = o.b;
    c = o.c;
    d = o.d;
    return *this;
  }

#define NONLIN_UNARY(name) \
  friend NONLIN_INLINE pack name(const pack& x) { return {name(x.a), name(x.b), name(x.c), name(x.d)}; }
#define NONLIN_BINARY(name)                                                  \
  friend NONLIN_INLINE pack name(const pack& x, const pack& y) {             \
    return {name(x.a, y.a), name(x.b, y.b), name(x.c, y.c), name(x.d, y.d)}; \
  }
#define NONLIN_TERNARY(name)                                                                         \
  friend NONLIN_INLINE pack name(const pack& x, const pack& y, const pack& z) {                      \
    return {name(x.a, y.a, z.a), name(x.b, y.b, z.b), name(x.c, y.c, z.c), name(x.d, y.d, z.d)};     \
  }
#define NONLIN_OPERATOR(op)                                             \
  friend NONLIN_INLINE pack operator op(const pack& x, const pack& y) { \
    return {x.a op y.a, x.b op y.b, x.c op y.c, x.d op y.d};            \
  }                                                                     \
  friend NONLIN_INLINE pack& operator op##=(pack& x, const pack& y) { return x = x op y; }
#define NONLIN_COMPARISON(op)                                                \
  friend NONLIN_INLINE mask_type operator op(const pack& x, const pack& y) { \
    return {x.a op y.a, x.b op y.b, x.c op y.c, x.d op y.d};                 \
  }
#include "operations.inl"

  friend NONLIN_INLINE void side_by_side(pack& x) {
    if constexpr (requires { side_by_side(x.a, x.b, x.c, x.d); }) side_by_side(x.a, x.b, x.c, x.d);
  }
  friend NONLIN_INLINE pack select(const mask_type& m, const pack& x, const pack& y) {
    return {select(m.a, x.a, y.a), select(m.b, x.b, y.b), select(m.c, x.c, y.c), select(m.d, x.d, y.d)};
  }
  friend NONLIN_INLINE pack lookup16(const element (&t)[16], const pack& x) {
    return {lookup16(t, x.a), lookup16(t, x.b), lookup16(t, x.c), lookup16(t, x.d)};
  }
  friend NONLIN_INLINE pack within(const pack& x, element end) {
    return {within(x.a, end), within(x.b, end), within(x.c, end), within(x.d, end)};
  }
  friend NONLIN_INLINE pack powers8(const std::uint32_t (&t)[8], const pack& x) {
    return {powers8(t, x.a), powers8(t, x.b), powers8(t, x.c), powers8(t, x.d)};
  }
};

}  // namespace math
}  // namespace NONLIN_ABI
}  // namespace nonlin
#include "../detail/end.hpp"
