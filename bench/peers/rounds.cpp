#include "rounds.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <map>

#ifdef __linux__
#include <sched.h>
#endif

namespace peers {
namespace {

// Keeps the least time of each name.
class Least : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.run_type != Run::RT_Iteration || run.iterations == 0) continue;
      // CPU time: others may use this CPU too
      const double ns = run.cpu_accumulated_time * 1e9 / static_cast<double>(run.iterations);
      const auto [at, is_new] = least.try_emplace(run.run_name.function_name, ns);
      if (!is_new) at->second = std::min(at->second, ns);
    }
  }

  std::map<std::string, double> least;
};

void pin() {
#ifdef __linux__
  const int cpu = sched_getcpu();
  if (cpu < 0) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<std::size_t>(cpu), &set);
  sched_setaffinity(0, sizeof set, &set);
#endif
}

}  // namespace

Rounds::Rounds(int* argc, char** argv) {
  pin();
  // The user's own come later and win.
  std::string defaults[] = {"--benchmark_repetitions=25", "--benchmark_min_time=0.005",
                            "--benchmark_enable_random_interleaving=true"};
  std::vector<char*> arguments(argv, argv + *argc);
  int count = *argc;
  for (std::string& text : defaults) {
    arguments.insert(arguments.begin() + 1, text.data());
    ++count;
  }
  benchmark::Initialize(&count, arguments.data());
  std::copy(arguments.begin(), arguments.begin() + count, argv);
  *argc = count;
  pattern_ = benchmark::GetBenchmarkFilter();
  if (pattern_.empty() || pattern_ == "all") pattern_ = ".";
  negative_ = pattern_.front() == '-';
  filter_ = std::regex(negative_ ? pattern_.substr(1) : pattern_, std::regex::extended);
}

Rounds::~Rounds() { benchmark::Shutdown(); }

bool Rounds::wanted(const std::string& name) const { return std::regex_search(name, filter_) != negative_; }

std::vector<double> Rounds::measure(const std::string& group, const std::vector<Rival>& rivals,
                                    double divisor, bool long_calls) {
  benchmark::ClearRegisteredBenchmarks();
  for (const Rival& rival : rivals) {
    auto* const one =
        benchmark::RegisterBenchmark(rival.name.c_str(), [run = &rival.run](benchmark::State& state) {
          const auto all = state.max_iterations;
          while (state.KeepRunningBatch(all)) (*run)(static_cast<std::size_t>(all));
        });
    if (long_calls) one->Repetitions(5);
  }
  Least least;
  benchmark::RunSpecifiedBenchmarks(&least, ".");
  benchmark::ClearRegisteredBenchmarks();

  done_ += rivals.size();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  const double left =
      done_ < expected_ ? seconds / static_cast<double>(done_) * static_cast<double>(expected_ - done_) : 0;
  std::fprintf(stderr, "[%zu of %zu, %d:%02d left] %s ", done_, expected_, static_cast<int>(left) / 60,
               static_cast<int>(left) % 60, group.c_str());
  std::vector<double> ns;
  for (const Rival& rival : rivals) {
    ns.push_back(least.least[rival.name]);
    std::fprintf(stderr, " %s %.3g", rival.name.c_str(), ns.back() / divisor);
  }
  std::fprintf(stderr, "\n");
  return ns;
}

}  // namespace peers
