// Gated units read and write nothing beyond their arrays, biases and sums.
#include "guarded.hpp"
#if defined(NONLIN_TEST_GUARDS)
#include <memory>
#include "gated_axis.hpp"
#include "gated_calls.hpp"

namespace {

using compiled::packing;
using nonlin::axis_shape;

template <class T>
using in = compiled::operand<const T>;
template <class T>
using out = compiled::operand<T>;

// The arrays of a call, each at one end or the other of guarded memory.
template <class T>
class arrays {
 public:
  explicit arrays(std::size_t count) : memory_(count), place_(count), before_(count), is_output_(count) {
    for (auto &m : memory_) m = std::make_unique<guarded>(5);
    marks_.assign(memory_[0]->size(), static_cast<char>(mark));
    for (std::size_t i = 0; i < count; ++i) (void)output(i, 0, false);
  }
  std::span<const T> input(std::size_t i, std::size_t n, bool at_end) {
    const std::span<T> a = put(i, n, at_end);
    before_[i] = ordinary<T>(n, i);
    std::copy(before_[i].begin(), before_[i].end(), a.begin());
    is_output_[i] = false;
    return a;
  }
  std::span<T> output(std::size_t i, std::size_t n, bool at_end) {
    is_output_[i] = true;
    return put(i, n, at_end);
  }
  // touched beyond an array, changed in inputs, left unwritten in outputs
  std::size_t wrong() const {
    std::size_t count = 0;
    for (std::size_t i = 0; i < memory_.size(); ++i) {
      const std::span<T> a = place_[i];
      const char *const begin = memory_[i]->begin(), *const end = begin + memory_[i]->size();
      const char *const first = reinterpret_cast<const char *>(a.data()), *const last =
                                                                              first + a.size_bytes();
      count += std::memcmp(begin, marks_.data(), static_cast<std::size_t>(first - begin)) != 0;
      count += std::memcmp(last, marks_.data(), static_cast<std::size_t>(end - last)) != 0;
      T marked;
      std::memset(&marked, mark, sizeof marked);
      for (std::size_t k = 0; k < a.size(); ++k)
        count += is_output_[i] ? bits(a[k]) == bits(marked) : bits(a[k]) != bits(before_[i][k]);
    }
    return count;
  }

 private:
  std::span<T> put(std::size_t i, std::size_t n, bool at_end) {
    std::memset(memory_[i]->begin(), mark, memory_[i]->size());
    return place_[i] = {memory_[i]->template place<T>(n, at_end), n};
  }

  std::vector<std::unique_ptr<guarded>> memory_;
  std::vector<std::span<T>> place_;
  std::vector<std::vector<T>> before_;
  std::vector<bool> is_output_;
  std::vector<char> marks_;
};

template <class T>
void check(const compiled::gated<T> &unit) {
  arrays<T> m(9);
  std::vector<axis_shape> shapes = axis_shapes();
  for (std::size_t n = 1; n < 70; ++n) {
    shapes.push_back({1, n, 1});
    shapes.push_back({3, 1, n});
  }
  for (const axis_shape &s : shapes) {
    if (s.size() > 1100) continue;
    INFO("shape " << to_string(s));
    std::size_t wrong = 0;
    for (const bool end : {false, true}) {
      const std::size_t n = s.size();
      double dparam = 0;
      for (const bool biased : {false, true}) {
        const in<T> gate = biased ? in<T>(m.input(0, n, end), m.input(1, s.axis, end))
                                  : in<T>(m.input(0, n, end)),
                    value = biased ? in<T>(m.input(2, n, end), m.input(3, s.axis, end))
                                   : in<T>(m.input(2, n, end));
        unit.forward(gate, value, m.output(5, n, end), s);
        wrong += m.wrong();
        const std::span<const T> dy = m.input(4, n, end);
        const out<T> dgate = biased ? out<T>(m.output(5, n, end), m.output(6, s.axis, end))
                                    : out<T>(m.output(5, n, end)),
                     dvalue = biased ? out<T>(m.output(7, n, end), m.output(8, s.axis, end))
                                     : out<T>(m.output(7, n, end));
        unit.backward(gate, value, dy, dgate, dvalue, s);
        wrong += m.wrong();
        unit.backward(gate, value, dy, dgate, dvalue, dparam, s);
        wrong += m.wrong();
      }
      for (const packing p : compiled::packings) {
        if (p == packing::interleaved && s.inner != 1) continue;
        const axis_shape both{s.outer, 2 * s.axis, s.inner};
        for (const bool biased : {false, true}) {
          const in<T> x = biased ? in<T>(m.input(0, 2 * n, end), m.input(1, both.axis, end))
                                 : in<T>(m.input(0, 2 * n, end));
          unit.forward(p, x, m.output(5, n, end), both);
          const std::span<const T> dy = m.input(4, n, end);
          const out<T> dx = biased ? out<T>(m.output(7, 2 * n, end), m.output(8, both.axis, end))
                                   : out<T>(m.output(7, 2 * n, end));
          unit.backward(p, x, dy, dx, both);
          wrong += m.wrong();
        }
      }
      for (const std::size_t i : {0U, 1U, 2U, 3U, 4U, 5U, 6U, 7U, 8U}) (void)m.input(i, 0, end);  // none for the next
    }
    CHECK(wrong == 0);
  }
}

}  // namespace

TEMPLATE_TEST_CASE("gated units touch nothing beyond the arrays", "[gated][guard]", float, double) {
  on_each_isa([&](nonlin::isa isa) {
    INFO(name_of<TestType>() << " on " << nonlin::to_string(isa));
    check(compiled::gated<TestType>(nonlin::SwiGLU{}));
  });
}

#endif
