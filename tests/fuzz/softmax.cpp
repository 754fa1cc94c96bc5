// Softmax and LogSoftmax: forward with every option, statistics, backward from the output.
#include "../softmax_calls.hpp"
#include "fuzz.hpp"

namespace {

using fuzz::real;
using nonlin::axis_shape;
using nonlin::LogSoftmax;
using nonlin::Softmax;
using nonlin::softmax_stats;

template <class T>
constexpr const char* type = sizeof(T) == 4 ? "float" : "double";

// f(number of the row, its first element, distance of the next)
template <class F>
void each_row(const axis_shape& s, const F& f) {
  for (std::size_t o = 0; o < s.outer; ++o) {
    for (std::size_t i = 0; i < s.inner; ++i) f(o * s.inner + i, o * s.axis * s.inner + i, s.inner);
  }
}

enum class logits { ordinary, minus_infinity, invalid, too_large };  // of a row

template <class T>
logits kind_of(real z, bool plain) {
  if (z != z || z == std::numeric_limits<real>::infinity()) return logits::invalid;
  if (z == -std::numeric_limits<real>::infinity()) return logits::minus_infinity;
  if (!plain && std::abs(z) > (sizeof(T) == 4 ? 0x1p17L : 0x1p46L)) return logits::too_large;
  return logits::ordinary;
}

// What the bounds are for is compared by them; a NaN or +inf makes NaN of its row, all else makes none.
template <class T>
struct row_check {
  bool log, plain, zero_if_masked;
  std::span<const T> y, want;
  std::vector<bool> compared;

  void operator()(const axis_shape& s, const std::vector<real>& z) {
    compared.assign(s.outer * s.inner, false);
    each_row(s, [&](std::size_t r, std::size_t first, std::size_t step) {
      bool invalid = false, large = false, all_masked = true;
      for (std::size_t a = 0, i = first; a < s.axis; ++a, i += step) {
        const logits k = kind_of<T>(z[i], plain);
        invalid |= k == logits::invalid;
        large |= k == logits::too_large;
        all_masked &= k == logits::minus_infinity;
      }
      T most = 0;
      for (std::size_t a = 0, i = first; a < s.axis; ++a, i += step) most = std::max(most, want[i]);
      for (std::size_t a = 0, i = first; a < s.axis; ++a, i += step) {
        if (large) continue;
        if (is_nan(y[i]) != (invalid || (all_masked && !zero_if_masked)))
          fuzz::fail("y[%zu] is %a", i, double(y[i]));
        real distance;
        if (log) {
          distance = 2 * LogSoftmax::bound * std::max(fuzz::larger_ulp(y[i], want[i]), fuzz::ulp(T(1)));
        } else {
          distance = 2 * Softmax::bound * fuzz::larger_ulp(y[i], want[i]);
          if (sizeof(T) == 8 && !(want[i] >= most * 1.8e-35))
            distance = std::max(distance, 0x1p-42L * std::abs(real(want[i])));
        }
        fuzz::check("y", i, static_cast<T>(z[i]), y[i], want[i], distance);
      }
      compared[r] = !large;
    });
  }
};

template <class T, class A>
void forward(fuzz::input& in) {
  constexpr bool log = std::is_same_v<A, LogSoftmax>;
  const axis_shape s = in.shape();
  const std::size_t n = s.size(), rows = s.outer * s.inner;
  A act;
  if (in.one_in(3)) act.scale = in.pick({0.125, -3.0, 1e-3, 0.0, 1e30, 1.5});
  if (in.one_in(2)) act.if_fully_masked = nonlin::fully_masked::zero;
  const bool overlaps = in.one_in(8), masked = in.one_in(3), known = in.one_in(4), sums = in.one_in(3);
  bool bad = false;
  fuzz::arena memory(in);
  const auto x = memory.overlappable<T>(n, overlaps);
  auto y = memory.output_over({x}, overlaps, bad);
  // as large as x, or repeated
  const std::size_t repeats = s.outer > 1 && in.one_in(2) ? 1 : s.outer;
  auto mask = memory.array<T>(masked ? repeats * s.axis * s.inner : 0);
  for (T& m : mask) m = in.one_in(3) ? -std::numeric_limits<T>::infinity() : in.one_in(4) ? T(in.uniform(-9, 9)) : T(0);
  auto log_sums = memory.output<T>(sums ? rows : 0);
  const auto stats = memory.array<softmax_stats>(known ? rows : 0);
  axis_shape given = s;
  const auto spoil = [&] { return in.one_in(48) && (bad = true); };
  if (spoil()) ++given.outer, given.axis += 1;
  if (spoil()) given.axis = 0;
  if (n > 0 && spoil()) y = y.first(n - 1);
  if (masked && mask.size() > 0 && s.axis * s.inner > 1 && spoil()) mask = mask.first(mask.size() - 1);
  if (sums && rows > 0 && spoil()) log_sums = log_sums.first(rows - 1);
  if (sums && rows > 0 && n >= rows && !known && spoil()) log_sums = y.first(rows);
  fuzz::entitle("%s {%a, %d} of %s, shape {%zu, %zu, %zu},%s%s%s", A::name, act.scale, int(act.if_fully_masked), type<T>,
                s.outer, s.axis, s.inner, masked ? " mask" : "", known ? " known statistics" : "", sums ? " sums" : "");

  // the statistics of the rows themselves, or some
  const bool true_stats = known && !in.one_in(8);
  if (known && true_stats) {
    nonlin::use_isa(nonlin::isa::scalar);
    compiled::statistics<T>(x, s, stats, act.scale);
  } else if (known) {
    for (softmax_stats& t : stats) t = {in.uniform(-9, 99), in.uniform(0, 9)};
  }

  std::vector<real> z(n);
  const bool use_mask = masked && !known, use_sums = sums && !known;
  if (known && (given.outer != s.outer || given.axis != s.axis) && !bad) bad = true;
  // a known_statistics call takes neither
  if (known && (mask.size() != (masked ? repeats * s.axis * s.inner : 0) || log_sums.size() != (sums ? rows : 0))) return;
  memory.run(
      bad,
      [&] {
        if (known) return compiled::softmax_known<T>(act, x, y, given, stats);
        compiled::softmax_options<T> options;
        if (use_mask) options.mask.emplace(mask.data(), mask.size());
        if (use_sums) options.log_sum_exp.emplace(log_sums.data(), log_sums.size());
        options.mask_last = (n & 1) != 0;
        compiled::softmax<T>(act, x, y, given, options);
      },
      [&] {
        if (known && !true_stats) return;
        const auto at = memory.before(x);
        const bool plain = act.scale == 1 && !use_mask;
        for (std::size_t i = 0; i < n; ++i) {
          z[i] = real(at[i]) * act.scale + (use_mask ? real(mask[i % mask.size()]) : 0);
          // scale x beyond the type's numbers
          if (!plain && std::isfinite(at[i]) && std::abs(real(at[i]) * act.scale) > 0x1p46L)
            z[i] = sizeof(T) == 4 ? 0x1p20L : 0x1p50L;
        }
        row_check<T> check{log, plain, act.if_fully_masked == nonlin::fully_masked::zero, y, memory.scalar(y), {}};
        check(s, z);
        for (std::size_t r = 0; use_sums && r < rows; ++r) {
          if (!check.compared[r]) continue;
          const T want = memory.scalar(log_sums)[r];
          fuzz::check("log_sum_exp", r, T(0), log_sums[r], want,
                      2 * LogSoftmax::bound * std::max(fuzz::larger_ulp(log_sums[r], want), fuzz::ulp(T(1))));
        }
      });
}

template <class T>
void statistics(fuzz::input& in) {
  const axis_shape s = in.shape();
  const std::size_t rows = s.outer * s.inner;
  const double scale = in.pick({1.0, 0.125, -3.0});
  bool bad = false;
  fuzz::arena memory(in);
  const auto x = memory.filled<T>(s.size());
  auto stats = memory.output<softmax_stats>(rows);
  if (rows > 0 && in.one_in(16)) stats = stats.first(rows - 1), bad = true;
  fuzz::entitle("statistics of %s, scale %a, shape {%zu, %zu, %zu}", type<T>, scale, s.outer, s.axis, s.inner);
  memory.run(
      bad, [&] { compiled::statistics<T>(x, s, stats, scale); },
      [&] {
        const auto want = memory.scalar(stats);
        each_row(s, [&](std::size_t r, std::size_t first, std::size_t step) {
          for (std::size_t a = 0; a < s.axis; ++a) {
            const logits k = kind_of<T>(real(x[first + a * step]) * scale, scale == 1);
            if (k == logits::too_large) return;
          }
          // the sums are relative to the maxima, which may be an ulp apart: log sum e^z is what is the same
          const auto total = [](const softmax_stats& t) { return static_cast<T>(t.max + std::log(t.sum)); };
          const T got = total(stats[r]), expected = total(want[r]);
          fuzz::check("statistics", r, T(0), got, expected,
                      2 * (LogSoftmax::bound + 1) * std::max(fuzz::larger_ulp(got, expected), fuzz::ulp(T(1))));
        });
      });
}

template <class T, class A>
void backward(fuzz::input& in) {
  constexpr bool log = std::is_same_v<A, LogSoftmax>;
  const axis_shape s = in.shape();
  const std::size_t n = s.size();
  A act;
  if (in.one_in(3)) act.scale = in.pick({0.125, -3.0, 1e-3});
  const bool overlaps = in.one_in(8), tame = in.one_in(2);
  bool bad = false;
  fuzz::arena memory(in);
  const auto y = memory.overlappable<T>(n, overlaps);
  const auto dy = memory.overlappable<T>(n, overlaps);
  if (tame) {
    for (T& e : y) e = static_cast<T>(log ? in.uniform(-30, 0) : in.uniform(0, 1) / static_cast<double>(s.axis));
  }
  auto dx = memory.output_over({y, dy}, overlaps, bad);
  axis_shape given = s;
  if (in.one_in(48)) ++given.axis, ++given.outer, bad = true;
  if (n > 0 && in.one_in(48)) dx = dx.first(n - 1), bad = true;
  fuzz::entitle("backward of %s {%a} of %s, shape {%zu, %zu, %zu}", A::name, act.scale, type<T>, s.outer, s.axis, s.inner);
  memory.run(
      bad, [&] { compiled::softmax_backward<T>(act, y, dy, dx, given); },
      [&] {
        if (!tame) return;  // no softmax has such an output: no bound
        const auto p = memory.before(y), g = memory.before(dy), want = memory.scalar(dx);
        each_row(s, [&](std::size_t, std::size_t first, std::size_t step) {
          real size = 0;
          for (std::size_t a = 0, i = first; a < s.axis; ++a, i += step)
            size += log ? std::abs(real(g[i])) : p[i] * std::abs(real(g[i]));
          if (!(size < std::numeric_limits<T>::max() / 1024)) return;
          for (std::size_t a = 0, i = first; a < s.axis; ++a, i += step) {
            const real parts = log ? std::abs(real(g[i])) + std::exp(real(p[i])) * size : p[i] * (std::abs(real(g[i])) + size);
            const real unit = std::max<real>(std::abs(act.scale) * parts * std::numeric_limits<T>::epsilon(),
                                             std::numeric_limits<T>::denorm_min());
            fuzz::check("dx", i, p[i], dx[i], want[i], 2 * 4 * unit);
          }
        });
      });
}

template <class T>
void run(fuzz::input& in) {
  switch (in.below(5)) {
    case 0:
      return forward<T, Softmax>(in);
    case 1:
      return forward<T, LogSoftmax>(in);
    case 2:
      return backward<T, Softmax>(in);
    case 3:
      return backward<T, LogSoftmax>(in);
    default:
      return statistics<T>(in);
  }
}

}  // namespace

void fuzz::softmax(input& in) {
  if (in.one_in(2))
    run<float>(in);
  else
    run<double>(in);
}
