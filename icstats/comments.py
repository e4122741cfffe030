"""What customers wrote: masked, read by a person of the organisation, and shown only where that person says so.

The sheets that are signed off stand with the prepared answers and leave that folder only as what they say to show.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from icstats.decisions import decision_before, sheet_of
from icstats.documents import shown_path
from icstats.errors import ParameterError, Problem
from icstats.ledger import RATINGS
from icstats.masking import MASK, masked
from icstats.seeds import derive_seed
from icstats.storekey import key_of_store, keyed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from icstats.ledger import Ledger
    from icstats.responses import Responses
    from icstats.study import Study

__all__ = ["Sheet", "may_show_comments", "sheet_of", "signed_off", "signed_texts", "write_sheets"]

COLUMNS = ("id", "question", "text", "show")
SHOW, LEAVE = ("yes", "ja"), ("", "no", "nee")
LISTED = 5
FORMULA = ("=", "+", "-", "@")
"""A spreadsheet takes what begins so for a formula; an apostrophe in front makes it a text."""


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """The sheet of one department that is to be read: where it is and how far it is."""

    department: str
    path: Path
    n: int
    n_shown: int


def may_show_comments(study: Study, responses: Responses, department: str, *, wave: str, ledger: Ledger) -> bool:
    """Return whether comments about a department may be shown at all.

    As many customers must have rated it as ``policy.minimum_comments``, its ratings must not be hidden, and its team
    must not be so small that each comment is about a known person.
    """
    counts = responses.counts(wave=wave, department=department)
    rated = counts[counts["variable"] == RATINGS]["n"].sum()
    team = study.department(department).team_size
    small = team is not None and team < study.policy.minimum_team
    return rated >= study.policy.minimum_comments and not small and not ledger.hides(RATINGS, department)


def write_sheets(study: Study, responses: Responses, *, wave: str, ledger: Ledger) -> tuple[Sheet, ...]:
    """Write the sheets of all departments whose comments may be shown, to be read by a person.

    Parameters
    ----------
    study
        Its store keeps the sheets, its list of names is masked in them.
    responses
        The answers.
    wave
        One of its waves.
    ledger
        What may be shown of whom.

    Returns
    -------
    tuple of Sheet
        A CSV per department with ``id``, ``question``, masked ``text`` and ``show``: empty until somebody fills in
        ``yes`` or ``ja``, and may take more out of the text. What was decided or changed before stays. The rows stand
        in the order of their keyed ids, not in that of the survey file.

    Raises
    ------
    ParameterError
        If a sheet that is there is not one.
    """
    sheets = []
    for department in responses.departments:
        if not may_show_comments(study, responses, department, wave=wave, ledger=ledger):
            continue
        path = sheet_of(study, department, wave=wave)
        written = _written(study, responses, department, wave)
        before = {row["id"]: row for row in _read(path)} if path.exists() else {}
        rows = [before.get(row["id"], row) for row in written]
        if rows or path.exists():
            _write(path, rows)
            shown = sum(_is_yes(row) for row in rows)
            sheets.append(Sheet(department=department, path=path, n=len(rows), n_shown=shown))
    return tuple(sheets)


def signed_off(
    study: Study, responses: Responses, department: str, *, wave: str, ledger: Ledger
) -> dict[str, tuple[str, ...]]:
    """Return the comments about a department that may be shown: question -> texts, in a random order.

    Without a sheet, and for every comment that nobody said yes to, there are none. A text that is no longer in the
    survey file is not shown either. The order follows from the study's seed and the texts, never from the rows.

    Raises
    ------
    ParameterError
        If the sheet is not one.
    """
    path = sheet_of(study, department, wave=wave)
    if not path.exists() or not may_show_comments(study, responses, department, wave=wave, ledger=ledger):
        return {}
    known = {row["id"] for row in _written(study, responses, department, wave)}
    names = names_of(study)
    shown: dict[str, tuple[str, ...]] = {}
    for item in _open_items(study, department):
        rows = [row for row in _read(path) if row["question"] == item and row["id"] in known and _is_yes(row)]
        texts = sorted(text for row in rows if (text := masked(row["text"], names=names)).replace(MASK, "").strip())
        Random(derive_seed(study.seed, department, wave, "comments", item)).shuffle(texts)  # noqa: S311  no secret
        if texts:
            shown[item] = tuple(texts)
    return shown


def signed_texts(study: Study) -> Iterator[str]:
    """Yield every text that was signed off about departments that are shown: those are no leak."""
    hidden = {place for place, name in decision_before(study, wave=study.wave).hidden if name == RATINGS}
    names = names_of(study)
    for department in (one.slug for one in study.departments if one.slug not in hidden):
        path = sheet_of(study, department, wave=study.wave)
        if path.exists():
            yield from (masked(row["text"], names=names) for row in _read(path) if _is_yes(row))


def names_of(study: Study) -> tuple[str, ...]:
    """Return the organisation's own list of names to mask."""
    if study.names is None:
        return ()
    return tuple(line.strip() for line in study.names.read_text(encoding="utf-8-sig").splitlines() if line.strip())


def _open_items(study: Study, department: str) -> list[str]:
    return [item.code for item in study.questionnaire.items_of(block="open", department=department)]


def _written(study: Study, responses: Responses, department: str, wave: str) -> list[dict[str, str]]:
    """Return the masked comments of customers, each text once, in the order of their ids."""
    key, names, items = key_of_store(study.store_folder), names_of(study), _open_items(study, department)
    ratings = responses.ratings(wave=wave, department=department, columns=items)
    found = {
        keyed(f"{department}\x1f{item}\x1f{text}", key)[:16]: (item, masked(text, names=names))
        for item in items
        for text in (str(answer).strip() for answer in ratings[item].dropna().unique())
        if text
    }
    return [
        dict(zip(COLUMNS, (name, item, text, ""), strict=True)) for name, (item, text) in sorted(found.items()) if text
    ]


def _is_yes(row: Mapping[str, str]) -> bool:
    return row["show"].strip().casefold() in SHOW


def _read(path: Path) -> list[dict[str, str]]:
    """Return the rows of a sheet; a spreadsheet may have written it with semicolons, and with its own quotes."""
    try:
        content = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ParameterError(
            [Problem(code="ICS-612", file=shown_path(path), message="it is not UTF-8.", hint='save as "CSV UTF-8"')]
        ) from None
    delimiter = ";" if ";" in content.partition("\n")[0] else ","
    reader = csv.DictReader(io.StringIO(content, newline=""), delimiter=delimiter)
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise ParameterError(
            [
                Problem(
                    code="ICS-612",
                    file=shown_path(path),
                    message=f"there is no column {missing[0]}.",
                    hint="remove the file and make it anew with: icstats comments",
                )
            ]
        )
    rows = [{name: row[name] or "" for name in COLUMNS} for row in reader]
    wrong = [
        number for number, row in enumerate(rows, start=2) if row["show"].strip().casefold() not in (*SHOW, *LEAVE)
    ]
    if wrong:
        listed = ", ".join(map(str, wrong[:LISTED])) + (", ..." if len(wrong) > LISTED else "")
        raise ParameterError(
            [
                Problem(
                    code="ICS-613",
                    file=shown_path(path),
                    column="show",
                    message=f"row {listed}: allowed are yes or ja, no or nee, and nothing.",
                    hint="empty is not shown",
                )
            ]
        )
    return [{**row, "text": row["text"].removeprefix("'")} for row in rows]


def _write(path: Path, rows: list[dict[str, str]]) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.touch(mode=0o600)
    # The mark in front makes spreadsheets read it as UTF-8.
    with part.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS)
        writer.writeheader()
        for row in rows:
            text = f"'{row['text']}" if row["text"].startswith(FORMULA) else row["text"]
            writer.writerow({**row, "text": text})
    part.replace(path)
