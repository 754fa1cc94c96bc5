// Floating-point numbers as bits.
#pragma once
#include <bit>
#include <cstdint>
#include <limits>
#include <type_traits>

template <class T>
using bits_of = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;

template <class T>
constexpr bits_of<T> bits(T x) {
  return std::bit_cast<bits_of<T>>(x);
}

template <class T>
constexpr bool is_nan(T x) {  // by bits: also under -ffast-math
  return (bits(x) << 1) > (bits(std::numeric_limits<T>::infinity()) << 1);
}
