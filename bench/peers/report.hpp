// What was measured, as tables and as a picture.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "accuracy.hpp"
#include "peers.hpp"

namespace peers {

struct Mark {
  std::string peer;
  double ns = 0;  // an element
  Accuracy accuracy;
};

// One piece of work at one size.
struct Measured {
  std::string function, type;
  Direction direction;
  std::string size;       // "4096", "512x128"
  bool by_shape = false;  // along an axis: every shape is a row of its own
  double floor = 0;       // ns an element
  std::vector<Mark> marks;
};

// Calls of very small arrays.
struct SmallCall {
  std::string function;
  std::size_t n;
  std::vector<Mark> marks;  // ns a call
};

struct Report {
  std::string title;
  std::vector<Measured> rows;
  std::vector<SmallCall> small;

  void write_markdown(const std::string& path) const;
  void write_svg(const std::string& path) const;
  void write_csv(const std::string& path) const;
};

const char* name_of(Direction);

}  // namespace peers
