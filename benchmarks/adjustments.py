"""Mild raters, or other customers, turn the order of departments round; how often adjustment puts it right.

Planted: six departments a fifth of a point apart on a mark from 1 to 10. Writes its section of ``coverage.md``.
Run: ``OPENBLAS_NUM_THREADS=1 python benchmarks/adjustments.py`` (two minutes on one core).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from flags import percentage
from scipy.stats import spearmanr
from tables import COVERAGE, table, write_section

from icstats.casemix import case_mix
from icstats.raters import leniency
from icstats.seeds import derive_seed
from icstats.shrinkage import shrink

if TYPE_CHECKING:
    from collections.abc import Callable

STUDIES = 300
DEPARTMENTS = 6
STEP = 0.2
SEED = 2026
NAMES = np.array([f"d{number}" for number in range(DEPARTMENTS)])
LEVELS = 7.2 - STEP * np.arange(DEPARTMENTS)


@dataclass(frozen=True)
class Study:
    """Marks, and what stands beside them."""

    marks: pd.DataFrame
    departments: np.ndarray
    people: np.ndarray
    tenure: np.ndarray
    levels: np.ndarray


def rated(seed: int, *, people: int, each: int, selection: float, spread: float = 0.8) -> Study:
    """Return ratings in which people choose departments by how mild they are, as strongly as ``selection`` says."""
    random = np.random.default_rng(seed)
    mildness = random.normal(0, 1, people)
    pull = selection * mildness[:, None] * np.linspace(-1, 1, DEPARTMENTS)
    # The largest of pull + Gumbel noise: a draw without replacement with odds exp(pull).
    chosen = np.argsort(-(pull + random.gumbel(size=pull.shape)), axis=1)[:, :each]
    person, department = np.repeat(np.arange(people), each), chosen.ravel()
    marks = LEVELS[department] + spread * mildness[person] + random.normal(0, 1, person.size)
    return Study(_as_marks(marks), NAMES[department], person, np.zeros(person.size), LEVELS)


def mixed(seed: int, *, n: int, confounding: float, slope: float = 0.15) -> Study:
    """Return ratings that also depend on tenure, which differs between departments as ``confounding`` says."""
    random = np.random.default_rng(seed)
    department = np.repeat(np.arange(DEPARTMENTS), n)
    tenure = 8 + confounding * np.linspace(-1, 1, DEPARTMENTS)[department] + random.normal(0, 3, department.size)
    marks = LEVELS[department] + slope * (tenure - 8) + random.normal(0, 1, department.size)
    return Study(_as_marks(marks), NAMES[department], np.arange(department.size), tenure, LEVELS)


def _as_marks(values: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"mark": np.clip(np.round(values), 1, 10)})


def within_raters(study: Study) -> pd.DataFrame:
    """Return raw and adjusted means of a study by leniency."""
    return leniency(study.marks, departments=study.departments, respondents=study.people).data


def within_tenure(study: Study) -> pd.DataFrame:
    """Return raw and adjusted means of a study by case mix."""
    adjusters = pd.DataFrame({"tenure": study.tenure})
    return case_mix(study.marks, departments=study.departments, adjusters=adjusters).data


def judged(name: str, draw: Callable[[int], Study], adjust: Callable[[Study], pd.DataFrame]) -> dict[str, object]:
    """Return how often the raw and the adjusted order are right, and how far the adjusted means are off."""
    right: dict[str, list[bool]] = {"mean": [], "adjusted": []}
    pairs: dict[str, list[float]] = {"mean": [], "adjusted": []}
    off: dict[str, list[float]] = {"mean": [], "adjusted": []}
    moved: list[float] = []
    for number in range(STUDIES):
        study = draw(derive_seed(SEED, name, str(number)))
        data = adjust(study).pivot_table(index="department", columns="statistic", values=["estimate", "std_error"])
        estimates, errors = data["estimate"], data["std_error"]
        truth = study.levels - study.levels.mean()
        for statistic, orders in right.items():
            own = estimates[statistic].to_numpy()
            orders.append(bool((np.argsort(-own) == np.arange(DEPARTMENTS)).all()))
            pairs[statistic].append(float(spearmanr(own, truth).statistic))
            off[statistic].append(float(np.abs(own - own.mean() - truth).mean()))
        moved += (np.abs(estimates["adjusted"] - estimates["mean"]) / errors["mean"]).tolist()
    return {
        "world": name,
        "raw order right": percentage(right["mean"]),
        "adjusted order right": percentage(right["adjusted"]),
        "rank correlation, raw / adjusted": f"{np.mean(pairs['mean']):.2f} / {np.mean(pairs['adjusted']):.2f}",
        "off by (points), raw / adjusted": f"{np.mean(off['mean']):.3f} / {np.mean(off['adjusted']):.3f}",
        "adjustment / error of the raw mean": f"{np.mean(moved):.2f}",
    }


def level_coverage() -> str:
    """Return how often the interval of an adjusted mean holds the level that the average rater would give."""
    rows = []
    for people in (30, 60, 200, 800):
        hits = {"adjusted": [], "mean": []}
        for number in range(STUDIES):
            study = rated(derive_seed(SEED, "level", str(people), str(number)), people=people, each=3, selection=0.0)
            data = within_raters(study)
            truth = dict(zip(NAMES, LEVELS, strict=True))
            for statistic, holds in hits.items():
                own = data[data["statistic"] == statistic]
                level = own["department"].map(truth)
                holds.extend(((own["conf_low"] <= level) & (level <= own["conf_high"])).tolist())
        rows.append(
            {
                "people (ratings per department)": f"{people} ({people * 3 // DEPARTMENTS})",
                **{f"{name} holds": percentage(found) for name, found in hits.items()},
            }
        )
    return table(rows)


def shrunken_error() -> str:
    """Return how far raw and shrunken means are from the truth, by size of the department."""
    sizes = np.tile([8, 15, 30, 100, 300], 8)
    off: dict[str, list[np.ndarray]] = {"mean": [], "shrunken": []}
    held: dict[str, list[np.ndarray]] = {"mean": [], "shrunken": []}
    for number in range(STUDIES):
        random = np.random.default_rng(derive_seed(SEED, "shrink", str(number)))
        levels = random.normal(7, 0.3, len(sizes))
        names = np.array([f"d{place:02}" for place in range(len(sizes))])
        marks = pd.DataFrame({"mark": np.repeat(levels, sizes) + random.normal(0, 1.3, sizes.sum())})
        data = shrink(marks, departments=np.repeat(names, sizes)).data
        for statistic, errors in off.items():
            own = data[data["statistic"] == statistic].set_index("department").loc[names]
            errors.append(own["estimate"].to_numpy() - levels)
            held[statistic].append(((own["conf_low"] <= levels) & (levels <= own["conf_high"])).to_numpy())
    rows = []
    for n in np.unique(sizes):
        these = sizes == n
        rows.append(
            {
                "n": str(n),
                **{
                    f"root mean square error, {name}": f"{np.sqrt((np.array(errors)[:, these] ** 2).mean()):.3f}"
                    for name, errors in off.items()
                },
                **{
                    f"interval holds, {name}": f"{np.array(found)[:, these].mean():.3f}" for name, found in held.items()
                },
            }
        )
    return table(rows)


def main() -> None:
    """Run all worlds, print the tables and write them."""
    mild = [
        judged(
            f"mild raters choose the worse departments, {people} people x {each}",
            lambda seed, people=people, each=each: rated(seed, people=people, each=each, selection=1.0),
            within_raters,
        )
        for people, each in ((300, 3), (600, 3), (800, 3), (1200, 3), (800, 2))
    ]
    mild.append(
        judged(
            "raters choose by chance, 600 people x 3",
            lambda seed: rated(seed, people=600, each=3, selection=0.0),
            within_raters,
        )
    )
    mild.append(
        judged(
            "all raters equally mild, 600 people x 3",
            lambda seed: rated(seed, people=600, each=3, selection=1.0, spread=0.0),
            within_raters,
        )
    )
    print(table(mild), flush=True)
    mix = [
        judged(
            f"the worse the department, the longer the tenure of its customers, n = {n}",
            lambda seed, n=n: mixed(seed, n=n, confounding=6.0),
            within_tenure,
        )
        for n in (150, 300, 600)
    ]
    mix.append(
        judged(
            "the same customers everywhere, n = 300", lambda seed: mixed(seed, n=300, confounding=0.0), within_tenure
        )
    )
    print(table(mix), flush=True)
    text = f"""
{DEPARTMENTS} departments, {STEP:g} points apart on a mark from 1 to 10 (spread of single ratings about 1.3),
{STUDIES} studies per row, seed {SEED}; between brackets 95 % Wilson intervals. An order is right when all six stand in
their true place. "Off by" is the mean distance of a department's deviation from the truth.
Made by `benchmarks/adjustments.py`.

### Mild and strict raters (`leniency`)

{table(mild)}

The promised design is 800 people who rate three departments each (400 ratings per department). Nothing is gained by
treating respondents as random or by shrinking towards raw means: a weight of 5, 10, 20 and 40 % less on the comparison
within raters made the order right in 96, 96, 96 and 94 % of 200 such studies (within raters alone 96 %), and with 600
people in 91, 91, 90 and 81 % (92 %). With raters who choose by chance, or who are all equally mild, the adjustment
moves a mean by no more than its own error. What it costs then shows in "off by".

#### Coverage of the adjusted mean, raters by chance, people who rate three departments each

{level_coverage()}

### Other customers (`case_mix`)

{table(mix)}

### Chance (`shrink`)

40 departments, standard deviation .3 between and 1.3 within.

{shrunken_error()}
"""
    write_section(COVERAGE, "Order of departments, raw and adjusted", text)


if __name__ == "__main__":
    main()
