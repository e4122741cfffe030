"""Where there is most to gain, over all departments: question by question, in the order of the study and no ranking."""

from __future__ import annotations

from typing import TYPE_CHECKING

from icstats.disclosure import gathered
from icstats.sections import paragraphs, section
from icstats.tables import Column, table
from icstats.written import written_number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from icstats.disclosure import Released
    from icstats.edition import Edition
    from icstats.sections import Section

__all__ = ["improvement_section"]


def improvement_section(
    edition: Edition, wins: Mapping[str, Released], means: Mapping[str, Released], *, withheld: Sequence[str]
) -> Section:
    """Say at which departments which questions stand out, and at which the answers cannot tell.

    Parameters
    ----------
    edition
        Words, labels and names.
    wins
        Department -> released :class:`icstats.priorities.QuickWins`, as its own report shows it.
    means
        Department -> released means of its questions.
    withheld
        Departments with too few answers for it.
    """
    texts, say = edition.texts, edition.texts.say
    places = {slug: _verdicts(one) for slug, one in wins.items()}
    clear = [slug for slug, found in places.items() if "win" in found.values()]
    sentences = [
        say(f"improvement.{key}", departments=texts.listing([edition.names[slug] for slug in slugs]))
        for key, slugs in (
            ("clear", clear),
            ("open", [slug for slug in places if slug not in clear]),
            ("withheld", withheld),
        )
        if slugs
    ]
    named = {verdict: _named(edition, places, verdict, means) for verdict in ("win", "tied")}
    asked = [code for code in edition.labels if code in {*named["win"], *named["tied"]}]
    if not asked:
        return section(say("improvement.heading"), paragraphs(sentences, kind="answer"))
    chances = gathered([one.only(statistics=["probability_top"]) for one in wins.values()])
    numbers = table(
        chances.only(variables=asked),
        texts=texts,
        caption=say("improvement.table_caption"),
        stub=say("scores.question"),
        columns=[Column(heading=say(f"improvement.{verdict}"), words=named[verdict]) for verdict in ("win", "tied")],
        labels=edition.labels,
    )
    return section(
        say("improvement.heading"),
        paragraphs(sentences, kind="answer"),
        numbers,
        paragraphs([say("improvement.rule"), say("why.caution")], kind="note"),
        released=[chances],
    )


def _verdicts(wins: Released) -> dict[str, str]:
    """Return of every question whether it stands out, may belong to the first, or neither."""
    return {
        row.variable: str(row.extras["verdict"])
        for row in wins.each()
        if row.statistic == "probability_top" and not row.hidden
    }


def _named(
    edition: Edition, places: Mapping[str, Mapping[str, str]], verdict: str, means: Mapping[str, Released]
) -> dict[str, str]:
    """Return of every question the departments at which it has a verdict, each with the mean answer."""
    said: dict[str, list[str]] = {}
    for slug, verdicts in places.items():
        for code in (code for code, found in verdicts.items() if found == verdict):
            row, name = means[slug].row(code, "mean", slug), edition.names[slug]
            value = "" if row is None or row.hidden else written_number(row, means[slug], edition.texts)
            named = edition.texts.say("improvement.named", department=name, mean=value)
            said.setdefault(code, []).append(named if value else name)
    return {code: ", ".join(words) for code, words in said.items()}
