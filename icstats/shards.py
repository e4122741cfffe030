"""Moments of more answers than fit in memory: Parquet files read in parts, each part forgotten when it is counted.

Files that lie on several machines are counted where they lie, as a Dask graph, and summed to the same whole numbers.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from threadpoolctl import threadpool_limits

from icstats.documents import did_you_mean, shown_path
from icstats.errors import ParameterError, Problem
from icstats.moments import Moments
from icstats.pairwise import PairwiseMoments, beside_each_other, cross_products, of_totals

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["Group", "complete_moments_of_files", "graph_of_moments", "moments_of_files"]

ROWS_AT_ONCE = 25_000
MERGED_AT_ONCE = 8
"""Parts of a Dask graph that are put together in one task."""
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
    totals, rows = _totals(files, tuple(items), by, complete=False)
    return {group: of_totals(total, n=rows[group], names=tuple(items)) for group, total in sorted(totals.items())}


def complete_moments_of_files(
    files: Iterable[Path], *, items: Sequence[str], by: Sequence[str] = ("wave", "department")
) -> dict[Group, Moments]:
    """Return the moments of the rows that answer every item: what regressions and importance are made from.

    :func:`icstats.importance.lmg` and its like take them in the place of the rows.

    Parameters
    ----------
    files, items, by
        As in :func:`moments_of_files`.

    Returns
    -------
    dict
        Sorted by group, of the rows that answer every item.

    Raises
    ------
    ParameterError
        As :func:`moments_of_files`.
    """
    totals, rows = _totals(files, tuple(items), by, complete=True)
    k = len(items)
    return {
        group: Moments(
            names=tuple(items),
            n=rows[group],
            weight=float(rows[group]),
            weight_squares=float(rows[group]),
            sums=np.diag(total[:k, k:]).copy(),
            products=total[:k, :k].copy(),
        )
        for group, total in sorted(totals.items())
    }


def graph_of_moments(files: Iterable[Path], *, items: Sequence[str], by: Sequence[str] = ("wave", "department")) -> Any:  # noqa: ANN401  a class of an extra
    """Return the Dask graph of :func:`moments_of_files`: a task per file, then sums of sums.

    ``.compute()`` gives the same whole numbers whatever the scheduler, the workers and the order in which they are
    done. The files lie where every worker can read them.

    Parameters
    ----------
    files, items, by
        As in :func:`moments_of_files`.

    Returns
    -------
    dask.delayed.Delayed
        Of what :func:`moments_of_files` returns.

    Raises
    ------
    ParameterError
        When there is no file, or Dask is not installed.
    """
    try:
        from dask.delayed import delayed  # noqa: PLC0415  an extra
    except ImportError:
        raise ParameterError("A graph needs Dask.", code="ICS-735", hint='pip install "icstats[cluster]"') from None
    parts = [delayed(moments_of_files)([path], items=tuple(items), by=tuple(by)) for path in files]
    if not parts:
        raise ParameterError("there are no moments to merge", code="ICS-383")
    while len(parts) > 1:
        parts = [
            delayed(_united)(parts[start : start + MERGED_AT_ONCE]) for start in range(0, len(parts), MERGED_AT_ONCE)
        ]
    return parts[0]


def _united(parts: Iterable[Mapping[Group, PairwiseMoments]]) -> dict[Group, PairwiseMoments]:
    """Return the moments of every group in any of the parts."""
    found: dict[Group, PairwiseMoments] = {}
    for part in parts:
        for group, moments in part.items():
            found[group] = found[group].merge(moments) if group in found else moments
    return dict(sorted(found.items()))


def _totals(
    files: Iterable[Path], names: tuple[str, ...], by: Sequence[str], *, complete: bool
) -> tuple[dict[Group, NDArray[np.int64]], Counter[Group]]:
    """Return cross-products and number of rows of every group; of its complete rows, where those are asked for."""
    totals: dict[Group, NDArray[np.int64]] = {}
    rows: Counter[Group] = Counter()
    for path in files:
        _require_columns(pq.read_schema(path), [*names, *by], names, path)
        # Threads that wait for each other cost more than such small products.
        with pq.ParquetFile(path, read_dictionary=list(by)) as file, threadpool_limits(1, user_api="blas"):
            for batch in file.iter_batches(batch_size=ROWS_AT_ONCE, columns=[*names, *by], use_threads=False):
                for group, every in _parts(pa.Table.from_batches([batch]), names, by):
                    both = every[every[:, len(names) :].all(axis=1)] if complete else every
                    products = cross_products(both)
                    totals[group] = totals[group] + products if group in totals else products
                    rows[group] += len(both)
    return totals, rows


def _parts(
    table: pa.Table, names: tuple[str, ...], by: Sequence[str]
) -> Iterator[tuple[Group, NDArray[np.floating[Any]]]]:
    """Yield each group of a part of a file, and its rows."""
    which, groups = _groups(table, by)
    both = beside_each_other(*_matrices(table, names))[np.argsort(which, kind="stable")]
    ends = np.cumsum(np.bincount(which, minlength=len(groups)))
    for group, start, end in zip(groups, [0, *ends], ends, strict=False):
        yield group, both[start:end]


def _groups(table: pa.Table, by: Sequence[str]) -> tuple[NDArray[np.uint16], list[Group]]:
    """Return which group each row is in, and the groups."""
    which = np.zeros(table.num_rows, dtype=np.int64)
    groups: list[Group] = [()]
    for name in by:
        column = table[name].combine_chunks()
        coded = column if pa.types.is_dictionary(column.type) else column.cast(pa.string()).dictionary_encode()
        values = [*(str(value) for value in coded.dictionary.to_pylist()), ""]
        which = which * len(values) + pc.fill_null(coded.indices, len(values) - 1).to_numpy()
        groups = [(*group, value) for group in groups for value in values]
    occurs = np.bincount(which, minlength=len(groups)) > 0
    # So few rows have so few groups that their numbers are short, which are sorted many times faster.
    numbers = (np.cumsum(occurs) - 1).astype(np.uint16)
    return numbers[which], [groups[place] for place in np.flatnonzero(occurs)]


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
