#include "sweep.hpp"
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include "../bits.hpp"
#include "points.hpp"

namespace exhaustive {
namespace {

constexpr double unusable = 1e300;  // the error of a NaN or of a wrong infinity

template <class T>
struct candidate {
  double error;
  T x, got;
};

// The largest errors by the first line. Errors that rounding alone would make are kept only if larger than all
// before: where a function is flat they grow with every x, and all would be kept.
template <class T>
class worst_list {
 public:
  static constexpr double small = 0.4;

  double limit() const {
    const double least = list_.size() < part_traits<T>::kept ? 0 : list_.front().error;
    return std::max(least, std::min(small, largest_));
  }
  void add(const candidate<T>& c) {
    if (!(c.error > limit())) return;
    largest_ = std::max(largest_, c.error);
    for (const candidate<T>& k : list_) {
      if (bits(k.x) == bits(c.x)) return;
    }
    if (list_.size() == part_traits<T>::kept) {
      std::pop_heap(list_.begin(), list_.end(), smaller_on_top);
      list_.pop_back();
    }
    list_.push_back(c);
    std::push_heap(list_.begin(), list_.end(), smaller_on_top);
  }
  const std::vector<candidate<T>>& items() const { return list_; }

 private:
  static bool smaller_on_top(const candidate<T>& a, const candidate<T>& b) { return a.error > b.error; }
  std::vector<candidate<T>> list_;
  double largest_ = 0;
};

template <class T>
std::string hex(T x) {
  char text[48];
  if (x != x) return "nan";
  if constexpr (std::is_same_v<T, long double>) {
    std::snprintf(text, sizeof text, "%La", x);
  } else {
    std::snprintf(text, sizeof text, "%a", static_cast<double>(x));
  }
  return text;
}
// As strtof and strtod read it, so that a NaN's bits are not lost.
template <class T>
std::string hex_of_input(T x) {
  if (!is_nan(x)) return hex(x);
  char text[48];
  std::snprintf(text, sizeof text, "%snan(0x%llx)", std::signbit(x) ? "-" : "",
                static_cast<unsigned long long>(bits(x) & ~(bits_of<T>{1} << (8 * sizeof(T) - 1))));
  return text;
}
template <class T>
std::string hex_of_exact(const oracle::quad& q) {
  if constexpr (std::is_same_v<T, float>)
    return hex(static_cast<double>(q));
  else
    return hex(static_cast<long double>(q));
}

// What the first line is off by, in its own scale
oracle::quad of_first_line(const wanted<float>& w, std::size_t i, const oracle::quad& exact) {
  return oracle::quad(w.exact[i]) - exact;
}
oracle::quad of_first_line(const wanted<double>& w, std::size_t i, const oracle::quad& exact) {
  return oracle::quad(w.head[i]) + oracle::quad(w.rest[i]) - ldexp(exact, -static_cast<int>(w.exponent[i]));
}

// One instruction set's share of a part.
template <class T>
class tally {
 public:
  tally(const subject<T>& s, direction d)
      : s_(s), d_(d), bound_(s.bound(d)), near_(std::max(bound_ - part_traits<T>::near_bound, 0.0)) {}

  void add(const T* x, const T* got, const wanted<T>& want, std::size_t n) {
    constexpr std::size_t step = 512;  // small, for what is found in it is looked at one by one
    r_.numbers += n;
    for (std::size_t i = 0; i < n; i += step) {
      const std::size_t end = std::min(i + step, n);
      const comparison c = compare(want, i, got + i, end - i, std::min(near_, ulp_.limit()));
      r_.correct += c.equal;
      if (c.above_limit) add_candidates(x, got, want, i, end);
      if (c.zero_of_wrong_sign && d_ == direction::forward) add_wrong_zeros(x, got, want, i, end);
    }
  }

  void add_absolute(T x, T got, double error) { absolute_.add({is_nan(got) ? unusable : error, x, got}); }

  // An infinity or NaN.
  void add_special(T x, T got) {
    if (is_nan(x)) {
      if (!is_nan(got)) add_wrong(x, got, "nan");
      return;
    }
    const auto want = static_cast<T>(s_.exact(d_, x));
    ++r_.numbers;
    const bool right = d_ == direction::forward ? bits(got) == bits(want) : got == want;
    if (right)
      ++r_.correct;
    else
      add_wrong(x, got, hex(want));
  }

  const std::vector<candidate<T>>& worst() const { return ulp_.items(); }

  // What 113 bits say of all that was kept.
  result arbitrated() {
    for (const candidate<T>& c : ulp_.items()) {
      const oracle::quad exact = s_.exact(d_, c.x);
      keep_worst(r_.ulp, error_in_ulp(c.got, exact), c, exact);
    }
    for (const candidate<T>& c : near_bound_) {
      const oracle::quad exact = s_.exact(d_, c.x);
      const double error = error_in_ulp(c.got, exact);
      keep_worst(r_.ulp, error, c, exact);
      if (error > bound_) ++r_.beyond;
    }
    for (const candidate<T>& c : absolute_.items()) {
      const oracle::quad exact = s_.exact(d_, c.x);
      const double error =
          is_nan(c.got) ? unusable : static_cast<double>(abs(oracle::quad(oracle::quad(c.got) - exact)));
      keep_worst(r_.absolute, error, c, exact);
      if (error > s_.bounds.absolute) ++r_.beyond;
    }
    return r_;
  }

 private:
  void add_candidates(const T* x, const T* got, const wanted<T>& want, std::size_t first, std::size_t end) {
    constexpr std::size_t most = 4096;  // beyond that a kernel is broken, and the first line good enough
    candidate<T> largest_small{0, 0, 0};
    for (std::size_t i = first; i < end; ++i) {
      double error = want.error(i, got[i]);
      if (is_nan(got[i])) {
        add_wrong(x[i], got[i], hex(want.rounded[i]));
        error = unusable;
      } else if (std::isinf(got[i]) || std::isinf(want.rounded[i])) {
        error = got[i] == want.rounded[i] ? 0 : unusable;
      }
      if (error > worst_list<T>::small)
        ulp_.add({error, x[i], got[i]});
      else if (error > largest_small.error)
        largest_small = {error, x[i], got[i]};
      if (!(error > near_)) continue;
      if (near_bound_.size() < most)
        near_bound_.push_back({error, x[i], got[i]});
      else if (error > bound_)
        ++r_.beyond;
    }
    ulp_.add(largest_small);
  }

  void add_wrong_zeros(const T* x, const T* got, const wanted<T>& want, std::size_t first, std::size_t end) {
    for (std::size_t i = first; i < end; ++i) {
      if (got[i] == 0 && std::signbit(got[i]) != std::signbit(want.rounded[i])) {
        add_wrong(x[i], got[i], hex(want.rounded[i]));
      }
    }
  }

  void add_wrong(T x, T got, const std::string& want) {
    if (r_.special++ == 0) r_.wrong = {0, hex_of_input(x), hex(got), want};
  }

  void keep_worst(found& f, double error, const candidate<T>& c, const oracle::quad& exact) {
    if (error > f.error) f = {error, hex(c.x), hex(c.got), hex_of_exact<T>(exact)};
  }

  const subject<T>& s_;
  direction d_;
  double bound_, near_;
  result r_;
  worst_list<T> ulp_, absolute_;
  std::vector<candidate<T>> near_bound_;
};

template <class T>
class part {
 public:
  part(const subject<T>& s, direction d, const std::vector<nonlin::isa>& isas)
      : s_(s), d_(d), f_(s.first_line_formula(d)), isas_(isas), tallies_(isas.size(), tally<T>(s, d)) {
    for (const nonlin::isa i : isas) {
      if (nonlin::use_isa(i) != i || nonlin::active_isa() != i) std::abort();
    }
  }

  std::vector<T>& inputs() { return x_; }
  const std::vector<candidate<T>>& worst(std::size_t i) const { return tallies_[i].worst(); }

  // inputs() that are numbers, and finite
  void numbers() {
    const std::size_t n = x_.size();
    first_line(f_, x_.data(), want_, n);
    check_first_line(n);
    bool absolute = false;
    if (d_ == direction::derivative && s_.bounds.radius > 0) {
      for (std::size_t i = 0; i < n; ++i) {
        if (!s_.absolute_at(d_, x_[i])) continue;
        absolute = true;
        want_.per_ulp[i] = 0;
      }
    }
    for (std::size_t k = 0; k < isas_.size(); ++k) {
      run(isas_[k]);
      tallies_[k].add(x_.data(), got_, want_, n);
      if (!absolute) continue;
      for (std::size_t i = 0; i < n; ++i) {
        if (want_.per_ulp[i] == 0) tallies_[k].add_absolute(x_[i], got_[i], want_.absolute_error(i, got_[i]));
      }
    }
  }

  // inputs() that are infinite or NaN
  void specials() {
    ++blocks_;
    for (std::size_t k = 0; k < isas_.size(); ++k) {
      run(isas_[k]);
      for (std::size_t i = 0; i < x_.size(); ++i) tallies_[k].add_special(x_[i], got_[i]);
    }
  }

  std::vector<result> arbitrated() {
    std::vector<result> results;
    for (tally<T>& t : tallies_) {
      results.push_back(t.arbitrated());
      results.back().first_line = first_line_error_;
    }
    return results;
  }

 private:
  void run(nonlin::isa isa) {
    // use_isa(), which asks the CPU, takes longer than a block on some virtual machines
    nonlin::program::active_isa.store(static_cast<int>(isa), std::memory_order_relaxed);
    // in two calls, so that ends of arrays are met as well
    const std::size_t n = x_.size(), end = std::min<std::size_t>(blocks_ % 71, n);
    s_.run(d_, x_.data(), got_, n - end);
    s_.run(d_, x_.data() + (n - end), got_ + (n - end), end);
  }

  // One number of every so many blocks: the first line is itself held to what it promises.
  void check_first_line(std::size_t n) {
    if (++blocks_ % 64 != 1 && n == block_size) return;
    const std::size_t i = static_cast<std::size_t>(blocks_ * 0x9e3779b97f4a7c15u >> 32) % n;
    const oracle::quad exact = s_.exact(d_, x_[i]);
    if (abs(exact) >= oracle::quad(std::numeric_limits<T>::max())) return;
    const oracle::quad difference = of_first_line(want_, i, exact) * oracle::quad(want_.per_ulp[i]);
    first_line_error_ = std::max(first_line_error_, std::abs(static_cast<double>(difference)));
  }

  const subject<T>& s_;
  direction d_;
  formula f_;
  const std::vector<nonlin::isa>& isas_;
  std::vector<tally<T>> tallies_;
  std::vector<T> x_;
  std::uint64_t blocks_ = 0;
  double first_line_error_ = 0;
  wanted<T> want_;
  alignas(64) T got_[block_size];
};

}  // namespace

template <>
std::vector<result> sweep(const subject<float>& s, direction d, const std::vector<nonlin::isa>& isas,
                          std::uint64_t first, std::uint64_t last, std::uint32_t every, std::atomic<std::uint64_t>& done) {
  const auto p = std::make_unique<part<float>>(s, d, isas);
  std::vector<float>& x = p->inputs();
  for (std::uint64_t next = first; next <= last;) {
    const std::uint64_t end = std::min(next | (block_size * every - 1), last) + 1;  // a block has one exponent
    const bool special = (next >> 23 & 0xff) == 0xff;
    x.clear();
    for (std::uint64_t b = next; b < end; b += every) {
      // which of so many: not always one with the same last digits
      const std::uint64_t some = every == 1 ? b : b | ((b * 0x9e3779b97f4a7c15u >> 40) & (every - 1));
      x.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(std::min(some, last))));
    }
    if (special)
      p->specials();
    else
      p->numbers();
    done += end - next;
    next = end;
  }
  return p->arbitrated();
}

template <>
std::vector<result> sweep(const subject<double>& s, direction d, const std::vector<nonlin::isa>& isas,
                          std::uint64_t first, std::uint64_t last, std::uint32_t, std::atomic<std::uint64_t>& done) {
  const auto p = std::make_unique<part<double>>(s, d, isas);
  std::vector<double>& x = p->inputs();
  if (first == 0) {
    x = special_numbers();
    p->specials();
  }
  point_source points(s.cutoffs, first);
  std::uint64_t block = 0;
  for (std::uint64_t next = first; next <= last; ++block) {
    x.resize(std::min<std::uint64_t>(block_size, last - next + 1));
    const std::vector<candidate<double>>& worst = p->worst(block / 4 % isas.size());
    if (block % 4 == 3 && !worst.empty()) {  // a quarter: around the worst so far
      std::vector<double> centres;
      for (const candidate<double>& c : worst) centres.push_back(c.x);
      points.near(centres, x);
    } else {
      points.draw(x);
    }
    p->numbers();
    done += x.size();
    next += x.size();
  }
  return p->arbitrated();
}

}  // namespace exhaustive
