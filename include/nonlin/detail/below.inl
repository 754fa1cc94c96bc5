// SPDX-License-Identifier: Apache-2.0
// Included by the ISA files of vectors of x86 below AVX-512, inside their regions and namespaces.

// 0 < |a| < end, by the bits: twice them are 2 to 2 bits(end) - 2; as signed numbers the smallest there are, when 0 has been made the
// largest.
#define NONLIN_BELOW(T, integer)                                                                     \
  inline mask<T> below(const vec<T>& a, T end) {                                                     \
    using integers [[gnu::vector_size(sizeof(a.v))]] = integer;                                      \
    constexpr integer least = std::numeric_limits<integer>::min();                                   \
    const integers bits = reinterpret_cast<integers>(a.v), digits = bits + bits + (-1 - least);      \
    return mask<T>(reinterpret_cast<decltype(a.v)>(digits < least + 2 * __builtin_bit_cast(integer, end) - 1)); \
  }
NONLIN_BELOW(float, std::int32_t)
NONLIN_BELOW(double, std::int64_t)
#undef NONLIN_BELOW

// Four vectors of a pack, which are computed before what follows: their chains stay side by side. clang 19 put them one after another,
// and so does g++ where a chain is short of registers. Not g++ for floats with fma: Tanh 1.08, Sigmoid 1.04.
//   gained   Zen 3, ns for 4096 floats or doubles, with the next: clang, AVX2: GELU 1.1 for 1.8, GELUTanh' .97 for 1.7, double GELU 3.5 for
//            6.9; SSE2: GELU 3.1 for 5.5, double Sigmoid 3.4 for 4.3; g++, SSE2: double SiLU 3.4 for 4.5, ELU 3.1 for 4.0
//   lost     after each step of a polynomial for each third one: the same or 5 % slower, by clang
template <class T>
inline void side_by_side(vec<T>& a, vec<T>& b, vec<T>& c, vec<T>& d) {
#if !defined(__clang__)
  if (vec<T>::has_fma && sizeof(T) == 4) return;
#endif
  __asm__("" : "+v"(a.v), "+v"(b.v), "+v"(c.v), "+v"(d.v));
}

// clang keeps the constants of a loop in registers, and the loop's numbers in memory. Where there are many, nothing is kept from one
// round to the next: without this the chains that side_by_side asks for were slower yet, double GELU's slope 9.2 for 5.6.
template <class T>
inline void keep_nothing(const vec<T>&) {
#if defined(__clang__) && defined(__x86_64__)
  __asm__ volatile("" ::: "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12",
                   "xmm13", "xmm14", "xmm15");
#elif defined(__clang__)
  __asm__ volatile("" ::: "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7");
#endif
}
