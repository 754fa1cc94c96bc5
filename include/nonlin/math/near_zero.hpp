// SPDX-License-Identifier: Apache-2.0
// Subnormal arguments. To multiply one costs x86 processors a microcode assist, some 150 cycles for each vector and operation. But next
// to 0 a function is constant, or proportional to its argument; so a subnormal argument is replaced by a power of two of its sign,
// small but ordinary, and what is proportional to it is the function of that times the number of units of the least subnormal number,
// whose bits are an integer. The result is rounded as any other.
#pragma once
#include <limits>
#include "../detail/number.hpp"
#include "watched.hpp"

#include "../detail/begin.hpp"

namespace nonlin {

// A function near 0, on either side, for |x| <= 2^-50 (double: 2^-100), to all digits:
//   constant   the same for all x
//   harmless   the same, and no arithmetic is done with x
//   linear     proportional to x
enum class near_zero { unknown, constant, harmless, linear };

inline namespace NONLIN_ABI {
namespace math {

// F says what it is near 0, and V is of an instruction set with assists.
template <class F, class V>
concept knows_zero = requires(const F& f, const V& x) {
  { f.at_zero(std::size_t(), std::size_t()) } -> std::same_as<near_zero>;
  is_subnormal(x);
};

template <class V>
V product_error(const V& a, const V& b, const V& p);  // in exp.hpp

template <class T>
inline constexpr T stand_in = sizeof(T) == 4 ? T(0x1p-50) : T(0x1p-100);

template <class T>
inline constexpr T lowering = 2 * std::numeric_limits<T>::min();

// x, the subnormal lanes as the stand-in
template <class V>
NONLIN_INLINE V stood_in(const V& x) {
  return select(is_subnormal(x), with_sign(V(stand_in<element_of<V>>), x), x);
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

// f(x...), of which the o-th result is y at stood_in(x)...
template <class V, class F, class... X>
NONLIN_INLINE V from_stand_ins(const V& y, const F& f, std::size_t o, const X&... x) {
  using T = element_of<V>;
  constexpr T up = 1 / stand_in<T>;
  V factor(1);
  auto linear = V(1) < V(0);
  std::size_t i = 0;
  const auto note = [&](const V& a) NONLIN_INLINE_LAMBDA {
    if (f.at_zero(o, i++) != near_zero::linear) return;
    const auto tiny = is_subnormal(a);
    factor = select(tiny, select(linear, V(0), raised_subnormal(a) * V(up)), factor);  // the product of two is 0
    linear = linear | tiny;
  };
  (note(x), ...);
  // factor lowering, not y factor, which may overflow; what is not normal is not made
  const V size = abs(y), product = y * factor;
  const V normal = select(abs(product) < V(0.5), V(1), size) * (factor * V(lowering<T>));
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
  const V raised = select(tiny, raised_subnormal(b), abs(b)), product = a * with_sign(raised, b), size = abs(product);
  const V normal = select(size < V(0.5), V(1), size) * V(lowering<element_of<V>>);
  return watched<V, true>(select(tiny, lowered_product(abs(a), raised, product, normal), product));
}

}  // namespace math
}  // namespace NONLIN_ABI
}  // namespace nonlin
#include "../detail/end.hpp"
