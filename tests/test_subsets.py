"""R² of all subsets at once equals regressions one by one, and sharing it out equals the textbook sums."""

from __future__ import annotations

from itertools import combinations, permutations
from math import factorial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shared import reference

from icstats import subsets
from icstats.subsets import (
    adjusted,
    explained_by_subsets,
    matrices,
    merged,
    owen_values,
    packed,
    replicates,
    shapley,
    shapley_values,
    weighted_covariance,
)

RNG = np.random.default_rng(11)


def answers(n: int, p: int, *, seed: int = 1) -> np.ndarray:
    """Return standardised columns that correlate, the outcome first."""
    rng = np.random.default_rng(seed)
    raw = rng.standard_normal((n, p + 1)) @ (np.eye(p + 1) + 0.6 * rng.random((p + 1, p + 1)))
    return (raw - raw.mean(axis=0)) / raw.std(axis=0)


def r_squared(values: np.ndarray, drivers: tuple[int, ...]) -> float:
    if not drivers:
        return 0.0
    chosen = values[:, list(drivers)]
    fitted = chosen @ np.linalg.lstsq(chosen, values[:, 0], rcond=1e-8)[0]
    return float(1 - ((values[:, 0] - fitted) ** 2).sum() / (values[:, 0] ** 2).sum())


def mean_over_orders(values: np.ndarray, groups: list[tuple[int, ...]]) -> np.ndarray:
    gains = np.zeros(len(groups))
    for order in permutations(range(len(groups))):
        before: tuple[int, ...] = ()
        for member in order:
            after = before + groups[member]
            gains[member] += r_squared(values, after) - r_squared(values, before)
            before = after
    return gains / factorial(len(groups))


def alone(p: int) -> list[list[int]]:
    return [[driver] for driver in range(1, p + 1)]


def one(values: np.ndarray) -> np.ndarray:
    return weighted_covariance(values, np.ones(len(values)))


@pytest.mark.parametrize("p", [1, 2, 5])
def test_every_subset_explains_what_its_own_regression_explains(p: int) -> None:
    values = answers(60, p)
    worth = explained_by_subsets(one(values), alone(p))
    assert worth.shape == (2**p, 1)
    for number in range(2**p):
        drivers = tuple(driver + 1 for driver in range(p) if number >> driver & 1)
        assert worth[number, 0] == pytest.approx(r_squared(values, drivers), abs=1e-12)


@pytest.mark.parametrize("p", [1, 2, 3, 4, 5])
def test_lmg_is_the_mean_gain_over_all_orders(p: int) -> None:
    values = answers(50, p, seed=p)
    expected = mean_over_orders(values, [(driver,) for driver in range(1, p + 1)])
    assert shapley_values(one(values), alone(p))[:, 0] == pytest.approx(expected, abs=1e-12)


def test_a_block_enters_as_a_whole() -> None:
    values = answers(50, 6)
    blocks = [(1, 4), (2, 3, 5), (6,)]
    assert shapley_values(one(values), blocks)[:, 0] == pytest.approx(mean_over_orders(values, blocks), abs=1e-12)


def test_owen_values_are_the_mean_gain_over_orders_that_keep_blocks_together() -> None:
    values = answers(50, 5)
    blocks = [(1, 4), (2, 3, 5)]
    gains, orders = np.zeros(6), 0
    for order in permutations(range(1, 6)):
        kept = any(set(order[: len(block)]) == set(block) for block in blocks)
        if kept:
            orders += 1
            for place, driver in enumerate(order):
                gains[driver] += r_squared(values, order[: place + 1]) - r_squared(values, order[:place])
    first, second = owen_values(one(values), blocks)
    assert first[:, 0] == pytest.approx(gains[[1, 4]] / orders, abs=1e-12)
    assert second[:, 0] == pytest.approx(gains[[2, 3, 5]] / orders, abs=1e-12)


@given(seed=st.integers(0, 10_000), sizes=st.lists(st.integers(1, 3), min_size=1, max_size=4))
def test_owen_values_add_up_to_their_block_and_blocks_to_r_squared(seed: int, sizes: list[int]) -> None:
    values = answers(40, sum(sizes), seed=seed)
    ends = np.cumsum([1, *sizes])
    blocks = [list(range(start, start + size)) for start, size in zip(ends, sizes, strict=False)]
    of_blocks = shapley_values(one(values), blocks)[:, 0]
    of_items = owen_values(one(values), blocks)
    assert [float(parts.sum()) for parts in of_items] == pytest.approx(of_blocks.tolist(), abs=1e-12)
    assert of_blocks.sum() == pytest.approx(r_squared(values, tuple(range(1, sum(sizes) + 1))), abs=1e-10)


def test_the_published_example_of_azen_and_budescu() -> None:
    published = reference("dom_azen_budescu_2003")
    correlation = np.array(published["inputs"]["correlation"])
    worth = explained_by_subsets(packed(correlation), alone(4))
    expected = published["outputs"]
    assert worth[-1, 0] == pytest.approx(expected["r2"], abs=1e-12)
    assert shapley(worth)[:, 0] == pytest.approx(expected["general"], abs=1e-12)


def test_conditional_dominance_follows_from_the_same_subsets() -> None:
    published = reference("dom_azen_budescu_2003")
    worth = explained_by_subsets(packed(np.array(published["inputs"]["correlation"])), alone(4))[:, 0]
    for size, row in enumerate(published["outputs"]["conditional_by_size"]):
        for driver, expected in enumerate(row):
            rest = [other for other in range(4) if other != driver]
            sets = [sum(1 << other for other in chosen) for chosen in combinations(rest, size)]
            gain = np.mean([worth[chosen | 1 << driver] - worth[chosen] for chosen in sets])
            assert gain == pytest.approx(expected, abs=1e-12)


def test_a_copy_shares_equally_and_a_constant_gets_nothing() -> None:
    values = answers(60, 2)
    doubled = np.column_stack([values, values[:, 1], np.zeros(60)])
    shares = shapley_values(one(doubled), alone(4))[:, 0]
    assert shares[0] == pytest.approx(shares[2], abs=1e-12)
    assert shares[3] == pytest.approx(0, abs=1e-15)
    assert shares.sum() == pytest.approx(r_squared(values, (1, 2)), abs=1e-12)


def test_an_outcome_that_does_not_vary_has_no_r_squared() -> None:
    values = answers(20, 2)
    values[:, 0] = 0
    assert np.isnan(explained_by_subsets(one(values), alone(2))).all()


def test_the_sums_of_shapley_hold_for_any_game() -> None:
    worth = RNG.random((16, 3))
    values = shapley(worth)
    assert values.sum(axis=0) == pytest.approx(worth[-1] - worth[0], abs=1e-12)
    assert shapley(2 * worth + 5) == pytest.approx(2 * values, abs=1e-12)


def test_adjusted_r_squared_per_subset() -> None:
    covariances = one(answers(30, 4))
    plain = explained_by_subsets(covariances, [[1, 2], [3], [4]])[:, 0]
    less = explained_by_subsets(covariances, [[1, 2], [3], [4]], rows=30)[:, 0]
    sizes = np.array([0, 2, 1, 3, 1, 3, 2, 4])
    assert less == pytest.approx(1 - (1 - plain) * 29 / (29 - sizes), abs=1e-12)
    assert less == pytest.approx(adjusted(plain, sizes, 30), abs=1e-15)


def test_packing_and_unpacking() -> None:
    matrix = np.array([[2.0, 0.5, 0.1], [0.5, 1.0, 0.3], [0.1, 0.3, 4.0]])
    assert packed(matrix).shape == (6, 1)
    assert (matrices(packed(matrix))[0] == matrix).all()


def test_weighted_covariances() -> None:
    values, weights = RNG.random((12, 3)), RNG.random(12)
    expected = np.cov(values.T, aweights=weights, ddof=0)
    assert matrices(weighted_covariance(values, weights))[0] == pytest.approx(expected, abs=1e-12)


def test_covariances_of_sums_of_variables() -> None:
    values, loadings = RNG.random((20, 4)), RNG.random((2, 4))
    expected = np.cov((values @ loadings.T).T, ddof=0)
    assert matrices(merged(one(values), loadings))[0] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("repeats", [False, True])
def test_replicates_equal_data_sets_that_were_really_built(*, repeats: bool) -> None:
    values, weights = answers(24, 3), 0.5 + RNG.random(24)
    people = np.arange(24) % 7 if repeats else np.arange(24)
    units = people.max() + 1
    drawn = np.random.default_rng(5).integers(0, units, size=(10, units))
    means, found = replicates(values, weights, people if repeats else None, n_boot=10, seed=5)
    for sample, chosen in enumerate(drawn):
        rows = np.concatenate([np.flatnonzero(people == person) for person in chosen])
        expected = weighted_covariance(values[rows], weights[rows])[:, 0]
        assert found[:, sample] == pytest.approx(expected, abs=1e-12)
        assert means[:, sample] == pytest.approx(np.average(values[rows], axis=0, weights=weights[rows]), abs=1e-12)


def test_portions_do_not_change_the_values(monkeypatch: pytest.MonkeyPatch) -> None:
    values = answers(40, 5)
    monkeypatch.setattr(subsets, "CELLS_OF_FEW", 0)
    sampled = replicates(values, np.ones(40), None, n_boot=50, seed=3)[1]
    shares = shapley_values(sampled, alone(5))
    owen = owen_values(sampled, [[1, 2], [3, 4, 5]])
    monkeypatch.setattr(subsets, "CELLS_AT_ONCE", 90)
    monkeypatch.setattr(subsets, "BYTES_IN_CACHE", 560)
    again = replicates(values, np.ones(40), None, n_boot=50, seed=3)[1]
    assert again == pytest.approx(sampled, abs=1e-13)
    assert shapley_values(again, alone(5)) == pytest.approx(shares, abs=1e-12)
    for part, portion in zip(owen_values(again, [[1, 2], [3, 4, 5]]), owen, strict=True):
        assert part == pytest.approx(portion, abs=1e-12)


@pytest.mark.parametrize("groups", [alone(5), [[1, 2], [5], [3, 4]]])
def test_few_and_many_variances_are_found_alike(monkeypatch: pytest.MonkeyPatch, groups: list[list[int]]) -> None:
    values = answers(40, 5)
    values[:, 2], values[:, 4] = values[:, 1], 0.0
    matrix = packed(values.T @ values / len(values))
    found = []
    for cells in (0, 1 << 13):
        monkeypatch.setattr(subsets, "CELLS_OF_FEW", cells)
        found.append(np.vstack([explained_by_subsets(matrix, groups), shapley_values(matrix, groups, rows=40)]))
    assert np.allclose(*found, rtol=0, atol=1e-12)


def test_twenty_drivers_are_exact() -> None:
    correlation = np.eye(21)
    planted = 0.9 * np.arange(1, 21) / 210
    correlation[0, 1:] = correlation[1:, 0] = np.sqrt(planted)
    assert shapley_values(packed(correlation), alone(20))[:, 0] == pytest.approx(planted, abs=1e-12)


@given(st.integers(0, 2**32 - 1), st.floats(0.011, 1.0))
def test_single_precision_cannot_be_seen_in_what_is_shown(seed: int, smallest: float) -> None:
    """Also with drivers that nearly follow from each other, as far as they are followed in it at all."""
    generator = np.random.default_rng(seed)
    directions, _ = np.linalg.qr(generator.standard_normal((8, 8)))
    drivers = (directions * np.geomspace(1, smallest, 8)) @ directions.T
    weakest = directions[:, -1] * np.sqrt(0.9 / smallest)
    covariance = np.eye(9)
    covariance[1:, 1:] = drivers
    covariance[0, 1:] = covariance[1:, 0] = drivers @ weakest
    matrix = packed(covariance)
    exact = shapley_values(matrix, alone(8))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subsets, "SINGLE_FROM", 0)
        single = shapley_values(matrix, alone(8))
    assert single == pytest.approx(exact, abs=1e-5)
    assert not np.array_equal(single, exact)


def test_what_explains_next_to_nothing_keeps_double_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its shares are parts of so little that they would show the difference."""
    values = RNG.standard_normal((400, 6))
    sampled = replicates(values - values.mean(axis=0), np.ones(400), None, n_boot=50, seed=3)[1]
    exact = shapley_values(sampled, alone(5), rows=400)
    monkeypatch.setattr(subsets, "SINGLE_FROM", 0)
    assert np.array_equal(shapley_values(sampled, alone(5), rows=400), exact)


def test_drivers_that_follow_from_each_other_keep_double_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    values = answers(40, 5)
    values[:, 2] = values[:, 1]
    sampled = replicates(values, np.ones(40), None, n_boot=50, seed=3)[1]
    exact = shapley_values(sampled, alone(5))
    monkeypatch.setattr(subsets, "SINGLE_FROM", 0)
    assert np.array_equal(shapley_values(sampled, alone(5)), exact)
