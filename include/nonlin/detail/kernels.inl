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
  static void map(const F& f, bool stream_out, std::size_t n, T* const (&out)[Out], const In*... in) {
    if (n < block_size<T> && !first_tiny<T>(argument_of<T>(f), 0, n, in...)) {
      by_vectors(f, 0, n, out, in...);
      leave();
    } else {
      map_all<T>(functor<T, Out, In...>(f), stream_out, n, out, in...);
    }
  }

  // body(vec<T>()): loops that are written outside the regions, compiled for this instruction set.
  template <class T, class Body>
  NONLIN_KERNEL static void run(const Body& body) {
    const Body b = body;
    b(vec<T>());
    leave();
  }

  // part(vec<T>(), arguments...): what such a loop calls by address, so that it is compiled once for many parts.
  template <class T, class Part, class... Arguments>
  static void run_part(const void* part, Arguments... arguments) {
    part_of_run<T>(*static_cast<const Part*>(part), arguments...);
  }

 private:
  // what the usual loops do at a time
  template <class T>
  static constexpr std::size_t block_size = 4 * vec<T>::size;

  template <class T, class Part, class... Arguments>
  NONLIN_KERNEL static void part_of_run(const Part& part, Arguments... arguments) {
    part(vec<T>(), arguments...);
  }

  // What the loops know of a functor: they are compiled once for all.
  template <class T, std::size_t Out, class... In>
  struct functor {
    const void* f;
    std::size_t (*blocks_of)(const void*, bool, std::size_t, std::size_t, bool, T* const (&)[Out], const In*...);
    void (*vectors_of)(const void*, std::size_t, std::size_t, T* const (&)[Out], const In*...);
    near_zero argument, result[Out] = {};
    bool mirrored = false;

    template <class F>
    explicit functor(const F& g) : f(&g), blocks_of(blocks<F>), vectors_of(vectors<F>), argument(argument_of<T>(g)) {
      if constexpr (has_stand_ins<T, F>) {
        mirrored = g.template mirrored<vec<T>>();
        for (std::size_t o = 0; o < Out; ++o) result[o] = g.result(o);
      }
    }

    // Not these functions themselves: g++ does not inline users' functors into what is only pointed to.
    template <class F>
    static std::size_t blocks(const void* g, bool stream_out, std::size_t i, std::size_t n, bool looks, T* const (&out)[Out],
                              const In*... in) {
      usual_range<T, Out, sizeof...(In)> usual;
      return usual.map(*static_cast<const F*>(g), stream_out, i, n, looks, out, in...);
    }
    template <class F>
    static void vectors(const void* g, std::size_t first, std::size_t last, T* const (&out)[Out], const In*... in) {
      by_vectors(*static_cast<const F*>(g), first, last, out, in...);
    }

    // Elements from i to n; returns the first one that is not done, n unless it `looks` and there have been assists.
    NONLIN_KERNEL std::size_t operator()(bool stream_out, std::size_t i, std::size_t n, bool looks, T* const (&out)[Out],
                                         const In*... in) const {
      while (i < n) {
        const std::size_t start = i, part = next_look(Out == 2, i, n, looks);
        if (n - i >= block_size<T>) {
          i = blocks_of(f, stream_out, start, part, looks, out, in...);
          if (i < n && looks && assists::seen()) [[unlikely]]
            break;
          if (n - i >= block_size<T> && i == part) continue;
        }
        // What is left; and where most is out of the usual range, it is done as it comes, for a while.
        const std::size_t left = n - i < block_size<T> ? n - i : (n - i) / block_size<T> * block_size<T>;
        const std::size_t wish = i - start < 4 * block_size<T> ? 16 * block_size<T> : block_size<T>, end = i + (wish < left ? wish : left);
        vectors_of(f, i, end, out, in...);
        i = end;
        if (i < n && looks && assists::seen()) [[unlikely]]
          break;
      }
      return i;
    }
  };

  // Of more constants than there are registers: g++ would load them before a loop that is always entered, and spill them. GELU 1.2, its
  // derivative on AVX2 1.1
  template <class F, class T>
  static constexpr bool crowded = requires { requires F::template crowded<vec<T>>; };

  // block() from i to `stop`, once at least, while it is true
  template <bool Crowded, class Block>
  static void by_blocks(const std::size_t& i, std::size_t stop, const Block& block) {
    if constexpr (Crowded) {
      while (goes_on(i, stop) && block()) {
      }
    } else {
      while (block() && goes_on(i, stop)) {
      }
    }
  }

  // Where a loop from i to `end` stops to look, if it is one that does: a loop of one output in its own function, that of two between
  // calls, since it has no register to spare.
  static std::size_t next_look(bool here, std::size_t i, std::size_t end, bool looks) {
    constexpr std::size_t span = 1024;
    return !looks || !here || end - i < 2 * span ? end : i + span;
  }

  // This instruction set has assists.
  template <class T>
  static constexpr bool has_assists = requires(const vec<T>& x) { is_tiny(x); };

  // And F says what it is near 0 (math/near_zero.hpp).
  template <class T, class F>
  static constexpr bool has_stand_ins = has_assists<T> && requires(const F& f) {
    { f.argument() } -> std::same_as<near_zero>;
  };

  template <class T, class F>
  static near_zero argument_of(const F& f) {
    if constexpr (has_stand_ins<T, F>) return f.argument();
    return near_zero::unknown;
  }

  // Not a function that only compares its one argument, or of which nothing is known.
  template <class... In>
  static bool may_assist(near_zero argument) {
    return argument != near_zero::unknown && (sizeof...(In) > 1 || argument != near_zero::harmless);
  }
  // whether there is a tiny one among the first of such a function's arguments
  template <class T, class... In>
  static bool first_tiny(near_zero argument, std::size_t i, std::size_t n, const In*... in) {
    if constexpr (has_assists<T>) {
      constexpr std::size_t first = 64 / sizeof(T);
      return may_assist<In...>(argument) && any_tiny<T>(argument, i, n - i < first ? n - i : first, in...);
    }
    return false;
  }
  template <class T, std::size_t Out, class... In>
  NONLIN_KERNEL static void map_all(const functor<T, Out, In...>& f, bool stream_out, std::size_t n, T* const (&out)[Out],
                                    const In*... in) {
    std::size_t i = 0;
    if (stream_out) {  // up to the first whole vector's boundary
      constexpr std::size_t w = vec<T>::size;
      i = (0 - reinterpret_cast<std::uintptr_t>(out[0])) % (w * sizeof(T)) / sizeof(T);
      if (i != 0) map_all<T>(f, false, i, out, in...);
    }
    // Tiny arguments are looked for among the first, and at others when there have been assists.
    const bool tiny = first_tiny<T>(f.argument, i, n, in...);
    constexpr std::size_t few = 64;
    if (n - i < block_size<T> && !tiny) {
      f.vectors_of(f.f, i, n, out, in...);
    } else {
      const assists flags(has_assists<T> && may_assist<In...>(f.argument) && !tiny && n - i > few);
      const bool looks = flags.happen();
      if (!tiny && next_look(Out == 2, i, n, looks) == n) [[likely]] {
        i = f.blocks_of(f.f, stream_out, i, n, looks, out, in...);
        if (n - i < block_size<T>) [[likely]] {
          if (i < n) f.vectors_of(f.f, i, n, out, in...);
          i = n;
        }
      }
      if (i < n) [[unlikely]] {
        if (!tiny) i = f(stream_out, i, n, looks, out, in...);
        if constexpr (has_assists<T>) {
          if (i < n) warily<T>(f, stream_out, i, n, out, in...);
        }
      }
    }
    if (stream_out) fence();
    leave();
  }

  // Looks at blocks of elements, until there have been no assists for a while.
  template <class T, std::size_t Out, class... In>
  NONLIN_KERNEL static void warily(const functor<T, Out, In...>& f, bool stream_out, std::size_t i, std::size_t n,
                                   T* const (&out)[Out], const In*... in) {
    assists flags(true);
    if (!flags.happen() || !detail::has_assists()) {
      f(stream_out, i, n, false, out, in...);
      return;
    }
    // Where none is tiny, the assists were for results, and nothing is gained by looking for them: not for a while, and that for ever longer.
    constexpr std::size_t at_first = 4096;
    for (std::size_t pause = at_first; i < n;) {
      bool found = false;
      for (std::size_t looks = 4; looks != 0 && i < n; --looks) {
        const std::size_t k = n - i < looked_at ? n - i : looked_at;
        if (any_tiny<T>(f.argument, i, k, in...)) {
          with_stand_ins<T>(f, i, k, out, in...);
          looks = 4;
          found = true;
        } else {
          f(stream_out, i, i + k, false, out, in...);
        }
        i += k;
      }
      if (found)
        pause = at_first;
      else
        i = f(stream_out, i, n - i < pause ? n : i + pause, false, out, in...), pause *= 2;
      flags.forget();
      i = f(stream_out, i, n, true, out, in...);
    }
  }

  static constexpr std::size_t looked_at = 512;

  // k elements from i on, by stand-ins for what is tiny: of what f computes of its first argument, and of the products with the others.
  // A function of its own: inlined into warily, doubles on SSE2 took 1.5 times as long.
  template <class T, std::size_t Out, class... In>
  NONLIN_KERNEL static void with_stand_ins(const functor<T, Out, In...>& f, std::size_t i, std::size_t k, T* const (&out)[Out],
                             const In*... in) {
    using V = vec<T>;
    using quiet = math::quiet<V>;
    const bool mirrored = f.mirrored;  // not read anew after each store
    const near_zero argument = f.argument;
    const auto result = f.result;
    constexpr std::size_t w = vec<T>::size;
    T x[sizeof...(In)][looked_at], y[Out][looked_at];
    T* to[Out];
    for (std::size_t o = 0; o < Out; ++o) to[o] = y[o];
    if (const std::size_t rest = k % w; rest != 0) [[unlikely]] {  // by whole vectors: two copies of the loops would take g++ a third of a call's time
      T* from[sizeof...(In)];
      std::size_t a = 0;
      ((from[a] = copied(x[a], in + i, k, w - rest), ++a), ...);
      [&]<std::size_t... K>(std::index_sequence<K...>) { with_stand_ins<T>(f, 0, k + w - rest, to, static_cast<const In*>(from[K])...); }
      (std::make_index_sequence<sizeof...(In)>());
      for (std::size_t o = 0; o < Out; ++o) __builtin_memcpy(out[o] + i, y[o], k * sizeof(T));
      return;
    }
    for (std::size_t j = 0; j < k; j += w) {
      std::size_t a = 0;
      ((store(x[a] + j, a == 0 ? math::stood_in(argument, mirrored, load(in + i + j)) : V(1)), ++a), ...);
    }
    [&]<std::size_t... K>(std::index_sequence<K...>) { f(false, 0, k, false, to, launder(x[K])...); }
    (std::make_index_sequence<sizeof...(In)>());
    for (std::size_t j = 0; j < k; j += w) {
      const auto finish = [&](const V& first, const auto&... rest) {
        const auto of_first = [&](std::size_t o) {
          return quiet{math::from_stand_in(result[o], mirrored, load(y[o] + j), first)};
        };
        if constexpr (Out == 1) {
          store(out[0] + i + j, math::outputs_of(of_first(0), quiet{rest}...).v);
        } else {
          const auto both = math::outputs_of(math::both<quiet>{of_first(0), of_first(1)}, quiet{rest}...);
          store(out[0] + i + j, both.value.v);
          store(out[1] + i + j, both.derivative.v);
        }
      };
      finish(load(in + i + j)...);
    }
  }

  // `to`, a copy of k elements and as many zeros as told
  template <class T>
  static T* copied(T* to, const T* from, std::size_t k, std::size_t zeros) {
    __builtin_memcpy(to, from, k * sizeof(T));
    __builtin_memset(static_cast<void*>(to + k), 0, zeros * sizeof(T));
    return to;
  }

  // Whether there is a tiny one, or one of which a product is subnormal, among k elements of each array from i on
  template <class T, class... In>
  NONLIN_KERNEL static bool any_tiny(near_zero argument, std::size_t i, std::size_t k, const In*... in) {
    auto found = vec<T>(1) < vec<T>(0);
    const auto look = [&](std::size_t j, auto... some) {
      std::size_t a = 0;
      ((found = found |
                math::has_stand_in(a++ == 0 ? argument : near_zero::product, load(in + i + j, some...))),
       ...);
    };
    constexpr std::size_t w = vec<T>::size;
    std::size_t j = 0;
    for (; k - j >= w; j += w) look(j);
    if (j < k) look(j, k - j);
    return any(found);
  }

  // Elements from `first` on: two vectors side by side by all that their formula has; one alone, mostly an array's end, by what its lanes
  // ask for (Zen 4, AVX-512, ns a call: Sigmoid of up to 16 elements 17 for 25, GELU' 22 for 36)
  template <class T, class F, std::size_t Out, class... In>
  NONLIN_KERNEL static void by_vectors(const F& functor, std::size_t first, std::size_t last,
                                       T* const (&out)[Out], const In*... in) {
    const F f = functor;
    constexpr std::size_t w = vec<T>::size;
    std::size_t i = first;
    if constexpr (vec<T>::has_table32) {
      using V = math::watched<vec<T>, true>;
      for (; last - i >= 2 * w; i += 2 * w) {
        const auto a = f(V(load(in + i))...), b = f(V(load(in + i + w))...);
        for_outputs<V>(out, a, [&](T* p, const V& v) { store(p + i, math::plain(v)); });
        for_outputs<V>(out, b, [&](T* p, const V& v) { store(p + i + w, math::plain(v)); });
      }
    }
    for (; goes_on(i, last); i += w) {  // which keeps constants from being loaded ahead: there are few vectors, often one
      const std::size_t k = last - i < w ? last - i : w;
      const auto y = f(load(in + i, k)...);
      for_outputs<vec<T>>(out, y, [&](T* p, const vec<T>& v) { store(p + i, v, k); });
    }
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
  // Whole blocks of four vectors from i on, of which there is one; returns the first element not done.
  template <class T, std::size_t Out, std::size_t In, bool = vec<T>::has_table32>
  struct usual_range {
    template <class F, class... P>
    NONLIN_KERNEL std::size_t map(const F& functor, bool stream_out, std::size_t i, std::size_t n, bool looks,
                                  T* const (&out)[Out], const P*... in) {
      using pack = math::pack<vec<T>>;
      constexpr std::size_t w = vec<T>::size;
      const std::size_t end = i + (n - i) / (4 * w) * (4 * w);
      const F f = functor;  // a copy whose address nobody has: its parameters stay in registers across the stores
      const auto block = [&]() NONLIN_INLINE_LAMBDA {
        if constexpr (crowded<F, T> && requires(const vec<T>& v) { keep_nothing(v); }) keep_nothing(vec<T>());
        const auto y = f(pack(load(in + i), load(in + i + w), load(in + i + 2 * w), load(in + i + 3 * w))...);
        for_outputs<pack>(out, y, [&](T* p, const pack& v) { put_four(stream_out, p + i, v.a, v.b, v.c, v.d); });
        i += 4 * w;
        return true;
      };
      do {
        by_blocks<crowded<F, T>>(i, next_look(Out == 1, i, end, looks), block);
      } while (Out == 1 && i < end && !(looks && assists::seen()));
      return i;
    }
  };

  // Elements beyond the tables are noted, and done again in vectors of their own, all beyond.
  //   Record: Zen 4, g++ 12, ns for 2048 floats; this and the far formulas' shorter chains (math/logistic.hpp)
  //   gained   results go back by masks, a vector at a time, not one by one, and such vectors take no table: GELU' .72 for .82 at N(0, 5), .77
  //            for 1.16 in the tail; GELUTanh' .75 for .85, .90 for 1.28; GeGLU' 1.24 for 2.01 in the tail; the price, for g++'s registers,
  //            GeGLU' at N(0, 2) .83 for .77
  //   lost     counts in memory, GELU' .75 at N(0, 5); the notes by a function of their own, .94; up to seven eighths of a block noted for
  //            a third: level, SiLU of all bits .75 for .68
  template <class T, std::size_t Out, std::size_t In>
  struct usual_range<T, Out, In, true> {
    template <class F, class... P>
    std::size_t map(const F& f, bool stream_out, std::size_t i, std::size_t n, bool looks, T* const (&out)[Out], const P*... in) {
      i = in_tables(f, stream_out, i, n, looks, out, in...);
      finish(f, out);
      return i;
    }

   private:
    static constexpr std::size_t capacity = 512, size = capacity + vec<T>::size;
    struct noted_block {
      std::size_t first;
      mask<T> beyond[4];
    };
    T x[In][size];
    noted_block block[capacity];
    std::size_t blocks, count;

    template <class F>
    void finish(const F& f, T* const (&out)[Out]) {
      if (count == 0) return;
      T y[Out][size];
      T* to[Out];
      for (std::size_t o = 0; o < Out; ++o) to[o] = y[o];
      [&]<std::size_t... K>(std::index_sequence<K...>) { by_vectors(f, 0, count, to, x[K]...); }
      (std::make_index_sequence<In>());
      std::size_t k = 0;
      for (std::size_t b = 0; b < blocks; ++b) {
        for (std::size_t u = 0; u < 4; ++u) {
          const mask<T> m = block[b].beyond[u];
          const std::size_t at = block[b].first + u * vec<T>::size;
          for (std::size_t o = 0; o < Out; ++o) store(out[o] + at, spread_over(load(out[o] + at), load(y[o] + k), m));
          k += static_cast<std::size_t>(lanes_on(m));
        }
      }
    }

    // up to a block that lies mostly beyond the tables too
    template <class F, class... P>
    NONLIN_KERNEL std::size_t in_tables(const F& functor, bool stream_out, std::size_t i, std::size_t n, bool looks,
                                        T* const (&to)[Out], const P*... in) {
      using watched = math::watched<vec<T>>;
      constexpr std::size_t w = vec<T>::size;
      const F f = functor;
      T* out[Out];
      for (std::size_t o = 0; o < Out; ++o) out[o] = to[o];
      const auto y = [&](const auto&... v) NONLIN_INLINE_LAMBDA {
        if constexpr (Out == 1)
          return settled<crowded<F, T>>(watched(f(v...)));
        else
          return settled<crowded<F, T>>(f(v...));
      };
      aligned_spills(vec<T>());
      std::size_t noted = 0, noted_blocks = 0;
      const std::size_t end = i + (n - i) / (4 * w) * (4 * w);
      bool in_range = true;
      const auto whole_block = [&]() NONLIN_INLINE_LAMBDA {
        if constexpr (crowded<F, T> && Out == 2) keep_nothing(vec<T>());
        const auto a = y(watched(load(in + i))...), b = y(watched(load(in + i + w))...);
        const auto c = y(watched(load(in + i + 2 * w))...), d = y(watched(load(in + i + 3 * w))...);
        const auto ma = marks_of(a), mb = marks_of(b), mc = marks_of(c), md = marks_of(d), all = ma | mb | mc | md;
        if (!never(all) && rarely_any(marked(all))) [[unlikely]] {
          const mask<T> beyond[4] = {marked(ma), marked(mb), marked(mc), marked(md)};
          const int lanes = lanes_on(beyond[0]) + lanes_on(beyond[1]) + lanes_on(beyond[2]) + lanes_on(beyond[3]);
          if (lanes > static_cast<int>(4 * w / 3) || noted > capacity - 4 * w) {
            in_range = false;
            return false;
          }
          block[noted_blocks].first = i;
          for (std::size_t u = 0; u < 4; ++u) {
            std::size_t k = 0;
            (store_compressed(x[k++] + noted, load(launder(in) + i + u * w), beyond[u]), ...);
            block[noted_blocks].beyond[u] = beyond[u];
            noted += static_cast<std::size_t>(lanes_on(beyond[u]));
          }
          ++noted_blocks;
        }
        if constexpr (Out == 1) {
          put_four(stream_out, out[0] + i, a, b, c, d);
        } else {
          put_four(stream_out, out[0] + i, watched(a.value), watched(b.value), watched(c.value), watched(d.value));
          put_four(stream_out, out[1] + i, watched(a.derivative), watched(b.derivative), watched(c.derivative), watched(d.derivative));
        }
        i += 4 * w;
        return true;
      };
      do {
        by_blocks<crowded<F, T>>(i, next_look(Out == 1, i, end, looks), whole_block);
      } while (Out == 1 && in_range && i < end && !(looks && assists::seen()));
      count = noted;
      blocks = noted_blocks;
      return i;
    }

    template <bool Crowded>
    static NONLIN_INLINE math::watched<vec<T>> settled(math::watched<vec<T>> y) {
      if constexpr (Crowded) settle(y.v);
      return y;
    }
    template <bool Crowded>
    static NONLIN_INLINE math::both<math::watched<vec<T>>> settled(const math::both<math::watched<vec<T>>>& y) {
      return {settled<Crowded>(y.value), settled<Crowded>(y.derivative)};
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
