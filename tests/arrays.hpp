// Arrays to put through the library, and their comparison.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <sstream>
#include <string>
#include <vector>
#include "bits.hpp"
#include "points.hpp"

// NaN of either sign, quiet and signalling, with a payload and without, by bits: arithmetic would make them
// quiet.
template <class T>
constexpr std::array<T, 5> nans() {
  using B = bits_of<T>;
  const B quiet = bit_cast<B>(std::numeric_limits<T>::quiet_NaN()), sign = B(1) << (sizeof(T) * 8 - 1);
  const B infinity = bit_cast<B>(std::numeric_limits<T>::infinity());
  return {bit_cast<T>(quiet), bit_cast<T>(quiet | sign), bit_cast<T>(quiet | B(0x1234)),
          bit_cast<T>(infinity | B(1)), bit_cast<T>(infinity | sign | B(0x4321))};
}

// Ordinary numbers for the most part, between them random bit patterns and the numbers where something
// changes.
template <class T>
std::vector<T> mixture(std::size_t n, std::uint64_t seed) {
  using limits = std::numeric_limits<T>;
  const T special[] = {T(0),          -T(0),          limits::infinity(),   -limits::infinity(),
                       nans<T>()[0],  nans<T>()[4],   limits::max(),        limits::lowest(),
                       limits::min(), -limits::min(), limits::denorm_min(), -limits::denorm_min(),
                       T(1),          T(-1)};
  std::mt19937_64 random(seed);
  std::vector<T> x(n);
  for (T& e : x) {
    const std::uint64_t kind = random() % 8;
    const double u = static_cast<double>(random() >> 11) * 0x1p-53;
    if (kind == 0)
      e = special[random() % std::size(special)];
    else if (kind == 1)
      e = random_of_all<T>(random);
    else if (kind == 2)
      e = static_cast<T>(-120 + 180 * u);
    else
      e = static_cast<T>(-6 + 12 * u);
  }
  return x;
}

// The same number, -0 and 0 being two. Any NaN is the same as any other: which of two NaNs a product passes
// on is up to the order in which the compiler put its operands.
template <class T>
bool same(T a, T b) {
  return bits(a) == bits(b) || (is_nan(a) && is_nan(b));
}

// Where two arrays of one size differ first; n if nowhere.
template <class T>
std::size_t first_difference(const T* a, const T* b, std::size_t n) {
  if (n == 0 || std::memcmp(a, b, n * sizeof(T)) == 0) return n;
  std::size_t i = 0;
  while (i < n && same(a[i], b[i])) ++i;
  return i;
}

template <class T>
std::string hex(T x) {
  std::ostringstream s;
  s << std::hexfloat << x;
  return s.str();
}
