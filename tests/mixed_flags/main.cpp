// Two files with different -m flags: both give the right values at every ISA, and there is one active ISA for
// both.
#include <cmath>
#include <cstdio>
#include <vector>

#include "other.hpp"

namespace {

int failures = 0;

void check(bool ok, const char* what, nonlin::isa isa, float x = 0) {
  if (ok) return;
  ++failures;
  std::printf("FAILED %s (%s) at %g\n", what, nonlin::to_string(isa), static_cast<double>(x));
}

bool runs_the_other_file() {
  if (other::needs_avx512) return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl");
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

bool near(float got, double want) {
  return std::abs(static_cast<double>(got) - want) <= 2e-6 * std::fmax(1, std::abs(want));
}

constexpr double inv_sqrt2 = 0.70710678118654752;
constexpr double inv_sqrt_2pi = 0.39894228040143268;
double cdf(double x) { return 0.5 * std::erfc(-x * inv_sqrt2); }
double gelu(double x) { return x * cdf(x); }
double gelu_derivative(double x) { return cdf(x) + x * inv_sqrt_2pi * std::exp(-0.5 * x * x); }

}  // namespace

int main() {
  std::vector<float> x;
  for (int i = -50; i <= 52; ++i) x.push_back(static_cast<float>(i) / 10);
  const std::vector<float> dy(x.size(), 1);
  std::vector<float> y(x.size()), dx(x.size());
  const nonlin::GELU act;
  const bool both = runs_the_other_file();

  for (const nonlin::isa isa : nonlin::available_isas()) {
    nonlin::use_isa(isa);
    check(nonlin::active_isa() == isa, "use_isa", isa);
    nonlin::forward(act, x, y);
    nonlin::backward(act, x, dy, dx);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const auto at = static_cast<double>(x[i]);
      check(near(y[i], gelu(at)), "forward", isa, x[i]);
      check(near(dx[i], gelu_derivative(at)), "backward", isa, x[i]);
      check(near(act(x[i]), gelu(at)), "scalar", isa, x[i]);
    }
    if (!both) continue;

    check(other::active_isa() == static_cast<int>(isa), "this file's use_isa, seen by the other", isa);
    nonlin::use_isa(nonlin::isa::scalar);
    other::use_isa(static_cast<int>(isa));
    check(nonlin::active_isa() == isa, "the other file's use_isa, seen by this", isa);
    other::forward(act, x.data(), y.data(), x.size());
    other::backward(act, x.data(), dy.data(), dx.data(), x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      const auto at = static_cast<double>(x[i]);
      check(near(y[i], gelu(at)), "the other file's forward", isa, x[i]);
      check(near(dx[i], gelu_derivative(at)), "the other file's backward", isa, x[i]);
      check(near(other::scalar(act, x[i]), gelu(at)), "the other file's scalar", isa, x[i]);
    }
  }
  std::printf("%s, %d failures\n", both ? "both files ran" : "this CPU lacks the other file's instructions",
              failures);
  return failures != 0;
}
