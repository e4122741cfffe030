"""What there is of a study's reports, and what is to be made."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from icstats.decisions import decision_before, differing_before, together_before
from icstats.delivery import Delivery, read_delivery
from icstats.engine import file_digest
from icstats.errors import ICStatsError
from icstats.keys import Keys
from icstats.plan import OVERVIEW, Plan, outlined
from icstats.receipts import RECEIPT, Receipt, Standing, files_of, read_receipt, standing, write_receipt
from icstats.study import ORGANISATION
from icstats.summary import RunSummary, SubjectReport, subject_report

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from icstats.engine import Reads
    from icstats.parts import Shard
    from icstats.staging import Place
    from icstats.study import Study

__all__ = ["Stock", "Subject", "taken_stock"]


@dataclass(kw_only=True)
class Subject:
    """A department, or the organisation, and how far its notebooks are.

    Attributes
    ----------
    department
        Slug, or :data:`icstats.study.ORGANISATION`.
    name
        As readers know it.
    folder
        Its folder within that of the wave; empty for the organisation.
    notebooks
        Those that belong to it, in the reader's order.
    standing
        How it stood before the run.
    receipt
        How it stands now.
    """

    department: str
    name: str
    folder: str
    notebooks: tuple[str, ...]
    standing: Standing
    receipt: Receipt

    @property
    def files(self) -> list[str]:
        """Its files and folders within the folder of the wave."""
        return [self.folder] if self.folder else [RECEIPT, *files_of(self.notebooks)]

    @property
    def succeeded(self) -> tuple[str, ...]:
        """Notebooks that are done."""
        entries = self.receipt.notebooks
        return tuple(one for one in self.notebooks if one in entries and entries[one].status == "done")

    @property
    def broke_off(self) -> bool:
        """Whether a notebook was begun and did not end well."""
        entries = self.receipt.notebooks
        return any(entries[one].status != "done" for one in self.notebooks if one in entries)

    @property
    def to_execute(self) -> tuple[str, ...]:
        """Notebooks that have to be executed: of what was edited, those that were edited themselves."""
        before = self.standing
        return tuple(one for one in self.notebooks if one in before.stale or f"{one}.ipynb" in before.edited)

    def keep(self, folder: Path, receipt: Receipt) -> None:
        """Write a new receipt; ``folder`` is that of the wave."""
        self.receipt = receipt
        write_receipt(folder / self.folder, receipt)

    def report(self) -> SubjectReport:
        """Return how it stands, for readers."""
        before = self.standing
        return subject_report(self.department, self.receipt, self.notebooks, edited=before.edited, stale=before.stale)


@dataclass(frozen=True, kw_only=True)
class Stock:
    """How all reports of a study stand.

    Attributes
    ----------
    plan
        What was asked for.
    asked
        Departments that it is about, the organisation among them.
    problems
        Whether something is wrong that can be seen without reading answers.
    delivery
        The survey file; None when it cannot be read.
    keys
        What notebooks follow from; None as long as the answers are not prepared.
    subjects
        Everyone, by slug.
    place
        Where the files are.
    language
        Of the reports.
    """

    plan: Plan
    asked: tuple[str, ...]
    problems: bool
    delivery: Delivery | None
    keys: Keys | None
    subjects: dict[str, Subject]
    place: Place
    language: str

    def to_make(self, *, overwrite: bool, retry: bool) -> list[Subject]:
        """Return who has something to be made.

        Parameters
        ----------
        overwrite
            Also what was changed by hand.
        retry
            Only who has a notebook that was begun and did not end well.
        """
        chosen = []
        for slug in self.asked:
            subject, before = self.subjects[slug], self.subjects[slug].standing
            up_to_date = not before.edited if overwrite else True
            wanted = not before.up_to_date or not up_to_date
            if wanted and (overwrite or not before.edited) and (subject.broke_off or not retry):
                chosen.append(subject)
        return chosen

    @property
    def unseen(self) -> bool:
        """Whether somebody changed a file by hand that nobody has looked through for leaks since."""
        return any(subject.standing.unseen for subject in self.subjects.values())

    def key(self, department: str, notebook: str, reads: Reads) -> str:
        """Return the key of a notebook; empty when what it follows from is not known."""
        return "" if self.keys is None else self.keys.of(department, notebook, reads=reads)

    def inputs(self) -> dict[Path, str]:
        """Return the files that everything is made from, with their SHA-256 as they are now."""
        study = self.plan.study
        files = [study.file, *study.sources, *self.plan.templates.values()]
        files += [file for norm in study.norm_files for file in (norm, norm.with_suffix(".yaml"))]
        answers = {} if self.delivery is None else {study.responses.file: self.delivery.digest}
        return {**{path: file_digest(path) for path in files}, **answers}

    def open(self, to_make: Sequence[Subject]) -> None:
        """Make the staging folder: who is not made now stays as released, also where a run before broke off."""
        resumed = self.place.making.is_dir()
        self.place.open(name for subject in self.subjects.values() for name in subject.files)
        made = {subject.department for subject in to_make}
        for subject in self.subjects.values():
            unfinished = resumed and not subject.standing.up_to_date
            if subject.department not in made and (subject.standing.edited or unfinished):
                self.place.adopt(subject.files)
                subject.receipt, _ = read_receipt(self.place.making / subject.folder)

    def summary(self, *, logs: Path, made: int = 0, ran: Sequence[Subject] = ()) -> RunSummary:
        """Return how everything stands."""
        reports = {slug: subject.report() for slug, subject in self.subjects.items()}
        overview = reports.pop(ORGANISATION)
        return RunSummary(
            folder=self.place.public,
            language=self.language,
            departments=tuple(reports.values()),
            overview=overview,
            ran=tuple(subject.department for subject in ran),
            asked=self.asked,
            logs=logs,
            made=made,
        )


def taken_stock(
    study: Study,
    *,
    departments: Sequence[str] | None,
    language: str,
    place: Place,
    shard: Shard | None,
) -> Stock:
    """Look at everything there is and find out how it stands; nothing is written."""
    plan, problems = outlined(study, departments=departments)
    delivery = _read(study)
    keys = None if problems or delivery is None else _keys(plan, delivery, language)
    described: list[tuple[str, str, str, tuple[str, ...]]] = [
        (ORGANISATION, study.organisation[language], "", (OVERVIEW,))
    ]
    described += [(one.slug, one.name[language], one.slug, plan.notebooks) for one in study.departments]
    subjects = {}
    for slug, name, folder, notebooks in described:
        key_of = None if keys is None else partial(_key_of, keys, slug)
        found = _standing(place, folder, notebooks, key_of)
        subjects[slug] = Subject(
            department=slug, name=name, folder=folder, notebooks=notebooks, standing=found, receipt=found.receipt
        )
    asked = (ORGANISATION, *plan.departments)
    return Stock(
        plan=plan,
        asked=tuple(slug for slug in asked if shard is None or shard.holds(slug)),
        problems=bool(problems),
        delivery=delivery,
        keys=keys,
        subjects=subjects,
        place=place,
        language=language,
    )


def _read(study: Study) -> Delivery | None:
    try:
        return read_delivery(study)
    except ICStatsError:
        return None  # a check says what is wrong with it, together with everything else


def _keys(plan: Plan, delivery: Delivery, language: str) -> Keys | None:
    contents = delivery.prepared()
    if contents is None:
        return None
    decided = decision_before(plan.study, wave=plan.study.wave)
    differing = differing_before(plan.study, wave=plan.study.wave)
    together = together_before(plan.study, wave=plan.study.wave)
    known = {together.answers, *([differing.answers] if plan.study.norm_files else [])}
    if known != {contents.fingerprint}:
        return None  # prepared by somebody who looked at them by hand; what stands among them is not known yet
    return Keys(
        study=plan.study,
        contents=contents,
        templates=plan.templates,
        language=language,
        hidden=[*decided.hidden, *((place, f"change of {name}") for place, name in decided.change)],
        differing=differing,
        together=together,
        secret=delivery.key,
    )


def _key_of(keys: Keys, department: str, notebook: str, reads: Reads) -> str:
    return keys.of(department, notebook, reads=reads)


def _standing(
    place: Place, folder: str, notebooks: Sequence[str], key_of: Callable[[str, Reads], str] | None
) -> Standing:
    """Return how a department stands where the newest files are; what was edited, was edited in the release."""
    found = standing(place.current / folder, notebooks, key_of)
    if place.current == place.public:
        return found
    released = standing(place.public / folder, notebooks, key_of)
    return released if released.edited else found
