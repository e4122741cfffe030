"""What a run leaves to a process of its own, which may import pandas: preparing the answers, and looking for leaks.

So the process that waits, and a run that has nothing to do, load none of it.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from icstats.errors import DisclosureError, HaltedError, ICStatsError, Problem, RunError
from icstats.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from icstats.engine import Engine
    from icstats.plan import Plan
    from icstats.study import Study
    from icstats.workers import Start

__all__ = ["ONE_THREAD_EACH", "PRELOAD", "START", "leaks", "prepared", "require_clean_index"]

PRELOAD = "icstats.warm"
ONE_THREAD_EACH = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
START: Mapping[Engine, Start] = {"fork": "fork", "kernel": "spawn"}

Given = TypeVar("Given")
Found = TypeVar("Found")


def prepared(study: Study, *, departments: Sequence[str] | None, engine: Engine) -> Plan:
    """Check everything, prepare the answers and write down that they are released; see :func:`icstats.plan.prepare`.

    Raises
    ------
    RunError
        All problems at once; or an earlier release, subtracted from this one, would give a few ratings away.
    """
    return _brought(partial(_prepared, departments=departments, engine=engine), study, engine)


def leaks(study: Study, files: Mapping[str, Sequence[Path]], *, engine: Engine) -> dict[str, str]:
    """Return which departments have files that hold anything of a respondent, and what kind of thing that is.

    Parameters
    ----------
    study
        The study.
    files
        Department -> its files.
    engine
        How processes come to be.

    Raises
    ------
    RunError
        If the answers that are looked for cannot be read.
    """
    return _brought(partial(_leaks, study), files, engine)


def require_clean_index(study: Study, folder: Path, *, engine: Engine) -> None:
    """Refuse a release of which the files of all departments together hold anything of a respondent.

    Parameters
    ----------
    study
        The study.
    folder
        The release that is being made: its index, numbers and workbook stand in it, departments below it.
    engine
        How processes come to be.

    Raises
    ------
    HaltedError
        If one of them does; the earlier release stays.
    """
    files = [path for path in sorted(folder.iterdir()) if path.is_file()]
    for found in leaks(study, {folder.name: files}, engine=engine).values():
        raise HaltedError(f"Nothing is released. {found}", code="ICS-611")


def _prepared(study: Study, *, departments: Sequence[str] | None, engine: Engine) -> Plan | tuple[Problem, ...]:
    from icstats.edition import admit_release  # noqa: PLC0415  the process that waits imports this room too
    from icstats.plan import prepare  # noqa: PLC0415  as above

    try:
        plan, responses = prepare(study, departments=departments, engine=engine)
        admit_release(study, responses)
    except ICStatsError as error:
        return error.problems
    return plan


def _leaks(study: Study, files: Mapping[str, Sequence[Path]]) -> dict[str, str] | tuple[Problem, ...]:
    from icstats.leakscan import LeakScan  # noqa: PLC0415  as above
    from icstats.responses import read_responses  # noqa: PLC0415  as above

    try:
        scan = LeakScan.of(study, read_responses(study))
    except ICStatsError as error:
        return error.problems
    found = {}
    for department, paths in files.items():
        try:
            scan.require_clean(paths)
        except DisclosureError as leak:
            found[department] = " ".join(str(leak).split())
    return found


def _brought(errand: Callable[[Given], Found | tuple[Problem, ...]], task: Given, engine: Engine) -> Found:
    """Return what a process of its own brings back from an errand."""
    with Workers(
        errand,
        n=1,
        environment=ONE_THREAD_EACH,
        log=Path(os.devnull),
        start=START[engine],
        preload=PRELOAD,
    ) as pool:
        pool.give(task)
        (finished,) = pool.finished()
    if finished.answer is None:
        message = f"The process that reads the answers ended ({finished.ending})."
        raise HaltedError(message, code="ICS-711", hint="was there enough memory?")
    if isinstance(finished.answer, tuple):
        raise RunError(finished.answer)
    return finished.answer
