// SPDX-License-Identifier: Apache-2.0
// dx of y and dy.
#pragma once
#include "columns.hpp"
#include "rows.hpp"
#include "short_rows.hpp"

#include "../../detail/begin.hpp"

namespace nonlin {
inline namespace NONLIN_ABI {
namespace detail {

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

  template <std::size_t Vectors, class V>
  NONLIN_INLINE void among_lanes(short_rows<V>& rows) const {
    const V s(scale);
    for (; !rows.done(); rows.next()) {
      V a[4], b[4], term[4], sum[4 / Vectors];
      unrolled<4>([&](auto k) NONLIN_INLINE_LAMBDA {
        a[k] = rows.get(Vectors, y + rows.at(Vectors, k), k);
        b[k] = rows.get(Vectors, dy + rows.at(Vectors, k), k);
        term[k] = to_sum(V(0), a[k], b[k]);
      });
      unrolled<4 / Vectors>([&](auto r) NONLIN_INLINE_LAMBDA { sum[r] = rows.sum(Vectors, term + r * Vectors); });
      unrolled<4>([&](auto k) NONLIN_INLINE_LAMBDA { 
        rows.put(Vectors, dx + rows.at(Vectors, k), gradient(a[k], b[k], sum[k / Vectors], s), k);
      });
    }
  }

  template <class V>
  NONLIN_INLINE void operator()(const V&) const {
    if (shape.inner == 1) {
      if (short_rows<V>::possible(shape)) {
        short_rows<V> rows(shape);
        return rows.by_vectors([&](auto v) NONLIN_INLINE_LAMBDA { among_lanes<v>(rows); });
      }
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
#include "../../detail/end.hpp"
