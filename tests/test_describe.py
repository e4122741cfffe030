"""Means and shares: textbook intervals for people who answer once, wider ones for people who repeat."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from shared import shared_file
from statsmodels.api import OLS
from statsmodels.stats.proportion import proportion_confint

from icstats.describe import summarise
from icstats.errors import ParameterError
from icstats.questionnaire import ResponseScale

SCALE = ResponseScale(minimum=1, maximum=5, satisfied=4, dissatisfied=2)
NUMBERS = ["estimate", "std_error", "conf_low", "conf_high"]


def answers(n: int = 80, *, seed: int = 1) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    return pd.DataFrame({"PC1": random.integers(1, 6, n).astype(float), "process": random.uniform(1, 5, n)})


def summary(scores: pd.DataFrame, **arguments: object) -> object:
    return summarise(scores, response_scales=dict.fromkeys(scores.columns, SCALE), **arguments)


def row(result: object, variable: str, statistic: str = "mean") -> pd.Series:
    return result.data.set_index(["variable", "statistic"]).loc[(variable, statistic)]


def test_published_means_of_the_orientation_service() -> None:
    scores = pd.read_csv(shared_file("data/univer_orientation_2002.csv"))
    seven = ResponseScale(minimum=1, maximum=7, satisfied=6, dissatisfied=2)
    names = ["informat", "willingn", "officeho", "compete", "global"]
    result = summarise(scores[names], response_scales=dict.fromkeys(names, seven))
    means = [round(row(result, name)["estimate"], 4) for name in names]
    assert means == [5.5365, 5.9816, 5.2809, 5.6370, 5.7178]
    assert result.data["n"].eq(2179).all()


@pytest.mark.parametrize("conf_level", [0.8, 0.95, 0.99])
def test_mean_of_people_who_answer_once_has_the_t_interval(conf_level: float) -> None:
    values = answers()["process"]
    found = row(summary(answers(), conf_level=conf_level), "process")
    expected = stats.ttest_1samp(values, 0).confidence_interval(conf_level)
    assert (found["conf_low"], found["conf_high"]) == pytest.approx(tuple(expected), abs=1e-12)
    assert found["std_error"] == pytest.approx(values.sem(), abs=1e-12)


def test_mean_of_people_who_repeat_has_the_cluster_robust_interval_of_statsmodels() -> None:
    scores, people = answers(), np.random.default_rng(2).integers(0, 25, 80)
    found = row(summary(scores, clusters=people), "process")
    model = OLS(scores["process"].to_numpy(), np.ones(80)).fit(
        cov_type="cluster", cov_kwds={"groups": people, "use_correction": False}, use_t=True
    )
    units = len(np.unique(people))
    error = model.bse[0] * np.sqrt(units / (units - 1))
    reach = stats.t.ppf(0.975, units - 1) * error
    assert found["std_error"] == pytest.approx(error, abs=1e-12)
    assert found["conf_high"] - found["estimate"] == pytest.approx(reach, abs=1e-12)
    assert (found["n"], found["n_people"]) == (80, units)


@pytest.mark.parametrize(("statistic", "hits"), [("satisfied", lambda x: x >= 4), ("dissatisfied", lambda x: x <= 2)])
def test_shares_have_wilson_intervals(statistic: str, hits: object) -> None:
    values = answers()["PC1"]
    found = row(summary(answers()), "PC1", statistic)
    count = hits(values).sum()
    assert found["estimate"] == count / 80
    expected = proportion_confint(count, 80, method="wilson")
    assert (found["conf_low"], found["conf_high"]) == pytest.approx(expected, abs=1e-12)
    assert found["unit"] == "share"


def test_of_a_mean_of_items_nobody_is_satisfied() -> None:
    statistics = summary(answers()).data.groupby("variable")["statistic"].agg(list).to_dict()
    assert statistics == {"PC1": ["mean", "satisfied", "dissatisfied"], "process": ["mean"]}
    bare = summarise(answers(), response_scales={})
    assert bare.data["statistic"].tolist() == ["mean", "mean"]
    assert bare.data["minimum"].isna().all()


def test_rows_say_what_they_are_about() -> None:
    result = summary(answers())
    assert result.data[["minimum", "maximum"]].drop_duplicates().to_numpy().tolist() == [[1, 5]]
    assert result.data["p_value"].isna().all()
    assert result.data[NUMBERS].dtypes.eq(float).all()
    assert result.people.equals(result.data[["n", "n_people"]])
    assert result.settings.missing == "available"
    assert repr(result) == "<Summary: 4 rows, not released>"


def test_copies_by_the_same_people_add_no_certainty() -> None:
    scores = answers()
    copied, people = pd.concat([scores] * 5, ignore_index=True), np.tile(np.arange(80), 5)
    once, five, ignored = summary(scores), summary(copied, clusters=people), summary(copied)
    pd.testing.assert_frame_equal(
        five.data.query("statistic == 'mean'")[NUMBERS], once.data.query("statistic == 'mean'")[NUMBERS]
    )
    for statistic in ("satisfied", "dissatisfied"):
        widths = [np.ptp(row(result, "PC1", statistic)[["conf_low", "conf_high"]]) for result in (once, five, ignored)]
        assert widths[1] == pytest.approx(widths[0], rel=0.02)
        assert widths[2] < widths[0] / 2
    assert five.people["n_people"].eq(80).all()
    assert (five.settings.n_clusters, once.settings.n_clusters) == (80, 0)


def test_a_share_of_none_counts_people_and_not_their_ratings() -> None:
    scores = pd.DataFrame({"PC1": np.full(60, 3.0)})
    repeated = row(summary(scores, clusters=np.arange(60) // 5), "PC1", "satisfied")
    assert repeated["conf_high"] == pytest.approx(proportion_confint(0, 12, method="wilson")[1])
    once = row(summary(scores), "PC1", "satisfied")
    assert once["conf_high"] == pytest.approx(proportion_confint(0, 60, method="wilson")[1])


def test_each_variable_uses_its_own_answers() -> None:
    scores = answers()
    scores.loc[:29, "PC1"] = np.nan
    result = summary(scores, clusters=np.arange(80) // 2)
    assert result.data.groupby("variable")[["n", "n_people"]].first().to_numpy().tolist() == [[50, 25], [80, 40]]
    alone = summary(scores[["PC1"]].dropna(), clusters=np.arange(30, 80) // 2)
    assert row(result, "PC1")[NUMBERS].tolist() == pytest.approx(row(alone, "PC1")[NUMBERS].tolist())


@pytest.mark.parametrize(("n", "code"), [(0, "no_answers:PC1"), (1, "too_few_answers:PC1"), (2, "too_few_answers:PC1")])
def test_few_answers_have_no_interval(n: int, code: str) -> None:
    result = summary(answers().iloc[:n, :1])
    assert result.settings.warnings == (code,)
    assert result.data[["std_error", "conf_low", "conf_high"]].isna().all().all()
    assert result.data["n"].eq(n).all()
    assert result.data["estimate"].isna().all() == (n == 0)


def test_two_people_with_many_answers_are_still_two() -> None:
    result = summary(answers(), clusters=np.arange(80) % 2)
    assert result.settings.warnings == ("too_few_answers:PC1", "too_few_answers:process", "few_clusters")
    assert result.data["conf_low"].isna().all()


def test_equal_answers_claim_no_certainty() -> None:
    result = summary(pd.DataFrame({"PC1": [4.0] * 12}))
    assert result.settings.warnings == ("no_variance:PC1",)
    assert np.isnan(row(result, "PC1")["conf_low"])
    assert row(result, "PC1")["estimate"] == 4
    assert row(result, "PC1", "satisfied")["conf_low"] == pytest.approx(0.7575, abs=1e-4)


def test_answers_that_cancel_within_every_person_claim_no_certainty() -> None:
    cancelling = pd.DataFrame({"PC1": [1.0, 5, 1, 5, 1, 5, 2, 4]})
    result = summary(cancelling, clusters=[1, 1, 2, 2, 3, 3, 4, 4])
    assert result.settings.warnings == ("no_variance:PC1", "few_clusters")
    assert np.isnan(row(result, "PC1")["conf_low"])
    assert row(result, "PC1")["estimate"] == 3


def test_a_mean_of_items_has_no_shares_even_where_it_happens_to_be_whole() -> None:
    whole = pd.DataFrame({"PC1": [4.0, 3, 5, 4], "process": [4.0, 3, 5, 4]})
    statistics = summary(whole, composites=["process"]).data.groupby("variable")["statistic"].agg(list).to_dict()
    assert statistics == {"PC1": ["mean", "satisfied", "dissatisfied"], "process": ["mean"]}


def test_few_people_are_counted_among_those_who_answered_the_variable() -> None:
    scores = pd.DataFrame({"PC1": [*np.tile([1.0, 2, 3, 4, 5, 4], 5), *[np.nan] * 60]})
    people = [*np.arange(30) // 6, *range(5, 65)]
    assert summary(scores, clusters=people).settings.warnings == ("no_variance:PC1", "few_clusters")


def test_few_people_who_repeat_are_pointed_out() -> None:
    assert summary(answers(), clusters=np.arange(80) // 4).settings.warnings == ("few_clusters",)
    assert summary(answers(), clusters=np.arange(80) // 2).settings.warnings == ()
    assert summary(answers().iloc[:20]).settings.warnings == ()


def test_refusals() -> None:
    with pytest.raises(ParameterError) as text:
        summary(pd.DataFrame({"PC1": ["4", "5"]}))
    assert str(text.value) == (
        '"PC1": is not numeric. Hint: Answers must be numbers, with NaN where there is none. [ICS-350]'
    )
    with pytest.raises(ParameterError) as level:
        summary(answers(), conf_level=1)
    assert str(level.value) == "conf_level is 1; it must lie between 0 and 1. Hint: For 95 % write 0.95. [ICS-354]"
    with pytest.raises(ParameterError) as lengths:
        summary(answers(), clusters=[1])
    assert str(lengths.value) == (
        "clusters has 1 values for 80 rows. Hint: Give one respondent id per row, in the order of the rows. [ICS-352]"
    )


whole_answers = st.lists(st.integers(1, 5), min_size=3, max_size=60)


@settings(max_examples=60, deadline=None)
@given(whole_answers, st.integers(1, 6), st.randoms(use_true_random=False))
def test_what_holds_for_any_answers(values: list[int], per_person: int, random: object) -> None:
    scores = pd.DataFrame({"PC1": np.array(values, dtype=float)})
    before = scores.copy()
    people = pd.Series([position // per_person for position in range(len(values))])
    result = summary(scores, clusters=people)
    pd.testing.assert_frame_equal(scores, before)
    found = result.data.dropna(subset=["conf_low"])
    assert (found["conf_low"] <= found["estimate"] + 1e-12).all()
    assert (found["estimate"] <= found["conf_high"] + 1e-12).all()
    shares = found[found["unit"] == "share"]
    assert (shares["conf_low"] >= -1e-12).all()
    assert (shares["conf_high"] <= 1 + 1e-12).all()
    assert row(result, "PC1", "satisfied")["estimate"] + row(result, "PC1", "dissatisfied")["estimate"] <= 1
    order = list(scores.index)
    random.shuffle(order)
    shuffled = summary(scores.loc[order], clusters=people[order])
    pd.testing.assert_frame_equal(shuffled.data, result.data)


@settings(max_examples=40, deadline=None)
@given(whole_answers, st.integers(-3, 3))
def test_a_shift_moves_mean_and_limits_alike(values: list[int], shift: int) -> None:
    scores = pd.DataFrame({"x": np.array(values, dtype=float)})
    here, there = (row(summarise(frame, response_scales={}), "x") for frame in (scores, scores + shift))
    for number in ("estimate", "conf_low", "conf_high"):
        assert there[number] - shift == pytest.approx(here[number], abs=1e-9, nan_ok=True)
    assert there["std_error"] == pytest.approx(here["std_error"], abs=1e-12, nan_ok=True)


def test_weights_move_the_estimates_and_widen_the_intervals() -> None:
    random = np.random.default_rng(5)
    values, weights = random.integers(1, 6, 300).astype(float), random.uniform(0.1, 4, 300)
    scores, scale = pd.DataFrame({"q": values}), {"q": SCALE}
    weighted = summarise(scores, response_scales=scale, weights=weights).data.set_index("statistic")
    plain = summarise(scores, response_scales=scale).data.set_index("statistic")
    hits = values >= SCALE.satisfied
    assert weighted.loc["mean", "estimate"] == pytest.approx(np.average(values, weights=weights))
    assert weighted.loc["satisfied", "estimate"] == pytest.approx(np.average(hits, weights=weights))
    width = weighted["conf_high"] - weighted["conf_low"]
    assert (width > (plain["conf_high"] - plain["conf_low"])).all()
    assert weighted["n"].tolist() == [300, 300, 300]
    # Rows that all count twice are the same rows.
    twice = summarise(scores, response_scales=scale, weights=np.full(300, 2.0)).data
    pd.testing.assert_frame_equal(twice, plain.reset_index()[twice.columns])


def test_a_share_of_all_or_none_is_no_surer_than_its_effective_number() -> None:
    scores = pd.DataFrame({"q": np.full(100, 5.0)})
    weights = np.where(np.arange(100) < 10, 10.0, 1.0)
    effective = weights.sum() ** 2 / (weights**2).sum()
    found = summarise(scores, response_scales={"q": SCALE}, weights=weights).data.set_index("statistic")
    low = proportion_confint(effective, effective, method="wilson")[0]
    assert found.loc["satisfied", "conf_low"] == pytest.approx(low)
