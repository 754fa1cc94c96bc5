#include "options.hpp"
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <thread>

namespace exhaustive {
namespace {

constexpr const char* help =
    R"(nonlin_exhaustive: the accuracy certificate. Every float, and a billion chosen doubles, through each activation
and its derivative on each instruction set, against wider oracles.

  --float, --double        only that type (default: both)
  --activation=NAME        only that one; may be given again
  --direction=DIRECTION    forward or derivative (default: both)
  --isa=NAME               scalar, sse2, avx2, avx512; may be given again (default: all of this machine)
  --range=FIRST:LAST       only floats of these bit patterns, in hexadecimal, both included; may be given again
  --every=N                one float in N, a power of two up to 2048
  --points=N               doubles a case (default: 1000000000)
  --threads=N              processes that work (default: one a CPU)
  --resume=FILE            keep finished parts in FILE, and do not do again those that are in it
  --table=FILE             write the table to FILE too, as Markdown
  --check=FILE             each row must stand in FILE, digit by digit
  --verify=FILE            no sweep: measure the worst result of each row of the table in FILE again

Ends with 1 if a result is beyond its header's bound, a special value is wrong or a row is not that of FILE, with 2 if an argument is, with 3
if a worker died.
)";

[[noreturn]] void fail(const std::string& message) {
  std::fprintf(stderr, "nonlin_exhaustive: %s\n--help tells the arguments.\n", message.c_str());
  std::exit(2);
}

std::uint64_t number(std::string_view option, std::string_view text, int base) {
  if (base == 16 && (text.substr(0, 2) == "0x" || text.substr(0, 2) == "0X")) text.remove_prefix(2);
  std::uint64_t n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n, base);
  if (error != std::errc{} || end != text.data() + text.size()) {
    fail(std::string(option) + ": '" + std::string(text) + "' is not a " +
         (base == 16 ? "hexadecimal " : "") + "number");
  }
  return n;
}

std::string list_of(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& n : names) text += (text.empty() ? "" : ", ") + n;
  return text;
}

}  // namespace

options parse(int argc, char** argv, const std::vector<std::string>& names) {
  options o;
  o.processes = std::max(1u, std::thread::hardware_concurrency());
  bool only_float = false, only_double = false;
  std::vector<std::string> isa_names;
  const nonlin::isa_list available = nonlin::available_isas();
  for (const nonlin::isa i : available) isa_names.emplace_back(nonlin::to_string(i));

  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const std::size_t equals = argument.find('=');
    const std::string_view option = argument.substr(0, equals);
    const bool has_value = equals != std::string_view::npos;
    const std::string value(has_value ? argument.substr(equals + 1) : "");
    if (option == "--help") {
      std::fputs(help, stdout);
      std::exit(0);
    }
    if (option == "--float" || option == "--double") {
      if (has_value) fail(std::string(option) + " takes no value");
      (option == "--float" ? only_float : only_double) = true;
      continue;
    }
    constexpr std::string_view with_value[] = {"--activation", "--direction", "--isa",    "--range",
                                               "--points",     "--threads",   "--resume", "--table",
                                               "--every",      "--check",     "--verify"};
    if (std::find(std::begin(with_value), std::end(with_value), option) == std::end(with_value)) {
      fail("unknown argument '" + std::string(argument) + "'");
    }
    if (value.empty()) fail(std::string(option) + " needs a value: " + std::string(option) + "=...");

    if (option == "--activation") {
      if (std::find(names.begin(), names.end(), value) == names.end()) {
        fail("--activation: there is no '" + value + "'; there are " + list_of(names));
      }
      o.activations.push_back(value);
    } else if (option == "--direction") {
      if (value == "forward")
        o.directions = {direction::forward};
      else if (value == "derivative")
        o.directions = {direction::derivative};
      else
        fail("--direction: '" + value + "' is neither forward nor derivative");
    } else if (option == "--isa") {
      const auto found = std::find(isa_names.begin(), isa_names.end(), value);
      if (found == isa_names.end())
        fail("--isa: this machine has no '" + value + "'; it has " + list_of(isa_names));
      o.isas.push_back(available[static_cast<std::size_t>(found - isa_names.begin())]);
    } else if (option == "--range") {
      const std::size_t colon = value.find(':');
      if (colon == std::string::npos) fail("--range: '" + value + "' is not FIRST:LAST");
      const std::uint64_t first = number(option, std::string_view(value).substr(0, colon), 16);
      const std::uint64_t last = number(option, std::string_view(value).substr(colon + 1), 16);
      if (last > 0xffffffff) fail("--range: a float has 32 bits");
      if (first > last) fail("--range: the first is above the last");
      o.ranges.emplace_back(static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(last));
    } else if (option == "--every") {
      const std::uint64_t n = number(option, value, 10);
      if (n == 0 || n > 2048 || (n & (n - 1)) != 0) fail("--every: a power of two, up to 2048");
      o.every = static_cast<std::uint32_t>(n);
    } else if (option == "--check") {
      o.check = value;
    } else if (option == "--verify") {
      o.verify = value;
    } else if (option == "--points") {
      o.points = number(option, value, 10);
      if (o.points == 0) fail("--points: at least 1");
    } else if (option == "--threads") {
      const std::uint64_t n = number(option, value, 10);
      if (n == 0 || n > 1024) fail("--threads: 1 to 1024");
      o.processes = static_cast<unsigned>(n);
    } else if (option == "--resume") {
      o.resume = value;
    } else {
      o.table = value;
    }
  }
  if (only_float != only_double) {
    o.of_float = only_float;
    o.of_double = only_double;
  }
  if ((!o.ranges.empty() || o.every != 1) && only_double && !only_float) fail("--range and --every are of floats, and --double leaves them out");
  if (o.isas.empty()) o.isas.assign(available.begin(), available.end());
  std::sort(o.isas.begin(), o.isas.end());
  o.isas.erase(std::unique(o.isas.begin(), o.isas.end()), o.isas.end());
  return o;
}

}  // namespace exhaustive
