"""The difference of two means, whoever stands behind them: the same people, other people, or some of both.

Expectations and experience come from the same customers, forecasts and answers from two groups, and of two waves some
people answered both. One formula covers all three, so that a shown difference is always that of the shown means.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import stdtr, stdtrit

from icstats.sampling import ROUNDING

if TYPE_CHECKING:
    from collections.abc import Collection

    from icstats.sampling import FloatArray, IntArray

__all__ = ["Answers", "Difference", "difference_of_means"]

FEWEST_PEOPLE = 2
"""One person has no spread."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Answers:
    """Valid answers to one question, and the number of the person behind each."""

    values: FloatArray
    people: IntArray

    @classmethod
    def of(cls, column: FloatArray, people: IntArray) -> Answers:
        """Return the answers that are there."""
        given = ~np.isnan(column)
        return cls(values=column[given], people=people[given])

    @property
    def n(self) -> int:
        """Number of answers."""
        return len(self.values)

    @property
    def n_people(self) -> int:
        """Number of people who gave them."""
        return len(np.unique(self.people))

    @property
    def mean(self) -> float:
        """Mean; NaN without answers."""
        return float(self.values.mean()) if self.n else float("nan")

    def pulls(self) -> dict[int, float]:
        """Return how far each person pulls the mean from its true value.

        The sum of the person's deviations from the mean, over n, times the root of c / (c - 1) for c people: the sum of
        the squares is the squared error of the mean.
        """
        names, places = np.unique(self.people, return_inverse=True)
        per_person = np.bincount(places, weights=self.values - self.mean) / self.n
        scale = (len(names) / (len(names) - 1)) ** 0.5
        return dict(zip(names.tolist(), (scale * per_person).tolist(), strict=True))


@dataclass(frozen=True, kw_only=True)
class Difference:
    """The first mean minus the second.

    Attributes
    ----------
    estimate
        NaN where one side has no answers.
    std_error, freedom
        Standard error and degrees of freedom; NaN where there is no spread to judge by.
    """

    estimate: float
    std_error: float = float("nan")
    freedom: float = float("nan")

    def interval(self, conf_level: float) -> tuple[float, float]:
        """Return the ends of the t interval."""
        reach = float(stdtrit(self.freedom, (1 + conf_level) / 2)) * self.std_error
        return self.estimate - reach, self.estimate + reach

    @property
    def p_value(self) -> float:
        """Two-sided p value of no difference."""
        return float(2 * stdtr(self.freedom, -abs(self.estimate) / self.std_error))

    def row(self, conf_level: float) -> dict[str, float]:
        """Return it in the columns of a result."""
        low, high = self.interval(conf_level)
        return {
            "estimate": self.estimate,
            "std_error": self.std_error,
            "conf_low": low,
            "conf_high": high,
            "p_value": self.p_value,
        }


def difference_of_means(first: Answers, second: Answers) -> Difference:
    """Return the difference of two means with an error that allows for people who stand behind both.

    Parameters
    ----------
    first, second
        Answers whose people are numbered alike: the same number is the same person.

    Returns
    -------
    Difference
        Without error where a side has fewer than two people, or where nothing varies from person to person.

    Notes
    -----
    Every person pulls the difference by the pull on the first mean minus the pull on the second; the squared error is
    the sum of the squared pulls. The degrees of freedom are Satterthwaite's over three groups: people behind the first
    mean only, the second only, and both. If all stand behind both this is the paired t test, if nobody does it is
    Welch's; in between it is a test for partially overlapping samples (Derrick, Toher & White 2017, in R
    ``partiallyoverlapping::Partover.test``). A person's several answers are added up first, as in
    ``sandwich::vcovCL``.
    """
    estimate = first.mean - second.mean
    if min(first.n_people, second.n_people) < FEWEST_PEOPLE:
        return Difference(estimate=estimate)
    left, right = first.pulls(), second.pulls()
    groups = (left.keys() - right.keys(), right.keys() - left.keys(), left.keys() & right.keys())
    parts = [sum((left.get(one, 0.0) - right.get(one, 0.0)) ** 2 for one in sorted(group)) for group in groups]
    squared = sum(parts)
    largest = max(float(np.abs(side.values).max()) for side in (first, second))
    if squared**0.5 <= ROUNDING * largest:
        return Difference(estimate=estimate)
    return Difference(estimate=estimate, std_error=squared**0.5, freedom=_freedom(parts, groups))


def _freedom(parts: list[float], groups: tuple[Collection[int], ...]) -> float:
    """Return Satterthwaite's degrees of freedom; a group of one person has one."""
    per_group = [part**2 / max(len(group) - 1, 1) for part, group in zip(parts, groups, strict=True)]
    return float(sum(parts) ** 2 / sum(per_group))
