// SPDX-License-Identifier: Apache-2.0
// SSE2, the baseline of x86-64: 4 floats or 2 doubles, no fused multiply-add. What every ISA file supplies
// is listed in isa/scalar.hpp.
#pragma once
#include "../detail/assists.hpp"
#include "../detail/intrinsics.hpp"
#include "../math/near_zero.hpp"
#include "../math/pack.hpp"
#include "../math/watched.hpp"

#include "../detail/begin.hpp"

NONLIN_TARGET_BEGIN("sse2")
namespace nonlin {
inline namespace NONLIN_ABI {
namespace n_sse2 {

template <class T>
struct vec;
template <class T>
struct mask;

// The compare instructions' all-ones lanes.
#define NONLIN_VEC(T, reg, s, lanes, si, exponent_shift)                                                    \
  template <>                                                                                               \
  struct mask<T> {                                                                                          \
    using vector_type = vec<T>;                                                                             \
    reg m;                                                                                                  \
    mask(const mask& o) : m(o.m) {}                                                                         \
    explicit mask(const reg& a) : m(a) {}                                                                   \
    mask& operator=(const mask& o) {                                                                        \
      m = o.m;                                                                                              \
      return *this;                                                                                         \
    }                                                                                                       \
  };                                                                                                        \
  template <>                                                                                               \
  struct vec<T> {                                                                                           \
    using element = T;                                                                                      \
    static constexpr std::size_t size = lanes;                                                              \
    static constexpr bool has_fma = false, has_scalef = false, has_table32 = false, has_table16 = false;    \
    reg v;                                                                                                  \
    vec() : v(_mm_setzero_##s()) {}                                                                         \
    vec(const vec& o) : v(o.v) {}                                                                           \
    explicit vec(const reg& a) : v(a) {}                                                                    \
    template <number N>                                                                                     \
    vec(N a) : v(_mm_set1_##s(static_cast<T>(a))) {}                                                        \
    vec& operator=(const vec& o) {                                                                          \
      v = o.v;                                                                                              \
      return *this;                                                                                         \
    }                                                                                                       \
  };                                                                                                        \
  inline vec<T> load(const T* p) { return vec<T>(_mm_loadu_##s(p)); }                                       \
  inline vec<T> load(const T* p, std::size_t n) {                                                           \
    T t[lanes] = {};                                                                                        \
    for (std::size_t k = 0; k < n && k < lanes; ++k) t[k] = p[k];                                           \
    return load(t);                                                                                         \
  }                                                                                                         \
  inline void store(T* p, const vec<T>& a) { _mm_storeu_##s(p, a.v); }                                      \
  inline void store(T* p, const vec<T>& a, std::size_t n) {                                                 \
    T t[lanes];                                                                                             \
    store(t, a);                                                                                            \
    for (std::size_t k = 0; k < n && k < lanes; ++k) p[k] = t[k];                                           \
  }                                                                                                         \
  inline void stream(T* p, const vec<T>& a) { _mm_stream_##s(p, a.v); }                                     \
  inline vec<T> fma(const vec<T>& a, const vec<T>& b, const vec<T>& c) { return vec<T>(a.v * b.v + c.v); }  \
  inline vec<T> fms(const vec<T>& a, const vec<T>& b, const vec<T>& c) { return vec<T>(a.v * b.v - c.v); }  \
  inline vec<T> fnma(const vec<T>& a, const vec<T>& b, const vec<T>& c) { return vec<T>(c.v - a.v * b.v); } \
  inline vec<T> at_most(const vec<T>& x, const vec<T>& hi) { return vec<T>(_mm_min_##s(hi.v, x.v)); }       \
  inline vec<T> at_least(const vec<T>& x, const vec<T>& lo) { return vec<T>(_mm_max_##s(lo.v, x.v)); }      \
  inline vec<T> abs(const vec<T>& a) { return vec<T>(_mm_andnot_##s(_mm_set1_##s(T(-0.0)), a.v)); }         \
  inline vec<T> with_sign(const vec<T>& a, const vec<T>& of) {                                              \
    return vec<T>(_mm_or_##s(a.v, _mm_and_##s(of.v, _mm_set1_##s(T(-0.0)))));                               \
  }                                                                                                         \
  inline vec<T> shifted_to_exponent(const vec<T>& a) {                                                      \
    return vec<T>(_mm_castsi128_##s(_mm_slli_##si(_mm_cast##s##_si128(a.v), exponent_shift)));              \
  }                                                                                                         \
  inline vec<T> exponent(const vec<T>& a) {                                                                 \
    const reg magic = _mm_set1_##s(exponent_magic<T>);                                                        \
    return vec<T>(_mm_or_##s(_mm_castsi128_##s(_mm_srli_##si(_mm_cast##s##_si128(a.v), exponent_shift)), magic) -       \
                  _mm_set1_##s(exponent_magic<T> + exponent_bias<T>));                                        \
  }                                                                                                         \
  inline vec<T> mantissa(const vec<T>& a) {                                                                 \
    return vec<T>(_mm_or_##s(_mm_and_##s(a.v, _mm_set1_##s(mantissa_bits<T>)), _mm_set1_##s(1)));                   \
  }                                                                                                         \
  inline bool any(const mask<T>& m) { return _mm_movemask_##s(m.m) != 0; }                                    \
  inline bool rarely_any(const mask<T>& m) { return rarely(static_cast<unsigned>(_mm_movemask_##s(m.m))); }   \
  inline vec<T> select(const mask<T>& m, const vec<T>& a, const vec<T>& b) {                                \
    return vec<T>(_mm_or_##s(_mm_and_##s(m.m, a.v), _mm_andnot_##s(m.m, b.v)));                             \
  }                                                                                                         \
  inline mask<T> operator<(const vec<T>& a, const vec<T>& b) { return mask<T>(reg(a.v < b.v)); }          \
  inline mask<T> operator<=(const vec<T>& a, const vec<T>& b) { return mask<T>(reg(a.v <= b.v)); }        \
  inline mask<T> operator==(const vec<T>& a, const vec<T>& b) { return mask<T>(reg(a.v == b.v)); }        \
  inline mask<T> operator!=(const vec<T>& a, const vec<T>& b) { return mask<T>(reg(a.v != b.v)); }        \
  inline mask<T> operator&(const mask<T>& a, const mask<T>& b) { return mask<T>(_mm_and_##s(a.m, b.m)); }   \
  inline mask<T> operator|(const mask<T>& a, const mask<T>& b) { return mask<T>(_mm_or_##s(a.m, b.m)); }    \
  inline mask<T> operator^(const mask<T>& a, const mask<T>& b) { return mask<T>(_mm_xor_##s(a.m, b.m)); }   \
  inline mask<T> operator!(const mask<T>& a) {                                                              \
    return mask<T>(_mm_xor_##s(a.m, _mm_castsi128_##s(_mm_set1_epi32(-1))));                                \
  }

NONLIN_VEC(float, __m128, ps, 4, epi32, 23)
NONLIN_VEC(double, __m128d, pd, 2, epi64, 52)
#undef NONLIN_VEC

inline double sum_of_lanes(const vec<double>& a) { return a.v[0] + a.v[1]; }
inline double sum_of_lanes(const vec<float>& a) {
  return sum_of_lanes(vec<double>(_mm_cvtps_pd(a.v) + _mm_cvtps_pd(_mm_movehl_ps(a.v, a.v))));
}
inline double max_of_lanes(const vec<double>& a) { return a.v[0] > a.v[1] ? a.v[0] : a.v[1]; }
inline float max_of_lanes(const vec<float>& a) {
  const __m128 t = _mm_max_ps(a.v, _mm_movehl_ps(a.v, a.v));
  return t[0] > t[1] ? t[0] : t[1];
}

#define NONLIN_ZIP(T, s)                                                                                    \
  inline void zip(const vec<T>& a, const vec<T>& b, vec<T>& first, vec<T>& second) {                        \
    const auto low = _mm_unpacklo_##s(a.v, b.v), high = _mm_unpackhi_##s(a.v, b.v);                         \
    first.v = low;                                                                                          \
    second.v = high;                                                                                        \
  }                                                                                                         \
  inline void unzip(const vec<T>& first, const vec<T>& second, vec<T>& a, vec<T>& b) {                      \
    constexpr int even = sizeof(T) == 4 ? 0x88 : 0, odd = sizeof(T) == 4 ? 0xdd : 3;                        \
    const auto x = _mm_shuffle_##s(first.v, second.v, even), y = _mm_shuffle_##s(first.v, second.v, odd);   \
    a.v = x;                                                                                                \
    b.v = y;                                                                                                \
  }
NONLIN_ZIP(float, ps)
NONLIN_ZIP(double, pd)
#undef NONLIN_ZIP

inline vec<float> gather(const vec<float>&, const float* p, const std::size_t* at) {
  return vec<float>(_mm_set_ps(p[at[3]], p[at[2]], p[at[1]], p[at[0]]));
}
inline vec<double> gather(const vec<double>&, const double* p, const std::size_t* at) {
  return vec<double>(_mm_set_pd(p[at[1]], p[at[0]]));
}

using words_register [[gnu::vector_size(16)]] = std::uint64_t;
inline words_register product(const words_register& a, std::uint32_t b) {
  return reinterpret_cast<words_register>(_mm_mul_epu32(reinterpret_cast<__m128i>(a), _mm_set1_epi64x(b)));
}
inline vec<float> top_24_bits(const vec<float>&, const std::uint32_t* p) {
  return vec<float>(_mm_cvtepi32_ps(_mm_srli_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)), 8)));
}
inline vec<double> top_24_bits(const vec<double>&, const std::uint32_t* p) {
  return vec<double>(_mm_cvtepi32_pd(_mm_srli_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)), 8)));
}

inline void fence() { _mm_sfence(); }
inline void leave() {}

#include "../detail/kernels.inl"
#include "../detail/operators.inl"
// Formulas take squares of arguments, and what those lose, split in two without fma.
template <class T>
inline constexpr T tiny_end = sizeof(T) == 4 ? T(0x1p-36) : T(0x1p-440);
#include "../detail/below.inl"
#include "../detail/is_subnormal.inl"
#include "../detail/subnormal.inl"

}  // namespace n_sse2
}  // namespace NONLIN_ABI
}  // namespace nonlin
NONLIN_TARGET_END
#include "../detail/end.hpp"
