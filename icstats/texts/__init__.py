"""Every sentence a reader sees, in the reader's language; numbers and dates as that language writes them."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from babel.dates import format_date
from babel.numbers import format_decimal, format_percent

if TYPE_CHECKING:
    from datetime import date

__all__ = ["LANGUAGES", "Texts"]

FILE = ".toml"
LANGUAGES = tuple(
    sorted(file.name.removesuffix(FILE) for file in resources.files(__name__).iterdir() if file.name.endswith(FILE))
)
"""Languages of the reports: one file of sentences each."""


class Texts:
    """The words of one language.

    Parameters
    ----------
    language
        One of :data:`LANGUAGES`; KeyError for a language that has no file.
    """

    def __init__(self, language: str) -> None:
        if language not in LANGUAGES:
            raise KeyError(language)
        self.language = language
        self._sentences = _sentences(language)

    def say(self, key: str, **values: object) -> str:
        """Return the sentence with this dotted key, its places filled; KeyError when a key or value is missing."""
        return self._sentences[key].format(**values)

    def knows(self, key: str) -> bool:
        """Return whether there is a sentence with this key."""
        return key in self._sentences

    @property
    def keys(self) -> tuple[str, ...]:
        """All dotted keys."""
        return tuple(self._sentences)

    @property
    def sentences(self) -> tuple[str, ...]:
        """All sentences, their places not filled."""
        return tuple(self._sentences.values())

    def number(self, value: float, decimals: int) -> str:
        """Return a number with exactly this many decimals: 6.8, 6,8 or, with a true minus, −0,1; zero has no sign."""
        pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
        return _with_minus(format_decimal(round(value, decimals) + 0.0, format=pattern, locale=self.language))

    def amount(self, value: float) -> str:
        """Return a number with one decimal where it has one: 5 and 4.5."""
        return self.number(value, int(round(value, 1) % 1 != 0))

    def signed(self, value: float, decimals: int) -> str:
        """Return a difference with its sign: +0.3, 0.0 or a true minus, −0.3."""
        rounded = round(value, decimals)
        return ("+" if rounded > 0 else "") + self.number(rounded, decimals)

    def percent(self, fraction: float) -> str:
        """Return a fraction as a whole percentage: 0.56 is 56 % in Dutch and 56% in English."""
        return _with_minus(format_percent(fraction, format="#,##0%", locale=self.language))

    def date(self, day: date) -> str:
        """Return a date in words: 24 November 2026."""
        return format_date(day, format="d MMMM y", locale=self.language)

    def listing(self, parts: list[str], *, joined_by: str = "and") -> str:
        """Return the parts as a list in a sentence: a, b and c; or, joined by ``or``: a, b or c."""
        if len(parts) < 2:  # noqa: PLR2004  a list of one needs no "and"
            return "".join(parts)
        return self.say(f"grammar.{joined_by}", first=", ".join(parts[:-1]), last=parts[-1])


def _with_minus(number: str) -> str:
    return number.replace("-", "\N{MINUS SIGN}")


@cache
def _sentences(language: str) -> dict[str, str]:
    source = resources.files(__package__).joinpath(f"{language}{FILE}").read_text(encoding="utf-8")
    return dict(_flattened(tomllib.loads(source)))


def _flattened(table: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for key, value in table.items():
        found += _flattened(value, f"{prefix}{key}.") if isinstance(value, dict) else [(prefix + key, value)]
    return found
