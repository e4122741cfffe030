"""Ratings that may not be meant are counted, and left out only where the study says so."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from small_survey import item, questionnaire, read, refusal, study

if TYPE_CHECKING:
    from icstats.responses import Responses

CODES = ("A1", "A2", "A3", "A4", "A5", "A6")
ITEMS = (*(item(code, "process", scale="process") for code in CODES), item("SA1", "outcome", responses="ten"))
HEADER = f"respondent,department,{','.join(CODES)},SA1"


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def rating(person: int, *answers: int, department: str = "it", more: str = "") -> str:
    return f"{person},{department},{','.join(map(str, answers or (1, 2, 3, 4, 5, 4)))},7{more}"


def cleaned(*rows: str, header: str = HEADER, columns: dict[str, str] | None = None, **cleaning: object) -> Responses:
    content = "\n".join([header, *rows]) + "\n"
    return read(content, questionnaire=questionnaire(*ITEMS), columns=columns or {}, responses={"cleaning": cleaning})


def rows_of(responses: Responses) -> list[int]:
    return sorted(responses.ratings(wave="2026")["file_row"].tolist())


def test_of_double_ratings_the_first_is_kept_and_the_others_are_named() -> None:
    double = (rating(1), rating(2), rating(1), rating(1, 5, 5, 4, 4, 3, 3), rating(1, department="hr"))
    responses = cleaned(*double, duplicates="keep_first")
    assert rows_of(responses) == [2, 3, 6]
    assert responses.notes[-1] == (
        "double ratings by one respondent: the first is kept, 2 ratings left out (1 with the same answers; rows 4, 5)"
    )
    assert len(refusal("\n".join([HEADER, *double]), questionnaire=questionnaire(*ITEMS), store="elsewhere")) == 1


def test_straight_lining_is_counted_and_departments_are_named_when_there_are_many() -> None:
    alike = [rating(person, *[3] * 6) for person in range(12)]
    alike += [rating(person, *[4] * 6, department="hr") for person in range(12, 16)]
    rows = [*alike, *(rating(person) for person in range(20, 36))]
    told = "straight-lining: 16 ratings (50 %) with one answer to 6 questions (it 12)"
    kept = cleaned(*rows)
    assert kept.notes[1] == f"{told}, kept"
    assert len(rows_of(kept)) == 32
    left = cleaned(*rows, straight_lining="leave_out")
    assert left.notes[1] == f"{told}, left out"
    assert rows_of(left) == list(range(18, 34))


def test_one_answer_to_few_questions_is_no_straight_lining() -> None:
    responses = cleaned(*(f"{person},it,3,3,3,3,,,7" for person in range(12)), rating(20))
    assert not any("straight" in note for note in responses.notes)


TIMED = f"{HEADER},secs"


def test_who_took_less_than_a_third_of_the_median_time_is_counted_and_kept() -> None:
    times = [300, 310, 290, 280, 320, 40, "", "2,5"]
    rows = [rating(person, more=f',"{time}"') for person, time in enumerate(times)]
    responses = cleaned(*rows, header=TIMED, columns={"seconds": "secs"})
    assert responses.notes[1:3] == (
        "1 rating without a time in seconds kept",
        "speeders: 2 ratings made in under 97 seconds (less than a third of the median), kept",
    )
    assert len(rows_of(responses)) == 8
    faster = cleaned(*rows, header=TIMED, columns={"seconds": "secs"}, shortest_seconds=50)
    assert faster.notes[2] == "speeders: 2 ratings made in under 50 seconds (as set), left out"
    assert rows_of(faster) == [2, 3, 4, 5, 6, 8]


DATED = f"{HEADER},day"
PERIOD = {"first_day": "2026-01-01", "last_day": "2026-01-31"}


@pytest.mark.parametrize(
    ("days", "outside", "none"),
    [
        (["2026-01-05", "2026-01-31 23:59", "2026-02-01", "2026-02-30", ""], 1, 1),
        (["05-01-2026", "31/01/2026", "1.2.2026", "30-02-2026", ""], 1, 1),
        (["01/05/2026", "01/31/2026", "02/01/2026", "02/30/2026", ""], 1, 1),
        (["x", "5 januari", "2026-01-05", "", ""], 0, 2),
    ],
)
def test_days_are_read_in_the_usual_ways(days: list[str], outside: int, none: int) -> None:
    rows = [rating(person, more=f",{day}") for person, day in enumerate(days)]
    settings: dict[str, Any] = {"header": DATED, "columns": {"date": "day"}, **PERIOD}
    kept = cleaned(*rows, **settings)
    assert len(rows_of(kept)) == len(days)
    assert (f"{outside} rating with a date outside the fieldwork, kept" in kept.notes) == bool(outside)
    assert any(note.startswith(f"{none} rating") and "does not exist" in note for note in kept.notes)
    assert len(rows_of(cleaned(*rows, **settings, outside="leave_out"))) == len(days) - outside - none


def test_items_that_go_against_their_scale_or_do_not_vary_are_named_from_ten_ratings_on() -> None:
    levels = [1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 2, 4]
    rows = [rating(person, low, low, low, low, 4, 6 - low) for person, low in enumerate(levels)]
    notes = cleaned(*rows).notes
    assert "A5: everybody gave the same answer, so it says nothing about differences" in notes
    assert "A6: item-rest correlation below 0; is it worded the other way? Then mark it reverse." in notes
    assert not any(note.startswith("A") for note in cleaned(*rows[:9]).notes)


def test_cleaning_that_leaves_nothing_is_refused() -> None:
    alike = "\n".join([HEADER, *(rating(person, *[3] * 6) for person in range(12))])
    settings = {"cleaning": {"straight_lining": "leave_out"}}
    assert refusal(alike, questionnaire=questionnaire(*ITEMS), responses=settings) == [
        (
            "survey.csv: all 12 ratings are left out by the cleaning that the study asks for. "
            "Hint: Change responses.cleaning. [ICS-161]"
        )
    ]


def test_a_time_or_day_may_not_be_judged_without_its_column() -> None:
    from icstats.study import contradictions  # noqa: PLC0415

    lacking = study(responses={"cleaning": {"shortest_seconds": 60, "last_day": "2026-01-31"}})
    assert [(finding.loc[-1], finding.number) for finding in contradictions(lacking)] == [
        ("shortest_seconds", 35),
        ("last_day", 35),
    ]


def test_words_of_answers_belong_to_a_response_scale_and_stay_within_it() -> None:
    from icstats.study import contradictions  # noqa: PLC0415

    wrong = study(responses={"answers": {"fife": {"good": 4}, "five": {"good": 6}}})
    assert [(finding.number, finding.message, finding.hint) for finding in contradictions(wrong)] == [
        (33, 'the questionnaire has no response scale "fife".', 'did you mean "five"?'),
        (34, "found 6; allowed: a whole number from 1 to 5, as the scale has.", ""),
    ]


def test_without_a_column_for_the_department_there_is_one_department() -> None:
    from icstats.study import contradictions  # noqa: PLC0415

    two = study(columns={"department": None})
    assert [finding.number for finding in contradictions(two)] == [36]
    one = study(columns={"department": None}, departments=two.departments[1:], questionnaire=questionnaire(*ITEMS))
    content = "respondent,A1,A2,A3,A4,A5,A6,SA1\n1,1,2,3,4,5,4,7\n"
    responses = read(
        content, columns={"department": None}, departments=one.departments, questionnaire=questionnaire(*ITEMS)
    )
    assert responses.ratings(wave="2026", department="it")["A3"].tolist() == [3]


def test_ratings_by_who_was_not_invited_are_counted_and_left_out_where_the_study_says_so() -> None:
    rows = [rating(person) for person in range(1, 9)]
    rows[2] = rows[2].replace("3,", " 3,", 1)
    Path("invited.txt").write_text("\ufeff1\n 2 \n\n3\n4\n99\n", encoding="utf-8")
    told = "4 ratings by respondents who are not on the list of those invited"
    invited = Path.cwd() / "invited.txt"
    kept = cleaned(*rows, invited=invited)
    assert kept.notes[-1] == f"{told}, kept"
    assert rows_of(kept) == list(range(2, 10))
    left = cleaned(*rows, invited=invited, uninvited="leave_out")
    assert left.notes[-1] == f"{told}, left out"
    assert rows_of(left) == [2, 3, 4, 5]
    assert [(one.kind, one.department, one.n) for one in left.contents.findings] == [("uninvited", "it", 4)]
    invited.write_text("1\n2\n", encoding="utf-8")
    shorter = cleaned(*rows, invited=invited, uninvited="leave_out")
    assert rows_of(shorter) == [2, 3]


@pytest.mark.parametrize("content", [b"", b"\n \n", "Zo\u00eb\n".encode("cp1252")], ids=["empty", "blank", "cp1252"])
def test_a_list_of_those_invited_that_is_none_is_refused(content: bytes) -> None:
    Path("invited.txt").write_bytes(content)
    (problem,) = refusal(
        "\n".join([HEADER, rating(1), rating(2)]),
        questionnaire=questionnaire(*ITEMS),
        responses={"cleaning": {"invited": Path.cwd() / "invited.txt"}},
    )
    assert str(problem) == (
        "invited.txt: this is no list of those invited. Hint: Write one respondent a line, as the survey file does, "
        "and save it as UTF-8 text. [ICS-163]"
    )
