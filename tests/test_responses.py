"""The checked ratings of a study: read once, kept, and read again department by department."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from shared import shared_file
from small_survey import PRIVATE, item, questionnaire, read, study, text, write

from icstats import delivery
from icstats import responses as room
from icstats.errors import ParameterError, RunError
from icstats.responses import Responses, check_responses, read_responses
from icstats.scales import keyed, valid_counts
from icstats.study import Department, read_study

if TYPE_CHECKING:
    from icstats.study import Study

CONTENT = (
    "respondent,department,role,unit,PC1,PC2,PX1,SA1,MI1,OP1\n"
    "a,hr,customer,north,4,2,5,8,,fine\n"
    "b,hr,customer,south,?,,nvt,6,,\n"
    "a,it,customer,north,5,1,,9,,\n"
    "c,it,staff,north,,,,,3,\n"
)
SETTINGS = {
    "columns": {"role": "role"},
    "responses": {"attributes": ("unit",), "not_applicable": ("nvt",), "dont_know": ("?",)},
}
ORIENTATION = Path(__file__).parent / "studies" / "orientation" / "study.yaml"


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def responses() -> Responses:
    return read(CONTENT, **SETTINGS)


def partition_of(responses: Responses, department: str) -> Path:
    return responses.store / "wave=2026" / f"department={department}.parquet"


def test_ratings_have_the_columns_and_types_that_are_promised(responses: Responses) -> None:
    ratings = responses.ratings(wave="2026")
    types = {name: str(dtype) for name, dtype in ratings.dtypes.items()}
    assert types == {
        "respondent": "int64",
        "department": "str",
        "wave": "str",
        "role": "str",
        "weight": "float64",
        "unit": "str",
        "PC1": "float64",
        "PC2": "float64",
        "PX1": "float64",
        "SA1": "float64",
        "IM1": "float64",
        "MI1": "float64",
        "OP1": "str",
        "file_row": "int64",
    }
    assert str(ratings["PC1"].tolist()) == "[4.0, nan, 5.0]"
    assert ratings["OP1"].tolist() == ["fine", "", ""]
    assert ratings["file_row"].tolist() == [2, 3, 4]
    assert ratings["respondent"].tolist() == [0, 1, 0]


def test_answers_are_kept_as_given_and_turned_only_by_the_scales(responses: Responses) -> None:
    ratings = responses.ratings(wave="2026", department="it")
    assert ratings["PC2"].tolist() == [1]
    assert keyed(ratings, study().questionnaire)["PC2"].tolist() == [5]


def test_staff_and_customers_are_read_apart(responses: Responses) -> None:
    staff = responses.ratings(wave="2026", department="it", role="staff")
    assert staff[["role", "MI1"]].to_numpy().tolist() == [["staff", 3.0]]
    assert len(responses.ratings(wave="2026", department="it")) == 1
    assert responses.ratings(wave="2026", department="hr", role="staff").empty


def test_all_departments_are_those_of_each_one_after_the_other(responses: Responses) -> None:
    each = [responses.ratings(wave="2026", department=department) for department in responses.departments]
    pd.testing.assert_frame_equal(responses.ratings(wave="2026"), pd.concat(each, ignore_index=True))


def test_columns_can_be_chosen(responses: Responses) -> None:
    chosen = responses.ratings(wave="2026", columns=["SA1", "department"])
    assert chosen.to_numpy().tolist() == [[8.0, "hr"], [6.0, "hr"], [9.0, "it"]]


def test_reasons_of_missing_answers_are_told_apart(responses: Responses) -> None:
    def reasons(department: str) -> dict[tuple[str, str], int]:
        missing = responses.missing(wave="2026", department=department)
        return {(row.item, row.reason): row.n for row in missing.itertuples() if row.n}

    assert reasons("hr") == {
        ("PC1", "dont_know"): 1,
        ("PC2", "no_answer"): 1,
        ("PX1", "not_applicable"): 1,
        ("IM1", "not_asked"): 2,
    }
    assert reasons("it") == {("PX1", "not_asked"): 1, ("IM1", "not_asked"): 1}


def test_every_answer_is_there_or_has_a_reason(responses: Responses) -> None:
    missing = responses.missing(wave="2026", department="hr").groupby("item")["n"].sum()
    ratings = responses.ratings(wave="2026", department="hr")
    for code in ("PC1", "PC2", "PX1", "SA1", "IM1"):
        assert missing[code] + ratings[code].notna().sum() == len(ratings)


def test_counts_are_those_of_the_scales_for_all_departments_of_the_study() -> None:
    departments = tuple(Department(slug=slug, name=text(slug)) for slug in ("it", "legal", "hr"))
    responses = read(CONTENT, departments=departments, **SETTINGS)
    counts = responses.counts(wave="2026")
    both = pd.concat([responses.ratings(wave="2026"), responses.ratings(wave="2026", role="staff")])
    pd.testing.assert_frame_equal(
        counts.drop(columns="moved"), valid_counts(both, responses.questionnaire, departments=["it", "legal", "hr"])
    )
    n = counts.set_index(["department", "variable"])["n"]
    assert n["legal"].sum() == 0
    assert (n["hr", "ratings"], n["it", "MI1"], n["hr", "process"]) == (2, 1, 1)
    assert responses.ratings(wave="2026", department="legal").empty


def test_responses_show_numbers_of_rows_and_can_be_sent(responses: Responses) -> None:
    assert repr(responses) == "<Responses: 4 rows, 2 departments, not released>"
    assert not hasattr(responses, "_repr_html_")
    assert repr(check_responses(study(**SETTINGS))) == "<CheckedFile: 4 rows, 2 departments, not released>"
    assert pickle.loads(pickle.dumps(responses)) == responses  # noqa: S301  our own bytes


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"wave": "2025"}, '"wave": there is no wave "2025". Hint: did you mean "2026"? [ICS-379]'),
        ({"wave": "x"}, '"wave": there is no wave "x". Hint: There are 2026. [ICS-379]'),
        (
            {"wave": "2026", "department": "hrm"},
            '"department": there is no department "hrm". Hint: did you mean "hr"? [ICS-379]',
        ),
        (
            {"wave": "2026", "role": "boss"},
            '"role": there is no role "boss". Hint: There are customer, staff. [ICS-379]',
        ),
        (
            {"wave": "2026", "columns": ["PC 1"]},
            '"column": there is no column "PC 1". Hint: did you mean "PC1"? [ICS-379]',
        ),
    ],
)
def test_what_is_not_there_is_not_read(responses: Responses, arguments: dict[str, str], expected: str) -> None:
    with pytest.raises(ParameterError) as error:
        responses.ratings(**arguments)
    assert str(error.value) == expected


def test_a_damaged_department_fails_by_itself(responses: Responses) -> None:
    path = partition_of(responses, "it")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    again = read_responses(study(**SETTINGS))
    assert len(again.ratings(wave="2026", department="hr")) == 2
    assert again.counts(wave="2026")["n"].sum() > 0
    for refused in (
        lambda: again.ratings(wave="2026", department="it"),
        lambda: again.ratings(wave="2026"),
        lambda: again.missing(wave="2026", department="it"),
    ):
        with pytest.raises(RunError) as error:
            refused()
        assert str(error.value) == (
            f"store/{responses.store.name}/wave=2026/department=it.parquet: these prepared answers are not what was "
            f"written. Hint: Remove the folder {responses.store.name}: it is made again from the survey file. [ICS-725]"
        )
    assert len(read_responses(study(**SETTINGS), rebuild=True).ratings(wave="2026")) == 3


def test_a_department_whose_file_is_gone_fails_by_itself(responses: Responses) -> None:
    partition_of(responses, "it").unlink()
    assert len(responses.ratings(wave="2026", department="hr")) == 2
    with pytest.raises(RunError, match=r"these prepared answers cannot be read \(no such file or directory\)"):
        responses.ratings(wave="2026", department="it")


def test_reading_one_department_opens_no_other_file(responses: Responses, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []
    plain = Path.read_bytes

    def noted(path: Path) -> bytes:
        opened.append(path.name)
        return plain(path)

    monkeypatch.setattr(Path, "read_bytes", noted)
    responses.ratings(wave="2026", department="it")
    assert opened == ["department=it.parquet"]


def unread(*_: object) -> None:
    pytest.fail("the survey file was read again")


def test_the_same_file_is_read_once(responses: Responses, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "parse_table", unread)
    again = read_responses(study(**SETTINGS))
    assert again == responses
    assert check_responses(study(**SETTINGS)).contents == responses.contents
    with pytest.raises(pytest.fail.Exception):
        read_responses(study(**SETTINGS), rebuild=True)


def other_study(what: str) -> Study:
    if what == "survey file":
        write(CONTENT.replace("fine", "good"))
    changes = {
        "questionnaire": {"questionnaire": questionnaire(version="2")},
        "settings": {"responses": {**SETTINGS["responses"], "dont_know": ("?", "x")}},
        "departments": {"departments": (*study().departments, Department(slug="legal", name=text("Legal")))},
    }
    return study(**{**SETTINGS, **changes.get(what, {})})


@pytest.mark.parametrize("what", ["survey file", "questionnaire", "settings", "departments"])
def test_whatever_the_answers_follow_from_makes_them_anew(responses: Responses, what: str) -> None:
    other = read_responses(other_study(what))
    assert other.fingerprint != responses.fingerprint
    assert other.store != responses.store
    assert len(responses.ratings(wave="2026")) == 3


def test_another_version_of_icstats_makes_them_anew(responses: Responses, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "__version__", "99")
    assert read_responses(study(**SETTINGS)).fingerprint != responses.fingerprint


def test_the_same_content_elsewhere_is_the_same_survey(responses: Responses) -> None:
    Path("elsewhere.csv").write_text(CONTENT, encoding="utf-8")
    moved = {**SETTINGS["responses"], "file": Path.cwd() / "elsewhere.csv"}
    assert read_responses(study(**{**SETTINGS, "responses": moved})) == responses


def test_checking_writes_nothing_and_counts() -> None:
    write(CONTENT)
    before = sorted(path.name for path in Path.cwd().rglob("*"))
    checked = check_responses(study(**SETTINGS))
    assert sorted(path.name for path in Path.cwd().rglob("*")) == before
    assert checked.contents.n_ratings == 4
    counts = checked.counts.set_index(["wave", "department", "variable"])["n"]
    assert counts["2026", "hr", "ratings"] == 2


def test_the_store_holds_no_name_of_a_respondent(responses: Responses) -> None:
    named = read(CONTENT.replace("\na,", "\nj.jansen,"), **SETTINGS)
    assert all(b"j.jansen" not in path.read_bytes() for path in named.store.rglob("*") if path.is_file())
    assert responses.ratings(wave="2026")["respondent"].max() == 1


def test_a_private_text_stays_in_open_answers_only() -> None:
    responses = read(CONTENT.replace("fine", PRIVATE), **SETTINGS)
    assert responses.ratings(wave="2026", department="hr")["OP1"].tolist() == [PRIVATE, ""]
    assert PRIVATE not in repr(responses) + str(responses.contents)


def test_one_person_or_two_are_read_like_any() -> None:
    small = questionnaire(item("SA1", "outcome", responses="ten"), scales=())
    responses = read("respondent,department,SA1\na,it,7\n", questionnaire=small)
    assert responses.ratings(wave="2026")["SA1"].tolist() == [7]


def test_the_real_survey_has_2179_ratings_of_13_faculties(tmp_path: Path) -> None:
    raw = shared_file("data/univer_orientation_2002.csv").read_bytes()
    real = read_study(ORIENTATION).model_copy(update={"store": tmp_path / "store"})
    responses = read_responses(real)
    ratings = responses.ratings(wave="2002")
    assert len(ratings) == 2179
    assert ratings.groupby("department", sort=False).size().tolist() == [
        50, 175, 255, 99, 458, 343, 265, 74, 50, 26, 223, 78, 83,
    ]  # fmt: skip
    assert ratings["respondent"].nunique() == 2179
    means = ratings[["informat", "willingn", "officeho", "compete", "global"]].mean().round(4)
    assert means.tolist() == [5.5365, 5.9816, 5.2809, 5.6370, 5.7178]
    by_faculty = ratings.groupby("department", sort=False)["global"].mean().round(3).tolist()
    assert by_faculty == [
        6.06, 6.554, 5.569, 5.869, 6.264, 4.778, 6.049, 6.189, 5.46, 5.385, 5.359, 5.962, 4.41,
    ]  # fmt: skip
    assert shared_file("data/univer_orientation_2002.csv").read_bytes() == raw
