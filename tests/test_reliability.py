"""Reliability: values of R, identities, invariances, and what is said instead of a number."""

from __future__ import annotations

import warnings as python_warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from reliability_cases import REFERENCES, bfi, holzinger, reference_items
from shared import reference, shared_file

from icstats.errors import ICStatsError, NotEnoughDataError, ParameterError
from icstats.questionnaire import ResponseScale
from icstats.reliability import cronbach_alpha, item_statistics, omega_total, reliability, spearman_brown
from icstats.results import joined

BFI = tuple(name for name in REFERENCES if "bfi" in name)


def row(result: object, coefficient: str) -> pd.Series:
    return result.data.set_index("coefficient").loc[coefficient]


def statistic(result: object, code: str) -> pd.Series:
    data = result.data
    return data[data["statistic"] == code].set_index("item")["estimate"]


def limits(result: object, coefficient: str = "alpha") -> tuple[float, float]:
    found = row(result, coefficient)
    return found["conf_low"], found["conf_high"]


def answers(n: int = 120, k: int = 4, *, seed: int = 1, loading: float = 1.0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    values = 3 + loading * random.normal(size=(n, 1)) + random.normal(size=(n, k))
    return pd.DataFrame(np.clip(np.round(values), 1, 5), columns=[f"q{j + 1}" for j in range(k)])


# ---------------------------------------------------------------------------------------------- reference values from R


@pytest.mark.parametrize("name", REFERENCES)
@pytest.mark.parametrize("missing", ["listwise", "pairwise"])
def test_alpha_is_that_of_r(name: str, missing: str) -> None:
    expected, tolerance = reference(name)["outputs"][missing], reference(name)["tolerance"]["alpha"]
    result = cronbach_alpha(reference_items(name), missing=missing, standardised=True)
    assert row(result, "alpha")["estimate"] == pytest.approx(expected["alpha"], abs=tolerance)
    standardised = row(result, "alpha_standardised")["estimate"]
    assert standardised == pytest.approx(expected["std_alpha"], abs=tolerance)
    k = len(expected["item_mean"])
    mean_correlation = standardised / (k - (k - 1) * standardised)
    assert mean_correlation == pytest.approx(expected["mean_interitem_r"], abs=tolerance)
    if missing == "listwise":
        assert row(result, "alpha")["n"] == expected["n"]
    else:
        assert row(result, "alpha")["n_rows"] == expected["n"]


@pytest.mark.parametrize("name", REFERENCES)
def test_intervals_for_normal_answers_are_those_of_r(name: str) -> None:
    expected, tolerance = reference(name)["outputs"]["listwise"], reference(name)["tolerance"]["alpha"]
    for interval, field in (("feldt", "feldt95"), ("bonett", "bonett95_bias_corrected")):
        result = cronbach_alpha(reference_items(name), interval=interval)
        assert limits(result) == pytest.approx((expected[field]["lower"], expected[field]["upper"]), abs=tolerance)
        error = row(result, "alpha")["std_error"]
        assert error == pytest.approx(expected["ase_normal_vanzyl_duhachek"], abs=tolerance)


@pytest.mark.parametrize("name", REFERENCES)
@pytest.mark.parametrize("missing", ["listwise", "pairwise"])
def test_item_statistics_are_those_of_r(name: str, missing: str) -> None:
    expected, tolerance = reference(name)["outputs"][missing], reference(name)["tolerance"]["alpha"]
    result = item_statistics(reference_items(name), missing=missing)
    for code, field in (
        ("mean", "item_mean"),
        ("sd", "item_sd"),
        ("item_rest", "corrected_item_total_r"),
        ("alpha_if_dropped", "alpha_if_deleted"),
    ):
        assert statistic(result, code).to_dict() == pytest.approx(expected[field], abs=tolerance)


@pytest.mark.parametrize("name", REFERENCES)
def test_psych_agrees(name: str) -> None:
    expected, tolerance = reference(name)["outputs"]["psych_check_listwise"], reference(name)["tolerance"]["alpha"]
    items = reference_items(name)
    alpha = cronbach_alpha(items, standardised=True)
    assert row(alpha, "alpha")["estimate"] == pytest.approx(expected["raw_alpha"], abs=tolerance)
    assert row(alpha, "alpha_standardised")["estimate"] == pytest.approx(expected["std.alpha"], abs=tolerance)
    single = item_statistics(items)
    assert statistic(single, "item_rest").to_dict() == pytest.approx(expected["r_drop"], abs=tolerance)
    assert statistic(single, "alpha_if_dropped").to_dict() == pytest.approx(expected["alpha_drop"], abs=tolerance)


@pytest.mark.parametrize("name", REFERENCES)
def test_omega_is_that_of_lavaan(name: str) -> None:
    expected = reference(name)["outputs"]["omega_onefactor_ml"]
    tolerance = reference(name)["tolerance"]["omega_ml"]
    result = omega_total(reference_items(name))
    assert row(result, "omega_total")["estimate"] == pytest.approx(expected["omega_model_implied"], abs=tolerance)
    for coefficient, field in (("chi2", "chisq"), ("df", "df"), ("cfi", "cfi"), ("rmsea", "rmsea")):
        assert row(result, coefficient)["estimate"] == pytest.approx(expected[field], abs=tolerance)
    assert (result.data["n"] == reference(name)["outputs"]["listwise"]["n"]).all()
    assert result.settings.warnings == ()


def test_alphas_of_holzinger() -> None:
    file = reference("omega_holzinger9")
    table = file["outputs"]["cfa3_reliability"]
    alphas = dict(zip(table["cols"], table["values"][table["rows"].index("alpha")], strict=True))
    for factor, codes in file["inputs"]["factors"].items():
        result = cronbach_alpha(holzinger()[codes], name=factor)
        assert row(result, "alpha")["estimate"] == pytest.approx(alphas[factor], abs=1e-10)
    nine = cronbach_alpha(holzinger()[[f"x{j}" for j in range(1, 10)]], standardised=True)
    assert row(nine, "alpha_standardised")["estimate"] == pytest.approx(file["outputs"]["alpha9"], abs=1e-10)


def test_alpha_of_twenty_five_items_turned_as_psych_does() -> None:
    file = reference("omega_bfi25")
    turned = [code.rstrip("-") for code in file["outputs"]["g_loadings"] if code.endswith("-")]
    items = bfi().iloc[:, 1:26].astype(float)
    items[turned] = 7 - items[turned]
    result = cronbach_alpha(items, standardised=True)
    assert row(result, "alpha")["n"] == file["outputs"]["n"]
    assert row(result, "alpha_standardised")["estimate"] == pytest.approx(file["outputs"]["alpha"], abs=1e-10)


def test_spearman_brown_is_that_of_r() -> None:
    file = reference("sb_bfi_N1N2")
    expected, tolerance = file["outputs"], file["tolerance"]["all"]
    items = bfi()[file["inputs"]["items"]]
    result = spearman_brown(items, interval="fisher")
    found = row(result, "spearman_brown")
    assert found["estimate"] == pytest.approx(expected["spearman_brown"], abs=tolerance)
    assert found["estimate"] / (2 - found["estimate"]) == pytest.approx(expected["r"], abs=tolerance)
    assert limits(result, "spearman_brown") == pytest.approx(tuple(expected["sb95_fisher"]), abs=tolerance)
    assert found["n"] == expected["n"]
    assert row(cronbach_alpha(items), "alpha")["estimate"] == pytest.approx(expected["alpha"], abs=tolerance)


def test_alpha_of_the_four_aspects_of_the_orientation_service() -> None:
    items = pd.read_csv(shared_file("data/univer_orientation_2002.csv"))[
        ["informat", "officeho", "willingn", "compete"]
    ]
    assert round(row(cronbach_alpha(items), "alpha")["estimate"], 4) == 0.8562


# --------------------------------------------------------------------------------------------------- pingouin, mended


@pytest.mark.parametrize("name", REFERENCES)
def test_pingouin_agrees_on_complete_data(name: str) -> None:
    import pingouin  # noqa: PLC0415  seconds to import, and only an oracle

    items = reference_items(name).dropna()
    alpha, interval = pingouin.cronbach_alpha(data=items)
    result = cronbach_alpha(items, interval="feldt")
    assert row(result, "alpha")["estimate"] == pytest.approx(alpha, abs=1e-10)
    assert limits(result) == pytest.approx(tuple(interval), abs=5.1e-4)


def test_interval_rests_on_the_ratings_that_are_left() -> None:
    """On its own example pingouin 0.7 takes n = 12 and gives .581 to .933."""
    import pingouin  # noqa: PLC0415  seconds to import

    items = pingouin.read_dataset("cronbach_wide_missing")
    result = cronbach_alpha(items, interval="feldt")
    assert (row(result, "alpha")["n"], row(result, "alpha")["n_rows"]) == (9, 12)
    assert np.round(limits(result), 3).tolist() == [0.533, 0.947]


def with_exact_alpha(alpha: float, *, n: int, k: int) -> pd.DataFrame:
    raw = np.random.default_rng(1).normal(size=(n, k))
    left, _, right = np.linalg.svd(raw - raw.mean(axis=0), full_matrices=False)
    r = alpha / (k - (k - 1) * alpha)
    equal = np.linalg.cholesky(np.full((k, k), r) + (1 - r) * np.eye(k))
    return pd.DataFrame(left @ right @ equal.T, columns=[f"q{j}" for j in range(k)])


def test_fifty_eight_complete_of_two_hundred() -> None:
    complete = with_exact_alpha(0.6979, n=58, k=5)
    holed = with_exact_alpha(0.2, n=142, k=5)
    holed.iloc[:, 2] = np.nan
    result = cronbach_alpha(pd.concat([holed[:70], complete, holed[70:]], ignore_index=True), interval="feldt")
    assert row(result, "alpha")["estimate"] == pytest.approx(0.6979)
    assert (row(result, "alpha")["n"], row(result, "alpha")["n_rows"]) == (58, 200)
    assert np.round(limits(result), 3).tolist() == [0.555, 0.805]


@pytest.mark.parametrize("interval", ["adf", "bootstrap", "feldt", "bonett"])
def test_ratings_with_a_hole_change_nothing(interval: str) -> None:
    items = answers()
    holed = items.assign(q2=np.nan)
    alone = cronbach_alpha(items, interval=interval, seed=3)
    among = cronbach_alpha(pd.concat([items, holed], ignore_index=True), interval=interval, seed=3)
    numbers = ["estimate", "std_error", "conf_low", "conf_high", "n", "n_people"]
    pd.testing.assert_frame_equal(alone.data[numbers], among.data[numbers])
    assert among.data["n_rows"].tolist() == [240]


# ------------------------------------------------------------------------------------------- identities and invariances

whole_answers = arrays(
    np.float64, st.tuples(st.integers(4, 25), st.integers(2, 6)), elements=st.integers(1, 5).map(float)
)


def usable(values: np.ndarray) -> pd.DataFrame:
    items = pd.DataFrame(values, columns=[f"q{j}" for j in range(values.shape[1])])
    assume(np.ptp(values, axis=0).min() > 0)
    correlation = np.corrcoef(values, rowvar=False)
    assume(np.ptp(values.sum(axis=1)) > 0 and correlation.sum() > 1e-6)
    return items


@settings(max_examples=40, deadline=None)
@given(whole_answers)
def test_alpha_is_one_minus_error_over_people_in_the_two_way_table(values: np.ndarray) -> None:
    """Hoyt (1941)."""
    items = usable(values)
    n, k = values.shape
    people, columns, grand = values.mean(axis=1), values.mean(axis=0), values.mean()
    between = k * ((people - grand) ** 2).sum() / (n - 1)
    residual = ((values - people[:, None] - columns + grand) ** 2).sum() / ((n - 1) * (k - 1))
    assert row(cronbach_alpha(items), "alpha")["estimate"] == pytest.approx(1 - residual / between, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(whole_answers, st.randoms(use_true_random=False), st.floats(0.1, 50), st.floats(-100, 100))
def test_order_scale_and_shift_do_not_matter(values: np.ndarray, random: object, scale: float, shift: float) -> None:
    items = usable(values)
    rows, columns = list(items.index), list(items.columns)
    random.shuffle(rows)
    random.shuffle(columns)
    people = pd.Series([row // 2 for row in items.index])
    numbers = ["estimate", "std_error", "conf_low", "conf_high", "n", "n_people"]
    turned = cronbach_alpha(scale * items.loc[rows, columns] + shift, clusters=people[rows]).data[numbers]
    pd.testing.assert_frame_equal(cronbach_alpha(items, clusters=people).data[numbers], turned, atol=1e-6)


@settings(max_examples=30, deadline=None)
@given(whole_answers)
def test_what_holds_for_any_answers(values: np.ndarray) -> None:
    items = usable(values)
    before = items.copy()
    result = reliability(items)
    pd.testing.assert_frame_equal(items, before)
    found = result.data
    assert (found["n"] == len(items)).all()
    assert (result.people == len(items)).all().all()
    estimated = found[found["interval"] != ""]
    assert (estimated["estimate"] <= 1 + 1e-12).all()
    held = estimated.dropna(subset=["conf_low", "conf_high"])
    assert (held["conf_low"] <= held["estimate"]).all()
    assert (held["estimate"] <= held["conf_high"]).all()
    assert (held["conf_high"] <= 1).all()
    unsure = estimated[estimated["conf_low"].isna()]["coefficient"]
    assert {f"no_interval:scale:{coefficient}" for coefficient in unsure} <= set(result.settings.warnings)


@settings(max_examples=40, deadline=None)
@given(whole_answers)
def test_a_cluster_per_rating_is_no_cluster(values: np.ndarray) -> None:
    items = usable(values)
    names = [f"person {number}" for number in range(len(items))]
    pd.testing.assert_frame_equal(cronbach_alpha(items, clusters=names).data, cronbach_alpha(items).data)


def test_spearman_brown_is_alpha_for_equal_variances() -> None:
    items = answers(k=2)
    equal = items / items.std()
    numbers = ["estimate", "n"]
    assert row(spearman_brown(equal), "spearman_brown")["estimate"] == pytest.approx(
        row(cronbach_alpha(equal), "alpha")["estimate"], abs=1e-12
    )
    brown = row(spearman_brown(items, interval="adf"), "spearman_brown")
    standardised = row(cronbach_alpha(items, standardised=True), "alpha_standardised")
    shared = [*numbers, "std_error", "conf_low", "conf_high"]
    assert brown[shared].tolist() == pytest.approx(standardised[shared].tolist())


def test_omega_is_alpha_for_parallel_items() -> None:
    items = with_exact_alpha(0.8, n=100, k=5)
    assert row(omega_total(items), "omega_total")["estimate"] == pytest.approx(0.8, abs=1e-6)


def test_clusters_widen_the_interval_of_people_who_repeat_themselves() -> None:
    items = answers()
    copied, people = pd.concat([items] * 5, ignore_index=True), np.tile(np.arange(120), 5)
    once, ignored = cronbach_alpha(items), cronbach_alpha(copied)
    clustered = cronbach_alpha(copied, clusters=people)
    assert limits(clustered) == pytest.approx(limits(once), abs=1e-12)
    assert np.ptp(limits(ignored)) < np.ptp(limits(once)) / 2
    assert clustered.people.to_dict("list") == {"n": [600], "n_people": [120]}
    assert (clustered.settings.n_clusters, ignored.settings.n_clusters) == (120, 0)
    omegas = limits(omega_total(copied, clusters=people), "omega_total"), limits(omega_total(items), "omega_total")
    assert omegas[0] == pytest.approx(omegas[1], abs=1e-12)
    drawn = cronbach_alpha(copied, clusters=people, interval="bootstrap", seed=1)
    assert limits(drawn) == pytest.approx(limits(cronbach_alpha(items, interval="bootstrap", seed=1)), abs=1e-12)


def test_few_people_who_repeat_are_pointed_out() -> None:
    result = cronbach_alpha(answers(), clusters=np.arange(120) // 6)
    assert result.settings.warnings == ("few_clusters:scale",)


def test_pairwise_uses_every_rating_and_states_the_least_answered_pair() -> None:
    items = answers(n=300)
    holed = items.mask(np.random.default_rng(1).random(items.shape) < 0.2)
    result = cronbach_alpha(holed, missing="pairwise")
    smallest = min(holed[[a, b]].notna().all(axis=1).sum() for a in holed for b in holed)
    assert row(result, "alpha")["n"] == smallest
    listwise = cronbach_alpha(holed)
    assert row(result, "alpha")["std_error"] < row(listwise, "alpha")["std_error"]
    drawn = cronbach_alpha(holed, missing="pairwise", interval="bootstrap", n_boot=2000, seed=1)
    assert row(drawn, "alpha")["std_error"] == pytest.approx(row(result, "alpha")["std_error"], rel=0.1)
    feldt = cronbach_alpha(holed, missing="pairwise", interval="feldt")
    assert np.ptp(limits(feldt)) > np.ptp(limits(cronbach_alpha(items, interval="feldt")))


def test_pairwise_omega_of_complete_answers_is_the_listwise_one() -> None:
    numbers = ["coefficient", "estimate", "conf_low", "conf_high"]
    listwise, pairwise = (omega_total(answers(), missing=missing).data[numbers] for missing in ("listwise", "pairwise"))
    pd.testing.assert_frame_equal(listwise, pairwise)


def test_a_seed_makes_a_bootstrap_repeatable_and_is_stated() -> None:
    first = cronbach_alpha(answers(), interval="bootstrap", seed=5, n_boot=200)
    again = cronbach_alpha(answers(), interval="bootstrap", seed=5, n_boot=200)
    pd.testing.assert_frame_equal(first.data, again.data)
    assert (first.settings.seed, first.settings.n_boot) == (5, 200)
    fresh = cronbach_alpha(answers(), interval="bootstrap", n_boot=200)
    same = cronbach_alpha(answers(), interval="bootstrap", n_boot=200, seed=fresh.settings.seed)
    pd.testing.assert_frame_equal(fresh.data, same.data)
    assert cronbach_alpha(answers()).settings.seed is None


def test_wider_for_more_confidence() -> None:
    widths = [np.ptp(limits(cronbach_alpha(answers(), conf_level=level))) for level in (0.8, 0.95, 0.99)]
    assert widths == sorted(widths)


# --------------------------------------------------------------------------------------------------- does it cover?


def test_interval_covers_when_one_person_rates_several_departments() -> None:
    """Four items, five ratings per person; a third of the covariance is the person's. Full table: benchmarks/."""
    random = np.random.default_rng(20)
    truth = 4 / 3 * (1 - 4 * 2 / (4 * 2 + 12 * 1))
    covered = {"clustered": 0, "rows": 0}
    people = np.repeat(np.arange(40), 5)
    for _ in range(200):
        shared = np.sqrt(0.7) * random.normal(size=(40, 1)).repeat(5, axis=0)
        shared = shared + np.sqrt(0.3) * random.normal(size=(200, 1))
        own = np.sqrt(0.7) * random.normal(size=(40, 4)).repeat(5, axis=0) + np.sqrt(0.3) * random.normal(size=(200, 4))
        items = pd.DataFrame(shared + own, columns=list("abcd"))
        for kind, clusters in (("clustered", people), ("rows", None)):
            low, high = limits(cronbach_alpha(items, clusters=clusters))
            covered[kind] += low <= truth <= high
    assert covered["clustered"] >= 180
    assert covered["rows"] <= 170


# ---------------------------------------------------------------------------- the coefficient that suits, and why not


def test_three_items_and_more_get_alpha_and_omega() -> None:
    result = reliability(answers(), name="process")
    assert result.data["coefficient"].tolist() == ["alpha", "omega_total", "chi2", "df", "cfi", "rmsea"]
    assert set(result.data["scale"]) == {"process"}
    assert result.data["unit"].eq("coefficient").all()
    assert result.data["n_items"].eq(4).all()
    pd.testing.assert_series_equal(row(result, "alpha"), row(cronbach_alpha(answers(), name="process"), "alpha"))
    chi2 = row(result, "chi2")
    assert 0 < chi2["p_value"] < 1
    assert repr(result) == "<Reliability: 6 rows, not released>"


def test_a_model_without_degrees_of_freedom_has_no_p_value() -> None:
    assert np.isnan(row(omega_total(answers(k=3)), "chi2")["p_value"])
    assert row(omega_total(answers(k=3)), "rmsea")["estimate"] == 0


def test_two_items_get_spearman_brown_first() -> None:
    result = reliability(answers(k=2))
    assert result.data["coefficient"].tolist() == ["spearman_brown", "alpha"]
    assert result.data["interval"].tolist() == ["adf", "adf"]
    drawn = reliability(answers(k=2), interval="bootstrap", seed=1, n_boot=100)
    assert drawn.data["interval"].tolist() == ["bootstrap", "bootstrap"]


def test_one_item_has_no_reliability() -> None:
    result = reliability(answers(k=1))
    assert result.data["coefficient"].tolist() == ["single_item"]
    assert np.isnan(result.data["estimate"]).all()
    assert result.data[["n", "n_items"]].to_numpy().tolist() == [[120, 1]]


def test_items_that_cannot_be_used_are_left_out_openly() -> None:
    items = answers().assign(nothing=np.nan, same=3.0, rare=np.nan)
    items.loc[:1, "rare"] = [1, 5]
    result = reliability(items)
    assert result.settings.warnings == ("all_missing:nothing", "too_few_answers:rare", "no_variance:same")
    assert result.data["n_items"].eq(4).all()
    pd.testing.assert_frame_equal(result.data, reliability(answers()).data)


def test_an_item_that_varies_only_where_another_is_missing_is_left_out() -> None:
    items = answers()
    items["q4"] = 3.0
    items.loc[0, ["q3", "q4"]] = [np.nan, 5.0]
    result = reliability(items)
    assert result.settings.warnings == ("no_variance:q4",)
    assert result.data["n_items"].eq(3).all()
    assert result.data["n"].eq(119).all()


@pytest.mark.parametrize("k", [2, 3])
@pytest.mark.parametrize("n", [1, 2])
def test_too_few_ratings_give_rows_without_numbers(n: int, k: int) -> None:
    result = reliability(answers().iloc[:n, :k], name="process")
    assert result.settings.warnings == ("too_few_answers:process",)
    assert result.data["estimate"].isna().all()
    assert result.data["n"].eq(n).all()
    assert len(result.data) == 2


@pytest.mark.parametrize("missing", ["listwise", "pairwise"])
def test_no_answers_at_all_are_no_crash(missing: str) -> None:
    empty = answers().iloc[:0]
    result = reliability(empty, missing=missing)
    assert result.data["coefficient"].tolist() == ["no_items"]
    assert result.people.to_dict("list") == {"n": [0], "n_people": [0]}
    described = item_statistics(empty, missing=missing)
    assert described.data["estimate"].isna().all()
    assert described.data["n"].eq(0).all()
    assert reliability(answers() * np.nan, missing=missing).data["coefficient"].tolist() == ["no_items"]


def test_a_factor_that_cannot_be_fitted_leaves_alpha_standing() -> None:
    items = answers().assign(q4=answers()["q1"])
    result = reliability(items, name="process")
    assert result.settings.warnings == ("singular:process",)
    assert row(result, "alpha")[["estimate", "conf_low"]].notna().all()
    assert np.isnan(row(result, "omega_total")["estimate"])


def test_items_that_cancel_each_other_out_have_no_alpha() -> None:
    items = answers(k=1).assign(q2=lambda frame: 6 - frame["q1"])
    result = reliability(items)
    assert result.settings.warnings == ("items_cancel:scale",)
    assert result.data["estimate"].isna().all()


def test_an_item_against_the_others_is_named_and_not_turned() -> None:
    items = answers().assign(q3=lambda frame: 6 - frame["q3"])
    result = reliability(items)
    assert "negative_item_rest:q3" in result.settings.warnings
    assert "negative_loading:q3" in result.settings.warnings
    assert row(result, "alpha")["estimate"] < row(reliability(answers()), "alpha")["estimate"] - 0.2
    described = item_statistics(items)
    assert "negative_item_rest:q3" in described.settings.warnings
    assert statistic(described, "item_rest")["q3"] < 0


def test_a_heywood_case_is_named() -> None:
    correlation = np.array([[1, 0.8, 0.8], [0.8, 1, 0.5], [0.8, 0.5, 1]])
    items = with_exact_alpha(0, n=60, k=3) @ np.linalg.cholesky(correlation).T
    result = omega_total(items.set_axis(["PC1", "PC2", "PC3"], axis=1))
    assert "heywood:PC1" in result.settings.warnings
    assert row(result, "omega_total")["estimate"] < 1


def test_a_ceiling_is_pointed_out_where_the_interval_minds() -> None:
    items = answers().clip(upper=3)
    assert [code for code in cronbach_alpha(items, interval="feldt").settings.warnings if "ceiling" in code] != []
    assert cronbach_alpha(items).settings.warnings == ()


def test_results_of_scales_can_be_joined() -> None:
    together = joined([reliability(answers(), name="a"), reliability(answers(k=2).assign(x=np.nan), name="b")])
    assert together.data.groupby("scale").size().to_dict() == {"a": 6, "b": 2}
    assert together.settings.warnings == ("all_missing:x",)
    assert together.data["estimate"].dtype == float


# ------------------------------------------------------------------------------------------------------ item statistics


def test_ceiling_and_floor_are_at_the_ends_of_the_response_scale() -> None:
    scale = ResponseScale(minimum=1, maximum=5, satisfied=4, dissatisfied=2)
    items = pd.DataFrame({"a": [1.0, 2, 4, 4], "b": [5.0, 4, 3, 4], "c": [2.0, 3, 4, 3]})
    result = item_statistics(items, response_scales=dict.fromkeys(items, scale))
    assert statistic(result, "ceiling").to_dict() == {"a": 0, "b": 0.25, "c": 0}
    assert statistic(result, "floor").to_dict() == {"a": 0.25, "b": 0, "c": 0}
    assert result.data["minimum"].eq(1).all()
    assert result.data["maximum"].eq(5).all()
    assert "observed_ends:scale" not in result.settings.warnings
    observed = item_statistics(items[["a", "c"]])
    assert statistic(observed, "ceiling").to_dict() == {"a": 0.5, "c": 0.25}
    assert observed.data["minimum"].isna().all()
    assert "observed_ends:scale" in observed.settings.warnings


def test_alpha_if_dropped_is_alpha_without_the_item() -> None:
    items = answers()
    dropped = statistic(item_statistics(items), "alpha_if_dropped")
    for item in items:
        alone = cronbach_alpha(items.drop(columns=item))
        assert dropped[item] == pytest.approx(row(alone, "alpha")["estimate"], abs=1e-12)


def test_item_rest_is_the_correlation_with_the_sum_of_the_others() -> None:
    items = answers()
    found = statistic(item_statistics(items), "item_rest")
    for item in items:
        assert found[item] == pytest.approx(items[item].corr(items.drop(columns=item).sum(axis=1)), abs=1e-12)


def test_small_scales_have_fewer_statistics() -> None:
    described = {k: set(item_statistics(answers(k=k)).data["statistic"]) for k in (1, 2, 3)}
    assert described[1] == {"mean", "sd", "ceiling", "floor"}
    assert described[2] == described[1] | {"item_rest"}
    assert described[3] == described[2] | {"alpha_if_dropped"}


def test_units_and_people_of_item_statistics() -> None:
    result = item_statistics(answers(), name="process", clusters=np.arange(120) // 2)
    units = dict(zip(result.data["statistic"], result.data["unit"], strict=True))
    assert units == {
        "mean": "points",
        "sd": "points",
        "ceiling": "share",
        "floor": "share",
        "item_rest": "coefficient",
        "alpha_if_dropped": "coefficient",
    }
    assert result.people.drop_duplicates().to_dict("list") == {"n": [120], "n_people": [60]}
    assert result.data.columns.tolist()[:3] == ["scale", "item", "statistic"]
    assert repr(result) == "<ItemStatistics: 24 rows, not released>"


def test_unusable_items_are_described_without_coefficients() -> None:
    items = answers().assign(same=3.0, nothing=np.nan)
    result = item_statistics(items)
    assert result.settings.warnings == ("all_missing:nothing", "no_variance:same", "observed_ends:scale")
    assert statistic(result, "mean")["same"] == 3
    assert statistic(result, "sd")["same"] == 0
    assert np.isnan(statistic(result, "mean")["nothing"])
    assert "same" not in statistic(result, "item_rest").index
    pd.testing.assert_series_equal(
        statistic(result, "alpha_if_dropped"), statistic(item_statistics(answers()), "alpha_if_dropped")
    )


def test_too_few_ratings_are_described_as_far_as_they_go() -> None:
    result = item_statistics(answers().iloc[:2], name="process")
    assert set(result.data["statistic"]) == {"mean", "sd", "ceiling", "floor"}
    assert "too_few_answers:process" in result.settings.warnings
    one = item_statistics(answers().iloc[:1], name="process")
    assert statistic(one, "sd").isna().all()


# ------------------------------------------------------------------------------------------------------------ refusals


LEFT_OUT = "Hint: icstats.reliability.reliability() leaves out what cannot be used and says so."
SUITS = "Hint: icstats.reliability.reliability() picks the coefficient that suits the number of items."
REFUSED = [
    (
        lambda: cronbach_alpha(answers().iloc[:2], name="process"),
        NotEnoughDataError,
        'Scale "process": 2 of 2 ratings answer every item; at least 3 are needed. [ICS-501]',
    ),
    (
        lambda: cronbach_alpha(answers().iloc[:2], missing="pairwise"),
        NotEnoughDataError,
        'Scale "scale": 2 of 2 ratings answer the least answered pair of items; at least 3 are needed. [ICS-501]',
    ),
    (
        lambda: omega_total(answers().assign(q2=np.nan, q3=np.nan)),
        NotEnoughDataError,
        f'"q2": has no answer at all. {LEFT_OUT} [ICS-502]\n"q3": has no answer at all. {LEFT_OUT} [ICS-502]',
    ),
    (
        lambda: cronbach_alpha(answers().assign(q1=4.0)),
        NotEnoughDataError,
        f'"q1": has the same answer in every rating. {LEFT_OUT} [ICS-503]',
    ),
    (
        lambda: spearman_brown(answers(k=1).assign(q2=lambda frame: 6 - frame["q1"])),
        NotEnoughDataError,
        (
            'Scale "scale": the items cancel each other out, so that their sum does not vary. '
            "Hint: Is an item still to be turned round? [ICS-504]"
        ),
    ),
    (
        lambda: omega_total(answers(n=4)),
        NotEnoughDataError,
        (
            'Scale "scale": one item follows from the others, so that no factor model can be fitted. '
            "Hint: 4 ratings of 4 items: more ratings or fewer items, and no item twice. [ICS-505]"
        ),
    ),
    (
        lambda: cronbach_alpha(answers(k=1)),
        ParameterError,
        f'Scale "scale" has 1 items; at least 2 are needed. {SUITS} [ICS-358]',
    ),
    (
        lambda: omega_total(answers(k=2)),
        ParameterError,
        f'Scale "scale" has 2 items; at least 3 are needed. {SUITS} [ICS-358]',
    ),
    (
        lambda: spearman_brown(answers(k=3)),
        ParameterError,
        f'Scale "scale" has 3 items; exactly 2 are needed. {SUITS} [ICS-358]',
    ),
    (
        lambda: cronbach_alpha(answers(), interval="feldt", clusters=np.arange(120) // 2),
        ParameterError,
        (
            'The interval "feldt" takes every rating as independent, but people gave more than one. '
            'Hint: Use interval="adf" or interval="bootstrap". [ICS-357]'
        ),
    ),
    (
        lambda: cronbach_alpha(answers(), interval="feldt", standardised=True),
        ParameterError,
        (
            'There is no interval "feldt" for standardised alpha. '
            'Hint: Use interval="adf" or interval="bootstrap". [ICS-356]'
        ),
    ),
    (
        lambda: reliability(answers(), missing="mean"),
        ParameterError,
        'missing is "mean"; allowed are "listwise", "pairwise". [ICS-353]',
    ),
    (
        lambda: spearman_brown(answers(k=2), interval="feldt"),
        ParameterError,
        'interval is "feldt"; allowed are "fisher", "adf", "bootstrap". [ICS-353]',
    ),
    (
        lambda: reliability(answers(), clusters=[1, 2]),
        ParameterError,
        "clusters has 2 values for 120 rows. Hint: Give one respondent id per row, in the order of the rows. [ICS-352]",
    ),
]


@pytest.mark.parametrize(("call", "kind", "message"), REFUSED, ids=[message[:45] for _, _, message in REFUSED])
def test_refusals_say_what_is_wrong_and_how_to_mend_it(call: object, kind: type[ICStatsError], message: str) -> None:
    with pytest.raises(kind) as refused:
        call()
    assert str(refused.value) == message


def test_nothing_is_warned_in_passing() -> None:
    with python_warnings.catch_warnings():
        python_warnings.simplefilter("error")
        for items in (answers(), answers().iloc[:3], answers().clip(upper=1.0), answers() * np.nan):
            reliability(items)
            item_statistics(items)
