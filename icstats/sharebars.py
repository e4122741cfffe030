"""Why customers are satisfied: explained satisfaction as a bar of product, process and orientation.

Full colour is the lower end of a share's interval; between there and the share itself the colour fades, so that a
reader sees what is not sure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from icstats.canvas import ACCENT, BLOCKS, FAINT, LARGE, PAPER, SOFT, WIDTH, Figure, ink_on, sheet, width_of, wrapped
from icstats.disclosure import only_released
from icstats.written import (
    written_answers,
    written_caption,
    written_interval,
    written_nothing,
    written_number,
    written_with_interval,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from icstats.canvas import RGB, Sheet
    from icstats.disclosure import Released, ReleasedRow
    from icstats.texts import Texts

__all__ = ["CANNOT_TELL", "why_bar", "why_bars"]

CANNOT_TELL = "cannot_tell"
PALEST = 0.16
"""How much colour is left where a part ends."""

BAR_TOP = 6
BAR_HEIGHT = 46
NAMES_TOP = 74
NAME_ROOM = 160
NAME_LINE = 18
SMALL_BAR = 20
ROW_HEIGHT = 36
DEPARTMENT_ROOM = 132
VERDICT_ROOM = 124
GAP = 14
NAME_INDENT = 17
STEPS = 32


def why_bar(
    importance: Released,
    *,
    texts: Texts,
    labels: Mapping[str, str],
    measure: str = "shapley_share",
    source: str = "",
) -> Figure:
    """Draw how explained satisfaction is divided among the blocks.

    Parameters
    ----------
    importance
        Rows of ``measure`` for every block, and ``model``, ``r_squared``.
    texts
        The reader's language.
    labels
        Block -> its name, from left to right.
    measure
        Which shares; they add up to one.
    source
        Where the answers come from; empty leaves it out.

    Returns
    -------
    Figure
        A sentence instead of a picture when the shares are hidden.

    Raises
    ------
    DisclosureError
        If ``importance`` is anything else than released.
    """
    only_released(importance, what="figure")
    rows = _shares(importance, labels, measure, None)
    if not rows:
        return Figure.of_sentence(written_nothing(importance, texts))
    bar = _NamedBar(parts=_parts(rows), names=[_names(row, labels[row.variable], importance, texts) for row in rows])
    with sheet(bar.height) as page:
        bar.draw(page)
        picture = page.png()
    return Figure.of_picture(
        picture,
        height=bar.height,
        alt=_alt(importance, rows, labels, texts),
        caption=_caption("figures.why_caption", importance, rows, labels, texts, source=source),
        fits=True,
    )


def why_bars(
    importance: Released,
    *,
    texts: Texts,
    labels: Mapping[str, str],
    departments: Mapping[str, str],
    measure: str = "shapley_share",
    source: str = "",
) -> Figure:
    """Draw the division of explained satisfaction for every department, below each other.

    Parameters
    ----------
    importance
        Rows of several departments; see :func:`icstats.disclosure.gathered`. One without rows is said to have too
        few answers for an analysis of its own.
    departments
        Slug -> name, from top to bottom.
    texts, labels, measure, source
        As for :func:`why_bar`.
    """
    only_released(importance, what="figure")
    shares = {slug: _shares(importance, labels, measure, slug) for slug in departments}
    rows = [row for found in shares.values() for row in found]
    if not rows:
        return Figure.of_sentence(written_nothing(importance, texts))
    hidden = {row.department for row in importance.each() if row.hidden}
    bars = [
        _Bar(
            name=name,
            parts=_parts(shares[slug]),
            values=[written_number(row, importance, texts) for row in shares[slug]],
            verdict=_verdict(shares[slug], labels, texts),
            instead=texts.say("tables.hidden") if slug in hidden else texts.say("figures.no_drivers"),
        )
        for slug, name in departments.items()
    ]
    chart = _Bars(bars=bars, labels=labels)
    with sheet(chart.height) as page:
        chart.draw(page)
        picture = page.png()
    return Figure.of_picture(
        picture,
        height=chart.height,
        alt=_alt_of_departments(importance, shares, labels, departments, texts),
        caption=_caption("figures.whys_caption", importance, rows, labels, texts, source=source),
    )


@dataclass(frozen=True, kw_only=True)
class _Part:
    """One part of a bar: where it starts and ends, how much of it is sure, and its colour."""

    start: float
    end: float
    sure: float
    colour: str

    @property
    def middle(self) -> float:
        return (self.start + self.end) / 2

    def strength(self, x: float, *, is_first: bool, is_last: bool) -> float:
        """Return how much colour there is at x: all of it, or less towards an end that is shared and not sure."""
        shared = (not is_first) + (not is_last)
        fading = (self.end - self.start - self.sure) / shared if shared else 0.0
        if fading <= 0:
            return 1.0
        inside = min([*([] if is_first else [x - self.start]), *([] if is_last else [self.end - x])])
        return min(1.0, PALEST + (1 - PALEST) * inside / fading)


@dataclass(frozen=True, kw_only=True)
class _NamedBar:
    """One bar over the whole width, its parts named below it."""

    parts: list[_Part]
    names: list[tuple[list[str], str, str]]

    @property
    def height(self) -> int:
        return NAMES_TOP + NAME_LINE * max(len(lines) for lines, _, _ in self.names) + 42

    def draw(self, page: Sheet) -> None:
        _draw_bar(page, self.parts, x=0, width=WIDTH, top=BAR_TOP, height=BAR_HEIGHT)
        centres = [part.middle * WIDTH for part in self.parts]
        rooms = [max(width_of(words, LARGE) for words in (*lines, interval)) for lines, _, interval in self.names]
        places = _apart(centres, rooms)
        for place, centre, (lines, value, interval) in zip(places, centres, self.names, strict=True):
            page.line((centre, BAR_TOP + BAR_HEIGHT + 2), (place, NAMES_TOP - 10), colour=FAINT)
            for number, line in enumerate(lines):
                page.text(place, NAMES_TOP + NAME_LINE * number, line, size=LARGE, align="center")
            below = NAMES_TOP + NAME_LINE * (len(lines) - 1)
            page.text(place, below + 22, value, size=18, align="center", bold=True)
            page.text(place, below + 43, interval, size=LARGE, colour=SOFT, align="center")


@dataclass(frozen=True, kw_only=True)
class _Bar:
    """The bar of one department."""

    name: str
    parts: list[_Part]
    values: list[str]
    verdict: str
    instead: str


@dataclass(frozen=True, kw_only=True)
class _Bars:
    """Bars of departments below each other, with the names of the parts above them."""

    bars: list[_Bar]
    labels: Mapping[str, str]

    @property
    def left(self) -> int:
        return DEPARTMENT_ROOM + GAP

    @property
    def tops(self) -> list[float]:
        tops: list[float] = [self.names_height + 8]
        for bar in self.bars:
            lines = max(len(wrapped(bar.name, DEPARTMENT_ROOM)), len(wrapped(bar.verdict, VERDICT_ROOM)))
            tops.append(tops[-1] + ROW_HEIGHT + 16 * (lines - 1))
        return tops

    @property
    def height(self) -> int:
        return round(self.tops[-1] + 4)

    def draw(self, page: Sheet) -> None:
        left, width = self.left, WIDTH - DEPARTMENT_ROOM - VERDICT_ROOM - 2 * GAP
        self._draw_names(page)
        for bar, top, following in zip(self.bars, self.tops, self.tops[1:], strict=False):
            middle = (top + following) / 2
            page.text(0, middle, "\n".join(wrapped(bar.name, DEPARTMENT_ROOM)))
            if not bar.parts:
                page.text(left, middle, bar.instead, size=12, colour=SOFT, italic=True)
                continue
            _draw_bar(page, bar.parts, x=left, width=width, top=middle - SMALL_BAR / 2, height=SMALL_BAR)
            for part, value in zip(bar.parts, bar.values, strict=True):
                if (part.end - part.start) * width > width_of(value, 12, bold=True) + 8:
                    page.text(
                        left + part.middle * width,
                        middle,
                        value,
                        size=12,
                        colour=ink_on(_tint(part.colour, 1)),
                        align="center",
                        bold=True,
                        rim=part.colour,
                    )
            verdict = "\n".join(wrapped(bar.verdict, VERDICT_ROOM))
            page.text(left + width + GAP, middle, verdict)

    @property
    def _names(self) -> list[tuple[float, float, str, str]]:
        """Place, colour and name of every part: above the bars, or from the left edge when that is too narrow."""
        widths = [NAME_INDENT + width_of(label, 12) + GAP for label in self.labels.values()]
        x = left = 0.0 if sum(widths) > WIDTH - self.left else self.left
        y, places = 13.0, []
        for (block, label), width in zip(self.labels.items(), widths, strict=True):
            if x > left and x + width - GAP > WIDTH:
                x, y = left, y + 18
            places.append((x, y, BLOCKS.get(block, ACCENT), label))
            x += width
        return places

    @property
    def names_height(self) -> float:
        return max(y for _, y, _, _ in self._names) + 9

    def _draw_names(self, page: Sheet) -> None:
        for x, y, colour, label in self._names:
            page.box(x, y - 6, 12, 12, colour=colour)
            page.text(x + NAME_INDENT, y, label, size=12, colour=SOFT)


def _draw_bar(page: Sheet, parts: Sequence[_Part], *, x: int, width: int, top: float, height: float) -> None:
    colours = []
    for pixel in range(width):
        place = (pixel + 0.5) / width
        number = next((number for number, part in enumerate(parts) if place < part.end), len(parts) - 1)
        strength = parts[number].strength(place, is_first=number == 0, is_last=number == len(parts) - 1)
        colours.append(_tint(parts[number].colour, strength))
    page.shading(x, top, height, colours)
    for part in parts[:-1]:
        at = x + part.end * width
        page.line((at, top), (at, top + height), colour=PAPER, width=2, order=3)


def _tint(colour: str, strength: float) -> RGB:
    """Return the colour, laid on white with this strength, in steps too small to see."""
    strength = round(strength * STEPS) / STEPS
    red, green, blue = (1 - strength * (1 - int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return red, green, blue


def _apart(centres: Sequence[float], rooms: Sequence[float]) -> list[float]:
    """Return places as near to the centres as they can be without words touching each other or the edge."""
    places: list[float] = []
    for centre, room in zip(centres, rooms, strict=True):
        least = places[-1] + rooms[len(places) - 1] / 2 + GAP + room / 2 if places else room / 2
        places.append(max(centre, least))
    furthest = float(WIDTH)
    for number in reversed(range(len(places))):
        places[number] = min(places[number], furthest - rooms[number] / 2)
        furthest = places[number] - rooms[number] / 2 - GAP
    return places


def _shares(importance: Released, labels: Mapping[str, str], measure: str, department: str | None) -> list[ReleasedRow]:
    """Return the shares that may be shown, in the order of the labels."""
    found = [importance.row(block, measure, department) for block in labels]
    return [row for row in found if row is not None and not row.hidden and row.drawn]


def _parts(rows: Sequence[ReleasedRow]) -> list[_Part]:
    """Return the parts of one bar; shares are rounded and their sum need not be exactly one."""
    sizes = [max(row.estimate, 0.0) for row in rows]
    whole = sum(sizes) or 1.0
    ends = np.cumsum(sizes) / whole
    return [
        _Part(
            start=float(end - size / whole),
            end=float(end),
            sure=size / whole if np.isnan(row.conf_low) else min(max(row.conf_low, 0.0), size) / whole,
            colour=BLOCKS.get(row.variable, ACCENT),
        )
        for row, size, end in zip(rows, sizes, ends, strict=True)
    ]


def _names(row: ReleasedRow, label: str, importance: Released, texts: Texts) -> tuple[list[str], str, str]:
    value, interval = (write(row, importance, texts) for write in (written_number, written_interval))
    return wrapped(label, NAME_ROOM, size=LARGE), value, interval


def _verdict(rows: Sequence[ReleasedRow], labels: Mapping[str, str], texts: Texts) -> str:
    code = str(rows[0].extras.get("verdict", "")) if rows else ""
    return texts.say("figures.cannot_tell") if code == CANNOT_TELL else labels.get(code, "")


def _caption(
    key: str, importance: Released, rows: Sequence[ReleasedRow], labels: Mapping[str, str], texts: Texts, *, source: str
) -> str:
    blocks = texts.listing([label for block, label in labels.items() if block in {row.variable for row in rows}])
    level = texts.percent(importance.settings.conf_level)
    drawn = texts.say(key, blocks=blocks, n=written_answers(rows, texts), level=level)
    model = importance.row("model", "r_squared") if len(importance.departments) == 1 else None
    explained = "" if model is None or model.hidden else texts.percent(model.estimate)
    return written_caption(
        drawn,
        texts.say("figures.why_explained", r_squared=explained) if explained else "",
        rows=rows,
        released=importance,
        texts=texts,
        source=source,
    )


def _alt(importance: Released, rows: Sequence[ReleasedRow], labels: Mapping[str, str], texts: Texts) -> str:
    named = [
        texts.say("figures.named", name=labels[row.variable], value=written_with_interval(row, importance, texts))
        for row in rows
    ]
    said = [texts.say("figures.list", intro=texts.say("figures.why_intro"), rows="; ".join(named))]
    if importance.verdict == CANNOT_TELL:
        said.append(texts.say("figures.why_cannot_tell"))
    elif importance.verdict in labels:
        said.append(texts.say("figures.why_leading", block=labels[importance.verdict]))
    return " ".join(said)


def _alt_of_departments(
    importance: Released,
    shares: Mapping[str, Sequence[ReleasedRow]],
    labels: Mapping[str, str],
    departments: Mapping[str, str],
    texts: Texts,
) -> str:
    """Return which departments have which largest share, and its size."""
    told: dict[str, list[str]] = {}
    for slug, rows in shares.items():
        verdict = _verdict(rows, labels, texts)
        leading = next((row for row in rows if labels[row.variable] == verdict), None)
        value = written_number(leading, importance, texts) if leading else ""
        words = texts.say("figures.named", name=departments[slug], value=value) if leading else departments[slug]
        told.setdefault(verdict if rows else texts.say("figures.no_drivers"), []).append(words)
    groups = [
        texts.say("figures.verdict_group", verdict=verdict, rows=", ".join(names)) for verdict, names in told.items()
    ]
    return texts.say("figures.list", intro=texts.say("figures.whys_intro"), rows="; ".join(groups))
