// SPDX-License-Identifier: Apache-2.0
// Included by each ISA file inside its region and namespace: the loops over arrays, in that ISA's vec. The kernels are
// members of a type, so that the code outside the regions can be handed the kernels of an ISA.
//
// The elements after the last whole vector go through the same vector code as the others, in a vector padded with zeros:
// the same x gives the same bits whatever its position and the length of the array.
struct kernels {
  // out[i] = f(in[i]...), or, of two outputs, the value and the derivative of the math::both that f gives. `stream_out` writes past
  // the caches; outputs are aligned to their element then, alike modulo a vector, and none is an input.
  template <class T, class F, std::size_t Out, class... In>
  NONLIN_KERNEL static void map(const F& f, bool stream_out, std::size_t n, T* const (&out)[Out], const In*... in) {
    constexpr std::size_t w = vec<T>::size;
    std::size_t i = 0;
    if (stream_out) {  // up to the first whole vector's boundary
      i = (0 - reinterpret_cast<std::uintptr_t>(out[0])) % (w * sizeof(T)) / sizeof(T);
      by_vectors(f, 0, i, out, in...);
    }
    if constexpr (vec<T>::has_table32) {
      postponed<T, Out, sizeof...(In)> later;
      while (n - i >= 4 * w) {
        const std::size_t start = i;
        i = in_common_range(f, stream_out, start, n, later, out, in...);
        later.finish(f, out);
        // Where most is beyond the tables, it is done as it comes, for a while.
        constexpr std::size_t block = 4 * w;
        const std::size_t left = (n - i) / block * block, wish = i - start < 4 * block ? 16 * block : block;
        const std::size_t some = wish < left ? wish : left;
        by_vectors(f, i, i + some, out, in...);
        i += some;
      }
    } else {
      using pack = math::pack<vec<T>>;
      const F g = f;  // a copy whose address nobody has: its parameters stay in registers across the stores
      for (; n - i >= 4 * w; i += 4 * w) {
        const auto y = g(pack(load(in + i), load(in + i + w), load(in + i + 2 * w), load(in + i + 3 * w))...);
        for_outputs<pack>(out, y, [&](T* p, const pack& v) { put_four(stream_out, p + i, v.a, v.b, v.c, v.d); });
      }
    }
    by_vectors(f, i, n, out, in...);
    if (stream_out) fence();
    leave();
  }

  // body(vec<T>()): loops that are written outside the regions, compiled for this instruction set.
  template <class T, class Body>
  NONLIN_KERNEL static void run(const Body& body) {
    const Body b = body;
    b(vec<T>());
    leave();
  }

 private:
  // Elements first .. last - 1, each by all that its formula has.
  template <class T, class F, std::size_t Out, class... In>
  NONLIN_KERNEL static void by_vectors(const F& functor, std::size_t first, std::size_t last, T* const (&out)[Out],
                                       const In*... in) {
    using V = typename thorough<vec<T>>::type;
    const F f = functor;
    constexpr std::size_t w = V::size;
    std::size_t i = first;
    if constexpr (vec<T>::has_table32) {
      for (; last - i >= 2 * w; i += 2 * w) {
        const auto a = f(V(load(in + i))...), b = f(V(load(in + i + w))...);
        for_outputs<V>(out, a, [&](T* p, const V& v) { store(p + i, math::plain(v)); });
        for_outputs<V>(out, b, [&](T* p, const V& v) { store(p + i + w, math::plain(v)); });
      }
    }
    for (; i < last; i += w) {
      const std::size_t k = last - i < w ? last - i : w;
      const auto y = f(V(load(in + i, k))...);
      for_outputs<V>(out, y, [&](T* p, const V& v) { store(p + i, math::plain(v), k); });
    }
  }
  template <class V, bool = V::has_table32>
  struct thorough {
    using type = V;
  };
  template <class V>
  struct thorough<V, true> {
    using type = math::watched<V, true>;
  };

  // put(pointer, V) for each output
  template <class V, class T, class Y, class Put>
  static void for_outputs(T* const (&out)[1], const Y& y, const Put& put) {
    put(out[0], V(y));
  }
  template <class V, class T, class Y, class Put>
  static void for_outputs(T* const (&out)[2], const Y& y, const Put& put) {
    put(out[0], V(y.value));
    put(out[1], V(y.derivative));
  }

  template <class T, class V>
  static void put_four(bool stream_out, T* p, const V& a, const V& b, const V& c, const V& d) {
    constexpr std::size_t w = V::size;
    if (stream_out) {
      stream(p, math::plain(a));
      stream(p + w, math::plain(b));
      stream(p + 2 * w, math::plain(c));
      stream(p + 3 * w, math::plain(d));
    } else {
      store(p, math::plain(a));
      store(p + w, math::plain(b));
      store(p + 2 * w, math::plain(c));
      store(p + 3 * w, math::plain(d));
    }
  }
  // Elements beyond the common range, which are done again in vectors of their own.
  template <class T, std::size_t Out, std::size_t In>
  struct postponed {
    static constexpr std::size_t capacity = 512, size = capacity + vec<T>::size;
    T x[In][size];
    std::uint32_t offset[size];
    std::size_t base = 0, count = 0;

    template <class F>
    void finish(const F& f, T* const (&out)[Out]) {
      if (count == 0) return;
      T y[Out][size];
      T* to[Out];
      for (std::size_t o = 0; o < Out; ++o) to[o] = y[o];
      [&]<std::size_t... K>(std::index_sequence<K...>) { by_vectors(f, 0, count, to, x[K]...); }
      (std::make_index_sequence<In>());
      for (std::size_t o = 0; o < Out; ++o) {
        for (std::size_t k = 0; k < count; ++k) out[o][base + offset[k]] = y[o][k];
      }
      count = 0;
    }
  };

  template <class V>
  static typename V::marks_type marks_of(const math::watched<V>& y) {
    return y.marks;
  }
  template <class V>
  static typename V::marks_type marks_of(const math::both<math::watched<V>>& y) {
    return y.value.marks | y.derivative.marks;
  }

  // Blocks of four vectors from i on, until `later` is full or a block lies mostly beyond the common range; returns the first not
  // done.
  template <class T, class F, std::size_t Out, class... In>
  NONLIN_KERNEL static std::size_t in_common_range(const F& functor, bool stream_out, std::size_t i, std::size_t n,
                                                   postponed<T, Out, sizeof...(In)>& later, T* const (&to)[Out],
                                                   const In*... in) {
    using watched = math::watched<vec<T>>;
    constexpr std::size_t w = vec<T>::size;
    const F f = functor;
    T* out[Out];
    for (std::size_t o = 0; o < Out; ++o) out[o] = to[o];
    const auto y = [&](const auto&... x) {
      if constexpr (Out == 1)
        return watched(f(x...));
      else
        return f(x...);
    };
    std::size_t noted = 0;
    later.base = i;
    const std::size_t end = n - i < 0xffffff00u ? n : i + 0xffffff00u;
    for (; end - i >= 4 * w; i += 4 * w) {
      const auto a = y(watched(load(in + i))...), b = y(watched(load(in + i + w))...);
      const auto c = y(watched(load(in + i + 2 * w))...), d = y(watched(load(in + i + 3 * w))...);
      const auto ma = marks_of(a), mb = marks_of(b), mc = marks_of(c), md = marks_of(d), all = ma | mb | mc | md;
      if (!never(all) && any(marked(all))) [[unlikely]] {
        const mask<T> beyond[4] = {marked(ma), marked(mb), marked(mc), marked(md)};
        const int lanes = count(beyond[0]) + count(beyond[1]) + count(beyond[2]) + count(beyond[3]);
        if (lanes > static_cast<int>(4 * w / 3) || noted > later.capacity - 4 * w) break;
        for (std::size_t u = 0; u < 4; ++u) {
          std::size_t k = 0;
          (store_compressed(later.x[k++] + noted, load(launder(in) + i + u * w), beyond[u]), ...);
          store_compressed_indices(later.offset + noted, static_cast<std::uint32_t>(i + u * w - later.base), beyond[u]);
          noted += static_cast<std::size_t>(count(beyond[u]));
        }
      }
      if constexpr (Out == 1) {
        put_four(stream_out, out[0] + i, a, b, c, d);
      } else {
        put_four(stream_out, out[0] + i, watched(a.value), watched(b.value), watched(c.value), watched(d.value));
        put_four(stream_out, out[1] + i, watched(a.derivative), watched(b.derivative), watched(c.derivative), watched(d.derivative));
      }
    }
    later.count = noted;
    return i;
  }

  // the same pointer, of which the compiler does not know that it has loaded from it: so it keeps nothing in registers for later
  template <class T>
  static const T* launder(const T* p) {
    __asm__("" : "+r"(p));
    return p;
  }
};
