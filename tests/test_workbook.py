"""The workbook holds the released numbers, all of them and nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from small_study import SmallStudy, hidden, numbers_of

from icstats.workbook import write_workbook

if TYPE_CHECKING:
    from pathlib import Path

    from icstats.questionnaire import Language


def release(study: SmallStudy, slug: str, rows: list[dict[str, Any]]) -> None:
    (study.folder / slug).mkdir(parents=True, exist_ok=True)
    (study.folder / slug / "results.json").write_text(json.dumps({"rows": rows}), encoding="utf-8")


@pytest.fixture
def study(tmp_path: Path) -> SmallStudy:
    small = SmallStudy(tmp_path)
    release(small, "", numbers_of("organisation", 7.0))
    release(small, "hr", numbers_of("hr"))
    release(small, "it", hidden(numbers_of("it")))
    return small


def written(study: SmallStudy, language: Language = "en") -> Path:
    path = write_workbook(study.opened(), study.folder, language=language)
    assert path is not None
    return path


def sheets(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    book = openpyxl.load_workbook(path)
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book}


def test_every_released_number_is_there_once_as_a_number_and_hidden_ones_as_words(study: SmallStudy) -> None:
    found = sheets(written(study))
    assert list(found) == ["About", "Comparison", "Importance", "Summary"]
    heads, *rows = found["Summary"]
    assert heads[:6] == ("Department", "Code", "Question, scale or block", "Statistic", "Estimate", "95% from")
    assert rows == [
        ("The organisation as a whole", "SA1", "Mark", "mean", 7, 6.7, 7.3, None, "120", "points"),
        ("Human Resources", "SA1", "Mark", "mean", 6.8, 6.5, 7.1, None, "120", "points"),
        ("IT <support>", "SA1", "Mark", "mean", "not shown", None, None, None, None, "points"),
    ]
    assert len(found["Comparison"]) == 1 + 3 * 3
    assert found["Comparison"][4][-1] == "about the same"


def test_it_speaks_the_language_of_the_run(study: SmallStudy) -> None:
    found = sheets(written(study, "nl"))
    assert found["Toelichting"][0] == ("Klein & Zonen: Kleine enquête",)
    assert found["Summary"][2][0] == "Personeelszaken"


def test_a_name_that_looks_like_a_formula_stays_a_name(study: SmallStudy) -> None:
    release(study, "hr", [{**numbers_of("hr")[0], "variable": "=1+1", "statistic": "@SUM(A1)", "n": "+1"}])
    path = written(study)
    cells = [cell for row in openpyxl.load_workbook(path)["Summary"].iter_rows() for cell in row]
    assert {cell.data_type for cell in cells if cell.value in {"=1+1", "@SUM(A1)", "+1"}} == {"s"}
    assert "f" not in {cell.data_type for cell in cells}


def test_the_same_numbers_give_the_same_file(study: SmallStudy) -> None:
    first = written(study).read_bytes()
    assert written(study).read_bytes() == first


def test_where_nothing_was_released_there_is_no_workbook(tmp_path: Path) -> None:
    small = SmallStudy(tmp_path)
    assert write_workbook(small.opened(), small.folder, language="en") is None
    assert not small.folder.exists()
