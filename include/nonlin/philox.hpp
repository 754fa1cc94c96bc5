// SPDX-License-Identifier: Apache-2.0
// Philox4x32-10, a counter-based generator of random numbers: block `counter` of the stream `key` is a pure function of
// both (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3, SC 2011).
#pragma once
#include <array>
#include <cstdint>
#include "kernels/lanes.hpp"

#include "detail/begin.hpp"

namespace nonlin {
inline namespace NONLIN_ABI {
namespace detail {

struct philox_constants {
  static constexpr std::uint32_t multiplier[2] = {0xd2511f53u, 0xcd9e8d57u};
  static constexpr std::uint32_t weyl[2] = {0x9e3779b9u, 0xbb67ae85u};
  static constexpr int rounds = 10;
};

}  // namespace detail

// Four random words. counter[0] and key[0] are the lowest.
constexpr std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                                  std::array<std::uint32_t, 2> key) noexcept {
  using c = detail::philox_constants;
  for (int round = 0; round < c::rounds; ++round) {
    const std::uint64_t a = std::uint64_t{c::multiplier[0]} * counter[0], b = std::uint64_t{c::multiplier[1]} * counter[2];
    counter = {static_cast<std::uint32_t>(b >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(b),
               static_cast<std::uint32_t>(a >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(a)};
    key[0] += c::weyl[0];
    key[1] += c::weyl[1];
  }
  return counter;
}

namespace detail {

// out[4 k + j] = word j of block first + k of the stream of `seed`, for `blocks` blocks or a few more, which `out` must have
// room for: as many as V's instruction set takes at once. After block 2^62 - 1 comes 0, as after word 2^64 - 1.
template <class V>
NONLIN_INLINE void philox_blocks(const V& isa, std::uint64_t seed, std::uint64_t first, std::size_t blocks,
                                 std::uint32_t* out) {
  using c = philox_constants;
  const auto zero = zero_words(isa), low = all_lanes(zero, 0xffffffff);
  using words = std::remove_const_t<decltype(zero)>;
  for (std::size_t done = 0; done < blocks; done += words::size) {
    std::uint64_t number[words::size];
    for (std::size_t k = 0; k < words::size; ++k) number[k] = (first + done + k) & (~std::uint64_t{0} >> 2);
    // a word in the lower half of each lane; `product` does not see what is in the upper
    words w0 = load(zero, number), w1 = w0 >> 32, w2 = zero, w3 = zero;
    auto key0 = static_cast<std::uint32_t>(seed), key1 = static_cast<std::uint32_t>(seed >> 32);
    for (int round = 0; round < c::rounds; ++round) {
      const words a = product(w0, c::multiplier[0]), b = product(w2, c::multiplier[1]);
      w0 = (b >> 32) ^ w1 ^ all_lanes(zero, key0);
      w1 = b;
      w2 = (a >> 32) ^ w3 ^ all_lanes(zero, key1);
      w3 = a;
      key0 += c::weyl[0];
      key1 += c::weyl[1];
    }
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    store_zipped(out + 4 * done, (w0 << 32) | (w1 & low), (w2 << 32) | (w3 & low));
#else
    store_zipped(out + 4 * done, (w0 & low) | (w1 << 32), (w2 & low) | (w3 << 32));
#endif
  }
}

}  // namespace detail
}  // namespace NONLIN_ABI
}  // namespace nonlin
#include "detail/end.hpp"
