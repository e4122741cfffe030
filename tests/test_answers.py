"""Every answer is understood as it was meant, or refused without repeating what a respondent wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from small_survey import PRIVATE, read, refusal

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "respondent,department,PC1,PC2,PX1,SA1"
EITHER = "which can be a thousand or a number with decimals"
IN_WORDS = "If these are answers in words, give their numbers under responses.answers.five."
FIVE = "allowed are whole numbers from 1 to 5, or an empty cell"
MISSING = "list it under responses.not_applicable or responses.dont_know."
OUTSIDE = f'If it means "not applicable" or "don\'t know", {MISSING}'


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def answers_to_pc1(*cells: str, **responses: object) -> list[float]:
    rows = [f'{person},it,"{cell}",3,,7' for person, cell in enumerate(cells)]
    ratings = read("\n".join([HEADER, *rows]), responses=responses).ratings(wave="2026", department="it")
    return ratings["PC1"].tolist()


@pytest.mark.parametrize("cell", ["5", "5.0", "5,0", "5.00", "5,00", "5.0000", " 5 ", "05", "5\t"])
def test_five_is_five_however_a_program_writes_it(cell: str) -> None:
    assert answers_to_pc1(cell) == [5.0]


@pytest.mark.parametrize(
    ("cell", "found", "code", "hint"),
    [
        ("9", "9", 151, OUTSIDE),
        ("0", "0", 151, OUTSIDE),
        ("-1", "-1", 151, OUTSIDE),
        ("6.0", "6.0", 151, OUTSIDE),
        ("0612345678", "a number of 10 characters", 151, OUTSIDE),
        ("3,5", "3,5", 152, "Is this column an average?"),
        ("3.5", "3.5", 152, "Is this column an average?"),
        ("5.000", f"5.000, {EITHER}", 158, 'Set decimal under responses to "," or ".".'),
        ("1E5", "1E5", 152, "Is this column an average?"),
        ("03-01-2026", "a date", 153, "A spreadsheet turned answers into dates: export them again, as text."),
        ("3-jan", "a date", 153, "A spreadsheet turned answers into dates: export them again, as text."),
        ("2026-01-03 00:00:00", "a date", 153, "A spreadsheet turned answers into dates: export them again, as text."),
        ("05. Jan", "a date", 153, "A spreadsheet turned answers into dates: export them again, as text."),
        ("7 (agree)", "text of 9 characters that begins with a number", 151, "Is it an answer on another scale?"),
        ("Eens", "text of 4 characters", 154, IN_WORDS),
        ("inf", "text of 3 characters", 154, IN_WORDS),
        ("TRUE", "text of 4 characters", 154, IN_WORDS),
        (PRIVATE, "text of 18 characters", 154, IN_WORDS),
        ("=1+1", "text of 4 characters", 154, IN_WORDS),
        ("n.v.t.", "text of 6 characters", 154, f"If it stands for a missing answer, {MISSING}"),
        ("-", "text of 1 character", 154, f"If it stands for a missing answer, {MISSING}"),
        ("#N/B", "text of 4 characters", 154, f"If it stands for a missing answer, {MISSING}"),
        ("nan", "text of 3 characters", 154, f"If it stands for a missing answer, {MISSING}"),
    ],
)
def test_what_is_no_answer_is_refused_with_what_is_allowed(cell: str, found: str, code: int, hint: str) -> None:
    assert refusal(f'{HEADER}\n1,it,4,3,,7\n2,it,"{cell}",3,,7\n') == [
        f'survey.csv, row 3, column "PC1": found {found}; {FIVE}. Hint: {hint} [ICS-{code}]'
    ]


def test_a_number_too_long_to_be_an_answer_is_not_repeated() -> None:
    assert refusal(f"{HEADER}\n1,it,{'1' * 40},3,,7\n") == [
        (
            f'survey.csv, row 2, column "PC1": found a number of 40 characters; {FIVE}. '
            "Hint: Is this column an average? [ICS-152]"
        )
    ]


def test_ten_rows_are_listed_and_the_others_counted_with_the_values_found() -> None:
    rows = [f"{person},it,{person % 7 + 6},3,,7" for person in range(13)]
    assert refusal("\n".join([HEADER, *rows])) == [
        (
            f'survey.csv, row 2, column "PC1": found 6, 7, 8, 9, 10 and 2 other values; {FIVE}. Hint: {OUTSIDE} '
            "[ICS-151] (also rows 3, 4, 5, 6, 7, 8, 9, 10, 11 and 3 more)"
        )
    ]


def test_each_kind_of_fault_in_each_column_is_told_once() -> None:
    lines = refusal(f"{HEADER}\n1,it,9,x,,11\n2,it,8,yy,,7\n3,it,{PRIVATE},1,,3.5\n")
    assert lines == [
        f'survey.csv, row 2, column "PC1": found 9 and 8; {FIVE}. Hint: {OUTSIDE} [ICS-151] (also row 3)',
        (f'survey.csv, row 4, column "PC1": found text of 18 characters; {FIVE}. Hint: {IN_WORDS} [ICS-154]'),
        (
            f'survey.csv, row 2, column "PC2": found texts of 1 to 2 characters; {FIVE}. '
            f"Hint: {IN_WORDS} [ICS-154] (also row 3)"
        ),
        (
            'survey.csv, row 2, column "SA1": found 11; allowed are whole numbers from 1 to 10, or an empty cell. '
            f"Hint: {OUTSIDE} [ICS-151]"
        ),
        (
            'survey.csv, row 4, column "SA1": found 3.5; allowed are whole numbers from 1 to 10, or an empty cell. '
            "Hint: Is this column an average? [ICS-152]"
        ),
    ]


def test_texts_for_missing_answers_are_those_of_the_study_and_spelled_as_there() -> None:
    settings = {"not_asked": ("not shown",), "not_applicable": ("n.v.t.", "98"), "dont_know": ("99",)}
    cells = ["4", "n.v.t.", "98", "98.0", "99", "not shown", ""]
    assert str(answers_to_pc1(*cells, **settings)) == "[4.0, nan, nan, nan, nan, nan, nan]"
    assert len(refusal(f"{HEADER}\n1,it,N.V.T.,3,,7\n", responses=settings, store="elsewhere")) == 1


def test_a_text_within_the_scale_of_an_item_is_its_answer_and_missing_elsewhere() -> None:
    ratings = read(f"{HEADER}\n1,it,9,3,,9\n", responses={"dont_know": ("9",)}).ratings(wave="2026")
    assert str(ratings[["PC1", "SA1"]].to_numpy().tolist()) == "[[nan, 9.0]]"


@pytest.mark.parametrize("cell", ["4 (agree)", "4 - Agree", "4: agree", "4. agree", "4 = mee eens", "4 – agree"])
def test_a_number_with_its_words_is_that_number(cell: str) -> None:
    assert answers_to_pc1(cell) == [4.0]


@pytest.mark.parametrize(("cell", "decimal", "answer"), [("4.000", ".", 4.0), ("4,000", ",", 4.0)])
def test_what_stands_before_decimals_can_be_said(cell: str, decimal: str, answer: float) -> None:
    assert answers_to_pc1(cell, decimal=decimal) == [answer]


def test_a_thousand_is_no_answer_when_the_decimal_is_known() -> None:
    assert refusal(f"{HEADER}\n1,it,4.000,3,,7\n", responses={"decimal": ","})[0].endswith("[ICS-151]")
