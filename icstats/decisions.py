"""What earlier releases of a wave did not show; known without pandas, for a notebook's key holds it too."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

    from icstats.ledger import Cell
    from icstats.study import Study

__all__ = ["Decision", "decision_before", "folder_of"]

RELEASED, HIDDEN = "released", "hidden.json"


class Decision(NamedTuple):
    """What earlier releases of a wave did not show, of what the last of them was made and what it was decided for."""

    basis: str = ""
    hidden: frozenset[Cell] = frozenset()
    variables: frozenset[str] = frozenset()


def decision_before(study: Study, *, wave: str) -> Decision:
    """Return what was decided before: what one release hides and another shows would give others away."""
    try:
        found = json.loads((folder_of(study, wave) / HIDDEN).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Decision()
    hidden = frozenset((str(place), str(name)) for place, name in found["hidden"])
    return Decision(found["basis"], hidden, frozenset(found.get("variables", ())))


def folder_of(study: Study, wave: str) -> Path:
    """Return where it is written down what was released of a wave."""
    return study.store_folder / RELEASED / study.name / wave
