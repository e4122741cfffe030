"""What came of a run: per department and as a whole, as ``run.json`` keeps it without a path of this machine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Literal

from icstats.collation import as_json
from icstats.engine import file_digest, write_whole
from icstats.keys import PACKAGES
from icstats.study import ORGANISATION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from icstats.plan import Plan
    from icstats.receipts import Receipt

__all__ = ["RUN", "NotebookReport", "RunSummary", "Status", "SubjectReport", "subject_report", "write_run"]

RUN = "run.json"

Status = Literal["done", "failed", "timed_out", "interrupted", "suppressed", "not_run"]


@dataclass(frozen=True, kw_only=True)
class NotebookReport:
    """What came of one notebook of one department.

    Attributes
    ----------
    reason
        Why it did not end well.
    left_out
        How many of its outputs were no section of a report, so that no reader sees them.
    """

    notebook: str
    status: Status
    reason: str = ""
    left_out: int = 0


@dataclass(frozen=True, kw_only=True)
class SubjectReport:
    """What came of one department, or of the organisation.

    Attributes
    ----------
    department
        Slug, or :data:`icstats.study.ORGANISATION`.
    status
        ``done``; ``suppressed``: made, but no number of it may be shown; ``failed``; ``timed_out``; ``interrupted``;
        ``not_run``: not made yet.
    reason
        Why it failed: the reasons of its notebooks, each once.
    edited
        Files that somebody changed by hand; a run leaves such a department as it is.
    stale
        Notebooks that the next run makes.
    """

    department: str
    status: Status
    reason: str = ""
    notebooks: tuple[NotebookReport, ...] = ()
    edited: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RunSummary:
    """What came of a run.

    Attributes
    ----------
    folder
        ``outputs/<study>/<wave>``.
    departments
        All departments of the study in its order; those that were not part of this run as they are on disk.
    overview
        The organisation.
    ran
        Departments of which something was made in this run.
    asked
        Departments that this run was about.
    logs
        Private folder with the full story of each failure.
    made
        Number of notebooks that were executed.
    """

    folder: Path
    language: str
    departments: tuple[SubjectReport, ...]
    overview: SubjectReport
    ran: tuple[str, ...]
    asked: tuple[str, ...]
    logs: Path
    made: int

    @property
    def failed(self) -> tuple[SubjectReport, ...]:
        """Departments, and the organisation, that this run was about and that did not end well."""
        took_part = [subject for subject in self.departments if subject.department in self.asked]
        return tuple(one for one in (*took_part, self.overview) if one.status in ("failed", "timed_out"))

    @property
    def exit_code(self) -> int:
        """0 when nothing failed, 1 otherwise."""
        return 1 if self.failed else 0


def subject_report(
    department: str,
    receipt: Receipt,
    notebooks: Sequence[str],
    *,
    edited: tuple[str, ...] = (),
    stale: tuple[str, ...] = (),
) -> SubjectReport:
    """Return how a department stands, from its receipt."""
    entries = tuple(
        NotebookReport(notebook=one, status=entry.status, reason=entry.reason, left_out=entry.left_out)
        if (entry := receipt.notebooks.get(one)) is not None
        else NotebookReport(notebook=one, status="not_run")
        for one in notebooks
    )
    statuses = {entry.status for entry in entries}
    worst: tuple[Status, ...] = ("failed", "timed_out", "interrupted", "not_run")
    ended_well: Status = "done" if receipt.shown else "suppressed"
    return SubjectReport(
        department=department,
        status=next((status for status in worst if status in statuses), ended_well),
        reason=" ".join(dict.fromkeys(entry.reason for entry in entries if entry.reason)),
        notebooks=entries,
        edited=edited,
        stale=stale,
    )


def write_run(folder: Path, summary: RunSummary, plan: Plan, *, fingerprint: str) -> None:
    """Write ``run.json``: what the reports were made of and what came of them, without a path of this machine.

    Parameters
    ----------
    folder
        Where it goes.
    summary, plan
        What came of it, and what was asked.
    fingerprint
        Of the answers.
    """
    study = plan.study
    content = {
        "study": study.name,
        "wave": study.wave,
        "language": summary.language,
        "seed": study.seed,
        "norm": None if plan.norm is None else dict(plan.norm),
        "inputs": {
            "responses": fingerprint,
            "study": file_digest(study.file),
            "templates": {name: file_digest(path) for name, path in sorted(plan.templates.items())},
        },
        "versions": {package: version(package) for package in PACKAGES},
        **subjects_as_json({one.department: one for one in (*summary.departments, summary.overview)}),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    write_whole(folder / RUN, as_json(content))


def subjects_as_json(reports: Mapping[str, SubjectReport]) -> dict[str, Any]:
    """Return the part of ``run.json`` that says how everyone stands."""
    departments = {slug: _as_json(one) for slug, one in reports.items() if slug != ORGANISATION}
    return {"departments": departments, "overview": _as_json(reports[ORGANISATION])}


def _as_json(subject: SubjectReport) -> dict[str, Any]:
    notebooks = {one.notebook: {"status": one.status, "reason": one.reason} for one in subject.notebooks}
    return {
        "status": subject.status,
        "reason": subject.reason,
        "notebooks": notebooks,
        "edited": list(subject.edited),
    }
