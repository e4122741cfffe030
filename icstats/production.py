"""The making of reports while it goes on: tasks are handed out, what came of them is noted, and leaks are withheld.

Everything is made in a folder beside the place of the reports; :mod:`icstats.batch` decides what, and releases it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from shutil import disk_usage
from typing import TYPE_CHECKING, Literal

from icstats.cluster import ClusterWorkers
from icstats.collation import RESULTS
from icstats.documents import settings_of
from icstats.engine import (
    Engine,
    Execution,
    Halted,
    Outcome,
    Page,
    Publication,
    default_engine,
    is_disk_full,
    perform,
)
from icstats.errands import ONE_THREAD_EACH, PRELOAD, START, leaks
from icstats.errors import HaltedError, RunError
from icstats.pages import Link
from icstats.receipts import NotebookReceipt, Receipt, begun, files_of
from icstats.site import INDEX
from icstats.study import ORGANISATION
from icstats.texts import Texts
from icstats.workers import Finished, Workers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from icstats.stock import Stock, Subject

__all__ = ["SECONDS", "Production", "Step", "Terms"]

SECONDS = 600.0
"""What a notebook may take unless somebody says otherwise."""

WORKERS_LOG = "workers.log"
BYTES_PER_NOTEBOOK = 500_000
"""Room that a notebook and its page need, rather more than less."""
MEGABYTE = 2**20


@dataclass(frozen=True, kw_only=True)
class Step:
    """One notebook begun or ended, for whoever shows progress.

    Attributes
    ----------
    status
        ``begun``, ``done`` or ``failed``.
    ended, total
        Notebooks that are over, and all of this run.
    """

    department: str
    notebook: str
    status: Literal["begun", "done", "failed"]
    reason: str
    ended: int
    total: int


@dataclass(frozen=True, kw_only=True)
class Terms:
    """How notebooks are executed.

    Attributes
    ----------
    workers
        Number of processes.
    engine
        See :data:`icstats.engine.Engine`.
    scheduler
        Address of the scheduler of the engine ``dask``.
    seconds
        What one notebook may take; None means: as long as it wants.
    memory
        Megabytes that one notebook may take on top of the libraries; None means: as many as it wants.
    """

    workers: int = 2
    engine: Engine = field(default_factory=default_engine)
    scheduler: str | None = None
    seconds: float | None = SECONDS
    memory: int | None = None


Task = Execution | Publication


class Production:
    """A run while it goes on.

    Attributes
    ----------
    ended
        Notebooks that are over.
    """

    def __init__(
        self,
        *,
        stock: Stock,
        to_make: Sequence[Subject],
        terms: Terms,
        logs: Path,
        progress: Callable[[Step], None] | None,
    ) -> None:
        self._stock, self._to_make, self._terms, self._logs = stock, to_make, terms, logs
        self._progress = progress
        self._texts = Texts(stock.language)
        self._study = stock.plan.study
        self._inputs = stock.inputs()
        self._settings = {} if terms.engine == "kernel" else settings_of(self._study.sources)
        self._waited_for = {subject.department: set(subject.to_execute) for subject in to_make}
        self._total = sum(len(notebooks) for notebooks in self._waited_for.values())
        self.ended = 0

    def open(self) -> None:
        """Make the folders ready; from here on something is written."""
        self._logs.mkdir(parents=True, exist_ok=True, mode=0o700)
        (self._logs / WORKERS_LOG).unlink(missing_ok=True)
        self._stock.open(self._to_make)
        free, needed = self._room()
        if free < needed:
            raise _disk_is_full(free, needed)

    def work(self) -> None:
        """Do everything; a KeyboardInterrupt ends all processes and goes on to the caller."""
        waiting: deque[Task] = deque()
        for subject in self._to_make:
            waiting.extend(self._execution(subject, notebook) for notebook in subject.to_execute)
            if not subject.to_execute:
                waiting.append(self._publication(subject))
        with self._pool() as pool:
            while waiting or pool.busy:
                while waiting and pool.free:
                    task = waiting.popleft()
                    self._begin(task)
                    pool.give(task)
                for finished in pool.finished():
                    # A department that can be finished is finished first.
                    waiting.extendleft(self._received(finished))

    def _pool(self) -> Workers[Task, Outcome] | ClusterWorkers[Task, Outcome]:
        terms = self._terms
        if terms.scheduler is not None:
            return ClusterWorkers(perform, scheduler=terms.scheduler, seconds=terms.seconds)
        return Workers(
            perform,
            n=terms.workers,
            environment=ONE_THREAD_EACH,
            log=self._logs / WORKERS_LOG,
            start=START[terms.engine],
            preload=PRELOAD,
            seconds=terms.seconds,
        )

    def withhold_leaks(self) -> None:
        """Take away whatever holds anything of a respondent, before anybody is told that it is there.

        Looked through is what was made or changed by hand since the last look. What somebody changed is put aside
        where only the owner sees it, not thrown away.
        """
        new = {slug: self._unseen(subject) for slug, subject in self._stock.subjects.items()}
        new = {slug: paths for slug, paths in new.items() if paths}
        found = leaks(self._study, new, engine=self._terms.engine, workers=self._terms.workers)
        for slug, paths in new.items():
            subject = self._stock.subjects[slug]
            if slug not in found:
                self._keep(subject, subject.receipt.with_clean(self._folder(subject), [path.name for path in paths]))
                continue
            for name in set(subject.standing.edited) & {path.name for path in paths}:
                aside = self._logs / f"{self._study.name}-{self._study.wave}-{slug}-{name}"
                aside.write_bytes((self._folder(subject) / name).read_bytes())
                aside.chmod(0o600)
            for notebook in subject.notebooks:
                self._fail(subject, notebook, "failed", found[slug])

    def _begin(self, task: Task) -> None:
        subject = self._stock.subjects[task.department]
        if isinstance(task, Execution):
            # A page of an earlier run must not stand beside a number of this one.
            (self._folder(subject) / RESULTS).unlink(missing_ok=True)
            self._keep(subject, begun(subject.receipt, task.notebook).without_files([RESULTS]))
            self._tell(task, "begun", "")
        else:
            self._keep(subject, subject.receipt.without_files(_made_by(task)))

    def _received(self, finished: Finished[Task, Outcome]) -> list[Publication]:
        """Note what came of a task and return what it makes possible."""
        task, subject = finished.task, self._stock.subjects[finished.task.department]
        outcome = finished.answer or self._death(finished)
        if outcome.halted:
            raise self._halt(outcome.halted, next(iter(outcome.failures.values())))
        for notebook, reason in outcome.failures.items():
            self._fail(subject, notebook, "timed_out" if finished.late else "failed", reason)
        if isinstance(task, Publication):
            if outcome.failures:
                (self._folder(subject) / RESULTS).unlink(missing_ok=True)
            receipt = subject.receipt.with_files(self._folder(subject), _made_by(task))
            self._keep(subject, receipt.model_copy(update={"shown": outcome.shown}))
            return []
        self.ended += 1
        if not outcome.failures:
            key = self._stock.key(subject.department, task.notebook, outcome.reads)
            entry = NotebookReceipt(status="done", key=key, reads=outcome.reads, left_out=outcome.left_out)
            receipt = subject.receipt.with_notebooks({task.notebook: entry})
            self._keep(subject, receipt.with_files(self._folder(subject), [task.target.name]))
        self._tell(task, "failed" if outcome.failures else "done", outcome.failures.get(task.notebook, ""))
        waited_for = self._waited_for[subject.department]
        waited_for.discard(task.notebook)
        return [self._publication(subject)] if not waited_for and subject.succeeded else []

    def _fail(self, subject: Subject, notebook: str, status: Literal["failed", "timed_out"], reason: str) -> None:
        """Note why a notebook failed; what it left behind, now or in an earlier run, is taken away."""
        files = files_of([notebook])
        for name in files:
            (self._folder(subject) / name).unlink(missing_ok=True)
        entry = NotebookReceipt(status=status, reason=reason)
        self._keep(subject, subject.receipt.without_files(files).with_notebooks({notebook: entry}))

    def _keep(self, subject: Subject, receipt: Receipt) -> None:
        try:
            subject.keep(self._stock.place.making, receipt)
        except OSError as error:
            if is_disk_full(error):
                raise self._halt("full", "") from None
            raise

    def _folder(self, subject: Subject) -> Path:
        return self._stock.place.making / subject.folder

    def _unseen(self, subject: Subject) -> tuple[Path, ...]:
        folder = self._folder(subject)
        return tuple(folder / name for name in subject.receipt.unseen(folder, files_of(subject.notebooks)))

    def _execution(self, subject: Subject, notebook: str) -> Execution:
        study, stock = self._study, self._stock
        parameters = {
            "study": study.file.resolve().relative_to(study.root.resolve()).as_posix(),
            "language": stock.language,
            "wave": study.wave,
        }
        if subject.department != ORGANISATION:
            parameters["department"] = subject.department
        return Execution(
            department=subject.department,
            notebook=notebook,
            template=stock.plan.templates[notebook],
            target=self._folder(subject) / f"{notebook}.ipynb",
            parameters=parameters,
            folder=study.root.resolve(),
            log=self._log(subject, notebook),
            engine=self._terms.engine,
            memory=self._terms.memory,
            inputs=self._inputs,
            answers=None if stock.delivery is None else stock.delivery.store,
            own=frozenset() if stock.keys is None else stock.keys.own_files(subject.department),
            settings=self._settings,
        )

    def _log(self, subject: Subject, notebook: str) -> Path:
        return self._logs / f"{self._study.name}-{self._study.wave}-{subject.department}-{notebook}.log"

    def _publication(self, subject: Subject) -> Publication:
        is_overview = subject.department == ORGANISATION
        pages = tuple(
            Page(
                notebook=notebook,
                source=self._folder(subject) / f"{notebook}.ipynb",
                title=self._texts.say(
                    "page.title",
                    kind=self._texts.say(f"kind.{notebook}"),
                    subject=subject.name,
                    wave=self._study.wave,
                ),
                label=self._texts.say(f"page_label.{notebook}"),
                log=self._log(subject, notebook),
            )
            for notebook in subject.succeeded
        )
        home = Link(href=INDEX if is_overview else f"../{INDEX}", label=self._texts.say("page.index"))
        return Publication(
            department=subject.department,
            language=self._stock.language,
            home=home,
            pages=pages,
            results=None if subject.broke_off else self._folder(subject) / RESULTS,
        )

    def _tell(self, task: Execution, status: Literal["begun", "done", "failed"], reason: str) -> None:
        if self._progress is not None:
            self._progress(
                Step(
                    department=task.department,
                    notebook=task.notebook,
                    status=status,
                    reason=reason,
                    ended=self.ended,
                    total=self._total,
                )
            )

    def _death(self, finished: Finished[Task, Outcome]) -> Outcome:
        """Return what it means that the process that had this task is gone."""
        task = finished.task
        notebooks = (task.notebook,) if isinstance(task, Execution) else tuple(page.notebook for page in task.pages)
        if finished.late:
            what = f"{', '.join(notebooks)} of {task.department}"
            error = RunError(
                f"{what} took longer than the {self._terms.seconds:g} seconds that it may take.",
                code="ICS-716",
                hint="raise --timeout",
            )
        else:
            error = RunError(
                f"The process that made it ended ({finished.ending}).",
                code="ICS-711",
                hint="was there enough memory? fewer workers need less",
            )
        return Outcome(failures=dict.fromkeys(notebooks, str(error)))

    def _halt(self, why: Halted, reason: str) -> HaltedError:
        if why == "full":
            return _disk_is_full(*self._room())
        return HaltedError(reason.partition(" Hint:")[0], code="ICS-714", hint="run the study again")

    def _room(self) -> tuple[int, int]:
        """Return the bytes that are free, and those that are needed for what is left."""
        return disk_usage(self._stock.place.making).free, (self._total - self.ended) * BYTES_PER_NOTEBOOK


def _made_by(task: Publication) -> list[str]:
    return [RESULTS, *(page.target.name for page in task.pages)]


def _disk_is_full(free: int, needed: int) -> HaltedError:
    return HaltedError(
        f"The disk is full: {free / MEGABYTE:,.1f} MB are free, about {needed / MEGABYTE:,.1f} MB are needed.",
        code="ICS-719",
        hint="make room and run the study again: what is done is not done again",
    )
