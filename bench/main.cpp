#include "common.hpp"

int main(int argc, char** argv) {
  bench::add_elementwise();
  bench::add_axis();
  // A tenth of Google Benchmark's default time: there are many rows. An argument of the user's comes later
  // and wins.
  std::string min_time = "--benchmark_min_time=0.05";
  std::vector<char*> arguments(argv, argv + argc);
  arguments.insert(arguments.begin() + 1, min_time.data());
  int count = argc + 1;
  benchmark::Initialize(&count, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
