"""What customers expected, and how a department's own people see it: gaps between two views of one service."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from icstats.contrasts import Answers, Difference, difference_of_means
from icstats.describe import summarise
from icstats.errors import ParameterError, Problem
from icstats.questionnaire import ResponseScale
from icstats.results import Result, Settings
from icstats.sampling import checked_items, person_codes, require_conf_level

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import ArrayLike

    from icstats.sampling import IntArray

__all__ = [
    "APART",
    "CEILING",
    "FEWEST_TOLD",
    "SAME_VIEW",
    "ExpectationGap",
    "MirrorGap",
    "MirrorVerdict",
    "expectation_gap",
    "mirror_gap",
]

Row = dict[str, Any]
MirrorVerdict = Literal["shared_view", "shared_concern", "blind_spot", "hidden_strength", "uncertain"]

CEILING = 0.15
"""From this share of answers at the top of the scale a question has a ceiling (Terwee et al. 2007)."""

SAME_VIEW = 1 / 8
"""Two views that differ by less than this part of the scale are the same: half a point on 1 to 5."""

APART = 0.01
"""Views are told apart at this level: at 5 % more shared views of 15 staff would be called a blind spot or a hidden
strength than is right, for they are seldom recognised as shared."""

FEWEST_TOLD = 15
"""With fewer people on a side shared views are hardly recognised: of those that got a word, many got a wrong one."""

YES_NO = ResponseScale(minimum=0, maximum=1, satisfied=1, dissatisfied=0)

ESTIMATES = ["estimate", "std_error", "conf_low", "conf_high", "p_value"]
NUMBERS = [*ESTIMATES, "minimum", "maximum"]
COLUMNS = ["variable", "statistic", *ESTIMATES, "n", "n_people", "unit", "minimum", "maximum", "also", "verdict"]


@dataclass(frozen=True, kw_only=True, repr=False)
class ExpectationGap(Result):
    """What customers got beside what they expected.

    Rows: ``mean`` of the perceived mark and of every stated expectation; of the stated minimum also ``adequacy_gap``
    (perceived minus minimum) and ``below_minimum`` (share of customers whose mark is under their own minimum); of the
    desired level ``superiority_gap`` (perceived minus desired); of "compared with what I expected" also ``satisfied``
    and ``dissatisfied`` (better, worse than expected). Extra columns: ``minimum`` and ``maximum`` of the response
    scale, ``also`` (the other question that a row rests on), ``verdict`` of a gap.
    """


@dataclass(frozen=True, kw_only=True, repr=False)
class MirrorGap(Result):
    """Customers' answers beside what the department's own people thought that they would answer.

    Rows of every item: ``mean`` (customers), ``forecast`` (staff) and ``difference`` (forecast minus mean), with one
    ``verdict``. ``n`` counts a row's own side, of the difference the smaller one; ``people`` holds the smaller side for
    all three, so that the thresholds hold for customers and staff alike.
    """


def expectation_gap(
    ratings: pd.DataFrame,
    *,
    perceived: str,
    minimum: str | None = None,
    desired: str | None = None,
    compared: str | None = None,
    response_scales: Mapping[str, ResponseScale],
    clusters: ArrayLike | None = None,
    conf_level: float = 0.95,
) -> ExpectationGap:
    """Say whether customers got what they at least asked for, what they wished, and what they expected.

    Parameters
    ----------
    ratings
        Ratings x questions, floats as answered, NaN for missing.
    perceived
        The mark that customers give.
    minimum, desired
        The mark that would be just acceptable, and the one they wish for, on the scale of ``perceived``.
    compared
        "Compared with what I expected", from much worse to much better.
    response_scales
        Response scale of each of these questions.
    clusters
        Respondent of each rating; errors then allow for people who rate more than once.
    conf_level
        Coverage of the intervals.

    Returns
    -------
    ExpectationGap
        Means and gaps from all ratings that have the answer, so that a gap is the difference of the shown means (see
        :func:`icstats.contrasts.difference_of_means`); the share below the minimum from ratings with both answers,
        with Wilson's interval on the effective number of answers. Verdicts: ``above`` or ``below`` where the interval
        of a gap excludes 0, of ``compared`` ``better``, ``worse`` or, where the whole interval lies within
        :data:`SAME_VIEW` of the middle, ``as_expected``; else ``uncertain``. ``settings.warnings`` has
        ``ceiling:<question>`` where at least 15 % of the expectations stand at the top of the scale: gaps then say
        little, because nobody could have got more.

    Raises
    ------
    ParameterError
        A question that ``ratings`` does not have, expectations on another scale than the mark, a column that is not
        numeric, clusters of another length, or a coverage outside 0 to 1.

    Warnings
    --------
    Expectations that are asked together with the judgement, after the service, are coloured by it. Where expectations
    stand at the top of the scale (``ceiling:``) nobody could have got more, and no gap can be above 0. A gap is the
    difference of two uncertain answers by the same person, so less reliable than each.

    References
    ----------
    Zeithaml, V. A., Berry, L. L. & Parasuraman, A. (1993). The nature and determinants of customer expectations of
    service. Journal of the Academy of Marketing Science 21, 1-12 (adequacy, superiority, zone of tolerance). In R:
    ``t.test(mark, minimum, paired = TRUE)``; ``Hmisc::binconf(sum(mark < minimum), n, method = "wilson")``.
    """
    require_conf_level(conf_level)
    asked = [code for code in (perceived, minimum, desired, compared) if code is not None]
    _require_questions(ratings, asked, perceived, (minimum, desired), response_scales)
    values = checked_items(ratings[asked])
    people = person_codes(clusters, n_rows=len(values))
    described = summarise(values, response_scales=response_scales, clusters=people, conf_level=conf_level)
    rows = [*_described(described.data, perceived=perceived, compared=compared, scales=response_scales)]
    answers = {code: Answers.of(values[code].to_numpy(), people) for code in asked}
    for code, statistic in ((minimum, "adequacy_gap"), (desired, "superiority_gap")):
        if code is not None:
            about = {"variable": code, "statistic": statistic, "also": perceived} | _ends(response_scales[code])
            rows.append(about | _gap(answers[perceived], answers[code], conf_level))
    if minimum is not None:
        rows.append(_share_below(values, people, perceived, minimum, conf_level))
    data = _frame(rows)
    ceilings = (
        f"ceiling:{code}"
        for code in (minimum, desired)
        if code is not None and (values[code].dropna() == response_scales[code].maximum).mean() >= CEILING
    )
    return ExpectationGap(
        data=data,
        people=data[["n", "n_people"]].copy(),
        settings=_settings("expectation_gap", described.settings, (*described.settings.warnings, *ceilings)),
    )


def mirror_gap(
    customers: pd.DataFrame,
    staff: pd.DataFrame,
    *,
    mirrors: Mapping[str, str],
    response_scales: Mapping[str, ResponseScale],
    clusters: ArrayLike | None = None,
    margin: float = SAME_VIEW,
    conf_level: float = 0.95,
) -> MirrorGap:
    """Compare what staff thought that their customers would answer with what they answered.

    Parameters
    ----------
    customers
        Ratings x items, floats in points of the response scale, NaN for missing.
    staff
        One row per member of staff, one float column per mirror item.
    mirrors
        Item -> the mirror item that is about it.
    response_scales
        Response scale of every item; its mirror has the same.
    clusters
        Respondent of each rating by a customer. Staff answer once, and are other people.
    margin
        Part of the scale up to which two views are the same.
    conf_level
        Coverage of the intervals.

    Returns
    -------
    MirrorGap
        The verdict of an item follows from the difference d = forecast - answers and from the interval of the
        answers, the first that fits:

        ===================  ==========================================================================
        ``uncertain``        fewer than :data:`FEWEST_TOLD` people on a side
        ``shared_concern``   d surely lies within the margin, the answers below the middle of the scale
        ``shared_view``      d surely lies within the margin
        ``blind_spot``       d lies above the margin, surely above 0: we think better of it than our customers do
        ``hidden_strength``  d lies below the margin, surely below 0: our customers think better of it than we do
        ``uncertain``        anything else
        ===================  ==========================================================================

        Within the margin is tested as equivalence is: by two one-sided tests, so by the 90 % interval where
        ``conf_level`` is 0.95; apart from 0 by a p value of at most :data:`APART`. The middle of the scale lies halfway
        between the answers that count as satisfied and as dissatisfied. How often the four are told rightly was
        simulated: ``benchmarks/dialogue.md``.

    Raises
    ------
    ParameterError
        An item or mirror item without a column, a margin outside 0 to 1, and what :func:`expectation_gap` refuses.

    Warnings
    --------
    Two small groups: with 15 staff a view that is truly shared is recognised in one of five cases, nearly all others
    are ``uncertain`` (``benchmarks/dialogue.md``). Staff and customers may read a question differently. Where few staff
    answered, a forecast is the opinion of a few known people.

    References
    ----------
    Welch, B. L. (1947). Biometrika 34, 28-35; Lakens, D. (2017). Social Psychological and Personality Science 8,
    355-362 (equivalence). In R: ``t.test(staff, customers)``.
    """
    require_conf_level(conf_level)
    if not 0 < margin < 1:
        raise ParameterError(f"margin is {margin}; it must lie between 0 and 1.", code="ICS-380")
    _require_columns(customers, list(mirrors), "customers")
    _require_columns(staff, list(mirrors.values()), "staff")
    answers, forecasts = checked_items(customers[list(mirrors)]), checked_items(staff[list(mirrors.values())])
    people = person_codes(clusters, n_rows=len(answers))
    of_staff = people.max(initial=-1) + 1 + np.arange(len(forecasts), dtype=np.int64)
    described = summarise(answers, response_scales=response_scales, clusters=people, conf_level=conf_level)
    expected = summarise(forecasts, response_scales={}, conf_level=conf_level)
    means = {row["variable"]: row for row in _records(described.data) if row["statistic"] == "mean"}
    forecast_means = {row["variable"]: row for row in _records(expected.data)}
    rows: list[Row] = []
    smallest: list[Row] = []
    for item, mirror in mirrors.items():
        own, theirs = Answers.of(answers[item].to_numpy(), people), Answers.of(forecasts[mirror].to_numpy(), of_staff)
        difference, scale = difference_of_means(theirs, own), response_scales[item]
        fewer = min((own, theirs), key=lambda side: (side.n_people, side.n))
        about = {"variable": item, "unit": "points", "also": mirror} | _ends(scale)
        about["verdict"] = (
            "uncertain"
            if fewer.n_people < FEWEST_TOLD
            else _mirror_verdict(difference, means[str(item)], scale, margin, conf_level)
        )
        rows += [
            means[item] | about | {"statistic": "mean"},
            forecast_means[mirror] | about | {"statistic": "forecast"},
            difference.row(conf_level) | about | {"statistic": "difference", "n": fewer.n, "n_people": fewer.n_people},
        ]
        smallest += 3 * [{"n": min(own.n, theirs.n), "n_people": fewer.n_people}]
    warnings = tuple(dict.fromkeys((*described.settings.warnings, *expected.settings.warnings)))
    return MirrorGap(
        data=_frame(rows),
        people=pd.DataFrame(smallest, columns=["n", "n_people"]),
        settings=_settings("mirror_gap", described.settings, warnings),
    )


def _mirror_verdict(
    difference: Difference, answers: Row, scale: ResponseScale, margin: float, conf_level: float
) -> MirrorVerdict:
    # Two one-sided tests at 5 % are read off the 90 % interval.
    lowest, highest = difference.interval(max(2 * conf_level - 1, 0.0))
    same = margin * (scale.maximum - scale.minimum)
    if lowest >= -same and highest <= same:
        middle = (scale.satisfied + scale.dissatisfied) / 2
        return "shared_concern" if answers["conf_high"] < middle else "shared_view"
    if difference.p_value <= APART and abs(difference.estimate) > same:
        return "blind_spot" if difference.estimate > 0 else "hidden_strength"
    return "uncertain"


def _described(
    data: pd.DataFrame, *, perceived: str, compared: str | None, scales: Mapping[str, ResponseScale]
) -> Iterator[Row]:
    """Return the means, and of the comparison with what was expected the shares as well."""
    for row in _records(data):
        code = str(row["variable"])
        if row["statistic"] == "mean":
            verdict = _compared_verdict(row, scales[code]) if code == compared else ""
            yield {**row, "also": perceived, "verdict": verdict}
        elif code == compared:
            yield {**row, "also": code, "verdict": ""}


def _compared_verdict(row: Row, scale: ResponseScale) -> str:
    middle, same = (scale.minimum + scale.maximum) / 2, SAME_VIEW * (scale.maximum - scale.minimum)
    low, high = row["conf_low"] - middle, row["conf_high"] - middle
    if low > 0 or high < 0:
        return "better" if low > 0 else "worse"
    return "as_expected" if low >= -same and high <= same else "uncertain"


def _gap(mark: Answers, expected: Answers, conf_level: float) -> Row:
    difference = difference_of_means(mark, expected)
    low, high = difference.interval(conf_level)
    return {
        **difference.row(conf_level),
        "n": min(mark.n, expected.n),
        "n_people": min(mark.n_people, expected.n_people),
        "unit": "points",
        "verdict": "above" if low > 0 else "below" if high < 0 else "uncertain",
    }


def _share_below(values: pd.DataFrame, people: IntArray, perceived: str, minimum: str, conf_level: float) -> Row:
    both = values[[perceived, minimum]].notna().all(axis=1)
    below = (values[perceived] < values[minimum]).where(both).astype(float).to_frame(minimum)
    shares = summarise(below, response_scales={minimum: YES_NO}, clusters=people, conf_level=conf_level)
    found = [row for row in _records(shares.data) if row["statistic"] == "satisfied"] or [{"n": 0, "n_people": 0}]
    about = {"variable": minimum, "statistic": "below_minimum", "unit": "share", "also": perceived, "verdict": ""}
    return found[0] | about


def _records(data: pd.DataFrame) -> list[Row]:
    return [{str(name): value for name, value in row.items()} for row in data.to_dict("records")]


def _ends(scale: ResponseScale) -> Row:
    return {"minimum": float(scale.minimum), "maximum": float(scale.maximum)}


def _frame(rows: list[Row]) -> pd.DataFrame:
    data = pd.DataFrame(rows, columns=COLUMNS).fillna({"n": 0, "n_people": 0})
    return data.astype(dict.fromkeys(NUMBERS, float) | {"n": int, "n_people": int})


def _settings(method: str, described: Settings, warnings: tuple[str, ...]) -> Settings:
    return replace(described, method=method, warnings=warnings)


def _require_questions(
    ratings: pd.DataFrame,
    asked: list[str],
    perceived: str,
    levels: tuple[str | None, ...],
    scales: Mapping[str, ResponseScale],
) -> None:
    _require_columns(ratings, asked, "ratings")
    own = scales[perceived]
    problems = [
        Problem(
            code="ICS-382",
            column=code,
            message=f"runs from {scales[code].minimum} to {scales[code].maximum}, {perceived} from {own.minimum} to "
            f"{own.maximum}; a gap needs one scale.",
        )
        for code in levels
        if code is not None and (scales[code].minimum, scales[code].maximum) != (own.minimum, own.maximum)
    ]
    if problems:
        raise ParameterError(problems)


def _require_columns(frame: pd.DataFrame, codes: list[str], name: str) -> None:
    missing = [code for code in codes if code not in frame.columns]
    if missing:
        raise ParameterError([Problem(code="ICS-381", column=code, message=f"is not in {name}.") for code in missing])
