"""What came of a run: per notebook, per department, as numbers, and as a file without a path of this machine."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Literal

from icstats.engine import write_whole
from icstats.errors import RunError
from icstats.results import ORGANISATION

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from icstats.plan import Plan
    from icstats.questionnaire import Language

__all__ = [
    "INTERNAL",
    "RECEIPT",
    "RESULTS",
    "NotebookReport",
    "RunSummary",
    "Status",
    "SubjectReport",
    "as_json",
    "earlier_reasons",
    "found_on_disk",
    "merged_rows",
    "shows_a_number",
    "write_receipt",
]

Status = Literal["done", "failed", "suppressed", "not_run"]
RECEIPT = "run.json"
RESULTS = "results.json"
HIDDEN = "hidden"
MODEL = "model"
INTERNAL = "departments"
"""The norm that is the mean of the study's own departments."""
KEYS = ("department", "kind", "variable", "statistic")
PACKAGES = (
    "icstats",
    "matplotlib",
    "nbconvert",
    "numpy",
    "pandas",
    "papermill",
    "pingouin",
    "scipy",
    "seaborn",
    "statsmodels",
)


@dataclass(frozen=True, kw_only=True)
class NotebookReport:
    """What came of one notebook of one department: ``done``, or ``failed`` with a reason."""

    notebook: str
    status: Status
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class SubjectReport:
    """What came of one department, or of the organisation.

    Attributes
    ----------
    department
        Slug, or :data:`icstats.results.ORGANISATION`.
    status
        ``done``; ``suppressed``: made, but no number of it may be shown; ``failed``; ``not_run``: not asked for yet.
    reason
        Why it failed: the reasons of its notebooks, each once.
    """

    department: str
    status: Status
    reason: str = ""
    notebooks: tuple[NotebookReport, ...] = ()


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
        Departments that were part of this run.
    logs
        Private folder with the full story of each failure.
    """

    folder: Path
    language: Language
    departments: tuple[SubjectReport, ...]
    overview: SubjectReport
    ran: tuple[str, ...]
    logs: Path

    @property
    def failed(self) -> tuple[SubjectReport, ...]:
        """Departments, and the organisation, that failed in this run."""
        took_part = [subject for subject in self.departments if subject.department in self.ran]
        return tuple(subject for subject in (*took_part, self.overview) if subject.status == "failed")

    @property
    def exit_code(self) -> int:
        """0 when nothing failed, 1 otherwise."""
        return 1 if self.failed else 0


def merged_rows(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return released rows, each number once, sorted by what it is about.

    Parameters
    ----------
    rows
        As the sections of one or more notebooks show them. The same number may be shown more than once, by one
        section with more columns than by another.

    Raises
    ------
    RunError
        If two sections show different values for one thing: a reader could not tell which one holds.
    """
    merged: dict[tuple[str, ...], dict[str, Any]] = {}
    for shown in rows:
        row = _of_its_own(shown)
        key = tuple(str(row.get(name, "")) for name in KEYS)
        known = merged.setdefault(key, dict(row))
        differing = [name for name in known.keys() & row.keys() if _contradict(name, known[name], row[name])]
        if differing:
            raise RunError(
                f"Two sections show a different {min(differing)} for {' / '.join(part for part in key if part)}.",
                code="ICS-712",
            )
        known.update({name: value for name, value in row.items() if value not in (None, "")})
    return [merged[key] for key in sorted(merged)]


def _of_its_own(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a row with what is said about it: a model is judged differently by block than by question."""
    return {**row, "verdict": ""} if row.get("variable") == MODEL and "verdict" in row else row


def _contradict(name: str, one: object, other: object) -> bool:
    """Return whether two values differ; nothing said is no contradiction, except about what is hidden."""
    return one != other and (name == "mark" or (one not in (None, "") and other not in (None, "")))


def shows_a_number(rows: Iterable[Mapping[str, Any]], department: str) -> bool:
    """Return whether any number about this department (about anything, for the organisation) is shown."""
    return any(
        row.get("mark", "") != HIDDEN and row.get("estimate") is not None
        for row in rows
        if department in (ORGANISATION, row.get("department"))
    )


def earlier_reasons(folder: Path) -> dict[str, str]:
    """Return why departments failed in the run before; empty when its receipt is missing or broken."""
    try:
        departments = json.loads((folder / RECEIPT).read_text(encoding="utf-8"))["departments"]
        return {str(slug): str(one["reason"]) for slug, one in departments.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def found_on_disk(folder: Path, slug: str, plan: Plan, earlier: Mapping[str, str]) -> SubjectReport:
    """Return how a department stands that was not part of this run."""
    pages = [folder / slug / f"{notebook}.html" for notebook in plan.notebooks]
    notebooks = tuple(
        NotebookReport(notebook=page.stem, status="done" if page.is_file() else "not_run") for page in pages
    )
    try:
        rows = json.loads((folder / slug / RESULTS).read_text(encoding="utf-8"))["rows"]
    except (OSError, ValueError, KeyError, TypeError):
        status: Status = "failed" if earlier.get(slug) else "not_run"
        return SubjectReport(department=slug, status=status, reason=earlier.get(slug, ""), notebooks=notebooks)
    status = "done" if shows_a_number(rows, slug) else "suppressed"
    return SubjectReport(department=slug, status=status, notebooks=notebooks)


def write_receipt(summary: RunSummary, plan: Plan, *, fingerprint: str) -> None:
    """Write ``run.json``: what the run was made of and what came of it, without a path of this machine.

    Parameters
    ----------
    summary, plan
        What came of it, and what was asked.
    fingerprint
        Of the answers.
    """
    study = plan.study
    receipt = {
        "study": study.name,
        "wave": study.wave,
        "language": summary.language,
        "seed": study.seed,
        "norm": _norm_of(plan),
        "inputs": {
            "responses": fingerprint,
            "study": sha256(study.file.read_bytes()).hexdigest(),
            "templates": {name: sha256(path.read_bytes()).hexdigest() for name, path in sorted(plan.templates.items())},
        },
        "versions": {package: version(package) for package in PACKAGES},
        "departments": {subject.department: _receipt_of(subject) for subject in summary.departments},
        "overview": _receipt_of(summary.overview),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    write_whole(summary.folder / RECEIPT, as_json(receipt))


def _norm_of(plan: Plan) -> dict[str, Any] | None:
    if plan.norm is not None:
        return {"name": plan.norm.name, "fictional": plan.norm.fictional}
    return {"name": INTERNAL, "fictional": False} if plan.study.norms == INTERNAL else None


def _receipt_of(subject: SubjectReport) -> dict[str, Any]:
    notebooks = {one.notebook: {"status": one.status, "reason": one.reason} for one in subject.notebooks}
    return {"status": subject.status, "reason": subject.reason, "notebooks": notebooks}


def as_json(content: Mapping[str, Any]) -> str:
    """Return a file's text, the same for the same content."""
    return json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
