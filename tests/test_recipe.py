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
from icstats.errors import NormError
from icstats.norms import read_norms
from icstats.questionnaire import read_questionnaire
from icstats.recipe import build_norm, read_published, write_norm

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
