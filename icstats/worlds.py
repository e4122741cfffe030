"""Worlds with a planted truth: how customers of one department answer, known exactly.

A world is a factor model. Every driver block is one latent factor, every item an ordinal answer cut from a normal
variable, and satisfaction a weighted sum of the factors. What a researcher sees are the answers, so the weights are
chosen such that the *answers* have the planted properties: measurement error and categories are reckoned with.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from icstats.cuts import NORMAL, TERMS, Cut, covariance_of_answers, cut_at
from icstats.errors import ParameterError
from icstats.questionnaire import DRIVER_BLOCKS
from icstats.worth import Worth

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from icstats.questionnaire import Block, Item, Questionnaire

    Floats = NDArray[np.float64]

__all__ = ["Truth", "World", "build_world"]

LARGEST_LOADING = 0.975
LEAST_CORRELATION, LARGEST_CORRELATION = -0.5, 0.999
USUAL_LEVEL = 0.65
"""Mean answer as a share of the way from the lowest to the highest answer, where no level is given."""
OUTCOME_LOADING = 0.8
OTHER_LOADING = 0.55
"""How closely the other items follow satisfaction: those of the outcome block, and all others."""


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What is planted.

    Attributes
    ----------
    block_shares
        Block -> its Shapley share of the explained variance of the outcome; together 1.
    block_correlation
        Correlation between the block composites (mean of the items).
    r_squared
        Share of the variance of the outcome that the driver items explain together.
    reliability
        Cronbach's alpha of each block, or one number for all. Of a block with one item: the share of the variance of
        the underlying answer that is not error.
    levels
        Block or item code -> mean of the underlying answer, in scale points, before it is rounded to a category. An
        item goes before its block.
    emphasis
        Item code -> loading relative to the other items of its block, 1 where not given.
    ceiling
        Share of answers in the highest category of every item but the outcome; 0 leaves that to the levels.
    halo
        Share of the variance of every underlying answer that is one general impression per rating. Comes on top:
        shares, correlation, R² and reliability above are those without halo.
    leniency
        As ``halo``, for what one person carries over from department to department.
    missing
        Share of answers that is missing, at random.
    straight_liners
        Share of ratings with the same answer to every item on the drivers' response scale.
    """

    block_shares: Mapping[Block, float]
    block_correlation: float = 0.6
    r_squared: float = 0.6
    reliability: float | Mapping[Block, float] = 0.85
    levels: Mapping[str, float] = field(default_factory=dict)
    emphasis: Mapping[str, float] = field(default_factory=dict)
    ceiling: float = 0.0
    halo: float = 0.0
    leniency: float = 0.0
    missing: float = 0.0
    straight_liners: float = 0.0

    def __post_init__(self) -> None:
        _check_fractions(self)
        total = sum(self.block_shares.values())
        if min(self.block_shares.values(), default=0) <= 0 or abs(total - 1) > 1e-6:  # noqa: PLR2004  rounding of sums
            raise ParameterError(
                f"block_shares must be above 0 and add up to 1; found {_listed(self.block_shares)}.", code="ICS-371"
            )

    @property
    def contamination(self) -> float:
        """Share of variance that every answer in a rating has in common, by halo and leniency together."""
        return self.halo + self.leniency

    def reliability_of(self, block: Block) -> float:
        """Return the planted alpha of a block."""
        return self.reliability if isinstance(self.reliability, (int, float)) else self.reliability[block]


def _check_fractions(truth: Truth) -> None:
    """Refuse what is not a share."""
    names = ("block_correlation", "r_squared", "ceiling", "halo", "leniency", "missing", "straight_liners")
    for name in names:
        value = getattr(truth, name)
        if not 0 <= value < 1:
            raise ParameterError(f"{name} must be at least 0 and below 1; found {value}.", code="ICS-370")
    if truth.r_squared == 0:
        raise ParameterError("r_squared must be above 0: without it no block has a share.", code="ICS-370")
    if truth.contamination >= 1:
        raise ParameterError(
            f"halo and leniency must stay below 1 together; found {truth.contamination}.", code="ICS-370"
        )


@dataclass(frozen=True, kw_only=True)
class World:
    """A truth, and the model that brings it about.

    Attributes
    ----------
    truth
        What is planted.
    department
        The department whose items are asked; empty for the items that all are asked.
    blocks
        Driver block -> item codes.
    others
        Codes of the closed items outside the driver blocks, the outcome first.
    cut
        How underlying values become answers: driver items in order of ``blocks``, then ``others``.
    loadings
        Loading of each driver item on its block's factor.
    factor_correlation
        Correlation of the block factors.
    weights
        Weights of the block factors in the underlying outcome, whose variance is 1.
    other_loadings
        Correlation of each of the ``others`` with the underlying outcome.
    """

    truth: Truth
    department: str
    blocks: Mapping[Block, tuple[str, ...]]
    others: tuple[str, ...]
    cut: Cut
    loadings: Floats
    factor_correlation: Floats
    weights: Floats
    other_loadings: Floats

    @property
    def drivers(self) -> tuple[str, ...]:
        """Codes of the driver items."""
        return tuple(code for codes in self.blocks.values() for code in codes)

    @property
    def block_index(self) -> NDArray[np.intp]:
        """Position of each driver item's block."""
        return _block_index(self.blocks)

    @property
    def explained(self) -> float:
        """Share of the variance of the underlying outcome that the factors explain."""
        return float(self.weights @ self.factor_correlation @ self.weights)

    @property
    def latent_correlation(self) -> Floats:
        """Correlation of all underlying answers within a rating, halo and leniency included."""
        structure = np.zeros((len(self.loadings), len(self.blocks)))
        structure[np.arange(len(self.loadings)), self.block_index] = self.loadings
        with_factors = structure @ self.factor_correlation
        outcome = np.outer(with_factors @ self.weights, self.other_loadings)
        clean = np.block(
            [
                [with_factors @ structure.T, outcome],
                [outcome.T, np.outer(self.other_loadings, self.other_loadings)],
            ]
        )
        np.fill_diagonal(clean, 1.0)
        common = self.truth.contamination
        return (1 - common) * clean + common

    @property
    def covariance(self) -> pd.DataFrame:
        """Covariance of the keyed answers in an infinitely large sample, without straight-lining."""
        codes = list(self.cut.codes)
        return pd.DataFrame(self.cut.covariance(self.latent_correlation), index=codes, columns=codes)

    @property
    def carried_over(self) -> pd.Series[float]:
        """Covariance of one person's answers to the same item about two such departments."""
        covariance = (self.cut.series**2 * self.truth.leniency**TERMS).sum(axis=1)
        return pd.Series(covariance, index=list(self.cut.codes))


def build_world(truth: Truth, questionnaire: Questionnaire, *, department: str = "") -> World:
    """Find the factor model whose answers have the planted properties.

    Parameters
    ----------
    truth
        What is planted; its block shares are about exactly the driver blocks that are asked.
    questionnaire
        Which items there are and on which response scales.
    department
        Slug, for the items of its own.

    Returns
    -------
    World
        In an infinitely large sample without halo, leniency, missing answers and straight-lining, each block's alpha,
        the correlations of the block means, R² of the outcome on all driver items and the Shapley shares of the
        blocks (the value of a set of blocks is R² of all their items) equal the planted ones.

    Raises
    ------
    ParameterError
        No such world exists, for instance because error and categories leave too little to explain.
    """
    asked = questionnaire.items_of(department=department)
    blocks = _driver_blocks(truth, asked)
    others = _other_items(questionnaire, asked)
    cut = _cut(truth, questionnaire, [*(code for codes in blocks.values() for code in codes), *others])
    calibration = _Calibration(truth, blocks, cut)
    loadings = calibration.loadings()
    factors = calibration.factor_correlation(loadings)
    in_outcome_block = {item.code for item in asked if item.block == "outcome"}
    other_loadings = [OUTCOME_LOADING if code in in_outcome_block else OTHER_LOADING for code in others]
    return World(
        truth=truth,
        department=department,
        blocks=blocks,
        others=others,
        cut=cut,
        loadings=loadings,
        factor_correlation=factors,
        weights=calibration.weights(loadings, factors),
        other_loadings=np.array([1.0, *other_loadings[1:]]),
    )


def _driver_blocks(truth: Truth, asked: Sequence[Item]) -> dict[Block, tuple[str, ...]]:
    """Return the asked items per driver block; the planted shares must be about exactly these blocks."""
    blocks: dict[Block, tuple[str, ...]] = {}
    for block in DRIVER_BLOCKS:
        codes = tuple(item.code for item in asked if item.block == block and item.responses is not None)
        if codes:
            blocks[block] = codes
    if set(truth.block_shares) != set(blocks):
        raise ParameterError(
            f"block_shares are about {', '.join(truth.block_shares)}; "
            f"the questionnaire asks about {', '.join(blocks)}.",
            code="ICS-372",
        )
    return blocks


def _other_items(questionnaire: Questionnaire, asked: Sequence[Item]) -> tuple[str, ...]:
    """Return the closed items that follow satisfaction, the outcome first."""
    follow = {"outcome", "expectation", "mutual"}
    codes = [item.code for item in asked if item.block in follow and item.responses is not None]
    return (questionnaire.outcome, *(code for code in codes if code != questionnaire.outcome))


def _cut(truth: Truth, questionnaire: Questionnaire, codes: Sequence[str]) -> Cut:
    """Return the cut points: answers are underlying values rounded to a category, or cut for a planted ceiling."""
    scales = [questionnaire.response_scale(code) for code in codes]
    thresholds = []
    for code, scale in zip(codes, scales, strict=True):
        width = scale.maximum - scale.minimum
        spread = width**0.5 / 2
        usual = truth.levels.get(questionnaire.item(code).block, scale.minimum + USUAL_LEVEL * width)
        cuts = (np.arange(scale.minimum, scale.maximum) + 0.5 - truth.levels.get(code, usual)) / spread
        if truth.ceiling and code != questionnaire.outcome:
            cuts = cuts - cuts[-1] - NORMAL.inv_cdf(truth.ceiling)
        thresholds.append(cuts)
    return cut_at(codes, [scale.minimum for scale in scales], thresholds)


def _block_index(blocks: Mapping[Block, Sequence[str]]) -> NDArray[np.intp]:
    """Return for each driver item the position of its block."""
    return np.repeat(np.arange(len(blocks)), [len(codes) for codes in blocks.values()])


class _Calibration:
    """Finds loadings, factor correlations and weights, in this order, each given the ones before."""

    def __init__(self, truth: Truth, blocks: Mapping[Block, tuple[str, ...]], cut: Cut) -> None:
        self.truth = truth
        self.blocks = blocks
        ends = np.cumsum([0, *(len(codes) for codes in blocks.values())])
        self.slices = [slice(int(start), int(end)) for start, end in pairwise(ends)]
        self.drivers = cut.of(slice(0, int(ends[-1])))
        self.outcome = cut.of(slice(int(ends[-1]), int(ends[-1]) + 1))

    def loadings(self) -> Floats:
        """Return loadings in the proportions of ``emphasis`` that give every block its planted alpha."""
        parts = []
        for own, (block, codes) in zip(self.slices, self.blocks.items(), strict=True):
            emphasis = np.array([self.truth.emphasis.get(code, 1.0) for code in codes])
            parts.append(self._loadings_of(block, self.drivers.of(own), emphasis / emphasis.max()))
        return np.concatenate(parts)

    def _loadings_of(self, block: Block, items: Cut, proportions: Floats) -> Floats:
        target = self.truth.reliability_of(block)
        if len(items.codes) == 1:
            return np.array([target**0.5])

        def excess(size: float) -> float:
            covariance = items.covariance(np.outer(size * proportions, size * proportions))
            return _alpha(covariance) - target

        return _root(excess, 0.0, LARGEST_LOADING, f"reliability {target} of {block}") * proportions

    def factor_correlation(self, loadings: Floats) -> Floats:
        """Return the correlations of the factors that make the block means correlate as planted."""
        factors = np.eye(len(self.blocks))
        for first, second in combinations(range(len(self.blocks)), 2):
            factors[first, second] = factors[second, first] = self._correlation_of(
                self.slices[first], self.slices[second], loadings
            )
        return factors

    def _correlation_of(self, first: slice, second: slice, loadings: Floats) -> float:
        left, right = self.drivers.of(first), self.drivers.of(second)
        product = np.outer(loadings[first], loadings[second])
        within = [
            cut.covariance(np.outer(loadings[own], loadings[own])).sum()
            for cut, own in ((left, first), (right, second))
        ]
        spread = float(np.sqrt(within[0] * within[1]))

        def excess(correlation: float) -> float:
            between = covariance_of_answers(correlation * product, left.series, right.series)
            return float(between.sum()) / spread - self.truth.block_correlation

        return _root(
            excess, LEAST_CORRELATION, LARGEST_CORRELATION, f"block_correlation {self.truth.block_correlation}"
        )

    def weights(self, loadings: Floats, factors: Floats) -> Floats:
        """Return the weights of the factors in the outcome that give every block its planted share of R²."""
        from scipy.optimize import root  # noqa: PLC0415  only simulations pay for it

        index = _block_index(self.blocks)
        structure = loadings[:, None] * factors[index]
        worth = Worth(
            [len(codes) for codes in self.blocks.values()],
            self.drivers.covariance(structure[:, index] * loadings),
        )
        shares = np.array([self.truth.block_shares[block] for block in self.blocks])

        def excess(weights: Floats) -> Floats:
            correlation = np.clip(structure @ weights, -1, 1)
            covariance = covariance_of_answers(correlation[:, None], self.drivers.series, self.outcome.series)
            return worth.shapley(covariance[:, 0], float(self.outcome.variances[0])) - shares * self.truth.r_squared

        guess = shares * (self.truth.r_squared / (shares @ factors @ shares)) ** 0.5
        solution = root(excess, guess, method="hybr", tol=1e-10)
        weights: Floats = solution.x
        self._check_shares(weights, converged=bool(solution.success))
        if weights @ factors @ weights >= 1:
            raise ParameterError(
                f"No world has r_squared {self.truth.r_squared}: "
                "errors of measurement and categories leave less to explain.",
                code="ICS-373",
                hint="Lower r_squared, or raise reliability.",
            )
        return weights

    def _check_shares(self, weights: Floats, *, converged: bool) -> None:
        """Refuse shares that no positive effects bring about."""
        negative = [block for block, weight in zip(self.blocks, weights, strict=True) if weight < 0]
        if converged and not negative:
            return
        smallest = negative[0] if negative else min(self.blocks, key=lambda block: self.truth.block_shares[block])
        raise ParameterError(
            f"No world has these block_shares: {_listed(self.truth.block_shares)}. Where blocks correlate "
            f"{self.truth.block_correlation}, a block without any effect of its own still shares in what is explained.",
            code="ICS-373",
            hint=f"Give {smallest} a larger share, or lower block_correlation.",
        )


def _alpha(covariance: Floats) -> float:
    """Return Cronbach's alpha of items with this covariance."""
    k = len(covariance)
    return float(k / (k - 1) * (1 - np.trace(covariance) / covariance.sum()))


def _listed(shares: Mapping[Block, float]) -> str:
    return ", ".join(f"{block} {share:g}" for block, share in shares.items())


def _root(excess: Callable[[float], float], low: float, high: float, what: str) -> float:
    """Return where an increasing function is zero."""
    from scipy.optimize import brentq  # noqa: PLC0415  only simulations pay for it

    if excess(low) > 0 or excess(high) < 0:
        raise ParameterError(
            f"No world has {what}, given the other properties and the numbers of items.",
            code="ICS-373",
            hint="Choose a less extreme value.",
        )
    return float(brentq(excess, low, high, xtol=1e-12))
