"""What is left of the differences between departments when chance is taken out: shrunken means and funnel limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar
from scipy.special import ndtri
from scipy.stats import rankdata

from icstats.departments import COLUMNS, NUMBERS, Rated, department_rows, interval, rank_limits, rated
from icstats.errors import NotEnoughDataError
from icstats.results import Result, Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike

    from icstats.sampling import FloatArray

__all__ = ["Shrinkage", "shrink"]

FEWEST_DEPARTMENTS = 3
"""Two departments do not show how far departments lie apart."""

FUNNEL = {"95": 0.95, "998": 0.998}
"""Coverage of the funnel limits: where one department in 20, and one in 500, lies by chance alone."""

POSITIONS = ("position", "position_low", "position_high")
OWN_COLUMNS = [
    *("reliability", *POSITIONS, "target"),
    *(f"funnel_{end}_{limit}" for limit in FUNNEL for end in ("low", "high")),
]


@dataclass(frozen=True, kw_only=True, repr=False)
class Shrinkage(Result):
    """Means of departments, of each the statistics ``mean`` (raw) and ``shrunken``, both in points.

    Extra columns of ``data``, none of which passes the door (they give the number of answers away): ``reliability``,
    ``position``, ``position_low``, ``position_high``, ``target``, ``funnel_low_95``, ``funnel_high_95``,
    ``funnel_low_998``, ``funnel_high_998``; empty in the rows they are not about.

    Attributes
    ----------
    components
        One row per variable: ``mean`` (of departments, weighted by what they tell), ``variance_between``,
        ``variance_within``, ``n_departments``.
    """

    components: pd.DataFrame


def shrink(
    scores: pd.DataFrame,
    *,
    departments: ArrayLike,
    target: Mapping[str, float] | None = None,
    clusters: ArrayLike | None = None,
    conf_level: float = 0.95,
) -> Shrinkage:
    """Estimate the means of departments together: the fewer answers, the closer to the mean of all.

    Among small departments the highest and lowest means are mostly luck. The shrunken mean is the best guess of where
    a department really stands; it stands beside the raw mean and not instead of it, because it also hides a small
    department that truly differs.

    Parameters
    ----------
    scores
        Ratings x variables, floats in points of the response scale, NaN for missing.
    departments
        Department of each rating.
    target
        Per variable the middle of the funnel, for instance a norm; otherwise the mean of departments.
    clusters
        Respondent of each rating, for the number of people and the interval of the raw mean. That one person rates
        several departments does not change a shrunken mean; see :func:`icstats.raters.leniency` for what it does.
    conf_level
        Coverage of the intervals.

    Returns
    -------
    Shrinkage
        Departments in alphabetical order. ``reliability`` r of a mean of n answers is
        between / (between + within / n); the shrunken mean is mu + r (mean - mu), its interval t with departments - 1
        degrees of freedom and variance between (1 - r) + (1 - r)² var(mu). Where departments do not differ beyond
        chance all shrink to mu, and ``settings.warnings`` has ``no_differences:<variable>``.

        ``position`` is the share of departments with a lower raw mean, half of the own place included; its limits
        hold for all departments at once. ``funnel_low_95`` to ``funnel_high_95`` is where 95 % of departments with
        this many answers would lie if all were truly at the target; ``998``: 99.8 %.

    Raises
    ------
    NotEnoughDataError
        Fewer than three departments with answers, or no department with two different answers, all variables at once.
    ParameterError
        A column that is not numeric, departments or clusters that do not fit.

    Warnings
    --------
    It takes departments for draws from one bell curve: one that truly stands apart is drawn to the rest, the more so
    the smaller it is. Fewer than ten departments tell little about how much they differ. Not for a league table:
    intervals overlap more than ranks suggest.

    References
    ----------
    Spiegelhalter, D. J. (2005). Funnel plots for comparing institutional performance. Statistics in Medicine 24,
    1185-1202. In R: ``m <- lme4::lmer(y ~ 1 + (1 | department))``, ``coef(m)``, ``VarCorr(m)`` (REML).
    """
    ratings = rated(scores, departments=departments, clusters=clusters, conf_level=conf_level)
    short = [variable for variable, own in ratings.items() if not _enough(own)]
    if short:
        raise NotEnoughDataError(
            f"Too few departments with different answers to shrink {', '.join(short)}.",
            code="ICS-530",
            hint=f"At least {FEWEST_DEPARTMENTS} departments must have answers, and answers must differ within one.",
        )
    models = {variable: _Model.of(own) for variable, own in ratings.items()}
    middles = target or {}
    rows = [
        row
        for variable, own in ratings.items()
        for row in department_rows(
            own,
            variable,
            {
                "mean": _raw(own, models[variable], middles.get(variable), conf_level),
                "shrunken": _shrunken(own, models[variable], conf_level),
            },
        )
    ]
    data = pd.DataFrame(rows, columns=[*COLUMNS, *OWN_COLUMNS]).astype(dict.fromkeys([*NUMBERS, *OWN_COLUMNS], float))
    return Shrinkage(
        data=data,
        people=data[["n", "n_people"]].copy(),
        settings=Settings(
            method="reml",
            interval="t",
            conf_level=conf_level,
            missing="available",
            warnings=tuple(f"no_differences:{variable}" for variable, model in models.items() if not model.ratio),
        ),
        components=pd.DataFrame(
            {
                variable: {
                    "mean": model.mean,
                    "variance_between": model.ratio * model.within,
                    "variance_within": model.within,
                    "n_departments": float((own.counts > 0).sum()),
                }
                for (variable, own), model in zip(ratings.items(), models.values(), strict=True)
            }
        ).T.rename_axis("variable"),
    )


@dataclass(frozen=True, kw_only=True)
class _Model:
    """Departments drawn around one mean: the variance within them, and the ratio of between to within."""

    mean: float
    error: float
    within: float
    ratio: float

    @classmethod
    def of(cls, ratings: Rated) -> _Model:
        """Return the model by restricted maximum likelihood, a function of the ratio alone."""
        answered = ratings.counts > 0
        n, means = ratings.counts[answered], ratings.means[answered]
        square, total = ratings.square_within, len(ratings.values)

        def parts(share: float) -> tuple[float, float, float, float]:
            ratio = share / (1 - share)
            precision = n / (1 + ratio * n)
            mean = float(precision @ means / precision.sum())
            within = float((square + precision @ (means - mean) ** 2) / (total - 1))
            return ratio, mean, within, float(precision.sum())

        def deviance(share: float) -> float:
            ratio, _, within, precision = parts(share)
            return float((total - 1) * np.log(within) + np.log1p(ratio * n).sum() + np.log(precision))

        best = minimize_scalar(deviance, bounds=(0, 1 - 1e-9), method="bounded", options={"xatol": 1e-12})
        ratio, mean, within, precision = parts(float(best.x) if best.fun < deviance(0.0) else 0.0)
        return cls(mean=mean, error=float(np.sqrt(within / precision)), within=within, ratio=ratio)

    def reliability(self, n: FloatArray) -> FloatArray:
        """Return the share of the variance of a mean of n answers that is not chance."""
        return self.ratio * n / (1 + self.ratio * n)


def _enough(ratings: Rated) -> bool:
    return int((ratings.counts > 0).sum()) >= FEWEST_DEPARTMENTS and ratings.square_within > 0


def _raw(ratings: Rated, model: _Model, target: float | None, conf_level: float) -> list[dict[str, object]]:
    middle = model.mean if target is None else target
    intervals = list(ratings.intervals(conf_level))
    errors = np.array([one.get("std_error", np.nan) for one in intervals], dtype=np.float64)
    answered = ratings.counts > 0
    means, freedom = ratings.means[answered], ratings.people_per_department[answered] - 1.0
    ranks = np.column_stack([rankdata(means), rank_limits(means, errors[answered], freedom, conf_level)])
    places = np.full((len(ratings.names), 3), np.nan)
    places[answered] = (ranks - 0.5) / len(means)
    with np.errstate(divide="ignore"):
        chance = np.sqrt(model.within / ratings.counts)
    funnel = {
        f"funnel_{end}_{limit}": middle + sign * float(ndtri((1 + coverage) / 2)) * chance
        for limit, coverage in FUNNEL.items()
        for end, sign in (("low", -1), ("high", 1))
    }
    return [
        {
            **one,
            "target": middle,
            **dict(zip(POSITIONS, places[number].tolist(), strict=True)),
            **{name: float(limits[number]) for name, limits in funnel.items()},
        }
        for number, one in enumerate(intervals)
    ]


def _shrunken(ratings: Rated, model: _Model, conf_level: float) -> list[dict[str, object]]:
    reliability = model.reliability(ratings.counts)
    pulls = np.where(ratings.counts > 0, reliability * (ratings.means - model.mean), 0.0)
    left = 1 - reliability
    errors = np.sqrt(model.ratio * model.within * left + (left * model.error) ** 2)
    freedom = float((ratings.counts > 0).sum() - 1)
    return [
        interval(float(model.mean + pull), float(error), conf_level, freedom=freedom) | {"reliability": float(own)}
        for pull, error, own in zip(pulls, errors, reliability, strict=True)
    ]
