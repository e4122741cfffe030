"""Names and questions that try to run something are shown as text, and nothing runs, loads or complains."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import cycle
from typing import TYPE_CHECKING

import nbformat
import pytest
import yaml
from attacks.organisation import answers, organisation
from attacks.site import both, run_site, write_study
from browser.chromium import quiet_page, started
from openpyxl import load_workbook
from small_study import executed
from small_survey import text

from icstats.masking import masked
from icstats.pages import TURNING, Link, render
from icstats.report import Report
from icstats.study import read_study

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
MORE = (
    "javascript:alert(8)",
    "<a href='javascript:alert(9)' onmouseover='alert(10)'>here</a>",
    "`${alert(11)}` ${alert(12)}",
    "{{constructor.constructor('alert(13)')()}} {% raw %} {# gone #}",
    "</style></section></main><script>alert(14)</script>",
    "&#60;script&#62;alert(15)&#60;/script&#62; &lt;img src=x onerror=alert(16)&gt;",
    "<svg><animate onbegin=alert(17) attributeName=x></svg><math><mi xlink:href='data:,x'>m</mi></math>",
    "--><!-- ]]> <![CDATA[ <script>alert(18)</script>",
    "\u2067right\u2069 \u202eleft \u200b\u00ad end",
    "<form action='https://example.org'><input autofocus onfocus=alert(19)></form>",
    "<link rel=stylesheet href='//example.org/x.css'><meta http-equiv=refresh content='0;url=//example.org'>",
    "**bold** [x](javascript:alert(20)) ![y](//example.org/y.png) `code` # heading | a | b |",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("https://example.org","x")',
    "+1+cmd|'x'!A1",
    "-2+3",
    "@SUM(1+1)*9",
    '"=1+1',
)
EVERY = (*HOSTILE, *MORE)
LIVE = "iframe, animate, svg[onload], object, embed, form, math, meta[http-equiv=refresh]"
FORMULA = ("=", "+", "-", "@")


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
    shown = in_words(page.locator("body").inner_text())
    assert not TURNING.keys() & set(map(ord, page.content()))
    assert [hostile for hostile in HOSTILE if in_words(hostile) not in shown] == []
    assert page.locator("a[href^='javascript']").count() == 0
    assert page.locator("body").is_visible()
    page.close()


# --------------------------------------------------------------------- every page of a real run, and its workbook


SIZES = {"x": 60, "y": 70, "z": 30}


def hostile_run(folder: Path) -> Path:
    """Return what is released of a study in which everything that somebody can write is hostile."""
    frame = answers(SIZES, 1)
    frame["OP1"] = [EVERY[row % len(EVERY)] for row in range(len(frame))]
    write_study(folder, frame)
    texts = cycle(text for text in EVERY if "{" not in text)  # between braces, a wording has the department's name
    study, asked = (yaml.safe_load((folder / f"{name}.yaml").read_text("utf-8")) for name in ("study", "questionnaire"))
    study |= {"title": both(HOSTILE[3]), "organisation": both(MORE[12]), "norms": "departments"}
    study |= {"notebooks": ["department_report", "reliability", "drivers", "benchmark"]}
    study |= {"themes": "themes.yaml", "agreements": "agreements.yaml"}
    study["departments"] = [
        {"slug": slug, "name": both(name)} for slug, name in zip(SIZES, (HOSTILE[0], MORE[12], MORE[6]), strict=True)
    ]
    asked["items"] = [item | {"label": both(next(texts)), "wording": both(next(texts))} for item in asked["items"]]
    asked["scales"] = [scale | {"label": both(next(texts))} for scale in asked["scales"]]
    asked["title"] = both(HOSTILE[2])
    themes = {"themes": [{"code": "alert", "label": both(HOSTILE[1]), "words": {"en": ["alert"], "nl": ["alert"]}}]}
    action = {"item": "P1", "wave": "1", "what": both(HOSTILE[0]), "owner": both(MORE[1]), "due": "2026-12-01"}
    agreements = {"actions": [action | {"department": slug} for slug in SIZES]}
    written = {"study": study, "questionnaire": asked, "themes": themes, "agreements": agreements}
    for name, settings in written.items():
        (folder / f"{name}.yaml").write_text(json.dumps(settings), encoding="utf-8")
    return run_site(read_study(folder / "study.yaml"), folder)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return hostile_run(tmp_path_factory.mktemp("hostile-run"))


def in_words(text: str) -> str:
    return " ".join(text.translate(TURNING).split())


def test_nothing_hostile_runs_in_any_page_of_a_run(browser: Browser, site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert len(pages) == 2 + len(SIZES) * 4
    own_scripts = set()
    for path in pages:
        with quiet_page(browser) as page:
            dialogs: list[str] = []
            page.on("dialog", lambda dialog, heard=dialogs: (heard.append(dialog.message), dialog.dismiss()))
            page.goto(path.as_uri())
            for folded in page.locator("details").all():
                folded.evaluate("element => element.open = true")
            for link in page.locator("a").all():
                link.dispatch_event("mouseover")
            assert dialogs == []
            assert page.url == path.as_uri()
            assert (
                page.locator(
                    "iframe, animate, svg[onload], object, embed, form, math, meta[http-equiv=refresh]"
                ).count()
                == 0
            )
            assert page.locator("[href^='javascript'], [src^='http'], link[href^='//']").count() == 0
            own_scripts.update(page.locator("script").all_inner_texts())
            assert page.locator("body").is_visible()
    assert not any("alert" in script for script in own_scripts)


def test_hostile_comments_themes_and_actions_are_shown_as_text(browser: Browser, site: Path) -> None:
    with quiet_page(browser) as page:
        page.goto((site / "y" / "department_report.html").as_uri())
        for folded in page.locator("details").all():
            folded.evaluate("element => element.open = true")
        shown = in_words(page.locator("body").inner_text())
    wanted = [masked(text.strip(), names=()) for text in EVERY] + [HOSTILE[1], HOSTILE[0], MORE[1], MORE[12]]
    assert [text for text in wanted if in_words(text) not in shown] == []


def test_no_cell_of_the_workbook_is_a_formula_or_a_link(site: Path) -> None:
    book = load_workbook(site / "results.xlsx")
    cells = [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row if cell.value is not None]
    texts = [cell for cell in cells if isinstance(cell.value, str)]
    assert {cell.data_type for cell in cells} == {"s", "n"}
    assert any(cell.value.startswith(FORMULA) for cell in texts)
    assert [cell.hyperlink for cell in cells if cell.hyperlink] == []
    assert book.defined_names == {}
