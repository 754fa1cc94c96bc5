#include "subject.hpp"
#include <cmath>
#include <limits>
#include <nonlin/nonlin.hpp>
#include "../bits.hpp"
#include "../calls.hpp"
#include "interpolation.hpp"

namespace exhaustive {
namespace {

using oracle::quad;

long double narrow(const quad& q) { return static_cast<long double>(q); }

formula of(const nonlin::Identity&) { return {.kind = shape::leaky}; }
formula of(const nonlin::Sigmoid&) { return {.kind = shape::sigmoid}; }
formula of(const nonlin::Tanh&) { return {.kind = shape::tanh}; }
formula of(const nonlin::ReLU&) { return {.kind = shape::relu}; }
formula of(const nonlin::LeakyReLU& a) { return {.kind = shape::leaky, .negative = a.slope}; }
formula of(const nonlin::RReLU& a) {
  return {.kind = shape::leaky, .negative = narrow(oracle::row<nonlin::RReLU>::slope<quad>(a))};
}
formula of(const nonlin::ELU& a) { return {.kind = shape::elu, .negative = a.alpha}; }
formula of(const nonlin::SELU&) {
  using row = oracle::row<nonlin::SELU>;
  return {.kind = shape::elu,
          .positive = narrow(row::lambda<quad>()),
          .negative = narrow(row::lambda_alpha<quad>())};
}
formula of(const nonlin::GELU&) { return {.kind = shape::gelu}; }
formula of(const nonlin::GELUTanh&) { return {.kind = shape::gelu_tanh}; }
formula of(const nonlin::SiLU&) { return {.kind = shape::swish}; }
formula of(const nonlin::Swish& a) { return {.kind = shape::swish, .negative = a.beta}; }

template <class A>
double scale_of(const A&) {
  return 1;
}
double scale_of(const nonlin::Swish& a) { return a.beta; }

// The root of f within [low, high], and f's expansion there: interpolation at Chebyshev's points.
template <class F>
root_expansion expand(const F& f, quad low, quad high) {
  const bool rising = f(high) > 0;
  for (int i = 0; i < 120; ++i) {
    const quad middle = (low + high) / 2;
    ((f(middle) > 0) == rising ? high : low) = middle;
  }
  const quad root = (low + high) / 2, width = root_expansion::width;
  const auto c = interpolation<root_expansion::terms>(width, [&](const quad& d) { return quad(f(quad(root + d)) / d); });
  root_expansion e;
  e.used = true;
  e.root = narrow(root);
  e.rest = narrow(quad(root - quad(e.root)));
  quad scale = 1;  // from d to t
  for (std::size_t i = 0; i < root_expansion::terms; ++i, scale *= width) e.c[i] = narrow(quad(c[i] * scale));
  return e;
}

template <class A, class T>
class subject_of final : public subject<T> {
 public:
  subject_of(const A& act, const std::string& shown) : act_(act), calls_(act) {
    this->name = shown;
    this->bounds = A::template bounds<T>;
    this->scale = scale_of(act);
    for (const double c : oracle::row<A>::cutoffs) this->cutoffs.push_back(c / this->scale);
    const formula f = of(act);
    using limits = std::numeric_limits<T>;
    for (const T c : {limits::max(), limits::min()}) {
      this->cutoffs.push_back(static_cast<double>(c));
      this->cutoffs.push_back(static_cast<double>(static_cast<long double>(c) / f.positive));
    }
    if (f.kind == shape::gelu || f.kind == shape::gelu_tanh || f.kind == shape::swish) {
      root_ = expand([&](const quad& x) { return oracle::row<A>::derivative(act_, x); },
                     quad(-1.5 / this->scale), quad(-0.5 / this->scale));
      this->cutoffs.push_back(static_cast<double>(root_.root));
    }
  }

  void run(direction d, const T* x, T* y, std::size_t n) const override {
    if (d == direction::forward) {
      calls_.forward(x, y, n);
    } else {
      if (ones_.size() < n) ones_.assign(n, T(1));
      calls_.backward(x, ones_.data(), y, n);
    }
  }

  quad exact(direction d, T x) const override {
    if (std::isinf(x)) return at_infinity(d, x);
    return d == direction::forward ? oracle::row<A>::forward(act_, quad(x))
                                   : oracle::row<A>::derivative(act_, quad(x));
  }

  formula first_line_formula(direction d) const override {
    formula f = of(act_);
    f.derivative = d == direction::derivative;
    if (f.derivative && f.kind == shape::leaky) f.positive = 1;
    if (f.derivative) f.near_root = root_;
    return f;
  }

 private:
  // The limit: what the largest number has, unless that is large. By the first line, which gives zeros their signs.
  quad at_infinity(direction d, T x) const {
    const T largest = std::copysign(std::numeric_limits<T>::max(), x);
    const auto y = std::make_unique<wanted<T>>();
    first_line(first_line_formula(d), &largest, *y, 1);
    constexpr double infinity = std::numeric_limits<double>::infinity();
    const T limit = y->rounded[0];
    return quad(std::abs(limit) < T(1e30) ? double(limit) : limit > 0 ? infinity : -infinity);
  }

  A act_;
  compiled::activation<T> calls_;
  root_expansion root_;
  mutable std::vector<T> ones_;
};

template <class T, class... A>
std::vector<std::unique_ptr<subject<T>>> list(nonlin::type_list<A...>) {
  std::vector<std::unique_ptr<subject<T>>> all;
  (all.push_back(std::make_unique<subject_of<A, T>>(A{}, A::name)), ...);
  all.push_back(std::make_unique<subject_of<nonlin::Swish, T>>(nonlin::Swish{1.702}, "Swish(1.702)"));
  return all;
}

}  // namespace

template <class T>
std::vector<std::unique_ptr<subject<T>>> subjects() {
  return list<T>(nonlin::activations{});
}
template std::vector<std::unique_ptr<subject<float>>> subjects();
template std::vector<std::unique_ptr<subject<double>>> subjects();

template <class T>
double error_in_ulp(T got, const quad& exact) {
  using limits = std::numeric_limits<T>;
  if (is_nan(got)) return 1e300;
  const T rounded = static_cast<T>(exact);
  if (std::isinf(got) || std::isinf(rounded)) return got == rounded ? 0 : 1e300;
  int exponent = limits::min_exponent;
  if (exact != 0) {
    frexp(exact, &exponent);
    exponent = std::max(exponent, int(limits::min_exponent));
  }
  return static_cast<double>(ldexp(quad(abs(quad(quad(got) - exact))), limits::digits - exponent));
}
template double error_in_ulp(float, const quad&);
template double error_in_ulp(double, const quad&);

}  // namespace exhaustive
