"""The cells of a spreadsheet, read in a process of its own: a program, started by :mod:`icstats.spreadsheets`.

It reads a workbook from its standard input and prints JSON, one line about the sheets and then one per row. A hostile
workbook that eats memory or time ends this process and no other.
"""

from __future__ import annotations

import json
import sys
from datetime import date, time, timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main", "number_as_typed"]

LARGEST_OUTPUT = 200 * 2**20
EXACT = 2**53
"""Up to here a float is a whole number when it looks like one."""


def main(arguments: Sequence[str]) -> None:
    """Print the cells.

    Parameters
    ----------
    arguments
        Bytes of memory and seconds of processor time that may be used, and the name of the sheet; an empty name means
        the only sheet that holds anything.
    """
    memory, seconds, wanted = int(arguments[0]), int(arguments[1]), arguments[2]
    if sys.platform != "win32":
        # Windows has no such limits; there the look through the parts and the time-out have to do.
        import resource  # noqa: PLC0415

        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    from python_calamine import CalamineWorkbook, PasswordError  # noqa: PLC0415  within the limits

    try:
        workbook = CalamineWorkbook.from_filelike(BytesIO(sys.stdin.buffer.read()))
    except PasswordError:
        _print({"failed": "password"})
        return
    names = workbook.sheet_names
    filled = [name for name in names if name == wanted or (not wanted and workbook.get_sheet_by_name(name).height)]
    if len(filled) != 1:
        _print({"sheets": filled if not wanted else names, "sheet": None})
        return
    sheet = workbook.get_sheet_by_name(filled[0])
    _print({"sheets": names, "sheet": filled[0]})
    printed = 0
    for row in sheet.iter_rows():
        cells = [_text(cell) for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        printed += sum(map(len, cells)) + 4 * len(cells) + 1
        if printed > LARGEST_OUTPUT:
            raise MemoryError
        _print(cells)


def _print(line: object) -> None:
    sys.stdout.write(json.dumps(line))
    sys.stdout.write("\n")


def _text(cell: Any) -> str:  # noqa: ANN401  whatever a cell can hold
    """Return a cell as a person would type it: 5 and not 5.0, a date as 2026-01-03."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return number_as_typed(cell)
    if isinstance(cell, date | time):
        return cell.isoformat()
    return str(cell) if isinstance(cell, int | timedelta) else ""


def number_as_typed(number: float) -> str:
    """Return a number as a person would type it: 5 and not 5.0."""
    return str(int(number)) if number.is_integer() and abs(number) <= EXACT else repr(number)


if __name__ == "__main__":
    main(sys.argv[1:])
