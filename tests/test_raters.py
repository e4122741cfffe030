"""Departments compared within raters equal a model with a level per rater, and mild raters gain nobody anything."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from statsmodels.regression.mixed_linear_model import MixedLM
from test_shrinkage import by_department

from icstats.errors import NotEnoughDataError
from icstats.raters import leniency


def rated_by(people: int, *, departments: int = 6, each: int = 3, planted: bool = True, seed: int = 1) -> pd.DataFrame:
    """Return ratings in which, when planted, mild people rate the later and worse departments more often."""
    random = np.random.default_rng(seed)
    mildness, rows = random.normal(0, 1, people), []
    levels = 7 - 0.2 * np.arange(departments)
    for person in range(people):
        pull = np.exp(mildness[person] * np.linspace(-1, 1, departments)) if planted else np.ones(departments)
        for department in random.choice(departments, each, replace=False, p=pull / pull.sum()):
            mark = levels[department] + mildness[person] + random.normal(0, 0.7)
            rows.append({"respondent": person, "department": f"d{department}", "mark": mark})
    return pd.DataFrame(rows)


def found(data: pd.DataFrame, statistic: str = "adjusted") -> pd.DataFrame:
    result = leniency(data[["mark"]], departments=data["department"], respondents=data["respondent"])
    return by_department(result.data, statistic)


def test_adjusted_means_differ_as_in_a_model_with_a_level_per_person() -> None:
    data = rated_by(60)
    dummies = pd.get_dummies(data[["department", "respondent"]].astype(str), dtype=float)
    design = dummies.drop(columns="respondent_0")
    model = sm.OLS(data["mark"], design).fit(
        cov_type="cluster", cov_kwds={"groups": data["respondent"], "use_correction": False}
    )
    adjusted = found(data)
    levels = model.params[[f"department_{name}" for name in adjusted.index]].to_numpy()
    assert np.diff(adjusted["estimate"]).tolist() == pytest.approx(np.diff(levels).tolist())
    weights = data["department"].value_counts().loc[adjusted.index] / len(data)
    assert (adjusted["estimate"] * weights).sum() == pytest.approx(data["mark"].mean())


def test_errors_are_cluster_robust() -> None:
    data = rated_by(80, departments=2, each=2, planted=False)
    wide = data.pivot_table(index="respondent", columns="department", values="mark")
    adjusted = found(data)
    # Everybody rates both, so the adjusted means are the raw ones, with their errors.
    assert adjusted["estimate"].tolist() == pytest.approx(wide.mean().tolist())
    assert adjusted["std_error"].tolist() == pytest.approx(wide.sem().tolist())


def test_mild_raters_turn_the_raw_order_round_and_not_the_adjusted_one() -> None:
    data = rated_by(1500)
    raw, adjusted = found(data, "mean"), found(data)
    truth = [6.0, 5, 4, 3, 2, 1]
    assert raw["rank"].tolist() != truth
    assert adjusted["rank"].tolist() == truth
    assert ((adjusted["rank_low"] <= truth) & (truth <= adjusted["rank_high"])).all()
    differences = adjusted["estimate"] - adjusted["estimate"].iloc[0]
    assert differences.tolist() == pytest.approx((-0.2 * np.arange(6)).tolist(), abs=0.12)


def test_components_equal_those_of_a_mixed_model_where_everybody_rates_everything() -> None:
    random = np.random.default_rng(4)
    people, departments = np.repeat(np.arange(15), 6), np.tile(np.arange(6), 15)
    marks = 7 + random.normal(0, 1, 15)[people] + random.normal(0, 0.6, 6)[departments] + random.normal(0, 0.5, 90)
    scores = pd.DataFrame({"mark": marks})
    components = leniency(scores, departments=departments, respondents=people).components.loc["mark"]
    data = scores.assign(people=people, departments=departments)
    model = MixedLM.from_formula(
        "mark ~ 1",
        data,
        groups=np.ones(90),
        vc_formula={"people": "0 + C(people)", "departments": "0 + C(departments)"},
    ).fit()
    fitted = dict(zip(model.model.exog_vc.names, model.vcomp, strict=True))
    assert components["variance_people"] == pytest.approx(fitted["people"], rel=1e-3)
    assert components["variance_departments"] == pytest.approx(fitted["departments"], rel=1e-3)
    assert components["variance_rest"] == pytest.approx(float(model.scale), rel=1e-3)


def test_components_are_unbiased_where_people_rate_some() -> None:
    shares = [
        leniency(data[["mark"]], departments=data["department"], respondents=data["respondent"]).components.loc["mark"]
        for data in (rated_by(300, planted=False, seed=seed) for seed in range(20))
    ]
    average = pd.concat(shares, axis=1).mean(axis=1)
    assert average["variance_people"] == pytest.approx(1.0, abs=0.06)
    assert average["variance_rest"] == pytest.approx(0.49, abs=0.03)
    assert average["variance_departments"] == pytest.approx(np.var(-0.2 * np.arange(6), ddof=1), abs=0.03)


def test_a_department_without_shared_raters_is_not_compared() -> None:
    data = rated_by(100)
    own = pd.DataFrame({"respondent": [900, 901, 902], "department": "lonely", "mark": [9.0, 9.5, 10]})
    result = leniency(
        pd.concat([data, own])[["mark"]],
        departments=pd.concat([data, own])["department"],
        respondents=pd.concat([data, own])["respondent"],
    )
    assert result.settings.warnings == ("unlinked:mark",)
    lonely = by_department(result.data, "adjusted").loc["lonely"]
    assert np.isnan(lonely["estimate"])
    assert (lonely["n"], lonely["n_linked"]) == (3, 0)
    assert result.people["n"].tolist() == result.data["n_linked"].fillna(result.data["n"]).tolist()
    others = by_department(result.data, "adjusted").drop("lonely")
    assert others["estimate"].tolist() == pytest.approx(found(data)["estimate"].tolist())


def test_people_who_rate_once_move_the_level_and_not_the_differences() -> None:
    data = rated_by(100)
    once = pd.DataFrame({"respondent": np.arange(500, 540), "department": "d0", "mark": 10.0})
    with_them, without = found(pd.concat([data, once], ignore_index=True)), found(data)
    assert np.diff(with_them["estimate"]).tolist() == pytest.approx(np.diff(without["estimate"]).tolist())
    assert with_them.loc["d0", "n_linked"] == without.loc["d0", "n_linked"]
    assert with_them.loc["d0", "n"] == without.loc["d0", "n"] + 40


def test_the_order_of_rows_and_the_names_of_people_do_not_matter() -> None:
    data = rated_by(80)
    mixed = data.sample(frac=1, random_state=1).assign(respondent=lambda frame: "p" + frame["respondent"].astype(str))
    pd.testing.assert_frame_equal(found(mixed), found(data))


def test_nobody_who_rates_two_departments() -> None:
    with pytest.raises(NotEnoughDataError, match=r"^Nobody rated two departments on mark\. Hint: .* \[ICS-532\]$"):
        leniency(pd.DataFrame({"mark": [6.0, 7, 8]}), departments=["a", "b", "b"], respondents=[1, 2, 3])
