"""The questionnaire as a LimeSurvey structure (tab-separated values), in both languages.

Format: "Tab Separated Value survey structure" of the LimeSurvey manual; checked against the structure of a survey that
was held. A department is a question group; its batteries are arrays, named ``<department>Q<number>``.
"""

from __future__ import annotations

import csv
from io import StringIO
from typing import TYPE_CHECKING

from icstats.fieldwork import (
    MOST_PICKED,
    about_whom,
    answers_of,
    batteries,
    in_drawn_order,
    labelled,
    missing_texts,
    pick_label,
    short_codes,
    statement,
)
from icstats.questionnaire import LANGUAGES_OF_QUESTIONS
from icstats.texts import Texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from icstats.fieldwork import Battery, Fieldwork
    from icstats.questionnaire import Language
    from icstats.study import Department

__all__ = ["limesurvey", "limesurvey_settings"]

COLUMNS = (
    "class",
    "type/scale",
    "name",
    "relevance",
    "text",
    "help",
    "language",
    "validation",
    "mandatory",
    "other",
    "default",
    "same_default",
    "hidden",
    "max_answers",
    "random_order",
)
LONGEST_CODE = 20
LONGEST_DEPARTMENT = 10
JOINT = "Q"
ARRAY, MULTIPLE, LIST, LONG_TEXT, EQUATION = "F", "M", "L", "T", "*"
SETTINGS = {
    "format": "G",
    "anonymized": "Y",
    "ipaddr": "N",
    "refurl": "N",
    "datestamp": "N",
    "savetimings": "N",
    "usetokens": "N",
    "allowprev": "Y",
    "showgroupinfo": "B",
    "showqnumcode": "X",
    "shownoanswer": "N",
    "showwelcome": "Y",
    "publicstatistics": "N",
    "printanswers": "N",
}
"""Nothing is kept that says who answered, or when."""


def limesurvey(fieldwork: Fieldwork) -> str:
    """Return the structure that LimeSurvey imports as a new survey.

    Returns
    -------
    str
        Tab-separated, header first; all questions in the first language, then once more in the second.
    """
    languages = (fieldwork.language, *(other for other in LANGUAGES_OF_QUESTIONS if other != fieldwork.language))
    stream = StringIO(newline="")
    writer = csv.DictWriter(stream, COLUMNS, delimiter="\t", restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(map(_without_expressions, _settings(fieldwork, languages)))
    for language in languages:
        rows = _questions(fieldwork, language)
        writer.writerows({**_without_expressions(row), "language": language} for row in rows)
    return stream.getvalue()


def _without_expressions(row: dict[str, str]) -> dict[str, str]:
    """Return a row in whose words no brace begins an expression, but where it is one."""
    shown = ("name", "text") if row["class"] == "G" else () if row.get("type/scale") == EQUATION else ("text",)
    return {**row, **{column: row[column].replace("{", "{ ") for column in shown if column in row}}


def limesurvey_settings(fieldwork: Fieldwork) -> dict[str, object]:
    """Return the settings under ``responses`` with which a study reads the export of this survey."""
    codes = _item_codes(fieldwork)
    columns = {
        item.code: _column(battery, _number(fieldwork, battery), codes[item.code])
        for battery in batteries(fieldwork)
        for item in battery.items
    }
    return {
        "layout": "wide",
        "joint": JOINT,
        "columns": {"respondent": "id"},
        "items": columns,
        "attributes": [attribute.name for attribute in fieldwork.attributes],
        "ignore": ["used*", *(f"{code}P[*" for code in department_codes(fieldwork).values())],
        **missing_texts(),
    }


def department_codes(fieldwork: Fieldwork) -> dict[str, str]:
    """Return slug -> how the questions about the department begin."""
    slugs = [department.slug for department in fieldwork.departments]
    return short_codes(slugs, longest=LONGEST_DEPARTMENT, otherwise="d")


def _item_codes(fieldwork: Fieldwork) -> dict[str, str]:
    codes = [item.code for item in fieldwork.questionnaire.items]
    return short_codes(codes, longest=LONGEST_CODE - LONGEST_DEPARTMENT - 1, otherwise="i")


def _number(fieldwork: Fieldwork, battery: Battery) -> int:
    """Return the number of a battery, the same for every department, also one that is asked less."""
    kinds = [(one.part, one.responses) for one in batteries(fieldwork)]
    return kinds.index((battery.part, battery.responses)) + 1


def _column(battery: Battery, number: int, code: str) -> str:
    """Return how the heading of an item goes on after the department and the joint."""
    return code if battery.picked or battery.responses is None else f"{number}[{code}]"


def _settings(fieldwork: Fieldwork, languages: tuple[Language, ...]) -> Iterator[dict[str, str]]:
    first, *others = languages
    for name, value in {"language": first, "additional_languages": " ".join(others), **SETTINGS}.items():
        yield {"class": "S", "name": name, "text": value}
    for language in languages:
        local = {
            "surveyls_title": fieldwork.title[language],
            "surveyls_welcometext": statement(fieldwork, language),
            "surveyls_endtext": Texts(language).say("fielding.thanks"),
        }
        for name, text in local.items():
            yield {"class": "SL", "name": name, "text": text, "language": language}


def _questions(fieldwork: Fieldwork, language: Language) -> Iterator[dict[str, str]]:
    words = Texts(language)
    yield _group(0, words.say("fielding.about_you"))
    for attribute in fieldwork.attributes:
        yield _question(LIST, attribute.name, attribute.wording[language])
        for choice in attribute.choices:
            yield _answer(choice.code, choice.label[language])
    codes = department_codes(fieldwork)
    one = {"max_answers": "1"} if fieldwork.audience == "staff" else {}
    used = about_whom(fieldwork, language)
    yield {**_question(MULTIPLE, "used", used), "mandatory": "Y", "random_order": "1", **one}
    for department in fieldwork.departments:
        yield _subquestion(codes[department.slug], department.name[language])
    for place, department in enumerate(fieldwork.departments, start=1):
        code = codes[department.slug]
        yield {**_group(place, department.name[language]), "relevance": f'used_{code}.NAOK == "Y"'}
        for battery in batteries(fieldwork, department):
            yield from _battery(fieldwork, department, battery, language)


def _battery(
    fieldwork: Fieldwork, department: Department, battery: Battery, language: Language
) -> Iterator[dict[str, str]]:
    code, items = department_codes(fieldwork)[department.slug], _item_codes(fieldwork)
    intro = Texts(language).say(f"fielding.{battery.part}", department=department.name[language], most=MOST_PICKED)
    if battery.responses is None:
        for item in battery.items:
            yield _question(LONG_TEXT, f"{code}{JOINT}{items[item.code]}", labelled(item, department, language))
    elif battery.picked:
        yield {**_question(MULTIPLE, f"{code}P", intro), "max_answers": str(MOST_PICKED), "random_order": "1"}
        for item in battery.items:
            yield _subquestion(items[item.code], pick_label(item, fieldwork, language))
        for item in battery.items:
            picked = f'if({code}P_{items[item.code]}.NAOK == "Y", 1, 0)'
            equation = f'{{if(count(that.{code}P.NAOK) > 0, {picked}, "")}}'
            yield {**_question(EQUATION, f"{code}{JOINT}{items[item.code]}", equation), "hidden": "1"}
    else:
        name = f"{code}{JOINT}{_number(fieldwork, battery)}"
        yield {**_question(ARRAY, name, intro), "random_order": "1" if battery.shuffled else ""}
        for item in in_drawn_order(battery, fieldwork):
            yield _subquestion(items[item.code], labelled(item, department, language))
        for answer, label in answers_of(fieldwork, battery.responses, language).items():
            yield _answer(answer, label)


def _group(place: int, name: str) -> dict[str, str]:
    return {"class": "G", "type/scale": f"G{place}", "name": name, "relevance": "1"}


def _question(kind: str, name: str, text: str) -> dict[str, str]:
    return {
        "class": "Q",
        "type/scale": kind,
        "name": name,
        "relevance": "1",
        "text": text,
        "mandatory": "N",
        "other": "N",
        "same_default": "1",
    }


def _subquestion(name: str, text: str) -> dict[str, str]:
    return {"class": "SQ", "type/scale": "0", "name": name, "relevance": "1", "text": text}


def _answer(name: str, text: str) -> dict[str, str]:
    return {"class": "A", "type/scale": "0", "name": name, "text": text}
