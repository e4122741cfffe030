"""Attacks that once worked, each as a program that gets released rows only."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from attacks.attacker import LinearAttacker, by_subtraction, ends, found, possible_histograms
from attacks.organisation import ITEMS, OUTCOME, answers, organisation
from scipy.special import stdtrit

from icstats.report import Report
from icstats.results import ORGANISATION

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from attacks.organisation import Rows

SMALL = 10


def changed(frame: pd.DataFrame, department: str, item: str, values: list[int]) -> pd.DataFrame:
    frame = frame.copy()
    frame.loc[frame["department"] == department, item] = values
    return frame


@pytest.mark.parametrize("n", [11, 14, 15, 16, 19, 34])
def test_neither_n_nor_the_answers_follow_from_what_is_shown_of_a_department(tmp_path: Path, n: int) -> None:
    """That an interval is there or not tells 11 to 14 from 15 to 19; within those n stays open, and so do answers."""
    rows = organisation(tmp_path, answers({"x": n, "y": 60, "z": 70}, n), norms="departments").rows()
    candidates = {item: possible_histograms(rows, "x", item, range(10, 45)) for item in ITEMS}
    assert min(len(left) for left in candidates.values() if left) >= 3
    assert min(sum(left.values()) for left in candidates.values() if left) >= 15


def test_fewer_than_a_hundred_answers_have_no_p_no_fine_share_and_no_difference_of_their_own(tmp_path: Path) -> None:
    rows = organisation(tmp_path, answers({"x": 19, "y": 60, "z": 99}, 1), norms="departments").rows()
    of_departments = [row for row in rows if row["department"] != ORGANISATION and row["estimate"] is not None]
    assert {row["p_value"] for row in of_departments} == {None}
    shares = [row for row in of_departments if row["unit"] == "share"]
    assert {(round(row["estimate"] * 100) % 5, row["conf_low"]) for row in shares} == {(0, None)}
    assert {row["department"] for row in shares} == {"y", "z"}
    differences = [row for row in of_departments if row["statistic"] == "difference"]
    assert len(differences) > 20
    for row in differences:
        keys = {"kind": "Comparison", "department": row["department"], "variable": row["variable"]}
        mean, norm = (found(rows, statistic=statistic, **keys) for statistic in ("mean", "norm"))
        assert mean is not None
        assert norm is not None
        for end in ("estimate", "conf_low", "conf_high"):
            assert row[end] == round(mean[end] - norm["estimate"], 1)


def n_of_fit(rows: Rows, department: str) -> list[float]:
    """Return what the fit of the models behind omega says about the number of answers: rmsea² = (chi² / df - 1) / n."""
    told = []
    for variable in {row["variable"] for row in rows if row["statistic"] == "rmsea"}:
        keys = {"kind": "Reliability", "department": department, "variable": variable}
        chi2, df, rmsea = (found(rows, statistic=statistic, **keys) for statistic in ("chi2", "df", "rmsea"))
        if chi2 and df and rmsea and rmsea["estimate"]:
            told.append((chi2["estimate"] / df["estimate"] - 1) / rmsea["estimate"] ** 2)
    return told


def test_how_well_a_model_fits_does_not_tell_how_many_answered(tmp_path: Path) -> None:
    rows = organisation(tmp_path, answers({"x": 14, "y": 60, "z": 240}, 3), norms="departments").rows()
    assert n_of_fit(rows, "x") == n_of_fit(rows, "y") == n_of_fit(rows, ORGANISATION) == []
    assert n_of_fit(rows, "z") == [] or max(n_of_fit(rows, "z")) == pytest.approx(240, rel=0.3)  # known anyway


def test_distributions_are_shown_from_fifty_answers_on(tmp_path: Path) -> None:
    rows = organisation(tmp_path, answers({"x": 49, "y": 50, "z": 99}, 1)).rows()
    told = {row["department"] for row in rows if row["statistic"] in {"sd", "ceiling", "floor"} and found([row])}
    assert told == {"y", "z"}


def test_the_total_minus_what_is_shown_does_not_give_a_small_department(tmp_path: Path) -> None:
    for seed, sizes in enumerate([{"a": 30, "b": 20, "c": 6, "d": 5}, {"a": 24, "b": 16, "c": 8, "d": 2}]):
        one = organisation(tmp_path / str(seed), answers(sizes, seed))
        attacker = LinearAttacker(rows=one.rows(), sizes=one.sizes)
        small = [place for place, n in sizes.items() if n < SMALL]
        widths = [high - low for place in small for item in ITEMS for low, high in [attacker.interval(place, item)]]
        assert min(widths) >= 1.0


def hidden_share(rows: Rows, department: str, item: str) -> bool:
    keys = {"kind": "Summary", "department": department, "variable": item}
    return found(rows, statistic="mean", **keys) is not None and found(rows, statistic="satisfied", **keys) is None


def test_a_hidden_share_says_nothing_about_what_it_would_be(tmp_path: Path) -> None:
    frame = answers({"x": 24, "y": 60, "z": 70}, 3)
    frame = changed(frame, "x", "P1", [5] * 12 + [4] * 12)
    frame = changed(frame, "x", "P2", [5] * 6 + [3] * 9 + [2] * 9)
    rows = organisation(tmp_path, frame).rows()
    assert [hidden_share(rows, "x", item) for item in ("P1", "P2")] == [True, True]
    assert not hidden_share(rows, "y", "P1")


def everybody_says(n: int, item: str, values: list[int], folder: Path) -> tuple[Rows, LinearAttacker]:
    frame = changed(answers({"x": n, "y": 18, "z": 60, "w": 25}, 5), "x", item, values)
    one = organisation(folder, frame, norms="departments")
    rows = one.rows()
    return rows, LinearAttacker(rows=rows, sizes=one.sizes)


@pytest.mark.parametrize(
    ("n", "values"),
    [(12, [5] * 12), (12, [1] * 12), (20, [4] * 20), (20, [5] * 18 + [4] * 2)],
    ids=["all at the top", "all at the bottom", "all the same", "nearly all"],
)
@pytest.mark.parametrize("item", ["O2", "SA1"])
def test_what_everybody_in_a_small_department_said_cannot_be_worked_out(
    tmp_path: Path, n: int, values: list[int], item: str
) -> None:
    rows, attacker = everybody_says(n, item, values, tmp_path)
    shown = [
        row for row in rows if row["department"] == "x" and row["variable"] == item and row["estimate"] is not None
    ]
    assert [row for row in shown if row["unit"] == "points"] == []
    low, high = attacker.interval("x", item)
    assert high - low >= 1.0
    low, high = by_subtraction(rows, attacker.sizes, ["x"], item)
    assert high - low >= 1.0


def test_the_norm_of_departments_does_not_hold_a_hidden_mean(tmp_path: Path) -> None:
    norms = []
    for place, last in enumerate((5, 4)):
        frame = changed(answers({"x": 12, "y": 18, "z": 60, "w": 25, "v": 40}, 5), "x", "SA1", [5] * 11 + [last])
        rows = organisation(tmp_path / str(place), frame, norms="departments").rows()
        norms.append({row["estimate"] for row in rows if row["statistic"] == "norm" and row["variable"] == "SA1"})
    assert norms[0] == norms[1]


def mark_of_the_one_who_differs(rows: Rows, department: str, driver: str, *, n: int) -> float | None:
    """Attack: all but one gave a question the same answer; the correlation with the mark then gives that one's mark."""
    keys = {"department": department, "variable": driver, "kind": "Regression"}
    together = found(rows, statistic="zero_order_r", **keys)
    mean = found(rows, kind="Summary", department=department, variable=OUTCOME, statistic="mean")
    if together is None or mean is None:
        return None
    spread = (mean["conf_high"] - mean["conf_low"]) / 2 / stdtrit(n - 1, 0.975) * n**0.5
    others = mean["estimate"]
    return float(others - together["estimate"] * spread * (n - 1) ** 0.5)


@pytest.mark.parametrize(("others", "shown"), [(1, False), (10, False), (11, True)])
def test_a_question_that_few_answer_otherwise_does_not_give_their_marks(
    tmp_path: Path, others: int, *, shown: bool
) -> None:
    frame, random = answers({"x": 150, "y": 160, "z": 170}, 4), np.random.default_rng(4)
    feelings = 3.5 + random.normal(0, 1, (len(frame), 1)) + random.normal(0, 0.5, (len(frame), len(ITEMS)))
    frame[list(ITEMS)] = np.clip(np.rint(feelings), 1, 5).astype(int)
    frame = changed(frame, "x", "P4", [4] * others + [5] * (150 - others))
    frame = changed(frame, "x", OUTCOME, [1] * others + [int(mark) for mark in frame.loc[others:149, OUTCOME]])
    edition = organisation(tmp_path, frame).edition
    analysis = edition.organisation.of("x")
    results = [analysis.summary, analysis.regression, analysis.driver_importance, analysis.importance_measures]
    released = [edition.released(result, "x") for result in results]
    rows = [{"kind": one.kind, **record} for one in released for record in one.records()]
    assert (mark_of_the_one_who_differs(rows, "x", "P4", n=150) is not None) == shown
    assert {row["variable"] for row in rows if row["kind"] != "Summary" and found([row])} == (
        {*ITEMS, "model", "(intercept)"} - {OUTCOME} if shown else set()
    )
    report = Report(edition=edition, department="x")
    assert report.why()._repr_html_()
    assert report.drivers()._repr_html_()


def test_of_two_departments_neither_finds_the_other_in_their_mean(tmp_path: Path) -> None:
    for place, sizes in enumerate([{"x": 30, "y": 40}, {"x": 30, "y": 40, "z": 3, "w": 12}]):
        one = organisation(tmp_path / str(place), answers(sizes, 2), norms="departments")
        assert [row for row in one.rows() if row["statistic"] == "norm"] == []
        assert one.edition.no_norm == (
            "There is no norm: the mean of the departments is given when at least 3 of them are shown."
        )


def test_a_verdict_does_not_tell_the_spread_that_the_interval_would(tmp_path: Path) -> None:
    rows = organisation(tmp_path, answers({"x": 12, "y": 90, "z": 60}, 9), norms="departments").rows()
    compared = [row for row in rows if row["kind"] == "Comparison" and row["department"] == "x"]
    assert {row["conf_low"] for row in compared} == {None}
    assert {row["verdict"] for row in compared} == {"uncertain"}


@pytest.mark.parametrize(("n", "asked", "told"), [(11, 12, None), (11, 18, None), (11, 19, 19), (120, 121, 121)])
def test_the_number_invited_does_not_narrow_the_band_of_n(tmp_path: Path, n: int, asked: int, told: int | None) -> None:
    edition = organisation(tmp_path, answers({"x": n, "y": 60, "z": 70}, 1)).edition
    departments = [one.model_copy(update={"invited": asked}) for one in edition.study.departments]
    study = edition.study.model_copy(update={"departments": tuple(departments)})
    assert replace(edition, study=study).invited("x") == told


def test_no_band_of_n_reaches_into_another(tmp_path: Path) -> None:
    rows = organisation(tmp_path, answers({"x": 19, "y": 20, "z": 99}, 1)).rows()
    bands = {ends(row["n"]) for row in rows if row["n"] and row["department"] != ORGANISATION}
    assert bands == {(11, 19), (20, 29), (90, 99)}


def test_what_customers_think_of_a_small_team_is_not_shown(tmp_path: Path) -> None:
    edition = organisation(tmp_path, answers({"x": 25, "y": 60, "z": 70, "w": 80}, 1)).edition
    departments = [
        one.model_copy(update={"team_size": {"x": 3, "y": 4}.get(one.slug)}) for one in edition.study.departments
    ]
    small = replace(edition, study=edition.study.model_copy(update={"departments": tuple(departments)}))
    assert small.small_teams == ("x",)
    about_staff = {"orientation", "O1", "O2", "O3"}
    shown = {code for code in ("SA1", "P1", "product", *about_staff) if not small.ledger.hides(code, "x")}
    assert shown == {"SA1", "P1", "product"}
    # One other department is hidden with it, so that the total does not give it away.
    assert {place for place, code in small.ledger.hidden if code == "O1"} == {"x", "y"}
    page = Report(edition=small, department="x").scores()._repr_html_()
    assert "fewer than 4 people work here" in page
    assert "people work here" not in Report(edition=small, department="z").scores()._repr_html_()
