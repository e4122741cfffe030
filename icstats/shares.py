"""Shares of explained variance with their bootstrap: the answer that every measure of importance gives."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
import pandas as pd

from icstats.errors import ParameterError
from icstats.results import Result, Settings
from icstats.sampling import require_conf_level, require_seed
from icstats.subsets import REDUNDANT, adjusted, merged, owen_values, packed, replicates, shapley_values

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from icstats.cases import Associations, Cases, FloatArray

__all__ = [
    "CANNOT_TELL",
    "EQUAL",
    "LEADS_FROM",
    "MOST_DRIVERS",
    "Importance",
    "ImportanceSettings",
    "Resampled",
    "Row",
    "bootstrap_settings",
    "each_alone",
    "importance_of",
    "importance_settings",
    "model_rows",
    "probability_first",
    "rank_correlation",
    "refuse_too_many",
    "rows_of",
    "rows_of_first",
    "rows_of_ranks",
    "rows_of_shares",
    "seed_or_drawn",
]

CANNOT_TELL = "cannot_tell"

LEADS_FROM = 0.95
"""A driver or block is said to lead when it has the largest share in at least this part of the bootstrap samples."""

MOST_DRIVERS = 20
"""All subsets of this many drivers can be computed; more are refused, never dropped."""

FEWEST_SAMPLES = 20
"""Fewer bootstrap samples than this have no tails to read an interval from."""

EQUAL = 1e-9
"""Shares closer than this are equal: exact copies share a first place."""

ESTIMATES = ("estimate", "std_error", "conf_low", "conf_high", "p_value")

WORDS = ("driver", "measure", "block", "unit")

STRINGS = pd.StringDtype(na_value=np.nan)
BEHIND = pd.Index(["n", "n_people", "n_apart"])
NOTHING = float("nan")


@dataclass(frozen=True, kw_only=True)
class ImportanceSettings(Settings):
    """How importance was computed.

    Attributes
    ----------
    outcome
        Name of what is explained.
    n_total
        Rows before incomplete ones were left out.
    effective_n
        Rows of equal weight that would tell as much as the weighted ones.
    blocks
        Block -> its items; empty where drivers stand for themselves.
    leads_from
        Bootstrap probability of being first from which a leader is named.
    n_failed
        Bootstrap samples that were left out because the outcome did not vary in them.
    """

    outcome: str
    n_total: int
    effective_n: float
    blocks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    leads_from: float = LEADS_FROM
    n_failed: int = 0


@dataclass(frozen=True, kw_only=True, repr=False)
class Importance(Result):
    """Shares of explained variance, one row per driver or block and measure.

    Measures of a driver: ``lmg`` or ``owen`` (part of the variance of the outcome) and ``lmg_share`` or ``owen_share``
    (part of R²); of a block: ``shapley``, ``shapley_share``; of both: ``probability_first``; of a driver with a
    bootstrap also ``rank``. Other functions name their measures themselves. The driver ``model`` has ``r_squared`` and
    ``adj_r_squared``. The extra column ``block`` names the block of an item.

    Attributes
    ----------
    verdict
        Name of the leading block or driver, ``cannot_tell``, or empty where no bootstrap was done.
    """

    keys: ClassVar[tuple[str, str]] = ("driver", "measure")

    settings: ImportanceSettings
    verdict: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Resampled:
    """The covariances of the cases (first column) and of bootstrap samples of them.

    A bootstrap sample overstates R² once more than the data do, most where a block has many items. R² of every
    subset is therefore adjusted for its number of drivers in the samples, not in the data: so the samples lie around
    the estimates. (With n = 100 the percentile intervals of unadjusted samples held the true share of a block of 4, 6
    or 7 items in only 76 to 96 % of simulations, those of adjusted samples in 91 to 96 %.)

    Attributes
    ----------
    observed, sampled
        Packed covariances of the standardised data: one column, and one per usable sample.
    means
        Means of the standardised data in the samples.
    n
        Number of rows.
    settings
        Those given, with what became of the samples.
    """

    observed: FloatArray
    sampled: FloatArray
    means: FloatArray
    n: int
    settings: ImportanceSettings

    @classmethod
    def of(cls, cases: Cases, settings: ImportanceSettings) -> Resampled:
        """Return the bootstrap samples of rows, or of people where they repeat, that ``settings`` asks for."""
        means, sampled = replicates(
            cases.standardised, cases.weights, cases.people, n_boot=settings.n_boot, seed=settings.seed
        )
        usable = sampled[0] > REDUNDANT
        failed = int((~usable).sum())
        warnings = (*settings.warnings, *(["failed_replicates"] if failed else []))
        return cls(
            observed=packed(cases.correlations),
            sampled=sampled[:, usable],
            means=means[:, usable],
            n=cases.n,
            settings=replace(settings, warnings=warnings, n_failed=failed),
        )

    def shapley_values(self, groups: Sequence[Sequence[int]]) -> FloatArray:
        """Return groups x (1 + samples): the observed values first."""
        sampled = shapley_values(self.sampled, groups, rows=self.n)
        return np.hstack([shapley_values(self.observed, groups), sampled])

    def owen_values(self, blocks: Sequence[Sequence[int]]) -> list[FloatArray]:
        """Return items x (1 + samples) for each block: the observed values first."""
        sampled = owen_values(self.sampled, blocks, rows=self.n)
        return [np.hstack(parts) for parts in zip(owen_values(self.observed, blocks), sampled, strict=True)]

    def shapley_values_of_composites(self, blocks: Sequence[Sequence[int]]) -> FloatArray:
        """Return the Shapley values of the blocks when each is one driver: the mean of its standardised items."""
        loadings = np.zeros((len(blocks) + 1, 1 + sum(map(len, blocks))))
        loadings[0, 0] = 1
        for row, block in enumerate(blocks, start=1):
            loadings[row, list(block)] = 1 / len(block)
        composites = replace(self, observed=merged(self.observed, loadings), sampled=merged(self.sampled, loadings))
        return composites.shapley_values(each_alone(len(blocks)))


class Row(NamedTuple):
    """One number: whose it is, which it is, and how sure."""

    driver: str
    measure: str
    estimate: float
    std_error: float = NOTHING
    conf_low: float = NOTHING
    conf_high: float = NOTHING
    p_value: float = NOTHING
    block: str = ""
    unit: str = "share"


def rows_of(
    names: Sequence[str],
    measure: str,
    amounts: FloatArray,
    *,
    conf_level: float = 0.95,
    lowest: float = 0.0,
    highest: float = 1.0,
    block: str = "",
    unit: str = "share",
) -> list[Row]:
    """Return a row per name, with the percentile interval of its samples where there are any.

    Parameters
    ----------
    names
        One per row of ``amounts``.
    measure
        What the amounts are.
    amounts
        Names x (1 + samples): what was observed first.
    conf_level
        Coverage of the interval.
    lowest, highest
        Limits of what the measure can be.
    block, unit
        Those of all rows.
    """
    observed = amounts[:, 0].tolist()
    if amounts.shape[1] == 1:
        return [
            Row(name, measure, estimate, block=block, unit=unit) for name, estimate in zip(names, observed, strict=True)
        ]
    sampled = np.clip(amounts[:, 1:], lowest, highest)
    spread = sampled.std(axis=1, ddof=1).tolist()
    low, high = np.quantile(sampled, [(1 - conf_level) / 2, (1 + conf_level) / 2], axis=1).tolist()
    return [
        Row(name, measure, estimate, std_error, conf_low, conf_high, block=block, unit=unit)
        for name, estimate, std_error, conf_low, conf_high in zip(names, observed, spread, low, high, strict=True)
    ]


def rows_of_shares(
    names: Sequence[str],
    measure: str,
    values: FloatArray,
    total: FloatArray,
    *,
    conf_level: float = 0.95,
    block: str = "",
) -> list[Row]:
    """Return the values as parts of the variance of the outcome, and as shares of the total that is explained."""
    explains = total > EQUAL
    shares = values / np.where(explains, total, 1.0) * explains
    return [
        *rows_of(names, measure, values, conf_level=conf_level, block=block),
        *rows_of(names, f"{measure}_share", shares, conf_level=conf_level, block=block),
    ]


def rows_of_first(names: Sequence[str], first: FloatArray) -> list[Row]:
    """Return how often each name is first."""
    return [Row(name, "probability_first", value) for name, value in zip(names, first.tolist(), strict=True)]


def rows_of_ranks(names: Sequence[str], values: FloatArray, *, conf_level: float) -> list[Row]:
    """Return the place of each name, 1 for the largest value, with its interval; equals share a place."""
    ahead = (values[None, :, :] > values[:, None, :] + EQUAL).sum(axis=1)
    equal = (np.abs(values[None, :, :] - values[:, None, :]) <= EQUAL).sum(axis=1)
    places = ahead + (equal + 1) / 2
    return rows_of(names, "rank", places, conf_level=conf_level, lowest=1, highest=len(names), unit="coefficient")


def model_rows(cases: Associations, r_squared: FloatArray, *, conf_level: float = 0.95) -> list[Row]:
    """Return R², which owes something to chance and gets no interval, and adjusted R², which does."""
    own = adjusted(r_squared[None, :], cases.rank, cases.n)
    return [
        Row("model", "r_squared", float(r_squared[0])),
        *rows_of(["model"], "adj_r_squared", own, conf_level=conf_level),
    ]


def probability_first(sampled: FloatArray) -> FloatArray:
    """Return the part of the samples in which each member has the largest value; equals share the place."""
    largest = sampled >= sampled.max(axis=0) - EQUAL
    return np.asarray((largest / largest.sum(axis=0)).mean(axis=1), dtype=np.float64)


def rank_correlation(one: FloatArray, two: FloatArray) -> float:
    """Return Spearman's correlation; NaN where all of one are equal."""
    ranks = np.array([pd.Series(values).round(9).rank() for values in (one, two)])
    deviations = ranks - ranks.mean(axis=1, keepdims=True)
    sizes = np.sqrt((deviations**2).sum(axis=1))
    return float(deviations[0] @ deviations[1] / sizes.prod()) if sizes.all() else NOTHING


def importance_of(
    cases: Associations, settings: ImportanceSettings, rows: Sequence[Row], *, verdict: str = ""
) -> Importance:
    """Return the rows as a result about all complete cases."""
    columns = dict(zip(Row._fields, zip(*rows, strict=True), strict=True))
    counts = np.full((2, len(rows)), ((cases.n,), (cases.n_people,)))
    # Text is turned into pandas strings once for all columns, numbers are arrays: lists would take half of a call.
    texts = pd.array(list(chain.from_iterable(columns[name] for name in WORDS)), dtype=STRINGS)
    words = {name: texts[place * len(rows) : (place + 1) * len(rows)] for place, name in enumerate(WORDS)}
    amounts = np.array([columns[name] for name in ESTIMATES], dtype=np.float64)
    whole = {"n": counts[0], "n_people": counts[1], "unit": words.pop("unit")}
    index = pd.RangeIndex(len(rows))
    data = pd.DataFrame({**words, **dict(zip(ESTIMATES, amounts, strict=True)), **whole}, index=index, copy=False)
    behind = np.full((len(rows), len(BEHIND)), tuple(cases.behind.values()))
    people = pd.DataFrame(behind, index=index, columns=BEHIND, copy=False)
    return Importance(data=data, people=people, settings=settings, verdict=verdict)


def importance_settings(cases: Associations, *, method: str, **more: Any) -> ImportanceSettings:  # noqa: ANN401  other fields
    """Return how importance was computed from these cases."""
    return ImportanceSettings(
        method=method,
        outcome=cases.outcome,
        n_total=cases.n_total,
        effective_n=cases.effective_n,
        warnings=cases.warnings,
        **more,
    )


def bootstrap_settings(
    cases: Cases,
    *,
    method: str,
    n_boot: int,
    conf_level: float,
    seed: int | None,
    blocks: Mapping[str, tuple[str, ...]] | None = None,
) -> ImportanceSettings:
    """Return how importance with a bootstrap is computed from these cases.

    Raises
    ------
    ParameterError
        A coverage that is none, or too few samples to read an interval from.
    """
    require_conf_level(conf_level)
    if n_boot < FEWEST_SAMPLES:
        raise ParameterError(f"n_boot is {n_boot}; at least {FEWEST_SAMPLES} are needed.", code="ICS-368")
    return importance_settings(
        cases,
        method=method,
        interval="percentile",
        conf_level=conf_level,
        n_boot=n_boot,
        n_clusters=0 if cases.people is None else cases.n_people,
        seed=seed_or_drawn(seed),
        blocks=blocks or {},
    )


def seed_or_drawn(seed: int | None) -> int:
    """Return the seed, or a fresh one where none was given, so that it can be recorded."""
    require_seed(seed)
    return int(np.random.SeedSequence().generate_state(1)[0]) if seed is None else seed


def each_alone(drivers: int) -> list[list[int]]:
    """Return the positions of single drivers in a covariance matrix, after the outcome."""
    return [[position] for position in range(1, drivers + 1)]


def refuse_too_many(drivers: int) -> None:
    """Refuse more drivers than all subsets can be computed of.

    Raises
    ------
    ParameterError
        With what can be done instead.
    """
    if drivers > MOST_DRIVERS:
        raise ParameterError(
            f"{drivers} drivers have too many subsets; at most {MOST_DRIVERS} can be computed exactly.",
            code="ICS-367",
            hint="Put the drivers into blocks and use block_importance.",
        )
