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
#pragma once
#include <bit>
#include "terms.hpp"

#include "../../detail/begin.hpp"

namespace nonlin {
inline namespace NONLIN_ABI {
namespace detail {

// Rows of n elements, each in `Vectors` vectors or beside others in one, as many as `All` vectors hold.
template <class V, std::size_t Vectors, std::size_t All = 4>
struct short_rows {
  using T = element_of<V>;
  static constexpr std::size_t w = V::size, all = All, sums = All / Vectors;
  using one_at_a_time = short_rows<V, Vectors, Vectors>;

  std::size_t n, period, beside, step;  // period: lanes of a row; beside: rows in a vector; step: rows worked on at once
  std::size_t row, end;                 // these, and those still to come
  std::size_t elements[All];            // in each of the vectors
  V column;                             // of each lane, in a row's first vector

  NONLIN_INLINE short_rows(std::size_t axis, std::size_t lanes, std::size_t first, std::size_t last)
      : n(axis), period(lanes), beside(w / lanes), step(sums * beside), row(first), end(last) {
    T number[w];
    for (std::size_t k = 0; k < w; ++k) number[k] = static_cast<T>(k % period);
    column = load<V>(number);
    count();
  }
  NONLIN_INLINE bool done() const { return row >= end; }
  NONLIN_INLINE void next() {
    row += step;
    if (end - row < step) count();
  }
  // those that are worked on
  NONLIN_INLINE one_at_a_time separate() const { return {n, period, row, least(end, row + step)}; }

  // the first row in the k-th vector, and how many there are
  NONLIN_INLINE std::size_t first_in(std::size_t k) const { return row + k / Vectors * beside; }
  NONLIN_INLINE std::size_t count_in(std::size_t k) const { return end > first_in(k) ? least(beside, end - first_in(k)) : 0; }

  // The k-th vector, whose first row is at p; zeros in the lanes that are no element.
  NONLIN_INLINE V get(const T* p, std::size_t k) const {
    const T* const from = p + k % Vectors * w;
    const V v = load(V(), from, elements[k]);
    if constexpr (Vectors == 1 && has_spread<V>) return spread(v, counted(0));
    return v;
  }
  NONLIN_INLINE void put(T* p, const V& v, std::size_t k) const {
    T* const to = p + k % Vectors * w;
    if constexpr (Vectors == 1 && has_spread<V>)
      store(to, gathered(v, counted(0)), elements[k]);
    else
      store(to, v, elements[k]);
  }

  // v, with `fill` in the lanes of the k-th vector that are no element
  NONLIN_INLINE V padded(const V& v, const V& fill, std::size_t k) const {
    const std::size_t u = k % Vectors;
    return u < Vectors / 2 ? v : select(counted(u), v, fill);
  }

  // v of a row's vectors and lanes combined, in each of its lanes; op is commutative
  template <class Op>
  NONLIN_INLINE void over_rows(const V (&v)[All], V (&result)[sums], const Op& op) const {
    unrolled<sums>([&](auto r) NONLIN_INLINE_LAMBDA {
      const V* const of = v + r * Vectors;
      if constexpr (Vectors == 1)
        result[r] = of[0];
      else if constexpr (Vectors == 2)
        result[r] = op(of[0], of[1]);
      else
        result[r] = op(op(of[0], of[1]), op(of[2], of[3]));
    });
    over_lanes<1>(result, op);
  }
  NONLIN_INLINE void add_up(const V (&v)[All], V (&sum)[sums]) const {
    over_rows(v, sum, [](const V& a, const V& b) NONLIN_INLINE_LAMBDA { return a + b; });
  }

 private:
  NONLIN_INLINE void count() {
    for (std::size_t k = 0; k < All; ++k) {
      const std::size_t before = k % Vectors * w, in_rows = count_in(k) * n;
      elements[k] = Vectors == 1 ? in_rows : in_rows <= before ? 0 : least(w, in_rows - before);
    }
  }
  // which lanes of a row's u-th vector are elements
  NONLIN_INLINE auto counted(std::size_t u) const { return column < V(static_cast<T>(n) - static_cast<T>(u * w)); }
  template <std::size_t Distance, class Op>
  NONLIN_INLINE void over_lanes(V (&v)[sums], const Op& op) const {
    if constexpr (Distance < w) {
      if (Distance >= period) return;
      unrolled<sums>([&](auto r) NONLIN_INLINE_LAMBDA { v[r] = op(v[r], swapped<Distance>(v[r])); });
      over_lanes<2 * Distance>(v, op);
    }
  }
};

// The results, from logits and terms.
template <softmax_result Result, class V, class Rows>
NONLIN_INLINE void finish_short_rows(const softmax_job<element_of<V>>& job, const Rows& rows, const reference<V>& ref,
                                     const logit<V> (&z)[Rows::all], V (&term)[Rows::all]) {
  using T = element_of<V>;
  constexpr std::size_t vectors = Rows::all / Rows::sums;
  V sum[Rows::sums];
  unrolled<Rows::all>([&](auto k) NONLIN_INLINE_LAMBDA { term[k] = rows.padded(term[k], V(0), k); });
  rows.add_up(term, sum);
  const auto put = [&](const auto& of) NONLIN_INLINE_LAMBDA {
    unrolled<Rows::all>([&](auto k) NONLIN_INLINE_LAMBDA { rows.put(job.y + rows.first_in(k) * rows.n, of(k), k); });
  };
  if (Result == softmax_result::logarithms || job.log_sum_exp != nullptr) {
    logarithm<V> log[Rows::sums];
    unrolled<Rows::sums>([&](auto r) NONLIN_INLINE_LAMBDA {
      log[r] = logarithm<V>(ref, sum[r], job.zero_if_masked);
      if (job.log_sum_exp == nullptr) return;
      T lanes[V::size];
      store(lanes, log[r].sum_exp(sum[r]));
      T* const out = job.log_sum_exp + rows.first_in(r * vectors);
      for (std::size_t j = 0; j < rows.count_in(r * vectors); ++j) out[j] = lanes[j * rows.period];
    });
    if constexpr (Result == softmax_result::logarithms)
      put([&](auto k) NONLIN_INLINE_LAMBDA { return log[k / vectors].of(z[k]); });
  }
  if constexpr (Result == softmax_result::probabilities) {
    V f[Rows::sums];
    unrolled<Rows::sums>([&](auto r) NONLIN_INLINE_LAMBDA { f[r] = inverse(sum[r], job.zero_if_masked); });
    put([&](auto k) NONLIN_INLINE_LAMBDA { return term[k] * f[k / vectors]; });
  }
}

// Rows of which some are not usual. Each is or is not by itself: what lies beside it in a vector does not change its bits.
template <softmax_result Result, class V, std::size_t Vectors>
NONLIN_INLINE void unusual_short_rows(const softmax_job<element_of<V>>& job, short_rows<V, Vectors, Vectors> rows) {
  using T = element_of<V>;
  using raised = math::raised<T>;
  const V none(-infinity<T>());
  for (; !rows.done(); rows.next()) {
    const std::size_t at = rows.row * rows.n;
    const logits<T> x(job.x + at, job.mask != nullptr ? job.mask + rows.row % job.mask_outer * rows.n : nullptr, job.scale);
    logit<V> z[Vectors];
    V high[Vectors], top[1], term[Vectors];
    unrolled<Vectors>([&](auto k) NONLIN_INLINE_LAMBDA {
      z[k] = x.from([&](const T* p) NONLIN_INLINE_LAMBDA { return rows.get(p, k); });
      high[k] = at_least(none, rows.padded(z[k].high, none, k));  // no NaN
    });
    rows.over_rows(high, top, [](const V& a, const V& b) NONLIN_INLINE_LAMBDA { return at_least(a, b); });
    const auto usual = (top[0] >= V(x.general ? infinity<T>() : raised::low)) & (top[0] <= V(raised::high));
    const reference<V> own(top[0]), common = reference<V>::usual();
    unrolled<Vectors>([&](auto k) NONLIN_INLINE_LAMBDA {
      term[k] = select(usual, math::exp_raised(z[k].high), own.term(z[k], true));
    });
    const reference<V> ref(select(usual, common.shift, own.shift), select(usual, common.exponent, own.exponent), V(0));
    finish_short_rows<Result>(job, rows, ref, z, term);
  }
}

template <softmax_result Result, class V, std::size_t Vectors>
NONLIN_INLINE void softmax_short_rows(const softmax_job<element_of<V>>& job, short_rows<V, Vectors> rows) {
  using raised = math::raised<element_of<V>>;
  const V middle((raised::low + raised::high) / 2), half((raised::high - raised::low) / 2);
  const bool general = job.mask != nullptr || job.scale != 1;
  for (; !rows.done(); rows.next()) {
    logit<V> z[4];
    V term[4];
    unrolled<4>([&](auto k) NONLIN_INLINE_LAMBDA { z[k] = {rows.get(job.x + rows.first_in(k) * rows.n, k), V(0)}; });
    const auto beyond = [&](std::size_t k) NONLIN_INLINE_LAMBDA { return !(abs(z[k].high - middle) <= half); };
    if (general || any((beyond(0) | beyond(1)) | (beyond(2) | beyond(3)))) [[unlikely]] {
      unusual_short_rows<Result>(job, rows.separate());
      continue;
    }
    unrolled<4>([&](auto k) NONLIN_INLINE_LAMBDA { term[k] = math::exp_raised(z[k].high); });
    finish_short_rows<Result>(job, rows, reference<V>::usual(), z, term);
  }
}

// f(short_rows) if the rows are short. one_beside: no other row in a row's vector.
template <class V, class F>
NONLIN_INLINE bool by_short_rows(const axis_shape& s, bool one_beside, const F& f) {
  constexpr std::size_t w = V::size;
  const std::size_t n = s.axis;
  if constexpr (w > 1) {
    if (n <= w) {
      const std::size_t lanes = std::bit_ceil(n);
      return f(short_rows<V, 1>(n, !one_beside && (lanes == n || has_spread<V>) ? lanes : w, 0, s.outer)), true;
    }
    if (n <= 2 * w) return f(short_rows<V, 2>(n, w, 0, s.outer)), true;
    if (n <= 4 * w) return f(short_rows<V, 4>(n, w, 0, s.outer)), true;
  }
  return false;
}

}  // namespace detail
}  // namespace NONLIN_ABI
}  // namespace nonlin
#include "../../detail/end.hpp"
