"""Answers become keyed items, items become scores, and every number knows how many answers it rests on."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from icstats.questionnaire import Block, Item, Questionnaire, ResponseScale, Scale, Text
from icstats.scales import driver_items, keyed, scale_scores, score_items, two_way_imputed, valid_counts

FIVE = ResponseScale(minimum=1, maximum=5, satisfied=4, dissatisfied=2)


def text(words: str) -> Text:
    return Text(en=words, nl=words)


def item(code: str, block: Block, scale: str | None = None, **more: object) -> Item:
    settings: dict[str, object] = {"responses": "five", **more}
    return Item.model_validate(
        {"code": code, "block": block, "scale": scale, "wording": text(code), "label": text(code), **settings}
    )


def questionnaire(*items: Item, scales: tuple[Scale, ...] = ()) -> Questionnaire:
    return Questionnaire(
        name="tiny",
        version="1",
        title=text("Tiny"),
        outcome="SA1",
        responses={"five": FIVE, "ten": ResponseScale(minimum=1, maximum=10, satisfied=8, dissatisfied=5)},
        scales=scales,
        items=items,
    )


SPEED = Scale(code="speed", block="process", label=text("Speed"))
ORIENTATION = Scale(code="orientation", block="orientation", label=text("Orientation"))
TINY = questionnaire(
    item("PD1", "product"),
    item("PC1", "process", "speed"),
    item("PC2", "process", "speed", reverse=True),
    item("PC3", "process"),
    item("PX1", "process", core=False, departments=("hr",)),
    item("CO1", "orientation", "orientation"),
    item("SA1", "outcome", responses="ten"),
    item("MI1", "mirror", about="PC1"),
    item("OP1", "open", responses=None),
    scales=(SPEED, ORIENTATION),
)
NAN = np.nan


def ratings_of(rows: list[dict[str, object]]) -> pd.DataFrame:
    defaults = {"respondent": 1, "department": "hr", "wave": "2026", "role": "customer", "weight": 1.0}
    return pd.DataFrame([{**defaults, **row} for row in rows])


def test_a_reversed_item_is_turned_about_the_middle_of_its_own_scale() -> None:
    turned = questionnaire(item("A", "process", reverse=True), item("M", "outcome", reverse=True, responses="ten"))
    items = keyed(pd.DataFrame({"A": [1.0, 2.0, 5.0, NAN], "M": [1.0, 4.0, 10.0, NAN]}), turned)
    assert items["A"].tolist()[:3] == [5, 4, 1]
    assert items["M"].tolist()[:3] == [10, 7, 1]
    assert items.iloc[3].isna().all()


def test_keyed_has_every_closed_item_and_nothing_else() -> None:
    items = keyed(ratings_of([{"PC1": 4.0, "OP1": "fine"}]), TINY)
    assert list(items) == ["PD1", "PC1", "PC2", "PC3", "PX1", "CO1", "SA1", "MI1"]
    assert items["PC1"].tolist() == [4.0]
    assert items.drop(columns="PC1").isna().all(axis=None)
    assert {str(dtype) for dtype in items.dtypes} == {"float64"}


def test_keying_twice_with_the_turned_data_gives_the_answers_back_and_leaves_its_input_alone() -> None:
    ratings = ratings_of([{"PC2": 2.0}, {"PC2": 5.0}])
    before = ratings.copy()
    once = keyed(ratings, TINY)
    assert keyed(once, TINY)["PC2"].tolist() == [2.0, 5.0]
    pd.testing.assert_frame_equal(ratings, before)


def test_a_score_is_made_of_the_common_items_so_that_departments_and_norm_can_be_compared() -> None:
    assert score_items(TINY) == {
        "speed": ("PC1", "PC2"),
        "orientation": ("CO1",),
        "product": ("PD1",),
        "process": ("PC1", "PC2", "PC3"),
    }


@pytest.mark.parametrize(("others", "expected"), [(("hr",), ("X1", "X2")), (("it",), None), (None, None)])
def test_a_scale_of_a_departments_own_items_is_their_mean_where_the_same_departments_are_asked(
    others: tuple[str, ...] | None, expected: tuple[str, ...] | None
) -> None:
    own = questionnaire(
        item("X1", "process", "own", core=False, departments=("hr",)),
        item("X2", "process", "own", core=False, departments=others),
        scales=(Scale(code="own", block="process", label=text("Own")),),
    )
    assert score_items(own).get("own") == expected
    assert score_items(own).get("process") == expected


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ((4.0, 2.0, 3.0), 3.0),
        ((4.0, NAN, 3.0), 3.5),
        ((4.0, NAN, NAN), NAN),
        ((NAN, NAN, NAN), NAN),
    ],
)
def test_a_score_needs_half_of_its_items(answers: tuple[float, ...], expected: float) -> None:
    plain = questionnaire(item("A", "product"), item("B", "product"), item("C", "product"))
    scores = scale_scores(pd.DataFrame([answers], columns=["A", "B", "C"]), plain)
    assert scores["product"].tolist() == pytest.approx([expected], nan_ok=True)


def test_exactly_half_of_the_items_is_enough() -> None:
    plain = questionnaire(*(item(code, "product") for code in "ABCD"))
    scores = scale_scores(pd.DataFrame([[1.0, 4.0, NAN, NAN]], columns=list("ABCD")), plain)
    assert scores["product"].tolist() == [2.5]


def test_the_departments_own_items_drive_only_that_department() -> None:
    assert driver_items(TINY) == {"product": ["PD1"], "process": ["PC1", "PC2", "PC3"], "orientation": ["CO1"]}
    assert driver_items(TINY, "hr")["process"] == ["PC1", "PC2", "PC3", "PX1"]
    assert driver_items(TINY, "it")["process"] == ["PC1", "PC2", "PC3"]


def test_a_block_without_closed_items_is_no_driver() -> None:
    assert driver_items(questionnaire(item("A", "product"), item("O", "open", responses=None))) == {"product": ["A"]}


def test_two_way_imputation_is_person_plus_item_minus_overall_mean() -> None:
    items = pd.DataFrame({"A": [5.0, 1.0, 4.0], "B": [4.0, 2.0, NAN], "C": [NAN, 3.0, NAN], "D": [3.0, NAN, NAN]})
    filled = two_way_imputed(items)
    overall = 22 / 7
    assert filled.loc[0, "C"] == pytest.approx(4 + 3 - overall)
    assert filled.loc[1, "D"] == pytest.approx(2 + 3 - overall)
    assert filled.loc[2].tolist() == pytest.approx([4, NAN, NAN, NAN], nan_ok=True)


def test_imputation_leaves_an_item_that_nobody_answered_and_does_not_cut_at_the_ends() -> None:
    filled = two_way_imputed(pd.DataFrame({"A": [5.0, 1.0], "B": [NAN, 1.0], "C": [5.0, 3.0], "D": [NAN, NAN]}))
    assert filled["D"].isna().all()
    assert filled.loc[0, "B"] == pytest.approx(5 + 1 - 3)
    above = two_way_imputed(pd.DataFrame({"A": [1.0, 1.0, 5.0], "B": [5.0, 5.0, NAN]}))
    assert above.loc[2, "B"] == pytest.approx(5 + 5 - 17 / 5)


cells = st.one_of(st.integers(1, 5).map(float), st.just(NAN))


@given(arrays(float, st.tuples(st.integers(1, 12), st.integers(1, 6)), elements=cells))
def test_imputation_changes_no_answer_and_fills_the_same_rows_in_any_order(values: np.ndarray) -> None:
    items = pd.DataFrame(values, columns=[f"Q{column}" for column in range(values.shape[1])])
    before = items.copy()
    filled = two_way_imputed(items)
    pd.testing.assert_frame_equal(items, before)
    pd.testing.assert_frame_equal(filled.where(items.notna()), items)
    shuffled = two_way_imputed(items.iloc[::-1, ::-1])
    np.testing.assert_allclose(shuffled.iloc[::-1, ::-1], filled)


@given(arrays(float, st.tuples(st.integers(1, 12), st.just(4)), elements=cells), st.integers(-3, 3))
def test_a_score_moves_with_its_items_and_not_with_their_order(values: np.ndarray, shift: int) -> None:
    plain = questionnaire(*(item(code, "product") for code in "ABCD"))
    items = pd.DataFrame(values, columns=list("ABCD"))
    score = scale_scores(items, plain)["product"]
    np.testing.assert_allclose(scale_scores(items + shift, plain)["product"], score + shift)
    np.testing.assert_allclose(scale_scores(items[list("DBCA")], plain)["product"], score)


def counted(ratings: pd.DataFrame) -> dict[tuple[str, str], int]:
    counts = valid_counts(ratings, TINY)
    assert list(counts) == ["department", "variable", "n", "mean", "sd", "minimum", "maximum"]
    return {(row.department, row.variable): row.n for row in counts.itertuples()}


def test_counts_are_valid_answers_per_item_score_and_rating() -> None:
    ratings = ratings_of(
        [
            {"PD1": 4.0, "PC1": 3.0, "PC2": 1.0, "SA1": 7.0},
            {"PD1": NAN, "PC1": 3.0, "PC2": NAN, "SA1": NAN},
            {"PD1": NAN, "PC1": NAN, "PC2": NAN, "SA1": NAN},
            {"department": "it", "PD1": 5.0},
        ]
    )
    counts = counted(ratings)
    assert [counts["hr", name] for name in ("ratings", "PD1", "PC1", "PC2", "SA1")] == [2, 1, 2, 1, 1]
    assert [counts["hr", name] for name in ("speed", "process", "product", "orientation")] == [2, 1, 1, 0]
    assert counts["it", "ratings"] == 1
    assert counts["it", "PC1"] == 0


def test_counts_come_with_what_gives_single_answers_away() -> None:
    counts = valid_counts(ratings_of([{"PC1": 4.0, "PC2": 2.0}, {"PC1": 4.0, "PC2": 5.0}]), TINY)
    cells = counts.set_index("variable")[["mean", "sd", "minimum", "maximum"]]
    assert cells.loc["PC1"].tolist() == [4.0, 0.0, 1.0, 5.0]
    assert cells.loc["PC2"].tolist() == [2.5, pytest.approx(4.5**0.5), 1.0, 5.0]
    assert cells.loc["speed", "mean"] == 3.25
    assert cells.loc["ratings"].isna().all()


def test_staff_count_for_the_mirror_only_and_customers_for_all_else_only() -> None:
    ratings = ratings_of([{"role": "staff", "MI1": 4.0, "PC1": 2.0}, {"role": "customer", "MI1": 4.0, "PC1": 2.0}])
    counts = counted(ratings)
    assert (counts["hr", "MI1"], counts["hr", "PC1"], counts["hr", "ratings"]) == (1, 1, 1)


def test_rows_are_told_apart_by_place_also_when_their_labels_repeat() -> None:
    ratings = ratings_of([{"PC1": 4.0, "PC2": 2.0}, {"PC1": 1.0}, {"PC2": 5.0}]).set_axis([0, 1, 0])
    items = keyed(ratings, TINY)
    assert items["PC2"].fillna(0).tolist() == [4, 0, 1]
    assert scale_scores(items, TINY)["speed"].tolist() == [4, 1, 1]
    assert two_way_imputed(items[["PC1", "PC2"]]).notna().all(axis=None)
    assert counted(ratings)["hr", "PC1"] == 2


def test_a_department_without_ratings_counts_nothing_and_departments_stand_in_the_order_asked() -> None:
    counts = valid_counts(ratings_of([{"PD1": 4.0}]), TINY, departments=["legal", "hr"])
    assert counts["department"].unique().tolist() == ["legal", "hr"]
    assert counts.loc[counts["department"] == "legal", "n"].sum() == 0
    assert counts["n"].dtype == np.int64


@given(st.lists(st.tuples(st.sampled_from(["hr", "it"]), cells, cells), min_size=1, max_size=20))
def test_counts_of_all_departments_add_up_to_the_answers_there_are(rows: list[tuple[str, float, float]]) -> None:
    ratings = ratings_of([{"department": d, "PC1": a, "PC2": b} for d, a, b in rows])
    counts = valid_counts(ratings, TINY)
    total = counts.groupby("variable")["n"].sum()
    assert total["PC1"] == ratings["PC1"].notna().sum()
    assert total["ratings"] == ratings[["PC1", "PC2"]].notna().any(axis=1).sum()
    assert total["speed"] == total["ratings"]
