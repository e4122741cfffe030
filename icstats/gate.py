"""Which scales are reliable enough to be relied on? Judged by the lower limit of the interval, not by the estimate."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from icstats.errors import ParameterError
from icstats.limits import RELIABLE_FROM
from icstats.results import Result

if TYPE_CHECKING:
    from collections.abc import Hashable

    from icstats.reliability import Reliability

__all__ = ["Gate", "reliable"]

JUDGED_BY = ("omega_total", "spearman_brown", "alpha")
"""Coefficients in order of preference; the first with an interval judges its scale."""

KEPT = ("estimate", "std_error", "conf_low", "conf_high", "p_value", "n", "n_people", "unit")
WITHOUT = ("single_item", "no_items")


@dataclass(frozen=True, kw_only=True, repr=False)
class Gate(Result):
    """Whether each scale is reliable enough, one row ``reliability`` per scale.

    Extra columns of ``data``: ``coefficient`` (what the scale was judged by, empty where there is nothing) and
    ``verdict``: ``reliable``, ``under_limit``, ``unknown`` (no interval), ``single_item`` or ``no_items``.
    """

    keys: ClassVar[tuple[str, str]] = ("scale", "statistic")

    @property
    def failed(self) -> tuple[str, ...]:
        """Scales whose lower limit is under the limit, in their order."""
        return tuple(self.data.loc[self.data["verdict"] == "under_limit", "scale"])


def reliable(result: Reliability, *, limit: float = RELIABLE_FROM) -> Gate:
    """Judge every scale by the lower limit of the interval of its reliability.

    Parameters
    ----------
    result
        What :func:`icstats.reliability.reliability` found, of one scale or several.
    limit
        Lower limit that a scale must reach, between 0 and 1.

    Returns
    -------
    Gate
        Judged by omega total, else Spearman-Brown, else alpha: the first with an interval. A scale without an interval
        is ``unknown`` and one of a single question ``single_item``: neither passes nor fails.

    Raises
    ------
    ParameterError
        A limit outside 0 to 1.
    """
    if not 0 < limit < 1:
        raise ParameterError(f"limit is {limit}; it must lie between 0 and 1.", code="ICS-385")
    scales = result.data.groupby("scale", sort=False)
    data = pd.DataFrame([_judged(rows.to_dict(orient="records"), limit) for _, rows in scales])
    settings = replace(result.settings, method="gate")
    return Gate(data=data, people=data[["n", "n_people"]].copy(), settings=settings)


def _judged(rows: list[dict[Hashable, Any]], limit: float) -> dict[str, Any]:
    """Return the row that judges a scale, with the verdict."""
    usable = {row["coefficient"]: row for row in rows if np.isfinite(row["conf_low"])}
    judge = next((usable[code] for code in JUDGED_BY if code in usable), None)
    if judge is not None:
        verdict = "reliable" if judge["conf_low"] >= limit else "under_limit"
    else:
        verdict = rows[0]["coefficient"] if rows[0]["coefficient"] in WITHOUT else "unknown"
    told = judge or rows[0]
    return {
        "scale": told["scale"],
        "statistic": "reliability",
        "coefficient": told["coefficient"] if judge else "",
        **{name: told[name] for name in KEPT},
        "verdict": verdict,
    }
