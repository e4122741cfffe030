"""How much every subset of drivers explains, for one covariance matrix or for a thousand at once.

All arrays are packed: the lower triangle of a symmetric matrix row by row along the first axis, the outcome being
variable 0, and the replicates along the last axis.
"""

from __future__ import annotations

from functools import cache
from math import comb, isqrt
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    FloatArray = NDArray[np.float64]
    Floats = NDArray[np.floating]
    IntArray = NDArray[np.int64]

__all__ = [
    "REDUNDANT",
    "adjusted",
    "explained_by_subsets",
    "matrices",
    "merged",
    "owen_values",
    "packed",
    "portions",
    "replicates",
    "shapley",
    "shapley_values",
    "weighted_covariance",
]

REDUNDANT = 1e-10
"""A variable keeps less than this part of its variance when it follows from the others: it can add nothing."""

CELLS_AT_ONCE = 1 << 22
BYTES_IN_CACHE = 1 << 20
CELLS_OF_SUBSETS = 1 << 21
CELLS_OF_STEM = 1 << 16
CELLS_OF_FEW = 1 << 13
"""So few variances take less time in whole matrices, most of which are not needed, than row by row."""
BRANCHES = 7
"""Groups whose subsets are followed to the end for one portion after the other."""
SINGLE_FROM = 1 << 24
"""From so many variances on, single precision is enough, if the drivers are far from following from each other."""
FAR_FROM_REDUNDANT = 0.01
"""Smallest eigenvalue of the drivers' covariances from which single precision errs by less than 1e-5 of a variance."""
FAR_FROM_NOTHING = 0.1
"""Smallest R² from which that cannot be seen in shares of it either."""


def packed(matrix: FloatArray) -> FloatArray:
    """Return the lower triangle of one symmetric matrix as a packed array with one replicate."""
    return np.asarray(matrix[_lower(len(matrix))][:, None], dtype=np.float64)


def matrices(covariances: FloatArray) -> FloatArray:
    """Return all replicates of a packed array as symmetric matrices: replicates x variables x variables."""
    return np.ascontiguousarray(np.moveaxis(covariances[_positions(range(_size(covariances)))], -1, 0))


def explained_by_subsets(
    covariances: FloatArray, groups: Sequence[Sequence[int]], *, rows: int | None = None
) -> FloatArray:
    """Return R² of the outcome on every subset of groups of drivers.

    The groups are taken one by one. Each splits every partial covariance matrix into one without the group (its rows
    are dropped) and one given the group (its Schur complement); after the last group the residual variances of the
    outcome remain. That costs a few operations per subset instead of one regression per subset.

    Parameters
    ----------
    covariances
        Packed, on a scale where every variable has a variance of about 1: a pivot below :data:`REDUNDANT` counts as
        zero, which equals the answer of the pseudo-inverse.
    groups
        Positions of the variables in each group. Variables in no group are left out.
    rows
        Where given, R² is adjusted for the number of drivers in the subset, as estimated from so many rows.

    Returns
    -------
    numpy.ndarray
        Shape (2**groups, replicates). Bit g of the row number says whether group g is in the subset. NaN in
        replicates where the outcome does not vary.
    """
    unexplained = _unexplained(covariances, groups)
    total = covariances[0]
    unexplained /= np.where(total > REDUNDANT, total, np.nan)
    if rows is not None:
        unexplained *= _adjustments(groups, rows)[:, None]
    np.subtract(1, unexplained, out=unexplained)
    return unexplained


def adjusted(r_squared: FloatArray, drivers: IntArray | int, rows: int) -> FloatArray:
    """Return R² without what it owes to chance: 1 - (1 - R²) (rows - 1) / (rows - drivers - 1)."""
    return np.asarray(1 - (1 - r_squared) * (rows - 1) / (rows - np.asarray(drivers) - 1), dtype=np.float64)


@cache
def _sizes(members: int) -> NDArray[np.uint8]:
    """Return the number of members in every subset."""
    sizes = np.zeros(1, dtype=np.uint8)
    for _ in range(members):
        sizes = np.concatenate([sizes, sizes + np.uint8(1)])
    sizes.flags.writeable = False
    return sizes


def _adjustments(groups: Sequence[Sequence[int]], rows: int) -> FloatArray:
    """Return what adjusting R² for the number of drivers does to the unexplained part of every subset."""
    drivers = np.zeros(1, dtype=np.int64)
    for group in groups:
        drivers = np.concatenate([drivers, drivers + len(group)])
    return (rows - 1) / (rows - drivers - 1)


def shapley(worth: FloatArray) -> FloatArray:
    """Return the mean marginal worth of each member over all orders of the members.

    Parameters
    ----------
    worth
        Shape (2**members, replicates), ordered as :func:`explained_by_subsets` does.

    Returns
    -------
    numpy.ndarray
        Shape (members, replicates); adds up to the worth of all minus the worth of none.
    """
    weighed = _weights_by_subset(worth.shape[0].bit_length() - 1)[:, None] * worth
    return _adding_up_to(worth[-1] - worth[0], _sums_by_member(weighed))


def _weights_by_subset(members: int) -> FloatArray:
    """Return what the worth of every subset weighs in the values of its members, apart from what all values share."""
    joining = _order_weights(members)
    by_size = np.concatenate([[0.0], joining]) + np.concatenate([joining, [0.0]])
    return np.asarray(by_size[_sizes(members)], dtype=np.float64)


def _sums_by_member(weighed: FloatArray) -> FloatArray:
    """Return for every member the sum over the subsets that it is in (members, replicates); ``weighed`` is used up."""
    members = weighed.shape[0].bit_length() - 1
    sums = np.empty((members, weighed.shape[1]))
    for member in reversed(range(members)):
        half = 1 << member
        np.add.reduce(weighed[half : 2 * half], axis=0, out=sums[member])
        weighed[:half] += weighed[half : 2 * half]
    return sums


def _adding_up_to(total: FloatArray, values: FloatArray) -> FloatArray:
    """Return the Shapley values: all lack the same amount, the worth of leaving, and what they add up to is known."""
    values -= (values.sum(axis=0) - total) / len(values)
    return values


def shapley_values(covariances: FloatArray, groups: Sequence[Sequence[int]], *, rows: int | None = None) -> FloatArray:
    """Return the Shapley values (groups, replicates) of R²: with single drivers as groups, LMG.

    Replicates go through in portions, which do not change the values. What all subsets are divided by, and what does
    not depend on the subset, is left to the end: there are a hundred million subsets. So many are followed in single
    precision, in half the time, where that cannot be seen in what is shown.
    """
    weights = -_weights_by_subset(len(groups))
    if rows is not None:
        weights *= _adjustments(groups, rows)
    stem, branches = _forked(groups)
    precise = _as_precise_as_needed(covariances, groups, rows)
    at_once = max(1, min(BYTES_IN_CACHE // precise.itemsize >> len(branches), CELLS_OF_STEM >> len(stem)))
    parts = (precise[:, start : start + at_once] for start in range(0, precise.shape[1], at_once))
    return np.hstack([_shapley_values_of(part, groups, weights.reshape(-1, 2 ** len(stem)), rows) for part in parts])


def _as_precise_as_needed(covariances: FloatArray, groups: Sequence[Sequence[int]], rows: int | None) -> Floats:
    if covariances.shape[1] << len(groups) < SINGLE_FROM:
        return covariances
    drivers = [variable for group in groups for variable in group]
    whole = matrices(covariances)
    among, total, own = whole[:, drivers][:, :, drivers], whole[:, 0, 0], whole[:, drivers, 0]
    if np.linalg.eigvalsh(among)[:, 0].min() <= FAR_FROM_REDUNDANT:
        return covariances
    r_squared = (own * np.linalg.solve(among, own[..., None])[..., 0]).sum(axis=1) / total
    shown = r_squared if rows is None else adjusted(r_squared, len(drivers), rows)
    return covariances.astype(np.float32) if np.abs(shown).min() > FAR_FROM_NOTHING else covariances


def _shapley_values_of(
    covariances: Floats, groups: Sequence[Sequence[int]], weights: FloatArray, rows: int | None
) -> FloatArray:
    """Return the values of one portion of replicates; ``weights`` is subsets of the branches x subsets of the stem.

    What the subsets leave over is added up per member while it is in the processor's cache.
    """
    _, branches = _forked(groups)
    members = _membership(len(branches)).astype(covariances.dtype)
    weights = weights.astype(covariances.dtype)
    in_stem = np.empty((weights.shape[1], covariances.shape[1]))
    in_branches = np.zeros((len(branches), covariances.shape[1]))
    whole = np.empty(0)
    for subsets, left in _left_over(covariances, groups):
        whole = left[-1, -1].copy()  # of all groups, when the last subsets are there
        np.multiply(left, weights[:, subsets, None], out=left)
        sums = (members @ left.reshape(len(left), -1)).reshape(len(members), -1, covariances.shape[1])
        in_stem[subsets] = sums[0]
        in_branches += sums[1:].sum(axis=1)
    total = np.where(covariances[0] > REDUNDANT, covariances[0], np.nan)
    explained = 1 - whole / total
    explained = explained if rows is None else adjusted(explained, sum(map(len, groups)), rows)
    return _adding_up_to(explained * total, np.vstack([_sums_by_member(in_stem), in_branches])) / total


def owen_values(
    covariances: FloatArray, blocks: Sequence[Sequence[int]], *, rows: int | None = None
) -> list[FloatArray]:
    """Return the Owen values of the items, one array (items, replicates) per block.

    The mean marginal R² of an item over all orders of the blocks and of the items within their block, in which the
    items of one block follow each other. They add up to the Shapley value of their block.
    """
    values = []
    for own, block in enumerate(blocks):
        others = [list(items) for position, items in enumerate(blocks) if position != own]
        parts = portions(covariances, len(others) + len(block))
        values.append(np.hstack([_owen_values_of(block, others, portion, rows) for portion in parts]))
    return values


def _owen_values_of(
    block: Sequence[int], others: Sequence[Sequence[int]], covariances: FloatArray, rows: int | None
) -> FloatArray:
    before = _order_weights(len(others) + 1)[np.bitwise_count(np.arange(2 ** len(others)))]
    worth = explained_by_subsets(covariances, [*others, *([item] for item in block)], rows=rows)
    by_own_and_other = worth.reshape(2 ** len(block), 2 ** len(others), -1)
    return shapley(np.einsum("sor,o->sr", by_own_and_other, before))


def portions(covariances: FloatArray, groups: int) -> Iterator[FloatArray]:
    """Yield the replicates in portions whose subsets of so many groups do not take much memory."""
    at_once = max(1, CELLS_OF_SUBSETS >> groups)
    for start in range(0, covariances.shape[1], at_once):
        yield covariances[:, start : start + at_once]


def merged(covariances: FloatArray, loadings: FloatArray) -> FloatArray:
    """Return the packed covariances of weighted sums of the variables; ``loadings`` is sums x variables."""
    rows, columns = _lower(loadings.shape[1])
    first, second = _lower(len(loadings))
    once = loadings[first][:, rows] * loadings[second][:, columns]
    mirrored = np.where(rows != columns, loadings[first][:, columns] * loadings[second][:, rows], 0.0)
    return np.asarray((once + mirrored) @ covariances, dtype=np.float64)


def weighted_covariance(values: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the packed covariances (divided by the sum of the weights) of rows x variables."""
    products = _products(values, weights, None)
    return _moments(products, np.ones((1, len(products))))[1]


def replicates(
    values: FloatArray, weights: FloatArray, clusters: IntArray | None, *, n_boot: int, seed: int | None
) -> tuple[FloatArray, FloatArray]:
    """Return the means and packed covariances of bootstrap samples of rows, or of clusters with all their rows.

    No sample is ever built: the products of all pairs of variables are made once (and added up per cluster), and how
    often each row or cluster was drawn turns them into moments by one matrix product.
    """
    products = _products(values, weights, clusters)
    parts = [_moments(products, counts) for counts in _drawn_counts(len(products), n_boot, seed)]
    means, covariances = (np.concatenate(each, axis=1) for each in zip(*parts, strict=True))
    return means, covariances


def _drawn_counts(units: int, n_boot: int, seed: int | None) -> Iterator[FloatArray]:
    generator = np.random.default_rng(seed)
    at_once = max(1, CELLS_AT_ONCE // units)
    for start in range(0, n_boot, at_once):
        samples = min(at_once, n_boot - start)
        drawn = generator.integers(0, units, size=(samples, units)) + units * np.arange(samples)[:, None]
        yield np.bincount(drawn.ravel(), minlength=samples * units).reshape(samples, units).astype(np.float64)


def _products(values: FloatArray, weights: FloatArray, clusters: IntArray | None) -> FloatArray:
    rows, columns = _lower(values.shape[1])
    products = np.hstack([np.ones((len(values), 1)), values, values[:, rows] * values[:, columns]])
    products *= weights[:, None]
    if clusters is None:
        return products
    order = np.argsort(clusters, kind="stable")
    starts = np.flatnonzero(np.diff(clusters[order], prepend=-1))
    return np.asarray(np.add.reduceat(products[order], starts, axis=0), dtype=np.float64)


def _moments(products: FloatArray, counts: FloatArray) -> tuple[FloatArray, FloatArray]:
    sums = products.T @ counts.T
    variables = _size(sums) - 1
    means = np.asarray(sums[1 : variables + 1] / sums[0], dtype=np.float64)
    rows, columns = _lower(variables)
    return means, np.asarray(sums[variables + 1 :] / sums[0] - means[rows] * means[columns], dtype=np.float64)


def _unexplained(covariances: FloatArray, groups: Sequence[Sequence[int]]) -> FloatArray:
    """Return the variances of the outcome (subsets, replicates) that the subsets of groups leave over."""
    stem, branches = _forked(groups)
    left = np.empty((2 ** len(branches), 2 ** len(stem), covariances.shape[1]))
    for subsets, part in _left_over(covariances, groups):
        left[:, subsets] = part
    return left.reshape(2 ** len(groups), -1)


def _left_over(covariances: Floats, groups: Sequence[Sequence[int]]) -> Iterator[tuple[slice, Floats]]:
    """Yield subsets of the stem, and the variances of the outcome that they leave over with every subset of branches.

    The subsets of the first groups, the stem, stand side by side as replicates do; then the last groups, the branches,
    are followed to the end for one portion of them after the other, each small enough for the processor's cache. The
    variances are subsets of the branches x subsets of the stem x replicates.
    """
    if covariances.shape[1] << len(groups) <= CELLS_OF_FEW:
        yield slice(None), _few_left_over(covariances, groups)
        return
    order = [0, *(variable for group in reversed(groups) for variable in group)]
    triangle = covariances[_positions(order)[_lower(len(order))]]
    rows = [triangle[_triangle(row) : _triangle(row + 1)] for row in range(len(order))]
    stem, branches = _forked(groups)
    trunk = _followed(rows, stem)
    samples = covariances.shape[1]
    at_once = max(1, (BYTES_IN_CACHE // covariances.itemsize >> len(branches)) // max(1, samples))
    for start in range(0, 2 ** len(stem), at_once):
        subsets = slice(start, min(start + at_once, 2 ** len(stem)))
        here = slice(subsets.start * samples, subsets.stop * samples)
        (outcome,) = _followed([row[:, here] for row in trunk], branches)
        yield subsets, outcome.reshape(2 ** len(branches), -1, samples)


def _few_left_over(covariances: Floats, groups: Sequence[Sequence[int]]) -> Floats:
    """Return what :func:`_left_over` does, at once."""
    stem, branches = _forked(groups)
    partial = covariances[_positions([0, *(variable for group in reversed(groups) for variable in group)])]
    for group in groups:
        kept, given = len(partial) - len(group), partial
        while len(given) > kept:
            last, pivots = given[-1, :-1], given[-1, -1]
            slopes = last / np.where(pivots > REDUNDANT, pivots, np.inf)
            given = given[:-1, :-1] - last[:, None] * slopes
        partial = np.concatenate([partial[:kept, :kept], given], axis=-1)
    return partial.reshape(2 ** len(branches), 2 ** len(stem), -1)


def _forked(groups: Sequence[Sequence[int]]) -> tuple[Sequence[Sequence[int]], Sequence[Sequence[int]]]:
    """Return the first groups and the last ones."""
    fork = max(0, len(groups) - BRANCHES)
    return groups[:fork], groups[fork:]


@cache
def _membership(members: int) -> FloatArray:
    """Return 1 for every subset, and then per member whether it is in the subset."""
    within = np.arange(2**members) >> np.arange(members)[:, None] & 1
    return np.vstack([np.ones(2**members), within])


def _followed(rows: Sequence[Floats], groups: Sequence[Sequence[int]]) -> list[Floats]:
    """Return the rows of the covariance matrix without the groups, given every subset of them, side by side.

    The last rows are those of the first group, and so on. Each row has room from the start for all subsets that it is
    needed for: taking in a group fills the second half of what is there and leaves the first as it is.
    """
    columns = rows[0].shape[1]
    needed = [len(groups)] * (len(rows) - sum(map(len, groups)))
    needed += [place for place in reversed(range(len(groups))) for _ in groups[place]]
    room = [np.empty((len(row), 2**times, columns), dtype=row.dtype) for row, times in zip(rows, needed, strict=True)]
    for row, there in zip(rows, room, strict=True):
        there[:, 0] = row
    for place, group in enumerate(groups):
        here, beside = slice(0, 2**place), slice(2**place, 2 ** (place + 1))
        partial = [there[:, here] for there in room]
        room = room[: len(room) - len(group)]
        while len(partial) > len(room) + 1:
            partial = _given_last(partial, [np.empty_like(row) for row in partial[:-1]])
        _given_last(partial, [there[:, beside] for there in room])
    return [there.reshape(len(there), -1) for there in room]


def _given_last(partial: Sequence[Floats], given: list[Floats]) -> list[Floats]:
    """Fill in the covariances of all but the last variable, given the last one."""
    last = partial[-1]
    np.copyto(last[-1], np.inf, where=last[-1] <= REDUNDANT)  # what follows from others has slopes of 0
    slopes = last[:-1] / last[-1]
    for row, (before, after) in enumerate(zip(partial, given, strict=False)):
        np.multiply(last[row], slopes[: row + 1], out=after)
        np.subtract(before, after, out=after)
    return given


@cache
def _lower(size: int) -> tuple[IntArray, IntArray]:
    """Return the rows and columns of a lower triangle."""
    rows, columns = np.tril_indices(size)
    for places in (rows, columns):
        places.flags.writeable = False
    return rows, columns


@cache
def _order_weights(members: int) -> FloatArray:
    """Return, by the number of members that came before, the share of orders in which just those came before."""
    weights = np.array([1 / (members * comb(members - 1, before)) for before in range(members)])
    weights.flags.writeable = False
    return weights


def _positions(order: Sequence[int]) -> IntArray:
    """Return where the covariance of every two variables stands in a packed array (variables x variables)."""
    variables = np.asarray(order, dtype=np.int64)
    high, low = np.maximum.outer(variables, variables), np.minimum.outer(variables, variables)
    return np.asarray(high * (high + 1) // 2 + low, dtype=np.int64)


def _triangle(size: int) -> int:
    return size * (size + 1) // 2


def _size(triangle: FloatArray) -> int:
    return (isqrt(8 * len(triangle) + 1) - 1) // 2
