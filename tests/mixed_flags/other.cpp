#include "other.hpp"

// This file alone is built with -m flags: on a CPU that lacks them none of its functions may be called.

#ifdef __AVX512F__
constinit const bool other::needs_avx512 = true;
#else
constinit const bool other::needs_avx512 = false;
#endif

int other::active_isa() { return static_cast<int>(nonlin::active_isa()); }
void other::use_isa(int isa) { nonlin::use_isa(static_cast<nonlin::isa>(isa)); }

void other::forward(nonlin::GELU act, const float* x, float* y, std::size_t n) {
  nonlin::forward(act, x, y, n);
}
void other::backward(nonlin::GELU act, const float* x, const float* dy, float* dx, std::size_t n) {
  nonlin::backward(act, x, dy, dx, n);
}
float other::scalar(nonlin::GELU act, float x) { return act(x); }
