"""What the reader sees of mild raters and of chance: beside the raw means, released, in the order of the study."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from test_weighted_analysis import MadeUpResponses

from icstats.analysis import Analysis
from icstats.edition import Edition
from icstats.errors import DisclosureError
from icstats.nonresponse import representativeness
from icstats.overview import Overview
from icstats.position import standing
from icstats.report import Report
from icstats.results import ORGANISATION
from icstats.simulate import simulate_ratings
from icstats.study import read_study
from icstats.texts import Texts
from icstats.weights import rake

if TYPE_CHECKING:
    from icstats.sections import Section

SLUGS = ("it", "facilities", "hr", "payroll")


def ratings(*, mild: bool, small: int = 200, slugs: tuple[str, ...] = SLUGS) -> pd.DataFrame:
    """Return 200 people who rate two departments each; when ``mild``, facilities' raters give everybody more."""
    study = read_study(ROOT / "params" / "example.yaml")
    outcome = study.questionnaire.outcome
    parts = []
    for number, slug in enumerate(slugs):
        size = small if slug == "payroll" else 200
        own = simulate_ratings(
            size,
            questionnaire=study.questionnaire,
            block_shares={"product": 0.4, "process": 0.3, "orientation": 0.3},
            department=slug,
            wave="2026",
            seed=number,
        )
        # People 0-199 rate IT and HR; 100-299 facilities and payroll: half of them are the same.
        people = np.arange(size) + (100 if slug in {"facilities", "payroll"} else 0)
        own["respondent"] = people
        if mild:
            own[outcome] = (own[outcome] + np.where(people >= 200, 2, 0)).clip(1, 10)
        parts.append(own)
    return pd.concat(parts, ignore_index=True)


def edition(frame: pd.DataFrame, language: str = "en", **changes: object) -> Edition:
    study = read_study(ROOT / "params" / "example.yaml").model_copy(update=changes)
    analysis = Analysis(study=study, responses=MadeUpResponses(frame), wave="2026", department=ORGANISATION)
    return Edition(study=study, texts=Texts(language), organisation=analysis)  # type: ignore[arg-type]


def words(section: Section) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", section._repr_html_()))


@pytest.mark.parametrize("language", ["en", "nl"])
def test_the_overview_says_which_marks_rest_on_mild_raters(language: str) -> None:
    section = Overview(edition=edition(ratings(mild=True), language)).raters()
    # The level of the average rater stays, so that the other two move up.
    names = {
        "en": "IT, Facilities, HR and Payroll would",
        "nl": "van ICT, Facilitair Bedrijf, HR en Salarisadministratie buiten",
    }
    assert names[language] in words(section)
    (released,) = section.released
    assert released.kind == "Leniency"
    assert released.departments == SLUGS  # the order of the study
    raw, adjusted = (released.row("SA1", statistic, "facilities") for statistic in ("mean", "adjusted"))
    assert raw is not None
    assert adjusted is not None
    assert adjusted.estimate < raw.conf_low
    assert raw.estimate == round(raw.estimate, 1)


def test_without_mild_raters_no_mark_moves() -> None:
    section = Overview(edition=edition(ratings(mild=False))).raters()
    assert "no department would get a mark outside the interval" in words(section)


def test_where_everybody_rates_one_department_that_is_said() -> None:
    frame = ratings(mild=False)
    frame["respondent"] = np.arange(len(frame))
    section = Overview(edition=edition(frame)).raters()
    assert "cannot be told apart here" in words(section)
    assert section.released == ()


def test_weighted_answers_are_refused_aloud() -> None:
    frame = ratings(mild=False)
    frame["weight"] = np.where(np.arange(len(frame)) % 2, 1.0, 2.0)
    opened = edition(frame)
    assert "cannot be told apart here" in words(Overview(edition=opened).raters())
    assert "There is no steadied mean" in words(report(opened, "it").shrunken())


def report(opened: Edition, department: str) -> Report:
    return Report(edition=opened, department=department)


@pytest.mark.parametrize(("language", "word"), [("en", "Steadied mean"), ("nl", "Gestabiliseerd gemiddelde")])
def test_the_steadied_mean_stands_beside_the_mean(language: str, word: str) -> None:
    section = report(edition(ratings(mild=True, small=20), language), "payroll").shrunken()
    assert word in words(section)
    (released,) = section.released
    assert released.departments == ("payroll",)
    assert released.variables == ("SA1", "product", "process", "orientation")
    mean, shrunken = (released.row("SA1", statistic) for statistic in ("mean", "shrunken"))
    assert mean is not None
    assert shrunken is not None
    assert not mean.hidden  # the scale is known, so a mean of 20 answers that is no extreme may be shown
    assert mean.n == "20–29"
    assert not {"reliability", "std_error", "position", "n_linked"} & set(released.rows.columns)


def test_a_small_department_has_no_mean_of_either_kind() -> None:
    frame = ratings(mild=False, small=6, slugs=(*SLUGS, "communications", "training"))
    opened = edition(frame)
    section = Overview(edition=opened).raters()
    (released,) = section.released
    assert "payroll" not in released.departments
    means = opened.overall.shrunken
    assert means is not None
    assert (means.only(departments=["payroll"]).rows["mark"] == "hidden").all()
    others = opened.comparisons.measured_and_shown[opened.organisation.ratings["department"] == "payroll"]
    assert others.isna().all(axis=None)  # not even in the model: with it in, it could be solved for


def test_what_is_for_researchers_does_not_pass_the_door() -> None:
    opened, frame = edition(ratings(mild=False)), ratings(mild=False)
    people = pd.DataFrame({"unit": np.where(np.arange(40) < 30, "a", "b")})
    population = {"unit": {"a": 0.5, "b": 0.5}}
    assert opened.norm is not None
    for result in (
        standing(frame[["SA1"]], opened.norm),
        representativeness(people, population=population),
        rake(people, population=population),
    ):
        with pytest.raises(DisclosureError, match="unit"):
            opened.released(result, ORGANISATION)
