// SoftmaxCrossEntropy: loss and gradient against the oracle, and the gradient against central differences of the loss.
#include <cstdio>
#include <cstdlib>
#include "arrays.hpp"
#include "cross_entropy_calls.hpp"
#include "list.hpp"
#include "softmax_oracle.hpp"

namespace {

using nonlin::axis_shape;
using nonlin::reduction;
using nonlin::SoftmaxCrossEntropy;

// Logits, and what they should have been: labels, or targets if there are any.
template <class T>
struct problem {
  axis_shape shape;
  SoftmaxCrossEntropy loss = {};
  std::vector<T> x = {};
  std::vector<std::int64_t> labels = {};
  std::vector<T> targets = {};
  double upstream = 1;
  std::vector<T> upstreams = {};

  std::size_t rows() const { return shape.outer * shape.inner; }
  bool ignored(std::size_t row) const { return targets.empty() && labels[row] == loss.ignore_index; }
  std::size_t counted() const {
    std::size_t n = 0;
    for (std::size_t r = 0; r < rows(); ++r) n += !ignored(r);
    return n;
  }
};

template <class T>
struct solution {
  std::vector<oracle::real> losses, dx, unit;  // unit: an ULP of the gradients of a row
  oracle::real total = 0, total_unit = 0;

  explicit solution(const problem<T>& p) : losses(p.rows()), dx(p.x.size()), unit(p.rows()) {
    const oracle::real s = p.loss.label_smoothing, eps = std::numeric_limits<T>::epsilon();
    const std::size_t count = p.counted();
    const bool mean = p.loss.reduction == reduction::mean;
    oracle::sum sum, size;
    for_each_row(p.shape, [&](std::size_t r, std::size_t first, std::size_t stride) {
      if (p.ignored(r)) return;
      const std::size_t n = p.shape.axis;
      const oracle::softmax_row row(n, [&](std::size_t a) { return oracle::logit(p.x[first + a * stride], 1, 0); });
      const auto target = [&](std::size_t a) {
        const oracle::real t = p.targets.empty() ? oracle::real(static_cast<std::int64_t>(a) == p.labels[r])
                                                 : oracle::real(p.targets[first + a * stride]);
        return (1 - s) * t + s / n;
      };
      oracle::sum weights, dot;
      for (std::size_t a = 0; a < n; ++a) {
        weights.add(target(a));
        if (target(a) != 0) dot.add(target(a) * row.difference[a]);
      }
      const oracle::real weight = weights.value();
      losses[r] = row.total > 0 ? weight * row.log_total - dot.value() : oracle::nan;
      sum.add(losses[r]);
      size.add(std::max<oracle::real>(1, std::abs(losses[r])));
      const oracle::real g = p.upstream *
                             (p.upstreams.empty() ? oracle::real(1) : oracle::real(p.upstreams[r])) /
                             (mean ? oracle::real(count) : 1);
      unit[r] = std::max<oracle::real>(std::abs(g) * std::max<oracle::real>(1, std::abs(weight)) * eps,
                                       std::numeric_limits<T>::denorm_min());
      for (std::size_t a = 0; a < n; ++a) {
        dx[first + a * stride] = g == 0 ? 0 : g * (weight * row.probability[a] - target(a));
      }
    });
    const oracle::real part = mean ? 1 / oracle::real(count) : 1;
    total = mean && count == 0 ? oracle::nan : sum.value() * part;
    total_unit = std::max<oracle::real>(size.value() * part * eps, std::numeric_limits<T>::denorm_min());
  }
};

struct worst {
  double loss = 0, total = 0, gradient = 0;

  void check() const {
    CHECK(loss <= SoftmaxCrossEntropy::bound);
    CHECK(total <= SoftmaxCrossEntropy::bound);
    CHECK(gradient <= SoftmaxCrossEntropy::bound);
  }
};
void operator|=(worst& a, const worst& b) {
  a.loss = std::max(a.loss, b.loss);
  a.total = std::max(a.total, b.total);
  a.gradient = std::max(a.gradient, b.gradient);
}

double error_of(oracle::real got, oracle::real exact, oracle::real unit) {
  if (exact != exact) return got != got ? 0 : oracle::limitless;
  if (std::isinf(exact)) return got == exact ? 0 : oracle::limitless;
  return got == got ? static_cast<double>(std::abs(got - exact) / unit) : oracle::limitless;
}

template <class T, class L>
worst measure_with(const problem<T>& p, const solution<T>& want, std::span<const L> targets, bool in_place) {
  worst w;
  std::vector<T> losses(p.rows(), T(77)), x = p.x, dx(p.x.size(), T(77));
  compiled::cross_entropy_options<T> o;
  o.losses = nonlin::losses_to<T>(losses);
  const auto compare_losses = [&](double total) {
    for (std::size_t r = 0; r < p.rows(); ++r)
      w.loss = std::max(w.loss, oracle::ulps(losses[r], want.losses[r], 1));
    w.total = std::max(w.total, error_of(total, want.total, want.total_unit));
  };
  compare_losses(compiled::cross_entropy<T, L>(p.loss, p.x, targets, p.shape, o));

  std::fill(losses.begin(), losses.end(), T(77));
  if (p.upstream != 1) o.upstream = p.upstream;
  if (!p.upstreams.empty()) o.upstreams = nonlin::upstream<T>(p.upstreams);
  std::vector<T>& out = in_place ? x : dx;
  compare_losses(compiled::cross_entropy_backward<T, L>(p.loss, x, targets, out, p.shape, o));
  for_each_row(p.shape, [&](std::size_t r, std::size_t first, std::size_t stride) {
    for (std::size_t a = 0; a < p.shape.axis; ++a) {
      const std::size_t i = first + a * stride;
      w.gradient = std::max(w.gradient, p.ignored(r) ? (out[i] == 0 ? 0 : oracle::limitless)
                                                     : error_of(out[i], want.dx[i], want.unit[r]));
    }
  });
  return w;
}

template <class T>
worst measure(const problem<T>& p, bool in_place) {
  const solution<T> want(p);
  worst w;
  const auto with = [&](const auto& targets) {
    using L = typename std::remove_cvref_t<decltype(targets)>::value_type;
    on_each_isa([&](nonlin::isa isa) {
      const worst one = measure_with<T, L>(p, want, targets, in_place);
      INFO("on " << nonlin::to_string(isa) << ", shape " << to_string(p.shape) << ", "
                 << (p.targets.empty() ? "labels of " + std::to_string(sizeof(L)) + " bytes"
                                       : std::string("targets"))
                 << ", smoothing " << p.loss.label_smoothing << ", upstream " << p.upstream
                 << (p.upstreams.empty() ? "" : " and one a row") << (in_place ? ", in place" : ""));
      one.check();
      w |= one;
    });
  };
  if (!p.targets.empty() || p.rows() == 0) {
    with(p.targets);
  } else {
    with(p.labels);
    with(std::vector<std::int32_t>(p.labels.begin(), p.labels.end()));
    const auto fits = [](std::int64_t l) { return l >= 0 && l < 256; };
    if (std::all_of(p.labels.begin(), p.labels.end(), fits))
      with(std::vector<std::uint8_t>(p.labels.begin(), p.labels.end()));
  }
  return w;
}

template <class T>
problem<T> labelled(const axis_shape& s, std::size_t seed, std::int64_t ignore) {
  problem<T> p{.shape = s};
  p.loss.ignore_index = ignore;
  p.x = logits<T>(s, seed, 43);
  std::mt19937_64 random(seed);
  p.labels.resize(p.rows());
  for (std::int64_t& l : p.labels) {
    l = random() % 5 == 0 ? ignore : static_cast<std::int64_t>(random() % s.axis);
  }
  return p;
}

// Probabilities: most add up to 1, some rows to another number, one in 7 is a label.
template <class T>
problem<T> targeted(const axis_shape& s, std::size_t seed) {
  problem<T> p{.shape = s};
  p.x = logits<T>(s, seed, 43);
  p.targets.resize(p.x.size());
  std::mt19937_64 random(seed);
  for_each_row(s, [&](std::size_t r, std::size_t first, std::size_t stride) {
    std::vector<double> t(s.axis);
    double sum = 0;
    for (double& e : t) sum += e = random() % 3 == 0 ? 0 : static_cast<double>(random() >> 11) * 0x1p-53;
    if (r % 7 == 3 || sum == 0) {
      t.assign(s.axis, 0);
      t[static_cast<std::size_t>(random() % s.axis)] = sum = 1;
    }
    const double wanted = r % 5 == 4 ? 2.5 : r % 11 == 10 ? 0 : 1;
    for (std::size_t a = 0; a < s.axis; ++a)
      p.targets[first + a * stride] = static_cast<T>(t[a] / sum * wanted);
  });
  return p;
}

template <class T>
void print(const char* what, const worst& w) {
  if (std::getenv("NONLIN_TEST_PRINT") != nullptr)
    std::printf("%-7s %-32s loss %5.2f  total %5.2f  gradient %5.2f\n", sizeof(T) == 4 ? "float" : "double",
                what, w.loss, w.total, w.gradient);
}

constexpr reduction reductions[] = {reduction::mean, reduction::sum, reduction::none};

// A problem with each reduction, upstream gradients and places of the output in turn.
template <class T, class Make>
void check_all(const char* what, const Make& make, double smoothing) {
  worst w;
  std::size_t turn = 0;
  for (const axis_shape& s : shapes()) {
    for (std::size_t v = 0; v < (variants(s, 43) + 3) / 4; ++v, ++turn) {
      problem<T> p = make(s, v);
      p.loss.label_smoothing = smoothing;
      p.loss.reduction = reductions[turn % 3];
      constexpr double upstreams[] = {1, -2.5, 1, 1e-30, 1e20};
      p.upstream = upstreams[turn % 5];
      if (turn % 5 == 2) p.upstreams = gaussian<T>(p.rows(), turn);
      w |= measure(p, turn % 2 == 0);
    }
  }
  print<T>(what, w);
}

}  // namespace

TEMPLATE_TEST_CASE("cross-entropy of labels against the oracle", "[cross_entropy]", float, double) {
  using T = TestType;
  const auto make = [](std::int64_t ignore) {
    return [ignore](const axis_shape& s, std::size_t seed) { return labelled<T>(s, seed, ignore); };
  };
  check_all<T>("labels", make(-100), 0);
  check_all<T>("labels, the first class ignored", make(0), 0);
  check_all<T>("labels, smoothing 0.1", make(-100), 0.1);
  check_all<T>("labels, smoothing 0.7, 255 ignored", make(255), 0.7);
}

TEMPLATE_TEST_CASE("cross-entropy of probabilities against the oracle", "[cross_entropy]", float, double) {
  using T = TestType;
  check_all<T>("probabilities", targeted<T>, 0);
  check_all<T>("probabilities, smoothing 0.2", targeted<T>, 0.2);
  check_all<T>("probabilities, smoothing 1", targeted<T>, 1);
}

TEMPLATE_TEST_CASE("cross-entropy of a million classes", "[cross_entropy]", float, double) {
  using T = TestType;
  const std::size_t n = point_count(1 << 20);
  for (const double smoothing : {0.0, 0.1}) {
    problem<T> p{.shape = {1, n, 1}, .x = gaussian<T>(n, 5), .labels = {static_cast<std::int64_t>(n * 3 / 4)}};
    p.loss.label_smoothing = smoothing;
    const worst w = measure(p, true);
    print<T>("a million classes", w);
  }
}

// Small enough to be worked out by hand, from the definition of torch.nn.functional.cross_entropy.
TEST_CASE("cross-entropy by hand", "[cross_entropy]") {
  const std::vector<double> x{0, 0, 0, 1, 1, 1, 0, std::log(2.0), std::log(5.0)};
  const std::vector<std::int64_t> labels{0, 1, 2};
  const axis_shape s{3, 3, 1};
  const auto near = [](double a, double b) { return std::abs(a - b) <= 1e-15 * 8; };
  const double l0 = std::log(3.0), l2 = std::log(8.0 / 5);
  on_each_isa([&](nonlin::isa) {
    std::vector<double> losses(3), dx(9);
    const auto run = [&](SoftmaxCrossEntropy loss) {
      return compiled::cross_entropy_backward<double, std::int64_t>(
          loss, x, labels, dx, s, {.losses = nonlin::losses_to<double>(losses)});
    };
    CHECK(near(run({}), (2 * l0 + l2) / 3));
    CHECK(near(losses[2], l2));
    CHECK(near(dx[0], -2 / 9.0));
    CHECK(near(dx[8], (5 / 8.0 - 1) / 3));
    CHECK(near(run({.reduction = reduction::sum}), 2 * l0 + l2));
    CHECK(near(dx[8], 5 / 8.0 - 1));
    CHECK(near(run({.ignore_index = 1}), (l0 + l2) / 2));
    CHECK(losses[1] == 0);
    CHECK(dx[4] == 0);
    CHECK(near(dx[8], (5 / 8.0 - 1) / 2));
    // (1 - e) loss + e mean of -log softmax
    CHECK(near(run({.label_smoothing = 0.3, .reduction = reduction::none}),
               2 * l0 + 0.7 * l2 + 0.1 * (3 * std::log(8.0) - std::log(2.0) - std::log(5.0))));
  });
}

TEMPLATE_TEST_CASE("cross-entropy where no row counts", "[cross_entropy]", float, double) {
  using T = TestType;
  on_each_isa([&](nonlin::isa) {
    for (const axis_shape& s : shapes()) {
      std::vector<T> x(s.size(), std::numeric_limits<T>::quiet_NaN()), dx(s.size(), T(77));
      const std::vector<std::int64_t> labels(s.outer * s.inner, -100);
      const std::vector<std::int32_t> none;
      std::vector<T> losses(labels.size(), T(77));
      const auto run = [&](reduction r) {
        return compiled::cross_entropy_backward<T, std::int64_t>({.reduction = r}, x, labels, dx, s,
                                                                 {.losses = nonlin::losses_to<T>(losses)});
      };
      INFO(to_string(s));
      CHECK(is_nan(run(reduction::mean)));
      CHECK(dx == std::vector<T>(s.size(), T(0)));
      CHECK(losses == std::vector<T>(losses.size(), T(0)));
      CHECK(run(reduction::sum) == 0);
      CHECK(dx == std::vector<T>(s.size(), T(0)));
      CHECK(run(reduction::none) == 0);
    }
    const std::vector<T> no_targets;
    CHECK(is_nan(compiled::cross_entropy<T, T>({}, no_targets, no_targets, {0, 3, 1})));
    CHECK(compiled::cross_entropy<T, T>({.reduction = reduction::sum}, no_targets, no_targets, {0, 3, 1}) ==
          0);
  });
}

// Ignored rows may hold anything; a NaN elsewhere is seen in its row and in no other.
TEMPLATE_TEST_CASE("cross-entropy of rows with NaN", "[cross_entropy]", float, double) {
  using T = TestType;
  on_each_isa([&](nonlin::isa isa) {
    for (const axis_shape& s : shapes()) {
      const std::size_t rows = s.outer * s.inner;
      if (rows < 2) continue;
      for (const double smoothing : {0.0, 0.1}) {
        INFO("on " << nonlin::to_string(isa) << ", shape " << to_string(s) << ", smoothing " << smoothing);
        std::vector<T> x = gaussian<T>(s.size(), 1), dx(s.size()), dx_before(s.size()), losses(rows),
                       before(rows);
        std::vector<std::int64_t> labels(rows, static_cast<std::int64_t>(s.axis) - 1);
        labels[0] = labels[rows / 2] = -100;
        const auto run = [&](std::vector<T>& gradient, std::vector<T>& l) {
          return compiled::cross_entropy_backward<T, std::int64_t>(
              {.label_smoothing = smoothing}, x, labels, gradient, s, {.losses = nonlin::losses_to<T>(l)});
        };
        const double total = run(dx_before, before);
        for (const T bad : {nans<T>()[0], nans<T>()[4], std::numeric_limits<T>::infinity()}) {
          for (const std::size_t row : {std::size_t{0}, rows / 2}) {
            for (const std::size_t a : {std::size_t{0}, s.axis - 1}) {
              x[(row / s.inner * s.axis + a) * s.inner + row % s.inner] = bad;
            }
          }
          const double with_nan = run(dx, losses);
          CHECK(same(with_nan, total));
          CHECK(losses == before);
          CHECK(dx == dx_before);
        }
        // now one that counts
        const std::size_t last = rows - 1;
        if (last == rows / 2) continue;
        x[(last / s.inner * s.axis + s.axis / 2) * s.inner + last % s.inner] = nans<T>()[0];
        CHECK(is_nan(run(dx, losses)));
        std::size_t wrong = 0;
        for_each_row(s, [&](std::size_t r, std::size_t first, std::size_t stride) {
          wrong += r == last ? !is_nan(losses[r]) : bits(losses[r]) != bits(before[r]);
          for (std::size_t k = 0, i = first; k < s.axis; ++k, i += stride) {
            wrong += r == last ? !is_nan(dx[i]) : dx[i] != dx_before[i];
          }
        });
        CHECK(wrong == 0);
      }
    }
  });
}

namespace {

template <class L>
void check_differences(const SoftmaxCrossEntropy& loss, const axis_shape& s, const std::vector<L>& targets) {
  const std::vector<double> x = gaussian<double>(s.size(), 8);
  const std::size_t rows = s.outer * s.inner;
  const std::vector<double> weights = gaussian<double>(rows, 9);
  on_each_isa([&](nonlin::isa isa) {
    INFO("on " << nonlin::to_string(isa) << ", shape " << to_string(s) << ", smoothing "
               << loss.label_smoothing);
    std::vector<double> dx(s.size()), dx_weighted(s.size()), moved = x, losses(rows), high_losses(rows);
    const auto value = [&](std::vector<double>& l) {
      return compiled::cross_entropy<double, L>(loss, moved, targets, s,
                                                {.losses = nonlin::losses_to<double>(l)});
    };
    compiled::cross_entropy_backward<double, L>(loss, x, targets, dx, s, {.upstream = 3.0});
    compiled::cross_entropy_backward<double, L>(loss, x, targets, dx_weighted, s,
                                                {.upstreams = nonlin::upstream<double>(weights)});
    double worst_total = 0, worst_weighted = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double h = 1e-5;
      moved[i] = x[i] + h;
      const double high = value(high_losses);
      moved[i] = x[i] - h;
      const double low = value(losses);
      moved[i] = x[i];
      worst_total = std::max(worst_total, std::abs(3 * (high - low) / (2 * h) - dx[i]));
      if (loss.reduction != reduction::none) continue;
      double weighted = 0;
      for (std::size_t r = 0; r < rows; ++r) weighted += weights[r] * (high_losses[r] - losses[r]) / (2 * h);
      worst_weighted = std::max(worst_weighted, std::abs(weighted - dx_weighted[i]));
    }
    CHECK(worst_total <= 2e-8);
    CHECK(worst_weighted <= 2e-8);
  });
}

}  // namespace

TEST_CASE("gradient of cross-entropy against differences", "[cross_entropy][gradient]") {
  for (const axis_shape& s : {axis_shape{4, 7, 1}, axis_shape{3, 40, 1}, axis_shape{2, 9, 3},
                              axis_shape{1, 70, 2}, axis_shape{2, 5, 20}}) {
    for (const double smoothing : {0.0, 0.2}) {
      for (const reduction r : reductions) {
        const SoftmaxCrossEntropy loss{.label_smoothing = smoothing, .reduction = r};
        check_differences(loss, s, labelled<double>(s, 3, -100).labels);
        check_differences(loss, s, targeted<double>(s, 4).targets);
      }
    }
  }
}

// A row is its own affair here too.
TEMPLATE_TEST_CASE("cross-entropy of a row has the same bits anywhere", "[cross_entropy][stability]", float,
                   double) {
  using T = TestType;
  on_each_isa([&](nonlin::isa isa) {
    for (const axis_shape& s : shapes()) {
      if (s.size() == 0) continue;
      INFO("on " << nonlin::to_string(isa) << ", shape " << to_string(s));
      const std::size_t n = s.size(), rows = s.outer * s.inner, block = s.axis * s.inner;
      const problem<T> p = labelled<T>(s, 1, -100);
      std::vector<T> want(n), got(n), losses(rows), got_losses(rows);
      const SoftmaxCrossEntropy loss{.label_smoothing = 0.1, .reduction = reduction::sum};
      compiled::cross_entropy_backward<T, std::int64_t>(loss, p.x, p.labels, want, s,
                                                        {.losses = nonlin::losses_to<T>(losses)});
      // in place, and unaligned
      std::vector<T> moved(n + 3);
      for (std::size_t k = 0; k <= 3; ++k) {
        std::copy_n(p.x.data(), n, &moved[k]);
        const std::span<T> there(moved.data() + k, n);
        compiled::cross_entropy_backward<T, std::int64_t>(loss, there, p.labels, there, s,
                                                          {.losses = nonlin::losses_to<T>(got_losses)});
        CHECK(first_difference(there.data(), want.data(), n) == n);
        CHECK(first_difference(got_losses.data(), losses.data(), rows) == rows);
      }
      // fewer rows
      for (std::size_t o = 0; o < s.outer; ++o) {
        compiled::cross_entropy_backward<T, std::int64_t>(
            loss, std::span<const T>(p.x).subspan(o * block, block),
            std::span<const std::int64_t>(p.labels).subspan(o * s.inner, s.inner),
            std::span<T>(got).subspan(0, block), {1, s.axis, s.inner},
            {.losses = nonlin::losses_to<T>(got_losses.data(), s.inner)});
        CHECK(first_difference(got.data(), &want[o * block], block) == block);
        CHECK(first_difference(got_losses.data(), &losses[o * s.inner], s.inner) == s.inner);
      }
      // by pointers
      compiled::cross_entropy_backward<T, std::int64_t>(loss, p.x.data(), p.labels.data(), got.data(), s);
      CHECK(first_difference(got.data(), want.data(), n) == n);
      CHECK(same(compiled::cross_entropy<T, std::int64_t>(loss, p.x.data(), p.labels.data(), s),
                 compiled::cross_entropy<T, std::int64_t>(loss, p.x, p.labels, s)));
    }
  });
}
