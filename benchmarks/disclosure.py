"""How far a reader with all released rows gets, and what hiding costs.

Run with ``python benchmarks/disclosure.py [organisations]``: prints the tables and writes its sections of
``coverage.md`` beside this file. The attackers are those of ``tests/attacks``: they get released rows or the files of
real runs, and know exactly how many people answered in every department, and who skipped what.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.stats import chi2, poisson
from tables import COVERAGE, write_section

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))

from attacks.attacker import STEPS  # noqa: E402  the attackers live with the tests
from attacks.organisation import BLOCKS, ITEMS, OUTCOME, SIZES, answers, organisation  # noqa: E402
from attacks.readers import (  # noqa: E402
    EVERYTHING,
    POINT,
    before_the_shuffle,
    follows,
    narrowest,
    one_each,
    order_of_comments,
    over_two_filters,
    over_two_waves,
    part_by_subtraction,
    possible_answers,
    rest_of_norm,
    right_guesses,
    surer_of_a_joiner,
    told_about,
    told_of_one_person,
    width_for_others,
)
from attacks.site import finest_decimals, released_site, rows_of_site  # noqa: E402
from attacks.sites import (  # noqa: E402
    EXTRA_IN_NORM,
    HEADS,
    JOINED,
    SKIPPED,
    STAYED,
    by_gender,
    joiners,
    n_answers,
    surveyed,
    two_waves,
)
from attacks.sites import SIZES as FILE_SIZES  # noqa: E402

from icstats.errors import RunError  # noqa: E402
from icstats.study import Policy  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from attacks.attacker import Cell
    from attacks.organisation import Organisation

POLICY = Policy()
ORGANISATIONS, SMALL, OTHERS, GAIN = 20, POLICY.minimum_answers, POLICY.minimum_group, 0.05
UNLIKELY, FINEST, MOST_HIDDEN = 0.01, 3, 0.1
FILTERED = {"f": 12}
VARIABLES = (*BLOCKS, *ITEMS)


def of_twelve(
    folder: Path, seed: int, sizes_of: Callable[[int], Mapping[str, int]], *, all_gave_one: str = ""
) -> dict[str, float]:
    """D01, D02, D14 and D16: the files of a run of twelve departments, in one of which all may give an item a 1."""
    sizes = sizes_of(seed)
    frame = answers(sizes, seed)
    frame.loc[frame["department"] == all_gave_one, "O2"] = 1
    site = released_site(folder, frame, norms="departments", seed=seed)
    small = [place for place, n in sizes.items() if n < SMALL]
    cells = [(place, variable) for place in small for variable in VARIABLES]
    pooled = [(place, variable) for place in small for variable in (OUTCOME, "P1", "product")]
    telling = [(all_gave_one, "O2")] if all_gave_one else []
    return {
        "D01": sum(len(told_about(site, place)) for place in small),
        "D02": narrowest(site, sizes, cells),
        "D02 pooled": narrowest(site, sizes, pooled, known=one_each(frame, small[:2])),
        "D14": narrowest(site, sizes, telling) if telling else EVERYTHING[1] - EVERYTHING[0],
        "D14 pooled": narrowest(site, sizes, telling, known=one_each(frame, [all_gave_one, "e"])) if telling else 0.0,
        "D16": len(told_of_one_person(site)),
    }


def hidden_for_others(folder: Path, seed: int, sizes_of: Callable[[int], Mapping[str, int]]) -> float:
    """Return the part of the cells that may be known by themselves and is hidden all the same."""
    return unneeded(organisation(folder, answers(sizes_of(seed), seed)))


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


def of_waves(folder: Path, seed: int) -> dict[str, list[float]]:
    """D09: the files of two waves in which all answer the same again, one joined x and ten joined w."""
    frame = two_waves(seed=seed)
    rows = {wave: rows_of_site(released_site(folder, frame, wave=wave, seed=seed)) for wave in ("1", "2")}
    widths, gains = [], []
    for item in ITEMS:
        shares = frame[item].value_counts(normalize=True).reindex(STEPS, fill_value=0.0).to_dict()
        attacker = over_two_waves(rows, STAYED, JOINED, {("w joined", item): joiners(frame, "w", item)[:1]})
        for place, before in STAYED.items():
            if place in JOINED:
                low, high = attacker.interval(f"{place} joined", item)
                widths.append(high - low)
                answered = joiners(frame, place, item)
                gains.append(surer_of_a_joiner(rows, place, item, before=before, joined=answered, shares=shares))
    return {"widths": widths, "gains": gains}


def of_files(folder: Path, seed: int) -> dict[str, Any]:
    """D07, D11, D12, D18, D20 and D21: a real run, two refused ones, and what readers find in the files."""
    frame = surveyed(folder, seed=seed)
    site = released_site(folder, frame, norms="norm.csv", seed=seed)
    files, rows = contents(site), rows_of_site(site)
    few = {
        "D11": pd.concat([frame, frame.tail(1).assign(respondent="late")]),
        "D12": frame.drop(index=frame.index[frame["department"] == "f"][:2]),
    }
    refused = {name: is_refused(folder, changed, norms="norm.csv", seed=seed) for name, changed in few.items()}
    assert contents(site) == files, "a refused run changed what readers have"
    own = one_each(frame, list(FILE_SIZES))
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
    alone = [of_a_skipper(site, place, code) for place, _ in SKIPPED for code in ("P2", OUTCOME)]
    both_heads = [
        of_a_skipper(site, place, code, known=heads, departments=[place, *HEADS])
        for place, _ in SKIPPED
        for code in ("P2", OUTCOME)
    ]
    possible = {
        f"D07{heading}{told}": number
        for heading, cells in (("", alone), (" pooled", both_heads))
        for told, number in (("", min(one for one, _ in cells)), (" more", sum(more for _, more in cells)))
    }
    norms = [
        rest_of_norm(site, code, n_norm=n_answers(frame, code) + more, n_ours=n_answers(frame, code))
        for code, more in EXTRA_IN_NORM.items()
        if more < OTHERS
    ]
    order = order_of_comments(site, "f")
    undone = before_the_shuffle(order, seed=seed, department="f")
    marks = frame.loc[frame["department"] == "f", OUTCOME].astype(float).tolist()
    filtered = frame.drop(index=frame.index[frame["department"] == "f"][1 : FILTERED["f"] + 1])
    again = rows_of_site(released_site(folder, filtered, norms="norm.csv", seed=seed))
    both_releases = over_two_filters(rows, again, FILE_SIZES, without=FILTERED, known=heads)
    return {
        **refused,
        **possible,
        "D12 pooled": min(high - low for low, high in (both_releases.interval(*target) for target in targets)),
        "D18": follows(order),
        "D18 marks": follows(order, marks),
        "D18 undone": follows(undone),
        "D18 named": right_guesses(order),
        "D18 named undone": right_guesses(undone),
        "order": tuple(order),
        "D04": finest_decimals(site),
        "D20": min(mine),
        "D20 pooled": min(pooled),
        "D20 colleagues": width_for_others(site, FILE_SIZES, colleagues, ("d", OUTCOME)),
        "D21": min(high - low for low, high in norms),
    }


def of_a_skipper(
    site: Path,
    place: str,
    code: str,
    *,
    known: Mapping[Cell, Sequence[int]] | None = None,
    departments: Sequence[str] | None = None,
) -> tuple[float, int]:
    """D07: points between her possible answers, and how many are ruled out by knowing who skipped what."""
    kept, of_anybody = (
        possible_answers(site, FILE_SIZES, skipped, (place, code), known=known, departments=departments)
        for skipped in (SKIPPED, {})
    )
    return max(kept) - min(kept), len(of_anybody - kept)


def of_place(own: Mapping[Cell, Sequence[int]], place: str) -> dict[Cell, Sequence[int]]:
    """Return the own answers about one department."""
    return {cell: answer for cell, answer in own.items() if cell[0] == place}


def contents(site: Path) -> dict[Path, bytes]:
    """Return what readers have."""
    return {path: path.read_bytes() for path in site.rglob("*") if path.is_file()}


def is_refused(folder: Path, frame: pd.DataFrame, *, norms: str | None = None, seed: int = 1) -> bool:
    """Return whether a run on other answers is refused because of what was released before."""
    try:
        released_site(folder, frame, norms=norms, seed=seed)
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


def sizes_of_the_cases(_seed: int) -> Mapping[str, int]:
    """Return 12 departments of the sizes that the attacks were described with."""
    return SIZES


def random_sizes(seed: int) -> Mapping[str, int]:
    """Return 12 departments as organisations have them: some very small, some large."""
    drawn = np.random.default_rng(seed).lognormal(3.4, 1.1, 12)
    return {f"d{place}": int(min(max(n, 3), 700)) for place, n in enumerate(drawn)}


def report(n: int) -> tuple[str, str]:
    """Return what is found and what hiding costs, as Markdown."""
    with (
        tempfile.TemporaryDirectory() as name,
        ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool,
    ):
        attacked = partial(of_each, pool, Path(name), n)
        twelve = attacked(partial(of_twelve, sizes_of=sizes_of_the_cases, all_gave_one="f"))
        random = attacked(partial(of_twelve, sizes_of=random_sizes))
        waves, files, genders = attacked(of_waves), attacked(of_files), attacked(of_gender)
        given = attacked(partial(hidden_for_others, sizes_of=sizes_of_the_cases))
        drawn = attacked(partial(hidden_for_others, sizes_of=random_sizes))
    attacks = [
        ("D01", "files", "numbers about departments below 11, in any file", *counted(of(twelve, "D01"))),
        ("D01", "files", "the same, random sizes", *counted(of(random, "D01"))),
        ("D02", "files", "narrowest interval of a hidden mean, over departments, items and blocks",
         *narrowed(of(twelve, "D02"))),
        ("D02", "files, two heads", "the same, of the others, with their own answers about two of the departments",
         *narrowed(of(twelve, "D02 pooled"))),
        ("D02", "files", "narrowest interval, random sizes", *narrowed(of(random, "D02"))),
        ("D02", "files, two heads", "the same, of the others", *narrowed(of(random, "D02 pooled"))),
        ("D04", "files", "most decimals of a number in any file; p has three", *decimals(of(files, "D04"))),
        ("D05", "files", "52 women and 8 men: interval of the men's mark", *narrowed(of(genders, "D05"))),
        ("D05", "files", "released whole, then by gender: refused", *times(of(genders, "D05 again"))),
        ("D07", "files", "points between the possible answers of somebody known to have skipped another item",
         *narrowed(of(files, "D07"))),
        ("D07", "files", "her answers that knowing it rules out", *counted(of(files, "D07 more"))),
        ("D07", "files, two heads", "points between the possible answers", *narrowed(of(files, "D07 pooled"))),
        ("D07", "files, two heads", "answers that knowing it rules out", *counted(of(files, "D07 pooled more"))),
        ("D09", "files of two waves", "interval of one joiner's answer or nine joiners' mean, all others as before",
         *narrowed([min(one["widths"]) for one in waves])),
        ("D09", "files of two waves", "gain in probability of one joiner's answer, the other nine known",
         *gained([gain for one in waves for gain in one["gains"]])),
        ("D11", "files", "one late answer: refused, no file changed", *times(of(files, "D11"))),
        ("D12", "files, two heads", "a filter leaves two out: refused, so that heads have nothing new to pool",
         *times(of(files, "D12"))),
        ("D12", "files, two heads", "a filter that leaves twelve out is let through: both pooled, under ten others",
         *narrowed(of(files, "D12 pooled"))),
        ("D14", "files", "narrowest interval where all 14 gave one item a 1", *narrowed(of(twelve, "D14"))),
        ("D14", "files, two heads", "the same, of the 13 others, one of the heads took part",
         *narrowed(of(twelve, "D14 pooled"))),
        ("D16", "files", "statistics and headings that are one person's answer",
         *counted(of([*twelve, *random], "D16"))),
        ("D18", "files", "different orders of the 120 comments", *times(different(of(files, "order")))),
        ("D18", "files", "comments named rightly by their place; by chance one in each organisation",
         *by_chance(of(files, "D18 named"))),
        ("D18", "files and program", "the same after the shuffle is undone", *by_chance(of(files, "D18 named undone"))),
        ("D18", "files", "correlation with the order of the rows, in standard errors of chance",
         *ordered(of(files, "D18"))),
        ("D18", "files and program", "the same after the shuffle is undone", *ordered(of(files, "D18 undone"))),
        ("D18", "files", "correlation with the marks beside them", *ordered(of(files, "D18 marks"))),
        ("D20", "files", "narrowest interval for fewer than ten others, of a reader who took part",
         *narrowed(of(files, "D20"))),
        ("D20", "files, two heads", "the same, the own department's reports pooled",
         *narrowed(of(files, "D20 pooled"))),
        ("D20", "files, not covered", "nine others of eleven, two colleagues put their answers together",
         *narrowed(of(files, "D20 colleagues"))),
        ("D21", "files", "narrowest interval of the five or nine others in a norm", *narrowed(of(files, "D21"))),
    ]  # fmt: skip
    found_out = [
        f"""Made by `benchmarks/disclosure.py`: {n} simulated organisations per row, 12 items from 1 to 5 in three
blocks. Files: the pages, JSON and workbook of real runs, for D01, D02, D14 and D16 of 12 departments
({listed(SIZES)} ratings, or random sizes), for D05 and D09 of two and four, for the others of six
({listed(FILE_SIZES)} ratings, one person each skipping an item in two).
Readers have everything (heads who pool: the organisation's files and those of their two departments), know every n
exactly and their own answers. Intervals by linear programming over the numbers of people per department, item and
answer; stopped is a width of at least 1.0 point, or a gain of at most 5 points. Where none of 36 gave a low answer,
mean and interval tell so of all of them alike: D07 also counts what knowing who skipped an item adds to that.""",
        "",
        "| attack | reader has | what is measured | figure | stopped |",
        "| -- | -- | -- | -- | -- |",
        *(f"| {' | '.join(attack)} |" for attack in attacks),
    ]
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
        f"| at most 10 % | {within(given)} | {within(drawn)} |",
    ]
    return "\n".join(found_out), "\n".join(cost)


def of_each(pool: ProcessPoolExecutor, folder: Path, n: int, attack: Callable[[Path, int], Any]) -> list[Any]:
    """Attack every organisation in a folder of its own, several at a time, and say how long it took."""
    started = time.monotonic()
    folders = [Path(tempfile.mkdtemp(dir=folder)) for _ in range(n)]
    found = list(pool.map(attack, folders, range(n)))
    name = getattr(attack, "func", attack).__name__
    print(f"{name}: {n} organisations, {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    return found


def within(parts: Sequence[float]) -> str:
    """Return in how many organisations no more is hidden than may be."""
    return f"{sum(part <= MOST_HIDDEN for part in parts)} of {len(parts)}"


def listed(sizes: Mapping[str, int]) -> str:
    """Return the sizes for a sentence."""
    return ", ".join(map(str, sizes.values()))


def of(organisations: Sequence[Mapping[str, Any]], attack: str) -> list[Any]:
    """Return what was found in each organisation."""
    return [one[attack] for one in organisations]


def times(so: Sequence[bool]) -> tuple[str, str]:
    """Return in how many organisations it was so."""
    told = f"{sum(map(bool, so))} of {len(so)}"
    return told, told


def different(orders: Sequence[tuple[int, ...]]) -> list[bool]:
    """Return which orders there was none like before."""
    return [order not in orders[:place] for place, order in enumerate(orders)]


def counted(found: Sequence[int]) -> tuple[str, str]:
    """Return how many there are of what there should be none of, in all, and where there are none."""
    return f"{sum(found)}", f"{sum(not one for one in found)} of {len(found)}"


def ordered(orders: list[float]) -> tuple[str, str]:
    """Return how far orders follow something, and whether all together no more than 99 % of chance does."""
    squares = float(np.sum(np.square(orders)))
    told = (
        f"root mean square {np.sqrt(squares / len(orders)):.2f}, by chance 1; p = {chi2.sf(squares, len(orders)):.2f}"
    )
    return told, "yes" if chi2.sf(squares, len(orders)) > UNLIKELY else "no"


def by_chance(guesses: list[int]) -> tuple[str, str]:
    """Return how often a guess is right on average, and whether chance alone is as often right."""
    p = float(poisson.sf(sum(guesses) - 1, len(guesses)))
    return f"{np.mean(guesses):.2f}; p = {p:.2f}", "yes" if p > UNLIKELY else "no"


def decimals(finest: list[int]) -> tuple[str, str]:
    """Return the most decimals of any number."""
    return f"{max(finest)}", f"{sum(one <= FINEST for one in finest)} of {len(finest)}"


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
