// SPDX-License-Identifier: Apache-2.0
// A vector that notes which of its lanes a formula has not served: those beyond a table's range (unless_beyond in table32.hpp).
// A kernel that calls a functor with watched vectors asks once for several of them, and does those lanes again, thoroughly: with
// vectors for which the table and what serves beyond it are both computed, without a branch, so that several of them go side by
// side. Plain vectors branch, each by itself. So a formula is written once, and a user's functor of such formulas gains too.
//
// Marks follow data: a lane computed from a marked one is marked. Which lanes a user's functor asks about with any() decides
// nothing about other lanes.
#pragma once
#include "../detail/number.hpp"

#include "../detail/begin.hpp"

namespace nonlin {
inline namespace NONLIN_ABI {
namespace math {

// A function's value and its derivative.
template <class V>
struct both {
  V value, derivative;
};

template <class V, bool Thorough = false>
struct watched;

template <class V, bool Thorough>
struct watched_mask {
  using vector_type = watched<V, Thorough>;
  using plain = decltype(V() < V());
  using marks_type = typename V::marks_type;

  plain m;
  marks_type marks;

#define NONLIN_BINARY(op)                                                                   \
  friend NONLIN_INLINE watched_mask operator op(const watched_mask& a, const watched_mask& b) { \
    return {a.m op b.m, a.marks | b.marks};                                                 \
  }
  NONLIN_BINARY(&)
  NONLIN_BINARY(|)
  NONLIN_BINARY(^)
  NONLIN_BINARY(&&)
  NONLIN_BINARY(||)
#undef NONLIN_BINARY
  friend NONLIN_INLINE watched_mask operator!(const watched_mask& a) { return {!a.m, a.marks}; }
  friend NONLIN_INLINE bool any(const watched_mask& a) { return any(a.m); }
};

template <class V, bool Thorough>
struct watched_slot {
  using plain = decltype(slot_of(V()));
  plain s;

  friend NONLIN_INLINE watched<V, Thorough> lookup(const element_of<V> (&t)[32], const watched_slot& slot) {
    return watched<V, Thorough>(lookup(t, slot.s));
  }
  friend NONLIN_INLINE auto beyond_slots(const watched_slot& slot, element_of<V> zero) { return beyond_slots(slot.s, zero); }
};

template <class V, bool Thorough>
struct watched {
  using element = typename V::element;
  using marks_type = typename V::marks_type;
  using mask_type = watched_mask<V, Thorough>;
  static constexpr bool thorough = Thorough;
  static constexpr std::size_t size = V::size;
  static constexpr bool has_fma = V::has_fma, has_scalef = V::has_scalef, has_table32 = V::has_table32, has_table16 = V::has_table16;

  V v;
  marks_type marks;

  NONLIN_INLINE watched() {}
  NONLIN_INLINE watched(const watched& o) : v(o.v), marks(o.marks) {}
  NONLIN_INLINE explicit watched(const V& a) : v(a) {}
  NONLIN_INLINE watched(const V& a, const marks_type& m) : v(a), marks(m) {}
  template <number N>
  NONLIN_INLINE watched(N a) : v(a) {}
  NONLIN_INLINE watched& operator=(const watched& o) {
    v = o.v;
    marks = o.marks;
    return *this;
  }

#define NONLIN_UNARY(name) \
  friend NONLIN_INLINE watched name(const watched& a) { return {name(a.v), a.marks}; }
#define NONLIN_BINARY(name)                                              \
  friend NONLIN_INLINE watched name(const watched& a, const watched& b) { \
    return {name(a.v, b.v), a.marks | b.marks};                          \
  }
#define NONLIN_TERNARY(name)                                                               \
  friend NONLIN_INLINE watched name(const watched& a, const watched& b, const watched& c) { \
    return {name(a.v, b.v, c.v), a.marks | b.marks | c.marks};                             \
  }
#define NONLIN_OPERATOR(op)                                                                                        \
  friend NONLIN_INLINE watched operator op(const watched& a, const watched& b) { return {a.v op b.v, a.marks | b.marks}; } \
  friend NONLIN_INLINE watched& operator op##=(watched& a, const watched& b) { return a = a op b; }
#define NONLIN_COMPARISON(op)                                                    \
  friend NONLIN_INLINE mask_type operator op(const watched& a, const watched& b) { \
    return {a.v op b.v, a.marks | b.marks};                                      \
  }
#include "operations.inl"

  friend NONLIN_INLINE watched select(const mask_type& m, const watched& a, const watched& b) {
    return {select(m.m, a.v, b.v), m.marks | a.marks | b.marks};
  }
  friend NONLIN_INLINE watched product_where(const mask_type& m, const watched& a, const watched& b, const watched& c) {
    return {product_where(m.m, a.v, b.v, c.v), m.marks | a.marks | b.marks | c.marks};
  }
  friend NONLIN_INLINE watched octave_lookup(const element (&t)[32], const watched& u) {
    return {octave_lookup(t, u.v), u.marks};
  }
  friend NONLIN_INLINE watched lookup16(const element (&t)[16], const watched& u) { return {lookup16(t, u.v), u.marks}; }
  friend NONLIN_INLINE watched product16(const watched& a, const element (&t)[16], const element (&rest)[16], const watched& u) {
    return {product16(a.v, t, rest, u.v), a.marks | u.marks};
  }
  friend NONLIN_INLINE watched within(const watched& a, element end) { return {within(a.v, end), a.marks}; }
  // The slot drops the marks: whoever looks up computes with u's source too.
  friend NONLIN_INLINE watched_slot<V, Thorough> slot_of(const watched& u) { return {slot_of(u.v)}; }
  friend NONLIN_INLINE marks_type beyond_octaves(const watched& t) { return beyond_octaves(t.v); }
  friend NONLIN_INLINE watched abs_below(const watched& a, element hi) { return {abs_below(a.v, hi), a.marks}; }
};

template <class V>
inline constexpr bool is_thorough = requires { requires V::thorough; };

// What a vector holds, watched or not.
template <simd_vector V>
NONLIN_INLINE const V& plain(const V& v) {
  return v;
}
template <class V, bool Thorough>
NONLIN_INLINE const V& plain(const watched<V, Thorough>& v) {
  return v.v;
}

}  // namespace math
}  // namespace NONLIN_ABI
}  // namespace nonlin
#include "../detail/end.hpp"
