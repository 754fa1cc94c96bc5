// SPDX-License-Identifier: Apache-2.0
// The jumps of a hot loop, placed. From Skylake to Cascade Lake a jump that ends at or crosses a 32-byte line is decoded anew each time
// (Intel, "Mitigations for Jump Conditional Code Erratum", 2019), so that the same loop took .98 to 1.19 of its time wherever a
// compiler happened to put it. These begin at multiples of 16 bytes; on other processors that is a nop.
//
//   lost     stores past the caches by a copy of what is in cache, so that the loop has a jump less: 15 to 25 % slower in memory. The next block's
//            test at the loop's end, so that what comes first is always done and g++ takes the conversion of a parameter out of the loop:
//            ELU 1.07, Tanh 1.11. The end of the loop by a flag that the asm gives: g++ makes a number of it and tests that, GELU' 1.2.
#pragma once
#include <cstddef>
#include "abi.hpp"

#include "begin.hpp"

namespace nonlin {
inline namespace NONLIN_ABI {

// bits != 0, for a branch that is not taken as a rule
#if defined(__x86_64__) || defined(__i386__)
NONLIN_INLINE bool rarely(unsigned bits) {
  __asm__ goto(".p2align 4\n\ttest %0, %0\n\tjnz %l1" : : "r"(bits) : "cc" : on);
  return false;
on:
  return true;
}
#else
NONLIN_INLINE bool rarely(unsigned bits) { return bits != 0; }
#endif

// i < end, at the end of a loop
#if defined(__x86_64__) || defined(__i386__)
NONLIN_INLINE bool goes_on(std::size_t i, std::size_t end) {
  __asm__ goto(".p2align 4\n\tcmp {%1, %0|%0, %1}\n\tjb %l2" : : "r"(i), "r"(end) : "cc" : less);
  return false;
less:
  return true;
}
#else
NONLIN_INLINE bool goes_on(std::size_t i, std::size_t end) { return i < end; }
#endif

}  // namespace NONLIN_ABI
}  // namespace nonlin
#include "end.hpp"
