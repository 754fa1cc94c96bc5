#include "accuracy.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <map>
#include <memory>
#include <random>

#include "../../tests/oracle.hpp"
#include "../../tests/ulp.hpp"
#include "memory.hpp"

namespace peers {
namespace {

using oracle::wide;

// -- what is exact --------------------------------------------------------------------------------------------

struct exp_row {
  template <class W>
  static W forward(const exp_row&, const W& x) {
    using std::exp;
    return exp(x);
  }
};

template <class T>
struct Exact {
  using W = wide<T>;
  using F = W (*)(const W&);
  F forward = nullptr, derivative = nullptr, from_output = nullptr;
  double root = std::numeric_limits<double>::quiet_NaN();  // of the derivative
};

template <class A, class R, class T>
Exact<T> exact_of(double root = std::numeric_limits<double>::quiet_NaN()) {
  using W = wide<T>;
  Exact<T> e;
  e.root = root;
  e.forward = [](const W& x) { return R::forward(A{}, x); };
  if constexpr (requires(W x) { R::derivative(A{}, x); })
    e.derivative = [](const W& x) { return R::derivative(A{}, x); };
  if constexpr (requires(W x) { R::from_output(A{}, x); })
    e.from_output = [](const W& y) { return R::from_output(A{}, y); };
  return e;
}

template <class A, class T>
Exact<T> row_of(double root = std::numeric_limits<double>::quiet_NaN()) {
  return exact_of<A, oracle::row<A>, T>(root);
}

template <class T>
Exact<T> exact(const std::string& function) {
  if (function == "exp") return exact_of<exp_row, exp_row, T>();
  if (function == "Sigmoid" || function == "GLU") return row_of<nonlin::Sigmoid, T>();
  if (function == "Tanh") return row_of<nonlin::Tanh, T>();
  if (function == "GELU" || function == "GeGLU") return row_of<nonlin::GELU, T>(-0.7518);
  if (function == "SiLU" || function == "SwiGLU") return row_of<nonlin::SiLU, T>(-1.2785);
  if constexpr (std::is_same_v<T, float>) {
    if (function == "ReLU") return row_of<nonlin::ReLU, T>();
    if (function == "LeakyReLU") return row_of<nonlin::LeakyReLU, T>();
    if (function == "ELU") return row_of<nonlin::ELU, T>();
    if (function == "SELU") return row_of<nonlin::SELU, T>();
    if (function == "GELUTanh") return row_of<nonlin::GELUTanh, T>(-0.7525);
  }
  std::fprintf(stderr, "nothing to compare %s with\n", function.c_str());
  std::abort();
}

// -- elementwise ----------------------------------------------------------------------------------------------

constexpr double common_range = 5;
template <class T>
constexpr double widest = std::is_same_v<T, float> ? 110 : 700;
template <class T>
constexpr std::size_t sweep_size = std::is_same_v<T, float> ? 1 << 20 : 1 << 16;

template <class T>
std::vector<T> sweep() {
  constexpr std::size_t n = sweep_size<T>;
  std::mt19937_64 random(20261121);
  std::vector<T> x;
  const auto uniform = [&](double bound, std::size_t count) {
    std::uniform_real_distribution<double> u(-bound, bound);
    for (std::size_t i = 0; i < count; ++i) x.push_back(static_cast<T>(u(random)));
  };
  uniform(widest<T>, n / 4);
  uniform(12, n / 4);
  uniform(3, n / 4);
  const auto logarithmic = [&](double low, double high, std::size_t count) {
    std::uniform_real_distribution<double> u(std::log(low), std::log(high));
    for (std::size_t i = 0; i < count; ++i) {
      const double magnitude = std::exp(u(random));
      x.push_back(static_cast<T>(i % 2 == 0 ? magnitude : -magnitude));
    }
  };
  logarithmic(1e-37, 100, n / 4 - n / 32);
  logarithmic(100, 1e38, n / 32);
  return x;
}

// One output array beside what it should be.
template <class T>
struct Compared {
  std::vector<T> x;
  std::vector<wide<T>> exact;
  std::vector<char> skipped;  // around roots
};

template <class T>
Compared<T> compared(const std::vector<T>& x, typename Exact<T>::F f, double root, bool common_only) {
  Compared<T> c{x, std::vector<wide<T>>(x.size()), std::vector<char>(x.size())};
  for (std::size_t i = 0; i < x.size(); ++i) {
    c.exact[i] = f(wide<T>(x[i]));
    c.skipped[i] = std::abs(static_cast<double>(x[i]) - root) < 0.25 || (common_only && std::abs(x[i]) > 1);
  }
  return c;
}

std::string number(double v) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", v);
  return text;
}

[[noreturn]] void not_the_function(const std::string& what, double x, double got, double exact) {
  std::fprintf(stderr, "%s is not what it should be: at %.9g it gives %.9g, not %.9g\n", what.c_str(), x, got,
               exact);
  std::exit(1);
}

void remark(Accuracy& a, const std::string& text) {
  if (a.remarks.find(text) != std::string::npos) return;
  if (!a.remarks.empty()) a.remarks += "; ";
  a.remarks += text;
}

template <class T>
void compare(const std::string& what, const Compared<T>& c, const T* got, Accuracy& a) {
  using limits = std::numeric_limits<T>;
  constexpr double none = std::numeric_limits<double>::infinity();
  double low_tail = -none, high_tail = none, near_zero = 0, beyond = none;
  for (std::size_t i = 0; i < c.x.size(); ++i) {
    if (c.skipped[i]) continue;
    const double x = c.x[i], exact = static_cast<double>(c.exact[i]), value = static_cast<double>(got[i]);
    const double size = std::abs(x);
    if (size >= 0.01 && size <= 1 && !(std::abs(value - exact) <= 1e-2 * std::max(std::abs(exact), 0.1)))
      not_the_function(what, x, value, exact);
    const double magnitude = std::abs(exact);
    if (magnitude > limits::max() || (magnitude < limits::min() && exact != 0)) continue;
    const double error = ulp_error<T>(got[i], c.exact[i]);
    if (size > widest<T>) {
      if (!(error < 1000)) beyond = std::min(beyond, size);
      continue;
    }
    if (error > a.ulp) a.ulp = error, a.at = x;
    if (size <= common_range) a.common = std::max(a.common, error);
    if (exact != 0 && !(std::abs(value - exact) <= 0.5 * magnitude)) {
      if (size < 1)
        near_zero = std::max(near_zero, size);
      else if (x < 0)
        low_tail = std::max(low_tail, x);
      else
        high_tail = std::min(high_tail, x);
    }
  }
  if (low_tail > -none) remark(a, "lost below " + number(low_tail));
  if (high_tail < none) remark(a, "lost above " + number(high_tail));
  if (near_zero > 0) remark(a, "lost within " + number(near_zero) + " of 0");
  if (beyond < none) remark(a, "wrong beyond " + number(beyond));
}

template <class T>
void look_at_specials(const Entry<T>& entry, Accuracy& a, bool from_output) {
  constexpr std::size_t n = 64;
  static Memory<T> memory(n);
  const Arrays<T>& m = memory.arrays();
  const Run run = entry.make(m, {1, 1, n});
  if (!run) return;
  constexpr T infinity = std::numeric_limits<T>::infinity();
  const auto is_nan_after = [&](T x) {
    std::fill_n(m.x, n, x);
    std::fill_n(m.value, n, T(1));
    std::fill_n(m.dy, n, T(1));
    run(1);
    return is_nan(m.out[0]) || is_nan(m.out[n - 1]);
  };
  if (!is_nan_after(std::numeric_limits<T>::quiet_NaN()))
    remark(a, "NaN gives " + number(static_cast<double>(m.out[0])));
  if (from_output) return;
  if (is_nan_after(-infinity)) remark(a, "NaN at -inf");
  if (is_nan_after(infinity)) remark(a, "NaN at inf");
}

template <class T>
Accuracy elementwise(const Entry<T>& entry, const std::string& what) {
  constexpr std::size_t n = sweep_size<T>;
  const bool gated = entry.function.ends_with("GLU");
  static Memory<T> memory(n);
  const Arrays<T>& m = memory.arrays();

  // The oracle is slow: once a function and direction. The first for out, the second for out2.
  static std::map<std::string, std::vector<Compared<T>>> done;
  const std::string key = entry.function + std::to_string(static_cast<int>(entry.direction));
  auto& expected = done[key];
  if (expected.empty()) {
    const Exact<T> e = exact<T>(entry.function);
    std::vector<T> x = sweep<T>();
    constexpr double none = std::numeric_limits<double>::quiet_NaN();
    if (entry.direction == Direction::forward) {
      expected.push_back(compared<T>(x, e.forward, none, false));
    } else if (entry.direction == Direction::backward) {
      expected.push_back(compared<T>(x, e.derivative, e.root, false));
      if (gated) expected.push_back(compared<T>(x, e.forward, none, false));
    } else {
      for (T& v : x) v = static_cast<T>(e.forward(wide<T>(v)));
      expected.push_back(compared<T>(x, e.from_output, none, entry.function != "ELU"));
    }
  }

  Accuracy a;
  std::copy_n(expected[0].x.data(), n, m.x);
  std::fill_n(m.value, n, T(1));
  std::fill_n(m.dy, n, T(1));
  const Run run = entry.make(m, {1, 1, n});
  run(1);
  const T* const out[] = {m.out, m.out2};
  for (std::size_t k = 0; k < expected.size(); ++k) compare<T>(what, expected[k], out[k], a);
  look_at_specials<T>(entry, a, entry.direction == Direction::from_output);
  return a;
}

// -- along an axis --------------------------------------------------------------------------------------------

// Logits of a row: every third row common, spread over what float can hold, or sharp.
template <class T>
void fill_logits(const Arrays<T>& m, const Shape& s) {
  std::mt19937 random(7);
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform(-80, 0);
  for (std::size_t o = 0; o < s.outer; ++o)
    for (std::size_t i = 0; i < s.axis; ++i) {
      const double v = o % 3 == 0 ? 2 * normal(random) : o % 3 == 1 ? uniform(random) : 10 * normal(random);
      m.x[o * s.axis + i] = static_cast<T>(v);
      m.dy[o * s.axis + i] = static_cast<T>(normal(random));
    }
}

// A row's logarithms of the probabilities.
template <class T>
std::vector<double> log_softmax(const T* x, std::size_t n) {
  const double max = static_cast<double>(*std::max_element(x, x + n));
  long double sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += std::exp(static_cast<double>(x[i]) - max);
  const double log_sum = static_cast<double>(std::log(sum));
  std::vector<double> y(n);
  for (std::size_t i = 0; i < n; ++i) y[i] = (static_cast<double>(x[i]) - max) - log_sum;
  return y;
}

void note(Accuracy& a, double error, double at) {
  if (!(error <= a.ulp)) a.ulp = std::isnan(error) ? 1e300 : error, a.at = at;
}

Accuracy rows(const Entry<float>& entry, const Shape& s, const std::string& what) {
  const bool logarithm = entry.function == "LogSoftmax";
  Memory<float> memory(s.size());
  const Arrays<float>& m = memory.arrays();
  fill_logits(m, s);
  if (entry.direction == Direction::from_output) fill_output(entry.function, m, s);
  const Run run = entry.make(m, s);
  run(1);
  Accuracy a;
  for (std::size_t o = 0; o < s.outer; ++o) {
    const float *x = m.x + o * s.axis, *dy = m.dy + o * s.axis, *got = m.out + o * s.axis;
    if (entry.direction == Direction::forward) {
      const std::vector<double> y = log_softmax(x, s.axis);
      const double largest = *std::max_element(y.begin(), y.end());
      for (std::size_t i = 0; i < s.axis; ++i) {
        const double exact = logarithm ? y[i] : std::exp(y[i]);
        const double value = static_cast<double>(got[i]);
        if (o % 3 == 0 && !(std::abs(value - exact) <= 1e-2 * std::abs(exact)))
          not_the_function(what, static_cast<double>(x[i]), value, exact);
        if (logarithm)
          note(a, std::abs(value - exact) / ulp_at<float>(std::max(std::abs(exact), 1.0)), y[i]);
        else if (y[i] - largest >= -80) {
          const double error = std::abs(value - exact) / ulp_at<float>(exact);
          note(a, error, y[i] - largest);
          if (y[i] - largest >= -common_range) a.common = std::max(a.common, error);
        }
      }
      continue;
    }
    double dot = 0, magnitudes = 0;
    for (std::size_t i = 0; i < s.axis; ++i) {
      const double weight = logarithm ? 1 : static_cast<double>(x[i]);
      dot += static_cast<double>(dy[i]) * weight;
      magnitudes += std::abs(static_cast<double>(dy[i]) * weight);
    }
    for (std::size_t i = 0; i < s.axis; ++i) {
      const double y = static_cast<double>(x[i]), g = static_cast<double>(dy[i]),
                   p = logarithm ? std::exp(y) : y;
      const double exact = logarithm ? g - p * dot : y * (g - dot);
      const double scale =
          logarithm ? std::max(std::abs(g), std::abs(p * magnitudes)) : y * std::max(std::abs(g), magnitudes);
      const double value = static_cast<double>(got[i]);
      if (!(std::abs(value - exact) <= 1e-2 * scale + 1e-30)) not_the_function(what, y, value, exact);
      if (scale > 1e-36) note(a, std::abs(value - exact) / ulp_at<float>(scale), y);
      a.common = a.ulp;
    }
  }
  if (entry.direction == Direction::forward) {
    m.x[0] = std::numeric_limits<float>::quiet_NaN();
    run(1);
    std::size_t hidden = 0;
    for (std::size_t i = 0; i < s.axis; ++i) hidden += is_nan(m.out[i]) ? 0 : 1;
    if (hidden != 0) remark(a, "a NaN in the row hidden");
  }
  return a;
}

Accuracy prelu(const Entry<float>& entry, const Shape& s, const std::string& what) {
  Memory<float> memory(s.size());
  const Arrays<float>& m = memory.arrays();
  for (std::size_t c = 0; c < s.axis; ++c) m.slopes[c] = 0.1f + 0.001f * static_cast<float>(c);
  const Run run = entry.make(m, s);
  run(1);
  Accuracy a;
  std::vector<double> sum(s.axis), magnitudes(s.axis);
  for (std::size_t i = 0; i < s.size(); ++i) {
    const std::size_t c = i / s.inner % s.axis;
    const double x = static_cast<double>(m.x[i]), g = static_cast<double>(m.dy[i]);
    const double exact = x > 0 ? g : g * static_cast<double>(m.slopes[c]),
                 value = static_cast<double>(m.out[i]);
    if (!(std::abs(value - exact) <= 1e-2 * std::abs(exact))) not_the_function(what, x, value, exact);
    note(a, ulp_error<float>(m.out[i], exact), x);
    if (x < 0) sum[c] += g * x, magnitudes[c] += std::abs(g * x);
  }
  for (std::size_t c = 0; c < s.axis; ++c) {
    const double value = static_cast<double>(m.dslopes[c]);
    if (!(std::abs(value - sum[c]) <= 1e-2 * magnitudes[c]))
      not_the_function(what + ", the slope's", 0, value, sum[c]);
    note(a, std::abs(value - sum[c]) / ulp_at<float>(magnitudes[c]), 0);
  }
  return a;
}

}  // namespace

template <class T>
Accuracy accuracy_of(const Entry<T>& entry, const Shape& shape) {
  const std::string what = entry.peer + "'s " + entry.function;
  if constexpr (std::is_same_v<T, float>) {
    if (has_axis(entry.function)) {
      Accuracy a = entry.function == "PReLU" ? prelu(entry, shape, what) : rows(entry, shape, what);
      if (entry.function != "Softmax") a.common = a.ulp;
      return a;
    }
  }
  return elementwise<T>(entry, what);
}
template Accuracy accuracy_of(const Entry<float>&, const Shape&);
template Accuracy accuracy_of(const Entry<double>&, const Shape&);

template <class T>
void fill_output(const std::string& function, const Arrays<T>& arrays, const Shape& s) {
  if (has_axis(function)) {
    for (std::size_t o = 0; o < s.outer; ++o) {
      const std::vector<double> y = log_softmax(arrays.x + o * s.axis, s.axis);
      for (std::size_t i = 0; i < s.axis; ++i)
        arrays.x[o * s.axis + i] = static_cast<T>(function == "LogSoftmax" ? y[i] : std::exp(y[i]));
    }
    return;
  }
  const auto forward = exact<T>(function).forward;
  constexpr std::size_t period = 1 << 17;  // Memory's
  for (std::size_t i = 0; i < s.size(); ++i)
    arrays.x[i] = i < period ? static_cast<T>(forward(wide<T>(arrays.x[i]))) : arrays.x[i - period];
}
template void fill_output(const std::string&, const Arrays<float>&, const Shape&);

std::string ulp_text(double ulp) {
  char text[32];
  if (ulp >= 1e299) return "\u221e";
  std::snprintf(text, sizeof text, ulp < 9.95 ? "%.1f" : ulp < 9950 ? "%.0f" : "%.0e", ulp);
  std::string s = text;
  if (const std::size_t plus = s.find("e+0"); plus != std::string::npos) s.erase(plus + 1, 2);
  if (const std::size_t plus = s.find("e+"); plus != std::string::npos) s.erase(plus + 1, 1);
  return s;
}

}  // namespace peers
