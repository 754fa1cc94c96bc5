#include <nonlin/nonlin.hpp>
#include <vector>
#include "subject.hpp"

namespace subject {
namespace {

template <class T>
using list = std::vector<elementwise<T>>;

template <class T, class A>
void add_activation(list<T>& all, std::size_t index) {
  all.push_back({kind::forward, A::name, index, 1, 1,
                 [](const T* const* in, T* const* out, std::size_t n, std::size_t) { nonlin::forward(A{}, in[0], out[0], n); }});
  all.push_back({kind::backward, A::name, index, 2, 1, [](const T* const* in, T* const* out, std::size_t n, std::size_t) {
                   nonlin::backward(A{}, in[0], in[1], out[0], n);
                 }});
  if constexpr (nonlin::output_differentiable<A, T>) {
    all.push_back({kind::from_output, A::name, index, 2, 1,
                   [](const T* const* in, T* const* out, std::size_t n, std::size_t) {
                     nonlin::backward_from_output(A{}, in[0], in[1], out[0], n);
                   }});
  }
  all.push_back({kind::functor, A::name, index, 1, 1, [](const T* const* in, T* const* out, std::size_t n, std::size_t) {
                   for (std::size_t i = 0; i < n; ++i) out[0][i] = A{}(in[0][i]);
                 }});
  all.push_back({kind::functor_derivative, A::name, index, 1, 1,
                 [](const T* const* in, T* const* out, std::size_t n, std::size_t) {
                   for (std::size_t i = 0; i < n; ++i) out[0][i] = A{}.derivative(in[0][i]);
                 }});
}

template <class T, class A>
void add_gated(list<T>& all, nonlin::Gated<A>, std::size_t index) {
  using unit = nonlin::Gated<A>;
  all.push_back({kind::gated_forward, A::name, index, 2, 1, [](const T* const* in, T* const* out, std::size_t n, std::size_t) {
                   nonlin::forward(unit{}, in[0], in[1], out[0], n);
                 }});
  all.push_back({kind::gated_backward, A::name, index, 3, 2, [](const T* const* in, T* const* out, std::size_t n, std::size_t) {
                   nonlin::backward(unit{}, in[0], in[1], in[2], out[0], out[1], n);
                 }});
}

template <class T>
void add_training(list<T>& all) {
  all.push_back({kind::training, "RReLU", 0, 1, 1, [](const T* const* in, T* const* out, std::size_t n, std::size_t first) {
                   nonlin::forward(nonlin::RReLU{}.training(training_seed, first), in[0], out[0], n);
                 }});
  all.push_back({kind::training_backward, "RReLU", 0, 2, 1,
                 [](const T* const* in, T* const* out, std::size_t n, std::size_t first) {
                   nonlin::backward(nonlin::RReLU{}.training(training_seed, first), in[0], in[1], out[0], n);
                 }});
  all.push_back({kind::noise, "RReLU", 0, 1, 1, [](const T* const* in, T* const* out, std::size_t n, std::size_t first) {
                   nonlin::noise(nonlin::RReLU{}.training(training_seed, first), in[0], out[0], n);
                 }});
}

template <class T>
list<T> make() {
  list<T> all;
  std::size_t i = 0;
  [&]<class... A>(nonlin::type_list<A...>) { (add_activation<T, A>(all, i++), ...); }(nonlin::activations{});
  i = 0;
  [&]<class... U>(nonlin::type_list<U...>) { (add_gated<T>(all, U{}, i++), ...); }(nonlin::gated_units{});
  add_training(all);
  all.push_back({kind::lambda, "SiLU", 0, 1, 1, [](const T* const* in, T* const* out, std::size_t n, std::size_t) {
                   nonlin::forward([](auto v) { return v * nonlin::sigmoid(v); }, in[0], out[0], n);
                 }});
  return all;
}

}  // namespace

template <class T>
std::span<const elementwise<T>> all_elementwise() {
  static const list<T> all = make<T>();
  return all;
}
template std::span<const elementwise<NONLIN_TEST_TYPE>> all_elementwise();

}  // namespace subject
