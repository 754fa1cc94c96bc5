// SPDX-License-Identifier: Apache-2.0
// How columns along an axis are put into vectors, whatever the inner size. A strip is a number of columns that lie
// side by side: `steps` times, `step` apart, `width` elements of it are contiguous.
//
//   inner >= a vector    a strip is up to 16 vectors of neighbouring columns, one lane a column
//   inner < a vector     long axis: `inner` vectors hold as many whole periods of the columns as a vector has
//                        lanes; a column is every inner-th lane, and its lanes are combined at the end
//                        short axis: the columns of as many rows as a vector has lanes are brought side by side
//                        in a buffer, and back
#pragma once
#include "../axis.hpp"
#include "lanes.hpp"

#include "../detail/begin.hpp"

namespace nonlin {
inline namespace NONLIN_ABI {
namespace detail {

struct strip {
  std::size_t step, steps, width;  // in elements, times, elements
  std::size_t rest;                // elements of an incomplete step after them (periodic strips only)
  std::size_t period;              // lanes c, c + period, c + 2 period ... are one column
  std::size_t stride;              // from an element of a column to the next
  std::size_t first_column;        // of all the outer * inner
  std::size_t columns;             // how many
};

inline constexpr std::size_t strip_vectors = 16;

// The longest axis that is brought into columns by way of a buffer. Longer ones are better a row at a time, masked.
template <class V>
inline constexpr std::size_t short_axis = (V::size + 1) / 2;

// f(i, k, u) for each vector of the strip: at element i, with k lanes, the u-th of its step.
template <class V, class F>
NONLIN_INLINE void for_vectors(const strip& s, std::size_t first_step, std::size_t last_step, const F& f) {
  constexpr std::size_t w = V::size;
  for (std::size_t t = first_step; t < last_step; ++t) {
    const std::size_t at = t * s.step, width = t < s.steps ? s.width : s.rest;
    for (std::size_t u = 0; u * w < width; ++u) f(at + u * w, least(w, width - u * w), u);
  }
}
inline std::size_t all_steps(const strip& s) { return s.steps + (s.rest != 0); }
template <class V>
constexpr std::size_t vectors_of(const strip& s) {
  return (s.width + V::size - 1) / V::size;
}

// A number for each lane of a strip's vectors. Not initialised.
template <class V>
struct per_lane {
  using T = element_of<V>;
  alignas(sizeof(V)) T lane[strip_vectors * V::size];

  NONLIN_INLINE V operator[](std::size_t u) const { return load<V>(lane + u * V::size); }
  NONLIN_INLINE void set(std::size_t u, const V& v) { store(lane + u * V::size, v); }
};

// Numbers of a strip's lanes, combined over the lanes of each column.
template <class V, class Combine>
NONLIN_INLINE void combine_columns(const strip& s, per_lane<V>& v, const Combine& combine) {
  if (s.period == s.width) return;
  for (std::size_t c = 0; c < s.period; ++c) {
    auto all = v.lane[c];
    for (std::size_t k = c + s.period; k < s.width; k += s.period) all = combine(all, v.lane[k]);
    for (std::size_t k = c; k < s.width; k += s.period) v.lane[k] = all;
  }
}

// Where columns first .. first + n begin, in an array that has the first `repeats` outer indices only, and repeats. The lanes
// beyond are the first column again.
template <class V>
NONLIN_INLINE void begin_of_columns(const axis_shape& s, std::size_t first, std::size_t n, std::size_t repeats,
                                    std::size_t (&at)[V::size]) {
  std::size_t o = first / s.inner % repeats, i = first % s.inner;
  const std::size_t begin = o * s.axis * s.inner + i;
  for (std::size_t c = 0; c < V::size; ++c) {
    at[c] = c < n ? o * s.axis * s.inner + i : begin;
    if (++i == s.inner) {
      i = 0;
      if (++o == repeats) o = 0;
    }
  }
}

// f(strip, in, out) for all strips of the shape, in and out being pointers to the strip's first element. The second input
// has the first `repeats` outer indices only, and repeats. Null pointers stay null.
template <class V, std::size_t In, class F>
NONLIN_INLINE void for_strips(const axis_shape& s, const element_of<V>* const (&in)[In], std::size_t repeats,
                              element_of<V>* out, const F& f) {
  using T = element_of<V>;
  constexpr std::size_t w = V::size, widest = strip_vectors * w;
  const std::size_t block = s.axis * s.inner, columns = s.outer * s.inner;
  const bool few = s.inner < w, buffered = few && s.axis <= short_axis<V>;
  alignas(sizeof(V)) T buffer[In + 1][short_axis<V> * w];
  for (std::size_t first = 0; first < columns;) {
    const std::size_t o = first / s.inner, i = first % s.inner;
    const T* from[In];
    T* to = buffer[In];
    strip t{w, s.axis, w, 0, w, w, first, least(w, columns - first)};
    std::size_t at[w] = {};
    if (buffered) {
      for (std::size_t k = 0; k < In; ++k) {
        from[k] = in[k] != nullptr ? buffer[k] : nullptr;
        if (in[k] == nullptr) continue;
        if (k == 0 || repeats != s.outer) begin_of_columns<V>(s, first, t.columns, k == 0 ? s.outer : repeats, at);
        for (std::size_t a = 0; a < s.axis; ++a) store(buffer[k] + a * w, gather(V(), in[k] + a * s.inner, at));
      }
      if (out == nullptr) to = nullptr;
    } else {
      if (few)
        t = {s.inner * w, s.axis / w, s.inner * w, s.axis % w * s.inner, s.inner, s.inner, first, s.inner};
      else
        t.columns = least(widest, s.inner - i),
        t = {s.inner, s.axis, t.columns, 0, t.columns, s.inner, first, t.columns};
      for (std::size_t k = 0; k < In; ++k)
        from[k] = in[k] != nullptr ? in[k] + (k == 1 ? o % repeats : o) * block + i : nullptr;
      to = out != nullptr ? out + o * block + i : nullptr;
    }
    f(t, from, to);
    if (buffered && out != nullptr) {
      if (repeats != s.outer) begin_of_columns<V>(s, first, t.columns, s.outer, at);
      for (std::size_t c = 0; c < t.columns; ++c) {
        T* const p = out + at[c];
        for (std::size_t a = 0; a < s.axis; ++a) p[a * s.inner] = buffer[In][a * w + c];
      }
    }
    first += t.columns;
  }
}

}  // namespace detail
}  // namespace NONLIN_ABI
}  // namespace nonlin
#include "../detail/end.hpp"
