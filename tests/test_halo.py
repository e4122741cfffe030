"""A planted halo shows, and does not where there is none; nobody can be told apart by what is left out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from icstats.halo import halo_check
from icstats.importance import Importance, lmg

DRIVERS = ["a", "b", "c", "d"]


def estimates(result: Importance, measure: str) -> dict[str, float]:
    rows = result.data[result.data["measure"] == measure]
    return dict(zip(rows["driver"], rows["estimate"], strict=True))


def ratings(seed: int, *, people: int = 150, each: int = 3, lined: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Return ratings in which "a" matters and every answer also holds how mild the person is."""
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(people), each)
    answers = rng.standard_normal((people * each, 4))
    mark = 2 * answers[:, 0] + 0.5 * rng.standard_normal(people * each)
    mild = 3 * rng.standard_normal(people)[who]
    data = pd.DataFrame(np.column_stack([mark, answers]) + mild[:, None], columns=["mark", *DRIVERS])
    data.loc[: lined - 1, ["mark", *DRIVERS]] = rng.integers(-9, 10, size=(lined, 1))
    return data, who


def test_within_people_a_mild_hand_is_taken_off() -> None:
    data, who = ratings(1)
    result = halo_check(data, outcome="mark", drivers=DRIVERS, clusters=who)
    assert estimates(result, "lmg_share")["a"] < 0.6
    assert estimates(result, "lmg_share_within")["a"] > 0.9
    centred = data - data.groupby(who).transform("mean")
    expected = estimates(lmg(centred, outcome="mark", drivers=DRIVERS), "lmg_share")
    assert estimates(result, "lmg_share_within") == pytest.approx(expected, abs=1e-9)
    assert estimates(result, "lmg_share") == pytest.approx(
        estimates(lmg(data, outcome="mark", drivers=DRIVERS), "lmg_share"), abs=1e-12
    )
    assert "few_straight_lined" in result.settings.warnings
    assert "few_repeats" not in result.settings.warnings


def test_straight_lines_are_set_apart_and_counted() -> None:
    data, who = ratings(2, lined=60)
    result = halo_check(data, outcome="mark", drivers=DRIVERS, clusters=who)
    expected = lmg(data.iloc[60:], outcome="mark", drivers=DRIVERS)
    assert estimates(result, "lmg_share_without_lined") == pytest.approx(estimates(expected, "lmg_share"), abs=1e-12)
    assert estimates(result, "straight_lined")["model"] == pytest.approx(60 / 450)
    without, whole = (list(estimates(result, f"lmg_share{name}").values()) for name in ("_without_lined", ""))
    assert estimates(result, "agreement_without_lined")["model"] == pytest.approx(spearmanr(without, whole).statistic)
    rows = result.data["measure"] == "lmg_share_without_lined"
    assert set(result.data.loc[rows, "n"]) == {390}
    assert set(result.people.loc[rows, "n"]) == {60}
    assert set(result.people.loc[rows, "n_people"]) == {20}
    assert not result.data.duplicated(list(Importance.keys)).any()


def test_nine_straight_lines_are_too_few_to_set_apart() -> None:
    data, _ = ratings(3, lined=9)
    result = halo_check(data, outcome="mark", drivers=DRIVERS)
    assert result.settings.warnings[-2:] == ("few_straight_lined", "few_repeats")
    assert set(result.data["measure"]) == {"lmg_share", "r_squared"}


def test_the_lines_of_a_few_people_are_too_few_too() -> None:
    data, _ = ratings(3, lined=40)
    people = np.where(np.arange(450) < 40, np.arange(450) % 8, np.arange(450))
    assert "few_straight_lined" in halo_check(data, outcome="mark", drivers=DRIVERS, clusters=people).settings.warnings


def test_two_questions_make_no_line_and_single_raters_drop_out() -> None:
    data, who = ratings(4, lined=40)
    pair = halo_check(data, outcome="mark", drivers=["a", "b"])
    assert "few_straight_lined" in pair.settings.warnings
    people = np.where(np.arange(450) < 300, who, 1000 + np.arange(450))
    result = halo_check(data, outcome="mark", drivers=DRIVERS, clusters=people)
    assert set(result.data.loc[result.data["measure"] == "lmg_share_within", "n"]) == {300}


def test_without_a_halo_the_looks_agree() -> None:
    rng = np.random.default_rng(5)
    drivers = rng.standard_normal((600, 4))
    mark = drivers @ [4.0, 3, 2, 1] + rng.standard_normal(600)
    data = pd.DataFrame(np.column_stack([mark, drivers]), columns=["mark", *DRIVERS])
    result = halo_check(data, outcome="mark", drivers=DRIVERS, clusters=np.arange(600) // 3)
    assert estimates(result, "agreement_within")["model"] == pytest.approx(1)


def test_order_of_rows_and_columns_does_not_matter() -> None:
    data, who = ratings(6, lined=30)
    once = halo_check(data, outcome="mark", drivers=DRIVERS, clusters=who)
    order = np.random.default_rng(1).permutation(len(data))
    again = halo_check(data.iloc[order, ::-1], outcome="mark", drivers=DRIVERS[::-1], clusters=who[order])
    for measure in ("lmg_share", "lmg_share_without_lined", "lmg_share_within", "agreement_within"):
        assert estimates(again, measure) == pytest.approx(estimates(once, measure), abs=1e-9)
