"""One general factor over several group factors: what is left of it when the group factors are taken out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from icstats.factor import LOWEST_UNIQUENESS

__all__ = ["SchmidLeiman", "fit_minres", "fit_schmid_leiman"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class SchmidLeiman:
    """Loadings of correlated factors, turned into those of a general factor and uncorrelated group factors.

    Attributes
    ----------
    correlation
        k x k: what was fitted.
    general
        Loading of each item on the general factor.
    groups
        Items x factors: loadings on the group factors, in the order of the variance that the factors explain.
    uniquenesses
        Share of each item's variance that no factor explains.
    at_bound
        Items whose uniqueness would not be positive.
    """

    correlation: FloatArray
    general: FloatArray
    groups: FloatArray
    uniquenesses: FloatArray
    at_bound: npt.NDArray[np.bool_]

    @property
    def omega_hierarchical(self) -> float:
        """Share of the variance of the sum of standardised items that the general factor explains."""
        return float(self.general.sum() ** 2 / self.correlation.sum())

    @property
    def omega_total(self) -> float:
        """Share that all factors together explain."""
        return float(1 - self.uniquenesses.sum() / self.correlation.sum())

    @property
    def group_of(self) -> IntArray:
        """Group factor that each item loads highest on."""
        return np.asarray(np.abs(self.groups).argmax(axis=1))

    def subscale(self, factor: int) -> tuple[float, float]:
        """Return what the general factor and this group factor explain of the sum of the group's items."""
        mine = self.group_of == factor
        whole = self.correlation[np.ix_(mine, mine)].sum()
        return (
            float(self.general[mine].sum() ** 2 / whole),
            float(self.groups[mine, factor].sum() ** 2 / whole),
        )


def fit_minres(correlation: FloatArray, n_factors: int) -> tuple[FloatArray, FloatArray]:
    """Return unrotated loadings and uniquenesses with the smallest residual correlations.

    Notes
    -----
    Given the uniquenesses the loadings are the leading eigenvectors, so that k numbers are searched; the same solution
    as ``psych::fa(r, nfactors, fm = "minres", rotate = "none")``.
    """
    from scipy.optimize import minimize  # noqa: PLC0415  only omega hierarchical pays for it

    def left_over(unique: FloatArray) -> tuple[float, FloatArray]:
        values, vectors = np.linalg.eigh(correlation - np.diag(unique))
        values, vectors = values[:-n_factors], vectors[:, :-n_factors]
        return float((values**2).sum() / 2), -(vectors**2 @ values)

    start = 1 / np.diag(np.linalg.pinv(correlation))
    found = minimize(
        left_over,
        np.clip(start, 2 * LOWEST_UNIQUENESS, 1.0),
        jac=True,
        method="L-BFGS-B",
        bounds=[(LOWEST_UNIQUENESS, 1.0)] * len(correlation),
        options={"ftol": 1e-14, "gtol": 1e-9, "maxiter": 2000},
    )
    values, vectors = np.linalg.eigh(correlation - np.diag(found.x))
    loadings = vectors[:, -n_factors:] * np.sqrt(np.maximum(values[-n_factors:], 0))
    return np.asarray(loadings[:, ::-1]), np.asarray(found.x)


def fit_schmid_leiman(correlation: FloatArray, n_factors: int) -> SchmidLeiman:
    """Return the general factor behind ``n_factors`` correlated factors.

    Parameters
    ----------
    correlation
        k x k.
    n_factors
        At least three: with fewer the loadings of the factors on the general one are not identified.

    Notes
    -----
    Minres, oblimin (gamma 0), one factor for the correlations of the factors, then Schmid & Leiman (1957). In R:
    ``psych::schmid(r, nfactors)``.
    """
    from statsmodels.multivariate.factor_rotation import rotate_factors  # noqa: PLC0415  seconds to import

    loadings, uniquenesses = fit_minres(correlation, n_factors)
    turned, turn = rotate_factors(loadings, "quartimin", max_tries=2000, tol=1e-8)
    order = np.argsort(-(turned**2).sum(axis=0), kind="stable")
    sign = np.where(turned.sum(axis=0) < 0, -1.0, 1.0)[order]
    turned, turn = turned[:, order] * sign, turn[:, order] * sign
    between = turn.T @ turn
    top = fit_minres(between, 1)[0][:, 0]
    top = top if top.sum() >= 0 else -top
    general = turned @ top
    return SchmidLeiman(
        correlation=correlation,
        general=general,
        groups=turned * np.sqrt(np.maximum(1 - top**2, 0)),
        uniquenesses=uniquenesses,
        at_bound=uniquenesses <= LOWEST_UNIQUENESS * (1 + 1e-6),
    )
