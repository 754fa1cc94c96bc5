// SPDX-License-Identifier: Apache-2.0
// e^x as 2^n (1 + q), the core of nearly every activation.
//
//   x = n ln 2 + r, |r| <= ln 2 / 2 (a little more where n falls on the wrong side of a tie); q = expm1(r)
//   by a polynomial of degree 6 (float, 2^-26.1 of q) or 12 (double, 2^-61.5); tests/coefficients/fit.py
//   makes it. Callers keep 1 + q and 2^n apart until the end, so that what is subnormal is rounded once.
//   n ln 2 is subtracted in two parts. With fma the first has all its digits; without, so few that its
//   product is exact.
//
//   Record of double on AVX-512: Cascade Lake, about 2.4 GHz, L1, g++ 12; cycles for 8 doubles, in brackets half the slots, the
//   bound of two ports: exp 9.6 (7), sigmoid 17 (12), SiLU 20 (13), tanh 24 (17), ELU 13 (8). The fastest of SLEEF, xsimd and
//   Highway takes 2.4 to 2.8 times as long for exp, 2 for sigmoid, 1.7 for SiLU, 1.4 to 1.5 for tanh, 1.2 for GELU.
//   What bounds them is the length of a vector's chain: the scheduler's 97 places hold some five vectors.
//   gained   quotients by an estimate and what it leaves: 5 slots and the estimate for a division's 16 cycles, the same errors
//   gained   a polynomial in two halves, 16 cycles of chain for 24: 8 %
//   gained   n clamped where it scales, not x before all else: no link of the chain
//   gained   no range beyond a table: no queue, any distribution at one speed
//   gained   floats: factor e^x by a table of the factor's products, made before the loop: Zen 4, ELU' .19 ns for .24, its errors as before;
//            by a product in the loop .20, but 2.35 ULP (SELU')
//   lost     tanh's 1 + S and 1 - S from S side by side, quotient times estimate: 1.06 ns for 1.28, but 3.5 ULP
//   lost     sigmoid's slope from this table: 5.3 ULP near 0, where the errors of E and of the sum's square add up
//   untried  eight vectors side by side: exp alone .48 ns for .54
#pragma once
#include <cstdint>
#include <limits>
#include "../detail/number.hpp"
#include "near_zero.hpp"
#include "watched.hpp"

#include "../detail/begin.hpp"

namespace nonlin {
inline namespace NONLIN_ABI {
namespace math {

// Constants of a type. `round` added to a number |x| < 2^22 (2^51) leaves it rounded to an integer in the
// lowest bits.
template <class T>
struct exp_constants;
template <>
struct exp_constants<float> {
  static constexpr float log2e = 0x1.715476p+0f, round = 0x1.8p+23f, bias = 127;
  static constexpr float ln2_hi = 0x1.62e43p-1f, ln2_lo = -0x1.05c61p-29f;            // with fma
  static constexpr float ln2_short_hi = 0x1.62ep-1f, ln2_short_lo = 0x1.0bfbe8p-15f;  // 12 bits and the rest
  static constexpr float lowest_exponent = -126, step = 64, down = 0x1p-64f;          // see scale_down
  static constexpr float units_of_least = 149, least_normal_in_units = 0x1p+23f;      // see scale_quietly
  static constexpr float split = 0x1.001p+12f, split_down = 0x1p-24f, split_up = 0x1p+24f;
  static constexpr float expm1_p[] = {0.5f, 0x1.5554b6p-3f, 0x1.5555bep-5f, 0x1.12248ap-7f, 0x1.6c527p-10f};
};
template <>
struct exp_constants<double> {
  static constexpr double log2e = 0x1.71547652b82fep+0, round = 0x1.8p+52, bias = 1023;
  static constexpr double ln2_hi = 0x1.62e42fefa39efp-1, ln2_lo = 0x1.abc9e3b39803fp-56;
  static constexpr double ln2_short_hi = 0x1.62e42fefa4p-1, ln2_short_lo = -0x1.8432a1b0e2634p-43;
  static constexpr double lowest_exponent = -1022, step = 128, down = 0x1p-128;
  static constexpr double units_of_least = 1074, least_normal_in_units = 0x1p+52;
  static constexpr double split = 0x1.0000002p+27, split_down = 0x1p-54, split_up = 0x1p+54;
  static constexpr double expm1_p[] = {0x1p-1,
                                       0x1.5555555555559p-3,
                                       0x1.5555555555549p-5,
                                       0x1.111111110f626p-7,
                                       0x1.6c16c16c1c801p-10,
                                       0x1.a01a01b023564p-13,
                                       0x1.a01a0185030aep-16,
                                       0x1.71ddf7a494adbp-19,
                                       0x1.27e526080b6ep-22,
                                       0x1.af600db2e8a61p-26,
                                       0x1.1efe552d0f7ddp-29};
};

// c[K] + c[K + 1] x + c[K + 2] x^2 + ...
template <std::size_t K = 0, class V, class T, std::size_t N>
NONLIN_INLINE V polynomial(const V& x, const T (&c)[N]) {
  if constexpr (K + 1 == N) {
    return V(c[K]);
  } else {
    V y = fma(polynomial<K + 1>(x, c), x, V(c[K]));
    if constexpr (K % 3 == 0 && requires { side_by_side(y); }) side_by_side(y);
    return y;
  }
}

// The rounding error of the product p = a b. Without fma by Dekker's splitting, scaled so that it cannot
// overflow.
template <class V>
NONLIN_INLINE V product_error(const V& a, const V& b, const V& p) {
  if constexpr (V::has_fma) {
    return fms(a, b, p);
  } else {
    using c = exp_constants<element_of<V>>;
    const V as = a * V(c::split_down), bs = b * V(c::split_down), ps = p * V(c::split_down * c::split_down);
    const V at = as * V(c::split), bt = bs * V(c::split);
    const V ah = at - (at - as), bh = bt - (bt - bs), al = as - ah, bl = bs - bh;
    return (((ah * bh - ps) + ah * bl + al * bh) + al * bl) * V(c::split_up * c::split_up);
  }
}

// c - a b with one rounding that counts, also without fma.
template <class V>
NONLIN_INLINE V minus_product(const V& c, const V& a, const V& b) {
  if constexpr (V::has_fma) {
    return fnma(a, b, c);
  } else {
    const V p = a * b;
    return (c - product_error(a, b, p)) - p;
  }
}

// 2^n for an integer n within the exponents of normal numbers.
template <class V>
NONLIN_INLINE V exp2i(const V& n) {
  using c = exp_constants<element_of<V>>;
  if constexpr (V::has_scalef) return scalef(V(1), n);
  return shifted_to_exponent(n + V(c::round + c::bias));
}

// y 2^n with one rounding, for -190 <= n <= 63 (double: -1150 <= n <= 895).
template <class V>
NONLIN_INLINE V scale_down(const V& y, const V& n) {
  using c = exp_constants<element_of<V>>;
  if constexpr (V::has_scalef) return scalef(y, n);
  return y * exp2i(n + V(c::step)) * V(c::down);
}

// y 2^n for n >= -275 (double: -2090), with scalef. To make a subnormal in arithmetic costs a microcode assist, 20 times a whole
// vector's time; but its bits are an integer, the number of units of the least one.
template <class V>
NONLIN_INLINE V scale_quietly(const V& y, const V& n) {
  using c = exp_constants<element_of<V>>;
  const V units = abs(scalef(y, n + V(c::units_of_least)));
  const auto subnormal = units < V(c::least_normal_in_units);
  return select(subnormal, with_sign(from_bits_of_integer(units), y), scalef(y, opaque(select(subnormal, V(0), n))));
}

// The same, sooner, where y 2^n is less than 2^-125 for n <= last, and not subnormal beyond
template <class V>
NONLIN_INLINE V scale_quietly(const V& y, const V& n, element_of<V> last) {
  using c = exp_constants<element_of<V>>;
  const auto subnormal = n <= V(last);
  const V units = abs(scalef(y, n + V(c::units_of_least)));
  return select(subnormal, with_sign(from_bits_of_integer(units), y), scalef(y, opaque(select(subnormal, V(0), n))));
}

// y 2^n for |n| <= 280 (double: 2100) and any y; rounded once where the result is not less than the least subnormal.
template <class V>
NONLIN_INLINE V scale_far(const V& y, const V& n) {
  using c = exp_constants<element_of<V>>;
  if constexpr (V::has_scalef) return scalef(y, n);
  const V third = fma(n, V(element_of<V>(1) / 3), V(c::round)) - V(c::round);
  const V s = exp2i(third);
  return y * s * s * exp2i(n - third - third);
}

template <class V>
struct exponential {
  V n, q;  // 2^n (1 + q)
  V k;     // without scalef: n + bias in the lowest bits, so that a shift makes 2^n
};

// 2^(n + up), where that is normal
template <class V>
NONLIN_INLINE V power_of(const exponential<V>& e, element_of<V> up) {
  if constexpr (V::has_scalef) return scalef(V(1), up == 0 ? e.n : e.n + V(up));
  return shifted_to_exponent(up == 0 ? e.k : e.k + V(up));
}
template <class V>
NONLIN_INLINE V power_of(const exponential<V>& e, const V& up) {
  if constexpr (V::has_scalef) return scalef(V(1), e.n + up);
  return shifted_to_exponent(e.k + up);
}

// 2^n, or the least normal number where that is more.
template <class V>
NONLIN_INLINE V power_or_least(const exponential<V>& e) {
  using c = exp_constants<element_of<V>>;
  if constexpr (V::has_scalef) return scalef(V(1), e.n);
  return shifted_to_exponent(at_least(e.k, V(c::round + c::bias + c::lowest_exponent)));
}

template <class V>
NONLIN_INLINE V expm1_polynomial(const V& r) {
  // not by r * r: it would underflow, at the price of a microcode assist, where r is tiny
  return fma(polynomial(r, exp_constants<element_of<V>>::expm1_p) * r, r, r);
}

template <class V>
struct reduced {
  V n, r;  // x = n ln 2 + r
  V k;     // as in exponential
};

// x + low, low being a correction to x
template <class V, class... Low>
NONLIN_INLINE reduced<V> reduce(const V& x, const Low&... low) {
  using c = exp_constants<element_of<V>>;
  constexpr auto round = V::has_scalef ? c::round : c::round + c::bias;
  const V k = fma(x, V(c::log2e), V(round)), n = k - V(round);
  const V hi(V::has_fma ? c::ln2_hi : c::ln2_short_hi), lo(V::has_fma ? c::ln2_lo : c::ln2_short_lo);
  if constexpr (sizeof...(Low) == 0)
    return {n, fnma(n, lo, fnma(n, hi, x)), k};
  else
    return {n, fnma(n, hi, x) + fnma(n, lo, low...), k};
}

template <class V, class... Low>
NONLIN_INLINE exponential<V> exp_parts(const V& x, const Low&... low) {
  const auto e = reduce(x, low...);
  return {e.n, expm1_polynomial(e.r), e.k};
}

// Where registers hold tables: x = (16 m + k) ln 2 / 16 + r, e^x = 2^m 2^(k/16) (1 + q); q = expm1(r) by three terms (double: six),
// |r| <= ln 2 / 32. Nothing need be clamped but r: scalef takes any m, and takes its floor. tests/coefficients/fit.py exp_table.
template <class V>
inline constexpr bool has_exp_table = V::has_table32 || V::has_table16;
template <class T>
inline constexpr T exp_table_reach = T(0.03);
template <class T>
struct exp_table;
template <>
struct exp_table<float> {
  static constexpr float round = 0x1.8p+19f;               // leaves multiples of 1/16
  static constexpr float c[] = {0x1.00022ap-1f, 0x1.5555a6p-3f};  // q = r + r^2 (c[0] + c[1] r)
  alignas(64) static constexpr float power[16] = {
      0x1p+0f, 0x1.0b5586p+0f, 0x1.172b84p+0f, 0x1.2387a6p+0f, 0x1.306fep+0f,
      0x1.3dea64p+0f, 0x1.4bfdaep+0f, 0x1.5ab07ep+0f, 0x1.6a09e6p+0f, 0x1.7a1148p+0f,
      0x1.8ace54p+0f, 0x1.9c4918p+0f, 0x1.ae89fap+0f, 0x1.c199bep+0f, 0x1.d5818ep+0f,
      0x1.ea4afap+0f};
};
template <>
struct exp_table<double> {
  static constexpr double round = 0x1.8p+48;
  static constexpr double c[] = {
      0x1.fffffffffffb5p-2, 0x1.5555555487813p-3, 0x1.555555591aeabp-5, 0x1.111240a9b5964p-7,
      0x1.6c14c2035119ep-10};
  alignas(64) static constexpr double power[16] = {
      0x1p+0, 0x1.0b5586cf9890fp+0, 0x1.172b83c7d517bp+0, 0x1.2387a6e756238p+0,
      0x1.306fe0a31b715p+0, 0x1.3dea64c123422p+0, 0x1.4bfdad5362a27p+0, 0x1.5ab07dd485429p+0,
      0x1.6a09e667f3bcdp+0, 0x1.7a11473eb0187p+0, 0x1.8ace5422aa0dbp+0, 0x1.9c49182a3f09p+0,
      0x1.ae89f995ad3adp+0, 0x1.c199bdd85529cp+0, 0x1.d5818dcfba487p+0, 0x1.ea4afa2a490dap+0};
  // for expm1, which is small where a power less 1 is: 2^(k/16) = power (1 + rest), q relatively by terms to r^7
  alignas(64) static constexpr double rest[16] = {
      0x0p+0, 0x1.79aa66p-54, -0x1.01b15ep-55, 0x1.68efdep-54,
      0x1.34d754p-55, 0x1.59f48ap-55, 0x1.690cecp-56, 0x1.063e1ep-54,
      -0x1.3b3efcp-54, -0x1.b32dccp-56, 0x1.db72fcp-55, 0x1.1affc2p-56,
      0x1.c1a77ap-55, 0x1.36eae4p-56, 0x1.4a385ap-56, -0x1.ff7128p-55};
  static constexpr double expm1_c[] = {
      0x1.0000000000003p-1, 0x1.555555555555p-3, 0x1.555555549e07ap-5, 0x1.11111111680f3p-7,
      0x1.6c182c6d0e151p-10, 0x1.a01a535876cf3p-13};
};

struct exp_table_rests {  // of floats: 2^(k/16) = power + rest
  alignas(64) float rest[16];
  constexpr exp_table_rests() : rest() {
    for (int k = 0; k < 16; ++k) rest[k] = static_cast<float>(exp_table<double>::power[k] - exp_table<float>::power[k]);
  }
};
inline constexpr exp_table_rests power_rests;

struct inverse_exp_table {  // 2^(-k/16)
  alignas(64) double power[16];
  constexpr inverse_exp_table() : power() {
    power[0] = 1;
    for (int k = 1; k < 16; ++k) power[k] = exp_table<double>::power[16 - k] / 2;
  }
};
inline constexpr inverse_exp_table inverse_table;

// e^r - 1 for |r| <= ln 2 / 32, absolutely
template <class V>
NONLIN_INLINE V expm1_near_0(const V& r) {
  constexpr auto& c = exp_table<element_of<V>>::c;
  if constexpr (V::has_table32) {
    return fma(fma(r, V(c[1]), V(c[0])) * r, r, r);
  } else {
    // In two halves: the processor looks ahead no further than some five vectors of such formulas, so that the length of their
    // chains counts. The square never underflows: that would be an assist.
    const V square = fma(r, r, V(0x1p-900));
    const V low = fma(r, V(c[1]), V(c[0])), high = fma(V(c[4]), square, fma(r, V(c[3]), V(c[2])));
    return fma(fma(high, square, low), square, r);
  }
}

// For AVX-512's doubles, whose division takes 16 cycles a vector, more than all else: by an estimate 1 / d (1 + e), |e| <= 2^-14,
// and what is left of a. `excess(y)` is y d - a, +0 where a is -0: so -0 / d is -0 where the estimate is exact, as of 2. For finite a.
template <class V, class Excess>
NONLIN_INLINE V quotient_by_excess(const V& a, const V& d, const Excess& excess) {
  const V r = reciprocal_estimate(d), e = fnma(d, r, V(1)), rough = a * r, y = fma(rough, e, rough);
  return fnma(excess(y), fma(r, e, r), y);
}

// a / d, within 0.501 ULP
template <class V>
NONLIN_INLINE V quotient(const V& a, const V& d) {
  if constexpr (V::has_table16)
    return quotient_by_excess(a, d, [&](const V& y) NONLIN_INLINE_LAMBDA { return fms(y, d, a); });
  else
    return a / d;
}

// a 2^n / d by scalef, also for a of +inf, whose estimated quotient is NaN
template <class V>
NONLIN_INLINE V scaled_quotient(const V& a, const V& d, const V& n) {
  return scalef(at_most(V(std::numeric_limits<element_of<V>>::max()), quotient(a, d)), n);
}

// 1 / d = r (1 + e + e^2 + e^3), sooner than the quotient
template <class V>
NONLIN_INLINE V reciprocal(const V& d) {
  const V r = reciprocal_estimate(d), e = fnma(d, r, V(1));
  return fma(fma(fma(e, e, e), e, e), r, r);
}

template <class V, bool Anywhere = true>  // Anywhere: r is a number for any x
struct table_reduced {
  V t, n, r;

  NONLIN_INLINE explicit table_reduced(const V& x) {
    using T = element_of<V>;
    using c = exp_constants<T>;
    using table = exp_table<T>;
    t = fma(x, V(c::log2e), V(table::round));
    n = t - V(table::round);
    r = fnma(n, V(c::ln2_lo), fnma(n, V(c::ln2_hi), x));
    if constexpr (Anywhere) r = within(r, exp_table_reach<T>);
  }
  // power (1 + q)
  NONLIN_INLINE V scaled(const V& power) const { return fma(power, expm1_near_0(r), power); }
  // `powers`: exp_table's, or a multiple of them, which the result is then multiplied by
  NONLIN_INLINE V value(const element_of<V> (&powers)[16]) const {
    return scalef(scaled(lookup16(powers, t)), n);
  }
};
template <class V>
NONLIN_INLINE V exp_by_table(const V& x, const element_of<V> (&powers)[16]) {
  return table_reduced<V>(x).value(powers);
}

// e^x = scale (1 + q), scale = 2^(x log2 e rounded)
template <class V>
struct scaled_exponential {
  V scale, q;

  NONLIN_INLINE V value() const { return fma(scale, q, scale); }
  // value() + a; by table8 with a sum that need not wait for q (Zen 3: Sigmoid .28 ns for .29, at .03 ULP more)
  NONLIN_INLINE V value_plus(element_of<V> a) const {
    if constexpr (has_powers8<V>) return fma(scale, q, scale + V(a));
    return value() + V(a);
  }
};

// Where a register holds eight numbers: the same with scale rounded to multiples of 2^(1/8) and three terms, |r| <= ln 2 / 16. Each
// number's bits are less what its slot adds to them when the multiple is shifted to the exponent. fit.py exp_table8.
struct exp_table8 {
  static constexpr float round = 0x1.8p+20f;  // leaves multiples of 1/8
  static constexpr float c2 = 0x1.00089ep-1f, c3 = 0x1.555654p-3f;
  static constexpr float power[8] = {0x1p+0f,        0x1.172b84p+0f, 0x1.306fep+0f,  0x1.4bfdaep+0f,
                                     0x1.6a09e6p+0f, 0x1.8ace54p+0f, 0x1.ae89fap+0f, 0x1.d5818ep+0f};
  alignas(32) std::uint32_t bits[8];
  constexpr explicit exp_table8(const float (&powers)[8]) : bits() {
    for (std::uint32_t k = 0; k < 8; ++k) bits[k] = __builtin_bit_cast(std::uint32_t, powers[k]) - (k << 20);
  }
};
inline constexpr exp_table8 table8(exp_table8::power);

// Sign x = n ln 2 + Sign r, n a multiple of 1/8, by a `round` that may have an integer more: so much is the result raised
template <int Sign, class V>
struct reduced8 {
  static_assert(Sign == 1 || Sign == -1);
  using c = exp_constants<float>;
  V t, n, r;  // r but for n ln2_lo

  NONLIN_INLINE reduced8(const V& x, const V& round) {
    t = less<Sign>(V(-c::log2e), x, round);
    n = t - round;
    r = less<Sign>(n, V(c::ln2_hi), x);
  }
  // a - Sign n ln2_lo
  NONLIN_INLINE V rest(const V& a) const { return less<Sign>(n, V(c::ln2_lo), a); }

  // of the whole r
  NONLIN_INLINE scaled_exponential<V> power(const V& whole) const {
    const V c2(exp_table8::c2), c3(exp_table8::c3);
    return {powers8(table8.bits, t), Sign < 0 ? fms(fnma(whole, c3, c2) * whole, whole, whole) : fma(fma(whole, c3, c2) * whole, whole, whole)};
  }

 private:
  template <int S>
  static NONLIN_INLINE V less(const V& a, const V& b, const V& from) {
    return S < 0 ? fma(a, b, from) : fnma(a, b, from);
  }
};

// e^(Sign (x + low)) 2^up, where that is normal; up is a number or a vector. A sign of -1 costs no operation.
template <int Sign = 1, class V, class Up, class... Low>
NONLIN_INLINE scaled_exponential<V> exp_scaled(const V& x, const Up& up, const Low&... low) {
  if constexpr (has_powers8<V>) {
    const reduced8<Sign, V> e(x, V(up + Up(exp_table8::round)));
    V r;
    if constexpr (sizeof...(Low) == 0) {
      r = e.rest(e.r);
    } else {
      r = e.r + e.rest(low...);
      if constexpr (requires { side_by_side(r); }) side_by_side(r);
    }
    return e.power(r);
  } else if constexpr (Sign < 0) {
    return exp_scaled(-x, up, -low...);
  } else {
    const auto e = exp_parts(x, low...);
    return {power_of(e, up), e.q};
  }
}

// Where e^x underflows and overflows for good.
template <class T>
inline constexpr T exp_lowest = sizeof(T) == 4 ? T(-105) : T(-746);
template <class T>  // |x| up to here
inline constexpr T exp_is_normal = sizeof(T) == 4 ? T(87) : T(707);
template <class T>
inline constexpr T exp_highest = sizeof(T) == 4 ? T(89) : T(710);

// Lanes below `lowest`, where a result is 0, are kept from underflow to it. A scalar is not: under a user's -ffast-math g++ may take NaN
// to be below.
template <class V>
struct above {
  decltype(V() < V()) zero;
  V x;

  NONLIN_INLINE above(const V& any_x, element_of<V> lowest)
      : zero(any_x < V(lowest)), x(V::size == 1 ? at_least(any_x, V(lowest)) : select(zero, V(0), any_x)) {}
  NONLIN_INLINE V result(const V& y, element_of<V> of_zero) const { return V::size == 1 ? y : select(zero, V(of_zero), y); }
};

template <class V>
NONLIN_INLINE V exp(const V& x) {
  using T = element_of<V>;
  if constexpr (has_exp_table<V>) {
    return exp_by_table(x, exp_table<T>::power);
  } else {
    if (any(abs(x) > V(exp_is_normal<T>))) [[unlikely]] {
      // the same bits, made away from the ends of the exponents
      using c = exp_constants<T>;
      const auto low = x < V(0);
      const above<V> near(x, exp_lowest<T>);
      const V y = exp_scaled(at_most(near.x, V(exp_highest<T>)), select(low, V(c::step), V(-c::step))).value();
      return near.result(y * select(low, V(c::down), V(1 / c::down)), T(0));
    }
    return exp_scaled(x, T(0)).value();
  }
}

// For e^x 2^raise, where that is a normal number.
template <class T>
struct raised {
  static constexpr T raise = sizeof(T) == 4 ? T(60) : T(500);
  static constexpr T lowest = sizeof(T) == 4 ? T(-128) : T(-1050);  // stands for all that is less
  // With a maximum from `low` on, what is 104 (746) less is above `lowest`; 2^26 terms of `high` add up to less than infinity.
  static constexpr T low = sizeof(T) == 4 ? T(-20) : T(-300), high = sizeof(T) == 4 ? T(28) : T(300);
};
struct raised_exp_table {
  alignas(64) float power[16];
  constexpr raised_exp_table() : power() {
    for (int k = 0; k < 16; ++k) power[k] = exp_table<float>::power[k] * 0x1p+60f;
  }
};
inline constexpr raised_exp_table raised_table;

// e^x 2^raise
template <class V>
NONLIN_INLINE V exp_raised(const V& x) {
  using T = element_of<V>;
  if constexpr (V::has_table32) {
    return exp_by_table(x, raised_table.power);
  } else {
    return exp_scaled(at_least(x, V(raised<T>::lowest)), raised<T>::raise).value();
  }
}
// e^(x + low) 2^up, where that is normal: the same bits, for a low of 0
template <class V>
NONLIN_INLINE V exp_raised(const V& x, const V& low, const V& up) {
  if constexpr (V::has_table32) {
    table_reduced<V> e(x);
    e.r = e.r + low;
    e.n = e.n + up;
    return e.value(exp_table<element_of<V>>::power);
  } else if constexpr (has_powers8<V>) {
    const reduced8<1, V> e(x, up + V(exp_table8::round));
    return e.power(e.rest(e.r + low)).value();
  } else {
    auto e = reduce(x);
    e.r = e.r + low;
    return scaled_exponential<V>{power_of<V>({e.n, e.r, e.k}, up), expm1_polynomial(e.r)}.value();
  }
}

template <int F>
struct scaled_expm1_c {  // exact for F = 1 and 2
  double c[6];
  constexpr scaled_expm1_c() : c() {
    double f = F * F;
    for (int k = 0; k < 6; ++k, f *= F) c[k] = f * exp_table<double>::expm1_c[k];
  }
};

// e^(F x) = power (1 + q), for power - 1 + power q: q is exact relatively
template <int F, class V>
struct expm1_by_table {
  static constexpr scaled_expm1_c<F> scaled{};
  V power, q;

  NONLIN_INLINE explicit expm1_by_table(const V& x) {
    using T = element_of<V>;
    using c = exp_constants<T>;
    using table = exp_table<T>;
    constexpr auto& a = scaled.c;
    const V t = fma(x, V(F * c::log2e), V(table::round)), n = t - V(table::round);
    const V r = fnma(n, V(c::ln2_lo / F), fnma(n, V(c::ln2_hi / F), x)), square = fma(r, r, V(0x1p-900));
    const V low = fma(r, V(a[1]), V(a[0])), middle = fma(r, V(a[3]), V(a[2])), high = fma(r, V(a[5]), V(a[4]));
    const V p = fma(fma(high, square, middle), square, low);
    q = fma(r, V(F), fma(p * r, r, lookup16(table::rest, t)));
    power = scalef(lookup16(table::power, t), n);
  }
};

// e^(F x) - 1, F 1 or 2, by 2^n q + (2^n - 1), which keeps all digits of a small x
template <int F, class V>
NONLIN_INLINE V expm1_by_power(const V& x) {
  using T = element_of<V>;
  const V z = F == 2 ? x + x : x;
  V s, q;
  if constexpr (sizeof(T) == 4 && V::has_fma) {
    // ln 2 in one part: below 0 n ln2_lo 2^n is less than 2^-30 beside 1, and where n is not small tanh hardly changes
    using c = exp_constants<T>;
    const V k = fma(x, V(F * c::log2e), V(c::round + c::bias));
    s = shifted_to_exponent(k);
    q = expm1_polynomial(fnma(k - V(c::round + c::bias), V(c::ln2_hi), z));
  } else {
    const auto e = exp_parts(z);
    s = power_of(e, T(0));
    q = e.q;
  }
  return fma(s, q, s - V(1));
}

// expm1 for x <= 1 or so; -1 far below
template <class V>
NONLIN_INLINE V expm1_negative(const V& x) {
  using T = element_of<V>;
  const V near = at_least(x, V(sizeof(T) == 4 ? T(-20) : T(-40)));
  if constexpr (V::has_table16) {
    const expm1_by_table<1, V> e(near);
    return fma(e.power, e.q, e.power - V(1));
  } else {
    return expm1_by_power<1>(near);
  }
}

// factor e^x for x <= 0, with one rounding where it is subnormal, for any factor that all lanes have alike. An underflow to 0 costs, too,
// with AVX-512 13 times the time at -inf: below `nothing` a usual factor leaves nothing.
template <class V>
NONLIN_INLINE V exp_negative_times(const V& x, const V& factor) {
  using T = element_of<V>;
  if constexpr (!V::has_scalef) {
    if (!any(x < V(-exp_is_normal<T>))) [[likely]] {  // below, the same bits
      const auto e = exp_parts(x);
      return fma(factor, e.q, factor) * power_of(e, T(0));
    }
  }
  constexpr T lowest = sizeof(T) == 4 ? T(-195) : T(-1460);
  const V nothing = select(abs(factor) <= V(4), V(sizeof(T) == 4 ? T(-106) : T(-748)), V(lowest));
  const auto without_nothing = [&](const V& y) NONLIN_INLINE_LAMBDA { return select(x < nothing, with_sign(V(0), factor), y); };
  if constexpr (V::has_table32) {
    const table_reduced<V, false> e(x);
    return scalef(without_nothing(e.scaled(product16(factor, exp_table<T>::power, power_rests.rest, e.t))), e.n);
  } else {
    const auto e = exp_parts(at_least(x, V(lowest)));
    const V y = without_nothing(fma(factor, e.q, factor));
    if constexpr (V::has_scalef) return scalef(y, e.n);
    return scale_far(y, e.n);
  }
}

template <class V>
NONLIN_INLINE V expm1(const V& x) {
  using T = element_of<V>;
  const V low = V(sizeof(T) == 4 ? T(-20) : T(-40));
  const auto e = exp_parts(at_least(at_most(x, V(exp_highest<T>)), low));
  const V s = power_of(e, T(-1));  // half: 2^128 is no float
  return with_sign(abs(V(2) * fma(s, e.q, s - V(0.5))), x);
}

}  // namespace math
}  // namespace NONLIN_ABI
}  // namespace nonlin
#include "../detail/end.hpp"
