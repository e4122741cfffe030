"""A norm of organisations: each counts once, chance is taken out of their spread, and none is given away."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icstats.errors import NormError
from icstats.pooling import organisation_scores, pool_organisations


def organisation(mean: float, n: int, *, spread: float = 0.9, seed: int = 1) -> pd.DataFrame:
    values = np.random.default_rng(seed).normal(size=n)
    return organisation_scores(pd.DataFrame({"process": mean + spread * (values - values.mean()) / values.std()}))


def sector(means: list[float], n: int = 100) -> dict[str, pd.DataFrame]:
    return {f"org-{place}": organisation(mean, n, seed=place) for place, mean in enumerate(means)}


MEANS = [3.1, 3.3, 3.4, 3.45, 3.5, 3.5, 3.6, 3.7, 3.75, 3.9, 4.0]


def test_an_organisation_contributes_mean_spread_and_error() -> None:
    frame = pd.DataFrame({"process": [1.0, 2, 4, 5, np.nan], "PC1": [3.0, 3, np.nan, np.nan, np.nan]})
    own = organisation_scores(frame)
    assert list(own.index) == ["process"]
    assert own.loc["process"].to_dict() == pytest.approx(
        {"n": 4, "n_people": 4, "mean": 3, "sd": frame["process"].std(), "std_error": frame["process"].sem()}
    )
    repeated = organisation_scores(pd.concat([frame] * 3), clusters=np.tile(np.arange(5), 3))
    assert repeated.loc["process", "std_error"] == pytest.approx(own.loc["process", "std_error"])


def test_every_organisation_counts_once_and_people_are_told_apart() -> None:
    organisations = sector(MEANS) | {"org-0": organisation(MEANS[0], 500)}
    values = pool_organisations(organisations).values.loc["process"]
    assert values["mean"] == pytest.approx(np.mean(MEANS))
    assert values["mean_of_people"] == pytest.approx((500 * MEANS[0] + 100 * sum(MEANS[1:])) / 1500)
    assert (values["n_organisations"], values["n_respondents"]) == (11, 1500)


def test_chance_is_taken_out_of_the_spread_between_organisations() -> None:
    pooled = pool_organisations(sector(MEANS))
    errors = np.array(
        [organisation(mean, 100, seed=place).loc["process", "std_error"] for place, mean in enumerate(MEANS)]
    )
    values = pooled.values.loc["process"]
    assert values["sd_between"] ** 2 + (errors**2).mean() == pytest.approx(np.var(MEANS, ddof=1))
    assert values["sd_within"] == pytest.approx(0.9 * (100 / 99) ** 0.5)
    shrunk = np.mean(MEANS) + (np.array(MEANS) - np.mean(MEANS)) * values["sd_between"] / np.std(MEANS, ddof=1)
    assert values[["q25", "q50", "q75"]].tolist() == pytest.approx(np.quantile(shrunk, [0.25, 0.5, 0.75]).tolist())


def test_organisations_that_differ_by_chance_alone_have_no_spread() -> None:
    values = pool_organisations(sector([3.5] * 12, n=50)).values.loc["process"]
    assert values["sd_between"] == 0
    assert values["q25"] == values["q75"] == pytest.approx(3.5)


@settings(max_examples=25, deadline=None)
@given(st.permutations(range(len(MEANS))), st.floats(-1, 1), st.floats(0.5, 2))
def test_order_shift_and_scale_do_what_they_should(order: list[int], shift: float, scale: float) -> None:
    own = sector(MEANS)
    plain = pool_organisations(own).values.loc["process"]
    moved = {
        f"org-{place}": own[f"org-{place}"].assign(
            mean=lambda one: scale * one["mean"] + shift,
            sd=lambda one: scale * one["sd"],
            std_error=lambda one: scale * one["std_error"],
        )
        for place in order
    }
    other = pool_organisations(moved).values.loc["process"]
    for name in ("mean", "q25", "q50", "q75", "mean_of_people"):
        assert other[name] == pytest.approx(scale * plain[name] + shift)
    for name in ("sd_within", "sd_between"):
        assert other[name] == pytest.approx(scale * plain[name])


def test_few_organisations_have_no_quartiles() -> None:
    pooled = pool_organisations(sector(MEANS[:9]))
    assert pooled.values.loc["process", ["q25", "q50", "q75"]].isna().all()
    assert set(pooled.intervals["statistic"]) == {"mean", "sd_between"}


def test_small_groups_do_not_enter() -> None:
    organisations = sector(MEANS) | {"tiny": organisation(1.0, 9)}
    assert pool_organisations(organisations).values.loc["process", "mean"] == pytest.approx(np.mean(MEANS))


def test_too_few_organisations_and_one_that_dominates_are_refused() -> None:
    with pytest.raises(NormError) as refused:
        pool_organisations(sector(MEANS[:4]) | {"tiny": organisation(3.0, 9)})
    assert str(refused.value) == "4 organisations have enough answers; a norm needs at least 5. [ICS-430]"
    with pytest.raises(NormError) as refused:
        pool_organisations(sector(MEANS[:5]) | {"giant": organisation(3.0, 900)})
    assert str(refused.value) == (
        "giant gives 64% of all ratings; no organisation may give more than half. "
        "Hint: leave it out, or add organisations [ICS-431]"
    )


@pytest.mark.simulation
def test_the_intervals_of_a_norm_hold_the_truth() -> None:
    rng = np.random.default_rng(7)
    truth = {"mean": 3.5, "sd_between": 0.2, "q25": 3.5 - 0.6745 * 0.2, "q50": 3.5, "q75": 3.5 + 0.6745 * 0.2}
    covered = dict.fromkeys(truth, 0)
    for _ in range(300):
        organisations = {
            str(place): organisation_scores(
                pd.DataFrame(
                    {"process": rng.normal(3.5 + 0.2 * rng.standard_normal(), 0.9, int(rng.integers(40, 400)))}
                )
            )
            for place in range(60)
        }
        rows = pool_organisations(organisations).intervals.set_index("statistic")
        for name, value in truth.items():
            covered[name] += bool(rows.loc[name, "conf_low"] <= value <= rows.loc[name, "conf_high"])
    assert all(0.92 <= hits / 300 <= 0.98 for hits in covered.values()), covered
