// The functions that functors are written with, nonlin::exp, tanh, erfc, ..., on the vectors of each
// instruction set and on plain numbers. operators.cpp has the rest.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include "arrays.hpp"
#include "list.hpp"
#include "oracle.hpp"
#include "ulp.hpp"

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();

// A row each: its bound in ULP, what it is at -inf, inf, -0 and 0, the places to look at closely, and the
// exact value.

// e^x of an x so large is no number in any type, and e^-x is 0
template <class W>
W bounded(const W& x) {
  return x > 20000 ? W(20000) : x < -20000 ? W(-20000) : x;
}

struct exp_row {
  static constexpr const char* name = "exp";
  static constexpr double bound = 2, lowest = 0, highest = inf, minus_zero = 1, zero = 1;
  static constexpr double cutoffs[] = {0,  0.34657359, 87.3365,          88.72284, 103.97208,   105,
                                       89, 708.3964,   709.782712893384, 710,      745.1332191, 746};
  template <class V>
  static V call(const V& x) {
    return nonlin::exp(x);
  }
  template <class W>
  static W exact(const W& x) {
    using std::exp;
    return exp(bounded(x));
  }
};
struct expm1_row {
  static constexpr const char* name = "expm1";
  static constexpr double bound = 2, lowest = -1, highest = inf, minus_zero = -0.0, zero = 0;
  static constexpr double cutoffs[] = {0,  0.34657359,       17.33, 20, 37.43, 40, 88.72284,
                                       89, 709.782712893384, 710};
  template <class V>
  static V call(const V& x) {
    return nonlin::expm1(x);
  }
  template <class W>
  static W exact(const W& x) {
    return oracle::expm1_of(bounded(x));
  }
};
struct sigmoid_row {
  static constexpr const char* name = "sigmoid";
  static constexpr double bound = 4, lowest = 0, highest = 1, minus_zero = 0.5, zero = 0.5;
  static constexpr auto& cutoffs = oracle::row<nonlin::Sigmoid>::cutoffs;
  template <class V>
  static V call(const V& x) {
    return nonlin::sigmoid(x);
  }
  template <class W>
  static W exact(const W& x) {
    return oracle::logistic(bounded(x));
  }
};
struct tanh_row {
  static constexpr const char* name = "tanh";
  static constexpr double bound = 4, lowest = -1, highest = 1, minus_zero = -0.0, zero = 0;
  static constexpr auto& cutoffs = oracle::row<nonlin::Tanh>::cutoffs;
  template <class V>
  static V call(const V& x) {
    return nonlin::tanh(x);
  }
  template <class W>
  static W exact(const W& x) {
    return oracle::tanh_of(bounded(x));
  }
};
struct erf_row {
  static constexpr const char* name = "erf";
  static constexpr double bound = 4, lowest = -1, highest = 1, minus_zero = -0.0, zero = 0;
  static constexpr double cutoffs[] = {0, 0.5, 1, 3.83, 4, 5.9, 10.25, 27.5};
  template <class V>
  static V call(const V& x) {
    return nonlin::erf(x);
  }
  template <class W>
  static W exact(const W& x) {
    return oracle::erf_of(bounded(x));
  }
};
struct erfc_row {
  static constexpr const char* name = "erfc";
  static constexpr double bound = 5, lowest = 2, highest = 0, minus_zero = 1, zero = 1;
  static constexpr double cutoffs[] = {0, 0.5, 1, 3.83, 4, 9.19, 10.054, 10.25, 26.54, 27.226, 27.5};
  template <class V>
  static V call(const V& x) {
    return nonlin::erfc(x);
  }
  template <class W>
  static W exact(const W& x) {
    return oracle::erfc_of(bounded(x));
  }
};
using functions = std::tuple<exp_row, expm1_row, sigmoid_row, tanh_row, erf_row, erfc_row>;

template <class Row>
struct call_of {
  template <nonlin::real V>
  V operator()(const V& x) const {
    return Row::call(x);
  }
};

template <class Row, class T>
void check_accuracy() {
  using W = oracle::wide<T>;
  const std::vector<T> x =
      points<T>(point_count(std::size_t{1} << 18) / (sizeof(T) == 8 ? 32 : 1), Row::cutoffs);
  std::vector<T> got(x.size());
  std::vector<W> exact(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) exact[i] = Row::exact(W(x[i]));
  const auto check = [&](const char* how) {
    double worst = -1;
    std::size_t at = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double e = ulp_error(got[i], exact[i]);
      if (e > worst) worst = e, at = i;
    }
    char text[256];
    std::snprintf(text, sizeof text, "%-8s %-6s %-7s %6.3f ULP at %a: got %a, want %a", Row::name,
                  sizeof(T) == 4 ? "float" : "double", how, worst, double(x[at]), double(got[at]),
                  static_cast<double>(exact[at]));
    static const bool print = std::getenv("NONLIN_TEST_PRINT") != nullptr;
    if (print) std::printf("%s\n", text);
    INFO(text);
    CHECK(worst <= Row::bound);
  };
  on_each_isa([&](nonlin::isa isa) {
    nonlin::forward(call_of<Row>{}, x, got);
    check(nonlin::to_string(isa));
  });
  for (std::size_t i = 0; i < x.size(); ++i) got[i] = Row::call(x[i]);
  check("plain");
}

template <class Row, class T>
void check_special() {
  const T infinity = std::numeric_limits<T>::infinity();
  const std::vector<T> x = {-infinity, infinity, -T(0), T(0)};
  const std::vector<T> want = {T(Row::lowest), T(Row::highest), T(Row::minus_zero), T(Row::zero)};
  std::vector<T> got(x.size());
  const auto check = [&](const char* how) {
    for (std::size_t i = 0; i < x.size(); ++i) {
      INFO(Row::name << " of " << (sizeof(T) == 4 ? "float " : "double ") << how << " at " << hex(x[i])
                     << ": got " << hex(got[i]) << ", want " << hex(want[i]));
      CHECK(same(got[i], want[i]));
    }
  };
  const auto nan = nans<T>();
  on_each_isa([&](nonlin::isa isa) {
    nonlin::forward(call_of<Row>{}, x, got);
    check(nonlin::to_string(isa));
    std::array<T, std::tuple_size_v<decltype(nan)>> out = {};
    nonlin::forward(call_of<Row>{}, nan, out);
    for (const T y : out) CHECK(is_nan(y));
  });
  for (std::size_t i = 0; i < x.size(); ++i) got[i] = Row::call(x[i]);
  check("plain");
  for (const T e : nan) CHECK(is_nan(Row::call(e)));
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("accuracy of functions", "[math]", functions) {
  check_accuracy<TestType, float>();
  check_accuracy<TestType, double>();
}

TEMPLATE_LIST_TEST_CASE("special values of functions", "[math]", functions) {
  check_special<TestType, float>();
  check_special<TestType, double>();
}
