#include "result.hpp"
#include <cstdio>
#include <fstream>
#include <iterator>
#include <sstream>

namespace exhaustive {
namespace {

void keep_worse(found& a, const found& b) {
  if (b.error > a.error) a = b;
}

std::string text_of(const found& f) {
  char error[40];
  std::snprintf(error, sizeof error, " %.17g ", f.error);
  if (f.error < 0) return " -1 - - -";
  return error + f.at + ' ' + f.got + ' ' + f.want;
}

bool read(std::istream& in, found& f) { return bool(in >> f.error >> f.at >> f.got >> f.want); }

}  // namespace

void result::add(const result& part) {
  numbers += part.numbers;
  correct += part.correct;
  beyond += part.beyond;
  special += part.special;
  if (part.first_line > first_line) first_line = part.first_line;
  keep_worse(ulp, part.ulp);
  keep_worse(absolute, part.absolute);
  keep_worse(wrong, part.wrong);
}

std::string part_key::text() const {
  return type + ' ' + activation + ' ' + direction + ' ' + isa + ' ' + first + ' ' + last;
}

std::string to_line(const part_key& key, const result& r) {
  std::ostringstream out;
  out << key.text() << " : " << r.numbers << ' ' << r.correct << ' ' << r.beyond << ' ' << r.special << ' '
      << r.first_line << text_of(r.ulp) << text_of(r.absolute) << text_of(r.wrong) << " .\n";
  return out.str();
}

bool from_line(const std::string& line, std::string& key, result& r) {
  const std::size_t colon = line.find(" : ");
  if (colon == std::string::npos) return false;
  key = line.substr(0, colon);
  std::istringstream in(line.substr(colon + 3));
  std::string end;
  return in >> r.numbers >> r.correct >> r.beyond >> r.special >> r.first_line && read(in, r.ulp) &&
         read(in, r.absolute) && read(in, r.wrong) && in >> end && end == ".";
}

std::string fingerprint_of_program() {
  std::ifstream file("/proc/self/exe", std::ios::binary);
  std::uint64_t hash = 14695981039346656037u;  // FNV-1a
  for (std::istreambuf_iterator<char> i(file), end; i != end; ++i) {
    hash = (hash ^ static_cast<unsigned char>(*i)) * 1099511628211u;
  }
  char text[32];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
  return text;
}

}  // namespace exhaustive
