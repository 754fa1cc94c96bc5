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
    constexpr std::size_t w = vec<T>::size, block = 4 * w;
    std::size_t i = 0;
    if (stream_out) {  // up to the first whole vector's boundary
      i = (0 - reinterpret_cast<std::uintptr_t>(out[0])) % (w * sizeof(T)) / sizeof(T);
      if (i != 0) map(f, false, i, out, in...);
    }
    usual_range<T, Out, sizeof...(In)> usual;
    while (i < n) {
      const std::size_t start = i;
      if (n - i >= block) i = usual.map(f, stream_out, start, n, out, in...);
      // What is left; and where most is out of the usual range, it is done as it comes, for a while.
      const std::size_t left = n - i < block ? n - i : (n - i) / block * block;
      const std::size_t wish = i - start < 4 * block ? 16 * block : block, end = i + (wish < left ? wish : left);
      i = by_vectors(f, i, end, out, in...);
      if constexpr (math::knows_zero<F, vec<T>>) {
        if (i != end) [[unlikely]]
          i = with_stand_ins(f, i, n, out, in...);
      }
    }
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
  // Some elements from i on, by stand-ins for tiny arguments (math/near_zero.hpp); returns the first element not done.
  template <class T, class F, class... In>
  NONLIN_KERNEL static std::size_t with_stand_ins(const F& f, std::size_t i, std::size_t n, T* const (&out)[1], const In*... in) {
    constexpr std::size_t most = 512, inputs = sizeof...(In);
    const std::size_t some = n - i < most ? n - i : most;
    T x[inputs][most], y[most];
    T* const to[] = {y};
    by_width<T>(some, [&](std::size_t j, auto... k) {
      std::size_t a = 0;
      ((store(x[a] + j, math::stood_in(f.at_zero(a), load(in + i + j, k...)), k...), ++a), ...);
    });
    [&]<std::size_t... K>(std::index_sequence<K...>) { map(f, false, some, to, launder(x[K])...); }
    (std::make_index_sequence<inputs>());
    by_width<T>(some, [&](std::size_t j, auto... k) {
      store(out[0] + i + j, math::from_stand_ins(load(y + j, k...), f, load(in + i + j, k...)...), k...);
    });
    return i + some;
  }

  // f(j) at each whole vector of n elements, f(j, k) at the k that are left
  template <class T, class F>
  static void by_width(std::size_t n, const F& f) {
    constexpr std::size_t w = vec<T>::size;
    std::size_t j = 0;
    for (; n - j >= w; j += w) f(j);
    if (j < n) f(j, n - j);
  }

  // Whether an argument has a stand-in: visit(note) calls note(x...) for each vector of them. None has, of a function that does not say
  // what it is next to 0.
  template <class T, class F, class Visit>
  static bool any_tiny(const F& f, const Visit& visit) {
    if constexpr (math::knows_zero<F, vec<T>>) {
      if (f.at_zero(0) == near_zero::unknown) return false;
      auto scan = begin_scan(vec<T>());
      visit([&](const auto&... x) {
        std::size_t i = 0;
        const auto note = [&](near_zero kind, const vec<T>& v) {
          if (kind != near_zero::harmless) scan.note(kind, v);  // not so much as a test
        };
        (note(f.at_zero(i++), x), ...);
      });
      if (!scan.suspicious()) [[likely]]
        return false;
      bool found = false;
      visit([&](const auto&... x) {
        std::size_t i = 0;
        ((found |= any(math::has_stand_in(f.at_zero(i++), x))), ...);
      });
      return found;
    }
    return false;
  }

  // of the four vectors from `in` on
  template <class T, class F, class... In>
  static bool any_tiny_of_four(const F& f, const In*... in) {
    constexpr std::size_t w = vec<T>::size;
    return any_tiny<T>(f, [&](const auto& note) {
      note(load(in)...), note(load(in + w)...), note(load(in + 2 * w)...), note(load(in + 3 * w)...);
    });
  }

  // Elements from `first` on, each by all that its formula has, up to `last` or vectors with a tiny one; returns which.
  template <class T, class F, std::size_t Out, class... In>
  NONLIN_KERNEL static std::size_t by_vectors(const F& functor, std::size_t first, std::size_t last, T* const (&out)[Out],
                                       const In*... in) {
    using V = typename thorough<vec<T>>::type;
    const F f = functor;
    constexpr std::size_t w = V::size;
    std::size_t i = first;
    if constexpr (vec<T>::has_table32) {
      for (; last - i >= 2 * w; i += 2 * w) {
        if (any_tiny<T>(f, [&](const auto& note) { note(load(in + i)...), note(load(in + i + w)...); })) [[unlikely]]
          return i;
        const auto a = f(V(load(in + i))...), b = f(V(load(in + i + w))...);
        for_outputs<V>(out, a, [&](T* p, const V& v) { store(p + i, math::plain(v)); });
        for_outputs<V>(out, b, [&](T* p, const V& v) { store(p + i + w, math::plain(v)); });
      }
    }
    for (; i < last; i += w) {
      const std::size_t k = last - i < w ? last - i : w;
      if (any_tiny<T>(f, [&](const auto& note) { note(load(in + i, k)...); })) [[unlikely]]
        return i;
      const auto y = f(V(load(in + i, k))...);
      for_outputs<V>(out, y, [&](T* p, const V& v) { store(p + i, math::plain(v), k); });
    }
    return last;
  }

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
  template <class V, bool = V::has_table32>
  struct thorough {
    using type = V;
  };
  template <class V>
  struct thorough<V, true> {
    using type = math::watched<V, true>;
  };

  template <class T, class V>
  static void put_four(bool stream_out, T* p, const V& a, const V& b, const V& c, const V& d) {
    constexpr std::size_t w = V::size;
    if (rarely(stream_out)) {
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
  // Blocks of four vectors, up to one that lies mostly beyond its formula's common range, or has a tiny number.
  template <class T, std::size_t Out, std::size_t In, bool = vec<T>::has_table32>
  struct usual_range {
    // from i on, in whole blocks of which there is one; returns the first element not done
    template <class F, class... P>
    NONLIN_KERNEL std::size_t map(const F& functor, bool stream_out, std::size_t i, std::size_t n, T* const (&out)[Out],
                                  const P*... in) {
      using pack = math::pack<vec<T>>;
      constexpr std::size_t w = vec<T>::size;
      const std::size_t end = i + (n - i) / (4 * w) * (4 * w);
      const F f = functor;  // a copy whose address nobody has: its parameters stay in registers across the stores
      do {
        if (any_tiny_of_four<T>(f, (in + i)...)) [[unlikely]]
          break;
        const auto y = f(pack(load(in + i), load(in + i + w), load(in + i + 2 * w), load(in + i + 3 * w))...);
        for_outputs<pack>(out, y, [&](T* p, const pack& v) { put_four(stream_out, p + i, v.a, v.b, v.c, v.d); });
        i += 4 * w;
      } while (goes_on(i, end));
      return i;
    }
  };

  // Elements beyond the tables are noted, and done again in vectors of their own.
  template <class T, std::size_t Out, std::size_t In>
  struct usual_range<T, Out, In, true> {
    static constexpr std::size_t capacity = 512, size = capacity + vec<T>::size;
    T x[In][size];
    std::uint32_t offset[size];
    std::size_t base, count;

    template <class F, class... P>
    std::size_t map(const F& f, bool stream_out, std::size_t i, std::size_t n, T* const (&out)[Out], const P*... in) {
      i = in_tables(f, stream_out, i, n, out, in...);
      finish(f, out);
      return i;
    }

   private:
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
    }

    template <class F, class... P>
    NONLIN_KERNEL std::size_t in_tables(const F& functor, bool stream_out, std::size_t i, std::size_t n, T* const (&to)[Out],
                                        const P*... in) {
      using watched = math::watched<vec<T>>;
      constexpr std::size_t w = vec<T>::size;
      const F f = functor;
      T* out[Out];
      for (std::size_t o = 0; o < Out; ++o) out[o] = to[o];
      const auto y = [&](const auto&... v) {
        if constexpr (Out == 1)
          return watched(f(v...));
        else
          return f(v...);
      };
      std::size_t noted = 0;
      base = i;
      const std::size_t end = i + (n - i < 0xffffff00u ? n - i : 0xffffff00u) / (4 * w) * (4 * w);
      do {
        if (any_tiny_of_four<T>(f, (in + i)...)) [[unlikely]]
          break;
        const auto a = y(watched(load(in + i))...), b = y(watched(load(in + i + w))...);
        const auto c = y(watched(load(in + i + 2 * w))...), d = y(watched(load(in + i + 3 * w))...);
        const auto ma = marks_of(a), mb = marks_of(b), mc = marks_of(c), md = marks_of(d), all = ma | mb | mc | md;
        if (!never(all) && rarely_any(marked(all))) [[unlikely]] {
          const mask<T> beyond[4] = {marked(ma), marked(mb), marked(mc), marked(md)};
          const int lanes = lanes_on(beyond[0]) + lanes_on(beyond[1]) + lanes_on(beyond[2]) + lanes_on(beyond[3]);
          if (lanes > static_cast<int>(4 * w / 3) || noted > capacity - 4 * w) break;
          for (std::size_t u = 0; u < 4; ++u) {
            std::size_t k = 0;
            (store_compressed(x[k++] + noted, load(launder(in) + i + u * w), beyond[u]), ...);
            store_compressed_indices(offset + noted, static_cast<std::uint32_t>(i + u * w - base), beyond[u]);
            noted += static_cast<std::size_t>(lanes_on(beyond[u]));
          }
        }
        if constexpr (Out == 1) {
          put_four(stream_out, out[0] + i, a, b, c, d);
        } else {
          put_four(stream_out, out[0] + i, watched(a.value), watched(b.value), watched(c.value), watched(d.value));
          put_four(stream_out, out[1] + i, watched(a.derivative), watched(b.derivative), watched(c.derivative), watched(d.derivative));
        }
        i += 4 * w;
      } while (goes_on(i, end));
      count = noted;
      return i;
    }

    static typename vec<T>::marks_type marks_of(const math::watched<vec<T>>& y) { return y.marks; }
    static typename vec<T>::marks_type marks_of(const math::both<math::watched<vec<T>>>& y) {
      return y.value.marks | y.derivative.marks;
    }
  };

  // the same pointer, of which the compiler does not know that it has loaded from it: so it keeps nothing in registers for later
  template <class T>
  static const T* launder(const T* p) {
    __asm__("" : "+r"(p));
    return p;
  }
};
