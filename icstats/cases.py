"""The ratings that a model of one outcome can use: complete, numeric, with their weights and the people behind them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from icstats.errors import NotEnoughDataError, ParameterError, Problem
from icstats.moments import ROUNDING
from icstats.sampling import FEW_CLUSTERS, FEWEST, person_codes, problems_of_weights

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from icstats.moments import Moments

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]

__all__ = ["FEW_CLUSTERS", "SINGULAR", "Associations", "Cases", "Summed", "complete_cases", "summed_cases"]

SINGULAR = 1e-10
"""An eigenvalue of a correlation matrix below this says that some drivers follow exactly from others."""

INVOLVED = 1e-6
"""A driver takes part in such a dependency from this weight on."""

OPPOSITE = 1e-6
"""A coefficient and a correlation smaller than this have no sign."""


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Associations(ABC):
    """How an outcome and its drivers go together; all that dividing R² needs to know of the data.

    Attributes
    ----------
    outcome
        Name of the outcome.
    drivers
        Names of the p drivers, in the order in which they were given.
    n_total
        Rows before incomplete ones were left out.
    """

    outcome: str
    drivers: tuple[str, ...]
    n_total: int

    @property
    @abstractmethod
    def n(self) -> int:
        """Number of complete rows."""

    @property
    @abstractmethod
    def n_people(self) -> int:
        """Number of people behind the complete rows; 0 where that is not known."""

    @property
    def n_apart(self) -> int:
        """Number of people whom some driver tells from all others: all, as far as is known."""
        return self.n_people

    @property
    def behind(self) -> dict[str, int]:
        """How many answers and people stand behind every number, for the door."""
        return {"n": self.n, "n_people": self.n_people, "n_apart": self.n_apart}

    @property
    @abstractmethod
    def effective_n(self) -> float:
        """Rows of equal weight that would tell as much: (sum of weights)² / sum of squared weights (Kish)."""

    @property
    @abstractmethod
    def spreads(self) -> FloatArray:
        """Weighted standard deviations (divided by the sum of the weights); exactly 0 where all values are equal."""

    @property
    @abstractmethod
    def correlations(self) -> FloatArray:
        """Weighted correlations, the outcome first; 0 where a variable has no spread."""

    @cached_property
    def directions(self) -> tuple[FloatArray, FloatArray]:
        """Variances along, and the drivers' part in, the principal directions of the standardised drivers."""
        sizes, directions = np.linalg.eigh(self.correlations[1:, 1:])
        return sizes, directions

    @cached_property
    def constant(self) -> tuple[str, ...]:
        """Drivers to which everybody gave the same answer."""
        return self._named(self.spreads[1:] == 0)

    @cached_property
    def redundant(self) -> tuple[str, ...]:
        """Drivers that take part in an exact linear dependency among drivers."""
        sizes, directions = self.directions
        if sizes[0] >= SINGULAR:  # sorted
            return ()
        part = np.sqrt((directions[:, sizes < SINGULAR] ** 2).sum(axis=1))
        return self._named((part > INVOLVED) & (self.spreads[1:] > 0))

    @property
    def rank(self) -> int:
        """Number of drivers that are linearly independent."""
        return int((self.directions[0] >= SINGULAR).sum())

    @cached_property
    def coefficients(self) -> FloatArray:
        """Standardised coefficients; where drivers depend on each other exactly, the smallest ones that fit."""
        sizes, directions = self.directions
        kept = directions[:, sizes >= SINGULAR]
        return np.asarray(kept @ (kept.T @ self.correlations[1:, 0] / sizes[sizes >= SINGULAR]), dtype=np.float64)

    @cached_property
    def suppressed(self) -> tuple[str, ...]:
        """Drivers whose coefficient and correlation with the outcome have opposite signs."""
        return self._named(self.coefficients * self.correlations[1:, 0] < -(OPPOSITE**2))

    @property
    def warnings(self) -> tuple[str, ...]:
        """Codes of what a reader should know about these cases; never a count, for they are shown."""
        return (
            *(f"constant:{name}" for name in self.constant),
            *(f"redundant:{name}" for name in self.redundant),
            *(f"suppression:{name}" for name in self.suppressed),
        )

    def _named(self, which: NDArray[np.bool_]) -> tuple[str, ...]:
        return tuple(self.drivers[place] for place in np.flatnonzero(which))


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Cases(Associations):
    """Complete rows of an outcome and its drivers.

    Attributes
    ----------
    values
        Rows x (1 + p), the outcome first.
    weights
        One positive weight per row; all 1 where none were given.
    people
        Number of the person behind each row, from 0 to ``n_people - 1``; None where nobody stands behind two rows.
    rows
        Place of each complete row in the data; by person where people are known.
    """

    values: FloatArray
    weights: FloatArray
    people: IntArray | None
    rows: IntArray

    @property
    def n(self) -> int:
        """Number of complete rows."""
        return len(self.values)

    @cached_property
    def n_people(self) -> int:
        """Number of people behind the complete rows."""
        return self.n if self.people is None else int(self.people.max(initial=-1)) + 1

    @cached_property
    def n_apart(self) -> int:
        """Number of people whom the driver that varies least tells from all others.

        A driver to which nearly everybody gave one answer is as good as the names of the few who did not: with how many
        they are, its coefficient or correlation is their outcome.
        """
        drivers = self.values[:, 1:]
        apart, people = drivers != _medians(drivers), self.people
        counts = apart.sum(axis=0) if people is None else [np.unique(people[one]).size for one in apart.T]
        return min((int(count) for count in counts if count), default=self.n_people)

    @property
    def effective_n(self) -> float:
        """Rows of equal weight that would tell as much: (sum of weights)² / sum of squared weights (Kish)."""
        return float(self.weights.sum() ** 2 / (self.weights**2).sum())

    @cached_property
    def means(self) -> FloatArray:
        """Weighted means, the outcome first."""
        return np.asarray(self.weights @ self.values / self.weights.sum(), dtype=np.float64)

    @cached_property
    def _deviations(self) -> FloatArray:
        return np.asarray(self.values - self.means, dtype=np.float64)

    @cached_property
    def _covariance(self) -> FloatArray:
        weighted = self._deviations * self.weights[:, None]
        return np.asarray(weighted.T @ self._deviations / self.weights.sum(), dtype=np.float64)

    @cached_property
    def spreads(self) -> FloatArray:
        """Weighted standard deviations (divided by the sum of the weights); exactly 0 where all values are equal.

        Values that differ by what rounding leaves (0.1 + 0.2 beside 0.3) are equal.
        """
        highest, lowest = self.values.max(axis=0), self.values.min(axis=0)
        equal = highest - lowest <= ROUNDING * np.maximum(highest, -lowest)
        return np.where(equal, 0.0, np.sqrt(np.diag(self._covariance)))

    @cached_property
    def standardised(self) -> FloatArray:
        """Values with mean 0 and standard deviation 1; a column without spread is 0."""
        return np.asarray(self._deviations * _inverse(self.spreads), dtype=np.float64)

    @cached_property
    def correlations(self) -> FloatArray:
        """Weighted correlations, the outcome first; 0 where a variable has no spread."""
        scale = _inverse(self.spreads)
        return np.asarray(self._covariance * (scale[:, None] * scale), dtype=np.float64)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Codes of what a reader should know about these cases; never a count, for they are shown."""
        few = self.people is not None and self.n_people < FEW_CLUSTERS
        return (*super().warnings, *(["few_clusters"] if few else []))


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Summed(Associations):
    """Moments of an outcome and its drivers, the outcome first, without the rows they came from."""

    moments: Moments

    @property
    def n(self) -> int:
        """Number of rows."""
        return self.moments.n

    @property
    def n_people(self) -> int:
        """0: moments do not say who is behind them, so that nothing made of them is ever released."""
        return 0

    @property
    def effective_n(self) -> float:
        """Rows of equal weight that would tell as much: (sum of weights)² / sum of squared weights (Kish)."""
        return self.moments.weight**2 / self.moments.weight_squares

    @cached_property
    def spreads(self) -> FloatArray:
        """Weighted standard deviations (divided by the sum of the weights); 0 where only rounding is left."""
        mean, squares = self.moments.sums / self.moments.weight, np.diag(self.moments.products) / self.moments.weight
        variance = squares - mean**2
        return np.sqrt(np.where(variance > ROUNDING * squares, variance, 0.0))

    @cached_property
    def correlations(self) -> FloatArray:
        """Weighted correlations, the outcome first; 0 where a variable has no spread."""
        mean = self.moments.sums / self.moments.weight
        covariance = self.moments.products / self.moments.weight - np.outer(mean, mean)
        scale = _inverse(self.spreads)
        return np.asarray(covariance * (scale[:, None] * scale), dtype=np.float64)


def _medians(columns: FloatArray) -> FloatArray:
    """Return the median of every column; NumPy's own looks for NaN too, and takes three times as long."""
    ordered, middle = np.array(columns.T, order="C"), len(columns) // 2
    ordered.partition(middle, axis=1)
    upper = ordered[:, middle]
    return upper if len(columns) % 2 else (ordered[:, :middle].max(axis=1) + upper) / 2


def _inverse(spreads: FloatArray) -> FloatArray:
    """Return 1 / spread, and 0 where there is none."""
    return np.divide(1.0, spreads, out=np.zeros_like(spreads), where=spreads > 0)


def complete_cases(
    data: pd.DataFrame,
    *,
    outcome: str,
    drivers: Sequence[str],
    clusters: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> Cases:
    """Return the rows that have the outcome and all drivers.

    Columns are found by position, so that no name can be taken for another.

    Raises
    ------
    ParameterError
        A column that is missing, stands twice in the data, is not numeric or holds infinite values; a driver named
        twice or equal to the outcome; clusters or weights that do not fit. All at once.
    NotEnoughDataError
        Too few complete rows or people for this number of drivers, or an outcome without spread.
    """
    names = [outcome, *drivers]
    places = _places(data)
    usable, unusable = _usable(names, data, places)
    problems = [
        *_problems_of_names(outcome, drivers),
        *unusable,
        *problems_of_weights(weights, n_rows=len(data)),
    ]
    values = _numbers(data, [places[name][0] for name in usable])
    finite = np.isfinite(values)
    problems += _problems_of_values(usable, values) if not finite.all() else []
    if problems:
        raise ParameterError(problems)
    rows = np.flatnonzero(finite.all(axis=1))
    codes = None if clusters is None else person_codes(clusters, n_rows=len(data))
    if codes is not None:  # by person, so that bootstrap samples do not depend on the order of the rows
        rows = rows[np.argsort(codes[rows], kind="stable")]
    cases = Cases(
        outcome=str(outcome),
        drivers=tuple(str(name) for name in drivers),
        values=values if codes is None and len(rows) == len(values) else values[rows],
        weights=np.ones(len(rows)) if weights is None else np.asarray(weights, dtype=float)[rows],
        people=None if codes is None else _repeated(codes[rows]),
        rows=rows,
        n_total=len(data),
    )
    _require_enough(cases)
    if cases.people is not None and cases.n_people < FEWEST:
        raise NotEnoughDataError(
            f"The {cases.n} complete rows come from {cases.n_people} people; at least {FEWEST} are needed.",
            code="ICS-512",
        )
    return cases


def summed_cases(moments: Moments, *, outcome: str, drivers: Sequence[str]) -> Summed:
    """Return how an outcome and its drivers go together, from the moments of complete rows.

    Raises
    ------
    ParameterError
        A column that the moments do not hold, or a driver named twice or equal to the outcome.
    NotEnoughDataError
        Too few rows for this number of drivers, or an outcome without spread.
    """
    names = [str(outcome), *(str(name) for name in drivers)]
    problems = _problems_of_names(outcome, drivers)
    problems += [_missing_column(name, moments.names) for name in dict.fromkeys(names) if name not in moments.names]
    if problems:
        raise ParameterError(problems)
    places = [moments.names.index(name) for name in names]
    kept = replace(
        moments,
        names=tuple(names),
        sums=moments.sums[places],
        products=moments.products[np.ix_(places, places)],
    )
    cases = Summed(outcome=names[0], drivers=tuple(names[1:]), n_total=moments.n, moments=kept)
    _require_enough(cases)
    return cases


def _repeated(people: IntArray) -> IntArray | None:
    """Return the people numbered from 0, or None where nobody stands behind two rows."""
    known, numbered = np.unique(people, return_inverse=True)
    return None if len(known) == len(people) else numbered.astype(np.int64)


def _numbers(data: pd.DataFrame, places: Sequence[int]) -> FloatArray:
    """Return columns as numbers; a frame that holds nothing else is not taken apart first."""
    wanted = list(places)
    if len(wanted) < data.shape[1]:
        data, wanted = data.take(wanted, axis=1), list(range(len(wanted)))
    values: FloatArray = data.to_numpy(dtype=np.float64, na_value=np.nan)
    return values if wanted == list(range(data.shape[1])) else values[:, wanted]


def _problems_of_names(outcome: str, drivers: Sequence[str]) -> list[Problem]:
    if not drivers:
        return [Problem(code="ICS-360", message="No drivers are given; at least one is needed.")]
    problems = [
        Problem(code="ICS-361", column=str(name), message="is named as a driver more than once.")
        for name in dict.fromkeys(drivers)
        if list(drivers).count(name) > 1
    ]
    if outcome in drivers:
        problems.append(Problem(code="ICS-361", column=str(outcome), message="is both the outcome and a driver."))
    return problems


def _places(data: pd.DataFrame) -> dict[Hashable, list[int]]:
    """Return the positions of each column name."""
    places: dict[Hashable, list[int]] = {}
    for place, name in enumerate(data.columns.tolist()):
        places.setdefault(name, []).append(place)
    return places


def _usable(
    names: Sequence[str], data: pd.DataFrame, places: Mapping[Hashable, Sequence[int]]
) -> tuple[list[str], list[Problem]]:
    """Return the names of which the data have one column of numbers, and what is wrong with the others."""
    usable: list[str] = []
    problems: list[Problem] = []
    dtypes = list(data.dtypes)
    numeric = {dtype for dtype in set(dtypes) if pd.api.types.is_numeric_dtype(dtype)}
    for name in dict.fromkeys(names):
        found = places.get(name, ())
        if not found:
            problems.append(_missing_column(name, data.columns))
        elif len(found) > 1:
            message = f"stands in the data {len(found)} times."
            problems.append(Problem(code="ICS-363", column=str(name), message=message))
        elif dtypes[found[0]] not in numeric:
            hint = "Answers must be numbers, with NaN where there is none."
            problems.append(Problem(code="ICS-364", column=str(name), message="is not numeric.", hint=hint))
        else:
            usable.append(name)
    return usable, problems


def _problems_of_values(names: Sequence[str], values: FloatArray) -> list[Problem]:
    infinite = np.isinf(values).sum(axis=0).tolist()
    return [
        Problem(code="ICS-365", column=str(name), message=f"holds {count} infinite values.")
        for name, count in zip(names, infinite, strict=True)
        if count
    ]


def _missing_column(name: str, columns: Iterable[Hashable]) -> Problem:
    near = get_close_matches(str(name), [str(column) for column in columns], n=1)
    hint = f'Did you mean "{near[0]}"?' if near else ""
    return Problem(code="ICS-362", column=str(name), message="is not a column of the data.", hint=hint)


def _require_enough(cases: Associations) -> None:
    p = len(cases.drivers)
    needed = p + 2
    if cases.n < needed:
        raise NotEnoughDataError(
            f"{cases.n} of {cases.n_total} rows are complete; {p} drivers need at least {needed}.", code="ICS-511"
        )
    if cases.spreads[0] == 0:
        raise NotEnoughDataError(
            f'All {cases.n} values of the outcome "{cases.outcome}" are equal; there is nothing to explain.',
            code="ICS-513",
        )
