// How long something takes beside something else, in this run: the clock and the neighbours of a machine move both alike.
#pragma once
#include <algorithm>
#include <chrono>

// The least of several rounds of both, in turn: seconds of the first by seconds of the second.
template <class Unusual, class Usual>
double ratio(const Unusual& unusual, const Usual& usual) {
  double least[2] = {1e300, 1e300};
  for (int round = 0; round < 15; ++round) {
    for (int which = 0; which < 2; ++which) {
      const auto start = std::chrono::steady_clock::now();
      for (int k = 0; k < 4; ++k) which == 0 ? unusual() : usual();
      least[which] = std::min(least[which], std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
  }
  return least[0] / least[1];
}
