"""How far a reader with all released rows gets, and what hiding costs.

Run with ``python benchmarks/disclosure.py [organisations]``: prints the tables and writes its sections of
``coverage.md`` beside this file. The attackers are those of ``tests/attacks``: they get released rows or the files of
real runs, and know exactly how many people answered in every department, and who skipped what.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from tables import COVERAGE, write_section

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))

from attacks.attacker import STEPS, LinearAttacker, found  # noqa: E402  the attackers live with the tests
from attacks.organisation import BLOCKS, ITEMS, OUTCOME, SIZES, answers, organisation  # noqa: E402
from attacks.readers import (  # noqa: E402
    POINT,
    follows,
    order_of_comments,
    part_by_subtraction,
    possible_answers,
    rest_of_norm,
    width_for_others,
)
from attacks.site import released_site  # noqa: E402
from attacks.sites import EXTRA_IN_NORM, HEADS, SKIPPED, by_gender, n_answers, surveyed  # noqa: E402
from attacks.sites import SIZES as FILE_SIZES  # noqa: E402

from icstats.errors import RunError  # noqa: E402
from icstats.study import Policy  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from attacks.attacker import Cell
    from attacks.organisation import Organisation, Rows

POLICY = Policy()
ORGANISATIONS, SMALL, OTHERS, GAIN = 20, POLICY.minimum_answers, POLICY.minimum_group, 0.05
VARIABLES = (*BLOCKS, *ITEMS)


def narrowest(one: Organisation, rows: Rows, places: list[str], variables: tuple[str, ...] = VARIABLES) -> float:
    """Return the width of the narrowest interval for the mean of a group that must not be known."""
    attacker = LinearAttacker(rows=rows, sizes=one.sizes)
    intervals = [attacker.interval(place, variable) for place in places for variable in variables]
    return min(high - low for low, high in intervals)


def by_subtraction(folder: Path, seed: int, sizes: Mapping[str, int] = SIZES) -> dict[str, float]:
    """D01, D02, D04 and D16: everything that is released of an organisation, at once."""
    one = organisation(folder, answers(sizes, seed))
    rows = one.rows()
    small = [place for place, n in sizes.items() if n < SMALL]
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


def joiner(folder: Path, seed: int, *, joined: int) -> list[float]:
    """D09: 20 people, the same but some who joined, and all others answer as before; return the gains of a guess.

    A guess of one joiner's answer, by a reader who knows all other joiners' answers. No guess can be made where
    either mean is hidden: that gains nothing.
    """
    frame = answers({"x": 20, "y": 60, "z": 70}, seed)
    gone = frame.index[frame["department"] == "x"][:joined]
    both = pd.concat([frame.drop(index=gone).assign(wave="1"), frame.assign(wave="2")], ignore_index=True)
    rows = [organisation(folder / wave, both, wave=wave).rows() for wave in ("1", "2")]
    gains = []
    for item in ITEMS:
        means = [found(part, kind="Summary", department="x", variable=item, statistic="mean") for part in rows]
        if means[0] is None or means[1] is None:
            gains.append(0.0)
            continue
        known = int(frame.loc[gone[1:], item].sum())
        guess = [0] * 5
        for old in range(20 - joined, 5 * (20 - joined) + 1):
            if round(old / (20 - joined), 1) == means[0]["estimate"]:
                for answer in range(1, 6):
                    guess[answer - 1] += round((old + known + answer) / 20, 1) == means[1]["estimate"]
        truth = int(frame[item].loc[gone[0]])
        prior = float((frame[item] == truth).mean())
        weights = [count * float((frame[item] == step).mean()) for step, count in enumerate(guess, start=1)]
        gains.append(weights[truth - 1] / sum(weights) - prior if sum(weights) else -prior)
    return gains


def of_files(folder: Path, seed: int) -> dict[str, float]:
    """D07, D11, D12, D18, D20 and D21: a real run, two refused ones, and what readers find in the files."""
    frame = surveyed(folder, seed=seed)
    site = released_site(folder, frame, norms="norm.csv")
    files = contents(site)
    again = {
        "D11": pd.concat([frame, frame.tail(1).assign(respondent="late")]),
        "D12": frame.drop(index=frame.index[frame["department"] == "f"][:2]),
    }
    refused = {name: is_refused(folder, changed, norms="norm.csv") for name, changed in again.items()}
    assert contents(site) == files, "a refused run changed what readers have"
    first = frame.groupby("department").first()
    own = {(place, item): (int(first.loc[place, item]),) for place in FILE_SIZES for item in ITEMS}
    heads = {cell: answer for cell, answer in own.items() if cell[0] in HEADS}
    small = [place for place, n in FILE_SIZES.items() if n - 1 < OTHERS]
    targets = [(place, code) for place in small for code in (OUTCOME, "P1", "product")]
    mine = [width_for_others(site, FILE_SIZES, of_place(own, place), (place, code)) for place, code in targets]
    pooled = [
        width_for_others(
            site, FILE_SIZES, heads | of_place(own, place), (place, code), departments=sorted({place, *HEADS})
        )
        for place, code in targets
    ]
    both = frame[frame["department"] == "d"].head(2)
    colleagues = {("d", item): tuple(int(answer) for answer in both[item]) for item in ITEMS}
    possible = {
        heading: min(
            len(possible_answers(site, FILE_SIZES, SKIPPED, (place, code), known=known, departments=shown))
            for place, _ in SKIPPED
            for code in ("P2", OUTCOME)
            for shown in [None if known is None else [place, *HEADS]]
        )
        for heading, known in (("D07", None), ("D07 pooled", heads))
    }
    norms = [
        rest_of_norm(site, code, n_norm=n_answers(frame, code) + more, n_ours=n_answers(frame, code))
        for code, more in EXTRA_IN_NORM.items()
        if more < OTHERS
    ]
    order = order_of_comments(site, "f")
    marks = frame.loc[frame["department"] == "f", OUTCOME].astype(float).tolist()
    return {
        **refused,
        **possible,
        "D18": follows(order),
        "D18 marks": follows(order, marks),
        "D20": min(mine),
        "D20 pooled": min(pooled),
        "D20 colleagues": width_for_others(site, FILE_SIZES, colleagues, ("d", OUTCOME)),
        "D21": min(high - low for low, high in norms),
    }


def of_place(own: Mapping[Cell, Sequence[int]], place: str) -> dict[Cell, Sequence[int]]:
    """Return the own answers about one department."""
    return {cell: answer for cell, answer in own.items() if cell[0] == place}


def contents(site: Path) -> dict[Path, bytes]:
    """Return what readers have."""
    return {path: path.read_bytes() for path in site.rglob("*") if path.is_file()}


def is_refused(folder: Path, frame: pd.DataFrame, *, norms: str | None = None) -> bool:
    """Return whether a run on other answers is refused because of what was released before."""
    try:
        released_site(folder, frame, norms=norms)
    except RunError as error:
        return error.problems[0].code == "ICS-713"
    return False


def of_gender(folder: Path, seed: int) -> dict[str, float]:
    """D05: one department broken down alone, and a survey broken down that was released whole."""
    sizes = {"women": 52, "men": 8}
    alone = released_site(folder / "alone", answers(sizes, seed))
    low, high = part_by_subtraction(alone, alone, sizes, "men", OUTCOME, of="organisation")
    whole, parts = by_gender(seed=seed)
    released_site(folder / "both", whole)
    return {"D05": high - low, "D05 again": is_refused(folder / "both", parts)}


def random_sizes(seed: int) -> Mapping[str, int]:
    """Return 12 departments as organisations have them: some very small, some large."""
    drawn = np.random.default_rng(seed).lognormal(3.4, 1.1, 12)
    return {f"d{place}": int(min(max(n, 3), 700)) for place, n in enumerate(drawn)}


def report(n: int) -> tuple[str, str]:
    """Return what is found and what hiding costs, as Markdown."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        all_at_once = [by_subtraction(folder / f"s{seed}", seed) for seed in range(n)]
        classes = [class_disclosure(folder / f"c{seed}", seed) for seed in range(n)]
        gains = {
            joined: [gain for seed in range(n) for gain in joiner(folder / f"j{seed}-{joined}", seed, joined=joined)]
            for joined in (1, 10)
        }
        random = [by_subtraction(folder / f"o{seed}", seed, random_sizes(seed)) for seed in range(n)]
        files = [of_files(folder / f"f{seed}", seed) for seed in range(n)]
        genders = [of_gender(folder / f"g{seed}", seed) for seed in range(n)]
    attacks = [
        ("D01", "rows", "numbers of departments below 11", *counted(sum(one["D01"] for one in all_at_once))),
        ("D02", "rows", "narrowest interval of a hidden mean, over departments, items and blocks",
         *narrowed([one["D02"] for one in all_at_once])),
        ("D02", "rows", "the same, random sizes", *narrowed([one["D02"] for one in random])),
        ("D04", "rows", "numbers with more than two decimals", *counted(sum(one["D04"] for one in all_at_once))),
        ("D05", "files", "52 women and 8 men: interval of the men's mark", *narrowed([one["D05"] for one in genders])),
        ("D05", "files", "released whole, then by gender: refused", *refusals([one["D05 again"] for one in genders])),
        ("D07", "files", "fewest answers possible of somebody known to have skipped another item",
         *all_five([one["D07"] for one in files])),
        ("D07", "files, two heads", "the same", *all_five([one["D07 pooled"] for one in files])),
        ("D09", "rows", "gain in probability of one joiner's true answer, the 19 others as before", *gained(gains[1])),
        ("D09", "rows", "the same, ten joined and the reader knows nine of them", *gained(gains[10])),
        ("D11", "files", "one late answer: refused, no file changed", *refusals([one["D11"] for one in files])),
        ("D12", "files, two heads", "a filter leaves two out: refused, so that heads have nothing new to pool",
         *refusals([one["D12"] for one in files])),
        ("D14", "rows", "narrowest interval where all 14 gave one item a 1", *narrowed(classes)),
        ("D16", "rows", "minimum, maximum, quantiles of answers", *counted(sum(one["D16"] for one in all_at_once))),
        ("D18", "files", "largest correlation of the order of 120 comments with that of the rows",
         *ordered([one["D18"] for one in files])),
        ("D18", "files", "the same with the marks beside them", *ordered([one["D18 marks"] for one in files])),
        ("D20", "files", "narrowest interval for fewer than ten others, of a reader who took part",
         *narrowed([one["D20"] for one in files])),
        ("D20", "files, two heads", "the same, the own department's reports pooled",
         *narrowed([one["D20 pooled"] for one in files])),
        ("D20", "files, not covered", "nine others of eleven, two colleagues put their answers together",
         *narrowed([one["D20 colleagues"] for one in files])),
        ("D21", "files", "narrowest interval of the five or nine others in a norm",
         *narrowed([one["D21"] for one in files])),
    ]  # fmt: skip
    found_out = [
        f"""Made by `benchmarks/disclosure.py`: {n} simulated organisations per row. Rows: all released rows of 12
departments ({listed(SIZES)} ratings), 12 items from 1 to 5 in three blocks. Files: the pages, JSON and workbook of
real runs of six departments ({listed(FILE_SIZES)} ratings, one person each skipping an item in two).
Readers have everything (heads who pool: the organisation's files and those of their two departments), know every n
exactly and their own answers. Intervals by linear programming over the numbers of people per department, item and
answer; stopped is a width of at least 1.0 point, or a gain of at most 5 points.""",
        "",
        "| attack | reader has | what is measured | figure | stopped |",
        "| -- | -- | -- | -- | -- |",
        *(f"| {' | '.join(attack)} |" for attack in attacks),
    ]
    given, drawn = ([one["unneeded"] for one in part] for part in (all_at_once, random))
    cost = [
        """Made by `benchmarks/disclosure.py`. Cells of department and variable (items and blocks) that could be shown
by themselves and are hidden for another's sake; must be at most 10 % in each organisation. One small department alone
takes exactly one other with it, which no choice avoids: with fewer than ten departments that is more than 10 %.""",
        "",
        "| organisation | with the sizes above | with random sizes |",
        "| -- | -- | -- |",
        *(f"| {seed} | {100 * given[seed]:.1f} % | {100 * drawn[seed]:.1f} % |" for seed in range(n)),
        f"| mean | {100 * np.mean(given):.1f} % | {100 * np.mean(drawn):.1f} % |",
        f"| largest | {100 * max(given):.1f} % | {100 * max(drawn):.1f} % |",
    ]
    return "\n".join(found_out), "\n".join(cost)


def listed(sizes: Mapping[str, int]) -> str:
    """Return the sizes for a sentence."""
    return ", ".join(map(str, sizes.values()))


def refusals(refused: list[float]) -> tuple[str, str]:
    """Return how many runs were refused."""
    told = f"{sum(map(bool, refused))} of {len(refused)}"
    return told, told


def all_five(possible: list[float]) -> tuple[str, str]:
    """Return the fewest of the five answers that a reader must reckon with, and where that is all of them."""
    return f"{min(possible):.0f} of 5", f"{sum(one == len(STEPS) for one in possible)} of {len(possible)}"


def counted(found: float) -> tuple[str, str]:
    """Return how many there are of what there should be none of."""
    return f"{found:.0f}", "no" if found else "yes"


def ordered(orders: list[float]) -> tuple[str, str]:
    """Return how far an order follows the rows; of 120, chance alone goes beyond 0.30 in one of 1000."""
    largest = max(map(abs, orders))
    return f"{largest:.2f} (mean {np.mean(orders):+.2f})", f"{sum(abs(one) < 0.3 for one in orders)} of {len(orders)}"


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
    found_by_readers, hidden_for_others = report(int(sys.argv[1]) if len(sys.argv) > 1 else ORGANISATIONS)
    write_section(COVERAGE, "How far a reader of what is released gets", found_by_readers)
    write_section(COVERAGE, "What hiding for the sake of others costs", hidden_for_others)
