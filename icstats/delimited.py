"""CSV and TSV: text cut into cells as it was written, and refused with the row where that fails."""

from __future__ import annotations

import csv
import re
from contextlib import suppress
from io import StringIO
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, TextIO

from icstats.encodings import Undecodable, decoded
from icstats.errors import Problem
from icstats.rawtable import Records, refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from icstats.rawtable import RawTable, Record
    from icstats.surveyfile import ResponsesFile

__all__ = ["Form", "form_of", "parse_delimited", "records_of"]

TAB = "\t"
SEPARATORS = (",", ";", TAB)
SHOWN = {",": '","', ";": '";"', TAB: "tabs"}
RECORDS_TRIED = 50
SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\s*')
AS_UTF8 = 'Save it again as "CSV UTF-8", or set "encoding" to how it is written.'


class Form(NamedTuple):
    """How the text is cut into cells."""

    separator: str
    lines_before_header: int
    note: str


def parse_delimited(content: bytes, source: ResponsesFile, name: str) -> RawTable:
    """Return the table that the bytes of a CSV or TSV file hold.

    Raises
    ------
    SurveyFileError
        When it is not text of one encoding, or its rows do not fit its header: all at once.
    """
    try:
        text, encoded = decoded(content, source.encoding)
    except Undecodable as error:
        why = "The rows before it are UTF-8: were two files put together? " if error.mixed else ""
        raise refused("ICS-105", error.found, file=name, rows=(error.row,), hint=f"{why}{AS_UTF8}") from None
    if not text.strip():
        raise refused("ICS-104", "the file is empty", file=name, hint="Export it again.")
    form = form_of(text, source, name)
    problems: list[Problem] = []
    return Records(
        records=records_of(StringIO(text, newline=""), form, name, problems),
        file=name,
        source=source,
        notes=(encoded, form.note),
        separator=form.separator,
        may_hold_nul="\0" in text,
        problems=problems,
    ).table()


def records_of(stream: TextIO, form: Form, file: str, problems: list[Problem]) -> Iterator[Record]:
    """Yield the records of a text; where the quoting is wrong, that is a problem and the end."""
    reader = csv.reader(_after_lines(stream, form.lines_before_header), delimiter=form.separator, strict=True)
    row = form.lines_before_header + 1
    try:
        for record in reader:
            yield row, record
            row = form.lines_before_header + reader.line_num + 1
    except csv.Error as error:
        problems.append(_quoting_problem(error, row, reader.line_num + form.lines_before_header, file))


def _after_lines(stream: TextIO, lines: int) -> TextIO:
    for _ in range(lines):
        stream.readline()
    return stream


def form_of(text: str, source: ResponsesFile, name: str) -> Form:
    """Return how a text is cut into cells, which its beginning shows."""
    declared = SEPARATOR_LINE.fullmatch(StringIO(text, newline="").readline())
    lines_before_header = 1 if declared else 0
    widths = {separator: _width(text, separator, lines_before_header) for separator in SEPARATORS}
    found = declared[1] if declared else max(SEPARATORS, key=lambda separator: widths[separator])
    separator = source.separator or found
    if separator not in SEPARATORS or widths[separator] == (False, 1):
        raise refused(
            "ICS-106",
            'the header is not divided into columns by ",", ";" or tabs'
            if source.separator is None
            else f"the header is not divided into columns by {SHOWN[separator]}",
            file=name,
            hint=_other_separator(widths, text.partition("\n")[0]),
        )
    told = "given" if source.separator else "found"
    return Form(separator, lines_before_header, f"columns are separated by {SHOWN[separator]} ({told})")


def _width(text: str, separator: str, lines_before_header: int) -> tuple[bool, int]:
    """Return whether the first records all have as many cells as the header, more than one, and how many it has."""
    reader = csv.reader(_after_lines(StringIO(text, newline=""), lines_before_header), delimiter=separator)
    widths: list[int] = []
    with suppress(csv.Error):
        widths.extend(len(record) for record in islice(reader, RECORDS_TRIED) if record)
    header = widths[0] if widths else 1
    return (header > 1 and set(widths) == {header}, header)


def _other_separator(widths: dict[str, tuple[bool, int]], header: str) -> str:
    fitting = [separator for separator, width in widths.items() if width[1] > 1]
    if not fitting:
        return 'Is it divided by "|"? Save it with another separator.' if "|" in header else "Is this the right file?"
    return f"{SHOWN[fitting[0]]} {'do' if fitting[0] == TAB else 'does'} divide it."


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
