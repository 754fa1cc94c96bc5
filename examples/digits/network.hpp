// SPDX-License-Identifier: Apache-2.0
// A multilayer perceptron: Eigen multiplies the matrices, nonlin does everything in between.
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

// Activations with a `beta` learn it, one a layer (Swish: Ramachandran et al. 2017).
template <class Activation>
constexpr bool learns_beta = requires(Activation a) {
  a.beta;
};

template <class Activation>
class Network {
 public:
  Network(const std::vector<Eigen::Index>& sizes, Random& random) {
    float gain = 1;  // of the first layer: the pixels have a mean square of 1
    for (std::size_t i = 1; i < sizes.size(); ++i) {
      layers_.emplace_back(random_weights(sizes[i], sizes[i - 1], gain, random));
      gain = initial_gain(Activation{});
    }
  }

  // The logits: one column an image. Keeps what backward() needs.
  const Matrix& forward(const Matrix& images) {
    input_ = images;
    const Matrix* x = &input_;
    for (Layer& layer : layers_) {
      layer.z.noalias() = layer.weights.value * *x;
      layer.z.colwise() += layer.bias.value.col(0);
      if (&layer == &layers_.back()) break;  // the softmax belongs to the loss
      layer.y.resizeLike(layer.z);
      nonlin::forward(layer.activation, layer.z.data(), layer.y.data(), count(layer.z));
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
      through_activation(layers_[i - 1], dx);
      std::swap(dz, dx);
    }
  }

  // One step of Adam, the t-th.
  void step(float rate, int t) {
    for (Layer& layer : layers_) {
      layer.weights.step(rate, t);
      layer.bias.step(rate, t);
      if constexpr (learns_beta<Activation>) {
        layer.beta.step(rate, t);
        layer.activation.beta = layer.beta.value(0);
      }
    }
  }

  // The learned beta of each hidden layer.
  std::vector<float> betas() const {
    std::vector<float> all;
    for (std::size_t i = 0; i + 1 < layers_.size(); ++i) all.push_back(layers_[i].beta.value(0));
    return all;
  }

 private:
  struct Layer {
    Parameter weights, bias, beta;
    Activation activation{};
    Matrix z, y;  // before and after the activation

    explicit Layer(Matrix initial)
        : weights(std::move(initial)),
          bias(Matrix::Zero(weights.value.rows(), 1)),
          beta(Matrix::Ones(1, 1)) {}
  };

  // Gradient in y to gradient in z, in place.
  static void through_activation(Layer& layer, Matrix& gradient) {
    if constexpr (learns_beta<Activation>)
      nonlin::backward(layer.activation, layer.z.data(), gradient.data(), gradient.data(), count(gradient),
                       layer.beta.gradient(0));
    else
      nonlin::backward(layer.activation, layer.z.data(), gradient.data(), gradient.data(), count(gradient));
  }

  static std::size_t count(const Matrix& m) { return static_cast<std::size_t>(m.size()); }

  std::vector<Layer> layers_;
  Matrix input_;
};

// Cross-entropy of softmax(logits): the mean over the columns of log(sum_j exp z_j) - z_label, and its
// gradient (softmax - onehot) / columns. With the largest logit m taken out, exp cannot overflow, and log1p
// of the others' sum keeps a loss that is far below the rounding of m. Never log(softmax), which is log(0)
// for a hopeless class.
inline double softmax_cross_entropy(const Matrix& logits, const std::vector<int>& labels, Matrix& dlogits) {
  dlogits.resizeLike(logits);
  double loss = 0;
  for (Eigen::Index j = 0; j < logits.cols(); ++j) {
    const auto z = logits.col(j);
    Eigen::Index largest = 0;
    const float m = z.maxCoeff(&largest);
    float others = 0;
    for (Eigen::Index i = 0; i < z.size(); ++i) {
      dlogits(i, j) = std::exp(z(i) - m);
      if (i != largest) others += dlogits(i, j);
    }
    const int label = labels[static_cast<std::size_t>(j)];
    loss += static_cast<double>(std::log1p(others)) + static_cast<double>(m - z(label));
    dlogits.col(j) /= 1 + others;
    dlogits(label, j) -= 1;
  }
  const auto columns = logits.cols();
  dlogits /= static_cast<float>(columns);
  return loss / static_cast<double>(columns);
}
