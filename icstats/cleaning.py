"""Ratings that may not be meant: counted, said, and left out only where the study says so."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pandas as pd

from icstats.documents import shown_path
from icstats.errors import Problem, SurveyFileError
from icstats.screening import item_rest_correlations
from icstats.tally import (
    AHEAD,
    DOUBLE,
    DOUBLE_ALIKE,
    HASTY,
    NO_DAY,
    OUTSIDE,
    STRAIGHT_LINING,
    UNINVITED,
    UNTIMED,
    Tally,
    compared_items,
    counted,
)

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from icstats.pairwise import PairwiseMoments
    from icstats.questionnaire import Questionnaire
    from icstats.study import Study
    from icstats.surveyfile import Cleaning as CleaningSettings

__all__ = ["Cleaned", "clean", "item_notes"]

Marks: TypeAlias = "NDArray[np.bool_]"

FEWEST_ALIKE = 5
"""Closed questions that must be answered alike before that means anything."""
FEWEST_LOOKED_AT = 10
"""Ratings from which items are looked at."""
HASTE = 3
"""Who takes less than this part of the median time cannot have read the questions; a usual rule of thumb."""
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
    tally
        What was found.
    """

    kept: Marks
    refused: Marks
    tally: Tally


def clean(ratings: pd.DataFrame, study: Study, *, by_person: bool) -> Cleaned:
    """Return what is done with ratings that may not be meant.

    Parameters
    ----------
    ratings
        Coded ratings in the order of the file; texts in ``date``, ``seconds`` and ``key`` (whose they are, as the file
        writes it) where the file has them.
    study
        Its ``responses.cleaning`` decides.
    by_person
        Whether the file says who answered, so that ratings can be double.
    """
    return _Cleaning(ratings, study).cleaned(by_person=by_person)


class _Cleaning:
    def __init__(self, ratings: pd.DataFrame, study: Study) -> None:
        self.ratings, self.study = ratings, study
        self.tally = Tally(rated=len(ratings))

    def cleaned(self, *, by_person: bool) -> Cleaned:
        nothing = np.zeros(len(self.ratings), dtype=bool)
        refused, later = self._duplicates() if by_person else (nothing, nothing)
        left_out = later | self._uninvited() | self._alike() | self._hasty() | self._elsewhen()
        return Cleaned(kept=~left_out, refused=refused, tally=self.tally)

    @property
    def _settings(self) -> CleaningSettings:
        return self.study.responses.cleaning

    def _count(self, kind: str, marks: Marks) -> None:
        self.tally += Tally(found={kind: counted(self.ratings[marks])})

    def _duplicates(self) -> tuple[Marks, Marks]:
        """Return the ratings that are double and refused, and those that are left out."""
        about, slugs = pd.factorize(self.ratings["department"])
        when, waves = pd.factorize(self.ratings["wave"])
        who = (self.ratings["respondent"].to_numpy() * len(slugs) + about) * len(waves) + when
        double = pd.Series(who).duplicated(keep=False).to_numpy() & (self.ratings["department"] != "").to_numpy()
        nothing = np.zeros(len(double), dtype=bool)
        if self._settings.duplicates == "refuse" or not double.any():
            return double, nothing
        doubles, later, alike = self.ratings[double], nothing.copy(), nothing.copy()
        answers = [item.code for item in self.study.questionnaire.items]
        keys = ["respondent", "department", "wave"]
        later[double] = doubles.duplicated(keys).to_numpy()
        alike[double] = doubles.duplicated([*keys, *answers]).to_numpy()
        self._count(DOUBLE, later)
        self._count(DOUBLE_ALIKE, alike & later)
        self.tally += Tally(double_rows=tuple(self.ratings["file_row"].to_numpy()[later].tolist()))
        return nothing, later

    def _uninvited(self) -> Marks:
        """Return the ratings to leave out because nobody invited who gave them."""
        nothing = np.zeros(len(self.ratings), dtype=bool)
        if self._settings.invited is None or "key" not in self.ratings:
            return nothing
        strangers = ~self.ratings["key"].str.strip().isin(_invited(self._settings.invited)).to_numpy(dtype=bool)
        self._count(UNINVITED, strangers)
        return strangers if self._settings.uninvited == "leave_out" else nothing

    def _alike(self) -> Marks:
        """Return the ratings to leave out because all their answers are alike."""
        alike = np.zeros(len(self.ratings), dtype=bool)
        items = compared_items(self.study.questionnaire)
        if len(items) >= FEWEST_ALIKE:
            codes = self.ratings[items].to_numpy()
            answered = codes >= 0
            highest = np.where(answered, codes, -1).max(axis=1)
            lowest = np.where(answered, codes, np.iinfo(np.int8).max).min(axis=1)
            alike = (answered.sum(axis=1) >= FEWEST_ALIKE) & (highest == lowest)
        self._count(STRAIGHT_LINING, alike)
        return alike if self._settings.straight_lining == "leave_out" else np.zeros_like(alike)

    def _hasty(self) -> Marks:
        """Return the ratings to leave out because they took too little time."""
        nothing = np.zeros(len(self.ratings), dtype=bool)
        if "seconds" not in self.ratings:
            return nothing
        seconds = pd.to_numeric(self.ratings["seconds"].str.replace(",", "."), errors="coerce").to_numpy(dtype=float)
        unknown = np.isnan(seconds)
        self._count(UNTIMED, unknown)
        if unknown.all():
            return nothing
        shortest = self._settings.shortest_seconds
        limit = np.nanmedian(seconds) / HASTE if shortest is None else shortest
        hasty = seconds < limit
        self._count(HASTY, hasty)
        self.tally += Tally(haste=float(limit))
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
        for kind, marks in ((NO_DAY, none), (OUTSIDE, outside), (AHEAD, ahead)):
            self._count(kind, marks)
        return none | outside if self._settings.outside == "leave_out" else np.zeros_like(none)


def _invited(path: Path) -> set[str]:
    """Return who was invited: every line that is not empty."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError):
        lines = []
    invited = {line.strip() for line in lines} - {""}
    if not invited:
        problem = Problem(
            code="ICS-163",
            file=shown_path(path),
            message="this is no list of those invited",
            hint="Write one respondent a line, as the survey file does, and save it as UTF-8 text.",
        )
        raise SurveyFileError(problem)
    return invited


def item_notes(moments: PairwiseMoments, questionnaire: Questionnaire) -> tuple[str, ...]:
    """Return what is odd about the items of each scale: no variance, or against the other items.

    Parameters
    ----------
    moments
        Of the answers of customers as they were given.
    questionnaire
        Says which items belong together and which are turned round.
    """
    notes = []
    counts = pd.DataFrame(moments.counts, index=moments.names, columns=moments.names)
    # Turning an answer round leaves its variance and changes the sign of its covariances.
    sign = np.array([-1 if questionnaire.item(code).reverse else 1 for code in moments.names])
    covariance = moments.covariance * np.outer(sign, sign)
    for scale in questionnaire.scales:
        codes = [item.code for item in questionnaire.items_of(scale=scale.code) if item.code in moments.names]
        if len(codes) < 2 or counts.loc[codes, codes].to_numpy().min() < FEWEST_LOOKED_AT:  # noqa: PLR2004  a scale of one item has no rest
            continue
        constant = [code for code in codes if covariance.loc[code, code] == 0]
        notes += [f"{code}: everybody gave the same answer, so it says nothing about differences" for code in constant]
        varying = [code for code in codes if code not in constant]
        if len(varying) > 1:
            against = item_rest_correlations(covariance.loc[varying, varying].to_numpy()) < 0
            notes += [_against(code, questionnaire) for code, wrong in zip(varying, against, strict=True) if wrong]
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
