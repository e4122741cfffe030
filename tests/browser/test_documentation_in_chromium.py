"""The documentation from a folder, without a server or network: nothing from outside, search works, axe is silent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser.chromium import quiet_page, started

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.browser

PAGES = ("index", "tutorial", "workbench", "statistics", "anonimiteit", "functions/icstats.cronbach_alpha")
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def test_pages_ask_for_nothing_and_fit_a_narrow_screen(documentation: Path) -> None:
    with started() as browser:
        for name in PAGES:
            with quiet_page(browser, viewport={"width": 360, "height": 800}) as page:
                page.goto((documentation / f"{name}.html").as_uri())
                assert page.get_by_role("heading", level=1).count() == 1, name
                width = page.evaluate("document.documentElement.scrollWidth")
                assert width <= 360, f"{name} is {width} wide"


def test_a_statistic_is_found_by_searching(documentation: Path) -> None:
    with started() as browser, quiet_page(browser) as page:
        page.goto(f"{(documentation / 'search.html').as_uri()}?q=polychoric")
        page.locator("#search-results li a", has_text="polychoric").first.wait_for(timeout=20_000)


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_axe_finds_nothing(documentation: Path, colours: Literal["light", "dark"]) -> None:
    found = []
    with started() as browser:
        for name in PAGES:
            page = browser.new_page(color_scheme=colours)
            page.goto((documentation / f"{name}.html").as_uri())
            result = Axe().run(page, options={"runOnly": {"type": "tag", "values": LEVELS}})
            found += [(name, one["id"], one["nodes"][0]["html"]) for one in result.response["violations"]]
            page.close()
    assert found == []
