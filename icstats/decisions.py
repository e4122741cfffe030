"""What earlier releases of a wave did not show; known without pandas, for a notebook's key holds it too."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from icstats.ledger import Cell
    from icstats.study import Study

__all__ = ["Decision", "decision_before", "folder_of", "sheet_of"]

RELEASED, HIDDEN = "released", "hidden.json"


class Decision(NamedTuple):
    """What earlier releases of a wave did not show, and of what the last of them was made.

    Attributes
    ----------
    basis
        Fingerprint of everything that the decision follows from.
    hidden
        Pairs of department and variable.
    variables
        What it was decided for.
    change
        What is hidden of this wave and the one before it together.
    """

    basis: str = ""
    hidden: frozenset[Cell] = frozenset()
    variables: frozenset[str] = frozenset()
    change: frozenset[Cell] = frozenset()


def decision_before(study: Study, *, wave: str) -> Decision:
    """Return what was decided before: what one release hides and another shows would give others away."""
    try:
        found = json.loads((folder_of(study, wave) / HIDDEN).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Decision()
    variables = frozenset(found.get("variables", ()))
    return Decision(found["basis"], _cells(found["hidden"]), variables, _cells(found.get("change", ())))


def _cells(pairs: Iterable[tuple[str, str]]) -> frozenset[Cell]:
    return frozenset((str(place), str(name)) for place, name in pairs)


def sheet_of(study: Study, department: str, *, wave: str) -> Path:
    """Return where the comments about a department wait to be read, in the private folder."""
    return study.store_folder / "comments" / study.name / wave / f"{department}.csv"


def folder_of(study: Study, wave: str) -> Path:
    """Return where it is written down what was released of a wave."""
    return study.store_folder / RELEASED / study.name / wave
