// Softmax, cross-entropy, gated units, PReLU, biases and RReLU in training, float, by instruction set:
//
//   softmax/float/avx512/512x128           log_softmax, softmax_masked (with a scale too: attention), softmax_backward,
//                                          log_softmax_backward, cross_entropy alike; rows x columns, or OxAxI for an inner size
//   gated/SwiGLU/float/avx512/4096         gated_backward alike; per element of y
//   prelu/float/avx512/64x512x16           prelu_backward, biased/GELU, biased_backward/GELU alike
//   rrelu_training/float/avx512/4096
#include <span>
#include <vector>

#include "common.hpp"

namespace bench {
namespace {

using Data = Arrays<float>;

template <class Work>
void add_shape(const std::string& name, int arrays, const nonlin::axis_shape& s, Work work) {
  const std::string shape = s.inner == 1 ? std::to_string(s.outer) + "x" + std::to_string(s.axis)
                                         : std::to_string(s.outer) + "x" + std::to_string(s.axis) + "x" +
                                               std::to_string(s.inner);
  for (const nonlin::isa isa : nonlin::available_isas())
    benchmark::RegisterBenchmark((name + "/float/" + nonlin::to_string(isa) + "/" + shape).c_str(),
                                 [=](benchmark::State& state) {
                                   const UseIsa scope(isa);
                                   measure<float>(state, s.size(), arrays, [&](Data& a, std::size_t) { work(a, s); });
                                 });
}

void add_softmax() {
  // rows of classifiers and attention heads, of the peers' comparisons, of vocabularies; other axes
  const nonlin::axis_shape shapes[] = {{4096, 2, 1}, {1024, 10, 1}, {512, 32, 1},    {512, 128, 1},   {64, 1024, 1},
                                       {8, 32768, 1}, {1, 1 << 20, 1}, {1024, 64, 3}, {32, 64, 64}, {8, 100, 784}};
  for (const nonlin::axis_shape& s : shapes) {
    add_shape("softmax", 2, s, [](Data& a, const nonlin::axis_shape& t) {
      nonlin::forward(nonlin::Softmax{}, a.x, a.out, t);
    });
    add_shape("log_softmax", 2, s, [](Data& a, const nonlin::axis_shape& t) {
      nonlin::forward(nonlin::LogSoftmax{}, a.x, a.out, t);
    });
    add_shape("softmax_masked", 2, s, [](Data& a, const nonlin::axis_shape& t) {
      nonlin::forward(nonlin::Softmax{.scale = 0.125}, std::span(a.x, t.size()), std::span(a.out, t.size()), t,
                      nonlin::additive_mask<float>(a.value, t.axis * t.inner));
    });
    add_shape("softmax_backward", 3, s, [](Data& a, const nonlin::axis_shape& t) {
      nonlin::backward_from_output(nonlin::Softmax{}, a.x, a.dy, a.out, t);
    });
    add_shape("log_softmax_backward", 3, s, [](Data& a, const nonlin::axis_shape& t) {
      nonlin::backward_from_output(nonlin::LogSoftmax{}, a.x, a.dy, a.out, t);
    });
    add_shape("cross_entropy", 2, s, [](Data& a, const nonlin::axis_shape& t) {
      static const std::vector<std::int32_t> labels(max_size, 1);
      benchmark::DoNotOptimize(
          nonlin::backward(nonlin::SoftmaxCrossEntropy{}, a.x, labels.data(), a.out, t));
    });
  }
}

template <class Unit>
void add_gated(const std::string& name) {
  add_per_isa<float>("gated/" + name + "/float", 3,
                     [](Data& a, std::size_t n) { nonlin::forward(Unit{}, a.x, a.value, a.out, n); });
  add_per_isa<float>("gated_backward/" + name + "/float", 5, [](Data& a, std::size_t n) {
    nonlin::backward(Unit{}, a.x, a.value, a.dy, a.out, a.out2, n);
  });
}

void add_channels() {
  const nonlin::axis_shape shapes[] = {{8, 512, 1}, {256, 512, 1}, {64, 512, 4}, {8, 64, 256}, {1, 1, 4096}, {1, 1, 131072}};
  static std::vector<float> slopes(512, 0.25f), dslopes(512);
  for (const nonlin::axis_shape& s : shapes) {
    add_shape("prelu", 2, s, [](Data& a, const nonlin::axis_shape& t) {
      nonlin::forward(nonlin::PReLU<float>(slopes.data(), t.axis), a.x, a.out, t);
    });
    add_shape("prelu_backward", 3, s, [](Data& a, const nonlin::axis_shape& t) {
      nonlin::backward(nonlin::PReLU<float>(slopes.data(), t.axis), a.x, a.dy, a.out, dslopes.data(), t);
    });
    add_shape("biased/GELU", 2, s, [](Data& a, const nonlin::axis_shape& t) {
      nonlin::forward(nonlin::GELU{}, nonlin::biased(std::span(a.x, t.size()), std::span(slopes.data(), t.axis)), std::span(a.out, t.size()), t);
    });
    add_shape("biased_backward/GELU", 3, s, [](Data& a, const nonlin::axis_shape& t) {
      nonlin::backward(nonlin::GELU{}, nonlin::biased(std::span(a.x, t.size()), std::span(slopes.data(), t.axis)),
                       std::span(a.dy, t.size()),
                       nonlin::biased(std::span(a.out, t.size()), std::span(dslopes.data(), t.axis)), t);
    });
  }
}

}  // namespace

void add_axis() {
  add_softmax();
  add_gated<nonlin::GLU>("GLU");
  add_gated<nonlin::ReGLU>("ReGLU");
  add_gated<nonlin::GeGLU>("GeGLU");
  add_gated<nonlin::GeGLUTanh>("GeGLUTanh");
  add_gated<nonlin::SwiGLU>("SwiGLU");
  add_gated<nonlin::Bilinear>("Bilinear");
  add_channels();
  add_per_isa<float>("rrelu_training/float", 2, [](Data& a, std::size_t n) {
    nonlin::forward(nonlin::RReLU{}.training(1), a.x, a.out, n);
  });
}

}  // namespace bench
