#include "report.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <map>

#include "../../examples/plot.hpp"

namespace peers {

const char* name_of(Direction d) {
  return d == Direction::forward ? "forward" : d == Direction::backward ? "backward" : "backward from y";
}

namespace {

constexpr double right_ulp = 64;  // 6 bits lost: more is marked

std::string ns_text(double ns) {
  char text[32];
  std::snprintf(text, sizeof text,
                ns < 0.0995 ? "%.3f"
                : ns < 9.95 ? "%.2f"
                : ns < 99.5 ? "%.1f"
                            : "%.0f",
                ns);
  const std::string s = text;
  return s.starts_with("0.") ? s.substr(1) : s;
}
std::string ratio_text(double ratio) {
  char text[32];
  std::snprintf(text, sizeof text, ratio < 9.95 ? "%.2f" : "%.0f", ratio);
  return text;
}

// The largest error in the common range, then of all if that is more: "4.2, all 2e7".
std::string error_text(const Accuracy& a) {
  const std::string common = ulp_text(a.common), all = ulp_text(a.ulp);
  return common == all ? common : common + ", all " + all;
}

const Mark* find(const Measured& row, const std::string& peer) {
  for (const Mark& m : row.marks)
    if (m.peer == peer) return &m;
  return nullptr;
}
const Mark* own(const Measured& row) { return find(row, "nonlin"); }

// `right`: of those that keep their digits in the common range
const Mark* fastest_peer(const Measured& row, bool right = false) {
  const Mark* best = nullptr;
  for (const Mark& m : row.marks)
    if (m.peer != "nonlin" && !(right && m.accuracy.common > right_ulp) &&
        (best == nullptr || m.ns < best->ns))
      best = &m;
  return best;
}

std::string peer_text(const Mark* m) {
  if (m == nullptr) return "";
  const std::string error = error_text(m->accuracy);
  return m->peer + " " + ns_text(m->ns) +
         (m->accuracy.common > right_ulp ? " (**" + error + "**)" : " (" + error + ")");
}

// -- Markdown ---------------------------------------------------------------------------------------------------

using Rows = std::vector<const Measured*>;

std::string title_of(const Measured& row) {
  return std::string(row.type == "double" ? "double, " : "float, ") + name_of(row.direction) +
         (row.by_shape ? ", along an axis" : "");
}

// The sizes of one function, type and direction side by side; along an axis every shape for itself.
std::vector<Rows> grouped(const std::vector<Measured>& rows) {
  std::vector<Rows> groups;
  std::map<std::string, std::size_t> at;
  for (const Measured& row : rows) {
    const std::string key = title_of(row) + row.function + (row.by_shape ? row.size : "");
    const auto [it, is_new] = at.try_emplace(key, groups.size());
    if (is_new) groups.emplace_back();
    groups[it->second].push_back(&row);
  }
  return groups;
}

std::string ratio_cell(double ratio) {
  return ratio <= 1.005 ? ratio_text(ratio) : "**" + ratio_text(ratio) + "**";
}

void summary_cells(std::ostream& out, const Measured* row) {
  if (row == nullptr || own(*row) == nullptr) {
    out << " | | | | |";
    return;
  }
  const Mark &nonlin = *own(*row), *peer = fastest_peer(*row);
  out << ' ' << ns_text(nonlin.ns) << " | " << peer_text(peer);
  if (const Mark* right = fastest_peer(*row, true); right != peer && right != nullptr)
    out << "; " << peer_text(right);
  out << " | " << (peer != nullptr ? ratio_cell(nonlin.ns / peer->ns) : "") << " | "
      << ratio_text(nonlin.ns / row->floor) << " |";
}

const Measured* of_size(const Rows& rows, const std::string& size) {
  for (const Measured* row : rows)
    if (row->size == size) return row;
  return nullptr;
}

const char* const usual_sizes[] = {"4096", "131072", "67108864"};
void write_summary(std::ostream& out, const std::vector<Rows>& groups) {
  std::vector<std::string> titles;
  for (const Rows& rows : groups)
    if (const std::string t = title_of(*rows[0]); std::find(titles.begin(), titles.end(), t) == titles.end())
      titles.push_back(t);
  for (const std::string& title : titles) {
    std::vector<const Rows*> chosen;
    bool large = false;
    for (const Rows& rows : groups)
      if (title_of(*rows[0]) == title && own(*rows[0]) != nullptr) {
        chosen.push_back(&rows);
        large |= of_size(rows, usual_sizes[2]) != nullptr;
      }
    if (chosen.empty()) continue;
    out << "\n### " << title << "\n\n";
    if (!(*chosen[0])[0]->by_shape) {
      out << "| function | nonlin, ULP | 4096: nonlin | fastest peer (ULP) | nonlin / peer | nonlin / copy "
             "| 131072: nonlin | fastest peer (ULP) | nonlin / peer | nonlin / copy |"
          << (large ? " 2^26: nonlin | fastest peer (ULP) | nonlin / peer | nonlin / copy |" : "")
          << "\n|---|---|" << (large ? "---|---|---|---|" : "") << "---|---|---|---|---|---|---|---|\n";
      for (const Rows* rows : chosen) {
        out << "| " << (*rows)[0]->function << " | " << error_text(own(*(*rows)[0])->accuracy) << " |";
        for (const char* size : usual_sizes)
          if (large || size != usual_sizes[2]) summary_cells(out, of_size(*rows, size));
        out << '\n';
      }
    } else {
      out << "| function | shape | nonlin, ULP | nonlin | fastest peer (ULP) | nonlin / peer | nonlin / copy "
             "|\n"
             "|---|---|---|---|---|---|---|\n";
      for (const Rows* rows : chosen) {
        const Measured& row = *(*rows)[0];
        out << "| " << row.function << " | " << row.size << " | " << error_text(own(row)->accuracy) << " |";
        summary_cells(out, &row);
        out << '\n';
      }
    }
  }
}

// In the order in which they were added.
std::vector<std::string> peers_of(const std::vector<Measured>& rows) {
  std::vector<std::string> peers;
  const auto look_at = [&](const auto& all) {
    for (const auto& e : all)
      if (std::find(peers.begin(), peers.end(), e.peer) == peers.end() &&
          std::any_of(rows.begin(), rows.end(),
                      [&](const Measured& row) { return find(row, e.peer) != nullptr; }))
        peers.push_back(e.peer);
  };
  look_at(entries<float>());
  look_at(entries<double>());
  return peers;
}

void write_all(std::ostream& out, const std::vector<Rows>& groups, const std::vector<std::string>& peers) {
  const auto header = [&](const char* first) {
    out << first;
    for (const std::string& p : peers) out << ' ' << p << " |";
  };
  const auto rule = [&](std::size_t n) {
    out << "\n|";
    for (std::size_t i = 0; i < n; ++i) out << "---|";
    out << '\n';
  };
  const auto label = [&](const Rows& rows) {
    out << "| " << title_of(*rows[0]) << " | " << rows[0]->function << " | ";
    for (std::size_t i = 0; i < rows.size(); ++i) out << (i == 0 ? "" : " / ") << rows[i]->size;
    out << " |";
  };
  out << "\n## Every peer: ns an element\n\n";
  header("| | function | size | copy |");
  rule(peers.size() + 4);
  for (const Rows& rows : groups) {
    label(rows);
    for (std::size_t i = 0; i < rows.size(); ++i) out << (i == 0 ? " " : " / ") << ns_text(rows[i]->floor);
    out << " |";
    for (const std::string& p : peers) {
      std::string cell;
      for (const Measured* row : rows)
        if (const Mark* m = find(*row, p)) cell += (cell.empty() ? "" : " / ") + ns_text(m->ns);
      out << ' ' << cell << " |";
    }
    out << '\n';
  }
  out << "\n## Every peer: the largest error in ULP, and what is wrong\n\n";
  header("| | function |");
  rule(peers.size() + 2);
  std::string before;
  for (const Rows& rows : groups) {
    const std::string what = title_of(*rows[0]) + " | " + rows[0]->function;
    if (what == before) continue;  // of the shapes along an axis the first stands for all
    before = what;
    out << "| " << what << " |";
    for (const std::string& p : peers) {
      const Mark* m = find(*rows[0], p);
      out << ' ';
      if (m != nullptr)
        out << error_text(m->accuracy) << (m->accuracy.remarks.empty() ? "" : "; " + m->accuracy.remarks);
      out << " |";
    }
    out << '\n';
  }
}

void write_small(std::ostream& out, const std::vector<SmallCall>& calls) {
  if (calls.empty()) return;
  std::vector<std::string> peers;
  for (const SmallCall& c : calls)
    for (const Mark& m : c.marks)
      if (std::find(peers.begin(), peers.end(), m.peer) == peers.end()) peers.push_back(m.peer);
  out << "\n## Small arrays, forward: ns a call\n\n| function | n |";
  for (const std::string& p : peers) out << ' ' << p << " |";
  out << "\n|---|---|";
  for (std::size_t i = 0; i < peers.size(); ++i) out << "---|";
  out << '\n';
  for (const SmallCall& c : calls) {
    out << "| " << c.function << " | " << c.n << " |";
    for (const std::string& p : peers) {
      out << ' ';
      for (const Mark& m : c.marks)
        if (m.peer == p) out << ns_text(m.ns);
      out << " |";
    }
    out << '\n';
  }
}

}  // namespace

void Report::write_markdown(const std::string& path) const {
  std::ofstream out(path);
  out << "# nonlin beside its peers\n\n" << title << ". ";
  for (std::size_t i = 0; i < versions().size(); ++i) out << (i == 0 ? "" : ", ") << versions()[i];
  out << ".\n\nns an element, the least of the repetitions, in turn. ULP: the largest error for |x| <= 5, "
         "then, if it is more, of all; "
         "**bold**: more than "
      << right_ulp
      << " for |x| <= 5, and then the fastest peer without such an error follows. nonlin / peer: **bold** "
         "where the peer is "
         "faster. copy reads and writes the same arrays and does nothing.\n";
  const std::vector<Rows> groups = grouped(rows);
  write_summary(out, groups);
  write_small(out, small);
  if (!rows.empty()) write_all(out, groups, peers_of(rows));
}

void Report::write_csv(const std::string& path) const {
  std::ofstream file(path);
  file << "function,type,direction,size,peer,ns_per_element,ulp_common,ulp,at,remarks\n";
  for (const Measured& row : rows) {
    const auto line = [&](const std::string& peer, double ns) -> std::ostream& {
      return file << row.function << ',' << row.type << ',' << name_of(row.direction) << ',' << row.size
                  << ',' << peer << ',' << ns;
    };
    for (const Mark& m : row.marks)
      line(m.peer, m.ns) << ',' << m.accuracy.common << ',' << m.accuracy.ulp << ',' << m.accuracy.at << ",\""
                         << m.accuracy.remarks << "\"\n";
    line("copy", row.floor) << ",,,,\n";
  }
  for (const SmallCall& call : small)
    for (const Mark& m : call.marks)
      file << call.function << ",float,small call," << call.n << ',' << m.peer << ',' << m.ns << ",,,,\n";
}

// -- the picture ------------------------------------------------------------------------------------------------

namespace {

const char* colour_of(const std::string& peer) {
  static const std::map<std::string, const char*> colours{
      {"nonlin", "#d1102f"},    {"Eigen", "#1f6fb4"},     {"XNNPACK", "#2e9e2e"}, {"oneDNN", "#e8850a"},
      {"SLEEF u10", "#8a4fc4"}, {"SLEEF u35", "#c08fe0"}, {"xsimd", "#0e9aa7"},   {"Highway", "#8a5a3a"},
      {"libtorch", "#d0479f"},  {"std::", "#777777"}};
  const auto at = colours.find(peer);
  return at != colours.end() ? at->second : "#333333";
}

class Picture {
 public:
  Picture(const Report& report, const std::string& path) : report_(report), path_(path) {}

  void write() {
    for (const Measured& row : report_.rows)
      if ((row.by_shape || row.size == "4096") && own(row) != nullptr) rows_.push_back(&row);
    if (rows_.empty()) return;
    for (const Measured* row : rows_) {
      low_ = std::min(low_, row->floor);
      for (const Mark& m : row->marks) low_ = std::min(low_, m.ns), high_ = std::max(high_, m.ns);
    }
    low_ = std::log10(low_ * 0.85), high_ = std::log10(high_ * 1.15);
    std::size_t sections = 0;
    std::string before;
    for (const Measured* row : rows_) {
      if (title_of(*row) != before) ++sections;
      before = title_of(*row);
    }
    bottom_ = top + static_cast<double>(rows_.size()) * pitch + static_cast<double>(sections) * heading;
    svg_.open(path_, width, bottom_ + 60, 1);
    draw_head();
    draw_axis();
    draw_rows();
    svg_.close();
  }

 private:
  static constexpr double width = 1180, left = 170, right = 720, top = 128, pitch = 21, heading = 30;

  double x_of(double ns) const { return left + (right - left) * (std::log10(ns) - low_) / (high_ - low_); }

  void mark(double x, double y, const std::string& peer, const Accuracy* a) {
    const char* colour = colour_of(peer);
    if (peer == "nonlin") {
      const double r = 7.5;
      svg_ << "<path d=\"M" << x - r << ' ' << y << " L" << x << ' ' << y - r << " L" << x + r << ' ' << y
           << " L" << x << ' ' << y + r << " Z\" fill=\"" << colour
           << "\" stroke=\"#ffffff\" stroke-width=\"1\"/>\n";
    } else if (a != nullptr && a->common > right_ulp) {
      const std::string stroke =
          std::string("stroke=\"") + colour + "\" stroke-width=\"2.2\" stroke-linecap=\"round\"";
      svg_.line(x - 4, y - 4, x + 4, y + 4, stroke.c_str());
      svg_.line(x - 4, y + 4, x + 4, y - 4, stroke.c_str());
    } else {
      const bool whole = a == nullptr || a->ulp <= right_ulp;
      svg_ << "<circle cx=\"" << x << "\" cy=\"" << y << "\" r=\"" << (whole ? 5.0 : 4.2) << "\" fill=\""
           << (whole ? colour : "#ffffff") << "\" stroke=\"" << (whole ? "#ffffff" : colour)
           << "\" stroke-width=\"" << (whole ? 1.0 : 2.0) << "\"/>\n";
    }
  }

  void draw_head() {
    svg_.text(24, 34, "nonlin beside its peers", "font-size=\"20\" font-weight=\"bold\" fill=\"#1a1a1a\"");
    svg_.text(24, 56,
              report_.title + "; ns an element, 4096 elements or the shape given; further left is faster",
              "font-size=\"13\" fill=\"#555555\"");
    double x = 30;
    const double y = 82;
    for (const std::string& p : peers_of(report_.rows)) {
      mark(x, y - 4.5, p, nullptr);
      svg_.text(x + 11, y, p,
                p == "nonlin" ? "font-size=\"13\" font-weight=\"bold\" fill=\"#222222\""
                              : "font-size=\"13\" fill=\"#222222\"");
      x += 30 + 7.6 * static_cast<double>(p.size());
    }
    svg_.line(x, y - 11, x, y + 2, "stroke=\"#999999\" stroke-width=\"2\"");
    svg_.text(x + 8, y, "copy", "font-size=\"13\" fill=\"#222222\"");
    const Accuracy tail{0, 1e9, 0, ""}, wrong{1e9, 1e9, 0, ""};
    x = 30;
    const double z = 104;
    mark(x, z - 4.5, "std::", nullptr);
    svg_.text(x + 11, z, "within 64 ULP", "font-size=\"12\" fill=\"#555555\"");
    mark(x + 122, z - 4.5, "std::", &tail);
    svg_.text(x + 133, z, "not in its tails", "font-size=\"12\" fill=\"#555555\"");
    mark(x + 248, z - 4.5, "std::", &wrong);
    svg_.text(x + 259, z, "not even for |x| of 5 or less", "font-size=\"12\" fill=\"#555555\"");
    svg_.text(right + 24, z, "nonlin (ULP)", "font-size=\"12\" font-weight=\"bold\" fill=\"#555555\"");
    svg_.text(right + 150, z, "fastest peer (ULP)", "font-size=\"12\" font-weight=\"bold\" fill=\"#555555\"");
    svg_.text(width - 28, z, "peer / nonlin",
              "font-size=\"12\" font-weight=\"bold\" fill=\"#555555\" text-anchor=\"end\"");
  }

  void draw_axis() {
    for (int decade = static_cast<int>(std::floor(low_)); decade <= static_cast<int>(std::ceil(high_));
         ++decade)
      for (const int digit : {1, 2, 5}) {
        const double v = digit * std::pow(10.0, decade);
        if (std::log10(v) < low_ || std::log10(v) > high_) continue;
        svg_.line(x_of(v), top - 8, x_of(v), bottom_,
                  digit == 1 ? "stroke=\"#cccccc\"" : "stroke=\"#ececec\"");
        char text[16];
        std::snprintf(text, sizeof text, "%g", v);
        svg_.text(x_of(v), bottom_ + 18, text, "font-size=\"12\" fill=\"#444444\" text-anchor=\"middle\"");
      }
    svg_.text((left + right) / 2, bottom_ + 40, "ns an element, logarithmic",
              "font-size=\"12\" fill=\"#444444\" text-anchor=\"middle\"");
  }

  void draw_rows() {
    double y = top;
    std::string before;
    bool shaded = false;
    for (const Measured* row : rows_) {
      if (title_of(*row) != before) {
        before = title_of(*row);
        y += heading;
        svg_.text(24, y - 9, before, "font-size=\"13\" font-weight=\"bold\" fill=\"#1a1a1a\"");
        shaded = false;
      }
      if (shaded)
        svg_ << "<rect x=\"16\" y=\"" << y << "\" width=\"" << width - 32 << "\" height=\"" << pitch
             << "\" fill=\"#000000\" fill-opacity=\"0.035\"/>\n";
      shaded = !shaded;
      const double middle = y + pitch / 2;
      svg_.text(left - 12, middle + 4.5, row->function + (row->by_shape ? " " + row->size : ""),
                "font-size=\"12.5\" fill=\"#222222\" text-anchor=\"end\"");
      svg_.line(x_of(row->floor), y + 3, x_of(row->floor), y + pitch - 3,
                "stroke=\"#999999\" stroke-width=\"2\"");
      for (const Mark& m : row->marks)
        if (m.peer != "nonlin") mark(x_of(m.ns), middle, m.peer, &m.accuracy);
      const Mark &nonlin = *own(*row), *peer = fastest_peer(*row);
      mark(x_of(nonlin.ns), middle, "nonlin", &nonlin.accuracy);
      svg_.text(right + 24, middle + 4.5, ns_text(nonlin.ns) + " (" + error_text(nonlin.accuracy) + ")",
                "font-size=\"12\" fill=\"#222222\"");
      if (peer != nullptr) {
        const std::string style = std::string("font-size=\"12\" fill=\"") + colour_of(peer->peer) + "\"";
        svg_.text(right + 150, middle + 4.5,
                  peer->peer + " " + ns_text(peer->ns) + " (" + error_text(peer->accuracy) + ")", style);
        svg_.text(width - 28, middle + 4.5, "x" + ratio_text(peer->ns / nonlin.ns),
                  nonlin.ns <= peer->ns
                      ? "font-size=\"12\" fill=\"#222222\" text-anchor=\"end\" font-weight=\"bold\""
                      : "font-size=\"12\" fill=\"#999999\" text-anchor=\"end\"");
      }
      y += pitch;
    }
  }

  const Report& report_;
  std::string path_;
  Svg svg_;
  std::vector<const Measured*> rows_;
  double low_ = 1e9, high_ = 0, bottom_ = 0;
};

}  // namespace

void Report::write_svg(const std::string& path) const { Picture(*this, path).write(); }

}  // namespace peers
