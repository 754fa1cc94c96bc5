// SPDX-License-Identifier: Apache-2.0
// RReLU in training: x > 0 ? x : r x, the slope r of each element being drawn from [lower, upper) (Xu et al. 2015, arXiv
// 1505.00853).
//
//   forward(RReLU{}.training(seed, offset), x, y)
//   backward(RReLU{}.training(seed, offset), x, dy, dx)     draws the same slopes again: no noise is stored
//   noise(RReLU{}.training(seed, offset), x, r)             r, or 1 where x > 0: PyTorch's noise tensor
//
//   slope of element i = lower + (upper - lower) u, u = w / 2^24, w being the upper 24 bits of word (offset + i) % 4 of
//   block (offset + i) / 4 of Philox4x32-10's stream of key `seed`: the same for float and double, on every instruction
//   set, however the array is cut (the part from i on has the offset offset + i, modulo 2^64).
//   In float, lower, upper - lower and the slope are rounded: it may be upper, never more.
//   Results are the same bits on every instruction set. In place as forward and backward are.
#pragma once
#include "array.hpp"
#include "philox.hpp"
#include "rrelu.hpp"

#include "detail/begin.hpp"

namespace nonlin {
inline namespace NONLIN_ABI {
namespace detail {

enum class rrelu_result { value, gradient, noise };

template <class T, rrelu_result Result>
struct rrelu_body {
  RReLUTraining act;
  const T *x, *dy;
  T* out;
  std::size_t n;

  template <class V>
  NONLIN_INLINE void operator()(const V& isa) const {
    constexpr std::size_t w = V::size, piece = 512;
    std::uint32_t words[piece + 4 + 4 * 8 + 16];  // the blocks of a piece, and what vectors write and read beyond
    // No fma, so that all instruction sets round alike.
    const V lower(act.lower), width(act.upper - act.lower), unit(0x1p-24);
    const V highest(act.lower < act.upper ? act.upper : act.lower);  // rounding could go beyond
    for (std::size_t first = 0; first < n; first += piece) {
      const std::size_t count = least(piece, n - first);
      const std::uint64_t element = act.offset + first;
      const std::size_t skipped = element % 4;
      philox_blocks(isa, act.seed, element / 4, (skipped + count + 3) / 4, words);
      for (std::size_t i = 0; i < count; i += w) {
        const std::size_t k = least(w, count - i), at = first + i;
        const V slope = at_most(lower + width * (top_24_bits(isa, words + skipped + i) * unit), highest);
        const V v = load<V>(x + at, k);
        if constexpr (Result == rrelu_result::value) {
          store_some(out + at, math::leaky(v, slope), k);
        } else {
          const V r = math::leaky_slope(v, slope);
          store_some(out + at, Result == rrelu_result::noise ? r : load<V>(dy + at, k) * r, k);
        }
      }
    }
  }
};

template <class T, rrelu_result Result>
void run_rrelu(const RReLUTraining& act, const argument& x, const argument& dy, const argument& out) {
  const rrelu_body<T, Result> body{act, static_cast<const T*>(x.data), static_cast<const T*>(dy.data),
                                   to_write<T>(out), x.count};
  with_kernels([&](auto k) { k.template run<T>(body); });
}

}  // namespace detail

template <detail::contiguous X, detail::contiguous Y>
void forward(const RReLUTraining& act, const X& x, Y&& y) {
  detail::check_types<Y, const X>();
  using detail::arg, detail::data_of, detail::size_of;
  const auto from = arg("x", data_of(x), size_of(x)), to = arg("y", data_of(y), size_of(y));
  detail::check_arrays("forward", to, from);
  detail::run_rrelu<detail::value_of<Y>, detail::rrelu_result::value>(act, from, {}, to);
}
template <element T>
void forward(const RReLUTraining& act, const T* x, T* y, std::size_t n) {
  const auto from = detail::arg("x", x, n), to = detail::arg("y", y, n);
  detail::check_arrays("forward", to, from);
  detail::run_rrelu<T, detail::rrelu_result::value>(act, from, {}, to);
}

template <detail::contiguous X, detail::contiguous DY, detail::contiguous DX>
void backward(const RReLUTraining& act, const X& x, const DY& dy, DX&& dx) {
  detail::check_types<DX, const X, const DY>();
  using detail::arg, detail::data_of, detail::size_of;
  const auto from = arg("x", data_of(x), size_of(x)), gradient = arg("dy", data_of(dy), size_of(dy));
  const auto to = arg("dx", data_of(dx), size_of(dx));
  detail::check_arrays("backward", to, from, gradient);
  detail::run_rrelu<detail::value_of<DX>, detail::rrelu_result::gradient>(act, from, gradient, to);
}
template <element T>
void backward(const RReLUTraining& act, const T* x, const T* dy, T* dx, std::size_t n) {
  const auto from = detail::arg("x", x, n), gradient = detail::arg("dy", dy, n), to = detail::arg("dx", dx, n);
  detail::check_arrays("backward", to, from, gradient);
  detail::run_rrelu<T, detail::rrelu_result::gradient>(act, from, gradient, to);
}

template <detail::contiguous X, detail::contiguous R>
void noise(const RReLUTraining& act, const X& x, R&& r) {
  detail::check_types<R, const X>();
  using detail::arg, detail::data_of, detail::size_of;
  const auto from = arg("x", data_of(x), size_of(x)), to = arg("r", data_of(r), size_of(r));
  detail::check_arrays("noise", to, from);
  detail::run_rrelu<detail::value_of<R>, detail::rrelu_result::noise>(act, from, {}, to);
}
template <element T>
void noise(const RReLUTraining& act, const T* x, T* r, std::size_t n) {
  const auto from = detail::arg("x", x, n), to = detail::arg("r", r, n);
  detail::check_arrays("noise", to, from);
  detail::run_rrelu<T, detail::rrelu_result::noise>(act, from, {}, to);
}

}  // namespace NONLIN_ABI
}  // namespace nonlin
#include "detail/end.hpp"
