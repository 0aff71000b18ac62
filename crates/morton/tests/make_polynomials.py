#!/usr/bin/env python3
"""Constants of src/kernel.rs, src/trig.rs and src/authalic.rs, derived in 50-digit arithmetic.

usage: make_polynomials.py        (needs mpmath; prints Rust constants and the error of each fit)

Nothing here is fitted to the reference vectors: the inputs are WGS84's flattening, sine, and the closed form of the
authalic latitude. The series coefficients of Karney (2022), tables A19 and A20, are compared with the Fourier
coefficients of the closed form, so a slip in copying a fraction shows.
"""
from mpmath import mp, mpf, sqrt, sin, cos, asin, atanh, pi, chebyfit, nstr, taylor

mp.dps = 50
F = 1 / mpf("298.257223563")
E2 = F * (2 - F)
E = sqrt(E2)
N = F / (2 - F)

# Karney 2022, table A19; rows k = 1..5, columns n^k, n^(k+1), .. n^6
FORWARD = [
    [(-4, 3), (-4, 45), (88, 315), (538, 4725), (20824, 467775), (-44732, 2837835)],
    [(34, 45), (8, 105), (-2482, 14175), (-37192, 467775), (-12467764, 212837625)],
    [(-1532, 2835), (-898, 14175), (54968, 467775), (100320856, 1915538625)],
    [(6007, 14175), (24496, 467775), (-5884124, 70945875)],
    [(-23356, 66825), (-839792, 19348875)],
]
# table A20
INVERSE = [
    [(4, 3), (4, 45), (-16, 35), (-2582, 14175), (60136, 467775), (28112932, 212837625)],
    [(46, 45), (152, 945), (-11966, 14175), (-21016, 51975), (251310128, 638512875)],
    [(3044, 2835), (3802, 14175), (-94388, 66825), (-8797648, 10945935)],
    [(6059, 4725), (41072, 93555), (-1472637812, 638512875)],
    [(768272, 467775), (-455935736, 638512875)],
]
TOP = 5  # highest power of e^2 kept


def times(a, b):
    out = [mpf(0)] * (TOP + 1)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            if i + j <= TOP:
                out[i + j] += x * y
    return out


def series_in_n(table):
    return [sum(mpf(a) / b * N ** (k + i) for i, (a, b) in enumerate(row)) for k, row in enumerate(table, 1)]


def series_in_e2(table):
    """The same, re-expanded in e^2 (n = (1 - sqrt(1 - e^2)) / (1 + sqrt(1 - e^2))) and cut after e^10."""
    n = taylor(lambda q: (1 - sqrt(1 - q)) / (1 + sqrt(1 - q)), 0, TOP)
    powers = [[mpf(1)] + [mpf(0)] * TOP]
    for _ in range(6):
        powers.append(times(powers[-1], n))
    out = []
    for k, row in enumerate(table, 1):
        c = [sum(mpf(a) / b * powers[k + i][j] for i, (a, b) in enumerate(row)) for j in range(TOP + 1)]
        out.append(sum(v * E2 ** j for j, v in enumerate(c)))
    return out


def authalic(phi):
    q = lambda s: (1 - E2) * (s / (1 - E2 * s * s) + atanh(E * s) / E)
    return asin(min(mpf(1), q(sin(phi)) / q(mpf(1))))


def geodetic(beta):
    phi = beta
    while True:
        step = authalic(phi) - beta
        phi -= step
        if abs(step) < mpf(10) ** -45:
            return phi


def fourier(convert, k, m=64):
    nodes = [pi / 2 * j / m for j in range(1, m)]
    return sum((convert(x) - x) * sin(2 * k * x) for x in nodes) * 2 / m


def show(name, values):
    print(f"{name}: [")
    for v in values:
        print(f"    {float(v)!r},")
    print("]")


def main():
    for name, table, convert in (("TO_AUTHALIC", FORWARD, authalic), ("TO_GEODETIC", INVERSE, geodetic)):
        f = series_in_e2(table)
        show(name + " F_1..F_5 (radians), in e^2", f)
        n = series_in_n(table)
        print("  largest distance from the series in n to n^6:", nstr(max(abs(a - b) for a, b in zip(f, n)), 3), "rad")
        print("  the latter's largest distance from the closed form's Fourier coefficients:",
              nstr(max(abs(a - fourier(convert, k)) for k, a in enumerate(n, 1)), 3), "rad")

    # sin of an angle in degrees, 0..42, as x * P(x^2)
    rad = pi / 180
    top = mpf(42) ** 2
    c, err = chebyfit(lambda u: sin(sqrt(u) * rad) / sqrt(u) if u > 0 else rad, [mpf(0), top], 6, error=True)
    show("SINE, lowest power first", c[::-1])
    print("  error over 0..42 degrees:", nstr(err * 42, 3))

    # correction authalic - geodetic, degrees, over w = (|lat| - 45) / 45: even(w^2) + w odd(w^2)
    f = series_in_e2(FORWARD)
    delta = lambda w: sum(v * sin(2 * k * (45 + 45 * w) * rad) for k, v in enumerate(f, 1)) / rad
    even, e1 = chebyfit(lambda u: (delta(sqrt(u)) + delta(-sqrt(u))) / 2, [mpf(0), mpf(1)], 8, error=True)
    tiny = mpf(10) ** -15
    part = lambda w: (delta(w) - delta(-w)) / (2 * w)
    odd, e2 = chebyfit(lambda u: part(max(sqrt(u), tiny)), [mpf(0), mpf(1)], 8, error=True)
    show("EVEN", even[::-1])
    show("ODD", odd[::-1])
    print("  errors:", nstr(e1, 3), nstr(e2, 3), "degrees")
    print("transition latitude:", repr(float(asin(mpf(2) / 3) / rad)), " sqrt(6)/2:", repr(float(sqrt(mpf(6)) / 2)))
    # pi/2 in three parts for the argument reduction: 33 bits, 33 bits, the rest
    p = pi / 2
    hi = mp.floor(p * 2 ** 32) / mpf(2) ** 32
    mid = mp.floor((p - hi) * mpf(2) ** 66) / mpf(2) ** 66
    print("pi/2:", repr(float(hi)), repr(float(mid)), repr(float(p - hi - mid)))
    # 1/n! as head and tail
    for n in range(3, 8):
        v = 1 / mp.factorial(n)
        print(f"1/{n}!: {float(v)!r} + {float(v - mpf(float(v)))!r}")


if __name__ == "__main__":
    main()
