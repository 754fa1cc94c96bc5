// Philox4x32-10, and RReLU in training: its slopes by their definition, the same bits whatever the instruction set and
// however the array is cut, and their statistics.
#include <nonlin/philox.hpp>
#include <nonlin/rrelu_training.hpp>
#include <span>
#include "gated_axis.hpp"
#include "guarded.hpp"
#include "refused.hpp"

namespace {

using nonlin::philox4x32;
using nonlin::RReLU;
using nonlin::RReLUTraining;
using block = std::array<std::uint32_t, 4>;

// -- known answers: kat_vectors of Random123 1.14, philox 4x32 10 --------------------------------------------------

static_assert(philox4x32({0, 0, 0, 0}, {0, 0}) == block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
static_assert(philox4x32({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}) ==
              block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
static_assert(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
              block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});

// -- compiled once --------------------------------------------------------------------------------------------------

template <class T>
[[gnu::noinline]] void forward(const RReLUTraining& act, const T* x, T* y, std::size_t n) {
  nonlin::forward(act, x, y, n);
}
template <class T>
[[gnu::noinline]] void backward(const RReLUTraining& act, const T* x, const T* dy, T* dx, std::size_t n) {
  nonlin::backward(act, x, dy, dx, n);
}
template <class T>
[[gnu::noinline]] void noise(const RReLUTraining& act, const T* x, T* r, std::size_t n) {
  nonlin::noise(act, x, r, n);
}

// -- the definition -------------------------------------------------------------------------------------------------

// of element i
std::uint32_t upper_24_bits(const RReLUTraining& act, std::uint64_t i) {
  const std::uint64_t element = act.offset + i, number = element / 4;
  return philox4x32({static_cast<std::uint32_t>(number), static_cast<std::uint32_t>(number >> 32), 0, 0},
                    {static_cast<std::uint32_t>(act.seed),
                     static_cast<std::uint32_t>(act.seed >> 32)})[element % 4] >>
         8;
}
template <class T>
T slope_of(const RReLUTraining& act, std::uint64_t i) {
  const T u = static_cast<T>(upper_24_bits(act, i)) * T(0x1p-24);
  volatile const T product = static_cast<T>(act.upper - act.lower) * u;  // no fma
  return std::min(static_cast<T>(act.lower) + product, static_cast<T>(act.upper));
}

// The offsets where something changes: in a block of four, at 32 bits of elements and of blocks, at the end of 64 bits.
constexpr std::uint64_t offsets[] = {
    0,          1,        2, 3, 517, (1ull << 32) - 9, (1ull << 34) - 50, (1ull << 34) + 7, (1ull << 50) + 1,
    1ull << 63, 0 - 50ull};

}  // namespace

TEST_CASE("Philox4x32-10's known answers", "[rrelu][philox]") {
  // at run time too; through volatile, lest the compiler work it out
  volatile std::uint32_t zero = 0;
  const std::uint32_t z = zero;
  CHECK(philox4x32({z, z, z, z}, {z, z}) == block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(philox4x32({~z, ~z, ~z, ~z}, {~z, ~z}) == block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox4x32({0x243f6a88 ^ z, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
  // block 0 of seed 0 is what the slopes of elements 0 to 3 are made of
  const std::vector<double> x(4, -1);
  std::vector<double> r(4);
  on_each_isa([&](nonlin::isa) {
    nonlin::noise(RReLU{0, 0x1p24}.training(0), x, r);
    CHECK(r == std::vector<double>{0x6627e8, 0xe169c5, 0xbc57ac, 0x9b00db});
  });
}

TEMPLATE_TEST_CASE("RReLU's slopes by their definition", "[rrelu]", float, double) {
  using T = TestType;
  const std::size_t longest = 3000;
  for (const std::uint64_t offset : offsets) {
    for (const std::uint64_t seed : {0ull, 1ull, 0x0123456789abcdefull, ~0ull}) {
      const RReLUTraining act = RReLU{}.training(seed, offset);
      std::vector<T> x = ordinary<T>(longest, 1), dy = mixture<T>(longest, 2), y(longest), dx(longest),
                     r(longest), want_r(longest), want_y(longest), want_dx(longest);
      for (std::size_t i = 0; i < longest; ++i) {
        want_r[i] = x[i] > 0 ? T(1) : slope_of<T>(act, i);
        want_y[i] = x[i] * want_r[i];
        want_dx[i] = dy[i] * want_r[i];
      }
      on_each_isa([&](nonlin::isa isa) {
        INFO(nonlin::to_string(isa) << ", seed " << seed << ", offset " << offset);
        noise(act, x.data(), r.data(), longest);
        CHECK(same_bits(r, want_r));
        forward(act, x.data(), y.data(), longest);
        CHECK(same_bits(y, want_y));
        backward(act, x.data(), dy.data(), dx.data(), longest);
        CHECK(same_bits(dx, want_dx));
        // in place
        y = x;
        forward(act, y.data(), y.data(), longest);
        CHECK(same_bits(y, want_y));
        dx = x;
        backward(act, dx.data(), dy.data(), dx.data(), longest);
        CHECK(same_bits(dx, want_dx));
        dx = dy;
        backward(act, x.data(), dx.data(), dx.data(), longest);
        CHECK(same_bits(dx, want_dx));
      });
    }
  }
}

TEST_CASE("RReLU's slopes are the same for float and double", "[rrelu]") {
  const std::size_t n = 5000;
  const std::vector<float> x(n, -1.0f);
  const std::vector<double> xd(n, -1.0);
  std::vector<float> r(n);
  std::vector<double> rd(n);
  const RReLUTraining act = RReLU{}.training(42, 3);
  noise(act, x.data(), r.data(), n);
  noise(act, xd.data(), rd.data(), n);
  for (std::size_t i = 0; i < n; ++i) {
    // lower, upper - lower and the result are rounded
    REQUIRE(std::abs(static_cast<double>(r[i]) - rd[i]) <= 0x1p-25);
  }
}

TEMPLATE_TEST_CASE("RReLU of any length, alignment and cut", "[rrelu][stability]", float, double) {
  using T = TestType;
  const std::size_t longest = 1100;
  for (const std::uint64_t offset :
       {std::uint64_t{5}, (std::uint64_t{1} << 34) - 300, std::uint64_t{0} - 301}) {
    const RReLUTraining act = RReLU{}.training(99, offset);
    const std::vector<T> x = mixture<T>(longest, 1), dy = mixture<T>(longest, 2);
    std::vector<T> want_y(longest), want_dx(longest), want_r(longest);
    const nonlin::isa before = nonlin::active_isa();
    nonlin::use_isa(nonlin::isa::scalar);
    forward(act, x.data(), want_y.data(), longest);
    backward(act, x.data(), dy.data(), want_dx.data(), longest);
    noise(act, x.data(), want_r.data(), longest);
    nonlin::use_isa(before);
    on_each_isa([&](nonlin::isa isa) {
      INFO(nonlin::to_string(isa) << ", offset " << offset);
      std::vector<T> mx(longest + 16), mdy(longest + 16), out(longest + 16);
      std::size_t wrong = 0;
      for (std::size_t n = 0; n <= longest; n += n < 70 || n % 512 > 505 || n % 512 < 8 ? 1 : 37) {
        const std::size_t at_x = n % 17, at_dy = 3 * n % 17, at = 7 * n % 17;
        std::copy_n(x.data(), n, mx.data() + at_x);
        std::copy_n(dy.data(), n, mdy.data() + at_dy);
        forward(act, mx.data() + at_x, out.data() + at, n);
        wrong += first_difference(out.data() + at, want_y.data(), n) != n;
        backward(act, mx.data() + at_x, mdy.data() + at_dy, out.data() + at, n);
        wrong += first_difference(out.data() + at, want_dx.data(), n) != n;
        noise(act, mx.data() + at_x, out.data() + at, n);
        wrong += first_difference(out.data() + at, want_r.data(), n) != n;
        // in two calls, the second going on where the first ends
        const RReLUTraining rest = RReLU{}.training(99, offset + n);
        forward(act, x.data(), out.data(), n);
        forward(rest, x.data() + n, out.data() + n, longest - n);
        wrong += first_difference(out.data(), want_y.data(), longest) != longest;
        backward(act, x.data(), dy.data(), out.data(), n);
        backward(rest, x.data() + n, dy.data() + n, out.data() + n, longest - n);
        wrong += first_difference(out.data(), want_dx.data(), longest) != longest;
      }
      CHECK(wrong == 0);
    });
  }
}

// -- statistics -----------------------------------------------------------------------------------------------------

// Each at a significance of 0.001; the seeds are fixed, so that it is passed once and for all.
TEMPLATE_TEST_CASE("statistics of RReLU's slopes", "[rrelu]", float, double) {
  using T = TestType;
  constexpr std::size_t n = 1000000, bins = 256;
  constexpr double z = 3.2905;  // normal
  const double root = std::sqrt(double(n));
  const std::vector<T> x(n, T(-1));
  std::vector<T> r(n);
  std::vector<double> before;
  for (const std::uint64_t seed : {0ull, 1ull, 2ull, 0xfeedfacecafebeefull}) {
    CAPTURE(seed);
    const RReLUTraining act = RReLU{}.training(seed);
    noise(act, x.data(), r.data(), n);
    const double lower = act.lower, width = act.upper - act.lower;
    std::vector<double> u(n);
    double sum = 0, least = 1, most = 0;
    for (std::size_t i = 0; i < n; ++i) {
      u[i] = (static_cast<double>(r[i]) - lower) / width;
      sum += u[i];
      least = std::min(least, u[i]);
      most = std::max(most, u[i]);
    }
    CHECK(least >= -1e-7);
    CHECK(most <= 1 + 1e-7);
    CHECK(least < 1e-5);
    CHECK(most > 1 - 1e-5);
    const double mean = sum / n;
    CHECK(std::abs(mean - 0.5) * root < z * std::sqrt(1.0 / 12));
    double squares = 0, neighbours = 0, fourth = 0, others = 0;
    std::vector<double> count(bins);
    for (std::size_t i = 0; i < n; ++i) {
      const double d = u[i] - 0.5;
      squares += d * d;
      if (i != 0) neighbours += d * (u[i - 1] - 0.5);
      if (i >= 4) fourth += d * (u[i - 4] - 0.5);
      if (!before.empty()) others += d * (before[i] - 0.5);
      ++count[std::min(static_cast<std::size_t>(std::max(u[i], 0.0) * bins), bins - 1)];
    }
    CHECK(std::abs(squares / n - 1.0 / 12) * root < z * std::sqrt(1.0 / 80 - 1.0 / 144));
    // correlation with the neighbour, the same word of the next block, and the same element of the seed before
    for (const double c : {neighbours, fourth, others}) CHECK(std::abs(c / n * 12) * root < z);
    double chi_square = 0;
    for (const double c : count)
      chi_square += (c - double(n) / bins) * (c - double(n) / bins) / (double(n) / bins);
    CHECK(chi_square < 330.5);  // 255 degrees of freedom
    CHECK(chi_square > 190.9);  // nor more even than chance
    before = u;
    std::sort(u.begin(), u.end());
    double distance = 0;  // Kolmogorov and Smirnov's
    for (std::size_t i = 0; i < n; ++i)
      distance = std::max({distance, double(i + 1) / n - u[i], u[i] - double(i) / n});
    CHECK(distance * root < 1.9495);
  }
}

TEMPLATE_TEST_CASE("RReLU's slopes are within lower and upper", "[rrelu]", float, double) {
  using T = TestType;
  constexpr std::size_t n = 1 << 20;
  const std::vector<T> x(n, T(-1));
  std::vector<T> r(n);
  // rounding upper - lower and the sum takes some of these beyond upper, in float
  for (const RReLU& act : {RReLU{}, RReLU{0.92, 0.96}, RReLU{0.1, 0.7}, RReLU{-1.3, -0.2}, RReLU{0.25, 0.25},
                           RReLU{0, 0.1}, RReLU{0.01, 0.03}}) {
    noise(act.training(3), x.data(), r.data(), n);
    const auto [least, most] = std::minmax_element(r.begin(), r.end());
    CAPTURE(act.lower, act.upper);
    CHECK(*least >= static_cast<T>(act.lower));
    CHECK(*most <= static_cast<T>(act.upper));
  }
  // elements whose bits are nearly all on, by a search
  on_each_isa([&](nonlin::isa) {
    std::vector<T> one(1);
    const T minus = T(-1);
    std::size_t found = 0;
    for (std::uint64_t i = 0; i < 1u << 21 && found < 3; ++i) {
      if (upper_24_bits(RReLUTraining{.seed = 3}, i) < 0xfffff0) continue;
      ++found;
      for (int lower = 0; lower < 100; ++lower) {
        for (int upper = lower; upper <= 100; ++upper) {
          const RReLU act{lower / 100.0, upper / 100.0};
          noise(act.training(3, i), &minus, one.data(), 1);
          if (one[0] > static_cast<T>(act.upper)) FAIL("beyond upper: " << act.lower << " to " << act.upper);
        }
      }
    }
    CHECK(found > 0);
  });
}

// -- special values, memory, bad calls ----------------------------------------------------------------------------------

TEMPLATE_TEST_CASE("special values in RReLU's training", "[rrelu][special]", float, double) {
  using T = TestType;
  const T inf = std::numeric_limits<T>::infinity(), nan = nans<T>()[0], signalling = nans<T>()[4],
          least = T(-0.0);
  const std::vector<T> x = {nan, signalling, inf, -inf, 0, least, 1, -1}, ones(8, T(1));
  on_each_isa([&](nonlin::isa isa) {
    INFO(nonlin::to_string(isa));
    std::vector<T> y(8), r(8), dx(8);
    const RReLUTraining act = RReLU{0.25, 0.25}.training(1), zero = RReLU{0, 0}.training(1);
    nonlin::forward(act, x, y);
    CHECK(same_bits(y, {nan, nan, inf, -inf, 0, least, 1, T(-0.25)}));
    nonlin::noise(act, x, r);
    CHECK(same_bits(r, {nan, nan, 1, T(0.25), T(0.25), T(0.25), 1, T(0.25)}));
    nonlin::backward(act, x, ones, dx);
    CHECK(same_bits(dx, r));
    nonlin::forward(zero, x, y);
    CHECK(same_bits(y, {nan, nan, inf, least, 0, least, 1, least}));
    nonlin::backward(zero, x, x, dx);  // IEEE's product: an infinite dy is not hidden by a slope of 0
    CHECK(same_bits(dx, {nan, nan, inf, nan, 0, least, 1, least}));
  });
  // training with one slope is LeakyReLU
  const std::vector<T> many = mixture<T>(500, 1);
  std::vector<T> y(500), want(500);
  on_each_isa([&](nonlin::isa) {
    nonlin::forward(RReLU{0.2, 0.2}.training(7, 8), many, y);
    for (std::size_t i = 0; i < 500; ++i)
      want[i] = many[i] > 0 || is_nan(many[i]) ? many[i] : many[i] * T(0.2);
    CHECK(same_bits(y, want));
  });
}

#if defined(NONLIN_TEST_GUARDS)
TEMPLATE_TEST_CASE("RReLU's training touches nothing beyond the arrays", "[rrelu][guard]", float, double) {
  using T = TestType;
  const guarded mx(3), mdy(3), mout(3);
  on_each_isa([&](nonlin::isa) {
    for (std::size_t n = 0; n <= 1100; n += n < 70 || n % 512 > 500 || n % 512 < 10 ? 1 : 53) {
      for (const bool end : {false, true}) {
        const std::vector<T> vx = ordinary<T>(n, 1), vdy = ordinary<T>(n, 2);
        for (const guarded* g : {&mx, &mdy, &mout}) std::memset(g->begin(), mark, g->size());
        T *const px = mx.place<T>(n, end), *const pdy = mdy.place<T>(n, end),
                 *const out = mout.place<T>(n, end);
        std::copy_n(vx.data(), n, px);
        std::copy_n(vdy.data(), n, pdy);
        const RReLUTraining act = RReLU{}.training(1, n);
        std::size_t wrong = 0;
        noise(act, px, out, n);
        wrong += touched_outside(mout, out, n);
        backward(act, px, pdy, out, n);
        wrong += touched_outside(mout, out, n);
        forward(act, px, out, n);
        wrong += touched_outside(mout, out, n) + touched_outside(mx, px, n) + touched_outside(mdy, pdy, n);
        CHECK(wrong == 0);
        CHECK(std::equal(vx.begin(), vx.end(), px));
        CHECK(std::equal(vdy.begin(), vdy.end(), pdy));
      }
    }
  });
}
#endif

TEMPLATE_TEST_CASE("RReLU's training: bad calls", "[rrelu][bad]", float, double) {
  using T = TestType;
  const RReLUTraining act = RReLU{}.training(1);
  const std::vector<T> ten(10), eleven(11);
  std::vector<T> out(10, T(77));
  const T* const null = nullptr;
  T* const no_output = nullptr;
  check_refused([&] { nonlin::forward(act, eleven, out); }, {"nonlin::forward", "x", "y", "10", "11"});
  check_refused([&] { nonlin::backward(act, eleven, ten, out); },
                {"nonlin::backward", "x", "dy", "10", "11"});
  check_refused([&] { nonlin::backward(act, eleven, eleven, out); },
                {"nonlin::backward", "x", "dx", "10", "11"});
  check_refused([&] { nonlin::noise(act, eleven, out); }, {"nonlin::noise", "x", "r", "10", "11"});
  check_refused([&] { forward(act, null, out.data(), 10); }, {"nonlin::forward", "x", "null", "10"});
  check_refused([&] { forward(act, ten.data(), no_output, 10); }, {"nonlin::forward", "y", "null", "10"});
  check_refused([&] { backward(act, ten.data(), null, out.data(), 10); },
                {"nonlin::backward", "dy", "null", "10"});
  check_refused([&] { noise(act, ten.data(), no_output, 10); }, {"nonlin::noise", "r", "null", "10"});
  CHECK(out == std::vector<T>(10, T(77)));
  const std::vector<T> before = ordinary<T>(30, 1);
  std::vector<T> memory = before;
  T* const middle = memory.data() + 10;
  for (const std::ptrdiff_t shift : {-9, -1, 1, 9}) {
    check_refused([&] { forward(act, middle, middle + shift, 10); },
                  {"nonlin::forward", "y", "x", "overlaps"});
    check_refused([&] { backward(act, middle, ten.data(), middle + shift, 10); },
                  {"nonlin::backward", "dx", "x", "overlaps"});
    check_refused([&] { backward(act, ten.data(), middle, middle + shift, 10); },
                  {"nonlin::backward", "dx", "dy", "overlaps"});
    check_refused([&] { noise(act, middle, middle + shift, 10); }, {"nonlin::noise", "r", "x", "overlaps"});
  }
  CHECK(memory == before);
  forward(act, null, no_output, 0);
  noise(act, null, no_output, 0);
}
