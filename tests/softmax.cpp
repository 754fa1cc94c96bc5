// Softmax, LogSoftmax and log sum exp against the oracle: every way through the kernels, every kind of row, scales and
// masks, a million elements.
#include <array>
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

// The largest error of something, and where it was.
struct worst {
  double error = 0;
  std::string where;

  template <class Where>
  void add(double e, const Where& describe) {
    if (e <= error) return;
    error = e;
    where = describe();
  }
};

template <class T>
struct errors {
  worst probability, tiny, logarithm, log_sum, total;

  void check(const char* what) const {
    if (std::getenv("NONLIN_TEST_PRINT") != nullptr)
      std::printf(
          "%-7s %-28s softmax %5.2f  below e^-80 %8.3g  logarithm %5.2f  log sum exp %5.2f  sum of all "
          "%5.2f\n",
          sizeof(T) == 4 ? "float" : "double", what, probability.error, tiny.error, logarithm.error,
          log_sum.error, total.error);
    const auto within = [](const worst& w, double bound) {
      INFO(w.where);
      CHECK(w.error <= bound);
    };
    INFO(what);
    within(probability, Softmax::bound);
    within(tiny, sizeof(T) == 4 ? Softmax::bound : 1024);
    within(logarithm, LogSoftmax::bound);
    within(log_sum, LogSoftmax::bound);
    within(total, Softmax::bound);
  }
};

// The options of a call, the mask being repeated after mask_outer outer indices.
template <class T>
struct options {
  double scale = 1;
  std::vector<T> mask = {};
  std::size_t mask_outer = 1;
};

template <class T>
void measure(const axis_shape& s, const std::vector<T>& x, const options<T>& with, errors<T>& e,
             std::size_t look_at_one_in = 1) {
  const std::size_t n = x.size(), block = s.axis * s.inner;
  std::vector<oracle::softmax_row> rows;
  for_each_row(s, [&](std::size_t, std::size_t first, std::size_t stride) {
    rows.emplace_back(s.axis, [&](std::size_t a) {
      const std::size_t i = first + a * stride;
      const T mask = with.mask.empty() ? T(0) : with.mask[i % (block * with.mask_outer)];
      return oracle::logit(x[i], with.scale, mask);
    });
  });
  std::vector<T> y(n), log_y(n), log_sum(rows.size()), log_sum2(rows.size());
  compiled::softmax_options<T> o;
  if (!with.mask.empty()) o.mask = nonlin::additive_mask<T>(with.mask);
  on_each_isa([&](nonlin::isa isa) {
    o.log_sum_exp = nonlin::log_sum_exp_to<T>(log_sum);
    compiled::softmax<T>(Softmax{.scale = with.scale}, x, y, s, o);
    o.log_sum_exp = nonlin::log_sum_exp_to<T>(log_sum2);
    compiled::softmax<T>(LogSoftmax{.scale = with.scale}, x, log_y, s, o);
    for_each_row(s, [&](std::size_t r, std::size_t first, std::size_t stride) {
      const oracle::softmax_row& want = rows[r];
      std::size_t at = first;
      const auto where = [&](const char* what, T got, oracle::real exact) {
        return [&, what, got, exact] {
          char text[400];
          std::snprintf(
              text, sizeof text,
              "%s on %s, shape %s, row %zu, element %zu, logit %a: got %a, want %.21Lg, scale %g, mask %s",
              what, nonlin::to_string(isa), to_string(s).c_str(), r, (at - first) / stride,
              static_cast<double>(x[at]), static_cast<double>(got), exact, with.scale,
              with.mask.empty() ? "none" : "some");
          return std::string(text);
        };
      };
      oracle::sum all;
      for (std::size_t a = 0; a < s.axis; ++a) {
        at = first + a * stride;
        const oracle::real p = want.probability[a], l = want.log_probability(a);
        all.add(y[at]);
        if (look_at_one_in != 1 && (a + static_cast<std::size_t>(isa)) % look_at_one_in != 0) continue;
        (want.counts(a) ? e.probability : e.tiny).add(oracle::ulps(y[at], p), where("softmax", y[at], p));
        e.logarithm.add(oracle::ulps(log_y[at], l, 1), where("log softmax", log_y[at], l));
      }
      const oracle::real one = want.total > 0 ? 1 : oracle::nan, sum_of_all = all.value();
      e.total.add(oracle::ulps(static_cast<T>(sum_of_all), one), where("sum", T(sum_of_all), one));
      const oracle::real l = want.log_sum_exp();
      e.log_sum.add(oracle::ulps(log_sum[r], l, 1), where("log sum exp", log_sum[r], l));
      e.log_sum.add(bits(log_sum[r]) == bits(log_sum2[r]) || is_nan(log_sum[r]) ? 0 : oracle::limitless,
                    where("log sum exp of LogSoftmax", log_sum2[r], l));
    });
  });
}

template <class T>
std::vector<T> some_mask(std::size_t n, std::uint64_t seed) {
  std::vector<T> mask = gaussian<T>(n, seed);
  std::mt19937_64 random(seed);
  for (T& m : mask) {
    const auto kind = random() % 4;
    m = kind == 0 ? T(0) : kind == 1 ? -std::numeric_limits<T>::infinity() : 2 * m;
  }
  return mask;
}

}  // namespace

TEMPLATE_TEST_CASE("softmax against the oracle", "[softmax]", float, double) {
  using T = TestType;
  errors<T> e;
  for (const axis_shape& s : shapes()) {
    for (std::size_t v = 0; v < variants(s); ++v) measure(s, logits<T>(s, v), {}, e);
  }
  e.check("every kind of row");
}

TEMPLATE_TEST_CASE("softmax with a scale against the oracle", "[softmax]", float, double) {
  using T = TestType;
  for (const double scale : {1 / std::sqrt(128.0), -0.7, 1 / 3.0, 2.5}) {
    errors<T> e;
    for (const axis_shape& s : shapes()) {
      for (std::size_t v = 0; v < (variants(s, ordinary_row_kinds) + 1) / 2; ++v) {
        std::vector<T> x = logits<T>(s, v, ordinary_row_kinds);
        for (T& t : x) t = std::isinf(t) && scale < 0 ? T(-3) : t;  // or they would be +inf
        measure(s, x, {.scale = scale}, e);
      }
    }
    e.check(("scale " + std::to_string(scale)).c_str());
  }
}

TEMPLATE_TEST_CASE("softmax with a mask against the oracle", "[softmax]", float, double) {
  using T = TestType;
  errors<T> whole, periodic, broadcast, scaled;
  for (const axis_shape& s : shapes()) {
    const std::size_t block = s.axis * s.inner;
    for (std::size_t v = 0; v < (variants(s, ordinary_row_kinds) + 2) / 3; ++v) {
      const std::vector<T> x = logits<T>(s, v, ordinary_row_kinds);
      measure(s, x, {.mask = some_mask<T>(block, v)}, broadcast);
      measure(s, x, {.scale = 1 / std::sqrt(128.0), .mask = some_mask<T>(block, v)}, scaled);
      for (std::size_t repeats = s.outer; repeats > 1; --repeats) {
        if (s.outer % repeats != 0) continue;
        measure(s, x, {.mask = some_mask<T>(block * repeats, v), .mask_outer = repeats},
                repeats == s.outer ? whole : periodic);
      }
    }
  }
  whole.check("mask as large as x");
  periodic.check("periodic mask");
  broadcast.check("one mask for all");
  scaled.check("scale and mask");
}

// Where scale x has lost more digits than a term can take account of, the rounded logits have their softmax.
TEMPLATE_TEST_CASE("softmax with a scale, of logits that are too large for it", "[softmax]", float, double) {
  using T = TestType;
  on_each_isa([&](nonlin::isa isa) {
    for (const axis_shape& s : shapes()) {
      for (const double scale : {1 / std::sqrt(128.0), -0.7}) {
        for (const double size : {1e6, 1e9, 1e20, 1e30, 3.4e38}) {
          INFO(nonlin::to_string(isa)
               << ", shape " << to_string(s) << ", scale " << scale << ", size " << size);
          std::vector<T> x(s.size(), static_cast<T>(size)), y(s.size());
          std::size_t wrong = 0;
          compiled::softmax<T>(Softmax{.scale = scale}, x, y, s);
          for (const T& t : y) wrong += !(oracle::ulps(t, oracle::real(1) / s.axis) <= Softmax::bound);
          compiled::softmax<T>(LogSoftmax{.scale = scale}, x, y, s);
          for (const T& t : y)
            wrong += !(oracle::ulps(t, -std::log(oracle::real(s.axis)), 1) <= LogSoftmax::bound);
          // every other one as large, but negative
          for (std::size_t i = 0; i < x.size(); ++i) x[i] *= i / s.inner % 2 == 0 ? T(1) : T(-1);
          compiled::softmax<T>(Softmax{.scale = scale}, x, y, s);
          for_each_row(s, [&](std::size_t, std::size_t first, std::size_t stride) {
            oracle::sum all;
            for (std::size_t a = 0; a < s.axis; ++a) all.add(y[first + a * stride]);
            wrong += !(oracle::ulps(static_cast<T>(all.value()), oracle::real(1)) <= Softmax::bound);
          });
          CHECK(wrong == 0);
        }
      }
    }
  });
}

TEMPLATE_TEST_CASE("softmax of a million elements", "[softmax]", float, double) {
  using T = TestType;
  const std::size_t n = point_count(1 << 20);
  for (const std::size_t kind : {0U, 12U, 28U}) {
    errors<T> e;
    for (const axis_shape& s :
         {axis_shape{1, n, 1}, axis_shape{1, n / 32 + 1, 3}, axis_shape{1, n / 128 + 1, 17}}) {
      std::vector<T> x(s.size());
      std::mt19937_64 random(kind);
      for_each_row(s, [&](std::size_t, std::size_t first, std::size_t stride) {
        put_row<T>(kind, s.axis, random, [&](std::size_t a, T v) { x[first + a * stride] = v; });
      });
      measure(s, x, {}, e, 16);
    }
    e.check(("long rows of kind " + std::to_string(kind)).c_str());
  }
}

TEMPLATE_TEST_CASE("logits whose exponentials overflow", "[softmax]", float, double) {
  using T = TestType;
  const std::array<T, 3> x{20, 300, 5000};
  // what the formula as it stands gives
  const T naive = std::exp(x[2]) / (std::exp(x[0]) + std::exp(x[1]) + std::exp(x[2]));
  CHECK(is_nan(naive));
  on_each_isa([&](nonlin::isa isa) {
    INFO(nonlin::to_string(isa));
    std::array<T, 3> y{7, 7, 7};
    compiled::softmax<T>(Softmax{}, x, y);
    CHECK(y == std::array<T, 3>{0, 0, 1});
    compiled::softmax<T>(LogSoftmax{}, x, y);
    CHECK(y == std::array<T, 3>{-4980, -4700, 0});
    const std::array<T, 3> last{std::numeric_limits<T>::max(), T(20), std::numeric_limits<T>::lowest()};
    compiled::softmax<T>(Softmax{}, last, y);
    CHECK(y == std::array<T, 3>{1, 0, 0});
  });
}

// What the other overloads do is the same.
TEMPLATE_TEST_CASE("softmax of ranges and pointers", "[softmax]", float, double) {
  using T = TestType;
  const axis_shape s{5, 20, 3}, row{1, 300, 1};
  const std::vector<T> x = gaussian<T>(300, 1), dy = gaussian<T>(300, 2);
  const auto check = [&](const auto& act) {
    std::vector<T> want(300), got(300), dx(300), dx_want(300);
    compiled::softmax<T>(act, x, want, s);
    compiled::softmax<T>(act, x.data(), got.data(), s);
    CHECK(got == want);
    compiled::softmax_backward<T>(act, want, dy, dx_want, s);
    compiled::softmax_backward<T>(act, want.data(), dy.data(), dx.data(), s);
    CHECK(dx == dx_want);
    compiled::softmax<T>(act, x, want, row);
    compiled::softmax<T>(act, x, got);
    CHECK(got == want);
    compiled::softmax<T>(act, x.data(), got.data(), 300);
    CHECK(got == want);
    compiled::softmax_backward<T>(act, want, dy, dx_want, row);
    compiled::softmax_backward<T>(act, want, dy, dx);
    CHECK(dx == dx_want);
    compiled::softmax_backward<T>(act, want.data(), dy.data(), dx.data(), 300);
    CHECK(dx == dx_want);
  };
  check(Softmax{});
  check(LogSoftmax{});
}
