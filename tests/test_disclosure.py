"""The door: nothing small, nothing precise and nobody comes through."""

from __future__ import annotations

import pickle
import struct
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

import made
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icstats.disclosure import HIDDEN, RATINGS, Ledger, Released, gathered, open_ledger, release, shown_n
from icstats.errors import DisclosureError
from icstats.results import ORGANISATION, Result
from icstats.study import FLOOR, Policy

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

POLICY = Policy()
SIZES = {"a": 3, "b": 6, "c": 9, "d": 10, "e": 11, "f": 14, "g": 19, "h": 20, "i": 35, "j": 60, "k": 120, "l": 400}


def ledger_of(cells: dict[str, dict[str, int]], department: str = ORGANISATION, policy: Policy = POLICY) -> Ledger:
    return open_ledger(made.counts(cells), policy=policy, department=department)


def open_for(*variables: str, n: int = 214, department: str = "hr") -> Ledger:
    counts = dict.fromkeys((RATINGS, *variables), n)
    return ledger_of({department: counts, "other": dict.fromkeys((RATINGS, *variables), 500)}, department)


def hidden_departments(ledger: Ledger, variable: str) -> set[str]:
    return {place for place, name in ledger.hidden if name == variable and place != ORGANISATION}


# ------------------------------------------------------------------------------------------------------ the ledger


def test_departments_under_the_minimum_are_hidden_together() -> None:
    ledger = ledger_of({place: {RATINGS: n} for place, n in SIZES.items()})
    assert hidden_departments(ledger, RATINGS) == {"a", "b", "c", "d"}
    assert ledger.shown(RATINGS) == tuple("efghijkl")
    assert not ledger.hides(RATINGS)


@pytest.mark.parametrize(("readers", "smallest"), [(0, 10), (1, 11), (3, 13)])
def test_what_a_reader_answered_does_not_count(readers: int, smallest: int) -> None:
    policy = Policy(readers=readers)
    for n, hidden in ((smallest - 1, True), (smallest, False)):
        sizes = {"a": {RATINGS: n, "q": n}, "b": {RATINGS: 60, "q": 60}, "c": {RATINGS: 70, "q": 70}}
        counts = made.counts(sizes)
        ledger = open_ledger(counts, policy=policy, department="a")
        assert ledger.hides(RATINGS) == hidden
        everything_open = open_ledger(made.counts({"a": {RATINGS: 90, "q": 90}}), policy=policy, department="a")
        shown = release(made.summary_of({"q": 3.2}, n=n), policy=policy, ledger=everything_open)
        assert set(shown.rows["mark"] == HIDDEN) >= {hidden}


def test_one_hidden_department_takes_the_next_smallest_along() -> None:
    ledger = ledger_of({"a": {RATINGS: 4}, "b": {RATINGS: 80}, "c": {RATINGS: 30}, "d": {RATINGS: 60}})
    assert hidden_departments(ledger, RATINGS) == {"a", "c"}


def test_hidden_people_are_at_least_the_minimum() -> None:
    ledger = ledger_of({"a": {RATINGS: 2}, "b": {RATINGS: 3}, "c": {RATINGS: 30}, "d": {RATINGS: 60}})
    assert hidden_departments(ledger, RATINGS) == {"a", "b", "c"}


def test_a_small_department_is_never_nearly_all_that_is_hidden() -> None:
    ledger = ledger_of({"a": {RATINGS: 9}, "b": {RATINGS: 1}, "c": {RATINGS: 30}, "d": {RATINGS: 60}})
    assert hidden_departments(ledger, RATINGS) == {"a", "b", "c"}


@pytest.mark.parametrize(("largest", "others", "enough"), [(9, 3, False), (9, 4, True), (7, 6, True), (6, 10, True)])
def test_what_is_hidden_with_a_small_department_leaves_its_mean_in_doubt(
    largest: int, others: int, *, enough: bool
) -> None:
    """Known exactly are the total and an own answer; the others' answers are anything from 1 to 5."""
    in_doubt = 4 * (others - POLICY.readers) / largest
    assert (in_doubt > 1.0) == enough
    ledger = ledger_of({"a": {RATINGS: largest}, "b": {RATINGS: others}, "c": {RATINGS: 30}, "d": {RATINGS: 60}})
    assert hidden_departments(ledger, RATINGS) == ({"a", "b"} if enough else {"a", "b", "c"})


def with_means(means: dict[str, tuple[int, float, float]]) -> Ledger:
    """Return the ledger of one item on a scale from 1 to 5: department -> n, mean, sd."""
    rows = [
        {"department": place, "variable": name, "n": n, "mean": mean, "sd": sd, "minimum": 1.0, "maximum": 5.0}
        for place, (n, mean, sd) in means.items()
        for name in ("q", RATINGS)
    ]
    counts = pd.DataFrame(rows)
    counts.loc[counts["variable"] == RATINGS, ["mean", "sd", "minimum", "maximum"]] = np.nan
    return open_ledger(counts, policy=POLICY)


@pytest.mark.parametrize(
    ("n", "mean", "sd", "hidden"),
    [
        (12, 5.0, 0.0, {"a", "b"}),
        (12, 4.9, 0.3, {"a", "b"}),
        (12, 3.0, 0.0, {"a", "b"}),
        (12, 4.8, 0.4, set()),
        (30, 5.0, 0.0, set()),
    ],
)
def test_a_mean_that_gives_single_answers_away_is_hidden_with_another(
    n: int, mean: float, sd: float, hidden: set[str]
) -> None:
    ledger = with_means({"a": (n, mean, sd), "b": (14, 3.4, 0.9), "c": (80, 3.6, 0.9)})
    assert hidden_departments(ledger, "q") == hidden
    assert hidden_departments(ledger, RATINGS) == set()


def test_departments_hidden_together_do_not_all_say_the_same() -> None:
    ledger = with_means({"a": (6, 5.0, 0.0), "b": (6, 4.9, 0.2), "c": (20, 3.4, 0.9), "d": (80, 3.6, 0.9)})
    assert hidden_departments(ledger, RATINGS) == {"a", "b"}
    assert hidden_departments(ledger, "q") == {"a", "b", "c"}


def test_nothing_is_hidden_for_a_total_that_is_never_shown() -> None:
    cells = {place: {RATINGS: 60, "own": n} for place, n in {"a": 9, "b": 40, "c": 50}.items()}
    ledger = open_ledger(made.counts(cells), policy=POLICY, without_total=["own"])
    assert hidden_departments(ledger, "own") == {"a"}
    assert ledger.hides("own", ORGANISATION)


def test_a_department_that_was_not_asked_hides_nobody() -> None:
    cells = {"a": {RATINGS: 40, "q": 0}, "b": {RATINGS: 50, "q": 9}, "c": {RATINGS: 60, "q": 60}, "d": {RATINGS: 70}}
    ledger = ledger_of(cells)
    assert hidden_departments(ledger, "q") == {"a", "b", "c", "d"}
    assert ledger.shown(RATINGS) == ("a", "b", "c", "d")
    assert not ledger.hides("q", ORGANISATION)


def test_all_departments_hidden_leaves_the_total_when_that_is_large_enough() -> None:
    ledger = ledger_of({"a": {RATINGS: 4, "q": 4}, "b": {RATINGS: 7, "q": 5}})
    assert ledger.shown(RATINGS) == ()
    assert not ledger.hides(RATINGS, ORGANISATION)
    assert ledger.hides("q", ORGANISATION)


def test_a_department_whose_ratings_are_hidden_is_hidden_altogether() -> None:
    cells = {place: {RATINGS: n, "q": n} for place, n in {"a": 4, "b": 30, "c": 31, "d": 60}.items()}
    cells["b"]["q"] = 29
    cells["c"]["q"] = 20
    ledger = ledger_of(cells)
    assert hidden_departments(ledger, RATINGS) == {"a", "b"}
    assert hidden_departments(ledger, "q") == {"a", "b"}


def test_what_was_not_counted_is_hidden_where_the_ratings_are() -> None:
    ledger = ledger_of({"a": {RATINGS: 4}, "b": {RATINGS: 80}, "c": {RATINGS: 30}})
    assert ledger.hides("model", "a")
    assert ledger.hides("model", "c")
    assert not ledger.hides("model", "b")
    assert ledger_of({"a": {"q": 50}}).hides("model", "a")


def test_a_ledger_moves_to_another_department_with_the_same_decisions() -> None:
    ledger = ledger_of({"a": {RATINGS: 4}, "b": {RATINGS: 80}, "c": {RATINGS: 30}})
    assert ledger.at("a").hidden == ledger.hidden
    assert ledger.at("a").hides(RATINGS)
    assert not ledger.at("b").hides(RATINGS)


def test_the_ledger_shows_no_counts() -> None:
    ledger = ledger_of({"a": {RATINGS: 4}, "b": {RATINGS: 8317}, "c": {RATINGS: 30}})
    assert repr(ledger) == "<Ledger of 3 departments, at organisation>"
    assert b"8317" not in pickle.dumps(ledger)
    assert struct.pack("<i", 8317)[:2] not in pickle.dumps(ledger)


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        (
            pd.DataFrame({"department": ["a"], "n": [4]}),
            "The counts need the columns department, variable and n, and at least one row. [ICS-602]",
        ),
        (
            made.counts({"a": {RATINGS: -1}}),
            "The counts hold a number that is not a whole number of at least 0. [ICS-602]",
        ),
        (
            pd.concat([made.counts({"a": {RATINGS: 30}})] * 2),
            "The counts hold the same department and variable twice. [ICS-602]",
        ),
        (
            made.counts({ORGANISATION: {RATINGS: 30}}),
            'The counts are per department; "organisation" is their total and may not be one of them. [ICS-602]',
        ),
    ],
)
def test_counts_that_cannot_be_are_refused(counts: pd.DataFrame, message: str) -> None:
    with pytest.raises(DisclosureError) as refusal:
        open_ledger(counts, policy=POLICY)
    assert str(refusal.value) == message


def test_a_department_without_counts_is_refused() -> None:
    message = 'There are no counts for department "legal": what may be shown of it was never decided. [ICS-601]'
    ledger = ledger_of({"a": {RATINGS: 40}})
    for ask in (lambda: ledger.at("legal"), lambda: ledger.hides(RATINGS, "legal")):
        with pytest.raises(DisclosureError) as refusal:
            ask()
        assert str(refusal.value) == message


tables_of_counts = st.integers(1, 8).flatmap(
    lambda n_departments: st.lists(
        st.lists(st.integers(0, 40), min_size=n_departments, max_size=n_departments), min_size=1, max_size=4
    )
)


@given(columns=tables_of_counts, others=st.integers(FLOOR, 20), readers=st.integers(0, 2))
@settings(deadline=None)
def test_nothing_small_is_shown_or_can_be_found_by_subtraction(
    columns: list[list[int]], others: int, readers: int
) -> None:
    minimum = others + readers
    answered = {f"q{place}": column for place, column in enumerate(columns)}
    answered[RATINGS] = [max(values) for values in zip(*columns, strict=True)]
    cells = {
        f"d{place}": {variable: column[place] for variable, column in answered.items()}
        for place in range(len(columns[0]))
    }
    ledger = ledger_of(cells, policy=Policy(minimum_group=others, readers=readers))
    for variable in answered:
        sizes = {place: cells[place][variable] for place in cells}
        hidden = hidden_departments(ledger, variable)
        hidden_sizes = [sizes[place] for place in hidden if sizes[place] > 0]
        total = sum(sizes.values())
        assert {place for place, n in sizes.items() if n < minimum} <= hidden
        assert ledger.hides(variable, ORGANISATION) == (total < minimum)
        assert set(ledger.shown(variable)) == set(sizes) - hidden
        if total >= minimum:
            assert sum(hidden_sizes) == 0 or sum(hidden_sizes) >= minimum
            answering = [n for n in sizes.values() if n > 0]
            assert len(hidden_sizes) != 1 or (len(answering) == 1 and answering[0] >= minimum)
        if all(n >= minimum for row in cells.values() for n in row.values()):
            assert hidden == set()


@given(columns=tables_of_counts)
@settings(deadline=None)
def test_an_attacker_with_every_unrounded_total_cannot_solve_a_hidden_cell(columns: list[list[int]]) -> None:
    """Unknown are the sums of hidden departments; known is their total, all shown sums taken off."""
    sizes = {f"d{place}": column for place, column in enumerate(zip(*columns, strict=True))}
    cells = {
        place: {RATINGS: max(row), **{f"q{number}": n for number, n in enumerate(row)}} for place, row in sizes.items()
    }
    ledger = ledger_of(cells)
    for variable in ledger.variables:
        unknown = [place for place in cells if ledger.hides(variable, place) and cells[place][variable] > 0]
        if not unknown or ledger.hides(variable, ORGANISATION):
            continue
        equations = np.ones((1, len(unknown)))
        free = np.eye(len(unknown)) - np.linalg.pinv(equations) @ equations
        solved = np.abs(np.diag(free)) < 1e-9
        assert not [
            place for place, known in zip(unknown, solved, strict=True) if known and cells[place][variable] < 11
        ]


PARTS = {"process": ("R1", "R2", "R3"), "product": ("P1", "P2")}
CODES = ("process", "R1", "R2", "R3", "product", "P1", "P2")


def complete(sizes: dict[str, int], **fewer: int) -> dict[str, dict[str, int]]:
    """Everybody answered everything, apart from the cells named department__variable."""
    cells = {place: dict.fromkeys((RATINGS, *CODES), n) for place, n in sizes.items()}
    for name, n in fewer.items():
        place, _, variable = name.partition("__")
        cells[place][variable] = n
    return cells


def with_parts(cells: dict[str, dict[str, int]]) -> Ledger:
    return open_ledger(made.counts(cells), policy=POLICY, parts=PARTS)


def test_a_score_does_not_give_its_only_hidden_item_away() -> None:
    cells = complete({"a": 14, "b": 19, "c": 60}, a__R2=9)
    alone = ledger_of(cells)
    assert {cell for cell in alone.hidden if cell[1] in CODES} == {("a", "R2"), ("b", "R2")}
    together = with_parts(cells)
    assert {cell for cell in together.hidden if cell[1] in CODES} == {
        (place, name) for place in ("a", "b") for name in ("R1", "R2")
    }


def test_a_score_of_one_item_is_hidden_with_it() -> None:
    cells = {place: {RATINGS: n, "block": n, "only": n} for place, n in {"a": 14, "b": 19, "c": 60}.items()}
    cells["a"]["only"] = 9
    ledger = open_ledger(made.counts(cells), policy=POLICY, parts={"block": ["only"]})
    assert ledger.shown("block") == ledger.shown("only") == ("c",)


def test_scores_change_nothing_where_nothing_is_hidden() -> None:
    cells = complete({"a": 14, "b": 19, "c": 60})
    assert with_parts(cells).hidden == frozenset()


def follow(cells: Collection[tuple[str, str]], ledger: Ledger, asked: dict[str, dict[str, int]]) -> bool:
    """Whether the sum of hidden answers is a combination of the totals and scores that are shown."""
    unknown = [one for one in ledger.hidden if one[0] != ORGANISATION and asked[one[0]][one[1]] > 0]
    rows = [
        [1.0 if name == total else 0.0 for _, name in unknown]
        for total in (RATINGS, *CODES)
        if not ledger.hides(total, ORGANISATION)
    ]
    for place in asked:
        for score, items in PARTS.items():
            given = [item for item in items if asked[place][item] > 0]
            if given and asked[place][score] > 0:
                factors = {(place, score): -float(len(given)), **{(place, item): 1.0 for item in given}}
                rows.append([factors.get(one, 0.0) for one in unknown])
    wanted = np.array([1.0 if one in cells else 0.0 for one in unknown])
    if not rows:
        return False
    matrix = np.array(rows).T
    found = np.linalg.lstsq(matrix, wanted, rcond=None)[0]
    return bool(np.abs(matrix @ found - wanted).max() < 1e-7)


answers = st.lists(
    st.tuples(st.integers(2, 40), st.lists(st.sampled_from([0, 0, 0, 3, 9]), min_size=7, max_size=7)),
    min_size=2,
    max_size=5,
)


def small_sets(asked: dict[str, dict[str, int]], ledger: Ledger) -> list[tuple[tuple[str, str], ...]]:
    """Return every set of cells of one variable with fewer answers than may be known."""
    sets = []
    for name in ledger.variables:
        places = [place for place in asked if 0 < asked[place][name] < POLICY.minimum_answers]
        for count in range(1, len(places) + 1):
            sets += [
                tuple((place, name) for place in chosen)
                for chosen in combinations(places, count)
                if sum(asked[place][name] for place in chosen) < POLICY.minimum_answers
            ]
    return sets


@given(departments=answers)
@settings(deadline=None)
def test_an_attacker_who_knows_how_scores_are_made_cannot_solve_few_answers(
    departments: list[tuple[int, list[int]]],
) -> None:
    asked = {
        f"d{place}": {
            RATINGS: size,
            **{
                name: 0 if loss == 9 and place else max(size - loss, 0)
                for name, loss in zip(CODES, losses, strict=True)
            },
        }
        for place, (size, losses) in enumerate(departments)
    }
    ledger = with_parts(asked)
    sets = small_sets(asked, ledger)
    assert {cell for cells in sets for cell in cells} <= ledger.hidden
    assert [cells for cells in sets if follow(cells, ledger, asked)] == []


# ------------------------------------------------------------------------------------------------------- the policy


def test_a_policy_under_the_floor_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="greater than or equal to 5"):
        Policy(minimum_group=FLOOR - 1)


def by_construct() -> Policy:
    return Policy.model_construct(**{**POLICY.model_dump(), "minimum_group": 1})


def by_setattr() -> Policy:
    policy = Policy()
    object.__setattr__(policy, "minimum_group", 1)
    return policy


def by_dict() -> Policy:
    policy = Policy()
    policy.__dict__["minimum_group"] = 1
    return policy


def by_copy() -> Policy:
    return POLICY.model_copy(update={"minimum_group": 1})


def by_subclass() -> Policy:
    class Loose(Policy):
        minimum_group: int = 1

    return Loose()


@pytest.mark.parametrize("bypass", [by_construct, by_setattr, by_dict, by_copy, by_subclass])
def test_a_policy_that_went_round_its_checks_is_refused(bypass: Callable[[], Policy]) -> None:
    message = (
        "The policy is not one that may be used: minimum_group: Input should be greater than or equal to 5. [ICS-607]"
    )
    with pytest.raises(DisclosureError) as refusal:
        release(made.summary_of({"q": 3.2}), policy=bypass(), ledger=open_for("q"))
    assert str(refusal.value) == message
    with pytest.raises(DisclosureError) as refusal:
        open_ledger(made.counts({"a": {RATINGS: 40}}), policy=bypass())
    assert str(refusal.value) == message


def test_more_decimals_than_allowed_are_refused() -> None:
    fine = POLICY.model_copy(update={"decimals_points": 6})
    with pytest.raises(DisclosureError) as refusal:
        release(made.summary_of({"q": 3.2}), policy=fine, ledger=open_for("q"))
    assert str(refusal.value) == (
        "The policy is not one that may be used: decimals_points: Input should be less than or equal to 1. [ICS-607]"
    )


def test_something_else_than_a_policy_a_result_or_a_ledger_is_refused() -> None:
    result, ledger = made.summary_of({"q": 3.2}), open_for("q")
    with pytest.raises(DisclosureError) as refusal:
        release(result, policy={"minimum_group": 10}, ledger=ledger)  # type: ignore[arg-type]
    assert str(refusal.value) == "A release needs a policy. [ICS-607]"
    with pytest.raises(DisclosureError) as refusal:
        release(result.data, policy=POLICY, ledger=ledger)  # type: ignore[arg-type]
    assert str(refusal.value) == "Only a result can be released, not DataFrame. [ICS-606]"
    with pytest.raises(DisclosureError) as refusal:
        release(result, policy=POLICY, ledger=None)  # type: ignore[arg-type]
    assert str(refusal.value) == "A release needs the ledger of the survey: see open_ledger. [ICS-606]"


# ------------------------------------------------------------------------------------------------------ what is shown


def test_numbers_are_rounded_by_their_unit() -> None:
    rows = [
        made.mean_row("q", 3.87654321, 214),
        made.share_row("q", "satisfied", 0.56789, 214),
        {**made.mean_row("q", 0.87654, 214), "statistic": "item_rest", "unit": "coefficient", "p_value": 0.04567},
    ]
    shown = release(made.summary(rows), policy=POLICY, ledger=open_for("q")).rows
    assert shown["estimate"].tolist() == [3.9, 0.57, 0.88]
    assert shown["conf_low"].tolist() == [3.6, 0.52, 0.64]
    assert shown["conf_high"].tolist() == [4.1, 0.61, 1.11]
    assert shown["p_value"].tolist()[2] == 0.046
    assert shown["n"].tolist() == ["214"] * 3


def test_a_very_small_p_value_is_not_told_apart_from_one_in_a_thousand() -> None:
    row = {**made.mean_row("q", 3.2, 214), "p_value": 1.2e-9, "p_adjusted": 0.0}
    shown = release(made.summary([row]), policy=POLICY, ledger=open_for("q")).rows
    assert shown["p_value"].tolist() == [0.001]
    assert shown["p_adjusted"].tolist() == [0.001]


def test_columns_are_the_promised_ones_and_nothing_else() -> None:
    row = {**made.mean_row("q", 3.2, 214), "favourite_respondent": 17, "median": 3.123}
    shown = release(made.summary([row]), policy=POLICY, ledger=open_for("q")).rows
    assert list(shown.columns) == [
        *("department", "variable", "statistic", "estimate", "conf_low", "conf_high", "p_value", "n", "unit", "mark"),
        *("minimum", "maximum"),
    ]


@pytest.mark.parametrize(
    ("n", "text"),
    [(11, "11–19"), (19, "11–19"), (20, "20–29"), (99, "90–99"), (100, "100"), (1234, "1234")],
)
def test_n_is_a_band_until_it_is_large(n: int, text: str) -> None:
    assert shown_n(n, POLICY) == text


def test_bands_neither_reach_under_the_minimum_nor_over_the_exact_numbers() -> None:
    policy = Policy(minimum_group=12, readers=0, exact_n=55)
    assert [shown_n(n, policy) for n in (12, 19, 52, 55)] == ["12–19", "12–19", "50–54", "55"]
    assert [shown_n(n, policy.model_copy(update={"readers": 3})) for n in (15, 19, 52)] == ["15–19", "15–19", "50–54"]
    assert shown_n(7, Policy(minimum_group=5, readers=0)) == "5–9"


def test_a_hidden_row_holds_no_number_at_all() -> None:
    shown = release(made.summary_of({"q": 3.2}, n=9), policy=POLICY, ledger=open_for("q")).rows
    numbers = shown[["estimate", "conf_low", "conf_high", "p_value", "minimum", "maximum"]]
    assert numbers.isna().all(axis=None)
    assert shown["n"].tolist() == [""] * 3
    assert shown["mark"].tolist() == [HIDDEN] * 3


def test_the_ledger_hides_what_the_numbers_of_the_result_would_show() -> None:
    ledger = ledger_of({"hr": {RATINGS: 30, "q": 30}, "it": {RATINGS: 9, "q": 9}, "fm": {RATINGS: 50, "q": 50}}, "hr")
    released = release(made.summary_of({"q": 3.2, "other": 3.1}, n=30), policy=POLICY, ledger=ledger)
    assert set(released.rows["mark"]) == {HIDDEN}
    assert set(release(made.summary_of({"q": 3.2}, n=50), policy=POLICY, ledger=ledger.at("fm")).rows["mark"]) == {""}


def test_people_count_and_not_only_answers() -> None:
    row = {**made.mean_row("q", 3.2, 40), "n_people": 9}
    assert release(made.summary([row]), policy=POLICY, ledger=open_for("q")).rows["mark"].tolist() == [HIDDEN]


def test_an_unknown_number_of_people_is_too_few() -> None:
    result = made.summary_of({"q": 3.2})
    unknown = replace(result, people=result.people.assign(n_people=np.nan))
    assert set(release(unknown, policy=POLICY, ledger=open_for("q")).rows["mark"]) == {HIDDEN}


def test_few_answers_have_a_mean_but_no_interval() -> None:
    result = made.comparison(made.comparison_rows("q", 2.9, 3.4, "clearly_below", 14))
    released = release(result, policy=POLICY, ledger=open_for("q"))
    shown = released.rows
    assert shown["estimate"].tolist() == [2.9, 3.4, -0.5]
    assert shown[["conf_low", "conf_high", "p_value", "p_adjusted"]].isna().all(axis=None)
    assert shown["verdict"].tolist() == ["uncertain"] * 3
    assert released.notes == ("spread", "exact")
    enough = release(
        made.comparison(made.comparison_rows("q", 2.9, 3.4, "clearly_below", 15)), policy=POLICY, ledger=open_for("q")
    )
    assert enough.rows["conf_low"].tolist()[0] == 2.8
    assert enough.rows["verdict"].tolist() == ["clearly_below"] * 3
    assert enough.notes == ("exact",)


@pytest.mark.parametrize(
    ("mean", "norm", "half", "margin", "found", "told"),
    [
        (3.26, 3.4, 0.13, 0.17, "slightly_below", "uncertain"),  # rounded, its interval ends at 0.0
        (3.44, 3.36, 0.07, 0.17, "slightly_above", "uncertain"),  # rounded, there is no difference at all
        (3.24, 3.4, 0.09, 0.17, "slightly_below", "slightly_below"),
        (2.9, 3.4, 0.15, 0.17, "clearly_below", "clearly_below"),
        (3.66, 3.4, 0.06, 0.17, "clearly_above", "clearly_above"),  # from 0.2 on
        (3.64, 3.4, 0.14, 0.17, "clearly_above", "slightly_above"),  # from 0.1 on, which is under the margin
        (3.46, 3.34, 0.05, 0.17, "equal", "equal"),
        (3.36, 3.44, 0.09, 0.17, "equal", "equal"),
        (3.44, 3.26, 0.08, 0.17, "equal", "equal"),  # to 0.2, as far as can be seen no more than the margin
        (3.46, 3.24, 0.12, 0.17, "equal", "uncertain"),  # to 0.4
        (3.0, 3.4, 0.5, 0.17, "uncertain", "uncertain"),
    ],
)
def test_a_word_says_no_more_than_the_rounded_numbers_beside_it(  # noqa: PLR0917  a row of the table above
    mean: float, norm: float, half: float, margin: float, found: str, told: str
) -> None:
    rows = made.comparison_rows("q", mean, norm, found, 400, half=half, margin=margin)
    shown = release(made.comparison(rows), policy=POLICY, ledger=open_for("q")).rows
    assert shown["verdict"].tolist() == [told] * 3, shown


@given(
    mean=st.floats(1, 5), norm=st.floats(1, 5), half=st.floats(0.01, 1), margin=st.floats(0.01, 1),
    found=st.sampled_from(["clearly_above", "slightly_above", "equal", "slightly_below", "clearly_below", "uncertain"]),
)  # fmt: skip
def test_no_word_is_belied_by_the_numbers_beside_it(
    mean: float, norm: float, half: float, margin: float, found: str
) -> None:
    rows = made.comparison_rows("q", mean, norm, found, 400, half=half, margin=margin)
    shown = release(made.comparison(rows), policy=POLICY, ledger=open_for("q")).rows
    low, high, word = shown["conf_low"].iloc[2], shown["conf_high"].iloc[2], shown["verdict"].iloc[2]
    assert word in {found, found.replace("clearly", "slightly"), "uncertain"}
    assert low > 0 or "above" not in word
    assert high < 0 or "below" not in word
    assert word != "equal" or max(-low, high) <= margin + 0.05


def test_p_values_are_shown_where_n_is() -> None:
    for n, shown in ((99, [None, None]), (100, [0.012, 0.035])):
        result = made.comparison(made.comparison_rows("q", 3.2, 3.4, "clearly_below", n))
        difference = release(result, policy=POLICY, ledger=open_for("q")).records()[2]
        assert [difference["p_value"], difference["p_adjusted"]] == shown


def test_a_difference_is_that_of_the_rounded_mean_and_norm() -> None:
    result = made.comparison(made.comparison_rows("q", 3.849, 3.451, "clearly_above", 200, half=0.149))
    mean, norm, difference = release(result, policy=POLICY, ledger=open_for("q")).records()
    assert [row["estimate"] for row in (mean, norm, difference)] == [3.8, 3.5, 0.3]
    assert [difference["conf_low"], difference["conf_high"]] == [0.2, 0.5]
    alone = replace(result, data=result.data[2:], people=result.people[2:])
    assert release(alone, policy=POLICY, ledger=open_for("q")).records()[0]["estimate"] == 0.4


def test_shares_of_people_are_coarse_and_without_interval_until_n_is_shown() -> None:
    rows = [made.share_row(f"q{n}", "satisfied", 0.5678, n) for n in (99, 100)]
    coarse, fine = release(made.summary(rows), policy=POLICY, ledger=open_for("q99", "q100")).records()
    assert [coarse[name] for name in ("estimate", "conf_low", "conf_high")] == [0.55, None, None]
    assert [fine[name] for name in ("estimate", "conf_low", "conf_high")] == [0.57, 0.52, 0.61]


def test_a_share_of_all_departments_together_has_no_interval() -> None:
    row = made.share_row("q", "satisfied", 0.5678, 714)
    record = release(made.summary([row]), policy=POLICY, ledger=open_for("q").at(ORGANISATION)).records()[0]
    assert [record[name] for name in ("estimate", "conf_low", "conf_high")] == [0.57, None, None]


@pytest.mark.parametrize("statistic", ["sd", "ceiling", "floor"])
def test_what_tells_the_distribution_of_a_few_is_hidden(statistic: str) -> None:
    rows = [{**made.mean_row(f"q{n}", 0.8, n), "statistic": statistic} for n in (49, 50)]
    released = release(made.summary(rows), policy=POLICY, ledger=open_for("q49", "q50"))
    assert released.rows["mark"].tolist() == [HIDDEN, ""]


def test_a_standard_deviation_of_equal_answers_is_hidden_however_many_they_are() -> None:
    equal = {**made.mean_row("q", 0.0, 290), "statistic": "sd"}
    assert release(made.summary([equal]), policy=POLICY, ledger=open_for("q")).rows["mark"].tolist() == [HIDDEN]


@pytest.mark.parametrize("share", [1.0, 0.9, 0.5, 0.004, 0.0])
def test_no_share_of_few_people_is_shown_whatever_it_is(share: float) -> None:
    rows = [made.share_row(f"q{n}", "satisfied", share, n) for n in (29, 30)]
    released = release(made.summary(rows), policy=POLICY, ledger=open_for("q29", "q30"))
    assert released.rows["mark"].tolist() == [HIDDEN, ""]


@pytest.mark.parametrize(
    ("mean", "n", "mark"),
    [(4.86, 29, HIDDEN), (1.14, 29, HIDDEN), (4.84, 29, ""), (1.16, 29, ""), (4.86, 30, ""), (5.0, 300, "")],
)
def test_a_mean_at_or_next_to_the_end_of_its_scale_is_hidden_for_few_people(mean: float, n: int, mark: str) -> None:
    result = made.summary([made.mean_row("q", mean, n)])
    assert release(result, policy=POLICY, ledger=open_for("q")).rows["mark"].tolist() == [mark]


@pytest.mark.parametrize(("n", "mark"), [(29, HIDDEN), (30, "")])
def test_a_mean_of_equal_answers_is_hidden_for_few_people(n: int, mark: str) -> None:
    rows = [{**row, "std_error": float("nan")} for row in made.comparison_rows("q", 4.0, 3.4, "uncertain", n)]
    released = release(made.comparison(rows), policy=POLICY, ledger=open_for("q"))
    assert released.rows["mark"].tolist() == [mark] * 3


def test_a_mean_on_an_unknown_scale_is_taken_to_lie_at_its_end() -> None:
    row = {name: value for name, value in made.mean_row("q", 3.2, 29).items() if name not in {"minimum", "maximum"}}
    assert release(made.summary([row]), policy=POLICY, ledger=open_for("q")).rows["mark"].tolist() == [HIDDEN]


def test_mean_norm_and_difference_are_hidden_together() -> None:
    rows = [
        *made.comparison_rows("q", 4.98, 3.4, "clearly_above", 20),
        *made.comparison_rows("r", 3.98, 3.4, "clearly_above", 20),
    ]
    released = release(made.comparison(rows), policy=POLICY, ledger=open_for("q", "r"))
    assert released.rows["mark"].tolist() == [HIDDEN] * 3 + [""] * 3
    assert released.rows["verdict"].tolist() == [""] * 3 + ["clearly_above"] * 3


SHARES = {"product": (0.5, 0.4, 0.6), "process": (0.3, 0.2, 0.4), "orientation": (0.2, 0.1, 0.3)}


def test_a_model_is_shown_or_hidden_as_a_whole_and_its_verdict_with_it() -> None:
    result = made.importance(SHARES, verdict="product", n=60)
    some = replace(result, people=result.people.assign(n_people=[60, 9, 60, 60]))
    hidden = release(some, policy=POLICY, ledger=open_for(*SHARES))
    assert set(hidden.rows["mark"]) == {HIDDEN}
    assert hidden.verdict == ""
    assert set(hidden.rows["verdict"]) == {""}
    shown = release(result, policy=POLICY, ledger=open_for(*SHARES))
    assert shown.verdict == "product"
    assert shown.rows["estimate"].tolist() == [0.5, 0.3, 0.2, 0.61]


def test_a_model_follows_the_ratings_and_not_one_of_its_variables() -> None:
    cells = {place: dict.fromkeys((RATINGS, *SHARES), 150) for place in ("hr", "it", "fm")}
    cells["it"]["process"] = 9
    ledger = ledger_of(cells)
    assert ledger.hides("process", "fm")
    result = made.importance(SHARES, verdict="product", n=150)
    assert set(release(result, policy=POLICY, ledger=ledger.at("fm")).rows["mark"]) == {""}
    cells["it"][RATINGS] = 9
    assert set(release(result, policy=POLICY, ledger=ledger_of(cells, "fm")).rows["mark"]) == {HIDDEN}


def test_a_share_of_explained_variance_is_not_a_share_of_people() -> None:
    policy = Policy(minimum_extremes=50)
    shares = {"product": (0.96, 0.9, 1.0), "process": (0.04, 0.0, 0.1), "orientation": (0.0, 0.0, 0.1)}
    released = release(made.importance(shares, verdict="product", n=40), policy=policy, ledger=open_for(*shares))
    assert set(released.rows["mark"]) == {""}


def test_rows_about_several_departments_are_judged_each_on_their_own() -> None:
    rows = [{**made.mean_row("q", 3.2, n), "department": place} for place, n in (("hr", 40), ("it", 8), ("fm", 12))]
    cells = {"hr": {RATINGS: 40, "q": 40}, "it": {RATINGS: 8, "q": 8}, "fm": {RATINGS: 12, "q": 12}}
    released = release(made.summary(rows), policy=POLICY, ledger=ledger_of(cells))
    assert released.rows["mark"].tolist() == ["", HIDDEN, HIDDEN]
    assert released.departments == ("hr", "it", "fm")


# --------------------------------------------------------------------------------------------------------- no way back


def packed(value: float) -> list[bytes]:
    return [struct.pack("<d", value), struct.pack(">d", value), repr(value).encode(), repr(value)[:6].encode()]


def test_released_bytes_hold_neither_precision_nor_people() -> None:
    row = {**made.mean_row("q", 3.8765432198, 8317), "n_people": 7919, "respondent": "secret-1"}
    result = made.summary([row], n_clusters=7919)
    result.data.attrs["rows"] = ["secret-1"]
    result.data.index = pd.Index(["secret-1"])
    released = release(result, policy=POLICY, ledger=open_for("q", n=8317))
    for content in (pickle.dumps(released), repr(released.__dict__).encode(), repr(released.records()).encode()):
        raw = [result.data[name].iloc[0] for name in ("estimate", "std_error", "conf_low", "conf_high")]
        assert [one for value in raw for one in packed(float(value)) if one in content] == []
        assert b"secret-1" not in content
        assert b"7919" not in content
        assert struct.pack("<H", 7919) not in content
    assert b"8317" in pickle.dumps(released)
    assert released.rows.attrs == {}
    assert released.settings.clustered


def test_hidden_numbers_are_nowhere_in_the_released_bytes() -> None:
    released = release(made.summary_of({"q": 3.2}, n=9), policy=POLICY, ledger=open_for("q"))
    content = pickle.dumps(released)
    assert [one for one in (3.2, 3.8) if struct.pack("<d", one) in content] == []


def test_the_raw_result_is_left_as_it_was() -> None:
    result = made.summary_of({"q": 3.2})
    before = result.data.copy()
    released = release(result, policy=POLICY, ledger=open_for("q"))
    released.rows.loc[:, "estimate"] = 0.0
    pd.testing.assert_frame_equal(result.data, before)


def test_the_same_result_gives_the_same_release() -> None:
    one, other = (release(made.summary_of({"q": 3.2}), policy=POLICY, ledger=open_for("q")) for _ in range(2))
    pd.testing.assert_frame_equal(one.rows, other.rows)


@pytest.mark.parametrize(
    "change",
    [{"estimate": 3.20001}, {"favourite_respondent": 17.0}, {"mark": HIDDEN}],
)
def test_rows_that_did_not_come_through_the_door_are_refused(change: dict[str, Any]) -> None:
    released = release(made.summary_of({"q": 3.2}), policy=POLICY, ledger=open_for("q"))
    with pytest.raises(DisclosureError) as refusal:
        replace(released, rows=released.rows.assign(**change))
    assert str(refusal.value) == "These rows were not released: they hold more than may be shown. [ICS-609]"


@dataclass(frozen=True, kw_only=True, repr=False)
class Strange(Result):
    pass


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"drop": "unit"}, "A result without the column unit cannot be released. [ICS-608]"),
        (
            {"unit": "euros"},
            'A number in "euros" cannot be released: the units are points, share, coefficient. [ICS-608]',
        ),
        ({"people": None}, "A result that does not say how many people it rests on is not shown. [ICS-608]"),
    ],
)
def test_a_result_that_does_not_keep_its_promise_is_refused(changes: dict[str, Any], message: str) -> None:
    data, people = made.frames([made.mean_row("q", 3.2, 214)])
    if "drop" in changes:
        data = data.drop(columns=changes["drop"])
    if "unit" in changes:
        data["unit"] = changes["unit"]
    if "people" in changes:
        people = people.drop(columns="n_people")
    with pytest.raises(DisclosureError) as refusal:
        release(Strange(data=data, people=people, settings=made.settings()), policy=POLICY, ledger=open_for("q"))
    assert str(refusal.value) == message


def test_warnings_about_what_is_hidden_stay_inside() -> None:
    rows = [made.mean_row("q", 3.2, 9), made.mean_row("r", 3.2, 90)]
    result = made.summary(rows, warnings=("ceiling:q", "ceiling:r", "listwise"))
    released = release(result, policy=POLICY, ledger=open_for("q", "r"))
    assert released.settings.warnings == ("ceiling:r", "listwise")
    assert released.notes == ("hidden",)


# ------------------------------------------------------------------------------------------------------------- its use


def released_of(department: str, means: dict[str, float], n: int = 214) -> Released:
    return release(made.summary_of(means, n=n), policy=POLICY, ledger=open_for(*means, department=department))


def test_a_row_is_found_by_its_keys() -> None:
    row = released_of("hr", {"q": 3.21}).row("q", "mean")
    assert row is not None
    assert (row.department, row.estimate, row.n, row.mark, row.hidden) == ("hr", 3.2, "214", "", False)
    assert row.extras == {"minimum": 1.0, "maximum": 5.0}
    assert released_of("hr", {"q": 3.21}).row("q", "median") is None


def test_records_are_plain_and_hold_no_missing_numbers() -> None:
    first = released_of("hr", {"q": 3.21}).records()[0]
    assert first["estimate"] == 3.2
    assert first["p_value"] is None
    assert all(value is None or isinstance(value, str | float) for value in first.values())


def test_releases_of_departments_are_gathered() -> None:
    together = gathered([released_of("hr", {"q": 3.2}), released_of("it", {"q": 3.4}, n=8)])
    assert together.departments == ("hr", "it")
    assert together.notes == ("hidden",)
    found = together.row("q", "mean", "hr")
    assert found is not None
    assert found.estimate == 3.2
    with pytest.raises(DisclosureError) as refusal:
        together.row("q", "mean")
    assert str(refusal.value) == (
        "This release is about several departments: say which one the row is about. [ICS-604]"
    )


def test_only_releases_of_one_kind_and_policy_are_gathered() -> None:
    one = released_of("hr", {"q": 3.2})
    strict = release(made.summary_of({"q": 3.2}), policy=Policy(minimum_group=20), ledger=open_for("q"))
    for wrong in ([], [one, strict], [one, replace(one, kind="Other")]):
        with pytest.raises(DisclosureError) as refusal:
            gathered(wrong)
        assert str(refusal.value) == "Only releases of one kind under one policy can be put together. [ICS-605]"


def test_rows_are_chosen_in_the_order_asked_for() -> None:
    released = released_of("hr", {"q": 3.2, "r": 3.3, "s": 3.4})
    chosen = released.only(variables=["s", "q"], statistics=["mean"])
    assert chosen.variables == ("s", "q")
    assert chosen.rows["estimate"].tolist() == [3.4, 3.2]


def test_its_repr_shows_no_number_of_the_survey() -> None:
    assert repr(released_of("hr", {"q": 3.2})) == "<Released Summary: 3 rows, 0 hidden>"
