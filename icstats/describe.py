"""How high are the scores, and how sure is that: means and satisfied shares with intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import ndtri, stdtrit

from icstats.results import Result, Settings
from icstats.sampling import (
    FEW_CLUSTERS,
    FEWEST,
    FloatArray,
    IntArray,
    checked_items,
    error_of_mean,
    person_codes,
    require_conf_level,
)

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
        A column that is not numeric, clusters of another length, a coverage outside 0 to 1.

    Notes
    -----
    Mean: m +- t sqrt(c / (c - 1) sum over c people of (the sum of their deviations)^2) / n, which is s / sqrt(n) when
    everybody answers once. In R: ``t.test(x)``; ``lmtest::coefci(lm(x ~ 1), vcov = sandwich::vcovCL, cluster = ~id,
    type = "HC0", cadjust = TRUE)`` with df = c - 1; ``Hmisc::binconf(k, n, method = "wilson")``.
    """
    require_conf_level(conf_level)
    values = checked_items(scores)
    persons = person_codes(clusters, n_rows=len(values))
    people_in_all = len(np.unique(persons))
    records: list[dict[str, object]] = []
    warnings: list[str] = []
    few_clusters = False
    for variable in values.columns:
        given = values[variable].notna().to_numpy()
        answers, people = values.loc[given, variable].to_numpy(), np.unique(persons[given], return_inverse=True)[1]
        scale = response_scales.get(variable)
        about = {
            "variable": variable,
            "n": len(answers),
            "n_people": int(people.max(initial=-1)) + 1,
            "minimum": np.nan if scale is None else float(scale.minimum),
            "maximum": np.nan if scale is None else float(scale.maximum),
        }
        warnings += _warnings(variable, answers, people)
        few_clusters |= int(people.max(initial=-1)) + 1 < min(len(answers), FEW_CLUSTERS)
        records.append(about | {"statistic": "mean", "unit": "points"} | _mean(answers, people, conf_level))
        is_answer = variable not in composites and bool(len(answers)) and bool((answers == np.round(answers)).all())
        if scale is not None and is_answer:
            for statistic, hits in (
                ("satisfied", answers >= scale.satisfied),
                ("dissatisfied", answers <= scale.dissatisfied),
            ):
                records.append(about | {"statistic": statistic, "unit": "share"} | _share(hits, people, conf_level))
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


def _warnings(variable: str, answers: FloatArray, people: IntArray) -> list[str]:
    if not len(answers):
        return [f"no_answers:{variable}"]
    if people.max() + 1 < FEWEST:
        return [f"too_few_answers:{variable}"]
    return [] if error_of_mean(answers, people) else [f"no_variance:{variable}"]


def _mean(answers: FloatArray, people: IntArray, conf_level: float) -> dict[str, float]:
    """Return the mean with its t interval."""
    if not len(answers):
        return {}
    mean, units = float(answers.mean()), int(people.max()) + 1
    error = error_of_mean(answers, people) if units >= FEWEST else 0.0
    if not error:
        return {"estimate": mean}
    reach = float(stdtrit(units - 1, (1 + conf_level) / 2)) * error
    return {"estimate": mean, "std_error": error, "conf_low": mean - reach, "conf_high": mean + reach}


def _share(hits: npt.NDArray[np.bool_], people: IntArray, conf_level: float) -> dict[str, float]:
    """Return a share with Wilson's interval."""
    from statsmodels.stats.proportion import proportion_confint  # noqa: PLC0415  only a report with shares pays for it

    share, units = float(hits.mean()), int(people.max()) + 1
    if units < FEWEST:
        return {"estimate": share}
    error = error_of_mean(hits.astype(np.float64), people)
    effective = _effective_number(share, error, n=len(hits), units=units, conf_level=conf_level)
    low, high = proportion_confint(share * effective, effective, alpha=1 - conf_level, method="wilson")
    return {"estimate": share, "std_error": error, "conf_low": float(low), "conf_high": float(high)}


def _effective_number(share: float, error: float, *, n: int, units: int, conf_level: float) -> float:
    """Return how many independent answers are worth as much as these; never more than there are."""
    if units == n:
        return n
    if error == 0:
        # Nothing varies, so nothing shows how alike a person's answers are: the safe side is "all the same".
        return units
    tail = (1 + conf_level) / 2
    worth = share * (1 - share) / error**2 + 1
    return min(float(n), worth * float(ndtri(tail) / stdtrit(units - 1, tail)) ** 2)
