"""The questionnaire as an XLSForm, for ODK, KoboToolbox and everything else that reads one.

Every answer has the name ``department__ITEM``, so that the export is a wide survey file as it stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from icstats.fieldwork import (
    MOST_PICKED,
    Battery,
    about_whom,
    answers_of,
    batteries,
    in_drawn_order,
    labelled,
    missing_texts,
    pick_label,
    statement,
)
from icstats.texts import Texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from icstats.fieldwork import Fieldwork
    from icstats.questionnaire import Language
    from icstats.study import Department
    from icstats.workbooks import Cell

__all__ = ["xlsform", "xlsform_settings", "xml_name"]

NAMES: dict[Language, str] = {"en": "English (en)", "nl": "Nederlands (nl)"}
FORWARD, BACKWARD, PICKED = "forward_", "backward_", "picked_"
SURVEY = (
    "type",
    "name",
    *(f"{column}::{NAMES[language]}" for column in ("label", "constraint_message") for language in NAMES),
    "required",
    "relevant",
    "calculation",
    "constraint",
    "appearance",
    "parameters",
)
JOINT = "__"


def xlsform(fieldwork: Fieldwork) -> dict[str, list[list[Cell]]]:
    """Return the sheets ``survey``, ``choices`` and ``settings``.

    XLSForm cannot shuffle questions: each of those that should be stands in an order drawn once and in its reverse,
    and a respondent sees one of the two. The choices among departments and among points that matter are shuffled.
    """
    return {
        "survey": [[*SURVEY], *_in_columns(_survey(fieldwork))],
        "choices": _choices(fieldwork),
        "settings": [
            ["form_title", "form_id", "version", "default_language", "style"],
            [
                _without_references(fieldwork.title[fieldwork.language]),
                fieldwork.name.replace("-", "_"),
                fieldwork.wave,
                NAMES[fieldwork.language],
                "pages",
            ],
        ],
    }


def _in_columns(rows: Iterable[Mapping[str, str]]) -> list[list[Cell]]:
    return [[row.get(column, "") for column in SURVEY] for row in rows]


def xlsform_settings(fieldwork: Fieldwork) -> dict[str, object]:
    """Return the settings under ``responses`` with which a study reads the export of this form."""
    return {
        "layout": "wide",
        "joint": JOINT,
        "columns": {"respondent": "respondent"},
        "attributes": [attribute.name for attribute in fieldwork.attributes],
        "ignore": ["welcome", "thanks", "order", "used*", f"{FORWARD}*", f"{BACKWARD}*", f"{PICKED}*"],
        **missing_texts(),
    }


def _survey(fieldwork: Fieldwork) -> Iterator[dict[str, str]]:
    yield {"type": "calculate", "name": "respondent", "calculation": "once(uuid())"}
    yield {"type": "calculate", "name": "order", "calculation": "once(int(random() * 2))"}
    yield _said("note", "welcome", {language: statement(fieldwork, language) for language in NAMES})
    for attribute in fieldwork.attributes:
        yield _said(
            f"select_one {attribute.name}",
            attribute.name,
            {language: attribute.wording[language] for language in NAMES},
        )
    used = {language: about_whom(fieldwork, language) for language in NAMES}
    choose = "select_one" if fieldwork.audience == "staff" else "select_multiple"
    yield {**_said(f"{choose} used", "used", used), "required": "yes", "parameters": "randomize=true"}
    for place, department in enumerate(fieldwork.departments, start=1):
        yield {
            **_said("begin_group", f"page_{place}", {language: department.name[language] for language in NAMES}),
            "relevant": f"selected(${{used}}, '{xml_name(department.slug)}')",
        }
        for number, battery in enumerate(batteries(fieldwork, department), start=1):
            yield from _battery(fieldwork, department, battery, f"part_{place}_{number}")
        yield {"type": "end_group"}
    yield _said("note", "thanks", {language: Texts(language).say("fielding.thanks") for language in NAMES})


def _battery(fieldwork: Fieldwork, department: Department, battery: Battery, name: str) -> Iterator[dict[str, str]]:
    intro = {language: _intro(battery, department, language) for language in NAMES}
    if battery.picked:
        yield from _picks(department, battery, intro)
        return
    drawn = in_drawn_order(battery, fieldwork)
    orders = {"": drawn} if not battery.shuffled else {FORWARD: drawn, BACKWARD: drawn[::-1]}
    for place, (start, items) in enumerate(orders.items()):
        yield {
            **_said("begin_group", f"{name}{'ab'[place]}", intro),
            "appearance": "field-list",
            "relevant": f"${{order}} = {place}" if start else "",
        }
        for item in items:
            words = {language: labelled(item, department, language) for language in NAMES}
            kind = f"select_one {_scale(fieldwork, battery.responses)}" if battery.responses else "text"
            look = "multiline" if battery.responses is None else ""
            yield {**_said(kind, f"{start}{xml_name(department.slug)}{JOINT}{item.code}", words), "appearance": look}
        yield {"type": "end_group"}
    if battery.shuffled:
        for item in battery.items:
            field = f"{xml_name(department.slug)}{JOINT}{item.code}"
            both = f"coalesce(${{{FORWARD}{field}}}, ${{{BACKWARD}{field}}})"
            yield {"type": "calculate", "name": field, "calculation": both}


def _picks(department: Department, battery: Battery, intro: dict[Language, str]) -> Iterator[dict[str, str]]:
    name = f"{PICKED}{department.slug}"
    told = {language: Texts(language).say("fielding.at_most", most=MOST_PICKED) for language in NAMES}
    yield {
        **_said(f"select_multiple {_points(department)}", name, intro),
        **{f"constraint_message::{NAMES[language]}": words for language, words in told.items()},
        "constraint": f"count-selected(.) <= {MOST_PICKED}",
        "parameters": "randomize=true",
    }
    for item in battery.items:
        picked = f"if(count-selected(${{{name}}}) = 0, '', if(selected(${{{name}}}, '{item.code}'), 1, 0))"
        yield {"type": "calculate", "name": f"{xml_name(department.slug)}{JOINT}{item.code}", "calculation": picked}


def _intro(battery: Battery, department: Department, language: Language) -> str:
    return Texts(language).say(f"fielding.{battery.part}", department=department.name[language], most=MOST_PICKED)


def xml_name(slug: str) -> str:
    """Return how a department is called in the form, where no name begins with a digit."""
    return slug if slug[0].isalpha() else f"_{slug}"


def _scale(fieldwork: Fieldwork, responses: str) -> str:
    """Return the list of answers of a response scale; its own name may have blanks, or be that of another list."""
    return f"scale_{list(fieldwork.questionnaire.responses).index(responses) + 1}"


def _points(department: Department) -> str:
    return f"points_{department.slug}"


def _said(kind: str, name: str, words: dict[Language, str]) -> dict[str, str]:
    labels = {f"label::{NAMES[language]}": _without_references(text) for language, text in words.items()}
    return {"type": kind, "name": name, **labels}


def _without_references(text: str) -> str:
    """Return a text in which no dollar with a brace is read as a reference to another question."""
    return text.replace("${", "$ {")


def _choices(fieldwork: Fieldwork) -> list[list[Cell]]:
    rows = [
        (attribute.name, choice.code, [choice.label[language] for language in NAMES])
        for attribute in fieldwork.attributes
        for choice in attribute.choices
    ]
    rows += [
        ("used", xml_name(department.slug), [department.name[language] for language in NAMES])
        for department in fieldwork.departments
    ]
    asked = [
        (department, battery) for department in fieldwork.departments for battery in batteries(fieldwork, department)
    ]
    scales = dict.fromkeys(battery.responses for _, battery in asked if battery.responses and not battery.picked)
    for responses in scales:
        labels = [answers_of(fieldwork, responses, language) for language in NAMES]
        rows += [
            (_scale(fieldwork, responses), code, [of_language[code] for of_language in labels]) for code in labels[0]
        ]
    for department, battery in asked:
        if battery.picked:
            rows += [
                (_points(department), item.code, [pick_label(item, fieldwork, language) for language in NAMES])
                for item in battery.items
            ]
    header: list[Cell] = ["list_name", "name", *(f"label::{name}" for name in NAMES.values())]
    table: list[list[Cell]] = [[name, code, *map(_without_references, labels)] for name, code, labels in rows]
    return [header, *table]
