// SPDX-License-Identifier: Apache-2.0
// The feed-forward layer of a transformer, y = (act(x W + b) * (x V + c)) W2, forward and backward: Llama's
// with SwiGLU, and each of the variants that Shazeer compares (2020, arXiv 2002.05202). Eigen multiplies the
// matrices; nonlin does all that is between them, biases and their gradients included, in one pass each way.
// The gradients are checked against finite differences, then the layer is timed.
#include <Eigen/Core>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <limits>
#include <nonlin/nonlin.hpp>
#include <random>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

namespace {

using Eigen::Index;
template <class T>
using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;  // one token a row
template <class T>
using RowVector = Eigen::RowVector<T, Eigen::Dynamic>;

struct Options {
  std::string unit = "SwiGLU";
  Index batch = 64, model = 1024, hidden = 2816, repetitions = 5;
};

// Shazeer's table, and GeGLUTanh: GeGLU by the approximation that many models were trained with.
template <class Function>
void for_each_unit(Function function) {
  function("ReLU", nonlin::ReLU{});
  function("GELU", nonlin::GELU{});
  function("Swish", nonlin::Swish{});
  function("GLU", nonlin::GLU{});
  function("Bilinear", nonlin::Bilinear{});
  function("ReGLU", nonlin::ReGLU{});
  function("GeGLU", nonlin::GeGLU{});
  function("GeGLUTanh", nonlin::GeGLUTanh{});
  function("SwiGLU", nonlin::SwiGLU{});
}

template <class Unit>
constexpr bool is_gated = false;
template <class A>
constexpr bool is_gated<nonlin::Gated<A>> = true;

// Where the unit keeps the beta of its Swish; null: it has none.
template <class Unit>
constexpr double* beta_of(Unit& unit) {
  if constexpr (std::is_same_v<Unit, nonlin::Swish>)
    return &unit.beta;
  else if constexpr (std::is_same_v<Unit, nonlin::SwiGLU>)
    return &unit.act.beta;
  else
    return nullptr;
}
template <class Unit>
constexpr bool has_beta = std::is_same_v<Unit, nonlin::Swish> || std::is_same_v<Unit, nonlin::SwiGLU>;

// Adds up where the time goes.
class Stopwatch {
 public:
  void start() { last_ = Clock::now(); }
  void lap(double& seconds) {
    const auto now = Clock::now();
    seconds += std::chrono::duration<double>(now - last_).count();
    last_ = now;
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point last_{};
};

struct Seconds {
  double products = 0, unit_forward = 0, unit_backward = 0;

  double whole() const { return products + unit_forward + unit_backward; }
};

// Uniform, of the given variance. std::uniform_real_distribution differs between standard libraries.
template <class T>
Matrix<T> random_matrix(Index rows, Index columns, double variance, std::mt19937& random) {
  const double limit = std::sqrt(3 * variance);
  return Matrix<T>::NullaryExpr(
      rows, columns, [&] { return static_cast<T>(limit * (static_cast<double>(random()) * 0x1p-31 - 1)); });
}

// What is learned, or its gradient. Without a gate there is no V and no c.
template <class T>
struct Weights {
  Matrix<T> w, v, w2;
  RowVector<T> b, c;
};

// LearnsBeta: the gradient of a beta is computed too.
template <class T, class Unit, bool LearnsBeta>
class FeedForward {
 public:
  static constexpr bool gated = is_gated<Unit>;
  static constexpr bool learns_beta = LearnsBeta && has_beta<Unit>;
  static constexpr int products = gated ? 9 : 6;  // of matrices, in a forward and a backward pass

  Unit unit;
  Weights<T> weights, gradients;
  Matrix<T> y, dx;
  double dbeta = 0;
  Seconds seconds;

  FeedForward(const Unit& the_unit, Index model, Index hidden, std::mt19937& random) : unit(the_unit) {
    const double to_hidden = 1 / static_cast<double>(model), from_hidden = 1 / static_cast<double>(hidden);
    weights.w = random_matrix<T>(model, hidden, to_hidden, random);
    weights.w2 = random_matrix<T>(hidden, model, from_hidden, random);
    weights.b = random_matrix<T>(1, hidden, 0.01, random);
    if constexpr (gated) {
      weights.v = random_matrix<T>(model, hidden, to_hidden, random);
      weights.c = random_matrix<T>(1, hidden, 0.01, random);
    }
    gradients = weights;  // the sizes: no pass allocates
  }

  // Keeps what backward() needs.
  void forward(const Matrix<T>& x) {
    watch_.start();
    gate_.noalias() = x * weights.w;
    if constexpr (gated) value_.noalias() = x * weights.v;
    hidden_.resizeLike(gate_);
    watch_.lap(seconds.products);
    if constexpr (gated)
      nonlin::forward(unit, nonlin::biased(gate_, weights.b), nonlin::biased(value_, weights.c), hidden_);
    else
      nonlin::forward(unit, nonlin::biased(gate_, weights.b), hidden_);
    watch_.lap(seconds.unit_forward);
    y.noalias() = hidden_ * weights.w2;
    watch_.lap(seconds.products);
  }

  // Takes the gradient of a loss in y, leaves that in x and in all that is learned.
  void backward(const Matrix<T>& x, const Matrix<T>& dy) {
    watch_.start();
    gradients.w2.noalias() = hidden_.transpose() * dy;
    hidden_.noalias() = dy * weights.w2.transpose();  // from here on its gradient
    watch_.lap(seconds.products);
    unit_backward();
    watch_.lap(seconds.unit_backward);
    gradients.w.noalias() = x.transpose() * gate_;
    dx.noalias() = gate_ * weights.w.transpose();
    if constexpr (gated) {
      gradients.v.noalias() = x.transpose() * value_;
      dx.noalias() += value_ * weights.v.transpose();
    }
    watch_.lap(seconds.products);
  }

 private:
  // Gradients of gate and value take the place of gate and value.
  void unit_backward() {
    using nonlin::biased;
    const auto gate = biased(gate_, weights.b);
    const auto dgate = biased(gate_, gradients.b);
    const auto rows = static_cast<std::size_t>(gate_.rows()),
               columns = static_cast<std::size_t>(gate_.cols());
    const nonlin::axis_shape shape{rows, columns, 1};
    if constexpr (gated) {
      const auto value = biased(value_, weights.c);
      const auto dvalue = biased(value_, gradients.c);
      if constexpr (learns_beta)
        nonlin::backward(unit, gate, value, hidden_, dgate, dvalue, dbeta, shape);
      else
        nonlin::backward(unit, gate, value, hidden_, dgate, dvalue, shape);
    } else if constexpr (learns_beta) {
      nonlin::backward(unit, gate, hidden_, dgate, dbeta, shape);
    } else {
      nonlin::backward(unit, gate, hidden_, dgate, shape);
    }
  }

  Matrix<T> gate_, value_, hidden_;
  Stopwatch watch_;
};

// -- the gradients ------------------------------------------------------------------------------------------

constexpr double largest_deviation = 1e-8;

// The largest difference between gradients and the central differences of loss() by the parameters, over the
// largest gradient.
template <class Loss>
double deviation(double* parameters, const double* gradients, Index count, const Loss& loss) {
  constexpr double step = 1e-5;  // error: step^2 / 6 of the third derivative, and rounding / step
  double largest = 0, difference = 0;
  for (Index i = 0; i < count; ++i) {
    const double here = parameters[i];
    parameters[i] = here + step;
    const double right = loss();
    parameters[i] = here - step;
    const double slope = (right - loss()) / (2 * step);
    parameters[i] = here;
    largest = std::max(largest, std::abs(gradients[i]));
    difference = nonlin::max(difference, std::abs(slope - gradients[i]));  // keeps a NaN
  }
  return difference / largest;
}

// Of every number that the layer computes with, in double. The loss is the sum of dy * y, dy being random.
template <class Unit>
bool check_gradients(const char* name, Unit unit) {
  constexpr Index batch = 5, model = 6, hidden = 19;  // nothing a multiple of a vector's width
  std::mt19937 random(1);
  if (double* beta = beta_of(unit)) *beta = 1.3;
  FeedForward<double, Unit, true> layer(unit, model, hidden, random);
  Matrix<double> x = random_matrix<double>(batch, model, 1, random);
  const Matrix<double> dy = random_matrix<double>(batch, model, 1, random);
  layer.forward(x);
  layer.backward(x, dy);

  std::printf("  %-9s", name);
  bool good = true;
  const auto check = [&](double* parameters, const double* gradients, Index count) {
    if (count == 0) {
      std::printf(" %9s", "-");
      return;
    }
    const double d = deviation(parameters, gradients, count, [&] {
      layer.forward(x);
      return layer.y.cwiseProduct(dy).sum();
    });
    std::printf(" %9.1e", d);
    good = good && d <= largest_deviation;
  };
  Weights<double>&w = layer.weights, &dw = layer.gradients;
  check(x.data(), layer.dx.data(), x.size());
  check(w.w.data(), dw.w.data(), w.w.size());
  check(w.v.data(), dw.v.data(), w.v.size());
  check(w.w2.data(), dw.w2.data(), w.w2.size());
  check(w.b.data(), dw.b.data(), w.b.size());
  check(w.c.data(), dw.c.data(), w.c.size());
  check(beta_of(layer.unit), &layer.dbeta, has_beta<Unit> ? 1 : 0);
  std::printf("%s\n", good ? "" : "  TOO LARGE");
  return good;
}

// -- the time -----------------------------------------------------------------------------------------------

template <class Unit>
void time_layer(const char* name, const Unit& unit, const Options& options) {
  // Without a gate it is half as wide again, for as many parameters and products (Shazeer, section 3).
  const Index hidden = is_gated<Unit> ? options.hidden : options.hidden + options.hidden / 2;
  std::printf("  %-9s %7d", name, static_cast<int>(hidden));
  std::fflush(stdout);

  std::mt19937 random(1);
  FeedForward<float, Unit, false> layer(unit, options.model, hidden, random);
  const Matrix<float> x = random_matrix<float>(options.batch, options.model, 1, random);
  const Matrix<float> dy = random_matrix<float>(options.batch, options.model, 1, random);
  Seconds best{std::numeric_limits<double>::infinity(), 0, 0};
  for (Index i = 0; i <= options.repetitions; ++i) {  // the first one fetches the memory
    layer.seconds = {};
    layer.forward(x);
    layer.backward(x, dy);
    if (i > 0 && layer.seconds.whole() < best.whole()) best = layer.seconds;
  }
  if (!layer.dx.allFinite()) throw std::runtime_error(std::string(name) + ": dx is not finite");

  const double flop = 2.0 * layer.products * static_cast<double>(options.batch * options.model * hidden);
  std::printf(" %10.2f %10.2f %9.1f %10.3f %10.3f %8.2f %%\n", 1e3 * best.whole(), 1e3 * best.products,
              1e-9 * flop / best.products, 1e3 * best.unit_forward, 1e3 * best.unit_backward,
              100 * (best.unit_forward + best.unit_backward) / best.whole());
}

// -- the program --------------------------------------------------------------------------------------------

std::string unit_names() {
  std::string names;
  for_each_unit([&](const char* name, auto) { names.append(names.empty() ? "" : " ").append(name); });
  return names;
}

void print_help() {
  const Options defaults;
  std::printf(
      "usage: swiglu_ffn [options]\n"
      "The feed-forward layer of a transformer, (act(x W + b) * (x V + c)) W2: checks its gradients\n"
      "against finite differences in double, then times it, forward and backward, in float.\n"
      "  --unit NAME        the gated unit, or the activation of a layer without a gate (default %s):\n"
      "                     all %s\n"
      "  --batch N          tokens (default %d)\n"
      "  --model N          width of x and y (default %d)\n"
      "  --hidden N         width between; without a gate 3/2 of it (default %d)\n"
      "  --repetitions N    of which the fastest counts (default %d)\n"
      "  --help\n"
      "The environment variable NONLIN_ISA (scalar, sse2, avx2, avx512, neon, wasm) forces an instruction set.\n",
      defaults.unit.c_str(), unit_names().c_str(), static_cast<int>(defaults.batch),
      static_cast<int>(defaults.model), static_cast<int>(defaults.hidden),
      static_cast<int>(defaults.repetitions));
}

Options parse(int argc, char** argv) {
  Options options;
  const std::pair<const char*, Index*> sizes[] = {{"--batch", &options.batch},
                                                  {"--model", &options.model},
                                                  {"--hidden", &options.hidden},
                                                  {"--repetitions", &options.repetitions}};
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    if (option == "--help" || option == "-h") {
      print_help();
      std::exit(EXIT_SUCCESS);
    }
    Index* number = nullptr;
    for (const auto& [name, size] : sizes)
      if (option == name) number = size;
    if (number == nullptr && option != "--unit")
      throw std::invalid_argument("unknown option '" + option + "'; see --help");
    if (++i == argc) throw std::invalid_argument(option + " needs a value");
    const std::string value = argv[i];
    if (number != nullptr) {
      char* end = nullptr;
      *number = std::strtol(value.c_str(), &end, 10);
      if (*end != '\0' || *number < 1 || *number > 65536)
        throw std::invalid_argument(option + " needs a number from 1 to 65536, not '" + value + "'");
    }
    if (option == "--unit") options.unit = value;
  }
  bool known = options.unit == "all";
  for_each_unit([&](const char* name, auto) { known = known || options.unit == name; });
  if (!known) throw std::invalid_argument("no unit '" + options.unit + "'; there are: all " + unit_names());
  return options;
}

bool run(const Options& options) {
  const auto for_each_chosen = [&](const auto& function) {
    for_each_unit([&](const char* name, auto unit) {
      if (options.unit == "all" || options.unit == name) function(name, unit);
    });
  };
  std::printf("nonlin on %s, Eigen on %s\n\n", nonlin::to_string(nonlin::active_isa()),
              Eigen::SimdInstructionSetsInUse());
  std::printf(
      "Largest difference of a gradient from central differences, over the largest gradient, in double; "
      "limit %g\n\n"
      "  %-9s %9s %9s %9s %9s %9s %9s %9s\n",
      largest_deviation, "unit", "dx", "dW", "dV", "dW2", "db", "dc", "dbeta");
  bool good = true;
  for_each_chosen([&](const char* name, const auto& unit) { good &= check_gradients(name, unit); });
  if (!good) return false;

  std::printf(
      "\nMilliseconds forward and backward in float, %d tokens of %d; the fastest of %d repetitions\n"
      "(forward, backward, share of the whole: the unit with its biases)\n\n"
      "  %-9s %7s %10s %10s %9s %10s %10s %10s\n",
      static_cast<int>(options.batch), static_cast<int>(options.model), static_cast<int>(options.repetitions),
      "unit", "hidden", "whole", "products", "GFLOP/s", "forward", "backward", "share");
  for_each_chosen([&](const char* name, const auto& unit) { time_layer(name, unit, options); });
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(parse(argc, argv)) ? EXIT_SUCCESS : EXIT_FAILURE;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "swiglu_ffn: %s\n", error.what());
    return EXIT_FAILURE;
  }
}
