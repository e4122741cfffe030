"""What a reader could work out about a hidden mean: between which numbers it must lie, by linear programming.

The reader knows how many people answered everywhere, every rounded mean that is shown, how scores are made of items,
and that totals are over all departments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    import numpy.typing as npt

    Row = npt.NDArray[np.float64]

__all__ = ["Answers", "Cell", "Intruder", "Line", "Table"]

Cell = tuple[str, str]
"""Department and variable."""
Line: TypeAlias = "tuple[str, str, Sequence[str]]"
"""Department, score, and the items that the score is the mean of."""


class Answers(NamedTuple):
    """What one department answered to one variable; without a mean nothing is known but how many answers there are.

    ``moved``: how many people stand behind this wave's answers or an earlier wave's, and not behind both.
    """

    n: int = 0
    mean: float = float("nan")
    sd: float = float("nan")
    minimum: float = float("nan")
    maximum: float = float("nan")
    moved: int = 0


Table: TypeAlias = "Mapping[str, Mapping[str, Answers]]"


class Intruder:
    """A reader with all reports.

    Parameters
    ----------
    table
        Department -> variable -> answers. Departments without a hidden cell are taken off the totals.
    hidden
        Cells that are not shown.
    totals
        Variables of which the mean of all departments together is shown.
    lines
        Scores and their items.
    decimals
        Of the shown means.
    """

    def __init__(
        self,
        table: Table,
        *,
        hidden: Collection[Cell],
        totals: Iterable[str],
        lines: Iterable[Line],
        decimals: int,
    ) -> None:
        self._table, self._hidden, self._decimals = table, hidden, decimals
        self._half = 0.5 * 10.0**-decimals + 1e-6
        unknown = {place for place, _ in hidden}
        cells = [(place, name) for place in table if place in unknown for name in table[place]]
        self._number = {cell: column for column, cell in enumerate(c for c in cells if self._known(c))}
        self._rows: list[Row] = []
        self._limits: list[float] = []
        for name in totals:
            self._add_total(name)
        for place, score, items in lines:
            if place in unknown:
                self._add_line(place, score, items)
        self._bounds = [self._bounds_of(cell) for cell in self._number]

    def _at(self, cell: Cell) -> Answers:
        return self._table[cell[0]][cell[1]]

    def _known(self, cell: Cell) -> bool:
        return self._at(cell).n > 0 and not np.isnan(self._at(cell).mean)

    def _bounds_of(self, cell: Cell) -> tuple[float, float]:
        answers = self._at(cell)
        if cell in self._hidden:
            return answers.minimum, answers.maximum
        shown = round(answers.mean, self._decimals)
        return max(shown - self._half, answers.minimum), min(shown + self._half, answers.maximum)

    def _row(self, factors: Mapping[Cell, float]) -> Row:
        row = np.zeros(len(self._number))
        for cell, factor in factors.items():
            row[self._number[cell]] = factor
        return row

    def _between(self, row: Row, low: float, high: float) -> None:
        self._rows += [row, -row]
        self._limits += [high, -low]

    def _add_total(self, name: str) -> None:
        cells = [(place, name) for place in self._table if self._known((place, name))]
        people = sum(self._at(cell).n for cell in cells)
        inside = [cell for cell in cells if cell in self._number]
        if not inside:
            return
        mean = round(sum(self._at(cell).n * self._at(cell).mean for cell in cells) / people, self._decimals)
        low, high = people * (mean - self._half), people * (mean + self._half)
        for cell in (cell for cell in cells if cell not in self._number):
            shown = self._bounds_of(cell)
            low, high = low - self._at(cell).n * shown[1], high - self._at(cell).n * shown[0]
        self._between(self._row({cell: float(self._at(cell).n) for cell in inside}), low, high)

    def _add_line(self, place: str, score: str, items: Sequence[str]) -> None:
        """Where some left items open, a score is not quite the mean of its items: as much slack is left to it."""
        cells = [(place, name) for name in (score, *items)]
        if all(cell in self._number for cell in cells):
            means = [self._at(cell).mean for cell in cells]
            slack = abs(means[0] - sum(means[1:]) / len(items)) + 1e-9
            self._between(self._row({cells[0]: 1.0, **dict.fromkeys(cells[1:], -1 / len(items))}), -slack, slack)

    def width(self, cell: Cell, *, enough: float = 1.0) -> float:
        """Return how wide the interval is in which a mean must lie, in parts of its scale: 0 is known, 1 is unknown.

        Once it is sure that it is at least ``enough``, it is not looked at any further.
        """
        answers = self._at(cell)
        scale = answers.maximum - answers.minimum
        below = (answers.mean - self._end(cell, 1)) / scale
        return below if below >= enough else below + (self._end(cell, -1) - answers.mean) / scale

    def _end(self, cell: Cell, sign: int) -> float:
        """Return the lowest (1) or highest (-1) mean that agrees with everything that is shown."""
        from scipy.optimize import linprog  # noqa: PLC0415  slow to import; only where something is hidden

        goal = self._row({cell: float(sign)})
        above = (np.array(self._rows), self._limits) if self._rows else (None, None)
        solved = linprog(goal, A_ub=above[0], b_ub=above[1], bounds=self._bounds, method="highs")
        # The true mean always agrees; where the numbers are too awkward for the solver nothing was narrowed.
        answers = self._at(cell)
        return float(sign * solved.fun) if solved.status == 0 else (answers.minimum, answers.maximum)[sign < 0]
