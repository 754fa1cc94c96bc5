// A part of a sweep: some inputs, one activation and direction, all instruction sets against the same oracle.
#pragma once
#include <atomic>
#include <cstdint>
#include <vector>
#include "result.hpp"
#include "subject.hpp"

namespace exhaustive {

template <class T>
struct part_traits;
template <>
struct part_traits<float> {  // of bit patterns
  static constexpr std::uint64_t part_size = std::uint64_t{1} << 26;
  static constexpr std::size_t kept = 64;        // worst results of a part that 113 bits decide on
  static constexpr double near_bound = 0.01;     // and all within this of the bound, in ULP
  static constexpr double first_line = 0x1p-18;  // what the first line may be off by, in ULP
};
template <>
struct part_traits<double> {  // of points, drawn by their numbers
  static constexpr std::uint64_t part_size = std::uint64_t{1} << 22;
  static constexpr std::size_t kept = 24;
  static constexpr double near_bound = 0.05;
  static constexpr double first_line = 0x1p-5;
};

// Inputs first..last: bit patterns of float, one in `every`; for double the numbers of points. One result for each of `isas`.
template <class T>
std::vector<result> sweep(const subject<T>& s, direction d, const std::vector<nonlin::isa>& isas,
                          std::uint64_t first, std::uint64_t last, std::uint32_t every, std::atomic<std::uint64_t>& done);

}  // namespace exhaustive
