// The subnormal and the largest numbers, against the oracle. accuracy.cpp meets them too, among millions of
// others.
#include "arrays.hpp"
#include "calls.hpp"
#include "list.hpp"
#include "oracle.hpp"
#include "ulp.hpp"

namespace {

template <class T>
std::vector<T> extremes() {
  using limits = std::numeric_limits<T>;
  std::vector<T> x;
  std::mt19937_64 random(11);
  const bits_of<T> least_normal = bits(limits::min()), largest = bits(limits::max());
  for (std::size_t i = 0; i < 200; ++i) {
    x.push_back(bit_cast<T>(static_cast<bits_of<T>>(random() % least_normal)));
    x.push_back(bit_cast<T>(static_cast<bits_of<T>>(largest - random() % least_normal)));
  }
  for (bits_of<T> i = 0; i < 20; ++i) {
    x.push_back(bit_cast<T>(i));
    x.push_back(bit_cast<T>(static_cast<bits_of<T>>(least_normal - 10 + i)));
    x.push_back(bit_cast<T>(static_cast<bits_of<T>>(largest - i)));
  }
  const std::size_t half = x.size();
  for (std::size_t i = 0; i < half; ++i) x.push_back(-x[i]);
  return x;
}

template <class T>
using exact = std::vector<oracle::wide<T>>;

template <class T>
void check(const compiled::activation<T>& act, const std::vector<T>& x, const exact<T>& value,
           const exact<T>& slope) {
  const std::vector<T> ones(x.size(), T(1));
  std::vector<T> got(x.size());
  on_each_isa([&](nonlin::isa isa) {
    INFO(act.name << " of " << (sizeof(T) == 4 ? "float" : "double") << " on " << nonlin::to_string(isa));
    const auto compare = [&](const char* what, const exact<T>& want, double bound) {
      double worst = -1;
      std::size_t at = 0;
      for (std::size_t i = 0; i < x.size(); ++i) {
        const double e = ulp_error(got[i], want[i]);
        if (e > worst) worst = e, at = i;
      }
      INFO(what << " at " << hex(x[at]) << " is " << hex(got[at]));
      CHECK(worst <= bound);
    };
    act.forward(x.data(), got.data(), x.size());
    compare("forward", value, act.bounds.forward);
    act.backward(x.data(), ones.data(), got.data(), x.size());
    compare("derivative", slope, act.bounds.derivative);
  });
}

template <class A, class T>
void check_against_oracle(const A& act) {
  using W = oracle::wide<T>;
  const std::vector<T> x = extremes<T>();
  exact<T> value, slope;
  for (const T e : x) {
    value.push_back(oracle::row<A>::forward(act, W(e)));
    slope.push_back(oracle::row<A>::derivative(act, W(e)));
  }
  check<T>(act, x, value, slope);
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("the least and the largest numbers", "[special]", all_activations) {
  check_against_oracle<TestType, float>(TestType{});
  check_against_oracle<TestType, double>(TestType{});
}

TEST_CASE("the least and the largest numbers with other parameters", "[special]") {
  for (const double beta : {0.0, 0.5, -1.0, 30.0, 1e-20, 1e20, 1e-37}) {
    INFO("beta " << beta);
    check_against_oracle<nonlin::Swish, float>({beta});
    check_against_oracle<nonlin::Swish, double>({beta});
  }
  for (const double alpha : {0.0, 0.3, -1.0}) {
    INFO("alpha " << alpha);
    check_against_oracle<nonlin::ELU, float>({alpha});
    check_against_oracle<nonlin::ELU, double>({alpha});
  }
  for (const double slope : {0.0, -0.5, 0.3}) {
    INFO("slope " << slope);
    check_against_oracle<nonlin::LeakyReLU, float>({slope});
    check_against_oracle<nonlin::LeakyReLU, double>({slope});
  }
}
