"""What a department says and promises is read strictly, weighs in what comes first, and is come back to."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from conftest import ROOT

import icstats as ic
from icstats.agreements import read_agreements
from icstats.errors import ParameterError
from icstats.plan import check
from icstats.study import read_study

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLE = ROOT / "params" / "agreements" / "example.yaml"
DUE = 'line 37, character 5, "actions[4].due": found "{found}"; allowed: a day in quotes, like \'2026-01-31\'.'


def study_with(tmp_path: Path, agreements: str) -> Path:
    changed = tmp_path / "agreements.yaml"
    changed.write_text(agreements, encoding="utf-8")
    params = (ROOT / "params").as_posix()
    text = (ROOT / "params" / "example.yaml").read_text(encoding="utf-8")
    text = text.replace("agreements/example.yaml", changed.as_posix()).replace("../data", f"{params}/../data")
    text = text.replace("questionnaires/", f"{params}/questionnaires/").replace("policy.yaml", f"{params}/policy.yaml")
    for folder in ("selections/", "themes/"):
        text = text.replace(folder, f"{params}/{folder}")
    file = tmp_path / "study.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_ease_is_a_part_of_the_easiest() -> None:
    agreements = read_agreements(EXAMPLE)
    ease = agreements.ease_of("it")
    assert ease is not None
    assert ease["PC3"] == 1.0
    assert ease["PD1"] == pytest.approx(0.4)
    assert agreements.ease_of("finance") is None


def test_agreements_of_nobody_and_about_nothing_are_refused(tmp_path: Path) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    text = (
        text.replace("  hr:", "  hq:").replace("{PD1: 2, PD2: 3, ", "{PD11: 2, ", 1).replace("item: PD3", "item: PD33")
    )
    with pytest.raises(ParameterError) as refusal:
        read_study(study_with(tmp_path, text))
    assert [(problem.code, problem.message, problem.hint) for problem in refusal.value.problems] == [
        (
            "ICS-325",
            'in agreements.yaml stands an agreement of "hq", which is no department of this study.',
            "",
        ),
        (
            "ICS-337",
            'in agreements.yaml the ease of "it" is not given for PD1, PD2.',
            "give each of them a number from 1 to 5",
        ),
        (
            "ICS-337",
            (
                'in agreements.yaml the ease of "it" is given for PD11; allowed: what it is asked about product, '
                "process and orientation."
            ),
            'did you mean "PD1"?',
        ),
        (
            "ICS-326",
            (
                'in agreements.yaml stands an action about "PD33", to which no report would come back; allowed: the '
                'mark, and what "it" is asked about product, process and orientation.'
            ),
            'did you mean "PD3"?',
        ),
    ]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("{PD1: 2, ", "{PD1: 9, ", 'line 6, character 6, "ease.it.PD1": found 9; allowed: a whole number from 1 to 5.'),
        ("'2027-02-01'", "'2027-02-30'", DUE.format(found="2027-02-30")),
        ("'2027-02-01'", "vorige week", DUE.format(found="vorige week")),
    ],
)
def test_what_is_no_ease_and_no_day_is_refused_at_its_line(tmp_path: Path, old: str, new: str, told: str) -> None:
    file = tmp_path / "agreements.yaml"
    file.write_text(EXAMPLE.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ParameterError) as refusal:
        read_agreements(file)
    assert str(refusal.value) == f"{file.as_posix()}, {told} [ICS-314]"


def test_checking_says_which_actions_are_of_a_wave_that_is_not_there(tmp_path: Path) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    text = text.replace("wave: '2025'", "wave: '2024'", 1).replace("wave: '2026'", "wave: '2062'", 1)
    notes = check(read_study(study_with(tmp_path, text))).notes
    assert [note for note in notes if note.startswith("actions")] == [
        (
            "actions (1) were agreed from wave 2024, which the survey file does not hold: they come back without the "
            "answers of then; is it right?"
        ),
        "actions (3) were agreed from wave 2062, later than wave 2026: this report does not show them; is it right?",
    ]
    told = check(read_study(ROOT / "params" / "example.yaml")).notes
    assert not any(note.startswith("actions") for note in told)


@pytest.mark.parametrize("language", ["en", "nl"])
def test_the_report_lists_what_was_agreed_and_comes_back_to_what_was_agreed_before(language: str) -> None:
    report = ic.open_report(ROOT / "params" / "example.yaml", "it", language=language)
    say = report.edition.texts.say
    wins, change = report.quick_wins().body, report.change().body
    now, before = (report.edition.study.agreements.actions_of("it", wave=wave) for wave in ("2026", "2025"))  # type: ignore[union-attr]
    text = "nl" if language == "nl" else "en"
    assert all(action.what[text] in wins and action.owner[text] in wins for action in now)
    assert all(action.what[text] in change and action.owner[text] in change for action in before)
    assert say("action.returned_heading", earlier="2025") in change
    assert not any(action.what[text] in wins for action in before)


@pytest.mark.parametrize("language", ["en", "nl"])
def test_the_report_comes_back_also_where_the_answers_of_then_stand_in_another_file(
    tmp_path: Path, language: str
) -> None:
    text = EXAMPLE.read_text(encoding="utf-8").replace("wave: '2025'", "wave: '2024'")
    report = ic.open_report(study_with(tmp_path, text), "it", language=language, wave="2025")
    say, body = report.edition.texts.say, report.change().body
    assert say("change.apart", earlier="2024") in body
    assert say("action.returned_heading", earlier="2024") in body
    for action in report.edition.study.agreements.actions_of("it", wave="2024"):  # type: ignore[union-attr]
        told = (action.what, action.owner)
        assert all((one.nl if language == "nl" else one.en) in body for one in told)
        assert report.edition.texts.date(date.fromisoformat(action.due)) in body
    assert ic.open_report(study_with(tmp_path, text), "hr", wave="2025").change().body == ""


def test_actions_are_about_what_a_later_report_measures(tmp_path: Path) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    read_study(study_with(tmp_path, text.replace("item: PD3", "item: SA1")))
    for item in ("MU1", "OP1", "process"):
        with pytest.raises(ParameterError, match="no report would come back"):
            read_study(study_with(tmp_path, text.replace("item: PD3", f"item: {item}")))


def test_how_easy_it_is_changes_what_comes_first() -> None:
    analysis = ic.open_report(ROOT / "params" / "example.yaml", "it").analysis
    with_ease = analysis.quick_wins
    assert with_ease.settings.with_ease
    priority = with_ease.data[with_ease.data["statistic"] == "priority"].set_index("variable")["estimate"]
    assert priority.sum() == pytest.approx(1)
    assert not ic.open_report(ROOT / "params" / "example.yaml", "finance").analysis.quick_wins.settings.with_ease
