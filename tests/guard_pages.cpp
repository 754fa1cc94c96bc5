// Nothing is read or written beyond an array: arrays up against pages that may not be touched, and marks
// around outputs.
#include "guarded.hpp"
#if defined(NONLIN_TEST_GUARDS)
#include "arrays.hpp"
#include "calls.hpp"
#include "list.hpp"

namespace {

// call(x, dy, out, n); nothing but out may change
template <class T, class Call>
void check_calls(const char* what, const Call& call) {
  const guarded x, dy, out;
  const std::vector<T> a = mixture<T>(130, 31), b = mixture<T>(130, 32);
  std::size_t touched = 0, unwritten = 0, changed = 0, first_n = 0;
  for (std::size_t n = 0; n <= 130; ++n) {
    for (int where = 0; where < 8; ++where) {  // each array at either end
      T* const px = x.place<T>(n, where & 1);
      T* const pdy = dy.place<T>(n, where & 2);
      T* const pout = out.place<T>(n, where & 4);
      if (n != 0) {
        std::memcpy(px, a.data(), n * sizeof(T));
        std::memcpy(pdy, b.data(), n * sizeof(T));
      }
      std::memset(out.begin(), mark, out.size());
      call(px, pdy, pout, n);
      touched += touched_outside(out, pout, n);
      T marked;
      std::memset(&marked, mark, sizeof marked);
      for (std::size_t i = 0; i < n; ++i) unwritten += bits(pout[i]) == bits(marked);
      if (n != 0)
        changed +=
            std::memcmp(px, a.data(), n * sizeof(T)) != 0 || std::memcmp(pdy, b.data(), n * sizeof(T)) != 0;
      if (touched + unwritten + changed != 0 && first_n == 0) first_n = n;
    }
  }
  INFO(what << ", first wrong with " << first_n << " elements");
  CHECK(touched == 0);
  CHECK(unwritten == 0);
  CHECK(changed == 0);
}

template <class T>
void check(const compiled::activation<T>& act) {
  on_each_isa([&](nonlin::isa isa) {
    INFO(act.name << " of " << (sizeof(T) == 4 ? "float" : "double") << " on " << nonlin::to_string(isa));
    check_calls<T>("forward", [&](const T* x, const T*, T* out, std::size_t n) { act.forward(x, out, n); });
    check_calls<T>("backward",
                   [&](const T* x, const T* dy, T* out, std::size_t n) { act.backward(x, dy, out, n); });
    if (act.has_backward_from_output()) {
      check_calls<T>("backward from output", [&](const T* y, const T* dy, T* out, std::size_t n) {
        act.backward_from_output(y, dy, out, n);
      });
    }
    if (act.has_parameter()) {
      check_calls<T>("backward with parameter", [&](const T* x, const T* dy, T* out, std::size_t n) {
        double dparam = 0;
        act.backward(x, dy, out, n, dparam);
      });
    }
  });
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("nothing beyond the arrays is touched", "[guard]", all_activations) {
  check<float>(TestType{});
  check<double>(TestType{});
}

#endif
