// Where functions are looked at: every exponent, dense where activations live, and closely around 0 and each cutoff.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>
#include <vector>
#include "bits.hpp"

// The number of points of a test: NONLIN_TEST_POINTS, or the default.
inline std::size_t point_count(std::size_t by_default) {
  const char* text = std::getenv("NONLIN_TEST_POINTS");
  const std::size_t wanted = text != nullptr ? static_cast<std::size_t>(std::strtoull(text, nullptr, 10)) : 0;
  return wanted != 0 ? wanted : by_default;
}

template <class T>
T random_of_all(std::mt19937_64& random) {
  return bit_cast<T>(static_cast<bits_of<T>>(random()));
}

// About n finite numbers.
template <class T, class Cutoffs>
std::vector<T> points(std::size_t n, const Cutoffs& cutoffs) {
  std::vector<T> p;
  p.reserve(n + n / 4 + 4096);
  std::mt19937_64 random(20261121);
  while (p.size() < n * 3 / 8) {
    const T x = random_of_all<T>(random);
    if (std::isfinite(x)) p.push_back(x);
  }
  const auto uniform = [&](double low, double high, std::size_t count) {
    std::uniform_real_distribution<double> u(low, high);
    for (std::size_t i = 0; i < count; ++i) p.push_back(static_cast<T>(u(random)));
  };
  uniform(-2, 2, n / 8);
  uniform(-20, 20, n / 4);
  uniform(-120, 60, n / 8);
  uniform(-800, 800, sizeof(T) == 8 ? n / 8 : n / 64);
  // the neighbours of the cutoffs, one by one
  const std::size_t near = std::max<std::size_t>(8, n / 4096);
  for (const double c : cutoffs) {
    for (const T centre : {static_cast<T>(c), static_cast<T>(-c)}) {
      T up = centre, down = centre;
      for (std::size_t i = 0; i < near; ++i) {
        p.push_back(up);
        p.push_back(down);
        up = std::nextafter(up, std::numeric_limits<T>::infinity());
        down = std::nextafter(down, -std::numeric_limits<T>::infinity());
      }
    }
    uniform(c - 0.01, c + 0.01, near);
    uniform(-c - 0.01, -c + 0.01, near);
  }
  // Where sweeps of 10^8 doubles once found results beyond a bound, of which 10^6 found none: GELU without fma (4.44 ULP, 4.18, and 4.11
  // of its derivative)
  for (const double x : {-0x1.1db6788544457p-3, -0x1.95384cc89befbp+3, -0x1.3e996f366826ep-1}) p.push_back(static_cast<T>(x));
  using limits = std::numeric_limits<T>;
  for (const T x : {limits::denorm_min(), limits::min(), limits::max(), limits::epsilon(), T(1)}) {
    p.push_back(x);
    p.push_back(-x);
  }
  return p;
}
