// SPDX-License-Identifier: Apache-2.0
// Rows and columns of exponentials that add up to one.
//
//   inner == 1   rows of up to four vectors among lanes, longer ones each by itself
//   inner > 1    by strips of columns
#pragma once
#include "softmax/backward.hpp"
#include "softmax/columns.hpp"
#include "softmax/rows.hpp"
#include "softmax/short_rows.hpp"

#include "../detail/begin.hpp"

namespace nonlin {
inline namespace NONLIN_ABI {
namespace detail {

template <class T, softmax_result Result>
struct softmax_body {
  softmax_job<T> job;

  template <class V>
  NONLIN_INLINE void operator()(const V&) const {
    const axis_shape& s = job.shape;
    if (s.inner == 1) {
      if constexpr (Result != softmax_result::statistics) {
        if (short_rows<V>::possible(s) && !job.known) return softmax_short_rows<Result, V>(job);
      }
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

}  // namespace detail
}  // namespace NONLIN_ABI
}  // namespace nonlin
#include "../detail/end.hpp"
