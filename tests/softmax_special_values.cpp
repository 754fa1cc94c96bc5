// NaN, infinities and rows that are hidden altogether, anywhere in a row, beside other rows.
#include "arrays.hpp"
#include "list.hpp"
#include "softmax_calls.hpp"
#include "softmax_oracle.hpp"

namespace {

using nonlin::axis_shape;
using nonlin::fully_masked;
using nonlin::LogSoftmax;
using nonlin::Softmax;

// An array of rows, one of them special.
template <class T>
struct rows_of {
  axis_shape shape;
  std::vector<T> x;

  std::size_t index(std::size_t row, std::size_t a) const {
    return (row / shape.inner * shape.axis + a) * shape.inner + row % shape.inner;
  }
};

// f(row, a): the places in an array that matter
template <class F>
void for_places(const axis_shape& s, const F& f) {
  const std::size_t rows = s.outer * s.inner;
  for (const std::size_t row : {std::size_t{0}, rows / 2, rows - 1}) {
    for (const std::size_t a : {std::size_t{0}, s.axis / 2, s.axis - 1}) f(row, a);
  }
}

// How many elements are other than `expected` says of row `row`, or than `before` in another row.
template <class T, class Expected>
std::size_t count_wrong(const rows_of<T>& r, const std::vector<T>& got, const std::vector<T>& before,
                        std::size_t row, const Expected& expected) {
  std::size_t wrong = 0;
  for_each_row(r.shape, [&](std::size_t q, std::size_t first, std::size_t stride) {
    for (std::size_t a = 0; a < r.shape.axis; ++a) {
      const std::size_t i = first + a * stride;
      wrong += q == row ? !expected(got[i], a) : bits(got[i]) != bits(before[i]);
    }
  });
  return wrong;
}

template <class T, class A>
std::vector<T> softmax(const A& act, const rows_of<T>& r, const std::vector<T>& mask = {}) {
  std::vector<T> y(r.x.size(), T(77));
  if (mask.empty())
    compiled::softmax<T>(act, r.x, y, r.shape);
  else
    compiled::softmax<T>(act, r.x, y, r.shape, {.mask = nonlin::additive_mask<T>(mask)});
  return y;
}

template <class T, class F>
void for_arrays(const F& f) {
  on_each_isa([&](nonlin::isa isa) {
    for (const axis_shape& s : shapes()) {
      if (s.size() == 0) continue;
      INFO("on " << nonlin::to_string(isa) << ", shape " << to_string(s));
      f(rows_of<T>{s, gaussian<T>(s.size(), 4)});
    }
  });
}

template <class T>
constexpr T inf = std::numeric_limits<T>::infinity();

const auto is_not_a_number = [](auto y, std::size_t) { return is_nan(y); };

template <class T, class A>
void check_invalid(const A& act) {
  for_arrays<T>([&](rows_of<T> r) {
    const std::vector<T> before = softmax(act, r);
    std::vector<T> mask(r.x.size(), T(0));
    const std::vector<T> masked_before = softmax(act, r, mask);
    std::size_t wrong = 0;
    for_places(r.shape, [&](std::size_t row, std::size_t a) {
      const std::size_t i = r.index(row, a);
      const T ordinary = r.x[i];
      for (const T bad : {nans<T>()[0], nans<T>()[4], inf<T>}) {
        r.x[i] = bad;
        wrong += count_wrong(r, softmax(act, r), before, row, is_not_a_number);
        mask[i] = -inf<T>;  // where it is hidden
        wrong += count_wrong(r, softmax(act, r, mask), masked_before, row, is_not_a_number);
        mask[i] = 0;
        r.x[i] = ordinary;
      }
      mask[i] = nans<T>()[1];
      wrong += count_wrong(r, softmax(act, r, mask), masked_before, row, is_not_a_number);
      mask[i] = 0;
    });
    CHECK(wrong == 0);
  });
}

template <class T, class A>
void check_hidden(const A& act, T hidden) {
  for_arrays<T>([&](rows_of<T> r) {
    if (r.shape.axis == 1) return;
    const std::vector<T> before = softmax(act, r);
    std::size_t wrong = 0;
    for_places(r.shape, [&](std::size_t row, std::size_t a) {
      const std::size_t i = r.index(row, a);
      const T ordinary = r.x[i];
      r.x[i] = -inf<T>;
      wrong += count_wrong(r, softmax(act, r), before, row, [&](T y, std::size_t at) {
        return at == a ? bits(y) == bits(hidden) : std::isfinite(y);
      });
      r.x[i] = ordinary;
    });
    CHECK(wrong == 0);
  });
}

// A row that is -inf everywhere, by itself or by the mask, gives `want`.
template <class T, class A>
void check_fully_hidden(const A& act, T want) {
  const auto as_wanted = [&](T y, std::size_t) { return is_nan(want) ? is_nan(y) : bits(y) == bits(want); };
  for_arrays<T>([&](rows_of<T> r) {
    const std::vector<T> before = softmax(act, r);
    std::size_t wrong = 0;
    const std::size_t rows = r.shape.outer * r.shape.inner;
    for (const std::size_t row : {std::size_t{0}, rows / 2, rows - 1}) {
      rows_of<T> h = r;
      std::vector<T> mask(r.x.size(), T(0)), log_sum(rows, T(77)), y(r.x.size());
      const std::vector<T> masked_before = softmax(act, r, mask);
      for (std::size_t a = 0; a < r.shape.axis; ++a) h.x[r.index(row, a)] = mask[r.index(row, a)] = -inf<T>;
      wrong += count_wrong(r, softmax(act, h), before, row, as_wanted);
      wrong += count_wrong(r, softmax(act, r, mask), masked_before, row, as_wanted);
      compiled::softmax<T>(act, h.x, y, r.shape, {.log_sum_exp = nonlin::log_sum_exp_to<T>(log_sum)});
      for (std::size_t q = 0; q < rows; ++q)
        wrong += q == row ? log_sum[q] != -inf<T> : !std::isfinite(log_sum[q]);
      // a NaN or an infinity wins
      for (const T bad : {nans<T>()[0], inf<T>}) {
        const std::size_t i = r.index(row, (r.shape.axis - 1) / 2);
        h.x[i] = bad;
        wrong += count_wrong(r, softmax(act, h), before, row, is_not_a_number);
        wrong += count_wrong(r, softmax(act, h, mask), masked_before, row, is_not_a_number);
        h.x[i] = -inf<T>;
      }
    }
    CHECK(wrong == 0);
  });
}

}  // namespace

TEMPLATE_TEST_CASE("a NaN or inf makes its row NaN, and no other", "[softmax][special]", float, double) {
  check_invalid<TestType>(Softmax{});
  check_invalid<TestType>(LogSoftmax{});
  check_invalid<TestType>(Softmax{.if_fully_masked = fully_masked::zero});
  check_invalid<TestType>(LogSoftmax{.if_fully_masked = fully_masked::zero});
}

TEMPLATE_TEST_CASE("a logit of -inf is hidden", "[softmax][special]", float, double) {
  check_hidden<TestType>(Softmax{}, TestType(0));
  check_hidden<TestType>(LogSoftmax{}, -inf<TestType>);
}

TEMPLATE_TEST_CASE("a row that is hidden altogether", "[softmax][special]", float, double) {
  using T = TestType;
  const T nan = std::numeric_limits<T>::quiet_NaN();
  check_fully_hidden<T>(Softmax{}, nan);
  check_fully_hidden<T>(LogSoftmax{}, nan);
  check_fully_hidden<T>(Softmax{.if_fully_masked = fully_masked::zero}, T(0));
  check_fully_hidden<T>(LogSoftmax{.if_fully_masked = fully_masked::zero}, -inf<T>);
}

// A row whose first logits are hidden, as by padding on the left, is the row of the others, wherever those lie and however they are
// hidden: the lowest number is as good as -inf.
TEMPLATE_TEST_CASE("logits hidden before all others", "[softmax][special]", float, double) {
  using T = TestType;
  on_each_isa([&](nonlin::isa) {
    std::mt19937_64 random(5);
    std::normal_distribution<double> normal;
    for (const std::size_t n : {5U, 14U, 40U, 130U, 300U}) {
      for (const std::size_t hidden : {1U, 4U, 13U, 16U, 31U, 32U, 33U, 64U, 100U, 129U}) {
        if (hidden >= n) continue;
        for (const double level : {0., -50., -5000., 100.}) {
          for (const T hiding : {-inf<T>, std::numeric_limits<T>::lowest()}) {
            const axis_shape shape{1, n, 1};
            std::vector<T> first(n, hiding), last(n, hiding), seen(n), mask(n), want(n), y(n, T(77));
            for (std::size_t i = 0; i < n; ++i) {
              seen[i] = T(level + normal(random));
              if (i < hidden)
                mask[i] = hiding;
              else
                last[i - hidden] = first[i] = seen[i];
            }
            compiled::softmax<T>(Softmax{}, last, want, shape);
            std::size_t wrong = 0;
            const auto compare = [&] {
              for (std::size_t i = 0; i < n; ++i) {
                const T w = i < hidden ? T(0) : want[i - hidden];
                wrong += !(std::abs(y[i] - w) <= 16 * std::numeric_limits<T>::epsilon() * w);
              }
            };
            compiled::softmax<T>(Softmax{}, first, y, shape);
            compare();
            compiled::softmax<T>(Softmax{}, first, first, shape);
            wrong += first_difference(first.data(), y.data(), n) != n;
            compiled::softmax<T>(Softmax{}, seen, y, shape, {.mask = nonlin::additive_mask<T>(mask)});
            compare();
            INFO(n << " logits, " << hidden << " of them hidden by " << hiding << ", at " << level);
            CHECK(wrong == 0);
          }
        }
      }
    }
  });
}

TEMPLATE_TEST_CASE("no rows at all", "[softmax][special]", float, double) {
  using T = TestType;
  std::vector<T> none;
  const axis_shape s{0, 5, 3};
  const auto check = [&](const auto& act) {
    compiled::softmax<T>(act, none, none);
    compiled::softmax<T>(act, none, none, s);
    compiled::softmax<T>(act, static_cast<const T*>(nullptr), static_cast<T*>(nullptr), 0);
    compiled::softmax_backward<T>(act, none, none, none, s);
    compiled::softmax_backward<T>(act, none, none, none);
    const std::vector<T> mask(15);
    compiled::softmax<T>(act, none, none, s, {.mask = nonlin::additive_mask<T>(mask)});
    compiled::softmax<T>(act, none, none, s, {.mask = nonlin::additive_mask<T>(none)});
    compiled::softmax<T>(act, none, none, s, {.log_sum_exp = nonlin::log_sum_exp_to<T>(none)});
  };
  on_each_isa([&](nonlin::isa) {
    CHECK_NOTHROW(check(Softmax{}));
    CHECK_NOTHROW(check(LogSoftmax{}));
  });
}
