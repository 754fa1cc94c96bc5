#include "expansion.hpp"
#include "interpolation.hpp"

namespace exhaustive {

const erfcx_table& erfcx() {
  using oracle::quad;
  static const erfcx_table table = [] {
    constexpr std::size_t n = erfcx_piece::terms;
    const quad width = quad(1) / (2 * erfcx_table::per_unit);
    erfcx_table all{};
    for (std::size_t k = 0; k < all.piece.size(); ++k) {
      const quad middle = (2 * quad(k) + 1) * width;
      const auto c = interpolation<n>(width, [&](const quad& d) {
        const quad t = middle + d;
        return quad(oracle::exp_of(quad(t * t)) * oracle::erfc_of(t));
      });
      for (std::size_t i = 0; i < n; ++i) {
        const auto head = static_cast<double>(c[i]);
        all.piece[k].head[i] = head;
        if (i < erfcx_piece::in_two) all.piece[k].rest[i] = static_cast<double>(quad(c[i] - quad(head)));
      }
    }
    return all;
  }();
  return table;
}

}  // namespace exhaustive
