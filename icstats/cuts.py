"""Answers in categories, cut from normal variables: their variance and covariance, exactly.

The covariance of two cut normal variables that correlate ``rho`` is a power series in ``rho`` [1]_, so that a
correlation of answers can be turned into the correlation underneath and back without drawing a single number.

.. [1] Pearson, K. (1900). On the correlation of characters not quantitatively measurable. Phil. Trans. A 195, 1-47
   (the tetrachoric series).
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["NORMAL", "TERMS", "Cut", "covariance_of_answers", "cut_at"]

NORMAL = NormalDist()
TERMS = np.arange(1, 151)
"""Powers of the series; what is left out is below 1e-5 for correlations up to .95."""


@dataclass(frozen=True, kw_only=True)
class Cut:
    """How standard normal variables become answers, for several items; made by :func:`cut_at`.

    Attributes
    ----------
    codes
        Item codes.
    minimum
        Lowest answer per item; the next categories are one higher each.
    thresholds
        Per item its ascending cut points.
    variances
        Variance of each item's answers.
    series
        Coefficients b of the covariance, items x terms: cov(i, j) = sum over k of rho**k * b[i, k] * b[j, k].
    """

    codes: tuple[str, ...]
    minimum: Floats
    thresholds: tuple[Floats, ...]
    variances: Floats
    series: Floats

    def answers(self, underlying: Floats) -> Floats:
        """Return the answers to underlying values, both one row per rating and one column per item."""
        columns = [np.searchsorted(cuts, underlying[:, item]) for item, cuts in enumerate(self.thresholds)]
        answers: Floats = self.minimum + np.column_stack(columns)
        return answers

    @property
    def means(self) -> Floats:
        """Mean of each item's answers."""
        steps = np.array([sum(NORMAL.cdf(-float(cut)) for cut in cuts) for cuts in self.thresholds])
        means: Floats = self.minimum + steps
        return means

    def of(self, items: slice) -> Cut:
        """Return the cut of some of the items."""
        return Cut(
            codes=self.codes[items],
            minimum=self.minimum[items],
            thresholds=self.thresholds[items],
            variances=self.variances[items],
            series=self.series[items],
        )

    def covariance(self, correlation: Floats) -> Floats:
        """Return the covariance of the answers whose underlying values correlate so; the diagonal is not looked at."""
        covariance = covariance_of_answers(correlation, self.series, self.series)
        np.fill_diagonal(covariance, self.variances)
        return covariance


def cut_at(codes: Sequence[str], minimum: Sequence[float] | Floats, thresholds: Sequence[Floats]) -> Cut:
    """Return how normal variables become answers that step up by one at each of these points.

    Parameters
    ----------
    codes
        Item codes.
    minimum
        Lowest answer per item.
    thresholds
        Per item its ascending cut points.
    """
    return Cut(
        codes=tuple(codes),
        minimum=np.array(minimum, dtype=float),
        thresholds=tuple(thresholds),
        variances=np.array([_variance(cuts) for cuts in thresholds]),
        series=_series(thresholds),
    )


def covariance_of_answers(correlation: Floats, left: Floats, right: Floats) -> Floats:
    """Return the covariances of two groups of answers.

    Parameters
    ----------
    correlation
        Correlations of the underlying values, left items x right items.
    left, right
        ``Cut.series`` of both groups.
    """
    powers = np.cumprod(np.broadcast_to(correlation[..., None], (*correlation.shape, len(TERMS))), axis=-1)
    covariance: Floats = np.einsum("ijk,ik,jk->ij", powers, left, right)
    return covariance


def _variance(cuts: Floats) -> float:
    """Return the variance of 0, 1, 2, ... cut at these points."""
    above = np.array([NORMAL.cdf(-float(cut)) for cut in cuts])
    mean = above.sum()
    return float((2 * np.arange(len(cuts)) + 1) @ above - mean**2)


def _series(thresholds: Sequence[Floats]) -> Floats:
    """Return the sum over the cuts t of density(t) * h(k - 1, t) / sqrt(k), h the orthonormal Hermite polynomials."""
    cuts = np.concatenate(thresholds)
    starts = np.cumsum([0, *(len(one) for one in thresholds[:-1])])
    hermite = np.empty((len(TERMS), len(cuts)))
    hermite[0] = 1.0
    hermite[1] = cuts
    for k in range(2, len(TERMS)):
        hermite[k] = (cuts * hermite[k - 1] - np.sqrt(k - 1) * hermite[k - 2]) / np.sqrt(k)
    density = np.exp(-(cuts**2) / 2) / np.sqrt(2 * np.pi)
    coefficients: Floats = np.add.reduceat(density * hermite / np.sqrt(TERMS)[:, None], starts, axis=1).T
    return coefficients
