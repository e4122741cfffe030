"""Moments of more answers than fit in memory: Parquet files read in parts, each part forgotten when it is counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from icstats.documents import did_you_mean, shown_path
from icstats.errors import ParameterError, Problem
from icstats.pairwise import PairwiseMoments, moments_of_answers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["Group", "moments_of_files"]

ROWS_AT_ONCE = 250_000
Group: TypeAlias = "tuple[str, ...]"
"""Values of the grouping columns, as text."""


def moments_of_files(
    files: Iterable[Path], *, items: Sequence[str], by: Sequence[str] = ("wave", "department")
) -> dict[Group, PairwiseMoments]:
    """Return the moments of every group of rows in Parquet files, for instance per wave and department.

    Memory is bounded by the number of groups and not by the number of rows. Files may lie on several machines: what
    each returns is merged to the same whole numbers.

    Parameters
    ----------
    files
        Parquet files with the same columns.
    items
        Columns with whole answers, null where there is none.
    by
        Columns that tell the groups apart.

    Returns
    -------
    dict
        Sorted by group; a row without a value in a grouping column belongs to the group with an empty text.

    Raises
    ------
    ParameterError
        When a file lacks a column or an item holds other than whole numbers.
    """
    found: dict[Group, PairwiseMoments] = {}
    names = tuple(items)
    for path in files:
        with pq.ParquetFile(path) as file:
            _require_columns(file.schema_arrow, [*items, *by], items, path)
            for batch in file.iter_batches(batch_size=ROWS_AT_ONCE, columns=[*items, *by]):
                for group, part in _parts(pa.Table.from_batches([batch]), names, by):
                    found[group] = found[group].merge(part) if group in found else part
    return dict(sorted(found.items()))


def _parts(table: pa.Table, names: tuple[str, ...], by: Sequence[str]) -> Iterator[tuple[Group, PairwiseMoments]]:
    """Yield each group of a part of a file, and its moments."""
    which, groups = _groups(table, by)
    order = np.argsort(which, kind="stable")
    answers, answered = _matrices(table, names)
    answers, answered = answers[order], answered[order]
    ends = np.searchsorted(which[order], np.arange(len(groups) + 1))
    for group, start, end in zip(groups, ends, ends[1:], strict=False):
        yield group, moments_of_answers(answers[start:end], answered[start:end], names)


def _groups(table: pa.Table, by: Sequence[str]) -> tuple[NDArray[np.integer], list[Group]]:
    """Return which group each row is in, and the groups."""
    which = np.zeros(table.num_rows, dtype=np.int64)
    groups: list[Group] = [()]
    for name in by:
        coded = pc.fill_null(table[name].cast(pa.string()), "").combine_chunks().dictionary_encode()
        values = coded.dictionary.to_pylist()
        which = which * len(values) + coded.indices.to_numpy()
        groups = [(*group, value) for group in groups for value in values]
    occurring, which = np.unique(which, return_inverse=True)
    return which.astype(np.int32), [groups[place] for place in occurring]


def _matrices(table: pa.Table, names: tuple[str, ...]) -> tuple[NDArray[np.int16], NDArray[np.bool_]]:
    """Return answers and whether there is one, rows by items."""
    answers = np.empty((table.num_rows, len(names)), dtype=np.int16, order="F")
    answered = np.empty((table.num_rows, len(names)), dtype=bool, order="F")
    for place, name in enumerate(names):
        try:
            column = table[name].cast(pa.int16())
        except pa.ArrowInvalid:
            raise _no_whole_numbers(name) from None
        answered[:, place] = column.is_valid().to_numpy()
        answers[:, place] = pc.fill_null(column, 0).to_numpy()
    return answers, answered


def _require_columns(schema: pa.Schema, wanted: Sequence[str], items: Sequence[str], path: Path) -> None:
    problems = [
        Problem(
            code="ICS-384",
            file=shown_path(path),
            column=name,
            message="this column is missing",
            hint=did_you_mean(name, schema.names),
        )
        for name in wanted
        if name not in schema.names
    ]
    if problems:
        raise ParameterError(problems)
    for name in items:
        kind = schema.field(name).type
        if not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
            raise _no_whole_numbers(name)


def _no_whole_numbers(name: str) -> ParameterError:
    return ParameterError(Problem(code="ICS-381", message="holds answers that are no whole numbers", column=name))
