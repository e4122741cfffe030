"""Departments by blocks as a heat map whose colours belong to the scale and not to the ranking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from icstats.canvas import FAINT, INK, PAPER, SOFT, WIDTH, Figure, fitting_size, ink_on, sheet, wrapped
from icstats.disclosure import only_released
from icstats.written import (
    scale_ends,
    written_answers,
    written_caption,
    written_nothing,
    written_number,
    written_scale,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from icstats.canvas import RGB, Sheet
    from icstats.disclosure import Released, ReleasedRow
    from icstats.texts import Texts

__all__ = ["heat_map"]

NAME_ROOM = 146
GAP = 14
SMALL = 12
LINE = 15
ROW_HEIGHT = 34
FOOT = 40
KEY_WIDTH = 150
STEPS = 25
LOW_END, MIDDLE, HIGH_END = "#a65a1f", "#f4f1ea", "#17688a"
"""Brown to blue by way of paper: apart for every kind of colour vision, and neither end is a traffic light."""


def heat_map(
    summary: Released,
    *,
    texts: Texts,
    labels: Mapping[str, str],
    departments: Mapping[str, str],
    statistic: str = "mean",
    source: str = "",
) -> Figure:
    """Draw means of departments by blocks, the value in each cell, hidden cells hatched and in words.

    Parameters
    ----------
    summary
        Rows of several departments; see :func:`icstats.disclosure.gathered`. All are on one scale.
    texts
        The reader's language.
    labels
        Variable -> heading of its column, from left to right; one that was not released at all has no column.
    departments
        Slug -> name, from top to bottom; one without rows is shown as hidden.
    statistic
        What the cells show.
    source
        Where the answers come from; empty leaves it out.

    Returns
    -------
    Figure
        A sentence instead of a picture when all cells are hidden.

    Raises
    ------
    DisclosureError
        If ``summary`` is anything else than released.
    """
    only_released(summary, what="figure")
    labels = {code: label for code, label in labels.items() if code in summary.variables}
    rows = {(slug, code): summary.row(code, statistic, slug) for slug in departments for code in labels}
    shown = {place: row for place, row in rows.items() if row is not None and not row.hidden and row.drawn}
    if not shown:
        return Figure.of_sentence(written_nothing(summary, texts))
    heat = _Heat(released=summary, texts=texts, labels=labels, departments=departments, shown=shown)
    with sheet(heat.height) as page:
        heat.draw(page)
        picture = page.png()
    found = list(shown.values())
    drawn = texts.say("figures.heat_caption", n=written_answers(found, texts), **written_scale(found, texts))
    explained = texts.say("tables.note_hidden", minimum=summary.policy.minimum_group) if len(shown) < len(rows) else ""
    return Figure.of_picture(
        picture,
        height=heat.height,
        alt=heat.alt,
        caption=written_caption(drawn, explained, rows=[], released=summary, texts=texts, source=source),
    )


@dataclass(frozen=True, kw_only=True)
class _Heat:
    released: Released
    texts: Texts
    labels: Mapping[str, str]
    departments: Mapping[str, str]
    shown: Mapping[tuple[str, str], ReleasedRow]

    @property
    def left(self) -> float:
        return NAME_ROOM + GAP

    @property
    def cell(self) -> float:
        return (WIDTH - self.left) / len(self.labels)

    @property
    def head(self) -> float:
        return 10 + LINE * max(len(self._heading(label)) for label in self.labels.values())

    @property
    def row_height(self) -> float:
        """Equal for all departments, so that the cells form a grid."""
        return ROW_HEIGHT + LINE * (max(len(wrapped(name, NAME_ROOM)) for name in self.departments.values()) - 1)

    @property
    def bottom(self) -> float:
        return self.head + self.row_height * len(self.departments)

    @property
    def height(self) -> int:
        return round(self.bottom + FOOT)

    @property
    def heading_size(self) -> float:
        words = max((word for label in self.labels.values() for word in label.split()), key=len, default="")
        return fitting_size(words, self.cell - 8, sizes=(SMALL, 11, 10))

    def _heading(self, label: str) -> list[str]:
        return wrapped(label, self.cell - 8, size=self.heading_size)

    @property
    def ends(self) -> tuple[float, float]:
        return scale_ends(list(self.shown.values()))

    def draw(self, page: Sheet) -> None:
        self._draw_cells(page)
        for number, label in enumerate(self.labels.values()):
            lines = self._heading(label)
            middle = self.head - 8 - LINE * (len(lines) - 1) / 2 - 4
            page.text(
                self.left + (number + 0.5) * self.cell,
                middle,
                "\n".join(lines),
                size=self.heading_size,
                colour=SOFT,
                align="center",
            )
        for number, (slug, name) in enumerate(self.departments.items()):
            top = self.head + number * self.row_height
            page.text(0, top + self.row_height / 2, "\n".join(wrapped(name, NAME_ROOM)))
            self._draw_hidden(page, slug, top)
        self._draw_key(page)

    def _draw_cells(self, page: Sheet) -> None:
        import seaborn as sns  # noqa: PLC0415  slow, and only drawing needs it

        low, high = self.ends
        ramp = _ramp()
        values = pd.DataFrame([[self._value(slug, code) for code in self.labels] for slug in self.departments])
        sns.heatmap(
            values,
            mask=values.isna(),
            cmap=ramp,
            vmin=low,
            vmax=high,
            linewidths=page.points(2),
            linecolor=PAPER,
            cbar=False,
            xticklabels=False,
            yticklabels=False,
            ax=page.inset(self.left, self.head, WIDTH - self.left, self.bottom - self.head),
        )
        for (slug, code), row in self.shown.items():
            x = self.left + (list(self.labels).index(code) + 0.5) * self.cell
            y = self.head + (list(self.departments).index(slug) + 0.5) * self.row_height
            colour = ramp[min(int((row.estimate - low) / (high - low) * STEPS), STEPS - 1)]
            words = written_number(row, self.released, self.texts)
            page.text(x, y, words, size=14, colour=ink_on(colour), align="center", bold=True)

    def _value(self, slug: str, code: str) -> float:
        row = self.shown.get((slug, code))
        return float("nan") if row is None else row.estimate

    def _draw_hidden(self, page: Sheet, slug: str, top: float) -> None:
        """Hatch the hidden cells; a department that is hidden altogether is one cell."""
        hidden = [number for number, code in enumerate(self.labels) if (slug, code) not in self.shown]
        whole = len(hidden) == len(self.labels)
        for number in [0] if whole else hidden:
            x, width = self.left + number * self.cell + 1, self.cell * (len(self.labels) if whole else 1) - 2
            page.box(x, top + 1, width, self.row_height - 2, colour=PAPER, hatch="////", edge=FAINT, order=4)
            words = self.texts.say("tables.hidden")
            page.text(
                x + width / 2,
                top + self.row_height / 2,
                "\n".join(wrapped(words, width - 12, size=SMALL)),
                size=SMALL,
                colour=INK,
                align="center",
                covering=True,
            )

    def _draw_key(self, page: Sheet) -> None:
        """Draw the scale itself under the cells: its colours, its ends and its middle."""
        (low, high), top = self.ends, self.bottom + 10
        page.shading(self.left, top, 8, [colour for colour in _ramp() for _ in range(KEY_WIDTH // STEPS)])
        for value, place in ((low, 0.0), ((low + high) / 2, 0.5), (high, 1.0)):
            words = self.texts.number(value, 0 if value == round(value) else 1)
            page.text(self.left + place * KEY_WIDTH, top + 20, words, size=SMALL, colour=SOFT, align="center")

    @property
    def alt(self) -> str:
        """What the columns run from and to, and who is not shown."""
        columns = [words for code, label in self.labels.items() if (words := self._column(code, label))]
        intro = self.texts.say("figures.heat_intro", **written_scale(list(self.shown.values()), self.texts))
        said = [self.texts.say("figures.list", intro=intro, rows="; ".join(columns))]
        nowhere = [
            name
            for slug, name in self.departments.items()
            if not any((slug, code) in self.shown for code in self.labels)
        ]
        if nowhere:
            said.append(self.texts.say("figures.not_shown", names=self.texts.listing(nowhere)))
        return " ".join(said)

    def _column(self, code: str, label: str) -> str:
        rows = [row for (_, variable), row in self.shown.items() if variable == code]
        if not rows:
            return ""
        low, high = (end(row.estimate for row in rows) for end in (min, max))
        if low == high:
            return self.texts.say(
                "figures.heat_equal", name=label, value=written_number(rows[0], self.released, self.texts)
            )
        lowest, highest = (self._named([row for row in rows if row.estimate == end]) for end in (low, high))
        return self.texts.say(
            "figures.heat_column",
            name=label,
            lowest=lowest,
            low=written_number(min(rows, key=lambda row: row.estimate), self.released, self.texts),
            highest=highest,
            high=written_number(max(rows, key=lambda row: row.estimate), self.released, self.texts),
        )

    def _named(self, rows: Sequence[ReleasedRow]) -> str:
        return self.texts.listing([self.departments[row.department] for row in rows])


def _ramp() -> list[RGB]:
    """Return the colours of the scale from its low end to its high end."""
    import seaborn as sns  # noqa: PLC0415  slow, and only drawing needs it

    return [(red, green, blue) for red, green, blue in sns.blend_palette([LOW_END, MIDDLE, HIGH_END], STEPS)]
