// SPDX-License-Identifier: Apache-2.0
// The handwritten digits (see DATA.md): reading, a repeatable split, moving them about.
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using Matrix = Eigen::MatrixXf;  // one image a column, so that a batch is contiguous
using Random = std::mt19937;

constexpr Eigen::Index image_width = 8;
constexpr Eigen::Index pixel_count = image_width * image_width;
constexpr Eigen::Index class_count = 10;

struct Dataset {
  Matrix images;
  std::vector<int> labels;

  Eigen::Index size() const { return images.cols(); }
};

// std::shuffle and the distributions of <random> differ between standard libraries; the engine does not.
inline std::vector<Eigen::Index> random_order(Eigen::Index n, Random& random) {
  std::vector<Eigen::Index> order(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < order.size(); ++i) {
    order[i] = static_cast<Eigen::Index>(i);
    std::swap(order[i], order[random() % (i + 1)]);
  }
  return order;
}

// The images order[begin], ..., order[begin + count - 1].
inline Dataset take(const Dataset& from, const std::vector<Eigen::Index>& order, Eigen::Index begin,
                    Eigen::Index count) {
  Dataset part{Matrix(from.images.rows(), count), {}};
  for (Eigen::Index j = 0; j < count; ++j) {
    const Eigen::Index source = order[static_cast<std::size_t>(begin + j)];
    part.images.col(j) = from.images.col(source);
    part.labels.push_back(from.labels[static_cast<std::size_t>(source)]);
  }
  return part;
}

// Moves an image by one pixel or none each way; what leaves is lost, what enters is paper.
// The nine places are numbered row by row, 4 is where it was.
inline void move_image(Eigen::Ref<Eigen::VectorXf> image, int place) {
  const Eigen::Index right = place % 3 - 1, down = place / 3 - 1;
  const Eigen::VectorXf from = image;
  for (Eigen::Index y = 0; y < image_width; ++y)
    for (Eigen::Index x = 0; x < image_width; ++x) {
      const Eigen::Index u = x - right, v = y - down;
      const bool inside = 0 <= u && u < image_width && 0 <= v && v < image_width;
      image(image_width * y + x) = inside ? from(image_width * v + u) : 0.0f;
    }
}

inline Dataset at_random_places(Dataset data, Random& random) {
  for (Eigen::Index j = 0; j < data.size(); ++j)
    move_image(data.images.col(j), static_cast<int>(random() % 9));
  return data;
}

inline Dataset at_all_places(const Dataset& data) {
  Dataset all{data.images.replicate(1, 9), {}};
  for (Eigen::Index j = 0; j < all.size(); ++j) {
    move_image(all.images.col(j), static_cast<int>(j / data.size()));
    all.labels.push_back(data.labels[static_cast<std::size_t>(j % data.size())]);
  }
  return all;
}

inline Dataset read_digits(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read '" + path + "'; name the file with --data FILE");

  std::vector<float> pixels;
  std::vector<int> labels;
  std::string line;
  while (std::getline(file, line)) {
    const char* at = line.c_str();
    long number[pixel_count + 1];
    bool good = true;
    for (Eigen::Index i = 0; i <= pixel_count && good; ++i) {
      char* end = nullptr;
      number[i] = std::strtol(at, &end, 10);
      const bool last = i == pixel_count;
      const long most = last ? class_count - 1 : 16;
      const bool ended = last ? *end == '\0' || *end == '\r' : *end == ',';
      good = end != at && ended && number[i] >= 0 && number[i] <= most;
      at = last ? end : end + 1;
    }
    if (!good)
      throw std::runtime_error(path + ", line " + std::to_string(labels.size() + 1) +
                               ": expected 64 pixels 0..16 and a digit, separated by commas");
    for (Eigen::Index i = 0; i < pixel_count; ++i) pixels.push_back(static_cast<float>(number[i]));
    labels.push_back(static_cast<int>(number[pixel_count]));
  }
  const auto count = static_cast<Eigen::Index>(labels.size());
  // Divided by 8, the pixels have a mean square close to 1.
  return {Eigen::Map<Matrix>(pixels.data(), pixel_count, count) / 8.0f, std::move(labels)};
}

struct Split {
  Dataset training, test;
};

// One image in five is kept for the test.
inline Split split(const Dataset& digits, std::uint32_t seed) {
  Random random(seed);
  const auto order = random_order(digits.size(), random);
  const Eigen::Index training_count = digits.size() * 4 / 5;
  if (training_count == 0) throw std::runtime_error("too few images to train on");
  return {take(digits, order, 0, training_count),
          take(digits, order, training_count, digits.size() - training_count)};
}
