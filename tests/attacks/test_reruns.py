"""Two releases of one survey: whoever keeps both subtracts one from the other."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from attacks.organisation import BLOCKS, ITEMS, OUTCOME, Organisation, answers, organisation, with_staff

from icstats.decisions import HIDDEN, RELEASED
from icstats.documents import shown_path
from icstats.edition import admit_release
from icstats.errors import RunError
from icstats.ledger import RATINGS
from icstats.norms import Norm
from icstats.overview import Overview
from icstats.register import FORM
from icstats.report import Report
from icstats.results import ORGANISATION
from icstats.storekey import key_of_store
from icstats.study import Policy
from icstats.themes import Dictionary

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SIZES = {"a": 3, "b": 9, "c": 14, "d": 24, "e": 40, "f": 60}


def released(folder: Path, frame: pd.DataFrame, **changes: object) -> Organisation:
    """Release an organisation's survey, in the same store as before."""
    one = organisation(folder, frame)
    study = one.edition.study.model_copy(update=changes)
    admit_release(study, one.edition.organisation.responses)
    return one


def refusal(folder: Path, frame: pd.DataFrame, **changes: object) -> str:
    with pytest.raises(RunError) as refused:
        released(folder, frame, **changes)
    (problem,) = refused.value.problems
    assert problem.code == "ICS-713"
    return problem.message.partition("give ")[2]


def late(frame: pd.DataFrame, department: str, n: int) -> pd.DataFrame:
    new = answers({department: n}, 99).assign(respondent=[f"late{row}" for row in range(n)])
    return pd.concat([frame, new], ignore_index=True)


def corrected(frame: pd.DataFrame, department: str, n: int) -> pd.DataFrame:
    frame = frame.copy()
    rows = frame.index[frame["department"] == department][:n]
    frame.loc[rows, OUTCOME] = 6 - frame.loc[rows, OUTCOME] + (frame.loc[rows, OUTCOME] == 3)
    return frame


def without(frame: pd.DataFrame, department: str, n: int) -> pd.DataFrame:
    return frame.drop(index=frame.index[frame["department"] == department][:n])


def renamed(frame: pd.DataFrame, department: str, name: str) -> pd.DataFrame:
    return frame.assign(department=frame["department"].replace(department, name))


CHANGES: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], str]] = {
    "ten late answers, of which the reader's may be one": (lambda frame: late(frame, "d", 10), "new ratings of d."),
    "one late answer": (lambda frame: late(frame, "d", 1), "new ratings of d."),
    "one late answer about a hidden department": (
        lambda frame: late(frame, "a", 1),
        "new ratings of departments that are not shown.",
    ),
    "one answer corrected": (lambda frame: corrected(frame, "e", 1), "changed answers about e."),
    "a filter leaves two out": (lambda frame: without(frame, "d", 2), "ratings of d left out."),
    "renamed, with one late answer": (lambda frame: late(renamed(frame, "d", "z"), "z", 1), "new ratings of z."),
    "a small department merged into a shown one": (
        lambda frame: renamed(frame, "a", "d"),
        "ratings moved from departments that are not shown to d.",
    ),
    "one person moved": (
        lambda frame: pd.concat([without(frame, "d", 1), renamed(frame[frame["department"] == "d"][:1], "d", "e")]),
        "ratings moved from d to e.",
    ),
}


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_a_difference_of_a_few_ratings_is_refused(tmp_path: Path, change: str) -> None:
    frame = answers(SIZES, 1)
    released(tmp_path, frame)
    make, told = CHANGES[change]
    assert refusal(tmp_path, make(frame)) == f"fewer than 10 ratings of others away: {told}"


@pytest.mark.parametrize(
    "change",
    [
        lambda frame: frame,
        lambda frame: frame.sample(frac=1, random_state=1),
        lambda frame: renamed(frame, "d", "z"),
        lambda frame: late(frame, "d", 11),
        lambda frame: corrected(frame, "e", 12),
        lambda frame: without(frame, "f", 60),
        lambda frame: renamed(frame, "e", "d"),
    ],
    ids=[
        "the same",
        "rows shuffled",
        "renamed",
        "eleven late",
        "twelve corrected",
        "left out",
        "two large ones merged",
    ],
)
def test_the_same_ratings_and_differences_of_many_are_released(
    tmp_path: Path, change: Callable[[pd.DataFrame], pd.DataFrame]
) -> None:
    frame = answers(SIZES, 1)
    released(tmp_path, frame)
    released(tmp_path, change(frame))


# ------------------------------------------------------------- the department's own staff: a small group by itself

STAFF = {"d": 14, "e": 4}


@pytest.mark.parametrize(
    ("staff", "told"),
    [
        ({"d": 15, "e": 4}, "new ratings of d by its own staff."),
        ({"d": 12, "e": 4}, "ratings of d by its own staff left out."),
    ],
    ids=["one late", "two left out"],
)
def test_a_difference_of_a_few_forecasts_is_refused(tmp_path: Path, staff: dict[str, int], told: str) -> None:
    frame = answers(SIZES, 1)
    released(tmp_path, with_staff(frame, STAFF, 1))
    assert refusal(tmp_path, with_staff(frame, staff, 1)) == f"fewer than 10 ratings of others away: {told}"


def test_a_forecast_that_is_corrected_is_refused(tmp_path: Path) -> None:
    frame = with_staff(answers(SIZES, 1), STAFF, 1)
    released(tmp_path, frame)
    one = frame.index[frame["respondent"] == "sd0"]
    corrected_frame = frame.assign(MI1=frame["MI1"].where(frame.index != one[0], 1))
    assert refusal(tmp_path, corrected_frame) == (
        "fewer than 10 ratings of others away: changed answers about d by its own staff."
    )


@pytest.mark.parametrize("staff", [STAFF, {"d": 25, "e": 4}, {"d": 14, "e": 5}, {"d": 14}], ids=str)
def test_many_more_forecasts_and_those_that_are_not_shown_may_differ(tmp_path: Path, staff: dict[str, int]) -> None:
    frame = answers(SIZES, 1)
    released(tmp_path, with_staff(frame, STAFF, 1))
    released(tmp_path, with_staff(frame, staff, 1))


@pytest.mark.parametrize(("n", "hidden"), [(15, True), (14, False), (25, False)])
def test_forecasts_are_hidden_where_few_staff_joined_since_a_wave_in_another_file(
    tmp_path: Path, n: int, *, hidden: bool
) -> None:
    frame = answers(SIZES, 1)
    released(tmp_path, with_staff(frame, {"d": 14}, 1))
    others = frame.assign(**{item: frame[item] % 5 + 1 for item in ITEMS})
    later = organisation(tmp_path, with_staff(others, {"d": n}, 1), wave="2").edition.ledger
    assert later.hides("MI1", "d") == hidden
    assert not later.hides("P1", "d")


def test_every_earlier_release_counts_and_not_the_last_only(tmp_path: Path) -> None:
    frame = answers(SIZES, 1)
    released(tmp_path, frame)
    released(tmp_path, late(frame, "d", 11))
    assert refusal(tmp_path, late(frame, "d", 12)) == "fewer than 10 ratings of others away: new ratings of d."


def test_another_name_of_the_study_or_the_wave_is_no_way_round(tmp_path: Path) -> None:
    frame = answers(SIZES, 1)
    released(tmp_path, frame, name="first")
    assert (
        refusal(tmp_path, late(frame, "d", 1), name="second")
        == "fewer than 10 ratings of others away: new ratings of d."
    )


def test_a_next_wave_with_other_answers_is_another_survey(tmp_path: Path) -> None:
    released(tmp_path, answers(SIZES, 1), name="first")
    released(tmp_path, late(answers(SIZES, 2), "d", 1), name="second")


def test_ratings_without_respondents_are_known_by_their_answers(tmp_path: Path) -> None:
    frame = answers(SIZES, 1).drop(columns="respondent")
    released(tmp_path, frame)
    released(tmp_path, frame.sample(frac=1, random_state=2))
    assert (
        refusal(tmp_path, frame.drop(index=frame.index[-1]))
        == "fewer than 10 ratings of others away: ratings of f left out."
    )


def test_what_was_hidden_once_stays_hidden(tmp_path: Path) -> None:
    frame = answers(SIZES, 1)
    first = released(tmp_path, frame)
    assert first.edition.ledger.shown(RATINGS) == ("d", "e", "f")
    again = organisation(tmp_path, late(frame, "b", 11))
    assert again.edition.ledger.hides(RATINGS, "b")
    admit_release(again.edition.study, again.edition.organisation.responses)
    fresh = organisation(tmp_path / "elsewhere", late(frame, "b", 11))
    assert not fresh.edition.ledger.hides(RATINGS, "b")


def test_a_policy_that_hides_others_is_refused_or_hides_more(tmp_path: Path) -> None:
    frame = answers(SIZES, 1)
    released(tmp_path, frame)
    strict = organisation(tmp_path, frame, policy=Policy(minimum_group=15))
    assert strict.hidden >= organisation(tmp_path / "elsewhere", frame).hidden
    admit_release(strict.edition.study, strict.edition.organisation.responses)


def test_a_refused_release_is_not_written_down(tmp_path: Path) -> None:
    frame = answers(SIZES, 1)
    released(tmp_path, frame)
    before = {path: path.read_bytes() for path in (tmp_path / "store" / RELEASED).rglob("*") if path.is_file()}
    refusal(tmp_path, late(frame, "d", 1))
    assert {path: path.read_bytes() for path in (tmp_path / "store" / RELEASED).rglob("*") if path.is_file()} == before
    assert len(before) == 3


def test_a_release_of_another_version_is_not_taken_for_one_of_other_ratings(tmp_path: Path) -> None:
    """None of its ratings would be found again, and of nobody left out and nobody new everybody would be."""
    frame = answers(SIZES, 1)
    released(tmp_path, frame)
    (path,) = (tmp_path / "store" / RELEASED).rglob("*.parquet")
    older = path.rename(path.with_name("0123456789abcdef.parquet"))
    with pytest.raises(RunError) as refused:
        released(tmp_path, late(frame, "d", 1))
    (problem,) = refused.value.problems
    assert problem.code == "ICS-739"
    day = datetime.fromtimestamp(older.stat().st_mtime, tz=UTC).date().isoformat()
    assert problem.message == (
        f"what was released on {day} was written down by another version of icstats: whether that and this together "
        "give anybody away cannot be told."
    )
    assert problem.hint == (
        "release it with that version; or, if nobody was ever given the reports of that day, remove "
        f"{shown_path(older)}"
    )


def test_the_register_holds_keyed_fingerprints_for_its_owner_only(tmp_path: Path) -> None:
    frame = answers(SIZES, 1)
    released(tmp_path, frame)
    store = tmp_path / "store"
    assert len(key_of_store(store)) == 32
    assert (store / "key").stat().st_mode & 0o777 == 0o600
    files = [path for path in (store / RELEASED).rglob("*") if path.is_file()]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert {path.name for path in files} >= {HIDDEN}
    (table,) = [pd.read_parquet(path) for path in files if path.suffix == ".parquet"]
    assert list(table) == ["department", "who", "what", "answered"]
    assert set(table["answered"]) == {" ".join([RATINGS, *ITEMS, *BLOCKS])}
    assert len(np.unique(table["who"])) == len(frame)
    other = organisation(tmp_path / "elsewhere", frame).edition.organisation.responses
    mine = organisation(tmp_path, frame).edition.organisation.responses
    assert mine.fingerprint != other.fingerprint
    assert not set(mine.fingerprints(wave="1")["who"]) & set(other.fingerprints(wave="1")["who"])


def test_one_new_wave_with_few_changed_people_is_not_solved_by_its_rounded_means(tmp_path: Path) -> None:
    """19 people who answer the same again, and one who joined: the difference of rounded sums leaves every answer."""
    frame = answers({"x": 19, "y": 60, "z": 70}, 3)
    joined = late(frame, "x", 1)
    before = organisation(tmp_path / "1", frame).rows()
    after = organisation(tmp_path / "2", joined).rows()
    for item in ITEMS:
        found = [
            [row for row in rows if (row["department"], row["variable"], row["statistic"]) == ("x", item, "mean")]
            for rows in (before, after)
        ]
        if all(rows and rows[0]["estimate"] is not None for rows in found):
            old, new = (rows[0]["estimate"] for rows in found)
            possible = [
                answer
                for answer in range(1, 6)
                if 20 * (new - 0.05) - 19 * (old + 0.05) <= answer <= 20 * (new + 0.05) - 19 * (old - 0.05)
            ]
            assert len(possible) >= 2


# ----------------------------------------------------------------------------------------------- the policy of a wave


@pytest.mark.parametrize(
    ("first", "later", "told"),
    [
        ({}, {"minimum_group": 5}, "minimum_group is 5, it was 10"),
        ({}, {"readers": 0}, "readers is 0, it was 1"),
        ({"minimum_group": 15}, {}, "minimum_group is 10, it was 15"),
        ({"decimals_points": 0}, {}, "decimals_points is 1, it was 0"),
        ({"extreme_share": 0.8}, {"minimum_team": 2}, "minimum_team is 2, it was 4; extreme_share is 0.9, it was 0.8"),
        ({}, {"exact_n": 50, "minimum_comments": 5}, "minimum_comments is 5, it was 10; exact_n is 50, it was 100"),
    ],
    ids=str,
)
def test_a_wave_keeps_the_policy_it_was_released_under(
    tmp_path: Path, first: dict[str, float], later: dict[str, float], told: str
) -> None:
    frame = answers(SIZES, 1)
    opened = organisation(tmp_path, frame, policy=Policy.model_validate(first)).edition
    admit_release(opened.study, opened.organisation.responses)
    looser = organisation(tmp_path, frame, policy=Policy.model_validate(later)).edition
    expected = f"the policy would show more of this wave than when it was first released: {told}."
    with pytest.raises(RunError, match="ICS-724") as refused:
        admit_release(looser.study, looser.organisation.responses)
    assert refused.value.problems[0].message == expected
    with pytest.raises(RunError) as by_hand:
        _ = looser.ledger
    assert by_hand.value.problems[0].message == expected
    renamed_study = looser.study.model_copy(update={"name": "other"})
    with pytest.raises(RunError, match="ICS-724"):
        admit_release(renamed_study, looser.organisation.responses)


def test_a_report_that_is_made_by_hand_is_a_draft_until_the_same_answers_are_released(tmp_path: Path) -> None:
    frame, told = answers(SIZES, 1), "Draft, for your own eyes: these numbers are not released."

    def heads(of: Organisation) -> list[bool]:
        one = of.edition
        return [
            told in head
            for head in (Report(edition=one, department="d").masthead().body, Overview(edition=one).masthead().body)
        ]

    assert heads(organisation(tmp_path, frame)) == [True, True]
    released(tmp_path, frame)
    assert heads(organisation(tmp_path, frame)) == [False, False]
    assert heads(organisation(tmp_path, late(frame, "d", 1))) == [True, True]
    assert not organisation(tmp_path / "few", answers({"a": 3, "b": 5}, 1)).edition.is_draft


def test_a_stricter_policy_is_taken_and_holds_from_then_on(tmp_path: Path) -> None:
    frame = answers(SIZES, 1)
    released(tmp_path, frame)
    strict = organisation(tmp_path, frame, policy=Policy(minimum_extremes=40)).edition
    admit_release(strict.study, strict.organisation.responses)
    with pytest.raises(RunError, match="minimum_extremes is 30, it was 40"):
        released(tmp_path, frame)


def words_for(*words: str, label: str = "Speed") -> Dictionary:
    theme = {"code": "speed", "label": {"en": label, "nl": label}, "words": {"en": words, "nl": words}}
    return Dictionary.model_validate_json(json.dumps({"themes": [theme]}))


def test_themes_with_another_word_are_refused_within_a_wave(tmp_path: Path) -> None:
    """Thirteen said slow, one said queue: with both means of the theme the mark of that one would follow."""
    frame = answers(SIZES, 1)
    released(tmp_path, frame)
    released(tmp_path, frame, themes=words_for("slow"))
    released(tmp_path, frame, themes=words_for("slow", label="Pace"))
    released(tmp_path, frame)
    with pytest.raises(RunError, match="ICS-738") as refused:
        released(tmp_path, frame, themes=words_for("slow", "queue"))
    assert refused.value.problems[0].message == (
        "the words that tell what comments are about are not those of the first release of this wave: "
        "with both, the marks of those who wrote a word could be worked out."
    )


# -------------------------------------------------------------------------------------------------- D09, a known joiner


def two_waves(frame: pd.DataFrame, *, gone: int) -> pd.DataFrame:
    """Return a frame in which department x had some people fewer in the wave before, and all answer as they did."""
    before = frame.drop(index=frame.index[frame["department"] == "x"][:gone])
    return pd.concat([before.assign(wave="1"), frame.assign(wave="2")], ignore_index=True)


@pytest.mark.parametrize(("joined", "hidden"), [(0, False), (1, True), (10, True), (11, False)])
def test_a_department_that_few_people_joined_is_hidden_in_the_later_wave(
    tmp_path: Path, joined: int, *, hidden: bool
) -> None:
    frame = answers({"x": 30, "y": 60, "z": 70}, 3)
    one = organisation(tmp_path, two_waves(frame, gone=joined), wave="2")
    assert one.edition.ledger.hides(RATINGS, "x") == hidden
    assert organisation(tmp_path, two_waves(frame, gone=joined), wave="1").edition.ledger.hides(RATINGS, "x") is False


@pytest.mark.parametrize(("joined_x", "joined_w", "hidden"), [(1, 10, True), (4, 10, False), (0, 11, False)])
def test_the_total_is_hidden_where_nearly_all_who_joined_are_those_of_one_department(
    tmp_path: Path, joined_x: int, joined_w: int, *, hidden: bool
) -> None:
    frame = answers({"x": 30, "w": 40, "y": 60, "z": 70}, 3)
    gone = [*frame.index[frame["department"] == "x"][:joined_x], *frame.index[frame["department"] == "w"][:joined_w]]
    both = pd.concat([frame.drop(index=gone).assign(wave="1"), frame.assign(wave="2")], ignore_index=True)
    assert organisation(tmp_path, both, wave="2").edition.ledger.hides(OUTCOME, ORGANISATION) == hidden


def test_so_it_is_where_the_earlier_wave_stands_in_another_file(tmp_path: Path) -> None:
    frame = answers({"x": 30, "y": 60, "z": 70}, 3)
    earlier = without(frame, "x", 1)
    released(tmp_path, earlier)
    other = corrected(corrected(corrected(frame, "x", 30), "y", 60), "z", 70)
    later = organisation(tmp_path, other, wave="2").edition
    assert later.ledger.hides(RATINGS, "x")
    assert not organisation(tmp_path / "elsewhere", other, wave="2").edition.ledger.hides(RATINGS, "x")


@pytest.mark.parametrize(("skipped", "hidden"), [(1, True), (10, True), (11, False)])
def test_so_is_an_item_that_few_more_people_answered_than_in_another_file(
    tmp_path: Path, skipped: int, *, hidden: bool
) -> None:
    """All 30 rated x twice; of an item that some skipped the first time, the difference is what those answered."""
    frame = answers({"x": 30, "y": 60, "z": 70}, 3)
    earlier = frame.astype({"P1": "Int64"})
    earlier.loc[earlier.index[earlier["department"] == "x"][:skipped], "P1"] = pd.NA
    released(tmp_path, earlier)
    other = corrected(corrected(corrected(frame, "x", 30), "y", 60), "z", 70)
    later = organisation(tmp_path, other, wave="2").edition.ledger
    assert later.hides("P1", "x") == hidden
    assert not later.hides(RATINGS, "x")
    assert not later.hides("R1", "x")


# ------------------------------------------------------------------------ D21, a norm that may hold our answers


@pytest.mark.parametrize(("others", "left"), [(-30, True), (0, False), (5, False), (10, True)])
def test_a_norm_with_few_others_in_it_is_not_compared_with(others: int, *, left: bool) -> None:
    values = pd.DataFrame({"mean": 3.5, "n_respondents": 35.0 + others}, index=["SA1"])
    norm = Norm(
        name="n",
        title=None,  # type: ignore[arg-type]
        population=None,  # type: ignore[arg-type]
        source=None,  # type: ignore[arg-type]
        fictional=True,
        questionnaire="q",
        version="1",
        mode="mean",  # type: ignore[arg-type]
        year=2026,
        n_organisations=5,
        n_respondents=35 + others,
        values=values,
    )
    assert norm.without_own(pd.Series({"SA1": 35}), minimum=10).values.empty != left


def test_the_same_release_has_one_name_however_many_rows_are_looked_at_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = answers(SIZES, 1)
    released(tmp_path, frame)
    (path,) = (tmp_path / "store" / RELEASED).rglob("*.parquet")
    whole = pd.read_parquet(path).to_csv(index=False).encode()
    assert path.stem == f"{blake2b(whole, digest_size=8).hexdigest()}-{FORM}"
    monkeypatch.setattr("icstats.register.ROWS_AT_ONCE", 7)
    released(tmp_path, frame)
    assert [path] == list((tmp_path / "store" / RELEASED).rglob("*.parquet"))
