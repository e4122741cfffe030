"""The notebook in which the questions are chosen together: one method per section, in the order of the talk."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from html import escape
from math import isnan
from typing import TYPE_CHECKING

from icstats.choosing import (
    candidates,
    chosen_questionnaire,
    minutes_of,
    pilot,
    planned_sizes,
    propose,
    read_sheets,
    remarks,
    write_proposal,
    write_sheets,
)
from icstats.colophon import reliability_table
from icstats.edition import find_study
from icstats.evidence import earlier_evidence, tells_nothing
from icstats.fieldwork import read_fieldwork
from icstats.results import ORGANISATION
from icstats.sections import folded, paragraphs, section
from icstats.tables import Column, scrolled, table
from icstats.texts import Texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from icstats.choosing import Sheet
    from icstats.evidence import Evidence
    from icstats.fieldwork import Fieldwork
    from icstats.questionnaire import Questionnaire
    from icstats.sections import Section
    from icstats.selection import Selection
    from icstats.study import Department

__all__ = ["Drafting", "open_choice"]

STATISTICS = ("cannot_say", "ceiling", "item_rest", "icc1")


def open_choice(fieldwork: str | Path, folder: str | Path, *, language: str = "") -> Drafting:
    """Open the choice of questions of a survey that is still to be held.

    Parameters
    ----------
    fieldwork
        Path of the fieldwork file; found from the current folder or one above it.
    folder
        Where the departments' workbooks are, or will be made; beside the fieldwork's ``params`` unless it is absolute.
    language
        ``en`` or ``nl``; empty takes the fieldwork's own.

    Raises
    ------
    ParameterError
        If the fieldwork file or a workbook is not what it should be.
    """
    found = find_study(fieldwork).resolve()
    read = read_fieldwork(found)
    root = next((above for above in found.parents if (above / "notebooks").is_dir()), found.parent)
    return Drafting(fieldwork=read, folder=root / folder, texts=Texts(language or read.language))


@dataclass(frozen=True, kw_only=True, repr=False)
class Drafting:
    """What the notebook shows.

    Attributes
    ----------
    fieldwork
        What can be asked, of whom, and by which rules departments choose.
    folder
        Of the workbooks.
    texts
        Words of the language.
    """

    fieldwork: Fieldwork
    folder: Path
    texts: Texts

    @cached_property
    def evidence_of_earlier(self) -> Evidence | None:
        """What earlier surveys say, over all departments together."""
        return earlier_evidence(self.fieldwork.choice.earlier, language=self.texts.language)

    @cached_property
    def sheets(self) -> tuple[Sheet, ...]:
        """The workbooks, made where there are none yet; what somebody filled in is never overwritten."""
        if not any(self.folder.glob("*.xlsx")):
            write_sheets(self.fieldwork, self.folder)
        return read_sheets(self.fieldwork, self.folder)

    @cached_property
    def selection(self) -> Selection:
        """What is proposed; written down beside the workbooks with the questionnaire that follows from it."""
        proposed = propose(self.fieldwork, self.sheets)
        write_proposal(self.fieldwork, proposed, self.folder)
        return proposed

    @cached_property
    def questionnaire(self) -> Questionnaire:
        """The locked core and what departments chose."""
        return chosen_questionnaire(self.fieldwork, self.selection)

    def _say(self, key: str, **values: object) -> str:
        return self.texts.say(f"drafting.{key}", **values)

    @property
    def _labels(self) -> dict[str, str]:
        return {item.code: item.label[self.texts.language] for item in self.fieldwork.questionnaire.items}

    # The sections, in the order of the talk.

    def masthead(self) -> Section:
        """Say which survey this is for, and by which rules departments choose."""
        language, rules = self.texts.language, self.fieldwork.choice
        head = f'<p class="kicker">{escape(self.fieldwork.organisation[language])}</p>'
        head += f"<h1>{escape(self._say('title', title=self.fieldwork.title[language]))}</h1>"
        told = self._say(
            "rules",
            locked=len(rules.locked),
            own=rules.own_items,
            minutes=self.texts.amount(rules.minutes),
            departments=len(self.fieldwork.departments),
        )
        return section("", f'<div class="masthead">{head}{paragraphs([told])}</div>')

    def evidence(self) -> Section:
        """Show the item bank with what earlier surveys say of each question, and mark those that told nothing."""
        found = self.evidence_of_earlier
        if found is None:
            return section(self._say("evidence"), paragraphs([self._say("no_evidence")], kind="answer"))
        codes = [code for code in self._labels if found.row(code, "icc1") is not None]
        nothing = {code: tells_nothing(found, code) for code in codes}
        named = [self._labels[code] for code in codes if nothing[code]]
        answer = self._say("told_nothing", items="; ".join(named)) if named else self._say("all_told")
        columns = [
            Column(heading=self._say("used"), statistic="icc1", words={c: "; ".join(found.used(c)) for c in codes}),
            *(Column(heading=self._say(statistic), statistic=statistic) for statistic in STATISTICS),
            Column(
                heading=self._say("mark"),
                statistic="icc1",
                words={code: "; ".join(self._say(f"why_{why}") for why in nothing[code]) for code in codes},
            ),
        ]
        tables = [
            table(
                release.only(variables=[code for code in codes if release.row(code, "icc1") is not None]),
                texts=self.texts,
                caption=self._say("evidence_caption", study=edition.study.title[self.texts.language]),
                stub=self.texts.say("scores.question"),
                columns=columns,
                labels=self._labels,
            )
            for edition, release in zip(found.editions, found.releases, strict=True)
        ]
        rule = paragraphs([self._say("evidence_rule")], kind="note")
        return section(self._say("evidence"), paragraphs([answer], kind="answer"), *tables, rule)

    def reliability(self) -> Section:
        """Show how reliable the scales were in the latest survey; empty where there was none."""
        if self.evidence_of_earlier is None:
            return section("")
        edition = self.evidence_of_earlier.editions[0]
        found, gate = (
            edition.released(result, ORGANISATION)
            for result in (edition.organisation.reliability, edition.organisation.gate)
        )
        caption = self._say("reliability_caption", study=edition.study.title[self.texts.language])
        return section(self.texts.say("reliability.heading"), reliability_table(edition, found, gate, caption))

    def workbooks(self) -> Section:
        """Say where the departments' workbooks are, and how far they were filled in."""
        language = self.texts.language
        rows = []
        for department in self.fieldwork.departments:
            own = [sheet for sheet in self.sheets if sheet.department == department.slug]
            rated = {code for sheet in own for code in sheet.ratings}
            rows.append(
                (
                    department.name[language],
                    str(len(own)),
                    self._say("of", n=len(rated), all=len(candidates(self.fieldwork, department))),
                    self._agreed(department) or self._say("nobody_yet"),
                )
            )
        filled = any(sheet.ratings for sheet in self.sheets)
        answer = self._say("workbooks_read" if filled else "workbooks_made", folder=self._shown_folder)
        headings = [self.texts.say("workbook.department"), self._say("sheets"), self._say("rated"), self._say("agreed")]
        return section(
            self._say("workbooks"),
            paragraphs([answer], kind="answer"),
            _words_table(self._say("workbooks_caption"), headings, rows),
            paragraphs(remarks(self.fieldwork, self.sheets, self.texts), kind="note"),
        )

    @property
    def _shown_folder(self) -> str:
        """The folder as a reader knows it: without where the project lies on this machine."""
        return "/".join(self.folder.parts[-2:])

    def _agreed(self, department: Department) -> str:
        signed = self.selection.agreed.get(department.slug)
        return "" if signed is None else self._say("agreed_by", by=signed.by[self.texts.language], on=signed.on)

    def proposal(self) -> Section:
        """Show the questions of every department: the locked core, its own, the reasons and who agreed."""
        language = self.texts.language
        core = "; ".join(self._labels[code] for code in self.selection.locked)
        parts = [paragraphs([self._say("core", n=len(self.selection.locked), items=core)], kind="answer")]
        for department in self.fieldwork.departments:
            decided = self.selection.of(department.slug)
            chosen = [self._labels[one.item] for one in decided if one.reason == "chosen"]
            sentence = self._say(
                "proposed" if chosen else "proposed_none",
                items="; ".join(chosen),
                minutes=self.texts.number(minutes_of(self.fieldwork, self.selection, department.slug), 1),
                most=self.texts.amount(self.selection.minutes),
            )
            rows = [
                (
                    self._labels[one.item],
                    "–" if one.usable is None else self.texts.number(one.usable, 1),
                    "–" if one.actable is None else self.texts.number(one.actable, 1),
                    self.texts.say(f"chosen.{one.reason}"),
                )
                for one in decided
            ]
            headings = [
                self.texts.say("scores.question"),
                self._say("usable"),
                self._say("actable"),
                self._say("reason"),
            ]
            told = _words_table(self.texts.say("chosen.decisions"), headings, rows)
            parts += [
                f"<h3>{escape(department.name[language])}</h3>",
                paragraphs([sentence, self._agreed(department)]),
                folded(self.texts.say("chosen.decisions"), told),
            ]
        written = self._say("written", folder=self._shown_folder)
        return section(self._say("proposal"), *parts, paragraphs([written], kind="note"))

    def pilot(self) -> Section:
        """Show the reliability and the margins that the chosen length will give, from a simulated pilot."""
        found = pilot(self.fieldwork, self.questionnaire, seed=self.fieldwork.seed)
        names = {one.slug: one.name[self.texts.language] for one in self.fieldwork.departments}
        rows = [
            (
                names[str(row["department"])],
                self.texts.say(f"block.{row['scale']}"),
                str(row["items"]),
                str(row["answers"]),
                self._number(row["alpha"]),
                self._interval(row["conf_low"], row["conf_high"]),
                self._number(row["margin"]),
            )
            for row in found.to_dict("records")
        ]
        headings = [
            self.texts.say("workbook.department"),
            self.texts.say("reliability.scale"),
            self.texts.say("reliability.n_items"),
            self._say("answers"),
            self.texts.say("reliability.alpha"),
            self.texts.say("scores.interval"),
            self._say("margin"),
        ]
        rule = self._say("pilot_rule", r=self.texts.number(self.fieldwork.choice.mean_correlation, 2))
        return section(
            self._say("pilot"),
            _words_table(self._say("pilot_caption"), headings, rows),
            paragraphs([rule], kind="note"),
        )

    def invitations(self) -> Section:
        """Show the margins that the invitations give, and how many are enough for the wanted margin and power."""
        rules, found = self.fieldwork.choice, planned_sizes(self.fieldwork)
        names = {one.slug: one.name[self.texts.language] for one in self.fieldwork.departments}
        if found.empty:
            return section(self._say("invitations"), paragraphs([self._say("no_invitations")], kind="answer"))
        needed = found.iloc[0]
        answer = self._say(
            "needed",
            for_margin=self.texts.number(needed["enough_for_margin"], 0),
            margin=self._number(rules.margin, 1),
            for_difference=self.texts.number(needed["enough_for_difference"], 0),
            difference=self._number(rules.difference, 1),
            response=self.texts.percent(rules.response),
        )
        short = [names[str(slug)] for slug in found.loc[found["margin"] > rules.margin, "department"]]
        reached = self._say("out_of_reach" if short else "within_reach", departments=self.texts.listing(short))
        rows = [
            (
                names[str(row["department"])],
                str(row["invited"]),
                str(row["answers"]),
                self._number(row["margin"]),
                self._number(row["smallest_difference"]),
            )
            for row in found.to_dict("records")
        ]
        headings = [
            self.texts.say("workbook.department"),
            self._say("invited"),
            self._say("answers"),
            self._say("margin"),
            self._say("difference"),
        ]
        return section(
            self._say("invitations"),
            paragraphs([answer, reached], kind="answer"),
            _words_table(self._say("invitations_caption"), headings, rows),
        )

    def _number(self, value: float, decimals: int = 2) -> str:
        return "–" if isnan(value) else self.texts.number(value, decimals)

    def _interval(self, low: float, high: float) -> str:
        if isnan(low):
            return self._number(low)
        return self.texts.say("tables.interval", low=self._number(low), high=self._number(high))


def _words_table(caption: str, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of words and plans, in which no number is anybody's answer."""
    head = "".join(f'<th scope="col">{escape(heading)}</th>' for heading in headings)
    body = "".join(
        f'<tr><th scope="row">{escape(first)}</th>' + "".join(f"<td>{escape(one)}</td>" for one in rest) + "</tr>"
        for first, *rest in rows
    )
    whole = f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return scrolled(whole, caption, columns=len(headings))
