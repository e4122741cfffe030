"""Drivers of an outcome in ordered categories: proportional odds, and what each driver adds to the likelihood."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar
from warnings import catch_warnings, simplefilter

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from icstats.cases import complete_cases
from icstats.contributions import contributions, rows_of_dominance
from icstats.errors import ParameterError
from icstats.linear import independent_design
from icstats.results import Result, Settings
from icstats.sampling import require_conf_level
from icstats.shares import Importance, Row, importance_of, importance_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from icstats.cases import Cases, FloatArray, IntArray

__all__ = [
    "MOST_CATEGORIES",
    "MOST_FITTED",
    "OrdinalLogit",
    "OrdinalLogitSettings",
    "ordinal_dominance",
    "ordinal_logit",
]

MOST_CATEGORIES = 11
"""A mark from 0 to 10; more categories are for the linear model."""

MOST_FITTED = 10
"""Every subset of drivers is a model of its own to be fitted; ten drivers are a thousand models."""

MOST_STEPS = 200

SEPARATED = 15.0
"""A change in log odds per standard deviation that no survey has: a driver separates the categories."""

ERROR_VARIANCE = np.pi**2 / 3
"""Variance of the logistic distribution."""


@dataclass(frozen=True, kw_only=True)
class OrdinalLogitSettings(Settings):
    """How a proportional odds model was fitted.

    Attributes
    ----------
    outcome
        Name of what is explained.
    n_total
        Rows before incomplete ones were left out.
    thresholds
        ``lower|higher`` category -> where the one ends and the other begins. They say how many chose each category:
        here and not among the numbers, so that the door keeps them in.
    """

    outcome: str
    n_total: int
    thresholds: tuple[tuple[str, float], ...]


@dataclass(frozen=True, kw_only=True, repr=False)
class OrdinalLogit(Result):
    """A proportional odds model, one row per term and statistic.

    Each driver has a ``coefficient`` (log odds of a higher category per point). The term ``model`` has
    ``log_likelihood``, ``null_log_likelihood`` and six pseudo-R²: ``mcfadden``, ``mcfadden_adj``, ``cox_snell``,
    ``nagelkerke``, ``mckelvey_zavoina``, ``aldrich_nelson``.
    """

    keys: ClassVar[tuple[str, str]] = ("term", "statistic")

    settings: OrdinalLogitSettings


def ordinal_logit(
    data: pd.DataFrame,
    *,
    outcome: str,
    drivers: Sequence[str],
    clusters: ArrayLike | None = None,
    conf_level: float = 0.95,
) -> OrdinalLogit:
    """Explain an outcome in ordered categories by proportional odds, without taking its steps to be equal.

    Parameters
    ----------
    data
        One row per rating, numeric columns, NaN where there is no answer. Incomplete rows are left out.
    outcome
        Column that is explained; its 2 to 11 different values are the categories, in numerical order.
    drivers
        Columns that explain it.
    clusters
        Respondent of each row. Where people repeat, errors are cluster-robust (the sandwich with G / (G - 1)).
    conf_level
        Coverage of the normal intervals.

    Returns
    -------
    OrdinalLogit
        Pseudo-R² are no parts of a variance, except McKelvey & Zavoina's: of the underlying answer. All are computed on
        the scale of log likelihoods. ``not_converged`` in ``settings.warnings`` says that a driver (nearly) separates
        the categories, so that its coefficient means nothing. A constant driver has coefficient 0; where drivers depend
        on each other exactly, the smallest coefficients that fit are given.

    Raises
    ------
    ParameterError
        Wrong columns, clusters or settings, or more than 11 categories.
    NotEnoughDataError
        Too few complete rows or people, or an outcome without spread.

    Warnings
    --------
    It takes the effect of a driver to be the same at every step of the outcome, and does not test that. With a
    category that few people chose, or more than one driver for ten answers, coefficients are too large.
    ``not_converged`` means that they mean nothing. Odds ratios are not comparable between departments of unequal
    spread.

    References
    ----------
    McCullagh, P. (1980). Regression models for ordinal data. Journal of the Royal Statistical Society B 42, 109-142.
    McKelvey, R. D. & Zavoina, W. (1975). A statistical model for the analysis of ordinal level dependent variables.
    Journal of Mathematical Sociology 4, 103-120. In R: ``MASS::polr(factor(y) ~ ., d)``, ``DescTools::PseudoR2``.
    """
    require_conf_level(conf_level)
    cases = complete_cases(data, outcome=outcome, drivers=drivers, clusters=clusters)
    levels, categories = _categories(cases)
    design, back = independent_design(cases)
    fit = _fit(categories, design[:, 1:], cases)
    coefficients = back[1:, 1:] @ fit.slopes
    errors = np.sqrt(np.diag(back[1:, 1:] @ fit.covariance @ back[1:, 1:].T))
    errors = np.where(cases.spreads[1:] > 0, errors, np.nan)
    reach = ndtri((1 + conf_level) / 2) * errors
    terms = pd.DataFrame(
        {
            "term": list(cases.drivers),
            "statistic": "coefficient",
            "estimate": coefficients,
            "std_error": errors,
            "conf_low": coefficients - reach,
            "conf_high": coefficients + reach,
            "p_value": 2 * ndtr(-np.abs(coefficients / errors)),
        }
    )
    fits = _measures_of_fit(fit.log_likelihood, _null_log_likelihood(categories), cases, design[:, 1:] @ fit.slopes)
    model = pd.DataFrame({"term": "model", "statistic": list(fits), "estimate": list(fits.values())})
    result = pd.concat([terms, model.reindex(columns=terms.columns)], ignore_index=True)
    people = pd.DataFrame(cases.behind, index=result.index)
    result = result.assign(n=cases.n, n_people=cases.n_people, unit="coefficient")
    shift = float(cases.means[1:] @ coefficients)
    names = [f"{low:g}|{high:g}" for low, high in pairwise(levels)]
    settings = OrdinalLogitSettings(
        method="proportional_odds",
        interval="wald" if cases.people is None else "cluster",
        conf_level=conf_level,
        n_clusters=0 if cases.people is None else cases.n_people,
        outcome=cases.outcome,
        n_total=cases.n_total,
        thresholds=tuple(zip(names, (fit.thresholds + shift).tolist(), strict=True)),
        warnings=(*_about_drivers(cases), *([] if fit.converged else ["not_converged"])),
    )
    return OrdinalLogit(data=result, people=people, settings=settings)


def ordinal_dominance(
    data: pd.DataFrame, *, outcome: str, drivers: Sequence[str], clusters: ArrayLike | None = None
) -> Importance:
    """Compare every two drivers of an outcome in ordered categories by what they add to McFadden's R².

    Parameters
    ----------
    data, outcome
        As in :func:`ordinal_logit`.
    drivers
        Columns that explain it, at most 10: all their subsets are fitted, each to the same rows.
    clusters
        Respondent of each row: how many people stand behind the result.

    Returns
    -------
    Importance
        The rows of :func:`icstats.contributions.dominance` without intervals; the ``general`` ones add up to
        ``mcfadden``.

    Raises
    ------
    ParameterError
        Wrong columns, more than 10 drivers or 11 categories.
    NotEnoughDataError
        Too few complete rows, or an outcome without spread.

    Warnings
    --------
    There are no intervals. McFadden's R² is no part of a variance and low by nature: .2 is much. With few answers in a
    category one person moves the order. Drivers that go together share what they explain.

    References
    ----------
    Azen, R. & Traxel, N. (2009). Using dominance analysis to determine predictor importance in logistic regression.
    Journal of Educational and Behavioral Statistics 34, 319-347. In R: ``domir::domir`` with ``MASS::polr``.
    """
    if len(drivers) > MOST_FITTED:
        raise ParameterError(
            f"{len(drivers)} drivers have too many subsets to fit; at most {MOST_FITTED} can be.",
            code="ICS-367",
            hint="Use the linear model: dominance().",
        )
    cases = complete_cases(data, outcome=outcome, drivers=drivers, clusters=clusters)
    _, categories = _categories(cases)
    nothing = _null_log_likelihood(categories)
    worth = np.zeros((2 ** len(drivers), 1))
    converged = True
    for subset in range(1, len(worth)):
        chosen = [name for place, name in enumerate(drivers) if subset >> place & 1]
        own = complete_cases(data.iloc[cases.rows], outcome=outcome, drivers=chosen)
        fit = _fit(categories, independent_design(own)[0][:, 1:], own)
        worth[subset] = 1 - fit.log_likelihood / nothing
        converged &= fit.converged
    rows = [
        *rows_of_dominance(cases.drivers, *contributions(worth, len(drivers))),
        Row("model", "mcfadden", float(worth[-1, 0])),
    ]
    settings = importance_settings(cases, method="ordinal_dominance")
    warnings = (*_about_drivers(cases), *([] if converged else ["not_converged"]))
    return importance_of(cases, replace(settings, warnings=warnings), rows)


@dataclass(frozen=True, kw_only=True, eq=False)
class _OrdinalFit:
    """A fitted model: slopes with their covariance, and thresholds for drivers with mean 0."""

    slopes: FloatArray
    covariance: FloatArray
    thresholds: FloatArray
    log_likelihood: float
    converged: bool


def _fit(categories: IntArray, scores: FloatArray, cases: Cases) -> _OrdinalFit:
    """Fit by BFGS and end with Newton steps, which bring the likelihood to its last digits."""
    from statsmodels.miscmodels.ordinal_model import OrderedModel  # noqa: PLC0415  slow to load
    from statsmodels.tools.sm_exceptions import ConvergenceWarning, HessianInversionWarning  # noqa: PLC0415

    slopes = scores.shape[1]
    if not slopes:
        shares = np.cumsum(np.bincount(categories))[:-1] / len(categories)
        return _OrdinalFit(
            slopes=np.zeros(0),
            covariance=np.zeros((0, 0)),
            thresholds=np.log(shares / (1 - shares)),
            log_likelihood=_null_log_likelihood(categories),
            converged=True,
        )
    model = OrderedModel(categories, scores, distr="logit")
    robust = {} if cases.people is None else {"cov_type": "cluster", "cov_kwds": {"groups": cases.people}}
    with catch_warnings(), np.errstate(all="ignore"):
        for category in (ConvergenceWarning, HessianInversionWarning, RuntimeWarning):
            simplefilter("ignore", category)
        near = model.fit(method="bfgs", maxiter=MOST_STEPS, disp=False)
        fitted = model.fit(method="newton", start_params=near.params, maxiter=MOST_STEPS, disp=False, **robust)
    return _OrdinalFit(
        slopes=fitted.params[:slopes],
        covariance=fitted.cov_params()[:slopes, :slopes],
        thresholds=model.transform_threshold_params(fitted.params)[1:-1],
        log_likelihood=float(fitted.llf),
        converged=bool(fitted.mle_retvals["converged"] and np.abs(fitted.params[:slopes]).max() < SEPARATED),
    )


def _categories(cases: Cases) -> tuple[FloatArray, IntArray]:
    """Return the different values of the outcome, and which of them each row has."""
    levels, categories = np.unique(cases.values[:, 0], return_inverse=True)
    if len(levels) > MOST_CATEGORIES:
        raise ParameterError(
            f'The outcome "{cases.outcome}" has {len(levels)} different values; '
            f"at most {MOST_CATEGORIES} are categories.",
            code="ICS-381",
            hint="Use regression(), or put values together.",
        )
    return levels, categories.astype(np.int64)


def _null_log_likelihood(categories: IntArray) -> float:
    counts = np.bincount(categories)
    return float((counts * np.log(counts / counts.sum())).sum())


def _measures_of_fit(fitted: float, nothing: float, cases: Cases, predicted: FloatArray) -> dict[str, float]:
    """Return six pseudo-R² from log likelihoods, which never overflow as likelihoods do."""
    ratio = 2 * (fitted - nothing)
    cox_snell = -np.expm1(-ratio / cases.n)
    variance = float(np.var(predicted))
    return {
        "log_likelihood": fitted,
        "null_log_likelihood": nothing,
        "mcfadden": 1 - fitted / nothing,
        "mcfadden_adj": 1 - (fitted - cases.rank) / nothing,
        "cox_snell": float(cox_snell),
        "nagelkerke": float(cox_snell / -np.expm1(2 * nothing / cases.n)),
        "mckelvey_zavoina": variance / (variance + ERROR_VARIANCE),
        "aldrich_nelson": ratio / (ratio + cases.n),
    }


def _about_drivers(cases: Cases) -> list[str]:
    return [code for code in cases.warnings if not code.startswith("suppression:")]
