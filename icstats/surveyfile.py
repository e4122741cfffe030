"""The survey file: where it is, how it is written and laid out, and what is done with doubtful ratings."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from icstats.encodings import Encoding
from icstats.platforms import Platform
from icstats.questionnaire import Strict

__all__ = ["Cleaning", "Columns", "Day", "FilePath", "ResponsesFile", "is_day"]

DAY_IN_WORDS = "a day in quotes, like '2026-01-31'"
WRITTEN_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def is_day(text: str) -> bool:
    """Return whether a text is a day of the calendar, written as 2026-01-31."""
    try:
        return bool(WRITTEN_DAY.fullmatch(text) and date.fromisoformat(text))
    except ValueError:
        return False


def _day(text: str) -> str:
    if not is_day(text):
        raise ValueError(text)
    return text


Day = Annotated[str, AfterValidator(_day), Field(description=DAY_IN_WORDS)]


def _from_folder(value: object, info: ValidationInfo) -> object:
    """Turn the text of a path into the path that it means in the folder of the study file."""
    if not isinstance(value, str):
        return value
    folder = (info.context or {}).get("folder")
    return Path(value) if folder is None else (folder / value).resolve()


FilePath = Annotated[Path, BeforeValidator(_from_folder)]
"""A path in a settings file, relative to that file."""


class Columns(Strict):
    """Names of the columns that are not questions, as the survey file spells them."""

    respondent: str | None = "respondent"
    department: str | None = "department"
    wave: str | None = None
    role: str | None = None
    weight: str | None = None
    date: str | None = None
    seconds: str | None = None
    item: str = "item"
    answer: str = "answer"


class Cleaning(Strict):
    """What is done with ratings that may not be meant; whatever is done is counted in the notes.

    Attributes
    ----------
    duplicates
        Rows of the same respondent about the same department in the same wave: ``refuse`` them all, or ``keep_first``.
    spellings
        A department in other capitals or with other spaces than its code: ``refuse``, or take it as the ``same``.
    straight_lining
        The same answer to every question: ``keep`` or ``leave_out``.
    shortest_seconds
        Ratings that took less are left out; needs ``columns.seconds``. None keeps all.
    first_day, last_day
        Of the fieldwork, ``2026-01-31``; needs ``columns.date``. None does not look.
    outside
        Ratings of another day, or of a day that is none: ``keep`` or ``leave_out``.
    invited
        Text file with the respondents that were invited, one a line, as the survey file writes them; needs
        ``columns.respondent``. None does not look.
    uninvited
        Ratings by somebody else: ``keep`` or ``leave_out``.
    """

    duplicates: Literal["refuse", "keep_first"] = "refuse"
    spellings: Literal["refuse", "same"] = "refuse"
    straight_lining: Literal["keep", "leave_out"] = "keep"
    shortest_seconds: int | None = Field(default=None, ge=1)
    first_day: Day | None = Field(default=None, description=DAY_IN_WORDS)
    last_day: Day | None = Field(default=None, description=DAY_IN_WORDS)
    outside: Literal["keep", "leave_out"] = "keep"
    invited: FilePath | None = None
    uninvited: Literal["keep", "leave_out"] = "keep"


class ResponsesFile(Strict):
    """The survey file and how it is laid out.

    Attributes
    ----------
    file
        Path, relative to the study file.
    layout
        ``stacked``: one row per rating; ``wide``: one row per respondent and one column per department and item;
        ``long``: one row per answer.
    separator
        Column separator; None finds it.
    encoding
        How a text file is written; None finds it: UTF-8, UTF-16 with a byte order mark, or cp1252.
    decimal
        What stands before decimals. None finds it; a number that can be read in two ways is then refused.
    sheet
        Sheet of a workbook; None when only one sheet holds anything.
    platform
        What exported the file; None finds it, ``none`` takes the first row as the only header row.
    columns
        Names of the key columns.
    items
        Item code -> column, where they differ.
    joint
        In wide files the text between department and item in a column name: ``hr__PC1``.
    attributes
        Columns that describe the customer (unit, tenure).
    ignore
        Columns that are left out; ``V*`` are all that begin with V and are not named elsewhere.
    answers
        Response scale -> words of an answer -> its number, where the file holds words that the questionnaire does not
        know. The labels of the scale itself, in both languages, are understood without this.
    not_asked, not_applicable, dont_know
        Cell texts that mean so. An empty cell is a question that was not answered.
    cleaning
        What is done with ratings that may not be meant.
    """

    file: FilePath
    layout: Literal["stacked", "wide", "long"] = "stacked"
    separator: Literal[",", ";", "\t"] | None = None
    encoding: Encoding | None = None
    decimal: Literal[",", "."] | None = None
    sheet: str | None = None
    platform: Platform | None = None
    columns: Columns = Columns()
    items: dict[str, str] = Field(default_factory=dict)
    joint: str = "__"
    attributes: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    answers: dict[str, dict[str, int]] = Field(default_factory=dict)
    not_asked: tuple[str, ...] = ()
    not_applicable: tuple[str, ...] = ()
    dont_know: tuple[str, ...] = ()
    cleaning: Cleaning = Cleaning()
