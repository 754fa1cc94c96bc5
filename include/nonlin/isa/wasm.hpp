// SPDX-License-Identifier: Apache-2.0
// SIMD128 of WebAssembly: 4 floats or 2 doubles, no fused multiply-add. A module that has any of it runs only where all of it is
// understood, so there is nothing to choose at run time: compile with -msimd128. What every ISA file supplies is listed in
// isa/scalar.hpp.
#pragma once
#include "../detail/assists.hpp"
#include "../detail/intrinsics.hpp"
#include "../math/near_zero.hpp"
#include "../math/pack.hpp"
#include "../math/watched.hpp"

#include "../detail/begin.hpp"

namespace nonlin {
inline namespace NONLIN_ABI {
namespace n_wasm {

template <class T>
struct vec;
template <class T>
struct mask;

#define NONLIN_VEC(T, f, u, lanes, word, exponent_shift)                                                    \
  template <>                                                                                               \
  struct mask<T> {                                                                                          \
    using vector_type = vec<T>;                                                                             \
    v128_t m;                                                                                               \
    mask(const mask& o) : m(o.m) {}                                                                         \
    explicit mask(const v128_t& a) : m(a) {}                                                                \
    mask& operator=(const mask& o) {                                                                        \
      m = o.m;                                                                                              \
      return *this;                                                                                         \
    }                                                                                                       \
  };                                                                                                        \
  template <>                                                                                               \
  struct vec<T> {                                                                                           \
    using element = T;                                                                                      \
    using reg [[gnu::vector_size(16)]] = T; /* of v128_t the compiler's operators take whole numbers */     \
    static constexpr std::size_t size = lanes;                                                              \
    static constexpr bool has_fma = false, has_scalef = false, has_table32 = false, has_table16 = false;    \
    reg v;                                                                                                  \
    vec() : v(reg{}) {}                                                                                     \
    vec(const vec& o) : v(o.v) {}                                                                           \
    explicit vec(const reg& a) : v(a) {}                                                                    \
    explicit vec(const v128_t& a) : v(reinterpret_cast<reg>(a)) {}                                          \
    template <number N>                                                                                     \
    vec(N a) : vec(wasm_##f##_splat(static_cast<T>(a))) {}                                                  \
    vec& operator=(const vec& o) {                                                                          \
      v = o.v;                                                                                              \
      return *this;                                                                                         \
    }                                                                                                       \
    v128_t bits() const { return reinterpret_cast<v128_t>(v); }                                             \
  };                                                                                                        \
  inline vec<T> load(const T* p) { return vec<T>(wasm_v128_load(p)); }                                      \
  inline vec<T> load(const T* p, std::size_t n) {                                                           \
    T t[lanes] = {};                                                                                        \
    for (std::size_t k = 0; k < n && k < lanes; ++k) t[k] = p[k];                                           \
    return load(t);                                                                                         \
  }                                                                                                         \
  inline void store(T* p, const vec<T>& a) { wasm_v128_store(p, a.bits()); }                                \
  inline void store(T* p, const vec<T>& a, std::size_t n) {                                                 \
    T t[lanes];                                                                                             \
    store(t, a);                                                                                            \
    for (std::size_t k = 0; k < n && k < lanes; ++k) p[k] = t[k];                                           \
  }                                                                                                         \
  inline void stream(T* p, const vec<T>& a) { store(p, a); }                                                \
  inline vec<T> fma(const vec<T>& a, const vec<T>& b, const vec<T>& c) { return vec<T>(a.v * b.v + c.v); }  \
  inline vec<T> fms(const vec<T>& a, const vec<T>& b, const vec<T>& c) { return vec<T>(a.v * b.v - c.v); }  \
  inline vec<T> fnma(const vec<T>& a, const vec<T>& b, const vec<T>& c) { return vec<T>(c.v - a.v * b.v); } \
  /* pmin(a, b) is b < a ? b : a */                                                                         \
  inline vec<T> at_most(const vec<T>& x, const vec<T>& hi) {                                                \
    return vec<T>(wasm_##f##_pmin(x.bits(), hi.bits()));                                                    \
  }                                                                                                         \
  inline vec<T> at_least(const vec<T>& x, const vec<T>& lo) {                                               \
    return vec<T>(wasm_##f##_pmax(x.bits(), lo.bits()));                                                    \
  }                                                                                                         \
  inline vec<T> abs(const vec<T>& a) { return vec<T>(wasm_##f##_abs(a.bits())); }                           \
  inline vec<T> with_sign(const vec<T>& a, const vec<T>& of) {                                              \
    return vec<T>(wasm_v128_or(a.bits(), wasm_v128_and(of.bits(), wasm_##f##_splat(T(-0.0)))));             \
  }                                                                                                         \
  inline vec<T> shifted_to_exponent(const vec<T>& a) {                                                      \
    return vec<T>(wasm_##word##_shl(a.bits(), exponent_shift));                                             \
  }                                                                                                         \
  inline vec<T> exponent(const vec<T>& a) {                                                                 \
    const v128_t number = wasm_##u##_shr(a.bits(), exponent_shift);                                         \
    return vec<T>(vec<T>(wasm_v128_or(number, wasm_##f##_splat(exponent_magic<T>))).v -                     \
                  vec<T>(exponent_magic<T> + exponent_bias<T>).v);                                          \
  }                                                                                                         \
  inline vec<T> mantissa(const vec<T>& a) {                                                                 \
    const v128_t digits = wasm_v128_and(a.bits(), wasm_##f##_splat(mantissa_bits<T>));                      \
    return vec<T>(wasm_v128_or(digits, wasm_##f##_splat(1)));                                               \
  }                                                                                                         \
  inline bool any(const mask<T>& m) { return wasm_v128_any_true(m.m); }                                     \
  inline vec<T> select(const mask<T>& m, const vec<T>& a, const vec<T>& b) {                                \
    return vec<T>(wasm_v128_bitselect(a.bits(), b.bits(), m.m));                                            \
  }                                                                                                         \
  inline mask<T> operator<(const vec<T>& a, const vec<T>& b) {                                              \
    return mask<T>(wasm_##f##_lt(a.bits(), b.bits()));                                                      \
  }                                                                                                         \
  inline mask<T> operator<=(const vec<T>& a, const vec<T>& b) {                                             \
    return mask<T>(wasm_##f##_le(a.bits(), b.bits()));                                                      \
  }                                                                                                         \
  inline mask<T> operator==(const vec<T>& a, const vec<T>& b) {                                             \
    return mask<T>(wasm_##f##_eq(a.bits(), b.bits()));                                                      \
  }                                                                                                         \
  inline mask<T> operator!=(const vec<T>& a, const vec<T>& b) {                                             \
    return mask<T>(wasm_##f##_ne(a.bits(), b.bits()));                                                      \
  }                                                                                                         \
  inline mask<T> operator&(const mask<T>& a, const mask<T>& b) { return mask<T>(wasm_v128_and(a.m, b.m)); } \
  inline mask<T> operator|(const mask<T>& a, const mask<T>& b) { return mask<T>(wasm_v128_or(a.m, b.m)); }  \
  inline mask<T> operator^(const mask<T>& a, const mask<T>& b) { return mask<T>(wasm_v128_xor(a.m, b.m)); } \
  inline mask<T> operator!(const mask<T>& a) { return mask<T>(wasm_v128_not(a.m)); }

NONLIN_VEC(float, f32x4, u32x4, 4, i32x4, 23)
NONLIN_VEC(double, f64x2, u64x2, 2, i64x2, 52)
#undef NONLIN_VEC

inline double sum_of_lanes(const vec<double>& a) { return a.v[0] + a.v[1]; }
inline double sum_of_lanes(const vec<float>& a) {
  const vec<double> low(wasm_f64x2_promote_low_f32x4(a.bits()));
  const vec<double> high(wasm_f64x2_promote_low_f32x4(wasm_i32x4_shuffle(a.bits(), a.bits(), 2, 3, 2, 3)));
  return sum_of_lanes(vec<double>(low.v + high.v));
}
inline double max_of_lanes(const vec<double>& a) { return a.v[0] > a.v[1] ? a.v[0] : a.v[1]; }
inline float max_of_lanes(const vec<float>& a) {
  const vec<float> t(wasm_f32x4_pmax(a.bits(), wasm_i32x4_shuffle(a.bits(), a.bits(), 2, 3, 2, 3)));
  return t.v[0] > t.v[1] ? t.v[0] : t.v[1];
}

#define NONLIN_LANES(...) __VA_ARGS__
#define NONLIN_SHUFFLE_(shuffle, a, b, ...) shuffle((a).bits(), (b).bits(), __VA_ARGS__)
#define NONLIN_SHUFFLE(...) NONLIN_SHUFFLE_(__VA_ARGS__)
#define NONLIN_ZIP(T, shuffle, low, high, even, odd)                                                        \
  inline void zip(const vec<T>& a, const vec<T>& b, vec<T>& first, vec<T>& second) {                        \
    const vec<T> x(NONLIN_SHUFFLE(shuffle, a, b, NONLIN_LANES low));                                        \
    second = vec<T>(NONLIN_SHUFFLE(shuffle, a, b, NONLIN_LANES high));                                      \
    first = x;                                                                                              \
  }                                                                                                         \
  inline void unzip(const vec<T>& first, const vec<T>& second, vec<T>& a, vec<T>& b) {                      \
    const vec<T> x(NONLIN_SHUFFLE(shuffle, first, second, NONLIN_LANES even));                              \
    b = vec<T>(NONLIN_SHUFFLE(shuffle, first, second, NONLIN_LANES odd));                                   \
    a = x;                                                                                                  \
  }
NONLIN_ZIP(float, wasm_i32x4_shuffle, (0, 4, 1, 5), (2, 6, 3, 7), (0, 2, 4, 6), (1, 3, 5, 7))
NONLIN_ZIP(double, wasm_i64x2_shuffle, (0, 2), (1, 3), (0, 2), (1, 3))
#undef NONLIN_ZIP
#undef NONLIN_SHUFFLE
#undef NONLIN_SHUFFLE_
#undef NONLIN_LANES

inline vec<float> gather(const vec<float>&, const float* p, const std::size_t* at) {
  return vec<float>(vec<float>::reg{p[at[0]], p[at[1]], p[at[2]], p[at[3]]});
}
inline vec<double> gather(const vec<double>&, const double* p, const std::size_t* at) {
  return vec<double>(vec<double>::reg{p[at[0]], p[at[1]]});
}

using words_register [[gnu::vector_size(16)]] = std::uint64_t;
inline words_register product(const words_register& a, std::uint32_t b) {
  const v128_t words = reinterpret_cast<v128_t>(a), low = wasm_i32x4_shuffle(words, words, 0, 2, 0, 2);
  return reinterpret_cast<words_register>(wasm_u64x2_extmul_low_u32x4(low, wasm_i32x4_splat(static_cast<std::int32_t>(b))));
}
inline vec<float> top_24_bits(const vec<float>&, const std::uint32_t* p) {
  return vec<float>(wasm_f32x4_convert_u32x4(wasm_u32x4_shr(wasm_v128_load(p), 8)));
}
inline vec<double> top_24_bits(const vec<double>&, const std::uint32_t* p) {
  return vec<double>(wasm_f64x2_convert_low_u32x4(wasm_u32x4_shr(wasm_v128_load64_zero(p), 8)));
}

inline void fence() {}
inline void leave() {}

#include "../detail/kernels.inl"
#include "../detail/operators.inl"

}  // namespace n_wasm
}  // namespace NONLIN_ABI
}  // namespace nonlin
#include "../detail/end.hpp"
