#!/usr/bin/env python3
"""Computes the golden vectors beside it: each activation and its derivative to 40 digits.  README.md explains the files.

    golden.py            writes them
    golden.py --check    says which differ from what would be written, and fails if any does

Needs mpmath.  Every value is computed with twice the digits again and again until its 40 no longer change, so that no
cancellation, tail or root costs any.  The formulas are the definitions, not the library's.
"""
import itertools
import math
import pathlib
import re
import struct
import sys

from mpmath import mp, mpf

DIGITS = 40
LEAST = mpf(10) ** -5000  # what is smaller is written as 0 or -0: beyond 128-bit numbers

INF, NAN = math.inf, math.nan
mp.prec = 300


# ---------------------------------------------------------------- definitions, each a pair (value, derivative) of x

def sigma(x):
    return 1 / (1 + mp.exp(-x))


def sigma_slope(x):
    return sigma(x) * sigma(-x)


def identity(x):
    return x, mpf(1)


def sigmoid(x):
    return sigma(x), sigma_slope(x)


def tanh(x):
    return mp.tanh(x), 4 * sigma_slope(2 * x)


def relu(x):
    return (x, mpf(1)) if x > 0 else (mpf(0), mpf(0))


def leaky_relu(x, slope):
    return (x, mpf(1)) if x > 0 else (slope * x, slope)


def rrelu(x, lower, upper):
    return leaky_relu(x, (lower + upper) / 2)


def elu(x, alpha):
    return (x, mpf(1)) if x > 0 else (alpha * mp.expm1(x), alpha * mp.exp(x))


def selu(x):
    """lambda and alpha: E y = 0 and E y^2 = 1 for a standard normal x, solved (Klambauer et al. 2017, equation 14)."""
    a, b, e = mp.erfc(1 / mp.sqrt(2)), mp.erfc(mp.sqrt(2)), mp.e
    alpha = -mp.sqrt(2 / mp.pi) / (a * mp.sqrt(e) - 1)
    scale = (1 - a * mp.sqrt(e)) * mp.sqrt(2 * mp.pi) / mp.sqrt(
        2 * b * e ** 2 + mp.pi * a ** 2 * e - 2 * (2 + mp.pi) * a * mp.sqrt(e) + mp.pi + 2)
    y, slope = elu(x, alpha)
    return scale * y, scale * slope


def gelu(x):
    if abs(x) > 1000:  # the rest is below e^-500000
        return (x, mpf(1)) if x > 0 else (-LEAST ** 2, -LEAST ** 2)
    phi = mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)
    cdf = mp.erfc(-x / mp.sqrt(2)) / 2
    return x * cdf, cdf + x * phi


def swish_of(x, v, dv):
    """x sigma(v(x))"""
    return x * sigma(v), sigma(v) * (1 + x * dv * sigma(-v))


def gelu_tanh(x):
    c = mp.sqrt(8 / mp.pi)
    return swish_of(x, c * (x + mpf("0.044715") * x ** 3), c * (1 + mpf("0.134145") * x * x))


def silu(x):
    return swish_of(x, x, 1)


def swish(x, beta):
    return swish_of(x, beta * x, beta)


def ends(name, parameters):
    """What the limits are: {x: (value, derivative)} at the infinities."""
    if name in ("Sigmoid", "Tanh"):
        return {-INF: ("0" if name == "Sigmoid" else "-1", "0"), INF: ("1", "0")}
    if name == "Identity":
        return {-INF: ("-inf", "1"), INF: ("inf", "1")}
    if name == "ReLU":
        return {-INF: ("0", "0"), INF: ("inf", "1")}
    if name in ("LeakyReLU", "PReLU", "RReLU"):
        slope = sum(map(mpf, parameters)) / len(parameters)
        low = "-0" if slope == 0 else "-inf" if slope > 0 else "inf"
        return {-INF: (low, text(slope)), INF: ("inf", "1")}
    if name == "ELU":
        return {-INF: (text(-mpf(parameters[0])), "0"), INF: ("inf", "1")}
    if name == "SELU":
        limit = settled(lambda: -selu(mpf(0))[1])
        return {-INF: (limit, "0"), INF: ("inf", settled(lambda: selu(mpf(1))[1]))}
    if name == "Swish" and parameters[0] < 0:
        return {-INF: ("-inf", "1"), INF: ("0", "0")}
    return {-INF: ("-0", "0"), INF: ("inf", "1")}


# ---------------------------------------------------------------- where

def float_of(x):
    return struct.unpack("f", struct.pack("f", x))[0]


def beside_float(x, steps):
    """The float that is `steps` from the one nearest to x, if that is one."""
    if abs(x) > 3e38 or float_of(x) == 0:
        return x
    bits = struct.unpack("i", struct.pack("f", x))[0]
    return struct.unpack("f", struct.pack("i", bits + steps))[0]


def beside(x, steps):
    bits = struct.unpack("q", struct.pack("d", x))[0]
    return struct.unpack("d", struct.pack("q", bits + steps))[0]


# of float, of double: least and largest subnormal, least normal, spacing at 1, largest
LIMITS = [math.ldexp(1, -149), float_of(math.ldexp(1 - 2.0 ** -23, -126)), math.ldexp(1, -126), math.ldexp(1, -23),
          math.ldexp(2 - 2.0 ** -23, 127),
          math.ldexp(1, -1074), math.ldexp(1 - 2.0 ** -52, -1022), math.ldexp(1, -1022), math.ldexp(1, -52),
          math.ldexp(2 - 2.0 ** -52, 1023)]


def both_signs(numbers):
    for x in numbers:
        yield x
        yield -x


def spread(low, high, count):
    """`count` numbers with no pattern in their bits, by the golden ratio."""
    for k in range(1, count + 1):
        yield low + (high - low) * (k * 0.6180339887498949 % 1)


def places(cutoffs, roots, worst, dense):
    """Floats and doubles.  cutoffs: where a function or its tail changes, of either sign; `dense` scales the counts."""
    yield from both_signs([0.0])
    yield from both_signs(LIMITS)
    yield from both_signs(math.ldexp(1, e) for e in range(-147, 128, 11 if dense == 1 else 33))
    yield from both_signs(math.ldexp(1.5, e) for e in range(-1070, 1024, 130 if dense == 1 else 390))
    for x in both_signs([1.0, 0.5, 2.0] + cutoffs):
        for k in (-1, 0, 1):
            yield beside_float(x, k)
            yield beside(x, k)
    for x in roots:
        for k in range(-3, 4):
            yield beside_float(x, k)
            yield beside(x, k)
    yield from worst
    for low, high, count in ((-2, 2, 24), (-20, 20, 24), (-120, 60, 16)):
        yield from map(float_of, spread(low, high, int(count * dense)))
        yield from spread(low, high, int(count * dense))
    yield from spread(-800, 800, int(16 * dense))


# ---------------------------------------------------------------- the files

EXP = [17.33, 37.43, 87.34, 88.72, 103.97, 708.4, 745.13]  # where 1 + e^-x is 1, e^-x subnormal, e^-x zero
SILU = EXP + [91.857, 108.66, 714.9, 751.9]

# Inputs of the largest errors found, on any instruction set, by tests/accuracy.cpp and by the headers' sweeps of floats.
WORST = {
    "Sigmoid": """
        -0x1.0a111ap+2 -0x1.bab7bep+1 -0x1.522cd8p+1 -0x1.6275dcp+2 -0x1.e7fdd6p+3 -0x1.5fe39ep+1
        -0x1.b8b23ap+1 -0x1.8f2a86p+2 0x1.e7fdd6p+3 -0x1.c17e2a6db60bp+2 -0x1.82d41e435b1e4p-1
        -0x1.099302d5f3a5ap+2
    """,
    "Tanh": """
        -0x1.fe3fb2p-5 -0x1.00294ep-4 -0x1.fc2dd8p-8 -0x1.522cd8p+0 -0x1.6275dcp+1 -0x1.25385ep+3
        0x1.fc063p-7 0x1.fc28fap-8 0x1.b597f6p+0 -0x1.2538ccp+3 -0x1.b537ca8dd0d7p-3
        -0x1.b7e466b2b37f5p+0
    """,
    "ELU": """
        -0x1.23e4ap-2 -0x1.90731cp-2 -0x1.33673cp+5 -0x1.759866p+2 -0x1.26142p-2 -0x1.9b52fp-2
        -0x1.76d324p+2 -0x1.75a9cep+2 -0x1.b217ecce307a8p-2 -0x1.628bce27a8e83p+9
    """,
    "SELU": """
        -0x1.32eb38p-3 -0x1.36cf36p-3 -0x1.787456p+2 -0x1.760134p+2 -0x1.38a7f6p-3 -0x1.34865p-3
        -0x1.1aa3d8p+4 -0x1.c074p+4 -0x1.a383184d8946ap-1 -0x1.626cb14a7243ap+9 -0x1.6233333333331p+9
    """,
    "GELU": """
        -0x1.1fa712p-3 -0x1.1d3474p-3 -0x1.68b9ep+3 -0x1.7878dcp-1 -0x1.8a4ae2p-1 -0x1.c0b41ap+2
        -0x1.e97482p-10 0x1.f2eb6ep-16 -0x1.6ab3c8p+3 -0x1.a8746p-1 -0x1.a8cb22p-1 -0x1.c72c82p+2
        0x1.d2fa7e6f3d73p-24 -0x1.4d59256f9c084p-2 -0x1.623b8cad31ee3p+2 -0x1.c9323bcd07b3ap-1
    """,
    "GELUTanh": """
        -0x1.3a8856p+2 -0x1.3a5cep+2 -0x1.8cep+2 -0x1.1da1a6p+1 -0x1.1d27aep+1 -0x1.9bdc2ep+2
        -0x1.3aab0cp+2 -0x1.8cdc84p+2 -0x1.1d59eep+1 -0x1.1d7ac6p+1 -0x1.9bdbe6p+2
        -0x1.68d9541819d18p+3 -0x1.3e1430efbf8bap+2 -0x1.c3ab17f1ce18p+0
    """,
    "SiLU": """
        -0x1.9b8566p+1 -0x1.9ad81ep+1 -0x1.a89cf4p+1 -0x1.b032ep-1 -0x1.af7072p-1 -0x1.0a9e8ap+0
        -0x1.572ea2p+3 -0x1.9f523p+1 -0x1.ac36p+1 -0x1.c09aep-1 -0x1.1e3a1ep-1 -0x1.0bb05ep+0
        -0x1.7c2303b969b4p+2 -0x1.0049397a1e8f8p+1 -0x1.39632ae90ccafp+4
    """,
    "Swish": """
        -0x1.329eeap+3 -0x1.45661ap-2 -0x1.ad1aeep+1 -0x1.572ea2p+3 -0x1.9f523p+1 -0x1.ac36p+1
        -0x1.c09aep-1 -0x1.1e3a1ep-1 -0x1.0bb05ep+0 -0x1.7c2303b969b4p+2 -0x1.0049397a1e8f8p+1
        -0x1.39632ae90ccafp+4
    """,
    "LeakyReLU": """
        -0x1.8ed8e8p-77 -0x1.93b0b8p+66 -0x1.888a081279082p-1014
    """,
    "RReLU": """
        -0x1.02f12ap+98 -0x1.93b0b8p+66 -0x1.3a5d9cf8ad30fp-1018
    """,
}


class File:
    """definition(x, *parameters); sets: the parameters' values, the defaults first, which get the most rows."""

    def __init__(self, definition, cutoffs=(), roots=(), parameters=(), sets=((),), scaled=False):
        self.definition, self.cutoffs, self.roots = definition, list(cutoffs), list(roots)
        self.parameters, self.sets = list(parameters), [tuple(map(float, s)) for s in sets]
        self.scaled = scaled  # places are those of x times the parameter


FILES = {
    "Identity": File(identity),
    "Sigmoid": File(sigmoid, EXP),
    "Tanh": File(tanh, [9.011, 19.0615, 44.36, 52.7, 354.9, 373.2, 0.0625]),
    "ReLU": File(relu),
    "LeakyReLU": File(leaky_relu, parameters=["slope"], sets=[[s] for s in (0.01, 0.2, -0.5, 0.3, 0.017, 3, 0)]),
    "PReLU": File(leaky_relu, parameters=["slope"], sets=[[s] for s in (0.25, -0.5, 1.5, float_of(0.2), 0)]),
    "RReLU": File(rrelu, parameters=["lower", "upper"], sets=[[1 / 8, 1 / 3], [0.1, 0.3], [-0.5, 0.25]]),
    "ELU": File(elu, EXP, parameters=["alpha"], sets=[[a] for a in (1, 0.5, 2, 0.3, 0.017, 1e-3, -1)]),
    "SELU": File(selu, EXP),
    "GELU": File(gelu, [5.2, 5.543, 13.146, 14.356, 37.5, 38.5], [-0.7517915246935645]),
    "GELUTanh": File(gelu_tanh, [5.158, 7, 10.1006, 10.7709, 21.2, 21.5], [-0.752461422071016258]),
    "SiLU": File(silu, SILU, [-1.2784645427610738]),
    "Swish": File(swish, SILU, [-1.2784645427610738], ["beta"],
                  [[b] for b in (1, 1.702, 0.5, -1, 1e-3, 30, 1e-20, -1e-25, 1e-160)], scaled=True),
}


def text(value):
    if value == 0 or abs(value) < LEAST:
        return "-0" if value < 0 else "0"
    return mp.nstr(value, DIGITS, strip_zeros=True, min_fixed=-3, max_fixed=5).removesuffix(".0")


def hexfloat(x):
    return re.sub(r"\.?0*p", "p", x.hex()) if math.isfinite(x) and x != 0 else x.hex().replace("0x0.0p", "0x0p")


def settled(value):
    """The digits of value(), which is computed with more until they stay."""
    before = None
    for precision in (300 << k for k in range(8)):
        with mp.workprec(precision):
            now = text(value())
        if now == before:
            return now
        before = now
    raise ArithmeticError("the digits do not settle")


def row(name, file, parameters, x):
    if math.isnan(x):
        return "nan", "nan"
    if math.isinf(x):
        return ends(name, parameters)[x]
    forward, derivative = (settled(lambda: file.definition(mpf(x), *map(mpf, parameters))[i]) for i in (0, 1))
    # mpmath has no -0: a zero that is a product with x has its sign, or with a negative slope the other one
    if forward == "0" and name not in ("ReLU", "Sigmoid") and (x == 0 or file.definition is leaky_relu):
        slope = sum(parameters) if file.definition in (leaky_relu, rrelu) else 1
        forward = "-0" if math.copysign(1, x) * math.copysign(1, slope) < 0 else "0"
    return forward, derivative


def lines(name):
    file = FILES[name]
    yield ",".join(file.parameters + ["x", "forward", "derivative"])
    for number, parameters in enumerate(file.sets):
        scale = 1 / abs(parameters[0]) if file.scaled else 1
        dense = 1 if number == 0 else 0.34
        sign = -1 if file.scaled and parameters[0] < 0 else 1
        xs = places([c * scale for c in file.cutoffs], [sign * r * scale for r in file.roots],
                    map(float.fromhex, WORST.get(name, "").split()), dense)
        if scale != 1:
            xs = itertools.chain(xs, (x * scale for x in map(float_of, spread(-20, 20, 24))))
        seen = {repr(x): x for x in xs if math.isfinite(x)}  # repr: 0 and -0 are two
        prefix = [hexfloat(p) for p in parameters]
        for x in [NAN, -INF, INF] + sorted(seen.values(), key=lambda x: (x, math.copysign(1, x))):
            yield ",".join(prefix + [hexfloat(x), *row(name, file, parameters, x)])


def main(arguments):
    if arguments not in ([], ["--check"]):
        sys.exit(__doc__)
    folder, wrong = pathlib.Path(__file__).parent, []
    for name in FILES:
        path, content = folder / f"{name}.csv", "\n".join(lines(name)) + "\n"
        if not arguments:
            path.write_text(content)
        elif not path.exists() or path.read_text() != content:
            wrong.append(path.name)
    wrong += [p.name for p in folder.glob("*.csv") if p.stem not in FILES] if arguments else []
    if wrong:
        sys.exit("golden.py: not what it writes: " + ", ".join(sorted(wrong)))


if __name__ == "__main__":
    main(sys.argv[1:])
