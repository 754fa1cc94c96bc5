// SPDX-License-Identifier: Apache-2.0
// Rows of up to four vectors. A row's sum is made among lanes, so that nothing goes by way of memory. Four vectors are worked on
// side by side, of as many rows as they hold: a row's chain of exponential, sum and division is long. Rows of up to half a vector
// lie beside each other, each in a power of two of lanes.
//
//   A row's sum is that of neighbours, of pairs, of fours ...: each lane gets the same bits, wherever in the vector the row lies.
//
//   Record: Cascade Lake, 2.5 GHz, AVX-512, g++ 12; ns an element, rows of 2 / 10 / 32: forward 12 / 4.5 / 1.6 by way of columns or a row
//   at a time, 1.1 / 2.4 / .65 one vector after another, .67 / 1.23 / .53 four together; backward 9 / 2.5 / .95, .28 / .61 / .25.
//   45 vector operations and a division, 23 + 10 cycles; 28 to 32 reached. A loop of its own for rows that leave no lane over: 15 %
//   forward, a third backward, for twice the compiler's time. Not tried: one division for four vectors' sums.
//   Scale and mask, Zen 3, AVX2, rows of 4 / 16: 9.2 / 3.3 a row at a time, 1.6 / 1.4 four vectors together in loops; unrolled 1.3 / 1.1,
//   but plain rows then take .61 for .53, and the code is a quarter more.
//   Zen 3, AVX2: whole vectors stored without a mask, rows of 32 forward .52 for .9, backward .25 for .6
#pragma once
#include <bit>
#include "terms.hpp"

#include "../../detail/begin.hpp"

namespace nonlin {
inline namespace NONLIN_ABI {
namespace detail {

// Rows of n elements, each in one, two or four vectors or beside others in one, as many at once as four vectors hold.
template <class V>
struct short_rows {
  using T = element_of<V>;
  static constexpr std::size_t w = V::size, all = 4;

  std::size_t n, vectors, period, beside, step;  // period: lanes of a row; beside: rows in a vector; step: rows worked on at once
  std::size_t row = 0, end;                      // these, and those still to come
  std::size_t elements[all];                     // in each of the vectors
  V column;                                      // of each lane, in a row's first vector

  NONLIN_INLINE explicit short_rows(const axis_shape& s)
      : n(s.axis), vectors(n <= w ? 1 : n <= 2 * w ? 2 : 4), period(w), end(s.outer) {
    const std::size_t lanes = std::bit_ceil(n);
    if (n <= w && (lanes == n || has_spread<V>)) period = lanes;
    beside = w / period;
    step = all / vectors * beside;
    T number[w];
    for (std::size_t k = 0; k < w; ++k) number[k] = static_cast<T>(k % period);
    column = load<V>(number);
    count();
  }
  static constexpr bool possible(const axis_shape& s) { return w > 1 && s.axis <= all * w; }
  NONLIN_INLINE bool done() const { return row >= end; }
  NONLIN_INLINE void next() {
    row += step;
    if (end - row < step) count();
  }
  // f(vectors), a constant
  template <class F>
  NONLIN_INLINE void by_vectors(const F& f) const {
    if (vectors == 1) return f(std::integral_constant<std::size_t, 1>());
    if (vectors == 2) return f(std::integral_constant<std::size_t, 2>());
    f(std::integral_constant<std::size_t, 4>());
  }

  // Of the k-th vector, by the number of a row's: the first row in it, and how many there are.
  NONLIN_INLINE std::size_t first_in(std::size_t of_row, std::size_t k) const { return row + k / of_row * beside; }
  NONLIN_INLINE std::size_t count_in(std::size_t of_row, std::size_t k) const {
    const std::size_t first = first_in(of_row, k);
    return end > first ? least(beside, end - first) : 0;
  }

  // The k-th vector, whose first row is at p; zeros in the lanes that are no element.
  NONLIN_INLINE V get(std::size_t of_row, const T* p, std::size_t k) const {
    const T* const from = p + k % of_row * w;
    if constexpr (has_spread<V>) {
      const V v = load(V(), from, elements[k]);
      return of_row == 1 ? spread(v, counted(0)) : v;
    }
    return load<V>(from, elements[k]);
  }
  NONLIN_INLINE void put(std::size_t of_row, T* p, const V& v, std::size_t k) const {
    T* const to = p + k % of_row * w;
    if constexpr (has_spread<V>)
      store(to, of_row == 1 ? gathered(v, counted(0)) : v, elements[k]);
    else
      store_some(to, v, elements[k]);
  }

  // where the first row in the k-th vector begins
  NONLIN_INLINE std::size_t at(std::size_t of_row, std::size_t k) const { return first_in(of_row, k) * n; }

  // v, with `fill` in the lanes of the k-th vector that are no element
  NONLIN_INLINE V padded(std::size_t of_row, const V& v, const V& fill, std::size_t k) const {
    const std::size_t u = k % of_row;
    return u < of_row / 2 ? v : select(counted(u), v, fill);
  }

  // A row's vectors and lanes combined, in each of its lanes; op is commutative
  template <class Op>
  NONLIN_INLINE V over_row(std::size_t of_row, const V* v, const Op& op) const {
    V result = v[0];
    if (of_row > 1) result = op(result, v[1]);
    if (of_row > 2) result = op(result, op(v[2], v[3]));
    return over_lanes<1>(result, op);
  }
  NONLIN_INLINE V sum(std::size_t of_row, const V* v) const {
    return over_row(of_row, v, [](const V& a, const V& b) NONLIN_INLINE_LAMBDA { return a + b; });
  }

 private:
  NONLIN_INLINE void count() {
    for (std::size_t k = 0; k < all; ++k) {
      const std::size_t before = k % vectors * w, in_rows = count_in(vectors, k) * n;
      elements[k] = vectors == 1 ? in_rows : in_rows <= before ? 0 : least(w, in_rows - before);
    }
  }
  // which lanes of a row's u-th vector are elements
  NONLIN_INLINE auto counted(std::size_t u) const { return column < V(static_cast<T>(n) - static_cast<T>(u * w)); }
  template <std::size_t Distance, class Op>
  NONLIN_INLINE V over_lanes(const V& v, const Op& op) const {
    if constexpr (Distance < w) {
      if (Distance < period) return over_lanes<2 * Distance>(op(v, swapped<Distance>(v)), op);
    }
    return v;
  }
};

// A mask's rows beside those of x: where they do not follow each other as x's do they are brought together.
template <class V>
struct rows_of_mask {
  using T = element_of<V>;
  static constexpr std::size_t capacity = short_rows<V>::all * V::size;

  const T* mask;
  std::size_t outer;
  std::size_t held = ~std::size_t{0};  // the row that `together` begins with
  T together[capacity];

  NONLIN_INLINE rows_of_mask(const T* m, std::size_t rows) : mask(m), outer(rows) {}

  // that of `row`, and of all that are worked on with it
  NONLIN_INLINE const T* at(std::size_t row, const short_rows<V>& rows) {
    const std::size_t first = row < outer ? row : row % outer, n = rows.n;
    if (first + rows.step <= outer) return mask + first * n;
    if (held != first) {
      held = first;
      for (std::size_t r = 0; r < least(rows.step, rows.end - row); ++r)
        for (std::size_t i = 0; i < n; ++i) together[r * n + i] = mask[(first + r) % outer * n + i];
    }
    return together;
  }
};

// Rows from rows.row on, of logits that are x, as long as all that are worked on together are usual.
template <softmax_result Result, std::size_t Vectors, class V>
NONLIN_INLINE void softmax_usual_rows(const softmax_job<element_of<V>>& job, short_rows<V>& rows) {
  using raised = math::raised<element_of<V>>;
  constexpr std::size_t sums = short_rows<V>::all / Vectors;
  const V middle((raised::low + raised::high) / 2), half((raised::high - raised::low) / 2);
  for (; !rows.done(); rows.next()) {
    V z[4], term[4], sum[sums];
    unrolled<4>([&](auto k) NONLIN_INLINE_LAMBDA { z[k] = rows.get(Vectors, job.x + rows.at(Vectors, k), k); });
    const auto beyond = [&](std::size_t k) NONLIN_INLINE_LAMBDA { return !(abs(z[k] - middle) <= half); };
    if (any((beyond(0) | beyond(1)) | (beyond(2) | beyond(3)))) [[unlikely]]
      return;
    unrolled<4>([&](auto k) NONLIN_INLINE_LAMBDA { term[k] = rows.padded(Vectors, math::exp_raised(z[k]), V(0), k); });
    unrolled<sums>([&](auto r) NONLIN_INLINE_LAMBDA { sum[r] = rows.sum(Vectors, term + r * Vectors); });
    if constexpr (Result == softmax_result::logarithms) {
      logarithm<V> log[sums];
      unrolled<sums>([&](auto r) NONLIN_INLINE_LAMBDA { log[r] = logarithm<V>(reference<V>::usual(), sum[r], false); });
      unrolled<4>([&](auto k) NONLIN_INLINE_LAMBDA { 
        rows.put(Vectors, job.y + rows.at(Vectors, k), log[k / Vectors].of({z[k], V(0)}), k);
      });
    } else {
      unrolled<sums>([&](auto r) NONLIN_INLINE_LAMBDA { sum[r] = inverse(sum[r], false); });
      unrolled<4>([&](auto k) NONLIN_INLINE_LAMBDA { 
        rows.put(Vectors, job.y + rows.at(Vectors, k), term[k] * sum[k / Vectors], k);
      });
    }
  }
}

// All that is worked on together. Each row is usual or is not by itself: what lies beside it in a vector does not change its bits.
// Loops, not unrolled: for a third of the code
template <softmax_result Result, class V>
NONLIN_INLINE void softmax_any_rows(const softmax_job<element_of<V>>& job, const short_rows<V>& rows, rows_of_mask<V>& masks) {
  using T = element_of<V>;
  using raised = math::raised<T>;
  const std::size_t vectors = rows.vectors, begin = rows.at(vectors, 0);
  const logits<T> x(job.x + begin, job.mask != nullptr ? masks.at(rows.row, rows) : nullptr, job.scale);
  const reference<V> usual = reference<V>::usual();
  // least_sum: no less than 4 V::size terms of raised::low add up to
  const V high(raised::high), least_sum(sizeof(T) == 4 ? T(0x1p+38) : T(0x1p+80));
  logit<V> z[4];
  V term[4];
  for (std::size_t k = 0; k < 4; ++k) {
    const std::size_t at = rows.at(vectors, k) - begin;
    z[k] = x.from([&](const T* p) NONLIN_INLINE_LAMBDA { return rows.get(vectors, p + at, k); });
    term[k] = rows.padded(vectors, usual.term(z[k]), V(0), k);
  }
  for (std::size_t first = 0; first < 4 && rows.count_in(vectors, first) != 0; first += vectors) {
    reference<V> ref = usual;
    V sum = rows.sum(vectors, term + first);
    auto is_usual = sum >= least_sum;
    for (std::size_t k = first; k < first + vectors; ++k) is_usual = is_usual & (z[k].high <= high);
    if (any(!is_usual)) {
      const V none(-infinity<T>());
      V seen[4];
      for (std::size_t u = 0; u < vectors; ++u) seen[u] = at_least(none, rows.padded(vectors, z[first + u].high, none, u));  // no NaN
      const V top = rows.over_row(vectors, seen, [](const V& a, const V& b) NONLIN_INLINE_LAMBDA { return at_least(a, b); });
      is_usual = (top >= V(raised::low)) & (top <= high);
      const reference<V> own(top);
      ref = {select(is_usual, usual.shift, own.shift), select(is_usual, usual.up, own.up), select(is_usual, usual.lowest, own.lowest)};
      for (std::size_t u = 0; u < vectors; ++u) term[first + u] = rows.padded(vectors, ref.term(z[first + u]), V(0), u);
      sum = rows.sum(vectors, term + first);
    }
    T* const y = job.y + rows.at(vectors, first);
    if (Result == softmax_result::logarithms || job.log_sum_exp != nullptr) {
      const logarithm<V> log(ref, sum, job.zero_if_masked);
      if (job.log_sum_exp != nullptr) {
        T lanes[V::size];
        store(lanes, log.sum_exp(sum));
        T* const to = job.log_sum_exp + rows.first_in(vectors, first);
        for (std::size_t j = 0; j < rows.count_in(vectors, first); ++j) to[j] = lanes[j * rows.period];
      }
      if constexpr (Result == softmax_result::logarithms)
        for (std::size_t u = 0; u < vectors; ++u) rows.put(vectors, y, log.of(z[first + u]), first + u);
    }
    if constexpr (Result == softmax_result::probabilities) {
      const V f = inverse(sum, job.zero_if_masked);
      for (std::size_t u = 0; u < vectors; ++u) rows.put(vectors, y, term[first + u] * f, first + u);
    }
  }
}

template <softmax_result Result, class V>
NONLIN_INLINE void softmax_short_rows(const softmax_job<element_of<V>>& job) {
  const bool general = job.mask != nullptr || job.scale != 1 || job.log_sum_exp != nullptr;
  rows_of_mask<V> masks(job.mask, job.mask_outer);
  for (short_rows<V> rows(job.shape); !rows.done(); rows.next()) {
    if (!general) {
      rows.by_vectors([&](auto v) NONLIN_INLINE_LAMBDA { softmax_usual_rows<Result, v>(job, rows); });
      if (rows.done()) return;
    }
    softmax_any_rows<Result>(job, rows, masks);
  }
}

}  // namespace detail
}  // namespace NONLIN_ABI
}  // namespace nonlin
#include "../../detail/end.hpp"
