"""The reliability gate: judged by the lower limit, shown in words and grey, and silent where it cannot tell."""

from __future__ import annotations

from dataclasses import replace

import made
import numpy as np
import pandas as pd
import pytest
from reliability_cases import REFERENCES, reference_items

from icstats.disclosure import Released, open_ledger, release
from icstats.errors import ParameterError
from icstats.gate import Gate, reliable
from icstats.ledger import RATINGS
from icstats.reliability import Reliability, cronbach_alpha, reliability
from icstats.results import joined
from icstats.story import gate_verdicts, reliability_sentence
from icstats.study import Policy
from icstats.texts import Texts


def answers(n: int, k: int, *, shared: float, seed: int = 1) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    values = shared * random.normal(size=(n, 1)) + random.normal(size=(n, k))
    return pd.DataFrame(np.clip(np.round(3 + values), 1, 5), columns=[f"q{j}" for j in range(k)])


def every_kind(n: int = 200) -> Reliability:
    same = answers(n, 3, shared=1).assign(q1=3.0, q2=2.0)
    return joined(
        [
            reliability(answers(n, 4, shared=1.5), name="strong"),
            reliability(answers(n, 4, shared=0.3), name="weak"),
            reliability(answers(n, 2, shared=3), name="pair"),
            reliability(answers(n, 1, shared=1), name="single"),
            reliability(same, name="left_with_one"),
            reliability(answers(2, 3, shared=1), name="few"),
        ]
    )


def test_every_kind_of_scale_has_its_verdict() -> None:
    found = reliable(every_kind()).data.set_index("scale")
    assert found["verdict"].to_dict() == {
        "strong": "reliable",
        "weak": "under_limit",
        "pair": "reliable",
        "single": "single_item",
        "left_with_one": "single_item",
        "few": "unknown",
    }
    assert found["coefficient"].tolist() == ["omega_total", "omega_total", "spearman_brown", "", "", ""]
    assert reliable(every_kind()).failed == ("weak",)


@pytest.mark.parametrize("name", REFERENCES)
def test_the_lower_limit_and_not_the_estimate_decides(name: str) -> None:
    result = reliability(reference_items(name), name=name)
    omega = result.data.set_index("coefficient").loc["omega_total"]
    between = (omega["conf_low"] + omega["estimate"]) / 2
    assert reliable(result, limit=between).failed == (name,)
    assert reliable(result, limit=omega["conf_low"]).failed == ()


def test_alpha_alone_judges_where_there_is_no_omega() -> None:
    found = reliable(cronbach_alpha(answers(300, 4, shared=1.5))).data
    assert found[["coefficient", "verdict"]].iloc[0].tolist() == ["alpha", "reliable"]


def test_a_limit_outside_the_scale_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"limit is 70; it must lie between 0 and 1\. \[ICS-385\]"):
        reliable(every_kind(), limit=70)


def shown(gate: Gate, n: int) -> Released:
    return release(gate, policy=Policy(), ledger=open_ledger(made.counts({"hr": {RATINGS: n}}), policy=Policy()))


def test_sentence_names_the_scales_that_fail() -> None:
    labels = {scale: scale.capitalize() for scale in ("strong", "weak", "pair", "single", "left_with_one", "few")}
    assert reliability_sentence(shown(reliable(every_kind()), 200), labels, Texts("en")) == (
        "Do not read “Weak” as one number: the questions do not fit together well enough for that "
        "(a reliability that is surely under 0.70). "
        "Of “Single”, “Left_with_one” and “Few” no reliability can be given."
    )


def test_under_the_limit_for_sure_is_told_apart_from_not_surely_above_it() -> None:
    labels = {"doubtful": "Doubtful"}
    gate = shown(reliable(reliability(answers(60, 4, shared=0.8), name="doubtful")), 200)
    row = gate.row("doubtful", "reliability")
    assert row is not None and row.conf_low < 0.7 <= row.conf_high, row  # noqa: PT018  one premise
    assert gate_verdicts(gate) == {"doubtful": "under_limit"}
    assert reliability_sentence(gate, labels, Texts("en")) == (
        "Be careful with “Doubtful”: that the questions fit together well enough to be read as one number is not sure "
        "(a reliability of at least 0.70)."
    )


def test_a_verdict_whose_interval_is_withheld_is_not_told() -> None:
    gate = reliable(reliability(answers(12, 4, shared=1.5), name="small"))
    assert gate.data["verdict"][0] in {"reliable", "under_limit"}
    told = shown(gate, 12)
    assert np.isnan(told.rows["conf_low"][0])
    assert gate_verdicts(told) == {"small": "unknown"}
    assert gate_verdicts(shown(replace(gate, people=gate.people * 0), 12)) == {}
