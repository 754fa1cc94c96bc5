// The list of activations as Catch2 wants it, and loops over instruction sets.
#pragma once
#include <nonlin/nonlin.hpp>
#include <tuple>
#include "test.hpp"

template <class>
struct as_tuple;
template <class... A>
struct as_tuple<nonlin::type_list<A...>> {
  using type = std::tuple<A...>;
};
using all_activations = as_tuple<nonlin::activations>::type;

// f(isa) with each instruction set of this machine active; it must be the one that runs.
template <class F>
void on_each_isa(const F& f) {
  const nonlin::isa before = nonlin::active_isa();
  for (const nonlin::isa i : nonlin::available_isas()) {
    REQUIRE(nonlin::use_isa(i) == i);
    REQUIRE(nonlin::active_isa() == i);
    f(i);
  }
  nonlin::use_isa(before);
}
