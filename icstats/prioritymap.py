"""The importance-performance map: how each question scores and how much it weighs, each as large as its uncertainty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from icstats.canvas import ACCENT, BLOCKS, FAINT, LINE, SOFT, WIDTH, Figure, sheet, width_of
from icstats.disclosure import only_released
from icstats.written import written_answers, written_nothing, written_number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from icstats.canvas import Sheet
    from icstats.disclosure import Released, ReleasedRow
    from icstats.texts import Texts

    Boxes = npt.NDArray[np.float64]
    """Rows of left, top, right and bottom."""

__all__ = ["importance_performance_map"]

HEIGHT = 440
LEFT, RIGHT, TOP, BOTTOM = 40, WIDTH - 14, 26, HEIGHT - 46
SIZE = 11.5
LINE_HEIGHT = 15
NEAR = 8
ASIDE = (NEAR, 20, 36, 56, 80, 108, 140, 176, 216)
UP_OR_DOWN = (0, 8, 15, 23, 30, 45, 60)
"""How far from its dot a name may stand, in pixels."""

FEW_MARKS = 1.1
"""On a shorter axis of scores, half points are too few marks."""

REMOTE = 2.0
ON_A_LINE = 1.5
ON_A_NAME = 8.0
"""What keeps a name from a place: how far it is from its dot, per pixel, and what it would cover, per square pixel."""

NOT_ASIDE = 24.0
"""And a name over or under its dot is sooner taken for that of another."""

ROUNDS = 4
"""How often every name looks for a better place among the others; by then hardly one moves."""

STEPS_OF_LEADER = np.linspace(0, 1, 7)[1:-1]
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
        for point, (left, top, _, _) in zip(self.points, self._places().tolist(), strict=True):
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
        if max(abs(end[0] - x), abs(end[1] - y)) > NEAR + LINE_HEIGHT / 2:
            page.line((x, y), end, colour=SOFT, width=0.8, order=3)
        page.text(left, middle, point.name, size=SIZE, rim="#ffffff")

    def _places(self) -> Boxes:
        """Return a box for every name, near its dot and free of dots, lines and other names where there is room."""
        dots = np.array([(self.x(point.weight.estimate), self.y(point.score.estimate)) for point in self.points])
        candidates = [
            _candidates(dot, width_of(point.name, SIZE)) for point, dot in zip(self.points, dots, strict=True)
        ]
        fixed = [self._cost_of_what_is_drawn(boxes, dot, dots) for boxes, dot in zip(candidates, dots, strict=True)]
        places = np.array([boxes[cost.argmin()] for boxes, cost in zip(candidates, fixed, strict=True)])
        for _ in range(ROUNDS):
            for at, (boxes, cost) in enumerate(zip(candidates, fixed, strict=True)):
                others = np.delete(places, at, axis=0)
                covered = _shared(boxes, others) + _shared(_leaders(boxes, dots[at]), others)
                places[at] = boxes[(cost + ON_A_NAME * covered).argmin()]
        return places

    def _cost_of_what_is_drawn(
        self, boxes: Boxes, dot: npt.NDArray[np.float64], dots: npt.NDArray[np.float64]
    ) -> Boxes:
        """Return what speaks against each place of one name before any other name is written."""
        right, middle = self.x(self.equal_share), self.y(self.mean)
        gain = (RIGHT - 8 - width_of(self.texts.say("priority.map_gain"), SIZE), BOTTOM - 18, RIGHT, BOTTOM)
        lines = np.array([(right - 2, TOP, right + 2, BOTTOM), (LEFT, middle - 2, RIGHT, middle + 2)])
        taken = np.vstack([np.hstack([dots - 8, dots + 8]), [gain]])
        remote: Boxes = np.hypot(*(_nearest(boxes, dot) - dot).T)
        cost: Boxes = REMOTE * remote + ON_A_LINE * _shared(boxes, lines) + ON_A_NAME * _shared(boxes, taken)
        cost += NOT_ASIDE * ((boxes[:, 0] < dot[0]) & (boxes[:, 2] > dot[0]))
        return cost

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


def _candidates(dot: npt.NDArray[np.float64], width: float) -> Boxes:
    """Return where a name of this width may stand: beside its dot, over or under it, within the map."""
    corners = [
        (dot[0] + (aside if side > 0 else -aside - width), dot[1] + sign * down - LINE_HEIGHT / 2)
        for aside in ASIDE
        for down in UP_OR_DOWN
        for sign in (-1, 1)
        for side in (1, -1)
    ]
    corners += [(dot[0] - width / 2, dot[1] + sign * 15 - LINE_HEIGHT / 2) for sign in (-1, 1)]
    left, top = np.array(corners).T
    inside = (left >= LEFT) & (left + width <= RIGHT) & (top >= TOP - LINE_HEIGHT / 2) & (top + LINE_HEIGHT <= BOTTOM)
    if not inside.any():  # a name too long for every place stands at the edge, over whatever is there
        left, top, inside = np.array([LEFT]), np.array([dot[1] - LINE_HEIGHT / 2]), np.array([True])
    boxes: Boxes = np.column_stack([left, top, left + width, top + LINE_HEIGHT])[inside]
    return boxes


def _leaders(boxes: Boxes, dot: npt.NDArray[np.float64]) -> Boxes:
    """Return small boxes along the line from a dot to each of these places, as one box of that many rows."""
    along = dot + STEPS_OF_LEADER[:, None, None] * (_nearest(boxes, dot) - dot)
    leaders: Boxes = np.concatenate([along - 2, along + 2], axis=2)
    return leaders


def _nearest(boxes: Boxes, dot: npt.NDArray[np.float64]) -> Boxes:
    """Return the point of each box that is nearest to a dot."""
    nearest: Boxes = np.clip(dot, boxes[:, :2], boxes[:, 2:])
    return nearest


def _shared(boxes: Boxes, others: Boxes) -> Boxes:
    """Return the area that each box shares with all the others together; several boxes of one place are added up."""
    low = np.maximum(boxes[..., None, :2], others[:, :2])
    high = np.minimum(boxes[..., None, 2:], others[:, 2:])
    area: Boxes = np.prod(np.maximum(high - low, 0.0), axis=-1).sum(axis=-1)
    summed: Boxes = area.sum(axis=0) if area.ndim > 1 else area
    return summed
