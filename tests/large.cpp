// Arrays that are larger than the last-level cache: they are written past the caches, by stores that are more
// particular about alignment, and have to come out like small ones.
#include <memory>
#include "arrays.hpp"
#include "list.hpp"

namespace {

// Elements for which even an array and its output are written so; 0 if that would take too much memory.
template <class T>
std::size_t streamed_size() {
  const T out = 0, in = 0;
  for (std::size_t n = 1 << 20; n <= (std::size_t{200} << 20) / sizeof(T); n += n / 2) {
    if (nonlin::detail::streams(n, 2, &out, &in)) return n | 1;
  }
  return 0;
}

// Not allocated with zeros: 3 of these are what memory there is.
template <class T>
struct block {
  std::unique_ptr<T[]> data;
  explicit block(std::size_t n) : data(new T[n]) {}
};

// Whether got is what call(first, count, small) gives of its pieces, which are too small to be written so.
template <class T, class Call>
bool like_pieces(const T* got, std::size_t n, const Call& call) {
  constexpr std::size_t piece = 10007;
  std::vector<T> small(piece);
  for (std::size_t first = 0; first < n; first += piece) {
    const std::size_t count = std::min(piece, n - first);
    call(first, count, small.data());
    if (first_difference(got + first, small.data(), count) != count) return false;
  }
  return true;
}

template <class T>
void fill(T* x, std::size_t n, std::uint64_t seed) {
  const std::vector<T> pattern = mixture<T>(65521, seed);
  for (std::size_t i = 0; i < n; ++i) x[i] = pattern[i % pattern.size()];
}

template <class A, class T>
void check() {
  const A act{};
  const std::size_t n = streamed_size<T>();
  if (n == 0) {
    WARN("not tested: too large a cache");
    return;
  }
  constexpr std::size_t most = 8;
  const block<T> a(n + most), b(n), c(n + most);
  T* const dy = b.data.get();
  fill(dy, n, 42);
  for (const std::size_t offset :
       {std::size_t{1}, most - 1}) {  // of the output, against its first whole vector
    T *const x = a.data.get() + offset / 2, *const out = c.data.get() + offset;
    fill(x, n, 41);
    on_each_isa([&](nonlin::isa isa) {
      INFO(A::name << " of " << (sizeof(T) == 4 ? "float" : "double") << " on " << nonlin::to_string(isa)
                   << ", " << n << " elements, offset " << offset);
      REQUIRE(nonlin::detail::streams(n, 2, out, x));
      out[-1] = out[n] = T(77);
      nonlin::forward(act, x, out, n);
      CHECK(like_pieces(
          out, n, [&](std::size_t i, std::size_t count, T* y) { nonlin::forward(act, x + i, y, count); }));
      const auto backward = [&](std::size_t i, std::size_t count, T* dx) {
        nonlin::backward(act, x + i, dy + i, dx, count);
      };
      nonlin::backward(act, x, dy, out, n);
      CHECK(like_pieces(out, n, backward));
      CHECK(out[-1] == 77);
      CHECK(out[n] == 77);
    });
  }
  // in place, where the output is in the caches with the input
  T* const x = a.data.get();
  fill(x, n, 41);
  T* const out = c.data.get();
  nonlin::backward(act, x, dy, out, n);
  nonlin::backward(act, x, dy, dy, n);
  CHECK(first_difference(dy, out, n) == n);
}

}  // namespace

TEST_CASE("arrays larger than the caches", "[large]") {
  SECTION("float") { check<nonlin::LeakyReLU, float>(); }
  SECTION("double") { check<nonlin::Sigmoid, double>(); }
}
