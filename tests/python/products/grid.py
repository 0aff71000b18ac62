"""Places to HEALPix cells and back to names, by healpy: both latitude conventions, decimal morton ids."""

import healpy
import numpy as np

FLATTENING = 1 / 298.257223563
TERMS = 5


def _series():
    """Coefficients F_k of beta - phi = sum F_k sin(2 k phi), WGS 84.

    Taken from the closed form (Snyder 1987, 3-11 and 3-12) by a discrete sine transform, so that no published coefficient can be
    mistyped. The samples stay away from the poles, where the arcsine loses digits.
    """
    e2 = FLATTENING * (2 - FLATTENING)
    e = np.sqrt(e2)

    def q(s):
        return (1 - e2) * (s / (1 - e2 * s * s) + np.arctanh(e * s) / e)

    samples = 128
    phi = np.arange(samples) * np.pi / (2 * samples)
    off = np.arcsin(q(np.sin(phi)) / q(1.0)) - phi
    return [2 / samples * np.sum(off * np.sin(2 * k * phi)) for k in range(1, TERMS + 1)]


SERIES = _series()


def authalic(latitude):
    """Authalic latitude of a geodetic one, degrees."""
    phi = np.radians(latitude)
    return np.degrees(phi + sum(f * np.sin(2 * k * phi) for k, f in enumerate(SERIES, 1)))


def cells(order, latitude, longitude, mode):
    """Nested ids."""
    if mode == "authalic":
        latitude = authalic(latitude)
    # Rounding may carry the pole beyond itself by a bit.
    return healpy.ang2pix(2**order, longitude, np.clip(latitude, -90.0, 90.0), nest=True, lonlat=True)


def decimal(order, nested):
    """The decimal morton id of a nested one."""
    base = nested >> 2 * order
    digits = str(base + 1 if base < 6 else base - 5)
    for level in range(order - 1, -1, -1):
        digits += str((nested >> 2 * level & 3) + 1)
    return int(digits) if base < 6 else -int(digits)


def nested(name):
    """(order, nested id) of a decimal morton id."""
    digits = str(abs(name))
    number = int(digits[0]) + (5 if name < 0 else -1)
    for digit in digits[1:]:
        number = 4 * number + int(digit) - 1
    return len(digits) - 1, number
