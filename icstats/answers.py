"""From the text of an answer to its code, or to what is wrong with it.

A column is reduced to its distinct texts first, so that a rule runs once per text and not once per cell.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from icstats.questionnaire import ResponseScale
    from icstats.study import ResponsesFile

__all__ = [
    "DATE",
    "DONT_KNOW",
    "NOT_APPLICABLE",
    "NOT_ASKED",
    "NOT_WHOLE",
    "NO_ANSWER",
    "OUTSIDE",
    "REASONS",
    "WORDS",
    "Texts",
    "code_answers",
    "fault_in_words",
    "masked",
    "missing_codes",
]

NOT_ASKED, NOT_APPLICABLE, DONT_KNOW, NO_ANSWER = -1, -2, -3, -9
REASONS = {NOT_ASKED: "not_asked", NOT_APPLICABLE: "not_applicable", DONT_KNOW: "dont_know", NO_ANSWER: "no_answer"}
"""Code of a missing answer -> why it is missing."""

FINE, OUTSIDE, NOT_WHOLE, DATE, WORDS = range(5)
"""What a cell is, as to form."""

# Exactly three zeros behind a point or comma are not understood: 5.000 may be five thousand.
WHOLE = re.compile(r"(-?\d{1,15})(?:[.,](?:0{1,2}|0{4,}))?", re.ASCII)
NUMBER = re.compile(r"[+-]?(?:\d+[.,]?\d*|[.,]\d+)(?:[eE][+-]?\d+)?", re.ASCII)
A_DATE = re.compile(r"\d{1,4}([-/.])(?:\d{1,2}|[A-Za-z]{3,9}\.?)(?:\1\d{2,4})?(?:[ T].*)?", re.ASCII)
USUAL_MISSING = {"-", "--", ".", "?", "na", "n/a", "#n/a", "#n/b", "nan", "nvt", "n.v.t.", "n.v.t", "null", "none"}
LONGEST_SHOWN = 6
"""Characters of a number that a message shows; a longer one may be a telephone or staff number."""
VALUES_LISTED = 5

Codes: TypeAlias = "NDArray[np.integer[Any]]"


class Texts(NamedTuple):
    """The distinct texts of a column, without spaces around, and which of them each row holds.

    Attributes
    ----------
    which
        Position in ``texts``; -1 where the file has no such cell.
    texts
        Different cells may give the same text when they differ in spaces only.
    """

    which: Codes
    texts: tuple[str, ...]

    @classmethod
    def of(cls, column: pd.Series[str]) -> Texts:
        """Return the texts of a column."""
        which, texts = pd.factorize(column)
        return cls(which, tuple(str(text).strip() for text in texts))

    def per_row(self, values: Sequence[int], *, absent: int) -> Codes:
        """Return, for every row, the number that stands for its text."""
        return np.array([*values, absent], dtype=np.int64)[self.which]

    def among(self, marked: NDArray[np.bool_]) -> list[str]:
        """Return the distinct texts of the marked rows, in the order in which they occur."""
        return [self.texts[position] for position in pd.unique(self.which[marked]) if position >= 0]


def missing_codes(settings: ResponsesFile) -> dict[str, int]:
    """Return text -> code of every text that stands for a missing answer."""
    meanings = (
        (NOT_ASKED, settings.not_asked),
        (NOT_APPLICABLE, settings.not_applicable),
        (DONT_KNOW, settings.dont_know),
    )
    return {"": NO_ANSWER, **{text.strip(): code for code, texts in meanings for text in texts}}


def code_answers(texts: Texts, scale: ResponseScale, missing: Mapping[str, int]) -> tuple[Codes, Codes]:
    """Return what each row answered, and what is wrong with it as to form.

    Returns
    -------
    codes
        Steps above the lowest answer of the scale (0, 1, ...), or the negative code of a missing answer; a cell that
        is wrong has the code of no answer.
    faults
        ``FINE`` or what is wrong.
    """
    coded = [_coded(text, scale, missing) for text in texts.texts]
    codes = texts.per_row([code for code, _ in coded], absent=NOT_ASKED)
    return codes, texts.per_row([fault for _, fault in coded], absent=FINE)


def _coded(text: str, scale: ResponseScale, missing: Mapping[str, int]) -> tuple[int, int]:
    whole = WHOLE.fullmatch(text)
    if whole and scale.minimum <= int(whole[1]) <= scale.maximum:
        return int(whole[1]) - scale.minimum, FINE
    for spelling in (text, str(int(whole[1])) if whole else text):
        if spelling in missing:
            return missing[spelling], FINE
    if whole:
        return NO_ANSWER, OUTSIDE
    if NUMBER.fullmatch(text):
        return NO_ANSWER, NOT_WHOLE
    return NO_ANSWER, DATE if A_DATE.fullmatch(text) else WORDS


def fault_in_words(fault: int, texts: Sequence[str], scale: ResponseScale) -> tuple[str, str]:
    """Return what was found and what is allowed, and a hint; the text of a respondent is in neither."""
    allowed = f"allowed are whole numbers from {scale.minimum} to {scale.maximum}, or an empty cell"
    missing = "list it under responses.not_applicable or responses.dont_know."
    if fault == DATE:
        return f"found a date; {allowed}", "A spreadsheet turned answers into dates: export them again, as text."
    if fault == WORDS:
        usual = all(text.lower() in USUAL_MISSING for text in texts)
        hint = (
            f"If it stands for a missing answer, {missing}" if usual else "Export the answers as numbers, not as words."
        )
        return f"found {masked(texts)}; {allowed}", hint
    hint = (
        f'If it means "not applicable" or "don\'t know", {missing}'
        if fault == OUTSIDE
        else "Is this column an average?"
    )
    return f"found {_listed(texts)}; {allowed}", hint


def masked(texts: Sequence[str]) -> str:
    """Say how long texts are, and nothing else."""
    lengths = sorted({len(text) for text in texts})
    if len(lengths) == 1:
        return f"text of {lengths[0]} {'character' if lengths == [1] else 'characters'}"
    return f"texts of {lengths[0]} to {lengths[-1]} characters"


def _listed(numbers: Sequence[str]) -> str:
    shown = [number if len(number) <= LONGEST_SHOWN else f"a number of {len(number)} characters" for number in numbers]
    listed = list(dict.fromkeys(shown))
    more = len(listed) - VALUES_LISTED
    if more > 0:
        return f"{', '.join(listed[:VALUES_LISTED])} and {more} other {'value' if more == 1 else 'values'}"
    return " and ".join([", ".join(listed[:-1]), listed[-1]]) if len(listed) > 1 else listed[0]
