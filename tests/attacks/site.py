"""Real runs of simulated organisations, and what a reader finds in their files: the folder is all she gets.

Numbers are read from everything that is released: ``results.json`` of the organisation and of departments, every sheet
of ``results.xlsx``, and every table of every page.
"""

from __future__ import annotations

import csv
import json
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import yaml
from attacks.organisation import BLOCKS, OUTCOME
from openpyxl import load_workbook

from icstats.batch import run
from icstats.comments import write_sheets
from icstats.edition import open_edition
from icstats.study import read_study

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import pandas as pd
    from attacks.organisation import Rows

    from icstats.study import Study


def both(words: str) -> dict[str, str]:
    return {"en": words, "nl": words}


def write_study(
    folder: Path, frame: pd.DataFrame, *, wave: str = "1", norms: str | None = None, seed: int = 1
) -> Study:
    """Write a survey file, a questionnaire and a study, and read them as an analyst would."""
    folder.mkdir(parents=True, exist_ok=True)
    frame.to_csv(folder / "survey.csv", index=False)
    block_of = {code: block for block, codes in BLOCKS.items() for code in codes} | {OUTCOME: "outcome"}
    block_of |= {"OP1": "open"} if "OP1" in frame else {}
    items = [
        {"code": code, "block": block, "wording": both(f"Question {code}?"), "label": both(f"label {code}")}
        | ({} if block == "open" else {"responses": "five"})
        | ({"scale": block} if block in BLOCKS else {})
        for code, block in block_of.items()
    ]
    questionnaire = {
        "name": "small",
        "version": "1",
        "title": both("Small"),
        "outcome": OUTCOME,
        "responses": {"five": {"minimum": 1, "maximum": 5, "satisfied": 4, "dissatisfied": 2}},
        "scales": [{"code": block, "block": block, "label": both(block.title())} for block in BLOCKS],
        "items": items,
    }
    columns = {"respondent": "respondent"} | ({"wave": "wave"} if "wave" in frame else {})
    study = {
        "name": "small",
        "title": both("Small"),
        "organisation": both("Organisation"),
        "wave": wave,
        "questionnaire": "questionnaire.yaml",
        "responses": {"file": "survey.csv", "columns": columns},
        "departments": [{"slug": slug, "name": both(f"Dept {slug}")} for slug in frame["department"].unique()],
        "notebooks": ["department_report"],
        "store": "store",
        "seed": seed,
    } | ({"norms": norms} if norms else {})
    for name, settings in (("questionnaire", questionnaire), ("study", study)):
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    return read_study(folder / "study.yaml")


def released_site(
    folder: Path, frame: pd.DataFrame, *, wave: str = "1", norms: str | None = None, seed: int = 1
) -> Path:
    """Release an organisation's reports by a real run, comments included; return the folder that readers get."""
    return run_site(write_study(folder, frame, wave=wave, norms=norms, seed=seed), folder)


def run_site(study: Study, folder: Path) -> Path:
    """Release a study as it stands, with all comments; return the folder that readers get."""
    wave = study.wave
    if study.questionnaire.items_of(block="open"):
        _say_yes_to_all_comments(study, wave)
    summary = run(study, outputs=folder / "outputs")
    assert summary.exit_code == 0, summary
    return folder / "outputs" / "small" / wave


def _say_yes_to_all_comments(study: Study, wave: str) -> None:
    one = open_edition(study.file, wave=wave)
    for sheet in write_sheets(study, one.organisation.responses, wave=wave, ledger=one.ledger):
        with sheet.path.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
        with sheet.path.open("w", encoding="utf-8-sig", newline="") as stream:
            writer = csv.DictWriter(stream, list(rows[0]))
            writer.writeheader()
            writer.writerows({**row, "show": "yes"} for row in rows)


# ------------------------------------------------------------------------------------------------ what a reader finds


def rows_of_site(site: Path, departments: Iterable[str] | None = None) -> Rows:
    """Return every row of every ``results.json``, or of the organisation's files and those of some departments."""
    folders = [site, *(path for path in sorted(site.iterdir()) if path.is_dir())]
    chosen = None if departments is None else {site.name, *departments}
    rows: Rows = []
    for path in (one / "results.json" for one in folders if chosen is None or one.name in chosen):
        if path.exists():
            rows += [row for row in json.loads(path.read_text(encoding="utf-8"))["rows"] if row not in rows]
    return rows


class _Tables(HTMLParser):
    """The cells of all tables, and whatever else a page says in attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.words: list[str] = []
        self.pictures = 0
        self._open = self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.words += [value or "" for name, value in attrs if name not in {"src", "href"}]
        self._in_style = tag == "style"
        self.pictures += tag == "img"
        if tag == "tr":
            self.rows.append([])
        elif tag in {"td", "th"} and self.rows:
            self.rows[-1].append("")
            self._open = True

    def handle_endtag(self, tag: str) -> None:
        self._in_style = False
        if tag in {"td", "th"}:
            self._open = False

    def handle_data(self, data: str) -> None:
        if self._in_style:
            return
        self.words.append(data)
        if self._open:
            self.rows[-1][-1] += data


def pages(site: Path, departments: Iterable[str] | None = None) -> dict[str, _Tables]:
    """Return what the pages of the organisation and of some departments say."""
    found = {}
    chosen = None if departments is None else set(departments)
    for path in sorted(site.rglob("*.html")):
        if path.parent == site or chosen is None or path.parent.name in chosen:
            found[str(path.relative_to(site))] = tables = _Tables()
            tables.feed(path.read_text(encoding="utf-8"))
    return found


def means_in_pages(site: Path, department: str, item: str) -> list[float]:
    """Return the numbers that stand beside an item in the tables of a department's own pages."""
    told = []
    for name, page in pages(site, [department]).items():
        if name.startswith(f"{department}/"):
            for row in (row for row in page.rows if row and row[0].strip() in {f"label {item}", item}):
                told += [float(cell) for cell in row[1:] if re.fullmatch(r"[1-5]\.\d+", cell.strip())]
    return told


def cells_of_workbook(site: Path) -> list[tuple[str, ...]]:
    """Return every filled row of every sheet, hidden ones too."""
    book = load_workbook(site / "results.xlsx")
    return [
        tuple("" if cell is None else str(cell) for cell in row)
        for sheet in book.worksheets
        for row in sheet.iter_rows(values_only=True)
        if any(cell is not None for cell in row)
    ]


def rows_of_workbook(site: Path) -> list[tuple[str, str, str, float, str]]:
    """Return department's name, code, statistic, number and n of every row of every sheet that shows a number."""
    return [
        (row[0], row[1], row[3], float(row[4]), row[8])
        for row in cells_of_workbook(site)
        if len(row) > 8 and re.fullmatch(r"-?\d+(\.\d+)?", row[4])
    ]


def finest_decimals(site: Path) -> int:
    """Return the most decimals of any number, in points or shares, in any table, sheet or row."""
    numbers = [cell for row in cells_of_workbook(site) for cell in row]
    numbers += [cell for page in pages(site).values() for row in page.rows for cell in row]
    numbers += [str(row[name]) for row in rows_of_site(site) for name in ("estimate", "conf_low", "conf_high")]
    decimals = [
        len(found[1]) for number in numbers for found in [re.fullmatch(r"-?\d+\.(\d+)%?", number.strip())] if found
    ]
    return max(decimals, default=0)
