"""The door for survey files: what kind of file it is, and one raw table of text from any of them.

Cells stay as they are written (``NA``, ``00123`` and ``1E5`` survive). A file that is not what its name says is
refused, and a file that is not known to be harmless is never opened by the program it was made for.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from typing import TYPE_CHECKING, NamedTuple

from icstats.delimited import parse_delimited
from icstats.documents import file_nearby, shown_path
from icstats.rawtable import refused
from icstats.spreadsheets import parse_spreadsheet

if TYPE_CHECKING:
    from pathlib import Path

    from icstats.rawtable import RawTable
    from icstats.surveyfile import ResponsesFile

__all__ = ["SUFFIXES", "is_bulk", "parse_table", "read_table", "survey_bytes"]

LARGEST_FILE = 200 * 2**20
"""Bytes that are read at once: a table of this many stays well below 4 GB of memory."""
LARGEST_PARQUET = 20 * 2**20
"""Packed answers take a tenth of the room that they take as text."""
TEXT, WORKBOOK, STATFILE, PARQUET = "text", "workbook", "statfile", "parquet"
SUFFIXES = {
    ".csv": TEXT,
    ".tsv": TEXT,
    ".txt": TEXT,
    ".xlsx": WORKBOOK,
    ".xls": WORKBOOK,
    ".ods": WORKBOOK,
    ".sav": STATFILE,
    ".zsav": STATFILE,
    ".por": STATFILE,
    ".dta": STATFILE,
    ".parquet": PARQUET,
}
"""What is read, by the end of its name."""
ALLOWED = "what is read are CSV, TSV, Excel (.xlsx, .xls), .ods, SPSS (.sav, .zsav, .por), Stata (.dta) and Parquet"
AS_CSV = 'Save the answers as "CSV UTF-8" and name that file.'
LOG_IN = "Log in to the survey platform and export the answers again."


class _Kind(NamedTuple):
    """What the first bytes of a file say that it is, and the ends of its name that go with that."""

    start: bytes
    name: str
    suffixes: tuple[str, ...] = ()


SIGNATURES = (
    _Kind(b"PK\x03\x04", "a zip archive or a workbook (.xlsx, .ods)", (".xlsx", ".ods")),
    # A workbook with a password is kept in the form of the old ones.
    _Kind(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old or password-protected Excel workbook", (".xls", ".xlsx")),
    _Kind(b"$FL2", "an SPSS file (.sav)", (".sav",)),
    _Kind(b"$FL3", "an SPSS file (.zsav)", (".zsav", ".sav")),
    _Kind(b"%PDF", "a PDF document"),
    _Kind(b"\x1f\x8b", "a gzip archive"),
    _Kind(b"PAR1", "a Parquet file", (".parquet",)),
    _Kind(b"<stata_dta>", "a Stata file", (".dta",)),
)
WITHOUT_SIGNATURE = (".por", ".dta")
WEB_PAGE = _Kind(b"", "a web page")
WEB_PAGE_START = re.compile(rb"\s*<(!doctype|html|head|body|\?xml|!--)", re.IGNORECASE)


def read_table(source: ResponsesFile) -> RawTable:
    """Read a survey file into one table of text.

    Parameters
    ----------
    source
        The file, and the settings that say how it is written where that cannot be found out.

    Raises
    ------
    SurveyFileError
        When the file cannot be opened, is of another kind, or cannot be read as a table: all problems at once.
    """
    return parse_table(survey_bytes(source), source)


def survey_bytes(source: ResponsesFile) -> bytes:
    """Return the content of the survey file, once it is plausible that it is what its name says."""
    path, name = source.file, shown_path(source.file)
    try:
        size = path.stat().st_size
        if size > LARGEST_FILE:
            raise refused(
                "ICS-103",
                f"the file has {size / 2**20:,.0f} MB; up to {LARGEST_FILE // 2**20} MB are read at once",
                file=name,
                hint="Leave out what is not needed, or make a file per wave. "
                "Larger files are read as CSV or Parquet, by a study that says how they are laid out.",
            )
        with path.open("rb") as stream:
            _require_kind(stream.read(4096), path, name)
            stream.seek(0)
            return stream.read()
    except OSError as error:
        hint = file_nearby(path) if isinstance(error, FileNotFoundError) else ""
        reason = (error.strerror or "unknown reason").lower()
        raise refused("ICS-101", f"the file cannot be opened: {reason}", file=name, hint=hint) from None


def is_bulk(source: ResponsesFile) -> bool:
    """Whether the survey file is read in parts: text and Parquet that are too large to be read at once.

    Raises
    ------
    SurveyFileError
        When such a file is not what its name says.
    """
    kind = SUFFIXES.get(source.file.suffix.lower())
    if kind not in (TEXT, PARQUET) or not source.file.is_file():
        return False
    if source.file.stat().st_size <= (LARGEST_FILE if kind == TEXT else LARGEST_PARQUET):
        return False
    with source.file.open("rb") as stream:
        _require_kind(stream.read(4096), source.file, shown_path(source.file))
    return True


def parse_table(content: bytes, source: ResponsesFile) -> RawTable:
    """Return the table that the bytes of a survey file hold; see :func:`read_table`."""
    name = shown_path(source.file)
    kind = SUFFIXES.get(source.file.suffix.lower(), TEXT)
    if kind == WORKBOOK:
        return parse_spreadsheet(content, source, name)
    if kind == TEXT:
        return parse_delimited(content, source, name)
    from icstats.statfiles import parse_parquet, parse_statfile  # noqa: PLC0415  bring pandas

    return parse_parquet(content, name) if kind == PARQUET else parse_statfile(content, source, name)


def _require_kind(start: bytes, path: Path, name: str) -> None:
    """Refuse a file whose first bytes and name do not go together."""
    suffix = path.suffix.lower()
    found = _kind_of(start)
    if suffix not in SUFFIXES:
        what = found.name if found else f'of the type "{path.suffix}"'
        raise refused("ICS-102", f"this is {what}; {ALLOWED}", file=name, hint=LOG_IN if found is WEB_PAGE else AS_CSV)
    if found is WEB_PAGE:
        raise refused("ICS-102", "this is a web page, and no survey file", file=name, hint=LOG_IN)
    if found is not None and suffix not in found.suffixes:
        hint = f"Is its name wrong? Then end it in {' or '.join(found.suffixes)}." if found.suffixes else AS_CSV
        raise refused("ICS-102", f'this is {found.name}, though its name ends in "{suffix}"', file=name, hint=hint)
    if start and found is None and SUFFIXES[suffix] != TEXT and suffix not in WITHOUT_SIGNATURE:
        message = f'this is not what a file whose name ends in "{suffix}" begins with'
        hint = "If it is text, end its name in .csv; if not, it is damaged: export it again."
        raise refused("ICS-102", message, file=name, hint=hint)


def _kind_of(start: bytes) -> _Kind | None:
    for kind in SIGNATURES:
        if start.startswith(kind.start):
            return kind
    return WEB_PAGE if WEB_PAGE_START.match(start.removeprefix(BOM_UTF8)) else None
