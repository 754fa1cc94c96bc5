// What all benchmarks share: the arrays, the measuring, the names.
#pragma once
#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <nonlin/nonlin.hpp>
#include <random>
#include <string>
#include <type_traits>

namespace bench {

constexpr std::size_t sizes[] = {4096, 131072, std::size_t{1} << 24};  // L1, L2, memory
constexpr std::size_t max_size = sizes[2];

template <class T>
constexpr const char* type_name = std::is_same_v<T, float> ? "float" : "double";

// -- data ---------------------------------------------------------------------------------------------------

// Five arrays of the largest size, made on first use; the last two are touched by gated units only. Their addresses differ modulo 4096, and by more than a
// kernel reads at once, so that no load waits for a store to the same place of another page.
template <class T>
struct Arrays {
  T *x, *dy, *out, *value, *out2;

  static Arrays& get() {
    static Arrays arrays;
    return arrays;
  }

 private:
  struct Free {
    void operator()(void* p) const { std::free(p); }
  };
  static constexpr std::size_t stride = max_size * sizeof(T) + 4096 + 1344;
  std::unique_ptr<void, Free> memory{std::aligned_alloc(4096, (5 * stride + 4095) / 4096 * 4096)};

  Arrays() {
    auto* const base = static_cast<unsigned char*>(memory.get());
    x = reinterpret_cast<T*>(base);
    dy = reinterpret_cast<T*>(base + stride);
    out = reinterpret_cast<T*>(base + 2 * stride);
    value = reinterpret_cast<T*>(base + 3 * stride);
    out2 = reinterpret_cast<T*>(base + 4 * stride);
    std::mt19937 random(1);
    std::normal_distribution<double> normal;
    constexpr std::size_t period = 1 << 17;
    for (std::size_t i = 0; i < max_size; ++i) {
      x[i] = i < period ? static_cast<T>(2 * normal(random)) : x[i - period];
      dy[i] = i < period ? static_cast<T>(normal(random)) : dy[i - period];
      value[i] = dy[i];
      out[i] = out2[i] = 0;
    }
  }
};

// -- one benchmark ------------------------------------------------------------------------------------------

// Runs under the given ISA, then goes back to the one before it.
class UseIsa {
 public:
  explicit UseIsa(nonlin::isa isa) : before_(nonlin::active_isa()) { nonlin::use_isa(isa); }
  ~UseIsa() { nonlin::use_isa(before_); }
  UseIsa(const UseIsa&) = delete;
  UseIsa& operator=(const UseIsa&) = delete;

 private:
  nonlin::isa before_;
};

template <class T, class Work>
void measure(benchmark::State& state, std::size_t n, int arrays, const Work& work) {
  Arrays<T>& a = Arrays<T>::get();
  for (auto _ : state) {
    work(a, n);
    benchmark::ClobberMemory();
  }
  const auto elements = static_cast<std::int64_t>(n) * static_cast<std::int64_t>(state.iterations());
  state.SetItemsProcessed(elements);
  state.SetBytesProcessed(elements * arrays * static_cast<std::int64_t>(sizeof(T)));
  state.counters["per_element"] = benchmark::Counter(
      static_cast<double>(elements), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

// `work(arrays, n)` touches `arrays` arrays of n elements.
template <class T, class Work>
void add(const std::string& name, int arrays, Work work) {
  for (const std::size_t n : sizes)
    benchmark::RegisterBenchmark((name + "/" + std::to_string(n)).c_str(),
                                 [=](benchmark::State& state) { measure<T>(state, n, arrays, work); });
}

template <class T, class Work>
void add_per_isa(const std::string& name, int arrays, Work work) {
  for (const nonlin::isa isa : nonlin::available_isas())
    for (const std::size_t n : sizes)
      benchmark::RegisterBenchmark((name + "/" + nonlin::to_string(isa) + "/" + std::to_string(n)).c_str(),
                                   [=](benchmark::State& state) {
                                     const UseIsa scope(isa);
                                     if (nonlin::active_isa() != isa)
                                       state.SkipWithError("use_isa did not take");
                                     else
                                       measure<T>(state, n, arrays, work);
                                   });
}

void add_elementwise();
void add_axis();

}  // namespace bench
