// SPDX-License-Identifier: Apache-2.0
// A multilayer perceptron: Eigen multiplies the matrices, nonlin does what is in between, and the loss.
#pragma once

#include <Eigen/Core>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <nonlin/nonlin.hpp>
#include <utility>
#include <vector>

#include "data.hpp"

// A trained matrix with the running means of its gradient that Adam keeps (Kingma & Ba 2015).
struct Parameter {
  Matrix value, gradient, first, second;

  explicit Parameter(Matrix initial)
      : value(std::move(initial)),
        gradient(Matrix::Zero(value.rows(), value.cols())),
        first(gradient),
        second(gradient) {}

  void step(float rate, int t) {
    constexpr float beta1 = 0.9f, beta2 = 0.999f;
    first += (1 - beta1) * (gradient - first);
    second += (1 - beta2) * (gradient.cwiseAbs2() - second);
    const auto steps = static_cast<float>(t);
    const float unbias = std::sqrt(1 - std::pow(beta2, steps)) / (1 - std::pow(beta1, steps));
    value.array() -= rate * unbias * first.array() / (second.array().sqrt() + 1e-8f);
  }
};

// How much larger than 1 / inputs the variance of the weights should be. With z ~ N(0, 1), 1 / E[f(z)^2]
// keeps the signals' size from layer to layer and 1 / E[f'(z)^2] the gradients'; this is the compromise of
// Glorot & Bengio (2010). It finds the 2 of He et al. (2015) for ReLU, and LeCun's 1 for Identity and (within
// 4 %) SELU.
template <class Activation>
float initial_gain(const Activation& activation) {
  std::vector<float> z(1601), density(z.size()), f(z.size()), df(z.size());
  for (std::size_t i = 0; i < z.size(); ++i) {
    z[i] = (static_cast<float>(i) - 800) / 100;
    density[i] = 0.00398942280f * std::exp(-0.5f * z[i] * z[i]);  // times the spacing of z
  }
  nonlin::forward(activation, z, f);
  nonlin::backward(activation, z, std::vector<float>(z.size(), 1.0f), df);
  float sum = 0;
  for (std::size_t i = 0; i < z.size(); ++i) sum += density[i] * (f[i] * f[i] + df[i] * df[i]);
  return 2 / sum;
}

inline Matrix random_weights(Eigen::Index outputs, Eigen::Index inputs, float gain, Random& random) {
  const float limit =
      std::sqrt(3 * gain / static_cast<float>(inputs));  // uniform in +-limit: variance limit^2 / 3
  return Matrix::NullaryExpr(outputs, inputs, [&] {
    const auto uniform = static_cast<float>(random() >> 8) * 0x1p-24f;
    return limit * (2 * uniform - 1);
  });
}

enum class Mode { training, evaluation };

// What stands between two layers, and what it learns: most learn nothing.
template <class Activation>
struct Nonlinearity {
  static constexpr Activation initial{};  // what initial_gain() measures

  explicit Nonlinearity(Eigen::Index /*units*/, std::size_t /*layer*/) {}

  void forward(const Matrix& z, Matrix& y, Mode) { nonlin::forward(Activation{}, z, y); }
  // Gradient in y to gradient in z, in place.
  void backward(const Matrix& z, Matrix& gradient) { nonlin::backward(Activation{}, z, gradient, gradient); }
  void step(float /*rate*/, int /*t*/) {}
};

// Swish learns its beta, one a layer (Ramachandran et al. 2017).
template <>
struct Nonlinearity<nonlin::Swish> {
  static constexpr nonlin::Swish initial{};
  static constexpr const char *what = "the betas", *each = "one a hidden layer";
  static constexpr double from = initial.beta;

  explicit Nonlinearity(Eigen::Index /*units*/, std::size_t /*layer*/) {}

  nonlin::Swish swish() const { return {.beta = static_cast<double>(beta.value(0))}; }
  void forward(const Matrix& z, Matrix& y, Mode) { nonlin::forward(swish(), z, y); }
  void backward(const Matrix& z, Matrix& gradient) {
    nonlin::backward(swish(), z, gradient, gradient, beta.gradient(0));
  }
  void step(float rate, int t) { beta.step(rate, t); }
  float learned() const { return beta.value(0); }

  Parameter beta{Matrix::Ones(1, 1)};
};

// PReLU learns its slopes, one a unit (He et al. 2015). An image is a column, so the units are the last axis.
template <>
struct Nonlinearity<nonlin::PReLU<float>> {
  static constexpr nonlin::LeakyReLU initial{.slope = 0.25};
  static constexpr const char *what = "slopes of", *each = "the mean of each hidden layer's units";
  static constexpr double from = initial.slope;

  explicit Nonlinearity(Eigen::Index units, std::size_t /*layer*/)
      : slopes(Matrix::Constant(units, 1, static_cast<float>(initial.slope))) {}

  void forward(const Matrix& z, Matrix& y, Mode) { nonlin::forward(nonlin::PReLU(slopes.value), z, y); }
  void backward(const Matrix& z, Matrix& gradient) {
    nonlin::backward(nonlin::PReLU(slopes.value), z, gradient, gradient, slopes.gradient);
  }
  void step(float rate, int t) { slopes.step(rate, t); }
  float learned() const { return slopes.value.mean(); }

  Parameter slopes;
};

// RReLU draws a slope for each number while it is trained (Xu et al. 2015). None is kept: backward() draws
// those of the last forward() again, from the same offset in the layer's stream.
template <>
struct Nonlinearity<nonlin::RReLU> {
  static constexpr nonlin::RReLU initial{};

  explicit Nonlinearity(Eigen::Index /*units*/, std::size_t layer) : stream(layer) {}

  void forward(const Matrix& z, Matrix& y, Mode mode) {
    if (mode == Mode::evaluation) return nonlin::forward(nonlin::RReLU{}, z, y);
    offset = next;
    next += static_cast<std::uint64_t>(z.size());
    nonlin::forward(nonlin::RReLU{}.training(stream, offset), z, y);
  }
  void backward(const Matrix& z, Matrix& gradient) {
    nonlin::backward(nonlin::RReLU{}.training(stream, offset), z, gradient, gradient);
  }
  void step(float /*rate*/, int /*t*/) {}

  std::uint64_t stream, offset = 0, next = 0;
};

template <class Activation>
class Network {
 public:
  Network(const std::vector<Eigen::Index>& sizes, Random& random) {
    float gain = 1;  // of the first layer: the pixels have a mean square of 1
    for (std::size_t i = 1; i < sizes.size(); ++i) {
      layers_.emplace_back(random_weights(sizes[i], sizes[i - 1], gain, random), i);
      gain = initial_gain(Nonlinearity<Activation>::initial);
    }
  }

  // The logits: one column an image. Keeps what backward() needs.
  const Matrix& forward(const Matrix& images, Mode mode) {
    input_ = images;
    const Matrix* x = &input_;
    for (Layer& layer : layers_) {
      layer.z.noalias() = layer.weights.value * *x;
      layer.z.colwise() += layer.bias.value.col(0);
      if (&layer == &layers_.back()) break;  // the softmax belongs to the loss
      layer.y.resizeLike(layer.z);
      layer.nonlinearity.forward(layer.z, layer.y, mode);
      x = &layer.y;
    }
    return layers_.back().z;
  }

  // Takes the gradient of the loss in the logits, leaves that of every parameter.
  void backward(const Matrix& dlogits) {
    Matrix dz = dlogits, dx;
    for (std::size_t i = layers_.size(); i-- > 0;) {
      Layer& layer = layers_[i];
      layer.weights.gradient.noalias() = dz * (i > 0 ? layers_[i - 1].y : input_).transpose();
      layer.bias.gradient = dz.rowwise().sum();
      if (i == 0) break;
      dx.noalias() = layer.weights.value.transpose() * dz;
      layers_[i - 1].nonlinearity.backward(layers_[i - 1].z, dx);
      std::swap(dz, dx);
    }
  }

  // One step of Adam, the t-th.
  void step(float rate, int t) {
    for (Layer& layer : layers_) {
      layer.weights.step(rate, t);
      layer.bias.step(rate, t);
      if (&layer != &layers_.back()) layer.nonlinearity.step(rate, t);
    }
  }

  // What the nonlinearity of each hidden layer has learned.
  std::vector<float> learned() const {
    std::vector<float> all;
    for (std::size_t i = 0; i + 1 < layers_.size(); ++i) all.push_back(layers_[i].nonlinearity.learned());
    return all;
  }

 private:
  struct Layer {
    Parameter weights, bias;
    Nonlinearity<Activation> nonlinearity;
    Matrix z, y;  // before and after the nonlinearity

    Layer(Matrix initial, std::size_t number)
        : weights(std::move(initial)),
          bias(Matrix::Zero(weights.value.rows(), 1)),
          nonlinearity(weights.value.rows(), number) {}
  };

  std::vector<Layer> layers_;
  Matrix input_;
};
