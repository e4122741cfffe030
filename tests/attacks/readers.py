"""What readers try with the files that they were given; each gets a folder, and what colleagues know anyway."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

import numpy as np
from attacks.attacker import LinearAttacker, ends, found
from attacks.site import rows_of_site

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from attacks.attacker import Cell

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
    """D18: the numbers in comments ``remark 12 ...``, in the order in which the report shows them."""
    page = unescape((site / department / "department_report.html").read_text(encoding="utf-8"))
    return [int(number) for number in re.findall(r"remark (\d+) ", page)]


def follows(order: Sequence[int], of: Sequence[float] | None = None) -> float:
    """Return the correlation of an order with that of the rows, or with what each of them holds."""
    held = order if of is None else [of[place] for place in order]
    return float(np.corrcoef(np.arange(len(order)), held)[0, 1])
