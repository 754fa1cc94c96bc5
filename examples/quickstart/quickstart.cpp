// SPDX-License-Identifier: Apache-2.0
// Forward, backward, in place, a scalar, and an activation of one's own.
#include <cstdio>
#include <nonlin/nonlin.hpp>
#include <vector>

int main() {
  std::vector<float> x{-3, -1, -0.5f, 0, 0.5f, 1, 3}, y(x.size()), dy(x.size(), 1.0f), dx(x.size());

  nonlin::forward(nonlin::GELU{}, x, y);                     // y  = gelu(x)
  nonlin::backward(nonlin::GELU{}, x, dy, dx);               // dx = dy * gelu'(x)
  nonlin::forward(nonlin::LeakyReLU{.slope = 0.2}, dy, dy);  // in place

  const float s = nonlin::GELU{}(0.5f);  // a scalar
  const float d = nonlin::GELU{}.derivative(0.5f);

  std::vector<float> quick(x.size());  // yours, at the same speed
  nonlin::forward([](auto v) { return v * nonlin::sigmoid(1.702f * v); }, x, quick);

  std::printf("running on %s\n\n%8s %10s %10s %10s\n", nonlin::to_string(nonlin::active_isa()), "x", "gelu",
              "gelu'", "quick gelu");
  for (std::size_t i = 0; i < x.size(); ++i)
    std::printf("%8.2f %10.6f %10.6f %10.6f\n", x[i], y[i], dx[i], quick[i]);
  std::printf("\ngelu(0.5) = %.6f, gelu'(0.5) = %.6f\n", s, d);
}
