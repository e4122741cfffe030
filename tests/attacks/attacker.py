"""What a reader can work out from released rows: programs that get those rows, and what colleagues know, only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from attacks.organisation import BLOCKS, ITEMS
from scipy.optimize import OptimizeResult, linprog
from scipy.sparse import csr_matrix, vstack
from scipy.special import stdtrit
from statsmodels.stats.proportion import proportion_confint

from icstats.results import ORGANISATION
from icstats.study import Policy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from attacks.organisation import Rows

STEPS = np.arange(1.0, 6.0)
HALF = 0.05 + 1e-9
SPREAD = Policy().minimum_spread
Row = dict[str, Any]
Cell = tuple[str, str]
Histogram = tuple[int, ...]


def found(rows: Rows, **keys: str) -> Row | None:
    """Return the row with these keys, if it shows a number."""
    matching = [row for row in rows if all(row.get(key) == value for key, value in keys.items())]
    return matching[0] if matching and matching[0]["estimate"] is not None else None


def ends(n: str) -> tuple[int, int]:
    """Return the lowest and highest number that n as it is written can be."""
    low, *high = (int(end) for end in n.split("–"))
    return low, (high or [low])[0]


# ------------------------------------------------------------------------------------ one group, looked at by itself


def histograms(n: int) -> np.ndarray:
    """Return every way in which n people can answer on five steps."""
    cuts = np.array(list(_cuts(n)), dtype=np.int64)
    return np.diff(cuts, axis=1, prepend=0, append=n)


def _cuts(n: int) -> Iterator[tuple[int, int, int, int]]:
    for a in range(n + 1):
        for b in range(a, n + 1):
            for c in range(b, n + 1):
                yield from ((a, b, c, d) for d in range(c, n + 1))


def possible_histograms(rows: Rows, department: str, variable: str, sizes: Sequence[int]) -> dict[int, int]:
    """Return n -> how many distributions of answers to an item agree with everything that is released about it.

    Whether there is an interval tells on which side of the number of answers that one needs the n is.
    """
    keys = {"department": department, "variable": variable}
    mean = found(rows, kind="Summary", statistic="mean", **keys)
    if mean is None:
        return {}
    low, high = ends(mean["n"])
    if mean["conf_low"] is None:  # no interval: fewer than an interval needs
        high = min(high, SPREAD - 1)
    else:
        low = max(low, SPREAD)
    left = {}
    for n in (n for n in sizes if low <= n <= high):
        ways = histograms(n)
        means = ways @ STEPS / n
        fits = np.abs(means - mean["estimate"]) <= HALF
        if mean["conf_low"] is not None:
            spread = np.sqrt(np.maximum(ways @ STEPS**2 - n * means**2, 0) / (n - 1))
            reach = stdtrit(n - 1, 0.975) * spread / np.sqrt(n)
            fits &= np.abs(means - reach - mean["conf_low"]) <= HALF
            fits &= np.abs(means + reach - mean["conf_high"]) <= HALF
        hits = {"satisfied": ways[:, 3:], "dissatisfied": ways[:, :2], "ceiling": ways[:, 4:], "floor": ways[:, :1]}
        for statistic, part in hits.items():
            for row in (one for one in rows if one["statistic"] == statistic and _about(one, keys)):
                fits &= _share_fits(row, part.sum(axis=1), n)
        left[n] = int(fits.sum())
    return {n: count for n, count in left.items() if count}


def _about(row: Row, keys: Mapping[str, str]) -> bool:
    return row["estimate"] is not None and all(row[name] == value for name, value in keys.items())


def _share_fits(row: Row, counts: np.ndarray, n: int) -> np.ndarray:
    step = 0.05 if ends(row["n"])[0] < 100 else 0.01
    fits: np.ndarray = np.abs(counts / n - row["estimate"]) <= step / 2 + 1e-9
    if row["conf_low"] is not None:
        low, high = proportion_confint(counts, n, alpha=0.05, method="wilson")
        fits &= (np.abs(low - row["conf_low"]) <= 0.005 + 1e-9) & (np.abs(high - row["conf_high"]) <= 0.005 + 1e-9)
    return fits


# ------------------------------------------------------------------------------- all tables together: what LP can find


@dataclass
class LinearAttacker:
    """Knows how many people answered in every department, exactly, who skipped what, and answers of some readers.

    Unknown are the numbers of people per department, item and answer. Every released mean, interval and share, of
    departments and totals, of items and scores, bounds a linear combination of them. ``known`` holds the answers of
    the readers who put theirs together: cell of department and item -> answers. Where two releases are about people
    who are partly the same, ``sizes`` are those of groups, and ``groups`` says which of them a reported department
    of a release is: then their rows together bound the answers of each.
    """

    rows: Rows
    sizes: Mapping[str, int]
    skipped: Mapping[Cell, int] = field(default_factory=dict)
    known: Mapping[Cell, Sequence[int]] = field(default_factory=dict)
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.places = list(self.sizes)
        self._behind = {place: (place,) for place in self.places} | {ORGANISATION: self.places} | dict(self.groups)
        self._number = {
            (place, code): 5 * (row * len(ITEMS) + column)
            for row, place in enumerate(self.places)
            for column, code in enumerate(ITEMS)
        }
        self.width = 5 * len(self._number)
        self._lines: list[csr_matrix] = []
        self._limits: list[float] = []
        for row in self.rows:
            if row["estimate"] is not None and row["kind"] in {"Summary", "ItemStatistics"}:
                self._use(row)
        self._equal = vstack([self._sum([cell], np.ones(5)) for cell in self._number])
        self._people = np.array([self._n(cell) for cell in self._number], dtype=float)
        self._bounds = [(self.known.get(cell, ()).count(step), None) for cell in self._number for step in range(1, 6)]
        self._above = vstack(self._lines).tocsr() if self._lines else None

    def _n(self, cell: Cell) -> int:
        return self.sizes[cell[0]] - self.skipped.get(cell, 0)

    def _sum(self, cells: Sequence[Cell], weights: np.ndarray, factor: float = 1.0) -> csr_matrix:
        places = [self._number[cell] + step for cell in cells for step in range(5)]
        values = np.tile(weights * factor, len(cells))
        return csr_matrix((values, ([0] * len(places), places)), shape=(1, self.width))

    def _between(self, line: csr_matrix, low: float, high: float) -> None:
        self._lines += [line, -line]
        self._limits += [high, -low]

    def _use(self, row: Row) -> None:
        codes = BLOCKS.get(row["variable"], (row["variable"],))
        if row["variable"] not in {*BLOCKS, *ITEMS}:
            return
        places = self._behind[row["department"]]
        cells = [(place, code) for place in places for code in codes]
        if len(codes) > 1 and any(cell in self.skipped for cell in cells):
            return  # the mean of people's means is then no longer that of the items
        n = sum(self._n((place, codes[0])) for place in places)
        weights = {
            "mean": STEPS,
            "satisfied": STEPS >= 4,
            "dissatisfied": STEPS <= 2,
            "ceiling": STEPS == 5,
            "floor": STEPS == 1,
        }.get(row["statistic"])
        if weights is None:
            return
        half = HALF if row["statistic"] == "mean" else (0.025 if n < 100 else 0.005) + 1e-9
        line = self._sum(cells, weights.astype(float), 1 / len(codes))
        self._between(line, n * (row["estimate"] - half), n * (row["estimate"] + half))
        if row["statistic"] == "mean" and row["conf_low"] is not None and len(codes) == 1:
            self._use_interval(row, cells, n)

    def _use_interval(self, row: Row, cells: Sequence[Cell], n: int) -> None:
        """A t interval and the mean bound the sum of squares."""
        reach = stdtrit(n - 1, 0.975) / np.sqrt(n)
        spreads = [(row["conf_high"] - row["conf_low"] + slack) / 2 / reach for slack in (-2 * HALF, 2 * HALF)]
        means = [row["estimate"] - HALF, row["estimate"] + HALF]
        low, high = ((n - 1) * max(spread, 0) ** 2 + n * mean**2 for spread, mean in zip(spreads, means, strict=True))
        self._between(self._sum(cells, STEPS**2), low, high)

    def interval(self, department: str, variable: str) -> tuple[float, float]:
        """Return between which numbers a mean must lie: of the others, where answers in it are known."""
        codes = BLOCKS.get(variable, (variable,))
        cells = [(department, code) for code in codes]
        wanted = self._sum(cells, STEPS, 1 / len(codes)).toarray()[0]
        known = sum(sum(self.known.get(cell, ())) for cell in cells) / len(codes)
        others = self._n(cells[0]) - len(self.known.get(cells[0], ()))
        solved = [self._solved(sign * wanted) for sign in (1, -1)]
        if any(one.status != 0 for one in solved):
            raise AssertionError([one.message for one in solved])
        low, high = ((float(abs(one.fun)) - known) / others for one in solved)
        return low, high

    def is_possible(self) -> bool:
        """Return whether what is known agrees with everything that is released."""
        return bool(self._solved(np.zeros(self.width)).status == 0)

    def _solved(self, goal: np.ndarray) -> OptimizeResult:
        return linprog(
            goal,
            A_ub=self._above,
            b_ub=self._limits or None,
            A_eq=self._equal,
            b_eq=self._people,
            bounds=self._bounds,
            method="highs",
        )


# ------------------------------------------------------------------------------------------------- subtraction by hand


def by_subtraction(rows: Rows, sizes: Mapping[str, int], hidden: Sequence[str], variable: str) -> tuple[float, float]:
    """Return the mean of the hidden departments together, from the total minus all others, with its rounding."""
    total = found(rows, kind="Summary", department=ORGANISATION, variable=variable, statistic="mean")
    if total is None:
        return 1.0, 5.0
    people = sum(sizes.values())
    low, high = people * (total["estimate"] - HALF), people * (total["estimate"] + HALF)
    for place in (place for place in sizes if place not in hidden):
        row = found(rows, kind="Summary", department=place, variable=variable, statistic="mean")
        estimate, half = (3.0, 2.0) if row is None else (row["estimate"], HALF)
        low, high = low - sizes[place] * (estimate + half), high - sizes[place] * (estimate - half)
    union = sum(sizes[place] for place in hidden)
    return max(1.0, low / union), min(5.0, high / union)
