// Polynomials fitted to the 113-bit oracle when the program starts, for first lines that have no better formula.
#pragma once
#include <array>
#include <cstddef>

namespace exhaustive {

// Where a derivative crosses 0 its formula cancels. Within `width` of the root it is taken from its expansion
// there: f'(x) = d (c[0] + c[1] t + ...), d = x - root - rest, t = d / width.
struct root_expansion {
  static constexpr std::size_t terms = 16;
  static constexpr double width = 0.125;
  bool used = false;
  long double root = 0, rest = 0;
  long double c[terms] = {};
};

// erfcx(t) = e^(t^2) erfc(t), 0 <= t < end: within piece k, of d = t - (k + 1/2) / per_unit,
// erfcx = (head[0] + rest[0]) + d ((head[1] + rest[1]) + d ((head[2] + rest[2]) + d (head[3] + d (head[4] + ...
struct erfcx_piece {
  static constexpr std::size_t terms = 15, in_two = 3;
  double head[terms], rest[in_two];
};
struct erfcx_table {
  static constexpr int per_unit = 8, end = 28;
  std::array<erfcx_piece, std::size_t{per_unit} * end> piece;
};
const erfcx_table& erfcx();

}  // namespace exhaustive
