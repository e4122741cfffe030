"""What follows from moments alone: coefficients of a scale, and what an organisation contributes to a norm.

So that a bureau with a hundred million answers needs none of them in memory: :mod:`icstats.shards` counts, this room
concludes. Nobody knows from moments who gave several ratings: there are no intervals here that would need it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from icstats.consistency import ALPHA, STANDARDISED
from icstats.errors import NotEnoughDataError, ParameterError, Problem
from icstats.factor import fit_one_factor, is_singular
from icstats.sampling import FEWEST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from icstats.pairwise import PairwiseMoments

__all__ = ["coefficients_of_moments", "scores_of_moments"]


def coefficients_of_moments(
    moments: PairwiseMoments, *, items: Sequence[str], reverse: Sequence[str] = ()
) -> pd.DataFrame:
    """Return the reliability of a scale from its moments: what the rows would give with ``missing="pairwise"``.

    Parameters
    ----------
    moments
        Of all ratings that count; add shards and departments up first (:func:`icstats.pairwise.merged`).
    items
        The scale's items, at least two.
    reverse
        Those of them that are worded the other way; they are turned round.

    Returns
    -------
    DataFrame
        Index ``coefficient``: ``alpha``, ``alpha_standardised`` and, from three items on, ``omega_total`` (NaN where
        one item follows from the others). Columns ``estimate`` and ``n``, the ratings behind the least answered pair.

    Raises
    ------
    ParameterError
        An item that the moments do not hold, or fewer than two.
    NotEnoughDataError
        Fewer than three ratings of a pair, or an item without variance.

    Warnings
    --------
    There is no interval: moments do not tell who gave several ratings. With many gaps the pairs come from different
    people, and the matrix behind the coefficients need not be one that any people could give.

    Notes
    -----
    In R: ``psych::alpha(cov(items, use = "pairwise.complete.obs"))``; omega as :func:`icstats.omega_total`.
    """
    places = _places(moments, items)
    n = int(moments.counts[np.ix_(places, places)].min())
    if n < FEWEST:
        raise NotEnoughDataError(
            f"{n} ratings answer both items of a pair; at least {FEWEST} are needed", code="ICS-388"
        )
    sign = np.array([-1.0 if item in reverse else 1.0 for item in items])
    covariance = moments.covariance.to_numpy()[np.ix_(places, places)] * np.outer(sign, sign)
    constant = [item for item, variance in zip(items, np.diag(covariance), strict=True) if variance <= 0]
    if constant:
        raise NotEnoughDataError(f"all answers to {', '.join(constant)} are the same", code="ICS-388")
    estimates = {one.code: float(one.value(covariance)) for one in (ALPHA, STANDARDISED)}
    if len(items) >= FEWEST:
        estimates["omega_total"] = np.nan if is_singular(covariance) else fit_one_factor(covariance).omega
    index = pd.Index(list(estimates), name="coefficient")
    return pd.DataFrame({"estimate": list(estimates.values()), "n": n}, index=index)


def scores_of_moments(moments: PairwiseMoments, *, items: Sequence[str] | None = None) -> pd.DataFrame:
    """Return what one organisation contributes to a norm, from its moments: the items, not the scores of scales.

    :func:`icstats.pooling.pool_organisations` makes the norm of such frames. A scale score needs the rows: who left
    out one of its items cannot be told from pairs.

    Parameters
    ----------
    moments
        Of the customers of one organisation.
    items
        Items of the norm; None takes all.

    Returns
    -------
    DataFrame
        As :func:`icstats.pooling.organisation_scores`: index ``code``; columns ``n, n_people, mean, sd, std_error``.
        Every rating counts as one person: where people rate several departments, the error is too small.

    Raises
    ------
    ParameterError
        An item that the moments do not hold.

    Warnings
    --------
    Where people rate several departments the errors are too small, and a norm made of them looks surer than it is:
    take the rows then.

    Notes
    -----
    In R: ``colMeans(items, na.rm = TRUE)`` and ``apply(items, 2, sd, na.rm = TRUE)``.
    """
    names = moments.names if items is None else tuple(items)
    places = _places(moments, names, fewest=1)
    n, variance = np.diag(moments.counts)[places], np.diag(moments.covariance)[places]
    with np.errstate(invalid="ignore", divide="ignore"):
        scores = pd.DataFrame(
            {
                "n": n,
                "n_people": n,
                "mean": moments.mean.to_numpy()[places],
                "sd": np.sqrt(variance),
                "std_error": np.sqrt(variance / n),
            },
            index=pd.Index(names, name="code"),
        )
    return scores[scores["n_people"] >= FEWEST]


def _places(moments: PairwiseMoments, items: Sequence[str], *, fewest: int = 2) -> list[int]:
    problems = [
        Problem(code="ICS-389", column=item, message="the moments do not hold this item")
        for item in dict.fromkeys(items)
        if item not in moments.names
    ]
    if len(set(items)) < max(fewest, len(items)):
        problems.append(Problem(code="ICS-389", message=f"at least {fewest} items are needed, each named once"))
    if problems:
        raise ParameterError(problems)
    return [moments.names.index(item) for item in items]
