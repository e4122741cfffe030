"""All reports of a study: what is not up to date is executed in worker processes, rendered, and released together.

One department's failure never stops the others, and never leaves a page or number of an earlier run behind.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from icstats.errands import prepared, require_clean_index
from icstats.errors import ParameterError
from icstats.languages import join_languages
from icstats.lock import holding
from icstats.plan import require_places
from icstats.production import SECONDS, Production, Step, Terms
from icstats.site import INDEX, write_index
from icstats.staging import Place
from icstats.stock import Stock, Subject, taken_stock
from icstats.summary import RUN, RunSummary, write_run
from icstats.texts import LANGUAGES
from icstats.workbook import write_workbook

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from icstats.parts import Shard
    from icstats.study import Study

__all__ = [
    "SECONDS",
    "Step",
    "Terms",
    "link_back",
    "run",
    "run_folder",
    "states",
    "write_site",
]


def run(
    study: Study,
    *,
    departments: Sequence[str] | None = None,
    language: str | None = None,
    outputs: Path = Path("outputs"),
    terms: Terms | None = None,
    overwrite: bool = False,
    retry: bool = False,
    shard: Shard | None = None,
    progress: Callable[[Step], None] | None = None,
    note: Callable[[str], None] | None = None,
) -> RunSummary:
    """Make the reports of a study that are not up to date, and release them with the others.

    What was done is not done again as long as it follows from the same answers, settings, template, language, code
    and versions. What failed or was interrupted is.

    Parameters
    ----------
    study
        The study.
    departments
        Slugs of the departments to run, None for all; the others stay as they were released.
    language
        Language of the reports; None takes the study's.
    outputs
        Folder for ``<study>/<wave>/...``.
    terms
        How notebooks are executed; None takes the defaults.
    overwrite
        Make again what was changed by hand; otherwise such departments are left as they are.
    retry
        Make only what was begun and did not end well.
    shard
        The part of the departments that is made here; None means all.
    progress
        Called when a notebook begins and ends.
    note
        Called with a sentence about something that a user should know.

    Returns
    -------
    RunSummary
        Also written, without paths, to ``run.json``.

    Raises
    ------
    RunError
        If anything is wrong with the input: all problems at once, before anything is written or started. Also if an
        earlier release, subtracted from this one, would give a few ratings away.
    HaltedError
        When the run cannot go on: another one is at work, the disk is full, an input changed. What was released
        before is untouched, and what was made is kept for the next run.
    """
    terms = terms or Terms()
    chosen = _checked_arguments(study, terms, language)
    tell = note or (lambda _: None)
    place = Place(public=run_folder(study, outputs.resolve(), shard, language=chosen))
    require_places(study, place.public)
    logs = study.store_folder / "logs"
    look = partial(
        taken_stock,
        study,
        departments=departments,
        language=chosen,
        place=place,
        shard=shard,
    )
    with holding(place.lock, note=tell):
        place.recover()
        stock = look()
        to_make = stock.to_make(overwrite=overwrite, retry=retry)
        settled = not (to_make or stock.problems or stock.unseen)
        if settled and _is_released(place, indexed=shard is None):
            _say_what_is_kept(stock, to_make, tell)
            return stock.summary(logs=logs)
        plan = prepared(study, departments=departments, engine=terms.engine)
        stock = replace(look(), plan=plan)
        to_make = stock.to_make(overwrite=overwrite, retry=retry)
        _say_how_the_file_was_read(stock, tell)
        _say_what_is_kept(stock, to_make, tell)
        batch = Production(stock=stock, to_make=to_make, terms=terms, logs=logs, progress=progress)
        try:
            batch.open()
            batch.work()
            batch.withhold_leaks()
        finally:
            place.tidy()
        summary = stock.summary(logs=logs, made=batch.ended, ran=to_make)
        fingerprint = "" if stock.delivery is None else stock.delivery.fingerprint
        write_run(place.making, summary, plan, fingerprint=fingerprint)
        if shard is None:
            write_workbook(study, place.making, language=chosen)
            write_site(study, place.making, outputs=outputs.resolve(), language=chosen)
        require_clean_index(study, place.making, engine=terms.engine, workers=terms.workers)
        place.release()
        if shard is None:
            place.printed.remove()
            link_back(study, outputs.resolve(), chosen)
        return summary


def states(study: Study, *, language: str | None = None, outputs: Path = Path("outputs")) -> RunSummary:
    """Return how every department stands, without making anything."""
    chosen = _checked_arguments(study, Terms(), language)
    stock = taken_stock(
        study,
        departments=None,
        language=chosen,
        place=Place(public=run_folder(study, outputs.resolve(), language=chosen)),
        shard=None,
    )
    return stock.summary(logs=study.store_folder / "logs")


def run_folder(study: Study, outputs: Path, shard: Shard | None = None, *, language: str | None = None) -> Path:
    """Return where everything of a study's wave, or of a part of its departments, is written.

    Reports in another language than the study's own lie beside those, in ``<wave>.<language>``.
    """
    other = "" if language in (None, study.language) else f".{_known(language)}"
    return outputs / study.name / f"{study.wave}{other}{shard.suffix if shard else ''}"


def write_site(study: Study, folder: Path, *, outputs: Path, language: str) -> None:
    """Write the index of a wave in one language; it and all its pages lead to themselves in the others."""
    others = _in_other_languages(study, outputs, language)
    join_languages(folder, others)
    write_index(study, folder, others={other: f"../{made.name}/{INDEX}" for other, made in others.items()})


def link_back(study: Study, outputs: Path, language: str) -> None:
    """Have the indexes and pages in other languages lead to those that were just made."""
    for other, folder in _in_other_languages(study, outputs, language).items():
        write_site(study, folder, outputs=outputs, language=other)


def _in_other_languages(study: Study, outputs: Path, language: str) -> dict[str, Path]:
    """Return the language -> folder of the same wave, as far as it was made in other languages."""
    folders = {other: run_folder(study, outputs, language=other) for other in LANGUAGES if other != language}
    return {other: folder for other, folder in folders.items() if (folder / INDEX).is_file()}


def _checked_arguments(study: Study, terms: Terms, language: str | None) -> str:
    if terms.workers < 1:
        raise ParameterError(f"There must be at least 1 worker, not {terms.workers}.", code="ICS-703")
    if (terms.engine == "dask") != (terms.scheduler is not None):
        raise ParameterError(
            "The engine dask and the address of a scheduler belong together.",
            code="ICS-734",
            hint="icstats run STUDY --engine dask --scheduler tcp://10.0.0.1:8786",
        )
    return _known(language or study.language)


def _known(language: str) -> str:
    if language not in LANGUAGES:
        raise ParameterError(
            f'There are no reports in language "{language}"; allowed: {", ".join(LANGUAGES)}.', code="ICS-704"
        )
    return language


def _is_released(place: Place, *, indexed: bool) -> bool:
    names = (RUN, INDEX) if indexed else (RUN,)
    return place.current == place.public and all((place.public / name).is_file() for name in names)


def _say_how_the_file_was_read(stock: Stock, note: Callable[[str], None]) -> None:
    contents = None if stock.delivery is None else stock.delivery.prepared()
    for sentence in () if contents is None else contents.notes:
        note(sentence)


def _say_what_is_kept(stock: Stock, to_make: Sequence[Subject], note: Callable[[str], None]) -> None:
    for slug in stock.asked:
        subject = stock.subjects[slug]
        if subject.standing.unreadable:
            note(f"{subject.name}: its receipt is not whole, so it counts as not made.")
        if subject.standing.edited and subject not in to_make:
            named = ", ".join(subject.standing.edited)
            note(f"{subject.name}: {named} changed by hand; left as it is. --overwrite makes it again.")
