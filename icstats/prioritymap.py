"""The importance-performance map: how each question scores and how much it weighs, each as large as its uncertainty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from icstats.canvas import ACCENT, BLOCKS, FAINT, LINE, SOFT, WIDTH, Figure, sheet, width_of
from icstats.disclosure import only_released
from icstats.nameplaces import Frame, write_names
from icstats.written import written_answers, written_nothing, written_number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from icstats.canvas import Sheet
    from icstats.disclosure import Released, ReleasedRow
    from icstats.texts import Texts

__all__ = ["importance_performance_map"]

HEIGHT = 440
LEFT, RIGHT, TOP, BOTTOM = 40, WIDTH - 14, 26, HEIGHT - 46
SIZE = 11.5
FEW_MARKS = 1.1
"""On a shorter axis of scores, half points are too few marks."""

GAIN = "#f3f1ec"


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
        """Ends of both axes: a little beyond the intervals, and shares from 0 on."""
        shares = [end for point in self.points for end in (point.weight.estimate, point.weight.conf_high)]
        scores = [
            end
            for point in self.points
            for end in (point.score.estimate, point.score.conf_low, point.score.conf_high)
            if not np.isnan(end)
        ]
        return (0.0, float(np.nanmax(shares)) + 0.01), (min(scores) - 0.05, max(scores) + 0.05)

    @property
    def marks(self) -> npt.NDArray[np.float64]:
        """Scores that are marked on the axis."""
        _, (low, high) = self.ends
        step = 0.5 if high - low > FEW_MARKS else 0.2
        return np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step

    def x(self, share: float) -> float:
        (low, high), _ = self.ends
        return LEFT + (share - low) / (high - low) * (RIGHT - LEFT)

    def y(self, score: float) -> float:
        _, (low, high) = self.ends
        return BOTTOM - (score - low) / (high - low) * (BOTTOM - TOP)

    def draw(self, page: Sheet) -> None:
        say = self.texts.say
        (_, most), _ = self.ends
        right, middle = self.x(self.equal_share), self.y(self.mean)
        page.box(right, middle, RIGHT - right, BOTTOM - middle, colour=GAIN, order=0.2)
        page.text(RIGHT - 8, BOTTOM - 10, say("priority.map_gain"), size=SIZE, colour=SOFT, align="right", italic=True)
        for share in np.arange(0, most + 1e-9, 0.05):
            page.text(self.x(share), BOTTOM + 14, self.texts.percent(share), size=SIZE, colour=SOFT, align="center")
        for score in self.marks:
            page.line((LEFT, self.y(score)), (RIGHT, self.y(score)), colour=LINE, order=0.5)
            page.text(LEFT - 8, self.y(score), self.texts.number(score, 1), size=SIZE, colour=SOFT, align="right")
        page.line((right, TOP), (right, BOTTOM), colour=FAINT, width=1.4)
        page.line((LEFT, middle), (RIGHT, middle), colour=FAINT, width=1.4)
        page.text(RIGHT, BOTTOM + 34, say("priority.map_x"), size=SIZE, colour=SOFT, align="right")
        page.text(0, TOP - 14, say("priority.map_y"), size=SIZE, colour=SOFT)
        for point in self.points:
            self._draw_cloud(page, point)
        write_names(page, self.frame, self.dots, [point.name for point in self.points])

    def _draw_cloud(self, page: Sheet, point: _Point) -> None:
        x, y = self.x(point.weight.estimate), self.y(point.score.estimate)
        sides = (point.weight.conf_low, point.weight.conf_high, point.score.conf_low, point.score.conf_high)
        if not np.isnan(sides).any():
            left, right, bottom, top = self.x(sides[0]), self.x(sides[1]), self.y(sides[2]), self.y(sides[3])
            page.cloud((left + right) / 2, (top + bottom) / 2, right - left, bottom - top, colour=point.colour)
        page.dot(x, y, colour=point.colour)

    @property
    def dots(self) -> list[tuple[float, float]]:
        """Where every question stands."""
        return [(self.x(point.weight.estimate), self.y(point.score.estimate)) for point in self.points]

    @property
    def frame(self) -> Frame:
        """Where names may stand, and what is drawn there already."""
        right, middle = self.x(self.equal_share), self.y(self.mean)
        gain = (RIGHT - 8 - width_of(self.texts.say("priority.map_gain"), SIZE), BOTTOM - 18, RIGHT, BOTTOM)
        return Frame(
            left=LEFT,
            top=TOP,
            right=RIGHT,
            bottom=BOTTOM,
            size=SIZE,
            lines=[(right - 2, TOP, right + 2, BOTTOM), (LEFT, middle - 2, RIGHT, middle + 2)],
            taken=[gain],
        )

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
