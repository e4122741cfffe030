"""Stacked, wide and long files are three ways to write the same ratings."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_survey import PRIVATE, read, refusal, study

from icstats.errors import Problem, SurveyFileError
from icstats.responses import check_responses, read_responses

if TYPE_CHECKING:
    from icstats.responses import Responses

ITEMS = {"hr": ("PC1", "PC2", "PX1", "SA1", "OP1"), "it": ("PC1", "PC2", "SA1", "OP1")}
ALL_ITEMS = ITEMS["hr"]
LONG = {"layout": "long"}
LONG_HEADER = "respondent,department,item,answer"

Answers = dict[str, str]
Survey = dict[str, dict[str, Any]]


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


cell = st.sampled_from(["", "", "1", "2", "3", "4", "5", "nvt", "?"])
comment = st.sampled_from(["", "fine", 'two\nlines, "quoted"'])


def rating(department: str) -> st.SearchStrategy[Answers]:
    return st.fixed_dictionaries({code: comment if code == "OP1" else cell for code in ITEMS[department]})


person = st.fixed_dictionaries(
    {
        "unit": st.sampled_from(["north", "south"]),
        "weight": st.sampled_from(["1", "0.5", "2"]),
        "ratings": st.fixed_dictionaries({}, optional={department: rating(department) for department in ITEMS}),
    }
)
surveys = st.dictionaries(st.sampled_from(["007", "b", "c", "d", "e"]), person, min_size=1)


def answered(survey: Survey) -> bool:
    return any(cell for one in survey.values() for answers in one["ratings"].values() for cell in answers.values())


def text_of(header: list[str], rows: list[list[str]]) -> str:
    stream = io.StringIO(newline="")
    csv.writer(stream).writerows([header, *rows])
    return stream.getvalue()


def stacked(survey: Survey) -> str:
    rows = [
        [name, department, one["unit"], one["weight"], *(answers.get(code, "") for code in ALL_ITEMS)]
        for name, one in survey.items()
        for department, answers in one["ratings"].items()
    ]
    return text_of(["respondent", "department", "unit", "weight", *ALL_ITEMS], rows)


def wide(survey: Survey) -> str:
    columns = [(department, code) for department, codes in ITEMS.items() for code in codes]
    rows = [
        [
            name,
            one["unit"],
            one["weight"],
            *(one["ratings"].get(department, {}).get(code, "") for department, code in columns),
        ]
        for name, one in survey.items()
    ]
    return text_of(["respondent", "unit", "weight", *(f"{department}__{code}" for department, code in columns)], rows)


def long(survey: Survey) -> str:
    rows = [
        [name, department, one["unit"], one["weight"], code, answer]
        for name, one in survey.items()
        for department, answers in one["ratings"].items()
        for code, answer in answers.items()
    ]
    return text_of(["respondent", "department", "unit", "weight", "item", "answer"], rows[::-1])


def everything(responses: Responses) -> list[pd.DataFrame]:
    return [
        responses.ratings(wave="2026").drop(columns="file_row"),
        responses.counts(wave="2026"),
        *(responses.missing(wave="2026", department=department) for department in ITEMS),
    ]


@settings(max_examples=25, deadline=None)
@given(surveys.filter(answered))
def test_three_layouts_of_one_survey_are_the_same_responses(survey: Survey) -> None:
    common = {"attributes": ("unit",), "not_applicable": ("nvt",), "dont_know": ("?",)}
    results = [
        everything(read(write(survey), columns={"weight": "weight"}, responses={**common, "layout": layout}))
        for layout, write in {"stacked": stacked, "wide": wide, "long": long}.items()
    ]
    for other in results[1:]:
        for frame, same in zip(results[0], other, strict=True):
            pd.testing.assert_frame_equal(frame, same)


def both_roads(content: str, layout: str, **changes: Any) -> tuple[Any, Any]:  # noqa: ANN401  as study() takes them
    """Return what comes of a file that is read at once and of the same file read in parts: a store, or a refusal."""
    Path("survey.csv").write_text(content, encoding="utf-8", newline="")
    responses = {"attributes": ("unit",), "not_applicable": ("nvt",), "dont_know": ("?",), "layout": layout}
    found: list[Any] = []
    for road, largest in (("at-once", 10**9), ("parts", 0)):
        small = study(columns={"weight": "weight", **changes}, responses=responses, store=Path.cwd() / road)
        small.store_folder.mkdir(exist_ok=True)
        (small.store_folder / "key").write_bytes(b"k" * 32)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("icstats.intake.LARGEST_FILE", largest)
            try:
                found.append(read_responses(small, rebuild=True).contents)
            except SurveyFileError as error:
                found.append(sorted(str(error).splitlines()))
    return found[0], found[1]


@settings(max_examples=12, deadline=None)
@given(surveys.filter(answered), st.sampled_from(["wide", "long"]))
def test_large_files_of_other_layouts_make_the_same_store_byte_by_byte(survey: Survey, layout: str) -> None:
    at_once, parts = both_roads({"wide": wide, "long": long}[layout](survey), layout)
    assert parts == at_once


WIDE = "respondent,unit,weight,hr__PC1,hr__PC2,hr__PX1,hr__SA1,it__PC1,it__PC2,it__SA1\n"
LONG_WITH_UNIT = "respondent,unit,weight,department,item,answer\n"


@pytest.mark.parametrize(
    ("layout", "content", "code"),
    [
        ("wide", WIDE + "1,n,1,4,3,2,7,5,1,9\n2,n,1,7,3,2,7,,,\n3,s,1,,,,,6,1,11\n", "ICS-151"),
        ("wide", WIDE + "1,n,1,4,3,2,7,5,1,9\n1,n,1,4,3,2,7,,,\n", "ICS-156"),
        ("wide", WIDE.replace("hr__SA1", "hr__SA") + "1,n,1,4,3,2,7,5,1,9\n", "ICS-120"),
        ("long", LONG_WITH_UNIT + "1,n,1,hr,PC1,4\n1,n,1,hr,PC2,9\n1,n,1,hr,SA1,9\n2,n,1,it,PC1,9\n", "ICS-151"),
        ("long", LONG_WITH_UNIT + "1,n,1,hr,PC1,4\n1,n,1,hr,PC1,4\n1,n,1,hr,PC2,4\n1,n,1,hr,SA1,9\n", "ICS-128"),
        ("long", LONG_WITH_UNIT + "1,n,1,hr,PC1,4\n1,s,1,hr,PC2,4\n1,n,2,hr,SA1,4\n", "ICS-130"),
        ("long", LONG_WITH_UNIT + "1,n,1,hr,PC1,4\n1,n,1,hr,PC7,4\n1,n,1,hr,PC2,4\n", "ICS-127"),
        ("long", LONG_WITH_UNIT + "1,n,1,hr,PC1,4\n1,n,1,hr,PC2,4\n1,n,1,finance,SA1,4\n", "ICS-143"),
    ],
)
def test_large_files_of_other_layouts_are_refused_with_the_same_words(layout: str, content: str, code: str) -> None:
    at_once, parts = both_roads(content, layout)
    assert any(code in line for line in at_once)
    assert parts == at_once


def test_a_large_wide_file_without_respondents_numbers_its_rows_alike() -> None:
    content = WIDE.removeprefix("respondent,") + "n,1,,,,,5,1,9\nn,1,4,3,2,7,5,1,9\ns,1,,,,,,,\ns,2,4,3,2,7,,,\n"
    at_once, parts = both_roads(content, "wide", respondent=None)
    assert at_once.n_ratings == 4
    assert parts == at_once


FILES = {
    "stacked": "respondent,department,PC1,PC2,PX1,SA1,OP1\n1,hr,4,3,2,7,ok\n2,it,5,1,,9,\n",
    "wide": "respondent,hr__PC1,hr__PC2,hr__PX1,hr__SA1,it__PC1,it__PC2,it__SA1\n1,4,3,2,7,5,1,9\n",
    "long": "respondent,department,item,answer\n1,it,PC1,4\n1,it,PC2,5\n1,it,SA1,9\n1,it,OP1,ok\n",
}
scrap = st.one_of(
    st.sampled_from([",", ";", '"', "\n", "\r", "\0", "", "9", "3,5", "__", "\ufeff", PRIVATE, "hr", "PC1", "=1"]),
    st.text(max_size=3),
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(FILES)), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 12), scrap), max_size=4))
def test_whatever_befalls_a_file_it_is_read_or_refused_and_nothing_private_is_repeated(
    layout: str, cuts: list[tuple[float, int, str]]
) -> None:
    content = FILES[layout]
    for place, length, instead in cuts:
        start = int(place * len(content))
        content = content[:start] + instead + content[start + length :]
    Path("survey.csv").write_bytes(content.encode("utf-8", "surrogatepass"))
    problems: tuple[Problem, ...] = ()
    try:
        n_ratings = check_responses(study(responses={"layout": layout})).contents.n_ratings
    except SurveyFileError as error:
        n_ratings, problems = 0, error.problems
    assert bool(n_ratings) != bool(problems)
    assert all(problem.code and problem.file for problem in problems)
    in_header = PRIVATE in content[: content.find("\n")]
    assert in_header or not any(PRIVATE in str(problem) for problem in problems)


def test_a_wide_row_is_a_rating_of_every_department_with_an_answer() -> None:
    content = (
        "id,hr-1__PC1,hr-1__PC2,hr-1__PX1,hr-1__SA1,it__PC1,it__PC2,it__SA1\n"
        "a,4,3,2,7,,,\n"
        "b,,,,,5,5,9\n"
        "c,,,,,,,\n"
        "d,1,1,1,1,2,2,2\n"
    )
    from_code = {"departments": _with_code("hr-1")}
    responses = read(content, columns={"respondent": "id"}, responses={"layout": "wide"}, **from_code)
    ratings = responses.ratings(wave="2026")
    assert ratings[["department", "file_row"]].to_numpy().tolist() == [["hr", 2], ["hr", 5], ["it", 3], ["it", 5]]
    assert ratings["respondent"].nunique() == 3
    assert responses.notes[1:] == ("IM1, MI1, OP1: not in the file, so taken as not asked",)


def test_an_optional_question_that_is_absent_for_one_department_is_noted() -> None:
    header = "respondent,hr__PC1,hr__PC2,hr__PX1,hr__SA1,hr__OP1,it__PC1,it__PC2,it__SA1"
    responses = read(f"{header}\na,4,3,2,7,fine,5,5,9\n", responses={"layout": "wide"})
    assert responses.notes[1:] == (
        "IM1, MI1: not in the file, so taken as not asked",
        "OP1: not in the file for it, so taken as not asked",
    )
    assert responses.ratings(wave="2026")["OP1"].tolist() == ["fine", ""]


def test_a_wrong_answer_in_a_wide_file_is_told_under_its_own_column() -> None:
    content = "respondent,hr__PC1,hr__PC2,hr__PX1,hr__SA1,it__PC1,it__PC2,it__SA1\na,9,3,2,7,8,1,1\nb,,,,,7,1,1\n"
    found = [line.split(";")[0] for line in refusal(content, responses={"layout": "wide"})]
    assert found == [
        'survey.csv, row 2, column "hr__PC1": found 9',
        'survey.csv, row 2, column "it__PC1": found 8 and 7',
    ]


def long_lines(*rows: str, **changes: Any) -> list[str]:  # noqa: ANN401  as study() takes them
    return refusal("\n".join([LONG_HEADER, *rows]), responses=LONG, **changes)


COMPLETE = ("1,it,PC1,4", "1,it,PC2,4", "1,it,SA1,4")


def test_a_wrong_answer_in_a_long_file_is_told_with_its_own_row() -> None:
    assert [line.split(";")[0] for line in long_lines(*COMPLETE, "2,it,SA1,4", "2,it,PC1,9", "3,it,PC1,8")] == [
        'survey.csv, row 6, column "answer": found 9 and 8'
    ]


def test_a_long_file_names_items_of_the_questionnaire() -> None:
    assert long_lines(*COMPLETE, "1,it,SA 1,4", f"2,it,{PRIVATE},4", "2,it,zzz,4") == [
        'survey.csv, row 5, column "item": "SA 1" is no item of the questionnaire. Hint: did you mean "SA1"? [ICS-127]',
        (
            'survey.csv, row 6, column "item": what these rows hold is no item of the questionnaire. '
            "Hint: Leave these rows out. [ICS-127] (also row 7)"
        ),
    ]


def test_an_item_that_never_occurs_in_a_long_file_is_missed_where_it_is_asked() -> None:
    assert long_lines(*COMPLETE[:2]) == [
        (
            'survey.csv, "item": no row is about "SA1". '
            "Hint: Give its name in the file under responses.items, or export it too. [ICS-129]"
        )
    ]
    assert len(long_lines(*COMPLETE, "1,hr,PC1,4", store="elsewhere")) == 1


def test_one_question_has_one_answer() -> None:
    assert long_lines(*COMPLETE, "1,it,PC1,5") == [
        (
            'survey.csv, row 2, column "item": the same respondent answers the same question about the same department '
            "more than once. Hint: Keep one of these rows. [ICS-128] (also row 5)"
        )
    ]


def test_what_belongs_to_a_rating_is_the_same_in_all_its_rows() -> None:
    content = "respondent,department,item,answer,unit\n1,it,PC1,4,a\n1,it,PC2,4,b\n1,it,SA1,4,a\n"
    assert refusal(content, responses={**LONG, "attributes": ("unit",)}) == [
        (
            'survey.csv, row 3, column "unit": differs from the other answers of the same rating. '
            "Hint: Make it the same in all rows of a respondent and department. [ICS-130]"
        )
    ]


def test_a_long_file_without_its_columns_is_refused() -> None:
    found = refusal("respondent,department,question,answer\n1,it,PC1,4\n", responses=LONG)
    assert [line.split("Hint")[0] for line in found] == [
        'survey.csv, "item": this column is missing. ',
        'survey.csv: nothing is known of "question". ',
    ]


def _with_code(code: str) -> tuple[dict[str, object], ...]:
    name = {"en": "x", "nl": "x"}
    return ({"slug": "hr", "name": name, "code": code}, {"slug": "it", "name": name})
