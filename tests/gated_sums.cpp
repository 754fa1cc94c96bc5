// The sums in the backward pass of gated units: gradients of biases and of beta.
#include "gated_axis.hpp"
#include "gated_calls.hpp"
#include "oracle.hpp"

namespace {

using compiled::packing;
using nonlin::axis_shape;

template <class T>
using in = compiled::operand<const T>;
template <class T>
using out = compiled::operand<T>;

// Terms of every size and sign; in half of the channels they cancel: each pair of elements has dy of opposite sign.
template <class T>
std::vector<T> gradients(const axis_shape& s, std::uint64_t seed) {
  std::vector<T> dy = ordinary<T>(s.size(), seed);
  std::mt19937_64 random(seed);
  const std::size_t block = s.axis * s.inner;
  for (std::size_t k = 0; k < dy.size(); ++k) {
    dy[k] = std::ldexp(dy[k], static_cast<int>(random() % 24) - 12);
    if (channel(k, s) % 2 == 1) {
      if (s.inner > 1 && k % s.inner % 2 == 1)
        dy[k] = -dy[k - 1];
      else if (s.inner == 1 && k / block % 2 == 1)
        dy[k] = -dy[k - block];
    }
  }
  return dy;
}

// 5 ULP of the parameter's derivative (parameters.cpp), and the products with dy and value
template <class T>
constexpr double parameter_bound = sum_bound<T> +
                                   (2 * 6 + 2) * static_cast<double>(std::numeric_limits<T>::epsilon()) / 2;

}  // namespace

TEMPLATE_TEST_CASE("sums of gated units", "[gated][sum]", float, double) {
  using T = TestType;
  std::vector<axis_shape> shapes = axis_shapes();
  shapes.push_back({40000, 5, 1});
  shapes.push_back({40, 5, 1000});
  sum_error of_bias, of_beta;
  for (const axis_shape& s : shapes) {
    // the same operands in pairs, for cancelling terms
    std::vector<T> gate = ordinary<T>(s.size(), 1), value = ordinary<T>(s.size(), 2);
    const std::vector<T> dy = gradients<T>(s, 3), b = ordinary<T>(s.axis, 4), c = ordinary<T>(s.axis, 5);
    const std::size_t block = s.axis * s.inner;
    for (std::size_t k = 0; k < s.size(); ++k) {
      const std::size_t pair = s.inner > 1 && k % s.inner % 2 == 1  ? k - 1
                               : s.inner == 1 && k / block % 2 == 1 ? k - block
                                                                    : k;
      gate[k] = gate[pair];
      value[k] = value[pair];
    }
    std::vector<T> dgate(s.size()), dvalue(s.size()), db(s.axis), dc(s.axis);
    const std::vector<T> g = plus(gate, b, s), v = plus(value, c, s);
    for (const double beta : {1.0, 1.702}) {
      if (beta != 1 && s.size() > 20000) continue;
      const nonlin::SwiGLU unit{{beta}};
      exact_sum want_dbeta;
      for (std::size_t k = 0; k < s.size(); ++k) {
        const double x = static_cast<double>(g[k]);
        // in double, from forms without cancellation, for double too: to within 2^-50
        want_dbeta.add(
            static_cast<long double>(dy[k]) * v[k] *
            (x * x * oracle::logistic_slope(static_cast<double>(static_cast<long double>(beta) * x))));
      }
      on_each_isa([&](nonlin::isa isa) {
        const auto where = [&] { return std::string(nonlin::to_string(isa)) + " " + to_string(s); };
        const auto check = [&](const std::vector<T>& got, const std::vector<T>& terms) {
          const auto want = sums_along(s, [&](std::size_t k) { return terms[k]; });
          for (std::size_t a = 0; a < s.axis; ++a) of_bias.add(got[a], want[a], where);
        };
        double dbeta = 77;
        compiled::gated<T>(unit).backward(in<T>(gate, b), in<T>(value, c), dy, out<T>(dgate, db),
                                          out<T>(dvalue, dc), dbeta, s);
        check(db, dgate);
        check(dc, dvalue);
        of_beta.add(dbeta, want_dbeta, where);
        // dbeta without biases: split, and packed in every layout
        std::vector<T> dg(s.size()), dv(s.size());
        dbeta = 77;
        compiled::gated<T>(unit).backward(g, v, dy, dg, dv, dbeta);
        CHECK(same_bits(dg, dgate));
        CHECK(same_bits(dv, dvalue));
        of_beta.add(dbeta, want_dbeta, where);
        dbeta = 77;
        compiled::gated<T>(unit).backward(g, v, dy, dg, dv, dbeta, s);
        of_beta.add(dbeta, want_dbeta, where);
        if (s.size() > 20000) return;
        for (const packing p : compiled::packings) {
          if (p == packing::interleaved && s.inner != 1) continue;
          const axis_shape both{s.outer, 2 * s.axis, s.inner};
          std::vector<T> x(both.size()), bias(both.axis), dx(both.size()), dbias(both.axis);
          const auto at = [&](std::size_t k, bool first, std::size_t row) {
            if (p == packing::interleaved) return 2 * k + !first;
            return k / row * 2 * row + k % row + (first == (p == packing::gate_first) ? 0 : row);
          };
          for (std::size_t k = 0; k < s.size(); ++k)
            x[at(k, true, block)] = gate[k], x[at(k, false, block)] = value[k];
          for (std::size_t a = 0; a < s.axis; ++a)
            bias[at(a, true, s.axis)] = b[a], bias[at(a, false, s.axis)] = c[a];
          dbeta = 77;
          compiled::gated<T>(unit).backward(p, in<T>(x, bias), dy, out<T>(dx, dbias), dbeta, both);
          of_beta.add(dbeta, want_dbeta, where);
          const auto want_db = sums_along(s, [&](std::size_t k) { return dgate[k]; }),
                     want_dc = sums_along(s, [&](std::size_t k) { return dvalue[k]; });
          for (std::size_t a = 0; a < s.axis; ++a) {
            of_bias.add(dbias[at(a, true, s.axis)], want_db[a], where);
            of_bias.add(dbias[at(a, false, s.axis)], want_dc[a], where);
          }
          for (std::size_t k = 0; k < s.size(); ++k)
            x[at(k, true, block)] = g[k], x[at(k, false, block)] = v[k];
          dbeta = 77;
          compiled::gated<T>(unit).backward(p, x, dy, dx, dbeta, both);
          of_beta.add(dbeta, want_dbeta, where);
        }
      });
    }
  }
  of_bias.check(std::string("db and dc of ") + name_of<T>(), sum_bound<T>);
  of_beta.check(std::string("dbeta of ") + name_of<T>(), parameter_bound<T>);
}

// The derivative by beta of no elements
TEMPLATE_TEST_CASE("sums of no elements", "[gated][sum]", float, double) {
  using T = TestType;
  const compiled::gated<T> unit(nonlin::SwiGLU{});
  std::vector<T> none, b(5), db(5, T(77)), dc(5, T(77));
  on_each_isa([&](nonlin::isa) {
    for (const axis_shape& s : {axis_shape{0, 5, 1}, axis_shape{0, 5, 100}, axis_shape{0, 5, 0}}) {
      double dbeta = 77;
      std::fill(db.begin(), db.end(), T(77));
      dc = db;
      unit.backward(in<T>(none, b), in<T>(none), none, out<T>(none, db), out<T>(none, dc), dbeta, s);
      CHECK(db == std::vector<T>(5, T(0)));
      CHECK(dc == std::vector<T>(5, T(0)));
      CHECK(bits(dbeta) == bits(0.0));
    }
    double dbeta = 77;
    unit.backward(none, none, none, none, none, dbeta);
    CHECK(bits(dbeta) == bits(0.0));
  });
}
