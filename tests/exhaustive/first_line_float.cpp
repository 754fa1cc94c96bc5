// Compiled for the machine it is built on. It includes nothing of nonlin, whose kernels must be those that users
// compile.
// Elementary functions: SLEEF (<= 1.5 ULP of double), or <cmath> where SLEEF is not.
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include "formula.hpp"
#if defined(NONLIN_SLEEF)
#include <sleef.h>
#endif

namespace exhaustive {
namespace {

#if defined(NONLIN_SLEEF) && defined(__AVX512F__)
using lanes = __m512d;
#define NONLIN_SLEEF_FUNCTION(name) Sleef_##name##avx512f
#define NONLIN_EXP expd8_u10
#define NONLIN_EXPM1 expm1d8_u10
#define NONLIN_TANH tanhd8_u10
#define NONLIN_ERFC erfcd8_u15
#elif defined(NONLIN_SLEEF) && defined(__AVX2__) && defined(__FMA__)
using lanes = __m256d;
#define NONLIN_SLEEF_FUNCTION(name) Sleef_##name##avx2
#define NONLIN_EXP expd4_u10
#define NONLIN_EXPM1 expm1d4_u10
#define NONLIN_TANH tanhd4_u10
#define NONLIN_ERFC erfcd4_u15
#else
using lanes = double;
#define NONLIN_STD
#endif

#if defined(NONLIN_STD)
lanes vector_exp(lanes x) { return std::exp(x); }
lanes vector_expm1(lanes x) { return std::expm1(x); }
lanes vector_tanh(lanes x) { return std::tanh(x); }
lanes vector_erfc(lanes x) { return std::erfc(x); }
#else
#define NONLIN_EXPAND(name) NONLIN_SLEEF_FUNCTION(name)
lanes vector_exp(lanes x) { return NONLIN_EXPAND(NONLIN_EXP)(x); }
lanes vector_expm1(lanes x) { return NONLIN_EXPAND(NONLIN_EXPM1)(x); }
lanes vector_tanh(lanes x) { return NONLIN_EXPAND(NONLIN_TANH)(x); }
lanes vector_erfc(lanes x) { return NONLIN_EXPAND(NONLIN_ERFC)(x); }
#endif

using buffer = double[block_size];

// a[i] = function(a[i]); a is as long as a block, whatever n
template <class F>
void apply(const F& function, double* a, std::size_t n) {
  constexpr std::size_t width = sizeof(lanes) / sizeof(double);
  static_assert(block_size % width == 0);
  for (std::size_t i = n; i % width != 0; ++i) a[i] = 0;
  for (std::size_t i = 0; i < n; i += width) {
    lanes v;
    std::memcpy(&v, a + i, sizeof v);
    v = function(v);
    std::memcpy(a + i, &v, sizeof v);
  }
}
void exp_all(double* a, std::size_t n) {
  apply([](lanes v) { return vector_exp(v); }, a, n);
}
void erfc_all(double* a, std::size_t n) {
  apply([](lanes v) { return vector_erfc(v); }, a, n);
}

constexpr double sqrt_half = 0.70710678118654752440084436210484903928483593768847;
constexpr double sqrt_2_over_pi = 0.79788456080286535587989211986876373695171726232986;

void relu(const formula& f, const float* x, double* y, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) y[i] = x[i] > 0 ? (f.derivative ? 1 : double(x[i])) : 0;
}

void leaky(const formula& f, const float* x, double* y, std::size_t n) {
  const auto positive = double(f.positive), negative = double(f.negative);
  for (std::size_t i = 0; i < n; ++i) {
    const double slope = x[i] > 0 ? positive : negative;
    y[i] = f.derivative ? slope : slope * double(x[i]);
  }
}

void elu(const formula& f, const float* x, double* y, std::size_t n) {
  const auto positive = double(f.positive), negative = double(f.negative);
  for (std::size_t i = 0; i < n; ++i) y[i] = x[i] > 0 ? 0 : double(x[i]);
  if (f.derivative) {
    exp_all(y, n);
    for (std::size_t i = 0; i < n; ++i) y[i] = x[i] > 0 ? positive : negative * y[i];
  } else {
    apply([](lanes v) { return vector_expm1(v); }, y, n);
    // expm1 of 0 may lose its sign
    for (std::size_t i = 0; i < n; ++i) {
      y[i] = x[i] > 0 ? positive * double(x[i]) : negative * (x[i] == 0 ? double(x[i]) : y[i]);
    }
  }
}

void sigmoid(bool slope, double scale, double factor, const float* x, double* y, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) y[i] = -std::fabs(scale * double(x[i]));
  exp_all(y, n);
  for (std::size_t i = 0; i < n; ++i) {
    const double e = y[i], d = 1 + e;
    y[i] = slope ? factor * (e / (d * d)) : (x[i] < 0 ? e : 1) / d;
  }
}

void tanh_forward(const float* x, double* y, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) y[i] = double(x[i]);
  apply([](lanes v) { return vector_tanh(v); }, y, n);
  for (std::size_t i = 0; i < n; ++i) y[i] = x[i] == 0 ? double(x[i]) : y[i];
}

// For tiny x, x/2 + c x^2 is beside the middle of two floats; double must not lose that side, or the results
// are taken for ties and their rounding for wrong.
double beside_the_tie(double x, double y) {
  const double nudge = std::fabs(x) * 0x1p-50;
  return nudge > 0 && nudge < 0x1p-106 ? y + nudge : y;  // the zeros keep their signs
}

void gelu(bool slope, const float* x, double* y, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) y[i] = double(x[i]) * -sqrt_half;
  erfc_all(y, n);
  if (!slope) {
    for (std::size_t i = 0; i < n; ++i) y[i] = beside_the_tie(double(x[i]), double(x[i]) * (y[i] * 0.5));
    return;
  }
  static thread_local buffer density;
  for (std::size_t i = 0; i < n; ++i) density[i] = double(x[i]) * double(x[i]) * -0.5;
  exp_all(density, n);
  for (std::size_t i = 0; i < n; ++i) {
    y[i] = y[i] * 0.5 + double(x[i]) * (sqrt_2_over_pi / 2 * density[i]);
  }
}

// x sigma(v), v = beta x or GELUTanh's argument
void gated(const formula& f, const float* x, double* y, std::size_t n) {
  const bool cubic = f.kind == shape::gelu_tanh;
  const double linear = cubic ? 2 * sqrt_2_over_pi : double(f.negative);
  const double cube = cubic ? 2 * sqrt_2_over_pi * 0.044715 : 0;
  for (std::size_t i = 0; i < n; ++i) {
    const auto v = double(x[i]);
    y[i] = -std::fabs(v * (linear + cube * (v * v)));
  }
  exp_all(y, n);
  const bool up = linear > 0;
  for (std::size_t i = 0; i < n; ++i) {
    const auto v = double(x[i]);
    const double e = y[i], d = 1 / (1 + e);
    const bool negative = up ? v < 0 : v > 0;  // the argument of sigma
    const double sigma = negative ? e * d : d, other = negative ? d : e * d;
    y[i] =
        f.derivative ? sigma * (1 + v * (linear + 3 * cube * (v * v)) * other) : beside_the_tie(v, v * sigma);
  }
}

void near_root(const root_expansion& e, const float* x, double* y, std::size_t n) {
  const auto root = double(e.root), rest = double((e.root - root) + e.rest);
  double c[root_expansion::terms];
  for (std::size_t k = 0; k < root_expansion::terms; ++k) c[k] = double(e.c[k]);
  for (std::size_t i = 0; i < n; ++i) {
    const double d = (double(x[i]) - root) - rest, t = d / root_expansion::width;
    if (!(std::fabs(t) <= 1)) continue;
    double p = c[root_expansion::terms - 1];
    for (std::size_t k = root_expansion::terms - 1; k > 0; --k) p = p * t + c[k - 1];
    y[i] = d * p;
  }
}

}  // namespace

void first_line(const formula& f, const float* x, wanted<float>& w, std::size_t n) {
  double* const y = w.exact;
  switch (f.kind) {
    case shape::relu:
      relu(f, x, y, n);
      break;
    case shape::leaky:
      leaky(f, x, y, n);
      break;
    case shape::elu:
      elu(f, x, y, n);
      break;
    case shape::sigmoid:
      sigmoid(f.derivative, 1, 1, x, y, n);
      break;
    case shape::tanh:
      if (f.derivative) {
        sigmoid(true, 2, 4, x, y, n);
      } else {
        tanh_forward(x, y, n);
      }
      break;
    case shape::gelu:
      gelu(f.derivative, x, y, n);
      break;
    case shape::gelu_tanh:
    case shape::swish:
      gated(f, x, y, n);
      break;
  }
  if (f.near_root.used) near_root(f.near_root, x, y, n);
  for (std::size_t i = 0; i < n; ++i) {
    w.rounded[i] = static_cast<float>(y[i]);
    const std::uint64_t exponent = std::bit_cast<std::uint64_t>(y[i]) >> 52 & 0x7ff;
    constexpr std::uint64_t least = 1023 - 126;  // of float's normal numbers
    w.per_ulp[i] = std::bit_cast<double>((2046 + 23 - (exponent > least ? exponent : least)) << 52);
  }
}

comparison compare(const wanted<float>& w, std::size_t first, const float* got, std::size_t n, double limit) {
  int equal = 0, above = 0, wrong_zero = 0;
  const double *exact = w.exact + first, *per_ulp = w.per_ulp + first;
  const float* rounded = w.rounded + first;
  for (std::size_t i = 0; i < n; ++i) {
    const double e = std::fabs(static_cast<double>(got[i]) - exact[i]) * per_ulp[i];
    above |= !(e <= limit);
  }
  for (std::size_t i = 0; i < n; ++i) {
    equal += got[i] == rounded[i];
    const std::uint32_t signs = std::bit_cast<std::uint32_t>(got[i]) ^ std::bit_cast<std::uint32_t>(rounded[i]);
    wrong_zero |= (got[i] == 0) & (signs >> 31 != 0);
  }
  return {static_cast<std::size_t>(equal), above != 0, wrong_zero != 0};
}

}  // namespace exhaustive
