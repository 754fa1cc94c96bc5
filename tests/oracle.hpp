// What is right: each activation and its derivative by its definition, in a type W wider than the one tested (double for
// float, 113 bits for double), in forms without cancellation but at the derivatives' roots, where W's spare bits suffice.
// Never the library's own formulas. One row an activation; everything in tests/ derives from these and nonlin::activations.
#pragma once
#include <cmath>
#include <nonlin/nonlin.hpp>
#include <vector>
#if __has_include(<boost/multiprecision/cpp_bin_float.hpp>)
#include <boost/multiprecision/cpp_bin_float.hpp>
#endif

namespace oracle {

using quad = boost::multiprecision::number<
    boost::multiprecision::cpp_bin_float<113, boost::multiprecision::digit_base_2, void, std::int32_t, -65536, 65536>,
    boost::multiprecision::et_off>;

template <class T>
struct wider;
template <>
struct wider<float> {
  using type = double;
};
template <>
struct wider<double> {
  using type = quad;
};
template <class T>
using wide = typename wider<T>::type;

template <class W>
W constant(const char* digits) {
  if constexpr (std::is_same_v<W, double>) return std::strtod(digits, nullptr);
  else return W(digits);
}
template <class W>
W sqrt_half() {
  static const W c = constant<W>("0.70710678118654752440084436210484903928483593768847");
  return c;
}
template <class W>
W sqrt_2_over_pi() {
  static const W c = constant<W>("0.79788456080286535587989211986876373695171726232986");
  return c;
}

inline double exp_of(double x) { return std::exp(x); }
inline double expm1_of(double x) { return std::expm1(x); }
inline double tanh_of(double x) { return std::tanh(x); }
inline double erf_of(double x) { return std::erf(x); }
inline double erfc_of(double x) { return std::erfc(x); }
// In oracle.cpp: these take a compiler its time.
quad exp_of(const quad& x);
quad expm1_of(const quad& x);
quad tanh_of(const quad& x);
quad erf_of(const quad& x);
quad erfc_of(const quad& x);

template <class W>
W logistic(const W& x) {
  return x < 0 ? W(exp_of(x) / (1 + exp_of(x))) : W(1 / (1 + exp_of(W(-x))));
}
// e^x / (1 + e^x)^2
template <class W>
W logistic_slope(const W& x) {
  using std::abs;
  const W e = exp_of(W(-abs(x)));
  return e / ((1 + e) * (1 + e));
}
// of x logistic(v): logistic(v) (1 + x v' logistic(-v))
template <class W>
W gated_slope(const W& x, const W& v, const W& dv) {
  return logistic(v) * (1 + x * dv * logistic(W(-v)));
}
template <class W>
W kinked(const W& x, const W& slope) {
  return x > 0 ? x : W(slope * x);
}

template <class A>
struct row;  // forward(act, x), derivative(act, x); from_output(act, y) and parameter(act, x) where the activation has them;
             // cutoffs: places where the function or its computation changes, which the tests look at closely

template <>
struct row<nonlin::Identity> {
  static constexpr double cutoffs[] = {0};
  template <class W>
  static W forward(const nonlin::Identity&, const W& x) { return x; }
  template <class W>
  static W derivative(const nonlin::Identity&, const W&) { return W(1); }
  template <class W>
  static W from_output(const nonlin::Identity&, const W&) { return W(1); }
};

template <>
struct row<nonlin::Sigmoid> {
  static constexpr double cutoffs[] = {0, 17.3287, 40, 87.337, 88.72, 103.97, 105, 112, 37.43, 50, 708.4, 745.13, 760, 1000, 3000};
  template <class W>
  static W forward(const nonlin::Sigmoid&, const W& x) { return logistic(x); }
  template <class W>
  static W derivative(const nonlin::Sigmoid&, const W& x) { return logistic_slope(x); }
  template <class W>
  static W from_output(const nonlin::Sigmoid&, const W& y) { return y * (1 - y); }
};

template <>
struct row<nonlin::Tanh> {
  static constexpr double cutoffs[] = {0, 9.0109, 9.1, 9.399, 19.0615, 19.1, 43.67, 44.36, 51.99, 52.7, 56, 354.5, 373.2, 380};
  template <class W>
  static W forward(const nonlin::Tanh&, const W& x) { return tanh_of(x); }
  template <class W>
  static W derivative(const nonlin::Tanh&, const W& x) { return 4 * logistic_slope(W(2 * x)); }
  template <class W>
  static W from_output(const nonlin::Tanh&, const W& y) { return (1 - y) * (1 + y); }
};

template <>
struct row<nonlin::ReLU> {
  static constexpr double cutoffs[] = {0};
  template <class W>
  static W forward(const nonlin::ReLU&, const W& x) { return x > 0 ? x : W(0); }
  template <class W>
  static W derivative(const nonlin::ReLU&, const W& x) { return x > 0 ? W(1) : W(0); }
  template <class W>
  static W from_output(const nonlin::ReLU&, const W& y) { return y > 0 ? W(1) : W(0); }
};

template <>
struct row<nonlin::LeakyReLU> {
  static constexpr double cutoffs[] = {0};
  template <class W>
  static W forward(const nonlin::LeakyReLU& a, const W& x) { return kinked(x, W(a.slope)); }
  template <class W>
  static W derivative(const nonlin::LeakyReLU& a, const W& x) { return x > 0 ? W(1) : W(a.slope); }
  template <class W>
  static W from_output(const nonlin::LeakyReLU& a, const W& y) { return derivative(a, y); }
  template <class W>
  static W parameter(const nonlin::LeakyReLU&, const W& x) { return x > 0 ? W(0) : x; }
};

template <>
struct row<nonlin::RReLU> {
  static constexpr double cutoffs[] = {0};
  template <class W>
  static W slope(const nonlin::RReLU& a) { return (W(a.lower) + W(a.upper)) / 2; }
  template <class W>
  static W forward(const nonlin::RReLU& a, const W& x) { return kinked(x, slope<W>(a)); }
  template <class W>
  static W derivative(const nonlin::RReLU& a, const W& x) { return x > 0 ? W(1) : slope<W>(a); }
  template <class W>
  static W from_output(const nonlin::RReLU& a, const W& y) { return derivative(a, y); }
};

template <>
struct row<nonlin::ELU> {
  static constexpr double cutoffs[] = {0, 17.33, 20, 37.43, 40, 87.3, 103.97, 105, 195, 708.4, 745.13, 1460};
  template <class W>
  static W forward(const nonlin::ELU& a, const W& x) { return x > 0 ? x : W(W(a.alpha) * expm1_of(x)); }
  template <class W>
  static W derivative(const nonlin::ELU& a, const W& x) {
    return x > 0 ? W(1) : W(W(a.alpha) * exp_of(x));
  }
  template <class W>
  static W from_output(const nonlin::ELU& a, const W& y) { return y > 0 ? W(1) : W(y + W(a.alpha)); }
  template <class W>
  static W parameter(const nonlin::ELU&, const W& x) { return x > 0 ? W(0) : expm1_of(x); }
};

template <>
struct row<nonlin::SELU> {
  static constexpr auto& cutoffs = row<nonlin::ELU>::cutoffs;
  template <class W>
  static W lambda() { return constant<W>("1.050700987355480493419334985294606351959"); }
  template <class W>
  static W lambda_alpha() { return constant<W>("1.758099340847376859940217520812279577324"); }
  template <class W>
  static W forward(const nonlin::SELU&, const W& x) {
    return x > 0 ? W(lambda<W>() * x) : W(lambda_alpha<W>() * expm1_of(x));
  }
  template <class W>
  static W derivative(const nonlin::SELU&, const W& x) {
    return x > 0 ? lambda<W>() : W(lambda_alpha<W>() * exp_of(x));
  }
  template <class W>
  static W from_output(const nonlin::SELU&, const W& y) { return y > 0 ? lambda<W>() : W(y + lambda_alpha<W>()); }
};

template <>
struct row<nonlin::GELU> {
  static constexpr double cutoffs[] = {0, 0.75179152469356446, 5.2, 5.543, 13.146, 14.356, 14.7, 37.5, 38.5, 38.9, 1500};
  template <class W>
  static W forward(const nonlin::GELU&, const W& x) { return x / 2 * erfc_of(W(-x * sqrt_half<W>())); }
  template <class W>
  static W derivative(const nonlin::GELU&, const W& x) {
    const W density = sqrt_2_over_pi<W>() / 2 * exp_of(W(-x * x / 2));
    return erfc_of(W(-x * sqrt_half<W>())) / 2 + x * density;
  }
};

template <>
struct row<nonlin::GELUTanh> {
  static constexpr double cutoffs[] = {0, 0.75246142207101626, 1.25, 0.25, 5.158, 7, 10.1006, 10.7709, 11, 8.5, 21.2, 21.5, 22};
  template <class W>
  static W argument(const W& x) { return 2 * sqrt_2_over_pi<W>() * (x + W(44715) / 1000000 * x * x * x); }
  template <class W>
  static W forward(const nonlin::GELUTanh&, const W& x) {
    if (x < -1000 || x > 1000) return x > 0 ? x : W(0);
    return x * logistic(argument(x));
  }
  template <class W>
  static W derivative(const nonlin::GELUTanh&, const W& x) {
    if (x < -1000 || x > 1000) return x > 0 ? W(1) : W(0);
    return gated_slope(x, argument(x), W(2 * sqrt_2_over_pi<W>() * (1 + W(134145) / 1000000 * x * x)));
  }
};

template <>
struct row<nonlin::SiLU> {
  static constexpr double cutoffs[] = {0, 1.2784645427610738, 17.3287, 40, 87.337, 91.857, 108.66, 112, 37.43, 50, 714.9, 751.9, 760, 1000, 3000};
  template <class W>
  static W forward(const nonlin::SiLU&, const W& x) { return x * logistic(x); }
  template <class W>
  static W derivative(const nonlin::SiLU&, const W& x) { return gated_slope(x, x, W(1)); }
};

template <>
struct row<nonlin::Swish> {
  static constexpr auto& cutoffs = row<nonlin::SiLU>::cutoffs;
  template <class W>
  static W forward(const nonlin::Swish& a, const W& x) { return x * logistic(W(a.beta * x)); }
  template <class W>
  static W derivative(const nonlin::Swish& a, const W& x) { return gated_slope(x, W(a.beta * x), W(a.beta)); }
  template <class W>
  static W parameter(const nonlin::Swish& a, const W& x) { return x * x * logistic_slope(W(a.beta * x)); }
};

}  // namespace oracle
