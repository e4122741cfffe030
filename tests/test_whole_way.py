"""The whole way, by the real command: from a survey file to pages and numbers."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import nbformat
import papermill
import pytest
from conftest import ROOT, Ran, icstats

import icstats as ic

if TYPE_CHECKING:
    from pathlib import Path

PAGES = ("department_report", "reliability", "drivers", "benchmark")


def rows(folder: Path) -> list[dict[str, Any]]:
    content: dict[str, list[dict[str, Any]]] = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    return content["rows"]


def one(folder: Path, **keys: str) -> dict[str, Any]:
    (found,) = [row for row in rows(folder) if all(row.get(name) == value for name, value in keys.items())]
    return found


class References(HTMLParser):
    """Everything in a page that points somewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.scripts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        self.found += [
            value or "" for name, value in attrs if name in {"src", "href", "srcset", "action", "data", "poster"}
        ]


def test_the_real_survey_runs(orientation_site: Ran) -> None:
    assert orientation_site.exit_code == 0, orientation_site.output
    assert any(line.endswith("index.html") for line in orientation_site.output.splitlines())
    departments = [path for path in orientation_site.folder.iterdir() if path.is_dir()]
    assert len(departments) == 13
    for department in departments:
        assert {path.name for path in department.iterdir()} == {
            "receipt.json",
            "results.json",
            *(f"{page}.{kind}" for page in PAGES for kind in ("html", "ipynb")),
        }


def test_the_real_survey_has_its_known_numbers() -> None:
    raw = ic.open_overview("tests/studies/orientation/study.yaml").analysis
    reliability = raw.reliability.data.set_index(["scale", "coefficient"])
    assert round(reliability.loc[("service", "alpha"), "estimate"], 4) == 0.8562
    assert reliability.loc[("service", "alpha"), "n"] == 2179
    drivers = raw.driver_importance.data.set_index(["driver", "measure"])["estimate"].round(4)
    assert drivers["model", "r_squared"] == 0.778
    assert drivers.xs("lmg_share", level="measure").to_dict() == {
        "compete": 0.3351,
        "informat": 0.2787,
        "willingn": 0.2403,
        "officeho": 0.1459,
    }
    blocks = raw.block_importance.data.set_index(["driver", "measure"])["estimate"].round(4)
    assert blocks["product", "shapley"] == 0.3574
    assert blocks["orientation", "shapley"] == 0.4206


def test_the_real_survey_shows_its_numbers_rounded(orientation_site: Ran) -> None:
    folder = orientation_site.folder
    assert one(folder, kind="Reliability", variable="service", statistic="alpha")["estimate"] == 0.86
    assert (
        one(folder, kind="Importance", variable="model", statistic="r_squared", department="organisation")["estimate"]
        == 0.78
    )
    assert one(folder, variable="orientation", statistic="shapley", department="organisation")["estimate"] == 0.42
    assert (
        one(folder, kind="Summary", variable="global", statistic="mean", department="organisation")["n"] == "2170–2179"
    )


def test_the_overview_says_whether_raters_of_a_faculty_agree(orientation_site: Ran) -> None:
    found = one(orientation_site.folder, kind="Agreement", variable="global", statistic="icc1")
    assert (found["estimate"], found["department"]) == (0.24, "organisation")
    shown = {row["statistic"] for row in rows(orientation_site.folder) if row["kind"] == "Agreement"}
    assert shown == {"icc1", "icc2", "raters_70", "raters_80"}
    page = (orientation_site.folder / "overview.html").read_text(encoding="utf-8")
    assert "Do ratings of one department agree?" in page
    assert "a department needs about 8 ratings for a mean with a reliability of 0.70" in page


def test_the_faculties_are_told_apart_from_their_mean(orientation_site: Ran) -> None:
    verdicts = {
        slug: one(orientation_site.folder / slug, kind="Comparison", variable="global", statistic="difference")[
            "verdict"
        ]
        for slug in (f"faculty-{number}" for number in range(1, 14))
    }
    assert {slug for slug, verdict in verdicts.items() if verdict == "clearly_below"} == {"faculty-6", "faculty-13"}
    assert {slug for slug, verdict in verdicts.items() if verdict == "clearly_above"} == {
        "faculty-2",
        "faculty-5",
        "faculty-8",
    }


def test_a_small_faculty_inherits_the_drivers_of_the_organisation(orientation_site: Ran) -> None:
    importance = [row for row in rows(orientation_site.folder / "faculty-10") if row["kind"] == "Importance"]
    assert {row["department"] for row in importance} == {"organisation"}
    page = (orientation_site.folder / "faculty-10" / "department_report.html").read_text(encoding="utf-8")
    assert "too few usable answers for an analysis of its own" in page


def test_pages_point_to_nothing_but_their_siblings(orientation_site: Ran, dutch_example_site: Ran) -> None:
    pages = [page for ran in (orientation_site, dutch_example_site) for page in ran.folder.rglob("*.html")]
    assert len(pages) > 60
    for page in pages:
        references = References()
        text = page.read_text(encoding="utf-8")
        references.feed(text)
        # The index is searched and sorted by a script of its own; its hash is in the policy of the page.
        assert references.scripts == (page.name == "index.html")
        for reference in references.found:
            if reference.startswith(("data:image/png;base64,", "#")):
                continue
            assert re.fullmatch(r"[\w./-]+", reference), reference
            target = (page.parent / reference).resolve()
            assert target.is_relative_to(page.parents[1] if page.parent.parent != page.parent else page.parent)
        assert "url(" not in text
        assert "@import" not in text


def test_hidden_departments_are_listed_without_any_number(dutch_example_site: Ran) -> None:
    assert dutch_example_site.exit_code == 0, dutch_example_site.output
    shown = [row for row in rows(dutch_example_site.folder / "library") if row.get("estimate") is not None]
    assert shown == []
    page = (dutch_example_site.folder / "library" / "department_report.html").read_text(encoding="utf-8")
    assert "niet getoond" in page
    assert "<img" not in page
    index = (dutch_example_site.folder / "index.html").read_text(encoding="utf-8")
    assert "Bibliotheek" in index
    assert '<html lang="nl"' in index


@pytest.mark.parametrize("name", PAGES)
def test_every_figure_of_an_executed_notebook_is_there(orientation_site: Ran, name: str) -> None:
    """Comparing cells skips images, so a lost figure would go unseen: count them."""
    expected = {
        "department_report": {"summary": 1, "scores": 2, "why": 2, "benchmark": 1},
        "reliability": {"reliability": 1},
    }
    expected |= {"drivers": {"why": 2}, "benchmark": {"benchmark": 1, "benchmark_items": 1}}
    notebook = nbformat.read(orientation_site.folder / "faculty-5" / f"{name}.ipynb", as_version=4)
    found = {}
    for cell in notebook.cells:
        if cell.cell_type == "code" and cell.source.startswith("report."):
            (output,) = cell.outputs
            pictures = re.findall(
                r'<figure[^>]*>\s*(?:<div class="picture"[^>]*>)?'
                r'<img alt="([^"]+)"[^>]*src="data:image/png;base64,([^"]+)"',
                output.data["text/html"],
            )
            assert all(len(alt) > 20 and len(png) > 2000 for alt, png in pictures)
            if pictures:
                found[cell.source.removeprefix("report.").removesuffix("()")] = len(pictures)
    assert found == expected[name]


def test_a_kernel_and_one_worker_give_the_same_bytes(dutch_example_site: Ran, tmp_path: Path) -> None:
    """Every cell, picture, page and number: neither the engine nor the number of workers makes a difference."""
    done = icstats(
        *("run", "params/example.yaml", "--language", "nl", "--outputs", str(tmp_path), "--department", "procurement"),
        *("--department", "library", "--engine", "kernel", "--workers", "1"),
    )
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "example" / dutch_example_site.folder.name
    made = [path.relative_to(folder) for kind in ("ipynb", "html") for path in folder.glob(f"*/*.{kind}")]
    made += [path.relative_to(folder) for path in folder.rglob("results.json")]
    assert len(made) == 2 * 2 * len(PAGES) + 3
    assert sum((folder / path).read_text(encoding="utf-8").count("data:image/png") for path in made) > 12
    for path in made:
        assert (folder / path).read_bytes() == (dutch_example_site.folder / path).read_bytes(), path


def test_papermill_alone_runs_a_template(tmp_path: Path) -> None:
    target = tmp_path / "out.ipynb"
    papermill.execute_notebook(
        str(ROOT / "notebooks" / "drivers.ipynb"),
        str(target),
        parameters={"study": "params/example.yaml", "department": "procurement"},
        cwd=str(ROOT),
        progress_bar=False,
    )
    text = target.read_text(encoding="utf-8")
    assert "Procurement" in text
