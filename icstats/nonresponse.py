"""Who answered and who did not: response, representativeness and margin of error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd
from scipy.special import chdtrc, ndtri

from icstats.errors import ParameterError, Problem
from icstats.results import Result, Settings
from icstats.sampling import require_conf_level, row_weights
from icstats.weights import LEVELS, NUMBERS, effective_n, population_shares

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike

    from icstats.sampling import FloatArray
    from icstats.weights import Margins

__all__ = ["Representativeness", "Response", "margin_of_error", "representativeness", "response_rate"]


def margin_of_error(
    n: float,
    *,
    sd: float | None = None,
    share: float = 0.5,
    population: int | None = None,
    conf_level: float = 0.95,
) -> float:
    """Return half the width of the interval of a share or a mean, for planning and for the method page.

    Parameters
    ----------
    n
        Number of answers; with weights their :func:`icstats.weights.effective_n`.
    sd
        Standard deviation of the answers, for the margin of a mean.
    share
        Expected share, where ``sd`` is not given; one half is the widest.
    population
        How many could have answered, for the finite-population correction root((N - n) / (N - 1)). Without it the
        answers are a sample of what people like these would say. With it they are a part of exactly these people, and
        who did not answer counts as missing by chance; a census with half of the people silent is not exact.
    conf_level
        Coverage.

    Returns
    -------
    float
        In the unit of the share or the sd; 0 when the whole population answered and the correction is used.

    Raises
    ------
    ParameterError
        n below 1 or above the population, a share outside 0 to 1, a negative sd.

    Warnings
    --------
    It knows chance only. Who did not answer may differ from who did, which no number of answers repairs: see
    :func:`representativeness`. For a share near 0 or 1, or fewer than 30 answers, it is too narrow or reaches outside
    0 to 1. People who rate more than once are taken for several.

    References
    ----------
    Cochran, W. G. (1977). Sampling Techniques, chapters 2 and 3. In R: ``qnorm(.975) * sqrt(p * (1 - p) / n)``.
    """
    require_conf_level(conf_level)
    problems = [
        Problem(code="ICS-384", column=name, message=message)
        for name, message, wrong in (
            ("n", f"is {n:g}; at least 1 is needed.", n < 1),
            ("share", f"is {share:g}; it must lie from 0 to 1.", not 0 <= share <= 1),
            ("sd", f"is {sd}; it cannot be negative.", sd is not None and sd < 0),
            (
                "population",
                f"is {population}, fewer than the {n:g} answers.",
                population is not None and population < n,
            ),
        )
        if wrong
    ]
    if problems:
        raise ParameterError(problems)
    spread = float(np.sqrt(share * (1 - share))) if sd is None else sd
    left = 1.0 if population is None else (population - n) / max(population - 1, 1)
    return float(ndtri((1 + conf_level) / 2)) * spread * float(np.sqrt(left / n))


@dataclass(frozen=True, kw_only=True, repr=False)
class Response(Result):
    """Response rates, one row per department: the statistic ``response`` of the variable ``ratings`` (unit share)."""


def response_rate(answered: Mapping[str, int], invited: Mapping[str, int]) -> Response:
    """Return which share of the people who were invited to rate a department did so.

    Parameters
    ----------
    answered, invited
        Number of people per department.

    Returns
    -------
    Response
        Departments in the order of ``answered``. No interval: everybody was invited, so this is a count.

    Raises
    ------
    ParameterError
        A department without an invitation, or with more answers than people: all at once.

    Warnings
    --------
    A high rate is no proof of a good picture, nor a low one of a bad one: what counts is whether those who stayed
    silent would have answered differently. It is only as good as the list of who was invited.

    Notes
    -----
    rate = answered / invited. In R: ``answered / invited``.
    """
    problems = [
        Problem(
            code="ICS-385",
            column=department,
            message=f"{count} of {invited.get(department, 0)} invited people answered.",
            hint="Give for each department how many people were invited; no more can answer.",
        )
        for department, count in answered.items()
        if not 0 <= count <= invited.get(department, 0) or not invited.get(department, 0)
    ]
    if problems:
        raise ParameterError(problems)
    rows = [
        {
            "department": department,
            "variable": "ratings",
            "statistic": "response",
            "estimate": count / invited[department],
            "n": count,
            "n_people": count,
            "unit": "share",
        }
        for department, count in answered.items()
    ]
    columns = ["department", "variable", "statistic", *NUMBERS, "n", "n_people", "unit"]
    data = pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(NUMBERS, float))
    return Response(data=data, people=data[["n", "n_people"]].copy(), settings=Settings(method="response"))


@dataclass(frozen=True, kw_only=True, repr=False)
class Representativeness(Result):
    """Shares of the sample beside those of the population, one row per attribute, level and statistic.

    Statistics: ``sample``, ``population`` and ``difference``, from 0 to 1. ``p_value`` of a difference is that of its
    whole attribute: Pearson's test that the sample could be drawn from the population by chance. For researchers: the
    door does not know the unit composition, for a small level is what the others leave of the whole.
    """

    keys: ClassVar[tuple[str, str]] = ("level", "statistic")


def representativeness(
    attributes: pd.DataFrame, *, population: Margins, weights: ArrayLike | None = None
) -> Representativeness:
    """Compare who answered with who could have answered.

    Parameters
    ----------
    attributes
        One row per person, one column per customer attribute. A missing value is left out of its attribute.
    population
        Attribute -> level -> share (together 1) or number of people.
    weights
        One positive weight per person: are the shares right after weighting?

    Returns
    -------
    Representativeness
        In the order of ``population``. With weights the chi² statistic is divided by Kish's design effect.

    Raises
    ------
    ParameterError
        An attribute that the data do not have, levels that the population does not have, shares below 0.

    Warnings
    --------
    It sees the attributes that you have. A perfect match on unit and tenure says nothing about whether the
    dissatisfied stayed away. With many people every difference is significant and with few none is: look at the
    differences in the shares, not at p. Expected counts under 5 make the chi² rough.

    References
    ----------
    In R: ``chisq.test(table(x), p = population)``.
    """
    weight = row_weights(weights, n_rows=len(attributes))
    margins = population_shares(attributes, population)
    rows: list[dict[str, object]] = []
    for attribute, shares in margins.items():
        column = attributes[attribute]
        given = column.notna().to_numpy()
        own, counts = weight[given], column[given].astype(str).value_counts()
        places = pd.Categorical(column[given].astype(str), categories=list(shares)).codes
        sample = np.bincount(places, weights=own, minlength=len(shares)) / own.sum()
        expected = np.array(list(shares.values()))
        p_value = _pearson(sample, expected, n=effective_n(own))
        for level, found, wanted in zip(shares, sample, expected, strict=True):
            count = int(counts.get(level, 0))
            about = {"attribute": attribute, "level": level, "n": count, "n_people": count, "unit": "composition"}
            rows += [
                about | {"statistic": "sample", "estimate": float(found)},
                about | {"statistic": "population", "estimate": float(wanted)},
                about | {"statistic": "difference", "estimate": float(found - wanted), "p_value": p_value},
            ]
    data = pd.DataFrame(rows, columns=LEVELS).astype(dict.fromkeys(NUMBERS, float))
    return Representativeness(data=data, people=data[["n", "n_people"]].copy(), settings=Settings(method="pearson"))


def _pearson(sample: FloatArray, expected: FloatArray, *, n: float) -> float:
    """Return the p value of Pearson's test; NaN with one level, 0 where somebody comes from a level without people."""
    possible = expected > 0
    freedom = int(possible.sum()) - 1
    if sample[~possible].any():
        return 0.0
    distance = ((sample - expected)[possible] ** 2 / expected[possible]).sum()
    return float(chdtrc(freedom, n * distance)) if freedom else float("nan")
