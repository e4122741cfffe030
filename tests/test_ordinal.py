"""Ordinal alpha and categorical omega: R's values, their derivatives, and where the latent matrix is broken."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from reliability_cases import REFERENCES, reference_items
from shared import reference
from test_latent import graded

from icstats.consistency import STANDARDISED
from icstats.latent import polychoric
from icstats.ordinal import omega_categorical, ordinal_alpha
from icstats.reliability import cronbach_alpha

BFI = tuple(name for name in REFERENCES if "bfi" in name)


def only(result: object) -> pd.Series:
    assert len(result.data) == 1
    return result.data.iloc[0]


@pytest.mark.parametrize("name", BFI)
def test_ordinal_alpha_is_that_of_r(name: str) -> None:
    file = reference(name)
    expected, found = file["outputs"]["polychoric"], only(ordinal_alpha(reference_items(name)))
    assert found["estimate"] == pytest.approx(expected["ordinal_alpha_lavaan"], abs=1e-7)
    for field in ("ordinal_alpha_psych_correct0", "ordinal_alpha_psych_default"):
        assert found["estimate"] == pytest.approx(expected[field], abs=file["tolerance"]["polychoric"])
    assert found["conf_low"] < found["estimate"] < found["conf_high"]
    assert found["n"] == file["outputs"]["listwise"]["n"]


@pytest.mark.parametrize("name", BFI)
def test_categorical_omega_is_that_of_semtools(name: str) -> None:
    file = reference(name)
    found = only(omega_categorical(reference_items(name)))
    expected = file["outputs"]["omega_categorical_green_yang_semTools"]
    assert found["estimate"] == pytest.approx(expected, abs=1e-6)
    assert found["conf_low"] < found["estimate"] < found["conf_high"]


def test_ordinal_alpha_is_standardised_alpha_of_the_matrix() -> None:
    items = graded(300, 0.4, k=4)
    assert only(ordinal_alpha(items))["estimate"] == pytest.approx(
        float(STANDARDISED.value(polychoric(items).matrix.to_numpy()))
    )


@pytest.mark.parametrize("coefficient", [ordinal_alpha, omega_categorical])
def test_standard_error_is_that_of_refitting_without_each_person(coefficient: object) -> None:
    base = graded(70, 0.4, k=4)
    items = pd.concat([base, graded(70, 0.4, k=4, seed=5)], ignore_index=True)
    people = np.tile(np.arange(70), 2)
    found = only(coefficient(items, clusters=people))
    left_out = np.array([only(coefficient(items[people != who]))["estimate"] for who in range(70)])
    jackknife = np.sqrt(69 / 70 * ((left_out - left_out.mean()) ** 2).sum())
    assert found["std_error"] == pytest.approx(jackknife, rel=0.1)
    assert found["n_people"] == 70


def test_omega_of_many_categories_nears_omega_of_the_normal_variables() -> None:
    cuts = tuple(np.linspace(-2.2, 2.2, 14))
    found = only(omega_categorical(graded(20_000, 0.5, k=4, cuts=cuts)))
    assert found["estimate"] == pytest.approx(4 * 0.5 / (1 + 3 * 0.5), abs=0.01)


def test_two_categories_hold_less_than_the_variables_behind_them() -> None:
    items = graded(5000, 0.5, k=4, cuts=(0.8,))
    assert only(omega_categorical(items))["estimate"] < only(ordinal_alpha(items))["estimate"] - 0.05
    alpha = cronbach_alpha(items).data["estimate"].iloc[0]
    assert only(omega_categorical(items))["estimate"] == pytest.approx(alpha, abs=0.02)


def test_order_and_names_do_not_matter() -> None:
    items = graded(200, 0.4, k=4)
    turned = items.sample(frac=1, random_state=2)[["q3", "q1", "q0", "q2"]].rename(columns={"q3": "à b"})
    for coefficient in (ordinal_alpha, omega_categorical):
        one, other = only(coefficient(items)), only(coefficient(turned))
        for number in ("estimate", "std_error"):
            assert other[number] == pytest.approx(one[number], abs=1e-6)


def test_a_pair_at_its_bound_leaves_no_interval_and_says_so() -> None:
    items = pd.DataFrame(
        {"a": [0.0] * 10 + [1.0] * 10, "b": [0.0] * 8 + [1.0] * 12, "c": [0.0, 1.0] * 4 + [1.0, 0, 1, 1] * 3}
    )
    found = ordinal_alpha(items)
    assert only(found)[["conf_low", "conf_high"]].isna().all()
    assert {"at_bound:a:b", "no_interval:scale:ordinal_alpha"} <= set(found.settings.warnings)


def test_a_matrix_that_had_to_be_smoothed_is_said() -> None:
    random = np.random.default_rng(11)
    for _ in range(50):
        items = pd.DataFrame(random.integers(1, 4, size=(15, 8)).astype(float), columns=list("abcdefgh"))
        if np.linalg.eigvalsh(polychoric(items).matrix.to_numpy())[0] < 0:
            break
    found = omega_categorical(items)
    assert {"not_positive_definite:scale", "smoothed:scale"} <= set(found.settings.warnings)
    assert 0 <= only(found)["estimate"] <= 1
