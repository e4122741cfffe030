"""One notebook executed by papermill, stripped of everything but its sections; one department's pages rendered.

These functions run in worker processes. What goes wrong comes back as a reason that never holds an answer of a
respondent; the full traceback, which may, goes to a private log only.
"""

from __future__ import annotations

import errno
import json
import os
import re
import sys
import traceback
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal

from icstats import errors
from icstats.collation import as_json, merged_rows, shows_a_number
from icstats.decisions import QUOTED
from icstats.errors import ICStatsError, RunError
from icstats.pages import Link, is_section, render
from icstats.sections import RELEASED_JSON
from icstats.store import ALL_COUNTS
from icstats.strict_yaml import remember

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from nbformat import NotebookNode

    from icstats.strict_yaml import Plain

__all__ = [
    "KERNEL",
    "Engine",
    "Execution",
    "Outcome",
    "Page",
    "Publication",
    "Reads",
    "default_engine",
    "file_digest",
    "is_disk_full",
    "part_of",
    "perform",
    "unexpected",
    "write_whole",
]

Engine = Literal["fork", "kernel", "dask"]
"""``fork``: in the process itself, which is a copy of one that has everything imported. ``kernel``: in a Jupyter
kernel of its own, as papermill does it. ``dask``: as ``fork``, on the workers of a Dask cluster."""

Reads = Literal["own", "quoted", "all"]
"""Whose answers a notebook has read: its own department's, or also others'."""

Halted = Literal["", "full", "changed"]

KERNEL = "icstats"
SHOWN_TYPES = ("text/html", "text/plain", RELEASED_JSON)
OWN_ERRORS = frozenset(errors.__all__) - {"Problem"}
MEMORY_ERRORS = frozenset({"MemoryError", "_ArrayMemoryError", "ArrowMemoryError"})
COLOUR_CODES = re.compile(r"\x1b\[[0-9;]*m")
MEGABYTE = 2**20


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
        Where the notebook runs; the study's path among the parameters is relative to it.
    log
        Private file for the traceback of a failure.
    engine
        How it is executed.
    memory
        Megabytes that it may take on top of what the libraries take; None means: as many as it wants.
    inputs
        File -> SHA-256 of what the notebook must have been made from.
    answers
        Folder of the prepared answers.
    own
        Paths in ``answers`` that concern its own department, or nobody's in particular.
    settings
        What the settings files of the study say, by their text: read once and not for every notebook.
    """

    department: str
    notebook: str
    template: Path
    target: Path
    parameters: Mapping[str, str]
    folder: Path
    log: Path
    engine: Engine = "fork"
    memory: int | None = None
    inputs: Mapping[Path, str] = field(default_factory=dict)
    answers: Path | None = None
    own: frozenset[str] = frozenset()
    settings: Mapping[str, Plain] = field(default_factory=dict, repr=False)


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
    """The pages of one department, which link to each other and first of all to ``home``, and its numbers.

    Attributes
    ----------
    results
        Where the numbers of all pages together go; None when a notebook failed, as they would not be all.
    """

    department: str
    language: str
    home: Link
    pages: tuple[Page, ...]
    results: Path | None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of a task.

    Attributes
    ----------
    failures
        Notebook -> reason, for those that failed.
    reads
        Whose answers an executed notebook has read.
    left_out
        How many outputs of an executed notebook were no section of a report.
    shown
        Whether the numbers of a publication hold one that may be shown.
    halted
        Why no other notebook can be made either: the disk is ``full``, or an input ``changed``; else empty.
    """

    failures: Mapping[str, str] = field(default_factory=dict)
    reads: Reads = "all"
    left_out: int = 0
    shown: bool = True
    halted: Halted = ""


def default_engine() -> Engine:
    """Return the fast way where a process can be copied safely: on Linux."""
    return "fork" if sys.platform == "linux" else "kernel"


def perform(task: Execution | Publication) -> Outcome:
    """Do a task; whatever goes wrong in it becomes a reason."""
    return _executed(task) if isinstance(task, Execution) else _published(task)


def _executed(task: Execution) -> Outcome:
    task.log.unlink(missing_ok=True)
    remember(task.settings)
    opened = _files_opened_from_now() if task.engine != "kernel" and task.answers else None
    try:
        _limit_memory(task.memory)
        executed = _run_by_papermill(task)
        left_out = _no_sections(executed)
        notebook = _cleaned(executed)
        _refuse_changed(task.inputs)
        write_whole(task.target, _as_text(notebook))
        task.target.with_suffix(".html").unlink(missing_ok=True)
    except Exception as error:  # noqa: BLE001  whatever happens in one notebook must not stop the others
        reason = _over_limit(task, error) or _reason(error, task.log).replace(f"{task.folder}{os.sep}", "")
        return Outcome(failures={task.notebook: reason}, halted=_halts(error))
    return Outcome(reads="all" if opened is None else _reads(opened, task), left_out=left_out)


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
    halted: Halted = ""
    for page in pages:
        try:
            write_whole(page.target, rendered[page.notebook])
        except OSError as error:
            failures[page.notebook] = _reason(error, page.log)
            halted = halted or _halts(error)
    if failures or task.results is None:
        return Outcome(failures=failures, halted=halted)
    return _collated(task, task.results)


def _collated(task: Publication, results: Path) -> Outcome:
    """Write the numbers of all notebooks together; numbers that contradict each other are nobody's."""
    try:
        rows = merged_rows(row for page in task.pages for row in _released_rows(page.source))
        write_whole(results, as_json({"rows": rows}))
    except (RunError, OSError) as error:
        reason = _reason(error, task.pages[0].log)
        return Outcome(
            failures=dict.fromkeys((page.notebook for page in task.pages), reason),
            halted=_halts(error),
        )
    return Outcome(shown=shows_a_number(rows, task.department))


def _rendered(pages: Sequence[Page], task: Publication) -> tuple[dict[str, str], dict[str, str]]:
    """Return the pages by notebook, and why the others failed."""
    done: dict[str, str] = {}
    failed: dict[str, str] = {}
    shown = any(_shows_a_number(page, task.department) for page in pages)
    for page in pages:
        # Where no number may be shown, the technical pages have nothing to lead to.
        links = _links(task.home, pages if shown else pages[:1], page)
        try:
            done[page.notebook] = render(page.source, title=page.title, language=task.language, links=links)
        except Exception as error:  # noqa: BLE001  one page must not stop the others
            failed[page.notebook] = _reason(error, page.log)
    return done, failed


def _shows_a_number(page: Page, department: str) -> bool:
    try:
        return shows_a_number(_released_rows(page.source), department)
    except (OSError, ValueError, KeyError):
        return True  # rendering says what is wrong with it


def _links(home: Link, pages: Sequence[Page], current: Page) -> list[Link]:
    siblings = [Link(href=page.target.name, label=page.label, current=page is current) for page in pages]
    return [home, *siblings]


def _run_by_papermill(task: Execution) -> NotebookNode:
    """Execute the notebook in memory: papermill's own writing is neither atomic nor free of paths and parameters."""
    import nbformat  # noqa: PLC0415  these are slow to import; only worker processes need them
    from papermill import execute_notebook  # noqa: PLC0415

    from icstats.inprocess import ENGINE  # noqa: PLC0415  brings IPython

    template = nbformat.read(task.template, as_version=4)  # type: ignore[no-untyped-call]
    executed: NotebookNode = execute_notebook(
        template,
        None,
        parameters=dict(task.parameters),
        engine_name=None if task.engine == "kernel" else ENGINE,
        kernel_name=KERNEL,
        progress_bar=False,
        cwd=task.folder,
        shutdown_kernel="immediate",
    )
    return executed


def _limit_memory(megabytes: int | None) -> None:
    """Let this process, and a kernel that it starts, take so much more than it has now."""
    if megabytes is None or sys.platform == "win32":
        return
    import resource  # noqa: PLC0415  not everywhere

    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_address_space() + megabytes * MEGABYTE, hard))


def _address_space() -> int:
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123  Linux' own, not a path of ours
            return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def _over_limit(task: Execution, error: Exception) -> str:
    """Return what it means that memory ran out below the limit that was set."""
    if task.memory is None or getattr(error, "ename", type(error).__name__) not in MEMORY_ERRORS:
        return ""
    return str(
        RunError(
            f"{task.notebook} of {task.department} needed more than the {task.memory} MB that it may take.",
            code="ICS-732",
            hint="raise --memory",
        )
    )


def _refuse_changed(inputs: Mapping[Path, str]) -> None:
    """Refuse to have made a notebook from something else than the others."""
    changed = [path.name for path, digest in inputs.items() if file_digest(path) != digest]
    if changed:
        raise _ChangedError(
            f"{', '.join(changed)} changed while the run went on.", code="ICS-714", hint="run the study again"
        )


class _ChangedError(RunError):
    """An input is not what it was."""


def _halts(error: Exception) -> Halted:
    if is_disk_full(error):
        return "full"
    return "changed" if isinstance(error, _ChangedError) else ""


def is_disk_full(error: Exception) -> bool:
    """Return whether an error means that nothing more can be written."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file; of nothing when it is not there."""
    try:
        return sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


def _files_opened_from_now() -> set[str]:
    """Return a set that grows with every file that this process opens, and when it reads all counts or quotes all.

    So what a notebook rests on is observed, not guessed.
    """
    opened: set[str] = set()

    def note(event: str, details: tuple[object, ...]) -> None:
        if event == "open" and isinstance(details[0], str):
            opened.add(details[0])
        elif event in {ALL_COUNTS, QUOTED}:
            opened.add(event)

    sys.addaudithook(note)
    return opened


def _reads(opened: set[str], task: Execution) -> Reads:
    folder = f"{task.answers}{os.sep}"
    within = {path.removeprefix(folder).replace(os.sep, "/") for path in opened if path.startswith(folder)}
    if ALL_COUNTS in opened or not within <= task.own:
        return "all"
    return "quoted" if QUOTED in opened else "own"


def _no_sections(notebook: NotebookNode) -> int:
    """Return how many outputs no reader will see."""
    return sum(not is_section(output) for cell in notebook.cells for output in cell.get("outputs", ()))


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


def _released_rows(notebook: Path) -> Iterator[Mapping[str, Any]]:
    """Return the released numbers that an executed notebook shows."""
    content = json.loads(notebook.read_text(encoding="utf-8"))
    for cell in content["cells"]:
        for output in cell.get("outputs", ()):
            yield from output["data"].get(RELEASED_JSON, {}).get("rows", ())


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


def write_whole(target: Path, content: str | bytes) -> None:
    """Write a file so that it is never seen half: beside its place first, then moved there."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = part_of(target)
    try:
        with part.open("wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def part_of(target: Path) -> Path:
    """Return where a file is written before it is whole."""
    return target.with_name(f".{target.name}.part")
