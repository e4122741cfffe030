"""Response, representativeness and margin of error are the textbook's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chisquare, hypergeom

from icstats.errors import ParameterError
from icstats.nonresponse import margin_of_error, representativeness, response_rate
from icstats.weights import rake


def test_response_is_answers_over_invitations() -> None:
    result = response_rate({"it": 431, "hr": 0}, {"it": 862, "hr": 790, "finance": 5})
    assert result.data["department"].tolist() == ["it", "hr"]
    assert result.data["estimate"].tolist() == [0.5, 0.0]
    assert result.data["conf_low"].isna().all()
    assert repr(result) == "<Response: 2 rows, not released>"


def test_impossible_response_is_refused_at_once() -> None:
    hint = "Hint: Give for each department how many people were invited; no more can answer. [ICS-385]"
    with pytest.raises(ParameterError) as refused:
        response_rate({"it": 9, "hr": 1, "fine": 2}, {"it": 8, "fine": 3})
    assert str(refused.value) == (
        f'"it": 9 of 8 invited people answered. {hint}\n"hr": 1 of 0 invited people answered. {hint}'
    )


def test_representativeness_is_pearsons_test() -> None:
    data = pd.DataFrame({"unit": ["a"] * 50 + ["b"] * 30 + ["c"] * 20 + [None] * 7})
    result = representativeness(data, population={"unit": {"a": 400, "b": 400, "c": 200}}).data
    found = result.pivot_table(index="level", columns="statistic", values="estimate")
    assert found["sample"].tolist() == [0.5, 0.3, 0.2]
    assert found["population"].tolist() == [0.4, 0.4, 0.2]
    assert found["difference"].tolist() == pytest.approx([0.1, -0.1, 0.0])
    p_value = chisquare([50, 30, 20], [40, 40, 20]).pvalue
    differences = result[result["statistic"] == "difference"]
    assert differences["p_value"].tolist() == pytest.approx([p_value] * 3)
    assert differences["n"].tolist() == [50, 30, 20]


def test_after_raking_the_sample_is_like_the_population() -> None:
    data = pd.DataFrame({"unit": ["a"] * 50 + ["b"] * 30 + ["c"] * 20})
    population = {"unit": {"a": 0.4, "b": 0.4, "c": 0.2}}
    weights = rake(data, population=population).weights
    result = representativeness(data, population=population, weights=weights).data
    differences = result[result["statistic"] == "difference"]
    assert differences["estimate"].abs().max() < 1e-7
    assert differences["p_value"].tolist() == pytest.approx([1.0] * 3)


def test_a_level_without_answers_counts_as_none() -> None:
    data = pd.DataFrame({"unit": ["a"] * 5 + ["b"] * 5})
    result = representativeness(data, population={"unit": {"a": 0.4, "b": 0.4, "c": 0.2}}).data
    assert result[(result["level"] == "c") & (result["statistic"] == "sample")]["estimate"].tolist() == [0.0]


def test_margin_of_error_with_and_without_the_finite_population() -> None:
    assert margin_of_error(400) == pytest.approx(0.049, abs=5e-5)
    assert margin_of_error(400, population=10**9) == pytest.approx(margin_of_error(400))
    assert margin_of_error(400, population=400) == 0
    assert margin_of_error(1, population=1) == 0
    assert margin_of_error(100, sd=1.5, conf_level=0.9) == pytest.approx(1.6449 * 0.15, abs=1e-4)


def test_the_finite_population_correction_is_that_of_drawing_without_replacement() -> None:
    exact = hypergeom(500, 200, 120).std() / 120
    assert margin_of_error(120, share=0.4, population=500) == pytest.approx(1.959964 * exact, rel=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n": 0}, '"n": is 0; at least 1 is needed. [ICS-384]'),
        ({"n": 10, "share": 40}, '"share": is 40; it must lie from 0 to 1. [ICS-384]'),
        ({"n": 10, "sd": -1.0}, '"sd": is -1.0; it cannot be negative. [ICS-384]'),
        ({"n": 10, "population": 9}, '"population": is 9, fewer than the 10 answers. [ICS-384]'),
    ],
)
def test_impossible_margins_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError) as refused:
        margin_of_error(**arguments)
    assert str(refused.value) == message


def test_a_small_p_value_is_as_rare_as_it_says() -> None:
    random = np.random.default_rng(6)
    shares = {"a": 0.5, "b": 0.3, "c": 0.2}
    p_values = [
        representativeness(
            pd.DataFrame({"unit": random.choice(list(shares), 200, p=list(shares.values()))}),
            population={"unit": shares},
        )
        .data["p_value"]
        .min()
        for _ in range(400)
    ]
    assert 0.02 < np.mean(np.array(p_values) <= 0.05) < 0.08
