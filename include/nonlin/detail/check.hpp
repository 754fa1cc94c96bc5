// SPDX-License-Identifier: Apache-2.0
// Bad calls: what is said, and how. Every check comes before anything is written.
#pragma once
#include <cstddef>
#include <cstdint>
#if defined(__cpp_exceptions)
#include <stdexcept>
#else
#include <cstdio>
#include <cstdlib>
#endif
#include "abi.hpp"

// Define NONLIN_FAIL(message), message being a const char*, to handle bad calls another way. It must not
// return; should it, the program aborts.
namespace nonlin {
inline namespace NONLIN_ABI {
namespace detail {

[[noreturn, gnu::cold, gnu::noinline]] inline void fail(const char* message) {
#if defined(NONLIN_FAIL)
  NONLIN_FAIL(message);
  __builtin_trap();
#elif defined(__cpp_exceptions)
  throw std::invalid_argument(message);
#else
  std::fputs(message, stderr);
  std::fputc('\n', stderr);
  std::abort();
#endif
}

// A message without <string> or a heap.
class text {
 public:
  text& operator<<(const char* s) noexcept {
    while (*s != 0 && length_ + 1 < sizeof buffer_) buffer_[length_++] = *s++;
    buffer_[length_] = 0;
    return *this;
  }
  text& operator<<(std::uint64_t number) noexcept {
    char digits[24];
    char* p = digits + sizeof digits;
    *--p = 0;
    do {
      *--p = static_cast<char>('0' + number % 10);
      number /= 10;
    } while (number != 0);
    return *this << p;
  }
  const char* c_str() const noexcept { return buffer_; }

 private:
  char buffer_[256] = {};
  std::size_t length_ = 0;
};

// One array argument of a call.
struct argument {
  const char* name;
  const void* data;
  std::size_t count;
  std::size_t bytes;  // of an element
};

// An output, its type known again.
template <class T>
T* to_write(const argument& a) {
  return static_cast<T*>(const_cast<void*>(a.data));
}

[[noreturn, gnu::cold, gnu::noinline]] inline void fail_size(const char* function, const argument& a,
                                                             const argument& b) {
  fail((text() << "nonlin::" << function << ": " << b.name << " has " << b.count << " elements, " << a.name
               << " has " << a.count)
           .c_str());
}

[[noreturn, gnu::cold, gnu::noinline]] inline void fail_null(const char* function, const argument& a) {
  fail((text() << "nonlin::" << function << ": " << a.name << " is a null pointer, with " << a.count
               << " elements")
           .c_str());
}

[[noreturn, gnu::cold, gnu::noinline]] inline void fail_overlap(const char* function, const argument& out,
                                                                const argument& in) {
  fail((text() << "nonlin::" << function << ": " << out.name << " (" << out.count << " elements) overlaps "
               << in.name << " (" << in.count
               << " elements) in part; only the very same or a separate array will do")
           .c_str());
}

inline void check_size(const char* function, const argument& a, const argument& b) {
  if (a.count != b.count) [[unlikely]]
    fail_size(function, a, b);
}

inline void check_not_null(const char* function, const argument& a) {
  if (a.data == nullptr && a.count != 0) [[unlikely]]
    fail_null(function, a);
}

inline bool overlap(const argument& a, const argument& b) {
  const auto p = reinterpret_cast<std::uintptr_t>(a.data), q = reinterpret_cast<std::uintptr_t>(b.data);
  return p < q + b.count * b.bytes && q < p + a.count * a.bytes;
}

inline void check_overlap(const char* function, const argument& out, const argument& in) {
  if (out.data != in.data && overlap(out, in)) [[unlikely]]
    fail_overlap(function, out, in);
}

// Two arrays that may not even be the same.
inline void check_apart(const char* function, const argument& out, const argument& in) {
  if (overlap(out, in)) [[unlikely]]
    fail((text() << "nonlin::" << function << ": " << out.name << " (" << out.count << " elements) overlaps " << in.name
                 << " (" << in.count << " elements)")
             .c_str());
}

// `a` has one element for each of `count` things, called `of`.
inline void check_count(const char* function, const argument& a, std::size_t count, const char* of) {
  if (a.count != count) [[unlikely]]
    fail((text() << "nonlin::" << function << ": " << a.name << " has " << a.count << " elements, there are " << count
                 << " " << of)
             .c_str());
  check_not_null(function, a);
}

// Equal sizes, no null pointers, and out either one of the inputs or apart from it.
template <class... In>
void check_arrays(const char* function, const argument& out, const argument& first, const In&... more) {
  (check_size(function, first, more), ...);
  check_size(function, first, out);
  check_not_null(function, first);
  (check_not_null(function, more), ...);
  check_not_null(function, out);
  check_overlap(function, out, first);
  (check_overlap(function, out, more), ...);
}

}  // namespace detail
}  // namespace NONLIN_ABI
}  // namespace nonlin
