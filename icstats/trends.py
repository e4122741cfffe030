"""What has changed since an earlier wave, and how sure is that."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
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

__all__ = ["NO_WEIGHT", "ChangeVerdict", "NormVerdict", "WaveChange", "WaveChangeSettings", "wave_change"]

ChangeVerdict = Literal["up", "down", "equal", "uncertain", "break"]
NormVerdict = Literal["ahead", "behind", "along", "uncertain"]

NO_WEIGHT = 1 / 20
"""A change of less than this part of the scale is of no practical weight: a fifth of a point on 1 to 5."""

Word = Literal["higher", "lower", "small", "uncertain"]
CHANGED: dict[Word, ChangeVerdict] = {"higher": "up", "lower": "down", "small": "equal", "uncertain": "uncertain"}
BEYOND_NORM: dict[Word, NormVerdict] = {
    "higher": "ahead",
    "lower": "behind",
    "small": "along",
    "uncertain": "uncertain",
}

Row = dict[str, Any]
ESTIMATES = ["estimate", "std_error", "conf_low", "conf_high", "p_value"]
NUMBERS = [*ESTIMATES, "p_adjusted", "margin", "minimum", "maximum"]
COLUMNS = ["variable", "statistic", *ESTIMATES, "n", "n_people", "unit", *NUMBERS[len(ESTIMATES) :], "verdict"]


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

    Beside a change of the norm also ``norm_change`` and ``beyond_norm`` (difference minus norm_change).

    Extra columns: ``p_adjusted``, ``margin`` in points, ``minimum`` and ``maximum`` of the response scale, ``verdict``.
    ``n`` counts a row's own wave, of the difference the smaller one; ``people`` holds the smaller wave for all rows of
    a variable.
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
    norm_change: Mapping[str, float] | None = None,
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
    norm_change
        Variable -> by how many points the norm changed between the two waves; taken as known. A change that all
        organisations share is none of this department.
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
        ``uncertain``. A broken variable, or one that the earlier wave does not have, has no difference. What is beyond
        the norm has the same error and verdicts by the same rule, ``along``, ``ahead`` and ``behind``, adjusted among
        themselves.

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

    Notes
    -----
    The p values of one department are adjusted, not those of all departments together, as they are beside a norm
    (:func:`icstats.benchmark.adjust_family`). There, who reads the overview picks out the departments that differ; a
    change stands in the department's own report only, and the question is what changed here. Of the changes that a
    report tells, at most one in twenty is a false one on average, and no word in it depends on what changed elsewhere
    (Efron 2008). Who lays the reports of 40 departments where nothing changed side by side finds about two that tell
    of some change.

    References
    ----------
    Efron, B. (2008). Simultaneous inference: when should hypothesis testing problems be combined? Annals of Applied
    Statistics 2, 197-223.

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
    beyond = {
        code: replace(compared[code], estimate=compared[code].estimate - shift)
        for code, shift in (norm_change or {}).items()
        if code in compared and np.isfinite(compared[code].estimate)
    }
    adjusted, adjusted_beyond = _adjusted(compared), _adjusted(beyond)
    described = summarise(values, response_scales=response_scales, clusters=people, conf_level=conf_level)
    described_before = summarise(before, response_scales=response_scales, clusters=people_before, conf_level=conf_level)
    means, means_before = (_means(one.data) for one in (described, described_before))
    rows: list[Row] = []
    smallest: list[Row] = []
    for code, (own, other) in sides.items():
        scale = response_scales[code]
        small = margin * (scale.maximum - scale.minimum)
        word = partial(_word, margin=small, conf_level=conf_level)
        about = {"variable": code, "unit": "points", "minimum": scale.minimum, "maximum": scale.maximum}
        about["margin"] = small
        about["verdict"] = "break" if code in broken else CHANGED[word(compared[code], adjusted.get(code, np.nan))]
        fewer = {"n": min(own.n, other.n), "n_people": min(own.n_people, other.n_people)}
        changed = {"statistic": "difference", "p_adjusted": adjusted.get(code, np.nan)}
        found = [
            means[code] | about | {"statistic": "mean"},
            means_before[code] | about | {"statistic": "earlier"},
            compared[code].row(conf_level) | about | fewer | changed,
        ]
        if norm_change is not None and code in beyond:
            p = adjusted_beyond.get(code, np.nan)
            told = about | fewer | {"verdict": BEYOND_NORM[word(beyond[code], p)]}
            found += [
                told | {"statistic": "norm_change", "estimate": norm_change[code]},
                beyond[code].row(conf_level) | told | {"statistic": "beyond_norm", "p_adjusted": p},
            ]
        rows += found
        smallest += len(found) * [fewer]
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


def _word(change: Difference, p_adjusted: float, *, margin: float, conf_level: float) -> Word:
    low, high = change.interval(conf_level)
    if low >= -margin and high <= margin:
        return "small"
    # The last decimals of 1 - 0.95 must not decide.
    if p_adjusted <= round(1 - conf_level, 9):
        return "higher" if change.estimate > 0 else "lower"
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


def _adjusted(changes: Mapping[str, Difference]) -> dict[str, float]:
    """Return the Benjamini-Hochberg adjusted p values of the changes that have one."""
    p_values = {code: change.p_value for code, change in changes.items() if np.isfinite(change.p_value)}
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
