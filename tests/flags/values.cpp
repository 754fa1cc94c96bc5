// Does the library mean the same under other compiler flags? No test framework: it has to build without
// exceptions and RTTI. Ordinary values only, so that -ffast-math may be among the flags; accuracy is the
// subject of nonlin_tests.
//
// The references: numbers worked out elsewhere for some functors in double; those for float, for derivatives
// (by difference quotients) and for arrays.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <nonlin/nonlin.hpp>
#include <type_traits>
#include <vector>

namespace {

int checks = 0;
int failures = 0;

// `tolerance` is relative above 1 and absolute below.
void check(const char* what, const char* name, double x, double got, double want, double tolerance) {
  ++checks;
  const double error = std::abs(got - want);
  if (error <= tolerance * std::max(1.0, std::abs(want))) return;
  ++failures;
  std::printf("FAILED %s %s (%s) at %g: got %.9g, want %.9g\n", what, name,
              nonlin::to_string(nonlin::active_isa()), x, got, want);
}

template <class T>
constexpr double precision = std::is_same_v<T, float> ? 1e-6 : 1e-14;
template <class T>
constexpr double slope_precision =
    std::is_same_v<T, float> ? 4e-6 : 1e-9;  // double: of the difference quotient

// No multiple of 1/13 in here is 0 or next to it: derivatives may jump there.
template <class T>
std::vector<T> inputs(std::size_t n) {
  std::vector<T> x(n);
  for (std::size_t i = 0; i < n; ++i) x[i] = T(static_cast<double>((i * 29 + 7) % 156) / 13 - 5.98);
  return x;
}

constexpr double step = 1e-5;  // of the difference quotients

template <class A>
double slope(const A& act, double x) {
  return (act(x + step) - act(x - step)) / (2 * step);
}

template <class T, class A>
void check_scalar(const A& act) {
  for (const T x : inputs<T>(156)) {
    const auto at = static_cast<double>(x);
    check("scalar", A::name, at, static_cast<double>(act(x)), act(at), 4 * precision<T>);
    check("derivative", A::name, at, static_cast<double>(act.derivative(x)), slope(act, at),
          slope_precision<T>);
  }
}

template <class... A>
void check_scalars(nonlin::type_list<A...>) {
  (check_scalar<float>(A{}), ...);
  (check_scalar<double>(A{}), ...);
}

template <class T, class A>
void check_arrays(const A& act) {
  for (const std::size_t n : {1U, 7U, 64U, 301U}) {
    const std::vector<T> x = inputs<T>(n);
    std::vector<T> y(n), dx(n);
    const std::vector<T> dy(n, T(3));
    nonlin::forward(act, x, y);
    nonlin::backward(act, x, dy, dx);
    for (std::size_t i = 0; i < n; ++i) {
      const auto at = static_cast<double>(x[i]);
      check("forward", A::name, at, static_cast<double>(y[i]), act(at), 4 * precision<T>);
      check("backward", A::name, at, static_cast<double>(dx[i]), 3 * slope(act, at), 3 * slope_precision<T>);
    }
    if constexpr (nonlin::output_differentiable<A>) {
      nonlin::backward_from_output(act, y, dy, y);
      for (std::size_t i = 0; i < n; ++i)
        check("backward_from_output", A::name, static_cast<double>(x[i]), static_cast<double>(y[i]),
              static_cast<double>(dx[i]), 64 * precision<T>);
    }
  }
}

struct Known {
  double x, sigmoid, tanh, gelu, elu;
};
// By Python's math module: 1/(1+exp(-x)), tanh(x), x/2*erfc(-x/sqrt(2)), expm1(x) if x < 0 else x.
constexpr Known known[] = {
    {-2.5, 0.07585818002124355, -0.9866142981514303, -0.015524163314440348, -0.9179150013761013},
    {-0.5, 0.3775406687981454, -0.46211715726000974, -0.15426876936299344, -0.3934693402873666},
    {0.75, 0.679178699175393, 0.6351489523872873, 0.5800294857173488, 0.75},
    {3, 0.9525741268224334, 0.9950547536867305, 2.99595030590511, 3}};

void check_known() {
  for (const Known& k : known) {
    const double got[] = {nonlin::Sigmoid{}(k.x), nonlin::Tanh{}(k.x), nonlin::GELU{}(k.x),
                          nonlin::ELU{}(k.x)};
    check("known", "Sigmoid", k.x, got[0], k.sigmoid, 1e-14);
    check("known", "Tanh", k.x, got[1], k.tanh, 1e-14);
    check("known", "GELU", k.x, got[2], k.gelu, 1e-14);
    check("known", "ELU", k.x, got[3], k.elu, 1e-14);
  }
}

void check_lambda() {
  const std::vector<float> x = inputs<float>(100);
  std::vector<float> y(x.size());
  nonlin::forward([](auto v) { return v * nonlin::sigmoid(1.702f * v); }, x, y);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const auto at = static_cast<double>(x[i]);
    check("lambda", "v * sigmoid(1.702 v)", at, static_cast<double>(y[i]), at / (1 + std::exp(-1.702 * at)),
          1e-5);
  }
}

}  // namespace

int main() {
  check_known();
  check_scalars(nonlin::activations{});
  for (const nonlin::isa isa : nonlin::available_isas()) {
    nonlin::use_isa(isa);
    check("use_isa", nonlin::to_string(isa), 0, static_cast<double>(nonlin::active_isa()),
          static_cast<double>(isa), 0);
    // A few kinds of formula stand for the list: this file is compiled many times.
    check_arrays<float>(nonlin::Sigmoid{});
    check_arrays<float>(nonlin::GELU{});
    check_arrays<float>(nonlin::ELU{});
    check_arrays<float>(nonlin::LeakyReLU{});
    check_arrays<double>(nonlin::Tanh{});
    check_arrays<double>(nonlin::GELU{});
    check_lambda();
  }
  std::printf("%d checks, %d failures\n", checks, failures);
  return failures != 0 || checks == 0;
}
