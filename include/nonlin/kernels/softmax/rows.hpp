// SPDX-License-Identifier: Apache-2.0
// Rows that lie in one piece.
//
//   Where a row is not usual the reference comes from its first elements. An element that is much larger makes another: what is
//   done already is scaled down, once.
//   Rows are done in groups, step by step: the latency of one row's sum and division is another's work.
//   Each lane adds up at most 16 terms, in pairs, before it goes to a compensated sum.
//
//   Record: Cascade Lake, 2.4 GHz, AVX-512, g++ 12; ns an element, rows of 128 / 1024 / 4096:
//   .92 / .57 / .54 with a reference from the first block and a row at a time, .55 / .40 / .39 with the usual reference and e^x by
//   a table, .46 / .33 / .28 with groups and whole vectors apart from the last; LogSoftmax of 128 1.41, .62, .45.
#pragma once
#include "terms.hpp"

#include "../../detail/begin.hpp"

namespace nonlin {
inline namespace NONLIN_ABI {
namespace detail {

template <class V>
struct row_of_terms {
  using T = element_of<V>;
  static constexpr std::size_t w = V::size;

  logits<T> z;
  std::size_t n;
  T* y;  // where the terms go; null: nowhere

  reference<V> ref;
  double sum = 0;
  V largest;

  NONLIN_INLINE row_of_terms(const logits<T>& from, std::size_t count, T* to) : z(from), n(count), y(to) {}

  // The largest of the elements from `first` on, NaN aside.
  NONLIN_INLINE V largest_from(std::size_t first) const {
    V m(-infinity<T>());
    for (std::size_t i = first; i < n; i += w) m = at_least(m, z.template padded<V>(i, least(w, n - i)).high);
    return V(max_of_lanes(m));
  }

  NONLIN_INLINE void add_up() {
    ref = reference<V>::usual();
    largest = V(-infinity<T>());
    part = V(0);
    std::size_t vectors = 0;
    const std::size_t done = z.general ? 0 : add_up_usual(vectors);
    if (done < n) add_up_any(done, vectors == 0);
    sum = flushed ? (total.add(part), total.of_lanes()) : static_cast<double>(sum_of_lanes(part));
  }

 private:
  long_sum<V> total;
  V part;
  bool flushed = false;

  // At most 16 terms a lane.
  NONLIN_INLINE void flush() {
    total.add(part);
    part = V(0);
    flushed = true;
  }

  // Terms by math::exp_raised, as long as they are usual; how many, and how many vectors of them are in the sum.
  NONLIN_INLINE std::size_t add_up_usual(std::size_t& vectors) {
    std::size_t i = 0;
    for (; n - i >= 4 * w; i += 4 * w) {
      if (!add_usual<4>(i, w, vectors)) return i;
    }
    for (; i < n; i += w) {
      if (!add_usual<1>(i, least(w, n - i), vectors)) return i;
    }
    return n;
  }

  // The terms of `count` vectors from element i on, the last of k lanes; false if they are not usual.
  template <std::size_t count>
  NONLIN_INLINE bool add_usual(std::size_t i, std::size_t k, std::size_t& vectors) {
    using raised = math::raised<T>;
    V a[count], t[count], top = largest;
    unrolled<count>([&](auto u) NONLIN_INLINE_LAMBDA {
      a[u] = count == 1 ? z.template padded<V>(i, k).high : load<V>(z.x + i + u * w, w);
      top = at_least(top, a[u]);
    });
    if (vectors == 0 && !any(top >= V(raised::low))) [[unlikely]] {  // top has no NaN
      auto seen = a[0] != V(-infinity<T>()), invalid = a[0] != a[0];
      unrolled<count>([&](auto u) NONLIN_INLINE_LAMBDA {
        seen = seen | (a[u] != V(-infinity<T>()));
        invalid = invalid | (a[u] != a[u]);
      });
      if (!any(seen)) {  // hidden before all others, as by padding: no terms yet
        unrolled<count>([&](auto u) NONLIN_INLINE_LAMBDA {
          if (y != nullptr) store_some(y + i + u * w, V(0), count == 1 ? k : w);
        });
        return true;
      }
      if (!any(invalid)) return false;  // of NaN all will be NaN
    }
    if (any(top > V(raised::high))) [[unlikely]]
      return false;
    largest = top;
    unrolled<count>([&](auto u) NONLIN_INLINE_LAMBDA {
      t[u] = math::exp_raised(a[u]);
      if (y != nullptr) store_some(y + i + u * w, t[u], count == 1 ? k : w);
    });
    if (vectors != 0 && vectors % 16 == 0) flush();
    vectors += count;
    if constexpr (count == 1)
      part = part + t[0];
    else
      part = part + ((t[0] + t[1]) + (t[2] + t[3]));
    return true;
  }

  // From element `done` on, by references of the row's own; `first`: nothing is in the sum yet.
  NONLIN_INLINE void add_up_any(std::size_t done, bool first) {
    logits<T> from = z;
    from.general = true;  // the branch at each vector costs an eighth of the time
    V limit(-infinity<T>());
    if (!first)
      flush();
    else
      ref = reference<V>(limit);  // so that terms of -inf are 0, not math::raised's least
    std::size_t terms = 0;
    for (std::size_t i = done; i < n; i += w) {
      const std::size_t k = least(w, n - i);
      const logit<V> a = from.template padded<V>(i, k);
      const V top = at_least(largest, a.high);
      if (any(top > limit)) [[unlikely]] {
        // The first time the reference is the first vector's maximum, the second time that of all.
        const V max = first ? V(max_of_lanes(top)) : at_least(largest_from(i), V(max_of_lanes(top)));
        flush();
        const reference<V> higher(max);
        if (!first) {
          const rescaling<V> lower(ref, higher, max);
          for (std::size_t j = 0; y != nullptr && j < i; j += w) store(y + j, lower(load<V>(y + j)));
          total.high = lower(total.high);
          total.low = lower(total.low);
        }
        ref = higher;
        limit = first ? max + V(too_large<T>) : V(infinity<T>());
        first = false;
      }
      largest = top;
      const V t = ref.term(a, true);
      if (y != nullptr) store_some(y + i, t, k);
      part = part + t;
      if (++terms % 16 == 0) flush();
    }
  }
};

// f(i, k) for the vectors of a row, k being the lanes that count
template <class V, class F>
NONLIN_INLINE void for_row(std::size_t n, const F& f) {
  constexpr std::size_t w = V::size;
  std::size_t i = 0;
  for (; n - i >= 4 * w; i += 4 * w) unrolled<4>([&](auto k) NONLIN_INLINE_LAMBDA { f(i + k * w, std::integral_constant<std::size_t, w>()); });
  for (; i < n; i += w) f(i, least(w, n - i));
}

// What is known of a group's rows, side by side.
template <class V>
struct row_group {
  static constexpr std::size_t capacity = 64;
  using T = element_of<V>;
  static constexpr std::size_t size = capacity + V::size;  // a row's numbers are stored as whole vectors
  alignas(64) T shift[size], exponent[size], sum[size], low[size];
};

// How many rows of n elements stay in the first-level cache until they are read again.
template <class V>
constexpr std::size_t rows_at_once(std::size_t n) { return least(row_group<V>::capacity, 1 + 1536 / n); }

template <class V, softmax_result Result>
NONLIN_INLINE void softmax_rows(const softmax_job<element_of<V>>& job, std::size_t first, std::size_t rows) {
  using T = element_of<V>;
  constexpr std::size_t w = V::size;
  constexpr bool keep = Result == softmax_result::probabilities;
  const std::size_t n = job.shape.axis;
  const auto logits_of = [&](std::size_t row) NONLIN_INLINE_LAMBDA {
    return logits<T>(job.x + row * n, job.mask != nullptr ? job.mask + row % job.mask_outer * n : nullptr, job.scale);
  };
  const auto output_of = [&](std::size_t row) NONLIN_INLINE_LAMBDA { return job.y != nullptr ? job.y + row * n : nullptr; };
  row_group<V> group;
  for (std::size_t r = 0; r < rows; ++r) {
    const std::size_t row = first + r;
    row_of_terms<V> terms(logits_of(row), n, keep ? output_of(row) : nullptr);
    if (job.known) {
      const double* const stats = job.max_and_sum + 2 * row;
      terms.ref = reference<V>(V(stats[0]));
      terms.sum = sum_from_max(stats[1], stats[0], terms.ref);
    } else {
      terms.add_up();
    }
    if constexpr (Result == softmax_result::statistics) {
      const double max = static_cast<double>(max_of_lanes(terms.largest));
      job.max_and_sum[2 * row] = max;
      job.max_and_sum[2 * row + 1] = sum_to_max(terms.sum, max, terms.ref);
    }
    store(group.shift + r, terms.ref.shift);
    store(group.exponent + r, terms.ref.exponent);
    group.sum[r] = static_cast<T>(terms.sum);
  }

  for (std::size_t r = 0; r < rows; r += w) {
    const std::size_t k = least(w, rows - r);
    const V sum = load<V>(group.sum + r, k);
    if (job.log_sum_exp != nullptr || Result == softmax_result::logarithms) {
      const logarithm<V> log({load<V>(group.shift + r, k), load<V>(group.exponent + r, k), V(0)}, sum, job.zero_if_masked);
      if (job.log_sum_exp != nullptr) store_some(job.log_sum_exp + first + r, log.sum_exp(sum), k);
      if constexpr (Result == softmax_result::logarithms) {
        store(group.sum + r, log.high);
        store(group.low + r, log.low);
      }
    }
    if constexpr (keep) {
      const V f = inverse(sum, job.zero_if_masked);
      store(group.sum + r, f);
    }
  }

  for (std::size_t r = 0; r < rows && Result != softmax_result::statistics; ++r) {
    const logits<T> z = logits_of(first + r);
    T* const y = output_of(first + r);
    if constexpr (Result == softmax_result::logarithms) {
      const logarithm<V> log(V(group.shift[r]), V(group.sum[r]), V(group.low[r]));
      for_row<V>(n, [&](std::size_t i, std::size_t k) NONLIN_INLINE_LAMBDA {
        store_some(y + i, log.of(z.template at<V>(i, k)), k);
      });
    } else {
      const V f(group.sum[r]);
      if (job.known) {
        const reference<V> ref(V(job.max_and_sum[2 * (first + r)]));
        for (std::size_t i = 0; i < n; i += w) {
          const std::size_t k = least(w, n - i);
          store_some(y + i, ref.term(z.template at<V>(i, k), z.general) * f, k);
        }
      } else {
        for_row<V>(n, [&](std::size_t i, std::size_t k)
                       NONLIN_INLINE_LAMBDA { store_some(y + i, load<V>(y + i, k) * f, k); });
      }
    }
  }
}

}  // namespace detail
}  // namespace NONLIN_ABI
}  // namespace nonlin
#include "../../detail/end.hpp"
