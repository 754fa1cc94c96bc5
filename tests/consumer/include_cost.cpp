// What does #include <nonlin/nonlin.hpp> cost, beyond the system headers that it needs?
// Compiles both in turn, several times, and compares user CPU times. The median of the pairs' ratios is the figure: what else the
// machine does slows both of a pair alike, and one of them alone (1.65 once, by the least of each, for 1.25) but now and then.
// Usage: include_cost COMPILER INCLUDE_FOLDER WORK_FOLDER
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

namespace {

constexpr int repetitions = 5;
constexpr double promised = 1.5;
constexpr double tolerated = 1.6;

// NAME of a line `#include <NAME>`, or nothing.
std::string included(const std::string& line) {
  const std::size_t hash = line.find_first_not_of(" \t");
  if (hash == std::string::npos || line[hash] != '#') return {};
  const std::size_t word = line.find_first_not_of(" \t", hash + 1);
  if (word == std::string::npos || line.compare(word, 7, "include") != 0) return {};
  const std::size_t open = line.find('<'), close = line.find('>');
  return open < close && close != std::string::npos ? line.substr(open + 1, close - open - 1) : std::string();
}

// The library's includes that are not its own, each under the condition that it can be meant here.
std::string system_includes(const std::filesystem::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);)
      if (const std::string name = included(line); !name.empty() && !name.starts_with("nonlin/"))
        names.insert(name);
  }
  std::string text;
  for (const std::string& name : names) {
    const bool arm = name.starts_with("arm_");
    const bool x86 = name.ends_with("intrin.h") || name == "cpuid.h";
    const char* const cpu = arm   ? "defined(__aarch64__)"
                            : x86 ? "defined(__x86_64__) || defined(__i386__)"
                                  : "1";
    text +=
        "#if (" + std::string(cpu) + ") && __has_include(<" + name + ">)\n#include <" + name + ">\n#endif\n";
  }
  return text;
}

double seconds(const timeval& t) {
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
}

// User CPU time of one compilation, the compiler's own children included.
double compile(const char* compiler, const std::string& include_folder, const std::string& source) {
  rusage before{}, after{};
  getrusage(RUSAGE_CHILDREN, &before);
  const pid_t child = fork();
  if (child == 0) {
    execlp(compiler, compiler, "-std=c++20", "-O2", "-I", include_folder.c_str(), "-c", source.c_str(), "-o",
           "/dev/null", nullptr);
    _exit(127);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) < 0 || status != 0) {
    std::printf("cannot compile %s\n", source.c_str());
    std::exit(2);
  }
  getrusage(RUSAGE_CHILDREN, &after);
  return seconds(after.ru_utime) - seconds(before.ru_utime);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const std::string include_folder = argv[2];
  const std::string with = std::string(argv[3]) + "/include_cost_with.cpp";
  const std::string without = std::string(argv[3]) + "/include_cost_without.cpp";
  std::ofstream(with) << "#include <nonlin/nonlin.hpp>\n";
  std::ofstream(without) << system_includes(include_folder);

  std::vector<double> a, b, ratios;
  for (int i = 0; i < repetitions; ++i) {
    a.push_back(compile(argv[1], include_folder, with));
    b.push_back(compile(argv[1], include_folder, without));
    ratios.push_back(a.back() / b.back());
  }
  const auto median = [](std::vector<double> v) {
    std::sort(v.begin(), v.end());
    return v[v.size() / 2];
  };
  const double ratio = median(ratios);
  std::printf("nonlin.hpp %.3f s, its system headers %.3f s: %.2fx, promised %.1fx\n", median(a), median(b), ratio, promised);
  return ratio <= tolerated ? 0 : 1;
}
