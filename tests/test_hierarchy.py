"""Omega hierarchical: psych's values, a planted hierarchy, and what is too little for it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from reliability_cases import REFERENCES, bfi, holzinger, reference_items
from shared import reference

from icstats.errors import NotEnoughDataError, ParameterError
from icstats.hierarchy import omega_hierarchical
from icstats.schmid_leiman import SchmidLeiman, fit_minres, fit_schmid_leiman

NINE = [f"x{number}" for number in range(1, 10)]


def bfi25() -> pd.DataFrame:
    """Return 25 items, turned round where psych does so."""
    loadings = reference("omega_bfi25")["outputs"]["g_loadings"]
    turned = [code.rstrip("-") for code in loadings if code.endswith("-")]
    items = bfi().iloc[:, 1:26].astype(float)
    return items.assign(**{item: 7 - items[item] for item in turned})


def model_of(items: pd.DataFrame, n_factors: int) -> SchmidLeiman:
    return fit_schmid_leiman(np.corrcoef(items.dropna().to_numpy(), rowvar=False), n_factors)


CASES = {"omega_bfi25": (bfi25, 5), "omega_holzinger9": (lambda: holzinger()[NINE], 3)}


@pytest.mark.parametrize("name", CASES)
def test_omega_hierarchical_is_that_of_psych(name: str) -> None:
    file, (items, n_factors) = reference(name), CASES[name]
    expected, tolerance = file["outputs"], file["tolerance"]["omega"]
    found = omega_hierarchical(items(), n_factors=n_factors).data.set_index("coefficient")
    assert found.loc["omega_hierarchical", "estimate"] == pytest.approx(expected["omega_h"], abs=1e-4)
    assert found.loc["omega_total_group_factors", "estimate"] == pytest.approx(expected["omega_t"], abs=1e-4)
    if "omega_lim" in expected:
        assert found.loc["omega_asymptotic", "estimate"] == pytest.approx(expected["omega_lim"], abs=1e-4)
        assert (found["n"] == expected["n"]).all()
    loadings = model_of(items(), n_factors).general
    assert loadings == pytest.approx(np.array(list(expected["g_loadings"].values())), abs=tolerance)


def test_group_factors_are_those_of_psych() -> None:
    file = reference("omega_bfi25")
    total, general, group = np.array(file["outputs"]["group"]["values"])[1:].T
    model = model_of(bfi25(), 5)
    found = np.array(sorted(model.subscale(factor) for factor in range(5)))
    expected = np.array(sorted(zip(general, group, strict=True)))
    assert found == pytest.approx(expected, abs=file["tolerance"]["omega"])
    assert found.sum(axis=1) == pytest.approx(np.array([total[i] for i in np.argsort(general)]), abs=0.005)


@pytest.mark.parametrize("name", REFERENCES)
def test_one_minres_factor_is_that_of_psych(name: str) -> None:
    file = reference(name)
    expected, within = file["outputs"]["omega_onefactor_minres_std"], file["tolerance"].get("omega_minres", 1e-4)
    correlation = np.corrcoef(reference_items(name).dropna().to_numpy(), rowvar=False)
    loadings = fit_minres(correlation, 1)[0][:, 0]
    loadings = loadings * np.sign(loadings.sum())
    assert loadings == pytest.approx(np.array(list(expected["loadings"].values())), abs=within)
    assert loadings.sum() ** 2 / correlation.sum() == pytest.approx(expected["omega_total"], abs=within)


def planted() -> tuple[np.ndarray, np.ndarray]:
    """Return a correlation matrix with a general and three group factors, and the general loadings."""
    top, own = np.repeat([0.8, 0.7, 0.6], 4), np.tile([0.8, 0.7, 0.75, 0.65], 3)
    general = top * own
    groups = np.repeat(np.eye(3), 4, axis=0) * (own * np.sqrt(1 - top**2))[:, None]
    shared = np.outer(general, general) + groups @ groups.T
    return shared + np.diag(1 - np.diag(shared)), general


def test_planted_hierarchy_is_found() -> None:
    correlation, general = planted()
    model = fit_schmid_leiman(correlation, 3)
    assert model.general == pytest.approx(general, abs=1e-5)
    assert model.omega_hierarchical == pytest.approx(general.sum() ** 2 / correlation.sum(), abs=1e-6)
    assert len(set(model.group_of[:4])) == 1
    assert sorted(set(model.group_of)) == [0, 1, 2]
    assert not model.at_bound.any()


def drawn(n: int = 400, seed: int = 1) -> pd.DataFrame:
    correlation, _ = planted()
    values = np.random.default_rng(seed).multivariate_normal(np.zeros(12), correlation, size=n)
    return pd.DataFrame(values, columns=[f"q{j}" for j in range(12)])


def test_order_and_scale_do_not_matter() -> None:
    items = drawn()
    turned = (items * np.arange(1, 13) + 5).sample(frac=1, random_state=3)[list(items.columns[::-1])]
    before, after = (omega_hierarchical(one, n_factors=3).data["estimate"] for one in (items, turned))
    assert after.tolist() == pytest.approx(before.tolist(), abs=1e-5)


def test_an_item_that_goes_against_the_others_is_named_and_not_turned() -> None:
    items = drawn().assign(q3=lambda frame: -frame["q3"])
    found = omega_hierarchical(items, n_factors=3)
    assert {"negative_item_rest:q3", "negative_loading:q3"} <= set(found.settings.warnings)
    straight = omega_hierarchical(drawn(), n_factors=3).data["estimate"][0]
    assert found.data["estimate"][0] < straight


def test_people_are_counted() -> None:
    found = omega_hierarchical(drawn(), n_factors=3, clusters=np.repeat(np.arange(80), 5))
    assert found.settings.n_clusters == 80
    assert found.data["n_people"].tolist() == [80] * 3


def test_too_little_is_refused() -> None:
    with pytest.raises(ParameterError) as refused:
        omega_hierarchical(drawn(), n_factors=2)
    assert str(refused.value) == (
        'Scale "scale": 12 items and 2 factors; omega hierarchical needs at least 3 factors, 6 items and 2 items per '
        "factor. Hint: omega_total fits one factor. [ICS-384]"
    )
    with pytest.raises(ParameterError, match="5 items and 3 factors"):
        omega_hierarchical(drawn().iloc[:, :5], n_factors=3)
    with pytest.raises(NotEnoughDataError, match="one item follows from the others"):
        omega_hierarchical(drawn().assign(q1=lambda frame: frame["q0"]), n_factors=3)
