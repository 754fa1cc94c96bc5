// SPDX-License-Identifier: Apache-2.0
// Rows that lie in one piece.
//
//   Where a row turns out not to be usual the reference is its maximum's: one more pass over what is left, and what is done already is
//   scaled.
//   Rows are done in groups, step by step: the latency of one row's sum and division is another's work.
//   Each lane adds up at most 16 terms, in pairs, before it goes to a compensated sum.
//
//   Record: Cascade Lake, 2.4 GHz, AVX-512, g++ 12; ns an element, rows of 128 / 1024 / 4096:
//   .92 / .57 / .54 with a reference from the first block and a row at a time, .55 / .40 / .39 with the usual reference and e^x by
//   a table, .46 / .33 / .28 with groups and whole vectors apart from the last; LogSoftmax of 128 1.41, .62, .45.
//   Zen 3, AVX2, rows of 1024: .37; with a scale .68, a mask .72, 2.3 when each vector's reference came from the elements before it
//   and took two products to scale. Logits kept as an array of structs: .39, g++ leaves it in memory.
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
    using raised = math::raised<T>;
    ref = reference<V>::usual();
    least_top = V(raised::low);
    limit = V(raised::high);
    largest = V(-infinity<T>());
    part = V(0);
    std::size_t done = 0;
    for (bool general = z.general, own = false;; general = own = true) {
      if (own) refer_to(at_least(largest_from(done), V(max_of_lanes(largest))), done);
      done = general ? add_terms<true>(done) : add_terms<false>(done);
      if (own) break;
      if (vectors == 0) {
        if (done == n && !any(largest > V(-infinity<T>()))) return show_skipped(n);
        done = 0;
      }
      if (done == n) break;
    }
    sum = flushed ? (total.add(part), total.of_lanes()) : static_cast<double>(sum_of_lanes(part));
  }

 private:
  long_sum<V> total;
  V part, least_top, limit;  // of each block of terms: of the first one's largest, and of all
  std::size_t vectors = 0, skipped = 0;
  bool flushed = false;

  // At most 16 terms a lane.
  NONLIN_INLINE void flush() {
    total.add(part);
    part = V(0);
    flushed = true;
  }

  // From the usual reference to that of the row's maximum; `done` terms have the usual one.
  NONLIN_INLINE void refer_to(const V& max, std::size_t done) {
    const reference<V> own(max);
    if (done != 0) {
      flush();
      const rescaling<V> to_own(ref, own, max);
      for (std::size_t i = 0; y != nullptr && i < done; i += w) store(y + i, to_own(load<V>(y + i)));
      total.high = to_own(total.high);
      total.low = to_own(total.low);
    }
    ref = own;
    least_top = V(-infinity<T>());
    limit = V(infinity<T>());
    skipped = 0;
  }

  // zeros for logits that are hidden, as by padding
  NONLIN_INLINE void show_skipped(std::size_t count) {
    for (std::size_t i = 0; y != nullptr && i < count; i += w) store_some(y + i, V(0), least(w, n - i));
    skipped = 0;
  }

  // The terms from element i on, as long as they are within the limits; where that ends. General: of logits that are more than x, or of
  // another reference than the usual one.
  template <bool General>
  NONLIN_INLINE std::size_t add_terms(std::size_t i) {
    for (; n - i >= 4 * w; i += 4 * w) {
      if (!add_block<General, 4>(i, w)) return i;
    }
    for (; i < n; i += w) {
      if (!add_block<General, 1>(i, least(w, n - i))) return i;
    }
    return n;
  }

  // The terms of `count` vectors from element i on, the last of k lanes; false if they are not usual.
  template <bool General, std::size_t count>
  NONLIN_INLINE bool add_block(std::size_t i, std::size_t k) {
    V a[count], low[count], t[count], top = largest;
    unrolled<count>([&](auto u) NONLIN_INLINE_LAMBDA {
      const std::size_t lanes = count == 1 ? k : w;
      const logit<V> l = (General ? z : logits<T>(z.x)).template padded<V>(i + u * w, lanes);
      a[u] = l.high;
      low[u] = l.low;
      top = at_least(top, a[u]);
    });
    if (any(top > (General ? limit : V(math::raised<T>::high)))) [[unlikely]]
      return false;
    if (vectors == 0) [[unlikely]] {
      auto invalid = a[0] != a[0];
      unrolled<count>([&](auto u) NONLIN_INLINE_LAMBDA { invalid = invalid | (a[u] != a[u]); });
      if (!any(invalid | (top >= least_top))) {  // of NaN all will be NaN
        if (any(top >= V(math::raised<T>::lowest))) return false;
        largest = top;
        skipped = i + count * w;
        return true;
      }
      show_skipped(skipped);
    }
    largest = top;
    unrolled<count>([&](auto u) NONLIN_INLINE_LAMBDA {
      t[u] = General ? ref.term({a[u], low[u]}) : math::exp_raised(a[u]);
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
  alignas(64) T shift[size], up[size], sum[size], low[size];
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
    store(group.up + r, terms.ref.up);
    group.sum[r] = static_cast<T>(terms.sum);
  }

  for (std::size_t r = 0; r < rows; r += w) {
    const std::size_t k = least(w, rows - r);
    const V sum = load<V>(group.sum + r, k);
    if (job.log_sum_exp != nullptr || Result == softmax_result::logarithms) {
      const logarithm<V> log({load<V>(group.shift + r, k), load<V>(group.up + r, k), V(0)}, sum, job.zero_if_masked);
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
          store_some(y + i, ref.term(z.template at<V>(i, k)) * f, k);
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
