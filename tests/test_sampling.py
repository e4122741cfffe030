"""Influence, sandwich and bootstrap: each checked against the slow way of doing the same."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from icstats.errors import ParameterError
from icstats.sampling import bootstrap, checked_items, correlations, item_sample, person_codes, standard_error


def answers(n: int = 60, k: int = 4, *, holes: float = 0.0, seed: int = 1) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    values = np.clip(np.round(3 + random.normal(size=(n, 1)) + random.normal(size=(n, k))), 1, 5)
    return pd.DataFrame(np.where(random.random((n, k)) < holes, np.nan, values), columns=[f"q{j}" for j in range(k)])


def some_gradient(k: int = 4) -> np.ndarray:
    lower = np.random.default_rng(9).normal(size=(k, k))
    return lower + lower.T


@pytest.mark.parametrize("missing", ["listwise", "pairwise"])
def test_covariance_is_that_of_pandas(missing: str) -> None:
    items = answers(holes=0.1)
    sample = item_sample(items, missing=missing)
    expected = items.dropna().cov() if missing == "listwise" else items.cov()
    assert sample.covariance == pytest.approx(expected.to_numpy(), abs=1e-12)
    assert sample.n_rows == 60


def test_pairwise_n_is_the_least_answered_pair() -> None:
    items = answers(holes=0.2)
    both = [items[[a, b]].notna().all(axis=1).sum() for a in items for b in items]
    people = np.arange(len(items)) // 2
    sample = item_sample(items, missing="pairwise", clusters=people)
    assert sample.n == min(both)
    assert sample.n_people == min(
        len(np.unique(people[items[[a, b]].notna().all(axis=1)])) for a in items for b in items
    )


@pytest.mark.parametrize("holes", [0.0, 0.15])
def test_standard_error_is_the_jackknife_in_the_limit(holes: float) -> None:
    items, gradient = answers(n=800, holes=holes), some_gradient()
    sample = item_sample(items, missing="pairwise")
    full = (gradient * items.cov().to_numpy()).sum()
    left_out = np.array([(gradient * items.drop(index=i).cov().to_numpy()).sum() for i in items.index])
    jackknife = np.sqrt((len(items) - 1) / len(items) * ((left_out - full) ** 2).sum())
    assert standard_error(sample, gradient) == pytest.approx(jackknife, rel=0.01)


def test_complete_answers_give_the_same_error_by_either_policy() -> None:
    items, people = answers(), np.arange(60) // 3
    errors = [
        standard_error(item_sample(items, missing=missing, clusters=people), some_gradient())
        for missing in ("listwise", "pairwise")
    ]
    assert errors[0] == pytest.approx(errors[1], rel=1e-12)


def test_copies_of_ratings_by_the_same_people_add_no_certainty() -> None:
    items = answers()
    copied = pd.concat([items] * 10, ignore_index=True)
    once = standard_error(item_sample(items), some_gradient())
    tenfold = standard_error(item_sample(copied, clusters=np.tile(np.arange(60), 10)), some_gradient())
    assert tenfold == pytest.approx(once * (600 / 599) / (60 / 59), rel=1e-12)
    assert standard_error(item_sample(copied), some_gradient()) < once / 3


def test_one_person_has_no_spread() -> None:
    assert np.isnan(standard_error(item_sample(answers(), clusters=[7] * 60), some_gradient()))


@pytest.mark.parametrize("holes", [0.0, 0.1])
@pytest.mark.parametrize("per_person", [1, 3])
def test_bootstrap_is_what_a_loop_over_data_sets_gives(holes: float, per_person: int) -> None:
    items = answers(holes=holes)
    people = np.arange(60) // per_person
    units = people.max() + 1
    sample = item_sample(items, missing="pairwise", clusters=people)
    drawn = np.random.default_rng(5).integers(0, units, size=(20, units))
    rows_of = [np.flatnonzero(people == person) for person in range(units)]
    slow = [items.iloc[np.concatenate([rows_of[person] for person in draw])].cov().sum().sum() for draw in drawn]
    fast = bootstrap(sample, lambda covariance: covariance.sum(axis=(-2, -1)), n_boot=20, seed=5)
    assert fast == pytest.approx(np.array(slow), rel=1e-10)


def test_bootstrap_does_not_depend_on_the_block_size() -> None:
    sample = item_sample(answers())
    whole, parts = (
        bootstrap(sample, lambda covariance: covariance[..., 0, 1], n_boot=50, seed=3, block=block)
        for block in (10_000, 60)
    )
    assert whole == pytest.approx(parts, rel=1e-12)


def test_order_of_people_in_a_listwise_sample_is_kept() -> None:
    items = answers(holes=0.2)
    people = np.arange(60)[::-1] // 2
    kept = items.notna().all(axis=1).to_numpy()
    sample = item_sample(items, clusters=people)
    expected = pd.factorize(people[kept])[0]
    assert pd.Series(sample.people).groupby(expected).nunique().eq(1).all()
    assert sample.units == expected.max() + 1


def test_constant_and_top_shares_look_at_given_answers_only() -> None:
    items = pd.DataFrame({"a": [4.1, 4.1, np.nan, 4.1], "b": [1.0, 5.0, 5.0, np.nan], "c": [np.nan] * 3 + [1.0]})
    sample = item_sample(items, missing="pairwise")
    assert sample.constant_items == ("a", "c")
    assert sample.top_shares == pytest.approx([1, 2 / 3, 1])


def test_correlations_of_a_stack() -> None:
    stack = np.stack([np.cov(answers(seed=seed).to_numpy(), rowvar=False) for seed in (1, 2)])
    assert correlations(stack)[1] == pytest.approx(answers(seed=2).corr().to_numpy())


def test_person_codes_refuse_what_is_not_one_id_per_row() -> None:
    with pytest.raises(ParameterError) as short:
        person_codes([1, 2], n_rows=3)
    assert str(short.value) == (
        "clusters has 2 values for 3 rows. Hint: Give one respondent id per row, in the order of the rows. [ICS-352]"
    )
    with pytest.raises(ParameterError) as empty:
        person_codes([1, np.nan, 2], n_rows=3)
    assert str(empty.value) == (
        "clusters is empty for 1 rows. Hint: Give each rating without a respondent id an id of its own. [ICS-352]"
    )


def test_everything_wrong_with_the_columns_is_said_at_once() -> None:
    items = pd.DataFrame([[1.0, 2.0, "x"]], columns=["a", "a", "comment"])
    with pytest.raises(ParameterError) as refused:
        checked_items(items)
    assert str(refused.value) == (
        '"a": stands in the data more than once. [ICS-351]\n'
        '"comment": is not numeric. Hint: Answers must be numbers, with NaN where there is none. [ICS-350]'
    )
    with pytest.raises(ParameterError) as infinite:
        checked_items(pd.DataFrame({"a": [1.0, np.inf], "b": [1.0, 2.0]}))
    assert str(infinite.value) == '"a": holds 1 infinite values. [ICS-350]'
    with pytest.raises(ParameterError) as array:
        checked_items(np.eye(2))
    assert str(array.value) == "A DataFrame with one column per item is needed, not ndarray. [ICS-350]"


def test_nullable_integers_are_answers_too() -> None:
    items = pd.DataFrame({"a": pd.array([1, None, 3], dtype="Int64"), "b": [1.0, 2.0, 3.0]})
    assert item_sample(items).n == 2
