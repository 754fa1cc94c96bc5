// The certificate: a Markdown page of two tables, one row a case and instruction set. A test that reads it finds in
// a row all it needs to measure the row's worst result again.
#pragma once
#include <string>
#include <vector>
#include "result.hpp"

namespace exhaustive {

struct row {
  std::string activation, type, direction, isa;
  double bound;               // the header's, in ULP
  double absolute_bound = 0;  // and near the derivative's root, if it has one
  result r;
};

std::string table(const std::vector<row>& rows, const std::string& inputs);

// The error of a row as its table has it.
std::string ulp_text(double error);

// The rows of `table` that are not in `page`, as they are.
std::string rows_missing_in(const std::string& page, const std::string& table);

// The first eight columns of a page's first table.
struct read_row {
  std::string activation, type, direction, isa, ulp, at, got, want;
};
std::vector<read_row> rows_of(const std::string& page);

// What is wrong in a row, a line a fault; empty if it keeps what its header states.
std::string faults(const row& r);

}  // namespace exhaustive
