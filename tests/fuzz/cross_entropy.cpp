// SoftmaxCrossEntropy: labels of every kind and probabilities, smoothing, reductions, upstream gradients, losses of rows.
#include "../cross_entropy_calls.hpp"
#include "fuzz.hpp"

namespace {

using fuzz::real;
using nonlin::axis_shape;

template <class T, class L>
void run(fuzz::input& in) {
  constexpr bool soft = !std::is_integral_v<L>;
  constexpr real bound = nonlin::SoftmaxCrossEntropy::bound, eps = std::numeric_limits<T>::epsilon();
  axis_shape s = in.shape(1000);
  const std::size_t n = s.size(), rows = s.outer * s.inner;
  nonlin::SoftmaxCrossEntropy loss;
  loss.label_smoothing = in.pick({0.0, 0.0, 0.1, 1.0});
  loss.ignore_index = in.pick<std::int64_t>({-100, 0, 2, 255, -1});
  loss.reduction = in.pick({nonlin::reduction::none, nonlin::reduction::mean, nonlin::reduction::sum});
  const bool backward = in.one_in(2), overlaps = in.one_in(8), losses_wanted = in.one_in(2);
  const bool one_upstream = in.one_in(3), upstreams_wanted = !one_upstream && in.one_in(2);
  bool bad = false;
  fuzz::arena memory(in);
  const auto x = memory.overlappable<T>(n, overlaps);
  const auto dx = backward ? memory.output_over({x}, overlaps, bad) : std::span<T>();
  auto targets = memory.array<L>(soft ? n : rows);
  std::vector<bool> ignored(rows, false);
  std::size_t counted = rows;
  for (std::size_t r = 0; r < targets.size(); ++r) {
    if constexpr (soft) {
      targets[r] = in.one_in(3) ? static_cast<T>(in.uniform(0, 1)) : T(0);
    } else {
      targets[r] = static_cast<L>(in.below(std::min<std::size_t>(s.axis, std::numeric_limits<L>::max() / 2)));
      if (in.below(9) == 0) targets[r] = static_cast<L>(loss.ignore_index);
      if (in.one_in(250)) targets[r] = static_cast<L>(in.random());
      const auto label = static_cast<std::int64_t>(targets[r]);
      ignored[r] = label == loss.ignore_index;
      counted -= ignored[r];
      bad |= !ignored[r] && (label < 0 || static_cast<std::uint64_t>(label) >= s.axis);
    }
  }
  auto losses = memory.output<T>(losses_wanted ? rows : 0);
  auto upstreams = memory.array<T>(upstreams_wanted ? rows : 0);
  in.fill_tame(upstreams);
  const double upstream = one_upstream ? in.uniform(-3, 3) : 1;
  const std::span<double> total = memory.output<double>(1);
  axis_shape given = s;
  const auto spoil = [&] { return in.one_in(48) && (bad = true); };
  if (spoil()) given.axis = 0;
  if (spoil()) loss.label_smoothing = in.pick({-0.5, 1.5, std::numeric_limits<double>::quiet_NaN()});
  if (targets.size() > 0 && spoil()) targets = targets.first(targets.size() - 1);
  if (losses.size() > 0 && spoil()) losses = losses.first(rows - 1);
  if (losses.size() > 0 && n >= rows && spoil()) losses = x.first(losses.size());
  if (backward && upstreams.size() > 0 && spoil()) upstreams = upstreams.first(rows - 1);
  fuzz::entitle("cross-entropy %s of %s, labels of %zu bytes%s, smoothing %g, reduction %d, shape {%zu, %zu, %zu}",
                backward ? "backward" : "forward", sizeof(T) == 4 ? "float" : "double", sizeof(L), soft ? " (soft)" : "",
                loss.label_smoothing, int(loss.reduction), s.outer, s.axis, s.inner);

  memory.run(
      bad,
      [&] {
        compiled::cross_entropy_options<T> options;
        if (losses_wanted) options.losses.emplace(losses.data(), losses.size());
        if (one_upstream && backward) options.upstream = upstream;
        if (upstreams_wanted && backward) options.upstreams.emplace(upstreams.data(), upstreams.size());
        options.losses_last = (n & 1) != 0;
        total[0] = backward ? compiled::cross_entropy_backward<T, L>(loss, x, targets, dx, given, options)
                            : compiled::cross_entropy<T, L>(loss, x, targets, given, options);
      },
      [&] {
        const auto at = memory.before(x);
        const bool mean = loss.reduction == nonlin::reduction::mean;
        const real part = mean ? 1 / real(counted) : 1;
        real size = 0;
        bool finite = true;
        for (std::size_t o = 0; o < s.outer; ++o) {
          for (std::size_t k = 0; k < s.inner; ++k) {
            const std::size_t r = o * s.inner + k, first = o * s.axis * s.inner + k;
            if (ignored[r]) {
              for (std::size_t a = 0; backward && a < s.axis; ++a) {
                if (dx[first + a * s.inner] != 0) fuzz::fail("an ignored row has a gradient");
              }
              continue;
            }
            real most = 0, weight = 0, spread = 0, highest = -std::numeric_limits<real>::infinity();
            for (std::size_t a = 0; a < s.axis; ++a) highest = std::max(highest, real(at[first + a * s.inner]));
            for (std::size_t a = 0; a < s.axis; ++a) {
              const std::size_t i = first + a * s.inner;
              most = std::max(most, std::abs(real(at[i])));
              if (at[i] != at[i]) most = std::numeric_limits<real>::infinity();
              if constexpr (soft) weight += targets[i];
              spread += highest - at[i];
            }
            if (!soft) weight = 1;
            // the loss cannot be told from the parts that overflow, or what of +-inf is the target
            const bool tame = most < std::numeric_limits<T>::max() / 4096;
            finite &= tame;
            real row_size = 1;
            if (losses_wanted && tame) {
              const T want = memory.scalar(losses)[r];
              // a sum over the classes of terms that may be larger than it
              const real terms = soft || loss.label_smoothing != 0 ? spread * eps : 0;
              row_size = std::max(fuzz::larger_ulp(losses[r], want) / eps, real(1));
              fuzz::check("loss", r, T(0), losses[r], want, 2 * bound * row_size * eps + terms);
            }
            size += row_size + spread;
            const real g = (backward ? upstream : 1) * (upstreams_wanted ? real(upstreams[r]) : 1) * part;
            for (std::size_t a = 0; backward && a < s.axis; ++a) {
              const std::size_t i = first + a * s.inner;
              const real unit = std::max<real>(std::abs(g) * std::max<real>(1, weight) * eps,
                                               std::numeric_limits<T>::denorm_min());
              fuzz::check("dx", i, at[i], dx[i], memory.scalar(dx)[i], 2 * bound * unit);
            }
          }
        }
        const double want = memory.scalar(total)[0];  // of losses of one sign
        if (finite && !fuzz::agree(total[0], want, 2 * bound * (size * part + std::abs(real(want))) * eps))
          fuzz::fail("the loss is %a, scalar %a", total[0], want);
      });
}

template <class T>
void any_labels(fuzz::input& in) {
  switch (in.below(4)) {
    case 0:
      return run<T, std::int32_t>(in);
    case 1:
      return run<T, std::int64_t>(in);
    case 2:
      return run<T, std::uint8_t>(in);
    default:
      return run<T, T>(in);
  }
}

}  // namespace

void fuzz::cross_entropy(input& in) {
  if (in.one_in(2))
    any_labels<float>(in);
  else
    any_labels<double>(in);
}
