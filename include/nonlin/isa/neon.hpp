// SPDX-License-Identifier: Apache-2.0
// NEON of AArch64 (Advanced SIMD, always there): 4 floats or 2 doubles. What every ISA file supplies is
// listed in isa/scalar.hpp.
#pragma once
#include "../detail/assists.hpp"
#include "../detail/intrinsics.hpp"
#include "../math/near_zero.hpp"
#include "../math/pack.hpp"
#include "../math/watched.hpp"

#include "../detail/begin.hpp"

namespace nonlin {
inline namespace NONLIN_ABI {
namespace n_neon {

template <class T>
struct vec;
template <class T>
struct mask;

#define NONLIN_VEC(T, reg, s, lanes, mreg, u, exponent_shift)                                          \
  template <>                                                                                          \
  struct mask<T> {                                                                                     \
    using vector_type = vec<T>;                                                                        \
    mreg m;                                                                                            \
    mask(const mask& o) : m(o.m) {}                                                                    \
    explicit mask(const mreg& a) : m(a) {}                                                             \
    mask& operator=(const mask& o) {                                                                   \
      m = o.m;                                                                                         \
      return *this;                                                                                    \
    }                                                                                                  \
  };                                                                                                   \
  template <>                                                                                          \
  struct vec<T> {                                                                                      \
    using element = T;                                                                                 \
    static constexpr std::size_t size = lanes;                                                         \
    static constexpr bool has_fma = true, has_scalef = false, has_table32 = false, has_table16 = false; \
    reg v;                                                                                             \
    vec() : v(vdupq_n_##s(0)) {}                                                                       \
    vec(const vec& o) : v(o.v) {}                                                                      \
    explicit vec(const reg& a) : v(a) {}                                                               \
    template <number N>                                                                                \
    vec(N a) : v(vdupq_n_##s(static_cast<T>(a))) {}                                                    \
    vec& operator=(const vec& o) {                                                                     \
      v = o.v;                                                                                         \
      return *this;                                                                                    \
    }                                                                                                  \
  };                                                                                                   \
  inline vec<T> load(const T* p) { return vec<T>(vld1q_##s(p)); }                                      \
  inline vec<T> load(const T* p, std::size_t n) {                                                      \
    T t[lanes] = {};                                                                                   \
    for (std::size_t k = 0; k < n && k < lanes; ++k) t[k] = p[k];                                      \
    return load(t);                                                                                    \
  }                                                                                                    \
  inline void store(T* p, const vec<T>& a) { vst1q_##s(p, a.v); }                                      \
  inline void store(T* p, const vec<T>& a, std::size_t n) {                                            \
    T t[lanes];                                                                                        \
    store(t, a);                                                                                       \
    for (std::size_t k = 0; k < n && k < lanes; ++k) p[k] = t[k];                                      \
  }                                                                                                    \
  inline void stream(T* p, const vec<T>& a) { store(p, a); }                                           \
  inline vec<T> fma(const vec<T>& a, const vec<T>& b, const vec<T>& c) {                               \
    return vec<T>(vfmaq_##s(c.v, a.v, b.v));                                                           \
  }                                                                                                    \
  inline vec<T> fms(const vec<T>& a, const vec<T>& b, const vec<T>& c) {                               \
    return vec<T>(vfmaq_##s(-c.v, a.v, b.v));                                                          \
  }                                                                                                    \
  inline vec<T> fnma(const vec<T>& a, const vec<T>& b, const vec<T>& c) {                              \
    return vec<T>(vfmsq_##s(c.v, a.v, b.v));                                                           \
  }                                                                                                    \
  inline vec<T> at_most(const vec<T>& x, const vec<T>& hi) { return vec<T>(vminq_##s(hi.v, x.v)); }    \
  inline vec<T> at_least(const vec<T>& x, const vec<T>& lo) { return vec<T>(vmaxq_##s(lo.v, x.v)); }   \
  inline vec<T> abs(const vec<T>& a) { return vec<T>(vabsq_##s(a.v)); }                                \
  inline vec<T> with_sign(const vec<T>& a, const vec<T>& of) {                                         \
    return vec<T>(vreinterpretq_##s##_##u(vorrq_##u(                                                   \
        vreinterpretq_##u##_##s(a.v),                                                                  \
        vandq_##u(vreinterpretq_##u##_##s(of.v), vreinterpretq_##u##_##s(vdupq_n_##s(T(-0.0)))))));    \
  }                                                                                                    \
  inline vec<T> shifted_to_exponent(const vec<T>& a) {                                                 \
    return vec<T>(vreinterpretq_##s##_##u(vshlq_n_##u(vreinterpretq_##u##_##s(a.v), exponent_shift))); \
  }                                                                                                    \
  inline vec<T> exponent(const vec<T>& a) {                                                            \
    return vec<T>(vreinterpretq_##s##_##u(vorrq_##u(                                                   \
                      vshrq_n_##u(vreinterpretq_##u##_##s(a.v), exponent_shift),                       \
                      vreinterpretq_##u##_##s(vdupq_n_##s(exponent_magic<T>)))) -                      \
                  vdupq_n_##s(exponent_magic<T> + exponent_bias<T>));                                  \
  }                                                                                                    \
  inline vec<T> mantissa(const vec<T>& a) {                                                            \
    return vec<T>(vreinterpretq_##s##_##u(                                                             \
        vorrq_##u(vandq_##u(vreinterpretq_##u##_##s(a.v),                                              \
                            vreinterpretq_##u##_##s(vdupq_n_##s(mantissa_bits<T>))),                   \
                  vreinterpretq_##u##_##s(vdupq_n_##s(1)))));                                          \
  }                                                                                                    \
  inline bool any(const mask<T>& m) { return vmaxvq_u32(__builtin_bit_cast(uint32x4_t, m.m)) != 0; }            \
  inline void zip(const vec<T>& a, const vec<T>& b, vec<T>& first, vec<T>& second) {                   \
    const reg low = vzip1q_##s(a.v, b.v), high = vzip2q_##s(a.v, b.v);                                 \
    first.v = low;                                                                                     \
    second.v = high;                                                                                   \
  }                                                                                                    \
  inline void unzip(const vec<T>& first, const vec<T>& second, vec<T>& a, vec<T>& b) {                 \
    const reg even = vuzp1q_##s(first.v, second.v), odd = vuzp2q_##s(first.v, second.v);               \
    a.v = even;                                                                                        \
    b.v = odd;                                                                                         \
  }                                                                                                    \
  inline vec<T> select(const mask<T>& m, const vec<T>& a, const vec<T>& b) {                           \
    return vec<T>(vbslq_##s(m.m, a.v, b.v));                                                           \
  }                                                                                                    \
  inline mask<T> operator<(const vec<T>& a, const vec<T>& b) { return mask<T>(mreg(a.v < b.v)); }  \
  inline mask<T> operator<=(const vec<T>& a, const vec<T>& b) { return mask<T>(mreg(a.v <= b.v)); } \
  inline mask<T> operator==(const vec<T>& a, const vec<T>& b) { return mask<T>(mreg(a.v == b.v)); } \
  inline mask<T> operator&(const mask<T>& a, const mask<T>& b) { return mask<T>(a.m & b.m); }          \
  inline mask<T> operator|(const mask<T>& a, const mask<T>& b) { return mask<T>(a.m | b.m); }          \
  inline mask<T> operator^(const mask<T>& a, const mask<T>& b) { return mask<T>(a.m ^ b.m); }          \
  inline mask<T> operator!(const mask<T>& a) { return mask<T>(~a.m); }                                 \
  inline mask<T> operator!=(const vec<T>& a, const vec<T>& b) { return !(a == b); }

NONLIN_VEC(float, float32x4_t, f32, 4, uint32x4_t, u32, 23)
NONLIN_VEC(double, float64x2_t, f64, 2, uint64x2_t, u64, 52)
#undef NONLIN_VEC

inline double sum_of_lanes(const vec<double>& a) { return a.v[0] + a.v[1]; }
inline double sum_of_lanes(const vec<float>& a) {
  return sum_of_lanes(vec<double>(vcvt_f64_f32(vget_low_f32(a.v)) + vcvt_high_f64_f32(a.v)));
}
inline double max_of_lanes(const vec<double>& a) { return vmaxvq_f64(a.v); }
inline float max_of_lanes(const vec<float>& a) { return vmaxvq_f32(a.v); }

inline vec<float> gather(const vec<float>&, const float* p, const std::size_t* at) {
  return vec<float>(float32x4_t{p[at[0]], p[at[1]], p[at[2]], p[at[3]]});
}
inline vec<double> gather(const vec<double>&, const double* p, const std::size_t* at) {
  return vec<double>(float64x2_t{p[at[0]], p[at[1]]});
}

using words_register [[gnu::vector_size(16)]] = std::uint64_t;
inline words_register product(const words_register& a, std::uint32_t b) {
  return reinterpret_cast<words_register>(vmull_u32(vmovn_u64(reinterpret_cast<uint64x2_t>(a)), vdup_n_u32(b)));
}
inline vec<float> top_24_bits(const vec<float>&, const std::uint32_t* p) {
  return vec<float>(vcvtq_f32_u32(vshrq_n_u32(vld1q_u32(p), 8)));
}
inline vec<double> top_24_bits(const vec<double>&, const std::uint32_t* p) {
  return vec<double>(vcvtq_f64_u64(vmovl_u32(vshr_n_u32(vld1_u32(p), 8))));
}

inline void fence() {}
inline void leave() {}

#include "../detail/kernels.inl"
#include "../detail/operators.inl"

}  // namespace n_neon
}  // namespace NONLIN_ABI
}  // namespace nonlin
#include "../detail/end.hpp"
