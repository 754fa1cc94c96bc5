// PReLU: values, gradients, the sums of the slopes' gradients up to 2^24 terms, in place, special values, bad calls.
#include <span>
#include "gated_axis.hpp"
#include "guarded.hpp"
#include "refused.hpp"

namespace {

using nonlin::axis_shape;
using nonlin::PReLU;

// Compiled once.
template <class T>
[[gnu::noinline]] void forward(std::span<const T> slopes, std::span<const T> x, std::span<T> y,
                               const axis_shape& s) {
  nonlin::forward(PReLU(slopes), x, y, s);
}
template <class T>
[[gnu::noinline]] void backward(std::span<const T> slopes, std::span<const T> x, std::span<const T> dy,
                                std::span<T> dx, std::span<T> dslopes, const axis_shape& s) {
  nonlin::backward(PReLU(slopes), x, dy, dx, dslopes, s);
}

template <class F>
void on_shapes(const F& f) {
  on_each_isa([&](nonlin::isa isa) {
    for (const axis_shape& s : axis_shapes()) {
      for (const bool shared : {false, true}) {
        INFO(nonlin::to_string(isa) << ", shape " << to_string(s) << (shared ? ", one slope" : ""));
        f(s, shared);
      }
    }
  });
}

// Of several kinds, 0 and negative ones too.
template <class T>
std::vector<T> some_slopes(std::size_t n) {
  std::vector<T> slopes = ordinary<T>(n, 9);
  for (std::size_t a = 0; a < n; a += 4) slopes[a] = T(0.25);
  for (std::size_t a = 2; a < n; a += 7) slopes[a] = 0;
  return slopes;
}

}  // namespace

// He et al., equations 1 and 9 to 10; PyTorch's kernel has x > 0.
TEMPLATE_TEST_CASE("PReLU's values and gradients, element by element", "[prelu]", float, double) {
  using T = TestType;
  on_shapes([](const axis_shape& s, bool shared) {
    const std::size_t n = s.size(), count = shared ? 1 : s.axis;
    const std::vector<T> x = mixture<T>(n, 1), dy = mixture<T>(n, 2), slopes = some_slopes<T>(count);
    std::vector<T> y(n), dx(n), dslopes(count), want_y(n), want_dx(n);
    for (std::size_t k = 0; k < n; ++k) {
      const T slope = slopes[shared ? 0 : channel(k, s)];
      const bool least = slope == 0 && x[k] == -std::numeric_limits<T>::infinity();
      want_y[k] = x[k] > 0 || is_nan(x[k]) ? x[k] : least ? T(-0.0) : slope * x[k];
      want_dx[k] = is_nan(x[k]) ? x[k] : x[k] > 0 ? dy[k] : dy[k] * slope;
    }
    forward<T>(slopes, x, y, s);
    CHECK(same_bits(y, want_y));
    backward<T>(slopes, x, dy, dx, dslopes, s);
    CHECK(same_bits(dx, want_dx));
    // in place
    std::vector<T> memory = x, again(count);
    forward<T>(slopes, memory, memory, s);
    CHECK(same_bits(memory, want_y));
    memory = x;
    backward<T>(slopes, memory, dy, memory, again, s);
    CHECK(same_bits(memory, want_dx));
    CHECK(same_bits(again, dslopes));
    memory = dy;
    backward<T>(slopes, x, memory, memory, again, s);
    CHECK(same_bits(memory, want_dx));
    CHECK(same_bits(again, dslopes));
    // by pointers
    std::fill(y.begin(), y.end(), T(77));
    nonlin::forward(PReLU<T>(slopes.data(), count), x.data(), y.data(), s);
    CHECK(same_bits(y, want_y));
    std::fill(dx.begin(), dx.end(), T(77));
    nonlin::backward(PReLU<T>(slopes.data(), count), x.data(), dy.data(), dx.data(), again.data(), s);
    CHECK(same_bits(dx, want_dx));
    CHECK(same_bits(again, dslopes));
    if (s.inner == 1 || shared) {  // no shape
      std::fill(y.begin(), y.end(), T(77));
      nonlin::forward(PReLU(slopes), x, y);
      CHECK(same_bits(y, want_y));
      nonlin::backward(PReLU(slopes), x, dy, dx, again);
      CHECK(same_bits(dx, want_dx));
      CHECK(same_bits(again, dslopes));
    }
    if (n > 1100) return;
    for (std::size_t k = 1; k <= 16; ++k) {
      std::vector<T> mx(n + 16), mdy(n + 16), mb(count + 16), mdx(n + 16), mdb(count + 16);
      const std::size_t at_x = k, at_dy = 3 * k % 17, at_b = 5 * k % 17, at_dx = 7 * k % 17,
                        at_db = 11 * k % 17;
      std::copy_n(x.data(), n, mx.data() + at_x);
      std::copy_n(dy.data(), n, mdy.data() + at_dy);
      std::copy_n(slopes.data(), count, mb.data() + at_b);
      backward<T>({mb.data() + at_b, count}, {mx.data() + at_x, n}, {mdy.data() + at_dy, n},
                  {mdx.data() + at_dx, n}, {mdb.data() + at_db, count}, s);
      CHECK(first_difference(mdx.data() + at_dx, want_dx.data(), n) == n);
      CHECK(first_difference(mdb.data() + at_db, dslopes.data(), count) == count);
      forward<T>({mb.data() + at_b, count}, {mx.data() + at_x, n}, {mdx.data() + at_dx, n}, s);
      CHECK(first_difference(mdx.data() + at_dx, want_y.data(), n) == n);
    }
  });
}

TEMPLATE_TEST_CASE("gradients of slopes", "[prelu][sum]", float, double) {
  using T = TestType;
  sum_error error;
  on_shapes([&](const axis_shape& s, bool shared) {
    const std::size_t n = s.size(), count = shared ? 1 : s.axis;
    std::vector<T> x = ordinary<T>(n, 1), dy = ordinary<T>(n, 2), slopes = some_slopes<T>(count), dx(n),
                   dslopes(count);
    for (std::size_t k = 0; k < n; ++k) {
      if (k % 5 != 0) x[k] = -std::abs(x[k]);
      if (k % 2 == 1) {  // cancels the one before, in the sum of one slope
        x[k] = x[k - 1];
        dy[k] = -dy[k - 1];
      }
    }
    backward<T>(slopes, x, dy, dx, dslopes, s);
    const auto want = sums_along(shared ? axis_shape{1, 1, n} : s, [&](std::size_t k) {
      return x[k] > 0 ? 0 : static_cast<long double>(dy[k]) * x[k];
    });
    for (std::size_t a = 0; a < count; ++a) {
      error.add(dslopes[a], want[a],
                [&] { return to_string(s) + " on " + nonlin::to_string(nonlin::active_isa()); });
    }
  });
  error.check(std::string("dslopes of ") + name_of<T>(), sum_bound<T>);
}

// 2^24 terms, the same one over and over, whose roundings go the same way, or 4093 of all sizes in turn; one slope, and one
// a channel in pieces and in runs.
TEMPLATE_TEST_CASE("gradients of slopes of 2^24 elements", "[prelu][sum]", float, double) {
  using T = TestType;
  const std::size_t all = point_count(std::size_t{1} << (sizeof(T) == 4 ? 24 : 22));
  sum_error error;
  std::vector<T> x(all), dy(all), dx(all);
  for (const double constant : {1.6517059803009033, 1.4626278877258301, 0.0}) {
    std::vector<T> terms;
    if (constant != 0) {
      terms = {static_cast<T>(constant)};
    } else {
      terms = ordinary<T>(4093, 6);
      for (std::size_t k = 0; k < terms.size(); ++k)
        terms[k] = std::ldexp(terms[k], static_cast<int>(k % 30) - 15);
    }
    std::fill(x.begin(), x.end(), T(-1));
    for (std::size_t k = 0, j = 0; k < all; ++k, j = j + 1 == terms.size() ? 0 : j + 1) dy[k] = terms[j];
    for (const axis_shape& s : {axis_shape{1, 1, all}, axis_shape{all / 64, 64, 1},
                                axis_shape{all / 256, 4, 64}, axis_shape{all / 12, 3, 4}}) {
      if (constant < 1.5 && s.inner == 64) continue;  // for the sake of time
      const std::size_t n = s.size();
      const std::vector<T> slopes(s.axis, T(0.25));
      std::vector<T> dslopes(s.axis), again(s.axis);
      std::vector<exact_sum> want(s.axis);
      if (constant != 0) {
        for (exact_sum& w : want) {
          w.value = -static_cast<long double>(terms[0]) * static_cast<long double>(n / s.axis);
          w.size = std::abs(w.value);
        }
      } else if (s.outer == 1) {
        want = sums_along(s, [&](std::size_t k) { return -static_cast<long double>(dy[k]); });
      } else if (s.axis == 64) {
        for (std::size_t k = 0; k < n; ++k) want[k % 64].add(-static_cast<long double>(dy[k]));
      } else {
        continue;
      }
      on_each_isa([&](nonlin::isa isa) {
        const auto where = [&] {
          return to_string(s) + " on " + nonlin::to_string(isa) + ", constant " + std::to_string(constant);
        };
        backward<T>(slopes, std::span(x).first(n), std::span(dy).first(n), std::span(dx).first(n), dslopes,
                    s);
        for (std::size_t a = 0; a < s.axis; ++a) error.add(dslopes[a], want[a], where);
        if (constant != 0) return;
        backward<T>(slopes, std::span(x).first(n), std::span(dy).first(n), std::span(dx).first(n), again, s);
        CHECK(same_bits(dslopes, again));  // from run to run
      });
    }
  }
  error.check(std::string("dslopes of many ") + name_of<T>(), sum_bound<T>);
}

TEST_CASE("PReLU's gradients against differences", "[prelu][gradient]") {
  const double step = 1e-3;  // it is linear on either side of the kink: any step will do
  on_each_isa([&](nonlin::isa) {
    for (const axis_shape& s :
         {axis_shape{5, 4, 3}, axis_shape{3, 6, 1}, axis_shape{2, 3, 70}, axis_shape{4, 1, 5}}) {
      const std::size_t n = s.size();
      std::vector<double> x = ordinary<double>(n, 1), slopes = some_slopes<double>(s.axis), y(n), dx(n),
                          dslopes(s.axis);
      const std::vector<double> dy = ordinary<double>(n, 2);
      for (double& e : x) e = std::abs(e) < 2 * step ? 1 : e;
      backward<double>(slopes, x, dy, dx, dslopes, s);
      const auto loss = [&] {
        forward<double>(slopes, x, y, s);
        double sum = 0;
        for (std::size_t k = 0; k < n; ++k) sum += dy[k] * y[k];
        return sum;
      };
      const auto check = [&](double& at, double gradient) {
        const double before = at;
        at = before + step;
        const double high = loss();
        at = before - step;
        const double low = loss();
        at = before;
        CHECK(std::abs(gradient - (high - low) / (2 * step)) <= 1e-9 * (1 + std::abs(gradient)));
      };
      for (std::size_t a = 0; a < s.axis; ++a) check(slopes[a], dslopes[a]);
      for (std::size_t k = 0; k < n; k += 7) check(x[k], dx[k]);
    }
  });
}

TEMPLATE_TEST_CASE("special values in PReLU", "[prelu][special]", float, double) {
  using T = TestType;
  const T inf = std::numeric_limits<T>::infinity(), nan = nans<T>()[0];
  on_each_isa([&](nonlin::isa) {
    std::vector<T> y(6), dx(6), dslopes(1);
    const std::vector<T> x = {-inf, inf, 0, T(-0.0), nan, -2}, ones(6, T(1));
    forward<T>(std::vector<T>{T(0.25)}, x, y, {1, 1, 6});
    CHECK(same_bits(y, {-inf, inf, 0, T(-0.0), nan, T(-0.5)}));
    forward<T>(std::vector<T>{0}, x, y, {1, 1, 6});
    CHECK(same_bits(y, {T(-0.0), inf, 0, T(-0.0), nan, T(-0.0)}));
    forward<T>(std::vector<T>{T(-0.5)}, x, y, {1, 1, 6});
    CHECK(same_bits(y, {inf, inf, T(-0.0), 0, nan, 1}));
    backward<T>(std::vector<T>{T(0.25)}, x, ones, dx, dslopes, {1, 1, 6});  // at 0 the slope
    CHECK(same_bits(dx, {T(0.25), 1, T(0.25), T(0.25), nan, T(0.25)}));
    CHECK(is_nan(dslopes[0]));
    const std::vector<T> to_infinity = {-1, -inf, 3, -2, 1, 0};
    backward<T>(std::vector<T>{T(0.25)}, to_infinity, ones, dx, dslopes, {1, 1, 6});
    CHECK(dslopes[0] == -inf);  // as IEEE's sum
  });
  on_shapes([&](const axis_shape& s, bool shared) {
    const std::size_t n = s.size(), count = shared ? 1 : s.axis;
    if (n == 0 || n > 1100) return;
    const std::vector<T> clean_x = ordinary<T>(n, 1), clean_dy = ordinary<T>(n, 2),
                         slopes = some_slopes<T>(count);
    std::vector<T> y(n), dx(n), dslopes(count), want_y(n), want_dx(n), want(count);
    forward<T>(slopes, clean_x, want_y, s);
    backward<T>(slopes, clean_x, clean_dy, want_dx, want, s);
    for (const std::size_t at : {std::size_t{0}, n / 2, n - 1}) {
      for (const bool in_x : {true, false}) {
        for (const T special : {nan, inf, -inf}) {
          std::vector<T> x = clean_x, dy = clean_dy;
          if (!in_x) x[at] = -1;
          (in_x ? x : dy)[at] = special;
          forward<T>(slopes, x, y, s);
          backward<T>(slopes, x, dy, dx, dslopes, s);
          std::size_t wrong = 0;
          for (std::size_t k = 0; k < n; ++k)
            wrong += k != at && (!same(y[k], want_y[k]) || !same(dx[k], want_dx[k]));
          const std::size_t own = shared ? 0 : channel(at, s);
          for (std::size_t a = 0; a < count; ++a) wrong += a != own && !same(dslopes[a], want[a]);
          if (is_nan(special))
            wrong += (in_x && !is_nan(y[at])) + !is_nan(dx[at]) + !is_nan(dslopes[own]);
          else if (!in_x)
            wrong += dslopes[own] != -special;
          else if (special < 0)
            wrong += dslopes[own] != special * dy[at];
          CAPTURE(at, in_x, special);
          CHECK(wrong == 0);
        }
      }
    }
  });
}

#if defined(NONLIN_TEST_GUARDS)
TEMPLATE_TEST_CASE("PReLU touches nothing beyond the arrays", "[prelu][guard]", float, double) {
  using T = TestType;
  const guarded mx(3), mb(3), mdy(3), mdx(3), mdb(3);
  on_shapes([&](const axis_shape& s, bool shared) {
    const std::size_t n = s.size(), count = shared ? 1 : s.axis;
    if (n > 1100) return;
    for (const bool end : {false, true}) {
      const std::vector<T> vx = ordinary<T>(n, 1), vb = ordinary<T>(count, 2), vdy = ordinary<T>(n, 3);
      for (const guarded* g : {&mx, &mb, &mdy, &mdx, &mdb}) std::memset(g->begin(), mark, g->size());
      T *const px = mx.place<T>(n, end), *const pb = mb.place<T>(count, end),
               *const pdy = mdy.place<T>(n, end), *const pdx = mdx.place<T>(n, end),
               *const pdb = mdb.place<T>(count, end);
      std::copy_n(vx.data(), n, px);
      std::copy_n(vb.data(), count, pb);
      std::copy_n(vdy.data(), n, pdy);
      forward<T>({pb, count}, {px, n}, {pdx, n}, s);
      backward<T>({pb, count}, {px, n}, {pdy, n}, {pdx, n}, {pdb, count}, s);
      CHECK(touched_outside(mdx, pdx, n) + touched_outside(mdb, pdb, count) + touched_outside(mx, px, n) ==
            0);
      CHECK(std::equal(vx.begin(), vx.end(), px));
      CHECK(std::equal(vb.begin(), vb.end(), pb));
      CHECK(std::equal(vdy.begin(), vdy.end(), pdy));
    }
  });
}
#endif

TEMPLATE_TEST_CASE("PReLU: bad calls", "[prelu][bad]", float, double) {
  using T = TestType;
  const std::vector<T> x(30), x31(31), slopes(5), six(6), seven(7), one(1);
  std::vector<T> y(30, T(77)), y31(31, T(77)), d5(5, T(77)), d6(6, T(77));
  const axis_shape s{3, 5, 2};
  const T* const null = nullptr;
  const auto back = [&](std::span<const T> p, std::span<const T> in, std::span<const T> dy, std::span<T> dx,
                        std::span<T> dp) { return [=] { backward<T>(p, in, dy, dx, dp, s); }; };
  check_refused([&] { forward<T>(six, x, y, s); }, {"nonlin::forward", "slopes", "6", "5"});
  check_refused([&] { forward<T>(slopes, x, y31, s); }, {"nonlin::forward", "x", "y", "30", "31"});
  check_refused([&] { forward<T>(slopes, x31, y31, s); }, {"nonlin::forward", "x", "31", "3", "5", "2"});
  check_refused([&] { forward<T>(one, x31, y31, s); }, {"nonlin::forward", "x", "31", "3", "5", "2"});
  check_refused([&] { forward<T>(slopes, x, y, {3, 0, 2}); }, {"nonlin::forward", "zero", "axis"});
  check_refused([&] { forward<T>(slopes, x, y, {6, 5, 0}); }, {"nonlin::forward", "zero", "inner"});
  check_refused([&] { forward<T>({null, 5}, x, y, s); }, {"nonlin::forward", "slopes", "null", "5"});
  check_refused([&] { forward<T>({null, 1}, x, y, s); }, {"nonlin::forward", "slopes", "null", "1"});
  check_refused([&] { nonlin::forward(PReLU(seven), x, y); }, {"nonlin::forward", "slopes", "7", "x", "30"});
  check_refused([&] { nonlin::forward(PReLU<T>(slopes.data(), 0), x, y); },
                {"nonlin::forward", "slopes", "0", "x", "30"});
  check_refused([&] { nonlin::forward(PReLU(slopes), null, y.data(), s); },
                {"nonlin::forward", "x", "null", "30"});
  check_refused(back(six, x, x, y, d6), {"nonlin::backward", "slopes", "6", "5"});
  check_refused(back(slopes, x, x, y, d6), {"nonlin::backward", "slopes", "dslopes", "5", "6"});
  check_refused(back(one, x, x, y, d5), {"nonlin::backward", "slopes", "dslopes", "1", "5"});
  check_refused(back(slopes, x, x31, y, d5), {"nonlin::backward", "x", "dy", "30", "31"});
  check_refused(back(slopes, x, x, y31, d5), {"nonlin::backward", "x", "dx", "30", "31"});
  check_refused(back(slopes, x, x, y, {static_cast<T*>(nullptr), 5}),
                {"nonlin::backward", "dslopes", "null", "5"});
  const std::vector<T> before = ordinary<T>(90, 1);
  std::vector<T> memory = before;
  const std::span<T> middle(memory.data() + 30, 30), five = middle.subspan(3, 5);
  for (const std::ptrdiff_t shift : {-29, -1, 1, 29}) {
    const std::span<T> moved(memory.data() + 30 + shift, 30);
    check_refused([&] { forward<T>(slopes, middle, moved, s); }, {"nonlin::forward", "y", "x", "overlaps"});
    check_refused(back(slopes, middle, x, moved, d5), {"nonlin::backward", "dx", "x", "overlaps"});
    check_refused(back(slopes, x, middle, moved, d5), {"nonlin::backward", "dx", "dy", "overlaps"});
  }
  check_refused([&] { forward<T>(five, x, middle, s); }, {"nonlin::forward", "y", "slopes", "overlaps"});
  check_refused(back(five, x, x, middle, d5), {"nonlin::backward", "dx", "slopes", "overlaps"});
  check_refused(back(five, x, x, y, five), {"nonlin::backward", "dslopes", "slopes", "overlaps"});
  check_refused(back(slopes, middle, x, y, five), {"nonlin::backward", "dslopes", "x", "overlaps"});
  check_refused(back(slopes, x, middle, y, five), {"nonlin::backward", "dslopes", "dy", "overlaps"});
  check_refused(back(slopes, x, x, middle, five), {"nonlin::backward", "dslopes", "dx", "overlaps"});
  CHECK(memory == before);
  CHECK(y == std::vector<T>(30, T(77)));
  CHECK(y31 == std::vector<T>(31, T(77)));
  CHECK(d5 == std::vector<T>(5, T(77)));
  CHECK(d6 == std::vector<T>(6, T(77)));
}
