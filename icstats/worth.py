"""What blocks of items explain, by the definition of Shapley: every block joins the others in every order.

Simulations plant with it what the driver analysis should find. It shares no code with the driver analysis, so that an
error there cannot hide here.
"""

from __future__ import annotations

from itertools import combinations
from math import factorial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Worth", "shapley_of_blocks"]


def shapley_of_blocks(
    covariance: pd.DataFrame, *, outcome: str, blocks: Mapping[str, Sequence[str]]
) -> pd.Series[float]:
    """Return each block's Shapley value of R², where a set of blocks is worth the R² of all their items.

    Parameters
    ----------
    covariance
        Covariance of the items and the outcome, by code.
    outcome
        Code of the outcome.
    blocks
        Block -> item codes.

    Returns
    -------
    pd.Series
        Indexed by block; adds up to R² of all items.
    """
    codes = [code for items in blocks.values() for code in items]
    worth = Worth([len(items) for items in blocks.values()], covariance.loc[codes, codes].to_numpy())
    values = worth.shapley(covariance.loc[codes, outcome].to_numpy(), float(covariance.loc[[outcome], outcome].iloc[0]))
    return pd.Series(values, index=list(blocks))


class Worth:
    """R² of every set of blocks, for a fixed covariance of the items.

    Parameters
    ----------
    sizes
        Number of items per block.
    covariance
        Covariance of the items, those of the first block first.
    """

    def __init__(self, sizes: Sequence[int], covariance: Floats) -> None:
        ends = np.cumsum([0, *sizes])
        self.n_blocks = len(sizes)
        self.inverses: dict[tuple[int, ...], tuple[NDArray[np.intp], Floats]] = {}
        for size in range(1, self.n_blocks + 1):
            for chosen in combinations(range(self.n_blocks), size):
                columns = np.concatenate([np.arange(ends[block], ends[block + 1]) for block in chosen])
                self.inverses[chosen] = (columns, np.linalg.inv(covariance[np.ix_(columns, columns)]))

    def r_squared(self, chosen: tuple[int, ...], with_outcome: Floats, variance: float) -> float:
        """Return R² of the items of the chosen blocks."""
        if not chosen:
            return 0.0
        columns, inverse = self.inverses[chosen]
        return float(with_outcome[columns] @ inverse @ with_outcome[columns]) / variance

    def shapley(self, with_outcome: Floats, variance: float) -> Floats:
        """Return the Shapley value of each block.

        Parameters
        ----------
        with_outcome
            Covariance of each item with the outcome.
        variance
            Variance of the outcome.
        """
        values = np.zeros(self.n_blocks)
        for block in range(self.n_blocks):
            rest = [other for other in range(self.n_blocks) if other != block]
            for size in range(self.n_blocks):
                weight = factorial(size) * factorial(self.n_blocks - size - 1) / factorial(self.n_blocks)
                for others in combinations(rest, size):
                    joined = tuple(sorted((*others, block)))
                    gain = self.r_squared(joined, with_outcome, variance)
                    values[block] += weight * (gain - self.r_squared(others, with_outcome, variance))
        return values
