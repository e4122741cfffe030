"""Comments: nobody's by themselves, read by a person first, and in one place only."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import comments_holdout
import numpy as np
import pytest
from attacks.organisation import Organisation, answers, organisation
from comments_sample import DUTCH, ENGLISH, LIST, Comment
from masked_comments import found

from icstats.comments import may_show_comments, sheet_of, signed_off, write_sheets
from icstats.errors import ParameterError
from icstats.leakscan import LeakScan
from icstats.masking import MASK, masked
from icstats.report import Report

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROOT = Path(__file__).resolve().parents[1]
SIZES = {"a": 9, "b": 10, "c": 14, "d": 60}


def surveyed(folder: Path, texts: Sequence[str] | None = None) -> Organisation:
    frame = answers(SIZES, 1)
    said = [f"remark {place} about the service of the desk" for place in range(len(frame))] if texts is None else texts
    return organisation(folder, frame.assign(OP1=[*said, *[""] * (len(frame) - len(said))]))


def sheets(one: Organisation) -> dict[str, tuple[int, int]]:
    edition = one.edition
    written = write_sheets(edition.study, edition.organisation.responses, wave="1", ledger=edition.ledger)
    return {sheet.department: (sheet.n, sheet.n_shown) for sheet in written}


def say_yes(
    one: Organisation, department: str, *, to: Callable[[str], bool] = lambda _: True, word: str = "yes"
) -> None:
    path = sheet_of(one.edition.study, department, wave="1")
    rows = list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.DictWriter(stream, ["id", "question", "text", "show"])
        writer.writeheader()
        writer.writerows({**row, "show": word if to(row["text"]) else ""} for row in rows)


def shown(one: Organisation, department: str) -> tuple[str, ...]:
    return one.edition.comments(department).get("OP1", ())


# ----------------------------------------------------------------------------------------------------- who and when


def test_nothing_is_shown_until_somebody_says_yes(tmp_path: Path) -> None:
    one = surveyed(tmp_path)
    assert shown(one, "d") == ()
    assert sheets(one)["d"] == (60, 0)
    assert shown(one, "d") == ()
    say_yes(one, "d", to=lambda text: text.startswith("remark 4"), word="Ja")
    assert len(shown(one, "d")) == 10
    assert sheets(one)["d"] == (60, 10), "what was decided stays"


def test_only_departments_that_enough_customers_rated_have_a_sheet(tmp_path: Path) -> None:
    one = surveyed(tmp_path)
    ledger, responses = one.edition.ledger, one.edition.organisation.responses
    assert set(sheets(one)) == set(ledger.shown("ratings")) < set(SIZES)
    strict = one.edition.study.model_copy(
        update={"policy": one.edition.study.policy.model_copy(update={"minimum_comments": 61})}
    )
    assert not may_show_comments(strict, responses, "d", wave="1", ledger=ledger)
    team = one.edition.study.departments[3].model_copy(update={"team_size": 3})
    small = one.edition.study.model_copy(update={"departments": (*one.edition.study.departments[:3], team)})
    say_yes(one, "d")
    assert signed_off(one.edition.study, responses, "d", wave="1", ledger=ledger)
    for study in (strict, small):
        assert signed_off(study, responses, "d", wave="1", ledger=ledger) == {}


def test_the_order_is_not_that_of_the_rows_and_always_the_same(tmp_path: Path) -> None:
    one = surveyed(tmp_path)
    sheets(one)
    say_yes(one, "d")
    places = [int(text.split()[1]) for text in shown(one, "d")]
    assert abs(np.corrcoef(places, range(60))[0, 1]) < 0.35
    other = one.edition.study.model_copy(update={"seed": 2})
    again = signed_off(other, one.edition.organisation.responses, "d", wave="1", ledger=one.edition.ledger)["OP1"]
    assert sorted(again) == sorted(shown(one, "d"))
    assert again != shown(one, "d")
    frame = one.frame.sample(frac=1, random_state=1)
    mixed = replace(one, edition=organisation(tmp_path / "mixed", frame).edition)
    sheets(mixed)
    say_yes(mixed, "d")
    assert shown(mixed, "d") == shown(one, "d")


def test_the_sheet_is_for_its_owner_only_and_says_nothing_of_the_rows(tmp_path: Path) -> None:
    one = surveyed(tmp_path)
    sheets(one)
    path = sheet_of(one.edition.study, "d", wave="1")
    assert path.stat().st_mode & 0o777 == 0o600
    rows = list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))
    assert list(rows[0]) == ["id", "question", "text", "show"]
    assert [row["id"] for row in rows] == sorted(row["id"] for row in rows)
    places = [int(row["text"].split()[1]) for row in rows]
    assert abs(np.corrcoef(places, range(60))[0, 1]) < 0.35


def test_a_comment_that_is_no_longer_in_the_survey_is_not_shown(tmp_path: Path) -> None:
    one = surveyed(tmp_path)
    sheets(one)
    say_yes(one, "d")
    frame = one.frame.copy()
    frame.loc[frame.index[-1], "OP1"] = ""
    assert len(shown(organisation(tmp_path, frame), "d")) == 59


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"id;question;text;show\nx;OP1;said;maybe\n", 'd.csv, row 2, column "show"'),
        (b"id,question,text\nx,OP1,said\n", "there is no column show."),
        (b"id,question,text,show\nx,OP1,\xe9\xe9n,\n", "it is not UTF-8."),
    ],
)
def test_a_sheet_that_is_not_one_is_refused_without_its_text(tmp_path: Path, content: bytes, message: str) -> None:
    one = surveyed(tmp_path)
    sheets(one)
    sheet_of(one.edition.study, "d", wave="1").write_bytes(content)
    with pytest.raises(ParameterError) as refused:
        shown(one, "d")
    assert message.partition(",")[0] in str(refused.value)
    assert "said" not in str(refused.value)


def test_a_sheet_saved_by_a_dutch_spreadsheet_is_read(tmp_path: Path) -> None:
    one = surveyed(tmp_path)
    sheets(one)
    path = sheet_of(one.edition.study, "d", wave="1")
    rows = list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))
    lines = ["id;question;text;show", *(f'{row["id"]};OP1;"{row["text"]}; with more";ja' for row in rows)]
    path.write_text("\r\n".join(lines), encoding="utf-8-sig")
    assert all(text.endswith("; with more") for text in shown(one, "d"))


# --------------------------------------------------------------------------------------------------------- the page


def test_texts_are_shown_as_text_and_in_one_place_only(tmp_path: Path) -> None:
    hostile = "<img src=x onerror=alert(1)> [x](javascript:alert(2)) {{ 7*7 }} \u202eevil\u202c"
    one = surveyed(tmp_path, [""] * 40 + [hostile])
    sheets(one)
    say_yes(one, "d")
    report = Report(edition=one.edition, department="d")
    html = report.comments()._repr_html_()
    assert "<img" not in html
    assert "&lt;img src=x onerror=alert(1)&gt; [x](javascript:alert(2)) {{ 7*7 }} evil" in html
    assert "\u202e" not in html
    assert report.comments().released == ()
    others = [report.masthead(), report.summary(), report.scores(), report.certainty(), report.provenance()]
    assert not any("onerror" in shown._repr_html_() for shown in others)


def test_without_comments_the_section_says_so_in_both_languages(tmp_path: Path) -> None:
    report = Report(edition=surveyed(tmp_path).edition, department="d")
    assert "No comments are shown" in report.comments()._repr_html_()


def test_the_leak_scan_lets_pass_what_was_signed_off_and_nothing_else(tmp_path: Path) -> None:
    one = surveyed(tmp_path)
    sheets(one)
    say_yes(one, "d", to=lambda text: text.startswith("remark 40 "))
    scan = LeakScan.of(one.edition.study, one.edition.organisation.responses)
    assert scan.finds(b"<p>remark 40 about the service of the desk</p>") == []
    assert scan.finds(b"<p>remark 41 about the service of the desk</p>") == ["a text of a respondent"]


# ---------------------------------------------------------------------------------------------------------- masking


def left(sample: Sequence[Comment], names: Sequence[str]) -> tuple[int, int]:
    """Return how many identifying words are still there, and of how many."""
    told = [(one.text, word) for one in sample for word in one.identifying]
    return sum(word in masked(text, names=names) for text, word in told), len(told)


def test_the_readme_says_what_is_found_in_comments_that_masking_was_not_written_with() -> None:
    comments = (*comments_holdout.DUTCH, *comments_holdout.ENGLISH)
    told = {"with": found(comments, comments_holdout.LIST), "without": found(comments, ())}
    assert {how: (one["found"], one["harmless comments changed"]) for how, one in told.items()} == {
        "with": ("64 of 100", "0 of 30"),
        "without": ("52 of 100", "0 of 30"),
    }
    words = [word for one in comments for word in one.identifying]
    assert len(words) == 100
    names = [(one.text, word) for one in comments for word in one.identifying if not re.search(r"[\d._]", word)]
    assert [
        sum(word not in masked(text, names=listed) for text, word in names) for listed in (comments_holdout.LIST, ())
    ] == [44, 32]
    assert all(word in one.text for one in comments for word in one.identifying)
    readme = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    assert f"in {len(comments)} made-up comments" in readme
    assert "it found 64 of 100 identifying words with a list of ten people and 52 without" in readme
    assert f"(20 of 21 in addresses and numbers, 44 or 32 of {len(names)} in names)" in readme
    assert "none of 30 comments about nobody was changed" in readme


@pytest.mark.parametrize(
    ("sample", "names", "found"),
    [
        (DUTCH, LIST, (2, 33)),
        (DUTCH, (), (5, 33)),
        (ENGLISH, LIST, (2, 28)),
        (ENGLISH, (), (4, 28)),
    ],
    ids=["nl with a list", "nl without", "en with a list", "en without"],
)
def test_the_recall_in_the_comments_it_was_written_with(
    sample: Sequence[Comment], names: Sequence[str], found: tuple[int, int]
) -> None:
    assert left(sample, names) == found
    assert all(masked(one.text, names=names) == one.text for one in sample if not one.identifying)


def test_masking_again_changes_nothing() -> None:
    for one in (*DUTCH, *ENGLISH):
        once = masked(one.text, names=LIST)
        assert masked(once, names=LIST) == once


def test_marks_that_turn_or_hide_text_are_dropped() -> None:
    assert masked("safe\u202e\u2066txt\u200b.exe\x00\nnext") == "safetxt.exe next"
    assert masked("J.\u200bJansen") == MASK


def test_what_a_person_edits_is_masked_again(tmp_path: Path) -> None:
    one = surveyed(tmp_path)
    sheets(one)
    path = sheet_of(one.edition.study, "d", wave="1")
    text = path.read_text(encoding="utf-8-sig").replace("remark 40 about the service of the desk,", "ask Mr Smith,yes")
    path.write_text(text, encoding="utf-8-sig")
    assert shown(one, "d") == (f"ask {MASK}",)
