// SPDX-License-Identifier: Apache-2.0
// What a softmax is asked for, and how its terms are kept.
//
//   e^x = 2^n (1 + q) with x itself, not x - max: the rounding of x - max would be |x - max| 2^-24 of the result.
//   Terms are kept as e^(x - shift) 2^up, (shift, up) being the row's reference, which makes the largest about 2^raise: shift = 0 and
//   up = raise - max / ln 2 rounded where |max| <= 256, shift = max and up = raise beyond, where x - max is exact for all x that
//   count. So no term underflows: what is too far below the maximum to count is 0.
//   Of a usual row (math::raised) up is always raise: no pass for the maximum, and nothing to wait for.
#pragma once
#include "../../detail/isas.hpp"
#include "../../math/log.hpp"
#include "../../axis.hpp"
#include "../lanes.hpp"

#include "../../detail/begin.hpp"

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

// scale * x + mask. Whether it is more than x is asked at each vector: the branch is always the same.
template <class T>
struct logits {
  const T *x, *mask;
  T scale, scale_rest;
  bool general;

  NONLIN_INLINE logits(const T* p) : x(p), mask(nullptr), scale(1), scale_rest(0), general(false) {}
  NONLIN_INLINE logits(const T* p, const T* m, double s)
      : x(p), mask(m), scale(static_cast<T>(s)), scale_rest(static_cast<T>(s - static_cast<double>(scale))), general(m != nullptr || s != 1) {}

  template <class V>
  NONLIN_INLINE logit<V> at(std::size_t i, std::size_t k) const {
    return from([&](const T* p) NONLIN_INLINE_LAMBDA { return load<V>(p + i, k); });
  }
  // get(x), get(mask): vectors
  template <class Get>
  NONLIN_INLINE auto from(const Get& get) const -> logit<decltype(get(x))> {
    using V = decltype(get(x));
    const V v = get(x);
    if (!general) return {v, V(0)};
    const V s(scale), product = v * s, lost = fma(v, V(scale_rest), math::product_error(v, s, product));
    const auto z = two_sum(product, mask != nullptr ? get(mask) : V(0));
    const V low = z.error + lost;
    return {z.sum, at_most(at_least(V(T(-1) / 32), low), V(T(1) / 32))};  // not NaN, as beside infinities
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
inline constexpr T term_is_zero = sizeof(T) == 4 ? T(110) : T(760);  // below the maximum

// The maximum of no logit, or of hidden ones, is -inf: its terms are counted from 0.
template <class V>
NONLIN_INLINE V finite_base(const V& max) {
  return select(max == V(-infinity<element_of<V>>()), V(0), max);
}

template <class V>
struct reference {
  V shift, up, lowest;  // lowest: of x - shift

  reference() = default;
  NONLIN_INLINE reference(const V& s, const V& u, const V& l) : shift(s), up(u), lowest(l) {}
  // the largest x; that of an empty set is -inf
  NONLIN_INLINE explicit reference(const V& max) {
    using T = element_of<V>;
    using c = math::exp_constants<T>;
    const V m = finite_base(max), raise(math::raised<T>::raise);
    const auto far = abs(m) > V(far_from_zero<T>);
    shift = select(far, m, V(0));
    up = select(far, raise, raise - (fma(m, V(c::log2e), V(c::round)) - V(c::round)));
    lowest = (m - shift) - V(term_is_zero<T>);
  }
  // that of math::exp_raised
  static NONLIN_INLINE reference usual() {
    using raised = math::raised<element_of<V>>;
    return {V(0), V(raised::raise), V(raised::lowest)};
  }

  // 0 where it is too far below the maximum, or hidden, so that its product with 1 / sum does not underflow (a microcode assist)
  NONLIN_INLINE V term(const logit<V>& z) const {
    const V x = z.high - shift;  // it is clamped, not z itself: next to a large z the 110 would be lost
    return select(x < lowest, V(0), math::exp_raised(at_least(x, lowest), z.low, up));
  }
  NONLIN_INLINE V term(const V& z) const { return term({z, V(0)}); }
};

// From one reference to another: times e^(old.shift - other.shift) 2^(other.up - old.up), exponent and the rest apart. 0 where nothing
// is left of any term.
template <class V>
struct rescaling {
  V exponent, rest;

  NONLIN_INLINE rescaling(const reference<V>& old, const reference<V>& other, const V& max) {
    using T = element_of<V>;
    const auto by = two_sum(old.shift, -other.shift);
    const V forgotten = (max - other.shift) - V(sizeof(T) == 4 ? T(180) : T(1400));  // a usual term may be e^70 (e^647)
    const auto e = math::exp_parts(at_least(by.sum, forgotten), by.error);
    exponent = e.n + (other.up - old.up);
    rest = select(by.sum < forgotten, V(0), V(1) + e.q);
  }
  NONLIN_INLINE V operator()(const V& term) const { return math::scale_far(term * rest, exponent); }
};

// The first lane's, in double.
template <class V>
NONLIN_INLINE reference<n_scalar::vec<double>> in_double(const reference<V>& r) {
  using D = n_scalar::vec<double>;
  return {D(max_of_lanes(r.shift)), D(max_of_lanes(r.up)), D(max_of_lanes(r.lowest))};
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

  logarithm() = default;
  NONLIN_INLINE logarithm(const V& s, const V& h, const V& l) : shift(s), high(h), low(l) {}
  NONLIN_INLINE logarithm(const reference<V>& r, const V& sum, bool zero_if_masked) {
    using T = element_of<V>;
    using c = math::exp_constants<T>;
    const math::log_parts<V> log(sum);
    const V inf(infinity<T>()), k = select(sum == V(0), V(0), log.k - r.up);
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

}  // namespace detail
}  // namespace NONLIN_ABI
}  // namespace nonlin
#include "../../detail/end.hpp"
