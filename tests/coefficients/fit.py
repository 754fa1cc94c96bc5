#!/usr/bin/env python3
"""Computes the polynomial coefficients and constants of the library, and the table of tanh, and prints them as C++.

    fit.py              all jobs
    fit.py exp32 ...    only these jobs (a name ending in 32 is for float, in 64 for double)

Needs mpmath, numpy (for the table of tanh) and the program sollya, whose fpminimax finds the best coefficients
that are themselves floats or doubles.  All errors are relative.  For every polynomial the output says
  fit        largest error of the polynomial with its rounded coefficients in exact arithmetic,
  function   largest error in ULP, over some thousand points, of the whole expression evaluated with FMA,
             including the computation of the polynomial's variable.
The tables for AVX-512 are made by tables.py, with functions from here.
"""
import subprocess
import sys

import mpmath as mp
import numpy as np
from mpmath.libmp import mpf_pos

mp.mp.prec = 500
mpf = mp.mpf
BITS = {32: 24, 64: 53}
TYPE = {32: 'float', 64: 'double'}
SOLLYA_FORMAT = {32: 'SG', 64: 'D'}


# ---------------------------------------------------------------- rounding and printing

def rounded(x, bits):
    """x rounded to nearest with that many significant bits."""
    return mp.make_mpf(mpf_pos(mpf(x)._mpf_, bits, 'n'))


def rounding(size):
    return lambda x: rounded(x, BITS[size])


def split(x, size, hi_bits=None):
    """x = hi + lo; hi has hi_bits significant bits (default: all of the format)."""
    hi = rounded(x, hi_bits or BITS[size])
    return hi, rounded(x - hi, BITS[size])


def log2(x):
    return float(mp.log(x, 2)) if x else float('-inf')


def hexfloat(x, size):
    mantissa, exponent = float(x).hex().split('p')
    if '.' in mantissa:
        mantissa = mantissa.rstrip('0').rstrip('.')
    return mantissa + 'p' + exponent + ('f' if size == 32 else '')


def print_coefficients(name, poly, size):
    """From the constant term upwards."""
    per_line = {32: 5, 64: 4}[size]
    texts = [hexfloat(c, size) for c in poly]
    lines = [', '.join(texts[i:i + per_line]) for i in range(0, len(texts), per_line)]
    print(f'  static constexpr {TYPE[size]} {name}[] = {{\n      ' + ',\n      '.join(lines) + '};', flush=True)


def print_split(name, x, size, hi_bits=None):
    hi, lo = split(x, size, hi_bits)
    print(f'// {name}: hi = {hexfloat(hi, size)}, lo = {hexfloat(lo, size)}, '
          f'hi + lo off by 2^{log2(abs((hi + lo) / x - 1)):.1f}')


# ---------------------------------------------------------------- fitting

def points(lo, hi, n):
    """n points, denser at the ends (extrema of a Chebyshev polynomial)."""
    return [(lo + hi) / 2 - (hi - lo) / 2 * mp.cos(mp.pi * i / (n - 1)) for i in range(n)]


def evaluate(poly, x):
    return mp.polyval(poly[::-1], x)


def interpolate(f, lo, hi, n):
    """A polynomial of n terms that is f for all our purposes: what sollya sees, so that f may be anything."""
    x = [(lo + hi) / 2 + (hi - lo) / 2 * mp.cos(mp.pi * (2 * i + 1) / (2 * n)) for i in range(n)]
    d = [f(v) for v in x]
    for k in range(1, n):
        for i in range(n - 1, k - 1, -1):
            d[i] = (d[i] - d[i - 1]) / (x[i] - x[i - k])
    poly = [d[-1]]
    for k in range(n - 2, -1, -1):
        poly = [d[k] - x[k] * poly[0]] + [p - x[k] * q for p, q in zip(poly, poly[1:] + [mpf(0)])]
    return poly


def exact_hexfloat(text):
    """The value of a hexadecimal number of sollya, which may have more digits than a double."""
    mantissa, _, exponent = text.partition('p')
    whole, _, digits = mantissa.partition('.')
    return mpf(int(whole + digits, 16)) * mpf(2) ** (int(exponent or 0) - 4 * len(digits))


def fpminimax(f, fixed, powers, size, lo, hi):
    """Coefficients of fixed + p, p the minimax polynomial with these powers; None if sollya does not find it."""
    exact = lambda x: mp.nstr(x, 140)
    horner = lambda p: 'horner(0' + ''.join(f'+({exact(c)})*x^{i}' for i, c in enumerate(p)) + ')'
    function = f if isinstance(f, str) else horner(f)
    program = f'''prec = {165 if isinstance(f, str) else 400}!; display = hexadecimal!; verbosity = 0!;
        p = fpminimax({function}, [|{','.join(map(str, powers))}|], [|{SOLLYA_FORMAT[size]}...|],
                      [{exact(lo)}; {exact(hi)}], floating, relative, {horner(fixed)});
        for i from 0 to {powers[-1]} do print(coeff(p, i)); quit;'''
    try:
        out = subprocess.run(['sollya'], input=program, capture_output=True, text=True, timeout=60).stdout.split()
        return [exact_hexfloat(c) for c in out]
    except (subprocess.TimeoutExpired, ValueError):
        return None


def fit_error(f, poly, lo, hi):
    with mp.workprec(250):
        return max(abs(evaluate(poly, x) / evaluate(f, x) - 1) for x in points(lo, hi, 400))


def fit(name, f, degree, size, lo, hi, fixed=(), first=0, formula=None):
    """Coefficients of fixed + c_first x^first + ...; f also as a formula if fixed terms make it necessary.

    Without fixed terms also tries f moved so that its value at 0 is a float, which sometimes helps fpminimax."""
    candidates = []
    for g in [formula] if formula else [f] if fixed else [f, [rounded(f[0], BITS[size])] + f[1:]]:
        poly = fpminimax(g, fixed, range(first, degree + 1), size, lo, hi)
        if poly:
            candidates.append((fit_error(f, poly, lo, hi), poly))
    error, poly = min(candidates)
    print(f'// {name}: degree {degree}, fit 2^{log2(error):.2f}', flush=True)
    return poly


def horner(poly, x, size):
    s = poly[-1]
    for c in poly[-2::-1]:
        s = rounded(s * x + c, BITS[size])
    return s


def simulate(name, compute, exact, lo, hi, size):
    """Prints the largest error of compute(x) over 4000 floats or 3000 doubles x."""
    worst = (0, 0)
    with mp.workprec(200):
        for x in points(lo, hi, {32: 4000, 64: 3000}[size]):
            x = rounded(x, BITS[size])
            if x != 0:
                y = exact(x)
                ulp = mpf(2) ** (mp.frexp(y)[1] - BITS[size])
                worst = max(worst, (abs(compute(x) - y) / ulp, x))
    print(f'// function {name}: worst {float(worst[0]):.3f} ulp at {float(worst[1]):.6g}', flush=True)


# ---------------------------------------------------------------- exp and expm1

def job_exp(size):
    """expm1(r) = r + r^2 p(r) for |r| <= 1.003 ln2/2, p(0) = 1/2; exp(r) = 1 + expm1(r)."""
    r_ = rounding(size)
    hi = mp.log(2) / 2 * mpf('1.003')
    degree = {32: 6, 64: 12}[size]
    f = interpolate(lambda r: mp.expm1(r) / r, -hi, hi, 40)
    poly = fit('expm1(r) / r', f, degree - 1, size, -hi, hi, [mpf(1), mpf('0.5')], 2, 'expm1(x) / x')
    p = poly[1:]
    expm1 = lambda r: r_(r_(r * r) * horner(p, r, size) + r)
    simulate('expm1', expm1, mp.expm1, -hi, hi, size)
    simulate('exp', lambda r: r_(1 + expm1(r)), mp.exp, -hi, hi, size)
    print_coefficients('expm1_p', p, size)


def job_exp_table(size, entries=16):
    """exp(x) = 2^m 2^(k/entries) (1 + expm1(r)), expm1(r) = r + r^2 (c[0] + c[1] r + ...) for |r| <= 1.01 ln2 / 2 / entries."""
    hi = mp.log(2) / (2 * entries) * mpf('1.01')
    degree = {32: 3, 64: 6}[size]
    c = fpminimax('exp(x)', [mpf(1), mpf(1)], range(2, degree + 1), size, -hi, hi)[2:]
    print(f'// fit of exp(r) 2^{log2(max(abs(evaluate([mpf(1), mpf(1)] + c, r) / mp.exp(r) - 1) for r in points(-hi, hi, 400))):.2f}')
    print_coefficients('c', c, size)
    if size == 64:  # for expm1, relatively
        f = interpolate(lambda r: mp.expm1(r) / r, -hi, hi, 30)
        print_coefficients('expm1_c', fit('expm1(r) / r', f, 6, size, -hi, hi, [mpf(1)], 1, 'expm1(x) / x')[1:], size)
    powers = [mpf(2) ** (mpf(k) / entries) for k in range(entries)]
    stored = [rounded(p, BITS[size]) for p in powers]
    print_coefficients('power', stored, size)
    if size == 64:  # 2^(k/16) = power (1 + rest)
        print_coefficients('rest', [rounded(p / s - 1, 24) for p, s in zip(powers, stored)], size)


# ---------------------------------------------------------------- erf

def job_erf(size):
    """erf(z) = z + z T(z^2) for 0 <= z <= 1."""
    r_ = rounding(size)
    lo, hi = mpf(0), mpf(1)
    f = interpolate(lambda u: mp.erf(mp.sqrt(u)) / mp.sqrt(u), lo, hi, 34)
    t = fit('1 + T', f, {32: 6, 64: 11}[size], size, lo, hi, [mpf(1)])
    t[0] -= 1
    simulate('erf', lambda z: r_(z * horner(t, r_(z * z), size) + z), mp.erf, lo, hi, size)
    print_coefficients('erf_t', t, size)


# ---------------------------------------------------------------- erfcx, Mills' ratio, the derivative of GELU

# All are polynomials in q = (z - a) / (z + a), which maps z = 0 ... infinity to q = -1 ... 1.  At q = 0 the error is
# that of rounding the first coefficient; each a below was chosen to make this small as well.

def fit_in_q(name, fitted, a, end, degree, size):
    """The polynomial of fitted(z) for 0 <= z <= end, and how it is evaluated, as a function of z."""
    r_ = rounding(size)
    lo, hi = mpf(-1), (end - a) / (end + a)
    f = interpolate(lambda q: fitted(a * (1 + q) / (1 - q)), lo, hi, {32: 50, 64: 85}[size])
    print(f'// {name}: a = {mp.nstr(a, 10)}, rounding of the first coefficient 2^{log2(abs(r_(f[0]) / f[0] - 1)):.2f}')
    poly = fit(name, f, degree, size, lo, hi)
    return poly, lambda z: horner(poly, r_(r_(z - a) / r_(z + a)), size)


def erfcx(z):
    return mp.exp(z * z) * mp.erfc(z)


def job_erfcx(size):
    """P(q) = (z + a) erfcx(z)."""
    r_ = rounding(size)
    a, end, degree = {32: (mpf(2), mpf('10.4'), 10), 64: (mpf('3.25'), mpf(28), 22)}[size]
    poly, p = fit_in_q('erfcx_p', lambda z: (z + a) * erfcx(z), a, end, degree, size)
    simulate('erfcx', lambda z: r_(p(z) / r_(z + a)), erfcx, 0, end, size)
    print_coefficients('erfcx_p', poly, size)


def mills(t):
    """M(t): the tail of the normal distribution, Phi(-t), is exp(-t^2 / 2) M(t)."""
    return erfcx(t / mp.sqrt(2)) / 2


def job_mills(size):
    """P(q) = (t + a) M(t)."""
    r_ = rounding(size)
    a, end, degree = {32: (mpf('2.25'), mpf(15), 10), 64: (mpf('3.5'), mpf('39.5'), 23)}[size]
    poly, p = fit_in_q('mills_p', lambda t: (t + a) * mills(t), a, end, degree, size)
    simulate('mills', lambda t: r_(p(t) / r_(t + a)), mills, 0, end, size)
    print_coefficients('mills_p', poly, size)
    if size == 64:  # -(log M)' / u, u = 1 - q = 2a / (t + a), as the line in u through t = 0 and 3a
        change = lambda t: -mp.diff(lambda s: mp.log(mills(s)), t) * (t + a) / (2 * a)
        slope = (change(0) - change(3 * a)) / mpf('1.5')
        print_coefficients('mills_change', [rounded(change(0) - 2 * slope, 12), rounded(slope, 12)], size)


def slope(t):
    """K(t): the derivative of GELU at -t is exp(-t^2 / 2) K(t)."""
    return mills(t) - t / mp.sqrt(2 * mp.pi)


SLOPE_ROOT = mp.findroot(slope, mpf('0.7517915246935645'))


def job_gelu_slope(size):
    """H(q) = K(t) / (t0 - t), t0 the root of K."""
    r_ = rounding(size)
    a, end, degree = {32: (mpf('2.75'), mpf(15), 8), 64: (mpf(4), mpf('39.5'), 20)}[size]
    root_hi, root_lo = split(SLOPE_ROOT, size)
    poly, p = fit_in_q('slope_h', lambda t: slope(t) / (SLOPE_ROOT - t), a, end, degree, size)
    simulate('slope', lambda t: r_(r_(r_(root_hi - t) * p(t)) + r_(root_lo * p(t))), slope, 0, end, size)
    rest = rounded((SLOPE_ROOT - root_hi) * mp.exp(-SLOPE_ROOT ** 2 / 2), BITS[size])
    print(f'// slope_root = {hexfloat(root_hi, size)}, slope_root_rest = {hexfloat(rest, size)}')
    print_coefficients('slope_h', poly, size)


def rational(f, weight, m, n, lo, hi):
    """P / Q of degrees m and n, Q(0) = 1, whose largest error over weight is least (Remez, points dense near 0)."""
    place = lambda i, last: 3 / (1 - (mpf(i) / last * (hi / (hi + 3) - lo / (lo + 3)) + lo / (lo + 3))) - 3
    grid = [place(i, 600) for i in range(601)]
    count = m + n + 2
    x = [place((1 - mp.cos(mp.pi * i / (count - 1))) / 2, 1) for i in range(count)]
    error, q = mpf(0), [mpf(1)] + [mpf(0)] * n
    for _ in range(30):
        for _ in range(12):  # f + (-1)^i error weight, times Q, is linear but for error's own share
            a, b = mp.matrix(count, count), mp.matrix(count, 1)
            for i, v in enumerate(x):
                bent = f(v) + (-1) ** i * error * weight(v)
                for j in range(m + 1):
                    a[i, j] = v ** j
                for j in range(1, n + 1):
                    a[i, m + j] = -bent * v ** j
                a[i, count - 1] = -(-1) ** i * weight(v) * evaluate(q, v)
                b[i] = bent
            solved = mp.lu_solve(a, b)
            p, q = list(solved[:m + 1]), [mpf(1)] + list(solved[m + 1:count - 1])
            error += solved[count - 1]
            if abs(solved[count - 1]) < abs(error) * mpf(10) ** -8:
                break
        errors = [(evaluate(p, v) / evaluate(q, v) - f(v)) / weight(v) for v in grid]
        peaks = [0]  # of each stretch of one sign
        for i, e in enumerate(errors):
            if (e > 0) != (errors[peaks[-1]] > 0):
                peaks.append(i)
            elif abs(e) > abs(errors[peaks[-1]]):
                peaks[-1] = i
        largest = max(abs(e) for e in errors)
        if len(peaks) < count:
            raise ValueError('too few extrema')
        while len(peaks) > count:
            peaks.pop(0 if abs(errors[peaks[0]]) < abs(errors[peaks[-1]]) else -1)
        x = [grid[i] for i in peaks]
        if largest < abs(error) * mpf('1.01'):
            break
    print(f'// degrees {m} and {n}, fit 2^{log2(largest):.2f}')
    return p, q


def by_its_numerator(p, q, error, first):
    """(P, R, k) of s p / s q = P / (k t P + R), floats, of the s in first ... first + 0.2 for which error(P, R, k) is least."""
    k = rounded(q[-1] / p[-1], 24)
    tried = []
    for i in range(100):
        s = first + mpf(i) / 500
        upper = [rounded(c * s, 24) for c in p]
        rest = [rounded(q[j] * s - (k * upper[j - 1] if j else 0), 24) for j in range(len(p))]
        tried.append((error(upper, rest, k), upper, rest))
    least, upper, rest = min(tried, key=lambda t: t[0])
    print(f'// with rounded coefficients 2^{log2(least):.2f}')
    return upper, rest, k


def job_gelu_quotient32():
    """For instruction sets with fma and without tables, 0 <= t <= 14.7: M(t) = P / (k t P + R), where what P lacks hardly counts once t is
    large; H(t) = K(t) / (t0 - t) = h0 + t S / (k t S + R), where it hardly counts while t is small either.  Times 2^-31, which the power
    of two that they are multiplied with has too much."""
    up, end = mpf(2) ** 31, mpf('14.7')
    with mp.workprec(120):
        sample = [end * (mpf(i) / 200) ** 2 + mpf(10) ** -9 for i in range(201)]
        exact = [mills(t) for t in sample]
        p, q = rational(mills, mills, 4, 5, mpf(0), end)

        def off(upper, rest, k):
            value = lambda t: evaluate(upper, t) / (k * t * evaluate(upper, t) + evaluate(rest, t))
            return max(abs(value(t) / m - 1) for t, m in zip(sample, exact))
        upper, rest, k = by_its_numerator(p, q, off, mpf('1.4'))
        print_coefficients('quotient_p', upper, 32)
        print(f'  static constexpr float quotient_k = {hexfloat(k * up, 32)};')
        print_coefficients('quotient_r', [c * up for c in rest], 32)

        smooth = lambda t: slope(t) / (SLOPE_ROOT - t)
        exact = [smooth(t) for t in sample]
        h0 = rounded(mpf('0.5') / SLOPE_ROOT, 24)
        p, q = rational(lambda t: (smooth(t) - h0) / t, lambda t: smooth(t) / t, 3, 4, mpf('0.01'), end)

        def off(upper, rest, k):
            value = lambda t: h0 + t * evaluate(upper, t) / (k * t * evaluate(upper, t) + evaluate(rest, t))
            return max(abs(value(t) / h - 1) for t, h in zip(sample, exact))
        upper, rest, k = by_its_numerator(p, q, off, mpf('1.2'))
        print(f'  static constexpr float slope_root_lo = {hexfloat(split(SLOPE_ROOT, 32)[1], 32)};')
        print(f'  static constexpr float slope_h0 = {hexfloat(h0 / up, 32)}, slope_k = {hexfloat(k * up, 32)};')
        print_coefficients('slope_s', upper, 32)
        print_coefficients('slope_r', [c * up for c in rest], 32)


def job_gelu_far32():
    """Beyond the tables of tables.py: t M(t) and K(t), by polynomials in t - middle, without a division."""
    for name, f, lo, hi, degree in (('far_p', lambda t: t * mills(t), mpf('7.49'), mpf('14.7'), 8),
                                    ('slope_far_p', slope, mpf('5.22'), mpf('14.7'), 9)):
        middle = rounded((lo + hi) / 2, 10)
        g = interpolate(lambda d: f(middle + d), lo - middle, hi - middle, 40)
        poly = fit(name, g, degree, 32, lo - middle, hi - middle)
        simulate(name, lambda t: horner(poly, rounded(t - middle, 24), 32), f, lo, hi, 32)
        print(f'  static constexpr float {name.replace("_p", "_middle")} = {hexfloat(middle, 32)};')
        print_coefficients(name, poly, 32)


# ---------------------------------------------------------------- constants

def print_constant(name, x):
    print(f'\n// {name} = {mp.nstr(x, 45)}')
    for size in (32, 64):
        print_split(TYPE[size], x, size)


def find_silu_root():
    """t0 of SiLU's slope, which is zero at -t0: e^-t0 = t0 - 1."""
    return mp.findroot(lambda t: 1 + mp.exp(-t) - t, mpf('1.278'))


def job_silu_root8():
    """The float t0 less 1 is a float too, and e^-(t0 + low); its multiples by 2^(k/8)."""
    root = rounded(find_silu_root(), 24)
    power = rounded(root - 1, 24)
    print(f'  static constexpr float low = {hexfloat(rounded(-mp.log(power) - root, 24), 32)};')
    print_coefficients('power', [rounded(power * mpf(2) ** (mpf(k) / 8), 24) for k in range(8)], 32)
    # expm1(r) / r = 1 + r / 2 + c3 r^2 + c4 r^3, its next term by Chebyshev's polynomial of degree 3
    reach = mpf('0.0437')
    print(f'  static constexpr float c3 = {hexfloat(rounded(mpf(1) / 6 + reach ** 2 / 160, 24), 32)}, c4 = '
          f'{hexfloat(rounded(mpf(1) / 24, 24), 32)};')


def job_constants():
    """Constants of the library to 45 digits, and as sums of two floats or doubles."""
    k, c = 2 * mp.sqrt(2 / mp.pi), mpf('0.044715')
    v = lambda t: k * (t + c * t ** 3)
    silu_root = find_silu_root()
    tanh_root = mp.findroot(lambda t: 1 + mp.exp(-v(t)) - k * t * (1 + 3 * c * t * t), mpf('0.7525'))
    print_constant('ln 2', mp.log(2))
    print_split('float, n * hi exact for |n| < 4096', mp.log(2), 32, 12)
    print_split('double, n * hi exact for |n| < 8192', mp.log(2), 64, 40)
    print_constant('log2 e', 1 / mp.log(2))
    print_constant('sqrt(1/2)', mp.sqrt(mpf('0.5')))
    print_constant('1 / sqrt(2 pi)', 1 / mp.sqrt(2 * mp.pi))
    print_constant('2 sqrt(2 / pi)', k)
    print_constant('2 sqrt(2 / pi) * 0.044715', k * c)
    print_split('float, (2 sqrt(2 / pi) + b x^2) - hi exact for |x| <= 11', k, 32, 15)
    print_constant('root t0 of the derivative of GELU at -t', SLOPE_ROOT)
    print_constant('root t1 of the derivative of SiLU at -t', silu_root)
    print_constant('exp(-t1)', mp.exp(-silu_root))
    print_constant('root t2 of the derivative of GELU (tanh form) at -t', tanh_root)
    print_constant('v(t2) = 2 sqrt(2 / pi) (t2 + 0.044715 t2^3)', v(tanh_root))
    print_constant('exp(-v(t2))', mp.exp(-v(tanh_root)))


# ---------------------------------------------------------------- piecewise polynomials for float

def to_float(x):
    return np.float32(float(x))


def nearly_float(f, candidates):
    """(x, f(x) rounded) for the x whose f(x) is nearest to a float."""
    def error(x):
        y = f(mpf(float(x)))
        return abs(mpf(float(to_float(y))) / y - 1) if y else 0
    x = min(candidates, key=error) if len(candidates) > 1 else candidates[0]
    return x, to_float(f(mpf(float(x))))


def least_maximum(x, y, weight, powers, steps):
    """Coefficients of these powers of x: least squares, reweighted (Lawson) towards the smallest maximum."""
    a = np.stack([x ** p for p in powers], 1) * weight[:, None]
    b = y * weight
    scale = np.abs(a).max(0) + 1e-300
    a = a / scale
    best = (np.abs(b).max(), np.zeros(len(powers)))
    w = np.ones(len(x)) / len(x)
    for _ in range(steps):
        s = np.sqrt(w)
        c = np.linalg.lstsq(a * s[:, None], b * s, rcond=None)[0]
        e = np.abs(a @ c - b)
        if e.max() < best[0]:
            best = (e.max(), c / scale)
        w = w * (e + 1e-18)
        w = w / w.sum() + 1e-12
    return best[1]


def piece(f, lo, hi, degree, centres, known=(), n=80, steps=30):
    """A polynomial in x - centre for lo <= x <= hi: (fit error, [centre, c0, c1, ...]).

    The centre is the one of these where f is nearest to a float, c0 this float; known are c1, ... if not fitted."""
    centre, c0 = nearly_float(f, centres)
    x = (lo + hi) / 2 + (hi - lo) / 2 * np.cos((np.arange(n) + .5) / n * np.pi)
    exact = [f(mpf(float(v))) for v in x]
    weight = np.array([float(abs(1 / v)) for v in exact])
    rest = np.array([float(v - mpf(float(c0))) for v in exact])
    x = x - float(centre)
    row = [centre, c0]
    for p in range(1, degree + 1):  # round one coefficient, fit the others again
        if p <= len(known):
            c = known[p - 1]
        else:
            c = to_float(least_maximum(x, rest, weight, range(p, degree + 1), steps)[0])
        row.append(c)
        rest = rest - float(c) * x ** p
    return np.abs(rest * weight).max(), row


def job_tanh32():
    """tanh(t) for 0 <= t <= 9.4: 32 intervals, degree 4 around a centre x whose tanh is nearly a float (c0).

    Interval k = 8 o + j holds 1 + 15/9.4 t = 2^o (1 + j/8) ... 2^o (1 + (j + 1)/8); its place in the table is
    bits(1 + 15/9.4 t) >> 20 & 31 = (k + 24) % 32.  Around 0: x = c0 = 0, c1 = 1."""
    degree, end = 4, 9.4
    edge = lambda k: (2 ** (k // 8) * (1 + k % 8 / 8) - 1) / (15 / end)
    table, errors = [None] * 32, []
    with mp.workprec(120):
        for k in range(32):
            lo, hi = edge(k), min(edge(k + 1), end)
            centres = [to_float((lo + hi) / 2 + (hi - lo) * i / 8000) for i in range(400)] if k else [to_float(0)]
            known = [] if k else [to_float(1)]
            error, table[(k + 24) % 32] = piece(mp.tanh, lo, hi, degree, centres, known, 120, 25)
            errors.append(error)
    print(f'// tanh32: degree {degree}, fit 2^{log2(max(errors)):.2f}')
    for i, name in enumerate(['x'] + [f'c{p}' for p in range(degree + 1)]):
        print(f'inline constexpr float tanh_{name}[32] = {{')
        for r in range(0, 32, 4):
            print('    ' + ' '.join(hexfloat(row[i], 32) + ',' for row in table[r:r + 4]))
        print('};')


# ---------------------------------------------------------------- command line

JOBS = {'exp_table8': lambda: job_exp_table(32, 8), 'constants': job_constants, 'silu_root8': job_silu_root8, 'tanh32': job_tanh32,
        'gelu_far32': job_gelu_far32, 'gelu_quotient32': job_gelu_quotient32}
for size_ in (32, 64):
    for job_ in (job_exp, job_exp_table, job_erf, job_erfcx, job_mills, job_gelu_slope):
        JOBS[job_.__name__[4:] + str(size_)] = lambda job_=job_, size_=size_: job_(size_)

if __name__ == '__main__':
    for job_name in sys.argv[1:] or JOBS:
        print(f'\n// ---- {job_name}')
        JOBS[job_name]()
