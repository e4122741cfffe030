"""Forms of questionnaires that are hard to put in one: what is filled in comes back as it was answered all the same.

What a field stands for is found by its words, as whoever fills the form in finds it, never by its name.
"""

from __future__ import annotations

import csv
import random
import re
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pyxform.xls2xform import convert

from icstats.errors import ParameterError
from icstats.fielding import field_questionnaire
from icstats.fieldwork import read_fieldwork, short_codes
from icstats.responses import read_responses
from icstats.study import read_study

if TYPE_CHECKING:
    from collections.abc import Iterator

    from icstats.fieldwork import Fieldwork
    from icstats.questionnaire import Item
    from icstats.responses import Responses
    from icstats.study import Department

N = 24
LONG = "Hoe vindt u dat? " * 150
HARD = Path(__file__).parent / "studies" / "hard_forms"
QUESTIONS = (HARD / "questions.yaml").read_text(encoding="utf-8").replace("LONG", LONG)
FIELDWORK = (HARD / "fieldwork.yaml").read_text(encoding="utf-8")
MANY = "".join(f"  - {{slug: many-{place}, name: {{en: Many {place}, nl: Veel {place}}}}}\n" for place in range(30))
ONE = FIELDWORK.index("  - {slug: 2nd-line")

ODK = ("KEY", "SubmissionDate", "meta-instanceID")
"""Columns that the platform adds."""

Answers = dict[tuple[int, str, str], str]
"""Respondent, department, item -> answer as its code."""


def fielded(folder: Path, text: str) -> Fieldwork:
    (folder / "questions.yaml").write_text(QUESTIONS, encoding="utf-8")
    (folder / "fieldwork.yaml").write_text(text, encoding="utf-8")
    fieldwork = read_fieldwork(folder / "fieldwork.yaml")
    field_questionnaire(fieldwork, folder)
    return fieldwork


@pytest.fixture(scope="module", params=[FIELDWORK + MANY, FIELDWORK[:ONE]], ids=["many", "one"])
def fieldwork(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Fieldwork:
    return fielded(tmp_path_factory.mktemp("hard"), request.param)


@pytest.fixture(scope="module")
def answers(fieldwork: Fieldwork) -> Answers:
    draw = random.Random(6)  # noqa: S311  simulated answers
    given: Answers = {}
    for person in range(N):
        used = draw.sample(fieldwork.departments, min(3, len(fieldwork.departments)))
        for department in used:
            picks = draw.choice([[], ["IMAB"], ["IM_A_B", "IMAB"]])
            for item in asked(fieldwork, department):
                if item.block == "importance":
                    answer = str(int(item.code in picks)) if picks else ""
                elif item.responses is None:
                    answer = draw.choice(["", 'Snel, "ja"; \\ ${x}\nen\tverder', "=1+1", "שלום"])
                else:
                    scale = fieldwork.questionnaire.responses[item.responses]
                    answer = draw.choice([*map(str, range(scale.minimum, scale.maximum + 1)), "na", "dk", ""])
                given[person, department.slug, item.code] = answer
    return given


def asked(fieldwork: Fieldwork, department: Department) -> list[Item]:
    found = fieldwork.questionnaire.items_of(department=department.slug)
    return [item for item in found if item.block != "mirror"]


def plain(text: str) -> str:
    """Return a text without the blanks that keep its braces from being read as something else."""
    return text.replace("{ ", "{").replace("$ {", "${")


def of_words(fieldwork: Fieldwork, department: Department) -> dict[str, Item]:
    """Return what a department is asked by its words; a point to pick is called as the question it weighs."""
    items = fieldwork.questionnaire
    return {
        items.item(item.about).label.nl if item.block == "importance" and item.about else words: item
        for item in asked(fieldwork, department)
        if (words := item.wording.nl.format(department=department.name.nl))
    }


def read_back(fieldwork: Fieldwork, platform: str, store: Path) -> Responses:
    study = fieldwork.file.parent / f"{platform}.yaml"
    stored = study.with_name(f"{platform}_stored.yaml")
    stored.write_text(study.read_text(encoding="utf-8") + f"store: '{store.as_posix()}'\n", encoding="utf-8")
    return read_responses(read_study(stored))


def require_same(found: Responses, answers: Answers, fieldwork: Fieldwork) -> None:
    for department in fieldwork.departments:
        ratings = found.ratings(wave="2027", department=department.slug).sort_values("file_row")
        people = sorted({who for who, slug, _ in answers if slug == department.slug})
        assert len(ratings) == len(people)
        for item in asked(fieldwork, department):
            given = [answers[who, department.slug, item.code] for who in people]
            if item.responses is None:
                assert ratings[item.code].tolist() == given
            else:
                numbers = [float(answer) if answer.isdigit() else -1 for answer in given]
                assert ratings[item.code].fillna(-1).tolist() == numbers, (department.slug, item.code)


def fields_of(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for child in node.get("children", []):
        yield child
        yield from fields_of(child)


def odk_columns(fieldwork: Fieldwork, form: dict[str, Any]) -> tuple[list[str], dict[tuple[str, str], list[str]]]:
    """Return the fields of the form, and those in which each question about a department is answered."""
    names, places = [], {}
    pages = [node for node in form["children"] if node["name"].startswith("page_")]
    assert len(pages) == len(fieldwork.departments)
    for department, page in zip(fieldwork.departments, pages, strict=True):
        items = of_words(fieldwork, department)
        for node in fields_of(page):
            if node["type"] == "group":
                continue
            names.append(node["name"])
            words = plain(node.get("label", {}).get("Nederlands (nl)", ""))
            if node["type"] == "select all that apply":
                points = {
                    plain(one["label"]["Nederlands (nl)"]): one["name"] for one in form["choices"][node["itemset"]]
                }
                for label, point in points.items():
                    places[department.slug, items[label].code] = [node["name"], point]
            elif words in items:
                places.setdefault((department.slug, items[words].code), []).append(node["name"])
    return names, places


def test_a_hard_xlsform_is_accepted_and_read_back(fieldwork: Fieldwork, answers: Answers, tmp_path: Path) -> None:
    made = convert(fieldwork.file.parent / "xlsform.xlsx", validate=False)
    assert made.warnings == []
    form = made._pyxform
    names, places = odk_columns(fieldwork, form)
    binds = {node["name"]: node.get("bind", {}) for node in fields_of(form)}
    formulas = {name: bind["calculate"] for name, bind in binds.items() if "calculate" in bind}
    assert any(formula.startswith("coalesce") for formula in formulas.values())
    rows = []
    for person in range(N):
        row = {
            "KEY": f"uuid:{person}",
            "respondent": f"uuid:{person}",
            "order": str(person % 2),
            "yes": "a2"[person % 2],
        }
        for (who, slug, code), answer in answers.items():
            place = places[slug, code]
            if who != person:
                continue
            if fieldwork.questionnaire.item(code).block == "importance":
                picked = row.get(place[0], "").split()
                row[place[0]] = " ".join([*picked, *([place[1]] if answer == "1" else [])])
            else:
                row[place[person % len(place)]] = answer
        for name, formula in formulas.items():
            used = re.findall(r"\$\{([^}]+)\}", formula)
            if formula.startswith("coalesce"):
                row[name] = next((row[one] for one in used if row.get(one)), "")
            elif formula.startswith("if(count-selected"):
                point = re.findall(r"'(\w+)'", formula)[0]
                picks = row.get(used[0], "").split()
                row[name] = "" if not picks else str(int(point in picks))
        rows.append(row)
    with (fieldwork.file.parent / "xlsform.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, [*ODK, "respondent", "order", "yes", "used", *names], restval="")
        writer.writeheader()
        writer.writerows(rows)
    require_same(read_back(fieldwork, "xlsform", tmp_path), answers, fieldwork)


def structure(fieldwork: Fieldwork) -> list[dict[str, str]]:
    with (fieldwork.file.parent / "limesurvey.txt").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def limesurvey_columns(fieldwork: Fieldwork) -> dict[str, tuple[str, str, dict[str, str]]]:
    """Return heading of a column -> department, item, answers in words; what is picked and calculated from it too."""
    found: dict[str, tuple[str, str, dict[str, str]]] = {}
    question: dict[str, str] = {}
    labels: dict[str, str] = {}
    items: dict[str, Item] = {}
    departments = iter(fieldwork.departments)
    department = None
    for row in (row for row in structure(fieldwork) if row["language"] == "nl"):
        words = plain(row["text"])
        if row["class"] == "G" and row["type/scale"] != "G0":
            department = next(departments)
            assert plain(row["name"]) == department.name.nl
            items = of_words(fieldwork, department)
        elif row["class"] == "Q":
            question, labels = row, {}
            if department and words in items:
                found[row["name"]] = (department.slug, items[words].code, {})
        elif row["class"] == "SQ" and department:
            found[f"{question['name']}[{row['name']}]"] = (department.slug, items[words].code, labels)
        elif row["class"] == "A":
            labels[row["name"]] = words
    assert next(departments, None) is None
    return found


@pytest.mark.parametrize("in_words", [True, False])
def test_a_hard_limesurvey_survey_is_read_back(
    fieldwork: Fieldwork, answers: Answers, tmp_path: Path, *, in_words: bool
) -> None:
    columns = limesurvey_columns(fieldwork)
    equations = {row["name"]: row["text"] for row in structure(fieldwork) if row["type/scale"] == "*"}
    rows = []
    for person in range(N):
        own = {"id": str(person + 1), "submitdate": "1980-01-01", "lastpage": "3", "startlanguage": "nl"}
        row = {**own, "yes": "a2"[person % 2]}
        for heading, (slug, code, labels) in columns.items():
            answer = answers.get((person, slug, code), "")
            if fieldwork.questionnaire.item(code).block == "importance":
                row[heading] = "Y" if answer == "1" else ""
            else:
                row[heading] = labels.get(answer, answer) if in_words else answer
        for name, equation in equations.items():
            battery, point = re.findall(r"that\.(\w+)\.NAOK|if\(\w+?P_(\w+)\.NAOK", equation)
            picked = {one for one in columns if one.startswith(f"{battery[0]}[") and row[one] == "Y"}
            row[name] = str(int(f"{battery[0]}[{point[1]}]" in picked)) if picked else ""
        rows.append(row)
    with (fieldwork.file.parent / "limesurvey.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    require_same(read_back(fieldwork, "limesurvey", tmp_path), answers, fieldwork)


def test_no_two_names_of_a_hard_limesurvey_survey_are_one(fieldwork: Fieldwork) -> None:
    own: dict[str, list[str]] = {}
    question = ""
    for row in (row for row in structure(fieldwork) if row["language"] == "en"):
        if row["class"] == "Q":
            question = row["name"]
            own.setdefault("questions", []).append(question.casefold())
            assert re.fullmatch(r"[A-Za-z][A-Za-z0-9]{0,19}", question)
        elif row["class"] in {"SQ", "A"}:
            own.setdefault(f"{question} {row['class']}", []).append(row["name"].casefold())
            assert re.fullmatch(r"[A-Za-z0-9]{1,20}" if row["class"] == "SQ" else "[A-Za-z0-9]{1,5}", row["name"])
        if row["type/scale"] != "*":
            assert not re.search(r"\{\S", row["text"] + (row["name"] if row["class"] == "G" else ""))
    assert all(len(names) == len(set(names)) for names in own.values())


@pytest.mark.parametrize("language", ["en", "nl"])
def test_the_printed_form_shows_hard_words_as_they_are(fieldwork: Fieldwork, language: str) -> None:
    page = (fieldwork.file.parent / f"paper.{language}.html").read_text(encoding="utf-8")
    assert not re.search(r"<(b|i|line|x)>", page)
    words = unescape(re.sub(r"<[^>]+>", "\n", page))
    said = "nl" if language == "nl" else "en"
    assert fieldwork.title[said] in words
    for department in fieldwork.departments:
        for item in asked(fieldwork, department):
            if item.block != "importance":
                assert item.wording[said].format(department=department.name[said]) in words


@pytest.mark.parametrize("name", ["used", "Order", "sat", "SAT", "token", "d2Q1", "submitdate"])
def test_a_question_about_the_customer_called_as_the_form_itself_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "questions.yaml").write_text(QUESTIONS, encoding="utf-8")
    text = FIELDWORK.replace("{name: yes,", f"{{name: {name},")
    (tmp_path / "fieldwork.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ParameterError) as refused:
        read_fieldwork(tmp_path / "fieldwork.yaml")
    assert [problem.message for problem in refused.value.problems] == [f'found "{name}"; this name is taken.']


@pytest.mark.parametrize(
    ("names", "codes"),
    [
        (["d2", "2nd"], ["d2", "d3"]),
        (["2nd", "d1"], ["d1", "d2"]),
        (["a-b", "ab", "AB"], ["ab", "d2", "d3"]),
        (["hr", "legal-affairs"], ["hr", "d2"]),
    ],
)
def test_short_names_are_never_one_and_the_same(names: list[str], codes: list[str]) -> None:
    assert list(short_codes(names, longest=10, otherwise="d").values()) == codes
