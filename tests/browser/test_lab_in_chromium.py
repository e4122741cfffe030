"""A real JupyterLab, driven as a researcher would: the desk with its widgets, and a notebook of the batch."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import pytest
from browser.chromium import started

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120_000
"""Milliseconds: a kernel starts, and a driver analysis is computed."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with started() as running:
        yield running


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    for folder in ("params", "data/example", "data/norms", "notebooks"):
        shutil.copytree(ROOT / folder, root / folder)
    return root


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def lab(project: Path, *options: str) -> Iterator[str]:
    """Give the address of a JupyterLab that ``icstats lab`` has started."""
    port = free_port()
    quiet = (
        "--no-browser",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        "--IdentityProvider.token=",
        "--ServerApp.allow_root=True",
        "--ServerApp.disable_check_xsrf=True",  # so that the test can ask it to stop
        "--LabApp.expose_app_in_browser=True",  # so that the test can ask what became of each cell
    )
    with (project / f"lab-{port}.log").open("w", encoding="utf-8") as log:
        running = subprocess.Popen(
            [sys.executable, "-m", "icstats", "lab", *options, *quiet],
            cwd=project,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        address = f"http://127.0.0.1:{port}"
        try:
            wait_for(f"{address}/api", running, Path(log.name))
            yield address
        finally:
            stop(address, running)


def wait_for(address: str, running: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(240):
        assert running.poll() is None, log.read_text(encoding="utf-8")
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310  our own server
                json.load(answer)
        except OSError:
            time.sleep(0.25)
        else:
            return
    pytest.fail(log.read_text(encoding="utf-8"))


def stop(address: str, running: subprocess.Popen[bytes]) -> None:
    """Ask the server to stop its kernels and itself; only then the process."""
    request = urllib.request.Request(f"{address}/api/shutdown", method="POST")  # noqa: S310  our own server
    try:
        urllib.request.urlopen(request, timeout=30).close()  # noqa: S310  as above
        running.wait(60)
    except (OSError, subprocess.TimeoutExpired):
        os.killpg(running.pid, signal.SIGTERM)
        running.wait(30)


def run_all(page: Page, url: str) -> None:
    page.goto(url)
    page.locator(".jp-Notebook").wait_for(timeout=PATIENCE)
    page.get_by_text("icstats | Idle").wait_for(timeout=PATIENCE)
    page.locator(".lm-MenuBar-itemLabel", has_text="Run").first.click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()


CELLS = """() => jupyterapp.shell.currentWidget.content.widgets.map(cell => cell.model)
    .filter(model => model.type === "code")
    .map(model => [model.executionCount, model.outputs.toJSON().map(output => output.output_type)])"""


def kinds_of_outputs(page: Page) -> list[list[str]]:
    """Wait until every code cell has run, and return what kinds of outputs each has."""
    page.wait_for_function(f"({CELLS})().every(([count, outputs]) => count !== null)", timeout=PATIENCE)
    page.get_by_text("icstats | Idle").wait_for(timeout=PATIENCE)
    return [kinds for _, kinds in page.evaluate(CELLS)]


def code_cells(name: str) -> int:
    content = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
    return sum(cell.cell_type == "code" for cell in content.cells)


def test_the_desk_opens_runs_and_draws_another_department_when_it_is_chosen(browser: Browser, project: Path) -> None:
    with lab(project, "--department", "legal-affairs") as address:
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        run_all(page, f"{address}/lab/tree/lab/example-legal-affairs-explore.ipynb?reset")
        page.get_by_text("Legal affairs, n =").first.wait_for(timeout=PATIENCE)
        page.locator(".widget-dropdown", has_text="department").locator("select").select_option("HR")
        shown = page.locator(".widget-html", has_text="HR, n =")
        shown.wait_for(timeout=PATIENCE)
        picture = shown.locator("img[src^='data:image/png']")
        picture.wait_for(timeout=PATIENCE)
        assert picture.evaluate("image => image.complete && image.naturalWidth > 300")
        kinds = kinds_of_outputs(page)
        assert len(kinds) == code_cells("explore") + 1, "a cell of papermill holds the parameters"
        assert {kind for cell in kinds for kind in cell} <= {"execute_result", "display_data"}
        assert kinds[-1] == ["execute_result"]
        page.close()


def test_a_notebook_of_the_batch_opens_and_runs(browser: Browser, project: Path) -> None:
    with lab(project, "--department", "procurement", "--notebook", "drivers") as address:
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        run_all(page, f"{address}/lab/tree/lab/example-procurement-drivers.ipynb?reset")
        page.get_by_role("heading", name="Procurement", exact=True).first.wait_for(timeout=PATIENCE)
        picture = page.locator(".jp-OutputArea figure img").first
        picture.wait_for(timeout=PATIENCE)
        assert picture.evaluate("image => image.complete && image.naturalWidth > 300")
        kinds = kinds_of_outputs(page)
        assert len(kinds) == code_cells("drivers") + 1
        assert {kind for cell in kinds for kind in cell} == {"execute_result"}
        assert [cell for cell in kinds[3:] if not cell] == [], "every section is shown"
        page.close()
