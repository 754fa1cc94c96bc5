// XNNPACK by its operators: Debian's library exports no microkernels. Operators are created and set up
// before the clock starts; they run in this thread.
#include <xnnpack.h>
#ifdef PEERS_HAVE_CPUINFO
#include <cpuinfo.h>
#endif

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <memory>

#include "peers.hpp"

namespace peers {
namespace {

using Operator = std::shared_ptr<xnn_operator>;

void check(xnn_status status, const char* what) {
  if (status == xnn_status_success) return;
  std::fprintf(stderr, "XNNPACK: %s: status %d\n", what, static_cast<int>(status));
  std::exit(1);
}

// create(&op), then setup(op)
template <class C, class S>
Operator make(const char* what, C create, S setup) {
  xnn_operator_t op = nullptr;
  check(create(&op), what);
  Operator owner(op, [](xnn_operator_t o) { xnn_delete_operator(o); });
  check(setup(op), what);
  return owner;
}

struct Unary {
  const char* name;
  xnn_status (*create)(std::size_t, xnn_operator_t*);
  xnn_status (*setup)(xnn_operator_t, std::size_t, const float*, float*, pthreadpool_t);
};
constexpr float inf = std::numeric_limits<float>::infinity();

// As one row of n channels, in one piece.
Operator unary(const Unary& u, const float* x, float* y, std::size_t n) {
  return make(
      u.name, [&](xnn_operator_t* op) { return u.create(n, op); },
      [&](xnn_operator_t op) { return u.setup(op, 1, x, y, nullptr); });
}
Operator multiply(const float* a, const float* b, std::size_t b_size, float* y, std::size_t n) {
  return make(
      "multiply", [](xnn_operator_t* op) { return xnn_create_multiply_nd_f32(-inf, inf, 0, op); },
      [&](xnn_operator_t op) { return xnn_setup_multiply_nd_f32(op, 1, &n, 1, &b_size, a, b, y, nullptr); });
}

const Unary relu{
    "ReLU", [](std::size_t n, xnn_operator_t* op) { return xnn_create_clamp_nc_f32(n, n, n, 0, inf, 0, op); },
    xnn_setup_clamp_nc_f32};
const Unary leaky_relu{
    "LeakyReLU",
    [](std::size_t n, xnn_operator_t* op) { return xnn_create_leaky_relu_nc_f32(n, n, n, 0.01f, 0, op); },
    xnn_setup_leaky_relu_nc_f32};
const Unary elu{"ELU",
                [](std::size_t n, xnn_operator_t* op) { return xnn_create_elu_nc_f32(n, n, n, 1, 0, op); },
                xnn_setup_elu_nc_f32};
const Unary selu{"SELU",
                 [](std::size_t n, xnn_operator_t* op) {
                   return xnn_create_elu_nc_f32(n, n, n, 1.6732632423543772f, 0, op);
                 },
                 xnn_setup_elu_nc_f32};
const Unary sigmoid{
    "Sigmoid", [](std::size_t n, xnn_operator_t* op) { return xnn_create_sigmoid_nc_f32(n, n, n, 0, op); },
    xnn_setup_sigmoid_nc_f32};

Run run_all(std::vector<Operator> operators) {
  return repeat([operators = std::move(operators)] {
    for (const Operator& op : operators) xnn_run_operator(op.get(), nullptr);
  });
}

void add_unary(const Unary& u) {
  add("XNNPACK", u.name, Direction::forward, Make<float>([&u](const Arrays<float>& a, const Shape& s) {
        return run_all({unary(u, a.x, a.out, s.size())});
      }));
}

// What takes several operators runs in pieces that stay in the first-level cache.
// steps(a, at, count, operators)
template <class F>
void add_pieces(const char* function, F steps) {
  add("XNNPACK", function, Direction::forward, Make<float>([steps](const Arrays<float>& a, const Shape& s) {
        constexpr std::size_t piece = 2048;
        std::vector<Operator> operators;
        for (std::size_t i = 0; i < s.size(); i += piece)
          steps(a, i, std::min(piece, s.size() - i), operators);
        return run_all(std::move(operators));
      }));
}

}  // namespace

void add_xnnpack(Level level) {
  std::string version = "XNNPACK " PEERS_XNNPACK_VERSION;
  if (level == Level::avx2) {
#ifdef PEERS_HAVE_CPUINFO
    // XNNPACK has no switch for it: it asks cpuinfo.
    if (!cpuinfo_initialize()) return;
    cpuinfo_isa.avx512f = false;
    version += " (cpuinfo told that there is no AVX-512)";
#else
    add_version("XNNPACK left out: without cpuinfo it cannot be held to AVX2");
    return;
#endif
  }
  check(xnn_initialize(nullptr), "initialize");
  add_version(version);
  for (const Unary* u : {&relu, &leaky_relu, &elu, &sigmoid}) add_unary(*u);
  using Data = const Arrays<float>&;
  add_pieces("SELU", [](Data a, std::size_t at, std::size_t n, std::vector<Operator>& ops) {
    static const float scale = 1.0507009873554805f;
    ops.push_back(unary(selu, a.x + at, a.out + at, n));
    ops.push_back(multiply(a.out + at, &scale, 1, a.out + at, n));
  });
  const auto silu = [](Data a, std::size_t at, std::size_t n, std::vector<Operator>& ops) {
    ops.push_back(unary(sigmoid, a.x + at, a.out + at, n));
    ops.push_back(multiply(a.out + at, a.x + at, n, a.out + at, n));
  };
  add_pieces("SiLU", silu);
  add_pieces("SwiGLU", [silu](Data a, std::size_t at, std::size_t n, std::vector<Operator>& ops) {
    silu(a, at, n, ops);
    ops.push_back(multiply(a.out + at, a.value + at, n, a.out + at, n));
  });
  add_pieces("GLU", [](Data a, std::size_t at, std::size_t n, std::vector<Operator>& ops) {
    ops.push_back(unary(sigmoid, a.x + at, a.out + at, n));
    ops.push_back(multiply(a.out + at, a.value + at, n, a.out + at, n));
  });
  add("XNNPACK", "Softmax", Direction::forward, Make<float>([](Data a, const Shape& s) {
        return run_all({make(
            "Softmax",
            [&](xnn_operator_t* op) { return xnn_create_softmax_nc_f32(s.axis, s.axis, s.axis, 0, op); },
            [&](xnn_operator_t op) { return xnn_setup_softmax_nc_f32(op, s.outer, a.x, a.out, nullptr); })});
      }));
}

}  // namespace peers
