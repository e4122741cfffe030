"""One common factor behind a set of items, by maximum likelihood on their covariance matrix."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

__all__ = ["LOWEST_UNIQUENESS", "OneFactor", "fit_one_factor", "is_singular"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

LOWEST_UNIQUENESS = 0.005
"""Share of an item's variance that is its own is never fitted below this; an item there is a Heywood case."""

SMALLEST_EIGENVALUE = 1e-9
LARGEST_SLOPE = 1e-5


@dataclass(frozen=True, kw_only=True, eq=False)
class OneFactor:
    """A fitted one-factor model: covariance = loadings loadings' + diag(uniquenesses).

    Attributes
    ----------
    covariance
        k x k: what was fitted.
    loadings, uniquenesses
        In the units of the covariance matrix; the loadings add up to a positive number.
    heywood
        Items whose uniqueness would be zero or negative and is held at its lowest value.
    discrepancy
        log|Sigma| + tr(S Sigma^-1) - log|S| - k.
    converged
        Whether the slope of the discrepancy is zero where it is free to be.
    """

    covariance: FloatArray
    loadings: FloatArray
    uniquenesses: FloatArray
    heywood: BoolArray
    discrepancy: float
    converged: bool

    @property
    def n_items(self) -> int:
        """Number of items."""
        return len(self.loadings)

    @property
    def df(self) -> int:
        """Degrees of freedom: k (k - 3) / 2."""
        return self.n_items * (self.n_items - 3) // 2

    def chi2(self, n: int) -> float:
        """Return the likelihood ratio statistic against the saturated model for n ratings."""
        return n * self.discrepancy

    def cfi(self, n: int) -> float:
        """Return the comparative fit index for n ratings, against items that do not correlate at all."""
        misfit = max(self.chi2(n) - self.df, 0.0)
        sd = np.sqrt(np.diag(self.covariance))
        baseline = -n * np.linalg.slogdet(self.covariance / np.outer(sd, sd))[1]
        worst = max(baseline - self.n_items * (self.n_items - 1) / 2, misfit)
        return 1 - misfit / worst if worst > 0 else 1.0

    def rmsea(self, n: int) -> float:
        """Return the root mean square error of approximation for n ratings; 0 for a model without df."""
        return float(np.sqrt(max(self.chi2(n) - self.df, 0.0) / (self.df * n))) if self.df else 0.0

    @property
    def omega(self) -> float:
        """Share of the variance of the sum of the items that the factor explains, both as the model has them."""
        common = self.loadings.sum() ** 2
        return float(common / (common + self.uniquenesses.sum()))

    @cached_property
    def omega_gradient(self) -> FloatArray:
        """Derivative of omega with respect to the covariances, k x k; NaN where the model is not identified.

        Notes
        -----
        By the implicit function theorem on the likelihood equations, with the exact second derivatives, so that it
        holds for a model that does not fit as well. Uniquenesses at their lowest value are taken as fixed.
        """
        k = self.n_items
        scale = float(np.trace(self.covariance)) / k
        observed, loadings = self.covariance / scale, self.loadings / np.sqrt(scale)
        uniquenesses = self.uniquenesses / scale
        precision = np.linalg.inv(np.outer(loadings, loadings) + np.diag(uniquenesses))
        weighted = precision @ observed @ precision

        unit = np.eye(k)
        by_loading = unit[:, :, None] * loadings + loadings[:, None] * unit[:, None, :]
        by_uniqueness = unit[:, :, None] * unit[:, None, :]
        slopes = np.concatenate([by_loading, by_uniqueness[~self.heywood]])
        precise, weighed = precision @ slopes, weighted @ slopes
        mixed = np.einsum("aij,bji->ab", precise, weighed)
        hessian = mixed + mixed.T - np.einsum("aij,bji->ab", precise, precise)
        hessian[:k, :k] += 2 * (precision - weighted)

        total = loadings.sum() ** 2 + uniquenesses.sum()
        omega_by_loading = 2 * loadings.sum() * uniquenesses.sum() / total**2
        omega_by_uniqueness = -((loadings.sum() / total) ** 2)
        wanted = np.concatenate([np.full(k, omega_by_loading), np.full(len(slopes) - k, omega_by_uniqueness)])
        curvatures = np.abs(np.linalg.eigvalsh(hessian))
        if curvatures.min() < SMALLEST_EIGENVALUE * curvatures.max():
            return np.full((k, k), np.nan)
        direction = np.linalg.solve(hessian, wanted)
        return np.asarray(precision @ np.tensordot(direction, slopes, axes=1) @ precision / scale)


def is_singular(covariance: FloatArray) -> bool:
    """Return whether one item follows from the others, so that there is no likelihood to maximise."""
    sd = np.sqrt(np.diag(covariance))
    return bool(np.linalg.eigvalsh(covariance / np.outer(sd, sd))[0] < SMALLEST_EIGENVALUE)


def fit_one_factor(covariance: FloatArray) -> OneFactor:
    """Fit one factor to a covariance matrix that is not singular.

    Parameters
    ----------
    covariance
        k x k with k >= 3, positive definite; with denominator n or n - 1 (omega and fit are the same).

    Notes
    -----
    Given the uniquenesses, the best loadings follow from the largest eigenvalue of the scaled correlation matrix
    (Lawley & Maxwell 1971), so that only k numbers are searched, as in R's ``factanal(x, factors = 1)``; the values are
    those of lavaan's ``cfa("f =~ ...", std.lv = TRUE)`` as long as there is no Heywood case.
    """
    from scipy.optimize import minimize  # noqa: PLC0415  only a report with omega pays for it

    sd = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(sd, sd)
    start = np.clip((1 - 0.5 / len(sd)) / np.diag(np.linalg.inv(correlation)), 2 * LOWEST_UNIQUENESS, 1.0)
    found = minimize(
        _discrepancy,
        start,
        args=(correlation,),
        jac=True,
        method="L-BFGS-B",
        bounds=[(LOWEST_UNIQUENESS, None)] * len(sd),
        options={"ftol": 1e-15, "gtol": 1e-10, "maxiter": 2000, "maxfun": 5000},
    )
    unique = np.asarray(found.x)
    heywood = unique <= LOWEST_UNIQUENESS * (1 + 1e-6)
    discrepancy, slope = _discrepancy(unique, correlation)
    loadings = _best_loadings(unique, correlation)
    return OneFactor(
        covariance=covariance,
        loadings=loadings * sd * (1.0 if (loadings * sd).sum() >= 0 else -1.0),
        uniquenesses=unique * sd**2,
        heywood=heywood,
        discrepancy=max(discrepancy, 0.0),
        converged=bool(np.abs(np.where(heywood, np.minimum(slope, 0), slope)).max() < LARGEST_SLOPE),
    )


def _best_loadings(unique: FloatArray, correlation: FloatArray) -> FloatArray:
    root = np.sqrt(unique)
    values, vectors = np.linalg.eigh(correlation / np.outer(root, root))
    return np.asarray(root * vectors[:, -1] * np.sqrt(max(values[-1] - 1, 0.0)))


def _discrepancy(unique: FloatArray, correlation: FloatArray) -> tuple[float, FloatArray]:
    """Return the discrepancy with the best loadings for these uniquenesses, and its slope."""
    root = np.sqrt(unique)
    values, vectors = np.linalg.eigh(correlation / np.outer(root, root))
    left_over = np.concatenate([values[:-1], [min(values[-1], 1.0)]])
    loadings = root * vectors[:, -1] * np.sqrt(max(values[-1] - 1, 0.0))
    slope = (loadings**2 + unique - 1) / unique**2
    return float((left_over - np.log(left_over) - 1).sum()), slope
