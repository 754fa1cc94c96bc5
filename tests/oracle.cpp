#include "oracle.hpp"
#include <boost/math/special_functions/erf.hpp>
#include <boost/math/special_functions/expm1.hpp>

namespace oracle {

quad exp_of(const quad& x) { return exp(x); }
quad expm1_of(const quad& x) { return boost::math::expm1(x); }
quad tanh_of(const quad& x) {
  if (abs(x) > 100) return x < 0 ? quad(-1) : quad(1);  // to 2^-288; the exponential would overflow
  const quad e = expm1_of(quad(2 * abs(x)));
  const quad y = e / (e + 2);
  return x < 0 ? quad(-y) : y;
}
quad erf_of(const quad& x) { return boost::math::erf(x); }
quad erfc_of(const quad& x) { return boost::math::erfc(x); }

}  // namespace oracle
