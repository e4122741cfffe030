"""The kept figures: every script owns one section of one file, and there is no second place."""

from __future__ import annotations

import importlib.util
import re
from typing import TYPE_CHECKING

import pytest
from conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

FOLDER = ROOT / "benchmarks"


@pytest.fixture(scope="module")
def tables() -> ModuleType:
    spec = importlib.util.spec_from_file_location("kept_tables", FOLDER / "tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_section_takes_the_place_of_its_older_self_and_leaves_the_others(tables: ModuleType, tmp_path: Path) -> None:
    for title, text in (("First", "one"), ("Second", "### Part\n\ntwo"), ("First", "\nthree\n")):
        tables.write_section(tables.SPEED, title, text, folder=tmp_path)
    written = (tmp_path / tables.SPEED).read_text(encoding="utf-8")
    assert written == tables.HEADINGS[tables.SPEED] + "## First\n\nthree\n\n## Second\n\n### Part\n\ntwo\n"


def test_rows_become_a_table(tables: ModuleType) -> None:
    assert tables.table([{"a": 1, "b": "x"}, {"b": "y", "a": 2}]) == "| a | b |\n| --- | --- |\n| 1 | x |\n| 2 | y |"


@pytest.mark.parametrize("script", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_every_script_has_its_figures_in_the_file_that_it_names(script: Path) -> None:
    for name, title in re.findall(r'write_section\((\w+),\s*"([^"]+)"', script.read_text(encoding="utf-8")):
        file = {"SPEED": "results.md", "COVERAGE": "coverage.md", "DIALOGUE": "dialogue.md"}[name]
        kept = (FOLDER / file).read_text(encoding="utf-8")
        assert f"\n## {title}\n" in kept
        assert f"benchmarks/{script.name}`" in kept
