"""Attackers who get the files of real runs: the reports of everybody, of one department, or of two that are pooled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest
from attacks.organisation import ITEMS, OUTCOME, answers
from attacks.readers import (
    EVERYTHING,
    POINT,
    follows,
    order_of_comments,
    part_by_subtraction,
    possible_answers,
    possible_numbers_of_skippers,
    rest_of_norm,
    width_for_others,
)
from attacks.site import cells_of_workbook, finest_decimals, means_in_pages, released_site, rows_of_site
from attacks.sites import EXTRA_IN_NORM, HEADS, SIZES, SKIPPED, by_gender, n_answers, surveyed

from icstats.errors import ICStatsError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

SMALL = 10
EVERY_ANSWER = {1, 2, 3, 4, 5}


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
    return Given(site=released_site(folder, frame, norms="norm.csv"), frame=frame)


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
    (place,) = [place for place, n in SIZES.items() if n == max(SIZES.values())]
    order = order_of_comments(given.site, place)
    rows = given.frame[given.frame["department"] == place].reset_index(drop=True)
    assert sorted(order) == list(range(len(rows)))
    assert abs(follows(order)) < 4 / np.sqrt(len(rows))
    assert abs(follows(order, rows[OUTCOME].tolist())) < 4 / np.sqrt(len(rows))


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
