// SPDX-License-Identifier: Apache-2.0
// Included by the ISA files of x86 below AVX-512, inside their regions and namespaces.

// 0 < |a| < end, by the bits: twice them are 2 to 2 bits(end) - 2; as signed numbers the smallest there are, when 0 has been made the
// largest.
#define NONLIN_BELOW(T, integer)                                                                     \
  inline mask<T> below(const vec<T>& a, T end) {                                                     \
    using integers [[gnu::vector_size(sizeof(a.v))]] = integer;                                      \
    constexpr integer least = std::numeric_limits<integer>::min();                                   \
    const integers bits = reinterpret_cast<integers>(a.v), digits = bits + bits + (-1 - least);      \
    return mask<T>(reinterpret_cast<decltype(a.v)>(digits < least + 2 * __builtin_bit_cast(integer, end) - 1)); \
  }                                                                                                  \
  inline mask<T> is_subnormal(const vec<T>& a) {                                                     \
    constexpr T end = std::numeric_limits<T>::min();                                                 \
    return below(a, end);                                                                            \
  }                                                                                                  \
  /* a product of which with 2^-31 is subnormal */                                                   \
  inline mask<T> is_nearly_subnormal(const vec<T>& a) {                                              \
    constexpr T end = std::numeric_limits<T>::min() * T(0x1p+31);                                    \
    return below(a, end);                                                                            \
  }                                                                                                  \
  inline mask<T> is_tiny(const vec<T>& a) { return below(a, tiny_end<T>); }
NONLIN_BELOW(float, std::int32_t)
NONLIN_BELOW(double, std::int64_t)
#undef NONLIN_BELOW

// Whether there is a lane with a stand-in among vectors
template <class T>
struct scan_for_tiny {
  mask<T> found{vec<T>(1) < vec<T>(0)};
  void note(near_zero kind, const vec<T>& a) { found = found | math::has_stand_in(kind, a); }
  bool suspicious() const { return any(found); }
};
template <class T>
inline scan_for_tiny<T> begin_scan(const vec<T>&) {
  return {};
}
