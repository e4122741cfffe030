"""What a reader may see of a result; the only thing that tables and figures accept."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from icstats.errors import DisclosureError
from icstats.results import counted_rows

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence

    from icstats.study import Policy

__all__ = [
    "HIDDEN",
    "NUMBERS",
    "OWN_NUMBERS",
    "Released",
    "ReleasedRow",
    "ReleasedSettings",
    "gathered",
    "only_released",
]

HIDDEN = "hidden"
"""The mark of a row that may not be shown; whether for its own sake or for another's is not told."""

P_DECIMALS = 3
MOST_ROWS_DISPLAYED = 60
CHANCES = ("above_70", "above_80")
NUMBERS = ("estimate", "conf_low", "conf_high", "p_value")
OWN_NUMBERS = ("margin", "minimum", "maximum", "p_adjusted", "n_items", *CHANCES)
CODES = ("verdict", "block")
BASE = ("department", "variable", "statistic", *NUMBERS, "n", "unit", "mark")


@dataclass(frozen=True, kw_only=True)
class ReleasedSettings:
    """How the released numbers were made, and by which rules they may be shown.

    As :class:`icstats.results.Settings`, but the number of people in the clusters is only whether there were any.
    """

    method: str
    interval: str
    conf_level: float
    missing: str
    n_boot: int
    clustered: bool
    warnings: tuple[str, ...]
    policy: Policy


@dataclass(frozen=True, kw_only=True)
class ReleasedRow:
    """One row of a release, for a sentence.

    Attributes
    ----------
    department, variable, statistic, estimate, conf_low, conf_high, p_value, n, unit, mark
        As in :class:`Released`; a number that is not there is NaN.
    extras
        What the result itself added: ``verdict``, ``margin``, ``minimum``, ...
    """

    department: str
    variable: str
    statistic: str
    estimate: float
    conf_low: float
    conf_high: float
    p_value: float
    n: str
    unit: str
    mark: str
    extras: Mapping[str, Any]

    @property
    def hidden(self) -> bool:
        """Whether the number may not be shown."""
        return self.mark == HIDDEN

    @property
    def drawn(self) -> bool:
        """Whether there is something to draw: a hidden row is said to be so, one without an estimate is left out."""
        return self.hidden or not np.isnan(self.estimate)

    @classmethod
    def of_nothing(cls, department: str, variable: str, statistic: str) -> ReleasedRow:
        """Return a hidden row for what was never released, so that a figure can say so in its place."""
        nan = float("nan")
        return cls(
            department=department,
            variable=variable,
            statistic=statistic,
            estimate=nan,
            conf_low=nan,
            conf_high=nan,
            p_value=nan,
            n="",
            unit="",
            mark=HIDDEN,
            extras={},
        )


@dataclass(frozen=True, kw_only=True, repr=False)
class Released:
    """What a reader may see; the only thing that tables and figures accept.

    Attributes
    ----------
    kind
        Class of the result, for instance ``Summary``.
    rows
        Columns ``department, variable, statistic, estimate, conf_low, conf_high, p_value, n, unit, mark``, then what
        the result itself adds (``verdict, margin, minimum, maximum, p_adjusted, block``). All numbers are rounded; n
        is text: a band of ten, or the number from ``policy.exact_n`` on; mark is empty or ``hidden``, and a hidden
        row holds no number and no n.
    settings
        How the numbers were made and the policy they were released under.
    verdict
        Code of the answer of the result as a whole; empty where it has none or may not be shown.
    notes
        ``hidden`` if a row is hidden, ``spread`` if an interval is left out because the answers are few, ``exact`` if a
        p-value is left out because n is a band.
    """

    kind: str
    rows: pd.DataFrame
    settings: ReleasedSettings
    verdict: str = ""
    notes: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        _check_released(self.rows, self.settings.policy)

    def __repr__(self) -> str:
        return (
            f"<Released {self.kind}: {counted_rows(len(self.rows))}, {int((self.rows['mark'] == HIDDEN).sum())} hidden>"
        )

    def _repr_html_(self) -> str:
        """Show the rows as they may be shown; columns that hold nothing are left out."""
        held = [name for name in self.rows if not (self.rows[name].isna() | (self.rows[name] == "")).all()]
        table = self.rows[held].to_html(
            index=False, na_rep="", float_format="{:g}".format, max_rows=MOST_ROWS_DISPLAYED, border=0
        )
        hidden = int((self.rows["mark"] == HIDDEN).sum())
        return f"<p><strong>{self.kind}</strong>, released: {counted_rows(len(self.rows))}, {hidden} hidden.</p>{table}"

    @property
    def policy(self) -> Policy:
        """The rules the numbers were released under."""
        return self.settings.policy

    @cached_property
    def departments(self) -> tuple[str, ...]:
        """Slugs in the order of the rows."""
        return tuple(dict.fromkeys(self.rows["department"].tolist()))

    @cached_property
    def variables(self) -> tuple[str, ...]:
        """Codes in the order of the rows."""
        return tuple(dict.fromkeys(self.rows["variable"].tolist()))

    def row(self, variable: str, statistic: str, department: str | None = None) -> ReleasedRow | None:
        """Return one row, or None when there is none.

        Parameters
        ----------
        variable, statistic
            The two keys.
        department
            Slug; None takes the only department of this release.

        Raises
        ------
        DisclosureError
            If department is None and the release is about more than one.
        """
        if department is None:
            if len(self.departments) > 1:
                raise DisclosureError(
                    "This release is about several departments: say which one the row is about.", code="ICS-604"
                )
            department = next(iter(self.departments), "")
        found = self._by_key.get((department, variable, statistic))
        return None if found is None else _as_row(found)

    @cached_property
    def _by_key(self) -> dict[tuple[str, str, str], dict[Hashable, Any]]:
        """Rows by what they are about: a table asks for hundreds."""
        return {(row["department"], row["variable"], row["statistic"]): row for row in reversed(self._records)}

    @cached_property
    def _records(self) -> list[dict[Hashable, Any]]:
        return self.rows.to_dict(orient="records")

    def each(self) -> list[ReleasedRow]:
        """Return all rows, in their order."""
        return [_as_row(row) for row in self._records]

    def records(self) -> list[dict[str, Any]]:
        """Return the rows as plain dictionaries, for a file; a number that is not there is None."""
        return [
            {str(name): None if isinstance(value, float) and np.isnan(value) else value for name, value in row.items()}
            for row in self._records
        ]

    def only(
        self,
        *,
        variables: Iterable[str] | None = None,
        statistics: Iterable[str] | None = None,
        departments: Iterable[str] | None = None,
    ) -> Released:
        """Return the rows with these keys, in the order of ``variables`` where that is given."""
        rows = self.rows
        for column, wanted in (("variable", variables), ("statistic", statistics), ("department", departments)):
            if wanted is not None:
                order = {key: place for place, key in enumerate(wanted)}
                rows = rows[rows[column].isin(list(order))]
                if column == "variable":
                    rows = rows.iloc[rows[column].map(order).to_numpy().argsort(kind="stable")]
        return replace(self, rows=rows.reset_index(drop=True))


def gathered(releases: Sequence[Released]) -> Released:
    """Return releases of one kind, for instance of several departments, as one.

    Parameters
    ----------
    releases
        At least one; settings are those of the first, notes of all.

    Raises
    ------
    DisclosureError
        If there are none, or they are not of one kind and policy.
    """
    if not releases or len({(one.kind, one.policy.model_dump_json()) for one in releases}) > 1:
        raise DisclosureError("Only releases of one kind under one policy can be put together.", code="ICS-605")
    first = releases[0]
    return replace(
        first,
        rows=pd.concat([one.rows for one in releases], ignore_index=True),
        settings=replace(first.settings, warnings=_united(one.settings.warnings for one in releases)),
        verdict=first.verdict if len(releases) == 1 else "",
        notes=_united(one.notes for one in releases),
    )


def _united(tuples: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(code for codes in tuples for code in codes))


def only_released(value: object, *, what: str) -> Released:
    """Return the value if it is released; a raw result or a frame has no table and no picture.

    Parameters
    ----------
    value
        What a table or figure was asked of.
    what
        ``table`` or ``figure``, for the message.

    Raises
    ------
    DisclosureError
        If it is anything else than :class:`Released`.
    """
    if not isinstance(value, Released):
        raise DisclosureError(
            f"A {what} is made of released results only, not of {type(value).__name__}.",
            code="ICS-610",
            hint="Pass it through icstats.release with the study's policy and ledger first.",
        )
    return value


def _check_released(rows: pd.DataFrame, rules: Policy) -> None:
    """Refuse rows that did not come through the door: too precise, too many columns, or hidden with a number."""
    allowed = {*BASE, *OWN_NUMBERS, *CODES}
    numbers = rows[[name for name in (*NUMBERS, *OWN_NUMBERS) if name in rows.columns]].to_numpy(dtype=float)
    finest = max(rules.decimals_points, rules.decimals_share, rules.decimals_coefficient, P_DECIMALS)
    shown = numbers[~np.isnan(numbers)]
    hidden = (rows["mark"] == HIDDEN).to_numpy()
    if (
        not set(rows.columns) <= allowed
        or (shown != np.round(shown, finest)).any()
        or not np.isnan(numbers[hidden]).all()
        or (rows["n"][hidden] != "").any()
    ):
        raise DisclosureError("These rows were not released: they hold more than may be shown.", code="ICS-609")


def _as_row(found: dict[Any, Any]) -> ReleasedRow:
    return ReleasedRow(
        **{name: found[name] for name in BASE},
        extras={name: value for name, value in found.items() if name not in BASE},
    )
