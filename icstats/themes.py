"""Which words tell what a comment is about: an editable dictionary of themes, in both languages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from icstats.documents import Finding, parse, read_document
from icstats.errors import ParameterError
from icstats.questionnaire import CODE, CODE_IN_WORDS, Strict, Text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Dictionary", "Theme", "Words", "read_themes"]


class Words(Strict):
    """Words of each language."""

    en: tuple[str, ...] = ()
    nl: tuple[str, ...] = ()


class Theme(Strict):
    """One thing that customers write about.

    Attributes
    ----------
    code
        Name in results.
    label
        Name for readers.
    words
        What tells it: words in any of their forms, ``*`` for any letters or, by itself, any word; several words must
        follow each other.
    """

    code: str = Field(pattern=CODE, description=CODE_IN_WORDS)
    label: Text
    words: Words


class Dictionary(Strict):
    """All themes, and words that say nothing by themselves."""

    themes: tuple[Theme, ...] = Field(min_length=1)
    ignore: Words = Words()


def read_themes(path: Path | str) -> Dictionary:
    """Read a dictionary of themes, see ``params/themes/internal_customer.yaml``.

    Raises
    ------
    ParameterError
        All problems at once, each with its line.
    """
    document = read_document(path, error=ParameterError)
    dictionary = parse(document, Dictionary)
    document.require(_twice(dictionary))
    return dictionary


def _twice(dictionary: Dictionary) -> Iterator[Finding]:
    codes = [theme.code for theme in dictionary.themes]
    for place, code in enumerate(codes):
        if code in codes[:place]:
            yield Finding(("themes", place, "code"), 38, f'"{code}" is already the code of another theme.')
