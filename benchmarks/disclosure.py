"""How far a reader with all released rows gets, and what hiding costs.

Run with ``python benchmarks/disclosure.py [organisations]``: prints the tables and writes them to ``disclosure.md``
beside this file. The attackers are those of ``tests/attacks``: they get released rows, know exactly how many people
answered in every department, and that everybody answered everything.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))

from attacks.attacker import LinearAttacker, found  # noqa: E402  the attackers live with the tests
from attacks.organisation import BLOCKS, ITEMS, SIZES, answers, organisation  # noqa: E402

from icstats.edition import admit_release  # noqa: E402
from icstats.errors import RunError  # noqa: E402
from icstats.ledger import open_ledger  # noqa: E402
from icstats.study import Policy  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attacks.organisation import Organisation, Rows

ORGANISATIONS, SMALL, POINT, GAIN = 20, 10, 1.0, 0.05
POLICY = Policy()
VARIABLES = (*BLOCKS, *ITEMS)


def narrowest(one: Organisation, rows: Rows, places: list[str], variables: tuple[str, ...] = VARIABLES) -> float:
    """Return the width of the narrowest interval for the mean of a group that must not be known."""
    attacker = LinearAttacker(rows=rows, sizes=one.sizes)
    intervals = [attacker.interval(place, variable) for place in places for variable in variables]
    return min(high - low for low, high in intervals)


def by_subtraction(folder: Path, seed: int) -> dict[str, float]:
    """D01, D02, D04 and D16: everything that is released of an organisation, at once."""
    one = organisation(folder, answers(SIZES, seed))
    rows = one.rows()
    small = [place for place, n in SIZES.items() if n < SMALL]
    shown = [row for row in rows if row["estimate"] is not None]
    numbers = [row[name] for row in shown for name in ("estimate", "conf_low", "conf_high") if row[name] is not None]
    return {
        "D01": sum(row["department"] in small for row in shown),
        "D02": narrowest(one, rows, small),
        "D04": sum(number != round(number, 2) for number in numbers),
        "D16": len({row["statistic"] for row in shown} & {"minimum", "maximum", "range", "median", "q25", "q75"}),
        "unneeded": unneeded(one),
    }


def unneeded(one: Organisation) -> float:
    """Return the part of the cells that may be known by themselves and is hidden all the same."""
    counts = one.edition.organisation.responses.counts(wave="1")
    cells = counts[counts["variable"].isin(VARIABLES) & (counts["n"] >= SMALL)]
    telling = {
        (row.department, row.variable)
        for row in cells.itertuples()
        if row.n < POLICY.minimum_extremes and (row.sd < 1e-8 or not 1.1 < round(row.mean, 1) < 4.9)
    }
    safe = {(row.department, row.variable) for row in cells.itertuples()} - telling
    return len(safe & one.hidden) / len(safe)


def class_disclosure(folder: Path, seed: int) -> float:
    """D14: all in a department of 14 give one item a 1."""
    frame = answers(SIZES, seed)
    frame.loc[frame["department"] == "f", "O2"] = 1
    one = organisation(folder, frame, norms="departments")
    return narrowest(one, one.rows(), ["f"], ("O2",))


def rerun(folder: Path, seed: int, *, late: bool) -> bool:
    """D11 and D12: one late answer, or a filter that leaves two people out; return whether it is refused."""
    frame = answers(SIZES, seed)
    first = organisation(folder, frame).edition
    admit_release(first.study, first.organisation.responses)
    one = answers({"g": 1}, seed + 1000).assign(respondent="late")
    changed = pd.concat([frame, one]) if late else frame.drop(index=frame.index[frame["department"] == "h"][:2])
    again = organisation(folder, changed).edition
    try:
        admit_release(again.study, again.organisation.responses)
    except RunError:
        return True
    return False


def joiner(folder: Path, seed: int, retest: float) -> list[float]:
    """D09: 19 people, and in the next wave the same and one more; return what a guess of the joiner's answer gains.

    ``retest`` is the share of answers that stay the same; the attacker believes that all do.
    """
    frame = answers({"x": 20, "y": 60, "z": 70}, seed)
    before = frame.drop(index=frame.index[frame["department"] == "x"][:1])
    after, rng = frame.copy(), np.random.default_rng(seed)
    moved = rng.random((len(frame), len(ITEMS))) > retest
    after[list(ITEMS)] = np.clip(frame[list(ITEMS)] + moved * rng.choice([-1, 1], moved.shape), 1, 5)
    after.loc[after["department"] == "x", list(ITEMS)] = np.where(
        (np.arange(20) == 0)[:, None], frame[:20][list(ITEMS)], after[:20][list(ITEMS)]
    )
    rows = [organisation(folder / name, part).rows() for name, part in (("1", before), ("2", after))]
    gains = []
    for item in ITEMS:
        means = [found(part, kind="Summary", department="x", variable=item, statistic="mean") for part in rows]
        if means[0] is None or means[1] is None:
            continue
        guess = [0] * 5
        for old in range(19, 96):
            if round(old / 19, 1) == means[0]["estimate"]:
                for answer in range(1, 6):
                    guess[answer - 1] += round((old + answer) / 20, 1) == means[1]["estimate"]
        truth = int(frame[item].iloc[0])
        prior = float((frame[item] == truth).mean())
        weights = [count * float((frame[item] == step).mean()) for step, count in enumerate(guess, start=1)]
        gains.append(weights[truth - 1] / sum(weights) - prior if sum(weights) else -prior)
    return gains


def random_sizes(seed: int) -> Mapping[str, int]:
    """Return 12 departments as organisations have them: some very small, some large."""
    drawn = np.random.default_rng(seed).lognormal(3.4, 1.1, 12)
    return {f"d{place}": int(min(max(n, 3), 700)) for place, n in enumerate(drawn)}


def large_survey(n_departments: int = 200, n_items: int = 30) -> float:
    """Return the seconds that the decision about one wave of a large survey takes."""
    rng = np.random.default_rng(1)
    blocks = {f"S{block}": [f"S{block}_{item}" for item in range(n_items // 3)] for block in range(3)}
    rows = []
    for place in range(n_departments):
        n = int(min(max(rng.lognormal(3.6, 1), 3), 900))
        rows.append({"department": f"d{place}", "variable": "ratings", "n": n})
        means = {code: rng.normal(3.7, 0.4) for codes in blocks.values() for code in codes}
        means |= {score: float(np.mean([means[code] for code in codes])) for score, codes in blocks.items()}
        about = {"sd": 0.9, "minimum": 1.0, "maximum": 5.0}
        rows += [
            {"department": f"d{place}", "variable": code, "n": n, "mean": float(np.clip(mean, 1.2, 4.8)), **about}
            for code, mean in means.items()
        ]
    begun = time.process_time()
    open_ledger(pd.DataFrame(rows), policy=POLICY, parts=blocks)
    return time.process_time() - begun


def report(n: int) -> str:
    """Return the tables as Markdown."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        all_at_once = [by_subtraction(folder / f"s{seed}", seed) for seed in range(n)]
        classes = [class_disclosure(folder / f"c{seed}", seed) for seed in range(n)]
        late, filtered = (
            sum(rerun(folder / f"r{seed}{is_late}", seed, late=is_late) for seed in range(n))
            for is_late in (True, False)
        )
        gains = {
            retest: [gain for seed in range(n) for gain in joiner(folder / f"j{seed}{retest}", seed, retest)]
            for retest in (1.0, 0.6)
        }
        random = [unneeded(organisation(folder / f"o{seed}", answers(random_sizes(seed), seed))) for seed in range(n)]
    widths = [one["D02"] for one in all_at_once]
    given = [one["unneeded"] for one in all_at_once]
    sizes = ", ".join(map(str, SIZES.values()))
    attacks = [
        ("D01", "numbers of departments below 10", *counted(sum(one["D01"] for one in all_at_once))),
        ("D02", "narrowest interval of a hidden mean, over departments, items and blocks", *narrowed(widths)),
        ("D04", "numbers with more than two decimals", *counted(sum(one["D04"] for one in all_at_once))),
        ("D09", "gain in probability of a joiner's true answer, the 19 others as before", *gained(gains[1.0])),
        ("D09", "the same, 60 % of the others' answers as before", *gained(gains[0.6])),
        ("D11", "reruns with one late answer, refused", f"{late} of {n}", f"{late} of {n}"),
        ("D12", "reruns with a filter that leaves two out, refused", f"{filtered} of {n}", f"{filtered} of {n}"),
        ("D14", "narrowest interval where all 14 gave one item a 1", *narrowed(classes)),
        ("D16", "minimum, maximum, quantiles of answers", *counted(sum(one["D16"] for one in all_at_once))),
    ]
    lines = [
        "# How far a reader with all released rows gets",
        "",
        f"""Made by `benchmarks/disclosure.py`: {n} simulated organisations of 12 departments ({sizes} ratings),
12 items from 1 to 5 in three blocks. The reader has all rows (so pooling reports adds nothing), knows every n exactly
and that everybody answered everything. Intervals by linear programming over the numbers of people per department, item
and answer; stopped is a width of at least 1.0 point, or a gain of at most 5 points.""",
        "",
        "| attack | what is measured | figure | stopped |",
        "| -- | -- | -- | -- |",
        *(f"| {' | '.join(attack)} |" for attack in attacks),
        "",
        "## What hiding costs",
        "",
        "Cells of department and variable that could be shown by themselves and are hidden for another's sake.",
        "",
        "| organisation | with the sizes above | with random sizes |",
        "| -- | -- | -- |",
        *(f"| {seed} | {100 * given[seed]:.1f} % | {100 * random[seed]:.1f} % |" for seed in range(n)),
        f"| mean | {100 * np.mean(given):.1f} % | {100 * np.mean(random):.1f} % |",
        "",
        f"200 departments x 30 items, one wave: the decision took {large_survey():.1f} s of processor time.",
        "",
    ]
    return "\n".join(lines)


def counted(found: float) -> tuple[str, str]:
    """Return how many there are of what there should be none of."""
    return f"{found:.0f}", "no" if found else "yes"


def narrowed(widths: list[float]) -> tuple[str, str]:
    """Return the narrowest interval, and in how many organisations it is wide enough."""
    wide = sum(width >= POINT for width in widths)
    return f"{min(widths):.2f} points (median {np.median(widths):.2f})", f"{wide} of {len(widths)}"


def gained(gains: list[float]) -> tuple[str, str]:
    """Return how much surer a reader is, and for how many answers hardly."""
    hardly = np.mean([gain <= GAIN for gain in gains])
    return (
        f"mean {100 * np.mean(gains):+.1f} points, largest {100 * max(gains):+.0f}",
        f"{100 * hardly:.0f} % of answers",
    )


if __name__ == "__main__":
    made = report(int(sys.argv[1]) if len(sys.argv) > 1 else ORGANISATIONS)
    print(made)
    (HERE / "disclosure.md").write_text(made, encoding="utf-8")
