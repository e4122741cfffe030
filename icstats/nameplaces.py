"""Where the names of dots are written: near their own dot, free of other dots, lines and names where there is room."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from icstats.canvas import SOFT, width_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from icstats.canvas import Sheet

    Boxes = npt.NDArray[np.float64]
    """Rows of left, top, right and bottom."""

__all__ = ["Frame", "name_places", "write_names"]

LINE_HEIGHT = 15
NEAR = 8
ASIDE = (NEAR, 20, 36, 56, 80, 108, 140, 176, 216)
UP_OR_DOWN = (0, 8, 15, 23, 30, 45, 60)
"""How far from its dot a name may stand, in pixels."""

REMOTE = 2.0
ON_A_LINE = 1.5
ON_A_NAME = 8.0
"""What keeps a name from a place: how far it is from its dot, per pixel, and what it would cover, per square pixel."""

NOT_ASIDE = 24.0
"""And a name over or under its dot is sooner taken for that of another."""

ROUNDS = 4
"""How often every name looks for a better place among the others; by then hardly one moves."""

STEPS_OF_LEADER = np.linspace(0, 1, 7)[1:-1]


@dataclass(frozen=True, kw_only=True)
class Frame:
    """The part of a sheet in which dots have names.

    Attributes
    ----------
    left, top, right, bottom
        Its ends.
    size
        Of the letters.
    lines
        Boxes of drawn lines, which a name covers only where there is no better place.
    taken
        Boxes of words that stand there already.
    """

    left: float
    top: float
    right: float
    bottom: float
    size: float
    lines: Sequence[tuple[float, float, float, float]] = ()
    taken: Sequence[tuple[float, float, float, float]] = ()


def write_names(page: Sheet, frame: Frame, dots: Sequence[tuple[float, float]], names: Sequence[str]) -> None:
    """Write the name of every dot, with a thin line to it where it stands apart; more dots than names have none.

    Parameters
    ----------
    page
        Where the dots are drawn.
    frame
        Where names may stand.
    dots
        Middle of every dot, those with a name first.
    names
        Of the first dots.
    """
    if not names:
        return
    at = np.array(dots, dtype=np.float64)
    for (x, y), name, (left, top, _, _) in zip(
        at.tolist(), names, name_places(frame, at, names).tolist(), strict=False
    ):
        right, middle = left + width_of(name, frame.size), top + LINE_HEIGHT / 2
        end = (min(max(x, left), right), middle)
        if max(abs(end[0] - x), abs(end[1] - y)) > NEAR + LINE_HEIGHT / 2:
            page.line((x, y), end, colour=SOFT, width=0.8, order=3)
        page.text(left, middle, name, size=frame.size, rim="#ffffff")


def name_places(frame: Frame, dots: npt.NDArray[np.float64], names: Sequence[str]) -> Boxes:
    """Return a box for every name; its dot is that of the same place."""
    named = dots[: len(names)]
    candidates = [_candidates(frame, dot, width_of(name, frame.size)) for name, dot in zip(names, named, strict=True)]
    fixed = [_cost_of_what_is_drawn(frame, boxes, dot, dots) for boxes, dot in zip(candidates, named, strict=True)]
    places = np.array([boxes[cost.argmin()] for boxes, cost in zip(candidates, fixed, strict=True)])
    for _ in range(ROUNDS):
        for at, (boxes, cost) in enumerate(zip(candidates, fixed, strict=True)):
            others = np.delete(places, at, axis=0)
            covered = _shared(boxes, others) + _shared(_leaders(boxes, named[at]), others)
            places[at] = boxes[(cost + ON_A_NAME * covered).argmin()]
    return places


def _cost_of_what_is_drawn(
    frame: Frame, boxes: Boxes, dot: npt.NDArray[np.float64], dots: npt.NDArray[np.float64]
) -> Boxes:
    """Return what speaks against each place of one name before any other name is written."""
    taken = np.vstack([np.hstack([dots - 8, dots + 8]), np.reshape(frame.taken, (-1, 4))])
    remote: Boxes = np.hypot(*(_nearest(boxes, dot) - dot).T)
    cost: Boxes = REMOTE * remote + ON_A_LINE * _shared(boxes, np.reshape(frame.lines, (-1, 4)))
    cost += ON_A_NAME * _shared(boxes, taken)
    cost += NOT_ASIDE * ((boxes[:, 0] < dot[0]) & (boxes[:, 2] > dot[0]))
    return cost


def _candidates(frame: Frame, dot: npt.NDArray[np.float64], width: float) -> Boxes:
    """Return where a name of this width may stand: beside its dot, over or under it, within the frame."""
    corners = [
        (dot[0] + (aside if side > 0 else -aside - width), dot[1] + sign * down - LINE_HEIGHT / 2)
        for aside in ASIDE
        for down in UP_OR_DOWN
        for sign in (-1, 1)
        for side in (1, -1)
    ]
    corners += [(dot[0] - width / 2, dot[1] + sign * 15 - LINE_HEIGHT / 2) for sign in (-1, 1)]
    left, top = np.array(corners).T
    inside = (left >= frame.left) & (left + width <= frame.right)
    inside &= (top >= frame.top - LINE_HEIGHT / 2) & (top + LINE_HEIGHT <= frame.bottom)
    if not inside.any():  # a name too long for every place stands at the edge, over whatever is there
        left, top, inside = np.array([frame.left]), np.array([dot[1] - LINE_HEIGHT / 2]), np.array([True])
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
