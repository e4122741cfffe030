"""What has changed since an earlier wave, and how sure is that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
import pandas as pd

from icstats.contrasts import Answers, Difference, difference_of_means
from icstats.describe import summarise
from icstats.errors import ParameterError, Problem
from icstats.results import Result, Settings
from icstats.sampling import checked_items, person_codes, require_conf_level

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from numpy.typing import ArrayLike

    from icstats.questionnaire import ResponseScale

__all__ = ["NO_WEIGHT", "ChangeVerdict", "WaveChange", "WaveChangeSettings", "wave_change"]

ChangeVerdict = Literal["up", "down", "equal", "uncertain", "break"]

NO_WEIGHT = 1 / 20
"""A change of less than this part of the scale is of no practical weight: a fifth of a point on 1 to 5."""

Row = dict[str, Any]
ESTIMATES = ["estimate", "std_error", "conf_low", "conf_high", "p_value"]
NUMBERS = [*ESTIMATES, "p_adjusted", "minimum", "maximum"]
COLUMNS = ["variable", "statistic", *ESTIMATES, "n", "n_people", "unit", "p_adjusted", "minimum", "maximum", "verdict"]


@dataclass(frozen=True, kw_only=True)
class WaveChangeSettings(Settings):
    """How a change was tested.

    Attributes
    ----------
    margin
        Part of the scale up to which a change is of no practical weight.
    adjustment
        Correction of the p values for the number of variables.
    """

    margin: float
    adjustment: str = "fdr_bh"


@dataclass(frozen=True, kw_only=True, repr=False)
class WaveChange(Result):
    """Means of two waves side by side: of every variable ``mean`` (now), ``earlier`` and ``difference``.

    Extra columns: ``p_adjusted``, ``minimum`` and ``maximum`` of the response scale, ``verdict``. ``n`` counts a row's
    own wave, of the difference the smaller one; ``people`` holds the smaller wave for all three.
    """

    waves: ClassVar[int] = 2

    settings: WaveChangeSettings


def wave_change(
    now: pd.DataFrame,
    earlier: pd.DataFrame,
    *,
    response_scales: Mapping[str, ResponseScale],
    clusters: ArrayLike | None = None,
    earlier_clusters: ArrayLike | None = None,
    breaks: Collection[str] = (),
    margin: float = NO_WEIGHT,
    conf_level: float = 0.95,
) -> WaveChange:
    """Compare the means of two waves, paired as far as the same people answered both.

    Parameters
    ----------
    now, earlier
        Ratings x variables of both waves, floats in points of the response scale, NaN for missing.
    response_scales
        Response scale of every variable.
    clusters, earlier_clusters
        Respondent of each rating, numbered alike in both waves; given for both or for neither, and then all are taken
        for different people.
    breaks
        Variables whose wording changed in between: shown side by side, never compared.
    margin
        Part of the scale up to which a change is of no practical weight.
    conf_level
        Coverage of the intervals; a change is told when its adjusted p value is at most 1 - conf_level.

    Returns
    -------
    WaveChange
        Rows in the order of ``now``. The difference is that of the two means; its error allows for people who are in
        both waves and for people who rate more than once (:func:`icstats.contrasts.difference_of_means`).
        ``p_adjusted`` allows for all variables of the call (Benjamini & Hochberg 1995). Verdicts: ``break``; ``equal``
        where the whole interval lies within the margin; ``up`` or ``down`` where ``p_adjusted`` says so; else
        ``uncertain``. A broken variable, or one that the earlier wave does not have, has no difference.

    Raises
    ------
    ParameterError
        A variable without response scale, clusters for one wave only, a margin outside 0 to 1, and what
        :func:`icstats.describe.summarise` refuses.

    Warnings
    --------
    Other people answered: where few are in both waves, a change may be one of who answered. Two waves make no trend,
    and the lowest of last time comes up by itself (regression to the mean). A question that was reworded, moved or
    asked on another scale is a ``break``, also when nobody marked it. Without keys of respondents both waves are taken
    as different people, and the interval is too wide.

    References
    ----------
    In R: ``t.test(now, earlier, paired = TRUE)`` or ``t.test(now, earlier)``; in between
    ``partiallyoverlapping::Partover.test``; ``p.adjust(p, "BH")``.
    """
    require_conf_level(conf_level)
    _require_settings(now, response_scales, margin, (clusters, earlier_clusters))
    broken = {str(name) for name in breaks}
    before = checked_items(earlier.reindex(columns=now.columns, fill_value=np.nan).astype(float))
    values = checked_items(now)
    people, people_before = _numbered_alike(clusters, earlier_clusters, len(values), len(before))
    sides = {
        str(code): (Answers.of(values[code].to_numpy(), people), Answers.of(before[code].to_numpy(), people_before))
        for code in values
    }
    compared = {
        code: Difference(estimate=np.nan) if code in broken else difference_of_means(*sides[code]) for code in sides
    }
    adjusted = _adjusted({code: one.p_value for code, one in compared.items() if np.isfinite(one.p_value)})
    described = summarise(values, response_scales=response_scales, clusters=people, conf_level=conf_level)
    described_before = summarise(before, response_scales=response_scales, clusters=people_before, conf_level=conf_level)
    means, means_before = (_means(one.data) for one in (described, described_before))
    rows: list[Row] = []
    smallest: list[Row] = []
    for code, (own, other) in sides.items():
        scale, p = response_scales[code], adjusted.get(code, np.nan)
        about = {"variable": code, "unit": "points", "minimum": scale.minimum, "maximum": scale.maximum}
        width = scale.maximum - scale.minimum
        about["verdict"] = (
            "break" if code in broken else _verdict(compared[code], p, margin=margin * width, conf_level=conf_level)
        )
        fewer = {"n": min(own.n, other.n), "n_people": min(own.n_people, other.n_people)}
        rows += [
            means[code] | about | {"statistic": "mean"},
            means_before[code] | about | {"statistic": "earlier"},
            compared[code].row(conf_level) | about | fewer | {"statistic": "difference", "p_adjusted": p},
        ]
        smallest += 3 * [fewer]
    data = pd.DataFrame(rows, columns=COLUMNS).astype(dict.fromkeys(NUMBERS, float))
    return WaveChange(
        data=data,
        people=pd.DataFrame(smallest, columns=["n", "n_people"]),
        settings=WaveChangeSettings(
            method="wave_change",
            interval="t",
            conf_level=conf_level,
            missing="available",
            n_clusters=described.settings.n_clusters,
            margin=margin,
            warnings=tuple(dict.fromkeys((*described.settings.warnings, *described_before.settings.warnings))),
        ),
    )


def _verdict(change: Difference, p_adjusted: float, *, margin: float, conf_level: float) -> ChangeVerdict:
    low, high = change.interval(conf_level)
    if low >= -margin and high <= margin:
        return "equal"
    # The last decimals of 1 - 0.95 must not decide.
    if p_adjusted <= round(1 - conf_level, 9):
        return "up" if change.estimate > 0 else "down"
    return "uncertain"


def _numbered_alike(
    clusters: ArrayLike | None, earlier_clusters: ArrayLike | None, n: int, n_before: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the person behind each rating of both waves, the same number for the same person."""
    if clusters is None or earlier_clusters is None:
        return person_codes(None, n_rows=n), n + person_codes(None, n_rows=n_before)
    person_codes(clusters, n_rows=n)
    person_codes(earlier_clusters, n_rows=n_before)
    both = person_codes(np.concatenate([np.asarray(clusters), np.asarray(earlier_clusters)]), n_rows=n + n_before)
    return both[:n], both[n:]


def _means(data: pd.DataFrame) -> dict[str, Row]:
    rows = data[data["statistic"] == "mean"].to_dict("records")
    return {str(row["variable"]): {str(name): value for name, value in row.items()} for row in rows}


def _adjusted(p_values: Mapping[str, float]) -> dict[str, float]:
    """Return the Benjamini-Hochberg adjusted p values."""
    if not p_values:
        return {}
    from scipy.stats import false_discovery_control  # noqa: PLC0415  slow to load; only comparisons need it

    return dict(zip(p_values, false_discovery_control(list(p_values.values())).tolist(), strict=True))


def _require_settings(
    now: pd.DataFrame,
    response_scales: Mapping[str, ResponseScale],
    margin: float,
    clusters: tuple[ArrayLike | None, ArrayLike | None],
) -> None:
    problems = [
        Problem(code="ICS-384", column=str(name), message="has no response scale.")
        for name in now.columns
        if name not in response_scales
    ]
    if not 0 < margin < 1:
        problems.append(Problem(code="ICS-380", message=f"margin is {margin}; it must lie between 0 and 1."))
    if (clusters[0] is None) != (clusters[1] is None):
        message = "clusters are given for one wave only; who answered both is then not known."
        problems.append(Problem(code="ICS-385", message=message, hint="give them for both waves, or for neither"))
    if problems:
        raise ParameterError(problems)
