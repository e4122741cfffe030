"""How fast is reliability, side by side with other packages? Writes its section of ``results.md`` beside this file.

Ratios of medians from one run; everything a caller pays for is counted: validation, labels, intervals. One thread for
everybody, set below before NumPy is loaded. Needs the extra ``bench``.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import time
import warnings
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import ordinalcorr
import pandas as pd
import pingouin
from tables import SPEED, table, write_section

import icstats as ic

if TYPE_CHECKING:
    from collections.abc import Callable

SEED = 2024


def graded(n: int, k: int) -> pd.DataFrame:
    """Return answers on five points with one common factor."""
    random = np.random.default_rng(SEED)
    values = 3 + 0.8 * random.normal(size=(n, 1)) + random.normal(size=(n, k))
    return pd.DataFrame(np.clip(np.round(values), 1, 5), columns=[f"q{j + 1}" for j in range(k)])


def timed(task: Callable[[], object]) -> float:
    """Return the processor time of a task in seconds: with one thread the time it takes where nothing else runs."""
    start = time.process_time()
    task()
    return time.process_time() - start


def compared(
    work: str, ours: Callable[[], object], theirs: Callable[[], object], *, wanted: float, rounds: int
) -> dict[str, str]:
    """Return one row: how often ours fits into theirs, and how often it must; in turn, so that both meet one load."""
    times = np.array([(timed(ours), timed(theirs)) for _ in range(rounds + 1)][1:])
    mine, other = np.median(times, axis=0)
    return {
        "work": work,
        "icstats (ms)": f"{mine * 1e3:.1f}",
        "other (ms)": f"{other * 1e3:.1f}",
        "times faster": f"{other / mine:.1f}",
        "must reach": f"{wanted:g}",
        "reached": "yes" if other / mine >= wanted else "no",
    }


def polychoric_matrix() -> dict[str, str]:
    """Time a whole polychoric matrix against one pair after the other."""
    items = graded(5_000, 20)
    whole = items.astype(int)

    def pair_by_pair() -> None:
        for first, second in combinations(whole.columns, 2):
            ordinalcorr.polychoric(whole[first], whole[second])

    return compared(
        "polychoric, 20 items, n = 5e3 / ordinalcorr, 190 pairs",
        lambda: ic.polychoric(items),
        pair_by_pair,
        wanted=20,
        rounds=9,
    )


def bootstrapped_alpha() -> dict[str, str]:
    """Time alpha with 1,000 replicates against 20 single calls."""
    items = graded(1_000, 10)
    return compared(
        "alpha, 1,000 bootstraps, k = 10, n = 1e3 / 20 pingouin calls",
        lambda: ic.cronbach_alpha(items, interval="bootstrap", n_boot=1000, seed=SEED),
        lambda: [pingouin.cronbach_alpha(items) for _ in range(20)],
        wanted=1,
        rounds=31,
    )


def pairwise_alpha() -> dict[str, str]:
    """Time pairwise alpha of a million ratings with holes."""
    items = graded(1_000_000, 20)
    holes = np.random.default_rng(SEED).random(items.shape) < 0.02
    items = items.mask(holes)
    return compared(
        "pairwise alpha, n = 1e6, k = 20, 2 % missing / pingouin",
        lambda: ic.cronbach_alpha(items, missing="pairwise"),
        lambda: pingouin.cronbach_alpha(items, nan_policy="pairwise"),
        wanted=3,
        rounds=15,
    )


def main() -> None:
    """Time everything, print the table and write it."""
    warnings.simplefilter("ignore", RuntimeWarning)  # of the other packages
    text = f"""
{table([polychoric_matrix(), bootstrapped_alpha(), pairwise_alpha()])}

Medians of processor time in one run on one thread, library calls with validation and labels included; pairwise alpha
with our distribution free interval against pingouin's Feldt. Only the ratios mean anything on another machine. Made by
`benchmarks/reliability_speed.py`.
"""
    write_section(SPEED, "Speed of reliability, side by side", text)


if __name__ == "__main__":
    main()
