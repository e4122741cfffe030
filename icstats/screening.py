"""What of a scale can be used, and what stands in the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import numpy as np

from icstats.errors import NotEnoughDataError, ParameterError, Problem
from icstats.sampling import FEWEST, FloatArray, ItemSample, Missing, correlations, item_sample, require_option

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

__all__ = ["item_rest_correlations", "negative_items", "obstacle", "usable_items", "usable_sample"]

SMALLEST_SUM = 1e-12


def usable_items(values: pd.DataFrame, missing: Missing) -> tuple[list[str], list[str]]:
    """Return the items that can be used and the codes of those that cannot.

    Parameters
    ----------
    values
        Float columns with unique names.
    missing
        Leaving an item out of a ``listwise`` sample can bring back ratings that did not answer it, so what varies is
        looked at again each time.

    Returns
    -------
    items, warnings
        Codes are ``all_missing:<item>``, ``too_few_answers:<item>`` and ``no_variance:<item>``. With fewer than three
        ratings no item is to blame: only those without any answer are left out.
    """
    require_option(missing, name="missing", allowed=get_args(Missing))
    answers = values.notna().sum()
    warnings = [f"all_missing:{item}" for item in values.columns if answers[item] == 0]
    kept = [item for item in values.columns if answers[item] > 0]
    if len(values) < FEWEST:
        return kept, warnings
    warnings += [f"too_few_answers:{item}" for item in kept if answers[item] < FEWEST]
    kept = [item for item in kept if answers[item] >= FEWEST]
    constant = [item for item in kept if values[item].min() == values[item].max()]
    while True:
        warnings += [f"no_variance:{item}" for item in constant]
        kept = [item for item in kept if item not in constant]
        constant = _constant_items(values[kept], missing)
        if not constant:
            return kept, warnings


def _constant_items(values: pd.DataFrame, missing: Missing) -> list[str]:
    sample = item_sample(values, missing=missing)
    return list(sample.constant_items) if sample.n_items and sample.n >= FEWEST else []


def usable_sample(
    items: pd.DataFrame,
    *,
    name: str,
    missing: Missing,
    clusters: npt.ArrayLike | None,
    fewest_items: int,
    most_items: int | None = None,
) -> ItemSample:
    """Return the sample that a coefficient of this scale rests on, or refuse it with everything that is wrong.

    Raises
    ------
    NotEnoughDataError
        An item without answers or without variance, fewer than three usable ratings, items that cancel each other out.
    ParameterError
        Another number of items than the coefficient is for.
    """
    sample = item_sample(items, missing=missing, clusters=clusters)
    if sample.n_items < fewest_items or (most_items is not None and sample.n_items > most_items):
        wanted = f"exactly {most_items}" if most_items == fewest_items else f"at least {fewest_items}"
        raise ParameterError(
            f'Scale "{name}" has {sample.n_items} items; {wanted} are needed.',
            code="ICS-358",
            hint="icstats.reliability.reliability() picks the coefficient that suits the number of items.",
        )
    hint = "icstats.reliability.reliability() leaves out what cannot be used and says so."
    empty = items.columns[items.isna().all()]
    if len(empty):
        raise NotEnoughDataError(
            [Problem(code="ICS-502", column=str(item), message="has no answer at all.", hint=hint) for item in empty]
        )
    in_the_way = obstacle(sample)
    if in_the_way == "too_few_answers":
        behind = "answer every item" if missing == "listwise" else "answer the least answered pair of items"
        raise NotEnoughDataError(
            f'Scale "{name}": {sample.n} of {sample.n_rows} ratings {behind}; at least {FEWEST} are needed.',
            code="ICS-501",
        )
    if sample.constant_items:
        raise NotEnoughDataError(
            [
                Problem(code="ICS-503", column=item, message="has the same answer in every rating.", hint=hint)
                for item in sample.constant_items
            ]
        )
    if in_the_way:
        raise NotEnoughDataError(
            f'Scale "{name}": the items cancel each other out, so that their sum does not vary.',
            code="ICS-504",
            hint="Is an item still to be turned round?",
        )
    return sample


def obstacle(sample: ItemSample) -> str:
    """Return the code of what stands in the way of every coefficient, or nothing.

    Returns
    -------
    str
        ``too_few_answers``, ``items_cancel`` (the items, as they are or standardised, add up to almost nothing) or "".
    """
    if sample.n < FEWEST:
        return "too_few_answers"
    if sample.constant_items:
        return ""
    matrices = (sample.covariance, correlations(sample.covariance))
    return "items_cancel" if any(matrix.sum() <= SMALLEST_SUM * np.trace(matrix) for matrix in matrices) else ""


def item_rest_correlations(covariance: FloatArray) -> FloatArray:
    """Return the correlation of each item with the sum of the others; NaN where that sum has no variance."""
    variances = np.diag(covariance)
    with_rest = covariance.sum(axis=0) - variances
    rest = covariance.sum() - variances - 2 * with_rest
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(rest > 0, with_rest / np.sqrt(variances * np.abs(rest)), np.nan))


def negative_items(sample: ItemSample) -> list[str]:
    """Return ``negative_item_rest:<item>`` for every item that goes against the sum of the others."""
    return [
        f"negative_item_rest:{item}"
        for item, value in zip(sample.items, item_rest_correlations(sample.covariance), strict=True)
        if value < 0
    ]
