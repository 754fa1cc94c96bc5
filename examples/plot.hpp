// SPDX-License-Identifier: Apache-2.0
// Pictures as SVG files: the file itself, and curves on a logarithmic axis.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <fstream>
#include <iomanip>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

// Lengths are in pixels. The background is drawn: on a dark page a transparent one would hide the text.
class Svg {
 public:
  void open(const std::string& path, double width, double height, int decimals) {
    path_ = path;
    file_.open(path);
    check();
    file_ << std::fixed << std::setprecision(decimals);
    file_ << "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" << width << "\" height=\"" << height
          << "\" viewBox=\"0 0 " << width << ' ' << height
          << "\" font-family=\"Helvetica, Arial, 'DejaVu Sans', sans-serif\">\n"
          << "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n";
  }

  void close() {
    file_ << "</svg>\n";
    file_.close();
    check();
  }

  template <class T>
  Svg& operator<<(const T& value) {
    file_ << value;
    return *this;
  }

  void text(double x, double y, const std::string& words, const std::string& attributes) {
    file_ << "<text x=\"" << x << "\" y=\"" << y << "\" " << attributes << '>';
    for (const char c : words) {
      if (c == '<')
        file_ << "&lt;";
      else if (c == '&')
        file_ << "&amp;";
      else
        file_ << c;
    }
    file_ << "</text>\n";
  }

  void line(double x1, double y1, double x2, double y2, const char* attributes) {
    file_ << "<line x1=\"" << x1 << "\" y1=\"" << y1 << "\" x2=\"" << x2 << "\" y2=\"" << y2 << "\" "
          << attributes << "/>\n";
  }

 private:
  void check() const {
    if (!file_) throw std::runtime_error("cannot write '" + path_ + "'");
  }

  std::string path_;
  std::ofstream file_;
};

struct Curve {
  std::string name;
  std::vector<double> values;  // at x = 0, 1, 2, ...
};

class Plot {
 public:
  Plot(std::string title, std::string subtitle, std::string y_label, std::string x_label = "epoch")
      : title_(std::move(title)),
        subtitle_(std::move(subtitle)),
        y_label_(std::move(y_label)),
        x_label_(std::move(x_label)) {}

  void write(const std::string& path, const std::vector<Curve>& curves) {
    fit(curves);
    svg_.open(path, width, height, 2);
    svg_.text(left, 32, title_, "font-size=\"18\" fill=\"#1a1a1a\" font-weight=\"bold\"");
    svg_.text(left, 53, subtitle_, "font-size=\"13\" fill=\"#666666\"");
    draw_axes();
    for (std::size_t i = 0; i < curves.size(); ++i) draw_curve(curves[i], style(i));
    draw_names(curves);
    svg_.close();
  }

 private:
  static constexpr double width = 960, height = 600, left = 76, right = 826, top = 78, bottom = 540;

  struct Style {
    const char* colour;
    const char* dashes;
  };

  // Twelve hues dark enough to be read as text on white; neighbours in the list differ in dash too.
  static Style style(std::size_t i) {
    static constexpr const char* colours[] = {"#6e6e6e", "#1f77b4", "#0e9aa7", "#d62728",
                                              "#e8710a", "#a07800", "#2e9e2e", "#0b6b3a",
                                              "#8a4fc4", "#d0479f", "#7a4a3a", "#1d2f8f"};
    constexpr std::size_t count = sizeof colours / sizeof *colours;
    return {colours[i % count], (i + i / count) % 2 == 0 ? "none" : "6 3"};
  }

  // Zero and NaN have no place on a logarithmic axis: they are left out.
  void fit(const std::vector<Curve>& curves) {
    double low = std::numeric_limits<double>::infinity(), high = 0;
    for (const Curve& curve : curves) {
      last_ = std::max(last_, static_cast<double>(curve.values.size()) - 1);
      for (const double v : curve.values)
        if (drawable(v)) low = std::min(low, v), high = std::max(high, v);
    }
    if (high == 0) throw std::runtime_error("nothing to plot");
    low_ = std::log10(low), high_ = std::log10(high);
    const double margin = 0.04 * std::max(high_ - low_, 0.1);
    low_ -= margin, high_ += margin;
  }

  static bool drawable(double v) { return v > 0 && std::isfinite(v); }
  double x_of(double i) const { return left + (right - left) * i / last_; }
  double y_of(double v) const { return bottom - (bottom - top) * (std::log10(v) - low_) / (high_ - low_); }

  void draw_axes() {
    const char* grid = "stroke=\"#e4e4e4\"";
    const char* tick = "stroke=\"#888888\"";

    // Decades are labelled, in a long range every few; in a short one 2 and 5 as well, in a very short one
    // every digit.
    const double decades = high_ - low_;
    const int stride = std::max(1, static_cast<int>(nice_step(decades / 8)));
    for (int decade = static_cast<int>(std::floor(low_)); decade <= static_cast<int>(std::ceil(high_));
         ++decade)
      for (int digit = 1; digit <= (stride == 1 ? 9 : 1); ++digit) {
        const double v = digit * std::pow(10.0, decade);
        if (std::log10(v) < low_ || std::log10(v) > high_) continue;
        const bool labelled = (digit == 1 && decade % stride == 0) || decades < 0.6 ||
                              (decades < 1.5 && (digit == 2 || digit == 5));
        const double y = y_of(v);
        if (labelled) {
          svg_.line(left, y, right, y, grid);
          svg_.text(left - 11, y + 4.5, number(digit, decade, stride > 1 && decade != 0),
                    "font-size=\"13\" fill=\"#444444\" text-anchor=\"end\"");
        }
        svg_.line(left - (labelled ? 6 : 3), y, left, y, tick);
      }

    const double step = std::max(1.0, nice_step(last_ / 8));
    for (double i = 0; i <= last_; i += step) {
      const double x = x_of(i);
      if (i > 0) svg_.line(x, top, x, bottom, grid);
      svg_.line(x, bottom, x, bottom + 6, tick);
      svg_.text(x, bottom + 22, std::to_string(static_cast<int>(i)),
                "font-size=\"13\" fill=\"#444444\" text-anchor=\"middle\"");
    }

    svg_.line(left, top, left, bottom, tick);
    svg_.line(left, bottom, right, bottom, tick);
    svg_.text((left + right) / 2, bottom + 44, x_label_,
              "font-size=\"14\" fill=\"#1a1a1a\" text-anchor=\"middle\"");
    const double middle = (top + bottom) / 2;
    svg_ << "<g transform=\"translate(20 " << middle << ") rotate(-90)\">\n";
    svg_.text(0, 0, y_label_, "font-size=\"14\" fill=\"#1a1a1a\" text-anchor=\"middle\"");
    svg_ << "</g>\n";
  }

  static std::string number(int digit, int decade, bool scientific) {
    char words[32];
    if (scientific)
      std::snprintf(words, sizeof words, "%de%d", digit, decade);
    else
      std::snprintf(words, sizeof words, "%.*f", decade < 0 ? -decade : 0, digit * std::pow(10.0, decade));
    return words;
  }

  static double nice_step(double least) {
    const double decade = std::pow(10.0, std::floor(std::log10(least)));
    for (const double factor : {1.0, 2.0, 5.0})
      if (factor * decade >= least) return factor * decade;
    return 10 * decade;
  }

  void draw_curve(const Curve& curve, const Style& style) {
    svg_ << "<polyline fill=\"none\" stroke-width=\"2\" stroke-linejoin=\"round\" stroke=\"" << style.colour
         << "\" stroke-dasharray=\"" << style.dashes << "\" points=\"";
    for (std::size_t i = 0; i < curve.values.size(); ++i)
      if (drawable(curve.values[i]))
        svg_ << x_of(static_cast<double>(i)) << ',' << y_of(curve.values[i]) << ' ';
    svg_ << "\"/>\n";
  }

  // Each name stands at the end of its curve, moved up or down only as far as to leave the others readable.
  void draw_names(const std::vector<Curve>& curves) {
    constexpr double spacing = 19;
    std::vector<std::pair<double, std::size_t>> ends;  // where each curve ends, from the top
    for (std::size_t i = 0; i < curves.size(); ++i) {
      const double last = curves[i].values.back();
      ends.emplace_back(drawable(last) ? y_of(last) : top, i);
    }
    std::sort(ends.begin(), ends.end());

    std::vector<double> y;
    for (const auto& end : ends) y.push_back(end.first);
    for (int sweep = 0; sweep < 500; ++sweep)  // push overlapping neighbours apart evenly
      for (std::size_t k = 0; k < y.size(); ++k) {
        if (k > 0 && y[k] - y[k - 1] < spacing) {
          const double push = (spacing - (y[k] - y[k - 1])) / 2;
          y[k - 1] -= push, y[k] += push;
        }
        const auto above = static_cast<double>(k), below = static_cast<double>(y.size() - 1 - k);
        y[k] = std::max(top + spacing * above, std::min(bottom - spacing * below, y[k]));
      }

    for (std::size_t k = 0; k < ends.size(); ++k) {
      const auto [end, curve] = ends[k];
      const Style its = style(curve);
      svg_ << "<polyline fill=\"none\" stroke-width=\"1\" stroke-opacity=\"0.6\" stroke=\"" << its.colour
           << "\" points=\"" << right + 3 << ',' << end << ' ' << right + 22 << ',' << y[k] << ' '
           << right + 27 << ',' << y[k] << "\"/>\n";
      svg_.text(right + 32, y[k] + 4.5, curves[curve].name,
                std::string("font-size=\"14\" fill=\"").append(its.colour).append("\""));
    }
  }

  std::string title_, subtitle_, y_label_, x_label_;
  Svg svg_;
  double last_ = 1, low_ = 0, high_ = 0;  // the greatest x; the logarithms of the least and the greatest y
};
