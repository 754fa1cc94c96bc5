// SPDX-License-Identifier: Apache-2.0
// Included by the ISA files of x86 below AVX-512, inside their regions and namespaces: what is tiny, by below(a, end), 0 < |a| < end,
// and tiny_end<T>.

template <class T>
NONLIN_OP mask<T> is_subnormal(const vec<T>& a) {
  constexpr T end = std::numeric_limits<T>::min();
  return below(a, end);
}
// a product of which with 2^-31 is subnormal
template <class T>
NONLIN_OP mask<T> is_nearly_subnormal(const vec<T>& a) {
  constexpr T end = std::numeric_limits<T>::min() * T(0x1p+31);
  return below(a, end);
}
template <class T>
NONLIN_OP mask<T> is_tiny(const vec<T>& a) {
  return below(a, tiny_end<T>);
}
