"""Agreement among the raters of a department: enough of it, and different enough from others, to tell its mean."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Literal, get_args

import numpy as np
import pandas as pd
from scipy.special import fdtrc, fdtri, stdtrit

from icstats.errors import NotEnoughDataError, ParameterError, Problem
from icstats.oneway import OneWay, fit_reml, one_way
from icstats.results import ORGANISATION, Result, Settings
from icstats.sampling import (
    FEWEST,
    FloatArray,
    IntArray,
    checked_items,
    person_codes,
    require_conf_level,
    require_option,
)

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["Agreement", "Null", "icc", "raters_needed", "rwg"]

Interval = Literal["f", "jackknife"]
Null = Literal["uniform", "triangular"]

TARGETS = (0.7, 0.8)
FEWEST_GROUPS = 2
COLUMNS = ["variable", "statistic", "estimate", "std_error", "conf_low", "conf_high", "p_value"]
NOTHING = float("nan")


@dataclass(frozen=True, kw_only=True, repr=False)
class Agreement(Result):
    """Agreement among raters of the same department, one row per statistic.

    Statistics of :func:`icc` are ``icc1``, ``icc1_mean_size``, ``icc1_reml``, ``icc2``, ``raters_70``, ``raters_80``,
    ``f``, ``k0``, ``k_bar`` and ``groups``; of :func:`rwg` ``rwg`` or ``rwg_j`` per department and ``rwg_median`` or
    ``rwg_j_median``. Extra columns of ``data``: ``n_rows`` (ratings handed in; ``n`` of them were used) and, for rwg,
    ``department``, ``few_raters`` and ``out_of_range``.
    """

    keys: ClassVar[tuple[str, str]] = ("variable", "statistic")

    @property
    def without_sizes(self) -> Agreement:
        """The same without the mean group sizes, which would not pass the door."""
        kept = ~self.data["statistic"].isin(["k0", "k_bar"])
        data, people = (frame[kept].reset_index(drop=True) for frame in (self.data, self.people))
        return replace(self, data=data, people=people)


def raters_needed(icc1: float, *, target: float) -> float:
    """Return how many raters make the mean of a department this reliable; NaN where no number would.

    Parameters
    ----------
    icc1
        Reliability of a single rating.
    target
        Wanted reliability of the mean, between 0 and 1.

    Notes
    -----
    Spearman-Brown turned round, and rounded up: target (1 - icc1) / ((1 - target) icc1).
    """
    if not 0 < icc1 <= 1:
        return NOTHING
    return max(1.0, float(np.ceil(round(target * (1 - icc1) / ((1 - target) * icc1), 9))))


def icc(
    values: npt.ArrayLike,
    groups: npt.ArrayLike,
    *,
    name: str = "score",
    interval: Interval | None = None,
    conf_level: float = 0.95,
    clusters: npt.ArrayLike | None = None,
) -> Agreement:
    """Estimate how reliably one rating (ICC(1)) and the mean of a department (ICC(2)) tell departments apart.

    Parameters
    ----------
    values
        One number per rating, NaN for missing.
    groups
        Department of each rating.
    name
        Name of what was rated in the result.
    interval
        ``f``: from the F distribution, for normal answers by people who answer once. ``jackknife``: departments left
        out one at a time, on the scale of log F, without an assumption about the answers (Arvesen & Layard 1975). None:
        ``jackknife`` if a person stands behind more than one rating, else ``f``.
    conf_level
        Coverage of the intervals.
    clusters
        Respondent of each rating.

    Returns
    -------
    Agreement
        ``icc1`` with k0, the group size that makes the ANOVA estimate unbiased for unequal departments;
        ``icc1_mean_size`` with the mean size, as ``multilevel::ICC1`` has it; ``icc1_reml``; ``icc2``; ``raters_70``
        and ``raters_80``, how many raters bring the mean of a department to .70 and .80; ``f`` with its p-value,
        ``k0``, ``k_bar`` and ``groups``. A negative estimate is shown (``negative_icc:<name>`` in
        ``settings.warnings``): raters of one department then agree less than raters of different ones.
        ``raters_unbounded:<name>`` says that the estimate, or its lower limit, is such that no number is enough.

    Raises
    ------
    NotEnoughDataError
        Fewer than two departments, no department with two ratings, or no difference between any two ratings.
    ParameterError
        An argument that is not allowed, or the ``f`` interval while people repeat.

    Warnings
    --------
    With a few departments, or unequal ones, the estimate is as good as a guess: read its interval. It is about telling
    *these* departments apart; where all are truly alike it is near 0 with the best of questionnaires. ICC(2) grows
    with the number of raters and says nothing about one rater. One person who rates several departments breaks the
    ``f`` interval.

    Notes
    -----
    ICC(1) = (MSB - MSW) / (MSB + (k - 1) MSW), ICC(2) = (MSB - MSW) / MSB from a one-way analysis of variance (Shrout &
    Fleiss 1979; Bliese 2000). In R: ``multilevel::ICC1(aov(y ~ as.factor(g)))``, ``ICC2``; ``lme4::lmer(y ~ 1 + (1 |
    g))``.
    """
    require_conf_level(conf_level)
    rated = _rated(values, groups, clusters)
    interval = interval or ("jackknife" if rated.repeated else "f")
    require_option(interval, name="interval", allowed=get_args(Interval))
    if interval == "f" and rated.repeated:
        raise ParameterError(
            'The interval "f" takes every rating as independent, but people gave more than one.',
            code="ICS-357",
            hint='Use interval="jackknife".',
        )
    variance = rated.analysed()
    ratios = _limits_of_f(rated, variance, interval, conf_level)
    low, high = (variance.icc1_at(ratio, variance.k0) for ratio in ratios)
    by_size = [variance.icc1_at(ratio, variance.k_bar) for ratio in ratios]
    icc1, p_value = variance.icc1_at(variance.f, variance.k0), float(fdtrc(*variance.df, variance.f))
    rows: list[tuple[object, ...]] = [
        ("icc1", icc1, low, high, NOTHING),
        ("icc1_mean_size", variance.icc1_at(variance.f, variance.k_bar), *by_size, NOTHING),
        ("icc1_reml", fit_reml(rated.values, rated.groups).icc1, NOTHING, NOTHING, NOTHING),
        ("icc2", OneWay.icc2_at(variance.f), *(OneWay.icc2_at(ratio) for ratio in ratios), NOTHING),
    ]
    for target in TARGETS:
        needed = (raters_needed(value, target=target) for value in (icc1, high, low))
        rows.append((f"raters_{target * 100:.0f}", *needed, NOTHING))
    rows += [
        ("f", variance.f, NOTHING, NOTHING, p_value),
        ("k0", variance.k0, NOTHING, NOTHING, NOTHING),
        ("k_bar", variance.k_bar, NOTHING, NOTHING, NOTHING),
        ("groups", float(rated.n_groups), NOTHING, NOTHING, NOTHING),
    ]
    data = pd.DataFrame([(name, code, value, NOTHING, *rest) for code, value, *rest in rows], columns=COLUMNS).assign(
        n=len(rated.values), n_people=rated.n_people, unit="coefficient", n_rows=rated.n_rows
    )
    warnings = [f"negative_icc:{name}"] if icc1 < 0 else []
    warnings += [f"raters_unbounded:{name}"] if icc1 <= 0 or low <= 0 else []
    warnings += [f"no_interval:{name}:icc1"] if np.isnan(low) else []
    settings = Settings(
        method="icc",
        interval=interval,
        conf_level=conf_level,
        n_clusters=rated.n_people if rated.repeated else 0,
        warnings=tuple(warnings),
    )
    return Agreement(data=data, people=data[["n", "n_people"]].copy(), settings=settings)


def rwg(
    items: pd.DataFrame,
    groups: npt.ArrayLike,
    n_options: int,
    *,
    name: str = "scale",
    null: Null = "uniform",
    clusters: npt.ArrayLike | None = None,
) -> Agreement:
    """Estimate how much less the raters of each department differ than if they had answered at random.

    Parameters
    ----------
    items
        Ratings x items, NaN for missing; ratings that answer every item are used.
    groups
        Department of each rating.
    n_options
        Number of answers to choose from.
    name
        Name of the scale in the result.
    null
        What answering at random means: ``uniform``, every answer as likely as the others, variance (A^2 - 1) / 12; or
        ``triangular``, a middling answer, variance (A - 1)(A + 3) / 24 for odd A and (A^2 + 2A - 2) / 24 for even A.
    clusters
        Respondent of each rating.

    Returns
    -------
    Agreement
        One row per department, ``rwg`` for one item and ``rwg_j`` for several, and their median over
        departments. A department whose answers differ more than at random has 0, as usual (James, Demaree & Wolf 1984);
        its row says so in ``out_of_range`` and ``settings.warnings`` counts them: ``out_of_range:<scale>:<number>``. A
        department of one rating has no value; one of fewer than three has ``few_raters`` and stands in
        ``few_raters:<scale>:<number>``. ``settings.method`` names the null.

    Raises
    ------
    NotEnoughDataError
        No department with two usable ratings.
    ParameterError
        An argument that is not allowed, or answers further apart than the options allow.

    Warnings
    --------
    The null decides: against answers spread evenly everybody seems to agree, because people avoid the ends of a scale.
    The limit of .70 is a habit. It is high wherever all are satisfied, also with a careless questionnaire, and with
    three raters it is a lottery.

    Notes
    -----
    rwg = 1 - v / s, rwg(j) = J (1 - v / s) / (J (1 - v / s) + v / s), v the mean variance of the J items and s that of
    the null. No interval: the null is a convention and not a sample. In R: ``multilevel::rwg(x, grpid, ranvar)``,
    ``multilevel::rwg.j``.
    """
    require_option(null, name="null", allowed=get_args(Null))
    if n_options < FEWEST_GROUPS:
        raise ParameterError(f"n_options is {n_options}; there must be at least two answers.", code="ICS-382")
    values = checked_items(items)
    _require_within(values, n_options)
    persons, codes, labels = person_codes(clusters, n_rows=len(values)), *_group_codes(groups, n_rows=len(values))
    complete = values.notna().all(axis=1).to_numpy()
    sizes = np.bincount(codes[complete], minlength=len(labels))
    if not values.shape[1] or sizes.max(initial=0) < FEWEST_GROUPS:
        raise NotEnoughDataError(f'Scale "{name}": no department has two ratings of every item.', code="ICS-507")
    variances = values[complete].groupby(codes[complete]).var(ddof=1).reindex(range(len(labels))).mean(axis=1)
    ratio = variances.to_numpy() / _null_variance(n_options, null)
    n_items, too_far = values.shape[1], ratio > 1
    agreed = 1 - np.minimum(ratio, 1)
    estimates = n_items * agreed / (n_items * agreed + 1 - agreed)
    people = pd.Series(persons[complete]).groupby(codes[complete]).nunique().reindex(range(len(labels)), fill_value=0)
    statistic = "rwg" if n_items == 1 else "rwg_j"
    data = pd.DataFrame(
        {
            "department": labels,
            "statistic": statistic,
            "estimate": estimates,
            "n": sizes,
            "n_people": people.to_numpy(),
            "few_raters": sizes < FEWEST,
            "out_of_range": too_far,
        }
    )
    overall: dict[str, object] = {
        "department": ORGANISATION,
        "n": int(sizes.sum()),
        "n_people": len(np.unique(persons[complete])),
        "few_raters": False,
        "out_of_range": False,
    }
    # No mean over departments: with those of the others it would give a hidden department away.
    overall |= {"statistic": f"{statistic}_median", "estimate": float(np.nanmedian(estimates))}
    data = pd.concat([data, pd.DataFrame([overall])], ignore_index=True)
    data = data.assign(variable=name, unit="coefficient", n_rows=len(values)).assign(
        **dict.fromkeys(("std_error", "conf_low", "conf_high", "p_value"), NOTHING)
    )
    few = int((sizes < FEWEST).sum())
    warnings = [f"out_of_range:{name}:{int(too_far.sum())}"] * bool(too_far.any())
    warnings += [f"few_raters:{name}:{few}"] * bool(few)
    settings = Settings(method=f"{statistic}_{null}", warnings=tuple(warnings))
    order = ["department", *COLUMNS, "n", "n_people", "unit", "n_rows", "few_raters", "out_of_range"]
    return Agreement(data=data[order], people=data[["n", "n_people"]].copy(), settings=settings)


def _require_within(values: pd.DataFrame, n_options: int) -> None:
    reach = values.max() - values.min()
    problems = [
        Problem(
            code="ICS-382",
            column=str(item),
            message=f"has answers {apart:g} apart; with {n_options} options they are at most {n_options - 1} apart.",
        )
        for item, apart in reach.items()
        if apart > n_options - 1
    ]
    if problems:
        raise ParameterError(problems)


def _null_variance(n_options: int, null: Null) -> float:
    if null == "uniform":
        return (n_options**2 - 1) / 12
    odd = n_options % 2 == 1
    return (n_options - 1) * (n_options + 3) / 24 if odd else (n_options**2 + 2 * n_options - 2) / 24


def _group_codes(groups: npt.ArrayLike, *, n_rows: int) -> tuple[IntArray, list[str]]:
    """Return the number of each rating's department and the departments' names, in order of first appearance."""
    given = pd.Series(np.asarray(groups))
    if len(given) != n_rows or given.isna().any():
        raise ParameterError(
            f"groups has {len(given)} values, {int(given.isna().sum())} of them empty, for {n_rows} ratings.",
            code="ICS-383",
            hint="Give one department per rating, in the order of the ratings.",
        )
    codes, labels = pd.factorize(given)
    return codes.astype(np.int64), [str(label) for label in labels]


# ------------------------------------------------------------------------------------------------- analysis of variance


@dataclass(frozen=True, kw_only=True, eq=False)
class _Rated:
    """One value per rating, the department it is about and who gave it."""

    values: FloatArray
    groups: IntArray
    people: IntArray
    n_rows: int

    @property
    def n_groups(self) -> int:
        return int(self.groups.max(initial=-1)) + 1

    @property
    def n_people(self) -> int:
        return len(np.unique(self.people))

    @property
    def repeated(self) -> bool:
        return self.n_people < len(self.people)

    def sums(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return counts, means and sums of squared deviations of the departments."""
        counts: FloatArray = np.bincount(self.groups).astype(float)
        means: FloatArray = np.bincount(self.groups, weights=self.values) / counts
        squares: FloatArray = np.bincount(self.groups, weights=(self.values - means[self.groups]) ** 2).astype(float)
        return counts, means, squares

    def analysed(self) -> OneWay:
        return one_way(*self.sums())


def _rated(values: npt.ArrayLike, groups: npt.ArrayLike, clusters: npt.ArrayLike | None) -> _Rated:
    """Return the ratings that have a value, or refuse what no analysis of variance can be made of."""
    numbers = checked_items(pd.DataFrame({"values": np.asarray(values)}))["values"].to_numpy()
    codes, _ = _group_codes(groups, n_rows=len(numbers))
    persons = person_codes(clusters, n_rows=len(numbers))
    given = ~np.isnan(numbers)
    rated = _Rated(
        values=numbers[given],
        groups=pd.factorize(codes[given])[0].astype(np.int64),
        people=persons[given],
        n_rows=len(numbers),
    )
    if rated.n_groups < FEWEST_GROUPS or len(rated.values) <= rated.n_groups:
        raise NotEnoughDataError(
            f"{len(rated.values)} ratings of {rated.n_groups} departments: at least two departments are needed, and "
            "one of them with two ratings.",
            code="ICS-507",
        )
    if np.ptp(rated.values) == 0:
        raise NotEnoughDataError("Every rating is the same: nothing tells departments apart.", code="ICS-508")
    return rated


def _limits_of_f(rated: _Rated, variance: OneWay, interval: str, conf_level: float) -> tuple[float, float]:
    """Return limits of the ratio of mean squares; those of every coefficient follow."""
    tail = (1 + conf_level) / 2
    if variance.within <= 0:
        return NOTHING, NOTHING
    if interval == "f":
        return variance.f / float(fdtri(*variance.df, tail)), variance.f / float(fdtri(*variance.df, 1 - tail))
    return _jackknifed(rated, variance, tail)


def _jackknifed(rated: _Rated, variance: OneWay, tail: float) -> tuple[float, float]:
    """Return limits of F on the log scale from the analyses without each department."""
    parts, groups = rated.sums(), rated.n_groups
    if groups <= FEWEST:
        return NOTHING, NOTHING
    without = [one_way(*(np.delete(part, group) for part in parts)) for group in range(groups)]
    ratios = np.array([one.f for one in without])
    if not (np.isfinite(ratios).all() and (ratios > 0).all() and variance.f > 0):
        return NOTHING, NOTHING
    pseudo = groups * np.log(variance.f) - (groups - 1) * np.log(ratios)
    reach = float(stdtrit(groups - 1, tail)) * pseudo.std(ddof=1) / np.sqrt(groups)
    centre = pseudo.mean()
    return float(np.exp(centre - reach)), float(np.exp(centre + reach))
