// SPDX-License-Identifier: Apache-2.0
// Contiguous memory with an axis: element (o, a, i) is at (o * axis + a) * inner + i. Rows are {rows, columns, 1}; the
// channels of an NCHW image are {N, C, H * W}. `outer * inner` is the number of rows, or columns, along the axis.
#pragma once
#include <cstddef>
#include "detail/check.hpp"

namespace nonlin {

struct axis_shape {
  std::size_t outer = 1, axis = 1, inner = 1;

  constexpr std::size_t size() const noexcept { return outer * axis * inner; }
};

inline namespace NONLIN_ABI {
namespace detail {

inline text& operator<<(text& message, const axis_shape& s) {
  return message << "{outer " << s.outer << ", axis " << s.axis << ", inner " << s.inner << "}";
}

// A shape of `a` that makes sense: no zero axis, and as many elements as there are.
inline void check_shape(const char* function, const argument& a, const axis_shape& s) {
  if (s.axis == 0 || (s.inner == 0 && s.outer != 0)) [[unlikely]]
    fail((text() << "nonlin::" << function << ": the shape " << s << " has a zero axis or inner size").c_str());
  std::size_t row = 0, all = 0;
  if (__builtin_mul_overflow(s.axis, s.inner, &row) || __builtin_mul_overflow(row, s.outer, &all) || all != a.count)
      [[unlikely]]
    fail((text() << "nonlin::" << function << ": " << a.name << " has " << a.count << " elements, the shape " << s
                 << " has another number")
             .c_str());
}

}  // namespace detail
}  // namespace NONLIN_ABI
}  // namespace nonlin
