// The arrays that all rivals work on.
#pragma once
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <random>

#ifdef __linux__
#include <sys/mman.h>
#endif

#include "peers.hpp"

namespace peers {

template <class T>
class Memory {
 public:
  explicit Memory(std::size_t n) : n_(n) {
    const std::size_t stride = (n * sizeof(T) + huge_page - 1) / huge_page * huge_page + huge_page;
    const std::size_t bytes = count * stride;
    memory_.reset(std::aligned_alloc(huge_page, bytes));
    if (!memory_) throw std::bad_alloc();
#ifdef __linux__
    // otherwise the luck of the draw of pages decides which rows fit the second-level cache
    madvise(memory_.get(), bytes, MADV_HUGEPAGE);
#endif
    T* array[count];
    for (std::size_t i = 0; i < count; ++i)
      array[i] = reinterpret_cast<T*>(static_cast<unsigned char*>(memory_.get()) + i * stride + i * shift);
    arrays_ = {array[0], array[1], array[2], array[3], array[4], array[5], array[6]};
    refill();
  }

  const Arrays<T>& arrays() const { return arrays_; }
  std::size_t size() const { return n_; }

  // x is N(0, 2), so that the paths outside the common range are taken too; dy and value are N(0, 1).
  void refill() {
    std::mt19937 random(1);
    std::normal_distribution<double> normal;
    constexpr std::size_t period = 1 << 17;
    for (std::size_t i = 0; i < n_; ++i) {
      arrays_.x[i] = i < period ? static_cast<T>(2 * normal(random)) : arrays_.x[i - period];
      arrays_.dy[i] = i < period ? static_cast<T>(normal(random)) : arrays_.dy[i - period];
      arrays_.value[i] = i < period ? static_cast<T>(normal(random)) : arrays_.value[i - period];
      arrays_.out[i] = arrays_.out2[i] = arrays_.dslopes[i] = 0;
      arrays_.slopes[i] = T(0.25);
    }
  }

 private:
  struct Free {
    void operator()(void* p) const { std::free(p); }
  };
  static constexpr std::size_t count = 7, huge_page = std::size_t{1} << 21;
  // Modulo 4096 the arrays lie at least this far apart: a load near a store to the same place of another page
  // would wait for it.
  static constexpr std::size_t shift = 576;

  std::size_t n_;
  std::unique_ptr<void, Free> memory_;
  Arrays<T> arrays_{};
};

}  // namespace peers
