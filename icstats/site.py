"""The index: all departments on one page, from the numbers that their own reports show."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from icstats.collation import HIDDEN, RESULTS
from icstats.engine import write_whole
from icstats.errors import RunError
from icstats.limits import VERDICTS
from icstats.pages import TEMPLATES, Link, check_page, content_policy, in_reading_order, stylesheet
from icstats.plan import INTERNAL, OVERVIEW
from icstats.questionnaire import DRIVER_BLOCKS
from icstats.study import ORGANISATION
from icstats.summary import RUN
from icstats.texts import Texts
from icstats.workbook import WORKBOOK
from icstats.written import written_n

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from icstats.questionnaire import ResponseScale
    from icstats.study import Study

__all__ = ["INDEX", "index_script", "write_index"]

INDEX = "index.html"

CANNOT_TELL = "cannot_tell"
AS_SHOWN = {"timed_out": "failed", "interrupted": "not_run"}
"""What a reader is told of states that make no difference to them."""
CODE = re.compile(r"ICS-\d{3}")
STATUSES = ("done", "suppressed", "failed", "not_run")
ORDERS = ("study", "name", "verdict", "status")
"""There is none by mark: the index is no ranking."""

FEWEST_TO_SEARCH = 2
"""With fewer departments there is nothing to search, filter or order."""


@dataclass(frozen=True, kw_only=True)
class Strip:
    """A mark on the line of its scale, in percent of its length."""

    mark: float
    low: float | None
    high: float | None
    norm: float | None


@dataclass(frozen=True, kw_only=True)
class Row:
    """One department on the index; a note stands in place of its numbers."""

    name: str
    status: str
    note: str = ""
    reason: str = ""
    answered_by: str = ""
    mark: str = ""
    interval: str = ""
    strip: Strip | None = None
    verdict: str = ""
    verdict_code: str = ""
    why: str = ""
    links: tuple[Link, ...] = ()
    edited: str = ""


def write_index(study: Study, folder: Path, *, others: Mapping[str, str] | None = None) -> Path:
    """Write ``index.html`` of a study's wave and return its path.

    Parameters
    ----------
    study
        For names and the scale of the outcome. Numbers and states come from ``results.json`` and ``run.json`` alone.
    folder
        Where they are, and where the index goes.
    others
        Other language -> relative path of the index of the same wave in that language.

    Raises
    ------
    RunError
        If there is no finished run.
    """
    receipt = _receipt(folder)
    target = folder / INDEX
    html = in_reading_order(_Index(study, folder, receipt, others or {}).html())
    check_page(html, script=index_script())
    write_whole(target, html)
    return target


@cache
def index_script() -> str:
    """Return the script that searches, filters and orders the index."""
    return (TEMPLATES / "site" / "index.js").read_text(encoding="utf-8").strip()


def _receipt(folder: Path) -> dict[str, Any]:
    try:
        receipt: dict[str, Any] = json.loads((folder / RUN).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunError(
            f"There is no finished run of wave {folder.name}.",
            code="ICS-721",
            hint="run the study first: icstats run STUDY",
        ) from error
    return receipt


class _Index:
    """The words and numbers of one index."""

    def __init__(self, study: Study, folder: Path, receipt: Mapping[str, Any], others: Mapping[str, str]) -> None:
        self._study, self._folder, self._receipt, self._others = study, folder, receipt, others
        self._language = str(receipt["language"])
        self._texts = Texts(self._language)
        self._scale: ResponseScale = study.questionnaire.response_scale(study.questionnaire.outcome)

    def html(self) -> str:
        from importlib.metadata import version  # noqa: PLC0415  with jinja2, only when there is an index to write

        from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415
        from markupsafe import Markup  # noqa: PLC0415

        environment = Environment(
            loader=FileSystemLoader(str(TEMPLATES / "site")), autoescape=True, undefined=StrictUndefined
        )
        rows = [self._department(one.slug, one.name[self._language]) for one in self._study.departments]
        overview, say = self._overview(), self._texts.say
        return environment.get_template("index.html.j2").render(
            language=self._language,
            policy=content_policy(index_script()),
            stylesheet=Markup(stylesheet()),  # noqa: S704  our own file
            script=Markup(index_script()) if len(rows) >= FEWEST_TO_SEARCH else "",  # noqa: S704  as above
            languages=[
                Link(href=href, label=Texts(other).say("page.language"), language=other)
                for other, href in self._others.items()
            ],
            orders=[
                (code, say(f"site.order_by.{code}"))
                for code in ORDERS
                if code != "verdict" or any(row.verdict for row in rows)
            ],
            verdicts=[
                (code, say(f"verdict.{code}")) for code in VERDICTS if code in {row.verdict_code for row in rows}
            ],
            statuses=[
                (code, say(f"site.status_name.{code}")) for code in STATUSES if code in {row.status for row in rows}
            ],
            say=say,
            organisation=self._study.organisation[self._language],
            title=self._study.title[self._language],
            wave=self._study.wave,
            how_to_read=self._how_to_read([*rows, overview]),
            rows=rows,
            overview=overview,
            norm_name=self._norm_name() if any(row.verdict for row in rows) else "",
            made_on=self._texts.date(datetime.fromisoformat(self._receipt["finished"]).date()),
            version=version("icstats"),
            results=RESULTS if (self._folder / RESULTS).is_file() else "",
            workbook=WORKBOOK if (self._folder / WORKBOOK).is_file() else "",
        )

    def _how_to_read(self, rows: Sequence[Row]) -> str:
        if not any(row.strip for row in rows):
            return self._texts.say("site.how_to_read_no_mark")
        with_norm = any(row.strip and row.strip.norm is not None for row in rows)
        return self._texts.say(
            "site.how_to_read_norm" if with_norm else "site.how_to_read",
            minimum=self._texts.number(self._scale.minimum, 0),
            maximum=self._texts.number(self._scale.maximum, 0),
            norm_name=self._norm_name(),
        )

    def _norm_name(self) -> str:
        norm = self._receipt["norm"] or {"name": "", "fictional": False}
        if norm["name"] == INTERNAL:
            return self._texts.say("summary.norm_name_departments")
        return self._texts.say("summary.norm_name_fictional" if norm["fictional"] else "summary.norm_name")

    def _overview(self) -> Row:
        state = self._receipt["overview"]
        links = self._links("", (OVERVIEW,))
        name = self._texts.say("site.overview")
        status = AS_SHOWN.get(state["status"], state["status"])
        if status == "failed":
            return Row(name=name, status="failed", reason=self._why_failed(state["reason"]))
        if status == "not_run":
            return Row(name=name, status=status, note=self._texts.say("site.not_run"))
        return self._with_numbers(name, "", ORGANISATION, links)

    def _department(self, slug: str, name: str) -> Row:
        row = self._as_made(slug, name)
        edited = self._receipt["departments"].get(slug, {}).get("edited", [])
        return replace(row, edited=self._texts.say("site.edited", files=", ".join(edited))) if edited else row

    def _as_made(self, slug: str, name: str) -> Row:
        state = self._receipt["departments"].get(slug, {"status": "not_run", "reason": ""})
        status = AS_SHOWN.get(state["status"], state["status"])
        # The technical pages of a department that is not shown have nothing to say.
        notebooks = self._study.notebooks[:1] if status == "suppressed" else self._study.notebooks
        links = self._links(f"{slug}/", notebooks)
        if status == "done":
            return self._with_numbers(name, f"{slug}/", slug, links)
        notes = {
            "failed": self._texts.say("site.failed", reason=self._why_failed(state["reason"])),
            "suppressed": self._texts.say("site.suppressed", minimum=self._study.policy.minimum_group),
            "not_run": self._texts.say("site.not_run"),
        }
        return Row(name=name, status=status, note=notes[status], links=links)

    def _why_failed(self, reason: str) -> str:
        """Return in the reader's words why it failed, by the codes in the reason; that itself is for who ran it."""
        known = [code for code in dict.fromkeys(CODE.findall(reason)) if self._texts.knows(f"failure.{code}")]
        words = [f"{self._texts.say(f'failure.{code}')} [{code}]" for code in known]
        return "; ".join(words) or self._texts.say("failure.other")

    def _links(self, prefix: str, notebooks: Iterable[str]) -> tuple[Link, ...]:
        """Return links to the pages that are there."""
        return tuple(
            Link(href=f"{prefix}{notebook}.html", label=self._texts.say(f"page_label.{notebook}"))
            for notebook in notebooks
            if (self._folder / prefix / f"{notebook}.html").is_file()
        )

    def _with_numbers(self, name: str, prefix: str, department: str, links: tuple[Link, ...]) -> Row:
        content = json.loads((self._folder / prefix / RESULTS).read_text(encoding="utf-8"))
        numbers = _Numbers(content["rows"], department)
        outcome = self._study.questionnaire.outcome
        mark = numbers.find(("Summary", "Comparison"), outcome, "mean")
        if mark is None:
            return Row(name=name, status="suppressed", note=self._suppressed(), links=links)
        norm = numbers.find(("Comparison",), outcome, "norm")
        difference = numbers.find(("Comparison",), outcome, "difference")
        return Row(
            name=name,
            status="done",
            answered_by=written_n(str(mark["n"]), self._texts),
            mark=self._texts.number(mark["estimate"], 1),
            interval=self._interval(mark),
            strip=self._strip(mark, norm),
            verdict=self._texts.say(f"verdict.{difference['verdict']}") if difference else "",
            verdict_code=difference["verdict"] if difference else "",
            why=self._why(numbers),
            links=links,
        )

    def _suppressed(self) -> str:
        return self._texts.say("site.suppressed", minimum=self._study.policy.minimum_group)

    def _interval(self, row: Mapping[str, Any]) -> str:
        if row.get("conf_low") is None:
            return ""
        low, high = (self._texts.number(row[name], 1) for name in ("conf_low", "conf_high"))
        return self._texts.say("site.interval", low=low, high=high)

    def _strip(self, mark: Mapping[str, Any], norm: Mapping[str, Any] | None) -> Strip:
        return Strip(
            mark=self._place(mark["estimate"]) or 0.0,
            low=self._place(mark.get("conf_low")),
            high=self._place(mark.get("conf_high")),
            norm=self._place(norm["estimate"]) if norm else None,
        )

    def _place(self, value: float | None) -> float | None:
        """Return where a value lies on the scale, from 0 to 100."""
        if value is None:
            return None
        share = (value - self._scale.minimum) / (self._scale.maximum - self._scale.minimum)
        return round(100 * min(max(share, 0.0), 1.0), 1)

    def _why(self, numbers: _Numbers) -> str:
        shares = {block: numbers.find(("Importance",), block, "shapley_share") for block in DRIVER_BLOCKS}
        verdict = next((str(row["verdict"]) for row in shares.values() if row and row.get("verdict")), "")
        if verdict == CANNOT_TELL:
            return self._texts.say("site.cannot_tell")
        leading = next((row for block, row in shares.items() if block == verdict), None)
        if leading is None:
            return self._texts.say("site.too_few")
        return self._texts.say(
            "site.leading",
            block=self._texts.say(f"block_in_sentence.{verdict}"),
            share=self._texts.percent(leading["estimate"]),
        )


class _Numbers:
    """The shown numbers about one department."""

    def __init__(self, rows: Iterable[Mapping[str, Any]], department: str) -> None:
        self._rows = [
            row
            for row in rows
            if row["department"] == department and row["mark"] != HIDDEN and row["estimate"] is not None
        ]

    def find(self, kinds: Sequence[str], variable: str, statistic: str) -> Mapping[str, Any] | None:
        """Return the number with these keys, of the first kind that has it."""
        for kind in kinds:
            for row in self._rows:
                if (row["kind"], row["variable"], row["statistic"]) == (kind, variable, statistic):
                    return row
        return None
