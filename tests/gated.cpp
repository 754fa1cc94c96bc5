// Gated units against the oracle, against the papers' and PyTorch's definitions, against differences.
#include <array>
#include "gated_calls.hpp"
#include "product_error.hpp"

namespace {

using compiled::packing;
using nonlin::axis_shape;

using all_units = as_tuple<nonlin::gated_units>::type;

// -- against the oracle -------------------------------------------------------------------------------------------

// The bounds, in ULP of the factors, B being the activation's, of its value or of its derivative:
//   y, dvalue   B ulp(act(gate)) |factor| + 1/2 ulp of the product, and of both together
//   dgate       dy value is rounded before it meets the derivative: 1/2 ulp(dy value) more. A derivative that comes with the
//               value (value_and_derivative) may, within 1 of its root (Swish: in beta x), be 2^-22 off (double: 2^-51)
template <class A>
constexpr double root_of_derivative = 0;
template <>
constexpr double root_of_derivative<nonlin::GELU> = -0.75179152469356446;
template <>
constexpr double root_of_derivative<nonlin::GELUTanh> = -0.75246142207101626;
template <>
constexpr double root_of_derivative<nonlin::Swish> = -1.2784645427610738;

template <class T, class A>
void check_values(const A& typed, double root_scale = 1) {
  using W = oracle::wide<T>;
  using std::abs;
  const compiled::gated<T> unit(nonlin::Gated<A>{typed});
  const nonlin::accuracy b = unit.act.bounds;
  std::vector<T> gate =
      points<T>(point_count(std::size_t{1} << 15) / (sizeof(T) == 8 ? 32 : 1), oracle::row<A>::cutoffs);
  std::erase_if(gate, [](T g) { return abs(g) > std::sqrt(std::numeric_limits<T>::max()); });
  const std::size_t n = gate.size();
  std::vector<T> value = ordinary<T>(n, 5), dy = ordinary<T>(n, 6), y(n), dgate(n), dvalue(n);
  for (std::size_t i = 0; i < n; i += 3) {  // of any size, but neither dy value nor y overflows
    value[i] = std::ldexp(value[i], static_cast<int>(i % 61) - 30);
    dy[i] = std::ldexp(dy[i], static_cast<int>(i % 37) - 18);
  }
  std::vector<W> f, slope;
  for (const T g : gate) {
    f.push_back(oracle::row<A>::forward(typed, W(g)));
    slope.push_back(oracle::row<A>::derivative(typed, W(g)));
  }
  on_each_isa([&](nonlin::isa isa) {
    INFO(unit.name << " of " << name_of<T>() << " on " << nonlin::to_string(isa));
    unit.forward(gate, value, y);
    unit.backward(gate, value, dy, dgate, dvalue);
    product_error<T> of_y, of_dgate, of_dvalue;
    for (std::size_t i = 0; i < n; ++i) {
      const W slack = b.forward * ulp_at<T>(f[i]), flow = W(dy[i]) * W(value[i]);
      of_y.add(y[i], W(value[i]), W(0), f[i], slack, gate[i]);
      of_dvalue.add(dvalue[i], W(dy[i]), W(0), f[i], slack, gate[i]);
      double slope_slack = b.derivative * ulp_at<T>(slope[i]);
      const double from_root = abs(static_cast<double>(gate[i]) * root_scale - root_of_derivative<A>);
      if (b.radius > 0 && from_root < b.radius) slope_slack = b.absolute;
      if (root_of_derivative<A> != 0 && from_root < 1)
        slope_slack = std::max(slope_slack, sizeof(T) == 4 ? 0x1p-22 : 0x1p-51);
      of_dgate.add(dgate[i], flow, W(ulp_at<T>(flow)) / 2, slope[i], W(slope_slack), gate[i]);
    }
    of_y.check("y");
    of_dvalue.check("dvalue");
    of_dgate.check("dgate");
  });
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("gated units against the oracle", "[gated]", all_units) {
  check_values<float>(TestType{}.act);
  check_values<double>(TestType{}.act);
}

TEST_CASE("SwiGLU of other betas against the oracle", "[gated]") {
  for (const double beta : {1.702, 0.5, -1.0}) {
    check_values<float>(nonlin::Swish{beta}, beta);
    check_values<double>(nonlin::Swish{beta}, beta);
  }
}

// -- definitions --------------------------------------------------------------------------------------------------

namespace {

template <class T>
void check_near(const char* what, const std::vector<T>& got, const std::array<double, 4>& want) {
  for (std::size_t i = 0; i < 4; ++i) {
    INFO(what << " " << i);
    CHECK(std::abs(static_cast<double>(got[i]) - want[i]) <=
          8 * static_cast<double>(std::numeric_limits<T>::epsilon()) * std::abs(want[i]));
  }
}

struct example {
  std::array<double, 4> y, dgate, dvalue;
};

template <class T>
void check_example(const compiled::gated<T>& unit, const example& want) {
  const std::vector<T> gate = {T(-2.5), T(-0.375), T(0.75), T(3.125)}, value = {T(1.25), T(-0.5), 3, -2},
                       dy = {1, -2, T(0.5), T(0.25)};
  on_each_isa([&](nonlin::isa isa) {
    INFO(unit.name << " of " << name_of<T>() << " on " << nonlin::to_string(isa));
    std::vector<T> y(4), dgate(4), dvalue(4);
    unit.forward(gate, value, y);
    check_near("y", y, want.y);
    for (std::size_t i = 0; i < 4; ++i) y[i] = unit(gate[i], value[i]);
    check_near("a number's y", y, want.y);
    unit.backward(gate, value, dy, dgate, dvalue);
    check_near("dgate", dgate, want.dgate);
    check_near("dvalue", dvalue, want.dvalue);
    // by pointers
    unit.forward(gate.data(), value.data(), y.data(), 4);
    check_near("y", y, want.y);
    unit.backward(gate.data(), value.data(), dy.data(), dgate.data(), dvalue.data(), 4);
    check_near("dgate", dgate, want.dgate);
    check_near("dvalue", dvalue, want.dvalue);
  });
}

}  // namespace

// Table 1 and equations 4 and 5 of Shazeer 2020, worked out to 17 digits by mpmath from the definitions.
TEMPLATE_TEST_CASE("gated units as Shazeer defines them", "[gated]", float, double) {
  using T = TestType;
  check_example<T>(nonlin::GLU{},
                   {{0.094822725026554439, -0.20366670002296512, 2.0375360975261789, -1.9158245441687623},
                    {0.087629645681385196, 0.2414129012529524, 0.32684249064272104, -0.02015817553725984},
                    {0.075858180021243551, -0.81466680009186048, 0.33958934958769649, 0.23947806802109529}});
  check_example<T>(nonlin::ReGLU{}, {{0, 0, 2.25, -6.25}, {0, 0, 1.5, -0.5}, {0, 0, 0.375, 0.78125}});
  check_example<T>(nonlin::GeGLU{},
                   {{-0.019405204143050422, 0.066343168748864289, 1.7400884571520466, -6.2444435918805723},
                    {-0.04701385738518151, 0.21438457312611286, 1.4988385826088527, -0.50427776553044384},
                    {-0.015524163314440338, 0.26537267499545715, 0.29001474285867443, 0.78055544898507154}});
  check_example<T>(nonlin::GeGLUTanh{},
                   {{-0.018855332612498228, 0.066346116554244205, 1.7398816654968609, -6.2451682502044444},
                    {-0.047439470265832728, 0.21444430795200061, 1.4984073842061214, -0.50406276774947935},
                    {-0.015084266089998582, 0.26538446621697682, 0.28998027758281015, 0.78064603127555555}});
  const example swiglu = {
      {-0.2370568125663861, 0.07637501250861192, 1.5281520731446342, -5.9869517005273822},
      {-0.12425138917690855, 0.31680356207607309, 1.2638999167451302, -0.54195043459612758},
      {-0.18964545005310888, 0.30550005003444768, 0.25469201219077236, 0.74836896256592278}};
  check_example<T>(nonlin::SwiGLU{}, swiglu);
  check_example<T>(nonlin::SwiGLU{{.beta = 1.702}},
                   {{-0.043732706310712598, 0.064807919314879881, 1.7591701726039135, -6.2195313029706147},
                    {-0.055898332601718076, 0.20128688457558949, 1.4993573002002862, -0.51046373333442327},
                    {-0.034986165048570078, 0.25923167725951953, 0.29319502876731891, 0.77744141287132684}});
  check_example<T>(nonlin::Bilinear{},
                   {{-3.125, 0.1875, 2.25, -6.25}, {1.25, 1, 1.5, -0.5}, {-2.5, 0.75, 0.375, 0.78125}});

  double dbeta = 77;
  const std::vector<T> gate = {T(-2.5), T(-0.375), T(0.75), T(3.125)}, value = {T(1.25), T(-0.5), 3, -2},
                       dy = {1, -2, T(0.5), T(0.25)};
  std::vector<T> dgate(4), dvalue(4);
  const auto tolerance = 8 * static_cast<double>(std::numeric_limits<T>::epsilon());
  on_each_isa([&](nonlin::isa) {
    compiled::gated<T>(nonlin::SwiGLU{}).backward(gate, value, dy, dgate, dvalue, dbeta);
    CHECK(std::abs(dbeta - 0.56862569275283137) < tolerance);
    check_near("dgate", dgate, swiglu.dgate);
    compiled::gated<T>(nonlin::SwiGLU{{.beta = 1.702}}).backward(gate, value, dy, dgate, dvalue, dbeta);
    CHECK(std::abs(dbeta - 0.25982863845461831) < tolerance);
  });
}

// torch.nn.functional.glu: "a * sigmoid(b), where input is split in half along dim to form a and b". Llama's MLP:
// silu(gate) * up, vLLM's silu_and_mul: of the first half. gpt-oss: gate = x[..., ::2], linear = x[..., 1::2].
TEST_CASE("packed halves as PyTorch, Llama and gpt-oss have them", "[gated]") {
  const compiled::gated<float> glu(nonlin::GLU{}), swiglu(nonlin::SwiGLU{});
  const std::vector<float> x = {1, 2, 3, 4};
  const auto logistic = [](double t) { return 1 / (1 + std::exp(-t)); };
  const auto check = [](const std::vector<float>& y, double first, double second) {
    CHECK(std::abs(static_cast<double>(y[0]) - first) < 1e-6);
    CHECK(std::abs(static_cast<double>(y[1]) - second) < 1e-6);
  };
  on_each_isa([&](nonlin::isa) {
    std::vector<float> y(2);
    glu.forward(packing::gate_last, x, y);
    check(y, 0.95257412682243322,
          1.9640275800758169);  // torch.nn.functional.glu(torch.tensor([1., 2., 3., 4.]))
    swiglu.forward(packing::gate_first, x, y);
    check(y, 1 * logistic(1) * 3, 2 * logistic(2) * 4);
    swiglu.forward(packing::interleaved, x, y);
    check(y, 1 * logistic(1) * 2, 3 * logistic(3) * 4);
    // along dimension 0 of a matrix, as glu(x, dim = 0)
    glu.forward(packing::gate_last, x, y, axis_shape{1, 2, 2});
    check(y, 1 * logistic(3), 2 * logistic(4));
    glu.forward(packing::gate_last, x, y, axis_shape{2, 2, 1});
    check(y, 1 * logistic(2), 3 * logistic(4));
  });
}

// -- against differences --------------------------------------------------------------------------------------------

namespace {

constexpr double epsilon = std::numeric_limits<double>::epsilon();

// The step, and what (f(t + h) - f(t - h)) / 2h may be off by where |f| and its third derivative are below `size`.
const double step = std::cbrt(epsilon);
double difference_bound(double size) { return 40 * step * step * size; }

template <class A>
void check_gradients(const A& act) {
  const compiled::gated<double> unit(nonlin::Gated<A>{act});
  std::vector<double> gate = ordinary<double>(1000, 8), value = ordinary<double>(1000, 9),
                      dy = ordinary<double>(1000, 10);
  for (double& g : gate) g = std::abs(g) < 1e-4 ? 0.5 : 2 * g;  // not across ReLU's kink
  std::vector<double> more = gate, less = gate, high(1000), low(1000), dgate(1000), dvalue(1000);
  on_each_isa([&](nonlin::isa isa) {
    INFO(unit.name << " on " << nonlin::to_string(isa));
    unit.backward(gate, value, dy, dgate, dvalue);
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < 1000; ++i) more[i] = gate[i] + step, less[i] = gate[i] - step;
    unit.forward(more, value, high);
    unit.forward(less, value, low);
    for (std::size_t i = 0; i < 1000; ++i)
      wrong +=
          !(std::abs(dgate[i] - dy[i] * (high[i] - low[i]) / (more[i] - less[i])) <= difference_bound(9));
    CHECK(wrong == 0);
    for (std::size_t i = 0; i < 1000; ++i) more[i] = value[i] + step, less[i] = value[i] - step;
    unit.forward(gate, more, high);
    unit.forward(gate, less, low);
    for (std::size_t i = 0; i < 1000; ++i)
      wrong +=
          !(std::abs(dvalue[i] - dy[i] * (high[i] - low[i]) / (more[i] - less[i])) <= difference_bound(9));
    CHECK(wrong == 0);
  });
}

}  // namespace

TEMPLATE_LIST_TEST_CASE("gated gradients against differences", "[gated][gradient]", all_units) {
  check_gradients(TestType{}.act);
}

// The loss is the sum of dy y.
TEST_CASE("gradients of biases and beta against differences", "[gated][gradient]") {
  using arrays = compiled::operand<const double>;
  for (const double beta : {1.0, 1.702, -0.5}) {
    for (const axis_shape& s :
         {axis_shape{5, 4, 3}, axis_shape{3, 6, 1}, axis_shape{2, 3, 70}, axis_shape{4, 1, 5}}) {
      const std::vector<double> gate = ordinary<double>(s.size(), 1), value = ordinary<double>(s.size(), 2),
                                dy = ordinary<double>(s.size(), 3);
      std::vector<double> b = ordinary<double>(s.axis, 4), c = ordinary<double>(s.axis, 5), y(s.size()),
                          dgate(s.size()), dvalue(s.size()), db(s.axis), dc(s.axis);
      const auto loss = [&](double with_beta) {
        compiled::gated<double>(nonlin::SwiGLU{{with_beta}}).forward(arrays(gate, b), arrays(value, c), y, s);
        double sum = 0;
        for (std::size_t k = 0; k < s.size(); ++k) sum += dy[k] * y[k];
        return sum;
      };
      const double bound = difference_bound(50 * static_cast<double>(s.size()));
      on_each_isa([&](nonlin::isa isa) {
        INFO(nonlin::to_string(isa) << ", shape " << to_string(s) << ", beta " << beta);
        double dbeta = 77;
        compiled::gated<double>(nonlin::SwiGLU{{beta}})
            .backward(arrays(gate, b), arrays(value, c), dy, {std::span<double>(dgate), db},
                      {std::span<double>(dvalue), dc}, dbeta, s);
        CHECK(std::abs(dbeta - (loss(beta + step) - loss(beta - step)) / (2 * step)) <= bound);
        for (std::vector<double>* bias : {&b, &c}) {
          for (std::size_t a = 0; a < s.axis; ++a) {
            const double before = (*bias)[a];
            (*bias)[a] = before + step;
            const double high = loss(beta);
            (*bias)[a] = before - step;
            const double low = loss(beta);
            (*bias)[a] = before;
            CHECK(std::abs((bias == &b ? db : dc)[a] - (high - low) / (2 * step)) <= bound);
          }
        }
      });
    }
  }
}
