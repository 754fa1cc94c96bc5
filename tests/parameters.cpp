// Trainable parameters: their derivatives' accuracy, backward(act, x, dy, dx, dparam), and activations at
// parameters other than the defaults.
#include <cstdio>
#include <cstdlib>
#include "arrays.hpp"
#include "calls.hpp"
#include "list.hpp"
#include "oracle.hpp"
#include "ulp.hpp"

namespace {

// -- accuracy, point by point -------------------------------------------------------------------------------

// Of parameter derivatives, in ULP. LeakyReLU's is x or 0.
template <class A, class T>
constexpr double parameter_bound = std::is_same_v<A, nonlin::LeakyReLU> ? 0
                                   : sizeof(T) == 4                     ? 5
                                                                        : 6;

template <class T>
std::string title(const char* what, const compiled::activation<T>& act, double parameter, const char* isa) {
  char text[128];
  std::snprintf(text, sizeof text, "%-20s %-9s %8g %-6s %-7s", what, act.name, parameter,
                sizeof(T) == 4 ? "float" : "double", isa);
  return text;
}

// `scale` is what x is multiplied with in the function, for a root of the derivative: near it, if there are
// bounds that say so, absolute errors count.
template <class T>
void check_errors(const std::string& name, const std::vector<T>& x, const std::vector<T>& got,
                  const std::vector<oracle::wide<T>>& exact, double bound,
                  const nonlin::accuracy& near_root = {0, 0}, double scale = 1) {
  double worst = -1;
  std::size_t at = 0, wrong_near_root = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (near_root.radius > 0 &&
        std::abs(static_cast<double>(x[i]) * scale - near_root.root) < near_root.radius) {
      wrong_near_root +=
          std::abs(static_cast<double>(oracle::wide<T>(got[i]) - exact[i])) > near_root.absolute;
      continue;
    }
    const double e = ulp_error(got[i], exact[i]);
    if (e > worst) worst = e, at = i;
  }
  char text[128];
  std::snprintf(text, sizeof text, " %6.3f ULP at %a: got %a, want %a", worst, double(x[at]), double(got[at]),
                static_cast<double>(exact[at]));
  static const bool print = std::getenv("NONLIN_TEST_PRINT") != nullptr;
  if (print) std::printf("%s%s\n", name.c_str(), text);
  INFO(name << text);
  CHECK(worst <= bound);
  CHECK(wrong_near_root == 0);
}

// Around the activation's cutoffs and wherever else.
template <class A, class T>
std::vector<T> places(double scale) {
  std::vector<double> cutoffs;
  for (const double c : oracle::row<A>::cutoffs) cutoffs.push_back(c / std::abs(scale));
  for (const double c : {195.0, 200.0, 285.0, 1460.0, 1500.0, 2200.0}) cutoffs.push_back(c / std::abs(scale));
  std::vector<T> x = points<T>(point_count(std::size_t{1} << 17) / (sizeof(T) == 8 ? 32 : 1), cutoffs);
  const std::size_t n = x.size() / 2;
  for (std::size_t i = 0; i < n; ++i) {
    const double stretched = static_cast<double>(x[i]) / std::abs(scale);
    if (std::abs(stretched) < 1e30) x.push_back(static_cast<T>(stretched));
  }
  return x;
}

// Value, derivative and, if there is one, parameter derivative of A{parameter}.
template <class A, class T>
void check_accuracy(double parameter, double scale = 1) {
  using W = oracle::wide<T>;
  using row = oracle::row<A>;
  const A typed{parameter};
  const compiled::activation<T> act(typed);
  const std::vector<T> x = places<A, T>(scale), ones(x.size(), T(1));
  std::vector<T> got(x.size());
  std::vector<W> value, slope, by_parameter;
  for (const T e : x) {
    value.push_back(row::forward(typed, W(e)));
    slope.push_back(row::derivative(typed, W(e)));
    by_parameter.push_back(row::parameter(typed, W(e)));
  }
  on_each_isa([&](nonlin::isa isa) {
    const char* const on = nonlin::to_string(isa);
    act.forward(x.data(), got.data(), x.size());
    check_errors(title("forward", act, parameter, on), x, got, value, act.bounds.forward);
    act.backward(x.data(), ones.data(), got.data(), x.size());
    check_errors(title("derivative", act, parameter, on), x, got, slope, act.bounds.derivative, act.bounds,
                 scale);
    act.map_parameter_derivative(x.data(), got.data(), x.size());
    check_errors(title("parameter derivative", act, parameter, on), x, got, by_parameter,
                 parameter_bound<A, T>);
  });
  for (std::size_t i = 0; i < x.size(); ++i) got[i] = act.parameter_derivative(x[i]);
  check_errors(title("parameter derivative", act, parameter, "functor"), x, got, by_parameter,
               parameter_bound<A, T>);
}

// At the numbers closest to the root of its derivative, where nothing but the lost digits of beta x is left.
template <class T>
void check_swish_root() {
  using W = oracle::wide<T>;
  std::mt19937_64 random(17);
  std::uniform_real_distribution<double> exponent(-3, 3);
  for (int i = 0; i < 300; ++i) {
    const double beta = (i % 2 == 0 ? 1 : -1) * std::pow(10, exponent(random));
    std::vector<T> x;
    T up = static_cast<T>(-1.2784645427610738 / beta), down = up;
    for (int k = 0; k < 4; ++k) {
      x.push_back(up);
      x.push_back(down);
      up = std::nextafter(up, std::numeric_limits<T>::infinity());
      down = std::nextafter(down, -std::numeric_limits<T>::infinity());
    }
    const nonlin::Swish typed{beta};
    const compiled::activation<T> act(typed);
    const std::vector<T> ones(x.size(), T(1));
    std::vector<T> got(x.size());
    std::vector<W> exact;
    for (const T e : x) exact.push_back(oracle::row<nonlin::Swish>::derivative(typed, W(e)));
    on_each_isa([&](nonlin::isa isa) {
      act.backward(x.data(), ones.data(), got.data(), x.size());
      check_errors(title("derivative at root", act, beta, nonlin::to_string(isa)), x, got, exact,
                   act.bounds.derivative, act.bounds, beta);
    });
  }
}

// -- the sum ------------------------------------------------------------------------------------------------

// What array.hpp promises of dparam, relative to the sum of the terms' sizes: terms with the error of the
// derivative and of a product, at most 64 of them added up in T, and those sums in double.
template <class T>
double sum_bound(std::size_t n, double bound_of_derivative) {
  const double u = std::numeric_limits<T>::epsilon() / 2;
  return (2 * bound_of_derivative + 1 + 64) * u + static_cast<double>(n / 64 + 64) * 0x1p-53;
}

struct sum {
  long double value = 0, size = 0;
};

// Of an x that repeats as `slope` does.
template <class T>
sum exact_sum(const std::vector<long double>& slope, const std::vector<T>& dy) {
  sum total;
  for (std::size_t i = 0; i < dy.size();) {  // in two steps, which lose less
    sum part;
    for (const std::size_t stop = std::min(dy.size(), i + 1024); i < stop; ++i) {
      const long double term = dy[i] * slope[i % slope.size()];
      part.value += term;
      part.size += std::abs(term);
    }
    total.value += part.value;
    total.size += part.size;
  }
  return total;
}

template <class T>
void check_sum(const compiled::activation<T>& act, const std::vector<T>& x, const std::vector<T>& dy,
               const sum& want, double bound) {
  const std::size_t n = x.size();
  std::vector<T> dx(n), plain(n);
  on_each_isa([&](nonlin::isa isa) {
    INFO(act.name << " of " << (sizeof(T) == 4 ? "float" : "double") << " on " << nonlin::to_string(isa)
                  << ", " << n << " elements");
    act.backward(x.data(), dy.data(), plain.data(), n);
    double dparam = 77;
    act.backward(x.data(), dy.data(), dx.data(), n, dparam);
    CHECK(first_difference(dx.data(), plain.data(), n) == n);
    if (n == 0) CHECK(bits(dparam) == bits(0.0));
    const double error = static_cast<double>(std::abs(static_cast<long double>(dparam) - want.value));
    INFO("dparam " << dparam << " is " << error << " off");
    CHECK(error <= bound * static_cast<double>(want.size));

    if (n > 10000) return;
    double again = 77;  // in place
    dx = x;
    act.backward(dx.data(), dy.data(), dx.data(), n, again);
    CHECK(bits(again) == bits(dparam));
    CHECK(first_difference(dx.data(), plain.data(), n) == n);
    again = 77;
    dx = dy;
    act.backward(x.data(), dx.data(), dx.data(), n, again);
    CHECK(bits(again) == bits(dparam));
    CHECK(first_difference(dx.data(), plain.data(), n) == n);
  });
}

enum class kind { random, positive_terms, constant };  // of one sign or all the same: roundings add up

template <class A, class T>
void check_sums(const A& act, std::size_t longest) {
  for (const std::size_t n :
       {std::size_t{0}, std::size_t{1}, std::size_t{3}, std::size_t{1000}, std::size_t{5001}, longest}) {
    for (const kind k : {kind::random, kind::positive_terms, kind::constant}) {
      constexpr std::size_t period = 4093;  // the oracle takes its time
      std::mt19937_64 random(n);
      std::uniform_real_distribution<double> u(-1, 1);
      std::vector<T> x(n), dy(n);
      std::vector<long double> slope;
      for (std::size_t i = 0; i < n; ++i) {
        const double t = k == kind::random           ? 8 * u(random)
                         : k == kind::positive_terms ? -4 - 4 * u(random)
                                                     : -0.7;
        x[i] = i < period ? static_cast<T>(t) : x[i - period];
        dy[i] = static_cast<T>(k == kind::random           ? u(random)
                               : k == kind::positive_terms ? 2 + u(random)
                                                           : 0.3);
      }
      for (std::size_t i = 0; i < std::min(n, period); ++i) {
        slope.push_back(static_cast<long double>(oracle::row<A>::parameter(act, oracle::wide<T>(x[i]))));
      }
      check_sum<T>(act, x, dy, exact_sum(slope, dy), sum_bound<T>(n, parameter_bound<A, T>));
    }
  }
}

template <class T>
void check_alignment(const compiled::activation<T>& act) {
  constexpr std::size_t longest = 2100;  // more than a group of the sum, 128 vectors of up to 16
  std::vector<T> x = mixture<T>(longest, 1), dy = mixture<T>(longest, 2);
  for (std::vector<T>* v : {&x, &dy}) {
    for (T& e : *v) e = std::abs(e) < 1000 ? e : T(0.5);  // no NaN or infinity, which would hide the others
  }
  std::vector<T> a(longest + 8), b(longest + 8), out(longest + 8);
  on_each_isa([&](nonlin::isa isa) {
    INFO(act.name << " of " << (sizeof(T) == 4 ? "float" : "double") << " on " << nonlin::to_string(isa));
    std::size_t wrong = 0;
    for (const std::size_t n : {1U, 2U, 7U, 16U, 33U, 64U, 100U, 257U, 513U, 1025U, 2049U, 2100U}) {
      double want = 0;
      for (std::size_t offset = 0; offset <= 8; ++offset) {
        T *const pa = a.data() + offset, *const pb = b.data() + offset * 2 % 9,
                 *const pout = out.data() + offset * 5 % 9;
        std::copy_n(x.data(), n, pa);
        std::copy_n(dy.data(), n, pb);
        double dparam = 77;
        act.backward(pa, pb, pout, n, dparam);
        if (offset == 0) want = dparam;
        wrong += bits(dparam) != bits(want);
      }
    }
    CHECK(wrong == 0);
  });
}

}  // namespace

TEST_CASE("accuracy of LeakyReLU with other slopes", "[parameters]") {
  for (const double slope : {0.01, 0.2, -0.5, 0.3, 0.017, 3.0}) {
    check_accuracy<nonlin::LeakyReLU, float>(slope);
    check_accuracy<nonlin::LeakyReLU, double>(slope);
  }
}

TEST_CASE("accuracy of ELU with other alphas", "[parameters]") {
  for (const double alpha : {1.0, 0.5, 2.0, 0.3, 0.017, 1e-3, -1.0}) {
    check_accuracy<nonlin::ELU, float>(alpha);
    check_accuracy<nonlin::ELU, double>(alpha);
  }
}

TEST_CASE("accuracy of Swish with other betas", "[parameters]") {
  for (const double beta : {1.0, 1.702, 0.5, -1.0, 1e-3, 30.0}) {
    check_accuracy<nonlin::Swish, float>(beta, beta);
    check_accuracy<nonlin::Swish, double>(beta, beta);
  }
}

// beta x is of ordinary size where x itself, or its square, is nearly beyond the type
TEST_CASE("accuracy of Swish with tiny betas", "[parameters]") {
  for (const double beta : {1e-20, -1e-25}) {
    check_accuracy<nonlin::Swish, float>(beta, beta);
    check_accuracy<nonlin::Swish, double>(beta, beta);
  }
  check_accuracy<nonlin::Swish, double>(1e-160, 1e-160);
}

TEST_CASE("accuracy of the Swish's derivative at its root", "[parameters]") {
  check_swish_root<float>();
  check_swish_root<double>();
}

TEST_CASE("sum of parameter derivatives", "[parameters]") {
  const std::size_t longest = point_count(std::size_t{1} << 20);
  SECTION("LeakyReLU") {
    check_sums<nonlin::LeakyReLU, float>({}, longest);
    check_sums<nonlin::LeakyReLU, double>({}, longest);
  }
  SECTION("ELU") {
    check_sums<nonlin::ELU, float>({}, longest);
    check_sums<nonlin::ELU, double>({}, longest);
  }
  SECTION("Swish") {
    check_sums<nonlin::Swish, float>({}, longest);
    check_sums<nonlin::Swish, double>({}, longest);
    for (const double beta : {1.702, -1.0}) {
      check_sums<nonlin::Swish, float>({beta}, 20000);
      check_sums<nonlin::Swish, double>({beta}, 20000);
    }
  }
}

TEST_CASE("sum of parameter derivatives at any alignment", "[parameters]") {
  check_alignment<float>(nonlin::LeakyReLU{});
  check_alignment<double>(nonlin::LeakyReLU{});
  check_alignment<float>(nonlin::ELU{});
  check_alignment<double>(nonlin::ELU{});
  check_alignment<float>(nonlin::Swish{});
  check_alignment<double>(nonlin::Swish{});
}

TEST_CASE("sum of parameter derivatives by every kind of call", "[parameters]") {
  const nonlin::Swish act{1.702};
  const std::vector<float> x = {-3, -1, 0.5, 2, 7}, dy = {1, 2, 3, -4, 5};
  std::vector<float> dx(5), dx_pointers(5);
  double by_range = 0, by_pointer = 0;
  float rounded = 0;
  nonlin::backward(act, x, dy, dx, by_range);
  nonlin::backward(act, x.data(), dy.data(), dx_pointers.data(), x.size(), by_pointer);
  CHECK(dx == dx_pointers);
  CHECK(by_range == by_pointer);
  nonlin::backward(act, x, dy, dx, rounded);
  CHECK(rounded == static_cast<float>(by_range));
  rounded = 0;
  nonlin::backward(act, x.data(), dy.data(), dx.data(), x.size(), rounded);
  CHECK(rounded == static_cast<float>(by_range));
  double want = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    want +=
        static_cast<double>(dy[i]) * oracle::row<nonlin::Swish>::parameter(act, static_cast<double>(x[i]));
  }
  CHECK(std::abs(by_range - want) < 1e-5);
}
