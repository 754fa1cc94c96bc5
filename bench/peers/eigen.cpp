// Eigen's array expressions, each in the form that was fastest here.
#include <Eigen/Core>
#include <unsupported/Eigen/SpecialFunctions>

#include "peers.hpp"

namespace peers {
namespace {

template <class T>
using In = Eigen::Map<const Eigen::Array<T, Eigen::Dynamic, 1>, Eigen::AlignedMax>;
template <class T>
using Out = Eigen::Map<Eigen::Array<T, Eigen::Dynamic, 1>, Eigen::AlignedMax>;
// of rows, which begin anywhere
using Row = Eigen::Map<const Eigen::ArrayXf>;
using OutRow = Eigen::Map<Eigen::ArrayXf>;

Eigen::Index index(std::size_t n) { return static_cast<Eigen::Index>(n); }

// f(x, out)
template <class T, class F>
void unary(const char* function, F f) {
  add("Eigen", function, Direction::forward, Make<T>([f](const Arrays<T>& a, const Shape& s) {
        return repeat([=, n = index(s.size())] { f(In<T>(a.x, n), Out<T>(a.out, n)); });
      }));
}

// f(x, value or dy, out)
template <class F>
void gated(const char* function, F f) {
  add("Eigen", function, Direction::forward, Make<float>([f](const Arrays<float>& a, const Shape& s) {
        return repeat(
            [=, n = index(s.size())] { f(In<float>(a.x, n), In<float>(a.value, n), Out<float>(a.out, n)); });
      }));
}
template <class F>
void gradient(const char* function, Direction direction, F f) {
  add("Eigen", function, direction, Make<float>([f](const Arrays<float>& a, const Shape& s) {
        return repeat(
            [=, n = index(s.size())] { f(In<float>(a.x, n), In<float>(a.dy, n), Out<float>(a.out, n)); });
      }));
}

// f(gate, value, dy, dgate, dvalue), in pieces that stay in the first-level cache
template <class F>
void gated_gradient(const char* function, F f) {
  add("Eigen", function, Direction::backward, Make<float>([f](const Arrays<float>& a, const Shape& s) {
        return repeat([=, n = s.size()] {
          constexpr std::size_t piece = 1024;
          for (std::size_t i = 0; i < n; i += piece) {
            const Eigen::Index m = index(std::min(piece, n - i));
            f(In<float>(a.x + i, m), In<float>(a.value + i, m), In<float>(a.dy + i, m),
              Out<float>(a.out + i, m), Out<float>(a.out2 + i, m));
          }
        });
      }));
}

// f(x, out), f(y, dy, dx) of one row
template <class F>
void by_row(const char* function, F f) {
  add("Eigen", function, Direction::forward, Make<float>([f](const Arrays<float>& a, const Shape& s) {
        return repeat([=] {
          for (std::size_t o = 0; o < s.outer; ++o)
            f(Row(a.x + o * s.axis, index(s.axis)), OutRow(a.out + o * s.axis, index(s.axis)));
        });
      }));
}
template <class F>
void by_row_backward(const char* function, F f) {
  add("Eigen", function, Direction::from_output, Make<float>([f](const Arrays<float>& a, const Shape& s) {
        return repeat([=] {
          for (std::size_t o = 0; o < s.outer; ++o)
            f(Row(a.x + o * s.axis, index(s.axis)), Row(a.dy + o * s.axis, index(s.axis)),
              OutRow(a.out + o * s.axis, index(s.axis)));
        });
      }));
}

template <class X>
auto phi(const X& x) {  // half of 1 + erf(x / sqrt 2)
  using T = typename X::Scalar;
  return T(0.5) * (T(1) + (x * T(0.70710678118654752)).erf());
}
template <class X>
auto tanh_phi(const X& x) {  // half of 1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)); by logistic() it is slower
  return 0.5f * (1.0f + (x * (0.79788456080286536f + 0.035677408136300125f * x.square())).tanh());
}

constexpr float selu_scale = 1.0507009873554805f, selu_scale_alpha = 1.7580993408473769f;

}  // namespace

void add_eigen(Level) {
  add_version("Eigen " + std::to_string(EIGEN_WORLD_VERSION) + "." + std::to_string(EIGEN_MAJOR_VERSION) +
              "." + std::to_string(EIGEN_MINOR_VERSION));

  unary<float>("exp", [](auto x, auto y) { y = x.exp(); });
  unary<float>("ReLU", [](auto x, auto y) { y = x.max(0.0f); });
  unary<float>("LeakyReLU", [](auto x, auto y) { y = x.max(0.01f * x); });
  // Its expm1 takes a logarithm too, and its select no vectors.
  unary<float>("ELU", [](auto x, auto y) { y = x.max(0.0f) + (x.min(0.0f).exp() - 1.0f); });
  unary<float>("SELU", [](auto x, auto y) {
    y = selu_scale * x.max(0.0f) + selu_scale_alpha * (x.min(0.0f).exp() - 1.0f);
  });
  unary<float>("Sigmoid", [](auto x, auto y) { y = x.logistic(); });
  unary<float>("Tanh", [](auto x, auto y) { y = x.tanh(); });
  unary<float>("GELU", [](auto x, auto y) { y = x * phi(x); });
  unary<float>("GELUTanh", [](auto x, auto y) { y = x * tanh_phi(x); });
  unary<float>("SiLU", [](auto x, auto y) { y = x * x.logistic(); });

  unary<double>("exp", [](auto x, auto y) { y = x.exp(); });
  unary<double>("Sigmoid", [](auto x, auto y) { y = x.logistic(); });
  unary<double>("Tanh", [](auto x, auto y) { y = x.tanh(); });
  unary<double>("GELU", [](auto x, auto y) { y = x * phi(x); });
  unary<double>("SiLU", [](auto x, auto y) { y = x * x.logistic(); });

  gated("GLU", [](auto g, auto v, auto y) { y = g.logistic() * v; });
  gated("SwiGLU", [](auto g, auto v, auto y) { y = g * g.logistic() * v; });
  gated("GeGLU", [](auto g, auto v, auto y) { y = g * phi(g) * v; });

  const auto backward = Direction::backward, from_output = Direction::from_output;
  gradient("ReLU", backward, [](auto x, auto dy, auto dx) { dx = (x > 0.0f).select(dy, 0.0f); });
  gradient("ELU", backward, [](auto x, auto dy, auto dx) { dx = dy * x.min(0.0f).exp(); });
  gradient("Sigmoid", backward,
           [](auto x, auto dy, auto dx) { dx = dy * x.logistic() * (1.0f - x.logistic()); });
  gradient("Tanh", backward, [](auto x, auto dy, auto dx) { dx = dy * (1.0f - x.tanh().square()); });
  gradient("GELU", backward, [](auto x, auto dy, auto dx) {
    dx = dy * (phi(x) + x * (-0.5f * x.square()).exp() * 0.3989422804014327f);
  });
  gradient("GELUTanh", backward, [](auto x, auto dy, auto dx) {
    const auto t = (x * (0.79788456080286536f + 0.035677408136300125f * x.square())).tanh();
    dx = dy * (0.5f * (1.0f + t) +
               0.5f * x * (1.0f - t.square()) * (0.79788456080286536f + 0.10703222440890038f * x.square()));
  });
  gradient("SiLU", backward,
           [](auto x, auto dy, auto dx) { dx = dy * (x.logistic() * (1.0f + x * (1.0f - x.logistic()))); });
  gradient("ELU", from_output, [](auto y, auto dy, auto dx) { dx = dy * (y.min(0.0f) + 1.0f); });
  gradient("Sigmoid", from_output, [](auto y, auto dy, auto dx) { dx = dy * y * (1.0f - y); });
  gradient("Tanh", from_output, [](auto y, auto dy, auto dx) { dx = dy * (1.0f - y.square()); });

  gated_gradient("GLU", [](auto g, auto v, auto dy, auto dg, auto dv) {
    dv = g.logistic();
    dg = dy * v * dv * (1.0f - dv);
    dv *= dy;
  });
  gated_gradient("SwiGLU", [](auto g, auto v, auto dy, auto dg, auto dv) {
    dv = g.logistic();
    dg = dy * v * dv * (1.0f + g * (1.0f - dv));
    dv *= g * dy;
  });
  gated_gradient("GeGLU", [](auto g, auto v, auto dy, auto dg, auto dv) {
    dv = phi(g);
    dg = dy * v * (dv + g * (-0.5f * g.square()).exp() * 0.3989422804014327f);
    dv *= g * dy;
  });

  by_row("Softmax", [](auto x, auto y) {
    y = (x - x.maxCoeff()).exp();
    y *= 1.0f / y.sum();
  });
  by_row("LogSoftmax", [](auto x, auto y) {
    const float max = x.maxCoeff();
    y = x - (max + std::log((x - max).exp().sum()));
  });
  by_row_backward("Softmax", [](auto y, auto dy, auto dx) { dx = y * (dy - (y * dy).sum()); });
  by_row_backward("LogSoftmax", [](auto y, auto dy, auto dx) { dx = dy - y.exp() * dy.sum(); });

  add("Eigen", "PReLU", Direction::backward, Make<float>([](const Arrays<float>& a, const Shape& s) {
        return repeat([=] {
          for (std::size_t c = 0; c < s.axis; ++c) a.dslopes[c] = 0;
          constexpr std::size_t piece = 2048;
          for (std::size_t o = 0; o < s.outer * s.axis; ++o)
            for (std::size_t i = 0; i < s.inner; i += piece) {
              const std::size_t at = o * s.inner + i;
              const Eigen::Index m = index(std::min(piece, s.inner - i));
              const Row x(a.x + at, m), dy(a.dy + at, m);
              const float slope = a.slopes[o % s.axis];
              OutRow dx(a.out + at, m);
#ifdef __AVX512F__
              dx = (x > 0.0f).select(dy, slope * dy);
#else  // which compilers put into vectors with masks only
              dx = dy * (x > 0.0f).select(Eigen::ArrayXf::Ones(m), Eigen::ArrayXf::Constant(m, slope));
#endif
              a.dslopes[o % s.axis] += (x.min(0.0f) * dy).sum();
            }
        });
      }));
}

}  // namespace peers
