"""A receipt per department: what its notebooks were made from, what came of them, and what its files are.

It lies beside the files, and it alone says what is done: papermill calls a notebook completed that was killed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pydantic import Field, ValidationError

from icstats.collation import RESULTS
from icstats.engine import Reads, file_digest, write_whole
from icstats.questionnaire import Strict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

__all__ = [
    "RECEIPT",
    "NotebookReceipt",
    "Receipt",
    "Stamp",
    "Standing",
    "begun",
    "read_receipt",
    "standing",
    "write_receipt",
]

RECEIPT = "receipt.json"

Ending = Literal["done", "failed", "timed_out", "interrupted"]


class Stamp(Strict):
    """What a file was when it was written.

    Attributes
    ----------
    digest
        SHA-256 of the file.
    size, changed
        Bytes, and time of the last change in nanoseconds: while these are the same, the file is not read again.
    clean
        Whether it was looked through for leaks, and none was found.
    """

    digest: str
    size: int
    changed: int
    clean: bool = False

    @classmethod
    def of(cls, path: Path) -> Stamp:
        """Return the stamp of a file as it is now."""
        facts = path.stat()
        return cls(digest=file_digest(path), size=facts.st_size, changed=facts.st_mtime_ns)

    def fits(self, path: Path) -> bool:
        """Return whether a file still is what was written."""
        facts = path.stat()
        same_at_a_glance = (facts.st_size, facts.st_mtime_ns) == (self.size, self.changed)
        return same_at_a_glance or (facts.st_size == self.size and file_digest(path) == self.digest)


class NotebookReceipt(Strict):
    """What came of one notebook.

    Attributes
    ----------
    status
        ``interrupted`` from the moment that it begins until it is over, so that a run that was killed is never taken
        for done.
    reason
        Why it failed.
    key
        What it was made from, see :mod:`icstats.keys`.
    reads
        Whose answers it has read.
    left_out
        How many of its outputs were no section of a report.
    """

    status: Ending
    reason: str = ""
    key: str = ""
    reads: Reads = "all"
    left_out: int = 0


class Receipt(Strict):
    """What came of one department, or of the organisation.

    Attributes
    ----------
    notebooks
        Notebook -> what came of it.
    files
        Name -> what was written.
    shown
        Whether any number of it may be shown.
    edits
        Name -> SHA-256 of a file that was changed by hand, as it was when it was looked through for leaks.
    """

    notebooks: dict[str, NotebookReceipt] = Field(default_factory=dict)
    files: dict[str, Stamp] = Field(default_factory=dict)
    shown: bool = True
    edits: dict[str, str] = Field(default_factory=dict)

    def with_notebooks(self, changed: Mapping[str, NotebookReceipt]) -> Receipt:
        """Return the receipt with other entries for some notebooks."""
        return self.model_copy(update={"notebooks": {**self.notebooks, **changed}})

    def without_files(self, names: Iterable[str]) -> Receipt:
        """Return the receipt without some files, which are about to be made again."""
        dropped = set(names)
        return self.model_copy(update={"files": {name: one for name, one in self.files.items() if name not in dropped}})

    def with_files(self, folder: Path, names: Iterable[str]) -> Receipt:
        """Return the receipt with files as they are in the folder now."""
        there = {name: Stamp.of(folder / name) for name in names if (folder / name).is_file()}
        return self.model_copy(update={"files": {**self.files, **there}})

    def with_same(self, folder: Path, names: Iterable[str]) -> Receipt:
        """Return the receipt after files were written again with other links and nothing else; what is clean stays."""
        again = {name: Stamp.of(folder / name).model_copy(update={"clean": self.files[name].clean}) for name in names}
        return self.model_copy(update={"files": {**self.files, **again}})

    def unseen(self, folder: Path, names: Iterable[str]) -> list[str]:
        """Return which of these files were not looked through for leaks as they are now."""
        there = [name for name in names if (folder / name).is_file()]
        return [name for name in there if not self._saw(folder / name)]

    def _saw(self, path: Path) -> bool:
        stamp = self.files.get(path.name)
        if stamp is not None and stamp.fits(path):
            return stamp.clean
        return self.edits.get(path.name) == file_digest(path)

    def with_clean(self, folder: Path, names: Iterable[str]) -> Receipt:
        """Return the receipt after files were looked through for leaks, and none was found."""
        files, edits = dict(self.files), dict(self.edits)
        for name in names:
            if name in files and files[name].fits(folder / name):
                files[name] = files[name].model_copy(update={"clean": True})
            else:
                edits[name] = file_digest(folder / name)
        return self.model_copy(update={"files": files, "edits": edits})


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How a department stands.

    Attributes
    ----------
    receipt
        What its receipt says; empty when there is none or it cannot be read.
    unreadable
        There is a receipt, but not a whole one.
    stale
        Notebooks that are missing, did not end well, or follow from something else now.
    unpublished
        Pages or numbers are missing.
    edited
        Files that are not what was written.
    unseen
        Of those, the files that nobody has looked through for leaks since.
    """

    receipt: Receipt
    unreadable: bool
    stale: tuple[str, ...]
    unpublished: bool
    edited: tuple[str, ...]
    unseen: tuple[str, ...] = ()

    @property
    def up_to_date(self) -> bool:
        """Whether there is nothing to do."""
        return not self.stale and not self.unpublished


def standing(
    folder: Path, notebooks: Sequence[str], key_of: Callable[[str, Reads], str] | None, *, results: str = RESULTS
) -> Standing:
    """Return how the files of a department stand.

    Parameters
    ----------
    folder
        Where they are.
    notebooks
        Those that belong there.
    key_of
        Returns the key of a notebook that has read these answers; None when what it follows from is not known.
    results
        Name of the file with its numbers.
    """
    receipt, unreadable = read_receipt(folder)
    names = files_of(notebooks, results)
    edited = [
        name
        for name in names
        if name in receipt.files and (folder / name).is_file() and not receipt.files[name].fits(folder / name)
    ]
    missing = {name for name in names if name not in receipt.files or not (folder / name).is_file()}
    stale = tuple(one for one in notebooks if f"{one}.ipynb" in missing or not _holds(receipt, one, key_of))
    return Standing(
        receipt=receipt,
        unreadable=unreadable,
        stale=stale,
        unpublished=bool(missing),
        edited=tuple(edited),
        unseen=tuple(receipt.unseen(folder, edited)),
    )


def files_of(notebooks: Iterable[str], results: str = RESULTS) -> list[str]:
    """Return the files that a department has."""
    return [results, *(f"{notebook}.{kind}" for notebook in notebooks for kind in ("ipynb", "html"))]


def _holds(receipt: Receipt, notebook: str, key_of: Callable[[str, Reads], str] | None) -> bool:
    entry = receipt.notebooks.get(notebook)
    return (
        entry is not None
        and entry.status == "done"
        and key_of is not None
        and entry.key == key_of(notebook, entry.reads)
    )


def begun(receipt: Receipt, notebook: str) -> Receipt:
    """Return the receipt of a department of which this notebook is being made."""
    changed = receipt.without_files(files_of([notebook]))
    return changed.with_notebooks({notebook: NotebookReceipt(status="interrupted")})


def read_receipt(folder: Path) -> tuple[Receipt, bool]:
    """Return the receipt in a folder and whether there is one that cannot be read; that one counts as none."""
    try:
        return Receipt.model_validate_json((folder / RECEIPT).read_bytes()), False
    except FileNotFoundError:
        return Receipt(), False
    except (OSError, ValidationError):
        return Receipt(), True


def write_receipt(folder: Path, receipt: Receipt) -> None:
    """Write the receipt of a department, whole."""
    write_whole(folder / RECEIPT, receipt.model_dump_json(indent=1) + "\n")
