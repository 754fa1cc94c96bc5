// The public calls, compiled with the flags in question (elementwise.cpp, along.cpp) for one type, NONLIN_TEST_TYPE, for
// judge.cpp, which is compiled without them: -ffast-math would fold a test's own isnan. No name of nonlin's that depends on
// flags crosses.
#pragma once
#include <cstddef>
#include <cstdint>
#include <nonlin/axis.hpp>
#include <span>

namespace subject {

// -- of each element by itself --------------------------------------------------------------------------------------------

enum class kind {
  forward, backward, from_output,      // of nonlin::activations
  functor, functor_derivative,         // of plain numbers
  gated_forward, gated_backward,       // of nonlin::gated_units
  training, training_backward, noise,  // of RReLU{}.training(training_seed, first)
  lambda,                              // SiLU as a user may write it
};
inline constexpr std::uint64_t training_seed = 7;

template <class T>
struct elementwise {
  kind what;
  const char* name;
  std::size_t index;  // in its list
  std::size_t inputs, outputs;
  void (*run)(const T* const* in, T* const* out, std::size_t n, std::size_t first);
};
template <class T>
std::span<const elementwise<T>> all_elementwise();

// -- along an axis ----------------------------------------------------------------------------------------------------------

enum class form {
  softmax, softmax_backward, log_softmax, log_softmax_backward,  // rows
  cross_entropy,                                                 // rows; labels: row % axis; losses in extra[0]
  prelu, prelu_backward,                                         // channels; slopes in p[0]; their gradient in extra[0]
  biased, biased_backward,                                       // GELU of x + p[0]
  swiglu, swiglu_backward,                                       // of x + p[0] and value + p[1]; gradients in extra[0], [1]
  packed, packed_backward,                                       // SwiGLU, the operands packed by the subject
  parameter,                                                     // Swish, the gradient of beta in extra[0][0]
};

template <class T>
struct along {
  form what;
  const char* name;
  std::size_t inputs, parameters, outputs;                      // arrays of the shape, of its axis, of the shape
  std::size_t extras, (*extra_size)(const nonlin::axis_shape&);  // other outputs
  void (*run)(const T* const* in, const T* const* p, T* const* out, T* const* extra, const nonlin::axis_shape&);
};
template <class T>
std::span<const along<T>> all_along();

// -- instruction sets ---------------------------------------------------------------------------------------------------------

std::size_t isa_count();
const char* use_isa(std::size_t i);  // its name; null if another one is active

}  // namespace subject
