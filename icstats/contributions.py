"""Dominance analysis: whether one driver is more useful than another, whatever else is in the model.

A driver dominates another *completely* when it adds more to every subset of the other drivers, *conditionally* when it
adds more on average to subsets of every size, *generally* when it adds more on average over the sizes (which is LMG).
The first implies the second, the second the third.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from icstats.cases import complete_cases
from icstats.shares import (
    EQUAL,
    Importance,
    Resampled,
    Row,
    bootstrap_settings,
    each_alone,
    importance_of,
    importance_settings,
    model_rows,
    refuse_too_many,
    rows_of,
)
from icstats.subsets import explained_by_subsets, packed, portions

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from icstats.cases import FloatArray

    BoolArray = NDArray[np.bool_]

__all__ = ["KINDS", "contributions", "dominance", "rows_of_dominance"]

KINDS = ("complete", "conditional", "general")
"""From the strictest to the loosest."""


def dominance(
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
    """Compare every two drivers over all subsets of the others, and say how often samples agree.

    Parameters
    ----------
    data
        One row per rating, numeric columns, NaN where there is no answer. Incomplete rows are left out.
    outcome
        Column that is explained.
    drivers
        Columns that explain it, at most 20; each one more doubles the work.
    weights
        One positive weight per row.
    clusters
        Respondent of each row; whole respondents are drawn.
    n_boot
        Number of bootstrap samples; 0 gives neither intervals nor reproducibility.
    conf_level
        Coverage of the percentile intervals.
    seed
        Same seed, same result. None draws one and records it in ``settings``.

    Returns
    -------
    Importance
        Measures of each driver: ``general`` (LMG) and ``conditional_k``, the mean gain in R² when k others are in the
        model. Of each driver over each other one:

        ``complete:<other>``, ``conditional:<other>``, ``general:<other>``
            1 when it dominates, 0 when it is dominated, 0.5 when neither; the interval is that of the samples.
        ``<kind>_reproducibility:<other>``
            Part of the samples that agree with the data.
        ``adds_more:<other>``
            Part of the subsets of the others to which it adds more.

        Gains closer than 1e-9 are equal. In the samples R² is adjusted for the number of drivers.

    Raises
    ------
    ParameterError
        Wrong columns, clusters, weights or settings, or more than 20 drivers.
    NotEnoughDataError
        Too few complete rows or people, or an outcome without spread.

    Warnings
    --------
    Complete dominance is rare between drivers that go together, and "neither" is then the honest answer. A driver that
    dominates by a hair does so completely too: read how often the samples agree. It compares what predicts, not what
    causes.

    References
    ----------
    Azen, R. & Budescu, D. V. (2003). The dominance analysis approach for comparing predictors in multiple regression.
    Psychological Methods 8, 129-148. In R: ``domir::domin(y ~ a + b, "lm", list("summary", "r.squared"), data = d)``.
    """
    refuse_too_many(len(drivers))
    cases = complete_cases(data, outcome=outcome, drivers=drivers, clusters=clusters, weights=weights)
    if n_boot == 0:
        settings = importance_settings(cases, method="dominance")
        found = _compared(packed(cases.correlations), len(drivers), None)
    else:
        wanted = bootstrap_settings(cases, method="dominance", n_boot=n_boot, conf_level=conf_level, seed=seed)
        sample = Resampled.of(cases, wanted)
        settings = sample.settings
        observed = _compared(sample.observed, len(drivers), None)
        sampled = _compared(sample.sampled, len(drivers), cases.n)
        found = (np.concatenate([observed[0], sampled[0]], axis=-1), np.concatenate([observed[1], sampled[1]], axis=-1))
    by_size, ahead = found
    r_squared = by_size.mean(axis=1).sum(axis=0)
    rows = [
        *rows_of_dominance(cases.drivers, by_size, ahead, conf_level=conf_level),
        *model_rows(cases, r_squared, conf_level=conf_level),
    ]
    return importance_of(cases, settings, rows)


def contributions(worth: FloatArray, members: int) -> tuple[FloatArray, FloatArray]:
    """Return what each member adds, and to how much of what it adds more than another.

    Parameters
    ----------
    worth
        Shape (2**members, replicates): worth of every subset; bit m of the row number says whether member m is in it.
    members
        Number of members.

    Returns
    -------
    by_size
        Members x sizes x replicates: mean gain when it joins so many others.
    ahead
        Members x members x replicates: part of the subsets of the others to which the first adds more than the second.
    """
    subsets = np.arange(len(worth))
    sizes = np.bitwise_count(subsets)
    by_size = np.empty((members, members, worth.shape[1]))
    without = [subsets[(subsets >> member) & 1 == 0] for member in range(members)]
    for member, others in enumerate(without):
        gains = worth[others | 1 << member] - worth[others]
        for size in range(members):
            by_size[member, size] = gains[sizes[others] == size].mean(axis=0)
    ahead = np.zeros((members, members, worth.shape[1]))
    for one, two in combinations(range(members), 2):
        others = without[one][(without[one] >> two) & 1 == 0]
        difference = worth[others | 1 << one] - worth[others | 1 << two]
        ahead[one, two] = (difference > EQUAL).mean(axis=0)
        ahead[two, one] = (difference < -EQUAL).mean(axis=0)
    return by_size, ahead


def rows_of_dominance(
    drivers: Sequence[str], by_size: FloatArray, ahead: FloatArray, *, conf_level: float = 0.95
) -> list[Row]:
    """Return the rows of a dominance analysis from :func:`contributions`, the first replicate being the data."""
    rows = rows_of(drivers, "general", by_size.mean(axis=1), conf_level=conf_level)
    for size in range(len(drivers)):
        rows += rows_of(drivers, f"conditional_{size}", by_size[:, size], conf_level=conf_level)
    for kind, verdicts in _verdicts(by_size, ahead).items():
        for other, name in enumerate(drivers):
            rest = [place for place in range(len(drivers)) if place != other]
            names = [drivers[place] for place in rest]
            against = verdicts[rest, other]
            rows += rows_of(names, f"{kind}:{name}", against, conf_level=conf_level)
            if against.shape[1] > 1:
                agree = (against[:, 1:] == against[:, :1]).mean(axis=1)[:, None]
                rows += rows_of(names, f"{kind}_reproducibility:{name}", agree)
            if kind == "complete":
                rows += rows_of(names, f"adds_more:{name}", ahead[rest, other], conf_level=conf_level)
    return rows


def _verdicts(by_size: FloatArray, ahead: FloatArray) -> dict[str, FloatArray]:
    """Return, members x members x replicates, 1 for the first dominating the second, 0 for the reverse, else 0.5."""
    lead = by_size[:, None] - by_size[None, :]
    general: FloatArray = by_size.mean(axis=1)[:, None] - by_size.mean(axis=1)[None, :]
    return {
        "complete": _verdict(np.swapaxes(ahead, 0, 1) == 0, ahead == 0),
        "conditional": _verdict(np.all(lead >= -EQUAL, axis=2), np.all(lead <= EQUAL, axis=2)),
        "general": _verdict(general >= -EQUAL, general <= EQUAL),
    }


def _verdict(never_less: BoolArray, never_more: BoolArray) -> FloatArray:
    return np.asarray(0.5 + 0.5 * never_less - 0.5 * never_more, dtype=np.float64)


def _compared(covariances: FloatArray, drivers: int, rows: int | None) -> tuple[FloatArray, FloatArray]:
    """Return the contributions in every replicate."""
    parts = [
        contributions(explained_by_subsets(portion, each_alone(drivers), rows=rows), drivers)
        for portion in portions(covariances, drivers)
    ]
    by_size, ahead = (np.concatenate(each, axis=-1) for each in zip(*parts, strict=True))
    return by_size, ahead
