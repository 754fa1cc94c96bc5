// SPDX-License-Identifier: Apache-2.0
// Arguments next to 0. An operation that meets or makes a subnormal number costs x86 processors a microcode assist, some 150 cycles. But
// next to 0 a function is constant, or proportional to its argument; so a tiny argument is replaced by a small power of two, with
// which nothing is subnormal; what is proportional is the product of that slope and the argument, and factors come last. Such
// products are made by the bits, which below the normal numbers are an integer, and rounded as any other.
//
// The kernels do so for blocks of elements, when the first few have a tiny one or the processor's flags say that there have been
// assists (detail/assists.hpp): so the hot loops have no test. Not where the processor takes none (detail/cpu.hpp). What stand-ins give
// is to the bit what the plain formula gives.
//
//   Record: Cascade Lake, g++ 12, by a test in each vector's loop before (one slot and a quarter a vector), in 4096 floats of N(0, 1):
//   gained   flags for that test: Sigmoid .28 ns for .31, Sigmoid' .31 for .36, SiLU' .40 for .43, ELU, SiLU, GELU level; calls of 16 to 64
//            elements 2 to 9 ns slower
//   gained   gated units, which would not have borne the test: a subnormal operand 5 to 8 times an ordinary one's time, of 10 to 100
//   lost     flags read every 256 elements: 10 to 20 ns each time
//   lost     looks at the first 256 elements, 20 ns; at 64, 10 ns; a loop of its own for them, 40 ns at 4096; flags in the hot loop of
//            two outputs, which has no register to spare: GLU backward 1.2
#pragma once
#include <limits>
#include "../detail/number.hpp"
#include "watched.hpp"

#include "../detail/begin.hpp"

namespace nonlin {

// A function near 0, on either side, for |x| <= 2^-36 (double: 2^-100), to all digits:
//   constant   the same for all x
//   harmless   whatever it is, it costs nothing: x is only compared or passed on
//   linear     proportional to x
//   product    proportional to x, by one product, chosen by comparing x (LeakyReLU)
// A functor that says it of its value, by `constexpr near_zero at_zero() const`, has a derivative that is constant there, of the kind
// `harmless` if its value is, of the kind `product` on either side of 0. What is proportional is rounded once (or, if the functor says
// `mirrors<V>`, is x + f(-x) for x > 0): calls give the same bits with assists and without. tests/subnormal.cpp checks nonlin's.
enum class near_zero { unknown, constant, harmless, linear, product };

inline namespace NONLIN_ABI {
namespace math {

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
  return select(subnormal, raised_subnormal(x),
                unless(subnormal, abs(x), 1) * V(1 / lowering<element_of<V>>));
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

// a b 2^-125 (2^-1021), likewise, of a that is raised, wherever b may be and signed as `product`, a b
template <class V>
NONLIN_INLINE V lowered(const V& a, const V& b, const V& product) {
  const V half(0.5), normal = unless(abs(product) < half, abs(product), 1) * V(lowering<element_of<V>>);
  return lowered_product(a, b, product, normal);
}

// IEEE's a b, without an assist for a subnormal operand or product
template <class V>
NONLIN_INLINE V quiet_product(const V& a, const V& b) {
  using T = element_of<V>;
  constexpr bool is_float = sizeof(T) == 4;
  constexpr T small = is_float ? T(0x1p-62) : T(0x1p-510), large = is_float ? T(0x1p63) : T(0x1p511),
              least = is_float ? T(0x1p-100) : T(0x1p-900);
  const V sa = abs(a), sb = abs(b), lower = at_most(sa, sb), upper = at_least(sa, sb);
  const auto number = b == b;  // lower and upper have lost the NaN otherwise
  const auto raise = number & (((lower < V(small)) & (upper < V(large))) | is_subnormal(lower));
  if (!any(raise)) return a * b;
  const V plain = with_sign(unless(raise, sa, 1), a) * with_sign(unless(raise, sb, 1), b);
  // Where `upper` is less than `least` the product is 0, by `least` too.
  const V raised = raised_tiny(unless(!raise, lower, 1)),
          other = at_least(unless(!raise, upper, 1), V(least)), product = raised * other;
  return select(raise, lowered(raised, other, with_sign(product, plain)), plain);
}

// A vector whose products cost no assists.
template <class V>
struct quiet {
  V v;
  friend NONLIN_INLINE quiet operator*(const quiet& a, const quiet& b) { return {quiet_product(a.v, b.v)}; }
};

// What steps give (array.hpp, gated.hpp) of functions of their first argument and of the others
template <class V>
NONLIN_INLINE V outputs_of(const V& value) {
  return value;
}
template <class V>
NONLIN_INLINE V outputs_of(const V& value, const V& factor) {
  return factor * value;
}
template <class V>
NONLIN_INLINE both<V> outputs_of(const both<V>& functions, const V& value, const V& dy) {
  return {dy * value * functions.value, dy * functions.derivative};
}

// x, but its stand-in where it has one: a small power of two of its sign, or of -, if the function is mirrored
template <class V>
NONLIN_INLINE V stood_in(near_zero kind, bool mirrored, const V& x) {
  const V s(stand_in<element_of<V>>);
  return select(has_stand_in(kind, x), mirrored ? -s : with_sign(s, x), x);
}

// f(x), f being y at x's stand-in if it has one
template <class V>
NONLIN_INLINE V from_stand_in(near_zero kind, bool mirrored, const V& y, const V& x) {
  if (kind != near_zero::linear && kind != near_zero::product) return y;
  using T = element_of<V>;
  const auto tiny = has_stand_in(kind, x);
  if (!any(tiny)) return y;
  const V slope = unless(!tiny, y, 1) * V(1 / stand_in<T>), size = abs(slope), other = unless(!tiny, abs(x), 1);
  V w;
  if (any((V(0x1p32) < size) | ((size < V(0x1p-60)) & (V(0) < size)))) {  // too much for what is raised, or too little
    w = quiet_product(slope, other);
  } else {
    const V raised = raised_tiny(other);
    w = lowered(raised, size, with_sign(raised * size, slope));
  }
  if (mirrored) {  // x + w for x > 0, by the bits where the result may be subnormal
    const auto low = abs(x) < V(lowering<T>);
    w = select(x > V(0),
               select(low, difference_of_bits(abs(x), abs(w)), unless(low, x, 1) + unless(low, w, 0)), w);
  }
  return select(tiny, w, y);
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
  if (!any(tiny)) [[likely]] return watched<V, true>(a * b);
  const V raised = opaque(select(tiny, raised_subnormal(b), abs(b))), product = a * with_sign(raised, b);
  return watched<V, true>(select(tiny, lowered(abs(a), raised, product), product));
}

}  // namespace math
}  // namespace NONLIN_ABI
}  // namespace nonlin
#include "../detail/end.hpp"
