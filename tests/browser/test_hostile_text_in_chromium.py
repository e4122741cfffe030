"""Names and questions that try to run something are shown as text, and nothing runs, loads or complains."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import nbformat
import pytest
from attacks.organisation import answers, organisation
from browser.chromium import started
from small_study import executed
from small_survey import text

from icstats.pages import Link, render
from icstats.report import Report

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(2)>",
    '"><svg onload=alert(3)>',
    "</title><script>alert(4)</script>",
    "[click](javascript:alert(5)) **bold**",
    "{{ 7*7 }}{% for x in y %}{{ cycler }}{% endfor %}",
    "\u202egnp.exe\u2066 bidi",
    "![x](https://example.org/x.png)",
    "<iframe srcdoc='<script>alert(6)</script>'>",
    "$\\href{javascript:alert(7)}{x}$",
    "<style>body{display:none}</style>",
    "&lt;b&gt; & <b>bold</b>",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with started() as running:
        yield running


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Return the report of a department with a hostile name, about questions with hostile labels."""
    edition = organisation(tmp_path_factory.mktemp("hostile"), answers({"x": 60, "y": 70, "z": 80}, 1)).edition
    questionnaire = edition.study.questionnaire
    items = [
        item.model_copy(update={"label": text(hostile), "wording": text(hostile)})
        for item, hostile in zip(questionnaire.items, HOSTILE, strict=True)
    ]
    departments = [one.model_copy(update={"name": text(HOSTILE[0])}) for one in edition.study.departments]
    study = edition.study.model_copy(
        update={
            "questionnaire": questionnaire.model_copy(update={"items": tuple(items)}),
            "departments": tuple(departments),
            "title": text(HOSTILE[3]),
            "organisation": text(HOSTILE[2]),
        }
    )
    organisation_ = replace(edition.organisation, study=study)
    return Report(edition=replace(edition, study=study, organisation=organisation_), department="x")


def test_hostile_names_and_questions_are_text(browser: Browser, report: Report, tmp_path: Path) -> None:
    sections = [section._repr_html_() for section in (report.masthead(), report.summary(), report.item_statistics())]
    outputs = [
        {"output_type": "execute_result", "data": {"text/html": html}, "metadata": {}, "execution_count": 5}
        for html in sections
    ]
    source = tmp_path / "department_report.ipynb"
    nbformat.write(executed("department_report", "hr", *outputs, shown=report.scores()._repr_html_()), source)
    links = [Link(href="../index.html", label=HOSTILE[1])]
    page_file = tmp_path / "department_report.html"
    page_file.write_text(render(source, title=HOSTILE[3], language="en", links=links), encoding="utf-8")

    page = browser.new_page()
    dialogs: list[str] = []
    requests: list[str] = []
    complaints: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(page_file.as_uri())
    for folded in page.locator("details").all():
        folded.evaluate("element => element.open = true")
    assert dialogs == []
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []
    assert complaints == []
    assert page.title() == HOSTILE[3]
    assert page.locator("script, iframe, svg, object, embed").count() == 0
    shown = page.locator("body").inner_text()
    assert [hostile for hostile in HOSTILE if " ".join(hostile.split()) not in " ".join(shown.split())] == []
    assert page.locator("a[href^='javascript']").count() == 0
    assert page.locator("body").is_visible()
    page.close()
