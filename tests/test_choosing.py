"""Questions are chosen together: by what staff say in workbooks, within a budget, with a log of why."""

from __future__ import annotations

from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from conftest import ROOT
from openpyxl import load_workbook

from icstats.__main__ import main
from icstats.choosing import candidates, chosen_questionnaire, pilot, propose, read_sheets, write_sheets
from icstats.dialogue import chosen_section
from icstats.errors import ParameterError
from icstats.fieldwork import read_fieldwork
from icstats.questionnaire import read_questionnaire
from icstats.report import open_report
from icstats.selection import read_selection
from icstats.sizes import expected_margin, expected_reliability, invitations, survey_sizes

if TYPE_CHECKING:
    from pathlib import Path

    from icstats.fieldwork import Fieldwork

EXAMPLE = ROOT / "params" / "fieldwork" / "example.yaml"


@pytest.fixture(scope="module")
def fieldwork() -> Fieldwork:
    return read_fieldwork(EXAMPLE)


@pytest.fixture(scope="module")
def made(fieldwork: Fieldwork, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("choosing")
    write_sheets(fieldwork, folder)
    return folder


def fill_in(path: Path, given: dict[str, tuple[object, object]], *, by: str = "Head of IT", into: Path) -> None:
    book = load_workbook(path)
    questions = book["questions"]
    header = [cell.value for cell in questions[1]]
    for row in questions.iter_rows(min_row=2):
        if row[0].value in given:
            row[header.index("usable")].value, row[header.index("actable")].value = given[str(row[0].value)]
    book["agreed"]["B2"], book["agreed"]["C2"] = by, "2027-01-12"
    book.save(into)


def test_every_candidate_stands_in_the_workbook_with_what_an_earlier_wave_says(
    fieldwork: Fieldwork, made: Path
) -> None:
    rows = list(load_workbook(made / "it.xlsx")["questions"].iter_rows(values_only=True))
    assert [row[0] for row in rows[1:]] == [item.code for item in candidates(fieldwork, fieldwork.departments[0])]
    assert not {"PD1", "SA1"} & {row[0] for row in rows}
    earlier = dict((row[0], row[4]) for row in rows[1:])  # noqa: C402  codes to texts
    assert "ceiling" in str(earlier["PC3"])
    assert "icc1" in str(earlier["PC3"])


def test_the_best_rated_are_proposed_within_number_and_time(fieldwork: Fieldwork, made: Path, tmp_path: Path) -> None:
    fill_in(
        made / "it.xlsx",
        {"PC3": (5, 5), "PC5": (5, 4), "CO2": (4, 4), "PD4": (2, 5), "CO4": (5, 1)},
        into=tmp_path / "it.xlsx",
    )
    fill_in(made / "it.xlsx", {"PC3": (4, 5), "CO2": (4, 4)}, by="", into=tmp_path / "it-2.xlsx")
    selection = propose(fieldwork, read_sheets(fieldwork, tmp_path))
    reasons = {choice.item: choice.reason for choice in selection.of("it")}
    assert {item for item, reason in reasons.items() if reason == "chosen"} == {"PC3", "PC5"}
    assert reasons["CO2"] == "enough_own"
    assert (reasons["PD4"], reasons["CO4"], reasons["CO6"]) == ("not_usable", "not_actable", "not_rated")
    assert selection.agreed["it"].by == "Head of IT"
    assert next(choice for choice in selection.of("it") if choice.item == "PC3").usable == 4.5
    short = fieldwork.model_copy(update={"choice": fieldwork.choice.model_copy(update={"minutes": 2.1})})
    told = {choice.item: choice.reason for choice in propose(short, read_sheets(fieldwork, tmp_path)).of("it")}
    assert told["PC3"] == "no_time"


def test_the_proposed_questionnaire_asks_own_questions_only_where_they_were_chosen(
    fieldwork: Fieldwork, made: Path, tmp_path: Path
) -> None:
    fill_in(made / "it.xlsx", {"PC3": (5, 5)}, into=tmp_path / "it.xlsx")
    fill_in(made / "hr.xlsx", {"PC5": (5, 5)}, into=tmp_path / "hr.xlsx")
    done = CliRunner().invoke(main, ["questionnaire", "propose", str(EXAMPLE), str(tmp_path)])
    assert done.exit_code == 0, done.output
    chosen = read_questionnaire(tmp_path / "questionnaire.yaml")
    assert chosen.item("PC3").departments == ("it",)
    assert chosen.item("PC5").departments == ("hr",)
    assert chosen.item("PD1").departments is None
    assert {item.about for item in chosen.items if item.about} <= {item.code for item in chosen.items}
    selection = read_selection(tmp_path / "selection.yaml")
    assert chosen == chosen_questionnaire(fieldwork, selection)
    assert "alpha" in done.output
    assert "enough_invitations" in done.output


def test_what_is_wrong_in_any_workbook_is_told_at_once(fieldwork: Fieldwork, made: Path, tmp_path: Path) -> None:
    fill_in(made / "it.xlsx", {"PC3": (7, 5), "PC5": ("good", 1)}, into=tmp_path / "it.xlsx")
    fill_in(made / "hr.xlsx", {"PC3": (0, 0)}, into=tmp_path / "hr.xlsx")
    with pytest.raises(ParameterError) as refusal:
        read_sheets(fieldwork, tmp_path)
    assert [(problem.file, problem.message) for problem in refusal.value.problems] == [
        ("hr.xlsx", "found what is no whole number from 1 to 5."),
        ("it.xlsx", "found what is no whole number from 1 to 5."),
        ("it.xlsx", "found what is no whole number from 1 to 5."),
    ]
    with pytest.raises(ParameterError, match="There is no workbook"):
        read_sheets(fieldwork, tmp_path / "nothing")


def test_the_pilot_gives_the_reliability_that_was_planted(fieldwork: Fieldwork) -> None:
    found = pilot(fieldwork, fieldwork.questionnaire, seed=3).set_index("scale")
    for scale in found.index:
        expected = expected_reliability(int(found.loc[scale, "items"]), mean_correlation=0.45)
        assert found.loc[scale, "conf_low"] - 0.05 < expected < found.loc[scale, "conf_high"] + 0.05


def test_sizes_are_those_of_the_textbook() -> None:
    assert expected_reliability(4, mean_correlation=0.5) == pytest.approx(0.8)
    assert expected_margin(100, sd=1.0) == pytest.approx(0.19600, abs=1e-5)
    assert expected_margin(100, sd=1.0, invited=100) == 0
    assert invitations(response=0.5, sd=1.0, margin=0.196) == 200
    # In R: power.t.test(delta = 0.5, sd = 1, power = 0.8) gives 63.77 per group by t; the normal one less.
    assert invitations(response=1.0, sd=1.0, difference=0.5) == 63
    sizes = survey_sizes([("hr", 200)], response=0.5, sd=1.0, wanted_margin=0.196)
    assert sizes.loc[0, ["answers", "enough_invitations"]].tolist() == [100, 200]


@pytest.mark.parametrize(
    "wrong",
    [
        {"response": 0.5, "sd": 1.0},
        {"response": 0.5, "sd": 1.0, "margin": 0.1, "difference": 0.1},
        {"response": 0.0, "sd": 1.0, "margin": 0.1},
    ],
)
def test_sizes_that_cannot_be_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ParameterError):
        invitations(**wrong)
    with pytest.raises(ParameterError):
        expected_margin(1, sd=1.0)
    with pytest.raises(ParameterError):
        expected_reliability(0, mean_correlation=0.4)


@pytest.mark.parametrize("language", ["en", "nl"])
def test_the_log_stands_in_the_report(fieldwork: Fieldwork, made: Path, tmp_path: Path, language: str) -> None:
    fill_in(made / "it.xlsx", {"PC3": (5, 5), "CO2": (1, 1)}, into=tmp_path / "it.xlsx")
    selection = propose(fieldwork, read_sheets(fieldwork, tmp_path))
    report = open_report(ROOT / "params" / "example.yaml", "it", language=language)
    assert chosen_section(report.edition, "it").body == ""
    edition = replace(report.edition, study=report.edition.study.model_copy(update={"selection": selection}))
    body = chosen_section(edition, "it").body
    say = edition.texts.say
    assert f"<dt>{escape(say('chosen.chosen'))}</dt><dd>{escape(edition.labels['PC3'])}</dd>" in body
    assert f"<dt>{escape(say('chosen.not_usable'))}</dt><dd>{escape(edition.labels['CO2'])}</dd>" in body
    assert say("chosen.agreed", by="Head of IT", on="2027-01-12") in body
