"""Moments of answers with holes: for every pair of questions those who answered both, in whole numbers.

They add up to the last digit, whatever the order: the moments of a hundred million answers are those of their shards
together, on one machine or on many.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from icstats.errors import ParameterError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

__all__ = [
    "PairwiseMoments",
    "beside_each_other",
    "cross_products",
    "merged",
    "moments_of_answers",
    "of_totals",
    "pairwise_moments",
]

ROWS_AT_ONCE = 50_000
EXACT_32, EXACT_64 = 2**24, 2**53
"""Up to here floats of 32 and 64 bits hold every whole number, so that the fast matrix product is exact."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class PairwiseMoments:
    """The moments of one set of ratings; whole numbers (int64).

    Attributes
    ----------
    names
        Names of the questions, in order.
    n
        Number of ratings.
    counts
        ``[i, j]``: ratings that answered both; on the diagonal those that answered i.
    sums
        ``[i, j]``: sum of the answers to i of the ratings that answered both.
    products
        ``[i, j]``: sum of the products of the two answers.
    """

    names: tuple[str, ...]
    n: int
    counts: NDArray[np.int64]
    sums: NDArray[np.int64]
    products: NDArray[np.int64]

    def __repr__(self) -> str:
        return f"<PairwiseMoments: {len(self.names)} questions, {self.n} ratings, not released>"

    def merge(self, other: PairwiseMoments) -> PairwiseMoments:
        """Return the moments of both sets of ratings together.

        Raises
        ------
        ParameterError
            When the two are not about the same questions in the same order.
        """
        if self.names != other.names:
            raise ParameterError(
                "moments can only be merged when they are about the same questions in the same order", code="ICS-380"
            )
        return PairwiseMoments(
            names=self.names,
            n=self.n + other.n,
            counts=_locked(self.counts + other.counts),
            sums=_locked(self.sums + other.sums),
            products=_locked(self.products + other.products),
        )

    def shifted(self, by: Sequence[int]) -> PairwiseMoments:
        """Return the moments of the answers after adding a whole number to each question's."""
        shift = np.asarray(by, dtype=np.int64)
        down, across = shift[:, None], shift[None, :]
        products = self.products + across * self.sums + down * self.sums.T + down * across * self.counts
        return PairwiseMoments(
            names=self.names,
            n=self.n,
            counts=self.counts,
            sums=_locked(self.sums + down * self.counts),
            products=_locked(products),
        )

    @property
    def mean(self) -> pd.Series[float]:
        """Mean per question of those who answered it; NaN where nobody did."""
        with np.errstate(invalid="ignore"):
            return pd.Series(np.diag(self.sums) / np.diag(self.counts), index=list(self.names), dtype=float)

    @property
    def covariance(self) -> pd.DataFrame:
        """Covariances with divisor n - 1 of those who answered both: R ``cov(use = "pairwise.complete.obs")``.

        NaN where fewer than two answered both.
        """
        n, sums, products = (part.astype(object) for part in (self.counts, self.sums, self.products))
        # One division, of whole numbers without end, so that nothing is lost before it.
        numerator, divisor = n * products - sums * sums.T, n * (n - 1)
        values = np.full(n.shape, np.nan)
        enough = self.counts > 1
        values[enough] = (numerator[enough] / divisor[enough]).astype(float)
        return pd.DataFrame(values, index=list(self.names), columns=list(self.names))


def pairwise_moments(data: pd.DataFrame) -> PairwiseMoments:
    """Return the moments of answers with holes.

    Parameters
    ----------
    data
        Rows by named questions: whole numbers, NaN where there is no answer.

    Raises
    ------
    ParameterError
        When a column holds other numbers: all such columns at once.
    """
    values = data.to_numpy(dtype=float, na_value=np.nan)
    answered = ~np.isnan(values)
    broken = (answered & (values != np.rint(values))).any(axis=0)
    if broken.any():
        raise ParameterError(
            [
                Problem(code="ICS-381", message="holds answers that are no whole numbers", column=str(name))
                for name, wrong in zip(data.columns, broken, strict=True)
                if wrong
            ]
        )
    names = tuple(str(name) for name in data.columns)
    return moments_of_answers(np.where(answered, values, 0).astype(np.int64), answered, names)


def moments_of_answers(
    answers: NDArray[np.integer[Any]], answered: NDArray[np.bool_], names: tuple[str, ...]
) -> PairwiseMoments:
    """Return the moments of a matrix of whole numbers.

    Parameters
    ----------
    answers
        Ratings by questions; what stands where there is no answer does not count.
    answered
        Of the same shape: whether there is an answer.
    names
        Names of the questions.
    """
    k = len(names)
    total = np.zeros((2 * k, 2 * k), dtype=np.int64)
    # Threads that wait for each other cost more than such small products.
    with threadpool_limits(1, user_api="blas"):
        for start in range(0, len(answers), ROWS_AT_ONCE):
            part = slice(start, start + ROWS_AT_ONCE)
            total += cross_products(beside_each_other(answers[part], answered[part]))
    return of_totals(total, n=len(answers), names=names)


def beside_each_other(answers: NDArray[np.integer[Any]], answered: NDArray[np.bool_]) -> NDArray[np.floating[Any]]:
    """Return answers (0 where there is none) and beside them whether there is one, ready to be multiplied exactly.

    Raises
    ------
    ParameterError
        When answers are so large that their sums could be rounded.
    """
    part = np.where(answered, answers, 0)
    largest = max(int(part.max(initial=1)), -int(part.min(initial=-1))) ** 2 * len(part)
    if largest >= EXACT_64:
        raise ParameterError("answers are too large for exact moments", code="ICS-382")
    exact: type[np.float32 | np.float64] = np.float32 if largest < EXACT_32 else np.float64
    both = np.empty((len(part), 2 * part.shape[1]), dtype=exact)
    both[:, : part.shape[1]] = part
    both[:, part.shape[1] :] = answered
    return both


def cross_products(both: NDArray[np.floating[Any]]) -> NDArray[np.int64]:
    """Return all counts, sums and products at once, as :func:`of_totals` takes them."""
    products: NDArray[np.int64] = (both.T @ both).astype(np.int64)
    return products


def of_totals(total: NDArray[np.int64], *, n: int, names: tuple[str, ...]) -> PairwiseMoments:
    """Return the moments that are in the sum of :func:`cross_products` over ``n`` rows."""
    k = len(names)
    return PairwiseMoments(
        names=names,
        n=n,
        counts=_locked(total[k:, k:].copy()),
        sums=_locked(total[:k, k:].copy()),
        products=_locked(total[:k, :k].copy()),
    )


def merged(parts: Iterable[PairwiseMoments]) -> PairwiseMoments:
    """Return the moments of all parts together; ParameterError without any part."""
    found = list(parts)
    if not found:
        raise ParameterError("there are no moments to merge", code="ICS-383")
    return reduce(PairwiseMoments.merge, found)


def _locked(values: NDArray[np.int64]) -> NDArray[np.int64]:
    values.flags.writeable = False
    return values
