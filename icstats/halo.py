"""Whether drivers owe their importance to a general impression rather than to what each question asks.

A halo makes everything correlate with everything. Two looks past it: without the ratings that give every question the
same answer, and within respondents, where what a person answers everywhere is taken off.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from icstats.cases import complete_cases
from icstats.results import joined
from icstats.shares import (
    EQUAL,
    Importance,
    Row,
    each_alone,
    importance_of,
    importance_settings,
    rank_correlation,
    refuse_too_many,
    rows_of,
)
from icstats.subsets import packed, shapley_values

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from icstats.cases import Cases, FloatArray

    BoolArray = NDArray[np.bool_]

__all__ = ["FEWEST_LINED", "halo_check"]

FEWEST_LINED = 10
"""Fewer people with straight lines than this are not set apart: it would hardly matter, and would tell on them."""

FEWEST_DRIVERS = 3
"""The same answer to fewer questions than this is no straight line."""


def halo_check(
    data: pd.DataFrame,
    *,
    outcome: str,
    drivers: Sequence[str],
    clusters: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> Importance:
    """Divide R² over drivers (LMG) three times: as it is, without straight-liners, and within respondents.

    Where the three agree, the order of the drivers is no work of a halo. Within respondents the mean of a person's
    ratings is taken off every question and the outcome: what remains is which department someone likes better for
    what. It needs people who rate at least two departments; the others drop out.

    Parameters
    ----------
    data
        One row per rating, numeric columns, NaN where there is no answer. Incomplete rows are left out.
    outcome
        Column that is explained.
    drivers
        Columns that explain it, at most 20. A rating is straight-lined when all of three or more have one answer.
    clusters
        Respondent of each row; without them nothing is done within respondents.
    weights
        One positive weight per row.

    Returns
    -------
    Importance
        Each driver has ``lmg_share``, ``lmg_share_without_lined`` and ``lmg_share_within``; the driver ``model`` has
        ``r_squared``, ``straight_lined`` (part of the ratings) and, for each further look, ``r_squared_...`` and
        ``agreement_...``, the rank correlation of its shares with those of all ratings. A look that is not possible
        has no rows: ``settings.warnings`` says ``few_straight_lined`` (by fewer than 10 people, or too few others) or
        ``few_repeats``.

    Raises
    ------
    ParameterError
        Wrong columns, clusters or weights, or more than 20 drivers.
    NotEnoughDataError
        Too few complete rows or people, or an outcome without spread.

    Warnings
    --------
    Agreement of the three looks does not prove that there is no halo: one that colours all of a person's ratings of
    one department alike stays in each of them. Within respondents only those count who rated two departments or more,
    who may be other kinds of customers. Straight-lining may be a true opinion.

    References
    ----------
    Thorndike, E. L. (1920). A constant error in psychological ratings. Journal of Applied Psychology 4, 25-29. In R:
    ``relaimpo::calc.relimp`` on each set of rows, the last after ``x - ave(x, id)``.
    """
    refuse_too_many(len(drivers))
    cases = complete_cases(data, outcome=outcome, drivers=drivers, clusters=clusters, weights=weights)
    shares, r_squared = _divided(cases)
    looks = [_look(cases, "", shares, [Row("model", "r_squared", r_squared)])]
    warnings = []
    lined = _straight_lined(cases)
    without = _chosen(cases, ~lined)
    if without is None or _people_of(cases, lined) < FEWEST_LINED:
        warnings.append("few_straight_lined")
    else:
        share = float(cases.weights[lined].sum() / cases.weights.sum())
        look = _look(without, "_without_lined", shares, [Row("model", "straight_lined", share)])
        looks.append(_resting_on(look, cases.n - without.n, _people_of(cases, lined)))
    within = _within_people(cases)
    if within is None:
        warnings.append("few_repeats")
    else:
        looks.append(_look(within, "_within", shares, []))
    result = joined(looks)
    return replace(result, settings=replace(looks[0].settings, warnings=(*looks[0].settings.warnings, *warnings)))


def _look(cases: Cases, name: str, of_all: FloatArray, more: list[Row]) -> Importance:
    shares, r_squared = _divided(cases)
    rows = [*rows_of(cases.drivers, f"lmg_share{name}", shares), *more]
    if name:
        agreement = rank_correlation(shares[:, 0], of_all[:, 0])
        rows.append(Row("model", f"r_squared{name}", r_squared))
        rows.append(Row("model", f"agreement{name}", agreement, unit="coefficient"))
    return importance_of(cases, importance_settings(cases, method="halo_check"), rows)


def _divided(cases: Cases) -> tuple[FloatArray, float]:
    """Return the share of R² of each driver, and R²."""
    values = shapley_values(packed(cases.correlations), each_alone(len(cases.drivers)))
    total = float(values.sum())
    return (values / total if total > EQUAL else np.zeros_like(values)), total


def _straight_lined(cases: Cases) -> BoolArray:
    """Return which ratings give all questions one answer."""
    answers = cases.values[:, 1:]
    return np.asarray(np.all(answers == answers[:, :1], axis=1) & (len(cases.drivers) >= FEWEST_DRIVERS))


def _people_of(cases: Cases, which: BoolArray) -> int:
    return int(which.sum()) if cases.people is None else len(np.unique(cases.people[which]))


def _within_people(cases: Cases) -> Cases | None:
    """Return the ratings of those who gave two or more, as deviations from their own mean; None where too few did."""
    if cases.people is None:
        return None
    repeats = _chosen(cases, np.bincount(cases.people)[cases.people] > 1)
    if repeats is None or repeats.people is None:
        return None
    weight = np.bincount(repeats.people, weights=repeats.weights)
    sums = np.array([np.bincount(repeats.people, weights=repeats.weights * column) for column in repeats.values.T])
    deviations = repeats.values - (sums / weight).T[repeats.people]
    deviations[:, np.abs(deviations).max(axis=0) < EQUAL] = 0.0
    within = replace(repeats, values=deviations)
    free = within.n - within.n_people
    return within if free >= len(cases.drivers) + 2 and within.spreads[0] > 0 else None


def _chosen(cases: Cases, which: BoolArray) -> Cases | None:
    """Return some of the rows with their people numbered anew; None where they are too few for this many drivers."""
    people = None if cases.people is None else np.unique(cases.people[which], return_inverse=True)[1].astype(np.int64)
    chosen = replace(
        cases, values=cases.values[which], weights=cases.weights[which], people=people, rows=cases.rows[which]
    )
    return chosen if chosen.n >= len(cases.drivers) + 2 and chosen.spreads[0] > 0 else None


def _resting_on(look: Importance, n: int, n_people: int) -> Importance:
    """Return the look with the ratings it leaves out behind it, where those are fewer than the ones it keeps.

    The difference from all ratings is about those that were left out: they are the ones to be protected.
    """
    smallest = look.people.assign(
        n=look.people["n"].clip(upper=n), n_people=look.people["n_people"].clip(upper=n_people)
    )
    return replace(look, people=smallest)
