"""How the scores compare with a norm: the difference, how sure it is, and whether it matters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import pandas as pd

from icstats.differences import Difference, NormAs, NormSettings, differences, differences_in_pool, interval
from icstats.errors import ParameterError
from icstats.results import Result, joined
from icstats.sampling import require_option

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from numpy.typing import ArrayLike

    from icstats.norms import Norm

__all__ = [
    "Adjustment",
    "Comparison",
    "ComparisonSettings",
    "Verdict",
    "adjust_family",
    "compare_departments",
    "compare_with_norm",
    "different",
    "with_decision",
]

Verdict = Literal["clearly_above", "slightly_above", "equal", "slightly_below", "clearly_below", "uncertain"]
Adjustment = Literal["fdr_bh", "fdr_by", "holm"]
Test = Literal["guarded", "t"]

FALSE_DISCOVERIES = 0.05
"""Part of the differences that are called different and are not, at most, on average."""

NUMBERS = ["estimate", "std_error", "conf_low", "conf_high", "p_value", "p_adjusted", "p_equivalence", "p_guarded"]
COLUMNS = ["variable", "statistic", *NUMBERS[:5], "n", "n_people", "unit", *NUMBERS[5:]]
OF_THE_NORM = ["margin", "minimum", "maximum"]


@dataclass(frozen=True, kw_only=True)
class ComparisonSettings(NormSettings):
    """How a comparison was made.

    Attributes
    ----------
    margin
        Differences up to this many standard deviations within organisations are of no practical weight.
    adjustment
        Correction of the p values for the number of comparisons.
    test
        Which p values were corrected.
    family
        Number of comparisons that the correction allows for; 0 where it was made elsewhere.
    """

    margin: float
    adjustment: Adjustment = "fdr_bh"
    test: Test = "guarded"
    family: int = 0


@dataclass(frozen=True, kw_only=True, repr=False)
class Comparison(Result):
    """Scores beside a norm: of every variable the statistics ``mean``, ``norm`` and ``difference``.

    Extra columns of ``data``: ``p_guarded``, ``p_adjusted``, ``p_equivalence``, ``margin`` (points), ``verdict``, and
    ``minimum`` and ``maximum`` of the response scale.
    """

    settings: ComparisonSettings


def compare_with_norm(
    scores: pd.DataFrame,
    norm: Norm,
    *,
    margin: float = 0.2,
    norm_as: NormAs = "fixed",
    own_share: float | Mapping[str, float] = 0.0,
    adjustment: Adjustment = "fdr_bh",
    test: Test = "guarded",
    conf_level: float = 0.95,
    clusters: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> Comparison:
    """Compare the mean of each variable with a norm, and say whether the difference matters.

    Parameters
    ----------
    scores
        Ratings x variables, floats in points of the response scale, NaN for missing. Every variable is in the norm.
    norm
        What to compare with.
    margin
        Differences up to this many of the norm's standard deviations within organisations are of no practical weight;
        where the norm does not know those, of the standard deviations of the scores themselves.
    norm_as
        ``fixed`` takes the norm's mean as known: is this department at that level? ``sampled`` takes it as the mean of
        a sample of organisations, with standard error sd between / root(organisations), and Welch's degrees of
        freedom: is it at the level of the population that the norm was drawn from?
    own_share
        Weight of these very scores within the norm's mean, from 0 (an outside norm) to below 1; 1 / K when the norm is
        the mean of K departments and this is one of them. One number, or one per variable. The test is then the
        leave-one-out test: the difference from the norm is (1 - own_share) x the difference from the mean of the
        others, which counts as fixed or sampled as ``norm_as`` says.
    adjustment
        Of the p values, over all variables of the call: ``fdr_bh`` (Benjamini & Hochberg 1995), ``fdr_by`` (Benjamini
        & Yekutieli 2001, under any dependence) or ``holm``. See :func:`adjust_family` for several departments.
    test
        Which p values are adjusted: ``guarded`` (``p_guarded``: not deceived by a ceiling) or ``t`` (``p_value``).
    conf_level
        Coverage of the t intervals.
    clusters
        Respondent of each rating. Where people repeat, errors are cluster-robust and the degrees of freedom are
        people - 1.
    weights
        One positive weight per rating, for instance from :func:`icstats.weights.rake`.

    Returns
    -------
    Comparison
        ``p_value`` tests a difference of 0, ``p_equivalence`` a difference beyond the margin (two one-sided tests: a
        small one says that the difference is of no practical weight). The verdict follows from the interval of the
        difference d, the margin m, and whether the difference stands among all that were looked at (``p_adjusted`` of
        at most .05):

        ==================  ====================================================================
        ``clearly_above``   it stands, and the interval lies above m
        ``slightly_above``  it stands, and the interval lies above 0 and reaches into the margin
        ``equal``           the interval lies within -m and m: no difference of practical weight
        ``slightly_below``  it stands, and the interval lies below 0 and reaches into the margin
        ``clearly_below``   it stands, and the interval lies below -m
        ``uncertain``       anything else, a variable without interval or margin
        ==================  ====================================================================

        An interval within the margin is ``equal``, also when it excludes 0. No interval with fewer than two people or
        where the values are the same from person to person; ``settings.warnings`` has ``no_answers:``,
        ``too_few_answers:`` or ``no_variance:`` with the variable, and ``few_clusters`` for fewer than 40 people who
        repeat.

    Raises
    ------
    NormError
        Variables that the norm does not have, or, with ``norm_as="sampled"``, whose spread between organisations it
        does not have: all of them at once.
    ParameterError
        A column that is not numeric or a setting that is not allowed.

    Warnings
    --------
    Only as good as the norm: another wording, response scale, mode, population or year makes another number, and a
    norm that is taken as fixed is not without error itself. With ``norm_as="sampled"`` ten organisations tell little
    about the spread between them. ``uncertain`` is not ``equal``. With 100 answers of whom 86 % give the top answer
    the interval of an item holds the truth in 92 % rather than 95 % (``benchmarks/coverage.md``).

    References
    ----------
    Lakens, D. (2017). Equivalence tests. Social Psychological and Personality Science 8, 355-362. In R:
    ``t.test(x, mu = norm)``, ``t.test(x, y)`` (Welch, ``y`` the organisations' means), ``p.adjust(p, "BH")``,
    ``TOSTER::t_TOST(x, mu = norm, eqb = margin)``.
    """
    require_option(adjustment, name="adjustment", allowed=get_args(Adjustment))
    require_option(test, name="test", allowed=get_args(Test))
    _require_margin(margin)
    found, settings = differences(
        scores,
        norm,
        norm_as=norm_as,
        own_share=own_share,
        conf_level=conf_level,
        clusters=clusters,
        weights=weights,
    )
    return _adjusted(_comparison(found, settings, margin=margin), adjustment, test)


def compare_departments(
    scores: pd.DataFrame,
    norm: Norm,
    *,
    departments: ArrayLike,
    margin: float = 0.2,
    adjustment: Adjustment = "fdr_bh",
    test: Test = "guarded",
    conf_level: float = 0.95,
    clusters: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> Comparison:
    """Compare every department with the mean of all of them, of which it is a part itself.

    Parameters
    ----------
    scores
        Ratings of all departments x variables, floats in points of the response scale, NaN for missing.
    norm
        The unweighted mean of these very departments: :func:`icstats.norms.norm_of_departments`.
    departments
        Department of each rating.
    margin, adjustment, test, conf_level, weights
        As in :func:`compare_with_norm`; p values are adjusted over all departments and variables.
    clusters
        Respondent of each rating. The error of a difference knows that the same person may have rated several of the
        departments, and that a department's own answers are in the norm too.

    Returns
    -------
    Comparison
        With a first column ``department``, in alphabetical order. The difference is (1 - 1 / K) x the difference from
        the mean of the K - 1 others (``others``); its error is the root of the sum over people of (what they move the
        own mean - what they move the mean of all)², with Satterthwaite's degrees of freedom.

    Raises
    ------
    NormError, ParameterError
        As :func:`compare_with_norm`.

    Warnings
    --------
    "Below the mean of all" is not "bad": about half of the departments are below it however good they are. A few large
    differences among many departments come by chance; look at ``p_adjusted``, and at :func:`shrink` for small ones.
    Other customers judge other departments: see :func:`case_mix` and :func:`leniency`.

    References
    ----------
    In R, with one row per rating: ``survey::svyby`` with ``covmat = TRUE`` and ``survey::svycontrast``.
    """
    require_option(adjustment, name="adjustment", allowed=get_args(Adjustment))
    require_option(test, name="test", allowed=get_args(Test))
    _require_margin(margin)
    found, settings = differences_in_pool(
        scores, norm, departments=departments, conf_level=conf_level, clusters=clusters, weights=weights
    )
    compared = {department: _comparison(own, settings, margin=margin) for department, own in found.items()}
    return adjust_family(compared, adjustment=adjustment, test=test)


def adjust_family(
    comparisons: Mapping[str, Comparison], *, adjustment: Adjustment = "fdr_bh", test: Test = "guarded"
) -> Comparison:
    """Return the comparisons of several departments as one, with p values adjusted over the whole family.

    With 40 departments and 20 items 40 differences lie outside their interval by chance alone; who looks for the
    departments that differ looks at all 800.

    Parameters
    ----------
    comparisons
        Per department its comparison with the same norm; at least one.
    adjustment, test
        As in :func:`compare_with_norm`. Far in their tails, where a large family looks, t tests of few answers near the
        end of a scale are much too small: where nothing differed, half of them at the top of five points, BH of t
        tests flagged something in two of three organisations of 40 departments and 20 items, and of guarded ones in
        one of forty (``benchmarks/coverage.md``).

    Returns
    -------
    Comparison
        All rows, with a first column ``department``; ``p_adjusted`` and verdicts allow for every difference in it.

    Raises
    ------
    ParameterError
        No comparisons, or another adjustment.

    Warnings
    --------
    It adjusts for the comparisons that it is given: a choice made after looking at more of them is not allowed for.
    The false discovery rate bounds the expected part of wrong ones among all that are called different, not the chance
    of any. Items of one department go together, which Benjamini and Hochberg's rule withstands; it gives no interval.

    References
    ----------
    Jones, H. E., Ohlssen, D. I. & Spiegelhalter, D. J. (2008). Use of the false discovery rate when comparing multiple
    health care providers. Journal of Clinical Epidemiology 61, 232-240. In R: ``p.adjust(p, "BH")`` over all p values.
    """
    require_option(adjustment, name="adjustment", allowed=get_args(Adjustment))
    require_option(test, name="test", allowed=get_args(Test))
    if not comparisons:
        raise ParameterError("There are no comparisons to adjust together.", code="ICS-380")
    departments = [
        replace(one, data=one.data.assign(department=department)[["department", *one.data.columns]])
        for department, one in comparisons.items()
    ]
    return _adjusted(joined(departments), adjustment, test)


def different(result: Comparison) -> pd.DataFrame:
    """Return the rows of the differences that stand among all that the result allows for."""
    return result.data[(result.data["statistic"] == "difference") & (result.data["p_adjusted"] <= FALSE_DISCOVERIES)]


def with_decision(result: Comparison, stands: Collection[str]) -> Comparison:
    """Return a comparison whose verdicts follow from a decision that was made over a larger family.

    Parameters
    ----------
    result
        From :func:`compare_with_norm`, of one department.
    stands
        Variables whose difference was called different there: with :func:`different`, from :func:`adjust_family`.

    Returns
    -------
    Comparison
        Without ``p_adjusted``, which allowed for fewer comparisons than the verdicts do.
    """
    data = result.data.drop(columns="p_adjusted")
    return replace(
        result,
        data=data.assign(verdict=_verdicts(data, data["variable"].isin(list(stands)))),
        settings=replace(result.settings, family=0),
    )


def _require_margin(margin: float) -> None:
    if not 0 < margin <= 1:
        raise ParameterError(f"margin is {margin}; it must lie above 0 and be at most 1.", code="ICS-378")


def _comparison(found: Mapping[str, Difference], settings: NormSettings, *, margin: float) -> Comparison:
    rows = [
        {"variable": variable, **row}
        for variable, difference in found.items()
        for row in _rows(difference, margin=margin * difference.spread)
    ]
    names = [*COLUMNS, *OF_THE_NORM, "verdict"]
    data = pd.DataFrame({name: [row.get(name, np.nan) for row in rows] for name in names})
    return Comparison(
        data=data,
        people=data[["n", "n_people"]].copy(),
        settings=ComparisonSettings(**vars(settings), margin=margin),
    )


def _adjusted(result: Comparison, adjustment: Adjustment, test: Test) -> Comparison:
    """Return the same comparison with p values that allow for each other."""
    p_values = result.data["p_guarded" if test == "guarded" else "p_value"].dropna()
    adjusted = pd.Series(np.nan, index=result.data.index)
    if len(p_values):
        from pingouin import multicomp  # noqa: PLC0415  slow to load; only comparisons need it

        adjusted[p_values.index] = multicomp(p_values.to_numpy(), method=adjustment)[1]
    stands = adjusted <= FALSE_DISCOVERIES
    return replace(
        result,
        data=result.data.assign(p_adjusted=adjusted, verdict=_verdicts(result.data, stands)),
        settings=replace(result.settings, adjustment=adjustment, test=test, family=len(p_values)),
    )


def _rows(difference: Difference, *, margin: float) -> Iterator[dict[str, object]]:
    answers, norm = difference.answers, difference.norm
    about: dict[str, object] = {
        "n": answers.n,
        "n_people": answers.n_people,
        "unit": "points",
        "margin": margin,
        "verdict": "",
        "minimum": norm.minimum,
        "maximum": norm.maximum,
    }
    yield about | {"statistic": "mean"} | interval(answers.mean, difference.own_error, difference.own_reach)
    yield about | {"statistic": "norm", "estimate": norm.mean}
    if norm.own_share:
        yield about | {"statistic": "others", "estimate": difference.others}
    tested = {
        "p_value": difference.p_value,
        "p_guarded": difference.p_guarded,
        "p_equivalence": difference.p_equivalence(margin),
    }
    found = interval(difference.estimate, difference.error, difference.reach)
    yield about | {"statistic": "difference"} | found | tested


def _verdicts(data: pd.DataFrame, stands: pd.Series[bool]) -> pd.Series[str]:
    """Return the verdict on every row: that of the difference, which is the last row of its variable."""
    rows = data["statistic"] == "difference"
    found = zip(*(data.loc[rows, name] for name in ("conf_low", "conf_high", "margin")), stands[rows], strict=True)
    verdicts = pd.Series([_verdict(*one) for one in found], index=data.index[rows], dtype=object)
    return verdicts.reindex(data.index).bfill()


def _verdict(low: float, high: float, margin: float, stands: bool) -> Verdict:  # noqa: FBT001  one row, in its order
    if low >= -margin and high <= margin:
        return "equal"
    if np.isnan(margin) or not stands:
        return "uncertain"
    if low > 0:
        return "clearly_above" if low > margin else "slightly_above"
    if high < 0:
        return "clearly_below" if high < -margin else "slightly_below"
    return "uncertain"
