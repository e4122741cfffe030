"""The mean of answers that do not all weigh the same, given by people who may have answered more than once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from icstats.sampling import ROUNDING

if TYPE_CHECKING:
    import numpy.typing as npt

    from icstats.sampling import FloatArray, IntArray

__all__ = ["FEWEST_PEOPLE", "Answers"]

FEWEST_PEOPLE = 2
"""One person has no spread."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Answers:
    """The answers to one variable.

    Attributes
    ----------
    values
        Without missing ones.
    weights
        One positive weight per answer.
    people
        For each answer the number of its person, from 0.
    """

    values: FloatArray
    weights: FloatArray
    people: IntArray

    @classmethod
    def of(cls, column: FloatArray, people: IntArray, weights: FloatArray) -> Answers:
        """Return what was answered in a column, with the people and weights of its rows."""
        given = ~np.isnan(column)
        return cls(
            values=column[given],
            weights=weights[given],
            people=np.unique(people[given], return_inverse=True)[1].astype(np.int64),
        )

    def hits(self, hit: npt.NDArray[np.bool_]) -> Answers:
        """Return 1 for each answer that is a hit and 0 for the others, by the same people."""
        return replace(self, values=hit.astype(np.float64))

    @property
    def n(self) -> int:
        """Number of answers."""
        return len(self.values)

    @cached_property
    def n_people(self) -> int:
        """Number of people who answered."""
        return int(self.people.max(initial=-1)) + 1

    @property
    def repeated(self) -> bool:
        """Whether somebody answered more than once."""
        return self.n_people < self.n

    @cached_property
    def weighted(self) -> bool:
        """Whether the weights differ."""
        return bool(self.n and np.ptp(self.weights) > 0)

    @property
    def effective_n(self) -> float:
        """Answers of equal weight that would tell as much: (sum of weights)² / sum of squared weights (Kish 1965)."""
        return float(self.weights.sum() ** 2 / (self.weights**2).sum()) if self.weighted else float(self.n)

    @cached_property
    def mean(self) -> float:
        """Weighted mean; NaN without answers."""
        if not self.weighted:
            return float(self.values.mean()) if self.n else float("nan")
        return float(self.weights @ self.values / self.weights.sum())

    @cached_property
    def sd(self) -> float:
        """Standard deviation with n - 1; with weights n / (n - 1) of the weighted mean square."""
        squares = self.weights @ (self.values - self.mean) ** 2 / self.weights.sum()
        return float(np.sqrt(squares * self.n / (self.n - 1)))

    @property
    def varies(self) -> bool:
        """Whether there are two people, and something that varies from person to person."""
        return self.n_people >= FEWEST_PEOPLE and self.error_of_mean > 0

    @cached_property
    def moves(self) -> FloatArray:
        """How much each answer moves the mean, times root(c / (c - 1)) for c people."""
        people = self.n_people
        deviations = self.weights * (self.values - self.mean) / self.weights.sum()
        return np.asarray(deviations * np.sqrt(people / max(people - 1, 1)), dtype=np.float64)

    @cached_property
    def error_of_mean(self) -> float:
        """Standard error: root(c / (c - 1) x sum over c people of (their weighted deviations)²) / sum of the weights.

        That is s / root(n) where everybody answers once and counts the same; in R ``survey::svymean`` with the
        person as the cluster. Exactly 0 where nothing varies from person to person, also when rounding leaves a trace.
        """
        error = float(np.linalg.norm(np.bincount(self.people, weights=self.moves)))
        return error if error > ROUNDING * float(np.abs(self.values).max(initial=0.0)) else 0.0
