# ruff: noqa: S608  what stands in the queries are names and texts that were quoted here
"""Survey files that are too large to read at once: DuckDB lays their text out by department, in bounded memory.

The rules stand in one place and are not told here. What each distinct text means is asked of the checks themselves,
with a few rows that hold them all; then every department's rows are checked by themselves, as a whole file is.
"""

from __future__ import annotations

import shutil
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from icstats.answers import look
from icstats.bulktext import literal, loaded, stripped
from icstats.columns import item_columns, key_columns, prefix, written
from icstats.errors import Problem, SurveyFileError
from icstats.prepared import Checked
from icstats.ratings import checked_table
from icstats.rawtable import RawTable, refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from icstats.bulktext import BulkText
    from icstats.study import Department, Study

__all__ = ["OF_ROWS", "OF_THE_WHOLE", "opened"]

MOST_TEXTS = 10_000
"""Distinct texts of a column that are looked at; answers, departments and waves have fewer."""
MOST_ROWS = 200_000
"""Rows at fault that are looked at, and told of."""
OF_ROWS = ("ICS-128", "ICS-130", "ICS-148", "ICS-149", "ICS-156")
"""Problems that cells have together with others of their row or of other rows of the department."""
OF_THE_WHOLE = ("ICS-157", "ICS-161")
"""Problems of a whole file that some of its rows may seem to have."""


@contextmanager
def opened(study: Study) -> Iterator[tuple[Sequence[str], Iterator[Checked]]]:
    """Give how a large survey file is read, and its checked ratings, one department after the other.

    Parameters
    ----------
    study
        See :func:`icstats.intake.is_bulk`.

    Raises
    ------
    SurveyFileError
        All that is wrong with the file: at once where a text is wrong, and after the last department where only rows
        beside each other show it.
    """
    with loaded(study) as text:
        bulk = _Bulk(text)
        remarks = bulk.looked_through()
        yield remarks, bulk.departments()


@dataclass
class _Bulk:
    """The ratings in the text of a large file."""

    text: BulkText
    joined: str = field(default="", init=False)
    number: str = field(default="row", init=False)
    items: tuple[str, ...] = field(default=(), init=False)

    @property
    def study(self) -> Study:
        return self.text.study

    def looked_through(self) -> tuple[str, ...]:
        """Return how the file was understood, after refusing what is wrong with any of its texts."""
        checked, _ = checked_table(self._table(self._witnesses()), self.study)
        wrong = [problem for problem in checked.problems if problem.code not in (*OF_ROWS, *OF_THE_WHOLE)]
        if wrong:
            raise SurveyFileError([*self._in_full(wrong), *self._of_rows()])
        return (*self.text.notes, *checked.remarks)

    def _witnesses(self) -> str:
        """Return the condition of one row for every text of a column that has few, and of doubtful respondents."""
        study, column = self.study, self.text.column
        keys = key_columns(study)
        few = [keys[name] for name in ("department", "wave", "role", "weight") if name in keys]
        grouped = [found for found in map(column, (*few, *self._closed())) if found is not None]
        queries = [f"SELECT min(row) FROM filled GROUP BY {found} LIMIT {MOST_TEXTS}" for found in grouped]
        if study.responses.layout == "long":
            queries += self._witnesses_of_long()
        person = column(keys.get("respondent", ""))
        if person:
            doubtful = f"{person} = '' OR contains({person}, 'E+') OR {self.text.padded(person)}"
            queries.append(f"SELECT row FROM filled WHERE {doubtful} LIMIT {MOST_ROWS}")
            if self.text.has_padded(person):
                partners = f"SELECT {stripped(person)} FROM filled WHERE {self.text.padded(person)}"
                queries.append(f"SELECT min(row) FROM filled WHERE {person} IN ({partners}) GROUP BY {person}")
        rows = {row for query in queries or ["SELECT min(row) FROM filled"] for row in self.text.numbers(query)}
        # Numbers that stand in the query are looked up where they are; a query in it would go through all rows.
        return f"row IN ({', '.join(map(str, sorted(rows)))})"

    def _closed(self) -> Iterator[str]:
        """Yield the columns of the file that hold the answers to one closed item."""
        study, columns = self.study, item_columns(self.study)
        closed = [columns[item.code] for item in study.questionnaire.items if item.responses is not None]
        starts = {"stacked": [""], "wide": [prefix(one, study) for one in study.departments], "long": []}
        yield from (start + column for start in starts[study.responses.layout] for column in closed)

    def _witnesses_of_long(self) -> Iterator[str]:
        """Yield the queries of one row for every item, and for every answer to a closed one."""
        pair = self._item_and_answer()
        if pair is None:
            return
        columns = item_columns(self.study)
        closed = [columns[item.code] for item in self.study.questionnaire.items if item.responses is not None]
        among = ", ".join(map(literal, closed))
        yield f"SELECT min(row) FROM filled GROUP BY {pair[0]} LIMIT {MOST_TEXTS}"
        yield f"SELECT min(row) FROM filled WHERE {pair[0]} IN ({among}) GROUP BY {', '.join(pair)} LIMIT {MOST_TEXTS}"

    def _item_and_answer(self) -> tuple[str, str] | None:
        named = self.study.responses.columns
        item, answer = self.text.column(named.item), self.text.column(named.answer)
        return None if item is None or answer is None else (item, answer)

    def _in_full(self, wrong: Sequence[Problem]) -> tuple[Problem, ...]:
        """Return problems with all rows that have them: all rows with the texts that were found wrong."""
        where = [self._witnesses()]
        for problem in wrong:
            column, pair = self.text.column(problem.column), self._item_and_answer()
            if column and problem.rows:
                rows = ", ".join(map(str, problem.rows))
                of_long = self.study.responses.layout == "long" and pair is not None and column == pair[1]
                same = ", ".join(pair) if of_long and pair else column
                where.append(f"({same}) IN (SELECT {same} FROM filled WHERE {self.text.line} IN ({rows}))")
        table = self._table(" OR ".join(where))
        checked, _ = checked_table(table, self.study)
        found = tuple(problem for problem in checked.problems if problem.code not in (*OF_ROWS, *OF_THE_WHOLE))
        if len(table.frame) < MOST_ROWS:
            return found
        message = f"more than {MOST_ROWS:,} rows are wrong; no further ones were looked at"
        return (*found, Problem(code="ICS-162", file=self.text.file, message=message))

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
        wide = study.responses.layout == "wide"
        self._number_people()
        self._find_items()
        if not wide:
            self._part()
        problems, rated, kept = list[Problem](), 0, 0
        for place, department in enumerate(study.departments):
            table, numbers = self._of_wide(department) if wide else self._of_department(place)
            if table is None:
                continue
            own = study.model_copy(update={"departments": (department,)}) if wide else study
            checked, respondents = checked_table(table, own)
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
            raise refused(*_nothing_kept(rated), file=self.text.file)

    def _with_decimal(self) -> Study:
        """Return the study with the sign before decimals that all weights of the file show together."""
        source = self.study.responses
        weight = self.text.column(source.columns.weight or "")
        if weight is None or source.decimal is not None:
            return self.study
        comma = self.text.number(f"SELECT count(*) FROM filled WHERE contains({weight}, ',')")
        return self.study.model_copy(update={"responses": source.model_copy(update={"decimal": "," if comma else "."})})

    def _number_people(self) -> None:
        """Find out how every row's respondent is numbered: ``number``, with what has to be joined to ``filled``."""
        database, person = self.text.database, self.text.column(self.study.responses.columns.respondent or "")
        rated = ""
        if self.study.responses.layout == "wide":
            rated = f" WHERE {' OR '.join(map(self._rates, self.study.departments))}"
        if person:
            name = stripped(person) if self.text.has_padded(person) else person
            database.execute(
                f"CREATE TABLE people AS SELECT name, row_number() OVER (ORDER BY name) - 1 AS number "
                f"FROM (SELECT DISTINCT {name} AS name FROM filled{rated})"
            )
            self.joined, self.number = f"JOIN people ON people.name = {name}", "people.number"
        elif rated or self.text.has_blank:
            database.execute(
                "CREATE TABLE people AS SELECT row AS of_row, row_number() OVER (ORDER BY row) - 1 AS number "
                f"FROM filled{rated}"
            )
            self.joined, self.number = "JOIN people ON of_row = row", "people.number"

    def _rates(self, department: Department) -> str:
        return "(" + (" OR ".join(f"{column} <> ''" for column in self._of(department)) or "false") + ")"

    def _of(self, department: Department) -> list[str]:
        """Return the columns of a wide file that are about a department."""
        start = prefix(department, self.study)
        found = (self.text.column(start + column) for column in item_columns(self.study).values())
        return [column for column in found if column is not None]

    def _find_items(self) -> None:
        """Note which items a long file holds: a department's own rows may lack some."""
        pair = self._item_and_answer()
        if self.study.responses.layout == "long" and pair is not None:
            found = self.text.database.execute(f"SELECT DISTINCT {pair[0]} FROM filled").fetchall()
            self.items = tuple(text for (text,) in found)

    def _part(self) -> None:
        """Write the rows of each department to files of its own, with a number for every respondent."""
        database, cells = self.text.database, ", ".join(f"c{place}" for place in self.text.kept)
        # Every department's file stays open, so that each is written in few large parts.
        database.execute(f"SET partitioned_write_max_open_files = {len(self.study.departments) + 1}")
        database.execute(
            f"COPY (SELECT {cells}, {self.text.line} AS line, "
            f"{self.number} AS number, {self._place_of_department()} AS place FROM filled {self.joined}) "
            f"TO '{self.text.folder / 'parts'}' (FORMAT parquet, PARTITION_BY (place))"
        )
        database.execute("DROP VIEW filled; DROP TABLE raw; DROP TABLE IF EXISTS people; CHECKPOINT")

    def _of_wide(self, department: Department) -> tuple[RawTable | None, Any]:
        """Return what a wide file says about one department."""
        answers = self._of(department)
        if not answers:
            return None, None
        about = (*key_columns(self.study).values(), *self.study.responses.attributes)
        described = [column for column in map(self.text.column, about) if column is not None]
        frame = self.text.frame(
            f"SELECT {', '.join([*described, *answers])}, {self.text.line} AS line, {self.number} AS number "
            f"FROM filled {self.joined} WHERE {self._rates(department)} ORDER BY row"
        )
        return self._numbered(frame)

    def _numbered(self, frame: pd.DataFrame) -> tuple[RawTable | None, Any]:
        if frame.empty:
            return None, None
        return self._named(frame.drop(columns=["number"])), frame["number"].to_numpy(dtype=np.int64)

    def _place_of_department(self) -> str:
        """Return the expression for a row's place of its department among those of the study."""
        column = self.text.column(self.study.responses.columns.department or "")
        if column is None:
            return "0"
        codes = [written(department) for department in self.study.departments]
        looks = [look(code) for code in codes]
        texts = [text for (text,) in self.text.database.execute(f"SELECT DISTINCT {column} FROM filled").fetchall()]
        known = [
            (text, codes.index(text) if text in codes else looks.index(look(text)))
            for text in texts
            if look(text) in looks
        ]
        self.text.database.execute("CREATE OR REPLACE TABLE places (text VARCHAR, place INTEGER)")
        if known:
            self.text.database.executemany("INSERT INTO places VALUES (?, ?)", known)
        return f"(SELECT places.place FROM places WHERE places.text = {column})"

    def _of_department(self, place: int) -> tuple[RawTable | None, Any]:
        folder = self.text.folder / "parts" / f"place={place}"
        if not folder.is_dir():
            return None, None
        frame = self.text.frame(
            f"SELECT * FROM read_parquet('{folder}/*.parquet', hive_partitioning = false) ORDER BY line"
        )
        shutil.rmtree(folder)
        return self._numbered(frame)

    def _table(self, where: str) -> RawTable:
        cells = ", ".join(f"c{place}" for place in self.text.kept)
        query = f"SELECT {cells}, {self.text.line} AS line FROM filled WHERE {where} ORDER BY row LIMIT {MOST_ROWS}"
        return self._named(self.text.frame(query))

    def _named(self, frame: pd.DataFrame) -> RawTable:
        rows = frame.pop("line").to_numpy(dtype=np.int64)
        names = [self.text.header.names[int(str(column).removeprefix("c"))] for column in frame]
        # What DuckDB gives as numbers of texts stays so: each text is then looked at once and not once per row.
        stacked = self.study.responses.layout == "stacked"
        coded = [name for name, kind in frame.dtypes.items() if stacked and isinstance(kind, pd.CategoricalDtype)]
        department = self.text.column(self.study.responses.columns.department or "")
        plain = {name: "str" for name in frame if name not in coded or name == department}
        return RawTable(
            frame=frame.astype(plain).set_axis(names, axis=1),
            rows=rows,
            file=self.text.file,
            notes=self.text.notes,
            separator=self.text.separator,
            elsewhere=self.items,
        )


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
