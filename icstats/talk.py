"""What both sides can talk about: sentences about expectations and the mirror, from released numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from icstats.agreements import EASIEST, HARDEST
from icstats.dumbbells import MIRROR_WORDS
from icstats.written import written_chance, written_interval, written_number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from icstats.disclosure import Released, ReleasedRow
    from icstats.texts import Texts

__all__ = [
    "change_sentence",
    "expectation_sentences",
    "first_sentence",
    "mirror_sentence",
    "talking_points",
    "win_sentences",
    "wins_sentence",
]

MOST_POINTS = 3
MOST_NAMED = 3
MOST_TIED = 5
HOW_MANY = ("one", "two", "three")
"""More cannot stand out: their chances of being among the first three would add up to more than three."""

GOES_WELL = 0.75
"""From this part of the scale on a question about mutual understanding goes well: 4 on 1 to 5."""

WORTH_A_TALK = 0.1
"""From this share of customers under their own minimum on, it is a subject for the meeting."""


def expectation_sentences(
    expectation: Released,
    *,
    perceived: str,
    minimum: str | None,
    desired: str | None,
    compared: str | None,
    texts: Texts,
) -> list[str]:
    """Return whether customers got what they find acceptable, what they wished for and what they expected."""
    say = texts.say
    sentences = []
    mark = _shown(expectation, perceived, "mean")
    for code, gap, kind in ((minimum, "adequacy_gap", "minimum"), (desired, "superiority_gap", "desired")):
        level, difference = (_shown(expectation, code, statistic) for statistic in ("mean", gap))
        if mark is not None and level is not None and difference is not None:
            words = {
                "mark": written_number(mark, expectation, texts),
                "level": written_number(level, expectation, texts),
            }
            sentences.append(say(f"expectation.{kind}_{difference.extras['verdict']}", **words))
    below = _shown(expectation, minimum, "below_minimum")
    if below is not None:
        interval = written_interval(below, expectation, texts)
        key = "expectation.below_minimum" if interval else "expectation.below_minimum_no_interval"
        sentences.append(say(key, share=texts.percent(below.estimate), interval=interval))
    better, worse = (_shown(expectation, compared, share) for share in ("satisfied", "dissatisfied"))
    if better is not None and worse is not None:
        shares = {"better": texts.percent(better.estimate), "worse": texts.percent(worse.estimate)}
        sentences.append(say("expectation.compared", **shares))
    ceilings = {
        warning.partition(":")[2] for warning in expectation.settings.warnings if warning.startswith("ceiling:")
    }
    return [*sentences, *([say("expectation.ceiling")] if ceilings else [])]


def mirror_sentence(mirror: Released, labels: Mapping[str, str], texts: Texts) -> str:
    """Return how many questions are seen how by both sides, and name those that stand out."""
    rows = _differences(mirror)
    if not rows:
        return ""
    groups = {word: [row for row in rows if row.extras["verdict"] == word] for word in MIRROR_WORDS}
    counted = [
        texts.say(f"mirror_count.{word}" if len(found) > 1 else f"mirror_count.{word}_one", n=len(found))
        for word, found in groups.items()
        if found
    ]
    key = "mirror.answer" if len(rows) > 1 else "mirror.answer_one"
    said = [texts.say(key, total=len(rows), counts=texts.listing(counted))]
    for word in ("blind_spot", "hidden_strength", "shared_concern"):
        largest = sorted(groups[word], key=lambda row: -abs(row.estimate))[:MOST_NAMED]
        if largest:
            quoted = [texts.say("grammar.quoted", words=labels[row.variable]) for row in largest]
            said.append(texts.say(f"mirror.{word}", items=texts.listing(quoted)))
    return " ".join(said)


def talking_points(
    *,
    mirror: Released | None,
    expectation: Released | None,
    mutual: Released | None,
    minimum: str | None,
    compared: str | None,
    labels: Mapping[str, str],
    texts: Texts,
) -> list[str]:
    """Return at most three subjects for a meeting of both sides, each from a number that may be shown.

    In this order, one of each kind before a second: the largest blind spot, the lowest shared concern, expectations
    that were not met, the largest hidden strength, the lowest question about mutual understanding.
    """
    of_mirror = {word: _mirror_points(mirror, word, labels, texts) for word in MIRROR_WORDS}
    kinds = (
        of_mirror["blind_spot"],
        of_mirror["shared_concern"],
        _expectation_points(expectation, minimum, compared, texts),
        of_mirror["hidden_strength"],
        _mutual_points(mutual, labels, texts),
    )
    turns = max(map(len, kinds))
    return [points[turn] for turn in range(turns) for points in kinds if turn < len(points)][:MOST_POINTS]


def wins_sentence(wins: Released, labels: Mapping[str, str], texts: Texts) -> str:
    """Return how many questions stand out, and between which the answers cannot tell."""
    won, tied = (_of_verdict(wins, verdict) for verdict in ("win", "tied"))
    words = [texts.say("grammar.quoted", words=labels[row.variable]) for row in tied[:MOST_TIED]]
    beyond = len(tied) - len(words)
    if not won:
        words += [texts.say("priority.or_more", count=beyond)] if beyond else []
        key = "priority.none_among" if words else "priority.none"
        return texts.say(key, items=texts.listing(words, joined_by="or"))
    words += [texts.say("grammar.more", n=beyond)] if beyond else []
    said = texts.say(f"priority.{HOW_MANY[len(won) - 1]}")
    others = "tied_one" if len(words) == 1 else "tied_third" if len(won) == len(HOW_MANY) - 1 else "tied"
    return f"{said} {texts.say(f'priority.{others}', items=texts.listing(words))}" if words else said


def first_sentence(wins: Released | None, labels: Mapping[str, str], texts: Texts, *, with_ease: bool = False) -> str:
    """Return in a few words what to take up first, or that the answers cannot tell.

    ``with_ease`` says that the department put down how easy each question is to change, which then counts as well.
    """
    won = [] if wins is None else _of_verdict(wins, "win")
    if not won:
        return texts.say("summary.first_cannot_tell")
    quoted = [texts.say("grammar.quoted", words=labels[row.variable]) for row in won]
    return texts.say("summary.first_with_ease" if with_ease else "summary.first", items=texts.listing(quoted))


def win_sentences(
    wins: Released,
    summary: Released,
    labels: Mapping[str, str],
    texts: Texts,
    *,
    ease: Mapping[str, float] | None = None,
) -> list[str]:
    """Return every question that stands out: how it scores, how it weighs, what goes together with it, how sure.

    Where the department said how easy each is to change, as a part of the easiest, that is told too.
    """
    sentences = []
    for row in _of_verdict(wins, "win"):
        told = _win_sentence(row, wins, summary, labels, texts)
        easy = (
            []
            if ease is None
            else [texts.say("priority.ease", ease=round(ease[row.variable] * EASIEST), least=HARDEST, most=EASIEST)]
        )
        sentences.append(" ".join([told, *easy]))
    return sentences


def change_sentence(
    change: Released, labels: Mapping[str, str], texts: Texts, *, earlier: str, norm_name: str = ""
) -> str:
    """Return what went up and what went down since the earlier wave, and more or less than the norm, by name."""
    rows = [row for row in change.each() if row.statistic == "difference" and not row.hidden]
    compared = [row for row in rows if row.drawn]
    said = _moved(compared, ("up", "down"), change, labels, texts, earlier=earlier)
    if compared and not said:
        key = "change.nothing" if len(compared) > 1 else "change.nothing_one"
        said.append(texts.say(key, n=len(compared), earlier=earlier))
    if any(row.extras["verdict"] == "break" for row in rows):
        said.append(texts.say("change.broken"))
    beyond = [row for row in change.each() if row.statistic == "beyond_norm" and not row.hidden and row.drawn]
    differing = _moved(beyond, ("ahead", "behind"), None, labels, texts, norm_name=norm_name)
    along = [texts.say("change.along", norm_name=norm_name)] if beyond and not differing else []
    return " ".join([*said, *differing, *along])


def _moved(
    rows: Sequence[ReleasedRow],
    words: Sequence[str],
    change: Released | None,
    labels: Mapping[str, str],
    texts: Texts,
    **against: str,
) -> list[str]:
    """Return a sentence per word about the rows that it is said of, the largest by name.

    With how much, where ``change`` is given: two numbers about one question would be read as a contradiction.
    """
    said = []
    for word in words:
        moved = sorted((row for row in rows if row.extras["verdict"] == word), key=lambda row: -abs(row.estimate))
        named = [_named(row, change, texts.say("grammar.quoted", words=labels[row.variable]), texts) for row in moved]
        # The name of one more is as short as saying that there is one.
        shown = named if len(named) <= MOST_NAMED + 1 else named[:MOST_NAMED]
        others = [texts.say("grammar.more", n=len(named) - len(shown))] if len(named) > len(shown) else []
        if named:
            said.append(texts.say(f"change.{word}", items=texts.listing([*shown, *others]), **against))
    return said


def _named(row: ReleasedRow, change: Released | None, item: str, texts: Texts) -> str:
    if change is None:
        return item
    return texts.say("change.named", item=item, change=written_number(row, change, texts, signed=True))


def _win_sentence(row: ReleasedRow, wins: Released, summary: Released, labels: Mapping[str, str], texts: Texts) -> str:
    mean, share, slope = (
        _shown(source, row.variable, statistic)
        for source, statistic in ((summary, "mean"), (wins, "importance"), (wins, "association"))
    )
    parts = [texts.say("priority.win", item=texts.say("grammar.quoted", words=labels[row.variable]))]
    if mean is not None:
        parts.append(texts.say("priority.mean", mean=written_number(mean, summary, texts), **_ends(mean, texts)))
    if share is not None:
        parts.append(texts.say("priority.importance", share=texts.percent(share.estimate)))
    if slope is not None and slope.conf_low > 0 and round(slope.estimate, 1) > 0:
        parts.append(texts.say("priority.association", points=texts.number(slope.estimate, 1)))
    parts.append(texts.say("priority.sure", chance=written_chance(row.estimate, texts)))
    return " ".join(parts)


def _of_verdict(wins: Released, verdict: str) -> list[ReleasedRow]:
    rows = [row for row in wins.each() if row.statistic == "probability_top" and not row.hidden]
    return [row for row in rows if row.extras["verdict"] == verdict]


def _mirror_points(mirror: Released | None, word: str, labels: Mapping[str, str], texts: Texts) -> list[str]:
    if mirror is None or word in {"shared_view", "uncertain"}:
        return []
    rows = [row for row in _differences(mirror) if row.extras["verdict"] == word]
    answers = {row.variable: _shown(mirror, row.variable, "mean") for row in rows}
    if word == "shared_concern":
        rows = sorted(rows, key=lambda row: _estimate(answers[row.variable]))
    else:
        rows = sorted(rows, key=lambda row: -abs(row.estimate))
    return [
        texts.say(
            f"talk.{word}",
            item=texts.say("grammar.quoted", words=labels[row.variable]),
            mean=written_number(own, mirror, texts),
            forecast=written_number(forecast, mirror, texts),
        )
        for row in rows
        if (own := answers[row.variable]) is not None
        and (forecast := _shown(mirror, row.variable, "forecast")) is not None
        and (word == "shared_concern" or own.estimate != forecast.estimate)
    ]


def _expectation_points(
    expectation: Released | None, minimum: str | None, compared: str | None, texts: Texts
) -> list[str]:
    if expectation is None:
        return []
    below, worse = _shown(expectation, minimum, "below_minimum"), _shown(expectation, compared, "dissatisfied")
    points = []
    if below is not None and below.estimate >= WORTH_A_TALK:
        points.append(texts.say("talk.below_minimum", share=texts.percent(below.estimate)))
    if worse is not None and worse.estimate >= WORTH_A_TALK:
        points.append(texts.say("talk.worse", share=texts.percent(worse.estimate)))
    return points


def _mutual_points(mutual: Released | None, labels: Mapping[str, str], texts: Texts) -> list[str]:
    if mutual is None:
        return []
    rows = [row for row in mutual.each() if row.statistic == "mean" and not row.hidden and row.drawn]
    return [
        texts.say(
            "talk.mutual_good" if _goes_well(row) else "talk.mutual",
            item=texts.say("grammar.quoted", words=labels[row.variable]),
            mean=written_number(row, mutual, texts),
            **_ends(row, texts),
        )
        for row in sorted(rows, key=lambda row: row.estimate)[:1]
    ]


def _ends(row: ReleasedRow, texts: Texts) -> dict[str, str]:
    return {end: texts.number(row.extras[end], 0) for end in ("minimum", "maximum")}


def _goes_well(row: ReleasedRow) -> bool:
    low, high = row.extras["minimum"], row.extras["maximum"]
    return bool(row.estimate >= low + GOES_WELL * (high - low))


def _differences(mirror: Released) -> Sequence[ReleasedRow]:
    return [row for row in mirror.each() if row.statistic == "difference" and not row.hidden and row.drawn]


def _estimate(row: ReleasedRow | None) -> float:
    return float("inf") if row is None else row.estimate


def _shown(released: Released, variable: str | None, statistic: str) -> ReleasedRow | None:
    row = released.row(variable, statistic) if variable is not None else None
    return None if row is None or row.hidden or not row.drawn else row
