"""The pictures of the README, made anew from the example: ``make screenshots``."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from playwright.sync_api import Browser

HERE = Path(__file__).resolve().parent
COLOURS = 256
"""The pages have few; a palette keeps a picture small."""
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


@dataclass(frozen=True, kw_only=True)
class Picture:
    """What one picture shows.

    Attributes
    ----------
    page
        The page, in the folder of the wave.
    height
        Of the window, in pixels.
    at
        What it begins with: a selector; empty for the top of the page.
    width
        Of the window, in pixels.
    """

    page: str
    height: int
    at: str = ""
    width: int = 760


PICTURES = {
    "index.png": Picture(page="index.html", width=1000, height=620),
    "report.png": Picture(page="hr/department_report.html", height=800),
    "why.png": Picture(page="hr/department_report.html", height=560, at="h2:text-is('Why?')"),
    "overview.png": Picture(page="overview.html", height=820, at="h2:text-is('How do the departments score?')"),
}


def main() -> None:
    """Run the example in a folder of its own and write every picture beside this file."""
    found = next((path for path in map(shutil.which, CHROMIUM) if path), None)
    if found is None:
        sys.exit("There is no Chromium here: on Debian, apt-get install chromium.")
    with tempfile.TemporaryDirectory() as outputs, sync_playwright() as playwright:
        study = HERE.parent / "params" / "example.yaml"
        run = [sys.executable, "-m", "icstats", "run", str(study), "--outputs", outputs]
        subprocess.run(run, cwd=HERE.parent, check=True)  # noqa: S603  our own command
        (index,) = Path(outputs).glob("example/*/index.html")
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        for name, picture in PICTURES.items():
            taken = _taken(browser, index.parent, picture)
            taken.quantize(COLOURS, dither=Image.Dither.NONE).save(HERE / name, optimize=True)
            print(f"docs/{name}: {(HERE / name).stat().st_size // 1024} kB")
        browser.close()


def _taken(browser: Browser, folder: Path, picture: Picture) -> Image.Image:
    page = browser.new_page(viewport={"width": picture.width, "height": picture.height}, color_scheme="light")
    page.goto((folder / picture.page).as_uri())
    if picture.at:
        page.locator(picture.at).first.evaluate(
            "part => { part.scrollIntoView({behavior: 'instant'}); scrollBy(0, -24); }"
        )
    page.wait_for_function("[...document.images].every(image => image.complete)")
    taken = Image.open(BytesIO(page.screenshot())).convert("RGB")
    page.close()
    return taken


if __name__ == "__main__":
    main()
