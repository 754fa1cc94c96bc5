// SPDX-License-Identifier: Apache-2.0
// Elementwise functions of several arrays, some with parameters along an axis (a bias, a slope for each channel), and with
// sums along the rest (their gradients), in one pass.
//
// A functor is called with vectors of the inputs and of the parameters, and gives outputs and terms of sums:
//   template <class V> void operator()(const V (&in)[In], const V (&p)[P], V (&out)[Out], V (&term)[S]) const
//
//   inner >= 64, or one channel   channel by channel, in runs of `inner` elements, the parameters in registers
//   inner < 64                    the (axis, inner) block by pieces, each for all outer indices: parameters and sums, one
//                                 for each element of a piece, stay in the first-level cache
//
// Sums: at most 16 terms in a lane before they go to a sum of twice the digits. Which terms go where depends on indices
// alone. The error is within 2^-19 of the sum of magnitudes (double: 2^-48), however many there are, and that of the terms.
// Infinite terms give what IEEE's sum does.
#pragma once
#include <limits>
#include "../axis.hpp"
#include "../dispatch.hpp"
#include "lanes.hpp"

#include "../detail/begin.hpp"

namespace nonlin {
inline namespace NONLIN_ABI {
namespace detail {

// An array over the shape: element (o, a, i) at data + o * outer + a * axis + i.
template <class T>
struct strided {
  T* data;
  std::size_t outer, axis;

  T* at(std::size_t o, std::size_t a) const { return data != nullptr ? data + o * outer + a * axis : nullptr; }
};

// Sizes of no array.
constexpr std::size_t at_least_one(std::size_t n) { return n == 0 ? 1 : n; }

template <class T, std::size_t In, std::size_t P, std::size_t Out, std::size_t S>
struct axis_job {
  axis_shape shape;
  strided<const T> in[In];
  const T* p[at_least_one(P)] = {};  // one a channel; null: -0, which is nothing added
  strided<T> out[Out];
  T* sums[at_least_one(S)] = {};         // one a channel; null: not wanted
  double* totals[at_least_one(S)] = {};  // over all channels; null: not wanted
};

// Vectors of one step.
template <class V, std::size_t In, std::size_t P, std::size_t Out, std::size_t S>
struct axis_step {
  V in[In], p[at_least_one(P)], out[Out], term[at_least_one(S)];
};

enum class axis_layout {
  flat,   // no parameters, no sums but totals
  along,  // an axis
  pairs   // inputs 0 and 1, parameters 0 and 1, sums 0 and 1, and outputs 0 and 1 alternate; inner is 1
};

template <class T, class F, std::size_t In, std::size_t P, std::size_t Out, std::size_t S, axis_layout Layout>
struct axis_body {
  axis_job<T, In, P, Out, S> job;
  F f;

  static constexpr std::size_t piece = 512;  // elements
  static constexpr std::size_t chain = 16;   // terms in a lane
  static constexpr T none = T(-0.0);         // x + none is x, of x = -0 too

  // -- runs -------------------------------------------------------------------------------------------------

  template <class V>
  struct run_sums {
    long_sum<V> total[at_least_one(S)];
    V part[at_least_one(S)];
    std::size_t count = 0;

    NONLIN_INLINE run_sums() {
      unrolled<S>([&](auto s) NONLIN_INLINE_LAMBDA { part[s] = V(0); });
    }
    NONLIN_INLINE void add(std::size_t s, const V& term) { part[s] = part[s] + term; }
    // how many vectors more until flush
    NONLIN_INLINE std::size_t left() const { return chain - count; }
    NONLIN_INLINE void next(std::size_t vectors) {
      if constexpr (S != 0) {
        count += vectors;
        if (count == chain) flush();
      }
    }
    NONLIN_INLINE void flush() {
      for (std::size_t s = 0; s < S; ++s) {
        total[s].add(part[s]);
        part[s] = V(0);
      }
      count = 0;
    }
  };

  // n elements from (o, a, 0) on
  template <class V>
  NONLIN_INLINE void run(const F& functor, std::size_t o, std::size_t a, std::size_t n, const V (&p)[at_least_one(P)],
                         run_sums<V>& sums) const {
    constexpr std::size_t w = V::size;
    const T* in[In];
    T* out[Out];
    unrolled<In>([&](auto k) NONLIN_INLINE_LAMBDA { in[k] = job.in[k].at(o, a); });
    unrolled<Out>([&](auto k) NONLIN_INLINE_LAMBDA { out[k] = job.out[k].at(o, a); });
    const auto step = [&](std::size_t i, std::size_t k) NONLIN_INLINE_LAMBDA {
      axis_step<V, In, P, Out, S> v;
      unrolled<In>([&](auto j) NONLIN_INLINE_LAMBDA { v.in[j] = load<V>(in[j] + i, k); });
      unrolled<P>([&](auto j) NONLIN_INLINE_LAMBDA { v.p[j] = p[j]; });
      functor(v.in, v.p, v.out, v.term);
      unrolled<Out>([&](auto j) NONLIN_INLINE_LAMBDA { store_some(out[j] + i, v.out[j], k); });
      unrolled<S>([&](auto s) NONLIN_INLINE_LAMBDA { sums.add(s, k == w ? v.term[s] : select(first_lanes<V>(k), v.term[s], V(0))); });
    };
    std::size_t i = 0;
    while (n - i >= w) {
      const std::size_t whole = (n - i) / w, vectors = S == 0 ? whole : least(whole, sums.left());
      for (const std::size_t stop = i + vectors * w; i < stop; i += w) step(i, std::integral_constant<std::size_t, w>());
      sums.next(vectors);
    }
    if (i < n) {
      step(i, n - i);
      sums.next(1);
    }
  }

  template <class V>
  NONLIN_INLINE void runs(const F& functor) const {
    const axis_shape& s = job.shape;
    // without sums in the order of memory
    const bool by_channel = S != 0;
    const std::size_t first = by_channel ? s.axis : s.outer, second = by_channel ? s.outer : s.axis;
    for (std::size_t k = 0; k < first; ++k) {
      run_sums<V> sums;
      for (std::size_t j = 0; j < second; ++j) {
        const std::size_t a = by_channel ? k : j, o = by_channel ? j : k;
        V p[at_least_one(P)];
        unrolled<P>([&](auto m) NONLIN_INLINE_LAMBDA { p[m] = V(job.p[m] != nullptr ? job.p[m][a] : none); });
        run<V>(functor, o, a, s.inner, p, sums);
      }
      sums.flush();
      unrolled<S>([&](auto m) NONLIN_INLINE_LAMBDA { finish(m, k, sums.total[m].of_lanes()); });
    }
  }

  // -- pieces -----------------------------------------------------------------------------------------------

  // Sums, one for each element of a piece, over the outer indices.
  template <class V>
  struct piece_sums {
    alignas(64) T part[at_least_one(S)][piece], high[at_least_one(S)][piece], low[at_least_one(S)][piece];
    std::size_t outer;

    NONLIN_INLINE void start(std::size_t n, std::size_t all) {
      outer = all;
      for (std::size_t k = 0; k < S; ++k) {
        for (std::size_t i = 0; i < n; i += V::size) {
          store(part[k] + i, V(0));
          store(high[k] + i, V(0));
          store(low[k] + i, V(0));
        }
      }
    }
    NONLIN_INLINE void add(std::size_t i, const V (&term)[at_least_one(S)]) {
      unrolled<S>([&](auto k) NONLIN_INLINE_LAMBDA { store(part[k] + i, load<V>(part[k] + i) + term[k]); });
    }
    // after outer index o
    NONLIN_INLINE void next(std::size_t n, std::size_t o) {
      if (S == 0 || outer <= chain || (o % chain != chain - 1 && o + 1 != outer)) return;
      for (std::size_t k = 0; k < S; ++k) {
        for (std::size_t i = 0; i < n; i += V::size) {
          V h = load<V>(high[k] + i), l = load<V>(low[k] + i);
          add_to_both(h, l, load<V>(part[k] + i));
          store(high[k] + i, h);
          store(low[k] + i, l);
          store(part[k] + i, V(0));
        }
      }
    }
    NONLIN_INLINE double of(std::size_t k, std::size_t j) const {
      if (outer <= chain) return static_cast<double>(part[k][j]);
      return static_cast<double>(high[k][j]) + static_cast<double>(low[k][j]);
    }
  };

  // parameters of elements first .. first + n of a block; readable by whole vectors
  NONLIN_INLINE const T* expanded(const T* p, std::size_t first, std::size_t n, T (&buffer)[piece]) const {
    const std::size_t inner = job.shape.inner;
    if (p != nullptr && inner == 1 && n % 16 == 0) return p + first;
    for (std::size_t j = 0; j < n; ++j) buffer[j] = p != nullptr ? p[(first + j) / inner] : none;
    return buffer;
  }

  template <class V>
  NONLIN_INLINE void pieces(const F& functor) const {
    constexpr std::size_t w = V::size;
    const axis_shape& s = job.shape;
    const std::size_t block = s.axis * s.inner, size = piece / s.inner * s.inner;
    alignas(64) T buffer[at_least_one(P)][piece];
    piece_sums<V> sums;
    for (std::size_t first = 0; first < block; first += size) {
      const std::size_t n = least(size, block - first);
      const T* p[at_least_one(P)];
      unrolled<P>([&](auto k) NONLIN_INLINE_LAMBDA { p[k] = expanded(job.p[k], first, n, buffer[k]); });
      sums.start(n, s.outer);
      for (std::size_t o = 0; o < s.outer; ++o) {
        const T* in[In];
        T* out[Out];
        unrolled<In>([&](auto k) NONLIN_INLINE_LAMBDA { in[k] = job.in[k].at(o, 0) + first; });
        unrolled<Out>([&](auto k) NONLIN_INLINE_LAMBDA { out[k] = job.out[k].at(o, 0) + first; });
        for (std::size_t i = 0; i < n; i += w) {
          const std::size_t k = least(w, n - i);
          axis_step<V, In, P, Out, S> v;
          unrolled<In>([&](auto j) NONLIN_INLINE_LAMBDA { v.in[j] = load<V>(in[j] + i, k); });
          unrolled<P>([&](auto j) NONLIN_INLINE_LAMBDA { v.p[j] = load<V>(p[j] + i); });
          functor(v.in, v.p, v.out, v.term);
          unrolled<Out>([&](auto j) NONLIN_INLINE_LAMBDA { store_some(out[j] + i, v.out[j], k); });
          sums.add(i, v.term);
        }
        sums.next(n, o);
      }
      for (std::size_t k = 0; k < S; ++k) {
        for (std::size_t a = 0; a < n / s.inner; ++a) {
          double sum = 0;
          for (std::size_t j = a * s.inner; j < (a + 1) * s.inner; ++j) sum += sums.of(k, j);
          finish(k, first / s.inner + a, sum);
        }
      }
    }
  }

  // -- pairs: gate and value alternate, inner is 1 ------------------------------------------------------------

  template <class V>
  static NONLIN_INLINE void load_pairs(const T* p, std::size_t k, V& a, V& b) {
    const V x = load<V>(p, least(V::size, 2 * k)), y = 2 * k > V::size ? load<V>(p + V::size, 2 * k - V::size) : V(0);
    unzip(x, y, a, b);
  }
  template <class V>
  static NONLIN_INLINE void store_pairs(T* p, std::size_t k, const V& a, const V& b) {
    V x, y;
    zip(a, b, x, y);
    store_some(p, x, least(V::size, 2 * k));
    if (2 * k > V::size) store_some(p + V::size, y, 2 * k - V::size);
  }

  template <class V>
  NONLIN_INLINE void pairs(const F& functor) const {
    constexpr std::size_t w = V::size;
    const axis_shape& s = job.shape;
    piece_sums<V> sums;
    for (std::size_t first = 0; first < s.axis; first += piece) {
      const std::size_t n = least(piece, s.axis - first);
      sums.start(n, s.outer);
      for (std::size_t o = 0; o < s.outer; ++o) {
        const T* in[In];
        T* out[Out];
        unrolled<In>([&](auto k) NONLIN_INLINE_LAMBDA { in[k] = job.in[k].at(o, 0) + (k < 2 ? 2 : 1) * first; });
        unrolled<Out>([&](auto k) NONLIN_INLINE_LAMBDA { out[k] = job.out[k].at(o, 0) + Out * first; });
        for (std::size_t i = 0; i < n; i += w) {
          const std::size_t k = least(w, n - i);
          axis_step<V, In, P, Out, S> v;
          load_pairs(in[0] + 2 * i, k, v.in[0], v.in[1]);
          if constexpr (In == 3) v.in[2] = load<V>(in[2] + i, k);
          if constexpr (P >= 2) {
            v.p[0] = v.p[1] = V(none);
            if (job.p[0] != nullptr) load_pairs(job.p[0] + 2 * (first + i), k, v.p[0], v.p[1]);
          }
          functor(v.in, v.p, v.out, v.term);
          if constexpr (Out == 2)
            store_pairs(out[0] + 2 * i, k, v.out[0], v.out[1]);
          else
            store_some(out[0] + i, v.out[0], k);
          sums.add(i, v.term);
        }
        sums.next(n, o);
      }
      for (std::size_t k = 0; k < S; ++k) {
        for (std::size_t a = 0; a < n; ++a) {
          const double sum = sums.of(k, a);
          if (job.totals[k] != nullptr) *job.totals[k] += sum;
          if (k < 2 && job.sums[0] != nullptr) job.sums[0][2 * (first + a) + k] = static_cast<T>(sum);
        }
      }
    }
  }

  NONLIN_INLINE void finish(std::size_t k, std::size_t channel, double sum) const {
    if (job.sums[k] != nullptr) job.sums[k][channel] = static_cast<T>(sum);
    if (job.totals[k] != nullptr) *job.totals[k] += sum;
  }

  template <class V>
  NONLIN_INLINE void operator()(const V&) const {
    const F functor = f;
    if constexpr (Layout == axis_layout::pairs) {
      pairs<V>(functor);
    } else {
      if constexpr (Layout == axis_layout::along) {
        if (job.shape.inner != 0 && job.shape.inner < 64 && job.shape.axis != 1) return pieces<V>(functor);
      }
      runs<V>(functor);
    }
  }
};

template <class T>
strided<const T> input(const argument& a, const axis_shape& s) {
  return {static_cast<const T*>(a.data), s.axis * s.inner, s.inner};
}
template <class T>
strided<T> output(const argument& a, const axis_shape& s) {
  return {to_write<T>(a), s.axis * s.inner, s.inner};
}

template <axis_layout Layout, class T, class F, std::size_t In, std::size_t P, std::size_t Out, std::size_t S>
void run_axis(const axis_job<T, In, P, Out, S>& job, const F& f) {
  with_kernels([&](auto k) { k.template run<T>(axis_body<T, F, In, P, Out, S, Layout>{job, f}); });
}

}  // namespace detail
}  // namespace NONLIN_ABI
}  // namespace nonlin
#include "../detail/end.hpp"
