"""Polychoric correlations: lavaan's and psych's values, the bivariate normal, and tables that are sparse."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reliability_cases import REFERENCES, SOURCES
from scipy.stats import multivariate_normal
from shared import reference

from icstats.bivariate import density, distribution, slope
from icstats.errors import NotEnoughDataError, ParameterError
from icstats.latent import fit_latent, polychoric, positive_definite
from icstats.sampling import item_sample

BFI = tuple(name for name in REFERENCES if "bfi" in name)
CUTS = (-1.2, -0.4, 0.5, 1.1)


def raw_items(name: str) -> pd.DataFrame:
    """Return the items as they were asked: the matrices of the reference files are of those."""
    return SOURCES["bfi"]()[list(reference(name)["inputs"]["keys"])].astype(float)


def graded(n: int, correlation: float, *, seed: int = 1, k: int = 3, cuts: tuple[float, ...] = CUTS) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    common, own = random.normal(size=(n, 1)), random.normal(size=(n, k))
    values = np.sqrt(correlation) * common + np.sqrt(1 - correlation) * own
    return pd.DataFrame(1.0 + np.digitize(values, cuts), columns=[f"q{j}" for j in range(k)])


# ------------------------------------------------------------------------------------------------- bivariate normal


@pytest.mark.parametrize(("correlation", "within"), [(0.0, 1e-14), (-0.6, 1e-13), (0.95, 1e-12), (0.999, 1e-6)])
def test_distribution_is_that_of_scipy(correlation: float, within: float) -> None:
    points = np.random.default_rng(1).normal(size=(40, 2))
    expected = multivariate_normal.cdf(points, cov=[[1, correlation], [correlation, 1]])
    found = distribution(points[:, 0], points[:, 1], np.full(40, correlation))
    assert found == pytest.approx(expected, abs=within)


@given(st.floats(-3, 3), st.floats(-3, 3), st.floats(-0.95, 0.95))
def test_density_and_slope_are_the_derivatives(first: float, second: float, correlation: float) -> None:
    a, b, r, step = (np.array([value]) for value in (first, second, correlation, 1e-5))
    by_correlation = (distribution(a, b, r + step) - distribution(a, b, r - step)) / (2 * step)
    assert density(a, b, r) == pytest.approx(by_correlation, abs=1e-6)
    by_first = (distribution(a + step, b, r) - distribution(a - step, b, r)) / (2 * step)
    assert slope(a, b, r) == pytest.approx(by_first, abs=1e-6)


# ------------------------------------------------------------------------------------------------- reference values


@pytest.mark.parametrize("name", BFI)
@pytest.mark.parametrize(("field", "within"), [("lavaan_two_step", 1e-7), ("psych_correct0_global_false", 1e-4)])
def test_matrix_is_that_of_r(name: str, field: str, within: float) -> None:
    file = reference(name)
    expected = file["outputs"]["polychoric"][field]
    assert within < file["tolerance"]["polychoric"]
    found = polychoric(raw_items(name))
    assert found.matrix.columns.tolist() == expected["cols"]
    assert found.matrix.to_numpy() == pytest.approx(np.array(expected["values"]), abs=within)
    assert (found.data["n"] == file["outputs"]["listwise"]["n"]).all()


@pytest.mark.parametrize(("inside", "correlation"), [(400, 0.5), (400, -0.5)])
def test_two_by_two_cut_in_the_middle_has_a_closed_form(inside: int, correlation: float) -> None:
    # With both cut at the median, P(both below) = 1/4 + asin(r) / (2 pi).
    same = round(2 * inside * (0.25 + np.arcsin(correlation) / (2 * np.pi)) * 3)
    half = 3 * inside
    pairs = [(0, 0)] * same + [(1, 1)] * same + [(0, 1)] * (half - same) + [(1, 0)] * (half - same)
    found = polychoric(pd.DataFrame(pairs, columns=["a", "b"], dtype=float)).data["estimate"][0]
    assert found == pytest.approx(np.sin(2 * np.pi * (same / (2 * half) - 0.25)), abs=1e-8)


def test_standard_error_is_that_of_refitting_without_each_rating() -> None:
    items = graded(150, 0.4, k=2)
    found = polychoric(items).data.iloc[0]
    left_out = np.array([polychoric(items.drop(index=row)).data["estimate"][0] for row in items.index])
    jackknife = np.sqrt(149 / 150 * ((left_out - left_out.mean()) ** 2).sum())
    assert found["std_error"] == pytest.approx(jackknife, rel=0.03)


def test_standard_error_of_clusters_is_that_of_refitting_without_each_person() -> None:
    base = graded(200, 0.4, k=2)
    items = pd.concat([base, base, graded(200, 0.4, k=2, seed=9)], ignore_index=True)
    items.iloc[::11, 0] = np.nan
    people = np.tile(np.arange(200), 3)
    found = polychoric(items, clusters=people, missing="pairwise").data.iloc[0]
    left_out = np.array(
        [polychoric(items[people != who], missing="pairwise").data["estimate"][0] for who in range(200)]
    )
    jackknife = np.sqrt(199 / 200 * ((left_out - left_out.mean()) ** 2).sum())
    assert found["std_error"] == pytest.approx(jackknife, rel=0.05)
    assert found["std_error"] > 1.2 * polychoric(items, missing="pairwise").data["std_error"][0]


def test_planted_correlation_is_inside_its_interval() -> None:
    found = polychoric(graded(4000, 0.5, k=6)).data
    assert ((found["conf_low"] < 0.5) & (found["conf_high"] > 0.5)).mean() > 0.8
    assert found["estimate"].mean() == pytest.approx(0.5, abs=0.02)


def test_table_and_rows_give_the_same_errors() -> None:
    items = graded(300, 0.3)
    latent = fit_latent(item_sample(items))
    assert latent.errors == pytest.approx([latent.error(unit) for unit in np.eye(3)], rel=1e-10)


# ------------------------------------------------------------------------------------------------------ invariances


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_order_names_and_scale_do_not_matter(seed: int) -> None:
    random = np.random.default_rng(seed)
    items = graded(80, 0.4, seed=seed, k=4)
    columns = list(random.permutation(items.columns))
    turned = items[columns].sample(frac=1, random_state=seed) ** 3 * 7 - 2
    before, after = polychoric(items), polychoric(turned)
    assert after.matrix.loc[items.columns, items.columns].to_numpy() == pytest.approx(
        before.matrix.to_numpy(), abs=1e-7
    )


def test_a_reversed_item_turns_the_signs() -> None:
    items = graded(200, 0.4)
    before, after = polychoric(items).matrix, polychoric(items.assign(q0=6 - items["q0"])).matrix
    assert after.loc["q0", "q1"] == pytest.approx(-before.loc["q0", "q1"], abs=1e-8)
    assert after.loc["q1", "q2"] == pytest.approx(before.loc["q1", "q2"], abs=1e-12)


def test_input_is_not_changed() -> None:
    items = graded(50, 0.4)
    before = items.copy()
    polychoric(items)
    pd.testing.assert_frame_equal(items, before)


# ------------------------------------------------------------------------------------------------- sparse and broken


def test_pairwise_says_how_many_stand_behind_each_pair() -> None:
    items = graded(100, 0.4)
    items.loc[:29, "q0"] = np.nan
    items.loc[90:, "q1"] = np.nan
    found = polychoric(items, missing="pairwise").data.set_index(["item", "with_item"])
    assert found["n"].tolist() == [60, 70, 90]
    assert (found["n_people"] == found["n"]).all()
    alone = polychoric(items[["q1", "q2"]], missing="pairwise").data.iloc[0]
    assert found.loc[("q1", "q2"), "estimate"] == pytest.approx(alone["estimate"], abs=1e-10)


def test_empty_cells_are_counted_and_may_be_filled() -> None:
    items = pd.DataFrame({"a": [0.0] * 10 + [1.0] * 10, "b": [0.0] * 8 + [1.0] * 12})
    left = polychoric(items)
    assert left.data["empty_cells"].tolist() == [1]
    assert left.settings.warnings == ("at_bound:a:b", "empty_cells:scale:1")
    assert left.data["estimate"][0] == pytest.approx(1, abs=1e-3)
    assert left.data[["std_error", "conf_low", "conf_high"]].isna().all(axis=None)
    filled = polychoric(items, empty_cells=0.5)
    assert 0.8 < filled.data["estimate"][0] < 0.99
    assert filled.data["empty_cells"].tolist() == [1]


def test_categories_that_an_item_lacks_are_no_empty_cells() -> None:
    items = graded(2000, 0.3).assign(q2=lambda frame: (frame["q2"] > 2).astype(float))
    found = polychoric(items)
    assert found.settings.warnings == ()
    assert found.data["empty_cells"].tolist() == [0, 0, 0]


def test_a_matrix_that_is_not_positive_definite_is_said_and_smoothed_only_for_factors() -> None:
    rows = np.random.default_rng(3).integers(1, 3, size=(14, 7)).astype(float)
    items = pd.DataFrame(rows, columns=list("abcdefg"))
    found = polychoric(items)
    smallest = np.linalg.eigvalsh(found.matrix.to_numpy())[0]
    assert (smallest <= 0) == ("not_positive_definite:scale" in found.settings.warnings)
    broken = np.array([[1, 0.9, 0.1], [0.9, 1, 0.9], [0.1, 0.9, 1]])
    mended, smoothed = positive_definite(broken)
    assert smoothed
    assert np.linalg.eigvalsh(mended)[0] > 0
    assert np.diag(mended) == pytest.approx(np.ones(3))
    assert not positive_definite(np.eye(3))[1]


def test_refusals() -> None:
    with pytest.raises(ParameterError) as refused:
        polychoric(pd.DataFrame(np.random.default_rng(1).normal(size=(30, 2)), columns=["a", "b"]))
    assert [str(problem) for problem in refused.value.problems] == [
        f'"{item}": has 30 different answers; a polychoric correlation is for at most 20. Hint: Numbers with that many '
        "values need no normal variable behind them: use cronbach_alpha. [ICS-381]"
        for item in "ab"
    ]
    with pytest.raises(ParameterError, match=r"empty_cells is -1; it is the count put in an empty cell, 0 or more"):
        polychoric(graded(50, 0.4), empty_cells=-1)
    with pytest.raises(NotEnoughDataError, match="has the same answer in every rating"):
        polychoric(graded(50, 0.4).assign(q0=3.0))
