"""What rests on two sets of people: two groups, two questions, two waves. Each must be enough, and so must the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import made
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_survey import item, questionnaire

from icstats.disclosure import HIDDEN, RATINGS, open_ledger, release
from icstats.errors import DisclosureError
from icstats.gaps import expectation_gap, mirror_gap
from icstats.priorities import quick_wins
from icstats.questionnaire import ResponseScale
from icstats.results import ORGANISATION
from icstats.study import Policy
from icstats.trends import wave_change
from icstats.turnover import moved

if TYPE_CHECKING:
    from icstats.disclosure import Ledger, Released
    from icstats.gaps import MirrorGap
    from icstats.trends import WaveChange

POLICY = Policy()
FIVE = ResponseScale(minimum=1, maximum=5, satisfied=4, dissatisfied=2)
ASKED = questionnaire(item("P1", "product"), item("SA1", "outcome"))


def ledger(hr: dict[str, int], **moving: int) -> Ledger:
    counts = made.counts({"hr": {RATINGS: 200, **hr}, "it": {RATINGS: 500, **dict.fromkeys(hr, 500)}})
    people = [
        moving.get(name, 0) if place == "hr" else 50
        for place, name in zip(counts["department"], counts["variable"], strict=True)
    ]
    return open_ledger(counts.assign(moved=people), policy=POLICY, department="hr")


def answered(n: int, seed: int, names: tuple[str, ...] = ("q",)) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame({name: rng.integers(1, 6, n).astype(float) for name in names})


def shown(released: Released) -> dict[tuple[str, str], float]:
    return {(one.variable, one.statistic): one.estimate for one in released.each() if not one.hidden}


def change(n: int = 60, n_before: int = 50) -> WaveChange:
    return wave_change(answered(n, 1), answered(n_before, 2), response_scales={"q": FIVE})


def views(customers: int, staff: int) -> MirrorGap:
    return mirror_gap(
        answered(customers, 1), answered(staff, 2, ("m",)), mirrors={"q": "m"}, response_scales={"q": FIVE}
    )


# -------------------------------------------------------------------------------------------------------- two waves


def test_a_change_wants_the_ledgers_of_both_waves() -> None:
    with pytest.raises(DisclosureError) as refused:
        release(change(), policy=POLICY, ledger=ledger({"q": 60}))
    assert str(refused.value) == (
        "WaveChange rests on 2 wave(s), and the ledger decides about 1. Hint: Put the ledgers of both waves together "
        "with Ledger.along_with. [ICS-606]"
    )
    both = ledger({"q": 60}).along_with(ledger({"q": 50}))
    assert set(shown(release(change(), policy=POLICY, ledger=both))) == {
        ("q", "mean"),
        ("q", "earlier"),
        ("q", "difference"),
    }
    with pytest.raises(DisclosureError, match=r"rests on 1 wave\(s\), and the ledger decides about 2"):
        release(made.summary_of({"q": 3.2}), policy=POLICY, ledger=both)


@pytest.mark.parametrize(("now", "before"), [(9, 60), (60, 9)])
def test_a_change_is_hidden_where_either_wave_is(now: int, before: int) -> None:
    both = ledger({"q": now}).along_with(ledger({"q": before}))
    assert shown(release(change(), policy=POLICY, ledger=both)) == {}


def test_a_department_that_one_wave_knows_nothing_of_is_refused() -> None:
    other = open_ledger(made.counts({"it": {RATINGS: 500, "q": 500}, "fm": {RATINGS: 90, "q": 90}}), policy=POLICY)
    with pytest.raises(DisclosureError, match="never decided"):
        ledger({"q": 60}).along_with(other)


@pytest.mark.parametrize(("people", "hidden"), [(0, False), (1, True), (10, True), (11, False)])
def test_a_number_that_few_joined_or_left_is_hidden_in_the_later_wave(people: int, *, hidden: bool) -> None:
    assert ledger({"q": 60}, q=people).hides("q") == hidden
    assert not ledger({"q": 60, "p": 60}, q=people).hides("p")


def test_a_total_that_few_joined_or_left_is_hidden() -> None:
    counts = made.counts({"hr": {RATINGS: 200, "q": 200}, "it": {RATINGS: 500, "q": 500}})
    for people, hidden in ((0, False), (10, True), (11, False)):
        found = open_ledger(counts.assign(moved=[0, people, 0, 0]), policy=POLICY)
        assert found.hides("q", ORGANISATION) == hidden


def wave(people: range, *, skipped: tuple[int, ...] = ()) -> pd.DataFrame:
    answers = [np.nan if one in skipped else 3.0 for one in people]
    frame = {"respondent": list(people), "department": "hr", "role": "customer", "P1": answers, "SA1": 4.0}
    return pd.DataFrame(frame)


def test_who_joined_left_or_skipped_a_question_is_counted() -> None:
    for now, earlier, expected in (
        (wave(range(20)), wave(range(20)), (0, 0)),
        (wave(range(20)), wave(range(19)), (1, 1)),
        (wave(range(2, 22)), wave(range(20)), (4, 4)),
        (wave(range(20), skipped=(3,)), wave(range(20)), (0, 1)),
        (wave(range(20), skipped=(3,)), wave(range(20), skipped=(5,)), (0, 2)),
        (wave(range(20)), wave(range(0)), (0, 0)),
    ):
        found = moved(now, [earlier], ASKED).loc["hr"]
        assert (found[RATINGS], found["P1"]) == expected


def test_the_wave_that_is_nearest_counts() -> None:
    found = moved(wave(range(40)), [wave(range(37)), wave(range(10, 40)), wave(range(40))], ASKED)
    assert found.loc["hr", RATINGS] == 3
    assert moved(wave(range(40)), [], ASKED).loc["hr", RATINGS] == 0


# ------------------------------------------------------------------------------------------------------- two groups


@pytest.mark.parametrize(("customers", "staff", "hidden"), [(60, 12, False), (60, 9, True), (9, 60, True)])
def test_customers_and_staff_must_each_be_enough(customers: int, staff: int, *, hidden: bool) -> None:
    released = release(views(customers, staff), policy=POLICY, ledger=ledger({"q": 60, "m": 20}))
    assert (shown(released) == {}) == hidden


@pytest.mark.parametrize("few", ["q", "m"])
def test_a_mirror_is_hidden_where_the_ledger_hides_either_question(few: str) -> None:
    released = release(views(60, 20), policy=POLICY, ledger=ledger({"q": 60, "m": 20, few: 9}))
    assert set(released.rows["mark"]) == {HIDDEN}


def test_a_verdict_about_few_people_is_uncertain() -> None:
    released = release(views(60, 14), policy=POLICY, ledger=ledger({"q": 60, "m": 14}))
    assert set(released.rows["verdict"]) == {"uncertain"}
    assert released.rows[["conf_low", "conf_high"]].isna().all(axis=None)


# ---------------------------------------------------------------------------------------------------- two questions


def test_a_gap_is_hidden_where_either_question_is() -> None:
    frame = answered(60, 3, ("mark", "least"))
    gap = expectation_gap(frame, perceived="mark", minimum="least", response_scales={"mark": FIVE, "least": FIVE})
    both = shown(release(gap, policy=POLICY, ledger=ledger({"mark": 60, "least": 60})))
    assert both["least", "adequacy_gap"] == pytest.approx(both["mark", "mean"] - both["least", "mean"])
    for few, left in (("least", {("mark", "mean")}), ("mark", set())):
        counts = {"mark": 60, "least": 60, few: 9}
        assert set(shown(release(gap, policy=POLICY, ledger=ledger(counts)))) == left


def test_priorities_are_shown_together_or_not_at_all() -> None:
    rng = np.random.default_rng(1)
    items = [f"q{n}" for n in range(4)]
    feeling = rng.normal(3.5, 0.7, (150, 1))
    frame = pd.DataFrame(np.clip(np.rint(feeling + rng.normal(0, 0.7, (150, 5))), 1, 5), columns=["SA1", *items])
    wins = quick_wins(
        frame, outcome="SA1", blocks={"product": items}, response_scales=dict.fromkeys(items, FIVE), n_boot=100, seed=1
    )
    counts = dict.fromkeys(items, 150)
    assert len(shown(release(wins, policy=POLICY, ledger=ledger(counts)))) == len(wins.data)
    hidden = release(wins, policy=POLICY, ledger=ledger({**counts, "q2": 9}))
    assert (shown(hidden), hidden.verdict) == ({}, "")


# ------------------------------------------------------------------------------------------ differences tell no more


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(15, 60), st.integers(15, 60))
def test_a_difference_follows_from_the_numbers_beside_it(seed: int, n: int, other: int) -> None:
    """So a reader who has both means learns nothing from it, whatever people stand behind them."""
    both = ledger({"q": n}).along_with(ledger({"q": other}))
    waves = wave_change(answered(n, seed), answered(other, seed + 1), response_scales={"q": FIVE})
    for result, door, statistic, sign in (
        (waves, both, "earlier", 1),
        (views(n, other), ledger({"q": n, "m": other}), "forecast", -1),
    ):
        released = release(result, policy=POLICY, ledger=door)
        numbers = shown(released)
        if numbers:
            apart = sign * (numbers["q", "mean"] - numbers["q", statistic])
            assert numbers["q", "difference"] == pytest.approx(apart, abs=1e-9)
            row = released.row("q", "difference")
            assert row is not None
            assert row.conf_high - row.estimate == pytest.approx(row.estimate - row.conf_low, abs=1e-9)
