"""The difference of means from a norm, and how sure it is: what a comparison and a standing both rest on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from scipy.special import stdtr, stdtrit

from icstats.errors import NormError, ParameterError, Problem
from icstats.means import FEWEST_PEOPLE, Answers
from icstats.results import Settings
from icstats.sampling import (
    FEW_CLUSTERS,
    checked_items,
    department_codes,
    person_codes,
    require_conf_level,
    require_option,
    row_weights,
)
from icstats.tails import FINEST, chance_of_mean

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    import pandas as pd
    from numpy.typing import ArrayLike

    from icstats.norms import Norm
    from icstats.sampling import FloatArray

__all__ = ["Difference", "NormAs", "NormSettings", "differences", "differences_in_pool", "interval"]

NormAs = Literal["fixed", "sampled"]

QUARTILES = ("q25", "q50", "q75")

FEWEST = 2
"""One organisation has no spread."""


@dataclass(frozen=True, kw_only=True)
class NormSettings(Settings):
    """How scores were held against a norm.

    Attributes
    ----------
    norm
        Name of the norm.
    norm_as
        ``fixed``: the norm is taken as known; ``sampled``: as the mean of a sample of organisations.
    """

    norm: str
    norm_as: NormAs = "fixed"


@dataclass(frozen=True, kw_only=True)
class NormValue:
    """What the norm says about one variable.

    Attributes
    ----------
    mean, sd_within, minimum, maximum, n_respondents, quartiles
        As in :class:`icstats.norms.Norm`; NaN where the norm has none.
    own_share
        Weight of the scores themselves within the mean.
    sampled
        Whether the mean counts as that of a sample of organisations.
    error, freedom
        Standard error of the mean of the others, and its degrees of freedom; 0 and infinite for a fixed norm.
    """

    mean: float
    sd_within: float
    minimum: float
    maximum: float
    n_respondents: float
    quartiles: tuple[float, ...]
    own_share: float
    sampled: bool
    error: float
    freedom: float


@dataclass(frozen=True, kw_only=True)
class Difference:
    """The mean of one variable less the norm; without spread in the answers there is only the difference.

    Attributes
    ----------
    answers, norm
        What is compared.
    own_error, own_reach
        Standard error of the mean of the answers and half the width of its interval.
    error, freedom, reach
        Standard error of the difference, its degrees of freedom and half the width of its interval.
    """

    answers: Answers
    norm: NormValue
    own_error: float = np.nan
    own_reach: float = np.nan
    error: float = np.nan
    freedom: float = np.nan
    reach: float = np.nan

    @property
    def estimate(self) -> float:
        """Mean less norm."""
        return self.answers.mean - self.norm.mean

    @property
    def others(self) -> float:
        """Mean of the others in the norm."""
        return self.answers.mean - self.estimate / (1 - self.norm.own_share)

    @property
    def ends(self) -> tuple[float, float]:
        """Ends of the interval."""
        return self.estimate - self.reach, self.estimate + self.reach

    @property
    def spread(self) -> float:
        """Standard deviation of people within an organisation: the norm's, else of those who answered here."""
        return self.norm.sd_within if np.isfinite(self.norm.sd_within) else self.answers.sd

    @property
    def p_value(self) -> float:
        """Two-sided test of no difference."""
        return float(2 * stdtr(self.freedom, -abs(self.estimate) / self.error))

    @property
    def p_guarded(self) -> float:
        """Two-sided test of no difference that a ceiling does not deceive; never smaller than :attr:`p_value`.

        With few answers at the top of a scale, nearly all equal, the t statistic is large by chance: far in its tail,
        where many comparisons look, p is much too small. So this is the larger p value of two: that of the t test, and
        the chance that the mean of so many answers lies so far from the norm where people answer as is typical of the
        norm's mean and spread on this scale (:func:`icstats.tails.chance_of_mean`).
        """
        norm = self.norm
        width = norm.maximum - norm.minimum
        place = (norm.mean - norm.minimum) / width
        if np.isnan(self.error) or not 0 < place < 1:
            return self.p_value
        apart, given = self.error / (1 - norm.own_share), np.unique(self.answers.values)
        chance = chance_of_mean(
            self.estimate / (1 - norm.own_share) / width,
            people=(self.answers.sd / apart) ** 2,
            mean=place,
            sd=self.spread / width,
            steps=int(np.clip(np.rint(width / np.diff(given).min()), 1, FINEST)),
        )
        return max(chance, self.p_value)

    def p_equivalence(self, margin: float) -> float:
        """Return the larger p value of the two one-sided tests of a difference beyond the margin, in points."""
        return float(stdtr(self.freedom, (abs(self.estimate) - margin) / self.error))


def differences(
    scores: pd.DataFrame,
    norm: Norm,
    *,
    norm_as: NormAs,
    own_share: float | Mapping[str, float],
    conf_level: float,
    clusters: ArrayLike | None,
    weights: ArrayLike | None,
) -> tuple[dict[str, Difference], NormSettings]:
    """Return the difference of every variable from the norm, and how they were found.

    Parameters are those of :func:`icstats.benchmark.compare_with_norm`.

    Raises
    ------
    NormError
        Variables that the norm does not have, or whose spread between organisations it does not have.
    ParameterError
        A column that is not numeric or a setting that is not allowed.
    """
    require_conf_level(conf_level)
    require_option(norm_as, name="norm_as", allowed=get_args(NormAs))
    values = checked_items(scores)
    _require_known(values, norm, norm_as)
    shares = _own_shares(own_share, list(values.columns))
    people = person_codes(clusters, n_rows=len(values))
    weight = row_weights(weights, n_rows=len(values))
    answers = {variable: Answers.of(values[variable].to_numpy(), people, weight) for variable in values.columns}
    known = norm.values.loc[list(values.columns)].to_dict("index")
    found = {
        variable: _difference(
            own, _norm_value(known[variable], own_share=shares[variable], norm_as=norm_as), conf_level=conf_level
        )
        for variable, own in answers.items()
    }
    settings = NormSettings(
        method="mean",
        interval="t",
        conf_level=conf_level,
        missing="available",
        n_clusters=max((own.n_people for own in answers.values() if own.repeated), default=0),
        norm=norm.name,
        norm_as=norm_as,
        warnings=tuple(_warnings(answers)),
    )
    return found, settings


def differences_in_pool(
    scores: pd.DataFrame,
    norm: Norm,
    *,
    departments: ArrayLike,
    conf_level: float,
    clusters: ArrayLike | None,
    weights: ArrayLike | None,
) -> tuple[dict[str, dict[str, Difference]], NormSettings]:
    """Return the differences of departments from their own unweighted mean: department -> variable -> difference.

    Parameters are those of :func:`icstats.benchmark.compare_departments`.

    Raises
    ------
    NormError, ParameterError
        As :func:`differences`; also departments that do not fit.
    """
    require_conf_level(conf_level)
    values = checked_items(scores)
    _require_known(values, norm, "fixed")
    names, codes = department_codes(departments, n_rows=len(values))
    people, weight = person_codes(clusters, n_rows=len(values)), row_weights(weights, n_rows=len(values))
    known = norm.values.loc[list(values.columns)].to_dict("index")
    found: dict[str, dict[str, Difference]] = {name: {} for name in names}
    for variable in values.columns:
        column = values[variable].to_numpy()
        rows = [(codes == number) & ~np.isnan(column) for number in range(len(names))]
        answers = [Answers.of(column[own], people[own], weight[own]) for own in rows]
        in_pool = sum(own.n > 0 for own in answers)
        in_norm = _norm_value(known[variable], own_share=1 / in_pool if in_pool > 1 else 0.0, norm_as="fixed")
        moves = np.zeros((int(people.max(initial=-1)) + 1, len(names)))
        for number, (own, answer) in enumerate(zip(rows, answers, strict=True)):
            np.add.at(moves[:, number], people[own], answer.moves)
        for number, name in enumerate(names):
            found[name][variable] = _difference_in_pool(number, answers, in_norm, moves, conf_level=conf_level)
    every = [Answers.of(values[variable].to_numpy(), people, weight) for variable in values.columns]
    settings = NormSettings(
        method="mean",
        interval="t",
        conf_level=conf_level,
        missing="available",
        n_clusters=max((own.n_people for own in every if own.repeated), default=0),
        norm=norm.name,
        warnings=tuple(_warnings(dict(zip(values.columns, every, strict=True)))),
    )
    return found, settings


def interval(estimate: float, error: float, reach: float) -> dict[str, object]:
    """Return an estimate with its error and the ends of its interval, as columns of a result."""
    return {"estimate": estimate, "std_error": error, "conf_low": estimate - reach, "conf_high": estimate + reach}


def _difference(answers: Answers, norm: NormValue, *, conf_level: float) -> Difference:
    difference = Difference(answers=answers, norm=norm)
    if not answers.varies:
        return difference
    tail = (1 + conf_level) / 2
    own_error, own_freedom = answers.error_of_mean, answers.n_people - 1.0
    apart = float(np.hypot(own_error, norm.error))  # error of the difference from the others
    # Welch and Satterthwaite: the own degrees of freedom again where the norm is fixed.
    freedom = apart**4 / (own_error**4 / own_freedom + norm.error**4 / norm.freedom)
    error = (1 - norm.own_share) * apart
    return replace(
        difference,
        own_error=own_error,
        own_reach=float(stdtrit(own_freedom, tail)) * own_error,
        error=error,
        freedom=freedom,
        reach=float(stdtrit(freedom, tail)) * error,
    )


def _difference_in_pool(
    number: int, answers: list[Answers], norm: NormValue, moves: FloatArray, *, conf_level: float
) -> Difference:
    """Return the difference of one department; ``moves``: how much each person moves the mean of each department."""
    own = answers[number]
    difference = _difference(own, norm, conf_level=conf_level)
    if not own.varies or not norm.own_share:
        return difference
    answered = np.array([answer.n > 0 for answer in answers])
    shares = np.where(answered, -norm.own_share, 0.0)
    shares[number] += 1
    error = float(np.linalg.norm(moves @ shares))
    parts = shares**2 * (moves**2).sum(axis=0)
    each = np.array([max(answer.n_people - 1.0, 1.0) for answer in answers])
    freedom = float(parts.sum() ** 2 / (parts**2 / each).sum())  # Satterthwaite
    return replace(
        difference, error=error, freedom=freedom, reach=float(stdtrit(freedom, (1 + conf_level) / 2)) * error
    )


def _warnings(answers: Mapping[str, Answers]) -> Iterator[str]:
    for variable, own in answers.items():
        if own.n == 0:
            yield f"no_answers:{variable}"
        elif own.n_people < FEWEST_PEOPLE:
            yield f"too_few_answers:{variable}"
        elif not own.varies:
            yield f"no_variance:{variable}"
    if any(own.repeated and own.n_people < FEW_CLUSTERS for own in answers.values()):
        yield "few_clusters"


def _norm_value(known: Mapping[Hashable, float], *, own_share: float, norm_as: NormAs) -> NormValue:
    sampled = norm_as == "sampled"
    others = known["n_organisations"] * (1 - own_share) if sampled else np.inf
    return NormValue(
        mean=known["mean"],
        sd_within=known["sd_within"],
        minimum=known["minimum"],
        maximum=known["maximum"],
        n_respondents=known.get("n_respondents", np.nan),
        quartiles=tuple(known.get(name, np.nan) for name in QUARTILES),
        own_share=own_share,
        sampled=sampled,
        error=known["sd_between"] / others**0.5 if sampled else 0.0,
        freedom=others - 1,
    )


def _own_shares(own_share: float | Mapping[str, float], variables: list[str]) -> dict[str, float]:
    given = own_share if isinstance(own_share, Mapping) else dict.fromkeys(variables, own_share)
    shares = {variable: float(given.get(variable, 0.0)) for variable in variables}
    wrong = [variable for variable, share in shares.items() if not 0 <= share < 1]
    if wrong:
        raise ParameterError(
            [
                Problem(
                    code="ICS-381",
                    column=variable,
                    message=f"own_share is {shares[variable]:g}; it must be at least 0 and below 1.",
                    hint="Write 1 / K for one of K departments that make up the norm.",
                )
                for variable in wrong
            ]
        )
    return shares


def _require_known(values: pd.DataFrame, norm: Norm, norm_as: NormAs) -> None:
    if not len(values.columns):
        raise ParameterError("scores has no columns; there is nothing to compare.", code="ICS-379")
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
    if norm_as == "sampled":
        known = norm.values.loc[values.columns.intersection(norm.values.index)]
        has_spread = (known["sd_between"] > 0) & (known["n_organisations"] >= FEWEST)
        problems += [
            Problem(
                code="ICS-418",
                column=str(variable),
                message=f'the norm "{norm.name}" does not say how far its organisations lie apart.',
                hint='A sampled norm needs sd_between and two organisations or more; otherwise take norm_as="fixed".',
            )
            for variable in known.index[~has_spread]
        ]
    if problems:
        raise NormError(problems)
