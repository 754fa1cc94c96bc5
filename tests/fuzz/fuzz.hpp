// What the harnesses share: an input, from which they draw a call; memory with marks around every array; the call on every
// instruction set, compared with the scalar one.
//
// A call that is good must return, with every instruction set within the sum of its bounds and the scalar one's, and write
// to nothing but its outputs. A call that is bad must throw std::invalid_argument on every instruction set and write nothing.
#pragma once
#include <cmath>
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <nonlin/axis.hpp>
#include <nonlin/dispatch.hpp>
#include <span>
#include <stdexcept>
#include <vector>
#include "../bits.hpp"

#if defined(__SANITIZE_ADDRESS__)
#define NONLIN_FUZZ_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define NONLIN_FUZZ_ADDRESS_SANITIZER 1
#endif
#endif
#if defined(NONLIN_FUZZ_ADDRESS_SANITIZER)
#include <sanitizer/asan_interface.h>
#endif

namespace fuzz {

// 113 or 64 bits where there are any, to measure doubles.
using real = long double;

// What a harness draws from: the bytes of the input, and when they are used up a generator that they seed.
class input {
 public:
  input(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {
    for (std::size_t i = 0; i < size; ++i) state_ = (state_ ^ data[i]) * 0x100000001b3;
  }

  std::uint64_t random() {  // splitmix64
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }
  std::uint8_t byte() { return at_ < size_ ? data_[at_++] : static_cast<std::uint8_t>(random() >> 56); }
  std::size_t below(std::size_t n) {
    const std::size_t high = n > 256 ? byte() : std::size_t{0};
    return (high << 8 | byte()) % n;
  }
  bool one_in(std::size_t n) { return below(n) == 1; }
  double uniform(double low, double high) {
    return low + (high - low) * (static_cast<double>(random() >> 11) * 0x1p-53);
  }
  template <class T>
  T pick(std::initializer_list<T> of) {
    return of.begin()[below(of.size())];
  }
  // Sizes around those of vectors and of blocks, now and then more.
  std::size_t length() {
    const std::size_t kind = below(16);
    return kind < 9 ? below(20) : kind < 15 ? below(80) : one_in(4) ? below(1500) : below(300);
  }
  nonlin::axis_shape shape(std::size_t most = 1500) {
    nonlin::axis_shape s{below(5), 1 + (one_in(16) ? below(300) : one_in(2) ? below(40) : below(9)), 1};
    if (one_in(2)) s.inner = 1 + (one_in(16) ? below(70) : one_in(2) ? below(18) : below(5));
    while (s.size() > most) s.axis = 1 + s.axis / 2, s.inner = 1 + s.inner / 3;
    return s;
  }

  template <class T>
  T any_bits() {
    return bit_cast<T>(static_cast<bits_of<T>>(random()));
  }
  template <class T>
  T special() {
    using limits = std::numeric_limits<T>;
    const T all[] = {T(0), -T(0), limits::infinity(), -limits::infinity(), limits::quiet_NaN(),
                     bit_cast<T>(static_cast<bits_of<T>>(bits(limits::infinity()) | 1)),  // signalling
                     limits::max(), limits::lowest(), limits::min(), -limits::min(), limits::denorm_min(),
                     -limits::denorm_min(), T(1), T(-1)};
    return all[random() % std::size(all)];
  }
  // Numbers as they come, and others.
  template <class T>
  void fill(std::span<T> a) {
    const std::size_t kind = below(9);
    const T same = kind == 4 ? special<T>() : any_bits<T>();
    for (T& e : a) {
      const std::uint64_t mix = random() % 16;
      switch (kind) {
        case 0:
          e = static_cast<T>(uniform(-130, 60));
          break;
        case 1:
          e = any_bits<T>();
          break;
        case 2:
          e = mix == 0 ? special<T>() : mix == 1 ? any_bits<T>() : static_cast<T>(uniform(-6, 6));
          break;
        case 3:
        case 4:
          e = same;
          break;
        case 5: {  // the input's own bytes
          bits_of<T> b = 0;
          for (std::size_t i = 0; i < sizeof(T); ++i) b = static_cast<bits_of<T>>(b << 8 | byte());
          e = bit_cast<T>(b);
          break;
        }
        case 6:
          e = static_cast<T>(uniform(-1, 1) * static_cast<double>(std::numeric_limits<T>::min()));
          break;
        case 7:
          e = static_cast<T>(uniform(-800, 800));
          break;
        default:
          e = static_cast<T>(uniform(-6, 6));
      }
    }
  }
  template <class T>
  void fill_tame(std::span<T> a) {
    for (T& e : a) e = static_cast<T>(uniform(-4, 4));
  }

 private:
  const std::uint8_t* data_;
  std::size_t size_, at_ = 0;
  std::uint64_t state_ = 0xcbf29ce484222325;
};

// What the present call is, for the report of a failure.
inline char title[512];
[[gnu::format(printf, 1, 2)]] inline void entitle(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(title, sizeof title, format, arguments);
  va_end(arguments);
}
[[noreturn, gnu::format(printf, 1, 2)]] inline void fail(const char* format, ...) {
  std::fprintf(stderr, "nonlin fuzz: %s, on %s: ", title, nonlin::to_string(nonlin::active_isa()));
  va_list arguments;
  va_start(arguments, format);
  std::vfprintf(stderr, format, arguments);
  va_end(arguments);
  std::fputc('\n', stderr);
  std::abort();
}

// Arrays apart from one another, each anywhere in a line of the cache, nothing but marks between them.
class arena {
 public:
  arena(input& in) : in_(in) {
    arrays_.reserve(16);
    outputs_.reserve(8);
  }

  // n elements, and as many more behind them as an overlap needs
  template <class T>
  std::span<T> array(std::size_t n, std::size_t more = 0) {
    const std::size_t last = used_, begin = (used_ + gap + 63) / 64 * 64 + in_.below(17) * sizeof(T);
    used_ = begin + (n + more) * sizeof(T);
    if (used_ + gap > sizeof memory_) fail("the arena is too small");
    std::memset(memory_ + last, 0xa5, used_ + gap - last);
    arrays_.push_back({begin, used_});
    return {reinterpret_cast<T*>(memory_ + begin), n};
  }
  template <class T>
  std::span<T> filled(std::size_t n) {
    const auto a = array<T>(n);
    in_.fill(a);
    return a;
  }
  // An input that outputs may lie over in part.
  template <class T>
  std::span<T> overlappable(std::size_t n, bool overlaps) {
    const auto a = array<T>(n, overlaps ? n : 0);
    in_.fill(a);
    return a;
  }

  template <class T>
  void writes(std::span<T> a) {
    if (!a.empty()) outputs_.push_back({offset(a.data()), offset(a.data() + a.size())});
  }
  template <class T>
  std::span<T> output(std::size_t n) {
    const auto a = array<T>(n);
    writes(a);
    return a;
  }
  // An output of the size of `inputs`: apart, or, if that is not too early, the very one of them that this call allows, or
  // (bad) over a part of it.
  template <class T>
  std::span<T> output_over(std::initializer_list<std::span<T>> inputs, bool overlaps, bool& bad) {
    const std::span<T> first = *inputs.begin();
    const std::span<T> one = inputs.begin()[in_.below(inputs.size())];
    if (overlaps && one.size() > 1 && in_.one_in(2)) {
      const std::span<T> a{one.data() + 1 + in_.below(one.size() - 1), one.size()};
      bad = true;
      writes(a);
      return a;
    }
    if (in_.below(3) == 0) {
      writes(one);
      return one;
    }
    return output<T>(first.size());
  }

  // call() on every instruction set; agree(), with its results in the arrays, for those but the scalar one
  template <class Call, class Agree>
  void run(bool bad, const Call& call, const Agree& agree) {
    before_.assign(memory_, memory_ + used_ + gap);
    static const auto isas = nonlin::available_isas();
    for (const nonlin::isa isa : isas) {
      nonlin::use_isa(isa);
      std::memcpy(memory_, before_.data(), before_.size());
      bool threw = false;
      fence(true);
      try {
        call();
      } catch (const std::invalid_argument& e) {
        threw = true;
        fence(false);
        if (!bad) fail("a good call throws: %s", e.what());
      }
      fence(false);
      if (bad && !threw) fail("a bad call returns");
      check_untouched(threw);
      if (threw) continue;
      if (isa == nonlin::isa::scalar)
        scalar_.assign(memory_, memory_ + before_.size());
      else
        agree();
    }
  }

  // what the array held before the call; what the scalar call made of it
  template <class T>
  std::span<const T> before(std::span<T> a) const {
    return in(before_, a);
  }
  template <class T>
  std::span<const T> scalar(std::span<T> a) const {
    return in(scalar_, a);
  }

 private:
  static constexpr std::size_t gap = 192;
  struct range {
    std::size_t begin, end;
  };

  std::size_t offset(const void* p) const { return static_cast<std::size_t>(static_cast<const unsigned char*>(p) - memory_); }
  template <class T>
  std::span<const T> in(const std::vector<unsigned char>& copy, std::span<T> a) const {
    if (a.empty()) return {};
    return {reinterpret_cast<const T*>(copy.data() + offset(a.data())), a.size()};
  }
  void check_untouched(bool everywhere) const {
    std::size_t at = 0;
    while (at < before_.size()) {
      std::size_t end = before_.size(), next = end;
      if (!everywhere) {
        for (const range& o : outputs_) {
          if (o.begin <= at && at < o.end) end = at, next = o.end;
        }
        for (const range& o : outputs_) {
          if (end != at && o.begin > at && o.begin < end) end = o.begin, next = o.end;
        }
      }
      if (std::memcmp(memory_ + at, before_.data() + at, end - at) != 0) {
        while (memory_[at] == before_[at]) ++at;
        fail("byte %zu is written to%s", at, everywhere ? " before it throws" : ", which is no output");
      }
      at = next;
    }
  }
  // What is between the arrays may not be read either.
  void fence([[maybe_unused]] bool up) {
#if defined(NONLIN_FUZZ_ADDRESS_SANITIZER)
    if (!up) return __asan_unpoison_memory_region(memory_, used_ + gap);
    std::size_t free = 0;
    for (const range& a : arrays_) {
      __asan_poison_memory_region(memory_ + free, a.begin - free);
      free = a.end;
    }
    __asan_poison_memory_region(memory_ + free, gap);
#endif
  }

  input& in_;
  std::size_t used_ = 0;
  std::vector<range> arrays_, outputs_;
  static inline std::vector<unsigned char> before_, scalar_;
  alignas(64) static inline unsigned char memory_[std::size_t{1} << 18];
};

// -- numbers that are to agree ------------------------------------------------------------------------------------

// A unit in the last place at |x|; 0 at infinities.
template <class T>
real ulp(T x) {
  using limits = std::numeric_limits<T>;
  const T power = bit_cast<T>(static_cast<bits_of<T>>(bits(x) & bits(limits::infinity())));
  return !std::isfinite(x) ? 0 : std::max<real>(static_cast<real>(power) * limits::epsilon(), limits::denorm_min());
}
template <class T>
real larger_ulp(T a, T b) {
  return std::max(ulp(a), ulp(b));
}

// Both NaN, or no further apart than that; an infinity is as good as what would round to it.
template <class T>
bool agree(T a, T b, real distance) {
  constexpr T largest = std::numeric_limits<T>::max();
  if (is_nan(a) || is_nan(b)) return is_nan(a) == is_nan(b);
  if (a == b) return true;
  if (std::isinf(a)) return !std::isinf(b) && std::signbit(a) == std::signbit(b) && std::abs(real(b)) + distance >= largest;
  if (std::isinf(b)) return agree(b, a, distance);
  return std::abs(real(a) - real(b)) <= distance;
}
template <class T>
bool same(T a, T b) {
  return bits(a) == bits(b) || (is_nan(a) && is_nan(b));
}

template <class T>
void check(const char* what, std::size_t i, T x, T got, T scalar, real distance) {
  if (agree(got, scalar, distance)) return;
  fail("%s[%zu] at %a is %a, scalar %a, %Lg apart; allowed %Lg", what, i, double(x), double(got), double(scalar),
       real(got) - real(scalar), distance);
}
template <class T>
void check_same(const char* what, std::size_t i, T x, T got, T scalar) {
  if (same(got, scalar)) return;
  fail("%s[%zu] at %a is %a, scalar %a", what, i, double(x), double(got), double(scalar));
}

// factor f, f being within `slack` of a common value, by each of the two; each product rounded. What an infinity times a
// value that may be 0 or of either sign is, the bounds do not say.
template <class T>
void check_product(const char* what, std::size_t i, T x, T got, T scalar, T factor, T f, real slack) {
  if (std::isinf(factor) && std::abs(real(f)) <= slack) return;
  const real distance = std::isinf(factor) ? 0 : std::abs(real(factor)) * slack;
  check(what, i, x, got, scalar, distance + larger_ulp(got, scalar));
}

// Sums of n terms that are `terms` apart and of which `size` are the magnitudes, each within 2^-19 (double: 2^-48) of those.
// Large ones may overflow on the way.
template <class T, class S>
void check_sum(const char* what, std::size_t i, S got, S scalar, std::size_t n, real size, real terms) {
  if (!(size < std::numeric_limits<T>::max() / 256)) return;
  const real each = sizeof(T) == 4 ? 0x1p-19L : 0x1p-48L;
  const real distance = terms + 2 * each * (size + terms) + static_cast<real>(n + 1) * std::numeric_limits<T>::denorm_min();
  if (!agree(got, scalar, distance + larger_ulp(got, scalar)))
    fail("%s[%zu], a sum, is %a, scalar %a; allowed %Lg apart", what, i, double(got), double(scalar), distance);
}

// One run of each harness.
void elementwise(input&);
void axis(input&);
void gated(input&);
void softmax(input&);
void cross_entropy(input&);

}  // namespace fuzz
