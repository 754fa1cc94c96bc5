// What main.cpp calls in other.cpp. ISAs cross as int: the library's own types other than activations may
// differ between files built with different flags.
#ifndef NONLIN_TESTS_MIXED_FLAGS_OTHER_HPP
#define NONLIN_TESTS_MIXED_FLAGS_OTHER_HPP

#include <cstddef>
#include <nonlin/nonlin.hpp>

namespace other {

extern const bool needs_avx512;
int active_isa();
void use_isa(int isa);
void forward(nonlin::GELU act, const float* x, float* y, std::size_t n);
void backward(nonlin::GELU act, const float* x, const float* dy, float* dx, std::size_t n);
float scalar(nonlin::GELU act, float x);

}  // namespace other

#endif
