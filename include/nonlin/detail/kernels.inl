// SPDX-License-Identifier: Apache-2.0
// Included by each ISA file inside its region and namespace: the loops over arrays, in that ISA's vec. The kernels are
// members of a type, so that the code outside the regions can be handed the kernels of an ISA.
//
// The elements after the last whole vector go through the same vector code as the others, in a vector padded with zeros:
// the same x gives the same bits whatever its position and the length of the array.
struct kernels {
  // out[i] = f(in[i]...). `stream` writes past the caches; out is aligned to its element then, and none of the inputs.
  template <class T, class F, class... In>
  NONLIN_KERNEL static void map(const F& functor, bool stream_out, std::size_t n, T* out, const In*... in) {
    const F f = functor;  // a copy whose address nobody has: its parameters stay in registers across the stores
    constexpr std::size_t w = vec<T>::size;
    std::size_t i = 0;
    std::size_t head = 0;  // up to the first whole vector's boundary, which streaming stores need
    if (stream_out) head = (0 - reinterpret_cast<std::uintptr_t>(out)) % (w * sizeof(T)) / sizeof(T);
    for (std::size_t stop = head < n ? head : n;; stop = n) {
      for (; i < stop; i += w) {
        const std::size_t k = stop - i < w ? stop - i : w;
        store(out + i, vec<T>(f(load(in + i, k)...)), k);
      }
      i = stop;
      if (stop == n) break;
      for (; i + 4 * w <= n; i += 4 * w) {
        const vec<T> a(f(load(in + i)...)), b(f(load(in + i + w)...));
        const vec<T> c(f(load(in + i + 2 * w)...)), d(f(load(in + i + 3 * w)...));
        if (stream_out) {
          stream(out + i, a);
          stream(out + i + w, b);
          stream(out + i + 2 * w, c);
          stream(out + i + 3 * w, d);
        } else {
          store(out + i, a);
          store(out + i + w, b);
          store(out + i + 2 * w, c);
          store(out + i + 3 * w, d);
        }
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

  // out[i] = f(x[i], dy[i]).dx, and the sum of f(x[i], dy[i]).term. Each lane adds up at most 64 terms before it goes to
  // the total, in double: the error is at most 64 roundings of T and n / 64 of double, whatever n. Which lane an element
  // belongs to depends on its index alone.
  template <class T, class F>
  NONLIN_KERNEL static double map_sum(const F& functor, std::size_t n, T* out, const T* x, const T* dy) {
    const F f = functor;
    constexpr std::size_t w = vec<T>::size;
    double total = 0;
    for (std::size_t i = 0; i < n;) {
      const std::size_t stop = n - i < 128 * w ? n : i + 128 * w;
      vec<T> even(0), odd(0);
      for (; i + 2 * w <= stop; i += 2 * w) {
        const auto a = f(load(x + i), load(dy + i));
        const auto b = f(load(x + i + w), load(dy + i + w));
        store(out + i, a.dx);
        store(out + i + w, b.dx);
        even = even + a.term;
        odd = odd + b.term;
      }
      for (; i < stop; i += w) {
        const std::size_t k = stop - i < w ? stop - i : w;
        const auto a = f(load(x + i, k), load(dy + i, k));
        store(out + i, a.dx, k);
        even = even + a.term;
      }
      if (i > stop) i = stop;
      T lane[w];
      store(lane, even);
      for (std::size_t k = 0; k < w; ++k) total += static_cast<double>(lane[k]);
      store(lane, odd);
      for (std::size_t k = 0; k < w; ++k) total += static_cast<double>(lane[k]);
    }
    leave();
    return total;
  }
};
