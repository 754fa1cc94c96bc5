// SPDX-License-Identifier: Apache-2.0
// What the CPU and the operating system offer, by cpuid: __builtin_cpu_supports reads 0 in early
// constructors on g++, and clang 14 does not know all its names.
#pragma once
#include <atomic>
#include <cstddef>
#include <initializer_list>
#include "abi.hpp"
#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

namespace nonlin {
inline namespace NONLIN_ABI {
namespace detail {

struct cpu_features {
  bool sse2 = false;
  bool avx2 = false;    // AVX2, FMA, F16C, BMI, BMI2, LZCNT
  bool avx512 = false;  // avx2, and AVX-512 F, BW, DQ, VL
};

#if defined(__x86_64__) || defined(__i386__)
inline cpu_features detect_cpu() noexcept {
  cpu_features cpu;
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return cpu;
  cpu.sse2 = d >> 26 & 1;
  const bool fma = c >> 12 & 1, osxsave = c >> 27 & 1, avx = c >> 28 & 1, f16c = c >> 29 & 1;
  if (!fma || !osxsave || !avx || !f16c) return cpu;
  unsigned enabled = 0, high = 0;  // XCR0: which registers the operating system saves
  __asm__ volatile("xgetbv" : "=a"(enabled), "=d"(high) : "c"(0));
  const bool ymm = (enabled & 0x06) == 0x06, zmm = (enabled & 0xe6) == 0xe6;
  if (!__get_cpuid(0x80000001, &a, &b, &c, &d)) return cpu;
  const bool lzcnt = c >> 5 & 1;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return cpu;
  const bool bmi = b >> 3 & 1, avx2 = b >> 5 & 1, bmi2 = b >> 8 & 1;
  const bool f = b >> 16 & 1, dq = b >> 17 & 1, bw = b >> 30 & 1, vl = b >> 31 & 1;
  cpu.avx2 = ymm && lzcnt && bmi && avx2 && bmi2;
  cpu.avx512 = cpu.avx2 && zmm && f && dq && bw && vl;
  return cpu;
}

// Whether subnormal numbers take microcode, some 150 cycles an operation. AMD's and Hygon's take a few cycles at most since Zen.
// To be set by tests: what is done about assists gives the same bits wherever it runs.
inline std::atomic<bool>& has_assists() noexcept {
  static std::atomic<bool> value = [] {
    constexpr unsigned amd = 0x68747541, hygon = 0x6f677948, zen = 0x17;  // "Auth", "Hygo"
    unsigned a = 0, b = 0, c = 0, d = 0, vendor = 0;
    if (!__get_cpuid(0, &a, &vendor, &c, &d) || !__get_cpuid(1, &a, &b, &c, &d)) return true;
    const unsigned family = (a >> 8 & 15) + (a >> 20 & 255);
    return !((vendor == amd || vendor == hygon) && family >= zen);
  }();
  return value;
}

// Bytes of the largest cache, 0 if unknown. Some microseconds on a virtual machine: for large arrays only.
inline std::size_t last_level_cache() noexcept {
  std::size_t largest = 0;
  for (const unsigned leaf : {4u, 0x8000001du}) {  // Intel; AMD in the same format
    for (unsigned k = 0; k < 8; ++k) {
      unsigned a = 0, b = 0, c = 0, d = 0;
      if (!__get_cpuid_count(leaf, k, &a, &b, &c, &d) || (a & 31) == 0) break;
      const std::size_t ways = (b >> 22) + 1, parts = (b >> 12 & 1023) + 1, line = (b & 4095) + 1;
      const std::size_t bytes = ways * parts * line * (std::size_t{c} + 1);
      if (bytes > largest) largest = bytes;
    }
  }
  return largest;
}
#else
inline cpu_features detect_cpu() noexcept { return {}; }
inline std::atomic<bool>& has_assists() noexcept {
  static std::atomic<bool> value = false;
  return value;
}
inline std::size_t last_level_cache() noexcept { return 0; }
#endif

}  // namespace detail
}  // namespace NONLIN_ABI
}  // namespace nonlin
