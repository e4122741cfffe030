"""Real survey files become studies: known numbers come out, and the reports are made."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import icstats as run_command
from shared import shared_file

import icstats
from icstats.intake import read_table
from icstats.layouts import to_ratings
from icstats.ratings import check_ratings
from icstats.responses import check_responses
from icstats.study import Study, read_study

STUDIES = Path(__file__).parent / "studies"


def study(name: str, file: str) -> Study:
    shared_file(f"data/{file}")
    return read_study(STUDIES / name / "study.yaml")


def alphas(opened: Study, scales: tuple[str, ...]) -> dict[str, float]:
    checked = check_ratings(to_ratings(read_table(opened.responses), opened), opened)
    assert checked.problems == ()
    items = {scale: [item.code for item in opened.questionnaire.items_of(scale=scale)] for scale in scales}
    return {
        scale: round(float(icstats.cronbach_alpha(checked.frame[codes].astype(float)).data["estimate"].iloc[0]), 4)
        for scale, codes in items.items()
    }


def test_mobi_is_about_one_organisation_and_has_the_published_alphas() -> None:
    opened = study("mobi", "ecsi_mobi_250.csv")
    assert check_responses(opened).contents.n_ratings == 250
    known = {"IMAG": 0.714, "CUEX": 0.433, "PERQ": 0.872, "PERV": 0.817, "CUSA": 0.770, "CUSL": 0.442}
    found = alphas(opened, tuple(known))
    assert {scale: round(alpha, 3) for scale, alpha in found.items()} == known


def test_lq2002_has_49_units_and_the_known_alphas() -> None:
    opened = study("lq2002", "lq2002_items_49_units.csv")
    contents = check_responses(opened).contents
    assert (contents.n_ratings, len(contents.departments)) == (2042, 49)
    assert alphas(opened, ("LEAD", "TSIG", "HOSTIL")) == {"LEAD": 0.9022, "TSIG": 0.8231, "HOSTIL": 0.8729}


def test_the_limesurvey_export_is_read_from_words() -> None:
    opened = study("rse", "limesurvey_rse_2017_netherlands.csv")
    checked = check_responses(opened)
    assert checked.contents.n_ratings == 73  # four people broke off before these questions
    assert checked.contents.notes[-2:] == (
        (
            "answers in words are read as the numbers of their scale: perfCheck1, perfCheck2, perfCheck3, perfCheck5, "
            "progRSE2, progRSE3, affRec1, affRec3, satisgen1"
        ),
        "4 ratings without any answer left out",
    )
    frame = check_ratings(to_ratings(read_table(opened.responses), opened), opened).frame
    assert (frame["satisgen1"] == 8).sum() == 30
    assert (frame["affRec3"] == 4 - 1).sum() == 37


@pytest.mark.parametrize(
    ("name", "file", "department"),
    [
        ("mobi", "ecsi_mobi_250.csv", "operator"),
        ("lq2002", "lq2002_items_49_units.csv", "unit-13"),
        ("rse", "limesurvey_rse_2017_netherlands.csv", "employers"),
    ],
)
def test_the_reports_are_made(name: str, file: str, department: str, tmp_path: Path) -> None:
    opened = study(name, file)
    path = f"tests/studies/{name}/study.yaml"
    done = run_command("run", path, "--department", department, "--outputs", str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    folder = tmp_path / name / opened.wave
    assert (folder / department / "department_report.html").exists()
    assert json.loads((folder / department / "results.json").read_text(encoding="utf-8"))
