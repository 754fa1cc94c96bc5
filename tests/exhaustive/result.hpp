// What a part of a sweep found on one instruction set, and the file that keeps it: a line a part, appended when
// the part is done, so that a run that was stopped goes on where it was.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace exhaustive {

struct found {
  double error = -1;  // in ULP, or absolute; -1: nothing looked at
  std::string at, got, want;
};

struct result {
  std::uint64_t numbers = 0;  // inputs but NaN
  std::uint64_t correct = 0;  // whose result is the exact one, rounded
  std::uint64_t beyond = 0;   // above the bound
  std::uint64_t special =
      0;  // NaN from a number, a number from NaN, a wrong limit at infinity, a zero of the wrong sign
  double first_line = 0;       // largest error of the first-line oracle found, in ULP
  found ulp, absolute, wrong;  // the worst in ULP; the worst near the root; an example of `special`
  void add(const result& part);
};

// "float GELU forward avx512 00000000 03ffffff"
struct part_key {
  std::string type, activation, direction, isa, first, last;
  std::string text() const;
};

std::string to_line(const part_key& key, const result& r);
bool from_line(const std::string& line, std::string& key, result& r);

// The program that made a state: its results are nobody else's.
std::string fingerprint_of_program();

}  // namespace exhaustive
