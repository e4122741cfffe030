"""What goes together most with satisfaction: R² divided over drivers, and over blocks of drivers.

R² of all drivers is divided by the mean contribution over all orders in which drivers can enter the model: the Shapley
value, for single drivers known as LMG (Lindeman, Merenda & Gold 1980; Grömping 2006). A block enters as a whole; the
sum of the LMG values of its items is another number and can put the blocks in another order. Inside a block its
Shapley value is divided over the items by Owen values. These are descriptions, not causes.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from icstats.cases import complete_cases, summed_cases
from icstats.errors import ParameterError, Problem
from icstats.moments import Moments
from icstats.shares import (
    CANNOT_TELL,
    EQUAL,
    LEADS_FROM,
    MOST_DRIVERS,
    Importance,
    ImportanceSettings,
    Resampled,
    bootstrap_settings,
    each_alone,
    importance_of,
    importance_settings,
    model_rows,
    probability_first,
    refuse_too_many,
    rows_of_first,
    rows_of_ranks,
    rows_of_shares,
)
from icstats.subsets import packed, shapley_values

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd
    from numpy.typing import ArrayLike

    from icstats.cases import Associations, Cases, FloatArray

__all__ = [
    "CANNOT_TELL",
    "LEADS_FROM",
    "MOST_DRIVERS",
    "Importance",
    "ImportanceSettings",
    "block_importance",
    "bootstrap_importance",
    "checked_blocks",
    "lmg",
    "positions_of",
]


def lmg(
    data: pd.DataFrame | Moments, *, outcome: str, drivers: Sequence[str], weights: ArrayLike | None = None
) -> Importance:
    """Divide R² over drivers, exactly and without intervals.

    Parameters
    ----------
    data
        One row per rating, numeric columns, NaN where there is no answer. Incomplete rows are left out. Or the
        :func:`icstats.moments.moments` of complete rows: then the number of rows costs nothing, but nobody knows how
        many people are behind the result, and the door keeps it hidden.
    outcome
        Column that is explained.
    drivers
        Columns that explain it, at most 20. A constant one gets 0, exact copies get equal values; both are named in
        ``settings.warnings``.
    weights
        One positive weight per row; moments have theirs inside.

    Returns
    -------
    Importance
        ``lmg`` adds up to R², ``lmg_share`` to 1.

    Raises
    ------
    ParameterError
        Wrong columns, or more than 20 drivers.
    NotEnoughDataError
        Fewer complete rows than drivers + 2, or an outcome without spread.

    Warnings
    --------
    There is no interval: with the answers of a department it takes :func:`bootstrap_importance` to see how little is
    sure. A driver without a coefficient of its own gets a share when it goes together with one that has, and the more
    items a subject has, the more it gets in sum: use :func:`block_importance` for blocks. A share is no cause.

    References
    ----------
    Grömping, U. (2006). Relative importance for linear regression in R: the package relaimpo. Journal of Statistical
    Software 17(1). In R: ``relaimpo::calc.relimp(lm(y ~ ., d, weights = w), type = "lmg")``.
    """
    refuse_too_many(len(drivers))
    cases = _associations(data, outcome, drivers, weights)
    values = shapley_values(packed(cases.correlations), each_alone(len(drivers)))
    rows = [*rows_of_shares(cases.drivers, "lmg", values, values.sum(axis=0)), *model_rows(cases, values.sum(axis=0))]
    return importance_of(cases, importance_settings(cases, method="lmg"), rows)


def _associations(
    data: pd.DataFrame | Moments, outcome: str, drivers: Sequence[str], weights: ArrayLike | None
) -> Associations:
    if not isinstance(data, Moments):
        return complete_cases(data, outcome=outcome, drivers=drivers, weights=weights)
    if weights is not None:
        raise ParameterError("Moments have their weights inside; give weights to moments().", code="ICS-366")
    return summed_cases(data, outcome=outcome, drivers=drivers)


def bootstrap_importance(
    data: pd.DataFrame,
    *,
    outcome: str,
    drivers: Sequence[str],
    weights: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
    n_boot: int = 1000,
    conf_level: float = 0.95,
    seed: int | None = None,
) -> Importance:
    """Divide R² over drivers (LMG), with bootstrap intervals and the probability of being first.

    Intervals are percentiles of bootstrap samples in which R² is adjusted for the number of drivers, because every
    sample overstates R² once more.

    LMG is never negative, so an interval that excludes 0 proves nothing: a driver of pure noise has one too. Use the
    intervals for how large, ``probability_first`` for which one.

    Parameters
    ----------
    data, outcome, drivers, weights
        As in :func:`lmg`.
    clusters
        Respondent of each row. With clusters, whole respondents are drawn, because what one person says about several
        departments is not independent.
    n_boot
        Number of bootstrap samples.
    conf_level
        Coverage of the percentile intervals.
    seed
        Same seed, same result. None draws one and records it in ``settings``.

    Returns
    -------
    Importance
        ``rank`` is the place of a driver, 1 for the largest LMG, with its bootstrap interval. ``verdict``
        follows the rule of :func:`block_importance`, whose error rates are known for three blocks only.

    Raises
    ------
    ParameterError
        Wrong columns, clusters or settings, or more than 20 drivers.
    NotEnoughDataError
        Too few complete rows or people, or an outcome without spread.

    Warnings
    --------
    Drivers that go together share what they explain, so a driver without any coefficient of its own gets a share too,
    and its interval may lie above 0. Shares of items do not add up to those of blocks; use :func:`block_importance`
    for blocks. Not with drivers chosen by the same data. An association is no cause.

    References
    ----------
    Grömping, U. (2006), as for :func:`lmg`. In R: ``relaimpo::boot.relimp(lm(y ~ ., d), b = 1000, type = "lmg")`` and
    ``booteval.relimp``, which do not take off what R² owes to chance in a sample.
    """
    refuse_too_many(len(drivers))
    cases = complete_cases(data, outcome=outcome, drivers=drivers, clusters=clusters, weights=weights)
    settings = bootstrap_settings(cases, method="lmg", n_boot=n_boot, conf_level=conf_level, seed=seed)
    sample = Resampled.of(cases, settings)
    values = sample.shapley_values(each_alone(len(drivers)))
    first = probability_first(values[:, 1:])
    rows = [
        *rows_of_shares(cases.drivers, "lmg", values, values.sum(axis=0), conf_level=conf_level),
        *rows_of_first(cases.drivers, first),
        *rows_of_ranks(cases.drivers, values, conf_level=conf_level),
        *model_rows(cases, values.sum(axis=0), conf_level=conf_level),
    ]
    verdict = _verdict(cases.drivers, first, values[:, 0])
    return importance_of(cases, sample.settings, rows, verdict=verdict)


def block_importance(
    data: pd.DataFrame,
    *,
    outcome: str,
    blocks: Mapping[str, Sequence[str]],
    weights: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
    n_boot: int = 1000,
    conf_level: float = 0.95,
    seed: int | None = None,
) -> Importance:
    """Divide R² over blocks of drivers, and each block's part over its items; say which block leads, if one does.

    A reader sees the shares of R² of the *item sets*: the Shapley value of a block is its mean gain in R² over all
    orders of the blocks, with all its items at once. Adding up LMG values of items would be another number.

    The verdict is drawn from *composites*, each block's mean of standardised items: compared as item sets, a block with
    more items gains by chance, and the more so the fewer answers there are. A block leads when it has the largest
    share of the composites in at least 95 % of the bootstrap samples (:data:`LEADS_FROM`) and the largest share of the
    item sets in the data. Otherwise the answers cannot tell, which is not the same as "all weigh the same".

    How often that is right was simulated (``benchmarks/verdicts.py``, figures in ``coverage.md``; three blocks of 4, 6
    and 7 items correlated .6, R² .6). With 300 ratings a block that explains half, against a quarter each for the
    others, is named in 96 to 99 % of departments, and never another; where all explain a third the verdict is "cannot
    tell" in about 95 %, where two explain the same and more than the third in about 90 %. A lower threshold of 90 %
    would cost the last two 4 and 10 points, a higher one of 99 % would miss one leader in eight. With 100 ratings the
    leader is named in 50 to 60 %, with 60 ratings in 35 to 40 %, and wrong names become rarer, not more frequent.

    Intervals are percentiles of bootstrap samples in which R² is adjusted for the number of drivers, because every
    sample overstates R² once more. With 300 ratings they held the true share of a block in 92 to 97 %, of an item in
    about 94 %.

    Parameters
    ----------
    data, outcome, weights, clusters, n_boot, conf_level, seed
        As in :func:`bootstrap_importance`. Items of a block must point the same way (reverse items turned round); one
        that goes against its block is named in ``settings.warnings``, never turned.
    blocks
        Block -> its columns; a block of one column is a composite.

    Returns
    -------
    Importance
        Block rows ``shapley``, ``shapley_share``, ``probability_first``; item rows ``owen``, ``owen_share``.

    Raises
    ------
    ParameterError
        Wrong columns, clusters or settings; an item in two blocks, an empty block, or blocks too large to compute.
    NotEnoughDataError
        Too few complete rows or people, or an outcome without spread.

    Warnings
    --------
    Associations of answers given by the same people at the same moment: a mood or a halo raises all blocks together,
    and no share is a cause. With 60 ratings a leader is missed more often than it is named. Shares are parts of what
    is explained: with a small R² they divide little. A block that is measured badly gets less than it is due, so look
    at its reliability first.

    References
    ----------
    Shapley, L. S. (1953). A value for n-person games. Owen, G. (1977). Values of games with a priori unions. In:
    Essays in Mathematical Economics and Game Theory, 76-88. In R, for the blocks: ``relaimpo::calc.relimp(lm(y ~ .,
    d), type = "lmg", groups = list(c("a", "b"), c("c", "d")))``.
    """
    by_name = checked_blocks(blocks)
    items = [item for own in blocks.values() for item in own]
    cases = complete_cases(data, outcome=outcome, drivers=items, clusters=clusters, weights=weights)
    settings = bootstrap_settings(
        cases, method="block_shapley", n_boot=n_boot, conf_level=conf_level, seed=seed, blocks=by_name
    )
    names, positions = tuple(by_name), positions_of(by_name)
    turned = tuple(f"points_other_way:{item}" for item in _turned_items(cases, positions))
    sample = Resampled.of(cases, replace(settings, warnings=settings.warnings + turned))
    values = sample.shapley_values(positions)
    first = probability_first(sample.shapley_values_of_composites(positions)[:, 1:])
    rows = [
        *rows_of_shares(names, "shapley", values, values.sum(axis=0), conf_level=conf_level),
        *rows_of_first(names, first),
        *(
            row
            for (block, own), parts in zip(by_name.items(), sample.owen_values(positions), strict=True)
            for row in rows_of_shares(own, "owen", parts, values.sum(axis=0), conf_level=conf_level, block=block)
        ),
        *model_rows(cases, values.sum(axis=0), conf_level=conf_level),
    ]
    return importance_of(cases, sample.settings, rows, verdict=_verdict(names, first, values[:, 0]))


def _turned_items(cases: Cases, blocks: Sequence[Sequence[int]]) -> Iterator[str]:
    correlations = cases.correlations
    for block in blocks:
        with_block = correlations[np.ix_(block, block)].sum(axis=1)
        yield from (cases.drivers[item - 1] for item, total in zip(block, with_block, strict=True) if total < 0)


def _verdict(names: Sequence[str], first: FloatArray, observed: FloatArray) -> str:
    """Return the name that is first by both accounts, if that is sure enough."""
    leader = int(first.argmax())
    alone = len(names) > 1 and (np.delete(observed, leader) < observed[leader] - EQUAL).all()
    return names[leader] if alone and first[leader] >= LEADS_FROM else CANNOT_TELL


def positions_of(blocks: Mapping[str, tuple[str, ...]]) -> list[list[int]]:
    """Return where the items of each block stand in the covariance matrix, after the outcome."""
    ends = np.cumsum([1, *(len(items) for items in blocks.values())])
    return [list(range(start, end)) for start, end in pairwise(ends.tolist())]


def checked_blocks(blocks: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Return the blocks with plain names; refuse what cannot be divided over."""
    checked = {str(block): tuple(str(item) for item in items) for block, items in blocks.items()}
    problems = [
        Problem(code="ICS-369", column=block, message="is a block without items.")
        for block, items in checked.items()
        if not items
    ]
    if not checked:
        problems.append(Problem(code="ICS-369", message="No blocks are given; at least one is needed."))
    elif len(checked) - 1 + max(map(len, checked.values())) > MOST_DRIVERS:
        problems.append(
            Problem(
                code="ICS-367",
                message=f"The items of the largest block and the other blocks are more than {MOST_DRIVERS} together; "
                "that many subsets cannot be computed exactly.",
                hint="Use the mean of the items of a large block.",
            )
        )
    if problems:
        raise ParameterError(problems)
    return checked
