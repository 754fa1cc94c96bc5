// Subnormal numbers, and those whose squares are: right, the same bits whatever stands beside them, and without the cliff of a microcode
// assist for each operation. special_values.cpp and extremes.cpp meet them too, one by one.
#include <span>
#if defined(__SSE2__)
#include <xmmintrin.h>
#endif
#include "calls.hpp"
#include "gated_calls.hpp"
#include "list.hpp"
#include "product_error.hpp"
#include "ratio.hpp"

namespace {

template <class T>
std::vector<T> subnormals(std::size_t n, std::uint64_t seed) {
  const bits_of<T> least_normal = bits(std::numeric_limits<T>::min());
  std::mt19937_64 random(seed);
  std::vector<T> x(n);
  for (T& e : x) {
    const T size = bit_cast<T>(static_cast<bits_of<T>>(random() % least_normal >> random() % (sizeof(T) == 4 ? 23 : 52)));
    e = random() % 2 == 0 ? size : -size;
  }
  return x;
}

// of any size from the least on, up to what is not tiny any more
template <class T>
std::vector<T> tiny_numbers(std::size_t n, std::uint64_t seed) {
  std::vector<T> x = subnormals<T>(n, seed);
  for (std::size_t i = 0; i < n; i += 2) x[i] = std::ldexp(x[i], static_cast<int>(i % (sizeof(T) == 4 ? 130 : 960)));
  return x;
}

constexpr std::size_t length = 1700;  // several of the blocks that subnormal numbers are done in, and looked for between

// On each instruction set as on a processor with assists, then as on one without
template <class Check>
void with_assists_and_without(const Check& check) {
  struct restored {
    bool before = nonlin::detail::has_assists();
    ~restored() { nonlin::detail::has_assists() = before; }
  } const at_the_end;
  for (const bool assists : {true, false}) {
    nonlin::detail::has_assists() = assists;
    on_each_isa([&](nonlin::isa isa) {
      INFO(nonlin::to_string(isa) << (assists ? ", as with assists" : ", as without assists"));
      check();
    });
  }
}

// -- the same bits ------------------------------------------------------------------------------------------------

// `ordinary`, with subnormal numbers where `chosen` says
template <class T>
std::vector<T> mixed(bool (*chosen)(std::size_t), std::uint64_t seed) {
  std::vector<T> x = ordinary<T>(length, seed);
  const std::vector<T> tiny = tiny_numbers<T>(length, seed + 1);
  for (std::size_t i = 0; i < length; ++i)
    if (chosen(i)) x[i] = tiny[i];
  return x;
}

constexpr bool (*patterns[])(std::size_t) = {
    [](std::size_t) { return true; },
    [](std::size_t i) { return i % 2 == 0; },
    [](std::size_t i) { return i % 97 == 3; },
    [](std::size_t i) { return i == 1000; },
    [](std::size_t i) { return i + 1 == length; },
    [](std::size_t i) { return i / 64 % 2 == 1; },
    [](std::size_t) { return false; },
};

// call(a, b, out, n): arrays against calls of one element, also in place
template <class T, class Call>
void check_bits(const char* what, const std::vector<T>& a, const std::vector<T>& b, const Call& call) {
  std::vector<T> want(length), got(length), copy = a;
  for (std::size_t i = 0; i < length; ++i) call(&a[i], &b[i], &want[i], 1);
  call(a.data(), b.data(), got.data(), length);
  call(copy.data(), b.data(), copy.data(), length);
  const std::size_t i = std::min(first_difference(got.data(), want.data(), length), first_difference(copy.data(), want.data(), length));
  INFO(what << ", element " << i);
  if (i != length) {
    INFO("of " << hex(a[i]) << " and " << hex(b[i]) << ": got " << hex(got[i]) << ", in place " << hex(copy[i]) << ", alone " << hex(want[i]));
    CHECK(i == length);
  }
}

template <class T>
void check_bits(const compiled::activation<T>& act) {
  INFO(act.name << " of " << name_of<T>());
  with_assists_and_without([&] {
    for (const auto of_x : patterns) {
      for (const auto of_dy : {patterns[0], patterns[2], patterns[6]}) {
        const std::vector<T> x = mixed<T>(of_x, 1), dy = mixed<T>(of_dy, 3);
        check_bits("forward", x, dy, [&](const T* a, const T*, T* out, std::size_t n) { act.forward(a, out, n); });
        check_bits("backward", x, dy, [&](const T* a, const T* b, T* out, std::size_t n) { act.backward(a, b, out, n); });
        if (act.has_backward_from_output())
          check_bits("backward from output", x, dy,
                     [&](const T* a, const T* b, T* out, std::size_t n) { act.backward_from_output(a, b, out, n); });
      }
    }
  });
}

// forward, and backward in place, against calls of one element
template <class T>
void check_gated_bits(const compiled::gated<T>& unit) {
  constexpr std::size_t n = 3 * length;  // units look less often backward
  const auto repeated = [](const std::vector<T>& a) {
    std::vector<T> r;
    for (int k = 0; k < 3; ++k) r.insert(r.end(), a.begin(), a.end());
    return r;
  };
  INFO(unit.name << " of " << name_of<T>());
  with_assists_and_without([&] {
    for (const auto of_gate : {patterns[0], patterns[2], patterns[3], patterns[6]}) {
      for (const auto of_value : {patterns[1], patterns[5], patterns[6]}) {
        const std::vector<T> gate = repeated(mixed<T>(of_gate, 21)), value = repeated(mixed<T>(of_value, 23)), dy = repeated(mixed<T>(of_value, 25));
        std::vector<T> y(n), dgate = gate, dvalue = value;  // backward in place
        unit.forward(gate, value, y);
        unit.backward(dgate, dvalue, dy, dgate, dvalue);
        std::size_t wrong = 0;
        for (std::size_t i = 0; i < length && wrong == 0; ++i) {
          T alone[3];
          unit.forward(std::span(&gate[i], 1), std::span(&value[i], 1), std::span(&alone[0], 1));
          unit.backward(std::span(&gate[i], 1), std::span(&value[i], 1), std::span(&dy[i], 1), std::span(&alone[1], 1), std::span(&alone[2], 1));
          for (std::size_t k = i; k < n; k += length) {
            const T got[] = {y[k], dgate[k], dvalue[k]};
            if (first_difference(got, alone, 3) == 3) continue;
            ++wrong;
            INFO("element " << k << ", gate " << hex(gate[i]) << ", value " << hex(value[i]) << ", dy " << hex(dy[i]));
            INFO("got " << hex(got[0]) << ", " << hex(got[1]) << ", " << hex(got[2]) << ", alone " << hex(alone[0]) << ", " << hex(alone[1]) << ", "
                        << hex(alone[2]));
            CHECK(wrong == 0);
          }
        }
      }
    }
  });
}

#if defined(__SSE2__)
// The control and status register, as it was at the end
class mxcsr {
 public:
  mxcsr() : before_(_mm_getcsr()) {}
  ~mxcsr() { _mm_setcsr(before_); }
  void add(unsigned bits) const { _mm_setcsr(_mm_getcsr() | bits); }
  void remove(unsigned bits) const { _mm_setcsr(_mm_getcsr() & ~bits); }
  bool has(unsigned bits) const { return (_mm_getcsr() & bits) != 0; }

 private:
  unsigned before_;
};
#endif

// -- the right ones -----------------------------------------------------------------------------------------------

template <class A, class T>
void check_values(const A& typed) {
  using W = oracle::wide<T>;
  const compiled::activation<T> act(typed);
  constexpr std::size_t n = 300;
  const std::vector<T> x = mixed<T>(patterns[1], 5), dy = subnormals<T>(n, 6);
  std::vector<T> got(n);
  std::vector<W> exact;
  for (std::size_t i = 0; i < n; ++i) exact.push_back(oracle::row<A>::derivative(typed, W(x[i])));
  INFO(act.name << " of " << name_of<T>());
  with_assists_and_without([&] {
    act.backward(x.data(), dy.data(), got.data(), n);
    product_error<T> error;
    for (std::size_t i = 0; i < n; ++i)
      error.add(got[i], W(dy[i]), W(0), exact[i], W(std::max(act.bounds.derivative * ulp_at<T>(exact[i]), act.bounds.absolute)), x[i]);
    error.check("dx");
  });
}

template <class A, class T>
void check_gated(const A& typed) {
  using W = oracle::wide<T>;
  const compiled::gated<T> unit(nonlin::Gated<A>{typed});
  constexpr std::size_t n = 300;
  const std::vector<T> usual = ordinary<T>(n, 7), tiny = subnormals<T>(n, 8), large(n, std::numeric_limits<T>::max() / 4);
  std::vector<T> y(n), dgate(n), dvalue(n);
  std::vector<W> of_usual, of_tiny;
  for (std::size_t i = 0; i < n; ++i) {
    of_usual.push_back(oracle::row<A>::forward(typed, W(usual[i])));
    of_tiny.push_back(oracle::row<A>::forward(typed, W(tiny[i])));
  }
  INFO(unit.name << " of " << name_of<T>());
  with_assists_and_without([&] {
    const double bound = unit.act.bounds.forward;
    product_error<T> of_value, of_gate, of_dvalue, of_both;
    const auto add = [&](product_error<T>& error, T got, T factor, const W& exact, T at) {
      error.add(got, W(factor), W(0), exact, W(bound * ulp_at<T>(exact)), at);
    };
    unit.forward(usual, tiny, y);
    for (std::size_t i = 0; i < n; ++i) add(of_value, y[i], tiny[i], of_usual[i], usual[i]);
    for (const std::vector<T>& value : {usual, large}) {
      unit.forward(tiny, value, y);
      unit.backward(tiny, usual, value, dgate, dvalue);
      for (std::size_t i = 0; i < n; ++i) {
        add(of_gate, y[i], value[i], of_tiny[i], tiny[i]);
        add(of_dvalue, dvalue[i], value[i], of_tiny[i], tiny[i]);
      }
    }
    unit.forward(tiny, tiny, y);
    for (std::size_t i = 0; i < n; ++i) add(of_both, y[i], tiny[i], of_tiny[i], tiny[i]);
    of_value.check("of a subnormal value");
    of_gate.check("of a subnormal gate");
    of_dvalue.check("dvalue of a subnormal gate");
    of_both.check("of both subnormal");
  });
}

// -- what activations say of themselves -----------------------------------------------------------------------------

template <class A, class T>
void check_claim(const A& act) {
  if constexpr (requires { act.at_zero(); }) {
    const T edge = sizeof(T) == 4 ? T(0x1p-36) : T(0x1p-100);
    for (const T sign : {T(1), T(-1)}) {
      const T at_edge = act(sign * edge), slope = act.derivative(sign * edge);
      for (const T x : {edge / 3, edge / 1024, edge * T(0x1p-20)}) {
        INFO(A::name << " at " << hex(sign * x));
        if (act.at_zero() == nonlin::near_zero::harmless)
          CHECK((act(sign * x) == sign * x || act(sign * x) == 0));
        else if (act.at_zero() == nonlin::near_zero::linear || act.at_zero() == nonlin::near_zero::product)
          CHECK(std::abs(act(sign * x) - x * (at_edge / edge)) <= std::abs(act(sign * x)) * std::numeric_limits<T>::epsilon());
        else
          CHECK(act(sign * x) == at_edge);
        CHECK(act.derivative(sign * x) == slope);
      }
    }
  }
}

// -- no cliff -----------------------------------------------------------------------------------------------------

// that nonlin avoids
bool has_assists(nonlin::isa isa) {
#if (defined(__i386__) || defined(__x86_64__)) && !defined(__SSE2_MATH__)
  if (isa == nonlin::isa::scalar) return false;  // the x87 has its own
#endif
  return isa != nonlin::isa::neon && isa != nonlin::isa::wasm;
}

bool is_product(const std::string& name) {
  return name.find("LeakyReLU") != std::string::npos || name == "RReLU" || name == "ReLU" || name == "Identity";
}

template <class T>
void check_time(const compiled::activation<T>& act) {
  const std::vector<T> least = subnormals<T>(2048, 9), small = tiny_numbers<T>(2048, 12), x = ordinary<T>(2048, 10), dy = ordinary<T>(2048, 11);
  std::vector<T> out(2048);
  on_each_isa([&](nonlin::isa isa) {
    if (!has_assists(isa)) return;
    INFO(act.name << " of " << name_of<T>() << " on " << nonlin::to_string(isa));
    const auto forward = [&](const auto& a) { return [&] { act.forward(a.data(), out.data(), out.size()); }; };
    const auto backward = [&](const auto& a, const auto& b) { return [&] { act.backward(a.data(), b.data(), out.data(), out.size()); }; };
    // 2 to 5 times, of what is but a product 5 to 40; with assists 15 to 120. Where there are none, 1 to 5
    const bool product = is_product(act.name) && nonlin::detail::has_assists();
    for (const auto& tiny : {least, small}) {
      CHECK(ratio(forward(tiny), forward(x)) < (product ? 60 : 12));
      CHECK(ratio(backward(tiny, dy), backward(x, dy)) < 12);
    }
    CHECK(ratio(backward(x, least), backward(x, dy)) < (product ? 60 : 12));
    // not at first, but later
    constexpr std::size_t n = 32768;
    const std::vector<T> usual = ordinary<T>(n, 13), tiny = subnormals<T>(n, 14);
    std::vector<T> late = usual, y(n);
    std::copy(tiny.begin() + 600, tiny.end(), late.begin() + 600);
    const auto long_forward = [&](const auto& a) { return [&] { act.forward(a.data(), y.data(), n); }; };
    if (!product) CHECK(ratio(long_forward(late), long_forward(usual)) < 20);
  });
}

template <class T>
void check_gated_time(const compiled::gated<T>& unit) {
  constexpr std::size_t n = 4096;
  const std::vector<T> least = subnormals<T>(n, 13), x = ordinary<T>(n, 14), v = ordinary<T>(n, 15), dy = ordinary<T>(n, 16);
  std::vector<T> y(n), z(n);
  on_each_isa([&](nonlin::isa isa) {
    if (!has_assists(isa)) return;
    INFO(unit.name << " of " << name_of<T>() << " on " << nonlin::to_string(isa));
    const auto forward = [&](const auto& a, const auto& b) { return [&] { unit.forward(a, b, y); }; };
    const auto backward = [&](const auto& a, const auto& b, const auto& c) { return [&] { unit.backward(a, b, c, y, z); }; };
    // 3 to 8 times; with assists 10 to 100
    if (is_product(unit.act.name)) return;
    CHECK(ratio(forward(x, least), forward(x, v)) < 25);
    CHECK(ratio(forward(least, v), forward(x, v)) < 25);
    CHECK(ratio(backward(x, least, dy), backward(x, v, dy)) < 25);
    CHECK(ratio(backward(least, v, dy), backward(x, v, dy)) < 25);
    CHECK(ratio(backward(x, v, least), backward(x, v, dy)) < 25);
  });
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("subnormal numbers give the same bits whatever stands beside them", "[subnormal]", all_activations) {
  check_bits<float>(TestType{});
  check_bits<double>(TestType{});
}

TEST_CASE("subnormal numbers with other parameters give the same bits", "[subnormal]") {
  for (const double beta : {1.702, 1e5, 1e30, -1e30}) {
    check_bits<float>(nonlin::Swish{beta});
    check_bits<double>(nonlin::Swish{beta});
  }
  check_bits<float>(nonlin::LeakyReLU{1e30});
  check_bits<float>(nonlin::ELU{-3.7});
}

TEMPLATE_LIST_TEST_CASE("subnormal operands of gated units give the same bits whatever stands beside them", "[subnormal]", nonlin::gated_units) {
  check_gated_bits<float>(TestType{});
  check_gated_bits<double>(TestType{});
}

#if defined(__SSE2__)
TEST_CASE("calls leave the exceptions that the caller had", "[subnormal]") {
  constexpr unsigned denormal = 0x02, underflow = 0x10;
  const std::vector<float> usual = ordinary<float>(4 * length, 31);
  std::vector<float> late = usual, y(usual.size());
  late[2 * length] = 1e-40f;
  on_each_isa([&](nonlin::isa isa) {
    INFO(nonlin::to_string(isa));
    const mxcsr control;
    for (const unsigned flag : {denormal, underflow}) {
      for (const std::vector<float>& x : {usual, late}) {
        control.remove(denormal | underflow);
        control.add(flag);
        nonlin::forward(nonlin::Tanh{}, x, y);
        CHECK(control.has(flag));
      }
    }
  });
}

TEST_CASE("where subnormal numbers are flushed to 0 they give the same bits whatever stands beside them", "[subnormal]") {
  with_assists_and_without([&] {
    const std::vector<float> x = mixed<float>(patterns[1], 33), late = mixed<float>(patterns[3], 35);
    const mxcsr control;
    control.add(0x8040);
    for (const std::vector<float>& a : {x, late})
      check_bits("GELU", a, a, [&](const float* in, const float*, float* out, std::size_t n) { nonlin::forward(nonlin::GELU{}, in, out, n); });
  });
}
#endif

TEMPLATE_LIST_TEST_CASE("a subnormal dy has a derivative's bound", "[subnormal]", all_activations) {
  check_values<TestType, float>(TestType{});
  check_values<TestType, double>(TestType{});
}

TEST_CASE("subnormal operands of gated units", "[subnormal]") {
  check_gated<nonlin::Sigmoid, float>({});
  check_gated<nonlin::GELU, float>({});
  check_gated<nonlin::GELUTanh, float>({});
  check_gated<nonlin::Swish, float>({});
  check_gated<nonlin::Swish, float>({.beta = 1e30});
  check_gated<nonlin::ReLU, float>({});
  check_gated<nonlin::Identity, float>({});
  check_gated<nonlin::GELU, double>({});
  check_gated<nonlin::Swish, double>({});
}

TEMPLATE_LIST_TEST_CASE("activations are next to 0 what they say", "[subnormal]", all_activations) {
  check_claim<TestType, float>(TestType{});
  check_claim<TestType, double>(TestType{});
}

TEMPLATE_LIST_TEST_CASE("subnormal numbers cost no assists", "[subnormal]", all_activations) {
  check_time<float>(TestType{});
  check_time<double>(TestType{});
}

TEMPLATE_LIST_TEST_CASE("subnormal operands of gated units cost no assists", "[subnormal]", nonlin::gated_units) {
  check_gated_time<float>(TestType{});
  check_gated_time<double>(TestType{});
}
