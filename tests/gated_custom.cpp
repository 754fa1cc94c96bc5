// Gated units of users' own activations, and every kind of range.
#include <array>
#include <span>
#include "gated_axis.hpp"

namespace {

using nonlin::axis_shape;
using nonlin::Gated;
namespace packed = nonlin::packed;

struct Square {
  template <class V>
  V operator()(V x) const {
    return x * x;
  }
  template <class V>
  V derivative(V x) const {
    return 2 * x;
  }
};

// Its derivative() is wrong, so as to tell which member was asked.
struct Cube {
  template <class V>
  struct answer {
    V value, derivative;
  };
  template <class V>
  V operator()(V x) const {
    return x * x * x;
  }
  template <class V>
  V derivative(V) const {
    return V(-1000);
  }
  template <class V>
  auto value_and_derivative(V x) const {
    const V square = x * x;
    return answer<V>{square * x, 3 * square};
  }
};

template <class A, class T, class Value, class Slope>
void check(const A& act, const Value& f, const Slope& slope) {
  const axis_shape s{7, 5, 3};
  const std::vector<T> gate = ordinary<T>(105, 1), value = ordinary<T>(105, 2), dy = ordinary<T>(105, 3),
                       b = ordinary<T>(5, 4);
  const std::vector<T> sum = plus(gate, b, s);
  std::vector<T> y(105), dgate(105), dvalue(105), db(5);
  const Gated<A> unit{act};
  on_each_isa([&](nonlin::isa isa) {
    INFO(nonlin::to_string(isa));
    const auto near = [&](const std::vector<T>& x) {
      std::size_t wrong = 0;
      for (std::size_t i = 0; i < 105; ++i) {
        const auto close = [](T got, T want) {
          return std::abs(got - want) <= 8 * std::numeric_limits<T>::epsilon() * std::abs(want);
        };
        wrong += !close(y[i], f(x[i]) * value[i]) || !close(dvalue[i], dy[i] * f(x[i])) ||
                 !close(dgate[i], dy[i] * value[i] * slope(x[i]));
      }
      CHECK(wrong == 0);
    };
    nonlin::forward(unit, gate, value, y);
    nonlin::backward(unit, gate, value, dy, dgate, dvalue);
    near(gate);
    nonlin::forward(unit, nonlin::biased(gate, b), value, y, s);
    nonlin::backward(unit, nonlin::biased(gate, b), value, dy, nonlin::biased(dgate, db), dvalue, s);
    near(sum);
    const auto sums = sums_along(s, [&](std::size_t k) { return dgate[k]; });
    for (std::size_t a = 0; a < 5; ++a)
      CHECK(std::abs(static_cast<double>(db[a] - static_cast<T>(sums[a].value))) <=
            2 * sum_bound<T> * static_cast<double>(sums[a].size));
    CHECK(unit(gate[3], value[3]) == f(gate[3]) * value[3]);
  });
}

}  // namespace

TEST_CASE("gated units of one's own activation", "[gated][custom]") {
  check<Square, float>(
      {}, [](float x) { return x * x; }, [](float x) { return 2 * x; });
  check<Square, double>(
      {}, [](double x) { return x * x; }, [](double x) { return 2 * x; });
}

TEST_CASE("gated units of one's own activation with value_and_derivative", "[gated][custom]") {
  check<Cube, float>(
      {}, [](float x) { return x * x * x; }, [](float x) { return 3 * x * x; });
}

TEST_CASE("a gated unit of a lambda", "[gated][custom]") {
  const auto doubled = [](auto x) { return x + x; };
  const Gated<decltype(doubled)> unit{doubled};
  const std::array<float, 3> gate = {1, 2, -3}, value = {5, 0.5f, 2};
  std::array<float, 3> y = {};
  nonlin::forward(unit, gate, value, y);
  CHECK(y == std::array<float, 3>{10, 2, -12});
}

TEST_CASE("gated units of all kinds of ranges", "[gated][ranges]") {
  const Gated<nonlin::LeakyReLU> unit{{.slope = 0.5}};
  const std::array<float, 4> gate = {-2, -1, 1, 2};
  const float value[4] = {1, 2, 3, -1};
  const std::vector<float> dy = {1, 1, -1, 2}, none;
  const std::array<float, 2> b = {1, -1};
  std::array<float, 4> y = {}, dgate = {}, dvalue = {};
  std::vector<float> more(6, 9.0f);
  on_each_isa([&](nonlin::isa) {
    nonlin::forward(unit, gate, value, std::span<float>(y));
    CHECK(y == std::array<float, 4>{-1, -1, 3, -2});
    nonlin::forward(unit, std::span<const float, 4>(gate), std::initializer_list<float>{1, 2, 3, -1},
                    std::span<float>(more).subspan(1, 4));
    CHECK(more == std::vector<float>{9, -1, -1, 3, -2, 9});
    float by_parameter = 77;  // of the arrays' type
    double in_double = 77;
    nonlin::backward(unit, gate, value, dy, dgate, dvalue, by_parameter);
    CHECK(dgate == std::array<float, 4>{0.5f, 1, -3, -2});
    CHECK(dvalue == std::array<float, 4>{-1, -0.5f, -1, 4});
    CHECK(by_parameter == -2 + -2);
    nonlin::backward(unit, gate, value, dy, dgate, dvalue, in_double, axis_shape{2, 2, 1});
    CHECK(in_double == -2 + -2);
    nonlin::forward(unit, nonlin::biased(gate, b), value, y);
    CHECK(y == std::array<float, 4>{-0.5f, -2, 6, -1});
    nonlin::forward(unit, none, none, none.empty() ? std::span<float>{} : std::span<float>(y));
  });
}
