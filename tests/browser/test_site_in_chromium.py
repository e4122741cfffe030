"""What a reader's browser makes of the index and a report, opened from a folder."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import nbformat
import pytest
from browser.chromium import started
from small_study import SmallStudy, executed, numbers_of

from icstats.pages import Link, render
from icstats.site import write_index

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

PAGES = ("index.html", "overview.html", "hr/department_report.html")
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with started() as running:
        yield running


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the outputs of a small study, with pages rendered from notebooks that no kernel had to run."""
    study = SmallStudy(tmp_path_factory.mktemp("site"))
    home = Link(href="../index.html", label="All departments")
    for slug in (*study.SLUGS, "."):
        (study.folder / slug).mkdir(parents=True, exist_ok=True)
        rows = numbers_of("organisation" if slug == "." else slug)
        (study.folder / slug / "results.json").write_text(json.dumps({"rows": rows}), encoding="utf-8")
        for notebook in ("overview",) if slug == "." else study.NOTEBOOKS:
            source = study.root / f"{slug}-{notebook}.ipynb"
            nbformat.write(executed(notebook, slug), source)
            links = [home, Link(href=f"{notebook}.html", label=notebook, current=True)]
            html = render(source, title=notebook, language="en", links=links)
            (study.folder / slug / f"{notebook}.html").write_text(html, encoding="utf-8")
    done = {"status": "done", "reason": ""}
    receipt = {
        "language": "en",
        "norm": {"name": "example", "fictional": True},
        "finished": "2026-11-24T03:57:16+00:00",
        "departments": {"hr": done, "it": done, "legal": {"status": "suppressed", "reason": ""}},
        "overview": done,
    }
    (study.folder / "run.json").write_text(json.dumps(receipt), encoding="utf-8")
    write_index(study.opened(), study.folder)
    return study.folder


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Return a page that fails the test on a message in the console or a request for anything but files beside it."""
    context = browser.new_context(viewport=WIDE)  # type: ignore[arg-type]
    opened = context.new_page()
    heard: list[str] = []
    opened.on("console", lambda message: heard.append(f"console: {message.text}"))
    opened.on("pageerror", lambda error: heard.append(f"error: {error}"))
    opened.on("request", lambda request: heard.append(f"request: {request.url}") if is_outside(request.url) else None)
    yield opened
    context.close()
    assert heard == []


def is_outside(url: str) -> bool:
    return not url.startswith(("file:", "data:"))


@pytest.mark.parametrize("name", PAGES)
def test_pages_open_from_a_folder_in_their_language_with_title_and_named_images(
    page: Page, folder: Path, name: str
) -> None:
    page.goto((folder / name).as_uri())
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.title()
    assert page.locator("main").count() == page.locator("h1").count() == 1
    assert page.locator("img:not([alt]), img[alt='']").count() == 0
    assert page.evaluate("[...document.images].every(image => image.complete && image.naturalWidth > 0)")
    assert page.locator("script").count() == (1 if name == "index.html" else 0)


@pytest.mark.parametrize("name", PAGES)
def test_the_style_is_applied_under_the_pages_own_policy(page: Page, folder: Path, name: str) -> None:
    page.goto((folder / name).as_uri())
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.emulate_media(color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(23, 25, 28)"


def test_the_policy_stops_whatever_would_run_or_load(browser: Browser, folder: Path) -> None:
    """No page is written that needs this; that the second lock holds is proven on one that was tampered with."""
    html = (folder / "hr" / "drivers.html").read_text(encoding="utf-8")
    evil = (
        '<script>document.title = "ran"</script><img alt="" src="https://example.org/x.png" onerror="document.title=1">'
    )
    tampered = folder / "tampered.html"
    tampered.write_text(html.replace("</main>", f"{evil}</main>"), encoding="utf-8")
    opened = browser.new_page()
    sent: list[str] = []
    opened.on("requestfinished", lambda request: sent.append(request.url) if is_outside(request.url) else None)
    opened.goto(tampered.as_uri())
    assert opened.title() == "drivers"
    assert sent == []
    opened.close()
    tampered.unlink()


@pytest.mark.parametrize("name", PAGES)
def test_a_narrow_screen_never_scrolls_sideways(page: Page, folder: Path, name: str) -> None:
    page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    page.goto((folder / name).as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]


def test_the_index_keeps_its_table_for_screen_readers_when_it_is_narrow(page: Page, folder: Path) -> None:
    for size in (WIDE, NARROW):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        page.goto((folder / "index.html").as_uri())
        assert page.get_by_role("table").count() == 1
        assert page.get_by_role("row").count() == 5
        assert page.get_by_role("columnheader").count() == 6
        assert page.get_by_role("rowheader", name="Human Resources").is_visible()


def test_a_reader_goes_from_the_index_to_a_report_and_back_by_keyboard(page: Page, folder: Path) -> None:
    page.goto((folder / "index.html").as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "To the content"
    assert page.evaluate("document.activeElement.getBoundingClientRect().top") >= 0
    page.keyboard.press("Enter")
    for _ in range(5):  # past search, verdict, status and order
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/hr/department_report.html")
    page.get_by_role("navigation").get_by_role("link", name="All departments").click()
    page.wait_for_url("**/index.html")


def test_print_shows_folded_detail_and_no_navigation(page: Page, folder: Path) -> None:
    page.goto((folder / "hr" / "department_report.html").as_uri())
    assert not page.get_by_text("Detail.").is_visible()
    page.emulate_media(media="print", color_scheme="dark")
    assert page.get_by_text("Detail.").is_visible()
    assert not page.get_by_role("navigation").is_visible()
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
