// The activations out of a library's vector functions, for libraries that have no activations.
//
// Ops is the library: T, V, lanes, load, store, set, exp, min, max; and where it has them expm1, tanh, erf, erfc.
// Vectors have + - * /. Arrays that do not fill vectors are left out.
#pragma once
#include "peers.hpp"

namespace peers {

// y = f(x)
template <class Ops, class F>
void add_map(const char* peer, const char* function, F f) {
  using T = typename Ops::T;
  add(peer, function, Direction::forward, Make<T>([f](const Arrays<T>& a, const Shape& s) {
        if (s.size() % Ops::lanes != 0) return Run();
        return repeat([=, n = s.size()] {
          for (std::size_t i = 0; i < n; i += Ops::lanes) Ops::store(a.out + i, f(Ops::load(a.x + i)));
        });
      }));
}

// out = f(x, value or dy)
template <class Ops, class F>
void add_map2(const char* peer, const char* function, Direction direction, F f) {
  using T = typename Ops::T;
  add(peer, function, direction, Make<T>([f, direction](const Arrays<T>& a, const Shape& s) {
        if (s.size() % Ops::lanes != 0) return Run();
        const T* const second = direction == Direction::forward ? a.value : a.dy;
        return repeat([=, n = s.size()] {
          for (std::size_t i = 0; i < n; i += Ops::lanes)
            Ops::store(a.out + i, f(Ops::load(a.x + i), Ops::load(second + i)));
        });
      }));
}

// f(gate, value, dy, dgate, dvalue)
template <class Ops, class F>
void add_gated_backward(const char* peer, const char* function, F f) {
  using T = typename Ops::T;
  add(peer, function, Direction::backward, Make<T>([f](const Arrays<T>& a, const Shape& s) {
        if (s.size() % Ops::lanes != 0) return Run();
        return repeat([=, n = s.size()] {
          for (std::size_t i = 0; i < n; i += Ops::lanes) {
            typename Ops::V dgate, dvalue;
            f(Ops::load(a.x + i), Ops::load(a.value + i), Ops::load(a.dy + i), dgate, dvalue);
            Ops::store(a.out + i, dgate);
            Ops::store(a.out2 + i, dvalue);
          }
        });
      }));
}

template <class Ops>
struct Formulas {
  using T = typename Ops::T;
  using V = typename Ops::V;
  static V c(double x) { return Ops::set(static_cast<T>(x)); }

  static V sigmoid(V x) { return c(1) / (c(1) + Ops::exp(c(0) - x)); }
  static V phi(V x) {
    if constexpr (requires { Ops::erfc(x); })
      return c(0.5) * Ops::erfc(x * c(-0.70710678118654752));
    else
      return c(0.5) * (c(1) + Ops::erf(x * c(0.70710678118654752)));
  }
  static V density(V x) { return c(0.3989422804014327) * Ops::exp(c(-0.5) * x * x); }
  // by tanh, or, when that is cheaper, by the exponential
  static V tanh_argument(V x) { return x * (c(0.79788456080286536) + c(0.035677408136300125) * x * x); }
};

// Not a pointer to the function: a lambda that captured that would call it at run time.
template <class Ops>
constexpr auto constant = [](double x) { return Formulas<Ops>::c(x); };

// What needs the exponential alone.
template <class Ops>
void add_by_exp(const char* peer) {
  using F = Formulas<Ops>;
  using V = typename Ops::V;
  const auto c = constant<Ops>;
  add_map<Ops>(peer, "exp", [](V x) { return Ops::exp(x); });
  add_map<Ops>(peer, "Sigmoid", [](V x) { return F::sigmoid(x); });
  add_map<Ops>(peer, "SiLU", [](V x) { return x * F::sigmoid(x); });
  if constexpr (sizeof(typename Ops::T) == 4) {
    const auto backward = Direction::backward, from_output = Direction::from_output;
    add_map<Ops>(peer, "GELUTanh", [c](V x) { return x * F::sigmoid(c(2) * F::tanh_argument(x)); });
    add_map2<Ops>(peer, "GLU", Direction::forward, [](V x, V v) { return F::sigmoid(x) * v; });
    add_map2<Ops>(peer, "SwiGLU", Direction::forward, [](V x, V v) { return x * F::sigmoid(x) * v; });
    add_map2<Ops>(peer, "ELU", backward, [c](V x, V dy) { return dy * Ops::exp(Ops::min(x, c(0))); });
    add_map2<Ops>(peer, "Sigmoid", backward, [c](V x, V dy) {
      const V s = F::sigmoid(x);
      return dy * s * (c(1) - s);
    });
    add_map2<Ops>(peer, "SiLU", backward, [c](V x, V dy) {
      const V s = F::sigmoid(x);
      return dy * s * (c(1) + x * (c(1) - s));
    });
    add_map2<Ops>(peer, "GELUTanh", backward, [c](V x, V dy) {
      const V s = F::sigmoid(c(2) * F::tanh_argument(x));
      const V slope = c(1.5957691216057308) + c(0.21406444881780076) * x * x;
      return dy * s * (c(1) + x * slope * (c(1) - s));
    });
    add_map2<Ops>(peer, "Sigmoid", from_output, [c](V y, V dy) { return dy * y * (c(1) - y); });
    add_map2<Ops>(peer, "Tanh", from_output, [c](V y, V dy) { return dy * (c(1) - y * y); });
    add_gated_backward<Ops>(peer, "GLU", [c](V x, V v, V dy, V& dx, V& dv) {
      const V s = F::sigmoid(x);
      dv = dy * s;
      dx = dv * v * (c(1) - s);
    });
    add_gated_backward<Ops>(peer, "SwiGLU", [c](V x, V v, V dy, V& dx, V& dv) {
      const V s = F::sigmoid(x), flow = dy * s;
      dv = flow * x;
      dx = flow * v * (c(1) + x * (c(1) - s));
    });
  }
}

template <class Ops>
void add_by_expm1(const char* peer) {
  using V = typename Ops::V;
  const auto c = constant<Ops>;
  add_map<Ops>(peer, "ELU", [c](V x) { return Ops::max(x, c(0)) + Ops::expm1(Ops::min(x, c(0))); });
  add_map<Ops>(peer, "SELU", [c](V x) {
    return c(1.0507009873554805) * Ops::max(x, c(0)) + c(1.7580993408473769) * Ops::expm1(Ops::min(x, c(0)));
  });
}

template <class Ops>
void add_by_tanh(const char* peer) {
  using V = typename Ops::V;
  const auto c = constant<Ops>;
  add_map<Ops>(peer, "Tanh", [](V x) { return Ops::tanh(x); });
  if constexpr (sizeof(typename Ops::T) == 4)
    add_map2<Ops>(peer, "Tanh", Direction::backward, [c](V x, V dy) {
      const V t = Ops::tanh(x);
      return dy * (c(1) - t * t);
    });
}

// GELU, by the error function
template <class Ops>
void add_by_erf(const char* peer) {
  using F = Formulas<Ops>;
  using V = typename Ops::V;
  add_map<Ops>(peer, "GELU", [](V x) { return x * F::phi(x); });
  if constexpr (sizeof(typename Ops::T) == 4) {
    add_map2<Ops>(peer, "GELU", Direction::backward,
                  [](V x, V dy) { return dy * (F::phi(x) + x * F::density(x)); });
    add_map2<Ops>(peer, "GeGLU", Direction::forward, [](V x, V v) { return x * F::phi(x) * v; });
    add_gated_backward<Ops>(peer, "GeGLU", [](V x, V v, V dy, V& dx, V& dv) {
      const V p = F::phi(x);
      dv = dy * x * p;
      dx = dy * v * (p + x * F::density(x));
    });
  }
}

}  // namespace peers
