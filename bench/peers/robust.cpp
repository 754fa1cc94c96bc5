// What does a call cost when it is not as usual? Each operation on unusual numbers, at unlucky addresses, in place.
// Writes robust.md.
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <limits>
#include <memory>
#include <nonlin/nonlin.hpp>
#include <random>

#include "rounds.hpp"

namespace peers {
namespace {

template <class T>
constexpr const char* type_name = sizeof(T) == 4 ? "float" : "double";

// -- the numbers ------------------------------------------------------------------------------------------------

constexpr std::size_t n = 2048;  // three arrays of float fit a first-level cache of 32 KiB

struct Input {
  const char* name;
  double (*draw)(std::mt19937_64&);  // null: see fill()
};

double normal(std::mt19937_64& random, double deviation) {
  return std::normal_distribution<double>(0, deviation)(random);
}

const Input inputs[] = {
    {"N(0, 1)", [](std::mt19937_64& r) { return normal(r, 1); }},
    {"N(0, 2)", [](std::mt19937_64& r) { return normal(r, 2); }},
    {"N(0, 5)", [](std::mt19937_64& r) { return normal(r, 5); }},
    {"all bits", nullptr},
    {"tail", [](std::mt19937_64& r) { return std::uniform_real_distribution<double>(-80, -10)(r); }},
    {"subnormal", nullptr},
    {"NaN", [](std::mt19937_64&) { return std::numeric_limits<double>::quiet_NaN(); }},
    {"-inf", [](std::mt19937_64&) { return -std::numeric_limits<double>::infinity(); }},
};
constexpr std::size_t usual = 1;  // N(0, 2)

template <class T>
void fill(const Input& input, T* x) {
  using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  std::mt19937_64 random(1);
  for (std::size_t i = 0; i < n; ++i) {
    if (input.draw != nullptr)
      x[i] = static_cast<T>(input.draw(random));
    else if (std::strcmp(input.name, "all bits") == 0)
      x[i] = std::bit_cast<T>(static_cast<Bits>(random()));
    else
      x[i] = static_cast<T>(static_cast<double>(random() % 1000 + 1)) * std::numeric_limits<T>::denorm_min();
  }
}

// -- the operations ---------------------------------------------------------------------------------------------

// a user's functor
struct exponential {
  template <class V>
  V operator()(const V& v) const {
    return nonlin::exp(v);
  }
  static constexpr nonlin::near_zero at_zero() { return nonlin::near_zero::constant; }
};

template <class T>
struct Operation {
  std::string name, direction;
  std::function<void(const T* x, const T* second, T* out)> call;
  bool has_second;  // dy, or the value that is gated
  bool from_output = false;
};

template <class T, class A>
void add_activation(std::vector<Operation<T>>& all) {
  all.push_back(
      {A::name, "forward", [](const T* x, const T*, T* y) { nonlin::forward(A{}, x, y, n); }, false});
  all.push_back({A::name, "backward",
                 [](const T* x, const T* dy, T* dx) { nonlin::backward(A{}, x, dy, dx, n); }, true});
  if constexpr (nonlin::output_differentiable<A>)
    all.push_back({A::name, "backward from y",
                   [](const T* y, const T* dy, T* dx) { nonlin::backward_from_output(A{}, y, dy, dx, n); },
                   true, true});
}

template <class T, class A>
void add_softmax(std::vector<Operation<T>>& all, std::size_t columns) {
  const nonlin::axis_shape s{n / columns, columns, 1};
  const std::string name =
      std::string(A::name) + " " + std::to_string(s.outer) + "x" + std::to_string(columns);
  all.push_back({name, "forward", [s](const T* x, const T*, T* y) { nonlin::forward(A{}, x, y, s); }, false});
  all.push_back({name, "backward from y",
                 [s](const T* y, const T* dy, T* dx) { nonlin::backward_from_output(A{}, y, dy, dx, s); },
                 true, true});
}

template <class T, class... A>
std::vector<Operation<T>> operations(nonlin::type_list<A...>) {
  std::vector<Operation<T>> all;
  all.push_back(
      {"exp", "forward",
       [](const T* x, const T*, T* y) { nonlin::forward(exponential(), x, y, n); },
       false});
  (add_activation<T, A>(all), ...);
  if constexpr (sizeof(T) == 4) {
    all.push_back({"SwiGLU", "forward",
                   [](const T* x, const T* v, T* y) { nonlin::forward(nonlin::SwiGLU{}, x, v, y, n); },
                   true});
    all.push_back({"GeGLU", "forward",
                   [](const T* x, const T* v, T* y) { nonlin::forward(nonlin::GeGLU{}, x, v, y, n); }, true});
    for (const std::size_t columns : {std::size_t{32}, n}) {
      add_softmax<T, nonlin::Softmax>(all, columns);
      add_softmax<T, nonlin::LogSoftmax>(all, columns);
    }
  }
  return all;
}

// -- measuring --------------------------------------------------------------------------------------------------

struct Row {
  std::string name, type, direction;
  std::vector<double> inputs;  // ns an element
  double unaligned, aliased, apart, in_place;
};

template <class T>
class Places {
 public:
  Places() : memory_(static_cast<unsigned char*>(std::aligned_alloc(4096, bytes)), &std::free) {
    std::memset(memory_.get(), 0, bytes);
  }
  // The k-th array, `offset` bytes after a multiple of 4096.
  T* at(std::size_t k, std::size_t offset) {
    return reinterpret_cast<T*>(memory_.get() + k * region + offset);
  }

 private:
  static constexpr std::size_t region = 65536, bytes = 16 * region;
  std::unique_ptr<unsigned char, decltype(&std::free)> memory_;
};

template <class T>
void measure(Rounds& rounds, const std::vector<Operation<T>>& operations, std::vector<Row>& rows) {
  Places<T> places;
  for (const Operation<T>& op : operations) {
    const std::string group = op.name + "/" + type_name<T> + "/" + op.direction;
    if (!rounds.wanted(group)) continue;
    std::vector<Rival> rivals;
    const auto add = [&](const std::string& name, const T* x, const T* second, T* out) {
      rivals.push_back({name, repeat([=, call = op.call] { call(x, second, out); })});
    };
    const auto second_at = [&](std::size_t offset) {
      T* const p = places.at(15, offset);
      fill(inputs[0], p);
      return p;
    };

    // Usual places: no small distance modulo 4096.
    std::size_t k = 0;
    T *const out = places.at(14, 2688), *const second = second_at(1344);
    T* normal_x = nullptr;
    for (const Input& input : inputs) {
      T* const x = places.at(k, 0);
      fill(input, x);
      if (op.from_output && op.name.find("oftmax") == std::string::npos)  // an output, of such inputs
        for (std::size_t i = 0; i < n; ++i) x[i] = std::tanh(x[i]);
      if (k++ == usual) normal_x = x;
      add(input.name, x, second, out);
    }
    T* const unaligned_x = places.at(8, sizeof(T));
    std::memcpy(unaligned_x, normal_x, n * sizeof(T));
    add("unaligned", unaligned_x, second_at(2048 + sizeof(T)), places.at(9, 1024 + sizeof(T)));
    for (const std::size_t distance : {std::size_t{0}, std::size_t{64}, std::size_t{256}})
      add("aliased " + std::to_string(distance), normal_x, second, places.at(10, distance));

    // In place, the input has to be brought back first; so has that of the call that it is compared with. With two
    // inputs it is the second that is replaced.
    T* const copy = places.at(11, 960);
    const T* const original = op.has_second ? second : normal_x;
    const auto restored = [&](T* to) {
      return repeat([=, call = op.call, two = op.has_second] {
        std::memcpy(copy, original, n * sizeof(T));
        if (two)
          call(normal_x, copy, to);
        else
          call(copy, nullptr, to);
      });
    };
    rivals.push_back({"copy", repeat([=] { std::memcpy(copy, original, n * sizeof(T)); })});
    rivals.push_back({"copy, apart", restored(out)});
    rivals.push_back({"copy, in place", restored(copy)});

    std::vector<double> ns = rounds.measure(group, rivals, n);
    for (double& v : ns) v /= n;
    Row row{op.name, type_name<T>, op.direction, {ns.begin(), ns.begin() + 8}, ns[8], 0, 0, 0};
    row.aliased = std::max({ns[9], ns[10], ns[11]});
    row.apart = ns[13] - ns[12];
    row.in_place = ns[14] - ns[12];
    rows.push_back(std::move(row));
  }
}

std::string ratio(double v, double most) {
  char text[32];
  std::snprintf(text, sizeof text, v > most ? "**%.2f**" : "%.2f", v);
  return text;
}

void write(const std::vector<Row>& rows, const std::string& path) {
  std::ofstream out(path);
  out << "# Unusual calls\n\nnonlin " << NONLIN_VERSION_MAJOR << '.' << NONLIN_VERSION_MINOR << '.'
      << NONLIN_VERSION_PATCH << " on " << nonlin::to_string(nonlin::active_isa()) << ", " << n
      << " elements. Inputs: times the fastest of N(0, 1), N(0, 2), N(0, 5), whose ns an element is given; "
         "worst: the largest of all, "
         "**bold** above 3. Addresses: times N(0, 2) at usual ones, **bold** above 1.25; aliased: the output "
         "0, 64 or 256 bytes "
         "after the input modulo 4096, the worst. In place: times the same call with another output, "
         "**bold** above 1.10.\n\n"
      << "| | function | ns |";
  for (const Input& i : inputs) out << ' ' << i.name << " |";
  out << " worst | unaligned | aliased | in place |\n|---|---|---|";
  for (std::size_t i = 0; i < std::size(inputs) + 4; ++i) out << "---|";
  out << '\n';
  for (const Row& row : rows) {
    const double best = std::min({row.inputs[0], row.inputs[1], row.inputs[2]});
    char ns[32];
    std::snprintf(ns, sizeof ns, "%.3f", best);
    out << "| " << row.type << ", " << row.direction << " | " << row.name << " | " << ns << " |";
    double worst = 0;
    for (const double v : row.inputs) {
      out << ' ' << ratio(v / best, 3) << " |";
      worst = std::max(worst, v / best);
    }
    out << ' ' << ratio(worst, 3) << " | " << ratio(row.unaligned / row.inputs[usual], 1.25) << " | "
        << ratio(row.aliased / row.inputs[usual], 1.25) << " | " << ratio(row.in_place / row.apart, 1.1)
        << " |\n";
  }
}

int run(int argc, char** argv) {
  std::vector<char*> arguments(argv, argv + argc);
  arguments.resize(arguments.size() + 8);
  Rounds rounds(&argc, arguments.data());
  const auto single = operations<float>(nonlin::activations{});
  const auto twofold = operations<double>(nonlin::activations{});
  std::size_t count = 0;
  const auto expect = [&](const auto& all, const char* type) {
    for (const auto& op : all) count += rounds.wanted(op.name + "/" + type + "/" + op.direction) ? 15 : 0;
  };
  expect(single, "float");
  expect(twofold, "double");
  rounds.expect(count);
  std::vector<Row> rows;
  measure<float>(rounds, single, rows);
  measure<double>(rounds, twofold, rows);
  const std::string path = std::string(PEERS_OUTPUT) + ".md";
  write(rows, path);
  std::fprintf(stderr, "wrote %s\n", path.c_str());
  return 0;
}

}  // namespace
}  // namespace peers

int main(int argc, char** argv) { return peers::run(argc, argv); }
