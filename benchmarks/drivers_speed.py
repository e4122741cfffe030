"""How fast are driver analyses, beside pingouin? Writes its section of ``results.md`` beside this file.

Every row is a ratio of medians within one run; the two sides take turns. Calls are those of the public functions, with
validation, labels and result frames. What counts is processor time, and both sides have one thread for linear algebra,
so that what else the machine does decides little; with more threads pingouin is slower. Run:
``python benchmarks/drivers_speed.py`` (about a minute).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from statistics import median
from time import process_time
from typing import TYPE_CHECKING

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy is loaded, or it has no effect

import numpy as np
import pandas as pd
import pingouin as pg
from tables import SPEED, write_section

import icstats as ic
from icstats.moments import moments

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 15
SHORTEST = 0.04
"""Seconds that a call is timed for at least: one short call after a long one would time the cold caches."""

ROWS = 1000
N_BOOT = 1000
SEED = 7


def survey(n: int, p: int) -> pd.DataFrame:
    """Return answers to an outcome and p drivers that share a general impression."""
    random = np.random.default_rng(SEED)
    drivers = 0.7 * random.standard_normal((n, 1)) + random.standard_normal((n, p))
    mark = drivers @ np.linspace(0.1, 0.5, p) + 2 * random.standard_normal(n)
    return pd.DataFrame(np.column_stack([mark, drivers]), columns=["mark", *(f"x{place}" for place in range(p))])


TEN, TWENTY = survey(ROWS, 10), survey(ROWS, 20)
X10, X20 = list(TEN.columns[1:]), list(TWENTY.columns[1:])
PEOPLE = np.arange(ROWS) // 3
BLOCKS = {"product": X10[:4], "process": X10[4:7], "orientation": X10[7:]}
SAMPLED = {"outcome": "mark", "clusters": PEOPLE, "n_boot": N_BOOT, "seed": SEED}


def one_pingouin_call() -> None:
    """Divide R² over ten drivers once, without interval."""
    pg.linear_regression(TEN[X10], TEN["mark"], relimp=True)


def lmg_and_blocks() -> None:
    """Divide R² over drivers and over blocks, a thousand times each."""
    ic.bootstrap_importance(TEN, drivers=X10, **SAMPLED)
    ic.block_importance(TEN, blocks=BLOCKS, **SAMPLED)


@dataclass(frozen=True)
class Work:
    """One thing to be timed, and how many times faster than one pingouin call at p = 10 it must be."""

    name: str
    call: Callable[[], object]
    target: float


WORKS = (
    Work("LMG, p = 10, n = 1,000", lambda: ic.lmg(TEN, outcome="mark", drivers=X10), 50),
    Work("1,000 cluster bootstraps of LMG and of block Shapley, p = 10, n = 1,000", lmg_and_blocks, 1),
    Work("LMG, p = 20, n = 1,000", lambda: ic.lmg(TWENTY, outcome="mark", drivers=X20), 1),
    Work(
        "1,000 cluster bootstraps of relative weights, p = 10, n = 1,000",
        lambda: ic.relative_weights(TEN, drivers=X10, **SAMPLED),
        1,
    ),
)


def taking_turns(calls: list[Callable[[], object]], rounds: int) -> list[tuple[float, ...]]:
    """Return the processor seconds of every call in every round; short calls are repeated within a round."""
    repeats = [1 + int(SHORTEST / seconds_of(call, 1)) for call in calls for _ in [call()]]
    return list(
        zip(
            *([seconds_of(call, times) for call, times in zip(calls, repeats, strict=True)] for _ in range(rounds)),
            strict=True,
        )
    )


def seconds_of(call: Callable[[], object], times: int) -> float:
    """Return the mean processor time of a call."""
    start = process_time()
    for _ in range(times):
        call()
    return (process_time() - start) / times


def against_pingouin() -> list[str]:
    """Return the rows of the table of ratios."""
    theirs, *ours = taking_turns([one_pingouin_call, *(work.call for work in WORKS)], ROUNDS)
    rows = []
    for work, taken in zip(WORKS, ours, strict=True):
        ratio = median(theirs) / median(taken)
        rows.append(
            f"| {work.name} | {1000 * median(taken):.2f} | {1000 * median(theirs):.1f} | {ratio:.1f} | "
            f"{work.target:g} | {'yes' if ratio >= work.target else 'no'} |"
        )
    return rows


def growth_in_drivers() -> list[str]:
    """Return how the cost grows with every driver above 14."""
    counts = range(14, 21)
    sums = moments(TWENTY)
    calls = [lambda p=p: ic.lmg(sums, outcome="mark", drivers=X20[:p]) for p in counts]
    taken = [median(seconds) for seconds in taking_turns(calls, 7)]
    factor = (taken[-1] / taken[0]) ** (1 / (len(counts) - 1))
    return [
        *(f"| {p} | {1000 * seconds:.2f} |" for p, seconds in zip(counts, taken, strict=True)),
        f"\nPer driver the cost grows by a factor of {factor:.2f}.",
    ]


def growth_in_rows() -> list[str]:
    """Return how the cost grows with the rows, from the rows and from their moments."""
    sizes = (1_000, 10_000, 100_000)
    frames = [survey(n, 10) for n in sizes]
    sums = [moments(frame) for frame in frames]
    calls = [lambda data=data: ic.lmg(data, outcome="mark", drivers=X10) for data in (*frames, *sums)]
    taken = [median(seconds) for seconds in taking_turns(calls, 7)]
    return [
        f"| {n:,} | {1000 * rows:.2f} | {1000 * summed:.2f} |"
        for n, rows, summed in zip(sizes, taken[:3], taken[3:], strict=True)
    ]


def main() -> None:
    """Time everything, print it and write it."""
    text = "\n".join(
        [
            f"Made by `benchmarks/drivers_speed.py`: medians of {ROUNDS} rounds in which all take turns, in",
            "milliseconds of processor time, one thread for linear algebra. pingouin is one call of",
            "`linear_regression(relimp=True)` at p = 10 and n = 1,000, which has no intervals.",
            "",
            "| work | icstats | one pingouin call | ratio | must be | reached |",
            "| -- | -- | -- | -- | -- | -- |",
            *against_pingouin(),
            "",
            "### Growth with the number of drivers (LMG from moments)",
            "",
            "| p | ms |",
            "| -- | -- |",
            *growth_in_drivers(),
            "",
            "### Growth with the number of rows (LMG, p = 10)",
            "",
            "| n | ms from rows | ms from moments |",
            "| -- | -- | -- |",
            *growth_in_rows(),
            "",
        ]
    )
    write_section(SPEED, "How fast driver analyses are", text)


if __name__ == "__main__":
    main()
