// SPDX-License-Identifier: Apache-2.0
// Made by tests/coefficients/fit.py (jobs erfcx, mills, gelu_slope, gelu_quotient, gelu_far, erf).
template <>
struct erfc_constants<float> {
  // erfcx(z) (z + a) by (z - a) / (z + a)
  static constexpr float erfcx_a = 2;
  static constexpr float erfcx_p[] = {
      0x1.058672p+0f, -0x1.5fd388p-1f, 0x1.1e2dc2p-2f, -0x1.2a86dp-5f, -0x1.604f5p-6f,
      0x1.a83d6ap-8f, 0x1.90797ap-9f, -0x1.b22ec4p-11f, -0x1.31d596p-11f, 0x1.7c2764p-15f,
      0x1.13895ap-14f};
  // erfcx(t / sqrt 2) / 2 (t + a) by (t - a) / (t + a)
  static constexpr float mills_a = 2.25f;
  static constexpr float mills_p[] = {
      0x1.62039ap-1f, -0x1.8ba77ap-2f, 0x1.4839ccp-4f, 0x1.c815e8p-6f, -0x1.5a3066p-7f,
      -0x1.719b62p-8f, 0x1.b3e1eap-11f, 0x1.66914cp-10f, 0x1.e2e054p-13f, -0x1.c106cep-13f,
      -0x1.889f0ep-14f};
  // GELU's slope at -t, over e^(-t^2 / 2) (root - t), by (t - b) / (t + b); rest = e^(-root^2 / 2) (root - slope_root)
  static constexpr float slope_root = 0x1.80ead2p-1f, slope_root_rest = -0x1.39c772p-27f;
  static constexpr float slope_b = 2.75f;
  static constexpr float slope_h[] = {
      0x1.ef3928p-2f, -0x1.fdded8p-4f, 0x1.980f1ap-5f, -0x1.3566ap-7f, -0x1.992f58p-10f,
      0x1.f2e3b2p-11f, 0x1.6e78dp-13f, -0x1.a2293ep-14f, -0x1.223e7ep-15f};
  // erfcx(t / sqrt 2) / 2 = P / (k t P + R); the slope, as above, over (root - t): h0 + t S / (k t S + R); 2^-31 of both
  static constexpr float quotient_p[] = {
      0x1.722d0ep-1f, 0x1.44ca32p-1f, 0x1.0fc218p-2f, 0x1.e28486p-5f, 0x1.878026p-8f};
  static constexpr float quotient_k = 0x1.40d846p+32f;
  static constexpr float quotient_r[] = {
      0x1.722d0ep+31f, 0x1.386984p+30f, 0x1.344aap+28f, 0x1.e3ee06p+24f, 0x1.69bda8p+14f};
  static constexpr float slope_root_lo = -0x1.a03fd4p-27f;
  static constexpr float slope_h0 = 0x1.54851ap-32f, slope_k = -0x1.e0f5f6p+32f;
  static constexpr float slope_s[] = {
      -0x1.c94becp-3f, -0x1.862a9cp-3f, -0x1.0ae4e8p-4f, -0x1.283736p-7f};
  static constexpr float slope_r[] = {
      0x1.439582p+31f, 0x1.dffe52p+30f, 0x1.30466p+29f, 0x1.3979f6p+26f};
  // erf(x) = x + x T(x^2), |x| <= 1
  static constexpr float erf_t[] = {
      0x1.06eba8p-3f, -0x1.81273ep-2f, 0x1.ce2cf2p-4f, -0x1.b7f88cp-6f, 0x1.540172p-8f,
      -0x1.a3d812p-11f, 0x1.4917a4p-14f};
  // beyond which t Phi(-t) is 0
  static constexpr float gelu_end = 14.7f;
  // erfcx(t / sqrt 2) t / 2, 7.5 <= t <= 14.7, and GELU's slope at -t, over e^(-t^2 / 2), 5.22 <= t <= 14.7, by t - middle
  static constexpr float far_end = 14.7f;
  static constexpr float far_middle = 0x1.63p+3f;
  static constexpr float far_p[] = {
      0x1.95467cp-2f, 0x1.244b68p-11f, -0x1.3283c6p-14f, 0x1.1c1c96p-17f, -0x1.ec0c7p-21f,
      0x1.859bdep-24f, -0x1.23ca86p-27f, 0x1.403226p-30f, -0x1.186ceep-33f};
  static constexpr float slope_far_middle = 0x1.3e8p+3f;
  static constexpr float slope_far_p[] = {
      -0x1.f72c18p+1f, -0x1.9c859p-2f, 0x1.903c5ap-12f, -0x1.356248p-15f, 0x1.dfe622p-19f,
      -0x1.74cb46p-22f, 0x1.ddb4e4p-26f, -0x1.29bffap-29f, 0x1.f565bp-32f, -0x1.bc85f2p-35f};
};
template <>
struct erfc_constants<double> {
  // erfcx(z) (z + a) by (z - a) / (z + a)
  static constexpr double erfcx_a = 3.25;
  static constexpr double erfcx_p[] = {
      0x1.14c83272cd828p+0, -0x1.d3741415543f9p-1, 0x1.4a9d9e1f9387ap-1, -0x1.802b3d16838c4p-2,
      0x1.6044a3a2a6e03p-3, -0x1.d0488c87dd2dfp-5, 0x1.3841beb77afc7p-7, 0x1.d9c7834f61306p-10,
      -0x1.860c034d1299ap-10, 0x1.4e33e032f4586p-13, 0x1.355a16bef4b4fp-13, -0x1.69de5b378fe2fp-15,
      -0x1.00d8a6f844d5bp-16, 0x1.f2634568649f4p-18, 0x1.0e0f2ea67b937p-19, -0x1.4267c13320dfbp-20,
      -0x1.7c749e552a8b1p-22, 0x1.911475a023adfp-23, 0x1.383685f26fb1bp-24, -0x1.a978a1ace7406p-26,
      -0x1.c535b222f9367p-27, 0x1.0a3ccff9400cbp-29, 0x1.7341a4b49d7b7p-30};
  // erfcx(t / sqrt 2) / 2 (t + a) by (t - a) / (t + a)
  static constexpr double mills_a = 3.5;
  static constexpr double mills_p[] = {
      0x1.7d241a953a614p-1, -0x1.2191517fa27b8p-1, 0x1.42fec3680aca9p-2, -0x1.db5837f7f5578p-4,
      0x1.1d35bdee1733ap-6, 0x1.a86cec767290ap-8, -0x1.a200796acb08ep-9, -0x1.d2a14115ff57dp-12,
      0x1.f3cfaaf95ed34p-12, 0x1.192862e3925b7p-14, -0x1.3d066fe35566fp-14, -0x1.3b39bac110b28p-16,
      0x1.8219d38485ac7p-17, 0x1.7b4b8b5ccbbc4p-18, -0x1.38c4e9644abdbp-20, -0x1.8d13e26894b26p-20,
      -0x1.33383abb45cfep-23, 0x1.3c3bcad287642p-22, 0x1.09e3fb8057e86p-23, -0x1.03a9bf5cd947cp-25,
      -0x1.37dd5b2418472p-25, -0x1.052f09981ba62p-28, 0x1.513067398a2dfp-28, 0x1.962451a721a25p-30};
  // -(log erfcx(t / sqrt 2))' / u by u = 2a / (t + a)
  static constexpr double mills_change[] = {
      0x1.dd8p-4, 0x1.212p-3};
  // GELU's slope at -t, over e^(-t^2 / 2) (root - t), by (t - b) / (t + b); rest = e^(-root^2 / 2) (root - slope_root)
  static constexpr double slope_root = 0x1.80ead197f00b4p-1, slope_root_rest = -0x1.9ff740ff181aap-57;
  static constexpr double slope_b = 4;
  static constexpr double slope_h[] = {
      0x1.d94de78425463p-2, -0x1.a763001ac67d7p-4, 0x1.ef4ff8013790ap-5, -0x1.cc1e2623d9bcep-6,
      0x1.37754d8171929p-7, -0x1.d4c822298621cp-10, -0x1.443f63fa45284p-13, 0x1.85999bb3cf1a5p-13,
      -0x1.25380bb4530abp-16, -0x1.2e93635b67361p-16, 0x1.dafafda1135ffp-19, 0x1.298338018693ep-19,
      -0x1.08334867076d6p-21, -0x1.76cef119a21bp-22, 0x1.c16ac53ccdd3ap-25, 0x1.0d264f0367598p-24,
      -0x1.98e8df61a8926p-31, -0x1.6d06c6538fd88p-27, -0x1.bd2bff89b7c82p-30, 0x1.451539c581b47p-30,
      0x1.9b5361d5accbfp-32};
  // erf(x) = x + x T(x^2), |x| <= 1
  static constexpr double erf_t[] = {
      0x1.06eba8214db68p-3, -0x1.812746b0379b2p-2, 0x1.ce2f21a0408d1p-4, -0x1.b82ce311ee09bp-6,
      0x1.565bccf7e2856p-8, -0x1.c02db0149d904p-11, 0x1.f9a2b75531771p-14, -0x1.f4ca204c7718cp-17,
      0x1.b97e44280cac3p-20, -0x1.5bfe7638410e7p-23, 0x1.d6e3ddfe8d86dp-27, -0x1.ab15c51c94718p-31};
  // beyond which t Phi(-t) is 0
  static constexpr double gelu_end = 38.9;
};
