"""How sure a function of a covariance matrix is, when answers are missing and people answer more than once.

A coefficient such as Cronbach's alpha is a smooth function of the covariance matrix of the items. Every rating pulls
that matrix a little, and so the coefficient: its *influence*. The influences of one person are added up before they are
squared, because what one person says about five departments is not five independent answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from icstats.errors import ParameterError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

__all__ = [
    "FEWEST",
    "FEW_CLUSTERS",
    "ROUNDING",
    "FloatArray",
    "IntArray",
    "ItemSample",
    "Missing",
    "bootstrap",
    "checked_items",
    "correlations",
    "department_codes",
    "item_sample",
    "person_codes",
    "problems_of_weights",
    "require_conf_level",
    "require_option",
    "require_seed",
    "resampled",
    "row_weights",
    "standard_error",
]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

Missing = Literal["listwise", "pairwise"]

FEWEST = 3
"""Fewer answers than this bear no statement about spread."""

FEW_CLUSTERS = 40
"""Below this number of people who repeat, cluster-robust errors are known to be too small."""

ROUNDING = 1e-12
"""A spread smaller than this part of the values is what rounding leaves of none."""

ROWS_AT_ONCE = 8192

BLOCK = 100_000
"""Bootstrap counts that are held at once: few enough to stay in the cache."""


def require_option(value: str, *, name: str, allowed: Collection[str]) -> None:
    """Refuse a setting that is not one of the allowed words.

    Raises
    ------
    ParameterError
        Names the setting and lists what is allowed.
    """
    if value not in allowed:
        listed = ", ".join(f'"{option}"' for option in allowed)
        raise ParameterError(f'{name} is "{value}"; allowed are {listed}.', code="ICS-353")


def require_conf_level(conf_level: float) -> None:
    """Refuse a coverage that is not between 0 and 1.

    Raises
    ------
    ParameterError
        Says what was given.
    """
    if not 0 < conf_level < 1:
        raise ParameterError(
            f"conf_level is {conf_level}; it must lie between 0 and 1.", code="ICS-354", hint="For 95 % write 0.95."
        )


def require_seed(seed: int | None) -> None:
    """Refuse a seed that random numbers cannot be drawn from.

    Raises
    ------
    ParameterError
        Says what was given.
    """
    if seed is not None and seed < 0:
        raise ParameterError(f"seed is {seed}; it must be 0 or more, or None.", code="ICS-395")


def person_codes(clusters: npt.ArrayLike | None, *, n_rows: int) -> IntArray:
    """Return for each row the number of its person, counted from 0; without ``clusters`` each row is a person.

    People are numbered in the order of their ids, so that bootstrap samples do not depend on the order of the rows.
    Without ids nothing but their place tells rows apart: then another order of the rows draws other samples.

    Raises
    ------
    ParameterError
        ``clusters`` has another length than the data, or is empty for some rows.
    """
    if clusters is None:
        return np.arange(n_rows, dtype=np.int64)
    persons = pd.Series(np.asarray(clusters))
    if len(persons) != n_rows:
        raise ParameterError(
            f"clusters has {len(persons)} values for {n_rows} rows.",
            code="ICS-352",
            hint="Give one respondent id per row, in the order of the rows.",
        )
    if persons.isna().any():
        raise ParameterError(
            f"clusters is empty for {int(persons.isna().sum())} rows.",
            code="ICS-352",
            hint="Give each rating without a respondent id an id of its own.",
        )
    return np.asarray(pd.factorize(persons, sort=True)[0], dtype=np.int64)


def department_codes(departments: npt.ArrayLike, *, n_rows: int) -> tuple[tuple[str, ...], IntArray]:
    """Return the departments in alphabetical order, and for each row the number of its department.

    Raises
    ------
    ParameterError
        ``departments`` has another length than the data, or is empty for some rows.
    """
    given = pd.Series(np.asarray(departments))
    if len(given) != n_rows:
        raise ParameterError(
            f"departments has {len(given)} values for {n_rows} rows.",
            code="ICS-382",
            hint="Give one department per row, in the order of the rows.",
        )
    if given.isna().any():
        raise ParameterError(f"departments is empty for {int(given.isna().sum())} rows.", code="ICS-382")
    codes, names = pd.factorize(given.astype(str), sort=True)
    return tuple(str(name) for name in names), np.asarray(codes, dtype=np.int64)


def problems_of_weights(weights: npt.ArrayLike | None, *, n_rows: int) -> list[Problem]:
    """Return what is wrong with the weights of the rows."""
    if weights is None:
        return []
    values = np.asarray(weights, dtype=float)
    if values.shape != (n_rows,):
        return [Problem(code="ICS-366", message=f"weights has {values.size} values for {n_rows} rows.")]
    wrong = int((~(np.isfinite(values) & (values > 0))).sum())
    if wrong:
        return [Problem(code="ICS-366", message=f"weights must be positive numbers; {wrong} are not.")]
    return []


def row_weights(weights: npt.ArrayLike | None, *, n_rows: int) -> FloatArray:
    """Return one weight per row; without ``weights`` every row counts once.

    Raises
    ------
    ParameterError
        ``weights`` has another length than the data, or one is not a positive number.
    """
    problems = problems_of_weights(weights, n_rows=n_rows)
    if problems:
        raise ParameterError(problems)
    return np.ones(n_rows) if weights is None else np.asarray(weights, dtype=np.float64)


def checked_items(items: pd.DataFrame) -> pd.DataFrame:
    """Return the items as float columns with NaN for missing, the names as text.

    Raises
    ------
    ParameterError
        Not a DataFrame, or a column that is named twice, is not numeric or holds an infinite number: all at once.
    """
    if not isinstance(items, pd.DataFrame):
        raise ParameterError(
            f"A DataFrame with one column per item is needed, not {type(items).__name__}.", code="ICS-350"
        )
    names = items.columns.map(str)
    problems = [
        Problem(code="ICS-351", column=name, message="stands in the data more than once.")
        for name in names[names.duplicated()].unique()
    ]
    numeric = [pd.api.types.is_numeric_dtype(dtype) for dtype in items.dtypes]
    problems += [
        Problem(
            code="ICS-350",
            column=name,
            message="is not numeric.",
            hint="Answers must be numbers, with NaN where there is none.",
        )
        for name, is_number in zip(names, numeric, strict=True)
        if not is_number
    ]
    if problems:
        raise ParameterError(problems)
    plain = all(dtype == np.float64 for dtype in items.dtypes)
    values = items.to_numpy() if plain else items.to_numpy(dtype=float, na_value=np.nan)
    if np.isinf(values).any():
        infinite = np.isinf(values).sum(axis=0)
        raise ParameterError(
            [
                Problem(code="ICS-350", column=name, message=f"holds {count} infinite values.")
                for name, count in zip(names, infinite, strict=True)
                if count
            ]
        )
    return pd.DataFrame(values, columns=names, index=items.index, copy=False)


@dataclass(frozen=True, kw_only=True, eq=False)
class ItemSample:
    """Answers to a set of items and who gave them, after the missing answers were dealt with.

    Attributes
    ----------
    items
        Names of the k items.
    given
        Ratings x items, as they were given; not a copy, for of a million ratings that takes longer than the moments.
    means
        Mean of each item.
    answered
        Ratings x items; whether there is an answer.
    people
        Number of the person behind each rating, from 0 to ``n_people - 1``.
    n_rows
        Ratings before any were left out.
    """

    items: tuple[str, ...]
    given: FloatArray
    means: FloatArray
    answered: BoolArray
    people: IntArray
    n_rows: int

    @property
    def n_items(self) -> int:
        """Number of items."""
        return len(self.items)

    @cached_property
    def answers(self) -> FloatArray:
        """Ratings x items; centred on the mean of each item, 0 where there is no answer."""
        return self._centred(slice(None))

    def _centred(self, rows: slice) -> FloatArray:
        answers = self.given[rows] - self.means
        np.copyto(answers, 0.0, where=~self.answered[rows])
        return answers

    @cached_property
    def complete(self) -> bool:
        """Whether every rating has every answer."""
        return bool(self.answered.all())

    @cached_property
    def units(self) -> int:
        """Number of independent observations: the people who gave at least one answer."""
        return int(self.people.max(initial=-1)) + 1

    @property
    def repeated(self) -> bool:
        """Whether a person stands behind more than one rating."""
        return self.units < len(self.people)

    @cached_property
    def constant_items(self) -> tuple[str, ...]:
        """Items that were answered by everybody in the same way, or by nobody."""
        columns = zip(self.items, self.given.T, self.answered.T, strict=True)
        return tuple(item for item, values, given in columns if not _varies(values, given))

    @cached_property
    def top_shares(self) -> FloatArray:
        """Share of each item's answers that are its highest."""
        if self.complete:
            return np.asarray((self.given == self.given.max(axis=0)).mean(axis=0))
        highest = np.max(self.given, axis=0, initial=-np.inf, where=self.answered)
        return np.asarray(((self.given == highest) & self.answered).sum(axis=0) / self.answered.sum(axis=0))

    @property
    def pair_counts(self) -> FloatArray:
        """Ratings that answer both items, k x k."""
        return self._moments[0]

    @property
    def pair_sums(self) -> FloatArray:
        """Sum of the row's item over the ratings that answer the column's item too, k x k."""
        return self._moments[1]

    @cached_property
    def _moments(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Counts, sums and products of the answers of each pair; in blocks of rows that stay in the cache."""
        k, n = self.n_items, len(self.people)
        if self.complete:
            sums = np.broadcast_to(self.answers.sum(axis=0)[:, None], (k, k))
            return np.full((k, k), float(n)), sums, self.answers.T @ self.answers
        counts, sums, products = np.zeros((3, k, k))
        for rows in _row_blocks(n):
            answers, present = self._centred(rows), self.answered[rows].astype(float)
            counts += present.T @ present
            sums += answers.T @ present
            products += answers.T @ answers
        return counts, sums, products

    @property
    def n(self) -> int:
        """Ratings behind the least answered pair of items; without missing answers the number of ratings."""
        return int(self.pair_counts.min(initial=len(self.people) if self.items else 0))

    @cached_property
    def n_people(self) -> int:
        """People behind the pair of items that the fewest people answered."""
        if not self.items:
            return 0
        if self.complete:
            return self.units
        if not self.repeated:
            return self.n
        first, second = np.triu_indices(self.n_items)
        return min(self.people_of(i, j) for i, j in zip(first.tolist(), second.tolist(), strict=True))

    def people_of(self, i: int, j: int) -> int:
        """Return how many people answered both of two items."""
        if self.complete:
            return self.units
        here = self.answered[:, i] & self.answered[:, j]
        return len(np.unique(self.people[here])) if self.repeated else int(here.sum())

    @cached_property
    def covariance(self) -> FloatArray:
        """Covariances with denominator n - 1, each from the ratings that answer both items, k x k."""
        return _covariance(*self._moments)

    def influence(self, gradient: FloatArray) -> FloatArray:
        """Return what each rating adds to the deviation of a coefficient from its true value.

        Parameters
        ----------
        gradient
            k x k, symmetric: derivative of the coefficient with respect to each element of the covariance matrix.
        """
        weights = gradient / (self.pair_counts - 1)
        means = self.pair_sums / self.pair_counts
        # The products of deviations average to the covariance with denominator n, so that influences add up to zero.
        centre = means * means.T - self.covariance * (self.pair_counts - 1) / self.pair_counts
        added = np.empty(len(self.people))
        for rows in _row_blocks(len(added)):
            answers = self._centred(rows)
            added[rows] = np.einsum("ij,ij->i", answers @ weights, answers)
            if self.complete:
                added[rows] += (weights * centre).sum() - 2 * (answers @ (weights * means.T).sum(axis=1))
            else:
                present = self.answered[rows].astype(float)
                crossed = present @ (weights * centre) - 2 * (answers @ (weights * means.T))
                added[rows] += np.einsum("ij,ij->i", crossed, present)
        return added

    def person_sums(self) -> tuple[FloatArray, Callable[[FloatArray], FloatArray]]:
        """Return what must be added up to get a covariance matrix, per person, and how to make one of the sums.

        Returns
        -------
        sums
            People x columns.
        covariances
            Turns sums (any number of leading axes, columns last) into covariance matrices.
        """
        k = self.n_items
        first, second = np.triu_indices(k)
        products = self.answers[:, first] * self.answers[:, second]
        if self.complete:
            columns = np.column_stack([np.ones(len(self.answers)), self.answers, products])

            def covariances(sums: FloatArray) -> FloatArray:
                count = sums[..., 0, None, None]
                totals = np.broadcast_to(sums[..., 1 : k + 1, None], (*sums.shape[:-1], k, k))
                return _covariance(count, totals, _symmetric(sums[..., k + 1 :], k))
        else:
            present = self.answered.astype(float)
            both = present[:, first] * present[:, second]
            crossed = (self.answers[:, :, None] * present[:, None, :]).reshape(len(present), k * k)
            columns = np.column_stack([both, crossed, products])
            p = len(first)

            def covariances(sums: FloatArray) -> FloatArray:
                totals = sums[..., p : p + k * k].reshape(*sums.shape[:-1], k, k)
                return _covariance(_symmetric(sums[..., :p], k), totals, _symmetric(sums[..., p + k * k :], k))

        return self.summed_per_person(columns), covariances

    def summed_per_person(self, columns: FloatArray) -> FloatArray:
        """Return the column sums of each person, in the order of the people."""
        if (np.diff(self.people) > 0).all():
            return columns
        order = np.argsort(self.people, kind="stable")
        starts = np.searchsorted(self.people[order], np.arange(self.units))
        return np.asarray(np.add.reduceat(columns[order], starts, axis=0))


def _row_blocks(n: int) -> Iterator[slice]:
    return (slice(start, start + ROWS_AT_ONCE) for start in range(0, n, ROWS_AT_ONCE))


def _varies(values: FloatArray, given: BoolArray) -> bool:
    """Return whether the given values differ; as a rule the first few tell."""
    for some in (slice(ROWS_AT_ONCE), slice(None)):
        here = values[some][given[some]]
        if len(here) and here.min() < here.max():
            return True
    return False


def _covariance(counts: FloatArray, sums: FloatArray, products: FloatArray) -> FloatArray:
    """Return covariances; ``sums[j, k]`` is the sum of item j over the ratings that answer k as well."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((products - sums * np.swapaxes(sums, -1, -2) / counts) / (counts - 1))


def _symmetric(upper: FloatArray, k: int) -> FloatArray:
    """Return symmetric k x k matrices from the elements of their upper triangles."""
    first, second = np.triu_indices(k)
    full = np.empty((*upper.shape[:-1], k, k))
    full[..., first, second] = upper
    full[..., second, first] = upper
    return full


def item_sample(
    items: pd.DataFrame, *, missing: Missing = "listwise", clusters: npt.ArrayLike | None = None
) -> ItemSample:
    """Return the answers that a coefficient rests on.

    Parameters
    ----------
    items
        One row per rating, one float column per item, NaN where there is no answer.
    missing
        ``listwise``: ratings that answer every item. ``pairwise``: every rating with an answer; each covariance from
        the ratings that answer both items.
    clusters
        Respondent of each rating.

    Raises
    ------
    ParameterError
        Wrong type, option, cluster or column.
    """
    require_option(missing, name="missing", allowed=get_args(Missing))
    values = checked_items(items)
    persons = person_codes(clusters, n_rows=len(values))
    given = values.to_numpy()
    empty = np.isnan(given)
    kept = ~empty.any(axis=1) if missing == "listwise" else _with_an_answer(empty)
    if not kept.all():
        given, empty, persons = given[kept], empty[kept], persons[kept]
        persons = np.unique(persons, return_inverse=True)[1].astype(np.int64)
    return ItemSample(
        items=tuple(values.columns),
        given=given,
        means=_means(given, empty),
        answered=~empty,
        people=persons,
        n_rows=len(values),
    )


def _means(given: FloatArray, empty: BoolArray) -> FloatArray:
    totals, missing = np.zeros((2, given.shape[1]))
    for rows in _row_blocks(len(given)):
        totals += np.where(empty[rows], 0.0, given[rows]).sum(axis=0)
        missing += empty[rows].sum(axis=0)
    means: FloatArray = totals / np.maximum(len(given) - missing, 1)
    return means


def _with_an_answer(empty: BoolArray) -> BoolArray:
    """Return which rows have an answer; only those without one to the first item are looked through."""
    if not empty.shape[1]:
        return np.zeros(len(empty), dtype=np.bool_)
    found = ~empty[:, 0]
    without = np.flatnonzero(empty[:, 0])
    found[without] = ~empty[without].all(axis=1)
    return found


def standard_error(sample: ItemSample, gradient: FloatArray) -> float:
    """Return the asymptotically distribution free standard error of a coefficient; NaN with fewer than two people.

    Notes
    -----
    The square root of c / (c - 1) times the sum over c people of (the sum of their influences) squared: the
    infinitesimal jackknife, or sandwich. With one rating per person and complete answers this is the ADF standard error
    of Yuan, Guarnaccia & Hayslip (2003) and Maydeu-Olivares, Coffman & Hartmann (2007).
    """
    units = sample.units
    if units < 2:  # noqa: PLR2004  one person has no spread
        return float("nan")
    per_person = np.bincount(sample.people, weights=sample.influence(gradient), minlength=units)
    return float(np.sqrt(units / (units - 1) * (per_person**2).sum()))


def bootstrap(
    sample: ItemSample, statistic: Callable[[FloatArray], FloatArray], *, n_boot: int, seed: int, block: int = BLOCK
) -> FloatArray:
    """Return a statistic of the covariance matrix in data sets drawn with replacement, whole people at a time.

    Parameters
    ----------
    sample
        What is drawn from.
    statistic
        Function of covariance matrices (… x k x k); NaN where it is not defined.
    n_boot, seed, block
        As in :func:`resampled`.
    """
    sums, covariances = sample.person_sums()
    return resampled(sums, lambda drawn: statistic(covariances(drawn)), n_boot=n_boot, seed=seed, block=block)


def resampled(
    sums: FloatArray, statistic: Callable[[FloatArray], FloatArray], *, n_boot: int, seed: int, block: int = BLOCK
) -> FloatArray:
    """Return a statistic of sums over people in data sets drawn with replacement.

    Parameters
    ----------
    sums
        People x columns: what is added up.
    statistic
        Function of the added up columns (replicates x columns); NaN where it is not defined.
    n_boot
        Number of data sets.
    seed
        Seed of the draws.
    block
        Counts held in memory at once; does not change the result.

    Notes
    -----
    No data set is ever built: a drawn data set is a row of counts, and counts x sums are its moments.
    """
    random = np.random.default_rng(seed)
    units = len(sums)
    per_block = max(1, block // units)
    replicates = []
    for start in range(0, n_boot, per_block):
        size = min(per_block, n_boot - start)
        drawn = random.integers(0, units, size=(size, units))
        drawn += units * np.arange(size)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=size * units).reshape(size, units).astype(float)
        replicates.append(statistic(counts @ sums))
    return np.concatenate(replicates)


def correlations(covariance: FloatArray) -> FloatArray:
    """Return correlations; NaN for an item without variance."""
    variances = np.diagonal(covariance, axis1=-2, axis2=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(covariance / np.sqrt(variances[..., :, None] * variances[..., None, :]))
