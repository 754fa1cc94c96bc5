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

// Whether there is a lane with a stand-in among vectors
template <class T>
struct scan_for_tiny {
  mask<T> found{vec<T>(1) < vec<T>(0)};
  NONLIN_OP void note(near_zero kind, const vec<T>& a) { found = found | math::has_stand_in(kind, a); }
  NONLIN_OP bool suspicious() const { return rarely_any(found); }
};
template <class T>
NONLIN_OP scan_for_tiny<T> begin_scan(const vec<T>&) {
  return {};
}
