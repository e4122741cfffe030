"""Change between waves: paired where keys allow, many comparisons allowed for, other wording never bridged."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from icstats.errors import ParameterError
from icstats.questionnaire import ResponseScale
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


# The example study.
