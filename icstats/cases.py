"""The ratings that a model of one outcome can use: complete, numeric, with their weights and the people behind them."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from icstats.errors import NotEnoughDataError, ParameterError, Problem
from icstats.sampling import FEW_CLUSTERS, FEWEST, ROUNDING, person_codes, problems_of_weights

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]

__all__ = ["Cases", "complete_cases"]

SINGULAR = 1e-10
"""An eigenvalue of a correlation matrix below this says that some drivers follow exactly from others."""

INVOLVED = 1e-6
"""A driver takes part in such a dependency from this weight on."""


@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Cases:
    """Complete rows of an outcome and its drivers.

    Attributes
    ----------
    outcome
        Name of the outcome.
    drivers
        Names of the p drivers, in the order in which they were given.
    values
        Rows x (1 + p), the outcome first.
    weights
        One positive weight per row; all 1 where none were given.
    people
        Number of the person behind each row, from 0 to ``n_people - 1``; None where nobody stands behind two rows.
    n_total
        Rows before incomplete ones were left out.
    """

    outcome: str
    drivers: tuple[str, ...]
    values: FloatArray
    weights: FloatArray
    people: IntArray | None
    n_total: int

    @property
    def n(self) -> int:
        """Number of complete rows."""
        return len(self.values)

    @property
    def n_people(self) -> int:
        """Number of people behind the complete rows."""
        return self.n if self.people is None else int(self.people.max(initial=-1)) + 1

    @property
    def effective_n(self) -> float:
        """Rows of equal weight that would tell as much: (sum of weights)² / sum of squared weights (Kish)."""
        return float(self.weights.sum() ** 2 / (self.weights**2).sum())

    @property
    def means(self) -> FloatArray:
        """Weighted means, the outcome first."""
        return np.asarray(self.weights @ self.values / self.weights.sum(), dtype=np.float64)

    @property
    def spreads(self) -> FloatArray:
        """Weighted standard deviations (divided by the sum of the weights); exactly 0 where all values are equal.

        Values that differ by what rounding leaves (0.1 + 0.2 beside 0.3) are equal.
        """
        deviations = self.values - self.means
        spreads = np.sqrt(self.weights @ deviations**2 / self.weights.sum())
        return np.where(np.ptp(self.values, axis=0) <= ROUNDING * np.abs(self.values).max(axis=0), 0.0, spreads)

    @property
    def standardised(self) -> FloatArray:
        """Values with mean 0 and standard deviation 1; a column without spread is 0."""
        spreads = self.spreads
        varies = spreads > 0
        return np.asarray((self.values - self.means) * varies / np.where(varies, spreads, 1.0), dtype=np.float64)

    @property
    def correlations(self) -> FloatArray:
        """Weighted correlations, the outcome first; 0 where a variable has no spread."""
        standardised = self.standardised
        return np.asarray(standardised.T @ (standardised * self.weights[:, None]) / self.weights.sum())

    @property
    def constant(self) -> tuple[str, ...]:
        """Drivers to which everybody gave the same answer."""
        return self._named(self.spreads[1:] == 0)

    @property
    def redundant(self) -> tuple[str, ...]:
        """Drivers that take part in an exact linear dependency among drivers."""
        varies = np.flatnonzero(self.spreads[1:] > 0)
        sizes, directions = np.linalg.eigh(self.correlations[1:, 1:][np.ix_(varies, varies)])
        involved = np.zeros(len(self.drivers), dtype=bool)
        involved[varies] = (np.abs(directions[:, sizes < SINGULAR]) > INVOLVED).any(axis=1)
        return self._named(involved)

    @property
    def rank(self) -> int:
        """Number of drivers that are linearly independent."""
        return int((np.linalg.eigvalsh(self.correlations[1:, 1:]) >= SINGULAR).sum())

    @property
    def warnings(self) -> tuple[str, ...]:
        """Codes of what a reader should know about these cases; never a count, for they are shown."""
        codes = [f"constant:{name}" for name in self.constant] + [f"redundant:{name}" for name in self.redundant]
        if self.people is not None and self.n_people < FEW_CLUSTERS:
            codes.append("few_clusters")
        return tuple(codes)

    def _named(self, which: NDArray[np.bool_]) -> tuple[str, ...]:
        return tuple(name for name, chosen in zip(self.drivers, which, strict=True) if chosen)


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
    problems = _problems_of_names(outcome, drivers)
    problems += [problem for name in dict.fromkeys(names) for problem in _problems_of_column(name, data, places)]
    problems += problems_of_weights(weights, n_rows=len(data))
    if problems:
        raise ParameterError(problems)
    codes = person_codes(clusters, n_rows=len(data))
    columns = data.iloc[:, [places[name][0] for name in names]]
    values = np.asarray(columns.to_numpy(dtype=np.float64, na_value=np.nan))
    complete = ~np.isnan(values).any(axis=1)
    people = np.unique(codes[complete], return_inverse=True)[1].astype(np.int64)
    everyones = np.ones(len(data)) if weights is None else np.asarray(weights, dtype=float)
    cases = Cases(
        outcome=str(outcome),
        drivers=tuple(str(name) for name in drivers),
        values=values[complete],
        weights=everyones[complete],
        people=people if len(np.unique(people)) < len(people) else None,
        n_total=len(data),
    )
    _require_enough(cases)
    return cases


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
    for place, name in enumerate(data.columns):
        places.setdefault(name, []).append(place)
    return places


def _problems_of_column(name: str, data: pd.DataFrame, places: Mapping[Hashable, Sequence[int]]) -> list[Problem]:
    found = places.get(name, ())
    if not found:
        return [_missing_column(name, data)]
    if len(found) > 1:
        return [Problem(code="ICS-363", column=str(name), message=f"stands in the data {len(found)} times.")]
    column = data.iloc[:, found[0]]
    if not pd.api.types.is_numeric_dtype(column.dtype):
        hint = "Answers must be numbers, with NaN where there is none."
        return [Problem(code="ICS-364", column=str(name), message="is not numeric.", hint=hint)]
    infinite = int(np.isinf(column.to_numpy(dtype=np.float64, na_value=np.nan)).sum())
    if infinite:
        return [Problem(code="ICS-365", column=str(name), message=f"holds {infinite} infinite values.")]
    return []


def _missing_column(name: str, data: pd.DataFrame) -> Problem:
    near = get_close_matches(str(name), [str(column) for column in data.columns], n=1)
    hint = f'Did you mean "{near[0]}"?' if near else ""
    return Problem(code="ICS-362", column=str(name), message="is not a column of the data.", hint=hint)


def _require_enough(cases: Cases) -> None:
    p = len(cases.drivers)
    needed = p + 2
    if cases.n < needed:
        raise NotEnoughDataError(
            f"{cases.n} of {cases.n_total} rows are complete; {p} drivers need at least {needed}.", code="ICS-511"
        )
    if cases.people is not None and cases.n_people < FEWEST:
        raise NotEnoughDataError(
            f"The {cases.n} complete rows come from {cases.n_people} people; at least {FEWEST} are needed.",
            code="ICS-512",
        )
    if cases.spreads[0] == 0:
        raise NotEnoughDataError(
            f'All {cases.n} values of the outcome "{cases.outcome}" are equal; there is nothing to explain.',
            code="ICS-513",
        )
