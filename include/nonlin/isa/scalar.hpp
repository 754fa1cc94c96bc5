// SPDX-License-Identifier: Apache-2.0
// One element: the baseline of every machine, and what a functor called with a plain float or double computes in.
//
// Every ISA file supplies, in its namespace n_<isa> and inside its target region, for T = float and double:
//   vec<T>      size, element, has_fma (fma has one rounding), has_scalef, has_table32; conversion from a plain number;
//               a copy constructor of its own
//   mask<T>     & | ^ !
//   load(p), load(p, n), store(p, a), store(p, a, n)   no alignment; n elements, the others zero
//   stream(p, a), fence()      aligned, past the caches, where the ISA can
//   fma fms fnma               a*b+c, a*b-c, c-a*b
//   at_most(x, hi), at_least(x, lo)                    x where it is NaN
//   abs, with_sign(a, of)      |a|; a >= 0 with the sign of `of`
//   select(m, a, b)            m ? a : b
//   < <= == !=                 false if either is NaN, but for !=
//   shifted_to_exponent(a)     the bits of a, shifted so that its lowest ones become the exponent
//   scalef(a, n)               a * 2^floor(n), one rounding, if has_scalef
//   octave_lookup(table, u)    if has_table32
//   leave()                    at the end of a kernel
// and then includes detail/operators.inl and detail/kernels.inl.
#pragma once
#include "../detail/intrinsics.hpp"
#include "../detail/number.hpp"
#include "../detail/begin.hpp"

namespace nonlin {
inline namespace NONLIN_ABI {
namespace n_scalar {

template <class T>
struct vec {
  using element = T;
  static constexpr std::size_t size = 1;
#if defined(__FMA__) || defined(__aarch64__)
  static constexpr bool has_fma = true;
#else
  static constexpr bool has_fma = false;
#endif
  static constexpr bool has_scalef = false, has_table32 = false;
  T v;
  vec() : v(0) {}
  vec(const vec& o) : v(o.v) {}
  template <number N>
  vec(N a) : v(static_cast<T>(a)) {}
  vec& operator=(const vec& o) {
    v = o.v;
    return *this;
  }
  explicit operator T() const { return v; }
};

template <class T>
struct mask {
  using vector_type = vec<T>;
  bool m;
};

// One operation for both types: T deduced would not let a plain number convert, so each is stamped out.
#define NONLIN_VEC(T, bits_t, mantissa, suffix)                                                                 \
  inline vec<T> load(const T* p) { return vec<T>(*p); }                                                         \
  inline vec<T> load(const T* p, std::size_t) { return vec<T>(*p); }                                            \
  inline void store(T* p, const vec<T>& a) { *p = a.v; }                                                        \
  inline void store(T* p, const vec<T>& a, std::size_t) { *p = a.v; }                                           \
  inline void stream(T* p, const vec<T>& a) { *p = a.v; }                                                       \
  inline bits_t bits(const vec<T>& a) { return __builtin_bit_cast(bits_t, a.v); }                               \
  inline vec<T> from_bits(bits_t u) { return vec<T>(__builtin_bit_cast(T, u)); }                                \
  inline vec<T> fma(const vec<T>& a, const vec<T>& b, const vec<T>& c) {                                        \
    return vec<T>::has_fma ? vec<T>(__builtin_fma##suffix(a.v, b.v, c.v)) : vec<T>(a.v * b.v + c.v);            \
  }                                                                                                             \
  inline vec<T> fms(const vec<T>& a, const vec<T>& b, const vec<T>& c) { return fma(a, b, vec<T>(-c.v)); }      \
  inline vec<T> fnma(const vec<T>& a, const vec<T>& b, const vec<T>& c) { return fma(vec<T>(-a.v), b, c); }     \
  inline vec<T> at_most(const vec<T>& x, const vec<T>& hi) { return hi.v < x.v ? hi : x; }                      \
  inline vec<T> at_least(const vec<T>& x, const vec<T>& lo) { return lo.v > x.v ? lo : x; }                     \
  inline vec<T> abs(const vec<T>& a) { return from_bits(bits(a) & ~(bits_t{1} << (sizeof(T) * 8 - 1))); }       \
  inline vec<T> with_sign(const vec<T>& a, const vec<T>& of) {                                                  \
    return from_bits(bits(a) | (bits(of) & (bits_t{1} << (sizeof(T) * 8 - 1))));                                \
  }                                                                                                             \
  inline vec<T> shifted_to_exponent(const vec<T>& a) { return from_bits(bits(a) << mantissa); }                 \
  inline vec<T> select(const mask<T>& m, const vec<T>& a, const vec<T>& b) { return m.m ? a : b; }              \
  inline mask<T> operator<(const vec<T>& a, const vec<T>& b) { return {a.v < b.v}; }                            \
  inline mask<T> operator<=(const vec<T>& a, const vec<T>& b) { return {a.v <= b.v}; }                          \
  inline mask<T> operator==(const vec<T>& a, const vec<T>& b) { return {a.v == b.v}; }                          \
  inline mask<T> operator!=(const vec<T>& a, const vec<T>& b) { return {a.v != b.v}; }                          \
  inline mask<T> operator&(const mask<T>& a, const mask<T>& b) { return {a.m && b.m}; }                         \
  inline mask<T> operator|(const mask<T>& a, const mask<T>& b) { return {a.m || b.m}; }                         \
  inline mask<T> operator^(const mask<T>& a, const mask<T>& b) { return {a.m != b.m}; }                         \
  inline mask<T> operator!(const mask<T>& a) { return {!a.m}; }

NONLIN_VEC(float, std::uint32_t, 23, f)
NONLIN_VEC(double, std::uint64_t, 52, )
#undef NONLIN_VEC

inline void fence() {}
inline void leave() {}

#include "../detail/operators.inl"
#include "../detail/kernels.inl"

}  // namespace n_scalar
}  // namespace NONLIN_ABI
}  // namespace nonlin
#include "../detail/end.hpp"
