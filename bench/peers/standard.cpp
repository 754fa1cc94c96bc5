// The loop that one writes without a library, and the floor: the same arrays read and written, nothing done.
#include <algorithm>
#include <cstring>

#include "../baseline.hpp"
#include "peers.hpp"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace peers {
namespace {

// -- the loops ------------------------------------------------------------------------------------------------

struct Exp {};

template <class A, class T>
T value_of(T x) {
  if constexpr (std::is_same_v<A, Exp>)
    return std::exp(x);
  else
    return baseline::std_forward<A>(x);
}

template <class A, class T = float>
void add_forward(const char* function) {
  add("std::", function, Direction::forward, Make<T>([](const Arrays<T>& a, const Shape& s) {
        return repeat([=, n = s.size()] {
          for (std::size_t i = 0; i < n; ++i) a.out[i] = value_of<A>(a.x[i]);
        });
      }));
}

template <class A>
void add_backward(const char* function) {
  add("std::", function, Direction::backward, Make<float>([](const Arrays<float>& a, const Shape& s) {
        return repeat([=, n = s.size()] {
          for (std::size_t i = 0; i < n; ++i) a.out[i] = a.dy[i] * baseline::std_derivative<A>(a.x[i]);
        });
      }));
}

template <class F>
void add_from_output(const char* function, F derivative) {
  add("std::", function, Direction::from_output,
      Make<float>([derivative](const Arrays<float>& a, const Shape& s) {
        return repeat([=, n = s.size()] {
          for (std::size_t i = 0; i < n; ++i) a.out[i] = a.dy[i] * derivative(a.x[i]);
        });
      }));
}

template <class A>
void add_gated(const char* function) {
  add("std::", function, Direction::forward, Make<float>([](const Arrays<float>& a, const Shape& s) {
        return repeat([=, n = s.size()] {
          for (std::size_t i = 0; i < n; ++i) a.out[i] = baseline::std_forward<A>(a.x[i]) * a.value[i];
        });
      }));
  add("std::", function, Direction::backward, Make<float>([](const Arrays<float>& a, const Shape& s) {
        return repeat([=, n = s.size()] {
          for (std::size_t i = 0; i < n; ++i) {
            a.out[i] = a.dy[i] * a.value[i] * baseline::std_derivative<A>(a.x[i]);
            a.out2[i] = a.dy[i] * baseline::std_forward<A>(a.x[i]);
          }
        });
      }));
}

// f(x, dy, y, n) of one row
template <class F>
void add_rows(const char* function, Direction direction, F f) {
  add("std::", function, direction, Make<float>([f](const Arrays<float>& a, const Shape& s) {
        return repeat([=] {
          for (std::size_t o = 0; o < s.outer; ++o)
            f(a.x + o * s.axis, a.dy + o * s.axis, a.out + o * s.axis, s.axis);
        });
      }));
}

void add_loops() {
  add_forward<Exp>("exp");
  add_forward<nonlin::ReLU>("ReLU");
  add_forward<nonlin::LeakyReLU>("LeakyReLU");
  add_forward<nonlin::ELU>("ELU");
  add_forward<nonlin::SELU>("SELU");
  add_forward<nonlin::Sigmoid>("Sigmoid");
  add_forward<nonlin::Tanh>("Tanh");
  add_forward<nonlin::GELU>("GELU");
  add_forward<nonlin::GELUTanh>("GELUTanh");
  add_forward<nonlin::SiLU>("SiLU");

  add_forward<Exp, double>("exp");
  add_forward<nonlin::Sigmoid, double>("Sigmoid");
  add_forward<nonlin::Tanh, double>("Tanh");
  add_forward<nonlin::GELU, double>("GELU");
  add_forward<nonlin::SiLU, double>("SiLU");

  add_backward<nonlin::ReLU>("ReLU");
  add_backward<nonlin::ELU>("ELU");
  add_backward<nonlin::Sigmoid>("Sigmoid");
  add_backward<nonlin::Tanh>("Tanh");
  add_backward<nonlin::GELU>("GELU");
  add_backward<nonlin::GELUTanh>("GELUTanh");
  add_backward<nonlin::SiLU>("SiLU");
  add_from_output("ELU", [](float y) { return y > 0 ? 1.0f : y + 1; });
  add_from_output("Sigmoid", [](float y) { return y * (1 - y); });
  add_from_output("Tanh", [](float y) { return 1 - y * y; });

  add_gated<nonlin::Sigmoid>("GLU");
  add_gated<nonlin::SiLU>("SwiGLU");
  add_gated<nonlin::GELU>("GeGLU");

  add_rows("Softmax", Direction::forward, [](const float* x, const float*, float* y, std::size_t n) {
    const float max = *std::max_element(x, x + n);
    float sum = 0;
    for (std::size_t i = 0; i < n; ++i) sum += y[i] = std::exp(x[i] - max);
    for (std::size_t i = 0; i < n; ++i) y[i] /= sum;
  });
  add_rows("LogSoftmax", Direction::forward, [](const float* x, const float*, float* y, std::size_t n) {
    const float max = *std::max_element(x, x + n);
    float sum = 0;
    for (std::size_t i = 0; i < n; ++i) sum += std::exp(x[i] - max);
    const float log_sum = std::log(sum);
    for (std::size_t i = 0; i < n; ++i) y[i] = x[i] - max - log_sum;
  });
  add_rows("Softmax", Direction::from_output, [](const float* y, const float* dy, float* dx, std::size_t n) {
    float dot = 0;
    for (std::size_t i = 0; i < n; ++i) dot += y[i] * dy[i];
    for (std::size_t i = 0; i < n; ++i) dx[i] = y[i] * (dy[i] - dot);
  });
  add_rows("LogSoftmax", Direction::from_output,
           [](const float* y, const float* dy, float* dx, std::size_t n) {
             float sum = 0;
             for (std::size_t i = 0; i < n; ++i) sum += dy[i];
             for (std::size_t i = 0; i < n; ++i) dx[i] = dy[i] - std::exp(y[i]) * sum;
           });

  add("std::", "PReLU", Direction::backward, Make<float>([](const Arrays<float>& a, const Shape& s) {
        return repeat([=] {
          std::fill_n(a.dslopes, s.axis, 0.0f);
          for (std::size_t o = 0; o < s.outer * s.axis; ++o) {
            const float slope = a.slopes[o % s.axis];
            float sum = 0;
            for (std::size_t i = o * s.inner; i < (o + 1) * s.inner; ++i) {
              a.out[i] = a.dy[i] * (a.x[i] > 0 ? 1 : slope);
              sum += a.dy[i] * (a.x[i] > 0 ? 0 : a.x[i]);
            }
            a.dslopes[o % s.axis] += sum;
          }
        });
      }));
}

// -- the floor ------------------------------------------------------------------------------------------------

template <class T>
void combine(T* __restrict y, const T* a, const T* b, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) y[i] = a[i] + b[i];
}
template <class T>
void combine(T* __restrict y, T* __restrict z, const T* a, const T* b, const T* c, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    const T x = a[i] + b[i];
    y[i] = x + c[i];
    z[i] = x;
  }
}

#ifdef __SSE2__
// Past the caches, which otherwise read first what is overwritten.
void combine_streaming(float* y, const float* a, const float* b, std::size_t n) {
  for (std::size_t i = 0; i < n; i += 4)
    _mm_stream_ps(y + i, _mm_add_ps(_mm_load_ps(a + i), _mm_load_ps(b + i)));
  _mm_sfence();
}
#endif

}  // namespace

template <class T>
Run floor_of(Direction direction, bool gated, const Arrays<T>& a, const Shape& s) {
  const std::size_t n = s.size();
  if (direction == Direction::forward && !gated)
    return repeat([=] { std::memcpy(a.out, a.x, n * sizeof(T)); });
#ifdef __SSE2__
  if constexpr (std::is_same_v<T, float>) {
    if (!(gated && direction == Direction::backward) && n >= std::size_t{1} << 24)
      return repeat([=] { combine_streaming(a.out, a.x, gated ? a.value : a.dy, n); });
  }
#endif
  if (gated && direction != Direction::forward)
    return repeat([=] { combine<T>(a.out, a.out2, a.x, a.value, a.dy, n); });
  const T* const second = gated ? a.value : a.dy;
  return repeat([=] { combine<T>(a.out, a.x, second, n); });
}
template Run floor_of(Direction, bool, const Arrays<float>&, const Shape&);
template Run floor_of(Direction, bool, const Arrays<double>&, const Shape&);

void add_standard(Level) { add_loops(); }

}  // namespace peers
