"""How often does a 95 % interval hold the true reliability? Writes its section of ``coverage.md`` beside this file.

Four items on five points, one common factor. Worlds differ in where the answers lie (symmetric, at a ceiling) and in
who gives them: in the last three every person rates five departments, and most of what they answer is their own.
Run: ``OPENBLAS_NUM_THREADS=1 python benchmarks/coverage_alpha.py`` (a few minutes on one core).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from tables import COVERAGE, table, write_section

from icstats.reliability import cronbach_alpha, omega_total

REPLICATIONS = 1000
N_BOOT = 400
ITEMS = 4
LOADING = 0.7
OF_THE_PERSON = 0.7
POPULATION = 400_000
SEED = 2024

SYMMETRIC = (-1.5, -0.5, 0.5, 1.5)
MODERATE = (-2.4, -1.8, -1.0, -0.1)
STRONG = (-2.6, -2.1, -1.7, -1.08)


@dataclass(frozen=True)
class World:
    """Where the answers lie and who gives them."""

    name: str
    thresholds: tuple[float, ...]
    people: int
    each: int = 1

    def draw(self, random: np.random.Generator, people: int) -> tuple[pd.DataFrame, np.ndarray]:
        """Return answers and the person behind each."""
        common = LOADING * self._shared(random, people, 1)
        own = np.sqrt(1 - LOADING**2) * self._shared(random, people, ITEMS)
        answers = 1 + np.digitize(common + own, self.thresholds)
        return pd.DataFrame(answers.astype(float), columns=list("abcd")), np.repeat(np.arange(people), self.each)

    def _shared(self, random: np.random.Generator, people: int, columns: int) -> np.ndarray:
        """Return standard normal values that are alike within a person who answers more than once."""
        if self.each == 1:
            return random.normal(size=(people, columns))
        person = np.repeat(random.normal(size=(people, columns)), self.each, axis=0)
        rating = random.normal(size=(people * self.each, columns))
        return np.sqrt(OF_THE_PERSON) * person + np.sqrt(1 - OF_THE_PERSON) * rating


WORLDS = (
    World("symmetric, n = 30", SYMMETRIC, 30),
    World("symmetric, n = 100", SYMMETRIC, 100),
    World("symmetric, n = 400", SYMMETRIC, 400),
    World("moderate ceiling, n = 100", MODERATE, 100),
    World("moderate ceiling, n = 400", MODERATE, 400),
    World("strong ceiling, n = 400", STRONG, 400),
    World("strong ceiling, n = 2000", STRONG, 2000),
    World("20 people x 5 ratings", SYMMETRIC, 20, each=5),
    World("80 people x 5 ratings", SYMMETRIC, 80, each=5),
    World("80 people x 5 ratings, moderate ceiling", MODERATE, 80, each=5),
)


def holds(result: object, truth: float) -> bool:
    """Return whether the interval of the first row holds the true value."""
    first = result.data.iloc[0]
    return bool(first["conf_low"] <= truth <= first["conf_high"])


def covered(world: World, random: np.random.Generator) -> dict[str, object]:
    """Return the share of samples whose interval holds the truth, per method."""
    population, _ = world.draw(random, POPULATION // world.each)
    alpha = cronbach_alpha(population).data["estimate"].iloc[0]
    omega = omega_total(population).data["estimate"].iloc[0]
    hits: dict[str, list[bool]] = {}
    for _ in range(REPLICATIONS):
        items, people = world.draw(random, world.people)
        by_person = {"clusters": people} if world.each > 1 else {}
        if items.nunique().min() < 2:  # nobody differs: there is nothing to estimate
            continue
        seed = int(random.integers(2**31))
        results = {
            "Feldt": (cronbach_alpha(items, interval="feldt"), alpha),
            "ADF, rows": (cronbach_alpha(items), alpha),
            "ADF": (cronbach_alpha(items, **by_person), alpha),
            "bootstrap": (cronbach_alpha(items, interval="bootstrap", n_boot=N_BOOT, seed=seed, **by_person), alpha),
            "omega, ADF": (omega_total(items, **by_person), omega),
        }
        for method, (result, truth) in results.items():
            hits.setdefault(method, []).append(holds(result, truth))
    top = float((population == 5).to_numpy().mean())
    return {
        "world": world.name,
        "top box": f"{top:.0%}",
        "alpha": f"{alpha:.3f}",
        "samples": str(len(hits["ADF"])),
        **{method: f"{np.mean(found):.3f}".lstrip("0") for method, found in hits.items()},
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

{REPLICATIONS} samples per row (one standard error is .007 at .95), seed {SEED}, bootstrap of {N_BOOT} replicates. "ADF"
and "bootstrap" are by person where people repeat, "ADF, rows" takes every rating as a person. Feldt's interval does not
recover with n at a ceiling; an interval by rows does not recover where one person rates several departments. Made by
`benchmarks/coverage_alpha.py`.
"""
    write_section(COVERAGE, "Coverage of nominal 95 % intervals of reliability", text)


if __name__ == "__main__":
    main()
