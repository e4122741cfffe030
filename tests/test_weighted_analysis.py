"""Weights in the survey file reach every statistic that takes them, and the others say that they do not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT

from icstats.analysis import Analysis
from icstats.benchmark import adjust_family
from icstats.colophon import method
from icstats.edition import Edition
from icstats.results import ORGANISATION
from icstats.simulate import simulate_ratings
from icstats.study import read_study
from icstats.texts import Texts

if TYPE_CHECKING:
    from icstats.study import Study


@dataclass(frozen=True)
class MadeUpResponses:
    """Ratings of three departments, as the store returns them."""

    frame: pd.DataFrame
    fingerprint: str = "made up"
    waves: tuple[str, ...] = ("2026",)

    def ratings(self, *, wave: str, department: str | None) -> pd.DataFrame:
        assert wave == "2026"
        own = self.frame if department is None else self.frame[self.frame["department"] == department]
        return own.reset_index(drop=True)

    def fingerprints(self, *, wave: str) -> pd.DataFrame:
        own = self.ratings(wave=wave, department=None)
        marks = own.index.astype(str)
        return pd.DataFrame({"department": own["department"], "who": marks, "what": marks})

    def counts(self, *, wave: str, department: str | None = None) -> pd.DataFrame:
        assert (wave, department) == ("2026", None)
        codes = [code for code in self.frame.columns if self.frame[code].dtype == float and code != "weight"]
        return pd.DataFrame(
            [
                {"department": slug, "variable": code, "n": len(own), "n_people": len(own), "moved": 0}
                for slug, own in self.frame.groupby("department")
                for code in ("ratings", "product", "process", "orientation", *codes)
            ]
        )


@pytest.fixture(scope="module")
def study() -> Study:
    return read_study(ROOT / "params" / "example.yaml")


@pytest.fixture(scope="module")
def ratings(study: Study) -> pd.DataFrame:
    shares = {"product": 0.4, "process": 0.3, "orientation": 0.3}
    parts = [
        simulate_ratings(
            150, questionnaire=study.questionnaire, block_shares=shares, department=slug, wave="2026", seed=seed
        )
        for seed, slug in enumerate(("it", "facilities", "hr"))
    ]
    frame = pd.concat(parts, ignore_index=True)
    frame["respondent"] = np.arange(len(frame))
    frame["weight"] = np.random.default_rng(3).uniform(0.2, 3, len(frame))
    return frame


def analysis(study: Study, ratings: pd.DataFrame, department: str = "it") -> Analysis:
    return Analysis(study=study, responses=MadeUpResponses(ratings), wave="2026", department=department, n_boot=50)


def test_a_rating_of_weight_two_counts_as_two(study: Study, ratings: pd.DataFrame) -> None:
    doubled = ratings.assign(weight=np.where(np.arange(len(ratings)) % 3 == 0, 2.0, 1.0))
    twice = ratings.loc[np.repeat(ratings.index, doubled["weight"].astype(int))].assign(weight=1.0)
    weighted, repeated = (analysis(study, frame) for frame in (doubled, twice))
    for name in ("summary", "regression"):
        one, other = getattr(weighted, name).data, getattr(repeated, name).data
        same = ~one["statistic"].isin(["adj_r_squared", "sigma"])  # these count rows
        assert one.loc[same, "estimate"].tolist() == pytest.approx(other.loc[same, "estimate"].tolist())
    for name in ("block_importance", "driver_importance"):
        one, other = getattr(weighted, name).data, getattr(repeated, name).data
        exact = ~one["measure"].isin(["probability_first", "adj_r_squared"])
        assert one.loc[exact, "estimate"].tolist() == pytest.approx(other.loc[exact, "estimate"].tolist())


def test_the_norm_of_the_departments_and_the_comparison_are_weighted(study: Study, ratings: pd.DataFrame) -> None:
    changed = study.model_copy(update={"norms": "departments"})
    edition = Edition(study=changed, texts=Texts("en"), organisation=analysis(changed, ratings, ORGANISATION))
    norm, outcome = edition.norm, changed.questionnaire.outcome
    assert norm is not None
    means = {slug: np.average(own[outcome], weights=own["weight"]) for slug, own in ratings.groupby("department")}
    assert norm.values.loc[outcome, "mean"] == pytest.approx(np.mean(list(means.values())))
    compared = analysis(changed, ratings).comparison(norm).data
    mean = compared[(compared["variable"] == outcome) & (compared["statistic"] == "mean")]["estimate"]
    assert mean.tolist() == pytest.approx([means["it"]])


def test_a_department_is_compared_as_a_part_of_the_norm(study: Study, ratings: pd.DataFrame) -> None:
    changed, plain = study.model_copy(update={"norms": "departments"}), ratings.assign(weight=1.0)
    edition = Edition(study=changed, texts=Texts("en"), organisation=analysis(changed, plain, ORGANISATION))
    compared, outcome = edition.comparison("it"), changed.questionnaire.outcome
    assert compared is not None
    assert set(compared.data["department"]) == {"it"}
    assert set(compared.data["statistic"]) == {"mean", "norm", "difference"}
    found = compared.data.set_index(["variable", "statistic"]).loc[(outcome, "difference")]
    groups = plain.groupby("department")[outcome]
    # Of three departments, one's difference from their mean is two thirds of itself minus a third of each other.
    parts = pd.Series({"it": 2 / 3, "facilities": -1 / 3, "hr": -1 / 3})
    assert found["estimate"] == pytest.approx((parts * groups.mean()).sum())
    assert found["std_error"] == pytest.approx(np.sqrt((parts**2 * groups.var() / groups.count()).sum()))
    released = edition.released(compared, "it")
    assert released.row(outcome, "difference").n == "150"
    assert compared.settings.family > 2 * 17


def test_beside_an_outside_norm_the_other_departments_decide_what_stands_and_no_number(
    study: Study, ratings: pd.DataFrame
) -> None:
    edition = Edition(study=study, texts=Texts("en"), organisation=analysis(study, ratings, ORGANISATION))
    own = analysis(study, ratings)
    assert edition.norm is not None
    compared, alone = edition.comparison("it").data, own.comparison(edition.norm).data
    assert [name for name in alone if name not in compared] == ["p_adjusted"]
    numbers = [name for name in compared if name != "verdict"]
    pd.testing.assert_frame_equal(compared[numbers], alone[numbers])
    one_by_one = {slug: analysis(study, ratings, slug).comparison(edition.norm) for slug in ("it", "facilities", "hr")}
    family = adjust_family(one_by_one).data
    assert compared["verdict"].tolist() == family.loc[family["department"] == "it", "verdict"].tolist()
    without = Edition(
        study=study.model_copy(update={"norms": None}), texts=Texts("en"), organisation=edition.organisation
    )
    assert without.comparison("it") is None


def test_the_norm_of_the_departments_without_weights(study: Study, ratings: pd.DataFrame) -> None:
    changed, plain = study.model_copy(update={"norms": "departments"}), ratings.assign(weight=1.0)
    edition = Edition(study=changed, texts=Texts("en"), organisation=analysis(changed, plain, ORGANISATION))
    norm, outcome = edition.norm, changed.questionnaire.outcome
    assert norm is not None
    groups = plain.groupby("department")[outcome]
    assert norm.values.loc[outcome, "mean"] == pytest.approx(groups.mean().mean())
    within = np.sqrt(((groups.count() - 1) * groups.var()).sum() / (groups.count() - 1).sum())
    assert norm.values.loc[outcome, "sd_within"] == pytest.approx(within)


def test_reliability_says_that_it_takes_no_weights(study: Study, ratings: pd.DataFrame) -> None:
    weighted, plain = analysis(study, ratings), analysis(study, ratings.assign(weight=1.0))
    for name in ("reliability", "item_statistics"):
        assert "unweighted" in getattr(weighted, name).settings.warnings
        assert "unweighted" not in getattr(plain, name).settings.warnings
        pd.testing.assert_frame_equal(getattr(weighted, name).data, getattr(plain, name).data)
    assert plain.weights is None


@pytest.mark.parametrize(("language", "word"), [("en", "weighted"), ("nl", "gewogen")])
def test_the_reader_is_told_of_weights_only_where_there_are_any(
    study: Study, ratings: pd.DataFrame, language: str, word: str
) -> None:
    columns = study.responses.columns.model_copy(update={"weight": "weight"})
    weighted = study.model_copy(update={"responses": study.responses.model_copy(update={"columns": columns})})
    pages = [
        method(Edition(study=own, texts=Texts(language), organisation=analysis(own, ratings)), n_boot=50)._repr_html_()
        for own in (weighted, study)
    ]
    assert [word in page for page in pages] == [True, False]
    assert replace(analysis(study, ratings), department="facilities").weights is not None
