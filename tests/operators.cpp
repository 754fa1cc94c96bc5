// The operators of functors, and min, max, abs, fma, select, on the vectors of each instruction set and on
// plain numbers.
//
// Each group of expressions is one functor that is told which of them to compute: a functor for each would
// take the compiler a minute. Plain numbers go through the same code or through a reference with the
// compiler's own operators.
#include <cmath>
#include "arrays.hpp"
#include "list.hpp"

namespace {

// Quarters, whose sums and products are exact: that no compiler's way with them matters. And zeros,
// infinities and NaN.
template <class T>
std::vector<T> operands() {
  std::vector<T> x;
  for (int i = -40; i <= 40; ++i) x.push_back(static_cast<T>(i) / 4);
  const T infinity = std::numeric_limits<T>::infinity();
  for (const T e : {-T(0), infinity, -infinity, nans<T>()[0]}) x.push_back(e);
  return x;
}

// Group{i} on arrays against want(i, x), for i < Group::count.
template <class Group, class T, class Want>
void check_group(const Want& want) {
  const std::vector<T> x = operands<T>();
  std::vector<T> got(x.size());
  on_each_isa([&](nonlin::isa isa) {
    for (int which = 0; which < Group::count; ++which) {
      nonlin::forward(Group{which}, x, got);
      for (std::size_t i = 0; i < x.size(); ++i) {
        const T expected = static_cast<T>(want(which, x[i]));
        if (same(got[i], expected)) continue;
        FAIL_CHECK("case " << which << " of " << (sizeof(T) == 4 ? "float" : "double") << " on "
                           << nonlin::to_string(isa) << " at " << x[i] << ": got " << got[i] << ", want "
                           << expected);
      }
    }
  });
}

struct arithmetic {
  int which;
  static constexpr int count = 13;

  template <class V>
  V operator()(const V& x) const {
    switch (which) {
      case 0:
        return (x + (x + 1)) - (2 - x);
      case 1:
        return x * (x + 1);
      case 2:
        return x / (x + x);
      case 3:
        return -x;
      case 4:
        return +x;
      case 5:
        return V(2.5f + 0.5f * x - (1.5f - x));  // numbers of any type on either side
      case 6:
        return V((x + 2.5f) * 0.5f - 1.25f);
      case 7:
        return V(2.5 + 0.5 * x - (1.5 - x));
      case 8:
        return V((x + 2.5) * 0.5 - 1.25);
      case 9:
        return 3 + 2 * x - (1 - x);
      case 10:
        return (x + 3) * 2 - 1;
      case 11:
        return 1 / (4 / x) + x / 2 + 3U - V(2L);
      default: {
        V y = x;
        y += x;
        y *= 3;
        y -= V(0.5f);
        y /= 2;
        y += 1;
        return y;
      }
    }
  }
};

struct comparisons {
  int which;
  static constexpr int count = 18;

  template <class V>
  V operator()(const V& x) const {
    using nonlin::select;
    switch (which) {
      case 0:
        return select(x < 1, x, V(100));
      case 1:
        return select(x <= 1, x, V(100));
      case 2:
        return select(x > 1, x, V(100));
      case 3:
        return select(x >= 1, x, V(100));
      case 4:
        return select(x == 1, x + 10, V(100));
      case 5:
        return select(x != 1, V(200), x);
      case 6:
        return select(1 < x, x, 100.0f);  // numbers on the left, and as results
      case 7:
        return V(select(2.5f >= x, x, select(3 != x, 3 * x, 0.5f)));
      case 8:
        return V(select(x == x, 1, select(x != x, 2 * x, 3)));
      case 9:
        return V(select(x > 0, 1, 2.5)) + x;
      case 10:
        return select(!(x < 2), x, V(100));
      case 11:
        return select((x > -2) && (x < 2), x, V(100));
      case 12:
        return select((x < -2) || (x > 2), x, V(100));
      case 13:
        return select(x * x < 4, x + 1, x - 1);
      // of masks, and of the bools that plain numbers' comparisons give
      case 14:
        return select((x > -2) & (x < 2), x, V(100));
      case 15:
        return select((x < -2) | (x > 2), x, V(100));
      case 16:
        return select((x > -2) ^ (x > 2), x, V(100));
      default:
        return select(((x > -2) & (x < 2)) | !(x != 4), x, V(100));
    }
  }
};

struct extremes {
  int which;
  static constexpr int count = 19;

  // NaN where x is 2 or infinite, too
  template <class V>
  static V bad(const V& x) {
    return (x - 2) / (x - 2) * 3;
  }
  // no NaN where x is one
  template <class V>
  static V good(const V& x) {
    return nonlin::select(x == x, x, V(5));
  }

  template <class V>
  V operator()(const V& x) const {
    using nonlin::abs;
    using nonlin::fma;
    using nonlin::max;
    using nonlin::min;
    switch (which) {
      case 0:
        return min(x, 0.125f);
      case 1:
        return V(min(0.125, x));
      case 2:
        return max(x, 1);
      case 3:
        return max(1, x);
      case 4:
        return min(x, bad(x));
      case 5:
        return min(bad(x), x);
      case 6:
        return max(x, bad(x));
      case 7:
        return max(bad(x), x);
      case 8:
        return min(good(x) + 1, x);
      case 9:
        return min(x, good(x) + 1);
      case 10:
        return max(good(x) - 1, x);
      case 11:
        return max(x, good(x) - 1);
      case 12:
        return min(x - 1, x + 1) + max(x - 1, x + 1);
      case 13:
        return abs(x);
      case 14:
        return fma(x, x, x);
      case 15:
        return fma(2, x, 3.0f);
      case 16:
        return V(fma(x, 2.0, 3));
      case 17:
        return fma(2, 3, x);
      default:
        return abs(-x - 1) + fma(-x, 1, 2);
    }
  }

  // the same by the compiler's operators
  template <class T>
  static T plain(int which, T x) {
    const auto least = [](T a, T b) { return a != a ? a : b != b ? b : a < b ? a : b; };
    const auto most = [](T a, T b) { return a != a ? a : b != b ? b : a < b ? b : a; };
    switch (which) {
      case 0:
        return least(x, T(0.125));
      case 1:
        return least(T(0.125), x);
      case 2:
        return most(x, 1);
      case 3:
        return most(1, x);
      case 4:
        return least(x, bad(x));
      case 5:
        return least(bad(x), x);
      case 6:
        return most(x, bad(x));
      case 7:
        return most(bad(x), x);
      case 8:
        return least(good(x) + 1, x);
      case 9:
        return least(x, good(x) + 1);
      case 10:
        return most(good(x) - 1, x);
      case 11:
        return most(x, good(x) - 1);
      case 12:
        return (x - 1) + (x + 1);
      case 13:
        return std::abs(x);
      case 14:
        return x * x + x;
      case 15:
        return 2 * x + 3;
      case 16:
        return x * 2 + 3;
      case 17:
        return 6 + x;
      default:
        return std::abs(-x - 1) + (2 - x);
    }
  }
};

// x^2 - (x^2 rounded): what the rounding lost, if there was none between. Without the instruction, 0 may come
// out.
struct residue {
  double rounded, lost;

  template <class V>
  V operator()(const V& x) const {
    const V y = nonlin::fma(x, x, V(-rounded));
    if constexpr (V::has_fma)
      return y;
    else
      return nonlin::select((y == 0) | (y == V(lost)), V(lost), y);
  }
};

// Of which type expressions with numbers are.
struct types {
  template <nonlin::real V>
  V operator()(const V& v) const {
    static_assert(std::is_same_v<decltype(1.702f * v), V> && std::is_same_v<decltype(v * 2), V>);
    static_assert(std::is_same_v<decltype(-v), V> && std::is_same_v<decltype(nonlin::exp(v)), V>);
    static_assert(std::is_same_v<decltype(nonlin::max(v, 0)), V> &&
                  std::is_same_v<decltype(nonlin::min(0, v)), V>);
    static_assert(std::is_same_v<decltype(nonlin::fma(2, v, 1)), V>);
    if constexpr (nonlin::simd_vector<V>) {  // the number's type is the vector's, whatever it was
      static_assert(std::is_same_v<decltype(1.702 * v), V> && std::is_same_v<decltype(v / 2U), V>);
      static_assert(std::is_same_v<decltype(nonlin::min(1.0, v)), V>);
      static_assert(std::is_same_v<decltype(nonlin::fma(2.0, v, 1.0)), V>);
      static_assert(std::is_same_v<decltype(nonlin::select(v > 0, 1, 0.5)), V>);
      static_assert(std::is_same_v<decltype(v < 0), decltype(0 < v)>);
      static_assert(std::is_same_v<nonlin::element_of<V>, typename V::element>);
    } else {
      static_assert(std::is_same_v<nonlin::element_of<V>, V>);
    }
    return v;
  }
};

}  // namespace

TEMPLATE_TEST_CASE("arithmetic", "[operators]", float, double) {
  check_group<arithmetic, TestType>([](int which, TestType x) { return arithmetic{which}(x); });
}

TEMPLATE_TEST_CASE("comparisons and masks", "[operators]", float, double) {
  check_group<comparisons, TestType>([](int which, TestType x) { return comparisons{which}(x); });
}

TEMPLATE_TEST_CASE("min and max and abs and fma", "[operators]", float, double) {
  using T = TestType;
  check_group<extremes, T>([](int which, T x) { return extremes::plain(which, x); });
  for (int which = 0; which < extremes::count; ++which) {
    for (const T x : operands<T>()) {
      if (same(static_cast<T>(extremes{which}(x)), extremes::plain(which, x))) continue;
      FAIL_CHECK("case " << which << " of plain numbers at " << x);
    }
  }
}

TEMPLATE_TEST_CASE("fma rounds once", "[operators]", float, double) {
  using T = TestType;
  constexpr T e = sizeof(T) == 4 ? T(0x1p-12) : T(0x1p-27);
  const std::vector<T> x(33, 1 + e);
  std::vector<T> y(33);
  on_each_isa([&](nonlin::isa isa) {
    INFO(nonlin::to_string(isa));
    nonlin::forward(residue{1 + 2 * e, e * e}, x, y);
    CHECK(y == std::vector<T>(33, e * e));
  });
}

TEMPLATE_TEST_CASE("types of expressions", "[operators]", float, double) {
  TestType x = 3, y = 0;
  nonlin::forward(types{}, &x, &y, 1);
  CHECK(y == 3);
  CHECK(types{}(x) == 3);
}

TEMPLATE_TEST_CASE("functions of plain numbers", "[operators]", float, double) {
  using T = TestType;
  static_assert(std::is_same_v<decltype(nonlin::max(1.0f, 2.0)), double>);
  static_assert(nonlin::select(true, T(1), T(2)) == 1);
  static_assert(nonlin::select(false, T(1), T(2)) == 2);
  const T nan = std::numeric_limits<T>::quiet_NaN();
  CHECK(is_nan(nonlin::min(nan, T(1))));
  CHECK(is_nan(nonlin::min(1, nan)));
  CHECK(is_nan(nonlin::max(nan, 1)));
  CHECK(is_nan(nonlin::max(T(1), nan)));
  CHECK(bits(nonlin::abs(-T(0))) == bits(T(0)));
  CHECK(nonlin::max(1.0f, 2.0) == 2);
}
