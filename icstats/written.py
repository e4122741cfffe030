"""Released numbers as the reader's language writes them: 6.8 or 6,8, 56%, 6.4 to 7.1."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from icstats.disclosure import Released, ReleasedRow
    from icstats.texts import Texts

__all__ = [
    "in_unit",
    "listed",
    "scale_ends",
    "written_answers",
    "written_caption",
    "written_chance",
    "written_interval",
    "written_n",
    "written_nothing",
    "written_number",
    "written_scale",
    "written_with_interval",
]

SUREST = 0.99
"""A bootstrap is never surer than this of a chance."""


def written_number(row: ReleasedRow, released: Released, texts: Texts, *, signed: bool = False) -> str:
    """Return an estimate as the reader's language writes it, by its unit: 6.8, 56% or +0.3.

    Parameters
    ----------
    row, released
        The row and where it comes from; its policy says how many decimals there are.
    texts
        The reader's language.
    signed
        Differences: with plus or minus.
    """
    return in_unit(row.estimate, row, released, texts, signed=signed)


def written_interval(row: ReleasedRow, released: Released, texts: Texts, *, signed: bool = False) -> str:
    """Return an interval in words, 6.4 to 7.1; empty where it is left out."""
    ends = [in_unit(end, row, released, texts, signed=signed) for end in (row.conf_low, row.conf_high)]
    return texts.say("tables.interval", low=ends[0], high=ends[1]) if all(ends) else ""


def written_chance(chance: float, texts: Texts) -> str:
    """Return a chance that a bootstrap counted: 92%, and at either end no surer than its samples allow, ≥ 99%."""
    end = next(
        (code for code, beyond in (("at_least", chance >= SUREST), ("at_most", chance <= 1 - SUREST)) if beyond),
        "",
    )
    share = texts.percent(min(max(chance, 1 - SUREST), SUREST))
    return texts.say(f"tables.{end}", share=share) if end else share


def written_n(n: str, texts: Texts) -> str:
    """Return n, a number or the ends of a band, with the thousands separator of the language."""
    return "–".join(texts.number(int(end), 0) for end in n.split("–"))


def in_unit(value: float, row: ReleasedRow, released: Released, texts: Texts, *, signed: bool) -> str:
    """Return a number of a row by the row's unit and the policy's decimals; empty when it is not there.

    Parameters
    ----------
    value
        An estimate, an end of its interval, a margin.
    row, released
        The row it belongs to and where that comes from.
    texts
        The reader's language.
    signed
        Differences: with plus or minus.
    """
    if np.isnan(value):
        return ""
    if row.unit == "share":
        return texts.percent(value)
    rules = released.policy
    decimals = rules.decimals_points if row.unit == "points" else rules.decimals_coefficient
    return texts.signed(value, decimals) if signed else texts.number(value, decimals)


def written_answers(rows: Sequence[ReleasedRow], texts: Texts) -> str:
    """Return how many answers stand behind rows: n = 214, or n from 40 to 214; empty when all are hidden."""
    shown = list(dict.fromkeys(row.n for row in rows if row.n))
    if len(shown) < 2:  # noqa: PLR2004  two make a range
        return texts.say("figures.n", n=written_n(shown[0], texts)) if shown else ""
    ends = [int(end) for n in shown for end in n.split("–")]
    return texts.say("figures.n_range", low=texts.number(min(ends), 0), high=texts.number(max(ends), 0))


def written_with_interval(row: ReleasedRow, released: Released, texts: Texts, *, signed: bool = False) -> str:
    """Return an estimate with its interval behind it, 6.8 (6.4 to 7.1), or alone where there is no interval."""
    value = written_number(row, released, texts, signed=signed)
    interval = written_interval(row, released, texts, signed=signed)
    return texts.say("figures.value_interval", value=value, interval=interval) if interval else value


def listed(intro: str, rows: Mapping[str, str], values: Mapping[str, float], texts: Texts, *, most: int = 8) -> str:
    """Return rows as one sentence for who cannot see them; of many, only the lowest and the highest.

    Parameters
    ----------
    intro
        What the rows are, without a full stop.
    rows
        Name -> its numbers as text.
    values
        Name -> its value, to find the lowest and the highest.
    texts
        The reader's language.
    most
        How many rows are listed one by one.
    """
    if len(rows) <= most:
        named = [texts.say("figures.named", name=name, value=words) for name, words in rows.items()]
        return texts.say("figures.list", intro=intro, rows="; ".join(named))
    lowest, highest = min(values, key=values.__getitem__), max(values, key=values.__getitem__)
    return texts.say(
        "figures.range",
        intro=intro,
        count=len(rows),
        lowest=lowest,
        low=rows[lowest],
        highest=highest,
        high=rows[highest],
    )


def written_scale(rows: Sequence[ReleasedRow], texts: Texts) -> dict[str, str]:
    """Return the ends of the scale that rows are on, as the words ``minimum`` and ``maximum``."""
    low, high = scale_ends(rows)
    return {"minimum": texts.number(low, 0), "maximum": texts.number(high, 0)}


def scale_ends(rows: Sequence[ReleasedRow]) -> tuple[float, float]:
    """Return the ends of the scale that the shown rows are on."""
    shown = [row for row in rows if not row.hidden]
    return min(row.extras["minimum"] for row in shown), max(row.extras["maximum"] for row in shown)


def written_nothing(released: Released, texts: Texts) -> str:
    """Return the sentence that stands where a figure has nothing that may be shown."""
    return texts.say("figures.nothing", minimum=released.policy.minimum_group)


def written_caption(
    sentence: str, *more: str, rows: Sequence[ReleasedRow], released: Released, texts: Texts, source: str
) -> str:
    """Return a caption: what is drawn, then what the reader should know about open dots and what is hidden."""
    shown = [row for row in rows if not row.hidden]
    notes = []
    if any(np.isnan(row.conf_low) for row in shown) and "spread" in released.notes:
        notes.append(texts.say("figures.open_dot", spread=released.policy.minimum_spread))
    if len(shown) < len(rows):
        notes.append(texts.say("tables.note_hidden", minimum=released.policy.minimum_group))
    if source:
        notes.append(texts.say("figures.source", source=source))
    return " ".join(part for part in (sentence, *more, *notes) if part)
