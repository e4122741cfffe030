"""Simulated surveys have the properties that were planted: exactly in the model, within sampling error in a draw."""

from __future__ import annotations

from math import asin, pi
from typing import TYPE_CHECKING, get_args

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icstats.cuts import cut_at
from icstats.draws import PICKS, draw_items, draw_mirror, draw_picks
from icstats.errors import ParameterError
from icstats.organisation import Attribute, PlantedDepartment, Workforce, choose_raters, hire
from icstats.phrases import PHRASES, Tone, write_comment
from icstats.questionnaire import DRIVER_BLOCKS, Item, Language, Questionnaire, ResponseScale, Scale, Text
from icstats.scales import keyed, scale_scores
from icstats.simulate import Cells, SimulatedStudy, long_form, simulate_ratings, simulate_study, wide_form
from icstats.worlds import Truth, World, build_world
from icstats.worth import shapley_of_blocks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from icstats.questionnaire import Block

SIZES = {"product": ("PD", 3), "process": ("PC", 4), "orientation": ("CO", 5)}
PRODUCT_LED = {"product": 0.5, "process": 0.25, "orientation": 0.25}
EVEN = {"product": 1 / 3, "process": 1 / 3, "orientation": 1 / 3}
WORDS = Text(en="words", nl="woorden")


def question(code: str, block: str, **facts: object) -> Item:
    return Item(code=code, block=block, wording=WORDS, label=WORDS, **facts)  # type: ignore[arg-type]


def small_questionnaire(*, reverse: tuple[str, ...] = (), own: tuple[str, ...] = ()) -> Questionnaire:
    drivers = [
        question(
            f"{prefix}{number}",
            block,
            scale=block,
            responses="agreement",
            reverse=f"{prefix}{number}" in reverse,
            departments=("hr",) if f"{prefix}{number}" in own else None,
        )
        for block, (prefix, size) in SIZES.items()
        for number in range(1, size + 1)
    ]
    items = [
        *drivers,
        question("SA2", "outcome", responses="agreement"),
        question("SA1", "outcome", responses="mark"),
        question("EX1", "expectation", responses="agreement"),
        *(question(f"IM_{item.code}", "importance", about=item.code, responses="picked") for item in drivers),
        *(question(f"MI_{item.code}", "mirror", about=item.code, responses="agreement") for item in drivers),
        question("OP1", "open"),
        question("OP2", "open"),
    ]
    return Questionnaire(
        name="small",
        version="1",
        title=WORDS,
        outcome="SA1",
        responses={
            "agreement": ResponseScale(minimum=1, maximum=5, satisfied=4, dissatisfied=2),
            "mark": ResponseScale(minimum=1, maximum=10, satisfied=7, dissatisfied=5),
            "picked": ResponseScale(minimum=0, maximum=1, satisfied=1, dissatisfied=0),
        },
        scales=tuple(Scale(code=block, block=block, label=WORDS) for block in DRIVER_BLOCKS),
        items=tuple(items),
    )


QUESTIONNAIRE = small_questionnaire()


def world(**planted: object) -> World:
    return build_world(Truth(**{"block_shares": PRODUCT_LED, **planted}), QUESTIONNAIRE)  # type: ignore[arg-type]


def alpha(covariance: pd.DataFrame) -> float:
    k = len(covariance)
    return k / (k - 1) * (1 - float(np.trace(covariance)) / float(covariance.to_numpy().sum()))


def composite_correlation(covariance: pd.DataFrame, blocks: Mapping[Block, tuple[str, ...]]) -> pd.DataFrame:
    membership = pd.DataFrame({block: covariance.index.isin(codes) for block, codes in blocks.items()}).astype(float)
    sums = membership.to_numpy().T @ covariance.to_numpy() @ membership.to_numpy()
    spread = np.sqrt(np.diag(sums))
    return pd.DataFrame(sums / np.outer(spread, spread), index=list(blocks), columns=list(blocks))


# The calibration is exact: these are identities of the model, not estimates.


@pytest.mark.parametrize("correlation", [-0.9, -0.3, 0.0, 0.5, 0.9])
def test_two_median_cuts_covary_as_sheppard_found(correlation: float) -> None:
    cut = cut_at(["a", "b"], [0, 0], [np.zeros(1), np.zeros(1)])
    covariance = cut.covariance(np.array([[1, correlation], [correlation, 1]]))
    assert covariance[0, 1] == pytest.approx(asin(correlation) / (2 * pi), abs=1e-6)
    assert covariance[0, 0] == pytest.approx(0.25, abs=1e-12)


def test_moments_of_cut_answers_are_those_of_their_categories() -> None:
    cut = cut_at(["a"], [1], [np.array([-1.0, 0.0, 2.0])])
    shares = np.diff([0, 0.15865525393145707, 0.5, 0.9772498680518208, 1])
    mean = shares @ [1, 2, 3, 4]
    assert cut.means[0] == pytest.approx(mean, abs=1e-12)
    assert cut.variances[0] == pytest.approx(shares @ (np.array([1, 2, 3, 4]) - mean) ** 2, abs=1e-12)


@settings(max_examples=25, deadline=None)
@given(
    shares=st.tuples(st.floats(0.27, 0.38), st.floats(0.27, 0.38)),
    block_correlation=st.floats(0.3, 0.55),
    r_squared=st.floats(0.2, 0.6),
    reliability=st.floats(0.78, 0.92),
    level=st.floats(2.8, 4.0),
)
def test_answers_of_a_world_have_the_planted_properties_exactly(
    shares: tuple[float, float], block_correlation: float, r_squared: float, reliability: float, level: float
) -> None:
    planted_shares = {"product": shares[0], "process": shares[1], "orientation": 1 - sum(shares)}
    planted = world(
        block_shares=planted_shares,
        block_correlation=block_correlation,
        r_squared=r_squared,
        reliability=reliability,
        levels={"product": level},
    )
    covariance = planted.covariance
    values = shapley_of_blocks(covariance, outcome="SA1", blocks=planted.blocks)
    assert (values / values.sum()).to_dict() == pytest.approx(planted_shares, abs=1e-6)
    assert values.sum() == pytest.approx(r_squared, abs=1e-6)
    for codes in planted.blocks.values():
        assert alpha(covariance.loc[list(codes), list(codes)]) == pytest.approx(reliability, abs=1e-6)
    correlation = composite_correlation(covariance, planted.blocks).to_numpy()
    assert correlation[np.triu_indices(3, 1)] == pytest.approx([block_correlation] * 3, abs=1e-6)


def test_reliability_can_differ_between_blocks_and_loadings_within_them() -> None:
    reliability = {"product": 0.7, "process": 0.8, "orientation": 0.9}
    planted = world(reliability=reliability, block_correlation=0.5, emphasis={"PC1": 1.2, "PC2": 0.8})
    covariance = planted.covariance
    for block, codes in planted.blocks.items():
        assert alpha(covariance.loc[list(codes), list(codes)]) == pytest.approx(reliability[block], abs=1e-6)
    loadings = dict(zip(planted.drivers, planted.loadings, strict=True))
    assert loadings["PC1"] / loadings["PC2"] == pytest.approx(1.5)
    values = shapley_of_blocks(covariance, outcome="SA1", blocks=planted.blocks)
    assert (values / values.sum()).to_dict() == pytest.approx(PRODUCT_LED, abs=1e-6)


def test_shapley_of_uncorrelated_items_is_their_squared_correlation() -> None:
    covariance = pd.DataFrame(np.eye(3), index=list("abY"), columns=list("abY"))
    covariance.loc[["a", "b"], "Y"] = covariance.loc["Y", ["a", "b"]] = [0.6, 0.3]
    values = shapley_of_blocks(covariance, outcome="Y", blocks={"product": ["a"], "process": ["b"]})
    assert values.to_dict() == pytest.approx({"product": 0.36, "process": 0.09})


def test_halo_leaves_every_answer_its_distribution_and_draws_all_blocks_together() -> None:
    clean, blurred = world(), world(halo=0.2)
    assert blurred.cut.means == pytest.approx(clean.cut.means)
    assert np.diag(blurred.covariance) == pytest.approx(np.diag(clean.covariance))
    together = composite_correlation(blurred.covariance, blurred.blocks).loc["product", "process"]
    assert together > composite_correlation(clean.covariance, clean.blocks).loc["product", "process"] + 0.03


def test_leniency_is_what_one_person_carries_over() -> None:
    assert world(leniency=0.0).carried_over.to_dict() == dict.fromkeys(world().cut.codes, 0.0)
    lenient = world(leniency=0.3, levels=dict.fromkeys(DRIVER_BLOCKS, 3.0))
    within = lenient.cut.covariance(np.full((len(lenient.cut.codes),) * 2, 0.3))
    assert lenient.carried_over["PD1"] == pytest.approx(within[0, 1], abs=1e-9)


# Draws: within sampling error.


def standard_errors_of(covariance: pd.DataFrame, n: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    variances = np.diag(covariance)
    return np.sqrt((np.outer(variances, variances) + covariance.to_numpy() ** 2) / n)


@pytest.mark.parametrize("halo", [0.0, 0.15])
def test_drawn_answers_vary_and_covary_as_the_world_says(halo: float) -> None:
    n = 20_000
    planted = world(halo=halo)
    drawn = draw_items(planted, n, questionnaire=QUESTIONNAIRE, rng=np.random.default_rng(1))
    distance = (drawn.cov() - planted.covariance).to_numpy() / standard_errors_of(planted.covariance, n)
    assert np.abs(distance).max() < 5
    means = (drawn.mean().to_numpy() - planted.cut.means) / np.sqrt(planted.cut.variances / n)
    assert np.abs(means).max() < 4.5


def test_block_shares_and_r_squared_are_recovered_from_a_sample() -> None:
    ratings = simulate_ratings(6000, questionnaire=QUESTIONNAIRE, block_shares=PRODUCT_LED, r_squared=0.5, seed=3)
    blocks = world().blocks
    values = shapley_of_blocks(keyed(ratings, QUESTIONNAIRE).cov(), outcome="SA1", blocks=blocks)
    assert values.sum() == pytest.approx(0.5, abs=0.04)
    assert (values / values.sum()).to_dict() == pytest.approx(PRODUCT_LED, abs=0.04)
    scores = scale_scores(keyed(ratings, QUESTIONNAIRE), QUESTIONNAIRE)[list(DRIVER_BLOCKS)]
    assert scores.corr().to_numpy()[np.triu_indices(3, 1)] == pytest.approx([0.6] * 3, abs=0.04)


def share_of(condition: pd.Series[bool] | pd.DataFrame) -> float:
    return float(condition.to_numpy().mean())


def test_missing_answers_are_as_frequent_as_planted() -> None:
    ratings = simulate_ratings(4000, questionnaire=QUESTIONNAIRE, block_shares=EVEN, missing=0.08, seed=4)
    items = ratings[list(world().cut.codes)].isna()
    assert share_of(items) == pytest.approx(0.08, abs=4 * np.sqrt(0.08 * 0.92 / items.size))
    assert share_of(items["SA1"]) == pytest.approx(0.08, abs=0.02)


def test_ceiling_is_the_share_of_highest_answers_and_leaves_the_outcome_alone() -> None:
    ratings = simulate_ratings(4000, questionnaire=QUESTIONNAIRE, block_shares=EVEN, ceiling=0.6, r_squared=0.4, seed=5)
    for code in (*world().drivers, "SA2", "EX1"):
        assert share_of(ratings[code] == 5) == pytest.approx(0.6, abs=0.035), code
    assert share_of(ratings["SA1"] == 10) < 0.1


def test_straight_liners_are_as_frequent_as_planted_and_still_give_their_own_mark() -> None:
    grid = [*world().drivers, "SA2", "EX1"]

    def lined(share: float) -> float:
        ratings = simulate_ratings(
            4000, questionnaire=QUESTIONNAIRE, block_shares=EVEN, straight_liners=share, reliability=0.75, seed=6
        )
        return share_of(ratings[grid].eq(ratings[grid[0]], axis=0).all(axis=1))

    by_chance = lined(0.0)
    assert by_chance < 0.02
    assert lined(0.2) == pytest.approx(0.2 + 0.8 * by_chance, abs=0.025)
    ratings = simulate_ratings(2000, questionnaire=QUESTIONNAIRE, block_shares=EVEN, straight_liners=0.999, seed=6)
    assert ratings["SA1"].nunique() > 5


def test_mildness_makes_ratings_by_one_person_alike_as_much_as_planted() -> None:
    n = 20_000
    planted = world(leniency=0.25)
    rng = np.random.default_rng(7)
    mildness = rng.standard_normal(n)
    first, second = (
        draw_items(planted, n, questionnaire=QUESTIONNAIRE, rng=rng, mildness=mildness) for _ in ("hr", "it")
    )
    for code in planted.cut.codes:
        observed = float(np.cov(first[code], second[code])[0, 1])
        error = float(first[code].std() * second[code].std()) / np.sqrt(n)
        assert observed == pytest.approx(planted.carried_over[code], abs=4.5 * error), code


def test_alpha_of_a_drawn_block_is_the_planted_one() -> None:
    ratings = simulate_ratings(
        8000,
        questionnaire=QUESTIONNAIRE,
        block_shares=EVEN,
        reliability={"product": 0.7, "process": 0.8, "orientation": 0.9},
        block_correlation=0.5,
        seed=8,
    )
    observed = {
        block: alpha(ratings[list(codes)].cov())
        for block, codes in build_world(Truth(block_shares=EVEN), QUESTIONNAIRE).blocks.items()
    }
    assert observed == pytest.approx({"product": 0.7, "process": 0.8, "orientation": 0.9}, abs=0.02)


def test_reverse_items_stand_in_the_ratings_as_they_were_asked() -> None:
    turned = small_questionnaire(reverse=("PC2",))
    plain = simulate_ratings(500, questionnaire=QUESTIONNAIRE, block_shares=EVEN, seed=9)
    ratings = simulate_ratings(500, questionnaire=turned, block_shares=EVEN, seed=9)
    pd.testing.assert_series_equal(ratings["PC2"], 6 - plain["PC2"])
    pd.testing.assert_frame_equal(keyed(ratings, turned), keyed(plain, QUESTIONNAIRE))


def test_ratings_have_one_row_per_rating_and_all_columns() -> None:
    ratings = simulate_ratings(5, questionnaire=QUESTIONNAIRE, block_shares=EVEN, department="hr", wave="2026", seed=1)
    codes = [item.code for item in QUESTIONNAIRE.items]
    assert set(ratings.columns) == {"respondent", "department", "wave", "role", "weight", *codes, "file_row"}
    assert ratings["respondent"].tolist() == [1, 2, 3, 4, 5]
    assert ratings["file_row"].tolist() == [2, 3, 4, 5, 6]
    assert ratings[["department", "wave", "role", "weight"]].drop_duplicates().to_numpy().tolist() == [
        ["hr", "2026", "customer", 1.0]
    ]
    assert ratings["MI_PD1"].isna().all()
    assert ratings[list(world().cut.codes)].dtypes.eq("float64").all()
    assert ratings["OP1"].tolist() == [""] * 5


def test_items_of_other_departments_are_not_asked() -> None:
    questionnaire = small_questionnaire(own=("CO5",))
    elsewhere = simulate_ratings(10, questionnaire=questionnaire, block_shares=EVEN, department="it", seed=1)
    at_home = simulate_ratings(10, questionnaire=questionnaire, block_shares=EVEN, department="hr", seed=1)
    assert elsewhere["CO5"].isna().all()
    assert at_home["CO5"].notna().all()


def test_the_same_seed_gives_the_same_ratings() -> None:
    one, same, other = (
        simulate_ratings(50, questionnaire=QUESTIONNAIRE, block_shares=EVEN, missing=0.1, seed=seed)
        for seed in (1, 1, 2)
    )
    pd.testing.assert_frame_equal(one, same)
    assert not one[list(world().drivers)].equals(other[list(world().drivers)])


def test_importance_is_exactly_three_picks_and_more_often_about_what_weighs() -> None:
    items = QUESTIONNAIRE.items_of(block="importance")
    picks = draw_picks(world(), 3000, items=items, rng=np.random.default_rng(1))
    assert (picks.sum(axis=1) == PICKS).all()
    assert picks.isin([0, 1]).all().all()
    per_block = {block: picks.filter(regex=f"^IM_{prefix}").mean().mean() for block, (prefix, _) in SIZES.items()}
    assert per_block["product"] > 2 * max(per_block["process"], per_block["orientation"])


def test_staff_see_themselves_as_much_higher_as_planted() -> None:
    planted = world(levels=dict.fromkeys(DRIVER_BLOCKS, 3.0))
    items = QUESTIONNAIRE.items_of(block="mirror")
    modest, proud = (
        draw_mirror(planted, 6000, items=items, self_image=image, rng=np.random.default_rng(1)) for image in (0.0, 0.4)
    )
    assert modest.mean().to_numpy() == pytest.approx(planted.cut.means[: len(items)], abs=0.06)
    assert float((proud - modest).to_numpy().mean()) == pytest.approx(0.4, abs=0.03)


def test_staff_may_see_each_question_in_its_own_way() -> None:
    planted = world(levels=dict.fromkeys(DRIVER_BLOCKS, 3.0))
    items = QUESTIONNAIRE.items_of(block="mirror")
    plain, proud = (
        draw_mirror(planted, 6000, items=items, self_image=image, rng=np.random.default_rng(1))
        for image in (0.0, {"PC1": 0.5})
    )
    shifts = (proud - plain).mean()
    assert shifts["MI_PC1"] == pytest.approx(0.5, abs=0.05)
    assert shifts.drop("MI_PC1").eq(0).all()


# Refusals.


@pytest.mark.parametrize(
    ("planted", "message"),
    [
        (
            {"block_shares": {"product": 0.5, "process": 0.3, "orientation": 0.3}},
            "block_shares must be above 0 and add up to 1; found product 0.5, process 0.3, orientation 0.3. [ICS-371]",
        ),
        (
            {"block_shares": {"product": 1.0, "process": 0.0, "orientation": 0.0}},
            "block_shares must be above 0 and add up to 1; found product 1, process 0, orientation 0. [ICS-371]",
        ),
        (
            {"block_shares": {"product": 0.5, "process": 0.5}},
            (
                "block_shares are about product, process; the questionnaire asks about product, process, orientation. "
                "[ICS-372]"
            ),
        ),
        (
            {"block_shares": {"product": 0.8, "process": 0.1, "orientation": 0.1}},
            (
                "No world has these block_shares: product 0.8, process 0.1, orientation 0.1. Where blocks correlate "
                "0.6, a block without any effect of its own still shares in what is explained. "
                "Hint: Give process a larger share, or lower block_correlation. [ICS-373]"
            ),
        ),
        (
            {"reliability": 0.95, "r_squared": 0.95},
            (
                "No world has r_squared 0.95: errors of measurement and categories leave less to explain. "
                "Hint: Lower r_squared, or raise reliability. [ICS-373]"
            ),
        ),
        (
            {"reliability": 0.5},
            (
                "No world has block_correlation 0.6, given the other properties and the numbers of items. "
                "Hint: Choose a less extreme value. [ICS-373]"
            ),
        ),
        (
            {"reliability": 0.999},
            (
                "No world has reliability 0.999 of product, given the other properties and the numbers of items. "
                "Hint: Choose a less extreme value. [ICS-373]"
            ),
        ),
        ({"missing": 1.0}, "missing must be at least 0 and below 1; found 1.0. [ICS-370]"),
        ({"r_squared": 0.0}, "r_squared must be above 0: without it no block has a share. [ICS-370]"),
        (
            {"halo": 0.5, "leniency": 0.5},
            "halo and leniency must stay below 1 together; found 1.0. [ICS-370]",
        ),
    ],
)
def test_a_world_that_cannot_be_is_refused(planted: dict[str, object], message: str) -> None:
    with pytest.raises(ParameterError) as caught:
        world(**planted)
    assert str(caught.value) == message


def test_ratings_of_nobody_are_refused() -> None:
    with pytest.raises(ParameterError) as caught:
        simulate_ratings(0, questionnaire=QUESTIONNAIRE, block_shares=EVEN, seed=1)
    assert str(caught.value) == "n must be at least 1; found 0. [ICS-374]"


# A whole organisation.

WORKFORCE = Workforce(
    employees=400,
    answering=0.8,
    attributes=(
        Attribute(
            name="unit", shares={"North": 0.5, "South": 0.5}, mildness={"North": 1.0}, of_staff="Staff departments"
        ),
    ),
)
CELLS = Cells(not_applicable_rate={"PD1": 0.1, "PD2": 0.05}, dont_know_rate={"PD2": 0.15}, unpicked=0.2, comments=0.3)
TRUTH = Truth(block_shares=PRODUCT_LED, leniency=0.3, missing=0.02, levels=dict.fromkeys(DRIVER_BLOCKS, 3.5))
PLANTED = (
    PlantedDepartment(
        slug="hr", truth=TRUTH, raters={"2025": 200, "2026": 250}, change={"2025": -0.5}, team=20, mirrors=12
    ),
    PlantedDepartment(slug="it", truth=TRUTH, raters={"2025": 250, "2026": 240}, team=30, mirrors=9),
    PlantedDepartment(slug="archive", truth=TRUTH, raters={"2025": 6, "2026": 4}, team=2, mirrors=1),
)


def survey(*departments: PlantedDepartment, seed: int = 5) -> SimulatedStudy:
    return simulate_study(
        departments or PLANTED, questionnaire=QUESTIONNAIRE, workforce=WORKFORCE, cells=CELLS, seed=seed
    )


@pytest.fixture(scope="module")
def study() -> SimulatedStudy:
    return survey()


def ratings_of(study: SimulatedStudy, department: str, wave: str = "2026", role: str = "customer") -> pd.DataFrame:
    frame = study.frame
    return frame[(frame["department"] == department) & (frame["wave"] == wave) & (frame["role"] == role)]


def test_every_department_has_the_planted_number_of_raters_and_mirrors(study: SimulatedStudy) -> None:
    for department in PLANTED:
        for wave, raters in department.raters.items():
            assert len(ratings_of(study, department.slug, wave)) == raters
            assert len(ratings_of(study, department.slug, wave, role="staff")) == department.mirrors


def test_nobody_rates_a_department_twice_or_the_own_one(study: SimulatedStudy) -> None:
    assert not study.frame.duplicated(["respondent", "department", "wave"]).any()
    people = hire(PLANTED, WORKFORCE, seed=5).astype({"respondent": str, "colleague": str})
    home = dict(zip(people["respondent"], people["home"], strict=True))
    customers = study.frame[study.frame["role"] == "customer"]
    assert (customers["respondent"].map(home) != customers["department"]).all()
    assert not set(customers["respondent"]) & set(people["colleague"])
    assert not set(people["respondent"]) & set(people["colleague"])


def test_most_people_answer_in_both_waves(study: SimulatedStudy) -> None:
    waves = [set(ratings_of(study, "it", wave)["respondent"]) for wave in ("2025", "2026")]
    assert 0.7 < len(waves[0] & waves[1]) / len(waves[1]) < 1


def test_mirror_questions_are_answered_by_staff_and_all_others_by_customers(study: SimulatedStudy) -> None:
    mirror = [item.code for item in QUESTIONNAIRE.items if item.block == "mirror"]
    other = [item.code for item in QUESTIONNAIRE.items if item.block != "mirror"]
    staff, customers = (study.frame[study.frame["role"] == role] for role in ("staff", "customer"))
    assert (staff[mirror] != "").all().all()
    assert (staff[other] == "").all().all()
    assert (customers[mirror] == "").all().all()


def test_cells_without_an_answer_are_as_frequent_as_planted(study: SimulatedStudy) -> None:
    customers = study.frame[study.frame["role"] == "customer"]
    n = len(customers)

    def share(code: str, text: str) -> float:
        return share_of(customers[code] == text)

    def error(rate: float) -> float:
        return float(4 * np.sqrt(rate * (1 - rate) / n))

    assert share("PD1", "n.v.t.") == pytest.approx(0.1, abs=error(0.1))
    assert share("PD1", "weet niet") == 0
    assert share("PD2", "n.v.t.") == pytest.approx(0.05, abs=error(0.05))
    assert share("PD2", "weet niet") == pytest.approx(0.15, abs=error(0.15))
    assert share("PC1", "") == pytest.approx(0.02, abs=error(0.02))
    assert share("IM_PD1", "") == pytest.approx(0.2, abs=error(0.2))
    assert 1 - share("OP1", "") == pytest.approx(0.3, abs=error(0.3))


def numbers(frame: pd.DataFrame, code: str) -> pd.Series[float]:
    return pd.to_numeric(frame[code], errors="coerce").astype(float)


def test_waves_differ_by_the_planted_change(study: SimulatedStudy) -> None:
    drivers = list(world().drivers)
    means = {
        (department, wave): float(
            np.mean([numbers(ratings_of(study, department, wave), code).mean() for code in drivers])
        )
        for department in ("hr", "it")
        for wave in ("2025", "2026")
    }
    assert means["hr", "2026"] - means["hr", "2025"] == pytest.approx(0.5, abs=0.2)
    assert means["it", "2026"] - means["it", "2025"] == pytest.approx(0.0, abs=0.2)


def test_one_person_is_mild_for_every_department(study: SimulatedStudy) -> None:
    drivers = list(world().drivers)
    scores = {
        department: ratings_of(study, department).set_index("respondent")[drivers].apply(pd.to_numeric, errors="coerce")
        for department in ("hr", "it")
    }
    both = pd.concat([frame.mean(axis=1).rename(name) for name, frame in scores.items()], axis=1).dropna()
    planted = study.worlds["2026", "hr"]
    expected = carried_by_means(planted)
    error = float(both["hr"].std() * both["it"].std()) / np.sqrt(len(both))
    assert float(both.cov().loc["hr", "it"]) == pytest.approx(expected, abs=4 * error)
    assert expected > 4 * error, "the test can tell leniency from none"


def carried_by_means(planted: World) -> float:
    drivers = planted.cut.of(slice(0, len(planted.drivers)))
    common = drivers.covariance(np.full((len(planted.drivers),) * 2, planted.truth.leniency))
    np.fill_diagonal(common, planted.carried_over[list(planted.drivers)])
    return float(common.mean())


def test_attributes_follow_their_shares_and_make_people_milder() -> None:
    people = hire(PLANTED, WORKFORCE, seed=1)
    assert set(people.loc[people["home"] != "", "unit"]) == {"Staff departments"}
    others = people[people["home"] == ""]
    assert share_of(others["unit"] == "North") == pytest.approx(0.5, abs=0.11)
    mildness = others.groupby("unit")["mildness"].mean()
    assert mildness["North"] - mildness["South"] == pytest.approx(0.9, abs=0.45)
    assert people["mildness"].mean() == pytest.approx(0, abs=1e-12)
    assert people["mildness"].std(ddof=0) == pytest.approx(1)


def test_the_same_seed_gives_the_same_survey_byte_for_byte(study: SimulatedStudy) -> None:
    assert survey().frame.to_csv(index=False) == study.frame.to_csv(index=False)
    assert survey(seed=6).frame.to_csv(index=False) != study.frame.to_csv(index=False)


def test_one_more_department_leaves_the_answers_about_the_others_alone(study: SimulatedStudy) -> None:
    library = PlantedDepartment(slug="library", truth=TRUTH, raters={"2025": 10, "2026": 10})
    larger = survey(*PLANTED, library).frame
    pd.testing.assert_frame_equal(larger[larger["department"] != "library"].reset_index(drop=True), study.frame)


def test_wide_and_long_hold_the_same_answers_as_stacked(study: SimulatedStudy) -> None:
    items = [item.code for item in QUESTIONNAIRE.items]
    keys = ["respondent", "wave", "role"]
    stacked = {
        (*(row[key] for key in keys), row["department"], code): row[code]
        for row in study.frame.to_dict("records")
        for code in items
        if row[code]
    }
    long = long_form(study)
    assert long.set_index([*keys, "department", "item"])["answer"].to_dict() == stacked
    wide = wide_form(study, joint="::")
    assert not wide.duplicated(keys).any()
    assert {
        (*(row[key] for key in keys), *column.split("::")): row[column]
        for row in wide.to_dict("records")
        for column in wide.columns
        if "::" in column and row[column]
    } == stacked


def test_more_raters_than_people_are_refused() -> None:
    crowd = PlantedDepartment(slug="hr", truth=TRUTH, raters={"2026": 330}, team=10)
    people = hire([crowd], WORKFORCE, seed=1)
    with pytest.raises(ParameterError) as caught:
        choose_raters(people, [crowd], WORKFORCE, wave="2026", seed=1)
    able = 320 - int(320 - int(str(caught.value).split("; ")[1].split()[0]))
    assert 310 <= able <= 320
    assert str(caught.value) == (
        f"330 people should rate hr in wave 2026; {able} can. "
        "Hint: Lower the number of raters, or let more employees answer. [ICS-375]"
    )


def test_teams_larger_than_the_workforce_are_refused() -> None:
    crowd = PlantedDepartment(slug="hr", truth=TRUTH, raters={"2026": 1}, team=401)
    with pytest.raises(ParameterError) as caught:
        hire([crowd], WORKFORCE, seed=1)
    assert str(caught.value) == "The staff departments have 401 people together; there are 400 employees. [ICS-375]"


@pytest.mark.parametrize("language", get_args(Language))
@pytest.mark.parametrize("tone", get_args(Tone))
@pytest.mark.parametrize("block", DRIVER_BLOCKS)
def test_comments_are_sentences_about_the_block(language: Language, tone: Tone, block: Block) -> None:
    rng = np.random.default_rng(1)
    comments = {write_comment(rng, language=language, tone=tone, block=block) for _ in range(60)}
    assert len(comments) > 20
    for comment in comments:
        assert comment[0].isupper()
        assert comment[-1] in ".!"
        assert any(phrase.lower() in comment.lower() for phrase in PHRASES[language][tone][block])


@pytest.mark.simulation
def test_shares_are_recovered_on_average_over_many_departments() -> None:
    blocks = world().blocks
    shares = []
    for seed in range(200):
        ratings = simulate_ratings(300, questionnaire=QUESTIONNAIRE, block_shares=PRODUCT_LED, seed=seed)
        values = shapley_of_blocks(keyed(ratings, QUESTIONNAIRE).cov(), outcome="SA1", blocks=blocks)
        shares.append(values / values.sum())
    mean, error = pd.DataFrame(shares).mean(), pd.DataFrame(shares).std() / np.sqrt(len(shares))
    # Block Shapley of a sample is drawn slightly towards equal shares: R² of a set of items is never below zero.
    assert ((mean - pd.Series(PRODUCT_LED)).abs() < 0.005 + 4 * error).all()
