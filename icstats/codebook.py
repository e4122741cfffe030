"""What a survey file holds, without a study: its questions, how they were answered, and a questionnaire to edit.

Of the answers only counts are told, and for closed questions the lowest and the highest code.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Literal

from icstats.answers import A_DATE, NUMBER, USUAL_MISSING, WITH_WORDS, Texts
from icstats.intake import read_table
from icstats.questionnaire import DRIVER_BLOCKS
from icstats.rawtable import refused
from icstats.surveyfile import ResponsesFile

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from icstats.rawtable import RawTable

__all__ = ["Codebook", "Kind", "Question", "draft_questionnaire", "read_codebook"]

Kind = Literal["answers", "words", "numbers", "dates", "identifier", "text", "empty"]
Layout = Literal["stacked", "wide", "long"]

MOST_CODES = 12
"""Different texts that a closed question has at most."""
FEWEST_PER_WORD = 3
FEWEST_SHOWN = 5
FEWEST_UNIQUE = 20
LARGEST_CODE = 100
WHOLE_NUMBER = re.compile(r"-?\d{1,3}(?:\.0+)?", re.ASCII)
A_YEAR = re.compile(r"(19|20)\d\d", re.ASCII)
AN_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
JOINTS = ("__", ".", "-", "_")
FEWEST_SHARED = 2
ITEM_COLUMN = re.compile(r"item|question|vraag|variable", re.IGNORECASE)
ANSWER_COLUMN = re.compile(r"answer|response|value|antwoord|score", re.IGNORECASE)
WIDEST_LONG = 8
OUTCOME = re.compile(r"overall|global|general|total|satisf|tevred|algeme|totaal|rapportcijfer", re.IGNORECASE)
TOPS = {0: (1, 4, 6, 10), 1: (2, 4, 5, 7, 10)}
"""Lowest answer -> the highest that is usual."""
LONGEST_CODE = 40
LONGEST_LABEL = 40


@dataclass(frozen=True, kw_only=True)
class Question:
    """One column of a survey file.

    Attributes
    ----------
    column
        Its name.
    text
        The question in words, where the file has it.
    kind
        ``answers``: closed, as whole numbers; ``words``: closed, in words; ``numbers``, ``dates``, ``identifier``
        (different in every row), ``text``, ``empty``.
    n
        Rows that hold something, texts that usually mean "missing" not counted.
    n_missing
        Rows with such a text.
    n_codes
        Number of different texts of a closed question; 0 for the other kinds.
    lowest, highest
        Of a question answered in whole numbers by at least five.
    labels
        Code -> label, where the file has them.
    """

    column: str
    text: str
    kind: Kind
    n: int
    n_missing: int = 0
    n_codes: int = 0
    lowest: int | None = None
    highest: int | None = None
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def answers(self) -> str:
        """How it was answered, in a few words."""
        if self.n < FEWEST_SHOWN:
            return "too few answers to say" if self.kind in ("answers", "words") else self.kind
        if self.kind == "answers":
            return f"{self.n_codes} {'code' if self.n_codes == 1 else 'codes'} from {self.lowest} to {self.highest}"
        return f"{self.n_codes} answers in words" if self.kind == "words" else self.kind


@dataclass(frozen=True, kw_only=True)
class Codebook:
    """What a survey file holds.

    Attributes
    ----------
    file
        Its name.
    n
        Number of rows with answers.
    layout
        How it seems to be laid out.
    questions
        In the order of the columns.
    notes
        How it was read.
    """

    file: str
    n: int
    layout: Layout
    questions: tuple[Question, ...]
    notes: tuple[str, ...]

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th scope='row'>{escape(one.column)}</th><td>{escape(one.text)}</td>"
            f"<td>{escape(one.answers)}</td><td>{one.n:,}</td></tr>"
            for one in self.questions
        )
        headings = "".join(f"<th scope='col'>{name}</th>" for name in ("column", "question", "answers", "n"))
        return (
            f"<p><strong>{escape(self.file)}</strong>: {self.n:,} rows by {len(self.questions)} columns; "
            f"it seems {self.layout}.</p><table><tr>{headings}</tr>{rows}</table>"
        )


def read_codebook(path: Path) -> Codebook:
    """Return what a survey file holds; nothing is written.

    Parameters
    ----------
    path
        The survey file.

    Returns
    -------
    Codebook
        Its questions, with counts and without answers.

    Raises
    ------
    SurveyFileError
        When it cannot be read as a table, or its first row is no header: then that row may be a person's.
    """
    raw = read_table(ResponsesFile(file=path))
    _require_header(raw)
    return Codebook(
        file=raw.file,
        n=len(raw.frame),
        layout=_layout([str(name) for name in raw.frame]),
        questions=tuple(_question(str(name), raw) for name in raw.frame),
        notes=raw.notes,
    )


def _require_header(raw: RawTable) -> None:
    names = [str(name).strip() for name in raw.frame]
    numbers = [name for name in names if NUMBER.fullmatch(name) and not A_YEAR.fullmatch(name)]
    if 2 * len(numbers) > len(names) or any(map(AN_ADDRESS.fullmatch, names)):
        raise refused(
            "ICS-122",
            "the names of its columns look like answers",
            file=raw.file,
            hint="Is its first row the header? Export it again, with the names of the questions.",
        )


def _question(column: str, raw: RawTable) -> Question:
    texts = Texts.of(raw.frame[column])
    times: Counter[str] = Counter()
    for text, n in zip(texts.texts, raw.frame[column].value_counts(sort=False), strict=True):
        times[text] += int(n)
    missing = sum(n for text, n in times.items() if text.casefold() in USUAL_MISSING)
    answered = {text: n for text, n in times.items() if text and text.casefold() not in USUAL_MISSING}
    kind = _kind(answered)
    told = sum(answered.values()) >= FEWEST_SHOWN
    codes = [code for text in answered if kind == "answers" and (code := _code(text)) is not None]
    return Question(
        column=column,
        text=raw.questions.get(column, ""),
        kind=kind,
        n=sum(answered.values()),
        n_missing=missing,
        n_codes=len(set(codes)) if kind == "answers" else len(answered) if kind == "words" else 0,
        lowest=min(codes, default=None) if told else None,
        highest=max(codes, default=None) if told else None,
        labels=raw.labels.get(column, {}),
    )


def _code(text: str) -> int | None:
    """Return the number of an answer, also when words follow it."""
    if WHOLE_NUMBER.fullmatch(text):
        return int(float(text))
    parts = WITH_WORDS.fullmatch(text)
    return int(parts[1]) if parts else None


def _kind(answered: Mapping[str, int]) -> Kind:
    n = sum(answered.values())
    if not answered:
        return "empty"
    if len(answered) <= MOST_CODES and all(_code(text) is not None for text in answered):
        return "answers"
    if len(answered) == n >= FEWEST_UNIQUE and not all(map(A_DATE.fullmatch, answered)):
        return "identifier" if max(map(len, answered)) <= LONGEST_CODE else "text"
    if all(map(NUMBER.fullmatch, answered)):
        return "numbers"
    if all(map(A_DATE.fullmatch, answered)):
        return "dates"
    return "words" if len(answered) <= MOST_CODES and n >= FEWEST_PER_WORD * len(answered) else "text"


def _layout(names: Sequence[str]) -> Layout:
    named = [[name for name in names if pattern.fullmatch(name)] for pattern in (ITEM_COLUMN, ANSWER_COLUMN)]
    if len(names) <= WIDEST_LONG and all(named):
        return "long"
    return "wide" if any(_shares(names, joint) for joint in JOINTS) else "stacked"


def _shares(names: Collection[str], joint: str) -> bool:
    """Whether the parts after the joint are the same for different parts before it, and no columns by themselves.

    Where ``PC1`` is a column too, ``IM_PC1`` and ``MI_PC1`` are questions about it and not answers about departments.
    """
    after: dict[str, set[str]] = {}
    for start, found, end in (name.partition(joint) for name in names):
        if found and end not in names:
            after.setdefault(start, set()).add(end)
    sets = Counter(frozenset(ends) for ends in after.values() if len(ends) >= FEWEST_SHARED)
    return any(times >= FEWEST_SHARED for times in sets.values())


def draft_questionnaire(codebook: Codebook) -> str:
    """Return a questionnaire to edit: the closed questions of a file, with guesses where words are needed.

    Parameters
    ----------
    codebook
        From :func:`read_codebook`.

    Returns
    -------
    str
        YAML that :func:`icstats.questionnaire.read_questionnaire` accepts; empty when the file has no closed question
        of three answers or more.
    """
    scales = _scales(codebook.questions)
    items = [question for question in codebook.questions if question.column in scales]
    if not items:
        return ""
    codes = _codes([question.column for question in items])
    outcome = next((one for one in reversed(items) if OUTCOME.search(f"{one.column} {one.text}")), items[-1])
    others = [question for question in codebook.questions if question.column not in scales]
    renamed = {codes[one.column]: one.column for one in items if codes[one.column] != one.column}
    lines = [
        f"# Drafted from {codebook.file}. Wording, blocks, scales and Dutch are yours to set; so is the outcome.",
        "# Left out, because they do not look like closed questions of three answers or more:",
        *(f"#   {_plain(one.column)}: {one.answers}" for one in others),
    ]
    if renamed:
        lines.append("# In the study file, under responses, items:")
        lines += [f"#   {code}: {_quoted(column)}" for code, column in renamed.items()]
    lines += ["name: drafted", "version: '1'", "title: {en: Drafted questionnaire, nl: Concept van een vragenlijst}"]
    lines += [f"outcome: {codes[outcome.column]}", "", "responses:"]
    for ends in dict.fromkeys(scales.values()):
        lines += _scale_lines(ends, [one for one in items if scales[one.column] == ends])
    lines += ["", "items:"]
    blocks = _blocks([scales[one.column] for one in items if one is not outcome])
    for one in items:
        words, label = _quoted(one.text or one.column), _quoted((one.text or one.column)[:LONGEST_LABEL].strip())
        lines += [
            f"  - code: {codes[one.column]}",
            f"    block: {'outcome' if one is outcome else blocks[scales[one.column]]}",
            f"    responses: {_scale_name(scales[one.column])}",
            f"    wording: {{en: {words}, nl: {words}}}",
            f"    label: {{en: {label}, nl: {label}}}",
        ]
    return "\n".join(lines) + "\n"


def _scales(questions: Sequence[Question]) -> dict[str, tuple[int, int]]:
    """Return column -> the ends of its response scale, for what looks like a closed question."""
    found = {one.column: ends for one in questions if (ends := _ends(one)) is not None}
    wide = {column: ends for column, ends in found.items() if ends[1] - ends[0] > 1}
    usual = Counter(wide.values()).most_common(1)
    for column, (low, high) in wide.items():
        if usual and usual[0][0][0] <= low and high <= usual[0][0][1]:
            wide[column] = usual[0][0]
    return wide


def _ends(question: Question) -> tuple[int, int] | None:
    """Return the ends of the response scale that a question seems to have."""
    if question.kind != "answers" or question.lowest is None or question.highest is None:
        return None
    codes = [int(code) for code in question.labels if WHOLE_NUMBER.fullmatch(code)]
    low, high = min([question.lowest, *codes]), max([question.highest, *codes])
    if low < 0 or high > LARGEST_CODE:
        return None
    start = min(low, 1)
    return start, next((top for top in TOPS[start] if top >= high), high)


def _codes(columns: Sequence[str]) -> dict[str, str]:
    """Return column -> a code that an item may have."""
    codes: dict[str, str] = {}
    for place, column in enumerate(columns, start=1):
        code = re.sub(r"[^A-Za-z0-9]+", "_", column).strip("_")
        usable = code and len(code) <= LONGEST_CODE and not code[0].isdigit() and code not in codes.values()
        codes[column] = code if usable else f"Q{place}"
    return codes


def _blocks(ends: Sequence[tuple[int, int]]) -> dict[tuple[int, int], str]:
    """Return response scale -> block: the answers of one driver block have one range."""
    usual = [one for one, _ in Counter(ends).most_common()]
    return {one: DRIVER_BLOCKS[place] if place < len(DRIVER_BLOCKS) else "outcome" for place, one in enumerate(usual)}


def _scale_name(ends: tuple[int, int]) -> str:
    return f"from_{ends[0]}_to_{ends[1]}"


def _scale_lines(ends: tuple[int, int], questions: Sequence[Question]) -> list[str]:
    low, high = ends
    steps = high - low
    satisfied, dissatisfied = (high - 2, low + 4) if steps >= 9 else (high - 1, low + 1)  # noqa: PLR2004  a mark to ten
    lines = [
        f"  {_scale_name(ends)}:",
        f"    minimum: {low}",
        f"    maximum: {high}",
        f"    satisfied: {max(satisfied, dissatisfied + 1)}",
        f"    dissatisfied: {dissatisfied}",
    ]
    labels = next((one.labels for one in questions if one.labels), {})
    known = {number: labels[str(number)] for number in range(low, high + 1) if str(number) in labels}
    if set(known) in ({low, high}, set(range(low, high + 1))):
        lines.append("    labels:")
        lines += [f"      {number}: {{en: {_quoted(text)}, nl: {_quoted(text)}}}" for number, text in known.items()]
    return lines


def _plain(text: str) -> str:
    return " ".join(text.split())


def _quoted(text: str) -> str:
    """Return text between quotes, braces doubled because those stand for the department in a question."""
    return '"' + _plain(text).replace("\\", "\\\\").replace('"', '\\"').replace("{", "(").replace("}", ")") + '"'
