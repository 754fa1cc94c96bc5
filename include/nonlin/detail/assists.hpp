// SPDX-License-Identifier: Apache-2.0
// Whether x86 has taken a microcode assist for a subnormal number, some 150 cycles: an operation that does raises "denormal operand"
// or "underflow" in MXCSR, where it stays until it is cleared. So a loop that has no test finds out afterwards.
#pragma once
#include "cpu.hpp"

#include "begin.hpp"

namespace nonlin {
inline namespace NONLIN_ABI {

#if defined(__x86_64__) || defined(__i386__)
// While it lives, the thread's two flags are its own, unless it need not look; at its end they are as if there had been no such thing. It
// looks only on machines with SSE.
class assists {
 public:
  explicit assists(bool look) noexcept : at_first_(look ? get() : flushes) { forget(at_first_); }
  assists(const assists&) = delete;
  assists& operator=(const assists&) = delete;
  ~assists() {
    if (cleared_ != 0) [[unlikely]]
      set(get() | cleared_);
  }
  // Not where subnormal numbers are flushed to 0: there they cost nothing.
  bool happen() const noexcept { return (at_first_ & flushes) == 0; }
  void forget() noexcept { forget(get()); }
  // since they were forgotten
  static bool seen() noexcept { return (get() & flags) != 0; }

 private:
  static constexpr unsigned flags = 0x12, flushes = 0x8040;
  unsigned at_first_, cleared_ = 0;

  // "memory": what is stored before has been computed before.
  static unsigned get() noexcept {
    unsigned w;
    __asm__ volatile("stmxcsr %0" : "=m"(w) : : "memory");
    return w;
  }
  static void set(unsigned w) noexcept { __asm__ volatile("ldmxcsr %0" : : "m"(w) : "memory"); }
  void forget(unsigned now) noexcept {
    if ((now & flags) == 0) [[likely]]
      return;
    cleared_ |= now & flags;
    set(now & ~flags);
  }
};

#else
class assists {
 public:
  explicit assists(bool) noexcept {}
  static bool happen() noexcept { return false; }
  static void forget() noexcept {}
  static bool seen() noexcept { return false; }
};
#endif

}  // namespace NONLIN_ABI
}  // namespace nonlin
#include "end.hpp"
