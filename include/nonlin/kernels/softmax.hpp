// SPDX-License-Identifier: Apache-2.0
// Rows and columns of exponentials that add up to one.
//
//   e^x = 2^n (1 + q) with x itself, not x - max: the rounding of x - max would be |x - max| 2^-24 of the result.
//   Terms are kept as e^x / 2^R e^-shift, (R, shift) being the row's reference: R = max / ln 2 rounded and shift = 0 where
//   |max| <= 256, R = 0 and shift = max beyond, where x - max is exact for all x that count.
//   Of a usual row (math::raised) R is always the same: no pass for the maximum, and nothing to wait for. Else the reference comes
//   from the row's first elements. An element that is much larger makes another: what is done already is scaled down, once.
//   Short rows are done in groups, step by step: the latency of one row's sum and division is another's work.
//   Each lane adds up at most 16 terms, in pairs, before it goes to a compensated sum.
//
//   Record: Cascade Lake, 2.4 GHz, AVX-512, g++ 12; ns an element, rows of 128 / 1024 / 4096:
//   .92 / .57 / .54 with a reference from the first block and a row at a time, .55 / .40 / .39 with the usual reference and e^x by
//   a table, .46 / .33 / .28 with groups and whole vectors apart from the last; LogSoftmax of 128 1.41, .62, .45.
//   Rows of 32: 3.4 by way of columns, 1.1 a row at a time; of 4: 5, the detour costs more than the row (open).
#pragma once
#include "../math/log.hpp"
#include "../detail/isas.hpp"
#include "strips.hpp"

#include "../detail/begin.hpp"

namespace nonlin {
inline namespace NONLIN_ABI {
namespace detail {

enum class softmax_result { probabilities, logarithms, statistics };

// What is computed of what. Inputs may be null, apart from x; so may outputs.
template <class T>
struct softmax_job {
  const T* x = nullptr;
  const T* mask = nullptr;      // added to scale * x; repeats after mask_outer outer indices
  std::size_t mask_outer = 1;
  double scale = 1;
  bool zero_if_masked = false;  // a row that is -inf everywhere
  T* y = nullptr;
  T* log_sum_exp = nullptr;       // one a column
  double* max_and_sum = nullptr;  // two a column: of all x, and of e^(x - max); an input if `known`
  bool known = false;
  axis_shape shape;
};

template <class V>
struct logit {
  V high, low;  // low: what a product or a sum has lost, if a term can take account of it
};

// scale * x + mask. Whether it is more than x is asked at each vector, not compiled twice: the branch is always the same.
template <class T>
struct logits {
  const T *x, *mask;
  double scale;
  bool general;

  NONLIN_INLINE logits(const T* p) : x(p), mask(nullptr), scale(1), general(false) {}
  NONLIN_INLINE logits(const T* p, const T* m, double s) : x(p), mask(m), scale(s), general(m != nullptr || s != 1) {}

  template <class V>
  NONLIN_INLINE logit<V> at(std::size_t i, std::size_t k) const {
    const V v = load<V>(x + i, k);
    if (!general) return {v, V(0)};
    const V s(scale), rest(scale - static_cast<double>(static_cast<T>(scale)));
    const V product = v * s, lost = fma(v, rest, math::product_error(v, s, product));
    const auto z = two_sum(product, mask != nullptr ? load<V>(mask + i, k) : V(0));
    const V low = z.error + lost;
    return {z.sum, select(abs(low) < V(T(1) / 32), low, V(0))};  // NaN beside infinities
  }
  // -inf in the lanes beyond the k-th
  template <class V>
  NONLIN_INLINE logit<V> padded(std::size_t i, std::size_t k) const {
    logit<V> z = at<V>(i, k);
    if (k != V::size) z.high = select(first_lanes<V>(k), z.high, V(-infinity<T>()));
    return z;
  }
};

template <class T>
inline constexpr T far_from_zero = 256;  // see above
template <class T>
inline constexpr T term_is_zero = sizeof(T) == 4 ? T(110) : T(760);  // below the reference
template <class T>
inline constexpr T too_large = 40;  // above it; x - shift is exact for what is less

// The maximum of no logit, or of hidden ones, is -inf: its terms are counted from 0.
template <class V>
NONLIN_INLINE V finite_base(const V& max) {
  return select(max == V(-infinity<element_of<V>>()), V(0), max);
}

template <class V>
struct reference {
  V shift, exponent, lowest;  // lowest: of x - shift

  reference() = default;
  NONLIN_INLINE reference(const V& s, const V& e, const V& l) : shift(s), exponent(e), lowest(l) {}
  // the largest x; that of an empty set is -inf
  NONLIN_INLINE explicit reference(const V& max) {
    using T = element_of<V>;
    using c = math::exp_constants<T>;
    const V m = finite_base(max);
    const auto far = abs(m) > V(far_from_zero<T>);
    shift = select(far, m, V(0));
    exponent = select(far, V(0), fma(m, V(c::log2e), V(c::round)) - V(c::round));
    lowest = (m - shift) - V(term_is_zero<T>);
  }
  // that of math::exp_raised
  static NONLIN_INLINE reference usual() {
    using raised = math::raised<element_of<V>>;
    return {V(0), V(-raised::raise), V(raised::lowest)};
  }

  // e^(z - reference)
  NONLIN_INLINE V term(const logit<V>& z, bool general) const {
    // the difference, not z itself: next to a large z the 110 would be lost
    auto e = math::reduce(at_least(z.high - shift, lowest));
    if (general) e.r = e.r + z.low;
    return math::scale_down(V(1) + math::expm1_polynomial(e.r), e.n - exponent);
  }
  NONLIN_INLINE V term(const V& z) const { return term({z, V(0)}, false); }
};

// From one reference to one that is higher: times e^(old - higher), exponent and the rest apart. 0 where nothing is left of any term.
template <class V>
struct rescaling {
  V exponent, rest;

  NONLIN_INLINE rescaling(const reference<V>& old, const reference<V>& higher, const V& max) {
    using T = element_of<V>;
    using c = math::exp_constants<T>;
    const V ln2(c::ln2_hi), p = old.exponent * ln2;  // one of p and shift is zero
    const auto by = two_sum(p + old.shift, -higher.shift);
    const V low = fma(old.exponent, V(c::ln2_lo), math::product_error(old.exponent, ln2, p)) + by.error;
    const V forgotten = (max - higher.shift) - V(sizeof(T) == 4 ? T(180) : T(1400));  // a usual term may be e^70 (e^647)
    const auto e = math::exp_parts(at_least(by.sum, forgotten), low);
    exponent = e.n - higher.exponent;
    rest = select(by.sum < forgotten, V(0), V(1) + e.q);
  }
  NONLIN_INLINE V operator()(const V& term) const { return math::scale_far(term * rest, exponent); }
};

// The first lane's, in double.
template <class V>
NONLIN_INLINE reference<n_scalar::vec<double>> in_double(const reference<V>& r) {
  using D = n_scalar::vec<double>;
  return {D(max_of_lanes(r.shift)), D(max_of_lanes(r.exponent)), D(max_of_lanes(r.lowest))};
}
// A sum relative to a row's reference as one relative to its maximum, and back.
template <class V>
NONLIN_INLINE double sum_from_max(double sum, double max, const reference<V>& r) {
  if (sum == 0) return 0;
  const n_scalar::vec<double> m(max);
  return sum * double(in_double(r).term(m));
}
template <class V>
NONLIN_INLINE double sum_to_max(double sum, double max, const reference<V>& r) {
  using D = n_scalar::vec<double>;
  if (sum == 0) return 0;
  const D m(max);
  const reference<D> top(m);
  return double(rescaling<D>(in_double(r), top, m)(D(sum)) / top.term(m));
}

// z - log(e^reference sum), with the digits that z and the reference share in front cancelled first
template <class V>
struct logarithm {
  V shift, high, low;

  NONLIN_INLINE logarithm(const V& s, const V& h, const V& l) : shift(s), high(h), low(l) {}
  NONLIN_INLINE logarithm(const reference<V>& r, const V& sum, bool zero_if_masked) {
    using T = element_of<V>;
    using c = math::exp_constants<T>;
    const math::log_parts<V> log(sum);
    const V inf(infinity<T>()), k = select(sum == V(0), V(0), r.exponent + log.k);
    const V ln2(c::ln2_hi), p = k * ln2;
    const auto s = two_sum(p, select(sum == V(0), zero_if_masked ? V(0) : inf - inf, log.log));
    shift = r.shift;
    high = s.sum;
    low = s.error + fma(k, V(c::ln2_lo), math::product_error(k, ln2, p));
  }
  NONLIN_INLINE V of(const logit<V>& z) const {
    return ((z.high - shift) - high) + (z.low - low);
  }
  NONLIN_INLINE V sum_exp(const V& sum) const {
    return select(sum == V(0), V(-infinity<element_of<V>>()), (shift + high) + low);
  }
};

template <class V>
NONLIN_INLINE V inverse(const V& sum, bool zero_if_masked) {
  const V i = V(1) / sum;
  return zero_if_masked ? select(sum == V(0), V(0), i) : i;
}

// -- one row that lies in one piece ---------------------------------------------------------------------------

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
    const std::size_t done = z.general ? 0 : add_up_usual();
    if (done < n) add_up_any(done);
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

  // Terms by math::exp_raised, as long as they are usual; how many.
  NONLIN_INLINE std::size_t add_up_usual() {
    std::size_t i = 0, vectors = 0;
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
    if (i == 0 && !any(top >= V(raised::low))) return false;
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

  // From element `done` on, by references of the row's own.
  NONLIN_INLINE void add_up_any(std::size_t done) {
    logits<T> from = z;
    from.general = true;  // the branch at each vector costs an eighth of the time
    V limit(-infinity<T>());
    if (done != 0)
      flush();
    else
      ref = reference<V>(limit);  // so that terms of -inf are 0, not math::raised's least
    bool first = done == 0;
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
        for_row<V>(n, [&](std::size_t i, std::size_t k) NONLIN_INLINE_LAMBDA {
          store_some(y + i, ref.term(z.template at<V>(i, k), z.general) * f, k);
        });
      } else {
        for_row<V>(n, [&](std::size_t i, std::size_t k)
                       NONLIN_INLINE_LAMBDA { store_some(y + i, load<V>(y + i, k) * f, k); });
      }
    }
  }
}

// -- a strip of columns ---------------------------------------------------------------------------------------

// The references of a strip's lanes.
template <class V>
struct references {
  per_lane<V> shift, exponent, lowest;

  NONLIN_INLINE void set(std::size_t u, const reference<V>& r) {
    shift.set(u, r.shift);
    exponent.set(u, r.exponent);
    lowest.set(u, r.lowest);
  }
  NONLIN_INLINE reference<V> operator[](std::size_t u) const { return {shift[u], exponent[u], lowest[u]}; }
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
      const V t = ref[u].term(z.template padded<V>(i, k), z.general);
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
      const V t = job.known ? ref[u].term(z.template at<V>(i, k), z.general) : load<V>(y + i, k);
      store_some(y + i, t * sum[u], k);
    });
  }
}

template <class T, softmax_result Result>
struct softmax_body {
  softmax_job<T> job;

  template <class V>
  NONLIN_INLINE void operator()(const V&) const {
    const axis_shape& s = job.shape;
    if (s.inner == 1 && s.axis > short_axis<V>) {
      const std::size_t group = rows_at_once<V>(s.axis);
      for (std::size_t o = 0; o < s.outer; o += group) softmax_rows<V, Result>(job, o, least(group, s.outer - o));
      return;
    }
    const T* const in[2] = {job.x, job.mask};
    for_strips<V>(s, in, job.mask_outer, job.y,
                  [&](const strip& t, const T* const (&from)[2], T* to) NONLIN_INLINE_LAMBDA {
                    softmax_strip<V, Result>(job, t, {from[0], from[1], job.scale}, to);
                  });
  }
};

// -- backward -------------------------------------------------------------------------------------------------

// dx = scale y (dy - sum of y dy); of the logarithms: dx = scale (dy - e^y sum of dy)
template <class T, bool Log>
struct softmax_backward_body {
  const T *y, *dy;
  T* dx;
  double scale;
  axis_shape shape;

  template <class V>
  static NONLIN_INLINE V gradient(const V& y, const V& dy, const V& sum, const V& scale) {
    if constexpr (Log)
      return scale * fnma(math::exp(y), sum, dy);
    else
      return scale * y * (dy - sum);
  }
  template <class V>
  static NONLIN_INLINE V to_sum(const V& part, const V& y, const V& dy) {
    if constexpr (Log)
      return part + dy;
    else
      return fma(y, dy, part);
  }

  template <class V>
  NONLIN_INLINE double sum_of(const T* py, const T* pdy) const {
    constexpr std::size_t w = V::size, unroll = 4;
    const std::size_t n = shape.axis;
    long_sum<V> total;
    V part[unroll] = {V(0), V(0), V(0), V(0)};
    const auto all = [&]() NONLIN_INLINE_LAMBDA { return (part[0] + part[1]) + (part[2] + part[3]); };
    std::size_t i = 0, blocks = 0;
    for (; n - i >= unroll * w; i += unroll * w) {
      if (blocks != 0 && blocks % 16 == 0) {  // terms in a lane
        total.add(all());
        unrolled<unroll>([&](auto k) NONLIN_INLINE_LAMBDA { part[k] = V(0); });
      }
      ++blocks;
      unrolled<unroll>([&](auto k) NONLIN_INLINE_LAMBDA {
        part[k] = to_sum(part[k], load<V>(py + i + k * w), load<V>(pdy + i + k * w));
      });
    }
    for (; i < n; i += w) {
      const std::size_t k = least(w, n - i);
      part[0] = to_sum(part[0], load<V>(py + i, k), load<V>(pdy + i, k));
    }
    if (blocks <= 16) return static_cast<double>(sum_of_lanes(all()));
    total.add(all());
    return total.of_lanes();
  }

  template <class V>
  NONLIN_INLINE void rows(std::size_t first, std::size_t count) const {
    const std::size_t n = shape.axis;
    T sums[row_group<V>::capacity];
    for (std::size_t r = 0; r < count; ++r) sums[r] = static_cast<T>(sum_of<V>(y + (first + r) * n, dy + (first + r) * n));
    const V s(scale);
    for (std::size_t r = 0; r < count; ++r) {
      const T *const py = y + (first + r) * n, *const pdy = dy + (first + r) * n;
      T* const out = dx + (first + r) * n;
      const V sum(sums[r]);
      for_row<V>(n, [&](std::size_t i, std::size_t k) NONLIN_INLINE_LAMBDA {
        store_some(out + i, gradient(load<V>(py + i, k), load<V>(pdy + i, k), sum, s), k);
      });
    }
  }

  template <class V>
  NONLIN_INLINE void operator()(const V&) const {
    if (shape.inner == 1 && shape.axis > short_axis<V>) {
      const std::size_t group = rows_at_once<V>(shape.axis);
      for (std::size_t o = 0; o < shape.outer; o += group) rows<V>(o, least(group, shape.outer - o));
      return;
    }
    const T* const in[2] = {y, dy};
    for_strips<V>(shape, in, shape.outer, dx, [&](const strip& t, const T* const (&from)[2], T* to) NONLIN_INLINE_LAMBDA {
      per_lane<V> sum;
      add_up_columns(t, sum, [&](const V& part, std::size_t i, std::size_t k, std::size_t) NONLIN_INLINE_LAMBDA {
        return to_sum(part, load<V>(from[0] + i, k), load<V>(from[1] + i, k));
      });
      const V s(scale);
      for_vectors<V>(t, 0, all_steps(t), [&](std::size_t i, std::size_t k, std::size_t u) NONLIN_INLINE_LAMBDA {
        store_some(to + i, gradient(load<V>(from[0] + i, k), load<V>(from[1] + i, k), sum[u], s), k);
      });
    });
  }
};

}  // namespace detail
}  // namespace NONLIN_ABI
}  // namespace nonlin
#include "../detail/end.hpp"
