"""The zone of tolerance: what customers find just acceptable, what they wish for, and what they got."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from icstats.canvas import ACCENT, BAND, INK, LARGE, LINE, SOFT, WIDTH, Figure, sheet, width_of
from icstats.disclosure import only_released
from icstats.written import (
    scale_ends,
    written_answers,
    written_interval,
    written_nothing,
    written_number,
    written_scale,
    written_with_interval,
)

if TYPE_CHECKING:
    from icstats.canvas import Sheet
    from icstats.disclosure import Released, ReleasedRow
    from icstats.texts import Texts

__all__ = ["zone_of_tolerance"]

SIDE = 22
EDGE = 3
STRIP = 64
FOOT = 108


def zone_of_tolerance(
    expectation: Released, *, perceived: str, minimum: str, desired: str | None, label: str, texts: Texts
) -> Figure:
    """Draw the mark that customers give beside the zone between the mark they find just acceptable and the desired one.

    Parameters
    ----------
    expectation
        Rows ``mean`` of all three, and ``adequacy_gap``.
    perceived, minimum, desired
        Codes of the mark, of the lowest acceptable and of the desired one; without a desired one the zone is open.
    label
        Name of the mark.
    texts
        The reader's language.

    Returns
    -------
    Figure
        A sentence instead of a picture when the mark or the minimum is hidden.

    Raises
    ------
    DisclosureError
        If ``expectation`` is anything else than released.
    """
    only_released(expectation, what="figure")
    mark, least = expectation.row(perceived, "mean"), expectation.row(minimum, "mean")
    gap = expectation.row(minimum, "adequacy_gap")
    wish = expectation.row(desired, "mean") if desired else None
    if mark is None or least is None or gap is None or any(row.hidden or not row.drawn for row in (mark, least, gap)):
        return Figure.of_sentence(written_nothing(expectation, texts))
    zone = _Zone(
        mark=mark,
        least=least,
        wish=None if wish is None or wish.hidden or not wish.drawn else wish,
        gap=str(gap.extras["verdict"]),
        released=expectation,
        texts=texts,
    )
    with sheet(zone.height) as page:
        zone.draw(page)
        picture = page.png()
    return Figure.of_picture(picture, height=zone.height, alt=zone.alt(label), caption=zone.caption(label), fits=True)


@dataclass(frozen=True, kw_only=True)
class _Zone:
    mark: ReleasedRow
    least: ReleasedRow
    wish: ReleasedRow | None
    gap: str
    released: Released
    texts: Texts

    @property
    def height(self) -> int:
        return FOOT + 26

    @property
    def rows(self) -> list[ReleasedRow]:
        return [self.mark, self.least, *([self.wish] if self.wish else [])]

    def x(self, value: float) -> float:
        low, high = scale_ends([self.mark])
        return SIDE + (min(max(value, low), high) - low) / (high - low) * (WIDTH - 2 * SIDE)

    def draw(self, page: Sheet) -> None:
        low, high = scale_ends([self.mark])
        right = self.wish.estimate if self.wish else high
        page.box(
            self.x(self.least.estimate),
            STRIP - 12,
            self.x(right) - self.x(self.least.estimate),
            24,
            colour=BAND,
            order=0,
        )
        page.line((self.x(low), STRIP), (self.x(high), STRIP), colour=SOFT, width=1.2)
        for step in np.arange(low, high + 1):
            page.line((self.x(step), STRIP - 5), (self.x(step), FOOT - 8), colour=LINE, order=0.5)
            page.text(self.x(step), FOOT + 8, self.texts.number(step, 0), size=LARGE, colour=SOFT, align="center")
        self._draw_expected(page, self.least, self.texts.say("expectation.just_acceptable"))
        if self.wish:
            self._draw_expected(page, self.wish, self.texts.say("expectation.desired"))
        self._draw_mark(page)

    def _draw_expected(self, page: Sheet, row: ReleasedRow, name: str) -> None:
        x = self.x(row.estimate)
        page.line((x, STRIP - 12), (x, STRIP + 14), colour=INK, width=1.8, order=3)
        words = self.texts.say("figures.named", name=name, value=written_number(row, self.released, self.texts))
        half = width_of(words, LARGE) / 2
        place = min(max(x, EDGE + half), WIDTH - EDGE - half)
        page.text(place, STRIP + 26, words, size=LARGE, colour=SOFT, align="center", covering=True)

    def _draw_mark(self, page: Sheet) -> None:
        row = self.mark
        has_interval = not np.isnan(row.conf_low)
        if has_interval:
            page.line((self.x(row.conf_low), STRIP), (self.x(row.conf_high), STRIP), colour=ACCENT, width=5, order=4)
        page.dot(self.x(row.estimate), STRIP, colour=ACCENT, size=14, is_open=not has_interval)
        value, interval = (write(row, self.released, self.texts) for write in (written_number, written_interval))
        wide, gap = width_of(value, 22, bold=True), 8 if interval else 0
        start = min(max(self.x(row.estimate) - wide / 2, 0), WIDTH - EDGE - wide - gap - width_of(interval, LARGE))
        page.text(start, 24, value, size=22, colour=ACCENT, bold=True)
        page.text(start + wide + gap, 27, interval, size=LARGE, colour=SOFT)

    def caption(self, label: str) -> str:
        return self.texts.say(
            "expectation.caption" if self.wish else "expectation.caption_open",
            label=label,
            level=self.texts.percent(self.released.settings.conf_level),
            n=written_answers(self.rows, self.texts),
            **written_scale([self.mark], self.texts),
        )

    def alt(self, label: str) -> str:
        said = self.texts.say(
            "expectation.alt",
            label=label,
            mark=written_with_interval(self.mark, self.released, self.texts),
            minimum=written_with_interval(self.least, self.released, self.texts),
            place=self.texts.say(f"expectation.place_{self.place}"),
        )
        if self.wish is None:
            return said
        wish = written_with_interval(self.wish, self.released, self.texts)
        return f"{said} {self.texts.say('expectation.alt_desired', desired=wish)}"

    @property
    def place(self) -> str:
        """Where the mark surely lies: under, in or above the zone, or too near its lower end to say."""
        if self.gap != "above":
            return "under" if self.gap == "below" else "near"
        return "above" if self.wish and self.mark.estimate > self.wish.estimate else "in"
