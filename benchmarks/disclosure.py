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
from small_survey import item as question  # noqa: E402
from small_survey import questionnaire, text  # noqa: E402

from icstats.comments import sheet_of, write_sheets  # noqa: E402
from icstats.edition import admit_release  # noqa: E402
from icstats.errors import RunError  # noqa: E402
from icstats.ledger import open_ledger  # noqa: E402
from icstats.questionnaire import Scale  # noqa: E402
from icstats.scales import score_items, valid_counts  # noqa: E402
from icstats.study import Policy  # noqa: E402
from icstats.turnover import moved  # noqa: E402

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


def own_answers(folder: Path, seed: int, minimum: int, readers: int) -> dict[str, float]:
    """D20: readers who took part subtract their own answers; return the narrowest width for the others, and the cost.

    Only groups of fewer others than ten count: ten may be known.
    """
    one = organisation(folder, answers(SIZES, seed), policy=Policy(minimum_group=minimum))
    shown = [row for row in one.rows() if row["kind"] == "Summary" and row["statistic"] == "mean" and row["estimate"]]
    widths = [4.0]
    for row in (row for row in shown if row["department"] in SIZES and SIZES[row["department"]] - readers < SMALL):
        n = SIZES[row["department"]]
        widths.append(0.1 * n / (n - readers))
    may = sum(n >= SMALL for n in SIZES.values()) * len(VARIABLES)
    return {"width": min(widths), "shown": sum(row["department"] in SIZES for row in shown) / may}


def comment_order(folder: Path, seed: int) -> float:
    """D18: the rank correlation of the order in which comments are shown with that of the rows."""
    frame = answers({"x": 40, "y": 60}, seed)
    one = organisation(folder, frame.assign(OP1=[f"remark {row} about the desk" for row in frame.index])).edition
    write_sheets(one.study, one.organisation.responses, wave="1", ledger=one.ledger)
    path = sheet_of(one.study, "x", wave="1")
    path.write_text(path.read_text(encoding="utf-8-sig").replace("desk,", "desk,yes"), encoding="utf-8-sig")
    places = [int(text.split()[1]) for text in one.comments("x")["OP1"]]
    return float(np.corrcoef(places, range(len(places)))[0, 1])


def random_sizes(seed: int) -> Mapping[str, int]:
    """Return 12 departments as organisations have them: some very small, some large."""
    drawn = np.random.default_rng(seed).lognormal(3.4, 1.1, 12)
    return {f"d{place}": int(min(max(n, 3), 700)) for place, n in enumerate(drawn)}


def large_survey(n_departments: int = 200, n_items: int = 30) -> tuple[float, int]:
    """Return the seconds of the whole policy on two waves of a large survey, and the number of ratings."""
    rng = np.random.default_rng(1)
    codes = [f"Q{number}" for number in range(n_items)]
    blocks = {block: codes[place :: len(BLOCKS)] for place, block in enumerate(BLOCKS)}
    block_of = {code: block for block, own in blocks.items() for code in own}
    asked = questionnaire(
        *(question(code, block_of[code], scale=block_of[code]) for code in codes),
        question("SA1", "outcome"),
        scales=tuple(Scale.model_validate({"code": b, "block": b, "label": text(b)}) for b in BLOCKS),
    )
    sizes = np.clip(rng.lognormal(3.6, 1, n_departments), 3, 900).astype(int)
    departments = [f"d{place}" for place in range(n_departments)]
    levels = rng.normal(3.7, 0.4, n_departments)
    waves = []
    for start in (0, 100_000):
        place = np.repeat(np.arange(n_departments), sizes)
        drawn = np.rint(levels[place][:, None] + rng.normal(0, 1, (len(place), n_items + 1)))
        wave = pd.DataFrame(np.clip(drawn, 1, 5), columns=[*codes, "SA1"])
        waves.append(
            wave.assign(
                department=np.array(departments)[place], role="customer", respondent=start + np.arange(len(place))
            )
        )
    begun = time.process_time()
    earlier, now = (valid_counts(wave, asked, departments=departments) for wave in waves)
    people = moved(waves[1], [waves[0]], asked).reindex(departments, fill_value=0)
    parts = score_items(asked)
    ledgers = [
        open_ledger(counts, policy=POLICY, parts=parts)
        for counts in (earlier, now.assign(moved=people.to_numpy().ravel()))
    ]
    ledgers[1].along_with(ledgers[0])
    return time.process_time() - begun, sum(map(len, waves))


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
            joined: [gain for seed in range(n) for gain in joiner(folder / f"j{seed}-{joined}", seed, joined=joined)]
            for joined in (1, 9)
        }
        heads = {
            (minimum, readers): [
                own_answers(folder / f"h{seed}-{minimum}", seed, minimum, readers) for seed in range(n)
            ]
            for minimum, readers in ((10, 1), (11, 1), (11, 2), (12, 2))
        }
        orders = [comment_order(folder / f"k{seed}", seed) for seed in range(n)]
        random = [unneeded(organisation(folder / f"o{seed}", answers(random_sizes(seed), seed))) for seed in range(n)]
    widths = [one["D02"] for one in all_at_once]
    given = [one["unneeded"] for one in all_at_once]
    sizes = ", ".join(map(str, SIZES.values()))
    attacks = [
        ("D01", "numbers of departments below 10", *counted(sum(one["D01"] for one in all_at_once))),
        ("D02", "narrowest interval of a hidden mean, over departments, items and blocks", *narrowed(widths)),
        ("D04", "numbers with more than two decimals", *counted(sum(one["D04"] for one in all_at_once))),
        ("D09", "gain in probability of one joiner's true answer, the 19 others as before", *gained(gains[1])),
        ("D09", "the same, nine joined and the reader knows eight of them", *gained(gains[9])),
        ("D11", "reruns with one late answer, refused", f"{late} of {n}", f"{late} of {n}"),
        ("D12", "reruns with a filter that leaves two out, refused", f"{filtered} of {n}", f"{filtered} of {n}"),
        ("D14", "narrowest interval where all 14 gave one item a 1", *narrowed(classes)),
        ("D16", "minimum, maximum, quantiles of answers", *counted(sum(one["D16"] for one in all_at_once))),
    ]
    attacks += [
        ("D18", "largest correlation of the order of comments with that of the rows (n = 40)", *ordered(orders)),
        *(
            (
                "D20",
                f"narrowest interval for fewer than ten others, {readers} of them reading, from {minimum} answers on",
                *narrowed([one["width"] for one in found]),
            )
            for (minimum, readers), found in heads.items()
        ),
    ]
    cost = {
        minimum: np.mean([one["shown"] for one in found]) for (minimum, readers), found in heads.items() if readers == 1
    }
    seconds, n_ratings = large_survey()
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
        f"""Of the means of departments with ten answers or more, {100 * cost[10]:.1f} % are shown with a minimum of 10
and {100 * cost[11]:.1f} % with 11, which leaves ten others where one of eleven reads.""",
        "",
        f"""The whole policy on 200 departments x 30 items x 2 waves ({n_ratings} ratings: counts, who joined or left,
both decisions, what they allow together) took {seconds:.1f} s of processor time.""",
        "",
    ]
    return "\n".join(lines)


def counted(found: float) -> tuple[str, str]:
    """Return how many there are of what there should be none of."""
    return f"{found:.0f}", "no" if found else "yes"


def ordered(orders: list[float]) -> tuple[str, str]:
    """Return how far an order follows the rows; chance alone goes beyond 0.44 in one of 200."""
    largest = max(map(abs, orders))
    return f"{largest:.2f} (mean {np.mean(orders):+.2f})", f"{sum(abs(one) < 0.44 for one in orders)} of {len(orders)}"


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
