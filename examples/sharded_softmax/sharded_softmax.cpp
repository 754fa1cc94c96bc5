// SPDX-License-Identifier: Apache-2.0
// Softmax cross-entropy over a vocabulary that is split among processes, as in Megatron (Shoeybi et al. 2019,
// arXiv 1909.08053): each has the logits of its own classes only, for all tokens, and makes their gradient.
// Two allreduces, of two numbers and of one number a token, are all that is sent. Rank 0 then does the whole
// in one process and compares.
//
//   mpirun -n 4 build/release/examples/sharded_softmax
#include <mpi.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <limits>
#include <nonlin/nonlin.hpp>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

struct Options {
  std::size_t tokens = 256;
  std::size_t vocabulary = 50257;  // GPT-2's
};

struct Slice {
  std::size_t first, count;  // classes
};

// As many classes for each rank, whole vectors: the vocabulary is padded by classes whose logits are -inf.
Slice slice_of(std::size_t rank, std::size_t ranks, std::size_t vocabulary) {
  constexpr std::size_t step = 128;
  const std::size_t count = (vocabulary + ranks * step - 1) / (ranks * step) * step;
  return {rank * count, count};
}

// The same whoever asks: logits of N(0, 4), moved far from 0 by as much as the token pleases.
float logit(std::size_t token, std::size_t a_class, std::size_t vocabulary) {
  if (a_class >= vocabulary) return -std::numeric_limits<float>::infinity();
  const auto random = nonlin::philox4x32(
      {static_cast<std::uint32_t>(a_class), static_cast<std::uint32_t>(token), 0, 0}, {1, 0});
  const double radius = std::sqrt(-2 * std::log((random[0] + 0.5) * 0x1p-32));
  return static_cast<float>(2 * radius * std::cos(random[1] * (0x1p-32 * 6.283185307179586)) +
                            100 * std::sin(static_cast<double>(token)));
}

std::vector<float> logits(const Options& options, const Slice& slice) {
  std::vector<float> all;
  all.reserve(options.tokens * slice.count);
  for (std::size_t t = 0; t < options.tokens; ++t)
    for (std::size_t i = 0; i < slice.count; ++i)
      all.push_back(logit(t, slice.first + i, options.vocabulary));
  return all;
}

// Every rank knows them.
std::vector<int> make_labels(const Options& options) {
  std::vector<int> labels;
  for (std::size_t t = 0; t < options.tokens; ++t)
    labels.push_back(static_cast<int>(t * 7919 % options.vocabulary));
  return labels;
}

// -- what is sharded ----------------------------------------------------------------------------------------

// nonlin::merge as an operation of MPI's, on arrays of softmax_stats.
class MergeStatistics {
 public:
  MergeStatistics() {
    static_assert(sizeof(nonlin::softmax_stats) == 2 * sizeof(double));
    MPI_Type_contiguous(2, MPI_DOUBLE, &type_);
    MPI_Type_commit(&type_);
    MPI_Op_create(&merge, /*commute=*/1, &operation_);
  }
  ~MergeStatistics() {
    MPI_Op_free(&operation_);
    MPI_Type_free(&type_);
  }
  MergeStatistics(const MergeStatistics&) = delete;
  MergeStatistics& operator=(const MergeStatistics&) = delete;

  void all_reduce(std::vector<nonlin::softmax_stats>& stats) const {
    MPI_Allreduce(MPI_IN_PLACE, stats.data(), static_cast<int>(stats.size()), type_, operation_,
                  MPI_COMM_WORLD);
  }

 private:
  static void merge(void* in, void* in_out, int* count, MPI_Datatype*) {
    const auto* from = static_cast<const nonlin::softmax_stats*>(in);
    auto* to = static_cast<nonlin::softmax_stats*>(in_out);
    for (int i = 0; i < *count; ++i) to[i] = nonlin::merge(from[i], to[i]);
  }

  MPI_Datatype type_;
  MPI_Op operation_;
};

// What forward() finds, of all tokens and all classes; the same on every rank.
struct Forward {
  std::vector<double> losses;
  std::vector<nonlin::softmax_stats> stats;  // for backward()
};

Forward forward(const MergeStatistics& merge, const std::vector<float>& x, const std::vector<int>& labels,
                const Slice& slice) {
  std::vector<nonlin::softmax_stats> stats(labels.size());
  nonlin::softmax_statistics(x, {labels.size(), slice.count, 1}, stats);
  std::vector<double> label_logits;
  for (std::size_t t = 0; t < labels.size(); ++t) {
    const float* const row = x.data() + t * slice.count;
    // beyond count too if the label is before the slice
    const std::size_t own = static_cast<std::size_t>(labels[t]) - slice.first;
    label_logits.push_back(own < slice.count ? static_cast<double>(row[own]) : 0);
  }
  merge.all_reduce(stats);
  MPI_Allreduce(MPI_IN_PLACE, label_logits.data(), static_cast<int>(label_logits.size()), MPI_DOUBLE, MPI_SUM,
                MPI_COMM_WORLD);
  std::vector<double> losses;
  for (std::size_t t = 0; t < labels.size(); ++t)
    losses.push_back(nonlin::log_sum_exp(stats[t]) - label_logits[t]);
  return {std::move(losses), std::move(stats)};
}

// The gradient of the mean loss in the slice's logits takes their place.
void backward(const Forward& known, const std::vector<int>& labels, const Slice& slice,
              std::vector<float>& x) {
  const float share = 1 / static_cast<float>(labels.size());
  nonlin::forward(nonlin::Softmax{}, x, x, {labels.size(), slice.count, 1}, nonlin::known_statistics(known.stats));
  for (std::size_t t = 0; t < labels.size(); ++t) {
    float* const dx = x.data() + t * slice.count;
    const std::size_t own = static_cast<std::size_t>(labels[t]) - slice.first;
    if (own < slice.count) dx[own] -= 1;
    for (std::size_t i = 0; i < slice.count; ++i) dx[i] *= share;
  }
}

// -- the comparison -----------------------------------------------------------------------------------------

// At rank 0 the gradients of all slices, put together.
std::vector<float> gather(const std::vector<float>& part, const Options& options, int rank, int ranks) {
  const auto size = static_cast<int>(part.size());
  if (rank != 0) {
    MPI_Send(part.data(), size, MPI_FLOAT, 0, 0, MPI_COMM_WORLD);
    return {};
  }
  const std::size_t count = part.size() / options.tokens, whole = count * static_cast<std::size_t>(ranks);
  std::vector<float> all(options.tokens * whole), received(part);
  for (int from = 0; from < ranks; ++from) {
    if (from != 0) MPI_Recv(received.data(), size, MPI_FLOAT, from, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    for (std::size_t t = 0; t < options.tokens; ++t)
      std::copy_n(received.data() + t * count, count,
                  all.data() + t * whole + static_cast<std::size_t>(from) * count);
  }
  return all;
}

bool report(const char* what, double difference) {
  // Each side is within 8 of the exact value.
  constexpr double limit = 2 * nonlin::SoftmaxCrossEntropy::bound;
  std::printf("  %-42s %8.3f  (limit %g)%s\n", what, difference, limit,
              difference <= limit ? "" : "  TOO LARGE");
  return difference <= limit;  // false for NaN
}

bool compare(const Options& options, const std::vector<int>& labels, const std::vector<double>& losses,
             const std::vector<float>& gradient) {
  const std::size_t classes = gradient.size() / options.tokens;
  const std::vector<float> x = logits(options, {0, classes});
  std::vector<float> want(x.size()), want_losses(options.tokens);
  const double mean = nonlin::backward(nonlin::SoftmaxCrossEntropy{}, x, labels, want,
                                       {options.tokens, classes, 1}, nonlin::losses_to(want_losses));

  constexpr double ulp = std::numeric_limits<float>::epsilon();
  double loss_difference = 0, gradient_difference = 0, sum = 0;
  for (std::size_t t = 0; t < options.tokens; ++t) {
    const double loss = static_cast<double>(want_losses[t]);
    const double difference = std::abs(losses[t] - loss) / (ulp * std::max(1.0, loss));
    loss_difference = nonlin::max(loss_difference, difference);  // keeps a NaN
    sum += losses[t];
  }
  const double share = 1 / static_cast<double>(options.tokens);
  for (std::size_t i = 0; i < want.size(); ++i)
    gradient_difference = nonlin::max(gradient_difference,
                                      std::abs(static_cast<double>(gradient[i] - want[i])) / (ulp * share));

  std::printf("mean loss: %.9f sharded, %.9f by one process\n\nlargest difference, in ULP of float:\n",
              sum * share, mean);
  const bool good = report("loss of a token, of the larger of 1 and it", loss_difference);
  return report("gradient, of 1 / tokens", gradient_difference) && good;
}

// -- the program --------------------------------------------------------------------------------------------

void print_help() {
  std::printf(
      "usage: mpirun -n RANKS sharded_softmax [options]\n"
      "Softmax cross-entropy over a vocabulary split among processes, compared with that of one process.\n"
      "  --tokens N      (default %zu)\n"
      "  --vocabulary N  classes (default %zu)\n"
      "  --help\n"
      "The environment variable NONLIN_ISA (scalar, sse2, avx2, avx512, neon, wasm) forces an instruction set.\n",
      Options{}.tokens, Options{}.vocabulary);
}

// No options, if it is help that is wanted.
bool parse(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    if (option == "--help" || option == "-h") return false;
    if (option != "--tokens" && option != "--vocabulary")
      throw std::invalid_argument("unknown option '" + option + "'; see --help");
    if (++i == argc) throw std::invalid_argument(option + " needs a value");
    const std::string value = argv[i];
    const long most = option == "--tokens" ? 4096 : 262144;  // what is sent to rank 0 is counted by an int
    char* end = nullptr;
    const long number = std::strtol(value.c_str(), &end, 10);
    if (*end != '\0' || number < 1 || number > most)
      throw std::invalid_argument(option + " needs a number from 1 to " + std::to_string(most) + ", not '" +
                                  value + "'");
    (option == "--tokens" ? options.tokens : options.vocabulary) = static_cast<std::size_t>(number);
  }
  return true;
}

bool run(const Options& options, int rank, int ranks) {
  const Slice slice =
      slice_of(static_cast<std::size_t>(rank), static_cast<std::size_t>(ranks), options.vocabulary);
  if (rank == 0) {
    std::printf("nonlin on %s; %zu tokens, a vocabulary of %zu; ranks: %d, with %zu classes each\n",
                nonlin::to_string(nonlin::active_isa()), options.tokens, options.vocabulary, ranks,
                slice.count);
    std::fflush(stdout);
  }
  const std::vector<int> labels = make_labels(options);
  std::vector<float> x = logits(options, slice);
  const MergeStatistics merge;

  MPI_Barrier(MPI_COMM_WORLD);
  const double start = MPI_Wtime();
  const Forward result = forward(merge, x, labels, slice);
  const double middle = MPI_Wtime();
  backward(result, labels, slice, x);
  MPI_Barrier(MPI_COMM_WORLD);
  if (rank == 0)
    std::printf("%.1f ms forward, with the allreduces, and %.1f ms backward\n", 1e3 * (middle - start),
                1e3 * (MPI_Wtime() - middle));

  const std::vector<float> gradient = gather(x, options, rank, ranks);
  int good = rank != 0 || compare(options, labels, result.losses, gradient);
  MPI_Bcast(&good, 1, MPI_INT, 0, MPI_COMM_WORLD);
  return good != 0;
}

}  // namespace

int main(int argc, char** argv) {
  MPI_Init(&argc, &argv);
  int rank = 0, ranks = 1;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  Options options;
  try {
    if (!parse(argc, argv, options)) {
      if (rank == 0) print_help();
      MPI_Finalize();
      return EXIT_SUCCESS;
    }
  } catch (const std::exception& error) {  // on every rank
    if (rank == 0) std::fprintf(stderr, "sharded_softmax: %s\n", error.what());
    MPI_Finalize();
    return EXIT_FAILURE;
  }
  bool good = false;
  try {
    good = run(options, rank, ranks);
  } catch (const std::exception& error) {  // on one rank; the others wait for it
    std::fprintf(stderr, "sharded_softmax, rank %d: %s\n", rank, error.what());
    MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
  }
  MPI_Finalize();
  return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
