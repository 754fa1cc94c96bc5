// What the tests of functions along an axis share (biased activations, PReLU, gated units): shapes for every path, sums
// and what they may be off by.
#pragma once
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include "arrays.hpp"
#include "list.hpp"

// Pieces: inner 1 and 2 to 63, blocks of less than a vector and of more than a piece of 512 elements, whole and not. Runs:
// inner 64 and more, one channel. No, one, a few, more than a chain of 16 and many outer indices.
inline const std::vector<nonlin::axis_shape>& axis_shapes() {
  static const std::vector<nonlin::axis_shape> all = {
      {1, 5, 1},    {17, 7, 1},   {16, 10, 1},  {33, 32, 1}, {3, 33, 1},   {2, 1000, 1},
      {1000, 3, 1}, {1, 1025, 1}, {2, 10, 2},   {17, 8, 3},  {5, 32, 16},  {17, 7, 40},
      {2, 3, 63},   {3, 17, 63},  {1000, 3, 5}, {2, 300, 2}, {2, 3, 64},   {17, 2, 70},
      {1, 5, 129},  {1, 2, 1600}, {1, 1, 1},    {17, 1, 1},  {1000, 1, 3}, {3, 1, 100},
      {1, 1, 777},  {0, 5, 1},    {0, 4, 100},  {0, 1, 3},   {0, 5, 0}};
  return all;
}

inline std::string to_string(const nonlin::axis_shape& s) {
  return "{" + std::to_string(s.outer) + ", " + std::to_string(s.axis) + ", " + std::to_string(s.inner) + "}";
}

// of element k
inline std::size_t channel(std::size_t k, const nonlin::axis_shape& s) { return k / s.inner % s.axis; }

template <class T>
const char* name_of() {
  return sizeof(T) == 4 ? "float" : "double";
}

// Finite, none of it large.
template <class T>
std::vector<T> ordinary(std::size_t n, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<T> x(n);
  for (T& e : x) e = static_cast<T>(-3 + 6 * (static_cast<double>(random() >> 11) * 0x1p-53));
  return x;
}

// x + the bias of its channel
template <class T>
std::vector<T> plus(const std::vector<T>& x, const std::vector<T>& bias, const nonlin::axis_shape& s) {
  std::vector<T> sum(x.size());
  for (std::size_t k = 0; k < x.size(); ++k) sum[k] = x[k] + bias[channel(k, s)];
  return sum;
}

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && first_difference(a.data(), b.data(), a.size()) == a.size();
}

// -- sums ---------------------------------------------------------------------------------------------------------

struct exact_sum {
  long double value = 0, size = 0;  // size: of the magnitudes

  void add(long double term) {
    value += term;
    size += std::abs(term);
  }
};

// One for each channel, of term(k).
template <class F>
std::vector<exact_sum> sums_along(const nonlin::axis_shape& s, const F& term) {
  std::vector<exact_sum> sums(s.axis);
  for (std::size_t k = 0; k < s.size(); ++k) sums[channel(k, s)].add(term(k));
  return sums;
}

// Documented: relative to the sum of magnitudes.
template <class T>
constexpr double sum_bound = sizeof(T) == 4 ? 0x1p-19 : 0x1p-48;

// The largest error of sums, in units of the sum of magnitudes.
struct sum_error {
  double worst = 0;
  std::string where;

  template <class T, class Where>
  void add(T got, const exact_sum& want, const Where& describe) {
    const long double off = std::abs(static_cast<long double>(got) - want.value);
    const double e = off == 0                        ? 0
                     : want.size > 0 && !is_nan(got) ? static_cast<double>(off / want.size)
                                                     : 1e300;
    if (e > worst) worst = e, where = describe();
  }
  void check(const std::string& what, double bound) const {
    if (std::getenv("NONLIN_TEST_PRINT") != nullptr)
      std::printf("%-50s sum of magnitudes * 2^%6.2f (bound 2^%6.2f) %s\n", what.c_str(), std::log2(worst),
                  std::log2(bound), where.c_str());
    INFO(what << ": off by " << worst << " of the sum of magnitudes, " << where);
    CHECK(worst <= bound);
  }
};
