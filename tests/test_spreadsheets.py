"""Workbooks give the same table as the CSV of their sheet, and hostile ones end nothing but their own process."""

from __future__ import annotations

import datetime as dt
import io
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest

from icstats.errors import SurveyFileError
from icstats.intake import parse_table
from icstats.spreadsheets import MOST_MEMORY
from icstats.study import ResponsesFile

if TYPE_CHECKING:
    from icstats.rawtable import RawTable


def read(content: bytes, name: str = "survey.xlsx", **settings: object) -> RawTable:
    return parse_table(content, ResponsesFile.model_validate({"file": Path(name), **settings}))


def workbook(*rows: list[Any], first_row: int = 1) -> bytes:
    book = openpyxl.Workbook()
    for place, row in enumerate(rows):
        for column, cell in enumerate(row, start=1):
            book.active.cell(first_row + place, column, cell)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_cells_are_texts_as_a_person_would_type_them() -> None:
    table = read(
        workbook(
            ["id", "q1", "q2", "day", "sure", "comment"],
            [1, 5.0, 3.5, dt.date(2026, 1, 3), True, "00123"],
            ["a ", None, 0.1, dt.datetime(2026, 1, 3, 10, 30), False, "é"],  # noqa: DTZ001  as workbooks hold them
        )
    )
    assert table.frame.to_numpy().tolist() == [
        ["1", "5", "3.5", "2026-01-03", "TRUE", "00123"],
        ["a ", "", "0.1", "2026-01-03T10:30:00", "FALSE", "é"],
    ]
    assert table.rows.tolist() == [2, 3]


def test_rows_are_those_of_the_sheet_and_empty_ones_above_do_not_count() -> None:
    table = read(workbook(["id", "q1"], [1, 5], [None, None], [2, 4], first_row=3))
    assert list(table.frame) == ["id", "q1"]
    assert table.rows.tolist() == [4, 6]
    assert table.notes == ('read from the sheet "Sheet" (the only one with content)',)


def test_a_cell_beside_the_table_is_refused_with_its_row() -> None:
    with pytest.raises(SurveyFileError) as error:
        read(workbook(["id", "q1"], [1, 5], [2, 4, 9]))
    assert str(error.value) == (
        "survey.xlsx, row 3: 3 fields; the header has 2. "
        "Hint: Give every column a name in the first row, or empty the cells beside the table. [ICS-108]"
    )


def test_an_empty_workbook_is_refused() -> None:
    with pytest.raises(SurveyFileError) as error:
        read(workbook())
    assert str(error.value) == "survey.xlsx: the file is empty. Hint: Export it again. [ICS-104]"


@pytest.mark.parametrize("place", [0.2, 0.4, 0.6, 0.8])
def test_a_workbook_with_damage_anywhere_is_read_or_refused(place: float) -> None:
    content = workbook(["id", "q1"], *([number, number % 5] for number in range(500)))
    start = int(place * len(content))
    damaged = content[:start] + bytes(byte ^ 0xFF for byte in content[start : start + 40]) + content[start + 40 :]
    assert outcome(damaged) in ("read", "ICS-115", "ICS-116")


def outcome(content: bytes) -> str:
    try:
        return "read" if len(read(content).frame) == 500 else "lost rows"
    except SurveyFileError as error:
        return error.problems[0].code


def test_failed_formulas_are_counted() -> None:
    table = read(workbook(["id", "q1"], [1, "#N/A"], [2, "#DIV/0!"], [3, 4]))
    assert table.frame["q1"].tolist() == ["", "", "4"]
    assert table.notes[1] == "cells in which a formula failed (#N/A and such) are taken as empty: 2 in the workbook"


OPEN = "urn:oasis:names:tc:opendocument:xmlns"
ODS = f"""<?xml version="1.0"?>
<office:document-content xmlns:office="{OPEN}:office:1.0" xmlns:table="{OPEN}:table:1.0" xmlns:text="{OPEN}:text:1.0">
<office:body><office:spreadsheet><table:table table:name="Data">%s</table:table></office:spreadsheet></office:body>
</office:document-content>"""
MANIFEST = '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'


def ods(*rows: tuple[str, str], repeated: int = 1) -> bytes:
    times = 'table:number-columns-repeated="%d"'
    cell = f'<table:table-cell office:value-type="string" {times}><text:p>%s</text:p></table:table-cell>'
    body = "".join(
        f'<table:table-row table:number-rows-repeated="{repeated}">{"".join(cell % (repeated, text) for text in row)}'
        "</table:table-row>"
        for row in rows
    )
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as made:
        made.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        made.writestr("META-INF/manifest.xml", MANIFEST)
        made.writestr("content.xml", ODS % body)
    return stream.getvalue()


def test_opendocument() -> None:
    table = read(ods(("id", "q1"), ("1", "5")), "survey.ods")
    assert table.frame.to_numpy().tolist() == [["1", "5"]]


@pytest.mark.parametrize("repeated", [16_000, 1_000_000])
def test_cells_that_repeat_themselves_without_end_are_refused(repeated: int) -> None:
    with pytest.raises(SurveyFileError) as error:
        read(ods(("id", "q1"), ("1", "5"), repeated=repeated), "survey.ods")
    assert error.value.problems[0].code in ("ICS-115", "ICS-116")


FAR_CELL = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    "</sheetData></worksheet>"
)
PROGRAM = """
import resource, sys
from pathlib import Path
from icstats.errors import SurveyFileError
from icstats.intake import read_table
from icstats.study import ResponsesFile
try:
    read_table(ResponsesFile(file=Path(sys.argv[1])))
except SurveyFileError as error:
    print(error.problems[0].code)
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is counted in another unit elsewhere")
def test_a_hostile_workbook_takes_less_than_500_mb_with_all_that_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "survey.xlsx"
    with zipfile.ZipFile(io.BytesIO(workbook(["id"], [1]))) as source, zipfile.ZipFile(path, "w") as made:
        for part in source.namelist():
            made.writestr(part, FAR_CELL if part.endswith("sheet1.xml") else source.read(part))
    done = subprocess.run([sys.executable, "-c", PROGRAM, path], capture_output=True, text=True, check=True)
    code, own, child = done.stdout.split()
    assert code == "ICS-116"
    assert int(own) // 1024 < 500
    assert int(child) <= MOST_MEMORY // 2**20
