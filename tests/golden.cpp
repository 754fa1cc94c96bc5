// Each activation and its derivative against the 40 digits of tests/golden, on every instruction set and by the scalar
// functors, within the bounds of the headers.
#include <cstdlib>
#include <fstream>
#include "arrays.hpp"
#include "calls.hpp"
#include "list.hpp"
#include "ulp.hpp"

namespace {

// One file: its rows by the values of their parameters, in the order of the file.
struct golden_row {
  double x;
  std::string forward, derivative;
};
using golden_rows = std::vector<std::pair<std::vector<double>, std::vector<golden_row>>>;

golden_rows read(const char* name) {
  const std::string path = std::string(NONLIN_GOLDEN_DIR "/") + name + ".csv";
  std::ifstream file(path);
  INFO(path);
  REQUIRE(file.is_open());
  golden_rows rows;
  std::string line;
  std::getline(file, line);  // the names of the columns: parameters, x, forward, derivative
  REQUIRE(line.ends_with("x,forward,derivative"));
  while (std::getline(file, line)) {
    std::vector<std::string> cells;
    std::istringstream cut(line);
    for (std::string cell; std::getline(cut, cell, ',');) cells.push_back(cell);
    REQUIRE(cells.size() >= 3);
    std::vector<double> numbers;
    for (std::size_t i = 0; i + 2 < cells.size(); ++i) numbers.push_back(std::strtod(cells[i].c_str(), nullptr));
    const double x = numbers.back();
    numbers.pop_back();
    if (rows.empty() || rows.back().first != numbers) rows.push_back({numbers, {}});
    rows.back().second.push_back({x, cells[cells.size() - 2], cells.back()});
  }
  return rows;
}

template <class A>
A with_parameters(const std::vector<double>& p) {
  if constexpr (requires { A{0.0, 0.0}; }) {
    REQUIRE(p.size() == 2);
    return A{p[0], p[1]};
  } else if constexpr (requires { A{0.0}; }) {
    REQUIRE(p.size() == 1);
    return A{p[0]};
  } else {
    REQUIRE(p.empty());
    return A{};
  }
}

// Rows that T can be given: all, or those whose x is a float.
template <class T>
struct vectors {
  using W = oracle::wide<T>;
  std::vector<T> x;
  std::vector<W> forward, derivative;
  std::vector<bool> negative;  // forward's sign, that of a zero too

  explicit vectors(const std::vector<golden_row>& rows) {
    for (const golden_row& r : rows) {
      const T at = static_cast<T>(r.x);
      if (static_cast<double>(at) != r.x && r.x == r.x) continue;
      x.push_back(at);
      forward.push_back(oracle::constant<W>(r.forward.c_str()));
      negative.push_back(r.forward[0] == '-');
      derivative.push_back(oracle::constant<W>(r.derivative.c_str()));
    }
  }
};

template <class T>
void check_forward(const vectors<T>& v, const std::vector<T>& got, double bound) {
  for (std::size_t i = 0; i < v.x.size(); ++i) {
    const bool right = ulp_error(got[i], v.forward[i]) <= bound &&
                       (is_nan(got[i]) || std::signbit(got[i]) == v.negative[i]);
    INFO("at " << hex(v.x[i]) << " got " << hex(got[i]) << ", want " << hex(static_cast<double>(v.forward[i])));
    CHECK(right);
  }
}

// `scale` is what x is multiplied with in the function, for the place of the root. Of a derivative that is 0 the sign is free.
template <class T>
void check_derivative(const vectors<T>& v, const std::vector<T>& got, const nonlin::accuracy& bound, double scale) {
  for (std::size_t i = 0; i < v.x.size(); ++i) {
    const bool absolute = bound.radius > 0 && std::abs(static_cast<double>(v.x[i]) * scale - bound.root) < bound.radius;
    const bool right =
        absolute ? std::abs(static_cast<double>(oracle::wide<T>(got[i]) - v.derivative[i])) <= bound.absolute
                 : ulp_error(got[i], v.derivative[i]) <= bound.derivative;
    INFO("at " << hex(v.x[i]) << " got " << hex(got[i]) << ", want " << hex(static_cast<double>(v.derivative[i])));
    CHECK(right);
  }
}

template <class A, class T>
void check(const A& typed, const std::vector<golden_row>& rows) {
  const compiled::activation<T> act(typed);
  const vectors<T> v(rows);
  REQUIRE(v.x.size() > 50);
  double scale = 1;
  if constexpr (requires { typed.beta; }) scale = typed.beta;
  const std::vector<T> ones(v.x.size(), T(1));
  std::vector<T> got(v.x.size());
  const auto functor = [&](auto value) { std::transform(v.x.begin(), v.x.end(), got.begin(), value); };
  INFO(act.name << " of " << (sizeof(T) == 4 ? "float" : "double") << ", " << scale);
  on_each_isa([&](nonlin::isa isa) {
    INFO(nonlin::to_string(isa));
    act.forward(v.x.data(), got.data(), got.size());
    check_forward(v, got, act.bounds.forward);
    act.backward(v.x.data(), ones.data(), got.data(), got.size());
    check_derivative(v, got, act.bounds, scale);
  });
  INFO("functor");
  functor([&](T x) { return act(x); });
  check_forward(v, got, act.bounds.forward);
  functor([&](T x) { return act.derivative(x); });
  check_derivative(v, got, act.bounds, scale);
}

template <class T>
void check_prelu(double slope, const std::vector<golden_row>& rows) {
  const vectors<T> v(rows);
  REQUIRE(v.x.size() > 50);
  const std::vector<T> slopes = {static_cast<T>(slope)}, ones(v.x.size(), T(1));
  std::vector<T> got(v.x.size()), dslopes(1);
  on_each_isa([&](nonlin::isa isa) {
    INFO("PReLU of " << (sizeof(T) == 4 ? "float" : "double") << ", slope " << slope << ", " << nonlin::to_string(isa));
    nonlin::forward(nonlin::PReLU(slopes), v.x, got);
    check_forward(v, got, 0.5);
    nonlin::backward(nonlin::PReLU(slopes), v.x, ones, got, dslopes);
    check_derivative(v, got, {0.5, 0}, 1);
  });
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("golden vectors", "[golden]", all_activations) {
  const golden_rows all = read(TestType::name);
  REQUIRE(!all.empty());
  // the defaults come first
  const TestType first = with_parameters<TestType>(all.front().first), by_default{};
  if constexpr (!std::is_empty_v<TestType>) CHECK(std::memcmp(&first, &by_default, sizeof first) == 0);
  for (const auto& [parameters, rows] : all) {
    check<TestType, float>(with_parameters<TestType>(parameters), rows);
    check<TestType, double>(with_parameters<TestType>(parameters), rows);
  }
}

TEST_CASE("golden vectors of PReLU", "[golden]") {
  const golden_rows all = read("PReLU");
  REQUIRE(!all.empty());
  for (const auto& [slope, rows] : all) {
    REQUIRE(slope.size() == 1);
    check_prelu<float>(slope[0], rows);
    check_prelu<double>(slope[0], rows);
  }
}
