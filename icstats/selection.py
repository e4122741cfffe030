"""Which questions were chosen for whom, and why: the log that the report shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

from pydantic import Field, field_validator

from icstats.documents import parse, read_document
from icstats.errors import ParameterError
from icstats.questionnaire import Strict, Text
from icstats.surveyfile import Day

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["REASONS", "Agreed", "Choice", "Reason", "Selection", "read_selection"]

Reason = Literal["chosen", "not_rated", "not_usable", "not_actable", "told_nothing", "enough_own", "no_time"]
REASONS: tuple[Reason, ...] = get_args(Reason)


class Choice(Strict):
    """What was decided about one candidate for one department.

    Attributes
    ----------
    raters
        Workbooks in which it was rated.
    usable, actable
        Mean ratings from 1 to 5: is the answer of use to us, and can we act on it; None where nobody rated it.
    """

    department: str
    item: str
    reason: Reason
    raters: int = Field(ge=0)
    usable: float | None = None
    actable: float | None = None


class Agreed(Strict):
    """Who agreed, as a function, and when; one text, as a workbook has it, holds for every language."""

    by: Text
    on: Day

    @field_validator("by", mode="before")
    @classmethod
    def _in_every_language(cls, by: object) -> object:
        return dict.fromkeys(Text.model_fields, by) if isinstance(by, str) else by


class Selection(Strict):
    """The log of one choice of questions; ``labels`` names the candidates, also those that nobody is asked."""

    fieldwork: str
    minutes: float
    own_items: int
    locked: tuple[str, ...]
    choices: tuple[Choice, ...]
    agreed: dict[str, Agreed] = Field(default_factory=dict)
    labels: dict[str, Text] = Field(default_factory=dict)

    def of(self, department: str) -> tuple[Choice, ...]:
        """Return the decisions for one department, the chosen ones first."""
        own = [choice for choice in self.choices if choice.department == department]
        return tuple(sorted(own, key=lambda choice: REASONS.index(choice.reason)))


def read_selection(path: Path | str) -> Selection:
    """Read the log that ``icstats questionnaire propose`` wrote.

    Raises
    ------
    ParameterError
        All problems at once, each with its line.
    """
    return parse(read_document(path, error=ParameterError), Selection)
