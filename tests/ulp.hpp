// Errors in units in the last place of the exact, unrounded result.
#pragma once
#include <algorithm>
#include <cmath>
#include <limits>
#include "bits.hpp"
#include "oracle.hpp"

// The spacing of T's numbers at |exact|, never less than that of the subnormals.
template <class T>
double ulp_at(const oracle::wide<T>& exact) {
  using std::frexp;
  using limits = std::numeric_limits<T>;
  int exponent = limits::min_exponent;
  if (exact != 0) {
    frexp(exact, &exponent);
    exponent = std::max(exponent, int(limits::min_exponent));
  }
  return std::ldexp(1.0, exponent - limits::digits);
}

// |got - exact| in ULP; 0 if both are NaN, both the same infinity, or got is the infinity that exact rounds to.
template <class T>
double ulp_error(T got, const oracle::wide<T>& exact) {
  using W = oracle::wide<T>;
  using std::abs;
  if (exact != exact) return is_nan(got) ? 0 : 1e300;
  if (is_nan(got)) return 1e300;
  const T rounded = static_cast<T>(exact);
  if (std::isinf(got) || std::isinf(rounded)) return got == rounded ? 0 : 1e300;
  const W difference = W(got) - exact;
  return static_cast<double>(abs(difference)) / ulp_at<T>(exact);
}
