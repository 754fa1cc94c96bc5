// The doubles of a sweep: where errors live. The points of a part depend on its number alone (and, a quarter of
// them, on the kernels: they are around the worst found).
#pragma once
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace exhaustive {

inline std::vector<double> special_numbers() {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  std::vector<double> x = {infinity, -infinity};
  for (const std::uint64_t sign : {std::uint64_t{0}, std::uint64_t{1} << 63}) {
    for (int payload = 0; payload < 52; ++payload) {  // quiet ones and signalling ones
      x.push_back(std::bit_cast<double>(sign | 0x7ff0000000000000 | std::uint64_t{1} << payload));
    }
    x.push_back(std::bit_cast<double>(sign | 0x7fffffffffffffff));
  }
  return x;
}

class point_source {
 public:
  point_source(const std::vector<double>& cutoffs, std::uint64_t seed) : cutoffs_(cutoffs), state_(seed) {}

  void draw(std::vector<double>& x) {
    for (double& e : x) {
      do e = one();
      while (!std::isfinite(e));
    }
  }
  // up to 2^40 numbers beside the centres, the more the nearer
  void near(const std::vector<double>& centres, std::vector<double>& x) {
    for (double& e : x) {
      do e = beside(centres[random() % centres.size()], 40);
      while (!std::isfinite(e));
    }
  }

 private:
  std::uint64_t random() {  // splitmix64
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }
  double unit() { return static_cast<double>(random() >> 11) * 0x1p-53; }
  double uniform(double low, double high) { return low + (high - low) * unit(); }
  double sign() { return (random() >> 63) != 0 ? 1.0 : -1.0; }
  double beside(double centre, unsigned octaves) {
    const std::uint64_t distance = random() >> (63 - random() % octaves);
    const auto b = std::bit_cast<std::uint64_t>(centre);
    return std::bit_cast<double>((random() >> 63) != 0 ? b + distance : b - distance);
  }

  double one() {
    constexpr double ln2 = 0.693147180559945309417;
    switch (random() % 16) {
      case 0:  // every exponent
      case 1:
        return std::bit_cast<double>(random());
      case 2:  // the powers of two about 1
        return sign() * std::ldexp(uniform(1, 2), static_cast<int>(random() % 72) - 60);
      case 3:
      case 4:
        return uniform(-2, 2);
      case 5:
      case 6:
        return uniform(-10, 10);
      case 7:
        return uniform(-40, 40);
      case 8:  // tails
        return uniform(-120, 60);
      case 9:
        return uniform(-800, 60);
      case 10:  // cutoffs and roots
      case 11:
        return beside(sign() * cutoffs_[random() % cutoffs_.size()], 52);
      case 12:  // where exponentials' reductions and tables change over: multiples of ln2 / 64, half, twice
        return beside(
            sign() * static_cast<double>(random() % 2048) * ln2 / static_cast<double>(32u << random() % 4),
            48);
      case 13:  // tables' edges: few bits
        return beside(sign() * static_cast<double>(random() % 1024) / static_cast<double>(8u << random() % 5),
                      48);
      case 14:  // squares' tables: where t^2 has few bits
        return beside(sign() * std::sqrt(static_cast<double>(random() % 2048) /
                                         static_cast<double>(1u << random() % 4)),
                      48);
      default:  // subnormals
        return std::bit_cast<double>(random() >> (12 + random() % 40)) * sign();
    }
  }

  const std::vector<double>& cutoffs_;
  std::uint64_t state_;
};

}  // namespace exhaustive
