// What each activation gives at infinities and zeros.
#pragma once
#include <limits>
#include <nonlin/activations.hpp>

inline constexpr double infinite = std::numeric_limits<double>::infinity();

// What the mathematics gives in the limit, and so what no inf * 0 may turn into NaN. Of a zero among the
// values the sign counts.
struct ends {
  double lowest, highest;              // act(-inf), act(inf)
  double minus_zero, zero;             // act(-0), act(0)
  double slope_lowest, slope_highest;  // the derivative at -inf and inf
  double slope_zero;                   // and at -0 and 0
};

inline ends of(const nonlin::Identity&) { return {-infinite, infinite, -0.0, 0, 1, 1, 1}; }
inline ends of(const nonlin::Sigmoid&) { return {0, 1, 0.5, 0.5, 0, 0, 0.25}; }
inline ends of(const nonlin::Tanh&) { return {-1, 1, -0.0, 0, 0, 0, 1}; }
inline ends of(const nonlin::ReLU&) { return {0, infinite, 0, 0, 0, 1, 0}; }
inline ends of(const nonlin::LeakyReLU& a) {
  return {a.slope == 0 ? -0.0 : a.slope * -infinite, infinite, a.slope * -0.0, a.slope * 0.0, a.slope, 1, a.slope};
}
inline ends of(const nonlin::RReLU& a) { return of(nonlin::LeakyReLU{(a.lower + a.upper) / 2}); }
inline ends of(const nonlin::ELU& a) { return {-a.alpha, infinite, -0.0, 0, 0, 1, a.alpha}; }
inline ends of(const nonlin::SELU&) {
  constexpr double lambda = 1.0507009873554804934, lambda_alpha = 1.7580993408473768599;
  return {-lambda_alpha, infinite, -0.0, 0, 0, lambda, lambda_alpha};
}
inline ends of(const nonlin::Swish& a) {
  if (a.beta == 0) return {-infinite, infinite, -0.0, 0, 0.5, 0.5, 0.5};
  if (a.beta < 0) return {-infinite, 0, -0.0, 0, 1, 0, 0.5};
  return {-0.0, infinite, -0.0, 0, 0, 1, 0.5};
}
inline ends of(const nonlin::SiLU&) { return of(nonlin::Swish{1}); }
inline ends of(const nonlin::GELU&) { return of(nonlin::Swish{1}); }
inline ends of(const nonlin::GELUTanh&) { return of(nonlin::Swish{1}); }
