"""axe-core finds nothing of WCAG 2.2 level A or AA on any kind of page; the index can be searched by keyboard alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser.chromium import quiet_page, started
from playwright.sync_api import ViewportSize

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Ran
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

LEVELS = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
WIDE, NARROW = ViewportSize(width=1280, height=900), ViewportSize(width=360, height=800)
WINDOWS: dict[str, list[tuple[Literal["light", "dark"], ViewportSize]]] = {
    "nl": [("light", WIDE), ("light", NARROW), ("dark", WIDE), ("dark", NARROW)],
    "en": [("light", WIDE), ("dark", NARROW)],
}
KINDS = {
    "index": "index.html",
    "overview": "overview.html",
    "many answers": "it/department_report.html",
    "some answers": "procurement/department_report.html",
    "few answers": "legal-affairs/department_report.html",
    "not shown": "library/department_report.html",
    "reliability": "it/reliability.html",
    "drivers": "it/drivers.html",
    "no drivers": "procurement/drivers.html",
    "benchmark": "it/benchmark.html",
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with started() as running:
        yield running


@pytest.fixture
def index(browser: Browser, dutch_example_site: Ran) -> Iterator[Page]:
    with quiet_page(browser, viewport=WIDE) as page:
        page.goto((dutch_example_site.folder / "index.html").as_uri())
        yield page


@pytest.fixture(scope="module")
def sites(dutch_example_site: Ran, english_example_site: Ran) -> dict[str, Path]:
    return {"nl": dutch_example_site.folder, "en": english_example_site.folder}


def found_by_axe(browser: Browser, path: Path, language: str = "nl") -> list[str]:
    """Return what axe finds, light and dark, wide and narrow, with all detail folded open."""
    found = []
    for scheme, size in WINDOWS[language]:
        with quiet_page(browser, viewport=size, color_scheme=scheme, bypass_csp=True) as page:
            page.goto(path.as_uri())
            page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
            told = Axe().run(page, options=LEVELS).response
            assert len(told["passes"]) > 10
            found += [f"{scheme} {one['id']}: {one['nodes'][0]['html'][:120]}" for one in told["violations"]]
    return found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", WINDOWS)
def test_axe_finds_nothing_on_any_kind_of_page(
    browser: Browser, sites: dict[str, Path], language: str, kind: str
) -> None:
    assert found_by_axe(browser, sites[language] / KINDS[kind], language) == []


def test_axe_finds_what_is_wrong(browser: Browser, dutch_example_site: Ran, tmp_path: Path) -> None:
    html = (dutch_example_site.folder / "index.html").read_text(encoding="utf-8")
    (tmp_path / "wrong.html").write_text(html.replace('<html lang="nl">', "<html>"), encoding="utf-8")
    assert "html-has-lang" in str(found_by_axe(browser, tmp_path / "wrong.html"))


def shown(page: Page) -> list[str]:
    names = page.locator(".departments tbody tr:not([hidden]) th").all_inner_texts()
    return [name.strip() for name in names]


def test_the_index_is_whole_without_its_script(browser: Browser, dutch_example_site: Ran) -> None:
    with quiet_page(browser, viewport=WIDE, java_script_enabled=False) as page:
        page.goto((dutch_example_site.folder / "index.html").as_uri())
        assert page.locator(".departments tbody tr").count() == 12
        assert not page.locator(".tools").is_visible()


def test_a_department_is_found_opened_and_left_by_keyboard_alone(index: Page) -> None:
    for _ in range(2):
        index.keyboard.press("Tab")
    assert index.evaluate("document.activeElement.id") == "search"
    index.keyboard.type("JURID")
    assert shown(index) == ["Juridische zaken"]
    assert index.locator("output").inner_text() == "1 van de 12 afdelingen"
    for _ in range(4):
        index.keyboard.press("Tab")
    index.keyboard.press("Enter")
    index.wait_for_url("**/legal-affairs/department_report.html")
    index.keyboard.press("Tab")
    index.keyboard.press("Tab")
    index.keyboard.press("Enter")
    index.wait_for_url("**/index.html")


def test_accents_do_not_matter_and_nothing_found_is_said(index: Page) -> None:
    index.get_by_label("Zoek een afdeling").fill("financien")
    assert shown(index) == ["Financiën"]
    index.get_by_label("Zoek een afdeling").fill("zzz")
    assert shown(index) == []
    assert index.locator("output").inner_text() == "0 van de 12 afdelingen"


def test_departments_are_filtered_by_status_and_verdict(index: Page) -> None:
    index.get_by_label("Status").select_option("niet getoond")
    assert shown(index) == ["Bibliotheek"]
    index.get_by_label("Status").select_option("alle")
    index.get_by_label("Vergeleken met").select_option("duidelijk eronder")
    assert shown(index) == ["ICT"]
    index.get_by_label("Vergeleken met").select_option("eronder")
    assert shown(index) == ["Inkoop"]


def test_departments_are_put_in_order_and_back_but_never_by_mark(index: Page) -> None:
    before = shown(index)
    index.get_by_label("Volgorde").select_option("op naam")
    assert shown(index) == sorted(before, key=str.casefold)
    index.get_by_label("Volgorde").select_option("op status")
    assert shown(index)[:4] == ["ICT", "Inkoop", "Juridische zaken", "Bibliotheek"]
    index.get_by_label("Volgorde").select_option("van het onderzoek")
    assert shown(index) == before
    assert "cijfer" not in str(index.get_by_label("Volgorde").locator("option").all_inner_texts())


def test_no_table_is_cut_off_on_a_window_of_any_width(browser: Browser, dutch_example_site: Ran) -> None:
    """A number cut in two is taken for another one: on no telephone has a table to be scrolled."""
    with quiet_page(browser, viewport=WIDE) as page:
        for path in KINDS.values():
            page.goto((dutch_example_site.folder / path).as_uri())
            page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
            for width in (1280, 900, 820, 768, 640, 414, 390, 360):
                page.set_viewport_size({"width": width, "height": 900})
                assert page.evaluate("document.documentElement.scrollWidth") <= width, (path, width)
                cut = page.evaluate(
                    "[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth + 1)"
                    ".map(e => e.getAttribute('aria-label') + ' ' + e.scrollWidth + '>' + e.clientWidth)"
                )
                assert cut == [], (path, width)


def test_letters_in_pictures_stay_legible_on_a_telephone(browser: Browser, dutch_example_site: Ran) -> None:
    """A picture keeps nine tenths of its size, in a box of its own that a keyboard can scroll; the page stays."""
    with quiet_page(browser, viewport=NARROW) as page:
        for kind in ("overview", "many answers"):
            page.goto((dutch_example_site.folder / KINDS[kind]).as_uri())
            boxes = page.locator(".picture:visible")
            assert boxes.count() > 3
            for box in boxes.all():
                assert box.locator("img").evaluate("one => one.clientWidth / one.getAttribute('width')") >= 0.85
                assert box.evaluate("one => one.tabIndex === 0 && one.scrollWidth > one.clientWidth")
            assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]


def test_every_page_is_under_300_kb(dutch_example_site: Ran) -> None:
    heavy = {path.name: path.stat().st_size for path in dutch_example_site.folder.rglob("*.html")}
    assert heavy
    assert {name: size for name, size in heavy.items() if size > 300_000} == {}
