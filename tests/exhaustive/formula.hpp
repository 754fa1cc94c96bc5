// The first-line oracles: fast, and wider than the type tested by at least 11 bits. Their formulas are those of
// tests/oracle.hpp, never the library's. Whatever they find to be among the worst is computed again in 113 bits.
#pragma once
#include <cstddef>

namespace exhaustive {

enum class shape { relu, leaky, elu, sigmoid, tanh, gelu, gelu_tanh, swish };

// Where a derivative crosses 0 its formula cancels. Within `width` of the root it is taken from its expansion
// there, fitted to the 113-bit oracle: f'(x) = d (c[0] + c[1] t + ...), d = x - root - rest, t = d / width.
struct expansion {
  static constexpr std::size_t terms = 16;
  static constexpr double width = 0.125;
  bool used = false;
  long double root = 0, rest = 0;
  long double c[terms] = {};
};

struct formula {
  shape kind;
  bool derivative = false;
  long double positive = 1;  // leaky, elu: the factor of x > 0
  long double negative = 1;  // and of the other side; swish: beta
  expansion near_root = {};
};

// want[i] = f(x[i]) for float results: double, vectorised, within 2^-18 ULP of float. n <= block_size; x finite.
inline constexpr std::size_t block_size = 8192;
void first_line(const formula& f, const float* x, double* want, std::size_t n);

// want[i] = f(x[i]) for double results: 64 bits at least, within 2^-6 ULP of double. x finite.
void first_line(const formula& f, const double* x, long double* want, std::size_t n);

// The comparison of a kernel's results with the first line's, vectorised for float.
template <class T, class W>
struct wanted {
  const W* exact;
  const T* rounded;  // exact as T
  const W* per_ulp;  // 1 / ULP at exact; 0: not counted in ULP
};
struct comparison {
  std::size_t equal = 0;     // got == rounded
  bool above_limit = false;  // some |got - exact| is not <= limit ULP
  bool zero_of_wrong_sign = false;
};
void ulps_of(const double* exact, float* rounded, double* per_ulp, std::size_t n);
void ulps_of(const long double* exact, double* rounded, long double* per_ulp, std::size_t n);
comparison compare(const wanted<float, double>& want, const float* got, std::size_t n, double limit);
comparison compare(const wanted<double, long double>& want, const double* got, std::size_t n, double limit);

}  // namespace exhaustive
