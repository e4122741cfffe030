"""Processes that perform tasks one at a time; one that dies takes only its own task with it."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from threading import Thread
from time import monotonic
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkServerContext, ForkServerProcess, SpawnContext, SpawnProcess
    from pathlib import Path
    from types import TracebackType
    from typing import Any, Self

__all__ = ["Finished", "Start", "Workers", "make_server"]

Start = Literal["fork", "spawn"]
"""``fork``: a process per task, copied from a server that has everything imported. ``spawn``: a process from scratch
that performs one task after the other."""

Task = TypeVar("Task")
Answer = TypeVar("Answer")

SECONDS_TO_STOP = 3.0


@dataclass(frozen=True, kw_only=True)
class Finished(Generic[Task, Answer]):
    """A task that is over.

    Attributes
    ----------
    answer
        What it returned; None when its process died.
    ending
        How the process died: ``signal SIGKILL`` or ``exit code 1``; empty when it lives.
    late
        It was ended because its time was over.
    """

    task: Task
    answer: Answer | None
    ending: str = ""
    late: bool = False


class Workers(Generic[Task, Answer]):
    """A fixed number of processes, started when there is work for them and replaced when they die.

    The pool of the standard library gives up all its tasks when one process dies, and does not say which task killed
    it; here every process has its own pipe, so that is known.

    Parameters
    ----------
    perform
        What to do with a task: a function of a module, because processes are started afresh.
    n
        Number of processes.
    environment
        Variables set in the processes, and so in whatever they start.
    log
        File that receives what the processes print: third parties' warnings are no business of the terminal.
    start
        How a process comes to be.
    preload
        Module that the fork server imports before anything else.
    seconds
        What a task may take; None means: as long as it wants.
    """

    def __init__(
        self,
        perform: Callable[[Task], Answer],
        *,
        n: int,
        environment: Mapping[str, str],
        log: Path,
        start: Start = "spawn",
        preload: str = "",
        seconds: float | None = None,
    ) -> None:
        self._n = n
        self._start: Start = start
        self._seconds = seconds
        self._duty = _Duty(perform=perform, environment=dict(environment), log=log, once=start == "fork")
        self._context = _context(start, preload)
        self._resting: list[_Worker] = []
        self._leaving: list[_Worker] = []
        self._working: dict[Connection, _Worker] = {}
        self._tasks: dict[Connection, Task] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        everyone = [*self._resting, *self._leaving, *self._working.values()]
        self._resting, self._leaving, self._working, self._tasks = [], [], {}, {}
        _stop(everyone)

    @property
    def busy(self) -> bool:
        """Whether a task is being performed."""
        return bool(self._working)

    @property
    def free(self) -> bool:
        """Whether another task can be given now."""
        return len(self._working) < self._n

    def give(self, task: Task) -> None:
        """Hand a task to a process at rest, or to a new one."""
        self._resting = [worker for worker in self._resting if worker.process.is_alive()]
        worker = self._resting.pop() if self._resting else self._started()
        worker.deadline = None if self._seconds is None else monotonic() + self._seconds
        self._working[worker.connection] = worker
        self._tasks[worker.connection] = task
        # Where it died this very moment, finished() finds that out and says so.
        with suppress(OSError):
            worker.connection.send(task)

    def finished(self) -> list[Finished[Task, Answer]]:
        """Wait until at least one task is over and return all that are."""
        over: list[Finished[Task, Answer]] = []
        while not over:
            ready = wait(list(self._working), timeout=self._patience())
            over = [self._collected(connection) for connection in ready]  # type: ignore[arg-type]
            late = [worker.connection for worker in self._working.values() if worker.is_late]
            over += [self._abandoned(connection) for connection in late]
        return over

    def _patience(self) -> float | None:
        deadlines = [worker.deadline for worker in self._working.values() if worker.deadline is not None]
        return max(0.0, min(deadlines) - monotonic()) if deadlines else None

    def _collected(self, connection: Connection) -> Finished[Task, Answer]:
        worker, task = self._working.pop(connection), self._tasks.pop(connection)
        try:
            answer: Answer = connection.recv()
        except (EOFError, OSError):
            worker.process.join()
            connection.close()
            return Finished(task=task, answer=None, ending=_ending(worker.process.exitcode or 0))
        if self._duty.once:
            # What it leaves behind takes the system a while to clear: the next one need not wait for that.
            self._leaving = [*(one for one in self._leaving if one.process.is_alive()), worker]
        else:
            self._resting.append(worker)
        return Finished(task=task, answer=answer)

    def _abandoned(self, connection: Connection) -> Finished[Task, Answer]:
        worker, task = self._working.pop(connection), self._tasks.pop(connection)
        _stop([worker])
        return Finished(task=task, answer=None, late=True)

    def _started(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(theirs, self._duty), daemon=True)
        process.start()
        # Only when the process is the sole owner of its end does its death close the pipe.
        theirs.close()
        return _Worker(process=process, connection=ours)


@dataclass(kw_only=True)
class _Worker:
    process: ForkServerProcess | SpawnProcess
    connection: Connection
    deadline: float | None = None

    @property
    def is_late(self) -> bool:
        return self.deadline is not None and monotonic() >= self.deadline


@dataclass(frozen=True, kw_only=True)
class _Duty:
    """What a process needs to know to be of use."""

    perform: Callable[[Any], Any]
    environment: dict[str, str]
    log: Path
    once: bool


def _context(start: Start, preload: str) -> ForkServerContext | SpawnContext:
    if start == "spawn":
        return get_context("spawn")
    context = get_context("forkserver")
    context.set_forkserver_preload([preload] if preload else [])
    return context


def make_server(preload: str) -> None:
    """Let the fork server begin to import what it must have, without waiting for it."""
    from multiprocessing import forkserver  # noqa: PLC0415  not everywhere

    _context("fork", preload)
    forkserver.ensure_running()


def _stop(workers: list[_Worker]) -> None:
    """End processes: gently, so that they take their kernels with them, then surely."""
    for worker in workers:
        worker.connection.close()
        worker.process.terminate()
    deadline = monotonic() + SECONDS_TO_STOP
    for worker in workers:
        worker.process.join(max(0.0, deadline - monotonic()))
        if worker.process.is_alive():
            worker.process.kill()
            worker.process.join()


def _ending(exit_code: int) -> str:
    return f"signal {signal.Signals(-exit_code).name}" if exit_code < 0 else f"exit code {exit_code}"


def _serve(connection: Connection, duty: _Duty) -> None:
    """Perform tasks until the other side is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; who started us decides
    _end_with_whoever_started_us()
    os.environ.update(duty.environment)
    _print_into(duty.log)
    with suppress(EOFError, OSError):
        while True:
            connection.send(duty.perform(connection.recv()))
            if duty.once:
                return


def _end_with_whoever_started_us() -> None:
    """Leave no orphan that goes on writing when the run was killed."""
    parent = parent_process()
    if parent is not None:
        Thread(target=_end_after, args=(parent.sentinel,), daemon=True).start()


def _end_after(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


def _print_into(log: Path) -> None:
    """Let this process, and all it starts, print into a file."""
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(handle, stream)
    os.close(handle)
