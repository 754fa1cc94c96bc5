// SPDX-License-Identifier: Apache-2.0
// AVX2 with FMA: 8 floats or 4 doubles. What every ISA file supplies is listed in isa/scalar.hpp.
#pragma once
#include "../detail/assists.hpp"
#include "../detail/intrinsics.hpp"
#include "../math/near_zero.hpp"
#include "../math/pack.hpp"
#include "../math/watched.hpp"

#include "../detail/begin.hpp"

NONLIN_TARGET_BEGIN("avx2,fma,bmi,bmi2,lzcnt,f16c")
namespace nonlin {
inline namespace NONLIN_ABI {
namespace n_avx2 {

template <class T>
struct vec;
template <class T>
struct mask;

// Sliding over it gives the mask of the first n lanes: 8 on, then 8 off.
alignas(32) inline constexpr std::int32_t lanes_on[16] = {-1, -1, -1, -1, -1, -1, -1, -1,
                                                          0,  0,  0,  0,  0,  0,  0,  0};
inline __m256i first_lanes(std::size_t words) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(lanes_on + (8 - words)));
}

// No intrinsic of SSE's floats in this file: on i386 with -ffast-math g++ does not inline them into functions of AVX2.

// The first n lanes, in halves: a masked store is 42 operations on AMD's processors. Zen 3: calls of 9 to 31 elements 5 to 13 ns faster,
// of Softmax 1024x10 .89 ns an element for 1.20
inline void store_first(float* p, const __m256& v, std::size_t n) {
  if (n >= 8) return _mm256_storeu_ps(p, v);
  __m128 rest = _mm256_castps256_ps128(v);
  if (n & 4) {
    __builtin_memcpy(p, &rest, 16);
    rest = _mm256_extractf128_ps(v, 1);
    p += 4;
  }
  if (n & 2) {
    __builtin_memcpy(p, &rest, 8);
    rest = __builtin_shufflevector(rest, rest, 2, 3, 2, 3);
    p += 2;
  }
  if (n & 1) *p = rest[0];
}
inline void store_first(double* p, const __m256d& v, std::size_t n) {
  if (n >= 4) return _mm256_storeu_pd(p, v);
  __m128d rest = _mm256_castpd256_pd128(v);
  if (n & 2) {
    __builtin_memcpy(p, &rest, 16);
    rest = _mm256_extractf128_pd(v, 1);
    p += 2;
  }
  if (n & 1) *p = rest[0];
}

// The compare instructions' all-ones lanes.
#define NONLIN_VEC(T, reg, s, lanes, si, exponent_shift)                                                     \
  template <>                                                                                                \
  struct mask<T> {                                                                                           \
    using vector_type = vec<T>;                                                                              \
    reg m;                                                                                                   \
    mask(const mask& o) : m(o.m) {}                                                                          \
    explicit mask(const reg& a) : m(a) {}                                                                    \
    mask& operator=(const mask& o) {                                                                         \
      m = o.m;                                                                                               \
      return *this;                                                                                          \
    }                                                                                                        \
  };                                                                                                         \
  template <>                                                                                                \
  struct vec<T> {                                                                                            \
    using element = T;                                                                                       \
    static constexpr std::size_t size = lanes;                                                               \
    static constexpr bool has_fma = true, has_scalef = false, has_table32 = false, has_table16 = false;      \
    static constexpr bool has_powers8 = (lanes == 8);                                                        \
    reg v;                                                                                                   \
    vec() : v(_mm256_setzero_##s()) {}                                                                       \
    vec(const vec& o) : v(o.v) {}                                                                            \
    explicit vec(const reg& a) : v(a) {}                                                                     \
    template <number N>                                                                                      \
    vec(N a) : v(_mm256_set1_##s(static_cast<T>(a))) {}                                                      \
    vec& operator=(const vec& o) {                                                                           \
      v = o.v;                                                                                               \
      return *this;                                                                                          \
    }                                                                                                        \
  };                                                                                                         \
  inline vec<T> load(const T* p) { return vec<T>(_mm256_loadu_##s(p)); }                                     \
  inline vec<T> load(const T* p, std::size_t n) {                                                            \
    return vec<T>(NONLIN_UNKNOWN(_mm256_maskload_##s(p, first_lanes(n * (sizeof(T) / 4)))));                 \
  }                                                                                                          \
  inline void store(T* p, const vec<T>& a) { _mm256_storeu_##s(p, a.v); }                                    \
  inline void store(T* p, const vec<T>& a, std::size_t n) {                                                  \
    store_first(p, a.v, n);                                                                                  \
  }                                                                                                          \
  inline void stream(T* p, const vec<T>& a) { _mm256_stream_##s(p, a.v); }                                   \
  inline vec<T> fma(const vec<T>& a, const vec<T>& b, const vec<T>& c) {                                     \
    return vec<T>(_mm256_fmadd_##s(a.v, b.v, NONLIN_UNKNOWN(c.v)));                                                          \
  }                                                                                                          \
  inline vec<T> fms(const vec<T>& a, const vec<T>& b, const vec<T>& c) {                                     \
    return vec<T>(_mm256_fmsub_##s(a.v, b.v, NONLIN_UNKNOWN(c.v)));                                                          \
  }                                                                                                          \
  inline vec<T> fnma(const vec<T>& a, const vec<T>& b, const vec<T>& c) {                                    \
    return vec<T>(_mm256_fnmadd_##s(a.v, b.v, NONLIN_UNKNOWN(c.v)));                                                         \
  }                                                                                                          \
  inline vec<T> at_most(const vec<T>& x, const vec<T>& hi) { return vec<T>(_mm256_min_##s(hi.v, x.v)); }     \
  inline vec<T> at_least(const vec<T>& x, const vec<T>& lo) { return vec<T>(_mm256_max_##s(lo.v, x.v)); }    \
  inline vec<T> abs(const vec<T>& a) { return vec<T>(_mm256_andnot_##s(_mm256_set1_##s(T(-0.0)), a.v)); }    \
  inline vec<T> with_sign(const vec<T>& a, const vec<T>& of) {                                               \
    return vec<T>(_mm256_or_##s(a.v, _mm256_and_##s(of.v, _mm256_set1_##s(T(-0.0)))));                       \
  }                                                                                                          \
  inline vec<T> shifted_to_exponent(const vec<T>& a) {                                                       \
    return vec<T>(_mm256_castsi256_##s(_mm256_slli_##si(_mm256_cast##s##_si256(a.v), exponent_shift)));      \
  }                                                                                                          \
  inline vec<T> exponent(const vec<T>& a) {                                                                 \
    const reg magic = _mm256_set1_##s(exponent_magic<T>);                                                        \
    return vec<T>(_mm256_or_##s(_mm256_castsi256_##s(_mm256_srli_##si(_mm256_cast##s##_si256(a.v), exponent_shift)), magic) -       \
                  _mm256_set1_##s(exponent_magic<T> + exponent_bias<T>));                                        \
  }                                                                                                         \
  inline vec<T> mantissa(const vec<T>& a) {                                                                 \
    return vec<T>(_mm256_or_##s(_mm256_and_##s(a.v, _mm256_set1_##s(mantissa_bits<T>)), _mm256_set1_##s(1)));                   \
  }                                                                                                         \
  inline bool any(const mask<T>& m) { return _mm256_movemask_##s(m.m) != 0; }                                    \
  inline bool rarely_any(const mask<T>& m) { return rarely(static_cast<unsigned>(_mm256_movemask_##s(m.m))); }   \
  inline vec<T> select(const mask<T>& m, const vec<T>& a, const vec<T>& b) {                                 \
    return NONLIN_CARELESS_INTRINSICS                                                                        \
               ? vec<T>(_mm256_castsi256_##s(_mm256_blendv_epi8(                                             \
                     _mm256_cast##s##_si256(b.v), _mm256_cast##s##_si256(a.v), _mm256_cast##s##_si256(m.m)))) \
               : vec<T>(_mm256_blendv_##s(b.v, a.v, m.m));                                                   \
  }                                                                                                          \
  inline mask<T> operator<(const vec<T>& a, const vec<T>& b) { return mask<T>(reg(a.v < b.v)); }               \
  inline mask<T> operator<=(const vec<T>& a, const vec<T>& b) { return mask<T>(reg(a.v <= b.v)); }              \
  inline mask<T> operator==(const vec<T>& a, const vec<T>& b) { return mask<T>(reg(a.v == b.v)); }              \
  inline mask<T> operator!=(const vec<T>& a, const vec<T>& b) { return mask<T>(reg(a.v != b.v)); }              \
  inline mask<T> operator&(const mask<T>& a, const mask<T>& b) { return mask<T>(_mm256_and_##s(a.m, b.m)); } \
  inline mask<T> operator|(const mask<T>& a, const mask<T>& b) { return mask<T>(_mm256_or_##s(a.m, b.m)); }  \
  inline mask<T> operator^(const mask<T>& a, const mask<T>& b) { return mask<T>(_mm256_xor_##s(a.m, b.m)); } \
  inline mask<T> operator!(const mask<T>& a) {                                                               \
    return mask<T>(_mm256_xor_##s(a.m, _mm256_castsi256_##s(_mm256_set1_epi32(-1))));                        \
  }

NONLIN_VEC(float, __m256, ps, 8, epi32, 23)
NONLIN_VEC(double, __m256d, pd, 4, epi64, 52)
#undef NONLIN_VEC

inline double sum_of_lanes(const vec<double>& a) {
  const __m128d t = _mm256_castpd256_pd128(a.v) + _mm256_extractf128_pd(a.v, 1);
  return t[0] + t[1];
}
inline double sum_of_lanes(const vec<float>& a) {
  return sum_of_lanes(vec<double>(_mm256_cvtps_pd(_mm256_castps256_ps128(a.v)) +
                                  _mm256_cvtps_pd(_mm256_extractf128_ps(a.v, 1))));
}
inline double max_of_lanes(const vec<double>& a) {
  const __m128d t = _mm_max_pd(_mm256_castpd256_pd128(a.v), _mm256_extractf128_pd(a.v, 1));
  return t[0] > t[1] ? t[0] : t[1];
}
inline float max_of_lanes(const vec<float>& a) {
  const __m256 t = _mm256_max_ps(a.v, _mm256_permute2f128_ps(a.v, a.v, 1));
  const __m256 u = _mm256_max_ps(t, _mm256_permute_ps(t, 0xee));
  return u[0] > u[1] ? u[0] : u[1];
}

#define NONLIN_ZIP(T, s)                                                                                     \
  inline void zip(const vec<T>& a, const vec<T>& b, vec<T>& first, vec<T>& second) {                         \
    const auto even = _mm256_unpacklo_##s(a.v, b.v), odd = _mm256_unpackhi_##s(a.v, b.v);                    \
    first.v = _mm256_permute2f128_##s(even, odd, 0x20);                                                      \
    second.v = _mm256_permute2f128_##s(even, odd, 0x31);                                                     \
  }
NONLIN_ZIP(float, ps)
NONLIN_ZIP(double, pd)
#undef NONLIN_ZIP
inline void unzip(const vec<float>& first, const vec<float>& second, vec<float>& a, vec<float>& b) {
  const __m256d even = _mm256_castps_pd(_mm256_shuffle_ps(first.v, second.v, 0x88));
  const __m256d odd = _mm256_castps_pd(_mm256_shuffle_ps(first.v, second.v, 0xdd));
  a.v = _mm256_castpd_ps(_mm256_permute4x64_pd(even, 0xd8));
  b.v = _mm256_castpd_ps(_mm256_permute4x64_pd(odd, 0xd8));
}
inline void unzip(const vec<double>& first, const vec<double>& second, vec<double>& a, vec<double>& b) {
  const __m256d even = _mm256_unpacklo_pd(first.v, second.v), odd = _mm256_unpackhi_pd(first.v, second.v);
  a.v = _mm256_permute4x64_pd(even, 0xd8);
  b.v = _mm256_permute4x64_pd(odd, 0xd8);
}

inline vec<float> powers8(const std::uint32_t (&t)[8], const vec<float>& a) {
  const __m256i u = _mm256_castps_si256(a.v), bits = _mm256_load_si256(reinterpret_cast<const __m256i*>(t));
  return vec<float>(_mm256_castsi256_ps(_mm256_add_epi32(_mm256_permutevar8x32_epi32(bits, u), _mm256_slli_epi32(u, 20))));
}

inline vec<float> gather(const vec<float>&, const float* p, const std::size_t* at) {
  return vec<float>(_mm256_set_ps(p[at[7]], p[at[6]], p[at[5]], p[at[4]], p[at[3]], p[at[2]], p[at[1]], p[at[0]]));
}
inline vec<double> gather(const vec<double>&, const double* p, const std::size_t* at) {
  return vec<double>(_mm256_set_pd(p[at[3]], p[at[2]], p[at[1]], p[at[0]]));
}

using words_register [[gnu::vector_size(32)]] = std::uint64_t;
inline words_register product(const words_register& a, std::uint32_t b) {
  return reinterpret_cast<words_register>(_mm256_mul_epu32(reinterpret_cast<__m256i>(a), _mm256_set1_epi64x(b)));
}
inline vec<float> top_24_bits(const vec<float>&, const std::uint32_t* p) {
  return vec<float>(_mm256_cvtepi32_ps(_mm256_srli_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)), 8)));
}
inline vec<double> top_24_bits(const vec<double>&, const std::uint32_t* p) {
  return vec<double>(_mm256_cvtepi32_pd(_mm_srli_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)), 8)));
}

inline void fence() { _mm_sfence(); }
inline void leave() { _mm256_zeroupper(); }

#include "../detail/kernels.inl"
#include "../detail/operators.inl"
// Formulas take squares of arguments, and what those lose.
template <class T>
inline constexpr T tiny_end = sizeof(T) == 4 ? T(0x1p-50) : T(0x1p-480);
#include "../detail/below.inl"
#include "../detail/is_subnormal.inl"
#include "../detail/subnormal.inl"

}  // namespace n_avx2
}  // namespace NONLIN_ABI
}  // namespace nonlin
NONLIN_TARGET_END
#include "../detail/end.hpp"
