"""How we see ourselves and how our customers see us: two dots per question, joined."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from icstats.canvas import ACCENT, BLOCKS, Figure
from icstats.disclosure import only_released
from icstats.rowchart import Axis, Row, TextColumn, row_chart
from icstats.written import (
    scale_ends,
    written_answers,
    written_caption,
    written_nothing,
    written_number,
    written_scale,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from icstats.disclosure import Released, ReleasedRow
    from icstats.texts import Texts

__all__ = ["MIRROR_WORDS", "mirror_dumbbells"]

UNCERTAIN = "uncertain"
"""Said once, under the picture: most rows of a small department would say it."""

MIRROR_WORDS = ("blind_spot", "shared_concern", "hidden_strength", "shared_view", UNCERTAIN)


@dataclass(frozen=True, kw_only=True)
class _Pair:
    """Customers' answers and our forecast of one question."""

    customers: ReleasedRow
    forecast: ReleasedRow
    name: str
    block: str

    @property
    def verdict(self) -> str:
        return str(self.customers.extras["verdict"])


def mirror_dumbbells(
    mirror: Released, *, texts: Texts, labels: Mapping[str, str], blocks: Mapping[str, Sequence[str]]
) -> Figure:
    """Draw what customers answered (dot) and what the department's people thought they would (ring), per question.

    Parameters
    ----------
    mirror
        Rows ``mean`` and ``forecast`` with ``verdict``.
    texts
        The reader's language.
    labels
        Code of a question, and of a block, -> its name.
    blocks
        Block -> its questions, from top to bottom.

    Returns
    -------
    Figure
        A sentence instead of a picture when all rows are hidden.

    Raises
    ------
    DisclosureError
        If ``mirror`` is anything else than released.
    """
    only_released(mirror, what="figure")
    pairs = _pairs(mirror, labels, blocks)
    customers = [pair.customers for pair in pairs]
    if all(row.hidden for row in customers):
        return Figure.of_sentence(written_nothing(mirror, texts))
    low, high = scale_ends(customers)
    picture, height = row_chart(
        [_row(pair, texts, labels) for pair in pairs],
        axis=Axis(
            low=low,
            high=high,
            ticks=tuple((float(mark), texts.number(mark, 0)) for mark in np.arange(low, high + 1)),
            pair=(texts.say("mirror.customers"), texts.say("mirror.forecast")),
        ),
        columns=[TextColumn(width=106, align="left")],
    )
    drawn = texts.say(
        "mirror.caption",
        level=texts.percent(mirror.settings.conf_level),
        n=written_answers(customers, texts),
        staff=written_answers([pair.forecast for pair in pairs], texts),
        **written_scale(customers, texts),
    )
    without_word = any(pair.verdict == UNCERTAIN for pair in pairs if not pair.customers.hidden)
    uncertain = texts.say("mirror.caption_uncertain") if without_word else ""
    return Figure.of_picture(
        picture,
        height=height,
        alt=_alt(pairs, mirror, texts),
        caption=written_caption(drawn, uncertain, rows=customers, released=mirror, texts=texts, source=""),
    )


def _pairs(mirror: Released, labels: Mapping[str, str], blocks: Mapping[str, Sequence[str]]) -> list[_Pair]:
    found = [
        (block, mirror.row(code, "mean"), mirror.row(code, "forecast"))
        for block, codes in blocks.items()
        for code in codes
    ]
    return [
        _Pair(customers=customers, forecast=forecast, name=labels[customers.variable], block=block)
        for block, customers, forecast in found
        if customers is not None and forecast is not None and customers.drawn
    ]


def _row(pair: _Pair, texts: Texts, labels: Mapping[str, str]) -> Row:
    row = Row(name=pair.name, group=labels[pair.block], colour=BLOCKS.get(pair.block, ACCENT))
    if pair.customers.hidden:
        return replace(row, instead=texts.say("tables.hidden"))
    return replace(
        row,
        value=pair.customers.estimate,
        low=_known(pair.customers.conf_low),
        high=_known(pair.customers.conf_high),
        beside=pair.forecast.estimate,
        beside_low=_known(pair.forecast.conf_low),
        beside_high=_known(pair.forecast.conf_high),
        words=("" if pair.verdict == UNCERTAIN else texts.say(f"mirror_word.{pair.verdict}"),),
    )


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value


def _alt(pairs: Sequence[_Pair], mirror: Released, texts: Texts) -> str:
    """Return the questions by the word for them, with both numbers."""
    groups = []
    for word in MIRROR_WORDS:
        named = [
            texts.say(
                "mirror.alt_pair",
                name=pair.name,
                mean=written_number(pair.customers, mirror, texts),
                forecast=written_number(pair.forecast, mirror, texts),
            )
            for pair in pairs
            if not pair.customers.hidden and pair.verdict == word
        ]
        if named:
            said = texts.say(f"mirror_word.{word}")
            groups.append(texts.say("figures.verdict_group", verdict=said, rows=", ".join(named)))
    said = texts.say("figures.list", intro=texts.say("mirror.alt"), rows="; ".join(groups))
    hidden = [pair.name for pair in pairs if pair.customers.hidden]
    return " ".join([said, *([texts.say("figures.not_shown", names=texts.listing(hidden))] if hidden else [])])
