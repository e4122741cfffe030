"""The sections say what the released numbers say, in both languages, and nothing that is hidden."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd
import pytest

import icstats as ic
from icstats.crosschecks import asymmetry, halo, measures
from icstats.disclosure import Released, open_ledger, release
from icstats.study import Policy
from icstats.texts import LANGUAGES, Texts

if TYPE_CHECKING:
    from icstats.edition import Edition
    from icstats.results import Result

CODES = ["a", "b", "c"]


def edition(language: str = "en") -> Edition:
    """Return what a section needs of an edition."""
    labels = {code: f"Question {code}" for code in CODES}
    return cast(
        "Edition", SimpleNamespace(texts=Texts(language), labels=labels, study=SimpleNamespace(policy=Policy()))
    )


def released(result: Result, n: int = 500) -> Released:
    counts = pd.DataFrame({"department": "it", "variable": ["ratings", *CODES], "n": n})
    return release(result, policy=Policy(), ledger=open_ledger(counts, policy=Policy()).at("it"))


def answers(seed: int, *, n: int = 500, lined: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    items = rng.integers(1, 6, size=(n, 3))
    mark = 6 - 2.0 * (items[:, 0] <= 2) + 1.5 * (items[:, 1] >= 5) + rng.standard_normal(n)
    data = pd.DataFrame(np.column_stack([mark, items]), columns=["mark", *CODES], dtype=float)
    data.loc[: lined - 1, CODES] = 3.0
    return data


ARGUMENTS: dict[str, Any] = {"outcome": "mark", "drivers": CODES}
EXTREMES: dict[str, Any] = {"low_max": 2, "high_min": 5}


@pytest.mark.parametrize("language", LANGUAGES)
def test_sections_hold_a_table_and_an_answer_in_both_languages(language: str) -> None:
    data = answers(1, lined=40)
    shown = [
        measures(edition(language), released(ic.importance_measures(data, **ARGUMENTS)), CODES),
        halo(edition(language), released(ic.halo_check(data, **ARGUMENTS)), CODES),
        asymmetry(edition(language), released(ic.penalty_reward(data, **ARGUMENTS, **EXTREMES)), CODES),
    ]
    for part in shown:
        assert part.body.count("<table>") == 1
        assert 'class="answer"' in part.body
        assert "Question a" in part.body


def test_the_leader_by_both_measures_is_named() -> None:
    data = answers(2)
    body = measures(edition(), released(ic.importance_measures(data, **ARGUMENTS)), CODES).body
    assert "Both measures that divide what can be explained put Question a first." in body


def test_numbers_of_other_sections_are_not_released_twice() -> None:
    data = answers(3, lined=40)
    one = measures(edition(), released(ic.importance_measures(data, **ARGUMENTS)), CODES).released
    two = halo(edition(), released(ic.halo_check(data, **ARGUMENTS)), CODES).released
    assert set(one[0].rows["statistic"]) == {"relative_weight_share", "first", "last"}
    assert set(two[0].rows["statistic"]) == {"lmg_share_without_lined", "straight_lined", "agreement_without_lined"}


def test_straight_lines_are_counted_or_said_to_be_few() -> None:
    many = halo(edition(), released(ic.halo_check(answers(4, lined=100), **ARGUMENTS)), CODES)
    share = Texts("en").percent(float(many.released[0].rows.query("statistic == 'straight_lined'")["estimate"].iloc[0]))
    assert f"{share} of the ratings give every question the same answer." in many.body
    spread = answers(5).assign(c=lambda d: 6 - d["a"])
    spread = spread[(spread["a"] != spread["b"]) | (spread["b"] != spread["c"])]
    few = halo(edition(), released(ic.halo_check(spread, **ARGUMENTS)), CODES)
    assert "Too few customers gave every question the same answer to set them apart." in few.body
    assert few.released == ()


def test_each_kind_of_question_is_named_and_a_hidden_one_is_not() -> None:
    data = answers(6)
    body = asymmetry(edition(), released(ic.penalty_reward(data, **ARGUMENTS, **EXTREMES)), CODES).body
    assert (
        "Satisfaction is lower where this goes badly, by more than it is higher where it goes well: "
        "“Question a” (basic)."
    ) in body
    assert "by more than it is lower where it goes badly: “Question b” (excitement)." in body
    lows = data.index[data["a"] <= 2]
    rare = data.drop(index=lows[9:])
    part = asymmetry(edition(), released(ic.penalty_reward(rare, **ARGUMENTS, **EXTREMES)), CODES)
    assert "(basic)" not in part.body.split("<table>")[0]
    assert set(part.released[0].rows["statistic"]) == {"penalty", "reward", "asymmetry"}
    marks = part.released[0].rows.set_index(["variable", "statistic"])["mark"]
    assert marks["a", "penalty"] == marks["a", "asymmetry"] == "hidden"


def test_nothing_is_said_about_a_department_that_is_hidden() -> None:
    data = answers(7, lined=100)
    part = measures(edition(), released(ic.importance_measures(data, **ARGUMENTS), n=4), CODES)
    assert "%" not in part.body
    assert "first." not in part.body
    lined = halo(edition(), released(ic.halo_check(data, **ARGUMENTS), n=4), CODES)
    assert "%" not in lined.body
    assert "<table" not in lined.body
    assert "fewer than 10 answers of others" in lined.body
