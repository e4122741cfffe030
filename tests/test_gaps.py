"""Expectations and mirror: textbook tests, rules that can be read off, and thresholds on both sides."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made import counts
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from icstats.disclosure import open_ledger, release
from icstats.draws import draw_items, draw_mirror
from icstats.errors import ParameterError
from icstats.gaps import expectation_gap, mirror_gap
from icstats.questionnaire import DRIVER_BLOCKS, ResponseScale, read_questionnaire
from icstats.study import Policy
from icstats.worlds import Truth, build_world

if TYPE_CHECKING:
    from icstats.disclosure import Released
    from icstats.questionnaire import Block
    from icstats.results import Result

MARK = ResponseScale(minimum=1, maximum=10, satisfied=7, dissatisfied=5)
FIVE = ResponseScale(minimum=1, maximum=5, satisfied=4, dissatisfied=2)
SCALES = {"SA1": MARK, "EX2": MARK, "EX4": MARK, "EX1": FIVE, "PC1": FIVE, "PC2": FIVE}
ROLES = {"perceived": "SA1", "minimum": "EX2", "desired": "EX4", "compared": "EX1"}


def ratings(n: int = 90, *, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "SA1": rng.integers(4, 10, n).astype(float),
            "EX2": rng.integers(5, 8, n).astype(float),
            "EX4": rng.integers(6, 11, n).astype(float),
            "EX1": rng.integers(1, 6, n).astype(float),
        }
    )


def gap(frame: pd.DataFrame, **more: object) -> Result:
    return expectation_gap(frame, **{**ROLES, "response_scales": SCALES, **more})  # type: ignore[arg-type]


def row(result: Result, variable: str, statistic: str) -> pd.Series:
    return result.data.set_index(["variable", "statistic"]).loc[(variable, statistic)]


@pytest.mark.parametrize(("code", "statistic"), [("EX2", "adequacy_gap"), ("EX4", "superiority_gap")])
def test_gaps_are_paired_t_tests(code: str, statistic: str) -> None:
    frame = ratings()
    found = row(gap(frame), code, statistic)
    expected = stats.ttest_rel(frame["SA1"], frame[code])
    assert found["estimate"] == pytest.approx((frame["SA1"] - frame[code]).mean(), abs=1e-12)
    assert (found["conf_low"], found["conf_high"]) == pytest.approx(tuple(expected.confidence_interval()), abs=1e-12)
    assert found["p_value"] == pytest.approx(expected.pvalue, abs=1e-12)
    assert (found["n"], found["unit"], found["also"]) == (90, "points", "SA1")


def test_a_gap_is_the_difference_of_the_means_beside_it_also_where_answers_are_missing() -> None:
    frame = ratings()
    frame.loc[:9, "EX2"] = np.nan
    frame.loc[80:, "SA1"] = np.nan
    result = gap(frame)
    means = row(result, "SA1", "mean")["estimate"] - row(result, "EX2", "mean")["estimate"]
    assert row(result, "EX2", "adequacy_gap")["estimate"] == pytest.approx(means, abs=1e-12)
    assert row(result, "EX2", "below_minimum")["n"] == 70


def test_the_share_below_the_minimum_has_wilsons_interval() -> None:
    frame = ratings()
    found = row(gap(frame), "EX2", "below_minimum")
    below = int((frame["SA1"] < frame["EX2"]).sum())
    assert found["estimate"] == below / 90
    expected = proportion_confint(below, 90, method="wilson")
    assert (found["conf_low"], found["conf_high"]) == pytest.approx(expected, abs=1e-12)
    assert found["unit"] == "share"


def test_people_who_rate_five_times_make_wider_intervals() -> None:
    frame = pd.concat([ratings()] * 5, ignore_index=True)
    one_each, repeated = gap(ratings()), gap(frame, clusters=np.tile(np.arange(90), 5))
    for code, statistic in (("EX2", "adequacy_gap"), ("EX2", "below_minimum"), ("EX1", "satisfied")):
        alone, together = row(one_each, code, statistic), row(repeated, code, statistic)
        assert together["estimate"] == pytest.approx(alone["estimate"], abs=1e-12)
        assert together["std_error"] == pytest.approx(alone["std_error"], rel=1e-9)
        assert (together["n"], together["n_people"]) == (450, 90)


def test_better_and_worse_than_expected_are_shares_of_answers() -> None:
    frame = ratings()
    result = gap(frame)
    assert row(result, "EX1", "satisfied")["estimate"] == (frame["EX1"] >= 4).mean()
    assert row(result, "EX1", "dissatisfied")["estimate"] == (frame["EX1"] <= 2).mean()


@pytest.mark.parametrize(
    ("answers", "verdict"),
    [([3, 3, 4, 2], "as_expected"), ([4, 4, 5, 3], "better"), ([2, 2, 1, 3], "worse"), ([1, 5, 1, 5], "uncertain")],
)
def test_compared_with_what_was_expected_has_a_verdict(answers: list[int], verdict: str) -> None:
    frame = ratings(8 if verdict == "uncertain" else 80)
    frame["EX1"] = np.resize(np.array(answers, dtype=float), len(frame))
    assert row(gap(frame), "EX1", "mean")["verdict"] == verdict


def test_expectations_at_the_ceiling_are_said() -> None:
    frame = ratings()
    frame["EX2"] = np.where(np.arange(90) < 14, 10.0, 6.0)
    assert "ceiling:EX2" in gap(frame, desired=None).settings.warnings
    frame["EX2"] = np.where(np.arange(90) < 13, 10.0, 6.0)
    assert gap(frame, desired=None).settings.warnings == ()


def test_expectations_on_another_scale_or_not_asked_are_refused() -> None:
    with pytest.raises(ParameterError) as refused:
        expectation_gap(ratings(), perceived="SA1", minimum="EX1", response_scales=SCALES)
    assert str(refused.value) == '"EX1": runs from 1 to 5, SA1 from 1 to 10; a gap needs one scale. [ICS-382]'
    with pytest.raises(ParameterError) as refused:
        expectation_gap(ratings(), perceived="SA1", minimum="EX9", response_scales=SCALES)
    assert str(refused.value) == '"EX9": is not in ratings. [ICS-381]'


# The mirror.


def around(mean: float, n: int, *, spread: float = 0.8, seed: int = 1) -> np.ndarray:
    """Return n answers with exactly this mean and about this spread."""
    values = np.random.default_rng(seed).normal(size=n)
    return mean + spread * (values - values.mean()) / values.std()


def mirror(customers: float, staff: float, *, n: int = 300, team: int = 40, **more: object) -> Result:
    return mirror_gap(
        pd.DataFrame({"PC1": around(customers, n)}),
        pd.DataFrame({"MI_PC1": around(staff, team, seed=2)}),
        mirrors={"PC1": "MI_PC1"},
        response_scales=SCALES,
        **more,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("customers", "staff", "team", "verdict"),
    [
        (3.8, 3.8, 40, "shared_view"),
        (3.8, 4.0, 40, "shared_view"),
        (2.4, 2.5, 40, "shared_concern"),
        (3.0, 3.9, 40, "blind_spot"),
        (4.2, 3.4, 40, "hidden_strength"),
        (3.8, 4.15, 10, "uncertain"),
    ],
)
def test_the_four_words_follow_the_rule(customers: float, staff: float, team: int, verdict: str) -> None:
    assert mirror(customers, staff, team=team).data["verdict"].eq(verdict).all()


def test_the_mirror_is_welchs_test_of_forecast_minus_answers() -> None:
    result = mirror(3.4, 3.9, team=20)
    found = row(result, "PC1", "difference")
    expected = stats.ttest_ind(around(3.9, 20, seed=2), around(3.4, 300), equal_var=False)
    assert found["estimate"] == pytest.approx(0.5, abs=1e-12)
    assert (found["conf_low"], found["conf_high"]) == pytest.approx(tuple(expected.confidence_interval()), abs=1e-12)
    assert (row(result, "PC1", "mean")["n"], row(result, "PC1", "forecast")["n"], found["n"]) == (300, 20, 20)
    assert result.people["n"].eq(20).all()


@settings(max_examples=30)
@given(st.floats(1, 5), st.floats(1, 5), st.integers(3, 60))
def test_looking_from_the_other_side_turns_blind_spots_into_hidden_strengths(
    customers: float, staff: float, team: int
) -> None:
    turned = {"blind_spot": "hidden_strength", "hidden_strength": "blind_spot", "uncertain": "uncertain"}
    one, other = mirror(customers, staff, team=team), mirror(6 - customers, 6 - staff, team=team)
    verdict = one.data["verdict"].iloc[0]
    expected = {turned.get(verdict, "shared")}
    assert {word.split("_")[0] if word.startswith("shared") else word for word in other.data["verdict"]} == expected


def opened(result: Result, *, customers: int, staff: int) -> Released:
    cells = {"ratings": customers, "PC1": customers, "MI_PC1": staff}
    others = dict.fromkeys(cells, 400)
    ledger = open_ledger(counts({"hr": cells, "it": others, "finance": others}), policy=Policy(), department="hr")
    return release(result, policy=Policy(), ledger=ledger)


def test_the_mirror_is_shown_where_both_sides_are_enough() -> None:
    shown = opened(mirror(3.0, 3.9, n=300, team=20), customers=300, staff=20)
    assert shown.rows["mark"].eq("").all()
    assert shown.row("PC1", "forecast").n == "20–29"
    assert shown.row("PC1", "mean").n == "300"


@pytest.mark.parametrize(("customers", "staff"), [(300, 9), (9, 20)])
def test_too_few_on_either_side_hides_all_of_it(customers: int, staff: int) -> None:
    hidden = opened(mirror(3.0, 3.9, n=customers, team=staff), customers=customers, staff=staff)
    assert hidden.rows["mark"].eq("hidden").all()
    assert hidden.rows[["estimate", "conf_low", "conf_high"]].isna().all().all()
    assert hidden.rows["verdict"].eq("").all()


@pytest.mark.parametrize("small", ["PC1", "MI_PC1"])
def test_what_the_ledger_hides_on_either_side_stays_hidden_however_many_answered(small: str) -> None:
    result = mirror(3.0, 3.9)
    cells = {"ratings": 300, "PC1": 300, "MI_PC1": 40}
    table = {"hr": cells, "it": {**cells, small: 5}, "finance": {**cells, small: 5000}}
    ledger = open_ledger(counts(table), policy=Policy(), department="hr")
    assert ledger.hides(small, "hr")
    assert release(result, policy=Policy(), ledger=ledger).rows["mark"].eq("hidden").all()


def test_a_forecast_at_the_end_of_the_scale_tells_what_everybody_said_and_is_hidden_with_its_neighbours() -> None:
    result = mirror_gap(
        pd.DataFrame({"PC1": around(3.8, 300)}),
        pd.DataFrame({"MI_PC1": [5.0] * 12}),
        mirrors={"PC1": "MI_PC1"},
        response_scales=SCALES,
    )
    assert opened(result, customers=300, staff=12).rows["mark"].eq("hidden").all()


def test_a_mark_that_is_hidden_does_not_follow_from_the_gap() -> None:
    frame = ratings(20)
    frame["SA1"] = 10.0
    ledger = open_ledger(
        counts({slug: dict.fromkeys(["ratings", *frame], 20) for slug in ("hr", "it")}),
        policy=Policy(),
        department="hr",
    )
    rows = release(gap(frame), policy=Policy(), ledger=ledger).rows.set_index(["variable", "statistic"])
    for key in (("SA1", "mean"), ("EX2", "adequacy_gap"), ("EX4", "superiority_gap"), ("EX2", "mean")):
        assert rows.loc[key, "mark"] == "hidden", key
    assert rows.loc[("EX1", "satisfied"), "mark"] == ""


@pytest.mark.parametrize("margin", [0.0, 1.0])
def test_a_margin_outside_the_scale_is_refused(margin: float) -> None:
    with pytest.raises(ParameterError) as refused:
        mirror(3.0, 3.9, margin=margin)
    assert str(refused.value) == f"margin is {margin}; it must lie between 0 and 1. [ICS-380]"


def test_a_mirror_without_its_item_is_refused_and_all_of_them_are_named() -> None:
    with pytest.raises(ParameterError) as refused:
        mirror_gap(
            pd.DataFrame({"PC1": [1.0]}),
            pd.DataFrame({"MI_PC1": [1.0]}),
            mirrors={"PC1": "MI_PC1", "PC2": "MI_PC2", "PC3": "MI_PC3"},
            response_scales=SCALES,
        )
    assert [problem.column for problem in refused.value.problems] == ["PC2", "PC3"]


def test_neither_side_is_changed_and_row_order_is_free() -> None:
    frame = ratings()
    before = frame.copy()
    shuffled = gap(frame.sample(frac=1, random_state=3)).data
    pd.testing.assert_frame_equal(gap(frame).data, shuffled)
    pd.testing.assert_frame_equal(frame, before)


BANK = read_questionnaire(Path(__file__).resolve().parents[1] / "params" / "questionnaires" / "internal_customer.yaml")
PLANTED = {
    "shared_view": (3.8, 0.0),
    "shared_concern": (2.3, 0.0),
    "blind_spot": (3.1, 0.9),
    "hidden_strength": (4.1, -0.9),
}


@pytest.mark.simulation
def test_four_mirror_types_are_told_rightly() -> None:
    """The latest figures, by the size of the team, are in benchmarks/dialogue.md."""
    mirrors = {str(item.about): item.code for item in BANK.items_of(block="mirror")}
    types = {item: list(PLANTED)[place % 4] for place, item in enumerate(mirrors)}
    levels = {item: PLANTED[kind][0] for item, kind in types.items()}
    images = {item: PLANTED[kind][1] for item, kind in types.items()}
    shares: dict[Block, float] = dict.fromkeys(DRIVER_BLOCKS, 1 / 3)
    world = build_world(Truth(block_shares=shares, levels=levels), BANK)
    scales = {item: BANK.response_scale(item) for item in mirrors}
    rng = np.random.default_rng(3)
    right = pd.Series(0, index=list(mirrors))
    for _ in range(100):
        customers = draw_items(world, 300, questionnaire=BANK, rng=rng)
        staff = draw_mirror(world, 60, items=BANK.items_of(block="mirror"), self_image=images, rng=rng)
        found = mirror_gap(customers, staff, mirrors=mirrors, response_scales=scales).data.drop_duplicates("variable")
        right += (found.set_index("variable")["verdict"] == pd.Series(types)).reindex(right.index)
    per_type = right.groupby(pd.Series(types)).mean() / 100
    assert (per_type >= 0.9).all(), per_type.to_dict()
