"""What was found about one department and may be shown, or why there is nothing: what its report rests on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from icstats.disclosure import RATINGS
from icstats.drivers import DRIVERS_FROM
from icstats.errors import NotEnoughDataError
from icstats.priorities import TOP
from icstats.story import left_out_sentence, lowest_sentence, unreliable_sentence

if TYPE_CHECKING:
    from icstats.analysis import Analysis
    from icstats.disclosure import Released
    from icstats.edition import Edition
    from icstats.norms import Norm
    from icstats.results import Result

__all__ = ["Findings"]


@dataclass(frozen=True, kw_only=True, repr=False)
class Findings:
    """Released results of one department, each computed once.

    Attributes
    ----------
    edition
        What all reports of the study share.
    department
        Slug.
    """

    edition: Edition
    department: str

    @property
    def hidden(self) -> bool:
        """Whether nothing about this department may be shown."""
        return self.edition.ledger.hides(RATINGS, self.department)

    @cached_property
    def analysis(self) -> Analysis:
        """The raw statistics of this department, for researchers; sections show released ones only."""
        return self.edition.of(self.department)

    @cached_property
    def _summary(self) -> Released:
        return self._released(self.analysis.summary)

    @cached_property
    def _norm(self) -> Norm | None:
        """The norm of the study; read after the department's own answers, so that it is another's that are damaged."""
        _ = self.analysis.ratings
        return self.edition.norm

    @cached_property
    def _comparison(self) -> Released | None:
        if self._norm is None:
            return None
        comparison = self.edition.comparison(self.department)
        return None if comparison is None else self._released(comparison)

    @cached_property
    def _expectation(self) -> Released | None:
        expectation = self.analysis.expectation
        return None if expectation is None else self._released(expectation)

    @cached_property
    def _reliability(self) -> Released:
        return self._released(self.analysis.reliability)

    @cached_property
    def _gate(self) -> Released:
        return self._released(self.analysis.gate)

    @cached_property
    def _own_importance(self) -> Released | None:
        """The blocks of this department; None when it has too few answers for drivers of its own."""
        try:
            return self._released(self.analysis.block_importance)
        except NotEnoughDataError:
            return None

    @property
    def _inherited(self) -> bool:
        """Whether the department is too small for drivers of its own."""
        return self.analysis.ladder == "none"

    @cached_property
    def _importance(self) -> Released | None:
        """The blocks, of the organisation where the department is too small; None when there are none."""
        return self.edition.quoted.blocks if self._inherited else self._own_importance

    @property
    def _no_importance(self) -> str:
        """Why there are no blocks."""
        return self.edition.no_blocks if self._inherited else self._unreliable or self._no_differences

    @property
    def _has_priorities(self) -> bool:
        """Whether enough questions were asked for an order of them; among few the first three are no news."""
        return len(self.analysis.reliable_codes) >= 2 * TOP

    @cached_property
    def _wins(self) -> Released | None:
        """What to take up first; None where there are too few answers for an order of questions."""
        try:
            return self._released(self.analysis.quick_wins)
        except NotEnoughDataError:
            return None

    @property
    def _no_priorities(self) -> list[str]:
        """Why there is no order of questions, and what is known all the same."""
        enough = self.analysis.ladder == "all"
        why = self._no_drivers if enough else self._say("priority.too_few", needed=DRIVERS_FROM)
        codes = self.analysis.driver_codes
        return [why, lowest_sentence(self._summary, self.edition.labels, codes, self.edition.texts)]

    @property
    def _no_drivers(self) -> str:
        """Why there are no drivers."""
        if self.analysis.ladder == "all":
            return self._unreliable or self._no_differences
        return self._items_withheld

    @property
    def _items_withheld(self) -> str:
        """That there are too few answers for drivers one by one."""
        return self._say("why.items_withheld", needed=DRIVERS_FROM)

    @property
    def _no_differences(self) -> str:
        return self._say("why.no_differences")

    @property
    def _unreliable(self) -> str:
        """That too few scales are reliable enough for drivers; empty where they are."""
        return unreliable_sentence(self.edition.texts) if self.analysis.too_unreliable else ""

    @property
    def _left_out(self) -> str:
        """Which scales the reliability gate keeps out of the drivers of this department, and why."""
        return left_out_sentence(self._gate, self.analysis.left_out, self.edition.labels, self.edition.texts)

    @property
    def _explaining(self) -> list[str]:
        """The blocks that the drivers rest on."""
        return [] if self._importance is None else [code for code in self._blocks if code in self._importance.variables]

    @property
    def _blocks(self) -> list[str]:
        return list(self.analysis.blocks)

    def _released(self, result: Result) -> Released:
        return self.edition.released(result, self.department)

    def _say(self, key: str, **values: object) -> str:
        return self.edition.texts.say(key, **values)
