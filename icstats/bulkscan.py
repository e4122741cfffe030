# ruff: noqa: S608  what stands in the queries are names of columns and numbers
"""The leak scan of a survey file that is too large to be read at once.

Nothing is sampled: what is looked for lies in a database on disk, and the words, beginnings of texts and runs of
answers of every released file are looked up there. What is in both goes through the scan of smaller files.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from icstats.bulktext import loaded, stripped
from icstats.intake import is_bulk
from icstats.leakscan import (
    COMPARED,
    SHORTEST_KEY,
    SHORTEST_TEXT,
    LeakScan,
    Scan,
    is_telling,
    own_words,
    plain_of,
    runs_of,
    stretches,
    texts_in,
    words_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import duckdb

    from icstats.bulktext import BulkText
    from icstats.responses import Responses
    from icstats.study import Study

__all__ = ["BulkScan", "scan_of"]

NO_WORD = r"[^\p{L}\p{N}]+"
"""What stands between words, as :func:`icstats.leakscan.plain_of` sees it."""

AT_ONCE = 200_000
"""So many beginnings of texts of a released file are looked up at a time."""


@contextmanager
def scan_of(study: Study, responses: Responses) -> Iterator[Scan]:
    """Give the leak scan of a survey, whatever the size of its file; the same is looked for.

    Parameters
    ----------
    study
        The study.
    responses
        Its prepared answers.

    Raises
    ------
    SurveyFileError
        If the survey file cannot be read any more.
    """
    if not is_bulk(study.responses):
        yield LeakScan.of(study, responses)
        return
    with loaded(study) as bulk:
        _keep_what_is_looked_for(bulk)
        for rows in stretches(study, responses):
            _insert(bulk.database, "rows", pa.array(rows.view("<i8").ravel()))
        own = own_words(study)
        yield BulkScan(database=bulk.database, own=own, said=plain_of(own))


@dataclass(frozen=True, kw_only=True, repr=False)
class BulkScan(Scan):
    """What must not be in any released file, in a database; made by :func:`scan_of`.

    Attributes
    ----------
    database
        Tables ``keys``, ``texts`` (``given``: how it begins) and ``rows`` (of so many answers, one byte each).
    own, said
        What the study says itself, which is no secret; as it stands, and as texts are compared.
    """

    database: duckdb.DuckDBPyConnection
    own: str
    said: str

    def finds(self, content: bytes) -> list[str]:
        """Return what a file holds that it must not, in words."""
        keys, rows, texts = set[str](), set[bytes](), dict[str, set[str]]()
        for text in texts_in(content):
            keys.update(self._known("keys", "given", words_of(text)))
            runs = (int.from_bytes(run, "little", signed=True) for run in runs_of(text))
            rows.update(row.to_bytes(8, "little", signed=True) for row in self._known("rows", "given", runs))
            plain = plain_of(text)
            starts = (plain[place : place + SHORTEST_TEXT] for place in range(len(plain) - SHORTEST_TEXT + 1))
            for known in self._known("texts", "text", starts):
                if known not in self.said:
                    texts.setdefault(known[:SHORTEST_TEXT], set()).add(known)
        return LeakScan(
            keys=frozenset(key for key in keys if is_telling(key) and key not in self.own),
            texts={start: tuple(sorted(known)) for start, known in texts.items()},
            rows=frozenset(rows),
        ).finds(content)

    def _known(self, table: str, column: str, given: Iterable[Any]) -> Iterator[Any]:
        """Yield a column of the rows of a table that are among what is given."""
        given = iter(given)
        while part := list(dict.fromkeys(islice(given, AT_ONCE))):
            _register(self.database, pa.array(part))
            found = self.database.execute(f"SELECT DISTINCT {column} FROM {table} SEMI JOIN asked USING (given)")
            yield from (value for (value,) in found.fetchall())
            self.database.unregister("asked")


def _keep_what_is_looked_for(bulk: BulkText) -> None:
    """Leave keys and rare texts in the database, of all columns of the file as they stand, and nothing else."""
    database, study = bulk.database, bulk.study
    respondent = bulk.column(study.responses.columns.respondent or "")
    key = "''" if respondent is None else stripped(respondent)
    database.execute(
        f"CREATE TABLE keys AS SELECT DISTINCT {key} AS given FROM raw WHERE length({key}) >= ?", [SHORTEST_KEY]
    )
    database.execute("CREATE TABLE texts (given VARCHAR, text VARCHAR); CREATE TABLE rows (given BIGINT)")
    for column in bulk.columns:
        database.execute(
            f"INSERT INTO texts SELECT DISTINCT substring(plain, 1, {SHORTEST_TEXT}), substring(plain, 1, {COMPARED}) "
            f"FROM (SELECT trim(regexp_replace(lower({column}), ?, ' ', 'g')) AS plain FROM raw "
            f"WHERE length({column}) >= {SHORTEST_TEXT} GROUP BY {column} HAVING count(*) < ?) "
            f"WHERE length(plain) >= {SHORTEST_TEXT} AND NOT regexp_full_match(plain, '[0-9 ]+')",
            [NO_WORD, study.policy.minimum_group],
        )
    database.execute("DROP VIEW filled; DROP TABLE raw; DROP TABLE IF EXISTS lines; CHECKPOINT")


def _insert(database: duckdb.DuckDBPyConnection, table: str, values: pa.Array) -> None:
    _register(database, values)
    database.execute(f"INSERT INTO {table} SELECT DISTINCT given FROM asked")
    database.unregister("asked")


def _register(database: duckdb.DuckDBPyConnection, values: pa.Array) -> None:
    database.register("asked", pa.table({"given": values}))
