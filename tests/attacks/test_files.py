"""Attackers who get the files of real runs: the reports of everybody, of one department, or of two that are pooled."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from attacks.attacker import found
from attacks.organisation import BLOCKS, ITEMS, OUTCOME, answers
from attacks.organisation import SIZES as TWELVE
from attacks.readers import (
    EVERYTHING,
    POINT,
    before_the_shuffle,
    follows,
    from_the_spread,
    narrowest,
    one_each,
    order_of_comments,
    over_two_filters,
    over_two_waves,
    part_by_subtraction,
    possible_answers,
    possible_numbers_of_skippers,
    rest_of_norm,
    right_guesses,
    surer_of_a_joiner,
    told_about,
    told_of_one_person,
    width_for_others,
)
from attacks.site import (
    cells_of_workbook,
    finest_decimals,
    means_in_pages,
    released_site,
    rows_of_site,
    rows_of_workbook,
)
from attacks.sites import (
    EXTRA_IN_NORM,
    HEADS,
    JOINED,
    SIZES,
    SKIPPED,
    STAYED,
    by_gender,
    joiners,
    n_answers,
    surveyed,
    two_waves,
)

from icstats.errors import ICStatsError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from attacks.organisation import Rows

SMALL = 10
SEED = 7
FILTERED = {"f": 12}
FAR_BEYOND_CHANCE, MOST_BY_CHANCE = 3.3, 5
"""Standard errors, and rightly named comments, that chance alone exceeds in one of a thousand."""
EVERY_ANSWER = {1, 2, 3, 4, 5}
EVEN = dict.fromkeys(EVERY_ANSWER, 0.2)


@dataclass(frozen=True, kw_only=True)
class Given:
    """The files, and what colleagues know: who rated whom, and the answers of two heads."""

    site: Path
    frame: pd.DataFrame

    def own(self, *places: str) -> dict[tuple[str, str], tuple[int, ...]]:
        """Return the answers that the first person of each of these departments knows: her own."""
        first = self.frame.groupby("department").first()
        return {(place, item): (int(first.loc[place, item]),) for place in places for item in ITEMS}


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Given:
    folder = tmp_path_factory.mktemp("organisation")
    frame = surveyed(folder, seed=1)
    return Given(site=released_site(folder, frame, norms="norm.csv", seed=SEED), frame=frame)


@pytest.fixture(scope="module")
def twelve(tmp_path_factory: pytest.TempPathFactory) -> Given:
    """Twelve departments, four of them small, and one in which all 14 give a question a 1."""
    frame = answers(TWELVE, 1)
    frame.loc[frame["department"] == "f", "O2"] = 1
    return Given(site=released_site(tmp_path_factory.mktemp("twelve"), frame, norms="departments"), frame=frame)


# ------------------------------------------------------------------------------------- D01, D02, D14, D16, all files


@pytest.mark.parametrize("place", [place for place, n in TWELVE.items() if n <= SMALL])
def test_d01_no_file_gives_a_number_about_a_small_department(twelve: Given, place: str) -> None:
    assert told_about(twelve.site, place) == []


def test_d01_the_attacker_finds_what_is_told_of_others(twelve: Given) -> None:
    told = told_about(twelve.site, "k")
    assert {"workbook: SA1 mean", "SA1 mean"} <= set(told)
    assert any(one.startswith("overview.html") for one in told)


@pytest.mark.parametrize("readers", [(), ("a", "b"), ("c", "d")], ids=["alone", "two of a and b", "two of c and d"])
def test_d02_the_total_minus_what_is_shown_gives_no_small_department(twelve: Given, readers: tuple[str, ...]) -> None:
    small = [place for place, n in TWELVE.items() if n <= SMALL]
    targets = [(place, code) for place in small for code in (OUTCOME, "P1", "O2", "product")]
    known = one_each(twelve.frame, readers)
    assert narrowest(twelve.site, TWELVE, targets, known=known) >= POINT


@pytest.mark.parametrize("readers", [(), ("f", "e")], ids=["alone", "two of f and e"])
def test_d14_what_all_of_a_department_said_is_not_found(twelve: Given, readers: tuple[str, ...]) -> None:
    known = one_each(twelve.frame, readers)
    assert narrowest(twelve.site, TWELVE, [("f", "O2")], known=known) >= POINT


def test_d16_nothing_that_is_one_persons_answer_is_in_any_file(twelve: Given, given: Given) -> None:
    assert told_of_one_person(twelve.site) == []
    assert told_of_one_person(given.site) == []


def test_how_much_departments_differ_does_not_narrow_a_hidden_mean(tmp_path: Path) -> None:
    """Where all are alike, the agreement of raters once told that a hidden department is like the others."""
    sizes = {"x": 100, "y": 140, "z": 90, "v": 10, "w": 12}
    frame = answers({"all": sum(sizes.values())}, 3)
    frame["department"] = [place for place, n in sizes.items() for _ in range(n)]
    site = released_site(tmp_path, frame)
    assert found(rows_of_site(site), kind="Agreement", variable=OUTCOME, statistic="icc1")
    for code in (OUTCOME, *BLOCKS):
        low, high = from_the_spread(site, sizes, "v", code)
        assert high - low >= POINT


def test_the_workbook_holds_the_numbers_of_the_rows_and_no_others(given: Given) -> None:
    """So what is found in the rows of ``results.json`` is found in every file."""
    rows = {(row["variable"], row["statistic"], row["estimate"], row["n"]) for row in rows_of_site(given.site)}
    sheets = {row[1:] for row in rows_of_workbook(given.site)}
    assert sheets == {row for row in rows if row[2] is not None}


# -------------------------------------------------------------------------------------------------- D09, two waves


@dataclass(frozen=True, kw_only=True)
class Waves:
    """The rows of the files of two waves, and what colleagues know."""

    rows: dict[str, Rows]
    frame: pd.DataFrame


@pytest.fixture(scope="module")
def waves(tmp_path_factory: pytest.TempPathFactory) -> Waves:
    folder, frame = tmp_path_factory.mktemp("waves"), two_waves(seed=1)
    return Waves(rows={wave: rows_of_site(released_site(folder, frame, wave=wave)) for wave in ("1", "2")}, frame=frame)


def test_d09_what_joiners_answered_is_not_found_by_two_waves(waves: Waves) -> None:
    """One joined x; ten joined w, and the reader is one of them or knows nine."""
    for item in (OUTCOME, "P1", "O2"):
        known = {("w joined", item): joiners(waves.frame, "w", item)[:1]}
        attacker = over_two_waves(waves.rows, STAYED, JOINED, known)
        for place in JOINED:
            low, high = attacker.interval(f"{place} joined", item)
            assert high - low >= 3.0
            gain = surer_of_a_joiner(
                waves.rows, place, item, before=STAYED[place], joined=joiners(waves.frame, place, item), shares=EVEN
            )
            assert gain <= 0.05


def test_d09_the_attacker_finds_a_joiner_where_both_means_are_shown(waves: Waves) -> None:
    """She is no straw man: with both waves in the open she is surer, or the answer was not to be told."""
    later = waves.frame[(waves.frame["wave"] == "2") & (waves.frame["department"] == "x")]
    naive = {
        wave: [
            {"kind": "Summary", "department": "x", "variable": item, "statistic": "mean", "estimate": round(mean, 1)}
            for item, mean in part[list(ITEMS)].mean().items()
        ]
        for wave, part in (("1", later[:-1]), ("2", later))
    }
    gains = [
        surer_of_a_joiner(naive, "x", item, before=19, joined=joiners(waves.frame, "x", item), shares=EVEN)
        for item in ITEMS
    ]
    assert max(gains) > 0.05


# ------------------------------------------------------------------------------ D12, a filter that is let through


def test_d12_two_heads_pool_what_was_released_before_and_after_a_filter(tmp_path: Path) -> None:
    """A filter that leaves twelve of f out is let through; no group under eleven follows from both releases."""
    frame = surveyed(tmp_path, seed=2)
    before = rows_of_site(released_site(tmp_path, frame, norms="norm.csv"))
    gone = frame.index[frame["department"] == "f"][1 : FILTERED["f"] + 1]
    after = rows_of_site(released_site(tmp_path, frame.drop(index=gone), norms="norm.csv"))
    attacker = over_two_filters(before, after, SIZES, without=FILTERED, known=one_each(frame, HEADS))
    small = [place for place, n in SIZES.items() if n <= SMALL]
    intervals = [attacker.interval(place, code) for place in small for code in (OUTCOME, "P2")]
    assert min(high - low for low, high in intervals) >= POINT


# ------------------------------------------------------------------------------------- D07, D18, D20, D21, all files


@pytest.mark.parametrize("code", [OUTCOME, "P1", "product"])
@pytest.mark.parametrize("place", [place for place, n in SIZES.items() if n - 1 < SMALL])
def test_d20_a_reader_who_takes_her_own_answers_off_finds_no_nine_others(given: Given, place: str, code: str) -> None:
    assert width_for_others(given.site, SIZES, given.own(place), (place, code)) >= POINT


def test_d20_ten_others_are_what_may_be_known(given: Given) -> None:
    """The attacker is no straw man: where a number is shown she finds it, within its rounding."""
    smallest = min(n for n in SIZES.values() if n > SMALL)
    (place,) = [place for place, n in SIZES.items() if n == smallest]
    own = given.own(place)
    assert width_for_others(given.site, SIZES, own, (place, OUTCOME)) == pytest.approx(0.1 * smallest / SMALL, abs=0.01)


@pytest.mark.parametrize("place", [place for place, n in SIZES.items() if n - 1 < SMALL])
def test_d20_two_heads_who_put_the_reports_of_their_departments_together_find_no_more(given: Given, place: str) -> None:
    alone = width_for_others(given.site, SIZES, given.own(place), (place, OUTCOME), departments=[place])
    other = next(head for head in HEADS if head != place)
    pooled = width_for_others(given.site, SIZES, given.own(place, other), (place, OUTCOME), departments=[place, *HEADS])
    assert pooled >= min(alone, POINT)


def test_d20_what_is_not_covered_two_who_rated_the_same_department(given: Given) -> None:
    """README and policy say so; `readers: 2` in the policy would cover them."""
    (place,) = [place for place, n in SIZES.items() if n == SMALL + 1]
    both = given.frame[given.frame["department"] == place].head(2)
    own = {(place, item): tuple(int(answer) for answer in both[item]) for item in ITEMS}
    assert width_for_others(given.site, SIZES, own, (place, OUTCOME)) < POINT


@pytest.mark.parametrize("place", sorted({place for place, _ in SKIPPED}))
@pytest.mark.parametrize("heads", [(), HEADS], ids=["alone", "two heads"])
def test_d07_who_skipped_an_item_is_not_found_by_what_differs_without_her(
    given: Given, place: str, heads: tuple[str, ...]
) -> None:
    shown = [place, *heads] if heads else None
    for code in ("P2", OUTCOME):
        known = {cell: one for cell, one in given.own(*heads).items() if cell != (place, code)}
        assert possible_answers(
            given.site, SIZES, SKIPPED, (place, code), known=known, departments=shown
        ) == EVERY_ANSWER  # fmt: skip


def test_d07_n_of_an_item_is_a_band_below_a_hundred(given: Given) -> None:
    for cell in (cell for cell in SKIPPED if SIZES[cell[0]] < 100):
        assert len(possible_numbers_of_skippers(given.site, SIZES[cell[0]], cell)) >= 5


def test_d21_a_norm_with_five_others_in_it_is_not_shown(given: Given) -> None:
    for code, extra in EXTRA_IN_NORM.items():
        n = n_answers(given.frame, code)
        low, high = rest_of_norm(given.site, code, n_norm=n + extra, n_ours=n)
        assert (low, high) == EVERYTHING or extra >= SMALL
    shown = {row["variable"] for row in rows_of_site(given.site) if row["statistic"] == "norm"}
    assert shown & set(EXTRA_IN_NORM) == {code for code, extra in EXTRA_IN_NORM.items() if extra >= SMALL}


def test_d18_the_order_of_comments_follows_neither_rows_nor_scores(given: Given) -> None:
    """Also not for a reader who undoes the shuffle with the program and the seed of the run card."""
    (place,) = [place for place, n in SIZES.items() if n == max(SIZES.values())]
    shown = order_of_comments(given.site, place)
    marks = given.frame.loc[given.frame["department"] == place, OUTCOME].astype(float).tolist()
    assert sorted(shown) == list(range(len(marks)))
    for order in (shown, before_the_shuffle(shown, seed=SEED, department=place)):
        assert abs(follows(order)) < FAR_BEYOND_CHANCE
        assert abs(follows(order, marks)) < FAR_BEYOND_CHANCE
        assert right_guesses(order) <= MOST_BY_CHANCE


def test_d18_the_attacker_undoes_a_shuffle(given: Given) -> None:
    (place,) = [place for place, n in SIZES.items() if n == max(SIZES.values())]
    page = (given.site / place / "department_report.html").read_text(encoding="utf-8")
    texts = {int(text.rpartition(" ")[2]): text for text in re.findall(r"\w+ in remark \d+", page)}
    undone = before_the_shuffle(order_of_comments(given.site, place), seed=SEED, department=place)
    assert [texts[number] for number in undone] == sorted(texts.values())


def test_d04_no_file_holds_a_finer_number_than_the_rows(given: Given) -> None:
    """p-values have three decimals; the means in pages and sheets are those of the rows."""
    assert finest_decimals(given.site) <= 3
    rows = {
        (row["department"], row["variable"]): row["estimate"]
        for row in rows_of_site(given.site)
        if row["kind"] == "Summary" and row["statistic"] == "mean" and row["estimate"] is not None
    }
    for place in SIZES:
        for item in ITEMS:
            told = means_in_pages(given.site, place, item)
            assert not told or rows[place, item] in told
            assert all(number == round(number, 1) for number in told if (place, item) in rows)
    in_sheets = {number for row in cells_of_workbook(given.site) if row[3:4] == ("mean",) for number in row[4:7]}
    assert {number for number in in_sheets if number and len(number.partition(".")[2]) > 1} == set()


# ----------------------------------------------------------------------------------- D05, one department by gender


def test_d05_of_sixty_people_with_eight_men_neither_women_nor_men_are_shown(tmp_path: Path) -> None:
    sizes = {"women": 52, "men": 8}
    site = released_site(tmp_path, answers(sizes, 1))
    assert {row["department"] for row in rows_of_site(site) if row["estimate"] is not None} == {"organisation"}
    low, high = part_by_subtraction(site, site, sizes, "men", OUTCOME, of="organisation")
    assert high - low >= POINT


def test_d05_a_department_that_was_shown_is_not_shown_again_by_gender(tmp_path: Path) -> None:
    whole, parts = by_gender(seed=1)
    site = released_site(tmp_path, whole)
    before = {path: path.read_bytes() for path in site.rglob("*") if path.is_file()}
    with pytest.raises(ICStatsError, match="ICS-713") as refused:
        released_site(tmp_path, parts)
    assert "ratings moved from hr to departments that are not shown" in str(refused.value)
    assert {path: path.read_bytes() for path in site.rglob("*") if path.is_file()} == before
    low, high = part_by_subtraction(site, site, {"hr-women": 52, "hr-men": 8}, "hr-men", OUTCOME, of="hr")
    assert (low, high) == EVERYTHING
