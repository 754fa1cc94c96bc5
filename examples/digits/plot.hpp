// SPDX-License-Identifier: Apache-2.0
// Curves over the epochs, on a logarithmic axis, as an SVG file.
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

struct Curve {
  std::string name;
  std::vector<double> values;  // after epoch 0, 1, 2, ...
};

class Plot {
 public:
  Plot(std::string title, std::string subtitle, std::string y_label)
      : title_(std::move(title)), subtitle_(std::move(subtitle)), y_label_(std::move(y_label)) {}

  void write(const std::string& path, const std::vector<Curve>& curves) {
    svg_.open(path);
    if (!svg_) throw std::runtime_error("cannot write '" + path + "'");
    svg_ << std::fixed << std::setprecision(2);
    fit(curves);
    svg_ << "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" << width << "\" height=\"" << height
         << "\" viewBox=\"0 0 " << width << ' ' << height
         << "\" font-family=\"Helvetica, Arial, 'DejaVu Sans', sans-serif\">\n"
         << "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n";
    text(left, 32, title_, "font-size=\"18\" fill=\"#1a1a1a\" font-weight=\"bold\"");
    text(left, 53, subtitle_, "font-size=\"13\" fill=\"#666666\"");
    draw_axes();
    for (std::size_t i = 0; i < curves.size(); ++i) draw_curve(curves[i], style(i));
    draw_names(curves);
    svg_ << "</svg>\n";
    svg_.close();
    if (!svg_) throw std::runtime_error("cannot write '" + path + "'");
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
      epochs_ = std::max(epochs_, static_cast<double>(curve.values.size()) - 1);
      for (const double v : curve.values)
        if (drawable(v)) low = std::min(low, v), high = std::max(high, v);
    }
    if (high == 0) throw std::runtime_error("nothing to plot");
    low_ = std::log10(low), high_ = std::log10(high);
    const double margin = 0.04 * std::max(high_ - low_, 0.1);
    low_ -= margin, high_ += margin;
  }

  static bool drawable(double v) { return v > 0 && std::isfinite(v); }
  double x_of(double epoch) const { return left + (right - left) * epoch / epochs_; }
  double y_of(double v) const { return bottom - (bottom - top) * (std::log10(v) - low_) / (high_ - low_); }

  void text(double x, double y, const std::string& words, const std::string& attributes) {
    svg_ << "<text x=\"" << x << "\" y=\"" << y << "\" " << attributes << '>';
    for (const char c : words) {
      if (c == '<')
        svg_ << "&lt;";
      else if (c == '&')
        svg_ << "&amp;";
      else
        svg_ << c;
    }
    svg_ << "</text>\n";
  }

  void line(double x1, double y1, double x2, double y2, const char* attributes) {
    svg_ << "<line x1=\"" << x1 << "\" y1=\"" << y1 << "\" x2=\"" << x2 << "\" y2=\"" << y2 << "\" "
         << attributes << "/>\n";
  }

  void draw_axes() {
    const char* grid = "stroke=\"#e4e4e4\"";
    const char* tick = "stroke=\"#888888\"";

    // Decades are labelled; in a short range 2 and 5 as well, in a very short one every digit.
    const double decades = high_ - low_;
    for (int decade = static_cast<int>(std::floor(low_)); decade <= static_cast<int>(std::ceil(high_));
         ++decade)
      for (int digit = 1; digit <= 9; ++digit) {
        const double v = digit * std::pow(10.0, decade);
        if (std::log10(v) < low_ || std::log10(v) > high_) continue;
        const bool labelled = digit == 1 || decades < 0.6 || (decades < 1.5 && (digit == 2 || digit == 5));
        const double y = y_of(v);
        if (labelled) {
          line(left, y, right, y, grid);
          text(left - 11, y + 4.5, number(digit, decade),
               "font-size=\"13\" fill=\"#444444\" text-anchor=\"end\"");
        }
        line(left - (labelled ? 6 : 3), y, left, y, tick);
      }

    const double step = std::max(1.0, nice_step(epochs_ / 8));
    for (double epoch = 0; epoch <= epochs_; epoch += step) {
      const double x = x_of(epoch);
      if (epoch > 0) line(x, top, x, bottom, grid);
      line(x, bottom, x, bottom + 6, tick);
      text(x, bottom + 22, std::to_string(static_cast<int>(epoch)),
           "font-size=\"13\" fill=\"#444444\" text-anchor=\"middle\"");
    }

    line(left, top, left, bottom, tick);
    line(left, bottom, right, bottom, tick);
    text((left + right) / 2, bottom + 44, "epoch",
         "font-size=\"14\" fill=\"#1a1a1a\" text-anchor=\"middle\"");
    const double middle = (top + bottom) / 2;
    svg_ << "<g transform=\"translate(20 " << middle << ") rotate(-90)\">\n";
    text(0, 0, y_label_, "font-size=\"14\" fill=\"#1a1a1a\" text-anchor=\"middle\"");
    svg_ << "</g>\n";
  }

  static std::string number(int digit, int decade) {
    char words[32];
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
      text(right + 32, y[k] + 4.5, curves[curve].name,
           std::string("font-size=\"14\" fill=\"").append(its.colour).append("\""));
    }
  }

  std::string title_, subtitle_, y_label_;
  std::ofstream svg_;
  double epochs_ = 1, low_ = 0, high_ = 0;
};
