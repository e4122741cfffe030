"""The sections that say why: how satisfaction divides over blocks and questions, and how sure that is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from icstats.figures import driver_dots, why_bar
from icstats.sections import folded, paragraphs, section
from icstats.story import block_sentence, drivers_sentence, explained_sentence
from icstats.tables import Column, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from icstats.disclosure import Released
    from icstats.edition import Edition
    from icstats.sections import Section
    from icstats.tables import Table

__all__ = ["drivers_section", "why_section"]


def why_section(
    edition: Edition,
    importance: Released,
    *,
    explaining: Sequence[str],
    blocks: Mapping[str, Sequence[str]],
    codes: Sequence[str],
    inherited: bool,
    left_out: str,
    withheld: str,
) -> Section:
    """Show how explained satisfaction divides over product, process and orientation.

    Parameters
    ----------
    edition
        Words and labels.
    importance
        Released :class:`icstats.importance.Importance` of the blocks.
    explaining
        Blocks that the drivers rest on.
    blocks
        Block -> codes of its questions.
    codes
        Questions that are drivers.
    inherited
        Whether it is that of the organisation, because the department has too few answers.
    left_out
        Which scales are kept out of the drivers, and why; empty where none is.
    withheld
        What stands in place of the questions where there are too few answers for them.
    """
    texts, say = edition.texts, edition.texts.say
    answer = [
        say("why.inherited") if inherited else "",
        block_sentence(importance, explaining, texts),
        explained_sentence(importance, explaining, texts),
    ]
    numbers = _importance_table(edition, importance, explaining, "shapley_share", say("why.table_caption"))
    return section(
        say("why.heading"),
        paragraphs(answer, kind="answer"),
        why_bar(importance, texts=texts, labels={block: edition.labels[block] for block in blocks}),
        folded(say("why.items"), numbers.html + _drivers_within(edition, importance, blocks, codes, withheld)),
        paragraphs([left_out, say("why.caution")], kind="note"),
        released=[importance],
    )


def drivers_section(edition: Edition, importance: Released, *, codes: Sequence[str], left_out: str) -> Section:
    """Show how much each question adds to explaining satisfaction; see :func:`why_section`."""
    texts, say = edition.texts, edition.texts.say
    return section(
        say("drivers.heading"),
        paragraphs([drivers_sentence(importance, edition.labels, codes, texts)], kind="answer"),
        _importance_table(edition, importance, codes, "lmg_share", say("drivers.table_caption")),
        paragraphs([left_out, say("why.caution")], kind="note"),
        released=[importance],
    )


def _drivers_within(
    edition: Edition, importance: Released, blocks: Mapping[str, Sequence[str]], codes: Sequence[str], withheld: str
) -> str:
    """Return the questions inside the blocks, or why they are not shown."""
    items = importance.only(variables=codes, statistics=["owen_share"])
    if items.rows.empty or set(items.variables) <= set(blocks):
        return paragraphs([withheld], kind="note")
    return driver_dots(items, texts=edition.texts, labels=edition.labels, blocks=blocks, measure="owen_share").html


def _importance_table(
    edition: Edition, importance: Released, variables: Sequence[str], share: str, caption: str
) -> Table:
    say = edition.texts.say
    return table(
        importance.only(variables=variables),
        texts=edition.texts,
        caption=caption,
        stub=say("why.driver"),
        columns=[
            Column(heading=say("why.share"), statistic=share),
            Column(heading=say("scores.interval"), statistic=share, show="interval"),
            Column(heading=say("why.first"), statistic="probability_first"),
            Column(heading=say("scores.answered_by"), statistic=share, show="n"),
        ],
        labels=edition.labels,
    )
