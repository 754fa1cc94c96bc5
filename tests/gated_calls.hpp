// The gated units, their code compiled once, in gated_calls.cpp and gated_calls_double.cpp, for all tests: kernels for each
// instruction set take a compiler its time.
//
// Unbiased split operands, forward and backward: every unit in both types. Biased and packed operands, whose kernels differ
// from those in how they walk and not in what they compute: GLU, GeGLU and SwiGLU in float, SwiGLU in double. With dbeta:
// SwiGLU, wherever it is.
#pragma once
#include <cstddef>
#include <cstring>
#include <nonlin/gated.hpp>
#include <optional>
#include <span>
#include <vector>
#include "calls.hpp"

namespace compiled {

// An array, with a bias or without. P: T, or const T for an input.
template <class P>
struct operand {
  using T = std::remove_const_t<P>;
  std::span<P> x;
  std::optional<std::span<P>> bias;

  operand(std::span<P> a) : x(a) {}
  operand(std::span<T> a) requires std::is_const_v<P> : x(a) {}
  operand(std::span<P> a, std::span<P> b) : x(a), bias(b) {}
  operand(std::conditional_t<std::is_const_v<P>, const std::vector<T>, std::vector<T>>& a) : x(a) {}
};

enum class packing { gate_first, gate_last, interleaved };
inline constexpr packing packings[] = {packing::gate_first, packing::gate_last, packing::interleaved};

// Null what is not compiled. No shape, no parameter: null.
template <class T>
struct gated_code {
  using in = const operand<const T>&;
  using out = const operand<T>&;
  using given = std::span<const T>;
  using shape = const nonlin::axis_shape*;

  const char* name;
  void (*forward)(const void* unit, in gate, in value, std::span<T> y, shape);
  void (*backward)(const void* unit, in gate, in value, given dy, out dgate, out dvalue, shape,
                   double* dparam);
  void (*forward_n)(const void* unit, const T* gate, const T* value, T* y, std::size_t n);
  void (*backward_n)(const void* unit, const T* gate, const T* value, const T* dy, T* dgate, T* dvalue,
                     std::size_t n);
  void (*packed_forward)(const void* unit, packing, in x, std::span<T> y, shape);
  void (*packed_backward)(const void* unit, packing, in x, given dy, out dx, shape, double* dparam);
  void (*packed_forward_n)(const void* unit, packing, const T* x, T* y, shape);
  void (*packed_backward_n)(const void* unit, packing, const T* x, const T* dy, T* dx, shape);
  T (*value)(const void* unit, T gate, T value);
};

// Of the index-th unit of the list.
template <class T>
const gated_code<T>& gated_code_of(std::size_t index);

// A unit with its parameters, for arrays of T.
template <class T>
class gated {
 public:
  using code = gated_code<T>;
  using shape = const nonlin::axis_shape&;

  template <class A>
  gated(const nonlin::Gated<A>& unit)
      : act(unit.act),
        code_(&gated_code_of<T>(index_in<nonlin::Gated<A>>(nonlin::gated_units{}))),
        name(code_->name) {
    static_assert(std::is_trivially_copyable_v<A> && sizeof unit <= sizeof unit_);
    std::memcpy(unit_, &unit, sizeof unit);
  }

  void forward(typename code::in gate, typename code::in value, std::span<T> y) const {
    code_->forward(unit_, gate, value, y, nullptr);
  }
  void forward(typename code::in gate, typename code::in value, std::span<T> y, shape s) const {
    code_->forward(unit_, gate, value, y, &s);
  }
  void forward(const T* gate, const T* value, T* y, std::size_t n) const {
    code_->forward_n(unit_, gate, value, y, n);
  }
  void backward(typename code::in gate, typename code::in value, std::span<const T> dy,
                typename code::out dgate, typename code::out dvalue) const {
    code_->backward(unit_, gate, value, dy, dgate, dvalue, nullptr, nullptr);
  }
  void backward(typename code::in gate, typename code::in value, std::span<const T> dy,
                typename code::out dgate, typename code::out dvalue, shape s) const {
    code_->backward(unit_, gate, value, dy, dgate, dvalue, &s, nullptr);
  }
  void backward(typename code::in gate, typename code::in value, std::span<const T> dy,
                typename code::out dgate, typename code::out dvalue, double& dparam) const {
    code_->backward(unit_, gate, value, dy, dgate, dvalue, nullptr, &dparam);
  }
  void backward(typename code::in gate, typename code::in value, std::span<const T> dy,
                typename code::out dgate, typename code::out dvalue, double& dparam, shape s) const {
    code_->backward(unit_, gate, value, dy, dgate, dvalue, &s, &dparam);
  }
  void backward(const T* gate, const T* value, const T* dy, T* dgate, T* dvalue, std::size_t n) const {
    code_->backward_n(unit_, gate, value, dy, dgate, dvalue, n);
  }

  void forward(packing p, typename code::in x, std::span<T> y) const {
    code_->packed_forward(unit_, p, x, y, nullptr);
  }
  void forward(packing p, typename code::in x, std::span<T> y, shape s) const {
    code_->packed_forward(unit_, p, x, y, &s);
  }
  void forward(packing p, const T* x, T* y, shape s) const { code_->packed_forward_n(unit_, p, x, y, &s); }
  void backward(packing p, typename code::in x, std::span<const T> dy, typename code::out dx) const {
    code_->packed_backward(unit_, p, x, dy, dx, nullptr, nullptr);
  }
  void backward(packing p, typename code::in x, std::span<const T> dy, typename code::out dx, shape s) const {
    code_->packed_backward(unit_, p, x, dy, dx, &s, nullptr);
  }
  void backward(packing p, typename code::in x, std::span<const T> dy, typename code::out dx, double& dparam,
                shape s) const {
    code_->packed_backward(unit_, p, x, dy, dx, &s, &dparam);
  }
  void backward(packing p, const T* x, const T* dy, T* dx, shape s) const {
    code_->packed_backward_n(unit_, p, x, dy, dx, &s);
  }
  T operator()(T gate, T value) const { return code_->value(unit_, gate, value); }

  activation<T> act;  // of the gate

 private:
  const code* code_;
  alignas(double) unsigned char unit_[2 * sizeof(double)] = {};

 public:
  const char* name;
};

// The units whose biased and packed forms are compiled.
template <class T, class F>
void on_units_along_an_axis(const F& f) {
  if constexpr (sizeof(T) == 4) {
    f(gated<T>(nonlin::GLU{}));
    f(gated<T>(nonlin::GeGLU{}));
  }
  f(gated<T>(nonlin::SwiGLU{}));
}

}  // namespace compiled
