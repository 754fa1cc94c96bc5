// Gated units: split and packed operands, with biases and without, the gradients of all.
#include "../gated_calls.hpp"
#include "fuzz.hpp"

namespace {

using compiled::packing;
using fuzz::real;
using nonlin::axis_shape;

template <class T>
struct drawn {
  compiled::gated<T> unit;
  double beta = 1;                      // of a Swish
  double root = 0;                      // of the gate's derivative
  bool along = false;                   // biased and packed forms are compiled
};

template <class T>
drawn<T> any(fuzz::input& in) {
  const double beta = in.pick({1.0, 1.0, 1.702, -1.0, 0.25});
  switch (in.below(8)) {
    case 0:
      return {nonlin::ReGLU{}};
    case 1:
      return {nonlin::GeGLUTanh{}, 1, nonlin::GELUTanh::bounds<T>.root};
    case 2:
      return {nonlin::Bilinear{}};
    case 3:
      return {nonlin::GLU{}, 1, 0, sizeof(T) == 4};
    case 4:
      return {nonlin::GeGLU{}, 1, -0.75179152469356446, sizeof(T) == 4};
    default:
      return {nonlin::SwiGLU{{beta}}, beta, nonlin::Swish::bounds<T>.root, true};
  }
}

// What is right of a gate and a value, biases added, and by how much two instruction sets may differ.
template <class T>
struct expected {
  const drawn<T>& d;

  void forward(std::size_t i, T gate, T value, T got, T scalar) const {
    product("y", i, gate, value, got, scalar);
  }
  void backward(std::size_t i, T gate, T value, T dy, T dgate, T scalar_dgate, T dvalue, T scalar_dvalue) const {
    product("dvalue", i, gate, dy, dvalue, scalar_dvalue);
    const T slope = d.unit.act.derivative(gate), flow = dy * value;
    const nonlin::accuracy& b = d.unit.act.bounds;
    real slack = 2 * b.derivative * fuzz::ulp(slope);
    const double from_root = std::abs(static_cast<double>(gate) * d.beta - d.root);
    if (b.radius > 0 && from_root < b.radius) slack = std::max<real>(slack, 2 * b.absolute);
    // value_and_derivative, as gated.cpp of the unit tests has it
    if (d.root != 0 && from_root < 1) slack = std::max<real>(slack, sizeof(T) == 4 ? 0x1p-21L : 0x1p-50L);
    fuzz::check_product("dgate", i, gate, dgate, scalar_dgate, flow, slope, slack);
  }

 private:
  void product(const char* what, std::size_t i, T gate, T factor, T got, T scalar) const {
    const T f = d.unit.act(gate);
    fuzz::check_product(what, i, gate, got, scalar, factor, f, 2 * d.unit.act.bounds.forward * fuzz::ulp(f));
  }
};

// Sums of what was written, a bias' gradient for each index of the axis.
template <class T>
struct sums {
  std::vector<real> size, terms;
  explicit sums(std::size_t n) : size(n), terms(n) {}
  void add(std::size_t a, T got, T scalar) {
    size[a] += std::abs(real(scalar));
    terms[a] += std::abs(real(got) - real(scalar));
  }
  void check(const char* what, fuzz::arena& memory, std::span<T> db, std::size_t n) const {
    for (std::size_t a = 0; a < db.size(); ++a)
      fuzz::check_sum<T>(what, a, db[a], memory.scalar(db)[a], n, size[a], terms[a]);
  }
};

template <class T>
void entitle(const drawn<T>& d, const char* what, const axis_shape& s, bool biased, bool parameter) {
  fuzz::entitle("%s of %s {%a}%s%s, %s, shape {%zu, %zu, %zu}", what, d.unit.name, d.beta, biased ? " biased" : "",
                parameter ? " with parameter" : "", sizeof(T) == 4 ? "float" : "double", s.outer, s.axis, s.inner);
}

template <class T>
void check_parameter(const drawn<T>& d, fuzz::arena& memory, std::span<double> dparam, const std::vector<T>& gate,
                     const std::vector<T>& value, std::span<const T> dy) {
  real size = 0, terms = 0;
  for (std::size_t i = 0; i < gate.size(); ++i) {
    const real p = d.unit.act.parameter_derivative(gate[i]), flow = dy[i] * value[i];
    size += std::abs(flow * p);
    terms += std::abs(flow) * 2 * 6 * fuzz::ulp(static_cast<T>(p)) + std::abs(flow * p) * 0x1p-21L;
  }
  fuzz::check_sum<T>("dparam", 0, dparam[0], memory.scalar(dparam)[0], gate.size(), size, terms);
}

template <class T>
void split(fuzz::input& in, const drawn<T>& d) {
  const bool biased = d.along && in.one_in(2), shaped = biased ? in.below(4) != 0 : in.one_in(2);
  axis_shape s = in.shape(biased ? 600 : 1500);
  if (biased && !shaped) s.outer *= s.inner, s.inner = 1;
  const std::size_t n = s.size();
  const bool backward = in.one_in(2), overlaps = in.one_in(8);
  const bool parameter = backward && d.unit.act.has_parameter() && in.one_in(4);
  bool bad = false;
  fuzz::arena memory(in);
  auto gate = memory.overlappable<T>(n, overlaps), value = memory.overlappable<T>(n, overlaps);
  auto dy = memory.overlappable<T>(n, overlaps);
  const auto b = memory.filled<T>(biased ? s.axis : 0), c = memory.filled<T>(biased ? s.axis : 0);
  std::span<T> y, dgate, dvalue, db, dc;
  const std::span<double> dparam = memory.output<double>(1);
  if (!backward) {
    y = memory.output_over({gate, value}, overlaps, bad);
  } else {
    dgate = memory.output_over({gate, value, dy}, overlaps, bad);
    dvalue = memory.output_over({gate, value, dy}, overlaps, bad);
    if (n > 0 && dgate.data() < dvalue.data() + n && dvalue.data() < dgate.data() + n) bad = true;
    db = memory.output<T>(biased ? s.axis : 0);
    dc = memory.output<T>(biased ? s.axis : 0);
  }
  axis_shape given = s;
  if (shaped && in.one_in(48)) given.axis = 0, bad = true;
  if (n > 0 && in.one_in(48)) value = value.first(n - 1), bad = true;
  if (biased && backward && in.one_in(48)) dc = db, bad = true;
  if (biased && n > 0 && in.one_in(48)) {
    bad = true;
    (backward ? dy : y) = (backward ? dy : y).first(n - 1);
  }
  entitle(d, backward ? "backward" : "forward", s, biased, parameter);

  const auto unit_call = [&](const auto& g, const auto& v, const auto& dg, const auto& dv) {
    if (!backward) return shaped ? d.unit.forward(g, v, y, given) : d.unit.forward(g, v, y);
    if (parameter && shaped) return d.unit.backward(g, v, dy, dg, dv, dparam[0], given);
    if (parameter) return d.unit.backward(g, v, dy, dg, dv, dparam[0]);
    shaped ? d.unit.backward(g, v, dy, dg, dv, given) : d.unit.backward(g, v, dy, dg, dv);
  };
  using in_t = compiled::operand<const T>;
  using out_t = compiled::operand<T>;
  memory.run(
      bad,
      [&] {
        if (biased)
          unit_call(in_t(gate, b), in_t(value, c), out_t(dgate, db), out_t(dvalue, dc));
        else
          unit_call(in_t(gate), in_t(value), out_t(dgate), out_t(dvalue));
      },
      [&] {
        const auto g = memory.before(gate), v = memory.before(value), e = memory.before(dy);
        std::vector<T> gates(n), values(n);
        sums<T> of_b(db.size()), of_c(dc.size());
        for (std::size_t i = 0; i < n; ++i) {
          const std::size_t a = i / s.inner % s.axis;
          gates[i] = biased ? g[i] + b[a] : g[i];
          values[i] = biased ? v[i] + c[a] : v[i];
          const expected<T> want{d};
          if (!backward) {
            want.forward(i, gates[i], values[i], y[i], memory.scalar(y)[i]);
            continue;
          }
          const T sg = memory.scalar(dgate)[i], sv = memory.scalar(dvalue)[i];
          want.backward(i, gates[i], values[i], e[i], dgate[i], sg, dvalue[i], sv);
          if (biased) of_b.add(a, dgate[i], sg), of_c.add(a, dvalue[i], sv);
        }
        of_b.check("db", memory, db, n);
        of_c.check("dc", memory, dc, n);
        if (parameter) check_parameter(d, memory, dparam, gates, values, e);
      });
}

template <class T>
void packed(fuzz::input& in, const drawn<T>& d) {
  const packing p = compiled::packings[in.below(3)];
  const bool biased = in.one_in(2), backward = in.one_in(2), interleaved = p == packing::interleaved;
  axis_shape s = in.shape(600);  // of one operand
  if (interleaved) s.inner = 1;
  const std::size_t n = s.size();
  const bool parameter = backward && d.unit.act.has_parameter() && in.one_in(4), overlaps = in.one_in(8);
  bool bad = false;
  fuzz::arena memory(in);
  auto x = memory.overlappable<T>(2 * n, overlaps);
  const auto bias = memory.filled<T>(biased ? 2 * s.axis : 0);
  auto dy = memory.overlappable<T>(n, false);
  std::span<T> y, dx, dbias;
  const std::span<double> dparam = memory.output<double>(1);
  if (backward) {
    dx = memory.output_over({x}, overlaps, bad);
    dbias = memory.output<T>(biased ? 2 * s.axis : 0);
    if (n > 0 && in.one_in(48)) dx = x.subspan(0, 2 * n - 1), bad = true;
  } else {
    y = memory.output<T>(n);
    if (n > 0 && in.one_in(24)) y = x.subspan(in.below(n), n), bad = true;  // not even in place
  }
  axis_shape given{s.outer, 2 * s.axis, s.inner};
  if (in.one_in(48)) ++given.axis, bad = true;
  if (interleaved && s.outer > 0 && in.one_in(48)) given.inner = 2, bad = true;
  if (n > 0 && backward && in.one_in(48)) dy = dy.first(n - 1), bad = true;
  entitle(d, backward ? "packed backward" : "packed forward", s, biased, parameter);

  using in_t = compiled::operand<const T>;
  using out_t = compiled::operand<T>;
  memory.run(
      bad,
      [&] {
        const in_t from = biased ? in_t(x, bias) : in_t(x);
        const out_t to = biased ? out_t(dx, dbias) : out_t(dx);
        if (!backward)
          d.unit.forward(p, from, y, given);
        else if (parameter)
          d.unit.backward(p, from, dy, to, dparam[0], given);
        else
          d.unit.backward(p, from, dy, to, given);
      },
      [&] {
        // where the gate and the value of element i are in x, and on the packed axis
        const auto place = [&](std::size_t i, bool gate) {
          const std::size_t o = i / (s.axis * s.inner), a = i / s.inner % s.axis, k = i % s.inner;
          const bool second = gate == (p == packing::gate_last);
          const std::size_t at = interleaved ? 2 * a + !gate : a + (second ? s.axis : 0);
          return std::pair{(o * 2 * s.axis + at) * s.inner + k, at};
        };
        const auto from = memory.before(x), e = memory.before(dy);
        std::vector<T> gates(n), values(n);
        sums<T> of_bias(dbias.size());
        for (std::size_t i = 0; i < n; ++i) {
          const auto [g, ga] = place(i, true);
          const auto [v, va] = place(i, false);
          gates[i] = biased ? from[g] + bias[ga] : from[g];
          values[i] = biased ? from[v] + bias[va] : from[v];
          const expected<T> want{d};
          if (!backward) {
            want.forward(i, gates[i], values[i], y[i], memory.scalar(y)[i]);
            continue;
          }
          const auto scalar = memory.scalar(dx);
          want.backward(i, gates[i], values[i], e[i], dx[g], scalar[g], dx[v], scalar[v]);
          if (biased) of_bias.add(ga, dx[g], scalar[g]), of_bias.add(va, dx[v], scalar[v]);
        }
        of_bias.check("dbias", memory, dbias, n);
        if (parameter) check_parameter(d, memory, dparam, gates, values, e);
      });
}

template <class T>
void run(fuzz::input& in) {
  const drawn<T> d = any<T>(in);
  if (d.along && in.one_in(2))
    packed(in, d);
  else
    split(in, d);
}

}  // namespace

void fuzz::gated(input& in) {
  if (in.one_in(2))
    run<float>(in);
  else
    run<double>(in);
}
