"""What pure noise gets: as theory says, more where people repeat, and never a driver of the data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from icstats.errors import ParameterError
from icstats.importance import Importance, lmg
from icstats.noise import random_driver


def number(result: Importance, driver: str, measure: str, name: str = "estimate") -> float:
    return float(result.data.set_index(["driver", "measure"]).loc[(driver, measure), name])


def answers(seed: int, *, n: int = 200) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    data = pd.DataFrame(rng.standard_normal((n, 2)), columns=["a", "b"])
    return data.assign(mark=data["a"] + rng.standard_normal(n))


ARGUMENTS: dict[str, Any] = {"outcome": "mark", "drivers": ["a", "b"]}


def test_noise_gets_its_expected_part_of_what_is_left() -> None:
    """Beside nothing else noise explains 1 / (n - 1) on average; beside others that part of what they leave."""
    data = answers(1)
    result = random_driver(data, n_boot=4000, seed=1, **ARGUMENTS)
    left = [1.0, *(1 - np.corrcoef(data["mark"], data[name])[0, 1] ** 2 for name in ("a", "b"))]
    left.append(1 - number(result, "model", "r_squared"))
    expected = left[0] / 199 / 3 + (left[1] + left[2]) / 198 / 6 + left[3] / 197 / 3
    assert number(result, "model", "random_lmg") == pytest.approx(expected, rel=0.08)


def test_an_added_column_of_noise_gets_a_share_from_the_same_distribution() -> None:
    data = answers(2, n=80)
    rng = np.random.default_rng(9)
    got = []
    for _ in range(300):
        added = lmg(data.assign(z=rng.standard_normal(80)), outcome="mark", drivers=["a", "b", "z"])
        got.append(number(added, "z", "lmg"))
    result = random_driver(data, n_boot=2000, seed=1, **ARGUMENTS)
    assert np.mean(got) == pytest.approx(number(result, "model", "random_lmg"), rel=0.25)
    high = number(result, "model", "random_lmg", "conf_high")
    assert np.mean(np.array(got) > high) == pytest.approx(0.025, abs=0.025)


def test_a_strong_driver_exceeds_noise_and_own_shares_stay_as_they_are() -> None:
    data = answers(3)
    result = random_driver(data, n_boot=300, seed=1, **ARGUMENTS)
    assert number(result, "a", "exceeds_random") == 1
    assert number(result, "b", "exceeds_random") < 1
    own = lmg(data, **ARGUMENTS)
    assert number(result, "a", "lmg") == number(own, "a", "lmg")
    assert set(result.data["driver"]) == {"a", "b", "model"}


def test_where_people_repeat_noise_gets_more() -> None:
    data = answers(4, n=60)
    fourfold = pd.concat([data] * 4, ignore_index=True)
    alone, clustered = (
        random_driver(frame, n_boot=2000, seed=1, clusters=people, **ARGUMENTS)
        for frame, people in ((data, None), (fourfold, np.tile(np.arange(60), 4)))
    )
    for name in ("estimate", "conf_high"):
        assert number(clustered, "model", "random_lmg", name) == pytest.approx(
            number(alone, "model", "random_lmg", name), rel=1e-9
        )


def test_twenty_drivers_leave_no_room_for_noise() -> None:
    wide = pd.DataFrame(np.random.default_rng(1).standard_normal((60, 21)), columns=[f"x{i}" for i in range(21)])
    with pytest.raises(ParameterError, match=r"^21 drivers have too many subsets.*\[ICS-367\]$"):
        random_driver(wide, outcome="x0", drivers=list(wide.columns[1:]))
