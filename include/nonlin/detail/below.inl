// SPDX-License-Identifier: Apache-2.0
// Included by the ISA files of vectors of x86 below AVX-512, inside their regions and namespaces.

// 0 < |a| < end, by the bits: twice them are 2 to 2 bits(end) - 2; as signed numbers the smallest there are, when 0 has been made the
// largest.
#define NONLIN_BELOW(T, integer)                                                                     \
  inline mask<T> below(const vec<T>& a, T end) {                                                     \
    using integers [[gnu::vector_size(sizeof(a.v))]] = integer;                                      \
    constexpr integer least = std::numeric_limits<integer>::min();                                   \
    const integers bits = reinterpret_cast<integers>(a.v), digits = bits + bits + (-1 - least);      \
    return mask<T>(reinterpret_cast<decltype(a.v)>(digits < least + 2 * __builtin_bit_cast(integer, end) - 1)); \
  }
NONLIN_BELOW(float, std::int32_t)
NONLIN_BELOW(double, std::int64_t)
#undef NONLIN_BELOW
