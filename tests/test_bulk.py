# ruff: noqa: S311  made-up answers need no secret numbers
"""A file that is too large to be read at once gives the same store, and the same refusals, as one that is not."""

from __future__ import annotations

import csv
import io
import shutil
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from conftest import ROOT
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from small_survey import item, questionnaire, study

from icstats import intake, plainfile
from icstats.batch import Terms, run
from icstats.errors import SurveyFileError
from icstats.responses import check_responses, read_responses
from icstats.storekey import made_key
from icstats.study import Department, read_study

if TYPE_CHECKING:
    from collections.abc import Iterator

CODES = ("A1", "A2", "A3", "A4", "A5")
ITEMS = (
    *(item(code, "process", scale="process", reverse=code == "A2") for code in CODES),
    item("PX1", "process", core=False, departments=("hr",)),
    item("SA1", "outcome", responses="ten"),
    item("MI1", "mirror", about="A1"),
    item("OP1", "open", responses=None),
)
HEADER = ["respondent", "department", "year", "who", "weight", "unit", *CODES, "PX1", "SA1", "MI1", "OP1"]
DEPARTMENTS = tuple(
    Department.model_validate({"slug": slug, "name": {"en": slug, "nl": slug}, "code": code})
    for slug, code in (("hr", "HR"), ("it", None), ("legal", "Legal & risk"))
)
SETTINGS: dict[str, Any] = {
    "questionnaire": questionnaire(*ITEMS),
    "departments": DEPARTMENTS,
    "columns": {"wave": "year", "role": "who", "weight": "weight"},
    "responses": {"attributes": ("unit",), "not_applicable": ("n.v.t.",), "dont_know": ("9",)},
}


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def rating(random: Random, person: str, department: str, year: str = "2026", who: str = "customer") -> dict[str, str]:
    """Return a row in which everything is right."""
    answers = {code: random.choice(["1", "2", "3", "4", "5", "", "n.v.t.", "9", "5 (fully agree)"]) for code in CODES}
    return {
        "respondent": person, "department": department, "year": year, "who": who,
        "weight": random.choice(["1", "0,5", "2,25"]), "unit": random.choice(["a", "b", ""]),
        **({} if who == "staff" else answers),
        "PX1": random.choice(["1", "5", ""]) if department == "HR" and who == "customer" else "",
        "SA1": str(random.randint(1, 10)) if who == "customer" else "",
        "MI1": str(random.randint(1, 5)) if who == "staff" else "",
        "OP1": random.choice(["", "fine", 'he said "no"', "two\nlines", "a, b"]),
    }  # fmt: skip


def ratings(random: Random, n: int = 60) -> list[dict[str, str]]:
    rows = [
        rating(random, f"p{random.randint(0, 40):02d}-{number // 25}", random.choice(["HR", "it"]), year, who)
        for number in range(n)
        for year, who in [random.choice([("2026", "customer"), ("2025", "customer"), ("2026", "staff")])]
    ]
    seen: set[tuple[str, ...]] = set()
    return [
        row
        for row in rows
        if (key := (row["respondent"], row["department"], row["year"])) not in seen and not seen.add(key)  # type: ignore[func-returns-value]
    ]


def as_csv(rows: list[dict[str, str]]) -> str:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, HEADER, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def both_roads(content: str, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> tuple[Any, Any]:  # noqa: ANN401
    """Return what comes of a file read at once, and of the same file read in parts: stores, or lines of refusals.

    Whether or not the file turns out to be plain, the same comes of it where that is tried first.
    """
    Path("survey.csv").write_text(content, encoding="utf-8", newline="")
    found = []
    for road in ("at-once", "bulk", "plain"):
        asked = {**SETTINGS, **changes}
        small = study(**asked, store=Path.cwd() / road)
        shutil.rmtree(small.store_folder, ignore_errors=True)
        small.store_folder.mkdir()
        (small.store_folder / "key").write_bytes(b"k" * 32)
        assert made_key(small.store_folder) == b"k" * 32
        with monkeypatch.context() as patch:
            patch.setattr(intake, "LARGEST_FILE", 0 if road == "bulk" else 10**9)
            patch.setattr(plainfile, "SMALLEST", 0 if road == "plain" else 10**9)
            for name, few in (("BLOCK", 700), ("AT_ONCE", 25), ("CHECKED_AT_ONCE", 30)):
                patch.setattr(plainfile, name, few)
            try:
                assert intake.is_bulk(small.responses) == (road == "bulk")
                checked = check_responses(small)
                responses = read_responses(small, rebuild=True)
            except SurveyFileError as error:
                assert not list(small.store_folder.glob("small-*"))
                found.append(sorted(str(error).splitlines()))
            else:
                pd.testing.assert_frame_equal(
                    checked.counts,
                    pd.concat(
                        [responses.counts(wave=wave).assign(wave=wave) for wave in responses.waves], ignore_index=True
                    ),
                )
                found.append(responses.contents)
    assert found[2] == found[0]
    return found[0], found[1]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(seed=2137)
@given(seed=st.integers(0, 10**6))
def test_both_roads_make_the_same_store_byte_by_byte(seed: int) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        at_once, bulk = both_roads(as_csv(ratings(Random(seed))), monkeypatch)
    assert at_once.n_ratings
    assert bulk == at_once


def seen_to_be_plain(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Return a list that will say of every file that is tried whether it was plain to the end."""
    seen = list[bool]()
    opened = plainfile.opened

    @contextmanager
    def watched(*given: Any) -> Iterator[Any]:  # noqa: ANN401
        seen.append(False)
        with opened(*given) as found:
            yield found
        seen[-1] = True

    monkeypatch.setattr(plainfile, "opened", watched)
    return seen


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(seed=77, named=True)
@example(seed=78, named=False)
@given(seed=st.integers(0, 10**6), named=st.booleans())
def test_a_plain_file_makes_the_same_store_byte_by_byte(seed: int, *, named: bool) -> None:
    random = Random(seed)
    rows = [row for row in ratings(random, 90) if "\n" not in row["OP1"]]
    for row in rows:
        row["respondent"] += "é" * random.randint(0, 20)
    columns = dict(SETTINGS["columns"]) if named else {**SETTINGS["columns"], "respondent": None}
    responses = {**SETTINGS["responses"], "ignore": () if named else ("respondent",)}
    with pytest.MonkeyPatch.context() as monkeypatch:
        seen = seen_to_be_plain(monkeypatch)
        at_once, bulk = both_roads(as_csv(rows), monkeypatch, columns=columns, responses=responses)
    assert seen[-2:] == [True, True]
    assert at_once.n_ratings
    assert bulk == at_once


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(cells=['"a""b"', '""', "'", '"a, b"'])
@example(cells=['a"b', '"ab"c', '""c', '"a"""c'])
@example(cells=['"', 'a"'])
@example(cells=["\r", "0x1"])
@given(cells=st.lists(st.text('",;ab \r\né\ufeff', max_size=8), min_size=3, max_size=6))
def test_cells_of_any_text_are_the_same_or_not_plain(cells: list[str]) -> None:
    answers = ",".join("12345")
    lines = [f"p{number},HR,2026,customer,1,a,{answers},3,8,,{cell}" for number, cell in enumerate(cells)]
    with pytest.MonkeyPatch.context() as monkeypatch:
        both_roads("\n".join([",".join(HEADER), *lines]) + "\n", monkeypatch)


def test_a_department_that_is_always_spelt_otherwise_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{**rating(Random(8), f"p{number}", "HR"), "department": "hr", "OP1": ""} for number in range(12)]
    cleaning = {"spellings": "same"}
    at_once, bulk = both_roads(as_csv(rows), monkeypatch, responses={**SETTINGS["responses"], "cleaning": cleaning})
    assert bulk == at_once
    assert {finding.kind for finding in bulk.findings} >= {"spelling"}


def test_notes_and_findings_are_the_same_whatever_is_odd(monkeypatch: pytest.MonkeyPatch) -> None:
    random = Random(1)
    rows = ratings(random, 90)
    alike = {**rating(random, "x", "HR"), **dict.fromkeys([*CODES, "PX1"], "3")}
    rows += [{**alike, "respondent": f"x{number}"} for number in range(12)]
    rows += [
        rating(random, "x1", "HR "),
        rating(random, "x2", " hr"),
        {**rows[0]},
        {"respondent": "q", "department": "it", "year": "2026", "who": "customer", "weight": "1"},
    ]
    rows.insert(5, {})
    cleaning = {"duplicates": "keep_first", "spellings": "same", "straight_lining": "leave_out"}
    at_once, bulk = both_roads(as_csv(rows), monkeypatch, responses={**SETTINGS["responses"], "cleaning": cleaning})
    assert bulk == at_once
    told = "\n".join(bulk.notes)
    for words in ("another spelling", "double ratings", "straight-lining", "without any answer", "decimal comma"):
        assert words in told
    assert {finding.kind for finding in bulk.findings} >= {"spelling", "double", "straight_lining", "blank"}


def test_a_file_without_respondents_waves_or_weights_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ["department;A1;A2;A3;A4;A5;SA1", *(f"it;{n % 5 + 1};2;3;4;5;7" for n in range(15)), "HR;1;1;1;1;1;"]
    at_once, bulk = both_roads(
        "sep=;\n" + "\n".join(lines) + "\n", monkeypatch, columns={"respondent": None}, responses={}
    )
    assert bulk == at_once


def test_a_department_that_only_an_earlier_wave_rated_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    random = Random(6)
    rows = [rating(random, f"p{number}", "HR") for number in range(12)]
    rows += [rating(random, f"p{number}", "it", year="2025") for number in range(12)]
    at_once, bulk = both_roads(as_csv(rows), monkeypatch)
    assert at_once.waves == ("2025", "2026")
    assert bulk == at_once


@pytest.mark.parametrize(
    "spoil",
    [
        {3: {"A1": "7"}, 9: {"A1": "8"}, 10: {"A1": "7"}},
        {3: {"A1": "no idea"}, 4: {"A2": "3,5"}, 5: {"A3": "03-01-2026"}, 6: {"A4": "1.234"}},
        {2: {"department": "HRM"}, 3: {"department": ""}, 7: {"department": "Hr"}, 8: {"department": "payroll"}},
        {2: {"year": "20 26"}, 4: {"year": ""}, 5: {"who": "boss"}, 6: {"weight": "-1"}, 7: {"weight": "1e9"}},
        {2: {"respondent": ""}, 3: {"respondent": "p1 "}, 4: {"respondent": "p1", "department": "it"}},
        {2: {"respondent": "d"}, 3: {"respondent": "d"}, 4: {"respondent": "e"}, 5: {"respondent": "e"}},
        {2: {"MI1": "3", "who": "customer"}, 3: {"PX1": "2", "department": "it"}, 4: {"A5": "6"}},
    ],
    ids=["outside", "forms", "departments", "keys", "respondents", "double", "not asked"],
)
def test_both_roads_refuse_with_the_same_words(
    spoil: dict[int, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    random = Random(4)
    rows = [rating(random, f"r{number:03d}", "HR") for number in range(30)]
    for place, change in spoil.items():
        rows[place].update(change)
    at_once, bulk = both_roads(as_csv(rows), monkeypatch)
    assert isinstance(at_once, list)
    assert bulk == at_once


@pytest.mark.parametrize(
    "content",
    [
        "respondent,department\n1,HR\n2,HR,x\n3\n",
        'respondent,department\n1,"HR\n2,it\n',
        "respondent,department\n1,H\0R\n",
        "respondent,respondent\n1,HR\n",
        "a,b\n1,2\n",
        "respondent,department,year,who,weight,unit,A1,A2,A3,A4,A5,SA1,email\n1,HR,2026,customer,1,a,1,1,1,1,1,1,x\n",
        "respondent,department,year,who,weight,unit,A1,A2,A3,A4,A5,SA1\n",
        "<html><body>log in</body></html>",
    ],
    ids=["ragged", "quote", "nul", "double", "unknown", "extra", "header only", "page"],
)
def test_both_roads_refuse_a_wrong_form_with_the_same_words(content: str, monkeypatch: pytest.MonkeyPatch) -> None:
    at_once, bulk = both_roads(content, monkeypatch)
    assert isinstance(at_once, list)
    assert bulk == at_once


def test_parquet_is_read_as_the_same_text(monkeypatch: pytest.MonkeyPatch) -> None:
    random = Random(2)
    frame = pd.DataFrame(ratings(random)).fillna("")
    frame["SA1"] = pd.to_numeric(frame["SA1"])  # 7.0, and nothing where there is no answer
    frame.to_parquet("survey.parquet")
    found = []
    for limit in (10**9, 0):
        responses = {**SETTINGS["responses"], "file": Path.cwd() / "survey.parquet"}
        small = study(**{**SETTINGS, "responses": responses}, store=Path.cwd() / str(limit))
        small.store_folder.mkdir()
        (small.store_folder / "key").write_bytes(b"k" * 32)
        monkeypatch.setattr(intake, "LARGEST_PARQUET", limit)
        found.append(read_responses(small).contents)
    assert found[1] == found[0]


def test_what_only_a_large_file_may_not_be_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    content = as_csv(ratings(Random(3)))
    _, timed = both_roads(content, monkeypatch, columns={**SETTINGS["columns"], "seconds": "unit"}, responses={})
    assert timed == [
        (
            'study.yaml, "responses.columns.seconds": dates and times are not looked at in a file that is too large to '
            "be read at once. Hint: Take it out, and list unit under responses.ignore. [ICS-117]"
        )
    ]
    lines = content.split("\n")
    _, empty = both_roads("\n".join([*lines[:3], "", *lines[3:]]), monkeypatch)
    assert empty[0].endswith("so that every row has its number. [ICS-119]")
    Path("survey.csv").write_bytes(content.encode() + "é".encode("cp1252"))
    monkeypatch.setattr(intake, "LARGEST_FILE", 0)
    with pytest.raises(SurveyFileError) as error:
        check_responses(study(**SETTINGS))
    assert error.value.problems[0].code == "ICS-105"


def test_a_run_on_either_road_releases_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the file to pages and numbers, the scan for leaks included: nothing reads the large file at once."""
    monkeypatch.chdir(ROOT)
    released = []
    for road in ("at-once", "bulk"):
        store = tmp_path / road / "store"
        store.mkdir(parents=True)
        (store / "key").write_bytes(b"k" * 32)
        example = read_study(ROOT / "params" / "example.yaml").model_copy(update={"store": store})
        with monkeypatch.context() as patch:
            patch.setattr(intake, "LARGEST_FILE", 0 if road == "bulk" else 10**9)
            terms = Terms(workers=1, engine="fork")
            summary = run(example, departments=["procurement"], outputs=tmp_path / road, terms=terms)
        assert {one.department: one.status for one in summary.departments}["procurement"] == "done"
        folder = tmp_path / road / "example" / "2026"
        made = [path for kind in ("results.json", "*.html") for path in sorted(folder.rglob(kind))]
        released.append({path.relative_to(folder).as_posix(): path.read_bytes() for path in made})
    at_once, bulk = released
    assert {"results.json", "procurement/results.json", "overview.html"} <= set(at_once)
    assert bulk == at_once
