"""The study: its files, its settings, and what cannot be true together."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from shared import shared_file

from icstats.errors import ParameterError, QuestionnaireError
from icstats.results import ORGANISATION
from icstats.study import FLOOR, Policy, Study, read_policy, read_study
from icstats.study import ORGANISATION as TAKEN

ROOT = Path(__file__).resolve().parents[1]
ORIENTATION = ROOT / "tests" / "studies" / "orientation"

STUDY = """\
name: small
title: {en: Small, nl: Klein}
organisation: {en: Us, nl: Wij}
wave: '2026'
questionnaire: q.yaml
responses:
  file: answers.csv
  attributes: [unit]
departments:
  - {slug: hr, name: {en: HR, nl: PZ}}
  - {slug: it, name: {en: IT, nl: ICT}, code: IT-desk}
"""

QUESTIONNAIRE = """\
name: small
version: '1'
title: {en: Small, nl: Klein}
outcome: SA1
responses:
  agree: {minimum: 1, maximum: 5, satisfied: 4, dissatisfied: 2}
items:
  - {code: PC1, block: process, responses: agree, wording: {en: a, nl: a}, label: {en: a, nl: a}}
  - {code: SA1, block: outcome, responses: agree, wording: {en: b, nl: b}, label: {en: b, nl: b}}
"""

SETTINGS = (
    "name, title, organisation, wave, responses, questionnaire, norms, earlier_norms, names, margin, policy, "
    "agreements, selection, themes, language, departments, notebooks, store, seed"
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a good study in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.yaml").write_text(STUDY, encoding="utf-8")
    (tmp_path / "q.yaml").write_text(QUESTIONNAIRE, encoding="utf-8")
    (tmp_path / "answers.csv").write_text("respondent,department,unit,PC1,SA1\n", encoding="utf-8")
    return tmp_path


def change(path: Path, *changes: tuple[str, str]) -> None:
    text = path.read_text(encoding="utf-8")
    for old, new in changes:
        assert text.count(old) == 1, f"{old} stands {text.count(old)} times"
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


def messages(folder: Path, *changes: tuple[str, str]) -> list[str]:
    change(folder / "s.yaml", *changes)
    with pytest.raises(ParameterError) as caught:
        read_study("s.yaml")
    return str(caught.value).splitlines()


@pytest.mark.parametrize("norms", ["", "norms: departments\n"])
def test_an_earlier_norm_without_a_norm_to_read_is_refused(folder: Path, norms: str) -> None:
    for ending in ("csv", "yaml"):
        (folder / f"n.{ending}").touch()
    told = messages(folder, ("wave: '2026'\n", f"wave: '2026'\n{norms}earlier_norms: n.csv\n"))
    assert [message.partition(": ")[2] for message in told] == [
        (
            "an earlier norm without a norm of this wave: the change of the norm is not known. Hint: give the path of "
            "the norm of this wave under norms [ICS-338]"
        )
    ]


def test_one_file_as_norm_and_as_earlier_norm_is_refused(folder: Path) -> None:
    for ending in ("csv", "yaml"):
        (folder / f"n.{ending}").touch()
    told = messages(folder, ("wave: '2026'\n", "wave: '2026'\nnorms: n.csv\nearlier_norms: ./n.csv\n"))
    assert [message.partition(": ")[2] for message in told] == [
        (
            "the same file as norms: the norm would not have changed, whatever customers answer. Hint: give the path "
            "of the norm of the wave before, or leave it out [ICS-339]"
        )
    ]


LOG = """\
fieldwork: autumn
minutes: 5
own_items: 2
locked: [SA1]
choices:
  - {department: hr, item: PC1, reason: chosen, raters: 2}
  - {department: it, item: PC1, reason: chosen, raters: 2}
  - {department: it, item: PC9, reason: told_nothing, raters: 2}
  - {department: elsewhere, item: PC8, reason: chosen, raters: 2}
labels: {PC9: {en: Nine, nl: Negen}}
"""


def test_a_log_of_questions_that_agrees_with_the_questionnaire_is_read(folder: Path) -> None:
    (folder / "log.yaml").write_text(LOG, encoding="utf-8")
    change(folder / "s.yaml", ("wave: '2026'\n", "wave: '2026'\nselection: log.yaml\n"))
    log = read_study("s.yaml").selection
    assert log is not None
    assert [choice.item for choice in log.of("it")] == ["PC1", "PC9"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "locked: [SA1]",
            "locked: [SA2]",
            'the log names "SA2", which the questionnaire does not have. Hint: did you mean "SA1"? [ICS-346]',
        ),
        (
            "item: PC9, reason: told_nothing",
            "item: PC9, reason: chosen",
            'the log names "PC9", which the questionnaire does not have. Hint: did you mean "PC1"? [ICS-346]',
        ),
        (
            "labels: {PC9: {en: Nine, nl: Negen}}\n",
            "",
            'the log names "PC9", which the questionnaire does not have. Hint: did you mean "PC1"? [ICS-346]',
        ),
        (
            "department: hr, item: PC1, reason: chosen",
            "department: hr, item: PC1, reason: no_time",
            (
                'the log and the questionnaire differ in whether "hr" is asked PC1. Hint: give the questionnaire that '
                "follows from this log, or the log of this questionnaire [ICS-347]"
            ),
        ),
        (
            "department: hr, item: PC1",
            "department: HR, item: PC1",
            'the log names "HR", which is no department. Hint: did you mean "hr"? [ICS-348]',
        ),
    ],
)
def test_a_log_of_other_questions_is_refused(folder: Path, old: str, new: str, expected: str) -> None:
    (folder / "log.yaml").write_text(LOG, encoding="utf-8")
    change(folder / "log.yaml", (old, new))
    told = messages(folder, ("wave: '2026'\n", "wave: '2026'\nselection: log.yaml\n"))
    assert [message.partition(": ")[2] for message in told] == [expected]


def test_what_is_asked_of_others_only_is_not_chosen_here(folder: Path) -> None:
    (folder / "log.yaml").write_text(LOG, encoding="utf-8")
    change(folder / "q.yaml", ("block: process,", "block: process, core: false, departments: [hr],"))
    told = messages(folder, ("wave: '2026'\n", "wave: '2026'\nselection: log.yaml\n"))
    assert any('whether "it" is asked PC1.' in message for message in told)
    assert not any('whether "hr"' in message for message in told)


def test_a_good_study_is_read_with_its_questionnaire(folder: Path) -> None:
    study = read_study(Path("s.yaml"))
    assert study.file == folder / "s.yaml"
    assert study.responses.file == folder / "answers.csv"
    assert study.questionnaire.outcome == "SA1"
    assert study.policy == Policy()
    assert (study.norms, study.margin, study.language, study.seed) == (None, 0.2, "en", 1)
    assert study.department("it").code == "IT-desk"
    with pytest.raises(KeyError, match="hrm"):
        study.department("hrm")


def test_paths_are_relative_to_the_study_file_wherever_one_stands(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "norm.csv").touch()
    (folder / "norm.yaml").touch()
    (folder / "policy.yaml").write_text("minimum_group: 12\n", encoding="utf-8")
    change(
        folder / "s.yaml",
        ("wave: '2026'\n", "wave: '2026'\nnorms: norm.csv\nstore: private/store\npolicy: policy.yaml\n"),
    )
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    study = read_study("../s.yaml")
    assert study.responses.file == folder / "answers.csv"
    assert study.norms == folder / "norm.csv"
    assert study.store_folder == folder / "private" / "store"
    assert study.policy.minimum_group == 12


def test_a_name_is_one_line_that_can_be_seen(folder: Path) -> None:
    assert messages(folder, ("{en: Us, nl: Wij}", r"""{en: ' ', nl: "a\nb\e[31m"}""")) == [
        's.yaml, line 3, character 16, "organisation.en": found " "; allowed: one line of text. [ICS-314]',
        (
            's.yaml, line 3, character 25, "organisation.nl": found "a<U+000A>b<U+001B>[31m"; allowed: one line of '
            "text. [ICS-314]"
        ),
    ]


def test_the_root_is_the_folder_with_the_notebooks(folder: Path) -> None:
    study = read_study("s.yaml")
    assert study.root == folder
    assert study.store_folder == folder / "data" / ".store"
    inner = folder / "params" / "deep"
    inner.mkdir(parents=True)
    for name in ("s.yaml", "q.yaml", "answers.csv"):
        (inner / name).write_bytes((folder / name).read_bytes())
    (folder / "notebooks").mkdir()
    assert read_study(inner / "s.yaml").root == folder
    (folder / "params" / "notebooks").mkdir()
    assert read_study(inner / "s.yaml").root == folder / "params"


def test_the_norm_may_be_the_departments(folder: Path) -> None:
    change(folder / "s.yaml", ("wave: '2026'\n", "wave: '2026'\nnorms: departments\n"))
    assert read_study("s.yaml").norms == "departments"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            [("wave: '2026'", "wave: 2026")],
            (
                'line 4, character 1, "wave": found 2026; allowed: letters, digits and single hyphens, at most 20 '
                'characters. Hint: put it between quotes: "2026" [ICS-313]'
            ),
        ),
        (
            [("wave: '2026'", "wave: 'spring/2026'")],
            (
                'line 4, character 1, "wave": found "spring/2026"; allowed: letters, digits and single hyphens, at '
                "most 20 characters. [ICS-314]"
            ),
        ),
        (
            [("wave: '2026'", "wave: '2026'\nmargn: 0.2")],
            (
                f'line 5, character 1, "margn": unknown setting; allowed here: {SETTINGS}. Hint: did you mean '
                '"margin"? [ICS-312]'
            ),
        ),
        (
            [("wave: '2026'", "wave: '2026'\nfile: s.yaml")],
            (
                f'line 5, character 1, "file": unknown setting; allowed here: {SETTINGS}. Hint: did you mean "title"? '
                "[ICS-312]"
            ),
        ),
        (
            [("questionnaire: q.yaml\n", "")],
            'line 1, character 1, "questionnaire": required, but not there. [ICS-311]',
        ),
        (
            [("questionnaire: q.yaml", "questionnaire: qq.yaml")],
            'line 5, character 1, "questionnaire": there is no file qq.yaml. Hint: did you mean "q.yaml"? [ICS-321]',
        ),
        (
            [("questionnaire: q.yaml", "questionnaire: {name: small}")],
            'line 5, character 1, "questionnaire": found a block of settings; allowed: the path of a file. [ICS-320]',
        ),
        (
            [("file: answers.csv", "file: answer.csv")],
            (
                'line 7, character 3, "responses.file": there is no file answer.csv. Hint: did you mean "answers.csv"? '
                "[ICS-321]"
            ),
        ),
        (
            [("file: answers.csv", "file: .")],
            'line 7, character 3, "responses.file": found ".", a folder; allowed: the path of a file. [ICS-320]',
        ),
        (
            [("file: answers.csv", "file: ../data/answers.csv")],
            (
                'line 7, character 3, "responses.file": there is no file PARENT/data/answers.csv. Hint: there is no '
                "folder PARENT/data [ICS-321]"
            ),
        ),
        (
            [("slug: hr", "slug: Human Resources")],
            (
                'line 10, character 6, "departments[Human Resources].slug": found "Human Resources"; allowed: lower '
                "case letters, digits and single hyphens, at most 60 characters. [ICS-314]"
            ),
        ),
        (
            [("slug: hr", "slug: ../../etc")],
            (
                'line 10, character 6, "departments[../../etc].slug": found "../../etc"; allowed: lower case letters, '
                "digits and single hyphens, at most 60 characters. [ICS-314]"
            ),
        ),
        (
            [("slug: hr", "slug: organisation")],
            (
                'line 10, character 6, "departments[organisation].slug": found "organisation"; icstats uses this name '
                "for all departments together. Hint: for instance organisation-office [ICS-322]"
            ),
        ),
        (
            [("slug: hr", "slug: con")],
            (
                'line 10, character 6, "departments[con].slug": found "con"; Windows keeps this name for a device, and '
                "no folder can be called so. Hint: for instance con-office [ICS-322]"
            ),
        ),
        (
            [("slug: hr", "slug: it")],
            'line 11, character 6, "departments[it].slug": "it" is already the slug of another department. [ICS-323]',
        ),
        (
            [("code: IT-desk", "code: ' HR '")],
            (
                'line 11, character 41, "departments[it].code": " HR " is how the survey file writes hr; each '
                "department needs its own. Hint: capitals and spaces around do not count [ICS-323]"
            ),
        ),
        (
            [("code: IT-desk", "code: 12")],
            (
                'line 11, character 41, "departments[it].code": found 12; allowed: text. Hint: put it between quotes: '
                '"12" [ICS-313]'
            ),
        ),
        (
            [("wave: '2026'", "wave: '2026'\nnotebooks: [drivers, drivers]")],
            'line 5, character 1, "notebooks": "drivers" stands twice. [ICS-324]',
        ),
        (
            [("wave: '2026'", "wave: '2026'\nnotebooks: []")],
            (
                'line 5, character 1, "notebooks": an empty list: nothing would be made. Hint: leave it out to make '
                "all four [ICS-324]"
            ),
        ),
        (
            [("  attributes: [unit]", "  items: {PC2: q1}")],
            (
                'line 8, character 11, "responses.items.PC2": the questionnaire has no item "PC2". Hint: did you mean '
                '"PC1"? [ICS-326]'
            ),
        ),
        (
            [("  attributes: [unit]", "  layout: long\n  columns: {respondent: null}")],
            (
                'line 9, character 13, "responses.columns.respondent": a file with one row per answer needs a column '
                "that says whose answer it is. [ICS-327]"
            ),
        ),
        (
            [("  attributes: [unit]", "  attributes: [unit]\n  ignore: [unit]")],
            'line 6, character 1, "responses": the column "unit" is used for two things. [ICS-328]',
        ),
        (
            [("  attributes: [unit]", "  attributes: [unit]\n  ignore: [PC1]")],
            'line 6, character 1, "responses": the column "PC1" is used for two things. [ICS-328]',
        ),
        (
            [("attributes: [unit]", "attributes: [unit, PC1]")],
            (
                'line 8, character 22, "responses.attributes[2]": found "PC1"; icstats uses this name itself, or it is '
                "the code of an item or scale. Hint: give the column another name in the file [ICS-329]"
            ),
        ),
        (
            [("  attributes: [unit]", "  not_asked: ['-1']\n  dont_know: ['-1']")],
            'line 9, character 3, "responses.dont_know": "-1" has two meanings, or stands twice. [ICS-330]',
        ),
        (
            [("  attributes: [unit]", "  not_applicable: [n.v.t., '5']")],
            (
                'line 8, character 28, "responses.not_applicable[2]": "5" is also an answer to PC1; the two cannot be '
                "told apart. Hint: use a text outside all scales in the file [ICS-331]"
            ),
        ),
        (
            [("wave: '2026'", "wave: '2026'\nnorms: 3")],
            'line 5, character 1, "norms": found 3; allowed: the path of a norm, or departments. [ICS-314]',
        ),
        (
            [("wave: '2026'", "wave: '2026'\nmargin: 0")],
            (
                'line 5, character 1, "margin": found 0; allowed: a number, more than 0, at most 1. Hint: leave it out '
                "for the default, 0.2 [ICS-314]"
            ),
        ),
    ],
)
def test_what_is_wrong_is_told(folder: Path, changes: list[tuple[str, str]], expected: str) -> None:
    wanted = expected.replace("PARENT", folder.parent.as_posix())
    assert messages(folder, *changes) == [f"s.yaml, {wanted}"]


def test_study_questionnaire_and_policy_are_told_together(folder: Path) -> None:
    (folder / "p.yaml").write_text("minimum_group: 3\n", encoding="utf-8")
    change(folder / "q.yaml", ("outcome: SA1", "outcome: SA2"))
    told = messages(folder, ("wave: '2026'", "wave: 2026\npolicy: p.yaml\nnorms: n.csv"))
    assert [message.partition(":")[0] for message in told] == [
        'q.yaml, line 4, character 1, "outcome"',
        'p.yaml, line 1, character 1, "minimum_group"',
        's.yaml, line 6, character 1, "norms"',
        's.yaml, line 6, character 1, "norms"',
        's.yaml, line 4, character 1, "wave"',
    ]


def test_when_only_the_questionnaire_is_wrong_the_error_says_so(folder: Path) -> None:
    change(folder / "q.yaml", ("outcome: SA1", "outcome: SA2"))
    with pytest.raises(QuestionnaireError) as caught:
        read_study("s.yaml")
    assert str(caught.value) == (
        'q.yaml, line 4, character 1, "outcome": found "SA2"; allowed: the code of an item of the block outcome. '
        'Hint: did you mean "SA1"? [ICS-220]'
    )


def test_an_item_of_a_department_that_is_not_there_is_told(folder: Path) -> None:
    change(folder / "q.yaml", ("code: PC1,", "code: PC1, core: false, departments: [hrm],"))
    assert messages(folder) == [
        (
            's.yaml, line 5, character 1, "questionnaire": its item PC1 is asked of "hrm", which is no department of '
            'this study. Hint: did you mean "hr"? [ICS-325]'
        )
    ]


def test_contradictions_are_told_together(folder: Path) -> None:
    told = messages(
        folder,
        ("slug: hr", "slug: organisation"),
        ("attributes: [unit]", "attributes: [wave]\n  items: {PC9: x}"),
        ("wave: '2026'", "wave: '2026'\nnotebooks: [drivers, drivers]"),
    )
    assert [message.rsplit(" ", 1)[1] for message in told] == ["[ICS-324]", "[ICS-329]", "[ICS-326]", "[ICS-322]"]


def test_the_taken_slug_is_that_of_the_results() -> None:
    assert TAKEN == ORGANISATION


def test_reading_a_study_loads_nothing_heavy() -> None:
    program = "import sys, icstats.study; print([m for m in ('pandas', 'numpy', 'scipy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_a_lost_study_is_told(folder: Path) -> None:
    with pytest.raises(ParameterError) as caught:
        read_study(folder / "ss.yaml")
    assert str(caught.value) == 'ss.yaml: there is no such file. Hint: did you mean "s.yaml"? [ICS-301]'


# The policy


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        (
            "treshold: 5",
            (
                '"treshold": unknown setting; allowed here: minimum_group, readers, minimum_spread, '
                "minimum_extremes, minimum_distribution, minimum_team, minimum_comments, "
                "extreme_share, exact_n, decimals_points, decimals_share, decimals_coefficient. [ICS-312]"
            ),
        ),
        (
            "minimum_grop: 5",
            (
                '"minimum_grop": unknown setting; allowed here: minimum_group, readers, minimum_spread, '
                "minimum_extremes, minimum_distribution, minimum_team, minimum_comments, "
                "extreme_share, exact_n, decimals_points, decimals_share, decimals_coefficient. Hint: did you mean "
                '"minimum_group"? [ICS-312]'
            ),
        ),
        *(
            (
                f"minimum_group: {value}",
                (
                    f'"minimum_group": found {found}; allowed: a whole number, 5 or more. Hint: leave it out for the '
                    f"default, 10 [{code}]"
                ),
            )
            for value, found, code in [
                ("1", "1", "ICS-314"),
                ("4", "4", "ICS-314"),
                ("-5", "-5", "ICS-314"),
                ("ten", '"ten"', "ICS-313"),
                ("3,5", '"3,5"', "ICS-313"),
                ("7.5", "7.5", "ICS-313"),
                (".inf", '".inf"', "ICS-313"),
                ("null", "nothing", "ICS-313"),
                ("true", "true", "ICS-313"),
            ]
        ),
        (
            "decimals_points: 4",
            (
                '"decimals_points": found 4; allowed: a whole number, 0 or more, at most 1. Hint: leave it out for the '
                "default, 1 [ICS-314]"
            ),
        ),
    ],
)
def test_a_policy_cannot_be_weaker_than_the_floor(folder: Path, setting: str, expected: str) -> None:
    (folder / "p.yaml").write_text(f"{setting}\n", encoding="utf-8")
    with pytest.raises(ParameterError) as caught:
        read_policy("p.yaml")
    assert str(caught.value) == f"p.yaml, line 1, character 1, {expected}"


@given(st.integers(max_value=FLOOR - 1))
def test_no_policy_is_made_below_the_floor(minimum: int) -> None:
    with pytest.raises(ValidationError):
        Policy(minimum_group=minimum)


def test_the_policy_file_writes_out_the_defaults() -> None:
    path = ROOT / "params" / "policy.yaml"
    assert read_policy(path) == Policy()
    written = [line.split(":")[0] for line in path.read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
    assert written == list(Policy.model_fields)


# The studies of the house


def test_the_orientation_study_has_the_faculties_of_its_data() -> None:
    lines = shared_file("data/univer_orientation_2002.csv").read_text(encoding="utf-8").splitlines()
    header = lines[0].split(",")
    faculties = {line.split(",")[header.index("faculty")] for line in lines[1:]}
    study = read_study(ORIENTATION / "study.yaml")
    assert {department.code for department in study.departments} == faculties
    assert [department.slug for department in study.departments] == [f"faculty-{number}" for number in range(1, 14)]
    items = {item.code for item in study.questionnaire.items}
    responses = study.responses
    assert {responses.columns.department, *items, *responses.attributes, *responses.ignore} == set(header)
    assert study.root == ROOT


def test_the_example_study_is_read() -> None:
    study = read_study(ROOT / "params" / "example.yaml")
    assert isinstance(study, Study)
    assert len(study.departments) == 12
    assert study.root == ROOT
