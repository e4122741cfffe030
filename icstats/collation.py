"""The released numbers of several notebooks as one list: ``results.json``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from icstats.errors import RunError
from icstats.study import ORGANISATION

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["HIDDEN", "RESULTS", "as_json", "merged_rows", "shows_a_number"]

RESULTS = "results.json"
HIDDEN = "hidden"
MODEL = "model"
KEYS = ("department", "kind", "variable", "statistic")
COLUMNS = (*KEYS, "estimate", "conf_low", "conf_high", "p_value", "n", "unit", "mark")
"""What a reader of the file looks for first."""


def merged_rows(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return released rows, each number once, sorted by what it is about.

    Parameters
    ----------
    rows
        As the sections of one or more notebooks show them. The same number may be shown more than once, by one
        section with more columns than by another.

    Raises
    ------
    RunError
        If two sections show different values for one thing: a reader could not tell which one holds.
    """
    merged: dict[tuple[str, ...], dict[str, Any]] = {}
    for shown in rows:
        row = _of_its_own(shown)
        key = tuple(str(row.get(name, "")) for name in KEYS)
        known = merged.setdefault(key, dict(row))
        differing = [name for name in known.keys() & row.keys() if _contradict(name, known[name], row[name])]
        if differing:
            raise RunError(
                f"Two sections show a different {min(differing)} for {' / '.join(part for part in key if part)}.",
                code="ICS-712",
            )
        known.update({name: value for name, value in row.items() if value not in (None, "")})
    return [_in_order(merged[key]) for key in sorted(merged)]


def _in_order(row: Mapping[str, Any]) -> dict[str, Any]:
    names = [*(name for name in COLUMNS if name in row), *sorted(row.keys() - set(COLUMNS))]
    return {name: row[name] for name in names}


def _of_its_own(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a row with what is said about it: a model is judged differently by block than by question."""
    return {**row, "verdict": ""} if row.get("variable") == MODEL and "verdict" in row else row


def _contradict(name: str, one: object, other: object) -> bool:
    """Return whether two values differ; nothing said is no contradiction, except about what is hidden."""
    return one != other and (name == "mark" or (one not in (None, "") and other not in (None, "")))


def shows_a_number(rows: Iterable[Mapping[str, Any]], department: str) -> bool:
    """Return whether any number about this department (about anything, for the organisation) is shown."""
    return any(
        row.get("mark", "") != HIDDEN and row.get("estimate") is not None
        for row in rows
        if department in (ORGANISATION, row.get("department"))
    )


def as_json(content: Mapping[str, Any]) -> str:
    """Return a file's text, the same for the same content."""
    return json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
