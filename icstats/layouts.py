"""Stacked, wide and long survey files, all laid out the same way: one row per rating, still as text."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd

from icstats.columns import column_problems, item_columns, key_columns, needed, prefix, written
from icstats.documents import nearest
from icstats.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from icstats.rawtable import RawTable
    from icstats.study import Study

__all__ = ["Stacked", "to_ratings"]

Rows: TypeAlias = tuple[int, ...]
Positions: TypeAlias = "NDArray[np.integer[Any]]"


@dataclass(frozen=True, kw_only=True, repr=False)
class Stacked:
    """The answers as text, one row per rating.

    Attributes
    ----------
    frame
        Columns under the names that icstats uses: keys (as far as the file has them), attributes, item codes. A hole
        (NaN) stands where the file has no such cell, the empty text where the cell is empty.
    rows
        File row of each rating; in long files that of its first answer.
    file
        Name of the file for messages.
    columns
        Name here -> column of the file, or in wide files its second half for items.
    prefixes
        Department as the file writes it -> first half of its columns; only in wide files.
    items
        Item codes.
    answer_rows
        File row of each answer; only in long files.
    problems
        What is wrong with columns and layout. The answers that are there can be checked all the same.
    notes
        What a reader should know about them.
    """

    frame: pd.DataFrame
    rows: NDArray[np.int64]
    file: str
    columns: Mapping[str, str]
    items: tuple[str, ...]
    prefixes: Mapping[str, str] = field(default_factory=dict)
    answer_rows: pd.DataFrame | None = None
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<Stacked: {len(self.frame)} ratings, not released>"

    def places(self, name: str, marked: NDArray[np.bool_]) -> Iterator[tuple[str, NDArray[np.bool_], Rows]]:
        """Yield where the marked cells of a column are in the file: its name there, which of them, and their rows."""
        if name in self.items and self.answer_rows is not None:
            rows = self.answer_rows[name].to_numpy()[marked]
            yield self.columns["answer"], marked, tuple(sorted(rows.tolist()))
        elif name in self.items and self.prefixes:
            department = self.frame["department"].to_numpy()
            for code, start in self.prefixes.items():
                here = marked & (department == code)
                if here.any():
                    yield start + self.columns[name], here, tuple(self.rows[here].tolist())
        else:
            yield self.columns[name], marked, tuple(self.rows[marked].tolist())


def to_ratings(raw: RawTable, study: Study) -> Stacked:
    """Lay a raw table out as one row per rating.

    Parameters
    ----------
    raw
        The survey file as it stands.
    study
        Names the layout, the columns, the departments and the questionnaire.
    """
    lay_out = {"stacked": _from_stacked, "wide": _from_wide, "long": _from_long}[study.responses.layout]
    return lay_out(raw, study, tuple(column_problems([str(name) for name in raw.frame], study, raw.file)))


def _from_stacked(raw: RawTable, study: Study, problems: tuple[Problem, ...]) -> Stacked:
    items = item_columns(study)
    columns = {**_describing(study), **items}
    frame = _about_the_only_one(_renamed(raw.frame, columns), study)
    return Stacked(
        frame=frame,
        rows=raw.rows,
        file=raw.file,
        columns=columns,
        items=tuple(items),
        problems=problems,
        notes=_notes_of_absent({code: () for code in items if code not in frame}),
    )


def _from_wide(raw: RawTable, study: Study, problems: tuple[Problem, ...]) -> Stacked:
    items, describing = item_columns(study), _describing(study)
    customers = _renamed(raw.frame, describing)
    parts, rows = [], []
    absent: dict[str, tuple[str, ...]] = {}
    for department in study.departments:
        start = prefix(department, study)
        answers = _renamed(raw.frame, {code: start + column for code, column in items.items()})
        rated = (answers != "").any(axis=1).to_numpy()
        parts.append(pd.concat([customers, answers], axis=1)[rated].assign(department=written(department)))
        rows.append(raw.rows[rated])
        asked = [item.code for item in study.questionnaire.items_of(department=department.slug)]
        absent |= {code: (*absent.get(code, ()), department.slug) for code in asked if code not in answers}
    everywhere = tuple(department.slug for department in study.departments)
    return Stacked(
        frame=pd.concat(parts, ignore_index=True),
        rows=np.concatenate(rows),
        file=raw.file,
        columns={**describing, **items},
        items=tuple(items),
        prefixes={written(department): prefix(department, study) for department in study.departments},
        problems=problems,
        notes=_notes_of_absent({code: () if slugs == everywhere else slugs for code, slugs in absent.items()}),
    )


def _from_long(raw: RawTable, study: Study, problems: tuple[Problem, ...]) -> Stacked:
    items, describing = item_columns(study), _describing(study)
    columns = {**describing, **items, "answer": study.responses.columns.answer}
    described = _renamed(raw.frame, describing)
    joining = [name for name in ("respondent", "department", "wave") if name in described]
    if {study.responses.columns.item, study.responses.columns.answer} - set(raw.frame) or "respondent" not in joining:
        empty = described.iloc[:0]
        return Stacked(
            frame=empty, rows=raw.rows[:0], file=raw.file, columns=columns, items=tuple(items), problems=problems
        )
    rating = described.groupby(joining, sort=False).ngroup().to_numpy()
    first = np.unique(rating, return_index=True)[1]
    asked = raw.frame[study.responses.columns.item]
    place = {columns[code]: position for position, code in enumerate(items)}
    which, texts = pd.factorize(asked)
    item = np.array([place.get(text, -1) for text in texts])[which]
    answers = np.full((len(first), len(items)), "", dtype=object)
    answer_rows = np.zeros((len(first), len(items)), dtype=np.int64)
    known = item >= 0
    answers[rating[known], item[known]] = raw.frame[study.responses.columns.answer].to_numpy(dtype=object)[known]
    answer_rows[rating[known], item[known]] = raw.rows[known]
    occurring = np.unique([*item[known], *(place[text] for text in raw.elsewhere if text in place)]).astype(int)
    codes = [list(items)[position] for position in occurring]
    found = [
        *_unknown_items(asked, ~known, raw, study),
        *_items_that_never_occur(set(codes), described, raw, study),
        *_twice_answered(rating, item, known, raw, study),
        *_unsteady(described, rating, first, raw, describing),
    ]
    frame = _about_the_only_one(described.iloc[first].reset_index(drop=True), study)
    return Stacked(
        frame=frame.join(pd.DataFrame(answers[:, occurring], columns=codes, dtype="str")),
        rows=raw.rows[first],
        file=raw.file,
        columns=columns,
        items=tuple(items),
        answer_rows=pd.DataFrame(answer_rows[:, occurring], columns=codes),
        problems=(*problems, *found),
        notes=_notes_of_absent({code: () for code in items if code not in codes}),
    )


def _about_the_only_one(frame: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Return the ratings with their department, where the file has no column for it."""
    if study.responses.columns.department is not None:
        return frame
    return frame.assign(department=pd.array([written(study.departments[0])] * len(frame), dtype="str"))


def _describing(study: Study) -> dict[str, str]:
    """Return name here -> column of the file for keys and attributes."""
    return {**key_columns(study), **{name: name for name in study.responses.attributes}}


def _renamed(frame: pd.DataFrame, columns: Mapping[str, str]) -> pd.DataFrame:
    """Return the columns that are there under the names that icstats uses."""
    here = {name: column for name, column in columns.items() if column in frame}
    return frame[list(here.values())].set_axis(list(here), axis=1)


def _unknown_items(asked: pd.Series[str], unknown: NDArray[np.bool_], raw: RawTable, study: Study) -> Iterator[Problem]:
    """Yield the texts that name no item: each that looks like one by itself, all others without their text."""
    known = list(item_columns(study).values())
    rows_of: dict[str | None, list[int]] = defaultdict(list)
    near_of: dict[str, str | None] = {}
    for text, row in zip(asked[unknown], raw.rows[unknown].tolist(), strict=True):
        near = near_of.setdefault(text, nearest(text, known))
        rows_of[text if near else None].append(row)
    for name, rows in rows_of.items():
        if name is None:
            message, hint = "what these rows hold is no item of the questionnaire", "Leave these rows out."
        else:
            message, hint = f'"{name}" is no item of the questionnaire', f'did you mean "{near_of[name]}"?'
        yield Problem(
            code="ICS-127",
            file=raw.file,
            rows=tuple(rows),
            column=study.responses.columns.item,
            message=message,
            hint=hint,
        )


def _items_that_never_occur(codes: set[str], described: pd.DataFrame, raw: RawTable, study: Study) -> Iterator[Problem]:
    columns = item_columns(study)
    rated = set(described["department"].unique()) if "department" in described else set()
    slugs = [department.slug for department in study.departments if written(department) in rated]
    for item in study.questionnaire.items:
        if item.code not in codes and needed(item, slugs):
            yield Problem(
                code="ICS-129",
                file=raw.file,
                column=study.responses.columns.item,
                message=f'no row is about "{columns[item.code]}"',
                hint="Give its name in the file under responses.items, or export it too.",
            )


def _twice_answered(
    rating: Positions, item: Positions, known: NDArray[np.bool_], raw: RawTable, study: Study
) -> Iterator[Problem]:
    pairs = pd.DataFrame({"rating": rating, "item": item})
    twice = pairs.duplicated(keep=False).to_numpy() & known
    if twice.any():
        yield Problem(
            code="ICS-128",
            file=raw.file,
            rows=tuple(raw.rows[twice].tolist()),
            column=study.responses.columns.item,
            message="the same respondent answers the same question about the same department more than once",
            hint="Keep one of these rows.",
        )


def _unsteady(
    described: pd.DataFrame,
    rating: Positions,
    first: Positions,
    raw: RawTable,
    columns: Mapping[str, str],
) -> Iterator[Problem]:
    """Yield what differs between the answers of one rating although it belongs to the rating."""
    for name in described:
        values = described[name].to_numpy(dtype=object)
        differs = values != values[first][rating]
        if differs.any():
            yield Problem(
                code="ICS-130",
                file=raw.file,
                rows=tuple(raw.rows[differs].tolist()),
                column=columns[str(name)],
                message="differs from the other answers of the same rating",
                hint="Make it the same in all rows of a respondent and department.",
            )


def _notes_of_absent(absent: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    codes_of: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for code, departments in absent.items():
        codes_of[tuple(departments)].append(code)
    return tuple(
        f"{', '.join(codes)}: not in the file{' for ' + ', '.join(departments) if departments else ''}, "
        "so taken as not asked"
        for departments, codes in codes_of.items()
    )
