"""All reports of a study: executed in worker processes, rendered, and their numbers gathered.

One department's failure never stops the others, and never leaves a page or number of an earlier run behind.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from icstats.engine import Execution, Outcome, Page, Publication, part_of, perform, unexpected, write_whole
from icstats.errors import DisclosureError, ParameterError, RunError
from icstats.pages import Link
from icstats.plan import OVERVIEW, Plan, prepare, require_writable
from icstats.receipts import (
    RECEIPT,
    RESULTS,
    NotebookReport,
    RunSummary,
    SubjectReport,
    as_json,
    earlier_reasons,
    found_on_disk,
    merged_rows,
    shows_a_number,
    write_receipt,
)
from icstats.results import ORGANISATION
from icstats.texts import LANGUAGES, Texts
from icstats.workers import Finished, Workers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from icstats.leakscan import LeakScan
    from icstats.questionnaire import Language
    from icstats.study import Study

__all__ = ["INDEX", "Step", "run", "run_folder"]

INDEX = "index.html"
WORKERS_LOG = "workers.log"
ONE_THREAD_EACH = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


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


def run(
    study: Study,
    *,
    departments: Sequence[str] | None = None,
    workers: int = 2,
    language: Language | None = None,
    outputs: Path = Path("outputs"),
    progress: Callable[[Step], None] | None = None,
) -> RunSummary:
    """Execute and render the notebooks of a study, and gather the numbers that they show.

    Parameters
    ----------
    study
        The study.
    departments
        Slugs of the departments to run, None for all; the others keep their files. The overview is made anew.
    workers
        Number of processes.
    language
        Language of the reports; None takes the study's.
    outputs
        Folder for ``<study>/<wave>/...``.
    progress
        Called when a notebook begins and ends.

    Returns
    -------
    RunSummary
        Also written, without paths, to ``run.json``.

    Raises
    ------
    RunError
        If anything is wrong with the input: all problems at once, before anything is written or started. Also if an
        earlier release, subtracted from this one, would give a few ratings away.
    """
    from icstats.edition import admit_release  # noqa: PLC0415  bring pandas; the command line starts without it
    from icstats.leakscan import LeakScan  # noqa: PLC0415  as above

    chosen = _checked_arguments(study, workers, language)
    folder = run_folder(study, outputs.resolve())
    require_writable(folder)
    plan, responses = prepare(study, departments=departments)
    admit_release(study, responses)
    logs = study.store_folder / "logs"
    earlier = earlier_reasons(folder)
    _open(folder, logs)
    batch = _Batch(plan=plan, language=chosen, folder=folder, logs=logs, progress=progress)
    batch.work(workers)
    batch.withhold_leaks(LeakScan.of(study, responses))
    others = {one.slug: found_on_disk(folder, one.slug, plan, earlier) for one in study.departments}
    made = {subject.department: subject.report() for subject in batch.departments}
    summary = RunSummary(
        folder=folder,
        language=chosen,
        departments=tuple({**others, **made}.values()),
        overview=batch.overview.report(),
        ran=plan.departments,
        logs=logs,
    )
    write_receipt(summary, plan, fingerprint=responses.fingerprint)
    return summary


def run_folder(study: Study, outputs: Path) -> Path:
    """Return where everything of a study's wave is written."""
    return outputs / study.name / study.wave


@dataclass(kw_only=True)
class _Subject:
    """A department, or the organisation, while its notebooks are being made."""

    department: str
    name: str
    folder: Path
    results: Path
    notebooks: tuple[str, ...]
    rows: dict[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    shown: bool = True

    @property
    def executed(self) -> bool:
        return self.rows.keys() | self.failures.keys() == set(self.notebooks)

    @property
    def succeeded(self) -> tuple[str, ...]:
        return tuple(notebook for notebook in self.notebooks if notebook not in self.failures)

    def file(self, notebook: str) -> Path:
        return self.folder / f"{notebook}.ipynb"

    def page(self, notebook: str) -> Path:
        return self.file(notebook).with_suffix(".html")

    def files(self) -> list[Path]:
        """Return everything that is there to be read."""
        pages = [path for notebook in self.notebooks for path in (self.file(notebook), self.page(notebook))]
        return [path for path in (*pages, self.results) if path.is_file()]

    def fail(self, failures: Mapping[str, str]) -> None:
        """Note why notebooks failed; what they left behind, now or in an earlier run, is taken away."""
        self.failures |= failures
        for notebook in failures:
            for path in (self.file(notebook), self.page(notebook)):
                path.unlink(missing_ok=True)
                part_of(path).unlink(missing_ok=True)

    def gather(self) -> None:
        """Write the numbers of all notebooks together, or take the earlier ones away."""
        self.results.unlink(missing_ok=True)
        if self.failures:
            return
        try:
            rows = merged_rows(row for notebook in self.notebooks for row in self.rows[notebook])
            write_whole(self.results, as_json({"rows": rows}))
        except RunError as error:
            self.fail(dict.fromkeys(self.notebooks, str(error)))
        except OSError as error:
            self.fail(dict.fromkeys(self.notebooks, unexpected(type(error).__name__)))
        else:
            self.shown = shows_a_number(rows, self.department)

    def report(self) -> SubjectReport:
        notebooks = tuple(
            NotebookReport(
                notebook=one, status="failed" if one in self.failures else "done", reason=self.failures.get(one, "")
            )
            for one in self.notebooks
        )
        return SubjectReport(
            department=self.department,
            status="failed" if self.failures else "done" if self.shown else "suppressed",
            reason=" ".join(dict.fromkeys(self.failures.values())),
            notebooks=notebooks,
        )


class _Batch:
    """A run while it goes on."""

    def __init__(
        self, *, plan: Plan, language: Language, folder: Path, logs: Path, progress: Callable[[Step], None] | None
    ) -> None:
        self.plan, self.language, self.folder, self.logs, self._progress = plan, language, folder, logs, progress
        self._texts = Texts(language)
        self.overview = _Subject(
            department=ORGANISATION,
            name=plan.study.organisation[language],
            folder=folder,
            results=folder / RESULTS,
            notebooks=(OVERVIEW,),
        )
        self.departments = [
            _Subject(
                department=slug,
                name=plan.study.department(slug).name[language],
                folder=folder / slug,
                results=folder / slug / RESULTS,
                notebooks=plan.notebooks,
            )
            for slug in plan.departments
        ]
        self._subjects = {subject.department: subject for subject in (self.overview, *self.departments)}
        self.total = sum(len(subject.notebooks) for subject in self._subjects.values())

    def work(self, n_workers: int) -> None:
        """Do everything; a KeyboardInterrupt ends all processes and goes on to the caller."""
        waiting: deque[Execution | Publication] = deque(
            self._execution(subject, notebook) for subject in self._subjects.values() for notebook in subject.notebooks
        )
        log = self.logs / WORKERS_LOG
        with Workers(perform, n=n_workers, environment=ONE_THREAD_EACH, log=log) as pool:
            while waiting or pool.busy:
                while waiting and pool.free:
                    task = waiting.popleft()
                    self._tell_begun(task)
                    pool.give(task)
                for finished in pool.finished():
                    # A department that can be finished is finished first.
                    waiting.extendleft(self._received(finished))

    def withhold_leaks(self, scan: LeakScan) -> None:
        """Take away whatever holds anything of a respondent, before anybody is told that it is there."""
        for subject in self._subjects.values():
            try:
                scan.require_clean(subject.files())
            except DisclosureError as leak:
                subject.fail(dict.fromkeys(subject.notebooks, " ".join(str(leak).split())))
                subject.results.unlink(missing_ok=True)

    def _received(self, finished: Finished[Execution | Publication, Outcome]) -> list[Publication]:
        """Note what came of a task and return what it makes possible."""
        task, subject = finished.task, self._subjects[finished.task.department]
        outcome = finished.answer or _death(task, finished.ending)
        subject.fail(outcome.failures)
        if isinstance(task, Execution):
            if not outcome.failures:
                subject.rows[task.notebook] = outcome.rows
            self._tell(task, "failed" if outcome.failures else "done", outcome.failures.get(task.notebook, ""))
            if not subject.executed:
                return []
            if subject.succeeded:
                return [self._publication(subject)]
        subject.gather()
        return []

    def _execution(self, subject: _Subject, notebook: str) -> Execution:
        study = self.plan.study
        parameters = {
            "study": study.file.resolve().relative_to(study.root.resolve()).as_posix(),
            "language": self.language,
            "wave": study.wave,
        }
        if subject.department != ORGANISATION:
            parameters["department"] = subject.department
        return Execution(
            department=subject.department,
            notebook=notebook,
            template=self.plan.templates[notebook],
            target=subject.file(notebook),
            parameters=parameters,
            folder=study.root.resolve(),
            log=self._log(subject, notebook),
        )

    def _log(self, subject: _Subject, notebook: str) -> Path:
        return self.logs / f"{self.plan.study.name}-{self.plan.study.wave}-{subject.department}-{notebook}.log"

    def _publication(self, subject: _Subject) -> Publication:
        is_overview = subject.department == ORGANISATION
        pages = tuple(
            Page(
                notebook=notebook,
                source=subject.file(notebook),
                title=self._texts.say(
                    "page.title",
                    kind=self._texts.say(f"kind.{notebook}"),
                    subject=subject.name,
                    wave=self.plan.study.wave,
                ),
                label=self._texts.say(f"page_label.{notebook}"),
                log=self._log(subject, notebook),
            )
            for notebook in subject.succeeded
        )
        home = Link(href=INDEX if is_overview else f"../{INDEX}", label=self._texts.say("page.index"))
        return Publication(department=subject.department, language=self.language, home=home, pages=pages)

    def _tell_begun(self, task: Execution | Publication) -> None:
        if isinstance(task, Execution):
            # A page of an earlier run must not stand beside a number of this one.
            self._subjects[task.department].results.unlink(missing_ok=True)
            self._tell(task, "begun", "")

    def _tell(self, task: Execution, status: Literal["begun", "done", "failed"], reason: str) -> None:
        if self._progress is not None:
            ended = sum(len(subject.rows.keys() | subject.failures.keys()) for subject in self._subjects.values())
            self._progress(
                Step(
                    department=task.department,
                    notebook=task.notebook,
                    status=status,
                    reason=reason,
                    ended=ended,
                    total=self.total,
                )
            )


def _death(task: Execution | Publication, ending: str) -> Outcome:
    """Return what it means that the process that had this task is gone."""
    error = RunError(
        f"The process that made it ended ({ending}).",
        code="ICS-711",
        hint="was there enough memory? fewer workers need less",
    )
    notebooks = (task.notebook,) if isinstance(task, Execution) else tuple(page.notebook for page in task.pages)
    return Outcome(failures=dict.fromkeys(notebooks, str(error)))


def _checked_arguments(study: Study, workers: int, language: str | None) -> Language:
    if workers < 1:
        raise ParameterError(f"There must be at least 1 worker, not {workers}.", code="ICS-703")
    chosen = language or study.language
    if chosen not in LANGUAGES:
        raise ParameterError(
            f'There are no reports in language "{chosen}"; allowed: {", ".join(LANGUAGES)}.', code="ICS-704"
        )
    return "en" if chosen == "en" else "nl"


def _open(folder: Path, logs: Path) -> None:
    """Make the folders ready; a run that does not end leaves no index that speaks of it as if it had."""
    logs.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.mkdir(parents=True, exist_ok=True)
    for path in (folder / INDEX, folder / RECEIPT, folder / RESULTS, logs / WORKERS_LOG):
        path.unlink(missing_ok=True)
