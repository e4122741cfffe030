"""The importance-performance map: how each question scores and how much it weighs, each as large as its uncertainty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from icstats.canvas import ACCENT, BLOCKS, FAINT, LINE, SOFT, WIDTH, Figure, sheet, width_of
from icstats.disclosure import only_released
from icstats.written import written_answers, written_nothing, written_number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from icstats.canvas import Sheet
    from icstats.disclosure import Released, ReleasedRow
    from icstats.texts import Texts

__all__ = ["importance_performance_map"]

HEIGHT = 500
LEFT, RIGHT, TOP, BOTTOM = 40, WIDTH - 14, 26, HEIGHT - 46
SIZE = 11.5
LINE_HEIGHT = 15
DISTANCES = (8, 16, 26, 38, 52, 68, 86, 106, 128)
"""How far from its dot a name may stand, in pixels, tried from near to far."""

DIRECTIONS = ((1, 0), (-1, 0), (1, -1), (-1, -1), (1, 1), (-1, 1), (0, -1), (0, 1))

Box = tuple[float, float, float, float]


def importance_performance_map(
    wins: Released, summary: Released, *, texts: Texts, labels: Mapping[str, str], blocks: Mapping[str, Sequence[str]]
) -> Figure:
    """Draw every question by its weight in satisfaction and its score, named beside its dot.

    Parameters
    ----------
    wins
        Rows ``importance``.
    summary
        Rows ``mean`` of the same questions.
    texts
        The reader's language.
    labels
        Code of a question -> its name.
    blocks
        Block -> its questions; they have its colour.

    Returns
    -------
    Figure
        A sentence instead of a picture when all questions are hidden.

    Raises
    ------
    DisclosureError
        If an argument is anything else than released.
    """
    only_released(wins, what="figure")
    only_released(summary, what="figure")
    points = _points(wins, summary, labels, blocks)
    if not points:
        return Figure.of_sentence(written_nothing(wins, texts))
    drawn = _Map(points=tuple(points), wins=wins, summary=summary, texts=texts)
    with sheet(HEIGHT) as page:
        drawn.draw(page)
        picture = page.png()
    return Figure.of_picture(picture, height=HEIGHT, alt=drawn.alt, caption=drawn.caption)


@dataclass(frozen=True, kw_only=True)
class _Point:
    """One question: its weight and its score."""

    name: str
    colour: str
    weight: ReleasedRow
    score: ReleasedRow


def _points(
    wins: Released, summary: Released, labels: Mapping[str, str], blocks: Mapping[str, Sequence[str]]
) -> list[_Point]:
    found = [
        (code, block, wins.row(code, "importance"), summary.row(code, "mean"))
        for block, codes in blocks.items()
        for code in codes
    ]
    return [
        _Point(name=labels[code], colour=BLOCKS.get(block, ACCENT), weight=weight, score=score)
        for code, block, weight, score in found
        if weight is not None and score is not None and not (weight.hidden or score.hidden) and score.drawn
    ]


@dataclass(frozen=True, kw_only=True)
class _Map:
    points: tuple[_Point, ...]
    wins: Released
    summary: Released
    texts: Texts

    @property
    def mean(self) -> float:
        """Mean score of the questions, as shown."""
        return round(sum(point.score.estimate for point in self.points) / len(self.points), 1)

    @property
    def equal_share(self) -> float:
        """The share that every question would have if all weighed the same."""
        return 1 / len(self.wins.variables)

    @property
    def ends(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Ends of both axes: shares from 0 on in steps of 5 %, scores in half points."""
        shares = [end for point in self.points for end in (point.weight.estimate, point.weight.conf_high)]
        scores = [
            end
            for point in self.points
            for end in (point.score.estimate, point.score.conf_low, point.score.conf_high)
            if not np.isnan(end)
        ]
        high = np.ceil(np.nanmax(shares) * 20 + 0.2) / 20
        return (0.0, float(high)), (float(np.floor(min(scores) * 2) / 2), float(np.ceil(max(scores) * 2) / 2))

    def x(self, share: float) -> float:
        (low, high), _ = self.ends
        return LEFT + (share - low) / (high - low) * (RIGHT - LEFT)

    def y(self, score: float) -> float:
        _, (low, high) = self.ends
        return BOTTOM - (score - low) / max(high - low, 0.5) * (BOTTOM - TOP)

    def draw(self, page: Sheet) -> None:
        say = self.texts.say
        (_, most), (low, high) = self.ends
        for share in np.arange(0, most + 1e-9, 0.05):
            page.text(self.x(share), BOTTOM + 14, self.texts.percent(share), size=SIZE, colour=SOFT, align="center")
        for score in np.arange(low, high + 1e-9, 0.5):
            page.line((LEFT, self.y(score)), (RIGHT, self.y(score)), colour=LINE, order=0.5)
            page.text(LEFT - 8, self.y(score), self.texts.number(score, 1), size=SIZE, colour=SOFT, align="right")
        page.line((self.x(self.equal_share), TOP), (self.x(self.equal_share), BOTTOM), colour=FAINT, width=1.4)
        page.line((LEFT, self.y(self.mean)), (RIGHT, self.y(self.mean)), colour=FAINT, width=1.4)
        page.text(RIGHT, BOTTOM + 34, say("priority.map_x"), size=SIZE, colour=SOFT, align="right")
        page.text(0, TOP - 14, say("priority.map_y"), size=SIZE, colour=SOFT)
        for point in self.points:
            self._draw_cloud(page, point)
        for point, (left, top, _, _) in zip(self.points, self._places(), strict=True):
            self._draw_name(page, point, left, top)

    def _draw_cloud(self, page: Sheet, point: _Point) -> None:
        x, y = self.x(point.weight.estimate), self.y(point.score.estimate)
        sides = (point.weight.conf_low, point.weight.conf_high, point.score.conf_low, point.score.conf_high)
        if not np.isnan(sides).any():
            left, right, bottom, top = self.x(sides[0]), self.x(sides[1]), self.y(sides[2]), self.y(sides[3])
            page.cloud((left + right) / 2, (top + bottom) / 2, right - left, bottom - top, colour=point.colour)
        page.dot(x, y, colour=point.colour)

    def _draw_name(self, page: Sheet, point: _Point, left: float, top: float) -> None:
        x, y = self.x(point.weight.estimate), self.y(point.score.estimate)
        right, middle = left + width_of(point.name, SIZE), top + LINE_HEIGHT / 2
        end = (min(max(x, left), right), middle)
        if max(abs(end[0] - x), abs(end[1] - y)) > DISTANCES[0] + LINE_HEIGHT / 2:
            page.line((x, y), end, colour=SOFT, width=0.8, order=3)
        page.text(left, middle, point.name, size=SIZE, rim="#ffffff")

    def _places(self) -> list[Box]:
        """Return a box for every name, near its dot and free of other dots and names where there is room."""
        dots = [(self.x(point.weight.estimate), self.y(point.score.estimate)) for point in self.points]
        taken: list[Box] = [(x - 6, y - 6, x + 6, y + 6) for x, y in dots]
        places = []
        for point, dot in zip(self.points, dots, strict=True):
            boxes = list(self._candidates(dot, width_of(point.name, SIZE)))
            place = min(boxes, key=lambda box: sum(_overlap(box, other) for other in taken))
            taken.append(place)
            places.append(place)
        return places

    def _candidates(self, dot: tuple[float, float], width: float) -> Iterator[Box]:
        for distance in DISTANCES:
            for right, down in DIRECTIONS:
                left = dot[0] + right * distance - (0 if right > 0 else width if right < 0 else width / 2)
                top = dot[1] + down * distance - LINE_HEIGHT / 2
                if left >= LEFT and left + width <= RIGHT and top >= TOP and top + LINE_HEIGHT <= BOTTOM:
                    yield (left, top, left + width, top + LINE_HEIGHT)
        # A name too long for every place stands at the edge, over whatever is there.
        yield (LEFT, dot[1] - LINE_HEIGHT / 2, LEFT + width, dot[1] + LINE_HEIGHT / 2)

    @property
    def caption(self) -> str:
        return self.texts.say(
            "priority.map_caption",
            n=written_answers([point.weight for point in self.points], self.texts),
            level=self.texts.percent(self.wins.settings.conf_level),
            mean=self.texts.number(self.mean, 1),
            share=self.texts.percent(self.equal_share),
        )

    @property
    def alt(self) -> str:
        named = [
            self.texts.say(
                "priority.map_alt_row",
                name=point.name,
                mean=written_number(point.score, self.summary, self.texts),
                share=written_number(point.weight, self.wins, self.texts),
            )
            for point in sorted(self.points, key=lambda point: -point.weight.estimate)
            if point.score.estimate < self.mean and point.weight.estimate > self.equal_share
        ]
        if not named:
            return self.texts.say("priority.map_alt_nothing")
        return self.texts.say("figures.list", intro=self.texts.say("priority.map_alt"), rows="; ".join(named))


def _overlap(one: Box, other: Box) -> float:
    """Return the area that two boxes share."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return max(width, 0.0) * max(height, 0.0)
