"""A reader who has only the report can answer ten questions, in either language and about every kind of department.

Each answer is looked for in its place: under the heading where a reader would look.
"""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Ran

MASTHEAD = ""
KINDS = {"it": "large", "procurement": "blocks", "legal-affairs": "small", "library": "hidden"}
ALWAYS = ("what is hidden, and why", "from what it was made")
"""What the report of a department that may not be shown answers; nothing else."""

Answer = tuple[str, str]
"""A heading, and what stands under it."""

NAME = r"(IT|Procurement|Legal affairs|ICT|Inkoop|Juridische zaken)"

ENGLISH: dict[str, dict[str, Answer]] = {
    "who answered": {
        "large": (MASTHEAD, r"^\d+ of \d+ invited customers answered \(\d+%\)\.$"),
        "blocks": (MASTHEAD, r"^Between \d+ and \d+ of \d+ invited customers answered\.$"),
        "small": (MASTHEAD, r"^Between \d+ and \d+ of \d+ invited customers answered\.$"),
    },
    "which mark": {"": ("How are we doing?", rf"Customers of {NAME} give \d\.\d on a scale from 1 to 10")},
    "how sure that is": {
        "": ("How are we doing?", r"^Report mark: (\d\.\d) \(\d\.\d to \d\.\d\) on the scale from 1 to 10\.")
    },
    "against what": {
        "large": ("How are we doing?", r"clearly below the fictional norm \(\d\.\d\)\.$"),
        "blocks": ("How are we doing?", r": below the fictional norm \(\d\.\d\)\.$"),
        "small": ("How are we doing?", r"differs from the fictional norm \(\d\.\d\) is too uncertain to say\.$"),
    },
    "whether that norm is real": {
        "": ("How do we compare with the benchmark? (fictional)", r"^This norm is made up, as an example\.")
    },
    "why": {
        "large": ("Why?", r"^What goes together most with the judgement of customers is .+: \d+% of what can be expl"),
        "blocks": ("Why?", r"^What goes together most with the judgement of customers is .+: \d+% of what can be exp"),
        "small": (
            "Why?",
            r"too few usable answers for an analysis of its own\. What follows is the analysis of the org",
        ),
    },
    "whether that is a cause": {
        "": ("Why?", r"^These are associations: what goes together with satisfaction need not bring it about\.$")
    },
    "what first": {
        "large": ("What first?", r"^Two questions stand out: .+ very likely among the first three\."),
        "blocks": (
            "What first?",
            r"^What comes first cannot be told from so few answers: .+ at least 100 usable ones\.$",
        ),
        "small": ("What first?", r"^Customers rate “.+” lowest \(\d\.\d\); how much that weighs in .+ is not known\.$"),
    },
    "what is hidden, and why": {
        "": (
            "How sure, and how done?",
            r"^Numbers that rest on fewer than 10 answers of others than the reader are not shown",
        ),
        "hidden": (MASTHEAD, r"not shown: there are fewer than 10 answers .+ promise of anonymity is kept\.$"),
    },
    "from what it was made": {"": ("Where do these numbers come from?", r"^Fingerprint of the data [0-9a-f]{12}$")},
}

DUTCH: dict[str, dict[str, Answer]] = {
    "who answered": {
        "large": (MASTHEAD, r"^\d+ van de \d+ uitgenodigde klanten vulden de vragen in \(\d+%\)\.$"),
        "blocks": (MASTHEAD, r"^Tussen de \d+ en \d+ van de \d+ uitgenodigde klanten vulden de vragen in\.$"),
        "small": (MASTHEAD, r"^Tussen de \d+ en \d+ van de \d+ uitgenodigde klanten vulden de vragen in\.$"),
    },
    "which mark": {"": ("Hoe doen we het?", rf"Klanten van {NAME} geven een \d,\d op een schaal van 1 tot 10")},
    "how sure that is": {
        "": ("Hoe doen we het?", r"^Rapportcijfer: (\d,\d) \(\d,\d tot \d,\d\) op de schaal van 1 tot 10\.")
    },
    "against what": {
        "large": ("Hoe doen we het?", r"duidelijk onder de fictieve norm \(\d,\d\)\.$"),
        "blocks": ("Hoe doen we het?", r": onder de fictieve norm \(\d,\d\)\.$"),
        "small": ("Hoe doen we het?", r"Of dat afwijkt van de fictieve norm \(\d,\d\), is te onzeker om te zeggen\.$"),
    },
    "whether that norm is real": {
        "": ("Hoe verhouden wij ons tot de benchmark? (fictief)", r"^Deze norm is verzonnen, als voorbeeld\.")
    },
    "why": {
        "large": ("Waarom?", r"^Met het oordeel van klanten hangt .+ het sterkst samen: \d+% van wat te verklaren is"),
        "blocks": ("Waarom?", r"^Met het oordeel van klanten hangt .+ het sterkst samen: \d+% van wat te verklaren is"),
        "small": (
            "Waarom?",
            r"^Voor een eigen analyse heeft deze afdeling te weinig bruikbare antwoorden\. Hieronder sta",
        ),
    },
    "whether that is a cause": {
        "": ("Waarom?", r"^Het gaat om samenhang: wat samengaat met tevredenheid, hoeft die niet teweeg te brengen\.$")
    },
    "what first": {
        "large": ("Wat eerst?", r"^Twee vragen springen eruit: .+ zeer waarschijnlijk bij de eerste drie\."),
        "blocks": (
            "Wat eerst?",
            r"^Wat eerst komt, is uit zo weinig antwoorden niet op te maken: .+ minstens 100 bruik",
        ),
        "small": (
            "Wat eerst?",
            r"^Klanten geven het laagste oordeel over .+ \(\d,\d\); hoe zwaar dat weegt in .+ niet",
        ),
    },
    "what is hidden, and why": {
        "": (
            "Hoe zeker, en hoe gedaan?",
            r"^Cijfers die op minder dan 10 antwoorden van anderen dan de lezer rusten worden niet getoond",
        ),
        "hidden": (MASTHEAD, r"niet getoond: er zijn minder dan 10 antwoorden .+ belofte van anonimiteit gehouden\.$"),
    },
    "from what it was made": {"": ("Waar komen deze cijfers vandaan?", r"^Vingerafdruk van de gegevens [0-9a-f]{12}$")},
}
TEN = {"en": ENGLISH, "nl": DUTCH}


@pytest.fixture(scope="module")
def sites(english_example_site: Ran, dutch_example_site: Ran) -> dict[str, Ran]:
    return {"en": english_example_site, "nl": dutch_example_site}


def places(html: str) -> dict[str, list[str]]:
    """Return the lines under every heading, as a reader sees or hears them; alt texts are lines too."""
    body = html.partition("<main")[2].partition("</main>")[0].partition(">")[2]
    first, *others = re.split(r"<h2>", body)
    parts = {MASTHEAD: first} | dict(part.split("</h2>", 1) for part in others)
    return {unescape(heading): lines(part) for heading, part in parts.items()}


def lines(html: str) -> list[str]:
    spoken = re.sub(r'<img alt="([^"]*)"[^>]*>', r"<p>\1</p>", html)
    parts = re.split(r"</?(?:p|li|tr|h\d|figcaption|caption|section|div|details|summary|table)\b[^>]*>", spoken)
    plain = (" ".join(unescape(re.sub(r"<[^>]+>", " ", part)).split()) for part in parts)
    return [line for line in plain if line]


def report(ran: Ran, department: str) -> dict[str, list[str]]:
    return places((ran.folder / department / "department_report.html").read_text(encoding="utf-8"))


def is_answered(page: dict[str, list[str]], answer: Answer) -> bool:
    heading, words = answer
    return any(re.search(words, line) for line in page.get(heading, []))


def test_there_are_ten_questions_with_an_answer_for_every_kind_of_department() -> None:
    assert list(ENGLISH) == list(DUTCH)
    assert len(ENGLISH) == 10
    for questions in TEN.values():
        for question, answers in questions.items():
            kinds = set(KINDS.values()) if question in ALWAYS else set(KINDS.values()) - {"hidden"}
            assert "" in answers or set(answers) == kinds, question


@pytest.mark.parametrize("question", ENGLISH)
@pytest.mark.parametrize("department", KINDS)
@pytest.mark.parametrize("language", TEN)
def test_the_report_answers(sites: dict[str, Ran], language: str, department: str, question: str) -> None:
    answers, kind = TEN[language][question], KINDS[department]
    page = report(sites[language], department)
    if kind == "hidden" and question not in ALWAYS:
        assert not any(is_answered(page, answer) for answer in answers.values())
    else:
        assert is_answered(page, answers.get(kind, answers.get("", ("", "")))), page


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", " IT scores clearly below the fictional norm. Below the fictional norm: the process."),
        ("nl", " scoort ICT duidelijk onder de fictieve norm. Onder de fictieve norm: het proces."),
    ],
)
def test_bad_news_about_the_blocks_is_in_the_opening(sites: dict[str, Ran], language: str, said: str) -> None:
    opening = list(report(sites[language], "it").values())[1][:3]
    assert [line.endswith(said) for line in opening] == [False, True, False]


@pytest.mark.parametrize("language", TEN)
def test_what_only_a_reviewer_reads_is_folded(sites: dict[str, Ran], language: str) -> None:
    html = (sites[language].folder / "it" / "department_report.html").read_text(encoding="utf-8")
    caption = {"en": "Reliability of the scales", "nl": "Betrouwbaarheid van de schalen"}[language]
    assert f"<caption>{caption}" in html
    assert caption not in re.sub(r"<details>.*?</details>", "", html, flags=re.DOTALL)


@pytest.mark.parametrize("language", TEN)
def test_no_question_has_two_changes_in_the_answer(sites: dict[str, Ran], language: str) -> None:
    page = report(sites[language], "it")
    answer = page[{"en": "What has changed?", "nl": "Wat is er veranderd?"}[language]][0]
    named = re.findall("[\u201c\u2018]([^\u201d\u2019]+)[\u201d\u2019] \\(", answer)
    assert named
    assert len(named) == len(set(named))


@pytest.mark.parametrize(("language", "first"), [("en", "To take up first, "), ("nl", "Als eerste op te pakken, ")])
def test_the_summary_of_a_large_department_says_what_first(sites: dict[str, Ran], language: str, first: str) -> None:
    page = report(sites[language], "it")
    (told,) = [line for line in list(page.values())[1] if line.startswith(first)]
    named = re.findall("[\u201c\u2018].+?[\u201d\u2019]", told)
    assert len(named) == 2
    (answer,) = [place for heading, place in page.items() if heading == TEN[language]["what first"]["large"][0]]
    assert all(any(line.startswith(f"{name}: ") for line in answer) for name in named)


@pytest.mark.parametrize(
    ("language", "cannot"),
    [
        ("en", "What to take up first, the answers cannot tell."),
        ("nl", "Wat als eerste op te pakken is, valt uit de antwoorden niet op te maken."),
    ],
)
@pytest.mark.parametrize("department", ["procurement", "legal-affairs"])
def test_the_summary_says_when_the_answers_cannot_tell_what_first(
    sites: dict[str, Ran], department: str, language: str, cannot: str
) -> None:
    assert cannot in list(report(sites[language], department).values())[1]
