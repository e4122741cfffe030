"""Workbooks that icstats makes: every cell as text or number, never as a formula, and the same cells the same file."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["Cell", "workbook", "write_workbook"]

Cell = str | int | float | None
NARROWEST, WIDEST = 12, 60
LONGEST_SHEET_NAME = 31
EPOCH = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)
"""A workbook says when it was made; the same cells must give the same file."""


def workbook(sheets: Mapping[str, Sequence[Sequence[Cell]]], *, title: str = "") -> bytes:
    """Return a workbook of sheets of cells, the first row of each as a header that stays in sight.

    Text that begins with ``=`` stays text: a wording or a name may come from anyone. Nothing is written of an empty
    cell.
    """
    from xlsxwriter import Workbook  # noqa: PLC0415  only who makes a workbook pays for it

    content = BytesIO()
    with Workbook(content, {"in_memory": True}) as book:
        book.set_properties({"title": title, "created": EPOCH})
        header = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        plain = book.add_format({"text_wrap": True, "valign": "top"})
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name[:LONGEST_SHEET_NAME])
            columns = max(map(len, rows), default=0)
            for place in range(columns):
                longest = max(len(str(row[place])) for row in rows if place < len(row))
                sheet.set_column(place, place, min(max(longest + 2, NARROWEST), WIDEST))
            for line, row in enumerate(rows):
                for place, value in enumerate(row):
                    form = plain if line else header
                    if isinstance(value, str) and value:
                        sheet.write_string(line, place, value, form)
                    elif isinstance(value, (int, float)):
                        sheet.write_number(line, place, value, form)
            if columns > 1:
                sheet.freeze_panes(1, 0)
                sheet.autofilter(0, 0, len(rows) - 1, columns - 1)
    return content.getvalue()


def write_workbook(path: Path, sheets: Mapping[str, Sequence[Sequence[Cell]]]) -> None:
    """Write a workbook, see :func:`workbook`."""
    path.write_bytes(workbook(sheets))
