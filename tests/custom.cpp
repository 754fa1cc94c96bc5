// Activations of the user's own: lambdas, functors with a derivative, with state, with a trained parameter.
// And what the library's are as types.
#include <array>
#include <cmath>
#include <string>
#include <type_traits>
#include "arrays.hpp"
#include "list.hpp"

namespace user {

// Mish(x) = x tanh(log(1 + e^x)) (Misra 2019, arXiv 1908.08681): with n = e^x (e^x + 2) the tanh is n / (n +
// 2).
struct Mish {
  template <nonlin::real V>
  V operator()(const V& x) const {
    const V e = nonlin::exp(nonlin::min(x, 20)), n = e * (e + 2);
    return x * (n / (n + 2));
  }
  template <nonlin::real V>
  V derivative(const V& x) const {
    const V e = nonlin::exp(nonlin::min(x, 20)), n = e * (e + 2), d = n + 2;
    return n / d + x * (4 * e * (1 + e)) / (d * d);
  }
};

double mish(double x) { return x * std::tanh(std::log1p(std::exp(x))); }
double mish_slope(double x) {
  const double softplus = std::log1p(std::exp(x)), c = std::cosh(softplus);
  return std::tanh(softplus) + x / (c * c) / (1 + std::exp(-x));
}

// a tanh(x), a being trained. State: the aggregate's members.
struct ScaledTanh {
  double a = 2;
  std::array<float, 2> unused = {1, 2};  // state is copied, whatever it is

  template <nonlin::real V>
  V operator()(const V& x) const {
    return V(a) * nonlin::tanh(x);
  }
  template <nonlin::real V>
  V derivative(const V& x) const {
    const V t = nonlin::tanh(x);
    return V(a) * (V(1) - t) * (V(1) + t);
  }
  template <nonlin::real V>
  V parameter_derivative(const V& x) const {
    return nonlin::tanh(x);
  }
  template <nonlin::real V>
  V derivative_from_output(const V& y) const {
    return (V(a) - y) * (V(a) + y) / V(a);
  }
};

// Written without a word of nonlin: the functions are found by the type of x, as the operators are.
struct Unqualified {
  template <class V>
  V operator()(V x) const {
    return max(min(x, 3.0f), -3.0f) + abs(x) * fma(x, x, x);
  }
};
// NaN if they are not found, for a test that fails where it would not compile.
struct UnqualifiedFunctions {
  template <class V>
  V operator()(V x) const {
    if constexpr (requires { exp(x), expm1(x), sigmoid(x), tanh(x), erf(x), erfc(x); }) {
      return exp(x) + expm1(x) + sigmoid(x) + tanh(x) + erf(x) + erfc(x);
    } else {
      return x / 0 * 0;
    }
  }
};

// The derivative is missing.
struct ForwardOnly {
  template <class V>
  V operator()(V x) const {
    return x * x;
  }
};

struct NotCallable {
  int x = 0;
};

}  // namespace user

// What the concepts say of them.
static_assert(nonlin::activation<user::Mish> && nonlin::activation<user::Mish, double>);
static_assert(nonlin::differentiable<user::Mish> && nonlin::differentiable<user::Mish, double>);
static_assert(!nonlin::parametric<user::Mish> && !nonlin::output_differentiable<user::Mish>);
static_assert(nonlin::parametric<user::ScaledTanh> && nonlin::output_differentiable<user::ScaledTanh>);
static_assert(nonlin::activation<user::ForwardOnly> && !nonlin::differentiable<user::ForwardOnly>);
static_assert(!nonlin::activation<user::NotCallable> && !nonlin::differentiable<user::NotCallable>);
static_assert(nonlin::output_differentiable<nonlin::Sigmoid> && nonlin::output_differentiable<nonlin::Tanh>);
static_assert(nonlin::output_differentiable<nonlin::ELU> && nonlin::output_differentiable<nonlin::SELU>);
static_assert(!nonlin::output_differentiable<nonlin::GELU> &&
              !nonlin::output_differentiable<nonlin::GELUTanh>);
static_assert(!nonlin::output_differentiable<nonlin::SiLU> && !nonlin::output_differentiable<nonlin::Swish>);
static_assert(nonlin::parametric<nonlin::ELU> && nonlin::parametric<nonlin::Swish> &&
              nonlin::parametric<nonlin::LeakyReLU>);
static_assert(!nonlin::parametric<nonlin::GELU> && !nonlin::parametric<nonlin::ReLU>);

// The piecewise linear ones are constant expressions.
static_assert(nonlin::Identity{}(-1.5f) == -1.5f && nonlin::Identity{}.derivative(3.0) == 1);
static_assert(nonlin::ReLU{}(-1.5f) == 0 && nonlin::ReLU{}(2.5) == 2.5 && nonlin::ReLU{}(0.0f) == 0);
static_assert(nonlin::ReLU{}.derivative(2.5) == 1 && nonlin::ReLU{}.derivative(0.0f) == 0);
static_assert(nonlin::ReLU{}.derivative_from_output(1.0f) == 1);
static_assert(nonlin::LeakyReLU{.slope = 0.5}(-2.0f) == -1 && nonlin::LeakyReLU{}(2.0) == 2);
static_assert(nonlin::LeakyReLU{.slope = 0.5}.derivative(-2.0f) == 0.5f &&
              nonlin::LeakyReLU{}.derivative(2.0) == 1);
static_assert(nonlin::LeakyReLU{}.derivative(0.0) == 0.01 &&
              nonlin::LeakyReLU{}.derivative_from_output(1.0f) == 1);
static_assert(nonlin::LeakyReLU{}.parameter_derivative(-3.0) == -3 &&
              nonlin::LeakyReLU{}.parameter_derivative(3.0f) == 0);

// Parameters and their defaults.
static_assert(nonlin::LeakyReLU{}.slope == 0.01 && nonlin::LeakyReLU{.slope = 0.2}.slope == 0.2);
static_assert(nonlin::ELU{}.alpha == 1 && nonlin::ELU{.alpha = 0.5}.alpha == 0.5 &&
              nonlin::ELU{2}.alpha == 2);
static_assert(nonlin::Swish{}.beta == 1 && nonlin::Swish{.beta = 1.702}.beta == 1.702);
static_assert(nonlin::RReLU{}.lower == 1.0 / 8 && nonlin::RReLU{}.upper == 1.0 / 3);
static_assert(nonlin::RReLU{.lower = 0.5, .upper = 1}.upper == 1);
static_assert(nonlin::RReLU{.lower = 0.25, .upper = 0.75}(-2.0) == -1);

namespace {

// Relative to 1 or to the value, whichever is more.
template <class T>
void check_near(const std::vector<T>& x, const std::vector<T>& got, double (*want)(double),
                double tolerance) {
  REQUIRE(x.size() == got.size());
  std::size_t wrong = 0, at = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double y = want(static_cast<double>(x[i]));
    if (!(std::abs(static_cast<double>(got[i]) - y) <= tolerance * std::max(1.0, std::abs(y))) &&
        wrong++ == 0)
      at = i;
  }
  INFO("first wrong at " << x[at] << ": got " << got[at] << ", want " << want(static_cast<double>(x[at])));
  CHECK(wrong == 0);
}

template <class T>
std::vector<T> ramp(double low, double high, std::size_t n) {
  std::vector<T> x(n);
  for (std::size_t i = 0; i < n; ++i) {
    x[i] = static_cast<T>(low + (high - low) * static_cast<double>(i) / static_cast<double>(n - 1));
  }
  return x;
}

template <class T>
constexpr double tolerance = 8 * std::numeric_limits<T>::epsilon();

}  // namespace

TEMPLATE_TEST_CASE("a lambda", "[custom]", float, double) {
  using T = TestType;
  const std::vector<T> x = ramp<T>(-8, 8, 1003);
  std::vector<T> y(x.size());
  const float scale = 1.702f;
  on_each_isa([&](nonlin::isa) {
    nonlin::forward([=](auto v) { return v * nonlin::sigmoid(scale * v); }, x, y);
    check_near<T>(
        x, y, [](double t) { return t / (1 + std::exp(-double(1.702f) * t)); }, tolerance<T>);
  });
}

TEMPLATE_TEST_CASE("Mish", "[custom]", float, double) {
  using T = TestType;
  const std::vector<T> x = ramp<T>(-30, 60, 4001), ones(x.size(), T(1)), halves(x.size(), T(0.5));
  std::vector<T> y(x.size());
  on_each_isa([&](nonlin::isa) {
    nonlin::forward(user::Mish{}, x, y);
    check_near<T>(x, y, user::mish, tolerance<T>);
    nonlin::backward(user::Mish{}, x, ones, y);
    check_near<T>(x, y, user::mish_slope, tolerance<T>);
    nonlin::backward(user::Mish{}, x, halves, y);
    check_near<T>(
        x, y, [](double t) { return user::mish_slope(t) / 2; }, tolerance<T>);
  });
  std::vector<T> scalar(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) scalar[i] = user::Mish{}(x[i]);
  check_near<T>(x, scalar, user::mish, tolerance<T>);
}

TEMPLATE_TEST_CASE("state and a trained parameter", "[custom]", float, double) {
  using T = TestType;
  const std::vector<T> x = ramp<T>(-3, 3, 777), dy = ramp<T>(1, 2, 777);
  std::vector<T> y(x.size()), dx(x.size()), plain(x.size()), from_output(x.size());
  on_each_isa([&](nonlin::isa) {
    const user::ScaledTanh act{.a = 1.5};
    nonlin::forward(act, x, y);
    check_near<T>(
        x, y, [](double t) { return 1.5 * std::tanh(t); }, tolerance<T>);
    double da = 0, want = 0;
    nonlin::backward(act, x, dy, dx, da);
    nonlin::backward(act, x, dy, plain);
    CHECK(dx == plain);
    for (std::size_t i = 0; i < x.size(); ++i)
      want += static_cast<double>(dy[i]) * std::tanh(static_cast<double>(x[i]));
    CHECK(std::abs(da - want) <= 100 * tolerance<T> * static_cast<double>(x.size()));
    nonlin::backward_from_output(act, y, dy, from_output);
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (std::abs(from_output[i] - plain[i]) > static_cast<T>(tolerance<T>) * 10)
        FAIL_CHECK("from output at " << x[i]);
    }
  });
}

TEMPLATE_TEST_CASE("functions found by argument", "[custom]", float, double) {
  using T = TestType;
  const std::vector<T> x = ramp<T>(-4, 4, 333);
  std::vector<T> y(x.size());
  on_each_isa([&](nonlin::isa) {
    nonlin::forward(user::Unqualified{}, x, y);
    check_near<T>(
        x, y, [](double t) { return std::max(std::min(t, 3.0), -3.0) + std::abs(t) * (t * t + t); },
        tolerance<T>);
    nonlin::forward(user::UnqualifiedFunctions{}, x, y);
    check_near<T>(
        x, y,
        [](double t) { return std::exp(t) + std::expm1(t) + 1 / (1 + std::exp(-t)) + std::tanh(t) + 1; },
        tolerance<T>);
  });
}

TEST_CASE("scalars", "[custom]") {
  CHECK(std::abs(nonlin::GELU{}(0.5f) - 0.345731234f) < 1e-7f);
  CHECK(std::abs(nonlin::GELU{}.derivative(0.5f) - 0.867495f) < 1e-5f);
  CHECK(std::abs(nonlin::GELU{}(0.5) - 0.34573123063700656) < 1e-15);
  static_assert(std::is_same_v<decltype(nonlin::GELU{}(0.5f)), float>);
  static_assert(std::is_same_v<decltype(nonlin::GELU{}(0.5)), double>);
  static_assert(std::is_same_v<decltype(nonlin::Swish{}.parameter_derivative(0.5)), double>);
}

TEMPLATE_LIST_TEST_CASE("activations as types", "[custom]", all_activations) {
  using A = TestType;
  static_assert(std::is_aggregate_v<A> && std::is_trivially_copyable_v<A>);
  static_assert(nonlin::activation<A, float> && nonlin::activation<A, double>);
  static_assert(nonlin::differentiable<A, float> && nonlin::differentiable<A, double>);
  static_assert(std::is_same_v<decltype(A{}(1.0f)), float> && std::is_same_v<decltype(A{}(1.0)), double>);
  static_assert(std::is_same_v<decltype(A{}.derivative(1.0f)), float>);
  static_assert(A::template bounds<float>.forward <= 4 && A::template bounds<double>.forward <= 4);
  static_assert(A::template bounds<float>.derivative <= 5 && A::template bounds<double>.derivative <= 6);
  CHECK(std::string(A::name).size() > 1);
}

TEST_CASE("the names in the list are all different", "[custom]") {
  std::vector<std::string> names;
  [&]<class... A>(nonlin::type_list<A...>) { (names.push_back(A::name), ...); }(nonlin::activations{});
  CHECK(names.size() == nonlin::activations::size);
  std::sort(names.begin(), names.end());
  CHECK(std::adjacent_find(names.begin(), names.end()) == names.end());
}
