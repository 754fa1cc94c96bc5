// SPDX-License-Identifier: Apache-2.0
// What loops over arrays are written with outside the ISA files: bodies of kernels::run. V is a vector type.
#pragma once
#include <limits>
#include <utility>
#include "../math/exp.hpp"
#include "../detail/number.hpp"

#include "../detail/begin.hpp"

namespace nonlin {
inline namespace NONLIN_ABI {
namespace detail {

template <simd_vector V>
NONLIN_INLINE V load(const element_of<V>* p) {
  return load(V(), p);
}
// the first n lanes; zeros in the others
template <simd_vector V>
NONLIN_INLINE V load(const element_of<V>* p, std::size_t n) {
  return n == V::size ? load(V(), p) : load(V(), p, n);
}
template <simd_vector V>
NONLIN_INLINE void store_some(element_of<V>* p, const V& a, std::size_t n) {
  if (n == V::size)
    store(p, a);
  else
    store(p, a, n);
}

// Whether lanes can be spread: spread(v, m) puts the first ones where m is on, gathered(v, m) puts them back.
template <simd_vector V>
inline constexpr bool has_spread = V::has_scalef;

template <class T>
inline constexpr T lane_numbers[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

// on in the first n lanes
template <simd_vector V>
NONLIN_INLINE auto first_lanes(std::size_t n) {
  return load<V>(lane_numbers<element_of<V>>) < V(n);
}

// a + b = sum + error, exactly
template <class V>
struct sum_and_error {
  V sum, error;
};
template <class V>
NONLIN_INLINE sum_and_error<V> two_sum(const V& a, const V& b) {
  const V s = a + b, t = s - a;
  return {s, (a - (s - t)) + (b - t)};
}

// high + low = the same and a. What is lost is of the order of low's last digit: were low let grow as high does, 2^24 equal
// terms would lose 2^-13 of their sum. An infinite sum has a low of 0, not NaN.
template <class V>
NONLIN_INLINE void add_to_both(V& high, V& low, const V& a) {
  const auto s = two_sum(high, a);
  const V rest = low + s.error, both = s.sum + rest;
  const auto finite = abs(both) <= V(std::numeric_limits<element_of<V>>::max());
  high = select(finite, both, s.sum);
  low = select(finite, rest - (both - s.sum), V(0));
}

// A sum of vectors, lane by lane, whose error does not grow with their number.
template <class V>
struct long_sum {
  V high = V(0), low = V(0);

  NONLIN_INLINE void add(const V& a) { add_to_both(high, low, a); }
  NONLIN_INLINE V value() const { return high + low; }
  NONLIN_INLINE double of_lanes() const { return sum_of_lanes(high) + sum_of_lanes(low); }
};

// f(0), f(1), ... f(N - 1), each a compile-time constant: g++ -O2 leaves a loop of so many rounds a loop, and arrays of vectors
// in memory.
template <std::size_t N, class F>
NONLIN_INLINE void unrolled(const F& f) {
  [&]<std::size_t... K>(std::index_sequence<K...>) NONLIN_INLINE_LAMBDA {
    (f(std::integral_constant<std::size_t, K>()), ...);
  }
  (std::make_index_sequence<N>());
}

constexpr std::size_t least(std::size_t a, std::size_t b) { return a < b ? a : b; }

}  // namespace detail
}  // namespace NONLIN_ABI
}  // namespace nonlin
#include "../detail/end.hpp"
