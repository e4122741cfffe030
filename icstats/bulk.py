# ruff: noqa: S608  what stands in the queries are names and texts that were quoted here
"""Survey files that are too large to read at once: DuckDB lays their text out by department, in bounded memory.

The rules stand in one place and are not told here. What each distinct text means is asked of the checks themselves,
with a few rows that hold them all; then every department's rows are checked by themselves, as a whole file is.
"""

from __future__ import annotations

import shutil
import tempfile
from codecs import BOM_UTF8, getincrementaldecoder
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from icstats.answers import look
from icstats.columns import item_columns, key_columns, written
from icstats.delimited import AS_UTF8, form_of, records_of
from icstats.documents import shown_path
from icstats.encodings import Undecodable, undecodable
from icstats.errors import Problem, SurveyFileError
from icstats.intake import PARQUET, SUFFIXES
from icstats.platforms import HEADER_ROWS_SEEN, Header, header_of
from icstats.prepared import Checked
from icstats.ratings import checked_table
from icstats.rawtable import EMPTY, NUMBERS, RawTable, Records, kept_columns, problems_of_header, refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import duckdb
    import pandas as pd

    from icstats.rawtable import Record
    from icstats.study import Study

__all__ = ["SPACES", "Bulk", "loaded", "opened", "stripped"]

MEMORY = "400MB"
HEAD = 2**20
PART = 2**24
MOST_TEXTS = 10_000
"""Distinct texts of a column that are looked at; answers, departments and waves have fewer."""
MOST_ROWS = 200_000
"""Rows at fault that are looked at, and told of."""
OF_ROWS = ("ICS-148", "ICS-149", "ICS-156")
"""Problems that cells have together with others of their row or of other rows of the department."""
OF_THE_WHOLE = ("ICS-157", "ICS-161")
"""Problems of a whole file that some of its rows may seem to have."""
SPACES = "".join(
    map(chr, (*range(9, 14), *range(28, 33), 133, 160, 5760, *range(8192, 8203), 8232, 8233, 8239, 8287, 12288))
)
"""What ``str.strip`` takes away."""


@contextmanager
def opened(study: Study) -> Iterator[tuple[Sequence[str], Iterator[Checked]]]:
    """Give how a large survey file is read, and its checked ratings, one department after the other.

    Parameters
    ----------
    study
        Its survey file has one row per rating; see :func:`icstats.intake.is_bulk`.

    Raises
    ------
    SurveyFileError
        All that is wrong with the file: at once where a text is wrong, and after the last department where only rows
        beside each other show it.
    """
    with loaded(study) as bulk:
        remarks = bulk.looked_through()
        yield remarks, bulk.departments()


@contextmanager
def loaded(study: Study) -> Iterator[Bulk]:
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
            bulk = Bulk(database=database, folder=folder, study=study)
            bulk.load()
            yield bulk
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(kw_only=True)
class Bulk:
    """The text of a file as a view ``filled``: ``row`` is the order, and the columns are ``c0``, ``c1``, ..."""

    database: duckdb.DuckDBPyConnection
    folder: Path
    study: Study
    header: Header = field(default_factory=lambda: Header(names=()))
    notes: tuple[str, ...] = ()
    separator: str = ""
    kept: list[int] = field(default_factory=list)
    line: str = "row + 1"

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
        every = ", ".join(self.columns)
        blank = self._number(f"SELECT count(*) FROM raw WHERE concat({every}) = ''")
        without = f" WHERE concat({every}) <> ''" if blank else ""
        self.database.execute(f"CREATE VIEW filled AS SELECT rowid AS row, * FROM raw{without}")
        if not self._number("SELECT count(*) FROM filled"):
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
        types = ", ".join(f"'{column}': 'VARCHAR'" for column in self.columns)
        cells = ", ".join(f"coalesce({column}, '') AS {column}" for column in self.columns)
        reading = (
            f"read_csv(?, header = false, skip = {above}, delim = '{form.separator}', quote = '\"', escape = '\"', "
            f"strict_mode = true, auto_detect = false, columns = {{{types}}})"
        )
        self._create(f"CREATE TABLE raw AS SELECT {cells} FROM {reading}")
        self._number_lines(lines, above)

    def _create(self, statement: str) -> None:
        """Load the text; where it is no table, the reader of smaller files says why."""
        import duckdb  # noqa: PLC0415  as above

        try:
            self.database.execute(statement, [str(self.study.responses.file)])
        except duckdb.Error:
            self._require_form(may_hold_nul=False)
            raise refused(
                "ICS-118",
                "the file is not read: its rows are not cut into cells in one way",
                file=self.file,
                hint="Save it again, with every text in quotation marks, or as Parquet.",
            ) from None

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
        records = self._number("SELECT count(*) FROM raw")
        if lines == above + records:
            self.line = f"row + {above + 1}"
            return
        breaks = " + ".join(f"(length({name}) - length(replace({name}, chr(10), '')))" for name in self.columns)
        within = self._number(f"SELECT coalesce(sum({breaks}), 0) FROM raw")
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

    def looked_through(self) -> tuple[str, ...]:
        """Return how the file was understood, after refusing what is wrong with any of its texts."""
        checked, _ = checked_table(self._table(f"row IN ({self._witnesses()})"), self.study)
        wrong = [problem for problem in checked.problems if problem.code not in (*OF_ROWS, *OF_THE_WHOLE)]
        if wrong:
            raise SurveyFileError([*self._in_full(wrong), *self._of_rows()])
        return (*self.notes, *checked.remarks)

    def _witnesses(self) -> str:
        """Return the query of one row for every text of a column that has few, and of respondents that are doubtful."""
        study = self.study
        keys = key_columns(study)
        few = [keys[name] for name in ("department", "wave", "role", "weight") if name in keys]
        closed = [item.code for item in study.questionnaire.items if item.responses is not None]
        few += [item_columns(study)[code] for code in closed]
        queries = [
            f"(SELECT min(row) FROM filled GROUP BY {column} LIMIT {MOST_TEXTS})"
            for column in map(self.column, few)
            if column
        ]
        person = self.column(keys.get("respondent", ""))
        if person:
            padded = f"{person} <> {stripped(person)}"
            queries.append(f"(SELECT row FROM filled WHERE {person} = '' OR {padded} LIMIT {MOST_ROWS})")
            partners = f"SELECT {stripped(person)} FROM filled WHERE {padded}"
            queries.append(f"(SELECT min(row) FROM filled WHERE {person} IN ({partners}) GROUP BY {person})")
        return " UNION ".join(queries) or "SELECT min(row) FROM filled"

    def _in_full(self, wrong: Sequence[Problem]) -> tuple[Problem, ...]:
        """Return problems with all rows that have them: all rows with the texts that were found wrong."""
        where = [f"row IN ({self._witnesses()})"]
        for problem in wrong:
            column = self.column(problem.column)
            if column and problem.rows:
                rows = ", ".join(map(str, problem.rows))
                where.append(f"{column} IN (SELECT {column} FROM filled WHERE {self.line} IN ({rows}))")
        table = self._table(" OR ".join(where))
        checked, _ = checked_table(table, self.study)
        found = tuple(problem for problem in checked.problems if problem.code not in (*OF_ROWS, *OF_THE_WHOLE))
        if len(table.frame) < MOST_ROWS:
            return found
        message = f"more than {MOST_ROWS:,} rows are wrong; no further ones were looked at"
        return (*found, Problem(code="ICS-162", file=self.file, message=message))

    def _of_rows(self) -> list[Problem]:
        try:
            deque(self.departments(), maxlen=0)
        except SurveyFileError as error:
            return [problem for problem in error.problems if problem.code in OF_ROWS]
        return []

    def departments(self) -> Iterator[Checked]:
        """Yield the checked ratings of one department after the other.

        Raises
        ------
        SurveyFileError
            After the last one: all that is wrong with rows.
        """
        study = self._with_decimal()
        self._part()
        problems, rated, kept = list[Problem](), 0, 0
        for place, department in enumerate(study.departments):
            table, numbers = self._of_department(place)
            if table is None:
                continue
            checked, respondents = checked_table(table, study)
            problems += [problem for problem in checked.problems if problem.code in OF_ROWS]
            rated, kept = rated + checked.tally.rated, kept + len(checked.frame)
            if not problems and len(checked.frame):
                person = numbers[np.searchsorted(table.rows, checked.frame["file_row"].to_numpy())]
                yield Checked(
                    ratings=checked.frame.assign(respondent=person),
                    respondents=respondents,
                    tally=checked.tally,
                    departments=(department.slug,),
                )
        if problems:
            raise SurveyFileError(_united(problems))
        if not kept:
            raise refused(*_nothing_kept(rated), file=self.file)

    def _with_decimal(self) -> Study:
        """Return the study with the sign before decimals that all weights of the file show together."""
        source = self.study.responses
        weight = self.column(source.columns.weight or "")
        if weight is None or source.decimal is not None:
            return self.study
        comma = self._number(f"SELECT count(*) FROM filled WHERE contains({weight}, ',')")
        return self.study.model_copy(update={"responses": source.model_copy(update={"decimal": "," if comma else "."})})

    def _part(self) -> None:
        """Write the rows of each department to files of its own, with a number for every respondent."""
        person = self.column(self.study.responses.columns.respondent or "")
        if person:
            self.database.execute(
                f"CREATE TABLE people AS SELECT name, row_number() OVER (ORDER BY name) - 1 AS number "
                f"FROM (SELECT DISTINCT {stripped(person)} AS name FROM filled)"
            )
            joined, number = f"JOIN people ON people.name = {stripped(person)}", "people.number"
        else:
            numbered = "SELECT row AS of_row, row_number() OVER (ORDER BY row) - 1 AS number FROM filled"
            joined, number = f"JOIN ({numbered}) AS people ON of_row = row", "people.number"
        cells = ", ".join(f"c{place}" for place in self.kept)
        self.database.execute(
            f"COPY (SELECT {cells}, {self.line} AS line, "
            f"{number} AS number, {self._place_of_department()} AS place FROM filled {joined}) "
            f"TO '{self.folder / 'parts'}' (FORMAT parquet, PARTITION_BY (place))"
        )
        self.database.execute("DROP VIEW filled; DROP TABLE raw; DROP TABLE IF EXISTS people; CHECKPOINT")

    def _place_of_department(self) -> str:
        """Return the expression for a row's place of its department among those of the study."""
        column = self.column(self.study.responses.columns.department or "")
        if column is None:
            return "0"
        codes = [written(department) for department in self.study.departments]
        looks = [look(code) for code in codes]
        texts = [text for (text,) in self.database.execute(f"SELECT DISTINCT {column} FROM filled").fetchall()]
        known = [
            (text, codes.index(text) if text in codes else looks.index(look(text)))
            for text in texts
            if look(text) in looks
        ]
        self.database.execute("CREATE OR REPLACE TABLE places (text VARCHAR, place INTEGER)")
        if known:
            self.database.executemany("INSERT INTO places VALUES (?, ?)", known)
        return f"(SELECT places.place FROM places WHERE places.text = {column})"

    def _of_department(self, place: int) -> tuple[RawTable | None, Any]:
        folder = self.folder / "parts" / f"place={place}"
        if not folder.is_dir():
            return None, None
        frame = self._frame(
            f"SELECT * FROM read_parquet('{folder}/*.parquet', hive_partitioning = false) ORDER BY line"
        )
        shutil.rmtree(folder)
        return self._named(frame.drop(columns=["number"])), frame["number"].to_numpy(dtype=np.int64)

    @property
    def columns(self) -> list[str]:
        """All columns of ``raw`` that the file has, also those that are not kept."""
        return [f"c{place}" for place in range(len(self.header.names))]

    def column(self, name: str) -> str | None:
        """Return the column of ``raw`` that has this name in the file, if any."""
        return next((f"c{place}" for place in self.kept if self.header.names[place] == name and name), None)

    def _table(self, where: str) -> RawTable:
        cells = ", ".join(f"c{place}" for place in self.kept)
        query = f"SELECT {cells}, {self.line} AS line FROM filled WHERE {where} ORDER BY row LIMIT {MOST_ROWS}"
        return self._named(self._frame(query))

    def _named(self, frame: pd.DataFrame) -> RawTable:
        rows = frame.pop("line").to_numpy(dtype=np.int64)
        names = [self.header.names[place] for place in self.kept]
        texts = frame.astype("str").set_axis(names, axis=1)
        return RawTable(frame=texts, rows=rows, file=self.file, notes=self.notes, separator=self.separator)

    def _frame(self, query: str) -> pd.DataFrame:
        table: Any = self.database.sql(query).to_arrow_table()
        frame: pd.DataFrame = table.to_pandas()
        return frame

    def _number(self, query: str) -> int:
        found = self.database.execute(query).fetchall()
        return int(found[0][0])


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


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def stripped(column: str) -> str:
    """Return the expression for a text without the spaces around it."""
    return f"trim({column}, {_literal(SPACES)})"


def _united(problems: Iterable[Problem]) -> list[Problem]:
    """Return problems that departments have in common as one, with all rows."""
    rows: dict[Problem, list[int]] = {}
    for problem in problems:
        rows.setdefault(replace(problem, rows=()), []).extend(problem.rows)
    return [replace(problem, rows=tuple(sorted(found))) for problem, found in rows.items()]


def _nothing_kept(rated: int) -> tuple[str, str]:
    if not rated:
        return "ICS-157", "no row holds an answer to a question of the questionnaire"
    return "ICS-161", f"all {rated} ratings are left out by the cleaning that the study asks for"
