"""Counts, sums and cross-products: all that means, covariances and regressions need to know of the data.

They add up: the moments of the organisation are those of its departments together, to the last digit when the
answers are whole numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from icstats.errors import NotEnoughDataError, ParameterError, Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ROUNDING", "Moments", "moments"]

Sums: TypeAlias = NDArray[np.float64] | NDArray[np.int64]

LARGEST_EXACT = 2**53
"""Up to here a float holds every whole number, so that the fast matrix product is exact."""
ROUNDING = 1e-13
"""A variance below this part of the mean square is rounding and not spread."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Moments:
    """The moments of one set of rows.

    Attributes
    ----------
    names
        Names of the columns, in order.
    n
        Number of rows.
    weight, weight_squares
        Sum of the weights and of their squares; both equal ``n`` without weights.
    sums
        Weighted sum per column.
    products
        Weighted sums of the products of each pair of columns. Whole numbers (int64) as long as answers and weights
        are whole.
    """

    names: tuple[str, ...]
    n: int
    weight: float
    weight_squares: float
    sums: Sums
    products: Sums

    def __repr__(self) -> str:
        return f"<Moments: {len(self.names)} columns, {self.n} rows, not released>"

    def merge(self, other: Moments) -> Moments:
        """Return the moments of both sets of rows together.

        Raises
        ------
        ParameterError
            When the two are not about the same columns in the same order.
        """
        if self.names != other.names:
            raise ParameterError(
                f"moments of {_listed(self.names)} cannot be merged with moments of {_listed(other.names)}; "
                "names and order must be the same",
                code="ICS-370",
            )
        return Moments(
            names=self.names,
            n=self.n + other.n,
            weight=self.weight + other.weight,
            weight_squares=self.weight_squares + other.weight_squares,
            sums=_locked(self.sums + other.sums),
            products=_locked(self.products + other.products),
        )

    @property
    def mean(self) -> pd.Series[float]:
        """Weighted mean per column; NotEnoughDataError without rows."""
        self._require_rows(1)
        return pd.Series(self.sums / self.weight, index=list(self.names), dtype=float)

    @property
    def covariance(self) -> pd.DataFrame:
        """Covariance matrix with divisor n - 1; NotEnoughDataError with fewer than two rows.

        With weights ``sum(w (x - mean)(y - mean)) / (W - W2 / W)`` where W and W2 are the sums of the weights and of
        their squares: ``numpy.cov(aweights=w)``, R ``cov.wt(method = "unbiased")``.
        """
        self._require_rows(2)
        # (W P - s s') / (W W - W2) has no division before the last step, so that whole numbers stay exact.
        exact = np.issubdtype(self.products.dtype, np.integer)
        sums, products = (
            (self.sums.astype(object), self.products.astype(object)) if exact else (self.sums, self.products)
        )
        weight, squares = (int(self.weight), int(self.weight_squares)) if exact else (self.weight, self.weight_squares)
        values = (weight * products - np.outer(sums, sums)) / (weight * weight - squares)
        return pd.DataFrame(values.astype(float), index=list(self.names), columns=list(self.names))

    @property
    def correlation(self) -> pd.DataFrame:
        """Pearson correlations; ParameterError that names the columns in which all answers are the same."""
        covariance = self.covariance
        variance = np.diag(covariance)
        constant = variance <= ROUNDING * np.diag(self.products) / self.weight
        if constant.any():
            names = [name for name, same in zip(self.names, constant, strict=True) if same]
            raise ParameterError(
                f"all answers to {_listed(names)} are the same: no correlation exists",
                code="ICS-371",
                hint="Leave the column out.",
            )
        deviation = np.sqrt(variance)
        values = np.clip(covariance.to_numpy() / np.outer(deviation, deviation), -1.0, 1.0)
        return pd.DataFrame(values, index=list(self.names), columns=list(self.names))

    def _require_rows(self, least: int) -> None:
        if self.n < least:
            raise NotEnoughDataError(
                f"{self.n} rows for {_listed(self.names)}; at least {least} are needed", code="ICS-529"
            )


def moments(data: pd.DataFrame, *, weights: Sequence[float] | pd.Series[float] | None = None) -> Moments:
    """Return the moments of complete data.

    Parameters
    ----------
    data
        Rows by named columns, numbers without holes: impute or drop first, and say so.
    weights
        One weight above 0 per row; None weighs all rows the same.

    Raises
    ------
    ParameterError
        When names are doubled, a value is missing or no number, or the weights do not fit: all of a kind at once.

    Notes
    -----
    Sums of whole answers are exact. For other values they are double precision about the origin: meant for answers
    and scores, whose mean is not millions of times their spread.
    """
    names = tuple(str(name) for name in data.columns)
    problems = [*_problems_of_names(names), *_problems_of_types(data)]
    if problems:
        raise ParameterError(problems)
    values = data.to_numpy(dtype=float, na_value=np.nan)
    weight = np.ones(len(data)) if weights is None else np.asarray(weights, dtype=float)
    problems = [*_problems_of_holes(names, values), *_problems_of_weights(weight, len(data))]
    if problems:
        raise ParameterError(problems)
    weighted = values * weight[:, None]
    products = values.T @ weighted
    return Moments(
        names=names,
        n=len(data),
        weight=float(weight.sum()),
        weight_squares=float((weight**2).sum()),
        sums=_locked(_whole_if_exact(weighted.sum(axis=0), values, weight)),
        products=_locked(_whole_if_exact((products + products.T) / 2, values, weight)),
    )


def _problems_of_names(names: tuple[str, ...]) -> list[Problem]:
    return [
        Problem(
            code="ICS-372",
            message=f"is the name of {names.count(name)} columns",
            column=name,
            hint="Give every column its own name.",
        )
        for name in dict.fromkeys(names)
        if names.count(name) > 1
    ]


def _problems_of_types(data: pd.DataFrame) -> list[Problem]:
    return [
        Problem(code="ICS-376", message="holds something other than numbers", column=str(name))
        for name, dtype in zip(data.columns, data.dtypes, strict=True)
        if not pd.api.types.is_numeric_dtype(dtype)
    ]


def _problems_of_holes(names: tuple[str, ...], values: NDArray[np.float64]) -> list[Problem]:
    return [
        Problem(
            code="ICS-373",
            message=f"{missing} of {len(values)} values are missing or not finite",
            column=name,
            hint="Impute or drop them first.",
        )
        for name, missing in zip(names, (~np.isfinite(values)).sum(axis=0), strict=True)
        if missing
    ]


def _problems_of_weights(weight: NDArray[np.float64], n: int) -> list[Problem]:
    if weight.shape != (n,):
        return [
            Problem(
                code="ICS-374",
                message=f"{weight.size} weights for {n} rows; there must be one per row",
                column="weights",
            )
        ]
    wrong = int((~(np.isfinite(weight) & (weight > 0))).sum())
    if wrong:
        return [Problem(code="ICS-375", message=f"{wrong} of {n} weights are not a number above 0", column="weights")]
    return []


def _whole_if_exact(totals: NDArray[np.float64], values: NDArray[np.float64], weight: NDArray[np.float64]) -> Sums:
    whole = bool((values == np.rint(values)).all() and (weight == np.rint(weight)).all())
    largest = np.abs(values).max(initial=1.0) ** 2 * weight.sum()
    return totals.astype(np.int64) if whole and largest < LARGEST_EXACT else totals


def _locked(values: Sums) -> Sums:
    values.flags.writeable = False
    return values


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
