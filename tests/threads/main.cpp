// The first use of the library, by many threads at once while another changes the instruction set, and all later ones:
// no data race (ThreadSanitizer looks on, where there is one), and every result that of one of the instruction sets.
#include <atomic>
#include <cstdio>
#include <cstring>
#include <nonlin/array.hpp>
#include <nonlin/sigmoid.hpp>
#include <thread>
#include <vector>

namespace {

constexpr std::size_t n = 203, callers = 8, rounds = 300;

std::vector<float> inputs() {
  std::vector<float> x(n);
  for (std::size_t i = 0; i < n; ++i) x[i] = static_cast<float>(i * 37 % n) / 16 - 7;
  return x;
}

struct results {
  std::vector<float> y = std::vector<float>(n), dx = std::vector<float>(n);

  void compute(const std::vector<float>& x) {
    nonlin::forward(nonlin::Sigmoid{}, x, y);
    nonlin::backward(nonlin::Sigmoid{}, x, x, dx);
  }
};

bool is_one_of(const std::vector<float>& got, const std::vector<results>& all, std::vector<float> results::*which) {
  for (const results& r : all) {
    if (std::memcmp(got.data(), (r.*which).data(), n * sizeof(float)) == 0) return true;
  }
  return false;
}

}  // namespace

int main() {
  const std::vector<float> x = inputs();
  std::vector<std::vector<results>> got(callers, std::vector<results>(rounds));
  std::atomic<std::size_t> waiting{0}, done{0};
  std::atomic<bool> listed{true};
  const auto all_at_once = [&] {
    ++waiting;
    while (waiting != callers + 1) std::this_thread::yield();
  };
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < callers; ++t) {
    threads.emplace_back([&, t] {
      all_at_once();
      for (results& r : got[t]) {
        r.compute(x);
        const nonlin::isa isa = nonlin::active_isa();
        if (!nonlin::available_isas().contains(isa)) listed = false;
      }
      ++done;
    });
  }
  threads.emplace_back([&] {
    all_at_once();
    while (done != callers) {
      for (const nonlin::isa isa : nonlin::available_isas()) {
        nonlin::use_isa(isa);
        std::this_thread::yield();
      }
    }
  });
  for (std::thread& t : threads) t.join();

  std::vector<results> by_isa;
  for (const nonlin::isa isa : nonlin::available_isas()) {
    nonlin::use_isa(isa);
    by_isa.emplace_back().compute(x);
  }
  std::size_t wrong = 0;
  for (const auto& thread : got) {
    for (const results& r : thread) wrong += !is_one_of(r.y, by_isa, &results::y) + !is_one_of(r.dx, by_isa, &results::dx);
  }
  if (!listed) std::puts("active_isa() was one that the machine does not have");
  std::printf("%zu calls by %zu threads, %zu wrong\n", 2 * callers * rounds, callers, wrong);
  return wrong != 0 || !listed;
}
