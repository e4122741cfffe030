"""What a run would do, and everything that is wrong with it, before anything is written or started."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, TypedDict

from icstats.engine import KERNEL, Engine
from icstats.errors import ICStatsError, Problem, RunError
from icstats.questionnaire import in_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

    from icstats.norms import Norm
    from icstats.responses import Responses
    from icstats.study import Study

__all__ = [
    "INTERNAL",
    "OVERVIEW",
    "Checked",
    "NormNamed",
    "Plan",
    "check",
    "kernel_problems",
    "outlined",
    "prepare",
    "require_places",
    "template_folder",
]

INTERNAL = "departments"
"""The norm that is the mean of the study's own departments."""

OVERVIEW = "overview"
"""The notebook about the organisation as a whole."""

STORE = ("the answers", "give another folder as store in the study file")
"""What stands in the store, and what to do where it cannot."""


class NormNamed(TypedDict):
    """What a run says of its norm."""

    name: str
    fictional: bool


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a run would do.

    Attributes
    ----------
    study
        The study.
    departments
        Slugs that would be run, in the order of the study.
    templates
        Notebook -> its stored template, the overview included.
    norm
        What departments are compared with; None without a norm.
    """

    study: Study
    departments: tuple[str, ...]
    templates: Mapping[str, Path]
    norm: NormNamed | None

    @property
    def notebooks(self) -> tuple[str, ...]:
        """Notebooks per department, in the reader's order."""
        return tuple(self.study.notebooks)


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A study with which nothing is wrong.

    Attributes
    ----------
    plan
        What would be run.
    answered
        Slug -> number of ratings as it may be shown, or empty.
    notes
        How the survey file was read, in sentences.
    """

    plan: Plan
    answered: Mapping[str, str]
    notes: tuple[str, ...]


def check(study: Study, *, departments: Sequence[str] | None = None, engine: Engine = "fork") -> Checked:
    """Return what would be run, after checking everything; nothing is written and no kernel is started.

    Parameters
    ----------
    study
        The study.
    departments
        Slugs; None means all.
    engine
        How notebooks would be executed.

    Raises
    ------
    RunError
        All at once: every problem of the survey file and the norm, an unknown department (with the nearest name), a
        template that is missing, no kernel called ``icstats`` where one is needed.
    """
    from icstats.responses import check_responses  # noqa: PLC0415  brings pandas; the command line starts without it

    plan, norm, problems = _planned(study, departments, engine)
    _require_writable(study.store_folder, *STORE)
    try:
        checked = check_responses(study)
    except ICStatsError as error:
        raise RunError([*problems, *error.problems]) from error
    counts = checked.counts
    of_wave = counts.loc[counts["wave"] == study.wave, ["department", "variable", "n"]]
    rated = _rated(of_wave)
    _refuse([*problems, *_too_few_answers(study, rated), *_too_many_answers(study, rated)])
    unrated = [one.slug for one in study.departments if not rated.get(one.slug)]
    nobody = (f"nobody rated {', '.join(unrated)} in wave {study.wave}: is its code right?",) if unrated else ()
    years = norm.years_older_than(study.wave) if norm else 0
    old = (f"the norm is {years} years older than wave {study.wave}; every report says so",) if years else ()
    waves = (*_other_waves(counts, study), *_agreed_in_other_waves(counts, study))
    notes = (*checked.contents.notes, *waves, *nobody, *old)
    return Checked(plan=plan, answered=_answered(of_wave, rated, plan), notes=notes)


def _rated(of_wave: pd.DataFrame) -> dict[str, int]:
    """Return how many rated each department."""
    from icstats.ledger import RATINGS  # noqa: PLC0415  as above

    rows = of_wave[of_wave["variable"] == RATINGS]
    return {str(slug): int(n) for slug, n in zip(rows["department"], rows["n"], strict=True)}


def _other_waves(counts: pd.DataFrame, study: Study) -> list[str]:
    """Return how many ratings are left out because they are of another wave, as a reader may see it."""
    from icstats.disclosure import shown_n  # noqa: PLC0415  as above

    fewest = study.policy.minimum_answers
    notes = []
    for wave, of_wave in counts[counts["wave"] != study.wave].groupby("wave"):
        rated = sum(_rated(of_wave).values())
        shown = shown_n(rated, study.policy, total=True) if rated >= fewest else f"fewer than {fewest}"
        notes.append(f"wave {wave} is not reported: {shown} ratings")
    return notes


def _agreed_in_other_waves(counts: pd.DataFrame, study: Study) -> list[str]:
    """Return which waves actions were agreed from that this report comes back to without numbers, or not at all."""
    agreed = () if study.agreements is None else study.agreements.actions
    waves = sorted({action.wave for action in agreed}, key=in_order)
    held = {str(wave) for wave in counts["wave"]} | {study.wave}
    notes = []
    for wave in waves:
        numbers = ", ".join(str(place) for place, action in enumerate(agreed, start=1) if action.wave == wave)
        if in_order(wave) > in_order(study.wave):
            told = f"later than wave {study.wave}: this report does not show them"
        elif wave not in held:
            told = "which the survey file does not hold: they come back without the answers of then"
        else:
            continue
        notes.append(f"actions ({numbers}) were agreed from wave {wave}, {told}; is it right?")
    return notes


def _too_few_answers(study: Study, rated: Mapping[str, int]) -> list[Problem]:
    """Return the problem of a wave in which no department has enough answers for a report."""
    least = study.policy.minimum_answers
    if any(n >= least for n in rated.values()):
        return []
    return [
        Problem(
            code="ICS-708",
            file=study.file.name,
            message=f'no department has {least} ratings in wave "{study.wave}": there is nothing to report.',
            hint="Is it the right file, and the right wave?",
        )
    ]


def _too_many_answers(study: Study, rated: Mapping[str, int]) -> list[Problem]:
    return [
        Problem(
            code="ICS-707",
            file=study.file.name,
            message=f'department "{one.slug}": {rated[one.slug]} customers answered, but invited is {one.invited}.',
            hint="correct invited, or leave it out when it is not known",
        )
        for one in study.departments
        if one.invited is not None and rated.get(one.slug, 0) > one.invited
    ]


def _answered(of_wave: pd.DataFrame, rated: Mapping[str, int], plan: Plan) -> dict[str, str]:
    """Return how many rated each department, as the reports will say it."""
    from icstats.disclosure import RATINGS, open_ledger, shown_n  # noqa: PLC0415  as above

    study = plan.study
    ledger = open_ledger(of_wave, policy=study.policy)
    return {
        slug: "" if ledger.hides(RATINGS, slug) else shown_n(rated[slug], study.policy) for slug in plan.departments
    }


def prepare(
    study: Study, *, departments: Sequence[str] | None = None, engine: Engine = "fork"
) -> tuple[Plan, Responses]:
    """Return what is to be run, with the checked answers now in the store that the notebooks read.

    Raises
    ------
    RunError
        As :func:`check`; then the store is not written either.
    """
    from icstats.responses import read_responses  # noqa: PLC0415  as above

    return check(study, departments=departments, engine=engine).plan, read_responses(study)


def require_places(study: Study, public: Path) -> None:
    """Refuse folders for reports and answers that cannot be made, before anything is written.

    Raises
    ------
    RunError
        Says what is in the way.
    """
    _require_writable(public, "the reports", "give another folder with --outputs")
    _require_writable(study.store_folder, *STORE)


def _require_writable(folder: Path, what: str, hint: str) -> None:
    """Refuse a folder that cannot be made; nothing is left behind."""
    from icstats.documents import shown_path  # noqa: PLC0415  as for did_you_mean

    try:
        there = next(above for above in (folder, *folder.parents) if above.exists())
        with TemporaryDirectory(dir=there):
            pass
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise RunError(
            Problem(
                code="ICS-731",
                file=shown_path(folder),
                message=f"{what} cannot be written here: {reason}.",
                hint=hint,
            )
        ) from None


def outlined(study: Study, *, departments: Sequence[str] | None = None) -> tuple[Plan, list[Problem]]:
    """Return what would be run, and what can be seen to be wrong with it without reading answers or norm."""
    problems = _unknown_departments(study, departments or ())
    templates = template_folder(study)
    paths = {notebook: templates / f"{notebook}.ipynb" for notebook in (*study.notebooks, OVERVIEW)}
    missing = [path.name for path in paths.values() if not path.is_file()]
    if missing:
        problems.append(
            Problem(
                code="ICS-702",
                message=f"No template {', '.join(missing)} in a folder notebooks beside or above the study.",
                hint="run icstats in its own folder, or copy its notebooks folder next to params",
            )
        )
    slugs = tuple(one.slug for one in study.departments if departments is None or one.slug in departments)
    return Plan(study=study, departments=slugs, templates=paths, norm=None), problems


def _planned(
    study: Study, departments: Sequence[str] | None, engine: Engine
) -> tuple[Plan, Norm | None, list[Problem]]:
    plan, problems = outlined(study, departments=departments)
    norm, unusable = _norm(study)
    kernel = kernel_problems() if engine == "kernel" else []
    return replace(plan, norm=_named(norm, study)), norm, [*problems, *unusable, *kernel]


def _unknown_departments(study: Study, wanted: Iterable[str]) -> list[Problem]:
    from icstats.documents import did_you_mean  # noqa: PLC0415  with it comes the reader of YAML

    slugs = [department.slug for department in study.departments]
    return [
        Problem(
            code="ICS-705",
            file=study.file.name,
            message=f'There is no department "{slug}" in this study.',
            hint=did_you_mean(slug, slugs) or f"the departments are {', '.join(slugs)}",
        )
        for slug in wanted
        if slug not in slugs
    ]


def _norm(study: Study) -> tuple[Norm | None, Sequence[Problem]]:
    """Return the norm that the study reads from a file, or what is wrong with it or with the earlier one."""
    if not study.norm_files:
        return None, ()
    from icstats.norms import read_norms  # noqa: PLC0415  brings pandas

    found: list[Norm] = []
    problems: list[Problem] = []
    for file in study.norm_files:
        try:
            found.append(read_norms(file, questionnaire=study.questionnaire))
        except ICStatsError as error:
            problems += error.problems
    if not problems:
        problems += _not_earlier(study, found)
    return None if problems else found[0], problems


def _not_earlier(study: Study, norms: Sequence[Norm]) -> list[Problem]:
    from icstats.documents import shown_path  # noqa: PLC0415  as for did_you_mean

    now, *earlier = norms
    return [
        Problem(
            code="ICS-709",
            file=shown_path(study.file),
            column="earlier_norms",
            message=f"this norm is of {norm.year}, that of this wave of {now.year}; allowed: an earlier year.",
            hint="norms is that of this wave, earlier_norms that of the wave before: are they the other way round?",
        )
        for norm in earlier
        if norm.year is not None and now.year is not None and norm.year >= now.year
    ]


def _named(norm: Norm | None, study: Study) -> NormNamed | None:
    if norm is not None:
        return NormNamed(name=norm.name, fictional=norm.fictional)
    return NormNamed(name=INTERNAL, fictional=False) if study.norms == INTERNAL else None


def template_folder(study: Study) -> Path:
    """Return the study's own notebooks, else those of the current folder, else those of this clone."""
    places = (study.root, Path.cwd(), Path(__file__).resolve().parents[1])
    return next((place / "notebooks" for place in places if (place / "notebooks").is_dir()), study.root / "notebooks")


def kernel_problems() -> list[Problem]:
    """Return what is wrong with the kernel that notebooks name."""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel  # noqa: PLC0415  slow to import

    try:
        found = Path(KernelSpecManager().get_kernel_spec(KERNEL).argv[0])
    except NoSuchKernel:
        message = f'There is no Jupyter kernel called "{KERNEL}" here.'
    else:
        if not found.is_absolute() or found.exists():
            return []
        message = f'The Jupyter kernel "{KERNEL}" belongs to a Python that is no longer there.'
    return [
        Problem(
            code="ICS-701",
            message=message,
            hint=f"python -m ipykernel install --sys-prefix --name {KERNEL} --display-name {KERNEL}",
        )
    ]


def _refuse(problems: Sequence[Problem]) -> None:
    if problems:
        raise RunError(problems)
