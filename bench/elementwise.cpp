// Every activation of the list x float, double x direction x ISA x size, beside a copy (the floor) and a
// std:: loop (the baseline), in one run. Names: DIRECTION/ACTIVATION/TYPE/ISA/ELEMENTS, for example
//
//   forward/GELU/float/avx512/4096     std/GELU/float/4096     copy/float/4096
//
// Counters: per_element (time), items_per_second (elements), bytes_per_second (all arrays read or written).
// Inputs are normal with standard deviation 2, so that the paths outside the common range are taken too.
// README.md tells how to run and filter.
#include <cmath>
#include <cstring>

#include "baseline.hpp"
#include "common.hpp"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace bench {
namespace {

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

void add_elementwise() { add_all(nonlin::activations{}); }

}  // namespace bench
