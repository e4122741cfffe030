"""How far the mean of answers lies from where it should be by chance, on a scale that ends somewhere."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import brentq, minimize
from scipy.special import ndtr

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["FINEST", "chance_of_mean", "typical_shares"]

FINEST = 48
"""Steps of a scale beyond which more make no difference."""
ALMOST = 0.99
"""Of the largest spread that a mean allows for: more would mean that all answers lie at the ends."""
NEAR = 0.2
"""Standard errors from the centre within which a mean is no news, and the approximation breaks down."""
STEEPEST = 700.0
"""exp(700) is the largest power of e that a float holds."""


@lru_cache(maxsize=4096)
def typical_shares(mean: float, sd: float, *, steps: int) -> Floats:
    """Return how often each answer is given, as far as mean and spread tell.

    Parameters
    ----------
    mean, sd
        Of the answers, on a scale from 0 to 1; the mean lies between them.
    steps
        Of the scale from one end to the other.

    Returns
    -------
    numpy array
        Shares of equally spaced answers, both ends among them: of all distributions with this mean and spread the one
        of largest entropy. A spread that the mean does not allow for is replaced by the nearest that it does, and
        steps that are too large for the spread are halved until they are not.

    References
    ----------
    Jaynes, E. T. (1957). Information theory and statistical mechanics. Physical Review 106, 620-630.
    """
    spread = float(np.clip(sd, 1 / FINEST, ALMOST * np.sqrt(mean * (1 - mean))))
    apart = mean * steps % 1
    if spread**2 * steps**2 <= apart * (1 - apart) / ALMOST and steps < FINEST:
        return typical_shares(mean, sd, steps=2 * steps)
    z = (np.linspace(0, 1, steps + 1) - mean) / spread
    powers = np.stack([z, z**2])
    wanted = np.array([0.0, 1.0])
    # The dual is convex: its gradient is how far the moments are from what they should be.
    found = minimize(
        lambda weights: _log_of_sum(weights @ powers) - weights @ wanted,
        np.array([0.0, -0.5]),
        jac=lambda weights: powers @ _shares(weights @ powers) - wanted,
        method="BFGS",
        options={"gtol": 1e-8},
    )
    shares = _shares(found.x @ powers)
    shares.flags.writeable = False
    return shares


def chance_of_mean(distance: float, *, people: float, mean: float, sd: float, steps: int) -> float:
    """Return how likely a mean lies at least so far away, if people answer as is typical.

    Parameters
    ----------
    distance
        Of the mean of the answers from ``mean``, on a scale from 0 to 1.
    people
        Answers that would tell as much if each person gave one of equal weight.
    mean, sd, steps
        As in :func:`typical_shares`.

    Returns
    -------
    float
        Twice the probability of the tail on the side of the distance, at most 1, by the saddlepoint approximation for
        answers in steps: from fifteen answers on exact, or up to a tenth of itself too large.

    References
    ----------
    Lugannani, R. & Rice, S. (1980). Saddle point approximation for the distribution of the sum of independent random
    variables. Advances in Applied Probability 12, 475-490. Daniels, H. E. (1987). Tail probability approximations.
    International Statistical Review 55, 37-48 (first continuity correction).
    """
    shares = typical_shares(mean, sd, steps=steps)
    places = np.linspace(0, 1, len(shares))
    places = places - float(places @ shares)
    if distance < 0:
        places, shares = -places[::-1], shares[::-1]
    reached = abs(distance)
    step = float(places[1] - places[0])
    if reached * np.sqrt(people) < NEAR * np.sqrt(shares @ places**2):
        return 1.0
    if reached > places[-1] - step / people / 2:
        return float(min(1.0, 2 * shares[-1] ** people))
    chances = np.log(np.maximum(shares, np.finfo(float).tiny))
    tilt = _tilt(places, chances, reached)
    if not tilt:
        return 0.0
    tilted = chances + tilt * places
    root = np.sqrt(2 * people * max(tilt * reached - _log_of_sum(tilted), 0.0))
    variance = float(_shares(tilted) @ (places - reached) ** 2)
    size = -np.expm1(-tilt * step) / step * np.sqrt(people * variance)
    tail = ndtr(-root) + np.exp(-(root**2) / 2) / np.sqrt(2 * np.pi) * (1 / size - 1 / root)
    return float(np.clip(2 * tail, 0.0, 1.0))


def _tilt(places: Floats, chances: Floats, reached: float) -> float:
    """Return the tilt of the chances that moves their mean so far; 0 where none that a float holds does."""
    steepest = STEEPEST / float(places[-1] - places[0])

    def short(tilt: float) -> float:
        return float(_shares(chances + tilt * places) @ places) - reached

    return 0.0 if short(steepest) <= 0 else float(brentq(short, 0.0, steepest, xtol=1e-10))


def _log_of_sum(log: Floats) -> float:
    """Return log(sum(exp(log))), as scipy does; its checks take far longer than so few numbers."""
    largest = float(log.max())
    return largest + float(np.log(np.exp(log - largest).sum()))


def _shares(log: Floats) -> Floats:
    weights = np.exp(log - log.max())
    shares: Floats = weights / weights.sum()
    return shares
