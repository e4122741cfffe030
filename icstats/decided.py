"""One wave of a study and what was decided about it: whom it may show, and the door that every number passes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from icstats.decisions import Decision, decision_before, folder_of, require_locked_policy
from icstats.disclosure import RATINGS, open_ledger, release
from icstats.ledger import reopened_ledger
from icstats.register import moved_since_releases
from icstats.results import Result
from icstats.scales import score_items

if TYPE_CHECKING:
    import pandas as pd

    from icstats.analysis import Analysis
    from icstats.disclosure import Ledger, Released
    from icstats.questionnaire import Block
    from icstats.study import Study

__all__ = ["DecidedWave"]

STAFF_BLOCK: Block = "orientation"


@dataclass(frozen=True, kw_only=True, repr=False)
class DecidedWave:
    """One study in one wave, with what may be shown of it.

    Attributes
    ----------
    study
        The parsed study.
    organisation
        The analysis of all ratings together; ``organisation.of(slug)`` is that of a department.
    """

    study: Study
    organisation: Analysis

    @property
    def wave(self) -> str:
        """The wave that is reported."""
        return self.organisation.wave

    @cached_property
    def ledger(self) -> Ledger:
        """What may be shown of whom, decided over all departments together; once, when the wave is released."""
        responses, before = self.organisation.responses, self._decided
        if before is not None:
            return reopened_ledger(responses.departments, variables=before.variables, hidden=before.hidden)
        return self._ledger_of(self.wave)

    @cached_property
    def _decided(self) -> Decision | None:
        """What was decided when the wave was released; None when it was not, or not of these answers."""
        before = decision_before(self.study, wave=self.wave)
        return before if before.basis == self.basis and before.variables else None

    @property
    def is_draft(self) -> bool:
        """Whether numbers are shown that no run has released: a notebook that somebody runs by hand."""
        return self._decided is None and bool(self.ledger.shown(RATINGS))

    def _ledger_of(self, wave: str) -> Ledger:
        # Also for a notebook that somebody runs by hand: it sees no register otherwise.
        require_locked_policy(self.study.policy, folder_of(self.study, wave))
        before = decision_before(self.study, wave=wave)
        return open_ledger(
            self._with_moved(self.organisation.responses.counts(wave=wave), wave),
            policy=self.study.policy,
            parts=score_items(self.study.questionnaire),
            hidden=before.hidden.union((slug, code) for slug in self.small_teams for code in self._about_staff),
            without_total=[
                item.code
                for item in self.study.questionnaire.items
                if item.departments is not None or item.block == "mirror"
            ],
        )

    def _with_moved(self, counts: pd.DataFrame, wave: str) -> pd.DataFrame:
        """Return the counts with who joined or left since waves that stand in another survey file."""
        ratings = self.organisation.responses.fingerprints(wave=wave)
        elsewhere = moved_since_releases(self.study, ratings, wave=wave)
        since = elsewhere.reindex(counts.set_index(["department", "variable"]).index, fill_value=0).to_numpy()
        fewer = (counts["moved"] == 0) | ((since > 0) & (since < counts["moved"]))
        return counts.assign(moved=counts["moved"].mask(fewer, since))

    @cached_property
    def ledger_of_change(self) -> Ledger:
        """What may be shown about this wave and the one before it together: what may be shown of both."""
        earlier = self.organisation.earlier_wave
        if earlier is None:
            return self.ledger
        if self._decided is not None:
            return replace(self.ledger, hidden=self._decided.change, waves=2)
        return self.ledger.along_with(self._ledger_of(earlier))

    @property
    def basis(self) -> str:
        """Fingerprint of everything that the ledger follows from."""
        teams = ",".join(self.small_teams)
        return f"{self.organisation.responses.fingerprint} {self.study.policy.model_dump_json()} {teams}"

    @property
    def small_teams(self) -> tuple[str, ...]:
        """Departments in which so few people work that a score of theirs would be a judgement of one of them."""
        fewest = self.study.policy.minimum_team
        return tuple(one.slug for one in self.study.departments if one.team_size is not None and one.team_size < fewest)

    @property
    def _about_staff(self) -> list[str]:
        """Codes of what is about the people of a department: items, scales and block of customer orientation."""
        questionnaire = self.study.questionnaire
        scales = [scale.code for scale in questionnaire.scales if scale.block == STAFF_BLOCK]
        return [STAFF_BLOCK, *scales, *(item.code for item in questionnaire.items_of(block=STAFF_BLOCK))]

    def released(self, result: Result, department: str) -> Released:
        """Return what may be shown of a result about this department; of a change, where both waves may be shown."""
        of_change = isinstance(result, Result) and result.waves > 1  # anything else is refused by the door
        ledger = self.ledger_of_change if of_change else self.ledger
        return release(result, policy=self.study.policy, ledger=ledger.at(department))
