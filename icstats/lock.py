"""One run at a time per wave: a lock that says who holds it, and that does not outlive its holder."""

from __future__ import annotations

import json
import os
import socket
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from icstats.errors import HaltedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["holding"]


@contextmanager
def holding(path: Path, *, note: Callable[[str], None]) -> Iterator[None]:
    """Hold a lock; folders that exist for it alone go away with it.

    Parameters
    ----------
    path
        The lock's file. Its folder must not be reachable for people who could put a false lock there.
    note
        Is told, in a sentence, that the lock of a process that is gone was cleared.

    Raises
    ------
    HaltedError
        When another run holds it: says who, where and since when.
    """
    made = [folder for folder in path.parents if not folder.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        while not _taken(path):
            _clear_or_refuse(path, note)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
    finally:
        for folder in made:
            with suppress(OSError):  # something was made in it
                folder.rmdir()


def _taken(path: Path) -> bool:
    """Take the lock if it is free: it appears with its content or not at all."""
    mine = path.with_name(f"{path.name}.{os.getpid()}")
    mine.write_text(json.dumps(_myself()), encoding="utf-8")
    try:
        os.link(mine, path)
    except FileExistsError:
        return False
    finally:
        mine.unlink()
    return True


def _myself() -> dict[str, Any]:
    started = datetime.now(UTC).astimezone().isoformat(timespec="seconds")
    return {"pid": os.getpid(), "host": socket.gethostname(), "started": started, "born": _born(os.getpid())}


def _born(pid: int) -> float:
    """Return when a process began, 0 when there is none: numbers of processes are used again."""
    import psutil  # noqa: PLC0415  only a run needs it

    try:
        process = psutil.Process(pid)
        return 0.0 if process.status() == psutil.STATUS_ZOMBIE else float(process.create_time())
    except psutil.Error:
        return 0.0


def _clear_or_refuse(path: Path, note: Callable[[str], None]) -> None:
    try:
        found = path.read_bytes()
        holder = json.loads(found)
        pid, host, started, born = (holder[name] for name in ("pid", "host", "started", "born"))
    except FileNotFoundError:
        return
    except (ValueError, KeyError, TypeError):
        note(f"The lock {path.name} could not be read; it was cleared.")
        _clear(path, found)
        return
    here = host == socket.gethostname()
    if here and abs(_born(pid) - born) > 1:
        note(f"The lock of process {pid}, started {started}, was cleared: that process is gone.")
        _clear(path, found)
        return
    raise HaltedError(
        f"Process {pid} on {host} has been making these reports since {started}.",
        code="ICS-715",
        hint="wait until it is over" + ("" if here else f", or, if it is gone, remove {path.name}"),
    )


def _clear(path: Path, found: bytes) -> None:
    """Remove this lock, and put back the one that another run has meanwhile taken."""
    aside = path.with_name(f"{path.name}.{os.getpid()}.cleared")
    with suppress(OSError):
        path.rename(aside)
        if aside.read_bytes() != found:
            os.link(aside, path)
        aside.unlink()
