"""Released numbers as HTML tables that are read as well by a screen reader: caption, header cells with scope, words.

What is not shown is said in words and never by colour or an empty cell.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Literal

import numpy as np

from icstats.disclosure import ReleasedRow, only_released
from icstats.written import in_unit, written_chance, written_interval, written_n

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from icstats.disclosure import Released
    from icstats.texts import Texts

__all__ = ["Column", "Table", "department_table", "scrolled", "table"]

Shown = Literal[
    "estimate",
    "count",
    "interval",
    "n",
    "p_value",
    "p_adjusted",
    "margin",
    "n_items",
    "above_70",
    "verdict",
    "statistic",
]
Key = Literal["variable", "department", "row"]
WORDS = frozenset({"verdict", "statistic"})
P_VALUES = frozenset({"p_value", "p_adjusted"})
CHANCES = frozenset({"above_70", "probability_first", "probability_top"})

MANY_COLUMNS = 6
"""From here on a table is set smaller, and wider than the text where the window has room."""

SMALLEST_P = 0.001
"""The door tells no smaller p-values apart."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table as a reader sees it.

    Attributes
    ----------
    html
        ``<table>`` in a ``div`` that scrolls (see :func:`scrolled`) and, where something is not shown, a paragraph of
        class ``note``.
        Cells have the classes ``number``, ``words`` and ``hidden``.
    caption
        The caption, unescaped.
    """

    html: str
    caption: str

    def _repr_html_(self) -> str:
        return self.html


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    heading
        Its header cell.
    statistic
        Which statistic it shows; None where the rows of the table are the rows of the release.
    variable
        Which variable it shows, in a table with a row per department.
    show
        What of that statistic.
    signed
        Differences: with plus or minus.
    words
        Texts to show instead of a released number, per row key: for instance the number invited.
    names
        Names of codes, for ``verdict`` and ``statistic``.
    """

    heading: str
    statistic: str | None = None
    variable: str | None = None
    show: Shown = "estimate"
    signed: bool = False
    words: Mapping[str, str] | None = None
    names: Mapping[str, str] | None = None


def table(
    released: Released,
    *,
    texts: Texts,
    caption: str,
    columns: Sequence[Column],
    labels: Mapping[str, str],
    by: Key = "variable",
    stub: str = "",
    groups: Mapping[str, Sequence[str]] | None = None,
    muted: Collection[str] = (),
) -> Table:
    """Return a released result as a table.

    Parameters
    ----------
    released
        What may be shown.
    texts
        The reader's language.
    caption
        What the table holds.
    columns
        From left to right.
    labels
        Code of the row, a variable or a department, -> its name; a code without a name names itself.
    by
        What a row of the table is: a ``variable``, a ``department``, or a ``row`` of the release (labelled by its
        variable), where columns need no statistic.
    stub
        Header of the first column.
    groups
        Name of a group -> codes of its rows: rows under a heading of their own. A department without rows is hidden.
    muted
        Codes of rows in grey: not to be relied on, for a reason that the row itself gives in words.

    Returns
    -------
    Table
        A sentence instead of a table when there are no rows.

    Raises
    ------
    DisclosureError
        If ``released`` is anything else than released.
    """
    only_released(released, what="table")
    grid = _Grid(released=released, texts=texts, columns=tuple(columns), labels=labels, by=by, muted=frozenset(muted))
    bodies = grid.bodies(groups)
    if not any(lines for _, lines in bodies):
        return Table(html=f'<p class="note">{escape(texts.say("tables.nothing"))}</p>', caption=caption)
    head = "".join(
        f'<th scope="col"{_class(column)}>{escape(column.heading)}</th>'
        for column in (Column(heading=stub, words={}), *columns)
    )
    body = "".join(grid.body(name, lines) for name, lines in bodies)
    whole = f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>{body}</table>"
    kinds = [_kind(column) for column in columns]
    has_verdict = kinds[-2:] == ["number", "words"]
    html = scrolled(
        whole, caption, columns=len(columns) + 1, beside=max(kinds.count("number"), 1), has_verdict=has_verdict
    )
    return Table(html=html + grid.notes(body), caption=caption)


def scrolled(html: str, caption: str, *, columns: int, beside: int = 0, has_verdict: bool = False) -> str:
    """Return a table in a part of the page that scrolls where it must, for those who have only a keyboard too.

    Parameters
    ----------
    html, caption
        The table, and what it holds.
    columns
        How many it has.
    beside
        How many of them stand beside each other on a narrow screen, where the name of the row and what is told in words
        are set above them; 0 leaves the table as it is.
    has_verdict
        Whether the last is a verdict in words, which there stands beside the name.
    """
    rows = f" rows of-{beside}{' judged' if has_verdict else ''}" if beside else ""
    kind = f"scroll{rows}{' many' if columns >= MANY_COLUMNS else ''}"
    return f'<div class="{kind}" role="group" aria-label="{escape(caption)}" tabindex="0">{html}</div>'


def department_table(
    released: Released,
    *,
    texts: Texts,
    caption: str,
    labels: Mapping[str, str],
    departments: Mapping[str, str],
    stub: str = "",
    statistic: str = "mean",
    answered: str = "",
) -> Table:
    """Return a department by variable table of one statistic, for instance means per block.

    Parameters
    ----------
    released
        Rows of several departments; see :func:`icstats.disclosure.gathered`.
    labels
        Variable -> heading of its column, from left to right.
    departments
        Slug -> name, from top to bottom; one without rows is said not to be shown.
    answered
        Heading of a last column with n of the first variable; empty leaves it out.
    texts, caption, stub
        As for :func:`table`.
    statistic
        What the cells show.
    """
    only_released(released, what="table")
    columns = [Column(heading=heading, variable=code, statistic=statistic) for code, heading in labels.items()]
    if answered and labels:
        columns.append(Column(heading=answered, variable=next(iter(labels)), statistic=statistic, show="n"))
    return table(
        released,
        texts=texts,
        caption=caption,
        columns=columns,
        labels=departments,
        by="department",
        stub=stub,
        groups={"": list(departments)},
    )


Line = tuple[str, ReleasedRow | None]


@dataclass(frozen=True, kw_only=True)
class _Grid:
    """The rows and cells of one table."""

    released: Released
    texts: Texts
    columns: tuple[Column, ...]
    labels: Mapping[str, str]
    by: Key
    muted: frozenset[str]

    def bodies(self, groups: Mapping[str, Sequence[str]] | None) -> list[tuple[str, list[Line]]]:
        """Return the lines of every group: a key, and the row itself where a line is a row of the release."""
        lines = self._lines()
        if groups is None:
            return [("", lines)]
        if self.by == "department":
            return [(name, [(key, None) for key in keys]) for name, keys in groups.items()]
        return [(name, [line for key in keys for line in lines if line[0] == key]) for name, keys in groups.items()]

    def _lines(self) -> list[Line]:
        if self.by == "row":
            return [(row.variable, row) for row in self.released.each()]
        keys = self.released.variables if self.by == "variable" else self.released.departments
        return [(key, None) for key in keys]

    def body(self, name: str, lines: Sequence[Line]) -> str:
        """Return one group of rows."""
        width = len(self.columns) + 1
        heading = f'<tr><th scope="rowgroup" colspan="{width}">{escape(name)}</th></tr>' if name and lines else ""
        rows = "".join(
            f'<tr{self._row_class(key)}><th scope="row">{escape(self.labels.get(key, key))}</th>'
            f"{self._cells(key, row)}</tr>"
            for key, row in lines
        )
        return f"<tbody>{heading}{rows}</tbody>" if lines else ""

    def _row_class(self, key: str) -> str:
        return ' class="muted"' if key in self.muted else ""

    def _found(self, key: str, row: ReleasedRow | None) -> list[ReleasedRow | None]:
        """Return the row of the release behind every cell of a line."""
        if self.by == "row":
            return [row if column.words is None else None for column in self.columns]
        department = key if self.by == "department" else None
        return [
            self._row(column.variable or key, column.statistic or "", department) if column.words is None else None
            for column in self.columns
        ]

    def _row(self, variable: str, statistic: str, department: str | None) -> ReleasedRow | None:
        """Return a row of the release; a department that has none at all is hidden."""
        if department is not None and department not in self.released.departments:
            return ReleasedRow.of_nothing(department, variable, statistic)
        return self.released.row(variable, statistic, department)

    def _cells(self, key: str, line: ReleasedRow | None) -> str:
        """Return the cells of one line; where all its numbers are hidden, neighbours become one cell that says so."""
        rows = self._found(key, line)
        found = [row for row in rows if row is not None]
        all_hidden = bool(found) and all(row.hidden for row in found)
        cells, waiting = [], 0
        for column, row in zip(self.columns, rows, strict=True):
            is_hidden = row is not None and row.hidden and column.show != "statistic"
            if is_hidden and all_hidden:
                waiting += 1
                continue
            cells.append(self._hidden_cell(waiting))
            waiting = 0
            text = self.texts.say("tables.hidden") if is_hidden else self._written(column, row, key)
            kind = f"{_kind(column)} hidden" if is_hidden else _kind(column)
            label = "" if column.words is None else f' data-label="{escape(column.heading)}"'  # for narrow screens
            cells.append(f'<td class="{kind}"{label}>{escape(text)}</td>')
        return "".join([*cells, self._hidden_cell(waiting)])

    def _hidden_cell(self, width: int) -> str:
        if not width:
            return ""
        span = f' colspan="{width}"' if width > 1 else ""
        words = self.texts.say("tables.hidden")
        return f'<td class="hidden"{span}>{escape(words)}</td>'

    def _written(self, column: Column, row: ReleasedRow | None, key: str) -> str:
        """Return the text of one cell that may be shown."""
        if column.words is not None:
            return column.words.get(key, "")
        return (self._shown(column, row) if row is not None else "") or self.texts.say("tables.empty")

    def _shown(self, column: Column, row: ReleasedRow) -> str:
        if column.show in {"verdict", "statistic"}:
            code = row.statistic if column.show == "statistic" else str(row.extras.get("verdict", ""))
            return (column.names or {}).get(code, code)
        if column.show == "n":
            return written_n(row.n, self.texts)
        if column.show == "interval":
            return written_interval(row, self.released, self.texts, signed=column.signed)
        return self._number(column, row)

    def _number(self, column: Column, row: ReleasedRow) -> str:
        value = row.estimate if column.show in {"estimate", "count"} else row.extras.get(column.show, row.p_value)
        if np.isnan(value):
            return ""
        if column.show in P_VALUES:
            shown = self.texts.number(value, 3)
            return self.texts.say("tables.small_p", p=shown) if value <= SMALLEST_P else shown
        if column.show in CHANCES or (column.show == "estimate" and row.statistic in CHANCES):
            return written_chance(value, self.texts)
        if column.show in {"n_items", "count"}:
            return self.texts.number(value, 0)
        return in_unit(value, row, self.released, self.texts, signed=column.signed)

    def notes(self, body: str) -> str:
        """Return under the table what was left out, in words that hold for every reason."""
        rules, said = self.released.policy, []
        if 'hidden"' in body:
            said.append(self.texts.say("tables.note_hidden", minimum=rules.minimum_group))
        if "spread" in self.released.notes and any(column.show == "interval" for column in self.columns):
            said.append(self.texts.say("tables.note_spread", spread=rules.minimum_spread))
        if "exact" in self.released.notes and any(column.show in P_VALUES for column in self.columns):
            said.append(self.texts.say("tables.note_p", exact=rules.exact_n))
        return "".join(f'<p class="note">{escape(sentence)}</p>' for sentence in said)


def _kind(column: Column) -> str:
    return "words" if column.words is not None or column.show in WORDS else "number"


def _class(column: Column) -> str:
    return f' class="{_kind(column)}"'
