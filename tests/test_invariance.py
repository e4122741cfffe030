"""Numbers hang on the answers alone: not on the order of rows and columns, the unit, the portions or the threads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

import icstats as ic
from icstats import sampling, subsets

if TYPE_CHECKING:
    from collections.abc import Callable

DRIVERS = ["a", "b", "c", "d", "e"]
BLOCKS = {"product": ["a", "b"], "process": ["c", "d", "e"]}
NUMBERS = ["estimate", "std_error", "conf_low", "conf_high"]
SAMPLED = {"n_boot": 100, "seed": 11}


def survey(n: int = 120) -> pd.DataFrame:
    """Return ratings of 60 people or so; some rate twice."""
    random = np.random.default_rng(4)
    drivers = random.normal(size=(n, 1)) + random.normal(size=(n, len(DRIVERS)))
    mark = drivers @ [0.6, 0.4, 0.3, 0.2, 0.0] + random.normal(size=n)
    data = pd.DataFrame(np.column_stack([mark, drivers]), columns=["mark", *DRIVERS])
    return data.assign(person=random.permutation(np.arange(n) % 60))


def shares(kind: Callable[..., Any], data: pd.DataFrame, drivers: list[str]) -> pd.DataFrame:
    return kind(data, outcome="mark", drivers=drivers, clusters=data["person"], **SAMPLED).data  # type: ignore[no-any-return]


STATISTICS: dict[str, Callable[[pd.DataFrame, list[str]], pd.DataFrame]] = {
    "lmg": lambda data, drivers: ic.lmg(data, outcome="mark", drivers=drivers).data,
    "bootstrap_importance": lambda data, drivers: shares(ic.bootstrap_importance, data, drivers),
    "importance_measures": lambda data, drivers: shares(ic.importance_measures, data, drivers),
    "relative_weights": lambda data, drivers: shares(ic.relative_weights, data, drivers),
    "block_importance": lambda data, drivers: (
        ic.block_importance(
            data,
            outcome="mark",
            blocks={block: [code for code in drivers if code in own] for block, own in BLOCKS.items()},
            clusters=data["person"],
            **SAMPLED,
        ).data
    ),
    "regression": lambda data, drivers: (
        ic.regression(data, outcome="mark", drivers=drivers, clusters=data["person"]).data
    ),
    "alpha": lambda data, drivers: (
        ic.cronbach_alpha(data[drivers], clusters=data["person"], interval="bootstrap", **SAMPLED).data
    ),
    "omega": lambda data, drivers: ic.omega_total(data[drivers], clusters=data["person"]).data,
    "polychoric": lambda data, drivers: ic.polychoric(data[drivers].round().clip(-2, 2), clusters=data["person"]).data,
}
SORTED_NAMES = ("driver", "term", "scale", "variable", "item", "first", "second", "measure", "statistic", "coefficient")


def numbers(name: str, data: pd.DataFrame, drivers: list[str] = DRIVERS) -> pd.DataFrame:
    """Return the numbers of a statistic, ordered by what they are about."""
    found = STATISTICS[name](data, drivers)
    keys = [key for key in SORTED_NAMES if key in found]
    return found.sort_values(keys).set_index(keys)[[column for column in NUMBERS if column in found]]


def same(one: pd.DataFrame, other: pd.DataFrame, *, within: float) -> None:
    pd.testing.assert_frame_equal(one, other, rtol=within, atol=within)


@pytest.mark.parametrize("name", STATISTICS)
@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_order_of_the_rows_changes_nothing(name: str, seed: int) -> None:
    data = survey()
    shuffled = data.iloc[np.random.default_rng(seed).permutation(len(data))]
    same(numbers(name, shuffled), numbers(name, data), within=1e-8)


@pytest.mark.parametrize("name", [name for name in STATISTICS if name != "polychoric"])
@settings(max_examples=6, deadline=None)
@given(order=st.permutations(DRIVERS))
def test_the_order_of_the_columns_changes_nothing(name: str, order: list[str]) -> None:
    """A pair of items is named in the order of its items, so the polychoric matrix is held by its own tests."""
    data = survey()
    same(numbers(name, data[["person", *order, "mark"]], order), numbers(name, data), within=1e-6)


@pytest.mark.parametrize("name", [name for name in STATISTICS if name not in {"regression", "polychoric"}])
@settings(max_examples=6, deadline=None)
@given(factor=st.floats(0.01, 100), shift=st.floats(-50, 50))
def test_the_unit_of_all_answers_changes_nothing(name: str, factor: float, shift: float) -> None:
    data = survey()
    moved = data.assign(**{code: factor * data[code] + shift for code in ["mark", *DRIVERS]})
    same(numbers(name, moved), numbers(name, data), within=1e-6)


@pytest.mark.parametrize("name", STATISTICS)
def test_the_number_of_threads_changes_nothing_but_rounding(name: str) -> None:
    """Sums in another order differ in the last bits; a thousandth of a millionth is promised."""
    found = []
    for threads in (1, 2):
        with threadpool_limits(limits=threads):
            found.append(numbers(name, survey(3000)))
    same(*found, within=1e-9)


@pytest.mark.parametrize("name", STATISTICS)
def test_the_size_of_the_portions_changes_nothing_but_rounding(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = numbers(name, survey())
    monkeypatch.setattr(subsets, "CELLS_AT_ONCE", 500)
    monkeypatch.setattr(subsets, "BYTES_IN_CACHE", 512)
    monkeypatch.setattr(sampling, "ROWS_AT_ONCE", 17)
    same(numbers(name, survey()), whole, within=1e-9)
