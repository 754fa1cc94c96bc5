// The code of gated_calls.hpp, for the file of each type.
#pragma once
#include <type_traits>
#include "gated_calls.hpp"

namespace compiled {

template <class P, class F>
void with(const operand<P>& o, const F& f) {
  if (o.bias)
    f(nonlin::biased(o.x, *o.bias));
  else
    f(o.x);
}

template <class F>
void with(packing p, const F& f) {
  if (p == packing::gate_first) f(nonlin::packed::gate_first);
  if (p == packing::gate_last) f(nonlin::packed::gate_last);
  if (p == packing::interleaved) f(nonlin::packed::interleaved);
}

template <class A>
const nonlin::Gated<A>& as_gated(const void* unit) {
  return *static_cast<const nonlin::Gated<A>*>(unit);
}

template <class A, class T, bool Along>
constexpr gated_code<T> make_gated() {
  using in = const operand<const T>&;
  using out = const operand<T>&;
  using given = std::span<const T>;
  using shape = const nonlin::axis_shape*;
  constexpr bool parametric = nonlin::parametric<A, T>;

  gated_code<T> c = {};
  c.name = A::name;
  c.value = [](const void* unit, T gate, T value) { return as_gated<A>(unit)(gate, value); };
  c.forward_n = [](const void* unit, const T* gate, const T* value, T* y, std::size_t n) {
    nonlin::forward(as_gated<A>(unit), gate, value, y, n);
  };
  c.backward_n = [](const void* unit, const T* gate, const T* value, const T* dy, T* dgate, T* dvalue,
                    std::size_t n) {
    nonlin::backward(as_gated<A>(unit), gate, value, dy, dgate, dvalue, n);
  };
  c.forward = [](const void* unit, in gate, in value, std::span<T> y, shape s) {
    if (s == nullptr && !gate.bias && !value.bias)
      return nonlin::forward(as_gated<A>(unit), gate.x, value.x, y);
    if (!gate.bias && !value.bias) return nonlin::forward(as_gated<A>(unit), gate.x, value.x, y, *s);
    if constexpr (Along) {
      with(gate, [&](const auto& g) {
        with(value, [&](const auto& v) {
          if (s != nullptr)
            nonlin::forward(as_gated<A>(unit), g, v, y, *s);
          else
            nonlin::forward(as_gated<A>(unit), g, v, y);
        });
      });
    }
  };
  c.backward = [](const void* unit, in gate, in value, given dy, out dgate, out dvalue, shape s,
                  double* dparam) {
    const bool plain = !gate.bias && !value.bias && !dgate.bias && !dvalue.bias;
    if (plain && dparam == nullptr && s == nullptr)
      return nonlin::backward(as_gated<A>(unit), gate.x, value.x, dy, dgate.x, dvalue.x);
    if (plain && dparam == nullptr)
      return nonlin::backward(as_gated<A>(unit), gate.x, value.x, dy, dgate.x, dvalue.x, *s);
    if constexpr (parametric) {
      if (plain && s == nullptr)
        return nonlin::backward(as_gated<A>(unit), gate.x, value.x, dy, dgate.x, dvalue.x, *dparam);
      if (plain)
        return nonlin::backward(as_gated<A>(unit), gate.x, value.x, dy, dgate.x, dvalue.x, *dparam, *s);
    }
    if constexpr (Along) {
      with(gate, [&](const auto& g) {
        with(value, [&](const auto& v) {
          with(dgate, [&](const auto& dg) {
            with(dvalue, [&](const auto& dv) {
              if constexpr (parametric) {
                if (dparam != nullptr && s != nullptr)
                  return nonlin::backward(as_gated<A>(unit), g, v, dy, dg, dv, *dparam, *s);
                if (dparam != nullptr) return nonlin::backward(as_gated<A>(unit), g, v, dy, dg, dv, *dparam);
              }
              if (s != nullptr) return nonlin::backward(as_gated<A>(unit), g, v, dy, dg, dv, *s);
              nonlin::backward(as_gated<A>(unit), g, v, dy, dg, dv);
            });
          });
        });
      });
    }
  };
  if constexpr (Along) {
    c.packed_forward = [](const void* unit, packing p, in x, std::span<T> y, shape s) {
      with(p, [&](const auto& layout) {
        with(x, [&](const auto& a) {
          if (s != nullptr)
            nonlin::forward(as_gated<A>(unit), layout, a, y, *s);
          else
            nonlin::forward(as_gated<A>(unit), layout, a, y);
        });
      });
    };
    c.packed_forward_n = [](const void* unit, packing p, const T* x, T* y, shape s) {
      with(p, [&](const auto& layout) { nonlin::forward(as_gated<A>(unit), layout, x, y, *s); });
    };
    c.packed_backward = [](const void* unit, packing p, in x, given dy, out dx, shape s, double* dparam) {
      with(p, [&](const auto& layout) {
        with(x, [&](const auto& a) {
          with(dx, [&](const auto& da) {
            if constexpr (parametric) {
              if (dparam != nullptr && s != nullptr)
                return nonlin::backward(as_gated<A>(unit), layout, a, dy, da, *dparam, *s);
            }
            if (s != nullptr) return nonlin::backward(as_gated<A>(unit), layout, a, dy, da, *s);
            nonlin::backward(as_gated<A>(unit), layout, a, dy, da);
          });
        });
      });
    };
    c.packed_backward_n = [](const void* unit, packing p, const T* x, const T* dy, T* dx, shape s) {
      with(p, [&](const auto& layout) { nonlin::backward(as_gated<A>(unit), layout, x, dy, dx, *s); });
    };
  }
  return c;
}

template <class T, class... A>
const gated_code<T>& pick_gated(std::size_t index, nonlin::type_list<nonlin::Gated<A>...>) {
  static constexpr gated_code<T> all[] = {
      make_gated < A, T,
      std::is_same_v<A, nonlin::Swish> || (sizeof(T) == 4 && (std::is_same_v<A, nonlin::Sigmoid> ||
                                                              std::is_same_v<A, nonlin::GELU>)) > ()...};
  return all[index];
}

template <class T>
const gated_code<T>& gated_code_of(std::size_t index) {
  return pick_gated<T>(index, nonlin::gated_units{});
}

}  // namespace compiled
