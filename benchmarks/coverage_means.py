"""How often a 95 % interval holds the true difference from the norm, and the true satisfied share.

The same worlds as in ``coverage_alpha.py``: four items on five points, answers in the middle or at a ceiling, people
who answer once or rate five departments. Writes its section of ``coverage.md`` beside this file.
Run: ``OPENBLAS_NUM_THREADS=1 python benchmarks/coverage_means.py`` (two minutes on one core).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from coverage_alpha import MODERATE, STRONG, SYMMETRIC, World
from tables import COVERAGE, table, write_section

from icstats.benchmark import compare_with_norm
from icstats.describe import summarise
from icstats.questionnaire import ResponseScale

REPLICATIONS = 1000
POPULATION = 400_000
ORGANISATIONS, SD_BETWEEN = 30, 0.2
SEED = 2026
FIVE = ResponseScale(minimum=1, maximum=5, satisfied=4, dissatisfied=2)

WORLDS = (
    World("symmetric, n = 100", SYMMETRIC, 100),
    World("symmetric, n = 400", SYMMETRIC, 400),
    World("moderate ceiling, n = 400", MODERATE, 400),
    World("strong ceiling, n = 2000", STRONG, 2000),
    World("80 people x 5 ratings", SYMMETRIC, 80, each=5),
    World("strong ceiling, n = 100", STRONG, 100),
    World("20 people x 5 ratings", SYMMETRIC, 20, each=5),
)


@dataclass(frozen=True)
class MadeUpNorm:
    """What a comparison needs of a norm."""

    values: pd.DataFrame
    name: str = "made up"


def norm(mean: float, sd_between: float) -> MadeUpNorm:
    """Return a norm of an item and of a scale score."""
    columns = {"mean": mean, "sd_within": 1.0, "sd_between": sd_between, "n_organisations": ORGANISATIONS}
    values = pd.DataFrame(columns, index=["item", "scale"]).assign(n_respondents=9000, minimum=1.0, maximum=5.0)
    return MadeUpNorm(values=values)


def scores(answers: pd.DataFrame) -> pd.DataFrame:
    """Return one item and the mean of all four."""
    return pd.DataFrame({"item": answers["a"], "scale": answers.mean(axis=1)})


def estimate(result: object, statistic: str) -> pd.DataFrame:
    """Return the rows of one statistic, by variable."""
    data = result.data
    return data[data["statistic"] == statistic].set_index("variable")


def covered(world: World, random: np.random.Generator) -> dict[str, object]:
    """Return the share of samples whose intervals hold the truth."""
    population, _ = world.draw(random, POPULATION // world.each)
    truth = scores(population).mean()
    satisfied = float((population["a"] >= FIVE.satisfied).mean())
    level = 3.0
    hits: dict[str, list[bool]] = {}

    def note(name: str, row: pd.Series, value: float) -> None:
        hits.setdefault(name, []).append(bool(row["conf_low"] <= value <= row["conf_high"]))

    for _ in range(REPLICATIONS):
        answers, people = world.draw(random, world.people)
        sample = scores(answers)
        fixed = estimate(compare_with_norm(sample, norm(level, SD_BETWEEN), clusters=people), "difference")
        others = level + SD_BETWEEN * random.normal(size=ORGANISATIONS)
        drawn = norm(float(others.mean()), float(others.std(ddof=1)))
        sampled = estimate(compare_with_norm(sample, drawn, norm_as="sampled", clusters=people), "difference")
        by_rows = estimate(compare_with_norm(sample, norm(level, SD_BETWEEN)), "difference")
        share = estimate(summarise(sample[["item"]], response_scales={"item": FIVE}, clusters=people), "satisfied")
        for variable in ("item", "scale"):
            note(f"difference, {variable}", fixed.loc[variable], truth[variable] - level)
        note("sampled norm, item", sampled.loc["item"], truth["item"] - level)
        note("satisfied share", share.loc["item"], satisfied)
        if world.each > 1:
            note("difference by rows, item", by_rows.loc["item"], truth["item"] - level)
    rates = {name: f"{np.mean(found):.3f}".lstrip("0") for name, found in hits.items()}
    return {
        "world": world.name,
        "top box": f"{(population == 5).to_numpy().mean():.0%}",
        "satisfied": f"{satisfied:.0%}",
        **rates,
        "difference by rows, item": rates.get("difference by rows, item", "–"),
    }


def main() -> None:
    """Run all worlds, print the table and write it."""
    random = np.random.default_rng(SEED)
    rows = []
    for world in WORLDS:
        rows.append(covered(world, random))
        print(rows[-1], flush=True)
    text = f"""
{table(rows)}

{REPLICATIONS} samples per row (one standard error is .007 at .95), seed {SEED}. "Difference" is that from a norm
taken as fixed; a sampled norm is the mean of {ORGANISATIONS} organisations drawn anew each time, with their observed
spread. Errors are by person, except in the last column, which takes every rating as a person.
Made by `benchmarks/coverage_means.py`.
"""
    write_section(COVERAGE, "Coverage of nominal 95 % intervals of means and shares", text)


if __name__ == "__main__":
    main()
