#include <cmath>
#include <cstdio>
#include <nonlin/nonlin.hpp>
#include <vector>

int main() {
  const std::vector<float> x = {-1, 0, 1, 2};
  std::vector<float> y(x.size());
  nonlin::forward(nonlin::GELU{}, x, y);
  std::printf("gelu(1) = %.7f on %s\n", static_cast<double>(y[2]), nonlin::to_string(nonlin::active_isa()));
  return std::abs(y[2] - 0.8413447f) < 1e-6f ? 0 : 1;
}
