// SPDX-License-Identifier: Apache-2.0
// Draws every activation of the library and its derivative, as small multiples in one picture. Nothing is
// named by hand: a new activation appears by itself.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <nonlin/nonlin.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "../plot.hpp"

namespace {

struct Options {
  std::string plot = "gallery.svg";
};

constexpr int samples_per_unit = 100, x_max = 6;

// f and f' at -x_max, ..., x_max
struct Drawing {
  std::string name;
  std::vector<double> f, slope;
};

template <class Activation>
Drawing sample(const Activation& activation) {
  Drawing drawing{Activation::name, {}, {}};
  for (int i = -x_max * samples_per_unit; i <= x_max * samples_per_unit; ++i) {
    const double x = static_cast<double>(i) / samples_per_unit;
    drawing.f.push_back(activation(x));
    drawing.slope.push_back(activation.derivative(x));
  }
  return drawing;
}

template <class... Activations>
std::vector<Drawing> sample_all(nonlin::type_list<Activations...>) {
  return {sample(Activations{})...};
}

// A scale for y: the same for all, but for what is bounded, whose shape would be lost in it.
struct Scale {
  double low, high, tick;
};

Scale scale_of(const Drawing& drawing) {
  const bool bounded =
      std::all_of(drawing.f.begin(), drawing.f.end(), [](double y) { return std::abs(y) <= 1.1; });
  return bounded ? Scale{-1.25, 1.25, 1} : Scale{-2, 4, 2};
}

class Gallery {
 public:
  void write(const std::string& path, const std::vector<Drawing>& drawings) {
    const auto last_row = static_cast<double>((drawings.size() - 1) / columns);
    const double right = left + (columns - 1) * pitch_x + width;
    svg_.open(path, right + 24, top + last_row * pitch_y + height + 34, 1);
    svg_ << "<clipPath id=\"panel\"><rect width=\"" << width << "\" height=\"" << height
         << "\"/></clipPath>\n";
    svg_.text(left, 32, "The activations of nonlin",
              "font-size=\"18\" fill=\"#1a1a1a\" font-weight=\"bold\"");
    svg_.text(left, 53, "at their default parameters; what is bounded has a y scale of its own",
              "font-size=\"13\" fill=\"#666666\"");
    draw_key(right - 210, "activation", activation_pen);
    draw_key(right - 95, "derivative", derivative_pen);
    for (std::size_t i = 0; i < drawings.size(); ++i) {
      svg_ << "<g transform=\"translate(" << left + static_cast<double>(i % columns) * pitch_x << ' '
           << top + static_cast<double>(i / columns) * pitch_y << ")\">\n";
      draw_panel(drawings[i]);
      svg_ << "</g>\n";
    }
    svg_.close();
  }

 private:
  static constexpr std::size_t columns = 4;
  static constexpr double width = 180, height = 135, pitch_x = 224, pitch_y = 196, left = 40, top = 100;
  static constexpr const char* grid = "stroke=\"#e4e4e4\"";
  static constexpr const char* axis = "stroke=\"#999999\"";
  // The derivative is drawn second and thinner: where the two are one, both are seen.
  static constexpr const char* activation_pen = "stroke=\"#1f77b4\" stroke-width=\"3.4\"";
  static constexpr const char* derivative_pen = "stroke=\"#e8710a\" stroke-width=\"1.6\"";

  static std::string label(const char* anchor) {
    return std::string("font-size=\"12\" fill=\"#444444\" text-anchor=\"").append(anchor).append("\"");
  }

  static double x_of(double x) { return (x + x_max) * width / (2 * x_max); }
  static double y_of(double y, const Scale& scale) {
    return height * (scale.high - y) / (scale.high - scale.low);
  }

  void draw_key(double x, const char* words, const char* pen) {
    svg_.line(x, 27, x + 22, 27, pen);
    svg_.text(x + 28, 32, words, "font-size=\"13\" fill=\"#444444\"");
  }

  void draw_panel(const Drawing& drawing) {
    const Scale scale = scale_of(drawing);
    svg_.text(width / 2, -9, drawing.name,
              "font-size=\"15\" fill=\"#1a1a1a\" font-weight=\"bold\" text-anchor=\"middle\"");
    for (int x = -x_max; x <= x_max; x += 3) {
      svg_.line(x_of(x), 0, x_of(x), height, x == 0 ? axis : grid);
      svg_.text(x_of(x), height + 16, std::to_string(x), label("middle"));
    }
    svg_.text(x_of(1.5), height + 16, "x", label("middle") + " font-style=\"italic\"");
    for (double y = std::ceil(scale.low / scale.tick) * scale.tick; y <= scale.high; y += scale.tick) {
      svg_.line(0, y_of(y, scale), width, y_of(y, scale), y == 0 ? axis : grid);
      svg_.text(-6, y_of(y, scale) + 4, std::to_string(static_cast<int>(y)), label("end"));
    }
    svg_ << "<g clip-path=\"url(#panel)\" fill=\"none\" stroke-linejoin=\"round\">\n";
    draw_curve(drawing.f, scale, activation_pen);
    draw_curve(drawing.slope, scale, derivative_pen);
    svg_ << "</g>\n";
  }

  // Sampled finely, to find the jumps of a derivative and lift the pen there; drawn with fewer points.
  void draw_curve(const std::vector<double>& values, const Scale& scale, const char* pen) {
    constexpr std::size_t stride = samples_per_unit / 10;
    const auto jumps = [&](std::size_t i) {
      return i > 0 && i < values.size() && std::abs(values[i] - values[i - 1]) > 5.0 / samples_per_unit;
    };
    const auto straight = [&](std::size_t i) {
      return i >= stride && i + stride < values.size() &&
             std::abs(values[i - stride] - 2 * values[i] + values[i + stride]) < 1e-9;
    };
    svg_ << "<path " << pen << " d=\"";
    for (std::size_t i = 0; i < values.size(); ++i)
      if ((i % stride == 0 && !straight(i)) || jumps(i) || jumps(i + 1))
        svg_ << (i == 0 || jumps(i) ? 'M' : 'L') << x_of(static_cast<double>(i) / samples_per_unit - x_max)
             << ' ' << y_of(values[i], scale);
    svg_ << "\"/>\n";
  }

  Svg svg_;
};

void print_help() {
  std::printf(
      "usage: gallery [options]\n"
      "Draws every activation of nonlin and its derivative.\n"
      "  --plot FILE  where to (default %s)\n"
      "  --help\n",
      Options{}.plot.c_str());
}

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    if (option == "--help" || option == "-h") {
      print_help();
      std::exit(EXIT_SUCCESS);
    }
    if (option != "--plot") throw std::invalid_argument("unknown option '" + option + "'; see --help");
    if (++i == argc) throw std::invalid_argument(option + " needs a value");
    options.plot = argv[i];
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const Options options = parse(argc, argv);
    const std::vector<Drawing> drawings = sample_all(nonlin::activations{});
    Gallery().write(options.plot, drawings);
    std::printf("%zu activations and their derivatives are drawn in %s\n", drawings.size(),
                options.plot.c_str());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "gallery: %s\n", error.what());
    return EXIT_FAILURE;
  }
}
