"""The prepared answers on disk: one Parquet file per wave and department, whole or not there at all.

A store is made in a folder of its own beside its place and renamed into it when everything is on disk. Its list of
contents holds the fingerprint of each file, so that a file that was damaged later is refused when it is read, and
that one only.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field, ValidationError

from icstats.ahead import one_ahead
from icstats.documents import shown_path
from icstats.errors import Problem, RunError
from icstats.questionnaire import Strict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import pandas as pd

__all__ = [
    "ALL_COUNTS",
    "COUNTS",
    "Contents",
    "Finding",
    "fingerprints_of",
    "open_store",
    "partition",
    "read_frame",
    "remembered_digest",
    "write_store",
]

LIST, COUNTS = "store.json", "counts.parquet"
ALL_COUNTS = "icstats.all_counts"
"""Audit event: somebody reads the counts of all departments, for whoever observes what a notebook rests on."""
PRIVATE = 0o700
MAKING, DIGEST = ".making-", "digest-"
ABANDONED_SECONDS = 24 * 60 * 60


class Finding(Strict):
    """How many ratings of a department in a wave are of one kind that may not be meant; see :mod:`icstats.tally`."""

    kind: str
    wave: str
    department: str
    n: int


class Contents(Strict):
    """What a store holds; ``store.json``.

    Attributes
    ----------
    fingerprint
        Of everything that the answers follow from.
    waves, departments
        There are two files for each pair, also when nobody rated the department in that wave.
    attributes
        Names of the columns that describe the customer.
    n_ratings
        Number of ratings in all files together.
    notes
        What was noted when the survey file was read.
    findings
        Ratings that may not be meant.
    files
        Path within the store -> SHA-256 of the file.
    """

    fingerprint: str
    waves: tuple[str, ...]
    departments: tuple[str, ...]
    attributes: tuple[str, ...]
    n_ratings: int
    notes: tuple[str, ...]
    findings: tuple[Finding, ...] = ()
    files: dict[str, str] = Field(default_factory=dict)


def partition(wave: str, department: str) -> str:
    """Return the path of a department's file within the store."""
    return f"wave={wave}/department={department}.parquet"


def fingerprints_of(wave: str, department: str) -> str:
    """Return the path of the fingerprints of a department's ratings within the store."""
    return f"wave={wave}/fingerprints={department}.parquet"


def open_store(folder: Path, fingerprint: str) -> Contents | None:
    """Return what the store holds; None when it is not there, not whole, or made from something else.

    The departments' files are not opened: each is checked when it is read.
    """
    try:
        contents = Contents.model_validate_json((folder / LIST).read_bytes())
        expected = {
            COUNTS,
            *(
                path(wave, slug)
                for wave in contents.waves
                for slug in contents.departments
                for path in (partition, fingerprints_of)
            ),
        }
        whole = contents.fingerprint == fingerprint and set(contents.files) == expected
        return contents if whole and _digest((folder / COUNTS).read_bytes()) == contents.files[COUNTS] else None
    except (OSError, ValidationError):
        return None


def read_frame(folder: Path, contents: Contents, name: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Read one file of a store, and no other.

    Raises
    ------
    RunError
        When the file is gone or is not what was written.
    """
    try:
        content = (folder / name).read_bytes()
    except OSError as error:
        raise _damaged(folder, name, f"cannot be read ({(error.strerror or 'unknown reason').lower()})") from None
    if _digest(content) != contents.files[name]:
        raise _damaged(folder, name, "are not what was written")
    # Without threads: under a memory limit none can start, and what waits for one waits for ever.
    wanted = None if columns is None else list(columns)
    table = pq.read_table(pa.BufferReader(content), columns=wanted, use_threads=False)
    frame: pd.DataFrame = table.to_pandas(use_threads=False)
    return frame


def write_store(
    folder: Path, contents: Callable[[], Contents], tables: Iterable[tuple[str, pa.Table]], *, replace: bool
) -> Contents:
    """Write a store that appears whole or not at all.

    Parameters
    ----------
    folder
        Where it will be.
    contents
        Called when all tables are written: what it holds, ``files`` still empty.
    tables
        Path within the store and its table, one at a time; ``counts.parquet`` among them.
    replace
        Put it in the place of a whole store with the same fingerprint, instead of keeping that one.

    Raises
    ------
    RunError
        When it cannot be written; nothing is left behind.
    """
    with _writing(folder):
        folder.parent.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        _remove_abandoned(folder.parent)
        made = Path(tempfile.mkdtemp(prefix=f"{MAKING}{folder.name}-", dir=folder.parent))
        try:
            with one_ahead(tables) as coming:
                files = {name: _write(made / name, table) for name, table in coming}
            written = contents().model_copy(update={"files": files})
            _write_bytes(made / LIST, written.model_dump_json(indent=1).encode())
            _sync(made)
            return _publish(made, folder, written, replace=replace)
        finally:
            shutil.rmtree(made, ignore_errors=True)


def _publish(made: Path, folder: Path, written: Contents, *, replace: bool) -> Contents:
    """Rename the store into its place, and hold on to the one that another process put there meanwhile."""
    there = None if replace else open_store(folder, written.fingerprint)
    if there is not None:
        return there
    aside = made.with_name(f"{made.name}-old")
    with suppress(FileNotFoundError):
        folder.rename(aside)
    try:
        made.rename(folder)
    except OSError:
        there = open_store(folder, written.fingerprint)
        if there is None:
            raise
        return there
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return written


def _write(path: Path, table: pa.Table) -> str:
    buffer = pa.BufferOutputStream()
    # A list of the distinct values pays where few of many differ, which numbers of 64 bits do not.
    listed = [column.name for column in table.schema if column.type not in (pa.int64(), pa.float64())]
    pq.write_table(table, buffer, use_dictionary=listed, write_statistics=False)
    content = memoryview(buffer.getvalue())
    _write_bytes(path, content)
    return _digest(content)


def _write_bytes(path: Path, content: bytes | memoryview) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)


def _sync(folder: Path) -> None:
    """Make sure that contents and names are on disk: after all was written, when most of it is there already."""
    for path in (*folder.rglob("*"), folder):
        if path.is_dir() and os.name == "nt":  # it has no such call for folders
            continue
        descriptor = os.open(path, os.O_RDWR if path.is_file() else os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def remembered_digest(file: Path, folder: Path) -> str:
    """Return the SHA-256 of a large file, from memory while its size and the time of its last change are the same.

    What is remembered lies with the prepared answers; where there are none, nothing is written.
    """
    about = file.stat()
    stamp = [str(file), about.st_size, about.st_mtime_ns, about.st_ino]
    memory = folder / f"{DIGEST}{hashlib.sha256(str(file).encode()).hexdigest()[:16]}.json"
    with suppress(OSError, ValueError):
        known = json.loads(memory.read_bytes())
        if known["stamp"] == stamp:
            return str(known["digest"])
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if folder.is_dir():
        memory.write_text(json.dumps({"stamp": stamp, "digest": digest}), encoding="utf-8")
    return digest


def _digest(content: bytes | memoryview) -> str:
    return hashlib.sha256(content).hexdigest()


def _remove_abandoned(parent: Path) -> None:
    """Remove what a killed process left: it holds answers."""
    for path in parent.glob(f"{MAKING}*"):
        with suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > ABANDONED_SECONDS:
                shutil.rmtree(path, ignore_errors=True)


def _damaged(folder: Path, name: str, what: str) -> RunError:
    return RunError(
        Problem(
            code="ICS-725",
            message=f"these prepared answers {what}",
            file=shown_path(folder / name),
            hint=f"Remove the folder {folder.name}: it is made again from the survey file.",
        )
    )


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise RunError(
            Problem(
                code="ICS-726",
                message=f"the prepared answers cannot be written: {reason}",
                file=shown_path(folder.parent),
                hint='Give the study another folder under "store".',
            )
        ) from None
