"""The model behind the drivers, and whether what they say holds: by another measure, without straight-liners, ..."""

from __future__ import annotations

from typing import TYPE_CHECKING

from icstats.asymmetry import LABELS
from icstats.sections import Section, folded, paragraphs, section
from icstats.story import item_rest_sentence, model_sentence
from icstats.tables import Column, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from icstats.disclosure import Released
    from icstats.edition import Edition
    from icstats.tables import Table

__all__ = ["ITEM_STATISTICS", "asymmetry", "halo", "item_statistics", "linear_model", "measures", "shrunken"]

INTERCEPT = "(intercept)"

SAME_ORDER = 0.8
"""From this rank correlation on the order of the questions is called much the same."""

SHARES = ("lmg_share", "relative_weight_share")
PARTS = ("first", "last")
ITEM_STATISTICS = ("item_rest", "alpha_if_dropped", "sd", "ceiling", "floor")
"""Without the means: those stand in the report, on all answers, and would differ a little on complete ones."""


def linear_model(edition: Edition, released: Released, codes: Sequence[str]) -> Section:
    """Show the coefficients of the linear model behind the driver analysis."""
    say = edition.texts.say
    columns = [
        Column(heading=say("regression.coefficient"), statistic="coefficient"),
        Column(heading=say("scores.interval"), statistic="coefficient", show="interval"),
        *(
            Column(heading=say(f"regression.{code}"), statistic=code)
            for code in ("standardised", "zero_order_r", "vif")
        ),
    ]
    as_table = table(
        released.only(variables=[INTERCEPT, *codes]),
        texts=edition.texts,
        caption=say("regression.table_caption"),
        stub=say("why.driver"),
        columns=columns,
        labels={**edition.labels, INTERCEPT: say("regression.intercept")},
    )
    return section(
        say("regression.heading"),
        paragraphs([model_sentence(released, edition.texts)], kind="answer"),
        as_table,
        paragraphs([say("regression.collinear"), say("why.caution")], kind="note"),
        released=[released],
    )


def measures(edition: Edition, released: Released, codes: Sequence[str]) -> Section:
    """Show the importance of every question by four measures."""
    say = edition.texts.say
    columns = [Column(heading=say(f"measures.{code}"), statistic=code) for code in (*SHARES, *PARTS)]
    leaders = [_leaders(released, code, codes) for code in SHARES]
    answer = ""
    if all(leaders):
        both = [code for code in leaders[0] if code in leaders[1]]
        first, second = (both[0], both[0]) if both else (leaders[0][0], leaders[1][0])
        key = "measures.same" if both else "measures.different"
        answer = say(key, first=edition.labels[first], second=edition.labels[second])
    return section(
        say("measures.heading"),
        paragraphs([answer], kind="answer"),
        _table(edition, released, codes, say("measures.table_caption"), columns),
        paragraphs([say("measures.note")], kind="note"),
        # The shares by LMG are those of the section on drivers, with their intervals.
        released=[released.only(variables=codes, statistics=[SHARES[1], *PARTS])],
    )


def halo(edition: Edition, released: Released, codes: Sequence[str]) -> Section:
    """Show whether the order of the questions holds without the ratings that give all of them the same answer."""
    say = edition.texts.say
    lined, agreement = (released.row("model", name) for name in ("straight_lined", "agreement_without_lined"))
    if lined is None or agreement is None:
        return section(say("halo.heading"), paragraphs([say("halo.few")], kind="answer"))
    key = "halo.same" if agreement.estimate >= SAME_ORDER else "halo.changes"
    if lined.hidden:
        reason = say("tables.note_hidden", minimum=edition.study.policy.minimum_group)
        return section(say("halo.heading"), paragraphs([reason], kind="answer"))
    answer = say(key, share=edition.texts.percent(lined.estimate))
    columns = [Column(heading=say(f"halo.{code}"), statistic=code) for code in ("lmg_share", "lmg_share_without_lined")]
    return section(
        say("halo.heading"),
        paragraphs([answer], kind="answer"),
        _table(edition, released, codes, say("halo.table_caption"), columns),
        paragraphs([say("halo.note")], kind="note"),
        released=[released.only(statistics=["lmg_share_without_lined", lined.statistic, agreement.statistic])],
    )


def asymmetry(edition: Edition, released: Released, codes: Sequence[str]) -> Section:
    """Show what a low answer to every question costs and what the highest answer earns."""
    say = edition.texts.say
    labelled = {row.variable: str(row.extras["verdict"]) for row in released.each() if row.statistic == "asymmetry"}
    quoted = {code: say("grammar.quoted", words=edition.labels[code]) for code in codes}
    named = {label: [quoted[code] for code in codes if labelled.get(code) == label] for label in LABELS}
    answers = [
        say(f"asymmetry.{label}", questions=edition.texts.listing(named[label])) for label in LABELS if named[label]
    ]
    columns = [
        Column(heading=say("asymmetry.penalty"), statistic="penalty", signed=True),
        Column(heading=say("scores.interval"), statistic="penalty", show="interval", signed=True),
        Column(heading=say("asymmetry.reward"), statistic="reward", signed=True),
        Column(heading=say("scores.interval"), statistic="reward", show="interval", signed=True),
        Column(
            heading=say("asymmetry.label"),
            statistic="asymmetry",
            show="verdict",
            names={label: say(f"asymmetry_label.{label}") for label in (*LABELS, "unclear")},
        ),
    ]
    numbers = _table(edition, released, codes, say("asymmetry.table_caption"), columns)
    return section(
        say("asymmetry.heading"),
        paragraphs(answers or [say("asymmetry.none")], kind="answer"),
        folded(say("benchmark.as_table"), numbers.html + paragraphs([say("asymmetry.note")], kind="note")),
        paragraphs([say("why.caution")], kind="note"),
        # How many answered low or high is not shown, and so not released: it can be very few.
        released=[released.only(variables=codes, statistics=["penalty", "reward", "asymmetry"])],
    )


def item_statistics(edition: Edition, statistics: Released) -> Section:
    """Show how each question behaves within its scale."""
    say = edition.texts.say
    return section(
        say("item_statistics.heading"),
        paragraphs([item_rest_sentence(statistics, edition.labels, edition.texts)], kind="answer"),
        table(
            statistics,
            texts=edition.texts,
            caption=say("item_statistics.table_caption"),
            stub=say("scores.question"),
            columns=[
                *(Column(heading=say(f"item_statistics.{code}"), statistic=code) for code in ITEM_STATISTICS),
                Column(heading=say("scores.answered_by"), statistic="item_rest", show="n"),
            ],
            labels=edition.labels,
        ),
        released=[statistics],
    )


def shrunken(edition: Edition, means: Released) -> Section:
    """Show what is left of a department's means when chance is taken out, beside the means themselves."""
    say = edition.texts.say
    as_table = table(
        means,
        texts=edition.texts,
        caption=say("shrunken.caption"),
        stub=say("scores.question"),
        columns=[
            Column(heading=say("benchmark.value"), statistic="mean"),
            Column(heading=say("scores.interval"), statistic="mean", show="interval"),
            Column(heading=say("shrunken.mean"), statistic="shrunken"),
            Column(heading=say("scores.interval"), statistic="shrunken", show="interval"),
        ],
        labels=edition.labels,
    )
    answer = paragraphs([say("shrunken.answer")], kind="answer")
    return section(say("shrunken.heading"), answer, as_table, released=[means])


def _leaders(released: Released, statistic: str, codes: Sequence[str]) -> list[str]:
    """Return the questions with the largest number as it is shown; none where numbers are hidden."""
    rows = [row for row in released.each() if row.statistic == statistic and row.variable in codes]
    if any(row.hidden for row in rows):
        return []
    largest = max((row.estimate for row in rows), default=0.0)
    return [row.variable for row in rows if row.estimate == largest]


def _table(
    edition: Edition, released: Released, codes: Sequence[str], caption: str, columns: Sequence[Column]
) -> Table:
    return table(
        released.only(variables=codes),
        texts=edition.texts,
        caption=caption,
        stub=edition.texts.say("why.driver"),
        columns=columns,
        labels=edition.labels,
    )
