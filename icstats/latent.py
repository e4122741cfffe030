"""Correlations of the normal variables behind ordered answers, for a whole scale at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri, stdtrit

from icstats.bivariate import density, distribution, slope
from icstats.errors import ParameterError, Problem
from icstats.results import Result, Settings
from icstats.sampling import FEWEST, FloatArray, IntArray, ItemSample, Missing, require_conf_level
from icstats.screening import usable_sample

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["Latent", "Polychoric", "fit_latent", "polychoric", "positive_definite"]

PAIR = 2
MOST_CATEGORIES = 20
BOUND = 0.9999
FLAT_FROM = 0.999
"""From here on a likelihood that still rises is flat, and the correlation could as well be one."""

BEYOND = 30.0
"""Threshold that no answer lies above; infinity would turn products into NaN."""

ROWS_AT_ONCE = 100_000
SMALLEST_PROBABILITY = 1e-12
ITERATIONS = 60
CONVERGED = 1e-9
SMALLEST_EIGENVALUE = 1e-9


@dataclass(frozen=True, kw_only=True, repr=False)
class Polychoric(Result):
    """Polychoric correlations, one row per pair of items.

    Extra columns of ``data``: ``with_item`` (the other item), ``empty_cells`` (of their table of counts) and ``scale``.
    """

    keys: ClassVar[tuple[str, str]] = ("item", "statistic")

    @property
    def matrix(self) -> pd.DataFrame:
        """The correlations as a symmetric items x items matrix, as estimated: never smoothed."""
        names = list(dict.fromkeys([*self.data["item"], *self.data["with_item"]]))
        found = pd.DataFrame(np.eye(len(names)), index=names, columns=names)
        pairs = zip(self.data["item"], self.data["with_item"], self.data["estimate"], strict=True)
        for item, other, value in pairs:
            found.loc[item, other] = found.loc[other, item] = value
        return found


@dataclass(frozen=True, kw_only=True, eq=False)
class Latent:
    """Normal variables that were cut at thresholds: what a polychoric analysis finds.

    Attributes
    ----------
    sample
        The answers.
    codes
        Ratings x items: place of the answer among the categories of its item; -1 where there is none.
    thresholds
        Items x (categories - 1); an item with fewer categories than the others ends in thresholds beyond all answers.
    first, second
        The items of each pair.
    counts
        Pairs x categories x categories.
    correlations
        One per pair.
    """

    sample: ItemSample
    codes: IntArray
    thresholds: FloatArray
    first: IntArray
    second: IntArray
    counts: FloatArray
    correlations: FloatArray

    @cached_property
    def matrix(self) -> FloatArray:
        """Correlations, items x items."""
        return self.squared(self.correlations, diagonal=1.0)

    def squared(self, values: FloatArray, *, diagonal: float = 0.0) -> FloatArray:
        """Return one number per pair as a symmetric matrix."""
        full = np.full((self.sample.n_items, self.sample.n_items), diagonal)
        full[self.first, self.second] = full[self.second, self.first] = values
        return full

    @property
    def pair_n(self) -> FloatArray:
        """Ratings behind each pair."""
        return np.asarray(self.counts.sum(axis=(1, 2)))

    @cached_property
    def used(self) -> npt.NDArray[np.bool_]:
        """Items x categories: which categories an item has."""
        categories = self.codes.max(axis=0)[:, None] + 1
        return np.asarray(np.arange(self.thresholds.shape[1] + 1) < categories)

    @property
    def empty_cells(self) -> IntArray:
        """Combinations of answers that nobody gave, per pair."""
        possible = self.used[self.first][:, :, None] & self.used[self.second][:, None, :]
        return np.asarray((possible & (self.counts == 0)).sum(axis=(1, 2)))

    @property
    def at_bound(self) -> npt.NDArray[np.bool_]:
        """Pairs whose likelihood rises up to a correlation of one."""
        return np.asarray(np.abs(self.correlations) > FLAT_FROM)

    @cached_property
    def threshold_influence(self) -> FloatArray:
        """What an answer adds to the deviation of each threshold: items x thresholds x (categories, no answer)."""
        below = np.arange(self.thresholds.shape[1] + 1) <= np.arange(self.thresholds.shape[1])[:, None]
        real = self.thresholds < BEYOND
        height = np.exp(-(self.thresholds**2) / 2) / np.sqrt(2 * np.pi)
        shares, answers = ndtr(self.thresholds), self.sample.answered.sum(axis=0)[:, None]
        with np.errstate(divide="ignore", over="ignore"):
            weight = np.where(real, 1 / (answers * np.where(real, height, 1.0)), 0.0)
        influence = (below[None] - shares[:, :, None]) * weight[:, :, None]
        return np.concatenate([influence, np.zeros((*influence.shape[:2], 1))], axis=2)

    @cached_property
    def pair_influence(self) -> FloatArray:
        """What two answers add to the deviation of their correlation: pairs x (categories, no answer) twice.

        Notes
        -----
        The influence function of the two-step estimator: the score of the pair, less what the estimated thresholds
        bring into it, over the information (Olsson 1979).
        """
        return self._influence(np.ones_like(self.counts))

    def _influence(self, observed: FloatArray) -> FloatArray:
        """Return the influence with means taken over the chances of the cells times ``observed``."""
        slopes, chances = _cells(self.thresholds, self.first, self.second, self.correlations)
        score, n = slopes / chances, self.pair_n[:, None, None]
        tables = np.pad(score, ((0, 0), (0, 1), (0, 1)))
        for own, other, axis in ((self.first, self.second, 1), (self.second, self.first, 2)):
            weighed = score * observed
            pulled = self._score_by_threshold(own, other, weighed if axis == 1 else np.swapaxes(weighed, 1, 2))
            brought = np.einsum("pc,pcx->px", pulled, self.threshold_influence[own])
            tables -= np.expand_dims(brought, 3 - axis) * n
        information = (slopes * score * observed).sum(axis=(1, 2), keepdims=True) * n
        return np.asarray(tables / information)

    def _score_by_threshold(self, own: IntArray, other: IntArray, score: FloatArray) -> FloatArray:
        """Return how much the mean score falls per unit of each threshold of ``own``: pairs x thresholds."""
        own_cuts, other_cuts = self.thresholds[own][:, :, None], self.thresholds[other][:, None, :]
        along = slope(own_cuts, other_cuts, self.correlations[:, None, None])
        height = np.exp(-(own_cuts**2) / 2) / np.sqrt(2 * np.pi)
        edges = np.concatenate([np.zeros_like(height), along, height], axis=2)
        by_threshold = np.diff(edges, axis=2)  # of the cells left of the cut; those right of it lose as much
        return np.asarray((by_threshold * (score[:, :-1] - score[:, 1:])).sum(axis=2))

    def person_sums(self, by_pair: FloatArray, by_threshold: FloatArray | None = None) -> FloatArray:
        """Return what each person adds to the deviation of a function of the correlations and thresholds.

        Parameters
        ----------
        by_pair
            Derivative with respect to each correlation.
        by_threshold
            Derivative with respect to each threshold, items x thresholds.
        """
        added = np.zeros(len(self.codes))
        for pair in np.flatnonzero(by_pair):
            table = by_pair[pair] * self.pair_influence[pair]
            added += table[self.codes[:, self.first[pair]], self.codes[:, self.second[pair]]]
        if by_threshold is not None:
            tables = np.einsum("jc,jcx->jx", by_threshold, self.threshold_influence)
            for item, table in enumerate(tables):
                added += table[self.codes[:, item]]
        return np.asarray(np.bincount(self.sample.people, weights=added, minlength=self.sample.units), dtype=float)

    def error(self, by_pair: FloatArray, by_threshold: FloatArray | None = None) -> float:
        """Return the standard error of such a function, people taken as independent."""
        units = self.sample.units
        return float(np.sqrt(units / (units - 1) * (self.person_sums(by_pair, by_threshold) ** 2).sum()))

    @cached_property
    def errors(self) -> FloatArray:
        """Standard error of each correlation; of independent complete ratings the table of counts tells all."""
        sample = self.sample
        if sample.complete and not sample.repeated:
            return np.asarray(np.sqrt(sample.units / (sample.units - 1)) * self._row_errors(self.pair_influence))
        return np.array([self.error(unit) for unit in np.eye(len(self.first))])

    @property
    def weights(self) -> FloatArray:
        """What each correlation weighs in a model of all of them: one over its variance for independent ratings.

        Notes
        -----
        Muthen (1984): means are over the answers and not over the fitted normal distribution, as lavaan has it.
        """
        chances = _cells(self.thresholds, self.first, self.second, self.correlations)[1]
        observed = self.counts / (self.pair_n[:, None, None] * chances)
        return np.asarray(1 / self._row_errors(self._influence(observed)) ** 2)

    def _row_errors(self, influence: FloatArray) -> FloatArray:
        return np.asarray(np.sqrt((self.counts * influence[:, :-1, :-1] ** 2).sum(axis=(1, 2))))


def polychoric(
    items: pd.DataFrame,
    *,
    name: str = "scale",
    missing: Missing = "listwise",
    clusters: npt.ArrayLike | None = None,
    conf_level: float = 0.95,
    empty_cells: float = 0.0,
) -> Polychoric:
    """Estimate how strongly the normal variables behind ordered answers correlate, for every pair of items.

    Parameters
    ----------
    items
        Ratings x items, numbers whose order counts and nothing else, at most 20 different ones per item, NaN for
        missing.
    name
        Name of the scale in the result.
    missing
        ``listwise``: ratings that answer every item. ``pairwise``: thresholds from all answers to an item, each
        correlation from the ratings that answer both.
    clusters
        Respondent of each rating.
    conf_level
        Coverage of the interval.
    empty_cells
        Count put in place of 0 in a cell of a pair's table: 0 leaves it empty; ``psych::polychoric`` puts .5.

    Returns
    -------
    Polychoric
        Rows ``polychoric``, unit ``coefficient``, between -1 and 1, with the standard error of the two-step estimator
        (people independent, thresholds estimated) and an interval on Fisher's scale. ``settings.warnings`` says
        ``at_bound:<item>:<item>`` where the likelihood rises up to one (its interval is left out),
        ``empty_cells:<scale>:<pairs>`` and ``not_positive_definite:<scale>``.

    Raises
    ------
    NotEnoughDataError
        Fewer than three usable ratings, an item without answers or with one category.
    ParameterError
        An argument that is not allowed, fewer than two items, an item with more than 20 different answers.

    Warnings
    --------
    It takes answers for cut up, jointly normal variables; where that is wrong it is too high, and nothing in the
    result says so. With a category that few chose, or a pair of answers that nobody gave (``empty_cells:``), the
    estimate hangs on one person. Below 200 ratings, or with ``not_positive_definite:``, compute nothing else from it.

    Notes
    -----
    Olsson (1979), two steps: thresholds from each item alone, then the correlation by maximum likelihood. In R:
    ``lavaan::lavCor(items, ordered = names(items))`` and ``psych::polychoric(items, correct = 0, global = FALSE)``.
    """
    require_conf_level(conf_level)
    sample = usable_sample(items, name=name, missing=missing, clusters=clusters, fewest_items=PAIR)
    latent = fit_latent(sample, empty_cells=empty_cells)
    names, n = np.array(sample.items), latent.pair_n.astype(int)
    errors = np.where(latent.at_bound, np.nan, latent.errors)
    low, high = _limits(latent.correlations, errors, units=sample.units, conf_level=conf_level)
    people = [sample.people_of(i, j) for i, j in zip(latent.first.tolist(), latent.second.tolist(), strict=True)]
    data = pd.DataFrame(
        {
            "scale": name,
            "item": names[latent.first],
            "with_item": names[latent.second],
            "statistic": "polychoric",
            "estimate": latent.correlations,
            "std_error": errors,
            "conf_low": low,
            "conf_high": high,
            "p_value": np.nan,
            "n": n,
            "n_people": people,
            "unit": "coefficient",
            "empty_cells": latent.empty_cells,
        }
    )
    settings = Settings(
        method="polychoric",
        interval="adf",
        conf_level=conf_level,
        missing=missing,
        n_clusters=sample.units if sample.repeated else 0,
        warnings=tuple(latent_warnings(latent, name)),
    )
    return Polychoric(data=data, people=data[["n", "n_people"]].copy(), settings=settings)


def latent_warnings(latent: Latent, name: str) -> list[str]:
    """Return the codes of what a reader should know about the correlations."""
    items, some_empty = latent.sample.items, int((latent.empty_cells > 0).sum())
    warnings = [
        f"at_bound:{items[i]}:{items[j]}"
        for i, j, at in zip(latent.first, latent.second, latent.at_bound, strict=True)
        if at
    ]
    warnings += [f"empty_cells:{name}:{some_empty}"] if some_empty else []
    return warnings + ([] if _smallest_eigenvalue(latent.matrix) > 0 else [f"not_positive_definite:{name}"])


def _smallest_eigenvalue(matrix: FloatArray) -> float:
    return float(np.linalg.eigvalsh(matrix)[0])


def positive_definite(matrix: FloatArray) -> tuple[FloatArray, bool]:
    """Return a correlation matrix that is positive definite, and whether it had to be smoothed for that.

    Notes
    -----
    Eigenvalues below a millionth are raised to it and the diagonal set back to one, as ``psych::cor.smooth`` does.
    """
    values, vectors = np.linalg.eigh(matrix)
    if values[0] > SMALLEST_EIGENVALUE:
        return matrix, False
    raised = (vectors * np.maximum(values, 1e-6)) @ vectors.T
    sd = np.sqrt(np.diag(raised))
    return np.asarray(raised / np.outer(sd, sd)), True


def fit_latent(sample: ItemSample, *, empty_cells: float = 0.0) -> Latent:
    """Return thresholds and correlations of the normal variables behind the answers.

    Raises
    ------
    ParameterError
        An item with more than 20 different answers, or a count for empty cells that is negative or not finite.
    """
    if not 0 <= empty_cells < np.inf:
        raise ParameterError(
            f"empty_cells is {empty_cells}; it is the count put in an empty cell, 0 or more.", code="ICS-380"
        )
    codes = _codes(sample)
    n_categories = int(codes.max()) + 1
    tables, items = _tables(codes, n_categories), np.arange(sample.n_items)
    cumulative = np.diagonal(tables[items, items], axis1=1, axis2=2).cumsum(axis=1)
    shares = cumulative[:, :-1] / cumulative[:, -1:]
    first, second = np.triu_indices(sample.n_items, 1)
    thresholds, counts = np.where(shares < 1, ndtri(shares), BEYOND), tables[first, second]
    scored = counts
    if empty_cells:
        scored = np.where(counts > 0, counts, empty_cells)
        possible = np.arange(n_categories) <= codes.max(axis=0)[:, None]
        scored = scored * (possible[first][:, :, None] & possible[second][:, None, :])
    return Latent(
        sample=sample,
        codes=codes,
        thresholds=thresholds,
        first=first,
        second=second,
        counts=counts,
        correlations=_most_likely(thresholds, first, second, scored),
    )


def _codes(sample: ItemSample) -> IntArray:
    """Return the place of each answer among the categories of its item, -1 for none."""
    codes = np.empty(sample.answers.shape, dtype=np.int64, order="F")
    for item, given in enumerate(sample.answered.T):
        column = np.where(given, sample.answers[:, item], np.nan)
        codes[:, item] = pd.factorize(column, sort=True)[0]
    problems = [
        Problem(
            code="ICS-381",
            column=item,
            message=f"has {found} different answers; a polychoric correlation is for at most {MOST_CATEGORIES}.",
            hint="Numbers with that many values need no normal variable behind them: use cronbach_alpha.",
        )
        for item, found in zip(sample.items, codes.max(axis=0) + 1, strict=True)
        if found > MOST_CATEGORIES
    ]
    if problems:
        raise ParameterError(problems)
    return codes


def _tables(codes: IntArray, n_categories: int) -> FloatArray:
    """Return all two-way tables at once, items x items x categories x categories: one product of 0/1 columns."""
    n, k = codes.shape
    total = np.zeros((k * n_categories, k * n_categories))
    for start in range(0, n, ROWS_AT_ONCE):
        part = codes[start : start + ROWS_AT_ONCE].T
        marked = np.empty((k, n_categories, part.shape[1]), dtype=np.float32)
        for category in range(n_categories):
            np.equal(part, category, out=marked[:, category])
        flat = marked.reshape(k * n_categories, -1)
        total += flat @ flat.T
    return total.reshape(k, n_categories, k, n_categories).transpose(0, 2, 1, 3)


def _cells(
    thresholds: FloatArray, first: IntArray, second: IntArray, correlations: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the chance of every combination of answers, after its derivative with respect to the correlation."""
    rows, columns, r = thresholds[first][:, :, None], thresholds[second][:, None, :], correlations[:, None, None]
    slopes = np.diff(np.diff(np.pad(density(rows, columns, r), ((0, 0), (1, 1), (1, 1))), axis=1), axis=2)
    n_pairs, n_cuts = len(first), thresholds.shape[1]
    below = np.zeros((n_pairs, n_cuts + 2, n_cuts + 2))
    ends = np.concatenate([thresholds, np.full((len(thresholds), 1), BEYOND)], axis=1)
    below[:, 1:-1, 1:-1] = distribution(rows, columns, r)
    shares = ndtr(ends)
    below[:, 1:, -1], below[:, -1, 1:] = shares[first], shares[second]
    chances = np.diff(np.diff(below, axis=1), axis=2)
    return slopes, np.maximum(chances, SMALLEST_PROBABILITY)


def _most_likely(thresholds: FloatArray, first: IntArray, second: IntArray, counts: FloatArray) -> FloatArray:
    """Return the correlation of each pair by Fisher scoring; where a step leaves the bracket, by halving it."""
    found = np.zeros(len(first))
    low, high = np.full(len(first), -BOUND), np.full(len(first), BOUND)
    active = np.arange(len(first))
    for _ in range(ITERATIONS):
        slopes, chances = _cells(thresholds, first[active], second[active], found[active])
        relative = slopes / chances
        score = (counts[active] * relative).sum(axis=(1, 2))
        information = counts[active].sum(axis=(1, 2)) * (slopes * relative).sum(axis=(1, 2))
        here = found[active]
        low[active], high[active] = np.where(score > 0, here, low[active]), np.where(score > 0, high[active], here)
        step = here + score / np.maximum(information, SMALLEST_PROBABILITY)
        inside = (step > low[active]) & (step < high[active])
        found[active] = np.where(inside, step, (low[active] + high[active]) / 2)
        active = active[np.abs(found[active] - here) > CONVERGED]
        if not len(active):
            break
    return found


def _limits(
    estimates: FloatArray, errors: FloatArray, *, units: int, conf_level: float
) -> tuple[FloatArray, FloatArray]:
    if units < FEWEST:
        return np.full_like(estimates, np.nan), np.full_like(estimates, np.nan)
    reach = float(stdtrit(units - 1, (1 + conf_level) / 2)) * errors / (1 - estimates**2)
    return np.tanh(np.arctanh(estimates) - reach), np.tanh(np.arctanh(estimates) + reach)
