"""Processes that perform tasks one at a time; one that dies takes only its own task with it."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import wait
from time import monotonic
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess
    from pathlib import Path
    from types import TracebackType
    from typing import Self

__all__ = ["Finished", "Workers"]

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
    """

    task: Task
    answer: Answer | None
    ending: str = ""


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
    """

    def __init__(self, perform: Callable[[Task], Answer], *, n: int, environment: Mapping[str, str], log: Path) -> None:
        self._perform = perform
        self._n = n
        self._environment = dict(environment)
        self._log = log
        self._resting: list[_Worker] = []
        self._working: dict[Connection, tuple[_Worker, Task]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        everyone = [*self._resting, *(worker for worker, _ in self._working.values())]
        self._resting, self._working = [], {}
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
        self._working[worker.connection] = (worker, task)
        try:
            worker.connection.send(task)
        except OSError:
            # It died this very moment: finished() finds that out and says so.
            return

    def finished(self) -> list[Finished[Task, Answer]]:
        """Wait until at least one task is over and return all that are."""
        return [self._collected(connection) for connection in wait(list(self._working))]  # type: ignore[arg-type]

    def _collected(self, connection: Connection) -> Finished[Task, Answer]:
        worker, task = self._working.pop(connection)
        try:
            answer: Answer = connection.recv()
        except (EOFError, OSError):
            worker.process.join()
            return Finished(task=task, answer=None, ending=_ending(worker.process.exitcode or 0))
        self._resting.append(worker)
        return Finished(task=task, answer=answer)

    def _started(self) -> _Worker:
        context = get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(
            target=_serve, args=(theirs, self._perform, self._environment, self._log), daemon=True
        )
        process.start()
        # Only when the process is the sole owner of its end does its death close the pipe.
        theirs.close()
        return _Worker(process=process, connection=ours)


@dataclass(frozen=True, kw_only=True)
class _Worker:
    process: SpawnProcess
    connection: Connection


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


def _serve(
    connection: Connection, perform: Callable[[Task], Answer], environment: Mapping[str, str], log: Path
) -> None:
    """Perform tasks until the other side is gone."""
    os.environ.update(environment)
    _print_into(log)
    try:
        while True:
            connection.send(perform(connection.recv()))
    except (EOFError, OSError, KeyboardInterrupt):
        return


def _print_into(log: Path) -> None:
    """Let this process, and all it starts, print into a file."""
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(handle, stream)
    os.close(handle)
