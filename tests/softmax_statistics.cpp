// A row in parts: each part's statistics, merged in any order, give what the whole row gives.
#include <numeric>
#include <thread>
#include "list.hpp"
#include "softmax_calls.hpp"
#include "softmax_oracle.hpp"

namespace {

using nonlin::LogSoftmax;
using nonlin::merge;
using nonlin::Softmax;
using nonlin::softmax_stats;

constexpr double eps = std::numeric_limits<double>::epsilon();

template <class T>
std::span<const T> part(const std::vector<T>& x, std::size_t first, std::size_t last) {
  return std::span<const T>(x).subspan(first, last - first);
}

template <class T>
oracle::softmax_row exact_row(const std::vector<T>& x, double scale) {
  return oracle::softmax_row(x.size(), [&](std::size_t i) { return oracle::logit(x[i], scale, 0); });
}

// Where a row is cut: ends[k] .. ends[k + 1]
using cuts = std::vector<std::size_t>;

cuts random_cuts(std::size_t n, std::size_t parts, std::mt19937_64& random) {
  cuts c{0, n};
  while (c.size() <= parts) c.push_back(static_cast<std::size_t>(random() % (n + 1)));
  std::sort(c.begin(), c.end());
  return c;
}

struct largest {
  double probability = 0, logarithm = 0, sum = 0;
};

// Forward of all parts by the merged statistics against the oracle of the whole. forward(k) runs the k-th part.
template <class T>
void check_row(const std::vector<T>& x, const oracle::softmax_row& want, const std::vector<T>& y,
               const std::vector<T>& log_y, const softmax_stats& whole, double scale, largest& worst) {
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (want.counts(i))
      worst.probability = std::max(worst.probability, oracle::ulps(y[i], want.probability[i]));
    worst.logarithm = std::max(worst.logarithm, oracle::ulps(log_y[i], want.log_probability(i), 1));
  }
  // sum e^(logit - max), in ULP of T
  const oracle::real max_lost = static_cast<oracle::real>(whole.max) - (want.max + want.max_low);
  if (scale == 1)
    worst.sum = std::max(worst.sum, whole.max == static_cast<double>(want.max) ? 0 : oracle::limitless);
  const oracle::real sum = want.total * std::exp(-max_lost);
  worst.sum =
      std::max(worst.sum, static_cast<double>(std::abs(static_cast<oracle::real>(whole.sum) - sum) / sum) /
                              static_cast<double>(std::numeric_limits<T>::epsilon()));
}

template <class T>
void check_cuts(const std::vector<T>& x, const cuts& c, double scale, const oracle::softmax_row& want,
                std::mt19937_64& random, largest& worst) {
  std::vector<softmax_stats> stats;
  for (std::size_t k = 0; k + 1 < c.size(); ++k)
    stats.push_back(compiled::statistics<T>(part(x, c[k], c[k + 1]), scale));
  // any two of them, until one is left
  while (stats.size() > 1) {
    std::swap(stats[static_cast<std::size_t>(random() % stats.size())], stats.back());
    const softmax_stats last = stats.back();
    stats.pop_back();
    softmax_stats& other = stats[static_cast<std::size_t>(random() % stats.size())];
    other = random() % 2 == 0 ? merge(other, last) : merge(last, other);
  }
  std::vector<T> y(x.size()), log_y(x.size());
  for (std::size_t k = 0; k + 1 < c.size(); ++k) {
    const std::size_t n = c[k + 1] - c[k];
    compiled::softmax<T>(Softmax{.scale = scale}, part(x, c[k], c[k + 1]), std::span<T>(y).subspan(c[k], n),
                         stats[0]);
    compiled::softmax<T>(LogSoftmax{.scale = scale}, part(x, c[k], c[k + 1]),
                         std::span<T>(log_y).subspan(c[k], n), stats[0]);
  }
  check_row(x, want, y, log_y, stats[0], scale, worst);
}

template <class T>
std::vector<T> row_of(std::size_t kind, std::size_t n) {
  std::vector<T> x(n);
  std::mt19937_64 random(kind);
  put_row<T>(kind, n, random, [&](std::size_t a, T v) { x[a] = v; });
  return x;
}

}  // namespace

TEMPLATE_TEST_CASE("parts of a row merged", "[softmax][statistics]", float, double) {
  using T = TestType;
  on_each_isa([&](nonlin::isa isa) {
    std::mt19937_64 random(9);
    for (std::size_t kind = 0; kind < row_kinds; ++kind) {
      for (const double scale : {1.0, -0.7}) {
        if (scale != 1 && (kind >= ordinary_row_kinds || kind == 30 || kind == 35 || kind == 36)) continue;
        largest worst;
        for (const std::size_t n : {1U, 2U, 7U, 33U, 70U, 300U}) {
          const std::vector<T> x = row_of<T>(kind, n);
          const oracle::softmax_row want = exact_row(x, scale);
          if (n <= 70) {
            for (std::size_t at = 0; at <= n; ++at) check_cuts(x, {0, at, n}, scale, want, random, worst);
          }
          for (const std::size_t parts : {3U, 5U, 16U}) {
            check_cuts(x, random_cuts(n, parts, random), scale, want, random, worst);
          }
        }
        INFO(nonlin::to_string(isa) << ", rows of kind " << kind << ", scale " << scale);
        CHECK(worst.probability <= Softmax::bound);
        CHECK(worst.logarithm <= LogSoftmax::bound);
        CHECK(worst.sum <= Softmax::bound);
      }
    }
  });
}

#if !defined(__EMSCRIPTEN__) || defined(__EMSCRIPTEN_PTHREADS__)
TEMPLATE_TEST_CASE("a row over threads", "[softmax][statistics]", float, double) {
  using T = TestType;
  constexpr std::size_t n = 100003, threads = 4;
  for (const std::size_t kind : {0U, 3U, 18U, 28U}) {
    const std::vector<T> x = row_of<T>(kind, n);
    const oracle::softmax_row want = exact_row(x, 1);
    std::vector<T> y(n), log_y(n);
    std::vector<softmax_stats> stats(threads);
    const auto on_all = [&](const auto& work) {
      std::vector<std::thread> all;
      for (std::size_t k = 0; k < threads; ++k) {
        all.emplace_back([&, k] { work(k, k * n / threads, (k + 1) * n / threads - k * n / threads); });
      }
      for (std::thread& t : all) t.join();
    };
    on_all([&](std::size_t k, std::size_t first, std::size_t count) {
      stats[k] = compiled::statistics<T>(x.data() + first, count);
    });
    const softmax_stats whole = std::accumulate(stats.begin() + 1, stats.end(), stats[0], merge);
    on_all([&](std::size_t, std::size_t first, std::size_t count) {
      const std::span<const T> in(x.data() + first, count);
      compiled::softmax<T>(Softmax{}, in, std::span<T>(y.data() + first, count), whole);
      compiled::softmax<T>(LogSoftmax{}, in, std::span<T>(log_y.data() + first, count), whole);
    });
    largest worst;
    check_row(x, want, y, log_y, whole, 1, worst);
    INFO("rows of kind " << kind);
    CHECK(worst.probability <= Softmax::bound);
    CHECK(worst.logarithm <= LogSoftmax::bound);
    CHECK(worst.sum <= Softmax::bound);
  }
}
#endif

TEMPLATE_TEST_CASE("statistics with a mask and a log sum", "[softmax][statistics]", float, double) {
  using T = TestType;
  const std::vector<T> x = row_of<T>(2, 50);
  std::vector<T> mask(50, T(0)), hidden(50), y(20), want(50);
  for (std::size_t i = 0; i < 50; i += 3) mask[i] = -std::numeric_limits<T>::infinity();
  for (std::size_t i = 0; i < 50; ++i) hidden[i] = x[i] + mask[i];
  on_each_isa([&](nonlin::isa) {
    const softmax_stats stats = compiled::statistics<T>(hidden);
    T log_sum = 7, log_sum_want = 8;
    const nonlin::axis_shape shape{1, 20, 1}, all{1, 50, 1};
    compiled::softmax<T>(
        Softmax{}, x, want, all,
        {.mask = nonlin::additive_mask<T>(mask), .log_sum_exp = nonlin::log_sum_exp_to<T>(&log_sum_want, 1)});
    compiled::softmax<T>(Softmax{}, part(x, 30, 50), y, shape,
                         {.mask = nonlin::additive_mask<T>(mask.data() + 30, 20),
                          .log_sum_exp = nonlin::log_sum_exp_to<T>(&log_sum, 1),
                          .stats = stats});
    for (std::size_t i = 0; i < 20; ++i) CHECK(oracle::ulps(y[i], want[i + 30]) <= Softmax::bound);
    CHECK(oracle::ulps(log_sum, log_sum_want, 1) <= LogSoftmax::bound);
    CHECK(std::abs(nonlin::log_sum_exp(stats) - static_cast<double>(log_sum_want)) <=
          8 * static_cast<double>(std::numeric_limits<T>::epsilon()));
  });
}

TEST_CASE("merge", "[softmax][statistics]") {
  constexpr double inf = std::numeric_limits<double>::infinity(),
                   nan = std::numeric_limits<double>::quiet_NaN();
  const softmax_stats none, a{3, 1.5}, b{5, 2}, hidden{-inf, 0}, unknown{4, nan};
  CHECK(none.max == -inf);
  CHECK(none.sum == 0);
  CHECK(merge(none, none).max == -inf);
  CHECK(merge(none, none).sum == 0);
  for (const softmax_stats& empty : {none, hidden}) {
    CHECK(merge(a, empty).max == 3);
    CHECK(merge(a, empty).sum == 1.5);
    CHECK(merge(empty, a).max == 3);
    CHECK(merge(empty, a).sum == 1.5);
  }
  for (const softmax_stats& m : {merge(a, b), merge(b, a)}) {
    CHECK(m.max == 5);
    CHECK(std::abs(m.sum - (2 + 1.5 * std::exp(-2.0))) <= 4 * eps);
  }
  CHECK(is_nan(merge(a, unknown).sum));
  CHECK(is_nan(merge(unknown, b).sum));
  CHECK(is_nan(merge(none, unknown).sum));
  CHECK(nonlin::log_sum_exp(none) == -inf);
  CHECK(std::abs(nonlin::log_sum_exp(b) - (5 + std::log(2.0))) <= 8 * eps);
  CHECK(compiled::statistics<float>(nullptr, 0).max == -inf);
  CHECK(compiled::statistics<float>(nullptr, 0).sum == 0);
}

TEMPLATE_TEST_CASE("statistics of what is special", "[softmax][statistics]", float, double) {
  using T = TestType;
  constexpr T inf = std::numeric_limits<T>::infinity(), nan = std::numeric_limits<T>::quiet_NaN();
  on_each_isa([&](nonlin::isa isa) {
    for (const std::size_t n : {1U, 3U, 20U, 33U, 200U}) {
      INFO(nonlin::to_string(isa) << ", " << n << " elements");
      std::vector<T> x(n, -inf), y(n, T(7));
      const softmax_stats hidden = compiled::statistics<T>(x);
      CHECK(hidden.max == -inf);
      CHECK(hidden.sum == 0);
      // all of a row that is hidden
      compiled::softmax<T>(Softmax{}, x, y, hidden);
      CHECK(std::all_of(y.begin(), y.end(), [](T t) { return is_nan(t); }));
      compiled::softmax<T>(Softmax{.if_fully_masked = nonlin::fully_masked::zero}, x, y, hidden);
      CHECK(y == std::vector<T>(n, T(0)));
      compiled::softmax<T>(LogSoftmax{.if_fully_masked = nonlin::fully_masked::zero}, x, y, hidden);
      CHECK(y == std::vector<T>(n, -inf));
      // hidden, beside a part that is not
      const softmax_stats whole = merge(hidden, {2, 1});
      compiled::softmax<T>(Softmax{}, x, y, whole);
      CHECK(y == std::vector<T>(n, T(0)));
      for (const T bad : {nan, inf}) {
        x.assign(n, T(1));
        x[n / 2] = bad;
        const softmax_stats unknown = merge(compiled::statistics<T>(x), {2, 1});
        CHECK(is_nan(unknown.sum));
        x.assign(n, T(1));
        compiled::softmax<T>(Softmax{}, x, y, unknown);
        CHECK(std::all_of(y.begin(), y.end(), [](T t) { return is_nan(t); }));
        compiled::softmax<T>(LogSoftmax{}, x, y, unknown);
        CHECK(std::all_of(y.begin(), y.end(), [](T t) { return is_nan(t); }));
      }
    }
  });
}

// Every shape in two parts along the axis, as two machines would hold it.
TEMPLATE_TEST_CASE("statistics of many rows at once", "[softmax][statistics]", float, double) {
  using T = TestType;
  for (const nonlin::axis_shape& s : shapes()) {
    if (s.axis < 2 || s.size() == 0 || s.size() > 100000) continue;
    const std::size_t rows = s.outer * s.inner, cut = 1 + s.axis / 3;
    const nonlin::axis_shape shape_of[] = {{s.outer, cut, s.inner}, {s.outer, s.axis - cut, s.inner}};
    std::mt19937_64 random(71);
    std::normal_distribution<double> normal(0, 3);
    std::vector<T> whole(s.size()), want(s.size()), parts[2], y[2];
    for (T& e : whole) e = static_cast<T>(normal(random));
    const std::size_t begin[] = {0, cut};
    for (int k = 0; k < 2; ++k) {
      for (std::size_t o = 0; o < s.outer; ++o) {
        const auto at = whole.begin() + static_cast<std::ptrdiff_t>((o * s.axis + begin[k]) * s.inner);
        parts[k].insert(parts[k].end(), at, at + static_cast<std::ptrdiff_t>(shape_of[k].axis * s.inner));
      }
      y[k].resize(parts[k].size());
    }
    on_each_isa([&](nonlin::isa isa) {
      INFO(nonlin::to_string(isa) << ", outer " << s.outer << ", axis " << s.axis << ", inner " << s.inner);
      const double scale = 0.75;  // exact: 8 and 4 bound what follows
      std::vector<softmax_stats> all(rows), other(rows);
      compiled::statistics<T>(parts[0], shape_of[0], all, scale);
      compiled::statistics<T>(parts[1], shape_of[1], other, scale);
      for (std::size_t r = 0; r < rows; ++r) all[r] = merge(all[r], other[r]);
      compiled::softmax<T>(Softmax{.scale = scale}, std::span<const T>(whole), std::span<T>(want), s);
      double worst = 0;
      for (int k = 0; k < 2; ++k) {
        compiled::softmax_known<T>(Softmax{.scale = scale}, parts[k], y[k], shape_of[k], all);
        for (std::size_t o = 0; o < s.outer; ++o) {
          for (std::size_t j = 0; j < shape_of[k].axis * s.inner; ++j) {
            const T a = y[k][o * shape_of[k].axis * s.inner + j], b = want[(o * s.axis + begin[k]) * s.inner + j];
            worst = std::max(worst, static_cast<double>(std::abs(a - b) / b));
          }
        }
      }
      CHECK(worst <= (Softmax::bound + Softmax::bound) * static_cast<double>(std::numeric_limits<T>::epsilon()));
    });
  }
}
