// SPDX-License-Identifier: Apache-2.0
// The operations of vectors that act on each lane by itself, as the includer's macros wrap them.
NONLIN_UNARY(operator-)
NONLIN_UNARY(operator+)
NONLIN_UNARY(abs)
NONLIN_UNARY(opaque)
NONLIN_UNARY(exponent)
NONLIN_UNARY(mantissa)
NONLIN_UNARY(shifted_to_exponent)
NONLIN_UNARY(from_bits_of_integer)
NONLIN_UNARY(off_halves)
NONLIN_UNARY(reciprocal_estimate)
NONLIN_BINARY(at_most)
NONLIN_BINARY(at_least)
NONLIN_BINARY(min)
NONLIN_BINARY(max)
NONLIN_BINARY(with_sign)
NONLIN_BINARY(scalef)
NONLIN_BINARY(step)
NONLIN_TERNARY(fma)
NONLIN_TERNARY(fms)
NONLIN_TERNARY(fnma)
NONLIN_OPERATOR(+)
NONLIN_OPERATOR(-)
NONLIN_OPERATOR(*)
NONLIN_OPERATOR(/)
NONLIN_COMPARISON(<)
NONLIN_COMPARISON(<=)
NONLIN_COMPARISON(>)
NONLIN_COMPARISON(>=)
NONLIN_COMPARISON(==)
NONLIN_COMPARISON(!=)
#undef NONLIN_UNARY
#undef NONLIN_BINARY
#undef NONLIN_TERNARY
#undef NONLIN_OPERATOR
#undef NONLIN_COMPARISON
