// long double: x87's 64 bits (on aarch64: 113). An exponential's relative error is its argument's absolute one, and
// arguments reach 745: those are taken in 113 bits, and what does not fit into long double goes in to first order.
#include <bit>
#include <cmath>
#include <cstdint>
#include "../oracle.hpp"
#include "formula.hpp"

namespace exhaustive {
namespace {

#if __LDBL_MANT_DIG__ >= 113
using wide = long double;
#else
__extension__ typedef __float128 wide;
#endif

wide wide_of(const oracle::quad& q) {
  const auto high = static_cast<long double>(q);
  return wide(high) + wide(static_cast<long double>(oracle::quad(q - oracle::quad(high))));
}

struct constants {
  wide sqrt_half = wide_of(oracle::sqrt_half<oracle::quad>());
  wide linear = wide_of(2 * oracle::sqrt_2_over_pi<oracle::quad>());
  wide cube = linear * 44715 / 1000000;
  long double density = static_cast<long double>(oracle::sqrt_2_over_pi<oracle::quad>() / 2);
};
const constants& constant() {
  static const constants c;
  return c;
}

struct split {
  long double head, rest;
  explicit split(wide v)
      : head(static_cast<long double>(v)), rest(static_cast<long double>(v - wide(head))) {}
};

long double exp_of(wide v) {
  if (v < -3000) return 0;  // subnormals of long double are slow, and nothing to a double
  const split s(v);
  const long double e = std::exp(s.head);
  return e + e * s.rest;
}

// erfc(t), whose slope is -2 / sqrt(pi) e^(-t^2)
long double erfc_of(wide t) {
  const split s(t);
  if (s.head > 40) return 0;
  constexpr long double slope = 1.128379167095512573896158903121545171688L;
  const long double correction = slope * std::exp(-s.head * s.head) * s.rest;
  return std::erfc(s.head) - correction;
}

long double value(const formula& f, double x) {
  const long double v = x;
  switch (f.kind) {
    case shape::relu:
      return x > 0 ? (f.derivative ? 1 : v) : 0;
    case shape::leaky:
      return (x > 0 ? f.positive : f.negative) * (f.derivative ? 1 : v);
    case shape::elu:
      if (x > 0) return f.derivative ? f.positive : f.positive * v;
      if (f.derivative) return f.negative * exp_of(wide(x));
      return f.negative * std::expm1(v);
    case shape::sigmoid:
    case shape::tanh: {
      if (f.kind == shape::tanh && !f.derivative) return std::tanh(v);
      const int scale = f.kind == shape::tanh ? 2 : 1;
      const long double e = exp_of(-wide(std::fabs(x)) * scale), d = 1 + e;
      if (f.derivative) return static_cast<long double>(scale * scale) * e / (d * d);
      return (x < 0 ? e : 1) / d;
    }
    case shape::gelu: {
      const long double phi = erfc_of(wide(x) * -constant().sqrt_half) / 2;
      if (!f.derivative) return v * phi;
      return phi + v * (constant().density * exp_of(wide(x) * wide(x) / -2));
    }
    case shape::gelu_tanh:
    case shape::swish: {
      const bool cubic = f.kind == shape::gelu_tanh;
      const wide linear = cubic ? constant().linear : wide(f.negative), square = wide(x) * wide(x);
      const wide argument = wide(x) * (cubic ? linear + constant().cube * square : linear);
      const long double e = exp_of(argument < 0 ? argument : -argument), d = 1 + e;
      const long double sigma = (argument < 0 ? e : 1) / d, other = (argument < 0 ? 1 : e) / d;
      if (!f.derivative) return v * sigma;
      if (sigma == 0 || other == 0) return sigma;
      const wide slope = cubic ? linear + 3 * constant().cube * square : linear;
      return sigma * (1 + static_cast<long double>(wide(x) * slope) * other);
    }
  }
  return 0;
}

}  // namespace

void first_line(const formula& f, const double* x, long double* want, std::size_t n) {
  const expansion& e = f.near_root;
  for (std::size_t i = 0; i < n; ++i) {
    const long double d = (x[i] - e.root) - e.rest, t = d / expansion::width;
    if (e.used && std::fabs(t) <= 1) {
      long double p = e.c[expansion::terms - 1];
      for (std::size_t k = expansion::terms - 1; k > 0; --k) p = p * t + e.c[k - 1];
      want[i] = d * p;
    } else {
      want[i] = value(f, x[i]);
    }
  }
}

void ulps_of(const long double* exact, double* rounded, long double* per_ulp, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    const auto r = static_cast<double>(exact[i]);
    rounded[i] = r;
    // a number that rounds up to a power of two is still below it
    const std::uint64_t up = std::fabs(static_cast<long double>(r)) > std::fabs(exact[i]) ? 1 : 0;
    const std::uint64_t exponent = ((std::bit_cast<std::uint64_t>(r) & ~(std::uint64_t{1} << 63)) - up) >> 52;
    per_ulp[i] = std::ldexp(1.0L, 1075 - static_cast<int>(exponent > 0 ? exponent : 1));
  }
}

comparison compare(const wanted<double, long double>& want, const double* got, std::size_t n, double limit) {
  comparison c;
  for (std::size_t i = 0; i < n; ++i) {
    const auto e = static_cast<double>(std::fabs(got[i] - want.exact[i]) * want.per_ulp[i]);
    c.above_limit |= !(e <= limit);
    c.equal += got[i] == want.rounded[i];
    c.zero_of_wrong_sign |= got[i] == 0 && std::signbit(got[i]) != std::signbit(want.rounded[i]);
  }
  return c;
}

}  // namespace exhaustive
