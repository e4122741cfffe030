"""The matrix follows its stated axes; planted quadrants are found, and doubt is shown where there is doubt."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from icstats.errors import ParameterError
from icstats.importance import Importance, bootstrap_importance
from icstats.performance import QUADRANTS, importance_performance

DRIVERS = ["keep", "fix", "calm", "spare"]


def column(result: Importance, measure: str, name: str = "estimate") -> dict[str, float]:
    rows = result.data[result.data["measure"] == measure]
    return dict(zip(rows["driver"], rows[name], strict=True))


def answers(seed: int, n: int = 400) -> pd.DataFrame:
    """Return answers: two drivers matter and two do not, one of each does well."""
    rng = np.random.default_rng(seed)
    drivers = rng.normal([4.0, 2, 2, 4], size=(n, 4))
    mark = drivers @ [1.0, 1.0, 0.1, 0.1] + rng.standard_normal(n)
    return pd.DataFrame(np.column_stack([mark, drivers]), columns=["mark", *DRIVERS])


def test_planted_quadrants_are_found_and_sure() -> None:
    result = importance_performance(answers(1), outcome="mark", drivers=DRIVERS, n_boot=200, seed=1)
    expected = dict(zip(DRIVERS, ["keep_up", "concentrate_here", "low_priority", "possible_overkill"], strict=True))
    for driver, quadrant in expected.items():
        assert column(result, quadrant)[driver] == 1
        assert column(result, quadrant, "block")[driver] == quadrant
    everywhere = result.data[result.data["measure"].isin(QUADRANTS)].groupby("driver")["estimate"].sum()
    assert everywhere.to_numpy() == pytest.approx(np.ones(4))


def test_axes_and_numbers_are_what_they_are_said_to_be() -> None:
    data = answers(2)
    result = importance_performance(data, outcome="mark", drivers=DRIVERS, n_boot=100, seed=3)
    assert column(result, "mean") == pytest.approx(data[DRIVERS].mean().to_dict())
    assert column(result, "axis_performance")["model"] == pytest.approx(data[DRIVERS].mean().mean())
    assert column(result, "axis_importance")["model"] == 0.25
    beside = bootstrap_importance(data, outcome="mark", drivers=DRIVERS, n_boot=100, seed=3)
    for name in ("estimate", "conf_low", "conf_high"):
        assert column(result, "lmg_share", name) == pytest.approx(column(beside, "lmg_share", name), abs=1e-12)
    error = data["keep"].std() / np.sqrt(len(data))
    assert column(result, "mean", "std_error")["keep"] == pytest.approx(error, rel=0.25)
    assert set(result.data.loc[result.data["measure"] == "mean", "unit"]) == {"points"}


def test_a_driver_on_the_border_is_in_doubt() -> None:
    rng = np.random.default_rng(3)
    drivers = rng.standard_normal((200, 2)) + 3
    data = pd.DataFrame(
        {"mark": drivers.sum(axis=1) + rng.standard_normal(200), "a": drivers[:, 0], "b": drivers[:, 1]}
    )
    result = importance_performance(data, outcome="mark", drivers=["a", "b"], n_boot=400, seed=1)
    assert result.data[result.data["measure"].isin(QUADRANTS)]["estimate"].max() < 0.95


def test_stated_importance_stands_beside_the_derived_one() -> None:
    rng = np.random.default_rng(4)
    data = answers(4).assign(**{f"says_{name}": rng.normal(size=400) + place for place, name in enumerate(DRIVERS)})
    stated = {name: f"says_{name}" for name in DRIVERS}
    result = importance_performance(data, outcome="mark", drivers=DRIVERS, stated=stated, n_boot=50, seed=1)
    assert column(result, "stated") == pytest.approx({name: data[f"says_{name}"].mean() for name in DRIVERS})
    assert column(result, "stated_agreement")["model"] < 0
    data.loc[:99, "says_fix"] = np.nan
    holed = importance_performance(data, outcome="mark", drivers=DRIVERS, stated=stated, n_boot=50, seed=1)
    assert set(holed.data.loc[holed.data["measure"] == "stated", "n"]) == {300}
    message = '"mark": has a stated importance and is no driver. [ICS-362]'
    with pytest.raises(ParameterError, match=f"^{re.escape(message)}$"):
        importance_performance(data, outcome="mark", drivers=DRIVERS, stated={"mark": "says_fix"}, n_boot=50)


def test_scale_and_order_do_not_move_a_driver() -> None:
    once = importance_performance(answers(5), outcome="mark", drivers=DRIVERS, n_boot=60, seed=1)
    again = importance_performance(answers(5) * 10, outcome="mark", drivers=DRIVERS[::-1], n_boot=60, seed=1)
    for quadrant in QUADRANTS:
        assert column(again, quadrant) == column(once, quadrant)
