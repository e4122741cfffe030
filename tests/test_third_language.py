"""A third language is one file: reports speak it throughout, and whatever they say outside that file is found here."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from icstats.study import read_study
from icstats.texts import Texts

ROOT = Path(__file__).resolve().parents[1]
STUDY = ROOT / "params" / "example.yaml"
TOLD = """
import re, sys
from pathlib import Path
import icstats as ic
study = sys.argv[1]
for name in ("department_report", "reliability", "drivers", "benchmark", "overview"):
    source = Path(sys.argv[2], f"{name}.ipynb").read_text(encoding="utf-8")
    about = ic.open_overview(study, language="fy") if name == "overview" else ic.open_report(
        study, "communications", language="fy")
    for call in re.findall(r'"(?:report|overview)\\.(\\w+)\\(', source):
        print(getattr(about, call)()._repr_html_())
"""
FROM_THE_RUN_CARD = re.compile(r"Python \d.*|[0-9a-f]{12}")


def flattened(table: dict[str, Any], prefix: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in table.items():
        found |= flattened(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return found


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the reports in a made-up language, whose only file says everything between brackets."""
    home = tmp_path_factory.mktemp("third")
    shutil.copytree(ROOT / "icstats", home / "icstats", ignore=shutil.ignore_patterns("__pycache__"))
    english = tomllib.loads((ROOT / "icstats" / "texts" / "en.toml").read_text(encoding="utf-8"))
    lines = [f"{key} = {json.dumps(f'⟦{sentence}⟧')}" for key, sentence in flattened(english).items()]
    (home / "icstats" / "texts" / "fy.toml").write_text("\n".join(lines), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", TOLD, str(STUDY), str(ROOT / "notebooks")],
        cwd=home,
        env={**os.environ, "PYTHONPATH": str(home), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


class Seen(HTMLParser):
    """What a reader sees or hears: text, alt texts and names of parts."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self.texts += [value for name, value in attrs if name in {"alt", "aria-label", "title"} and value]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def outside(text: str) -> str:
    """Return a text without what stands between brackets, however deep."""
    before = ""
    while before != text:
        before, text = text, re.sub(r"⟦[^⟦⟧]*⟧", " ", text)
    return text


def test_the_language_is_found_by_its_file_and_its_numbers_are_its_own(told: str) -> None:
    assert "⟦How are we doing?⟧" in told
    assert re.search(r"⟦Customers of ⟦?Communications⟧? give \d,\d on a scale", told)


def test_nothing_is_said_outside_the_file(told: str) -> None:
    seen = Seen()
    seen.feed(told)
    study = read_study(STUDY)
    own = study.model_dump_json(exclude={"file", "store", "responses"}) + json.dumps(
        [study.norms is not None and (ROOT / "data" / "norms" / "example.yaml").read_text(encoding="utf-8")],
        ensure_ascii=False,
    )
    known = {word.casefold() for word in re.findall(r"[^\W\d_]+", own)}
    left = {" ".join(outside(text).split()) for text in seen.texts}
    strange = {
        text
        for text in left
        for word in re.findall(r"[^\W\d_]{2,}", text)
        if word.casefold() not in known and not FROM_THE_RUN_CARD.fullmatch(text)
    }
    assert strange == set()


def test_a_language_without_a_file_is_none() -> None:
    with pytest.raises(KeyError):
        Texts("fy")
