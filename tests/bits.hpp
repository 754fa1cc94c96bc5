// Floating-point numbers as bits.
#pragma once
#include <cstdint>
#include <limits>
#include <type_traits>

template <class T>
using bits_of = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;

// std::bit_cast, which not every C++20 library has (libc++ 13).
template <class To, class From>
constexpr To bit_cast(From x) {
  return __builtin_bit_cast(To, x);
}

template <class T>
constexpr bits_of<T> bits(T x) {
  return bit_cast<bits_of<T>>(x);
}

template <class T>
constexpr bool is_nan(T x) {  // by bits: also under -ffast-math
  return (bits(x) << 1) > (bits(std::numeric_limits<T>::infinity()) << 1);
}
