// SPDX-License-Identifier: Apache-2.0
// Softmax cross-entropy: per column, the loss = weight log sum e^z - sum of t z and, if wanted, its gradient
// g (weight softmax - t), t being the targets and weight their sum. Logarithms and losses are taken relative to a logit near the
// largest, so that nothing cancels. The logits may be overwritten by the gradient: what is needed of them is taken first.
#pragma once
#include "softmax.hpp"

#include "../detail/begin.hpp"

namespace nonlin {
inline namespace NONLIN_ABI {
namespace detail {

// Integers of any type.
struct labels {
  const void* data = nullptr;
  std::size_t bytes = 0;
  bool is_signed = false;

  std::int64_t operator[](std::size_t i) const noexcept {
    switch (bytes) {
      case 1:
        return is_signed ? at<std::int8_t>(i) : at<std::uint8_t>(i);
      case 2:
        return is_signed ? at<std::int16_t>(i) : at<std::uint16_t>(i);
      case 4:
        return is_signed ? std::int64_t{at<std::int32_t>(i)} : std::int64_t{at<std::uint32_t>(i)};
      default:
        return at<std::int64_t>(i);
    }
  }

 private:
  template <class L>
  L at(std::size_t i) const noexcept {
    L label;
    __builtin_memcpy(&label, static_cast<const unsigned char*>(data) + i * sizeof(L), sizeof(L));
    return label;
  }
};

template <class T>
struct cross_entropy_job {
  const T* x = nullptr;
  labels label;               // one of the two
  const T* target = nullptr;  // probabilities, as many as x
  double smoothing = 0;
  std::int64_t ignored = 0;
  T* dx = nullptr;  // may be null
  double gradient = 1;
  const T* gradients = nullptr;  // one a column, times `gradient`
  T* loss = nullptr;             // one a column; may be null
  axis_shape shape;

  bool is_ignored(std::size_t column) const { return target == nullptr && label[column] == ignored; }
  double gradient_of(std::size_t column) const {
    return is_ignored(column) ? 0 : gradient * (gradients != nullptr ? static_cast<double>(gradients[column]) : 1);
  }
  // of a label, and of each class beside it
  double share_of_label() const { return 1 - smoothing; }
  double share_of_all() const { return smoothing / static_cast<double>(shape.axis); }
};

// t (z - base), 0 where t is 0 and z is -inf
template <class V>
NONLIN_INLINE V target_term(const V& t, const V& z, const V& base) {
  return select(t == V(0), V(0), t * (z - base));
}
// the gradient of a logit, but for its label's share; 0 for an ignored one though it be NaN. The term is divided by the sum
// before it is multiplied by a gradient that may be tiny.
template <class V>
NONLIN_INLINE V logit_gradient(const V& term, const V& inverse, const V& weighted, const V& target, const V& gradient) {
  return select(gradient == V(0), V(0), fms(term * inverse, weighted, target));
}

// Sums over a row of f(i, k), a vector whose first k lanes count.
template <class V, class F>
NONLIN_INLINE double sum_of_row(std::size_t n, const F& f) {
  long_sum<V> total;
  for (std::size_t i = 0; i < n; i += V::size) {
    const std::size_t k = least(V::size, n - i);
    const V v = f(i, k);
    total.add(k == V::size ? v : select(first_lanes<V>(k), v, V(0)));
  }
  return total.of_lanes();
}

template <class V>
NONLIN_INLINE double cross_entropy_row(const cross_entropy_job<element_of<V>>& job, std::size_t row) {
  using T = element_of<V>;
  const std::size_t n = job.shape.axis;
  const T *const x = job.x + row * n, *const t = job.target != nullptr ? job.target + row * n : nullptr;
  T* const dx = job.dx != nullptr ? job.dx + row * n : nullptr;
  const bool ignored = job.is_ignored(row);
  const double all = job.share_of_all(), one = job.share_of_label();
  row_of_terms<V> terms(x, n, dx);

  // base: any logit near the largest; dot: sum of targets (z - base)
  double base = 0, dot = 0, weight = 1;
  std::size_t label = 0;
  if (t == nullptr && !ignored) {
    label = static_cast<std::size_t>(job.label[row]);
    base = static_cast<double>(x[label]);
  }
  if (t != nullptr || all != 0) {
    const V max = terms.largest_from(0);
    base = static_cast<double>(max_of_lanes(max));
    if (t == nullptr) {
      if (!ignored && one != 0) dot = one * (static_cast<double>(x[label]) - base);
    } else {
      if (one != 0)
        dot = one * sum_of_row<V>(n, [&](std::size_t i, std::size_t k) NONLIN_INLINE_LAMBDA {
                return target_term(load<V>(t + i, k), load<V>(x + i, k), max);
              });
      weight = one * sum_of_row<V>(n, [&](std::size_t i, std::size_t k)
                                          NONLIN_INLINE_LAMBDA { return load<V>(t + i, k); }) +
               job.smoothing;
    }
    if (all != 0)
      dot += all * sum_of_row<V>(n, [&](std::size_t i, std::size_t k)
                                        NONLIN_INLINE_LAMBDA { return load<V>(x + i, k) - max; });
  }

  terms.add_up();
  const logarithm<V> log(terms.ref, V(terms.sum), false);
  const auto number = [](const V& v) NONLIN_INLINE_LAMBDA { return static_cast<double>(max_of_lanes(v)); };
  // what the logarithm and the base share in front cancels first
  const double rise = ((number(log.shift) - base) + number(log.high)) + number(log.low);
  const double loss = ignored ? 0 : weight * rise - dot;
  if (job.loss != nullptr) job.loss[row] = static_cast<T>(loss);

  if (dx != nullptr) {
    const double g = job.gradient_of(row);
    const V inverse(1 / terms.sum), weighted(g * weight), share(g * all), soft(g * one), gradient(g);
    for_row<V>(n, [&](std::size_t i, std::size_t k) NONLIN_INLINE_LAMBDA {
      const V target = t != nullptr ? fma(load<V>(t + i, k), soft, share) : share;
      store_some(dx + i, logit_gradient(load<V>(dx + i, k), inverse, weighted, target, gradient), k);
    });
    if (t == nullptr && !ignored) dx[label] -= static_cast<T>(g * one);
  }
  return loss;
}

template <class V>
NONLIN_INLINE double cross_entropy_strip(const cross_entropy_job<element_of<V>>& job, const strip& s,
                                         const element_of<V>* x, const element_of<V>* t, element_of<V>* dx) {
  using T = element_of<V>;
  constexpr std::size_t w = V::size;
  const std::size_t vectors = vectors_of<V>(s), steps = all_steps(s);
  const double all = job.share_of_all(), one = job.share_of_label();
  const logits<T> z(x);
  per_lane<V> max, sum, dot, weight;
  references<V> ref;

  max_of_columns(s, z, max);
  for_each_vector(vectors, [&](std::size_t u) NONLIN_INLINE_LAMBDA {
    ref.set(u, reference<V>(max[u]));
    dot.set(u, V(0));
    weight.set(u, V(1));
  });
  if (t != nullptr) {
    add_up_columns(s, dot, [&](const V& part, std::size_t i, std::size_t k, std::size_t u) NONLIN_INLINE_LAMBDA {
      return part + target_term(load<V>(t + i, k), load<V>(x + i, k), max[u]);
    });
    add_up_columns(s, weight, [&](const V& part, std::size_t i, std::size_t k, std::size_t)
                                  NONLIN_INLINE_LAMBDA { return part + load<V>(t + i, k); });
  } else {
    for (std::size_t c = 0; c < s.columns; ++c) {
      const std::size_t column = s.first_column + c;
      if (!job.is_ignored(column))
        dot.lane[c] = x[static_cast<std::size_t>(job.label[column]) * s.stride + c] - max.lane[c];
    }
  }
  if (all != 0) {
    add_up_columns(s, sum, [&](const V& part, std::size_t i, std::size_t k, std::size_t u) NONLIN_INLINE_LAMBDA {
      const V d = load<V>(x + i, k) - max[u];
      return part + (k == w ? d : select(first_lanes<V>(k), d, V(0)));
    });
    for_each_vector(vectors, [&](std::size_t u) NONLIN_INLINE_LAMBDA {
      dot.set(u, fma(sum[u], V(all), one != 0 ? dot[u] * V(one) : V(0)));
      if (t != nullptr) weight.set(u, fma(weight[u], V(one), V(job.smoothing)));
    });
  }

  add_up_columns(s, sum, [&](const V& part, std::size_t i, std::size_t k, std::size_t u) NONLIN_INLINE_LAMBDA {
    const V term = ref[u].term(z.template padded<V>(i, k).high);
    if (dx != nullptr) store_some(dx + i, term, k);
    return part + term;
  });

  double total = 0;
  for (std::size_t u = 0; u * w < s.columns; ++u) {
    // log of the sum of e^(z - max)
    T l[w];
    store(l, math::log_of_normal(sum[u] / ref[u].term(finite_base(max[u]))));
    for (std::size_t c = u * w; c < least(s.columns, (u + 1) * w); ++c) {
      const bool ignored = job.is_ignored(s.first_column + c);
      const double loss = ignored ? 0
                                  : static_cast<double>(weight.lane[c]) * static_cast<double>(l[c - u * w]) -
                                        static_cast<double>(dot.lane[c]);
      if (job.loss != nullptr) job.loss[s.first_column + c] = static_cast<T>(loss);
      total += loss;
    }
  }

  if (dx != nullptr) {
    // from here on: sum holds the inverse of the sum, max the gradient of the loss, weight is multiplied by it
    for (std::size_t c = 0; c < vectors * w; ++c) {
      const std::size_t k = c % s.period;
      const double g = k < s.columns ? job.gradient_of(s.first_column + k) : 0;
      max.lane[c] = static_cast<T>(g);
      sum.lane[c] = 1 / sum.lane[c];
      weight.lane[c] *= static_cast<T>(g);
    }
    for_vectors<V>(s, 0, steps, [&](std::size_t i, std::size_t k, std::size_t u) NONLIN_INLINE_LAMBDA {
      const V share = t != nullptr ? fma(load<V>(t + i, k), V(one), V(all)) : V(all);
      store_some(dx + i, logit_gradient(load<V>(dx + i, k), sum[u], weight[u], share * max[u], max[u]), k);
    });
    if (t == nullptr) {
      for (std::size_t c = 0; c < s.columns; ++c) {
        const std::size_t column = s.first_column + c;
        if (!job.is_ignored(column))
          dx[static_cast<std::size_t>(job.label[column]) * s.stride + c] -= static_cast<T>(job.gradient_of(column) * one);
      }
    }
  }
  return total;
}

template <class T>
struct cross_entropy_body {
  cross_entropy_job<T> job;
  double* total;

  template <class V>
  NONLIN_INLINE void operator()(const V&) const {
    const axis_shape& s = job.shape;
    double sum = 0;
    if (s.inner == 1 && s.axis > short_axis<V>) {
      for (std::size_t o = 0; o < s.outer; ++o) sum += cross_entropy_row<V>(job, o);
    } else {
      const T* const in[2] = {job.x, job.target};
      for_strips<V>(s, in, s.outer, job.dx, [&](const strip& t, const T* const (&from)[2], T* to) NONLIN_INLINE_LAMBDA {
        sum += cross_entropy_strip<V>(job, t, from[0], from[1], to);
      });
    }
    *total = sum;
  }
};

}  // namespace detail
}  // namespace NONLIN_ABI
}  // namespace nonlin
#include "../detail/end.hpp"
