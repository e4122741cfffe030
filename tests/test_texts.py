"""Every sentence exists in both languages, with the same places to fill, and is used."""

from __future__ import annotations

import re
import string
from datetime import date
from pathlib import Path

import pytest

from icstats.texts import LANGUAGES, Texts

PACKAGE = Path(__file__).resolve().parents[1] / "icstats"


SOURCE = "".join(
    path.read_text(encoding="utf-8")
    for path in [*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.j2"), *PACKAGE.rglob("*.html")]
)
WORDS = set(re.findall(r"[\w-]+", SOURCE))
COMPOSED = {
    re.sub(r"\\{.*?\\}", r"([\\w-]+)", re.escape(key))
    for key in re.findall(r"""f["']([\w.-]*\{[^"'\n]*?\}[\w.{}-]*)["']""", SOURCE)
}
"""Keys that the source puts together, as patterns."""


def places(sentence: str) -> set[tuple[str, str, str]]:
    """Return what a sentence leaves open, and how each is to be written."""
    return {
        (name, spec or "", conversion or "") for _, name, spec, conversion in string.Formatter().parse(sentence) if name
    }


def is_composed(key: str) -> bool:
    """Return whether the source puts this key together, from words that stand in it."""
    found = (re.fullmatch(rf"(?:\w+\.)?{pattern}", key) for pattern in COMPOSED)
    return any(match is not None and WORDS.issuperset(match.groups()) for match in found)


def test_both_languages_have_the_same_keys_with_the_same_places() -> None:
    english, dutch = Texts("en"), Texts("nl")
    assert set(english.keys) == set(dutch.keys)
    different = [key for key in english.keys if places(english._sentences[key]) != places(dutch._sentences[key])]
    assert different == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_is_empty_or_has_stray_spaces(language: str) -> None:
    texts = Texts(language)
    assert [key for key in texts.keys if texts._sentences[key] != texts._sentences[key].strip()] == []
    assert [key for key in texts.keys if not texts._sentences[key]] == []


def test_every_sentence_is_used_somewhere() -> None:
    assert [key for key in Texts("en").keys if key not in SOURCE and not is_composed(key)] == []
    assert not is_composed("expectation.minimum_nonsense")


def test_every_sentence_that_is_asked_for_exists() -> None:
    asked = set(re.findall(r"""\bsay\(\s*["']([a-z_]+\.[\w.-]+)["']""", SOURCE))
    assert len(asked) > 300
    assert asked - set(Texts("en").keys) == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_quotation_marks_and_apostrophes_are_those_of_print(language: str) -> None:
    texts = Texts(language)
    assert [key for key in texts.keys if re.search(r"[\"'`]|\.\.\.| - ", texts._sentences[key])] == []


def test_counts_of_one_have_their_own_words_in_both_languages() -> None:
    english, dutch = Texts("en"), Texts("nl")
    ones = [key for key in english.keys if key.endswith("_one")]
    assert ones
    for texts in (english, dutch):
        assert [key for key in ones if texts._sentences[key] == texts._sentences.get(key.removesuffix("_one"))] == []


def test_an_unknown_sentence_or_a_missing_value_is_an_error() -> None:
    with pytest.raises(KeyError):
        Texts("en").say("summary.nothing")
    with pytest.raises(KeyError):
        Texts("en").say("masthead.answered")
    with pytest.raises(KeyError):
        Texts("de")


@pytest.mark.parametrize(
    ("language", "number", "signed", "percent", "day"),
    [("en", "1,234.5", "−0.3", "56%", "24 November 2026"), ("nl", "1.234,5", "−0,3", "56%", "24 november 2026")],
)
def test_numbers_and_dates_are_written_as_the_language_does(
    language: str, number: str, signed: str, percent: str, day: str
) -> None:
    texts = Texts(language)
    assert texts.number(1234.5, 1) == number
    assert texts.signed(-0.3, 1) == signed
    assert texts.percent(0.56) == percent
    assert texts.date(date(2026, 11, 24)) == day


@pytest.mark.parametrize(("language", "number"), [("en", "−0.06"), ("nl", "−0,06")])
def test_a_negative_number_has_a_true_minus_with_or_without_a_sign_for_positive_ones(
    language: str, number: str
) -> None:
    texts = Texts(language)
    assert texts.number(-0.06, 2) == texts.signed(-0.06, 2) == number
    assert texts.percent(-0.06) == "−6%"


def test_zero_has_no_sign() -> None:
    assert Texts("en").number(-0.04, 1) == "0.0"
    assert Texts("en").signed(-0.04, 1) == "0.0"
    assert Texts("en").signed(0.04, 1) == "0.0"


def test_lists_read_as_sentences() -> None:
    assert Texts("en").listing(["a"]) == "a"
    assert Texts("nl").listing(["a", "b", "c"]) == "a, b en c"
    assert Texts("nl").listing([]) == ""


@pytest.mark.parametrize(
    ("language", "key", "said"),
    [
        ("nl", "priority.mean", "klanten antwoorden 3,1 op een schaal van 1 tot 5."),
        ("en", "priority.mean", "customers answer 3,1 on a scale from 1 to 5."),
        (
            "nl",
            "priority.ease",
            "Hoe makkelijk dit te veranderen is, beoordeelt de afdeling met een 4, van 1 (moeilijk) tot 5 (makkelijk).",
        ),
        ("en", "comments.themes_answer", "Of those who wrote something at “Why?”, 30% mention “Speed”."),
        ("en", "change.along", "None of the changes is surely different from that of the norm."),
    ],
)
def test_marks_stand_on_a_scale_and_sentences_are_those_of_the_language(language: str, key: str, said: str) -> None:
    told = {"mean": "3,1", "minimum": "1", "maximum": "5", "ease": 4, "least": 1, "most": 5}
    words = {"question": "Why?", "themes": "30% mention “Speed”", "norm_name": "the norm"}
    assert Texts(language).say(key, **told, **words) == said


def test_a_list_ends_in_and_or_in_or() -> None:
    assert Texts("en").listing(["a", "b", "c"]) == "a, b and c"
    assert Texts("en").listing(["a", "b", "c"], joined_by="or") == "a, b or c"
    assert Texts("nl").listing(["a", "b"], joined_by="or") == "a of b"
