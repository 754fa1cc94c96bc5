// SPDX-License-Identifier: Apache-2.0
// An activation that the library does not have, at the library's speed: Mish, x tanh(softplus(x)) (Misra
// 2019). The program checks it against plain double arithmetic and against finite differences, and times it.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <nonlin/nonlin.hpp>
#include <vector>

// With e = exp(x) and n = e (e + 2), tanh(log(1 + e)) = n / (n + 2): one exp instead of exp, log1p and tanh.
//
//   mish(x)  = x n / (n + 2)
//   mish'(x) = n / (n + 2) + x 4 e (e + 1) / (n + 2)^2
//
// V is float, double, or a SIMD vector of either.
struct Mish {
  static constexpr const char* name = "Mish";

  template <class V>
  NONLIN_INLINE V operator()(V x) const {
    const Parts<V> p(x);
    return nonlin::max(x, V(lowest)) * p.outer * (p.inner * (p.e + 2) / p.n_plus_2);
  }

  template <class V>
  NONLIN_INLINE V derivative(V x) const {
    const Parts<V> p(x);
    const V numerator = p.inner * (p.e + 2) * p.n_plus_2 + 4 * p.x * (p.inner * (p.e + 1));
    return p.outer * (numerator / (p.n_plus_2 * p.n_plus_2));
  }

  // 0.6 x: with this said, arrays do subnormal numbers without the processor's microcode
  constexpr nonlin::near_zero at_zero() const { return nonlin::near_zero::linear; }

 private:
  // Outside, mish is -0 or x and mish' 0 or 1, in float and double; and inside, no float square overflows.
  static constexpr double lowest = -800, highest = 21;

  // e = outer * inner. On the left both are exp(x / 2), because exp(x) is subnormal, with few digits left,
  // before x exp(x) is.
  template <class V>
  struct Parts {
    V x, root, e, n_plus_2, outer, inner;

    NONLIN_INLINE explicit Parts(V unbounded)
        : x(nonlin::max(nonlin::min(unbounded, V(highest)), V(lowest))),  // NaN stays NaN
          root(nonlin::exp(0.5f * x)),
          e(root * root),
          n_plus_2(e * (e + 2) + 2),
          outer(nonlin::select(x > V(0), V(1), root)),
          inner(nonlin::select(x > V(0), e, root)) {}
  };
};

namespace {

// The definition, in plain standard C++.
double mish(double x) { return x * std::tanh(std::log1p(std::exp(x))); }

struct Slope {
  double value, scale;  // mish' and the size of the two terms that cancel at its root, x = -1.19
};

Slope mish_slope(double x) {
  const double t = std::tanh(std::log1p(std::exp(x)));
  const double second = x * (1 - t * t) / (1 + std::exp(-x));
  return {t + second, std::abs(t) + std::abs(second)};
}

// Error in units of the float spacing at `scale`.
double ulp(float got, double want, double scale) {
  const double spacing = std::ldexp(1.0, std::max(std::ilogb(scale), -126) - 23);
  return scale == 0 && got == 0 ? 0 : std::abs(got - want) / spacing;
}

// Nanoseconds an element, the best of many runs.
template <class Function>
double time(Function function, std::size_t n) {
  using clock = std::chrono::steady_clock;
  double best = 1e9;
  for (const auto end = clock::now() + std::chrono::milliseconds(200); clock::now() < end;) {
    const auto start = clock::now();
    function();
    best = std::min(best, std::chrono::duration<double, std::nano>(clock::now() - start).count());
  }
  return best / static_cast<double>(n);
}

bool report(const char* what, double error, double limit, const char* unit) {
  std::printf("  %-44s %9.3g %s (limit %g)%s\n", what, error, unit, limit,
              error <= limit ? "" : "  TOO LARGE");
  return error <= limit;  // false for NaN
}

bool check_float() {
  std::vector<float> x;
  for (int i = -104000; i <= 30000; ++i) x.push_back(static_cast<float>(i) / 1000);
  std::vector<float> y(x.size()), dy(x.size(), 1.0f), dx(x.size());
  nonlin::forward(Mish{}, x, y);
  nonlin::backward(Mish{}, x, dy, dx);

  double forward_error = 0, backward_error = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double value = mish(x[i]);
    const Slope slope = mish_slope(x[i]);
    forward_error = std::max(forward_error, ulp(y[i], value, std::abs(value)));
    backward_error = std::max(backward_error, ulp(dx[i], slope.value, slope.scale));
  }
  const bool good = report("float forward, against std:: in double", forward_error, 8, "ulp");
  return report("float backward, against std:: in double", backward_error, 12, "ulp") && good;
}

bool check_finite_differences() {
  constexpr double h = 3e-5;  // error: h^2 / 6 of the third derivative, and rounding / h
  std::vector<double> x, right, left;
  for (int i = -40000; i <= 40000; ++i) {
    x.push_back(i / 1000.0);
    right.push_back(x.back() + h);
    left.push_back(x.back() - h);
  }
  std::vector<double> dx(x.size()), dy(x.size(), 1.0);
  nonlin::backward(Mish{}, x, dy, dx);
  nonlin::forward(Mish{}, right, right);
  nonlin::forward(Mish{}, left, left);
  double error = 0;
  for (std::size_t i = 0; i < x.size(); ++i)
    error = std::max(error, std::abs((right[i] - left[i]) / (2 * h) - dx[i]));
  return report("double backward, against finite differences", error, 1e-8, "   ");
}

bool check_limits() {
  const float inf = HUGE_VALF;
  std::vector<float> x{-inf, -1e30f, -0.0f, 1e30f, inf, NAN}, y(x.size()), dx(x.size()), dy(x.size(), 1.0f);
  nonlin::forward(Mish{}, x, y);
  nonlin::backward(Mish{}, x, dy, dx);
  const bool good = y[0] == 0 && y[1] == 0 && y[2] == 0 && y[3] == 1e30f && y[4] == inf && std::isnan(y[5]) &&
                    dx[0] == 0 && dx[1] == 0 && dx[3] == 1 && dx[4] == 1 && std::isnan(dx[5]);
  std::printf("  %-44s %9s\n", "infinities, huge values and NaN", good ? "right" : "WRONG");
  return good;
}

void compare_speed() {
  std::vector<float> x(4096), y(x.size()), dy(x.size(), 1.0f), dx(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 1201) / 100 - 6;

  const double ours = time([&] { nonlin::forward(Mish{}, x, y); }, x.size());
  const double back = time([&] { nonlin::backward(Mish{}, x, dy, dx); }, x.size());
  const double plain = time(
      [&] {
        for (std::size_t i = 0; i < x.size(); ++i) y[i] = x[i] * std::tanh(std::log1p(std::exp(x[i])));
      },
      x.size());
  const auto quick_gelu = [](auto v) { return v * nonlin::sigmoid(1.702f * v); };
  const double lambda = time([&] { nonlin::forward(quick_gelu, x, y); }, x.size());

  std::printf("\nns an element, 4096 floats:\n");
  std::printf("  Mish forward   %7.3f   (a std:: loop %.3f: %.0f times as long)\n", ours, plain,
              plain / ours);
  std::printf("  Mish backward  %7.3f\n", back);
  std::printf("  quick GELU     %7.3f   (a lambda)\n", lambda);
}

}  // namespace

int main() {
  std::printf("Mish on %s\n\nlargest error:\n", nonlin::to_string(nonlin::active_isa()));
  const bool exact = check_float();
  const bool consistent = check_finite_differences();
  const bool limits = check_limits();
  compare_speed();
  return exact && consistent && limits ? EXIT_SUCCESS : EXIT_FAILURE;
}
