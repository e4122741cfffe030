"""How many departments are called different from the norm when none is, and how many of those that are get found.

An organisation of 40 departments and 20 items on five points, items correlated .5 through the rater, and three block
scores. Writes its section of ``coverage.md`` beside this file.
Run: ``OPENBLAS_NUM_THREADS=1 python benchmarks/flags.py`` (some minutes on one core), or with another number of
organisations where nothing differs behind it: 1,000 are needed to tell 3.5 % from 5 %.
"""

from __future__ import annotations

import sys
from functools import cache

import numpy as np
import pandas as pd
from coverage_alpha import MODERATE, STRONG, SYMMETRIC
from coverage_means import MadeUpNorm
from pingouin import multicomp
from scipy.special import stdtr
from scipy.stats import norm
from statsmodels.stats.proportion import proportion_confint
from tables import COVERAGE, table, write_section

from icstats.benchmark import adjust_family, compare_with_norm
from icstats.seeds import derive_seed

DEPARTMENTS, ITEMS = 40, 20
NULL_STUDIES, STUDIES = 1000, 8
WORLDS = {"in the middle": SYMMETRIC, "half at the top": MODERATE, "86 % at the top": STRONG}
POWER_WORLDS = {"in the middle": SYMMETRIC, "half at the top": MODERATE}
SIZES = (15, 25, 50, 100, 200)
TRUE_SHARE = 0.1
EFFECTS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0)
LEVEL = 0.05
SEED = 2026
POINTS = np.arange(1.0, 6.0)
CODES = [f"q{number:02}" for number in range(ITEMS)]
BLOCKS = {"product": CODES[:7], "process": CODES[7:14], "orientation": CODES[14:]}
COMPARISONS = DEPARTMENTS * (ITEMS + len(BLOCKS))
LARGE = 200_000


@cache
def true_norm(cuts: tuple[float, ...]) -> MadeUpNorm:
    """Return the norm that all departments are at when none differs."""
    shares = np.diff([0.0, *norm.cdf(cuts), 1.0])
    mean = shares @ POINTS
    spread = np.sqrt(shares @ (POINTS - mean) ** 2)
    columns = {"mean": mean, "sd_within": spread, "minimum": 1.0, "maximum": 5.0}
    values = pd.DataFrame(columns, index=[*CODES, *BLOCKS])
    many = department(np.random.default_rng(SEED), LARGE, cuts, np.zeros(ITEMS))
    values.loc[list(BLOCKS), "sd_within"] = many[list(BLOCKS)].std()
    return MadeUpNorm(values=values)


def department(random: np.random.Generator, n: int, cuts: tuple[float, ...], shift: np.ndarray) -> pd.DataFrame:
    """Return answers of n people, each item moved by so many standard deviations, and their block scores."""
    latent = np.sqrt(0.5) * (random.normal(size=(n, 1)) + random.normal(size=(n, ITEMS))) + shift
    answers = 1.0 + np.digitize(latent, cuts)
    blocks = [answers[:, [CODES.index(code) for code in codes]].mean(axis=1) for codes in BLOCKS.values()]
    return pd.DataFrame(np.column_stack([answers, *blocks]), columns=[*CODES, *BLOCKS])


def organisation(seed: int, cuts: tuple[float, ...], sizes: np.ndarray, shifts: np.ndarray) -> pd.DataFrame:
    """Return the differences of all departments, with p values by every rule.

    A guarded p value is never smaller than that of the t test. So only where that one is small enough for any rule the
    comparison is made, for all departments in one call.
    """
    random, level = np.random.default_rng(seed), true_norm(cuts)
    answers = [department(random, int(n), cuts, shift) for n, shift in zip(sizes, shifts, strict=True)]
    plain = np.concatenate([t_tests(own, level) for own in answers])
    found = pd.DataFrame({"department": np.repeat(range(len(answers)), plain.size // len(answers)), "p_value": plain})
    found["variable"] = list(answers[0].columns) * len(answers)
    near = found[found["p_value"] <= LEVEL]
    scores = np.full((max(sizes), len(near)), np.nan)
    for place, (number, variable) in enumerate(zip(near["department"], near["variable"], strict=True)):
        own = answers[number][variable].to_numpy()
        scores[: len(own), place] = own
    names = [str(place) for place in near.index]
    norm_of_near = MadeUpNorm(values=level.values.loc[near["variable"]].set_axis(names))
    compared = compare_with_norm(pd.DataFrame(scores, columns=names), norm_of_near).data
    compared = compared[compared["statistic"] == "difference"].set_axis(near.index)
    guarded = found["p_value"].where(found["p_value"] > LEVEL, compared["p_guarded"])
    found["own"] = guarded.groupby(found["department"]).transform(adjusted, method="fdr_bh")
    found = found.assign(
        p_adjusted=adjusted(guarded, "fdr_bh"), by=adjusted(guarded, "fdr_by"), plain=adjusted(plain, "fdr_bh")
    )
    stands = compared[(found["p_adjusted"] <= LEVEL)[near.index]]
    low, high, margin = stands["conf_low"], stands["conf_high"], stands["margin"]
    apart = ((low > 0) | (high < 0)) & ~((low >= -margin) & (high <= margin))
    found["word"], found["clearly"] = False, False
    found.loc[stands.index, "word"] = apart
    found.loc[stands.index, "clearly"] = (low > margin) | (high < -margin)
    return found


def t_tests(answers: pd.DataFrame, level: MadeUpNorm) -> np.ndarray:
    """Return the p value of every difference; NaN where all answers are the same."""
    values = answers.to_numpy()
    differences = values.mean(axis=0) - level.values.loc[answers.columns, "mean"].to_numpy()
    errors = values.std(axis=0, ddof=1) / np.sqrt(len(values))
    errors[np.ptp(values, axis=0) == 0] = np.nan
    return 2 * stdtr(len(values) - 1, -np.abs(differences) / errors)


def adjusted(p_values: np.ndarray, method: str) -> np.ndarray:
    """Return p values that allow for each other; a difference without one is no part of the family."""
    return multicomp(np.asarray(p_values), method=method)[1]


def as_reported(seed: int, cuts: tuple[float, ...], sizes: np.ndarray, shifts: np.ndarray) -> pd.DataFrame:
    """Return the differences of the same organisation, department by department, as the reports find them."""
    random, level = np.random.default_rng(seed), true_norm(cuts)
    compared = {
        f"{number:02}": compare_with_norm(department(random, int(n), cuts, shift), level)
        for number, (n, shift) in enumerate(zip(sizes, shifts, strict=True))
    }
    family = adjust_family(compared).data
    return family[family["statistic"] == "difference"].reset_index(drop=True)


def require_same(seed: int, cuts: tuple[float, ...], sizes: np.ndarray, shifts: np.ndarray) -> None:
    """Stop where the short way and the reports call different things different."""
    short, long = organisation(seed, cuts, sizes, shifts), as_reported(seed, cuts, sizes, shifts)
    for rule, words in (("clearly", "clearly"), ("word", "above|below")):
        if not short[rule].equals(long["verdict"].str.contains(words)):
            raise AssertionError(rule)
    small = long["p_adjusted"] <= LEVEL
    if not np.allclose(short["p_adjusted"][small], long["p_adjusted"][small], rtol=1e-6):
        raise AssertionError(rule)


RULES = {
    "reports: called different (BH over the organisation)": lambda rows: rows["p_adjusted"] <= LEVEL,
    "reports: clearly above or below": lambda rows: rows["clearly"],
    "reports: above or below in any word": lambda rows: rows["word"],
    "BY over the organisation": lambda rows: rows["by"] <= LEVEL,
    "not used: BH over the organisation, plain t tests (`test='t'`)": lambda rows: rows["plain"] <= LEVEL,
    "not used: BH within each department": lambda rows: rows["own"] <= LEVEL,
    "not used: p unadjusted": lambda rows: rows["p_value"] <= LEVEL,
}


def percentage(hits: list[bool]) -> str:
    """Return a share with its Wilson interval."""
    low, high = proportion_confint(sum(hits), len(hits), method="wilson")
    return f"{100 * np.mean(hits):.1f} % ({100 * low:.1f} to {100 * high:.1f})"


def null_table(cuts: tuple[float, ...], studies: int) -> str:
    """Return per rule how often anything is flagged, and how much, where nothing differs."""
    sizes, shifts = np.tile(SIZES, DEPARTMENTS // len(SIZES)), np.zeros((DEPARTMENTS, ITEMS))
    anything: dict[str, list[bool]] = {rule: [] for rule in RULES}
    flagged: dict[str, list[float]] = {rule: [] for rule in RULES}
    for study in range(studies):
        rows = organisation(derive_seed(SEED, "null", str(study)), cuts, sizes, shifts)
        for rule, flags in RULES.items():
            hits = flags(rows)
            anything[rule].append(bool(hits.any()))
            flagged[rule].append(float(hits.mean()))
    return table(
        [
            {
                "rule": rule,
                "organisations with a false flag": percentage(anything[rule]),
                "false flags per organisation": f"{COMPARISONS * np.mean(flagged[rule]):.2f}",
            }
            for rule in RULES
        ]
    )


def power_table(cuts: tuple[float, ...]) -> str:
    """Return per size of the difference and of the department how many true differences are found."""
    rows = []
    for effect in EFFECTS:
        found: dict[int, list[float]] = {n: [] for n in SIZES}
        false = []
        for study in range(STUDIES):
            seed = derive_seed(SEED, "power", f"{effect:g}", str(study))
            random = np.random.default_rng(seed)
            differs = random.random((DEPARTMENTS, ITEMS)) < TRUE_SHARE
            signs = random.choice([-1.0, 1.0], size=differs.shape)
            sizes = np.tile(SIZES, DEPARTMENTS // len(SIZES))
            if study == 0:
                require_same(seed + 1, cuts, sizes, differs * signs * effect)
            result = organisation(seed + 1, cuts, sizes, differs * signs * effect)
            items = result[result["variable"].isin(CODES)]
            hits = (items["p_adjusted"] <= LEVEL).to_numpy().reshape(DEPARTMENTS, ITEMS)
            false.append((hits & ~differs).sum() / max(hits.sum(), 1))
            for n in SIZES:
                own = differs & (sizes == n)[:, None]
                found[n] += hits[own].tolist()
        rows.append(
            {
                "true difference (sd)": f"{effect:g}",
                **{f"n = {n}": f"{100 * np.mean(hits):.0f} %" for n, hits in found.items()},
                "false among flags": f"{100 * np.mean(false):.1f} %",
            }
        )
        print(rows[-1], flush=True)
    return table(rows)


def main(studies: int) -> None:
    """Run both parts and write them down."""
    null = "\n\n".join(f"#### Answers {world}\n\n{null_table(cuts, studies)}" for world, cuts in WORLDS.items())
    power = "\n\n".join(f"#### Answers {world}\n\n{power_table(cuts)}" for world, cuts in POWER_WORLDS.items())
    text = f"""
{DEPARTMENTS} departments of {", ".join(map(str, SIZES))} ratings (eight of each), {ITEMS} items on five points,
correlated .5 (latent) through the rater, and three block scores: a family of {COMPARISONS} differences, as the reports
of an organisation have. Seed {SEED}. Made by `benchmarks/flags.py`.

### Nothing differs

{studies:,} organisations; between brackets 95 % Wilson intervals. Where nothing differs every flag is false, so the
false discovery rate is the share of organisations with a flag. Plain t tests are deceived by a ceiling: see
`p_guarded` in `icstats/differences.py`.

{null}

### {100 * TRUE_SHARE:.0f} % of the items of each department differ

Items called different, {STUDIES} organisations per row. A small department can differ by half a standard deviation and
not be found: no flag is no proof of "equal".

{power}
"""
    write_section(COVERAGE, "False flags against the norm, and power", text)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else NULL_STUDIES)
