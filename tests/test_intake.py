"""A survey file is read as it stands, or refused with the row where it goes wrong."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shared import shared_file

from icstats.errors import SurveyFileError
from icstats.intake import LARGEST_FILE, parse_table, read_table
from icstats.study import ResponsesFile

if TYPE_CHECKING:
    from icstats.rawtable import RawTable

PRIVATE = "mijn chef is een ezel"


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def source(name: str = "survey.csv", **more: object) -> ResponsesFile:
    return ResponsesFile.model_validate({"file": Path.cwd() / name, **more})


def read(content: str | bytes, name: str = "survey.csv", **more: object) -> RawTable:
    data = content.encode() if isinstance(content, str) else content
    Path(name).write_bytes(data)
    table = read_table(source(name, **more))
    assert Path(name).read_bytes() == data
    return table


def refusal(content: str | bytes, name: str = "survey.csv", **more: object) -> str:
    with pytest.raises(SurveyFileError) as error:
        read(content, name, **more)
    assert PRIVATE not in str(error.value)
    return str(error.value)


def cells(table: RawTable) -> list[list[str]]:
    return table.frame.to_numpy().tolist()


def test_nothing_is_guessed() -> None:
    table = read("id,department,q1\n00123,NA,1E5\nNone,nan,TRUE\n,NULL,inf\n 7 ,#N/A,1.234\n")
    assert cells(table) == [
        ["00123", "NA", "1E5"],
        ["None", "nan", "TRUE"],
        ["", "NULL", "inf"],
        [" 7 ", "#N/A", "1.234"],
    ]
    assert {str(dtype) for dtype in table.frame.dtypes} == {"str"}
    assert repr(table) == "<RawTable: 4 rows, 3 columns, not released>"


@pytest.mark.parametrize("separator", [",", ";"])
def test_the_separator_is_found_and_stated(separator: str) -> None:
    table = read(f"id{separator}q1\n1{separator}5\n")
    assert list(table.frame) == ["id", "q1"]
    assert table.notes == (f'columns are separated by "{separator}" (found)',)


def test_decimal_commas_and_commas_in_questions_do_not_hide_the_semicolon() -> None:
    table = read('id;"q1, how fast";weight\n1;5;1,5\n2;4;0,5\n')
    assert list(table.frame) == ["id", "q1, how fast", "weight"]
    assert cells(table) == [["1", "5", "1,5"], ["2", "4", "0,5"]]


def test_a_given_separator_is_used_and_the_other_one_advised_when_it_does_not_fit() -> None:
    table = read("a,b;c\n1,2;3\n", separator=";")
    assert list(table.frame) == ["a,b", "c"]
    assert table.notes == ('columns are separated by ";" (given)',)
    assert refusal("a;b\n1;2\n", separator=",") == (
        'survey.csv: the header is not divided into columns by ",". Hint: ";" does divide it. [ICS-106]'
    )


@pytest.mark.parametrize(("line", "first"), [("sep=;\n", 3), ('"sep=;"\r\n', 3), ("", 2)])
def test_the_line_that_names_the_separator_is_skipped_and_counted(line: str, first: int) -> None:
    table = read(f"{line}id;q1\n1;5\n")
    assert list(table.frame) == ["id", "q1"]
    assert table.rows.tolist() == [first]


def test_a_byte_order_mark_is_no_part_of_the_first_name() -> None:
    assert list(read(b"\xef\xbb\xbfid,q1\n1,5\n").frame) == ["id", "q1"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_rows_are_counted_as_an_editor_counts_lines(end: str) -> None:
    lines = ["id,q1,comment", "1,5,fine", '2,4,"two', 'lines"', "", "3,4,", ",,", "4,1,end"]
    table = read(end.join(lines))
    assert table.rows.tolist() == [2, 3, 6, 8]
    assert cells(table)[1] == ["2", "4", f"two{end}lines"]
    assert table.notes[1] == "1 row without any answer left out"


def test_characters_that_only_look_like_line_ends_stay_in_their_cell() -> None:
    table = read('id,comment\n1,"a\u2028b\u0085c\x0bd"\n2,x\n')
    assert cells(table)[0][1] == "a\u2028b\u0085c\x0bd"
    assert table.rows.tolist() == [2, 3]


def test_a_long_comment_with_quotes_script_and_emoji_stays_text() -> None:
    comment = '=HYPERLINK("x") <script>alert(1)</script> {{ 7*7 }} \u202e🙂' + "z" * 100_000
    stream = io.StringIO()
    csv.writer(stream).writerows([["id", "OP1"], ["1", comment]])
    assert cells(read(stream.getvalue())) == [["1", comment]]


def test_rows_that_do_not_fit_the_header_are_all_named() -> None:
    text = "a,b,c\n1,2,3\n" + "1,2,3,4\n" * 12 + "1,2\n"
    assert refusal(text) == (
        'survey.csv, row 3: 4 fields; the header has 3. Hint: Is there a "," in a text that is not quoted? [ICS-108] '
        "(also rows 4, 5, 6, 7, 8, 9, 10, 11, 12 and 2 more)\n"
        "survey.csv, row 15: 2 fields; the header has 3. Hint: Is a row broken in two, or cut off? [ICS-108]"
    )


UNCLOSED = 'a quotation mark (") opens in this row and is never closed, or closes in a later row before more text'
CLOSE_IT = 'Close it, or write a quotation mark inside a text twice ("").'


@pytest.mark.parametrize("rest", ["3,x\n", '3,"x"\n4,y\n', "3,x\n" * 60_000])
def test_an_unclosed_quote_is_refused_at_the_row_where_it_opens(rest: str) -> None:
    text = f'id,comment\n1,"fine"\n2,"{PRIVATE}\n{rest}'
    assert refusal(text) == f"survey.csv, row 3: {UNCLOSED}. Hint: {CLOSE_IT} [ICS-109]"


@pytest.mark.parametrize("quote", ['"', ""])
def test_a_text_that_is_too_long_is_not_called_unclosed(quote: str) -> None:
    text = f'id,comment\n1,"fine"\n2,{quote}{"x" * 131_073}{quote}\n3,x\n'
    assert refusal(text) == "survey.csv, row 3: a text of more than 131,072 characters. Hint: Shorten it. [ICS-109]"


def test_text_after_a_closing_quote_is_refused() -> None:
    assert refusal('id,comment\n1,"fine" he said\n') == (
        'survey.csv, row 2: text follows a closing quotation mark ("). '
        'Hint: Write a quotation mark inside a text twice (""). [ICS-109]'
    )


def test_a_nul_character_is_refused_with_row_and_column() -> None:
    assert refusal("id,department\n1,HR\n2,HR\0\n") == (
        'survey.csv, row 3, column "department": a NUL character, which no text holds. '
        "Hint: The file is damaged; export it again. [ICS-110]"
    )


def test_names_of_columns_must_be_there_and_differ() -> None:
    assert refusal("q1,,q2,q1, \n1,2,3,4,5\n") == (
        "survey.csv: the header has no name in columns 2, 5. "
        "Hint: Name every column, or remove the empty ones. [ICS-111]\n"
        "survey.csv: columns 1, 4 have the same name. "
        "Hint: Give every column its own name. Is the first row the header? [ICS-112]"
    )


def test_all_problems_of_form_are_told_together() -> None:
    message = refusal("q1,q1\n1,2\n1\n1,\0\n")
    assert [line.split()[-1] for line in message.splitlines()] == ["[ICS-112]", "[ICS-108]", "[ICS-110]"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "survey.csv: the file is empty. Hint: Export it again. [ICS-104]"),
        ("\n \n", "survey.csv: the file is empty. Hint: Export it again. [ICS-104]"),
        ("id,q1\n", "survey.csv: the file has a header and no answers. Hint: Export it again. [ICS-107]"),
        ("id,q1\n,\n\n", "survey.csv: the file has a header and no answers. Hint: Export it again. [ICS-107]"),
        (
            "just a sentence\n",
            (
                'survey.csv: the header is not divided into columns by ",", ";" or tabs. '
                "Hint: Is this the right file? [ICS-106]"
            ),
        ),
        (
            b"id,d\n" + "1,Financiën\n".encode() * 500 + "1,Financiën\n".encode("cp1252"),
            (
                "survey.csv, row 502: byte 0xEB is not UTF-8 text. Hint: The rows before it are UTF-8: were two files "
                'put together? Save it again as "CSV UTF-8", or set "encoding" to how it is written. [ICS-105]'
            ),
        ),
        (
            b"id,d\n1,a\n2,\x81\xeb\n",
            (
                "survey.csv, row 3: byte 0x81 is not UTF-8 or cp1252 text. "
                'Hint: Save it again as "CSV UTF-8", or set "encoding" to how it is written. [ICS-105]'
            ),
        ),
        (
            "\n  <!DOCTYPE html><html><body>Log in</body></html>",
            (
                "survey.csv: this is a web page, and no survey file. "
                "Hint: Log in to the survey platform and export the answers again. [ICS-102]"
            ),
        ),
    ],
    ids=["0 bytes", "blank", "header", "blank rows", "one column", "mixed", "neither", "html"],
)
def test_what_is_no_survey_file_is_refused(content: str | bytes, expected: str) -> None:
    assert refusal(content) == expected


def archive() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as made:
        made.writestr("xl/workbook.xml", "<workbook/>")
    return stream.getvalue()


AS_CSV = 'Save the answers as "CSV UTF-8" and name that file.'
READ = "what is read are CSV, TSV, Excel (.xlsx, .xls), .ods, SPSS (.sav, .zsav, .por), Stata (.dta) and Parquet"


@pytest.mark.parametrize(
    ("name", "content", "found", "hint"),
    [
        ("survey.csv", archive(), "a zip archive or a workbook (.xlsx, .ods)", ".xlsx or .ods"),
        ("survey.xls", archive(), "a zip archive or a workbook (.xlsx, .ods)", ".xlsx or .ods"),
        (
            "survey.csv",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1.",
            "an old or password-protected Excel workbook",
            ".xls or .xlsx",
        ),
        ("survey.csv", b"$FL2@(#) SPSS", "an SPSS file (.sav)", ".sav"),
        ("survey.csv", b"PAR1....", "a Parquet file", ".parquet"),
        ("survey.xlsx", b"%PDF-1.7", "a PDF document", ""),
    ],
)
def test_a_file_of_another_kind_than_its_name_says_is_called_by_its_name(
    name: str, content: bytes, found: str, hint: str
) -> None:
    advice = f"Is its name wrong? Then end it in {hint}." if hint else AS_CSV
    suffix = Path(name).suffix
    assert refusal(content, name) == (
        f'{name}: this is {found}, though its name ends in "{suffix}". Hint: {advice} [ICS-102]'
    )


@pytest.mark.parametrize("name", ["survey.xlsx", "survey.sav", "survey.parquet"])
def test_text_under_the_name_of_something_else_is_refused(name: str) -> None:
    assert refusal("id,q1\n1,5\n", name) == (
        f'{name}: this is not what a file whose name ends in "{Path(name).suffix}" begins with. '
        "Hint: If it is text, end its name in .csv; if not, it is damaged: export it again. [ICS-102]"
    )


def test_what_is_not_read_is_told_with_what_is() -> None:
    assert refusal(b"cos\nsystem\n(S'true'\ntR.", "survey.pkl") == (
        f'survey.pkl: this is of the type ".pkl"; {READ}. Hint: {AS_CSV} [ICS-102]'
    )


@pytest.mark.parametrize(
    ("content", "notes"),
    [
        ("id\tq1\n1\tFinanciën\n".encode(), ("columns are separated by tabs (found)",)),
        (
            "id,q1\n1,Financiën\n".encode("cp1252"),
            (
                'read as cp1252 (found: it is not UTF-8); are names with accents right? If not, set "encoding"',
                'columns are separated by "," (found)',
            ),
        ),
        (
            "id;q1\n1;Financiën\n".encode("utf-16"),
            ("read as utf-16 (found by its byte order mark)", 'columns are separated by ";" (found)'),
        ),
    ],
    ids=["tabs", "cp1252", "utf-16"],
)
def test_how_a_text_is_written_is_found_and_stated(content: bytes, notes: tuple[str, ...]) -> None:
    table = read(content)
    assert cells(table) == [["1", "Financiën"]]
    assert table.notes == notes


def test_blank_lines_above_the_header_do_not_count_but_are_counted() -> None:
    table = read("\n\nid,q1\n1,5\n")
    assert list(table.frame) == ["id", "q1"]
    assert table.rows.tolist() == [4]


def test_a_given_encoding_is_used() -> None:
    table = read("id,q1\n1,€ ë\n".encode("cp1252"), encoding="cp1252")
    assert cells(table) == [["1", "€ ë"]]
    assert table.notes[0] == "read as cp1252 (given)"
    assert refusal("id,q1\n1,ë\n".encode("cp1252"), encoding="utf-8").endswith("[ICS-105]")


def test_columns_without_a_name_and_without_content_are_left_out_and_so_are_row_numbers() -> None:
    table = read(",q1,\n1,5,\n2,4,\n")
    assert list(table.frame) == ["q1"]
    assert table.notes[1:] == (
        "1 empty column without a name left out",
        "row numbers in the first column, which has no name, left out",
    )


def test_a_file_that_is_not_there_brings_up_the_nearest_name() -> None:
    Path("survey_2026.csv").write_text("id,q1\n1,5\n")
    with pytest.raises(SurveyFileError) as error:
        read_table(source("survey_2025.csv"))
    assert str(error.value) == (
        "survey_2025.csv: the file cannot be opened: no such file or directory. "
        'Hint: did you mean "survey_2026.csv"? [ICS-101]'
    )


def test_a_folder_is_not_a_file() -> None:
    Path("survey.csv").mkdir()
    with pytest.raises(SurveyFileError) as error:
        read_table(source())
    assert str(error.value) == "survey.csv: the file cannot be opened: is a directory. [ICS-101]"


def test_the_limit_of_size_is_stated_before_anything_is_read() -> None:
    with Path("survey.csv").open("wb") as stream:
        stream.truncate(LARGEST_FILE * 3 // 2)
    with pytest.raises(SurveyFileError) as error:
        read_table(source())
    assert str(error.value) == (
        "survey.csv: the file has 300 MB; up to 200 MB are read at once. "
        "Hint: Leave out what is not needed, or make a file per wave. Larger files are read as CSV or Parquet, by a "
        "study that says how they are laid out. [ICS-103]"
    )


def test_the_real_file_is_read_whole() -> None:
    content = shared_file("data/univer_orientation_2002.csv").read_bytes()
    table = parse_table(content, source("univer.csv"))
    assert table.frame.shape == (2179, 12)
    assert table.rows[[0, -1]].tolist() == [2, 2180]


cell = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufeff\r"), max_size=6)


@given(
    st.lists(st.tuples(cell, cell, cell), min_size=1, max_size=8).filter(lambda rows: all(any(row) for row in rows)),
    st.sampled_from([",", ";"]),
)
def test_whatever_is_written_is_read_back(rows: list[tuple[str, str, str]], separator: str) -> None:
    stream = io.StringIO()
    csv.writer(stream, delimiter=separator, lineterminator="\n").writerows([("a", "b", "c"), *rows])
    text = stream.getvalue()
    table = parse_table(text.encode(), source(separator=separator))
    assert cells(table) == [list(row) for row in rows]
    lines = text.split("\n")
    assert all(table.rows[1:] > table.rows[:-1])
    assert table.rows[0] == 2
    assert table.rows[-1] <= len(lines)
