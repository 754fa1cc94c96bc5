// SPDX-License-Identifier: Apache-2.0
// Columns along an axis, several vectors of them side by side (strips.hpp).
#pragma once
#include "terms.hpp"
#include "../strips.hpp"

#include "../../detail/begin.hpp"

namespace nonlin {
inline namespace NONLIN_ABI {
namespace detail {

// The references of a strip's lanes.
template <class V>
struct references {
  per_lane<V> shift, up, lowest;

  NONLIN_INLINE void set(std::size_t u, const reference<V>& r) {
    shift.set(u, r.shift);
    up.set(u, r.up);
    lowest.set(u, r.lowest);
  }
  NONLIN_INLINE reference<V> operator[](std::size_t u) const { return {shift[u], up[u], lowest[u]}; }
};

// f(u) for the u-th vectors of lanes
template <class F>
NONLIN_INLINE void for_each_vector(std::size_t vectors, const F& f) {
  for (std::size_t u = 0; u < vectors; ++u) f(u);
}

template <class V>
NONLIN_INLINE void max_of_columns(const strip& s, const logits<element_of<V>>& z, per_lane<V>& max) {
  using T = element_of<V>;
  for_each_vector(vectors_of<V>(s), [&](std::size_t u) NONLIN_INLINE_LAMBDA { max.set(u, V(-infinity<T>())); });
  for_vectors<V>(s, 0, all_steps(s), [&](std::size_t i, std::size_t k, std::size_t u) NONLIN_INLINE_LAMBDA {
    max.set(u, at_least(max[u], z.template padded<V>(i, k).high));
  });
  combine_columns(s, max, [](T a, T b) { return b > a ? b : a; });
}

// The sums, over each column, of what `term` gives for the vectors of a strip.
template <class V, class Term>
NONLIN_INLINE void add_up_columns(const strip& s, per_lane<V>& sum, const Term& term) {
  const std::size_t vectors = vectors_of<V>(s), steps = all_steps(s);
  per_lane<V> low, part;
  for_each_vector(vectors, [&](std::size_t u) NONLIN_INLINE_LAMBDA {
    sum.set(u, V(0));
    low.set(u, V(0));
  });
  for (std::size_t first = 0; first < steps; first += 8) {
    for_each_vector(vectors, [&](std::size_t u) NONLIN_INLINE_LAMBDA { part.set(u, V(0)); });
    for_vectors<V>(s, first, least(first + 8, steps),
                   [&](std::size_t i, std::size_t k, std::size_t u)
                       NONLIN_INLINE_LAMBDA { part.set(u, term(part[u], i, k, u)); });
    for_each_vector(vectors, [&](std::size_t u) NONLIN_INLINE_LAMBDA {
      V high = sum[u], rest = low[u];
      add_to_both(high, rest, part[u]);
      sum.set(u, high);
      low.set(u, rest);
    });
  }
  for_each_vector(vectors, [&](std::size_t u) NONLIN_INLINE_LAMBDA { sum.set(u, sum[u] + low[u]); });
  combine_columns(s, sum, [](element_of<V> a, element_of<V> b) { return a + b; });
}

template <class V, softmax_result Result>
NONLIN_INLINE void softmax_strip(const softmax_job<element_of<V>>& job, const strip& s,
                                 const logits<element_of<V>>& z, element_of<V>* y) {
  using T = element_of<V>;
  constexpr std::size_t w = V::size;
  const std::size_t vectors = vectors_of<V>(s), steps = all_steps(s);
  per_lane<V> max, sum;
  references<V> ref;
  double* const stats = job.max_and_sum != nullptr ? job.max_and_sum + 2 * s.first_column : nullptr;
  // e^(max - reference)
  const auto largest_term = [&](std::size_t u) NONLIN_INLINE_LAMBDA {
    return ref[u].term(finite_base(max[u]));
  };

  if (job.known) {
    for (std::size_t c = 0; c < vectors * w; ++c) {
      const std::size_t column = c % s.period < s.columns ? c % s.period : 0;
      max.lane[c] = static_cast<T>(stats[2 * column]);
      sum.lane[c] = static_cast<T>(stats[2 * column + 1]);
    }
    for_each_vector(vectors, [&](std::size_t u) NONLIN_INLINE_LAMBDA {
      ref.set(u, reference<V>(max[u]));
      sum.set(u, sum[u] * largest_term(u));
    });
  } else {
    max_of_columns(s, z, max);
    for_each_vector(vectors, [&](std::size_t u) NONLIN_INLINE_LAMBDA { ref.set(u, reference<V>(max[u])); });
    add_up_columns(s, sum, [&](const V& part, std::size_t i, std::size_t k, std::size_t u) NONLIN_INLINE_LAMBDA {
      const V t = ref[u].term(z.template padded<V>(i, k));
      if (Result == softmax_result::probabilities) store_some(y + i, t, k);
      return part + t;
    });
  }

  if constexpr (Result == softmax_result::statistics) {
    for_each_vector(vectors, [&](std::size_t u) NONLIN_INLINE_LAMBDA { sum.set(u, sum[u] / largest_term(u)); });
    for (std::size_t c = 0; c < s.columns; ++c) {
      stats[2 * c] = static_cast<double>(max.lane[c]);
      stats[2 * c + 1] = static_cast<double>(sum.lane[c]);
    }
  }
  if (job.log_sum_exp != nullptr || Result == softmax_result::logarithms) {
    per_lane<V> shift, high, low;
    for_each_vector(vectors, [&](std::size_t u) NONLIN_INLINE_LAMBDA {
      const logarithm<V> log(ref[u], sum[u], job.zero_if_masked);
      shift.set(u, log.shift);
      high.set(u, log.high);
      low.set(u, log.low);
      if (job.log_sum_exp != nullptr && u * w < s.columns)
        store_some(job.log_sum_exp + s.first_column + u * w, log.sum_exp(sum[u]), least(w, s.columns - u * w));
    });
    if constexpr (Result == softmax_result::logarithms) {
      for_vectors<V>(s, 0, steps, [&](std::size_t i, std::size_t k, std::size_t u) NONLIN_INLINE_LAMBDA {
        store_some(y + i, logarithm<V>{shift[u], high[u], low[u]}.of(z.template at<V>(i, k)), k);
      });
    }
  }
  if constexpr (Result == softmax_result::probabilities) {
    for_each_vector(vectors, [&](std::size_t u) NONLIN_INLINE_LAMBDA {
      sum.set(u, inverse(sum[u], job.zero_if_masked));
    });
    for_vectors<V>(s, 0, steps, [&](std::size_t i, std::size_t k, std::size_t u) NONLIN_INLINE_LAMBDA {
      const V t = job.known ? ref[u].term(z.template at<V>(i, k)) : load<V>(y + i, k);
      store_some(y + i, t * sum[u], k);
    });
  }
}

}  // namespace detail
}  // namespace NONLIN_ABI
}  // namespace nonlin
#include "../../detail/end.hpp"
