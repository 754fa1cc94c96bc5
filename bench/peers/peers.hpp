// What a peer is: a name, and for each piece of work that it can do, how to make ready for it.
//
// One .cpp a peer, with flags of its own. This header is all that they share, so that no code of a peer's
// headers is compiled twice with differing flags in one program.
#pragma once
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace peers {

enum class Direction { forward, backward, from_output };

// As nonlin::axis_shape; what has no axis is {1, 1, n}.
struct Shape {
  std::size_t outer = 1, axis = 1, inner = 1;
  std::size_t size() const { return outer * axis * inner; }
};

// Backward from the output finds y in x. Gated units: x is the gate; the gradients are dx, then dvalue in out2.
template <class T>
struct Arrays {
  T *x, *dy, *value, *out, *out2;
  T *slopes, *dslopes;  // Shape::axis of each
};

// Does the work `times` times. All that can be done before is done: no allocation, no choice of kernels.
using Run = std::function<void(std::size_t times)>;

// An empty Run: not for this shape.
template <class T>
using Make = std::function<Run(const Arrays<T>&, const Shape&)>;

template <class T>
struct Entry {
  std::string peer, function;
  Direction direction;
  Make<T> make;
};

template <class T>
std::vector<Entry<T>>& entries();

void add(const char* peer, const char* function, Direction direction, Make<float> make);
void add(const char* peer, const char* function, Direction direction, Make<double> make);

// A version to print, as "Eigen 3.4.0"
void add_version(const std::string& version);
std::vector<std::string>& versions();

template <class F>
Run repeat(F work) {
  return [work](std::size_t times) {
    for (; times != 0; --times) {
      work();
      asm volatile("" ::: "memory");
    }
  };
}

// Reads and writes the same arrays, and no more: what the work costs at least.
template <class T>
Run floor_of(Direction direction, bool gated, const Arrays<T>& arrays, const Shape& shape);

// The best that the machine has, or, to compare like with like, AVX2 and FMA.
enum class Level { native, avx2 };

// clang-format off
void add_nonlin(Level), add_standard(Level), add_eigen(Level), add_xnnpack(Level), add_onednn(Level), add_sleef(Level),
    add_xsimd(Level), add_highway(Level);
// clang-format on

}  // namespace peers
