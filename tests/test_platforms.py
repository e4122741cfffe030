"""Platforms are recognised by the form of their exports, and what they put above the answers is taken off."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from shared import shared_file

from icstats.intake import parse_table
from icstats.study import ResponsesFile

if TYPE_CHECKING:
    from icstats.rawtable import RawTable


def read(*rows: list[str], **settings: object) -> RawTable:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(rows)
    return table(stream.getvalue().encode(), **settings)


def table(content: bytes, **settings: object) -> RawTable:
    return parse_table(content, ResponsesFile.model_validate({"file": Path("survey.csv"), **settings}))


def cells(found: RawTable) -> list[list[str]]:
    return found.frame.to_numpy().tolist()


QUALTRICS = (
    ["StartDate", "IPAddress", "ResponseId", "Q1", "Q2_1"],
    ["Startdatum", "IP-adres", "Antwoord-id", "Hoe snel?", "Wat gebruikt u? - Laptop"],
    ['{"ImportId":"startDate","timeZone":"Z"}', '{"ImportId":"ipAddress"}', '{"ImportId":"_recordId"}', "", ""],
    ["2026-01-05", "192.0.2.1", "R_1", "5", "1"],
)


def test_qualtrics_has_three_header_rows_in_any_language() -> None:
    names, words, (*identifiers, _, _), answers = QUALTRICS
    found = read(names, words, [*identifiers, '{"ImportId":"QID1"}', '{"ImportId":"QID2_1"}'], answers)
    assert list(found.frame) == ["Q1", "Q2_1"]
    assert cells(found) == [["5", "1"]]
    assert found.rows.tolist() == [4]
    assert found.questions == {"Q1": "Hoe snel?", "Q2_1": "Wat gebruikt u? - Laptop"}
    assert found.notes == (
        'columns are separated by "," (found)',
        "exported by Qualtrics (found), 3 header rows",
        "columns of Qualtrics itself left out: StartDate, IPAddress, ResponseId",
    )


def test_a_column_of_the_platform_that_the_study_names_stays() -> None:
    found = read(*QUALTRICS, columns={"respondent": "ResponseId", "date": "StartDate"})
    assert list(found.frame) == ["StartDate", "ResponseId", "Q1", "Q2_1"]


def test_the_real_qualtrics_exports_hold_one_response() -> None:
    old = table(shared_file("data/qualtrics_legacy_two_header.csv").read_bytes())
    new = table(shared_file("data/qualtrics_three_header_german_ui.csv").read_bytes())
    assert (list(old.frame), old.rows.tolist()) == (["Q1", "Q2"], [3])
    assert (list(new.frame), new.rows.tolist()) == (["Q1", "Q2", "Q2 - Topics"], [4])
    assert cells(old) == [["2", "Hello World!"]]
    assert cells(new) == [["2", "Hello World!", ""]]
    for found in (old, new):
        assert found.questions["Q1"] == "This is a multiple choice question."
        assert not any("192.0.2.1" in text for text in found.frame.to_numpy().ravel())


def test_limesurvey_with_codes_and_text() -> None:
    found = read(
        ["id. Response ID", "submitdate. Date submitted", "G1Q1. How fast?", "G2[SQ001]. [Friendly]"],
        ["1", "2026-01-05", "4", "5"],
    )
    assert list(found.frame) == ["G1Q1", "G2[SQ001]"]
    assert found.questions["G2[SQ001]"] == "[Friendly]"
    assert found.notes[1] == "exported by LimeSurvey (found); columns are called by the code before the question"
    assert found.notes[2] == "columns of LimeSurvey itself left out: id, submitdate"


def test_limesurvey_with_codes_only() -> None:
    found = read(["id", "submitdate", "lastpage", "startlanguage", "G1Q1"], ["1", "2026-01-05", "3", "nl", "4"])
    assert list(found.frame) == ["G1Q1"]
    assert found.notes[1] == "exported by LimeSurvey (found)"


def test_the_real_limesurvey_export() -> None:
    found = table(shared_file("data/limesurvey_rse_2017_netherlands.csv").read_bytes())
    assert found.frame.shape == (77, 130)
    assert found.questions["socio1"] == "In which country do you work?"
    assert "likert0[time1can]" in found.frame
    assert "row numbers in the first column, which has no name, left out" in found.notes


def test_surveymonkey_has_two_header_rows_and_a_column_per_option() -> None:
    found = read(
        ["Respondent ID", "Collector ID", "Start Date", "How fast?", "What do you use?", "", "Why?"],
        ["", "", "", "Response", "Laptop", "Phone", "Open-Ended Response"],
        ["11", "7", "2026-01-05", "4", "Laptop", "", "x"],
        ["12", "7", "2026-01-05", "5", "", "Phone", ""],
    )
    assert list(found.frame) == ["How fast?", "What do you use? [Laptop]", "What do you use? [Phone]", "Why?"]
    assert cells(found) == [["4", "Laptop", "", "x"], ["5", "", "Phone", ""]]
    assert found.questions["What do you use? [Phone]"] == "What do you use? Phone"
    assert found.rows.tolist() == [3, 4]


def test_a_first_respondent_without_a_number_is_no_header_row() -> None:
    found = read(["respondent_id", "q1", "why"], ["", "5", "x"], ["2", "4", "y"])
    assert cells(found) == [["", "5", "x"], ["2", "4", "y"]]
    words = read(["respondent_id", "q1", "why"], ["", "agree", "x"], ["2", "agree", "y"])
    assert cells(words) == [["", "agree", "x"], ["2", "agree", "y"]]


@pytest.mark.parametrize(
    "first",
    [
        ["ID", "Start time", "Completion time", "Email", "Name"],
        ["Id", "Begintijd", "Tijd van voltooien", "E-mail", "Naam"],
    ],
)
def test_microsoft_forms(first: list[str]) -> None:
    found = read([*first, "How\u00a0fast?"], ["1", "a", "b", "p@example.org", "P", "4"])
    assert cells(found) == [["4"]]
    assert found.questions == {"How\u00a0fast?": "How fast?"}
    assert found.notes[1] == "exported by Microsoft Forms (found)"


@pytest.mark.parametrize("first", ["Timestamp", "Tijdstempel"])
def test_google_forms(first: str) -> None:
    found = read([first, "Email Address", "How are we? [Fast]"], ["2026-01-05 10:00:00", "p@example.org", "4"])
    assert cells(found) == [["4"]]
    assert found.notes[1] == "exported by Google Forms (found)"


def test_a_plain_file_is_of_no_platform_and_a_wrong_guess_can_be_put_right() -> None:
    assert read(["id", "q1"], ["1", "5"]).notes == ('columns are separated by "," (found)',)
    rows = (["Timestamp", "q1"], ["1", "5"])
    assert list(read(*rows).frame) == ["q1"]
    assert list(read(*rows, platform="none").frame) == ["Timestamp", "q1"]
