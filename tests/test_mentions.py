"""Themes of comments: found by words, counted rightly, and nobody's by themselves."""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from attacks.organisation import Organisation, answers, organisation
from conftest import ROOT

from icstats import commentary
from icstats.commentary import comments_section
from icstats.errors import ParameterError
from icstats.mentions import comment_themes, language_of, lemma_of, themes_of
from icstats.questionnaire import ResponseScale
from icstats.themes import Dictionary, read_themes

if TYPE_CHECKING:
    from pathlib import Path

    from icstats.mentions import CommentThemes

THEMES = ROOT / "params" / "themes" / "internal_customer.yaml"
SCALE = ResponseScale(minimum=1, maximum=10, satisfied=7, dissatisfied=5)
SAID = ("Het duurt te lang.", "Friendly people.", "Het formulier is te lang en ze zijn bot.", "", "Nothing to add.")


@pytest.fixture(scope="module")
def dictionary() -> Dictionary:
    return read_themes(THEMES)


def sample() -> list[dict[str, str]]:
    with (ROOT / "tests" / "comment_themes.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def found(texts: list[str], marks: list[float], dictionary: Dictionary, *, minimum: int = 10) -> CommentThemes:
    index = pd.RangeIndex(len(texts))
    return comment_themes(
        pd.DataFrame({"OP1": texts}, index=index),
        pd.Series(marks, index=index, name="SA1"),
        dictionary=dictionary,
        scale=SCALE,
        minimum=minimum,
    )


# ------------------------------------------------------------------------------------------------- the words


def test_the_labelled_sample_is_large_in_both_languages_and_halved() -> None:
    rows, codes = sample(), {theme.code for theme in read_themes(THEMES).themes}
    assert len(rows) >= 200
    assert min(Counter((row["language"], row["half"]) for row in rows).values()) >= 50
    assert len({row["text"] for row in rows}) == len(rows), "what is tuned on is not tested on"
    assert {code for row in rows for code in row["themes"].split()} == codes
    assert all(language_of(row["text"]) == row["language"] for row in rows)


@pytest.mark.parametrize(
    ("text", "themes"),
    [
        ("De formulieren zijn te lang", ("rules",)),
        ("Het aanvraagformulier is onvindbaar", ("rules",)),
        ("Wij wachten al weken op oplossingen", ("speed", "solutions")),
        ("They were waiting for better solutions", ("speed", "solutions")),
        ("Reply within two days please", ("speed",)),
        ("Ga zo door met het goede werk", ()),
    ],
)
def test_a_word_stands_for_its_forms_and_a_pattern_for_what_fits_it(
    text: str, themes: tuple[str, ...], dictionary: Dictionary
) -> None:
    assert themes_of(text, dictionary) == themes


def test_a_theme_that_stands_twice_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "themes.yaml"
    file.write_text("themes:\n" + 2 * "  - {code: a, label: {en: A, nl: A}, words: {en: [x]}}\n", encoding="utf-8")
    with pytest.raises(ParameterError, match='"a" is already the code of another theme'):
        read_themes(file)


# ------------------------------------------------------------------------------------------------- the numbers


def test_shares_and_means_are_those_of_who_wrote_it(dictionary: Dictionary) -> None:
    texts = [SAID[place % len(SAID)] for place in range(100)]
    marks = [float(1 + place % 10) for place in range(100)]
    result = found(texts, marks, dictionary)
    rows = result.data.set_index(["variable", "statistic"])
    written = [text for text in texts if text]
    for theme in dictionary.themes:
        told = [bool(text) and theme.code in themes_of(text, dictionary) for text in texts]
        share = rows.loc[(f"OP1.{theme.code}", "mentioned")]
        assert share["estimate"] == pytest.approx(sum(told) / len(written))
        assert share["n"] == len(written)
        mean = rows.loc[(f"OP1.{theme.code}", "mean")]
        assert mean["n"] == sum(told)
        if any(told):
            assert mean["estimate"] == pytest.approx(
                np.mean([mark for mark, own in zip(marks, told, strict=True) if own])
            )
    assert rows.loc[("OP1.attitude", "mentioned"), "estimate"] == pytest.approx(0.5)


def test_the_order_of_the_rows_changes_nothing(dictionary: Dictionary) -> None:
    texts = [SAID[place % len(SAID)] for place in range(60)] + ["The canteen serves cold soup"] * 15
    marks = [float(1 + place % 7) for place in range(75)]
    one = found(texts, marks, dictionary)
    other = found(texts[::-1], marks[::-1], dictionary)
    numbers = ["estimate", "std_error", "conf_low", "conf_high", "n", "n_people"]
    pd.testing.assert_frame_equal(one.data[numbers], other.data[numbers])
    assert one.words == other.words


def test_what_no_dictionary_has_is_found_by_words_that_stand_together(dictionary: Dictionary) -> None:
    canteen = ["The canteen serves cold soup", "Cold soup again in the canteen", "Soup at the canteen was cold"]
    parking = ["The garage has little parking space", "Parking space in the garage is scarce"]
    texts = [*canteen * 6, *parking * 8, *["Friendly people."] * 20]
    result = found(texts, [5.0 + place % 4 for place in range(len(texts))], dictionary)
    named = {code: set(words) for code, words in result.words.items()}
    assert sorted(map(sorted, named.values())) == [["canteen", "cold", "soup"], ["garage", "park", "space"]]
    shares = result.data[result.data["statistic"] == "mentioned"].set_index("variable")["estimate"]
    assert sorted(shares[list(named)].tolist()) == pytest.approx([16 / 54, 18 / 54])


def test_a_word_that_few_people_use_never_names_a_theme(dictionary: Dictionary) -> None:
    texts = ["The canteen serves cold soup"] * 9 + ["Nothing to add here."] * 30
    assert found(texts, [6.0] * 39, dictionary).words == {}
    assert found([*texts, "The canteen serves cold soup"], [6.0] * 40, dictionary).words != {}


# ------------------------------------------------------------------------------------------------- what is shown

SIZES = {"a": 9, "b": 12, "c": 24, "d": 90, "e": 200}


def surveyed(folder: Path, dictionary: Dictionary, said: tuple[str, ...] = SAID) -> Organisation:
    frame = answers(SIZES, 1)
    texts = [said[place % len(said)] for place in range(len(frame))]
    one = organisation(folder, frame.assign(OP1=texts))
    study = one.edition.study.model_copy(update={"themes": dictionary})
    return replace(one, edition=replace(one.edition, study=study))


def test_small_departments_say_nothing_about_themes(tmp_path: Path, dictionary: Dictionary) -> None:
    edition = surveyed(tmp_path, dictionary).edition
    few, none = edition.texts.say("comments.themes_few"), edition.texts.say("comments.themes_heading")
    assert few in comments_section(edition, "c").body
    assert none not in comments_section(edition, "a").body + comments_section(edition, "c").body
    assert comments_section(edition, "a").released == ()
    assert "“Speed”" in comments_section(edition, "d").body


def test_shares_are_coarse_and_a_mean_rests_on_enough_on_both_sides(tmp_path: Path, dictionary: Dictionary) -> None:
    edition = surveyed(tmp_path, dictionary).edition
    (released,) = comments_section(edition, "d").released
    shares = released.rows[(released.rows["statistic"] == "mentioned") & (released.rows["mark"] == "")]
    assert (shares["estimate"] / 0.05).map(lambda step: round(step, 6).is_integer()).all()
    assert shares["conf_low"].isna().all()
    assert all(re.fullmatch(r"\d+–\d+", n) for n in shares["n"])
    everybody = surveyed(tmp_path / "all", dictionary, said=("Friendly people.",)).edition
    (released,) = comments_section(everybody, "e").released
    row = released.row("OP1.attitude", "mean")
    assert row is not None
    assert row.hidden, "the others, who did not mention it, are none: their mean would follow"


BOTH_THEMES, ONE_THEME, NONE = "Friendly, but the forms are too long.", "The forms are too long.", "Nothing to add."


def marks_by_two_themes(rows: pd.DataFrame, n: int) -> list[int] | None:
    """Attack: which marks can the one have given who mentions the larger theme only? Readers see who wrote what."""
    means = rows[(rows["statistic"] == "mean") & (rows["mark"] == "")].set_index("variable")["estimate"]
    if not {"OP1.rules", "OP1.attitude"} <= set(means.index):
        return None
    low = (n + 1) * (means["OP1.rules"] - 0.05) - n * (means["OP1.attitude"] + 0.05)
    high = (n + 1) * (means["OP1.rules"] + 0.05) - n * (means["OP1.attitude"] - 0.05)
    return [mark for mark in range(1, 6) if low <= mark <= high]


@pytest.mark.parametrize(("only_one", "both"), [(1, 14), (5, 14), (9, 14), (11, 14)])
def test_two_themes_do_not_give_the_mark_of_those_who_mention_one_of_them(
    tmp_path: Path, dictionary: Dictionary, only_one: int, both: int
) -> None:
    """A theme that is nearly a part of another one is one release too many."""
    said = [BOTH_THEMES] * both + [ONE_THEME] * only_one + [NONE] * (60 - both - only_one)
    frame = answers({"d": 60, "e": 200}, 1)
    one = organisation(tmp_path, frame.assign(OP1=[*said, *[""] * 200]))
    edition = replace(one.edition, study=one.edition.study.model_copy(update={"themes": dictionary}))
    (released,) = comments_section(edition, "d").released
    if only_one == 1:
        assert marks_by_two_themes(released.rows, both) is None
    shown = [released.row(f"OP1.{theme}", "mean") for theme in ("rules", "attitude")]
    assert [row is not None and not row.hidden for row in shown] == [True, only_one >= 11]


def test_words_of_people_are_masked_before_they_are_counted(tmp_path: Path, dictionary: Dictionary) -> None:
    edition = surveyed(tmp_path, dictionary, said=("Ask Saskia Wijnands about canteen soup, cold again",)).edition
    body = comments_section(edition, "e").body
    assert "canteen" in body
    assert "saskia" not in body.casefold()
    assert "wijnands" not in body.casefold()


def test_a_stricter_threshold_for_comments_holds_for_their_themes(tmp_path: Path, dictionary: Dictionary) -> None:
    edition = surveyed(tmp_path, dictionary).edition
    policy = edition.study.policy.model_copy(update={"minimum_comments": 91})
    strict = replace(edition, study=edition.study.model_copy(update={"policy": policy}))
    assert comments_section(strict, "d").released == ()
    assert comments_section(strict, "e").released != ()


def test_without_the_extra_the_report_says_so(
    tmp_path: Path, dictionary: Dictionary, monkeypatch: pytest.MonkeyPatch
) -> None:
    edition = surveyed(tmp_path, dictionary).edition
    monkeypatch.setattr(commentary, "word_tools_are_there", lambda: False)
    shown = comments_section(edition, "e")
    assert edition.texts.say("comments.themes_without") in shown.body
    assert shown.released == ()
    without = replace(edition, study=edition.study.model_copy(update={"themes": None}))
    assert edition.texts.say("comments.themes_without") not in comments_section(without, "e").body


def test_lemmas_are_those_of_the_language() -> None:
    assert (lemma_of("formulieren", "nl"), lemma_of("forms", "en")) == ("formulier", "form")
