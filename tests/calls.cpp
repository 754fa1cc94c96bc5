#include "calls.hpp"

namespace compiled {
namespace {

template <class A>
const A& as(const void* act) {
  return *static_cast<const A*>(act);
}

// The parameter derivative as an activation.
template <class A>
struct parameter_derivative_of {
  A act;
  template <nonlin::real V>
  NONLIN_INLINE V operator()(const V& x) const {
    return act.parameter_derivative(x);
  }
};

template <class A, class T>
constexpr code<T> make() {
  code<T> c = {};
  c.forward = [](const void* act, const T* x, T* y, std::size_t n) { nonlin::forward(as<A>(act), x, y, n); };
  c.backward = [](const void* act, const T* x, const T* dy, T* dx, std::size_t n) {
    nonlin::backward(as<A>(act), x, dy, dx, n);
  };
  c.value = [](const void* act, T x) { return as<A>(act)(x); };
  c.derivative = [](const void* act, T x) { return as<A>(act).derivative(x); };
  if constexpr (nonlin::output_differentiable<A, T>) {
    c.backward_from_output = [](const void* act, const T* y, const T* dy, T* dx, std::size_t n) {
      nonlin::backward_from_output(as<A>(act), y, dy, dx, n);
    };
    c.output_tells_derivative = [](const void* act) {
      if constexpr (requires { as<A>(act).output_tells_derivative(); })
        return as<A>(act).output_tells_derivative();
      else
        return act != nullptr;
    };
  }
  if constexpr (nonlin::parametric<A, T>) {
    c.backward_parameter = [](const void* act, const T* x, const T* dy, T* dx, std::size_t n,
                              double& dparam) { nonlin::backward(as<A>(act), x, dy, dx, n, dparam); };
    c.map_parameter_derivative = [](const void* act, const T* x, T* out, std::size_t n) {
      nonlin::forward(parameter_derivative_of<A>{as<A>(act)}, x, out, n);
    };
    c.parameter_derivative = [](const void* act, T x) { return as<A>(act).parameter_derivative(x); };
  }
  return c;
}

template <class T, class... A>
const code<T>& pick(std::size_t index, nonlin::type_list<A...>) {
  static constexpr code<T> all[] = {make<A, T>()...};
  return all[index];
}

}  // namespace

template <class T>
const code<T>& code_of(std::size_t index) {
  return pick<T>(index, nonlin::activations{});
}
template const code<float>& code_of(std::size_t);
template const code<double>& code_of(std::size_t);

}  // namespace compiled
