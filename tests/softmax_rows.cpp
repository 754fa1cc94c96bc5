// A row's result is its own affair: the same bits wherever it lies, whatever is beside it, at any alignment and in place.
// And nothing is read or written beyond the arrays.
#include "arrays.hpp"
#include "guarded.hpp"
#include "list.hpp"
#include "softmax_calls.hpp"
#include "softmax_oracle.hpp"

namespace {

using nonlin::axis_shape;
using nonlin::LogSoftmax;
using nonlin::Softmax;

enum class operation { softmax, logarithm, masked, softmax_backward, logarithm_backward };
constexpr operation operations[] = {operation::softmax, operation::logarithm, operation::masked,
                                    operation::softmax_backward, operation::logarithm_backward};
constexpr const char* name(operation o) {
  constexpr const char* names[] = {"softmax", "log softmax", "softmax with scale and mask",
                                   "backward of softmax", "backward of log softmax"};
  return names[static_cast<int>(o)];
}
constexpr bool is_backward(operation o) {
  return o == operation::softmax_backward || o == operation::logarithm_backward;
}

// What goes in: a the logits or the output, b the mask or dy.
template <class T>
void run(operation o, const T* a, const T* b, T* out, const axis_shape& s) {
  const std::span<const T> in(a, s.size()), in2(b, s.size());
  const std::span<T> to(out, s.size());
  switch (o) {
    case operation::softmax:
      return compiled::softmax<T>(Softmax{}, in, to, s);
    case operation::logarithm:
      return compiled::softmax<T>(LogSoftmax{}, in, to, s);
    case operation::masked:
      return compiled::softmax<T>(Softmax{.scale = 0.6}, in, to, s, {.mask = nonlin::additive_mask<T>(in2)});
    case operation::softmax_backward:
      return compiled::softmax_backward<T>(Softmax{.scale = 0.6}, in, in2, to, s);
    case operation::logarithm_backward:
      return compiled::softmax_backward<T>(LogSoftmax{.scale = 0.6}, in, in2, to, s);
  }
}

template <class T>
struct inputs {
  std::vector<T> a, b;

  inputs(operation o, const axis_shape& s)
      : a(logits<T>(s, 3, ordinary_row_kinds)), b(gaussian<T>(s.size(), 5)) {
    if (is_backward(o)) a = gaussian<T>(s.size(), 6);
  }
};

// Row r of `from` becomes row (r + by) % rows of the result.
template <class T>
std::vector<T> rotated(const std::vector<T>& from, const axis_shape& s, std::size_t by) {
  std::vector<T> to(from.size());
  const std::size_t rows = s.outer * s.inner;
  for_each_row(s, [&](std::size_t r, std::size_t first, std::size_t stride) {
    const std::size_t q = (r + by) % rows, at = q / s.inner * s.axis * s.inner + q % s.inner;
    for (std::size_t a = 0; a < s.axis; ++a) to[at + a * stride] = from[first + a * stride];
  });
  return to;
}

template <class T>
std::size_t check_same_bits(operation o, const axis_shape& s) {
  const inputs<T> in(o, s);
  const std::size_t n = s.size(), rows = s.outer * s.inner, block = s.axis * s.inner;
  std::vector<T> want(n), got(n);
  run(o, in.a.data(), in.b.data(), want.data(), s);
  std::size_t wrong = 0;
  const auto compare = [&](const T* p, const T* q, std::size_t count) {
    wrong += first_difference(p, q, count) != count;
  };
  // every row elsewhere
  for (const std::size_t by : {std::size_t{1}, rows / 2, rows - 1}) {
    const std::vector<T> a = rotated(in.a, s, by), b = rotated(in.b, s, by), w = rotated(want, s, by);
    run(o, a.data(), b.data(), got.data(), s);
    compare(got.data(), w.data(), n);
  }
  // fewer rows
  for (std::size_t i = 0; i < s.outer; ++i) {
    run(o, &in.a[i * block], &in.b[i * block], got.data(), {1, s.axis, s.inner});
    compare(got.data(), &want[i * block], block);
  }
  // other neighbours
  for (const std::size_t kept : {std::size_t{0}, rows / 2, rows - 1}) {
    std::vector<T> a = mixture<T>(n, 8), b = mixture<T>(n, 9);
    std::vector<T> got_row, want_row;
    const auto of_row = [&](const auto& f) {
      for (std::size_t k = 0; k < s.axis; ++k) f((kept / s.inner * s.axis + k) * s.inner + kept % s.inner);
    };
    of_row([&](std::size_t i) { a[i] = in.a[i], b[i] = in.b[i]; });
    run(o, a.data(), b.data(), got.data(), s);
    of_row([&](std::size_t i) { got_row.push_back(got[i]), want_row.push_back(want[i]); });
    compare(got_row.data(), want_row.data(), s.axis);
  }
  // other alignments
  constexpr std::size_t offsets = 5;
  std::vector<T> a(n + offsets), b(n + offsets), out(n + offsets);
  for (std::size_t k = 0; k < offsets; ++k) {
    std::copy_n(in.a.data(), n, &a[k]);
    std::copy_n(in.b.data(), n, &b[(2 * k) % offsets]);
    run(o, &a[k], &b[(2 * k) % offsets], &out[(3 * k + 1) % offsets], s);
    compare(&out[(3 * k + 1) % offsets], want.data(), n);
  }
  // in place
  got = in.a;
  run(o, got.data(), in.b.data(), got.data(), s);
  compare(got.data(), want.data(), n);
  if (is_backward(o)) {
    got = in.b;
    run(o, in.a.data(), got.data(), got.data(), s);
    compare(got.data(), want.data(), n);
  }
  return wrong;
}

}  // namespace

TEMPLATE_TEST_CASE("a row has the same bits anywhere", "[softmax][stability]", float, double) {
  on_each_isa([&](nonlin::isa isa) {
    for (const operation o : operations) {
      for (const axis_shape& s : shapes()) {
        if (s.size() == 0) continue;
        INFO(name(o) << " on " << nonlin::to_string(isa) << ", shape " << to_string(s));
        CHECK(check_same_bits<TestType>(o, s) == 0);
      }
    }
  });
}

#if defined(NONLIN_TEST_GUARDS)

namespace {

template <class T>
void check_guards(operation o, const axis_shape& s, const guarded& a, const guarded& b, const guarded& out) {
  const inputs<T> in(o, s);
  const std::size_t n = s.size();
  std::size_t touched = 0, unwritten = 0, changed = 0;
  for (int where = 0; where < 8; ++where) {  // each array at either end
    T* const pa = a.place<T>(n, where & 1);
    T* const pb = b.place<T>(n, where & 2);
    T* const pout = out.place<T>(n, where & 4);
    std::memcpy(pa, in.a.data(), n * sizeof(T));
    std::memcpy(pb, in.b.data(), n * sizeof(T));
    std::memset(out.begin(), mark, out.size());
    run(o, pa, pb, pout, s);
    touched += touched_outside(out, pout, n);
    T marked;
    std::memset(&marked, mark, sizeof marked);
    for (std::size_t i = 0; i < n; ++i) unwritten += bits(pout[i]) == bits(marked);
    changed +=
        std::memcmp(pa, in.a.data(), n * sizeof(T)) != 0 || std::memcmp(pb, in.b.data(), n * sizeof(T)) != 0;
  }
  CHECK(touched == 0);
  CHECK(unwritten == 0);
  CHECK(changed == 0);
}

}  // namespace

TEMPLATE_TEST_CASE("nothing beyond rows is touched", "[softmax][guard]", float, double) {
  using T = TestType;
  const guarded a(4), b(4), out(4);
  on_each_isa([&](nonlin::isa isa) {
    for (const axis_shape& s : shapes()) {
      if (s.size() == 0 || s.size() * sizeof(T) > a.size()) continue;
      INFO("on " << nonlin::to_string(isa) << ", shape " << to_string(s));
      for (const operation o : operations) {
        INFO(name(o));
        check_guards<T>(o, s, a, b, out);
      }
      // the other output, and a mask that repeats
      const inputs<T> in(operation::masked, s);
      const std::size_t rows = s.outer * s.inner, block = s.axis * s.inner;
      std::vector<T> y(s.size());
      for (const bool at_end : {false, true}) {
        T* const mask = b.place<T>(block, at_end);
        T* const log_sum = out.place<T>(rows, at_end);
        std::memcpy(mask, in.b.data(), block * sizeof(T));
        std::memset(out.begin(), mark, out.size());
        compiled::softmax<T>(Softmax{}, in.a, y, s,
                             {.mask = nonlin::additive_mask<T>(mask, block),
                              .log_sum_exp = nonlin::log_sum_exp_to<T>(log_sum, rows)});
        CHECK(touched_outside(out, log_sum, rows) == 0);
        CHECK(std::memcmp(mask, in.b.data(), block * sizeof(T)) == 0);
      }
    }
  });
}

TEMPLATE_TEST_CASE("statistics read a row and nothing else", "[softmax][guard]", float, double) {
  using T = TestType;
  const guarded memory;
  const std::vector<T> x = gaussian<T>(200, 3);
  on_each_isa([&](nonlin::isa) {
    for (std::size_t n = 1; n <= 200; ++n) {
      for (const bool at_end : {false, true}) {
        T* const p = memory.place<T>(n, at_end);
        std::memcpy(p, x.data(), n * sizeof(T));
        CHECK(compiled::statistics<T>(p, n).max ==
              static_cast<double>(*std::max_element(x.data(), x.data() + n)));
        CHECK(std::memcmp(p, x.data(), n * sizeof(T)) == 0);
      }
    }
  });
}

#endif
