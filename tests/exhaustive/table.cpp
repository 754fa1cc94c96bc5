#include "table.hpp"
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <set>
#include <sstream>
#include "sweep.hpp"

namespace exhaustive {
namespace {

template <class... A>
std::string format(const char* f, const A&... a) {
  char text[512];
  std::snprintf(text, sizeof text, f, a...);
  return text;
}

std::string title(const row& r) { return r.activation + ' ' + r.direction + ' ' + r.type + ' ' + r.isa; }

// Never more than there was: 100 only if all. The first line of double tells a result from its neighbour
// but for one in some hundred thousand.
std::string share_text(const row& r) {
  const double digits = r.type == "float" ? 1e4 : 1e2;
  const double share =
      static_cast<double>(r.r.correct) / static_cast<double>(std::max<std::uint64_t>(r.r.numbers, 1));
  return format("%.*f %%", r.type == "float" ? 4 : 2, std::floor(share * 100 * digits) / digits);
}

}  // namespace

// Never less than what was found, nor more than 1e-4 above it.
std::string ulp_text(double error) {
  if (error >= 1e6) return format("%.3g", error);
  return format("%.4f", std::ceil(error * 1e4) / 1e4);
}

std::string rows_missing_in(const std::string& page, const std::string& table) {
  std::set<std::string> known;
  std::istringstream in(page), ours(table);
  std::string line, missing;
  while (std::getline(in, line)) known.insert(line);
  while (std::getline(ours, line)) {
    if (line.starts_with("| ") && !known.contains(line)) missing += line + '\n';
  }
  return missing;
}

std::vector<read_row> rows_of(const std::string& page) {
  std::vector<read_row> rows;
  std::istringstream in(page);
  std::string line;
  while (std::getline(in, line)) {
    if (line.starts_with("Within ")) break;  // the second table
    std::vector<std::string> c;
    for (std::size_t at = 0, bar; line.starts_with("| ") && (bar = line.find(" |", at)) != std::string::npos; at = bar + 1)
      c.push_back(line.substr(at + 2, bar > at + 2 ? bar - at - 2 : 0));
    if (c.size() == 9 && c[0] != "activation") rows.push_back({c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7]});
  }
  return rows;
}

std::string table(const std::vector<row>& rows, const std::string& inputs) {
  std::string text =
      "# Accuracy certificate\n\nMade by `nonlin_exhaustive` (tests/exhaustive) over " + inputs +
      ".\nErrors are in ULP of the exact result, rounded up in the last digit. "
      "`want` is the exact result, to more digits than the type has.\n\n"
      "| activation | type | direction | ISA | max ULP | at | got | want | correctly rounded |\n"
      "|---|---|---|---|---|---|---|---|---|\n";
  bool absolute = false;
  for (const row& r : rows) {
    const std::string what =
        "| " + r.activation + " | " + r.type + " | " + r.direction + " | " + r.isa + " | ";
    absolute = absolute || r.r.absolute.error >= 0;
    if (r.r.ulp.error <= 0) {  // all exact, or nothing looked at but near a root
      text += what + "0 | - | - | - | " + share_text(r) + " |\n";
    } else {
      text += what + ulp_text(r.r.ulp.error) + " | " + r.r.ulp.at + " | " + r.r.ulp.got + " | " +
              r.r.ulp.want + " | " + share_text(r) + " |\n";
    }
  }
  if (!absolute) return text;
  text +=
      "\nWithin `radius` of the derivative's root, where the bound is absolute:\n\n"
      "| activation | type | direction | ISA | max absolute error | at | got | want |\n"
      "|---|---|---|---|---|---|---|---|\n";
  for (const row& r : rows) {
    if (r.r.absolute.error < 0) continue;
    text += "| " + r.activation + " | " + r.type + " | " + r.direction + " | " + r.isa + " | " +
            format("2^%.2f", std::ceil(std::log2(r.r.absolute.error) * 100) / 100) + " | " + r.r.absolute.at +
            " | " + r.r.absolute.got + " | " + r.r.absolute.want + " |\n";
  }
  return text;
}

std::string faults(const row& r) {
  const auto at = [](const found& f) { return "at " + f.at + ": got " + f.got + ", want " + f.want; };
  std::string text;
  if (r.r.special > 0) {
    text += title(r) +
            format(": %llu special values wrong (NaN, infinities, signs of zeros); ",
                   static_cast<unsigned long long>(r.r.special)) +
            at(r.r.wrong) + '\n';
  }
  if (r.r.beyond > 0) {
    text +=
        title(r) + format(": %llu results beyond the bound; ", static_cast<unsigned long long>(r.r.beyond));
    const bool in_ulp = r.r.ulp.error > r.bound;
    if (in_ulp) text += format("%.6g ULP, bound %g, ", r.r.ulp.error, r.bound) + at(r.r.ulp);
    if (r.r.absolute.error > r.absolute_bound) {
      text += format("%s%a absolute, bound %a, ", in_ulp ? "; " : "", r.r.absolute.error, r.absolute_bound) +
              at(r.r.absolute);
    }
    text += '\n';
  }
  const double promised =
      r.type == "float" ? part_traits<float>::first_line : part_traits<double>::first_line;
  if (!(r.r.first_line <= promised)) {
    text +=
        title(r) +
        format(": this tool's first-line oracle is off by %.3g ULP, more than %.3g: a fault of the tool\n",
               r.r.first_line, promised);
  }
  return text;
}

}  // namespace exhaustive
