#include <nonlin/nonlin.hpp>
#include <vector>
#include "subject.hpp"

namespace subject {
namespace {

using nonlin::axis_shape;
using nonlin::biased;

std::size_t none(const axis_shape&) { return 0; }
std::size_t one(const axis_shape&) { return 1; }
std::size_t channels(const axis_shape& s) { return s.axis; }
std::size_t rows(const axis_shape& s) { return s.outer * s.inner; }

// The operands of a gated call in one array, and back. Interleaving needs an inner size of 1.
template <class T, class Layout>
class packing {
 public:
  packing(const axis_shape& s) : used_(interleaved ? axis_shape{1, s.size(), 1} : s) {}

  axis_shape shape() const { return {used_.outer, 2 * used_.axis, used_.inner}; }
  std::vector<T> packed(const T* gate, const T* value) const {
    std::vector<T> x(2 * used_.size());
    for (std::size_t k = 0; k < used_.size(); ++k) {
      x[place(k, true)] = gate[k];
      x[place(k, false)] = value[k];
    }
    return x;
  }
  void unpack(const std::vector<T>& x, T* gate, T* value) const {
    for (std::size_t k = 0; k < used_.size(); ++k) {
      gate[k] = x[place(k, true)];
      value[k] = x[place(k, false)];
    }
  }

 private:
  static constexpr bool interleaved = std::is_same_v<Layout, nonlin::packed::interleaved_t>;
  static constexpr bool gate_last = std::is_same_v<Layout, nonlin::packed::gate_last_t>;

  std::size_t place(std::size_t k, bool gate) const {
    if (interleaved) return 2 * k + !gate;
    const std::size_t half = used_.axis * used_.inner;
    return k / half * 2 * half + k % half + (gate == gate_last ? half : 0);
  }
  axis_shape used_;
};

template <class T, class Layout>
void add_packed(std::vector<along<T>>& all, const char* name, Layout) {
  all.push_back({form::packed, name, 2, 0, 1, 0, none,
                 [](const T* const* in, const T* const*, T* const* out, T* const*, const axis_shape& s) {
                   const packing<T, Layout> p(s);
                   nonlin::forward(nonlin::SwiGLU{}, Layout{}, p.packed(in[0], in[1]).data(), out[0], p.shape());
                 }});
  all.push_back({form::packed_backward, name, 3, 0, 2, 0, none,
                 [](const T* const* in, const T* const*, T* const* out, T* const*, const axis_shape& s) {
                   const packing<T, Layout> p(s);
                   std::vector<T> dx(2 * s.size());
                   nonlin::backward(nonlin::SwiGLU{}, Layout{}, p.packed(in[0], in[1]).data(), in[2], dx.data(), p.shape());
                   p.unpack(dx, out[0], out[1]);
                 }});
}

template <class T>
std::vector<along<T>> make() {
  using in_type = const T* const*;
  using out_type = T* const*;
  std::vector<along<T>> all = {
      {form::softmax, "Softmax", 1, 0, 1, 0, none,
       [](in_type in, in_type, out_type out, out_type, const axis_shape& s) {
         nonlin::forward(nonlin::Softmax{}, in[0], out[0], s);
       }},
      {form::softmax_backward, "Softmax", 2, 0, 1, 0, none,
       [](in_type in, in_type, out_type out, out_type, const axis_shape& s) {
         nonlin::backward_from_output(nonlin::Softmax{}, in[0], in[1], out[0], s);
       }},
      {form::log_softmax, "LogSoftmax", 1, 0, 1, 0, none,
       [](in_type in, in_type, out_type out, out_type, const axis_shape& s) {
         nonlin::forward(nonlin::LogSoftmax{}, in[0], out[0], s);
       }},
      {form::log_softmax_backward, "LogSoftmax", 2, 0, 1, 0, none,
       [](in_type in, in_type, out_type out, out_type, const axis_shape& s) {
         nonlin::backward_from_output(nonlin::LogSoftmax{}, in[0], in[1], out[0], s);
       }},
      {form::cross_entropy, "SoftmaxCrossEntropy", 1, 0, 1, 1, rows,
       [](in_type in, in_type, out_type out, out_type extra, const axis_shape& s) {
         std::vector<std::int32_t> labels(rows(s));
         for (std::size_t r = 0; r < labels.size(); ++r) labels[r] = static_cast<std::int32_t>(r % s.axis);
         nonlin::backward(nonlin::SoftmaxCrossEntropy{.reduction = nonlin::reduction::sum}, in[0], labels.data(), out[0], s,
                          nonlin::losses_to<T>(extra[0], labels.size()));
       }},
      {form::prelu, "PReLU", 1, 1, 1, 0, none,
       [](in_type in, in_type p, out_type out, out_type, const axis_shape& s) {
         nonlin::forward(nonlin::PReLU<T>(p[0], s.axis), in[0], out[0], s);
       }},
      {form::prelu_backward, "PReLU", 2, 1, 1, 1, channels,
       [](in_type in, in_type p, out_type out, out_type extra, const axis_shape& s) {
         nonlin::backward(nonlin::PReLU<T>(p[0], s.axis), in[0], in[1], out[0], extra[0], s);
       }},
      {form::biased, "GELU biased", 1, 1, 1, 0, none,
       [](in_type in, in_type p, out_type out, out_type, const axis_shape& s) {
         nonlin::forward(nonlin::GELU{}, biased(std::span(in[0], s.size()), std::span(p[0], s.axis)),
                         std::span(out[0], s.size()), s);
       }},
      {form::biased_backward, "GELU biased", 2, 1, 1, 1, channels,
       [](in_type in, in_type p, out_type out, out_type extra, const axis_shape& s) {
         nonlin::backward(nonlin::GELU{}, biased(std::span(in[0], s.size()), std::span(p[0], s.axis)),
                          std::span(in[1], s.size()), biased(std::span(out[0], s.size()), std::span(extra[0], s.axis)), s);
       }},
      {form::swiglu, "SwiGLU biased", 2, 2, 1, 0, none,
       [](in_type in, in_type p, out_type out, out_type, const axis_shape& s) {
         nonlin::forward(nonlin::SwiGLU{}, biased(std::span(in[0], s.size()), std::span(p[0], s.axis)),
                         biased(std::span(in[1], s.size()), std::span(p[1], s.axis)), std::span(out[0], s.size()), s);
       }},
      {form::swiglu_backward, "SwiGLU biased", 3, 2, 2, 2, channels,
       [](in_type in, in_type p, out_type out, out_type extra, const axis_shape& s) {
         nonlin::backward(nonlin::SwiGLU{}, biased(std::span(in[0], s.size()), std::span(p[0], s.axis)),
                          biased(std::span(in[1], s.size()), std::span(p[1], s.axis)), std::span(in[2], s.size()),
                          biased(std::span(out[0], s.size()), std::span(extra[0], s.axis)),
                          biased(std::span(out[1], s.size()), std::span(extra[1], s.axis)), s);
       }},
      {form::parameter, "Swish with dbeta", 2, 0, 1, 1, one,
       [](in_type in, in_type, out_type out, out_type extra, const axis_shape& s) {
         nonlin::backward(nonlin::Swish{}, in[0], in[1], out[0], s.size(), extra[0][0]);
       }},
  };
  add_packed(all, "SwiGLU gate first", nonlin::packed::gate_first);
  add_packed(all, "SwiGLU gate last", nonlin::packed::gate_last);
  add_packed(all, "SwiGLU interleaved", nonlin::packed::interleaved);
  return all;
}

}  // namespace

template <class T>
std::span<const along<T>> all_along() {
  static const std::vector<along<T>> all = make<T>();
  return all;
}
template std::span<const along<NONLIN_TEST_TYPE>> all_along();

std::size_t isa_count() { return nonlin::available_isas().size(); }
const char* use_isa(std::size_t i) {
  const nonlin::isa wish = nonlin::available_isas()[i];
  nonlin::use_isa(wish);
  return nonlin::active_isa() == wish ? nonlin::to_string(wish) : nullptr;
}

}  // namespace subject
