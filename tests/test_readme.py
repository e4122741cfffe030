"""The README says what the models say."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest
from PIL import Image

from icstats.__main__ import run
from icstats.agreements import Action, Agreements
from icstats.fieldwork import Attribute, Choice, Choosing, Fieldwork
from icstats.questionnaire import Item, Questionnaire, ResponseScale
from icstats.study import Cleaning, Columns, Department, Policy, ResponsesFile, Study

if TYPE_CHECKING:
    from icstats.questionnaire import Strict

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
IN_WORDS = {"required", "none", "unknown", "found", "see below", "the codes", "the slug", "the defaults", "all four"}
NOT_IN_THE_FILE = {"file", "sources"}  # a study knows its own paths; they are not settings


def documented(model: type[Strict]) -> dict[str, str]:
    table = README.split(f"<!-- parameters: {model.__name__} -->")[1].split("\n\n")[0]
    return dict(re.findall(r"^\| `(\w+)` \| (.+?) \|", table, flags=re.MULTILINE))


OF_THE_STUDY = (Study, ResponsesFile, Columns, Cleaning, Department, Policy, Questionnaire, ResponseScale, Item)
OF_THE_DIALOGUE = (Fieldwork, Choosing, Attribute, Choice, Agreements, Action)


@pytest.mark.parametrize("model", [*OF_THE_STUDY, *OF_THE_DIALOGUE])
def test_every_setting_is_documented_with_its_default(model: type[Strict]) -> None:
    fields = {
        name: field
        for name, field in model.model_fields.items()
        if not field.exclude and (model is not Study or name not in NOT_IN_THE_FILE)
    }
    table = documented(model)
    assert list(table) == list(fields)
    for name, field in fields.items():
        default = table[name].strip("`")
        assert (default == "required") == field.is_required(), name
        if default not in IN_WORDS:
            assert default == {"store": "data/.store"}.get(name, str(field.default)), name


def test_readme_names_every_command() -> None:
    for command in ("new", "check", "run", "status", "merge"):
        assert f"icstats {command}" in README


def test_contributing_names_every_command_of_the_makefile() -> None:
    targets = re.findall(r"^(\w+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    contributing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert [name for name in targets if name not in ("report", "pins") and f"make {name}" not in contributing] == []


def test_every_option_of_a_run_is_documented_with_its_default() -> None:
    table = README.split("| option of `icstats run` |")[1].split("\n\n")[0]
    rows = re.findall(r"^\| `(--[\w-]+)[^|]*?(?:\\\|[^|]*?)*` \| (.*?) ?\|", table, flags=re.MULTILINE)
    defaults = dict(rows)
    options = {option.opts[0]: option for option in run.params if isinstance(option, click.Option)}
    assert set(defaults) == set(options)
    for name in ("--workers", "--timeout"):
        assert defaults[name] == f"`{options[name].default:g}`"


def test_what_a_notebook_costs_is_what_was_measured_and_the_hours_follow_from_it() -> None:
    measured = (ROOT / "benchmarks" / "results.md").read_text(encoding="utf-8")
    (cost,) = re.findall(r"^\| a notebook more .*?\| ([\d.]+) s \| ([\d.]+) s \|", measured, flags=re.MULTILINE)
    (told,) = re.findall(r"A notebook more costs about ([\d.]+) seconds of a processor", README)
    assert float(told) == pytest.approx(float(cost[1]), rel=0.25)
    (minutes,) = re.findall(r"take about (\d+) minutes of one core", README)
    whole = 2_000 * 4 * float(told) / 3_600
    assert int(minutes) == round(60 * whole)
    rows = re.findall(
        r"^\| .*?\b(4|32|20 (?:tasks|pods) of 4|80) (?:cores|workers).*\| ([\d.]+) \|$", README, flags=re.MULTILINE
    )
    assert len(rows) == 5
    for cores, said in rows:
        count = 80 if cores.startswith("20") else int(cores)
        assert float(said) == pytest.approx(whole / count, rel=0.25), cores


def pictures() -> dict[str, object]:
    """Return what ``make screenshots`` makes."""
    return dict(runpy.run_path(str(ROOT / "docs" / "screenshots.py"))["PICTURES"])


def test_every_picture_of_the_readme_is_made_by_the_command_and_is_there() -> None:
    shown = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README)
    assert shown == [f"docs/{name}" for name in pictures()]
    assert [path for path in shown if not (ROOT / path).is_file()] == []
    assert {path.name for path in (ROOT / "docs").glob("*.png")} == set(pictures())


@pytest.mark.parametrize("name", pictures())
def test_a_picture_is_small_and_says_what_it_shows(name: str) -> None:
    file = ROOT / "docs" / name
    assert file.stat().st_size < 150_000
    with Image.open(file) as picture:
        assert picture.mode == "P"
        assert picture.width == pictures()[name].width  # type: ignore[attr-defined]
    alt = README.split(f"](docs/{name})")[0].rsplit("![", 1)[1]
    assert len(alt.split()) >= 8
