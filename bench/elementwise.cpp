// Every activation of the list x float, double x direction x ISA x size, beside a copy (the floor) and a
// std:: loop (the baseline), in one run. Names: DIRECTION/ACTIVATION/TYPE/ISA/ELEMENTS, for example
//
//   forward/GELU/float/avx512/4096     std/GELU/float/4096     copy/float/4096
//
// Counters: per_element (time), items_per_second (elements), bytes_per_second (all arrays read or written).
// Inputs are normal with standard deviation 2, so that the paths outside the common range are taken too.
// README.md tells how to run and filter.
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <nonlin/nonlin.hpp>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

#include "baseline.hpp"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace {

constexpr std::size_t sizes[] = {4096, 131072, std::size_t{1} << 24};  // L1, L2, memory
constexpr std::size_t max_size = sizes[2];

template <class T>
constexpr const char* type_name = std::is_same_v<T, float> ? "float" : "double";

// -- data ---------------------------------------------------------------------------------------------------

// Three arrays of the largest size, made on first use. Their addresses differ modulo 4096, and by more than a
// kernel reads at once, so that no load waits for a store to the same place of another page.
template <class T>
struct Arrays {
  T *x, *dy, *out;

  static Arrays& get() {
    static Arrays arrays;
    return arrays;
  }

 private:
  struct Free {
    void operator()(void* p) const { std::free(p); }
  };
  static constexpr std::size_t stride = max_size * sizeof(T) + 4096 + 1344;
  std::unique_ptr<void, Free> memory{std::aligned_alloc(4096, (3 * stride + 4095) / 4096 * 4096)};

  Arrays() {
    auto* const base = static_cast<unsigned char*>(memory.get());
    x = reinterpret_cast<T*>(base);
    dy = reinterpret_cast<T*>(base + stride);
    out = reinterpret_cast<T*>(base + 2 * stride);
    std::mt19937 random(1);
    std::normal_distribution<double> normal;
    constexpr std::size_t period = 1 << 17;
    for (std::size_t i = 0; i < max_size; ++i) {
      x[i] = i < period ? static_cast<T>(2 * normal(random)) : x[i - period];
      dy[i] = i < period ? static_cast<T>(normal(random)) : dy[i - period];
      out[i] = 0;
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

// -- what is measured ---------------------------------------------------------------------------------------

template <class A, class T>
void add_activation() {
  const std::string name = std::string(A::name) + "/" + type_name<T>;
  using Data = Arrays<T>;
  add_per_isa<T>("forward/" + name, 2, [](Data& a, std::size_t n) { nonlin::forward(A{}, a.x, a.out, n); });
  add_per_isa<T>("backward/" + name, 3,
                 [](Data& a, std::size_t n) { nonlin::backward(A{}, a.x, a.dy, a.out, n); });
  if constexpr (nonlin::output_differentiable<A>)
    add_per_isa<T>("backward_from_output/" + name, 3,
                   [](Data& a, std::size_t n) { nonlin::backward_from_output(A{}, a.x, a.dy, a.out, n); });
  if constexpr (nonlin::parametric<A>)
    add_per_isa<T>("parameter/" + name, 3, [](Data& a, std::size_t n) {
      double dparam = 0;
      nonlin::backward(A{}, a.x, a.dy, a.out, n, dparam);
      benchmark::DoNotOptimize(dparam);
    });
}

template <class A, class T>
void add_baseline() {
  const std::string name = std::string(A::name) + "/" + type_name<T>;
  if constexpr (!std::is_null_pointer_v<std::remove_const_t<decltype(baseline::std_forward<A>)>>)
    add<T>("std/" + name, 2, [](Arrays<T>& a, std::size_t n) {
      for (std::size_t i = 0; i < n; ++i) a.out[i] = baseline::std_forward<A>(a.x[i]);
    });
  if constexpr (!std::is_null_pointer_v<std::remove_const_t<decltype(baseline::std_derivative<A>)>>)
    add<T>("std_backward/" + name, 3, [](Arrays<T>& a, std::size_t n) {
      for (std::size_t i = 0; i < n; ++i) a.out[i] = a.dy[i] * baseline::std_derivative<A>(a.x[i]);
    });
}

template <class T>
void add_floor() {
  const std::string type = type_name<T>;
  add<T>("copy/" + type, 2, [](Arrays<T>& a, std::size_t n) { std::memcpy(a.out, a.x, n * sizeof(T)); });
#ifdef __SSE2__
  // Stores past the caches, which need not read first what they overwrite.
  add<T>("copy_streaming/" + type, 2, [](Arrays<T>& a, std::size_t n) {
    const auto* const from = reinterpret_cast<const __m128i*>(a.x);
    auto* const to = reinterpret_cast<__m128i*>(a.out);
    for (std::size_t i = 0; i < n * sizeof(T) / sizeof(__m128i); ++i)
      _mm_stream_si128(to + i, _mm_loadu_si128(from + i));
    _mm_sfence();
  });
#endif
}

template <class... A>
void add_all(nonlin::type_list<A...>) {
  add_floor<float>();
  add_floor<double>();
  const auto add_one = []<class B>(std::type_identity<B>) {
    add_baseline<B, float>();
    add_activation<B, float>();
    add_baseline<B, double>();
    add_activation<B, double>();
  };
  (add_one(std::type_identity<A>{}), ...);
}

}  // namespace

int main(int argc, char** argv) {
  add_all(nonlin::activations{});
  // A tenth of Google Benchmark's default time: there are many rows. An argument of the user's comes later
  // and wins.
  std::string min_time = "--benchmark_min_time=0.05";
  std::vector<char*> arguments(argv, argv + argc);
  arguments.insert(arguments.begin() + 1, min_time.data());
  int count = argc + 1;
  benchmark::Initialize(&count, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
