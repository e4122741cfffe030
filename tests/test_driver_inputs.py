"""Every driver analysis refuses the same wrong input with the same message, and takes any name and any scale."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import icstats as ic
from icstats.cases import complete_cases
from icstats.errors import ICStatsError, NotEnoughDataError, ParameterError
from icstats.moments import moments
from icstats.results import Result

Analysis = Callable[..., Result]


def blocks_of(function: Analysis, **fixed: Any) -> Analysis:  # noqa: ANN401
    """Return an analysis of blocks as one of drivers: the first driver is one block, the others are another."""

    def of_drivers(data: pd.DataFrame, *, drivers: list[str], **more: Any) -> Result:  # noqa: ANN401
        return function(data, blocks={"one": drivers[:1], "two": drivers[1:]}, **fixed, **more)

    return of_drivers


def with_settings(function: Analysis, **fixed: Any) -> Analysis:  # noqa: ANN401
    return lambda data, **more: function(data, **fixed, **more)


SAMPLED = {"n_boot": 30, "seed": 1}
WEIGHTED: dict[str, Analysis] = {
    "lmg": ic.lmg,
    "bootstrap_importance": with_settings(ic.bootstrap_importance, **SAMPLED),
    "block_importance": blocks_of(ic.block_importance, **SAMPLED),
    "commonality": blocks_of(ic.commonality, **SAMPLED),
    "relative_weights": with_settings(ic.relative_weights, **SAMPLED),
    "importance_measures": with_settings(ic.importance_measures, **SAMPLED),
    "dominance": with_settings(ic.dominance, **SAMPLED),
    "random_driver": with_settings(ic.random_driver, **SAMPLED),
    "importance_performance": with_settings(ic.importance_performance, **SAMPLED),
    "halo_check": ic.halo_check,
    "penalty_reward": with_settings(ic.penalty_reward, low_max=2, high_min=4),
    "regression": ic.regression,
}
EVERY: dict[str, Analysis] = WEIGHTED | {"ordinal_logit": ic.ordinal_logit, "ordinal_dominance": ic.ordinal_dominance}
EXACT = ("lmg", "bootstrap_importance", "importance_measures", "dominance", "halo_check", "importance_performance")


def answers(seed: int = 1, *, n: int = 80, drivers: tuple[str, ...] = ("a", "b", "c")) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    values = rng.integers(1, 6, size=(n, len(drivers)))
    mark = np.clip(np.rint(values.mean(axis=1) + rng.normal(size=n)), 1, 5)
    return pd.DataFrame(np.column_stack([mark, values]), columns=["mark", *drivers], dtype=float)


def text_of(result: Result) -> str:
    """Return the numbers of a result, to compare two."""
    numbers = result.data.select_dtypes("number").to_numpy(dtype=float)
    return str(np.round(numbers, 7) + 0.0)


WRONG: dict[str, tuple[pd.DataFrame, type[ICStatsError], str]] = {
    "infinite": (
        answers().assign(b=np.where(np.arange(80) < 2, np.inf, 3.0)),
        ParameterError,
        '"b": holds 2 infinite values. [ICS-365]',
    ),
    "text": (
        answers().assign(c="angry about my boss"),
        ParameterError,
        '"c": is not numeric. Hint: Answers must be numbers, with NaN where there is none. [ICS-364]',
    ),
    "a column twice": (
        pd.concat([answers(), answers()[["b"]]], axis=1),
        ParameterError,
        '"b": stands in the data 2 times. [ICS-363]',
    ),
    "a column less": (
        answers().drop(columns="c"),
        ParameterError,
        '"c": is not a column of the data. [ICS-362]',
    ),
    "all missing": (
        answers().assign(a=np.nan),
        NotEnoughDataError,
        "0 of 80 rows are complete; 3 drivers need at least 5. [ICS-511]",
    ),
    "fewer rows than needed": (
        answers(n=4),
        NotEnoughDataError,
        "4 of 4 rows are complete; 3 drivers need at least 5. [ICS-511]",
    ),
    "one answer": (
        answers().assign(mark=4.0),
        NotEnoughDataError,
        'All 80 values of the outcome "mark" are equal; there is nothing to explain. [ICS-513]',
    ),
}


@pytest.mark.parametrize("analysis", EVERY)
@pytest.mark.parametrize(("data", "error", "message"), WRONG.values(), ids=WRONG)
def test_wrong_data_are_refused_alike(
    analysis: str, data: pd.DataFrame, error: type[ICStatsError], message: str
) -> None:
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        EVERY[analysis](data, outcome="mark", drivers=["a", "b", "c"])


@pytest.mark.parametrize("analysis", WEIGHTED)
@pytest.mark.parametrize("weight", [0.0, -1.0, np.nan, np.inf])
def test_weights_that_are_none_are_refused_alike(analysis: str, weight: float) -> None:
    with pytest.raises(ParameterError, match=r"^weights must be positive numbers; 80 are not. \[ICS-366\]$"):
        WEIGHTED[analysis](answers(), outcome="mark", drivers=["a", "b", "c"], weights=[weight] * 80)


@pytest.mark.parametrize("analysis", EVERY)
def test_names_with_blanks_that_run_together_or_are_not_ascii_change_no_number(analysis: str) -> None:
    names = {"a": "a b", "b": "a", "c": "Zufriedenheit ☺ é", "mark": "b a"}
    plain = EVERY[analysis](answers(), outcome="mark", drivers=["a", "b", "c"])
    named = EVERY[analysis](answers().rename(columns=names), outcome="b a", drivers=[names[one] for one in "abc"])
    assert text_of(named) == text_of(plain)
    assert not named.data.duplicated(list(named.keys)).any()


@pytest.mark.parametrize("analysis", EVERY)
def test_constant_and_copied_drivers_have_a_finite_answer_and_are_named(analysis: str) -> None:
    data = answers().assign(same=3.0, twin=lambda d: d["a"])
    result = EVERY[analysis](data, outcome="mark", drivers=["a", "b", "same", "twin"])
    if analysis != "penalty_reward":
        assert {"constant:same", "redundant:a", "redundant:twin"} <= set(result.settings.warnings)
    about, which = result.keys
    undefined = result.data[which].isin(["vif", "asymmetry"]) | result.data[about].isin(["same"])
    assert np.isfinite(result.data.loc[~undefined, "estimate"]).all()


@pytest.mark.parametrize("analysis", EVERY)
def test_the_data_stay_as_they_were_and_the_result_shows_nothing(analysis: str) -> None:
    data = answers()
    before = data.copy(deep=True)
    result = EVERY[analysis](data, outcome="mark", drivers=["a", "b", "c"])
    pd.testing.assert_frame_equal(data, before)
    assert repr(result).endswith("rows, not released>")
    assert result.people.index.equals(result.data.index)
    assert {"estimate", "std_error", "conf_low", "conf_high", "p_value", "n", "n_people", "unit"} <= set(result.data)


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 10_000), scale=st.sampled_from([0.001, 1.0, 300.0]), shift=st.sampled_from([-50.0, 0, 3]))
def test_scale_and_shift_of_drivers_change_no_share(seed: int, scale: float, shift: float) -> None:
    data = answers(seed)
    moved = data.assign(a=data["a"] * scale + shift, mark=data["mark"] * 10 - shift)
    for analysis in ("lmg", "relative_weights", "importance_measures", "dominance", "commonality", "random_driver"):
        once, again = (EVERY[analysis](one, outcome="mark", drivers=["a", "b", "c"]).data for one in (data, moved))
        assert again["estimate"].to_numpy() == pytest.approx(once["estimate"].to_numpy(), abs=1e-8), analysis


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 10_000), order=st.permutations(["a", "b", "c"]))
def test_the_order_of_rows_and_drivers_changes_no_estimate(seed: int, order: list[str]) -> None:
    data = answers(seed)
    other = data.sample(frac=1, random_state=seed)[[*order, "mark"]]
    for analysis in ("lmg", "relative_weights", "importance_measures", "dominance", "halo_check", "regression"):
        once = EVERY[analysis](data, outcome="mark", drivers=["a", "b", "c"])
        again = EVERY[analysis](other, outcome="mark", drivers=order)
        keys, column = list(once.keys), "estimate"
        found = once.data.merge(again.data, on=keys)
        kept = ~found[keys[1]].str.contains("reproducibility|probability")
        assert len(found) == len(once.data)
        assert found.loc[kept, f"{column}_x"].to_numpy() == pytest.approx(
            found.loc[kept, f"{column}_y"].to_numpy(), abs=1e-9, nan_ok=True
        )


@pytest.mark.parametrize("analysis", EXACT)
def test_more_than_twenty_drivers_are_refused_and_never_dropped(analysis: str) -> None:
    names = tuple(f"x{place}" for place in range(21))
    with pytest.raises(ParameterError, match=r"^21 drivers have too many subsets; at most 20 can be computed exactly."):
        EVERY[analysis](answers(drivers=names), outcome="mark", drivers=list(names))


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10_000))
def test_moments_are_enough_to_divide_r_squared(seed: int) -> None:
    data = answers(seed).assign(same=2.0, twin=lambda d: d["a"])
    drivers = ["a", "b", "same", "twin"]
    weights = np.random.default_rng(seed).integers(1, 4, size=80).astype(float)
    rows = ic.lmg(data, outcome="mark", drivers=drivers, weights=weights)
    halves = moments(data[:30], weights=weights[:30]).merge(moments(data[30:], weights=weights[30:]))
    summed = ic.lmg(halves, outcome="mark", drivers=drivers)
    assert summed.data["estimate"].to_numpy() == pytest.approx(rows.data["estimate"].to_numpy(), abs=1e-9)
    assert summed.settings.warnings == rows.settings.warnings
    assert summed.settings.effective_n == pytest.approx(rows.settings.effective_n)
    assert set(summed.data["n"]) == {80}
    assert set(summed.people["n_people"]) == {0}


def test_moments_are_checked_as_data_are() -> None:
    sums = moments(answers())
    with pytest.raises(ParameterError, match=r'^"d": is not a column of the data. \[ICS-362\]$'):
        ic.lmg(sums, outcome="mark", drivers=["a", "d"])
    with pytest.raises(
        ParameterError, match=r"^Moments have their weights inside; give weights to moments\(\). \[ICS-"
    ):
        ic.lmg(sums, outcome="mark", drivers=["a"], weights=[1.0] * 80)
    with pytest.raises(NotEnoughDataError, match=r"^4 of 4 rows are complete; 3 drivers need at least 5. \[ICS-511\]$"):
        ic.lmg(moments(answers(n=4)), outcome="mark", drivers=["a", "b", "c"])


@pytest.mark.parametrize("n", [3, 4, 9, 10])
def test_those_apart_are_counted_from_the_median(n: int) -> None:
    answers = pd.DataFrame(np.random.default_rng(n).integers(1, 4, size=(n, 2)).astype(float), columns=["a", "b"])
    answers["mark"] = np.arange(n) % 4.0
    apart = [int((answers[name] != answers[name].median()).sum()) for name in ("a", "b")]
    assert complete_cases(answers, outcome="mark", drivers=["a"]).n_apart == (apart[0] or n)
    assert complete_cases(answers, outcome="mark", drivers=["b"]).n_apart == (apart[1] or n)
