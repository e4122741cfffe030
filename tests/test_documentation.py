"""The documentation builds without a warning, works offline, and has a page on everything that is public."""

from __future__ import annotations

import inspect
import re
import runpy
from html import unescape
from pathlib import Path

import jinja2
import nbformat
import pytest
from ruamel.yaml import YAML

import icstats as ic
from icstats.study import Policy

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
COUNTS = ("moments_of_files", "complete_moments_of_files", "graph_of_moments", "pairwise_moments")
NO_STATISTICS = ("read_", "draft_", "open_", "release", "simulate_", *COUNTS)
STATISTICS = [name for name in ic.__all__ if not name.startswith(NO_STATISTICS)]


def listed(page: str) -> list[str]:
    """Return the functions that a page of the documentation lists."""
    blocks = re.findall(r":nosignatures:\n\n(.*?)\n```", (DOCS / page).read_text(encoding="utf-8"), flags=re.DOTALL)
    return [name.strip() for block in blocks for name in block.splitlines()]


def words(page: Path) -> str:
    """Return what a reader reads."""
    text = page.read_text(encoding="utf-8").split("<article", 1)[1].split("</article>", 1)[0]
    return " ".join(unescape(re.sub(r"<[^>]+>", "", text)).split())


def test_every_public_function_is_listed_once() -> None:
    assert sorted(listed("statistics.md")) == STATISTICS
    assert sorted(listed("statistics.md") + listed("functions.md")) == ic.__all__


@pytest.mark.parametrize("name", STATISTICS)
def test_every_statistic_says_when_not_to_trust_it_and_all_the_rest(name: str) -> None:
    text = inspect.getdoc(getattr(ic, name)) or ""
    heads = re.findall(r"^(\w+)\n-{4,}$", text, flags=re.MULTILINE)
    order = ["Parameters", "Returns", "Raises", "Warnings", "Notes", "References"]
    assert heads == [head for head in order if head in heads]
    assert {"Parameters", "Returns", "Raises", "Warnings"} <= set(heads)
    assert re.search(r"\b[Ii]n\s+R\b", text), "the R call that gives the same number"
    caution = text.split("Warnings\n--------\n")[1].split("\n\n")[0]
    assert len(caution.split()) >= 15


def test_the_page_of_a_statistic_answers_in_a_readers_order(documentation: Path) -> None:
    for name in STATISTICS:
        page = words(documentation / "functions" / f"icstats.{name}.html")
        places = [page.index(part) for part in ("What it answers", "When not to trust it", "Parameters", "Returns")]
        assert places == sorted(places), name
        summary = " ".join((inspect.getdoc(getattr(ic, name)) or "").split("\n\n")[0].split())
        assert summary[:25] in page.replace("’", "'"), name


def test_every_other_function_has_a_page(documentation: Path) -> None:
    for name in set(ic.__all__) - set(STATISTICS):
        assert name in words(documentation / "functions" / f"icstats.{name}.html")


def test_the_lists_say_what_each_function_answers(documentation: Path) -> None:
    assert "Divide R² over drivers, exactly and without intervals." in words(documentation / "statistics.html")


def test_no_page_asks_for_anything_from_outside(documentation: Path) -> None:
    asks = re.compile(
        r"<(?:script|img|iframe|source|video|audio|embed|object)\b[^>]*?(?:src|data)=[\"']?((?:https?:)?//[^\"'>]+)"
    )
    links = re.compile(r"<link\b[^>]*?href=[\"']?((?:https?:)?//[^\"'>]+)")
    styles = re.compile(r"(?:url\(|@import)\s*[\"']?((?:https?:)?//[^\"')]+)")
    found = {
        (path.name, address)
        for path in documentation.rglob("*")
        if path.suffix in {".html", ".css", ".js", ".svg"}
        for pattern in (asks, links, styles)
        for address in pattern.findall(path.read_text(encoding="utf-8"))
    }
    assert found == set()


def test_the_tutorial_is_stored_without_outputs_and_runs_on_the_named_kernel() -> None:
    content = nbformat.read(DOCS / "tutorial.ipynb", as_version=4)
    assert content.metadata["kernelspec"]["name"] == "icstats"
    code = [cell for cell in content.cells if cell.cell_type == "code"]
    assert [cell for cell in code if cell.outputs or cell.execution_count is not None] == []


def test_the_tutorial_was_run_and_shows_its_figures(documentation: Path) -> None:
    page = (documentation / "tutorial.html").read_text(encoding="utf-8")
    assert page.count('src="data:image/png;base64,') >= 4
    text = words(documentation / "tutorial.html")
    assert "Traceback" not in text
    for shown in (
        "it seems stacked",
        "name: drafted",
        "Nothing is wrong.",
        "<Responses: 5,902 rows, 12 departments, not released>",
        "Customers of HR give",
        "Reliability: 1 row, not released.",
        "Gate, released:",
        "Importance, released:",
        "about the same",
        "Nothing is drawn: Library is not shown",
    ):
        assert shown in text, shown


def test_pages_of_functions_are_made_and_never_kept() -> None:
    """A page of a function that is no more would be a warning, and so an error."""
    assert "/docs/functions/" in (ROOT / ".gitignore").read_text(encoding="utf-8")


ANONYMITY = ("anonymity.md", "anonimiteit.md")


@pytest.mark.parametrize("page", ANONYMITY)
def test_no_number_of_the_policy_is_typed_into_the_pages_on_anonymity(page: str) -> None:
    text = re.sub(r"\{\{ \w+ \}\}|^\d\. ", "", (DOCS / page).read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert re.findall(r"\d+", text) == []


@pytest.mark.parametrize("page", ANONYMITY)
def test_a_stricter_policy_changes_what_the_pages_on_anonymity_say(page: str, tmp_path: Path) -> None:
    settings = runpy.run_path(str(DOCS / "conf.py"))
    stricter = tmp_path / "policy.yaml"
    stricter.write_text("minimum_group: 17\nreaders: 4\nminimum_spread: 23\nexact_n: 120\n", encoding="utf-8")
    text = jinja2.Template((DOCS / page).read_text(encoding="utf-8"), undefined=jinja2.StrictUndefined).render(
        settings["policy_numbers"](stricter)
    )
    for number in ("| 17 ", "21 |", "| 23 ", "| 120 "):
        assert number in text


def test_both_pages_on_anonymity_say_the_same_numbers_in_the_same_places() -> None:
    told = [
        [re.findall(r"\{\{ (\w+) \}\}", part) for part in re.split(r"^## |^- |^\| ", text, flags=re.MULTILINE)]
        for text in ((DOCS / page).read_text(encoding="utf-8") for page in ANONYMITY)
    ]
    assert told[0] == told[1]
    assert {"minimum_group", "minimum_answers", "readers", "floor"} <= {name for names in told[0] for name in names}


def test_the_pages_on_anonymity_are_in_their_own_language_with_the_numbers_of_the_policy(documentation: Path) -> None:
    policy = Policy.model_validate(YAML(typ="safe").load((ROOT / "params" / "policy.yaml").read_text(encoding="utf-8")))
    for page, language in (("anonymity", "en"), ("anonimiteit", "nl")):
        html = (documentation / f"{page}.html").read_text(encoding="utf-8")
        assert re.search(r"<html[^>]* lang=\"(\w+)\"", html)[1] == language  # type: ignore[index]
        text = words(documentation / f"{page}.html")
        assert "{{" not in text
        assert f"{policy.minimum_group} " in text
        assert f"{policy.minimum_answers}" in text
