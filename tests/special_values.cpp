// NaN, infinities and zeros through every activation, in the body of an array and in its tail. extremes.cpp
// has the largest and the subnormal numbers.
#include "arrays.hpp"
#include "calls.hpp"
#include "ends.hpp"
#include "list.hpp"

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();

template <class T>
std::string title(const compiled::activation<T>& act, nonlin::isa isa) {
  return std::string(act.name) + (sizeof(T) == 4 ? " of float on " : " of double on ") +
         nonlin::to_string(isa);
}

// Within `bound` ULP, but for zeros, which have a sign, and infinities.
template <class T>
bool near(T got, double want, double bound) {
  if (want == 0 || std::isinf(want)) return bits(got) == bits(static_cast<T>(want));
  return !is_nan(got) && std::abs(static_cast<double>(got) - want) <=
                             bound * std::abs(want) * static_cast<double>(std::numeric_limits<T>::epsilon());
}

// One number through the array code and through the functor itself.
template <class T>
void check_value(const compiled::activation<T>& act, T x, double want, double bound) {
  T array = T(77);
  act.forward(&x, &array, 1);
  for (const T got : {array, act(x)}) {
    INFO("at " << hex(x) << " got " << hex(got) << ", want " << want);
    CHECK(near(got, static_cast<double>(static_cast<T>(want)), bound));
  }
}

template <class T>
void check_slope(const compiled::activation<T>& act, T x, double want, double bound) {
  T array = T(77);
  const T factor = T(-2);
  act.backward(&x, &factor, &array, 1);
  for (const T got : {array / factor, act.derivative(x)}) {
    INFO("derivative at " << hex(x) << " is " << hex(got) << ", want " << want);
    CHECK((got == 0 ? want == 0 : near(got, static_cast<double>(static_cast<T>(want)), bound)));
  }
}

template <class T>
void check_ends(const compiled::activation<T>& act, const ends& e) {
  const T infinity = std::numeric_limits<T>::infinity();
  on_each_isa([&](nonlin::isa isa) {
    INFO(title(act, isa));
    check_value(act, -infinity, e.lowest, 0);
    check_value(act, infinity, e.highest, 0);
    check_value(act, -T(0), e.minus_zero, act.bounds.forward);
    check_value(act, T(0), e.zero, act.bounds.forward);
    check_slope(act, -infinity, e.slope_lowest, 0);
    check_slope(act, infinity, e.slope_highest, 0);
    check_slope(act, -T(0), e.slope_zero, act.bounds.derivative);
    check_slope(act, T(0), e.slope_zero, act.bounds.derivative);
  });
}

// A NaN comes out where one went in and nowhere else, whatever finite dy is.
template <class T>
void check_nan_only_from_nan(const compiled::activation<T>& act) {
  const std::vector<T> x = mixture<T>(2000, 7), dy(x.size(), T(0.75));
  std::vector<T> out(x.size()), y(x.size());
  on_each_isa([&](nonlin::isa isa) {
    INFO(title(act, isa));
    const auto check = [&](const char* what) {
      std::size_t i = 0;
      while (i < x.size() && is_nan(out[i]) == is_nan(x[i])) ++i;
      INFO(what << " of " << hex(x[i % x.size()]) << " is " << hex(out[i % x.size()]));
      CHECK(i == x.size());
    };
    act.forward(x.data(), out.data(), x.size());
    check("forward");
    act.backward(x.data(), dy.data(), out.data(), x.size());
    check("backward");
    for (std::size_t i = 0; i < x.size(); ++i) out[i] = act(x[i]);
    check("functor");
    for (std::size_t i = 0; i < x.size(); ++i) out[i] = act.derivative(x[i]);
    check("derivative");
    if (act.has_parameter()) {
      double dparam = 0;
      act.backward(x.data(), dy.data(), out.data(), x.size(), dparam);
      check("backward with parameter");
      CHECK(is_nan(dparam));
      act.map_parameter_derivative(x.data(), out.data(), x.size());
      check("parameter derivative");
      for (std::size_t i = 0; i < x.size(); ++i) out[i] = act.parameter_derivative(x[i]);
      check("parameter derivative of the functor");
    }
    if (act.has_backward_from_output()) {
      act.forward(x.data(), y.data(), x.size());  // y can be what act gives, and nothing else
      act.backward_from_output(y.data(), dy.data(), out.data(), x.size());
      check("backward from output");
    }
  });
}

// Arrays up to and beyond the longest unrolled loop, a NaN at each position in turn.
template <class T>
void check_nan_positions(const compiled::activation<T>& act) {
  constexpr std::size_t longest = 150;
  std::vector<std::size_t> sizes = {63, 65, 128, 129, longest};
  for (std::size_t n = 1; n <= 40; ++n) sizes.push_back(n);
  const auto nan = nans<T>();
  std::vector<T> x(longest), dy(longest), clean(longest), got(longest);
  std::mt19937_64 random(3);
  for (T& e : x) e = static_cast<T>(static_cast<double>(random() % 1000) / 100 - 5);
  for (T& e : dy) e = static_cast<T>(static_cast<double>(random() % 1000) / 100 - 5);

  // call(n) fills got; with a NaN at in[i] it must be what it was without but for a NaN at i
  const auto check = [&](const char* what, std::vector<T>& in, const auto& call) {
    std::size_t wrong = 0, wrong_size = 0, wrong_at = 0;
    for (const std::size_t n : sizes) {
      call(n);
      clean.assign(got.begin(), got.end());
      for (std::size_t i = 0; i < n; ++i) {
        const T before = in[i];
        in[i] = nan[(i + n) % nan.size()];
        call(n);
        in[i] = before;
        bool right = is_nan(got[i]);
        got[i] = clean[i];
        right = right && first_difference(got.data(), clean.data(), longest) == longest;
        if (!right && wrong++ == 0) wrong_size = n, wrong_at = i;
      }
    }
    INFO(what << ": first wrong with a NaN at " << wrong_at << " of " << wrong_size);
    CHECK(wrong == 0);
  };

  on_each_isa([&](nonlin::isa isa) {
    INFO(title(act, isa));
    check("forward", x, [&](std::size_t n) { act.forward(x.data(), got.data(), n); });
    const auto backward = [&](std::size_t n) { act.backward(x.data(), dy.data(), got.data(), n); };
    check("backward with one in x", x, backward);
    check("backward with one in dy", dy, backward);
    if (act.has_backward_from_output()) {
      const auto from_output = [&](std::size_t n) {
        act.backward_from_output(x.data(), dy.data(), got.data(), n);
      };
      check("backward from output with one in y", x, from_output);
      check("backward from output with one in dy", dy, from_output);
    }
  });
}

template <class A>
void check_all(const A& act) {
  check_ends<float>(act, of(act));
  check_ends<double>(act, of(act));
  check_nan_only_from_nan<float>(act);
  check_nan_only_from_nan<double>(act);
}

// The parameter derivative at x, by itself and as the sum of one term.
template <class T>
double parameter_derivative_at(const compiled::activation<T>& act, T x) {
  const T dy = 1;
  T dx = 0;
  double dparam = 77;
  act.backward(&x, &dy, &dx, 1, dparam);
  const auto scalar = static_cast<double>(act.parameter_derivative(x));
  INFO("at " << hex(x) << " functor " << scalar << " array " << dparam);
  CHECK(same(scalar, dparam));
  return dparam;
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("infinities and zeros and NaN", "[special]", all_activations) {
  check_all(TestType{});
}

TEMPLATE_LIST_TEST_CASE("NaN at every position", "[special]", all_activations) {
  check_nan_positions<float>(TestType{});
  check_nan_positions<double>(TestType{});
}

TEST_CASE("special values with other parameters", "[special]") {
  SECTION("LeakyReLU") {
    for (const double slope : {0.0, -0.5, 0.25, 1.0, 3.0}) {
      INFO("slope " << slope);
      check_all(nonlin::LeakyReLU{slope});
    }
  }
  SECTION("RReLU") {
    check_all(nonlin::RReLU{0.25, 0.75});
    check_all(nonlin::RReLU{-0.5, 0.5});  // mean slope 0
  }
  SECTION("ELU") {
    for (const double alpha : {0.0, 0.5, 2.0, 0.3, -1.0}) {
      INFO("alpha " << alpha);
      check_all(nonlin::ELU{alpha});
    }
  }
  SECTION("Swish") {
    for (const double beta : {0.0, 0.5, 1.702, -1.0, 1e-3, 30.0, 1e-20, 1e20, 1e-160, -1e-160, 1e300, -1e300}) {
      INFO("beta " << beta);
      check_all(nonlin::Swish{beta});
    }
  }
}

TEMPLATE_TEST_CASE("parameter derivatives at special values", "[special]", float, double) {
  using T = TestType;
  using act = compiled::activation<T>;
  const T infinity = std::numeric_limits<T>::infinity();
  on_each_isa([&](nonlin::isa isa) {
    INFO(nonlin::to_string(isa));
    CHECK(parameter_derivative_at<T>(nonlin::LeakyReLU{}, -infinity) == -inf);
    CHECK(parameter_derivative_at<T>(nonlin::LeakyReLU{}, infinity) == 0);
    CHECK(parameter_derivative_at<T>(nonlin::LeakyReLU{}, T(0)) == 0);
    CHECK(parameter_derivative_at<T>(nonlin::ELU{}, -infinity) == -1);
    CHECK(parameter_derivative_at<T>(nonlin::ELU{}, infinity) == 0);
    CHECK(parameter_derivative_at<T>(nonlin::ELU{}, T(0)) == 0);
    for (const double beta : {1.0, -1.0, 1e-3, 30.0}) {
      INFO("beta " << beta);
      for (const T x : {-infinity, infinity, T(0)})
        CHECK(parameter_derivative_at<T>(nonlin::Swish{beta}, x) == 0);
    }
    for (const T x : {-infinity, infinity})
      CHECK(parameter_derivative_at<T>(nonlin::Swish{0}, x) == inf);  // x^2 / 4
    for (const T nan : nans<T>()) {
      for (const act& a : {act(nonlin::LeakyReLU{}), act(nonlin::ELU{}), act(nonlin::Swish{})}) {
        CHECK(is_nan(parameter_derivative_at(a, nan)));
      }
    }
  });
}
