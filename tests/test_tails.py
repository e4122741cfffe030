"""How far means lie by chance: against exact counting, and for every scale, mean and spread."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from icstats.tails import FINEST, chance_of_mean, typical_shares

WORLDS = {
    "in the middle": ((3.0, 1.02), 4),
    "half at the top": ((4.34, 0.91), 4),
    "nearly all at the top": ((4.8, 0.6), 4),
    "a mark": ((7.3, 1.3), 9),
}


def on_unit(mean: float, sd: float, steps: int) -> tuple[float, float]:
    return (mean - 1) / steps, sd / steps


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize(("n", "least", "most"), [(3, 0.8, 1.42), (15, 0.999, 1.09), (50, 0.999, 1.09)])
def test_the_chance_of_a_mean_is_that_of_counting(world: str, n: int, least: float, most: float) -> None:
    numbers, steps = WORLDS[world]
    mean, sd = on_unit(*numbers, steps)
    shares = typical_shares(mean, sd, steps=steps)
    sums = np.array([1.0])
    for _ in range(n):
        sums = np.convolve(sums, shares)
    compared = 0
    for total in range(len(sums)):
        distance = total / (n * steps) - mean
        if abs(distance) * np.sqrt(n) < sd / 4:
            continue
        exact = 2 * (sums[total:] if distance > 0 else sums[: total + 1]).sum()
        if 1e-12 < exact < 0.9:
            found = chance_of_mean(distance, people=n, mean=mean, sd=sd, steps=steps)
            assert least <= found / exact <= most, (n, total)
            compared += 1
    assert compared > 5


def test_typical_answers_of_a_middling_mean_are_those_of_a_bell() -> None:
    shares = typical_shares(0.5, 0.15, steps=8)
    z = (np.arange(9) / 8 - 0.5) / 0.15
    assert np.diff(np.log(shares), 2) == pytest.approx(np.full(7, np.diff(np.log(shares), 2)[0]))
    assert np.corrcoef(np.log(shares), z**2)[0, 1] == pytest.approx(-1)


@given(st.floats(0.01, 0.99), st.floats(0.001, 0.6), st.integers(1, FINEST))
def test_typical_answers_have_the_mean_and_the_spread(mean: float, sd: float, steps: int) -> None:
    shares = typical_shares(mean, sd, steps=steps)
    places = np.linspace(0, 1, len(shares))
    assert shares.sum() == pytest.approx(1)
    assert shares @ places == pytest.approx(mean, abs=1e-4)
    possible = np.clip(sd, 1 / FINEST, 0.99 * np.sqrt(mean * (1 - mean)))
    assert np.sqrt(shares @ (places - mean) ** 2) == pytest.approx(possible, abs=2e-3)


@given(st.floats(0.02, 0.98), st.floats(0.02, 0.5), st.integers(1, 12), st.floats(2, 500), st.floats(-1, 1))
def test_a_chance_lies_between_0_and_1_and_falls_with_the_distance(
    mean: float, sd: float, steps: int, people: float, part: float
) -> None:
    furthest = 1 - mean if part > 0 else -mean
    near, far = (
        chance_of_mean(place * furthest, people=people, mean=mean, sd=sd, steps=steps)
        for place in (abs(part) / 2, abs(part))
    )
    assert 0 <= far <= 1
    assert far <= near * 1.25 + 1e-12  # answers in steps, and an approximation of a few percent
