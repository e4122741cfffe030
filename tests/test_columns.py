"""A column that is missing, misspelt or unknown is told once, with the nearest name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from small_survey import PRIVATE, read, refusal, study, write

from icstats.columns import column_problems
from icstats.errors import SurveyFileError
from icstats.responses import check_responses

if TYPE_CHECKING:
    from pathlib import Path

UNKNOWN = (
    "Hint: List what is not needed under responses.ignore, and what describes the customer under "
    "responses.attributes. [ICS-121]"
)


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def problems(header: str, **changes: Any) -> list[str]:  # noqa: ANN401  as study() takes them
    return [str(problem) for problem in column_problems(header.split(","), study(**changes), "survey.csv")]


def test_all_columns_there_in_any_order_are_fine() -> None:
    assert problems("SA1,PX1,PC2,PC1,department,respondent") == []


def test_mirror_importance_and_open_questions_may_be_absent_and_that_is_noted() -> None:
    responses = read("respondent,department,PC1,PC2,PX1,SA1\n1,it,4,3,,7\n")
    assert responses.notes == (
        'columns are separated by "," (found)',
        "IM1, MI1, OP1: not in the file, so taken as not asked",
    )


def test_an_item_of_departments_that_are_not_in_the_study_may_be_absent() -> None:
    only_it = {"departments": study().departments[1:]}
    assert problems("respondent,department,PC1,PC2,SA1", **only_it) == []
    assert len(problems("respondent,department,PC1,PC2,SA1")) == 1


def test_a_misspelt_column_is_told_once_with_both_names() -> None:
    assert problems("respondent,department,pc1 ,PC2,PX1,SA1") == [
        (
            'survey.csv, "PC1": this column is missing. '
            'Hint: The file has "pc1 ": rename it, or give that name under responses.items. [ICS-120]'
        )
    ]
    assert problems("person,Department,PC1,PC2,PX1,SA1") == [
        (
            'survey.csv, "respondent": this column is missing. '
            "Hint: Name it under responses.columns, or export it too. [ICS-120]"
        ),
        (
            'survey.csv, "department": this column is missing. '
            'Hint: The file has "Department": rename it, or give that name under responses.columns. [ICS-120]'
        ),
        f'survey.csv: nothing is known of "person". {UNKNOWN}',
    ]


def test_a_misspelt_column_that_may_be_absent_is_found_as_well() -> None:
    assert problems("respondent,department,PC1,PC2,PX1,SA1,mi 1") == [
        'survey.csv, "mi 1": nothing is known of this column. Hint: did you mean "MI1"? [ICS-121]'
    ]


def test_a_column_that_may_identify_a_person_is_called_so() -> None:
    assert problems("respondent,department,PC1,PC2,PX1,SA1,email,duration") == [
        (
            'survey.csv, "email": nothing is known of this column. '
            "Hint: It may identify a person: list it under responses.ignore. [ICS-121]"
        ),
        f'survey.csv: nothing is known of "duration". {UNKNOWN}',
    ]
    assert problems("respondent,department,PC1,PC2,PX1,SA1,email", responses={"ignore": ("email",)}) == []


def test_many_unknown_columns_are_one_problem() -> None:
    extra = ",".join(f"x{number}" for number in range(14))
    listed = ", ".join(f'"x{number}"' for number in range(10))
    assert problems(f"respondent,department,PC1,PC2,PX1,SA1,{extra}") == [
        f"survey.csv: nothing is known of {listed} and 4 more. {UNKNOWN}"
    ]


def test_named_attributes_weights_waves_and_roles_must_be_there() -> None:
    columns = {"weight": "w", "wave": "when", "role": "who"}
    lines = problems("respondent,department,PC1,PC2,PX1,SA1", columns=columns, responses={"attributes": ("unit",)})
    assert [line.split('"')[1] for line in lines] == ["when", "who", "w", "unit"]


def test_items_are_found_under_the_names_of_the_file() -> None:
    assert problems("respondent,department,speed,PC2,PX1,SA1", responses={"items": {"PC1": "speed"}}) == []


def test_two_things_are_never_read_from_one_column() -> None:
    assert problems("respondent,department,PC1,PC2,PX1,SA1", responses={"items": {"PC1": "PC2"}}) == [
        (
            'survey.csv, "PC2": the study reads two things from this column. '
            "Hint: Look under responses.columns, responses.attributes and responses.items. [ICS-123]"
        )
    ]
    long = {"layout": "long", "items": {"PC1": "PC2"}}
    assert len(problems("respondent,department,item,answer", responses=long)) == 1


WIDE = {"layout": "wide"}


def test_a_wide_file_has_a_column_per_department_and_item_asked_of_it() -> None:
    header = "respondent,hr__PC1,hr__PC2,hr__PX1,hr__SA1,it__PC1,it__PC2,it__SA1"
    assert problems(header, responses=WIDE) == []
    assert problems(header.replace(",hr__PX1", ""), responses=WIDE) == [
        'survey.csv, "hr__PX1": this column is missing. Hint: Export it too. [ICS-120]'
    ]
    assert problems(header.replace("it__PC2", "it__PC 2"), responses=WIDE) == [
        'survey.csv, "it__PC2": this column is missing. Hint: The file has "it__PC 2": rename it. [ICS-120]'
    ]


def test_a_department_without_any_column_is_told_once() -> None:
    header = "respondent,hr__PC1,hr__PC2,hr__PX1,hr__SA1"
    assert problems(header, responses=WIDE) == [
        (
            'survey.csv: no column begins with "it__". '
            "Hint: Export its answers too, or take it out of the study. [ICS-124]"
        )
    ]
    assert problems(f"{header},ITC__PC1,ITC__PC2,ITC__SA1", responses=WIDE) == [
        (
            'survey.csv: no column begins with "it__". '
            'Hint: The file has "ITC__": set "ITC" as the code of the department. [ICS-124]'
        )
    ]


def test_a_wide_file_joined_otherwise_is_told_per_department() -> None:
    header = "respondent,hr.PC1,hr.PC2,hr.PX1,hr.SA1,it.PC1,it.PC2,it.SA1"
    assert [line.split("Hint")[0] for line in problems(header, responses=WIDE)] == [
        'survey.csv: no column begins with "hr__". ',
        'survey.csv: no column begins with "it__". ',
        'survey.csv: nothing is known of "hr.PC1", "hr.PC2", "hr.PX1", "hr.SA1", "it.PC1", "it.PC2", "it.SA1". ',
    ]
    assert problems(header, responses={**WIDE, "joint": "."}) == []


def test_columns_and_answers_are_told_together() -> None:
    write("respondent,department,PC1,PCC2,PX1,SA1\n1,it,9,3,,7\n2,its,1,3,,77\n")
    with pytest.raises(SurveyFileError) as error:
        check_responses(study())
    assert [problem.code for problem in error.value.problems] == ["ICS-120", "ICS-143", "ICS-151", "ICS-151"]


def test_a_respondent_in_place_of_a_header_is_not_repeated() -> None:
    found = problems("p164,4,x,5,3,7")
    assert len(found) == 7
    assert "p164" not in "".join(found)
    assert "p164" not in "".join(refusal(f"{PRIVATE},{PRIVATE},p164\n1,2,3\n"))


def test_a_file_without_a_header_does_not_have_its_answers_repeated() -> None:
    found = refusal(f"1,it,4,3,,7,{PRIVATE}\n2,it,4,3,,7,x\n".replace(",,", ",0,"))
    assert len(found) == 7
    assert found[-1] == (
        "survey.csv: none of its 7 columns is one that the study names. Hint: Is its first row the header? [ICS-122]"
    )
