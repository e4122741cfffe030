"""Which rows a model can use, and every refusal with its whole message."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from icstats.cases import Cases, complete_cases
from icstats.errors import ICStatsError, NotEnoughDataError, ParameterError

DATA = pd.DataFrame(
    {
        "mark": [7.0, 8, 6, 9, 5, 7, np.nan, 8],
        "speed": [3.0, 4, 2, 5, 1, 3, 4, np.nan],
        "care": [2.0, 5, 3, 4, 2, 4, 4, 4],
    }
)


def cases(
    data: pd.DataFrame = DATA,
    *,
    outcome: str = "mark",
    drivers: tuple[str, ...] = ("speed", "care"),
    clusters: object = None,
    weights: object = None,
) -> Cases:
    return complete_cases(data, outcome=outcome, drivers=drivers, clusters=clusters, weights=weights)


def test_incomplete_rows_are_left_out_and_counted() -> None:
    found = cases()
    assert (found.n, found.n_total, found.n_people) == (6, 8, 6)
    assert found.values.tolist() == DATA.iloc[:6].to_numpy().tolist()


def test_the_data_stay_as_they_were() -> None:
    before = DATA.copy(deep=True)
    cases(clusters=[1, 1, 2, 2, 3, 3, 4, 4])
    pd.testing.assert_frame_equal(DATA, before)


def test_people_are_counted_among_complete_rows_only() -> None:
    found = cases(clusters=["a", "a", "b", "b", "c", "c", "d", "e"])
    assert found.people is not None
    assert found.people.tolist() == [0, 0, 1, 1, 2, 2]
    assert found.n_people == 3


def test_values_that_differ_by_rounding_only_are_equal() -> None:
    data = DATA.assign(speed=[0.1 + 0.2, 0.3] * 4)
    assert cases(data).constant == ("speed",)
    with pytest.raises(NotEnoughDataError, match="there is nothing to explain"):
        cases(data, outcome="speed", drivers=("care",))


def test_where_nobody_repeats_rows_stand_for_themselves() -> None:
    found = cases(clusters=[11, 12, 13, 14, 15, 16, 11, 12])
    assert found.people is None
    assert found.n_people == 6


def test_moments_are_weighted() -> None:
    weights = np.array([1, 2, 1, 3, 1, 2, 1, 1.0])
    found = cases(weights=weights)
    rows, kept = DATA.iloc[:6].to_numpy(), weights[:6]
    assert found.means == pytest.approx(np.average(rows, axis=0, weights=kept))
    assert found.correlations == pytest.approx(np.corrcoef(np.repeat(rows, kept.astype(int), axis=0).T))
    assert found.effective_n == pytest.approx(100 / 20)


def test_columns_with_blanks_and_nullable_integers_are_kept_apart() -> None:
    data = pd.DataFrame({"y": [1, 2, 3, 4, 6], "a": [1, 3, 2, 5, 4], "b": [2, 1, 2, 1, 3], "a b": [5, 4, 4, 2, 1]})
    data["a b"] = data["a b"].astype("Int64")
    found = complete_cases(data, outcome="y", drivers=["a b", "a"])
    assert found.values[:, 1].tolist() == [5, 4, 4, 2, 1]
    assert found.values[:, 2].tolist() == [1, 3, 2, 5, 4]


def test_constant_and_redundant_drivers_are_named() -> None:
    rng = np.random.default_rng(1)
    data = pd.DataFrame(rng.standard_normal((30, 4)), columns=["y", "a", "b", "c"])
    data = data.assign(same=0.1, sum=data["a"] + 3 * data["b"], twin=data["c"])
    found = complete_cases(data, outcome="y", drivers=["a", "b", "c", "same", "sum", "twin"])
    assert found.constant == ("same",)
    assert found.redundant == ("a", "b", "c", "sum", "twin")
    assert found.rank == 3
    assert found.warnings == (
        "constant:same",
        *(f"redundant:{name}" for name in ("a", "b", "c", "sum", "twin")),
    )


def test_few_people_who_repeat_are_named() -> None:
    assert cases(clusters=[1, 1, 2, 2, 3, 3, 4, 4]).warnings == ("few_clusters",)


REFUSALS = {
    "missing column": (
        {"drivers": ("sped", "care")},
        ParameterError,
        '"sped": is not a column of the data. Hint: Did you mean "speed"? [ICS-362]',
    ),
    "two at once": (
        {"drivers": ("sped", "zzz"), "outcome": "mrk"},
        ParameterError,
        """"mrk": is not a column of the data. Hint: Did you mean "mark"? [ICS-362]
"sped": is not a column of the data. Hint: Did you mean "speed"? [ICS-362]
"zzz": is not a column of the data. [ICS-362]""",
    ),
    "named twice": (
        {"drivers": ("speed", "speed")},
        ParameterError,
        '"speed": is named as a driver more than once. [ICS-361]',
    ),
    "outcome among drivers": (
        {"drivers": ("speed", "mark")},
        ParameterError,
        '"mark": is both the outcome and a driver. [ICS-361]',
    ),
    "no drivers": (
        {"drivers": ()},
        ParameterError,
        "No drivers are given; at least one is needed. [ICS-360]",
    ),
    "twice in the data": (
        {"data": pd.concat([DATA, DATA[["care"]]], axis=1)},
        ParameterError,
        '"care": stands in the data 2 times. [ICS-363]',
    ),
    "text": (
        {"data": DATA.assign(care="I hate my boss")},
        ParameterError,
        '"care": is not numeric. Hint: Answers must be numbers, with NaN where there is none. [ICS-364]',
    ),
    "infinite": (
        {"data": DATA.assign(care=[1, 2, 3, np.inf, -np.inf, 3, 2, 1])},
        ParameterError,
        '"care": holds 2 infinite values. [ICS-365]',
    ),
    "weights of another length": (
        {"weights": [1, 2]},
        ParameterError,
        "weights has 2 values for 8 rows. [ICS-366]",
    ),
    "weights that are not positive": (
        {"weights": [1, 2, 0, -1, np.nan, 1, 1, np.inf]},
        ParameterError,
        "weights must be positive numbers; 4 are not. [ICS-366]",
    ),
    "clusters of another length": (
        {"clusters": [1, 2]},
        ParameterError,
        "clusters has 2 values for 8 rows. Hint: Give one respondent id per row, in the order of the rows. [ICS-352]",
    ),
    "too few rows": (
        {"data": DATA.iloc[:3]},
        NotEnoughDataError,
        "3 of 3 rows are complete; 2 drivers need at least 4. [ICS-511]",
    ),
    "too few people": (
        {"clusters": [1, 1, 1, 2, 2, 2, 3, 4]},
        NotEnoughDataError,
        "The 6 complete rows come from 2 people; at least 3 are needed. [ICS-512]",
    ),
    "outcome without spread": (
        {"data": DATA.assign(mark=7)},
        NotEnoughDataError,
        'All 7 values of the outcome "mark" are equal; there is nothing to explain. [ICS-513]',
    ),
}


@pytest.mark.parametrize(("arguments", "error", "message"), REFUSALS.values(), ids=REFUSALS)
def test_refusals_say_what_and_how_to_mend(arguments: dict[str, Any], error: type[ICStatsError], message: str) -> None:
    with pytest.raises(error, match=f"^{re.escape(message)}$") as refused:
        cases(**arguments)
    assert type(refused.value) is error
