// SPDX-License-Identifier: Apache-2.0
// SSE2, the baseline of x86-64: 4 floats or 2 doubles, no fused multiply-add. What every ISA file supplies
// is listed in isa/scalar.hpp.
#pragma once
#include "../detail/intrinsics.hpp"
#include "../detail/number.hpp"

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
    static constexpr bool has_fma = false, has_scalef = false, has_table32 = false;                         \
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
  inline vec<T> select(const mask<T>& m, const vec<T>& a, const vec<T>& b) {                                \
    return vec<T>(_mm_or_##s(_mm_and_##s(m.m, a.v), _mm_andnot_##s(m.m, b.v)));                             \
  }                                                                                                         \
  inline mask<T> operator<(const vec<T>& a, const vec<T>& b) { return mask<T>(_mm_cmplt_##s(a.v, b.v)); }   \
  inline mask<T> operator<=(const vec<T>& a, const vec<T>& b) { return mask<T>(_mm_cmple_##s(a.v, b.v)); }  \
  inline mask<T> operator==(const vec<T>& a, const vec<T>& b) { return mask<T>(_mm_cmpeq_##s(a.v, b.v)); }  \
  inline mask<T> operator!=(const vec<T>& a, const vec<T>& b) { return mask<T>(_mm_cmpneq_##s(a.v, b.v)); } \
  inline mask<T> operator&(const mask<T>& a, const mask<T>& b) { return mask<T>(_mm_and_##s(a.m, b.m)); }   \
  inline mask<T> operator|(const mask<T>& a, const mask<T>& b) { return mask<T>(_mm_or_##s(a.m, b.m)); }    \
  inline mask<T> operator^(const mask<T>& a, const mask<T>& b) { return mask<T>(_mm_xor_##s(a.m, b.m)); }   \
  inline mask<T> operator!(const mask<T>& a) {                                                              \
    return mask<T>(_mm_xor_##s(a.m, _mm_castsi128_##s(_mm_set1_epi32(-1))));                                \
  }

NONLIN_VEC(float, __m128, ps, 4, epi32, 23)
NONLIN_VEC(double, __m128d, pd, 2, epi64, 52)
#undef NONLIN_VEC

inline void fence() { _mm_sfence(); }
inline void leave() {}

#include "../detail/kernels.inl"
#include "../detail/operators.inl"

}  // namespace n_sse2
}  // namespace NONLIN_ABI
}  // namespace nonlin
NONLIN_TARGET_END
#include "../detail/end.hpp"
