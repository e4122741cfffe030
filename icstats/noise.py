"""What a driver of pure noise gets: shares of R² are never negative, so 0 is no yardstick."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from icstats.cases import complete_cases
from icstats.shares import (
    Importance,
    Row,
    bootstrap_settings,
    each_alone,
    importance_of,
    model_rows,
    refuse_too_many,
    rows_of,
    rows_of_shares,
)
from icstats.subsets import packed, shapley_values

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd
    from numpy.typing import ArrayLike

    from icstats.cases import Cases, FloatArray

__all__ = ["random_driver"]

CELLS_AT_ONCE = 1 << 22


def random_driver(
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
    """Add a driver of pure noise to the model, many times over, and see what share of R² it gets.

    An LMG interval never contains 0, so that "excludes 0" is no test. This is the reference instead: a driver that
    gets no more than noise does has shown nothing. The reverse is not proof of a cause: a driver without any
    coefficient of its own gets a share when it is correlated with one that has.

    Parameters
    ----------
    data, outcome, drivers, weights, clusters, conf_level, seed
        As in :func:`icstats.importance.bootstrap_importance`; at most 19 drivers. Where people repeat, the noise is the
        same in all ratings by one person: that is the most that noise can get.
    n_boot
        Number of random drivers, standard normal, that are tried one at a time.

    Returns
    -------
    Importance
        The driver ``model`` has ``random_lmg`` and ``random_lmg_share``: the mean over the random drivers, with the
        interval in which ``conf_level`` of them lie. Each driver has ``lmg``, ``lmg_share`` and ``exceeds_random``,
        the part of the random drivers that get less than it does.

    Raises
    ------
    ParameterError
        Wrong columns, clusters, weights or settings, or more than 19 drivers.
    NotEnoughDataError
        Too few complete rows or people, or an outcome without spread.

    Warnings
    --------
    To get more than noise does is a low bar: a driver that only goes together with a real one passes it. To fail it
    with few answers is no proof that a driver has no weight. The noise is independent of everything, which real
    drivers never are.

    References
    ----------
    Tonidandel, S., LeBreton, J. M. & Johnson, J. W. (2009). Determining the statistical significance of relative
    weights. Psychological Methods 14, 387-399, who bootstrap the difference from a random driver. In R:
    ``rwa::rwa(..., comprehensive = TRUE)`` for relative weights.
    """
    refuse_too_many(len(drivers) + 1)
    cases = complete_cases(data, outcome=outcome, drivers=drivers, clusters=clusters, weights=weights)
    settings = bootstrap_settings(cases, method="random_driver", n_boot=n_boot, conf_level=conf_level, seed=seed)
    own = shapley_values(packed(cases.correlations), each_alone(len(drivers)))
    beside = shapley_values(_with_noise(cases, n_boot, settings.seed), each_alone(len(drivers) + 1))
    noise = beside[-1:]
    exceeds = (own > noise).mean(axis=1)[:, None]
    rows = [
        *rows_of_shares(cases.drivers, "lmg", own, own.sum(axis=0)),
        *rows_of(cases.drivers, "exceeds_random", exceeds),
        *_rows_of_noise("random_lmg", noise, conf_level),
        *_rows_of_noise("random_lmg_share", noise / beside.sum(axis=0), conf_level),
        *model_rows(cases, own.sum(axis=0)),
    ]
    return importance_of(cases, settings, rows)


def _rows_of_noise(measure: str, noise: FloatArray, conf_level: float) -> list[Row]:
    return rows_of(["model"], measure, np.hstack([noise.mean(axis=1)[:, None], noise]), conf_level=conf_level)


def _with_noise(cases: Cases, draws: int, seed: int | None) -> FloatArray:
    """Return the packed correlations with one random driver after the others: one replicate per random driver.

    No column of noise is ever put into the data: the sums of each person (or row) are all that its moments need.
    """
    weights = cases.weights / cases.weights.sum()
    columns = np.column_stack([weights, cases.standardised * weights[:, None]])
    if cases.people is not None:
        summed = np.zeros((cases.n_people, columns.shape[1]))
        np.add.at(summed, cases.people, columns)
        columns = summed
    parts = [_moments_of_noise(columns, noise) for noise in _drawn(draws, len(columns), seed)]
    fixed = np.repeat(packed(cases.correlations), draws, axis=1)
    return np.vstack([fixed, np.hstack(parts), np.ones((1, draws))])


def _drawn(draws: int, units: int, seed: int | None) -> Iterator[FloatArray]:
    random = np.random.default_rng(seed)
    at_once = max(1, CELLS_AT_ONCE // units)
    for start in range(0, draws, at_once):
        yield random.standard_normal((min(at_once, draws - start), units))


def _moments_of_noise(columns: FloatArray, noise: FloatArray) -> FloatArray:
    """Return the correlations of each random driver with the outcome and the drivers."""
    variance = noise**2 @ columns[:, 0] - (noise @ columns[:, 0]) ** 2
    return np.asarray((noise @ columns[:, 1:] / np.sqrt(variance)[:, None]).T, dtype=np.float64)
