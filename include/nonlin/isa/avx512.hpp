// SPDX-License-Identifier: Apache-2.0
// AVX-512 F, BW, DQ, VL: 16 floats or 8 doubles. What every ISA file supplies is listed in isa/scalar.hpp.
//
// The operations are plain inline free functions: always_inline ones, and on g++ friends defined in the
// class, cannot be called from a formula that has no target of its own. vec copies by a constructor of
// ours, so that every ABI passes it by reference, and an operation that was not inlined (-O0) is still
// right.
#pragma once
#include "../detail/assists.hpp"
#include "../detail/intrinsics.hpp"
#include "../math/near_zero.hpp"
#include "../math/pack.hpp"
#include "../math/watched.hpp"

#include "../detail/begin.hpp"

NONLIN_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,bmi,bmi2,lzcnt,f16c")
namespace nonlin {
inline namespace NONLIN_ABI {
namespace n_avx512 {

template <class T>
struct vec;
template <class T>
struct mask;

// A constant as an operand in memory. As an immediate g++ spreads it anew at each use, on the port that permutations and tests need, or
// keeps it in a register that is wanted.
template <long long bits>
struct constant {
  alignas(64) static constexpr long long lane[8] = {bits, bits, bits, bits, bits, bits, bits, bits};
  static __m512i in_memory() {
    const long long* p = lane;
    __asm__("" : "+r"(p));
    return _mm512_load_si512(p);
  }
};

template <class T>  // all but the sign
inline constexpr long long size_bits = sizeof(T) == 4 ? 0x7fffffff7fffffff : 0x7fffffffffffffff;

// Lanes beyond a table: those with a bit on above the low five.
struct marks {
  __m512i i;
  marks() : i(__m512i{}) {}
  marks(const marks& o) : i(o.i) {}
  explicit marks(const __m512i& a) : i(a) {}
  marks& operator=(const marks& o) {
    i = o.i;
    return *this;
  }
};
inline marks operator|(const marks& a, const marks& b) { return marks(a.i | b.i); }

template <>
struct mask<float> {
  using vector_type = vec<float>;
  __mmask16 m;
};
template <>
struct mask<double> {
  using vector_type = vec<double>;
  __mmask8 m;
};

#if NONLIN_CARELESS_INTRINSICS
#define NONLIN_COMPARE(T, s, si, op, predicate)                                    \
  inline mask<T> operator op(const vec<T>& a, const vec<T>& b) {                   \
    return {_mm512_mov##si##_mask(reinterpret_cast<__m512i>(a.v op b.v))};         \
  }
#else
#define NONLIN_COMPARE(T, s, si, op, predicate)                  \
  inline mask<T> operator op(const vec<T>& a, const vec<T>& b) { \
    return {_mm512_cmp_##s##_mask(a.v, b.v, predicate)};         \
  }
#endif

// maskz forms with all lanes on are the plain instructions; the plain intrinsics of g++ 12 warn of an
// uninitialised operand.
#define NONLIN_VEC(T, reg, s, lanes, all, si, exponent_shift, magnitude)                                   \
  template <>                                                                                              \
  struct vec<T> {                                                                                          \
    using element = T;                                                                                     \
    using marks_type = marks;                                                                              \
    static constexpr std::size_t size = lanes;                                                             \
    static constexpr bool has_fma = true, has_scalef = true, has_table32 = (lanes == 16),                  \
                          has_table16 = (lanes == 8);                                                      \
    reg v;                                                                                                 \
    vec() : v(_mm512_setzero_##s()) {}                                                                     \
    vec(const vec& o) : v(o.v) {}                                                                          \
    explicit vec(const reg& a) : v(a) {}                                                                   \
    template <number N>                                                                                    \
    vec(N a) : v(_mm512_set1_##s(static_cast<T>(a))) {}                                                    \
    vec& operator=(const vec& o) {                                                                         \
      v = o.v;                                                                                             \
      return *this;                                                                                        \
    }                                                                                                      \
  };                                                                                                       \
  inline vec<T> load(const T* p) { return vec<T>(_mm512_loadu_##s(p)); }                                   \
  inline vec<T> load(const T* p, std::size_t n) {                                                          \
    return vec<T>(NONLIN_UNKNOWN(_mm512_maskz_loadu_##s(static_cast<decltype(mask<T>::m)>((1u << n) - 1), p))); \
  }                                                                                                        \
  inline void store(T* p, const vec<T>& a) { _mm512_storeu_##s(p, a.v); }                                  \
  inline void store(T* p, const vec<T>& a, std::size_t n) {                                                \
    _mm512_mask_storeu_##s(p, static_cast<decltype(mask<T>::m)>((1u << n) - 1), a.v);                      \
  }                                                                                                        \
  inline void stream(T* p, const vec<T>& a) { _mm512_stream_##s(p, a.v); }                                 \
  inline vec<T> fma(const vec<T>& a, const vec<T>& b, const vec<T>& c) {                                   \
    return vec<T>(_mm512_fmadd_##s(a.v, b.v, NONLIN_UNKNOWN(c.v)));                                                        \
  }                                                                                                        \
  inline vec<T> fms(const vec<T>& a, const vec<T>& b, const vec<T>& c) {                                   \
    return vec<T>(_mm512_fmsub_##s(a.v, b.v, NONLIN_UNKNOWN(c.v)));                                                        \
  }                                                                                                        \
  inline vec<T> fnma(const vec<T>& a, const vec<T>& b, const vec<T>& c) {                                  \
    return vec<T>(_mm512_fnmadd_##s(a.v, b.v, NONLIN_UNKNOWN(c.v)));                                                       \
  }                                                                                                        \
  inline vec<T> at_most(const vec<T>& x, const vec<T>& hi) {                                               \
    return vec<T>(_mm512_maskz_min_##s(all, hi.v, x.v));                                                   \
  }                                                                                                        \
  inline vec<T> at_least(const vec<T>& x, const vec<T>& lo) {                                              \
    return vec<T>(_mm512_maskz_max_##s(all, lo.v, x.v));                                                   \
  }                                                                                                        \
  inline vec<T> abs(const vec<T>& a) {                                                                     \
    return vec<T>(                                                                                         \
        _mm512_castsi512_##s(_mm512_and_si512(_mm512_cast##s##_si512(a.v), _mm512_set1_##si(magnitude)))); \
  }                                                                                                        \
  inline vec<T> with_sign(const vec<T>& a, const vec<T>& of) {                                             \
    return vec<T>(_mm512_castsi512_##s(                                                                    \
        _mm512_ternarylogic_##si(_mm512_cast##s##_si512(a.v), _mm512_cast##s##_si512(of.v),                \
                                 _mm512_cast##s##_si512(_mm512_set1_##s(T(-0.0))), 0xf8)));                \
  }                                                                                                        \
  inline vec<T> shifted_to_exponent(const vec<T>& a) {                                                     \
    return vec<T>(                                                                                         \
        _mm512_castsi512_##s(_mm512_maskz_slli_##si(all, _mm512_cast##s##_si512(a.v), exponent_shift)));   \
  }                                                                                                        \
  inline vec<T> exponent(const vec<T>& a) { return vec<T>(_mm512_maskz_getexp_##s(all, a.v)); }            \
  inline vec<T> mantissa(const vec<T>& a) {                                                                \
    return vec<T>(_mm512_maskz_getmant_##s(all, a.v, _MM_MANT_NORM_1_2, _MM_MANT_SIGN_src));               \
  }                                                                                                        \
  inline vec<T> scalef(const vec<T>& a, const vec<T>& n) {                                                 \
    return vec<T>(_mm512_maskz_scalef_##s(all, a.v, n.v));                                                 \
  }                                                                                                        \
  inline vec<T> from_bits_of_integer(const vec<T>& a) {                                                    \
    return vec<T>(_mm512_castsi512_##s(_mm512_maskz_cvt##s##_##si(all, a.v)));                             \
  }                                                                                                        \
  inline mask<T> is_subnormal(const vec<T>& a) { return {_mm512_fpclass_##s##_mask(a.v, 0x20)}; }           \
  /* the lanes of m with one of the bits on */                                                             \
  inline mask<T> that_have(const mask<T>& m, const vec<T>& a, const __m512i& bits) {                       \
    return {_mm512_mask_test_##si##_mask(m.m, _mm512_cast##s##_si512(a.v), bits)};                         \
  }                                                                                                        \
  /* not 0, and none of them */                                                                            \
  inline mask<T> is_small(const vec<T>& a, const __m512i& exponents) {                                     \
    const __m512i v = _mm512_cast##s##_si512(a.v), size = constant<size_bits<T>>::in_memory();             \
    return {_mm512_mask_testn_##si##_mask(_mm512_test_##si##_mask(v, size), v, exponents)};                \
  }                                                                                                        \
  inline vec<T> spread(const vec<T>& a, const mask<T>& m) {                                                \
    return vec<T>(_mm512_maskz_expand_##s(m.m, a.v));                                                      \
  }                                                                                                        \
  inline vec<T> gathered(const vec<T>& a, const mask<T>& m) {                                              \
    return vec<T>(_mm512_maskz_compress_##s(m.m, a.v));                                                    \
  }                                                                                                        \
  inline vec<T> select(const mask<T>& m, const vec<T>& a, const vec<T>& b) {                               \
    return NONLIN_CARELESS_INTRINSICS                                                                      \
               ? vec<T>(_mm512_castsi512_##s(_mm512_mask_mov_##si(_mm512_cast##s##_si512(b.v), m.m,        \
                                                                  _mm512_cast##s##_si512(a.v))))           \
               : vec<T>(_mm512_mask_mov_##s(b.v, m.m, a.v));                                               \
  }                                                                                                        \
  NONLIN_COMPARE(T, s, si, <, _CMP_LT_OQ)                                                                  \
  NONLIN_COMPARE(T, s, si, <=, _CMP_LE_OQ)                                                                 \
  NONLIN_COMPARE(T, s, si, ==, _CMP_EQ_OQ)                                                                 \
  NONLIN_COMPARE(T, s, si, !=, _CMP_NEQ_UQ)                                                                \
  inline mask<T> operator&(const mask<T>& a, const mask<T>& b) {                                           \
    return {static_cast<decltype(a.m)>(a.m & b.m)};                                                        \
  }                                                                                                        \
  inline mask<T> operator|(const mask<T>& a, const mask<T>& b) {                                           \
    return {static_cast<decltype(a.m)>(a.m | b.m)};                                                        \
  }                                                                                                        \
  inline mask<T> operator^(const mask<T>& a, const mask<T>& b) {                                           \
    return {static_cast<decltype(a.m)>(a.m ^ b.m)};                                                        \
  }                                                                                                        \
  inline mask<T> operator!(const mask<T>& a) { return {static_cast<decltype(a.m)>(~a.m)}; }

NONLIN_VEC(float, __m512, ps, 16, 0xffff, epi32, 23, 0x7fffffff)
NONLIN_VEC(double, __m512d, pd, 8, 0xff, epi64, 52, 0x7fffffffffffffff)
#undef NONLIN_VEC
#undef NONLIN_COMPARE

inline bool any(const mask<float>& m) { return m.m != 0; }
inline bool any(const mask<double>& m) { return m.m != 0; }
inline bool rarely_any(const mask<float>& m) { return rarely(m.m); }
inline bool rarely_any(const mask<double>& m) { return rarely(m.m); }

// The plain cast to the lower half is one of the intrinsics that warn.
inline __m256d lower_half(const vec<double>& a) { return _mm512_maskz_extractf64x4_pd(0xf, a.v, 0); }
inline __m256d upper_half(const vec<double>& a) { return _mm512_maskz_extractf64x4_pd(0xf, a.v, 1); }
inline __m256 lower_half(const vec<float>& a) { return _mm512_maskz_extractf32x8_ps(0xff, a.v, 0); }
inline __m256 upper_half(const vec<float>& a) { return _mm512_maskz_extractf32x8_ps(0xff, a.v, 1); }
inline double sum_of_lanes(const vec<double>& a) {
  const __m256d s = lower_half(a) + upper_half(a);
  const __m128d t = _mm256_castpd256_pd128(s) + _mm256_extractf128_pd(s, 1);
  return t[0] + t[1];
}
inline double sum_of_lanes(const vec<float>& a) {
  return sum_of_lanes(
      vec<double>(_mm512_maskz_cvtps_pd(0xff, lower_half(a)) + _mm512_maskz_cvtps_pd(0xff, upper_half(a))));
}
inline double max_of_lanes(const vec<double>& a) {
  const __m256d s = _mm256_max_pd(lower_half(a), upper_half(a));
  const __m128d t = _mm_max_pd(_mm256_castpd256_pd128(s), _mm256_extractf128_pd(s, 1));
  return t[0] > t[1] ? t[0] : t[1];
}
inline float max_of_lanes(const vec<float>& a) {
  const __m256 s = _mm256_max_ps(lower_half(a), upper_half(a));
  const __m256 t = _mm256_max_ps(s, _mm256_permute2f128_ps(s, s, 1));
  const __m256 u = _mm256_max_ps(t, _mm256_permute_ps(t, 0xee));
  return u[0] > u[1] ? u[0] : u[1];
}

alignas(64) inline constexpr std::int32_t zip_order32[32] = {0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
                                                             8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
alignas(64) inline constexpr std::int64_t zip_order64[16] = {0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15};
alignas(64) inline constexpr std::int32_t unzip_order32[32] = {0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30,
                                                               1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31};
alignas(64) inline constexpr std::int64_t unzip_order64[16] = {0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15};
inline void zip(const vec<float>& a, const vec<float>& b, vec<float>& first, vec<float>& second) {
  const vec<float> x = a, y = b;
  first.v = _mm512_permutex2var_ps(x.v, _mm512_load_si512(zip_order32), y.v);
  second.v = _mm512_permutex2var_ps(x.v, _mm512_load_si512(zip_order32 + 16), y.v);
}
inline void zip(const vec<double>& a, const vec<double>& b, vec<double>& first, vec<double>& second) {
  const vec<double> x = a, y = b;
  first.v = _mm512_permutex2var_pd(x.v, _mm512_load_si512(zip_order64), y.v);
  second.v = _mm512_permutex2var_pd(x.v, _mm512_load_si512(zip_order64 + 8), y.v);
}
inline void unzip(const vec<float>& first, const vec<float>& second, vec<float>& a, vec<float>& b) {
  const vec<float> x = first, y = second;
  a.v = _mm512_permutex2var_ps(x.v, _mm512_load_si512(unzip_order32), y.v);
  b.v = _mm512_permutex2var_ps(x.v, _mm512_load_si512(unzip_order32 + 16), y.v);
}
inline void unzip(const vec<double>& first, const vec<double>& second, vec<double>& a, vec<double>& b) {
  const vec<double> x = first, y = second;
  a.v = _mm512_permutex2var_pd(x.v, _mm512_load_si512(unzip_order64), y.v);
  b.v = _mm512_permutex2var_pd(x.v, _mm512_load_si512(unzip_order64 + 8), y.v);
}

inline __m128 gather4(const float* p, const std::size_t* at) { return __m128{p[at[0]], p[at[1]], p[at[2]], p[at[3]]}; }
inline __m256 gather8(const float* p, const std::size_t* at) { return _mm256_set_m128(gather4(p, at + 4), gather4(p, at)); }
inline vec<float> gather(const vec<float>&, const float* p, const std::size_t* at) {
  const __m512 low = _mm512_maskz_broadcast_f32x8(0xffff, gather8(p, at));
  return vec<float>(_mm512_maskz_insertf32x8(0xffff, low, gather8(p, at + 8), 1));
}
inline vec<double> gather(const vec<double>&, const double* p, const std::size_t* at) {
  const __m512d low = _mm512_maskz_broadcast_f64x4(0xff, _mm256_set_pd(p[at[3]], p[at[2]], p[at[1]], p[at[0]]));
  return vec<double>(
      _mm512_maskz_insertf64x4(0xff, low, _mm256_set_pd(p[at[7]], p[at[6]], p[at[5]], p[at[4]]), 1));
}

using words_register [[gnu::vector_size(64)]] = std::uint64_t;
inline words_register product(const words_register& a, std::uint32_t b) {
  return reinterpret_cast<words_register>(
      _mm512_maskz_mul_epu32(0xff, reinterpret_cast<__m512i>(a), _mm512_set1_epi64(b)));
}
inline vec<float> top_24_bits(const vec<float>&, const std::uint32_t* p) {
  return vec<float>(_mm512_maskz_cvtepi32_ps(0xffff, _mm512_maskz_srli_epi32(0xffff, _mm512_loadu_si512(p), 8)));
}
inline vec<double> top_24_bits(const vec<double>&, const std::uint32_t* p) {
  return vec<double>(_mm512_maskz_cvtepi32_pd(
      0xff, _mm256_srli_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)), 8)));
}

// t[low four bits of u]
inline vec<float> lookup16(const float (&t)[16], const vec<float>& u) {
  return vec<float>(_mm512_maskz_permutexvar_ps(0xffff, _mm512_castps_si512(u.v), _mm512_loadu_ps(t)));
}
// a (t + rest)[low four bits of u], rounded once; for an a of equal lanes, so that a loop makes the products before it
inline vec<float> product16(const vec<float>& a, const float (&t)[16], const float (&rest)[16], const vec<float>& u) {
  const vec<float> products = fma(a, load(t), vec<float>(_mm512_maskz_mul_ps(0xffff, a.v, _mm512_loadu_ps(rest))));
  return vec<float>(_mm512_maskz_permutexvar_ps(0xffff, _mm512_castps_si512(u.v), products.v));
}
// a, no further from 0 than `end`, which NaN becomes
inline vec<float> within(const vec<float>& a, float end) {
  return vec<float>(_mm512_maskz_range_ps(0xffff, a.v, _mm512_set1_ps(end), 2));
}
inline vec<double> lookup16(const double (&t)[16], const vec<double>& u) {
  return vec<double>(_mm512_permutex2var_pd(_mm512_loadu_pd(t), _mm512_castpd_si512(u.v), _mm512_loadu_pd(t + 8)));
}
inline vec<double> within(const vec<double>& a, double end) {
  return vec<double>(_mm512_maskz_range_pd(0xff, a.v, _mm512_set1_pd(end), 2));
}
// 1 / a, within 2^-14 of it
inline vec<double> reciprocal_estimate(const vec<double>& a) { return vec<double>(_mm512_maskz_rcp14_pd(0xff, a.v)); }

// t[bits(u) >> 20 & 31]: u in [1, 16) counts eight intervals an octave, from entry 24 on.
inline vec<float> octave_lookup(const float (&t)[32], const vec<float>& u) {
  return vec<float>(_mm512_permutex2var_ps(_mm512_loadu_ps(t),
                                           _mm512_maskz_srli_epi32(0xffff, _mm512_castps_si512(u.v), 20),
                                           _mm512_loadu_ps(t + 16)));
}

// A slot of a table of 32: the low five bits of a float that had 1.5 2^k added to it, so that they count
// units of 2^(k-23).
struct slot {
  __m512i i;
  slot(const slot& o) : i(o.i) {}
  explicit slot(const __m512i& a) : i(a) {}
};
inline slot slot_of(const vec<float>& rounded) { return slot(_mm512_castps_si512(rounded.v)); }
inline vec<float> lookup(const float (&t)[32], const slot& s) {
  return vec<float>(_mm512_permutex2var_ps(_mm512_loadu_ps(t), s.i, _mm512_loadu_ps(t + 16)));
}
// Where `rounded` is not zero + one of the 32 slots.
inline marks beyond_slots(const slot& s, float zero) {
  return marks(s.i ^ _mm512_castps_si512(_mm512_set1_ps(zero)));
}
// Where t is not 1.5 2^19 + k / 16, 0 <= k < 4096: 256 octaves, as 32 slots of eight.
inline marks beyond_octaves(const vec<float>& t) {
  using words [[gnu::vector_size(64)]] = std::uint32_t;
  return marks(reinterpret_cast<__m512i>((reinterpret_cast<words>(t.v) ^ __builtin_bit_cast(std::uint32_t, 0x1.8p+19f)) >> 7));
}
// Nothing marked, and the compiler sees it: not so much as a test is left.
inline bool never(const marks& m) {
  const auto all = m.i[0] | m.i[1] | m.i[2] | m.i[3] | m.i[4] | m.i[5] | m.i[6] | m.i[7];
  return __builtin_constant_p(all) && all == 0;
}
inline mask<float> marked(const marks& m) { return {_mm512_test_epi32_mask(m.i, constant<~0x1f0000001f>::in_memory())}; }
inline int lanes_on(const mask<float>& m) { return __builtin_popcount(m.m); }
inline void store_compressed(float* p, const vec<float>& a, const mask<float>& m) {
  _mm512_storeu_ps(p, _mm512_maskz_compress_ps(m.m, a.v));
}
// b, the lanes of m from the first ones of a
inline vec<float> spread_over(const vec<float>& b, const vec<float>& a, const mask<float>& m) {
  return vec<float>(_mm512_mask_expand_ps(b.v, m.m, a.v));
}
inline bool all(const mask<float>& m) { return m.m == 0xffff; }

// For clang, which computes what comes before a rare branch after it, and keeps the tables of a loop in registers and the loop's numbers
// in memory, across lines of the cache. clang 19, Zen 4, ns, with all three: GELU .32 for .35 or .44, as the stack lies, GELUTanh .35 for
// .37 to .46, GeGLU' .94 for 1.6 to 8.9.
inline void settle([[maybe_unused]] vec<float>& a) {  // a is computed here
#if defined(__clang__)
  __asm__ volatile("" : "+v"(a.v));
#endif
}
inline void keep_nothing(const vec<float>&) {  // in registers
#if defined(__clang__)
  __asm__ volatile("" ::: "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12",
                   "xmm13", "xmm14", "xmm15", "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25",
                   "xmm26", "xmm27", "xmm28", "xmm29", "xmm30", "xmm31");
#endif
}
inline void aligned_spills(const vec<float>&) {  // of the function that it is inlined into
#if defined(__clang__)
  alignas(64) char line[64];
  __asm__ volatile("" ::"r"(line));
#endif
}
// 1 where x > 0, `low` where x <= 0, NaN where x is: by the eight kinds of numbers, of which four digits each say what they give
inline vec<float> step(const vec<float>& x, const vec<float>& low) {
  return vec<float>(_mm512_maskz_fixupimm_ps(0xffff, low.v, x.v, _mm512_set1_epi32(static_cast<int>(0xa0a0a021)), 0));
}
inline vec<double> step(const vec<double>& x, const vec<double>& low) {
  return vec<double>(_mm512_maskz_fixupimm_pd(0xff, low.v, x.v, _mm512_set1_epi64(0xa0a0a021), 0));
}
// |a|, but no more than hi of a positive or NaN
inline vec<float> abs_below(const vec<float>& a, float hi) {
  return vec<float>(_mm512_maskz_range_ps(0xffff, a.v, _mm512_set1_ps(hi), 8));
}
#if !NONLIN_CARELESS_INTRINSICS
// m ? a b : c, one operation
inline vec<float> product_where(const mask<float>& m, const vec<float>& a, const vec<float>& b, const vec<float>& c) {
  return vec<float>(_mm512_mask_mul_ps(c.v, m.m, a.v, b.v));
}
inline vec<double> product_where(const mask<double>& m, const vec<double>& a, const vec<double>& b, const vec<double>& c) {
  return vec<double>(_mm512_mask_mul_pd(c.v, m.m, a.v, b.v));
}
#endif
// a - a rounded to a multiple of 1/2
inline vec<float> off_halves(const vec<float>& a) { return vec<float>(_mm512_maskz_reduce_ps(0xffff, a.v, 1 << 4)); }
// Bits of the exponent that are all off in numbers below 2^-95 (2^-511), below 2^-95 (2^-991): in a number that is tiny, or of which a
// product is subnormal
template <class T>
using tiny_exponents = constant<sizeof(T) == 4 ? 0x7000000070000000 : 0x6000000000000000>;
template <class T>
using nearly_subnormal_exponents = constant<sizeof(T) == 4 ? 0x7000000070000000 : 0x7e00000000000000>;
template <class T>
inline mask<T> is_tiny(const vec<T>& a) {
  return is_small(a, tiny_exponents<T>::in_memory());
}
template <class T>
inline mask<T> is_nearly_subnormal(const vec<T>& a) {
  return is_small(a, nearly_subnormal_exponents<T>::in_memory());
}
inline void fence() { _mm_sfence(); }
inline void leave() { _mm256_zeroupper(); }

#include "../detail/kernels.inl"
#include "../detail/operators.inl"
#include "../detail/subnormal.inl"

}  // namespace n_avx512
}  // namespace NONLIN_ABI
}  // namespace nonlin
NONLIN_TARGET_END
#include "../detail/end.hpp"
