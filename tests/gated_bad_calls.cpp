// Gated units: calls that make no sense throw, say why, and write nothing.
#include "gated_axis.hpp"
#include "gated_calls.hpp"
#include "refused.hpp"

namespace {

using compiled::packing;
using nonlin::axis_shape;

template <class T>
using in = compiled::operand<const T>;
template <class T>
using out = compiled::operand<T>;

// Outputs, which have to stay as they are.
template <class T>
struct outputs {
  std::vector<T> y, dgate, dvalue, db, dc;
  double dbeta = 77;

  outputs(std::size_t n, std::size_t axis) : y(n, T(77)), dgate(y), dvalue(y), db(axis, T(77)), dc(db) {}
  void check_unwritten() const {
    for (const std::vector<T>* v : {&y, &dgate, &dvalue, &db, &dc})
      CHECK(*v == std::vector<T>(v->size(), T(77)));
    CHECK(dbeta == 77);
  }
};

}  // namespace

TEMPLATE_TEST_CASE("gated: sizes that differ", "[gated][bad]", float, double) {
  using T = TestType;
  const std::vector<T> ten(10), eleven(11), none;
  const compiled::gated<T> unit(nonlin::SwiGLU{});
  outputs<T> o(10, 5), o11(11, 5);
  on_each_isa([&](nonlin::isa) {
    check_refused([&] { unit.forward(ten, eleven, o.y); }, {"nonlin::forward", "gate", "value", "10", "11"});
    check_refused([&] { unit.forward(eleven, ten, o.y); }, {"nonlin::forward", "gate", "value", "10", "11"});
    check_refused([&] { unit.forward(ten, ten, o11.y); }, {"nonlin::forward", "gate", "y", "10", "11"});
    check_refused([&] { unit.forward(none, none, o.y); }, {"nonlin::forward", "gate", "y", "10", "0"});
    check_refused([&] { unit.backward(ten, eleven, ten, o.dgate, o.dvalue); },
                  {"nonlin::backward", "value", "10", "11"});
    check_refused([&] { unit.backward(ten, ten, eleven, o.dgate, o.dvalue); },
                  {"nonlin::backward", "dy", "10", "11"});
    check_refused([&] { unit.backward(ten, ten, ten, o11.dgate, o.dvalue); },
                  {"nonlin::backward", "dgate", "10", "11"});
    check_refused([&] { unit.backward(ten, ten, ten, o.dgate, o11.dvalue); },
                  {"nonlin::backward", "dvalue", "10", "11"});
    check_refused([&] { unit.backward(ten, ten, eleven, o.dgate, o.dvalue, o.dbeta); },
                  {"nonlin::backward", "dy", "10", "11"});
  });
  o.check_unwritten();
  o11.check_unwritten();
}

TEMPLATE_TEST_CASE("gated: biases and shapes that do not fit", "[gated][bad]", float, double) {
  using T = TestType;
  const std::vector<T> x(30), b5(5), b6(6), b7(7), b0;
  const compiled::gated<T> unit(nonlin::SwiGLU{});
  outputs<T> o(30, 5);
  std::vector<T> db6(6, T(77));
  const axis_shape s{3, 5, 2};
  check_refused([&] { unit.forward(in<T>(x, b6), x, o.y, s); }, {"nonlin::forward", "b", "6", "5"});
  check_refused([&] { unit.forward(x, in<T>(x, b6), o.y, s); }, {"nonlin::forward", "c", "6", "5"});
  check_refused([&] { unit.forward(in<T>(x, b5), in<T>(x, b6), o.y, s); },
                {"nonlin::forward", "c", "6", "5"});
  check_refused([&] { unit.forward(in<T>(x, b7), x, o.y); }, {"nonlin::forward", "b", "7", "gate", "30"});
  check_refused([&] { unit.forward(in<T>(x, b0), x, o.y); }, {"nonlin::forward", "b", "0", "gate", "30"});
  check_refused([&] { unit.forward(in<T>(x, b5), in<T>(x, b6), o.y); }, {"nonlin::forward", "c", "6", "5"});
  check_refused(
      [&] {
        unit.forward(x, x, o.y, axis_shape{3, 5, 3});
      },
      {"nonlin::forward", "gate", "30", "outer", "3", "5"});
  check_refused(
      [&] {
        unit.forward(x, x, o.y, axis_shape{3, 0, 3});
      },
      {"nonlin::forward", "zero", "axis", "0"});
  check_refused([&] { unit.forward(x, x, o.y, axis_shape{6, 5, 0}); }, {"nonlin::forward", "zero", "inner"});
  check_refused([&] { unit.forward(in<T>(b0, b5), b0, o.dc, axis_shape{0, 0, 1}); }, {"nonlin::forward"});
  const std::size_t half = ~std::size_t{0} / 2 + 1;  // twice as many are 0
  check_refused(
      [&] {
        unit.forward(b0, b0, std::span<T>(), axis_shape{half, 2, 1});
      },
      {"nonlin::forward", "gate", "0"});

  const auto backward = [&](const in<T>& gate, const in<T>& value, const out<T>& dgate,
                            const out<T>& dvalue) {
    return [&, gate, value, dgate, dvalue] { unit.backward(gate, value, x, dgate, dvalue, o.dbeta, s); };
  };
  check_refused(backward(in<T>(x, b6), x, o.dgate, o.dvalue), {"nonlin::backward", "b", "6", "5"});
  check_refused(backward(x, in<T>(x, b6), o.dgate, o.dvalue), {"nonlin::backward", "c", "6", "5"});
  check_refused(backward(x, x, out<T>(o.dgate, db6), o.dvalue), {"nonlin::backward", "db", "6", "5"});
  check_refused(backward(x, x, o.dgate, out<T>(o.dvalue, db6)), {"nonlin::backward", "dc", "6", "5"});
  check_refused([&] { unit.backward(x, x, x, out<T>(o.dgate, db6), out<T>(o.dvalue, o.dc)); },
                {"nonlin::backward", "dc", "6", "5"});
  o.check_unwritten();
  CHECK(db6 == std::vector<T>(6, T(77)));
}

TEMPLATE_TEST_CASE("gated: null pointers", "[gated][bad]", float, double) {
  using T = TestType;
  const std::vector<T> x(10), b(5);
  const compiled::gated<T> unit(nonlin::SwiGLU{});
  outputs<T> o(10, 5);
  const T* const null = nullptr;
  T* const no_output = nullptr;
  const T* const p = x.data();
  check_refused([&] { unit.forward(null, p, o.y.data(), 10); }, {"nonlin::forward", "gate", "null", "10"});
  check_refused([&] { unit.forward(p, null, o.y.data(), 10); }, {"nonlin::forward", "value", "null", "10"});
  check_refused([&] { unit.forward(p, p, no_output, 10); }, {"nonlin::forward", "y", "null", "10"});
  check_refused([&] { unit.backward(null, p, p, o.dgate.data(), o.dvalue.data(), 10); },
                {"nonlin::backward", "gate", "null"});
  check_refused([&] { unit.backward(p, null, p, o.dgate.data(), o.dvalue.data(), 10); },
                {"nonlin::backward", "value", "null"});
  check_refused([&] { unit.backward(p, p, null, o.dgate.data(), o.dvalue.data(), 10); },
                {"nonlin::backward", "dy", "null"});
  check_refused([&] { unit.backward(p, p, p, no_output, o.dvalue.data(), 10); },
                {"nonlin::backward", "dgate", "null"});
  check_refused([&] { unit.backward(p, p, p, o.dgate.data(), no_output, 10); },
                {"nonlin::backward", "dvalue", "null"});
  check_refused(
      [&] {
        unit.forward(packing::gate_first, null, o.dc.data(), axis_shape{1, 10, 1});
      },
      {"nonlin::forward", "x", "null"});
  check_refused(
      [&] {
        unit.forward(packing::gate_last, p, no_output, axis_shape{1, 10, 1});
      },
      {"nonlin::forward", "y", "null"});
  check_refused(
      [&] {
        unit.backward(packing::gate_first, null, p, o.y.data(), axis_shape{1, 10, 1});
      },
      {"nonlin::backward", "x", "null"});
  check_refused(
      [&] {
        unit.backward(packing::gate_first, p, null, o.y.data(), axis_shape{1, 10, 1});
      },
      {"nonlin::backward", "dy", "null"});
  check_refused(
      [&] {
        unit.backward(packing::gate_first, p, p, no_output, axis_shape{1, 10, 1});
      },
      {"nonlin::backward", "dx", "null"});
  const std::span<const T> no_bias(null, 5);
  const std::span<T> no_sums(no_output, 5);
  check_refused([&] { unit.forward(in<T>(x, no_bias), x, o.y); }, {"nonlin::forward", "b", "null", "5"});
  check_refused([&] { unit.forward(x, in<T>(x, no_bias), o.y); }, {"nonlin::forward", "c", "null", "5"});
  check_refused(
      [&] {
        unit.backward(x, x, x, out<T>(o.dgate, no_sums), o.dvalue, axis_shape{2, 5, 1});
      },
      {"nonlin::backward", "db", "null", "5"});
  check_refused(
      [&] {
        unit.backward(x, x, x, o.dgate, out<T>(o.dvalue, no_sums), axis_shape{2, 5, 1});
      },
      {"nonlin::backward", "dc", "null", "5"});
  unit.forward(null, null, no_output, 0);  // nothing of nothing is fine
  unit.backward(null, null, null, no_output, no_output, 0);
  unit.forward(packing::gate_first, null, no_output, axis_shape{0, 10, 1});
  o.check_unwritten();
}

TEMPLATE_TEST_CASE("gated: packed arrays that do not fit", "[gated][bad]", float, double) {
  using T = TestType;
  const std::vector<T> x(30), x15(15), b5(5), b10(10), b6(6), half(15), none;
  std::vector<T> y(15, T(77)), y14(14, T(77)), dx(30, T(77)), dx28(28, T(77)), db5(5, T(77)), db10(10, T(77));
  const compiled::gated<T> unit(nonlin::SwiGLU{});
  const axis_shape s{3, 10, 1}, odd{6, 5, 1}, deep{1, 10, 3};
  double dbeta = 77;
  on_each_isa([&](nonlin::isa) {
    for (const packing p : compiled::packings) {
      check_refused([&] { unit.forward(p, x, y, odd); }, {"nonlin::forward", "x", "5", "odd"});
      check_refused([&] { unit.forward(p, x15, y); }, {"nonlin::forward", "x", "15", "odd"});
      check_refused([&] { unit.forward(p, in<T>(x, b5), y); }, {"nonlin::forward", "x", "5", "odd"});
      check_refused([&] { unit.forward(p, x.data(), y.data(), odd); }, {"nonlin::forward", "x", "5", "odd"});
      check_refused([&] { unit.backward(p, x, half, dx, odd); }, {"nonlin::backward", "x", "5", "odd"});
      check_refused([&] { unit.forward(p, x, y, axis_shape{3, 0, 1}); }, {"nonlin::forward", "zero", "axis"});
      check_refused(
          [&] {
            unit.forward(p, x, y, axis_shape{3, 8, 1});
          },
          {"nonlin::forward", "x", "30", "3", "8"});
      check_refused([&] { unit.forward(p, x, y14, s); }, {"nonlin::forward", "y", "14", "x", "30", "15"});
      check_refused([&] { unit.backward(p, x, b5, dx, s); },
                    {"nonlin::backward", "dy", "5", "x", "30", "15"});
      check_refused([&] { unit.backward(p, x, half, dx28, s); }, {"nonlin::backward", "dx", "28", "x", "30"});
      check_refused([&] { unit.forward(p, in<T>(x, b5), y, s); }, {"nonlin::forward", "b", "5", "10"});
      check_refused([&] { unit.forward(p, in<T>(x, b6), y, s); }, {"nonlin::forward", "b", "6", "10"});
      check_refused([&] { unit.backward(p, x, half, out<T>(dx, db5), dbeta, s); },
                    {"nonlin::backward", "db", "5", "10"});
      check_refused([&] { unit.backward(p, in<T>(x, b5), half, dx, dbeta, s); },
                    {"nonlin::backward", "b", "5", "10"});
    }
    check_refused([&] { unit.forward(packing::interleaved, x, y, deep); },
                  {"nonlin::forward", "interleaved", "inner", "3"});
    check_refused([&] { unit.backward(packing::interleaved, x, half, dx, deep); },
                  {"nonlin::backward", "interleaved", "inner", "3"});
  });
  CHECK(y == std::vector<T>(15, T(77)));
  CHECK(y14 == std::vector<T>(14, T(77)));
  CHECK(dx == std::vector<T>(30, T(77)));
  CHECK(dx28 == std::vector<T>(28, T(77)));
  CHECK(db5 == std::vector<T>(5, T(77)));
  CHECK(dbeta == 77);
}

// Outputs over inputs in part, over biases, over one another.
TEMPLATE_TEST_CASE("gated: overlaps", "[gated][bad]", float, double) {
  using T = TestType;
  constexpr std::size_t n = 20;
  const compiled::gated<T> unit(nonlin::SwiGLU{});
  const std::vector<T> other(n, T(1)), before = ordinary<T>(3 * n, 1);
  std::vector<T> memory = before, y(n, T(77)), dgate(n, T(77)), dvalue(n, T(77));
  const std::span<T> middle(memory.data() + n, n);
  const axis_shape s{4, 5, 1}, packed{2, 10, 1};
  for (const std::ptrdiff_t shift : {-19, -3, -1, 1, 3, 19}) {
    const std::span<T> moved(memory.data() + static_cast<std::ptrdiff_t>(n) + shift, n);
    check_refused([&] { unit.forward(middle, other, moved); },
                  {"nonlin::forward", "y", "gate", "overlaps", "20"});
    check_refused([&] { unit.forward(other, middle, moved); },
                  {"nonlin::forward", "y", "value", "overlaps", "20"});
    check_refused([&] { unit.backward(middle, other, other, moved, dvalue); },
                  {"nonlin::backward", "dgate", "gate", "overlaps"});
    check_refused([&] { unit.backward(other, middle, other, moved, dvalue); },
                  {"nonlin::backward", "dgate", "value", "overlaps"});
    check_refused([&] { unit.backward(other, other, middle, moved, dvalue); },
                  {"nonlin::backward", "dgate", "dy", "overlaps"});
    check_refused([&] { unit.backward(middle, other, other, dgate, moved); },
                  {"nonlin::backward", "dvalue", "gate", "overlaps"});
    check_refused([&] { unit.backward(other, middle, other, dgate, moved); },
                  {"nonlin::backward", "dvalue", "value", "overlaps"});
    check_refused([&] { unit.backward(other, other, middle, dgate, moved); },
                  {"nonlin::backward", "dvalue", "dy", "overlaps"});
    check_refused([&] { unit.backward(other, other, other, middle, moved); },
                  {"nonlin::backward", "dgate", "dvalue", "overlaps"});
    for (const packing p : compiled::packings)
      check_refused([&] { unit.backward(p, middle, std::span(other).first(10), moved, packed); },
                    {"nonlin::backward", "dx", "x", "overlaps"});
  }
  check_refused([&] { unit.backward(other, other, other, middle, middle); },
                {"nonlin::backward", "dgate", "dvalue", "overlaps"});

  // biases and their gradients are apart from everything
  const std::span<T> five = middle.subspan(7, 5);
  std::vector<T> sums(5, T(77)), bias(5);
  check_refused([&] { unit.forward(in<T>(other, five), other, middle, s); },
                {"nonlin::forward", "y", "b", "overlaps", "20", "5"});
  check_refused([&] { unit.forward(other, in<T>(other, five), middle, s); },
                {"nonlin::forward", "y", "c", "overlaps", "20", "5"});
  check_refused([&] { unit.backward(in<T>(other, five), other, other, middle, dvalue, s); },
                {"nonlin::backward", "dgate", "b"});
  check_refused([&] { unit.backward(in<T>(other, five), other, other, dgate, middle, s); },
                {"nonlin::backward", "dvalue", "b"});
  check_refused([&] { unit.backward(other, in<T>(other, five), other, middle, dvalue, s); },
                {"nonlin::backward", "dgate", "c"});
  check_refused([&] { unit.backward(other, in<T>(other, five), other, dgate, middle, s); },
                {"nonlin::backward", "dvalue", "c"});
  const out<T> with_db(dgate, five), with_dc(dvalue, five);
  check_refused([&] { unit.backward(middle, other, other, with_db, dvalue, s); },
                {"nonlin::backward", "db", "gate"});
  check_refused([&] { unit.backward(other, middle, other, with_db, dvalue, s); },
                {"nonlin::backward", "db", "value"});
  check_refused([&] { unit.backward(other, other, middle, with_db, dvalue, s); },
                {"nonlin::backward", "db", "dy"});
  check_refused([&] { unit.backward(other, other, other, out<T>(middle, five), dvalue, s); },
                {"nonlin::backward", "db", "dgate"});
  check_refused([&] { unit.backward(other, other, other, with_db, middle, s); },
                {"nonlin::backward", "db", "dvalue"});
  check_refused([&] { unit.backward(middle, other, other, dgate, with_dc, s); },
                {"nonlin::backward", "dc", "gate"});
  check_refused([&] { unit.backward(other, other, other, middle, with_dc, s); },
                {"nonlin::backward", "dc", "dgate"});
  check_refused([&] { unit.backward(other, other, other, with_db, with_dc, s); },
                {"nonlin::backward", "db", "dc"});
  check_refused([&] { unit.backward(in<T>(other, five), other, other, with_db, dvalue, s); },
                {"nonlin::backward", "db", "b"});
  check_refused([&] { unit.backward(other, in<T>(other, five), other, with_db, dvalue, s); },
                {"nonlin::backward", "db", "c"});

  // packed: y over no part of x, dx not over dy
  const std::span<const T> half = std::span(other).first(10);
  const std::vector<T> bias10(10);
  std::vector<T> sums10(10, T(77));
  for (const packing p : compiled::packings) {
    check_refused([&] { unit.forward(p, middle, middle.first(10), packed); },
                  {"nonlin::forward", "y", "x", "overlaps"});
    check_refused([&] { unit.forward(p, middle, middle.subspan(10, 10), packed); },
                  {"nonlin::forward", "y", "x", "overlaps"});
    check_refused([&] { unit.forward(p, in<T>(other, middle.first(10)), middle.subspan(5, 10), packed); },
                  {"nonlin::forward", "y", "b"});
    check_refused([&] { unit.backward(p, other, middle.first(10), middle, packed); },
                  {"nonlin::backward", "dx", "dy", "overlaps"});
    check_refused([&] { unit.backward(p, in<T>(other, middle.first(10)), half, middle, packed); },
                  {"nonlin::backward", "dx", "b"});
    check_refused([&] { unit.backward(p, middle, half, out<T>(dgate, middle.first(10)), packed); },
                  {"nonlin::backward", "db", "x"});
    check_refused([&] { unit.backward(p, other, half, out<T>(middle, middle.first(10)), packed); },
                  {"nonlin::backward", "db", "dx"});
    check_refused([&] { unit.backward(p, other, middle.first(10), out<T>(dgate, middle.first(10)), packed); },
                  {"nonlin::backward", "db", "dy"});
  }
  CHECK(memory == before);
  CHECK(dgate == std::vector<T>(n, T(77)));
  CHECK(dvalue == dgate);
  CHECK(y == dgate);

  // side by side is fine
  unit.backward(std::span(memory).first(n), other, other, middle, std::span(memory).last(n));
}
