"""The researcher's desk: other questions and blocks change the numbers as they should, small groups are not drawn."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import icstats as ic
from icstats.batch import run_folder
from icstats.desk import lay_out
from icstats.errors import ParameterError, RunError

if TYPE_CHECKING:
    from icstats.explorer import Explorer

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "params" / "example.yaml"


@pytest.fixture(scope="module")
def desk() -> Explorer:
    return ic.open_explorer(EXAMPLE, "hr")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a copy of the example, to write beside it."""
    for folder in ("params", "data/example", "data/norms", "notebooks"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    return tmp_path


def test_every_view_has_its_n_and_the_warning_of_the_policy(desk: Explorer) -> None:
    for view in (desk.distributions(), desk.scales(), desk.polychoric(), desk.compare("unit")):
        assert view.n == len(desk.analysis.ratings)
        assert f"n = {view.n} ratings" in view.html
        assert "at least 11 answers" in view.html
        assert not view.data.empty


def test_shares_of_answers_add_up(desk: Explorer) -> None:
    shares = desk.distributions().data.drop(columns="n")
    assert shares.sum(axis=1).round(9).eq(1).all()


def test_unchanged_it_says_what_the_analysis_says(desk: Explorer) -> None:
    ours = desk.drivers().data.set_index(["driver", "measure"])["estimate"]
    theirs = desk.analysis.block_importance.data.set_index(["driver", "measure"])["estimate"]
    for block in desk.blocks:
        assert ours[block, "shapley_share"] == pytest.approx(theirs[block, "shapley_share"])


def test_a_question_left_out_is_nowhere_and_one_moved_is_in_its_other_block(desk: Explorer) -> None:
    changed = desk.without("PC6").moving({"CO3": "product"})
    assert "PC6" not in changed.distributions().data.index
    assert "CO3" in changed.blocks["product"]
    assert "CO3" not in changed.blocks["orientation"]
    before, after = (
        one.drivers().data.set_index(["driver", "measure"])["estimate"]["product", "shapley_share"]
        for one in (desk, changed)
    )
    assert after > before
    assert desk.blocks["process"][-1] == "PC6"


def test_of_a_small_department_or_subgroup_nothing_is_drawn(desk: Explorer) -> None:
    view = desk.at("library").distributions()
    assert view.data.empty
    assert view.n == 0
    assert "Nothing is drawn: Library is not shown" in view.html
    assert (desk.compare("unit").data["n"] >= 10).all()


def test_what_does_not_exist_is_refused(desk: Explorer) -> None:
    with pytest.raises(ParameterError, match="There is no department"):
        ic.open_explorer(EXAMPLE, "nobody")
    with pytest.raises(ParameterError, match="There is no block"):
        desk.moving({"CO3": "price"})
    with pytest.raises(ParameterError, match='There is no attribute "shoe" in this study; there are unit'):
        desk.compare("shoe")


def test_changes_become_a_study_that_the_batch_takes(project: Path) -> None:
    desk = ic.open_explorer(project / "params" / "example.yaml", "hr").without("PC6").moving({"CO3": "product"})
    path = desk.write_parameters("explored")
    study = ic.read_study(path)
    codes = {item.code: item.block for item in study.questionnaire.items}
    assert "PC6" not in codes
    assert codes["CO3"] == "product"
    assert study.norms is None
    again = ic.open_explorer(path, "hr")
    assert again.blocks == desk.blocks
    shares = [one.drivers().data.set_index(["driver", "measure"])["estimate"] for one in (desk, again)]
    assert shares[0]["product", "shapley_share"] == pytest.approx(shares[1]["product", "shapley_share"])
    with pytest.raises(ParameterError, match="exists already"):
        desk.write_parameters("explored")


def test_the_widgets_draw_again_when_something_is_chosen(desk: Explorer) -> None:
    box = desk.controls()
    left, shown = box.children
    by_name = {getattr(widget, "description", ""): widget for widget in left.children}
    assert "HR, n =" in shown.value
    by_name["department"].value = "it"
    assert "IT, n =" in shown.value
    assert "data:image/png" in shown.value
    by_name["show"].value = "scales"
    assert "measure one thing" in shown.value
    by_name["department"].value = "library"
    assert "Nothing is drawn" in shown.value


def test_the_notebook_of_the_batch_is_laid_ready_with_its_parameters_once(project: Path) -> None:
    study = ic.read_study(project / "params" / "example.yaml")
    path = lay_out(study, notebook="drivers", department="hr")
    assert path == project / "lab" / "example-hr-drivers.ipynb"
    content = path.read_text(encoding="utf-8")
    assert 'department = \\"hr\\"' in content
    assert 'study = \\"params/example.yaml\\"' in content
    assert os.fspath(project) not in content
    path.write_text("mine", encoding="utf-8")
    assert lay_out(study, notebook="drivers", department="hr").read_text(encoding="utf-8") == "mine"
    assert not run_folder(study, project / "outputs").exists()


def test_a_notebook_or_department_that_is_not_there_is_named(project: Path) -> None:
    study = ic.read_study(project / "params" / "example.yaml")
    with pytest.raises(RunError, match='There is no notebook "driver"; there are benchmark, department_report'):
        lay_out(study, notebook="driver", department="hr")
    with pytest.raises(RunError, match='There is no department "x"; there are it'):
        lay_out(study, notebook="drivers", department="x")
