#pragma once
#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>
#include "../oracle.hpp"

namespace exhaustive {

// f(d) = c[0] + c[1] d + ..., |d| <= width, at Chebyshev's points
template <std::size_t N, class F>
std::array<oracle::quad, N> interpolation(const oracle::quad& width, const F& f) {
  using oracle::quad;
  std::array<quad, N> d, difference, c{};
  for (std::size_t i = 0; i < N; ++i) {
    d[i] = width * quad(std::cos(std::numbers::pi * (static_cast<double>(i) + 0.5) / static_cast<double>(N)));
    difference[i] = f(d[i]);
  }
  for (std::size_t k = 1; k < N; ++k) {
    for (std::size_t i = N - 1; i >= k; --i) difference[i] = (difference[i] - difference[i - 1]) / (d[i] - d[i - k]);
  }
  for (std::size_t k = N; k-- > 0;) {  // c = c (d - d[k]) + difference[k]
    for (std::size_t i = N - 1; i > 0; --i) c[i] = c[i - 1] - d[k] * c[i];
    c[0] = difference[k] - d[k] * c[0];
  }
  return c;
}

}  // namespace exhaustive
