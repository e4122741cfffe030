"""One chart for everything that has a row per question, scale or department: name, value with interval, words.

It draws what it is given and knows no statistics: all values come rounded and may be shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from icstats.canvas import ACCENT, BAND, FAINT, INK, LINE, SOFT, WIDTH, Sheet, sheet, width_of, wrapped

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Axis", "Row", "TextColumn", "row_chart"]

NAME_WIDTH = 158
GAP = 12
EDGE = 2
LINE_HEIGHT = 16
ROW_PADDING = 13
GROUP_HEIGHT = 34
FOOT = 34
SMALL = 11.5


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row.

    Attributes
    ----------
    name
        What it is about.
    group
        Heading that it stands under; equal neighbours share one.
    colour
        Of the dot and its interval.
    value, low, high
        The dot and its interval; None where not shown.
    tick
        Where the norm is.
    margin
        Half the width of the grey band around zero.
    beside, beside_low, beside_high
        A second value with its interval, joined to the first: an open ring.
    words
        Texts of the columns at the right.
    instead
        Words that stand in the place of the dot when the row is hidden.
    """

    name: str
    group: str = ""
    colour: str = ACCENT
    value: float | None = None
    low: float | None = None
    high: float | None = None
    tick: float | None = None
    margin: float | None = None
    beside: float | None = None
    beside_low: float | None = None
    beside_high: float | None = None
    words: tuple[str, ...] = ()
    instead: str = ""


@dataclass(frozen=True, kw_only=True)
class TextColumn:
    """A column of words at the right of the dots."""

    heading: str = ""
    width: float = 62
    align: Literal["left", "right"] = "right"
    bold: bool = False


@dataclass(frozen=True, kw_only=True)
class Axis:
    """The horizontal axis.

    Attributes
    ----------
    low, high
        Its ends; values outside are drawn at the end.
    ticks
        Value and text of each tick.
    line
        A value with an upright line and the words above it: zero, or a limit.
    tick_name
        Words above the first tick of the norm.
    ends
        Words under the left and right end.
    pair
        Words above the dot and the ring of the first row that has both.
    """

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    line: tuple[float, str] | None = None
    tick_name: str = ""
    ends: tuple[str, str] = ("", "")
    pair: tuple[str, str] = ("", "")


def row_chart(rows: Sequence[Row], *, axis: Axis, columns: Sequence[TextColumn] = ()) -> tuple[bytes, int]:
    """Draw the rows in the order given.

    Parameters
    ----------
    rows
        At least one.
    axis
        The same for all departments, so that their figures can be laid side by side.
    columns
        What the words of the rows are.

    Returns
    -------
    tuple[bytes, int]
        The picture and its height on the page.
    """
    chart = _Chart(rows=tuple(rows), axis=axis, columns=tuple(columns))
    with sheet(chart.height) as page:
        chart.draw(page)
        return page.png(), chart.height


@dataclass(frozen=True, kw_only=True)
class _Chart:
    rows: tuple[Row, ...]
    axis: Axis
    columns: tuple[TextColumn, ...]

    @property
    def left(self) -> float:
        return NAME_WIDTH + GAP

    @property
    def right(self) -> float:
        return WIDTH - EDGE - sum(column.width + GAP for column in self.columns) - (0 if self.columns else GAP)

    @cached_property
    def head(self) -> float:
        """Height above the first row: for the headings of the columns and the names of line and tick."""
        lines = max((len(wrapped(column.heading, column.width, size=SMALL)) for column in self.columns), default=0)
        above = bool(self.axis.tick_name or any(self.axis.pair) or (self.axis.line and self.axis.line[1]))
        return max(10.0, 12 + 14 * max(lines, int(above)))

    def height_of(self, row: Row) -> float:
        texts: list[tuple[str, float, bool]] = [(row.name, NAME_WIDTH, False)]
        if not row.instead:
            texts += [(words, column.width, column.bold) for words, column in zip(row.words, self.columns, strict=True)]
        lines = max(len(wrapped(words, room, bold=bold)) for words, room, bold in texts)
        return lines * LINE_HEIGHT + ROW_PADDING

    @cached_property
    def tops(self) -> list[tuple[float, bool]]:
        """Upper end of every row, and whether a group starts there."""
        y, group, tops = self.head, "", []
        for row in self.rows:
            starts = bool(row.group) and row.group != group
            group = row.group
            y += GROUP_HEIGHT if starts else 0
            tops.append((y, starts))
            y += self.height_of(row)
        return tops

    @property
    def bottom(self) -> float:
        return self.tops[-1][0] + self.height_of(self.rows[-1])

    @property
    def height(self) -> int:
        return round(self.bottom + FOOT + (17 if any(self.axis.ends) else 0))

    def x(self, value: float) -> float:
        inside = min(max(value, self.axis.low), self.axis.high)
        return self.left + (inside - self.axis.low) / (self.axis.high - self.axis.low) * (self.right - self.left)

    def draw(self, page: Sheet) -> None:
        self._draw_axis(page)
        self._draw_head(page)
        for row, (top, starts) in zip(self.rows, self.tops, strict=True):
            if starts:
                middle = top - GROUP_HEIGHT / 2 + 3
                page.box(0, middle - 6, 11, 11, colour=row.colour)
                page.text(18, middle, row.group, bold=True, covering=True)
            self._draw_row(page, row, top)

    def _draw_axis(self, page: Sheet) -> None:
        for value, words in self.axis.ticks:
            page.line((self.x(value), self.head), (self.x(value), self.bottom), colour=LINE)
            page.text(self.x(value), self.bottom + 14, words, size=SMALL, colour=SOFT, align="center")
        if self.axis.line:
            at = self.x(self.axis.line[0])
            page.line((at, self.head), (at, self.bottom), colour=FAINT, width=1.4)
        left, right = self.axis.ends
        page.text(self.left, self.bottom + 32, left, size=SMALL, colour=SOFT)
        page.text(self.right, self.bottom + 32, right, size=SMALL, colour=SOFT, align="right")

    def _draw_head(self, page: Sheet) -> None:
        for column, place in zip(self.columns, self._places, strict=True):
            lines = wrapped(column.heading, column.width, size=SMALL)
            page.text(
                place,
                self.head - 12 - 7 * (len(lines) - 1),
                "\n".join(lines),
                size=SMALL,
                colour=SOFT,
                align=column.align,
            )
        if self.axis.line and self.axis.line[1]:
            self._name_above(page, self.x(self.axis.line[0]), self.axis.line[1])
        first = next((row.tick for row in self.rows if row.tick is not None), None)
        if first is not None and self.axis.tick_name:
            self._name_above(page, self.x(first), self.axis.tick_name)

        if any(self.axis.pair):
            self._name_pair(page)

    def _name_pair(self, page: Sheet) -> None:
        """Name the dot and the ring, each on its own side, so that the names cannot meet."""
        pairs = ((row.value, row.beside) for row in self.rows if row.value is not None and row.beside is not None)
        value, beside = next(pairs, (None, None))
        if value is None or beside is None:
            return
        ends = sorted(zip((self.x(value), self.x(beside)), self.axis.pair, strict=True))
        for (x, words), align in zip(ends, ("right", "left"), strict=True):
            room = width_of(words, SMALL)
            place = max(x + 4, self.left + room) if align == "right" else min(x - 4, self.right - room)
            if align == "left":
                place = max(place, ends[0][0] + 12)
            page.text(
                place, self.head - 12, words, size=SMALL, colour=SOFT, align="right" if align == "right" else "left"
            )

    def _name_above(self, page: Sheet, x: float, words: str) -> None:
        half = width_of(words, SMALL) / 2
        page.text(
            min(max(x, self.left + half), self.right - half),
            self.head - 12,
            words,
            size=SMALL,
            colour=SOFT,
            align="center",
        )

    @property
    def _places(self) -> list[float]:
        places, x = [], self.right
        for column in self.columns:
            x += GAP
            places.append(x if column.align == "left" else x + column.width)
            x += column.width
        return places

    def _draw_row(self, page: Sheet, row: Row, top: float) -> None:
        height = self.height_of(row)
        middle = top + height / 2
        page.text(0, middle, "\n".join(wrapped(row.name, NAME_WIDTH)))
        if row.instead:
            page.text(self.left + 8, middle, row.instead, size=12, colour=SOFT, italic=True, covering=True)
            return
        self._draw_marks(page, row, top, height)
        for column, place, words in zip(self.columns, self._places, row.words, strict=True):
            lines = wrapped(words, column.width, size=13, bold=column.bold)
            page.text(place, middle, "\n".join(lines), align=column.align, bold=column.bold)

    def _draw_marks(self, page: Sheet, row: Row, top: float, height: float) -> None:
        middle = top + height / 2
        if row.margin is not None:
            left, right = self.x(-row.margin), self.x(row.margin)
            page.box(left, top, right - left, height, colour=BAND, order=0.5)
        if row.tick is not None:
            page.line((self.x(row.tick), middle - 9), (self.x(row.tick), middle + 9), colour=INK, width=1.8, order=3)
        if row.beside is not None and row.value is not None:
            self._draw_beside(page, row, middle)
        has_interval = row.low is not None and row.high is not None
        if row.low is not None and row.high is not None:
            page.line((self.x(row.low), middle), (self.x(row.high), middle), colour=row.colour, width=2.6, order=4)
        if row.value is not None:
            page.dot(self.x(row.value), middle, colour=row.colour, is_open=not has_interval)

    def _draw_beside(self, page: Sheet, row: Row, middle: float) -> None:
        if row.beside is None or row.value is None:
            return
        page.line((self.x(row.value), middle), (self.x(row.beside), middle), colour=FAINT, width=1.2)
        if row.beside_low is not None and row.beside_high is not None:
            ends = (self.x(row.beside_low), middle + 6), (self.x(row.beside_high), middle + 6)
            page.line(*ends, colour=SOFT, width=1.2, order=3)
        page.dot(self.x(row.beside), middle, colour=INK, is_open=True)
