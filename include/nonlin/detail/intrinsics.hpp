// SPDX-License-Identifier: Apache-2.0
// The vendor's intrinsics and the standard headers of the ISA files, outside any target region.
#pragma once
#include <cstddef>
#include <cstdint>
#include <utility>
#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#elif defined(__aarch64__) && defined(__ARM_NEON)
#include <arm_neon.h>
#elif defined(__wasm_simd128__)
#include <wasm_simd128.h>
#endif
