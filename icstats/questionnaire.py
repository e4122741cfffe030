"""The questionnaire: which questions were asked, in which words, and what each of them measures."""

from __future__ import annotations

import re
import string
from itertools import chain
from typing import TYPE_CHECKING, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from icstats.documents import Finding, did_you_mean, parse, read_document
from icstats.errors import QuestionnaireError
from icstats.strict_yaml import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


__all__ = [
    "DRIVER_BLOCKS",
    "LANGUAGES_OF_QUESTIONS",
    "RESERVED",
    "Block",
    "Item",
    "Language",
    "Questionnaire",
    "ResponseScale",
    "Scale",
    "Text",
    "in_order",
    "read_questionnaire",
]

Language = Literal["en", "nl"]
LANGUAGES_OF_QUESTIONS: tuple[Language, ...] = get_args(Language)
Block = Literal["product", "process", "orientation", "outcome", "expectation", "importance", "mutual", "mirror", "open"]
Expects = Literal["minimum", "desired", "compared"]
DRIVER_BLOCKS: tuple[Block, ...] = ("product", "process", "orientation")
"""The three answers to why customers are satisfied or not, in the reader's order."""
BLOCKS: tuple[Block, ...] = get_args(Block)
ABOUT_BLOCKS: tuple[Block, ...] = ("importance", "mirror")

RESERVED = frozenset(
    {
        "respondent",
        "department",
        "wave",
        "role",
        "weight",
        "date",
        "seconds",
        "file_row",
        "service",
        "ratings",
        "organisation",
        "model",
    }
)
"""Names that frames and results use themselves; no item, scale or attribute may be called so."""

CODE = r"^[A-Za-z][A-Za-z0-9_]*$"
CODE_IN_WORDS = "a letter, then letters, digits and underscores, at most 40 characters"

LINE = r"^[^\p{Cc}\p{Zl}\p{Zp}]*[^\p{Cc}\s][^\p{Cc}\p{Zl}\p{Zp}]*$"
LINE_IN_WORDS = "one line of text"


class Strict(BaseModel):
    """Base of everything read from a file: unknown keys are errors, values are never coerced, nothing changes."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Text(Strict):
    """The same words in both languages of the house."""

    en: str = Field(pattern=LINE, description=LINE_IN_WORDS)
    nl: str = Field(pattern=LINE, description=LINE_IN_WORDS)

    def __getitem__(self, language: str) -> str:
        """Return the words in a language of the reports; English where they are in another one."""
        return self.nl if language == "nl" else self.en


class ResponseScale(Strict):
    """Whole numbers from ``minimum`` to ``maximum``; ``labels`` name all of them, or only the ends.

    Attributes
    ----------
    satisfied, dissatisfied
        An answer counts as satisfied from ``satisfied`` upwards and as dissatisfied up to ``dissatisfied``
        (top-two-box and bottom-two-box on five points).
    """

    minimum: int = Field(ge=0)
    maximum: int = Field(le=100)
    satisfied: int
    dissatisfied: int
    labels: dict[int, Text] = Field(default_factory=dict)


class Item(Strict):
    """One question.

    Attributes
    ----------
    code
        Its name in data and results, for instance ``PC2``.
    block
        What it is about.
    scale
        The scale it belongs to, or None for an item that stands alone.
    wording
        The full question; ``{department}`` stands for the department's name.
    label
        A few words for figures and tables.
    responses
        Name of its response scale; None for an open question.
    reverse
        A high answer is unfavourable; the answer is turned round before anything is computed.
    core
        Asked of every department and unchanged, so that it may be compared with a norm.
    departments
        Slugs of the departments that are asked this; None means all.
    about
        The item that this one mirrors or weighs (blocks ``mirror`` and ``importance``).
    expects
        What an item of the block ``expectation`` states: the ``minimum`` or ``desired`` level of the outcome, or how
        the service ``compared`` with what was expected. None: it is a question like any other.
    since
        First wave with this wording; None where it never changed. Earlier answers are shown beside it, not compared.
    """

    code: str = Field(pattern=CODE, max_length=40, description=CODE_IN_WORDS)
    block: Block
    scale: str | None = None
    wording: Text
    label: Text
    responses: str | None = None
    reverse: bool = False
    core: bool = True
    departments: tuple[str, ...] | None = None
    about: str | None = None
    expects: Expects | None = None
    since: str | None = None


class Scale(Strict):
    """Items that measure one thing together and are averaged."""

    code: str = Field(pattern=CODE, max_length=40, description=CODE_IN_WORDS)
    block: Block
    label: Text


class Questionnaire(Strict):
    """All questions of a survey.

    Attributes
    ----------
    name, version
        The wording version: a norm is comparable only with the same one.
    outcome
        Code of the item that says how satisfied the customer is overall; the drivers explain this item.
    """

    name: str = Field(min_length=1)
    version: str = Field(min_length=1)
    title: Text
    outcome: str
    responses: dict[str, ResponseScale]
    scales: tuple[Scale, ...] = ()
    items: tuple[Item, ...] = Field(min_length=1)

    def item(self, code: str) -> Item:
        """Return the item with this code; KeyError when there is none."""
        return next(item for item in self.items if item.code == code)

    def items_of(
        self, *, block: Block | None = None, scale: str | None = None, department: str | None = None
    ) -> tuple[Item, ...]:
        """Return the items of a block, a scale or a department, in questionnaire order."""
        return tuple(
            item
            for item in self.items
            if (block is None or item.block == block)
            and (scale is None or item.scale == scale)
            and (department is None or item.departments is None or department in item.departments)
        )

    def expectation(self, expects: Expects, department: str | None = None) -> str | None:
        """Return the code of the item that states this expectation, or None where it is not asked."""
        asked = self.items_of(block="expectation", department=department)
        return next((item.code for item in asked if item.expects == expects), None)

    def response_scale(self, code: str) -> ResponseScale:
        """Return the response scale of a closed item."""
        name = self.item(code).responses
        if name is None:
            raise KeyError(code)
        return self.responses[name]

    def answered_items(self, code: str) -> tuple[Item, ...]:
        """Return the closed items that a number with this code rests on: an item, or those of a scale or driver block.

        A scale goes before a block of the same name; empty when the code is none of the three.
        """
        of_scale = self.items_of(scale=code)
        of_block = tuple(item for item in self.items if item.block == code and item.block in DRIVER_BLOCKS)
        single = tuple(item for item in self.items if item.code == code and item.responses is not None)
        return single or of_scale or of_block

    @property
    def codes(self) -> tuple[str, ...]:
        """All codes that a number can have: closed items, scales, and the driver blocks that have items."""
        blocks = tuple(block for block in DRIVER_BLOCKS if self.items_of(block=block))
        closed = tuple(item.code for item in self.items if item.responses is not None)
        return tuple(dict.fromkeys((*closed, *(scale.code for scale in self.scales), *blocks)))


def in_order(wave: str) -> tuple[tuple[int, str], ...]:
    """Return what waves are put in order by: their names, numbers in them as numbers: ``wave-9``, ``wave-10``."""
    parts = re.findall(r"[0-9]+|[^0-9]+", wave)
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in parts)


def read_questionnaire(path: Path | str) -> Questionnaire:
    """Read a questionnaire and make sure that it does not contradict itself.

    Parameters
    ----------
    path
        A YAML file, see ``params/questionnaires/internal_customer.yaml``.

    Returns
    -------
    Questionnaire
        Items, scales and response scales, in the order of the file.

    Raises
    ------
    QuestionnaireError
        All problems at once, each with its line: first those of form (unknown, missing or wrong settings), then,
        when the form is right, the contradictions.
    """
    document = read_document(path, error=QuestionnaireError)
    questionnaire = parse(document, Questionnaire)
    document.require(contradictions(questionnaire))
    return questionnaire


def contradictions(questionnaire: Questionnaire) -> Iterator[Finding]:
    """Return everything in a well-formed questionnaire that cannot be true together."""
    checks: tuple[Callable[[Questionnaire], Iterator[Finding]], ...] = (
        _outcome,
        _codes,
        _response_scales,
        _scales,
        _scale_of_items,
        _responses_of_items,
        _one_range_per_score,
        _about,
        _expects,
        _departments,
        _wording,
    )
    return chain.from_iterable(check(questionnaire) for check in checks)


def _outcome(questionnaire: Questionnaire) -> Iterator[Finding]:
    allowed = [item.code for item in questionnaire.items_of(block="outcome")]
    if questionnaire.outcome not in allowed:
        message = f"found {quoted(questionnaire.outcome)}; allowed: the code of an item of the block outcome."
        hint = did_you_mean(questionnaire.outcome, allowed) or f"these are: {', '.join(allowed) or 'none'}"
        yield Finding(("outcome",), 20, message, hint)


def _codes(questionnaire: Questionnaire) -> Iterator[Finding]:
    named = [("scales", place, scale.code) for place, scale in enumerate(questionnaire.scales)]
    named += [("items", place, item.code) for place, item in enumerate(questionnaire.items)]
    users: dict[str, str] = {}
    for kind, place, code in named:
        loc = (kind, place, "code")
        if code in users:
            yield Finding(loc, 21, f"the code {quoted(code)} is already that of {users[code]}.")
        users.setdefault(code, f"{kind.removesuffix('s')} number {place + 1}")
        if code in RESERVED:
            message = f"found {quoted(code)}; icstats uses this name itself."
            yield Finding(loc, 22, message, f"for instance {code}_1")
        elif code in BLOCKS and not _stands_for_its_block(questionnaire, kind, place):
            message = f"found {quoted(code)}; only the one scale of the block {code} may be called so."
            yield Finding(loc, 22, message, f"for instance {code}_1")


def _stands_for_its_block(questionnaire: Questionnaire, kind: str, place: int) -> bool:
    if kind != "scales":
        return False
    scale = questionnaire.scales[place]
    return scale.code == scale.block and sum(other.block == scale.block for other in questionnaire.scales) == 1


def _response_scales(questionnaire: Questionnaire) -> Iterator[Finding]:
    for name, scale in questionnaire.responses.items():
        lowest, highest = scale.minimum, scale.maximum
        if lowest >= highest:
            message = f"runs from {lowest} to {highest}; the minimum must be lower than the maximum."
            hint = "where a high answer is unfavourable, keep the scale and give the item reverse: true"
            yield Finding(("responses", name, "minimum"), 23, message, hint)
            continue
        if not lowest <= scale.dissatisfied < scale.satisfied <= highest:
            message = (
                f"dissatisfied up to {scale.dissatisfied}, satisfied from {scale.satisfied} on; allowed: from {lowest} "
                f"to {highest}, dissatisfied below satisfied."
            )
            yield Finding(("responses", name, "satisfied"), 24, message)
        if set(scale.labels) not in (set(), {lowest, highest}, set(range(lowest, highest + 1))):
            message = (
                f"{len(scale.labels)} labels ({', '.join(map(str, scale.labels))}) for {highest - lowest + 1} answers; "
                f"allowed: one for every answer from {lowest} to {highest}, or only for {lowest} and {highest}."
            )
            yield Finding(("responses", name, "labels"), 25, message)


def _scales(questionnaire: Questionnaire) -> Iterator[Finding]:
    used = {item.scale for item in questionnaire.items}
    for place, scale in enumerate(questionnaire.scales):
        if scale.code not in used:
            message = f"no item belongs to the scale {quoted(scale.code)}."
            yield Finding(("scales", place, "code"), 26, message, "name it at an item, or leave it out")


def _scale_of_items(questionnaire: Questionnaire) -> Iterator[Finding]:
    blocks = {scale.code: scale.block for scale in questionnaire.scales}
    for place, item in enumerate(questionnaire.items):
        loc = ("items", place, "scale")
        if item.scale is None:
            continue
        if item.scale not in blocks:
            message = f"there is no scale {quoted(item.scale)}."
            yield Finding(loc, 27, message, did_you_mean(item.scale, blocks))
        elif item.block != blocks[item.scale]:
            message = f"the item is of block {item.block}, its scale {item.scale} of block {blocks[item.scale]}."
            yield Finding(loc, 28, message)


def _responses_of_items(questionnaire: Questionnaire) -> Iterator[Finding]:
    for place, item in enumerate(questionnaire.items):
        loc = ("items", place, "responses")
        if item.block == "open":
            if item.responses is not None or item.scale is not None or item.reverse:
                message = "an open question has no responses, no scale and no reverse."
                yield Finding(loc, 29, message, "leave them out, or choose another block")
        elif item.responses is None:
            message = f"an item of block {item.block} needs responses."
            yield Finding(loc, 29, message, f"one of: {', '.join(questionnaire.responses)}")
        elif item.responses not in questionnaire.responses:
            message = f"there is no response scale {quoted(item.responses)}."
            yield Finding(loc, 30, message, did_you_mean(item.responses, questionnaire.responses))


def _one_range_per_score(questionnaire: Questionnaire) -> Iterator[Finding]:
    first: dict[str, tuple[str, str]] = {}
    for place, item in enumerate(questionnaire.items):
        score = f"block {item.block}" if item.block in DRIVER_BLOCKS else f"scale {item.scale}"
        answers = _range(questionnaire, item)
        if answers is None or score == "scale None":
            continue
        first_code, first_range = first.setdefault(score, (item.code, answers))
        if answers != first_range:
            message = f"answers run {answers}, those of {first_code} {first_range}; allowed: one range in {score}."
            hint = "answers on different ranges cannot be averaged"
            yield Finding(("items", place, "responses"), 31, message, hint)


def _range(questionnaire: Questionnaire, item: Item) -> str | None:
    scale = questionnaire.responses.get(item.responses or "")
    return f"from {scale.minimum} to {scale.maximum}" if scale else None


def _about(questionnaire: Questionnaire) -> Iterator[Finding]:
    asked = {item.code: item for item in questionnaire.items if item.block not in ("open", *ABOUT_BLOCKS)}
    for place, item in enumerate(questionnaire.items):
        loc = ("items", place, "about")
        if item.block not in ABOUT_BLOCKS:
            if item.about is not None:
                yield Finding(loc, 32, f"only items of block {' and '.join(ABOUT_BLOCKS)} are about another.")
        elif item.about is None:
            message = f"an item of block {item.block} says which item it is about."
            yield Finding(loc, 32, message, "for instance about: PC1")
        elif item.about not in asked:
            message = f"there is no closed question to customers with the code {quoted(item.about)}."
            yield Finding(loc, 32, message, did_you_mean(item.about, asked))
        elif item.block == "mirror":
            own, other = _range(questionnaire, item), _range(questionnaire, asked[item.about])
            if own != other:
                message = f"answers run {own}, those of {item.about} {other}; a mirror has the same."
                yield Finding(("items", place, "responses"), 33, message)


def _expects(questionnaire: Questionnaire) -> Iterator[Finding]:
    outcome = next((item for item in questionnaire.items if item.code == questionnaire.outcome), None)
    for place, item in enumerate(questionnaire.items):
        loc = ("items", place, "expects")
        if item.expects is None:
            continue
        if item.block != "expectation":
            yield Finding(loc, 36, "only items of block expectation state what is expected.")
        elif item.expects != "compared" and outcome is not None:
            own, marks = _range(questionnaire, item), _range(questionnaire, outcome)
            if own != marks:
                message = f"answers run {own}, those of {outcome.code} {marks}; an expected mark has the same."
                yield Finding(("items", place, "responses"), 37, message)


def _departments(questionnaire: Questionnaire) -> Iterator[Finding]:
    for place, item in enumerate(questionnaire.items):
        loc = ("items", place, "departments")
        if item.departments == ():
            yield Finding(loc, 34, "an empty list: nobody is asked this.", "leave it out to ask everybody")
        elif item.departments is not None and item.core:
            message = "a core item is asked of every department; this one only of some."
            yield Finding(loc, 34, message, "add core: false")


def _wording(questionnaire: Questionnaire) -> Iterator[Finding]:
    for place, item in enumerate(questionnaire.items):
        for language in LANGUAGES_OF_QUESTIONS:
            if not _only_department_to_fill(item.wording[language]):
                message = f"found {quoted(item.wording[language])}; allowed between braces: only {{department}}."
                yield Finding(("items", place, "wording", language), 35, message)


def _only_department_to_fill(wording: str) -> bool:
    try:
        parts = list(string.Formatter().parse(wording))
    except ValueError:
        return False
    return all(
        name is None or (name, form, conversion) == ("department", "", None) for _, name, form, conversion in parts
    )
