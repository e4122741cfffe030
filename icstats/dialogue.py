"""The sections in which customers and department meet: expectations, the mirror, quick wins and change."""

from __future__ import annotations

from datetime import date
from html import escape
from typing import TYPE_CHECKING

from icstats.dumbbells import MIRROR_WORDS, mirror_dumbbells
from icstats.prioritymap import importance_performance_map
from icstats.sections import folded, paragraphs, section
from icstats.slopes import CHANGE_WORDS, wave_slopes
from icstats.tables import Column, table
from icstats.talk import (
    change_sentence,
    expectation_sentences,
    mirror_sentence,
    talking_points,
    win_sentences,
    wins_sentence,
)
from icstats.tolerance import zone_of_tolerance

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from icstats.agreements import Action
    from icstats.disclosure import Released
    from icstats.edition import Edition
    from icstats.sections import Section
    from icstats.selection import Selection

NORM_WORDS = ("ahead", "behind", "along", "uncertain")

__all__ = [
    "agreed_section",
    "change_section",
    "chosen_section",
    "expectations_section",
    "mirror_section",
    "quick_wins_section",
    "returned_section",
]


def expectations_section(
    edition: Edition, expectation: Released | None, *, expected: Mapping[str, str | None], outcome: str
) -> Section:
    """Say what customers expected; empty where they were not asked.

    Parameters
    ----------
    edition
        Words and labels.
    expectation
        Released :class:`icstats.gaps.ExpectationGap`.
    expected
        ``minimum``, ``desired``, ``compared`` -> code of the question, or None.
    outcome
        Code of the mark that customers give.
    """
    if expectation is None:
        return section("")
    texts, say, labels = edition.texts, edition.texts.say, edition.labels
    sentences = expectation_sentences(expectation, perceived=outcome, texts=texts, **expected)
    minimum = expected["minimum"]
    figures = (
        []
        if minimum is None
        else [
            zone_of_tolerance(
                expectation,
                perceived=outcome,
                minimum=minimum,
                desired=expected["desired"],
                label=labels[outcome],
                texts=texts,
            )
        ]
    )
    asked = [outcome, *(code for code in expected.values() if code)]
    numbers = table(
        expectation.only(variables=asked),
        texts=texts,
        caption=say("expectation.table_caption"),
        stub=say("scores.question"),
        columns=[
            Column(heading=say("scores.mean"), statistic="mean"),
            Column(heading=say("scores.interval"), statistic="mean", show="interval"),
            Column(heading=say("scores.answered_by"), statistic="mean", show="n"),
        ],
        labels=labels,
    )
    return section(
        say("expectation.heading"),
        paragraphs(sentences, kind="answer"),
        *figures,
        folded(say("benchmark.as_table"), numbers.html),
        released=[expectation],
    )


def mirror_section(
    edition: Edition,
    mirror: Released | None,
    *,
    asked: bool,
    blocks: Mapping[str, Sequence[str]],
    expectation: Released | None,
    mutual: Released | None,
    expected: Mapping[str, str | None],
    fewest: int,
) -> Section:
    """Lay our own view beside that of our customers, and end in what a joint meeting can talk about.

    Parameters
    ----------
    edition, expectation, expected
        As for :func:`expectations_section`.
    mirror
        Released :class:`icstats.gaps.MirrorGap`; None where none of the department's own people answered.
    asked
        Whether the questionnaire has questions for them; without those, only what there is to talk about is left.
    blocks
        Block -> its questions.
    mutual
        Released means of the questions about mutual understanding.
    fewest
        People of each side from which it is told whether the views differ.
    """
    texts, say, labels = edition.texts, edition.texts.say, edition.labels
    answer = "" if mirror is None else mirror_sentence(mirror, labels, texts)
    points = talking_points(
        mirror=mirror,
        expectation=expectation,
        mutual=mutual,
        minimum=expected["minimum"],
        compared=expected["compared"],
        labels=labels,
        texts=texts,
    )
    talk = _numbered(points) if points else ""
    understood = [mutual] if mutual is not None else []
    if not asked:
        return section(say("talk.heading"), talk, released=understood) if points else section("")
    heading = f"<h3>{escape(say('talk.heading'))}</h3>" if points else ""
    if mirror is None or not answer:
        # Nothing of a mirror without a shown row goes on, not even its hidden rows: they would tell that some answered.
        return section(
            say("mirror.heading"), paragraphs([say("mirror.none")], kind="answer"), heading, talk, released=understood
        )
    words = {word: say(f"mirror_word.{word}") for word in MIRROR_WORDS}
    rule = say("mirror.rule", fewest=fewest)
    numbers = table(
        mirror,
        texts=texts,
        caption=say("mirror.table_caption"),
        stub=say("scores.question"),
        columns=[
            Column(heading=say("mirror.forecast_column"), statistic="forecast"),
            Column(heading=say("mirror.customers_column"), statistic="mean"),
            Column(heading=say("benchmark.difference"), statistic="difference", signed=True),
            Column(heading=say("scores.interval"), statistic="difference", show="interval", signed=True),
            Column(heading=say("mirror.word"), statistic="difference", show="verdict", names=words),
        ],
        labels=labels,
    )
    return section(
        say("mirror.heading"),
        paragraphs([answer], kind="answer"),
        mirror_dumbbells(mirror, texts=texts, labels=labels, blocks=blocks),
        folded(say("benchmark.as_table"), numbers.html + paragraphs([rule], kind="note")),
        heading,
        talk,
        released=[mirror, *understood],
    )


def quick_wins_section(
    edition: Edition,
    wins: Released,
    summary: Released,
    *,
    blocks: Mapping[str, Sequence[str]],
    ease: Mapping[str, float] | None,
    actions: Sequence[Action],
) -> Section:
    """Say what to do first, at most three things, or that no question stands out.

    Parameters
    ----------
    edition
        Words and labels.
    wins
        Released :class:`icstats.priorities.QuickWins`.
    summary
        Released means of the questions.
    blocks
        Block -> its questions.
    ease
        Question -> how easy the department finds it to change, as a part of the easiest; None if it did not say.
    actions
        What was agreed from this report.
    """
    texts, say, labels = edition.texts, edition.texts.say, edition.labels
    sentences = win_sentences(wins, summary, labels, texts, ease=ease)
    numbers = table(
        wins,
        texts=texts,
        caption=say("priority.table_caption"),
        stub=say("scores.question"),
        columns=[
            Column(heading=say("priority.priority"), statistic="priority"),
            Column(heading=say("priority.weight"), statistic="importance"),
            Column(heading=say("scores.interval"), statistic="importance", show="interval"),
            Column(heading=say("priority.chance"), statistic="probability_top"),
            Column(heading=say("priority.slope"), statistic="association"),
        ],
        labels=labels,
    )
    return section(
        say("priority.heading"),
        paragraphs([wins_sentence(wins, labels, texts)], kind="answer"),
        _numbered(sentences) if sentences else "",
        importance_performance_map(wins, summary, texts=texts, labels=labels, blocks=blocks),
        folded(say("benchmark.as_table"), numbers.html),
        paragraphs([say("priority.rule" if ease is None else "priority.rule_ease"), say("why.caution")], kind="note"),
        _action_list(
            edition, summary, actions, statistic="mean", heading=say("action.heading"), caption=say("action.caption")
        ),
        released=[wins],
    )


def agreed_section(
    edition: Edition, summary: Released, actions: Sequence[Action], *, why: Sequence[str] = ()
) -> Section:
    """Show what was agreed where no order of questions can be told, with how uncertain the scores beside it are.

    Parameters
    ----------
    edition, actions
        As for :func:`quick_wins_section`.
    summary
        Released means of the questions.
    why
        Why there is no order, and what is known all the same; empty where too few questions were asked for one.
    """
    say = edition.texts.say
    uncertain = say("priority.uncertain") if actions else ""
    return section(
        say("priority.heading"),
        paragraphs([*why, uncertain], kind="answer"),
        _beside_means(edition, summary, actions, heading=say("action.heading"), caption=say("action.caption")),
        released=[summary] if actions else [],
    )


def returned_section(edition: Edition, summary: Released, actions: Sequence[Action], *, earlier: str) -> Section:
    """Come back to what was agreed where the answers of the wave before are not there to compare with.

    Parameters
    ----------
    edition, earlier, actions
        As for :func:`change_section`.
    summary
        Released means of the questions.
    """
    say = edition.texts.say
    return section(
        say("change.heading"),
        paragraphs([say("change.apart", earlier=earlier)], kind="answer"),
        _beside_means(
            edition,
            summary,
            actions,
            heading=say("action.returned_heading", earlier=earlier),
            caption=say("action.unmeasured_caption", earlier=earlier),
        ),
        released=[summary],
    )


def change_section(
    edition: Edition,
    change: Released,
    *,
    outcome: str,
    blocks: Mapping[str, Sequence[str]],
    earlier: str,
    actions: Sequence[Action],
) -> Section:
    """Say what has changed since an earlier wave.

    Parameters
    ----------
    edition
        Words and labels.
    change
        Released :class:`icstats.trends.WaveChange`.
    outcome
        Code of the report mark.
    blocks
        Block -> its questions.
    earlier
        Name of the earlier wave.
    actions
        What was agreed from the report of the earlier wave.
    """
    texts, say, labels = edition.texts, edition.texts.say, edition.labels
    words = {word: say(f"change_word.{word}") for word in CHANGE_WORDS}
    differed = [
        Column(heading=say("change.change"), statistic="difference", signed=True),
        Column(heading=say("change.word"), statistic="difference", show="verdict", names=words),
    ]
    numbers = table(
        change,
        texts=texts,
        caption=say("change.table_caption"),
        stub=say("scores.question"),
        columns=[
            Column(heading=earlier, statistic="earlier"),
            Column(heading=edition.wave, statistic="mean"),
            differed[0],
            Column(heading=say("scores.interval"), statistic="difference", show="interval", signed=True),
            differed[1],
        ],
        labels=labels,
    )
    answer = change_sentence(change, labels, texts, earlier=earlier, norm_name=edition.norm_name)
    return section(
        say("change.heading"),
        paragraphs([answer or say("change.none")], kind="answer"),
        wave_slopes(
            change, panels=[[outcome], list(blocks)], labels=labels, waves=(earlier, edition.wave), texts=texts
        ),
        folded(
            say("benchmark.as_table"),
            numbers.html + paragraphs([say("change.rule")], kind="note") + _beyond_norm(edition, change),
        ),
        _action_list(
            edition,
            change,
            actions,
            statistic="difference",
            heading=say("action.returned_heading", earlier=earlier),
            caption=say("action.returned_caption", earlier=earlier),
            scored=differed,
            note=say("action.caution"),
        ),
        released=[change],
    )


def _beyond_norm(edition: Edition, change: Released) -> str:
    """Return the change beside that of the norm as a table; empty where the norm of the earlier wave is not known."""
    say = edition.texts.say
    against = {row.variable for row in change.each() if row.statistic == "beyond_norm"}
    if not against:
        return ""
    words = {word: say(f"change_word.{word}") for word in NORM_WORDS}
    numbers = table(
        change.only(variables=sorted(against, key=change.variables.index)),
        texts=edition.texts,
        caption=say("change.norm_caption"),
        stub=say("scores.question"),
        columns=[
            Column(heading=say("change.change"), statistic="difference", signed=True),
            Column(heading=say("change.norm_change"), statistic="norm_change", signed=True),
            Column(heading=say("change.beyond_norm"), statistic="beyond_norm", signed=True),
            Column(heading=say("scores.interval"), statistic="beyond_norm", show="interval", signed=True),
            Column(heading=say("change.word"), statistic="beyond_norm", show="verdict", names=words),
        ],
        labels=edition.labels,
    )
    return numbers.html + paragraphs([say("change.norm_rule")], kind="note")


def chosen_section(edition: Edition, department: str) -> Section:
    """Say how the questions were chosen, for whom and by whom; empty where that was not written down.

    How the staff rated the candidates is not told, only what followed: they may be few.
    """
    selection, texts = edition.study.selection, edition.texts
    own = () if selection is None else selection.of(department)
    if selection is None or not own:
        return section("")
    say = texts.say
    chosen = [choice for choice in own if choice.reason == "chosen"]
    answer = say(
        "chosen.answer",
        locked=len(selection.locked),
        own=len(chosen),
        most=selection.own_items,
        minutes=texts.amount(selection.minutes),
    )
    agreed = selection.agreed.get(department)
    by = (
        [say("chosen.agreed", by=agreed.by[texts.language], on=texts.date(date.fromisoformat(agreed.on)))]
        if agreed
        else []
    )
    decided = [
        (say(f"chosen.{reason}"), [_candidate(edition, selection, one.item) for one in own if one.reason == reason])
        for reason in dict.fromkeys(choice.reason for choice in own)
    ]
    rows = [f"<dt>{escape(why)}</dt><dd>{escape('; '.join(items))}</dd>" for why, items in decided]
    return section(
        say("chosen.heading"),
        paragraphs([answer, *by], kind="answer"),
        folded(say("chosen.decisions"), f"<dl>{''.join(rows)}</dl>"),
    )


def _candidate(edition: Edition, selection: Selection, item: str) -> str:
    """Return how a candidate is called, also one that nobody is asked."""
    label = selection.labels.get(item)
    return edition.labels.get(item, item if label is None else label[edition.texts.language])


def _action_list(
    edition: Edition,
    released: Released,
    actions: Sequence[Action],
    *,
    statistic: str,
    heading: str,
    caption: str,
    scored: Sequence[Column] = (),
    note: str = "",
) -> str:
    """Return what was agreed: which question, what, who, before when, and the numbers beside it; empty without any."""
    if not actions:
        return ""
    listed = table(
        released.only(variables=[action.item for action in actions], statistics=[statistic]),
        texts=edition.texts,
        caption=caption,
        stub=edition.texts.say("scores.question"),
        columns=[*_agreement_columns(edition, actions, statistic=statistic), *scored],
        labels=edition.labels,
    )
    return f"<h3>{escape(heading)}</h3>{listed.html}" + paragraphs([note], kind="note")


def _beside_means(edition: Edition, summary: Released, actions: Sequence[Action], *, heading: str, caption: str) -> str:
    """Return the action list with what customers answer now, and how uncertain that is."""
    say = edition.texts.say
    scored = [
        Column(heading=say("scores.mean"), statistic="mean"),
        Column(heading=say("scores.interval"), statistic="mean", show="interval"),
    ]
    return _action_list(edition, summary, actions, statistic="mean", scored=scored, heading=heading, caption=caption)


def _agreement_columns(edition: Edition, actions: Sequence[Action], *, statistic: str) -> list[Column]:
    language, say = edition.texts.language, edition.texts.say
    of_item = {action.item: [other for other in actions if other.item == action.item] for action in actions}
    told = {
        "what": {item: "; ".join(one.what[language] for one in own) for item, own in of_item.items()},
        "owner": {item: "; ".join(one.owner[language] for one in own) for item, own in of_item.items()},
        "due": {
            item: "; ".join(edition.texts.date(date.fromisoformat(one.due)) for one in own)
            for item, own in of_item.items()
        },
    }
    return [Column(heading=say(f"action.{key}"), statistic=statistic, words=words) for key, words in told.items()]


def _numbered(sentences: Sequence[str]) -> str:
    """Return sentences as a numbered list."""
    return "<ol>" + "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences) + "</ol>"
