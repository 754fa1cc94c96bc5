// Derivatives, by x and by parameters, against central differences of the library's own values in double: a
// check that knows no formula at all. How accurate they are is the subject of accuracy.cpp and
// parameters.cpp.
#include <cmath>
#include <random>
#include "arrays.hpp"
#include "calls.hpp"
#include "list.hpp"

namespace {

constexpr double eps = std::numeric_limits<double>::epsilon();

// What (f(t + h) - f(t - h)) / 2h may be off by: the rounding of the two values, 8 ULP in all, and the third
// term of the series, h^2 f''' / 6. None of the list varies faster than e^(-x^3 / 12) does at -x: f''' is
// within some rate^3 of f and rate^2 of f'.
double tolerance(double x, double h, double low, double high, double slope) {
  const double size = std::max(std::abs(low), std::abs(high));
  const double rate = 2 + std::abs(x) + x * x / 4;
  const double rounding = std::max(eps * size, std::numeric_limits<double>::denorm_min());
  return 8 * rounding / h + rate * h * rate * h * (rate * size + std::abs(slope));
}

struct comparison {
  std::size_t wrong = 0;
  double x = 0, got = 0, want = 0;

  void add(double at, double derivative, double difference, double tolerated) {
    if (std::abs(derivative - difference) <= tolerated) return;
    if (wrong++ == 0) x = at, got = derivative, want = difference;
  }
};

// Dense where activations live, some in the tails; none so near the kink at 0 that a difference would
// straddle it.
std::vector<double> places() {
  std::vector<double> x;
  std::mt19937_64 random(5);
  for (const double reach : {2.0, 8.0, 40.0}) {
    std::uniform_real_distribution<double> u(-reach, reach);
    for (int i = 0; i < 1500; ++i) x.push_back(u(random));
  }
  for (double t = 3e-5; t < 1; t *= 3) {
    x.push_back(t);
    x.push_back(-t);
  }
  std::erase_if(x, [](double t) { return std::abs(t) < 2e-5; });
  return x;
}

void check_derivative(const compiled::activation<double>& act) {
  const std::vector<double> x = places(), ones(x.size(), 1);
  std::vector<double> up(x.size()), down(x.size()), high(x.size()), low(x.size()), slope(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double h = std::cbrt(eps) / std::max(1.0, std::abs(x[i]));
    up[i] = x[i] + h;
    down[i] = x[i] - h;
  }
  on_each_isa([&](nonlin::isa isa) {
    act.forward(up.data(), high.data(), x.size());
    act.forward(down.data(), low.data(), x.size());
    act.backward(x.data(), ones.data(), slope.data(), x.size());
    comparison c;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double h = (up[i] - down[i]) / 2;
      c.add(x[i], slope[i], (high[i] - low[i]) / (2 * h), tolerance(x[i], h, low[i], high[i], slope[i]));
    }
    INFO(act.name << " on " << nonlin::to_string(isa) << ": derivative at " << c.x << " is " << c.got
                  << ", difference " << c.want);
    CHECK(c.wrong == 0);
  });
}

// `more` and `less` are act with its parameter h more and less.
void check_parameter(const compiled::activation<double>& act, const compiled::activation<double>& more,
                     const compiled::activation<double>& less, double h) {
  const std::vector<double> x = places();
  std::vector<double> high(x.size()), low(x.size()), slope(x.size());
  on_each_isa([&](nonlin::isa isa) {
    more.forward(x.data(), high.data(), x.size());
    less.forward(x.data(), low.data(), x.size());
    comparison c;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double one = 1;
      double dx = 0;
      act.backward(&x[i], &one, &dx, 1, slope[i]);
      c.add(x[i], slope[i], (high[i] - low[i]) / (2 * h), tolerance(x[i], h, low[i], high[i], slope[i]));
    }
    INFO(act.name << " on " << nonlin::to_string(isa) << ": parameter derivative at " << c.x << " is "
                  << c.got << ", difference " << c.want);
    CHECK(c.wrong == 0);
  });
}

template <class A>
void check_parameter(double parameter) {
  const double step = std::cbrt(eps) / 40;  // its effect on f is x times as large
  const double up = parameter + step, down = parameter - step;
  check_parameter(A{parameter}, A{up}, A{down}, (up - down) / 2);
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("derivative against differences", "[gradient]", all_activations) {
  check_derivative(TestType{});
}

TEST_CASE("derivatives with other parameters against differences", "[gradient]") {
  for (const double alpha : {0.5, 2.0, -1.0}) check_derivative(nonlin::ELU{alpha});
  for (const double slope : {0.2, -0.5, 0.0, 3.0}) check_derivative(nonlin::LeakyReLU{slope});
  for (const double beta : {0.5, 1.702, -1.0, 0.0}) check_derivative(nonlin::Swish{beta});
  check_derivative(nonlin::RReLU{0.1, 0.7});
}

TEST_CASE("parameter derivatives against differences", "[gradient]") {
  for (const double alpha : {1.0, 0.5, 2.0, -1.0}) check_parameter<nonlin::ELU>(alpha);
  for (const double slope : {0.01, 0.2, -0.5, 0.0}) check_parameter<nonlin::LeakyReLU>(slope);
  for (const double beta : {1.0, 0.5, 1.702, -1.0, 0.0}) check_parameter<nonlin::Swish>(beta);
}

// The tolerance is not so wide that it would let anything through: a relative error of 1e-6 shows.
TEST_CASE("differences see a wrong derivative", "[gradient]") {
  comparison wrong, right;
  for (const double x : places()) {
    const double step = std::cbrt(eps) / std::max(1.0, std::abs(x)), up = x + step, down = x - step,
                 h = (up - down) / 2;
    const double low = 1 / (1 + std::exp(-down)), high = 1 / (1 + std::exp(-up));
    const double slope = 1 / (1 + std::exp(-x)) / (1 + std::exp(x)), t = tolerance(x, h, low, high, slope);
    right.add(x, slope, (high - low) / (2 * h), t);
    if (std::abs(x) < 8) wrong.add(x, slope * (1 + 1e-6), (high - low) / (2 * h), t);
  }
  CHECK(right.wrong == 0);
  CHECK(wrong.wrong > 3000);
}
