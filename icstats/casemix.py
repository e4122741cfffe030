"""Departments as if all had the same kind of customers: case-mix adjustment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import stdtr

from icstats.departments import COLUMNS, NUMBERS, Rated, department_rows, interval, rated
from icstats.errors import NotEnoughDataError, ParameterError
from icstats.results import Result, Settings

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from icstats.sampling import FloatArray

__all__ = ["CaseMix", "CaseMixSettings", "case_mix"]

NO_ANSWER = "(none)"
"""Level of a customer attribute that was not given."""

NEGLIGIBLE = 1e-10
"""A direction of the adjusters below this share of the largest is no direction."""


@dataclass(frozen=True, kw_only=True)
class CaseMixSettings(Settings):
    """How an adjustment was made.

    Attributes
    ----------
    adjusters
        Names of the customer attributes that were held equal.
    """

    adjusters: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, repr=False)
class CaseMix(Result):
    """Means of departments, of each the statistics ``mean`` (raw) and ``adjusted``, both in points.

    Attributes
    ----------
    slopes
        One row per variable and adjuster, or level of one: ``estimate, std_error, conf_low, conf_high, p_value``, the
        difference within departments that goes together with one unit more, or with this level against the first.
    """

    slopes: pd.DataFrame
    settings: CaseMixSettings


def case_mix(
    scores: pd.DataFrame,
    *,
    departments: ArrayLike,
    adjusters: pd.DataFrame,
    clusters: ArrayLike | None = None,
    conf_level: float = 0.95,
) -> CaseMix:
    """Adjust the means of departments for the kind of customers that each has.

    Parameters
    ----------
    scores
        Ratings x variables, floats in points of the response scale, NaN for missing.
    departments
        Department of each rating.
    adjusters
        Ratings x customer attributes that a department cannot help, numbers or categories. A missing number is taken
        as the mean (``settings.warnings``: ``imputed:<adjuster>``), a missing category as a level of its own. What a
        department can help, such as how satisfied its customers are with its speed, is no adjuster.
    clusters
        Respondent of each rating; errors are cluster-robust where people repeat.
    conf_level
        Coverage of the t intervals.

    Returns
    -------
    CaseMix
        adjusted = mean - (adjusters of the department - adjusters of all ratings) x slopes. The slopes are those
        within departments: between departments, customers and quality cannot be told apart. The mean of all ratings
        stays what it was. The error allows for that of the slopes. Constant and redundant adjusters change nothing.

    Raises
    ------
    ParameterError
        A column that is not numeric, departments, adjusters or clusters that do not fit.
    NotEnoughDataError
        No department with two answers.

    Warnings
    --------
    It takes off only what the adjusters measure. Where they are themselves an effect of the service (the mood of a
    unit that is served badly) it takes off quality, and where departments hardly share any kind of customer the
    adjusted mean is an extrapolation. Read it beside the raw mean and not instead of it.

    References
    ----------
    O'Malley, A. J. et al. (2005). Case-mix adjustment of the CAHPS Hospital Survey. Health Services Research 40,
    2162-2181. In R: ``m <- lm(y ~ 0 + department + x)``, ``coef(m)[department] + mean(x) * coef(m)["x"]``.
    """
    ratings = rated(scores, departments=departments, clusters=clusters, conf_level=conf_level)
    matrix, warnings = _matrix(adjusters, n_rows=len(scores))
    fits = {variable: _Fit.of(own, matrix.to_numpy()[own.rows]) for variable, own in ratings.items()}
    rows = [
        row
        for variable, own in ratings.items()
        for row in department_rows(
            own,
            variable,
            {"mean": list(own.intervals(conf_level)), "adjusted": _adjusted(own, fits[variable], conf_level)},
        )
    ]
    data = pd.DataFrame(rows, columns=COLUMNS).astype(dict.fromkeys(NUMBERS, float))
    slopes = pd.DataFrame(
        [
            {"variable": variable, "adjuster": name, **_slope(fit, number, conf_level)}
            for variable, fit in fits.items()
            for number, name in enumerate(matrix.columns)
        ],
        columns=["variable", "adjuster", *NUMBERS],
    )
    return CaseMix(
        data=data,
        people=data[["n", "n_people"]].copy(),
        settings=CaseMixSettings(
            method="within_slopes",
            interval="t",
            conf_level=conf_level,
            missing="available",
            warnings=warnings,
            adjusters=tuple(str(name) for name in adjusters.columns),
        ),
        slopes=slopes,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Fit:
    """Slopes within departments and what one unit of each person's residuals moves.

    Attributes
    ----------
    slopes
        One per adjuster.
    influence
        People x adjusters: how much each person moves the slopes.
    own
        People x departments: how much each person moves the means at these slopes.
    surplus
        Departments x adjusters: adjusters of the department less those of all ratings.
    """

    slopes: FloatArray
    influence: FloatArray
    own: FloatArray
    surplus: FloatArray

    @classmethod
    def of(cls, ratings: Rated, adjusters: FloatArray) -> _Fit:
        if not (ratings.counts > 1).any():
            raise NotEnoughDataError("No department has two answers; there is nothing to adjust by.", code="ICS-531")
        means = np.column_stack([_means(ratings, column) for column in adjusters.T])
        within = adjusters - means[ratings.departments]
        centred = ratings.values - ratings.means[ratings.departments]
        spread = np.sqrt((within**2).sum(axis=0))
        scale = np.where(spread > NEGLIGIBLE * np.abs(adjusters).max(axis=0) * len(adjusters), spread, np.inf)
        inverse = np.linalg.pinv((within / scale).T @ (within / scale), rcond=NEGLIGIBLE, hermitian=True)
        inverse = inverse / np.outer(scale, scale)
        slopes = inverse @ (within.T @ centred)
        residuals = centred - within @ slopes
        people = np.unique(ratings.people, return_inverse=True)[1]
        count = int(people.max()) + 1
        moved = np.zeros((count, adjusters.shape[1]))
        np.add.at(moved, people, within * residuals[:, None])
        own = np.zeros((count, len(ratings.names)))
        np.add.at(own, (people, ratings.departments), residuals / ratings.counts[ratings.departments])
        return cls(
            slopes=slopes,
            influence=moved @ inverse * np.sqrt(count / max(count - 1, 1)),
            own=own * _small_sample(ratings.people_per_department),
            surplus=means - adjusters.mean(axis=0),
        )

    @property
    def error_of_slopes(self) -> FloatArray:
        return np.asarray(np.linalg.norm(self.influence, axis=0), dtype=np.float64)

    @property
    def error_of_means(self) -> FloatArray:
        moves = self.own - self.influence @ np.nan_to_num(self.surplus).T
        return np.asarray(np.linalg.norm(moves, axis=0), dtype=np.float64)


def _small_sample(people: FloatArray) -> FloatArray:
    """Return the root of c / (c - 1) per department; NaN with one person."""
    return np.sqrt(people / np.where(people > 1, people - 1.0, np.nan))


def _means(ratings: Rated, column: FloatArray) -> FloatArray:
    return ratings.sums(column) / np.where(ratings.counts > 0, ratings.counts, np.nan)


def _adjusted(ratings: Rated, fit: _Fit, conf_level: float) -> list[dict[str, object]]:
    estimates = ratings.means - fit.surplus @ fit.slopes
    people = ratings.people_per_department
    return [
        interval(float(estimate), float(error), conf_level, freedom=float(count - 1))
        if error > 0
        else {"estimate": float(estimate)}
        for estimate, error, count in zip(estimates, fit.error_of_means, people, strict=True)
    ]


def _slope(fit: _Fit, number: int, conf_level: float) -> dict[str, object]:
    slope, error, freedom = float(fit.slopes[number]), float(fit.error_of_slopes[number]), len(fit.influence) - 1
    if error == 0:
        return {"estimate": slope}
    p_value = float(2 * stdtr(freedom, -abs(slope) / error))
    return interval(slope, error, conf_level, freedom=freedom) | {"p_value": p_value}


def _matrix(adjusters: pd.DataFrame, *, n_rows: int) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the adjusters as numbers without gaps: categories as one column per level but the first."""
    if not isinstance(adjusters, pd.DataFrame) or not len(adjusters.columns):
        raise ParameterError("adjusters must be a DataFrame with at least one customer attribute.", code="ICS-383")
    if len(adjusters) != n_rows:
        raise ParameterError(f"adjusters has {len(adjusters)} rows for {n_rows} ratings.", code="ICS-383")
    columns: dict[str, FloatArray] = {}
    warnings = []
    for name in map(str, adjusters.columns):
        column = adjusters[name]
        if not pd.api.types.is_numeric_dtype(column.dtype) or isinstance(column.dtype, pd.CategoricalDtype):
            levels = column.astype(object).where(column.notna(), NO_ANSWER).astype(str)
            columns |= {
                f"{name}: {level}": np.asarray(levels == level, dtype=np.float64) for level in sorted(set(levels))[1:]
            }
            continue
        values = column.to_numpy(dtype=float, na_value=np.nan)
        gaps = ~np.isfinite(values)
        if gaps.all():
            raise ParameterError(f"The adjuster {name} has no values.", code="ICS-383")
        if gaps.any():
            warnings.append(f"imputed:{name}")
        columns[name] = np.where(gaps, values[~gaps].mean(), values)
    return pd.DataFrame(columns, index=range(n_rows)), tuple(warnings)
