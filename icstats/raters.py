"""Mild and strict raters told apart from good and bad departments, where people rate several departments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from scipy.stats import rankdata

from icstats.departments import COLUMNS, NUMBERS, Rated, department_rows, interval, rank_limits, rated
from icstats.errors import NotEnoughDataError
from icstats.results import Result, Settings

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from icstats.sampling import FloatArray, IntArray

    BoolArray = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]

__all__ = ["Leniency", "leniency"]

RANKS = ("rank", "rank_low", "rank_high")
PEOPLE = ("n", "n_people")
LINKED = ("n_linked", "people_linked")


@dataclass(frozen=True, kw_only=True, repr=False)
class Leniency(Result):
    """Means of departments, of each the statistics ``mean`` (raw) and ``adjusted``, both in points.

    Extra columns of ``data``: ``rank, rank_low, rank_high`` (1 is the lowest) and ``n_linked``, the ratings by people
    who rated another department too: ``people`` of an adjusted row counts those alone. What a single person's leniency
    is, is told nowhere.

    Attributes
    ----------
    components
        One row per variable: ``variance_people``, ``variance_departments`` and ``variance_rest`` (unbiased, so one may
        be below 0), and ``share_people``, the share of people in their sum.
    """

    components: pd.DataFrame


def leniency(
    scores: pd.DataFrame,
    *,
    departments: ArrayLike,
    respondents: ArrayLike,
    conf_level: float = 0.95,
) -> Leniency:
    """Compare departments within the same raters, so that one with mild raters gains nothing by them.

    Parameters
    ----------
    scores
        Ratings x variables, floats in points of the response scale, NaN for missing.
    departments, respondents
        Department and respondent of each rating.
    conf_level
        Coverage of the t intervals, and joint coverage of the ranks.

    Returns
    -------
    Leniency
        The model is rating = department + respondent + rest, by least squares, respondents as they are (fixed): who
        rates which department may depend on how mild somebody is, which a random respondent effect would not allow.
        Only people who rate two departments or more tell something. The adjusted mean is what a department would get
        from the average rater; the mean of all linked ratings stays what it was. Errors are cluster-robust by person.

        Departments that share no raters with the largest connected group, directly or through others, cannot be
        compared: no adjusted mean, and ``settings.warnings`` has ``unlinked:<variable>``.

    Raises
    ------
    NotEnoughDataError
        Nobody rated two departments (all variables at once).
    ParameterError
        A column that is not numeric, departments or respondents that do not fit.

    Warnings
    --------
    It rests on the people who rated two departments or more, who may be few and unlike the others. A rater who is mild
    to one department alone cannot be told from a department that serves her well. Departments that are linked by a
    handful of raters are compared by those alone: read the interval.

    References
    ----------
    Searle, S. R., Casella, G. & McCulloch, C. E. (1992). Variance Components, chapter 5 (Henderson's method III). In
    R: ``lfe::felm(y ~ department | respondent | 0 | respondent)``; where everybody rates every department the
    components equal those of ``lme4::lmer(y ~ 1 + (1 | department) + (1 | respondent))``.
    """
    ratings = rated(scores, departments=departments, clusters=respondents, conf_level=conf_level)
    designs = {variable: _Design.of(own) for variable, own in ratings.items()}
    alone = [variable for variable, design in designs.items() if not design.linked.any()]
    if alone:
        raise NotEnoughDataError(
            f"Nobody rated two departments on {', '.join(alone)}.",
            code="ICS-532",
            hint="Mild raters and good departments can only be told apart where people rate several.",
        )
    fits = {variable: _Fit.of(own, designs[variable]) for variable, own in ratings.items()}
    rows = [
        row
        for variable, own in ratings.items()
        for row in department_rows(
            own, variable, {"mean": _raw(own, conf_level), "adjusted": _adjusted(fits[variable], conf_level)}
        )
    ]
    data = pd.DataFrame(rows, columns=[*COLUMNS, *RANKS, *LINKED])
    data = data.astype(dict.fromkeys([*NUMBERS, *RANKS, *LINKED], float))
    behind = {name: data[linked].fillna(data[name]).astype(int) for name, linked in zip(PEOPLE, LINKED, strict=True)}
    return Leniency(
        data=data.drop(columns="people_linked"),
        people=pd.DataFrame(behind),
        settings=Settings(
            method="crossed",
            interval="cr1",
            conf_level=conf_level,
            missing="available",
            n_clusters=max(design.n_people for design in designs.values()),
            warnings=tuple(f"unlinked:{variable}" for variable, own in designs.items() if not own.linked.all()),
        ),
        components=pd.DataFrame({variable: fit.components for variable, fit in fits.items()}).T.rename_axis("variable"),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Design:
    """Who rated what.

    Attributes
    ----------
    people
        For each answer the number of its person among those who answered.
    table
        People x departments: number of ratings.
    within
        Departments x departments: their products after the mean of each person is taken out.
    groups
        For each department the number of its connected group.
    linked
        Whether it belongs to the largest group, by ratings that tell.
    """

    people: IntArray
    table: csr_array
    within: FloatArray
    groups: IntArray
    linked: BoolArray

    @classmethod
    def of(cls, ratings: Rated) -> _Design:
        people = np.unique(ratings.people, return_inverse=True)[1].astype(np.int64)
        shape = (int(people.max(initial=-1)) + 1, len(ratings.names))
        table = csr_array((np.ones(len(people)), (people, ratings.departments)), shape=shape)
        table.sum_duplicates()
        each = np.asarray(table.sum(axis=1)).ravel()
        scaled = table.multiply(1 / each[:, None]) if len(each) else table
        within = np.diag(ratings.counts) - (table.T @ scaled).toarray()
        _, groups = connected_components(csr_array(np.abs(within) > 0), directed=False)
        telling = np.bincount(groups, weights=np.diag(within))
        linked = (groups == telling.argmax()) & (np.diag(within) > 0)
        return cls(people=people, table=table, within=within, groups=groups, linked=linked)

    @property
    def n_people(self) -> int:
        return int(self.table.shape[0])

    def per_person(self, values: FloatArray) -> FloatArray:
        """Return the sum per person of one number per answer."""
        return np.bincount(self.people, weights=values, minlength=self.n_people).astype(np.float64)

    def less_person(self, values: FloatArray) -> FloatArray:
        """Return values less the mean of their person."""
        counts = np.bincount(self.people)
        return np.asarray(values - (self.per_person(values) / counts)[self.people])


@dataclass(frozen=True, kw_only=True, eq=False)
class _Fit:
    """Adjusted means; ``relative`` is their error among each other, ``errors`` that of the level too."""

    estimates: FloatArray
    errors: FloatArray
    relative: FloatArray
    telling: FloatArray
    components: dict[str, float]

    @classmethod
    def of(cls, ratings: Rated, design: _Design) -> _Fit:
        inverse = np.linalg.pinv(design.within, hermitian=True)
        centred = design.less_person(ratings.values)
        effects = inverse @ ratings.sums(centred)
        residuals = centred - design.less_person(effects[ratings.departments])
        counts = np.where(design.linked, ratings.counts, 0.0)
        contrast = np.eye(len(counts)) - counts / counts.sum()
        among = design.linked[ratings.departments]
        level = float(ratings.values[among].mean())
        moves = _moves(ratings, design, residuals) @ inverse @ contrast.T
        of_level = design.per_person(np.where(among, ratings.values - level, 0.0)) / counts.sum()
        small = np.sqrt(design.n_people / (design.n_people - 1))
        return cls(
            estimates=np.where(design.linked, level + contrast @ effects, np.nan),
            errors=small * np.sqrt(((moves + of_level[:, None]) ** 2).sum(axis=0)),
            relative=small * np.sqrt((moves**2).sum(axis=0)),
            telling=_telling(design),
            components=_components(ratings, design, float((residuals**2).sum())),
        )


def _moves(ratings: Rated, design: _Design, residuals: FloatArray) -> FloatArray:
    """Return people x departments: the residuals of each person, summed per department."""
    shape = (design.n_people, len(ratings.names))
    # The residuals of one person add up to 0, so taking the person's mean out of the design changes nothing.
    return np.asarray(csr_array((residuals, (design.people, ratings.departments)), shape=shape).toarray())


def _telling(design: _Design) -> FloatArray:
    """Return departments x 2: ratings and people that also rated another department."""
    several = np.asarray((design.table > 0).sum(axis=1)).ravel() > 1
    per_department = design.table[several]
    answers = np.asarray(per_department.sum(axis=0)).ravel()
    people = np.asarray((per_department > 0).sum(axis=0)).ravel()
    return np.column_stack([answers, people]).astype(np.float64)


def _components(ratings: Rated, design: _Design, rest: float) -> dict[str, float]:
    """Return the variances of people, departments and the rest (Henderson's method III)."""
    n, people, departments = len(ratings.values), design.n_people, int((ratings.counts > 0).sum())
    groups = len(np.unique(design.groups[ratings.counts > 0]))
    freedom = n - people - departments + groups
    nothing = dict.fromkeys(("variance_people", "variance_departments", "variance_rest", "share_people"), np.nan)
    if freedom <= 0:
        return nothing
    variance = rest / freedom
    per_department = design.table.multiply(design.table).sum(axis=0)
    spread_people = n - float(np.divide(per_department, np.maximum(ratings.counts, 1)).sum())
    of_people = (ratings.square_within - rest - variance * (people - groups)) / spread_people
    square_people = float((design.less_person(ratings.values) ** 2).sum())
    spread_departments = float(np.trace(design.within))
    of_departments = (square_people - rest - variance * (departments - groups)) / spread_departments
    total = of_people + of_departments + variance
    return {
        "variance_people": of_people,
        "variance_departments": of_departments,
        "variance_rest": variance,
        "share_people": of_people / total if total > 0 else np.nan,
    }


def _raw(ratings: Rated, conf_level: float) -> list[dict[str, object]]:
    intervals = list(ratings.intervals(conf_level))
    errors = np.array([one.get("std_error", np.nan) for one in intervals], dtype=np.float64)
    freedom = ratings.people_per_department - 1.0
    return _ranked(intervals, ratings.means, errors, freedom, conf_level)


def _adjusted(fit: _Fit, conf_level: float) -> list[dict[str, object]]:
    freedom = fit.telling[:, 1] - 1.0
    rows: list[dict[str, object]] = []
    for estimate, error, own, (n, people) in zip(fit.estimates, fit.errors, freedom, fit.telling, strict=True):
        about: dict[str, object] = {"n_linked": n, "people_linked": people, "estimate": float(estimate)}
        known = not np.isnan(estimate) and own > 0
        rows.append(about | (interval(float(estimate), float(error), conf_level, freedom=own) if known else {}))
    return _ranked(rows, fit.estimates, fit.relative, freedom, conf_level)


def _ranked(
    rows: list[dict[str, object]],
    estimates: FloatArray,
    errors: FloatArray,
    freedom: FloatArray,
    conf_level: float,
) -> list[dict[str, object]]:
    known = ~np.isnan(estimates)
    ranks = np.full((len(rows), 3), np.nan)
    limits = rank_limits(estimates[known], errors[known], freedom[known], conf_level)
    ranks[known] = np.column_stack([rankdata(estimates[known]), limits])
    return [row | dict(zip(RANKS, found, strict=True)) for row, found in zip(rows, ranks.tolist(), strict=True)]
