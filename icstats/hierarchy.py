"""Does a questionnaire of several scales measure one thing as well? The general factor over its group factors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from icstats.consistency import Plan, Row
from icstats.errors import NotEnoughDataError, ParameterError
from icstats.factor import is_singular
from icstats.reliability import Reliability, reported
from icstats.sampling import Missing, correlations
from icstats.schmid_leiman import fit_schmid_leiman
from icstats.screening import negative_items, usable_sample

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

__all__ = ["omega_hierarchical"]

FEWEST_FACTORS = 3
FEWEST_ITEMS = 6
FEWEST_PER_FACTOR = 2


def omega_hierarchical(
    items: pd.DataFrame,
    *,
    n_factors: int,
    name: str = "scale",
    missing: Missing = "listwise",
    clusters: npt.ArrayLike | None = None,
) -> Reliability:
    """Estimate the share of the variance of a sum score that one general factor over several group factors explains.

    Parameters
    ----------
    items, name, missing, clusters
        As in :func:`icstats.cronbach_alpha`; at least six items.
    n_factors
        Number of group factors: as a rule the number of scales. At least three, and two items for each.

    Returns
    -------
    Reliability
        Rows ``omega_hierarchical``, ``omega_total_group_factors`` (general and group factors together) and
        ``omega_asymptotic`` (their ratio: what hierarchical omega tends to as items are added), of the sum of the
        standardised items. No interval: it depends on where a rotation ends. ``heywood:<item>`` names an item whose own
        variance would not be positive, ``negative_loading:<item>`` one that goes against the general factor; nothing is
        flipped here.

    Raises
    ------
    NotEnoughDataError
        As in :func:`icstats.cronbach_alpha`, or one item follows from the others.
    ParameterError
        Fewer than three factors, six items or two items per factor: the general factor would be a matter of taste.

    Warnings
    --------
    It depends on the number of group factors, which you choose, and on a rotation: choose by theory, not by the
    result. There is no interval. With three factors and two or three items each the general factor is hardly
    determined.

    Notes
    -----
    Schmid-Leiman after minres and oblimin (Zinbarg, Revelle, Yovel & Li 2005). In R: ``psych::omega(items, nfactors)``,
    fields ``omega_h``, ``omega.tot`` and ``omega.lim``; psych flips negative items first.
    """
    if n_factors < FEWEST_FACTORS or items.shape[1] < max(FEWEST_ITEMS, FEWEST_PER_FACTOR * n_factors):
        raise ParameterError(
            f'Scale "{name}": {items.shape[1]} items and {n_factors} factors; omega hierarchical needs at least '
            f"{FEWEST_FACTORS} factors, {FEWEST_ITEMS} items and {FEWEST_PER_FACTOR} items per factor.",
            code="ICS-384",
            hint="omega_total fits one factor.",
        )
    sample = usable_sample(items, name=name, missing=missing, clusters=clusters, fewest_items=FEWEST_ITEMS)
    if is_singular(sample.covariance):
        raise NotEnoughDataError(
            f'Scale "{name}": one item follows from the others, so that no factor model can be fitted.',
            code="ICS-505",
            hint=f"{sample.n} ratings of {sample.n_items} items: more ratings or fewer items, and no item twice.",
        )
    model = fit_schmid_leiman(correlations(sample.covariance), n_factors)
    rows = [
        Row(coefficient="omega_hierarchical", estimate=model.omega_hierarchical),
        Row(coefficient="omega_total_group_factors", estimate=model.omega_total),
        Row(coefficient="omega_asymptotic", estimate=model.omega_hierarchical / model.omega_total),
    ]
    warnings = [f"heywood:{item}" for item, at in zip(sample.items, model.at_bound, strict=True) if at]
    warnings += [f"negative_loading:{item}" for item, at in zip(sample.items, model.general, strict=True) if at < 0]
    codes = negative_items(sample) + warnings
    return reported(
        rows, sample, Plan(name=name, interval=""), method="omega_hierarchical", missing=missing, warnings=codes
    )
