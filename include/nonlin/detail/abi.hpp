// SPDX-License-Identifier: Apache-2.0
// The name of the inline namespace that holds everything but the activation types, and the one macro for
// users' functors.
//
// Files compiled with different -m flags may be linked into one program. Were their functions of one name,
// the linker would keep one of them, perhaps the one with instructions that the machine lacks (a real
// SIGILL, not a theory). So the name carries every compiler switch that changes the code of these headers.
#pragma once

#if !defined(__GNUC__)
#error "nonlin needs g++ (12 or newer) or clang (14 or newer)"
#endif
#if defined(__cplusplus) && __cplusplus < 202002L
#error "nonlin needs C++20: compile with -std=c++20 or newer"
#endif

// For what the members of a user's own functor call, so that clang inlines it into the kernel however big it is.
#define NONLIN_INLINE inline __attribute__((always_inline))

// The user's compiler may take every number for finite.
#if defined(__FINITE_MATH_ONLY__)
#define NONLIN_FINITE_MATH_ONLY __FINITE_MATH_ONLY__
#else
#define NONLIN_FINITE_MATH_ONLY 0
#endif

// One digit a switch: 1 if on. (Machines that never meet in one program share one.)
#if defined(__SSE2__) || defined(__wasm_simd128__)
#define NONLIN_ABI_SSE2 1
#else
#define NONLIN_ABI_SSE2 0
#endif
#if defined(__SSE3__)
#define NONLIN_ABI_SSE3 1
#else
#define NONLIN_ABI_SSE3 0
#endif
#if defined(__SSSE3__)
#define NONLIN_ABI_SSSE3 1
#else
#define NONLIN_ABI_SSSE3 0
#endif
#if defined(__SSE4_1__)
#define NONLIN_ABI_SSE41 1
#else
#define NONLIN_ABI_SSE41 0
#endif
#if defined(__SSE4_2__) || defined(__POPCNT__)
#define NONLIN_ABI_SSE42 1
#else
#define NONLIN_ABI_SSE42 0
#endif
#if defined(__AVX__)
#define NONLIN_ABI_AVX 1
#else
#define NONLIN_ABI_AVX 0
#endif
#if defined(__F16C__)
#define NONLIN_ABI_F16C 1
#else
#define NONLIN_ABI_F16C 0
#endif
#if defined(__FMA__) || (defined(__FP_FAST_FMAF) && defined(__FP_FAST_FMA))
#define NONLIN_ABI_FMA 1
#else
#define NONLIN_ABI_FMA 0
#endif
#if defined(__FMA4__) || defined(__XOP__) || defined(__SSE4A__) || defined(__TBM__)
#define NONLIN_ABI_AMD 1
#else
#define NONLIN_ABI_AMD 0
#endif
#if defined(__BMI__) || defined(__BMI2__) || defined(__LZCNT__) || defined(__MOVBE__)
#define NONLIN_ABI_BMI 1
#else
#define NONLIN_ABI_BMI 0
#endif
#if defined(__AVX2__)
#define NONLIN_ABI_AVX2 1
#else
#define NONLIN_ABI_AVX2 0
#endif
#if defined(__AVX512F__)
#define NONLIN_ABI_AVX512F 1
#else
#define NONLIN_ABI_AVX512F 0
#endif
#if defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512VL__)
#define NONLIN_ABI_AVX512X 1
#else
#define NONLIN_ABI_AVX512X 0
#endif
#if defined(__AVX512VBMI__) || defined(__AVX512VNNI__) || defined(__AVX512IFMA__) || defined(__AVXVNNI__)
#define NONLIN_ABI_AVX512I 1
#else
#define NONLIN_ABI_AVX512I 0
#endif
#if defined(__AVX512FP16__) || defined(__AVX512BF16__)
#define NONLIN_ABI_AVX512H 1
#else
#define NONLIN_ABI_AVX512H 0
#endif
#if defined(__ARM_FEATURE_SVE)
#define NONLIN_ABI_SVE 1
#else
#define NONLIN_ABI_SVE 0
#endif
#if defined(__ARM_FEATURE_ATOMICS) || defined(__ARM_FEATURE_DOTPROD) || \
    defined(__ARM_FEATURE_FP16_VECTOR_ARITHMETIC)
#define NONLIN_ABI_ARM8X 1
#else
#define NONLIN_ABI_ARM8X 0
#endif
#if defined(__FAST_MATH__) || NONLIN_FINITE_MATH_ONLY
#define NONLIN_ABI_FAST 1
#else
#define NONLIN_ABI_FAST 0
#endif
#if defined(__cpp_exceptions)
#define NONLIN_ABI_THROW 1
#else
#define NONLIN_ABI_THROW 0
#endif
#if defined(NONLIN_STATIC_DISPATCH)
#define NONLIN_ABI_STATIC 1
#else
#define NONLIN_ABI_STATIC 0
#endif

#define NONLIN_ABI_PASTE_(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t) \
  abi_##a##b##c##d##e##f##g##h##i##j##k##l##m##n##o##p##q##r##s##t
#define NONLIN_ABI_PASTE(...) NONLIN_ABI_PASTE_(__VA_ARGS__)
#define NONLIN_ABI                                                                                          \
  NONLIN_ABI_PASTE(NONLIN_ABI_SSE2, NONLIN_ABI_SSE3, NONLIN_ABI_SSSE3, NONLIN_ABI_SSE41, NONLIN_ABI_SSE42,  \
                   NONLIN_ABI_AVX, NONLIN_ABI_F16C, NONLIN_ABI_FMA, NONLIN_ABI_AMD, NONLIN_ABI_BMI,         \
                   NONLIN_ABI_AVX2, NONLIN_ABI_AVX512F, NONLIN_ABI_AVX512X, NONLIN_ABI_AVX512I,             \
                   NONLIN_ABI_AVX512H, NONLIN_ABI_SVE, NONLIN_ABI_ARM8X, NONLIN_ABI_FAST, NONLIN_ABI_THROW, \
                   NONLIN_ABI_STATIC)
