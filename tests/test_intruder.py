"""What a reader could work out: one look at all means together never says more than asking about each by itself."""

from __future__ import annotations

import numpy as np
import pytest

from icstats.intruder import Answers, Cell, Intruder

ENOUGH = 0.3
ITEMS, SCORE = ("A1", "A2"), "A"


def reader(seed: int, *, departments: int = 6, decimals: int = 1) -> tuple[Intruder, list[Cell]]:
    """Return a reader of a random table in which some cells are hidden, and those cells."""
    random = np.random.default_rng(seed)
    table: dict[str, dict[str, Answers]] = {}
    for place in range(departments):
        means = random.uniform(1.2, 4.8, size=len(ITEMS))
        n = int(random.integers(3, 40))
        table[f"d{place}"] = {
            code: Answers(n, mean, 1.0, 1, 5)
            for code, mean in zip((*ITEMS, SCORE), (*means, means.mean()), strict=True)
        }
    cells = [(place, code) for place in table for code in (*ITEMS, SCORE)]
    hidden = [cell for cell in cells if random.random() < 0.4]
    lines = [(place, SCORE, ITEMS) for place in table]
    return Intruder(table, hidden=hidden, totals=(*ITEMS, SCORE), lines=lines, decimals=decimals), hidden


@pytest.mark.parametrize("seed", range(12))
def test_what_is_surely_wide_is_wide(seed: int) -> None:
    looking, hidden = reader(seed)
    surely = looking.surely_wide(hidden, enough=ENOUGH)
    assert [cell for cell in hidden if cell in surely] == surely
    assert [cell for cell in surely if looking.width(cell) < ENOUGH] == []


def test_most_of_what_is_wide_is_seen_together() -> None:
    seen = wide = 0
    for seed in range(20):
        looking, hidden = reader(seed, departments=10)
        seen += len(looking.surely_wide(hidden, enough=ENOUGH))
        wide += sum(looking.width(cell) >= ENOUGH for cell in hidden)
    assert seen > 0.9 * wide


def test_the_interval_of_one_hidden_mean_follows_from_the_total() -> None:
    """Two departments of 10 and a total of 20: the hidden mean is 2 × 3.0 − 2.0, give or take both roundings."""
    table = {"shown": {"A1": Answers(10, 2.0, 1.0, 1, 5)}, "hidden": {"A1": Answers(10, 4.0, 1.0, 1, 5)}}
    looking = Intruder(table, hidden=[("hidden", "A1")], totals=["A1"], lines=[], decimals=1)
    assert looking.width(("hidden", "A1")) == pytest.approx((2 * 2 * 0.05 + 2 * 0.05) / 4, abs=1e-5)
    assert looking.surely_wide([("hidden", "A1")], enough=0.05) == [("hidden", "A1")]
    assert looking.surely_wide([("hidden", "A1")], enough=0.1) == []


def test_without_a_total_nothing_is_known() -> None:
    table = {"one": {"A1": Answers(10, 2.0, 1.0, 1, 5)}}
    looking = Intruder(table, hidden=[("one", "A1")], totals=[], lines=[], decimals=1)
    assert looking.width(("one", "A1")) == pytest.approx(1.0)
    assert looking.surely_wide([("one", "A1")], enough=1.0) == []
    assert looking.surely_wide([("one", "A1")], enough=0.99) == [("one", "A1")]
