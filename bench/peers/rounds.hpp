// Rivals in turn: Google Benchmark, one group at a time, so that the repetitions of those that are compared
// are neighbours in time whatever the clock does.
#pragma once
#include <chrono>
#include <regex>
#include <string>
#include <vector>

#include "peers.hpp"

namespace peers {

struct Rival {
  std::string name;
  Run run;
};

class Rounds {
 public:
  // Takes Google Benchmark's arguments out of argv, and pins the program to one CPU.
  Rounds(int* argc, char** argv);
  ~Rounds();
  Rounds(const Rounds&) = delete;
  Rounds& operator=(const Rounds&) = delete;

  // by --benchmark_filter
  bool wanted(const std::string& name) const;

  // For progress: the number of measurements to come.
  void expect(std::size_t rivals) { expected_ = rivals; }

  // ns a call of each, the least of the repetitions; prints them divided by `divisor`. `long_calls` are repeated less.
  std::vector<double> measure(const std::string& group, const std::vector<Rival>& rivals, double divisor,
                              bool long_calls = false);

 private:
  std::string pattern_;
  std::regex filter_;
  bool negative_ = false;
  std::size_t expected_ = 0, done_ = 0;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace peers
