"""One notebook executed by papermill, stripped of everything but its sections; one department's pages rendered.

These functions run in worker processes. What goes wrong comes back as a reason that never holds an answer of a
respondent; the full traceback, which may, goes to a private log only.
"""

from __future__ import annotations

import os
import re
import traceback
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from icstats import errors
from icstats.errors import ICStatsError, RunError
from icstats.pages import Link, is_section, render
from icstats.sections import RELEASED_JSON

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from nbformat import NotebookNode

__all__ = ["KERNEL", "Execution", "Outcome", "Page", "Publication", "part_of", "perform", "unexpected", "write_whole"]

KERNEL = "icstats"
SHOWN_TYPES = ("text/html", "text/plain", RELEASED_JSON)
OWN_ERRORS = frozenset(errors.__all__) - {"Problem"}
COLOUR_CODES = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, kw_only=True)
class Execution:
    """A notebook to execute.

    Attributes
    ----------
    department, notebook
        What it is about and which template it is.
    template, target
        The stored template and where the executed notebook goes.
    parameters
        papermill parameters: plain text.
    folder
        Where the kernel runs; the study's path among the parameters is relative to it.
    log
        Private file for the traceback of a failure.
    """

    department: str
    notebook: str
    template: Path
    target: Path
    parameters: Mapping[str, str]
    folder: Path
    log: Path


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page to make of an executed notebook, beside it."""

    notebook: str
    source: Path
    title: str
    label: str
    log: Path

    @property
    def target(self) -> Path:
        """Where the page goes."""
        return self.source.with_suffix(".html")


@dataclass(frozen=True, kw_only=True)
class Publication:
    """The pages of one department, which link to each other and first of all to ``home``."""

    department: str
    language: str
    home: Link
    pages: tuple[Page, ...]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of a task.

    Attributes
    ----------
    failures
        Notebook -> reason, for those that failed.
    rows
        Released numbers that an executed notebook shows.
    """

    failures: Mapping[str, str] = field(default_factory=dict)
    rows: tuple[Mapping[str, Any], ...] = ()


def perform(task: Execution | Publication) -> Outcome:
    """Do a task; whatever goes wrong in it becomes a reason."""
    return _executed(task) if isinstance(task, Execution) else _published(task)


def _executed(task: Execution) -> Outcome:
    task.log.unlink(missing_ok=True)
    try:
        notebook = _cleaned(_run_by_papermill(task))
        write_whole(task.target, _as_text(notebook))
        task.target.with_suffix(".html").unlink(missing_ok=True)
    except Exception as error:  # noqa: BLE001  whatever happens in one notebook must not stop the others
        reason = _reason(error, task.log).replace(f"{task.folder}{os.sep}", "")
        return Outcome(failures={task.notebook: reason})
    return Outcome(rows=tuple(_released_rows(notebook)))


def _published(task: Publication) -> Outcome:
    """Render the pages; where one fails, the others are rendered again without a link to it."""
    failures: dict[str, str] = {}
    pages = list(task.pages)
    while pages:
        rendered, failed = _rendered(pages, task)
        if not failed:
            break
        failures |= failed
        pages = [page for page in pages if page.notebook not in failed]
    for page in pages:
        try:
            write_whole(page.target, rendered[page.notebook])
        except OSError as error:
            failures[page.notebook] = _reason(error, page.log)
    return Outcome(failures=failures)


def _rendered(pages: Sequence[Page], task: Publication) -> tuple[dict[str, str], dict[str, str]]:
    """Return the pages by notebook, and why the others failed."""
    done: dict[str, str] = {}
    failed: dict[str, str] = {}
    for page in pages:
        links = _links(task.home, pages, page)
        try:
            done[page.notebook] = render(page.source, title=page.title, language=task.language, links=links)
        except Exception as error:  # noqa: BLE001  one page must not stop the others
            failed[page.notebook] = _reason(error, page.log)
    return done, failed


def _links(home: Link, pages: Sequence[Page], current: Page) -> list[Link]:
    siblings = [Link(href=page.target.name, label=page.label, current=page is current) for page in pages]
    return [home, *siblings]


def _run_by_papermill(task: Execution) -> NotebookNode:
    """Execute the notebook in memory: papermill's own writing is neither atomic nor free of paths and parameters."""
    import nbformat  # noqa: PLC0415  these are slow to import; only worker processes need them
    from papermill import execute_notebook  # noqa: PLC0415

    template = nbformat.read(task.template, as_version=4)  # type: ignore[no-untyped-call]
    executed: NotebookNode = execute_notebook(
        template,
        None,
        parameters=dict(task.parameters),
        kernel_name=KERNEL,
        progress_bar=False,
        cwd=task.folder,
        shutdown_kernel="immediate",
    )
    return executed


def _cleaned(notebook: NotebookNode) -> NotebookNode:
    """Keep source, tags and sections; drop paths, times, parameters in metadata, streams and every other output."""
    kernel = notebook.metadata["kernelspec"]
    notebook.metadata = {
        "kernelspec": {key: kernel[key] for key in ("display_name", "language", "name") if key in kernel},
        "language_info": {"name": "python"},
    }
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        cell.metadata = {"tags": tags} if tags else {}
        if "injected-parameters" in tags:
            cell.id = "injected-parameters"
        if cell.cell_type == "code":
            cell.outputs = [_cleaned_output(output) for output in cell.outputs if is_section(output)]
    return notebook


def _cleaned_output(output: NotebookNode) -> NotebookNode:
    output.metadata = {}
    output.data = {kind: output.data[kind] for kind in SHOWN_TYPES if kind in output.data}
    return output


def _as_text(notebook: NotebookNode) -> str:
    import nbformat  # noqa: PLC0415

    text: str = nbformat.writes(notebook)  # type: ignore[no-untyped-call]
    return text + "\n"


def _released_rows(notebook: NotebookNode) -> list[Mapping[str, Any]]:
    return [
        row
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        for row in output.data.get(RELEASED_JSON, {}).get("rows", ())
    ]


def _reason(error: Exception, log: Path) -> str:
    """Return why it failed as everybody may read it; the whole of it goes to the private log."""
    told = getattr(error, "traceback", None)
    full = "\n".join(told) if isinstance(told, list) else "".join(traceback.format_exception(error))
    with suppress(OSError):  # a full disk is a reason too, and must not take the others along
        log.touch(mode=0o600)
        log.write_text(COLOUR_CODES.sub("", full) + "\n", encoding="utf-8")
    if isinstance(error, ICStatsError):
        return " ".join(str(error).split())
    kind = getattr(error, "ename", type(error).__name__)
    return " ".join(str(getattr(error, "evalue", kind)).split()) if kind in OWN_ERRORS else unexpected(str(kind))


def unexpected(kind: str) -> str:
    """Return the reason for an error that is not our own: its words may hold an answer, only its kind is told."""
    return str(
        RunError(
            f"An unexpected error ended it ({kind}).",
            code="ICS-730",
            hint="run it once more; the full story is in the private logs",
        )
    )


def write_whole(target: Path, text: str) -> None:
    """Write a file so that it is never seen half: beside its place first, then moved there."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = part_of(target)
    try:
        with part.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def part_of(target: Path) -> Path:
    """Return where a file is written before it is whole."""
    return target.with_name(f".{target.name}.part")
