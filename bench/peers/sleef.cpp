// SLEEF's vector functions, its faster variants as a peer of their own.
#include <immintrin.h>
#include <sleef.h>

#include "compose.hpp"

namespace peers {
namespace {

#if defined(__AVX512F__)
using VectorF = __m512;
using VectorD = __m512d;
#define PEERS_MM(name) _mm512_##name
#define PEERS_SLEEF_F(name, accuracy) Sleef_##name##f16_##accuracy##avx512f
#define PEERS_SLEEF_D(name, accuracy) Sleef_##name##d8_##accuracy##avx512f
#else
using VectorF = __m256;
using VectorD = __m256d;
#define PEERS_MM(name) _mm256_##name
#define PEERS_SLEEF_F(name, accuracy) Sleef_##name##f8_##accuracy##avx2
#define PEERS_SLEEF_D(name, accuracy) Sleef_##name##d4_##accuracy##avx2
#endif

struct Float {
  using T = float;
  using V = VectorF;
  static constexpr std::size_t lanes = sizeof(V) / sizeof(T);
  static V load(const T* p) { return PEERS_MM(load_ps)(p); }
  static void store(T* p, V v) { PEERS_MM(store_ps)(p, v); }
  static V set(T x) { return PEERS_MM(set1_ps)(x); }
  static V min(V a, V b) { return PEERS_MM(min_ps)(a, b); }
  static V max(V a, V b) { return PEERS_MM(max_ps)(a, b); }
  static V exp(V x) { return PEERS_SLEEF_F(exp, u10)(x); }
};
struct Float10 : Float {
  static V expm1(V x) { return PEERS_SLEEF_F(expm1, u10)(x); }
  static V tanh(V x) { return PEERS_SLEEF_F(tanh, u10)(x); }
  static V erfc(V x) { return PEERS_SLEEF_F(erfc, u15)(x); }
};
struct Float35 : Float {
  static V tanh(V x) { return PEERS_SLEEF_F(tanh, u35)(x); }
  static V erf(V x) { return PEERS_SLEEF_F(erf, u10)(x); }
};

struct Double {
  using T = double;
  using V = VectorD;
  static constexpr std::size_t lanes = sizeof(V) / sizeof(T);
  static V load(const T* p) { return PEERS_MM(load_pd)(p); }
  static void store(T* p, V v) { PEERS_MM(store_pd)(p, v); }
  static V set(T x) { return PEERS_MM(set1_pd)(x); }
  static V exp(V x) { return PEERS_SLEEF_D(exp, u10)(x); }
};
struct Double10 : Double {
  static V tanh(V x) { return PEERS_SLEEF_D(tanh, u10)(x); }
  static V erfc(V x) { return PEERS_SLEEF_D(erfc, u15)(x); }
};
struct Double35 : Double {
  static V tanh(V x) { return PEERS_SLEEF_D(tanh, u35)(x); }
  static V erf(V x) { return PEERS_SLEEF_D(erf, u10)(x); }
};

}  // namespace

void add_sleef(Level) {
  add_version("SLEEF " + std::to_string(SLEEF_VERSION_MAJOR) + "." + std::to_string(SLEEF_VERSION_MINOR) +
              "." + std::to_string(SLEEF_VERSION_PATCHLEVEL));
  const char *accurate = "SLEEF u10", *fast = "SLEEF u35";
  add_by_exp<Float10>(accurate);
  add_by_expm1<Float10>(accurate);
  add_by_tanh<Float10>(accurate);
  add_by_erf<Float10>(accurate);
  add_by_tanh<Float35>(fast);
  add_by_erf<Float35>(fast);

  add_by_exp<Double10>(accurate);
  add_by_tanh<Double10>(accurate);
  add_by_erf<Double10>(accurate);
  add_by_tanh<Double35>(fast);
  add_by_erf<Double35>(fast);
}

}  // namespace peers
