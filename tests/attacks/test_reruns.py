"""Two releases of one survey: whoever keeps both subtracts one from the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from attacks.organisation import ITEMS, OUTCOME, Organisation, answers, organisation

from icstats.decisions import HIDDEN, RELEASED
from icstats.edition import admit_release
from icstats.errors import RunError
from icstats.ledger import RATINGS
from icstats.storekey import key_of_store
from icstats.study import Policy

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SIZES = {"a": 4, "b": 9, "c": 14, "d": 24, "e": 40, "f": 60}


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
    assert refusal(tmp_path, make(frame)) == f"fewer than 10 ratings away: {told}"


@pytest.mark.parametrize(
    "change",
    [
        lambda frame: frame,
        lambda frame: frame.sample(frac=1, random_state=1),
        lambda frame: renamed(frame, "d", "z"),
        lambda frame: late(frame, "d", 10),
        lambda frame: corrected(frame, "e", 12),
        lambda frame: without(frame, "f", 60),
        lambda frame: renamed(frame, "e", "d"),
    ],
    ids=["the same", "rows shuffled", "renamed", "ten late", "twelve corrected", "left out", "two large ones merged"],
)
def test_the_same_ratings_and_differences_of_many_are_released(
    tmp_path: Path, change: Callable[[pd.DataFrame], pd.DataFrame]
) -> None:
    frame = answers(SIZES, 1)
    released(tmp_path, frame)
    released(tmp_path, change(frame))


def test_every_earlier_release_counts_and_not_the_last_only(tmp_path: Path) -> None:
    frame = answers(SIZES, 1)
    released(tmp_path, frame)
    released(tmp_path, late(frame, "d", 10))
    assert refusal(tmp_path, late(frame, "d", 11)) == "fewer than 10 ratings away: new ratings of d."


def test_another_name_of_the_study_or_the_wave_is_no_way_round(tmp_path: Path) -> None:
    frame = answers(SIZES, 1)
    released(tmp_path, frame, name="first")
    assert refusal(tmp_path, late(frame, "d", 1), name="second") == "fewer than 10 ratings away: new ratings of d."


def test_a_next_wave_with_other_answers_is_another_survey(tmp_path: Path) -> None:
    released(tmp_path, answers(SIZES, 1), name="first")
    released(tmp_path, late(answers(SIZES, 2), "d", 1), name="second")


def test_ratings_without_respondents_are_known_by_their_answers(tmp_path: Path) -> None:
    frame = answers(SIZES, 1).drop(columns="respondent")
    released(tmp_path, frame)
    released(tmp_path, frame.sample(frac=1, random_state=2))
    assert refusal(tmp_path, frame.drop(index=frame.index[-1])) == "fewer than 10 ratings away: ratings of f left out."


def test_what_was_hidden_once_stays_hidden(tmp_path: Path) -> None:
    frame = answers(SIZES, 1)
    first = released(tmp_path, frame)
    assert first.edition.ledger.shown(RATINGS) == ("d", "e", "f")
    again = organisation(tmp_path, late(frame, "b", 10))
    assert again.edition.ledger.hides(RATINGS, "b")
    admit_release(again.edition.study, again.edition.organisation.responses)
    fresh = organisation(tmp_path / "elsewhere", late(frame, "b", 10))
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
    assert len(before) == 2


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
    assert list(table) == ["department", "who", "what"]
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
