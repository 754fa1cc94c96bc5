// SPDX-License-Identifier: Apache-2.0
// Made by tests/coefficients/fit.py tanh32. Entry bits(1 + t 15 / 9.4) >> 20 & 31 is for t's interval: centre x, then
// tanh(x + d) = c0 + c1 d + ... Centres are such that tanh of them is nearly a float, so that c0 costs no error.
inline constexpr float tanh_x[32] = {
    0x1.6b74e6p-1f, 0x1.b93936p-1f, 0x1.04ffc8p+0f, 0x1.2e0b16p+0f,
    0x1.55f458p+0f, 0x1.7ee88cp+0f, 0x1.a63cecp+0f, 0x1.cf0fc2p+0f,
    0x1.05ebeep+1f, 0x1.2d9f48p+1f, 0x1.552ffap+1f, 0x1.7d5444p+1f,
    0x1.a5893ep+1f, 0x1.cf02ecp+1f, 0x1.f686cap+1f, 0x1.0f95b6p+2f,
    0x1.2e260ap+2f, 0x1.55030ep+2f, 0x1.7ea86p+2f, 0x1.a6f84cp+2f,
    0x1.ce0616p+2f, 0x1.f7049p+2f, 0x1.0fb85cp+3f, 0x1.23c604p+3f,
    0x0p+0f, 0x1.eb06a2p-4f, 0x1.9757e6p-3f, 0x1.1a0292p-2f,
    0x1.6942c4p-2f, 0x1.ba4bdcp-2f, 0x1.066ed6p-1f, 0x1.2dc0a6p-1f,
};
inline constexpr float tanh_c0[32] = {
    0x1.38a076p-1f, 0x1.64f2e8p-1f, 0x1.8a12bcp-1f, 0x1.a7a1dp-1f,
    0x1.bdc5d6p-1f, 0x1.cf0a34p-1f, 0x1.db87d6p-1f, 0x1.e53aacp-1f,
    0x1.ef2edcp-1f, 0x1.f6e31cp-1f, 0x1.fb119ap-1f, 0x1.fd5c44p-1f,
    0x1.fe970ap-1f, 0x1.ff4312p-1f, 0x1.ff9a12p-1f, 0x1.ffc9fap-1f,
    0x1.ffeb36p-1f, 0x1.fff9d4p-1f, 0x1.fffe52p-1f, 0x1.ffff86p-1f,
    0x1.ffffdcp-1f, 0x1.fffff6p-1f, 0x1.fffffep-1f, 0x1p+0f,
    0x0p+0f, 0x1.e8afeap-4f, 0x1.920e32p-3f, 0x1.131716p-2f,
    0x1.5afbb8p-2f, 0x1.a0b30ap-2f, 0x1.e34474p-2f, 0x1.0f122ap-1f,
};
inline constexpr float tanh_c1[32] = {
    0x1.411c52p-1f, 0x1.0725dap-1f, 0x1.a16274p-2f, 0x1.42f7eep-2f,
    0x1.ef8d4cp-3f, 0x1.74f432p-3f, 0x1.195d46p-3f, 0x1.a12282p-4f,
    0x1.08a634p-4f, 0x1.2102e2p-5f, 0x1.3a12bep-6f, 0x1.50fd1ap-7f,
    0x1.6874a6p-8f, 0x1.799462p-9f, 0x1.978d46p-10f, 0x1.b016e8p-11f,
    0x1.4c7bd6p-12f, 0x1.8ad62ap-14f, 0x1.add552p-16f, 0x1.e7d5bcp-18f,
    0x1.1ff572p-19f, 0x1.3feabp-21f, 0x1.699266p-23f, 0x1.9c1a8p-25f,
    0x1p+0f, 0x1.f8b64p-1f, 0x1.ec447ap-1f, 0x1.db0cacp-1f,
    0x1.c53652p-1f, 0x1.ab3734p-1f, 0x1.8df694p-1f, 0x1.707c46p-1f,
};
inline constexpr float tanh_c2[32] = {
    -0x1.88254ap-2f, -0x1.6eea5p-2f, -0x1.414062p-2f, -0x1.0b3a9p-2f,
    -0x1.af7456p-3f, -0x1.514a8ep-3f, -0x1.0552bp-3f, -0x1.8b5294p-4f,
    -0x1.ffe45p-5f, -0x1.1bdb34p-5f, -0x1.370b78p-6f, -0x1.4f3f02p-7f,
    -0x1.677462p-8f, -0x1.78fcf6p-9f, -0x1.9734b2p-10f, -0x1.afdafep-11f,
    -0x1.4c2d5cp-12f, -0x1.8ad676p-14f, -0x1.ad51ecp-16f, -0x1.e74482p-18f,
    -0x1.20125cp-19f, -0x1.3f4ab8p-21f, -0x1.dedb34p-20f, -0x1.b42d22p-20f,
    0x1.87995ep-17f, -0x1.e1b8cap-4f, -0x1.828e84p-3f, -0x1.fe7926p-3f,
    -0x1.33247cp-2f, -0x1.5bb24p-2f, -0x1.77a16ep-2f, -0x1.862da2p-2f,
};
inline constexpr float tanh_c3[32] = {
    0x1.8e93fep-6f, 0x1.3f9722p-4f, 0x1.af2b12p-4f, 0x1.c5061ap-4f,
    0x1.a48d02p-4f, 0x1.695c3ep-4f, 0x1.29e52p-4f, 0x1.d7737cp-5f,
    0x1.3fc90ap-5f, 0x1.6eaa2ep-6f, 0x1.98eb3ap-7f, 0x1.bceba8p-8f,
    0x1.df7062p-9f, 0x1.f8035ep-10f, 0x1.109e1cp-10f, 0x1.2151aep-11f,
    0x1.c5821ep-13f, 0x1.0dbbfcp-14f, 0x1.254f3ep-16f, 0x1.4ca05cp-18f,
    0x1.88106ep-20f, 0x1.b3304ap-22f, 0x1.68225cp-23f, 0x1.701b6ep-24f,
    -0x1.5642a8p-2f, -0x1.41e95ap-2f, -0x1.22154cp-2f, -0x1.f011cp-3f,
    -0x1.8bf9d2p-3f, -0x1.1ea36ep-3f, -0x1.604ab6p-4f, -0x1.39660ap-5f,
};
inline constexpr float tanh_c4[32] = {
    0x1.d30e1ep-4f, 0x1.09c212p-4f, 0x1.85c9e4p-6f, -0x1.0020ep-8f,
    -0x1.35b85ap-6f, -0x1.951686p-6f, -0x1.99a0fp-6f, -0x1.700db4p-6f,
    -0x1.16c16cp-6f, -0x1.56da0ap-7f, -0x1.89f9c6p-8f, -0x1.b529b2p-9f,
    -0x1.dc80c2p-10f, -0x1.00df42p-10f, -0x1.140b2cp-11f, -0x1.281462p-12f,
    -0x1.d653f8p-14f, -0x1.0dba88p-15f, -0x1.342fdp-17f, -0x1.5eea2cp-19f,
    -0x1.8aa99ap-21f, -0x1.d10cc8p-23f, 0x1.c7a036p-17f, 0x1.be31e8p-17f,
    0x1.47588ep-6f, 0x1.316328p-4f, 0x1.de23b4p-4f, 0x1.2e0ee6p-3f,
    0x1.529f16p-3f, 0x1.5c50f6p-3f, 0x1.4e74fcp-3f, 0x1.2d91bcp-3f,
};

// The last centre: tanh rounds to 1 from 9.011 on, and there the table says so.
inline constexpr float tanh_end = tanh_x[23];
