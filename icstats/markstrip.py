"""One mean on its whole scale, with the norm: the first figure of a report."""

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

__all__ = ["mark_strip"]

SIDE = 22
EDGE = 3
STRIP = 64
FOOT = 108


def mark_strip(
    summary: Released,
    *,
    variable: str,
    label: str,
    texts: Texts,
    norm: float | None = None,
    norm_band: tuple[float, float] | None = None,
    norm_name: str = "",
    internal: bool = False,
    source: str = "",
) -> Figure:
    """Draw one mean on its whole scale: a dot with its interval, the norm as a tick in a band.

    Parameters
    ----------
    summary
        Has the row ``variable``, ``mean``.
    variable, label
        Code and name of what is judged: the report mark.
    texts
        The reader's language.
    norm, norm_band
        Mean of the norm, and its lower and upper quartile; NaN is as None.
    norm_name
        What a sentence calls the norm.
    internal
        The norm is the mean of this study's own departments.
    source
        Where the answers come from; empty leaves it out.

    Returns
    -------
    Figure
        A sentence instead of a picture when the mean is hidden.

    Raises
    ------
    DisclosureError
        If ``summary`` is anything else than released.
    """
    only_released(summary, what="figure")
    row = summary.row(variable, "mean")
    if row is None or row.hidden or not row.drawn:
        return Figure.of_sentence(written_nothing(summary, texts))
    decimals = summary.policy.decimals_points
    strip = _Strip(
        row=row,
        released=summary,
        texts=texts,
        norm=None if norm is None or np.isnan(norm) else round(norm, decimals),
        band=None
        if norm_band is None or np.isnan(norm_band).any()
        else (round(norm_band[0], decimals), round(norm_band[1], decimals)),
        norm_name=norm_name,
        internal=internal,
    )
    with sheet(strip.height) as page:
        strip.draw(page)
        picture = page.png()
    return Figure.of_picture(
        picture, height=strip.height, alt=strip.alt(label), caption=strip.caption(label, source), fits=True
    )


@dataclass(frozen=True, kw_only=True)
class _Strip:
    row: ReleasedRow
    released: Released
    texts: Texts
    norm: float | None
    band: tuple[float, float] | None
    norm_name: str
    internal: bool

    @property
    def height(self) -> int:
        return FOOT + 26

    def x(self, value: float) -> float:
        low, high = scale_ends([self.row])
        return SIDE + (min(max(value, low), high) - low) / (high - low) * (WIDTH - 2 * SIDE)

    def draw(self, page: Sheet) -> None:
        low, high = scale_ends([self.row])
        page.line((self.x(low), STRIP), (self.x(high), STRIP), colour=SOFT, width=1.2)
        for mark in np.arange(low, high + 1):
            page.line((self.x(mark), STRIP - 5), (self.x(mark), FOOT - 8), colour=LINE, order=0.5)
            page.text(self.x(mark), FOOT + 8, self.texts.number(mark, 0), size=LARGE, colour=SOFT, align="center")
        self._draw_norm(page)
        self._draw_mark(page)

    def _draw_norm(self, page: Sheet) -> None:
        if self.band is not None:
            left, right = (self.x(end) for end in self.band)
            page.box(left, STRIP - 12, right - left, 24, colour=BAND)
        if self.norm is not None:
            page.line((self.x(self.norm), STRIP - 12), (self.x(self.norm), STRIP + 14), colour=INK, width=1.8, order=3)
            words = self.texts.say("figures.named", name=self.norm_name, value=self._points(self.norm))
            place = self._inside(self.x(self.norm), words, LARGE)
            page.text(place, STRIP + 26, words, size=LARGE, colour=SOFT, align="center", covering=True)

    def _draw_mark(self, page: Sheet) -> None:
        row = self.row
        has_interval = not np.isnan(row.conf_low)
        if has_interval:
            page.line((self.x(row.conf_low), STRIP), (self.x(row.conf_high), STRIP), colour=ACCENT, width=5, order=4)
        page.dot(self.x(row.estimate), STRIP, colour=ACCENT, size=14, is_open=not has_interval)
        value = written_number(row, self.released, self.texts)
        interval = written_interval(row, self.released, self.texts)
        wide, gap = width_of(value, 22, bold=True), 8 if interval else 0
        whole = wide + gap + width_of(interval, LARGE)
        start = min(max(self.x(row.estimate) - wide / 2, 0), WIDTH - EDGE - whole)
        page.text(start, 24, value, size=22, colour=ACCENT, bold=True)
        page.text(start + wide + gap, 27, interval, size=LARGE, colour=SOFT)

    @staticmethod
    def _inside(x: float, words: str, size: float) -> float:
        half = width_of(words, size) / 2
        return min(max(x, EDGE + half), WIDTH - EDGE - half)

    def _points(self, value: float) -> str:
        return self.texts.number(value, self.released.policy.decimals_points)

    def caption(self, label: str, source: str) -> str:
        say, words = self.texts.say, {"label": label, **written_scale([self.row], self.texts)}
        band = "figures.mark_caption_band_internal" if self.internal else "figures.mark_caption_band"
        rules, n = self.released.policy, written_answers([self.row], self.texts)
        if np.isnan(self.row.conf_low):
            what = say("figures.mark_caption_no_interval", n=n, spread=rules.minimum_spread, **words)
        else:
            level = self.texts.percent(self.released.settings.conf_level)
            what = say("figures.mark_caption", n=n, level=level, **words)
        return " ".join(
            [
                what,
                *([say(band, norm_name=self.norm_name)] if self.band else []),
                *([say("figures.mark_caption_norm", norm_name=self.norm_name)] if self.norm is not None else []),
                *([say("figures.source", source=source)] if source else []),
            ]
        )

    def alt(self, label: str) -> str:
        say = self.texts.say
        value = written_with_interval(self.row, self.released, self.texts)
        said = [say("figures.mark_alt", label=label, value=value, **written_scale([self.row], self.texts))]
        if self.norm is not None:
            said.append(say("figures.mark_alt_norm", norm_name=self.norm_name, norm=self._points(self.norm)))
        if self.band is not None:
            band = "figures.mark_alt_band_internal" if self.internal else "figures.mark_alt_band"
            low, high = (self._points(end) for end in self.band)
            said.append(say(band, low=low, high=high))
        return " ".join(said)
