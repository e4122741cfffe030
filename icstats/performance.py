"""Importance beside performance: where improvement would matter most."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from icstats.cases import complete_cases
from icstats.errors import ParameterError, Problem
from icstats.results import joined
from icstats.shares import (
    EQUAL,
    Importance,
    Resampled,
    Row,
    bootstrap_settings,
    each_alone,
    importance_of,
    importance_settings,
    rank_correlation,
    refuse_too_many,
    rows_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import ArrayLike

    from icstats.cases import Cases, FloatArray, IntArray

__all__ = ["QUADRANTS", "importance_performance"]

QUADRANTS = ("low_priority", "possible_overkill", "concentrate_here", "keep_up")
"""By 2 x (important) + (performing well)."""


def importance_performance(
    data: pd.DataFrame,
    *,
    outcome: str,
    drivers: Sequence[str],
    stated: Mapping[str, str] | None = None,
    weights: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
    n_boot: int = 1000,
    conf_level: float = 0.95,
    seed: int | None = None,
) -> Importance:
    """Put every driver into a quadrant of importance and performance, and say how sure that is.

    The axes cross where importance is 1 / p, the share of R² that each of p drivers would have if all weighed the same,
    and where performance is the mean of the means of the drivers. Both are relative: somebody is always below average.
    In every bootstrap sample the means, the shares and the performance axis are computed anew.

    Parameters
    ----------
    data
        One row per rating, numeric columns on one response scale, NaN where there is no answer. Incomplete rows are
        left out.
    outcome
        Column that is explained.
    drivers
        Columns that explain it, at most 20.
    stated
        Driver -> column with the importance that people say it has; compared with the importance derived here.
    weights
        One positive weight per row.
    clusters
        Respondent of each row; whole respondents are drawn.
    n_boot
        Number of bootstrap samples.
    conf_level
        Coverage of the percentile intervals.
    seed
        Same seed, same result. None draws one and records it in ``settings``.

    Returns
    -------
    Importance
        Each driver has ``lmg_share``, ``mean`` and one row for each quadrant: ``keep_up``, ``concentrate_here``,
        ``low_priority``, ``possible_overkill``, the part of the samples in which it lies there; the one in which it
        lies in the data is named in the column ``block``. The driver ``model`` has ``axis_importance`` and
        ``axis_performance``. With ``stated``: ``stated`` per driver, and ``stated_agreement``, the rank correlation of
        stated and derived importance, for the model.

    Raises
    ------
    ParameterError
        Wrong columns, clusters, weights or settings, more than 20 drivers, or a stated column that is none of numbers.
    NotEnoughDataError
        Too few complete rows or people, or an outcome without spread.

    Warnings
    --------
    Both axes are relative, so some driver is always in every half, also where all are excellent. Drivers near an axis
    change quadrant from sample to sample: read the part of the samples, not the place of the dot. Importance is an
    association with the mark, and small where everybody answers alike.

    References
    ----------
    Martilla, J. A. & James, J. C. (1977). Importance-performance analysis. Journal of Marketing 41, 77-79. Derived
    instead of stated importance: Deng, W. (2007). Using a revised importance-performance analysis approach. Tourism
    Management 28, 1274-1284. In R: ``relaimpo::calc.relimp`` and ``colMeans``.
    """
    refuse_too_many(len(drivers))
    cases = complete_cases(data, outcome=outcome, drivers=drivers, clusters=clusters, weights=weights)
    wanted = bootstrap_settings(cases, method="importance_performance", n_boot=n_boot, conf_level=conf_level, seed=seed)
    sample = Resampled.of(cases, wanted)
    values = sample.shapley_values(each_alone(len(drivers)))
    total = values.sum(axis=0)
    shares = values / np.where(total > EQUAL, total, 1.0) * (total > EQUAL)
    centre, spread = cases.means[1:, None], cases.spreads[1:, None]
    means = np.hstack([centre, centre + spread * sample.means[1:]])
    axis = means.mean(axis=0)
    quadrants = 2 * (shares > 1 / len(drivers) + EQUAL) + (means > axis + EQUAL)
    rows = [
        *rows_of(cases.drivers, "lmg_share", shares, conf_level=conf_level),
        *_rows_of_means(cases.drivers, "mean", means, conf_level),
        *_rows_of_quadrants(cases.drivers, quadrants),
        Row("model", "axis_importance", 1 / len(drivers)),
        *_rows_of_means(["model"], "axis_performance", axis[None, :], conf_level),
    ]
    matrix = importance_of(cases, sample.settings, rows)
    return joined([matrix, _of_stated(data, cases, stated, shares[:, 0], clusters)]) if stated else matrix


def _rows_of_means(names: Sequence[str], measure: str, means: FloatArray, conf_level: float) -> list[Row]:
    return rows_of(names, measure, means, conf_level=conf_level, lowest=-np.inf, highest=np.inf, unit="points")


def _rows_of_quadrants(drivers: Sequence[str], quadrants: IntArray) -> list[Row]:
    """Return how often each driver lies in each quadrant; the first column is the data."""
    return [
        Row(name, quadrant, float((own[1:] == place).mean()), block=QUADRANTS[own[0]])
        for name, own in zip(drivers, quadrants, strict=True)
        for place, quadrant in enumerate(QUADRANTS)
    ]


def _of_stated(
    data: pd.DataFrame, cases: Cases, stated: Mapping[str, str], shares: FloatArray, clusters: ArrayLike | None
) -> Importance:
    """Return the mean stated importance of each driver, and how its order agrees with the derived one."""
    problems = [
        Problem(code="ICS-362", column=str(name), message="has a stated importance and is no driver.")
        for name in stated
        if name not in cases.drivers
    ]
    if problems:
        raise ParameterError(problems)
    said = complete_cases(data, outcome=cases.outcome, drivers=list(stated.values()), clusters=clusters)
    places = [cases.drivers.index(name) for name in stated]
    agreement = rank_correlation(said.means[1:], shares[places])
    rows = [
        *(Row(name, "stated", float(mean), unit="points") for name, mean in zip(stated, said.means[1:], strict=True)),
        Row("model", "stated_agreement", agreement, unit="coefficient"),
    ]
    return importance_of(said, importance_settings(said, method="importance_performance"), rows)
