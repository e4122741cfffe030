"""Whose rating it is, about whom and when: everything unclear is refused, all at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from small_survey import FIVE, PRIVATE, item, questionnaire, read, refusal, study, text

from icstats.study import Department

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "respondent,department,PC1,PC2,PX1,SA1"
ROLES = {"role": "role"}
ONE = "Write it the same everywhere, or set responses.cleaning.spellings to same."


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def lines(*rows: str, header: str = HEADER, **changes: Any) -> list[str]:  # noqa: ANN401  as study() takes them
    return refusal("\n".join([header, *rows]), **changes)


def test_respondents_become_numbers_that_keep_people_apart_and_together() -> None:
    ratings = read(f"{HEADER}\n007,hr,4,3,2,7\n7,it,4,3,,7\n007,it,1,1,,1\n NA ,it,2,2,,2\n").ratings(wave="2026")
    by_row = ratings.set_index("file_row")["respondent"]
    assert by_row[2] == by_row[4]
    assert len({by_row[2], by_row[3], by_row[5]}) == 3
    assert str(ratings["respondent"].dtype) == "int64"


def test_a_padded_respondent_beside_a_plain_one_is_refused_where_it_matters() -> None:
    assert lines("7,hr,4,3,2,7", " 7,it,4,3,,7") == [
        (
            'survey.csv, row 3, column "respondent": the same respondent is also written without spaces around. '
            "Hint: Remove the spaces. [ICS-141]"
        )
    ]


def test_without_respondents_every_row_is_another_person() -> None:
    responses = read("department,PC1,PC2,PX1,SA1\nit,4,3,,7\nit,4,3,,7\n", columns={"respondent": None})
    assert responses.ratings(wave="2026")["respondent"].nunique() == 2
    assert responses.notes[-1] == "no column says who answered: every row counts as another person"


def test_empty_keys_are_refused() -> None:
    assert lines(",it,4,3,,7", "2,,4,3,,7", "3, ,4,3,,7") == [
        (
            'survey.csv, row 2, column "respondent": this cell is empty. '
            "Hint: Without it nobody knows which ratings come from one person. [ICS-140]"
        ),
        (
            'survey.csv, row 3, column "department": this cell is empty. '
            "Hint: Is this a row of totals? Then leave it out. [ICS-140] (also row 4)"
        ),
    ]


def test_the_same_person_twice_about_one_department_is_refused() -> None:
    assert lines("1,it,4,3,,7", "2,it,4,3,,7", "1,hr,4,3,1,7", "1,it,4,3,,7") == [
        (
            'survey.csv, row 2, column "respondent": the same respondent rates the same department more than once '
            "in the same wave. Hint: Keep one of these rows, or set responses.cleaning.duplicates to keep_first. "
            "[ICS-156] (also row 5)"
        )
    ]


def test_the_same_person_in_two_waves_is_fine() -> None:
    header = f"{HEADER},wave"
    responses = read(f"{header}\n1,it,4,3,,7,2025\n1,it,5,3,,7,2026\n", columns={"wave": "wave"})
    assert responses.waves == ("2025", "2026")
    assert responses.ratings(wave="2025")["PC1"].tolist() == [4]
    assert responses.ratings(wave="2026")["PC1"].tolist() == [5]


def test_spellings_of_a_department_are_told_each_by_itself() -> None:
    departments = (Department(slug="hr", name=text("HR"), code="HR"), Department(slug="it", name=text("IT")))
    assert lines("1,Hr,4,3,1,7", "2,HR ,4,3,1,7", "3,HR,4,3,1,7", "4,Hr,4,3,1,7", departments=departments) == [
        (
            'survey.csv, row 2, column "department": found "Hr", another spelling of the department "HR". '
            f"Hint: {ONE} [ICS-142] (also row 5)"
        ),
        (
            'survey.csv, row 3, column "department": found "HR ", another spelling of the department "HR". '
            f"Hint: {ONE} [ICS-142]"
        ),
    ]


def test_an_unknown_department_brings_up_the_nearest_name_and_otherwise_stays_unsaid() -> None:
    departments = tuple(Department(slug=slug, name=text(slug)) for slug in ("finance", "hr"))
    assert lines("1,finanse,4,3,,7", f"2,{PRIVATE},4,3,,7", "3,legal,4,3,,7", departments=departments) == [
        (
            'survey.csv, row 2, column "department": found "finanse", which is no department of this study. '
            'Hint: did you mean "finance"? [ICS-143]'
        ),
        (
            'survey.csv, row 3, column "department": found texts of 5 to 18 characters, no departments of this study. '
            "Hint: Add the department to the study, or give the code that the file writes for it. [ICS-143] "
            "(also row 4)"
        ),
    ]


def test_waves_are_names_that_a_folder_can_have() -> None:
    header = f"{HEADER},wave"
    found = lines(
        "1,it,4,3,,7,2026",
        "2,it,4,3,,7,../../x",
        "3,it,4,3,,7,",
        "4,it,4,3,,7,a b",
        header=header,
        columns={"wave": "wave"},
    )
    assert found == [
        'survey.csv, row 4, column "wave": this cell is empty. [ICS-140]',
        (
            'survey.csv, row 3, column "wave": found texts of 3 to 7 characters; a wave is up to 20 letters, digits '
            "and single hyphens. [ICS-144] (also row 5)"
        ),
    ]
    assert lines("1,it,4,3,,7,t1", "2,it,4,3,,7,T1", header=header, columns={"wave": "wave"}, wave="t1") == [
        (
            'survey.csv, row 3, column "wave": found "T1", another spelling of the wave "t1". '
            "Hint: Write it the same everywhere. [ICS-142]"
        )
    ]


def test_the_wave_of_the_study_must_occur() -> None:
    assert lines("1,it,4,3,,7,2025", header=f"{HEADER},wave", columns={"wave": "wave"}) == [
        (
            'survey.csv, "wave": the file has no ratings of the wave "2026" of the study. '
            'Hint: did you mean "2025"? [ICS-145]'
        )
    ]


def test_roles_are_customer_or_staff() -> None:
    header = f"{HEADER},role"
    assert lines("1,it,4,3,,7,Staff", "2,it,4,3,,7,", "3,it,4,3,,7,boss", header=header, columns=ROLES) == [
        'survey.csv, row 3, column "role": this cell is empty. [ICS-140]',
        (
            'survey.csv, row 2, column "role": found texts of 4 to 5 characters; allowed are "customer" and "staff". '
            "[ICS-146] (also row 4)"
        ),
    ]


@pytest.mark.parametrize("weight", ["", "0", "-1", "inf", "nan", "1e308", "1001", "1,5", "1.5x", "٣"])
def test_a_weight_is_a_number_above_nought(weight: str) -> None:
    found = lines(f'1,it,4,3,,7,"{weight}"', "2,it,4,3,,7,0.5", header=f"{HEADER},w", columns={"weight": "w"})
    assert found == [
        (
            'survey.csv, row 2, column "w": found what is no weight; allowed are numbers above 0 and at most 1000. '
            "Hint: Write 1 for a rating that counts once. [ICS-147]"
        )
    ]


def test_weights_with_a_decimal_comma_are_read_and_it_is_said() -> None:
    content = "respondent;department;PC1;PC2;PX1;SA1;w\n1;it;4;3;;7;1,5\n2;it;4;3;;7;2\n"
    responses = read(content, columns={"weight": "w"})
    assert responses.ratings(wave="2026")["weight"].tolist() == [1.5, 2.0]
    assert responses.notes[-1] == "weights are written with a decimal comma (found)"


def test_an_item_of_another_department_is_not_asked_and_may_not_be_answered() -> None:
    assert lines("1,it,4,3,2,7", "2,hr,4,3,2,7") == [
        (
            'survey.csv, row 2, column "PX1": an answer about a department that is not asked this; only hr. '
            "Hint: Is the department right? If it is, add it to the departments of the item. [ICS-148]"
        )
    ]


def test_the_mirror_is_for_staff() -> None:
    header = f"{HEADER},MI1,role"
    assert lines("1,it,4,3,,7,3,customer", "2,it,,,,,3,staff", header=header, columns=ROLES) == [
        (
            'survey.csv, row 2, column "MI1": an answer by a customer; only the staff of the department are asked '
            'this. Hint: Staff have the role "staff". [ICS-149]'
        )
    ]


def test_a_rating_without_any_answer_is_none() -> None:
    header = f"{HEADER},OP1"
    responses = read(
        f"{header}\n1,it,,,,, \n2,it,,,,,fine\n3,it,nvt,,,,\n4,it,-,,,,\n",
        responses={"not_applicable": ("nvt",), "not_asked": ("-",)},
    )
    assert responses.ratings(wave="2026")["file_row"].tolist() == [3, 4]
    assert responses.notes[-1] == "2 ratings without any answer left out"
    assert lines("1,it,-,,,", responses={"not_asked": ("-",)}, store="elsewhere") == [
        "survey.csv: no row holds an answer to a question of the questionnaire. [ICS-157]"
    ]


def test_scales_may_go_below_nought_and_be_long_but_not_endless() -> None:
    scales = {
        "five": FIVE,
        "low": FIVE.model_copy(update={"minimum": -2, "maximum": 2}),
        "long": FIVE.model_copy(update={"minimum": 0, "maximum": 100}),
        "endless": FIVE.model_copy(update={"minimum": 0, "maximum": 1000}),
    }
    items = (item("A", "process", responses="low"), item("B", "outcome", responses="long"))
    usual = {name: scale for name, scale in scales.items() if name != "endless"}
    content = "respondent,department,A,B\n1,it,-2,100\n2,it,2,0\n3,it,-1,\n"
    ratings = read(content, questionnaire=questionnaire(*items, responses=usual, scales=())).ratings(wave="2026")
    assert ratings["A"].tolist() == [-2, 2, -1]
    assert str(ratings["B"].tolist()) == "[100.0, 0.0, nan]"
    found = refusal(content, questionnaire=questionnaire(*items, responses=scales, scales=()), store="elsewhere")
    assert found == [
        'study.yaml, "responses.endless": this response scale has 1001 steps; at most 128 can be kept. [ICS-155]'
    ]


def test_the_file_row_is_that_of_the_editor_also_after_a_long_comment() -> None:
    content = f'{HEADER},OP1\n1,it,4,3,,7,"one\n\ntwo"\n2,it,9,3,,7,x\n'
    assert refusal(content)[0].startswith('survey.csv, row 5, column "PC1": found 9;')


def test_the_study_may_call_its_departments_by_code() -> None:
    small = study(departments=(Department(slug="hr", name=text("HR"), code="H-01"),))
    assert small.department("hr").code == "H-01"
    responses = read(f"{HEADER}\n1,H-01,4,3,1,7\n", departments=small.departments)
    assert responses.ratings(wave="2026")["department"].tolist() == ["hr"]
