"""Ratings that may not be meant: counted, said, and left out only where the study says so."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pandas as pd

from icstats.sampling import item_sample
from icstats.scales import keyed
from icstats.screening import negative_items

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from icstats.questionnaire import Questionnaire
    from icstats.study import Study
    from icstats.surveyfile import Cleaning as CleaningSettings

__all__ = ["Cleaned", "clean", "item_notes"]

Marks: TypeAlias = "NDArray[np.bool_]"

FEWEST_ALIKE = 5
"""Closed questions that must be answered alike before that means anything."""
FEWEST_NAMED = 10
"""Ratings from which a note names a department, and from which items are looked at."""
HASTE = 3
"""Who takes less than this part of the median time cannot have read the questions; a usual rule of thumb."""
ROWS_LISTED = 10
YEAR_FIRST = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[ T].*)?", re.ASCII)
YEAR_LAST = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})(?:[ ,].*)?", re.ASCII)
LAST_MONTH = 12


@dataclass(frozen=True, kw_only=True)
class Cleaned:
    """What is done with each rating.

    Attributes
    ----------
    kept
        Whether a rating is kept.
    refused
        Ratings that make the file one that cannot be used.
    notes
        What was found and what was done with it, in sentences.
    """

    kept: Marks
    refused: Marks
    notes: tuple[str, ...]


def clean(ratings: pd.DataFrame, study: Study, *, by_person: bool) -> Cleaned:
    """Return what is done with ratings that may not be meant.

    Parameters
    ----------
    ratings
        Coded ratings in the order of the file; texts in ``date`` and ``seconds`` where the file has them.
    study
        Its ``responses.cleaning`` decides.
    by_person
        Whether the file says who answered, so that ratings can be double.
    """
    return _Cleaning(ratings, study).cleaned(by_person=by_person)


@dataclass
class _Cleaning:
    ratings: pd.DataFrame
    study: Study
    notes: list[str] = field(default_factory=list)

    def cleaned(self, *, by_person: bool) -> Cleaned:
        nothing = np.zeros(len(self.ratings), dtype=bool)
        refused, later = self._duplicates() if by_person else (nothing, nothing)
        left_out = later | self._alike() | self._hasty() | self._elsewhen()
        return Cleaned(kept=~left_out, refused=refused, notes=tuple(self.notes))

    @property
    def _settings(self) -> CleaningSettings:
        return self.study.responses.cleaning

    def _duplicates(self) -> tuple[Marks, Marks]:
        """Return the ratings that are double and refused, and those that are left out."""
        keys = ["respondent", "department", "wave"]
        known = (self.ratings["department"] != "").to_numpy()
        double = self.ratings.duplicated(keys, keep=False).to_numpy() & known
        if self._settings.duplicates == "refuse":
            return double, np.zeros(len(double), dtype=bool)
        later = self.ratings.duplicated(keys).to_numpy() & known
        if later.any():
            answers = [item.code for item in self.study.questionnaire.items]
            alike = self.ratings.duplicated([*keys, *answers]).to_numpy() & later
            rows = self.ratings["file_row"].to_numpy()[later].tolist()
            more = f" and {len(rows) - ROWS_LISTED} more" if len(rows) > ROWS_LISTED else ""
            self.notes.append(
                f"double ratings by one respondent: the first is kept, {_ratings(later)} left out "
                f"({int(alike.sum())} with the same answers; {_rows(rows[:ROWS_LISTED])}{more})"
            )
        return np.zeros(len(double), dtype=bool), later

    def _alike(self) -> Marks:
        """Return the ratings to leave out because all their answers are alike."""
        alike = np.zeros(len(self.ratings), dtype=bool)
        items = max(self._items_by_scale(), key=len)
        if len(items) >= FEWEST_ALIKE:
            codes = self.ratings[items].to_numpy()
            answered = codes >= 0
            highest = np.where(answered, codes, -1).max(axis=1)
            lowest = np.where(answered, codes, np.iinfo(np.int8).max).min(axis=1)
            alike = (answered.sum(axis=1) >= FEWEST_ALIKE) & (highest == lowest)
        if alike.any():
            share = 100 * alike.sum() / len(alike)
            departments = self.ratings.loc[alike, "department"].value_counts()
            named = [f"{slug} {n}" for slug, n in sorted(departments.items()) if n >= FEWEST_NAMED and slug]
            where = f" ({', '.join(named)})" if named else ""
            what = f"{_ratings(alike)} ({share:.0f} %) with one answer to {len(items)} questions{where}"
            self.notes.append(f"straight-lining: {what}, {self._done(self._settings.straight_lining)}")
        return alike if self._settings.straight_lining == "leave_out" else np.zeros_like(alike)

    def _items_by_scale(self) -> list[list[str]]:
        questionnaire = self.study.questionnaire
        closed = [item for item in questionnaire.items if item.responses is not None and item.block != "mirror"]
        return [[item.code for item in closed if item.responses == name] for name in questionnaire.responses]

    def _hasty(self) -> Marks:
        """Return the ratings to leave out because they took too little time."""
        nothing = np.zeros(len(self.ratings), dtype=bool)
        if "seconds" not in self.ratings:
            return nothing
        seconds = pd.to_numeric(self.ratings["seconds"].str.replace(",", "."), errors="coerce").to_numpy(dtype=float)
        unknown = np.isnan(seconds)
        if unknown.any():
            self.notes.append(f"{_ratings(unknown)} without a time in seconds kept")
        if unknown.all():
            return nothing
        shortest = self._settings.shortest_seconds
        limit = np.nanmedian(seconds) / HASTE if shortest is None else shortest
        hasty = seconds < limit
        if hasty.any():
            why = "less than a third of the median" if shortest is None else "as set"
            done = self._done("keep" if shortest is None else "leave_out")
            self.notes.append(f"speeders: {_ratings(hasty)} made in under {limit:.0f} seconds ({why}), {done}")
        return nothing if shortest is None else hasty

    def _elsewhen(self) -> Marks:
        """Return the ratings to leave out because their day is none, or not one of the fieldwork."""
        if "date" not in self.ratings:
            return np.zeros(len(self.ratings), dtype=bool)
        days = _days(self.ratings["date"])
        written = (self.ratings["date"].fillna("").str.strip() != "").to_numpy()
        none = np.array([day is None for day in days]) & written
        first, last = self._settings.first_day or "", self._settings.last_day or "9999"
        outside = np.array([day is not None and not first <= day <= last for day in days])
        ahead = np.array([day is not None and day > date.today().isoformat() for day in days]) & ~outside  # noqa: DTZ011
        done = self._done(self._settings.outside)
        for marks, what in ((none, "a date that does not exist"), (outside, "a date outside the fieldwork")):
            if marks.any():
                self.notes.append(f"{_ratings(marks)} with {what}, {done}")
        if ahead.any():
            self.notes.append(f"{_ratings(ahead)} with a date in the future, kept: is the day before the month?")
        return none | outside if self._settings.outside == "leave_out" else np.zeros_like(none)

    @staticmethod
    def _done(setting: str) -> str:
        return "left out" if setting == "leave_out" else "kept"


def item_notes(answers: pd.DataFrame, questionnaire: Questionnaire) -> tuple[str, ...]:
    """Return what is odd about the items of each scale: no variance, or against the other items.

    Parameters
    ----------
    answers
        Ratings frame of customers, items as floats.
    questionnaire
        Says which items belong together and which are turned round.
    """
    notes = []
    items = keyed(answers, questionnaire)
    for scale in questionnaire.scales:
        codes = [item.code for item in questionnaire.items_of(scale=scale.code) if item.code in items]
        sample = item_sample(items[codes], missing="pairwise")
        if len(codes) < 2 or sample.n < FEWEST_NAMED:  # noqa: PLR2004  a scale of one item has no rest
            continue
        answered = items[codes].count() >= FEWEST_NAMED
        constant = [code for code in sample.constant_items if answered[code]]
        notes += [f"{code}: everybody gave the same answer, so it says nothing about differences" for code in constant]
        varying = [code for code in codes if code not in sample.constant_items]
        if len(varying) > 1:
            against = negative_items(item_sample(items[varying], missing="pairwise"))
            notes += [_against(code.partition(":")[2], questionnaire) for code in against]
    return tuple(notes)


def _against(code: str, questionnaire: Questionnaire) -> str:
    why = (
        "it is marked reverse: was it turned round in the file already?"
        if questionnaire.item(code).reverse
        else "is it worded the other way? Then mark it reverse."
    )
    return f"{code}: item-rest correlation below 0; {why}"


def _days(texts: pd.Series[str]) -> list[str | None]:
    """Return each day as 2026-01-31, None where there is none. Day before month, unless that is impossible."""
    found = [_parts(text) for text in texts.fillna("").str.strip()]
    month_first = any(parts and parts[1] > LAST_MONTH for parts in found)
    return [_day(parts, month_first=month_first and parts is not None and parts[3] == 1) for parts in found]


def _parts(text: str) -> tuple[int, int, int, int] | None:
    """Return year, month, day, and whether the year stood last (1)."""
    if parts := YEAR_FIRST.fullmatch(text):
        return int(parts[1]), int(parts[2]), int(parts[3]), 0
    if parts := YEAR_LAST.fullmatch(text):
        return int(parts[3]), int(parts[2]), int(parts[1]), 1
    return None


def _day(parts: tuple[int, int, int, int] | None, *, month_first: bool) -> str | None:
    if parts is None:
        return None
    year, month, day, _ = parts
    try:
        return (date(year, day, month) if month_first else date(year, month, day)).isoformat()
    except ValueError:
        return None


def _ratings(marks: Marks) -> str:
    number = int(marks.sum())
    return f"{number} {'rating' if number == 1 else 'ratings'}"


def _rows(rows: Sequence[int]) -> str:
    return f"row{'s' if len(rows) > 1 else ''} {', '.join(map(str, rows))}"
