// SPDX-License-Identifier: Apache-2.0
// nonlin: neural-network activation functions, forward and backward, by the best instruction set of the
// machine, with a stated error bound, from this one include and no compiler flags.
#pragma once

#define NONLIN_VERSION_MAJOR 0
#define NONLIN_VERSION_MINOR 1
#define NONLIN_VERSION_PATCH 0

#include "activation.hpp"             // what an activation is
#include "activations.hpp"            // Identity Sigmoid Tanh ReLU LeakyReLU RReLU ELU SELU GELU GELUTanh SiLU Swish
#include "array.hpp"                  // forward, backward, backward_from_output on arrays
#include "axis.hpp"                   // axis_shape
#include "biased.hpp"                 // act(x + b)
#include "dispatch.hpp"               // isa, active_isa, available_isas, use_isa
#include "gated.hpp"                  // GLU ReGLU GeGLU GeGLUTanh SwiGLU Bilinear
#include "math.hpp"                   // exp, tanh, select, ... for functors of your own
#include "philox.hpp"                 // philox4x32
#include "prelu.hpp"                  // PReLU
#include "rrelu_training.hpp"         // RReLU{}.training(seed)
#include "softmax.hpp"                // Softmax LogSoftmax
#include "softmax_cross_entropy.hpp"  // SoftmaxCrossEntropy
