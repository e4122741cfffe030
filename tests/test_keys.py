"""The key of a notebook: what may be shown of whom is in it, the counts that decided it are not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from small_study import SmallStudy

from icstats.decisions import Differing, Together
from icstats.keys import Keys
from icstats.store import COUNTS, Contents, partition
from icstats.study import ORGANISATION

if TYPE_CHECKING:
    from pathlib import Path

    from icstats.engine import Reads
    from icstats.ledger import Cell

SLUGS = ("hr", "it", "legal")
FILES = {COUNTS: "counts", **{partition("2026", slug): slug for slug in SLUGS}}
NOBODY: frozenset[Cell] = frozenset()
NOTHING = Differing(norm=frozenset({"SA1"}))
UNSAID = Together()


@pytest.fixture
def study(tmp_path: Path) -> SmallStudy:
    return SmallStudy(tmp_path)


def keys(
    study: SmallStudy,
    *,
    files: dict[str, str],
    hidden: frozenset[Cell] = NOBODY,
    notes: tuple[str, ...] = (),
    differing: Differing = NOTHING,
    together: Together = UNSAID,
) -> dict[tuple[str, Reads], str]:
    contents = Contents(
        fingerprint="f", waves=("2026",), departments=SLUGS, attributes=(), n_ratings=9, notes=notes, files=files
    )
    made = Keys(
        study=study.opened(),
        contents=contents,
        templates={name: study.root / "notebooks" / f"{name}.ipynb" for name in ("drivers", "overview")},
        language="en",
        hidden=hidden,
        differing=differing,
        together=together,
        secret=b"secret",
    )
    asked: list[tuple[str, str, Reads]] = [
        ("hr", "drivers", "own"),
        ("it", "drivers", "own"),
        ("it", "drivers", "quoted"),
        ("it", "drivers", "all"),
        (ORGANISATION, "overview", "own"),
    ]
    return {(department, reads): made.of(department, notebook, reads=reads) for department, notebook, reads in asked}


def changed(study: SmallStudy, **other: object) -> set[tuple[str, Reads]]:
    before, after = keys(study, files=FILES), keys(study, **{"files": FILES, **other})  # type: ignore[arg-type]
    return {one for one in before if before[one] != after[one]}


def test_other_answers_change_the_keys_of_those_that_read_them(study: SmallStudy) -> None:
    other = {**FILES, COUNTS: "other counts", partition("2026", "hr"): "other answers"}
    assert changed(study, files=other) == {("hr", "own"), ("it", "all"), (ORGANISATION, "own")}


@pytest.mark.parametrize(
    "other",
    [
        {"hidden": frozenset({("hr", "SA1")})},
        {"notes": ("Two rows are the same.",)},
        {"differing": Differing(norm=frozenset({"SA1", "PC1"}))},
        {"differing": NOTHING._replace(earlier_norm=frozenset({"SA1"}))},
        {"together": Together(rows_are={"warnings": ("no_differences:SA1",)})},
    ],
)
def test_what_may_be_shown_of_anybody_and_what_is_said_of_the_file_change_every_key(
    study: SmallStudy, other: dict[str, object]
) -> None:
    assert changed(study, **other) == {
        ("hr", "own"),
        ("it", "own"),
        ("it", "quoted"),
        ("it", "all"),
        (ORGANISATION, "own"),
    }


def test_counts_that_decide_the_same_change_no_key(study: SmallStudy) -> None:
    assert changed(study, files={**FILES, COUNTS: "other counts"}) == set()


def test_what_stands_of_a_department_changes_its_key_and_what_tests_it_hung_on_does_not(study: SmallStudy) -> None:
    stands = NOTHING._replace(cells=frozenset({("hr", "SA1")}))
    assert changed(study, differing=stands) == {("hr", "own"), ("it", "all"), (ORGANISATION, "own")}
    assert changed(study, differing=NOTHING._replace(answers="others", basis="others")) == set()


def test_what_is_said_of_a_department_among_all_changes_its_key_and_no_other(study: SmallStudy) -> None:
    assert changed(study, together=Together(rows={"hr": [["hr", "SA1", 6.8]]})) == {
        ("hr", "own"),
        ("it", "all"),
        (ORGANISATION, "own"),
    }
    assert changed(study, together=Together(answers="others", basis="others")) == set()


def test_what_is_said_of_all_together_changes_the_keys_of_those_that_quote_it(study: SmallStudy) -> None:
    assert changed(study, together=Together(said={"absent": "none"})) == {
        ("it", "quoted"),
        ("it", "all"),
        (ORGANISATION, "own"),
    }
