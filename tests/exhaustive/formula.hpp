// The first-line oracles: fast, and wider than the type tested by at least 11 bits. Their formulas are those of
// tests/oracle.hpp, never the library's. Whatever they find to be among the worst is computed again in 113 bits.
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include "expansion.hpp"

namespace exhaustive {

enum class shape { relu, leaky, elu, sigmoid, tanh, gelu, gelu_tanh, swish };

struct formula {
  shape kind;
  bool derivative = false;
  long double positive = 1;  // leaky, elu: the factor of x > 0
  long double negative = 1;  // and of the other side; swish: beta
  root_expansion near_root = {};
};

inline constexpr std::size_t block_size = 8192;

// The exact results of a block, as kernels' results are compared with them.
template <class T>
class wanted;

template <>
class wanted<float> {
 public:
  double error(std::size_t i, float got) const { return std::fabs(got - exact[i]) * per_ulp[i]; }
  double absolute_error(std::size_t i, float got) const { return std::fabs(got - exact[i]); }

  alignas(64) double exact[block_size];
  alignas(64) double per_ulp[block_size];  // 1 / ULP at exact; 0: not counted in ULP
  alignas(64) float rounded[block_size];   // exact as float
};

// (head + rest) 2^exponent: neither overflows, nor loses a bit where results are subnormal.
template <>
class wanted<double> {
 public:
  double error(std::size_t i, double got) const { return std::fabs(scaled_difference(i, got)) * per_ulp[i]; }
  double absolute_error(std::size_t i, double got) const {
    return std::ldexp(std::fabs(scaled_difference(i, got)), static_cast<int>(exponent[i]));
  }
  double scaled_difference(std::size_t i, double got) const {
    return (std::ldexp(got, -static_cast<int>(exponent[i])) - head[i]) - rest[i];
  }

  alignas(64) double head[block_size];  // 1 <= |head| < 2, or 0
  alignas(64) double rest[block_size];  // at most half a unit of head
  alignas(64) std::int64_t exponent[block_size];
  alignas(64) double per_ulp[block_size];  // of head + rest
  alignas(64) double rounded[block_size];
};

// w.exact[i] = f(x[i]) for float results: double, vectorised, within 2^-18 ULP of float. n <= block_size; x finite.
void first_line(const formula& f, const float* x, wanted<float>& w, std::size_t n);

// For double results: pairs of doubles, vectorised, within 2^-5 ULP of double. x finite.
void first_line(const formula& f, const double* x, wanted<double>& w, std::size_t n);

// The comparison of a kernel's results with them, vectorised.
struct comparison {
  std::size_t equal = 0;     // got == rounded
  bool above_limit = false;  // some error is not <= limit
  bool zero_of_wrong_sign = false;
};
// got[0] is the result of the block's input `first`
comparison compare(const wanted<float>& w, std::size_t first, const float* got, std::size_t n, double limit);
comparison compare(const wanted<double>& w, std::size_t first, const double* got, std::size_t n, double limit);

}  // namespace exhaustive
