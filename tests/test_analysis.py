"""What the analysis of a department makes of its ratings, beyond the statistics themselves."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from icstats.edition import open_edition

if TYPE_CHECKING:
    from icstats.analysis import Analysis

EXAMPLE = Path(__file__).parents[1] / "params" / "example.yaml"


@cache
def department(slug: str) -> Analysis:
    return open_edition(EXAMPLE).organisation.of(slug)


def test_models_tell_that_answers_were_filled_in_and_of_how_many_ratings() -> None:
    analysis = department("training")
    for model in (analysis.block_importance, analysis.driver_importance, analysis.regression):
        assert (model.settings.missing, model.settings.n_total) == ("two_way", len(analysis.ratings))
        assert model.data["n"].max() <= len(analysis.ratings)


def test_the_ladder_counts_usable_ratings() -> None:
    analysis = department("procurement")
    complete = analysis.items[[analysis.outcome, *analysis.driver_codes]].dropna()
    assert 30 <= len(complete) < analysis.block_importance.data["n"].max() <= len(analysis.ratings)
    assert analysis.ladder == "blocks"


def test_blocks_of_several_items_have_no_shares() -> None:
    analysis = department("hr")
    shares = analysis.summary.data.query("statistic == 'satisfied'")["variable"]
    assert set(shares) == {analysis.outcome, *analysis.driver_codes}


def test_the_label_of_a_reverse_item_says_that_its_numbers_are_turned() -> None:
    plain = open_edition(EXAMPLE, language="nl")
    first, *others = plain.study.questionnaire.items
    questionnaire = plain.study.questionnaire.model_copy(
        update={"items": (first.model_copy(update={"reverse": True}), *others)}
    )
    turned = replace(plain, study=plain.study.model_copy(update={"questionnaire": questionnaire}))
    assert turned.labels[first.code] == f"{plain.labels[first.code]} (omgedraaid)"
    assert {code for code, label in turned.labels.items() if label != plain.labels[code]} == {first.code}


def test_the_dialogue_passes_the_door_where_everything_it_rests_on_may_be_shown() -> None:
    analysis, edition = department("hr"), open_edition(EXAMPLE)
    for result in (analysis.expectation, analysis.mirror, analysis.quick_wins, analysis.change()):
        assert result is not None
        released = edition.released(result, "hr")
        assert (released.rows["mark"] == "").any()


def test_the_first_wave_has_no_change() -> None:
    first = replace(department("hr"), wave="2025")
    assert (first.earlier_wave, first.change()) == (None, None)
