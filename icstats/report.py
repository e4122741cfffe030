"""The report of one department: one method per section, in the reader's order."""

from __future__ import annotations

from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING

from icstats.colophon import (
    COEFFICIENTS,
    certainty,
    masthead,
    method,
    norm_facts,
    provenance,
    reliability_table,
    scores_table,
)
from icstats.commentary import comments_section
from icstats.crosschecks import ITEM_STATISTICS, asymmetry, halo, item_statistics, linear_model, measures, shrunken
from icstats.dialogue import (
    agreed_section,
    change_section,
    chosen_section,
    expectations_section,
    mirror_section,
    quick_wins_section,
    returned_section,
)
from icstats.documents import did_you_mean
from icstats.edition import open_edition
from icstats.errors import NotEnoughDataError, ParameterError
from icstats.figures import dot_intervals, mark_strip, reliability_dots
from icstats.findings import Findings
from icstats.gaps import FEWEST_TOLD
from icstats.limits import RELIABLE_FROM
from icstats.reasons import drivers_section, why_section
from icstats.sections import Section, folded, paragraphs, section
from icstats.story import (
    answered_sentence,
    below_sentence,
    best_and_worst_sentence,
    highest_and_lowest_sentence,
    inherited_leading_sentence,
    leading_sentence,
    mark_sentence,
    reliability_sentence,
)
from icstats.talk import first_sentence
from icstats.yardstick import norm_section

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from icstats.agreements import Action
    from icstats.disclosure import Released
    from icstats.edition import Edition

__all__ = ["Report", "open_report"]


def open_report(study: str | Path, department: str | int, *, language: str = "", wave: str | int = "") -> Report:
    """Open the report of one department.

    Parameters
    ----------
    study
        Path of the study file; found from the current folder or one above it.
    department
        Slug of the department; papermill's ``-p`` hands one of digits over as a number.
    language
        ``en`` or ``nl``; empty takes the study's own.
    wave
        Empty takes the study's own; digits may be a number, as for ``department``.

    Returns
    -------
    Report

    Raises
    ------
    ParameterError
        If the study, department, language or wave does not exist.
    """
    edition, slug = open_edition(study, language=language, wave=str(wave)), str(department)
    if slug not in edition.names:
        raise ParameterError(
            f'There is no department "{slug}" in this study.', code="ICS-392", hint=did_you_mean(slug, edition.names)
        )
    return Report(edition=edition, department=slug)


def unless_hidden(show: Callable[[Report], Section]) -> Callable[[Report], Section]:
    """Leave a section of a department that may not be shown empty, and compute nothing; the masthead says why."""

    @wraps(show)
    def shown_or_empty(report: Report) -> Section:
        return section("") if report.hidden else show(report)

    return shown_or_empty


@dataclass(frozen=True, kw_only=True, repr=False)
class Report(Findings):
    """What one department's notebooks can show."""

    def masthead(self, kind: str = "department_report") -> Section:
        """Say whose report this is and who answered."""
        return masthead(self.edition, kind=kind, name=self.edition.names[self.department], answered=self._answered())

    @unless_hidden
    def summary(self) -> Section:
        """Answer in three sentences: which mark, against what; what goes together with it; what to take up first."""
        texts, labels = self.edition.texts, self.edition.labels
        sentences = [
            mark_sentence(
                self._summary,
                self._comparison,
                outcome=self.analysis.outcome,
                department=self.edition.names[self.department],
                norm_name=self.edition.norm_name,
                texts=texts,
            ),
            self._leading(),
            self._first() if self._has_priorities else "",
        ]
        figure = mark_strip(
            self._summary,
            texts=texts,
            variable=self.analysis.outcome,
            label=labels[self.analysis.outcome],
            **self.edition.norm_on_the_strip,
        )
        return section(
            self._say("summary.heading"), paragraphs(sentences, kind="lead"), figure, released=[self._summary]
        )

    def _leading(self) -> str:
        """Return what goes together most with satisfaction, and which blocks score below the norm."""
        texts, norm_name, importance = self.edition.texts, self.edition.norm_name, self._importance
        leading, others = "", self._blocks
        if importance is not None and self._inherited:
            leading = inherited_leading_sentence(importance, self._explaining, texts)
        elif importance is not None:
            name = self.edition.names[self.department]
            leading = leading_sentence(
                importance,
                self._explaining,
                texts,
                comparison=self._comparison,
                department=name,
                norm_name=norm_name,
            )
            others = [block for block in self._blocks if block != importance.verdict]
        return f"{leading} {below_sentence(self._comparison, others, texts, norm_name=norm_name)}".strip()

    @unless_hidden
    def scores(self) -> Section:
        """Show the three blocks and, folded open, their questions."""
        texts, labels = self.edition.texts, self.edition.labels
        figure, items = (
            dot_intervals(
                self._summary,
                texts=texts,
                labels=labels,
                norms=self.edition.norm_means,
                norm_name=self.edition.norm_name,
                variables=variables,
                blocks=blocks,
            )
            for variables, blocks in ((self._blocks, None), (None, self.analysis.blocks))
        )
        answer = [
            highest_and_lowest_sentence(self._summary, self._blocks, texts),
            best_and_worst_sentence(self._summary, labels, self.analysis.driver_codes, texts),
        ]
        return section(
            self._say("scores.heading"),
            paragraphs(answer, kind="answer"),
            figure,
            paragraphs([self._small_team()], kind="note"),
            folded(self._say("scores.items"), items.html + scores_table(self.edition, self._summary).html),
            released=[self._summary],
        )

    def _small_team(self) -> str:
        """Return why nothing about the people of a small department is shown; empty for a larger one."""
        if self.department not in self.edition.small_teams:
            return ""
        return self._say("scores.small_team", fewest=self.edition.study.policy.minimum_team)

    @unless_hidden
    def why(self) -> Section:
        """Show how explained satisfaction divides over product, process and orientation."""
        if self._importance is None:
            return section(self._say("why.heading"), paragraphs([self._no_importance], kind="answer"))
        return why_section(
            self.edition,
            self._importance,
            explaining=self._explaining,
            blocks=self.analysis.blocks,
            codes=self.analysis.driver_codes,
            inherited=self._inherited,
            left_out=self.edition.organisation_left_out if self._inherited else self._left_out,
            withheld=self._items_withheld,
        )

    @unless_hidden
    def expectations(self) -> Section:
        """Say whether customers got what they find acceptable and what they expected."""
        return expectations_section(
            self.edition, self._expectation, expected=self.analysis.expected, outcome=self.analysis.outcome
        )

    @unless_hidden
    def mirror(self) -> Section:
        """Lay the department's own view beside that of its customers."""
        mirror, mutual = self.analysis.mirror, self.analysis.mutual
        return mirror_section(
            self.edition,
            None if mirror is None else self._released(mirror),
            asked=bool(self.analysis.mirrors),
            blocks=self.analysis.blocks,
            expectation=self._expectation,
            mutual=None if mutual is None else self._released(mutual),
            expected=self.analysis.expected,
            fewest=FEWEST_TOLD,
        )

    @unless_hidden
    def benchmark(self) -> Section:
        """Compare the outcome and the blocks with the norm."""
        return self._compared("benchmark.heading", [self.analysis.outcome, *self._blocks])

    @unless_hidden
    def benchmark_items(self) -> Section:
        """Compare every question with the norm; empty without one, of which :meth:`benchmark` says why."""
        if self._norm is None:
            return section("")
        return self._compared("benchmark.items_heading", self.analysis.driver_codes)

    def _compared(self, heading: str, variables: Sequence[str]) -> Section:
        _ = self._norm  # the department's own answers are read first
        return norm_section(self.edition, self._comparison, title=self._say(heading), variables=variables)

    @unless_hidden
    def quick_wins(self) -> Section:
        """Say what to do first, if the answers can tell."""
        actions = self._actions_of(self.edition.wave)
        if not self._has_priorities:
            return agreed_section(self.edition, self._summary, actions) if actions else section("")
        if self._wins is None:
            return agreed_section(self.edition, self._summary, actions, why=self._no_priorities)
        return quick_wins_section(
            self.edition,
            self._wins,
            self._summary,
            blocks=self.analysis.reliable_blocks,
            ease=self.analysis.ease,
            actions=actions,
        )

    @unless_hidden
    def change(self) -> Section:
        """Say what has changed since the wave before."""
        change, earlier = self.analysis.change(self.edition.comparisons.norm_change), self.analysis.earlier_wave
        if change is None or earlier is None:
            return self._returned()
        return change_section(
            self.edition,
            self._released(change),
            outcome=self.analysis.outcome,
            blocks=self.analysis.blocks,
            earlier=earlier,
            actions=self._actions_of(earlier),
        )

    def _returned(self) -> Section:
        """Come back to what was agreed before, also where the answers of then stand in another survey file."""
        agreements = self.edition.study.agreements
        earlier = None if agreements is None else agreements.last_before(self.edition.wave, department=self.department)
        if earlier is None:
            return section("")
        return returned_section(self.edition, self._summary, self._actions_of(earlier), earlier=earlier)

    def _actions_of(self, wave: str) -> tuple[Action, ...]:
        """Return what this department agreed from the report of a wave."""
        agreements = self.edition.study.agreements
        return () if agreements is None else agreements.actions_of(self.department, wave=wave)

    @unless_hidden
    def chosen(self) -> Section:
        """Say how the questions were chosen."""
        return chosen_section(self.edition, self.department)

    @unless_hidden
    def shrunken(self) -> Section:
        """Show what is left of this department's means when chance is taken out, beside the means themselves."""
        means = self.edition.overall.shrunken
        if means is None:
            return section(self._say("shrunken.heading"), paragraphs([self._say("shrunken.none")], kind="answer"))
        return shrunken(self.edition, means.only(departments=[self.department]))

    @unless_hidden
    def comments(self) -> Section:
        """Say what comments are about, and quote those that somebody of the organisation signed off."""
        return comments_section(self.edition, self.department)

    @unless_hidden
    def norm_card(self) -> Section:
        """Say which norm this is; empty without one."""
        if self._norm is None:
            return section("")
        return section(self._say("norm_card.heading"), norm_facts(self.edition, self._norm))

    @unless_hidden
    def reliability(self) -> Section:
        """Say whether the questions of each scale measure one thing, and how precisely."""
        texts, say = self.edition.texts, self._say
        figure = reliability_dots(
            self._reliability,
            texts=texts,
            labels={scale: self.edition.labels[scale] for scale in self._reliability.variables},
            coefficients={code: say(f"reliability.{code}") for code in COEFFICIENTS},
            limit=RELIABLE_FROM,
        )
        return section(
            say("reliability.heading"),
            paragraphs([reliability_sentence(self._gate, self.edition.labels, texts)], kind="answer"),
            figure,
            reliability_table(self.edition, self._reliability, self._gate, say("reliability.table_caption")),
            released=[self._reliability, self._gate],
        )

    @unless_hidden
    def item_statistics(self) -> Section:
        """Say how each question behaves within its scale."""
        try:
            # The means stand in the report, on all answers; here they would rest on complete ones and differ a little.
            statistics = self._released(self.analysis.item_statistics).only(statistics=ITEM_STATISTICS)
        except NotEnoughDataError:
            title, answer = self._say("item_statistics.heading"), self._say("item_statistics.none")
            return section(title, paragraphs([answer], kind="answer"))
        return item_statistics(self.edition, statistics)

    @unless_hidden
    def drivers(self) -> Section:
        """Show how much each question adds to explaining satisfaction."""
        try:
            importance = self._released(self.analysis.driver_importance)
        except NotEnoughDataError:
            return section(self._say("drivers.heading"), paragraphs([self._no_drivers], kind="answer"))
        codes = self.analysis.reliable_codes
        return drivers_section(self.edition, importance, codes=codes, left_out=self._left_out)

    @unless_hidden
    def regression(self) -> Section:
        """Show the linear model behind the driver analysis; empty where :meth:`drivers` says why not."""
        return self._of_all_drivers(linear_model, "regression")

    @unless_hidden
    def measures(self) -> Section:
        """Show whether another measure of importance says the same."""
        return self._of_all_drivers(measures, "importance_measures")

    @unless_hidden
    def halo(self) -> Section:
        """Show whether the drivers owe their place to ratings that give every question the same answer."""
        return self._of_all_drivers(halo, "halo_check")

    @unless_hidden
    def asymmetry(self) -> Section:
        """Show which questions cost satisfaction and which earn it."""
        return self._of_all_drivers(asymmetry, "penalty_reward")

    def _of_all_drivers(self, show: Callable[[Edition, Released, Sequence[str]], Section], statistic: str) -> Section:
        """Show a statistic of all drivers; nothing where :meth:`drivers` says why not."""
        try:
            released = self._released(getattr(self.analysis, statistic))
        except NotEnoughDataError:
            return section("")
        return show(self.edition, released, self.analysis.reliable_codes)

    @unless_hidden
    def method(self) -> Section:
        """Say how the numbers were computed."""
        return method(self.edition, n_boot=self.analysis.n_boot)

    @unless_hidden
    def certainty(self) -> Section:
        """Say how sure it is and how it was done."""
        return certainty(self.edition, self._say("certainty.heading"), self._reliability, self._gate)

    def provenance(self) -> Section:
        """Say where the numbers come from."""
        return provenance(self.edition, self.department)

    def _first(self) -> str:
        with_ease = self.analysis.ease is not None
        return first_sentence(self._wins, self.edition.labels, self.edition.texts, with_ease=with_ease)

    def _answered(self) -> str:
        if self.hidden:
            return self._say("masthead.not_shown", minimum=self.edition.study.policy.minimum_group)
        invited = self.edition.invited(self.department)
        return answered_sentence(self.edition.answered(self.department), invited, self.edition.texts)
