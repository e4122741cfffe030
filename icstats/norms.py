"""Norms: what other organisations scored, and whether that may be compared with this questionnaire."""

from __future__ import annotations

import csv
import io
import math
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from pydantic import Field

from icstats.documents import Finding, did_you_mean, file_nearby, parse, read_document, shown_path
from icstats.errors import NormError, Problem
from icstats.questionnaire import Strict, Text
from icstats.strict_yaml import quoted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from icstats.questionnaire import Item, Questionnaire

__all__ = ["COLUMNS", "OLDEST", "Norm", "NormDescription", "norm_of_departments", "read_norms", "year_of"]

WHOLE_COLUMNS = ("minimum", "maximum", "n_organisations", "n_respondents")
QUARTILES = ("q25", "q50", "q75")
MAY_BE_EMPTY = ("sd_within", "sd_between", *QUARTILES)
VALUE_COLUMNS = (*WHOLE_COLUMNS, "mean", *MAY_BE_EMPTY)
COLUMNS = ("code", *VALUE_COLUMNS)

LARGEST_FILE = 1_000_000
NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?")
WHOLE = re.compile(r"[0-9]{1,12}")
DECIMAL_COMMA = re.compile(r"[-+]?[0-9]+,[0-9]+")
PERCENTAGE = re.compile(r"[-+]?[0-9]+([.,][0-9]+)?\s*%")
LARGEST_PERCENTAGE = 100
FEWEST_RESPONDENTS = 2

OLDEST = 5
"""A norm that is more years older than the wave is marked: what customers expect has moved on since."""

UNREADABLE, SEPARATOR, COLUMN, CELLS, NUMBERS, CODES, NOT_CORE, RANGE, IMPOSSIBLE, WORDING = range(420, 430)
"""Kinds of problem, as codes."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Norm:
    """Values to compare with.

    Attributes
    ----------
    name
        Short name; ``departments`` for the mean of the departments of the study itself.
    title, population, source
        What it is, of whom, and where it comes from.
    year
        Year of the answers; None for the departments of the study itself.
    mode
        How the answers were collected, for instance ``online``.
    fictional
        The values are made up; every report that uses them says so.
    questionnaire, version
        Name and wording version of the questionnaire that it belongs to.
    n_organisations, n_respondents
        Number of organisations (or departments) and of people behind it.
    values
        One row per item, scale or block code, index ``code``; float columns ``minimum``, ``maximum`` (of the
        response scale), ``n_organisations``, ``n_respondents``, ``mean`` (of the organisations' means),
        ``sd_within`` (of people within an organisation), ``sd_between`` (of the organisations' means), ``q25``,
        ``q50``, ``q75`` (of the organisations' means). All in scale points; the last five may be NaN.
    """

    name: str
    title: Text
    year: int | None
    population: Text
    source: Text
    mode: str
    fictional: bool
    questionnaire: str
    version: str
    n_organisations: int
    n_respondents: int
    values: pd.DataFrame

    def without_own(self, own: pd.Series[int], *, minimum: int) -> Norm:
        """Return the norm without codes from which a few people elsewhere would follow.

        Parameters
        ----------
        own
            Code -> answers of the organisation that is compared.
        minimum
            So many others a norm must rest on, if the organisation may be a part of it.

        Notes
        -----
        A norm that rests on 40 people, 35 of them ours, minus our own mean is the mean of the other five. Whether it
        holds our answers is not known; where it rests on fewer people than ours, it cannot.
        """
        others = self.values["n_respondents"] - own.reindex(self.values.index).fillna(0)
        return replace(self, values=self.values[(others < 0) | (others >= minimum)])

    def years_older_than(self, wave: str) -> int:
        """Return by how many years the norm is too old for a wave; 0 where it is at most five years older.

        Also 0 where norm or wave has no year; a wave has one when its name holds it (``2026``, ``2026-spring``).
        """
        year = year_of(wave)
        age = year - self.year if year and self.year else 0
        return age if age > OLDEST else 0


def year_of(wave: str) -> int | None:
    """Return the year in the name of a wave; None where there is none."""
    year = re.search(r"(?<![0-9])(19|20)[0-9]{2}(?![0-9])", wave)
    return int(year.group()) if year else None


class NormDescription(Strict):
    """The ``.yaml`` beside the values; see :class:`Norm`."""

    name: str = Field(min_length=1)
    title: Text
    year: int = Field(ge=1950, le=2100)
    population: Text
    source: Text
    mode: str = Field(min_length=1)
    fictional: bool
    questionnaire: str = Field(min_length=1)
    version: str = Field(min_length=1)
    n_organisations: int = Field(ge=1)
    n_respondents: int = Field(ge=FEWEST_RESPONDENTS)


def read_norms(path: Path | str, *, questionnaire: Questionnaire | None = None) -> Norm:
    """Read a norm and make sure that it can be compared.

    Parameters
    ----------
    path
        The values, ``<name>.csv``: UTF-8, commas between columns, decimal points, one row per code. Beside it stands
        ``<name>.yaml``, which says where they come from.
    questionnaire
        The questionnaire to compare; None reads without comparing.

    Returns
    -------
    Norm
        In the order of the file.

    Raises
    ------
    NormError
        All problems of both files at once: what cannot be read, is missing or stands twice; decimal commas and
        percentages; values that cannot be (a mean outside its scale, a spread wider than the scale allows); another
        wording version; another response scale (both ranges); a code that the questionnaire does not have (the
        nearest one) or that is not asked of every department.
    """
    path = Path(path)
    description, problems = _described(path.with_suffix(".yaml"), questionnaire)
    complaints = _Complaints(shown_path(path))
    rows = _rows(path, complaints)
    _check_codes(rows, questionnaire, complaints)
    _check_values(rows, complaints)
    problems += complaints.problems()
    if problems or description is None:
        raise NormError(problems)
    values = pd.DataFrame([row.values for row in rows], index=pd.Index([row.code for row in rows], name="code"))
    return Norm(**dict(description), values=values[list(VALUE_COLUMNS)].astype(float))


def norm_of_departments(
    means: pd.DataFrame, *, sds: pd.Series[float], n_respondents: int, questionnaire: Questionnaire
) -> Norm:
    """Return the unweighted mean of departments as a norm: every department counts once, whatever its size.

    Parameters
    ----------
    means
        Departments by codes, each the mean of the department; NaN where a department has none. A code without any
        mean is left out.
    sds
        Per code the standard deviation of people within departments, pooled; NaN where there is none.
    n_respondents
        Number of ratings behind all of it.
    questionnaire
        Gives the response scale of every code.

    Returns
    -------
    Norm
        Named ``departments``; ``sd_between`` is NaN with one department.
    """
    known = means.loc[:, means.notna().any()]
    first_items = {str(code): questionnaire.answered_items(str(code))[0] for code in known}
    scales = {code: questionnaire.response_scale(item.code) for code, item in first_items.items()}
    values = pd.DataFrame(
        {
            "minimum": pd.Series({code: scale.minimum for code, scale in scales.items()}),
            "maximum": pd.Series({code: scale.maximum for code, scale in scales.items()}),
            "n_organisations": known.count(),
            "n_respondents": n_respondents,
            "mean": known.mean(),
            "sd_within": sds.reindex(known.columns),
            "sd_between": known.std(),
            **{name: known.quantile(int(name[1:]) / 100) for name in QUARTILES},
        },
        index=pd.Index(known.columns, name="code"),
        dtype=float,
    )
    title = Text(en="Mean of the departments in this study", nl="Gemiddelde van de afdelingen in dit onderzoek")
    return Norm(
        name="departments",
        title=title,
        year=None,
        population=Text(en="The departments of this organisation", nl="De afdelingen van deze organisatie"),
        source=Text(en="This study", nl="Dit onderzoek"),
        mode="same",
        fictional=False,
        questionnaire=questionnaire.name,
        version=questionnaire.version,
        n_organisations=int(means.notna().any(axis=1).sum()),
        n_respondents=n_respondents,
        values=values,
    )


def _described(path: Path, questionnaire: Questionnaire | None) -> tuple[NormDescription | None, list[Problem]]:
    try:
        document = read_document(path, error=NormError)
        description = parse(document, NormDescription)
        document.require(_other_wording(description, questionnaire))
    except NormError as failure:
        return None, list(failure.problems)
    return description, []


def _other_wording(description: NormDescription, questionnaire: Questionnaire | None) -> Iterator[Finding]:
    if questionnaire is None:
        return
    own = {"questionnaire": questionnaire.name, "version": questionnaire.version}
    for key, wanted in own.items():
        found = getattr(description, key)
        if found != wanted:
            message = f"the norm belongs to {quoted(found)}, the questionnaire is {quoted(wanted)}."
            yield Finding((key,), WORDING - 400, message, "other wording moves scores: take the norm of this wording")


class _Complaints:
    """What is wrong with the values; the same complaint about several rows is one problem."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._found: dict[tuple[int, str, str], tuple[str, str, list[int]]] = {}

    def add(self, kind: int, message: str, *, row: int = 0, column: str = "", hint: str = "", same: str = "") -> None:
        """Note a complaint; those with the same kind, column and ``same`` are told once, with all their rows."""
        _, _, rows = self._found.setdefault((kind, column, same or message), (message, hint, []))
        rows.append(row)

    def problems(self) -> list[Problem]:
        found = [
            Problem(
                code=f"ICS-{kind}",
                message=message,
                file=self.file,
                rows=tuple(filter(None, rows)),
                column=column,
                hint=hint,
            )
            for (kind, column, _), (message, hint, rows) in self._found.items()
        ]
        return sorted(found, key=lambda problem: problem.rows)


@dataclass(frozen=True, kw_only=True)
class _Row:
    """One row of the file: its number, its code, and numbers that are NaN where empty or no number."""

    number: int
    code: str
    values: Mapping[str, float]


def _rows(path: Path, complaints: _Complaints) -> list[_Row]:
    text = _text(path, complaints)
    if text is None:
        return []
    first_line = text.partition("\n")[0]
    separator = ";" if ";" in first_line and "," not in first_line else ","
    if separator == ";":
        message = "found semicolons between the columns; allowed: commas, with decimal points."
        complaints.add(SEPARATOR, message, row=1, hint="save it as CSV from an English-language sheet, or replace them")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        lines = [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
    except csv.Error as failure:
        complaints.add(CELLS, f"this is not CSV: {failure}.", row=reader.line_num)
        return []
    if not lines:
        complaints.add(CELLS, "the file is empty.")
        return []
    header = [name.strip() for name in lines[0][1]]
    if not _header_fits(header, complaints):
        return []
    if len(lines) == 1:
        complaints.add(CELLS, "there is no row below the header.", row=1)
    fitting = [(number, cells) for number, cells in lines[1:] if _fits(number, cells, header, complaints)]
    return [_row(number, cells, header, complaints) for number, cells in fitting]


def _text(path: Path, complaints: _Complaints) -> str | None:
    try:
        raw = path.read_bytes() if path.stat().st_size <= LARGEST_FILE else None
    except OSError as failure:
        lost = isinstance(failure, FileNotFoundError)
        message = "there is no such file." if lost else f"the file cannot be read: {failure.strerror}."
        complaints.add(UNREADABLE, message, hint=file_nearby(path) if lost else "")
        return None
    if raw is None:
        complaints.add(UNREADABLE, f"the file is larger than {LARGEST_FILE:,} bytes.")
        return None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as failure:
        row = raw[: failure.start].count(b"\n") + 1
        complaints.add(UNREADABLE, "the text is not UTF-8.", row=row, hint='save it as "CSV UTF-8"')
        return None


def _header_fits(header: Sequence[str], complaints: _Complaints) -> bool:
    for name in (name for name in COLUMNS if name not in header):
        complaints.add(COLUMN, "required, but not there.", row=1, column=name)
    for name in dict.fromkeys(header):
        if name not in COLUMNS:
            message = f"unknown column; allowed: {', '.join(COLUMNS)}."
            complaints.add(COLUMN, message, row=1, column=name, hint=did_you_mean(name, COLUMNS))
        elif header.count(name) > 1:
            complaints.add(COLUMN, f"the column stands {header.count(name)} times.", row=1, column=name)
    return sorted(header) == sorted(COLUMNS)


def _fits(number: int, cells: Sequence[str], header: Sequence[str], complaints: _Complaints) -> bool:
    if len(cells) == len(header):
        return True
    message = f"{len(cells)} cells; the header has {len(header)}."
    complaints.add(CELLS, message, row=number, hint="a decimal comma cuts a number in two", same="cells")
    return False


def _row(number: int, cells: Sequence[str], header: Sequence[str], complaints: _Complaints) -> _Row:
    texts = {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
    values = {name: _value(number, name, texts[name], complaints) for name in VALUE_COLUMNS}
    return _Row(number=number, code=texts["code"], values=values)


def _value(row: int, column: str, text: str, complaints: _Complaints) -> float:
    whole = column in WHOLE_COLUMNS
    if (WHOLE if whole else NUMBER).fullmatch(text):
        return float(text)
    if text or column not in MAY_BE_EMPTY:
        allowed = "a whole number" if whole else "a number"
        kind, hint = _mistaken(text)
        complaints.add(
            NUMBERS,
            f"found {quoted(text or None)}; allowed: {allowed}.",
            row=row,
            column=column,
            hint=hint,
            same=kind or text,
        )
    return math.nan


def _mistaken(text: str) -> tuple[str, str]:
    if DECIMAL_COMMA.fullmatch(text):
        return "comma", f"a decimal point, not a comma: {text.replace(',', '.')}"
    if PERCENTAGE.fullmatch(text):
        return "percentage", "give means in points of the response scale, not percentages"
    return "", ""


NOT_ASKED = (
    "a norm is for one questionnaire: if you left this question out, take its row out of a copy of the norm, and the "
    "rows of its scale and block, which now measure something else"
)


def _check_codes(rows: Sequence[_Row], questionnaire: Questionnaire | None, complaints: _Complaints) -> None:
    first: dict[str, int] = {}
    for row in rows:
        if not row.code:
            complaints.add(CODES, "the code is empty.", row=row.number, column="code")
        elif row.code in first:
            message = f"{quoted(row.code)} stands on row {first[row.code]} as well."
            complaints.add(CODES, message, row=row.number, column="code")
        if row.code and questionnaire is not None:
            _check_comparable(row, questionnaire, complaints, taken={other.code for other in rows})
        first.setdefault(row.code, row.number)


def _check_comparable(
    row: _Row, questionnaire: Questionnaire, complaints: _Complaints, *, taken: Collection[str]
) -> None:
    items = questionnaire.answered_items(row.code)
    if not items:
        message = f"the questionnaire has no closed item, scale or block {quoted(row.code)}."
        is_open = any(item.code == row.code for item in questionnaire.items)
        misspelt = did_you_mean(row.code, [code for code in questionnaire.codes if code not in taken])
        hint = "" if is_open else misspelt or NOT_ASKED
        complaints.add(CODES, message, row=row.number, column="code", hint=hint)
    elif not any(_is_common(item) for item in items):
        message = f"{quoted(row.code)} is not asked of every department unchanged; only core items meet a norm."
        complaints.add(NOT_CORE, message, row=row.number, column="code")
    else:
        scale = questionnaire.response_scale(items[0].code)
        found, own = (row.values["minimum"], row.values["maximum"]), (scale.minimum, scale.maximum)
        if found != own and not any(map(math.isnan, found)):
            message = f"{row.code} runs from {found[0]:g} to {found[1]:g} in the norm, from {own[0]} to {own[1]} here."
            hint = "answers on different scales cannot be compared, also not after stretching"
            complaints.add(RANGE, message, row=row.number, column="minimum", hint=hint)


def _is_common(item: Item) -> bool:
    return item.core and item.departments is None


def _check_values(rows: Sequence[_Row], complaints: _Complaints) -> None:
    for row in rows:
        for column, message, hint in _impossible(row.values):
            complaints.add(IMPOSSIBLE, f"{row.code}: {message}", row=row.number, column=column, hint=hint)


def _impossible(values: Mapping[str, float]) -> Iterator[tuple[str, str, str]]:
    """Return what cannot be: column, message, hint. Comparisons with NaN are false, so gaps are passed over."""
    low, high = values["minimum"], values["maximum"]
    if low >= high:
        yield "minimum", f"the scale runs from {low:g} to {high:g}; the minimum must be lower.", ""
        return
    for column in ("mean", *QUARTILES):
        value = values[column]
        if value < low or value > high:
            yield column, f"{value:g} lies outside its scale, {low:g} to {high:g}.", _likely_unit(value, high)
    for column, fewest in (("n_respondents", FEWEST_RESPONDENTS), ("n_organisations", 1)):
        if values[column] < fewest:
            yield column, f"found {values[column]:g}; allowed: {fewest} or more.", ""
    for column, widest in _widest(values).items():
        spread = values[column]
        if spread < 0 or spread > widest or (spread == 0 and column == "sd_within"):
            message = f"a standard deviation of {spread:g} cannot be on a scale from {low:g} to {high:g}."
            yield column, message, "the spread of people, or of organisations, in points of the response scale"
    quartiles = [values[name] for name in QUARTILES if not math.isnan(values[name])]
    if quartiles != sorted(quartiles):
        yield "q25", "the quartiles do not go up.", ""


def _widest(values: Mapping[str, float]) -> dict[str, float]:
    """Return the largest standard deviations that the scale allows: half the people at each end."""
    half = (values["maximum"] - values["minimum"]) / 2
    n_people, n_organisations = values["n_respondents"], values["n_organisations"]
    return {
        "sd_within": half * _root_of_ratio(n_people, n_people - n_organisations),
        "sd_between": half * _root_of_ratio(n_organisations, n_organisations - 1),
    }


def _root_of_ratio(count: float, freedom: float) -> float:
    return math.inf if freedom <= 0 else math.sqrt(count / freedom)


def _likely_unit(value: float, high: float) -> str:
    if 0 <= value <= 1:
        return "this looks like a fraction from 0 to 1; give points of the response scale"
    if high < value <= LARGEST_PERCENTAGE:
        return "this looks like a percentage from 0 to 100; give points of the response scale"
    return ""
