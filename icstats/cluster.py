"""Notebooks on the workers of a Dask cluster: tasks go there in chunks, and each worker keeps a fork server of its own.

What a worker that dies was doing is done by another one: every output is written whole, so doing it twice does no harm.
"""

from __future__ import annotations

import os
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from icstats.errands import ONE_THREAD_EACH, PRELOAD
from icstats.errors import HaltedError, ParameterError
from icstats.workers import Finished, Workers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType
    from typing import Self

__all__ = ["ClusterWorkers"]

LARGEST_CHUNK = 48
"""Tasks sent to a worker at once: some ten departments, so that sending costs nothing beside them."""
SECONDS_TO_CONNECT = 30

Task = TypeVar("Task")
Answer = TypeVar("Answer")


class ClusterWorkers(Generic[Task, Answer]):
    """The workers of a cluster, with the interface of :class:`icstats.workers.Workers`.

    Parameters
    ----------
    perform
        What to do with a task; icstats is installed on every worker, and the files lie where all can reach them.
    scheduler
        Address of the scheduler, for instance ``tcp://10.0.0.1:8786``.
    seconds
        What a task may take; None means: as long as it wants.

    Raises
    ------
    ParameterError
        When dask.distributed is not installed, or nobody answers at that address.
    """

    def __init__(self, perform: Callable[[Task], Answer], *, scheduler: str, seconds: float | None) -> None:
        self._client, self._seconds, self._perform = _connected(scheduler), seconds, perform
        self._waiting: deque[Task] = deque()
        self._sent: dict[Any, Sequence[Task]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._client.cancel(list(self._sent))
        self._client.close()

    @property
    def busy(self) -> bool:
        """Whether a task is being performed, or about to be."""
        return bool(self._waiting or self._sent)

    @property
    def free(self) -> bool:
        """Whether another task can be given now: always, for the cluster has the queue."""
        return True

    def give(self, task: Task) -> None:
        """Take a task; it is sent together with others."""
        self._waiting.append(task)

    def finished(self) -> list[Finished[Task, Answer]]:
        """Wait until at least one chunk of tasks is over and return what came of them."""
        from distributed import wait  # noqa: PLC0415  an extra

        self._send()
        over = wait(list(self._sent), return_when="FIRST_COMPLETED").done  # type: ignore[no-untyped-call]
        return [finished for future in over for finished in self._collected(future)]

    def _send(self) -> None:
        n = max(1, sum(self._client.nthreads().values()))
        size = max(1, min(LARGEST_CHUNK, len(self._waiting) // (4 * n)))
        while self._waiting:
            chunk = [self._waiting.popleft() for _ in range(min(size, len(self._waiting)))]
            sent = self._client.submit(_performed, self._perform, chunk, self._seconds, pure=False)
            self._sent[sent] = chunk

    def _collected(self, future: Any) -> list[Finished[Task, Answer]]:  # noqa: ANN401  an extra's class
        chunk = self._sent.pop(future)
        if future.status == "finished":
            finished: list[Finished[Task, Answer]] = future.result()
            return finished
        return [Finished(task=task, answer=None, ending=f"worker lost: {_kind(future)}") for task in chunk]


def _kind(future: Any) -> str:  # noqa: ANN401  as above
    return type(future.exception()).__name__ if future.status == "error" else str(future.status)


def _connected(scheduler: str) -> Any:  # noqa: ANN401  as above
    try:
        from distributed import Client  # noqa: PLC0415  an extra
    except ImportError:
        raise ParameterError(
            "The engine dask needs dask.distributed.", code="ICS-735", hint='pip install "icstats[cluster]"'
        ) from None
    try:
        client: Any = Client(scheduler, timeout=SECONDS_TO_CONNECT)  # type: ignore[no-untyped-call]
    except (OSError, ValueError):
        raise ParameterError(
            f"No Dask scheduler answers at {scheduler}.", code="ICS-735", hint="is it running? dask scheduler"
        ) from None
    if not client.nthreads():
        client.close()
        raise HaltedError(
            f"The Dask scheduler at {scheduler} has no workers.",
            code="ICS-733",
            hint=f"start some: dask worker {scheduler} --no-nanny --nthreads 1",
        )
    return client


def _performed(
    perform: Callable[[Task], Answer], chunk: Sequence[Task], seconds: float | None
) -> list[Finished[Task, Answer]]:
    """Perform tasks one after the other, each in a copy of this worker's fork server; runs on a worker."""
    finished = []
    with Workers(
        perform,
        n=1,
        environment=ONE_THREAD_EACH,
        log=Path(os.devnull),
        start="fork",
        preload=PRELOAD,
        seconds=seconds,
    ) as pool:
        for task in chunk:
            pool.give(task)
            finished += pool.finished()
    return finished
