"""Variance between and within groups of unequal size, by analysis of variance and by restricted maximum likelihood."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["OneWay", "VarianceComponents", "fit_reml", "one_way"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class OneWay:
    """A one-way analysis of variance.

    Attributes
    ----------
    between, within
        Mean squares.
    df
        Degrees of freedom between and within.
    k0
        Group size that makes the estimate of the variance between groups unbiased when sizes differ.
    k_bar
        Mean group size.
    """

    between: float
    within: float
    df: tuple[int, int]
    k0: float
    k_bar: float

    @property
    def f(self) -> float:
        """Ratio of the mean squares; infinite where values within groups do not differ."""
        return self.between / self.within if self.within > 0 else float("inf")

    @staticmethod
    def icc1_at(f: float, size: float) -> float:
        """Return ICC(1) for a ratio of mean squares and a group size."""
        return 1.0 if np.isinf(f) else (f - 1) / (f + size - 1)

    @staticmethod
    def icc2_at(f: float) -> float:
        """Return ICC(2) for a ratio of mean squares; NaN where group means do not differ at all."""
        return 1 - 1 / f if f > 0 else float("nan")


def one_way(counts: FloatArray, means: FloatArray, squares: FloatArray) -> OneWay:
    """Return the analysis of variance of groups.

    Parameters
    ----------
    counts, means, squares
        Values of each group, their mean and the sum of their squared deviations from it; at least two groups, and one
        of them with two values.
    """
    n, groups = counts.sum(), len(counts)
    grand = (counts * means).sum() / n
    df = (groups - 1, int(n) - groups)
    return OneWay(
        between=float((counts * (means - grand) ** 2).sum() / df[0]),
        within=float(squares.sum() / df[1]),
        df=df,
        k0=float((n - (counts**2).sum() / n) / df[0]),
        k_bar=float(n / groups),
    )


@dataclass(frozen=True, kw_only=True)
class VarianceComponents:
    """Variance between and within groups and the mean over groups, by restricted maximum likelihood."""

    between: float
    within: float
    intercept: float

    @property
    def icc1(self) -> float:
        """Share of the variance of a value that is between groups."""
        return self.between / (self.between + self.within)


def fit_reml(values: FloatArray, groups: IntArray) -> VarianceComponents:
    """Fit a random intercept to values that differ.

    Parameters
    ----------
    values
        Finite numbers.
    groups
        Group of each value, counted from 0, each with at least one value.

    Notes
    -----
    Given the ratio of the two variances, the mean and the variance within follow, so that one number is searched. In R:
    ``lme4::lmer(y ~ 1 + (1 | g))``.
    """
    from scipy.optimize import minimize_scalar  # noqa: PLC0415  only a report on groups pays for it

    counts = np.bincount(groups).astype(float)
    means = np.bincount(groups, weights=values) / counts
    squares, n = float(((values - means[groups]) ** 2).sum()), len(values)

    def parts(ratio: float) -> tuple[float, float, float]:
        """Return mean, variance within and twice the negative restricted log-likelihood."""
        weights = counts / (1 + ratio * counts)
        intercept = float((weights * means).sum() / weights.sum())
        within = (squares + float((weights * (means - intercept) ** 2).sum())) / (n - 1)
        deviance = (n - 1) * np.log(within) + np.log1p(ratio * counts).sum() + np.log(weights.sum())
        return intercept, within, float(deviance)

    def deviance_at(log_ratio: float) -> float:
        return parts(float(np.exp(log_ratio)))[2]

    if squares == 0:
        return VarianceComponents(between=float(means.var(ddof=1)), within=0.0, intercept=float(means.mean()))
    coarse = np.linspace(-16, 8, 49)
    best = coarse[np.argmin([deviance_at(at) for at in coarse])]
    found = minimize_scalar(deviance_at, bounds=(best - 0.6, best + 0.6), method="bounded", options={"xatol": 1e-10})
    ratio = float(np.exp(found.x)) if found.fun < parts(0.0)[2] else 0.0
    intercept, within, _ = parts(ratio)
    return VarianceComponents(between=ratio * within, within=within, intercept=intercept)
