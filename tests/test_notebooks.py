"""The templates are thin, clean and run."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest

ROOT = Path(__file__).resolve().parents[1]
TEMPLATES = sorted((ROOT / "notebooks").glob("*.ipynb"))
EXPLORING = "explore"


def template_name(path: Path) -> str:
    return path.stem


def code_cells(path: Path) -> list[Any]:
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def test_all_templates_of_a_study_exist() -> None:
    assert {path.stem for path in TEMPLATES} >= {
        "department_report",
        "reliability",
        "drivers",
        "benchmark",
        "overview",
        "questionnaire",
    }


@pytest.mark.parametrize("path", TEMPLATES, ids=template_name)
def test_templates_are_stored_without_outputs(path: Path) -> None:
    for cell in code_cells(path):
        assert cell.outputs == []
        assert cell.execution_count is None


@pytest.mark.parametrize("path", TEMPLATES, ids=template_name)
def test_templates_run_on_the_named_kernel_and_carry_no_other_metadata(path: Path) -> None:
    metadata = nbformat.read(path, as_version=4).metadata
    assert metadata["kernelspec"]["name"] == "icstats"
    assert set(metadata) == {"kernelspec", "language_info"}


@pytest.mark.parametrize("path", TEMPLATES, ids=template_name)
def test_parameters_are_plain_defaults_that_papermill_sees(path: Path) -> None:
    parameters = papermill.inspect_notebook(str(path))
    of_department = {"study", "department", "language", "wave"}
    others = {"overview": {"study", "language", "wave"}, "questionnaire": {"fieldwork", "folder", "language"}}
    assert set(parameters) == others.get(path.stem, of_department)
    assert all(entry["inferred_type_name"] == "None" for entry in parameters.values())
    assert all(entry["help"] for entry in parameters.values())


@pytest.mark.parametrize("path", [path for path in TEMPLATES if path.stem != EXPLORING], ids=template_name)
def test_each_cell_is_one_call_of_the_report(path: Path) -> None:
    _, opening, *sections = code_cells(path)
    statements = ast.parse(opening.source).body
    assert [type(statement) for statement in statements] == [ast.Import, ast.Assign]
    name = statements[1].targets[0].id  # type: ignore[attr-defined]
    for cell in sections:
        (statement,) = ast.parse(cell.source).body
        assert isinstance(statement, ast.Expr)
        call = statement.value
        assert isinstance(call, ast.Call)
        assert isinstance(call.func, ast.Attribute)
        assert isinstance(call.func.value, ast.Name)
        assert call.func.value.id == name
        assert all(isinstance(argument, ast.Constant) for argument in call.args)


@pytest.mark.parametrize("path", [path for path in TEMPLATES if path.stem != EXPLORING], ids=template_name)
def test_readers_never_see_code(path: Path) -> None:
    parameters, opening, *sections = code_cells(path)
    assert set(parameters.metadata["tags"]) == {"parameters", "remove-input"}
    assert opening.metadata["tags"] == ["remove-cell"]
    assert all(cell.metadata["tags"] == ["remove-input"] for cell in sections)


def test_nbval_finds_no_failing_cell_in_any_template() -> None:
    """The templates have no stored outputs, so this runs every cell; figures are counted in test_whole_way.py."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            "--nbval-lax",
            "--nbval-cell-timeout=120",
            "-q",
            *map(str, TEMPLATES),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    cells = sum(len(code_cells(path)) for path in TEMPLATES)
    assert f"{cells} passed" in done.stdout
