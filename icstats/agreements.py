"""What a department says and promises: how easy each question is to change, and who does what before when."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from icstats.documents import parse, read_document
from icstats.errors import ParameterError
from icstats.questionnaire import CODE, CODE_IN_WORDS, Strict, Text, in_order
from icstats.surveyfile import Day

__all__ = ["EASIEST", "HARDEST", "Action", "Agreements", "read_agreements"]

EASIEST, HARDEST = 5, 1


def _on_the_scale(ease: int) -> int:
    if not HARDEST <= ease <= EASIEST:
        raise PydanticCustomError("ease", f"a whole number from {HARDEST} to {EASIEST}")
    return ease


Ease = Annotated[int, AfterValidator(_on_the_scale)]


class Action(Strict):
    """One thing that was agreed.

    Attributes
    ----------
    department
        Slug of the department that does it.
    item
        Code of the question that it is meant to change.
    wave
        The wave whose report it was agreed from; the report of the next wave comes back to it.
    what
        What will be done.
    owner
        A function, such as ``head of the service desk``; no name, for the report is read by many.
    due
        The day by which it is done.
    """

    department: str
    item: str = Field(pattern=CODE, description=CODE_IN_WORDS)
    wave: str
    what: Text
    owner: Text
    due: Day


class Agreements(Strict):
    """What departments agreed on.

    Attributes
    ----------
    file
        The file that they stand in (not a setting).
    ease
        Department -> question -> how easy its staff find it to change, from 1 (hard) to 5 (easy); all questions of
        the three blocks or none.
    actions
        In the order in which they are shown.
    """

    file: Path | None = Field(default=None, exclude=True)
    ease: dict[str, dict[str, Ease]] = Field(default_factory=dict)
    actions: tuple[Action, ...] = ()

    def ease_of(self, department: str) -> dict[str, float] | None:
        """Return question -> ease as a part of the easiest, as :func:`icstats.priorities.quick_wins` takes it."""
        given = self.ease.get(department)
        return None if given is None else {item: ease / EASIEST for item, ease in given.items()}

    def actions_of(self, department: str, *, wave: str) -> tuple[Action, ...]:
        """Return what a department agreed from the report of a wave."""
        return tuple(action for action in self.actions if action.department == department and action.wave == wave)

    def last_before(self, wave: str, *, department: str) -> str | None:
        """Return the last wave before this one from whose report a department agreed something; None without one."""
        waves = {action.wave for action in self.actions if action.department == department}
        return max((one for one in waves if in_order(one) < in_order(wave)), key=in_order, default=None)


def read_agreements(path: Path | str) -> Agreements:
    """Read what was agreed, see ``params/agreements/example.yaml``.

    Raises
    ------
    ParameterError
        All problems at once, each with its line.
    """
    return parse(read_document(path, error=ParameterError), Agreements, added={"file": Path(path)})
