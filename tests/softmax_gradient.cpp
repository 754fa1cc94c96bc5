// Backward from the output, against the oracle and, in double, against central differences of the library's own values.
#include <cstdio>
#include <cstdlib>
#include "list.hpp"
#include "points.hpp"
#include "softmax_calls.hpp"
#include "softmax_oracle.hpp"

namespace {

using nonlin::axis_shape;
using nonlin::LogSoftmax;
using nonlin::Softmax;

template <class A>
constexpr bool is_log = std::is_same_v<A, LogSoftmax>;

// The error in ULP of what is subtracted: the gradient itself may cancel to nothing.
template <class T, class A>
double largest_error(const A& act, const axis_shape& s, const std::vector<T>& y, const std::vector<T>& dy,
                     const std::vector<T>& dx) {
  double worst = 0;
  for_each_row(s, [&](std::size_t, std::size_t first, std::size_t stride) {
    oracle::sum total, size;
    for (std::size_t a = 0, i = first; a < s.axis; ++a, i += stride) {
      const oracle::real term = is_log<A> ? oracle::real(dy[i]) : oracle::real(y[i]) * dy[i];
      total.add(term);
      size.add(std::abs(term));
    }
    for (std::size_t a = 0, i = first; a < s.axis; ++a, i += stride) {
      const oracle::real p = is_log<A> ? std::exp(oracle::real(y[i])) : oracle::real(y[i]), g = dy[i];
      const oracle::real exact =
          is_log<A> ? act.scale * (g - p * total.value()) : act.scale * p * (g - total.value());
      const oracle::real parts =
          is_log<A> ? std::abs(g) + p * size.value() : p * (std::abs(g) + size.value());
      const oracle::real unit =
          std::max<oracle::real>(std::abs(act.scale) * parts * std::numeric_limits<T>::epsilon(),
                                 std::numeric_limits<T>::denorm_min());
      worst = std::max(worst, static_cast<double>(std::abs(static_cast<oracle::real>(dx[i]) - exact) / unit));
    }
  });
  return worst;
}

template <class T, class A>
void check_backward(const A& act) {
  double worst = 0;
  for (const axis_shape& s : shapes()) {
    for (std::size_t v = 0; v < (variants(s, ordinary_row_kinds) + 3) / 4; ++v) {
      const std::vector<T> x = logits<T>(s, v, ordinary_row_kinds), dy = gaussian<T>(s.size(), v);
      std::vector<T> y(s.size()), dx(s.size());
      on_each_isa([&](nonlin::isa isa) {
        compiled::softmax<T>(A{}, x, y, s);
        for (T& t : y) t = std::isfinite(t) ? t : T(is_log<A> ? -70 : 0);
        compiled::softmax_backward<T>(act, y, dy, dx, s);
        const double error = largest_error(act, s, y, dy, dx);
        worst = std::max(worst, error);
        INFO("on " << nonlin::to_string(isa) << ", shape " << to_string(s) << ", variant " << v);
        CHECK(error <= 4);
      });
    }
  }
  if (std::getenv("NONLIN_TEST_PRINT") != nullptr)
    std::printf("%-7s backward of %s, scale %g: %.2f\n", sizeof(T) == 4 ? "float" : "double", A::name,
                act.scale, worst);
}

// d (sum of w y) / dx
template <class A>
void check_differences(const A& act) {
  for (const axis_shape& s : {axis_shape{1, 7, 1}, axis_shape{3, 2, 1}, axis_shape{2, 40, 1},
                              axis_shape{2, 9, 3}, axis_shape{1, 70, 2}, axis_shape{2, 5, 20}}) {
    const std::vector<double> x = gaussian<double>(s.size(), 1), w = gaussian<double>(s.size(), 2);
    on_each_isa([&](nonlin::isa isa) {
      INFO(A::name << " on " << nonlin::to_string(isa) << ", shape " << to_string(s) << ", scale "
                   << act.scale);
      std::vector<double> y(s.size()), dx(s.size()), moved = x;
      const auto value = [&] {
        compiled::softmax<double>(act, moved, y, s);
        oracle::sum sum;
        for (std::size_t i = 0; i < y.size(); ++i) sum.add(oracle::real(w[i]) * y[i]);
        return sum.value();
      };
      compiled::softmax<double>(act, x, y, s);
      compiled::softmax_backward<double>(act, y, w, dx, s);
      double worst = 0;
      for (std::size_t i = 0; i < x.size(); ++i) {
        const double h = 1e-5;
        moved[i] = x[i] + h;
        const oracle::real high = value();
        moved[i] = x[i] - h;
        const oracle::real low = value();
        moved[i] = x[i];
        worst = std::max(worst, static_cast<double>(std::abs((high - low) / (2 * oracle::real(h)) - dx[i])));
      }
      CHECK(worst <= 2e-8);  // h^2 f''' / 6 and the rounding, which is divided by h
    });
  }
}

}  // namespace

TEMPLATE_TEST_CASE("backward of softmax against the oracle", "[softmax][gradient]", float, double) {
  using T = TestType;
  for (const double scale : {1.0, 1 / std::sqrt(128.0), -3.0}) {
    check_backward<T>(Softmax{.scale = scale});
    check_backward<T>(LogSoftmax{.scale = scale});
  }
}

TEST_CASE("backward of softmax against differences", "[softmax][gradient]") {
  for (const double scale : {1.0, 0.3, -1.5}) {
    check_differences(Softmax{.scale = scale});
    check_differences(LogSoftmax{.scale = scale});
  }
}

TEMPLATE_TEST_CASE("backward of a million elements", "[softmax][gradient]", float, double) {
  using T = TestType;
  const std::size_t n = point_count(1 << 20);
  const axis_shape s{1, n, 1};
  // all of one sign, so that what a sum loses adds up
  const std::vector<T> y(n, static_cast<T>(1 / static_cast<double>(n))), log_y(n, static_cast<T>(-std::log(double(n))));
  std::vector<T> dy = gaussian<T>(n, 3), dx(n);
  for (T& t : dy) t = std::abs(t) + T(0.1);
  on_each_isa([&](nonlin::isa isa) {
    INFO(nonlin::to_string(isa));
    compiled::softmax_backward<T>(Softmax{}, y, dy, dx, s);
    CHECK(largest_error(Softmax{}, s, y, dy, dx) <= 4);
    compiled::softmax_backward<T>(LogSoftmax{}, log_y, dy, dx, s);
    CHECK(largest_error(LogSoftmax{}, s, log_y, dy, dx) <= 4);
  });
}

// A hidden element has no gradient.
TEMPLATE_TEST_CASE("backward of what is hidden", "[softmax][gradient]", float, double) {
  using T = TestType;
  const T inf = std::numeric_limits<T>::infinity();
  on_each_isa([&](nonlin::isa) {
    for (const axis_shape& s : {axis_shape{1, 3, 1}, axis_shape{1, 100, 1}, axis_shape{1, 3, 40}}) {
      std::vector<T> x = gaussian<T>(s.size(), 1), y(s.size()), dx(s.size());
      const std::vector<T> dy = gaussian<T>(s.size(), 2);
      x[0] = -inf;
      compiled::softmax<T>(Softmax{}, x, y, s);
      compiled::softmax_backward<T>(Softmax{}, y, dy, dx, s);
      CHECK(dx[0] == 0);
      compiled::softmax<T>(LogSoftmax{}, x, y, s);
      compiled::softmax_backward<T>(LogSoftmax{}, y, dy, dx, s);
      CHECK(dx[0] == dy[0]);  // of its logarithm
      for (const T& t : dx) CHECK(std::isfinite(t));
    }
  });
}
