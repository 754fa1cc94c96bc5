// PReLU, RReLU in training, and activations of x + b.
#include <nonlin/biased.hpp>
#include <nonlin/gelu.hpp>
#include <nonlin/prelu.hpp>
#include <nonlin/rrelu_training.hpp>
#include <nonlin/swish.hpp>
#include "fuzz.hpp"

namespace {

using fuzz::real;
using nonlin::axis_shape;

template <class T>
constexpr const char* type = sizeof(T) == 4 ? "float" : "double";

// A shape that is wrong for the arrays of s.
axis_shape spoiled(fuzz::input& in, axis_shape s) {
  switch (in.below(3)) {
    case 0:
      ++s.axis;
      break;
    case 1:
      s.axis = 0;
      break;
    default:
      s.inner = s.inner << 60 | 3;
  }
  if (s.outer == 0 && s.axis != 0) s.axis = 0;
  return s;
}

template <class T>
void prelu(fuzz::input& in) {
  const axis_shape s = in.shape();
  const std::size_t n = s.size();
  const bool backward = in.one_in(2), overlaps = in.one_in(8);
  const std::size_t channels = in.one_in(4) ? 1 : s.axis;
  bool bad = false;
  fuzz::arena memory(in);
  const auto slopes = memory.filled<T>(channels);
  const auto x = memory.overlappable<T>(n, overlaps);
  const auto dy = memory.overlappable<T>(n, overlaps);
  const auto out = backward ? memory.output_over({x, dy}, overlaps, bad) : memory.output_over({x}, overlaps, bad);
  auto dslopes = memory.output<T>(channels);
  axis_shape given = s;
  if (in.one_in(32)) given = spoiled(in, s), bad = true;
  if (backward && in.one_in(32)) dslopes = slopes, bad = true;
  if (backward && in.one_in(32)) dslopes = dslopes.first(channels - 1), bad = true;
  fuzz::entitle("PReLU %s of %s, shape {%zu, %zu, %zu}, %zu slopes", backward ? "backward" : "forward", type<T>, s.outer,
                s.axis, s.inner, channels);
  memory.run(
      bad,
      [&] {
        const nonlin::PReLU<T> act(slopes);
        if (backward)
          nonlin::backward(act, x, dy, out, dslopes, given);
        else
          nonlin::forward(act, x, out, given);
      },
      [&] {
        const auto at = memory.before(x), want = memory.scalar(out), factor = memory.before(dy);
        for (std::size_t i = 0; i < n; ++i) fuzz::check_same(backward ? "dx" : "y", i, at[i], out[i], want[i]);
        if (!backward) return;
        std::vector<real> size(channels);
        for (std::size_t i = 0; i < n; ++i) {
          const std::size_t c = channels == 1 ? 0 : i / s.inner % s.axis;
          size[c] += at[i] > 0 ? (factor[i] == factor[i] ? 0 : factor[i]) : std::abs(real(factor[i]) * at[i]);
        }
        for (std::size_t c = 0; c < channels; ++c)
          fuzz::check_sum<T>("dslopes", c, dslopes[c], memory.scalar(dslopes)[c], n, size[c],
                             size[c] * std::numeric_limits<T>::epsilon());
      });
}

template <class T>
void rrelu(fuzz::input& in) {
  const std::size_t n = in.length(), call = in.below(3);
  const double lower = in.pick({0.125, 0.0, -0.5, 0.3}), upper = in.one_in(4) ? lower : lower + in.uniform(0, 1);
  const auto act = nonlin::RReLU{lower, upper}.training(in.random(), in.one_in(4) ? ~in.below(1000) : in.below(9));
  const bool overlaps = in.one_in(8);
  bool bad = false;
  fuzz::arena memory(in);
  const auto x = memory.overlappable<T>(n, overlaps);
  const auto dy = memory.overlappable<T>(n, overlaps);
  const auto out = call == 1 ? memory.output_over({x, dy}, overlaps, bad) : memory.output_over({x}, overlaps, bad);
  const char* const names[] = {"forward", "backward", "noise"};
  fuzz::entitle("RReLU {%a, %a} training, %s of %s, %zu elements", lower, upper, names[call], type<T>, n);
  memory.run(
      bad,
      [&] {
        if (call == 0) nonlin::forward(act, x, out);
        if (call == 1) nonlin::backward(act, x, dy, out);
        if (call == 2) nonlin::noise(act, x, out);
      },
      [&] {
        const auto at = memory.before(x), want = memory.scalar(out);
        for (std::size_t i = 0; i < n; ++i) {
          fuzz::check_same("result", i, at[i], out[i], want[i]);
          if (call == 2 && at[i] <= 0 && !(out[i] >= T(lower) && out[i] <= T(upper)))
            fuzz::fail("slope %a is not in the interval", double(out[i]));
        }
      });
}

// Of GELU and of Swish, the gradient of whose parameter is a third sum.
template <class A, class T>
void biased(fuzz::input& in, const A& act, double scale) {
  const axis_shape s = in.shape(600);
  const std::size_t n = s.size(), call = in.below(nonlin::parametric<A, T> ? 3 : 2);
  const bool overlaps = in.one_in(8);
  bool bad = false;
  fuzz::arena memory(in);
  auto b = memory.filled<T>(s.axis);
  const auto x = memory.overlappable<T>(n, overlaps);
  const auto dy = memory.overlappable<T>(n, overlaps);
  const auto out = call != 0 ? memory.output_over({x, dy}, overlaps, bad) : memory.output_over({x}, overlaps, bad);
  auto db = memory.output<T>(s.axis);
  const auto dparam = memory.output<double>(1);
  axis_shape given = s;
  if (in.one_in(32)) given = spoiled(in, s), bad = true;
  if (in.one_in(32)) b = b.first(s.axis - 1), bad = true;
  if (call != 0 && in.one_in(32)) db = b, bad = true;
  const char* const names[] = {"forward", "backward", "backward with parameter"};
  fuzz::entitle("%s of biased %s %a of %s, shape {%zu, %zu, %zu}", names[call], A::name, scale, type<T>, s.outer, s.axis,
                s.inner);
  const nonlin::accuracy& bound = A::template bounds<T>;
  memory.run(
      bad,
      [&] {
        if (call == 0) nonlin::forward(act, nonlin::biased(x, b), out, given);
        if (call == 1) nonlin::backward(act, nonlin::biased(x, b), dy, nonlin::biased(out, db), given);
        if constexpr (nonlin::parametric<A, T>) {
          if (call == 2) nonlin::backward(act, nonlin::biased(x, b), dy, nonlin::biased(out, db), dparam[0], given);
        }
      },
      [&] {
        const auto at = memory.before(x), want = memory.scalar(out), factor = memory.before(dy);
        std::vector<real> size(s.axis), terms(s.axis);
        real parameter_size = 0, parameter_terms = 0;
        for (std::size_t i = 0; i < n; ++i) {
          const std::size_t a = i / s.inner % s.axis;
          const T v = at[i] + b[a];
          if (call == 0) {
            fuzz::check("y", i, v, out[i], want[i], 2 * bound.forward * fuzz::larger_ulp(out[i], want[i]));
            continue;
          }
          const T d = act.derivative(v);
          real slack = 2 * bound.derivative * fuzz::ulp(d);
          if (bound.radius > 0 && std::abs(static_cast<double>(v) * scale - bound.root) < bound.radius)
            slack = std::max<real>(slack, 2 * bound.absolute);
          fuzz::check_product("dx", i, v, out[i], want[i], factor[i], d, slack);
          size[a] += std::abs(real(want[i]));
          terms[a] += std::abs(real(out[i]) - real(want[i]));
          if constexpr (nonlin::parametric<A, T>) {
            const T p = act.parameter_derivative(v);
            parameter_size += std::abs(real(factor[i]) * p);
            parameter_terms += std::abs(real(factor[i])) * 2 * 6 * fuzz::ulp(p) + std::abs(real(factor[i]) * p) * 0x1p-22L;
          }
        }
        if (call == 0) return;
        for (std::size_t a = 0; a < s.axis; ++a)
          fuzz::check_sum<T>("db", a, db[a], memory.scalar(db)[a], n, size[a], terms[a]);
        if (call == 2)
          fuzz::check_sum<T>("dparam", 0, dparam[0], memory.scalar(dparam)[0], n, parameter_size, parameter_terms);
      });
}

template <class T>
void run(fuzz::input& in) {
  const double beta = in.pick({1.0, 1.702, -1.0, 0.25});
  switch (in.below(4)) {
    case 0:
      return prelu<T>(in);
    case 1:
      return rrelu<T>(in);
    case 2:
      return biased<nonlin::GELU, T>(in, {}, 1);
    default:
      return biased<nonlin::Swish, T>(in, {beta}, beta);
  }
}

}  // namespace

void fuzz::axis(input& in) {
  if (in.one_in(2))
    run<float>(in);
  else
    run<double>(in);
}
