"""Errors for few people and for two groupings: equal to their definitions, exact where theory is, and they cover."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.stats import t

from icstats.cases import complete_cases
from icstats.drivers import regression
from icstats.errors import NotEnoughDataError, ParameterError
from icstats.linear import LinearFit, fit_linear


def answers(seed: int, *, people: int = 12, each: int = 4, effect: float = 0.0) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(people), each)
    drivers = rng.standard_normal((people, 2))[who] + rng.standard_normal((people * each, 2))
    mark = effect * drivers[:, 0] + rng.standard_normal(people)[who] + rng.standard_normal(people * each)
    return pd.DataFrame(np.column_stack([mark, drivers]), columns=["mark", "a", "b"]), who


def fitted(data: pd.DataFrame, people: np.ndarray | None, **more: Any) -> LinearFit:  # noqa: ANN401
    weights = more.pop("weights", None)
    cases = complete_cases(data, outcome="mark", drivers=["a", "b"], clusters=people, weights=weights)
    return fit_linear(cases, **more)


def cr2_by_definition(data: pd.DataFrame, people: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the covariance and degrees of freedom, by the formulas of Pustejovsky & Tipton and full matrices."""
    x = np.column_stack([np.ones(len(data)), data[["a", "b"]]])
    bread = np.linalg.inv(x.T @ (x * weights[:, None]))
    left = np.eye(len(x)) - x @ bread @ (x * weights[:, None]).T
    residuals = left @ data["mark"].to_numpy()
    meat, rows = np.zeros((3, 3)), []
    for person in np.unique(people):
        own = people == person
        sizes, directions = np.linalg.eigh(left[own] @ left[own].T)
        root = directions / np.sqrt(sizes) @ directions.T
        pull = (x[own] * weights[own, None]).T @ root
        meat += np.outer(pull @ residuals[own], pull @ residuals[own])
        rows.append(bread @ pull @ left[own])
    products = np.einsum("gtn,htn->tgh", rows, rows)
    freedom = np.trace(products, axis1=1, axis2=2) ** 2 / (products**2).sum(axis=(1, 2))
    return bread @ meat @ bread, freedom


@pytest.mark.parametrize("weighted", [False, True])
def test_cr2_equals_its_definition(weighted: bool) -> None:  # noqa: FBT001  a case of the test
    data, people = answers(1)
    weights = np.random.default_rng(2).uniform(0.5, 3, len(data)) if weighted else np.ones(len(data))
    fit = fitted(data, people, weights=weights)
    covariance, freedom = cr2_by_definition(data, people, weights)
    assert fit.errors == "cr2"
    assert fit.covariance == pytest.approx(covariance, abs=1e-10)
    assert fit.degrees_of_freedom == pytest.approx(freedom, rel=1e-8)


def test_cr2_of_a_mean_over_equal_clusters_is_the_t_test_of_their_means() -> None:
    """Where the driver is constant within people and balanced, the contrast is a two-sample t test of person means."""
    rng = np.random.default_rng(3)
    who = np.repeat(np.arange(10), 5)
    data = pd.DataFrame({"a": (who < 5).astype(float), "mark": rng.standard_normal(10)[who] + rng.standard_normal(50)})
    cases = complete_cases(data, outcome="mark", drivers=["a"], clusters=who)
    fit = fit_linear(cases)
    means = data.groupby(who)["mark"].mean().to_numpy()
    error = np.sqrt(means[:5].var(ddof=1) / 5 + means[5:].var(ddof=1) / 5)
    assert np.sqrt(fit.covariance[1, 1]) == pytest.approx(error)
    assert fit.degrees_of_freedom[1] == pytest.approx(8)


def test_two_way_errors_add_people_and_departments_and_take_off_both() -> None:
    data, people = answers(4, people=60, each=5)
    departments = np.tile(np.arange(5), 60)
    fit = fitted(data, people, crossed=departments)
    model = sm.OLS(data["mark"], sm.add_constant(data[["a", "b"]]))

    def one_way(groups: np.ndarray) -> np.ndarray:
        return np.asarray(model.fit(cov_type="cluster", cov_kwds={"groups": groups}).cov_params())

    expected = one_way(people) + one_way(departments) - one_way(people * 5 + departments)
    assert fit.covariance == pytest.approx(expected, rel=1e-8)
    assert fit.warnings == ("few_groups",)
    assert (fit.errors, set(fit.degrees_of_freedom)) == ("two_way", {4.0})
    assert (np.diag(fit.covariance) >= 0).all()


def test_a_negative_two_way_variance_becomes_0_and_is_named() -> None:
    rng = np.random.default_rng(1)
    frames = [
        (pd.DataFrame(rng.standard_normal((24, 3)), columns=["mark", "a", "b"]), rng.permutation(np.arange(24) % 4))
        for _ in range(20)
    ]
    fits = [fitted(data, np.arange(24) % 6, crossed=groups) for data, groups in frames]
    assert {fit.warnings for fit in fits} == {("two_way_not_positive", "few_groups"), ("few_groups",)}
    assert all(np.linalg.eigvalsh(fit.covariance).min() >= -1e-12 for fit in fits)


def test_a_second_grouping_of_single_rows_changes_nothing() -> None:
    data, people = answers(5, people=50, each=3)
    alone, both = fitted(data, people), fitted(data, people, crossed=np.arange(150))
    assert both.covariance == pytest.approx(alone.covariance, rel=1e-9)


def test_contrasts_are_sums_of_terms() -> None:
    data, people = answers(6, people=50)
    fit = fitted(data, people, contrasts=np.array([[0, 1.0, 1.0]]))
    assert fit.coefficients[3] == pytest.approx(fit.coefficients[1] + fit.coefficients[2])
    assert fit.covariance[3, 3] == pytest.approx(fit.covariance[1:3, 1:3].sum())


def test_the_regression_says_which_errors_and_how_many_degrees_of_freedom() -> None:
    data, people = answers(7)
    few = regression(data, outcome="mark", drivers=["a", "b"], clusters=people)
    rows = few.data[few.data["statistic"] == "coefficient"]
    covariance, freedom = cr2_by_definition(data, people, np.ones(len(data)))
    reach = t.ppf(0.975, freedom) * np.sqrt(np.diag(covariance))
    assert rows["conf_high"].to_numpy() - rows["estimate"].to_numpy() == pytest.approx(reach)
    assert few.settings.interval == "cr2"
    assert few.settings.degrees_of_freedom == pytest.approx(freedom.min())
    assert few.settings.warnings[-1] == "few_clusters"
    departments = np.tile(np.arange(4), 12)
    crossed = regression(data, outcome="mark", drivers=["a", "b"], clusters=people, crossed=departments)
    assert (crossed.settings.interval, crossed.settings.degrees_of_freedom) == ("two_way", 3)


def test_constants_and_copies_have_a_finite_answer_among_few_people_too() -> None:
    data, people = answers(9)
    data = data.assign(same=2.0, twin=data["a"])
    result = regression(data, outcome="mark", drivers=["a", "b", "same", "twin"], clusters=people)
    rows = result.data[result.data["statistic"] == "coefficient"].set_index("term")
    assert rows.loc["same", "estimate"] == 0
    assert np.isnan(rows.loc["same", "std_error"])
    assert rows.loc["twin", "std_error"] == pytest.approx(rows.loc["a", "std_error"])
    assert np.isfinite(rows.drop(index="same")[["std_error", "conf_low", "p_value"]]).all(axis=None)
    assert np.isfinite(result.settings.degrees_of_freedom)


@pytest.mark.parametrize("people", [None, np.arange(48) // 2, np.arange(48) // 4])
def test_a_coefficient_that_hangs_on_one_row_has_no_error_and_the_others_have_theirs(people: np.ndarray | None) -> None:
    data, _ = answers(10)
    data["a"] = (np.arange(48) == 47).astype(float)
    fit = fitted(data, people)
    cases = complete_cases(data[:47], outcome="mark", drivers=["b"], clusters=None if people is None else people[:47])
    without = fit_linear(cases)
    assert fit.coefficients[[0, 2]] == pytest.approx(without.coefficients)
    assert np.isnan(fit.covariance[1, 1])
    if people is None:
        assert fit.covariance[np.ix_([0, 2], [0, 2])] == pytest.approx(without.covariance)
    assert np.isfinite(fit.covariance[np.ix_([0, 2], [0, 2])]).all()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            {"crossed": [1] * 48},
            ParameterError,
            "crossed is given without clusters; two-way errors need both. [ICS-352]",
        ),
        (
            {"clusters": list(range(24)) * 2, "crossed": [1, 2]},
            ParameterError,
            "crossed has 2 values for 48 rows. [ICS-352]",
        ),
        (
            {"clusters": list(range(24)) * 2, "crossed": [1, 2] * 24},
            NotEnoughDataError,
            "crossed has 2 groups in the complete rows; at least 3 are needed. [ICS-512]",
        ),
    ],
)
def test_refusals(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    data, _ = answers(8)
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        regression(data, outcome="mark", drivers=["a", "b"], **arguments)


def test_intervals_of_few_people_hold_the_truth_where_cr1_does_not() -> None:
    """400 samples of 12 people: the interval of CR2 holds in about 95 %, that of CR1 in fewer (binomial sd 1.1 %)."""
    held, held_by_cr1 = [], []
    for seed in range(400):
        data, people = answers(1000 + seed, people=12, each=5, effect=0.3)
        fit = fitted(data, people)
        reach = t.ppf(0.975, fit.degrees_of_freedom[1]) * np.sqrt(fit.covariance[1, 1])
        held.append(abs(fit.coefficients[1] - 0.3) <= reach)
        model = sm.OLS(data["mark"], sm.add_constant(data[["a", "b"]]))
        error = model.fit(cov_type="cluster", cov_kwds={"groups": people}).bse.iloc[1]
        held_by_cr1.append(abs(fit.coefficients[1] - 0.3) <= t.ppf(0.975, 11) * error)
    assert 0.92 <= np.mean(held) <= 0.98
    assert np.mean(held_by_cr1) < np.mean(held)
