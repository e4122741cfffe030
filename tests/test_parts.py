"""Parts made on several machines are, put together, what one machine makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_study import SmallStudy

from icstats.batch import run, run_folder
from icstats.errors import ParameterError, RunError
from icstats.merging import merge
from icstats.parts import Shard, read_shard

if TYPE_CHECKING:
    from pathlib import Path


@given(st.text(), st.integers(1, 50))
def test_every_department_belongs_to_exactly_one_part(slug: str, total: int) -> None:
    assert sum(Shard(number=number, total=total).holds(slug) for number in range(1, total + 1)) == 1


def test_a_department_stays_in_its_part() -> None:
    """Written out: on another machine, or in another version, it must be the same part."""
    parts = {slug: [Shard(number=n, total=5).holds(slug) for n in range(1, 6)].index(True) + 1 for slug in PARTS}
    assert parts == PARTS


PARTS = {"hr": 1, "it": 2, "legal": 5, "organisation": 1}


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "a/b", "1/0", "-1/2", ""])
def test_a_part_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ParameterError) as refusal:
        read_shard(text)
    assert str(refusal.value) == (
        f'"{text}" is no part of the departments. Hint: for instance 2/5: the second of five parts [ICS-718]'
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    study = SmallStudy(tmp_path_factory.mktemp("whole"))
    run(study.opened(), outputs=study.outputs)
    return study.files()


def seen(files: dict[str, bytes]) -> dict[str, bytes]:
    return {name: content for name, content in files.items() if not name.endswith(("receipt.json", "run.json"))}


def parts_made(study: SmallStudy, *numbers: int, total: int = 3, **asked: Any) -> None:  # noqa: ANN401  as run
    for number in numbers:
        run(study.opened(), outputs=study.outputs, shard=Shard(number=number, total=total), **asked)


def test_parts_put_together_are_the_whole(tmp_path: Path, whole: dict[str, bytes]) -> None:
    study = SmallStudy(tmp_path)
    parts_made(study, 1, 2, 3)
    assert not study.folder.exists()
    told: list[str] = []
    summary = merge(study.opened(), outputs=study.outputs, note=told.append)
    assert (summary.exit_code, told) == (0, [])
    after = study.files()
    assert seen(after) == seen(whole)
    assert set(after) == set(whole)
    assert run(study.opened(), outputs=study.outputs).made == 0


def test_a_part_that_is_missing_is_named_and_nothing_is_touched(tmp_path: Path) -> None:
    study = SmallStudy(tmp_path)
    with pytest.raises(RunError) as nothing:
        merge(study.opened(), outputs=study.outputs, note=print)
    assert str(nothing.value) == "There is no part to put together in small. Hint: icstats run --shard 1/2 [ICS-722]"
    parts_made(study, 2)
    before = study.files()
    with pytest.raises(RunError) as refusal:
        merge(study.opened(), outputs=study.outputs, note=print)
    assert str(refusal.value) == "Of 3 parts, these are missing: 1, 3. [ICS-722]"
    assert study.files() == before


def test_parts_of_different_things_are_refused(tmp_path: Path) -> None:
    study = SmallStudy(tmp_path)
    parts_made(study, 1, total=2)
    parts_made(study, 2, total=2)
    receipt = run_folder(study.opened(), study.outputs, Shard(number=2, total=2)) / "run.json"
    receipt.write_text(receipt.read_text("utf-8").replace('"language": "en"', '"language": "nl"'), encoding="utf-8")
    with pytest.raises(RunError) as refusal:
        merge(study.opened(), outputs=study.outputs, note=print)
    assert str(refusal.value) == (
        "Part 2 was made with another language than part 1. "
        "Hint: make the parts again from the same files, with the same versions [ICS-723]"
    )
    parts_made(study, 1, total=4)
    with pytest.raises(RunError, match="There are parts of 2 and of 4; they do not fit together"):
        merge(study.opened(), outputs=study.outputs, note=print)


def test_a_part_has_a_folder_of_its_own(tmp_path: Path) -> None:
    study = SmallStudy(tmp_path)
    shard = Shard(number=2, total=10)
    folder = run_folder(study.opened(), study.outputs, shard)
    assert folder.name == "2026.shard-2-of-10"
    assert Shard.of_folder(folder.name) == shard
