"""A study of three departments whose notebooks take a second: what batch, pages, index and command are tried on.

The notebooks are stand-ins: they show made-up numbers, and do on request whatever can go wrong.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import nbformat

from icstats.study import read_study

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from icstats.study import Study

QUESTIONNAIRE = """\
name: small
version: '1'
title: {en: Small, nl: Klein}
outcome: SA1
responses:
  five: {minimum: 1, maximum: 5, satisfied: 4, dissatisfied: 2}
  ten: {minimum: 1, maximum: 10, satisfied: 8, dissatisfied: 5}
scales: []
items:
  - {code: PD1, block: product, responses: five, wording: {en: Good?, nl: Goed?}, label: {en: Product, nl: Product}}
  - {code: PC1, block: process, responses: five, wording: {en: Fast?, nl: Snel?}, label: {en: Process, nl: Proces}}
  - {code: SA1, block: outcome, responses: ten, wording: {en: Mark?, nl: Cijfer?}, label: {en: Mark, nl: Cijfer}}
"""

STUDY = """\
name: small
title: {en: Small survey, nl: Kleine enquête}
organisation: {en: Small & Sons, nl: Klein & Zonen}
wave: '2026'
language: en
questionnaire: small-questionnaire.yaml
responses:
  file: ../data/small.csv
  columns: {respondent: null}
departments:
  - {slug: hr, name: {en: Human Resources, nl: Personeelszaken}}
  - {slug: it, name: {en: IT <support>, nl: ICT <support>}}
  - {slug: legal, name: {en: Legal, nl: Juridische zaken}}
notebooks: [department_report, drivers]
"""

# In the sandbox of a kernel: what each department's notebook shows, and the mischief that a test asked for.
SHOW = """\
import json, os, signal
from pathlib import Path

released = "application/vnd.icstats.released+json"


class Shown:
    def __init__(self, html, rows=()):
        self.bundle = {"text/html": html, "text/plain": "<Section>"}
        if rows:
            self.bundle[released] = {"rows": list(rows)}

    def _repr_mimebundle_(self, **_):
        return self.bundle


asked = json.loads(Path("asked.json").read_text())[NOTEBOOK].get(department, {})
exec(asked.get("mischief", ""))
"""
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def number(
    department: str, kind: str, variable: str, statistic: str, estimate: float | None, **more: object
) -> dict[str, Any]:
    """Return a released row."""
    shown = {"conf_low": None, "conf_high": None, "p_value": None, "n": "120", "unit": "points", "mark": ""}
    row = {"department": department, "kind": kind, "variable": variable, "statistic": statistic, "estimate": estimate}
    return {**row, **shown, **more}


def numbers_of(department: str, mark: float = 6.8) -> list[dict[str, Any]]:
    """Return what the report of a department would show."""
    share = {"unit": "share", "verdict": "process"}
    return [
        number(department, "Summary", "SA1", "mean", mark, conf_low=mark - 0.3, conf_high=mark + 0.3),
        number(department, "Comparison", "SA1", "mean", mark, verdict="equal"),
        number(department, "Comparison", "SA1", "norm", 6.9, verdict="equal"),
        number(department, "Comparison", "SA1", "difference", round(mark - 6.9, 1), verdict="equal"),
        number(department, "Importance", "process", "shapley_share", 0.41, **share),
        number(department, "Importance", "product", "shapley_share", 0.2, **share),
    ]


def hidden(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return rows as they are where nothing may be shown."""
    empty = {"estimate": None, "conf_low": None, "conf_high": None, "n": "", "mark": "hidden", "verdict": ""}
    return [{**row, **empty} for row in rows]


def section(title: str) -> str:
    """Return the HTML of a section with a figure and a table."""
    return (
        f"<section><h2>{title}</h2><p>The answer, first.</p>"
        f'<figure><img alt="A dot on a line: 6.8" src="data:image/png;base64,{PIXEL}"><figcaption>A figure</figcaption>'
        '</figure><div class="scroll"><table><caption>Numbers</caption><thead><tr><th scope="col">Question</th>'
        '<th scope="col" class="number">Mean</th></tr></thead><tbody><tr><th scope="row">Process</th>'
        '<td class="number">3.8</td></tr></tbody></table></div>'
        "<details><summary>More</summary><p>Detail.</p></details></section>"
    )


def template(notebook: str) -> nbformat.NotebookNode:
    """Return a stand-in for one of the notebooks."""
    v4 = nbformat.v4
    is_overview = notebook == "overview"
    parameters = 'study = "params/small.yaml"\nlanguage = ""\nwave = ""' + (
        "" if is_overview else '\ndepartment = "hr"'
    )
    who = 'department = "organisation"\n' if is_overview else ""
    cells = [
        v4.new_markdown_cell("# For who reads the source", metadata={"tags": ["remove-cell"]}),
        v4.new_code_cell(parameters, metadata={"tags": ["parameters", "remove-input"]}),
        v4.new_code_cell(f'{who}NOTEBOOK = "{notebook}"\n{SHOW}', metadata={"tags": ["remove-cell"]}),
        v4.new_markdown_cell("A line of *our own*."),
        v4.new_code_cell(
            f"Shown(f'<section><h1>{{department}}</h1><p>{notebook} in {{language}}, {{wave}}</p></section>')",
            metadata={"tags": ["remove-input"]},
        ),
        v4.new_code_cell("Shown(asked['html'], asked.get('rows', ()))", metadata={"tags": ["remove-input"]}),
        v4.new_code_cell("print('in the stream: 7'); {'raw': 'a plain result'}"),
    ]
    for place, cell in enumerate(cells):
        cell["id"] = f"{notebook.replace('_', '-')}-{place:02}"
    metadata = {"kernelspec": {"name": "icstats", "display_name": "icstats", "language": "python"}}
    return v4.new_notebook(cells=cells, metadata={**metadata, "language_info": {"name": "python"}})


def executed(notebook: str, department: str, *outputs: Mapping[str, Any], shown: str = "") -> nbformat.NotebookNode:
    """Return a notebook as papermill would leave it, without the seconds that a kernel takes."""
    v4 = nbformat.v4
    content = template(notebook)
    *_, masthead, body, last = content.cells
    masthead.outputs = [
        v4.new_output("execute_result", {"text/html": f"<section><h1>{department}</h1></section>"}, execution_count=3)
    ]
    body.outputs = [v4.new_output("execute_result", {"text/html": shown or section(notebook)}, execution_count=4)]
    last.outputs = [
        v4.new_output("stream", name="stdout", text="in the stream: 7\n"),
        *(nbformat.from_dict(dict(output)) for output in outputs),
    ]
    return content


class SmallStudy:
    """The files of the study in a folder, and what its notebooks are asked to do."""

    NOTEBOOKS = ("department_report", "drivers")
    SLUGS = ("hr", "it", "legal")

    def __init__(self, root: Path) -> None:
        self.root = root
        self.file = root / "params" / "small.yaml"
        self.outputs = root / "outputs"
        for folder in ("params", "data", "notebooks"):
            (root / folder).mkdir()
        self.file.write_text(STUDY, encoding="utf-8")
        (root / "params" / "small-questionnaire.yaml").write_text(QUESTIONNAIRE, encoding="utf-8")
        answers = [f"{slug},{i % 5 + 1},{i % 4 + 1},{i % 10 + 1}" for slug in self.SLUGS for i in range(40)]
        (root / "data" / "small.csv").write_text(
            "\n".join(["department,PD1,PC1,SA1", *answers]) + "\n", encoding="utf-8"
        )
        for notebook in (*self.NOTEBOOKS, "overview"):
            nbformat.write(template(notebook), root / "notebooks" / f"{notebook}.ipynb")
        self._asked: dict[str, dict[str, dict[str, Any]]] = {
            notebook: {
                slug: {"html": section(notebook), "rows": numbers_of(slug)} for slug in (*self.SLUGS, "organisation")
            }
            for notebook in (*self.NOTEBOOKS, "overview")
        }
        self._write_asked()

    @property
    def folder(self) -> Path:
        """Where the reports go."""
        return self.outputs / "small" / "2026"

    def opened(self) -> Study:
        """Return the study."""
        return read_study(self.file)

    def ask(self, notebook: str, department: str, **changes: object) -> None:
        """Have one department's notebook do something else: ``mischief`` (code), ``html`` or ``rows``."""
        self._asked[notebook][department] |= changes
        self._write_asked()

    def _write_asked(self) -> None:
        (self.root / "asked.json").write_text(json.dumps(self._asked), encoding="utf-8")

    def files(self) -> dict[str, bytes]:
        """Return everything under outputs, by path."""
        return {
            path.relative_to(self.outputs).as_posix(): path.read_bytes()
            for path in sorted(self.outputs.rglob("*"))
            if path.is_file()
        }
