// Cross-entropies of what makes no sense throw, say why, and write nothing; and nothing beyond the arrays is touched.
#include "arrays.hpp"
#include "cross_entropy_calls.hpp"
#include "guarded.hpp"
#include "list.hpp"
#include "softmax_oracle.hpp"
#include "refused.hpp"

namespace {

using nonlin::axis_shape;
using nonlin::losses_to;
using nonlin::SoftmaxCrossEntropy;
using nonlin::upstream;

constexpr axis_shape shape{3, 5, 4};  // 12 rows of 5 classes

template <class T>
struct arrays {
  std::vector<T> x = std::vector<T>(60, T(1)), dx = std::vector<T>(60, T(77)),
                 losses = std::vector<T>(12, T(77));
  std::vector<std::int64_t> labels = std::vector<std::int64_t>(12, 2);

  void check_unwritten() const {
    CHECK(x == std::vector<T>(60, T(1)));
    CHECK(dx == std::vector<T>(60, T(77)));
    CHECK(losses == std::vector<T>(12, T(77)));
  }
};

// Both directions; of `parts` the function's name comes in addition.
template <class T, class L>
void check_both(arrays<T>& a, const std::vector<T>& x, const std::vector<L>& targets, const axis_shape& s,
                std::initializer_list<const char*> parts, SoftmaxCrossEntropy loss = {}) {
  const compiled::cross_entropy_options<T> o{.losses = losses_to<T>(a.losses)};
  check_refused([&] { compiled::cross_entropy<T, L>(loss, x, targets, s, o); }, parts);
  check_refused([&] { compiled::cross_entropy<T, L>(loss, x, targets, s, o); }, {"nonlin::forward"});
  check_refused([&] { compiled::cross_entropy_backward<T, L>(loss, x, targets, a.dx, s, o); }, parts);
  check_refused([&] { compiled::cross_entropy_backward<T, L>(loss, x, targets, a.dx, s, o); },
                {"nonlin::backward"});
}

}  // namespace

TEMPLATE_TEST_CASE("cross-entropy of sizes that do not fit", "[cross_entropy][bad]", float, double) {
  using T = TestType;
  arrays<T> a;
  const std::vector<T> x = a.x, targets(59, T(1));
  const std::vector<std::int32_t> short_labels(11, 2), long_labels(60, 2);
  check_both(a, x, a.labels, {3, 0, 4}, {"zero axis"});
  check_both(a, x, a.labels, {3, 5, 0}, {"inner 0"});
  check_both(a, x, a.labels, {3, 4, 5}, {"labels", "12", "15", "rows"});
  check_both(a, x, a.labels, {3, 4, 4}, {"x", "60", "outer 3", "axis 4", "inner 4"});
  check_both(a, x, short_labels, shape, {"labels", "11", "12", "rows"});
  check_both(a, x, long_labels, shape, {"labels", "60", "12", "rows"});
  check_both(a, x, targets, shape, {"targets", "x", "59", "60"});
  for (const double smoothing : {-0.1, 1.1, std::numeric_limits<double>::quiet_NaN()}) {
    check_both(a, x, a.labels, shape, {"label_smoothing"}, {.label_smoothing = smoothing});
  }
  const auto backward = [&](std::vector<T>& dx, const compiled::cross_entropy_options<T>& o) {
    return [&, o] { compiled::cross_entropy_backward<T, std::int64_t>({}, x, a.labels, dx, shape, o); };
  };
  std::vector<T> none, longer(61, T(77));
  check_refused(backward(none, {}), {"nonlin::backward", "x", "dx", "60", "0"});
  check_refused(backward(longer, {}), {"nonlin::backward", "x", "dx", "60", "61"});
  check_refused(backward(a.dx, {.losses = losses_to<T>(longer.data(), 11)}),
                {"nonlin::backward", "losses_to", "11", "12", "rows"});
  check_refused(backward(a.dx, {.upstreams = upstream<T>(targets)}),
                {"nonlin::backward", "upstream", "59", "12"});
  CHECK(longer == std::vector<T>(61, T(77)));
  a.check_unwritten();
}

TEMPLATE_TEST_CASE("cross-entropy of labels out of range", "[cross_entropy][bad]", float, double) {
  using T = TestType;
  arrays<T> a;
  const std::vector<T> x = a.x;
  for (const std::size_t at : {0U, 7U, 11U}) {
    const std::string index = std::to_string(at), place = "labels[" + index + "]";
    a.labels.assign(12, 4);
    for (const std::int64_t wrong : {5, 6, 127, 1 << 30}) {
      a.labels[at] = wrong;
      const std::string label = std::to_string(wrong);
      check_both(a, x, a.labels, shape, {place.c_str(), label.c_str(), "5", "classes"});
      check_both(a, x, std::vector<std::int32_t>(a.labels.begin(), a.labels.end()), shape,
                 {place.c_str(), label.c_str()});
    }
    for (const std::int64_t wrong : {-1, -99, -101, -(1 << 30)}) {
      a.labels[at] = wrong;
      const std::string label = std::to_string(wrong);
      check_both(a, x, a.labels, shape, {place.c_str(), label.c_str(), "5", "classes"});
      check_both(a, x, std::vector<std::int32_t>(a.labels.begin(), a.labels.end()), shape,
                 {place.c_str(), label.c_str()});
    }
    a.labels[at] = std::numeric_limits<std::int64_t>::min();
    check_both(a, x, a.labels, shape, {place.c_str(), "-9223372036854775808"});
    std::vector<std::uint8_t> bytes(12, 4);
    bytes[at] = 255;  // not -1
    check_both(a, x, bytes, shape, {place.c_str(), "255", "classes"});
    // the one that is ignored is allowed, and -100 then no more
    a.labels[at] = -100;
    CHECK_NOTHROW(compiled::cross_entropy<T, std::int64_t>({}, x, a.labels, shape));
    check_both(a, x, a.labels, shape, {place.c_str(), "-100"}, {.ignore_index = 3});
  }
  a.check_unwritten();
}

TEMPLATE_TEST_CASE("cross-entropy of arrays that overlap or are null", "[cross_entropy][bad]", float,
                   double) {
  using T = TestType;
  std::vector<T> memory(400, T(0.25));
  const std::vector<T> before = memory, targets(60, T(0.2));
  const std::vector<std::int64_t> labels(12, 2);
  T *const x = memory.data() + 100, *const dx = memory.data() + 200;
  const auto backward = [&](T* in, T* out, const compiled::cross_entropy_options<T>& o = {}) {
    return [=, &labels] {
      compiled::cross_entropy_backward<T, std::int64_t>({}, std::span<const T>(in, 60), labels,
                                                        std::span<T>(out, 60), shape, o);
    };
  };
  const auto backward_of_targets = [&](const T* t, T* out, const compiled::cross_entropy_options<T>& o = {}) {
    return [=] {
      compiled::cross_entropy_backward<T, T>({}, std::span<const T>(x, 60), std::span<const T>(t, 60),
                                             std::span<T>(out, 60), shape, o);
    };
  };
  for (const std::ptrdiff_t by : {-59, -1, 1, 59}) {
    check_refused(backward(x, x + by), {"nonlin::backward", "x", "dx", "overlaps"});
    check_refused(backward_of_targets(dx + by, dx), {"nonlin::backward", "dx", "targets", "overlaps"});
  }
  check_refused(backward_of_targets(dx, dx), {"nonlin::backward", "dx", "targets", "overlaps"});
  T* const losses = memory.data() + 300;
  const auto to = [](T* p) { return losses_to<T>(p, 12); };
  const auto from = [](const T* p) { return upstream<T>(p, 12); };
  check_refused(backward(x, dx, {.losses = to(x + 50)}), {"nonlin::backward", "losses_to", "x", "overlaps"});
  check_refused(backward(x, dx, {.losses = to(dx)}), {"nonlin::backward", "losses_to", "dx", "overlaps"});
  check_refused(backward_of_targets(losses - 20, dx, {.losses = to(losses)}),
                {"nonlin::backward", "losses_to", "targets", "overlaps"});
  check_refused(backward(x, dx, {.upstreams = from(dx + 59)}),
                {"nonlin::backward", "dx", "upstream", "overlaps"});
  for (const bool last : {false, true}) {
    check_refused(backward(x, dx, {.losses = to(losses), .upstreams = from(losses), .losses_last = last}),
                  {"nonlin::backward", "losses_to", "upstream", "overlaps"});
  }
  // labels in the memory of an output
  const auto bytes = [](T* p) {
    return std::span<const std::uint8_t>(reinterpret_cast<const std::uint8_t*>(p), 12);
  };
  check_refused(
      [&] {
        compiled::cross_entropy_backward<T, std::uint8_t>({}, std::span<const T>(x, 60), bytes(dx),
                                                          std::span<T>(dx, 60), shape);
      },
      {"nonlin::backward", "dx", "labels", "overlaps"});
  check_refused(
      [&] {
        compiled::cross_entropy<T, std::uint8_t>({}, std::span<const T>(x, 60), bytes(losses), shape,
                                                 {.losses = to(losses)});
      },
      {"nonlin::forward", "losses_to", "labels", "overlaps"});

  const T* const null = nullptr;
  T* const no_output = nullptr;
  const std::int64_t* const no_labels = nullptr;
  check_refused([&] { compiled::cross_entropy<T, std::int64_t>({}, null, labels.data(), shape); },
                {"nonlin::forward", "x", "null", "60"});
  check_refused([&] { compiled::cross_entropy<T, std::int64_t>({}, x, no_labels, shape); },
                {"nonlin::forward", "labels", "null", "12"});
  check_refused([&] { compiled::cross_entropy<T, T>({}, x, null, shape); },
                {"nonlin::forward", "targets", "null", "60"});
  check_refused(
      [&] { compiled::cross_entropy_backward<T, std::int64_t>({}, x, labels.data(), no_output, shape); },
      {"nonlin::backward", "dx", "null", "60"});
  check_refused(backward(x, dx, {.losses = to(no_output)}), {"nonlin::backward", "losses_to", "null", "12"});
  check_refused(backward(x, dx, {.upstreams = from(null)}), {"nonlin::backward", "upstream", "null", "12"});
  CHECK(memory == before);
}

#if defined(NONLIN_TEST_GUARDS)

TEMPLATE_TEST_CASE("nothing beyond the arrays of a cross-entropy is touched", "[cross_entropy][guard]", float,
                   double) {
  using T = TestType;
  const guarded in(4), target(4), out(4), loss;
  on_each_isa([&](nonlin::isa isa) {
    for (const axis_shape& s : shapes()) {
      const std::size_t n = s.size(), rows = s.outer * s.inner;
      if (n == 0 || n * sizeof(T) > in.size()) continue;
      const std::vector<T> x = logits<T>(s, 2, ordinary_row_kinds), t = gaussian<T>(n, 4);
      for (int where = 0; where < 16; ++where) {
        INFO("on " << nonlin::to_string(isa) << ", shape " << to_string(s) << ", places " << where);
        T* const px = in.place<T>(n, where & 1);
        T* const pt = target.place<T>(n, where & 2);
        T* const pout = out.place<T>(n, where & 4);
        T* const plosses = loss.place<T>(rows, where & 8);
        std::memcpy(px, x.data(), n * sizeof(T));
        const std::span<const T> logits_in(px, n);
        const compiled::cross_entropy_options<T> o{.losses = losses_to<T>(plosses, rows)};
        const auto check_outputs = [&] {
          CHECK(touched_outside(out, pout, n) == 0);
          CHECK(touched_outside(loss, plosses, rows) == 0);
          CHECK(std::memcmp(px, x.data(), n * sizeof(T)) == 0);
          T marked;
          std::memset(&marked, mark, sizeof marked);
          CHECK(std::none_of(pout, pout + n, [&](T v) { return bits(v) == bits(marked); }));
          CHECK(std::none_of(plosses, plosses + rows, [&](T v) { return bits(v) == bits(marked); }));
        };
        const auto reset = [&] {
          std::memset(out.begin(), mark, out.size());
          std::memset(loss.begin(), mark, loss.size());
        };
        reset();
        std::memcpy(pt, t.data(), n * sizeof(T));
        compiled::cross_entropy_backward<T, T>({}, logits_in, std::span<const T>(pt, n),
                                               std::span<T>(pout, n), s, o);
        check_outputs();
        CHECK(std::memcmp(pt, t.data(), n * sizeof(T)) == 0);
        reset();
        std::uint8_t* const labels = target.place<std::uint8_t>(rows, where & 2);
        std::memset(labels, 0, rows);
        compiled::cross_entropy_backward<T, std::uint8_t>({.label_smoothing = 0.1}, logits_in,
                                                          std::span<const std::uint8_t>(labels, rows),
                                                          std::span<T>(pout, n), s, o);
        check_outputs();
        CHECK(std::all_of(labels, labels + rows, [](std::uint8_t l) { return l == 0; }));
      }
    }
  });
}

#endif
