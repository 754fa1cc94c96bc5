// Which instruction set runs: proved by the lanes of the vectors that a functor is called with.
#include <cstdlib>
#include <cstring>
#include <set>
#include <string>
#include <vector>
#include "list.hpp"
#if __has_include(<sys/wait.h>)
#include <sys/wait.h>
#include <unistd.h>
#include <atomic>
#include <thread>
#endif

namespace {

constexpr nonlin::isa every_isa[] = {nonlin::isa::scalar, nonlin::isa::sse2, nonlin::isa::avx2,
                                     nonlin::isa::avx512, nonlin::isa::neon, nonlin::isa::wasm};

// Tells with how many lanes it was called.
struct probe {
  std::size_t* lanes;

  template <nonlin::real V>
  V operator()(const V& x) const {
    if constexpr (nonlin::simd_vector<V>) *lanes = V::size;
    return x;
  }
  template <nonlin::real V>
  V derivative(const V& x) const {
    return operator()(x);
  }
};

template <class T>
std::size_t lanes_forward(std::size_t n = 100) {
  std::size_t lanes = 0;
  const std::vector<T> x(n, T(1));
  std::vector<T> y(n);
  nonlin::forward(probe{&lanes}, x, y);
  return lanes;
}

template <class T>
std::size_t lanes_backward(std::size_t n = 100) {
  std::size_t lanes = 0;
  const std::vector<T> x(n, T(1));
  std::vector<T> dx(n);
  nonlin::backward(probe{&lanes}, x, x, dx);
  return lanes;
}

// The width of the registers.
template <class T>
constexpr std::size_t lanes_of(nonlin::isa which) {
  switch (which) {
    case nonlin::isa::avx512:
      return 64 / sizeof(T);
    case nonlin::isa::avx2:
      return 32 / sizeof(T);
    case nonlin::isa::sse2:
    case nonlin::isa::neon:
    case nonlin::isa::wasm:
      return 16 / sizeof(T);
    default:
      return 1;
  }
}
static_assert(lanes_of<float>(nonlin::isa::avx512) == 16 && lanes_of<float>(nonlin::isa::avx2) == 8);
static_assert(lanes_of<float>(nonlin::isa::sse2) == 4 && lanes_of<float>(nonlin::isa::scalar) == 1);

// What is to run if `wish` is asked for.
nonlin::isa best_up_to(nonlin::isa wish) {
  nonlin::isa best = nonlin::available_isas().front();
  for (const nonlin::isa i : nonlin::available_isas()) {
    if (i <= wish) best = i;
  }
  return best;
}

}  // namespace

TEST_CASE("available instruction sets", "[dispatch]") {
  const nonlin::isa_list list = nonlin::available_isas();
  REQUIRE(list.size() >= 1);
  CHECK(list.size() == static_cast<std::size_t>(list.end() - list.begin()));
  for (std::size_t i = 1; i < list.size(); ++i) CHECK(list[i - 1] < list[i]);
  CHECK(list.front() == list[0]);
  CHECK(list.back() == list[list.size() - 1]);
  CHECK(list.contains(nonlin::active_isa()));
#if !defined(__wasm_simd128__)
  CHECK(list.contains(nonlin::isa::scalar));
#endif
  for (const nonlin::isa i : every_isa) {
    bool found = false;
    for (const nonlin::isa j : list) found = found || i == j;
    CHECK(list.contains(i) == found);
  }
#if defined(__x86_64__)
  // by the compiler's own reading of the machine
  CHECK(list.contains(nonlin::isa::sse2));
  CHECK(list.contains(nonlin::isa::avx2) ==
        (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")));
  CHECK(list.contains(nonlin::isa::avx512) ==
        (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")));
  CHECK_FALSE(list.contains(nonlin::isa::neon));
#elif defined(__aarch64__)
  CHECK(list.size() == 2);
  CHECK(list.contains(nonlin::isa::neon));
#elif defined(__wasm_simd128__)
  CHECK(list.size() == 1);
  CHECK(list.contains(nonlin::isa::wasm));
#endif
}

TEST_CASE("names of instruction sets", "[dispatch]") {
  std::set<std::string> names;
  for (const nonlin::isa i : every_isa) names.insert(nonlin::to_string(i));
  CHECK(names == std::set<std::string>{"scalar", "sse2", "avx2", "avx512", "neon", "wasm"});
  static_assert(nonlin::to_string(nonlin::isa::avx2)[3] == '2');
}

TEST_CASE("use_isa clamps", "[dispatch]") {
  const nonlin::isa before = nonlin::active_isa();
  for (const nonlin::isa wish : every_isa) {
    INFO("wish " << nonlin::to_string(wish));
    const nonlin::isa chosen = nonlin::use_isa(wish);
    CHECK(chosen == best_up_to(wish));
    CHECK(nonlin::active_isa() == chosen);
    CHECK(lanes_forward<float>() == lanes_of<float>(chosen));
  }
#if defined(__x86_64__)
  CHECK(nonlin::use_isa(nonlin::isa::neon) == nonlin::available_isas().back());
#endif
  nonlin::use_isa(before);
}

TEST_CASE("the active instruction set runs", "[dispatch]") {
  on_each_isa([](nonlin::isa isa) {
    INFO(nonlin::to_string(isa));
    for (const std::size_t n : {1U, 3U, 100U}) {
      CHECK(lanes_forward<float>(n) == lanes_of<float>(isa));
      CHECK(lanes_forward<double>(n) == lanes_of<double>(isa));
      CHECK(lanes_backward<float>(n) == lanes_of<float>(isa));
      CHECK(lanes_backward<double>(n) == lanes_of<double>(isa));
    }
  });
}

// -- NONLIN_ISA is read once, at the first use: each value needs a process of its own, this program once more --

#if __has_include(<sys/wait.h>)
namespace {

constexpr const char* child_variable = "NONLIN_TEST_CHILD";
constexpr int child_code = 100;

// Runs test `name` of this program with NONLIN_ISA set to `value`, or unset; its exit status, -1 if it ended without one,
// 126 if it cannot be run here.
int run_child(const char* name, const char* value) {
  char path[4096] = {};
  if (readlink("/proc/self/exe", path, sizeof path - 1) <= 0) return 126;
  const pid_t child = fork();
  if (child == 0) {
    if (value != nullptr)
      setenv("NONLIN_ISA", value, 1);
    else
      unsetenv("NONLIN_ISA");
    setenv(child_variable, "1", 1);
    char* const arguments[] = {path, const_cast<char*>(name), nullptr};
    execv(path, arguments);
    _exit(126);
  }
  int status = 0;
  if (child < 0) return 126;
  if (waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}

void check_child(const char* name, const char* value, nonlin::isa want) {
  INFO("NONLIN_ISA " << (value != nullptr ? value : "unset") << ", want " << nonlin::to_string(want));
  CHECK(run_child(name, value) == child_code + static_cast<int>(want));
}

// A program for another machine, and an emulator that cannot start one more, or WebAssembly: there is nothing to test then.
bool cannot_start_itself(const char* name) {
#if defined(__x86_64__)
  return name == nullptr;
#else
  if (run_child(name, nullptr) != 126) return false;
  WARN("not tested: this program cannot start itself");
  return true;
#endif
}

// In the child: tells the parent what ran, if all that ran was the same.
void end_child(bool consistent) {
  std::_Exit(consistent ? child_code + static_cast<int>(nonlin::active_isa()) : 99);
}

bool is_child() { return std::getenv(child_variable) != nullptr; }

}  // namespace

TEST_CASE("child: the first call", "[.child]") {
  const std::size_t lanes = lanes_forward<float>();  // before anything has asked for the instruction set
  const bool consistent = lanes == lanes_of<float>(nonlin::active_isa());
  if (is_child()) end_child(consistent);
  CHECK(consistent);
}

TEST_CASE("child: the first call from many threads", "[.child]") {
  constexpr std::size_t count = 8;
  std::atomic<std::size_t> ready{0};
  std::size_t lanes[count] = {};
  nonlin::isa active[count] = {};
  {
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < count; ++i) {
      threads.emplace_back([&, i] {
        ++ready;
        while (ready < count) {
        }
        lanes[i] = lanes_forward<float>();
        active[i] = nonlin::active_isa();
      });
    }
    for (std::thread& t : threads) t.join();
  }
  bool consistent = true;
  for (std::size_t i = 0; i < count; ++i) {
    consistent =
        consistent && active[i] == nonlin::active_isa() && lanes[i] == lanes_of<float>(nonlin::active_isa());
  }
  if (is_child()) end_child(consistent);
  CHECK(consistent);
}

TEST_CASE("NONLIN_ISA", "[dispatch]") {
  const char* const first = "child: the first call";
  if (cannot_start_itself(first)) return;
  const nonlin::isa best = nonlin::available_isas().back();
  for (const nonlin::isa i : every_isa) {
    // the name of one that the machine lacks gives the next best; x86 is below the others
    const nonlin::isa want = i >= nonlin::isa::neon ? best : best_up_to(i);
    check_child(first, nonlin::to_string(i), want);
  }
  check_child(first, nullptr, best);
  for (const char* const nonsense :
       {"", "avx", "sse", "scal", "scalar2", "SCALAR", " sse2", "sse4.2", "0", "best"}) {
    check_child(first, nonsense, best);
  }
}

TEST_CASE("first use from many threads", "[dispatch]") {
  const char* const threads = "child: the first call from many threads";
  if (cannot_start_itself(threads)) return;
  for (int i = 0; i < 5; ++i) check_child(threads, nullptr, nonlin::available_isas().back());
  check_child(threads, "scalar", nonlin::isa::scalar);
}

TEST_CASE("NONLIN_ISA is read once", "[dispatch]") {
  const nonlin::isa before = nonlin::active_isa();
  const char* const old = std::getenv("NONLIN_ISA");
  const std::string restore = old != nullptr ? old : "";
  setenv("NONLIN_ISA",
         before == nonlin::isa::scalar ? nonlin::to_string(nonlin::available_isas().back()) : "scalar", 1);
  CHECK(nonlin::active_isa() == before);
  CHECK(lanes_forward<float>() == lanes_of<float>(before));
  if (old != nullptr)
    setenv("NONLIN_ISA", restore.c_str(), 1);
  else
    unsetenv("NONLIN_ISA");
}
#endif
