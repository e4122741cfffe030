"""Sites that more than one test file reads are made once; commands can be stopped however the tests were started."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings
from shared import shared_file

ROOT = Path(__file__).resolve().parents[1]

EXAMPLE_DEPARTMENTS = ("it", "procurement", "legal-affairs", "library")

# No test is timed: on a busy machine the first example of a rule may take seconds.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# Tests that run in the background inherit that Ctrl-C is ignored, and so would the commands that they stop by it.
signal.signal(signal.SIGINT, signal.default_int_handler)


@dataclass(frozen=True, kw_only=True)
class Ran:
    """One run of the real command.

    Attributes
    ----------
    folder
        What it wrote for the wave.
    """

    exit_code: int
    output: str
    folder: Path


def icstats(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "icstats", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="session")
def documentation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the documentation as ``make docs`` does, in a copy of the project, and return its folder."""
    project = tmp_path_factory.mktemp("project")
    for folder in ("docs", "params", "data/example", "data/norms"):
        shutil.copytree(ROOT / folder, project / folder, ignore=shutil.ignore_patterns("functions"))
    for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"):
        shutil.copy(ROOT / name, project)
    flags = ["--fail-on-warning", "--keep-going", "--quiet", "--builder", "html"]
    assert " ".join(flags) in (ROOT / "Makefile").read_text(encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *flags, "docs", "html"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return project / "html"


@pytest.fixture(scope="session")
def orientation_site(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The real survey of 13 faculties, all notebooks, by the real command."""
    shared_file("data/univer_orientation_2002.csv")
    outputs = tmp_path_factory.mktemp("orientation")
    done = icstats("run", "tests/studies/orientation/study.yaml", "--outputs", str(outputs))
    return Ran(exit_code=done.returncode, output=done.stdout + done.stderr, folder=outputs / "orientation" / "2002")


@pytest.fixture(scope="session")
def dutch_example_site(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Departments of every kind in Dutch: large, with blocks only, without drivers of its own, and hidden."""
    return example_site(tmp_path_factory.mktemp("dutch"), "nl")


@pytest.fixture(scope="session")
def english_example_site(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The same departments in English."""
    return example_site(tmp_path_factory.mktemp("english"), "en")


def example_site(outputs: Path, language: str) -> Ran:
    wanted = [argument for slug in EXAMPLE_DEPARTMENTS for argument in ("--department", slug)]
    done = icstats("run", "params/example.yaml", "--language", language, "--outputs", str(outputs), *wanted)
    (folder,) = (outputs / "example").iterdir()
    return Ran(exit_code=done.returncode, output=done.stdout + done.stderr, folder=folder)
