// The activations of the list, their code compiled once, in calls.cpp, for all tests: kernels for each
// instruction set take a compiler its time. So do tests that are templates of the activation; with these they
// are templates of the number at most.
#pragma once
#include <cstddef>
#include <cstring>
#include <nonlin/nonlin.hpp>
#include <type_traits>

namespace compiled {

// The code of one activation for float or double; the activation itself is behind `act`. Null what it does
// not have.
template <class T>
struct code {
  void (*forward)(const void* act, const T* x, T* y, std::size_t n);
  void (*backward)(const void* act, const T* x, const T* dy, T* dx, std::size_t n);
  void (*backward_from_output)(const void* act, const T* y, const T* dy, T* dx, std::size_t n);
  void (*backward_parameter)(const void* act, const T* x, const T* dy, T* dx, std::size_t n, double& dparam);
  void (*map_parameter_derivative)(const void* act, const T* x, T* out, std::size_t n);
  T (*value)(const void* act, T x);
  T (*derivative)(const void* act, T x);
  T (*parameter_derivative)(const void* act, T x);
  bool (*output_tells_derivative)(const void* act);
};

// Of the index-th activation of the list.
template <class T>
const code<T>& code_of(std::size_t index);

template <class A, class... All>
constexpr std::size_t index_in(nonlin::type_list<All...>) {
  std::size_t i = 0;
  (void)((std::is_same_v<A, All> ? false : (++i, true)) && ...);
  return i;
}

// An activation with its parameters, for arrays and numbers of T.
template <class T>
class activation {
 public:
  template <class A>
  activation(const A& act)
      : name(A::name), bounds(A::template bounds<T>), code_(&code_of<T>(index_in<A>(nonlin::activations{}))) {
    static_assert(std::is_trivially_copyable_v<A> && sizeof act <= sizeof act_);
    std::memcpy(act_, &act, sizeof act);
  }

  void forward(const T* x, T* y, std::size_t n) const { code_->forward(act_, x, y, n); }
  void backward(const T* x, const T* dy, T* dx, std::size_t n) const { code_->backward(act_, x, dy, dx, n); }
  void backward_from_output(const T* y, const T* dy, T* dx, std::size_t n) const {
    code_->backward_from_output(act_, y, dy, dx, n);
  }
  void backward(const T* x, const T* dy, T* dx, std::size_t n, double& dparam) const {
    code_->backward_parameter(act_, x, dy, dx, n, dparam);
  }
  // out = d act(x) / d parameter, on arrays as forward
  void map_parameter_derivative(const T* x, T* out, std::size_t n) const {
    code_->map_parameter_derivative(act_, x, out, n);
  }
  T operator()(T x) const { return code_->value(act_, x); }
  T derivative(T x) const { return code_->derivative(act_, x); }
  T parameter_derivative(T x) const { return code_->parameter_derivative(act_, x); }

  bool has_parameter() const { return code_->backward_parameter != nullptr; }
  bool has_backward_from_output() const {
    return code_->backward_from_output != nullptr && code_->output_tells_derivative(act_);
  }

  const char* name;
  nonlin::accuracy bounds;

 private:
  const code<T>* code_;
  alignas(double) unsigned char act_[2 * sizeof(double)] = {};
};

}  // namespace compiled
