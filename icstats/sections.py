"""A section of a report: a question as its title, the answer, the evidence, and the released numbers as data."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from icstats.disclosure import Released
    from icstats.figures import Figure
    from icstats.tables import Table

__all__ = ["RELEASED_JSON", "Section", "folded", "paragraphs", "quoted", "section"]

RELEASED_JSON = "application/vnd.icstats.released+json"
"""Media type under which a notebook keeps the released numbers, so that ``results.json`` is what readers saw."""


@dataclass(frozen=True, kw_only=True)
class Section:
    """What one notebook cell shows.

    Attributes
    ----------
    title
        The reader's question; empty for the masthead.
    body
        HTML of the section without its title, made of escaped text, tables and figures.
    caption, alt
        Captions and alt texts of its figures, together.
    notes
        Codes of what the reader should know.
    released
        The released results that the section was made from.
    level
        Level of its heading.
    """

    title: str
    body: str
    caption: str = ""
    alt: str = ""
    notes: tuple[str, ...] = ()
    released: tuple[Released, ...] = ()
    level: int = 2

    def _repr_html_(self) -> str:
        if not self.title and not self.body:
            return "<section hidden></section>"
        heading = f"<h{self.level}>{escape(self.title)}</h{self.level}>" if self.title else ""
        return f"<section>{heading}{self.body}</section>"

    def __repr__(self) -> str:
        return f"<Section: {self.title}>"

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        bundle: dict[str, Any] = {"text/html": self._repr_html_(), "text/plain": repr(self)}
        rows = [_record(row, released) for released in self.released for row in released.records()]
        if rows:
            bundle[RELEASED_JSON] = {"rows": rows}
        return bundle


def section(title: str, *parts: str | Table | Figure, released: Iterable[Released] = ()) -> Section:
    """Return a section of HTML, tables and figures, in that order; ``released`` is what they were made from."""
    figures = [part for part in parts if not isinstance(part, str) and hasattr(part, "alt")]
    captions = [part.caption for part in parts if not isinstance(part, str)]
    made_from = tuple(released)
    return Section(
        title=title,
        body="".join(part if isinstance(part, str) else part.html for part in parts),
        caption="\n".join(captions),
        alt="\n".join(figure.alt for figure in figures),
        notes=tuple(dict.fromkeys(note for one in made_from for note in one.notes)),
        released=made_from,
    )


def _record(row: dict[str, Any], released: Released) -> dict[str, Any]:
    """Return a released row as others will read it: with its kind, and the verdict of the whole on the model's row."""
    verdict = {"verdict": released.verdict} if row["variable"] == "model" and released.verdict else {}
    return {"kind": released.kind, **row, **verdict}


def paragraphs(sentences: Iterable[str], *, kind: str = "") -> str:
    """Return each sentence as an escaped paragraph; ``kind`` becomes its class."""
    mark = f' class="{kind}"' if kind else ""
    return "".join(f"<p{mark}>{escape(sentence)}</p>" for sentence in sentences if sentence)


def folded(summary: str, body: str) -> str:
    """Return detail that a reader folds open, without a script."""
    return f"<details><summary>{escape(summary)}</summary>{body}</details>"


def quoted(question: str, texts: Iterable[str]) -> str:
    """Return what people wrote in answer to a question, escaped, under it."""
    return f"<h3>{escape(question)}</h3><ul>{''.join(f'<li>{escape(text)}</li>' for text in texts)}</ul>"
