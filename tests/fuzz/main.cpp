// nonlin_fuzz [HARNESS...] [--runs=N] [--seed=S] [FILE...]   without libFuzzer: N pseudo-random inputs, or those of the
// files, through the harnesses named, or all. With NONLIN_FUZZ_TARGET, the name of one, libFuzzer's entry point instead.
#include "fuzz.hpp"

#if defined(NONLIN_FUZZ_TARGET)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::input in(data, size);
  fuzz::NONLIN_FUZZ_TARGET(in);
  return 0;
}

#else

#include <csignal>
#include <fstream>
#include <iterator>
#include <string>

namespace {

constexpr struct {
  const char* name;
  void (*run)(fuzz::input&);
} harnesses[] = {{"elementwise", fuzz::elementwise},
                 {"axis", fuzz::axis},
                 {"gated", fuzz::gated},
                 {"softmax", fuzz::softmax},
                 {"cross_entropy", fuzz::cross_entropy}};

std::uint8_t bytes[64];
std::size_t length = 0;

// The input, to be put into a file: `printf '\xnn...' > FILE`.
void print_input(int) {
  std::fputs("input: ", stderr);
  for (std::size_t i = 0; i < length; ++i) std::fprintf(stderr, "\\x%02x", unsigned{bytes[i]});
  std::fputc('\n', stderr);
}

}  // namespace

int main(int count, char** arguments) {
  std::uint64_t runs = 2000, seed = 1;
  std::vector<void (*)(fuzz::input&)> chosen;
  std::vector<std::string> files;
  for (int i = 1; i < count; ++i) {
    const std::string a = arguments[i];
    bool known = false;
    for (const auto& h : harnesses) {
      if (a == h.name) chosen.push_back(h.run), known = true;
    }
    if (a.starts_with("--runs=")) runs = std::stoull(a.substr(7)), known = true;
    if (a.starts_with("--seed=")) seed = std::stoull(a.substr(7)), known = true;
    if (!known) files.push_back(a);
  }
  if (chosen.empty()) {
    for (const auto& h : harnesses) chosen.push_back(h.run);
  }
  for (const std::string& file : files) {
    std::ifstream in(file, std::ios::binary);
    if (!in) {
      std::fprintf(stderr, "nonlin_fuzz: neither a harness nor a file: %s\n", file.c_str());
      return 2;
    }
    const std::vector<char> content{std::istreambuf_iterator<char>(in), {}};
    for (const auto run : chosen) {
      fuzz::input input(reinterpret_cast<const std::uint8_t*>(content.data()), content.size());
      run(input);
    }
  }
  if (!files.empty()) return 0;

  std::signal(SIGABRT, print_input);
  for (std::uint64_t k = 0; k < runs; ++k) {
    std::uint8_t number[16];
    std::memcpy(number, &seed, 8);
    std::memcpy(number + 8, &k, 8);
    fuzz::input stream(number, sizeof number);
    length = 16 + stream.random() % 48;
    for (std::size_t i = 0; i < length; ++i) bytes[i] = static_cast<std::uint8_t>(stream.random() >> 56);
    for (const auto run : chosen) {
      fuzz::input input(bytes, length);
      run(input);
    }
  }
  std::printf("%llu runs of %zu harnesses\n", static_cast<unsigned long long>(runs), chosen.size());
}

#endif
