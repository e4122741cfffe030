"""The standard normal distribution of two correlated variables, for many points and correlations at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

__all__ = ["density", "distribution", "slope"]

FloatArray = npt.NDArray[np.float64]

NODES, WEIGHTS = np.polynomial.legendre.leggauss(24)


def distribution(first: FloatArray, second: FloatArray, correlation: FloatArray) -> FloatArray:
    """Return P(X <= first, Y <= second).

    Parameters
    ----------
    first, second, correlation
        Arrays that broadcast; finite, and the correlation strictly between -1 and 1.

    Notes
    -----
    The density integrated over the correlation, from independence on, with the arcsine as variable (Drezner &
    Wesolowsky 1990) and 24 Gauss-Legendre nodes: errors under 1e-11 for correlations up to .99, 1e-5 up to .9999. In R:
    ``mvtnorm::pmvnorm``.
    """
    half = np.arcsin(correlation)[..., None] / 2
    sine = np.sin(half * (NODES + 1))
    steep = -0.5 / (1 - sine**2)
    squares, product = (first**2 + second**2)[..., None], (first * second)[..., None]
    exponent = product * (-2 * sine)
    exponent += squares
    exponent *= steep
    integral = (np.exp(exponent, out=exponent) @ WEIGHTS) * half[..., 0]
    return np.asarray(ndtr(first) * ndtr(second) + integral / (2 * np.pi))


def density(first: FloatArray, second: FloatArray, correlation: FloatArray) -> FloatArray:
    """Return the density, which is also the derivative of the distribution with respect to the correlation."""
    unique = 1 - correlation**2
    exponent = (2 * correlation * first * second - first**2 - second**2) / (2 * unique)
    return np.asarray(np.exp(exponent) / (2 * np.pi * np.sqrt(unique)))


def slope(first: FloatArray, second: FloatArray, correlation: FloatArray) -> FloatArray:
    """Return the derivative of the distribution with respect to ``first``."""
    given = (second - correlation * first) / np.sqrt(1 - correlation**2)
    return np.asarray(np.exp(-(first**2) / 2) / np.sqrt(2 * np.pi) * ndtr(given))
