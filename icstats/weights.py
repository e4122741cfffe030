"""Weights that give every kind of customer its share, and what they cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from icstats.errors import ParameterError, Problem
from icstats.results import Result, Settings
from icstats.sampling import row_weights

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from icstats.sampling import FloatArray, IntArray

__all__ = [
    "LEVELS",
    "NUMBERS",
    "Margins",
    "Raking",
    "RakingSettings",
    "design_effect",
    "effective_n",
    "population_shares",
    "rake",
]

Margins = Mapping[str, Mapping[str, float]]

TOLERANCE = 1e-8
"""How far a weighted share may be off its target."""

NUMBERS = ["estimate", "std_error", "conf_low", "conf_high", "p_value"]
LEVELS = ["attribute", "level", "statistic", *NUMBERS, "n", "n_people", "unit"]


def effective_n(weights: ArrayLike) -> float:
    """Return how many answers of equal weight tell as much: (sum of weights)² / sum of squared weights (Kish 1965).

    Parameters
    ----------
    weights
        Positive numbers, one per answer.

    Returns
    -------
    float
        Between 1 and the number of answers. In R: ``sum(w)^2 / sum(w^2)``.

    Raises
    ------
    ParameterError
        No weights, or one that is not a positive number.

    Warnings
    --------
    It allows for unequal weights only, not for people who rate more than once nor for who did not answer.
    """
    given = row_weights(weights, n_rows=int(np.size(weights)))
    if not len(given):
        raise ParameterError("There are no weights.", code="ICS-366")
    return float(given.sum() ** 2 / (given**2).sum())


def design_effect(weights: ArrayLike) -> float:
    """Return by what factor unequal weights multiply the variance of a mean: n / effective n (Kish 1965).

    Parameters
    ----------
    weights
        As in :func:`effective_n`.

    Returns
    -------
    float
        1 or more. In R: ``length(w) * sum(w^2) / sum(w)^2``.

    Raises
    ------
    ParameterError
        As in :func:`effective_n`.

    Warnings
    --------
    It is about means whose weights have nothing to do with the answers, and overstates what weighting costs where they
    have. Repeated ratings by one person are not in it.
    """
    return int(np.size(weights)) / effective_n(weights)


@dataclass(frozen=True, kw_only=True)
class RakingSettings(Settings):
    """How weights were made.

    Attributes
    ----------
    converged
        Whether all shares were reached.
    n_rounds
        Rounds over all attributes.
    trim
        Largest allowed ratio of a weight to the mean weight; None without trimming.
    n_trimmed
        Weights that were cut off.
    """

    converged: bool
    n_rounds: int
    trim: float | None
    n_trimmed: int


@dataclass(frozen=True, kw_only=True, repr=False)
class Raking(Result):
    """Weights, and what they reach: per attribute and level the share in the ``sample``, ``weighted``, ``population``.

    For researchers: the door does not know the unit composition, for a small level is what the others leave.

    Attributes
    ----------
    weights
        One per row of the data, with mean 1; for the ``weights`` argument of the statistics.
    design_effect, effective_n
        What unequal weights cost (Kish).
    """

    keys: ClassVar[tuple[str, str]] = ("level", "statistic")

    settings: RakingSettings
    weights: pd.Series[float]

    @property
    def design_effect(self) -> float:
        """Factor by which the weights multiply the variance of a mean."""
        return design_effect(self.weights)

    @property
    def effective_n(self) -> float:
        """Answers of equal weight that would tell as much."""
        return effective_n(self.weights)


def rake(
    attributes: pd.DataFrame,
    *,
    population: Margins,
    weights: ArrayLike | None = None,
    trim: float | None = 5.0,
    max_rounds: int = 200,
) -> Raking:
    """Weight people so that the shares of every attribute are those of the population.

    Parameters
    ----------
    attributes
        One row per person, one column per attribute of ``population``. Whoever misses an attribute keeps the weight
        of the other attributes.
    population
        Attribute -> level -> share (together 1) or number of people. Every level of the population must have answers.
    weights
        Weights to start from; otherwise everybody counts once.
    trim
        A weight above this many times the mean weight is cut off, and the raking goes on with the others: a single
        person must not speak for dozens. None cuts nothing off.
    max_rounds
        Rounds over all attributes before it stops.

    Returns
    -------
    Raking
        ``settings.warnings`` has ``not_converged`` when a share is still off by more than 1e-8, which trimming or
        contradicting margins may cause, ``trimmed`` when weights were cut off, and ``missing:<attribute>``.

    Raises
    ------
    ParameterError
        An attribute that the data do not have; levels of the data that the population does not have, or the other way
        round; shares that are not positive; weights that do not fit: all at once.

    Warnings
    --------
    It repairs only what the attributes tell: who answers within a group may still differ from who does not. Margins
    that rest on a handful of people give large weights, which cost precision (see :func:`design_effect`) and let one
    person speak for many. Intervals that follow take the weights for known.

    References
    ----------
    Deming, W. E. & Stephan, F. F. (1940). On a least squares adjustment of a sampled frequency table when the expected
    marginal totals are known. Annals of Mathematical Statistics 11, 427-444. In R: ``survey::rake``,
    ``survey::trimWeights``.
    """
    if trim is not None and trim <= 1:
        raise ParameterError(f"trim is {trim:g}; it must be above 1, or None.", code="ICS-386")
    margins = population_shares(attributes, population, every_level=True)
    start = row_weights(weights, n_rows=len(attributes))
    codes = {name: _codes(attributes[name], shares) for name, shares in margins.items()}
    targets = {name: np.array(list(shares.values())) for name, shares in margins.items()}
    found = start / start.mean()
    rounds, converged = 0, False
    while rounds < max_rounds and not converged:
        rounds += 1
        for name, places in codes.items():
            found = _fitted(found, places, targets[name])
        if trim is not None:
            found = _trimmed(found / found.mean(), trim)
        off = max(np.abs(_shares(found, codes[name], len(targets[name])) - targets[name]).max() for name in codes)
        converged = bool(off <= TOLERANCE)
    found = found / found.mean()
    n_trimmed = 0 if trim is None else int((found >= trim * (1 - TOLERANCE)).sum())
    missing = [f"missing:{name}" for name, places in codes.items() if (places < 0).any()]
    data = _reached(attributes, margins, codes, found)
    return Raking(
        data=data,
        people=data[["n", "n_people"]].copy(),
        settings=RakingSettings(
            method="raking",
            warnings=(*([] if converged else ["not_converged"]), *(["trimmed"] if n_trimmed else []), *missing),
            converged=converged,
            n_rounds=rounds,
            trim=trim,
            n_trimmed=n_trimmed,
        ),
        weights=pd.Series(found, index=attributes.index, name="weight"),
    )


def _fitted(weights: FloatArray, places: IntArray, target: FloatArray) -> FloatArray:
    """Return the weights times one factor per level, so that the shares are right; gaps keep theirs."""
    known = places >= 0
    factors = target / _shares(weights, places, len(target))
    return np.where(known, weights * factors[places], weights)


def _trimmed(weights: FloatArray, trim: float) -> FloatArray:
    """Return weights of mean 1 without one above ``trim``; what is cut off goes to the others in proportion."""
    while weights.max() > trim * (1 + TOLERANCE):
        over = weights >= trim
        left = (len(weights) - trim * over.sum()) / weights[~over].sum()
        weights = np.where(over, trim, weights * left)
    return weights


def _shares(weights: FloatArray, places: IntArray, count: int) -> FloatArray:
    known = places >= 0
    sums = np.bincount(places[known], weights=weights[known], minlength=count)
    return np.asarray(sums / sums.sum(), dtype=np.float64)


def _codes(column: pd.Series[str], shares: Mapping[str, float]) -> IntArray:
    text = column.astype(object).where(column.notna(), None)
    named = pd.Series([None if value is None else str(value) for value in text], dtype=object)
    return np.asarray(pd.Categorical(named, categories=list(shares)).codes, dtype=np.int64)


def _reached(
    attributes: pd.DataFrame, margins: Margins, codes: Mapping[str, IntArray], weights: FloatArray
) -> pd.DataFrame:
    rows: list[dict[str, object]] = []
    for name, shares in margins.items():
        places = codes[name]
        counts = np.bincount(places[places >= 0], minlength=len(shares))
        plain = _shares(np.ones(len(attributes)), places, len(shares))
        weighted = _shares(weights, places, len(shares))
        for number, (level, share) in enumerate(shares.items()):
            count = int(counts[number])
            about = {"attribute": name, "level": level, "n": count, "n_people": count, "unit": "composition"}
            for statistic, value in (("sample", plain[number]), ("weighted", weighted[number]), ("population", share)):
                rows.append(about | {"statistic": statistic, "estimate": float(value)})
    return pd.DataFrame(rows, columns=LEVELS).astype(dict.fromkeys(NUMBERS, float))


def population_shares(
    attributes: pd.DataFrame, population: Margins, *, every_level: bool = False
) -> dict[str, dict[str, float]]:
    """Return the shares of the population, together 1 per attribute.

    Raises
    ------
    ParameterError
        Attributes or levels that do not fit the data, shares below 0; with ``every_level`` also a level of one that
        the other does not have: all at once.
    """
    if not population:
        raise ParameterError("population names no attribute.", code="ICS-387")
    problems = [
        problem
        for name, shares in population.items()
        for problem in _problems_of_margin(name, shares, attributes, every_level=every_level)
    ]
    if problems:
        raise ParameterError(problems)
    totals = {name: sum(shares.values()) for name, shares in population.items()}
    return {
        name: {str(level): share / totals[name] for level, share in shares.items()}
        for name, shares in population.items()
    }


def _problems_of_margin(
    name: str, shares: Mapping[str, float], attributes: pd.DataFrame, *, every_level: bool
) -> list[Problem]:
    def problem(message: str, hint: str = "") -> Problem:
        return Problem(code="ICS-387", column=name, message=message, hint=hint)

    if name not in attributes.columns:
        return [problem("is not a column of the attributes.")]
    wrong = [str(level) for level, share in shares.items() if not (np.isfinite(share) and share >= 0)]
    if wrong or not sum(shares.values()) > 0:
        return [problem(f"shares must be numbers from 0 on; wrong: {', '.join(wrong) or 'all 0'}.")]
    levels = {str(level) for level in shares}
    answered = set(attributes[name].dropna().astype(str))
    if not answered:
        return [problem("has no values.")]
    found = (
        [problem(f"{len(answered - levels)} levels of the answers are not in the population.")]
        if answered - levels
        else []
    )
    silent = [str(level) for level, share in shares.items() if share > 0 and str(level) not in answered]
    if every_level and silent:
        hint = "Put them together with a level that resembles them: nobody can speak for them."
        found.append(problem(f"nobody answered from {', '.join(silent)}.", hint))
    empty = [str(level) for level, share in shares.items() if share == 0 and str(level) in answered]
    if every_level and empty:
        found.append(problem(f"people answered from {', '.join(empty)}, a level without population."))
    return found
