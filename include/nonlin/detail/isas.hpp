// SPDX-License-Identifier: Apache-2.0
// The list of instruction sets: a row names the file in isa/, its enumerator, and what the CPU must have.
// Best first.
#pragma once
#include "cpu.hpp"

#include "../isa/scalar.hpp"

#if defined(__i386__) && defined(__FAST_MATH__) && !defined(__clang__)
// No others: g++ takes functions of SSE2 for too different from SSE's intrinsics, and from formulas, to inline these.
#define NONLIN_ISAS(ROW) ROW(scalar, true)
#elif defined(__x86_64__) || (defined(__i386__) && (defined(__SSE2__) || !defined(NONLIN_STATIC_DISPATCH)))
#if !defined(NONLIN_STATIC_DISPATCH)
#include "../isa/avx2.hpp"
#include "../isa/avx512.hpp"
#include "../isa/sse2.hpp"
#define NONLIN_ISAS(ROW) ROW(avx512, cpu.avx512) ROW(avx2, cpu.avx2) ROW(sse2, cpu.sse2) ROW(scalar, true)
#elif defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512VL__)
#include "../isa/avx512.hpp"
#define NONLIN_ISAS(ROW) ROW(avx512, true)
#elif defined(__AVX2__) && defined(__FMA__)
#include "../isa/avx2.hpp"
#define NONLIN_ISAS(ROW) ROW(avx2, true)
#else
#include "../isa/sse2.hpp"
#define NONLIN_ISAS(ROW) ROW(sse2, true)
#endif
#elif defined(__aarch64__) && defined(__ARM_NEON) && defined(__ORDER_LITTLE_ENDIAN__) && \
    __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#include "../isa/neon.hpp"
#if !defined(NONLIN_STATIC_DISPATCH)
#define NONLIN_ISAS(ROW) ROW(neon, true) ROW(scalar, true)
#else
#define NONLIN_ISAS(ROW) ROW(neon, true)
#endif
#elif defined(__wasm_simd128__)
#include "../isa/wasm.hpp"
// No scalar kernels: no engine would run them in place of the others, and LLVM 14 never ends compiling some, whose vectors it makes itself.
#define NONLIN_ISAS(ROW) ROW(wasm, true)
#else
#define NONLIN_ISAS(ROW) ROW(scalar, true)
#endif
