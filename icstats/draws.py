"""Answers drawn from a world: of customers, and of a department's own staff."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from icstats.cuts import cut_at
from icstats.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from icstats.questionnaire import Item, Questionnaire
    from icstats.worlds import World

    Floats = NDArray[np.float64]

__all__ = ["PICKS", "draw_items", "draw_mirror", "draw_picks"]

PICKS = 3
"""How many points a customer picks as the most important."""

SAME_IMAGE = 0.3
"""Share of the variance of a mirror answer that is one person's image of the department as a whole."""


def draw_items(
    world: World,
    n: int,
    *,
    questionnaire: Questionnaire,
    rng: np.random.Generator,
    mildness: Floats | None = None,
) -> pd.DataFrame:
    """Draw the answers of ``n`` ratings to the driver items, the outcome and the items that follow it.

    Parameters
    ----------
    world
        Where they come from.
    n
        Number of ratings.
    questionnaire
        The questionnaire that the world was built for.
    rng
        Source of random numbers; moves on.
    mildness
        One standard normal value per rating, the same for all ratings by one person; None where every rating is by
        another person.

    Returns
    -------
    pd.DataFrame
        One column per item, as answered: reverse items not yet turned round, NaN where missing.
    """
    if n < 1:
        raise ParameterError(f"n must be at least 1; found {n}.", code="ICS-374")
    truth = world.truth
    answers = _as_answered(world.cut.answers(_underlying(world, n, rng, mildness)), world, questionnaire)
    lazy = rng.random(n) < truth.straight_liners
    answers = _straight_lined(answers, lazy, _in_drivers_grid(world, questionnaire))
    answers[rng.random(answers.shape) < truth.missing] = np.nan
    return pd.DataFrame(answers, columns=list(world.cut.codes))


def draw_picks(world: World, n: int, *, items: tuple[Item, ...], rng: np.random.Generator) -> pd.DataFrame:
    """Draw which three points each of ``n`` customers picks as the most important: 1 is picked, 0 is not.

    Parameters
    ----------
    world
        Items of blocks that weigh more in satisfaction are picked more often.
    n
        Number of customers.
    items
        The items of the block ``importance``; each is about a driver item.
    rng
        Source of random numbers; moves on.
    """
    pull = {
        code: world.truth.block_shares[block] / len(codes) * world.truth.emphasis.get(code, 1.0)
        for block, codes in world.blocks.items()
        for code in codes
    }
    appeal = np.log([pull[str(item.about)] for item in items]) + rng.gumbel(size=(n, len(items)))
    rank = (-appeal).argsort(axis=1).argsort(axis=1)
    return pd.DataFrame((rank < PICKS).astype(float), columns=[item.code for item in items])


def draw_mirror(
    world: World,
    n: int,
    *,
    items: tuple[Item, ...],
    self_image: float | Mapping[str, float],
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Draw what ``n`` members of the department's own staff think that their customers answer.

    Parameters
    ----------
    world
        How the customers truly answer.
    n
        Number of staff.
    items
        The items of the block ``mirror``; each is about a driver item.
    self_image
        How much higher than the truth the staff think that customers answer, in scale points; the same for all items,
        or item code -> points, 0 where not given.
    rng
        Source of random numbers; moves on.
    """
    about = [world.cut.codes.index(str(item.about)) for item in items]
    spreads = [2 / len(world.cut.thresholds[position]) ** 0.5 for position in about]
    images = [
        self_image if isinstance(self_image, (int, float)) else self_image.get(str(item.about), 0.0) for item in items
    ]
    thresholds = [
        world.cut.thresholds[position] - image * spread
        for position, image, spread in zip(about, images, spreads, strict=True)
    ]
    cut = cut_at([item.code for item in items], world.cut.minimum[about], thresholds)
    person = rng.standard_normal((n, 1))
    underlying = SAME_IMAGE**0.5 * person + (1 - SAME_IMAGE) ** 0.5 * rng.standard_normal((n, len(items)))
    return pd.DataFrame(cut.answers(underlying), columns=list(cut.codes))


def _underlying(world: World, n: int, rng: np.random.Generator, mildness: Floats | None) -> Floats:
    """Draw the underlying values, standard normal, one column per item."""
    truth = world.truth
    factors = rng.standard_normal((n, len(world.blocks))) @ np.linalg.cholesky(world.factor_correlation).T
    drivers = factors[:, world.block_index] * world.loadings
    drivers += rng.standard_normal(drivers.shape) * np.sqrt(1 - world.loadings**2)
    satisfaction = factors @ world.weights + rng.standard_normal(n) * np.sqrt(1 - world.explained)
    others = satisfaction[:, None] * world.other_loadings
    others += rng.standard_normal(others.shape) * np.sqrt(1 - world.other_loadings**2)
    person = rng.standard_normal(n) if mildness is None else mildness
    common = np.sqrt(truth.halo) * rng.standard_normal(n) + np.sqrt(truth.leniency) * person
    underlying: Floats = np.sqrt(1 - truth.contamination) * np.hstack([drivers, others]) + common[:, None]
    return underlying


def _as_answered(keyed: Floats, world: World, questionnaire: Questionnaire) -> Floats:
    """Turn reverse items back to the way they were asked."""
    answers = keyed.copy()
    for column, code in enumerate(world.cut.codes):
        if questionnaire.item(code).reverse:
            scale = questionnaire.response_scale(code)
            answers[:, column] = scale.minimum + scale.maximum - keyed[:, column]
    return answers


def _in_drivers_grid(world: World, questionnaire: Questionnaire) -> NDArray[np.bool_]:
    """Tell which items stand in the same grid as the first driver item: those are ticked in one straight line."""
    grid = questionnaire.item(world.drivers[0]).responses
    return np.array([questionnaire.item(code).responses == grid for code in world.cut.codes])


def _straight_lined(answers: Floats, lazy: NDArray[np.bool_], grid: NDArray[np.bool_]) -> Floats:
    """Give the chosen ratings one answer throughout the grid: the one nearest to their mean."""
    same = np.round(answers[:, grid].mean(axis=1, keepdims=True))
    lined: Floats = np.where(lazy[:, None] & grid, same, answers)
    return lined
