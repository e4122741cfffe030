"""The linear model behind the driver analysis, and how many answers each kind of driver analysis needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
import pandas as pd
from scipy.special import stdtr, stdtrit

from icstats.cases import complete_cases
from icstats.errors import ParameterError
from icstats.linear import fit_linear
from icstats.results import Result, Settings
from icstats.sampling import require_conf_level

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import ArrayLike

    from icstats.cases import Cases
    from icstats.linear import LinearFit

__all__ = [
    "BLOCKS_FROM",
    "DRIVERS_FROM",
    "Regression",
    "RegressionSettings",
    "ladder",
    "regression",
]

BLOCKS_FROM = 30
"""Complete ratings from which the drivers of a department are analysed at all, as one composite per block."""

DRIVERS_FROM = 100
"""Complete ratings from which every item is analysed."""


@dataclass(frozen=True, kw_only=True)
class RegressionSettings(Settings):
    """How a regression was computed.

    Attributes
    ----------
    outcome
        Name of what is explained.
    n_total
        Rows before incomplete ones were left out.
    degrees_of_freedom
        Of the t distribution behind intervals and p values; the smallest, where they differ between terms.
    """

    outcome: str
    n_total: int
    degrees_of_freedom: float


@dataclass(frozen=True, kw_only=True, repr=False)
class Regression(Result):
    """A linear model, one row per term and statistic.

    Statistics of the terms ``(intercept)`` and each driver: ``coefficient``; of each driver also ``standardised``,
    ``zero_order_r`` and ``vif``; of the term ``model``: ``r_squared``, ``adj_r_squared``, ``sigma``.
    """

    keys: ClassVar[tuple[str, str]] = ("term", "statistic")

    settings: RegressionSettings


def ladder(n: int) -> Literal["none", "blocks", "all"]:
    """Return which driver analysis ``n`` usable ratings bear.

    Below 30 none of their own: the organisation's is shown, and labelled as such. From 30 to 99 one composite per
    block. From 100 all items. The steps follow what public survey programmes use: 25 to 30 answers before any
    correlation is shown, 100 (UK Civil Service People Survey, organisations) before a regression, smaller units
    inherit the result of their parent; and 10 to 15 ratings per predictor, which three composites reach at 30 to 45.

    Parameters
    ----------
    n
        Ratings with an outcome and all drivers.
    """
    if n < BLOCKS_FROM:
        return "none"
    return "blocks" if n < DRIVERS_FROM else "all"


def regression(
    data: pd.DataFrame,
    *,
    outcome: str,
    drivers: Sequence[str],
    weights: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
    crossed: ArrayLike | None = None,
    conf_level: float = 0.95,
) -> Regression:
    """Explain an outcome by a linear model, with errors that hold when the spread differs or people answer repeatedly.

    Parameters
    ----------
    data
        One row per rating, numeric columns, NaN where there is no answer. Incomplete rows are left out.
    outcome
        Column that is explained.
    drivers
        Columns that explain it.
    weights
        One positive weight per row.
    clusters
        Respondent of each row. Where nobody stands behind two rows: HC3 errors and n - p - 1 degrees of freedom.
        Where 40 people or more repeat: cluster-robust errors (CR1, with the factor G / (G - 1) x (n - 1) / (n - p - 1))
        and G - 1 degrees of freedom, G people. Below 40, where CR1 is too small: CR2 with the degrees of freedom of
        Satterthwaite, one number per term. ``settings.interval`` says which.
    crossed
        A second grouping that cuts across people, for instance the department: two-way errors (of people, plus of
        groups, minus of both) with the smaller number of groups minus 1 as degrees of freedom. Needs ``clusters``.
    conf_level
        Coverage of the t intervals.

    Returns
    -------
    Regression
        The intervals of standardised coefficients are those of the coefficients, divided by the observed spreads.
        A constant driver has coefficient 0. Where drivers depend on each other exactly, the smallest coefficients
        that fit are given, equal for copies, without VIF. Both are named in ``settings.warnings``, as are drivers
        whose coefficient and correlation have opposite signs (``suppression``). A coefficient that hangs on one row has
        no error. Two-way errors of fewer than 40 groups are marked ``few_groups``.

    Raises
    ------
    ParameterError
        Wrong columns, clusters, weights or settings.
    NotEnoughDataError
        Fewer complete rows than drivers + 2, fewer than three people, or an outcome without spread.

    Warnings
    --------
    Coefficients of drivers that go together (VIF over 5) swing from sample to sample and change sign: do not rank by
    them, use :func:`block_importance`. Fewer than ten ratings per driver, or 40 people who repeat, make the errors too
    small in the one and unsure in the other case. A mark at its ceiling is not linear in anything. No coefficient is a
    cause.

    References
    ----------
    In R: ``lm(y ~ ., d, weights = w)`` with ``sandwich::vcovHC(m, type = "HC3")`` or
    ``sandwich::vcovCL(m, ~ id, type = "HC1")``, ``clubSandwich::vcovCR(m, id, type = "CR2")`` or
    ``sandwich::vcovCL(m, ~ id + department, type = "HC1")``. Long, J. S. & Ervin, L. H. (2000). Using
    heteroscedasticity consistent standard errors in the linear regression model. The American Statistician 54, 217-224.
    Pustejovsky, J. E. & Tipton, E. (2018). Small-sample methods for cluster-robust variance estimation and hypothesis
    testing in fixed effects models. Journal of Business & Economic Statistics 36, 672-683. Cameron, A. C., Gelbach,
    J. B. & Miller, D. L. (2011). Robust inference with multiway clustering. The same journal 29, 238-249.
    """
    require_conf_level(conf_level)
    cases = complete_cases(data, outcome=outcome, drivers=drivers, clusters=clusters, weights=weights)
    if crossed is not None and clusters is None:
        raise ParameterError("crossed is given without clusters; two-way errors need both.", code="ICS-352")
    fit = fit_linear(cases, crossed=crossed)
    rows = [
        *_coefficient_rows(cases, fit, conf_level),
        *_descriptive_rows(cases),
        *({"term": "model", "statistic": code, "estimate": value} for code, value in fit.model.items()),
    ]
    columns = ["estimate", "std_error", "conf_low", "conf_high", "p_value"]
    result = pd.DataFrame(rows, columns=["term", "statistic", *columns]).astype(dict.fromkeys(columns, float))
    people = pd.DataFrame(cases.behind, index=result.index)
    result = result.assign(n=cases.n, n_people=cases.n_people, unit="coefficient")
    settings = RegressionSettings(
        method="ols" if weights is None else "wls",
        interval=fit.errors,
        conf_level=conf_level,
        n_clusters=0 if cases.people is None else cases.n_people,
        outcome=cases.outcome,
        n_total=cases.n_total,
        degrees_of_freedom=float(np.nanmin(fit.degrees_of_freedom)),
        warnings=(*cases.warnings, *fit.warnings),
    )
    return Regression(data=result, people=people, settings=settings)


def _coefficient_rows(cases: Cases, fit: LinearFit, conf_level: float) -> Iterator[dict[str, object]]:
    spreads = cases.spreads
    varies = np.append(True, spreads[1:] > 0)
    errors = np.where(varies, np.sqrt(np.diag(fit.covariance)), np.nan)
    quantiles = stdtrit(fit.degrees_of_freedom, (1 + conf_level) / 2)
    p_values = 2 * stdtr(fit.degrees_of_freedom, -np.abs(fit.coefficients / errors))
    terms = ("(intercept)", *cases.drivers)
    for statistic, scale in (("coefficient", np.ones(len(terms))), ("standardised", spreads / spreads[0])):
        start = 0 if statistic == "coefficient" else 1
        for place in range(start, len(terms)):
            estimate, error = fit.coefficients[place] * scale[place], errors[place] * scale[place]
            yield {
                "term": terms[place],
                "statistic": statistic,
                "estimate": estimate,
                "std_error": error,
                "conf_low": estimate - quantiles[place] * error,
                "conf_high": estimate + quantiles[place] * error,
                "p_value": p_values[place],
            }


def _descriptive_rows(cases: Cases) -> Iterator[dict[str, object]]:
    correlations = cases.correlations
    for driver, correlation in zip(cases.drivers, correlations[1:, 0], strict=True):
        yield {"term": driver, "statistic": "zero_order_r", "estimate": correlation}
    undefined = {*cases.constant, *cases.redundant}
    for driver, vif in zip(cases.drivers, np.diag(np.linalg.pinv(correlations[1:, 1:])), strict=True):
        yield {"term": driver, "statistic": "vif", "estimate": np.nan if driver in undefined else vif}
