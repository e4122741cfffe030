"""Whether a difference from the norm stands is decided over the whole organisation, and known without reading it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT

from icstats.analysis import Analysis
from icstats.benchmark import adjust_family
from icstats.comparisons import Comparisons
from icstats.decisions import differing_before, write_differing
from icstats.errors import RunError
from icstats.ledger import open_ledger
from icstats.norms import read_norms
from icstats.simulate import simulate_ratings
from icstats.study import read_study

if TYPE_CHECKING:
    from pathlib import Path

    from icstats.benchmark import Comparison
    from icstats.study import Study

SLUGS = ("it", "facilities", "hr", "payroll", "finance", "communications", "training", "procurement")


@dataclass(frozen=True)
class Store:
    """Ratings as the store returns them; only those of the departments in ``readable`` can be read."""

    frame: pd.DataFrame
    readable: tuple[str, ...] = SLUGS
    fingerprint: str = "made up"
    waves: tuple[str, ...] = ("2026",)

    def ratings(self, *, wave: str, department: str) -> pd.DataFrame:
        assert wave == "2026"
        if department not in self.readable:
            raise RunError("these prepared answers are not what was written", code="ICS-725")
        return self.frame[self.frame["department"] == department].reset_index(drop=True)

    def counts(self, *, wave: str) -> pd.DataFrame:
        assert wave in self.waves
        assert self.readable == SLUGS
        return counts_of(self.frame)


def counts_of(frame: pd.DataFrame) -> pd.DataFrame:
    codes = ["ratings", "product", "process", "orientation", *frame.columns[frame.columns.str.match(r"[A-Z]{2}\d+$")]]
    rows = [
        {"department": slug, "variable": code, "n": len(own), "n_people": len(own), "moved": 0}
        for slug, own in frame.groupby("department", sort=False)
        for code in codes
    ]
    return pd.DataFrame(rows)


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return read_study(ROOT / "params" / "example.yaml").model_copy(update={"store": tmp_path})


@pytest.fixture(scope="module")
def ratings() -> pd.DataFrame:
    questionnaire = read_study(ROOT / "params" / "example.yaml").questionnaire
    shares = {"product": 0.4, "process": 0.3, "orientation": 0.3}
    parts = [
        simulate_ratings(60, questionnaire=questionnaire, block_shares=shares, department=slug, wave="2026", seed=seed)
        for seed, slug in enumerate(SLUGS)
    ]
    frame = pd.concat(parts, ignore_index=True).assign(weight=1.0)
    return frame.assign(respondent=np.arange(len(frame)))


def comparisons(study: Study, store: Store) -> Comparisons:
    organisation = Analysis(study=study, responses=store, wave="2026")  # type: ignore[arg-type]
    ledger = open_ledger(counts_of(store.frame), policy=study.policy)
    return Comparisons(study=study, organisation=organisation, ledger=ledger)


def said(found: Comparisons, departments: tuple[str, ...] = SLUGS) -> dict[tuple[str, str], str]:
    """Return the verdict on every difference."""
    rows = [found.of(found.organisation.of(slug)).data.assign(department=slug) for slug in departments]  # type: ignore[union-attr]
    data = pd.concat(rows)
    data = data[data["statistic"] == "difference"]
    return dict(zip(zip(data["department"], data["variable"], strict=True), data["verdict"], strict=True))


def of_hr(found: Comparisons) -> Comparison:
    compared = found.of(found.organisation.of("hr"))
    assert compared is not None
    return compared


def test_a_direction_is_said_only_of_what_stands_among_all_departments_and_questions(
    study: Study, ratings: pd.DataFrame
) -> None:
    found = comparisons(study, Store(ratings))
    one_by_one = {slug: found.organisation.of(slug).comparison(found.norm) for slug in SLUGS}  # type: ignore[arg-type]
    together = adjust_family(one_by_one)
    rows = together.data[together.data["p_adjusted"] <= 0.05]
    stands = set(zip(rows["department"], rows["variable"], strict=True))
    assert together.settings.family == len(SLUGS) * 21
    assert found.differing.cells == stands
    verdicts = said(found)
    assert len(verdicts) == len(SLUGS) * 21
    directed = {cell for cell, verdict in verdicts.items() if verdict not in {"equal", "uncertain"}}
    assert directed == {cell for cell in stands if verdicts[cell] != "equal"}
    data = pd.concat(one.data.assign(department=slug) for slug, one in one_by_one.items())
    alone = data[(data["statistic"] == "difference") & ((data["conf_low"] > 0) | (data["conf_high"] < 0))]
    assert len(alone) > len(directed) > 0


def test_no_p_value_of_a_smaller_family_is_beside_the_verdict(study: Study, ratings: pd.DataFrame) -> None:
    compared = of_hr(comparisons(study, Store(ratings)))
    assert "p_adjusted" not in compared.data
    assert compared.settings.family == 0


def test_once_decided_a_department_is_compared_without_the_others(study: Study, ratings: pd.DataFrame) -> None:
    decided = comparisons(study, Store(ratings))
    write_differing(study, decided.differing, wave="2026")
    assert differing_before(study, wave="2026") == decided.differing
    alone = comparisons(study, Store(ratings, readable=("hr",)))
    pd.testing.assert_frame_equal(of_hr(alone).data, of_hr(decided).data)


@pytest.mark.parametrize("change", ["answers", "policy"])
def test_what_was_decided_of_something_else_is_decided_anew(study: Study, ratings: pd.DataFrame, change: str) -> None:
    before = comparisons(study, Store(ratings))
    write_differing(study, before.differing._replace(cells=frozenset()), wave="2026")
    assert comparisons(study, Store(ratings)).differing.cells == frozenset()
    if change == "answers":
        after = comparisons(study, Store(ratings, fingerprint="other"))
    else:
        policy = study.policy.model_copy(update={"minimum_spread": 20})
        after = comparisons(study.model_copy(update={"policy": policy}), Store(ratings))
    assert after.differing.cells == before.differing.cells


def test_damaged_answers_of_one_department_stop_no_other(study: Study, ratings: pd.DataFrame) -> None:
    whole = comparisons(study, Store(ratings))

    class Damaged(Store):
        def ratings(self, *, wave: str, department: str) -> pd.DataFrame:
            return Store(self.frame, readable=SLUGS[1:]).ratings(wave=wave, department=department)

    damaged = comparisons(study, Damaged(ratings))
    assert {place for place, _ in damaged.differing.cells} <= set(SLUGS[1:])
    assert set(said(damaged, SLUGS[1:])) == {cell for cell in said(whole) if cell[0] != SLUGS[0]}


def test_what_may_not_be_shown_is_no_part_of_the_family(study: Study, ratings: pd.DataFrame) -> None:
    few = ratings[(ratings["department"] != "it") | (ratings.groupby("department").cumcount() < 6)]
    strange = few.assign(SA1=few["SA1"].where(few["department"] != "it", 1.0))
    cells = [comparisons(study, Store(frame)).differing.cells for frame in (few, strange)]
    assert cells[0] == cells[1]
    assert all(place != "it" for place, _ in cells[0])


def norm_with(study: Study, tmp_path: Path, *, respondents: int) -> Path:
    """Return an earlier norm whose question PC1 rests on fewer respondents than the others."""
    earlier = study.norm_files[1]
    rows = earlier.read_text(encoding="utf-8").splitlines()
    rows = [row.replace("18640", str(respondents)) if row.startswith("PC1,") else row for row in rows]
    (tmp_path / "before.csv").write_text("\n".join(rows), encoding="utf-8")
    (tmp_path / "before.yaml").write_bytes(earlier.with_suffix(".yaml").read_bytes())
    return tmp_path / "before.csv"


def test_the_change_of_the_norm_is_that_of_its_means_and_needs_both_waves(study: Study, ratings: pd.DataFrame) -> None:
    both = comparisons(study, Store(ratings, waves=("2025", "2026")))
    now, before = (read_norms(file).values["mean"] for file in study.norm_files)
    assert both.norm_change == pytest.approx((now - before).to_dict())
    write_differing(study, both.differing, wave="2026")
    assert differing_before(study, wave="2026") == both.differing
    without = study.model_copy(update={"earlier_norms": None})
    assert comparisons(without, Store(ratings, waves=("2025", "2026"))).norm_change == {}
    internal = study.model_copy(update={"norms": "departments", "earlier_norms": None})
    assert comparisons(internal, Store(ratings, waves=("2025", "2026"))).norm_change == {}
    assert comparisons(study, Store(ratings, fingerprint="one wave")).norm_change == {}


@pytest.mark.parametrize(("others", "known"), [(9, False), (10, True), (-1, True)])
def test_no_change_of_the_norm_from_which_the_answers_of_a_few_others_would_follow(
    study: Study,
    ratings: pd.DataFrame,
    tmp_path: Path,
    others: int,
    known: bool,  # noqa: FBT001  a column of the table
) -> None:
    own = int(counts_of(ratings).groupby("variable")["n"].sum()["PC1"])
    earlier = norm_with(study, tmp_path, respondents=own + others)
    found = comparisons(study.model_copy(update={"earlier_norms": earlier}), Store(ratings, waves=("2025", "2026")))
    assert ("PC1" in found.norm_change) == known
    assert "PC2" in found.norm_change
