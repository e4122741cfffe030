"""A survey file alone: what made it, what was asked, how often it was answered, and a questionnaire to edit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from shared import shared_file

from icstats.__main__ import main
from icstats.codebook import Codebook, draft_questionnaire, read_codebook
from icstats.errors import SurveyFileError
from icstats.questionnaire import read_questionnaire

PRIVATE = "mijn chef is een ezel"


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def icstats(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def codebook(text: str, name: str = "survey.csv") -> Codebook:
    Path(name).write_text(text, encoding="utf-8")
    return read_codebook(Path.cwd() / name)


def shared_codebook(name: str) -> Codebook:
    return read_codebook(shared_file(f"data/{name}"))


@pytest.mark.parametrize(
    ("name", "rows", "columns"),
    [
        ("univer_orientation_2002.csv", 2179, 12),
        ("attitude_30_departments.csv", 30, 7),
        ("ecsi_mobi_250.csv", 250, 24),
        ("lq2002_items_49_units.csv", 2042, 21),
        ("bh1996_99_units.csv", 7382, 5),
        ("holzinger_swineford_1939.csv", 301, 15),
        ("csps_2019_all_organisation_scores.csv", 111, 95),
        ("csps_2009_2019_median_benchmark.csv", 164, 13),
        ("csps_2009_2019_mean_scores.csv", 164, 13),
        ("hcahps_national_results.csv", 90, 5),
        ("hcahps_state_results.csv", 4580, 6),
        ("hcahps_measures.csv", 10, 3),
        ("hcahps_questions.csv", 19, 6),
        ("hcahps_reports.csv", 9, 3),
        ("hcahps_states.csv", 51, 3),
        ("hcahps_data_dictionary.csv", 33, 3),
        ("limesurvey_rse_2017_netherlands.csv", 77, 130),  # 131 with the row numbers, which are left out
        ("qualtrics_three_header_german_ui.csv", 1, 3),  # 20 with those of Qualtrics itself
        ("qualtrics_legacy_two_header.csv", 1, 2),
        ("spss_hotel_survey_17.sav", 17, 5),
        ("spss_user_missing_sample.sav", 7, 7),
    ],
)
def test_every_real_file_is_read_into_what_is_known_of_it(name: str, rows: int, columns: int) -> None:
    path = shared_file(f"data/{name}")
    result = icstats("check", path, "--format", "json")
    said = json.loads(result.stdout)
    assert (result.exit_code, said["problems"]) == (0, [])
    assert (said["n"], len(said["questions"])) == (rows, columns)
    assert icstats("check", path).exit_code == 0


def test_closed_questions_are_told_by_their_codes() -> None:
    kinds = {one.column: (one.kind, one.n, one.lowest, one.highest) for one in _of("univer_orientation_2002.csv")}
    assert kinds["global"] == ("answers", 2179, 1, 7)
    assert kinds["gender"] == ("answers", 2179, 0, 1)
    assert kinds["age"][0] == "numbers"
    hostil = {one.column: (one.lowest, one.highest) for one in _of("lq2002_items_49_units.csv")}
    assert hostil["HOSTIL01"] == (0, 4)
    assert hostil["LEAD01"] == (1, 5)
    missing = {one.column: (one.kind, one.n, one.n_codes) for one in _of("spss_user_missing_sample.sav")}
    assert missing["myord"] == ("answers", 5, 3)
    assert missing["mynum"] == ("numbers", 5, 0)


def _of(name: str):  # noqa: ANN202
    return shared_codebook(name).questions


@pytest.mark.parametrize(
    "name",
    [
        "univer_orientation_2002.csv",
        "ecsi_mobi_250.csv",
        "lq2002_items_49_units.csv",
        "spss_hotel_survey_17.sav",
    ],
)
def test_the_draft_is_a_questionnaire(name: str) -> None:
    Path("drafted.yaml").write_text(draft_questionnaire(shared_codebook(name)), encoding="utf-8")
    questionnaire = read_questionnaire("drafted.yaml")
    known = {one.column for one in shared_codebook(name).questions}
    assert {item.code for item in questionnaire.items} <= known


def test_the_draft_keeps_questions_labels_and_scales() -> None:
    Path("hotel.yaml").write_text(draft_questionnaire(shared_codebook("spss_hotel_survey_17.sav")), encoding="utf-8")
    hotel = read_questionnaire("hotel.yaml")
    assert hotel.item("v3").wording.en == "The staff were slow in responding"
    assert hotel.response_scale("v4").maximum == 5
    assert hotel.response_scale("v4").labels[5].nl == "Strongly Agree"
    Path("lq.yaml").write_text(draft_questionnaire(shared_codebook("lq2002_items_49_units.csv")), encoding="utf-8")
    lq = read_questionnaire("lq.yaml")
    assert [(name, one.minimum, one.maximum) for name, one in lq.responses.items()] == [
        ("from_1_to_5", 1, 5),
        ("from_0_to_4", 0, 4),
    ]
    Path("univer.yaml").write_text(draft_questionnaire(shared_codebook("univer_orientation_2002.csv")), "utf-8")
    assert read_questionnaire("univer.yaml").outcome == "global"


def test_no_answer_is_told() -> None:
    rows = [f"{person},{person % 5 + 1},{PRIVATE} {person},p{person}@example.org" for person in range(30)]
    Path("survey.csv").write_text("\n".join(["id,q1,why,mail", *rows]), encoding="utf-8")
    before = set(Path.cwd().iterdir())
    for form in ("text", "json"):
        output = icstats("check", "survey.csv", "--format", form).output
        assert PRIVATE not in output
        assert "@example.org" not in output
    assert set(Path.cwd().iterdir()) == before


def test_few_answers_are_not_told_by_their_codes() -> None:
    assert [one.answers for one in codebook("q1,q2\n4,5\n4,5\n").questions] == ["too few answers to say"] * 2


def test_the_draft_is_written_only_when_asked_and_never_over_another_file() -> None:
    rows = "".join(f"{n % 5 + 1},{n % 4 + 2}\n" for n in range(40))
    Path("survey.csv").write_text(f"q1,Overall mark\n{rows}", encoding="utf-8")
    shown = icstats("check", "survey.csv")
    assert "  - code: q1\n" in shown.stdout
    assert not Path("draft.yaml").exists()
    assert icstats("check", "survey.csv", "--draft", "draft.yaml").exit_code == 0
    assert read_questionnaire("draft.yaml").outcome == "Overall_mark"
    assert '#   Overall_mark: "Overall mark"' in Path("draft.yaml").read_text(encoding="utf-8")
    again = icstats("check", "survey.csv", "--draft", "draft.yaml")
    assert again.exit_code == 2
    assert "exists already" in again.stderr


@pytest.mark.parametrize(
    ("header", "layout"),
    [
        ("respondent,hr__q1,hr__q2,it__q1,it__q2", "wide"),
        ("respondent,department,q1,q2,im_q1,im_q2,mi_q1,mi_q2", "stacked"),
        ("respondent,item,answer", "long"),
        ("respondent,department,q1", "stacked"),
    ],
)
def test_the_layout_is_guessed(header: str, layout: str) -> None:
    assert codebook(f"{header}\n{','.join('1' for _ in header.split(','))}\n").layout == layout


@pytest.mark.parametrize("first", ["5,3,4,2", "p@example.org,x,y,z"])
def test_a_file_without_a_header_is_refused_and_its_first_row_not_repeated(first: str) -> None:
    with pytest.raises(SurveyFileError) as error:
        codebook(f"{first}\n1,2,3,4\n")
    assert str(error.value) == (
        "survey.csv: the names of its columns look like answers. "
        "Hint: Is its first row the header? Export it again, with the names of the questions. [ICS-122]"
    )


def test_without_closed_questions_there_is_nothing_to_draft() -> None:
    Path("survey.csv").write_text("id,why\n1,x\n", encoding="utf-8")
    result = icstats("check", "survey.csv", "--draft", "draft.yaml")
    assert (result.exit_code, Path("draft.yaml").exists()) == (0, False)
    assert "nothing to draft" in result.stdout
