// SPDX-License-Identifier: Apache-2.0
// tanh x = expm1(2|x|) / (expm1(2|x|) + 2) with the sign of x: relative accuracy at 0, no cancellation
// anywhere. Where a vector register holds a table (AVX-512, float): 32 intervals, a polynomial of degree 4
// in each, without exponential or division; 1.74 ULP at .18 ns an element against .285 for the other (see
// bench/README.md). Double on AVX-512: expm1 by a table of 16, see exp.hpp.
//   Record: Zen 3, AVX2, ns by g++ 12 / clang 19
//   gained   ln 2 in one part, 2 z beside n: .34 / .37 for .37 / .40, the same errors
//   lost     expm1 by the table of 8 and one of what its powers are short of: .42 / .41, 3.25 ULP
#pragma once
#include "exp.hpp"

#include "../detail/begin.hpp"

namespace nonlin {
inline namespace NONLIN_ABI {
namespace math {

#include "tanh_table.inl"

template <class V>
NONLIN_INLINE V tanh(const V& x) {
  using T = element_of<V>;
  if constexpr (V::has_table32) {
    const V t = at_most(abs(x), V(tanh_end));
    const V u = fma(t, V(static_cast<float>(15 / 9.4)), V(1));  // in [1, 16): eight intervals an octave
    const V d = t - octave_lookup(tanh_x, u);
    V y = octave_lookup(tanh_c4, u);
    y = fma(y, d, octave_lookup(tanh_c3, u));
    y = fma(y, d, octave_lookup(tanh_c2, u));
    y = fma(y, d, octave_lookup(tanh_c1, u));
    y = fma(y, d, octave_lookup(tanh_c0, u));
    return with_sign(y, x);
  } else {
    const V z = at_most(abs(x), V(sizeof(T) == 4 ? T(9.1) : T(19.1)));  // 1 - 2^-26 (2^-55): rounds to 1
    if constexpr (V::has_table16) {
      const expm1_by_table<2, V> e(z);
      const V em1 = fma(e.power, e.q, e.power - V(1));
      // the excess by em1 + 2 itself, not by what it is rounded to: 2.3 ULP for 3.4
      const auto excess = [&](const V& y) NONLIN_INLINE_LAMBDA { return fma(y, em1, fms(y, V(2), em1)); };
      return with_sign(quotient_by_excess(em1, em1 + V(2), excess), x);
    }
    const V em1 = expm1_by_power<2>(z);
    return with_sign(em1 / (em1 + V(2)), x);
  }
}

}  // namespace math
}  // namespace NONLIN_ABI
}  // namespace nonlin
#include "../detail/end.hpp"
