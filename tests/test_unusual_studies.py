"""Studies that are right but unusual: every page says in plain words what there is not."""

from __future__ import annotations

import csv
import re
from html import unescape
from typing import TYPE_CHECKING

import numpy as np
import pytest
from made import counts, reliability

from icstats.disclosure import RATINGS, open_ledger, release
from icstats.edition import admit_release
from icstats.errors import ICStatsError, RunError
from icstats.gate import reliable
from icstats.leakscan import LeakScan
from icstats.overview import open_overview
from icstats.report import open_report
from icstats.responses import read_responses
from icstats.story import reliability_sentence
from icstats.study import Policy, read_study
from icstats.texts import Texts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from icstats.sections import Section

SCALES = """\
scales:
  - {code: goods, block: product, label: {en: Goods, nl: Spullen}}
"""
QUESTIONNAIRE = """\
name: unusual
version: '1'
title: {en: Unusual, nl: Ongewoon}
outcome: SA1
responses:
  seven: {minimum: 1, maximum: 7, satisfied: 6, dissatisfied: 2}
  ten: {minimum: 0, maximum: 10, satisfied: 7, dissatisfied: 5}
"""
ITEM = "  - {code: %s, block: %s, responses: %s, wording: {en: '%s?', nl: '%s?'}, label: {en: Is %s, nl: Is %s}, %s}\n"
BLOCKS = {"PD1": "product", "PD2": "product", "PC1": "process", "OR1": "orientation", "SA1": "outcome"}
STUDY = """\
name: unusual
title: {en: Survey, nl: Onderzoek}
organisation: {en: Acme, nl: Acme}
wave: '2026'
questionnaire: questionnaire.yaml
responses: {file: survey.csv, columns: {wave: wave}}
norms: %s
departments:
"""


def write_study(
    folder: Path,
    *,
    items: tuple[str, ...] = tuple(BLOCKS),
    scale: str = "",
    norms: str = "departments",
    departments: Mapping[str, int] | None = None,
    constant: Mapping[str, str] | None = None,
) -> Path:
    """Write a study of simulated customers; ``constant`` items have one answer everywhere."""
    departments = departments or {"hr": 120, "it": 110}
    questions = [
        ITEM % (code, block, "ten" if code == "SA1" else "seven", *[code] * 4, scale if block == "product" else "")
        for code, block in BLOCKS.items()
        if code in items
    ]
    (folder / "questionnaire.yaml").write_text(
        QUESTIONNAIRE + (SCALES if scale else "") + "items:\n" + "".join(questions), encoding="utf-8"
    )
    study = folder / "study.yaml"
    names = [f"  - {{slug: '{slug}', name: {{en: Dept {slug}, nl: Afd {slug}}}}}\n" for slug in departments]
    study.write_text(STUDY % norms + "".join(names), encoding="utf-8")
    random = np.random.default_rng(1)
    with (folder / "survey.csv").open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["respondent", "department", "wave", *items])
        for slug, n in departments.items():
            for person in range(n):
                satisfaction = random.normal()
                answers = {code: str(int(np.clip(round(4.5 + satisfaction + random.normal()), 1, 7))) for code in items}
                answers |= constant or {}
                rows.writerow([f"{slug}{person}", slug, "2026", *(answers[code] for code in items)])
    return study


def said(section: Section) -> list[str]:
    """Return heading and paragraphs, without tables and figures."""
    html = section._repr_html_()
    return [unescape(words) for _, words in re.findall(r"<(h2|p)[^>]*>([^<]*)</\1>", html)]


def test_without_a_scale_of_two_items_the_reliability_page_says_so(tmp_path: Path) -> None:
    report = open_report(write_study(tmp_path), "hr")
    assert said(report.item_statistics()) == [
        "How does each question behave within its scale?",
        "No scale has two questions or more, so there is nothing to say about a question within its scale.",
    ]
    assert report.reliability().released[0].variables == ("service",)


def test_a_questionnaire_without_drivers_is_refused_before_anything_is_run(tmp_path: Path) -> None:
    study = write_study(tmp_path, items=("SA1",))
    with pytest.raises(ICStatsError) as error:
        read_study(study)
    assert str(error.value).partition(": ")[2] == (
        "no item of the block product, process or orientation is asked of any department: nothing could be said about "
        "why customers are satisfied or not. [ICS-333]"
    )


def test_a_department_without_drivers_is_named(tmp_path: Path) -> None:
    study = write_study(tmp_path, items=("PD1", "SA1"))
    questionnaire = tmp_path / "questionnaire.yaml"
    asked = questionnaire.read_text(encoding="utf-8").replace(
        "block: product,", "block: product, core: false, departments: [it],"
    )
    questionnaire.write_text(asked, encoding="utf-8")
    with pytest.raises(ICStatsError) as error:
        read_study(study)
    assert str(error.value).partition(": ")[2] == (
        "no item of the block product, process or orientation is asked of hr: nothing could be said about why "
        "customers are satisfied or not. [ICS-333]"
    )


NO_FIGURE = (
    "There is no figure here: nothing can be drawn that may be shown. There are fewer than 10 answers of others, a "
    "smaller group would be given away, or the answers do not differ."
)


def test_the_overview_of_an_outcome_that_nobody_answered_has_no_figure_of_differences(tmp_path: Path) -> None:
    departments = {"hr": 120, "it": 120, "legal": 120}
    overview = open_overview(write_study(tmp_path, constant={"SA1": ""}, departments=departments))
    assert said(overview.benchmark())[:2] == [
        "How do the departments compare with the benchmark?",
        NO_FIGURE,
    ]
    for section in (overview.masthead, overview.summary, overview.scores, overview.why, overview.certainty):
        assert section()._repr_html_().startswith("<section>")


def test_answers_without_differences_are_not_called_too_few(tmp_path: Path) -> None:
    report = open_report(write_study(tmp_path, constant={"SA1": "7"}), "hr")
    assert said(report.drivers()) == [
        "Which questions go together with satisfaction?",
        "Customers gave the same answers, so there are no differences in satisfaction to explain.",
    ]


def test_why_there_are_no_drivers_is_said_once(tmp_path: Path) -> None:
    report = open_report(write_study(tmp_path, departments={"hr": 60, "it": 110}), "hr")
    assert said(report.drivers()) == [
        "Which questions go together with satisfaction?",
        "Which questions inside a block matter most is not analysed here: that needs at least 100 usable answers.",
    ]
    assert report.regression()._repr_html_() == "<section hidden></section>"


NO_NORM = "There is no norm: the mean of the departments is given when at least 3 of them are shown."
NO_NORM_DUTCH = "Er is geen norm: het gemiddelde van de afdelingen wordt gegeven als er minstens 3 worden getoond."


def test_that_there_is_no_norm_is_said_once(tmp_path: Path) -> None:
    report = open_report(write_study(tmp_path, norms="null"), "hr")
    assert said(report.benchmark()) == ["How do we compare with the benchmark?", "There is no norm for this study."]
    for section in (report.benchmark_items(), report.norm_card()):
        assert section._repr_html_() == "<section hidden></section>"


@pytest.mark.parametrize(
    ("language", "about", "norm"),
    [
        (
            "en",
            "Customers gave between 120 and 129 ratings. This survey is about one staff department.",
            NO_NORM,
        ),
        (
            "nl",
            "Klanten gaven tussen de 120 en 129 beoordelingen. Dit onderzoek gaat over één stafafdeling.",
            NO_NORM_DUTCH,
        ),
    ],
)
def test_one_department_is_not_counted_in_the_plural(tmp_path: Path, language: str, about: str, norm: str) -> None:
    overview = open_overview(write_study(tmp_path, departments={"hr": 120}), language=language)
    assert about in said(overview.masthead())
    assert norm in said(overview.benchmark())


def test_a_department_and_a_wave_of_digits_may_be_numbers(tmp_path: Path) -> None:
    study = write_study(tmp_path, departments={"1": 20, "20": 20})
    report = open_report(study, 1, wave=2026)
    assert (report.department, report.edition.wave) == ("1", "2026")
    assert open_overview(study, wave=2026).edition.wave == "2026"


def test_the_damaged_answers_of_one_department_stop_neither_the_register_nor_the_leak_scan(tmp_path: Path) -> None:
    study = read_study(write_study(tmp_path, departments={"hr": 120, "it": 110, "legal": 100}))
    responses = read_responses(study)
    (responses.store / "wave=2026" / "department=it.parquet").write_bytes(b"damaged")
    admit_release(study, responses)
    assert len(responses.fingerprints(wave="2026")) == 330
    assert repr(LeakScan.of(study, responses)) == "<LeakScan: not released>"


def test_its_own_damaged_answers_are_not_blamed_on_another_department(tmp_path: Path) -> None:
    study = write_study(tmp_path, departments={"hr": 120, "it": 110, "legal": 100})
    store = read_responses(read_study(study)).store
    (store / "wave=2026" / "department=it.parquet").write_bytes(b"damaged")
    with pytest.raises(RunError, match=r"these prepared answers are not what was written\..* \[ICS-725\]$"):
        open_report(study, "it").benchmark()
    with pytest.raises(RunError, match=r"these prepared answers are not what was written\..* \[ICS-725\]$"):
        open_report(study, "it").norm_card()
    assert said(open_report(study, "hr").benchmark()) == [
        "How do we compare with the benchmark?",
        "The norm could not be computed, because the answers of another department could not be read.",
    ]


OTHERS_GOOD = (
    "Of “Contact” no reliability can be given. The questions of the other scales fit together well "
    "enough to be read as one number (a reliability of at least 0.70 is sure)."
)
LABELS = {"goods": "Goods", "contact": "Contact"}
NONE = float("nan")


@pytest.mark.parametrize(
    ("contact", "sentence"),
    [
        (
            [("contact", "alpha", 0.8, 0.71, 0.9, 40), ("contact", "omega_total", 0.82, 0.69, 0.9, 40)],
            (
                "Be careful with “Contact”: that the questions fit together well enough to be read as one number is "
                "not sure (a reliability of at least 0.70)."
            ),
        ),
        (
            [("contact", "spearman_brown", 0.9, 0.8, 0.95, 40), ("contact", "alpha", 0.9, 0.8, 0.95, 40)],
            (
                "The questions of every scale fit together well enough to be read as one number "
                "(a reliability of at least 0.70 is sure)."
            ),
        ),
        (
            [("contact", "no_items", NONE, NONE, NONE, 0)],
            OTHERS_GOOD,
        ),
        (
            [("contact", "single_item", NONE, NONE, NONE, 40)],
            OTHERS_GOOD,
        ),
    ],
)
def test_the_sentence_on_reliability_names_what_is_weak_and_what_is_not_given(
    contact: list[tuple[str, str, float, float, float, int]], sentence: str
) -> None:
    raw = reliability([("goods", "alpha", 0.9, 0.85, 0.95, 40), *contact])
    ledger = open_ledger(counts({"hr": {RATINGS: 120, "goods": 120, "contact": 120}}), policy=Policy())
    released = release(reliable(raw), policy=Policy(), ledger=ledger.at("hr"))
    assert reliability_sentence(released, LABELS, Texts("en")) == sentence
