// SPDX-License-Identifier: Apache-2.0
// Closes what detail/begin.hpp opened.
#ifndef NONLIN_OPEN
#error "nonlin: detail/end.hpp without detail/begin.hpp"
#endif
#undef NONLIN_OPEN
#undef NONLIN_KERNEL
#undef NONLIN_INLINES_CALLS
#undef NONLIN_OP
#undef NONLIN_CARELESS_INTRINSICS
#undef NONLIN_UNKNOWN
#undef NONLIN_REGISTER
#undef NONLIN_INLINE_LAMBDA
#undef NONLIN_TARGET_BEGIN
#undef NONLIN_TARGET_END
#undef NONLIN_DO_PRAGMA
#if defined(__clang__)
#if defined(NONLIN_PUSHED_FLOAT_CONTROL)
_Pragma("float_control(pop)")
#undef NONLIN_PUSHED_FLOAT_CONTROL
#else
_Pragma("clang fp contract(on)")
#endif
#elif defined(__GNUC__)
_Pragma("GCC pop_options")
#endif
#pragma pop_macro("max")
#pragma pop_macro("min")
