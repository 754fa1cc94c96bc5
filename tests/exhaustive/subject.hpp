// What is measured: each activation of the library with its kernels, its bounds and its 113-bit oracle.
// The kernels, ../calls.cpp, are compiled as users compile: without -m flags.
#pragma once
#include <memory>
#include <nonlin/activation.hpp>
#include <nonlin/dispatch.hpp>
#include <string>
#include <vector>
#include "../oracle.hpp"
#include "formula.hpp"

namespace exhaustive {

enum class direction { forward, derivative };
constexpr const char* to_string(direction d) { return d == direction::forward ? "forward" : "derivative"; }

template <class T>
class subject {
 public:
  virtual ~subject() = default;
  std::string name;           // the activation's, and its parameter if that is not the default
  nonlin::accuracy bounds{};  // those of its header
  double scale = 1;           // bounds.root is a root in scale x
  std::vector<double> cutoffs;

  // y[i] = act(x[i]) or act'(x[i]) on the active instruction set
  virtual void run(direction d, const T* x, T* y, std::size_t n) const = 0;
  virtual oracle::quad exact(direction d, T x) const = 0;
  virtual formula first_line_formula(direction d) const = 0;

  double bound(direction d) const { return d == direction::forward ? bounds.forward : bounds.derivative; }
  bool absolute_at(direction d, T x) const {
    if (d == direction::forward || !(bounds.radius > 0)) return false;
    const double from_root = scale * static_cast<double>(x) - bounds.root;
    return from_root < bounds.radius && from_root > -bounds.radius;
  }
};

template <class T>
std::vector<std::unique_ptr<subject<T>>> subjects();

// |got - exact| in ULP of T at exact, as ulp_error() of tests/ulp.hpp has it, for an exact value of 113 bits.
template <class T>
double error_in_ulp(T got, const oracle::quad& exact);

}  // namespace exhaustive
