"""From surveys to a norm that reads back, and a published table that agrees with itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from shared import shared_file
from small_study import QUESTIONNAIRE, STUDY

from icstats.__main__ import main
from icstats.benchmark import compare_with_norm
from icstats.documents import shown_path
from icstats.errors import NormError
from icstats.norms import read_norms
from icstats.pooling import pool_organisations
from icstats.position import standing
from icstats.published import Published, read_published
from icstats.questionnaire import read_questionnaire
from icstats.recipe import build_norm, write_norm

if TYPE_CHECKING:
    from pathlib import Path

RECIPE = """\
name: sector
title: {en: Sector, nl: Sector}
year: 2026
population: {en: Small firms, nl: Kleine bedrijven}
source: {en: Pooled surveys, nl: Samengevoegde onderzoeken}
mode: online
fictional: true
studies: [STUDIES]
"""
ENGAGEMENT = {
    "score": "Employee Engagement Index",
    "organisation": "Organisation",
    "published": "Civil Service Benchmark (median)",
    "group": "Departmental Group",
}


def survey(root: Path, place: int) -> pd.DataFrame:
    """Write the survey of one organisation."""
    rng = np.random.default_rng(place)
    ratings = pd.DataFrame(
        {
            "department": np.resize(["hr", "it", "legal"], 90),
            "PD1": rng.integers(1, 6, 90),
            "PC1": rng.integers(1, 6, 90),
            "SA1": rng.integers(3, 11, 90),
        }
    )
    ratings.to_csv(root / f"organisation-{place}.csv", index=False)
    text = STUDY.replace("name: small\n", f"name: organisation-{place}\n").replace(
        "../data/small.csv", f"organisation-{place}.csv"
    )
    (root / f"organisation-{place}.yaml").write_text(text, encoding="utf-8")
    return ratings


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    (tmp_path / "small-questionnaire.yaml").write_text(QUESTIONNAIRE, encoding="utf-8")
    for place in range(6):
        survey(tmp_path, place)
    return written(tmp_path, *(f"organisation-{place}.yaml" for place in range(6)))


def written(folder: Path, *studies: str) -> Path:
    path = folder / "sector.yaml"
    path.write_text(RECIPE.replace("STUDIES", ", ".join(studies)), encoding="utf-8")
    return path


def test_a_built_norm_reads_back_as_it_was(recipe: Path, tmp_path: Path) -> None:
    built = build_norm(recipe)
    files = write_norm(built, tmp_path / "norms")
    assert [path.name for path in files] == ["sector.csv", "sector.yaml", "sector-provenance.json"]
    questionnaire = read_questionnaire(tmp_path / "small-questionnaire.yaml")
    norm = read_norms(files[0], questionnaire=questionnaire)
    assert list(norm.values.index) == ["SA1", "PD1", "PC1", "product", "process"]
    pd.testing.assert_frame_equal(norm.values, built.norm.values.round(2), check_names=False)
    assert (norm.n_organisations, norm.n_respondents, norm.fictional) == (6, 540, True)
    means = [survey(tmp_path, place)["SA1"].mean() for place in range(6)]
    assert built.norm.values.loc["SA1", "mean"] == pytest.approx(np.mean(means))


def test_provenance_has_fingerprints_and_neither_names_nor_single_scores(recipe: Path, tmp_path: Path) -> None:
    told = json.loads(write_norm(build_norm(recipe), tmp_path)[2].read_text(encoding="utf-8"))
    assert len(set(told["organisations"])) == 6
    assert "organisation-" not in json.dumps(told)
    assert set(told["mean_of_people"]) == {"SA1", "PD1", "PC1", "product", "process"}
    assert {row["statistic"] for row in told["intervals"]} == {"mean", "sd_between"}


@pytest.fixture
def longer(recipe: Path, tmp_path: Path) -> Path:
    """Each organisation asks a second question of the process, answered one lower."""
    more = """\
  - {code: PC2, block: process, responses: five,
     wording: {en: Told in time, nl: Op tijd verteld}, label: {en: In time, nl: Op tijd}}
"""
    (tmp_path / "small-questionnaire.yaml").write_text(QUESTIONNAIRE + more, encoding="utf-8")
    for place in range(6):
        ratings = survey(tmp_path, place)
        ratings.assign(PC2=(ratings["PC1"] - 1).clip(1)).to_csv(tmp_path / f"organisation-{place}.csv", index=False)
    return recipe


def not_asked(folder: Path, *places: int) -> None:
    for place in places:
        file = folder / f"organisation-{place}.csv"
        pd.read_csv(file).assign(PC2=np.nan).to_csv(file, index=False)


def test_a_block_of_which_some_asked_other_questions_is_left_out_and_said(longer: Path, tmp_path: Path) -> None:
    assert build_norm(longer).left_out == {}
    not_asked(tmp_path, 0, 1, 2)
    built = build_norm(longer)
    assert list(built.norm.values.index) == ["SA1", "PD1", "PC1", "product"]
    assert built.left_out == {
        "PC2": "3 of 6 organisations asked it and have enough answers; a norm needs 5",
        "process": "3 of 6 organisations asked all of its items and have enough answers; a norm needs 5",
    }
    ended = CliRunner().invoke(main, ["norms", "build", str(longer), "--into", str(tmp_path / "norms")])
    assert f"process is not in the norm: {built.left_out['process']}.\n" in ended.output
    told = json.loads((tmp_path / "norms" / "sector-provenance.json").read_text(encoding="utf-8"))
    assert told["left_out"] == built.left_out


def test_a_block_rests_on_the_organisations_that_asked_all_of_it(longer: Path, tmp_path: Path) -> None:
    not_asked(tmp_path, 5)
    values = build_norm(longer).norm.values
    asked = [survey(tmp_path, place)["PC1"] for place in range(5)]
    expected = np.mean([((one + (one - 1).clip(1)) / 2).mean() for one in asked])
    assert values.loc["process", "n_organisations"] == 5
    assert values.loc["process", "mean"] == pytest.approx(expected)
    assert values.loc["PC1", "n_organisations"] == 6


def test_the_same_organisation_twice_is_refused(recipe: Path, tmp_path: Path) -> None:
    studies = [f"organisation-{place}.yaml" for place in (0, 1, 2, 3, 4, 4)]
    with pytest.raises(NormError) as refused:
        build_norm(written(tmp_path, *studies))
    assert "the same organisation stands in the recipe twice: by its name or by its data. [ICS-433]" in str(
        refused.value
    )
    assert recipe.exists()


def test_another_version_of_the_questions_is_refused(recipe: Path, tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text(QUESTIONNAIRE.replace("version: '1'", "version: '2'"), encoding="utf-8")
    study = tmp_path / "organisation-3.yaml"
    text = study.read_text(encoding="utf-8").replace("small-questionnaire.yaml", "other.yaml")
    study.write_text(text, encoding="utf-8")
    with pytest.raises(NormError) as refused:
        build_norm(recipe)
    assert str(refused.value).endswith(
        'organisation-3.yaml: uses "small", version 2; the first study uses "small", version 1. Hint: other wording '
        "moves scores: pool only surveys with the same questionnaire [ICS-432]"
    )


def change(study: Path, *pairs: tuple[str, str]) -> None:
    text = study.read_text(encoding="utf-8")
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    study.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            [("wave: '2026'", "wave: '2020'"), ("Small & Sons", "Other")],
            (
                "its wave is 2020; allowed in a norm of 2026: the years from 2021 on. Hint: what customers expect "
                "moves on: pool surveys of about the same time [ICS-437]"
            ),
        ),
        (
            [("wave: '2026'", "wave: '2027-1'"), ("Small & Sons", "Other")],
            (
                "its wave is 2027-1; allowed in a norm of 2026: the years from 2021 on. Hint: what customers expect "
                "moves on: pool surveys of about the same time [ICS-437]"
            ),
        ),
        (
            [("wave: '2026'", "wave: '2025'")],
            (
                "another wave of Small & Sons stands in the recipe already. Hint: every organisation counts once: take "
                "one wave of each [ICS-433]"
            ),
        ),
    ],
)
def test_waves_are_not_mixed(recipe: Path, tmp_path: Path, changes: list[tuple[str, str]], told: str) -> None:
    study = tmp_path / "organisation-3.yaml"
    change(study, *changes)
    with pytest.raises(NormError) as refused:
        build_norm(recipe)
    assert str(refused.value).splitlines()[0] == f"{shown_path(study)}: {told}"


def test_an_organisation_that_dominates_is_refused_and_a_question_that_it_dominates_left_out() -> None:
    def scores(n: int, code: str = "PD1", *, asked: int | None = None) -> pd.DataFrame:
        rows = {"SA1": n, code: n if asked is None else asked}
        frame = {
            name: {"n": size, "n_people": size, "mean": 3.5, "sd": 1.0, "std_error": 0.1} for name, size in rows.items()
        }
        return pd.DataFrame.from_dict(frame, orient="index").rename_axis("code")

    usual = {f"o{place}": scores(100, asked=20) for place in range(5)}
    pooled = pool_organisations({**usual, "asks a lot": scores(100, asked=100)})
    assert "PD1" in pooled.values.index
    pooled = pool_organisations({**usual, "asks a lot": scores(100, asked=101)})
    assert list(pooled.values.index) == ["SA1"]
    with pytest.raises(NormError) as refused:
        pool_organisations({**usual, "large": scores(501)})
    assert str(refused.value) == (
        "large gives 50% of all ratings; no organisation may give more than half. Hint: leave it out, or add "
        "organisations [ICS-431]"
    )


def test_the_command_builds_and_refuses(recipe: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["norms", "build", str(recipe), "--into", str(tmp_path / "made")])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "made" / "sector.csv").exists()
    few = written(tmp_path, "organisation-0.yaml", "organisation-1.yaml")
    refused = CliRunner().invoke(main, ["norms", "build", str(few), "--into", str(tmp_path / "none")])
    assert refused.exit_code == 2
    assert "a norm needs at least 5" in refused.output
    assert not (tmp_path / "none").exists()


def test_the_median_of_the_civil_service_organisations_is_the_published_one() -> None:
    found = read_published(shared_file("data/csps_2019_all_organisation_scores.csv"), **ENGAGEMENT)
    assert len(found.scores) == 109
    assert found.median == found.published == 63
    assert found.quartiles[0] < 63 < found.quartiles[1]


def test_the_import_command_compares_every_organisation() -> None:
    file = shared_file("data/csps_2019_all_organisation_scores.csv")
    arguments = ["--score", ENGAGEMENT["score"], "--published", ENGAGEMENT["published"]]
    done = CliRunner().invoke(main, ["norms", "import", str(file), *arguments])
    assert done.exit_code == 0
    assert "Attorney General's Office\t76\t+13" in done.output
    assert "109 organisations: median 63, published 63" in done.output


DESCRIPTION = """\
name: csps
title: {en: Civil Service People Survey, nl: Civil Service People Survey}
year: 2019
population: {en: UK civil servants, nl: Britse ambtenaren}
source: {en: Cabinet Office 2019, nl: Cabinet Office 2019}
mode: online
fictional: false
questionnaire: engagement
version: '1'
n_organisations: 109
n_respondents: 303000
"""


def test_published_scores_become_a_norm_that_departments_are_compared_with(tmp_path: Path) -> None:
    about = tmp_path / "csps.yaml"
    about.write_text(DESCRIPTION, encoding="utf-8")
    file = str(shared_file("data/csps_2019_all_organisation_scores.csv"))
    told = ["--published", ENGAGEMENT["published"], "--into", str(about)]
    for score, code in (("My work", "MW"), ("Employee Engagement Index", "EEI"), ("My work", "MW")):
        done = CliRunner().invoke(main, ["norms", "import", file, "--score", score, "--code", code, *told])
        assert done.exit_code == 0, done.output
    norm = read_norms(tmp_path / "csps.csv")
    assert list(norm.values.index) == ["EEI", "MW"]
    row = norm.values.loc["EEI"]
    assert (row["q50"], row["n_organisations"], row["minimum"], row["maximum"]) == (63, 109, 0, 100)
    assert np.isnan(row["sd_within"])
    found = read_published(shared_file("data/csps_2019_all_organisation_scores.csv"), **ENGAGEMENT)
    assert row[["mean", "sd_between"]].tolist() == pytest.approx([found.scores.mean(), found.sd_between], abs=0.005)
    scores = pd.DataFrame({"EEI": np.random.default_rng(1).normal(row["mean"] + 12, 20, 400).clip(0, 100)})
    compared = compare_with_norm(scores, norm).data.set_index("statistic")
    assert compared.loc["difference", "margin"] == pytest.approx(0.2 * scores["EEI"].std())
    assert compared.loc["difference", "verdict"] == "clearly_above"
    assert compare_with_norm(scores, norm, norm_as="sampled").data["verdict"].iloc[-1] == "clearly_above"
    sampled = standing(scores, norm, norm_as="sampled").data.set_index("statistic")
    own = standing(scores, norm).data.set_index("statistic")
    assert sampled.loc["hedges_g", "estimate"] == own.loc["hedges_g", "estimate"]


def test_what_the_import_cannot_know_must_be_said(tmp_path: Path) -> None:
    about = tmp_path / "csps.yaml"
    about.write_text(DESCRIPTION.replace("n_respondents: 303000\n", ""), encoding="utf-8")
    table = tmp_path / "table.csv"
    table.write_text(GOOD, encoding="utf-8")
    asked = ["norms", "import", str(table), "--score", "Score", "--published", "Median"]
    alone = CliRunner().invoke(main, [*asked, "--into", str(about)])
    assert alone.exit_code == 2
    assert "--into and --code go together: which norm, and which of its codes." in alone.output
    assert "n_respondents" in CliRunner().invoke(main, [*asked, "--into", str(about), "--code", "A"]).output
    about.write_text(DESCRIPTION, encoding="utf-8")
    outside = CliRunner().invoke(main, [*asked, "--into", str(about), "--code", "A", "--scale", "1", "5"])
    assert "2 scores lie outside the scale from 1 to 5. [ICS-436]" in outside.output
    assert not (tmp_path / "csps.csv").exists()


GOOD = "Departmental Group,Organisation,Score\nAll,Median,63%\nAll,Mean,60\nA,One,61%\nA,Two, 65 \nB,Three,\n"


def published(folder: Path, text: str, **other: str) -> Published:
    table = folder / "table.csv"
    table.write_text(text, encoding="utf-8")
    asked = {"score": "Score", "organisation": "Organisation", "published": "Median", "group": "Departmental Group"}
    return read_published(table, **{**asked, **other})


def test_rows_about_all_together_and_without_a_score_are_no_organisation(tmp_path: Path) -> None:
    found = published(tmp_path, GOOD)
    assert found.scores.to_dict() == {"One": 61.0, "Two": 65.0}
    assert (found.median, found.published) == (63.0, 63.0)


@pytest.mark.parametrize(
    ("change", "other", "told"),
    [
        (("", ""), {"score": "Scores"}, ', "Scores": is not in the table. Hint: did you mean "Score"? [ICS-435]'),
        (
            ("", ""),
            {"published": "Medain"},
            (
                ', "Organisation": "Medain" stands in 0 rows; one of them holds the published score. Hint: did you '
                'mean "Median"? [ICS-435]'
            ),
        ),
        (
            ("All,Mean", "All,Median"),
            {},
            (
                ', row 2, column "Organisation": "Median" stands in 2 rows; one of them holds the published score. '
                "[ICS-435] (also row 3)"
            ),
        ),
        (("63%", ""), {}, ', row 2, column "Score": holds scores that are no numbers. [ICS-436]'),
        (("61%", "inf"), {}, ', row 4, column "Score": holds scores that are no numbers. [ICS-436]'),
        (("61%", "630%"), {}, ', row 4, column "Score": holds percentages outside 0 to 100. [ICS-436]'),
        (("Two", "One "), {}, ', row 4, column "Organisation": names organisations twice. [ICS-436] (also row 5)'),
    ],
)
def test_what_is_wrong_with_a_published_table_is_told(
    tmp_path: Path, change: tuple[str, str], other: dict[str, str], told: str
) -> None:
    with pytest.raises(NormError) as refused:
        published(tmp_path, GOOD.replace(*change) if change[0] else GOOD, **other)
    assert str(refused.value) == f"{shown_path(tmp_path / 'table.csv')}{told}"


def test_a_table_that_cannot_be_read_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_bytes(b"Organisation,Score\nCaf\xe9,3\n")
    asked = {"score": "Score", "organisation": "Organisation", "published": "Median", "group": "Group"}
    for name, told in (
        ("table.csv", ': the text is not UTF-8. Hint: save it as "CSV UTF-8" [ICS-434]'),
        ("tabel.csv", ': there is no such file. Hint: did you mean "table.csv"? [ICS-434]'),
    ):
        with pytest.raises(NormError) as refused:
            read_published(tmp_path / name, **asked)
        assert str(refused.value) == f"{shown_path(tmp_path / name)}{told}"


def test_a_table_without_the_column_or_with_words_for_numbers_is_refused(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text("Departmental Group,Organisation,Score\nAll,Median,63%\nA,One,61%\nA,Two,many\n", encoding="utf-8")
    asked = {"organisation": "Organisation", "published": "Median", "group": "Departmental Group"}
    with pytest.raises(NormError) as refused:
        read_published(table, score="Index", **asked)
    assert str(refused.value).endswith('"Index": is not in the table. [ICS-435]')
    with pytest.raises(NormError) as refused:
        read_published(table, score="Score", **asked)
    assert "holds scores that are no numbers. [ICS-436]" in str(refused.value)
    with pytest.raises(NormError, match="ICS-434"):
        read_published(tmp_path / "nothing.csv", score="Score", **asked)
