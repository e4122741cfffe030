"""Questions are chosen together: by what staff say in workbooks, within a budget, with a log of why."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from html import escape
from typing import TYPE_CHECKING

import papermill
import pytest
from click.testing import CliRunner
from conftest import ROOT
from openpyxl import load_workbook
from scipy import stats
from statsmodels.stats.power import TTestIndPower

from icstats.__main__ import main
from icstats.choosing import (
    candidates,
    chosen_questionnaire,
    pilot,
    propose,
    read_sheets,
    write_proposal,
    write_sheets,
)
from icstats.dialogue import chosen_section
from icstats.drafting import open_choice
from icstats.errors import ParameterError
from icstats.evidence import earlier_evidence, tells_nothing
from icstats.fieldwork import read_fieldwork
from icstats.questionnaire import read_questionnaire
from icstats.report import open_report
from icstats.selection import read_selection
from icstats.sizes import expected_margin, expected_reliability, invitations, survey_sizes
from icstats.study import read_study
from icstats.texts import Texts

if TYPE_CHECKING:
    from pathlib import Path

    from icstats.fieldwork import Fieldwork

EXAMPLE = ROOT / "params" / "fieldwork" / "example.yaml"
DAY = "2027-01-12"


@pytest.fixture(scope="module")
def fieldwork() -> Fieldwork:
    return read_fieldwork(EXAMPLE)


@pytest.fixture(scope="module")
def made(fieldwork: Fieldwork, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("choosing")
    write_sheets(fieldwork, folder)
    return folder


def fill_in(
    path: Path,
    given: dict[str, tuple[object, object]],
    *,
    by: str = "Head of IT",
    on: object = "2027-01-12",
    into: Path,
) -> None:
    book = load_workbook(path)
    questions = book["questions"]
    header = [cell.value for cell in questions[1]]
    for row in questions.iter_rows(min_row=2):
        if row[0].value in given:
            row[header.index("usable")].value, row[header.index("actable")].value = given[str(row[0].value)]
    book["agreed"]["B2"], book["agreed"]["C2"] = by, on
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


def test_the_workbook_explains_its_columns_in_both_languages(made: Path) -> None:
    book = load_workbook(made / "it.xlsx")
    assert book.sheetnames == ["questions", "agreed", "explanation"]
    told = {row[0]: row[1:] for row in book["explanation"].iter_rows(values_only=True)}
    assert told["actable"] == (
        "Can we act on the answer ourselves? From 1 (not at all) to 5 (completely).",
        "Kunnen wij zelf naar het antwoord handelen? Van 1 (helemaal niet) tot 5 (volledig).",
    )
    assert [name for name in told if name] == ["usable", "actable", "earlier", "agreed"]


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
    assert selection.agreed["it"].by["nl"] == "Head of IT"
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
    assert "enough_for_difference" in done.output


def test_what_is_wrong_in_any_workbook_is_told_at_once(fieldwork: Fieldwork, made: Path, tmp_path: Path) -> None:
    fill_in(made / "it.xlsx", {"PC3": (7, 5), "PC5": ("good", 1)}, on="vorige week", into=tmp_path / "it.xlsx")
    fill_in(made / "hr.xlsx", {"PC3": (0, 2.5)}, on=None, into=tmp_path / "hr.xlsx")
    damaged = load_workbook(made / "legal-affairs.xlsx")
    for row, code in ((2, "PC3"), (4, "PC99")):
        damaged["questions"].cell(row, 1).value = code
    damaged.save(tmp_path / "legal-affairs.xlsx")
    rows = {cell.value: cell.row for cell in load_workbook(made / "it.xlsx")["questions"]["A"]}
    lost = [code for code, row in rows.items() if row in (2, 4)]
    with pytest.raises(ParameterError) as refusal:
        read_sheets(fieldwork, tmp_path)
    allowed = "allowed: a whole number from 1 to 5, or an empty cell. [ICS-344]"
    mended = (
        "Hint: put the answers in the workbook as it was made; choose makes it anew once this file is moved away "
        "[ICS-344]"
    )
    assert str(refusal.value).splitlines() == [
        f'hr.xlsx, row {rows["PC3"]}, column "usable": found 0; {allowed}',
        f'hr.xlsx, row {rows["PC3"]}, column "actable": found 2.5; {allowed}',
        (
            'hr.xlsx, row 2, column "agreed.agreed_on": found an empty cell beside who agreed; allowed: a day, like '
            "2026-01-31. [ICS-347]"
        ),
        f'it.xlsx, row {rows["PC3"]}, column "usable": found 7; {allowed}',
        f'it.xlsx, row {rows["PC5"]}, column "usable": found text of 4 characters; {allowed}',
        (
            'it.xlsx, row 2, column "agreed.agreed_on": found text of 11 characters; allowed: a day, like 2026-01-31. '
            "[ICS-347]"
        ),
        f'legal-affairs.xlsx, row 4, column "code": found no question that the department can choose. {mended}',
        (
            f'legal-affairs.xlsx, row 2, column "code": PC3 stands there 2 times; allowed: once. {mended} (also row '
            f"{rows['PC3']})"
        ),
        f'legal-affairs.xlsx, "code": there is no row of {", ".join(lost)}. {mended}',
    ]
    with pytest.raises(ParameterError, match="There is no workbook"):
        read_sheets(fieldwork, tmp_path / "nothing")


def test_a_workbook_without_its_sheets_is_mended_as_a_workbook(
    fieldwork: Fieldwork, made: Path, tmp_path: Path
) -> None:
    book = load_workbook(made / "it.xlsx")
    del book["agreed"]
    book.save(tmp_path / "it.xlsx")
    (tmp_path / "~$it.xlsx").write_bytes(b"who has it open")
    with pytest.raises(ParameterError) as refusal:
        read_sheets(fieldwork, tmp_path)
    assert str(refusal.value) == (
        'it.xlsx: there is no sheet "agreed"; there are "questions", "explanation". Hint: put the answers in the '
        "workbook as it was made; choose makes it anew once this file is moved away [ICS-113]"
    )


@pytest.mark.parametrize("on", [datetime(2027, 1, 12), date(2027, 1, 12), "2027-01-12"])  # noqa: DTZ001  as a cell
def test_a_day_may_be_text_or_what_a_spreadsheet_makes_of_it(
    fieldwork: Fieldwork, made: Path, tmp_path: Path, on: object
) -> None:
    fill_in(made / "it.xlsx", {"PC3": (5, 5)}, on=on, into=tmp_path / "it.xlsx")
    assert propose(fieldwork, read_sheets(fieldwork, tmp_path)).agreed["it"].on == "2027-01-12"


def test_what_the_proposal_lacks_is_said(made: Path, tmp_path: Path) -> None:
    fill_in(made / "it.xlsx", {"PC3": (5, 5), "PC5": (4, None)}, into=tmp_path / "it.xlsx")
    fill_in(made / "it.xlsx", {"PC3": (5, 5), "PC5": (4, None)}, into=tmp_path / "it (2).xlsx")
    fill_in(made / "it.xlsx", {"PC3": (1, 5)}, by="", into=tmp_path / "it-colleague.xlsx")
    fill_in(made / "hr.xlsx", {"PC3": (5, 5)}, by="", into=tmp_path / "hr.xlsx")
    short = tmp_path / "short.yaml"
    text = EXAMPLE.read_text(encoding="utf-8").replace("minutes: 3\n", "minutes: 1\n")
    short.write_text(text.replace("../", f"{EXAMPLE.parent.parent.as_posix()}/"), encoding="utf-8")
    done = CliRunner().invoke(main, ["questionnaire", "propose", str(short), str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert done.output.splitlines()[2:7] == [
        "HR: nobody agreed yet. On the sheet agreed a function and the day are still to be filled in.",
        "Legal affairs: there is no workbook of this department, so nobody rated and it gets no questions of its own.",
        "it (2).xlsx: only one of the two numbers was given for PC5; these do not count as rated.",
        (
            "it (2).xlsx, it.xlsx say exactly the same and count once. Is it no copy but a colleague with the same "
            "ratings? Then let each fill in an own function on the sheet agreed."
        ),
        (
            "The questions that are asked about every department take 2.0 minutes already; allowed are 1.0. No "
            "department gets questions of its own."
        ),
    ]
    (rated,) = (choice for choice in read_selection(tmp_path / "selection.yaml").of("it") if choice.item == "PC3")
    assert (rated.raters, rated.usable) == (2, 3.0)
    assert escape(Texts("nl").say("choosing.absent", department="Juridische zaken")) in (
        open_choice(EXAMPLE, tmp_path, language="nl").workbooks().body
    )


def test_a_proposal_changed_by_hand_is_kept_beside_the_new_one(
    fieldwork: Fieldwork, made: Path, tmp_path: Path
) -> None:
    fill_in(made / "it.xlsx", {"PC3": (5, 5)}, into=tmp_path / "it.xlsx")
    proposed = propose(fieldwork, read_sheets(fieldwork, tmp_path))
    log, questionnaire = write_proposal(fieldwork, proposed, tmp_path)
    by_hand = log.read_text(encoding="utf-8") + "# agreed by telephone\n"
    log.write_text(by_hand, encoding="utf-8")
    written = questionnaire.read_bytes()
    assert write_proposal(fieldwork, proposed, tmp_path) == (log, questionnaire)
    assert sorted(path.name for path in tmp_path.glob("*.yaml")) == [
        "questionnaire.yaml",
        "selection.before.yaml",
        "selection.yaml",
    ]
    assert (tmp_path / "selection.before.yaml").read_text(encoding="utf-8") == by_hand
    assert "telephone" not in log.read_text(encoding="utf-8")
    assert questionnaire.read_bytes() == written


@pytest.mark.parametrize("on", ["vorige week", "2027-02-30"])
def test_the_log_says_on_which_day_was_agreed(tmp_path: Path, on: str) -> None:
    log = tmp_path / "selection.yaml"
    text = (
        f"fieldwork: x\nminutes: 3\nown_items: 1\nlocked: []\nchoices: []\nagreed: {{it: {{by: Head, on: '{on}'}}}}\n"
    )
    log.write_text(text, encoding="utf-8")
    with pytest.raises(ParameterError) as refusal:
        read_selection(log)
    assert str(refusal.value) == (
        f'{log.as_posix()}, line 6, character 25, "agreed.it.on": found "{on}"; allowed: a day in quotes, like '
        "'2026-01-31'. [ICS-314]"
    )


def test_the_pilot_gives_the_reliability_that_was_planted(fieldwork: Fieldwork) -> None:
    found = pilot(fieldwork, fieldwork.questionnaire, seed=3)
    assert found.groupby("department")["scale"].count().to_dict() == {"it": 3, "hr": 3, "legal-affairs": 3}
    for row in found.to_dict("records"):
        expected = expected_reliability(int(row["items"]), mean_correlation=0.45)
        assert row["conf_low"] - 0.05 < expected < row["conf_high"] + 0.05
    assert found.set_index("department").loc["it", "margin"].max() < 0.15 < found["margin"].max()


def test_sizes_are_those_of_the_textbook() -> None:
    assert expected_reliability(4, mean_correlation=0.5) == pytest.approx(0.8)
    assert expected_margin(100, sd=1.0) == pytest.approx(0.19842, abs=1e-5)  # as in the reports, by t
    assert expected_margin(100, sd=1.0, invited=100) == 0
    assert invitations(response=0.5, sd=1.0, margin=0.1985) == 200
    # In R: power.t.test(delta = 0.5, sd = 1, power = 0.8) gives 63.77 per group.
    assert invitations(response=1.0, sd=1.0, difference=0.5) == 64
    sizes = survey_sizes([("hr", 200)], response=0.5, sd=1.0, wanted_margin=0.1985, wanted_difference=0.5)
    assert sizes.loc[0, ["answers", "enough_for_margin", "enough_for_difference"]].tolist() == [100, 200, 128]


@pytest.mark.parametrize("sd", [0.7, 1.6])
@pytest.mark.parametrize("power", [0.5, 0.8, 0.95])
@pytest.mark.parametrize("answers", [2, 5, 30, 431])
def test_margins_and_power_are_those_of_the_t_test(answers: int, power: float, sd: float) -> None:
    """Derived anew by other means: an interval from scipy, and the power of a t test from statsmodels."""
    low, high = stats.t.interval(0.95, answers - 1, scale=sd / answers**0.5)
    margin = expected_margin(answers, sd=sd)
    assert margin == pytest.approx((high - low) / 2, rel=1e-9)
    found = survey_sizes(
        [("hr", 2 * answers)], response=0.5, sd=sd, wanted_margin=margin, wanted_difference=1.0, power=power
    )
    difference = float(found.loc[0, "smallest_difference"])
    power_of = TTestIndPower().power
    assert power_of(difference / sd, nobs1=answers, alpha=0.05) == pytest.approx(power, abs=2e-3)
    for wanted in ({"margin": margin * 1.0001}, {"difference": difference * 1.0001, "power": power}):
        assert invitations(response=1.0, sd=sd, **wanted) == answers


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
    unchosen = replace(report.edition, study=report.edition.study.model_copy(update={"selection": None}))
    assert chosen_section(unchosen, "it").body == ""
    edition = replace(report.edition, study=report.edition.study.model_copy(update={"selection": selection}))
    body = chosen_section(edition, "it").body
    say = edition.texts.say
    assert f"<dt>{escape(say('chosen.chosen'))}</dt><dd>{escape(edition.labels['PC3'])}</dd>" in body
    assert f"<dt>{escape(say('chosen.not_usable'))}</dt><dd>{escape(edition.labels['CO2'])}</dd>" in body
    on = {"en": "12 January 2027", "nl": "12 januari 2027"}[language]
    assert say("chosen.agreed", by="Head of IT", on=on) in body


@pytest.mark.parametrize("language", ["en", "nl"])
def test_the_example_report_says_which_questions_were_chosen_by_whom_and_why(language: str) -> None:
    for slug in ("it", "finance"):
        body = open_report(ROOT / "params" / "example.yaml", slug, language=language).chosen().body
        texts = open_report(ROOT / "params" / "example.yaml", slug, language=language).edition.texts
        assert f"<dt>{escape(texts.say('chosen.chosen'))}</dt>" in body
        assert f"<dt>{escape(texts.say('chosen.not_usable'))}</dt>" in body
        assert {"en": "Agreed by: Head of", "nl": "Akkoord: Hoofd"}[language] in body
        assert {"en": "One login for all", "nl": "Eén keer inloggen"}[language] in body, "also what nobody is asked"


def test_the_log_of_the_example_agrees_with_what_was_asked() -> None:
    study = read_study(ROOT / "params" / "example.yaml")
    log = study.selection
    assert log is not None
    asked = {item.code for item in study.questionnaire.items if item.block not in ("mirror", "importance")}
    for department in study.departments:
        chosen = {one.item for one in log.of(department.slug) if one.reason == "chosen"}
        assert chosen | set(log.locked) == asked
        assert department.slug in log.agreed
        assert len(chosen) <= log.own_items


def test_evidence_says_where_a_question_was_asked_and_marks_what_told_nothing(fieldwork: Fieldwork) -> None:
    evidence = earlier_evidence(fieldwork.choice.earlier)
    assert evidence is not None
    assert evidence.used("PC3") == ("example 2025, 2026",)
    assert evidence.used("PC99") == ()
    assert {name for name in ("cannot_say", "ceiling", "icc1", "item_rest") if evidence.row("PC3", name)} == {
        "cannot_say",
        "ceiling",
        "icc1",
        "item_rest",
    }
    assert all(tells_nothing(evidence, item.code) == () for item in fieldwork.questionnaire.items)
    (release,) = evidence.releases
    top = release.rows.assign(estimate=release.rows["estimate"].mask(release.rows["statistic"] == "ceiling", 0.8))
    marked = replace(evidence, releases=(replace(release, rows=top),))
    assert tells_nothing(marked, "PC3") == ("ceiling",)
    assert earlier_evidence(()) is None


@pytest.mark.parametrize("language", ["en", "nl"])
def test_the_notebook_goes_from_the_bank_to_the_invitations(
    fieldwork: Fieldwork, made: Path, tmp_path: Path, language: str
) -> None:
    fill_in(made / "it.xlsx", {"PC3": (5, 5), "PC5": (5, 4), "CO2": (1, 4)}, into=tmp_path / "it.xlsx")
    fill_in(made / "hr.xlsx", {"PC5": (5, 5)}, by="", into=tmp_path / "hr.xlsx")
    executed = papermill.execute_notebook(
        str(ROOT / "notebooks" / "questionnaire.ipynb"),
        None,
        parameters={"fieldwork": str(EXAMPLE), "folder": str(tmp_path), "language": language},
        kernel_name="icstats",
        cwd=str(ROOT),
        progress_bar=False,
    )
    pages = [
        output["data"]["text/html"]
        for cell in executed.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if "data" in output
    ]
    whole = "".join(pages)
    labels = {item.code: item.label["nl" if language == "nl" else "en"] for item in fieldwork.questionnaire.items}
    assert len(pages) == 7
    assert f"{labels['PC3']}; {labels['PC5']}" in whole
    assert "Head of IT (2027-01-12)" in whole
    assert "example 2025, 2026" in whole
    assert "enough_for" not in whole
    assert read_selection(tmp_path / "selection.yaml").of("hr")[0].item == "PC5"
    assert read_questionnaire(tmp_path / "questionnaire.yaml").item("PC5").departments == ("it", "hr")


@pytest.mark.parametrize(
    ("margin", "told"),
    [
        (0.01, "that margin is out of reach for IT, HR and Legal affairs: their own margin stands below."),
        (5.0, "every department reaches that margin."),
    ],
)
def test_a_wanted_margin_that_cannot_be_reached_is_said(tmp_path: Path, margin: float, told: str) -> None:
    opened = open_choice(EXAMPLE, tmp_path / "new", language="en")
    rules = opened.fieldwork.choice.model_copy(update={"margin": margin})
    wanting = replace(opened, fieldwork=opened.fieldwork.model_copy(update={"choice": rules}))
    assert f"With the customers that can be invited, {told}" in wanting.invitations().body


def test_workbooks_that_somebody_filled_in_are_never_overwritten(made: Path, tmp_path: Path) -> None:
    fill_in(made / "it.xlsx", {"PC3": (5, 5)}, into=tmp_path / "it.xlsx")
    before = (tmp_path / "it.xlsx").read_bytes()
    assert [sheet.department for sheet in open_choice(EXAMPLE, tmp_path).sheets] == ["it"]
    assert (tmp_path / "it.xlsx").read_bytes() == before
    fresh = open_choice(EXAMPLE, tmp_path / "new")
    assert len(fresh.sheets) == 3
    assert "new" in fresh.workbooks().body


def test_choosing_again_leaves_every_workbook_as_it_is(made: Path, tmp_path: Path) -> None:
    folder = tmp_path / "ours"
    folder.mkdir()
    fill_in(made / "it.xlsx", {"PC3": (5, 5)}, into=folder / "it.xlsx")
    filled = (folder / "it.xlsx").read_bytes()
    first = CliRunner().invoke(main, ["questionnaire", "choose", str(EXAMPLE), str(folder)])
    assert first.output.split() == [str(folder / "hr.xlsx"), str(folder / "legal-affairs.xlsx")]
    there = {path.name: path.read_bytes() for path in folder.iterdir()}
    again = CliRunner().invoke(main, ["questionnaire", "choose", str(EXAMPLE), str(folder)])
    assert again.exit_code != 0
    assert again.output == (
        "there are workbooks already, it.xlsx, hr.xlsx, legal-affairs.xlsx; they may be filled in and are left as "
        "they are. Hint: icstats questionnaire propose reads them; to begin anew name another folder [ICS-346]\n"
    )
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == there
    assert there["it.xlsx"] == filled
