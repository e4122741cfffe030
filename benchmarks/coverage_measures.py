"""How often does a 95 % interval hold the true importance? Writes its section of ``coverage.md`` beside this file.

Five drivers that share a general impression; the last has no coefficient of its own. The truth is that of a very large
sample. Run: ``OPENBLAS_NUM_THREADS=1 python benchmarks/coverage_measures.py`` (about a minute).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from tables import COVERAGE, write_section

import icstats as ic
from icstats.measures import MEASURES

REPLICATIONS = 1000
N_BOOT = 400
POPULATION = 400_000
SEED = 2026
DRIVERS = ["a", "b", "c", "d", "e"]
BLOCKS = {"product": ["a", "b"], "process": ["c"], "orientation": ["d", "e"]}
COEFFICIENTS = np.array([0.6, 0.4, 0.3, 0.2, 0.0])
SHOWN = (*MEASURES, "lmg_share", "relative_weight_share")


def draw(n: int, random: np.random.Generator) -> pd.DataFrame:
    """Return n ratings; R² is .58."""
    drivers = 0.8 * random.standard_normal((n, 1)) + random.standard_normal((n, len(DRIVERS)))
    mark = drivers @ COEFFICIENTS + 1.5 * random.standard_normal(n)
    return pd.DataFrame(np.column_stack([mark, drivers]), columns=["mark", *DRIVERS])


def covered(n: int, truth: pd.Series, random: np.random.Generator) -> pd.DataFrame:
    """Return the part of the intervals that hold the truth, measures x drivers."""
    held = []
    for replication in range(REPLICATIONS):
        rows = ic.importance_measures(
            draw(n, random), outcome="mark", drivers=DRIVERS, n_boot=N_BOOT, seed=replication
        ).data.set_index(["measure", "driver"])
        true = truth.reindex(rows.index)
        held.append((rows["conf_low"] <= true) & (true <= rows["conf_high"]))
    return pd.concat(held, axis=1).mean(axis=1).unstack()[DRIVERS].loc[list(SHOWN)]  # noqa: PD010  one value per cell


def shares_of(data: pd.DataFrame, *, n_boot: int, seed: int) -> pd.DataFrame:
    """Return the shares of the blocks."""
    rows = ic.block_importance(data, outcome="mark", blocks=BLOCKS, n_boot=n_boot, seed=seed).data
    return rows[rows["measure"] == "shapley_share"].set_index("driver")


def covered_blocks(n: int, truth: pd.Series, random: np.random.Generator) -> pd.Series:
    """Return the part of the intervals of block shares that hold the truth."""
    held = []
    for replication in range(REPLICATIONS):
        rows = shares_of(draw(n, random), n_boot=N_BOOT, seed=replication)
        held.append((rows["conf_low"] <= truth) & (truth <= rows["conf_high"]))
    return pd.concat(held, axis=1).mean(axis=1)


def block_lines(random: np.random.Generator) -> list[str]:
    """Return the table of block shares."""
    truth = shares_of(draw(POPULATION, random), n_boot=100, seed=SEED)["estimate"]
    head = " | ".join(f"{block} (true share {share:.2f})" for block, share in truth.items())
    lines = ["", "### Shares of blocks", "", f"| ratings | {head} |", "|" + " -- |" * 4]
    for n in (100, 300):
        parts = covered_blocks(n, truth, random)[list(truth.index)]
        lines.append(f"| {n} | " + " | ".join(f"{part:.3f}" for part in parts) + " |")
    return lines


def main() -> None:
    """Draw, count, print and write."""
    random = np.random.default_rng(SEED)
    result = ic.importance_measures(draw(POPULATION, random), outcome="mark", drivers=DRIVERS).data
    truth = result.set_index(["measure", "driver"])["estimate"]
    lines = [
        f"Made by `benchmarks/coverage_measures.py`: {REPLICATIONS} samples per row, {N_BOOT} bootstrap samples each,",
        f"seed {SEED}. One standard error is .007 at .95. Driver e has no coefficient of its own.",
    ]
    for n in (100, 300):
        table = covered(n, truth, random)
        lines += ["", f"### {n} ratings", "", "| measure | " + " | ".join(DRIVERS) + " |", "|" + " -- |" * 6]
        lines += [
            f"| {measure} | " + " | ".join(f"{part:.3f}" for part in parts) + " |"
            for measure, parts in zip(table.index, table.to_numpy(), strict=True)
        ]
    lines += block_lines(random)
    write_section(COVERAGE, "Coverage of nominal 95 % intervals of importance", "\n".join(lines))


if __name__ == "__main__":
    main()
