// SPDX-License-Identifier: Apache-2.0
// Included by each ISA file inside its region and namespace: what the compilers' own vector operators and the ISA's
// operations give, once for all. A plain number beside a vector converts to it.
#define NONLIN_OPERATORS(T)                                                                             \
  /* the first argument says of which instruction set: for code outside the regions */                     \
  NONLIN_OP vec<T> load(const vec<T>&, const T* p) { return load(p); }                                     \
  NONLIN_OP vec<T> load(const vec<T>&, const T* p, std::size_t n) { return load(p, n); }                   \
  NONLIN_OP vec<T> operator+(const vec<T>& a, const vec<T>& b) { return vec<T>(a.v + b.v); }               \
  NONLIN_OP vec<T> operator-(const vec<T>& a, const vec<T>& b) { return vec<T>(a.v - b.v); }               \
  NONLIN_OP vec<T> operator*(const vec<T>& a, const vec<T>& b) { return vec<T>(a.v * b.v); }               \
  NONLIN_OP vec<T> operator/(const vec<T>& a, const vec<T>& b) { return vec<T>(a.v / b.v); }               \
  NONLIN_OP vec<T> operator-(const vec<T>& a) { return vec<T>(-a.v); }                                     \
  NONLIN_OP vec<T> operator+(const vec<T>& a) { return a; }                                                \
  NONLIN_OP vec<T>& operator+=(vec<T>& a, const vec<T>& b) { return a = a + b; }                           \
  NONLIN_OP vec<T>& operator-=(vec<T>& a, const vec<T>& b) { return a = a - b; }                           \
  NONLIN_OP vec<T>& operator*=(vec<T>& a, const vec<T>& b) { return a = a * b; }                           \
  NONLIN_OP vec<T>& operator/=(vec<T>& a, const vec<T>& b) { return a = a / b; }                           \
  NONLIN_OP mask<T> operator>(const vec<T>& a, const vec<T>& b) { return b < a; }                          \
  NONLIN_OP mask<T> operator>=(const vec<T>& a, const vec<T>& b) { return b <= a; }                        \
  NONLIN_OP mask<T> operator&&(const mask<T>& a, const mask<T>& b) { return a & b; }                       \
  NONLIN_OP mask<T> operator||(const mask<T>& a, const mask<T>& b) { return a | b; }                       \
  /* NaN if either is: at_most and at_least keep the NaN of their first argument, the select that of b */ \
  NONLIN_OP vec<T> min(const vec<T>& a, const vec<T>& b) { return select(b != b, b, at_most(a, b)); }      \
  NONLIN_OP vec<T> max(const vec<T>& a, const vec<T>& b) { return select(b != b, b, at_least(a, b)); }
NONLIN_OPERATORS(float)
NONLIN_OPERATORS(double)
#undef NONLIN_OPERATORS

using nonlin::erf, nonlin::erfc, nonlin::exp, nonlin::expm1, nonlin::sigmoid, nonlin::tanh;
