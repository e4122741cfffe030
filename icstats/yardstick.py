"""The section that lays a department beside the norm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from icstats.colophon import norm_source
from icstats.figures import forest
from icstats.sections import folded, paragraphs, section
from icstats.story import comparison_sentence
from icstats.tables import Column, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from icstats.disclosure import Released
    from icstats.edition import Edition
    from icstats.sections import Section

__all__ = ["norm_section"]


def norm_section(edition: Edition, comparison: Released | None, *, title: str, variables: Sequence[str]) -> Section:
    """Compare scores with the norm, or say why there is none.

    Parameters
    ----------
    edition
        Words, labels and the norm.
    comparison
        Released :class:`icstats.benchmark.Comparison`, or None without a norm.
    title
        The reader's question; a fictional norm is called so in it.
    variables
        What is compared; what is not on the answer scale of the last one is not drawn beside it.
    """
    texts, say = edition.texts, edition.texts.say
    if comparison is None or edition.norm is None:
        return section(title, paragraphs([edition.no_norm], kind="answer"))
    if edition.norm.fictional:
        title = say("benchmark.fictional_title", title=title)
    compared = comparison.only(variables=variables)
    drawn = edition.on_one_scale(variables)
    answer = comparison_sentence(compared, edition.labels, texts, norm_name=edition.norm_name)
    detail = table(
        compared,
        texts=texts,
        caption=say("benchmark.table_caption"),
        stub=say("scores.question"),
        columns=[
            Column(heading=say("benchmark.value"), statistic="mean"),
            Column(heading=say("benchmark.norm"), statistic="norm"),
            Column(heading=say("benchmark.difference"), statistic="difference", signed=True),
            Column(heading=say("scores.interval"), statistic="difference", show="interval", signed=True),
            Column(heading=say("benchmark.verdict"), statistic="difference", show="verdict", names=edition.verdicts),
        ],
        labels=edition.labels,
    )
    return section(
        title,
        paragraphs([answer], kind="answer"),
        forest(compared, texts=texts, labels=edition.labels, norm_name=edition.norm_name, variables=drawn),
        paragraphs(norm_source(edition), kind="note"),
        folded(say("benchmark.as_table"), detail.html),
        released=[compared],
    )
