"""How high are the scores, and how sure is that: means and satisfied shares with intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import ndtri, stdtrit

from icstats.means import Answers
from icstats.results import Result, Settings
from icstats.sampling import FEW_CLUSTERS, FEWEST, checked_items, person_codes, require_conf_level, row_weights

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import numpy.typing as npt

    from icstats.questionnaire import ResponseScale

__all__ = ["Summary", "summarise"]


@dataclass(frozen=True, kw_only=True, repr=False)
class Summary(Result):
    """Means and shares, one row per variable and statistic.

    Statistics are ``mean`` (unit points), ``satisfied`` and ``dissatisfied`` (share). Extra columns of ``data``:
    ``minimum`` and ``maximum`` of the response scale, NaN for a variable without one.
    """


def summarise(
    scores: pd.DataFrame,
    *,
    response_scales: Mapping[str, ResponseScale],
    composites: Collection[str] = (),
    clusters: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
    conf_level: float = 0.95,
) -> Summary:
    """Estimate the mean of every variable and, for answers on a response scale, the satisfied and dissatisfied shares.

    Parameters
    ----------
    scores
        Ratings x variables (items, scales, blocks), floats in points of the response scale, NaN for missing; reverse
        items already turned round.
    response_scales
        Response scale of the variables that have one.
    composites
        Variables that are means of several items. They get no shares: of a mean nobody is "satisfied". Neither does
        any variable whose values are not all whole numbers.
    clusters
        Respondent of each rating. Where a person stands behind several values the intervals allow for that: the mean
        by the cluster-robust standard error and t on people - 1 degrees of freedom, the shares by the effective number
        of answers (Korn & Graubard 1998) in Wilson's interval.
    weights
        One positive weight per rating, for instance from :func:`icstats.weights.rake`. Errors are linearised, as of
        answers that were drawn with unequal chances; n stays the number of answers.
    conf_level
        Coverage of the intervals.

    Returns
    -------
    Summary
        Each row from all ratings that have the variable. No interval with fewer than three answers or people; codes in
        ``settings.warnings``: ``no_answers:<variable>``, ``too_few_answers:<variable>``, ``no_variance:<variable>``
        (the same from person to person: the mean gets no interval, for one of zero width would claim to be sure), and
        ``few_clusters`` (a variable with fewer than 40 people who repeat).

    Raises
    ------
    ParameterError
        A column that is not numeric, clusters or weights that do not fit, a coverage outside 0 to 1.

    Notes
    -----
    Mean: m +- t sqrt(c / (c - 1) sum over c people of (the sum of their deviations)^2) / n, which is s / sqrt(n) when
    everybody answers once. In R: ``t.test(x)``; ``lmtest::coefci(lm(x ~ 1), vcov = sandwich::vcovCL, cluster = ~id,
    type = "HC0", cadjust = TRUE)`` with df = c - 1; ``Hmisc::binconf(k, n, method = "wilson")``.
    """
    require_conf_level(conf_level)
    values = checked_items(scores)
    persons = person_codes(clusters, n_rows=len(values))
    weight = row_weights(weights, n_rows=len(values))
    people_in_all = len(np.unique(persons))
    records: list[dict[str, object]] = []
    warnings: list[str] = []
    few_clusters = False
    for variable in values.columns:
        answers = Answers.of(values[variable].to_numpy(), persons, weight)
        scale = response_scales.get(variable)
        about = {
            "variable": variable,
            "n": answers.n,
            "n_people": answers.n_people,
            "minimum": np.nan if scale is None else float(scale.minimum),
            "maximum": np.nan if scale is None else float(scale.maximum),
        }
        warnings += _warnings(variable, answers)
        records.append(about | {"statistic": "mean", "unit": "points"} | _mean(answers, conf_level))
        few_clusters |= answers.repeated and answers.n_people < FEW_CLUSTERS
        is_answer = variable not in composites and bool((answers.values == np.round(answers.values)).all())
        if scale is not None and answers.n and is_answer:
            for statistic, hits in (
                ("satisfied", answers.values >= scale.satisfied),
                ("dissatisfied", answers.values <= scale.dissatisfied),
            ):
                share = _share(answers.hits(hits), conf_level)
                records.append(about | {"statistic": statistic, "unit": "share"} | share)
    _add_intervals_of_shares(records, conf_level)
    if few_clusters:
        warnings.append("few_clusters")
    repeated = people_in_all < len(values)
    data = pd.DataFrame(records, columns=COLUMNS).astype(dict.fromkeys(NUMBERS, float))
    return Summary(
        data=data,
        people=data[["n", "n_people"]].copy(),
        settings=Settings(
            method="mean",
            interval="t",
            conf_level=conf_level,
            missing="available",
            n_clusters=people_in_all if repeated else 0,
            warnings=tuple(warnings),
        ),
    )


NUMBERS = ["estimate", "std_error", "conf_low", "conf_high", "p_value"]
COLUMNS = ["variable", "statistic", *NUMBERS, "n", "n_people", "unit", "minimum", "maximum"]


def _warnings(variable: str, answers: Answers) -> list[str]:
    if not answers.n:
        return [f"no_answers:{variable}"]
    if answers.n_people < FEWEST:
        return [f"too_few_answers:{variable}"]
    return [] if answers.varies else [f"no_variance:{variable}"]


def _mean(answers: Answers, conf_level: float) -> dict[str, float]:
    """Return the mean with its t interval."""
    if not answers.n:
        return {}
    mean = answers.mean
    if answers.n_people < FEWEST or not answers.varies:
        return {"estimate": mean}
    error = answers.error_of_mean
    reach = float(stdtrit(answers.n_people - 1, (1 + conf_level) / 2)) * error
    return {"estimate": mean, "std_error": error, "conf_low": mean - reach, "conf_high": mean + reach}


def _share(hits: Answers, conf_level: float) -> dict[str, float]:
    """Return a share, and on how many independent answers its interval rests."""
    if hits.n_people < FEWEST:
        return {"estimate": hits.mean}
    effective = _effective_number(hits, conf_level)
    return {"estimate": hits.mean, "std_error": hits.error_of_mean, "effective": effective}


def _add_intervals_of_shares(records: list[dict[str, object]], conf_level: float) -> None:
    """Add Wilson's interval to all shares that have one: at once, because asking for one takes as long as for all."""
    from statsmodels.stats.proportion import proportion_confint  # noqa: PLC0415  only a report with shares pays for it

    shares = [record for record in records if "effective" in record]
    found, effective = (
        np.array([record[name] for record in shares], dtype=float) for name in ("estimate", "effective")
    )
    low, high = proportion_confint(found * effective, effective, alpha=1 - conf_level, method="wilson")
    for record, ends in zip(shares, zip(low.tolist(), high.tolist(), strict=True), strict=True):
        record |= dict(zip(("conf_low", "conf_high"), ends, strict=True))


def _effective_number(hits: Answers, conf_level: float) -> float:
    """Return how many independent answers are worth as much as these; never more than there are."""
    if not hits.repeated and not hits.weighted:
        return hits.n
    share, error, units = hits.mean, hits.error_of_mean, hits.n_people
    if error == 0 or not hits.varies:
        # Nothing varies, so nothing shows how alike a person's answers are: the safe side is "all the same".
        return min(float(units), hits.effective_n)
    tail = (1 + conf_level) / 2
    worth = share * (1 - share) / error**2 + 1
    return min(float(hits.n), worth * float(ndtri(tail) / stdtrit(units - 1, tail)) ** 2)
