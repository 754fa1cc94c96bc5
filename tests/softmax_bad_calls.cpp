// Softmaxes of what makes no sense throw, say why, and write nothing.
#include "list.hpp"
#include "softmax_calls.hpp"
#include "refused.hpp"

namespace {

using nonlin::additive_mask;
using nonlin::axis_shape;
using nonlin::log_sum_exp_to;
using nonlin::LogSoftmax;
using nonlin::Softmax;

constexpr std::size_t huge = std::size_t{1} << sizeof(std::size_t) * 5;  // its square is 0

template <class T, class A>
void check_shapes(const A& act) {
  const std::vector<T> x(60, T(1)), more(61, T(1));
  std::vector<T> y(60, T(77)), none;
  const axis_shape right{3, 5, 4};
  const auto forward = [&](const auto& in, auto& out, const axis_shape& s) {
    return [&, s] { compiled::softmax<T>(act, in, out, s); };
  };
  const auto backward = [&](const auto& out, const auto& dy, auto& dx, const axis_shape& s) {
    return [&, s] { compiled::softmax_backward<T>(act, out, dy, dx, s); };
  };
  check_refused(forward(x, y, {3, 0, 4}), {"nonlin::forward", "zero axis", "axis 0"});
  check_refused(forward(x, y, {3, 5, 0}), {"nonlin::forward", "inner 0"});
  check_refused(forward(none, none, {3, 0, 4}), {"nonlin::forward", "zero axis"});
  check_refused(forward(none, none, {0, 0, 4}), {"nonlin::forward", "zero axis"});
  check_refused(forward(x, y, {3, 5, 5}), {"nonlin::forward", "x", "60", "outer 3", "axis 5", "inner 5"});
  check_refused(forward(x, y, {0, 5, 4}), {"nonlin::forward", "x", "60", "outer 0"});
  check_refused(forward(x, y, {huge, huge, 60}), {"nonlin::forward", "x", "60"});
  check_refused(forward(more, y, right), {"nonlin::forward", "x", "y", "60", "61"});
  check_refused(forward(x, none, right), {"nonlin::forward", "x", "y", "60", "0"});

  check_refused(backward(x, x, y, {3, 0, 4}), {"nonlin::backward_from_output", "zero axis"});
  check_refused(backward(x, x, y, {3, 5, 5}), {"nonlin::backward_from_output", "y", "60", "inner 5"});
  check_refused(backward(x, more, y, right), {"nonlin::backward_from_output", "y", "dy", "60", "61"});
  check_refused(backward(x, x, none, right), {"nonlin::backward_from_output", "y", "dx", "60", "0"});
  CHECK(y == std::vector<T>(60, T(77)));

  // pointers: the shape tells the size
  const T* const null = nullptr;
  T* const no_output = nullptr;
  const auto in = x.data();
  const auto out = y.data();
  check_refused([&] { compiled::softmax<T>(act, null, out, right); }, {"nonlin::forward", "x", "null", "60"});
  check_refused([&] { compiled::softmax<T>(act, in, no_output, right); },
                {"nonlin::forward", "y", "null", "60"});
  check_refused([&] { compiled::softmax<T>(act, null, out, 60); }, {"nonlin::forward", "x", "null", "60"});
  check_refused(
      [&] {
        compiled::softmax<T>(act, in, out, axis_shape{huge, huge, 1});
      },
      {"nonlin::forward", "x"});
  check_refused([&] { compiled::softmax_backward<T>(act, null, in, out, right); },
                {"nonlin::backward_from_output", "y", "null"});
  check_refused([&] { compiled::softmax_backward<T>(act, in, null, out, right); },
                {"nonlin::backward_from_output", "dy", "null"});
  check_refused([&] { compiled::softmax_backward<T>(act, in, in, no_output, right); },
                {"nonlin::backward_from_output", "dx", "null"});
  CHECK(y == std::vector<T>(60, T(77)));
}

template <class T, class A>
void check_overlaps(const A& act) {
  const axis_shape s{3, 5, 4};
  const std::vector<T> before(180, T(1)), other(60, T(1));
  std::vector<T> memory = before;
  T* const in = memory.data() + 60;
  for (const std::ptrdiff_t by : {-59, -30, -1, 1, 30, 59}) {
    T* const out = in + by;
    CAPTURE(by);
    check_refused([&] { compiled::softmax<T>(act, in, out, s); },
                  {"nonlin::forward", "x", "y", "60", "overlaps"});
    check_refused([&] { compiled::softmax_backward<T>(act, in, other.data(), out, s); },
                  {"nonlin::backward_from_output", "y", "dx", "overlaps"});
    check_refused([&] { compiled::softmax_backward<T>(act, other.data(), in, out, s); },
                  {"nonlin::backward_from_output", "dy", "dx", "overlaps"});
  }
  CHECK(memory == before);
}

template <class T, class A>
void check_options(const A& act) {
  const axis_shape s{6, 5, 4};
  const std::vector<T> x(120, T(1));
  std::vector<T> y(120, T(77)), log_sum(24, T(77)), memory(300, T(77));
  const auto with = [&](const compiled::softmax_options<T>& o) {
    return [&, o] { compiled::softmax<T>(act, x, y, s, o); };
  };
  // masks
  const std::vector<T> mask(240, T(0));
  for (const std::size_t n : {0U, 1U, 19U, 21U, 60U + 20U, 100U, 119U, 121U, 240U}) {
    const std::string size = std::to_string(n);
    check_refused(with({.mask = additive_mask<T>(mask.data(), n)}),
                  {"nonlin::forward", "additive_mask", size.c_str(), "outer 6", "axis 5", "inner 4"});
  }
  check_refused(with({.mask = additive_mask<T>(static_cast<const T*>(nullptr), 120)}),
                {"nonlin::forward", "additive_mask", "null", "120"});
  check_refused(with({.mask = additive_mask<T>(y)}), {"nonlin::forward", "y", "additive_mask", "overlaps"});
  check_refused(with({.mask = additive_mask<T>(y.data() + 7, 20)}),
                {"nonlin::forward", "y", "additive_mask", "overlaps"});
  // log sum exp
  for (const std::size_t n : {0U, 1U, 23U, 25U, 120U}) {
    const std::string size = std::to_string(n);
    check_refused(with({.log_sum_exp = log_sum_exp_to<T>(memory.data(), n)}),
                  {"nonlin::forward", "log_sum_exp_to", size.c_str(), "24", "rows"});
  }
  check_refused(with({.log_sum_exp = log_sum_exp_to<T>(static_cast<T*>(nullptr), 24)}),
                {"nonlin::forward", "log_sum_exp_to", "null"});
  check_refused(with({.log_sum_exp = log_sum_exp_to<T>(y.data() + 100, 24)}),
                {"nonlin::forward", "log_sum_exp_to", "y", "overlaps"});
  check_refused(with({.log_sum_exp = log_sum_exp_to<T>(y.data(), 24)}),
                {"nonlin::forward", "log_sum_exp_to", "y", "overlaps"});
  check_refused(with({.log_sum_exp = log_sum_exp_to<T>(const_cast<T*>(x.data()) + 96, 24)}),
                {"nonlin::forward", "log_sum_exp_to", "x", "overlaps"});
  // one over the other, whichever is given first
  for (const bool mask_last : {false, true}) {
    check_refused(with({.mask = additive_mask<T>(memory.data(), 120),
                        .log_sum_exp = log_sum_exp_to<T>(memory.data() + 119, 24),
                        .mask_last = mask_last}),
                  {"nonlin::forward", "log_sum_exp_to", "additive_mask", "overlaps"});
  }
  // statistics
  check_refused(with({.stats = nonlin::softmax_stats{1, 2}}),
                {"nonlin::forward", "softmax_stats", "outer 6", "inner 4"});
  CHECK(y == std::vector<T>(120, T(77)));
  CHECK(log_sum == std::vector<T>(24, T(77)));
  CHECK(memory == std::vector<T>(300, T(77)));
  CHECK(x == std::vector<T>(120, T(1)));

  // and what fits
  for (const std::size_t outer : {1U, 2U, 3U, 6U}) {
    CHECK_NOTHROW(with(
        {.mask = additive_mask<T>(mask.data(), outer * 20), .log_sum_exp = log_sum_exp_to<T>(log_sum)})());
  }
  CHECK(log_sum[23] != 77);
}

}  // namespace

TEMPLATE_TEST_CASE("softmax of shapes that do not fit", "[softmax][bad]", float, double) {
  check_shapes<TestType>(Softmax{});
  check_shapes<TestType>(LogSoftmax{});
}
TEMPLATE_TEST_CASE("softmax of arrays that overlap in part", "[softmax][bad]", float, double) {
  check_overlaps<TestType>(Softmax{});
  check_overlaps<TestType>(LogSoftmax{});
}
TEMPLATE_TEST_CASE("softmax with options that do not fit", "[softmax][bad]", float, double) {
  check_options<TestType>(Softmax{});
  check_options<TestType>(LogSoftmax{});
}
TEMPLATE_TEST_CASE("statistics of a null pointer and of shapes that do not fit", "[softmax][bad]", float, double) {
  check_refused([] { compiled::statistics<TestType>(static_cast<const TestType*>(nullptr), 7); },
                {"nonlin::softmax_statistics", "x", "null", "7"});

  std::vector<TestType> x(12), y(12, TestType(77));
  std::vector<nonlin::softmax_stats> stats(3, {1, 2});
  using span = std::span<const TestType>;
  check_refused([&] { compiled::statistics<TestType>(span(x), {4, 3, 1}, stats); },
                {"nonlin::softmax_statistics", "stats", "3", "4"});
  check_refused([&] { compiled::statistics<TestType>(span(x), {3, 5, 1}, stats); },
                {"nonlin::softmax_statistics", "x", "12", "axis 5"});
  check_refused([&] { compiled::softmax_known<TestType>(Softmax{}, span(x), y, {4, 3, 1}, stats); },
                {"nonlin::forward", "known_statistics", "3", "4"});
  CHECK(y == std::vector<TestType>(12, TestType(77)));
  CHECK(stats[2].sum == 2);
}
