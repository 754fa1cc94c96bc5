// SPDX-License-Identifier: Apache-2.0
// Trains the same multilayer perceptron on handwritten digits once with each activation of the library,
// compares them in a table and draws their learning curves. The digits are moved about by a pixel, which is
// hard on anything linear: centred, they are so easy that even Identity reads 95 % of them.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <nonlin/nonlin.hpp>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "../plot.hpp"
#include "data.hpp"
#include "network.hpp"

#ifndef DIGITS_CSV
#define DIGITS_CSV "digits.csv"
#endif

namespace {

// The same for every activation, so that only the activation differs.
const std::vector<Eigen::Index> layer_sizes{pixel_count, 64, 64, 64, 64, class_count};
constexpr Eigen::Index batch_size = 32;
constexpr float learning_rate = 3e-3f;  // at the start; falls to 0 as the square of the steps left
constexpr std::uint32_t seed = 1;

struct Options {
  int epochs = 100;
  std::string data = DIGITS_CSV;
  std::string plot = "digits.svg";
  std::string activation;  // empty: all
};

struct Task {
  Dataset training;  // a batch takes its images at fresh random places
  Dataset probe;     // the training images, each at one fixed random place: for the learning curve
  Dataset test;      // at all places
};

struct Result {
  Curve loss;
  double accuracy;
  double seconds;
  std::string learned;  // by Swish and by PReLU: a sentence
};

struct Score {
  double loss, accuracy;
};

// function(std::type_identity<A>) for each A of the library's list, and for PReLU, which is along an axis.
template <class Function>
void for_each_activation(Function function) {
  [&]<class... Activations>(nonlin::type_list<Activations...>) {
    (function(std::type_identity<Activations>{}), ...);
  }(nonlin::activations{});
  function(std::type_identity<nonlin::PReLU<float>>{});
}

// A row of logits for each image.
nonlin::axis_shape shape_of(const Matrix& logits) {
  return {static_cast<std::size_t>(logits.cols()), static_cast<std::size_t>(logits.rows()), 1};
}

template <class Activation>
Score evaluate(Network<Activation>& network, const Dataset& data) {
  const Matrix& logits = network.forward(data.images, Mode::evaluation);
  int correct = 0;
  for (Eigen::Index j = 0; j < data.size(); ++j) {
    Eigen::Index answer = 0;
    logits.col(j).maxCoeff(&answer);
    correct += answer == data.labels[static_cast<std::size_t>(j)];
  }
  return {nonlin::forward(nonlin::SoftmaxCrossEntropy{}, logits, data.labels, shape_of(logits)),
          correct / static_cast<double>(data.size())};
}

// What the nonlinearities of the network have learned, if they learn.
template <class Activation>
std::string learned_by(const Network<Activation>& network) {
  using Between = Nonlinearity<Activation>;
  if constexpr (requires { Between::what; }) {
    std::string sentence = std::string(Activation::name) + " learned " + Between::what;
    char words[32];
    for (const float value : network.learned()) {
      std::snprintf(words, sizeof words, " %.2f", static_cast<double>(value));
      sentence += words;
    }
    std::snprintf(words, sizeof words, ", from %g.", Between::from);
    return sentence + ", " + Between::each + words;
  }
  return {};
}

// The epochs whose loss is printed while training runs.
std::vector<int> reported_epochs(int epochs) {
  const int columns = std::min(epochs, 5);
  std::vector<int> reported;
  for (int i = 1; i <= columns; ++i) reported.push_back(epochs * i / columns);
  return reported;
}

Task make_task(const std::string& path) {
  Split digits = split(read_digits(path), seed);
  Random random(seed);
  Dataset probe = at_random_places(digits.training, random);
  return {std::move(digits.training), std::move(probe), at_all_places(digits.test)};
}

template <class Activation>
Result train(const Task& data, int epochs) {
  const auto start = std::chrono::steady_clock::now();
  std::printf("  %-10s", Activation::name);

  Random random(seed);
  Network<Activation> network(layer_sizes, random);
  Result result{{Activation::name, {evaluate(network, data.probe).loss}}, 0, 0, {}};
  const std::vector<int> reported = reported_epochs(epochs);
  const Eigen::Index count = data.training.size();
  const auto steps = static_cast<float>(epochs * ((count + batch_size - 1) / batch_size));
  Matrix dlogits;
  for (int epoch = 1, t = 0; epoch <= epochs; ++epoch) {
    const auto order = random_order(count, random);
    for (Eigen::Index begin = 0; begin < count; begin += batch_size) {
      const Dataset batch =
          at_random_places(take(data.training, order, begin, std::min(batch_size, count - begin)), random);
      const Matrix& logits = network.forward(batch.images, Mode::training);
      dlogits.resizeLike(logits);
      nonlin::backward(nonlin::SoftmaxCrossEntropy{}, logits, batch.labels, dlogits, shape_of(logits));
      network.backward(dlogits);
      const float left = 1 - static_cast<float>(t) / steps;
      network.step(learning_rate * left * left, ++t);
    }
    result.loss.values.push_back(evaluate(network, data.probe).loss);
    if (std::find(reported.begin(), reported.end(), epoch) != reported.end()) {
      std::printf(" %#9.2g", result.loss.values.back());
      std::fflush(stdout);
    }
  }
  if (!std::isfinite(result.loss.values.back()))
    throw std::runtime_error(std::string(Activation::name) + ": the training diverged");
  result.accuracy = evaluate(network, data.test).accuracy;
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  result.learned = learned_by(network);
  std::printf("\n");
  return result;
}

void print_table(const std::vector<Result>& results, const Options& options, Eigen::Index test_count) {
  std::printf("\n  %-10s  %13s  %13s  %6s  %6s\n", "activation", "test accuracy", "training loss", "epochs",
              "time");
  for (const Result& r : results)
    std::printf("  %-10s  %11.2f %%  %#13.2g  %6d  %4.1f s\n", r.loss.name.c_str(), 100 * r.accuracy,
                r.loss.values.back(), options.epochs, r.seconds);
  std::printf(
      "\nThe test images are %d digits at nine places each: less than a point of accuracy is chance.\n",
      static_cast<int>(test_count / 9));
  for (const Result& r : results) {
    if (r.loss.name == "Identity")
      std::printf(
          "Identity: without a nonlinearity the layers multiply out to one linear map, however many they "
          "are.\n");
    if (r.loss.name == "RReLU")
      std::printf("RReLU is trained with random slopes and tested, as its loss is taken, with their mean.\n");
    if (!r.learned.empty()) std::printf("%s\n", r.learned.c_str());
  }
}

void print_help() {
  std::printf(
      "usage: digits [options]\n"
      "Trains a small network on handwritten digits with each activation of nonlin and compares them.\n"
      "  --epochs N         passes over the training images (default %d)\n"
      "  --activation NAME  only this one\n"
      "  --data FILE        the images (default %s)\n"
      "  --plot FILE        where to draw the learning curves (default %s)\n"
      "  --help\n"
      "The environment variable NONLIN_ISA (scalar, sse2, avx2, avx512, neon, wasm) forces an instruction set.\n",
      Options{}.epochs, Options{}.data.c_str(), Options{}.plot.c_str());
}

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    if (option == "--help" || option == "-h") {
      print_help();
      std::exit(EXIT_SUCCESS);
    }
    const bool known =
        option == "--epochs" || option == "--activation" || option == "--data" || option == "--plot";
    if (!known) throw std::invalid_argument("unknown option '" + option + "'; see --help");
    if (++i == argc) throw std::invalid_argument(option + " needs a value");
    const std::string value = argv[i];
    if (option == "--activation") options.activation = value;
    if (option == "--data") options.data = value;
    if (option == "--plot") options.plot = value;
    if (option == "--epochs") {
      char* end = nullptr;
      const long epochs = std::strtol(value.c_str(), &end, 10);
      if (*end != '\0' || epochs < 1 || epochs > 100000)
        throw std::invalid_argument("--epochs needs a number from 1 to 100000, not '" + value + "'");
      options.epochs = static_cast<int>(epochs);
    }
  }
  return options;
}

void run(const Options& options) {
  std::string names;
  bool known = options.activation.empty();
  for_each_activation([&]<class Activation>(std::type_identity<Activation>) {
    names += std::string(" ") + Activation::name;
    known = known || options.activation == Activation::name;
  });
  if (!known) throw std::invalid_argument("no activation '" + options.activation + "'; there are:" + names);

  const Task data = make_task(options.data);
  // Better said now than after the training.
  if (!std::ofstream(options.plot, std::ios::app))
    throw std::runtime_error("cannot write '" + options.plot + "'");

  std::string sizes;
  for (const Eigen::Index size : layer_sizes)
    sizes.append(sizes.empty() ? "" : "-").append(std::to_string(size));
  std::printf(
      "nonlin on %s; a %s network; %d training and %d test images; %d epochs of Adam, batches of %d\n\n",
      nonlin::to_string(nonlin::active_isa()), sizes.c_str(), static_cast<int>(data.training.size()),
      static_cast<int>(data.test.size()), options.epochs, static_cast<int>(batch_size));

  std::printf("  %-10s training loss after epoch\n  %-10s", "", "");
  for (const int epoch : reported_epochs(options.epochs)) std::printf(" %9d", epoch);
  std::printf("\n");
  std::vector<Result> results;
  for_each_activation([&]<class Activation>(std::type_identity<Activation>) {
    if (options.activation.empty() || options.activation == Activation::name)
      results.push_back(train<Activation>(data, options.epochs));
  });

  print_table(results, options, data.test.size());
  std::vector<Curve> curves;
  for (const Result& r : results) curves.push_back(r.loss);
  Plot("Learning to read digits, by activation",
       sizes + " network, " + std::to_string(data.training.size()) +
           " images of 8x8 pixels, Adam, batches of " + std::to_string(batch_size),
       "training loss (cross-entropy)")
      .write(options.plot, curves);
  std::printf("Learning curves written to %s\n", options.plot.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run(parse(argc, argv));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "digits: %s\n", error.what());
    return EXIT_FAILURE;
  }
}
