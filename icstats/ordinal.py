"""Reliability of ordered answers: of the normal variables behind them, and of their sum score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr

from icstats.bivariate import density, distribution, slope
from icstats.consistency import STANDARDISED, Plan, adf_row, planned, without_interval
from icstats.errors import NotEnoughDataError
from icstats.factor import LOWEST_UNIQUENESS
from icstats.latent import Latent, fit_latent, latent_warnings, positive_definite
from icstats.reliability import Reliability, reported
from icstats.sampling import FEWEST, FloatArray, Missing
from icstats.screening import usable_sample

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

__all__ = ["omega_categorical", "ordinal_alpha"]

PAIR = 2
HIGHEST_LOADING = np.sqrt(1 - LOWEST_UNIQUENESS)
ALMOST_ONE = 1 - 1e-15


def ordinal_alpha(
    items: pd.DataFrame,
    *,
    name: str = "scale",
    missing: Missing = "listwise",
    conf_level: float = 0.95,
    clusters: npt.ArrayLike | None = None,
) -> Reliability:
    """Estimate the alpha of the normal variables behind ordered answers: not that of the observed sum score.

    Parameters
    ----------
    items, name, missing, conf_level, clusters
        As in :func:`icstats.polychoric`; reverse items already turned round.

    Returns
    -------
    Reliability
        Row ``ordinal_alpha`` with a distribution free interval by the delta method on the two-step estimates (clusters
        as in :func:`icstats.cronbach_alpha`). Codes as in :func:`icstats.polychoric`; ``no_interval`` where a
        correlation is at its bound.

    Raises
    ------
    NotEnoughDataError, ParameterError
        As in :func:`icstats.polychoric`.

    Warnings
    --------
    It is not the reliability of the scores that you report, and nearly always higher. Never a way to bring a scale
    over a limit. With empty cells or ``not_positive_definite:`` the matrix under it is not to be relied on.

    Notes
    -----
    Standardised alpha of the polychoric matrix as it was estimated (Zumbo, Gadermann & Zeisser 2007). It answers how
    reliable a sum of finely graded answers would be, and is as a rule higher than alpha (Chalmers 2018); quote it
    beside alpha and never instead of it. In R: ``psych::alpha(psych::polychoric(items)$rho)$total$std.alpha``.
    """
    plan = planned(name, interval="adf", allowed=("adf",), conf_level=conf_level)
    sample = usable_sample(items, name=name, missing=missing, clusters=clusters, fewest_items=PAIR)
    latent = fit_latent(sample)
    gradient = STANDARDISED.gradient(latent.matrix)[latent.first, latent.second] * 2
    estimate = float(STANDARDISED.value(latent.matrix))
    return _reported(latent, plan, "ordinal_alpha", estimate, error=_error(latent, gradient), missing=missing)


def omega_categorical(
    items: pd.DataFrame,
    *,
    name: str = "scale",
    missing: Missing = "listwise",
    conf_level: float = 0.95,
    clusters: npt.ArrayLike | None = None,
) -> Reliability:
    """Estimate the share of the variance of a sum score of ordered answers that one common factor explains.

    Parameters
    ----------
    items, name, missing, conf_level, clusters
        As in :func:`ordinal_alpha`; at least three items. The sum adds up the places of the answers: 1, 2, 3, ...

    Returns
    -------
    Reliability
        Row ``omega_categorical``, interval and codes as in :func:`ordinal_alpha`, and ``heywood:<item>`` for a loading
        that would reach one. ``smoothed:<scale>`` says that the polychoric matrix was not positive definite and its
        negative eigenvalues were raised before the factor was fitted.

    Raises
    ------
    NotEnoughDataError, ParameterError
        As in :func:`icstats.polychoric`; NotEnoughDataError where no factor can be found.

    Warnings
    --------
    It needs some hundred ratings; with empty cells in the tables of two items, or a matrix that had to be smoothed, it
    rests on invention. One factor that fits badly (RMSEA over .15) makes its interval up to a sixth too narrow. It
    takes the answers for cut up normal variables, which nobody can see.

    Notes
    -----
    Green & Yang (2009), formula 21: one factor by diagonally weighted least squares on the polychoric correlations,
    then the covariances of the answers that follow from it, over those that follow from the correlations themselves.
    The weights are those of Muthen (1984) and taken as fixed in the interval, which is up to a sixth too narrow where
    one factor fits badly (RMSEA over .15). In R: ``semTools::reliability(lavaan::cfa("f =~ ...", std.lv = TRUE,
    ordered = TRUE))["omega", ]``.
    """
    plan = planned(name, interval="adf", allowed=("adf",), conf_level=conf_level)
    sample = usable_sample(items, name=name, missing=missing, clusters=clusters, fewest_items=FEWEST)
    latent = fit_latent(sample)
    matrix, smoothed = positive_definite(latent.matrix)
    factor = _fit_weighted(latent, matrix)
    if not factor.loadings.any():
        raise NotEnoughDataError(f'Scale "{name}": no common factor was found behind the items.', code="ICS-506")
    score = _SumScore(thresholds=latent.thresholds, explained=np.outer(factor.loadings, factor.loadings), whole=matrix)
    return _reported(
        latent,
        plan,
        "omega_categorical",
        score.omega,
        error=_error(latent, *score.gradients(factor, latent)),
        missing=missing,
        warnings=[f"smoothed:{name}"] * smoothed
        + [f"heywood:{item}" for item, at in zip(sample.items, factor.at_bound, strict=True) if at],
    )


def _error(latent: Latent, by_pair: FloatArray, by_threshold: FloatArray | None = None) -> float:
    return float("nan") if latent.at_bound.any() else latent.error(by_pair, by_threshold)


def _reported(
    latent: Latent,
    plan: Plan,
    coefficient: str,
    estimate: float,
    *,
    error: float,
    missing: Missing,
    warnings: list[str] | None = None,
) -> Reliability:
    row = adf_row(coefficient, estimate, error, sample=latent.sample, plan=plan)
    codes = [*latent_warnings(latent, plan.name), *(warnings or []), *without_interval(row, plan)]
    return reported([row], latent.sample, plan, method=coefficient, missing=missing, warnings=codes)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Factor:
    """One factor behind a correlation matrix, by weighted least squares off the diagonal."""

    loadings: FloatArray
    weights: FloatArray
    residuals: FloatArray

    @property
    def at_bound(self) -> npt.NDArray[np.bool_]:
        return np.asarray(np.abs(self.loadings) > HIGHEST_LOADING - 1e-9)

    def pulled(self, by_loading: FloatArray) -> FloatArray:
        """Return the derivative with respect to each correlation, as a matrix, from that to each loading."""
        free = ~self.at_bound
        hessian = self.weights * (np.outer(self.loadings, self.loadings) - self.residuals)
        hessian[np.diag_indices_from(hessian)] = self.weights @ self.loadings**2
        direction = np.zeros_like(self.loadings)
        direction[free] = np.linalg.solve(hessian[np.ix_(free, free)], by_loading[free])
        return np.asarray(self.weights * (np.outer(direction, self.loadings) + np.outer(self.loadings, direction)))


def _fit_weighted(latent: Latent, matrix: FloatArray) -> _Factor:
    from scipy.optimize import least_squares  # noqa: PLC0415  only omega_categorical pays for it

    first, second = latent.first, latent.second
    root = np.sqrt(latent.weights)
    values, vectors = np.linalg.eigh(matrix)
    start = vectors[:, -1] * np.sqrt(values[-1]) * (1 if vectors[:, -1].sum() >= 0 else -1)
    k, places = len(matrix), np.arange(len(first))

    def jacobian(loadings: FloatArray) -> FloatArray:
        slopes = np.zeros((len(first), k))
        slopes[places, first], slopes[places, second] = root * loadings[second], root * loadings[first]
        return slopes

    found = least_squares(
        lambda loadings: root * (loadings[first] * loadings[second] - matrix[first, second]),
        np.clip(start, -0.95, 0.95),
        jac=jacobian,
        bounds=(-HIGHEST_LOADING, HIGHEST_LOADING),
        xtol=1e-12,
        ftol=1e-14,
        gtol=1e-10,
    )
    residuals = latent.squared(matrix[first, second] - found.x[first] * found.x[second])
    return _Factor(loadings=found.x, weights=latent.squared(root**2), residuals=residuals)


@dataclass(frozen=True, kw_only=True, eq=False)
class _SumScore:
    """The variance of the sum of the places of answers: what the factor explains of it, and the whole."""

    thresholds: FloatArray
    explained: FloatArray
    whole: FloatArray

    @property
    def omega(self) -> float:
        explained, whole = (_covariances(self.thresholds, matrix).sum() for matrix in (self.explained, self.whole))
        return float(explained / whole)

    def gradients(self, factor: _Factor, latent: Latent) -> tuple[FloatArray, FloatArray]:
        """Return the derivatives of omega with respect to the correlations of pairs and to the thresholds."""
        omega, total = self.omega, _covariances(self.thresholds, self.whole).sum()
        by_loading = 2 * _by_correlation(self.thresholds, self.explained) @ factor.loadings
        off_diagonal = self.whole - np.eye(len(self.whole))
        by_whole = 2 * _by_correlation(self.thresholds, off_diagonal)
        by_correlation = factor.pulled(by_loading) - omega * by_whole
        by_threshold = _by_threshold(self.thresholds, self.explained) - omega * _by_threshold(
            self.thresholds, self.whole
        )
        return by_correlation[latent.first, latent.second] / total, by_threshold / total


def _cuts(thresholds: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the thresholds of every item against those of every other: items x items x thresholds x thresholds."""
    k, cuts = thresholds.shape
    own = np.broadcast_to(thresholds[:, None, :, None], (k, k, cuts, cuts))
    return own, np.swapaxes(np.swapaxes(own, 0, 1), 2, 3)


def _covariances(thresholds: FloatArray, correlations: FloatArray) -> FloatArray:
    """Return the covariances between the places of answers; a variable's correlation with itself may be one."""
    own, other = _cuts(thresholds)
    same = correlations >= 1
    within = distribution(own, other, np.where(same, 0.0, correlations)[:, :, None, None])
    both = np.where(same[:, :, None, None], ndtr(np.minimum(own, other)), within)
    return np.asarray((both - ndtr(own) * ndtr(other)).sum(axis=(2, 3)))


def _by_correlation(thresholds: FloatArray, correlations: FloatArray) -> FloatArray:
    own, other = _cuts(thresholds)
    return np.asarray(density(own, other, correlations[:, :, None, None]).sum(axis=(2, 3)))


def _by_threshold(thresholds: FloatArray, correlations: FloatArray) -> FloatArray:
    """Return the derivative of the sum of all covariances with respect to each threshold."""
    own, other = _cuts(thresholds)
    height = np.exp(-(own**2) / 2) / np.sqrt(2 * np.pi)
    along = slope(own, other, np.minimum(correlations, ALMOST_ONE)[:, :, None, None])
    return np.asarray(2 * (along - height * ndtr(other)).sum(axis=(1, 3)))
