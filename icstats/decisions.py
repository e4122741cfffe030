"""What earlier releases of a wave did not show; known without pandas, for a notebook's key holds it too."""

from __future__ import annotations

import json
from hashlib import sha256
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from icstats.documents import shown_path
from icstats.errors import Problem, RunError
from icstats.study import Policy

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from icstats.ledger import Cell
    from icstats.study import Study

__all__ = [
    "QUOTED",
    "Decision",
    "Differing",
    "Together",
    "decision_before",
    "differing_before",
    "folder_of",
    "require_locked_policy",
    "require_same_themes",
    "sheet_of",
    "themes_of",
    "together_before",
    "write_differing",
    "write_privately",
    "write_together",
]

QUOTED = "icstats.quoted"
"""Audit event: what is said of all departments together is quoted, so that whoever does so follows from it."""

RELEASED, HIDDEN, DIFFERING, TOGETHER = "released", "hidden.json", "differing.json", "together.json"


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
    policy
        The rules under which it was released.
    themes
        Digest of the words that told what comments are about; empty where it was not told.
    """

    basis: str = ""
    hidden: frozenset[Cell] = frozenset()
    variables: frozenset[str] = frozenset()
    change: frozenset[Cell] = frozenset()
    policy: Policy | None = None
    themes: str = ""


class Differing(NamedTuple):
    """What stands among all differences from a norm that is read, over all departments together.

    Attributes
    ----------
    answers
        Fingerprint of the answers it was decided about.
    basis
        Fingerprint of everything that the decision follows from.
    norm, earlier_norm
        Codes of the norm that departments are compared with, and of the norm of the wave before.
    cells
        Pairs of department and variable that are called different.
    """

    answers: str = ""
    basis: str = ""
    norm: frozenset[str] = frozenset()
    earlier_norm: frozenset[str] = frozenset()
    cells: frozenset[Cell] = frozenset()


class Together(NamedTuple):
    """What is said of all departments together, released; see :class:`icstats.overall.Overall`.

    Attributes
    ----------
    answers
        Fingerprint of the answers it was made of.
    basis
        Fingerprint of everything that it follows from.
    said
        What any department's report may quote.
    rows
        Department -> what is said of it in particular.
    rows_are
        What the rows are about and how they were made.
    """

    answers: str = ""
    basis: str = ""
    said: Mapping[str, Any] = MappingProxyType({})
    rows: Mapping[str, Any] = MappingProxyType({})
    rows_are: Mapping[str, Any] | None = None


LABELS = {"themes": {"__all__": {"label"}}}
"""What a theme is called may change."""

COARSER_IS_LESS = frozenset({"extreme_share", "decimals_points", "decimals_share", "decimals_coefficient"})
"""Settings of a policy that hide more when they are smaller; all others do when they are larger."""


def decision_before(study: Study, *, wave: str) -> Decision:
    """Return what was decided before: what one release hides and another shows would give others away."""
    return _decision(folder_of(study, wave))


def _decision(folder: Path) -> Decision:
    try:
        found = json.loads((folder / HIDDEN).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Decision()
    policy = Policy.model_validate(found["policy"]) if "policy" in found else None
    variables, change = frozenset(found.get("variables", ())), _cells(found.get("change", ()))
    return Decision(found["basis"], _cells(found["hidden"]), variables, change, policy, found.get("themes", ""))


def _cells(pairs: Iterable[tuple[str, str]]) -> frozenset[Cell]:
    return frozenset((place, name) for place, name in pairs)


def differing_before(study: Study, *, wave: str) -> Differing:
    """Return what was last decided about differences from the norm."""
    try:
        found = json.loads((folder_of(study, wave) / DIFFERING).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Differing()
    norm, earlier = (frozenset(found.get(name, ())) for name in ("norm", "earlier_norm"))
    return Differing(found["answers"], found["basis"], norm, earlier, _cells(found["cells"]))


def write_differing(study: Study, differing: Differing, *, wave: str) -> None:
    """Write down what was decided about differences from the norm."""
    lists = {name: sorted(getattr(differing, name)) for name in ("norm", "earlier_norm", "cells")}
    _write(folder_of(study, wave) / DIFFERING, {**differing._asdict(), **lists})


def together_before(study: Study, *, wave: str) -> Together:
    """Return what was last said of all departments together."""
    try:
        return Together(**json.loads((folder_of(study, wave) / TOGETHER).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return Together()


def write_together(study: Study, together: Together, *, wave: str) -> None:
    """Write down what is said of all departments together."""
    said, rows = dict(together.said), dict(together.rows)
    _write(folder_of(study, wave) / TOGETHER, together._replace(said=said, rows=rows)._asdict())


def _write(path: Path, content: Mapping[str, Any]) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_privately(path, json.dumps(content).encode())


def write_privately(path: Path, content: bytes) -> None:
    """Write a file that only its owner reads, whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    part.touch(mode=0o600)
    part.write_bytes(content)
    part.replace(path)


def sheet_of(study: Study, department: str, *, wave: str) -> Path:
    """Return where the comments about a department wait to be read, in the private folder."""
    return study.store_folder / "comments" / study.name / wave / f"{department}.csv"


def require_locked_policy(policy: Policy, folder: Path) -> None:
    """Refuse a policy that shows more than the one under which a wave was first released.

    Respondents were promised what held then. A stricter one is taken, and holds from then on.

    Parameters
    ----------
    policy
        Of the study as it is now.
    folder
        Where it is written down what was released: :func:`folder_of`.

    Raises
    ------
    RunError
        With each setting that would show more.
    """
    locked = _decision(folder).policy
    if locked is None:
        return
    looser = [name for name in Policy.model_fields if _shows_more(name, getattr(policy, name), getattr(locked, name))]
    if looser:
        told = "; ".join(f"{name} is {getattr(policy, name)}, it was {getattr(locked, name)}" for name in looser)
        raise RunError(
            [
                Problem(
                    code="ICS-724",
                    message=f"the policy would show more of this wave than when it was first released: {told}.",
                    hint=(
                        "keep the policy of the first release; or, if nobody was ever given its reports, "
                        f"remove {shown_path(folder)}"
                    ),
                )
            ]
        )


def themes_of(study: Study) -> str:
    """Return a digest of the words that tell what comments are about; empty without."""
    return "" if study.themes is None else sha256(study.themes.model_dump_json(exclude=LABELS).encode()).hexdigest()


def require_same_themes(study: Study, *, wave: str) -> None:
    """Refuse other words for themes than those under which a wave was first released.

    A word more, and a theme is mentioned by a few people more: the two means of the theme would give their marks, and
    readers see who wrote the word.

    Raises
    ------
    RunError
        If the words are others.
    """
    before, now = decision_before(study, wave=wave).themes, themes_of(study)
    if before and now and now != before:
        raise RunError(
            "the words that tell what comments are about are not those of the first release of this wave: "
            "with both, the marks of those who wrote a word could be worked out.",
            code="ICS-738",
            hint=(
                "keep the themes of the first release until the next wave; or, if nobody was ever given its reports, "
                f"remove {shown_path(folder_of(study, wave))}"
            ),
        )


def _shows_more(name: str, now: float, locked: float) -> bool:
    return now > locked if name in COARSER_IS_LESS else now < locked


def folder_of(study: Study, wave: str) -> Path:
    """Return where it is written down what was released of a wave."""
    return study.store_folder / RELEASED / study.name / wave
