#pragma once
#include <cstdint>
#include <nonlin/dispatch.hpp>
#include <string>
#include <utility>
#include <vector>
#include "subject.hpp"

namespace exhaustive {

struct options {
  bool of_float = true, of_double = true;
  std::vector<std::string> activations;  // empty: all
  std::vector<direction> directions = {direction::forward, direction::derivative};
  std::vector<nonlin::isa> isas;                                 // of this machine's, best last
  std::vector<std::pair<std::uint32_t, std::uint32_t>> ranges;   // of float, bit patterns; empty: all
  std::uint32_t every = 1;                                       // of float, one in so many, a power of two
  std::uint64_t points = 1'000'000'000;                          // of double, a case
  unsigned processes = 1;
  std::string resume, table, check, verify;
};

// Ends the program, with a message, where the arguments are wrong (2) or ask for help (0).
options parse(int argc, char** argv, const std::vector<std::string>& names);

}  // namespace exhaustive
