"""Settings files: read strictly, and every mistake in them named with its line, all at once."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, TypeVar, Union, get_args, get_origin

import annotated_types
from pydantic import BaseModel, ValidationError

from icstats.errors import ICStatsError, Problem
from icstats.strict_yaml import Faults, Loc, Plain, plain, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

__all__ = [
    "Document",
    "Finding",
    "did_you_mean",
    "file_nearby",
    "nearest",
    "parse",
    "read_document",
    "settings_of",
    "shown_path",
]

M = TypeVar("M", bound=BaseModel)

LARGEST_FILE = 1_000_000
DECIMAL_COMMA = re.compile(r"[-+]?[0-9]+,[0-9]+")

UNREADABLE, TOO_LARGE, NOT_UTF8, NO_SETTINGS, MISSING, UNKNOWN, WRONG_KIND, NOT_ALLOWED = 1, 2, 3, 10, 11, 12, 13, 14
"""The last two digits of codes; 4 to 9 are the kinds of :mod:`icstats.strict_yaml`."""


@dataclass(frozen=True, kw_only=True)
class Document:
    """A settings file as plain data, with the place of every key.

    Attributes
    ----------
    path
        The file.
    name
        How messages call it.
    data
        Dicts, lists, text, whole and real numbers, booleans and None.
    positions
        Keys and list places, from the top, to line and character, both from 1.
    error
        What is raised about it; the class decides the hundreds of the codes.
    """

    path: Path
    name: str
    data: dict[Any, Any]
    positions: Mapping[Loc, tuple[int, int]]
    error: type[ICStatsError]

    def position(self, loc: Loc) -> tuple[int, int]:
        """Return line and character of a key, or of the nearest thing around it that is there."""
        while loc not in self.positions:
            loc = loc[:-1]
        return self.positions[loc]

    def value(self, loc: Loc) -> Any:  # noqa: ANN401  a setting can be anything
        """Return what stands at a place, or None when nothing does."""
        value: Any = self.data
        for part in loc:
            try:
                value = value[part]
            except (KeyError, IndexError, TypeError):
                return None
        return value

    def problem(self, loc: Loc, number: int, message: str, hint: str = "") -> Problem:
        """Return a problem at a place, given the last two digits of its code."""
        line, character = self.position(loc)
        return Problem(
            code=_code(self.error, number),
            message=message,
            file=self.name,
            line=line,
            line_column=character,
            column=self._dotted(loc),
            hint=hint,
        )

    def require(self, findings: Iterable[Finding]) -> None:
        """Raise what was found, all at once and in the order of the file; nothing when nothing was found."""
        problems = [self.problem(*finding) for finding in findings]
        if problems:
            raise self.error(sorted(problems, key=lambda problem: problem.line or 0))

    def _dotted(self, loc: Loc) -> str:
        text = ""
        for depth, part in enumerate(loc):
            if isinstance(self.value(loc[:depth]), list):
                text += f"[{self._called(loc[: depth + 1])}]"
            else:
                text += f".{part}" if text else str(part)
        return text

    def _called(self, loc: Loc) -> str:
        element = self.value(loc)
        names = [element.get(key) for key in ("slug", "code")] if isinstance(element, dict) else []
        return next((name for name in names if isinstance(name, str)), str(int(loc[-1]) + 1))


class Finding(NamedTuple):
    """Something in a well-formed document that cannot be: place, last digits of the code, what, and what to do."""

    loc: Loc
    number: int
    message: str
    hint: str = ""


def nearest(word: str, options: Iterable[str]) -> str | None:
    """Return the option that looks most like a word that is not among them, or None when none comes near.

    Capitals, spaces around and the difference between hyphen, underscore and space do not count.
    """
    by_look = {_look(option): option for option in options}
    matches = get_close_matches(_look(word), by_look, n=1)
    return by_look[matches[0]] if matches else None


def did_you_mean(word: str, options: Iterable[str]) -> str:
    """Return the hint that names the nearest option, empty when none comes near."""
    near = nearest(word, options)
    return f'did you mean "{near}"?' if near else ""


def _look(word: str) -> str:
    return word.strip().casefold().replace("-", "_").replace(" ", "_")


def shown_path(path: Path) -> str:
    """Return a path as messages show it: from the working folder when it lies under it."""
    try:
        return path.relative_to(Path.cwd()).as_posix()
    except ValueError:
        return path.as_posix()


def read_document(path: Path | str, *, error: type[ICStatsError]) -> Document:
    """Read a settings file strictly.

    Parameters
    ----------
    path
        A YAML file of at most 1 MB, UTF-8, whose top is ``key: value`` lines.
    error
        What to raise; the class also decides the hundreds of the codes.

    Returns
    -------
    Document
        Plain data and the place of every key; a file of comments only holds no setting.

    Raises
    ------
    ICStatsError
        Of the class given: the file cannot be read, is no YAML (line, character and the line itself), or uses an
        anchor, alias, tag, repeated key (both lines), more than 20 levels or a second document.
    """
    path = Path(path)
    name = shown_path(path)
    text = _text(path, error)
    try:
        read = plain(text)
    except Faults as failure:
        raise error(
            [
                Problem(
                    code=_code(error, fault.kind),
                    message=fault.message,
                    file=name,
                    line=fault.line,
                    line_column=fault.character,
                    hint=fault.hint,
                )
                for fault in failure.faults
            ]
        ) from None
    settings = {} if read.data is None and text.strip() else read.data
    if not isinstance(settings, dict):
        found = "the file is empty" if settings is None else f"found {quoted(settings)}"
        message = f"{found}; allowed: lines of the form key: value."
        raise error(Problem(code=_code(error, NO_SETTINGS), message=message, file=name))
    return Document(path=path, name=name, data=settings, positions=read.positions, error=error)


def settings_of(paths: Iterable[Path]) -> dict[str, Plain]:
    """Return what settings files say, by their text, for another process that will read them.

    One that cannot be read is left out: whoever needs it says what is wrong with it.
    """
    read: dict[str, Plain] = {}
    for path in paths:
        with suppress(ICStatsError, Faults):
            text = _text(path, ICStatsError)
            read[text] = plain(text)
    return read


def _code(error: type[ICStatsError], number: int) -> str:
    hundreds = error.default_code.removeprefix("ICS-")[0]
    return f"ICS-{hundreds}{number:02d}"


def _text(path: Path, error: type[ICStatsError]) -> str:
    def unreadable(number: int, message: str, hint: str = "", line: int | None = None) -> ICStatsError:
        return error(Problem(code=_code(error, number), message=message, file=shown_path(path), line=line, hint=hint))

    try:
        size = path.stat().st_size
        if size > LARGEST_FILE:
            raise unreadable(TOO_LARGE, f"the file has {size:,} bytes; allowed: at most {LARGEST_FILE:,}.")
        raw = path.read_bytes()
    except FileNotFoundError:
        raise unreadable(UNREADABLE, "there is no such file.", file_nearby(path)) from None
    except OSError as failure:
        raise unreadable(UNREADABLE, f"the file cannot be read: {failure.strerror}.") from None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as failure:
        line = raw[: failure.start].count(b"\n") + 1
        raise unreadable(NOT_UTF8, "the text is not UTF-8.", "save the file as UTF-8", line) from None


def file_nearby(path: Path) -> str:
    """Return the hint for a file that is not there: the nearest name in its folder, or that the folder is missing."""
    if not path.parent.is_dir():
        return f"there is no folder {shown_path(path.parent)}"
    # That both are a .csv makes d.csv no norm.csv: the names before the dot must be alike as well.
    return did_you_mean(path.name, (other.name for other in path.parent.iterdir() if nearest(path.stem, [other.stem])))


def parse(
    document: Document,
    model: type[M],
    *,
    overrides: Mapping[str, object] | None = None,
    added: Mapping[str, object] | None = None,
    context: Mapping[str, object] | None = None,
) -> M:
    """Turn a document into a model, or say everything that is wrong with it.

    Parameters
    ----------
    document
        What :func:`read_document` returned.
    model
        A pydantic model that forbids unknown keys; lists in the file are tuples in the model.
    overrides
        Top-level keys whose value in the file is replaced, for instance a path by what it leads to.
    added
        Fields of the model that are not settings; in the file they are unknown keys.
    context
        What the model's own validators need to know.

    Returns
    -------
    BaseModel
        An instance of ``model``.

    Raises
    ------
    ICStatsError
        Of the document's class, one problem per key: unknown (with the nearest name), missing, of the wrong kind, or
        outside what is allowed (with the default, where there is one).
    """
    added = added or {}
    problems = [_unknown(document, model, (key,), hidden=added) for key in added if key in document.data]
    try:
        parsed = model.model_validate({**_as_tuples(document.data), **(overrides or {}), **added}, context=context)
    except ValidationError as failure:
        raise document.error(problems + _shape_problems(document, model, failure, hidden=added)) from None
    if problems:
        raise document.error(problems)
    return parsed


def _as_tuples(data: Any) -> Any:  # noqa: ANN401  plain data of any shape
    if isinstance(data, dict):
        return {key: _as_tuples(value) for key, value in data.items()}
    return tuple(_as_tuples(value) for value in data) if isinstance(data, list) else data


def _shape_problems(
    document: Document, model: type[BaseModel], failure: ValidationError, hidden: Mapping[str, object]
) -> list[Problem]:
    problems: dict[Loc, Problem] = {}
    for details in failure.errors(include_url=False):
        loc = _loc_in(document, details)
        if loc not in problems:
            problems[loc] = _shape_problem(document, model, loc, details, hidden)
    return sorted(problems.values(), key=lambda problem: (problem.line or 0, problem.line_column or 0))


def _loc_in(document: Document, details: ErrorDetails) -> Loc:
    loc = details["loc"]
    if details["type"] == "missing":
        return loc
    while loc and loc not in document.positions:
        loc = loc[:-1]
    return loc


def _shape_problem(
    document: Document, model: type[BaseModel], loc: Loc, details: ErrorDetails, hidden: Mapping[str, object]
) -> Problem:
    if details["type"] == "missing":
        return document.problem(loc, MISSING, "required, but not there.")
    if details["type"] == "extra_forbidden":
        return _unknown(document, model, loc, hidden)
    field = _field_at(model, loc)
    is_key = details["loc"][-1] == "[key]"
    found = details["input"] if is_key else document.value(loc)
    number = WRONG_KIND if details["type"].endswith(("_type", "_from_float")) else NOT_ALLOWED
    return document.problem(
        loc,
        number,
        f"found {'the key ' * is_key}{quoted(found)}; allowed: {_allowed(details, field)}.",
        _advice(found, details, field),
    )


def _unknown(document: Document, model: type[BaseModel], loc: Loc, hidden: Mapping[str, object]) -> Problem:
    around = _annotation_at(model, loc[:-1])
    names = [name for name in _model_in(around).model_fields if len(loc) > 1 or name not in hidden]
    message = f"unknown setting; allowed here: {', '.join(names)}."
    return document.problem(loc, UNKNOWN, message, did_you_mean(str(loc[-1]), names))


KINDS = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "path_type": "a path",
    "tuple_type": "a list",
    "dict_type": "a block of key: value lines",
    "model_type": "a block of key: value lines",
    "model_attributes_type": "a block of key: value lines",
}


def _allowed(details: ErrorDetails, field: FieldInfo | None) -> str:
    kind, context = details["type"], details.get("ctx", {})
    if field is not None and field.description:
        return field.description
    if kind == "literal_error":
        return ", ".join(_options(field)) or str(context["expected"])
    if kind in ("string_too_short", "string_too_long"):
        bound, count = ("at least", "min_length") if kind == "string_too_short" else ("at most", "max_length")
        return f"text of {bound} {context[count]} character{'s' if context[count] != 1 else ''}"
    if kind == "too_short":
        return f"a list of at least {context['min_length']}"
    words = KINDS.get(kind) or {int: "a whole number", float: "a number"}.get(_plain_type(field))
    return ", ".join([words, *_bounds(field)]) if words else str(details["msg"])


def _bounds(field: FieldInfo | None) -> list[str]:
    words = {"ge": "{} or more", "gt": "more than {}", "le": "at most {}", "lt": "less than {}"}
    metadata = field.metadata if field else []
    return [
        words[name].format(getattr(bound, name))
        for bound in metadata
        if isinstance(bound, annotated_types.Ge | annotated_types.Gt | annotated_types.Le | annotated_types.Lt)
        for name in words
        if hasattr(bound, name)
    ]


def _advice(found: object, details: ErrorDetails, field: FieldInfo | None) -> str:
    kind = details["type"]
    if kind == "string_type" and isinstance(found, int | float):
        return f'put it between quotes: "{quoted(found)}"'
    if isinstance(found, str) and kind == "float_type" and DECIMAL_COMMA.fullmatch(found):
        return f"a decimal point, not a comma: {found.replace(',', '.')}"
    if kind == "bool_type" and str(found).casefold() in ("true", "false"):
        return f"in small letters: {str(found).casefold()}"
    if kind == "literal_error" and (hint := did_you_mean(str(found), _options(field))):
        return hint
    if field is not None and isinstance(field.default, int | float | str):
        return f"leave it out for the default, {quoted(field.default)}"
    return ""


def _options(field: FieldInfo | None) -> list[str]:
    """Return the words that may stand in a field, also where the field is a list of them."""
    stack, options = [field.annotation if field else None], []
    while stack:
        annotation = stack.pop(0)
        options += [option for option in get_args(annotation) if isinstance(option, str)]
        stack += [inner for inner in get_args(annotation) if not isinstance(inner, str)]
    return options


def _plain_type(field: FieldInfo | None) -> Any:  # noqa: ANN401  a type or an annotation
    return field.annotation if field else None


def _field_at(model: type[BaseModel], loc: Loc) -> FieldInfo | None:
    while loc and isinstance(loc[-1], int):
        loc = loc[:-1]
    around = _annotation_at(model, loc[:-1])
    fields = _model_in(around).model_fields
    return fields.get(str(loc[-1])) if loc else None


def _annotation_at(model: type[BaseModel], loc: Loc) -> Any:  # noqa: ANN401  a type or an annotation
    annotation: Any = model
    for part in loc:
        annotation = _inside(annotation, part)
    return annotation


def _inside(annotation: Any, part: str | int) -> Any:  # noqa: ANN401  a type or an annotation
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        return next((found for option in arguments if (found := _inside(option, part)) is not None), None)
    if origin is Annotated:
        return _inside(arguments[0], part)
    if origin in (tuple, dict):
        return arguments[0] if origin is tuple else arguments[1]
    field = _model_in(annotation).model_fields.get(str(part))
    return field.annotation if field else None


def _model_in(annotation: Any) -> type[BaseModel]:  # noqa: ANN401  a type or an annotation
    options = (annotation, *get_args(annotation))
    models = [option for option in options if isinstance(option, type) and issubclass(option, BaseModel)]
    return models[0] if models else BaseModel
