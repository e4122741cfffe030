"""A reader who has only the report can answer ten questions; each has its place in the page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Ran

QUESTIONS = {
    "who answered": r'class="answered">Tussen de \d+ en \d+ van de \d+ uitgenodigde klanten vulden de vragen in',
    "which mark": r'class="lead">Klanten van Inkoop geven een \d,\d op een schaal van 1 tot 10',
    "how sure is that": r"Rapportcijfer op de schaal van 1 tot 10: ons gemiddelde \(stip\) met 95%-interval",
    "against what": r"de fictieve norm \(\d,\d\)",
    "is that norm real": r"Deze norm is verzonnen",
    "what do customers judge best and worst": r"is het oordeel het hoogst over \u2018.+? en het laagst over \u2018.+?",
    "why": r"Met het oordeel van klanten hangt .+? het sterkst samen: \d+%? ?.*? van wat te verklaren is",
    "is that a cause": r"wat samengaat met tevredenheid, hoeft die niet teweeg te brengen",
    "what is hidden, and by which rule": r"Cijfers die op minder dan 10 antwoorden van anderen dan de lezer rusten "
    r"worden niet getoond",
    "from what was it made": r"Vingerafdruk van de gegevens",
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_report_answers(dutch_example_site: Ran, question: str) -> None:
    html = (dutch_example_site.folder / "procurement" / "department_report.html").read_text(encoding="utf-8")
    assert re.search(QUESTIONS[question], html)


def test_the_report_of_a_hidden_department_says_why_and_nothing_else(dutch_example_site: Ran) -> None:
    html = (dutch_example_site.folder / "library" / "department_report.html").read_text(encoding="utf-8")
    assert "Zo wordt de belofte van anonimiteit gehouden." in html
    assert not [question for question in list(QUESTIONS)[:8] if re.search(QUESTIONS[question], html)]
