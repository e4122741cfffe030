"""Which columns a survey file should have, and what is wrong with those it has."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from icstats.documents import did_you_mean, nearest
from icstats.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from icstats.questionnaire import Item
    from icstats.study import Department, Study

__all__ = ["column_problems", "item_columns", "key_columns", "needed", "prefix", "written"]

KEYS = ("respondent", "department", "wave", "role", "weight", "date", "seconds")
OPTIONAL_BLOCKS = ("mirror", "importance", "open")
NAMES_LISTED = 10
MOST_COMPARED = 20_000
"""Pairs of names among which a misspelt one is looked for; in a file that is wholly different nothing is near."""
PERSONAL = re.compile(r"mail|name|naam|phone|telefoon|mobie?l|address|adres|birth|geboorte|\bip\b", re.IGNORECASE)


class _Use(NamedTuple):
    """One column that is looked for in the file, and the setting that names it."""

    column: str
    setting: str
    required: bool = True


def written(department: Department) -> str:
    """Return how the survey file writes a department."""
    return department.slug if department.code is None else department.code


def key_columns(study: Study) -> dict[str, str]:
    """Return name here -> column of the file, for the keys that a file of this layout has."""
    named = {name: getattr(study.responses.columns, name) for name in KEYS}
    if study.responses.layout == "wide":
        del named["department"]
    return {name: column for name, column in named.items() if column is not None}


def item_columns(study: Study) -> dict[str, str]:
    """Return item code -> how the survey file names it."""
    return {item.code: study.responses.items.get(item.code, item.code) for item in study.questionnaire.items}


def prefix(department: Department, study: Study) -> str:
    """Return how the columns of a department begin in a wide file."""
    return written(department) + study.responses.joint


def needed(item: Item, departments: Iterable[str]) -> bool:
    """Whether the survey file must hold this item when these departments are rated in it."""
    asked = item.departments is None or any(slug in item.departments for slug in departments)
    return asked and item.block not in OPTIONAL_BLOCKS


def column_problems(header: Sequence[str], study: Study, file: str) -> list[Problem]:
    """Return all columns that are missing from the file and all that nothing is known of.

    A column that is there under a name like the missing one's is told once, and so is a department of which a wide
    file has no column at all.
    """
    uses = list(_uses(study))
    if doubled := _doubled(uses, study, file):
        return doubled
    expected = {use.column for use in uses}
    unexpected = [column for column in header if column not in expected and not _ignored(column, study)]
    problems: list[Problem] = []
    if study.responses.layout == "wide":
        gone, problems = _departments_without_columns(header, unexpected, study, file)
        uses = [use for use in uses if use.setting or not use.column.startswith(gone)]
    absent = [use for use in uses if use.column not in header]
    # Names of which none is known may be answers: none of them is repeated.
    comparable = len(absent) < len(uses) and len(absent) * len(unexpected) <= MOST_COMPARED
    for use in absent:
        if use.required:
            near = nearest(use.column, unexpected) if comparable else None
            if near is not None:
                unexpected.remove(near)
            problems.append(_missing(use, near, file))
    if len(absent) == len(uses):
        return [*problems, _nothing_known(header, file)]
    candidates = [use.column for use in absent if not use.required] if comparable else []
    return problems + _unexpected(unexpected, candidates, file)


def _ignored(column: str, study: Study) -> bool:
    return any(
        column.startswith(name[:-1]) if name.endswith("*") else column == name for name in study.responses.ignore
    )


def _uses(study: Study) -> Iterator[_Use]:
    for column in key_columns(study).values():
        yield _Use(column, "responses.columns")
    for column in study.responses.attributes:
        yield _Use(column, "responses.attributes")
    if study.responses.layout == "long":
        yield _Use(study.responses.columns.item, "responses.columns")
        yield _Use(study.responses.columns.answer, "responses.columns")
    elif study.responses.layout == "stacked":
        slugs = [department.slug for department in study.departments]
        for item, column in zip(study.questionnaire.items, item_columns(study).values(), strict=True):
            yield _Use(column, "responses.items", needed(item, slugs))
    else:
        for department in study.departments:
            for item, column in zip(study.questionnaire.items, item_columns(study).values(), strict=True):
                yield _Use(prefix(department, study) + column, "", needed(item, [department.slug]))


def _doubled(uses: Sequence[_Use], study: Study, file: str) -> list[Problem]:
    """Return the names that the settings give to two things, so that one would be read as the other."""
    named = [use.column for use in uses]
    asked = list(item_columns(study).values()) if study.responses.layout == "long" else []
    return [
        Problem(
            code="ICS-123",
            file=file,
            column=name,
            message="the study reads two things from this column",
            hint="Look under responses.columns, responses.attributes and responses.items.",
        )
        for names in (named, asked)
        for name, times in Counter(names).items()
        if times > 1
    ]


def _departments_without_columns(
    header: Sequence[str], unexpected: list[str], study: Study, file: str
) -> tuple[tuple[str, ...], list[Problem]]:
    """Return the beginnings that no column has and the problems; take what explains them out of ``unexpected``."""
    joint = study.responses.joint
    beginnings = {prefix(department, study): written(department) for department in study.departments}
    gone = tuple(start for start in beginnings if not any(name.startswith(start) for name in header))
    unknown = {name.split(joint)[0] for name in unexpected if joint in name and not name.startswith(tuple(beginnings))}
    problems = []
    for start in gone:
        near = nearest(beginnings[start], unknown)
        hint = "Export its answers too, or take it out of the study."
        if near is not None:
            unknown.remove(near)
            unexpected[:] = [name for name in unexpected if not name.startswith(near + joint)]
            hint = f'The file has "{near}{joint}": set "{near}" as the code of the department.'
        problems.append(
            Problem(code="ICS-124", file=file, message=f'no column begins with "{start}"', hint=hint),
        )
    return gone, problems


def _missing(use: _Use, near: str | None, file: str) -> Problem:
    if near is not None:
        elsewhere = f", or give that name under {use.setting}" if use.setting else ""
        hint = f'The file has "{near}": rename it{elsewhere}.'
    else:
        hint = f"Name it under {use.setting}, or export it too." if use.setting else "Export it too."
    return Problem(code="ICS-120", file=file, column=use.column, message="this column is missing", hint=hint)


def _nothing_known(header: Sequence[str], file: str) -> Problem:
    """Return the problem of a header that is perhaps none: its names may be answers, so none is repeated."""
    return Problem(
        code="ICS-122",
        file=file,
        message=f"none of its {len(header)} columns is one that the study names",
        hint="Is its first row the header?",
    )


def _unexpected(unexpected: Sequence[str], candidates: Sequence[str], file: str) -> list[Problem]:
    hints = {column: did_you_mean(column, candidates) or _personal(column) for column in unexpected}
    problems = [
        Problem(code="ICS-121", file=file, column=column, message="nothing is known of this column", hint=hint)
        for column, hint in hints.items()
        if hint
    ]
    plain = [column for column, hint in hints.items() if not hint]
    if plain:
        listed = ", ".join(f'"{column}"' for column in plain[:NAMES_LISTED])
        more = f" and {len(plain) - NAMES_LISTED} more" if len(plain) > NAMES_LISTED else ""
        problems.append(
            Problem(
                code="ICS-121",
                file=file,
                message=f"nothing is known of {listed}{more}",
                hint="List what is not needed under responses.ignore, and what describes the customer under "
                "responses.attributes.",
            )
        )
    return problems


def _personal(column: str) -> str:
    return "It may identify a person: list it under responses.ignore." if PERSONAL.search(column) else ""
