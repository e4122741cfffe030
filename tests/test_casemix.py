"""Case-mix adjustment equals R's, and its errors those of a model with one level per department."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from test_shrinkage import by_department, stored_units

from icstats.casemix import case_mix
from icstats.errors import NotEnoughDataError, ParameterError


def confounded(n: int = 400, *, seed: int = 1) -> tuple[pd.DataFrame, np.ndarray, pd.DataFrame]:
    """Return marks that depend on tenure alone, in departments whose customers differ in tenure."""
    random = np.random.default_rng(seed)
    departments = np.repeat(list("abcd"), n // 4)
    tenure = np.repeat([2.0, 4, 6, 8], n // 4) + random.normal(0, 2, n)
    marks = pd.DataFrame({"mark": 6 + 0.3 * tenure + random.normal(0, 1, n)})
    return marks, departments, pd.DataFrame({"tenure": tenure})


@pytest.mark.parametrize("name", ["exam", "bh1996"])
def test_adjusted_means_equal_the_stored_ones(name: str) -> None:
    data, units, expected, tolerance = stored_units(name)
    result = case_mix(data.iloc[:, [0]], departments=units, adjusters=data.iloc[:, [1]])
    found, stored = by_department(result.data, "adjusted").loc[expected["groups"]], expected["casemix"]
    assert found["estimate"].tolist() == pytest.approx(stored["adjusted_mean"], abs=tolerance["all"])
    slopes = result.slopes.set_index("adjuster")["estimate"].to_dict()
    assert slopes == pytest.approx(stored["within_slopes"], abs=tolerance["all"])
    assert result.settings.adjusters == (stored["adjusters"],)


@pytest.mark.parametrize("repeat", [False, True])
def test_errors_are_those_of_a_model_with_a_level_per_department(repeat: bool) -> None:  # noqa: FBT001  a case of two
    scores, departments, adjusters = confounded()
    adjusters["site"] = np.random.default_rng(2).choice(["x", "y", "z"], len(scores))
    people = np.arange(len(scores)) % 100 if repeat else np.arange(len(scores))
    result = case_mix(scores, departments=departments, adjusters=adjusters, clusters=people)
    levels = pd.get_dummies(departments, dtype=float)
    numbers = pd.get_dummies(adjusters, columns=["site"], drop_first=True, dtype=float)
    design = pd.concat([levels, numbers - numbers.mean()], axis=1)
    model = sm.OLS(scores["mark"], design).fit(
        cov_type="cluster", cov_kwds={"groups": people, "use_correction": False}, use_t=True
    )
    found = by_department(result.data, "adjusted")
    assert found["estimate"].tolist() == pytest.approx(model.params[list("abcd")].tolist())
    small = np.sqrt(100 / 99)  # each department was rated by 100 people
    assert found["std_error"].tolist() == pytest.approx((model.bse[list("abcd")] * small).tolist(), rel=2e-3)
    slopes = result.slopes.set_index("adjuster")
    assert slopes["estimate"].tolist() == pytest.approx(model.params.iloc[4:].tolist())
    count = len(np.unique(people))
    assert slopes["std_error"].tolist() == pytest.approx((model.bse.iloc[4:] * np.sqrt(count / (count - 1))).tolist())


def test_planted_confounding_is_removed_and_the_overall_mean_kept() -> None:
    scores, departments, adjusters = confounded(2000)
    result = case_mix(scores, departments=departments, adjusters=adjusters)
    raw, adjusted = by_department(result.data, "mean"), by_department(result.data, "adjusted")
    assert raw["estimate"].max() - raw["estimate"].min() > 1.5
    assert adjusted["estimate"].max() - adjusted["estimate"].min() < 0.25
    assert adjusted["estimate"].mean() == pytest.approx(scores["mark"].mean())
    assert (adjusted["n"] == raw["n"]).all()


def test_the_same_customers_everywhere_change_nothing() -> None:
    scores, departments, _ = confounded()
    same = pd.DataFrame({"tenure": np.tile(np.arange(100.0), 4)})
    result = case_mix(scores, departments=departments, adjusters=same)
    raw, adjusted = by_department(result.data, "mean"), by_department(result.data, "adjusted")
    assert adjusted["estimate"].tolist() == pytest.approx(raw["estimate"].tolist())


def test_gaps_are_filled_openly_and_copies_and_constants_change_nothing() -> None:
    scores, departments, adjusters = confounded()
    plain = by_department(case_mix(scores, departments=departments, adjusters=adjusters).data, "adjusted")
    more = adjusters.assign(copy=adjusters["tenure"], constant=1.0)
    result = case_mix(scores, departments=departments, adjusters=more)
    found = by_department(result.data, "adjusted")
    assert found["estimate"].tolist() == pytest.approx(plain["estimate"].tolist())
    assert found["std_error"].tolist() == pytest.approx(plain["std_error"].tolist())
    assert result.slopes.set_index("adjuster").loc["constant", "estimate"] == 0
    gaps = adjusters.mask(np.arange(len(scores))[:, None] % 10 == 0).assign(site=["x", None] * 200)
    result = case_mix(scores, departments=departments, adjusters=gaps)
    assert result.settings.warnings == ("imputed:tenure",)
    assert result.slopes["adjuster"].tolist() == ["tenure", "site: x"]


def test_scale_and_order_of_the_rows_do_not_matter() -> None:
    scores, departments, adjusters = confounded()
    result = case_mix(scores, departments=departments, adjusters=adjusters)
    order = np.random.default_rng(3).permutation(len(scores))
    mixed = case_mix(scores.iloc[order], departments=departments[order], adjusters=adjusters.iloc[order] * 1000 - 5)
    pd.testing.assert_frame_equal(mixed.data, result.data)


@pytest.mark.parametrize(
    ("adjusters", "message"),
    [
        (pd.DataFrame(index=range(4)), r"^adjusters must be a DataFrame with at least one customer attribute"),
        (pd.DataFrame({"x": [1.0]}), r"^adjusters has 1 rows for 4 ratings\. \[ICS-383\]$"),
        (pd.DataFrame({"x": [np.nan] * 4}), r"^The adjuster x has no values\. \[ICS-383\]$"),
    ],
)
def test_refusals(adjusters: pd.DataFrame, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        case_mix(pd.DataFrame({"mark": [1.0, 2, 3, 4]}), departments=list("aabb"), adjusters=adjusters)


def test_departments_of_one_answer_cannot_be_adjusted() -> None:
    with pytest.raises(NotEnoughDataError, match=r"^No department has two answers; there is nothing to adjust by\."):
        case_mix(pd.DataFrame({"mark": [1.0, 2]}), departments=["a", "b"], adjusters=pd.DataFrame({"x": [1.0, 2]}))
