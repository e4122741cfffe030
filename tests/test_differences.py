"""One difference of means: the paired test, Welch's test and the clustered regression are its special cases."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.api import OLS

from icstats.differences import Answers, difference_of_means


def answers(values: object, people: object) -> Answers:
    return Answers.of(np.asarray(values, dtype=float), np.asarray(people, dtype=np.int64))


def drawn(n: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(1, 11, n).astype(float)


@pytest.mark.parametrize("conf_level", [0.8, 0.95])
def test_the_same_people_give_the_paired_t_test(conf_level: float) -> None:
    first, second = drawn(40, 1), drawn(40, 2)
    found = difference_of_means(answers(first, range(40)), answers(second, range(40)))
    expected = stats.ttest_rel(first, second)
    assert found.interval(conf_level) == pytest.approx(tuple(expected.confidence_interval(conf_level)), abs=1e-12)
    assert found.p_value == pytest.approx(expected.pvalue, abs=1e-12)
    assert found.freedom == pytest.approx(39)


def test_other_people_give_welchs_t_test() -> None:
    first, second = drawn(17, 3), drawn(200, 4) / 2
    found = difference_of_means(answers(first, range(17)), answers(second, range(17, 217)))
    expected = stats.ttest_ind(first, second, equal_var=False)
    assert found.interval(0.95) == pytest.approx(tuple(expected.confidence_interval(0.95)), abs=1e-12)
    assert found.p_value == pytest.approx(expected.pvalue, abs=1e-12)


def test_people_who_repeat_give_the_clustered_regression_on_the_wave() -> None:
    rng = np.random.default_rng(5)
    people = rng.integers(0, 60, 240)
    values = rng.normal(size=240) + 0.5 * people / 60
    wave = np.repeat([1.0, 0.0], 120)
    first, second = answers(values[:120], people[:120]), answers(values[120:], people[120:])
    model = OLS(values, np.column_stack([np.ones(240), wave])).fit(
        cov_type="cluster", cov_kwds={"groups": people, "use_correction": False}
    )
    found = difference_of_means(first, second)
    assert found.estimate == pytest.approx(model.params[1], abs=1e-12)
    # Both sides' factors c / (c - 1) are about 1.02 here.
    assert found.std_error == pytest.approx(model.bse[1], rel=0.015)


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(2, 30), st.integers(0, 30))
def test_the_order_of_sides_and_rows_does_not_matter(seed: int, n: int, shared: int) -> None:
    rng = np.random.default_rng(seed)
    values, others = rng.normal(size=n), rng.normal(size=n + 3)
    people, other_people = np.arange(n), np.arange(n + 3) + max(n - shared, 0)
    one = difference_of_means(answers(values, people), answers(others, other_people))
    order = rng.permutation(n + 3)
    other = difference_of_means(answers(others[order], other_people[order]), answers(values, people))
    assert other.estimate == pytest.approx(-one.estimate, abs=1e-12)
    assert other.std_error == pytest.approx(one.std_error, rel=1e-9)
    assert other.freedom == pytest.approx(one.freedom, rel=1e-9)


def test_missing_answers_are_left_out_and_nothing_is_claimed_without_spread() -> None:
    some = answers([4.0, np.nan, 5.0], [0, 1, 2])
    assert (some.n, some.n_people, some.mean) == (2, 2, 4.5)
    same = answers([3.0, 3.0], [3, 4])
    assert np.isnan(difference_of_means(same, same).std_error)
    alone = difference_of_means(answers([3.0], [0]), some)
    assert alone.estimate == -1.5
    assert np.isnan(alone.interval(0.95)).all()
    assert np.isnan(difference_of_means(answers([], []), some).estimate)
