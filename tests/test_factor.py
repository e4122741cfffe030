"""The one-factor model: lavaan's values, its derivative, and what it does where it does not fit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reliability_cases import REFERENCES, reference_items
from shared import reference

from icstats.factor import LOWEST_UNIQUENESS, fit_one_factor, is_singular


def covariance_of(name: str) -> tuple[np.ndarray, int]:
    items = reference_items(name).dropna()
    return np.cov(items.to_numpy(), rowvar=False, ddof=0), len(items)


def planted(loadings: list[float], uniquenesses: list[float]) -> np.ndarray:
    return np.outer(loadings, loadings) + np.diag(uniquenesses)


@pytest.mark.parametrize("name", REFERENCES)
def test_lavaan_values(name: str) -> None:
    file = reference(name)
    expected, tolerance = file["outputs"]["omega_onefactor_ml"], file["tolerance"]["omega_ml"]
    covariance, n = covariance_of(name)
    model = fit_one_factor(covariance)
    assert model.converged
    assert not model.heywood.any()
    assert model.omega == pytest.approx(expected["omega_model_implied"], abs=tolerance)
    observed = model.loadings.sum() ** 2 / covariance.sum()
    assert observed == pytest.approx(expected["omega_observed_var_n"], abs=tolerance)
    assert model.loadings == pytest.approx(np.array(list(expected["loadings"].values())), abs=tolerance)
    # lavaan stops a little earlier, and uniquenesses of 90 squared points show it.
    assert model.uniquenesses == pytest.approx(np.array(list(expected["uniqueness"].values())), rel=tolerance)
    assert model.chi2(n) == pytest.approx(expected["chisq"], abs=tolerance)
    assert model.df == expected["df"]
    assert model.cfi(n) == pytest.approx(expected["cfi"], abs=tolerance)
    assert model.rmsea(n) == pytest.approx(expected["rmsea"], abs=tolerance)


@pytest.mark.parametrize("name", REFERENCES)
def test_derivative_of_omega_is_that_of_refitting(name: str) -> None:
    covariance, _ = covariance_of(name)
    k = len(covariance)
    gradient = fit_one_factor(covariance).omega_gradient
    for i, j in zip(*np.triu_indices(k), strict=True):
        nudge = np.zeros((k, k))
        nudge[i, j] = nudge[j, i] = 1e-3 * np.sqrt(covariance[i, i] * covariance[j, j])
        change = fit_one_factor(covariance + nudge).omega - fit_one_factor(covariance - nudge).omega
        assert change == pytest.approx(2 * (gradient * nudge).sum(), abs=2e-7)


def test_planted_model_is_found_exactly() -> None:
    loadings, uniquenesses = [1.0, 0.8, 0.6, 0.5], [0.3, 0.4, 0.5, 0.6]
    model = fit_one_factor(planted(loadings, uniquenesses))
    assert model.loadings == pytest.approx(np.array(loadings), abs=1e-6)
    assert model.uniquenesses == pytest.approx(np.array(uniquenesses), abs=1e-6)
    assert model.omega == pytest.approx(2.9**2 / (2.9**2 + 1.8), abs=1e-7)
    assert model.chi2(1000) == pytest.approx(0, abs=1e-6)
    assert model.cfi(1000) == 1
    assert model.rmsea(1000) == 0


def test_an_item_that_goes_against_the_others_loads_negatively() -> None:
    model = fit_one_factor(planted([1.0, 0.8, -0.6, 0.5], [0.3, 0.4, 0.5, 0.6]))
    assert (model.loadings < 0).tolist() == [False, False, True, False]


def test_heywood_case_is_named_and_held() -> None:
    # The correlations ask for a first loading of sqrt(.8 * .8 / .5) > 1.
    correlation = np.array([[1, 0.8, 0.8], [0.8, 1, 0.5], [0.8, 0.5, 1]])
    model = fit_one_factor(correlation)
    assert model.heywood.tolist() == [True, False, False]
    assert model.uniquenesses[0] == pytest.approx(LOWEST_UNIQUENESS)
    assert model.converged
    assert np.isfinite(model.omega_gradient).all()


def test_items_without_anything_in_common_identify_no_model_and_give_no_interval() -> None:
    model = fit_one_factor(np.eye(4))
    assert model.discrepancy == pytest.approx(0, abs=1e-12)
    assert model.cfi(100) == 1
    assert np.isnan(model.omega_gradient).all()


def test_an_item_given_twice_is_singular() -> None:
    assert is_singular(np.array([[1.0, 1.0, 0.5], [1.0, 1.0, 0.5], [0.5, 0.5, 1.0]]))
    assert not is_singular(np.eye(3))


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.floats(0.3, 0.9), min_size=3, max_size=8),
    st.floats(0.01, 100),
    st.randoms(use_true_random=False),
)
def test_order_and_scale_do_not_matter(loadings: list[float], scale: float, random: object) -> None:
    k = len(loadings)
    noise = np.array([[random.uniform(-0.03, 0.03) for _ in range(k)] for _ in range(k)])  # type: ignore[attr-defined]
    covariance = planted(loadings, [1 - loading**2 for loading in loadings]) + np.triu(noise, 1) + np.triu(noise, 1).T
    order = list(range(k))
    random.shuffle(order)  # type: ignore[attr-defined]
    model, turned = fit_one_factor(covariance), fit_one_factor(scale * covariance[np.ix_(order, order)])
    assert turned.omega == pytest.approx(model.omega, abs=1e-5)
    assert turned.discrepancy == pytest.approx(model.discrepancy, abs=1e-8)
    if not model.heywood.any():
        assert (model.omega_gradient * covariance).sum() == pytest.approx(0, abs=1e-6)
