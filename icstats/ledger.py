"""Which department may be shown for which variable, decided once per survey and from counts alone."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from pydantic import ValidationError

from icstats.errors import DisclosureError
from icstats.results import ORGANISATION
from icstats.study import Policy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import pandas as pd

__all__ = ["RATINGS", "Ledger", "checked_policy", "open_ledger"]

RATINGS = "ratings"
"""The variable that counts everybody who rated a department."""

DOMINANCE = 0.8
"""A small department may be at most this part of the people hidden with it.

With 9 people of one department and 1 of another hidden, the total minus what is shown would give the mean of the 9
within half a point.
"""

EXACT = 1e-9
Cell = tuple[str, str]


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
    """

    hidden: frozenset[tuple[str, str]]
    departments: tuple[str, ...]
    variables: frozenset[str]
    department: str = ORGANISATION

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

    def along_with(self, other: Ledger) -> Ledger:
        """Return a ledger for numbers about two waves: it hides what either of the two hides.

        A variable or department that only one of them decided about is hidden with the ratings, or altogether.
        """
        here, there = self.at(ORGANISATION), other.at(ORGANISATION)
        departments = tuple(slug for slug in self.departments if slug in other.departments)
        variables = self.variables & other.variables
        cells = [(place, name) for place in (*departments, ORGANISATION) for name in variables]
        hidden = frozenset(
            (place, name) for place, name in cells if here.hides(name, place) or there.hides(name, place)
        )
        return Ledger(hidden=hidden, departments=departments, variables=variables)

    def hides(self, variable: str, department: str | None = None) -> bool:
        """Return whether nothing may be shown about this variable of the department (None: the ledger's own)."""
        place = self.department if department is None else department
        self._check_known(place)
        decided = variable if variable in self.variables else RATINGS
        return decided not in self.variables or (place, decided) in self.hidden

    def shown(self, variable: str) -> tuple[str, ...]:
        """Return the departments that may be shown for this variable."""
        return tuple(department for department in self.departments if not self.hides(variable, department))

    def _check_known(self, department: str) -> None:
        if department != ORGANISATION and department not in self.departments:
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
) -> Ledger:
    """Decide what may be shown, so that no hidden number follows by subtraction.

    A cell with fewer answers than ``policy.minimum_group`` is hidden. Because the organisation's total is shown, the
    next smallest department is hidden as well until, for every variable, the hidden people are at least the minimum,
    there are at least two hidden departments, and no small department makes up nearly all of the hidden people. A
    department whose ratings are hidden is hidden altogether. Where a score is the mean of items that are shown too,
    a department never has exactly one of them hidden, and what totals and scores together would give away is sought
    by linear algebra and covered.

    Parameters
    ----------
    counts
        Columns ``department``, ``variable`` and ``n``, the valid answers; ``ratings`` is a variable too.
    policy
        What the organisation promised its respondents.
    department
        What the first release is about; see :meth:`Ledger.at`.
    parts
        Code of a score -> the items it is the mean of.

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
    sizes = _sizes(counts)
    variables = tuple(next(iter(sizes.values())))
    suppression = _Suppression(
        sizes=sizes, variables=variables, minimum=checked_policy(policy).minimum_group, parts=parts or {}
    )
    ledger = Ledger(hidden=frozenset(suppression.decided()), departments=tuple(sizes), variables=frozenset(variables))
    return ledger.at(department)


def _sizes(counts: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Return n of every variable in every department, 0 where it was not asked."""
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
    sizes = {place: dict.fromkeys(names.unique(), 0) for place in places.unique()}
    for place, name, n in zip(places, names, numbers, strict=True):
        sizes[place][name] = int(n)
    return sizes


@dataclass(frozen=True, kw_only=True)
class _Suppression:
    """One table of counts on its way to a decision; hidden cells only ever become more."""

    sizes: Mapping[str, Mapping[str, int]]
    variables: tuple[str, ...]
    minimum: int
    parts: Mapping[str, Sequence[str]]
    hidden: set[Cell] = field(default_factory=set)

    def decided(self) -> set[Cell]:
        """Return the hidden cells, the organisation's own included."""
        if RATINGS in self.variables:
            self._cover_totals([RATINGS])
            self.hidden.update((place, name) for place, _ in tuple(self.hidden) for name in self.variables)
        while self._cover_totals(self.variables) or self._cover_scores() or self._cover_what_can_be_solved():
            pass
        return self.hidden | {(ORGANISATION, name) for name in self.variables if not self._has_total(name)}

    def _has_total(self, name: str) -> bool:
        return (ORGANISATION, name) not in self.hidden and sum(row[name] for row in self.sizes.values()) >= self.minimum

    def _cover_totals(self, names: Iterable[str]) -> bool:
        """Hide, per variable, what is too small and what the total would give away; return whether that changed."""
        before = len(self.hidden)
        for name in names:
            column = {place: row[name] for place, row in self.sizes.items()}
            already = {place for place in column if (place, name) in self.hidden}
            self.hidden.update((place, name) for place in _hidden_of(column, self.minimum, already))
        return len(self.hidden) > before

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
        is_new = not any((other, name) in self.hidden for other in self.sizes if other != place)
        return is_score, is_new, self.sizes[place][name]

    def _lines(self) -> list[tuple[str, str, list[str]]]:
        """Return every score in every department, with the items it was asked."""
        asked = [
            (place, score, [name for name in items if row.get(name, 0) > 0])
            for place, row in self.sizes.items()
            for score, items in self.parts.items()
            if row.get(score, 0) > 0
        ]
        return [line for line in asked if line[2]]

    def _cover_what_can_be_solved(self) -> bool:
        """Hide one more cell where a small one could be solved for; return whether there was one."""
        covers = (cell for solved in (self._solved() if self.parts else ()) for cell in self._covers(*solved))
        cover = next((cell for cell in covers if cell not in self.hidden), None)
        if cover is not None:
            self.hidden.add(cover)
        return cover is not None

    def _covers(self, place: str, name: str) -> Iterator[Cell]:
        """Yield what may stand in for a small cell, cheapest first: a department, a score, and last the totals."""
        yield from ((other, name) for other in sorted(self.sizes, key=lambda other: self.sizes[other][name]))
        yield from ((place, score) for score in self.parts if score in self.variables)
        yield from ((ORGANISATION, other) for other in (name, *self.variables))

    def _unknown(self) -> list[Cell]:
        """Return the hidden cells that a reader would solve for.

        Of departments that are hidden altogether and were asked the same, two will do: a reader who knew the others
        could solve more, not less.
        """
        alike: dict[frozenset[str], int] = {}
        places = []
        for place, row in self.sizes.items():
            asked = frozenset(name for name, n in row.items() if n > 0)
            if all((place, name) in self.hidden for name in asked):
                alike[asked] = alike.get(asked, 0) + 1
            if alike.get(asked, 0) <= 2 or any((place, name) not in self.hidden for name in asked):  # noqa: PLR2004
                places.append(place)
        cells = [(place, name) for place in places for name, n in self.sizes[place].items() if n > 0]
        return [cell for cell in cells if cell in self.hidden]

    def _solved(self) -> list[Cell]:
        """Return the small cells that follow from totals and scores, if everybody answered every item."""
        unknown = self._unknown()
        number = {cell: place for place, cell in enumerate(unknown)}
        equations: list[dict[Cell, float]] = [
            {(place, name): float(max(row.values())) for place, row in self.sizes.items()}
            for name in self.variables
            if self._has_total(name)
        ]
        equations += [
            {(place, score): -float(len(items)), **{(place, item): 1.0 for item in items}}
            for place, score, items in self._lines()
        ]
        matrix = np.zeros((len(equations), len(unknown)))
        for row, equation in zip(matrix, equations, strict=True):
            for cell, factor in equation.items():
                if cell in number:
                    row[number[cell]] = factor
        free = np.diag(np.eye(len(unknown)) - np.linalg.pinv(matrix) @ matrix)
        small = [cell for cell in unknown if self.sizes[cell[0]][cell[1]] < self.minimum]
        return [cell for cell in small if free[number[cell]] < EXACT]


def _hidden_of(sizes: Mapping[str, int], minimum: int, already: Iterable[str]) -> set[str]:
    """Return the departments to hide for one variable."""
    hidden = set(already) | {place for place, n in sizes.items() if n < minimum}
    for place in sorted(set(sizes) - hidden, key=lambda place: (sizes[place], place)):
        if _is_safe([sizes[one] for one in hidden], minimum):
            break
        hidden.add(place)
    return hidden


def _is_safe(hidden: Iterable[int], minimum: int) -> bool:
    """Return whether the total minus all shown departments tells nothing about a hidden one.

    Departments without any answer do not count: a reader knows who was not asked.
    """
    sizes = [n for n in hidden if n > 0]
    small = max((n for n in sizes if n < minimum), default=0)
    return not sizes or (len(sizes) > 1 and sum(sizes) >= minimum and small <= DOMINANCE * sum(sizes))


def checked_policy(policy: Policy) -> Policy:
    """Return the policy, validated anew: one that was built around its own checks is refused here."""
    if not isinstance(policy, Policy):
        raise DisclosureError("A release needs a policy.", code="ICS-607")
    try:
        return Policy.model_validate({name: getattr(policy, name, None) for name in Policy.model_fields})
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise DisclosureError(f"The policy is not one that may be used: {wrong}.", code="ICS-607") from None
