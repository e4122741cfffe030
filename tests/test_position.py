"""Hedges' g equals R's, and the position among organisations follows the norm's quartiles."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import nct, norm
from test_benchmark import MadeUpNorm, answers, units_side_by_side

from icstats.position import Standing, standing


def pool(q25: float = 6.7, q50: float = 7.0, q75: float = 7.3) -> MadeUpNorm:
    values = pd.DataFrame(
        {"mean": 7.0, "sd_within": 1.0, "sd_between": 0.4, "n_organisations": 40, "n_respondents": 9000},
        index=["mark"],
    ).assign(minimum=1.0, maximum=10.0, q25=q25, q50=q50, q75=q75)
    return MadeUpNorm(name="made up", values=values)


def rows(result: Standing, statistic: str) -> pd.DataFrame:
    return result.data[result.data["statistic"] == statistic].set_index("variable")


@pytest.mark.parametrize(
    ("norm_as", "stored"), [("fixed", "hedges_g_one_sample"), ("sampled", "hedges_g_pooled_sampled")]
)
@pytest.mark.parametrize("name", ["exam", "bh1996"])
def test_hedges_g_equals_the_stored_values(name: str, norm_as: str, stored: str) -> None:
    wide, of_all, expected, tolerance = units_side_by_side(name)
    found = rows(standing(wide, of_all, norm_as=norm_as), "hedges_g").loc[expected["groups"], "estimate"]
    values = pd.Series(expected[stored], index=expected["groups"], dtype=float)
    three = pd.Series(expected["n"], index=expected["groups"]) >= 3
    assert found[three].tolist() == pytest.approx(values[three].tolist(), abs=tolerance)
    assert found[~three].isna().all()
    if norm_as == "fixed":
        assert found.isna().tolist() == values.isna().tolist()


def test_the_interval_of_g_is_close_to_the_exact_one() -> None:
    mean, n = 7.5, 80
    found = rows(standing(pd.DataFrame({"mark": answers(mean, 1, n)}), pool()), "hedges_g").loc["mark"]
    t = (mean - 7.0) * np.sqrt(n)
    low, high = found["conf_low"] * np.sqrt(n), found["conf_high"] * np.sqrt(n)
    assert nct.sf(t, n - 1, low) == pytest.approx(0.025, abs=0.004)
    assert nct.cdf(t, n - 1, high) == pytest.approx(0.025, abs=0.004)


@given(place=st.floats(0.01, 0.99), median=st.floats(6.5, 7.5))
def test_a_position_in_a_normal_norm_is_its_percentile(place: float, median: float) -> None:
    quartiles = norm.ppf([0.25, 0.5, 0.75], loc=median, scale=0.4)
    scores = pd.DataFrame({"mark": answers(float(norm.ppf(place, loc=median, scale=0.4)), 1, 50)})
    found = rows(standing(scores, pool(*quartiles)), "position").loc["mark"]
    assert found["estimate"] == pytest.approx(place)
    assert found["conf_low"] < found["estimate"] < found["conf_high"]


@pytest.mark.parametrize(("mean", "place"), [(6.4, 0.25), (7.0, 0.5), (7.1, 0.75)])
def test_the_quartiles_of_a_skewed_norm_are_where_it_says(mean: float, place: float) -> None:
    found = rows(standing(pd.DataFrame({"mark": answers(mean, 1, 50)}), pool(6.4, 7.0, 7.1)), "position")
    assert found["estimate"]["mark"] == pytest.approx(place)


def test_without_quartiles_or_spread_there_is_no_position_and_no_g() -> None:
    scores = pd.DataFrame({"mark": [8.0, 8, 8, 8]})
    result = standing(scores, pool(q25=np.nan))
    assert result.data["estimate"].isna().tolist() == [True, True]
    assert np.isnan(rows(standing(scores, pool(7.0, 7.0, 7.0)), "position")["estimate"]["mark"])
    assert result.settings.warnings == ("no_variance:mark",)
    assert repr(result) == "<Standing: 2 rows, not released>"


def test_a_sampled_norm_widens_the_interval() -> None:
    scores = pd.DataFrame({"mark": answers(7.2, 1, 100)})
    fixed, sampled = (
        rows(standing(scores, pool(), norm_as=how), "position").loc["mark"] for how in ("fixed", "sampled")
    )
    assert sampled["conf_low"] < fixed["conf_low"] < fixed["conf_high"] < sampled["conf_high"]
    assert sampled["estimate"] == fixed["estimate"]
