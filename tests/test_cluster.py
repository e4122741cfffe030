"""The engine on a cluster: a real scheduler with two workers, one of which dies in the middle."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import psutil
import pytest
from small_study import SmallStudy

from icstats.batch import Terms, run
from icstats.errors import ParameterError
from icstats.study import read_study

if TYPE_CHECKING:
    from collections.abc import Iterator

    from icstats.engine import Engine

ROOT = Path(__file__).resolve().parents[1]
QUICK = 20.0

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the fork engine's workers")


def started(*words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "dask", *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"},
    )


class Cluster:
    """A scheduler and two workers, each a process of its own."""

    def __init__(self, folder: Path) -> None:
        file = folder / "scheduler.json"
        self._folder, self._place = folder, ("--scheduler-file", str(file), "--no-dashboard")
        self.scheduler = started("scheduler", "--host", "127.0.0.1", "--port", "0", *self._place)
        self.workers = [self._worker(), self._worker()]
        deadline = time.monotonic() + 60
        while not file.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        self.address = str(json.loads(file.read_text(encoding="utf-8"))["address"])
        self._wait_for_both(deadline)

    def _worker(self) -> subprocess.Popen[bytes]:
        local = ("--local-directory", str(self._folder / "workers"))
        return started("worker", *self._place, "--no-nanny", "--nthreads", "1", *local)

    def start_another(self) -> None:
        """Start a second worker in the place of one that is gone."""
        self.workers.append(self._worker())
        self._wait_for_both(time.monotonic() + 60)

    def _wait_for_both(self, deadline: float) -> None:
        from distributed import Client  # noqa: PLC0415  an extra

        with Client(self.address) as client:  # type: ignore[no-untyped-call]
            client.wait_for_workers(2, timeout=max(1.0, deadline - time.monotonic()))

    def end(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()


@pytest.fixture
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(tmp_path_factory.mktemp("cluster"))
    yield made
    made.end()


@pytest.fixture
def study(tmp_path: Path) -> SmallStudy:
    return SmallStudy(tmp_path)


def shown(study: SmallStudy) -> dict[str, bytes]:
    return {
        name: content for name, content in study.files().items() if name.endswith((".html", ".ipynb", "results.json"))
    }


def test_a_worker_that_dies_loses_nothing(study: SmallStudy, cluster: Cluster, tmp_path: Path) -> None:
    run(study.opened(), outputs=study.outputs)
    undisturbed, study.outputs = shown(study), tmp_path / "others"
    for slug in study.SLUGS:
        # The first time it takes for ever, on whichever worker: that one is killed.
        study.ask("drivers", slug, mischief=SLOW_ONCE)
    killed: list[int] = []
    killer = Thread(target=kill_the_one_that_hangs, args=(tmp_path, cluster, killed))
    killer.start()
    summary = run(study.opened(), outputs=study.outputs, terms=Terms(engine="dask", scheduler=cluster.address))
    killer.join(timeout=QUICK)
    assert len(killed) == 1
    assert (summary.exit_code, summary.made) == (0, 7)
    for slug in study.SLUGS:
        study.ask("drivers", slug, mischief="")
    assert shown(study) == undisturbed
    assert list(study.outputs.rglob(".*")) == []


SLOW_ONCE = """
import time
first = Path("hanging")
try:
    first.touch(exist_ok=False)
    first.write_text(str(os.getpid()))
    time.sleep(600)
except FileExistsError:
    pass
"""


def kill_the_one_that_hangs(folder: Path, cluster: Cluster, killed: list[int]) -> None:
    """Kill (-9) the worker on which a notebook hangs, when there is one."""
    file = folder / "hanging"
    while not file.exists() or not file.read_text(encoding="utf-8"):
        time.sleep(0.1)
    above = {process.pid for process in psutil.Process(int(file.read_text(encoding="utf-8"))).parents()}
    for worker in cluster.workers:
        if worker.pid in above:
            os.kill(worker.pid, signal.SIGKILL)
            killed.append(worker.pid)


def test_the_engine_and_its_scheduler_belong_together(study: SmallStudy) -> None:
    for terms in (Terms(engine="dask"), Terms(engine="fork", scheduler="tcp://127.0.0.1:1")):
        with pytest.raises(ParameterError, match=r"belong together.*\[ICS-734\]"):
            run(study.opened(), outputs=study.outputs, terms=terms)
    assert not study.outputs.exists()


@pytest.mark.simulation
def test_every_engine_finds_the_same_numbers_whatever_the_number_of_workers(cluster: Cluster, tmp_path: Path) -> None:
    """The real notebooks of a department that has no drivers of its own, so that the organisation's are in them too."""
    for folder in ("params", "data", "notebooks"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns(".store"))
    study = read_study(tmp_path / "params" / "example.yaml")
    found: dict[tuple[str, int], dict[str, bytes]] = {}
    engines: tuple[Engine, ...] = ("fork", "kernel", "dask")
    for engine in engines:
        for workers in (1, 2):
            outputs = tmp_path / f"{engine}-{workers}"
            address = cluster.address if engine == "dask" else None
            if engine == "dask" and workers == 1:
                worker = cluster.workers.pop()
                worker.kill()
                worker.wait()
            elif engine == "dask":
                cluster.start_another()
            terms = Terms(engine=engine, workers=workers, scheduler=address)
            assert run(study, departments=["legal-affairs"], outputs=outputs, terms=terms).exit_code == 0
            results = outputs.rglob("results.json")
            found[engine, workers] = {str(path.relative_to(outputs)): path.read_bytes() for path in results}
    first, *others = found.values()
    assert sum("legal-affairs" in name for name in first) == 1
    assert all(one == first for one in others)
