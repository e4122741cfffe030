"""How large a difference from a norm is, and where a score stands among the norm's organisations."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import gammaln, ndtr, ndtri

from icstats.differences import Difference, NormAs, NormSettings, differences, interval
from icstats.results import Result

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike

    from icstats.norms import Norm

__all__ = ["Standing", "standing"]

FEWEST_FOR_G = 3
"""With two answers the exact correction of Hedges' g is not defined."""

QUARTILE = float(ndtri(0.75))
"""Distance of a quartile from the median, in standard deviations."""

NUMBERS = ["estimate", "std_error", "conf_low", "conf_high", "p_value"]
COLUMNS = ["variable", "statistic", *NUMBERS, "n", "n_people", "unit"]


@dataclass(frozen=True, kw_only=True, repr=False)
class Standing(Result):
    """Where scores stand beside a norm: of every variable the statistics ``hedges_g`` and ``position``.

    ``hedges_g`` is the difference in standard deviations of people (unit sd); ``position`` the share, from 0 to 1, of
    the norm's organisations with a lower mean (unit position). For researchers: the door knows neither unit, because a
    mean and g give the standard deviation away, and a position is finer than a rounded mean.
    """

    settings: NormSettings


def standing(
    scores: pd.DataFrame,
    norm: Norm,
    *,
    norm_as: NormAs = "fixed",
    own_share: float | Mapping[str, float] = 0.0,
    conf_level: float = 0.95,
    clusters: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> Standing:
    """Say how large each difference from a norm is, and where the score stands among the norm's organisations.

    Parameters
    ----------
    scores, norm, norm_as, own_share, conf_level, clusters, weights
        As in :func:`compare_with_norm`.

    Returns
    -------
    Standing
        ``hedges_g``: the difference divided by the standard deviation of people, times the exact correction
        J = gamma(f / 2) / (root(f / 2) gamma((f - 1) / 2)). With a fixed norm the standard deviation of these scores,
        f = n - 1; with a sampled norm pooled with the norm's standard deviation within organisations,
        f = n + n of the norm - 2. None with fewer than three answers or without spread. Its standard error is
        J x root((error of the difference / sd)² + d² / (2 f)), d the uncorrected difference in standard deviations.

        ``position``: the share of organisations with a lower mean, from the norm's quartiles, as a normal distribution
        with a standard deviation of its own on either side of the median. The interval is the position of the ends of
        the interval of the difference; an order does not depend on the unit, so it covers as that one does. None where
        the quartiles are missing or two of them are equal.

    Raises
    ------
    NormError, ParameterError
        As :func:`compare_with_norm`.

    Warnings
    --------
    A position is drawn through three quartiles of the norm: with a dozen organisations those are guesses, and in the
    tails it is an extrapolation. Hedges' g of a mean of a department in spreads of *people* looks small beside what
    differences between organisations are. Not comparable where the norm is not.

    References
    ----------
    Hedges, L. V. (1981). Distribution theory for Glass's estimator of effect size. Journal of Educational Statistics
    6, 107-128. In R: ``effectsize::hedges_g(x, mu = norm)``.
    """
    found, settings = differences(
        scores,
        norm,
        norm_as=norm_as,
        own_share=own_share,
        conf_level=conf_level,
        clusters=clusters,
        weights=weights,
    )
    rows = [
        {"variable": variable, "n": one.answers.n, "n_people": one.answers.n_people, **row}
        for variable, one in found.items()
        for row in (_hedges_g(one), _position(one))
    ]
    data = pd.DataFrame(rows, columns=COLUMNS).astype(dict.fromkeys(NUMBERS, float))
    return Standing(data=data, people=data[["n", "n_people"]].copy(), settings=replace(settings, method="standing"))


def _hedges_g(difference: Difference) -> dict[str, object]:
    answers, norm = difference.answers, difference.norm
    about: dict[str, object] = {"statistic": "hedges_g", "unit": "sd"}
    if answers.n < FEWEST_FOR_G or not answers.varies:
        return about
    freedom, sd = answers.n - 1.0, answers.sd
    if norm.sampled and np.isfinite(norm.sd_within):
        of_norm = norm.n_respondents - 1
        sd = float(np.sqrt((freedom * sd**2 + of_norm * norm.sd_within**2) / (freedom + of_norm)))
        freedom += of_norm
    correction = float(np.exp(gammaln(freedom / 2) - gammaln((freedom - 1) / 2)) / np.sqrt(freedom / 2))
    d = difference.estimate / sd
    error = correction * float(np.sqrt((difference.error / sd) ** 2 + d**2 / (2 * freedom)))
    return about | interval(correction * d, error, difference.reach / difference.error * error)


def _position(difference: Difference) -> dict[str, object]:
    low, middle, high = difference.norm.quartiles
    about: dict[str, object] = {"statistic": "position", "unit": "position"}
    if not low < middle < high:
        return about

    def share_below(distance: float) -> float:
        above = difference.norm.mean + distance - middle
        return float(ndtr(QUARTILE * above / (high - middle if above > 0 else middle - low)))

    lower, upper = difference.ends
    return about | {
        "estimate": share_below(difference.estimate),
        "conf_low": share_below(lower),
        "conf_high": share_below(upper),
    }
