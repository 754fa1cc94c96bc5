// As values.cpp, of what has an axis or more than one operand: softmax, cross-entropy, gated units, PReLU, biases, RReLU in
// training. The references are plain loops in double.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <nonlin/nonlin.hpp>
#include <vector>

namespace {

int checks = 0;
int failures = 0;

void check(const char* what, double got, double want, double tolerance) {
  ++checks;
  if (std::abs(got - want) <= tolerance * std::max(1.0, std::abs(want))) return;
  ++failures;
  std::printf("FAILED %s (%s): got %.9g, want %.9g\n", what, nonlin::to_string(nonlin::active_isa()), got, want);
}

using floats = std::vector<float>;

floats inputs(std::size_t n, unsigned seed) {
  floats x(n);
  for (std::size_t i = 0; i < n; ++i) x[i] = static_cast<float>(static_cast<double>((i * 29 + 7 * seed) % 156) / 13 - 5.98);
  return x;
}

double at(const floats& x, std::size_t i) { return static_cast<double>(x[i]); }

void check_softmax(const nonlin::axis_shape& s) {
  const std::size_t n = s.size(), rows = s.outer * s.inner;
  const floats x = inputs(n, 1), dy = inputs(n, 2);
  floats y(n), dx(n), log(n), dlogits(n);
  std::vector<std::int32_t> labels(rows);
  for (std::size_t r = 0; r < rows; ++r) labels[r] = static_cast<std::int32_t>(r % s.axis);
  nonlin::forward(nonlin::Softmax{}, x, y, s);
  nonlin::backward_from_output(nonlin::Softmax{}, y, dy, dx, s);
  nonlin::forward(nonlin::LogSoftmax{}, x, log, s);
  const double loss = nonlin::backward(nonlin::SoftmaxCrossEntropy{}, x, labels, dlogits, s);
  double want_loss = 0;
  for (std::size_t r = 0; r < rows; ++r) {
    const std::size_t first = r / s.inner * s.axis * s.inner + r % s.inner;
    double sum = 0, dot = 0;
    for (std::size_t a = 0; a < s.axis; ++a) sum += std::exp(at(x, first + a * s.inner));
    for (std::size_t a = 0; a < s.axis; ++a)
      dot += std::exp(at(x, first + a * s.inner)) / sum * at(dy, first + a * s.inner);
    for (std::size_t a = 0; a < s.axis; ++a) {
      const std::size_t i = first + a * s.inner;
      const double p = std::exp(at(x, i)) / sum;
      const bool is_label = static_cast<std::size_t>(labels[r]) == a;
      check("softmax", at(y, i), p, 1e-6);
      check("log_softmax", at(log, i), std::log(p), 1e-6);
      check("softmax backward", at(dx, i), p * (at(dy, i) - dot), 1e-5);
      check("cross-entropy backward", at(dlogits, i), (p - (is_label ? 1 : 0)) / static_cast<double>(rows), 1e-6);
      if (is_label) want_loss -= std::log(p);
    }
  }
  check("cross-entropy", loss, want_loss / static_cast<double>(rows), 1e-6);
}

void check_channels(const nonlin::axis_shape& s) {
  const std::size_t n = s.size();
  const floats x = inputs(n, 1), value = inputs(n, 3), dy = inputs(n, 2), b = inputs(s.axis, 4), c = inputs(s.axis, 5);
  floats y(n), dgate(n), dvalue(n), db(s.axis), dc(s.axis), p(n), dp(n), dslopes(s.axis);
  const auto gate = nonlin::biased(x, b), other = nonlin::biased(value, c);
  nonlin::forward(nonlin::SwiGLU{}, gate, other, y, s);
  nonlin::backward(nonlin::SwiGLU{}, gate, other, dy, nonlin::biased(dgate, db), nonlin::biased(dvalue, dc), s);
  nonlin::forward(nonlin::PReLU(b), x, p, s);
  nonlin::backward(nonlin::PReLU(b), x, dy, dp, dslopes, s);
  std::vector<double> want_db(s.axis), want_dc(s.axis), want_dslopes(s.axis);
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t a = i / s.inner % s.axis;
    const double g = at(x, i) + at(b, a), v = at(value, i) + at(c, a), sigma = 1 / (1 + std::exp(-g));
    const double dg = at(dy, i) * v * sigma * (1 + g * (1 - sigma)), dv = at(dy, i) * g * sigma;
    check("SwiGLU", at(y, i), g * sigma * v, 1e-5);
    check("SwiGLU dgate", at(dgate, i), dg, 1e-5);
    check("SwiGLU dvalue", at(dvalue, i), dv, 1e-5);
    want_db[a] += dg;
    want_dc[a] += dv;
    check("PReLU", at(p, i), x[i] > 0 ? at(x, i) : at(x, i) * at(b, a), 1e-6);
    check("PReLU backward", at(dp, i), x[i] > 0 ? at(dy, i) : at(dy, i) * at(b, a), 1e-6);
    if (!(x[i] > 0)) want_dslopes[a] += at(dy, i) * at(x, i);
  }
  for (std::size_t a = 0; a < s.axis; ++a) {
    const double terms = 50 * static_cast<double>(n / s.axis);
    check("SwiGLU db", at(db, a), want_db[a], 1e-6 * terms);
    check("SwiGLU dc", at(dc, a), want_dc[a], 1e-6 * terms);
    check("PReLU dslopes", at(dslopes, a), want_dslopes[a], 1e-6 * terms);
  }
}

void check_rrelu() {
  const floats x = inputs(300, 1);
  floats y(x.size());
  nonlin::forward(nonlin::RReLU{}.training(7, 5), x, y);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::uint32_t word = nonlin::philox4x32({static_cast<std::uint32_t>((i + 5) / 4), 0, 0, 0}, {7, 0})[(i + 5) % 4];
    const double slope = 1.0 / 8 + (1.0 / 3 - 1.0 / 8) * static_cast<double>(word >> 8) * 0x1p-24;
    check("RReLU", at(y, i), x[i] > 0 ? at(x, i) : slope * at(x, i), 1e-6);
  }
}

}  // namespace

int main() {
  for (const nonlin::isa isa : nonlin::available_isas()) {
    nonlin::use_isa(isa);
    for (const nonlin::axis_shape& s : {nonlin::axis_shape{5, 7, 1}, {3, 130, 1}, {2, 9, 3}, {2, 70, 3}, {2, 5, 90}}) {
      check_softmax(s);
      check_channels(s);
    }
    check_rrelu();
  }
  std::printf("%d checks, %d failures\n", checks, failures);
  return failures != 0 || checks == 0;
}
