"""From the text of an answer to its code, or to what is wrong with it, and from codes back to answers.

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

    from icstats.questionnaire import Questionnaire, ResponseScale
    from icstats.surveyfile import ResponsesFile

__all__ = [
    "AMBIGUOUS",
    "CODES_OF_FAULTS",
    "DATE",
    "DONT_KNOW",
    "NOT_APPLICABLE",
    "NOT_ASKED",
    "NOT_WHOLE",
    "NO_ANSWER",
    "OTHER_WORDS",
    "OUTSIDE",
    "REASONS",
    "WORDS",
    "Answers",
    "Texts",
    "answers_of",
    "closed_items",
    "code_answers",
    "fault_in_words",
    "in_words",
    "look",
    "masked",
    "missing_codes",
    "understood_words",
]

NOT_ASKED, NOT_APPLICABLE, DONT_KNOW, NO_ANSWER = -1, -2, -3, -9
REASONS = {NOT_ASKED: "not_asked", NOT_APPLICABLE: "not_applicable", DONT_KNOW: "dont_know", NO_ANSWER: "no_answer"}
"""Code of a missing answer -> why it is missing."""

FINE, OUTSIDE, NOT_WHOLE, DATE, WORDS, AMBIGUOUS, OTHER_WORDS = range(7)
"""What a cell is, as to form."""
CODES_OF_FAULTS = {
    OUTSIDE: "ICS-151",
    NOT_WHOLE: "ICS-152",
    DATE: "ICS-153",
    WORDS: "ICS-154",
    AMBIGUOUS: "ICS-158",
    OTHER_WORDS: "ICS-159",
}

THOUSANDS = re.compile(r"-?\d{1,3}([.,])\d{3}(?:\1\d{3})*", re.ASCII)
"""Five thousand, or five with three decimals."""
WITH_WORDS = re.compile(r"(\d{1,3}) ?(?:[-–:=.)] ?|(?=\())\(?(?P<words>[^\W\d][^()]*)\)?")
"""``5 (fully agree)``, ``5 - fully agree``."""
ZEROS = re.compile(r"(?<=\d)[.,]0+$", re.ASCII)
WHOLE = re.compile(r"(-?\d{1,15})", re.ASCII)
NUMBER = re.compile(r"[+-]?(?:\d+[.,]?\d*|[.,]\d+)(?:[eE][+-]?\d+)?", re.ASCII)
A_DATE = re.compile(r"\d{1,4}([-/.])(?:\d{1,2}|[A-Za-z]{3,9}\.?)(?:\1\d{2,4})?(?:[ T].*)?", re.ASCII)
A_DAY = re.compile(r"[34]\d{4}", re.ASCII)
"""A day from 1982 to 2036, as spreadsheets count days."""
A_MONTH = re.compile(
    r"jan(uari|uary|uar)?|feb(ruari|ruary|ruar)?|mrt|maart|mar(ch)?|märz?|apr(il)?|mei|may|mai|jun[ie]?|jul[iy]?|"
    r"aug(ustus|ust)?|sept?(ember)?|o[kc]t(ober)?|nov(ember)?|de[cz](ember)?",
    re.IGNORECASE,
)
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
        # A list at once: texts that are fetched one by one cost more than all that is done with them.
        return cls(which, tuple(str(text).strip() for text in np.asarray(texts, dtype=object).tolist()))

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


class Answers(NamedTuple):
    """How the answers on one response scale may be written.

    Attributes
    ----------
    scale
        The response scale.
    name
        How the questionnaire calls it.
    words
        Words as :func:`look` makes them -> number.
    missing
        Text -> code of a missing answer.
    decimal
        What stands before decimals; None when that is not known.
    """

    scale: ResponseScale
    name: str
    words: Mapping[str, int]
    missing: Mapping[str, int]
    decimal: str | None = None


def look(text: str) -> str:
    """Return what of a text counts: not capitals, not how many spaces."""
    return " ".join(text.split()).casefold()


def understood_words(scale: ResponseScale, given: Mapping[str, int]) -> dict[str, int]:
    """Return the words of a scale's answers: its labels in both languages, as far as each means one answer."""
    numbers: dict[str, set[int]] = {}
    for number, label in scale.labels.items():
        for words in (label.en, label.nl):
            numbers.setdefault(look(words), set()).add(number)
    labels = {words: min(found) for words, found in numbers.items() if len(found) == 1}
    return {**labels, **{look(words): number for words, number in given.items()}}


def in_words(texts: Texts, codes: Codes) -> bool:
    """Whether an answer that was understood is written in words."""
    answered = {texts.texts[place] for place in np.unique(texts.which[codes >= 0]) if place >= 0}
    return any(not NUMBER.fullmatch(text) for text in answered)


def code_answers(texts: Texts, answers: Answers) -> tuple[Codes, Codes]:
    """Return what each row answered, and what is wrong with it as to form.

    Returns
    -------
    codes
        Steps above the lowest answer of the scale (0, 1, ...), or the negative code of a missing answer; a cell that
        is wrong has the code of no answer.
    faults
        ``FINE`` or what is wrong.
    """
    coded = [_coded(text, answers) for text in texts.texts]
    codes = texts.per_row([code for code, _ in coded], absent=NOT_ASKED)
    return codes, texts.per_row([fault for _, fault in coded], absent=FINE)


def _coded(text: str, answers: Answers) -> tuple[int, int]:
    scale, _, words, missing, decimal = answers
    thousands = THOUSANDS.fullmatch(text)
    if thousands and decimal is None:
        return missing.get(text, NO_ANSWER), FINE if text in missing else AMBIGUOUS
    plain = text.replace(thousands[1], "") if thousands and thousands[1] != decimal else text
    whole = WHOLE.fullmatch(ZEROS.sub("", plain))
    if whole and scale.minimum <= int(whole[1]) <= scale.maximum:
        return int(whole[1]) - scale.minimum, FINE
    for spelling in (text, str(int(whole[1])) if whole else text):
        if spelling in missing:
            return missing[spelling], FINE
    if look(text) in words:
        return words[look(text)] - scale.minimum, FINE
    if not (NUMBER.fullmatch(text) or A_DATE.fullmatch(text)):
        return _with_words(text, answers)
    return NO_ANSWER, OUTSIDE if whole else NOT_WHOLE if NUMBER.fullmatch(text) else DATE


def _with_words(text: str, answers: Answers) -> tuple[int, int]:
    """Return the answer that is a number followed by its words, which may not be the words of another number."""
    parts = WITH_WORDS.fullmatch(text)
    if parts is None:
        return NO_ANSWER, WORDS
    number = int(parts[1])
    if A_MONTH.fullmatch(parts["words"].strip(" .")):
        return NO_ANSWER, DATE
    if not answers.scale.minimum <= number <= answers.scale.maximum:
        return NO_ANSWER, OUTSIDE if len(parts[1]) == len(str(number)) else WORDS
    other = answers.words.get(look(parts["words"]), number) != number
    return (NO_ANSWER, OTHER_WORDS) if other else (number - answers.scale.minimum, FINE)


def fault_in_words(fault: int, texts: Sequence[str], answers: Answers) -> tuple[str, str]:
    """Return what was found and what is allowed, and a hint; the text of a respondent is in neither."""
    scale = answers.scale
    allowed = f"allowed are whole numbers from {scale.minimum} to {scale.maximum}, or an empty cell"
    missing = "list it under responses.not_applicable or responses.dont_know."
    if fault == DATE:
        return f"found a date; {allowed}", "A spreadsheet turned answers into dates: export them again, as text."
    if fault == AMBIGUOUS:
        message = f"found {_listed(texts)}, which can be a thousand or a number with decimals; {allowed}"
        return message, 'Set decimal under responses to "," or ".".'
    if fault == OTHER_WORDS:
        message = f"found a number with the words of another answer ({masked(texts)})"
        return message, f'Does the file count the other way than the response scale "{answers.name}"?'
    if fault == OUTSIDE and not all(map(NUMBER.fullmatch, texts)):
        return f"found {masked(texts)} that begins with a number; {allowed}", "Is it an answer on another scale?"
    if fault == WORDS:
        usual = all(text.lower() in USUAL_MISSING for text in texts)
        hint = (
            f"If it stands for a missing answer, {missing}"
            if usual
            else f"If these are answers in words, give their numbers under responses.answers.{answers.name}."
        )
        return f"found {masked(texts)}; {allowed}", hint
    if fault == NOT_WHOLE:
        hint = "Is this column an average?"
    elif any(map(A_DAY.fullmatch, texts)):
        hint = "Spreadsheets keep dates as such numbers: if one turned answers into dates, export them again, as text."
    else:
        hint = f'If it means "not applicable" or "don\'t know", {missing}'
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


def closed_items(questionnaire: Questionnaire) -> list[str]:
    """Return the codes of all items that are answered with a number."""
    return [item.code for item in questionnaire.items if item.responses is not None]


def answers_of(stored: pd.DataFrame, questionnaire: Questionnaire) -> pd.DataFrame:
    """Return stored ratings with codes turned back into answers, NaN for every kind of missing."""
    closed = [code for code in closed_items(questionnaire) if code in stored]
    codes = stored[closed].to_numpy()
    lowest = np.array([questionnaire.response_scale(code).minimum for code in closed], dtype=float)
    answers = codes + lowest
    np.copyto(answers, np.nan, where=codes <= NOT_ASKED)
    answered = pd.DataFrame(answers, columns=closed, index=stored.index, copy=False)
    return pd.concat([stored.drop(columns=closed), answered], axis=1).reindex(columns=stored.columns)
