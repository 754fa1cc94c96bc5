// Products of a factor and a function's value, against the oracle.
#pragma once
#include "gated_axis.hpp"
#include "oracle.hpp"
#include "ulp.hpp"

template <class T>
struct product_error {
  using W = oracle::wide<T>;
  double worst = 0;  // error by bound
  std::string where;

  // got = round(factor * f), f being within `slack` of exact_f, factor being within factor_slack of exact_factor
  void add(T got, const W& factor, const W& factor_slack, const W& exact_f, const W& slack, T at) {
    using std::abs;
    const W exact = factor * exact_f, limit = std::numeric_limits<T>::max();
    const W before = abs(factor) * slack + factor_slack * (abs(exact_f) + slack);
    if (abs(exact) + before >= limit) {  // infinite, or nearly
      if (std::isinf(got) && (got > 0) == (exact > 0)) return;
    }
    const W bound = before + W(ulp_at<T>(W(abs(exact) + before))) / 2;
    const W error = is_nan(got) ? W(1e300) : W(abs(W(W(got) - exact)));
    const double e = static_cast<double>(W(error / bound));
    if (e > worst) {
      worst = e;
      where = "at " + hex(at) + ": got " + hex(got) + ", want " + hex(static_cast<T>(exact));
    }
  }
  void check(const char* what) const {
    if (std::getenv("NONLIN_TEST_PRINT") != nullptr)
      std::printf("%-10s %-7s %.3f of the bound %s\n", what, name_of<T>(), worst, where.c_str());
    INFO(what << ": error is " << worst << " of the bound, " << where);
    CHECK(worst <= 1);
  }
};
