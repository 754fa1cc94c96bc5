// What an optimiser can undo without a wrong digit: users' functors are inlined into the kernels, and no operand is subnormal where
// the formulas keep it from being. As ratios of times within this run.
#include <nonlin/nonlin.hpp>
#include <cmath>
#include <cstdio>
#include <vector>
#include "../ratio.hpp"

namespace {

int failures = 0;

template <class F, class G>
void check(const char* what, double limit, const F& f, const G& g) {
  const double times = ratio(f, g);
  std::printf("  %-40s %6.2f%s\n", what, times, times < limit ? "" : "  FAILED");
  failures += !(times < limit);
}

constexpr std::size_t n = 2048;

template <class A>
void check_subnormal(const A& act) {
  std::vector<float> x(n), tiny(n), dy(n), far(n), y(n);
  for (std::size_t i = 0; i < n; ++i) {
    x[i] = static_cast<float>(i % 601) / 100 - 3;
    dy[i] = static_cast<float>(i % 7) - 3.5f;
    tiny[i] = static_cast<float>(i % 1000 + 1) * 0x1p-149f;
    far[i] = -10 - static_cast<float>(i % 700) / 10;
  }
  // 1 to 7 times, of LeakyReLU, which costs nothing itself, to 40; with assists 15 to 120. Tails: on AVX-512 only, see README.
  std::printf(" %s\n", A::name);
  check("subnormal x", A::name == nonlin::LeakyReLU::name ? 60 : 10, [&] { nonlin::forward(act, tiny, y); }, [&] { nonlin::forward(act, x, y); });
  check("backward, subnormal x", 12, [&] { nonlin::backward(act, tiny, dy, y); }, [&] { nonlin::backward(act, x, dy, y); });
  if (nonlin::active_isa() != nonlin::isa::avx512) return;
  check("far tail", 9, [&] { nonlin::forward(act, far, y); }, [&] { nonlin::forward(act, x, y); });
  check("backward, far tail", 9, [&] { nonlin::backward(act, far, dy, y); }, [&] { nonlin::backward(act, x, dy, y); });
  const std::vector<float> end(n, -HUGE_VALF);  // an underflow to 0 is an assist, too
  check("backward, -inf", 7, [&] { nonlin::backward(act, end, dy, y); }, [&] { nonlin::backward(act, x, dy, y); });
}

}  // namespace

int main() {
  const auto exp = [](auto v) { return nonlin::exp(v); };
  const auto long_one = [](auto v) { return v * nonlin::tanh(nonlin::expm1(v) + nonlin::sigmoid(v)); };
  std::vector<float> x(n), y(n);
  for (std::size_t i = 0; i < n; ++i) x[i] = static_cast<float>(i % 401) / 100 - 2;
  for (const nonlin::isa isa : nonlin::available_isas()) {
    if (isa == nonlin::isa::scalar) continue;
    nonlin::use_isa(isa);
    std::printf("%s\n", nonlin::to_string(isa));
    const auto tanh = [&] { nonlin::forward(nonlin::Tanh(), x, y); };
    check("a lambda, of Tanh", 4, [&] { nonlin::forward(exp, x, y); }, tanh);  // not inlined: 25
    check("a longer lambda, of Tanh", 12, [&] { nonlin::forward(long_one, x, y); }, tanh);
    // Vectors one after another, constants in the registers: clang 4.3 to 5.5 times for 2.9 (detail/below.inl).
    check("GELU, of Tanh", 4.2, [&] { nonlin::forward(nonlin::GELU(), x, y); }, tanh);
    check_subnormal(nonlin::LeakyReLU());
    check_subnormal(nonlin::ELU());
    check_subnormal(nonlin::Tanh());
    check_subnormal(nonlin::SiLU());
    check_subnormal(nonlin::Identity());
  }
  std::printf("%d failed\n", failures);
  return failures != 0;
}
