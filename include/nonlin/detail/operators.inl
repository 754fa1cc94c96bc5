// SPDX-License-Identifier: Apache-2.0
// Included by each ISA file inside its region and namespace: what the compilers' own vector operators and the ISA's
// operations give, once for all. A plain number beside a vector converts to it.
#define NONLIN_OPERATORS(T)                                                                             \
  /* the first argument says of which instruction set: for code outside the regions */                     \
  NONLIN_OP vec<T> load(const vec<T>&, const T* p) { return load(p); }                                     \
  NONLIN_OP vec<T> load(const vec<T>&, const T* p, std::size_t n) { return load(p, n); }                   \
  NONLIN_OP vec<T> operator+(const vec<T>& a, const vec<T>& b) { return vec<T>(a.v + b.v); }               \
  NONLIN_OP vec<T> operator-(const vec<T>& a, const vec<T>& b) { return vec<T>(a.v - b.v); }               \
  NONLIN_OP vec<T> operator*(const vec<T>& a, const vec<T>& b) { return vec<T>(NONLIN_UNKNOWN(a.v * b.v)); } \
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

// Lane k gets lane k ^ Distance.
template <std::size_t Distance, class T>
NONLIN_OP vec<T> swapped(const vec<T>& a) {
  static_assert(Distance < vec<T>::size);
  return [&]<std::size_t... K>(std::index_sequence<K...>) {
    return vec<T>(__builtin_shufflevector(a.v, a.v, static_cast<int>(K ^ Distance)...));
  }(std::make_index_sequence<vec<T>::size>());
}

// Whole numbers, 64 bits a lane.
struct words {
  static constexpr std::size_t size = sizeof(words_register) / 8;
  words_register v;
  NONLIN_OP words(const words& o) : v(o.v) {}
  NONLIN_OP explicit words(const words_register& a) : v(a) {}
  NONLIN_OP words& operator=(const words& o) {
    v = o.v;
    return *this;
  }
};
NONLIN_OP words operator^(const words& a, const words& b) { return words(a.v ^ b.v); }
NONLIN_OP words operator|(const words& a, const words& b) { return words(a.v | b.v); }
NONLIN_OP words operator&(const words& a, const words& b) { return words(a.v & b.v); }
NONLIN_OP words operator<<(const words& a, int n) { return words(a.v << n); }
NONLIN_OP words operator>>(const words& a, int n) { return words(a.v >> n); }
NONLIN_OP words product(const words& a, std::uint32_t b) { return words(product(a.v, b)); }
NONLIN_OP words load(const words&, const std::uint64_t* p) {
  words_register r;
  __builtin_memcpy(&r, p, sizeof r);
  return words(r);
}
// a0 b0 a1 b1 ..., each as two 32-bit numbers in the machine's order
NONLIN_OP void store_zipped(std::uint32_t* p, const words& a, const words& b) {
  if constexpr (words::size == 1) {  // not by way of floating-point registers, which may change the bits of a NaN (x87)
    __builtin_memcpy(p, &a.v, sizeof a.v);
    __builtin_memcpy(p + 2, &b.v, sizeof b.v);
  } else {
    vec<double> x, y;
    __builtin_memcpy(&x.v, &a.v, sizeof x.v);
    __builtin_memcpy(&y.v, &b.v, sizeof y.v);
    zip(x, y, x, y);
    __builtin_memcpy(p, &x.v, sizeof x.v);
    __builtin_memcpy(p + 2 * words::size, &y.v, sizeof y.v);
  }
}
NONLIN_OP words all_lanes(const words&, std::uint64_t a) { return words(words_register{} + a); }
NONLIN_OP words zero_words(const vec<float>&) { return words(words_register{}); }
NONLIN_OP words zero_words(const vec<double>&) { return words(words_register{}); }

using nonlin::erf, nonlin::erfc, nonlin::exp, nonlin::expm1, nonlin::sigmoid, nonlin::tanh;
