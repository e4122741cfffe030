"""How the scores compare with a norm: the difference, how sure it is, and whether it matters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from scipy.special import stdtr, stdtrit

from icstats.errors import NormError, ParameterError, Problem
from icstats.results import Result, Settings
from icstats.sampling import FEW_CLUSTERS, checked_items, error_of_mean, person_codes, require_conf_level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike, NDArray

    from icstats.norms import Norm

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]

__all__ = ["Comparison", "ComparisonSettings", "Verdict", "compare_with_norm"]

Verdict = Literal["clearly_above", "slightly_above", "equal", "slightly_below", "clearly_below", "uncertain"]

NUMBERS = ["estimate", "std_error", "conf_low", "conf_high", "p_value", "p_adjusted", "margin", "minimum", "maximum"]
COLUMNS = ["variable", "statistic", *NUMBERS[:5], "n", "n_people", "unit", *NUMBERS[5:], "verdict"]

FEWEST_PEOPLE = 2
"""One person has no spread."""


@dataclass(frozen=True, kw_only=True)
class ComparisonSettings(Settings):
    """How a comparison was made.

    Attributes
    ----------
    norm
        Name of the norm.
    margin
        Differences up to this many standard deviations within organisations are of no practical weight.
    adjustment
        Correction of the p values for the number of variables.
    """

    norm: str
    margin: float
    adjustment: str = "fdr_bh"


@dataclass(frozen=True, kw_only=True, repr=False)
class Comparison(Result):
    """Scores beside a norm: of every variable the statistics ``mean``, ``norm`` and ``difference``.

    Extra columns of ``data``: ``p_adjusted``, ``margin`` (points), ``verdict``, and ``minimum`` and ``maximum`` of the
    response scale.
    """

    settings: ComparisonSettings


def compare_with_norm(
    scores: pd.DataFrame,
    norm: Norm,
    *,
    margin: float = 0.2,
    conf_level: float = 0.95,
    clusters: ArrayLike | None = None,
) -> Comparison:
    """Compare the mean of each variable with a norm, and say whether the difference matters.

    Parameters
    ----------
    scores
        Ratings x variables, floats in points of the response scale, NaN for missing. Every variable is in the norm.
    norm
        What to compare with; taken as fixed, without sampling error of its own.
    margin
        Differences up to this many of the norm's standard deviations within organisations are of no practical weight.
    conf_level
        Coverage of the t intervals.
    clusters
        Respondent of each rating. Where people repeat, errors are cluster-robust and the degrees of freedom are
        people - 1.

    Returns
    -------
    Comparison
        ``p_value`` tests a difference of 0; ``p_adjusted`` allows for all variables in the call (Benjamini & Hochberg
        1995). The verdict follows from the interval of the difference d and the margin m alone:

        ==================  =============================================================
        ``clearly_above``   the interval lies above m
        ``slightly_above``  it lies above 0 and reaches into the margin
        ``equal``           it lies within -m and m: no difference of practical weight
        ``slightly_below``  it lies below 0 and reaches into the margin
        ``clearly_below``   it lies below -m
        ``uncertain``       anything else, a variable without interval or margin
        ==================  =============================================================

        An interval within the margin is ``equal``, also when it excludes 0. No interval with fewer than two people or
        where the values are the same from person to person; ``settings.warnings`` has ``no_answers:``,
        ``too_few_answers:`` or ``no_variance:`` with the variable, and ``few_clusters`` for fewer than 40 people who
        repeat.

    Raises
    ------
    NormError
        Variables that the norm does not have, all of them at once.
    ParameterError
        A column that is not numeric or a setting that is not allowed.

    References
    ----------
    Lakens, D. (2017). Equivalence tests. Social Psychological and Personality Science 8, 355-362. In R:
    ``t.test(x, mu = norm)``, ``p.adjust(p, "BH")``.
    """
    require_conf_level(conf_level)
    if not 0 < margin <= 1:
        raise ParameterError(f"margin is {margin}; it must lie above 0 and be at most 1.", code="ICS-378")
    values = checked_items(scores)
    _require_known(values, norm)
    people = person_codes(clusters, n_rows=len(values))
    in_norm = {variable: _in_norm(norm, variable) for variable in values.columns}
    answers = {variable: _Answers.of(values[variable].to_numpy(), people) for variable in values.columns}
    tests = {
        variable: _test(own, in_norm[variable], margin=margin, conf_level=conf_level)
        for variable, own in answers.items()
    }
    adjusted = _adjusted({variable: test.p_value for variable, test in tests.items() if np.isfinite(test.p_value)})
    rows = [
        {"variable": variable, **row}
        for variable, own in answers.items()
        for row in _rows(own, tests[variable], in_norm[variable], p_adjusted=adjusted.get(variable, np.nan))
    ]
    data = pd.DataFrame(rows, columns=COLUMNS)
    repeated = [own for own in answers.values() if own.repeated]
    return Comparison(
        data=data,
        people=data[["n", "n_people"]].copy(),
        settings=ComparisonSettings(
            method="mean",
            interval="t",
            conf_level=conf_level,
            missing="available",
            n_clusters=max((own.n_people for own in repeated), default=0),
            norm=norm.name,
            margin=margin,
            warnings=tuple(_warnings(answers)),
        ),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Answers:
    """The answers to one variable, and for each the number of its person from 0."""

    values: FloatArray
    people: IntArray

    @classmethod
    def of(cls, column: FloatArray, people: IntArray) -> _Answers:
        given = ~np.isnan(column)
        return cls(values=column[given], people=np.unique(people[given], return_inverse=True)[1].astype(np.int64))

    @property
    def n(self) -> int:
        return len(self.values)

    @property
    def n_people(self) -> int:
        return int(self.people.max(initial=-1)) + 1

    @property
    def repeated(self) -> bool:
        return self.n_people < self.n

    @property
    def mean(self) -> float:
        return float(self.values.mean()) if self.n else float("nan")

    @property
    def varies(self) -> bool:
        return self.n_people >= FEWEST_PEOPLE and self.error_of_mean > 0

    @property
    def error_of_mean(self) -> float:
        return error_of_mean(self.values, self.people)


@dataclass(frozen=True, kw_only=True)
class _Test:
    """A difference from the norm; without spread in the answers there is only the difference."""

    difference: float
    margin: float
    error: float = np.nan
    reach: float = np.nan
    p_value: float = np.nan

    @property
    def verdict(self) -> Verdict:
        return _verdict(self.difference - self.reach, self.difference + self.reach, self.margin)


def _test(answers: _Answers, in_norm: dict[str, float], *, margin: float, conf_level: float) -> _Test:
    difference, points = answers.mean - in_norm["mean"], margin * in_norm["sd_within"]
    if not answers.varies:
        return _Test(difference=difference, margin=points)
    error, freedom = answers.error_of_mean, answers.n_people - 1
    return _Test(
        difference=difference,
        margin=points,
        error=error,
        reach=float(stdtrit(freedom, (1 + conf_level) / 2)) * error,
        p_value=float(2 * stdtr(freedom, -abs(difference) / error)),
    )


def _verdict(low: float, high: float, margin: float) -> Verdict:
    if np.isnan(margin):
        return "uncertain"
    if low >= -margin and high <= margin:
        return "equal"
    if low > 0:
        return "clearly_above" if low > margin else "slightly_above"
    if high < 0:
        return "clearly_below" if high < -margin else "slightly_below"
    return "uncertain"


def _adjusted(p_values: dict[str, float]) -> dict[str, float]:
    """Return the Benjamini-Hochberg adjusted p values."""
    if not p_values:
        return {}
    from pingouin import multicomp  # noqa: PLC0415  slow to load; only comparisons need it

    _, adjusted = multicomp(list(p_values.values()), method="fdr_bh")
    return {variable: float(p) for variable, p in zip(p_values, adjusted, strict=True)}


def _rows(
    answers: _Answers, test: _Test, in_norm: dict[str, float], *, p_adjusted: float
) -> Iterator[dict[str, object]]:
    about = {
        "n": answers.n,
        "n_people": answers.n_people,
        "unit": "points",
        "margin": test.margin,
        "verdict": test.verdict,
        "minimum": in_norm["minimum"],
        "maximum": in_norm["maximum"],
    }
    yield about | {"statistic": "mean"} | _interval(answers.mean, test)
    yield about | {"statistic": "norm", "estimate": in_norm["mean"]}
    tested = {"p_value": test.p_value, "p_adjusted": p_adjusted}
    yield about | {"statistic": "difference"} | _interval(test.difference, test) | tested


def _interval(estimate: float, test: _Test) -> dict[str, float]:
    return {
        "estimate": estimate,
        "std_error": test.error,
        "conf_low": estimate - test.reach,
        "conf_high": estimate + test.reach,
    }


def _warnings(answers: dict[str, _Answers]) -> Iterator[str]:
    for variable, own in answers.items():
        if own.n == 0:
            yield f"no_answers:{variable}"
        elif own.n_people < FEWEST_PEOPLE:
            yield f"too_few_answers:{variable}"
        elif not own.varies:
            yield f"no_variance:{variable}"
    if any(own.repeated and own.n_people < FEW_CLUSTERS for own in answers.values()):
        yield "few_clusters"


def _in_norm(norm: Norm, variable: str) -> dict[str, float]:
    return {name: float(norm.values[name].loc[variable]) for name in ("mean", "sd_within", "minimum", "maximum")}


def _require_known(values: pd.DataFrame, norm: Norm) -> None:
    problems = [
        Problem(
            code="ICS-419",
            column=variable,
            message=f'is not in the norm "{norm.name}".',
            hint="Compare only the variables that the norm has.",
        )
        for variable in values.columns
        if variable not in norm.values.index
    ]
    if problems:
        raise NormError(problems)
    if not len(values.columns):
        raise ParameterError("scores has no columns; there is nothing to compare.", code="ICS-379")
