// What a C++ program writes today: <cmath> in a loop. One row an activation, `std_forward` and
// `std_derivative`; an activation without a row has no baseline. Called with float or double, in that type's
// own functions.
#ifndef NONLIN_BENCH_BASELINE_HPP
#define NONLIN_BENCH_BASELINE_HPP

#include <cmath>
#include <nonlin/nonlin.hpp>
#include <numbers>

namespace baseline {

template <class T>
inline T sigmoid(T x) {
  return T(1) / (T(1) + std::exp(-x));
}

template <class T>
inline T gelu_tanh_argument(T x) {
  return T(0.7978845608028654) * (x + T(0.044715) * x * x * x);  // sqrt(2/pi) (x + 0.044715 x^3)
}

constexpr double selu_alpha = 1.6732632423543772848;
constexpr double selu_scale = 1.0507009873554804934;

template <class A>
inline constexpr auto std_forward = nullptr;
template <class A>
inline constexpr auto std_derivative = nullptr;

// clang-format off
template <> inline constexpr auto std_forward<nonlin::Identity> = []<class T>(T x) { return x; };
template <> inline constexpr auto std_forward<nonlin::Sigmoid> = []<class T>(T x) { return sigmoid(x); };
template <> inline constexpr auto std_forward<nonlin::Tanh> = []<class T>(T x) { return std::tanh(x); };
template <> inline constexpr auto std_forward<nonlin::ReLU> = []<class T>(T x) { return x > T(0) ? x : T(0); };
template <> inline constexpr auto std_forward<nonlin::LeakyReLU> = []<class T>(T x) { return x > T(0) ? x : T(0.01) * x; };
template <> inline constexpr auto std_forward<nonlin::ELU> = []<class T>(T x) { return x > T(0) ? x : std::expm1(x); };
template <> inline constexpr auto std_forward<nonlin::SELU> = []<class T>(T x) { return T(selu_scale) * (x > T(0) ? x : T(selu_alpha) * std::expm1(x)); };
template <> inline constexpr auto std_forward<nonlin::GELU> = []<class T>(T x) { return T(0.5) * x * (T(1) + std::erf(x / std::numbers::sqrt2_v<T>)); };
template <> inline constexpr auto std_forward<nonlin::GELUTanh> = []<class T>(T x) { return T(0.5) * x * (T(1) + std::tanh(gelu_tanh_argument(x))); };
template <> inline constexpr auto std_forward<nonlin::SiLU> = []<class T>(T x) { return x * sigmoid(x); };
template <> inline constexpr auto std_forward<nonlin::Swish> = []<class T>(T x) { return x * sigmoid(x); };
template <> inline constexpr auto std_forward<nonlin::RReLU> = []<class T>(T x) { return x > T(0) ? x : T(11.0 / 48) * x; };

template <> inline constexpr auto std_derivative<nonlin::Identity> = []<class T>(T) { return T(1); };
template <> inline constexpr auto std_derivative<nonlin::Sigmoid> = []<class T>(T x) { const T s = sigmoid(x); return s * (T(1) - s); };
template <> inline constexpr auto std_derivative<nonlin::Tanh> = []<class T>(T x) { const T t = std::tanh(x); return T(1) - t * t; };
template <> inline constexpr auto std_derivative<nonlin::ReLU> = []<class T>(T x) { return x > T(0) ? T(1) : T(0); };
template <> inline constexpr auto std_derivative<nonlin::LeakyReLU> = []<class T>(T x) { return x > T(0) ? T(1) : T(0.01); };
template <> inline constexpr auto std_derivative<nonlin::ELU> = []<class T>(T x) { return x > T(0) ? T(1) : std::exp(x); };
template <> inline constexpr auto std_derivative<nonlin::SELU> = []<class T>(T x) { return T(selu_scale) * (x > T(0) ? T(1) : T(selu_alpha) * std::exp(x)); };
template <> inline constexpr auto std_derivative<nonlin::GELU> = []<class T>(T x) { return T(0.5) * (T(1) + std::erf(x / std::numbers::sqrt2_v<T>)) + x * std::exp(T(-0.5) * x * x) * T(0.3989422804014327); };
template <> inline constexpr auto std_derivative<nonlin::GELUTanh> = []<class T>(T x) { const T t = std::tanh(gelu_tanh_argument(x)); return T(0.5) * (T(1) + t) + T(0.5) * x * (T(1) - t * t) * T(0.7978845608028654) * (T(1) + T(3 * 0.044715) * x * x); };
template <> inline constexpr auto std_derivative<nonlin::SiLU> = []<class T>(T x) { const T s = sigmoid(x); return s * (T(1) + x * (T(1) - s)); };
template <> inline constexpr auto std_derivative<nonlin::Swish> = []<class T>(T x) { const T s = sigmoid(x); return s * (T(1) + x * (T(1) - s)); };
template <> inline constexpr auto std_derivative<nonlin::RReLU> = []<class T>(T x) { return x > T(0) ? T(1) : T(11.0 / 48); };
// clang-format on

}  // namespace baseline

#endif
