"""Writes numpy.txt: samples and their nine statistics as NumPy computes them in f64, rounded to f32.

Run with NumPy 2:  python make_numpy.py > numpy.txt

One line a sample, four fields parted by '|': name | values | sigmas | statistics. Every float is the hexadecimal bit
pattern of an f32. A sample that both sides compute is `lcg SEED N` instead of values and sigmas (see `lcg`).
Statistics: count min max weighted_mean weighted_mean_sigma variance q25 q50 q75.
"""

import numpy as np


def lcg(seed, n):
    """Heights near 3500 m within a millimetre or so, sigmas of 1 to 26 cm; integer arithmetic, then one rounding."""
    values, sigmas, x = [], [], seed
    for _ in range(n):
        x = (x * 1664525 + 1013904223) % 2**32
        values.append(3500.0 + (x >> 16) / 65536.0 * 0.0078125)
        sigmas.append((10 + (x >> 8 & 0xFF)) / 1024.0)
    return np.array(values, "f4"), np.array(sigmas, "f4")


def bits(array):
    with np.errstate(over="ignore"):  # the variance of the widest sample is infinite in f32
        array = np.atleast_1d(np.asarray(array, "f4"))
    return " ".join(f"{b:08x}" for b in array.view("u4"))


def statistics(value, sigma):
    v, w = value.astype("f8"), 1.0 / sigma.astype("f8") ** 2
    floats = [v.min(), v.max(), np.sum(v * w) / np.sum(w), 1 / np.sqrt(np.sum(w)), np.var(v)]
    floats += list(np.quantile(v, [0.25, 0.5, 0.75]))
    return f"{len(v)} {bits(floats)}"


def line(name, value, sigma):
    value, sigma = np.array(value, "f4"), np.array(sigma, "f4")
    print(f"{name}|{bits(value)}|{bits(sigma)}|{statistics(value, sigma)}")


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
        print(f"lcg n={n}|lcg {seed} {n}||{statistics(*lcg(seed, n))}")


main()
