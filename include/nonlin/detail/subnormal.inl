// SPDX-License-Identifier: Apache-2.0
// Included by the ISA files of x86, inside their regions and namespaces: subnormal numbers by their bits, without a microcode assist.
#define NONLIN_SUBNORMAL(T, integer)                                                                        \
  /* |a| 2^125 (2^1021) of a subnormal a: its digits behind the first one of 1/2 */                         \
  inline vec<T> raised_subnormal(const vec<T>& a) {                                                         \
    using integers [[gnu::vector_size(sizeof(a.v))]] = integer;                                             \
    constexpr integer digits = __builtin_bit_cast(integer, mantissa_bits<T>);                               \
    const integers bits = (reinterpret_cast<integers>(a.v) & digits) | __builtin_bit_cast(integer, T(0.5)); \
    return vec<T>(reinterpret_cast<decltype(a.v)>(bits) - T(0.5));                                          \
  }                                                                                                         \
  /* and back, from a + 1/2 <= 1 */                                                                         \
  inline vec<T> lowered_to_subnormal(const vec<T>& a) {                                                     \
    using integers [[gnu::vector_size(sizeof(a.v))]] = integer;                                             \
    const integers bits = reinterpret_cast<integers>(a.v) - __builtin_bit_cast(integer, T(0.5));            \
    return vec<T>(reinterpret_cast<decltype(a.v)>(bits));                                                   \
  }                                                                                                         \
  /* a - b >= 0 of numbers below 2^-125 (2^-1021), whose bits count units of the least one */               \
  inline vec<T> difference_of_bits(const vec<T>& a, const vec<T>& b) {                                      \
    using integers [[gnu::vector_size(sizeof(a.v))]] = integer;                                             \
    const integers bits = reinterpret_cast<integers>(a.v) - reinterpret_cast<integers>(b.v);                \
    return vec<T>(reinterpret_cast<decltype(a.v)>(bits));                                                   \
  }                                                                                                         \
  /* a, of which the compiler does not know how it came about */                                            \
  inline vec<T> opaque(const vec<T>& a) {                                                                   \
    auto v = a.v;                                                                                           \
    __asm__("" : "+v"(v));                                                                                  \
    return vec<T>(v);                                                                                       \
  }
NONLIN_SUBNORMAL(float, std::int32_t)
NONLIN_SUBNORMAL(double, std::int64_t)
#undef NONLIN_SUBNORMAL
