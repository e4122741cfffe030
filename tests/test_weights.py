"""Raking reaches every margin, says when it cannot, and costs what Kish says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icstats.errors import ParameterError
from icstats.weights import design_effect, effective_n, rake

POPULATION = {"unit": {"north": 0.6, "south": 0.4}, "tenure": {"short": 30, "middle": 30, "long": 40}}


def people(n: int = 400, *, seed: int = 1) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "unit": random.choice(["north", "south"], n, p=[0.3, 0.7]),
            "tenure": random.choice(["short", "middle", "long"], n, p=[0.5, 0.3, 0.2]),
        }
    )


def weighted_shares(data: pd.DataFrame, weights: pd.Series, attribute: str) -> dict[str, float]:
    return (weights.groupby(data[attribute]).sum() / weights.sum()).to_dict()


def test_the_weighted_shares_are_those_of_the_population() -> None:
    data = people()
    result = rake(data, population=POPULATION)
    assert weighted_shares(data, result.weights, "unit") == pytest.approx({"north": 0.6, "south": 0.4}, abs=1e-7)
    assert weighted_shares(data, result.weights, "tenure") == pytest.approx(
        {"short": 0.3, "middle": 0.3, "long": 0.4}, abs=1e-7
    )
    assert result.weights.mean() == pytest.approx(1)
    assert result.settings.converged
    assert result.settings.warnings == ()
    reached = result.data.pivot_table(index=["attribute", "level"], columns="statistic", values="estimate")
    assert reached["weighted"].tolist() == pytest.approx(reached["population"].tolist(), abs=1e-7)


def test_raking_keeps_the_odds_ratios_of_the_sample() -> None:
    """The defining property: of all tables with these margins, the one with the sample's association."""
    data = people()
    weights = rake(data, population=POPULATION, trim=None).weights

    def odds(table: pd.DataFrame) -> float:
        return (
            table.loc["north", "short"]
            * table.loc["south", "long"]
            / (table.loc["north", "long"] * table.loc["south", "short"])
        )

    plain = pd.crosstab(data["unit"], data["tenure"])
    weighted = pd.crosstab(data["unit"], data["tenure"], values=weights, aggfunc="sum")
    assert odds(weighted) == pytest.approx(odds(plain), rel=1e-6)


def test_one_attribute_is_post_stratification() -> None:
    data = pd.DataFrame({"unit": ["a"] * 30 + ["b"] * 10})
    weights = rake(data, population={"unit": {"a": 0.5, "b": 0.5}}).weights
    assert weights.groupby(data["unit"]).first().to_dict() == pytest.approx({"a": 2 / 3, "b": 2.0})


def test_a_sample_like_the_population_gets_equal_weights() -> None:
    data = people()
    own = {name: data[name].value_counts().to_dict() for name in data}
    result = rake(data, population=own)
    assert result.weights.tolist() == pytest.approx([1.0] * len(data))
    assert (result.design_effect, result.effective_n) == (pytest.approx(1), pytest.approx(400))


@given(seed=st.integers(0, 10_000), start=st.floats(0.1, 10))
@settings(max_examples=25)
def test_order_of_rows_and_size_of_the_first_weights_do_not_matter(seed: int, start: float) -> None:
    data = people(120, seed=seed)
    result = rake(data, population=POPULATION, trim=None)
    order = np.random.default_rng(seed).permutation(120)
    mixed = rake(data.iloc[order], population=POPULATION, trim=None, weights=np.full(120, start))
    assert mixed.weights.sort_index().tolist() == pytest.approx(result.weights.tolist(), rel=1e-6)


def test_trimming_is_said_and_does_what_it_says() -> None:
    data = pd.DataFrame({"unit": ["a"] * 199 + ["b"]})
    result = rake(data, population={"unit": {"a": 0.9, "b": 0.1}}, trim=5)
    assert result.weights.max() <= 5 * (1 + 1e-6)
    assert result.settings.n_trimmed == 1
    assert result.settings.warnings == ("not_converged", "trimmed")
    free = rake(data, population={"unit": {"a": 0.9, "b": 0.1}}, trim=None)
    assert free.weights.max() == pytest.approx(20)
    assert free.settings.converged


def test_margins_that_contradict_the_sample_do_not_converge() -> None:
    data = pd.DataFrame({"unit": ["a", "a", "b", "b"], "site": ["x", "x", "y", "y"]})
    population = {"unit": {"a": 0.5, "b": 0.5}, "site": {"x": 0.2, "y": 0.8}}
    assert rake(data, population=population).settings.warnings[0] == "not_converged"


def test_whoever_misses_an_attribute_keeps_the_weight_of_the_others() -> None:
    data = people()
    data.loc[:19, "tenure"] = None
    result = rake(data, population=POPULATION)
    assert result.settings.warnings == ("missing:tenure",)
    assert result.settings.converged
    gaps = result.weights[:20].groupby(data["unit"][:20])
    assert gaps.nunique().tolist() == [1, 1]


def test_kish() -> None:
    assert effective_n([1, 1, 1, 1]) == 4
    assert effective_n([3, 1]) == pytest.approx(1.6)
    assert design_effect([3, 1]) == pytest.approx(1.25)
    cv2 = np.var([3, 1, 2.5]) / np.mean([3, 1, 2.5]) ** 2
    assert design_effect([3, 1, 2.5]) == pytest.approx(1 + cv2)


@pytest.mark.parametrize("weights", [[], [1, 0], [1, -1], [1, np.nan], [np.inf]])
def test_kish_refuses(weights: list[float]) -> None:
    with pytest.raises(ParameterError, match="ICS-366"):
        effective_n(weights)


SILENT = """"unit": nobody answered from west. \
Hint: Put them together with a level that resembles them: nobody can speak for them. [ICS-387]"""


@pytest.mark.parametrize(
    ("population", "more", "message"),
    [
        ({}, {}, "population names no attribute. [ICS-387]"),
        ({"site": {"a": 1}}, {}, '"site": is not a column of the attributes. [ICS-387]'),
        ({"unit": {"north": 1}}, {}, '"unit": 1 levels of the answers are not in the population. [ICS-387]'),
        ({"unit": {"north": -1, "south": 2}}, {}, '"unit": shares must be numbers from 0 on; wrong: north. [ICS-387]'),
        ({"unit": {"north": 0, "south": 0}}, {}, '"unit": shares must be numbers from 0 on; wrong: all 0. [ICS-387]'),
        ({"unit": {"north": 1, "south": 1, "west": 1}}, {}, SILENT),
        (
            {"unit": {"north": 0, "south": 1}},
            {},
            '"unit": people answered from north, a level without population. [ICS-387]',
        ),
        (POPULATION, {"trim": 1}, "trim is 1; it must be above 1, or None. [ICS-386]"),
        (POPULATION, {"weights": [1.0]}, "weights has 1 values for 50 rows. [ICS-366]"),
    ],
)
def test_refusals(population: Any, more: dict[str, Any], message: str) -> None:  # noqa: ANN401  also what is wrong
    with pytest.raises(ParameterError) as refused:
        rake(people(50), population=population, **more)
    assert str(refused.value) == message
