"""Workbooks that icstats makes: every cell as text or number, never as a formula."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["Cell", "write_workbook"]

Cell = str | int | float | None
WIDEST = 60


def write_workbook(path: Path, sheets: Mapping[str, Sequence[Sequence[Cell]]]) -> None:
    """Write sheets of cells, the first row of each as a header that stays in sight.

    Text that begins with ``=`` stays text: a wording may come from anyone.
    """
    from openpyxl import Workbook  # noqa: PLC0415  only who makes a workbook pays for it
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415
    from openpyxl.styles import Alignment, Font  # noqa: PLC0415

    book = Workbook(write_only=True)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        sheet.freeze_panes = "A2"
        for place, letter in enumerate(_letters(max(map(len, rows), default=0))):
            longest = max((len(str(row[place])) for row in rows if place < len(row)), default=0)
            sheet.column_dimensions[letter].width = min(longest + 2, WIDEST)
        for number, row in enumerate(rows):
            cells = []
            for value in row:
                cell = WriteOnlyCell(sheet, value)
                if isinstance(value, str):
                    cell.data_type = "s"
                cell.font = Font(bold=number == 0)
                cell.alignment = Alignment(wrap_text=number > 0, vertical="top")
                cells.append(cell)
            sheet.append(cells)
    book.save(path)


def _letters(columns: int) -> list[str]:
    from openpyxl.utils import get_column_letter  # noqa: PLC0415

    return [get_column_letter(place) for place in range(1, columns + 1)]
