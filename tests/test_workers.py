"""A process that dies takes only its own task with it."""

from __future__ import annotations

import os
import sys
from multiprocessing import active_children
from typing import TYPE_CHECKING

import psutil
import pytest
from worker_tasks import obey

from icstats.workers import Finished, Start, Workers

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


BOTH_STARTS = pytest.mark.parametrize(
    "start", ["spawn", pytest.param("fork", marks=pytest.mark.skipif(sys.platform != "linux", reason="needs fork"))]
)


def performed(
    orders: Iterable[str],
    *,
    n: int,
    log: Path,
    start: Start = "spawn",
    seconds: float | None = None,
    **environment: str,
) -> dict[str, Finished[str, str]]:
    waiting, over = list(orders), {}
    with Workers(obey, n=n, environment=environment, log=log, start=start, seconds=seconds) as pool:
        while waiting or pool.busy:
            while waiting and pool.free:
                pool.give(waiting.pop(0))
            over |= {finished.task: finished for finished in pool.finished()}
    return over


@BOTH_STARTS
def test_every_task_is_answered_whatever_happens_to_others(tmp_path: Path, start: Start) -> None:
    deaths = ["die SIGKILL", "die SIGSEGV", "leave 3", "leave 0"]
    good = [f"echo {number}" for number in range(6)]
    over = performed([*deaths, *good], n=2, log=tmp_path / "log", start=start)
    assert {task: over[task].answer for task in good} == {task: task for task in good}
    assert [over[task].answer for task in deaths] == [None] * 4
    assert [over[task].ending for task in deaths] == ["signal SIGKILL", "signal SIGSEGV", "exit code 3", "exit code 0"]


def test_processes_are_used_again_and_no_more_than_asked_are_started(tmp_path: Path) -> None:
    over = performed([f"whoami {number}" for number in range(8)], n=2, log=tmp_path / "log")
    assert 1 <= len({finished.answer for finished in over.values()}) <= 2


@BOTH_STARTS
def test_a_task_that_takes_too_long_is_ended_and_the_others_are_not(tmp_path: Path, start: Start) -> None:
    over = performed(["sleep 600", "echo here"], n=2, log=tmp_path / "log", start=start, seconds=8)
    assert (over["sleep 600"].late, over["sleep 600"].answer) == (True, None)
    assert (over["echo here"].late, over["echo here"].answer) == (False, "echo here")
    assert active_children() == []


@pytest.mark.skipif(sys.platform != "linux", reason="needs fork")
def test_a_copied_process_performs_one_task_only_and_leaves_nothing_open(tmp_path: Path) -> None:
    orders = [f"whoami {number}" for number in range(8)]
    performed(orders[:1], n=2, log=tmp_path / "log", start="fork")
    before = psutil.Process().num_fds()
    over = performed(orders, n=2, log=tmp_path / "log", start="fork")
    assert len({finished.answer for finished in over.values()}) == len(orders)
    assert psutil.Process().num_fds() <= before


def test_what_processes_print_goes_to_the_log_alone(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    performed(["print chatter"], n=1, log=tmp_path / "log")
    assert capfd.readouterr() == ("", "")
    assert (tmp_path / "log").read_text(encoding="utf-8").count("chatter") >= 2
    if sys.platform != "win32":
        assert (tmp_path / "log").stat().st_mode & 0o077 == 0


def test_the_environment_reaches_the_processes_and_not_us(tmp_path: Path) -> None:
    over = performed(["look ICSTATS_TRIED"], n=1, log=tmp_path / "log", ICSTATS_TRIED="yes")
    assert over["look ICSTATS_TRIED"].answer == "yes"
    assert "ICSTATS_TRIED" not in os.environ


def interrupted(log: Path) -> None:
    with Workers(obey, n=2, environment={}, log=log) as pool:
        pool.give("sleep 600")
        pool.give("whoami now")
        pool.finished()
        assert len(active_children()) == 2
        raise KeyboardInterrupt


def test_stopping_in_the_middle_leaves_no_process(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        interrupted(tmp_path / "log")
    assert active_children() == []


def test_a_process_that_died_at_rest_is_replaced(tmp_path: Path) -> None:
    with Workers(obey, n=1, environment={}, log=tmp_path / "log") as pool:
        pool.give("whoami now")
        pool.finished()
        (process,) = active_children()
        process.kill()
        process.join()
        pool.give("echo after")
        (after,) = pool.finished()
    assert after.answer == "echo after"
