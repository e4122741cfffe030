"""How many ratings may not be meant, per wave and department, and the sentences that say so; tallies add up."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from icstats.columns import written

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from icstats.questionnaire import Questionnaire
    from icstats.study import Study

__all__ = ["Tally", "compared_items", "counted", "notes_of"]

Where: TypeAlias = tuple[str, str]
"""Wave and department."""

SPELLING, BLANK, DOUBLE, DOUBLE_ALIKE = "spelling", "blank", "double", "double_alike"
STRAIGHT_LINING, UNTIMED, HASTY = "straight_lining", "untimed", "hasty"
NO_DAY, OUTSIDE, AHEAD = "no_day", "outside", "ahead"
UNINVITED = "uninvited"
NOT_APPLICABLE, DONT_KNOW = "not_applicable", "dont_know"

FEWEST_NAMED = 10
"""Ratings from which a note names a department."""
ROWS_LISTED = 10


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What was found among ratings.

    Attributes
    ----------
    rated
        Ratings with an answer.
    found
        Kind -> wave and department -> how many.
    double_rows
        File rows of the ratings that are double and left out.
    haste
        Seconds below which a rating counts as hasty; None where there are no times.
    """

    rated: int = 0
    found: Mapping[str, Mapping[Where, int]] = field(default_factory=dict)
    double_rows: tuple[int, ...] = ()
    haste: float | None = None

    def __add__(self, other: Tally) -> Tally:
        kinds = dict.fromkeys((*self.found, *other.found))
        return Tally(
            rated=self.rated + other.rated,
            found={kind: Counter(self.found.get(kind, {})) + Counter(other.found.get(kind, {})) for kind in kinds},
            double_rows=tuple(sorted((*self.double_rows, *other.double_rows))),
            haste=self.haste if other.haste is None else other.haste,
        )

    def total(self, kind: str) -> int:
        """Return how many there are of a kind altogether."""
        return sum(self.found.get(kind, {}).values())

    def by_department(self, kind: str) -> Counter[str]:
        """Return how many there are of a kind per department, all waves together."""
        departments: Counter[str] = Counter()
        for (_, department), n in self.found.get(kind, {}).items():
            departments[department] += n
        return departments


def counted(ratings: pd.DataFrame) -> dict[Where, int]:
    """Return how many ratings there are per wave and department."""
    pairs = zip(ratings["wave"].tolist(), ratings["department"].tolist(), strict=True)
    return Counter(pairs)


def compared_items(questionnaire: Questionnaire) -> list[str]:
    """Return the closed items on the response scale that most items have: what straight-lining is seen by."""
    closed = [item for item in questionnaire.items if item.responses is not None and item.block != "mirror"]
    by_scale = [[item.code for item in closed if item.responses == name] for name in questionnaire.responses]
    return max(by_scale, key=len)


def notes_of(tally: Tally, study: Study) -> tuple[str, ...]:
    """Return what was found and what was done with it, in sentences."""
    notes = [
        f'{_ratings(n)} with another spelling of the department "{written(study.department(slug))}"'
        for slug, n in tally.by_department(SPELLING).items()
    ]
    settings = study.responses.cleaning
    if blank := tally.total(BLANK):
        notes.append(f"{_ratings(blank)} without any answer left out")
    if double := tally.total(DOUBLE):
        notes.append(
            f"double ratings by one respondent: the first is kept, {_ratings(double)} left out "
            f"({tally.total(DOUBLE_ALIKE)} with the same answers; {_rows(tally.double_rows)})"
        )
    if strangers := tally.total(UNINVITED):
        notes.append(
            f"{_ratings(strangers)} by respondents who are not on the list of those invited, "
            f"{_done(settings.uninvited)}"
        )
    if alike := tally.total(STRAIGHT_LINING):
        notes.append(_straight_lining(alike, tally, study))
    if untimed := tally.total(UNTIMED):
        notes.append(f"{_ratings(untimed)} without a time in seconds kept")
    if hasty := tally.total(HASTY):
        kept = settings.shortest_seconds is None
        why = "less than a third of the median" if kept else "as set"
        done = "kept" if kept else "left out"
        notes.append(f"speeders: {_ratings(hasty)} made in under {tally.haste:.0f} seconds ({why}), {done}")
    for kind, what in ((NO_DAY, "a date that does not exist"), (OUTSIDE, "a date outside the fieldwork")):
        if n := tally.total(kind):
            notes.append(f"{_ratings(n)} with {what}, {_done(settings.outside)}")
    if ahead := tally.total(AHEAD):
        notes.append(f"{_ratings(ahead)} with a date in the future, kept: is the day before the month?")
    return tuple(notes)


def _straight_lining(alike: int, tally: Tally, study: Study) -> str:
    departments = sorted(tally.by_department(STRAIGHT_LINING).items())
    named = [f"{slug} {n}" for slug, n in departments if n >= FEWEST_NAMED and slug]
    where = f" ({', '.join(named)})" if named else ""
    what = f"with one answer to {len(compared_items(study.questionnaire))} questions{where}"
    done = _done(study.responses.cleaning.straight_lining)
    return f"straight-lining: {_ratings(alike)} ({100 * alike / tally.rated:.0f} %) {what}, {done}"


def _done(setting: str) -> str:
    return "left out" if setting == "leave_out" else "kept"


def _ratings(number: int) -> str:
    return f"{number} {'rating' if number == 1 else 'ratings'}"


def _rows(rows: Sequence[int]) -> str:
    more = f" and {len(rows) - ROWS_LISTED} more" if len(rows) > ROWS_LISTED else ""
    return f"row{'s' if len(rows) > 1 else ''} {', '.join(map(str, rows[:ROWS_LISTED]))}{more}"
