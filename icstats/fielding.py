"""A questionnaire goes into the field: as forms for survey platforms and on paper, with the study that reads them back.

Each export of a filled-in form is a survey file of the study that is written beside it, without further settings.
"""

from __future__ import annotations

import os
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from icstats.fieldwork import (
    MOST_PICKED,
    about_whom,
    answers_of,
    as_yaml,
    batteries,
    for_staff,
    has_mirror,
    in_drawn_order,
    labelled,
    pick_label,
    statement,
)
from icstats.limesurvey import department_codes, limesurvey, limesurvey_settings
from icstats.questionnaire import LANGUAGES_OF_QUESTIONS
from icstats.texts import Texts
from icstats.workbooks import write_workbook
from icstats.xlsform import xlsform, xlsform_settings, xml_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from icstats.fieldwork import Battery, Fieldwork
    from icstats.questionnaire import Language, Text
    from icstats.study import Department

__all__ = ["BOTH", "PLATFORMS", "ROLE", "STAFF", "field_questionnaire", "printable"]

PLATFORMS = ("xlsform", "limesurvey")
STAFF, BOTH = "-staff", "-both"
"""How the names of the forms for staff end, and of what holds their answers beside those of customers."""
ROLE = "role"
"""Column that says who answered."""


def field_questionnaire(fieldwork: Fieldwork, folder: Path) -> tuple[Path, ...]:
    """Write the questionnaire in every form in which it can be put to customers.

    Parameters
    ----------
    fieldwork
        What is asked, of whom, about which departments.
    folder
        Made where it is not there yet.

    Returns
    -------
    tuple of Path
        ``xlsform.xlsx``, ``limesurvey.txt``, ``paper.en.html``, ``paper.nl.html``, and for both platforms a study file
        that reads its export: save that as ``xlsform.csv`` or ``limesurvey.csv`` beside it. Where the questionnaire has
        a mirror, the same forms for staff (``xlsform-staff.xlsx``, ...), and study files that read both exports
        together, once :func:`icstats.collecting.collect_exports` has put them in one file (``xlsform-both.yaml``).
    """
    folder.mkdir(parents=True, exist_ok=True)
    named = {department.slug: xml_name(department.slug) for department in fieldwork.departments}
    codes = {"xlsform": named, "limesurvey": department_codes(fieldwork)}
    settings = {"xlsform": xlsform_settings(fieldwork), "limesurvey": limesurvey_settings(fieldwork)}
    written = _forms(fieldwork, folder, "")
    written += [
        _study(fieldwork, platform, settings[platform], codes[platform], folder / f"{platform}.yaml")
        for platform in PLATFORMS
    ]
    if not has_mirror(fieldwork):
        return tuple(written)
    staff = for_staff(fieldwork)
    theirs = {"xlsform": xlsform_settings(staff), "limesurvey": limesurvey_settings(staff)}
    written += _forms(staff, folder, STAFF)
    for platform in PLATFORMS:
        both = _together(settings[platform], theirs[platform])
        written.append(_study(fieldwork, f"{platform}{BOTH}", both, codes[platform], folder / f"{platform}{BOTH}.yaml"))
    return tuple(written)


def _forms(fieldwork: Fieldwork, folder: Path, ending: str) -> list[Path]:
    """Write the form of every platform and on paper."""
    written = [folder / f"xlsform{ending}.xlsx", folder / f"limesurvey{ending}.txt"]
    write_workbook(written[0], xlsform(fieldwork))
    written[1].write_text(limesurvey(fieldwork), encoding="utf-8", newline="")
    for language in LANGUAGES_OF_QUESTIONS:
        written.append(folder / f"paper{ending}.{language}.html")
        written[-1].write_text(printable(fieldwork, language), encoding="utf-8", newline="\n")
    return written


def _together(customers: dict[str, Any], staff: dict[str, Any]) -> dict[str, Any]:
    """Return the settings that read both exports from one file, in which a column says who answered."""
    both = {
        **customers,
        "columns": {**customers["columns"], "role": ROLE},
        "ignore": list(dict.fromkeys([*customers["ignore"], *staff["ignore"]])),
    }
    if "items" in customers:
        both["items"] = {**customers["items"], **staff["items"]}
    return {"platform": "none", **both}


def printable(fieldwork: Fieldwork, language: Language) -> str:
    """Return the questionnaire as a page to print; on paper the order of the questions is the drawn one for all."""
    from jinja2 import Environment  # noqa: PLC0415  only the printed form needs it

    template = (files("icstats") / "templates" / "questionnaire" / "print.html.j2").read_text(encoding="utf-8")
    words = Texts(language)
    return (
        Environment(autoescape=True, trim_blocks=True)
        .from_string(template)
        .render(
            language=language,
            title=fieldwork.title[language],
            organisation=fieldwork.organisation[language],
            statement=statement(fieldwork, language),
            attributes=[
                {"wording": one.wording[language], "choices": [choice.label[language] for choice in one.choices]}
                for one in fieldwork.attributes
            ],
            used=about_whom(fieldwork, language),
            departments=[department.name[language] for department in fieldwork.departments],
            pages=[
                {
                    "name": department.name[language],
                    "rate": _for_whom(fieldwork, department, language),
                    "batteries": list(_on_paper(fieldwork, department, language)),
                }
                for department in fieldwork.departments
            ],
            tick=words.say("fielding.print_scale"),
            thanks=words.say("fielding.thanks"),
        )
    )


def _for_whom(fieldwork: Fieldwork, department: Department, language: Language) -> str:
    key = "fielding.print_rate_staff" if fieldwork.audience == "staff" else "fielding.print_rate"
    return Texts(language).say(key, department=department.name[language], months=fieldwork.months)


def _on_paper(fieldwork: Fieldwork, department: Department, language: Language) -> Iterator[dict[str, Any]]:
    words = Texts(language)
    for battery in batteries(fieldwork, department):
        yield {
            "kind": "open" if battery.responses is None else "picked" if battery.picked else "closed",
            "intro": words.say(f"fielding.{battery.part}", department=department.name[language], most=MOST_PICKED),
            "questions": list(_questions(fieldwork, department, battery, language)),
            "answers": []
            if battery.responses is None
            else list(answers_of(fieldwork, battery.responses, language).values()),
        }


def _questions(fieldwork: Fieldwork, department: Department, battery: Battery, language: Language) -> Iterator[str]:
    for item in in_drawn_order(battery, fieldwork):
        yield pick_label(item, fieldwork, language) if battery.picked else labelled(item, department, language)


def _study(fieldwork: Fieldwork, platform: str, settings: dict[str, Any], codes: dict[str, str], target: Path) -> Path:
    """Write the study file that reads the export of a platform, and return its path."""
    content: dict[str, Any] = {
        "name": fieldwork.name,
        "title": _both(fieldwork.title),
        "organisation": _both(fieldwork.organisation),
        "wave": fieldwork.wave,
        "language": fieldwork.language,
        **{setting: _from(target.parent, source) for setting, source in fieldwork.sources.items()},
    }
    content["responses"] = {"file": f"{platform}.csv", **settings}
    content["departments"] = [
        {
            "slug": department.slug,
            "name": _both(department.name),
            "code": codes[department.slug],
            "invited": department.invited,
            "team_size": department.team_size,
        }
        for department in fieldwork.departments
    ]
    if len(fieldwork.departments) > 1:
        content["norms"] = "departments"
    content["seed"] = fieldwork.seed
    heading = f"# Reads the answers to this questionnaire: save its export as {platform}.csv beside this file.\n"
    target.write_text(heading + as_yaml(content), encoding="utf-8", newline="\n")
    return target


def _both(text: Text) -> dict[str, str]:
    return {"en": text.en, "nl": text.nl}


def _from(folder: Path, file: Path) -> str:
    """Return a path as a settings file in the folder names it."""
    return Path(os.path.relpath(file, folder.resolve())).as_posix()
