// SPDX-License-Identifier: Apache-2.0
// Elementwise functions of several arrays, some with parameters along an axis (a bias, a slope for each channel), and with
// sums along the rest (their gradients), in one pass.
//
// A functor is called with vectors of the inputs and of the parameters, and gives outputs and terms of sums:
//   template <class V> void operator()(const V (&in)[In], const V (&p)[P], V (&out)[Out], V (&term)[S]) const
//
//   inner > 512, or one run,   channel by channel, in runs of `inner` elements
//   or two of 256 and more
//   inner <= 512               the (axis, inner) block by pieces, each for all outer indices: parameters and sums, one for each
//                              element of a piece, stay in the first-level cache
// Either is rows of vectors that have parameters and sums of their own: pieces are done as they lie in memory, a row after the other,
// runs with the sums of 16 rows in registers.
//
//   Record: Cascade Lake, AVX-512, g++ 12; cycles for 16 floats, out of the first-level cache: PReLU' of one slope 6.9, of 64 channels of
//   one element 7.0 (13 a vector at a time with sums in memory), LeakyReLU' 6.0; channels of 256 17, by pieces 22; channels of 64 14, by
//   runs 36. Rows of four: 64 channels 13.7 for 11.5 with 16. GELU' with a bias 18.5 (27), without 14.6.
//   Zen 3, AVX2, 16384 elements; ns each, LeakyReLU' .18: PReLU' 8x2048x1, 8x128x16, 8x8x256 .24, .27, .30; .48, .50, .39 when pieces were
//   done down their columns, 8 rows at a time, a power of 2 apart (one set of the cache), and 256 by runs. GELU' with a bias, 256x512: .85
//   (.92), without .71; SwiGLU' with two 1.10 (1.12), without .81.
//   Zen 4, AVX-512, g++ 12, sums in registers while nothing is beyond a table: PReLU' 8x2048x1 .16 for .20, 8x64x256 .20 for .24, GELU' with
//   a bias, 256x512, .42 for .57.
//   lost     two rows at a time with sums loaded once for both: AVX2 5 to 15 % slower, clang too; runs of 256 by pieces also for two outer
//            indices: AVX-512 .18 for .21, AVX2 .19 for .17
//
// Sums: at most 24 roundings before they go to a sum of twice the digits. Which terms go where depends on
// indices alone. The error is within 2^-19 of the sum of magnitudes (double: 2^-48), however many there are, and that of the
// terms. Infinite terms give what IEEE's sum does.
#pragma once
#include <limits>
#include "../axis.hpp"
#include "../dispatch.hpp"
#include "../math/watched.hpp"
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

// Rows of elements; those of a column have one parameter and one sum.
// Pairs: inputs 0 and 1, parameters 0 and 1, sums 0 and 1, and outputs 0 and 1 alternate; inner is 1.
template <class T, std::size_t In, std::size_t P, std::size_t Out, std::size_t S, bool Pairs>
struct axis_matrix {
  static constexpr std::size_t piece = 512;                       // columns at most
  static constexpr std::size_t side = In + Out + S <= 4 ? 4 : 2;  // vectors side by side
  using columns_of_sums = T[S == 0 ? 1 : piece];

  const T* in[In];
  T* out[Out];
  std::size_t in_step[In], out_step[Out], rows, columns;
  const T* p[at_least_one(P)];

  // Of a row of pairs every other element is of array 0, of 1.
  static constexpr std::size_t in_scale(std::size_t k) { return Pairs && k < 2 ? 2 : 1; }
  static constexpr std::size_t out_scale = Pairs ? Out : 1;
};

// What a functor does: outputs of some rows, and the sum of each column's terms there, at sums[s] by whole groups of vectors.
template <class T, class F, std::size_t In, std::size_t P, std::size_t Out, std::size_t S, bool Pairs>
struct axis_rows {
  F f;

  using matrix = axis_matrix<T, In, P, Out, S, Pairs>;
  static constexpr std::size_t side = matrix::side;

  // Vectors of one step.
  template <class V>
  struct step {
    V in[In], p[at_least_one(P)], out[Out], term[at_least_one(S)];
    NONLIN_INLINE step() {}  // clang called the one that is not written: SwiGLU' with biases 2.35 ns for .50
  };
  template <class V>
  using parts = V[at_least_one(S)][side];

  template <class V>
  NONLIN_INLINE void operator()(const V&, const matrix& m, std::size_t first, std::size_t last,
                                typename matrix::columns_of_sums* sums) const {
    constexpr std::size_t wide = side * V::size;
    const F functor = f;
    const std::size_t whole = m.columns / wide * wide;
    if (whole != 0) groups<V>(functor, m, whole, first, last, sums);
    if (whole == m.columns) return;
    parts<V> part;
    clear<V>(part);
    for (std::size_t r = first; r < last; ++r) row<V>(functor, m, whole, m.columns - whole, r, part);
    put_sums<V>(part, sums, whole);
  }

 private:
  // -- elements ---------------------------------------------------------------------------------------------

  template <class V, class W>
  static NONLIN_INLINE void load_pairs(const T* from, std::size_t k, W& a, W& b) {
    const V x = load<V>(from, least(V::size, 2 * k)), y = 2 * k > V::size ? load<V>(from + V::size, 2 * k - V::size) : V(0);
    V even, odd;
    unzip(x, y, even, odd);
    a = W(even);
    b = W(odd);
  }
  template <class V>
  static NONLIN_INLINE void store_pairs(T* to, std::size_t k, const V& a, const V& b) {
    V x, y;
    zip(a, b, x, y);
    store_some(to, x, least(V::size, 2 * k));
    if (2 * k > V::size) store_some(to + V::size, y, 2 * k - V::size);
  }

  // The functor of k elements from column c on, in vectors W of V
  template <class V, class W>
  static NONLIN_INLINE step<W> compute(const F& functor, const matrix& m, const T* const (&in)[In], std::size_t c,
                                       std::size_t k) {
    step<W> v;
    if constexpr (Pairs) load_pairs<V>(in[0] + 2 * c, k, v.in[0], v.in[1]);
    unrolled<In>([&](auto j) NONLIN_INLINE_LAMBDA {
      if constexpr (!Pairs || j >= 2) v.in[j] = W(load<V>(in[j] + c, k));
    });
    unrolled<P>([&](auto j) NONLIN_INLINE_LAMBDA { v.p[j] = W(load<V>(m.p[j] + c)); });
    functor(v.in, v.p, v.out, v.term);
    return v;
  }
  template <class V>
  static NONLIN_INLINE void put(T* const (&out)[Out], std::size_t c, std::size_t k, const V (&v)[Out]) {
    if constexpr (Pairs && Out == 2)
      store_pairs(out[0] + 2 * c, k, v[0], v[1]);
    else
      unrolled<Out>([&](auto j) NONLIN_INLINE_LAMBDA { store_some(out[j] + c, v[j], k); });
  }

  // -- rows -------------------------------------------------------------------------------------------------

  template <class V, class W>
  static NONLIN_INLINE bool all_served(const step<W> (&v)[side]) {
    if constexpr (V::has_table32) {
      auto marks = v[0].out[0].marks;
      unrolled<side>([&](auto u) NONLIN_INLINE_LAMBDA {
        unrolled<Out>([&](auto j) NONLIN_INLINE_LAMBDA { marks = marks | v[u].out[j].marks; });
        unrolled<S>([&](auto j) NONLIN_INLINE_LAMBDA { marks = marks | v[u].term[j].marks; });
      });
      return never(marks) || !any(marked(marks));
    } else {
      return true;
    }
  }

  template <class V>
  static NONLIN_INLINE void clear(parts<V>& part) {
    unrolled<S>([&](auto s) NONLIN_INLINE_LAMBDA { unrolled<side>([&](auto u) NONLIN_INLINE_LAMBDA { part[s][u] = V(0); }); });
  }
  template <class V>
  static NONLIN_INLINE void copy(const parts<V>& from, parts<V>& to) {
    unrolled<S>([&](auto s) NONLIN_INLINE_LAMBDA { unrolled<side>([&](auto u) NONLIN_INLINE_LAMBDA { to[s][u] = from[s][u]; }); });
  }
  template <class V>
  static NONLIN_INLINE void put_sums(const parts<V>& part, typename matrix::columns_of_sums* sums, std::size_t c) {
    unrolled<S>([&](auto s) NONLIN_INLINE_LAMBDA {
      unrolled<side>([&](auto u) NONLIN_INLINE_LAMBDA { store(sums[s] + c + u * V::size, part[s][u]); });
    });
  }

  // Vectors side by side: where there are more columns than those a row after the other, as it lies in memory, and its sums too;
  // else down the columns, sums in registers.
  template <class V>
  static NONLIN_INLINE void groups(const F& functor, const matrix& m, std::size_t columns, std::size_t first, std::size_t last,
                                   typename matrix::columns_of_sums* sums) {
    constexpr std::size_t w = V::size, wide = side * w;
    const bool along_rows = columns != wide;
    parts<V> sum;
    clear<V>(sum);
    bool failed = false;
    std::size_t one_by_one = 0;  // groups: where most is beyond the tables, it is done as it comes
    for (std::size_t r = first; r < last; ++r) {
      for (std::size_t c = 0; c < columns; c += wide) {
        if (along_rows) {
          unrolled<S>([&](auto s) NONLIN_INLINE_LAMBDA {
            unrolled<side>([&](auto u) NONLIN_INLINE_LAMBDA { sum[s][u] = r == first ? V(0) : load<V>(sums[s] + c + u * w); });
          });
        }
        const bool served = one_by_one == 0 && at_once<V>(functor, m, c, r, sum);
        if (!served) [[unlikely]] {
          parts<V> in_memory;  // row counts in it, and g++ would leave the sums there in every round
          copy<V>(sum, in_memory);
          row<V>(functor, m, c, wide, r, in_memory);
          copy<V>(in_memory, sum);
          one_by_one = one_by_one != 0 ? one_by_one - 1 : failed ? 15 : 0;
        }
        failed = !served;
        if (along_rows) put_sums<V>(sum, sums, c);
      }
    }
    if (!along_rows) put_sums<V>(sum, sums, 0);
  }

  // Whole vectors side by side of row r from column c on; false if some lane is beyond a table, and nothing is done.
  template <class V>
  static NONLIN_INLINE bool at_once(const F& functor, const matrix& m, std::size_t c, std::size_t r, parts<V>& sum) {
    using W = typename watcher<V>::type;
    constexpr std::integral_constant<std::size_t, V::size> whole;
    const T* in[In];
    T* out[Out];
    unrolled<In>([&](auto j) NONLIN_INLINE_LAMBDA { in[j] = m.in[j] + r * m.in_step[j]; });
    unrolled<Out>([&](auto j) NONLIN_INLINE_LAMBDA { out[j] = m.out[j] + r * m.out_step[j]; });
    return [&]<std::size_t... U>(std::index_sequence<U...>) NONLIN_INLINE_LAMBDA {
      const step<W> v[] = {compute<V, W>(functor, m, in, c + U * whole, whole)...};
      if (!all_served<V>(v)) return false;
      unrolled<side>([&](auto u) NONLIN_INLINE_LAMBDA {
        V results[Out];
        unrolled<Out>([&](auto j) NONLIN_INLINE_LAMBDA { results[j] = math::plain(v[u].out[j]); });
        put(out, c + u * whole, whole, results);
        unrolled<S>([&](auto s) NONLIN_INLINE_LAMBDA { sum[s][u] = sum[s][u] + math::plain(v[u].term[s]); });
      });
      return true;
    }
    (std::make_index_sequence<side>());
  }
  template <class V, bool = V::has_table32>
  struct watcher {
    using type = V;
  };
  template <class V>
  struct watcher<V, true> {
    using type = math::watched<V>;
  };

  // n elements of row r from column c on, one vector after the other
  template <class V>
  static NONLIN_INLINE void row(const F& functor, const matrix& m, std::size_t c, std::size_t n, std::size_t r, parts<V>& part) {
    constexpr std::size_t w = V::size;
    const T* in[In];
    T* out[Out];
    unrolled<In>([&](auto j) NONLIN_INLINE_LAMBDA { in[j] = m.in[j] + r * m.in_step[j]; });
    unrolled<Out>([&](auto j) NONLIN_INLINE_LAMBDA { out[j] = m.out[j] + r * m.out_step[j]; });
    for (std::size_t u = 0; u * w < n; ++u) {
      const std::size_t k = least(w, n - u * w);
      const auto v = compute<V, V>(functor, m, in, c + u * w, k);
      put(out, c + u * w, k, v.out);
      unrolled<S>([&](auto s) NONLIN_INLINE_LAMBDA { part[s][u] = part[s][u] + select(first_lanes<V>(k), v.term[s], V(0)); });
    }
  }
};

// All around functors: compiled once for all of as many arrays.
template <class T, std::size_t In, std::size_t P, std::size_t Out, std::size_t S, bool Pairs>
struct axis_loop {
  using matrix = axis_matrix<T, In, P, Out, S, Pairs>;
  using columns_of_sums = typename matrix::columns_of_sums;

  axis_job<T, In, P, Out, S> job;
  const void* rows;  // an axis_rows, and what calls it in this instruction set
  void (*run_rows)(const void*, const matrix&, std::size_t, std::size_t, columns_of_sums*);

  static constexpr std::size_t piece = matrix::piece, side = matrix::side;
  static constexpr std::size_t chain = 16;  // rows whose terms are added as they come
  static constexpr T none = T(-0.0);        // x + none is x, of x = -0 too

  // Sums, one a column: high, + low if there was something to fold.
  struct column_sums {
    alignas(64) columns_of_sums high[at_least_one(S)], low[at_least_one(S)];
    std::size_t rows = 0;  // in them
    bool folded = false;

    NONLIN_INLINE void fold(std::size_t columns) {
      folded = true;
      for (std::size_t s = 0; s < S; ++s)
        for (std::size_t i = 0; i < columns; ++i) low[s][i] = 0;
    }
    NONLIN_INLINE void clear() {
      rows = 0;
      folded = false;
    }
    NONLIN_INLINE double at(std::size_t s, std::size_t i) const {
      return static_cast<double>(high[s][i]) + (folded ? static_cast<double>(low[s][i]) : 0);
    }
  };

  template <class V>
  static NONLIN_INLINE void add(column_sums& sums, std::size_t columns, const columns_of_sums* part) {
    for (std::size_t s = 0; s < S; ++s) {
      for (std::size_t c = 0; c < columns; c += V::size) {
        T *high = sums.high[s] + c, *low = sums.low[s] + c;
        V h = load<V>(high);
        if (!sums.folded) {
          store(high, h + load<V>(part[s] + c));
          continue;
        }
        V l = load<V>(low);
        add_to_both(h, l, load<V>(part[s] + c));
        store(high, h);
        store(low, l);
      }
    }
  }

  template <class V>
  NONLIN_INLINE void fill(const matrix& m, column_sums& sums) const {
    constexpr std::size_t wide = side * V::size;
    // Without sums: as many as are in the cache yet when the next columns come.
    const std::size_t most = S == 0 ? chain * piece / m.columns : chain;
    for (std::size_t first = 0; first < m.rows; first += most) {
      const std::size_t last = least(first + most, m.rows);
      if (S == 0 || sums.rows == 0) {
        run_rows(rows, m, first, last, sums.high);
      } else {
        if (!sums.folded && sums.rows + (last - first) > chain) sums.fold(m.columns < wide ? wide : m.columns);
        alignas(64) columns_of_sums part[at_least_one(S)];
        run_rows(rows, m, first, last, part);
        add<V>(sums, m.columns, part);
      }
      sums.rows += last - first;
    }
  }

  NONLIN_INLINE void finish(std::size_t s, std::size_t channel, double sum) const {
    const bool paired = Pairs && s < 2;
    T* to = job.sums[paired ? 0 : s];
    if (to != nullptr) to[paired ? 2 * channel + s : channel] = static_cast<T>(sum);
    if (job.totals[s] != nullptr) *job.totals[s] += sum;
  }

  // -- a channel after the other ------------------------------------------------------------------------------

  template <class V>
  static NONLIN_INLINE double sum_of(const column_sums& sums, std::size_t s, std::size_t first, std::size_t n) {
    constexpr std::size_t w = V::size;
    const auto of = [&](const T* from, std::size_t k) NONLIN_INLINE_LAMBDA {
      V even(0), odd(0);  // two chains of up to 8; with the rows', each term is in 24 sums at most
      for (std::size_t i = 0; i < k; i += 2 * w) {
        even = even + load<V>(from + i, least(w, k - i));
        if (k - i > w) odd = odd + load<V>(from + i + w, least(w, k - i - w));
      }
      return even + odd;
    };
    const T *const high = sums.high[s] + first, *const low = sums.low[s] + first;
    if (!sums.folded && n <= 16 * w) return sum_of_lanes(of(high, n));
    long_sum<V> sum;
    for (std::size_t i = 0; i < n; i += 16 * w) {
      const std::size_t k = least(16 * w, n - i);
      if (sums.folded) sum.low = sum.low + of(low + i, k);
      sum.add(of(high + i, k));
    }
    return sum.of_lanes();
  }

  // In runs of `inner` elements, each a matrix whose rows are the vectors side by side, and one of a row for what is left.
  struct run {
    std::size_t a = 0, o = 0;
    bool left = false;

    // without sums in the order of memory
    NONLIN_INLINE bool next(const axis_shape& s, bool has_rest) {
      left = !left && has_rest;
      if (left) return true;
      std::size_t &fast = S != 0 ? o : a, &slow = S != 0 ? a : o;
      if (++fast == (S != 0 ? s.outer : s.axis)) {
        fast = 0;
        ++slow;
      }
      return slow < (S != 0 ? s.axis : s.outer);
    }
  };
  template <class V>
  NONLIN_INLINE bool has_rest() const {
    return job.shape.inner % (side * V::size) != 0;
  }
  template <class V>
  NONLIN_INLINE matrix matrix_of(const run& r, T (&buffer)[at_least_one(P)][piece + 16]) const {
    constexpr std::size_t wide = side * V::size;
    if (!r.left) {
      unrolled<P>([&](auto k) NONLIN_INLINE_LAMBDA {
        const V p(job.p[k] != nullptr ? job.p[k][r.a] : none);
        unrolled<side>([&](auto u) NONLIN_INLINE_LAMBDA { store(buffer[k] + u * V::size, p); });
      });
    }
    const std::size_t n = job.shape.inner, rest = n % wide, done = r.left ? n - rest : 0;
    matrix m;
    unrolled<In>([&](auto k) NONLIN_INLINE_LAMBDA { m.in[k] = job.in[k].at(r.o, r.a) + done, m.in_step[k] = wide; });
    unrolled<Out>([&](auto k) NONLIN_INLINE_LAMBDA { m.out[k] = job.out[k].at(r.o, r.a) + done, m.out_step[k] = wide; });
    unrolled<P>([&](auto k) NONLIN_INLINE_LAMBDA { m.p[k] = buffer[k]; });
    m.rows = r.left ? rest != 0 : n / wide;
    m.columns = r.left ? rest : wide;
    return m;
  }
  // after the last matrix of a channel
  template <class V>
  NONLIN_INLINE void finish_run(const run& r, column_sums& sums) const {
    if (S == 0 || r.o + 1 != job.shape.outer || r.left != has_rest<V>()) return;
    for (std::size_t s = 0; s < S; ++s)
      finish(s, r.a, sum_of<V>(sums, s, 0, least(job.shape.inner, side * V::size)));
    sums.clear();
  }

  // -- all channels of a piece ----------------------------------------------------------------------------------

  // Parameters of elements first .. first + n of a block, readable by whole vectors.
  template <class V>
  NONLIN_INLINE void parameters(std::size_t first, std::size_t n, T (&buffer)[at_least_one(P)][piece + 16],
                                const T* (&p)[at_least_one(P)]) const {
    const std::size_t inner = job.shape.inner;
    unrolled<P>([&](auto k) NONLIN_INLINE_LAMBDA {
      const T* from = job.p[k];
      p[k] = buffer[k];
      if (!Pairs && from != nullptr && inner == 1 && n % V::size == 0) {
        p[k] = from + first;
        return;
      }
      if (Pairs) from = job.p[0];
      std::size_t a = first / inner;
      for (std::size_t i = 0; i < n; ++a) {
        const V value(from == nullptr ? none : Pairs ? from[2 * a + (k & 1)] : from[a]);
        for (std::size_t j = 0; j < inner; j += V::size) store(buffer[k] + i + j, value);
        i += inner;
      }
    });
  }

  template <class V>
  NONLIN_INLINE void finish_piece(const column_sums& sums, std::size_t first, std::size_t n) const {
    constexpr std::size_t w = V::size;
    const std::size_t inner = job.shape.inner, channel = first / inner;
    for (std::size_t s = 0; s < S; ++s) {
      if (!Pairs && inner == 1 && job.totals[s] == nullptr) {
        if (job.sums[s] == nullptr) continue;
        for (std::size_t i = 0; i < n; i += w) {
          const V high = load<V>(sums.high[s] + i);
          store_some(job.sums[s] + first + i, sums.folded ? high + load<V>(sums.low[s] + i) : high, least(w, n - i));
        }
        continue;
      }
      for (std::size_t a = 0; a < n / inner; ++a) {
        double sum = 0;
        if (inner < w)
          for (std::size_t i = a * inner; i < (a + 1) * inner; ++i) sum += sums.at(s, i);
        else
          sum = sum_of<V>(sums, s, a * inner, inner);
        finish(s, channel + a, sum);
      }
    }
  }

  template <class V>
  NONLIN_INLINE matrix matrix_of_piece(std::size_t first, std::size_t n, T (&buffer)[at_least_one(P)][piece + 16]) const {
    matrix m;
    m.rows = job.shape.outer;
    m.columns = n;
    parameters<V>(first, n, buffer, m.p);
    unrolled<In>([&](auto k) NONLIN_INLINE_LAMBDA {
      m.in[k] = job.in[k].at(0, 0) + matrix::in_scale(k) * first;
      m.in_step[k] = job.in[k].outer;
    });
    unrolled<Out>([&](auto k) NONLIN_INLINE_LAMBDA {
      m.out[k] = job.out[k].at(0, 0) + matrix::out_scale * first;
      m.out_step[k] = job.out[k].outer;
    });
    return m;
  }

  template <class V>
  NONLIN_INLINE void operator()(const V&) const {
    const axis_shape& s = job.shape;
    if (s.size() == 0) {
      for (std::size_t k = 0; k < S; ++k)
        for (std::size_t a = 0; a < s.axis; ++a) finish(k, a, 0);
      return;
    }
    const bool in_pieces = by_pieces(s);
    const std::size_t block = s.axis * s.inner, size = in_pieces ? piece / s.inner * s.inner : 0;
    alignas(64) T buffer[at_least_one(P)][piece + 16];
    column_sums sums;
    run r;
    std::size_t first = 0;
    for (bool more = true; more;) {
      const std::size_t n = least(size, block - first);
      fill<V>(in_pieces ? matrix_of_piece<V>(first, n, buffer) : matrix_of<V>(r, buffer), sums);
      if (in_pieces) {
        finish_piece<V>(sums, first, n);
        sums.clear();
        first += n;
        more = first < block;
      } else {
        finish_run<V>(r, sums);
        more = r.next(s, has_rest<V>());
      }
    }
  }
  static constexpr bool by_pieces(const axis_shape& s) {
    return Pairs || (s.inner <= piece && s.outer > (s.inner < 256 ? 1 : 2)) || (s.inner < 64 && s.axis != 1);
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

template <bool Pairs = false, class T, class F, std::size_t In, std::size_t P, std::size_t Out, std::size_t S>
void run_axis(const axis_job<T, In, P, Out, S>& job, const F& f) {
  using rows = axis_rows<T, F, In, P, Out, S, Pairs>;
  using loop = axis_loop<T, In, P, Out, S, Pairs>;
  const rows r{f};
  with_kernels([&](auto k) {
    k.template run<T>(loop{job, &r, decltype(k)::template run_part<T, rows>});
  });
}

}  // namespace detail
}  // namespace NONLIN_ABI
}  // namespace nonlin
#include "../detail/end.hpp"
