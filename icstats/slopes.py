"""Slopes from wave to wave: the mark on its scale, and the blocks on theirs, each with its intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from icstats.canvas import ACCENT, BLOCKS, INK, LINE, SOFT, WIDTH, Figure, sheet, wrapped
from icstats.disclosure import only_released
from icstats.written import scale_ends, written_answers, written_nothing, written_number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from icstats.canvas import Sheet
    from icstats.disclosure import Released, ReleasedRow
    from icstats.texts import Texts

__all__ = ["CHANGE_WORDS", "wave_slopes"]

CHANGE_WORDS = ("up", "down", "equal", "uncertain", "break")

HEIGHT = 330
TOP, BOTTOM = 34, HEIGHT - 40
HALF = WIDTH / 2
LEFT, NAMES = 28, 146
SIZE = 11.5
LINE_HEIGHT = 15


def wave_slopes(
    change: Released,
    *,
    panels: Sequence[Sequence[str]],
    labels: Mapping[str, str],
    waves: tuple[str, str],
    texts: Texts,
) -> Figure:
    """Draw the mean of an earlier wave and of this one, joined; a change of wording is a gap in the line.

    Parameters
    ----------
    change
        Rows ``mean``, ``earlier`` and ``difference`` with ``verdict``.
    panels
        At most two groups of variables; each group shares one scale.
    labels
        Code of a variable -> its name.
    waves
        Names of the earlier wave and of this one.
    texts
        The reader's language.

    Returns
    -------
    Figure
        A sentence instead of a picture when all is hidden.

    Raises
    ------
    DisclosureError
        If ``change`` is anything else than released.
    """
    only_released(change, what="figure")
    groups = [[slope for code in group if (slope := _slope(change, code, labels))] for group in panels]
    shown = [group for group in groups if group]
    if not shown:
        return Figure.of_sentence(written_nothing(change, texts))
    with sheet(HEIGHT) as page:
        for place, group in enumerate(shown):
            _Panel(slopes=tuple(group), left=place * HALF, released=change, texts=texts, waves=waves).draw(page)
        picture = page.png()
    slopes = [slope for group in shown for slope in group]
    caption = texts.say(
        "change.caption",
        earlier=waves[0],
        now=waves[1],
        level=texts.percent(change.settings.conf_level),
        n_earlier=written_answers([slope.earlier for slope in slopes], texts),
        n_now=written_answers([slope.now for slope in slopes], texts),
    )
    if any(slope.broken for slope in slopes):
        caption = f"{caption} {texts.say('change.caption_break')}"
    return Figure.of_picture(picture, height=HEIGHT, alt=_alt(slopes, change, texts, waves), caption=caption)


@dataclass(frozen=True, kw_only=True)
class _Slope:
    """One variable in both waves."""

    name: str
    colour: str
    earlier: ReleasedRow
    now: ReleasedRow
    difference: ReleasedRow

    @property
    def verdict(self) -> str:
        return str(self.difference.extras["verdict"])

    @property
    def broken(self) -> bool:
        return self.verdict == "break"


def _slope(change: Released, code: str, labels: Mapping[str, str]) -> _Slope | None:
    earlier, now, difference = (change.row(code, statistic) for statistic in ("earlier", "mean", "difference"))
    if earlier is None or now is None or difference is None or not (earlier.drawn and now.drawn) or now.hidden:
        return None
    colour = BLOCKS.get(code, ACCENT)
    return _Slope(name=labels[code], colour=colour, earlier=earlier, now=now, difference=difference)


@dataclass(frozen=True, kw_only=True)
class _Panel:
    slopes: tuple[_Slope, ...]
    left: float
    released: Released
    texts: Texts
    waves: tuple[str, str]

    @property
    def columns(self) -> tuple[float, float]:
        """Where the two waves stand."""
        return self.left + LEFT + 16, self.left + HALF - NAMES

    def y(self, value: float) -> float:
        low, high = scale_ends([slope.now for slope in self.slopes])
        return BOTTOM - (min(max(value, low), high) - low) / (high - low) * (BOTTOM - TOP)

    def draw(self, page: Sheet) -> None:
        low, high = scale_ends([slope.now for slope in self.slopes])
        for mark in np.arange(low, high + 1):
            page.line((self.left + LEFT, self.y(mark)), (self.columns[1] + 12, self.y(mark)), colour=LINE, order=0.5)
            page.text(
                self.left + LEFT - 8, self.y(mark), self.texts.number(mark, 0), size=11.5, colour=SOFT, align="right"
            )
        for x, wave in zip(self.columns, self.waves, strict=True):
            page.text(x, BOTTOM + 20, wave, size=SIZE, colour=SOFT, align="center")
        for slope in self.slopes:
            self._draw_slope(page, slope)
        for slope, middle in zip(self.slopes, self._middles(), strict=True):
            self._draw_name(page, slope, middle)

    def _draw_slope(self, page: Sheet, slope: _Slope) -> None:
        ends = [(x, row) for x, row in zip(self.columns, (slope.earlier, slope.now), strict=True)]
        for x, row in ends:
            has_interval = not np.isnan(row.conf_low)
            if has_interval:
                page.line(
                    (x, self.y(row.conf_low)), (x, self.y(row.conf_high)), colour=slope.colour, width=2.6, order=4
                )
            page.dot(x, self.y(row.estimate), colour=slope.colour, is_open=not has_interval)
        (start, first), (end, last) = ends
        run, rise = end - start, self.y(last.estimate) - self.y(first.estimate)
        parts = ((0.0, 0.3), (0.7, 1.0)) if slope.broken else ((0.0, 1.0),)
        for one, other in parts:
            page.line(
                (start + one * run, self.y(first.estimate) + one * rise),
                (start + other * run, self.y(first.estimate) + other * rise),
                colour=slope.colour,
                width=1.6,
            )

    def _middles(self) -> list[float]:
        """Return the height of every name: beside its dot, moved down where the one above needs the room."""
        order = sorted(range(len(self.slopes)), key=lambda place: -self.slopes[place].now.estimate)
        middles = [0.0] * len(order)
        foot = -np.inf
        for place in order:
            half = len(self._lines(self.slopes[place])) * LINE_HEIGHT / 2
            middles[place] = max(self.y(self.slopes[place].now.estimate), foot + half)
            foot = middles[place] + half + 4
        return middles

    def _lines(self, slope: _Slope) -> list[tuple[str, str]]:
        """Return the lines of a name with their colours: the name with its value, then what changed."""
        room = NAMES - 18
        named = wrapped(f"{slope.name} {written_number(slope.now, self.released, self.texts)}", room, size=SIZE)
        told = wrapped(_told(slope, self.released, self.texts), room, size=SIZE)
        return [*((line, INK) for line in named), *((line, SOFT) for line in told)]

    def _draw_name(self, page: Sheet, slope: _Slope, middle: float) -> None:
        lines = self._lines(slope)
        for place, (line, colour) in enumerate(lines):
            y = middle + (place - (len(lines) - 1) / 2) * LINE_HEIGHT
            page.text(self.columns[1] + 16, y, line, size=SIZE, colour=colour, covering=True)


def _told(slope: _Slope, released: Released, texts: Texts) -> str:
    word = texts.say(f"change_word.{slope.verdict}")
    if slope.broken or np.isnan(slope.difference.estimate):
        return word
    change = written_number(slope.difference, released, texts, signed=True)
    return texts.say("change.told", change=change, word=word)


def _alt(slopes: Sequence[_Slope], released: Released, texts: Texts, waves: tuple[str, str]) -> str:
    rows = [
        texts.say(
            "change.alt_row",
            name=slope.name,
            earlier=written_number(slope.earlier, released, texts),
            now=written_number(slope.now, released, texts),
            told=_told(slope, released, texts),
        )
        for slope in slopes
    ]
    return texts.say(
        "figures.list", intro=texts.say("change.alt", earlier=waves[0], now=waves[1]), rows="; ".join(rows)
    )
