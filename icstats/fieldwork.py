"""The fieldwork: whom a questionnaire is put to, about which departments, and in which batteries on which page."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from io import StringIO
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from icstats.documents import Finding, did_you_mean, parse, read_document
from icstats.errors import ParameterError
from icstats.questionnaire import (
    LANGUAGES_OF_QUESTIONS,
    LINE,
    LINE_IN_WORDS,
    RESERVED,
    Block,
    Item,
    Language,
    Questionnaire,
    Strict,
    Text,
    read_questionnaire,
)
from icstats.study import (
    LONGEST_NAME,
    SLUG,
    SLUG_IN_WORDS,
    WAVE_IN_WORDS,
    Department,
    Policy,
    read_policy,
)
from icstats.surveyfile import FilePath
from icstats.texts import Texts

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "DONT_KNOW",
    "MOST_PICKED",
    "NOT_APPLICABLE",
    "Attribute",
    "Battery",
    "Choice",
    "Choosing",
    "Fieldwork",
    "about_whom",
    "answers_of",
    "as_yaml",
    "batteries",
    "for_staff",
    "has_mirror",
    "in_drawn_order",
    "labelled",
    "missing_texts",
    "pick_label",
    "read_fieldwork",
    "short_codes",
    "statement",
]

Part = Literal["quality", "result", "expectation", "understanding", "weight", "open", "mirror"]
PARTS: dict[Part, tuple[Block, ...]] = {
    "quality": ("product", "process", "orientation"),
    "result": ("outcome",),
    "expectation": ("expectation",),
    "understanding": ("mutual",),
    "weight": ("importance",),
    "open": ("open",),
}
"""The pages about a department, in the order of the reader."""
STAFF_PARTS: dict[Part, tuple[Block, ...]] = {"mirror": ("mirror",)}
"""What a department's own staff are asked: what they think that their customers answer."""
NOT_APPLICABLE, DONT_KNOW = "na", "dk"
"""How the exports write the two answers that are none."""
MOST_PICKED = 3
CHOICE = r"^[A-Za-z0-9]{1,5}$"
CHOICE_IN_WORDS = "one to five letters and digits"


ATTRIBUTE = r"^[A-Za-z][A-Za-z0-9]*$"
ATTRIBUTE_IN_WORDS = "a letter, then letters and digits, at most 20 characters"
FORM_NAMES = frozenset({"used", "order", "welcome", "thanks"})
PLATFORM_NAMES = frozenset(
    {"id", "submitdate", "startdate", "datestamp", "lastpage", "startlanguage", "seed", "token", "ipaddr", "refurl"}
    | {"key", "start", "end", "submissiondate", "instanceid", "instancename"}
)
"""Columns that a platform adds itself."""


class Choice(Strict):
    """One answer to a question about the customer."""

    code: str = Field(pattern=CHOICE, description=CHOICE_IN_WORDS)
    label: Text


class Attribute(Strict):
    """A question about the customer, such as the unit."""

    name: str = Field(pattern=ATTRIBUTE, max_length=20, description=ATTRIBUTE_IN_WORDS)
    wording: Text
    choices: tuple[Choice, ...] = Field(min_length=2)


class Choosing(Strict):
    """By which rules departments choose their own questions.

    Attributes
    ----------
    locked
        Codes of the core: asked of every department, unchanged. The outcome is always in it.
    own_items
        Questions of its own that a department may add, at most.
    minutes
        How long a customer may take for one department.
    seconds_closed, seconds_open
        How long one question takes; rules of thumb.
    earlier
        Studies of earlier surveys, the latest last: what their answers say of the questions informs the choice.
    response, sd
        Share of the customers that is expected to answer, and standard deviation of the report mark.
    margin, difference
        Wanted margin of the report mark, and the difference between two waves that should be found in 80 % of cases.
    mean_correlation
        Expected mean correlation between two questions of a scale.
    """

    locked: tuple[str, ...] = ()
    own_items: int = Field(default=2, ge=0)
    minutes: float = Field(default=3.0, gt=0, le=60)
    seconds_closed: float = Field(default=7.5, gt=0)
    seconds_open: float = Field(default=30.0, gt=0)
    earlier: tuple[FilePath, ...] = ()
    response: float = Field(default=0.5, gt=0, le=1)
    sd: float = Field(default=1.6, gt=0)
    margin: float = Field(default=0.3, gt=0)
    difference: float = Field(default=0.5, gt=0)
    mean_correlation: float = Field(default=0.45, gt=0, lt=1)

    def seconds_of(self, item: Item) -> float:
        """Return how long a question takes."""
        return self.seconds_open if item.responses is None else self.seconds_closed


class Fieldwork(Strict):
    """How a survey is held: the parsed fieldwork file.

    Attributes
    ----------
    file
        The fieldwork file itself (not a setting).
    sources
        ``questionnaire`` and ``policy`` -> the files that they were read from (not a setting).
    months
        Customers rate only departments that they used in the last so many months.
    contact
        Whom customers can ask; it stands in the statement on anonymity.
    choice
        By which rules departments choose their own questions.
    audience
        Who fills the form in: ``customers``, or the departments' own ``staff`` (not a setting: see :func:`for_staff`).
    attributes
        Questions about the customer; as few as can be, for each of them makes a person easier to recognise.
    """

    file: Path = Field(exclude=True)
    sources: dict[str, Path] = Field(default_factory=dict, exclude=True)
    audience: Literal["customers", "staff"] = Field(default="customers", exclude=True)
    name: str = Field(pattern=SLUG, max_length=LONGEST_NAME, description=SLUG_IN_WORDS)
    title: Text
    organisation: Text
    wave: str = Field(pattern=r"^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$", max_length=20, description=WAVE_IN_WORDS)
    language: Language = "en"
    questionnaire: Questionnaire
    policy: Policy = Policy()
    months: int = Field(default=6, ge=1, le=24)
    contact: str = Field(pattern=LINE, description=LINE_IN_WORDS)
    choice: Choosing = Choosing()
    attributes: tuple[Attribute, ...] = ()
    departments: tuple[Department, ...] = Field(min_length=1)
    seed: int = Field(default=1, ge=0)


@dataclass(frozen=True, kw_only=True)
class Battery:
    """Questions about one department that are answered on the same scale and stand together.

    Attributes
    ----------
    part
        What they are about.
    responses
        Name of the response scale; None for open questions.
    items
        In the order of the questionnaire.
    """

    part: Part
    responses: str | None
    items: tuple[Item, ...]

    @property
    def shuffled(self) -> bool:
        """Whether the order differs between customers: what stands first is answered with more care."""
        return self.part == "quality"

    @property
    def picked(self) -> bool:
        """Whether customers pick some of these instead of answering each."""
        return self.part == "weight"


def read_fieldwork(path: Path | str) -> Fieldwork:
    """Read a fieldwork file with its questionnaire and policy.

    Raises
    ------
    ParameterError, QuestionnaireError
        All problems of the first file that has any, each with its line.
    """
    document = read_document(path, error=ParameterError)
    file = Path(path).resolve()
    readers = {"questionnaire": read_questionnaire, "policy": read_policy}
    sources = {
        key: (file.parent / found).resolve() for key in readers if isinstance(found := document.data.get(key), str)
    }
    parts = {key: readers[key](source) for key, source in sources.items()}
    added = {"file": file, "sources": sources}
    fieldwork = parse(document, Fieldwork, overrides=parts, added=added, context={"folder": file.parent})
    document.require(_contradictions(fieldwork))
    return fieldwork


def _contradictions(fieldwork: Fieldwork) -> Iterator[Finding]:
    slugs = [department.slug for department in fieldwork.departments]
    for place, slug in enumerate(slugs):
        if slug in slugs[:place]:
            message = f'"{slug}" is already the slug of another department.'
            yield Finding(("departments", place, "slug"), 23, message)
    codes = {item.code for item in fieldwork.questionnaire.items}
    taken = RESERVED | FORM_NAMES | PLATFORM_NAMES | {code.casefold() for code in codes}
    for place, attribute in enumerate(fieldwork.attributes):
        name = attribute.name.casefold()
        if name in taken or any(name.startswith((f"{slug}q", f"{slug}p")) for slug in slugs):
            yield Finding(("attributes", place, "name"), 22, f'found "{attribute.name}"; this name is taken.')
        taken |= {name}
    yield from _locked(fieldwork)
    for item in fieldwork.questionnaire.items:
        for slug in item.departments or ():
            if slug not in slugs:
                message = f'its item {item.code} is asked of "{slug}", which is no department here.'
                yield Finding(("questionnaire",), 25, message, did_you_mean(slug, slugs))


def _locked(fieldwork: Fieldwork) -> Iterator[Finding]:
    codes = {item.code for item in fieldwork.questionnaire.items}
    for place, code in enumerate(fieldwork.choice.locked):
        if code not in codes:
            yield Finding(("choice", "locked", place), 26, f'there is no item "{code}".', did_you_mean(code, codes))
    if fieldwork.choice.locked and fieldwork.questionnaire.outcome not in fieldwork.choice.locked:
        message = f"the outcome, {fieldwork.questionnaire.outcome}, is asked of every department."
        yield Finding(("choice", "locked"), 27, message, "add it")


def for_staff(fieldwork: Fieldwork) -> Fieldwork:
    """Return the fieldwork of the mirror: staff say of their own department what they think that customers answer."""
    title = {
        language: Texts(language).say("fielding.staff_title", title=words)
        for language, words in (("en", fieldwork.title.en), ("nl", fieldwork.title.nl))
    }
    return fieldwork.model_copy(
        update={"audience": "staff", "name": f"{fieldwork.name}-staff", "title": Text(**title), "attributes": ()}
    )


def has_mirror(fieldwork: Fieldwork) -> bool:
    """Return whether there is anything to ask of staff."""
    return bool(batteries(for_staff(fieldwork)))


def about_whom(fieldwork: Fieldwork, language: Language) -> str:
    """Return the question that decides which departments somebody is asked about."""
    words = Texts(language)
    if fieldwork.audience == "staff":
        return words.say("fielding.own_department")
    return words.say("fielding.used", months=fieldwork.months)


def batteries(fieldwork: Fieldwork, department: Department | None = None) -> tuple[Battery, ...]:
    """Return what is asked about a department, or about any, in order."""
    found = []
    asked = fieldwork.questionnaire.items_of(department=department.slug if department else None)
    parts = STAFF_PARTS if fieldwork.audience == "staff" else PARTS
    for part, blocks in parts.items():
        of_part = [item for item in asked if item.block in blocks]
        for responses in dict.fromkeys(item.responses for item in of_part):
            items = tuple(item for item in of_part if item.responses == responses)
            found.append(Battery(part=part, responses=responses, items=items))
    return tuple(found)


def in_drawn_order(battery: Battery, fieldwork: Fieldwork) -> tuple[Item, ...]:
    """Return the items in an order drawn once; half of the customers see it, the other half its reverse."""
    drawn = list(battery.items)
    if battery.shuffled:
        random.Random(fieldwork.seed).shuffle(drawn)  # noqa: S311  an order of questions, no secret
    return tuple(drawn)


def answers_of(fieldwork: Fieldwork, responses: str, language: Language) -> dict[str, str]:
    """Return code -> label of every answer on a response scale, the two that are none last.

    A step without a label of its own is its number; the ends of such a scale are number and label together.
    """
    scale = fieldwork.questionnaire.responses[responses]
    every = len(scale.labels) == scale.maximum - scale.minimum + 1
    labels = {}
    for step in range(scale.minimum, scale.maximum + 1):
        label = scale.labels.get(step)
        labels[str(step)] = str(step) if label is None else label[language] if every else f"{step} ({label[language]})"
    words = Texts(language)
    return {
        **labels,
        NOT_APPLICABLE: words.say("fielding.not_applicable"),
        DONT_KNOW: words.say("fielding.dont_know"),
    }


def labelled(item: Item, department: Department, language: Language) -> str:
    """Return the question about a department."""
    return item.wording[language].format(department=department.name[language])


def pick_label(item: Item, fieldwork: Fieldwork, language: Language) -> str:
    """Return how a point that can be picked is called: as the item whose weight it asks."""
    return fieldwork.questionnaire.item(item.about or item.code).label[language]


def statement(fieldwork: Fieldwork, language: Language) -> str:
    """Return what respondents are promised, from the policy that will be kept."""
    key = "fielding.anonymity_staff" if fieldwork.audience == "staff" else "fielding.anonymity"
    return Texts(language).say(key, minimum=fieldwork.policy.minimum_group, contact=fieldwork.contact)


def missing_texts() -> dict[str, list[str]]:
    """Return the cell texts that stand for an answer that is none, by the setting of a study that lists them."""
    words = [Texts(language) for language in LANGUAGES_OF_QUESTIONS]
    return {
        "not_applicable": [NOT_APPLICABLE, *(text.say("fielding.not_applicable") for text in words)],
        "dont_know": [DONT_KNOW, *(text.say("fielding.dont_know") for text in words)],
    }


def short_codes(names: list[str], *, longest: int, otherwise: str) -> dict[str, str]:
    """Return name -> letters and digits only, as platforms want them; numbered where that would not be one name.

    Capitals do not make two names.
    """
    codes: dict[str, str] = {}
    taken: set[str] = set()
    for place, name in enumerate(names, start=1):
        code = re.sub(r"[^A-Za-z0-9]", "", name)
        if not (0 < len(code) <= longest and code[0].isalpha() and code.casefold() not in taken):
            numbered = (f"{otherwise}{number}" for number in count(place))
            code = next(free for free in numbered if free not in taken)
        codes[name] = code
        taken.add(code.casefold())
    return codes


def as_yaml(content: dict[str, Any]) -> str:
    """Return settings as YAML that the strict reader takes."""
    from ruamel.yaml import YAML  # noqa: PLC0415  only who writes settings needs it

    stream, yaml = StringIO(), YAML()
    yaml.width = 120
    yaml.dump(content, stream)
    return stream.getvalue()
