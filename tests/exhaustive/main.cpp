// nonlin_exhaustive: the accuracy certificate.
//
//   cmake --build build/release --target nonlin_exhaustive
//   cd build/release/tests/exhaustive
//   ./nonlin_exhaustive --float --resume=/tmp/float.state --table=certificate.md      every float
//   ./nonlin_exhaustive --float --range=39800000:42f00000 --range=b9800000:c2f00000 --table=certificate.md
//                                                                                     2^-12 <= |x| <= 120
//   ./nonlin_exhaustive --float --every=1024 --table=sample.md                        some seconds: what a test compares
//
// The inputs are cut into parts. Workers take the parts one after another and answer with a line for each
// instruction set; the lines are the state file, too. Workers are processes, not threads, because a program has
// one active instruction set.
#include <poll.h>
#include <sys/mman.h>
#if defined(__linux__)
#include <sys/prctl.h>
#endif
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <atomic>
#include <bit>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <new>
#include <string>
#include "options.hpp"
#include "result.hpp"
#include "subject.hpp"
#include "sweep.hpp"
#include "table.hpp"

namespace exhaustive {
namespace {

using clock = std::chrono::steady_clock;

struct everything {
  std::vector<std::unique_ptr<subject<float>>> of_float = subjects<float>();
  std::vector<std::unique_ptr<subject<double>>> of_double = subjects<double>();
  template <class T>
  const subject<T>& get(std::size_t i) const {
    if constexpr (std::is_same_v<T, float>)
      return *of_float[i];
    else
      return *of_double[i];
  }
};

struct part_of_plan {
  bool is_float;
  std::size_t subject;
  direction d;
  std::uint64_t first, last;
  std::uint32_t every;
  std::vector<nonlin::isa> isas;
  std::uint64_t size() const { return last - first + 1; }
};

struct shared_counters {
  std::atomic<std::size_t> next{0};
  std::atomic<std::uint64_t> done{0};
};

std::string hex(std::uint64_t n) {
  char text[32];
  std::snprintf(text, sizeof text, "%08llx", static_cast<unsigned long long>(n));
  return text;
}

part_key key_of(const everything& all, const part_of_plan& p, nonlin::isa isa) {
  return {p.is_float ? "float" : "double",
          all.of_float[p.subject]->name,
          to_string(p.d),
          nonlin::to_string(isa),
          hex(p.first) + (p.every == 1 ? "" : "/" + std::to_string(p.every)),
          hex(p.last)};
}

std::vector<part_of_plan> plan(const everything& all, const options& o) {
  std::vector<part_of_plan> parts;
  for (const bool is_float : {true, false}) {
    if (!(is_float ? o.of_float : o.of_double)) continue;
    const std::uint64_t size = is_float ? part_traits<float>::part_size : part_traits<double>::part_size;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges(o.ranges.begin(), o.ranges.end());
    if (!is_float || ranges.empty()) ranges = {{0, is_float ? 0xffffffff : o.points - 1}};
    for (std::size_t s = 0; s < all.of_float.size(); ++s) {
      const auto& wanted = o.activations;
      const std::string& name = all.of_float[s]->name;
      if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), name) == wanted.end()) continue;
      for (const direction d : o.directions) {
        for (const auto& [first, last] : ranges) {
          for (std::uint64_t at = first; at <= last; at = at / size * size + size)
            parts.push_back({is_float, s, d, at, std::min(last, at / size * size + size - 1), is_float ? o.every : 1, o.isas});
        }
      }
    }
  }
  return parts;
}

// -- the state file -------------------------------------------------------------------------------------------

std::string first_line_of_state() { return "nonlin_exhaustive state of program " + fingerprint_of_program(); }

[[noreturn]] void fail(const std::string& message) {
  std::fprintf(stderr, "nonlin_exhaustive: %s\n", message.c_str());
  std::exit(2);
}

std::map<std::string, result> read_state(const std::string& file) {
  std::map<std::string, result> known;
  std::ifstream in(file);
  if (!in) return known;  // the first run
  std::string line;
  if (!std::getline(in, line)) return known;
  if (line != first_line_of_state()) {
    fail("--resume: " + file +
         " is not of this program, whose kernels may differ; remove it or name another");
  }
  while (std::getline(in, line)) {
    std::string key;
    result r;
    if (from_line(line, key, r)) known[key] = r;  // a line cut short by a kill is done again
  }
  return known;
}

// -- the workers ----------------------------------------------------------------------------------------------

template <class T>
std::vector<result> run(const everything& all, const part_of_plan& p, std::atomic<std::uint64_t>& done) {
  return sweep<T>(all.get<T>(p.subject), p.d, p.isas, p.first, p.last, p.every, done);
}

void work(const everything& all, const std::vector<part_of_plan>& parts, shared_counters& shared, int out) {
  for (std::size_t i; (i = shared.next++) < parts.size();) {
    const part_of_plan& p = parts[i];
    const std::vector<result> results =
        p.is_float ? run<float>(all, p, shared.done) : run<double>(all, p, shared.done);
    std::string lines;
    for (std::size_t k = 0; k < p.isas.size(); ++k) lines += to_line(key_of(all, p, p.isas[k]), results[k]);
    // up to PIPE_BUF the lines of workers do not mix
    if (lines.size() > 4096 || write(out, lines.data(), lines.size()) != static_cast<ssize_t>(lines.size()))
      _exit(3);
  }
}

class progress {
 public:
  explicit progress(std::uint64_t all) : all_(all), terminal_(isatty(STDERR_FILENO) != 0) {}

  void show(std::uint64_t done, const std::string& what) {
    const auto now = clock::now();
    if (now < next_) return;
    next_ = now + (terminal_ ? std::chrono::milliseconds(500) : std::chrono::milliseconds(30000));
    const double share = static_cast<double>(done) / static_cast<double>(all_);
    const double seconds = std::chrono::duration<double>(now - start_).count();
    std::string left = "?";
    if (share > 0.001) left = duration(seconds / share - seconds);
    constexpr int width = 30;
    const int full = static_cast<int>(share * width);
    std::string bar(static_cast<std::size_t>(full), '#');
    bar.resize(width, '.');
    std::fprintf(stderr, "%s[%s] %5.1f %%  %.0f M inputs/s  %s gone, %s left  %-36s%s", terminal_ ? "\r" : "",
                 bar.c_str(), 100 * share, static_cast<double>(done) / seconds / 1e6,
                 duration(seconds).c_str(), left.c_str(), what.c_str(), terminal_ ? "" : "\n");
    shown_ = true;
  }
  void end() const {
    if (terminal_ && shown_) std::fprintf(stderr, "\n");
  }

 private:
  static std::string duration(double seconds) {
    char text[32];
    const auto s = static_cast<long>(seconds);
    std::snprintf(text, sizeof text, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
    return text;
  }
  std::uint64_t all_;
  bool terminal_, shown_ = false;
  clock::time_point start_ = clock::now(), next_ = start_ + std::chrono::milliseconds(500);
};

// Runs the parts; each line that comes back is added to `known` and to the state file.
void run_all(const everything& all, const std::vector<part_of_plan>& parts, const options& o,
             std::map<std::string, result>& known, std::FILE* state) {
  std::uint64_t size = 0;
  for (const part_of_plan& p : parts) size += p.size();
  void* memory =
      mmap(nullptr, sizeof(shared_counters), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  int ends[2];
  if (memory == MAP_FAILED || pipe(ends) != 0)
    fail(std::string("no memory or pipe: ") + std::strerror(errno));
  auto* shared = new (memory) shared_counters;
  std::fflush(nullptr);
  for (unsigned i = 0; i < o.processes; ++i) {
    const pid_t child = fork();
    if (child < 0) fail(std::string("fork: ") + std::strerror(errno));
    if (child != 0) continue;
    close(ends[0]);
#if defined(__linux__)
    prctl(PR_SET_PDEATHSIG, SIGTERM);  // elsewhere a worker learns of its parent's end when it answers
#endif
    work(all, parts, *shared, ends[1]);
    _exit(0);
  }
  close(ends[1]);

  progress bar(size);
  std::string pending;
  for (bool open = true; open;) {
    pollfd p{ends[0], POLLIN, 0};
    if (poll(&p, 1, 500) > 0) {
      char buffer[4096];
      const ssize_t n = read(ends[0], buffer, sizeof buffer);
      open = n > 0;
      if (open) pending.append(buffer, static_cast<std::size_t>(n));
      for (std::size_t end; (end = pending.find('\n')) != std::string::npos; pending.erase(0, end + 1)) {
        const std::string line = pending.substr(0, end);
        std::string key;
        result r;
        if (!from_line(line, key, r)) fail("a worker answered '" + line + "'");
        known[key] = r;
        if (state != nullptr && (std::fprintf(state, "%s\n", line.c_str()) < 0 || std::fflush(state) != 0)) {
          fail("--resume: cannot write to " + o.resume);
        }
      }
    }
    const part_of_plan& now = parts[std::min(shared->next.load(), parts.size()) - (shared->next > 0 ? 1 : 0)];
    bar.show(shared->done, all.of_float[now.subject]->name + ' ' + to_string(now.d) +
                               (now.is_float ? " float" : " double"));
  }
  bar.end();
  bool died = false;
  for (int status; wait(&status) > 0;) died = died || !WIFEXITED(status) || WEXITSTATUS(status) != 0;
  if (died) {
    std::fprintf(stderr, "nonlin_exhaustive: a worker died; finished parts are %s\n",
                 o.resume.empty() ? "lost without --resume" : "kept");
    std::exit(3);
  }
}

std::string inputs_of(const options& o) {
  std::string text;
  if (o.of_float) {
    text = o.every == 1 ? "every float" : "one float in " + std::to_string(o.every);
    for (std::size_t i = 0; i < o.ranges.size(); ++i)
      text += (i == 0 ? " of the bit patterns " : ", ") + hex(o.ranges[i].first) + " to " + hex(o.ranges[i].second);
  }
  if (o.of_double)
    text += (text.empty() ? "" : " and ") + std::to_string(o.points) + " chosen doubles a case";
  return text;
}

std::string contents(const std::string& option, const std::string& file) {
  std::ifstream in(file);
  if (!in) fail(option + ": cannot read " + file);
  return {std::istreambuf_iterator<char>(in), {}};
}

struct measurement {
  double ulp;
  std::string text;  // "error, result", as a table has them
};

// At one input
template <class T>
measurement measured(const std::vector<std::unique_ptr<subject<T>>>& subjects, const read_row& r) {
  for (const auto& s : subjects) {
    if (s->name != r.activation) continue;
    const direction d = r.direction == to_string(direction::forward) ? direction::forward : direction::derivative;
    const auto x = static_cast<T>(std::strtod(r.at.c_str(), nullptr));
    T y;
    s->run(d, &x, &y, 1);
    char got[64];
    std::snprintf(got, sizeof got, "%a", static_cast<double>(y));
    const double error = error_in_ulp(y, s->exact(d, x));
    return {error, ulp_text(error) + ", " + got};
  }
  return {std::numeric_limits<double>::infinity(), "no such activation"};
}

// The worst results of a table, measured again; fails if one is not what the table says.
int verify(const everything& all, const options& o) {
  int looked_at = 0, wrong = 0;
  for (const read_row& r : rows_of(contents("--verify", o.verify))) {
    const auto isa = std::find_if(o.isas.begin(), o.isas.end(), [&](nonlin::isa i) { return r.isa == nonlin::to_string(i); });
    if (isa == o.isas.end() || r.at == "-") continue;
    ++looked_at;
    nonlin::use_isa(*isa);
    const measurement now = r.type == "float" ? measured(all.of_float, r) : measured(all.of_double, r);
    // AVX-512's doubles start from the processor's estimate of a reciprocal, which is not Intel's on AMD's: within 2^-4 ULP of it, if not
    // less
    const bool by_estimate = r.type == "double" && *isa == nonlin::isa::avx512;
    if (by_estimate ? now.ulp <= std::strtod(r.ulp.c_str(), nullptr) + 0.0625 : now.text == r.ulp + ", " + r.got) continue;
    ++wrong;
    std::printf("%s %s %s %s at %s: the table has %s, %s; now %s\n", r.activation.c_str(), r.type.c_str(), r.direction.c_str(),
                r.isa.c_str(), r.at.c_str(), r.ulp.c_str(), r.got.c_str(), now.text.c_str());
  }
  std::printf("%d worst results measured again, %d are others\n", looked_at, wrong);
  return wrong != 0 || looked_at == 0;
}

int run_program(int argc, char** argv) {
  const everything all;
  std::vector<std::string> names;
  for (const auto& s : all.of_float) names.push_back(s->name);
  const options o = parse(argc, argv, names);
  if (!o.verify.empty()) return verify(all, o);
  const std::vector<part_of_plan> parts = plan(all, o);

  // before the hour, not after it
  if (!o.table.empty() && !std::ofstream(o.table, std::ios::app)) fail("--table: cannot write to " + o.table);
  std::map<std::string, result> known;
  std::FILE* state = nullptr;
  if (!o.resume.empty()) {
    known = read_state(o.resume);
    const bool starts = !std::ifstream(o.resume) || std::ifstream(o.resume).peek() == EOF;
    state = std::fopen(o.resume.c_str(), "a");
    if (state == nullptr) fail("--resume: cannot write to " + o.resume + ": " + std::strerror(errno));
    // where a kill cut a line short, the next one starts anew
    std::fprintf(state, "%s\n", starts ? first_line_of_state().c_str() : "");
  }
  std::vector<part_of_plan> missing;
  for (part_of_plan p : parts) {
    std::erase_if(p.isas, [&](nonlin::isa i) { return known.count(key_of(all, p, i).text()) != 0; });
    if (!p.isas.empty()) missing.push_back(p);
  }
  if (!missing.empty()) run_all(all, missing, o, known, state);
  if (state != nullptr) std::fclose(state);

  std::vector<row> rows;
  for (const part_of_plan& p : parts) {
    for (const nonlin::isa i : p.isas) {
      const part_key key = key_of(all, p, i);
      auto same = std::find_if(rows.begin(), rows.end(), [&](const row& r) {
        return r.activation == key.activation && r.type == key.type && r.direction == key.direction &&
               r.isa == key.isa;
      });
      if (same == rows.end()) {
        const nonlin::accuracy bounds =
            p.is_float ? all.of_float[p.subject]->bounds : all.of_double[p.subject]->bounds;
        const double bound = p.d == direction::forward ? bounds.forward : bounds.derivative;
        rows.push_back({key.activation, key.type, key.direction, key.isa, bound, bounds.absolute, {}});
        same = rows.end() - 1;
      }
      same->r.add(known.at(key.text()));
    }
  }
  const std::string text = table(rows, inputs_of(o));
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
  if (!o.table.empty() && !(std::ofstream(o.table) << text << std::flush))
    fail("--table: cannot write to " + o.table);

  std::string wrong;
  for (const row& r : rows) wrong += faults(r);
  if (!o.check.empty()) {
    const std::string others = rows_missing_in(contents("--check", o.check), text);
    if (!others.empty()) wrong += "Not in " + o.check + ":\n" + others;
  }
  std::fputs(wrong.c_str(), stderr);
  return wrong.empty() ? 0 : 1;
}

}  // namespace
}  // namespace exhaustive

int main(int argc, char** argv) { return exhaustive::run_program(argc, argv); }
