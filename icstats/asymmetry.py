"""Whether a question costs satisfaction when it goes badly, or earns it when it goes well: penalty and reward."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd
from scipy.special import stdtr, stdtrit

from icstats.cases import complete_cases
from icstats.errors import NotEnoughDataError, ParameterError, Problem
from icstats.linear import fit_linear
from icstats.results import Result, Settings
from icstats.sampling import require_conf_level

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import ArrayLike, NDArray

    from icstats.cases import Cases, FloatArray
    from icstats.linear import LinearFit

    BoolArray = NDArray[np.bool_]

__all__ = ["EXTREMES_FROM", "LABELS", "PenaltyReward", "PenaltyRewardSettings", "penalty_reward"]

EXTREMES_FROM = 10
"""Low answers and high answers that a label needs at least."""

INTERCEPT = "(intercept)"
LABELS = ("basic", "performance", "excitement")
"""What an item can be said to be; otherwise it is ``unclear``."""

PARTS = ("penalty", "reward", "asymmetry")
SPAN = "span"
"""Reward minus penalty: how much more satisfaction goes with a high answer than with a low one."""
ESTIMATES = ("estimate", "std_error", "conf_low", "conf_high", "p_value")


@dataclass(frozen=True, kw_only=True)
class PenaltyRewardSettings(Settings):
    """How penalties and rewards were computed.

    Attributes
    ----------
    outcome
        Name of what is explained.
    n_total
        Rows before incomplete ones were left out.
    low_max, high_min
        Item -> highest answer that counts as low, lowest that counts as high.
    """

    outcome: str
    n_total: int
    low_max: Mapping[str, float]
    high_min: Mapping[str, float]


@dataclass(frozen=True, kw_only=True, repr=False)
class PenaltyReward(Result):
    """Penalties and rewards, one row per item and statistic.

    Statistics of each item: ``penalty`` and ``reward`` (points of the outcome, against an answer in between),
    ``asymmetry`` (reward plus penalty, so reward minus the size of the penalty), ``low_share`` and ``high_share``. The
    column ``verdict`` of ``asymmetry`` is ``basic``, ``performance``, ``excitement`` or ``unclear``. The item
    ``(intercept)`` has ``coefficient``, ``model`` has ``r_squared``. Behind a penalty stand those who answered low.
    """

    keys: ClassVar[tuple[str, str]] = ("item", "statistic")

    settings: PenaltyRewardSettings


def penalty_reward(
    data: pd.DataFrame,
    *,
    outcome: str,
    drivers: Sequence[str],
    low_max: float | Mapping[str, float],
    high_min: float | Mapping[str, float],
    weights: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
    conf_level: float = 0.95,
) -> PenaltyReward:
    """Contrast what a low answer takes from satisfaction with what a high answer adds.

    The outcome is regressed on two dummies per item: low, and high. An item is

    - *basic* when its penalty is surely below 0 and surely larger than its reward: it goes unnoticed until it fails;
    - *excitement* when its reward is surely above 0 and surely larger than its penalty;
    - *performance* when both are sure and neither is surely the larger;
    - *unclear* otherwise, with fewer than 10 low or 10 high answers, or where satisfaction does not rise from low to
      high: both ends can go with less than the answers in between.

    "Surely" means that the interval of the penalty, the reward or their sum lies on one side of 0. Satisfaction rises
    where reward minus penalty is surely above 0, and neither the penalty surely above nor the reward surely below it.
    Not being sure of a reward is not taken for its absence. These go together; they are no causes.

    Parameters
    ----------
    data
        One row per rating, numeric columns, NaN where there is no answer. Incomplete rows are left out.
    outcome
        Column that is explained.
    drivers
        Columns of the items.
    low_max, high_min
        Answers up to and from which an answer is low or high: one number for all items, or one per item.
    weights
        One positive weight per row.
    clusters
        Respondent of each row; errors as in :func:`icstats.drivers.regression`.
    conf_level
        Coverage of the t intervals.

    Returns
    -------
    PenaltyReward
        Items that nobody answered low or high are named in ``settings.warnings``, and have a coefficient of 0 there.

    Raises
    ------
    ParameterError
        Wrong columns, clusters, weights or settings; limits that overlap or lack an item.
    NotEnoughDataError
        Too few complete rows or people for two dummies per item, or an outcome without spread.

    Warnings
    --------
    Most items are ``unclear``, because few people answer low: that is no finding about the item. The cuts of low and
    high are a choice, and other cuts give other kinds. A ceiling looks like "basic": who is satisfied already cannot
    be more so. With many items and fewer than 200 ratings the dummies divide chance.

    References
    ----------
    Brandt, D. R. (1987). A procedure for identifying value-enhancing service components using customer satisfaction
    survey data. Add value to your service, AMA, 61-65. Matzler, K. & Sauerwein, E. (2002). The factor structure of
    customer satisfaction. International Journal of Service Industry Management 13, 314-332. In R:
    ``lm(y ~ I(x <= 2) + I(x >= 6), d)`` with ``sandwich::vcovHC(m, type = "HC3")``.
    """
    require_conf_level(conf_level)
    limits = _limits([str(driver) for driver in drivers], low_max, high_min)
    cases = complete_cases(data, outcome=outcome, drivers=drivers, clusters=clusters, weights=weights)
    low, high = cases.values[:, 1:] <= limits[0], cases.values[:, 1:] >= limits[1]
    extremes = _require_rows(
        replace(cases, drivers=cases.drivers * 2, values=np.hstack([cases.values[:, :1], low, high]))
    )
    one_each = np.eye(len(cases.drivers))
    sums, spans = (np.hstack([np.zeros((len(one_each), 1)), sign * one_each, one_each]) for sign in (1, -1))
    fit = fit_linear(extremes, contrasts=np.vstack([sums, spans]))
    result = _frame(cases, low, high, fit, conf_level)
    people = result[["n", "n_people"]].copy()
    settings = PenaltyRewardSettings(
        method="penalty_reward",
        interval=fit.errors,
        conf_level=conf_level,
        n_clusters=0 if cases.people is None else cases.n_people,
        outcome=cases.outcome,
        n_total=cases.n_total,
        low_max=dict(zip(cases.drivers, limits[0].tolist(), strict=True)),
        high_min=dict(zip(cases.drivers, limits[1].tolist(), strict=True)),
        warnings=(*_nobody("low", cases, low), *_nobody("high", cases, high), *_about_people(cases)),
    )
    return PenaltyReward(data=result, people=people, settings=settings)


def _limits(
    names: Sequence[str], low_max: float | Mapping[str, float], high_min: float | Mapping[str, float]
) -> FloatArray:
    """Return the limits of each item: 2 x items."""
    given = {"low_max": low_max, "high_min": high_min}
    problems = [
        Problem(code="ICS-380", column=name, message=f"has no {setting}.")
        for setting, limit in given.items()
        if isinstance(limit, Mapping)
        for name in names
        if name not in limit
    ]
    if problems:
        raise ParameterError(problems)
    limits = np.array(
        [[limit[name] if isinstance(limit, Mapping) else limit for name in names] for limit in given.values()],
        dtype=np.float64,
    ).reshape(2, len(names))
    problems = [
        Problem(code="ICS-380", column=name, message=f"low_max is {low:g} and high_min {high:g}; it must be larger.")
        for name, low, high in zip(names, *limits, strict=True)
        if not low < high
    ]
    if problems:
        raise ParameterError(problems)
    return limits


def _require_rows(cases: Cases) -> Cases:
    needed = len(cases.drivers) + 2
    if cases.n < needed:
        items = len(cases.drivers) // 2
        raise NotEnoughDataError(
            f"{cases.n} of {cases.n_total} rows are complete; penalty and reward of {items} items need {needed}.",
            code="ICS-511",
        )
    return cases


def _frame(cases: Cases, low: BoolArray, high: BoolArray, fit: LinearFit, conf_level: float) -> pd.DataFrame:
    error = np.sqrt(np.maximum(np.diag(fit.covariance), 0.0))
    error = np.where(error > 0, error, np.nan)
    reach = stdtrit(fit.degrees_of_freedom, (1 + conf_level) / 2) * error
    every = pd.DataFrame(
        {
            "item": [INTERCEPT, *cases.drivers * 4],
            "statistic": ["coefficient", *(name for name in (*PARTS, SPAN) for _ in cases.drivers)],
            "estimate": fit.coefficients,
            "std_error": error,
            "conf_low": fit.coefficients - reach,
            "conf_high": fit.coefficients + reach,
            "p_value": 2 * stdtr(fit.degrees_of_freedom, -np.abs(fit.coefficients / error)),
            "unit": "points",
        }
    )
    is_span = every["statistic"] == SPAN
    terms, rises = every[~is_span].copy(), (every.loc[is_span, "conf_low"] > 0).to_numpy()
    counted = [_counts(cases, ~np.any(low | high, axis=1))]
    counted += [_counts(cases, answered) for answers in (low, high) for answered in answers.T]
    fewest = np.minimum(*np.array(counted[1:]).reshape(2, len(cases.drivers), 2))
    terms[["n", "n_people"]] = [*counted, *fewest.tolist()]
    terms["verdict"] = ["", *[""] * (2 * len(cases.drivers)), *_verdicts(terms, rises)]
    weights = cases.weights / cases.weights.sum()
    shares = pd.DataFrame(
        {
            "item": [*cases.drivers * 2, "model"],
            "statistic": [name for name in ("low_share", "high_share") for _ in cases.drivers] + ["r_squared"],
            "estimate": [*weights @ low, *weights @ high, fit.model["r_squared"]],
            "unit": "share",
            "n": cases.n,
            "n_people": cases.n_people,
            "verdict": "",
        }
    )
    columns = ["item", "statistic", *ESTIMATES, "n", "n_people", "unit", "verdict"]
    return pd.concat([terms, shares.reindex(columns=columns)], ignore_index=True)[columns]


def _verdicts(terms: pd.DataFrame, rises: BoolArray) -> Iterator[str]:
    """Return the label of each item, if satisfaction surely rises over it; a missing interval is on no side of 0."""
    low, high, n = (terms[name].to_numpy()[1:].reshape(3, len(rises)) for name in ("conf_low", "conf_high", "n"))
    penalty, reward = high[0] < 0, low[1] > 0
    # An end that surely goes the other way is no failing that goes unnoticed, and no gift either.
    rises = rises & ~(low[0] > 0) & ~(high[1] < 0)
    for item, rising in enumerate(rises):
        if n[2, item] < EXTREMES_FROM or not rising:
            yield "unclear"
        elif penalty[item] and high[2, item] < 0:
            yield "basic"
        elif reward[item] and low[2, item] > 0:
            yield "excitement"
        else:
            yield "performance" if penalty[item] and reward[item] else "unclear"


def _counts(cases: Cases, chosen: BoolArray) -> tuple[int, int]:
    """Return how many rows are chosen, and how many people stand behind them."""
    n = int(chosen.sum())
    return n, n if cases.people is None else len(np.unique(cases.people[chosen]))


def _nobody(which: str, cases: Cases, answered: BoolArray) -> list[str]:
    return [f"no_{which}:{name}" for name, some in zip(cases.drivers, answered.sum(axis=0), strict=True) if not some]


def _about_people(cases: Cases) -> list[str]:
    return [code for code in cases.warnings if code == "few_clusters"]
