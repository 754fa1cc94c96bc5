#include "gated_make.hpp"

template const compiled::gated_code<float>& compiled::gated_code_of(std::size_t);
