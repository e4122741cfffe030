"""The shape that every answer has: numbers and codes, the people behind them, and the settings.

A result is plain data. It has no picture, and what is displayed of it says only what it is and how to go on: its
numbers are in ``data``, by name, and only :func:`icstats.disclosure.release` turns it into something a reader may see.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from html import escape
from typing import TYPE_CHECKING, ClassVar, TypeVar

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ORGANISATION", "R", "Result", "Settings", "counted_rows", "joined"]

R = TypeVar("R", bound="Result")

ORGANISATION = "organisation"
"""Stands in the department column where a number is about all departments together."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a result was made; travels with it, so that a table can say so.

    Attributes
    ----------
    method
        Code of the estimator.
    interval
        Code of the interval method, empty where there is no interval.
    conf_level
        Nominal coverage of the interval, between 0 and 1.
    missing
        Code of what was done with missing answers.
    n_boot
        Number of bootstrap replicates, 0 without bootstrap.
    n_clusters
        Number of clusters (people), 0 where rows were taken as independent.
    seed
        Seed of the random numbers, None where none were used.
    warnings
        Codes of what a reader should know, for instance ``heywood:PC4``.
    """

    method: str
    interval: str = ""
    conf_level: float = 0.95
    missing: str = "listwise"
    n_boot: int = 0
    n_clusters: int = 0
    seed: int | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, repr=False)
class Result:
    """Base of all results.

    Attributes
    ----------
    data
        Tidy, full precision, one number per row. The two columns named in ``keys`` say what the row is about and
        which statistic it is; ``unit`` says how it is rounded at the door; the others come from one vocabulary:
        ``estimate, std_error, conf_low, conf_high, p_value, n, n_people``. Researchers reach it by name, on purpose.
    people
        Same index as ``data``: ``n`` valid answers and ``n_people`` distinct respondents behind each row. This is
        what disclosure control looks at.
    settings
        How the numbers were made.
    """

    keys: ClassVar[tuple[str, str]] = ("variable", "statistic")
    waves: ClassVar[int] = 1
    """Waves that it rests on: the door wants a ledger of as many."""
    as_a_whole: ClassVar[bool] = False
    """Whether every row is about all variables at once: they are shown together or not at all."""

    data: pd.DataFrame
    people: pd.DataFrame
    settings: Settings

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {counted_rows(len(self.data))}, not released>"

    def _repr_html_(self) -> str:
        """Say what it is and how to go on; no number, no name and no answer of anybody."""
        columns = ", ".join(f"<code>{escape(str(name))}</code>" for name in self.data.columns)
        about = _about_departments(self.data)
        return (
            f"<p><strong>{type(self).__name__}</strong>: {counted_rows(len(self.data))}{about}, not released.</p>"
            f"<p>For your own eyes: <code>.data</code>, with the columns {columns}.<br>"
            "For others: <code>ic.release(result, policy=..., ledger=...)</code>, "
            "or <code>desk.released(result)</code> where <code>desk = ic.open_explorer(study, department)</code>.</p>"
        )


def joined(results: Sequence[R]) -> R:
    """Return results of one kind as one, rows in the given order, warnings together.

    Parameters
    ----------
    results
        At least one; the settings of the first are kept.
    """
    first = results[0]
    warnings = tuple(dict.fromkeys(code for result in results for code in result.settings.warnings))
    return replace(
        first,
        data=pd.concat([result.data for result in results], ignore_index=True),
        people=pd.concat([result.people for result in results], ignore_index=True),
        settings=replace(first.settings, warnings=warnings),
    )


def _about_departments(data: pd.DataFrame) -> str:
    if "department" not in data.columns:
        return ""
    count = data["department"].nunique()
    return " about 1 department" if count == 1 else f" about {count} departments"


def counted_rows(n: int) -> str:
    """Return how many rows there are, in words."""
    return "1 row" if n == 1 else f"{n} rows"
