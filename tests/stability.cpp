// The same x gives the same bits: whatever the length of the array, its alignment, its neighbours, how it is
// cut, and whether the output is an array of its own. The measure is the call of one element.
#include "arrays.hpp"
#include "calls.hpp"
#include "list.hpp"

namespace {

constexpr std::size_t longest = 200, offsets = 9;

// What differed first, for a message.
struct difference {
  std::size_t count = 0, n = 0, at = 0;
  std::string how;

  template <class T>
  void compare(const T* got, const T* want, std::size_t length, const char* text, std::size_t detail = 0) {
    const std::size_t i = first_difference(got, want, length);
    if (i == length || count++ != 0) return;
    n = length;
    at = i;
    how =
        std::string(text) + " " + std::to_string(detail) + ": got " + hex(got[i]) + ", want " + hex(want[i]);
  }
  void check(const char* what) const {
    INFO(what << ", element " << at << " of " << n << ", " << how);
    CHECK(count == 0);
  }
};

// call(a, b, out, n); b is an input too. One-element calls first, then everything else.
template <class T, class Call>
void check_calls(const char* what, const std::vector<T>& a, const std::vector<T>& b, bool b_is_used,
                 const Call& call) {
  std::vector<T> want(longest), got(longest + offsets), a_moved(longest + offsets),
      b_moved(longest + offsets);
  for (std::size_t i = 0; i < longest; ++i) call(&a[i], &b[i], &want[i], 1);

  difference d;
  for (std::size_t n = 0; n <= longest; ++n) {
    // every offset of every array, and with it the neighbours of each element in its vector
    for (std::size_t k = 0; k < offsets; ++k) {
      const std::size_t at_a = (2 * k + n) % offsets, at_b = (5 * k + n / 3) % offsets, at_out = k;
      std::copy_n(a.data(), n, a_moved.data() + at_a);
      std::copy_n(b.data(), n, b_moved.data() + at_b);
      call(a_moved.data() + at_a, b_moved.data() + at_b, got.data() + at_out, n);
      d.compare(got.data() + at_out, want.data(), n, "offset", k);
    }
    std::copy_n(a.data(), n, got.data());
    call(got.data(), b.data(), got.data(), n);
    d.compare(got.data(), want.data(), n, "in place of the first");
    if (b_is_used) {
      std::copy_n(b.data(), n, got.data());
      call(a.data(), got.data(), got.data(), n);
      d.compare(got.data(), want.data(), n, "in place of the second");
    }
  }
  for (const std::size_t n : {std::size_t{5}, std::size_t{33}, std::size_t{130}, longest}) {
    for (std::size_t cut = 0; cut <= n; ++cut) {
      call(a.data(), b.data(), got.data(), cut);
      call(a.data() + cut, b.data() + cut, got.data() + cut, n - cut);
      d.compare(got.data(), want.data(), n, "cut", cut);
    }
  }
  // at the other end of the vectors: the array backwards
  std::reverse_copy(a.begin(), a.end(), a_moved.begin());
  std::reverse_copy(b.begin(), b.end(), b_moved.begin());
  call(a_moved.data(), b_moved.data(), got.data(), longest);
  std::reverse(got.begin(), got.begin() + longest);
  d.compare(got.data(), want.data(), longest, "backwards");
  d.check(what);
}

template <class T>
void check(const compiled::activation<T>& act) {
  const std::vector<T> x = mixture<T>(longest, 21), dy = mixture<T>(longest, 22);
  on_each_isa([&](nonlin::isa isa) {
    INFO(act.name << " of " << (sizeof(T) == 4 ? "float" : "double") << " on " << nonlin::to_string(isa));
    check_calls("forward", x, dy, false,
                [&](const T* a, const T*, T* out, std::size_t n) { act.forward(a, out, n); });
    check_calls("backward", x, dy, true,
                [&](const T* a, const T* b, T* out, std::size_t n) { act.backward(a, b, out, n); });
    if (act.has_backward_from_output()) {
      check_calls("backward from output", x, dy, true, [&](const T* a, const T* b, T* out, std::size_t n) {
        act.backward_from_output(a, b, out, n);
      });
    }
    if (act.has_parameter()) {
      check_calls("backward with parameter", x, dy, true, [&](const T* a, const T* b, T* out, std::size_t n) {
        double dparam = 0;
        act.backward(a, b, out, n, dparam);
      });
    }
  });
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("the same bits at any place", "[stability]", all_activations) {
  check<float>(TestType{});
  check<double>(TestType{});
}
