"""All released numbers of a wave as a workbook: ``results.xlsx``, a sheet per kind of result, a row per number.

It is made from the ``results.json`` of the departments alone, so it holds nothing that the reports do not.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any

from icstats.collation import HIDDEN, RESULTS
from icstats.engine import write_whole
from icstats.questionnaire import DRIVER_BLOCKS
from icstats.study import ORGANISATION
from icstats.texts import Texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

    from icstats.questionnaire import Language
    from icstats.study import Study

__all__ = ["WORKBOOK", "write_workbook"]

WORKBOOK = "results.xlsx"

COLUMNS = ("department", "variable", "label", "statistic", "estimate", "conf_low", "conf_high", "p_value", "n", "unit")
JUDGED = "verdict"
WIDTHS = {"department": 28, "label": 32, "statistic": 24}
LONGEST_SHEET_NAME = 31
EPOCH = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)
"""A workbook says when it was made; the same numbers must give the same file."""


def write_workbook(study: Study, folder: Path, *, language: Language) -> Path | None:
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
    from xlsxwriter import Workbook  # noqa: PLC0415  only a run that releases something pays for it

    content = BytesIO()
    names = _Names(study, language)
    with Workbook(content, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        book.set_properties({"title": f"{names.title}, {study.wave}", "created": EPOCH})
        bold, wrapped = book.add_format({"bold": True}), book.add_format({"text_wrap": True, "valign": "top"})
        _write_cover(book.add_worksheet(names.say("workbook.cover")), names, bold, wrapped)
        for kind, rows in sorted(kinds.items()):
            _write_sheet(book.add_worksheet(kind[:LONGEST_SHEET_NAME]), rows, names, bold)
    target = folder / WORKBOOK
    write_whole(target, content.getvalue())
    return target


class _Names:
    """What codes are called in the reader's language."""

    def __init__(self, study: Study, language: Language) -> None:
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


def _write_cover(sheet: Worksheet, names: _Names, bold: Format, wrapped: Format) -> None:
    sheet.set_column(0, 0, 90, wrapped)
    sheet.write_string(0, 0, names.title, bold)
    sheet.write_string(1, 0, names.say("workbook.about", wave=names.wave))
    sheet.write_string(2, 0, names.say("certainty.hidden", minimum=names.minimum))
    sheet.write_string(3, 0, names.say("page.anonymity"))


def _write_sheet(sheet: Worksheet, rows: Iterable[Mapping[str, Any]], names: _Names, bold: Format) -> None:
    listed = list(rows)
    columns = (*COLUMNS, JUDGED) if any(row.get(JUDGED) for row in listed) else COLUMNS
    for place, column in enumerate(columns):
        sheet.set_column(place, place, WIDTHS.get(column, 12))
        sheet.write_string(0, place, names.say(f"workbook.{column}"), bold)
    for line, row in enumerate(listed, start=1):
        for place, column in enumerate(columns):
            _write_cell(sheet, line, place, _cell(row, column, names))
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, len(listed), len(columns) - 1)


def _write_cell(sheet: Worksheet, line: int, place: int, value: str | float | None) -> None:
    """Write a number as a number and everything else as text: a name that looks like a formula stays a name."""
    if isinstance(value, str):
        if value:
            sheet.write_string(line, place, value)
    elif value is not None:
        sheet.write_number(line, place, value)


def _cell(row: Mapping[str, Any], column: str, names: _Names) -> str | float | None:
    if column == "department":
        return names.departments.get(str(row[column]), str(row[column]))
    if column == "label":
        return names.labels.get(str(row["variable"]), "")
    if column == "estimate" and row["mark"] == HIDDEN:
        return names.say("tables.hidden")
    if column == JUDGED and names.knows(f"verdict.{row.get(JUDGED)}"):
        return names.say(f"verdict.{row[JUDGED]}")
    value: str | float | None = row.get(column)
    return value
