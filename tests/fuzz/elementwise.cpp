// forward, backward, backward_from_output, backward with the gradient of a parameter; and the scalar functors.
#include "../calls.hpp"
#include "fuzz.hpp"

namespace {

using fuzz::real;

template <class T>
struct drawn {
  compiled::activation<T> act;
  double parameter;   // its first
  double scale;       // bounds.root is a root in scale x
};

double slope_of(fuzz::input& in) {
  const double s = in.pick({0.01, 0.25, 0.0, 1.0, -0.5, 3.0, 1e-3, 77.0});
  return s == 77 ? in.uniform(-4, 4) : s;
}

template <class T, class A>
drawn<T> one(fuzz::input& in) {
  if constexpr (std::is_same_v<A, nonlin::Swish>) {
    double beta = in.pick({1.0, 1.702, 0.5, -1.0, 30.0, 0.0, 1e-20, 1e20, 77.0, 77.0});
    if (beta == 77) beta = std::ldexp(in.uniform(-1, 1), static_cast<int>(in.below(18)) - 8);
    return {nonlin::Swish{beta}, beta, beta};
  } else if constexpr (std::is_same_v<A, nonlin::RReLU>) {
    const double lower = slope_of(in);
    return {nonlin::RReLU{lower, slope_of(in)}, lower, 1};
  } else if constexpr (requires { A{0.0}; }) {
    const double p = slope_of(in);
    return {A{p}, p, 1};
  } else {
    return {A{}, 0, 1};
  }
}
template <class T, class... A>
drawn<T> any(fuzz::input& in, nonlin::type_list<A...>) {
  using maker = drawn<T> (*)(fuzz::input&);
  static constexpr maker make[] = {one<T, A>...};
  return make[in.below(sizeof...(A))](in);
}

template <class T>
real derivative_slack(const drawn<T>& d, T x, T derivative) {
  const nonlin::accuracy& b = d.act.bounds;
  if (b.radius > 0 && std::abs(static_cast<double>(x) * d.scale - b.root) < b.radius)
    return 2 * std::max<real>(b.absolute, b.derivative * fuzz::ulp(derivative));
  return 2 * b.derivative * fuzz::ulp(derivative);
}

template <class T>
void run(fuzz::input& in) {
  const drawn<T> d = any<T>(in, nonlin::activations{});
  enum { forward, backward, from_output, parameter };
  const std::size_t call = in.below(4), n = in.length();
  const bool overlaps = in.one_in(8);
  bool bad = false;
  if (call == from_output && !d.act.has_backward_from_output()) return;
  if (call == parameter && !d.act.has_parameter()) return;

  fuzz::arena memory(in);
  std::span<T> x = memory.overlappable<T>(n, overlaps), dy, out;
  if (call == forward) {
    out = memory.output_over({x}, overlaps, bad);
  } else {
    dy = memory.overlappable<T>(n, overlaps);
    out = memory.output_over({x, dy}, overlaps, bad);
  }
  const std::span<double> dparam = memory.output<double>(1);
  const T *px = x.data(), *pdy = dy.data();
  T* pout = out.data();
  if (in.one_in(64)) {  // no array at all, which is fine where it is empty
    (call == forward || in.one_in(2) ? px : pdy) = nullptr;
    bad |= n > 0;
  }
  const char* const names[] = {"forward", "backward", "backward from output", "backward with parameter"};
  fuzz::entitle("%s of %s %a, %s, %zu elements", names[call], d.act.name, d.parameter,
                sizeof(T) == 4 ? "float" : "double", n);

  memory.run(
      bad,
      [&] {
        if (call == forward) d.act.forward(px, pout, n);
        if (call == backward) d.act.backward(px, pdy, pout, n);
        if (call == from_output) d.act.backward_from_output(px, pdy, pout, n);
        if (call == parameter) d.act.backward(px, pdy, pout, n, dparam[0]);
      },
      [&] {
        const auto at = memory.before(x), factor = memory.before(dy), want = memory.scalar(out);
        real size = 0, terms = 0;
        for (std::size_t i = 0; i < n; ++i) {
          if (call == forward) {
            const real bound = 2 * d.act.bounds.forward;
            fuzz::check("y", i, at[i], out[i], want[i], bound * fuzz::larger_ulp(out[i], want[i]));
            const T functor = d.act(at[i]);
            fuzz::check("functor, against y", i, at[i], functor, out[i], bound * fuzz::larger_ulp(out[i], functor));
          } else if (call == from_output) {
            fuzz::check_same("dx", i, at[i], out[i], want[i]);  // a few roundings, the same everywhere
          } else {
            const T derivative = d.act.derivative(at[i]);
            fuzz::check_product("dx", i, at[i], out[i], want[i], factor[i], derivative,
                                derivative_slack(d, at[i], derivative));
          }
          if (call == parameter) {
            const T p = d.act.parameter_derivative(at[i]);
            size += std::abs(real(factor[i]) * p);
            terms += std::abs(real(factor[i])) * 2 * 6 * fuzz::ulp(p) + std::abs(real(factor[i]) * p) * 0x1p-22L;
          }
        }
        if (call == parameter) fuzz::check_sum<T>("dparam", 0, dparam[0], memory.scalar(dparam)[0], n, size, terms);
      });
}

}  // namespace

void fuzz::elementwise(input& in) {
  if (in.one_in(2))
    run<float>(in);
  else
    run<double>(in);
}
