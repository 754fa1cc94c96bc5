// What is right of rows: softmax, its logarithm, its gradient and cross-entropy by their definitions in long double, with
// the logits relative to the largest exact for a double even with a scale and a mask, and compensated sums. And the shapes
// and rows of logits that the tests go over.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <nonlin/axis.hpp>
#include <random>
#include <span>
#include <string>
#include <vector>
#include "bits.hpp"

namespace oracle {

using real = long double;
inline constexpr real nan = std::numeric_limits<real>::quiet_NaN();
inline constexpr double limitless = std::numeric_limits<double>::infinity();
inline constexpr real infinity = std::numeric_limits<real>::infinity();

inline real exp(real x) {
#if defined(__EMSCRIPTEN__)  // whose expl is exp, though its long double has 113 bits
  const double rounded = static_cast<double>(x);
  return std::exp(rounded) * (std::isfinite(rounded) ? 1 + (x - rounded) : 1);
#else
  return std::exp(x);
#endif
}

// Kahan's, as improved by Neumaier.
class sum {
 public:
  void add(real a) {
    const real s = high_ + a;
    low_ += std::abs(high_) >= std::abs(a) ? (high_ - s) + a : (a - s) + high_;
    high_ = s;
  }
  real value() const { return std::isfinite(high_) ? high_ + low_ : high_; }

 private:
  real high_ = 0, low_ = 0;
};

// |got - exact| in units in the last place of T at |exact|, or at `least` if that is more.
template <class T>
double ulps(T got, real exact, double least = 0) {
  if (exact != exact) return is_nan(got) ? 0 : limitless;
  if (is_nan(got)) return limitless;
  const T rounded = static_cast<T>(exact);
  if (std::isinf(got) || std::isinf(rounded)) return got == rounded ? 0 : limitless;
  using limits = std::numeric_limits<T>;
  const real size = std::max(std::abs(exact), static_cast<real>(least));
  // the power of two below it, by its bits: there are millions to measure
  T power = bit_cast<T>(static_cast<bits_of<T>>(bits(static_cast<T>(size)) & bits(limits::infinity())));
  if (power > size) power /= 2;
  const real unit = std::max(static_cast<real>(power) * limits::epsilon(), static_cast<real>(limits::denorm_min()));
  return static_cast<double>(std::abs(static_cast<real>(got) - exact) / unit);
}

// scale x + mask as an unrounded sum of two
struct wide_logit {
  real high, low;
};
inline wide_logit logit(double x, double scale, double mask) {
  const real product = static_cast<real>(x) * scale, s = product + mask;
  if (!std::isfinite(s)) return {s, 0};
  const real part = s - product, lost = (product - (s - part)) + (mask - part);
  return {s, scale == 1 ? lost : lost + std::fma(static_cast<real>(x), static_cast<real>(scale), -product)};
}

// One row of logits.
struct softmax_row {
  std::vector<real> difference, probability;  // to the largest; e^difference / total
  real max = -infinity;          // its leading part
  real max_low = 0;
  real total = 0, log_total = 0;  // of e^difference

  // z(a): the a-th wide_logit
  template <class Z>
  softmax_row(std::size_t n, const Z& z) : difference(n), probability(n) {
    bool invalid = false;
    for (std::size_t a = 0; a < n; ++a) {
      const wide_logit l = z(a);
      invalid |= l.high != l.high || l.high == infinity;
      if (l.high > max || (l.high == max && l.low > max_low)) max = l.high, max_low = l.low;
    }
    sum s;
    for (std::size_t a = 0; a < n; ++a) {
      const wide_logit l = z(a);
      difference[a] = invalid || max == -infinity ? nan : (l.high - max) + (l.low - max_low);
      s.add(probability[a] = exp(difference[a]));
    }
    total = invalid ? nan : max == -infinity ? 0 : s.value();
    log_total = std::log(total);
    for (real& p : probability) p /= total;
  }

  real log_probability(std::size_t a) const { return difference[a] - log_total; }
  real log_sum_exp() const { return total == 0 ? -infinity : max + (max_low + log_total); }
  bool counts(std::size_t a) const { return !(difference[a] < -80); }  // what the bound of Softmax is about
};

}  // namespace oracle

// f(columns's number, its first element, its stride) for each row of a shape, along whichever axis it lies
template <class F>
void for_each_row(const nonlin::axis_shape& s, const F& f) {
  for (std::size_t o = 0; o < s.outer; ++o) {
    for (std::size_t i = 0; i < s.inner; ++i) f(o * s.inner + i, o * s.axis * s.inner + i, s.inner);
  }
}

inline std::string to_string(const nonlin::axis_shape& s) {
  return "{" + std::to_string(s.outer) + ", " + std::to_string(s.axis) + ", " + std::to_string(s.inner) + "}";
}

// Every way in which rows are put into vectors, of 1 to 16 lanes: rows in one piece; of few elements, side by side; with an
// inner size below a vector's, on a short and a long axis; of a vector and more, more than 16 vectors; whole and not.
inline const std::vector<nonlin::axis_shape>& shapes() {
  static const std::vector<nonlin::axis_shape> all = {
      {1, 1, 1},   {40, 1, 1},  {3, 2, 1},    {19, 3, 1},  {17, 4, 1},  {33, 5, 1},   {5, 8, 1},    {16, 9, 1},
      {21, 16, 1}, {7, 17, 1},  {50, 31, 1},  {35, 32, 1}, {18, 33, 1}, {25, 47, 1},  {24, 64, 1},  {25, 65, 1},
      {6, 100, 1}, {3, 128, 1}, {4, 129, 1},  {2, 257, 1}, {3, 1000, 1}, {1, 4099, 1}, {9, 1, 2},    {20, 3, 2},
      {13, 8, 3},  {9, 33, 2},  {4, 31, 5},   {3, 17, 7},  {5, 32, 15}, {2, 40, 3},   {2, 130, 13}, {1, 333, 2},
      {2, 96, 15}, {3, 64, 4},  {2, 1, 16},   {3, 2, 17},  {2, 20, 8},  {2, 9, 31},   {1, 70, 33},  {2, 3, 250},
      {1, 5, 256}, {1, 4, 300}, {1, 50, 129}, {0, 5, 1},   {0, 1, 9}};
  return all;
}

// Rows of logits, by number.
inline constexpr std::size_t row_kinds = 45, ordinary_row_kinds = 38;  // the ordinary: |x| < 2000, or -inf

template <class T, class Put>
void put_row(std::size_t kind, std::size_t n, std::mt19937_64& random, const Put& put) {
  using limits = std::numeric_limits<T>;
  constexpr T inf = limits::infinity();
  std::normal_distribution<double> normal;
  const auto around = [&](double centre, double spread) { return static_cast<T>(centre + spread * normal(random)); };
  const auto all = [&](const auto& x) {
    for (std::size_t a = 0; a < n; ++a) put(a, static_cast<T>(x(a)));
  };
  const auto equal = [&](T x) { all([&](std::size_t) { return x; }); };
  const auto spread = [&](double centre, double by) { all([&](std::size_t) { return around(centre, by); }); };
  const auto one = [&](std::size_t at, double by) {
    all([&](std::size_t a) { return a == at ? around(by, 1) : around(0, 1); });
  };
  // a crowd at `first`, the later ones higher
  const auto crowds = [&](double first, double step) {
    all([&](std::size_t a) { return around(first + (2 * a >= n ? step : 0), 0.5); });
  };
  const auto climb = [&](double from, double to) {
    all([&](std::size_t a) {
      return around(from + (to - from) * static_cast<double>(a) / static_cast<double>(n), 0.1);
    });
  };
  switch (kind) {
    case 0: return spread(0, 1);
    case 1: return spread(0, 0.01);
    case 2: return spread(-2, 4);
    case 3: return spread(1, 20);
    case 4: return spread(200, 5);
    case 5: return spread(-200, 5);
    case 6: return spread(300, 5);
    case 7: return spread(-300, 5);
    case 8: return spread(1000, 9);
    case 9: return spread(-1000, 9);
    case 10: return spread(256, 2);
    case 11: return spread(-256, 2);
    case 12: return equal(T(0));
    case 13: return equal(T(7.3));
    case 14: return equal(T(-250.3));
    case 15: return equal(T(300));
    case 16: return one(0, 60);
    case 17: return one(n / 2, 45);
    case 18: return one(n - 1, 75);
    case 19: return one(n - 1, 120);
    case 20: return crowds(0, 35);
    case 21: return crowds(0, 45);
    case 22: return crowds(240, 38);
    case 23: return crowds(-300, 60);
    case 24: return crowds(-290, 285);
    case 25: return crowds(100, 290);
    case 26: return crowds(-257, 39);
    case 27: return climb(-35, 0);
    case 28: return climb(-90, 10);
    case 29: return climb(400, -400);
    case 30: return all([&](std::size_t) { return random() % 3 == 0 ? -inf : around(0, 2); });
    case 31: return climb(-1300, 600);
    case 32: return spread(0, 60);
    case 33: return crowds(-700, 300);
    case 34: return crowds(150, 100);
    case 35: return all([&](std::size_t a) { return a + 1 == n ? around(3, 1) : -inf; });
    case 36: return all([&](std::size_t a) { return 3 * a < n ? -inf : 3 * a < 2 * n ? around(-50, 1) : around(-7, 1); });
    case 37: return all([&](std::size_t a) { return a % 2 == 0 ? limits::denorm_min() : -limits::min(); });
    // all but the ordinary
    case 38: return one(n / 3, 1e30);
    case 39: return spread(1e30, 1e24);
    case 40: return spread(-1e30, 1e24);
    case 41: return equal(limits::max());
    case 42: return equal(limits::lowest());
    case 43: return all([&](std::size_t a) { return a % 3 == 0 ? limits::max() : a % 3 == 1 ? limits::lowest() : T(1); });
    default: return all([&](std::size_t a) { return a % 7 == 3 ? limits::max() : around(0, 1); });
  }
}

// Rows of all kinds below `kinds`, one after the other; the next variant goes on where this one ends.
template <class T>
std::vector<T> logits(const nonlin::axis_shape& s, std::size_t variant = 0, std::size_t kinds = row_kinds) {
  std::vector<T> x(s.size());
  std::mt19937_64 random(1234 + variant);
  for_each_row(s, [&](std::size_t row, std::size_t first, std::size_t stride) {
    put_row<T>((row + variant * s.outer * s.inner) % kinds, s.axis, random, [&](std::size_t a, T v) { x[first + a * stride] = v; });
  });
  return x;
}

// How many variants it takes for a shape to see all kinds.
inline std::size_t variants(const nonlin::axis_shape& s, std::size_t kinds = row_kinds) {
  const std::size_t rows = s.outer * s.inner;
  return rows == 0 ? 1 : (kinds + rows - 1) / rows;
}

template <class T>
std::vector<T> gaussian(std::size_t n, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  std::vector<T> x(n);
  for (T& e : x) e = static_cast<T>(normal(random));
  return x;
}
