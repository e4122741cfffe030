# ruff: noqa: S608  what stands in the queries are names and texts that were quoted here
"""Survey files that are too large to read at once: their text in a database on disk, in bounded memory.

Nothing is understood here: the columns are as they stand in the file, and every row knows its line.
"""

from __future__ import annotations

import shutil
import tempfile
from codecs import BOM_UTF8, getincrementaldecoder
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from icstats.answers import missing_codes
from icstats.columns import item_columns, key_columns, prefix, written
from icstats.delimited import AS_UTF8, form_of, records_of
from icstats.documents import shown_path
from icstats.encodings import Undecodable, undecodable
from icstats.errors import Problem, SurveyFileError
from icstats.intake import PARQUET, SUFFIXES
from icstats.platforms import HEADER_ROWS_SEEN, Header, header_of
from icstats.rawtable import EMPTY, NUMBERS, Records, kept_columns, problems_of_header, refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import duckdb
    import pandas as pd

    from icstats.rawtable import Record
    from icstats.study import Study

__all__ = ["SPACES", "BulkText", "literal", "loaded", "stripped"]

MEMORY = "400MB"
HEAD = 2**20
PART = 2**24
ROWS_SEEN = 200_000
"""Rows of which the texts of a column are taken to be most of those that it has."""
MOST_WORDS = 2_000
"""Distinct texts of a column that is kept as numbers of texts."""
SPACES = "".join(
    map(chr, (*range(9, 14), *range(28, 33), 133, 160, 5760, *range(8192, 8203), 8232, 8233, 8239, 8287, 12288))
)
"""What ``str.strip`` takes away."""


@contextmanager
def loaded(study: Study) -> Iterator[BulkText]:
    """Give the text of a large survey file in a database on disk, which is gone afterwards.

    Raises
    ------
    SurveyFileError
        When the file is no table with these columns.
    """
    import duckdb  # noqa: PLC0415  most files are read without it

    folder = Path(tempfile.mkdtemp(prefix=".icstats-"))
    try:
        with duckdb.connect(str(folder / "text.duckdb")) as database:
            database.execute(f"SET memory_limit = '{MEMORY}'; SET temp_directory = '{folder / 'spilled'}'")
            database.execute("SET autoinstall_known_extensions = false; SET autoload_known_extensions = false")
            bulk = BulkText(database=database, folder=folder, study=study)
            bulk.load()
            yield bulk
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(kw_only=True)
class BulkText:
    """The text of a file as a view ``filled``: ``row`` is the order, and the columns are ``c0``, ``c1``, ..."""

    database: duckdb.DuckDBPyConnection
    folder: Path
    study: Study
    header: Header = field(default_factory=lambda: Header(names=()))
    notes: tuple[str, ...] = ()
    separator: str = ""
    kept: list[int] = field(default_factory=list)
    line: str = "row + 1"
    has_blank: bool = False
    _padded: dict[str, bool] = field(default_factory=dict, init=False)

    @property
    def file(self) -> str:
        """The file as messages name it."""
        return shown_path(self.study.responses.file)

    def load(self) -> None:
        """Load the text, after making sure that it is a table with these columns."""
        self._refuse_times()
        if SUFFIXES[self.study.responses.file.suffix.lower()] == PARQUET:
            self._load_parquet()
        else:
            self._load_text()
        nothing = " AND ".join(f"{column} = ''" for column in self.columns)
        blank = self.number(f"SELECT count(*) FROM raw WHERE {nothing}")
        self.has_blank = blank > 0
        without = f" WHERE NOT ({nothing})" if blank else ""
        self.database.execute(f"CREATE VIEW filled AS SELECT rowid AS row, * FROM raw{without}")
        if not self.number("SELECT count(*) FROM filled"):
            raise refused("ICS-107", "the file has a header and no answers", file=self.file, hint="Export it again.")
        self.kept, left_out = kept_columns(self.header, self._unnamed(), self.study.responses)
        wrong = list(problems_of_header(self.header, self.kept, self.file))
        if wrong:
            raise SurveyFileError(wrong)
        without = f"{blank} {'row' if blank == 1 else 'rows'} without any answer left out" if blank else ""
        self.notes = tuple(note for note in (*self.notes, *self.header.notes, *left_out, without) if note)

    def _refuse_times(self) -> None:
        columns = self.study.responses.columns
        problems = [
            Problem(
                code="ICS-117",
                file=shown_path(self.study.file),
                column=f"responses.columns.{name}",
                message="dates and times are not looked at in a file that is too large to be read at once",
                hint=f"Take it out, and list {getattr(columns, name)} under responses.ignore.",
            )
            for name in ("date", "seconds")
            if getattr(columns, name) is not None
        ]
        if problems:
            raise SurveyFileError(problems)

    def _load_text(self) -> None:
        source = self.study.responses
        lines = self._lines_of_text()
        with source.file.open("rb") as stream:
            head = stream.read(HEAD)
        text = head[: head.rfind(b"\n") + 1].removeprefix(BOM_UTF8).decode("utf-8")
        form = form_of(text, source, self.file)
        records = records_of(StringIO(text, newline=""), form, self.file, [])
        first = [record for record in islice(records, HEADER_ROWS_SEEN + 50) if record[1]]
        self.header = header_of([cells for _, cells in first[:HEADER_ROWS_SEEN]], source.platform)
        self.notes, self.separator = (form.note,), form.separator
        above = first[self.header.rows][0] - 1 if len(first) > self.header.rows else first[-1][0]
        self._create(
            f"read_csv(?, header = false, skip = {above}, delim = '{form.separator}', quote = '\"', escape = '\"', "
            "strict_mode = true, auto_detect = false, columns = {types})"
        )
        self._number_lines(lines, above)

    def _create(self, reading: str) -> None:
        """Load the text; where it is no table, the reader of smaller files says why."""
        import duckdb  # noqa: PLC0415  as above

        file, plain = [str(self.study.responses.file)], dict.fromkeys(self.columns, "VARCHAR")
        try:
            types = {**plain, **self._words(reading.replace("{types}", _struct(plain)), file)}
            if types != plain:
                # A text that is not among those words makes the whole file be read anew, as text.
                with suppress(duckdb.ConversionException):
                    self.database.execute(_raw(reading, types), file)
                    return
            self.database.execute(_raw(reading, plain), file)
        except duckdb.Error:
            self._require_form(may_hold_nul=False)
            raise refused(
                "ICS-118",
                "the file is not read: its rows are not cut into cells in one way",
                file=self.file,
                hint="Save it again, with every text in quotation marks, or as Parquet.",
            ) from None

    def _words(self, reading: str, file: list[str]) -> dict[str, str]:
        """Return column -> type, of the columns that hold few texts: they are kept as numbers of texts."""
        study, source = self.study, self.study.responses
        numbers = {
            item.code: map(str, range(scale.minimum, scale.maximum + 1))
            for item in study.questionnaire.items
            if item.responses is not None
            for scale in [study.questionnaire.response_scale(item.code)]
        }
        known = {item_columns(study)[code]: (*texts, *missing_codes(source)) for code, texts in numbers.items()}
        if source.layout == "wide":
            starts = [prefix(department, study) for department in study.departments]
            known = {start + column: texts for start in starts for column, texts in known.items()}
        elif source.layout == "long":
            every = tuple(dict.fromkeys(text for texts in known.values() for text in texts))
            known = {source.columns.item: tuple(item_columns(study).values()), source.columns.answer: every}
        keys = {name: column for name, column in key_columns(study).items() if name in ("department", "wave", "role")}
        known |= {column: tuple(map(written, study.departments)) for column in keys.values()}
        places = [place for place, name in enumerate(self.header.names) if name in known]
        if not places:
            return {}
        seen = ", ".join(f"list(DISTINCT c{place})" for place in places)
        found = self.database.execute(f"SELECT {seen} FROM (FROM {reading} LIMIT {ROWS_SEEN})", file).fetchall()[0]
        types = {}
        for place, texts in zip(places, found, strict=True):
            words = dict.fromkeys(["", *known[self.header.names[place]], *(text for text in texts or () if text)])
            if len(words) <= MOST_WORDS:
                self.database.execute(f"CREATE TYPE words{place} AS ENUM ({', '.join(map(literal, words))})")
                types[f"c{place}"] = f"words{place}"
        return types

    def _require_form(self, *, may_hold_nul: bool) -> None:
        source, problems = self.study.responses, list[Problem]()
        with source.file.open(encoding="utf-8-sig", newline="") as stream:
            form = form_of(stream.read(HEAD), source, self.file)
            stream.seek(0)
            records: Iterator[Record] = records_of(stream, form, self.file, problems)
            Records(
                records=records,
                file=self.file,
                source=source,
                notes=(),
                separator=form.separator,
                may_hold_nul=may_hold_nul,
                problems=problems,
            ).require_form()

    def _lines_of_text(self) -> int:
        """Return the number of lines, after making sure that it is text."""
        encoding = self.study.responses.encoding
        if encoding not in (None, "utf-8"):
            message = f"a file that is too large to be read at once is read as UTF-8, and not as {encoding}"
            raise refused("ICS-105", message, file=self.file, hint='Save it again as "CSV UTF-8".')
        decoder, lines, last, nul = getincrementaldecoder("utf-8")(), 0, b"\n", False
        with self.study.responses.file.open("rb") as stream:
            while part := stream.read(PART):
                try:
                    decoder.decode(part, final=len(part) < PART)
                except UnicodeDecodeError as error:
                    raise self._not_text(part, error, lines) from None
                lines, last, nul = lines + part.count(b"\n"), part, nul or b"\0" in part
        if nul:
            self._require_form(may_hold_nul=True)
        return lines + (not last.endswith(b"\n"))

    def _not_text(self, part: bytes, error: UnicodeDecodeError, lines: int) -> SurveyFileError:
        found: Undecodable = undecodable(part, error, mixed=True)
        message = f"{found.found}, as a file must be that is too large to be read at once"
        return refused("ICS-105", message, file=self.file, rows=(lines + found.row,), hint=AS_UTF8)

    def _number_lines(self, lines: int, above: int) -> None:
        """Find out in which line each record begins."""
        records = self.number("SELECT count(*) FROM raw")
        if lines == above + records:
            self.line = f"row + {above + 1}"
            return
        breaks = " + ".join(f"(length({name}) - length(replace({name}, chr(10), '')))" for name in self.columns)
        within = self.number(f"SELECT coalesce(sum({breaks}), 0) FROM raw")
        if lines != above + records + within:
            blank = lines - above - records - within
            raise refused(
                "ICS-119",
                f"{blank} empty {'line' if blank == 1 else 'lines'}, which are not expected in a file of this size",
                file=self.file,
                hint="Remove them, also those at the end, so that every row has its number.",
            )
        self.database.execute(
            f"CREATE TABLE lines AS SELECT rowid AS place, sum({breaks}) OVER (ORDER BY rowid) - ({breaks}) AS more "
            "FROM raw"
        )
        self.line = f"row + {above + 1} + (SELECT more FROM lines WHERE place = row)"

    def _load_parquet(self) -> None:
        import duckdb  # noqa: PLC0415  as above

        source = [str(self.study.responses.file)]
        try:
            about = self.database.execute("DESCRIBE SELECT * FROM read_parquet(?)", source).fetchall()
            self.header = Header(names=tuple(name for name, *_ in about))
            cells = ", ".join(
                f"{_as_typed(_quoted(name), kind)} AS c{place}" for place, (name, kind, *_) in enumerate(about)
            )
            self.database.execute(f"CREATE TABLE raw AS SELECT {cells} FROM read_parquet(?)", source)
        except duckdb.Error:
            message = "the file is damaged: it cannot be read"
            raise refused("ICS-115", message, file=self.file, hint="Export it again.") from None

    def _unnamed(self) -> dict[int, str]:
        found = {}
        for place, name in enumerate(self.header.names):
            if not name.strip():
                filled, distinct, numbers, rows = self.database.execute(
                    f"SELECT count(*) FILTER (c{place} <> ''), count(DISTINCT c{place}), "
                    f"count(*) FILTER (regexp_full_match(c{place}, '[0-9]{{1,9}}')), count(*) FROM filled"
                ).fetchall()[0]
                if not filled:
                    found[place] = EMPTY
                elif place == 0 and distinct == numbers == rows:
                    found[place] = NUMBERS
        return found

    @property
    def columns(self) -> list[str]:
        """All columns of ``raw`` that the file has, also those that are not kept."""
        return [f"c{place}" for place in range(len(self.header.names))]

    def column(self, name: str) -> str | None:
        """Return the column of ``raw`` that has this name in the file, if any."""
        return next((f"c{place}" for place in self.kept if self.header.names[place] == name and name), None)

    def padded(self, column: str) -> str:
        """Return the condition that there are spaces around a text."""
        return f"{column} <> {stripped(column)}"

    def has_padded(self, column: str) -> bool:
        """Whether a text of the column has spaces around it."""
        if column not in self._padded:
            self._padded[column] = bool(self.numbers(f"SELECT 1 FROM filled WHERE {self.padded(column)} LIMIT 1"))
        return self._padded[column]

    def frame(self, query: str) -> pd.DataFrame:
        """Return the answer to a query."""
        table: Any = self.database.sql(query).to_arrow_table()
        frame: pd.DataFrame = table.to_pandas()
        return frame

    def number(self, query: str) -> int:
        """Return the whole number that is the answer to a query."""
        return self.numbers(query)[0]

    def numbers(self, query: str) -> list[int]:
        """Return the whole numbers in the first column of the answer to a query."""
        return [int(found[0]) for found in self.database.execute(query).fetchall()]


def _raw(reading: str, types: Mapping[str, str]) -> str:
    cells = ", ".join(f"coalesce({column}, ''::{kind}) AS {column}" for column, kind in types.items())
    return f"CREATE TABLE raw AS SELECT {cells} FROM {reading.replace('{types}', _struct(types))}"


def _struct(types: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"'{column}': '{kind}'" for column, kind in types.items()) + "}"


def _as_typed(column: str, kind: str) -> str:
    """Return the expression for a cell as a person would type it: 5 and not 5.0, TRUE, a date as 2026-01-03."""
    if kind in ("DOUBLE", "FLOAT"):
        whole = f"{column} = trunc({column}) AND abs({column}) < 9007199254740992"
        text = (
            f"CASE WHEN isnan({column}) THEN '' WHEN {whole} THEN {column}::BIGINT::VARCHAR ELSE {column}::VARCHAR END"
        )
    elif kind == "BOOLEAN":
        text = f"upper({column}::VARCHAR)"
    else:
        text = f"{column}::VARCHAR"
    return f"coalesce({text}, '')"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a text as it stands in a query."""
    return "'" + text.replace("'", "''") + "'"


def stripped(column: str) -> str:
    """Return the expression for a text without the spaces around it."""
    return f"trim({column}, {literal(SPACES)})"
