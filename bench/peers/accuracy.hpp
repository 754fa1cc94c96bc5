// How wrong an implementation is: the same callable as is timed, on other inputs.
// Only results that are normal numbers count: subnormal ones may be flushed.
#pragma once
#include <string>

#include "peers.hpp"

namespace peers {

struct Accuracy {
  double common = 0;    // the largest error for |x| <= 5, where activations live
  double ulp = 0;       // the largest of all
  double at = 0;        // at this x; rows: of what
  std::string remarks;  // what is lost, NaN made or hidden
};

// elementwise            ULP of the exact result, |x| <= 110 (double: 700); of the derivative with dy = 1, but within 1/4
//                        of its roots
// gated                  value = dy = 1; the worse of the two gradients
// Softmax                ULP of results e^-80 of the row's largest or more
// its gradient           ULP of y times the larger of |dy| and sum of |dy y|
// LogSoftmax             ULP of max(|y|, 1); of its gradient: of the larger term
// PReLU                  ULP of dx; of the slope's gradient: of the sum of magnitudes
// `common` of a softmax is of results e^-5 of the largest or more, else along an axis the same as `ulp`.
//
// Ends the program if the implementation does not compute the function at all.
template <class T>
Accuracy accuracy_of(const Entry<T>& entry, const Shape& shape);

// Makes x what the work expects: y for backward from the output.
template <class T>
void fill_output(const std::string& function, const Arrays<T>& arrays, const Shape& shape);

// Whether the function runs along an axis.
inline bool has_axis(const std::string& function) {
  return function == "Softmax" || function == "LogSoftmax" || function == "PReLU";
}

// "3.4", "52", "7e4"; NaN, or infinite where it should not be: "∞"
std::string ulp_text(double ulp);

}  // namespace peers
