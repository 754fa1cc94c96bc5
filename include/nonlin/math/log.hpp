// SPDX-License-Identifier: Apache-2.0
// The logarithm of a sum of exponentials.
//
//   x = 2^k m, m in [sqrt 1/2, sqrt 2): log x = k ln 2 + 2 atanh(s), s = (m - 1) / (m + 1), |s| < 0.172, by
//   as many terms of the series as the type has digits for. Within 2 ULP.
#pragma once
#include "exp.hpp"

#include "../detail/begin.hpp"

namespace nonlin {
inline namespace NONLIN_ABI {
namespace math {

template <class T>
struct log_constants;
template <>
struct log_constants<float> {
  static constexpr float atanh[] = {1 / 3.0f, 1 / 5.0f, 1 / 7.0f, 1 / 9.0f};
};
template <>
struct log_constants<double> {
  static constexpr double atanh[] = {1 / 3.0,  1 / 5.0,  1 / 7.0,  1 / 9.0,  1 / 11.0, 1 / 13.0,
                                     1 / 15.0, 1 / 17.0, 1 / 19.0, 1 / 21.0, 1 / 23.0};
};

template <class V>
struct log_parts {
  V k, log;  // log x = k ln 2 + log, |log| < 0.35; log is NaN for NaN

  NONLIN_INLINE explicit log_parts(const V& x) {
    const V whole = mantissa(x);
    const auto high = whole > V(1.4142135623730951);
    const V m = select(high, whole * V(0.5), whole);
    k = exponent(x) + select(high, V(1), V(0));
    const V s = (m - V(1)) / (m + V(1)), z = s * s, twice = s + s;
    log = select(x == x, fma(twice * z, polynomial(z, log_constants<element_of<V>>::atanh), twice), x);
  }
};

// log x for a normal x > 0; NaN for NaN
template <class V>
NONLIN_INLINE V log_of_normal(const V& x) {
  using c = exp_constants<element_of<V>>;
  const log_parts<V> p(x);
  if constexpr (V::has_fma) return fma(p.k, V(c::ln2_hi), fma(p.k, V(c::ln2_lo), p.log));
  return p.k * V(c::ln2_short_hi) + (p.k * V(c::ln2_short_lo) + p.log);
}

}  // namespace math
}  // namespace NONLIN_ABI
}  // namespace nonlin
#include "../detail/end.hpp"
