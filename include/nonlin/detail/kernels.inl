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
};
