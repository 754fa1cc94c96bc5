// SPDX-License-Identifier: Apache-2.0
// Rows and columns of exponentials that add up to one.
//
//   e^x = 2^n (1 + q) with x itself, not x - max: the rounding of x - max would be |x - max| 2^-24 of the result.
//   Terms are kept as e^x / 2^R e^-shift, (R, shift) being the row's reference: R = max / ln 2 rounded and shift = 0 where
//   |max| <= 256, R = 0 and shift = max beyond, where x - max is exact for all x that count.
//   A row's reference comes from its first elements, so that no pass for the maximum is needed. An element that is much
//   larger makes one: what is done already is scaled down, once.
//   Each lane adds up at most 16 terms, in pairs, before it goes to a compensated sum.
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

  // e^(z - reference)
  NONLIN_INLINE V term(const logit<V>& z, bool general) const {
    // the difference, not z itself: next to a large z the 110 would be lost
    auto e = math::reduce(at_least(z.high - shift, lowest));
    if (general) e.r = e.r + z.low;
    return math::scale_down(V(1) + math::expm1_polynomial(e.r), e.n - exponent);
  }
  NONLIN_INLINE V term(const V& z) const { return term({z, V(0)}, false); }
};

// From one reference to one that is higher: times e^(old - higher), exponent and the rest apart.
template <class V>
struct rescaling {
  V exponent, rest;

  NONLIN_INLINE rescaling(const reference<V>& old, const reference<V>& higher, const V& max) {
    using T = element_of<V>;
    using c = math::exp_constants<T>;
    const V ln2(c::ln2_hi), p = old.exponent * ln2;  // one of p and shift is zero
    const V low = fma(old.exponent, V(c::ln2_lo), math::product_error(old.exponent, ln2, p));
    const V forgotten = (max - higher.shift) - V(sizeof(T) == 4 ? T(170) : T(1300));  // nothing is left of anything
    const auto e = math::exp_parts(at_least((p + old.shift) - higher.shift, forgotten), low);
    exponent = e.n - higher.exponent;
    rest = V(1) + e.q;
  }
  NONLIN_INLINE V operator()(const V& term) const { return math::scale(term * rest, exponent); }
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
    const V log = math::log_of_normal(sum), inf(infinity<T>());
    const V ln2(c::ln2_hi), p = r.exponent * ln2;
    const auto s = two_sum(p, select(sum == V(0), zero_if_masked ? V(0) : inf - inf, log));
    shift = r.shift;
    high = s.sum;
    low = s.error + fma(r.exponent, V(c::ln2_lo), math::product_error(r.exponent, ln2, p));
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

  // The largest of the elements from `first` on, NaN aside.
  NONLIN_INLINE V largest_from(std::size_t first) const {
    V m(-infinity<T>());
    for (std::size_t i = first; i < n; i += w) m = at_least(m, z.template padded<V>(i, least(w, n - i)).high);
    return V(max_of_lanes(m));
  }

  NONLIN_INLINE void add_up() {
    if (z.general)
      add_up_terms<true, 1>();
    else
      add_up_terms<false, 4>();
  }

  // The branch at each vector, and fewer of them in flight, cost an eighth of the time.
  template <bool General, std::size_t unroll>
  NONLIN_INLINE void add_up_terms() {
    logits<T> from = z;
    from.general = General;
    const V none(-infinity<T>());
    V limit = none;
    bool first = true;
    largest = none;
    ref = reference<V>(none);
    long_sum<V> total;
    V part(0);
    for (std::size_t i = 0, blocks = 0; i < n; i += unroll * w) {
      const bool whole = n - i >= unroll * w;
      logit<V> a[unroll];
      V top = largest;
      if (whole) {
        unrolled<unroll>([&](auto k) NONLIN_INLINE_LAMBDA { a[k] = from.template at<V>(i + k * w, w); });
      } else {
        unrolled<unroll>([&](auto k) NONLIN_INLINE_LAMBDA {
          a[k] = {none, V(0)};
          if (i + k * w < n) a[k] = from.template padded<V>(i + k * w, least(w, n - i - k * w));
        });
      }
      unrolled<unroll>([&](auto k) NONLIN_INLINE_LAMBDA { top = at_least(top, a[k].high); });
      if (any(top > limit)) [[unlikely]] {
        // The first time the reference is the first block's maximum, the second time that of all.
        const V max = first ? V(max_of_lanes(top)) : at_least(largest_from(i), V(max_of_lanes(top)));
        total.add(part);
        part = V(0);
        const reference<V> higher(max);
        if (!first) {
          const rescaling<V> lower(ref, higher, max);
          for (std::size_t k = 0; y != nullptr && k < i; k += w) store(y + k, lower(load<V>(y + k)));
          total.high = lower(total.high);
          total.low = lower(total.low);
        }
        ref = higher;
        limit = first ? max + V(too_large<T>) : -none;
        first = false;
      }
      largest = top;
      V t[unroll];
      unrolled<unroll>([&](auto k) NONLIN_INLINE_LAMBDA { t[k] = ref.term(a[k], from.general); });
      if (y != nullptr) {
        if (whole)
          unrolled<unroll>([&](auto k) NONLIN_INLINE_LAMBDA { store(y + i + k * w, t[k]); });
        else
          unrolled<unroll>([&](auto k) NONLIN_INLINE_LAMBDA {
            if (i + k * w < n) store_some(y + i + k * w, t[k], least(w, n - i - k * w));
          });
      }
      if constexpr (unroll == 4)
        part = part + ((t[0] + t[1]) + (t[2] + t[3]));
      else
        part = part + t[0];
      if (++blocks % 4 == 0) {
        total.add(part);
        part = V(0);
      }
    }
    total.add(part);
    sum = total.of_lanes();
  }
};

// f(i, k) for the vectors of a row, k being the lanes that count
template <class V, class F>
NONLIN_INLINE void for_row(std::size_t n, const F& f) {
  for (std::size_t i = 0; i < n; i += V::size) f(i, least(V::size, n - i));
}

template <class V, softmax_result Result>
NONLIN_INLINE void softmax_row(const softmax_job<element_of<V>>& job, const logits<element_of<V>>& z,
                               std::size_t row) {
  using T = element_of<V>;
  const std::size_t n = job.shape.axis;
  T* const y = job.y != nullptr ? job.y + row * n : nullptr;
  row_of_terms<V> terms{z, n, Result == softmax_result::probabilities ? y : nullptr, {}, 0, {}};
  if (job.known) {
    const double* const stats = job.max_and_sum + 2 * row;
    terms.largest = V(stats[0]);
    terms.ref = reference<V>(terms.largest);
    terms.sum = sum_from_max(stats[1], stats[0], terms.ref);
  } else {
    terms.add_up();
  }
  const V sum(terms.sum);
  if constexpr (Result == softmax_result::statistics) {
    const double max = static_cast<double>(max_of_lanes(terms.largest));
    job.max_and_sum[2 * row] = max;
    job.max_and_sum[2 * row + 1] = sum_to_max(terms.sum, max, terms.ref);
  }
  if (job.log_sum_exp != nullptr || Result == softmax_result::logarithms) {
    // by the maximum itself: where it is all of the sum, the digits of a large log(sum) would be missed
    const V max(max_of_lanes(terms.largest));
    const reference<V> top(max);
    const V top_sum = rescaling<V>(terms.ref, top, finite_base(max))(sum);
    const logarithm<V> log(top, top_sum, job.zero_if_masked);
    if (job.log_sum_exp != nullptr) store(job.log_sum_exp + row, log.sum_exp(sum), 1);
    if constexpr (Result == softmax_result::logarithms) {
      for_row<V>(n, [&](std::size_t i, std::size_t k) NONLIN_INLINE_LAMBDA {
        store_some(y + i, log.of(z.template at<V>(i, k)), k);
      });
    }
  }
  if constexpr (Result == softmax_result::probabilities) {
    const V f = inverse(sum, job.zero_if_masked);
    if (job.known) {
      const reference<V> ref = terms.ref;
      for_row<V>(n, [&](std::size_t i, std::size_t k) NONLIN_INLINE_LAMBDA {
        store_some(y + i, ref.term(z.template at<V>(i, k), z.general) * f, k);
      });
    } else {
      for_row<V>(n, [&](std::size_t i, std::size_t k)
                     NONLIN_INLINE_LAMBDA { store_some(y + i, load<V>(y + i, k) * f, k); });
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
      for (std::size_t o = 0; o < s.outer; ++o) {
        const T* const mask = job.mask != nullptr ? job.mask + o % job.mask_outer * s.axis : nullptr;
        softmax_row<V, Result>(job, {job.x + o * s.axis, mask, job.scale}, o);
      }
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
  NONLIN_INLINE void row(const V&, std::size_t o) const {
    constexpr std::size_t w = V::size;
    const std::size_t n = shape.axis;
    const T *const py = y + o * n, *const pdy = dy + o * n;
    T* const out = dx + o * n;
    long_sum<V> total;
    for (std::size_t i = 0; i < n;) {
      V a(0), b(0);
      const std::size_t stop = least(n, i + 16 * w);
      for (; i + 2 * w <= stop; i += 2 * w) {
        a = to_sum(a, load<V>(py + i), load<V>(pdy + i));
        b = to_sum(b, load<V>(py + i + w), load<V>(pdy + i + w));
      }
      for (; i < stop; i += w) {
        const std::size_t k = least(w, stop - i);
        a = to_sum(a, load<V>(py + i, k), load<V>(pdy + i, k));
      }
      i = stop;
      total.add(a + b);
    }
    const V sum(total.of_lanes()), s(scale);
    for_row<V>(n, [&](std::size_t i, std::size_t k) NONLIN_INLINE_LAMBDA {
      store_some(out + i, gradient(load<V>(py + i, k), load<V>(pdy + i, k), sum, s), k);
    });
  }

  template <class V>
  NONLIN_INLINE void operator()(const V&) const {
    if (shape.inner == 1 && shape.axis > short_axis<V>) {
      for (std::size_t o = 0; o < shape.outer; ++o) row(V(), o);
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
