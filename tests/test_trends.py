"""Change between waves: paired where keys allow, many comparisons allowed for, other wording never bridged."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made import counts
from scipy import stats

from icstats import open_report
from icstats.disclosure import Released, open_ledger, release
from icstats.errors import ParameterError
from icstats.questionnaire import ResponseScale
from icstats.study import Policy
from icstats.talk import change_sentence
from icstats.texts import Texts
from icstats.trends import WaveChange, wave_change

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


def test_people_who_answer_twice_are_paired_and_the_others_are_not() -> None:
    """Derived anew from three groups of people: each has its own variance of what it adds to the difference."""
    earlier = wave(150, seed=2)["SA1"].to_numpy()
    now = wave(120, seed=1)["SA1"].to_numpy() + np.r_[earlier[:70] / 2, np.zeros(50)]
    found = row(
        change(
            pd.DataFrame({"SA1": now}),
            pd.DataFrame({"SA1": earlier}),
            clusters=np.arange(120),
            earlier_clusters=np.r_[np.arange(70), np.arange(500, 580)],
        ),
        "SA1",
    )
    apart, apart_before = (now - now.mean()) / 120, (earlier - earlier.mean()) / 150
    apart, apart_before = apart * (120 / 119) ** 0.5, apart_before * (150 / 149) ** 0.5
    squared = [
        ((apart[:70] - apart_before[:70]) ** 2).sum(),
        (apart[70:] ** 2).sum(),
        (apart_before[70:] ** 2).sum(),
    ]
    freedom = sum(squared) ** 2 / sum(part**2 / (n - 1) for part, n in zip(squared, (70, 50, 80), strict=True))
    error, mean = sum(squared) ** 0.5, now.mean() - earlier.mean()
    assert found["estimate"] == pytest.approx(mean, abs=1e-12)
    assert found["std_error"] == pytest.approx(error, rel=1e-9)
    assert found["p_value"] == pytest.approx(2 * stats.t.sf(abs(mean / error), freedom), rel=1e-9)
    covariance = np.cov(now[:70], earlier[:70])[0, 1]
    textbook = now.var(ddof=1) / 120 + earlier.var(ddof=1) / 150 - 2 * 70 * covariance / (120 * 150)
    assert found["std_error"] == pytest.approx(textbook**0.5, rel=0.03)


@pytest.mark.parametrize("keyed", [True, False])
def test_beside_the_norm_the_change_is_tested_against_that_of_the_norm(keyed: bool) -> None:  # noqa: FBT001  a case
    now, earlier = wave(seed=1, shift=0.6), wave(seed=2)
    people = {"clusters": np.arange(200), "earlier_clusters": np.arange(200)} if keyed else {}
    shifts = {"SA1": 0.25, "PC1": -0.1, "CO1": 0.3}
    result = change(now, earlier, norm_change=shifts, **people)
    assert set(result.data.loc[result.data["statistic"] == "beyond_norm", "variable"]) == {"SA1", "PC1"}
    p_values = {}
    for code in ("SA1", "PC1"):
        test = (
            stats.ttest_rel(now[code] - shifts[code], earlier[code])
            if keyed
            else stats.ttest_ind(now[code] - shifts[code], earlier[code], equal_var=False)
        )
        found = row(result, code, "beyond_norm")
        assert row(result, code, "norm_change")["estimate"] == shifts[code]
        assert found["estimate"] == pytest.approx(row(result, code)["estimate"] - shifts[code], abs=1e-12)
        assert (found["conf_low"], found["conf_high"]) == pytest.approx(tuple(test.confidence_interval()), abs=1e-12)
        p_values[code] = found["p_value"]
        assert p_values[code] == pytest.approx(test.pvalue, abs=1e-12)
    adjusted = stats.false_discovery_control(list(p_values.values()))
    assert [row(result, code, "beyond_norm")["p_adjusted"] for code in p_values] == pytest.approx(adjusted, abs=1e-12)


@pytest.mark.parametrize(
    ("shift", "of_norm", "verdict"),
    [(1.0, 0.0, "ahead"), (1.0, 1.0, "along"), (0.0, 1.0, "behind"), (1.0, 0.7, "uncertain")],
)
def test_a_change_is_ahead_of_that_of_the_norm_along_with_it_or_behind(
    shift: float, of_norm: float, verdict: str
) -> None:
    now = earlier = wave(1500, seed=4)[["SA1"]]
    noise = np.random.default_rng(8).normal(0, 6.5 if verdict == "uncertain" else 0.5, 1500)
    result = change(now + shift + (noise - noise.mean())[:, None], earlier, norm_change={"SA1": of_norm})
    assert row(result, "SA1", "beyond_norm")["verdict"] == verdict


def test_a_broken_question_is_not_held_against_the_norm() -> None:
    result = change(wave(seed=1), wave(seed=2), breaks=["SA1"], norm_change={"SA1": 0.2, "PC1": 0.1})
    assert set(result.data.loc[result.data["statistic"] == "beyond_norm", "variable"]) == {"PC1"}


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


def through_the_door(result: WaveChange, n: int = 200) -> Released:
    ledger = open_ledger(
        counts({slug: {"ratings": n, **dict.fromkeys(result.data["variable"], n)} for slug in ("hr", "it")}),
        policy=Policy(),
        department="hr",
    )
    return release(result, policy=Policy(), ledger=ledger.along_with(ledger))


@pytest.mark.parametrize("n", [20, 200])
def test_both_means_of_a_broken_question_are_shown_and_no_change(n: int) -> None:
    released = through_the_door(change(wave(n, seed=1), wave(n, seed=2), breaks=["SA1"], norm_change={}), n)
    rows = {row.statistic: row for row in released.each() if row.variable == "SA1"}
    assert {name: row.hidden for name, row in rows.items()} == dict.fromkeys(("mean", "earlier", "difference"), False)
    assert np.isnan(rows["difference"].estimate)
    assert not np.isnan(rows["earlier"].estimate)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.floats(-0.5, 0.5), st.floats(-0.5, 0.5), st.integers(15, 400))
def test_beyond_the_norm_follows_from_the_shown_numbers_and_its_word_from_it(
    seed: int, shift: float, of_norm: float, n: int
) -> None:
    now, earlier = wave(n, seed=seed, shift=shift), wave(n, seed=seed + 1)
    released = through_the_door(change(now, earlier, norm_change=dict.fromkeys(now, of_norm)), n)
    shown = {(row.variable, row.statistic): row for row in released.each() if not row.hidden}
    for variable in now:
        if (variable, "mean") not in shown:
            continue
        mean, before, difference, norm, beyond = (
            shown[variable, name].estimate for name in ("mean", "earlier", "difference", "norm_change", "beyond_norm")
        )
        assert difference == pytest.approx(mean - before, abs=1e-9)
        assert beyond == pytest.approx(mean - before - norm, abs=1e-9)
        words = (shown[variable, name].extras["verdict"] for name in ("difference", "beyond_norm"))
        for word, number in zip(words, (difference, beyond), strict=True):
            assert {"up": 1, "ahead": 1, "down": -1, "behind": -1}.get(word, np.sign(number)) == np.sign(number)


SENTENCES = {
    EN: (
        "Surely higher than in 2025: “Mark” (+1.0) and “Process” (+0.5).",
        "Over the same time, “Mark” changed surely more favourably than the norm.",
        "Over the same time, “Process” changed surely less favourably than the norm.",
    ),
    NL: (
        "Zeker hoger dan in 2025: “Mark” (+1,0) en “Process” (+0,5).",
        "Bij “Mark” was de verandering in dezelfde tijd zeker gunstiger dan die van de norm.",
        "Bij “Process” was de verandering in dezelfde tijd zeker ongunstiger dan die van de norm.",
    ),
}


@pytest.mark.parametrize("texts", SENTENCES, ids=["en", "nl"])
def test_the_sentence_names_what_changed_and_what_changed_otherwise_than_the_norm(texts: Texts) -> None:
    earlier = wave(400, seed=2).round(1)
    now = earlier.assign(SA1=earlier["SA1"] + 1.0, process=earlier["process"] + 0.5)
    released = through_the_door(change(now, earlier, norm_change={"SA1": 0.2, "process": 1.0}), 400)
    name = texts.say("summary.norm_name")
    said = change_sentence(released, LABELS, texts, earlier="2025", norm_name=name)
    assert said.replace("\u2018", "“").replace("\u2019", "”") == " ".join(SENTENCES[texts])


def test_more_than_three_changes_are_counted() -> None:
    codes = [f"Q{number}" for number in range(5)]
    earlier = pd.DataFrame({code: wave(200, seed=number)["process"] for number, code in enumerate(codes)})
    now = earlier.add(pd.Series([0.9, 0.8, 0.7, 0.6, 0.5], index=codes))
    released = through_the_door(wave_change(now, earlier, response_scales=dict.fromkeys(codes, FIVE)))
    labels = {code: code for code in codes}
    sentence = change_sentence(released, labels, EN, earlier="2025")
    assert sentence == "Surely higher than in 2025: “Q0” (+0.9), “Q1” (+0.8), “Q2” (+0.7) and 2 more."


# The example study.


@pytest.mark.parametrize("language", ["en", "nl"])
def test_the_example_holds_its_changes_against_those_of_the_norm(language: str) -> None:
    report = open_report("params/example.yaml", "it", language=language)
    assert report.edition.texts.say("change.norm_caption") in report.change().body
    changes = report.edition.comparisons.norm_change
    assert changes["process"] == pytest.approx(0.06)
    assert "MU1" not in changes
