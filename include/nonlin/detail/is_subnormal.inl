// SPDX-License-Identifier: Apache-2.0
// Included by the ISA files of x86 below AVX-512, inside their regions and namespaces.
// Twice the bits of a subnormal number are 2 to 2 normal - 2; as signed numbers the smallest there are, when 0 has been made the largest.
#define NONLIN_IS_SUBNORMAL(T, integer)                                                                             \
  inline mask<T> is_subnormal(const vec<T>& a) {                                                                    \
    using integers [[gnu::vector_size(sizeof(a.v))]] = integer;                                                        \
    constexpr integer normal = __builtin_bit_cast(integer, std::numeric_limits<T>::min());                          \
    constexpr integer least = std::numeric_limits<integer>::min();                                                  \
    const integers bits = reinterpret_cast<integers>(a.v), digits = bits + bits + (-1 - least);                           \
    return mask<T>(reinterpret_cast<decltype(a.v)>(digits < least + 2 * normal - 1));                               \
  }
NONLIN_IS_SUBNORMAL(float, std::int32_t)
NONLIN_IS_SUBNORMAL(double, std::int64_t)
#undef NONLIN_IS_SUBNORMAL

// Whether there may be a subnormal number among vectors
template <class T>
struct subnormal_scan {
  mask<T> found{vec<T>(1) < vec<T>(0)};
  void note(const vec<T>& a) { found = found | is_subnormal(a); }
  bool suspicious() const { return any(found); }
};
template <class T>
inline subnormal_scan<T> scan_for_subnormals(const vec<T>&) {
  return {};
}
