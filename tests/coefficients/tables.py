#!/usr/bin/env python3
"""Computes include/nonlin/math/tables.inl: polynomials of 32 intervals each, for vector registers that hold 32 floats.

    tables.py                 prints the file; the fit errors go to stderr
    tables.py --check FILE    says which tables of this file differ from what would be printed

Needs mpmath and numpy.  In every interval a polynomial in d = x - centre, of the smallest largest relative error;
its coefficients are rounded to float one by one, from the constant term upwards, those above fitted again each time.
The centre is a float near the middle where the function is nearly a float, so that the constant term costs no error.
Where the centres have to be exact multiples the constant term is the function there, rounded.  A root of the function
is itself a centre, because the error is relative.
"""
import re
import statistics
import sys

import mpmath as mp

from fit import hexfloat, log2, mpf, piece, to_float

mp.mp.prec = 120


# ---------------------------------------------------------------- functions

def sigmoid(x):
    return 1 / (1 + mp.exp(-x))


def sigmoid_slope(x):
    return sigmoid(x) * sigmoid(-x)


def tanh_slope(x):
    return 1 / mp.cosh(x) ** 2


def silu_slope(t):
    """The slope of SiLU at -t."""
    return sigmoid(-t) * (1 - t * sigmoid(t))


def normal_tail(t):
    """Phi(-t) of the normal distribution."""
    return mp.erfc(t / mp.sqrt(2)) / 2


def gelu(t):
    """-GELU(-t)"""
    return t * normal_tail(t)


def gelu_slope(t):
    """The slope of GELU at -t."""
    return normal_tail(t) - t * mp.exp(-t * t / 2) / mp.sqrt(2 * mp.pi)


def v(t):
    """GELUTanh(x) = x sigmoid(v(x))"""
    return 2 * mp.sqrt(2 / mp.pi) * (t + mpf('0.044715') * t ** 3)


def gelu_tanh(t):
    """-GELUTanh(-t)"""
    return t * sigmoid(-v(t))


def gelu_tanh_slope(t):
    """The slope of GELUTanh at -t."""
    slope_of_v = 2 * mp.sqrt(2 / mp.pi) * (1 + 3 * mpf('0.044715') * t ** 2)
    return sigmoid(-v(t)) * (1 - t * slope_of_v * sigmoid(v(t)))


SILU_ROOT = float(mp.findroot(silu_slope, 1.278))
GELU_ROOT = float(mp.findroot(gelu_slope, 0.752))
GELU_TANH_ROOT = float(mp.findroot(gelu_tanh_slope, 0.7525))


# ---------------------------------------------------------------- intervals

# One (lowest, highest, middle) for each of the 32 slots.

def even(step, half=.5):
    """Around 0, step ... 31 step, from 0 on."""
    return [(max(0, step * (k - half)), step * (k + half), step * k) for k in range(32)]


class Quadratic:
    """slot = round(s t^2 + sa t), 0 <= t <= end, sa being s a: intervals that narrow as fast as a Gaussian falls."""

    TOP = 31.49  # s t^2 + sa t at the end
    SLACK = 1e-5  # of the intervals, since s t^2 + sa t is rounded

    def __init__(self, a, end):
        s = self.TOP / (end * (end + a))
        self.s, self.sa, self.end = [float(to_float(x)) for x in (s, a * s, end)]
        inverse = lambda y: (-self.sa + (self.sa ** 2 + 4 * self.s * y) ** .5) / (2 * self.s)
        edges = [0] + [min(inverse(k + .5), end) for k in range(32)]
        self.intervals = [(max(0, lo - self.SLACK), hi + self.SLACK, (lo + hi) / 2) for lo, hi in zip(edges, edges[1:])]

    @classmethod
    def through(cls, root, slot, a):
        """The one with s root^2 + sa root = slot, an integer."""
        return cls(a, (-a + (a * a + 4 * cls.TOP * root * (root + a) / slot) ** .5) / 2)


# ---------------------------------------------------------------- tables

def array(name, rows):
    """C++ text; one row makes an array of one dimension."""
    number = lambda x: hexfloat(x, 32) if x else '0'
    braced = lambda row: '{\n' + ',\n'.join(
        '     ' + ', '.join(map(number, row[i:i + 8])) for i in range(0, 32, 8)) + '}'
    if len(rows) == 1:
        return f'  alignas(64) static constexpr float {name}[32] = {braced(rows[0])};\n'
    return f'  alignas(64) static constexpr float {name}[{len(rows)}][32] = {{\n    ' + ',\n    '.join(map(braced, rows)) + '};\n'


def table(about, f, degree, intervals, root=None, exact_centres=False, constants={}):
    """C++ text of the table for f."""
    errors, pieces = [], []
    for lo, hi, middle in intervals:
        if root is not None and lo <= root <= hi:
            centres = [root]
        elif exact_centres:
            centres = [middle]
        else:
            centres = [middle + (hi - lo) * i / 8000 for i in range(-200, 200)]
        error, polynomial = piece(f, lo, hi, degree, [to_float(x) for x in centres])
        errors.append(error)
        pieces.append(polynomial)
    print(f'{f.__name__}: degree {degree}, fit 2^{log2(max(errors)):.2f}, '
          f'in the median interval 2^{log2(statistics.median(errors)):.2f}', file=sys.stderr)
    x, *c = zip(*pieces)
    return (f'// {about}\nstruct {f.__name__}_table {{\n' +
            ('' if exact_centres else array('x', [x])) + array('c', c) +
            ''.join(f'  static constexpr float {name} = {hexfloat(x, 32)};\n' for name, x in constants.items()) +
            '};\n')


def quadratic_table(about, f, degree, slots, root):
    return table(about + '; slot = round(s t^2 + sa t)', f, degree, slots.intervals, root,
                 constants={'s': slots.s, 'sa': slots.sa, 'end': slots.end})


def tables():
    yield '''// SPDX-License-Identifier: Apache-2.0
// Made by tests/coefficients/tables.py: polynomials of 32 intervals each, c[k][slot] being the coefficient of d^k, d = x - centre.
// Where centres are listed (x), they are such that the function there is nearly a float, so that c[0] costs no error.
'''
    yield table('slope of 1 / (1 + e^-x) for x >= 0, centres 0, 1/2 .. 15.5', sigmoid_slope, 5, even(1 / 2), exact_centres=True)
    yield table('1 / cosh^2 x for x >= 0, centres near 0, 1/4 .. 7.75', tanh_slope, 5, even(1 / 4))

    s = float(to_float(3 / SILU_ROOT))
    yield table('slope of x sigmoid(x) at -t for t >= 0, a centre on its root; slot = round(s t)', silu_slope, 5,
                even(1 / s, half=.501), SILU_ROOT, constants={'s': s})

    yield quadratic_table('t Phi(-t) for 0 <= t <= end', gelu, 6, Quadratic(3, 7.5), root=0)
    yield quadratic_table('Phi(-t) - t phi(t) for 0 <= t <= end, a centre on its root', gelu_slope, 6,
                          Quadratic.through(GELU_ROOT, 2, a=8), GELU_ROOT)
    yield quadratic_table('t sigmoid(-v(t)) for 0 <= t <= end, v the argument of GELUTanh', gelu_tanh, 6,
                          Quadratic(3, 6.2), root=0)
    yield quadratic_table('slope of x sigmoid(v(x)) at -t for 0 <= t <= end, a centre on its root', gelu_tanh_slope, 6,
                          Quadratic.through(round(GELU_TANH_ROOT, 7), 2, a=6), GELU_TANH_ROOT)


def text():
    return ''.join(part + '\n' for part in tables())


def check(path):
    """Whether the file is what would be printed."""
    with open(path) as file:
        there, here = file.read(), text()
    if there == here:
        print(path, 'is as computed')
        return True
    structs = lambda text: dict(re.findall(r'^struct (\w+) {\n(.*?)^};', text, re.M | re.S))
    there, here = structs(there), structs(here)
    for name in there.keys() | here.keys():
        a, b = there.get(name, '').split(), here.get(name, '').split()
        if len(a) != len(b):
            print(f'{name}: of different shape')
        elif a != b:
            print(f'{name}: {sum(x != y for x, y in zip(a, b))} numbers differ')
    print(path, 'differs')
    return False


if __name__ == '__main__':
    if sys.argv[1:2] == ['--check']:
        sys.exit(not check(sys.argv[2]))
    print(text(), end='')
