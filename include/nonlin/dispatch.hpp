// SPDX-License-Identifier: Apache-2.0
// Which instruction set runs: the best of the machine, unless the environment variable NONLIN_ISA or
// use_isa() says another. With NONLIN_STATIC_DISPATCH defined before the include, the best that the
// compiler's flags allow, at once.
#pragma once
#include <atomic>
#if !defined(__SSE__) && !defined(__aarch64__) && !defined(__wasm__)
#include <cfenv>
#endif
#include <cstddef>
#include <cstdlib>
#include <initializer_list>
#include "detail/isas.hpp"

#include "detail/begin.hpp"

namespace nonlin {

enum class isa { scalar, sse2, avx2, avx512, neon, wasm };

// One for the program, whatever the flags of its files, so outside the tagged namespace. (Not in a namespace
// `detail`: there is one within the tagged namespace, and this would become a part of that.)
namespace program {
inline constinit std::atomic<int> active_isa{-1};  // -1 until first asked for
}  // namespace program

inline namespace NONLIN_ABI {

// "scalar", "sse2", "avx2", "avx512", "neon", "wasm": the names that NONLIN_ISA takes.
constexpr const char* to_string(isa which) noexcept {
  switch (which) {
    case isa::sse2:
      return "sse2";
    case isa::avx2:
      return "avx2";
    case isa::avx512:
      return "avx512";
    case isa::neon:
      return "neon";
    case isa::wasm:
      return "wasm";
    default:
      return "scalar";
  }
}

// The instruction sets that this program has kernels for and this machine runs, from the simplest to the
// best.
class isa_list {
 public:
  const isa* begin() const noexcept { return items_; }
  const isa* end() const noexcept { return items_ + count_; }
  std::size_t size() const noexcept { return count_; }
  isa front() const noexcept { return items_[0]; }
  isa back() const noexcept { return items_[count_ - 1]; }
  isa operator[](std::size_t i) const noexcept { return items_[i]; }
  bool contains(isa which) const noexcept {
    for (const isa i : *this) {
      if (i == which) return true;
    }
    return false;
  }

 private:
  friend isa_list available_isas() noexcept;
  isa items_[8] = {};
  std::size_t count_ = 0;
};

inline isa_list available_isas() noexcept {
  isa_list list;
  [[maybe_unused]] const detail::cpu_features cpu = detail::detect_cpu();
  const auto prepend = [&list](isa which) {
    for (std::size_t i = list.count_; i > 0; --i) list.items_[i] = list.items_[i - 1];
    list.items_[0] = which;
    ++list.count_;
  };
#define NONLIN_ROW(name, usable) \
  if (usable) prepend(isa::name);
  NONLIN_ISAS(NONLIN_ROW)
#undef NONLIN_ROW
  return list;
}

#if defined(NONLIN_STATIC_DISPATCH)

constexpr isa active_isa() noexcept {
#define NONLIN_ROW(name, usable) return isa::name;
  NONLIN_ISAS(NONLIN_ROW)
#undef NONLIN_ROW
}
constexpr isa use_isa(isa) noexcept { return active_isa(); }

#else

namespace detail {

// The best available one that is not above the wish.
inline isa clamped(isa wish) noexcept {
  const isa_list list = available_isas();
  isa best = list.front();
  for (const isa i : list) {
    if (i <= wish) best = i;
  }
  return best;
}

inline isa isa_by_environment() noexcept {
  isa wish = isa::wasm;  // the highest
  if (const char* name = std::getenv("NONLIN_ISA")) {
    for (const isa i : {isa::scalar, isa::sse2, isa::avx2, isa::avx512}) {
      const char *a = name, *b = to_string(i);
      while (*a != 0 && *a == *b) ++a, ++b;
      if (*a == *b) wish = i;
    }
  }
  return clamped(wish);
}

[[gnu::noinline, gnu::cold]] inline int choose_isa() noexcept {
  int expected = -1;
  const int chosen = static_cast<int>(isa_by_environment());
  const bool first = program::active_isa.compare_exchange_strong(expected, chosen, std::memory_order_relaxed);
  return first ? chosen : expected;
}

}  // namespace detail

// The instruction set that the next call will run. First asked for, it is the best of the machine, or what
// the environment variable NONLIN_ISA names (clamped to what the machine has; another word is ignored).
inline isa active_isa() noexcept {
  int level = program::active_isa.load(std::memory_order_relaxed);
  if (level < 0) level = detail::choose_isa();
  return static_cast<isa>(level);
}

// Makes all later calls of the program, of every thread, run `wish`, or the best one below it that the
// machine has; returns which.
inline isa use_isa(isa wish) noexcept {
  const isa chosen = detail::clamped(wish);
  program::active_isa.store(static_cast<int>(chosen), std::memory_order_relaxed);
  return chosen;
}

#endif

namespace detail {

// Rounds to nearest while it lives, whatever mode the caller has set (fesetround): the kernels' reductions depend on it, tanh of
// -1e-39 would be -1e-5 otherwise. Flushing of subnormals is left as it is.
class to_nearest {
 public:
#if !defined(__wasm__)
  to_nearest() noexcept : before_(get()) {
    if (!is_nearest(before_)) [[unlikely]]
      set(nearest(before_));
  }
  to_nearest(const to_nearest&) = delete;
  to_nearest& operator=(const to_nearest&) = delete;
  ~to_nearest() {
    if (!is_nearest(before_)) [[unlikely]]
      set(before_);
  }

 private:
#if defined(__SSE__) || defined(__aarch64__)
#if defined(__SSE__)
  using word = unsigned;
  static constexpr word mode_bits = 0x6000;
  static word get() noexcept { return _mm_getcsr(); }
  static void set(word w) noexcept { _mm_setcsr(w); }
#else
  using word = std::uint64_t;
  static constexpr word mode_bits = 0xc00000;
  static word get() noexcept {
    word w;
    __asm__ volatile("mrs %0, fpcr" : "=r"(w));
    return w;
  }
  static void set(word w) noexcept { __asm__ volatile("msr fpcr, %0" ::"r"(w) : "memory"); }
#endif
  static bool is_nearest(word w) noexcept { return (w & mode_bits) == 0; }
  static word nearest(word w) noexcept { return w & ~mode_bits; }
#else
  using word = int;
  static word get() noexcept { return std::fegetround(); }
  static void set(word w) noexcept { std::fesetround(w); }
  static bool is_nearest(word w) noexcept { return w == FE_TONEAREST; }
  static word nearest(word) noexcept { return FE_TONEAREST; }
#endif
  word before_;
#else
  to_nearest() noexcept {}
#endif
};

// f(kernels of the active ISA).
template <class F>
decltype(auto) with_kernels(const F& f) {
  const to_nearest rounding;
  switch (nonlin::active_isa()) {
#define NONLIN_ROW(name, usable) \
  case isa::name:                \
    return f(n_##name::kernels{});
    NONLIN_ISAS(NONLIN_ROW)
#undef NONLIN_ROW
    default:
      break;
  }
  __builtin_unreachable();
}

}  // namespace detail
}  // namespace NONLIN_ABI
}  // namespace nonlin
#include "detail/end.hpp"
