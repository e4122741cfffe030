"""What readers try with the files that they were given; each gets a folder, and what colleagues know anyway."""

from __future__ import annotations

import re
from html import unescape
from itertools import chain
from random import Random
from typing import TYPE_CHECKING

import numpy as np
from attacks.attacker import LinearAttacker, ends, found
from attacks.organisation import ITEMS
from attacks.site import both, pages, rows_of_site, rows_of_workbook
from scipy.special import stdtrit

from icstats.results import ORGANISATION
from icstats.seeds import derive_seed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd
    from attacks.attacker import Cell
    from attacks.organisation import Rows

POINT = 1.0
"""A mean of fewer others than ten that is narrowed to less than this is found."""
EVERYTHING = (1.0, 5.0)


def width_for_others(
    site: Path,
    sizes: Mapping[str, int],
    known: Mapping[Cell, Sequence[int]],
    target: Cell,
    *,
    departments: Sequence[str] | None = None,
) -> float:
    """D20: readers with their own answers and their own departments' files look for the mean of all others."""
    attacker = LinearAttacker(rows=rows_of_site(site, departments), sizes=sizes, known=known)
    low, high = attacker.interval(*target)
    return high - low


def possible_answers(
    site: Path,
    sizes: Mapping[str, int],
    skipped: Mapping[Cell, int],
    target: Cell,
    *,
    known: Mapping[Cell, Sequence[int]] | None = None,
    departments: Sequence[str] | None = None,
) -> set[int]:
    """D07: which answers can a person have given, who is known to have answered here and skipped another item?"""
    rows, mine = rows_of_site(site, departments), dict(known or {})
    return {
        answer
        for answer in range(1, 6)
        if LinearAttacker(
            rows=rows, sizes=sizes, skipped=skipped, known={**mine, target: (*mine.get(target, ()), answer)}
        ).is_possible()
    }


def possible_numbers_of_skippers(site: Path, n_department: int, cell: Cell) -> set[int]:
    """D07: how many can have skipped an item, for a reader who knows how many rated the department."""
    keys = {"kind": "Summary", "department": cell[0], "variable": cell[1]}
    row = found(rows_of_site(site), statistic="mean", **keys)
    if row is None:
        return set(range(n_department + 1))
    low, high = ends(row["n"])
    return {n_department - n for n in range(low, min(high, n_department) + 1)}


def rest_of_norm(site: Path, code: str, *, n_norm: int, n_ours: int) -> tuple[float, float]:
    """D21: the mean of the others in a norm, for a reader who knows how many answers it holds and that ours are in."""
    rows = rows_of_site(site)
    norm = next((row for row in rows if row["statistic"] == "norm" and row["variable"] == code), None)
    ours = found(rows, kind="Summary", department="organisation", variable=code, statistic="mean")
    if norm is None or norm["estimate"] is None or ours is None:
        return EVERYTHING
    rest, half = n_norm - n_ours, 0.05
    low = (n_norm * (norm["estimate"] - half) - n_ours * (ours["estimate"] + half)) / rest
    high = (n_norm * (norm["estimate"] + half) - n_ours * (ours["estimate"] - half)) / rest
    return max(low, 1.0), min(high, 5.0)


def part_by_subtraction(
    whole: Path, parts: Path, sizes: Mapping[str, int], target: str, code: str, *, of: str
) -> tuple[float, float]:
    """D05: the mean of one part of a department, from the whole one's files and those of its other parts.

    ``sizes`` are those of the parts; the whole is ``of``, which may be the organisation.
    """
    total = found(rows_of_site(whole), kind="Summary", department=of, variable=code, statistic="mean")
    if total is None:
        return EVERYTHING
    low = sum(sizes.values()) * (total["estimate"] - 0.05)
    high = sum(sizes.values()) * (total["estimate"] + 0.05)
    rows = rows_of_site(parts)
    for part in (part for part in sizes if part != target):
        row = found(rows, kind="Summary", department=part, variable=code, statistic="mean")
        least, most = EVERYTHING if row is None else (row["estimate"] - 0.05, row["estimate"] + 0.05)
        low, high = low - sizes[part] * most, high - sizes[part] * least
    return max(low / sizes[target], 1.0), min(high / sizes[target], 5.0)


def order_of_comments(site: Path, department: str) -> list[int]:
    """D18: the rows' numbers in comments ``... remark 12``, in the order in which the report shows them."""
    page = unescape((site / department / "department_report.html").read_text(encoding="utf-8"))
    return [int(number) for number in re.findall(r" remark (\d+)", page)]


def before_the_shuffle(order: Sequence[int], *, seed: int, department: str, wave: str = "1") -> list[int]:
    """D18: the order before it was shuffled, for a reader who has the program and the seed, which the run card says."""
    places = list(range(len(order)))
    Random(derive_seed(seed, department, wave, "comments", "OP1")).shuffle(places)  # noqa: S311  the program's own
    undone = dict(zip(places, order, strict=True))
    return [undone[place] for place in range(len(order))]


def follows(order: Sequence[int], of: Sequence[float] | None = None) -> float:
    """Return how far an order follows that of the rows, or what each of them holds, in standard errors of chance."""
    held = order if of is None else [of[place] for place in order]
    return float(np.corrcoef(np.arange(len(order)), held)[0, 1] * np.sqrt(len(order) - 1))


def right_guesses(order: Sequence[int]) -> int:
    """D18: whose comment a reader names rightly who takes the order for that of the rows; by chance it is one."""
    return sum(place == number for place, number in enumerate(order))


NUMBER = re.compile(r"(?<![\d.])\d+[.,]\d+(?!\.?\d)|\d ?%")
"""A mean, coefficient or share; not a version."""


def told_about(site: Path, department: str) -> list[str]:
    """D01: where any file gives a number about a department: rows, sheets, tables of others, and its own pages."""
    told = [
        f"{row['variable']} {row['statistic']}"
        for row in rows_of_site(site)
        if row["department"] == department and row["estimate"] is not None
    ]
    name = both(f"Dept {department}")["en"]
    told += [f"workbook: {row[1]} {row[2]}" for row in rows_of_workbook(site) if row[0] in {name, department}]
    for path, page in pages(site).items():
        told += [f"{path}: {row}" for row in page.rows if row[:1] == [name] and NUMBER.search(" ".join(row))]
        if path.startswith(f"{department}/"):
            run_card = {cell for row in page.rows for cell in row if len(row) == 2}
            told += [path] * page.pictures
            told += [word for word in page.words if word not in run_card and NUMBER.search(word)]
    return told


OF_ONE_PERSON = re.compile(
    r"minimum|maximum|median|quartile|percentile|q\d\d|outlier|whisker|lowest|highest", re.IGNORECASE
)


def told_of_one_person(site: Path) -> list[str]:
    """D16: statistics and headings that are one person's answer: an extreme, a quantile, an outlier."""
    named = {row["statistic"] for row in rows_of_site(site)} | {row[2] for row in rows_of_workbook(site)}
    for page in pages(site).values():
        named |= {
            cell for row in page.rows for cell in row if not re.search(r"norm|Lowest acceptable|Minimum group", cell)
        }
    return sorted(name for name in named if OF_ONE_PERSON.search(name) and len(name.split()) < 8)


def narrowest(
    site: Path, sizes: Mapping[str, int], targets: Sequence[Cell], *, known: Mapping[Cell, Sequence[int]] | None = None
) -> float:
    """D02 and D14: how far a reader of all files narrows any of these means, of the others where she knows answers."""
    attacker = LinearAttacker(rows=rows_of_site(site), sizes=sizes, known=known or {})
    return min(high - low for low, high in (attacker.interval(*target) for target in targets))


def of_releases(releases: Mapping[str, Rows]) -> Rows:
    """Return the rows of several releases, each about its own departments: "2 x" is x in the release 2."""
    return [row | {"department": f"{name} {row['department']}"} for name, rows in releases.items() for row in rows]


def over_two_waves(
    waves: Mapping[str, Rows],
    stayed: Mapping[str, int],
    joined: Mapping[str, int],
    known: Mapping[Cell, Sequence[int]],
) -> LinearAttacker:
    """D09: a reader of the files of two waves, who knows that those who stayed answer as before, and who joined."""
    later = {place: [place, *([f"{place} joined"] if place in joined else [])] for place in stayed}
    groups = {f"1 {place}": [place] for place in stayed} | {f"2 {place}": parts for place, parts in later.items()}
    groups |= {f"1 {ORGANISATION}": [*stayed], f"2 {ORGANISATION}": [*chain.from_iterable(later.values())]}
    sizes = {**stayed, **{f"{place} joined": n for place, n in joined.items()}}
    return LinearAttacker(rows=of_releases(waves), sizes=sizes, known=known, groups=groups)


def surer_of_a_joiner(
    waves: Mapping[str, Rows], place: str, item: str, *, before: int, joined: Sequence[int], shares: Mapping[int, float]
) -> float:
    """D09: gain in probability of the first joiner's answer, for a reader who knows those of all other joiners.

    She counts the sums of those who stayed that agree with both means. Where one is hidden she gains nothing.
    """
    means = [found(rows, kind="Summary", department=place, variable=item, statistic="mean") for rows in waves.values()]
    if means[0] is None or means[1] is None:
        return 0.0
    n, others = before + len(joined), sum(joined[1:])
    sums = [total for total in range(before, 5 * before + 1) if round(total / before, 1) == means[0]["estimate"]]
    weights = {
        answer: share * sum(round((total + others + answer) / n, 1) == means[1]["estimate"] for total in sums)
        for answer, share in shares.items()
    }
    return weights[joined[0]] / sum(weights.values()) - shares[joined[0]] if sum(weights.values()) else 0.0


def from_the_spread(site: Path, sizes: Mapping[str, int], hidden: str, code: str) -> tuple[float, float]:
    """Return between which ends a hidden mean lies, by how much all departments differ: ICC(1), ICC(2) and the total.

    They bound the sum of squares between departments, and what the shown ones take of it is known. Whether the hidden
    ones are in it follows from n.
    """
    rows, n, k = rows_of_site(site), sum(sizes.values()), len(sizes)
    spread = {
        statistic: found(rows, kind="Agreement", variable=code, statistic=statistic) for statistic in ("icc1", "icc2")
    }
    total = found(rows, kind="Summary", department=ORGANISATION, variable=code, statistic="mean")
    one, mean_of_all = spread["icc1"], spread["icc2"]
    if one is None or mean_of_all is None or total is None or not ends(one["n"])[0] <= n <= ends(one["n"])[1]:
        return EVERYTHING
    mean_size = (n - sum(size**2 for size in sizes.values()) / n) / (k - 1)
    highest = one["estimate"] + 0.005
    ratio = min((1 + (mean_size - 1) * highest) / (1 - highest), 1 / max(1 - mean_of_all["estimate"] - 0.005, 1e-3))
    reach = (total["conf_high"] - total["conf_low"]) / 2 + 0.05
    squares = (n - 1) * n * (reach / stdtrit(n - 1, 0.975)) ** 2
    between = squares * ratio * (k - 1) / (n - k) / (1 + ratio * (k - 1) / (n - k))
    for place in sizes:
        shown = found(rows, kind="Summary", department=place, variable=code, statistic="mean")
        if shown is not None:
            between -= sizes[place] * max(abs(shown["estimate"] - total["estimate"]) - 0.1, 0) ** 2
    half = np.sqrt(max(between, 0) / sizes[hidden]) + 0.05
    return max(total["estimate"] - half, 1.0), min(total["estimate"] + half, 5.0)


LEFT_OUT = "left out"


def over_two_filters(
    before: Rows,
    after: Rows,
    sizes: Mapping[str, int],
    *,
    without: Mapping[str, int],
    known: Mapping[Cell, Sequence[int]],
) -> LinearAttacker:
    """D12: readers who pool the files of a release and of one with a filter, and know how many it left out of whom."""
    parts = {place: [place, *([f"{place} {LEFT_OUT}"] if place in without else [])] for place in sizes}
    groups = {f"before {place}": both_parts for place, both_parts in parts.items()}
    groups |= {f"after {place}": [place] for place in sizes}
    groups |= {f"before {ORGANISATION}": [*chain.from_iterable(parts.values())], f"after {ORGANISATION}": [*sizes]}
    left = {place: n - without.get(place, 0) for place, n in sizes.items()}
    left |= {f"{place} {LEFT_OUT}": n for place, n in without.items()}
    return LinearAttacker(rows=of_releases({"before": before, "after": after}), sizes=left, known=known, groups=groups)


def one_each(frame: pd.DataFrame, places: Sequence[str]) -> dict[Cell, tuple[int, ...]]:
    """Return the answers of one reader per department, who rated it herself."""
    first = frame.groupby("department").first()
    return {(place, item): (int(first.loc[place, item]),) for place in places for item in ITEMS}
