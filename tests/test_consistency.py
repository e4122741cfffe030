"""Intervals and derivatives of the coefficients."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from reliability_cases import REFERENCES, reference_items
from shared import reference

from icstats.consistency import ALPHA, NORMAL_THEORY, SPEARMAN_BROWN, STANDARDISED, Plan, estimated, omega_rows, planned
from icstats.errors import ParameterError
from icstats.sampling import item_sample

COMPLETE = Plan(name="scale")


def random_covariance(k: int = 5) -> np.ndarray:
    values = np.random.default_rng(2).normal(size=(40, k)) @ np.random.default_rng(3).uniform(0.2, 1, size=(k, k))
    return np.cov(values, rowvar=False)


@pytest.mark.parametrize("coefficient", [ALPHA, STANDARDISED], ids=lambda coefficient: coefficient.code)
def test_derivatives_are_those_of_small_steps(coefficient: object) -> None:
    covariance = random_covariance()
    gradient = coefficient.gradient(covariance)
    for i, j in zip(*np.triu_indices(5), strict=True):
        step = np.zeros((5, 5))
        step[i, j] = step[j, i] = 1e-5
        change = coefficient.value(covariance + step) - coefficient.value(covariance - step)
        assert change == pytest.approx(2 * (gradient * step).sum(), abs=1e-11)


@pytest.mark.parametrize("coefficient", [ALPHA, STANDARDISED], ids=lambda coefficient: coefficient.code)
def test_a_stack_of_matrices_gives_a_stack_of_values(coefficient: object) -> None:
    covariance = random_covariance()
    stacked = coefficient.value(np.stack([covariance, 4 * covariance]))
    assert stacked == pytest.approx(np.repeat(coefficient.value(covariance), 2))


@pytest.mark.parametrize("name", REFERENCES)
@pytest.mark.parametrize("missing", ["listwise", "pairwise"])
def test_normal_theory_intervals_for_the_n_of_the_reference(name: str, missing: str) -> None:
    """The reference counts every row as an answer to every pair; icstats does not, but the formulas are the same."""
    expected = reference(name)["outputs"][missing]
    n, n_items = expected["n"], len(expected["item_mean"])
    for interval, field in (("feldt", "feldt95"), ("bonett", "bonett95_bias_corrected")):
        low, high = NORMAL_THEORY[interval](expected["alpha"], SimpleNamespace(n=n, n_items=n_items), COMPLETE)
        assert low == pytest.approx(expected[field]["lower"], abs=1e-10)
        assert high == pytest.approx(expected[field]["upper"], abs=1e-10)
    # The variant without correction differs by the factor of the bias, on the scale of 1 - alpha.
    assert 1 - low == pytest.approx((1 - expected["bonett95_no_bias"]["lower"]) * (n - 1) / n, abs=1e-10)
    assert 1 - high == pytest.approx((1 - expected["bonett95_no_bias"]["upper"]) * (n - 1) / n, abs=1e-10)


def test_adf_interval_is_symmetric_on_its_own_scale() -> None:
    sample = item_sample(reference_items("rel_attitude"))
    row, warnings = estimated(ALPHA, sample, COMPLETE)
    below = np.log(1 - row.conf_low) - np.log(1 - row.estimate)
    above = np.log(1 - row.estimate) - np.log(1 - row.conf_high)
    assert below == pytest.approx(above)
    # t on 29 degrees of freedom.
    assert below == pytest.approx(2.045229642 * row.std_error / (1 - row.estimate))
    assert warnings == []


def test_bootstrap_interval_holds_the_middle_of_the_replicates() -> None:
    sample = item_sample(reference_items("rel_holzinger_textual"))
    plan = Plan(name="scale", interval="bootstrap", n_boot=2000, seed=1)
    row, _ = estimated(ALPHA, sample, plan)
    adf, _ = estimated(ALPHA, sample, COMPLETE)
    assert row.estimate == adf.estimate
    assert row.std_error == pytest.approx(adf.std_error, rel=0.1)
    assert (row.conf_low, row.conf_high) == pytest.approx((adf.conf_low, adf.conf_high), abs=0.005)


def test_replicates_without_a_value_are_counted() -> None:
    # Two people answer differently; a draw without both of them has no variance at all.
    items = reference_items("rel_holzinger_textual").iloc[:12] * 0 + 3
    items.iloc[0] += [1, 2, 1]
    items.iloc[1] += [1, 1, 2]
    sample = item_sample(items)
    plan = Plan(name="scale", interval="bootstrap", n_boot=500, seed=1)
    row, warnings = estimated(ALPHA, sample, plan)
    failed = [code for code in warnings if code.startswith("failed_replicates:scale:")]
    assert len(failed) == 1
    assert 0.05 < int(failed[0].rsplit(":", 1)[1]) / 500 < 0.25
    assert row.conf_low < row.estimate


def test_perfect_agreement_has_no_interval() -> None:
    items = reference_items("rel_holzinger_textual")
    same = items.assign(x5=items["x4"], x6=items["x4"])
    for interval in ("adf", "bootstrap", "bonett"):
        row, warnings = estimated(ALPHA, item_sample(same), Plan(name="s", interval=interval, n_boot=200))
        assert row.estimate == pytest.approx(1)
        assert warnings[-1] == "no_interval:s:alpha"
        assert np.isnan([row.conf_low, row.conf_high]).all()


def test_two_people_have_no_interval() -> None:
    items = reference_items("rel_attitude")
    row, warnings = estimated(ALPHA, item_sample(items, clusters=[1, 2] * 15), COMPLETE)
    assert warnings == ["no_interval:scale:alpha"]
    assert np.isfinite(row.std_error)
    omega, warnings = omega_rows(item_sample(items, clusters=[1, 2] * 15), COMPLETE)
    assert warnings == ["no_interval:scale:omega_total"]
    assert np.isfinite(omega[0].estimate)


def test_methods_that_need_more_people_give_no_interval() -> None:
    items = reference_items("rel_attitude")
    drawn, warnings = estimated(
        ALPHA, item_sample(items, clusters=[1, 2] * 15), Plan(name="s", interval="bootstrap", n_boot=100)
    )
    assert warnings[-1] == "no_interval:s:alpha"
    assert np.isnan(drawn.std_error)
    three = item_sample(items.iloc[:3, :2])
    fisher, warnings = estimated(SPEARMAN_BROWN, three, Plan(name="s", interval="fisher"))
    assert warnings == ["no_interval:s:spearman_brown"]
    assert np.isfinite(fisher.estimate)


def test_a_fresh_seed_is_drawn_and_kept() -> None:
    plans = [
        planned("scale", interval="bootstrap", allowed=("bootstrap",), conf_level=0.9, n_boot=100) for _ in range(2)
    ]
    assert plans[0].seed != plans[1].seed
    assert all(0 <= plan.seed < 2**63 for plan in plans)


def test_settings_that_are_not_allowed_are_refused() -> None:
    with pytest.raises(ParameterError) as refused:
        planned("scale", interval="wald", allowed=("adf", "bootstrap"), conf_level=0.95)
    assert str(refused.value) == 'interval is "wald"; allowed are "adf", "bootstrap". [ICS-353]'
    with pytest.raises(ParameterError) as refused:
        planned("scale", interval="adf", allowed=("adf",), conf_level=95)
    assert str(refused.value) == ("conf_level is 95; it must lie between 0 and 1. Hint: For 95 % write 0.95. [ICS-354]")
    with pytest.raises(ParameterError) as refused:
        planned("scale", interval="bootstrap", allowed=("bootstrap",), conf_level=0.95, n_boot=20)
    assert str(refused.value) == "n_boot is 20; an interval needs at least 100 replicates. [ICS-355]"


@pytest.mark.parametrize("interval", ["adf", "bootstrap", "feldt", "bonett"])
def test_chance_above_a_threshold_is_that_of_the_interval_that_ends_there(interval: str) -> None:
    sample = item_sample(reference_items("rel_bfi_agree"))
    plan = Plan(name="s", interval=interval, n_boot=2000, seed=4)
    found, _ = estimated(ALPHA, sample, plan)
    reaching = replace(plan, conf_level=abs(2 * found.above_70 - 1))
    other, _ = estimated(ALPHA, sample, reaching)
    end = other.conf_low if found.above_70 > 0.5 else other.conf_high
    assert end == pytest.approx(0.7, abs=5e-4 if interval == "bootstrap" else 1e-9)
    assert found.above_80 < 0.01


def test_chances_of_omega_and_of_a_pair() -> None:
    omega = omega_rows(item_sample(reference_items("rel_bfi_neuro")), COMPLETE)[0][0]
    assert omega.above_70 > 0.999
    assert 0.5 < omega.above_80 < 1
    pair, _ = estimated(
        SPEARMAN_BROWN, item_sample(reference_items("rel_bfi_agree").iloc[:, 1:3]), Plan(name="s", interval="fisher")
    )
    assert (pair.above_70 > 0.5) == (pair.estimate > 0.7)
    assert pair.above_80 < pair.above_70
