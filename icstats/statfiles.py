"""Files of statistics programs: SPSS, Stata and Parquet, with their labels and their missing values."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, time, timedelta
from io import BytesIO
from math import isnan
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from icstats.errors import Problem, SurveyFileError
from icstats.rawtable import RawTable, refused
from icstats.sheetcells import number_as_typed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from icstats.surveyfile import ResponsesFile

__all__ = ["parse_parquet", "parse_statfile"]

READERS = {".sav": "read_sav", ".zsav": "read_sav", ".por": "read_por", ".dta": "read_dta"}
AGAIN = "Export it again."
LARGEST_UNPACKED = 2 * 2**30
"""Bytes of a table when it is unpacked."""
LARGEST_RATIO = 200
"""Times that a file of statistics programs may grow when it is unpacked."""
SMALL = 100 * 2**20
"""Bytes that a table may have however small its file is."""
MOST_CELLS = 50_000_000
"""Cells of a Parquet file that is read at once; equal ones take no room in it."""
MIDNIGHT = time()
OF_DAMAGE = (ArithmeticError, LookupError, MemoryError, OSError, TypeError, ValueError)
"""What the reader raises, besides its own errors, at a header that says what is not so."""


def parse_statfile(content: bytes, source: ResponsesFile, name: str) -> RawTable:
    """Return the table of an SPSS (.sav, .zsav, .por) or Stata (.dta) file.

    Cells hold codes, not labels. A value that the file itself declares missing is an empty cell, and counted in the
    notes, unless the settings say what it means: by its code or its label under ``not_asked``, ``not_applicable`` or
    ``dont_know``.
    """
    import pyreadstat  # noqa: PLC0415  slow to import

    suffix = source.file.suffix.lower()
    read = getattr(pyreadstat, READERS[suffix])
    missing = {} if suffix == ".por" else {"user_missing": True}
    # The reader wants a path; what is read must be what the fingerprint was taken of.
    with TemporaryDirectory() as folder:
        copy = Path(folder) / f"survey{suffix}"
        copy.write_bytes(content)
        try:
            _require_plausible(read(str(copy), metadataonly=True, **missing)[1], len(content), name)
            frame, about = read(str(copy), **missing)
        except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, *OF_DAMAGE):
            raise refused("ICS-115", "the file is damaged: it cannot be read", file=name, hint=AGAIN) from None
    labels = {
        column: {_text(code): " ".join(str(label).split()) for code, label in named.items()}
        for column, named in about.variable_value_labels.items()
    }
    texts = _table(frame, name)
    declared = {**_ranges(about.missing_ranges), **_ranges(about.missing_user_values)}
    texts, notes = _without_missing(texts, frame, declared, labels, source)
    sets = tuple(
        f'multiple-response set "{title}": {", ".join(found["variable_list"])}'
        for title, found in about.mr_sets.items()
    )
    return RawTable(
        frame=texts,
        rows=np.arange(1, len(texts) + 1),
        file=name,
        notes=(*notes, *sets),
        questions={column: text for column, text in about.column_names_to_labels.items() if text},
        labels=labels,
    )


def parse_parquet(content: bytes, name: str) -> RawTable:
    """Return the table of a Parquet file, every cell as text."""
    import pyarrow as pa  # noqa: PLC0415  as the other readers
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        schema = pq.read_schema(BytesIO(content))
        # A text that stands in a million cells is in the file once, and is to be in memory once.
        texts = [column.name for column in schema if pa.types.is_string(column.type)]
        file = pq.ParquetFile(BytesIO(content), read_dictionary=texts)
        groups = [file.metadata.row_group(place).total_byte_size for place in range(file.metadata.num_row_groups)]
        _require_small(sum(groups), name)
        cells = file.metadata.num_rows * file.metadata.num_columns
        if cells > MOST_CELLS:
            message = f"it has {cells:,} cells; up to {MOST_CELLS:,} are read at once"
            raise refused("ICS-116", message, file=name, hint="Split it.")
        frame = file.read().to_pandas(ignore_metadata=True)
    except (pa.ArrowException, OSError):
        raise refused("ICS-115", "the file is damaged: it cannot be read", file=name, hint=AGAIN) from None
    return RawTable(frame=_table(frame, name), rows=np.arange(1, len(frame) + 1), file=name)


def _require_plausible(about: Any, packed: int, name: str) -> None:  # noqa: ANN401  a class of pyreadstat
    """Refuse a file that says it is far larger than it can be."""
    width = sum(max(8, int(size)) for size in about.variable_storage_width.values())
    unpacked = (about.number_rows or 0) * width
    _require_small(unpacked, name)
    if unpacked > max(SMALL, LARGEST_RATIO * packed):
        message = f"unpacked it is {unpacked // packed:,} times as large, as no survey file is"
        raise refused("ICS-116", message, file=name, hint=AGAIN)


def _require_small(unpacked: int, name: str) -> None:
    if unpacked > LARGEST_UNPACKED:
        raise refused("ICS-116", f"unpacked it has {unpacked / 2**20:,.0f} MB", file=name, hint="Split it.")


def _table(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the frame as text, after making sure that it can be one."""
    names = [str(column) for column in frame.columns]
    twice = [column for column, times in Counter(names).items() if times > 1]
    if twice:
        message = "several columns have the same name"
        raise SurveyFileError([Problem(code="ICS-112", message=message, file=name, column=one) for one in twice])
    if not len(frame):
        raise refused("ICS-107", "the file has a header and no answers", file=name, hint=AGAIN)
    columns, size = {}, 0
    for place, column in enumerate(names):
        which, texts = _texts(frame.iloc[:, place])
        size += int(np.array([len(text) for text in texts])[which].sum())
        _require_small(size, name)
        columns[column] = pd.Series(pd.array(np.array(texts, dtype=object)[which], dtype="str"))
    return pd.DataFrame(columns)


def _texts(column: pd.Series[Any]) -> tuple[NDArray[np.intp], list[str]]:
    """Return the distinct texts of a column, and which of them stands in each row."""
    which, values = pd.factorize(column, use_na_sentinel=True)
    return which, [*(_text(value) for value in values), ""]


def _text(value: Any) -> str:  # noqa: ANN401  whatever a cell can hold
    """Return a cell as a person would type it: 5 and not 5.0, a date as 2026-01-03."""
    if isinstance(value, bool | np.bool_):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float | np.floating):
        return "" if isnan(value) else number_as_typed(float(value))
    if isinstance(value, datetime):
        return (value.date() if value.time() == MIDNIGHT else value).isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value).split(" days ")[-1] if isinstance(value, timedelta) else str(value).rstrip()


def _ranges(declared: Mapping[str, Sequence[Any]]) -> dict[str, list[tuple[Any, Any]]]:
    return {
        column: [(one["lo"], one["hi"]) if isinstance(one, dict) else (one, one) for one in values]
        for column, values in declared.items()
    }


def _without_missing(
    texts: pd.DataFrame,
    frame: pd.DataFrame,
    declared: Mapping[str, Sequence[tuple[Any, Any]]],
    labels: Mapping[str, Mapping[str, str]],
    source: ResponsesFile,
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Empty the cells that the file declares missing, except where the settings know better."""
    meanings = {*source.not_asked, *source.not_applicable, *source.dont_know}
    columns: dict[str, Any] = {}
    notes = []
    for column, ranges in declared.items():
        cells = texts[column].to_numpy(dtype=object).copy()
        emptied: Counter[str] = Counter()
        for code in _missing_codes(frame[column], ranges):
            text = _text(code)
            label = labels.get(column, {}).get(text, "")
            here = cells == text
            if label in meanings:
                cells[here] = label
            elif text not in meanings:
                cells[here] = ""
                emptied[f"{text} ({label})" if label else text] += int(here.sum())
        columns[column] = pd.array(cells, dtype="str")
        if emptied:
            listed = ", ".join(f"{code}: {times}" for code, times in sorted(emptied.items()))
            notes.append(f"{column}: declared missing in the file, so taken as no answer ({listed})")
    return texts.assign(**columns), tuple(notes)


def _missing_codes(column: pd.Series[Any], ranges: Sequence[tuple[Any, Any]]) -> Iterator[Any]:
    for value in column.dropna().unique():
        if any(_within(value, low, high) for low, high in ranges):
            yield value


def _within(value: Any, low: Any, high: Any) -> bool:  # noqa: ANN401  codes are numbers or letters
    if isinstance(value, int | float) and isinstance(low, int | float):
        return bool(low <= value <= high)
    return isinstance(value, str) and isinstance(low, str) and value.rstrip() == low.rstrip()
