"""Which department may be shown for which variable, decided once per survey over all departments together.

Two kinds of cells must not be known: those with few answers, and those whose mean says what (nearly) everybody
answered. Others are hidden with them until neither totals nor scores give one of them away.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from pydantic import ValidationError

from icstats.errors import DisclosureError
from icstats.intruder import Answers, Cell, Intruder, Line, Table
from icstats.results import ORGANISATION
from icstats.study import Policy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import numpy.typing as npt
    import pandas as pd

    Flags = npt.NDArray[np.bool_]
    Row = npt.NDArray[np.float64]

__all__ = ["RATINGS", "Cell", "Ledger", "at_an_end", "checked_policy", "open_ledger", "reopened_ledger"]

RATINGS = "ratings"
"""The variable that counts everybody who rated a department."""

NARROWEST = 0.3
"""A mean that must not be known may be narrowed to this part of its scale: more than a point of a scale from 1 to 5."""
HELPERS = 4
EXACT = 1e-8


@dataclass(frozen=True, kw_only=True, repr=False)
class Ledger:
    """Which department may be shown for which variable, decided over all departments together.

    Attributes
    ----------
    hidden
        Pairs of department and variable; the organisation's own pairs included.
    departments
        Slugs in the order of the counts.
    variables
        What the decision was made for. Anything else is hidden where the department's ratings are.
    department
        The department that a release with this ledger is about.
    waves
        Waves that were decided about.
    """

    hidden: frozenset[tuple[str, str]]
    departments: tuple[str, ...]
    variables: frozenset[str]
    department: str = ORGANISATION
    waves: int = 1

    def __repr__(self) -> str:
        return f"<Ledger of {len(self.departments)} departments, at {self.department}>"

    def at(self, department: str) -> Ledger:
        """Return the same decisions for a release about another department.

        Raises
        ------
        DisclosureError
            If the counts did not hold that department.
        """
        self._check_known(department)
        return replace(self, department=department)

    def along_with(self, earlier: Ledger) -> Ledger:
        """Return the ledger of numbers about two waves: it hides what either of the two hides.

        What the people who joined or left in between answered is hidden in the later wave already, where they are few.
        A department or variable that only one of the two decided about is hidden.
        """
        departments = tuple(slug for slug in self.departments if slug in earlier.departments)
        variables = self.variables & earlier.variables
        cells = [(place, name) for place in (*departments, ORGANISATION) for name in variables]
        hidden = frozenset(
            (place, name) for place, name in cells if self.hides(name, place) or earlier.hides(name, place)
        )
        waves = self.waves + earlier.waves
        return Ledger(hidden=hidden, departments=departments, variables=variables, waves=waves).at(self.department)

    def hides(self, variable: str, department: str | None = None) -> bool:
        """Return whether nothing may be shown about this variable of the department (None: the ledger's own)."""
        place = self.department if department is None else department
        self._check_known(place)
        decided = variable if variable in self.variables else RATINGS
        return decided not in self.variables or (place, decided) in self.hidden

    def shown(self, variable: str) -> tuple[str, ...]:
        """Return the departments that may be shown for this variable."""
        return tuple(department for department in self.departments if not self.hides(variable, department))

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset((*self.departments, ORGANISATION))

    def _check_known(self, department: str) -> None:
        if department not in self._known:
            raise DisclosureError(
                f'There are no counts for department "{department}": what may be shown of it was never decided.',
                code="ICS-601",
            )


def open_ledger(
    counts: pd.DataFrame,
    *,
    policy: Policy,
    department: str = ORGANISATION,
    parts: Mapping[str, Sequence[str]] | None = None,
    without_total: Iterable[str] = (),
    hidden: Iterable[Cell] = (),
) -> Ledger:
    """Decide what may be shown, so that no hidden number follows by subtraction.

    A cell with fewer answers than ``policy.minimum_answers`` is hidden, and below ``policy.minimum_extremes`` also one
    whose mean lies at an end of its scale or whose answers are all the same. So is one that fewer people than the
    minimum have joined or left since an earlier wave: the two means would tell what those answered. Because the
    organisation's total is shown, the next smallest department is hidden as well until, for every variable, the
    hidden people are at least the minimum, there are at least two hidden departments, none that must not be known
    makes up most of the hidden people, and few people hidden together do not all say the same. A department whose
    ratings are hidden is hidden altogether. Where a score is the mean of items that are shown too, a department never
    has exactly one of them hidden, and what totals and scores together would give away, of one cell or of some that
    are few together, is sought by linear algebra and covered. Last, a reader with all rounded means must be left in
    doubt about every mean that is hidden for its own sake, over more than a quarter of its scale: see
    :class:`icstats.intruder.Intruder`.

    Parameters
    ----------
    counts
        Columns ``department``, ``variable`` and ``n``, the valid answers; ``ratings`` is a variable too. Where they
        are there, ``mean`` and ``sd`` of the answers and ``minimum`` and ``maximum`` of their scale say which cells
        give single answers away; see :func:`icstats.scales.valid_counts`.
    policy
        What the organisation promised its respondents.
    department
        What the first release is about; see :meth:`Ledger.at`.
    parts
        Code of a score -> the items it is the mean of.
    without_total
        Variables of which no number about all departments together is ever shown.
    hidden
        Pairs of department and variable that stay hidden, because an earlier release hid them.

    Returns
    -------
    Ledger

    Raises
    ------
    DisclosureError
        If the policy is below the floor, or the counts are not one whole number of at least 0 for every cell.

    References
    ----------
    Hundepool et al. (2012), *Statistical Disclosure Control*, chapter 4 (primary and secondary suppression).
    """
    rules = checked_policy(policy)
    table = _table(counts)
    variables = tuple(next(iter(table.values())))
    suppression = _Suppression(table=table, variables=variables, rules=rules, parts=parts or {})
    suppression.hidden.update((ORGANISATION, name) for name in without_total)
    suppression.hidden.update((place, name) for place, name in hidden if place in table and name in variables)
    ledger = Ledger(hidden=frozenset(suppression.decided()), departments=tuple(table), variables=frozenset(variables))
    return ledger.at(department)


def reopened_ledger(departments: Iterable[str], *, variables: Iterable[str], hidden: Iterable[Cell]) -> Ledger:
    """Return the ledger of these departments as it was decided before."""
    return Ledger(hidden=frozenset(hidden), departments=tuple(departments), variables=frozenset(variables))


def at_an_end(means: npt.ArrayLike, minimum: npt.ArrayLike, maximum: npt.ArrayLike, rules: Policy) -> Flags:
    """Return which means say what nearly everybody answered: at an end of the scale, or on a scale that is not known.

    At ``rules.extreme_share`` of the answers at the end and the others next to it a mean counts as lying there.
    """
    rounded = np.round(np.asarray(means, dtype=float), rules.decimals_points)
    reach = 1 - rules.extreme_share + EXACT
    # A comparison that is written this way round also holds for a scale that is not known.
    inside = (rounded > np.asarray(minimum) + reach) & (rounded < np.asarray(maximum) - reach)
    told: Flags = ~inside
    return told


def _tells(answers: Answers, rules: Policy) -> bool:
    """Return whether the mean says what (nearly) each of a few people answered."""
    few = 0 < answers.n < rules.minimum_extremes
    if not few or np.isnan(answers.mean):
        return False
    return bool(answers.sd <= EXACT or at_an_end(answers.mean, answers.minimum, answers.maximum, rules))


def _must_hide(answers: Answers, rules: Policy) -> bool:
    """Return whether this must not be known, whatever the other departments are."""
    return answers.n < rules.minimum_answers or 0 < answers.moved < rules.minimum_answers or _tells(answers, rules)


def _table(counts: pd.DataFrame) -> dict[str, dict[str, Answers]]:
    """Return the answers to every variable in every department, none where it was not asked."""
    missing = [column for column in ("department", "variable", "n") if column not in counts.columns]
    if missing or counts.empty:
        raise DisclosureError(
            "The counts need the columns department, variable and n, and at least one row.", code="ICS-602"
        )
    numbers = counts["n"].to_numpy(dtype=float)
    if not (np.isfinite(numbers).all() and (numbers >= 0).all() and (numbers == np.floor(numbers)).all()):
        raise DisclosureError("The counts hold a number that is not a whole number of at least 0.", code="ICS-602")
    if counts.duplicated(["department", "variable"]).any():
        raise DisclosureError("The counts hold the same department and variable twice.", code="ICS-602")
    if (counts["department"] == ORGANISATION).any():
        raise DisclosureError(
            f'The counts are per department; "{ORGANISATION}" is their total and may not be one of them.',
            code="ICS-602",
        )
    places, names = counts["department"].astype(str), counts["variable"].astype(str)
    table = {place: dict.fromkeys(names.unique(), Answers()) for place in places.unique()}
    known = counts.reindex(columns=["mean", "sd", "minimum", "maximum"]).to_numpy(dtype=float)
    moved = counts["moved"].to_numpy(dtype=int) if "moved" in counts else np.zeros(len(counts), dtype=int)
    for place, name, n, about, people in zip(places, names, numbers, known, moved.tolist(), strict=True):
        mean, sd, low, high = about.tolist()
        table[place][name] = Answers(int(n), mean, sd, low, high, people)
    return table


@dataclass(frozen=True, kw_only=True)
class _Suppression:
    """One table of answers on its way to a decision; hidden cells only ever become more."""

    table: Table
    variables: tuple[str, ...]
    rules: Policy
    parts: Mapping[str, Sequence[str]]
    hidden: set[Cell] = field(default_factory=set)
    wide: set[Cell] = field(default_factory=set)

    def decided(self) -> set[Cell]:
        """Return the hidden cells, the organisation's own included."""
        self.hidden.update(cell for cell in self._cells() if _must_hide(self._at(cell), self.rules))
        self.hidden.update((ORGANISATION, name) for name in self.variables if self._few_moved(name))
        if RATINGS in self.variables:
            self._cover_totals([RATINGS])
            small = [place for place in self.table if (place, RATINGS) in self.hidden]
            self.hidden.update((place, name) for place in small for name in self.variables)
        while (
            self._cover_totals(self.variables)
            or self._cover_scores()
            or self._cover_what_can_be_solved()
            or self._cover_what_is_nearly_known()
        ):
            pass
        return self.hidden | {(ORGANISATION, name) for name in self.variables if not self._has_total(name)}

    def _cells(self) -> Iterator[Cell]:
        return ((place, name) for place in self.table for name in self.variables)

    def _at(self, cell: Cell) -> Answers:
        return self.table[cell[0]][cell[1]]

    def _few_moved(self, name: str) -> bool:
        """Return whether the totals of two waves would tell what a few people answered.

        They do where few moved, or nearly all who did are those of one department in which they are few.
        """
        moved = [row[name].moved for row in self.table.values()]
        few = max((people for people in moved if people < self.rules.minimum_answers), default=0)
        return 0 < sum(moved) < self.rules.minimum_answers or not self._leaves_in_doubt(few, sum(moved))

    def _leaves_in_doubt(self, few: int, people: int) -> bool:
        """Return whether the sum of the answers of people leaves the mean of a few among them open."""
        return people - few - self.rules.readers >= NARROWEST * few if few else True

    def _has_total(self, name: str) -> bool:
        people = sum(row[name].n for row in self.table.values())
        return (ORGANISATION, name) not in self.hidden and people >= self.rules.minimum_answers

    def _cover_totals(self, names: Iterable[str]) -> bool:
        """Hide, per variable, what the total would give away; return whether that changed anything."""
        before = len(self.hidden)
        for name in (name for name in names if self._has_total(name)):
            hidden = [place for place in self.table if (place, name) in self.hidden]
            shown = [place for place in self.table if (place, name) not in self.hidden]
            for place in sorted(shown, key=lambda place: (self.table[place][name].n, place)):
                if self._is_safe([self.table[one][name] for one in hidden]):
                    break
                hidden.append(place)
            self.hidden.update((place, name) for place in hidden)
        return len(self.hidden) > before

    def _is_safe(self, hidden: Iterable[Answers]) -> bool:
        """Return whether the total minus all shown departments tells nothing about a hidden one.

        Departments without any answer do not count: a reader knows who was not asked. Somebody who knew that difference
        exactly, and own answers in it, would find the mean of one department within the answers that the others hidden
        with it can give: with 9 people of one and 1 of another within half a point.
        """
        answered = [one for one in hidden if one.n > 0]
        people = sum(one.n for one in answered)
        largest = max((one.n for one in answered if _must_hide(one, self.rules)), default=0)
        in_doubt = self._leaves_in_doubt(largest, people)
        together = len(answered) > 1 and people >= self.rules.minimum_answers and in_doubt
        return not answered or (together and not _tells(_together(answered), self.rules))

    def _cover_scores(self) -> bool:
        """Hide a second one wherever a score and its items have exactly one hidden; return whether that changed."""
        before = len(self.hidden)
        for place, score, items in self._lines():
            shown = [name for name in (score, *items) if (place, name) not in self.hidden]
            if len(shown) == len(items):
                costs = {name: self._cost(place, name, is_score=name == score) for name in shown}
                self.hidden.add((place, min(costs, key=costs.__getitem__)))
        return len(self.hidden) > before

    def _cost(self, place: str, name: str, *, is_score: bool) -> tuple[bool, bool, int]:
        """Return what hiding a cell costs: a score more than an item, and one that is shown everywhere else more."""
        is_new = not any((other, name) in self.hidden for other in self.table if other != place)
        return is_score, is_new, self.table[place][name].n

    def _lines(self) -> list[Line]:
        """Return every score in every department, with the items it was asked."""
        asked = [
            (place, score, [name for name in items if name in row and row[name].n > 0])
            for place, row in self.table.items()
            for score, items in self.parts.items()
            if score in row and row[score].n > 0
        ]
        return [line for line in asked if line[2]]

    def _cover_what_can_be_solved(self) -> bool:
        """Hide one more cell where one that must not be known could be solved for; return whether there was one."""
        covers = (cell for solved in (self._solved() if self.parts else ()) for cell in self._covers(*solved))
        cover = next((cell for cell in covers if cell not in self.hidden), None)
        if cover is not None:
            self.hidden.add(cover)
        return cover is not None

    def _covers(self, place: str, name: str) -> Iterator[Cell]:
        """Yield what may stand in for a cell, cheapest first: a department, a score, and last the totals."""
        yield from ((other, name) for other in sorted(self.table, key=lambda other: self.table[other][name].n))
        yield from ((place, score) for score in self.parts if score in self.variables)
        yield from ((ORGANISATION, other) for other in (name, *self.variables))

    def _cover_what_is_nearly_known(self) -> bool:
        """Hide more where the mean of a cell that must not be known is narrowed too far; return whether that was so.

        Of the cells that could be hidden for it, the first that is enough is taken, the cheapest first; where none is
        enough by itself, the one that helps most. What is wide enough once stays so: hiding more narrows nothing.
        """
        before = len(self.hidden)
        reader = self._intruder(())
        secret = [cell for cell in self._cells() if self._is_secret(cell)]
        self.wide.update(reader.surely_wide(secret, enough=NARROWEST))
        for cell in [cell for cell in secret if cell not in self.wide]:
            while reader.width(cell, enough=NARROWEST) < NARROWEST:
                cover = self._best_cover(cell)
                if cover is None:
                    break
                self.hidden.add(cover)
                reader = self._intruder(())
            self.wide.add(cell)
        return len(self.hidden) > before

    def _best_cover(self, cell: Cell) -> Cell | None:
        widths: dict[Cell, float] = {}
        for cover in self._helpers(cell):
            widths[cover] = self._intruder([cover]).width(cell, enough=NARROWEST)
            if widths[cover] >= NARROWEST:
                return cover
        return max(widths, key=widths.__getitem__, default=None)

    def _is_secret(self, cell: Cell) -> bool:
        answers = self._at(cell)
        known = answers.n > 0 and not np.isnan(answers.mean)
        return known and cell not in self.wide and _must_hide(answers, self.rules)

    def _intruder(self, more: Sequence[Cell]) -> Intruder:
        hidden = self.hidden.union(more)
        return Intruder(
            self.table,
            hidden=hidden,
            totals=[name for name in self.variables if self._has_total(name) and (ORGANISATION, name) not in more],
            lines=self._lines(),
            decimals=self.rules.decimals_points,
        )

    def _helpers(self, cell: Cell) -> list[Cell]:
        """Return what could be hidden to keep a cell hidden, cheapest first: items beside it, other departments, ..."""
        place, name = cell
        lines = [(score, items) for where, score, items in self._lines() if where == place and name in (score, *items)]
        beside = [(place, item) for _, items in lines for item in items]
        others = sorted(self.table, key=lambda other: self.table[other][name].n)
        around = [(other, name) for other in others if (other, name) not in self.hidden and self.table[other][name].n]
        last = [*((place, score) for score, _ in lines), (ORGANISATION, name)]
        return [one for one in (*beside[:HELPERS], *around[:HELPERS], *last) if one not in self.hidden]

    def _unknown(self) -> list[Cell]:
        """Return the hidden cells that a reader would solve for.

        Of departments that are hidden altogether and were asked the same, as many as the minimum, the smallest, will
        do: few answers are fewer departments than that, so that another one always stays unknown.
        """
        alike: dict[frozenset[str], int] = {}
        places = []
        for place in sorted(self.table, key=lambda place: max(one.n for one in self.table[place].values())):
            asked = frozenset(name for name, one in self.table[place].items() if one.n > 0)
            if all((place, name) in self.hidden for name in asked):
                alike[asked] = alike.get(asked, 0) + 1
            enough = alike.get(asked, 0) > self.rules.minimum_answers
            if not enough or any((place, name) not in self.hidden for name in asked):
                places.append(place)
        cells = [(place, name) for place in places for name, one in self.table[place].items() if one.n > 0]
        return [cell for cell in cells if cell in self.hidden]

    def _solved(self) -> Iterator[Cell]:
        """Yield a cell of every sum that follows from totals and scores, if everybody answered every item."""
        unknown = self._unknown()
        secret = [cell for cell in unknown if _must_hide(self._at(cell), self.rules)]
        if not secret:
            return
        number = {cell: place for place, cell in enumerate(unknown)}
        equations: list[dict[Cell, float]] = [
            {(place, name): 1.0 for place in self.table} for name in self.variables if self._has_total(name)
        ]
        equations += [
            {(place, score): -float(len(items)), **{(place, item): 1.0 for item in items}}
            for place, score, items in self._lines()
        ]
        within = [{number[cell]: factor for cell, factor in one.items() if cell in number} for one in equations]
        within = [one for one in within if one]
        matrix = np.zeros((len(within), len(unknown)))
        for row, equation in zip(matrix, within, strict=True):
            row[list(equation)] = list(equation.values())
        free = np.eye(len(unknown)) - np.linalg.pinv(matrix) @ matrix
        for name in self.variables:
            cells = [(self._at(cell).n, cell) for cell in secret if cell[1] == name]
            yield from _known_sums(cells, {cell: free[number[cell]] for _, cell in cells}, self.rules.minimum_answers)


def _known_sums(cells: Sequence[tuple[int, Cell]], free: Mapping[Cell, Row], minimum: int) -> Iterator[Cell]:
    """Yield the first cell of every set that is known: a single cell, or some with fewer answers than the minimum.

    ``free`` says in which directions the sum of a cell can still move; a set is known when those cancel out.
    """
    ordered = sorted(cells)

    def grow(start: int, first: Cell | None, people: int, movement: Row | float) -> Iterator[Cell]:
        for place in range(start, len(ordered)):
            n, cell = ordered[place]
            if first is not None and people + n >= minimum:
                return
            moved, head = movement + free[cell], first or cell
            if np.abs(moved).max() < EXACT:
                yield head
            elif people + n < minimum:
                yield from grow(place + 1, head, people + n, moved)

    return grow(0, None, 0, 0.0)


def _together(answered: Sequence[Answers]) -> Answers:
    """Return the answers of several departments as those of one; whether they differ is then not known."""
    people = sum(one.n for one in answered)
    mean = sum(one.n * one.mean for one in answered) / people
    return answered[0]._replace(n=people, mean=mean, sd=float("nan"))


def checked_policy(policy: Policy) -> Policy:
    """Return the policy, validated anew: one that was built around its own checks is refused here."""
    if not isinstance(policy, Policy):
        raise DisclosureError("A release needs a policy.", code="ICS-607")
    try:
        return Policy.model_validate({name: getattr(policy, name, None) for name in Policy.model_fields})
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise DisclosureError(f"The policy is not one that may be used: {wrong}.", code="ICS-607") from None
