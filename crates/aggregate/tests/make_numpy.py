"""Writes numpy.txt: samples and their statistics as NumPy computes them in f64, rounded to f32.

Run with NumPy 2:  python make_numpy.py > numpy.txt

One line a sample, six fields parted by '|': name | type | values | sigmas | weights | statistics. Every float is a hexadecimal
bit pattern: of an f32 or, where the type is f8, an f64; statistics are f32. A sample that both sides compute is `lcg SEED N`
instead of values, sigmas and weights (see `lcg`).
Statistics: count min max mean sigma variance q25 q50 q75 unweighted_mean std mad sum, mean and sigma weighted by the inverse
variance; then mean and sigma by the given weights, and by equal ones.
"""

import math
from fractions import Fraction

import numpy as np


def lcg(seed, n):
    """Heights near 3500 m within a millimetre or so, sigmas of 1 to 26 cm; integer arithmetic, then one rounding."""
    values, sigmas, x = [], [], seed
    for _ in range(n):
        x = (x * 1664525 + 1013904223) % 2**32
        values.append(3500.0 + (x >> 16) / 65536.0 * 0.0078125)
        sigmas.append((10 + (x >> 8 & 0xFF)) / 1024.0)
    sigmas = np.array(sigmas, "f4")
    return np.array(values, "f4"), sigmas, sigmas


def bits(array, kind="f4"):
    with np.errstate(over="ignore"):  # the variance of the widest sample is infinite in f32
        array = np.atleast_1d(np.asarray(array, kind))
    return " ".join(f"{b:0{2 * array.itemsize}x}" for b in array.view(kind.replace("f", "u")))


def variance(values):
    """The exact one, rounded once: where heights differ by nanometres, NumPy's is off by the rounding of its mean."""
    exact = [Fraction(value) for value in values.tolist()]
    mean = sum(exact) / len(exact)
    return float(sum((value - mean) ** 2 for value in exact) / len(exact))


def statistics(value, sigma, weight):
    v, s, u, n = value.astype("f8"), sigma.astype("f8"), weight.astype("f8"), len(value)
    w = 1.0 / s**2
    floats = [v.min(), v.max(), np.sum(v * w) / np.sum(w), 1 / np.sqrt(np.sum(w)), variance(v)]
    floats += list(np.quantile(v, [0.25, 0.5, 0.75]))
    floats += [np.mean(v), np.sqrt(variance(v)), np.quantile(np.abs(v - np.quantile(v, 0.5)), 0.5), math.fsum(v)]
    floats += [np.sum(u * v) / np.sum(u), np.sqrt(np.sum((u * s) ** 2)) / np.sum(u)]
    floats += [np.mean(v), np.sqrt(np.sum(s**2)) / n]
    return f"{n} {bits(floats)}"


def line(name, value, sigma, weight=None, kind="f4"):
    value, sigma = np.array(value, kind), np.array(sigma, kind)
    # Weights of the first version's samples need no random numbers of their own.
    weight = np.sqrt(sigma) if weight is None else np.array(weight, kind)
    columns = "|".join(bits(column, kind) for column in (value, sigma, weight))
    print(f"{name}|{kind}|{columns}|{statistics(value, sigma, weight)}")


def main():
    rng = np.random.default_rng(20260101)
    for n in [*range(1, 14), 16, 17, 31, 64, 65, 100]:
        line(f"heights n={n}", 3500 + rng.normal(0, 0.001, n), rng.uniform(0.005, 0.3, n))
    for n in [2, 5, 40]:
        line(f"slope n={n}", -12 + rng.normal(0, 90, n), rng.lognormal(-3, 2, n))
    line("all equal", [3499.98] * 7, rng.uniform(0.01, 1, 7))
    line("ties", np.repeat([2.5, -1.25, 7.0], [3, 4, 2]), np.full(9, 0.02))
    line("negative", -50 - rng.exponential(3, 11), rng.uniform(0.01, 0.02, 11))
    line("one dominant sigma", [100.0, 200.0, 300.0], [1e-6, 1.0, 1e3])
    line("wide range", [-3.4e38, 1e-38, 3.4e38], [1.0, 1.0, 1.0])
    line("outlier", [3500.0, 3500.001, 3499.999, 8000.0], [0.01, 0.01, 0.01, 5.0])
    for seed, n in [(1, 2000), (7, 1999), (99, 30001)]:
        print(f"lcg n={n}|f4|lcg {seed} {n}|||{statistics(*lcg(seed, n))}")
    for n in [1, 2, 3, 8, 33]:
        line(f"wide heights n={n}", 3500 + rng.normal(0, 0.001, n), rng.uniform(0.005, 0.3, n), rng.uniform(5, 90, n), "f8")
    for n in [2, 21]:
        line(f"nanometres n={n}", 3500 + rng.normal(0, 1e-9, n), rng.uniform(1e-9, 1e-8, n), rng.uniform(0.1, 9, n), "f8")
    line("wide all equal", [1234.1] * 9, rng.uniform(0.01, 1, 9), rng.uniform(1, 2, 9), "f8")
    line("both signs", rng.normal(0, 3, 50), rng.uniform(0.01, 1, 50), rng.uniform(1, 2, 50), "f8")
    line("one dominant weight", [1.1, 2.2, 3.3], [0.1, 0.2, 0.3], [1e-9, 1e9, 1.0], "f8")


main()
