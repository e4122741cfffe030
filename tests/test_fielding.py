"""A fielded questionnaire: valid where it goes, and its export read back without a further setting."""

from __future__ import annotations

import csv
import random
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner
from pyxform.xls2xform import convert
from shared import shared_file

from icstats.__main__ import main
from icstats.errors import ParameterError
from icstats.fielding import field_questionnaire, printable
from icstats.fieldwork import batteries, for_staff, read_fieldwork
from icstats.responses import read_responses
from icstats.study import read_study

if TYPE_CHECKING:
    from collections.abc import Callable

    from icstats.fieldwork import Fieldwork
    from icstats.questionnaire import Language
    from icstats.responses import Responses

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "params" / "fieldwork" / "example.yaml"
N = 30
XHTML = "{http://www.w3.org/1999/xhtml}"
XFORMS = "{http://www.w3.org/2002/xforms}"

Filled = dict[tuple[int, str, str], str]
"""Respondent, department, item -> answer as its code."""


@pytest.fixture(scope="module")
def fieldwork() -> Fieldwork:
    return read_fieldwork(EXAMPLE)


@pytest.fixture(scope="module")
def folder(fieldwork: Fieldwork, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("fielded")
    field_questionnaire(fieldwork, made)
    return made


@pytest.fixture(scope="module")
def filled(fieldwork: Fieldwork) -> Filled:
    """Return simulated answers: of all kinds, of departments that were used."""
    draw = random.Random(4)  # noqa: S311  simulated answers
    answers: Filled = {}
    for person in range(N):
        for department in fieldwork.departments:
            if draw.random() < 0.3:
                continue
            for battery in batteries(fieldwork, department):
                picked = draw.sample([item.code for item in battery.items], 3) if battery.picked else []
                for item in battery.items:
                    if battery.picked:
                        answers[person, department.slug, item.code] = str(int(item.code in picked))
                    elif battery.responses is None:
                        answers[person, department.slug, item.code] = draw.choice(
                            ["", 'Snel, met "hulp"; dank', "=1+1"]
                        )
                    else:
                        scale = fieldwork.questionnaire.responses[battery.responses]
                        steps = [str(step) for step in range(scale.minimum, scale.maximum + 1)]
                        answers[person, department.slug, item.code] = draw.choice([*steps, *steps, "na", "dk", ""])
    return answers


def xform(folder: Path, ending: str = "") -> ET.Element:
    """Return the form that pyxform makes of the XLSForm."""
    made = convert(folder / f"xlsform{ending}.xlsx", validate=False)
    assert made.warnings == []
    return ET.fromstring(made.xform)  # noqa: S314  made here


def test_pyxform_accepts_the_form_without_a_warning_in_both_languages(folder: Path) -> None:
    form = xform(folder)
    languages = [text.get("lang") for text in form.iter(f"{XFORMS}translation")]
    assert languages == ["English (en)", "Nederlands (nl)"]


def fields(form: ET.Element) -> list[tuple[str, ...]]:
    """Return the path of every field of the form."""
    model = form.find(f"{XHTML}head/{XFORMS}model")
    assert model is not None
    instance = next(iter(next(model.iter(f"{XFORMS}instance"))))

    def leaves(node: ET.Element, path: tuple[str, ...]) -> list[tuple[str, ...]]:
        own = (*path, node.tag.rpartition("}")[2])
        return [leaf for child in node for leaf in leaves(child, own)] if len(node) else [own]

    return [path for child in instance for path in leaves(child, ())]


def calculations(form: ET.Element) -> dict[str, str]:
    return {
        bind.get("nodeset", "").rpartition("/")[2]: bind.get("calculate", "")
        for bind in form.iter(f"{XFORMS}bind")
        if bind.get("calculate")
    }


def filled_in_odk(folder: Path, filled: Filled, heading: Callable[[tuple[str, ...]], str], *, ending: str = "") -> None:
    """Save what a platform exports when the XLSForm was filled in; what the form calculates is calculated from it."""
    form = xform(folder, ending)
    paths, formulas = fields(form), calculations(form)
    rows = []
    for person in range(N):
        row = {
            "respondent": f"uuid:{person}",
            "order": str(person % 2),
            "unit": ["water", "works", "other"][person % 3],
        }
        start = ("forward_", "backward_")[person % 2]
        names = {path[-1] for path in paths}
        for (who, slug, item), answer in filled.items():
            if who != person:
                continue
            raw = f"{start}{slug}__{item}"
            if raw in names:
                row[raw] = answer
            elif item.startswith("IM_"):
                before = row.get(f"picked_{slug}", "")
                row[f"picked_{slug}"] = f"{before} {item}".strip() if answer == "1" else before
            else:
                row[f"{slug}__{item}"] = answer
        for name, formula in formulas.items():
            used = [found.rpartition("/")[2] for found in re.findall(r"/data/[^\s,)=]+|/[\w./-]+", formula)]
            if formula.startswith("coalesce"):
                row[name] = next((row[one] for one in used if row.get(one)), "")
            elif formula.startswith("if(count-selected"):
                point = re.search(r"selected\( *[^,']+, '(\w+)'\)", formula)
                assert point
                picks = row.get(used[0], "").split()
                row[name] = "" if not picks else str(int(point[1] in picks))
        rows.append(row)
    own = {"KEY": "uuid", "SubmissionDate": "2027-02-01", "meta-instanceID": "uuid"}
    headings = {heading(path): path[-1] for path in paths if path[-1] not in ("instanceID", "instanceName")}
    with (folder / f"xlsform{ending}.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow([*own, *headings])
        writer.writerows([*own.values(), *(row.get(name, "") for name in headings.values())] for row in rows)


def structure(folder: Path, ending: str = "") -> list[dict[str, str]]:
    with (folder / f"limesurvey{ending}.txt").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def filled_in_limesurvey(  # noqa: C901
    folder: Path, filled: Filled, *, in_words: bool, with_text: bool, ending: str = ""
) -> None:
    """Save what LimeSurvey exports: headings from the structure, answers as codes or in words."""
    rows = [row for row in structure(folder, ending) if row["language"] == "nl" and row["class"] in ("Q", "SQ", "A")]
    headings: dict[str, dict[str, Any]] = {}
    question: dict[str, Any] = {}
    for row in rows:
        if row["class"] == "Q":
            question = {"kind": row["type/scale"], "name": row["name"], "text": row["text"], "answers": {}}
            if question["kind"] in "LT*":
                headings[row["name"]] = question
        elif row["class"] == "SQ":
            headings[f"{question['name']}[{row['name']}]"] = question
        else:
            question["answers"][row["name"]] = row["text"]
    codes = {"it": "it", "hr": "hr", "legal-affairs": "d3"}
    table = []
    for person in range(N):
        answers = {
            (codes[slug], item.replace("_", "")): answer
            for (who, slug, item), answer in filled.items()
            if who == person
        }
        row = {}
        for heading, asked in headings.items():
            start, _, item = re.sub(r"(\d+)\[|\[", "Q", heading.rstrip("]"), count=1).replace("QQ", "Q").partition("Q")
            answer = answers.get((start.removesuffix("P") if asked["kind"] == "M" else start, item), "")
            if heading == "unit":
                answer = ["water", "works", "other"][person % 3]
            elif heading.startswith("used["):
                answer = "Y" if any(one == heading[5:-1] for one, _ in answers) else ""
            elif asked["kind"] == "M":
                answer = "Y" if answer == "1" else ""
            elif asked["kind"] == "*":
                parts = re.fullmatch(
                    r'\{if\(count\(that\.(\w+)\.NAOK\) > 0, if\((\w+)_(\w+)\.NAOK == "Y", 1, 0\), ""\)\}', asked["text"]
                )
                assert parts, asked["text"]
                picks = [key for key, given in row.items() if key.startswith(f"{parts[1]}[") and given == "Y"]
                answer = "" if not picks else str(int(f"{parts[2]}[{parts[3]}]" in picks))
            elif in_words:
                answer = asked["answers"].get(answer, answer)
            row[heading] = answer
        table.append(row)
    own = ["id", "submitdate", "lastpage", "startlanguage"]
    said = [f"{name}. tekst" if with_text else name for name in (*own, *headings)]
    with (folder / f"limesurvey{ending}.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(said)
        writer.writerows([person + 1, "1980-01-01", 5, "nl", *row.values()] for person, row in enumerate(table))


def read_back(folder: Path, platform: str, store: Path) -> Responses:
    study = folder / f"{platform}.yaml"
    text = study.read_text(encoding="utf-8") + f"store: '{store.as_posix()}'\n"
    (folder / f"{platform}_stored.yaml").write_text(text, encoding="utf-8")
    return read_responses(read_study(folder / f"{platform}_stored.yaml"))


def require_same(found: Responses, filled: Filled, fieldwork: Fieldwork) -> None:
    for department in fieldwork.departments:
        ratings = found.ratings(wave=fieldwork.wave, department=department.slug).sort_values("file_row")
        people = sorted({who for who, slug, _ in filled if slug == department.slug})
        assert len(ratings) == len(people)
        for item in (item for battery in batteries(fieldwork, department) for item in battery.items):
            given = [filled[who, department.slug, item.code] for who in people]
            if item.responses is None:
                assert ratings[item.code].tolist() == given
            else:
                numbers = [float(answer) if answer.isdigit() else -1 for answer in given]
                assert ratings[item.code].fillna(-1).tolist() == numbers, item.code


@pytest.mark.parametrize("heading", [lambda path: path[-1], "-".join, "/".join], ids=["plain", "central", "kobo"])
def test_a_filled_in_xlsform_is_read_back_as_it_was_answered(
    heading: Callable[[tuple[str, ...]], str], folder: Path, filled: Filled, fieldwork: Fieldwork, tmp_path: Path
) -> None:
    filled_in_odk(folder, filled, heading)
    found = read_back(folder, "xlsform", tmp_path)
    require_same(found, filled, fieldwork)
    assert "exported by ODK or KoboToolbox (found)" in found.notes


@pytest.mark.parametrize("export", ["codes", "in_words", "with_text", "in_words with_text"])
def test_a_filled_in_limesurvey_survey_is_read_back_as_it_was_answered(
    export: str, folder: Path, filled: Filled, fieldwork: Fieldwork, tmp_path: Path
) -> None:
    filled_in_limesurvey(folder, filled, in_words="in_words" in export, with_text="with_text" in export)
    require_same(read_back(folder, "limesurvey", tmp_path), filled, fieldwork)


@pytest.fixture(scope="module")
def mirrored(fieldwork: Fieldwork) -> Filled:
    """Return what staff fill in, each of one department."""
    draw = random.Random(5)  # noqa: S311  simulated answers
    staff = for_staff(fieldwork)
    return {
        (person, department.slug, item.code): draw.choice(["1", "2", "3", "4", "5", "dk"])
        for person in range(N)
        for department in [fieldwork.departments[person % 3]]
        for battery in batteries(staff, department)
        for item in battery.items
    }


def require_mirror(found: Responses, mirrored: Filled, fieldwork: Fieldwork) -> None:
    for department in fieldwork.departments:
        ratings = found.ratings(wave=fieldwork.wave, department=department.slug, role="staff").sort_values("file_row")
        assert len(ratings) == N / 3
        for code in {item for _, slug, item in mirrored if slug == department.slug}:
            given = [answer for (_, slug, item), answer in mirrored.items() if (slug, item) == (department.slug, code)]
            assert ratings[code].fillna(-1).tolist() == [float(one) if one.isdigit() else -1 for one in given]


def test_what_staff_fill_in_is_read_back_beside_what_customers_answered(
    folder: Path, filled: Filled, mirrored: Filled, fieldwork: Fieldwork, tmp_path: Path
) -> None:
    filled_in_odk(folder, filled, "-".join)
    filled_in_odk(folder, mirrored, "/".join, ending="-staff")
    filled_in_limesurvey(folder, filled, in_words=True, with_text=False)
    filled_in_limesurvey(folder, mirrored, in_words=False, with_text=True, ending="-staff")
    done = CliRunner().invoke(main, ["questionnaire", "collect", str(folder)])
    assert done.exit_code == 0, done.output
    for platform in ("xlsform-both", "limesurvey-both"):
        found = read_back(folder, platform, tmp_path / platform)
        require_same(found, filled, fieldwork)
        require_mirror(found, mirrored, fieldwork)


def test_the_form_for_staff_asks_of_one_department_what_customers_will_answer(
    folder: Path, fieldwork: Fieldwork
) -> None:
    mirror = [item for item in fieldwork.questionnaire.items if item.block == "mirror"]
    names = {path[-1] for path in fields(xform(folder, "-staff"))}
    assert {f"hr__{item.code}" for item in mirror} <= names
    assert not {"hr__PC1", "unit"} & names
    assert next(row for row in structure(folder, "-staff") if row["name"] == "used")["max_answers"] == "1"
    for language in ("en", "nl"):
        page = (folder / f"paper-staff.{language}.html").read_text(encoding="utf-8")
        for item in mirror:
            words = item.wording[language].format(department=fieldwork.departments[0].name[language])
            assert words.replace("'", "&#39;") in page


def test_exports_that_are_not_there_cannot_be_collected(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["questionnaire", "collect", str(tmp_path)])
    assert done.exit_code == 2
    assert "has no export for customers with one for staff beside it" in done.output


def test_the_limesurvey_structure_has_the_form_of_one_that_was_held(folder: Path) -> None:
    with shared_file("data/limesurvey_rse_2017_netherlands_structure.txt").open(encoding="utf-8", newline="") as stream:
        real = csv.DictReader(stream, delimiter="\t")
        real_columns, real_rows = list(real.fieldnames or ()), list(real)
    ours = structure(folder)
    assert list(ours[0]) == [name for name in real_columns if name in ours[0]]
    classes = [list(dict.fromkeys(row["class"] for row in rows)) for rows in (ours, real_rows)]
    assert classes[0] == classes[1]
    settings = {row["name"] for row in real_rows if row["class"] == "S"}
    assert {row["name"] for row in ours if row["class"] == "S"} - settings == {"additional_languages"}
    groups = [row["type/scale"] for row in ours if row["class"] == "G"]
    assert groups == [f"G{place}" for place in range(4)] * 2
    for language in ("nl", "en"):
        names = [row["name"] for row in ours if row["class"] == "Q" and row["language"] == language]
        assert len(names) == len(set(names))
        assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9]{0,19}", name) for name in names)
    both = [
        [row["name"] for row in ours if row["language"] == language and row["class"] != "G"]
        for language in ("nl", "en")
    ]
    assert both[0] == both[1]
    assert all(len(row["name"]) <= 5 for row in ours if row["class"] == "A")


def test_only_departments_that_were_used_are_rated_and_in_changing_order(folder: Path) -> None:
    rows = structure(folder)
    relevance = [row["relevance"] for row in rows if row["class"] == "G" and row["language"] == "nl"]
    assert relevance == ["1", 'used_it.NAOK == "Y"', 'used_hr.NAOK == "Y"', 'used_d3.NAOK == "Y"']
    assert {row["name"] for row in rows if row["random_order"] == "1"} >= {"used", "itQ1", "hrP"}
    form = xform(folder)
    ways = {path[-1]: path for path in fields(form)}
    forward = [name.removeprefix("forward_") for name in ways if name.startswith("forward_hr__")]
    backward = [name.removeprefix("backward_") for name in ways if name.startswith("backward_hr__")]
    assert forward == backward[::-1]
    assert forward != sorted(forward)


@pytest.mark.parametrize("language", ["en", "nl"])
def test_the_printed_form_has_every_question_and_what_is_promised(language: Language, fieldwork: Fieldwork) -> None:
    page = printable(fieldwork, language)
    for department in fieldwork.departments:
        for item in fieldwork.questionnaire.items:
            if item.block not in ("mirror", "importance"):
                assert item.wording[language].format(department=department.name[language]).replace("'", "&#39;") in page
    assert f"{fieldwork.policy.minimum_group} {'people' if language == 'en' else 'mensen'}" in page
    assert "<script" not in page


def test_a_department_that_is_asked_less_has_the_same_columns(fieldwork: Fieldwork, tmp_path: Path) -> None:
    items = [
        item.model_copy(update={"departments": ("hr",), "core": False}) if item.block == "expectation" else item
        for item in fieldwork.questionnaire.items
    ]
    less = fieldwork.model_copy(
        update={"questionnaire": fieldwork.questionnaire.model_copy(update={"items": tuple(items)})}
    )
    field_questionnaire(less, tmp_path)
    rows = [row["name"] for row in structure(tmp_path) if row["class"] == "Q" and row["language"] == "nl"]
    assert {"hrQ4", "hrQ7", "itQ7"} <= set(rows)
    assert "itQ4" not in rows


def test_what_contradicts_itself_is_refused(tmp_path: Path) -> None:
    text = EXAMPLE.read_text(encoding="utf-8").replace("../", f"{(ROOT / 'params').as_posix()}/")
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(text.replace("slug: hr,", "slug: it,").replace("name: unit", "name: SA1"), encoding="utf-8")
    with pytest.raises(ParameterError) as refusal:
        read_fieldwork(wrong)
    assert [problem.message for problem in refusal.value.problems] == [
        'found "SA1"; this name is taken.',
        '"it" is already the slug of another department.',
    ]
