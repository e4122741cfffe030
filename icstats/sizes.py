"""How long a questionnaire and how many invitations: reliability, margins and power before anybody is asked."""

from __future__ import annotations

from bisect import bisect_left
from math import ceil, sqrt
from typing import TYPE_CHECKING

import pandas as pd
from scipy.special import nctdtrinc, stdtrit

from icstats.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["expected_margin", "expected_reliability", "invitations", "survey_sizes"]


def expected_reliability(items: int, *, mean_correlation: float) -> float:
    """Return the reliability of a scale of so many items: k r / (1 + (k - 1) r), Spearman-Brown.

    Parameters
    ----------
    items
        Number of items, at least 1.
    mean_correlation
        Mean correlation between two items, between 0 and 1.

    Notes
    -----
    In R: ``psych::spearman_brown``, or ``CTT::spearman.brown(r, k)``.
    """
    if items < 1 or not 0 < mean_correlation < 1:
        raise ParameterError("A scale has at least one item, and a mean correlation between 0 and 1.", code="ICS-340")
    return items * mean_correlation / (1 + (items - 1) * mean_correlation)


def expected_margin(answers: float, *, sd: float, conf_level: float = 0.95, invited: int | None = None) -> float:
    """Return half the width of the interval of a mean: t sd / sqrt(n), with n - 1 degrees of freedom.

    Parameters
    ----------
    answers
        Number of answers.
    sd
        Standard deviation of the answers, in points.
    conf_level
        Coverage.
    invited
        All who could answer: with it the finite-population correction, which holds only if those who stay away do not
        differ.
    """
    if answers <= 1 or sd <= 0 or not 0 < conf_level < 1:
        raise ParameterError("A margin needs two answers and a positive standard deviation.", code="ICS-340")
    correction = 1.0 if invited is None else sqrt(max(invited - answers, 0) / (invited - 1))
    return float(stdtrit(answers - 1, (1 + conf_level) / 2)) * sd / sqrt(answers) * correction


def invitations(
    *,
    response: float,
    sd: float,
    margin: float | None = None,
    difference: float | None = None,
    power: float = 0.8,
    conf_level: float = 0.95,
) -> int:
    """Return how many invitations give a wanted margin, or the power to find a difference between two waves.

    Parameters
    ----------
    response
        Share that is expected to answer, above 0 and at most 1.
    sd
        Standard deviation of the answers, in points.
    margin
        Half the width of the interval of a mean, see :func:`expected_margin`.
    difference
        Difference between two independent waves of this size that a t test should find with this ``power``. One of
        ``margin`` and ``difference`` is given.

    Notes
    -----
    In R: ``presize::prec_mean(sd, conf.width = 2 * margin)`` and ``power.t.test(delta, sd, power)``.
    """
    wanted = margin if difference is None else difference
    if wanted is None or (margin is not None and difference is not None) or wanted <= 0:
        raise ParameterError("Give either a margin or a difference, above 0.", code="ICS-341")
    if not 0 < response <= 1 or sd <= 0 or not 0 < power < 1 or not 0 < conf_level < 1:
        raise ParameterError(
            "Response, power and confidence are shares; the standard deviation is positive.", code="ICS-341"
        )

    def reach(answers: float) -> float:
        if difference is None:
            return expected_margin(answers, sd=sd, conf_level=conf_level)
        return sd * _smallest_difference(answers, power=power, conf_level=conf_level)

    # Everybody more makes it more certain, so that the first number that is enough is found by halving.
    most = 2
    while reach(most) > wanted:
        most *= 2
    answers = bisect_left(range(most), x=True, lo=2, key=lambda number: reach(number) <= wanted)
    return ceil(answers / response)


def _smallest_difference(answers: float, *, power: float, conf_level: float) -> float:
    """Return the difference between two waves of this size, in standard deviations, that a t test finds."""
    freedom = 2 * answers - 2
    beyond = float(stdtrit(freedom, (1 + conf_level) / 2))
    return float(nctdtrinc(freedom, 1 - power, beyond)) * sqrt(2 / answers)


def survey_sizes(
    invited: Sequence[tuple[str, int]],
    *,
    response: float,
    sd: float,
    wanted_margin: float,
    wanted_difference: float,
    power: float = 0.8,
    conf_level: float = 0.95,
) -> pd.DataFrame:
    """Return per department what its invitations will give.

    Returns
    -------
    DataFrame
        ``department, invited, answers`` (expected), ``margin``, ``smallest_difference`` (between two independent waves
        of this size that is found with this power), and the invitations that are ``enough_for_margin`` and
        ``enough_for_difference``.
    """
    for_margin = invitations(response=response, sd=sd, margin=wanted_margin, conf_level=conf_level)
    for_difference = invitations(
        response=response, sd=sd, difference=wanted_difference, power=power, conf_level=conf_level
    )
    rows = [
        {
            "department": name,
            "invited": number,
            "answers": round(answers),
            "margin": expected_margin(answers, sd=sd, conf_level=conf_level),
            "smallest_difference": sd * _smallest_difference(answers, power=power, conf_level=conf_level),
            "enough_for_margin": for_margin,
            "enough_for_difference": for_difference,
        }
        for name, number, answers in ((name, number, max(number * response, 2)) for name, number in invited)
    ]
    return pd.DataFrame(rows)
