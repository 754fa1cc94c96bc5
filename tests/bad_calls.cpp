// Calls that make no sense throw, say why, and write nothing. And those that do make sense, though they look
// odd, run.
#include <array>
#include <functional>
#include <initializer_list>
#include <span>
#include <stdexcept>
#include <string>
#include "arrays.hpp"
#include "calls.hpp"
#include "list.hpp"
#include "refused.hpp"

namespace {

using nonlin::backward;
using nonlin::backward_from_output;
using nonlin::forward;
using strings = std::initializer_list<const char*>;

template <class T>
std::vector<T> ramp(std::size_t n, double first = -2) {
  std::vector<T> x(n);
  for (std::size_t i = 0; i < n; ++i) x[i] = static_cast<T>(first + 0.125 * static_cast<double>(i));
  return x;
}

}  // namespace

TEMPLATE_TEST_CASE("sizes that differ", "[bad]", float, double) {
  using T = TestType;
  const std::vector<T> ten = ramp<T>(10), eleven = ramp<T>(11), none;
  std::vector<T> out10(10, T(77)), out11(11, T(77)), out0;
  double dparam = 77;
  const nonlin::LeakyReLU act{};
  on_each_isa([&](nonlin::isa) {
    check_refused([&] { forward(act, ten, out11); }, {"nonlin::forward", "x", "y", "10", "11"});
    check_refused([&] { forward(act, eleven, out10); }, {"nonlin::forward", "x", "y", "10", "11"});
    check_refused([&] { forward(act, none, out10); }, {"nonlin::forward", "x", "y", "10", "0"});
    check_refused([&] { forward(act, ten, out0); }, {"nonlin::forward", "x", "y", "10", "0"});

    check_refused([&] { backward(act, eleven, ten, out10); }, {"nonlin::backward", "x", "dy", "10", "11"});
    check_refused([&] { backward(act, ten, eleven, out10); }, {"nonlin::backward", "x", "dy", "10", "11"});
    check_refused([&] { backward(act, ten, ten, out11); }, {"nonlin::backward", "x", "dx", "10", "11"});
    check_refused([&] { backward(act, none, none, out10); }, {"nonlin::backward", "x", "dx", "10", "0"});

    check_refused([&] { backward(act, eleven, ten, out10, dparam); },
                  {"nonlin::backward", "x", "dy", "10", "11"});
    check_refused([&] { backward(act, ten, eleven, out10, dparam); },
                  {"nonlin::backward", "x", "dy", "10", "11"});
    check_refused([&] { backward(act, ten, ten, out11, dparam); },
                  {"nonlin::backward", "x", "dx", "10", "11"});

    check_refused([&] { backward_from_output(act, eleven, ten, out10); },
                  {"nonlin::backward_from_output", "y", "dy", "10", "11"});
    check_refused([&] { backward_from_output(act, ten, eleven, out10); },
                  {"nonlin::backward_from_output", "y", "dy", "10", "11"});
    check_refused([&] { backward_from_output(act, ten, ten, out11); },
                  {"nonlin::backward_from_output", "y", "dx", "10", "11"});
  });
  CHECK(out10 == std::vector<T>(10, T(77)));
  CHECK(out11 == std::vector<T>(11, T(77)));
  CHECK(dparam == 77);
}

TEMPLATE_TEST_CASE("null pointers", "[bad]", float, double) {
  using T = TestType;
  const std::vector<T> in = ramp<T>(10);
  std::vector<T> out(10, T(77));
  const T* const x = in.data();
  const T* const null = nullptr;
  T *const y = out.data(), *const no_output = nullptr;
  double dparam = 77;
  const nonlin::LeakyReLU act{};

  check_refused([&] { forward(act, null, y, 10); }, {"nonlin::forward", "x", "null", "10"});
  check_refused([&] { forward(act, x, no_output, 10); }, {"nonlin::forward", "y", "null", "10"});
  check_refused([&] { backward(act, null, x, y, 10); }, {"nonlin::backward", "x", "null", "10"});
  check_refused([&] { backward(act, x, null, y, 10); }, {"nonlin::backward", "dy", "null", "10"});
  check_refused([&] { backward(act, x, x, no_output, 10); }, {"nonlin::backward", "dx", "null", "10"});
  check_refused([&] { backward(act, null, x, y, 10, dparam); }, {"nonlin::backward", "x", "null", "10"});
  check_refused([&] { backward(act, x, null, y, 10, dparam); }, {"nonlin::backward", "dy", "null", "10"});
  check_refused([&] { backward(act, x, x, no_output, 10, dparam); },
                {"nonlin::backward", "dx", "null", "10"});
  check_refused([&] { backward_from_output(act, null, x, y, 10); },
                {"backward_from_output", "y", "null", "10"});
  check_refused([&] { backward_from_output(act, x, null, y, 10); },
                {"backward_from_output", "dy", "null", "10"});
  check_refused([&] { backward_from_output(act, x, x, no_output, 10); },
                {"backward_from_output", "dx", "null", "10"});
  check_refused([&] { forward(act, std::span<const T>(null, std::size_t{0}), out); },
                {"nonlin::forward", "10", "0"});
  CHECK(out == std::vector<T>(10, T(77)));
  CHECK(dparam == 77);
}

TEMPLATE_TEST_CASE("outputs that overlap an input in part", "[bad]", float, double) {
  using T = TestType;
  const nonlin::LeakyReLU act{};
  for (const std::size_t n : {std::size_t{2}, std::size_t{9}, std::size_t{100}}) {
    const std::vector<T> other = ramp<T>(n), before = ramp<T>(3 * n);
    std::vector<T> memory = before;
    double dparam = 77;
    const std::string size = std::to_string(n);
    T* const in = memory.data() + n;
    // by one element and by half, to the left and to the right
    for (T* const out : {in - 1, in + 1, in - n / 2, in + n / 2, in - (n - 1), in + (n - 1)}) {
      CAPTURE(n, out - in);
      const std::span<T> x(in, n), y(out, n);
      const char* const s = size.c_str();
      check_refused([&] { forward(act, in, out, n); }, {"nonlin::forward", "x", "y", s, "overlaps"});
      check_refused([&] { forward(act, x, y); }, {"nonlin::forward", "x", "y", s, "overlaps"});

      check_refused([&] { backward(act, in, other.data(), out, n); },
                    {"nonlin::backward", "x", "dx", s, "overlaps"});
      check_refused([&] { backward(act, other.data(), in, out, n); },
                    {"nonlin::backward", "dy", "dx", s, "overlaps"});
      check_refused([&] { backward(act, x, other, y); }, {"nonlin::backward", "x", "dx", s, "overlaps"});
      check_refused([&] { backward(act, other, x, y); }, {"nonlin::backward", "dy", "dx", s, "overlaps"});

      check_refused([&] { backward(act, in, other.data(), out, n, dparam); },
                    {"nonlin::backward", "dx", s, "overlaps"});
      check_refused([&] { backward(act, other.data(), in, out, n, dparam); },
                    {"nonlin::backward", "dy", s, "overlaps"});
      check_refused([&] { backward(act, x, other, y, dparam); },
                    {"nonlin::backward", "x", "dx", s, "overlaps"});
      check_refused([&] { backward(act, other, x, y, dparam); },
                    {"nonlin::backward", "dy", "dx", s, "overlaps"});

      check_refused([&] { backward_from_output(act, in, other.data(), out, n); },
                    {"backward_from_output", "y", s, "overlaps"});
      check_refused([&] { backward_from_output(act, other.data(), in, out, n); },
                    {"backward_from_output", "dy", s, "overlaps"});
      check_refused([&] { backward_from_output(act, x, other, y); },
                    {"backward_from_output", "y", "dx", s, "overlaps"});
      check_refused([&] { backward_from_output(act, other, x, y); },
                    {"backward_from_output", "dy", "dx", s, "overlaps"});
      // right over one input, half over the other
      check_refused([&] { backward(act, in, out, out, n); }, {"nonlin::backward", "x", "dx", s, "overlaps"});
      check_refused([&] { backward(act, out, in, out, n); }, {"nonlin::backward", "dy", "dx", s, "overlaps"});
    }
    CHECK(memory == before);
    CHECK(dparam == 77);
  }
}

TEMPLATE_TEST_CASE("arrays side by side or the very same", "[bad]", float, double) {
  using T = TestType;
  constexpr std::size_t n = 37;
  const nonlin::LeakyReLU act{};
  const std::vector<T> x = ramp<T>(n), dy = ramp<T>(n, 1);
  std::vector<T> y(n), dx(n), from_output(n);
  double dparam = 0;
  forward(act, x, y);
  backward(act, x, dy, dx, dparam);
  backward_from_output(act, y, dy, from_output);

  std::vector<T> memory(3 * n);
  for (const std::size_t at :
       {std::size_t{0}, 2 * n}) {  // the output before the input and after it, with no gap
    std::copy(x.begin(), x.end(), memory.begin() + n);
    T* const out = memory.data() + at;
    CHECK_NOTHROW(forward(act, memory.data() + n, out, n));
    CHECK(std::equal(y.begin(), y.end(), out));
    CHECK_NOTHROW(backward(act, memory.data() + n, dy.data(), out, n));
    CHECK(std::equal(dx.begin(), dx.end(), out));
  }

  std::vector<T> same_array = x;
  forward(act, same_array, same_array);
  CHECK(same_array == y);
  same_array = x;
  backward(act, same_array, dy, same_array);
  CHECK(same_array == dx);
  same_array = dy;
  backward(act, x, same_array, same_array);
  CHECK(same_array == dx);
  double again = 0;
  same_array = dy;
  backward(act, x, same_array, same_array, again);
  CHECK(same_array == dx);
  CHECK(again == dparam);
  same_array = y;
  backward_from_output(act, same_array, dy, same_array);
  CHECK(same_array == from_output);
  // inputs may overlap each other as they like
  CHECK_NOTHROW(backward(act, x.data(), x.data() + 1, dx.data(), n - 1));
  same_array = x;
  CHECK_NOTHROW(backward(act, same_array, same_array, same_array));
}

TEMPLATE_TEST_CASE("negative slopes have no derivative from the output", "[bad]", float, double) {
  using T = TestType;
  const std::vector<T> y = ramp<T>(5);
  std::vector<T> dx(5, T(77));
  check_refused([&] { backward_from_output(nonlin::LeakyReLU{-0.1}, y, y, dx); },
                {"backward_from_output", "negative"});
  using act = compiled::activation<T>;
  for (const act& a : {act(nonlin::LeakyReLU{-0.1}), act(nonlin::ELU{-1}), act(nonlin::RReLU{-0.5, 0.25})}) {
    check_refused([&] { a.backward_from_output(y.data(), y.data(), dx.data(), 5); },
                  {"backward_from_output", "negative"});
    CHECK(dx == std::vector<T>(5, T(77)));
  }
  for (const act& a : {act(nonlin::LeakyReLU{0}), act(nonlin::ELU{0}), act(nonlin::RReLU{-0.25, 0.5})}) {
    CHECK_NOTHROW(a.backward_from_output(y.data(), y.data(), dx.data(), 5));
  }
  CHECK_NOTHROW(act(nonlin::ELU{-1}).backward(y.data(), y.data(), dx.data(), 5));  // from x there is
}

TEMPLATE_TEST_CASE("empty arrays", "[bad]", float, double) {
  using T = TestType;
  const nonlin::LeakyReLU act{};
  const std::vector<T> none;
  std::vector<T> out;
  const T* const null = nullptr;
  T* const no_output = nullptr;
  T one = T(77);
  on_each_isa([&](nonlin::isa) {
    CHECK_NOTHROW(forward(act, none, out));
    CHECK_NOTHROW(forward(act, null, no_output, 0));
    CHECK_NOTHROW(forward(act, &one, &one, 0));
    CHECK_NOTHROW(backward(act, none, none, out));
    CHECK_NOTHROW(backward(act, null, null, no_output, 0));
    CHECK_NOTHROW(backward_from_output(act, none, none, out));
    CHECK_NOTHROW(backward_from_output(act, null, null, no_output, 0));
    double dparam = 77;
    CHECK_NOTHROW(backward(act, none, none, out, dparam));
    CHECK(dparam == 0);
    dparam = 77;
    CHECK_NOTHROW(backward(act, null, null, no_output, 0, dparam));
    CHECK(dparam == 0);
    CHECK_NOTHROW(forward(act, std::span<const T>{}, std::span<T>{}));
  });
  CHECK(one == 77);
}

TEMPLATE_TEST_CASE("all kinds of contiguous ranges", "[ranges]", float, double) {
  using T = TestType;
  const nonlin::LeakyReLU act{0.5};
  const std::array<T, 4> want = {T(-1), T(-0.5), T(1), T(2)};
  const std::vector<T> vector = {-2, -1, 1, 2};
  const std::array<T, 4> array = {-2, -1, 1, 2};
  const T c_array[4] = {-2, -1, 1, 2};
  const std::initializer_list<T> list = {-2, -1, 1, 2};
  const std::span<const T> span = vector;
  const std::span<const T, 4> fixed_span = array;

  const auto each_output = [&](const auto& in) {
    std::vector<T> v(4);
    forward(act, in, v);
    CHECK(std::equal(want.begin(), want.end(), v.begin(), v.end()));
    std::array<T, 4> a = {};
    forward(act, in, a);
    CHECK(a == want);
    T c[4] = {};
    forward(act, in, c);
    CHECK(std::equal(want.begin(), want.end(), c));
    a = {};
    const std::span<T> s(a);
    forward(act, in, s);
    CHECK(a == want);
    a = {};
    forward(act, in, std::span<T>(a));  // a temporary that refers to memory of others
    CHECK(a == want);
    a = {};
    forward(act, in, std::span<T, 4>(a));
    CHECK(a == want);

    // the others, with the same input for all
    T dx[4] = {}, from_output[4] = {};
    double dparam = 0;
    backward(act, in, in, dx, dparam);
    CHECK(dparam == 4 + 1);
    CHECK(dx[0] == -1);
    CHECK(dx[3] == 2);
    backward(act, in, in, v);
    CHECK(std::equal(v.begin(), v.end(), dx));
    backward_from_output(act, in, in, from_output);
    CHECK(std::equal(v.begin(), v.end(), from_output));
  };
  each_output(vector);
  each_output(array);
  each_output(c_array);
  each_output(list);
  each_output(span);
  each_output(fixed_span);
  std::vector<T> not_const = vector;
  each_output(not_const);

  // each argument of another kind
  std::array<T, 4> dx = {};
  backward(act, list, span, dx);
  CHECK(dx == std::array<T, 4>{-1, T(-0.5), 1, 2});
  dx = {};
  backward(act, c_array, vector, std::span<T>(dx));
  CHECK(dx == std::array<T, 4>{-1, T(-0.5), 1, 2});
  std::vector<T> v(6, T(9));
  forward(act, span.subspan(1, 2), std::span<T>(v).subspan(2, 2));
  CHECK(v == std::vector<T>{9, 9, T(-0.5), 1, 9, 9});
}
