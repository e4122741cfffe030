"""The prepared answers are there whole or not at all, for their owner only."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from icstats import store as room
from icstats.errors import RunError
from icstats.store import COUNTS, Contents, fingerprints_of, open_store, partition, read_frame, write_store

PLANNED = Contents(
    fingerprint="f" * 64, waves=("1",), departments=("hr", "it"), attributes=(), n_ratings=3, notes=("a note",)
)
FRAMES = {
    COUNTS: pd.DataFrame({"wave": ["1"], "n": [3]}),
    partition("1", "hr"): pd.DataFrame({"a": [1, 2]}),
    partition("1", "it"): pd.DataFrame({"a": [3]}),
    fingerprints_of("1", "hr"): pd.DataFrame({"who": [7, 9], "what": [8, 8]}),
    fingerprints_of("1", "it"): pd.DataFrame({"who": [7], "what": [8]}),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "data" / ".store" / "small-ffff"


def write(folder: Path, *, replace: bool = False) -> Contents:
    tables = ((name, pa.Table.from_pandas(frame, preserve_index=False)) for name, frame in FRAMES.items())
    return write_store(folder, lambda: PLANNED, tables, replace=replace)


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_what_is_written_is_read_back(folder: Path) -> None:
    contents = write(folder)
    assert open_store(folder, PLANNED.fingerprint) == contents
    assert contents.notes == ("a note",)
    assert names(folder) == [
        COUNTS,
        "store.json",
        "wave=1/department=hr.parquet",
        "wave=1/department=it.parquet",
        "wave=1/fingerprints=hr.parquet",
        "wave=1/fingerprints=it.parquet",
    ]
    for name, frame in FRAMES.items():
        pd.testing.assert_frame_equal(read_frame(folder, contents, name), frame)


def test_only_the_owner_can_look_in(folder: Path) -> None:
    write(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert folder.parent.stat().st_mode & 0o777 == 0o700


def test_the_same_answers_give_the_same_bytes(folder: Path) -> None:
    assert write(folder).files == write(folder, replace=True).files


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "store.json").unlink(),
        lambda folder: (folder / "store.json").write_text((folder / "store.json").read_text()[:100]),
        lambda folder: (folder / "store.json").write_text("{}"),
        lambda folder: (folder / "store.json").write_text((folder / "store.json").read_text().replace('"hr"', '"x"')),
        lambda folder: (folder / COUNTS).write_bytes(b"PAR1"),
        lambda folder: (folder / COUNTS).unlink(),
    ],
    ids=["no list", "half a list", "empty list", "other list", "damaged counts", "no counts"],
)
def test_a_store_that_is_not_whole_is_none_and_is_made_again(folder: Path, damage: object) -> None:
    contents = write(folder)
    damage(folder)  # type: ignore[operator]
    assert open_store(folder, PLANNED.fingerprint) is None
    assert write(folder) == contents
    assert open_store(folder, PLANNED.fingerprint) == contents
    assert os.listdir(folder.parent) == [folder.name]  # noqa: PTH208  hidden names as well


def test_a_store_of_something_else_is_none(folder: Path) -> None:
    write(folder)
    assert open_store(folder, "0" * 64) is None


def test_the_store_of_another_process_is_kept(folder: Path) -> None:
    write(folder)
    before = (folder / COUNTS).stat().st_ino
    write(folder)
    assert (folder / COUNTS).stat().st_ino == before
    write(folder, replace=True)
    assert (folder / COUNTS).stat().st_ino != before


def test_a_store_that_appears_in_the_last_moment_is_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = write(folder)
    opened = iter([None, first])
    monkeypatch.setattr(room, "open_store", lambda *_: next(opened))
    plain = Path.rename

    def too_late(path: Path, target: Path) -> Path:
        if target != folder:
            raise FileNotFoundError
        return plain(path, target)

    monkeypatch.setattr(Path, "rename", too_late)
    assert write(folder) == first
    assert os.listdir(folder.parent) == [folder.name]  # noqa: PTH208  hidden names as well


def test_an_interrupted_writer_leaves_nothing_and_the_earlier_store_whole(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    contents = write(folder)

    def interrupted(_: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(room, "_sync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write(folder, replace=True)
    assert open_store(folder, PLANNED.fingerprint) == contents
    assert os.listdir(folder.parent) == [folder.name]  # noqa: PTH208  hidden names as well


def test_a_full_disk_is_said_and_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RunError) as error:
        write(folder)
    assert str(error.value) == (
        "data/.store: the prepared answers cannot be written: no space left on device. "
        'Hint: Give the study another folder under "store". [ICS-726]'
    )
    assert list(folder.parent.iterdir()) == []


def test_what_a_killed_writer_left_is_removed_after_a_day(folder: Path) -> None:
    folder.parent.mkdir(parents=True)
    old, young = folder.parent / ".making-other-old", folder.parent / ".making-other-young"
    for path in (old, young):
        path.mkdir()
        (path / "department=hr.parquet").write_bytes(b"answers")
    yesterday = time.time() - 2 * room.ABANDONED_SECONDS
    os.utime(old, (yesterday, yesterday))
    write(folder)
    assert not old.exists()
    assert young.exists()


def test_a_file_that_was_swapped_is_refused(folder: Path) -> None:
    contents = write(folder)
    one, other = folder / partition("1", "hr"), folder / partition("1", "it")
    other.write_bytes(one.read_bytes())
    with pytest.raises(RunError) as error:
        read_frame(folder, contents, partition("1", "it"))
    assert str(error.value) == (
        "data/.store/small-ffff/wave=1/department=it.parquet: these prepared answers are not what was written. "
        "Hint: Remove the folder small-ffff: it is made again from the survey file. [ICS-725]"
    )
