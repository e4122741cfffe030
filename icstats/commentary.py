"""The section of what customers write: what their comments are about, and those that were signed off."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from icstats.comments import may_show_comments, names_of
from icstats.masking import masked
from icstats.mentions import comment_themes, word_tools_are_there
from icstats.sections import folded, paragraphs, quoted, section
from icstats.tables import Column, table
from icstats.written import written_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from icstats.disclosure import Released
    from icstats.edition import Edition
    from icstats.mentions import CommentThemes
    from icstats.sections import Section
    from icstats.themes import Dictionary

__all__ = ["comments_section"]

MOST_NAMED = 3
"""Themes that a sentence names."""


def comments_section(edition: Edition, department: str) -> Section:
    """Say what comments are about and quote those that were signed off; empty where no open question was asked.

    Parameters
    ----------
    edition
        Words, labels, the dictionary of themes and what was signed off.
    department
        Slug.
    """
    open_items = edition.study.questionnaire.items_of(block="open", department=department)
    if not open_items:
        return section("")
    said = edition.comments(department)
    note = "rule" if said else "none" if _may_show(edition, department) else "withheld"
    quotes = [quoted(edition.labels[item], texts) for item, texts in said.items()]
    themes, released = _themes(edition, department, [item.code for item in open_items])
    return section(
        edition.texts.say("comments.heading"),
        themes,
        *quotes,
        paragraphs([edition.texts.say(f"comments.{note}")], kind="note"),
        released=released,
    )


def _may_show(edition: Edition, department: str) -> bool:
    responses, ledger = edition.organisation.responses, edition.ledger.at(department)
    return may_show_comments(edition.study, responses, department, wave=edition.wave, ledger=ledger)


def _themes(edition: Edition, department: str, questions: Sequence[str]) -> tuple[str, tuple[Released, ...]]:
    """Return what comments are about, as HTML and as what may be shown, or why it is not told."""
    say, dictionary = edition.texts.say, edition.study.themes
    if dictionary is None or not _may_show(edition, department):
        return "", ()
    if not word_tools_are_there():
        return paragraphs([say("comments.themes_without")], kind="note"), ()
    raw = _found(edition, department, questions, dictionary)
    released = edition.released(raw, department)
    labels = _labels(edition, questions, raw, dictionary)
    groups = {edition.labels[question]: _most_first(released, question) for question in questions}
    groups = {name: codes for name, codes in groups.items() if codes}
    if not groups:
        return paragraphs([say("comments.themes_few")], kind="note"), ()
    answers = [
        say("comments.themes_answer", question=name, themes=_named(released, codes, labels, edition))
        for name, codes in groups.items()
    ]
    numbers = table(
        released.only(variables=[code for codes in groups.values() for code in codes]),
        texts=edition.texts,
        caption=say("comments.themes_caption"),
        stub=say("comments.theme"),
        columns=[
            Column(heading=say("comments.mentioned"), statistic="mentioned"),
            Column(heading=say("comments.mark"), statistic="mean"),
            Column(heading=say("scores.interval"), statistic="mean", show="interval"),
            Column(heading=say("scores.answered_by"), statistic="mean", show="n"),
        ],
        labels=labels,
        groups=groups,
    )
    rule = paragraphs([say("comments.themes_rule")], kind="note")
    heading = f"<h3>{escape(say('comments.themes_heading'))}</h3>"
    return heading + paragraphs(answers, kind="answer") + folded(say("benchmark.as_table"), numbers.html + rule), (
        released,
    )


def _found(edition: Edition, department: str, questions: Sequence[str], dictionary: Dictionary) -> CommentThemes:
    """Return the themes of one department's comments; names and numbers are masked before any word is counted."""
    analysis = edition.of(department)
    names, outcome = names_of(edition.study), analysis.outcome
    return comment_themes(
        analysis.ratings[list(questions)].map(lambda text: masked(text, names=names), na_action="ignore"),
        analysis.items[outcome],
        dictionary=dictionary,
        scale=analysis.questionnaire.response_scale(outcome),
        minimum=edition.study.policy.minimum_answers,
        clusters=analysis.people,
    )


def _labels(edition: Edition, questions: Sequence[str], raw: CommentThemes, dictionary: Dictionary) -> dict[str, str]:
    language, say = edition.texts.language, edition.texts.say
    known = {f"{question}.{theme.code}": theme.label[language] for question in questions for theme in dictionary.themes}
    return known | {code: say("comments.theme_found", words=", ".join(words)) for code, words in raw.words.items()}


def _most_first(released: Released, question: str) -> list[str]:
    """Return the themes of a question of which a share is shown, the most mentioned first; none that nobody has."""
    own = [code for code in released.variables if code.startswith(f"{question}.")]
    rows = {code: released.row(code, "mentioned") for code in own}
    shares = {code: row.estimate for code, row in rows.items() if row is not None and not row.hidden}
    return sorted((code for code, share in shares.items() if share > 0), key=lambda code: -shares[code])


def _named(released: Released, codes: Sequence[str], labels: dict[str, str], edition: Edition) -> str:
    """Return the themes that are mentioned most, each with its share of those who wrote."""
    say = edition.texts.say
    rows = {code: released.row(code, "mentioned") for code in codes[:MOST_NAMED]}
    shares = {code: written_number(row, released, edition.texts) for code, row in rows.items() if row is not None}
    return edition.texts.listing(
        [
            say(
                "comments.themes_next" if place else "comments.themes_first",
                share=share,
                theme=say("grammar.quoted", words=labels[code]),
            )
            for place, (code, share) in enumerate(shares.items())
        ]
    )
