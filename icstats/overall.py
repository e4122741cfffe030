"""What the answers about all departments together say, released once: a department's notebook reads no others."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from icstats.decisions import Together
from icstats.released import NUMBERS, OWN_NUMBERS, Released, ReleasedSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from icstats.study import Policy

__all__ = ["Overall", "kept", "reopened"]


@dataclass(frozen=True, kw_only=True, repr=False)
class Overall:
    """What is said of all departments together.

    Attributes
    ----------
    blocks
        How explained satisfaction divides over the blocks, for the organisation; None where that cannot be said.
    absent
        Why there are none: ``none`` (too few answers), ``unreliable`` scales, or answers that are ``unavailable``.
    gate
        Which scales are reliable enough; None where all are.
    left_out
        Scales that are not, and so are left out of the blocks.
    shrunken
        Means of departments with chance taken out; None with too few departments, or with weights.
    """

    blocks: Released | None = None
    absent: str = ""
    gate: Released | None = None
    left_out: tuple[str, ...] = ()
    shrunken: Released | None = None

    def __repr__(self) -> str:
        return f"<Overall: blocks {self.blocks}, shrunken {self.shrunken}>"


def kept(overall: Overall, *, answers: str, basis: str) -> Together:
    """Return what can be written down, with what is said of each department by itself."""
    said = {
        "blocks": _plain(overall.blocks),
        "absent": overall.absent,
        "gate": _plain(overall.gate),
        "left_out": list(overall.left_out),
    }
    means = overall.shrunken
    if means is None:
        return Together(answers, basis, said)
    rows = {slug: _rows(means.only(departments=[slug])) for slug in means.departments}
    return Together(answers, basis, said, rows, _plain(means.only(departments=())))


def reopened(together: Together, *, policy: Policy) -> Overall:
    """Return what was written down, under the policy that it was released under."""
    said = together.said
    means = together.rows_are
    rows = [row for own in together.rows.values() for row in own]
    return Overall(
        blocks=_released(said["blocks"], policy),
        absent=said["absent"],
        gate=_released(said["gate"], policy),
        left_out=tuple(said["left_out"]),
        shrunken=_released(means and {**means, "rows": rows}, policy),
    )


def _plain(release: Released | None) -> dict[str, Any] | None:
    if release is None:
        return None
    settings = {name: value for name, value in asdict(release.settings).items() if name != "policy"}
    columns = [str(name) for name in release.rows.columns]
    return {
        "kind": release.kind,
        "columns": columns,
        "rows": _rows(release),
        "settings": settings,
        "verdict": release.verdict,
        "notes": list(release.notes),
    }


def _rows(release: Released) -> list[list[Any]]:
    return [list(row.values()) for row in release.records()]


def _released(plain: Mapping[str, Any] | None, policy: Policy) -> Released | None:
    if plain is None:
        return None
    rows = pd.DataFrame(plain["rows"], columns=plain["columns"])
    numbers = {*NUMBERS, *OWN_NUMBERS} & set(rows.columns)
    settings = {**plain["settings"], "warnings": tuple(plain["settings"]["warnings"])}
    return Released(
        kind=plain["kind"],
        rows=rows.astype({name: float if name in numbers else "str" for name in rows.columns}),
        settings=ReleasedSettings(**settings, policy=policy),
        verdict=plain["verdict"],
        notes=tuple(plain["notes"]),
    )
