// Memory up against pages that may not be touched, and marks around outputs.
#pragma once
#if __has_include(<sys/mman.h>)
#define NONLIN_TEST_GUARDS 1
#include <sys/mman.h>
#include <unistd.h>
#include <cstddef>
#include <cstring>
#include "test.hpp"

// A stretch of memory between two pages that fault on any access.
class guarded {
 public:
  explicit guarded(std::size_t pages = 1)
      : page_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))), size_(pages * page_) {
    void* all = mmap(nullptr, size() + 2 * page_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(all != MAP_FAILED);
    base_ = static_cast<char*>(all);
    REQUIRE(mprotect(begin(), size(), PROT_READ | PROT_WRITE) == 0);
  }
  guarded(const guarded&) = delete;
  guarded& operator=(const guarded&) = delete;
  ~guarded() { munmap(base_, size() + 2 * page_); }

  char* begin() const { return base_ + page_; }
  std::size_t size() const { return size_; }
  // n elements at the one end or at the other
  template <class T>
  T* place(std::size_t n, bool at_end) const {
    return reinterpret_cast<T*>(at_end ? begin() + size() - n * sizeof(T) : begin());
  }

 private:
  std::size_t page_, size_;
  char* base_ = nullptr;
};

// What memory that nobody has written to is full of.
constexpr unsigned char mark = 0xa5;

// How many bytes of it have been written to, apart from n elements at p.
template <class T>
std::size_t touched_outside(const guarded& memory, const T* p, std::size_t n) {
  std::size_t touched = 0;
  for (const char* c = memory.begin(); c != memory.begin() + memory.size(); ++c) {
    const bool inside = c >= reinterpret_cast<const char*>(p) && c < reinterpret_cast<const char*>(p + n);
    touched += !inside && static_cast<unsigned char>(*c) != mark;
  }
  return touched;
}

#endif
