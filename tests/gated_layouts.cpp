// Gated units give the same bits however their operands lie in memory: split or packed, biased or with the bias added
// before, in place, at any alignment and length.
#include "gated_axis.hpp"
#include "gated_calls.hpp"

namespace {

using compiled::packing;
using nonlin::axis_shape;

template <class T>
using in = compiled::operand<const T>;
template <class T>
using out = compiled::operand<T>;

// The shape of both operands, given that of one.
axis_shape packed_shape(const axis_shape& half) { return {half.outer, 2 * half.axis, half.inner}; }

// Where element k of the gate or of the value is in a packed array. For biases: of the shape {1, axis, 1}.
std::size_t place(packing p, std::size_t k, bool gate, const axis_shape& half) {
  if (p == packing::interleaved) return 2 * k + !gate;
  const std::size_t row = half.axis * half.inner, at = (k / row * 2) * row + k % row;
  return gate == (p == packing::gate_first) ? at : at + row;
}

template <class T>
std::vector<T> pack(packing p, const std::vector<T>& gate, const std::vector<T>& value,
                    const axis_shape& half) {
  std::vector<T> x(2 * gate.size());
  for (std::size_t k = 0; k < gate.size(); ++k) {
    x[place(p, k, true, half)] = gate[k];
    x[place(p, k, false, half)] = value[k];
  }
  return x;
}

// All that a call takes and gives.
template <class T>
struct arrays {
  axis_shape s;
  std::vector<T> gate, value, b, c, dy, y, dgate, dvalue, db, dc;

  arrays(const axis_shape& shape, bool specials)
      : s(shape),
        gate(specials ? mixture<T>(s.size(), 1) : ordinary<T>(s.size(), 1)),
        value(specials ? mixture<T>(s.size(), 2) : ordinary<T>(s.size(), 2)),
        b(ordinary<T>(s.axis, 3)),
        c(ordinary<T>(s.axis, 4)),
        dy(specials ? mixture<T>(s.size(), 5) : ordinary<T>(s.size(), 5)),
        y(s.size()),
        dgate(s.size()),
        dvalue(s.size()),
        db(s.axis),
        dc(s.axis) {
    b[0] = T(-0.0);
  }
};

template <class T, class F>
void on_units_and_shapes(const F& f) {
  on_each_isa([&](nonlin::isa isa) {
    compiled::on_units_along_an_axis<T>([&](const compiled::gated<T>& unit) {
      for (const axis_shape& s : axis_shapes()) {
        INFO(unit.name << " of " << name_of<T>() << " on " << nonlin::to_string(isa) << ", shape "
                       << to_string(s));
        f(unit, s);
      }
    });
  });
}

}  // namespace

TEMPLATE_TEST_CASE("gated units of biased operands", "[gated][layout]", float, double) {
  using T = TestType;
  on_units_and_shapes<T>([](const compiled::gated<T>& unit, const axis_shape& s) {
    arrays<T> a(s, true);
    const std::vector<T> gate = plus(a.gate, a.b, s), value = plus(a.value, a.c, s);
    std::vector<T> y(s.size()), dgate(s.size()), dvalue(s.size());
    // the one, the other, both
    for (const bool b : {true, false}) {
      for (const bool c : {true, false}) {
        const std::vector<T>&g = b ? gate : a.gate, &v = c ? value : a.value;
        const auto with_b = b ? in<T>(a.gate, a.b) : in<T>(a.gate),
                   with_c = c ? in<T>(a.value, a.c) : in<T>(a.value);
        unit.forward(g, v, a.y);
        unit.backward(g, v, a.dy, a.dgate, a.dvalue);
        unit.forward(with_b, with_c, y, s);
        CHECK(same_bits(y, a.y));
        unit.backward(with_b, with_c, a.dy, dgate, dvalue, s);
        CHECK(same_bits(dgate, a.dgate));
        CHECK(same_bits(dvalue, a.dvalue));
        // gradients of the one bias, the other, both, whether they were added or not
        for (const bool want_db : {true, false}) {
          for (const bool want_dc : {true, false}) {
            std::vector<T> db(s.axis, T(77)), dc(s.axis, T(77));
            const auto to_gate = want_db ? out<T>(dgate, db) : out<T>(dgate),
                       to_value = want_dc ? out<T>(dvalue, dc) : out<T>(dvalue);
            std::fill(dgate.begin(), dgate.end(), T(77));
            std::fill(dvalue.begin(), dvalue.end(), T(77));
            unit.backward(with_b, with_c, a.dy, to_gate, to_value, s);
            CHECK(same_bits(dgate, a.dgate));
            CHECK(same_bits(dvalue, a.dvalue));
            if (want_db && want_dc) a.db = db, a.dc = dc;  // comes first
            CHECK(same_bits(db, want_db ? a.db : std::vector<T>(s.axis, T(77))));
            CHECK(same_bits(dc, want_dc ? a.dc : std::vector<T>(s.axis, T(77))));
          }
        }
      }
    }
    // without a shape the axis is the last
    if (s.inner == 1) {
      unit.forward(in<T>(a.gate, a.b), in<T>(a.value, a.c), a.y, s);
      unit.backward(in<T>(a.gate, a.b), in<T>(a.value, a.c), a.dy, out<T>(a.dgate, a.db),
                    out<T>(a.dvalue, a.dc), s);
      std::vector<T> db(s.axis), dc(s.axis);
      unit.forward(in<T>(a.gate, a.b), in<T>(a.value, a.c), y);
      unit.backward(in<T>(a.gate, a.b), in<T>(a.value, a.c), a.dy, out<T>(dgate, db), out<T>(dvalue, dc));
      CHECK(same_bits(y, a.y));
      CHECK(same_bits(dgate, a.dgate));
      CHECK(same_bits(dvalue, a.dvalue));
      CHECK(same_bits(db, a.db));
      CHECK(same_bits(dc, a.dc));
    }
  });
}

TEMPLATE_TEST_CASE("gated units of packed operands", "[gated][layout]", float, double) {
  using T = TestType;
  on_units_and_shapes<T>([](const compiled::gated<T>& unit, const axis_shape& s) {
    const axis_shape both = packed_shape(s), biases{1, s.axis, 1};
    arrays<T> a(s, true);
    unit.forward(a.gate, a.value, a.y);
    unit.backward(a.gate, a.value, a.dy, a.dgate, a.dvalue);
    for (const packing p : compiled::packings) {
      if (p == packing::interleaved && s.inner != 1) continue;
      CAPTURE(static_cast<int>(p));
      const std::vector<T> x = pack(p, a.gate, a.value, s);
      const std::vector<T> want = pack(p, a.dgate, a.dvalue, s);
      std::vector<T> y(s.size()), dx(both.size());
      unit.forward(p, x, y, both);
      CHECK(same_bits(y, a.y));
      unit.backward(p, x, a.dy, dx, both);
      CHECK(same_bits(dx, want));
      std::fill(y.begin(), y.end(), T(77));
      std::fill(dx.begin(), dx.end(), T(77));
      unit.forward(p, x.data(), y.data(), both);
      CHECK(same_bits(y, a.y));
      unit.backward(p, x.data(), a.dy.data(), dx.data(), both);
      CHECK(same_bits(dx, want));
      dx = x;  // in place
      unit.backward(p, dx, a.dy, dx, both);
      CHECK(same_bits(dx, want));
      if (s.outer == 1 && s.inner == 1) {  // a single row needs no shape
        std::fill(y.begin(), y.end(), T(77));
        std::fill(dx.begin(), dx.end(), T(77));
        unit.forward(p, x, y);
        CHECK(same_bits(y, a.y));
        unit.backward(p, x, a.dy, dx);
        CHECK(same_bits(dx, want));
      }
    }
    if (s.inner == 0) return;
    // with biases; sums are those of split operands, which but for a single channel are added up in the same order
    unit.forward(in<T>(a.gate, a.b), in<T>(a.value, a.c), a.y, s);
    unit.backward(in<T>(a.gate, a.b), in<T>(a.value, a.c), a.dy, out<T>(a.dgate, a.db),
                  out<T>(a.dvalue, a.dc), s);
    for (const packing p : compiled::packings) {
      if (p == packing::interleaved && s.inner != 1) continue;
      CAPTURE(static_cast<int>(p));
      const std::vector<T> x = pack(p, a.gate, a.value, s), bias = pack(p, a.b, a.c, biases);
      const std::vector<T> want = pack(p, a.dgate, a.dvalue, s), want_bias = pack(p, a.db, a.dc, biases);
      std::vector<T> y(s.size()), dx(both.size()), dbias(2 * s.axis);
      unit.forward(p, in<T>(x, bias), y, both);
      CHECK(same_bits(y, a.y));
      unit.backward(p, in<T>(x, bias), a.dy, out<T>(dx, dbias), both);
      CHECK(same_bits(dx, want));
      if (p != packing::interleaved || s.axis != 1) CHECK(same_bits(dbias, want_bias));
      dx = x;
      unit.backward(p, in<T>(dx, bias), a.dy, dx, both);
      CHECK(same_bits(dx, want));
      if (s.inner == 1) {
        std::fill(y.begin(), y.end(), T(77));
        std::fill(dx.begin(), dx.end(), T(77));
        const std::vector<T> before = dbias;
        unit.forward(p, in<T>(x, bias), y);
        CHECK(same_bits(y, a.y));
        unit.backward(p, in<T>(x, bias), a.dy, out<T>(dx, dbias));
        CHECK(same_bits(dx, want));
        CHECK(same_bits(dbias, before));
      }
      // the gradient alone
      unit.forward(p, x, y, both);
      unit.backward(p, x, a.dy, dx, both);
      std::vector<T> dx2(both.size());
      unit.backward(p, x, a.dy, out<T>(dx2, dbias), both);
      CHECK(same_bits(dx, dx2));
    }
  });
}

TEMPLATE_TEST_CASE("gated units in place", "[gated][layout]", float, double) {
  using T = TestType;
  on_units_and_shapes<T>([](const compiled::gated<T>& unit, const axis_shape& s) {
    arrays<T> a(s, true);
    for (const bool biased : {false, true}) {
      const auto gate = [&](const std::vector<T>& g) { return biased ? in<T>(g, a.b) : in<T>(g); };
      const auto value = [&](const std::vector<T>& v) { return biased ? in<T>(v, a.c) : in<T>(v); };
      const auto dgate = [&](std::vector<T>& dg, std::vector<T>& db) {
        return biased ? out<T>(dg, db) : out<T>(dg);
      };
      unit.forward(gate(a.gate), value(a.value), a.y, s);
      unit.backward(gate(a.gate), value(a.value), a.dy, dgate(a.dgate, a.db), dgate(a.dvalue, a.dc), s);
      std::vector<T> y = a.gate;
      unit.forward(gate(y), value(a.value), y, s);
      CHECK(same_bits(y, a.y));
      y = a.value;
      unit.forward(gate(a.gate), value(y), y, s);
      CHECK(same_bits(y, a.y));
      // each gradient over each of gate, value, dy, or apart; not over one another
      for (int g = 0; g < 4; ++g) {
        for (int v = 0; v < 4; ++v) {
          if (g == v) continue;
          CAPTURE(biased, g, v);
          std::vector<T> memory[4] = {a.gate, a.value, a.dy, std::vector<T>(s.size(), T(77))}, db(s.axis),
                         dc(s.axis);
          unit.backward(gate(memory[0]), value(memory[1]), memory[2], dgate(memory[g], db),
                        dgate(memory[v], dc), s);
          CHECK(same_bits(memory[g], a.dgate));
          CHECK(same_bits(memory[v], a.dvalue));
          if (biased) {
            CHECK(same_bits(db, a.db));
            CHECK(same_bits(dc, a.dc));
          }
        }
      }
    }
    // gate and value the same array
    std::vector<T> same = a.gate;
    unit.forward(a.gate, a.gate, a.y);
    unit.forward(same, same, same);
    CHECK(same_bits(same, a.y));
  });
}

// At every alignment, of every array, and twice: elements and sums alike.
TEMPLATE_TEST_CASE("gated units at any alignment", "[gated][layout][stability]", float, double) {
  using T = TestType;
  on_units_and_shapes<T>([](const compiled::gated<T>& unit, const axis_shape& s) {
    if (s.size() > 3000) return;
    arrays<T> a(s, false);
    const std::size_t n = s.size();
    double dparam = 0, dparam_moved = 0;
    const bool parameter = unit.act.has_parameter();
    const auto copy = [](const std::vector<T>& x, std::size_t offset) {
      std::vector<T> moved(x.size() + 16);
      std::copy(x.begin(), x.end(), moved.begin() + static_cast<std::ptrdiff_t>(offset));
      return moved;
    };
    const auto call = [&](const auto& gate, const auto& value, const auto& dy, const auto& dgate,
                          const auto& dvalue, double& d) {
      if (parameter)
        unit.backward(gate, value, dy, dgate, dvalue, d, s);
      else
        unit.backward(gate, value, dy, dgate, dvalue, s);
    };
    call(in<T>(a.gate, a.b), in<T>(a.value, a.c), a.dy, out<T>(a.dgate, a.db), out<T>(a.dvalue, a.dc),
         dparam);
    unit.forward(in<T>(a.gate, a.b), in<T>(a.value, a.c), a.y, s);
    for (std::size_t k = 0; k <= 16; ++k) {
      const std::vector<T> gate = copy(a.gate, k % 17), value = copy(a.value, 2 * k % 17),
                           dy = copy(a.dy, 3 * k % 17), b = copy(a.b, 4 * k % 17), c = copy(a.c, 5 * k % 17);
      std::vector<T> dgate(n + 16), dvalue(n + 16), db(s.axis + 16), dc(s.axis + 16), y(n + 16);
      const auto part = [](auto& v, std::size_t offset, std::size_t size) {
        return std::span(v).subspan(offset % 17, size);
      };
      const in<T> g(part(gate, k, n), part(b, 4 * k, s.axis)),
          v(part(value, 2 * k, n), part(c, 5 * k, s.axis));
      call(g, v, part(dy, 3 * k, n), out<T>(part(dgate, 6 * k, n), part(db, 7 * k, s.axis)),
           out<T>(part(dvalue, 8 * k, n), part(dc, 9 * k, s.axis)), dparam_moved);
      CHECK(bits(dparam) == bits(dparam_moved));
      const auto check = [&](const std::vector<T>& want, const std::vector<T>& got, std::size_t offset) {
        CHECK(first_difference(want.data(), got.data() + offset % 17, want.size()) == want.size());
      };
      check(a.dgate, dgate, 6 * k);
      check(a.dvalue, dvalue, 8 * k);
      check(a.db, db, 7 * k);
      check(a.dc, dc, 9 * k);
      unit.forward(g, v, part(y, 10 * k, n), s);
      check(a.y, y, 10 * k);
    }
  });
}

// An element's results depend on itself: at any index, in any shape, alone.
TEMPLATE_TEST_CASE("gated units of elements anywhere", "[gated][layout][stability]", float, double) {
  using T = TestType;
  const std::size_t n = 150;
  const std::vector<T> gate = mixture<T>(n, 1), value = mixture<T>(n, 2), dy = mixture<T>(n, 3);
  const T bias[2] = {T(0.25), T(-1.5)};
  on_each_isa([&](nonlin::isa isa) {
    compiled::on_units_along_an_axis<T>([&](const compiled::gated<T>& unit) {
      INFO(unit.name << " of " << name_of<T>() << " on " << nonlin::to_string(isa));
      for (const bool biased : {false, true}) {
        std::vector<T> y(n), dgate(n), dvalue(n), got_y(n), got_dgate(n), got_dvalue(n);
        const auto call = [&](std::size_t first, std::size_t count, const axis_shape& s, T* to_y, T* to_dgate,
                              T* to_dvalue) {
          const std::vector<T> b(s.axis, bias[0]), c(s.axis, bias[1]);
          const std::span<const T> g(gate.data() + first, count), v(value.data() + first, count),
              d(dy.data() + first, count);
          const std::span<T> dg(to_dgate, count), dv(to_dvalue, count);
          if (biased) {
            unit.forward(in<T>(g, b), in<T>(v, c), {to_y, count}, s);
            unit.backward(in<T>(g, b), in<T>(v, c), d, dg, dv, s);
          } else {
            unit.forward(g, v, {to_y, count});
            unit.backward(g, v, d, dg, dv);
          }
        };
        for (std::size_t i = 0; i < n; ++i) call(i, 1, {1, 1, 1}, &y[i], &dgate[i], &dvalue[i]);
        for (std::size_t count = 1; count <= n; ++count) {
          const std::size_t divisor = count % 5 == 0 ? 5 : count % 3 == 0 ? 3 : 1;
          for (const axis_shape& s :
               {axis_shape{1, count, 1}, axis_shape{1, 1, count}, axis_shape{divisor, count / divisor, 1},
                axis_shape{1, divisor, count / divisor}}) {
            const std::size_t first = (n - count) / 2;
            call(first, count, s, &got_y[first], &got_dgate[first], &got_dvalue[first]);
            const bool right = first_difference(&got_y[first], &y[first], count) == count &&
                               first_difference(&got_dgate[first], &dgate[first], count) == count &&
                               first_difference(&got_dvalue[first], &dvalue[first], count) == count;
            INFO("biased " << biased << ", shape " << to_string(s));
            CHECK(right);
          }
        }
      }
    });
  });
}

// NaN goes to its own element and to the sums it is in, an infinity likewise; signed zeros stay.
TEMPLATE_TEST_CASE("special values in gated units", "[gated][special]", float, double) {
  using T = TestType;
  const T inf = std::numeric_limits<T>::infinity();
  on_units_and_shapes<T>([&](const compiled::gated<T>& unit, const axis_shape& s) {
    if (s.size() == 0 || s.size() > 2000) return;
    const arrays<T> clean(s, false);
    const auto run = [&](arrays<T>& a) {
      unit.forward(in<T>(a.gate, a.b), in<T>(a.value, a.c), a.y, s);
      unit.backward(in<T>(a.gate, a.b), in<T>(a.value, a.c), a.dy, out<T>(a.dgate, a.db),
                    out<T>(a.dvalue, a.dc), s);
    };
    arrays<T> want = clean;
    run(want);
    for (const std::size_t at : {std::size_t{0}, s.size() / 2, s.size() - 1}) {
      for (int where = 0; where < 3; ++where) {
        for (const T special : {nans<T>()[0], nans<T>()[3], inf, -inf}) {
          arrays<T> a = clean;
          (where == 0 ? a.gate : where == 1 ? a.value : a.dy)[at] = special;
          run(a);
          CAPTURE(at, where, special);
          std::size_t wrong = 0;
          for (std::size_t k = 0; k < s.size(); ++k) {
            if (k != at)
              wrong += !same(a.y[k], want.y[k]) || !same(a.dgate[k], want.dgate[k]) ||
                       !same(a.dvalue[k], want.dvalue[k]);
          }
          for (std::size_t c = 0; c < s.axis; ++c) {
            if (c != channel(at, s)) wrong += !same(a.db[c], want.db[c]) || !same(a.dc[c], want.dc[c]);
          }
          CHECK(wrong == 0);
          const T db = a.db[channel(at, s)], dc = a.dc[channel(at, s)];
          if (is_nan(special)) {
            if (where != 2) CHECK(is_nan(a.y[at]));
            CHECK(is_nan(a.dgate[at]));
            if (where != 1) CHECK(is_nan(a.dvalue[at]));
            CHECK(is_nan(db));
            CHECK(is_nan(dc) == (where != 1));
          } else if (where == 2 &&
                     s.size() / s.axis > 1) {  // as IEEE's sum of that element and finite others
            CHECK(same(db, a.dgate[at]));
            CHECK(same(dc, a.dvalue[at]));
          }
        }
      }
    }
  });
}

// What is in the lanes beyond the last element is no term of a sum: act(0 + inf) times a dy of 0 would be NaN.
TEMPLATE_TEST_CASE("infinite biases in gated units", "[gated][special]", float, double) {
  using T = TestType;
  const T inf = std::numeric_limits<T>::infinity();
  on_units_and_shapes<T>([&](const compiled::gated<T>& unit, const axis_shape& s) {
    if (std::string(unit.name) == "Sigmoid" || s.size() == 0) return;
    const std::vector<T> ones(s.size(), T(1)), bias(s.axis, inf);
    std::vector<T> dgate(s.size()), dvalue(s.size()), dc(s.axis);
    unit.backward(in<T>(ones, bias), ones, ones, dgate, out<T>(dvalue, dc), s);
    CHECK(same_bits(dvalue, std::vector<T>(s.size(), inf)));
    CHECK(same_bits(dc, std::vector<T>(s.axis, inf)));
  });
}

// An operand without a bias beside a biased one has nothing added, not even 0.
TEMPLATE_TEST_CASE("no bias keeps -0", "[gated][special]", float, double) {
  using T = TestType;
  on_units_and_shapes<T>([&](const compiled::gated<T>& unit, const axis_shape& s) {
    const std::vector<T> zeros(s.size(), T(-0.0)), ones(s.size(), T(1)), bias(s.axis, T(1));
    std::vector<T> y(s.size()), dgate(s.size()), dvalue(s.size());
    unit.forward(in<T>(ones, bias), in<T>(zeros), y, s);  // act(2) * -0
    std::size_t wrong = 0;
    for (const T e : y) wrong += bits(e) != bits(T(-0.0));
    unit.backward(in<T>(ones, bias), in<T>(zeros), ones, dgate, dvalue, s);  // 1 * -0 * act'(2)
    for (const T e : dgate) wrong += bits(e) != bits(T(-0.0));
    CHECK(wrong == 0);
    if (std::string(unit.name) == "Sigmoid") return;
    unit.forward(in<T>(zeros), in<T>(ones, bias), y, s);  // act(-0) * 2
    for (const T e : y) wrong += bits(e) != bits(T(-0.0));
    unit.backward(in<T>(zeros), in<T>(ones, bias), ones, dgate, dvalue, s);
    for (const T e : dvalue) wrong += bits(e) != bits(T(-0.0));
    CHECK(wrong == 0);
  });
}

TEMPLATE_TEST_CASE("limits of gated units", "[gated][special]", float, double) {
  using T = TestType;
  const T inf = std::numeric_limits<T>::infinity(), nan = nans<T>()[0], zero = T(-0.0);
  const std::vector<T> gate = {-inf, inf, 0, zero, nan, 1}, value = {2, -3, -1, 1, 1, nan};
  on_each_isa([&](nonlin::isa isa) {
    INFO(nonlin::to_string(isa));
    std::vector<T> y(6);
    const auto check = [&](const compiled::gated<T>& unit, const std::vector<T>& want) {
      INFO(unit.name);
      unit.forward(gate, value, y);
      CHECK(same_bits(y, want));
    };
    check(nonlin::GLU{}, {0, -3, T(-0.5), T(0.5), nan, nan});
    check(nonlin::ReGLU{}, {0, -inf, zero, 0, nan, nan});
    check(nonlin::GeGLU{}, {zero, -inf, zero, zero, nan, nan});
    check(nonlin::GeGLUTanh{}, {zero, -inf, zero, zero, nan, nan});
    check(nonlin::SwiGLU{}, {zero, -inf, zero, zero, nan, nan});
    check(nonlin::Bilinear{}, {-inf, -inf, zero, zero, nan, nan});
  });
}
