// SPDX-License-Identifier: Apache-2.0
// What an activation does to a deep network before any training, measured: how far gradients come back
// (Sigmoid's vanish), whether the signals keep their mean and variance on the way (SELU's do), and whether a
// unit that has died comes back to life (ReLU's cannot). The program checks what it claims.
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iterator>
#include <nonlin/nonlin.hpp>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "../plot.hpp"

namespace {

using Matrix = Eigen::MatrixXf;  // one sample a column

constexpr int layer_count = 50;
constexpr std::uint32_t seed = 1;

struct Options {
  int width = 256;
  std::string plot = "saturation.svg";
};

// N(0, 1), by Box and Muller: std::normal_distribution differs between standard libraries.
Matrix normal(Eigen::Index rows, Eigen::Index columns, std::mt19937& random) {
  const auto uniform = [&] { return (static_cast<double>(random()) + 0.5) * 0x1p-32; };  // never 0
  return Matrix::NullaryExpr(rows, columns, [&] {
    const double radius = std::sqrt(-2 * std::log(uniform()));
    return static_cast<float>(radius * std::cos(6.283185307179586 * uniform()));
  });
}

std::size_t count(const Matrix& m) { return static_cast<std::size_t>(m.size()); }

struct Moments {
  double mean, variance;
};

Moments moments(const Matrix& m) {
  const Eigen::ArrayXXd values = m.cast<double>().array();
  const double mean = values.mean();
  return {mean, (values - mean).square().mean()};
}

// -- a deep network at its initialisation -------------------------------------------------------------------

// Normal weights, as each activation is usually given them: their variance is gain / inputs.
struct Initialisation {
  const char* name;
  double gain;
};

constexpr Initialisation lecun{"LeCun", 1};  // a linear layer keeps the power of its signals
constexpr Initialisation he{"He", 2};        // so does one of ReLU, which takes half of it away

// The same for every activation, so that only the activation and the scale of the weights differ.
struct Deep {
  std::vector<Matrix> weights;  // N(0, 1), yet to be scaled
  Matrix input, top_gradient;

  explicit Deep(Eigen::Index width) {
    std::mt19937 random(seed);
    for (int i = 0; i < layer_count; ++i) weights.push_back(normal(width, width, random));
    input = normal(width, width, random);
    top_gradient = normal(width, width, random);
  }
};

struct Passage {
  std::string name;
  std::vector<Moments> signals;   // of the input, then of the output of layer 1, 2, ...
  std::vector<double> gradients;  // norm, relative to the top, after passing 0, 1, 2, ... layers backwards

  double gradient_at(int layer) const { return gradients[static_cast<std::size_t>(layer_count - layer)]; }
};

template <class Activation>
Passage pass(const Deep& deep, const Activation& activation, const Initialisation& initialisation) {
  const auto scale =
      static_cast<float>(std::sqrt(initialisation.gain / static_cast<double>(deep.input.rows())));
  Passage passage{Activation::name, {moments(deep.input)}, {1}};

  std::vector<Matrix> z;  // what enters each layer's activation
  Matrix y = deep.input;
  for (const Matrix& w : deep.weights) {
    z.emplace_back(scale * w * y);
    nonlin::forward(activation, z.back().data(), y.data(), count(y));
    passage.signals.push_back(moments(y));
  }

  Matrix gradient = deep.top_gradient, next;
  const double top = gradient.cast<double>().norm();
  for (std::size_t i = z.size(); i-- > 0;) {
    nonlin::backward(activation, z[i].data(), gradient.data(), gradient.data(), count(gradient));
    next.noalias() = scale * deep.weights[i].transpose() * gradient;
    std::swap(gradient, next);
    passage.gradients.push_back(gradient.cast<double>().norm() / top);
  }
  return passage;
}

// those printed
constexpr int gradient_layers[] = {50, 40, 30, 20, 10, 0};
constexpr int signal_layers[] = {1, 5, 10, 25, 50};

// Each row is printed as soon as it is known: the progress.
std::vector<Passage> measure_depth(int width) {
  std::printf(
      "Norm of the gradient that comes back to the outputs of a layer (0: the input), over the top's\n\n");
  std::printf("  %-10s %-5s", "layer", "init");
  for (const int layer : gradient_layers) std::printf(" %8d", layer);
  std::printf("    a layer\n");

  const Deep deep(width);
  std::vector<Passage> passages;
  const auto add = [&](const auto& activation, const Initialisation& initialisation) {
    std::printf("  %-10s %-5s", activation.name, initialisation.name);
    std::fflush(stdout);
    passages.push_back(pass(deep, activation, initialisation));
    const Passage& p = passages.back();
    for (const int layer : gradient_layers) std::printf(" %8.2g", p.gradient_at(layer));
    std::printf("    x %.3f\n", std::pow(p.gradient_at(0), 1.0 / layer_count));
  };
  add(nonlin::Sigmoid{}, lecun);
  add(nonlin::Tanh{}, lecun);
  add(nonlin::ReLU{}, he);
  add(nonlin::LeakyReLU{}, he);
  add(nonlin::ELU{}, he);
  add(nonlin::SELU{}, lecun);
  add(nonlin::GELU{}, he);

  std::printf("\nMean and variance of the outputs of a layer\n\n  %-10s", "layer");
  for (const int layer : signal_layers) std::printf(" %11d     ", layer);
  std::printf("\n");
  for (const Passage& p : passages) {
    std::printf("  %-10s", p.name.c_str());
    for (const int layer : signal_layers) {
      const Moments& m = p.signals[static_cast<std::size_t>(layer)];
      std::printf("  %6.3f %-8.2g", m.mean, m.variance);
    }
    std::printf("\n");
  }
  std::printf(
      "\nSigmoid is not even saturated here: its slope is 1/4 at most, and 1/4 to the power of %d is %.0e.\n"
      "SELU's constants are chosen for mean 0 and variance 1. He's factor is ReLU's: too large for ELU,\n"
      "whose signals grow, and too small for GELU, which halves a small signal: they fade, gradients too.\n",
      layer_count, std::pow(0.25, layer_count));
  return passages;
}

// -- dead units ---------------------------------------------------------------------------------------------

constexpr Eigen::Index unit_count = 64, input_count = 8, sample_count = 256;
constexpr float bad_bias = -6;  // four standard deviations of what the weights bring in
constexpr int reported_steps[] = {0, 10, 100, 300, 1000};

// Adam (Kingma and Ba 2015): steps whose size does not depend on the gradient's. Plain gradient descent
// would move units in the leak a hundred times slower. Where the gradient is always 0, so is Adam's step.
struct Parameter {
  Matrix value, first, second;

  explicit Parameter(Matrix initial)
      : value(std::move(initial)), first(Matrix::Zero(value.rows(), value.cols())), second(first) {}

  void step(const Matrix& gradient, int t) {
    constexpr float rate = 0.01f, beta1 = 0.9f, beta2 = 0.999f;
    first += (1 - beta1) * (gradient - first);
    second += (1 - beta2) * (gradient.cwiseAbs2() - second);
    const auto steps = static_cast<float>(t);
    const float unbias = std::sqrt(1 - std::pow(beta2, steps)) / (1 - std::pow(beta1, steps));
    value.array() -= rate * unbias * first.array() / (second.array().sqrt() + 1e-8f);
  }
};

struct Revival {
  int dead = 0;        // at the start
  int revived = 0;     // of these, at the end
  bool moved = false;  // whether any weight or bias of the dead changed by a single bit
};

// One hidden layer learns the length of its input, from hidden biases that are far too low.
template <class Activation>
Revival train_badly_biased(const Activation& activation) {
  std::mt19937 random(seed);
  const Matrix x = normal(input_count, sample_count, random);
  Matrix target = x.colwise().norm();
  target.array() -= target.mean();
  target /= std::sqrt(target.squaredNorm() / sample_count);  // so that a loss of 1 is nothing learned

  Parameter weights(std::sqrt(2.0f / input_count) * normal(unit_count, input_count, random));
  Parameter bias(Matrix::Constant(unit_count, 1, bad_bias));
  Parameter out(std::sqrt(1.0f / unit_count) * normal(1, unit_count, random));
  Parameter out_bias(Matrix::Zero(1, 1));
  const Matrix first_weights = weights.value, first_bias = bias.value;

  std::printf("  %-10s", activation.name);
  Eigen::Array<bool, Eigen::Dynamic, 1> dead_at_first, dead;
  double loss = 0, first_gradient = 0;
  for (int step = 0;; ++step) {
    Matrix z = weights.value * x;
    z.colwise() += bias.value.col(0);
    Matrix y(z.rows(), z.cols());
    nonlin::forward(activation, z.data(), y.data(), count(z));
    Matrix error = out.value * y - target;
    error.array() += out_bias.value(0);
    loss = static_cast<double>(error.squaredNorm()) / sample_count;
    dead = z.rowwise().maxCoeff().array() <= 0;

    error *= 2.0f / sample_count;
    Matrix dz = out.value.transpose() * error;
    nonlin::backward(activation, z.data(), dz.data(), dz.data(), count(dz));
    const Matrix gradient = dz * x.transpose();

    if (step == 0) {
      dead_at_first = dead;
      for (Eigen::Index i = 0; i < unit_count; ++i)
        if (dead(i)) first_gradient = std::max(first_gradient, static_cast<double>(gradient.row(i).norm()));
    }
    if (std::find(std::begin(reported_steps), std::end(reported_steps), step) != std::end(reported_steps)) {
      std::printf(" %6d", static_cast<int>(dead.count()));
      std::fflush(stdout);
    }
    if (step == *std::rbegin(reported_steps)) break;

    weights.step(gradient, step + 1);
    bias.step(dz.rowwise().sum(), step + 1);
    out.step(error * y.transpose(), step + 1);
    out_bias.step(Matrix::Constant(1, 1, error.sum()), step + 1);
  }

  Revival revival;
  for (Eigen::Index i = 0; i < unit_count; ++i)
    if (dead_at_first(i)) {
      ++revival.dead;
      revival.revived += !dead(i);
      revival.moved =
          revival.moved || weights.value.row(i) != first_weights.row(i) || bias.value(i) != first_bias(i);
    }
  std::printf(" %9d %15.2g %9.3f\n", revival.revived, first_gradient, loss);
  return revival;
}

struct Revivals {
  Revival relu, leaky_relu;
};

Revivals measure_death() {
  std::printf(
      "\nDead units: of %d that start with a bias of %g, how many are below 0 for every one of %d inputs\n"
      "(first gradient: the largest by a dead unit's weights, at step 0; a loss of 1: nothing learned)\n\n"
      "  %-10s",
      static_cast<int>(unit_count), static_cast<double>(bad_bias), static_cast<int>(sample_count),
      "after step");
  for (const int step : reported_steps) std::printf(" %6d", step);
  std::printf("   revived  first gradient      loss\n");
  const Revival relu = train_badly_biased(nonlin::ReLU{});
  return {relu, train_badly_biased(nonlin::LeakyReLU{})};
}

// -- the claims ---------------------------------------------------------------------------------------------

bool report(const char* claim, bool holds) {
  std::printf("  %-86s %s\n", claim, holds ? "holds" : "FAILS");
  return holds;
}

bool check(const std::vector<Passage>& passages, const Revivals& revivals) {
  std::printf("\nClaims\n\n");
  bool good = true;
  for (const Passage& p : passages) {
    if (p.name == nonlin::Sigmoid::name)
      good &= report("Sigmoid: less than 1e-20 of the gradient comes back to the input",
                     p.gradient_at(0) < 1e-20);
    if (p.name == nonlin::SELU::name)
      good &= report("SELU: a mean within 0.1 of 0 and a variance within [0.5, 2] in every layer",
                     std::all_of(p.signals.begin(), p.signals.end(), [](const Moments& m) {
                       return std::abs(m.mean) <= 0.1 && m.variance >= 0.5 && m.variance <= 2;
                     }));
  }
  good &= report("ReLU: there are dead units, none revives, not a bit of their weights changes",
                 revivals.relu.dead > 0 && revivals.relu.revived == 0 && !revivals.relu.moved);
  good &= report("LeakyReLU: of as many, at least a quarter revives",
                 revivals.leaky_relu.dead == revivals.relu.dead &&
                     4 * revivals.leaky_relu.revived >= revivals.leaky_relu.dead);
  return good;
}

void draw(const std::vector<Passage>& passages, const Options& options) {
  std::vector<Curve> curves;
  for (const Passage& p : passages) curves.push_back({p.name, p.gradients});
  const std::string width = std::to_string(options.width);
  Plot("How far gradients come back",
       std::to_string(layer_count) + " layers of " + width +
           " units before training; weights of variance 1/" + width +
           " (LeCun) for Sigmoid, Tanh and SELU, 2/" + width + " (He) for the others",
       "norm of the gradient, relative to the top", "layers passed on the way back")
      .write(options.plot, curves);
  std::printf("\nThe gradients are drawn in %s\n", options.plot.c_str());
}

void print_help() {
  std::printf(
      "usage: saturation [options]\n"
      "Measures vanishing gradients, self-normalisation and dead units, and checks what it claims of them.\n"
      "  --width N    units in each of the %d layers, and samples (default %d)\n"
      "  --plot FILE  where to draw the gradients (default %s)\n"
      "  --help\n"
      "The environment variable NONLIN_ISA (scalar, sse2, avx2, avx512, neon, wasm) forces an instruction set.\n",
      layer_count, Options{}.width, Options{}.plot.c_str());
}

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    if (option == "--help" || option == "-h") {
      print_help();
      std::exit(EXIT_SUCCESS);
    }
    if (option != "--width" && option != "--plot")
      throw std::invalid_argument("unknown option '" + option + "'; see --help");
    if (++i == argc) throw std::invalid_argument(option + " needs a value");
    const std::string value = argv[i];
    if (option == "--plot") options.plot = value;
    if (option == "--width") {
      char* end = nullptr;
      const long width = std::strtol(value.c_str(), &end, 10);
      if (*end != '\0' || width < 64 || width > 1024)  // the claims are of wide layers
        throw std::invalid_argument("--width needs a number from 64 to 1024, not '" + value + "'");
      options.width = static_cast<int>(width);
    }
  }
  return options;
}

bool run(const Options& options) {
  // Better said now than after the work.
  if (!std::ofstream(options.plot, std::ios::app))
    throw std::runtime_error("cannot write '" + options.plot + "'");
  std::printf("nonlin on %s; %d layers of %d units before training, %d random inputs\n\n",
              nonlin::to_string(nonlin::active_isa()), layer_count, options.width, options.width);
  const std::vector<Passage> passages = measure_depth(options.width);
  const Revivals revivals = measure_death();
  const bool good = check(passages, revivals);
  draw(passages, options);
  return good;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(parse(argc, argv)) ? EXIT_SUCCESS : EXIT_FAILURE;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "saturation: %s\n", error.what());
    return EXIT_FAILURE;
  }
}
