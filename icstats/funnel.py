"""Departments in a funnel around the norm: which differ by more than chance, given how many answered."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from icstats.canvas import ACCENT, FAINT, INK, LINE, SOFT, WIDTH, Figure, sheet
from icstats.disclosure import only_released
from icstats.nameplaces import Frame, write_names
from icstats.written import in_unit, listed, written_answers, written_nothing, written_with_interval

if TYPE_CHECKING:
    from collections.abc import Mapping

    from icstats.canvas import Sheet
    from icstats.disclosure import Released
    from icstats.texts import Texts

__all__ = ["funnel_plot"]

LEFT, RIGHT, TOP, FOOT = 46, 24, 34, 312
HEIGHT = 360
LIMITS = (0.95, 0.998)
"""One department in 20, and one in 500, lies outside by chance alone (Spiegelhalter 2005)."""

TICKS = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)
STEPS = 60
MARGIN = 0.06
MOST_MARKS = 7
MOST_NAMED = 24
"""With more departments their names would cover each other."""

STEPS_OF_AXIS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


def funnel_plot(
    summary: Released,
    *,
    variable: str,
    label: str,
    norm: float,
    sd: float,
    norm_name: str,
    departments: Mapping[str, str],
    texts: Texts,
) -> Figure:
    """Draw the mean of every department against its number of answers, and where chance alone would leave it.

    Parameters
    ----------
    summary
        Has rows ``mean`` of the variable. A department whose number of answers is shown as a band stands in the middle
        of its band: the picture tells no more than the table.
    variable, label
        Code and name of what is compared.
    norm, sd
        Mean of the norm, and its standard deviation of people within organisations: they make the funnel, so that no
        department's own spread follows from it.
    norm_name
        What a sentence calls the norm.
    departments
        Slug -> name, in the order of the study.
    texts
        The reader's language.

    Returns
    -------
    Figure
        A sentence instead of a picture when no mean is shown.

    Raises
    ------
    DisclosureError
        If ``summary`` is anything else than released.
    """
    only_released(summary, what="figure")
    found = {slug: summary.row(variable, "mean", slug) for slug in departments if slug in summary.departments}
    rows = {slug: row for slug, row in found.items() if row is not None and not row.hidden and row.drawn}
    if not rows:
        return Figure.of_sentence(written_nothing(summary, texts))
    funnel = _Funnel(points={slug: (_middle(row.n), row.estimate) for slug, row in rows.items()}, norm=norm, sd=sd)
    with sheet(HEIGHT) as page:
        page.text(0, TOP - 22, f"{label} ↑", size=12, colour=SOFT)
        _draw(page, funnel, departments, texts)
        picture = page.png()
    shown = list(rows.values())
    caption = texts.say("figures.funnel_caption", label=label, norm_name=norm_name, n=written_answers(shown, texts))
    unnamed = texts.say("figures.funnel_unnamed") if len(funnel.named) < len(funnel.points) else ""
    finding = _finding(funnel, departments, norm_name, texts)
    values = {departments[slug]: written_with_interval(row, summary, texts) for slug, row in rows.items()}
    drawn = listed(
        texts.say(
            "figures.funnel_alt",
            label=label,
            norm_name=norm_name,
            norm=in_unit(norm, shown[0], summary, texts, signed=False),
        ),
        values,
        {departments[slug]: row.estimate for slug, row in rows.items()},
        texts,
    )
    return Figure.of_picture(
        picture, height=HEIGHT, alt=f"{finding} {drawn}", caption=f"{finding} {caption} {unnamed}".rstrip()
    )


@dataclass(frozen=True, kw_only=True)
class _Funnel:
    """Number of answers and mean of every department, and the limits around the norm."""

    points: Mapping[str, tuple[float, float]]
    norm: float
    sd: float

    def reach(self, n: float, limit: float) -> float:
        return float(ndtri((1 + limit) / 2) * self.sd / np.sqrt(n))

    def outside(self, side: int) -> list[str]:
        """Return the departments beyond the inner limit, above (1) or below (-1) the norm."""
        return [slug for slug, (n, mean) in self.points.items() if side * (mean - self.norm) > self.reach(n, LIMITS[0])]

    @property
    def named(self) -> list[str]:
        """Return the departments that have a name in the picture: all, or of very many those outside."""
        outside = {*self.outside(1), *self.outside(-1)}
        return [slug for slug in self.points if len(self.points) <= MOST_NAMED or slug in outside]

    @property
    def span(self) -> tuple[float, float]:
        """Least and most answers on the axis, a little beyond those of the departments."""
        counts = [n for n, _ in self.points.values()]
        return min(counts) / 1.25, max(counts) * 1.25

    @property
    def ends(self) -> tuple[float, float]:
        """Lowest and highest mean on the axis."""
        far = self.reach(self.span[0], LIMITS[1])
        means = [mean for _, mean in self.points.values()]
        low, high = min(*means, self.norm - far), max(*means, self.norm + far)
        return low - MARGIN * (high - low), high + MARGIN * (high - low)

    def x(self, n: float) -> float:
        low, high = np.log(self.span)
        return LEFT + float(np.log(n) - low) / float(high - low) * (WIDTH - LEFT - RIGHT)

    def y(self, mean: float) -> float:
        low, high = self.ends
        return FOOT - (mean - low) / (high - low) * (FOOT - TOP)


def _middle(n: str) -> float:
    """Return a number of answers as shown; of a band its middle."""
    ends = [float(end) for end in n.split("–")]
    return sum(ends) / len(ends)


def _draw(page: Sheet, funnel: _Funnel, departments: Mapping[str, str], texts: Texts) -> None:
    low, high = funnel.ends
    step = next(one for one in STEPS_OF_AXIS if (high - low) / one <= MOST_MARKS)
    for mark in np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step:
        page.line((LEFT, funnel.y(mark)), (WIDTH - RIGHT, funnel.y(mark)), colour=LINE, order=0.4)
        page.text(LEFT - 8, funnel.y(mark), texts.number(mark, 1), size=12, colour=SOFT, align="right")
    for tick in TICKS:
        if funnel.span[0] <= tick <= funnel.span[1]:
            page.text(funnel.x(tick), FOOT + 14, texts.number(tick, 0), size=12, colour=SOFT, align="center")
    middle, below = (LEFT + WIDTH - RIGHT) / 2, FOOT + 34
    page.text(middle, below, texts.say("figures.funnel_axis"), size=12, colour=SOFT, align="center")
    counts = np.geomspace(*funnel.span, STEPS)
    for limit, colour in zip(LIMITS, (SOFT, FAINT), strict=True):
        for side in (-1, 1):
            edge = [(funnel.x(n), funnel.y(funnel.norm + side * funnel.reach(n, limit))) for n in counts]
            for start, end in pairwise(edge):
                page.line(start, end, colour=colour, width=1.2, order=1)
    page.line((LEFT, funnel.y(funnel.norm)), (WIDTH - RIGHT, funnel.y(funnel.norm)), colour=INK, width=1.4, order=1)
    outside = {*funnel.outside(1), *funnel.outside(-1)}
    for slug, (n, mean) in funnel.points.items():
        page.dot(funnel.x(n), funnel.y(mean), colour=ACCENT, is_open=slug not in outside)
    _name(page, funnel, departments)


def _name(page: Sheet, funnel: _Funnel, departments: Mapping[str, str]) -> None:
    """Write the names of departments beside their dots; of very many only of those outside the funnel."""
    named = funnel.named
    dots = {slug: (funnel.x(n), funnel.y(mean)) for slug, (n, mean) in funnel.points.items()}
    norm = funnel.y(funnel.norm)
    frame = Frame(
        left=LEFT, top=TOP, right=WIDTH - 4, bottom=FOOT, size=12, lines=[(LEFT, norm - 2, WIDTH - RIGHT, norm + 2)]
    )
    others = [dots[slug] for slug in dots if slug not in named]
    write_names(page, frame, [*(dots[slug] for slug in named), *others], [departments[slug] for slug in named])


def _finding(funnel: _Funnel, departments: Mapping[str, str], norm_name: str, texts: Texts) -> str:
    """Return which departments lie outside, as a sentence."""
    named = {side: texts.listing([departments[slug] for slug in funnel.outside(side)]) for side in (1, -1)}
    sentences = [
        texts.say(key, departments=named[side], norm_name=norm_name)
        for side, key in ((1, "figures.funnel_above"), (-1, "figures.funnel_below"))
        if named[side]
    ]
    return " ".join(sentences) or texts.say("figures.funnel_within", norm_name=norm_name)
