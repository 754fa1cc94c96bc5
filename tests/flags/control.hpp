// What the caller may have done to the processor's floating-point control word.
#pragma once
#include <cfenv>
#if defined(__SSE__)
#include <xmmintrin.h>
#endif

enum class mode { as_started, flush, upward, downward, toward_zero };
inline constexpr mode modes[] = {mode::as_started, mode::flush, mode::upward, mode::downward, mode::toward_zero};
inline constexpr const char* mode_names[] = {"as started", "flush to zero", "upward", "downward", "toward zero"};
constexpr const char* name_of(mode m) { return mode_names[static_cast<int>(m)]; }

class control {
 public:
#if defined(__SSE__)
  using word = unsigned;
  static constexpr word flush_bits = 0x8040;  // FTZ and DAZ
  static constexpr bool can_flush = true;
  static word get() { return _mm_getcsr(); }
  static void set(word w) { _mm_setcsr(w); }
#elif defined(__aarch64__)
  using word = unsigned long;
  static constexpr word flush_bits = 1ul << 24;
  static constexpr bool can_flush = true;
  static word get() {
    word w;
    __asm__ volatile("mrs %0, fpcr" : "=r"(w));
    return w;
  }
  static void set(word w) { __asm__ volatile("msr fpcr, %0" ::"r"(w) : "memory"); }
#else
  using word = unsigned;
  static constexpr word flush_bits = 1;
  static constexpr bool can_flush = false;
  static word get() { return 0; }
  static void set(word) {}
#endif
};

// call() with the control word that `started` is, changed as m says; the standard's before and after.
template <class F>
__attribute__((noinline)) void in_mode(mode m, control::word started, const F& call) {
  const control::word mine = control::get();
  control::set(started);
  if (m == mode::flush) control::set(started | control::flush_bits);
  if (m == mode::upward) std::fesetround(FE_UPWARD);
  if (m == mode::downward) std::fesetround(FE_DOWNWARD);
  if (m == mode::toward_zero) std::fesetround(FE_TOWARDZERO);
  call();
  std::fesetround(FE_TONEAREST);
  control::set(mine);
}
