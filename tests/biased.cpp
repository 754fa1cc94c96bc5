// Activations of x + b: the same bits as with b added before, the sums, in place, special values, bad calls. GELU, and Swish
// for its parameter.
#include <memory>
#include <span>
#include "calls.hpp"
#include "gated_axis.hpp"
#include "guarded.hpp"
#include "list.hpp"
#include "oracle.hpp"
#include "refused.hpp"

namespace {

using nonlin::axis_shape;
using nonlin::biased;

// Compiled once. dparam: GELU has none.
template <class T>
struct calls {
  const char* name;
  compiled::activation<T> act;
  void (*forward)(std::span<const T> x, std::span<const T> b, std::span<T> y, const axis_shape* s);
  // null spans: not biased
  void (*backward)(std::span<const T> x, std::span<const T> b, std::span<const T> dy, std::span<T> dx,
                   std::span<T> db, const axis_shape* s);
  void (*backward_parameter)(std::span<const T> x, std::span<const T> b, std::span<const T> dy,
                             std::span<T> dx, std::span<T> db, double& dparam, const axis_shape& s);
};

constexpr double beta = 1.702;
template <class A>
A make() {
  if constexpr (std::is_same_v<A, nonlin::Swish>)
    return {beta};
  else
    return {};
}

template <class T, class A>
calls<T> calls_of() {
  calls<T> c{A::name, make<A>(), nullptr, nullptr, nullptr};
  c.forward = [](std::span<const T> x, std::span<const T> b, std::span<T> y, const axis_shape* s) {
    if (s != nullptr)
      nonlin::forward(make<A>(), biased(x, b), y, *s);
    else
      nonlin::forward(make<A>(), biased(x, b), y);
  };
  c.backward = [](std::span<const T> x, std::span<const T> b, std::span<const T> dy, std::span<T> dx,
                  std::span<T> db, const axis_shape* s) {
    if (db.data() == nullptr && s != nullptr)
      nonlin::backward(make<A>(), biased(x, b), dy, dx, *s);
    else if (db.data() == nullptr)
      nonlin::backward(make<A>(), biased(x, b), dy, dx);
    else if (b.data() == nullptr && s != nullptr)
      nonlin::backward(make<A>(), x, dy, biased(dx, db), *s);
    else if (b.data() == nullptr)
      nonlin::backward(make<A>(), x, dy, biased(dx, db));
    else if (s != nullptr)
      nonlin::backward(make<A>(), biased(x, b), dy, biased(dx, db), *s);
    else
      nonlin::backward(make<A>(), biased(x, b), dy, biased(dx, db));
  };
  if constexpr (std::is_same_v<A, nonlin::Swish>) {
    c.backward_parameter = [](std::span<const T> x, std::span<const T> b, std::span<const T> dy,
                              std::span<T> dx, std::span<T> db, double& dparam, const axis_shape& s) {
      if (db.data() == nullptr)
        nonlin::backward(make<A>(), biased(x, b), dy, dx, dparam, s);
      else if (b.data() == nullptr)
        nonlin::backward(make<A>(), x, dy, biased(dx, db), dparam, s);
      else
        nonlin::backward(make<A>(), biased(x, b), dy, biased(dx, db), dparam, s);
    };
  }
  return c;
}

template <class T, class F>
void on_each(const F& f) {
  static const calls<T> all[] = {calls_of<T, nonlin::GELU>(), calls_of<T, nonlin::Swish>()};
  on_each_isa([&](nonlin::isa isa) {
    for (const calls<T>& c : all) {
      INFO(c.name << " of " << name_of<T>() << " on " << nonlin::to_string(isa));
      f(c);
    }
  });
}

}  // namespace

TEMPLATE_TEST_CASE("biased activations are those of x + b", "[biased]", float, double) {
  using T = TestType;
  on_each<T>([](const calls<T>& c) {
    for (const axis_shape& s : axis_shapes()) {
      INFO("shape " << to_string(s));
      const std::size_t n = s.size();
      const std::vector<T> x = mixture<T>(n, 1), dy = mixture<T>(n, 2);
      std::vector<T> b = ordinary<T>(s.axis, 3), y(n), dx(n), want_y(n), want_dx(n), plain_dx(n), db(s.axis);
      b[0] = T(-0.0);
      const std::vector<T> sum = plus(x, b, s);
      c.act.forward(sum.data(), want_y.data(), n);
      c.act.backward(sum.data(), dy.data(), want_dx.data(), n);
      c.act.backward(x.data(), dy.data(), plain_dx.data(), n);
      // calls on arrays do a tiny x in another way than a tiny sum is done: of GELU the last digit may differ
      const auto as_want = [&](const T* got) {
        for (std::size_t i = 0; i < n; ++i) {
          const bool tiny = c.name == std::string(nonlin::GELU::name) && std::abs(sum[i]) < (sizeof(T) == 4 ? T(0x1p-36) : T(0x1p-100));
          const T digit = std::max(std::numeric_limits<T>::denorm_min(), std::abs(want_y[i]) * std::numeric_limits<T>::epsilon());
          if (!same(got[i], want_y[i]) && !(tiny && std::abs(got[i] - want_y[i]) <= digit)) return false;
        }
        return true;
      };
      c.forward(x, b, y, &s);
      CHECK(as_want(y.data()));
      c.backward(x, b, dy, dx, {}, &s);
      CHECK(same_bits(dx, want_dx));
      std::fill(dx.begin(), dx.end(), T(77));
      c.backward(x, b, dy, dx, db, &s);
      CHECK(same_bits(dx, want_dx));
      std::vector<T> again(s.axis, T(77)), dx2(n, T(77));
      c.backward(x, {}, dy, dx2, again, &s);  // only the gradient
      CHECK(same_bits(dx2, plain_dx));
      if (c.backward_parameter != nullptr) {
        double dparam = 77, dparam2 = 78, dparam3 = 79;
        std::fill(dx2.begin(), dx2.end(), T(77));
        c.backward_parameter(x, b, dy, dx2, again, dparam, s);
        CHECK(same_bits(dx2, want_dx));
        CHECK(same_bits(again, db));
        c.backward_parameter(x, b, dy, dx2, {}, dparam2, s);
        CHECK((bits(dparam) == bits(dparam2) || is_nan(dparam)));
        c.backward_parameter(sum, {}, dy, dx2, again, dparam3, s);
        CHECK((bits(dparam) == bits(dparam3) || is_nan(dparam)));
        CHECK(same_bits(again, db));
      }
      // in place
      y = x;
      c.forward(y, b, y, &s);
      CHECK(as_want(y.data()));
      dx = x;
      c.backward(dx, b, dy, dx, again, &s);
      CHECK(same_bits(dx, want_dx));
      CHECK(same_bits(again, db));
      dx = dy;
      c.backward(x, b, dx, dx, again, &s);
      CHECK(same_bits(dx, want_dx));
      CHECK(same_bits(again, db));
      if (s.inner == 1) {  // the default
        c.forward(x, b, y, nullptr);
        CHECK(as_want(y.data()));
        c.backward(x, b, dy, dx, again, nullptr);
        CHECK(same_bits(dx, want_dx));
        CHECK(same_bits(again, db));
        c.backward(x, b, dy, dx, {}, nullptr);
        CHECK(same_bits(dx, want_dx));
        c.backward(x, {}, dy, dx, again, nullptr);
        CHECK(same_bits(dx, plain_dx));
      }
      // other alignments, the same bits: elements and sums
      if (n > 1100) continue;
      for (std::size_t k = 1; k <= 16; ++k) {
        std::vector<T> mx(n + 16), mdy(n + 16), mb(s.axis + 16), mdx(n + 16), mdb(s.axis + 16);
        const std::size_t at_x = k, at_dy = 3 * k % 17, at_b = 5 * k % 17, at_dx = 7 * k % 17,
                          at_db = 11 * k % 17;
        std::copy_n(x.data(), n, mx.data() + at_x);
        std::copy_n(dy.data(), n, mdy.data() + at_dy);
        std::copy_n(b.data(), s.axis, mb.data() + at_b);
        c.backward({mx.data() + at_x, n}, {mb.data() + at_b, s.axis}, {mdy.data() + at_dy, n},
                   {mdx.data() + at_dx, n}, {mdb.data() + at_db, s.axis}, &s);
        CHECK(first_difference(mdx.data() + at_dx, want_dx.data(), n) == n);
        CHECK(first_difference(mdb.data() + at_db, db.data(), s.axis) == s.axis);
        c.forward({mx.data() + at_x, n}, {mb.data() + at_b, s.axis}, {mdx.data() + at_dx, n}, &s);
        CHECK(as_want(mdx.data() + at_dx));
      }
    }
  });
}

// Terms of all sizes, and ones that cancel.
TEMPLATE_TEST_CASE("gradients of biases", "[biased][sum]", float, double) {
  using T = TestType;
  std::vector<axis_shape> shapes = axis_shapes();
  shapes.push_back({100000, 3, 1});
  shapes.push_back({10, 3, 10000});
  sum_error of_bias, of_parameter;
  for (const axis_shape& s : shapes) {
    const std::size_t n = s.size();
    std::vector<T> x = ordinary<T>(n, 1), dy = ordinary<T>(n, 2), b = ordinary<T>(s.axis, 3), dx(n),
                   db(s.axis);
    std::mt19937_64 random(4);
    const std::size_t back = s.inner > 1 ? 1 : s.axis * s.inner;
    for (std::size_t k = 0; k < n; ++k) {
      dy[k] = std::ldexp(dy[k], static_cast<int>(random() % 24) - 12);
      const bool second = s.inner > 1 ? k % s.inner % 2 == 1 : back != 0 && k / back % 2 == 1;
      if (second && channel(k, s) % 2 == 1) {
        x[k] = x[k - back];
        dy[k] = -dy[k - back];
      }
    }
    const std::vector<T> sum = plus(x, b, s);
    exact_sum want_dparam;
    for (std::size_t k = 0; k < n; ++k) {
      const double t = static_cast<double>(sum[k]);
      want_dparam.add(
          static_cast<long double>(dy[k]) *
          (t * t * oracle::logistic_slope(static_cast<double>(static_cast<long double>(beta) * t))));
    }
    on_each<T>([&](const calls<T>& c) {
      const auto where = [&] { return to_string(s) + " on " + nonlin::to_string(nonlin::active_isa()); };
      c.backward(x, b, dy, dx, db, &s);
      const auto want = sums_along(s, [&](std::size_t k) { return dx[k]; });
      for (std::size_t a = 0; a < s.axis; ++a) of_bias.add(db[a], want[a], where);
      if (c.backward_parameter == nullptr) return;
      double dparam = 77;
      c.backward_parameter(x, b, dy, dx, db, dparam, s);
      of_parameter.add(dparam, want_dparam, where);
    });
  }
  of_bias.check(std::string("db of ") + name_of<T>(), sum_bound<T>);
  // the parameter's derivative itself is within 6 ULP
  of_parameter.check(std::string("dparam of ") + name_of<T>(),
                     sum_bound<T> + (2 * 6 + 1) * static_cast<double>(std::numeric_limits<T>::epsilon()) / 2);
}

TEST_CASE("gradients of biases against differences", "[biased][gradient]") {
  const double step = std::cbrt(std::numeric_limits<double>::epsilon());
  on_each<double>([&](const calls<double>& c) {
    for (const axis_shape& s :
         {axis_shape{5, 4, 3}, axis_shape{3, 6, 1}, axis_shape{2, 3, 70}, axis_shape{4, 1, 5}}) {
      const std::size_t n = s.size();
      const std::vector<double> x = ordinary<double>(n, 1), dy = ordinary<double>(n, 2);
      std::vector<double> b = ordinary<double>(s.axis, 3), y(n), dx(n), db(s.axis);
      c.backward(x, b, dy, dx, db, &s);
      const auto loss = [&] {
        c.forward(x, b, y, &s);
        double sum = 0;
        for (std::size_t k = 0; k < n; ++k) sum += dy[k] * y[k];
        return sum;
      };
      for (std::size_t a = 0; a < s.axis; ++a) {
        const double before = b[a];
        b[a] = before + step;
        const double high = loss();
        b[a] = before - step;
        const double low = loss();
        b[a] = before;
        CHECK(std::abs(db[a] - (high - low) / (2 * step)) <= 1000 * step * step * static_cast<double>(n));
      }
    }
  });
}

TEMPLATE_TEST_CASE("special values in biased activations", "[biased][special]", float, double) {
  using T = TestType;
  const T inf = std::numeric_limits<T>::infinity();
  on_each<T>([&](const calls<T>& c) {
    for (const axis_shape& s : axis_shapes()) {
      if (s.size() == 0 || s.size() > 1100) continue;
      INFO("shape " << to_string(s));
      const std::size_t n = s.size();
      const std::vector<T> clean_x = ordinary<T>(n, 1), clean_dy = ordinary<T>(n, 2),
                           b = ordinary<T>(s.axis, 3);
      std::vector<T> want_y(n), want_dx(n), want_db(s.axis), y(n), dx(n), db(s.axis);
      c.forward(clean_x, b, want_y, &s);
      c.backward(clean_x, b, clean_dy, want_dx, want_db, &s);
      for (const std::size_t at : {std::size_t{0}, n / 2, n - 1}) {
        for (const bool in_x : {true, false}) {
          for (const T special : {nans<T>()[0], nans<T>()[3], inf, -inf}) {
            std::vector<T> x = clean_x, dy = clean_dy;
            (in_x ? x : dy)[at] = special;
            c.forward(x, b, y, &s);
            c.backward(x, b, dy, dx, db, &s);
            std::size_t wrong = 0;
            for (std::size_t k = 0; k < n; ++k)
              wrong += k != at && (!same(y[k], want_y[k]) || !same(dx[k], want_dx[k]));
            for (std::size_t a = 0; a < s.axis; ++a) wrong += a != channel(at, s) && !same(db[a], want_db[a]);
            if (is_nan(special))
              wrong += (in_x && !is_nan(y[at])) + !is_nan(dx[at]) + !is_nan(db[channel(at, s)]);
            else if (!in_x)
              wrong += !same(db[channel(at, s)], dx[at]);  // an infinite sum, not NaN
            CAPTURE(at, in_x, special);
            CHECK(wrong == 0);
          }
        }
      }
      // NaN in a bias: its channel
      std::vector<T> bad = b;
      bad[s.axis - 1] = nans<T>()[0];
      c.forward(clean_x, bad, y, &s);
      c.backward(clean_x, bad, clean_dy, dx, db, &s);
      std::size_t wrong = 0;
      for (std::size_t k = 0; k < n; ++k) {
        const bool last = channel(k, s) == s.axis - 1;
        wrong += last ? !is_nan(y[k]) || !is_nan(dx[k]) : !same(y[k], want_y[k]) || !same(dx[k], want_dx[k]);
      }
      for (std::size_t a = 0; a < s.axis; ++a)
        wrong += a == s.axis - 1 ? !is_nan(db[a]) : !same(db[a], want_db[a]);
      CHECK(wrong == 0);
      // -0 and a bias of -0 make -0; no bias at all in the output's operand
      const std::vector<T> zeros(n, T(-0.0)), no(s.axis, T(-0.0));
      c.forward(zeros, no, y, &s);
      for (const T e : y) wrong += bits(e) != bits(T(-0.0));
      CHECK(wrong == 0);
    }
  });
}

#if defined(NONLIN_TEST_GUARDS)
TEMPLATE_TEST_CASE("biased activations touch nothing beyond the arrays", "[biased][guard]", float, double) {
  using T = TestType;
  const guarded x(3), b(3), dy(3), dx(3), db(3);
  on_each<T>([&](const calls<T>& c) {
    std::vector<axis_shape> shapes = axis_shapes();
    for (std::size_t n = 1; n < 70; n += 3) {
      shapes.push_back({2, n, 1});
      shapes.push_back({2, 1, n});
    }
    for (const axis_shape& s : shapes) {
      const std::size_t n = s.size();
      if (n > 1100) continue;
      INFO("shape " << to_string(s));
      for (const bool end : {false, true}) {
        const std::vector<T> vx = ordinary<T>(n, 1), vb = ordinary<T>(s.axis, 2), vdy = ordinary<T>(n, 3);
        for (const guarded* g : {&x, &b, &dy, &dx, &db}) std::memset(g->begin(), mark, g->size());
        T *const px = x.place<T>(n, end), *const pb = b.place<T>(s.axis, end),
                 *const pdy = dy.place<T>(n, end), *const pdx = dx.place<T>(n, end),
                 *const pdb = db.place<T>(s.axis, end);
        std::copy_n(vx.data(), n, px);
        std::copy_n(vb.data(), s.axis, pb);
        std::copy_n(vdy.data(), n, pdy);
        c.forward({px, n}, {pb, s.axis}, {pdx, n}, &s);
        c.backward({px, n}, {pb, s.axis}, {pdy, n}, {pdx, n}, {pdb, s.axis}, &s);
        CHECK(touched_outside(dx, pdx, n) + touched_outside(db, pdb, s.axis) + touched_outside(x, px, n) ==
              0);
        CHECK(std::equal(vx.begin(), vx.end(), px));
        CHECK(std::equal(vb.begin(), vb.end(), pb));
        CHECK(std::equal(vdy.begin(), vdy.end(), pdy));
      }
    }
  });
}
#endif

TEST_CASE("a biased lambda", "[biased]") {
  const std::vector<float> x = {1, 2, 3, 4, 5, 6};
  const float b[3] = {10, 20, 30};
  std::vector<float> y(6);
  on_each_isa([&](nonlin::isa) {
    nonlin::forward([](auto v) { return v + v; }, biased(x, b), y);
    CHECK(y == std::vector<float>{22, 44, 66, 28, 50, 72});
    nonlin::forward([](auto v) { return v + v; }, biased(x, b), y, axis_shape{1, 3, 2});
    CHECK(y == std::vector<float>{22, 24, 46, 48, 70, 72});
  });
}

TEMPLATE_TEST_CASE("biased: bad calls", "[biased][bad]", float, double) {
  using T = TestType;
  const calls<T> c = calls_of<T, nonlin::Swish>();
  const std::vector<T> x(30), x31(31), b(5), b6(6), b7(7), none;
  std::vector<T> y(30, T(77)), y31(31, T(77)), dx(30, T(77)), db(5, T(77)), db6(6, T(77));
  const axis_shape s{3, 5, 2};
  double dparam = 77;
  using span = std::span<const T>;
  const T* const null = nullptr;
  check_refused([&] { c.forward(x, b6, y, &s); }, {"nonlin::forward", "b", "6", "5"});
  check_refused([&] { c.forward(x, b7, y, nullptr); }, {"nonlin::forward", "b", "7", "x", "30"});
  check_refused([&] { c.forward(x, span(b.data(), std::size_t{0}), y, nullptr); },
                {"nonlin::forward", "b", "0", "x", "30"});
  check_refused([&] { c.forward(x31, b, y31, &s); }, {"nonlin::forward", "x", "31", "3", "5", "2"});
  check_refused([&] { c.forward(x, b, y31, &s); }, {"nonlin::forward", "x", "y", "30", "31"});
  check_refused([&] { c.forward(x, span(null, 5), y, &s); }, {"nonlin::forward", "b", "null", "5"});
  check_refused([&] { c.forward(span(null, 30), b, y, &s); }, {"nonlin::forward", "x", "null", "30"});
  check_refused([&] { c.forward(x, b, std::span<T>(static_cast<T*>(nullptr), 30), &s); },
                {"nonlin::forward", "y", "null", "30"});
  const axis_shape zero{3, 0, 2}, flat{6, 5, 0};
  check_refused([&] { c.forward(x, b, y, &zero); }, {"nonlin::forward", "zero", "axis"});
  check_refused([&] { c.forward(x, b, y, &flat); }, {"nonlin::forward", "zero", "inner"});
  check_refused([&] { c.backward(x, b6, x, dx, db, &s); }, {"nonlin::backward", "b", "6", "5"});
  check_refused([&] { c.backward(x, b, x, dx, db6, &s); }, {"nonlin::backward", "db", "6", "5"});
  check_refused([&] { c.backward(x, b, x, dx, db6, nullptr); }, {"nonlin::backward", "db", "6", "5"});
  check_refused([&] { c.backward(x, b, x31, dx, db, &s); }, {"nonlin::backward", "x", "dy", "30", "31"});
  check_refused([&] { c.backward(x, b, x, y31, db, &s); }, {"nonlin::backward", "x", "dx", "30", "31"});
  check_refused([&] { c.backward_parameter(x, b6, x, dx, db, dparam, s); },
                {"nonlin::backward", "b", "6", "5"});
  // overlaps
  const std::vector<T> before = ordinary<T>(90, 1);
  std::vector<T> memory = before;
  const std::span<T> middle(memory.data() + 30, 30);
  for (const std::ptrdiff_t shift : {-29, -1, 1, 29}) {
    const std::span<T> moved(memory.data() + 30 + shift, 30);
    check_refused([&] { c.forward(middle, b, moved, &s); }, {"nonlin::forward", "y", "x", "overlaps"});
    check_refused([&] { c.backward(middle, b, x, moved, db, &s); },
                  {"nonlin::backward", "dx", "x", "overlaps"});
    check_refused([&] { c.backward(x, b, middle, moved, db, &s); },
                  {"nonlin::backward", "dx", "dy", "overlaps"});
  }
  const std::span<T> five = middle.subspan(25, 5);
  check_refused([&] { c.forward(x, five, middle, &s); }, {"nonlin::forward", "y", "b", "overlaps"});
  check_refused([&] { c.backward(x, five, x, middle, db, &s); }, {"nonlin::backward", "dx", "b", "overlaps"});
  check_refused([&] { c.backward(x, five, x, dx, five, &s); }, {"nonlin::backward", "db", "b", "overlaps"});
  check_refused([&] { c.backward(middle, b, x, dx, five, &s); }, {"nonlin::backward", "db", "x", "overlaps"});
  check_refused([&] { c.backward(x, b, middle, dx, five, &s); },
                {"nonlin::backward", "db", "dy", "overlaps"});
  check_refused([&] { c.backward(x, b, x, middle, five, &s); }, {"nonlin::backward", "db", "dx", "overlaps"});
  CHECK(memory == before);
  CHECK(y == std::vector<T>(30, T(77)));
  CHECK(y31 == std::vector<T>(31, T(77)));
  CHECK(dx == y);
  CHECK(db == std::vector<T>(5, T(77)));
  CHECK(db6 == std::vector<T>(6, T(77)));
  CHECK(dparam == 77);
}
