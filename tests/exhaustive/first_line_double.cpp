// Compiled for the machine it is built on, like first_line_float.cpp. Numbers are pairs of doubles with an exponent of their own,
// so that no tail and no subnormal number loses a bit.
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include "formula.hpp"
#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace exhaustive {
namespace {

// -- a vector -------------------------------------------------------------------------------------------------

#if defined(__AVX512F__)
constexpr std::size_t width = 8;
#elif defined(__AVX__)
constexpr std::size_t width = 4;
#else
constexpr std::size_t width = 2;
#endif
typedef double lanes __attribute__((vector_size(width * sizeof(double))));
typedef std::int64_t ints __attribute__((vector_size(width * sizeof(std::int64_t))));  // and what comparisons give
static_assert(block_size % width == 0);

lanes all(double a) { return a - lanes{}; }
ints all(std::int64_t a) { return a - ints{}; }

template <class V, class T>
V load(const T* p) {
  V v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
template <class V, class T>
void store(T* p, const V& v) {
  std::memcpy(p, &v, sizeof v);
}
lanes fma(const lanes& a, const lanes& b, const lanes& c) {
#if defined(__AVX512F__)
  return _mm512_fmadd_pd(a, b, c);
#elif defined(__FMA__)
  return _mm256_fmadd_pd(a, b, c);
#else
  lanes r;
  for (std::size_t i = 0; i < width; ++i) r[i] = __builtin_fma(a[i], b[i], c[i]);
  return r;
#endif
}
lanes gather(const double* from, const ints& k) {
#if defined(__AVX512F__)
  return _mm512_mask_i64gather_pd(__m512d{}, 0xff, std::bit_cast<__m512i>(k), from, 8);  // g++ warns of the plain one's own lanes
#elif defined(__AVX2__)
  return _mm256_i64gather_pd(from, std::bit_cast<__m256i>(k), 8);
#else
  lanes r;
  for (std::size_t i = 0; i < width; ++i) r[i] = from[k[i]];
  return r;
#endif
}
constexpr std::int64_t sign_bit = std::numeric_limits<std::int64_t>::min();
lanes abs(const lanes& a) { return std::bit_cast<lanes>(std::bit_cast<ints>(a) & ~sign_bit); }
lanes with_sign(const lanes& size, const lanes& sign) {
  return std::bit_cast<lanes>(std::bit_cast<ints>(abs(size)) | (std::bit_cast<ints>(sign) & sign_bit));
}

constexpr std::int64_t exponent_of_1 = 1023;
lanes power_of_2(const ints& n) { return std::bit_cast<lanes>((n + exponent_of_1) << 52); }
lanes times_power(const lanes& a, const ints& n) {  // rounded where the result is subnormal
  return a * power_of_2(n >> 1) * power_of_2(n - (n >> 1));
}
ints exponent_of(const lanes& a) {  // of normal numbers
  return (std::bit_cast<ints>(a) >> 52 & 0x7ff) - exponent_of_1;
}

// -- pairs: high + low, |low| at most half a unit of high -------------------------------------------------------

struct pair {
  lanes high, low;
};
pair constant(double high, double low = 0) { return {all(high), all(low)}; }
pair constant(long double c) {
  const auto high = static_cast<double>(c);
  return constant(high, static_cast<double>(c - high));
}
const pair one = constant(1.0), sqrt_half = constant(0x1.6a09e667f3bcdp-1, -0x1.bdd3413b26456p-55),
               two_sqrt_2_over_pi = constant(0x1.9884533d43651p+0, -0x1.cbc0d30ebfd15p-54),
               times_0_044715 = constant(0x1.2444f2a4d8b4bp-4, -0x1.6c843a29d1c70p-61),
               density_at_0 = constant(0x1.9884533d43651p-2, -0x1.cbc0d30ebfd15p-56);  // 1 / sqrt(2 pi)

pair ordered_sum(const lanes& a, const lanes& b) {  // |a| >= |b|, or a = 0
  const lanes s = a + b;
  return {s, b - (s - a)};
}
pair sum(const lanes& a, const lanes& b) {
  const lanes s = a + b, t = s - a;
  return {s, (a - (s - t)) + (b - t)};
}
pair product(const lanes& a, const lanes& b) {
  const lanes p = a * b;
  return {p, fma(a, b, -p)};
}
pair exactly(const lanes& a) { return {a, lanes{}}; }
pair operator-(const pair& a) { return {-a.high, -a.low}; }
pair operator+(const pair& a, const pair& b) {
  const pair s = sum(a.high, b.high), t = sum(a.low, b.low), u = ordered_sum(s.high, s.low + t.high);
  return ordered_sum(u.high, u.low + t.low);
}
pair operator-(const pair& a, const pair& b) { return a + -b; }
pair operator*(const pair& a, const pair& b) {
  const pair p = product(a.high, b.high);
  return ordered_sum(p.high, fma(a.high, b.low, fma(a.low, b.high, p.low)));
}
pair operator*(const lanes& a, const pair& b) { return exactly(a) * b; }
pair operator/(const pair& a, const pair& b) {
  const lanes q = a.high / b.high;
  const pair rest = a - q * b;
  return ordered_sum(q, (rest.high + rest.low) / b.high);
}
pair times_power(const lanes& power, const pair& a) { return {power * a.high, power * a.low}; }
pair choose(const ints& which, const pair& a, const pair& b) {
  return {which ? a.high : b.high, which ? a.low : b.low};
}

// -- exponents beside them ------------------------------------------------------------------------------------

struct scaled {  // value 2^exponent
  pair value;
  ints exponent;
};

// x = value 2^exponent; the exponent is 0 unless |x| is so small or large that functions are constant or linear there.
struct argument {
  lanes value;
  ints exponent;
};
argument moderate(const lanes& x) {
  constexpr std::int64_t least = -200, most = 12, scale = 128;
  const ints small = abs(x) < all(0x1p-900), zero = x == lanes{};
  const lanes y = small ? x * 0x1p128 : x;
  const ints e = exponent_of(y) - (small & scale), raised = e < all(least) ? all(least) : e, kept = raised > all(most) ? all(most) : raised;
  const lanes value = std::bit_cast<lanes>((std::bit_cast<ints>(y) & ~(std::int64_t{0x7ff} << 52)) | (kept + exponent_of_1) << 52);
  return {zero ? x : value, ~zero & (e - kept)};
}

// -- elementary functions -------------------------------------------------------------------------------------

// e^v = (1 + minus_1) 2^exponent, |minus_1| < 0.42; v <= 0
struct exponential {
  pair minus_1;
  ints exponent;
  pair mantissa() const { return one + minus_1; }
  lanes power() const { return power_of_2(exponent < all(std::int64_t{-300}) ? all(std::int64_t{-300}) : exponent); }
  pair value() const { return times_power(power(), mantissa()); }  // what is below 2^-300 does not matter
};
exponential exp(const pair& large) {
  const pair v = choose(large.high < all(-30000.0), constant(-30000.0), large);  // below, all results are 0
  const lanes to_integer = all(0x1.8p52), shifted = v.high * 0x1.71547652b82fep+0 + to_integer, k = shifted - to_integer;
  // ln 2 in parts, of which the first two times k are exact
  const pair r = sum(v.high - k * 0x1.62e42fef8p-1, -k * 0x1.1cf79abc8p-36) + pair{v.low, -k * 0x1.e3b39803f2f6bp-72};
  // of r / 16, the coefficients of whose powers soon need but one double; then (1 + m)^2 = 1 + (2 m + m^2), four times
  const pair s = times_power(all(0x1p-4), r), square = s * s;
  const lanes h = s.high;
  lanes q = all(1.0 / 3628800);
  for (const double c : {1.0 / 362880, 1.0 / 40320, 1.0 / 5040, 1.0 / 720, 1.0 / 120, 1.0 / 24}) q = q * h + c;
  const pair third = square * s * constant(0x1.5555555555555p-3, 0x1.5555555555555p-57);
  pair m = s + (times_power(all(0.5), square) + (third + exactly(square.high * square.high * q)));
  for (int i = 0; i < 4; ++i) m = times_power(all(2.0), m) + m * m;
  return {m, std::bit_cast<ints>(shifted) - std::bit_cast<ints>(to_integer)};
}
pair expm1(const pair& v) {  // v <= 0
  const exponential e = exp(v);
  return choose(e.exponent == 0, e.minus_1, e.value() - one);
}

pair erfcx(const erfcx_table& table, const pair& t) {
  constexpr double per_unit = erfcx_table::per_unit, last = erfcx_table::end - 0.5 / per_unit;
  const pair within = choose(t.high < all(last), t, constant(last));
  const ints k = __builtin_convertvector(within.high * per_unit, ints);
  const pair d = within - exactly((__builtin_convertvector(k, lanes) + 0.5) / per_unit);
  const ints at = k * static_cast<std::int64_t>(sizeof(erfcx_piece) / sizeof(double));
  const auto head = [&](std::size_t i) { return gather(&table.piece[0].head[i], at); };
  const auto both = [&](std::size_t i) { return pair{head(i), gather(&table.piece[0].rest[i], at)}; };
  lanes q = head(erfcx_piece::terms - 1);
  for (std::size_t i = erfcx_piece::terms - 1; i > erfcx_piece::in_two; --i) q = q * d.high + head(i - 1);
  pair p = exactly(q);
  for (std::size_t i = erfcx_piece::in_two; i > 0; --i) p = both(i - 1) + d * p;
  return p;
}

// -- the functions --------------------------------------------------------------------------------------------

// For tiny x, x/2 + c x^2 is beside the middle of two doubles.
pair beside_the_tie(const argument& x, const pair& y) {
  return {y.high, abs(x.value) < all(0x1p-60) ? y.low + abs(y.high) * 0x1p-62 : y.low};
}

scaled leaky(bool slope, const pair& positive, const pair& negative, const argument& x) {
  const pair factor = choose(x.value > lanes{}, positive, negative);
  if (slope) return {factor, ints{}};
  return {x.value * factor, x.exponent};
}

scaled elu(bool slope, const pair& positive, const pair& negative, const argument& x) {
  const ints up = x.value > lanes{};
  const pair v = choose(up, constant(0.0), exactly(x.value));
  if (slope) {
    const exponential e = exp(v);
    return {choose(up, positive, negative * e.mantissa()), ~up & e.exponent};
  }
  const ints is_linear = up | (x.exponent < ints{});
  return {choose(up, x.value * positive, negative * expm1(v)), is_linear & x.exponent};
}

scaled sigmoid(const argument& x) {
  const exponential e = exp(exactly(-abs(x.value)));
  const ints down = x.value < lanes{};
  return {choose(down, e.mantissa(), one) / (one + e.value()), down & e.exponent};
}
// factor sigma'(scale x)
scaled sigmoid_slope(double scale, double factor, const argument& x) {
  const exponential e = exp(exactly(-abs(scale * x.value)));
  const pair d = one + e.value();
  return {times_power(all(factor), e.mantissa() / (d * d)), e.exponent};
}
scaled tanh(const argument& x) {
  const pair m = expm1(exactly(-2 * abs(x.value))), y = -m / (constant(2.0) + m);
  return {choose(x.value < lanes{}, -y, y), (x.exponent < ints{}) & x.exponent};
}

// With t = |x| / sqrt 2 and e = e^(-t^2): Phi(-|x|) = e erfcx(t) / 2, Phi'(x) = e / sqrt(2 pi)
scaled gelu(bool slope, const erfcx_table& table, const argument& x) {
  const lanes size = abs(x.value), half = all(0.5);
  const exponential e = exp(-times_power(half, product(size, size)));
  const pair tail = times_power(half, erfcx(table, size * sqrt_half));
  const ints down = x.value < lanes{};
  if (slope) {
    const pair c = e.mantissa() * (size * density_at_0 - tail);
    return {choose(down, -c, one + times_power(e.power(), c)), down & e.exponent};
  }
  const pair phi = e.mantissa() * tail;
  return {beside_the_tie(x, x.value * choose(down, phi, one - times_power(e.power(), phi))), (down & e.exponent) + x.exponent};
}

// x sigma(v), v = x (linear + cubic x^2)
scaled gated(bool slope, const pair& linear, const pair& cubic, const argument& x) {
  const pair square = product(x.value, x.value), v = x.value * (linear + cubic * square);
  const ints down = v.high < lanes{};
  const exponential e = exp(choose(down, v, -v));
  const pair d = one + e.value(), sigma = choose(down, e.mantissa(), one) / d;
  const ints exponent = down & e.exponent;
  if (!slope) return {beside_the_tie(x, x.value * sigma), exponent + x.exponent};
  const pair other = choose(down, one, e.value()) / d, dv = linear + constant(3.0) * cubic * square;
  return {sigma * (one + x.value * dv * other), exponent};
}

// -- a block --------------------------------------------------------------------------------------------------

// A vector of results, from the i-th on; zeros have the sign of `sign`.
void keep(wanted<double>& w, std::size_t i, const scaled& y, const lanes& sign) {
  constexpr std::int64_t least = -1300;  // of 0, too: far below subnormal numbers, and safe to scale by
  const pair p = ordered_sum(y.value.high, y.value.low);
  const ints zero = p.high == lanes{}, of_value = ~zero & exponent_of(p.high), e = of_value + y.exponent;
  const ints exponent = (zero | (e < all(least))) ? all(least) : e;
  const lanes power = power_of_2(-of_value), head = zero ? with_sign(lanes{}, sign) : p.high * power, rest = p.low * power;
  store(w.head + i, head);
  store(w.rest + i, rest);
  store(w.exponent + i, exponent);

  // bits that subnormal results have less
  const ints below = all(std::int64_t{-1022}) - exponent, lost = below < ints{} ? ints{} : below;
  const lanes size = abs(head), beyond = head < lanes{} ? -rest : rest;
  // a number that rounds up to a power of two is still below it
  const ints up = (below < ints{}) & (size == all(1.0)) & (beyond < lanes{});
  store(w.per_ulp + i, power_of_2(all(std::int64_t{52}) - lost - up));
  // to even, unless that has been done once already
  const ints few = lost > all(std::int64_t{60}) ? all(std::int64_t{60}) : lost;
  const lanes unit = power_of_2(few - 52), raise = power_of_2(few), even = (size + raise) - raise, over = size - even;
  const lanes more = ((over == unit / 2) & (beyond > lanes{})) ? unit : lanes{};
  const lanes less = ((over == -unit / 2) & (beyond < lanes{})) ? unit : lanes{};
  store(w.rounded + i, with_sign(times_power(lost == ints{} ? size : even + more - less, exponent), head));
}

// Around the root of a derivative, where its formula cancels
class near_root {
 public:
  explicit near_root(const root_expansion& e) : e_(e) {
    const auto root = static_cast<double>(e.root);
    root_ = all(root);
    beyond_ = exactly(all(static_cast<double>(e.root - root))) + constant(e.rest);
  }
  ints contains(const lanes& x) const {
    return e_.used ? abs(x - root_) < all(root_expansion::width) : ints{};
  }
  pair value(const lanes& x) const {
    const pair d = exactly(x - root_) - beyond_, t = times_power(all(1 / root_expansion::width), d);
    pair p = constant(e_.c[root_expansion::terms - 1]);
    for (std::size_t k = root_expansion::terms - 1; k > 0; --k) p = p * t + constant(e_.c[k - 1]);
    return d * p;
  }

 private:
  const root_expansion& e_;
  lanes root_;
  pair beyond_;
};

bool any(const ints& which) {
  std::int64_t some = 0;
  for (std::size_t i = 0; i < width; ++i) some |= which[i];
  return some != 0;
}

// Zeros are the function's own at a zero x: of its sign, but for ReLU's.
template <class F>
void each(const formula& f, const double* x, wanted<double>& w, std::size_t n, const F& function) {
  const near_root root(f.near_root);
  for (std::size_t i = 0; i < n; i += width) {
    lanes v{};
    std::memcpy(&v, x + i, (n - i < width ? n - i : width) * sizeof(double));
    scaled y = function(moderate(v));
    const ints near = root.contains(v);
    if (any(near)) y = {choose(near, root.value(v), y.value), ~near & y.exponent};
    keep(w, i, y, f.kind == shape::relu ? lanes{} : v);
  }
}

}  // namespace

void first_line(const formula& f, const double* x, wanted<double>& w, std::size_t n) {
  const pair positive = constant(f.positive), negative = constant(f.negative), zero = constant(0.0);
  const bool slope = f.derivative, cubic = f.kind == shape::gelu_tanh;
  switch (f.kind) {
    case shape::relu:
      return each(f, x, w, n, [&](const argument& a) { return leaky(slope, positive, zero, a); });
    case shape::leaky:
      return each(f, x, w, n, [&](const argument& a) { return leaky(slope, positive, negative, a); });
    case shape::elu:
      return each(f, x, w, n, [&](const argument& a) { return elu(slope, positive, negative, a); });
    case shape::sigmoid:
      if (slope) return each(f, x, w, n, [](const argument& a) { return sigmoid_slope(1, 1, a); });
      return each(f, x, w, n, [](const argument& a) { return sigmoid(a); });
    case shape::tanh:
      if (slope) return each(f, x, w, n, [](const argument& a) { return sigmoid_slope(2, 4, a); });
      return each(f, x, w, n, [](const argument& a) { return tanh(a); });
    case shape::gelu:
      return each(f, x, w, n, [&, &table = erfcx()](const argument& a) { return gelu(slope, table, a); });
    case shape::gelu_tanh:
    case shape::swish:
      return each(f, x, w, n, [&](const argument& a) {
        return gated(slope, cubic ? two_sqrt_2_over_pi : negative, cubic ? times_0_044715 : zero, a);
      });
  }
}

comparison compare(const wanted<double>& w, std::size_t first, const double* got, std::size_t n, double limit) {
  ints equal{}, above{}, wrong_zero{};
  for (std::size_t i = 0; i < n; i += width) {
    // a last vector's other lanes are compared with themselves, and not counted
    lanes y = load<lanes>(w.rounded + first + i);
    const std::size_t some = n - i < width ? n - i : width;
    std::memcpy(&y, got + i, some * sizeof(double));
    ints counted{};
    for (std::size_t k = 0; k < some; ++k) counted[k] = -1;
    const lanes rounded = load<lanes>(w.rounded + first + i);
    const lanes difference = (times_power(y, -load<ints>(w.exponent + first + i)) - load<lanes>(w.head + first + i)) - load<lanes>(w.rest + first + i);
    above |= counted & ~(abs(difference) * load<lanes>(w.per_ulp + first + i) <= all(limit));
    equal -= counted & (y == rounded);
    wrong_zero |= counted & (y == lanes{}) & ((std::bit_cast<ints>(y) ^ std::bit_cast<ints>(rounded)) < ints{});
  }
  std::int64_t count = 0;
  for (std::size_t i = 0; i < width; ++i) count += equal[i];
  return {static_cast<std::size_t>(count), any(above), any(wrong_zero)};
}

}  // namespace exhaustive
