// SPDX-License-Identifier: Apache-2.0
// Opens a stretch of nonlin's code; detail/end.hpp closes it. No include guard: every header of the
// library has one such pair after its own includes, so that no system header is ever seen with these
// settings.
//
// Within the pair floating-point code means what it says: no reassociation, no contraction, NaN and
// infinity exist, whatever -ffast-math or -ffp-contract the user compiles with. The kernels depend on it:
// (x + 1.5 * 2^23) - 1.5 * 2^23 is a rounding, not x.
#ifdef NONLIN_OPEN
#error "nonlin: detail/begin.hpp without the detail/end.hpp of the header before"
#endif
#define NONLIN_OPEN

// windows.h, for one, defines these.
#pragma push_macro("min")
#pragma push_macro("max")
#undef min
#undef max

#define NONLIN_DO_PRAGMA(x) _Pragma(#x)
#if defined(__clang__)
#if defined(__wasm__) && (defined(__FAST_MATH__) || __FINITE_MATH_ONLY__)
#error "nonlin: without -ffast-math and -ffinite-math-only here: on WebAssembly clang cannot be told to mean what the code says"
#endif
#if defined(__x86_64__) || defined(__i386__) || defined(__aarch64__)
// clang-format off
_Pragma("float_control(push)") _Pragma("float_control(precise, on)")
#define NONLIN_PUSHED_FLOAT_CONTROL
#endif
_Pragma("clang fp contract(off)")
// clang-format on
#define NONLIN_TARGET_BEGIN(features) \
  NONLIN_DO_PRAGMA(clang attribute push(__attribute__((target(features))), apply_to = function))
#define NONLIN_TARGET_END _Pragma("clang attribute pop")
#elif defined(__GNUC__)
// Scheduling before registers are given out: at -O2 g++ leaves the steps of one vector in a row, more than the processor looks
// ahead; so those of several vectors alternate. Up to a third faster where two threads share a core.
// clang-format off
_Pragma("GCC push_options")
_Pragma("GCC optimize(\"fp-contract=off\", \"no-fast-math\", \"no-unsafe-math-optimizations\", \"no-associative-math\", \"no-reciprocal-math\", \"no-finite-math-only\", \"signed-zeros\", \"trapping-math\", \"schedule-insns\", \"sched-pressure\")")
// clang-format on
#define NONLIN_TARGET_BEGIN(features) _Pragma("GCC push_options") NONLIN_DO_PRAGMA(GCC target(features))
#define NONLIN_TARGET_END _Pragma("GCC pop_options")
#endif

// For the array kernels, inside a target region: the whole tree of calls becomes one function of that
// region's target.
#define NONLIN_KERNEL __attribute__((flatten, noinline))

// Before a step of a kernel that calls users' functors: clang inlines those however big they are. It did not, and a lambda of exp took 8
// ns an element for .3.
#if defined(__clang__)
#define NONLIN_INLINES_CALLS __attribute__((flatten))
#else
#define NONLIN_INLINES_CALLS
#endif

// Lambdas are inlined by clang like formulas: [](...) NONLIN_INLINE_LAMBDA { ... }
#define NONLIN_INLINE_LAMBDA __attribute__((always_inline))

// An operation on vectors: see isa/avx512.hpp for why not always_inline.
#define NONLIN_OP inline

// clang compiles the intrinsics of its headers, unlike operators, with the user's settings: under -ffast-math comparisons and choices
// by them drop NaN, and fma(a, b, -(a b)), the error of a product, is 0. It also fuses a product into a sum in one place and not in
// another. So comparisons are operators everywhere; choices are of bits; and NONLIN_UNKNOWN(v) is the same vector, of which the
// compiler does not know how it came about (nor, being integers to the asm, that it were no NaN).
#if defined(__clang__) && NONLIN_FINITE_MATH_ONLY && (defined(__x86_64__) || defined(__i386__) || defined(__aarch64__))
#if defined(__aarch64__)
#define NONLIN_REGISTER "+w"
#else
#define NONLIN_REGISTER "+v"
#endif
#define NONLIN_CARELESS_INTRINSICS 1
#define NONLIN_UNKNOWN(v)                               \
  (__extension__({                                      \
    auto r = v;                                         \
    long long __attribute__((vector_size(sizeof r))) i; \
    __builtin_memcpy(&i, &r, sizeof r);                 \
    __asm__("" : NONLIN_REGISTER(i));                   \
    __builtin_memcpy(&r, &i, sizeof r);                 \
    r;                                                  \
  }))
#else
#define NONLIN_CARELESS_INTRINSICS 0
#define NONLIN_UNKNOWN(v) (v)
#endif
