"""How good the data are is said in bands, from the minimum on, and only of departments that may be shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from small_survey import questionnaire, study

from icstats.quality import quality_sentences
from icstats.store import Contents, Finding
from icstats.texts import Texts

if TYPE_CHECKING:
    from icstats.study import Study

NAMES = {"hr": "HR", "it": "IT"}


def said(small: Study, *found: tuple[str, str, str, int], language: str = "en", names: dict[str, str] = NAMES) -> str:
    findings = tuple(Finding(kind=kind, wave=wave, department=slug, n=n) for kind, wave, slug, n in found)
    contents = Contents(
        fingerprint="f", waves=("2026",), departments=("hr", "it", "legal"), attributes=(), n_ratings=9, notes=(),
        findings=findings,
    )  # fmt: skip
    texts = Texts(language)
    return " ".join(quality_sentences(contents, small, wave="2026", departments=names, texts=texts))


@pytest.fixture
def small(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> Study:
    monkeypatch.chdir(str(tmp_path))
    return study()


def test_counts_are_bands_and_small_departments_have_none(small: Study) -> None:
    text = said(small, ("straight_lining", "2026", "hr", 123), ("straight_lining", "2026", "it", 9))
    assert text == (
        "Ratings with one and the same answer to 4 questions: 130–139, kept. Among them HR (120–129). "
        "What is not mentioned was found fewer than 11 times, or not at all."
    )


def test_below_the_minimum_and_of_other_waves_nothing_is_said(small: Study) -> None:
    text = said(small, ("double", "2026", "hr", 5), ("double", "2026", "it", 4), ("hasty", "2025", "hr", 500))
    assert text == "Nothing that may not be meant was found 11 times or more."


def test_a_department_that_may_not_be_shown_is_not_named(small: Study) -> None:
    text = said(small, ("double", "2026", "hr", 50), ("double", "2026", "it", 40), names={"it": "IT"})
    assert text.startswith("Double ratings by the same customer: 90–99, of which only the first counts. What")
    text = said(small, ("double", "2026", "hr", 50), ("double", "2026", "legal", 40))
    assert "HR (50–59)" in text
    assert "legal" not in text


def test_what_the_study_decides_is_said_in_its_language() -> None:
    decided = study(responses={"cleaning": {"straight_lining": "leave_out"}}, questionnaire=questionnaire())
    text = said(decided, ("straight_lining", "2026", "hr", 20), ("not_applicable", "2026", "it", 1234), language="nl")
    assert text.startswith("Beoordelingen met steeds hetzelfde antwoord op 4 vragen: 20–29, niet meegeteld.")
    assert "1.230–1.239" in text
