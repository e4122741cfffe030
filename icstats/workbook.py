"""All released numbers of a wave as a workbook: ``results.xlsx``, a sheet per kind of result, a row per number.

It is made from the ``results.json`` of the departments alone, so it holds nothing that the reports do not.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from icstats.collation import HIDDEN, RESULTS
from icstats.engine import write_whole
from icstats.questionnaire import DRIVER_BLOCKS
from icstats.study import ORGANISATION
from icstats.texts import Texts
from icstats.workbooks import workbook

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from icstats.study import Study
    from icstats.workbooks import Cell

__all__ = ["WORKBOOK", "write_workbook"]

WORKBOOK = "results.xlsx"

COLUMNS = ("department", "variable", "label", "statistic", "estimate", "conf_low", "conf_high", "p_value", "n", "unit")
JUDGED = "verdict"


def write_workbook(study: Study, folder: Path, *, language: str) -> Path | None:
    """Write ``results.xlsx`` of a study's wave and return its path; None where nothing was released.

    Parameters
    ----------
    study
        For the names of departments and questions.
    folder
        Where the ``results.json`` of the organisation and, in folders of their own, of the departments are; what is
        not there was not released.
    language
        Language of names and headings.
    """
    kinds = _by_kind(study, folder)
    if not kinds:
        return None
    names = _Names(study, language)
    cover: list[list[Cell]] = [
        [names.title],
        [names.say("workbook.about", wave=names.wave)],
        [names.say("certainty.hidden", minimum=names.minimum)],
        [names.say("page.anonymity")],
    ]
    sheets = {names.say("workbook.cover"): cover, **{kind: _sheet(rows, names) for kind, rows in sorted(kinds.items())}}
    target = folder / WORKBOOK
    write_whole(target, workbook(sheets, title=f"{names.title}, {study.wave}"))
    return target


class _Names:
    """What codes are called in the reader's language."""

    def __init__(self, study: Study, language: str) -> None:
        self._texts = Texts(language)
        self.say, self.knows = self._texts.say, self._texts.knows
        self.title = f"{study.organisation[language]}: {study.title[language]}"
        self.minimum = study.policy.minimum_group
        self.wave = study.wave
        self.departments = {
            ORGANISATION: self.say("site.overview"),
            **{one.slug: one.name[language] for one in study.departments},
        }
        questionnaire = study.questionnaire
        self.labels: dict[str, str] = {
            **{block: self.say(f"block.{block}") for block in DRIVER_BLOCKS},
            **{scale.code: scale.label[language] for scale in questionnaire.scales},
            **{item.code: item.label[language] for item in questionnaire.items},
        }


def _by_kind(study: Study, folder: Path) -> dict[str, list[Mapping[str, Any]]]:
    """Return the released rows per kind of result: the organisation first, then the departments in their order."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    seen: set[tuple[str, ...]] = set()
    for path in (folder / RESULTS, *(folder / one.slug / RESULTS for one in study.departments)):
        if not path.is_file():
            continue
        for row in json.loads(path.read_text(encoding="utf-8"))["rows"]:
            key = tuple(str(row[name]) for name in ("kind", "department", "variable", "statistic"))
            if key not in seen:
                seen.add(key)
                found.setdefault(str(row["kind"]), []).append(row)
    return found


def _sheet(rows: Iterable[Mapping[str, Any]], names: _Names) -> list[list[Cell]]:
    listed = list(rows)
    columns = (*COLUMNS, JUDGED) if any(row.get(JUDGED) for row in listed) else COLUMNS
    heading: list[Cell] = [names.say(f"workbook.{column}") for column in columns]
    return [heading, *([_cell(row, column, names) for column in columns] for row in listed)]


def _cell(row: Mapping[str, Any], column: str, names: _Names) -> Cell:
    if column == "department":
        return names.departments.get(str(row[column]), str(row[column]))
    if column == "label":
        return names.labels.get(str(row["variable"]), "")
    if column == "estimate" and row["mark"] == HIDDEN:
        return names.say("tables.hidden")
    if column == JUDGED and names.knows(f"verdict.{row.get(JUDGED)}"):
        return names.say(f"verdict.{row[JUDGED]}")
    value: Cell = row.get(column)
    return value
