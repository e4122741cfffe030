"""Figures of released results: what a department head looks at first.

Every figure has a caption (what is drawn, on how many answers) and an alternative text that states the finding with
its numbers. Scales run over their whole length, so that departments' figures can be laid side by side; rows keep the
order of the questionnaire; nothing is coloured for being lowest. Where all is hidden there is a sentence instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from icstats.canvas import ACCENT, BLOCKS, Figure
from icstats.disclosure import ReleasedRow, only_released
from icstats.heatmap import heat_map
from icstats.limits import VERDICTS
from icstats.markstrip import mark_strip
from icstats.rowchart import Axis, Row, TextColumn, row_chart
from icstats.sharebars import why_bar, why_bars
from icstats.written import (
    listed,
    scale_ends,
    written_answers,
    written_caption,
    written_nothing,
    written_number,
    written_scale,
    written_with_interval,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from icstats.disclosure import Released
    from icstats.texts import Texts

__all__ = [
    "Figure",
    "dot_intervals",
    "driver_dots",
    "forest",
    "heat_map",
    "mark_strip",
    "reliability_dots",
    "why_bar",
    "why_bars",
]

MANY_TICKS = 11
SHARES_TO = 0.3
"""The axis of driver shares runs at least this far, in every department."""


@dataclass(frozen=True, kw_only=True)
class _Line:
    """One released row with its place in the figure."""

    row: ReleasedRow
    name: str
    group: str
    colour: str


def dot_intervals(
    summary: Released,
    *,
    texts: Texts,
    labels: Mapping[str, str],
    variables: Sequence[str] | None = None,
    blocks: Mapping[str, Sequence[str]] | None = None,
    norms: Mapping[str, float] | None = None,
    norm_name: str = "",
    source: str = "",
) -> Figure:
    """Draw means with intervals on the scale's own range, the norm as a tick and the satisfied share as a number.

    Parameters
    ----------
    summary
        Rows ``mean`` and, where there are, ``satisfied``.
    texts
        The reader's language.
    labels
        Code of a variable, and of a block, -> its name.
    variables
        What to draw, from top to bottom; None takes all that are released.
    blocks
        Block -> its variables: rows under the name of their block, in its colour; goes before ``variables``.
    norms, norm_name
        Variable -> norm, and what a sentence calls the norm.
    source
        Where the answers come from; empty leaves it out.

    Returns
    -------
    Figure
        A sentence instead of a picture when all rows are hidden.

    Raises
    ------
    DisclosureError
        If ``summary`` is anything else than released.
    """
    only_released(summary, what="figure")
    lines = _lines(summary, "mean", labels, variables, blocks)
    rows = [line.row for line in lines]
    if all(row.hidden for row in rows):
        return Figure.of_sentence(written_nothing(summary, texts))
    decimals = summary.policy.decimals_points
    ticks = {code: round(value, decimals) for code, value in (norms or {}).items() if not np.isnan(value)}
    satisfied = {row.variable: _satisfied(summary, row, texts) for row in rows}
    has_shares = any(told and told != texts.say("tables.hidden") for told in satisfied.values())
    picture, height = row_chart(
        [
            _dotted(
                line,
                (written_number(line.row, summary, texts), satisfied[line.row.variable])[: 1 + has_shares],
                instead=texts.say("tables.hidden"),
                tick=ticks.get(line.row.variable),
            )
            for line in lines
        ],
        axis=_scale_axis(rows, texts, norm_name if ticks else ""),
        columns=[
            TextColumn(heading=texts.say("figures.mean"), width=70, bold=True),
            TextColumn(heading=texts.say("figures.satisfied"), width=66),
        ][: 1 + has_shares],
    )
    drawn = texts.say(
        "figures.dots_caption",
        level=_level(summary, texts),
        n=written_answers(rows, texts),
        **written_scale(rows, texts),
    )
    return Figure.of_picture(
        picture,
        height=height,
        alt=_dots_alt(lines, summary, texts, norms=ticks, norm_name=norm_name, satisfied=satisfied),
        caption=written_caption(
            drawn,
            texts.say("figures.dots_caption_norm", norm_name=norm_name) if ticks else "",
            rows=rows,
            released=summary,
            texts=texts,
            source=source,
        ),
    )


def driver_dots(
    importance: Released,
    *,
    texts: Texts,
    labels: Mapping[str, str],
    blocks: Mapping[str, Sequence[str]],
    measure: str = "lmg_share",
    source: str = "",
) -> Figure:
    """Draw the share of every question in explained satisfaction, under its block, with interval.

    Parameters
    ----------
    importance
        Rows of ``measure`` for every question.
    blocks
        Block -> its questions.
    measure
        ``lmg_share`` or ``owen_share``.
    texts, labels, source
        As for :func:`dot_intervals`.
    """
    only_released(importance, what="figure")
    lines = _lines(importance, measure, labels, None, blocks)
    rows = [line.row for line in lines]
    if all(row.hidden for row in rows):
        return Figure.of_sentence(written_nothing(importance, texts))
    picture, height = row_chart(
        [
            _dotted(line, (written_number(line.row, importance, texts),), instead=texts.say("tables.hidden"))
            for line in lines
        ],
        axis=_share_axis(rows, texts),
        columns=[TextColumn(heading=texts.say("figures.share"), bold=True)],
    )
    level, n = _level(importance, texts), written_answers(rows, texts)
    return Figure.of_picture(
        picture,
        height=height,
        alt=_listed(texts.say("figures.drivers_intro"), lines, importance, texts),
        caption=written_caption(
            texts.say("figures.drivers_caption", level=level, n=n),
            rows=rows,
            released=importance,
            texts=texts,
            source=source,
        ),
    )


def forest(
    comparison: Released,
    *,
    texts: Texts,
    labels: Mapping[str, str],
    norm_name: str,
    variables: Sequence[str] | None = None,
    blocks: Mapping[str, Sequence[str]] | None = None,
    departments: Mapping[str, str] | None = None,
    source: str = "",
) -> Figure:
    """Draw differences from the norm with intervals, the margin as a grey band and the verdict in words.

    Parameters
    ----------
    comparison
        Rows ``difference`` with ``margin`` and ``verdict``.
    norm_name
        What a sentence calls the norm.
    departments
        Slug -> name, from top to bottom, where the rows are departments and the release is about one variable.
    texts, labels, variables, blocks, source
        As for :func:`dot_intervals`.
    """
    only_released(comparison, what="figure")
    lines = (
        _lines(comparison, "difference", labels, variables, blocks)
        if departments is None
        else _department_lines(comparison, "difference", departments)
    )
    rows = [line.row for line in lines]
    if all(row.hidden for row in rows):
        return Figure.of_sentence(written_nothing(comparison, texts))
    picture, height = row_chart(
        [
            _dotted(
                line,
                (written_number(line.row, comparison, texts, signed=True), _verdict(line.row, texts)),
                instead=texts.say("tables.hidden"),
                margin=_known(line.row.extras.get("margin")),
            )
            for line in lines
        ],
        axis=_difference_axis(rows, texts),
        columns=[
            TextColumn(heading=texts.say("figures.difference"), width=62, bold=True),
            TextColumn(width=116, align="left"),
        ],
    )
    drawn = texts.say(
        "figures.forest_caption",
        norm_name=norm_name,
        level=_level(comparison, texts),
        n=written_answers(rows, texts),
    )
    return Figure.of_picture(
        picture,
        height=height,
        alt=_forest_alt(lines, comparison, texts, norm_name),
        caption=written_caption(drawn, rows=rows, released=comparison, texts=texts, source=source),
    )


def reliability_dots(
    reliability: Released,
    *,
    texts: Texts,
    labels: Mapping[str, str],
    coefficients: Mapping[str, str],
    limit: float = 0.7,
    source: str = "",
) -> Figure:
    """Draw reliability coefficients with intervals and the limit of what is reliable enough.

    Parameters
    ----------
    reliability
        Rows of a scale and a coefficient.
    labels
        Code of a scale -> its name, from top to bottom.
    coefficients
        Code of a coefficient -> its name; others are not drawn.
    limit
        Where the upright line stands.
    texts, source
        As for :func:`dot_intervals`.
    """
    only_released(reliability, what="figure")
    rows = [row for scale in labels for row in _of_scale(reliability, scale, coefficients)]
    if all(row.hidden for row in rows):
        return Figure.of_sentence(written_nothing(reliability, texts))
    named = {row.variable: place for place, row in reversed(list(enumerate(rows)))}
    lines = [
        _Line(row=row, name=labels[row.variable] if named[row.variable] == place else "", group="", colour=ACCENT)
        for place, row in enumerate(rows)
    ]
    picture, height = row_chart(
        [
            _dotted(
                line,
                (coefficients[line.row.statistic], written_number(line.row, reliability, texts)),
                instead=texts.say("tables.hidden"),
            )
            for line in lines
        ],
        axis=Axis(
            low=0.0,
            high=1.0,
            ticks=tuple((tick / 5, texts.number(tick / 5, 1)) for tick in range(6)),
            line=(limit, texts.number(limit, reliability.policy.decimals_coefficient)),
        ),
        columns=[TextColumn(width=116, align="left"), TextColumn(heading=texts.say("figures.estimate"), bold=True)],
    )
    full = [
        _Line(
            row=row,
            name=labels[row.variable]
            if row.hidden
            else texts.say("figures.coefficient_of", scale=labels[row.variable], name=coefficients[row.statistic]),
            group="",
            colour=ACCENT,
        )
        for row in rows
    ]
    drawn = texts.say(
        "figures.reliability_caption",
        level=_level(reliability, texts),
        n=written_answers(rows, texts),
        limit=texts.number(limit, reliability.policy.decimals_coefficient),
    )
    return Figure.of_picture(
        picture,
        height=height,
        alt=_listed(texts.say("figures.reliability_intro"), full, reliability, texts),
        caption=written_caption(drawn, rows=rows, released=reliability, texts=texts, source=source),
    )


def _of_scale(reliability: Released, scale: str, coefficients: Mapping[str, str]) -> list[ReleasedRow]:
    """Return the coefficients of a scale, or one hidden row where all are hidden."""
    found = [row for code in coefficients if (row := reliability.row(scale, code)) is not None and row.drawn]
    shown = [row for row in found if not row.hidden]
    return shown or found[:1]


def _lines(
    released: Released,
    statistic: str,
    labels: Mapping[str, str],
    variables: Sequence[str] | None,
    blocks: Mapping[str, Sequence[str]] | None,
) -> list[_Line]:
    """Return the rows to draw, from top to bottom; a block's own row has its colour as well."""
    if blocks is not None:
        wanted = [(code, block) for block, codes in blocks.items() for code in codes]
    else:
        wanted = [(code, "") for code in (released.variables if variables is None else variables)]
    found = [(released.row(code, statistic), block) for code, block in wanted]
    return [
        _Line(
            row=row,
            name=labels.get(row.variable, row.variable),
            group=labels.get(block, block),
            colour=BLOCKS.get(block or row.variable, ACCENT),
        )
        for row, block in found
        if row is not None and row.drawn
    ]


def _department_lines(released: Released, statistic: str, departments: Mapping[str, str]) -> list[_Line]:
    """Return the only variable's rows, one per department; a department without a row is hidden.

    None where no department has it, for instance a question that nobody answered.
    """
    if not released.variables:
        return []
    (variable,) = released.variables
    found = {
        slug: released.row(variable, statistic, slug) or ReleasedRow.of_nothing(slug, variable, statistic)
        for slug in departments
    }
    return [_Line(row=row, name=departments[slug], group="", colour=ACCENT) for slug, row in found.items() if row.drawn]


def _dotted(
    line: _Line, words: tuple[str, ...], *, instead: str, tick: float | None = None, margin: float | None = None
) -> Row:
    row = line.row
    if row.hidden:
        return Row(name=line.name, group=line.group, colour=line.colour, instead=instead)
    return Row(
        name=line.name,
        group=line.group,
        colour=line.colour,
        value=row.estimate,
        low=_known(row.conf_low),
        high=_known(row.conf_high),
        tick=tick,
        margin=margin,
        words=words,
    )


def _known(value: float | None) -> float | None:
    return None if value is None or np.isnan(value) else value


def _satisfied(summary: Released, mean: ReleasedRow, texts: Texts) -> str:
    row = summary.row(mean.variable, "satisfied")
    if row is None or mean.hidden:
        return ""
    return texts.say("tables.hidden") if row.hidden else written_number(row, summary, texts)


def _verdict(row: ReleasedRow, texts: Texts) -> str:
    code = str(row.extras.get("verdict", ""))
    return texts.say(f"verdict.{code}") if code else ""


def _level(released: Released, texts: Texts) -> str:
    return texts.percent(released.settings.conf_level)


def _scale_axis(rows: Sequence[ReleasedRow], texts: Texts, tick_name: str) -> Axis:
    low, high = scale_ends(rows)
    step = 1 if high - low < MANY_TICKS else ceil((high - low) / 5)
    ticks = tuple((float(mark), texts.number(mark, 0)) for mark in np.arange(low, high + 1e-9, step))
    return Axis(low=low, high=high, ticks=ticks, tick_name=tick_name)


def _share_axis(rows: Sequence[ReleasedRow], texts: Texts) -> Axis:
    furthest = max([SHARES_TO, *(end for row in rows for end in (row.estimate, row.conf_high) if not np.isnan(end))])
    tenths = ceil(round(furthest * 10, 6))
    step = 1 if tenths <= 5 else 2  # noqa: PLR2004  six labels fit side by side
    ticks = tuple((tenth / 10, texts.percent(tenth / 10)) for tenth in range(0, tenths + 1, step))
    return Axis(low=0.0, high=tenths / 10, ticks=ticks)


def _difference_axis(rows: Sequence[ReleasedRow], texts: Texts) -> Axis:
    """Return an axis of about a quarter of the scale to both sides, in halves of a point, further where needed."""
    low, high = scale_ends(rows)
    step = max(0.5, round((high - low) / 4) / 2)
    ends = [abs(end) for row in rows for end in (row.estimate, row.conf_low, row.conf_high) if not np.isnan(end)]
    steps = max(2, ceil(round(max(ends) / step, 6)))
    far = steps * step
    marks = [step * mark for mark in range(-steps, steps + 1)]
    ticks = tuple((mark, texts.signed(mark, 0 if step == round(step) else 1)) for mark in marks)
    return Axis(
        low=-far,
        high=far,
        ticks=ticks,
        line=(0.0, ""),
        ends=(texts.say("figures.forest_below"), texts.say("figures.forest_above")),
    )


def _listed(
    intro: str, lines: Sequence[_Line], released: Released, texts: Texts, written: Mapping[str, str] | None = None
) -> str:
    """Return the shown rows as a sentence, and the names of the hidden ones."""
    shown = [line for line in lines if not line.row.hidden]
    rows = (
        {line.name: written_with_interval(line.row, released, texts) for line in shown} if written is None else written
    )
    said = listed(intro, rows, {line.name: line.row.estimate for line in shown}, texts)
    hidden = [line.name for line in lines if line.row.hidden]
    return " ".join([said, *([texts.say("figures.not_shown", names=texts.listing(hidden))] if hidden else [])])


def _dots_alt(
    lines: Sequence[_Line],
    summary: Released,
    texts: Texts,
    *,
    norms: Mapping[str, float],
    norm_name: str,
    satisfied: Mapping[str, str],
) -> str:
    written = {}
    for line in lines:
        if line.row.hidden:
            continue
        said, code = written_with_interval(line.row, summary, texts), line.row.variable
        if code in norms:
            norm = texts.number(norms[code], summary.policy.decimals_points)
            said = texts.say("figures.and_norm", row=said, norm_name=norm_name, norm=norm)
        if "%" in satisfied[code]:
            said = texts.say("figures.and_satisfied", row=said, share=satisfied[code])
        written[line.name] = said
    intro = texts.say("figures.dots_intro", **written_scale([line.row for line in lines], texts))
    return _listed(intro, lines, summary, texts, written)


def _forest_alt(lines: Sequence[_Line], comparison: Released, texts: Texts, norm_name: str) -> str:
    groups = []
    for code in VERDICTS:
        named = [
            texts.say("figures.named", name=line.name, value=written_number(line.row, comparison, texts, signed=True))
            for line in lines
            if not line.row.hidden and line.row.extras.get("verdict") == code
        ]
        if named:
            verdict = texts.say(f"verdict.{code}")
            groups.append(texts.say("figures.verdict_group", verdict=verdict, rows=", ".join(named)))
    intro = texts.say("figures.forest_intro", norm_name=norm_name)
    said = texts.say("figures.list", intro=intro, rows="; ".join(groups))
    hidden = [line.name for line in lines if line.row.hidden]
    return " ".join([said, *([texts.say("figures.not_shown", names=texts.listing(hidden))] if hidden else [])])
