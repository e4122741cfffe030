"""What a batch must survive; the cases of the shared list of faults, each by its number.

Every text cell of the survey file is a canary, and the notebook that goes wrong has just read and printed a row of it.
After each fault no canary is in any file that was made or left behind, temporary ones included.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import psutil
import pytest
from test_canaries import CANARY, found_again, with_canaries

from icstats import production
from icstats.batch import Terms, run, states
from icstats.errors import HaltedError
from icstats.lock import holding
from icstats.responses import read_responses
from icstats.staging import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from small_study import SmallStudy

    from icstats.engine import Engine

ROOT = Path(__file__).resolve().parents[1]
KILLS = 100
HELD = "cells = Path('data/small.csv').read_text().splitlines()[3]; print(cells, flush=True)\n"
"""What the notebook that goes wrong does first."""
HANG = HELD + "import time; Path('hanging').touch(); time.sleep(600)"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


@pytest.fixture(scope="module")
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for temporary files, under a short path: the sockets of workers stand in it until all tests are over."""
    return tmp_path_factory.mktemp("k")


@pytest.fixture
def study(
    tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[SmallStudy]:
    """A study of canaries; when the test is over, whatever happened in it, none may be anywhere but with the answers.

    What readers never get is left out: the survey file, and the store, where the private logs are.
    """
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", None)
    study = with_canaries(tmp_path)
    yield study
    assert found_again(study.outputs) == []
    assert found_again(temporary) == []
    said = capfd.readouterr()
    assert CANARY not in said.out + said.err
    left = [path for path in tmp_path.rglob("*") if path.is_file() and not path.is_relative_to(study.outputs)]
    kept = {path.relative_to(tmp_path).as_posix() for path in left if CANARY in path.read_text("utf-8", "replace")}
    assert {name for name in kept if not name.startswith("data/.store/logs/")} <= {"data/small.csv"}


def command(study: SmallStudy, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "icstats", "run", str(study.file), "--outputs", str(study.outputs), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=study.root,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def killed_while_hanging(study: SmallStudy, *options: str) -> list[psutil.Process]:
    """Start a run, kill it (-9) in the middle of a notebook and return the processes that it had started."""
    with command(study, *options) as running:
        while not (study.root / "hanging").exists():
            assert running.poll() is None, running.stderr.read() if running.stderr else ""
            time.sleep(0.05)
        children = psutil.Process(running.pid).children(recursive=True)
        running.kill()
        for stream in (running.stdout, running.stderr):
            assert stream is None or CANARY not in stream.read()
    (study.root / "hanging").unlink()
    return children


def contents(study: SmallStudy) -> dict[str, bytes]:
    """Return what readers see, without the times that receipts hold."""
    return {
        name: content for name, content in study.files().items() if name.endswith((".html", ".ipynb", "results.json"))
    }


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    study = with_canaries(tmp_path_factory.mktemp("undisturbed"))
    run(study.opened(), outputs=study.outputs)
    return contents(study)


@pytest.mark.parametrize("engine", ["fork", "kernel"])
def test_f01_one_killed_notebook_fails_its_department_alone(study: SmallStudy, engine: Engine) -> None:
    study.ask("drivers", "it", mischief=HELD + "os.kill(os.getpid(), signal.SIGKILL)")
    summary = run(study.opened(), outputs=study.outputs, terms=Terms(engine=engine))
    assert summary.exit_code == 1
    assert {one.department: one.status for one in summary.departments} == {
        "hr": "done",
        "it": "failed",
        "legal": "done",
    }
    assert "SIGKILL" in summary.failed[0].reason or summary.failed[0].reason.startswith(
        "An unexpected error ended it (DeadKernelError)."
    )
    assert not (study.folder / "it" / "drivers.ipynb").exists()


@pytest.mark.parametrize("engine", ["fork", "kernel"])
def test_f02_a_run_that_is_killed_leaves_no_process_and_is_never_taken_for_done(
    study: SmallStudy, undisturbed: dict[str, bytes], engine: Engine
) -> None:
    study.ask("drivers", "it", mischief=HANG)
    children = killed_while_hanging(study, "--engine", engine)
    _, alive = psutil.wait_procs(children, timeout=30)
    assert alive == []
    assert not study.folder.exists()
    assert {one.department: one.status for one in states(study.opened(), outputs=study.outputs).departments}[
        "it"
    ] == "interrupted"
    study.ask("drivers", "it", mischief="")
    told: list[str] = []
    assert run(study.opened(), outputs=study.outputs, terms=Terms(engine=engine), note=told.append).exit_code == 0
    assert told[0].endswith("was cleared: that process is gone.")
    assert tuple(told[1:]) == read_responses(study.opened()).notes
    assert contents(study) == undisturbed
    assert list(study.outputs.rglob(".*")) == []


def test_f04_a_notebook_without_its_page_is_finished(study: SmallStudy, undisturbed: dict[str, bytes]) -> None:
    run(study.opened(), outputs=study.outputs)
    for page in study.folder.rglob("drivers.html"):
        page.unlink()
    summary = run(study.opened(), outputs=study.outputs)
    assert summary.made == 0
    assert contents(study) == undisturbed


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 3 MB, for whoever may mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("needs to mount a small disk")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_f09_a_full_disk_leaves_the_earlier_release_whole(
    study: SmallStudy, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study.outputs = small_disk / "outputs"
    monkeypatch.setattr(production, "BYTES_PER_NOTEBOOK", 1000)
    run(study.opened(), outputs=study.outputs)
    before = contents(study)
    big = "<section>" + "x" * 1_500_000 + "</section>"
    for slug in study.SLUGS:
        study.ask("drivers", slug, html=big)
        template = study.root / "notebooks" / "drivers.ipynb"
        template.write_text(template.read_text(encoding="utf-8").replace("our own", "ours"), encoding="utf-8")
    with pytest.raises(HaltedError, match=r"The disk is full: [0-9.]+ MB are free, about [0-9.]+ MB are needed\."):
        run(study.opened(), outputs=study.outputs)
    assert {name: one for name, one in contents(study).items() if name.startswith("small/2026/")} == before
    assert list(study.outputs.rglob(".*.part")) == []


def test_f09_a_disk_that_is_too_small_is_told_before_anything_is_made(
    study: SmallStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(production, "BYTES_PER_NOTEBOOK", 10**15)
    monkeypatch.setattr(production.Production, "work", None)
    with pytest.raises(HaltedError) as halted:
        run(study.opened(), outputs=study.outputs)
    assert halted.value.problems[0].code == "ICS-719"
    assert not study.folder.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="address space is counted by Linux")
def test_f11_a_memory_limit_names_department_and_limit(study: SmallStudy) -> None:
    study.ask("drivers", "it", mischief=HELD + "import numpy as np; np.ones(10**9)")
    summary = run(study.opened(), outputs=study.outputs, terms=Terms(memory=1500))
    assert [one.reason for one in summary.failed] == [
        "drivers of it needed more than the 1500 MB that it may take. Hint: raise --memory [ICS-732]"
    ]


@pytest.mark.parametrize("engine", ["fork", "kernel"])
def test_f13_a_notebook_that_hangs_is_ended_and_named(study: SmallStudy, engine: Engine) -> None:
    study.ask("drivers", "it", mischief=HANG)
    summary = run(study.opened(), outputs=study.outputs, terms=Terms(engine=engine, seconds=25))
    (failed,) = summary.failed
    assert (failed.status, failed.reason) == (
        "timed_out",
        "drivers of it took longer than the 25 seconds that it may take. Hint: raise --timeout [ICS-716]",
    )
    assert {one.status for one in summary.departments} == {"done", "timed_out"}
    assert (study.folder / "index.html").is_file()


def test_f14_a_second_run_stops_at_once_and_says_who_is_at_work(study: SmallStudy) -> None:
    study.ask("drivers", "it", mischief=HANG)
    with command(study) as first:
        while not (study.root / "hanging").exists():
            time.sleep(0.05)
        with pytest.raises(HaltedError) as halted:
            run(study.opened(), outputs=study.outputs)
        first.send_signal(signal.SIGTERM)
        assert first.wait(timeout=30) == 130
    message = str(halted.value)
    assert message.startswith(f"Process {first.pid} on ")
    assert "has been making these reports since " in message
    assert message.endswith("Hint: wait until it is over [ICS-715]")


def test_f16_a_lock_of_a_process_that_is_gone_is_cleared_with_a_note(tmp_path: Path) -> None:
    lock = tmp_path / "a" / "b" / "lock"
    told: list[str] = []
    with holding(lock, note=told.append):
        mine = json.loads(lock.read_text(encoding="utf-8"))
        with pytest.raises(HaltedError), holding(lock, note=told.append):
            pass
    assert (told, list(tmp_path.iterdir())) == ([], [])
    lock.parent.mkdir(parents=True)
    for content in (json.dumps({**mine, "born": mine["born"] - 100}), json.dumps({**mine, "pid": 2**22 - 1}), "{"):
        lock.write_text(content, encoding="utf-8")
        with holding(lock, note=told.append):
            assert json.loads(lock.read_text(encoding="utf-8"))["pid"] == os.getpid()
    assert [sentence.endswith("cleared: that process is gone.") for sentence in told] == [True, True, False]
    lock.write_text(json.dumps({**mine, "host": "elsewhere"}), encoding="utf-8")
    with pytest.raises(HaltedError, match="or, if it is gone, remove lock"), holding(lock, note=told.append):
        pass


def test_f18_an_input_that_changes_during_the_run_stops_it(study: SmallStudy) -> None:
    run(study.opened(), outputs=study.outputs)
    before = contents(study)
    template = study.root / "notebooks" / "department_report.ipynb"
    template.write_text(template.read_text(encoding="utf-8").replace("our own", "ours"), encoding="utf-8")
    study.ask("department_report", "it", mischief=HELD + "Path('data/small.csv').open('a').write('hr,1,1,1\\n')")
    with pytest.raises(HaltedError) as halted:
        run(study.opened(), outputs=study.outputs)
    assert str(halted.value) == "small.csv changed while the run went on. Hint: run the study again [ICS-714]"
    assert {name: one for name, one in contents(study).items() if name.startswith("small/2026/")} == before


def test_f19_reports_that_cannot_be_replaced_are_kept_for_the_next_run(
    study: SmallStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(study.opened(), outputs=study.outputs)
    (study.folder / "index.html").unlink()
    rename = Path.rename

    def locked(path: Path, target: Path) -> Path:
        if path == study.folder:
            raise PermissionError
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", locked)
    with pytest.raises(HaltedError, match=r"2026 cannot be replaced \(PermissionError\)"):
        run(study.opened(), outputs=study.outputs)
    assert (study.folder / "hr" / "drivers.html").is_file()
    monkeypatch.undo()
    assert run(study.opened(), outputs=study.outputs).made == 0
    assert (study.folder / "index.html").is_file()


@pytest.mark.simulation
def test_killed_at_random_moments_and_run_again_it_is_as_if_nothing_had_happened(
    study: SmallStudy, undisturbed: dict[str, bytes], temporary: Path
) -> None:
    """A hundred kills of a run that reads and prints canaries; after each no canary is anywhere but with the answers.

    Every file is whole whenever it is seen, and the release is the old one or the new one.
    """
    study.ask("drivers", "it", mischief=HELD)
    random = Random(20261124)  # noqa: S311  moments, not secrets
    for kill in range(KILLS):
        if kill % 10 == 0:
            shutil.rmtree(study.outputs, ignore_errors=True)
        with command(study) as running:
            time.sleep(random.uniform(0.2, 9.0))
            running.kill()
            said = "".join(stream.read() for stream in (running.stdout, running.stderr) if stream is not None)
        assert CANARY not in said
        assert found_again(study.outputs) + found_again(temporary) == []
        for name, content in contents(study).items():
            assert content == undisturbed[re.sub(r"small/\.?2026[^/]*/", "small/2026/", name)], name
        if study.folder.exists():
            released = {name: one for name, one in contents(study).items() if name.startswith("small/2026/")}
            assert released == undisturbed
    time.sleep(3)
    assert run(study.opened(), outputs=study.outputs).exit_code == 0
    assert contents(study) == undisturbed
    assert list(study.outputs.rglob(".*")) == []


def test_a_reader_never_sees_half_a_release(tmp_path: Path) -> None:
    """Killed between its two renames, a release is the old one again; what was made is still there."""
    place = Place(public=tmp_path / "2026")
    place.public.mkdir()
    (place.public / "page").write_text("old", encoding="utf-8")
    place.open(["page"])
    (place.making / "page").unlink()
    (place.making / "page").write_text("new", encoding="utf-8")
    place.public.rename(tmp_path / ".2026.before")
    place.recover()
    assert (place.public / "page").read_text(encoding="utf-8") == "old"
    assert (place.making / "page").read_text(encoding="utf-8") == "new"
    place.release()
    assert (place.public / "page").read_text(encoding="utf-8") == "new"
    assert list(tmp_path.iterdir()) == [place.public]


def test_a_department_that_broke_off_is_not_released_half_by_a_run_of_another(study: SmallStudy) -> None:
    run(study.opened(), outputs=study.outputs)
    before = contents(study)
    template = study.root / "notebooks" / "drivers.ipynb"
    template.write_text(template.read_text(encoding="utf-8").replace("our own", "ours"), encoding="utf-8")
    study.ask("drivers", "it", mischief=HANG)
    killed_while_hanging(study)
    study.ask("drivers", "it", mischief="")
    run(study.opened(), outputs=study.outputs, departments=["legal"])
    after = contents(study)
    assert {name for name in after if after[name] != before[name]} == {
        "small/2026/legal/drivers.html",
        "small/2026/legal/drivers.ipynb",
    }
