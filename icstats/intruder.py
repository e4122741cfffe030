"""What a reader could work out about a hidden mean: between which numbers it must lie, by linear programming.

The reader knows how many people answered everywhere, every rounded mean that is shown, how scores are made of items,
and that totals are over all departments.

One program per hidden mean is too much for thousands of departments. But all means at once can be looked at in one:
whatever agrees with everything that is shown bounds every mean's interval from within. Only where that does not settle
it is a mean asked about by itself.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    import numpy.typing as npt
    from scipy.sparse import csr_array

    Row = npt.NDArray[np.float64]

__all__ = ["Answers", "Cell", "Intruder", "Line", "Table"]

WORTH_ANOTHER_LOOK = 0.05
"""Part of the means still narrow that a look at all of them must have settled for another one to be worth its time."""

EXACTLY = 1e-6
"""So much more than enough a look at all means must show: the solver is not exact."""

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
        self._rows: list[Mapping[int, float]] = []
        self._limits: list[tuple[float, float]] = []
        for name in totals:
            self._add_total(name)
        for place, score, items in lines:
            if place in unknown:
                self._add_line(place, score, items)
        self._bounds = np.array([self._bounds_of(cell) for cell in self._number]).reshape(-1, 2)

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

    def _between(self, factors: Mapping[Cell, float], low: float, high: float) -> None:
        self._rows.append({self._number[cell]: factor for cell, factor in factors.items()})
        self._limits.append((low, high))

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
        self._between({cell: float(self._at(cell).n) for cell in inside}, low, high)

    def _add_line(self, place: str, score: str, items: Sequence[str]) -> None:
        """Where some left items open, a score is not quite the mean of its items: as much slack is left to it."""
        cells = [(place, name) for name in (score, *items)]
        if all(cell in self._number for cell in cells):
            means = [self._at(cell).mean for cell in cells]
            slack = abs(means[0] - sum(means[1:]) / len(items)) + 1e-9
            self._between({cells[0]: 1.0, **dict.fromkeys(cells[1:], -1 / len(items))}, -slack, slack)

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
        goal = np.zeros(len(self._number))
        goal[self._number[cell]] = sign
        found = self._agreeing(goal)
        # The true mean always agrees; where the numbers are too awkward for the solver nothing was narrowed.
        answers = self._at(cell)
        return (answers.minimum, answers.maximum)[sign < 0] if found is None else float(found[self._number[cell]])

    def surely_wide(self, cells: Sequence[Cell], *, enough: float) -> list[Cell]:
        """Return the cells of which one look at all together shows that :meth:`width` is at least ``enough``.

        Means of departments are drawn apart in turn, low here and high there, at random; each time the two solutions
        and what is true are three answers that agree with everything that is shown.
        """
        waiting = np.array([self._number[cell] for cell in cells], dtype=int)
        about = [self._at(cell) for cell in self._number]
        scales = np.array([one.maximum - one.minimum for one in about])
        lowest = np.array([one.mean for one in about])
        highest = lowest.copy()
        places = [place for place, _ in self._number]
        department = np.unique(places, return_inverse=True)[1]
        generator = np.random.default_rng(0)  # it decides how soon something is seen, not what
        settled, together = waiting.size, True
        while waiting.size and settled > WORTH_ANOTHER_LOOK * waiting.size:
            by_place = generator.choice([-1.0, 1.0], size=len(places))
            goal = np.zeros(len(places))
            goal[waiting] = (by_place[department] if together else by_place)[waiting] / scales[waiting]
            for found in (self._agreeing(goal), self._agreeing(-goal)):
                if found is not None:
                    lowest, highest = np.minimum(lowest, found), np.maximum(highest, found)
            narrow = (highest - lowest)[waiting] < (enough + EXACTLY) * scales[waiting]
            settled, waiting, together = int((~narrow).sum()), waiting[narrow], False
        left = set(waiting.tolist())
        return [cell for cell in cells if self._number[cell] not in left]

    @cached_property
    def _shown(self) -> csr_array:
        from scipy.sparse import csr_array  # noqa: PLC0415  as in _agreeing

        columns = [column for row in self._rows for column in row]
        factors = [factor for row in self._rows for factor in row.values()]
        starts = np.cumsum([0, *map(len, self._rows)])
        return csr_array((factors, columns, starts), shape=(len(self._rows), len(self._number)))

    def _agreeing(self, goal: Row) -> Row | None:
        """Return the means that agree with everything that is shown and make the goal smallest."""
        from scipy.optimize import Bounds, LinearConstraint, milp  # noqa: PLC0415  slow; only where something is hidden

        limits = np.array(self._limits).reshape(-1, 2)
        shown = LinearConstraint(self._shown, limits[:, 0], limits[:, 1]) if self._rows else ()
        solved = milp(goal, constraints=shown, bounds=Bounds(self._bounds[:, 0], self._bounds[:, 1]))
        return np.asarray(solved.x, dtype=np.float64) if solved.status == 0 else None
