"""The example study is what it promises: fictional, valid, the same on every machine, and worth looking at."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from icstats.benchmark import compare_with_norm
from icstats.colophon import provenance
from icstats.drivers import ladder
from icstats.edition import open_edition
from icstats.example import example_study, write_example
from icstats.importance import block_importance
from icstats.lindendelta import EXAMPLE_DEPARTMENTS
from icstats.norms import read_norms
from icstats.questionnaire import DRIVER_BLOCKS, read_questionnaire
from icstats.responses import read_responses
from icstats.scales import driver_items, keyed, scale_scores, two_way_imputed
from icstats.simulate import SimulatedStudy, long_form, wide_form
from icstats.study import Columns, Study, read_study
from icstats.worth import shapley_of_blocks

if TYPE_CHECKING:
    from icstats.questionnaire import Questionnaire
    from icstats.responses import Responses

ROOT = Path(__file__).resolve().parents[1]
BANK = ROOT / "params" / "questionnaires" / "internal_customer.yaml"
NORMS = [f"data/norms/{name}.{ending}" for name in ("example", "example-earlier") for ending in ("csv", "yaml")]
FILES = ("params/example.yaml", "data/example/responses.csv", *NORMS)
LARGEST_FILE = 1_500_000


@pytest.fixture(scope="module")
def questionnaire() -> Questionnaire:
    return read_questionnaire(BANK)


@pytest.fixture(scope="module")
def simulated(questionnaire: Questionnaire) -> SimulatedStudy:
    return example_study(questionnaire)


@pytest.fixture(scope="module")
def study() -> Study:
    return read_study(ROOT / "params" / "example.yaml")


@pytest.fixture(scope="module")
def responses(study: Study, tmp_path_factory: pytest.TempPathFactory) -> Responses:
    return read_responses(study.model_copy(update={"store": tmp_path_factory.mktemp("store")}))


def test_the_shipped_files_are_what_the_simulation_writes(tmp_path: Path, questionnaire: Questionnaire) -> None:
    written = write_example(tmp_path, questionnaire=questionnaire)
    assert [path.relative_to(tmp_path).as_posix() for path in written] == list(FILES)
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (ROOT / name).read_bytes(), name


def test_the_survey_file_stays_small_enough_to_share() -> None:
    assert (ROOT / FILES[1]).stat().st_size < LARGEST_FILE


def test_the_organisation_and_the_norm_are_fictional_in_every_language(study: Study) -> None:
    assert study.organisation.en.endswith("(fictional)")
    assert study.organisation.nl.endswith("(fictief)")
    norm = read_norms(ROOT / FILES[2], questionnaire=study.questionnaire)
    assert norm.fictional
    assert "ictional" in norm.title.en
    assert "ictie" in norm.title.nl


def test_the_norm_covers_every_driver_item_every_block_and_the_report_mark(study: Study) -> None:
    norm = read_norms(ROOT / FILES[2], questionnaire=study.questionnaire)
    items = [code for codes in driver_items(study.questionnaire).values() for code in codes]
    assert {*items, *DRIVER_BLOCKS, study.questionnaire.outcome} <= set(norm.values.index)
    assert norm.values.notna().all().all()


def test_departments_range_from_very_few_to_very_many_ratings(study: Study, responses: Responses) -> None:
    counts = responses.counts(wave=study.wave).query("variable == 'ratings'").set_index("department")["n"]
    assert counts.to_dict() == {department.slug: department.raters[-1] for department in EXAMPLE_DEPARTMENTS}
    assert len(counts) == 12
    assert sorted(counts[counts < 10]) == [4, 8, 9]
    steps = counts[counts >= 10].map(ladder)
    assert steps.value_counts().to_dict() == {"all": 7, "blocks": 1, "none": 1}
    assert counts.max() == 700


def test_invited_customers_are_more_than_those_who_rated_and_never_the_department_itself(study: Study) -> None:
    for department, planted in zip(study.departments, EXAMPLE_DEPARTMENTS, strict=True):
        assert department.slug == planted.slug
        assert department.invited is not None
        assert department.team_size is not None
        assert planted.raters[-1] < department.invited <= 900 - department.team_size


def test_both_waves_are_there_and_every_missing_reason_occurs(study: Study, responses: Responses) -> None:
    assert tuple(responses.waves) == ("2025", "2026")
    missing = responses.missing(wave=study.wave, department="it").groupby("reason")["n"].sum()
    assert (missing[["not_applicable", "dont_know", "no_answer"]] > 0).all()


def test_staff_answer_the_mirror_questions(study: Study, responses: Responses) -> None:
    for planted in EXAMPLE_DEPARTMENTS:
        staff = responses.ratings(wave=study.wave, department=planted.slug, role="staff")
        assert len(staff) == planted.mirrors
        assert staff["MI_PD1"].notna().all()


def test_comments_are_written_in_both_languages(study: Study, responses: Responses) -> None:
    comments = responses.ratings(wave=study.wave)[["OP1", "OP2"]].melt()["value"]
    written = comments[comments != ""]
    assert 500 < len(written) < 1200
    assert written.nunique() > 350
    assert written.str.contains(" the ").sum() > 50
    assert written.str.contains(" de | het | een ").sum() > 50


def items_of(responses: Responses, study: Study, department: str) -> pd.DataFrame:
    return keyed(responses.ratings(wave=study.wave, department=department), study.questionnaire)


@pytest.mark.parametrize(
    ("department", "verdict"),
    [("it", "product"), ("facilities", "process"), ("hr", "orientation"), ("finance", "cannot_tell")],
)
def test_verdicts_of_the_large_departments_are_the_planted_ones(
    study: Study, responses: Responses, department: str, verdict: str
) -> None:
    items = items_of(responses, study, department)
    blocks = driver_items(study.questionnaire, department)
    filled = pd.concat([items[["SA1"]], *(two_way_imputed(items[codes]) for codes in blocks.values())], axis=1)
    people = responses.ratings(wave=study.wave, department=department)["respondent"]
    importance = block_importance(filled, outcome="SA1", blocks=blocks, clusters=people, n_boot=300, seed=study.seed)
    assert importance.verdict == verdict


def test_planted_shares_are_told_apart_by_halo_and_leniency_only_a_little(simulated: SimulatedStudy) -> None:
    for (wave, department), world in simulated.worlds.items():
        values = shapley_of_blocks(world.covariance, outcome="SA1", blocks=world.blocks)
        planted = pd.Series(world.truth.block_shares)
        assert ((values / values.sum() - planted).abs() < 0.04).all(), (wave, department)


def test_every_verdict_against_the_norm_occurs(study: Study, responses: Responses) -> None:
    norm = read_norms(ROOT / FILES[2], questionnaire=study.questionnaire)
    verdicts = {}
    for planted in EXAMPLE_DEPARTMENTS[:-3]:
        items = items_of(responses, study, planted.slug)
        scores = pd.concat([items[["SA1"]], scale_scores(items, study.questionnaire)[list(DRIVER_BLOCKS)]], axis=1)
        data = compare_with_norm(scores, norm, margin=study.margin).data
        differences = data[data["statistic"] == "difference"].set_index("variable")
        verdicts |= {(planted.slug, code): verdict for code, verdict in differences["verdict"].items()}
    assert verdicts["it", "SA1"] == "clearly_below"
    assert verdicts["payroll", "SA1"] == "clearly_above"
    assert verdicts["facilities", "SA1"] == "equal"
    assert verdicts["legal-affairs", "process"] == "uncertain"
    assert {"slightly_above", "slightly_below"} <= set(verdicts.values())


def few_departments(whole: SimulatedStudy) -> SimulatedStudy:
    slugs = ["legal-affairs", "archive", "library"]
    frame = whole.frame[whole.frame["department"].isin(slugs)].reset_index(drop=True)
    return replace(whole, frame=frame, worlds={key: world for key, world in whole.worlds.items() if key[1] in slugs})


@pytest.mark.parametrize("layout", ["stacked", "wide", "long"])
def test_all_three_layouts_of_the_survey_file_give_the_same_ratings(
    study: Study, simulated: SimulatedStudy, tmp_path: Path, layout: str
) -> None:
    few = few_departments(simulated)
    frame = {"stacked": lambda few: few.frame, "wide": wide_form, "long": long_form}[layout](few)
    frame.to_csv(tmp_path / "responses.csv", index=False, lineterminator="\n")
    slugs = {slug for _, slug in few.worlds}
    settings = study.responses.model_copy(
        update={
            "file": tmp_path / "responses.csv",
            "layout": layout,
            "columns": Columns(wave="wave", role="role"),
        }
    )
    same = study.model_copy(
        update={
            "responses": settings,
            "store": tmp_path / "store",
            "departments": tuple(department for department in study.departments if department.slug in slugs),
        }
    )
    responses = read_responses(same)
    codes = [item.code for item in study.questionnaire.items if item.responses is not None]
    for wave, slug in few.worlds:
        expected = few.frame[
            (few.frame["department"] == slug) & (few.frame["wave"] == wave) & (few.frame["role"] == "customer")
        ]
        expected = expected[codes].apply(pd.to_numeric, errors="coerce").astype(float)
        observed = responses.ratings(wave=wave, department=slug)[codes]
        pd.testing.assert_frame_equal(
            observed.sort_values(codes, ignore_index=True), expected.sort_values(codes, ignore_index=True)
        )


def test_the_fingerprint_of_the_parameters_is_the_same_wherever_the_study_lies(tmp_path: Path) -> None:
    for folder in ("params", "data/example", "data/norms"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    named = re.compile(r"Fingerprint of the parameters</th><td>([0-9a-f]{12})</td>")
    editions = [open_edition(place / "params" / "example.yaml", language="en") for place in (ROOT, tmp_path)]
    here, there = (named.findall(provenance(edition, "it").body) for edition in editions)
    assert here == there
    assert len(here) == 1
