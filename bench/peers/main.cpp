// Runs nonlin beside its peers and writes peers.md, peers.svg and peers.csv. README.md in the folder above
// tells how to run it and how to read them.
#include <cstdio>
#include <fstream>
#include <map>
#include <memory>

#include "accuracy.hpp"
#include "memory.hpp"
#include "report.hpp"
#include "rounds.hpp"

namespace peers {
namespace {

constexpr std::size_t in_memory = std::size_t{1} << 26;
constexpr std::size_t small_sizes[] = {1, 4, 16, 64};

struct Work {
  std::string function;
  Direction direction;
  bool is_double;
  std::vector<Shape> shapes;

  bool gated() const { return function.ends_with("GLU"); }
};

std::vector<Work> all_work() {
  const std::vector<Shape> flat{{1, 1, 4096}, {1, 1, 131072}};
  const std::vector<Shape> rows{{512, 128, 1}, {64, 1024, 1}, {8, 32768, 1},
                                {4096, 2, 1},  {1024, 10, 1}, {512, 32, 1}};
  const auto forward = Direction::forward, backward = Direction::backward,
             from_output = Direction::from_output;
  std::vector<Work> all;
  for (const char* f : {"exp", "ReLU", "LeakyReLU", "ELU", "SELU", "Sigmoid", "Tanh", "GELU", "GELUTanh",
                        "SiLU", "GLU", "SwiGLU", "GeGLU"})
    all.push_back({f, forward, false, flat});
  for (const char* f :
       {"ReLU", "ELU", "Sigmoid", "Tanh", "GELU", "GELUTanh", "SiLU", "GLU", "SwiGLU", "GeGLU"})
    all.push_back({f, backward, false, flat});
  for (const char* f : {"ELU", "Sigmoid", "Tanh"}) all.push_back({f, from_output, false, flat});
  all.push_back({"PReLU", backward, false, {{1, 1, 4096}, {1, 1, 131072}, {2, 8, 256}, {8, 64, 256}}});
  for (const Direction d : {forward, from_output})
    for (const char* f : {"Softmax", "LogSoftmax"}) all.push_back({f, d, false, rows});
  for (const char* f : {"exp", "Sigmoid", "Tanh", "GELU", "SiLU"}) all.push_back({f, forward, true, flat});
  return all;
}

std::string size_of(const Work& work, const Shape& s) {
  if (!has_axis(work.function) || s.axis == 1) return std::to_string(s.size());
  std::string text = std::to_string(s.outer) + "x" + std::to_string(s.axis);
  if (s.inner != 1) text += "x" + std::to_string(s.inner);
  return text;
}

std::string group_name(const Work& work, const std::string& size) {
  const char* direction = work.direction == Direction::forward    ? "forward/"
                          : work.direction == Direction::backward ? "backward/"
                                                                  : "backward_from_output/";
  return direction + work.function + (work.is_double ? "/double/" : "/float/") + size;
}

class Program {
 public:
  Program(int* argc, char** argv) : rounds_(argc, argv) {}

  bool list = false, with_memory = true, with_small = true;
  std::string output = PEERS_OUTPUT;

  void run() {
    const std::vector<Work> all = all_work();
    if (!list) {
      // an estimate for the progress: the peers that have an entry
      std::size_t count = 0;
      listing_ = true;
      measure_all(all, [&](const std::string&) { ++count; });
      listing_ = false;
      rounds_.expect(count);
      measure_all(all, [](const std::string&) {});
      write();
    } else {
      listing_ = true;
      measure_all(all, [](const std::string& name) { std::puts(name.c_str()); });
    }
  }

 private:
  template <class F>
  void measure_all(const std::vector<Work>& all, const F& name) {
    for (const Work& work : all)
      for (const Shape& s : work.shapes)
        if (work.is_double)
          measure<double>(work, s, name);
        else
          measure<float>(work, s, name);
    if (with_memory)
      for (const Work& work : all)
        if (!work.is_double && !has_axis(work.function)) measure<float>(work, {1, 1, in_memory}, name);
    if (with_small)
      for (const char* f : {"ReLU", "Sigmoid", "GELU"})
        for (const std::size_t n : small_sizes) measure_small(f, n, name);
    large_.reset();
  }

  template <class T>
  Memory<T>& memory(std::size_t n) {
    static Memory<T> usual(262144);
    if (n <= usual.size()) return usual;
    if constexpr (std::is_same_v<T, float>) {
      if (!large_) large_ = std::make_unique<Memory<float>>(n);
      return *large_;
    } else {
      return usual;
    }
  }

  template <class T, class F>
  void measure(const Work& work, const Shape& s, const F& name) {
    const std::string size = size_of(work, s), group = group_name(work, size);
    std::vector<const Entry<T>*> chosen;
    for (const Entry<T>& e : entries<T>())
      if (e.function == work.function && e.direction == work.direction &&
          rounds_.wanted(group + "/" + e.peer) && !(s.size() == in_memory && too_slow(work, e.peer)))
        chosen.push_back(&e);
    if (chosen.empty()) return;
    for (const Entry<T>* e : chosen) name(group + "/" + e->peer);
    name(group + "/copy");
    if (listing_) return;

    Memory<T>& m = memory<T>(s.size());
    if (s.size() != in_memory || work.direction == Direction::from_output) m.refill();
    if constexpr (std::is_same_v<T, float>) {
      if (work.direction == Direction::from_output) fill_output(work.function, m.arrays(), s);
    }

    std::vector<Rival> rivals;
    Measured row{work.function,
                 work.is_double ? "double" : "float",
                 work.direction,
                 size,
                 has_axis(work.function),
                 0,
                 {}};
    for (const Entry<T>* e : chosen) {
      Run run = e->make(m.arrays(), s);
      if (!run) continue;
      row.marks.push_back({e->peer, 0, accuracy(*e, s)});
      rivals.push_back({e->peer, std::move(run)});
    }
    rivals.push_back({"copy", floor_of<T>(work.direction, work.gated(), m.arrays(), s)});
    const double n = static_cast<double>(s.size());
    const std::vector<double> ns = rounds_.measure(group, rivals, n, s.size() == in_memory);
    for (std::size_t i = 0; i < row.marks.size(); ++i) row.marks[i].ns = ns[i] / n;
    row.floor = ns.back() / n;
    report_.rows.push_back(std::move(row));
  }

  // What takes longer than memory does need not be measured there, at a second a call.
  bool too_slow(const Work& work, const std::string& peer) const {
    for (const Measured& row : report_.rows)
      if (row.function == work.function && row.direction == work.direction && row.type == "float" &&
          row.size == "131072")
        for (const Mark& m : row.marks)
          if (m.peer == peer) return m.ns > 1.5;
    return false;
  }

  template <class F>
  void measure_small(const std::string& function, std::size_t n, const F& name) {
    const std::string group = "small/" + function + "/float/" + std::to_string(n);
    std::vector<Rival> rivals;
    SmallCall row{function, n, {}};
    const Arrays<float>& arrays = memory<float>(n).arrays();
    for (const Entry<float>& e : entries<float>()) {
      if (e.function != function || e.direction != Direction::forward ||
          !rounds_.wanted(group + "/" + e.peer))
        continue;
      Run run = e.make(arrays, {1, 1, n});
      if (!run) continue;
      name(group + "/" + e.peer);
      row.marks.push_back({e.peer, 0, {}});
      rivals.push_back({e.peer, std::move(run)});
    }
    if (listing_ || rivals.empty()) return;
    memory<float>(n).refill();
    const std::vector<double> ns = rounds_.measure(group, rivals, 1);
    for (std::size_t i = 0; i < row.marks.size(); ++i) row.marks[i].ns = ns[i];
    report_.small.push_back(std::move(row));
  }

  // Once a peer and function, or, along an axis, once a shape too.
  template <class T>
  const Accuracy& accuracy(const Entry<T>& e, const Shape& s) {
    std::string key = e.peer + e.function + std::to_string(static_cast<int>(e.direction)) +
                      (std::is_same_v<T, float> ? "f" : "d");
    if (has_axis(e.function))
      key += std::to_string(s.outer) + "x" + std::to_string(s.axis) + "x" + std::to_string(s.inner);
    const auto [at, is_new] = accuracies_.try_emplace(key);
    if (is_new) at->second = accuracy_of(e, s);
    return at->second;
  }

  static std::string cpu() {
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);)
      if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
    return "unknown CPU";
  }

  void write() {
    report_.title = cpu() + ", one thread, " PEERS_COMPILER;
    report_.write_markdown(output + ".md");
    report_.write_csv(output + ".csv");
    report_.write_svg(output + ".svg");
    std::fprintf(stderr, "wrote %s.md, .svg and .csv\n", output.c_str());
  }

  Rounds rounds_;
  bool listing_ = false;
  std::unique_ptr<Memory<float>> large_;
  std::map<std::string, Accuracy> accuracies_;
  Report report_;
};

int run(int argc, char** argv) {
#ifdef PEERS_AVX2
  constexpr Level level = Level::avx2;
#else
  constexpr Level level = Level::native;
#endif
  // In this order in the tables.
  add_nonlin(level);
#ifdef PEERS_HAVE_EIGEN
  add_eigen(level);
#endif
#ifdef PEERS_HAVE_XNNPACK
  add_xnnpack(level);
#endif
#ifdef PEERS_HAVE_ONEDNN
  add_onednn(level);
#endif
#ifdef PEERS_HAVE_SLEEF
  add_sleef(level);
#endif
#ifdef PEERS_HAVE_XSIMD
  add_xsimd(level);
#endif
#ifdef PEERS_HAVE_HIGHWAY
  add_highway(level);
#endif
  add_standard(level);

  // Our own arguments, then Google Benchmark's.
  bool list = false, with_memory = true, with_small = true;
  std::string output = PEERS_OUTPUT;
  int kept = 1;
  for (int i = 1; i < argc; ++i) {
    const std::string a = argv[i];
    if (a == "--benchmark_list_tests" || a == "--benchmark_list_tests=true")
      list = true;
    else if (a == "--no-memory")
      with_memory = false;
    else if (a == "--no-small")
      with_small = false;
    else if (a.starts_with("--out="))
      output = a.substr(6);
    else
      argv[kept++] = argv[i];
  }
  argc = kept;
  argv[argc] = nullptr;
  std::vector<char*> arguments(argv, argv + argc);
  arguments.resize(arguments.size() + 8);  // Rounds adds its defaults
  Program program(&argc, arguments.data());
  if (argc > 1) {
    std::fprintf(stderr,
                 "unknown argument %s; known are --no-memory, --no-small, --out=PATH and --benchmark_...\n",
                 arguments[1]);
    return 1;
  }
  program.list = list;
  program.with_memory = with_memory;
  program.with_small = with_small;
  program.output = output;
  for (const std::string& v : versions()) std::fprintf(stderr, "%s\n", v.c_str());
  program.run();
  return 0;
}

}  // namespace
}  // namespace peers

int main(int argc, char** argv) { return peers::run(argc, argv); }
