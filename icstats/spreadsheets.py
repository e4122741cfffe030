"""Excel and OpenDocument spreadsheets: looked through from outside first, then read in a process with limits."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
import zlib
from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING

from icstats import sheetcells
from icstats.documents import did_you_mean
from icstats.rawtable import Records, refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from icstats.rawtable import RawTable, Record
    from icstats.surveyfile import ResponsesFile

__all__ = ["parse_spreadsheet"]

MOST_MEMORY = 500 * 2**20
LARGEST_UNPACKED = 300 * 2**20
LARGEST_RATIO = 200
"""Unpacked bytes per packed byte; sheets of answers have up to 40."""
RATIO_COUNTS_FROM = 2**20
SECONDS = 4
BYTES_PER_SECOND = 3 * 2**20
PROLOG = 4096
PART = 2**20
EXCEL_SHEETS = "xl/worksheets/"
FAILED_FORMULA = b' t="e"'
FAILED_TAKEN_AS = "cells in which a formula failed (#N/A and such) are taken as empty"
NOT_READ = "it asks for more memory or time than a sheet of answers needs"
AS_CSV = 'Save the sheet with the answers as "CSV UTF-8" and name that file.'
OUR_OWN = "Is it a workbook of your own? Copy the answers into a new one."
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


def parse_spreadsheet(content: bytes, source: ResponsesFile, name: str) -> RawTable:
    """Return the table on one sheet of an .xlsx, .xls or .ods workbook.

    The first row that holds anything is the header. Numbers are texts as a person would type them, dates are
    2026-01-03, and what a formula gave is taken as stored.

    Raises
    ------
    SurveyFileError
        When the workbook is encrypted or damaged, is built to fill memory, or has several sheets and the settings do
        not say which.
    """
    unpacked, errors = _looked_through(content, name)
    lines = iter(_cells(content, source.sheet or "", SECONDS + unpacked // BYTES_PER_SECOND, name))
    about = json.loads(next(lines))
    if about.get("failed"):
        raise _encrypted(name)
    if about["sheet"] is None:
        raise _which_sheet(about["sheets"], source.sheet, name)
    failed = f"{FAILED_TAKEN_AS}: {errors} in the workbook" if errors else ""
    told = "given" if source.sheet else "the only one with content"
    return Records(
        records=_records(lines),
        file=name,
        source=source,
        notes=(f'read from the sheet "{about["sheet"]}" ({told})', failed),
    ).table()


def _records(lines: Iterator[str]) -> Iterator[Record]:
    rows = ((row, json.loads(line)) for row, line in enumerate(lines, start=1))
    for row, cells in rows:
        if cells:
            yield row, cells
            break
    yield from rows


def _looked_through(content: bytes, name: str) -> tuple[int, int]:
    """Return the bytes of all parts and the number of failed formulas, after refusing what holds no answers."""
    if ENCRYPTED in content:
        raise _encrypted(name)
    if not content.startswith(b"PK"):
        return len(content), 0
    try:
        archive = zipfile.ZipFile(BytesIO(content))
        parts = archive.infolist()
        unpacked = sum(part.file_size for part in parts)
        if unpacked > LARGEST_UNPACKED:
            raise _hostile(
                f"unpacked it has {unpacked / 2**20:,.0f} MB; up to {LARGEST_UNPACKED // 2**20} are read", name
            )
        if unpacked > RATIO_COUNTS_FROM and unpacked > LARGEST_RATIO * len(content):
            raise _hostile(f"unpacked it is {unpacked // len(content):,} times as large", name)
        errors = 0
        for part in parts:
            if part.filename.endswith((".xml", ".rels")):
                with archive.open(part) as stream:
                    if b"<!DOCTYPE" in stream.read(PROLOG):
                        raise _hostile("it defines words of its own (DOCTYPE), which can unpack without end", name)
                if part.filename.startswith(EXCEL_SHEETS):
                    with archive.open(part) as stream:
                        errors += _failed_formulas(stream)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError, OSError):
        raise _damaged(name) from None
    return unpacked, errors


def _failed_formulas(stream: IO[bytes]) -> int:
    """Count the cells of a sheet that hold an error: the reader gives them as empty."""
    found, before = 0, b""
    while part := stream.read(PART):
        found += (before + part).count(FAILED_FORMULA)
        before = part[1 - len(FAILED_FORMULA) :]
    return found


def _cells(content: bytes, sheet: str, seconds: int, name: str) -> Sequence[str]:
    command = [sys.executable, "-I", str(Path(sheetcells.__file__)), str(MOST_MEMORY), str(seconds), sheet]
    try:
        done = subprocess.run(command, input=content, capture_output=True, timeout=4 * seconds, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise _hostile(NOT_READ, name) from None
    if done.returncode < 0 or b"MemoryError" in done.stderr:
        raise _hostile(NOT_READ, name)
    lines = done.stdout.decode("utf-8").split("\n")[:-1]
    if done.returncode or not lines:
        raise _damaged(name)
    return lines


def _which_sheet(sheets: Sequence[str], wanted: str | None, name: str) -> Exception:
    if not sheets:
        return refused("ICS-104", "the file is empty", file=name, hint="Export it again.")
    listed = ", ".join(f'"{sheet}"' for sheet in sheets)
    if wanted is None:
        message = f"sheets {listed} all hold something"
        return refused("ICS-113", message, file=name, hint="Set sheet under responses to the one with the answers.")
    hint = did_you_mean(wanted, sheets) or "Change sheet under responses."
    return refused("ICS-113", f'there is no sheet "{wanted}"; there are {listed}', file=name, hint=hint)


def _encrypted(name: str) -> Exception:
    message = "the workbook is encrypted with a password"
    return refused("ICS-114", message, file=name, hint="Save it without a password, in a place that is safe.")


def _damaged(name: str) -> Exception:
    return refused(
        "ICS-115", "the workbook is damaged: it cannot be read", file=name, hint=f"Export it again. {AS_CSV}"
    )


def _hostile(what: str, name: str) -> Exception:
    return refused("ICS-116", f"the workbook is not read: {what}", file=name, hint=OUR_OWN)
