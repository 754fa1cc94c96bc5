// Judges the calls of subject.hpp: values against the oracle within the bounds that the headers state, NaN, infinities, zeros and
// subnormals, the same bits wherever an element or a row lies; and values under a caller's own rounding mode or flush to zero.
#include <cstdio>
#include <cstring>
#include <utility>
#include "../arrays.hpp"
#include "../ends.hpp"
#include "../oracle.hpp"
#include "../softmax_oracle.hpp"
#include "../ulp.hpp"
#include "control.hpp"
#include "subject.hpp"

namespace {

using nonlin::axis_shape;
using subject::form;
using subject::kind;

int failures = 0;
long checks = 0;
const char* isa = "";
control::word started = 0;
mode now = mode::as_started;
double worst_of_mode[5];

bool flushes() { return now == mode::flush || (started & control::flush_bits) != 0; }

void fail(const char* what, const char* name, const std::string& details) {
  static std::string last;  // one of each kind
  const std::string kind = std::string(what) + name + isa;
  if (++failures <= 20 || kind != std::exchange(last, kind)) std::printf("FAILED %s %s (%s, %s): %s\n", what, name, isa, name_of(now), details.c_str());
}

template <class T>
std::string type_name() {
  return sizeof(T) == 4 ? "float" : "double";
}

constexpr const char* kind_names[] = {"forward", "backward", "from output", "functor", "functor's derivative", "gated forward",
                                      "gated backward", "training", "training backward", "noise", "lambda"};
constexpr const char* form_names[] = {"forward", "backward", "forward", "backward", "backward", "forward", "backward",
                                      "forward", "backward", "forward", "backward", "forward", "backward", "backward"};
template <class Op>
const char* title(const Op& op) {
  if constexpr (requires { op.index; })
    return kind_names[static_cast<int>(op.what)];
  else
    return form_names[static_cast<int>(op.what)];
}

// -- what is right -----------------------------------------------------------------------------------------------------------

// A result, and what it may be off by before it is rounded.
template <class W>
struct expected {
  W value, slack;
};

// Where subnormal numbers are flushed, one may have become 0.
template <class T, class W>
W lost_by_flushing(const W& value) {
  using std::abs;
  const W least = std::numeric_limits<T>::min();
  return flushes() && abs(value) < 2 * least ? W(2 * least) : W(0);
}

template <class T>
struct oracle_row {
  using W = oracle::wide<T>;
  ends at;
  nonlin::accuracy bounds;
  W (*value)(const W&);
  W (*slope)(const W&);
  W (*slope_from_output)(const W&);

  expected<W> forward(const W& x) const { return rough(value(x), bounds.forward); }
  expected<W> derivative(const W& x) const {
    expected<W> e = rough(slope(x), bounds.derivative);
    if (bounds.radius > 0 && std::abs(static_cast<double>(x) - bounds.root) < bounds.radius) e.slack = bounds.absolute;
    return e;
  }
  // A derivative that comes with the value may be 2^-22 (double: 2^-51) off around its root.
  expected<W> derivative_beside_value(const W& x) const {
    expected<W> e = derivative(x);
    const W absolute = sizeof(T) == 4 ? 0x1p-22 : 0x1p-51;
    if (x < 0 && x > -3 && e.slack < absolute) e.slack = absolute;
    return e;
  }
  static expected<W> rough(const W& exact, double bound) {
    return {exact, W(bound * ulp_at<T>(exact)) + lost_by_flushing<T, W>(exact)};
  }
};

template <class T, class A>
oracle_row<T> row_of(A) {
  using W = oracle::wide<T>;
  oracle_row<T> r{of(A{}), A::template bounds<T>, [](const W& x) { return oracle::row<A>::forward(A{}, x); },
                  [](const W& x) { return oracle::row<A>::derivative(A{}, x); }, nullptr};
  if constexpr (nonlin::output_differentiable<A, T>)
    r.slope_from_output = [](const W& y) { return oracle::row<A>::from_output(A{}, y); };
  return r;
}
template <class T, class A>
oracle_row<T> row_of(nonlin::Gated<A>) {
  return row_of<T>(A{});
}
template <class T, class List>
const oracle_row<T>& row(std::size_t i) {
  static const std::vector<oracle_row<T>> all = []<class... A>(nonlin::type_list<A...>) {
    return std::vector<oracle_row<T>>{row_of<T>(A{})...};
  }(List{});
  return all[i];
}
bool is_functor(kind k) { return k == kind::functor || k == kind::functor_derivative; }
bool is_gated(kind k) { return k == kind::gated_forward || k == kind::gated_backward; }
template <class T>
const oracle_row<T>& row_of_operation(const subject::elementwise<T>& op) {
  return is_gated(op.what) ? row<T, nonlin::gated_units>(op.index) : row<T, nonlin::activations>(op.index);
}

template <class W>
expected<W> product(const W& factor, const expected<W>& f, const W& factor_slack = W(0)) {
  using std::abs;
  return {factor * f.value, abs(factor) * f.slack + factor_slack * (abs(f.value) + f.slack)};
}
// round(dy value) times f
template <class T, class W>
expected<W> flow(const W& dy, const W& value, const expected<W>& f) {
  const W exact = dy * value;
  return product(exact, f, W(W(ulp_at<T>(exact)) + lost_by_flushing<T, W>(exact)));
}

// The slope that RReLU draws for element i; rounded a few times in T.
template <class W, class T>
expected<W> drawn(std::size_t i) {
  const auto word = nonlin::philox4x32({static_cast<std::uint32_t>(i / 4), 0, 0, 0}, {subject::training_seed, 0})[i % 4];
  const W slope = W(1) / 8 + (W(1) / 3 - W(1) / 8) * W(static_cast<double>(word >> 8) * 0x1p-24);
  return {slope, W(2 * std::numeric_limits<T>::epsilon()) * slope};
}

// Of element i; the output's number is `o`.
template <class T, class W = oracle::wide<T>>
expected<W> want(const subject::elementwise<T>& op, const std::vector<T> (&in)[3], std::size_t i, std::size_t o) {
  const oracle_row<T>& r = row_of_operation(op);
  const W x = in[0][i], second = in[1][i], third = in[2][i];
  switch (op.what) {
    case kind::forward:
    case kind::functor: return r.forward(x);
    case kind::functor_derivative: return r.derivative(x);
    case kind::backward: return product(second, r.derivative(x));
    case kind::from_output: return product(second, r.rough(r.slope_from_output(x), r.bounds.derivative));
    case kind::gated_forward: return product(second, r.forward(x));
    case kind::gated_backward:
      return o == 0 ? flow<T, W>(third, second, r.derivative_beside_value(x)) : product(third, r.forward(x));
    case kind::training: return x > 0 ? expected<W>{x, 0} : product(x, drawn<W, T>(i));
    case kind::training_backward: return x > 0 ? expected<W>{second, 0} : product(second, drawn<W, T>(i));
    case kind::lambda: return product(x, row<T, nonlin::activations>(op.index).rough(oracle::logistic(x), 4));
    case kind::noise: break;
  }
  return x > 0 ? expected<W>{1, 0} : drawn<W, T>(i);
}

// How far got is off, in units of what it may be.
template <class T, class W>
double error(T got, const expected<W>& e) {
  using std::abs;
  if (e.value != e.value) return is_nan(got) ? 0 : 1e300;
  if (is_nan(got)) return 1e300;
  if (std::isinf(got) && W(got) == e.value) return 0;
  const W far = abs(e.value) + e.slack;
  if (far >= std::numeric_limits<T>::max() && std::isinf(got)) return (got > 0) == (e.value > 0) ? 0 : 1e300;
  if (std::isinf(got)) return 1e300;
  if (far >= std::numeric_limits<T>::max() && now > mode::flush && std::abs(got) == std::numeric_limits<T>::max()) return 0;
  const W ulp = ulp_at<T>(static_cast<oracle::wide<T>>(far));
  const W off = abs(W(W(got) - e.value)), allowed = e.slack + ulp / 2 + lost_by_flushing<T, W>(e.value);
  return static_cast<double>(W(off / allowed));
}

struct worst_error {
  double worst = 0;
  std::string where;

  template <class T, class W>
  void add(T got, const expected<W>& e, T x) {
    ++checks;
    const double off = error(got, e);
    if (off <= worst) return;
    worst = off;
    where = type_name<T>() + " at " + hex(x) + ": got " + hex(got) + ", want " + hex(static_cast<T>(e.value));
  }
  void check(const char* what, const char* name) const {
    double& all = worst_of_mode[static_cast<int>(now)];
    if (worst > all) all = worst;
    if (!(worst <= 1)) fail(what, name, "error is " + std::to_string(worst) + " of the bound, " + where);
  }
};

// -- of each element by itself --------------------------------------------------------------------------------------------------

template <class T>
void run(const subject::elementwise<T>& op, const T* a, const T* b, const T* c, T* out, T* out2, std::size_t n,
         std::size_t first = 0) {
  const T* const in[] = {a, b, c};
  T* const to[] = {out, out2};
  in_mode(now, started, [&] { op.run(in, to, n, first); });
}

template <class T>
std::vector<T> numbers(const subject::elementwise<T>& op) {
  static const double around[] = {0, 0.75, 1.278, 5.2, 9.1, 17.33, 37.5, 40, 87.34, 91.86, 103.97, 108.7, 708.4, 745.2, 760};
  std::vector<T> x = points<T>(point_count(4096) / (sizeof(T) == 8 ? 16 : 1), around);
  if (op.what == kind::from_output) {
    for (T& e : x) e = static_cast<T>(row_of_operation(op).value(e));
  }
  // whose square is not infinite, for the oracle's gated products and derivatives
  if (is_gated(op.what)) std::erase_if(x, [](T e) { return std::abs(e) > std::sqrt(std::numeric_limits<T>::max()); });
  if (flushes()) std::erase_if(x, [](T e) { return e != 0 && std::abs(e) < std::numeric_limits<T>::min(); });
  return x;
}

template <class T>
std::vector<T> ordinary(std::size_t n, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<T> x(n);
  for (T& e : x) e = static_cast<T>(-3 + 6 * (static_cast<double>(random() >> 11) * 0x1p-53));
  return x;
}

// Arrays round to nearest whatever the caller's mode is. The functors, which are the caller's own code, do not: what they are off by
// then, of the larger of 1 and the result.
template <class T>
constexpr double functor_slack = sizeof(T) == 4 ? 0x1p-15 : 0x1p-40;

template <class T>
void check_values(const subject::elementwise<T>& op) {
  const std::vector<T> x = numbers(op);
  const std::size_t n = x.size();
  const std::vector<T> in[] = {x, ordinary<T>(n, 5), ordinary<T>(n, 6)};
  std::vector<T> out[] = {std::vector<T>(n, T(77)), std::vector<T>(n, T(77))};
  run(op, in[0].data(), in[1].data(), in[2].data(), out[0].data(), out[1].data(), n);
  for (std::size_t o = 0; o < op.outputs; ++o) {
    worst_error w;
    for (std::size_t i = 0; i < n; ++i) {
      auto e = want(op, in, i, o);
      if (is_functor(op.what) && now > mode::flush) e.slack += functor_slack<T> * std::max(1.0, std::abs(static_cast<double>(e.value)));
      w.add(out[o][i], e, x[i]);
    }
    w.check(title(op), op.name);
  }
}

template <class T>
bool near(T got, double want, double bound) {
  if (want == 0 || std::isinf(want)) return bits(got) == bits(static_cast<T>(want));
  return !is_nan(got) && std::abs(static_cast<double>(got) - want) <=
                             (bound + 0.5) * std::abs(want) * static_cast<double>(std::numeric_limits<T>::epsilon());
}

template <class T>
void check_ends(const subject::elementwise<T>& op) {
  const oracle_row<T>& r = row_of_operation(op);
  const T inf = std::numeric_limits<T>::infinity(), two = T(2);
  const T x[] = {-inf, inf, -T(0), T(0)};
  const double values[] = {r.at.lowest, r.at.highest, r.at.minus_zero, r.at.zero};
  const double slopes[] = {r.at.slope_lowest, r.at.slope_highest, r.at.slope_zero, r.at.slope_zero};
  for (std::size_t i = 0; i < 4; ++i) {
    T got = T(77), other = T(77);
    run(op, &x[i], &two, &two, &got, &other, 1);
    const auto check = [&](T is, double must, double bound) {
      ++checks;
      if (!near(is, must, bound))
        fail(title(op), op.name, type_name<T>() + " at " + hex(x[i]) + ": got " + hex(is) + ", want " + std::to_string(must));
    };
    const double nothing_signed = slopes[i] == 0 ? static_cast<double>(got) * 0 : 0;  // the sign of 0 is the formula's
    switch (op.what) {
      case kind::forward:
      case kind::functor: check(got, values[i], r.bounds.forward); break;
      case kind::gated_forward: check(got, 2 * values[i], r.bounds.forward); break;
      case kind::gated_backward: check(other, 2 * values[i], r.bounds.forward); break;
      case kind::backward: check(got, slopes[i] == 0 ? nothing_signed : 2 * slopes[i], r.bounds.derivative); break;
      case kind::functor_derivative: check(got, slopes[i] == 0 ? nothing_signed : slopes[i], r.bounds.derivative); break;
      default: break;
    }
  }
}

// What the one-element calls give at NaN and elsewhere, and that every other call gives the same bits.
template <class T>
void check_places(const subject::elementwise<T>& op) {
  constexpr std::size_t longest = 150, offsets = 5;
  std::vector<T> in[3], want[2], out[2], moved[3];
  for (std::size_t k = 0; k < 3; ++k) in[k] = mixture<T>(longest, 21 + k), moved[k].resize(longest + offsets);
  if (op.inputs > 1) {  // finite dy or value, so that NaN comes from x alone
    for (std::size_t k = 1; k < 3; ++k) in[k] = ordinary<T>(longest, 31 + k);
  }
  if (op.what == kind::from_output) {  // only what the activation gives
    for (T& y : in[0]) {
      if (!is_nan(y)) y = std::isinf(y) ? T(row_of_operation(op).at.highest) : T(row_of_operation(op).value(y));
    }
  }
  for (T& x : in[0]) {
    if (op.what == kind::lambda && std::isinf(x)) x = T(-80);  // the product of -inf and 0 is NaN
    if (flushes() && std::abs(x) < std::numeric_limits<T>::min()) x = 0;  // or not, as its place has it
  }
  for (std::vector<T>& w : want) w.resize(longest, T(77));
  for (std::vector<T>& o : out) o.resize(longest + offsets);
  for (std::size_t i = 0; i < longest; ++i) run(op, &in[0][i], &in[1][i], &in[2][i], &want[0][i], &want[1][i], 1, i);
  for (std::size_t o = 0; o < op.outputs; ++o) {
    for (std::size_t i = 0; i < longest; ++i) {
      ++checks;
      if (is_nan(want[o][i]) != is_nan(in[0][i]))
        fail(title(op), op.name, type_name<T>() + ": " + hex(in[0][i]) + " gives " + hex(want[o][i]));
    }
  }
  const auto compare = [&](const T* got, std::size_t o, std::size_t first, std::size_t n, const std::string& how) {
    ++checks;
    const std::size_t i = first_difference(got, &want[o][first], n);
    if (i != n)
      fail(title(op), op.name, type_name<T>() + " element " + std::to_string(i) + " of " + std::to_string(n) + ", " + how + ": got " +
                               hex(got[i]) + ", want " + hex(want[o][first + i]));
  };
  if (is_functor(op.what)) return;
  for (std::size_t n = 0; n <= longest; ++n) {
    for (std::size_t k = 0; k < offsets; ++k) {
      for (std::size_t j = 0; j < 3; ++j) std::copy_n(in[j].data(), n, moved[j].data() + (k * (j + 1) + n) % offsets);
      run(op, moved[0].data() + (k + n) % offsets, moved[1].data() + (2 * k + n) % offsets,
          moved[2].data() + (3 * k + n) % offsets, out[0].data() + k, out[1].data() + k, n);
      for (std::size_t o = 0; o < op.outputs; ++o) compare(out[o].data() + k, o, 0, n, "moved by " + std::to_string(k));
    }
    // in place: the k-th output is the k-th input
    for (std::size_t j = 0; j < 3; ++j) std::copy_n(in[j].data(), n, moved[j].data());
    run(op, moved[0].data(), moved[1].data(), moved[2].data(), moved[0].data(), op.outputs > 1 ? moved[1].data() : nullptr, n);
    for (std::size_t o = 0; o < op.outputs; ++o) compare(moved[o].data(), o, 0, n, "in place");
  }
  for (std::size_t cut = 0; cut <= longest; ++cut) {
    run(op, in[0].data() + cut, in[1].data() + cut, in[2].data() + cut, out[0].data(), out[1].data(), longest - cut, cut);
    for (std::size_t o = 0; o < op.outputs; ++o) compare(out[o].data(), o, cut, longest - cut, "cut at " + std::to_string(cut));
  }
}

// -- along an axis ----------------------------------------------------------------------------------------------------------------

template <class T>
struct data {
  std::vector<T> in[3], p[2], out[2], extra[2];
};

bool is_of_rows(form f) { return f <= form::cross_entropy; }

template <class T>
data<T> data_for(const subject::along<T>& op, const axis_shape& s, std::size_t variant) {
  data<T> d;
  for (std::size_t k = 0; k < 3; ++k) d.in[k] = ordinary<T>(s.size(), 10 * variant + k);
  for (std::size_t k = 0; k < 2; ++k) {
    d.p[k] = ordinary<T>(s.axis, 10 * variant + 5 + k);
    d.out[k].assign(s.size(), T(77));
    d.extra[k].assign(op.extra_size(s), T(77));
  }
  if (op.what == form::softmax || op.what == form::log_softmax || op.what == form::cross_entropy)
    d.in[0] = logits<T>(s, variant, ordinary_row_kinds);
  if (op.what == form::cross_entropy || flushes()) {  // a label that is hidden has an infinite loss
    for (T& x : d.in[0]) x = std::isinf(x) ? T(-80) : std::abs(x) < std::numeric_limits<T>::min() ? T(0) : x;
  }
  if (op.what == form::softmax_backward || op.what == form::log_softmax_backward) {
    for_each_row(s, [&](std::size_t, std::size_t first, std::size_t stride) {
      const oracle::softmax_row r(s.axis, [&](std::size_t a) { return oracle::wide_logit{d.in[0][first + a * stride], 0}; });
      for (std::size_t a = 0; a < s.axis; ++a)
        d.in[0][first + a * stride] = static_cast<T>(op.what == form::softmax_backward ? r.probability[a] : r.log_probability(a));
    });
  }
  return d;
}

template <class T>
void run(const subject::along<T>& op, data<T>& d, const axis_shape& s, std::size_t moved = 0) {
  const T* const in[] = {d.in[0].data() + moved, d.in[1].data() + moved, d.in[2].data() + moved};
  const T* const p[] = {d.p[0].data(), d.p[1].data()};
  T* const out[] = {d.out[0].data() + moved, d.out[1].data() + moved};
  T* const extra[] = {d.extra[0].data(), d.extra[1].data()};
  in_mode(now, started, [&] { op.run(in, p, out, extra, s); });
}

template <class T>
void check_rows(const subject::along<T>& op, const data<T>& d, const axis_shape& s, worst_error& w) {
  using W = long double;
  const W eps = std::numeric_limits<T>::epsilon();
  for_each_row(s, [&](std::size_t number, std::size_t first, std::size_t stride) {
    const auto x = [&](std::size_t a) { return W(d.in[0][first + a * stride]); };
    const auto dy = [&](std::size_t a) { return W(d.in[1][first + a * stride]); };
    const auto add = [&](std::size_t a, W value, W slack) {
      const std::size_t i = first + a * stride;
      w.add(d.out[0][i], expected<W>{value, slack + lost_by_flushing<T, W>(value)}, d.in[0][i]);
    };
    if (op.what == form::softmax_backward || op.what == form::log_softmax_backward) {
      const bool log = op.what == form::log_softmax_backward;
      W sum = 0, size = 0;
      for (std::size_t a = 0; a < s.axis; ++a) {
        const W term = log ? dy(a) : dy(a) * x(a);
        sum += term;
        size += std::abs(term);
      }
      for (std::size_t a = 0; a < s.axis; ++a) {
        const W f = log ? std::exp(x(a)) : x(a);
        add(a, log ? dy(a) - f * sum : f * (dy(a) - sum), 8 * eps * (log ? std::abs(dy(a)) + f * size : f * (std::abs(dy(a)) + size)));
      }
      return;
    }
    const oracle::softmax_row r(s.axis, [&](std::size_t a) { return oracle::wide_logit{x(a), 0}; });
    const std::size_t label = number % s.axis;
    for (std::size_t a = 0; a < s.axis; ++a) {
      const W p = r.probability[a], l = r.log_probability(a);
      if (op.what == form::softmax)
        add(a, p, sizeof(T) == 8 && !r.counts(a) ? std::max(W(0x1p-43) * p, 8 * W(std::numeric_limits<T>::denorm_min()))
                                                 : nonlin::Softmax::bound * W(ulp_at<T>(static_cast<double>(p))));
      else if (op.what == form::log_softmax && !std::isfinite(l))
        add(a, l, 0);
      else if (op.what == form::log_softmax)
        add(a, l, nonlin::LogSoftmax::bound * eps * std::max(W(1), std::abs(l)));
      else
        add(a, p - (a == label ? 1 : 0), nonlin::SoftmaxCrossEntropy::bound * eps);
    }
    if (op.what == form::cross_entropy) {
      const W loss = -r.log_probability(label);
      w.add(d.extra[0][number], expected<W>{loss, nonlin::SoftmaxCrossEntropy::bound * eps * std::max(W(1), loss)}, d.in[0][first]);
    }
  });
}

template <class T>
void check_channels(const subject::along<T>& op, const data<T>& d, const axis_shape& s, worst_error& w) {
  using W = oracle::wide<T>;
  using std::abs;
  const W eps = std::numeric_limits<T>::epsilon();
  std::vector<expected<W>> sums[2];
  for (auto& v : sums) v.assign(op.extra_size(s), {0, 0});
  const W sum_bound = (sizeof(T) == 4 ? 0x1p-19 : 0x1p-48);
  for (std::size_t i = 0; i < s.size(); ++i) {
    const std::size_t a = i / s.inner % s.axis;
    const auto add = [&](std::size_t o, const expected<W>& e) { w.add(d.out[o][i], e, d.in[0][i]); };
    const auto term = [&](std::size_t k, std::size_t at, const expected<W>& e) {
      sums[k][at].value += e.value;
      sums[k][at].slack += W(abs(e.value) * (sum_bound + eps)) + e.slack;
    };
    const T x = d.in[0][i], second = d.in[1][i], third = d.in[2][i], p = d.p[0][a];
    using nonlin::activations, nonlin::gated_units;
    constexpr std::size_t gelu = 2, swish = 4;  // in gated_units
    switch (op.what) {
      case form::prelu: add(0, {x > 0 ? W(x) : W(W(x) * W(p)), 0}); break;
      case form::prelu_backward:
        add(0, {x > 0 ? W(second) : W(W(second) * W(p)), 0});
        if (!(x > 0)) term(0, a, {W(second) * W(x), 0});
        break;
      case form::biased: add(0, row<T, gated_units>(gelu).forward(T(x + p))); break;
      case form::biased_backward: {
        const expected<W> e = product(W(second), row<T, gated_units>(gelu).derivative(T(x + p)));
        add(0, e);
        term(0, a, e);
        break;
      }
      case form::parameter: {
        add(0, product(W(second), row<T, gated_units>(swish).derivative(x)));
        const W slope = oracle::row<nonlin::Swish>::parameter(nonlin::Swish{}, W(x));
        term(0, 0, {W(second) * slope, abs(W(second)) * slope * 6 * eps});
        break;
      }
      default: {
        const bool biased = op.what == form::swiglu || op.what == form::swiglu_backward;
        const W gate = biased ? T(x + p) : x, value = biased ? T(second + d.p[1][a]) : second;
        const oracle_row<T>& r = row<T, gated_units>(swish);
        if (op.outputs == 1) {
          add(0, product(value, r.forward(gate)));
          break;
        }
        const expected<W> dgate = flow<T, W>(third, value, r.derivative_beside_value(gate)), dvalue = product(W(third), r.forward(gate));
        add(0, dgate);
        add(1, dvalue);
        if (biased) term(0, a, dgate), term(1, a, dvalue);
      }
    }
  }
  for (std::size_t k = 0; k < op.extras; ++k) {
    for (std::size_t a = 0; a < sums[k].size(); ++a) w.add(d.extra[k][a], sums[k][a], T(a));
  }
}

const axis_shape& shape(std::size_t i) {
  static const axis_shape all[] = {{1, 1, 1},   {5, 7, 1},  {40, 3, 1}, {3, 130, 1}, {17, 32, 1}, {1, 1000, 1},
                                   {2, 9, 3},   {2, 70, 3}, {3, 17, 16}, {2, 5, 90}, {2, 1, 129}};
  return all[i];
}
constexpr std::size_t shape_count = 11;

template <class T>
void check_values(const subject::along<T>& op) {
  worst_error w;
  for (std::size_t i = 0; i < shape_count; ++i) {
    const axis_shape& s = shape(i);
    for (std::size_t variant = 0; variant < (is_of_rows(op.what) ? std::min<std::size_t>(5, variants(s)) : 1); ++variant) {
      data<T> d = data_for(op, s, variant);
      run(op, d, s);
      if (is_of_rows(op.what))
        check_rows(op, d, s, w);
      else
        check_channels(op, d, s, w);
    }
  }
  w.check(title(op), op.name);
}

template <class T>
void check_places(const subject::along<T>& op) {
  const auto differ = [&](const std::string& how, const axis_shape& s) {
    fail(title(op), op.name, type_name<T>() + ", shape " + to_string(s) + ", " + how);
  };
  const auto same = [](const std::vector<T>& a, const T* b) { return first_difference(a.data(), b, a.size()) == a.size(); };
  for (std::size_t number = 0; number < shape_count; ++number) {
    const axis_shape& s = shape(number);
    const std::size_t n = s.size(), block = s.axis * s.inner;
    data<T> d = data_for(op, s, 1);
    run(op, d, s);
    for (std::size_t k = 0; k < 9; ++k) {  // at other addresses
      data<T> m = d;
      for (auto& in : m.in) in.insert(in.begin(), k, T(1));
      for (auto& out : m.out) out.assign(n + k, T(77));
      run(op, m, s, k);
      ++checks;
      for (std::size_t o = 0; o < op.outputs; ++o)
        if (!same(d.out[o], m.out[o].data() + k)) differ("moved by " + std::to_string(k), s);
      for (std::size_t o = 0; o < op.extras; ++o)
        if (!same(d.extra[o], m.extra[o].data())) differ("extra results, moved by " + std::to_string(k), s);
    }
    if (op.what != form::packed && op.what != form::packed_backward) {  // in place
      data<T> m = d;
      const T* const in[] = {m.in[0].data(), m.in[1].data(), m.in[2].data()};
      const T* const p[] = {m.p[0].data(), m.p[1].data()};
      T* const out[] = {m.in[0].data(), m.in[1].data()};
      T* const extra[] = {m.extra[0].data(), m.extra[1].data()};
      in_mode(now, started, [&] { op.run(in, p, out, extra, s); });
      ++checks;
      for (std::size_t o = 0; o < op.outputs; ++o)
        if (!same(d.out[o], m.in[o].data())) differ("in place", s);
    }
    if (op.what != form::cross_entropy) {  // by itself: each outer index (a label belongs to the row's number)
      for (std::size_t outer = 0; outer < s.outer; ++outer) {
        data<T> m = d;
        for (auto& in : m.in) in.assign(in.begin() + std::ptrdiff_t(outer * block), in.begin() + std::ptrdiff_t((outer + 1) * block));
        run(op, m, {1, s.axis, s.inner});
        ++checks;
        for (std::size_t o = 0; o < op.outputs; ++o)
          if (first_difference(m.out[o].data(), d.out[o].data() + outer * block, block) != block) differ("outer index alone", s);
      }
    }
    // a NaN makes its row NaN, or its element and the sums that it is in, and changes nothing else
    for (const std::size_t at : {std::size_t{0}, n / 2, n - 1}) {
      data<T> m = d;
      m.in[0][at] = nans<T>()[at % 5];
      run(op, m, s);
      for (std::size_t i = 0; i < n; ++i) {
        const bool hit = is_of_rows(op.what) ? i / block == at / block && i % s.inner == at % s.inner : i == at;
        for (std::size_t o = 0; o < op.outputs; ++o) {
          // dx of a row: that of softmax is y_a times something, that of its logarithm dy_a - e^(y_a) times the sum of dy
          const bool may = op.what == form::log_softmax_backward && i != at;
          ++checks;
          const bool nan = is_nan(m.out[o][i]);
          if (hit && !may ? !nan : bits(m.out[o][i]) != bits(d.out[o][i])) differ("NaN at " + std::to_string(at), s);
        }
      }
      if (!is_of_rows(op.what)) {
        for (std::size_t k = 0; k < op.extras; ++k) {
          for (std::size_t a = 0; a < m.extra[k].size(); ++a) {
            const bool hit = op.what == form::parameter || a == at / s.inner % s.axis;
            if (hit ? !is_nan(m.extra[k][a]) : bits(m.extra[k][a]) != bits(d.extra[k][a])) differ("sum with a NaN", s);
          }
        }
      }
    }
  }
}

void judge() {
  for (const mode m : modes) {
    now = m;
    if (m == mode::flush && !control::can_flush) continue;
    for (const auto& op : subject::all_elementwise<NONLIN_TEST_TYPE>()) {
      check_values(op);
      if (m == mode::as_started && !flushes()) check_ends(op);
      check_places(op);
    }
    for (const auto& op : subject::all_along<NONLIN_TEST_TYPE>()) {
      check_values(op);
      check_places(op);
    }
  }
  now = mode::as_started;
}

}  // namespace

int main() {
  started = control::get();
  control::set(started & ~control::flush_bits);
  for (std::size_t i = 0; i < subject::isa_count(); ++i) {
    isa = subject::use_isa(i);
    if (isa == nullptr) {
      isa = "?";
      fail("use_isa", "", std::to_string(i));
      continue;
    }
    judge();
  }
  for (const mode m : modes)
    std::printf("%s: worst error %.3f of its bound\n", name_of(m), worst_of_mode[static_cast<int>(m)]);
  std::printf("%ld checks, %d failures%s\n", checks, failures, (started & control::flush_bits) != 0 ? ", started with flush to zero" : "");
  return failures != 0 || checks == 0;
}
