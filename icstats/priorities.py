"""What first: the questions with the most to gain, and how sure it is that they are the right ones.

A quick win is far from the best answer, weighs much in satisfaction and is easy to change. Ranks are shaky: a question
that happens to come out on top need not be there in truth. So every sample of people is ranked anew, and a question is
called a win only if it is among the first three in nearly all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
import pandas as pd

from icstats.cases import complete_cases
from icstats.errors import ParameterError, Problem
from icstats.results import Result, Settings
from icstats.sampling import require_conf_level
from icstats.subsets import owen_values, packed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike

    from icstats.cases import Cases, FloatArray
    from icstats.questionnaire import ResponseScale

__all__ = ["STANDS_OUT", "TOP", "QuickWins", "QuickWinsSettings", "quick_wins"]

Place = Literal["win", "tied", ""]

TOP = 3
"""A department that starts with more than three things starts with none."""

STANDS_OUT = 0.9
"""A question is a win when it is among the first three in at least this part of the bootstrap samples.

Where all questions are alike, 0.8 named a win in a quarter of simulated departments, 0.9 in one of seventeen.
"""

MAY_BE = 0.2
"""A question that is not a win, but among the first three in this part of the samples, shares a tie for a place."""

FEWEST_SAMPLES = 100
"""Fewer bootstrap samples than this are too coarse for a chance of 90 %."""


@dataclass(frozen=True, kw_only=True)
class QuickWinsSettings(Settings):
    """How quick wins were found.

    Attributes
    ----------
    outcome
        Name of what is explained.
    stands_out
        Bootstrap probability of being among the first three from which a question is a win.
    with_ease
        Whether staff said how easy each question is to change.
    """

    outcome: str
    stands_out: float = STANDS_OUT
    with_ease: bool = False


@dataclass(frozen=True, kw_only=True, repr=False)
class QuickWins(Result):
    """Questions by how much there is to gain, the first first.

    Statistics: ``priority`` (part of all there is to gain), ``importance`` (part of R²), ``probability_top`` (of being
    among the first three) and ``association`` (how much higher the mark is where this answer is one point higher and
    all others are equal). Extra column: ``verdict``, ``win``, ``tied`` or empty.

    Attributes
    ----------
    verdict
        ``clear`` where three questions stand out, ``some`` where fewer do, ``none`` where no question does.
    """

    as_a_whole: ClassVar[bool] = True

    settings: QuickWinsSettings
    verdict: str


def quick_wins(
    data: pd.DataFrame,
    *,
    outcome: str,
    blocks: Mapping[str, Sequence[str]],
    response_scales: Mapping[str, ResponseScale],
    ease: Mapping[str, float] | None = None,
    clusters: ArrayLike | None = None,
    n_boot: int = 1000,
    conf_level: float = 0.95,
    seed: int,
) -> QuickWins:
    """Rank questions by gap x importance x ease, with the probability of truly being among the first three.

    Parameters
    ----------
    data
        One row per rating: the outcome and the items of the blocks, floats in points of their response scales, NaN for
        missing. Incomplete rows are left out.
    outcome
        Column that is explained: the report mark.
    blocks
        Block -> its items.
    response_scales
        Response scale of every item.
    ease
        Item -> how easy staff think it is to change, from 0 to 1. None: nobody was asked, and all count alike.
    clusters
        Respondent of each row; whole respondents are drawn.
    n_boot
        Number of bootstrap samples, at least 100.
    conf_level
        Coverage of the percentile intervals of importance and association.
    seed
        The same seed gives the same result.

    Returns
    -------
    QuickWins
        gap = (maximum - mean) / (maximum - minimum); importance = share of R² (Owen value, as
        :func:`icstats.importance.block_importance` shows it, never below 0); priority = gap x importance x ease, as a
        part of the sum over all questions. ``verdict`` of a question: ``win`` if it is among the first three by its
        priority and in at least 90 % of the samples; else ``tied`` if it is in 20 %.

    Raises
    ------
    ParameterError
        Wrong columns, clusters or settings; an item without an ease, or an ease outside 0 to 1.
    NotEnoughDataError
        Too few complete rows or people, or an outcome without spread.

    Warnings
    --------
    Ease is what staff think of it, and the product of three numbers is ranked more surely than any of them is known.
    Improvement of a question need not raise the mark. With 120 ratings the planted first three were the first three in
    less than half of the cases (``benchmarks/dialogue.md``): "no item stands out" is then the answer.

    Notes
    -----
    An association of observed answers: raising one of them need not raise the mark. How often the first three are
    found, and how often a tie is called one, was simulated: ``benchmarks/dialogue.md``.

    References
    ----------
    Martilla, J. A. & James, J. C. (1977). Importance-performance analysis. Journal of Marketing 41, 77-79. Goldstein,
    H. & Spiegelhalter, D. J. (1996). League tables and their limitations. Journal of the Royal Statistical Society A
    159, 385-443 (how unsure ranks are). In R: ``boot::boot`` around ``rank(-gap * importance)``.
    """
    require_conf_level(conf_level)
    if n_boot < FEWEST_SAMPLES:
        raise ParameterError(f"n_boot is {n_boot}; at least {FEWEST_SAMPLES} are needed.", code="ICS-368")
    items = [str(item) for own in blocks.values() for item in own]
    easiness = _checked_ease(items, ease)
    cases = complete_cases(data, outcome=outcome, drivers=items, clusters=clusters)
    scales = [response_scales[item] for item in items]
    samples = _Samples.of(cases, blocks, scales, ease=easiness, weights=_drawn_weights(cases, n_boot, seed))
    probability = samples.probability_top
    order = np.argsort(-samples.priority[:, 0], kind="stable")
    places = _places(samples.priority[:, 0], probability)
    rows = [
        row | {"variable": items[item], "verdict": places[item]}
        for item in order
        for row in samples.rows(int(item), float(probability[item]), conf_level)
    ]
    found = places.count("win")
    return _result(
        cases,
        rows,
        verdict="clear" if found == min(TOP, len(items)) else "some" if found else "none",
        settings=QuickWinsSettings(
            method="gap_importance_ease" if ease else "gap_importance",
            interval="percentile",
            conf_level=conf_level,
            n_boot=n_boot,
            n_clusters=0 if cases.people is None else cases.n_people,
            seed=seed,
            outcome=outcome,
            with_ease=bool(ease),
            warnings=cases.warnings,
        ),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Samples:
    """Items x (1 + samples): the data in the first column, then every bootstrap sample."""

    priority: FloatArray
    importance: FloatArray
    association: FloatArray

    @classmethod
    def of(
        cls,
        cases: Cases,
        blocks: Mapping[str, Sequence[str]],
        scales: Sequence[ResponseScale],
        *,
        ease: FloatArray,
        weights: FloatArray,
    ) -> _Samples:
        values = cases.values[:, 1:]
        means = np.column_stack([cases.means[1:], (weights @ values / weights.sum(axis=1, keepdims=True)).T])
        ends = np.array([(scale.minimum, scale.maximum) for scale in scales], dtype=float)
        gaps = (ends[:, 1:] - means) / (ends[:, 1:] - ends[:, :1])
        covariances = np.hstack([packed(cases.correlations), _covariances(cases.standardised, weights)])
        importance = _importance(covariances, blocks, rows=cases.n)
        gain = gaps * importance * ease[:, None]
        total = gain.sum(axis=0)
        spreads = np.where(cases.spreads > 0, cases.spreads, 1.0)
        return cls(
            priority=gain / np.where(total > 0, total, 1.0),
            importance=importance,
            association=_slopes(covariances) * (spreads[0] / spreads[1:])[:, None],
        )

    @property
    def probability_top(self) -> FloatArray:
        """Part of the samples in which each item is among the first three; the order of equals is the items' own."""
        sampled = self.priority[:, 1:]
        ranks = (-sampled).argsort(axis=0, kind="stable").argsort(axis=0, kind="stable")
        return np.asarray((ranks < TOP).mean(axis=1), dtype=np.float64)

    def rows(self, item: int, probability: float, conf_level: float) -> list[dict[str, object]]:
        tails = [(1 - conf_level) / 2, (1 + conf_level) / 2]
        rows: list[dict[str, object]] = [
            {"statistic": "priority", "unit": "share", "estimate": float(self.priority[item, 0])},
            {"statistic": "probability_top", "unit": "share", "estimate": probability},
        ]
        for statistic, unit, values in (
            ("importance", "share", self.importance[item]),
            ("association", "coefficient", self.association[item]),
        ):
            low, high = np.quantile(values[1:], tails)
            rows.append(
                {
                    "statistic": statistic,
                    "unit": unit,
                    "estimate": float(values[0]),
                    "std_error": float(values[1:].std(ddof=1)),
                    "conf_low": float(low),
                    "conf_high": float(high),
                }
            )
        return rows


def _drawn_weights(cases: Cases, n_boot: int, seed: int) -> FloatArray:
    """Return how often each row was drawn, samples x rows; all rows of a person together."""
    people = np.arange(cases.n) if cases.people is None else cases.people
    random = np.random.default_rng(seed)
    drawn = random.multinomial(cases.n_people, np.full(cases.n_people, 1 / cases.n_people), size=n_boot)
    return np.asarray(drawn[:, people] * cases.weights, dtype=np.float64)


def _covariances(values: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the packed covariances of every sample; a sample is a row of weights and never built."""
    rows, columns = np.tril_indices(values.shape[1])
    shares = weights / weights.sum(axis=1, keepdims=True)
    means = (shares @ values).T
    products = (shares @ (values[:, rows] * values[:, columns])).T
    return np.asarray(products - means[rows] * means[columns], dtype=np.float64)


def _importance(covariances: FloatArray, blocks: Mapping[str, Sequence[str]], *, rows: int) -> FloatArray:
    """Return the share of every item in R²; in samples R² is adjusted, as everywhere where importance is drawn anew."""
    ends = np.cumsum([1, *(len(own) for own in blocks.values())])
    positions = [list(range(start, end)) for start, end in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)]
    observed = np.vstack(owen_values(covariances[:, :1], positions))
    sampled = np.vstack(owen_values(covariances[:, 1:], positions, rows=rows))
    values = np.clip(np.hstack([observed, sampled]), 0, None)
    total = values.sum(axis=0)
    return np.asarray(values / np.where(total > 0, total, 1.0), dtype=np.float64)


def _slopes(covariances: FloatArray) -> FloatArray:
    """Return the standardised coefficients of the linear model of the outcome on all items, items x samples."""
    variables = int((2 * len(covariances)) ** 0.5)
    full = np.zeros((covariances.shape[1], variables, variables))
    lower = np.tril_indices(variables)
    full[:, lower[0], lower[1]] = covariances.T
    full[:, lower[1], lower[0]] = covariances.T
    inverse = np.linalg.pinv(full[:, 1:, 1:], hermitian=True)
    return np.asarray((inverse @ full[:, 1:, :1])[..., 0].T, dtype=np.float64)


def _places(priority: FloatArray, probability: FloatArray) -> list[Place]:
    first = set(np.argsort(-priority, kind="stable")[:TOP].tolist())
    wins = [item in first and chance >= STANDS_OUT for item, chance in enumerate(probability.tolist())]
    places: list[Place] = []
    for chance, wins_it in zip(probability.tolist(), wins, strict=True):
        tied = chance >= MAY_BE and sum(wins) < TOP
        places.append("win" if wins_it else "tied" if tied else "")
    return places


def _checked_ease(items: Sequence[str], ease: Mapping[str, float] | None) -> FloatArray:
    if ease is None:
        return np.ones(len(items))
    problems = [
        Problem(
            code="ICS-383", column=item, message="has no ease.", hint="give every item an ease from 0 to 1, or none"
        )
        for item in items
        if item not in ease
    ]
    problems += [
        Problem(code="ICS-383", column=item, message=f"has an ease of {ease[item]:g}; allowed: from 0 to 1.")
        for item in items
        if item in ease and not 0 <= ease[item] <= 1
    ]
    if problems:
        raise ParameterError(problems)
    return np.array([ease[item] for item in items], dtype=float)


def _result(cases: Cases, rows: Sequence[dict[str, object]], *, verdict: str, settings: QuickWinsSettings) -> QuickWins:
    numbers = ["estimate", "std_error", "conf_low", "conf_high", "p_value"]
    columns = ["variable", "statistic", *numbers, "unit", "verdict"]
    data = pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(numbers, float))
    people = pd.DataFrame(cases.behind, index=data.index)
    data = data.assign(n=cases.n, n_people=cases.n_people)
    return QuickWins(data=data, people=people, settings=settings, verdict=verdict)
