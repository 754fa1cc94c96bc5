// SPDX-License-Identifier: Apache-2.0
// One element: the baseline of every machine, and what a functor called with a plain float or double
// computes in.
//
// Every ISA file supplies, in its namespace n_<isa> and inside its target region, for T = float and double:
//   vec<T>      size, element, has_fma (fma has one rounding), has_scalef, has_table32, has_table16; conversion from a
//               plain number; a copy constructor of its own
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
//   octave_lookup(table, u), lookup16, slot_of, lookup, marks, ...   if has_table32, has_table16: see isa/avx512.hpp
//   powers8(table, a)          if it says has_powers8: see detail/number.hpp
//   from_bits_of_integer(a)    the number with the bits of the integer nearest to a >= 0, if has_scalef
//   exponent(a), mantissa(a)   a = mantissa 2^exponent, 1 <= mantissa < 2, of a normal a > 0
//   any(m)                     whether a lane is on
//   is_subnormal(a), is_nearly_subnormal(a), is_tiny(a), raised_subnormal(a), lowered_to_subnormal(a), difference_of_bits(a, b),
//   opaque(a)                  where subnormal numbers cost a microcode assist: see detail/subnormal.inl, detail/below.inl,
//                              detail/is_subnormal.inl, isa/avx512.hpp
//   rarely_any(m)              any(m), for a branch that is not taken as a rule, if has_table32
//   product_where(m, a, b, c)  m ? a b : c, if that is one operation
//   sum_of_lanes(a) (double, from double), max_of_lanes(a) (of no NaN)
//   zip(a, b, first, second)   a0 b0 a1 b1 ... in two vectors; unzip back
//   spread(a, m), gathered(a, m)   the first lanes to where m is on, and back; if has_scalef
//   words_register             of 64-bit lanes; product(a, b) of their low halves and b, all 64 bits
//   gather(tag, p, at)         p[at[0]], p[at[1]], ... by loads of their own: gather instructions are slow where microcode
//                              mends their leak
//   top_24_bits(tag, p)        of 32-bit numbers in memory, as numbers
//   side_by_side(a, b, c, d), keep_nothing(tag)   where compilers' order is slow: see detail/below.inl
//   leave()                    at the end of a kernel
// and then includes detail/operators.inl and detail/kernels.inl.
#pragma once
#include "../detail/assists.hpp"
#include "../detail/intrinsics.hpp"
#include "../math/near_zero.hpp"
#include "../math/pack.hpp"
#include "../math/watched.hpp"

#include "../detail/begin.hpp"

// g++ does not inline a function with our floating-point settings into a user's with others. Where those
// are the standard's, ours may as well be inlined by force; with -ffast-math they must stay apart, and the
// scalar functors are slow but right. (Arrays run in our own kernels and do not care.)
#undef NONLIN_UNKNOWN
#define NONLIN_UNKNOWN(v) (v)  // one lane is no vector register
#undef NONLIN_OP
#if defined(__FAST_MATH__) || defined(__ASSOCIATIVE_MATH__) || defined(__RECIPROCAL_MATH__) || \
    defined(__NO_SIGNED_ZEROS__) || NONLIN_FINITE_MATH_ONLY
#define NONLIN_OP inline
#else
#define NONLIN_OP NONLIN_INLINE
#endif

// The x87 computes in 80 bits, and rounds where the compiler happens to store. Every operation's result is rounded by a store,
// or neither bounds nor "same x, same bits" would hold. (Of a double a second time: by 2^-11 ULP more than once.)
#if (defined(__i386__) || defined(__x86_64__)) && !defined(__SSE2_MATH__)
#define NONLIN_ROUND(x) __asm__("" : "+m"(x))
#else
#define NONLIN_ROUND(x)
#endif

namespace nonlin {
inline namespace NONLIN_ABI {
namespace n_scalar {

// condition ? a : b. Of that, unlike of an operator, clang takes the user's -ffinite-math-only to mean that it is no NaN, whatever
// detail/begin.hpp says; so bits are chosen there.
#if defined(__clang__) && NONLIN_FINITE_MATH_ONLY
NONLIN_OP float choose(bool condition, float a, float b) {
  return __builtin_bit_cast(float, condition ? __builtin_bit_cast(std::uint32_t, a) : __builtin_bit_cast(std::uint32_t, b));
}
NONLIN_OP double choose(bool condition, double a, double b) {
  return __builtin_bit_cast(double, condition ? __builtin_bit_cast(std::uint64_t, a) : __builtin_bit_cast(std::uint64_t, b));
}
#else
template <class T>
NONLIN_OP T choose(bool condition, T a, T b) {
  return condition ? a : b;
}
#endif

template <class T>
struct vec {
  using element = T;
  static constexpr std::size_t size = 1;
#if defined(__FMA__) || defined(__aarch64__) || (defined(__FP_FAST_FMAF) && defined(__FP_FAST_FMA))
  static constexpr bool has_fma = true;
#else
  static constexpr bool has_fma = false;
#endif
  static constexpr bool has_scalef = false, has_table32 = false, has_table16 = false;
  T v;
  NONLIN_OP vec() : v(0) {}
  NONLIN_OP vec(const vec& o) : v(o.v) {}
  template <number N>
  NONLIN_OP vec(N a) : v(static_cast<T>(a)) {
    NONLIN_ROUND(v);
  }
  NONLIN_OP vec& operator=(const vec& o) {
    v = o.v;
    return *this;
  }
  NONLIN_OP explicit operator T() const { return v; }
};

template <class T>
struct mask {
  using vector_type = vec<T>;
  bool m;
};

// One operation for both types: T deduced would not let a plain number convert, so each is stamped out.
#define NONLIN_VEC(T, bits_t, mantissa_digits, suffix)                                                       \
  NONLIN_OP vec<T> load(const T* p) { return vec<T>(*p); }                                                   \
  NONLIN_OP vec<T> load(const T* p, std::size_t) { return vec<T>(*p); }                                      \
  NONLIN_OP void store(T* p, const vec<T>& a) { *p = a.v; }                                                  \
  NONLIN_OP void store(T* p, const vec<T>& a, std::size_t) { *p = a.v; }                                     \
  NONLIN_OP void stream(T* p, const vec<T>& a) { *p = a.v; }                                                 \
  NONLIN_OP bits_t bits(const vec<T>& a) { return __builtin_bit_cast(bits_t, a.v); }                         \
  NONLIN_OP vec<T> from_bits(bits_t u) { return vec<T>(__builtin_bit_cast(T, u)); }                          \
  NONLIN_OP vec<T> fma(const vec<T>& a, const vec<T>& b, const vec<T>& c) {                                  \
    return vec<T>::has_fma ? vec<T>(__builtin_fma##suffix(a.v, b.v, c.v)) : vec<T>(vec<T>(a.v * b.v).v + c.v); \
  }                                                                                                          \
  NONLIN_OP vec<T> fms(const vec<T>& a, const vec<T>& b, const vec<T>& c) {                                  \
    return fma(a, b, vec<T>(-c.v));                                                                          \
  }                                                                                                          \
  NONLIN_OP vec<T> fnma(const vec<T>& a, const vec<T>& b, const vec<T>& c) {                                 \
    return fma(vec<T>(-a.v), b, c);                                                                          \
  }                                                                                                          \
  NONLIN_OP vec<T> at_most(const vec<T>& x, const vec<T>& hi) { return vec<T>(choose(hi.v < x.v, hi.v, x.v)); } \
  NONLIN_OP vec<T> at_least(const vec<T>& x, const vec<T>& lo) { return vec<T>(choose(lo.v > x.v, lo.v, x.v)); } \
  NONLIN_OP vec<T> abs(const vec<T>& a) { return from_bits(bits(a) & ~(bits_t{1} << (sizeof(T) * 8 - 1))); } \
  NONLIN_OP vec<T> with_sign(const vec<T>& a, const vec<T>& of) {                                            \
    return from_bits(bits(a) | (bits(of) & (bits_t{1} << (sizeof(T) * 8 - 1))));                             \
  }                                                                                                          \
  NONLIN_OP vec<T> shifted_to_exponent(const vec<T>& a) { return from_bits(bits(a) << mantissa_digits); }           \
  NONLIN_OP vec<T> exponent(const vec<T>& a) {                                                               \
    return vec<T>(static_cast<T>(bits(a) >> mantissa_digits) - exponent_bias<T>);                            \
  }                                                                                                          \
  NONLIN_OP vec<T> mantissa(const vec<T>& a) {                                                               \
    return from_bits((bits(a) & bits(vec<T>(mantissa_bits<T>))) | bits(vec<T>(1)));                          \
  }                                                                                                          \
  NONLIN_OP double sum_of_lanes(const vec<T>& a) { return a.v; }                                             \
  NONLIN_OP T max_of_lanes(const vec<T>& a) { return a.v; }                                                  \
  NONLIN_OP bool any(const mask<T>& m) { return m.m; }                                                       \
  NONLIN_OP void zip(const vec<T>& a, const vec<T>& b, vec<T>& first, vec<T>& second) {                      \
    const vec<T> x = a, y = b;                                                                               \
    first = x;                                                                                               \
    second = y;                                                                                              \
  }                                                                                                          \
  NONLIN_OP void unzip(const vec<T>& first, const vec<T>& second, vec<T>& a, vec<T>& b) {                    \
    zip(first, second, a, b);                                                                                \
  }                                                                                                          \
  NONLIN_OP vec<T> gather(const vec<T>&, const T* p, const std::size_t* at) { return vec<T>(p[*at]); }       \
  NONLIN_OP vec<T> top_24_bits(const vec<T>&, const std::uint32_t* p) { return vec<T>(*p >> 8); }            \
  NONLIN_OP vec<T> select(const mask<T>& m, const vec<T>& a, const vec<T>& b) {                              \
    return vec<T>(choose(m.m, a.v, b.v));                                                                    \
  }                                                                                                          \
  NONLIN_OP mask<T> operator<(const vec<T>& a, const vec<T>& b) { return {a.v < b.v}; }                      \
  NONLIN_OP mask<T> operator<=(const vec<T>& a, const vec<T>& b) { return {a.v <= b.v}; }                    \
  NONLIN_OP mask<T> operator==(const vec<T>& a, const vec<T>& b) { return {a.v == b.v}; }                    \
  NONLIN_OP mask<T> operator!=(const vec<T>& a, const vec<T>& b) { return {a.v != b.v}; }                    \
  NONLIN_OP mask<T> operator&(const mask<T>& a, const mask<T>& b) { return {a.m && b.m}; }                   \
  NONLIN_OP mask<T> operator|(const mask<T>& a, const mask<T>& b) { return {a.m || b.m}; }                   \
  NONLIN_OP mask<T> operator^(const mask<T>& a, const mask<T>& b) { return {a.m != b.m}; }                   \
  NONLIN_OP mask<T> operator!(const mask<T>& a) { return {!a.m}; }

#if defined(__SSE2_MATH__)  // assists: see detail/subnormal.inl
#define NONLIN_SUBNORMAL(T, bits_t)                                                                          \
  NONLIN_OP mask<T> below(const vec<T>& a, T end) {                                                          \
    return {bits(abs(a)) - 1 < __builtin_bit_cast(bits_t, end) - 1};                                         \
  }                                                                                                          \
  NONLIN_OP vec<T> raised_subnormal(const vec<T>& a) {                                                       \
    constexpr bits_t digits = __builtin_bit_cast(bits_t, mantissa_bits<T>), half = __builtin_bit_cast(bits_t, T(0.5)); \
    return vec<T>(from_bits((bits(a) & digits) | half).v - T(0.5));                                       \
  }                                                                                                          \
  NONLIN_OP vec<T> lowered_to_subnormal(const vec<T>& a) {                                                   \
    return from_bits(bits(a) - __builtin_bit_cast(bits_t, T(0.5)));                                       \
  }                                                                                                          \
  NONLIN_OP vec<T> difference_of_bits(const vec<T>& a, const vec<T>& b) { return from_bits(bits(a) - bits(b)); } \
  NONLIN_OP vec<T> opaque(const vec<T>& a) {                                                                 \
    T v = a.v;                                                                                               \
    __asm__("" : "+x"(v));                                                                                   \
    return vec<T>(v);                                                                                        \
  }                                                                                                         
#else
#define NONLIN_SUBNORMAL(T, bits_t)
#endif

NONLIN_VEC(float, std::uint32_t, 23, f)
NONLIN_VEC(double, std::uint64_t, 52, )
NONLIN_SUBNORMAL(float, std::uint32_t)
NONLIN_SUBNORMAL(double, std::uint64_t)
#undef NONLIN_VEC
#undef NONLIN_SUBNORMAL
#undef NONLIN_ROUND

using words_register = std::uint64_t;
NONLIN_OP words_register product(const words_register& a, std::uint32_t b) {
  return (a & 0xffffffffu) * b;
}

NONLIN_OP void fence() {}
NONLIN_OP void leave() {}

#include "../detail/kernels.inl"
#include "../detail/operators.inl"
#if defined(__SSE2_MATH__)
template <class T>
inline constexpr T tiny_end = sizeof(T) == 4 ? T(0x1p-36) : T(0x1p-440);
#include "../detail/is_subnormal.inl"
#endif

}  // namespace n_scalar
}  // namespace NONLIN_ABI
}  // namespace nonlin
#include "../detail/end.hpp"
