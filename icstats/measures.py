"""Measures of importance other than LMG, to see whether a conclusion hangs on the measure.

Johnson's relative weights need no subsets: the drivers are replaced by the uncorrelated variables that are closest to
them, and what those explain is handed back. Genizi's (1993) measure is the same number. First, last, squared beta,
Pratt and CAR are here for comparison: only Pratt and CAR add up to R², and Pratt can be negative.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from icstats.cases import SINGULAR, complete_cases
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
    probability_first,
    refuse_too_many,
    rows_of,
    rows_of_first,
    rows_of_ranks,
    rows_of_shares,
)
from icstats.subsets import explained_by_subsets, matrices, packed, portions, shapley

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import ArrayLike

    from icstats.cases import FloatArray

__all__ = ["ADD_UP", "MEASURES", "importance_measures", "relative_weights"]

MEASURES = ("lmg", "relative_weight", "first", "last", "betasq", "pratt", "car")
"""All measures, in the order in which they are given."""

ADD_UP = frozenset({"lmg", "relative_weight", "pratt", "car"})
"""Measures that add up to R², so that they have shares."""

UNBOUNDED = frozenset({"betasq", "pratt"})
"""Measures that are not confined to the range from 0 to 1."""

TINY = 1e-6
"""A variable whose spread is this part of what it was has none."""


def relative_weights(
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
    """Divide R² over drivers by Johnson's relative weights, for any number of drivers.

    With R the correlations among the drivers and r those with the outcome, the weight of driver j is the sum over k of
    L[j, k]² b[k]², where L is the symmetric square root of R and b = L⁻¹ r.

    A relative weight is never negative, so an interval that excludes 0 proves nothing; see
    :func:`icstats.noise.random_driver`. From every bootstrap sample (1 - R²) / (n - p - 1) is taken off each weight,
    which is what a driver gets by chance: together that is R² minus adjusted R².

    Parameters
    ----------
    data
        One row per rating, numeric columns, NaN where there is no answer. Incomplete rows are left out.
    outcome
        Column that is explained.
    drivers
        Columns that explain it. A constant one gets 0, exact copies get equal values; both are named in
        ``settings.warnings``.
    weights
        One positive weight per row.
    clusters
        Respondent of each row; whole respondents are drawn.
    n_boot
        Number of bootstrap samples.
    conf_level
        Coverage of the percentile intervals.
    seed
        Same seed, same result. None draws one and records it in ``settings``.

    Returns
    -------
    Importance
        ``relative_weight`` adds up to R², ``relative_weight_share`` to 1; ``probability_first`` and ``rank``.

    Raises
    ------
    ParameterError
        Wrong columns, clusters, weights or settings.
    NotEnoughDataError
        Too few complete rows or people, or an outcome without spread.

    Warnings
    --------
    A driver of pure noise has a positive weight and an interval above 0. The weights are always positive, also of a
    driver that goes against the outcome: look at the sign of its correlation. Exact copies share equally, so more
    questions about one subject take more of R².

    References
    ----------
    Johnson, J. W. (2000). A heuristic method for estimating the relative weight of predictor variables in multiple
    regression. Multivariate Behavioral Research 35, 1-19. In R: ``rwa::rwa(d, "y", drivers)``, or
    ``relaimpo::calc.relimp(m, type = "genizi")``.
    """
    cases = complete_cases(data, outcome=outcome, drivers=drivers, clusters=clusters, weights=weights)
    settings = bootstrap_settings(cases, method="relative_weights", n_boot=n_boot, conf_level=conf_level, seed=seed)
    sample = Resampled.of(cases, settings)
    values = np.hstack(
        [
            _by_directions(sample.observed)["relative_weight"],
            _by_directions(sample.sampled, rows=cases.n)["relative_weight"],
        ]
    )
    total = values.sum(axis=0)
    rows = [
        *rows_of_shares(cases.drivers, "relative_weight", values, total, conf_level=conf_level),
        *rows_of_first(cases.drivers, probability_first(values[:, 1:])),
        *rows_of_ranks(cases.drivers, values, conf_level=conf_level),
        *model_rows(cases, total, conf_level=conf_level),
    ]
    return importance_of(cases, sample.settings, rows)


def importance_measures(
    data: pd.DataFrame,
    *,
    outcome: str,
    drivers: Sequence[str],
    weights: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
    n_boot: int = 0,
    conf_level: float = 0.95,
    seed: int | None = None,
) -> Importance:
    """Give every measure of importance side by side.

    With b the standardised coefficients, r the correlations with the outcome and R those among drivers:

    =================== ============================================== ===========
    measure             what it is                                     adds up
    =================== ============================================== ===========
    ``lmg``             mean gain in R² over all orders (Shapley)      to R²
    ``relative_weight`` Johnson, equal to Genizi                       to R²
    ``first``           R² of the driver alone, r²                     no
    ``last``            gain in R² when it comes last (usefulness)     no
    ``betasq``          b²                                             no
    ``pratt``           b r; negative under suppression                to R²
    ``car``             (R^(-1/2) r)²                                  to R²
    =================== ============================================== ===========

    Parameters
    ----------
    data, outcome, drivers, weights, clusters, conf_level, seed
        As in :func:`relative_weights`; at most 20 drivers, because of ``lmg``.
    n_boot
        Number of bootstrap samples; with 0 there are no intervals, no ranks and no ``<measure>_probability_first``.

    Returns
    -------
    Importance
        A row per driver and measure; those that add up also as ``<measure>_share``. With a bootstrap also
        ``<measure>_rank`` with its interval and ``<measure>_probability_first``. What a measure owes to chance is
        taken off in the samples, as in :func:`relative_weights`.

    Raises
    ------
    ParameterError
        Wrong columns, clusters, weights or settings, or more than 20 drivers.
    NotEnoughDataError
        Too few complete rows or people, or an outcome without spread.

    Warnings
    --------
    Measures differ because they answer different questions; where they rank drivers differently the drivers go
    together, and no choice among the measures repairs that. ``last`` and ``betasq`` share next to nothing with
    correlated drivers, ``first`` counts what is common several times. Do not choose the measure by its result.

    References
    ----------
    Grömping, U. (2015). Variable importance in regression models. WIREs Computational Statistics 7, 137-152. In R:
    ``relaimpo::calc.relimp(m, type = c("lmg", "genizi", "first", "last", "betasq", "pratt", "car"))``.
    """
    refuse_too_many(len(drivers))
    cases = complete_cases(data, outcome=outcome, drivers=drivers, clusters=clusters, weights=weights)
    if n_boot == 0:
        settings = importance_settings(cases, method="importance_measures")
        values = _every_measure(packed(cases.correlations))
    else:
        sample = Resampled.of(
            cases,
            bootstrap_settings(cases, method="importance_measures", n_boot=n_boot, conf_level=conf_level, seed=seed),
        )
        settings = sample.settings
        observed, sampled = _every_measure(sample.observed), _every_measure(sample.sampled, rows=cases.n)
        values = {name: np.hstack([observed[name], sampled[name]]) for name in MEASURES}
    rows = [row for name in MEASURES for row in _rows_of_measure(cases.drivers, name, values[name], conf_level)]
    return importance_of(cases, settings, [*rows, *model_rows(cases, values["lmg"].sum(axis=0), conf_level=conf_level)])


def _rows_of_measure(drivers: Sequence[str], name: str, values: FloatArray, conf_level: float) -> list[Row]:
    lowest, highest = (-np.inf, np.inf) if name in UNBOUNDED else (0.0, 1.0)
    rows = rows_of(drivers, name, values, conf_level=conf_level, lowest=lowest, highest=highest)
    if name in ADD_UP:
        total = values.sum(axis=0)
        shares = values / np.where(total > EQUAL, total, 1.0) * (total > EQUAL)
        rows += rows_of(drivers, f"{name}_share", shares, conf_level=conf_level, lowest=lowest, highest=highest)
    if values.shape[1] > 1:
        first = probability_first(values[:, 1:])
        rows += [row._replace(measure=f"{name}_probability_first") for row in rows_of_first(drivers, first)]
        ranks = rows_of_ranks(drivers, values, conf_level=conf_level)
        rows += [row._replace(measure=f"{name}_rank") for row in ranks]
    return rows


def _every_measure(covariances: FloatArray, *, rows: int | None = None) -> dict[str, FloatArray]:
    return _by_subsets(covariances, rows) | _by_directions(covariances, rows)


def _by_subsets(covariances: FloatArray, rows: int | None) -> dict[str, FloatArray]:
    """Return LMG and what each driver explains before and after all others: drivers x replicates."""
    drivers = matrices(covariances[:, :1]).shape[1] - 1
    alone = 1 << np.arange(drivers)
    parts = []
    for portion in portions(covariances, drivers):
        worth = explained_by_subsets(portion, each_alone(drivers), rows=rows)
        parts.append((shapley(worth), worth[alone], worth[-1] - worth[len(worth) - 1 - alone]))
    return dict(zip(("lmg", "first", "last"), map(np.hstack, zip(*parts, strict=True)), strict=True))


def _by_directions(covariances: FloatArray, rows: int | None = None) -> dict[str, FloatArray]:
    """Return the measures that follow from the principal directions of the drivers: drivers x replicates.

    Directions without variance are left out, which equals the answer of the pseudo-inverse. With ``rows`` what each
    squared coefficient owes to chance is taken off: (1 - R²) / (rows - rank - 1) times its variance factor.
    """
    both = matrices(covariances)
    spreads = np.sqrt(np.diagonal(both, axis1=1, axis2=2))
    scale = np.where(spreads > TINY, 1 / np.where(spreads > TINY, spreads, 1.0), 0.0)
    both *= scale[:, :, None] * scale[:, None, :]
    sizes, directions = np.linalg.eigh(both[:, 1:, 1:])
    kept = sizes > SINGULAR
    sizes = np.where(kept, sizes, 1.0)
    with_outcome = both[:, 1:, 0]
    along = np.einsum("rij,ri->rj", directions, with_outcome) * kept
    nearest = np.einsum("rij,rj->ri", directions, along / np.sqrt(sizes))
    coefficients = np.einsum("rij,rj->ri", directions, along / sizes)
    roots = (directions * np.sqrt(sizes * kept)[:, None, :]) @ np.swapaxes(directions, 1, 2)
    found = {
        "relative_weight": np.einsum("rij,rj->ri", roots**2, nearest**2),
        "betasq": coefficients**2,
        "pratt": coefficients * with_outcome,
        "car": nearest**2,
    }
    if rows is not None:
        squares = directions**2
        free = np.einsum("rij,rj->ri", squares, kept.astype(float))
        chance = (1 - found["car"].sum(axis=1)) / (rows - kept.sum(axis=1) - 1)
        owed = {
            "relative_weight": np.einsum("rij,rj->ri", roots**2, free),
            "betasq": np.einsum("rij,rj->ri", squares, kept / sizes),
            "pratt": free,
            "car": free,
        }
        found = {name: values - chance[:, None] * owed[name] for name, values in found.items()}
    return {name: np.ascontiguousarray(values.T) for name, values in found.items()}
