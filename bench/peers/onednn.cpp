// oneDNN 2: primitives are created before the clock starts, with the scratchpad given; the C call that executes them allocates
// nothing. What its eltwise primitive cannot do in one pass is a binary primitive with post-ops: its eltwise with
// post-ops falls to reference code.
#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <oneapi/dnnl/dnnl.hpp>

#include "peers.hpp"

namespace peers {
namespace {

using dnnl::algorithm;
using dnnl::memory;
using dnnl::post_ops;
using Data = const Arrays<float>&;
using Dims = memory::dims;

// Made on first use: add_onednn() limits the instruction set before.
dnnl::engine& engine() {
  static dnnl::engine e(dnnl::engine::kind::cpu, 0);
  return e;
}
dnnl::stream& stream() {
  static dnnl::stream s(engine());
  return s;
}

memory::desc desc_of(const Dims& dims) {
  const memory::format_tag tags[] = {memory::format_tag::a, memory::format_tag::ab, memory::format_tag::abc};
  return {dims, memory::data_type::f32, tags[dims.size() - 1]};
}
memory::desc flat(std::size_t n) { return desc_of({static_cast<memory::dim>(n)}); }
Dims dims_of(const Shape& s) {
  return {static_cast<memory::dim>(s.outer), static_cast<memory::dim>(s.axis),
          static_cast<memory::dim>(s.inner)};
}

dnnl::primitive_attr attributes() {
  dnnl::primitive_attr a;
  a.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return a;
}

class Step {
 public:
  template <class Primitive>
  Step(const typename Primitive::primitive_desc& pd, std::type_identity<Primitive>)
      : primitive_(Primitive(pd)) {
    if (const memory::desc scratchpad = pd.scratchpad_desc(); scratchpad.get_size() != 0)
      add(DNNL_ARG_SCRATCHPAD, memory(scratchpad, engine()));
    const std::string how = pd.impl_info_str();
    if (how.find("jit") == std::string::npos && std::getenv("PEERS_VERBOSE") != nullptr)
      std::fprintf(stderr, "oneDNN: by %s\n", how.c_str());
  }

  Step& with(int argument, const memory::desc& desc, float* data) {
    add(argument, memory(desc, engine(), data));
    return *this;
  }

  void run() const {
    dnnl_primitive_execute(primitive_.get(), stream().get(), static_cast<int>(arguments_.size()),
                           arguments_.data());
  }

 private:
  void add(int argument, const memory& m) {
    memories_.push_back(m);
    arguments_.push_back({argument, m.get()});
  }

  dnnl::primitive primitive_;
  std::vector<memory> memories_;
  std::vector<dnnl_exec_arg_t> arguments_;
};

template <class Primitive>
Step step(const typename Primitive::primitive_desc& pd) {
  return Step(pd, std::type_identity<Primitive>{});
}

template <class... S>
Run run_all(S... steps) {
  const auto all = std::make_shared<std::vector<Step>>(std::vector<Step>{steps...});
  return repeat([all] {
    for (const Step& s : *all) s.run();
  });
}

struct Function {
  const char* name;
  algorithm kind;
  float alpha = 0;
};

dnnl::eltwise_forward::primitive_desc forward_desc(const Function& f, std::size_t n) {
  return {{dnnl::prop_kind::forward_training, f.kind, flat(n), f.alpha, 0}, attributes(), engine()};
}

void add_forward(const Function& f) {
  add("oneDNN", f.name, Direction::forward, Make<float>([f](Data a, const Shape& s) {
        const std::size_t n = s.size();
        return run_all(step<dnnl::eltwise_forward>(forward_desc(f, n))
                           .with(DNNL_ARG_SRC, flat(n), a.x)
                           .with(DNNL_ARG_DST, flat(n), a.out));
      }));
}

// `source` is DNNL_ARG_SRC, or DNNL_ARG_DST for the algorithms that take the output.
Step eltwise_backward(const Function& f, int source, std::size_t n, float* x, float* dy, float* dx) {
  Function plain = f;
  if (source == DNNL_ARG_DST)  // their hint is the ordinary forward
    plain.kind = f.kind == algorithm::eltwise_elu_use_dst_for_bwd    ? algorithm::eltwise_elu
                 : f.kind == algorithm::eltwise_tanh_use_dst_for_bwd ? algorithm::eltwise_tanh
                                                                     : algorithm::eltwise_logistic;
  const dnnl::eltwise_backward::primitive_desc pd({f.kind, flat(n), flat(n), f.alpha, 0}, attributes(),
                                                  engine(),
                                                  forward_desc(source == DNNL_ARG_DST ? f : plain, n));
  return step<dnnl::eltwise_backward>(pd)
      .with(source, flat(n), x)
      .with(DNNL_ARG_DIFF_DST, flat(n), dy)
      .with(DNNL_ARG_DIFF_SRC, flat(n), dx);
}

void add_backward(const Function& f, Direction direction) {
  add("oneDNN", f.name, direction, Make<float>([f, direction](Data a, const Shape& s) {
        const int source = direction == Direction::backward ? DNNL_ARG_SRC : DNNL_ARG_DST;
        return run_all(eltwise_backward(f, source, s.size(), a.x, a.dy, a.out));
      }));
}

// out = post-ops of a `kind` b
Step binary(algorithm kind, std::size_t n, float* a, float* b, float* out, const post_ops& after = {}) {
  dnnl::primitive_attr attr = attributes();
  attr.set_post_ops(after);
  const dnnl::binary::primitive_desc pd({kind, flat(n), flat(n), flat(n)}, attr, engine());
  return step<dnnl::binary>(pd)
      .with(DNNL_ARG_SRC_0, flat(n), a)
      .with(DNNL_ARG_SRC_1, flat(n), b)
      .with(DNNL_ARG_DST, flat(n), out);
}

// out = act(x) other, in one pass
Step activated_times(const Function& f, std::size_t n, float* x, float* other, float* out) {
  post_ops after;
  after.append_eltwise(1, f.kind, f.alpha, 0);
  after.append_binary(algorithm::binary_mul, flat(n));
  return binary(algorithm::binary_max, n, x, x, out, after)
      .with(DNNL_ARG_ATTR_MULTIPLE_POST_OP(1) | DNNL_ARG_SRC_1, flat(n), other);
}

void add_gated(const Function& f) {
  add("oneDNN", f.name, Direction::forward, Make<float>([f](Data a, const Shape& s) {
        return run_all(activated_times(f, s.size(), a.x, a.value, a.out));
      }));
  add("oneDNN", f.name, Direction::backward, Make<float>([f](Data a, const Shape& s) {
        const std::size_t n = s.size();
        return run_all(binary(algorithm::binary_mul, n, a.dy, a.value, a.out2),
                       eltwise_backward(f, DNNL_ARG_SRC, n, a.x, a.out2, a.out),
                       activated_times(f, n, a.x, a.dy, a.out2));
      }));
}

void add_rows(const char* function, algorithm kind) {
  const auto desc = [](const Shape& s) {
    return desc_of({static_cast<memory::dim>(s.outer), static_cast<memory::dim>(s.axis)});
  };
  const auto forward = [kind](const memory::desc& d) {
    return dnnl::softmax_v2_forward::primitive_desc({dnnl::prop_kind::forward_training, kind, d, d, 1},
                                                    attributes(), engine());
  };
  add("oneDNN", function, Direction::forward, Make<float>([=](Data a, const Shape& s) {
        const memory::desc d = desc(s);
        return run_all(step<dnnl::softmax_v2_forward>(forward(d))
                           .with(DNNL_ARG_SRC, d, a.x)
                           .with(DNNL_ARG_DST, d, a.out));
      }));
  add("oneDNN", function, Direction::from_output, Make<float>([=](Data a, const Shape& s) {
        const memory::desc d = desc(s);
        const dnnl::softmax_v2_backward::primitive_desc pd({kind, d, d, d, 1}, attributes(), engine(),
                                                           forward(d));
        return run_all(step<dnnl::softmax_v2_backward>(pd)
                           .with(DNNL_ARG_DST, d, a.x)
                           .with(DNNL_ARG_DIFF_DST, d, a.dy)
                           .with(DNNL_ARG_DIFF_SRC, d, a.out));
      }));
}

void add_prelu() {
  add("oneDNN", "PReLU", Direction::backward, Make<float>([](Data a, const Shape& s) {
        const memory::desc d = desc_of(dims_of(s));
        const memory::desc w = desc_of({1, static_cast<memory::dim>(s.axis), 1});
        const dnnl::prelu_forward::primitive_desc forward({dnnl::prop_kind::forward_training, d, w},
                                                          attributes(), engine());
        const dnnl::prelu_backward::primitive_desc pd({d, w, d, w}, attributes(), engine(), forward);
        return run_all(step<dnnl::prelu_backward>(pd)
                           .with(DNNL_ARG_SRC, d, a.x)
                           .with(DNNL_ARG_WEIGHTS, w, a.slopes)
                           .with(DNNL_ARG_DIFF_DST, d, a.dy)
                           .with(DNNL_ARG_DIFF_SRC, d, a.out)
                           .with(DNNL_ARG_DIFF_WEIGHTS, w, a.dslopes));
      }));
}

// Its runtime may be OpenMP, which we do not want to depend on for one call.
void use_one_thread() {
  if (void* const f = dlsym(RTLD_DEFAULT, "omp_set_num_threads")) reinterpret_cast<void (*)(int)>(f)(1);
}

}  // namespace

void add_onednn(Level level) {
  use_one_thread();
  if (level == Level::avx2) dnnl::set_max_cpu_isa(dnnl::cpu_isa::avx2);
  const dnnl_version_t* const v = dnnl_version();
  const dnnl::cpu_isa isa = dnnl::get_effective_cpu_isa();
  add_version("oneDNN " + std::to_string(v->major) + "." + std::to_string(v->minor) + "." +
              std::to_string(v->patch) +
              (isa == dnnl::cpu_isa::avx2  ? " on AVX2"
               : isa > dnnl::cpu_isa::avx2 ? " on AVX-512"
                                           : ""));

  const Function exp{"exp", algorithm::eltwise_exp}, relu{"ReLU", algorithm::eltwise_relu},
      leaky_relu{"LeakyReLU", algorithm::eltwise_relu, 0.01f}, elu{"ELU", algorithm::eltwise_elu, 1},
      sigmoid{"Sigmoid", algorithm::eltwise_logistic}, tanh{"Tanh", algorithm::eltwise_tanh},
      gelu{"GELU", algorithm::eltwise_gelu_erf}, gelu_tanh{"GELUTanh", algorithm::eltwise_gelu_tanh},
      silu{"SiLU", algorithm::eltwise_swish, 1};
  for (const Function& f : {exp, relu, leaky_relu, elu, sigmoid, tanh, gelu, gelu_tanh, silu}) add_forward(f);
  for (const Function& f : {relu, elu, sigmoid, tanh, gelu, gelu_tanh, silu})
    add_backward(f, Direction::backward);
  for (const Function& f : {Function{"ELU", algorithm::eltwise_elu_use_dst_for_bwd, 1},
                            Function{"Sigmoid", algorithm::eltwise_logistic_use_dst_for_bwd},
                            Function{"Tanh", algorithm::eltwise_tanh_use_dst_for_bwd}})
    add_backward(f, Direction::from_output);

  add("oneDNN", "SELU", Direction::forward, Make<float>([](Data a, const Shape& s) {
        post_ops after;
        after.append_eltwise(1.0507009873554805f, algorithm::eltwise_elu, 1.6732632423543772f, 0);
        return run_all(binary(algorithm::binary_max, s.size(), a.x, a.x, a.out, after));
      }));

  add_gated({"GLU", algorithm::eltwise_logistic});
  add_gated({"SwiGLU", algorithm::eltwise_swish, 1});
  add_gated({"GeGLU", algorithm::eltwise_gelu_erf});
  add_rows("Softmax", algorithm::softmax_accurate);
  add_rows("LogSoftmax", algorithm::softmax_log);
  add_prelu();
}

}  // namespace peers
