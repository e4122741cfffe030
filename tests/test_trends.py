"""Change between waves: paired where keys allow, many comparisons allowed for, other wording never bridged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from made import counts
from scipy import stats

import icstats as ic
from icstats.disclosure import Released, open_ledger, release
from icstats.errors import ParameterError
from icstats.questionnaire import ResponseScale
from icstats.slopes import wave_slopes
from icstats.study import Policy
from icstats.talk import change_sentence
from icstats.texts import Texts
from icstats.trends import WaveChange, wave_change

if TYPE_CHECKING:
    from icstats.report import Report

MARK = ResponseScale(minimum=1, maximum=10, satisfied=7, dissatisfied=5)
FIVE = ResponseScale(minimum=1, maximum=5, satisfied=4, dissatisfied=2)
SCALES = {"SA1": MARK, "process": FIVE, "PC1": FIVE, "PC2": FIVE}
LABELS = {"SA1": "Mark", "process": "Process", "PC1": "Quick", "PC2": "Agreed"}
EN, NL = Texts("en"), Texts("nl")


def wave(n: int = 200, *, shift: float = 0.0, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "SA1": rng.normal(6.8 + shift, 1.2, n),
            "process": rng.normal(3.4 + shift / 2, 0.7, n),
            "PC1": rng.integers(2, 6, n).astype(float),
        }
    )


def change(now: pd.DataFrame, earlier: pd.DataFrame, **more: object) -> WaveChange:
    return wave_change(now, earlier, response_scales=SCALES, **more)  # type: ignore[arg-type]


def row(result: WaveChange, variable: str, statistic: str = "difference") -> pd.Series:
    return result.data.set_index(["variable", "statistic"]).loc[(variable, statistic)]


def test_the_same_people_make_the_paired_test() -> None:
    now, earlier, people = wave(seed=1), wave(seed=2), np.arange(200)
    found = row(change(now, earlier, clusters=people, earlier_clusters=people), "SA1")
    expected = stats.ttest_rel(now["SA1"], earlier["SA1"])
    assert (found["conf_low"], found["conf_high"]) == pytest.approx(tuple(expected.confidence_interval()), abs=1e-12)


def test_without_keys_the_waves_are_independent() -> None:
    now, earlier = wave(120, seed=1), wave(200, seed=2)
    found = row(change(now, earlier), "SA1")
    expected = stats.ttest_ind(now["SA1"], earlier["SA1"], equal_var=False)
    assert (found["conf_low"], found["conf_high"]) == pytest.approx(tuple(expected.confidence_interval()), abs=1e-12)
    assert (found["n"], row(change(now, earlier), "SA1", "earlier")["n"]) == (120, 200)


def test_people_in_both_waves_make_the_change_more_certain() -> None:
    lasting = np.random.default_rng(3).normal(0, 1, 300)
    now, earlier = wave(200, seed=1), wave(200, seed=2)
    now["SA1"] += lasting[:200]
    earlier["SA1"] += lasting[100:]
    keyed = row(change(now, earlier, clusters=np.arange(200), earlier_clusters=np.arange(100, 300)), "SA1")
    unkeyed = row(change(now, earlier), "SA1")
    assert keyed["estimate"] == unkeyed["estimate"]
    assert keyed["std_error"] < 0.95 * unkeyed["std_error"]


def test_p_values_allow_for_all_comparisons_of_the_call() -> None:
    differences = change(wave(seed=1), wave(seed=2, shift=0.2)).data.query("statistic == 'difference'")
    expected = stats.false_discovery_control(differences["p_value"])
    np.testing.assert_allclose(differences["p_adjusted"], expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("shift", "n", "verdict"), [(1.0, 200, "up"), (-1.0, 200, "down"), (0.0, 3000, "equal"), (0.0, 20, "uncertain")]
)
def test_the_verdict_follows_interval_and_margin(shift: float, n: int, verdict: str) -> None:
    assert row(change(wave(n, seed=4, shift=shift), wave(n, seed=5)), "SA1")["verdict"] == verdict


def test_one_wave_the_other_way_round_turns_every_change() -> None:
    now, earlier = wave(seed=1, shift=0.5), wave(seed=2)
    one, other = change(now, earlier), change(earlier, now)
    turned = {"up": "down", "down": "up"}
    for variable in now:
        assert row(other, variable)["estimate"] == pytest.approx(-row(one, variable)["estimate"], abs=1e-12)
        assert row(other, variable)["verdict"] == turned.get(
            row(one, variable)["verdict"], row(one, variable)["verdict"]
        )


def test_other_wording_is_shown_and_not_compared() -> None:
    result = change(wave(seed=1), wave(seed=2, shift=2.0), breaks=["SA1"])
    assert row(result, "SA1")["verdict"] == "break"
    assert np.isnan(row(result, "SA1")["estimate"])
    assert row(result, "SA1", "earlier")["estimate"] == pytest.approx(wave(seed=2, shift=2.0)["SA1"].mean())
    alone = change(wave(seed=1)[["process", "PC1"]], wave(seed=2, shift=2.0)[["process", "PC1"]])
    assert row(result, "process")["p_adjusted"] == row(alone, "process")["p_adjusted"]


def test_what_the_earlier_wave_did_not_ask_has_no_change() -> None:
    now = wave().assign(PC2=3.5)
    result = change(now, wave(seed=2))
    assert np.isnan(row(result, "PC2")["estimate"])
    assert row(result, "PC2")["verdict"] == "uncertain"
    assert result.people.loc[result.data["variable"] == "PC2", "n"].eq(0).all()


def test_wrong_settings_are_refused_all_at_once() -> None:
    with pytest.raises(ParameterError) as refused:
        wave_change(wave(), wave(), response_scales={"SA1": MARK, "PC1": FIVE}, clusters=np.arange(200), margin=0)
    assert [str(problem) for problem in refused.value.problems] == [
        '"process": has no response scale. [ICS-384]',
        "margin is 0; it must lie between 0 and 1. [ICS-380]",
        (
            "clusters are given for one wave only; who answered both is then not known. Hint: give them for both "
            "waves, or for neither [ICS-385]"
        ),
    ]


# Shown: only what may be shown in both waves.


def opened(result: WaveChange, *, now: int = 200, earlier: int = 200) -> Released:
    def ledger(n: int, others: int) -> object:
        table = {"hr": dict.fromkeys(["ratings", *SCALES], n), "it": dict.fromkeys(["ratings", *SCALES], others)}
        return open_ledger(counts(table | {"fin": table["it"]}), policy=Policy())

    both = ledger(now, 300).along_with(ledger(earlier, 400))  # type: ignore[attr-defined]
    return release(result, policy=Policy(), ledger=both.at("hr"))


@pytest.mark.parametrize(("now", "earlier"), [(200, 9), (9, 200)])
def test_a_wave_with_too_few_answers_hides_the_change(now: int, earlier: int) -> None:
    result = change(wave(now, seed=1), wave(earlier, seed=2))
    assert opened(result, now=now, earlier=earlier).rows["mark"].eq("hidden").all()
    enough = change(wave(seed=1), wave(seed=2))
    assert opened(enough, now=now, earlier=earlier).rows["mark"].eq("hidden").all()
    assert opened(enough).rows["mark"].eq("").all()


def test_two_ledgers_together_hide_what_either_hides() -> None:
    def ledger(cells: dict[str, int]) -> object:
        return open_ledger(counts(dict.fromkeys(("hr", "it"), cells)), policy=Policy())

    one, other = ledger({"ratings": 50, "PC1": 4, "PC2": 50}), ledger({"ratings": 50, "PC1": 50, "PC2": 4})
    both = one.along_with(other)  # type: ignore[attr-defined]
    assert [name for name in ("ratings", "PC1", "PC2") if both.hides(name, "hr")] == ["PC1", "PC2"]
    assert both.hides("PC1")


def test_changes_are_told_by_name_and_nothing_is_an_answer() -> None:
    moved = opened(change(wave(seed=4, shift=1.0), wave(seed=5)))
    assert change_sentence(moved, LABELS, EN, earlier="2025").startswith("Surely higher than in 2025: Mark (+")
    still = opened(change(wave(3000, seed=4), wave(3000, seed=5)))
    assert change_sentence(still, LABELS, EN, earlier="2025") == (
        "Of 3 comparisons with 2025, none shows a change that is sure."
    )
    hidden = opened(change(wave(9), wave(9)), now=9, earlier=9)
    assert change_sentence(hidden, LABELS, EN, earlier="2025") == ""


@pytest.mark.parametrize("texts", [EN, NL], ids=["en", "nl"])
def test_slopes_state_both_means_and_breaks(texts: Texts) -> None:
    result = opened(change(wave(seed=4, shift=1.0), wave(seed=5), breaks=["process"]))
    panels = [["SA1"], ["process"]]
    figure = wave_slopes(result, panels=panels, labels=LABELS, waves=("2025", "2026"), texts=texts)
    assert texts.say("change_word.break") in figure.alt
    assert texts.say("change_word.up") in figure.alt
    assert texts.say("change.caption_break") in figure.caption
    few = opened(change(wave(9), wave(9)), now=9, earlier=9)
    assert "<img" not in wave_slopes(few, panels=panels, labels=LABELS, waves=("2025", "2026"), texts=texts).html


# The example study.


@pytest.fixture(scope="module", params=["en", "nl"])
def hr(request: pytest.FixtureRequest) -> Report:
    return ic.open_report("params/example.yaml", "hr", language=request.param)


def test_the_example_tells_what_changed_in_both_languages(hr: Report) -> None:
    shown = hr.change()
    assert hr.edition.texts.say("change.heading") == shown.title
    assert "<img" in shown.body
    raw = hr.analysis.change
    assert raw is not None
    # Customers of this department were planted to answer 0.15 points lower than in the wave before.
    blocks = raw.data[raw.data["variable"].isin(["product", "process", "orientation"])]
    changes = blocks[blocks["statistic"] == "difference"]
    assert (changes["conf_low"] < -0.15).all()
    assert (changes["conf_high"] > -0.15).all()


def test_the_first_wave_has_no_change() -> None:
    report = ic.open_report("params/example.yaml", "hr", language="en", wave="2025")
    assert report.change()._repr_html_() == "<section hidden></section>"


def test_a_reworded_item_breaks_its_scores(hr: Report) -> None:
    analysis = hr.analysis
    items = tuple(
        item.model_copy(update={"since": "2026"}) if item.code == "PC1" else item
        for item in analysis.questionnaire.items
    )
    study = analysis.study.model_copy(
        update={"questionnaire": analysis.questionnaire.model_copy(update={"items": items})}
    )
    data = type(analysis)(
        study=study, responses=analysis.responses, wave="2026", department="hr"
    ).change.data.set_index(["variable", "statistic"])
    broken = data.xs("difference", level="statistic")["verdict"] == "break"
    assert set(broken[broken].index) == {"PC1", "process"}
