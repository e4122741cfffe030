"""How often the dialogue pages are right: mirror words, changes, the first three, and the norm of organisations.

Run from the project's folder: ``python benchmarks/dialogue.py [mirror|wins|change|norm]``. The latest figures are in
``dialogue.md``.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from icstats.draws import draw_items, draw_mirror
from icstats.gaps import mirror_gap
from icstats.pooling import pool_organisations
from icstats.priorities import quick_wins
from icstats.questionnaire import read_questionnaire
from icstats.scales import driver_items
from icstats.trends import wave_change
from icstats.worlds import Truth, build_world

if TYPE_CHECKING:
    from icstats.worlds import World

BANK = read_questionnaire(Path(__file__).resolve().parents[1] / "params" / "questionnaires" / "internal_customer.yaml")
BLOCKS = {str(block): items for block, items in driver_items(BANK).items()}
ITEMS = [code for codes in BLOCKS.values() for code in codes]
SCALES = {item.code: BANK.response_scale(item.code) for item in BANK.items if item.responses is not None}
MIRRORS = {str(item.about): item.code for item in BANK.items_of(block="mirror")}

TYPES = {
    "shared_view": (3.8, 0.0),
    "shared_concern": (2.3, 0.0),
    "blind_spot": (3.1, 0.9),
    "hidden_strength": (4.1, -0.9),
}
"""Level of the answers and self-image of each mirror type; items take turns."""

EQUAL = dict.fromkeys(BLOCKS, 1 / 3)
SEED = 2026


def planted_types() -> dict[str, str]:
    """Return item -> mirror type."""
    return {item: list(TYPES)[place % len(TYPES)] for place, item in enumerate(ITEMS)}


def mirror_rates(team: int, customers: int, repeats: int) -> pd.DataFrame:
    """Return how often each planted type gets which word."""
    types = planted_types()
    world = build_world(Truth(block_shares=EQUAL, levels={item: TYPES[kind][0] for item, kind in types.items()}), BANK)
    images = {item: TYPES[kind][1] for item, kind in types.items()}
    rng = np.random.default_rng(SEED + team)
    told: Counter[tuple[str, str]] = Counter()
    for _ in range(repeats):
        answers = draw_items(world, customers, questionnaire=BANK, rng=rng)
        staff = draw_mirror(world, team, items=BANK.items_of(block="mirror"), self_image=images, rng=rng)
        result = mirror_gap(answers, staff, mirrors=MIRRORS, response_scales=SCALES)
        words = result.data.drop_duplicates("variable").set_index("variable")["verdict"]
        told.update((types[item], words[item]) for item in ITEMS)
    index = pd.MultiIndex.from_tuples(told, names=["planted", "told"])
    counted = pd.DataFrame({"n": list(told.values())}, index=index).reset_index()
    table = counted.pivot_table(index="planted", columns="told", values="n", fill_value=0)
    return table.div(table.sum(axis=1), axis=0)


def wins_world(*, weak: tuple[str, ...], correlation: float = 0.55) -> World:
    """Return a world where some process questions score far below the rest, or where all are alike."""
    levels = {code: 2.4 if code in weak else 3.9 for code in ITEMS} | {"SA1": 6.8}
    by_size = {block: len(codes) / len(ITEMS) for block, codes in BLOCKS.items()}
    shares = {"product": 0.25, "process": 0.5, "orientation": 0.25} if weak else by_size
    truth = Truth(block_shares=shares, levels=levels, reliability=0.8, block_correlation=correlation)
    return build_world(truth, BANK)


def wins_rates(world: World, weak: tuple[str, ...], n: int, repeats: int) -> dict[str, float]:
    """Return how often exactly the planted three are the first, and what is said of them."""
    rng = np.random.default_rng(SEED + n)
    found: Counter[str] = Counter()
    wins = wrong = 0
    for repeat in range(repeats):
        result = quick_wins(
            draw_items(world, n, questionnaire=BANK, rng=rng),
            outcome="SA1",
            blocks=BLOCKS,
            response_scales=SCALES,
            n_boot=200,
            seed=repeat,
        )
        ranked = result.data.drop_duplicates("variable")
        won = set(ranked.loc[ranked["verdict"] == "win", "variable"])
        found.update([result.verdict, *(["top_three"] if set(ranked["variable"].head(3)) == set(weak) else [])])
        wins, wrong = wins + len(won), wrong + len(won - set(weak))
    return {name: found[name] / repeats for name in ("top_three", "clear", "some", "none")} | {
        "wins": wins / repeats,
        "wrong": wrong / repeats,
    }


def change_rates(shift: float, n: int, repeats: int, *, both: float = 0.6) -> dict[str, float]:
    """Return how the interval of a planted change covers it, and which word it gets; most people answer twice."""
    world = build_world(Truth(block_shares=EQUAL, levels=dict.fromkeys(ITEMS, 3.5) | {"SA1": 6.5}, leniency=0.3), BANK)
    rng = np.random.default_rng(SEED + n)
    told: Counter[str] = Counter()
    covered = 0
    again = round(both * n)
    for _ in range(repeats):
        mild = rng.standard_normal(2 * n - again)
        now = draw_items(world, n, questionnaire=BANK, rng=rng, mildness=mild[:n])["SA1"]
        earlier = draw_items(world, n, questionnaire=BANK, rng=rng, mildness=mild[-n:])["SA1"]
        result = wave_change(
            (now + shift).to_frame(),
            earlier.to_frame(),
            response_scales=SCALES,
            clusters=np.arange(n),
            earlier_clusters=np.arange(n - again, 2 * n - again),
        )
        row = result.data.set_index("statistic").loc["difference"]
        covered += bool(row["conf_low"] <= shift <= row["conf_high"])
        told.update([str(row["verdict"])])
    return {
        "coverage": covered / repeats,
        **{word: told[word] / repeats for word in ("up", "equal", "uncertain", "down")},
    }


def drawn_scores(mean: float, rng: np.random.Generator, *, within: float = 0.9) -> pd.DataFrame:
    """Return what 40 to 400 people of one organisation give a norm; mean and spread are drawn, not every answer."""
    n = int(rng.integers(40, 400))
    sd = within * float(rng.chisquare(n - 1) / (n - 1)) ** 0.5
    drawn = {"n": n, "n_people": n, "mean": rng.normal(mean, within / n**0.5), "sd": sd, "std_error": sd / n**0.5}
    return pd.DataFrame([drawn], index=pd.Index(["process"], name="code"))


def norm_rates(organisations: int, builds: int) -> dict[str, float]:
    """Return how often the intervals of a norm hold the planted mean, spread and quartiles of organisations."""
    rng = np.random.default_rng(SEED)
    middle, between = 3.5, 0.2
    truth = {"mean": middle, "sd_between": between, "q50": middle}
    truth |= {"q25": middle - 0.6745 * between, "q75": middle + 0.6745 * between}
    covered = dict.fromkeys(truth, 0)
    for _ in range(builds):
        scores = {str(place): drawn_scores(middle + between * rng.normal(), rng) for place in range(organisations)}
        rows = pool_organisations(scores).intervals.set_index("statistic")
        for name, value in truth.items():
            covered[name] += bool(rows.loc[name, "conf_low"] <= value <= rows.loc[name, "conf_high"])
    return {name: round(hits / builds, 3) for name, hits in covered.items()}


WEAK = ("PC1", "PC2", "PC5")


def show_mirror(repeats: int = 300) -> None:
    """Print the rates of the mirror words by team size."""
    for team in (12, 20, 40, 60, 100):
        print(f"mirror, 300 customers, {team} staff", mirror_rates(team, 300, repeats).round(3).to_string(), sep="\n")


def show_wins(repeats: int = 300) -> None:
    """Print how often the first three are found and what is said of them."""
    apart, alike = wins_world(weak=WEAK), wins_world(weak=())
    for n in (120, 400):
        print(f"wins, apart, n = {n}", wins_rates(apart, WEAK, n, repeats))
        print(f"wins, alike, n = {n}", wins_rates(alike, (), n, repeats))


def show_change(repeats: int = 1000) -> None:
    """Print coverage and words of a planted change."""
    for n in (40, 150, 400):
        for shift in (0.0, 0.5):
            print(f"change of {shift}, n = {n}", change_rates(shift, n, repeats))


def show_norm(builds: int = 300) -> None:
    """Print the coverage of the intervals of a norm."""
    for organisations in (12, 60):
        print(f"norm of {organisations} organisations", norm_rates(organisations, builds))


if __name__ == "__main__":
    shows = {"mirror": show_mirror, "wins": show_wins, "change": show_change, "norm": show_norm}
    for name in sys.argv[1:] or shows:
        shows[name]()
