// SPDX-License-Identifier: Apache-2.0
// Where a vector register holds a table of 32 floats (AVX-512): functions by a polynomial of degree 5 or 6
// in each of 32 intervals of the common range, without exponential or division. Lanes beyond the range
// take the general formula; which way a lane goes depends on its own x alone. Twice the speed of the
// general formulas (bench/README.md), at a lower error.
//
//   Record: Cascade Lake, 2.4 GHz, L1, N(0, 1), g++ 12; cycles for 16 floats, in brackets half the slots, the bound of two ports:
//   exp 7.1 (5.5), tanh 10.8 (8), GELU 15.3 (10.5); sigmoid 10.3 (7.5), which divides since (logistic.hpp).
//   gained   coefficients looked up in Horner's order: g++ had looked up all before the first fma, GELU 18.9
//   gained   watched vectors against a branch at each vector: nothing at N(0, 1), GELU at N(0, 5) .88 ns for 2.0 (half of it by
//            tails without division and assist)
//   gained   SiLU's slope by |x|, the table reaching twice as far: N(0, 5) .54 ns for 1.5, N(0, 1) .37 for .33
//   lost     half of each table loaded again for each lookup, to save copying a register: 10 % slower, such copies are free
//   lost     an expression template over four vectors: g++ 12 spills (shared research notes)
#pragma once
#include "../detail/number.hpp"
#include "watched.hpp"

#include "../detail/begin.hpp"

namespace nonlin {
inline namespace NONLIN_ABI {
namespace math {

#include "tables.inl"

// c[K][slot] + c[K + 1][slot] d + c[K + 2][slot] d^2 + ...
template <std::size_t K = 0, class V, class Slot, std::size_t N>
NONLIN_INLINE V table_polynomial(const V& d, const Slot& slot, const float (&c)[N][32]) {
  if constexpr (K + 1 == N) {
    return lookup(c[K], slot);
  } else {
    // in this order, not as one expression: g++ would look up all coefficients first, the one needed last before the others
    const V y = table_polynomial<K + 1>(d, slot, c);
    return fma(y, d, lookup(c[K], slot));
  }
}

// y; on the lanes beyond the table, general(x)
template <class V, class General>
NONLIN_INLINE V unless_beyond(const typename V::marks_type& beyond, const V& x, const V& y, const General& general) {
  const auto lanes = marked(beyond);
  if (any(lanes)) [[unlikely]]
    return select(lanes, general(x), y);
  return y;
}

// the same for both
template <class V, class General>
NONLIN_INLINE both<V> unless_beyond(const typename V::marks_type& beyond, const V& x, const both<V>& y,
                                    const General& general) {
  const auto lanes = marked(beyond);
  if (any(lanes)) [[unlikely]] {
    const both<V> other = general(x);
    return {select(lanes, other.value, y.value), select(lanes, other.derivative, y.derivative)};
  }
  return y;
}

// Who watches the marks does those lanes again, thoroughly: mostly in vectors whose lanes are all beyond.
template <class V, bool Thorough, class General>
NONLIN_INLINE watched<V, Thorough> unless_beyond(const typename V::marks_type& beyond, const watched<V, Thorough>& x,
                                                 const watched<V, Thorough>& y, const General& general) {
  if constexpr (Thorough) {
    const auto lanes = marked(beyond);
    watched<V, true> far = general(x);
    if (!all(lanes)) far.v = select(lanes, far.v, y.v);
    return far;
  } else
    return {y.v, y.marks | beyond};
}
template <class V, bool Thorough, class General>
NONLIN_INLINE both<watched<V, Thorough>> unless_beyond(const typename V::marks_type& beyond, const watched<V, Thorough>& x,
                                                       const both<watched<V, Thorough>>& y, const General& general) {
  if constexpr (Thorough) {
    both<watched<V, true>> other = general(x);
    const auto lanes = marked(beyond);
    if (!all(lanes)) {
      other.value.v = select(lanes, other.value.v, y.value.v);
      other.derivative.v = select(lanes, other.derivative.v, y.derivative.v);
    }
    return other;
  } else {
    return {{y.value.v, y.value.marks | beyond}, {y.derivative.v, y.derivative.marks | beyond}};
  }
}

inline constexpr float round_to_1 = 0x1.8p+23f, round_to_half = 0x1.8p+22f, round_to_quarter = 0x1.8p+21f;

// The slot of t >= 0 by a quadratic: intervals that narrow as fast as a Gaussian falls.
template <class Table, class V>
NONLIN_INLINE auto quadratic_slot(const V& t) {
  return slot_of(fma(t, fma(t, V(Table::s), V(Table::sa)), V(round_to_1)));
}

}  // namespace math
}  // namespace NONLIN_ABI
}  // namespace nonlin
#include "../detail/end.hpp"
