"""From the text of ratings to checked ratings: whose, about whom, when, and every answer as a code."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa

from icstats.answers import (
    CODES_OF_FAULTS,
    FINE,
    NO_ANSWER,
    NOT_ASKED,
    Answers,
    Texts,
    code_answers,
    fault_in_words,
    in_words,
    look,
    masked,
    missing_codes,
    understood_words,
)
from icstats.cleaning import clean
from icstats.columns import written
from icstats.documents import did_you_mean, nearest, shown_path
from icstats.errors import Problem
from icstats.layouts import to_ratings
from icstats.tally import BLANK, SPELLING, Tally, counted, notes_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from icstats.layouts import Stacked
    from icstats.questionnaire import Item
    from icstats.rawtable import RawTable
    from icstats.study import Study

__all__ = [
    "CheckedRatings",
    "check_ratings",
    "checked_table",
    "codes_as_asked",
    "is_about_another",
    "is_for_others",
    "is_rated",
    "meanings",
]

Marks: TypeAlias = "NDArray[np.bool_]"
Column: TypeAlias = "NDArray[Any]"

AS_WRITTEN = {"date": "date", "seconds": "seconds", "key": "respondent"}
"""What is looked at when ratings are cleaned -> where it stands, as text."""
ONE_SPELLING = "Write it the same everywhere, or set responses.cleaning.spellings to same."
ROLES = ("customer", "staff")
WAVE = re.compile(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*")
LONGEST_WAVE = 20
LARGEST_WEIGHT = 1000.0
EITHER = re.compile(r"[1-9]\d{0,2}[.,]\d{3}", re.ASCII)
"""One thousand or more, or one and a bit with three decimals."""
SHORTENED = re.compile(r"\d(?:[.,]\d+)?E\+\d+", re.ASCII)
"""What a spreadsheet makes of a number of more than eleven digits."""
MOST_STEPS = 128
"""Answers are kept in one byte, with its negative half for what is missing."""


@dataclass(frozen=True, kw_only=True, repr=False)
class CheckedRatings:
    """Ratings whose answers are codes; not to be used where there are problems.

    Attributes
    ----------
    frame
        Ratings frame, except that closed items are int8: steps above the lowest answer, or the negative code of a
        missing answer. Sorted by department (as in the study), wave, respondent.
    problems
        What is wrong with the file.
    remarks
        How the file was understood.
    tally
        Which ratings may not be meant, counted.
    study
        The study.
    """

    frame: pd.DataFrame
    problems: tuple[Problem, ...]
    remarks: tuple[str, ...]
    tally: Tally
    study: Study

    def __repr__(self) -> str:
        return f"<CheckedRatings: {len(self.frame)} ratings, {len(self.problems)} problems, not released>"

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know about the file, in sentences."""
        return (*self.remarks, *notes_of(self.tally, self.study))


def check_ratings(stacked: Stacked, study: Study) -> CheckedRatings:
    """Check all ratings against the study and the questionnaire.

    Parameters
    ----------
    stacked
        One row per rating, as text.
    study
        Says which departments, items and answers there are.

    Returns
    -------
    CheckedRatings
        With all problems that the file has, those of its columns first.
    """
    return _Check(stacked, study).ratings()


def checked_table(raw: RawTable, study: Study) -> tuple[CheckedRatings, pa.Array | None]:
    """Check a raw table.

    Returns
    -------
    checked
        As :func:`check_ratings`.
    respondents
        The respondents' own names, in the order of the checked ratings; None where the file has none.
    """
    stacked = to_ratings(raw, study)
    checked = check_ratings(stacked, study)
    if "respondent" not in stacked.frame:
        return checked, None
    order = np.argsort(stacked.rows, kind="stable")
    places = order[np.searchsorted(stacked.rows, checked.frame["file_row"].to_numpy(), sorter=order)]
    names = stacked.frame["respondent"].to_numpy(dtype=object)[places].tolist()
    return checked, pa.array([name.strip() for name in names], pa.large_string())


@dataclass
class _Check:
    """One pass over the columns of the ratings, which notes all that is wrong."""

    stacked: Stacked
    study: Study
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    worded: list[str] = field(default_factory=list)

    def ratings(self) -> CheckedRatings:
        respondent = self._respondents()
        department = self._departments()
        wave = self._waves()
        self._count_spellings(department, wave)
        role = self._roles()
        keys = {"respondent": respondent, "department": department, "wave": wave, "role": role}
        weight = self._weights()
        attributes = {
            name: self.stacked.frame[name].str.strip().to_numpy(dtype=object)
            for name in self.study.responses.attributes
            if name in self.stacked.frame
        }
        items, wrong = self._items(department, role)
        columns = {**keys, "weight": weight, **attributes, **items, "file_row": self.stacked.rows}
        frame = pd.DataFrame({name: _typed(values) for name, values in columns.items()}, copy=False)
        rated = frame[wrong | is_rated(frame, self.study)]
        self.tally += Tally(found={BLANK: counted(frame.drop(index=rated.index))})
        self._refuse_no_ratings(len(rated))
        kept = self._cleaned(rated)
        self._refuse_all_left_out(len(rated), len(kept))
        return CheckedRatings(
            frame=_in_order(kept, self.study),
            problems=(*self.stacked.problems, *self.problems),
            remarks=(*self.stacked.notes, *self.notes),
            tally=self.tally,
            study=self.study,
        )

    def _refuse(self, code: str, name: str, marked: Marks, message: str, hint: str = "") -> None:
        for column, _, rows in self.stacked.places(name, marked):
            self.problems.append(
                Problem(code=code, file=self.stacked.file, rows=rows, column=column, message=message, hint=hint)
            )

    def _texts(self, name: str) -> Texts | None:
        return Texts.of(self.stacked.frame[name]) if name in self.stacked.frame else None

    def _respondents(self) -> Column:
        """Return whole numbers that stand for the respondents; rows of one person keep together, no more."""
        if "respondent" not in self.stacked.frame:
            self.notes.append("no column says who answered: every row counts as another person")
            return np.asarray(pd.factorize(self.stacked.rows, sort=True)[0], dtype=np.int64)
        which, found = pd.factorize(self.stacked.frame["respondent"], use_na_sentinel=False)
        texts = np.asarray(found, dtype=object).tolist()
        names = [text.strip() for text in texts]
        hint = "Without it nobody knows which ratings come from one person."
        self._refuse_empty("respondent", np.array(names, dtype=object), hint, which=which)
        as_written = set(texts)
        padded = [place for place, name in enumerate(names) if name != texts[place] and name in as_written]
        if padded:
            self._refuse(
                "ICS-141",
                "respondent",
                np.isin(which, padded),
                "the same respondent is also written without spaces around",
                "Remove the spaces.",
            )
        shortened = [place for place, name in enumerate(names) if SHORTENED.fullmatch(name)]
        if shortened:
            self._refuse(
                "ICS-160",
                "respondent",
                np.isin(which, shortened),
                "a number that a spreadsheet has shortened: several people may have the same one",
                "Export the answers again, and do not save them from a spreadsheet.",
            )
        number = {name: place for place, name in enumerate(sorted(set(names)))}
        return np.array([number[name] for name in names], dtype=np.int64)[which]

    def _refuse_empty(self, name: str, values: Column, hint: str = "", *, which: Column | None = None) -> None:
        empty = values == "" if which is None else (values == "")[which]
        if empty.any():
            self._refuse("ICS-140", name, empty, "this cell is empty", hint)

    def _departments(self) -> Column:
        """Return slugs; empty where the department is not of this study."""
        raw = self.stacked.frame.get("department")
        slugs = {written(department): department.slug for department in self.study.departments}
        if raw is None:
            return np.full(len(self.stacked.rows), "", dtype=object)
        if self.study.responses.cleaning.spellings == "same":
            raw = self._one_spelling(raw, slugs)
        texts = raw.to_numpy(dtype=object)
        hint = "Is this a row of totals? Then leave it out."
        self._refuse_empty("department", raw.str.strip().to_numpy(dtype=object), hint)
        unlike = []
        for text in (text for text in raw.unique() if text not in slugs and text.strip()):
            near = nearest(text, slugs)
            if near is None:
                unlike.append(text)
            elif look(text) == look(near):
                message = f'found "{text}", another spelling of the department "{near}"'
                self._refuse("ICS-142", "department", texts == text, message, ONE_SPELLING)
            else:
                message = f'found "{text}", which is no department of this study'
                self._refuse("ICS-143", "department", texts == text, message, f'did you mean "{near}"?')
        if unlike:
            message = f"found {masked(unlike)}, no {_plural('department', len(unlike))} of this study"
            hint = "Add the department to the study, or give the code that the file writes for it."
            self._refuse("ICS-143", "department", _among(texts, unlike), message, hint)
        return raw.map(slugs).fillna("").to_numpy(dtype=object)

    @staticmethod
    def _one_spelling(raw: pd.Series[str], slugs: dict[str, str]) -> pd.Series[str]:
        """Return the column with every department as its code spells it."""
        codes = {look(code): code for code in slugs}
        other = {text: codes[look(text)] for text in raw.unique() if text not in slugs and look(text) in codes}
        return raw.replace(other)

    def _count_spellings(self, department: Column, wave: Column) -> None:
        raw = self.stacked.frame.get("department")
        if raw is not None and self.study.responses.cleaning.spellings == "same":
            where = pd.DataFrame({"department": department, "wave": wave})
            other = ~_among(raw, [written(one) for one in self.study.departments]) & (department != "")
            self.tally += Tally(found={SPELLING: counted(where[other])})

    def _waves(self) -> Column:
        column = self._texts("wave")
        if column is None:
            return np.full(len(self.stacked.rows), self.study.wave, dtype=object)
        waves = np.array([*column.texts, ""], dtype=object)[column.which]
        self._refuse_empty("wave", waves)
        names = [name for name in dict.fromkeys(column.texts) if name]
        wrong = [name for name in names if len(name) > LONGEST_WAVE or not WAVE.fullmatch(name)]
        if wrong:
            message = f"found {masked(wrong)}; a wave is up to {LONGEST_WAVE} letters, digits and single hyphens"
            self._refuse("ICS-144", "wave", _among(waves, wrong), message)
        by_look: dict[str, str] = {}
        for name in (name for name in names if name not in wrong):
            first = by_look.setdefault(name.casefold(), name)
            if first != name:
                message = f'found "{name}", another spelling of the wave "{first}"'
                self._refuse("ICS-142", "wave", waves == name, message, "Write it the same everywhere.")
        if self.study.wave not in names:
            message = f'the file has no ratings of the wave "{self.study.wave}" of the study'
            self._refuse(
                "ICS-145", "wave", np.zeros(len(waves), dtype=bool), message, did_you_mean(self.study.wave, names)
            )
        return waves

    def _roles(self) -> Column:
        column = self._texts("role")
        if column is None:
            return np.full(len(self.stacked.rows), "customer", dtype=object)
        roles = np.array([*column.texts, ""], dtype=object)[column.which]
        self._refuse_empty("role", roles)
        wrong = [text for text in dict.fromkeys(column.texts) if text and text not in ROLES]
        if wrong:
            message = f'found {masked(wrong)}; allowed are "customer" and "staff"'
            self._refuse("ICS-146", "role", _among(roles, wrong), message)
        return roles

    def _weights(self) -> Column:
        column = self._texts("weight")
        if column is None:
            return np.ones(len(self.stacked.rows))
        decimal = self.study.responses.decimal
        broken = [text for text in column.texts if "," in text or "." in text]
        if decimal is None and broken and all(map(EITHER.fullmatch, broken)):
            message = "all broken weights have three decimals, or are thousands"
            hint = 'Set decimal under responses to "," or ".".'
            self._refuse("ICS-158", "weight", np.isin(column.which, _places(column.texts, broken)), message, hint)
        comma = decimal == "," if decimal else bool(broken) and not any("." in text for text in broken)
        values = np.array([*(_weight(text, "," if comma else ".") for text in column.texts), np.nan])[column.which]
        wrong = np.isnan(values)
        if wrong.any():
            message = f"found what is no weight; allowed are numbers above 0 and at most {LARGEST_WEIGHT:.0f}"
            self._refuse("ICS-147", "weight", wrong, message, "Write 1 for a rating that counts once.")
        if comma:
            self.notes.append("weights are written with a decimal comma (found)")
        return values

    def _items(self, department: Column, role: Column) -> tuple[dict[str, Column], Marks]:
        """Return the columns of all items, and the rows in which an answer is wrong."""
        missing = missing_codes(self.study.responses)
        self._refuse_long_scales()
        columns: dict[str, Column] = {}
        wrong = np.zeros(len(self.stacked.rows), dtype=bool)
        for item in self.study.questionnaire.items:
            if item.responses is None:
                columns[item.code] = self._open_answers(item)
            elif item.code not in self.stacked.frame:
                columns[item.code] = np.full(len(self.stacked.rows), NOT_ASKED, dtype=np.int8)
            else:
                columns[item.code], faulty = self._closed_answers(item, department, role, missing)
                wrong |= faulty
        if self.worded:
            self.notes.append(f"answers in words are read as the numbers of their scale: {', '.join(self.worded)}")
        return columns, wrong

    def _open_answers(self, item: Item) -> Column:
        if item.code not in self.stacked.frame:
            return np.full(len(self.stacked.rows), "", dtype=object)
        return self.stacked.frame[item.code].fillna("").str.strip().to_numpy(dtype=object)

    def _closed_answers(
        self, item: Item, department: Column, role: Column, missing: dict[str, int]
    ) -> tuple[Column, Marks]:
        texts = Texts.of(self.stacked.frame[item.code])
        answers = _answers(item, missing, self.study)
        codes, faults = code_answers(texts, answers)
        if in_words(texts, codes):
            self.worded.append(item.code)
        for fault in sorted(set(faults.tolist()) - {FINE}):
            for column, marked, rows in self.stacked.places(item.code, faults == fault):
                message, hint = fault_in_words(fault, texts.among(marked), answers)
                self.problems.append(
                    Problem(
                        code=CODES_OF_FAULTS[fault],
                        file=self.stacked.file,
                        rows=rows,
                        column=column,
                        message=message,
                        hint=hint,
                    )
                )
        elsewhere, others = is_about_another(item, department), is_for_others(item, role)
        self._refuse_unasked(item, elsewhere & (codes >= 0), others & (codes >= 0))
        return codes_as_asked(codes, (elsewhere | others) & (faults == FINE)), faults != FINE

    def _refuse_unasked(self, item: Item, elsewhere: Marks, others: Marks) -> None:
        if elsewhere.any():
            message = f"an answer about a department that is not asked this; {_only(item)}"
            hint = "Is the department right? If it is, add it to the departments of the item."
            self._refuse("ICS-148", item.code, elsewhere, message, hint)
        if item.block == "mirror" and others.any():
            message = "an answer by a customer; only the staff of the department are asked this"
            self._refuse("ICS-149", item.code, others, message, 'Staff have the role "staff".')

    def _refuse_long_scales(self) -> None:
        for name, scale in self.study.questionnaire.responses.items():
            steps = scale.maximum - scale.minimum + 1
            if steps > MOST_STEPS:
                self.problems.append(
                    Problem(
                        code="ICS-155",
                        file=shown_path(self.study.file),
                        column=f"responses.{name}",
                        message=f"this response scale has {steps} steps; at most {MOST_STEPS} can be kept",
                    )
                )

    def _refuse_no_ratings(self, kept: int) -> None:
        if not (kept or self.problems or self.stacked.problems):
            message = "no row holds an answer to a question of the questionnaire"
            self.problems.append(Problem(code="ICS-157", file=self.stacked.file, message=message))

    def _refuse_all_left_out(self, rated: int, kept: int) -> None:
        if rated and not kept:
            message = f"all {rated} ratings are left out by the cleaning that the study asks for"
            self.problems.append(
                Problem(code="ICS-161", file=self.stacked.file, message=message, hint="Change responses.cleaning.")
            )

    def _cleaned(self, rated: pd.DataFrame) -> pd.DataFrame:
        frame = self.stacked.frame
        texts = {name: frame.loc[rated.index, column] for name, column in AS_WRITTEN.items() if column in frame}
        by_person = "respondent" in frame and self.study.responses.layout != "long"
        cleaned = clean(rated.assign(**texts), self.study, by_person=by_person)
        if cleaned.refused.any():
            marked = np.zeros(len(self.stacked.rows), dtype=bool)
            marked[rated.index[cleaned.refused]] = True
            message = "the same respondent rates the same department more than once in the same wave"
            hint = "Keep one of these rows, or set responses.cleaning.duplicates to keep_first."
            self._refuse("ICS-156", "respondent", marked, message, hint)
        self.tally += cleaned.tally
        return rated[cleaned.kept]


def meanings(raw: RawTable, study: Study) -> dict[str, Column]:
    """Return what the texts of a stacked table mean, each by itself: keys, weights, and answers as codes.

    Nothing may be wrong with any of the texts.
    """
    check = _Check(to_ratings(raw, study), study)
    found = {"department": check._departments(), "wave": check._waves(), "role": check._roles()}  # noqa: SLF001  our own
    missing = missing_codes(study.responses)
    for item in study.questionnaire.items:
        if item.responses is not None and item.code in check.stacked.frame:
            texts = Texts.of(check.stacked.frame[item.code])
            found[item.code], _ = code_answers(texts, _answers(item, missing, study))
    return {**found, "weight": check._weights()}  # noqa: SLF001  our own


def is_about_another(item: Item, department: Column) -> Marks:
    """Return which ratings are about a department that is not asked this."""
    if item.departments is None:
        return np.zeros(len(department), dtype=bool)
    return ~_among(department, ("", *item.departments))


def is_for_others(item: Item, role: Column) -> Marks:
    """Return which ratings are by somebody who is not asked this."""
    return np.asarray(role != "staff" if item.block == "mirror" else role == "staff", dtype=bool)


def codes_as_asked(codes: Column, unasked: Marks) -> Column:
    """Return the codes of answers, where an empty cell of somebody who was not asked is no missing answer."""
    return np.where(unasked & (codes == NO_ANSWER), NOT_ASKED, codes).astype(np.int8)


def is_rated(ratings: pd.DataFrame, study: Study) -> Marks:
    """Return the ratings in which at least one question was dealt with in some way."""
    rated = np.zeros(len(ratings), dtype=bool)
    for item in study.questionnaire.items:
        column = ratings[item.code].to_numpy()
        rated |= (column != "") if item.responses is None else (column != NOT_ASKED) & (column != NO_ANSWER)
    return rated


def _in_order(ratings: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Return ratings sorted by department, as in the study, wave and respondent."""
    place = {department.slug: position for position, department in enumerate(study.departments)}
    waves = pd.factorize(ratings["wave"], sort=True)[0]
    which, slugs = pd.factorize(ratings["department"])
    departments = np.array([*(place.get(slug, -1) for slug in slugs), -1])[which]
    order = np.lexsort((ratings["respondent"], waves, departments))
    return ratings.iloc[order].reset_index(drop=True)


def _answers(item: Item, missing: dict[str, int], study: Study) -> Answers:
    scale = study.questionnaire.response_scale(item.code)
    given = study.responses.answers.get(item.responses or "", {})
    return Answers(scale, item.responses or "", understood_words(scale, given), missing, study.responses.decimal)


def _typed(values: Column) -> Any:  # noqa: ANN401  an array of numbers or of texts
    return pd.array(values, dtype="str") if values.dtype == object else values


def _among(values: Column | pd.Series[str], texts: Sequence[str]) -> Marks:
    return np.asarray(pd.Series(values).isin(list(texts)), dtype=bool)


def _places(texts: Sequence[str], wanted: Sequence[str]) -> list[int]:
    return [place for place, text in enumerate(texts) if text in wanted]


def _plural(word: str, number: int) -> str:
    return word if number == 1 else f"{word}s"


def _only(item: Item) -> str:
    return f"only {', '.join(item.departments or ())}"


def _weight(text: str, point: str) -> float:
    if not re.fullmatch(rf"\d+(?:{re.escape(point)}\d+)?", text, re.ASCII):
        return np.nan
    value = float(text.replace(point, "."))
    return value if 0 < value <= LARGEST_WEIGHT else np.nan
