"""Departments side by side: which rating is about which, their raw means, and how sure their order is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import stdtrit

from icstats.errors import ParameterError
from icstats.means import Answers
from icstats.sampling import checked_items, department_codes, person_codes, require_conf_level

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from numpy.typing import ArrayLike

    from icstats.sampling import FloatArray, IntArray

__all__ = ["COLUMNS", "NUMBERS", "Rated", "department_rows", "interval", "rank_limits", "rated"]

NUMBERS = ["estimate", "std_error", "conf_low", "conf_high", "p_value"]
COLUMNS = ["department", "variable", "statistic", *NUMBERS, "n", "n_people", "unit"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Rated:
    """The ratings of one variable.

    Attributes
    ----------
    names
        Departments, in alphabetical order, also those without an answer to this variable.
    values
        Answers, without missing ones.
    departments, people
        For each answer the number of its department in ``names`` and of its person, from 0.
    rows
        Place of each answer in the data.
    """

    names: tuple[str, ...]
    values: FloatArray
    departments: IntArray
    people: IntArray
    rows: IntArray

    @property
    def counts(self) -> FloatArray:
        """Answers per department."""
        return np.bincount(self.departments, minlength=len(self.names)).astype(np.float64)

    @property
    def people_per_department(self) -> FloatArray:
        """People behind the answers about each department."""
        pairs = np.unique(np.column_stack([self.departments, self.people]), axis=0)
        return np.bincount(pairs[:, 0], minlength=len(self.names)).astype(np.float64)

    @property
    def means(self) -> FloatArray:
        """Mean per department; NaN without answers."""
        return self.sums(self.values) / np.where(self.counts > 0, self.counts, np.nan)

    @property
    def square_within(self) -> float:
        """Sum of squared deviations from the mean of the own department."""
        return float(((self.values - self.means[self.departments]) ** 2).sum())

    def sums(self, values: FloatArray) -> FloatArray:
        """Return the sum per department of one number per answer."""
        return np.bincount(self.departments, weights=values, minlength=len(self.names)).astype(np.float64)

    def intervals(self, conf_level: float) -> Iterator[dict[str, object]]:
        """Return per department its raw mean with the t interval, or without one where nothing varies."""
        for number in range(len(self.names)):
            own = self.departments == number
            answers = Answers.of(self.values[own], self.people[own], np.ones(int(own.sum())))
            if not answers.varies:
                yield {"estimate": answers.mean}
                continue
            yield interval(answers.mean, answers.error_of_mean, conf_level, freedom=answers.n_people - 1)


def rated(
    scores: pd.DataFrame, *, departments: ArrayLike, clusters: ArrayLike | None, conf_level: float
) -> dict[str, Rated]:
    """Return the ratings of every variable.

    Parameters
    ----------
    scores
        Ratings x variables, NaN for missing.
    departments
        Department of each rating.
    clusters
        Respondent of each rating.
    conf_level
        Checked here, so that every room does.

    Raises
    ------
    ParameterError
        A column that is not numeric, no columns, departments or clusters that do not fit, a coverage outside 0 to 1.
    """
    require_conf_level(conf_level)
    values = checked_items(scores)
    if not len(values.columns):
        raise ParameterError("scores has no columns; there is nothing to compare.", code="ICS-379")
    names, codes = department_codes(departments, n_rows=len(values))
    people = person_codes(clusters, n_rows=len(values))
    found = {}
    for variable in values.columns:
        column = values[variable].to_numpy()
        rows = np.flatnonzero(~np.isnan(column))
        found[variable] = Rated(
            names=names, values=column[rows], departments=codes[rows], people=people[rows], rows=rows
        )
    return found


def department_rows(
    ratings: Rated, variable: str, statistics: dict[str, list[dict[str, object]]]
) -> Iterator[dict[str, object]]:
    """Return the rows of a result: department by department, of each one row per statistic, all in points."""
    counts, people = ratings.counts, ratings.people_per_department
    for number, name in enumerate(ratings.names):
        about = {"department": name, "variable": variable, "n": int(counts[number]), "n_people": int(people[number])}
        for statistic, columns in statistics.items():
            yield about | {"statistic": statistic, "unit": "points"} | columns[number]


def interval(estimate: float, error: float, conf_level: float, *, freedom: float) -> dict[str, object]:
    """Return an estimate with its t interval, as columns of a result."""
    reach = float(stdtrit(freedom, (1 + conf_level) / 2)) * error
    return {"estimate": estimate, "std_error": error, "conf_low": estimate - reach, "conf_high": estimate + reach}


def rank_limits(estimates: FloatArray, errors: FloatArray, freedom: FloatArray, conf_level: float) -> FloatArray:
    """Return per department the lowest and the highest rank it may have, all true at once with this probability.

    Parameters
    ----------
    estimates, errors, freedom
        One per department; NaN where it has none, and it may then have any rank.
    conf_level
        Joint coverage.

    Returns
    -------
    FloatArray
        Departments x 2; rank 1 is the lowest estimate.

    Notes
    -----
    Intervals that hold together (Sidak): whoever lies wholly below an interval ranks below it. Klein, M., Wright, T. &
    Wieczorek, J. (2020). A joint confidence region for an overall ranking of populations. Journal of the Royal
    Statistical Society C 69, 589-606.
    """
    count = len(estimates)
    each = conf_level ** (1 / count)
    known = ~np.isnan(errors) & (freedom > 0)
    reach = np.where(known, stdtrit(np.where(known, freedom, 1.0), (1 + each) / 2) * errors, np.inf)
    middle = np.where(known, estimates, 0.0)
    low, high = middle - reach, middle + reach
    below = (high[None, :] < low[:, None]).sum(axis=1)
    above = (low[None, :] > high[:, None]).sum(axis=1)
    return np.column_stack([1.0 + below, count - above])
