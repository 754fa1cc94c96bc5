// nonlin, compiled without any -m flag: it chooses its kernels when it runs.
#include <nonlin/nonlin.hpp>

#include "peers.hpp"

namespace peers {
namespace {

template <class T>
using Data = const Arrays<T>&;

template <class T, class A>
void add_forward(const char* function, A act) {
  add("nonlin", function, Direction::forward, Make<T>([act](Data<T> a, const Shape& s) {
        return repeat([=, n = s.size()] { nonlin::forward(act, a.x, a.out, n); });
      }));
}

template <class A>
void add_backward(A act) {
  add("nonlin", A::name, Direction::backward, Make<float>([act](Data<float> a, const Shape& s) {
        return repeat([=, n = s.size()] { nonlin::backward(act, a.x, a.dy, a.out, n); });
      }));
}

template <class A>
void add_from_output(A act) {
  add("nonlin", A::name, Direction::from_output, Make<float>([act](Data<float> a, const Shape& s) {
        return repeat([=, n = s.size()] { nonlin::backward_from_output(act, a.x, a.dy, a.out, n); });
      }));
}

template <class Unit>
void add_gated(const char* function, Unit unit) {
  add("nonlin", function, Direction::forward, Make<float>([unit](Data<float> a, const Shape& s) {
        return repeat([=, n = s.size()] { nonlin::forward(unit, a.x, a.value, a.out, n); });
      }));
  add("nonlin", function, Direction::backward, Make<float>([unit](Data<float> a, const Shape& s) {
        return repeat([=, n = s.size()] { nonlin::backward(unit, a.x, a.value, a.dy, a.out, a.out2, n); });
      }));
}

nonlin::axis_shape shape_of(const Shape& s) { return {s.outer, s.axis, s.inner}; }

template <class A>
void add_rows(A act) {
  add("nonlin", A::name, Direction::forward, Make<float>([act](Data<float> a, const Shape& s) {
        return repeat([=, t = shape_of(s)] { nonlin::forward(act, a.x, a.out, t); });
      }));
  add("nonlin", A::name, Direction::from_output, Make<float>([act](Data<float> a, const Shape& s) {
        return repeat([=, t = shape_of(s)] { nonlin::backward_from_output(act, a.x, a.dy, a.out, t); });
      }));
}

}  // namespace

void add_nonlin(Level level) {
  if (level == Level::avx2) nonlin::use_isa(nonlin::isa::avx2);
  add_version(std::string("nonlin ") + std::to_string(NONLIN_VERSION_MAJOR) + "." +
              std::to_string(NONLIN_VERSION_MINOR) + "." + std::to_string(NONLIN_VERSION_PATCH) + " on " +
              nonlin::to_string(nonlin::active_isa()));

  const auto exp = [](auto x) { return nonlin::exp(x); };
  add_forward<float>("exp", exp);
  add_forward<float>("ReLU", nonlin::ReLU{});
  add_forward<float>("LeakyReLU", nonlin::LeakyReLU{});
  add_forward<float>("ELU", nonlin::ELU{});
  add_forward<float>("SELU", nonlin::SELU{});
  add_forward<float>("Sigmoid", nonlin::Sigmoid{});
  add_forward<float>("Tanh", nonlin::Tanh{});
  add_forward<float>("GELU", nonlin::GELU{});
  add_forward<float>("GELUTanh", nonlin::GELUTanh{});
  add_forward<float>("SiLU", nonlin::SiLU{});

  add_forward<double>("exp", exp);
  add_forward<double>("Sigmoid", nonlin::Sigmoid{});
  add_forward<double>("Tanh", nonlin::Tanh{});
  add_forward<double>("GELU", nonlin::GELU{});
  add_forward<double>("SiLU", nonlin::SiLU{});

  add_backward(nonlin::ReLU{});
  add_backward(nonlin::ELU{});
  add_backward(nonlin::Sigmoid{});
  add_backward(nonlin::Tanh{});
  add_backward(nonlin::GELU{});
  add_backward(nonlin::GELUTanh{});
  add_backward(nonlin::SiLU{});
  add_from_output(nonlin::ELU{});
  add_from_output(nonlin::Sigmoid{});
  add_from_output(nonlin::Tanh{});

  add_gated("GLU", nonlin::GLU{});
  add_gated("SwiGLU", nonlin::SwiGLU{});
  add_gated("GeGLU", nonlin::GeGLU{});

  add_rows(nonlin::Softmax{});
  add_rows(nonlin::LogSoftmax{});

  add("nonlin", "PReLU", Direction::backward, Make<float>([](Data<float> a, const Shape& s) {
        return repeat([=, act = nonlin::PReLU<float>(a.slopes, s.axis), t = shape_of(s)] {
          nonlin::backward(act, a.x, a.dy, a.out, a.dslopes, t);
        });
      }));
}

}  // namespace peers
