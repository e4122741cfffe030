"""YAML 1.2 with less to trip over, read without ever building more than the text holds.

``true`` and ``false`` are the only booleans; ``012``, ``12:30``, ``3,5``, ``2026-11-24`` and ``.inf`` are text; there
are no anchors, aliases, tags, directives, repeated keys or second documents.

libyaml reads, because a study of 2,000 departments has a text that ruamel.yaml needs two seconds for; ruamel.yaml says
what is wrong with a text that is no YAML.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Fault", "Faults", "Loc", "Plain", "plain", "quoted", "remember"]

Loc = tuple[str | int, ...]
"""The way from the top to a value: keys, and places in lists from 0."""

DEEPEST = 20
MOST_VALUES = 50_000
MOST_FAULTS = 50
LONGEST_SHOWN = 60
TEXTS = 16
"""Texts that are remembered: those of a study are read again for every notebook."""

NOT_YAML, ANCHOR, TAG, REPEATED, TOO_LARGE, SECOND_DOCUMENT = 4, 5, 6, 7, 8, 9
"""Kinds of fault: the last two digits of the code that a reader sees."""

WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
REAL = re.compile(r"[-+]?(0|[1-9][0-9]*)?(\.[0-9]*)?([eE][-+]?[0-9]{1,3})?")
NO_TEXT = re.compile("[\0\ud800-\udfff]")

ESCAPED = "an escape stands for no character, or for half of one"
WRITE_OUT = "write the value out where it is used"


class Fault(NamedTuple):
    """One thing that is wrong with the text: its kind, what was found, line and character from 1, what to do."""

    kind: int
    message: str
    line: int
    character: int
    hint: str = ""


class Faults(Exception):  # noqa: N818  it carries faults; callers turn them into an error with a file name
    """All that is wrong with the text."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(faults)
        self.faults = faults


@dataclass(frozen=True, kw_only=True)
class Plain:
    """Plain data, and the line and character (from 1) of every key and list place."""

    data: Any
    positions: dict[Loc, tuple[int, int]]


_READ: dict[str, Plain] = {}
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Where PyYAML comes without libyaml its own parser does the same, at a tenth of the speed."""


def remember(read: Mapping[str, Plain]) -> None:
    """Take over what another process read, by its text: :func:`plain` then has nothing to do for the same text."""
    _READ.update(read)


def plain(text: str) -> Plain:
    """Read a text; one that was read before costs nothing.

    Parameters
    ----------
    text
        One YAML document.

    Returns
    -------
    Plain
        Dicts, lists, text, finite numbers, booleans and None; None for an empty text.

    Raises
    ------
    Faults
        Everything that is not allowed; only the first place where the text is no YAML at all, since nothing after
        it can be told.
    """
    if text not in _READ:
        if len(_READ) >= TEXTS:
            _READ.clear()
        _READ[text] = _parsed(text)
    return _READ[text]


def _parsed(text: str) -> Plain:
    reading = _Reading()
    try:
        data = reading.data(text)
    except yaml.MarkedYAMLError as failure:
        raise Faults([*reading.faults, _syntax_fault(text, failure)]) from None
    except (yaml.YAMLError, UnicodeError):
        raise Faults([_control_character_fault(text)]) from None
    if reading.faults:
        raise Faults(reading.faults)
    return Plain(data=data, positions=reading.positions)


def quoted(value: object) -> str:
    """Return a setting as a message shows it: text between quotes and cut when long, a block by its kind.

    What would not be seen, or would change the terminal, is written out: U+0000. Only for what stands in settings
    files and headers, never for answers.
    """
    if isinstance(value, str):
        cut = value if len(value) <= LONGEST_SHOWN else f"{value[: LONGEST_SHOWN - 1]}…"
        return f'"{"".join(letter if letter.isprintable() else f"<{_code_point(letter)}>" for letter in cut)}"'
    if isinstance(value, bool):
        return str(value).lower()
    if value in ((), []):
        return "an empty list"
    kinds = {dict: "a block of settings", list: "a list", tuple: "a list", type(None): "nothing"}
    return kinds.get(type(value), str(value))


class _Reading:
    """One pass over the parser's events."""

    def __init__(self) -> None:
        self.positions: dict[Loc, tuple[int, int]] = {(): (1, 1)}
        self.faults: list[Fault] = []
        self.n_values = 0

    def data(self, text: str) -> Any:  # noqa: ANN401  a setting can be anything
        events: Iterator[Event] = iter(yaml.parse(text, Loader=_LOADER))
        data: Any = None
        n_documents = 0
        for event in events:
            if isinstance(event, DocumentStartEvent):
                n_documents += 1
                if event.version or event.tags:
                    self._note(TAG, event, "a directive (%YAML, %TAG) is not allowed.")
                if n_documents > 1:
                    self._note(SECOND_DOCUMENT, event, "a second document starts here; allowed: one.")
                    break
            elif isinstance(event, NodeEvent):
                data = self._value(event, events, ())
        return data

    def _value(self, event: Event, events: Iterator[Event], loc: Loc) -> Any:  # noqa: ANN401  as above
        self._refuse_too_much(event, loc)
        self._refuse_unwanted(event)
        self.positions.setdefault(loc, _place(event))
        if isinstance(event, MappingStartEvent):
            return self._mapping(events, loc)
        if isinstance(event, SequenceStartEvent):
            return self._sequence(events, loc)
        return _resolved(event) if isinstance(event, ScalarEvent) else None

    def _mapping(self, events: Iterator[Event], loc: Loc) -> dict[Any, Any]:
        mapping: dict[Any, Any] = {}
        for event in events:
            if isinstance(event, MappingEndEvent):
                break
            key = self._key(event, events, loc)
            if key in mapping:
                first, second = self.positions[(*loc, key)][0], _place(event)[0]
                message = f"{quoted(key)} stands twice: on line {first} and on line {second}."
                self._note(REPEATED, event, message, "keep one of the two")
            self.positions.setdefault((*loc, key), _place(event))
            value = self._value(next(events), events, (*loc, key))
            mapping.setdefault(key, value)
        return mapping

    def _key(self, event: Event, events: Iterator[Event], loc: Loc) -> Any:  # noqa: ANN401  as above
        if isinstance(event, ScalarEvent):
            self._refuse_unwanted(event)
            return _resolved(event)
        self._note(NOT_YAML, event, "a list, a block or an alias stands where a key should.")
        self._value(event, events, (*loc, "?"))
        return f"?{self.n_values}"

    def _sequence(self, events: Iterator[Event], loc: Loc) -> list[Any]:
        sequence: list[Any] = []
        for event in events:
            if isinstance(event, SequenceEndEvent):
                break
            sequence.append(self._value(event, events, (*loc, len(sequence))))
        return sequence

    def _refuse_too_much(self, event: Event, loc: Loc) -> None:
        self.n_values += 1
        if self.n_values > MOST_VALUES:
            self._stop(TOO_LARGE, event, f"more than {MOST_VALUES:,} values.")
        if len(loc) > DEEPEST:
            self._stop(TOO_LARGE, event, f"more than {DEEPEST} levels deep.")

    def _refuse_unwanted(self, event: Event) -> None:
        if isinstance(event, AliasEvent):
            self._note(ANCHOR, event, f"*{event.anchor} is an alias; aliases are not allowed.", WRITE_OUT)
        elif isinstance(event, NodeEvent) and event.anchor:
            self._note(ANCHOR, event, f"&{event.anchor} is an anchor; anchors are not allowed.", WRITE_OUT)
        if isinstance(event, ScalarEvent) and NO_TEXT.search(event.value):
            self._note(NOT_YAML, event, f"{ESCAPED}.", "write the character itself")
        tag = getattr(event, "tag", None)
        if tag:
            self._note(TAG, event, f"the tag {quoted(str(tag))} is not allowed.", "write the plain value")

    def _note(self, kind: int, event: Event, message: str, hint: str = "") -> None:
        self.faults.append(Fault(kind, message, *_place(event), hint))
        if len(self.faults) >= MOST_FAULTS:
            raise Faults(self.faults)

    def _stop(self, kind: int, event: Event, message: str) -> NoReturn:
        raise Faults([*self.faults, Fault(kind, message, *_place(event))])


def _place(event: Event) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _resolved(event: ScalarEvent) -> str | int | float | bool | None:
    text = str(event.value)
    if event.style:
        return text
    if text in ("", "null", "~"):
        return None
    if text in ("true", "false"):
        return text == "true"
    if WHOLE.fullmatch(text):
        return int(text)
    return _real(text)


def _real(text: str) -> float | str:
    if not (REAL.fullmatch(text) and any(letter.isdigit() for letter in text)):
        return text
    try:
        number = float(text)
    except ValueError:
        return text
    return number if math.isfinite(number) else text


class _Told(NamedTuple):
    """A complaint of the parser in plain words, and whether the start or the end of the trouble is the place."""

    sign: str
    message: str
    hint: str
    at_start: bool = False


TOLD = (
    _Told("character '\\t'", "a tab stands where spaces should", "replace the tab (shown as →) by two spaces"),
    _Told("expected ':'", "a colon is missing", "write key: value, with a space after the colon", at_start=True),
    _Told("mapping values are not", "a second colon, or a wrong indent", "put text with a colon between quotes"),
    _Told("expected <block end>", "this does not fit here", "check the indent; text with { or } goes between quotes"),
    _Told("expected key", "this does not fit here", "write key: value, with the key before the colon"),
    _Told("<document start>", "this does not fit here", "start the keys of one block in the same column"),
    _Told("expected ',' or", "a bracket is opened and not closed", "close it, or put a comma between", at_start=True),
    _Told("end of stream", "a quote or bracket is opened and not closed", "close it", at_start=True),
    _Told("cannot start any token", "text may not start with this character", "put the text between quotes"),
    _Told("invalid Unicode", ESCAPED, "write the character itself"),
    _Told("unknown escape", "a backslash between double quotes has a meaning of its own", "use single quotes"),
)


def _syntax_fault(text: str, refusal: yaml.MarkedYAMLError) -> Fault:
    failure = _explained(text) or refusal
    problem = str(failure.problem or failure.context)
    told = next((told for told in TOLD if told.sign in problem), _Told("", f"this is not YAML: {problem}", ""))
    marks = (failure.problem_mark, failure.context_mark)
    mark = next(mark for mark in (marks[::-1] if told.at_start else marks) if mark is not None)
    lines = text.splitlines() or [""]
    row = min(mark.line, len(lines) - 1)
    shown = quoted(lines[row].replace("\t", "→"))
    return Fault(NOT_YAML, f"{told.message}. The line reads {shown}.", row + 1, mark.column + 1, told.hint)


def _explained(text: str) -> Any:  # noqa: ANN401  an error of ruamel.yaml is like one of PyYAML, which has no types
    """Return what ruamel.yaml has against a text: it tells where the trouble began, libyaml where it ended."""
    from ruamel.yaml import YAML  # noqa: PLC0415  slow, and only a text that is no YAML needs it
    from ruamel.yaml.error import MarkedYAMLError  # noqa: PLC0415  as above

    try:
        for _ in YAML(typ="safe", pure=True).parse(text):
            pass
    except MarkedYAMLError as failure:
        return failure
    except (ValueError, OverflowError):
        return None  # of an escape for which there is no character
    return None


def _control_character_fault(text: str) -> Fault:
    position = next((place for place, letter in enumerate(text) if _is_control(letter)), 0)
    before = text[:position]
    line, character = before.count("\n") + 1, position - before.rfind("\n")
    shown = _code_point(text[position]) if text else ""
    return Fault(NOT_YAML, f"an invisible control character ({shown}) is not allowed.", line, character)


def _code_point(letter: str) -> str:
    return f"U+{ord(letter):04X}"


def _is_control(letter: str) -> bool:
    if letter in "\t\n\r\x85":
        return False
    return letter < " " or "\x7f" <= letter < "\xa0" or "\ud800" <= letter <= "\udfff" or letter in "\ufffe\uffff"
