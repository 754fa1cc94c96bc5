// A translation unit with the names of others: macros min and max as windows.h has them, and everything of std and of nonlin
// unqualified.
#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#define min(a, b) (((a) < (b)) ? (a) : (b))
#define max(a, b) (((a) > (b)) ? (a) : (b))
using namespace std;

#include <nonlin/nonlin.hpp>

#if !defined(min) || !defined(max)
#error "nonlin took the macros away"
#endif
static_assert(min(1, 2) == 1 && max(1, 2) == 2);
#undef min
#undef max
using namespace nonlin;

namespace {

struct shifted {
  template <class V>
  V operator()(const V& v) const {
    return max(v, -1.0f) + exp(min(v, V(1))) - abs(v) * tanh(v) + select(v < 0, V(0), fma(v, v, v));
  }
};

bool near(float got, double want) { return abs(static_cast<double>(got) - want) <= 1e-5 * max(1.0, abs(want)); }

}  // namespace

int main() {
  vector<float> x(300);  // blocks of every instruction set, and a rest
  for (size_t k = 0; k < x.size(); ++k) x[k] = static_cast<float>(k % 11) / 2 - 3;
  const vector<float> dy(x.size(), 1.0f);
  vector<float> y(x.size()), dx(x.size()), p(x.size());
  int failures = 0;
  const auto check = [&](bool right, const char* what) {
    if (right) return;
    ++failures;
    printf("FAILED %s\n", what);
  };
  for (const isa i : available_isas()) {
    use_isa(i);
    forward(GELU{}, x, y);
    backward(GELU{}, x, dy, dx);
    for (size_t k = 0; k < x.size(); ++k) {
      const double t = static_cast<double>(x[k]);
      check(near(y[k], t / 2 * erfc(-t / sqrt(2.0))), "GELU");
    }
    forward(SwiGLU{}, x, dy, y);
    for (size_t k = 0; k < x.size(); ++k) check(near(y[k], x[k] / (1 + exp(-static_cast<double>(x[k])))), "SwiGLU");
    forward(Softmax{}, x, p, axis_shape{1, x.size(), 1});
    check(near(accumulate(p.begin(), p.end(), 0.0f), 1), "Softmax");
    forward(shifted{}, x, y);
    for (size_t k = 0; k < x.size(); ++k) {
      const double t = static_cast<double>(x[k]);
      check(near(y[k], max(t, -1.0) + exp(min(t, 1.0)) - abs(t) * tanh(t) + (t < 0 ? 0 : t * t + t)), "a functor");
    }
    check(near(GELU{}(0.5f), 0.34573123063700655), "a number");
    const softmax_stats a = softmax_statistics(x), b = softmax_statistics(dy), both = merge(a, b);
    check(near(static_cast<float>(log_sum_exp(both)), log(exp(log_sum_exp(a)) + exp(log_sum_exp(b)))), "merge");
  }
  return failures;
}
