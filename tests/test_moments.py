"""Moments add up exactly, and give what numpy gives."""

from __future__ import annotations

import pickle
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from shared import shared_file

from icstats.errors import NotEnoughDataError, ParameterError
from icstats.moments import Moments, moments

UNIVER = ["informat", "officeho", "willingn", "compete", "global"]


def answers(rows: int = 40, columns: int = 4, seed: int = 1) -> pd.DataFrame:
    values = np.random.default_rng(seed).integers(1, 8, size=(rows, columns)).astype(float)
    return pd.DataFrame(values, columns=[f"Q{column}" for column in range(columns)])


def univer() -> pd.DataFrame:
    return pd.read_csv(shared_file("data/univer_orientation_2002.csv"))


def test_the_faculties_together_are_the_university_to_the_last_digit() -> None:
    data = univer()
    parts = [moments(group[UNIVER]) for _, group in data.groupby("faculty")]
    merged = parts[0]
    for part in parts[1:]:
        merged = merged.merge(part)
    whole = moments(data[UNIVER])
    assert len(parts) == 13
    assert merged.n == whole.n == 2179
    assert merged.products.dtype == np.int64
    assert (merged.products == whole.products).all()
    assert (merged.sums == whole.sums).all()
    assert merged.mean.round(4).to_dict() == {
        "informat": 5.5365,
        "officeho": 5.2809,
        "willingn": 5.9816,
        "compete": 5.6370,
        "global": 5.7178,
    }


def test_covariance_and_correlation_of_real_answers_are_those_of_pandas() -> None:
    data = univer()[UNIVER]
    pd.testing.assert_frame_equal(moments(data).covariance, data.cov(), rtol=1e-12)
    pd.testing.assert_frame_equal(moments(data).correlation, data.corr(), rtol=1e-12)


def exact_covariance(x: list[int], y: list[int]) -> Fraction:
    n = len(x)
    mean_x, mean_y = Fraction(sum(x), n), Fraction(sum(y), n)
    return sum(((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)), Fraction(0)) / (n - 1)


@given(st.lists(st.tuples(st.integers(-20, 120), st.integers(-20, 120)), min_size=2, max_size=60))
def test_the_covariance_of_whole_answers_is_the_exact_fraction(pairs: list[tuple[int, int]]) -> None:
    x, y = (list(column) for column in zip(*pairs, strict=True))
    covariance = moments(pd.DataFrame({"x": x, "y": y})).covariance
    assert covariance.loc["x", "y"] == float(exact_covariance(x, y))
    assert covariance.loc["x", "x"] == float(exact_covariance(x, x))


@given(
    arrays(float, st.tuples(st.integers(0, 30), st.just(3)), elements=st.integers(1, 10).map(float)),
    st.integers(0, 30),
)
def test_merging_equals_the_whole_wherever_it_is_cut(values: np.ndarray, cut: int) -> None:
    data = pd.DataFrame(values, columns=list("abc"))
    merged = moments(data[:cut]).merge(moments(data[cut:]))
    whole = moments(data)
    assert (merged.n, merged.weight, merged.weight_squares) == (whole.n, whole.weight, whole.weight_squares)
    assert (merged.sums == whole.sums).all()
    assert (merged.products == whole.products).all()


@given(
    arrays(float, st.tuples(st.integers(3, 25), st.just(2)), elements=st.floats(0, 10, width=32)),
    st.integers(0, 1000),
)
def test_weighted_covariance_is_that_of_numpy_and_merges(values: np.ndarray, seed: int) -> None:
    data = pd.DataFrame(values, columns=["x", "y"])
    weight = np.random.default_rng(seed).uniform(0.2, 5.0, len(data))
    whole = moments(data, weights=weight)
    expected = np.cov(values, rowvar=False, aweights=weight)
    np.testing.assert_allclose(whole.covariance, expected, atol=1e-9)
    np.testing.assert_allclose(whole.mean, np.average(values, axis=0, weights=weight))
    merged = moments(data[:2], weights=weight[:2]).merge(moments(data[2:], weights=weight[2:]))
    np.testing.assert_allclose(merged.covariance, expected, atol=1e-9)


def test_weights_of_one_change_nothing_and_a_common_factor_does_not_matter() -> None:
    data = answers()
    plain = moments(data).covariance
    pd.testing.assert_frame_equal(moments(data, weights=np.ones(len(data))).covariance, plain)
    pd.testing.assert_frame_equal(moments(data, weights=np.full(len(data), 0.37)).covariance, plain, rtol=1e-12)


def test_scores_that_are_not_whole_are_double_precision() -> None:
    data = answers() / 3
    result = moments(data)
    assert result.products.dtype == np.float64
    pd.testing.assert_frame_equal(result.covariance, data.cov(), rtol=1e-12)


def test_huge_whole_numbers_never_overflow() -> None:
    data = answers() * 1e8
    assert moments(data).products.dtype == np.float64
    pd.testing.assert_frame_equal(moments(data).covariance, data.cov(), rtol=1e-9)
    many = answers(columns=2) + 1_000_000
    pd.testing.assert_frame_equal(moments(many).covariance, many.cov(), rtol=1e-6)
    assert moments(many).products.dtype == np.int64


def test_order_of_rows_and_columns_does_not_matter_and_the_data_are_not_changed() -> None:
    data = answers()
    before = data.copy()
    mixed = moments(data.iloc[::-1, ::-1]).covariance
    pd.testing.assert_frame_equal(mixed.loc[list(data), list(data)], moments(data).covariance)
    pd.testing.assert_frame_equal(data, before)


def test_moments_say_nothing_of_their_own_cannot_be_changed_and_can_be_sent() -> None:
    result = moments(answers())
    assert repr(result) == "<Moments: 4 columns, 40 rows, not released>"
    assert not hasattr(result, "_repr_html_")
    with pytest.raises(ValueError, match="read-only"):
        result.products[0, 0] = 1
    sent = pickle.loads(pickle.dumps(result))  # noqa: S301  our own bytes
    assert isinstance(sent, Moments)
    assert (sent.products == result.products).all()


def refusal(error: pytest.ExceptionInfo[ParameterError]) -> str:
    return str(error.value)


def test_everything_wrong_with_the_data_is_refused_without_showing_a_value() -> None:
    data = pd.DataFrame([[1.0, 2.0, 3.0]], columns=["a", "b", "a"])
    with pytest.raises(ParameterError) as error:
        moments(data)
    assert refusal(error) == '"a": is the name of 2 columns. Hint: Give every column its own name. [ICS-372]'
    with pytest.raises(ParameterError) as error:
        moments(pd.DataFrame({"a": ["my manager is rude"], "b": [1.0]}))
    assert refusal(error) == '"a": holds something other than numbers. [ICS-376]'
    with pytest.raises(ParameterError) as error:
        moments(pd.DataFrame({"a": [1.0, np.nan], "b": [np.inf, 1.0]}), weights=[1.0, 0.0])
    assert refusal(error) == (
        '"a": 1 of 2 values are missing or not finite. Hint: Impute or drop them first. [ICS-373]\n'
        '"b": 1 of 2 values are missing or not finite. Hint: Impute or drop them first. [ICS-373]\n'
        '"weights": 1 of 2 weights are not a number above 0. [ICS-375]'
    )
    with pytest.raises(ParameterError) as error:
        moments(answers(rows=3), weights=[1.0, 2.0])
    assert refusal(error) == '"weights": 2 weights for 3 rows; there must be one per row. [ICS-374]'


def test_moments_of_different_columns_do_not_merge() -> None:
    data = answers(columns=2)
    with pytest.raises(ParameterError) as error:
        moments(data).merge(moments(data[["Q1", "Q0"]]))
    assert refusal(error) == (
        'moments of "Q0", "Q1" cannot be merged with moments of "Q1", "Q0"; names and order must be the same. [ICS-370]'
    )


@pytest.mark.parametrize("value", [4.0, 10 / 3])
def test_a_constant_item_has_no_correlation_and_is_named(value: float) -> None:
    data = answers(columns=2).assign(SA1=value)
    with pytest.raises(ParameterError) as error:
        _ = moments(data).correlation
    assert refusal(error) == (
        'all answers to "SA1" are the same: no correlation exists. Hint: Leave the column out. [ICS-371]'
    )


def test_too_few_rows_are_refused() -> None:
    with pytest.raises(NotEnoughDataError) as error:
        _ = moments(answers(rows=1, columns=1)).covariance
    assert str(error.value) == '1 rows for "Q0"; at least 2 are needed. [ICS-529]'
    with pytest.raises(NotEnoughDataError) as error:
        _ = moments(answers(rows=0, columns=1)).mean
    assert str(error.value) == '0 rows for "Q0"; at least 1 are needed. [ICS-529]'
