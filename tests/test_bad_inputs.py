"""Every kind of bad input has a case: refused with a message that helps, or read with what is odd about it said.

All of them go through the command, so that the form of the message, the exit code and an untouched folder are checked
for each.
"""

from __future__ import annotations

import csv
import io
import json
import random
import re
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import openpyxl
import pandas as pd
import pyreadstat
import pytest
from click.testing import CliRunner
from shared import shared_file

from icstats.__main__ import main

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PRIVATE = "mijn chef is een ezel"
ITEMS = ("PC1", "PC2", "PC3", "PC4", "PC5", "PC6")
HEADER = ["respondent", "department", *ITEMS, "SA1", "OP1"]
QUESTIONNAIRE = """\
name: small
version: '1'
title: {en: Small, nl: Klein}
outcome: SA1
responses:
  five:
    minimum: 1
    maximum: 5
    satisfied: 4
    dissatisfied: 2
    labels: {1: {en: fully disagree, nl: mee oneens}, 5: {en: fully agree, nl: mee eens}}
  ten: {minimum: 1, maximum: 10, satisfied: 8, dissatisfied: 5}
scales:
  - {code: process, block: process, label: {en: Process, nl: Proces}}
items:
""" + "".join(
    f"  - {{code: {code}, block: process, scale: process, responses: five, reverse: {str(code == 'PC6').lower()}, "
    f"wording: {{en: {code}, nl: {code}}}, label: {{en: {code}, nl: {code}}}}}\n"
    for code in ITEMS
)
QUESTIONNAIRE += """\
  - {code: SA1, block: outcome, responses: ten, wording: {en: Mark, nl: Cijfer}, label: {en: Mark, nl: Cijfer}}
  - {code: OP1, block: open, wording: {en: Why, nl: Waarom}, label: {en: Why, nl: Waarom}}
"""
STUDY = """\
name: small
title: {en: Small survey, nl: Kleine enquête}
organisation: {en: Small, nl: Klein}
wave: '2026'
questionnaire: questionnaire.yaml
responses:
  file: %s
%s
departments:
  - {slug: hr, code: HR, name: {en: HR, nl: HR}}
  - {slug: finance, code: Financiën, name: {en: Finance, nl: Financiën}}
notebooks: [department_report]
"""

Rows = list[list[str]]


def answered() -> Rows:
    """Return the header and 40 ratings of people who agree with themselves; PC6 is worded the other way."""
    chance = random.Random(5)  # noqa: S311  no secrets
    rows = [HEADER]
    for person in range(1, 41):
        level = chance.choice([1, 2, 3, 4])
        answers = [level + chance.choice([0, 1]) for _ in range(5)]
        department = "HR" if person % 2 else "Financiën"
        rows.append([str(person), department, *map(str, answers), str(6 - level), str(2 * level), "x"])
    return rows


def written(rows: Rows, separator: str = ",") -> str:
    stream = io.StringIO()
    csv.writer(stream, delimiter=separator, lineterminator="\n").writerows(rows)
    return stream.getvalue()


def with_cell(row: int, column: str, *cells: str) -> bytes:
    """Return the survey with other cells, from a row of the file downwards."""
    rows = answered()
    for place, cell in enumerate(cells):
        rows[row - 1 + place][HEADER.index(column)] = cell
    return written(rows).encode()


def with_column(name: str, cells: Sequence[str] = ()) -> bytes:
    rows = answered()
    values = [*cells, *["1"] * (len(rows) - 1 - len(cells))]
    return written([[*row, cell] for row, cell in zip(rows, [name, *values], strict=True)]).encode()


def lines(change: Callable[[list[str]], list[str]]) -> bytes:
    return "\n".join(change(written(answered()).splitlines())).encode()


def workbook(*sheets: str, rows: Rows | None = None) -> bytes:
    """Return a workbook with the answers on its last sheet."""
    book = openpyxl.Workbook()
    book.active.title = sheets[0]
    for name in sheets[1:]:
        book.create_sheet(name)
    for name in sheets[:-1]:
        book[name]["A1"] = "About this survey"
    for row in rows or answered():
        book[sheets[-1]].append([int(cell) if cell.isdigit() else cell for cell in row])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def hostile(sheet: str, book: bytes | None = None) -> bytes:
    """Return a workbook whose only sheet is this XML."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book or workbook("Answers"))) as source, zipfile.ZipFile(stream, "w") as made:
        for part in source.infolist():
            content = sheet.encode() if part.filename.endswith("sheet1.xml") else source.read(part)
            made.writestr(part.filename, content, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
FAR_CELL = (
    f'<worksheet {MAIN}><sheetData><row r="1"><c r="A1"><v>1</v></c></row>'
    '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>'
)
BOMB = (
    '<!DOCTYPE x [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    + f']><worksheet {MAIN}><sheetData><row r="1"><c r="A1" t="str"><v>&j;</v></c></row></sheetData></worksheet>'
)
SPACES = f"<worksheet {MAIN}><sheetData>{' ' * 30_000_000}</sheetData></worksheet>"
OLD_WORKBOOK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@dataclass(frozen=True, kw_only=True)
class Case:
    """One bad input.

    Attributes
    ----------
    content
        The survey file, or a function that makes it.
    code
        Of the problem that is expected; empty when the file is read.
    said
        What must be in the message and hint, or in the notes.
    rows
        Rows of the file that the problem names.
    responses
        Settings of the survey file.
    files
        Other files of the study, or others in place of the usual ones.
    """

    content: bytes | Callable[[], bytes] = field(default_factory=lambda: written(answered()).encode())
    name: str = "survey.csv"
    code: str = ""
    said: tuple[str, ...] = ()
    rows: tuple[int, ...] = ()
    responses: str = ""
    files: tuple[tuple[str, str], ...] = ()
    study: str = ""


def questionnaire(change: Callable[[str], str]) -> tuple[tuple[str, str], ...]:
    return (("questionnaire.yaml", change(QUESTIONNAIRE)),)


def norm(*rows: str) -> tuple[tuple[str, str], ...]:
    header = "code,minimum,maximum,n_organisations,n_respondents,mean,sd_within,sd_between,q25,q50,q75"
    about = (
        "name: n\ntitle: {en: N, nl: N}\nyear: 2025\npopulation: {en: P, nl: P}\nsource: {en: S, nl: S}\nmode: online\n"
        "fictional: true\nquestionnaire: small\nversion: '1'\nn_organisations: 20\nn_respondents: 900\n"
    )
    return (("norm.csv", "\n".join([header, *rows]) + "\n"), ("norm.yaml", about))


def same_answers(share: int) -> bytes:
    rows = answered()
    for row in rows[1 : share + 1]:
        row[2:8] = ["3"] * 6
    return written(rows).encode()


def recoded() -> bytes:
    rows = answered()
    for row in rows[1:]:
        row[7] = str(6 - int(row[7]))
    return written(rows).encode()


def constant() -> bytes:
    rows = answered()
    for row in rows[1:]:
        row[2] = "4"
    return written(rows).encode()


def few(n: int) -> bytes:
    return written(answered()[: n + 1]).encode()


def semicolons(change: Callable[[Rows], Rows] = lambda rows: rows) -> bytes:
    return written(change([row.copy() for row in answered()]), ";").encode()


def weighted(*weights: str) -> bytes:
    rows = [[*row, weight] for row, weight in zip(answered(), ["w", *weights, *["2"] * 40], strict=False)]
    return written(rows, ";").encode()


def declared_missing() -> bytes:
    """Return an SPSS file in which 9 and 99 are declared missing."""
    rows = answered()
    frame = pd.DataFrame(rows[1:], columns=HEADER)
    closed = [*ITEMS, "SA1"]
    frame[closed] = frame[closed].astype(float)
    frame.loc[[3, 4, 5], "PC2"] = [9.0, 9.0, 99.0]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "survey.sav"
        pyreadstat.write_sav(
            frame, path, missing_ranges={"PC2": [9, 99]}, variable_value_labels={"PC2": {99: "weet niet"}}
        )
        return path.read_bytes()


CASES: dict[str, Case] = {
    # encoding and format
    "B01 cp1252": Case(content=written(answered()).encode("cp1252"), said=("read as cp1252", '"encoding"')),
    "B01 encoding given": Case(
        content=written(answered()).encode("cp1252"), responses="  encoding: cp1252", said=("read as cp1252 (given)",)
    ),
    "B02 utf-16": Case(content=written(answered()).encode("utf-16"), said=("read as utf-16",)),
    "B03 byte order mark": Case(content=b"\xef\xbb\xbf" + written(answered()).encode()),
    "B05 mixed": Case(
        content=lambda: written(answered()).encode() + "41,Financiën,1,1,1,1,1,1,1,x\n".encode("cp1252"),
        code="ICS-105",
        rows=(42,),
        said=("0xEB is not UTF-8",),
    ),
    "B06 Dutch Excel": Case(
        content=weighted("1,5", "0,75"),
        responses="  columns: {weight: w}",
        said=('separated by ";" (found)', "decimal comma (found)"),
    ),
    "B07 tabs": Case(
        content=written(answered(), "\t").encode(), name="survey.tsv", said=("separated by tabs (found)",)
    ),
    "B08 a thousand or a fraction": Case(
        content=weighted("1.234"), responses="  columns: {weight: w}", code="ICS-158", rows=(2,), said=("decimal",)
    ),
    "B08 said": Case(content=weighted("1.234"), responses="  columns: {weight: w}\n  decimal: '.'"),
    "B08 in an answer": Case(content=with_cell(3, "PC1", "1.234"), code="ICS-158", rows=(3,), said=("decimal",)),
    "B09 sep line": Case(content=b"sep=;\n" + semicolons(), said=('separated by ";" (found)',)),
    "B11 empty": Case(content=b"", code="ICS-104", said=("Export it again",)),
    "B12 header only": Case(content=few(0), code="ICS-107", said=("no answers",)),
    "B13 a field too many": Case(
        content=lines(lambda one: [*one[:11], one[11] + ",", *one[12:]]),
        code="ICS-108",
        rows=(12,),
        said=("11 fields; the header has 10", "not quoted"),
    ),
    "B15 unclosed quote": Case(
        content=lines(lambda one: [*one[:29], one[29].replace(",x", f',"{PRIVATE}'), *one[30:]]),
        code="ICS-109",
        rows=(30,),
        said=("never closed",),
    ),
    "B17 NUL": Case(content=with_cell(5, "department", "HR\0"), code="ICS-110", rows=(5,), said=("NUL",)),
    "B18 login page": Case(content=b"<!DOCTYPE html><html>Log in</html>", code="ICS-102", said=("web page", "Log in")),
    "B19 xlsx as csv": Case(content=lambda: workbook("A"), code="ICS-102", said=("workbook (.xlsx", ".xlsx")),
    "B19 csv as xlsx": Case(name="survey.xlsx", code="ICS-102", said=("text", ".csv")),
    "B21 password": Case(
        content=OLD_WORKBOOK + "EncryptedPackage".encode("utf-16-le"),
        name="survey.xlsx",
        code="ICS-114",
        said=("password",),
    ),
    "B22 data on sheet 2": Case(
        content=lambda: workbook("About", "Data"), name="survey.xlsx", code="ICS-113", said=('"About", "Data"', "sheet")
    ),
    "B22 sheet named": Case(
        content=lambda: workbook("About", "Data"),
        name="survey.xlsx",
        responses="  sheet: Data",
        said=('the sheet "Data" (given)',),
    ),
    "B22 another sheet": Case(
        content=lambda: workbook("About", "Data"),
        name="survey.xlsx",
        responses="  sheet: Dat",
        code="ICS-113",
        said=('did you mean "Data"?',),
    ),
    "B23 workbook": Case(content=lambda: workbook("Data"), name="survey.xlsx", said=("the only one with content",)),
    "B24 far cell": Case(content=lambda: hostile(FAR_CELL), name="survey.xlsx", code="ICS-116", said=("memory",)),
    "B25 zip bomb": Case(content=lambda: hostile(SPACES), name="survey.xlsx", code="ICS-116", said=("times as large",)),
    "B26 entity bomb": Case(content=lambda: hostile(BOMB), name="survey.xlsx", code="ICS-116", said=("DOCTYPE",)),
    "B27 damaged workbook": Case(
        content=lambda: workbook("Data")[:2000], name="survey.xlsx", code="ICS-115", said=("damaged",)
    ),
    "B28 truncated sav": Case(
        content=lambda: shared_file("data/spss_hotel_survey_17.sav").read_bytes()[:700],
        name="survey.sav",
        code="ICS-115",
        said=("damaged",),
    ),
    "B30 declared missing": Case(
        content=declared_missing,
        name="survey.sav",
        said=("PC2: declared missing in the file, so taken as no answer (9: 2, 99 (weet niet): 1)",),
    ),
    "B30 said what it means": Case(
        content=declared_missing,
        name="survey.sav",
        responses="  dont_know: [weet niet]",
        said=("PC2: declared missing in the file, so taken as no answer (9: 2)",),
    ),
    "B32 pickle": Case(
        content=b"\x80\x04.", name="survey.pkl", code="ICS-102", said=('".pkl"', "what is read are CSV")
    ),
    # content
    "B35 column missing": Case(
        content=written(answered()).replace("PC3", "PC3 ", 1).encode(), code="ICS-120", said=('has "PC3 "',)
    ),
    "B36 column twice": Case(
        content=written(answered()).replace("PC3", "PC2", 1).encode(), code="ICS-112", said=("columns 4, 5",)
    ),
    "B38 e-mail": Case(content=with_column("email"), code="ICS-121", said=("identify a person", "responses.ignore")),
    "B39 9 on 1-5": Case(content=with_cell(4, "PC2", "9"), code="ICS-151", rows=(4,), said=("found 9", "dont_know")),
    "B40 zero": Case(content=with_cell(4, "PC2", "0", "0"), code="ICS-151", rows=(4, 5), said=("not_applicable",)),
    "B40 zero decided": Case(content=with_cell(4, "PC2", "0", "0"), responses="  not_applicable: ['0']"),
    "B41 3,5": Case(content=with_cell(4, "PC2", "3,5"), code="ICS-152", rows=(4,), said=("found 3,5",)),
    "B42 words": Case(
        content=with_cell(4, "PC2", "Eens", "Eens"), code="ICS-154", rows=(4, 5), said=("responses.answers.five",)
    ),
    "B42 words given": Case(
        content=with_cell(4, "PC2", "Eens", "eens"),
        responses="  answers: {five: {Eens: 4}}",
        said=("answers in words are read as the numbers of their scale: PC2",),
    ),
    "B42 labels": Case(content=with_cell(4, "PC2", "Mee eens", "fully agree", "5 (fully agree)"), said=("PC2",)),
    "B42 other words": Case(
        content=with_cell(4, "PC2", "1 (fully agree)"), code="ICS-159", rows=(4,), said=("count the other way",)
    ),
    "B42 private": Case(
        content=with_cell(4, "PC2", PRIVATE), code="ICS-154", rows=(4,), said=("text of 21 characters",)
    ),
    **{
        f"B44 {text}": Case(content=with_cell(4, "PC2", text), code="ICS-154", rows=(4,), said=("not_applicable",))
        for text in ("n.v.t.", "-", ".", "NA", "#N/B", "#N/A")
    },
    "B44 listed": Case(
        content=with_cell(4, "PC2", "n.v.t.", "-", ".", "NA", "#N/B", "#N/A"),
        responses="  not_applicable: [n.v.t., '-', '.', NA, '#N/B', '#N/A']",
    ),
    "B46 three spellings": Case(
        content=with_cell(4, "department", "Hr", "HR ", "HR"), code="ICS-142", rows=(4,), said=("another spelling",)
    ),
    "B46 decided": Case(
        content=with_cell(4, "department", "Hr", "HR ", "HR"),
        responses="  cleaning: {spellings: same}",
        said=('2 ratings with another spelling of the department "HR"',),
    ),
    "B47 unknown department": Case(
        content=with_cell(4, "department", "Financien"), code="ICS-143", rows=(4,), said=('mean "Financiën"',)
    ),
    "B48 no department": Case(
        content=with_cell(4, "department", "", "", ""), code="ICS-140", rows=(4, 5, 6), said=("empty",)
    ),
    "B50 dates": Case(content=with_cell(4, "PC2", "03-01-2026"), code="ICS-153", rows=(4,), said=("spreadsheet",)),
    "B52 dates of the wave": Case(
        content=with_column("day", ["2026-01-05", "31-02-2026", "05-06-2025", *["07-01-2026"] * 37]),
        responses="  columns: {date: day}\n  cleaning: {first_day: '2026-01-01', last_day: '2026-01-31'}",
        said=("1 rating with a date outside the fieldwork, kept", "1 rating with a date that does not exist, kept"),
    ),
    "B52 future": Case(
        content=with_column("day", ["2099-01-05", *["07-01-2026"] * 39]),
        responses="  columns: {date: day}",
        said=("1 rating with a date in the future, kept",),
    ),
    "B53 the same respondent": Case(
        content=lines(lambda one: [*one, one[1]]), code="ICS-156", rows=(2, 42), said=("keep_first",)
    ),
    "B53 decided": Case(
        content=lines(lambda one: [*one, one[1]]),
        responses="  cleaning: {duplicates: keep_first}",
        said=("the first is kept, 1 rating left out (1 with the same answers; row 42)",),
    ),
    "B55 straight-lining": Case(
        content=same_answers(5), said=("straight-lining: 5 ratings (12 %) with one answer", "kept")
    ),
    "B57 recoded already": Case(content=recoded(), said=("PC6: item-rest correlation below 0", "turned round")),
    "B58 no variance": Case(content=constant(), said=("PC1: everybody gave the same answer",)),
    "B60 one respondent": Case(content=few(1), code="ICS-708", said=("nothing to report",)),
    "B60 two respondents": Case(content=few(2), code="ICS-708", said=("nothing to report",)),
    **{
        f"B61 weight {weight}": Case(
            content=weighted(weight), responses="  columns: {weight: w}", code="ICS-147", rows=(2,), said=("no weight",)
        )
        for weight in ("inf", "nan", "1e308", "-1")
    },
    "B61 answer inf": Case(content=with_cell(2, "PC1", "inf"), code="ICS-154", rows=(2,)),
    "B63 formula": Case(content=with_cell(2, "OP1", '=HYPERLINK("http://x")')),
    "B64 anything": Case(
        content=with_cell(2, "OP1", "<script>alert(1)</script>", "{{ 7*7 }}", "z" * 100_000, "\u202eabc\U0001f600")
    ),
    # others that were met with
    "C01 totals below the answers": Case(
        content=(written(answered()) + "Total,,3.1,3,3,3,3,3,6,\n").encode(),
        code="ICS-152",
        rows=(42,),
        said=("average",),
    ),
    "C02 two exports under each other": Case(
        content=lines(lambda one: [*one[:20], one[0], *one[20:]]), code="ICS-143", rows=(21,), said=("10 characters",)
    ),
    "C03 questions in a second row": Case(
        content=lines(lambda one: [one[0], "Who,Which,How fast?,b,c,d,e,f,Mark,Why", *one[1:]]),
        code="ICS-154",
        rows=(2,),
        said=("text of 9 characters",),
    ),
    "C04 a hard space": Case(content=with_cell(4, "PC2", "4\u00a0", "\u20094")),
    "C05 digits of another script": Case(content=with_cell(4, "PC2", "\uff14"), code="ICS-154", rows=(4,)),
    "C06 whole numbers with decimals": Case(content=with_cell(4, "PC2", "4.0", "4,00")),
    "C07 utf-16 without a mark": Case(
        content=written(answered()).encode("utf-16-le"), code="ICS-105", rows=(1,), said=("UTF-16", "CSV UTF-8")
    ),
    "C07 encoding given": Case(
        content=written(answered()).encode("utf-16-le"),
        responses="  encoding: utf-16",
        said=("read as utf-16 (given)",),
    ),
    "C08 packed": Case(content=b"\x1f\x8b" + b"\0" * 60, code="ICS-102", said=("gzip archive",)),
    "C09 a document": Case(content=b"%PDF-1.7", code="ICS-102", said=("PDF document",)),
    "C10 a database": Case(content=b"SQLite format 3\0" + b"\0" * 84, code="ICS-106", said=("the right file?",)),
    "C11 several answers in a cell": Case(content=with_cell(4, "PC2", "1;3"), code="ICS-154", rows=(4,)),
    "C12 -99": Case(content=with_cell(4, "PC2", "-99"), code="ICS-151", rows=(4,), said=("found -99", "dont_know")),
    "C13 the minus sign of a word processor": Case(content=with_cell(4, "PC2", "\u22124"), code="ICS-154", rows=(4,)),
    "C14 a respondent with a space": Case(content=with_cell(4, "respondent", "1 "), code="ICS-141", rows=(4,)),
    "C15 nobody": Case(content=with_cell(4, "respondent", ""), code="ICS-140", rows=(4,), said=("one person",)),
    "C16 another separator given": Case(responses="  separator: ';'", code="ICS-106", said=('"," does divide it',)),
    "C17 two byte order marks": Case(content=b"\xef\xbb\xbf" * 2 + written(answered()).encode()),
    "D01 headings over the names": Case(
        content=b",,Service,,,,,,,\n" + written(answered()).encode(), code="ICS-111", said=("in a row below",)
    ),
    "D02 days as numbers": Case(
        content=with_cell(4, "PC2", "46025"), code="ICS-151", rows=(4,), said=("keep dates as such numbers",)
    ),
    "D03 shortened numbers of respondents": Case(
        content=with_cell(4, "respondent", "1.2E+12", "1,2E+12"), code="ICS-160", rows=(4, 5), said=("shortened",)
    ),
    "D04 bars": Case(content=written(answered(), "|").encode(), code="ICS-106", said=('by "|"',)),
    "D05 totals below": Case(
        content=written([*answered(), ["Total", "", *["3.2"] * 6, "7", ""]]).encode(),
        code="ICS-140",
        rows=(42,),
        said=("row of totals",),
    ),
    "D06 two exports put together": Case(
        content=written([*answered(), answered()[0]]).encode(), code="ICS-143", rows=(42,), said=("no department",)
    ),
    "D07 lines of an old Mac": Case(content=written(answered()).replace("\n", "\r").encode()),
    "D08 every line ends with a separator": Case(
        content=written([[*row, ""] for row in answered()]).encode(), said=("empty column without a name",)
    ),
    "D09 rows end with a separator": Case(
        content=written([answered()[0], *([*row, ""] for row in answered()[1:])]).encode(),
        code="ICS-108",
        rows=tuple(range(2, 12)),
        said=("fields; the header has",),
    ),
    "D10 a quotation mark across lines": Case(
        content=lines(lambda rows: [*rows[:4], '"9\n9,HR,1,1,1,1,1,1,1,x', *rows[5:]]), code="ICS-109", rows=(5,)
    ),
    "D11 codes 99 and -99": Case(
        content=with_cell(4, "PC2", "99", "-99"), code="ICS-151", rows=(4, 5), said=("found 99 and -99", "dont_know")
    ),
    "D12 UTF-16 without a mark": Case(
        content=written(answered()).encode("utf-16-le"), code="ICS-105", rows=(1,), said=("UTF-16 without",)
    ),
    "D13 digits of full width": Case(content=with_cell(4, "PC2", "\uff15"), code="ICS-154", rows=(4,)),
    "D14 a percentage": Case(content=with_cell(4, "PC2", "80%"), code="ICS-154", rows=(4,), said=("3 characters",)),
    "D15 a space that does not break": Case(
        content=with_cell(3, "department", "Financi\u00ebn\u00a0"), code="ICS-142", rows=(3,), said=("spelling",)
    ),
    "C18 no such list of those invited": Case(
        responses="  cleaning: {invited: invted.txt}",
        files=(("invited.txt", "1\n"),),
        code="ICS-321",
        said=('did you mean "invited.txt"?',),
    ),
    "C18 invited, and nobody has a name": Case(
        responses="  columns: {respondent: null}\n  cleaning: {invited: invited.txt}",
        files=(("invited.txt", "1\n"),),
        code="ICS-335",
        said=("responses.columns.respondent",),
    ),
    "C18 not invited": Case(
        responses="  cleaning: {invited: invited.txt}",
        files=(("invited.txt", "".join(f"{person}\n" for person in range(1, 38))),),
        said=("3 ratings by respondents who are not on the list of those invited, kept",),
    ),
    "C19 the wrong encoding given": Case(
        responses="  encoding: cp1252", code="ICS-143", rows=tuple(range(3, 23, 2)), said=('mean "Financiën"',)
    ),
    "C20 an item as an attribute": Case(responses="  attributes: [PC1]", code="ICS-329", said=("PC1",)),
    # settings
    "B67 tab": Case(
        files=questionnaire(lambda text: text.replace("  five:", "\tfive:")), code="ICS-204", said=("tab",)
    ),
    "B67 no colon": Case(files=questionnaire(lambda text: text.replace("outcome: SA1", "outcome SA1")), code="ICS-204"),
    "B68 key twice": Case(
        files=questionnaire(lambda text: text.replace("outcome: SA1", "outcome: SA1\noutcome: SA1")),
        code="ICS-207",
        said=("line 4",),
    ),
    "B70 unknown key": Case(
        study="policy: policy.yaml",
        files=(("policy.yaml", "minimum_grop: 12\n"),),
        code="ICS-312",
        said=('did you mean "minimum_group"?',),
    ),
    **{
        f"B71 {value}": Case(
            study="policy: policy.yaml",
            files=(("policy.yaml", f"minimum_group: {value}\n"),),
            code=code,
            said=("10",),
        )
        for value, code in (
            ("1", "ICS-314"),
            ("-5", "ICS-314"),
            ("ten", "ICS-313"),
            ("3,5", "ICS-313"),
            (".inf", "ICS-313"),
        )
    },
    "B72 tag": Case(
        files=questionnaire(lambda text: text.replace("name: small", "name: !!python/object/apply:os.system [ls]", 1)),
        code="ICS-206",
    ),
    "B74 labels": Case(
        files=questionnaire(lambda text: text.replace("5: {en: fully agree", "4: {en: fully agree")),
        code="ICS-225",
        said=("2 labels",),
    ),
    "B74 reversed scale": Case(
        files=questionnaire(lambda text: text.replace("minimum: 1\n    maximum: 5", "minimum: 5\n    maximum: 1")),
        code="ICS-223",
        said=("reverse: true",),
    ),
    "B75 no such scale": Case(
        files=questionnaire(lambda text: text.replace("scale: process, responses", "scale: proces, responses", 1)),
        code="ICS-227",
        said=("process",),
    ),
    "B77 other scale": Case(
        study="norms: norm.csv",
        files=norm("PC1,0,10,20,900,7.1,1.2,,,,"),
        code="ICS-427",
        rows=(2,),
        said=("0", "10", "1", "5"),
    ),
    "B79 decimal comma": Case(
        study="norms: norm.csv", files=norm('PC1,1,5,20,900,"3,5",0.9,,,,'), code="ICS-424", rows=(2,), said=("3,5",)
    ),
    "B79 percentage": Case(study="norms: norm.csv", files=norm("PC1,1,5,20,900,62,0.9,,,,"), code="ICS-428", rows=(2,)),
}


@dataclass(frozen=True, kw_only=True)
class Checked:
    exit_code: int
    said: dict[str, Any]


def checked(case: Case, folder: Path) -> Checked:
    """Run the command on a case, after which the folder is as before."""
    content = case.content() if callable(case.content) else case.content
    (folder / case.name).write_bytes(content)
    (folder / "questionnaire.yaml").write_text(QUESTIONNAIRE, encoding="utf-8")
    (folder / "study.yaml").write_text(STUDY % (case.name, case.responses) + case.study + "\n", encoding="utf-8")
    for name, text in case.files:
        (folder / name).write_text(text, encoding="utf-8")
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    result = CliRunner().invoke(main, ["check", str(folder / "study.yaml"), "--format", "json"])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
    assert result.stderr == ""
    assert PRIVATE not in result.stdout
    return Checked(exit_code=result.exit_code, said=json.loads(result.stdout))


def require_schema(problem: dict[str, Any]) -> None:
    """Fail unless the problem says where, what and what to do in the one form that all have."""
    fields = {"code", "file", "rows", "n_rows", "line", "character", "column", "message", "hint"}
    assert set(problem) == fields
    assert re.fullmatch(r"ICS-[1-7]\d\d", problem["code"])
    assert problem["file"]
    assert len(problem["message"]) > 10
    assert len(problem["rows"]) == min(problem["n_rows"], 10)
    assert all(isinstance(row, int) and row > 0 for row in problem["rows"])


@pytest.mark.parametrize("case", list(CASES.values()), ids=list(CASES))
def test_a_bad_input_is_refused_with_help_or_read_with_what_is_odd_said(case: Case, tmp_path: Path) -> None:
    found = checked(case, tmp_path)
    problems = found.said["problems"]
    for problem in problems:
        require_schema(problem)
    if not case.code:
        assert (found.exit_code, problems) == (0, [])
        assert not [words for words in case.said if words not in "\n".join(found.said["notes"])], found.said["notes"]
        return
    assert found.exit_code == 2
    mine = [problem for problem in problems if problem["code"] == case.code]
    assert mine, problems
    text = "\n".join(f"{problem['message']} {problem['hint']}" for problem in mine)
    assert not [words for words in case.said if words not in text], text
    assert mine[0]["rows"] == list(case.rows)


def test_a_file_that_is_too_large_is_refused_before_it_is_read(tmp_path: Path) -> None:
    case = Case(content=b"", code="ICS-103")
    (tmp_path / "large.csv").touch()
    with (tmp_path / "large.csv").open("wb") as stream:
        stream.truncate(2 * 10**9)
    result = CliRunner().invoke(main, ["check", str(tmp_path / "large.csv"), "--format", "json"])
    (problem,) = json.loads(result.stdout)["problems"]
    require_schema(problem)
    assert (result.exit_code, problem["code"]) == (2, case.code)
    assert "200 MB" in problem["message"]
