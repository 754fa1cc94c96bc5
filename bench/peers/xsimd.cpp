#include <xsimd/xsimd.hpp>

#include "compose.hpp"

namespace peers {
namespace {

template <class Number>
struct Batch {
  using T = Number;
  using V = xsimd::batch<T>;
  static constexpr std::size_t lanes = V::size;
  static V load(const T* p) { return V::load_aligned(p); }
  static void store(T* p, const V& v) { v.store_aligned(p); }
  static V set(T x) { return V(x); }
  static V min(const V& a, const V& b) { return xsimd::min(a, b); }
  static V max(const V& a, const V& b) { return xsimd::max(a, b); }
  static V exp(const V& x) { return xsimd::exp(x); }
  static V expm1(const V& x) { return xsimd::expm1(x); }
  static V tanh(const V& x) { return xsimd::tanh(x); }
  static V erfc(const V& x) { return xsimd::erfc(x); }
};

}  // namespace

void add_xsimd(Level) {
  add_version("xsimd " + std::to_string(XSIMD_VERSION_MAJOR) + "." + std::to_string(XSIMD_VERSION_MINOR) +
              "." + std::to_string(XSIMD_VERSION_PATCH) + " on " + xsimd::default_arch::name());
  add_by_exp<Batch<float>>("xsimd");
  add_by_expm1<Batch<float>>("xsimd");
  add_by_tanh<Batch<float>>("xsimd");
  add_by_erf<Batch<float>>("xsimd");
  add_by_exp<Batch<double>>("xsimd");
  add_by_tanh<Batch<double>>("xsimd");
  add_by_erf<Batch<double>>("xsimd");
}

}  // namespace peers
