// SPDX-License-Identifier: Apache-2.0
// Arguments next to 0. An operation that meets or makes a subnormal number costs x86 processors a microcode assist, some 150 cycles. But
// next to 0 a function is constant, or proportional to its argument; so a tiny argument is replaced by a power of two of its sign that is
// small but makes nothing subnormal, and what is proportional to it is the function of that times their ratio, whose bits below the
// normal numbers are an integer. The result is rounded as any other.
//
//   Record: Cascade Lake, g++ 12, 2048 floats, time by that of N(0, 1). Subnormal x: ELU 2.3 for 105, Sigmoid 2.0 for 70, Tanh 2.7 for 55, GELU
//   2.3 for 60, SiLU 2.8 for 73; x of 1e-18 on AVX2: GELU 1.7 for 37. The test, one slot and a quarter a vector: 0 to 8 % of an ordinary call.
//   gained   the test's constant in memory: as an immediate g++ spread it anew each time, Sigmoid 1.15, SiLU 1.12 for 1.04, 0.98
//   lost     is_subnormal of every vector: three slots for two; least magnitudes by vrange: the same, and inexact beside a NaN
//   untried  looking at some vectors only: stand-ins would have to give the bits of the plain formula, which GELU's two roundings prevent
#pragma once
#include <limits>
#include "../detail/number.hpp"
#include "watched.hpp"

#include "../detail/begin.hpp"

namespace nonlin {

// A function near 0, on either side, for |x| <= 2^-36 (double: 2^-100), to all digits:
//   constant   the same for all x
//   harmless   whatever it is, it costs nothing: it is only compared or added
//   linear     proportional to x
//   product    proportional to x, by one product, chosen by comparing x (LeakyReLU)
// A functor that says it of its value, by `constexpr near_zero at_zero() const`, has a derivative that is constant there, of the kind
// `product` on either side of 0; tests/subnormal.cpp checks it of nonlin's.
enum class near_zero { unknown, constant, harmless, linear, product };

inline namespace NONLIN_ABI {
namespace math {

// F, of one result, says what it is near 0 of its in-th argument, and V is of an instruction set with assists.
template <class F, class V>
concept knows_zero = requires(const F& f, const V& x) {
  { f.at_zero(std::size_t()) } -> std::same_as<near_zero>;
  is_tiny(x);
};

template <class V>
V product_error(const V& a, const V& b, const V& p);  // in exp.hpp

template <class T>
inline constexpr T stand_in = sizeof(T) == 4 ? T(0x1p-36) : T(0x1p-100);

template <class T>
inline constexpr T lowering = 2 * std::numeric_limits<T>::min();

template <class V>
NONLIN_INLINE auto has_stand_in(near_zero kind, const V& x) {
  if (kind == near_zero::harmless) return V(1) < V(0);
  return kind == near_zero::product ? is_nearly_subnormal(x) : is_tiny(x);
}

// x, but the stand-in where it has one
template <class V>
NONLIN_INLINE V stood_in(near_zero kind, const V& x) {
  return select(has_stand_in(kind, x), with_sign(V(stand_in<element_of<V>>), x), x);
}

// v, but `harmless` where m is on: an operand of something whose result does not count there. clang, and g++ where it need not think
// of traps, would compute it of v as well, or first.
template <class V, class M>
NONLIN_INLINE V unless(const M& m, const V& v, element_of<V> harmless) {
  return opaque(select(m, V(harmless), v));
}

// |x| 2^125 (2^1021) of a tiny x
template <class V>
NONLIN_INLINE V raised_tiny(const V& x) {
  const auto subnormal = is_subnormal(x);
  return select(subnormal, raised_subnormal(x), unless(subnormal, abs(x), 1) * V(1 / lowering<element_of<V>>));
}

// a b 2^-125 (2^-1021), rounded once, with the sign of `product`, a b; a and b >= 0. `normal` is that result where it is normal.
template <class V>
NONLIN_INLINE V lowered_product(const V& a, const V& b, const V& product, const V& normal) {
  using T = element_of<V>;
  const V half(0.5), size = abs(product);
  V sum = fma(a, b, half);
  if constexpr (!V::has_fma) {  // size was rounded before the sum was: what it lost decides a tie
    constexpr T tie = std::numeric_limits<T>::epsilon() / 4;
    const V off = size - (sum - half), lost = product_error(a, b, size);
    sum = select((off == V(tie)) & (lost > V(0)), sum + V(2 * tie), sum);
    sum = select((off == V(-tie)) & (lost < V(0)), sum - V(2 * tie), sum);
  }
  return with_sign(select(size < half, lowered_to_subnormal(sum), normal), product);
}

// f(x...), which is y at the stand-ins. Of several proportional arguments all are of the kind `product`.
template <class V, class F, class... X>
NONLIN_INLINE V from_stand_ins(const V& y, const F& f, const X&... x) {
  using T = element_of<V>;
  constexpr T up = 1 / stand_in<T>;
  V factor(1);
  auto linear = V(1) < V(0);
  std::size_t i = 0;
  const auto note = [&](const V& a) NONLIN_INLINE_LAMBDA {
    const near_zero kind = f.at_zero(i++);
    if (kind != near_zero::linear && kind != near_zero::product) return;
    const auto tiny = has_stand_in(kind, a);
    factor = select(tiny, select(linear, V(0), raised_tiny(a) * V(up)), factor);  // the product of two tiny ones is 0
    linear = linear | tiny;
  };
  (note(x), ...);
  // factor lowering, not y factor, which may overflow; what is not normal is not made
  const V at_stand_ins = select(linear, y, V(1)), size = abs(at_stand_ins), product = at_stand_ins * factor;
  const V normal = unless(abs(product) < V(0.5), size, 1) * (factor * V(lowering<T>));
  return select(linear, lowered_product(size, factor, product, normal), y);
}

// a b. Where vectors are thorough, without an assist for a subnormal b.
template <class V>
NONLIN_INLINE V times(const V& a, const V& b) {
  return a * b;
}
template <class V>
NONLIN_INLINE watched<V, true> times(const watched<V, true>& factor, const watched<V, true>& other) {
  const V a = factor.v, b = other.v;
  const auto tiny = is_subnormal(b);
  const V raised = opaque(select(tiny, raised_subnormal(b), abs(b))), product = a * with_sign(raised, b), size = abs(product);
  const V normal = unless(size < V(0.5), size, 1) * V(lowering<element_of<V>>);
  return watched<V, true>(select(tiny, lowered_product(abs(a), raised, product, normal), product));
}

}  // namespace math
}  // namespace NONLIN_ABI
}  // namespace nonlin
#include "../detail/end.hpp"
