"""Many organisations become one norm: how they differ from each other, apart from chance.

Every organisation counts once, whatever its size. The spread of their means holds chance as well, and most where few
people answered; it is taken out, so that a norm of small surveys does not look wider than it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import chdtri, stdtrit

from icstats.errors import NormError, Problem
from icstats.means import Answers
from icstats.sampling import FEWEST, person_codes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike

    from icstats.sampling import FloatArray

__all__ = ["DOMINATES", "FEWEST_ORGANISATIONS", "QUARTILES_FROM", "Pooled", "organisation_scores", "pool_organisations"]

FEWEST_ORGANISATIONS = 5
"""With fewer, a norm is hardly more than the results of single organisations."""

QUARTILES_FROM = 10
"""From this number of organisations on quartiles are given; of fewer they would be the means of single ones."""

DOMINATES = 0.5
"""No organisation may give more than this part of all ratings: the spread of people would be its own."""

QUARTILES = {"q25": 0.25, "q50": 0.5, "q75": 0.75}


@dataclass(frozen=True, kw_only=True, eq=False)
class Pooled:
    """What organisations score together.

    Attributes
    ----------
    values
        One row per code, index ``code``: ``n_organisations``, ``n_respondents`` (ratings), ``mean`` (of organisations'
        means), ``sd_within``, ``sd_between``, ``q25``, ``q50`` (the median of organisations), ``q75``,
        ``mean_of_people`` (every rating counts once).
    intervals
        Columns ``code, statistic, estimate, conf_low, conf_high`` for ``mean``, ``sd_between`` and the quartiles.
    """

    values: pd.DataFrame
    intervals: pd.DataFrame


def organisation_scores(scores: pd.DataFrame, *, clusters: ArrayLike | None = None) -> pd.DataFrame:
    """Return what one organisation contributes to a norm.

    Parameters
    ----------
    scores
        Ratings x codes, floats in points of the response scale, NaN for missing.
    clusters
        Respondent of each rating: the error of a mean allows for people who rate more than once.

    Returns
    -------
    DataFrame
        Index ``code``; columns ``n, n_people, mean, sd, std_error``. Codes with fewer than three people are left out.
    """
    people = person_codes(clusters, n_rows=len(scores))
    rows = {}
    for code in scores.columns:
        column = scores[code].to_numpy(dtype=float)
        given = ~np.isnan(column)
        values, own = column[given], np.unique(people[given], return_inverse=True)[1].astype(np.int64)
        n_people = int(own.max(initial=-1)) + 1
        if n_people >= FEWEST:
            rows[str(code)] = {
                "n": len(values),
                "n_people": n_people,
                "mean": float(values.mean()),
                "sd": float(values.std(ddof=1)),
                "std_error": Answers.of(values, own, np.ones(len(values))).error_of_mean,
            }
    columns = ["n", "n_people", "mean", "sd", "std_error"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("code")


def pool_organisations(
    organisations: Mapping[str, pd.DataFrame], *, minimum_group: int = 10, conf_level: float = 0.95
) -> Pooled:
    """Pool organisations' scores, every organisation counting once.

    Parameters
    ----------
    organisations
        Name -> scores from :func:`organisation_scores`.
    minimum_group
        A code that fewer people of an organisation answered is left out for that organisation.
    conf_level
        Coverage of the intervals.

    Returns
    -------
    Pooled
        Codes of at least five organisations, none of which gave more than half of the answers to it, in the order of
        the first that has them. Quartiles from ten organisations on, else NaN.

    Raises
    ------
    NormError
        Fewer than five organisations; or one with more than half of all ratings.

    Notes
    -----
    The squared spread between organisations is the variance of their means minus the mean of their squared errors
    (Hedges & Olkin 1983; in R ``metafor::rma(mean, sei = std_error, method = "HE")``), never below 0; its interval
    comes from chi-squared for the variance of the means. Quartiles are those of the means, drawn to their middle until
    their spread is that between organisations (Louis 1984), with distribution-free intervals by order statistics.
    """
    usable = {name: scores[scores["n_people"] >= minimum_group] for name, scores in organisations.items()}
    _require_enough({name: float(scores["n"].max()) for name, scores in usable.items() if not scores.empty})
    codes = list(dict.fromkeys(code for scores in usable.values() for code in scores.index))
    rows, intervals = {}, []
    for code in codes:
        own = pd.DataFrame([scores.loc[code] for scores in usable.values() if code in scores.index])
        if len(own) >= FEWEST_ORGANISATIONS and own["n"].max() <= DOMINATES * own["n"].sum():
            one = _Code(own=own, conf_level=conf_level)
            rows[code] = one.values
            intervals += [{"code": code, **row} for row in one.intervals]
    return Pooled(
        values=pd.DataFrame.from_dict(rows, orient="index").rename_axis("code"),
        intervals=pd.DataFrame(intervals, columns=["code", "statistic", "estimate", "conf_low", "conf_high"]),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Code:
    """One code in all organisations that have it."""

    own: pd.DataFrame
    conf_level: float

    @property
    def means(self) -> FloatArray:
        return self.own["mean"].to_numpy(dtype=float)

    @property
    def chance(self) -> float:
        """Mean squared error of the organisations' means."""
        return float((self.own["std_error"] ** 2).mean())

    @property
    def sd_between(self) -> float:
        return float(max(self.means.var(ddof=1) - self.chance, 0.0) ** 0.5)

    @property
    def drawn_in(self) -> FloatArray:
        """The means with the spread that organisations truly have."""
        middle, spread = self.means.mean(), self.means.std(ddof=1)
        return np.asarray(middle + (self.means - middle) * (self.sd_between / spread if spread else 0.0))

    @property
    def values(self) -> dict[str, float]:
        n = self.own["n"].to_numpy(dtype=float)
        within = (((n - 1) * self.own["sd"] ** 2).sum() / (n - 1).sum()) ** 0.5
        quartiles = dict.fromkeys(QUARTILES, float("nan"))
        if len(self.own) >= QUARTILES_FROM:
            quartiles = {name: float(np.quantile(self.drawn_in, part)) for name, part in QUARTILES.items()}
        return {
            "n_organisations": float(len(self.own)),
            "n_respondents": float(n.sum()),
            "mean": float(self.means.mean()),
            "sd_within": float(within),
            "sd_between": self.sd_between,
            **quartiles,
            "mean_of_people": float((n * self.means).sum() / n.sum()),
        }

    @property
    def intervals(self) -> list[dict[str, object]]:
        from scipy.stats import quantile_test  # noqa: PLC0415  slow to load; only norms need it

        k, tail = len(self.own), (1 + self.conf_level) / 2
        mean, variance = float(self.means.mean()), float(self.means.var(ddof=1))
        reach = float(stdtrit(k - 1, tail)) * (variance / k) ** 0.5
        ends = [max((k - 1) * variance / chdtri(k - 1, part) - self.chance, 0.0) ** 0.5 for part in (1 - tail, tail)]
        rows: list[dict[str, object]] = [
            {"statistic": "mean", "estimate": mean, "conf_low": mean - reach, "conf_high": mean + reach},
            {"statistic": "sd_between", "estimate": self.sd_between, "conf_low": ends[0], "conf_high": ends[1]},
        ]
        if k >= QUARTILES_FROM:
            for name, part in QUARTILES.items():
                found = quantile_test(self.drawn_in, p=part).confidence_interval(confidence_level=self.conf_level)
                low, high = float(found.low), float(found.high)
                estimate = float(np.quantile(self.drawn_in, part))
                rows.append({"statistic": name, "estimate": estimate, "conf_low": low, "conf_high": high})
        return rows


def _require_enough(sizes: Mapping[str, float]) -> None:
    problems = []
    if len(sizes) < FEWEST_ORGANISATIONS:
        message = f"{len(sizes)} organisations have enough answers; a norm needs at least {FEWEST_ORGANISATIONS}."
        problems.append(Problem(code="ICS-430", message=message))
    total = sum(sizes.values())
    problems += [
        Problem(
            code="ICS-431",
            message=f"{name} gives {size / total:.0%} of all ratings; no organisation may give more than half.",
            hint="leave it out, or add organisations",
        )
        for name, size in sizes.items()
        if len(sizes) >= FEWEST_ORGANISATIONS and size > DOMINATES * total
    ]
    if problems:
        raise NormError(problems)
