"""What a run leaves to a process of its own, which may import pandas: preparing the answers, and looking for leaks.

So the process that waits, and a run that has nothing to do, load none of it.
"""

from __future__ import annotations

import os
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from icstats.errors import DisclosureError, HaltedError, ICStatsError, Problem, RunError
from icstats.workers import Workers, make_server

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from icstats.engine import Engine
    from icstats.plan import Plan
    from icstats.study import Study
    from icstats.workers import Start

__all__ = ["ONE_THREAD_EACH", "PRELOAD", "START", "leaks", "prepared", "require_clean_index"]

PRELOAD = "icstats.warm"
ONE_THREAD_EACH = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
START: Mapping[Engine, Start] = {"fork": "fork", "kernel": "spawn", "dask": "fork"}

Given = TypeVar("Given")
Found = TypeVar("Found")


def prepared(study: Study, *, departments: Sequence[str] | None, engine: Engine) -> Plan:
    """Check everything, prepare the answers and write down that they are released; see :func:`icstats.plan.prepare`.

    Meanwhile, beside the process that does it, the server is made ready from which notebooks are copied.

    Raises
    ------
    RunError
        All problems at once; or an earlier release, subtracted from this one, would give a few ratings away.
    """
    if START[engine] == "fork":
        make_server(PRELOAD)
    (plan,) = _brought(partial(_prepared, departments=departments, engine=engine), [study], start="spawn")
    return plan


def leaks(study: Study, files: Mapping[str, Sequence[Path]], *, engine: Engine, workers: int) -> dict[str, str]:
    """Return which departments have files that hold anything of a respondent, and what kind of thing that is.

    Parameters
    ----------
    study
        The study.
    files
        Department -> its files.
    engine
        How processes come to be.
    workers
        Number of processes.

    Raises
    ------
    RunError
        If the answers that are looked for cannot be read.
    """
    parts = [dict(islice(files.items(), first, None, workers)) for first in range(min(workers, len(files)))]
    found = _brought(partial(_leaks, study), parts, start=START[engine])
    return dict(chain.from_iterable(one.items() for one in found))


def require_clean_index(study: Study, folder: Path, *, engine: Engine, workers: int = 1) -> None:
    """Refuse a release of which the files of all departments together hold anything of a respondent.

    Parameters
    ----------
    study
        The study.
    folder
        The release that is being made: its index, numbers and workbook stand in it, departments below it.
    engine
        How processes come to be.
    workers
        Number of processes.

    Raises
    ------
    HaltedError
        If one of them does; the earlier release stays.
    """
    files = {path.name: [path] for path in sorted(folder.iterdir()) if path.is_file()}
    for found in leaks(study, files, engine=engine, workers=workers).values():
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
    from icstats.bulkscan import scan_of  # noqa: PLC0415  as above
    from icstats.responses import read_responses  # noqa: PLC0415  as above

    found = {}
    try:
        with scan_of(study, read_responses(study)) as scan:
            for department, paths in files.items():
                try:
                    scan.require_clean(paths)
                except DisclosureError as leak:
                    found[department] = " ".join(str(leak).split())
    except ICStatsError as error:
        return error.problems
    return found


def _brought(
    errand: Callable[[Given], Found | tuple[Problem, ...]], tasks: Sequence[Given], *, start: Start
) -> list[Found]:
    """Return what processes of their own bring back from an errand."""
    brought: list[Found] = []
    with Workers(
        errand,
        n=max(1, len(tasks)),
        environment=ONE_THREAD_EACH,
        log=Path(os.devnull),
        start=start,
        preload=PRELOAD,
    ) as pool:
        for task in tasks:
            pool.give(task)
        while len(brought) < len(tasks):
            for finished in pool.finished():
                if finished.answer is None:
                    message = f"The process that reads the answers ended ({finished.ending})."
                    raise HaltedError(message, code="ICS-711", hint="was there enough memory?")
                if isinstance(finished.answer, tuple):
                    raise RunError(finished.answer)
                brought.append(finished.answer)
    return brought
