"""How often the verdict of ``block_importance`` is right, where the truth is planted.

Run with ``python benchmarks/verdicts.py [departments]``: prints the tables and writes them to ``verdicts.md`` beside
this file. Other situations than the promised one get half as many departments.

The promise: with 300 ratings per department, a block that truly explains half of what can be explained (the other two
a quarter each) is named in at least 90 % of departments, and where all three weigh the same the verdict is "cannot
tell" in at least 90 %.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import proportion_confint
from tables import COVERAGE, write_section

from icstats.cases import complete_cases
from icstats.drivers import ladder
from icstats.importance import CANNOT_TELL, LEADS_FROM, block_importance
from icstats.questionnaire import DRIVER_BLOCKS, Questionnaire, read_questionnaire
from icstats.scales import driver_items, keyed, two_way_imputed
from icstats.seeds import derive_seed
from icstats.simulate import simulate_ratings
from icstats.subsets import replicates, shapley_values

QUESTIONNAIRE = Path(__file__).resolve().parents[1] / "params" / "questionnaires" / "internal_customer.yaml"
SEED = 20_261_124
DEPARTMENTS = 200
N_BOOT = 1000
NOBODY = ""
THRESHOLDS = (0.80, 0.85, 0.90, 0.925, 0.95, 0.975, 0.99)

Blocks = Mapping[str, Sequence[str]]


@dataclass(frozen=True, kw_only=True)
class World:
    """What is planted in every department of this world; ``leads`` is the block that a verdict should name.

    ``shares`` are those of product, process and orientation in R².
    """

    name: str
    shares: tuple[float, float, float]
    leads: str = NOBODY


@dataclass(frozen=True, kw_only=True)
class Situation:
    """How the departments are surveyed."""

    name: str
    n: int = 300
    missing: float = 0.0
    copies: int = 1


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What was found in one department.

    ``leader`` is the block that is first by both accounts, or nobody; ``sure`` the probability behind it.
    """

    verdict: str
    leader: str
    sure: float
    covered: tuple[bool, ...]
    by_rule: Mapping[str, str]


WORLDS = (
    World(name="product half", shares=(0.5, 0.25, 0.25), leads="product"),
    World(name="process half", shares=(0.25, 0.5, 0.25), leads="process"),
    World(name="orientation half", shares=(0.25, 0.25, 0.5), leads="orientation"),
    World(name="all equal", shares=(1 / 3, 1 / 3, 1 / 3)),
)
TIED = World(name="two equal, one less", shares=(0.37, 0.37, 0.26))
PROMISED = Situation(name="300 ratings")
HUNDRED = Situation(name="100 ratings", n=100)
BY_RULE = (PROMISED, HUNDRED)
OTHERS = (
    Situation(name="300 ratings, 8 % of answers missing and filled in as the reports do", missing=0.08),
    Situation(name="150 people whose ratings all count twice", n=150, copies=2),
    HUNDRED,
    Situation(name="60 ratings, so one composite per block", n=60),
)


INTRODUCTION = (
    "Made by `benchmarks/verdicts.py`: {departments} simulated departments per world with 300 ratings, half as many in "
    "other situations; 17 items in blocks of 4, 6 and 7, block composites correlated .6, R² .6, alpha .85 per block, "
    "the outcome a mark from 1 to 10. Between brackets 95 % Wilson intervals. A block is named when it is first in at "
    f"least {100 * LEADS_FROM:.0f} % of {N_BOOT} bootstrap samples of the block composites and has the largest share "
    "itself."
)
ABOUT_RULES = (
    "The shares that a reader sees are those of the item sets. Compared by item sets, a block with more items gains by "
    "chance: in small departments it is named more easily, and the smallest block less easily. Composites treat all "
    "alike."
)


@cache
def questionnaire() -> Questionnaire:
    """Return the item bank: blocks of 4, 6 and 7 items."""
    return read_questionnaire(QUESTIONNAIRE)


def survey(world: World, situation: Situation, seed: int) -> tuple[pd.DataFrame, Blocks, pd.Series]:
    """Return keyed answers of one department as the reports analyse them, its blocks and who answered."""
    ratings = simulate_ratings(
        situation.n,
        questionnaire=questionnaire(),
        block_shares=dict(zip(DRIVER_BLOCKS, world.shares, strict=True)),
        missing=situation.missing,
        seed=seed,
    )
    ratings = pd.concat([ratings] * situation.copies, ignore_index=True)
    items, blocks = keyed(ratings, questionnaire()), driver_items(questionnaire())
    filled = [two_way_imputed(items[codes]) for codes in blocks.values()]
    data = pd.concat([items[[questionnaire().outcome]], *filled], axis=1).dropna()
    if ladder(len(data)) == "blocks":
        composites = [data[codes].mean(axis=1).rename(block) for block, codes in blocks.items()]
        data = pd.concat([data[[questionnaire().outcome]], *composites], axis=1)
        blocks = {block: [block] for block in blocks}
    return data, blocks, ratings["respondent"].loc[data.index]


def judge(world: World, situation: Situation, department: int) -> Outcome:
    """Return the verdict on one simulated department, and what other rules would have said."""
    seed = derive_seed(SEED, world.name, situation.name, str(department))
    data, blocks, people = survey(world, situation, seed)
    outcome = questionnaire().outcome
    result = block_importance(data, outcome=outcome, blocks=blocks, clusters=people, n_boot=N_BOOT, seed=seed)
    table = result.data.set_index(["driver", "measure"])
    shares = table.xs("shapley_share", level="measure").loc[list(blocks)]
    first = table.xs("probability_first", level="measure")["estimate"]
    true = np.array(world.shares)
    leader = str(first.idxmax())
    return Outcome(
        verdict=NOBODY if result.verdict == CANNOT_TELL else result.verdict,
        leader=leader if leader == shares["estimate"].idxmax() else NOBODY,
        sure=float(first.max()),
        covered=tuple((shares["conf_low"] <= true) & (true <= shares["conf_high"])),
        by_rule=dict(other_rules(data, outcome, blocks, people, seed)) if situation in BY_RULE else {},
    )


def other_rules(
    data: pd.DataFrame, outcome: str, blocks: Blocks, people: pd.Series, seed: int
) -> Iterator[tuple[str, str]]:
    """Return the verdicts at the same threshold from the shares of the item sets instead of the composites."""
    drivers = [code for codes in blocks.values() for code in codes]
    cases = complete_cases(data, outcome=outcome, drivers=drivers, clusters=people)
    sampled = replicates(cases.standardised, cases.weights, cases.people, n_boot=N_BOOT, seed=seed)[1]
    ends = np.cumsum([1, *(len(codes) for codes in blocks.values())]).tolist()
    positions = [list(range(start, end)) for start, end in pairwise(ends)]
    for rule, rows in (("item sets, R² as it is", None), ("item sets, R² adjusted", cases.n)):
        first = shapley_values(sampled, positions, rows=rows).argmax(axis=0)
        counts = np.bincount(first, minlength=len(blocks)) / N_BOOT
        yield rule, list(blocks)[int(counts.argmax())] if counts.max() >= LEADS_FROM else NOBODY


def percentage(hits: Sequence[bool]) -> str:
    """Return a share with its Wilson interval."""
    low, high = proportion_confint(sum(hits), len(hits), method="wilson")
    return f"{100 * np.mean(hits):.1f} % ({100 * low:.1f} to {100 * high:.1f})"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["--"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def rates(world: World, verdicts: Sequence[str]) -> list[str]:
    """Return the shares named right, cannot tell and named wrong."""
    right = percentage([verdict == world.leads for verdict in verdicts]) if world.leads else "–"
    wrong = [verdict not in {NOBODY, world.leads} for verdict in verdicts]
    return [right, percentage([verdict == NOBODY for verdict in verdicts]), percentage(wrong)]


def verdict_table(found: Mapping[World, Sequence[Outcome]]) -> str:
    """Return what was said in each world."""
    header = ["world", "named right", "cannot tell", "named wrong", "95 % intervals of the shares that hold the truth"]
    rows = [
        [
            world.name,
            *rates(world, [outcome.verdict for outcome in outcomes]),
            percentage([hit for outcome in outcomes for hit in outcome.covered]),
        ]
        for world, outcomes in found.items()
    ]
    return table(header, rows)


def operating_curve(found: Mapping[World, Sequence[Outcome]]) -> str:
    """Return right and wrong verdicts for other thresholds."""
    rows = []
    for threshold in THRESHOLDS:
        cells = [f"{threshold:.3f}" + (" (used)" if threshold == LEADS_FROM else "")]
        for world, outcomes in found.items():
            named = [outcome.leader if outcome.sure >= threshold else NOBODY for outcome in outcomes]
            cells.append(f"{100 * np.mean([name == world.leads for name in named]):.1f} %")
        rows.append(cells)
    worlds = [f"{world.name}: {'named' if world.leads else 'cannot tell'}" for world in found]
    return table(["threshold", *worlds], rows)


def rule_table(found: Mapping[World, Sequence[Outcome]]) -> str:
    """Return right verdicts by other rules at the same threshold."""
    rules: dict[str, Callable[[Outcome], str]] = {"composites (used)": lambda outcome: outcome.verdict}
    for rule in next(iter(found.values()))[0].by_rule:
        rules[rule] = partial(lambda outcome, rule: outcome.by_rule[rule], rule=rule)
    rows = [
        [
            name,
            *(
                f"{100 * np.mean([verdict_of(outcome) == world.leads for outcome in outcomes]):.1f} %"
                for world, outcomes in found.items()
            ),
        ]
        for name, verdict_of in rules.items()
    ]
    worlds = [f"{world.name}: {'named' if world.leads else 'cannot tell'}" for world in found]
    return table(["rule", *worlds], rows)


def report(found: Mapping[Situation, Mapping[World, Sequence[Outcome]]], departments: int) -> str:
    """Return everything as Markdown."""
    parts = [INTRODUCTION.format(departments=departments)]
    for situation, judged in found.items():
        parts += [f"### {situation.name}", verdict_table(judged)]
    parts += ["### Other thresholds, 300 ratings", operating_curve(found[PROMISED])]
    parts += ["### Other rules at the same threshold", ABOUT_RULES]
    for situation in BY_RULE:
        parts += [f"#### {situation.name}", rule_table(found[situation])]
    return "\n\n".join(parts) + "\n"


def main(departments: int) -> None:
    """Judge all departments, print the tables and write them down."""
    worlds = (*WORLDS, TIED)
    found: dict[Situation, dict[World, list[Outcome]]] = {}
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for situation in (PROMISED, *OTHERS):
            numbers = range(departments if situation == PROMISED else departments // 2)
            judged = {world: pool.map(partial(judge, world, situation), numbers, chunksize=10) for world in worlds}
            found[situation] = {world: list(outcomes) for world, outcomes in judged.items()}
    write_section(COVERAGE, "How often the verdict is right", report(found, departments))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else DEPARTMENTS)
