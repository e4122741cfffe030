"""The reliability gate at work: a scale that fails it stands in grey with the reason, and no driver rests on it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest
from test_fair_sections import edition, ratings, report, words

from icstats.collation import merged_rows
from icstats.drivers import BLOCKS_FROM
from icstats.errors import NotEnoughDataError
from icstats.overview import Overview

if TYPE_CHECKING:
    import pandas as pd

    from icstats.analysis import Analysis

PRODUCT = ["PD1", "PD2", "PD3", "PD4"]
PROCESS = ["PC1", "PC2", "PC3", "PC4", "PC5", "PC6"]
DRIVER_KINDS = (
    "block_importance",
    "driver_importance",
    "regression",
    "importance_measures",
    "halo_check",
    "penalty_reward",
)
LEFT_OUT = {
    "en": "Left out, because a reliability of at least 0.70 is not sure: “Products”.",
    "nl": "Buiten beschouwing gelaten, omdat een betrouwbaarheid van minstens 0,70 niet zeker is: "
    "\u2018Producten\u2019.",
}


@cache
def frame(*weak: str, everywhere: bool = False) -> pd.DataFrame:
    """Return four departments; in IT (or everywhere) the answers to these questions are dealt out at random."""
    answers, random = ratings(mild=False), np.random.default_rng(3)
    rows = answers.index if everywhere else answers.index[answers["department"] == "it"]
    for code in weak:
        answers.loc[rows, code] = random.permutation(answers.loc[rows, code])
    return answers


def department(slug: str, *weak: str, everywhere: bool = False) -> Analysis:
    return replace(edition(frame(*weak, everywhere=everywhere)).organisation, department=slug, n_boot=200)


@pytest.mark.parametrize("kind", DRIVER_KINDS)
def test_no_driver_analysis_rests_on_a_scale_that_fails(kind: str) -> None:
    weak, strong = department("it", *PRODUCT), department("hr", *PRODUCT)
    assert weak.left_out == ("product",)
    assert strong.left_out == ()
    found, other = (set(getattr(one, kind).data[getattr(one, kind).keys[0]]) for one in (weak, strong))
    assert other - found >= set(PRODUCT)
    assert not {"product", *PRODUCT} & found
    assert set(PROCESS) <= found


def test_quick_wins_rest_on_what_is_left() -> None:
    assert not set(PRODUCT) & set(department("it", *PRODUCT).quick_wins.data["variable"])


def test_what_is_left_is_divided_as_if_the_scale_had_not_been_asked() -> None:
    weak = department("it", *PRODUCT)
    shares = weak.block_importance.data.query("measure == 'shapley_share'").set_index("driver")["estimate"]
    assert set(shares.index) == {"process", "orientation"}
    assert shares.sum() == pytest.approx(1)


def test_what_is_only_described_or_compared_keeps_every_question() -> None:
    weak = department("it", *PRODUCT)
    assert {"product", *PRODUCT} <= set(weak.measured.columns) & set(weak.summary.data["variable"])


@pytest.mark.parametrize("kind", DRIVER_KINDS)
def test_with_one_block_left_there_are_no_drivers(kind: str) -> None:
    weak = department("it", *PRODUCT, *PROCESS)
    assert weak.too_unreliable
    message = r"Too few reliable scales for drivers: product, process failed the reliability gate\. \[ICS-523\]"
    with pytest.raises(NotEnoughDataError, match=message):
        getattr(weak, kind)


def test_a_scale_outside_the_drivers_leaves_nothing_out() -> None:
    weak = department("it", "SA2", "MU1")
    assert {"satisfaction", "mutual"} <= set(weak.gate.failed)
    assert weak.left_out == ()


@pytest.mark.parametrize("language", ["en", "nl"])
def test_the_reader_is_told_what_is_left_out_and_why(language: str) -> None:
    opened = edition(frame(*PRODUCT), language)
    weak, strong = report(opened, "it"), report(opened, "hr")
    for section in (weak.why(), weak.drivers()):
        assert LEFT_OUT[language] in words(section)
    assert LEFT_OUT[language] not in words(strong.why()) + words(strong.drivers())
    reason = {"en": "no: 0.70 is not sure", "nl": "nee: 0,70 is niet zeker"}[language]
    assert reason in words(weak.certainty())


def test_the_released_numbers_hold_the_verdict_and_no_driver_of_the_scale() -> None:
    weak = report(edition(frame(*PRODUCT)), "it")
    sections = (weak.why(), weak.drivers(), weak.regression(), weak.measures(), weak.halo(), weak.asymmetry())
    bundles = [one._repr_mimebundle_() for one in (*sections, weak.certainty())]
    rows = merged_rows(
        row
        for bundle in bundles
        for name, part in bundle.items()
        if name.endswith("released+json")
        for row in part["rows"]
    )
    about_product = {(row["kind"], row["statistic"]): row for row in rows if row["variable"] in {"product", *PRODUCT}}
    assert about_product["Gate", "reliability"]["verdict"] == "under_limit"
    assert {kind for kind, _ in about_product} <= {"Gate", "Reliability"}


@pytest.mark.parametrize(
    ("language", "words_of_reason", "words_of_partly"),
    [
        ("en", "for too many blocks a reliability of at least 0.70 is not sure", "is left out: IT"),
        ("nl", "bij te veel blokken is een betrouwbaarheid", "is buiten beschouwing gelaten: ICT"),
    ],
)
def test_too_few_reliable_scales_are_not_called_too_few_answers(
    language: str, words_of_reason: str, words_of_partly: str
) -> None:
    opened = edition(frame(*PRODUCT, *PROCESS), language)
    assert words_of_reason in words(report(opened, "it").why())
    assert words_of_reason in words(report(opened, "it").drivers())
    assert words_of_partly in words(Overview(edition=edition(frame(*PRODUCT), language)).why())


def test_a_small_department_inherits_what_the_organisation_leaves_out() -> None:
    answers = frame(*PRODUCT, everywhere=True)
    few = answers[answers["department"] == "payroll"].index[BLOCKS_FROM - 5 :]
    opened = edition(answers.drop(index=few))
    assert opened.organisation.left_out == ("product",)
    assert LEFT_OUT["en"] in words(report(opened, "payroll").why())
    assert LEFT_OUT["en"] in words(Overview(edition=opened).why())
