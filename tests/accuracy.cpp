// Each activation and its derivative within the bounds that its header states, on every instruction set.
#include <cstdio>
#include <string>
#include <vector>
#include "calls.hpp"
#include "list.hpp"
#include "oracle.hpp"
#include "points.hpp"
#include "ulp.hpp"

namespace {

template <class T>
struct worst {
  double ulp = -1;
  T at = 0, got = 0;
  double exact = 0;
};

template <class T>
std::string describe(const char* what, const char* name, nonlin::isa isa, const worst<T>& w) {
  char text[256];
  std::snprintf(text, sizeof text, "%-11s %-10s %-6s %-7s %6.3f ULP at %a: got %a, want %a", what, name,
                sizeof(T) == 4 ? "float" : "double", nonlin::to_string(isa), w.ulp, double(w.at), double(w.got), w.exact);
  return text;
}

// The largest error of got against exact; within `radius` of the root absolute errors are checked instead.
template <class T>
worst<T> largest(const std::vector<T>& x, const std::vector<T>& got, const std::vector<oracle::wide<T>>& exact,
                 const nonlin::accuracy& bound = {0, 0}) {
  worst<T> w;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (bound.radius > 0 && std::abs(double(x[i]) - bound.root) < bound.radius) {
      const double difference = std::abs(static_cast<double>(oracle::wide<T>(got[i]) - exact[i]));
      CHECK(difference <= bound.absolute);
      continue;
    }
    const double e = ulp_error(got[i], exact[i]);
    if (e > w.ulp) w = {e, x[i], got[i], static_cast<double>(exact[i])};
  }
  return w;
}

const bool print = std::getenv("NONLIN_TEST_PRINT") != nullptr;

template <class T>
void report(const char* what, const char* name, nonlin::isa isa, const worst<T>& w, double bound) {
  const std::string text = describe(what, name, isa, w);
  if (print) std::printf("%s\n", text.c_str());
  INFO(text);
  CHECK(w.ulp <= bound);
}

template <class A, class T>
void check(const A& typed, std::size_t count) {
  using W = oracle::wide<T>;
  using row = oracle::row<A>;
  const compiled::activation<T> act(typed);
  const nonlin::accuracy bound = act.bounds;
  const std::vector<T> x = points<T>(count, row::cutoffs);
  const std::size_t n = x.size();
  const std::vector<T> ones(n, T(1));
  std::vector<T> got(n);
  std::vector<W> exact(n);

  for (std::size_t i = 0; i < n; ++i) exact[i] = row::forward(typed, W(x[i]));
  on_each_isa([&](nonlin::isa isa) {
    act.forward(x.data(), got.data(), n);
    report("forward", act.name, isa, largest(x, got, exact), bound.forward);
  });
  std::vector<T> scalar(n);
  for (std::size_t i = 0; i < n; ++i) scalar[i] = act(x[i]);
  report("functor", act.name, nonlin::isa::scalar, largest(x, scalar, exact), bound.forward);

  for (std::size_t i = 0; i < n; ++i) exact[i] = row::derivative(typed, W(x[i]));
  on_each_isa([&](nonlin::isa isa) {
    act.backward(x.data(), ones.data(), got.data(), n);
    report("derivative", act.name, isa, largest(x, got, exact, bound), bound.derivative);
  });

  if constexpr (nonlin::output_differentiable<A, T>) {
    std::vector<T> y(n);
    act.forward(x.data(), y.data(), n);
    for (std::size_t i = 0; i < n; ++i) exact[i] = row::from_output(typed, W(y[i]));
    on_each_isa([&](nonlin::isa isa) {
      act.backward_from_output(y.data(), ones.data(), got.data(), n);
      report("from output", act.name, isa, largest(y, got, exact), bound.derivative);
    });
  }
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("accuracy of float", "[accuracy]", all_activations) {
  check<TestType, float>(TestType{}, point_count(std::size_t{1} << 20));
}

TEMPLATE_LIST_TEST_CASE("accuracy of double", "[accuracy]", all_activations) {
  check<TestType, double>(TestType{}, point_count(std::size_t{1} << 20) / 64);
}
