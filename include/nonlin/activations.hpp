// SPDX-License-Identifier: Apache-2.0
// THE LIST of the elementwise activations. Tests, benches and tables are made from it: a new activation is
// its header, its row here, and its row in tests/oracle.hpp.
#pragma once
#include "elu.hpp"
#include "gelu.hpp"
#include "gelu_tanh.hpp"
#include "identity.hpp"
#include "leaky_relu.hpp"
#include "relu.hpp"
#include "rrelu.hpp"
#include "selu.hpp"
#include "sigmoid.hpp"
#include "silu.hpp"
#include "swish.hpp"
#include "tanh.hpp"

namespace nonlin {

using activations = type_list<  //
    Identity,                   //
    Sigmoid,                    //
    Tanh,                       //
    ReLU,                       //
    LeakyReLU,                  //
    RReLU,                      //
    ELU,                        //
    SELU,                       //
    GELU,                       //
    GELUTanh,                   //
    SiLU,                       //
    Swish>;

}  // namespace nonlin
