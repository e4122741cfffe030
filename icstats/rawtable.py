"""One raw table of text, made from the records of any file: nothing changed, every row with its number."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field
from itertools import chain, dropwhile, islice
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pyarrow as pa

from icstats.errors import Problem, SurveyFileError
from icstats.platforms import HEADER_ROWS_SEEN, Header, header_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from icstats.surveyfile import ResponsesFile

__all__ = ["RawTable", "Record", "Records", "kept_columns", "named_columns", "problems_of_header", "refused"]

RECORDS_AT_ONCE = 5_000
NAMES_LISTED = 10
ROW_NUMBER = re.compile(r"\d{1,9}", re.ASCII)

Record: TypeAlias = tuple[int, list[str]]
"""Row of the file in which it begins, and its cells."""


@dataclass(frozen=True, kw_only=True, repr=False)
class RawTable:
    """The survey file as it stands.

    Attributes
    ----------
    frame
        All columns as text; an empty cell is the empty text.
    rows
        The row of the file in which each row of ``frame`` begins, counted as a text editor or spreadsheet counts; in
        files that have no rows of text, the number of the case.
    file
        Name of the file for messages.
    notes
        What a reader should know about how the file was read.
    questions
        Column -> the question in words, where the file has it.
    labels
        Column -> code -> its label, where the file has them.
    separator
        What divides the columns; empty in files that are no text.
    elsewhere
        Items in other rows of a long file of which these are a part, as the file writes them.
    """

    frame: pd.DataFrame
    rows: NDArray[np.int64]
    file: str
    notes: tuple[str, ...] = ()
    questions: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    separator: str = ""
    elsewhere: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<RawTable: {len(self.frame)} rows, {self.frame.shape[1]} columns, not released>"


@dataclass(kw_only=True)
class Records:
    """The records of a file, header first, and how they were cut.

    Attributes
    ----------
    records
        May add to ``problems`` while it is read.
    source
        Settings of the file.
    notes
        How the file was read so far.
    separator
        What divides the columns; empty where cells are not divided by a character, and a record shorter than the
        header only lacks its last, empty cells.
    may_hold_nul
        False when a NUL character is known to be nowhere.
    """

    records: Iterator[Record]
    file: str
    source: ResponsesFile
    notes: tuple[str, ...]
    separator: str = ""
    may_hold_nul: bool = True
    problems: list[Problem] = field(default_factory=list)

    rows: list[int] = field(default_factory=list, init=False)
    blank: int = field(default=0, init=False)
    ragged: dict[int, list[int]] = field(default_factory=dict, init=False)
    nul: dict[int, list[int]] = field(default_factory=dict, init=False)

    def table(self) -> RawTable:
        """Return the table, or raise all that is wrong with its form."""
        header, records = self._header()
        chunks = list(self._chunks(records, len(header.names)))
        columns = [pa.chunked_array(column) for column in zip(*chunks, strict=True)]
        kept, notes = kept_columns(header, _unnamed(header, columns), self.source)
        names = [header.names[place] for place in kept]
        self._find_problems(header, kept)
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
        blank = f"{self.blank} {_plural('row', self.blank)} without any answer left out" if self.blank else ""
        table = pa.Table.from_arrays([columns[place] for place in kept], names=names)
        return RawTable(
            frame=table.to_pandas(),
            rows=np.array(self.rows, dtype=np.int64),
            file=self.file,
            notes=tuple(note for note in (*self.notes, *header.notes, *notes, blank) if note),
            questions={name: text for name, text in header.questions.items() if name in names},
            separator=self.separator,
        )

    def require_form(self) -> None:
        """Raise all that is wrong with the form, and keep nothing."""
        header, records = self._header()
        deque(self._fitting(records, len(header.names)), maxlen=0)
        self._find_problems(header, range(len(header.names)))
        if self.problems:
            raise SurveyFileError(self.problems)

    def _header(self) -> tuple[Header, Iterator[Record]]:
        """Return the header and the records below it."""
        # Blank lines above the header are no header; a record of empty cells is a bad one.
        self.records = dropwhile(lambda record: not record[1], self.records)
        first = list(islice(self.records, HEADER_ROWS_SEEN))
        header = header_of([cells for _, cells in first], self.source.platform)
        return header, chain(first[header.rows :], self.records)

    def _find_problems(self, header: Header, kept: Sequence[int]) -> None:
        self.problems = [
            *problems_of_header(header, kept, self.file),
            *self._problems_of_cells(header),
            *self.problems,
        ]

    def _chunks(self, records: Iterable[Record], width: int) -> Iterator[list[pa.Array]]:
        fitting = self._fitting(records, width)
        while chunk := list(islice(fitting, RECORDS_AT_ONCE)):
            self.rows += [row for row, _ in chunk]
            yield [pa.array(column, pa.large_string()) for column in zip(*(cells for _, cells in chunk), strict=True)]

    def _fitting(self, records: Iterable[Record], width: int) -> Iterator[Record]:
        for row, record in records:
            if not any(record):
                self.blank += bool(record)
                continue
            cells = record if self.separator else record + [""] * (width - len(record))
            if len(cells) != width:
                self.ragged.setdefault(len(cells), []).append(row)
            else:
                if self.may_hold_nul:
                    self._note_nul(row, cells)
                yield row, cells

    def _note_nul(self, row: int, record: list[str]) -> None:
        for position, cell in enumerate(record):
            if "\0" in cell:
                self.nul.setdefault(position, []).append(row)

    def _problems_of_cells(self, header: Header) -> Iterator[Problem]:
        width = len(header.names)
        for found, rows in sorted(self.ragged.items(), key=lambda one: one[1]):
            if not self.separator:
                hint = "Give every column a name in the first row, or empty the cells beside the table."
            elif found > width:
                hint = f'Is there a "{self.separator}" in a text that is not quoted?'
            else:
                hint = "Is a row broken in two, or cut off?"
            yield Problem(
                code="ICS-108",
                message=f"{found} {_plural('field', found)}; the header has {width}",
                file=self.file,
                rows=tuple(rows),
                hint=hint,
            )
        for position, rows in sorted(self.nul.items()):
            yield Problem(
                code="ICS-110",
                message="a NUL character, which no text holds",
                file=self.file,
                rows=tuple(rows),
                column=header.names[position],
                hint="The file is damaged; export it again.",
            )


def named_columns(source: ResponsesFile) -> set[str]:
    """Return the columns of the file that the settings name."""
    keys = {name for _, name in source.columns if name is not None}
    return keys | {*source.attributes, *source.ignore, *source.items.values()}


EMPTY, NUMBERS = "empty", "numbers"
"""What a column without a name holds, when it holds no answers."""


def _unnamed(header: Header, columns: Sequence[pa.ChunkedArray]) -> dict[int, str]:
    """Return place -> what is in it of the columns without a name that hold no answers."""
    found = {}
    for place, column in enumerate(columns):
        if not header.names[place].strip():
            texts = column.to_pylist()
            if not any(texts):
                found[place] = EMPTY
            elif place == 0 and len(set(texts)) == len(texts) and all(map(ROW_NUMBER.fullmatch, texts)):
                found[place] = NUMBERS
    return found


def kept_columns(
    header: Header, unnamed: Mapping[int, str], source: ResponsesFile
) -> tuple[list[int], tuple[str, ...]]:
    """Return the places of the columns that are kept, and why the others are not.

    Parameters
    ----------
    header
        The names.
    unnamed
        Place -> ``EMPTY`` or ``NUMBERS``, of columns without a name that hold no answers.
    source
        Columns that it names are kept.
    """
    named = named_columns(source)
    own = [place for place, name in enumerate(header.names) if name in header.administrative and name not in named]
    empty = [place for place, what in unnamed.items() if what == EMPTY]
    notes = (
        _left_out(f"{_plural('column', len(own))} of {header.platform} itself", [header.names[place] for place in own]),
        f"{len(empty)} empty {_plural('column', len(empty))} without a name left out" if empty else "",
        "row numbers in the first column, which has no name, left out" if NUMBERS in unnamed.values() else "",
    )
    gone = {*own, *unnamed}
    return [place for place in range(len(header.names)) if place not in gone], notes


def _left_out(what: str, names: Sequence[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - NAMES_LISTED} more" if len(names) > NAMES_LISTED else ""
    return f"{what} left out: {', '.join(names[:NAMES_LISTED])}{more}"


def problems_of_header(header: Header, kept: Sequence[int], file: str) -> Iterator[Problem]:
    """Yield what is wrong with the names of the columns that are kept."""
    names = [(place + 1, header.names[place]) for place in kept]
    blank = [str(position) for position, name in names if not name.strip()]
    if blank:
        yield Problem(
            code="ICS-111",
            message=f"the header has no name in {_plural('column', len(blank))} {', '.join(blank)}",
            file=file,
            hint="Are the names in a row below? Then remove the rows above it."
            if 2 * len(blank) > len(names)
            else "Name every column, or remove the empty ones.",
        )
    positions: dict[str, list[str]] = {}
    for position, name in names:
        positions.setdefault(name, []).append(str(position))
    for name, where in positions.items():
        if name.strip() and len(where) > 1:
            yield Problem(
                code="ICS-112",
                message=f"columns {', '.join(where)} have the same name",
                file=file,
                hint="Give every column its own name. Is the first row the header?",
            )


def refused(code: str, message: str, *, file: str, hint: str = "", rows: tuple[int, ...] = ()) -> SurveyFileError:
    """Return the error for a survey file with one problem."""
    return SurveyFileError(Problem(code=code, message=message, file=file, hint=hint, rows=rows))


def _plural(word: str, number: int) -> str:
    return word if number == 1 else f"{word}s"
