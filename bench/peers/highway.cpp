// Highway's contrib/math, for the instruction set that this file is compiled for. It has no error function.
#include <hwy/highway.h>
// after highway.h
#include <hwy/contrib/math/math-inl.h>

#include "compose.hpp"

namespace peers {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

template <class Number>
struct Lanes {
  using T = Number;
  using D = hn::ScalableTag<T>;
  using V = hn::Vec<D>;
  static constexpr std::size_t lanes = HWY_LANES(T);
  static V load(const T* p) { return hn::Load(D(), p); }
  static void store(T* p, V v) { hn::Store(v, D(), p); }
  static V set(T x) { return hn::Set(D(), x); }
  static V min(V a, V b) { return hn::Min(a, b); }
  static V max(V a, V b) { return hn::Max(a, b); }
  static V exp(V x) { return hn::Exp(D(), x); }
  static V expm1(V x) { return hn::Expm1(D(), x); }
  static V tanh(V x) { return hn::Tanh(D(), x); }
};

}  // namespace

void add_highway(Level) {
  add_version("Highway " + std::to_string(HWY_MAJOR) + "." + std::to_string(HWY_MINOR) + "." +
              std::to_string(HWY_PATCH) + " on " + hwy::TargetName(HWY_TARGET));
  add_by_exp<Lanes<float>>("Highway");
  add_by_expm1<Lanes<float>>("Highway");
  add_by_tanh<Lanes<float>>("Highway");
  add_by_exp<Lanes<double>>("Highway");
  add_by_tanh<Lanes<double>>("Highway");
}

}  // namespace peers
