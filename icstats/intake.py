"""From a survey file to one raw table of text: nothing guessed, nothing changed, every row with its number.

Cells stay as they are written (``NA``, ``00123`` and ``1E5`` survive). A file that is not what it seems is refused
with the row where that shows.
"""

from __future__ import annotations

import csv
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from contextlib import suppress
from dataclasses import dataclass
from io import StringIO
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from icstats.documents import file_nearby, shown_path
from icstats.errors import Problem, SurveyFileError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from numpy.typing import NDArray

    from icstats.study import ResponsesFile

__all__ = ["RawTable", "parse_table", "read_table", "survey_bytes"]

LARGEST_FILE = 200 * 2**20
"""Bytes that are read at once: a table of this many stays well below 4 GB of memory."""
SUFFIXES = (".csv", ".txt")
SEPARATORS = (",", ";")
RECORDS_TRIED = 50
RECORDS_AT_ONCE = 5_000
SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\s*')
LINE_END = re.compile(rb"\r\n|\r|\n")
AS_UTF8 = 'Save it again as "CSV UTF-8".'
AS_CSV = 'Save the sheet with the answers as "CSV UTF-8" and name that file.'

WEB_PAGE = "a web page"
UTF16 = "UTF-16 text"
HINTS = {WEB_PAGE: "Log in to the survey platform and export the answers again.", UTF16: AS_UTF8}
SIGNATURES = (
    (b"PK\x03\x04", "a zip archive or Excel workbook (.xlsx)"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old or password-protected Excel workbook"),
    (b"$FL2", "an SPSS file (.sav)"),
    (b"$FL3", "an SPSS file (.zsav)"),
    (b"%PDF", "a PDF document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"PAR1", "a Parquet file"),
    (BOM_UTF16_LE, UTF16),
    (BOM_UTF16_BE, UTF16),
)
WEB_PAGE_START = re.compile(rb"\s*<(!doctype|html|head|body|\?xml|!--)", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, repr=False)
class RawTable:
    """The survey file as it stands.

    Attributes
    ----------
    frame
        All columns as text; an empty cell is the empty text.
    rows
        The row of the file in which each row of ``frame`` begins, counted as a text editor counts lines.
    file
        Name of the file for messages.
    notes
        What a reader should know about how the file was read.
    """

    frame: pd.DataFrame
    rows: NDArray[np.int64]
    file: str
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<RawTable: {len(self.frame)} rows, {self.frame.shape[1]} columns, not released>"


class _Form(NamedTuple):
    """How the text is cut into cells."""

    separator: str
    lines_before_header: int
    note: str


def read_table(source: ResponsesFile) -> RawTable:
    """Read a CSV survey file (UTF-8, with ``,`` or ``;``) into one table of text.

    Parameters
    ----------
    source
        The file and, if it is given, its separator.

    Raises
    ------
    SurveyFileError
        When the file cannot be opened, is of another kind, is not UTF-8, or its rows do not fit its header.
    """
    return parse_table(survey_bytes(source), source)


def survey_bytes(source: ResponsesFile) -> bytes:
    """Return the content of the survey file, once it is plausible that it is CSV."""
    path, name = source.file, shown_path(source.file)
    try:
        size = path.stat().st_size
        if size > LARGEST_FILE:
            raise _refused(
                "ICS-103",
                f"the file has {size / 2**20:,.0f} MB; up to {LARGEST_FILE // 2**20} MB are read at once",
                file=name,
                hint="Leave out what is not needed, or make a file per wave.",
            )
        with path.open("rb") as stream:
            kind = _kind_of(stream.read(4096))
            if kind or path.suffix.lower() not in SUFFIXES:
                found = kind or f'of the type "{path.suffix}"'
                raise _refused("ICS-102", f"this is {found}; only CSV is read", file=name, hint=HINTS.get(kind, AS_CSV))
            stream.seek(0)
            return stream.read()
    except OSError as error:
        hint = file_nearby(path) if isinstance(error, FileNotFoundError) else ""
        reason = (error.strerror or "unknown reason").lower()
        raise _refused("ICS-101", f"the file cannot be opened: {reason}", file=name, hint=hint) from None


def parse_table(content: bytes, source: ResponsesFile) -> RawTable:
    """Return the table that the bytes of a CSV file hold; see :func:`read_table`."""
    name = shown_path(source.file)
    text = _decoded(content, name)
    if not text.strip():
        raise _refused("ICS-104", "the file is empty", file=name, hint="Export it again.")
    return _Reading(text, _form_of(text, source, name), name).table()


class _Reading:
    """One pass over the records of a file, which keeps what fits and notes what does not."""

    def __init__(self, text: str, form: _Form, file: str) -> None:
        self.file = file
        self.form = form
        self.stream = _after_lines(text, form.lines_before_header)
        self.may_hold_nul = "\0" in text
        self.rows: list[int] = []
        self.blank = 0
        self.problems: list[Problem] = []
        self.ragged: dict[int, list[int]] = {}
        self.nul: dict[int, list[int]] = {}

    def table(self) -> RawTable:
        """Return the table, or raise all that is wrong with its form."""
        records = self._records()
        header = next(records, (0, []))[1]
        header_problems = list(_problems_of_header(header, self.file))
        chunks = list(self._chunks(records, len(header)))
        self.problems = [*header_problems, *self._problems_of_cells(header), *self.problems]
        if not self.rows and not self.problems:
            self.problems.append(
                Problem(
                    code="ICS-107",
                    message="the file has a header and no answers",
                    file=self.file,
                    hint="Export it again.",
                )
            )
        if self.problems:
            raise SurveyFileError(self.problems)
        table = pa.Table.from_arrays([pa.chunked_array(column) for column in zip(*chunks, strict=True)], names=header)
        return RawTable(
            frame=table.to_pandas(), rows=np.array(self.rows, dtype=np.int64), file=self.file, notes=self._notes()
        )

    def _records(self) -> Iterator[tuple[int, list[str]]]:
        reader = csv.reader(self.stream, delimiter=self.form.separator, strict=True)
        row = self.form.lines_before_header + 1
        try:
            for record in reader:
                yield row, record
                row = self.form.lines_before_header + reader.line_num + 1
        except csv.Error as error:
            self.problems.append(
                _quoting_problem(error, row, reader.line_num + self.form.lines_before_header, self.file)
            )

    def _chunks(self, records: Iterator[tuple[int, list[str]]], width: int) -> Iterator[list[pa.Array]]:
        while chunk := list(islice(self._fitting(records, width), RECORDS_AT_ONCE)):
            yield [pa.array(column, pa.large_string()) for column in zip(*chunk, strict=True)]

    def _fitting(self, records: Iterator[tuple[int, list[str]]], width: int) -> Iterator[list[str]]:
        for row, record in records:
            if not any(record):
                self.blank += bool(record)
            elif len(record) != width:
                self.ragged.setdefault(len(record), []).append(row)
            else:
                if self.may_hold_nul:
                    self._note_nul(row, record)
                self.rows.append(row)
                yield record

    def _note_nul(self, row: int, record: list[str]) -> None:
        for position, cell in enumerate(record):
            if "\0" in cell:
                self.nul.setdefault(position, []).append(row)

    def _problems_of_cells(self, header: list[str]) -> Iterator[Problem]:
        for found, rows in sorted(self.ragged.items(), key=lambda one: one[1]):
            yield Problem(
                code="ICS-108",
                message=f"{found} {_plural('field', found)}; the header has {len(header)}",
                file=self.file,
                rows=tuple(rows),
                hint=f'Is there a "{self.form.separator}" in a text that is not quoted?'
                if found > len(header)
                else "Is a row broken in two, or cut off?",
            )
        for position, rows in sorted(self.nul.items()):
            yield Problem(
                code="ICS-110",
                message="a NUL character, which no text holds",
                file=self.file,
                rows=tuple(rows),
                column=header[position],
                hint="The file is damaged; export it again.",
            )

    def _notes(self) -> tuple[str, ...]:
        blank = f"{self.blank} {_plural('row', self.blank)} without any answer left out" if self.blank else ""
        return tuple(note for note in (self.form.note, blank) if note)


def _kind_of(start: bytes) -> str:
    for signature, kind in SIGNATURES:
        if start.startswith(signature):
            return kind
    return WEB_PAGE if WEB_PAGE_START.match(start.removeprefix(BOM_UTF8)) else ""


def _decoded(content: bytes, name: str) -> str:
    try:
        return content.decode("utf-8").lstrip("\ufeff")
    except UnicodeDecodeError as error:
        row = len(LINE_END.findall(content[: error.start])) + 1
        raise SurveyFileError(
            Problem(
                code="ICS-105",
                message=f"byte 0x{content[error.start]:02X} is not UTF-8 text",
                file=name,
                rows=(row,),
                hint=AS_UTF8,
            )
        ) from None


def _after_lines(text: str, lines: int) -> StringIO:
    stream = StringIO(text, newline="")
    for _ in range(lines):
        stream.readline()
    return stream


def _form_of(text: str, source: ResponsesFile, name: str) -> _Form:
    declared = SEPARATOR_LINE.fullmatch(_after_lines(text, 0).readline())
    lines_before_header = 1 if declared else 0
    widths = {separator: _width(text, separator, lines_before_header) for separator in SEPARATORS}
    found = declared[1] if declared else max(SEPARATORS, key=lambda separator: widths[separator])
    separator = source.separator or found
    if separator not in SEPARATORS or widths[separator] == (False, 1):
        raise _refused(
            "ICS-106",
            'the header is not divided into columns by "," or ";"'
            if source.separator is None
            else f'the header is not divided into columns by "{separator}"',
            file=name,
            hint=_other_separator(text, widths, lines_before_header),
        )
    told = "given" if source.separator else "found"
    return _Form(separator, lines_before_header, f'columns are separated by "{separator}" ({told})')


def _width(text: str, separator: str, lines_before_header: int) -> tuple[bool, int]:
    """Return whether the first records all have as many cells as the header, more than one, and how many it has."""
    reader = csv.reader(_after_lines(text, lines_before_header), delimiter=separator)
    widths: list[int] = []
    with suppress(csv.Error):
        widths.extend(len(record) for record in islice(reader, RECORDS_TRIED) if record)
    header = widths[0] if widths else 1
    return (header > 1 and set(widths) == {header}, header)


def _other_separator(text: str, widths: dict[str, tuple[bool, int]], lines_before_header: int) -> str:
    fitting = [separator for separator, width in widths.items() if width[1] > 1]
    if fitting:
        return f'"{fitting[0]}" does divide it.'
    tabs = "\t" in _after_lines(text, lines_before_header).readline()
    return "It is divided by tabs; save it with commas." if tabs else "Is this the right file?"


def _problems_of_header(header: list[str], file: str) -> Iterator[Problem]:
    blank = [str(position) for position, name in enumerate(header, start=1) if not name.strip()]
    if blank:
        yield Problem(
            code="ICS-111",
            message=f"the header has no name in {_plural('column', len(blank))} {', '.join(blank)}",
            file=file,
            hint="Name every column, or remove the empty ones.",
        )
    for name in dict.fromkeys(header):
        if name.strip() and header.count(name) > 1:
            positions = [str(position) for position, other in enumerate(header, start=1) if other == name]
            yield Problem(
                code="ICS-112",
                message=f"columns {', '.join(positions)} have the same name",
                file=file,
                hint="Give every column its own name. Is the first row the header?",
            )


def _quoting_problem(error: csv.Error, row: int, last_row: int, file: str) -> Problem:
    if "field limit" in str(error) and last_row == row:
        message = f"a text of more than {csv.field_size_limit():,} characters"
        hint = "Shorten it."
    elif "unexpected end" in str(error) or last_row > row:
        message = (
            'a quotation mark (") opens in this row and is never closed, or closes in a later row before more text'
        )
        hint = 'Close it, or write a quotation mark inside a text twice ("").'
    else:
        message = 'text follows a closing quotation mark (")'
        hint = 'Write a quotation mark inside a text twice ("").'
    return Problem(code="ICS-109", message=message, file=file, rows=(row,), hint=hint)


def _plural(word: str, number: int) -> str:
    return word if number == 1 else f"{word}s"


def _refused(code: str, message: str, *, file: str, hint: str = "") -> SurveyFileError:
    return SurveyFileError(Problem(code=code, message=message, file=file, hint=hint))
