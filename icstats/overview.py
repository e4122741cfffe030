"""The organisation: all staff departments side by side, in the order of the study and never ranked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import isnan
from typing import TYPE_CHECKING

from icstats.colophon import certainty, masthead, norm_source, provenance
from icstats.disclosure import RATINGS, gathered
from icstats.edition import Edition, open_edition
from icstats.errors import NotEnoughDataError
from icstats.figures import forest, heat_map, mark_strip, why_bar, why_bars
from icstats.funnel import funnel_plot
from icstats.improvement import improvement_section
from icstats.limits import RELIABLE_FROM, VERDICTS
from icstats.priorities import TOP
from icstats.quality import quality_sentences
from icstats.results import ORGANISATION
from icstats.sections import Section, folded, paragraphs, section
from icstats.story import (
    CANNOT_TELL,
    agreement_sentences,
    answered_sentence,
    block_sentence,
    explained_sentence,
    highest_and_lowest_sentence,
    organisation_sentence,
    overall_leading_sentence,
    verdict_counts,
    verdict_sentences,
)
from icstats.tables import Column, department_table, table
from icstats.written import written_n

if TYPE_CHECKING:
    from pathlib import Path

    from icstats.analysis import Analysis
    from icstats.canvas import Figure
    from icstats.disclosure import Released
    from icstats.norms import Norm
    from icstats.results import Result
    from icstats.tables import Table

__all__ = ["Overview", "open_overview"]


AGREEMENT = ("icc1", "icc2", "raters_70", "raters_80")


def open_overview(study: str | Path, *, language: str = "", wave: str | int = "") -> Overview:
    """Open the overview of all departments.

    Parameters
    ----------
    study
        Path of the study file; found from the current folder or one above it.
    language
        ``en`` or ``nl``; empty takes the study's own.
    wave
        Empty takes the study's own; papermill's ``-p`` hands digits over as a number.

    Returns
    -------
    Overview

    Raises
    ------
    ParameterError
        If the study, language or wave does not exist.
    """
    return Overview(edition=open_edition(study, language=language, wave=str(wave)))


@dataclass(frozen=True, kw_only=True, repr=False)
class Overview:
    """What the notebook of the organisation can show.

    Attributes
    ----------
    edition
        What all reports of the study share.
    """

    edition: Edition

    # What the sections rest on, each computed and released once.

    @property
    def analysis(self) -> Analysis:
        """The raw statistics of all ratings together, for researchers; sections show released ones only."""
        return self.edition.organisation

    @cached_property
    def shown(self) -> tuple[str, ...]:
        """Slugs of the departments that may be shown, in the order of the study."""
        shown = set(self.edition.ledger.shown(RATINGS))
        return tuple(slug for slug in self.edition.names if slug in shown)

    @cached_property
    def _departments(self) -> dict[str, Analysis]:
        return {slug: self.edition.of(slug) for slug in self.shown}

    @cached_property
    def _summary(self) -> Released:
        return self._released(self.analysis.summary)

    @cached_property
    def _summaries(self) -> Released | None:
        released = [self.edition.released(one.summary, slug) for slug, one in self._departments.items()]
        return gathered(released) if released else None

    @cached_property
    def _comparisons(self) -> Released | None:
        found = {slug: self.edition.comparison(slug) for slug in self.shown}
        released = [self.edition.released(one, slug) for slug, one in found.items() if one is not None]
        return gathered(released).only(variables=[self.analysis.outcome]) if released else None

    @cached_property
    def _importance(self) -> Released | None:
        return self._blocks_of(ORGANISATION)

    @cached_property
    def _importances(self) -> dict[str, Released]:
        """The blocks of every department that has enough answers for drivers of its own."""
        found = {slug: self._blocks_of(slug) for slug in self.shown}
        return {slug: one for slug, one in found.items() if one is not None}

    def _blocks_of(self, department: str) -> Released | None:
        try:
            return self.edition.released(self._analysis_of(department).block_importance, department)
        except NotEnoughDataError:
            return None

    def _analysis_of(self, department: str) -> Analysis:
        return self.analysis if department == ORGANISATION else self._departments[department]

    @property
    def _blocks(self) -> list[str]:
        return list(self.analysis.blocks)

    @property
    def _explaining(self) -> list[str]:
        """The blocks that the drivers of the organisation rest on."""
        return [] if self._importance is None else [code for code in self._blocks if code in self._importance.variables]

    def _released(self, result: Result) -> Released:
        return self.edition.released(result, ORGANISATION)

    def _say(self, key: str, **values: object) -> str:
        return self.edition.texts.say(key, **values)

    def _named(self, slugs: list[str]) -> str:
        return self.edition.texts.listing([self.edition.names[slug] for slug in slugs])

    # The sections, in the reader's order.

    def masthead(self) -> Section:
        """Say whose overview this is and who answered."""
        answered = [
            answered_sentence(self.edition.answered(ORGANISATION), None, self.edition.texts, rated=True),
            self._how_many_shown(),
        ]
        name = self.edition.study.organisation[self.edition.texts.language]
        return masthead(self.edition, kind="overview", name=name, answered=" ".join(answered))

    def _how_many_shown(self) -> str:
        shown, total = len(self.shown), len(self.edition.names)
        if total == 1:
            return self._say("masthead.departments_one")
        if shown < 2:  # noqa: PLR2004  the others need somebody to be others of
            return self._say("masthead.departments_one_shown" if shown else "masthead.departments_none", total=total)
        return self._say(
            "masthead.departments_all" if shown == total else "masthead.departments", shown=shown, total=total
        )

    def summary(self) -> Section:
        """Answer in a few sentences: the mark of all customers, the departments against the norm, what weighs most."""
        texts = self.edition.texts
        sentences = [
            organisation_sentence(self._summary, outcome=self.analysis.outcome, texts=texts),
            self._verdicts(),
            "" if self._importance is None else overall_leading_sentence(self._importance, self._explaining, texts),
            highest_and_lowest_sentence(self._summary, self._blocks, texts),
        ]
        strip = mark_strip(
            self._summary,
            texts=texts,
            variable=self.analysis.outcome,
            label=self.edition.labels[self.analysis.outcome],
        )
        return section(
            self._say("summary.heading"), paragraphs(sentences, kind="lead"), strip, released=[self._summary]
        )

    def _verdicts(self) -> str:
        if self._comparisons is None:
            return ""
        rows = self._comparisons.only(statistics=["difference"]).rows
        verdicts = [verdict for verdict in rows["verdict"] if verdict]
        counts = verdict_counts(verdicts, self.edition.texts)
        return (
            self._say("summary.overview_verdicts", norm_name=self.edition.norm_name, verdicts=counts) if counts else ""
        )

    def _departments_by_verdict(self) -> list[str]:
        """Return which departments lie above and below the norm, each in the order of the study."""
        differences = None if self._comparisons is None else self._comparisons.only(statistics=["difference"])
        verdicts = {} if differences is None else dict(differences.rows[["department", "verdict"]].to_numpy().tolist())
        named = {
            kind: [name for slug, name in self.edition.names.items() if verdicts.get(slug) == kind] for kind in VERDICTS
        }
        return verdict_sentences(named, self.edition.texts, norm_name=self.edition.norm_name, kind="departments")

    def scores(self) -> Section:
        """Show every department on every block, with fixed colours."""
        title = self._say("overview.scores_heading")
        if self._summaries is None:
            return section(title, paragraphs([self._say("tables.nothing")], kind="answer"))
        means = self._summaries.only(variables=[self.analysis.outcome, *self._blocks], statistics=["mean"])
        labels = {code: self.edition.labels[code] for code in (self.analysis.outcome, *self._blocks)}
        as_table = department_table(
            means,
            texts=self.edition.texts,
            caption=self._say("overview.table_caption"),
            labels=labels,
            departments=self.edition.names,
            stub=self._say("overview.department"),
            answered=self._say("overview.answered"),
        )
        return section(
            title,
            paragraphs([self._say("overview.scores_answer")], kind="answer"),
            heat_map(
                means.only(variables=self._blocks),
                texts=self.edition.texts,
                labels={block: self.edition.labels[block] for block in self._blocks},
                departments=self.edition.names,
            ),
            folded(self._say("benchmark.as_table"), as_table.html),
            released=[means],
        )

    def benchmark(self) -> Section:
        """Compare every department with the norm."""
        title, norm = self._say("overview.benchmark_heading"), self.edition.norm
        if norm is None or self._comparisons is None:
            return section(title, paragraphs([self.edition.no_norm], kind="answer"))
        if norm.fictional:
            title = self._say("benchmark.fictional_title", title=title)
        return section(
            title,
            paragraphs(self._departments_by_verdict(), kind="answer"),
            forest(
                self._comparisons,
                texts=self.edition.texts,
                labels=self.edition.labels,
                norm_name=self.edition.norm_name,
                departments=self.edition.names,
            ),
            self._funnel(norm),
            paragraphs(norm_source(self.edition), kind="note"),
            released=[self._comparisons],
        )

    def _funnel(self, norm: Norm) -> Figure | str:
        outcome = self.analysis.outcome
        if self._summaries is None or outcome not in norm.values.index:
            return ""
        mean, sd = norm.values.loc[[outcome], ["mean", "sd_within"]].to_numpy(dtype=float)[0].tolist()
        if isnan(sd):  # how far chance reaches is then not known
            return ""
        return funnel_plot(
            self._summaries.only(variables=[outcome], statistics=["mean"]),
            variable=outcome,
            label=self.edition.labels[outcome],
            norm=mean,
            sd=sd,
            norm_name=self.edition.norm_name,
            departments=self.edition.names,
            texts=self.edition.texts,
        )

    def raters(self) -> Section:
        """Show the marks among the same raters, beside the marks themselves."""
        title, outcome = self._say("raters.heading"), self.analysis.outcome
        if self.edition.within_raters is None or not self.shown:
            return section(title, paragraphs([self._say("raters.none")], kind="answer"))
        released = self._released(self.edition.within_raters)
        marks = gathered([released.only(departments=[slug]) for slug in self.shown])  # in the order of the study
        moved = [slug for slug in self.shown if _leaves_its_interval(marks, outcome, slug)]
        answer = self._say("raters.moved", departments=self._named(moved)) if moved else self._say("raters.same")
        as_table = table(
            marks,
            texts=self.edition.texts,
            caption=self._say("raters.caption"),
            stub=self._say("overview.department"),
            columns=[
                Column(heading=self._say("overview.mark"), variable=outcome, statistic="mean"),
                Column(heading=self._say("scores.interval"), variable=outcome, statistic="mean", show="interval"),
                Column(heading=self._say("raters.adjusted"), variable=outcome, statistic="adjusted"),
                Column(heading=self._say("scores.interval"), variable=outcome, statistic="adjusted", show="interval"),
            ],
            labels=self.edition.names,
            by="department",
        )
        return section(
            title,
            paragraphs([answer], kind="answer"),
            as_table,
            paragraphs([self._say("raters.note")], kind="note"),
            released=[marks],
        )

    def why(self) -> Section:
        """Show what goes together with satisfaction, for the organisation and department by department."""
        texts = self.edition.texts
        labels = {block: self.edition.labels[block] for block in self._blocks}
        parts: list[str] = []
        released = list(self._importances.values())
        if self._importance is not None:
            released.append(self._importance)
            sentences = [
                block_sentence(self._importance, self._explaining, texts),
                explained_sentence(self._importance, self._explaining, texts),
                self.edition.organisation_left_out,
            ]
            bar = why_bar(self._importance, texts=texts, labels=labels)
            parts += [paragraphs(sentences, kind="answer"), bar.html]
        parts.append(paragraphs(self._why_by_department()))
        if self._importances:
            shares = gathered(list(self._importances.values())).only(variables=self._blocks)
            bars = why_bars(shares, texts=texts, labels=labels, departments=self.edition.names)
            parts.append(bars.html)
        parts.append(paragraphs([self._say("why.caution")], kind="note"))
        return section(self._say("overview.why_heading"), *parts, released=released)

    def _why_by_department(self) -> list[str]:
        """Return which block leads where, where the answers cannot tell, and who had too few."""
        by_verdict: dict[str, list[str]] = {}
        for slug, importance in self._importances.items():
            by_verdict.setdefault(importance.verdict, []).append(slug)
        leading = [
            self._say(
                "overview.why_leading",
                block=self._say(f"block_in_sentence.{block}"),
                departments=self._named(by_verdict[block]),
            )
            for block in self._blocks
            if block in by_verdict
        ]
        open_ones = by_verdict.get(CANNOT_TELL, [])
        without = [slug for slug in self.shown if slug not in self._importances]
        partly = [slug for slug in self._importances if self._departments[slug].left_out]
        limit = self.edition.texts.number(RELIABLE_FROM, 2)
        return [
            *leading,
            self._say("overview.why_cannot_tell", departments=self._named(open_ones)) if open_ones else "",
            self._say("overview.why_withheld", departments=self._named(without)) if without else "",
            self._say("overview.why_partly", departments=self._named(partly), limit=limit) if partly else "",
        ]

    def improvement(self) -> Section:
        """Say at which departments which questions stand out, as their own reports say it."""
        found = {slug: self._wins_of(slug) for slug in self.shown}
        wins = {slug: one for slug, one in found.items() if one is not None}
        return improvement_section(
            self.edition,
            wins,
            {slug: self.edition.released(self._departments[slug].summary, slug) for slug in wins},
            withheld=[slug for slug in self.shown if slug not in wins],
        )

    def _wins_of(self, department: str) -> Released | None:
        """Return what comes first at a department; None where its report does not say it either."""
        analysis = self._departments[department]
        if len(analysis.reliable_codes) < 2 * TOP:
            return None
        try:
            return self.edition.released(analysis.quick_wins, department)
        except NotEnoughDataError:
            return None

    def agreement(self) -> Section:
        """Say whether the ratings of a department agree enough to tell departments apart by their means."""
        say, title = self._say, self._say("agreement.heading")
        try:
            agreement = self._released(self.edition.agreement.without_sizes).only(statistics=AGREEMENT)
        except NotEnoughDataError:
            return section(title, paragraphs([say("agreement.unknown")], kind="answer"))
        columns = [
            Column(heading=say("agreement.icc1"), statistic="icc1"),
            Column(heading=say("scores.interval"), statistic="icc1", show="interval"),
            Column(heading=say("agreement.icc2"), statistic="icc2"),
            Column(heading=say("scores.interval"), statistic="icc2", show="interval"),
            Column(heading=say("agreement.raters_70"), statistic="raters_70", show="count"),
            Column(heading=say("agreement.raters_80"), statistic="raters_80", show="count"),
        ]
        shown = table(
            agreement,
            texts=self.edition.texts,
            caption=say("agreement.table_caption"),
            stub=say("reliability.scale"),
            columns=columns,
            labels=self.edition.labels,
        )
        sentences = agreement_sentences(agreement, self.edition.labels, self.edition.texts)
        return section(
            title,
            paragraphs(sentences, kind="answer"),
            shown,
            paragraphs([say("agreement.method")], kind="note"),
            released=[agreement],
        )

    def certainty(self) -> Section:
        """Say how sure it is, how it was done and who answered."""
        reliability = self._released(self.analysis.reliability)
        gate = self._released(self.analysis.gate)
        return certainty(self.edition, self._say("overview.certainty_heading"), reliability, gate, self._response())

    def _response(self) -> Table | str:
        """Return who answered, per department that may be shown."""
        if self._summaries is None:
            return ""
        invited = {
            slug: self.edition.texts.number(number, 0)
            for slug in self.shown
            if (number := self.edition.invited(slug)) is not None
        }
        answered = {slug: written_n(self.edition.answered(slug), self.edition.texts) for slug in self.shown}
        outcome = self.analysis.outcome
        return table(
            self._summaries.only(variables=[outcome], statistics=["mean"]),
            texts=self.edition.texts,
            caption=self._say("overview.response_caption"),
            stub=self._say("overview.department"),
            columns=[
                Column(heading=self._say("overview.invited"), words=invited),
                Column(heading=self._say("overview.answered"), words=answered),
                Column(heading=self._say("overview.mark"), variable=outcome, statistic="mean"),
                Column(heading=self._say("scores.interval"), variable=outcome, statistic="mean", show="interval"),
            ],
            labels=self.edition.names,
            by="department",
        )

    def data_quality(self) -> Section:
        """Say which ratings may not be meant, how many there are, and what was done with them."""
        sentences = quality_sentences(
            self.analysis.responses.contents,
            self.edition.study,
            wave=self.edition.wave,
            departments={slug: self.edition.names[slug] for slug in self.shown},
            texts=self.edition.texts,
        )
        return section(self._say("quality.heading"), paragraphs(sentences))

    def provenance(self) -> Section:
        """Say where the numbers come from."""
        return provenance(self.edition, ORGANISATION)


def _leaves_its_interval(marks: Released, outcome: str, department: str) -> bool:
    """Return whether the mark among the same raters lies outside the interval of the mark itself."""
    mark, adjusted = (marks.row(outcome, statistic, department) for statistic in ("mean", "adjusted"))
    if mark is None or adjusted is None:
        return False
    return adjusted.estimate < mark.conf_low or adjusted.estimate > mark.conf_high
