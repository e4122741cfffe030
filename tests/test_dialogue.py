"""What both sides can talk about: every sentence, word and picture comes from numbers that may be shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from made import counts

import icstats as ic
from icstats.dialogue import mirror_section
from icstats.disclosure import Released, open_ledger, release
from icstats.dumbbells import mirror_dumbbells
from icstats.errors import DisclosureError
from icstats.gaps import expectation_gap, mirror_gap
from icstats.questionnaire import ResponseScale
from icstats.rowchart import Axis, Row, TextColumn, row_chart
from icstats.study import Policy
from icstats.talk import expectation_sentences, mirror_sentence, talking_points
from icstats.texts import Texts
from icstats.tolerance import zone_of_tolerance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from icstats.report import Report
    from icstats.results import Result
    from icstats.sections import Section

MARK = ResponseScale(minimum=1, maximum=10, satisfied=7, dissatisfied=5)
FIVE = ResponseScale(minimum=1, maximum=5, satisfied=4, dissatisfied=2)
ITEMS = ("PD1", "PC1", "PC2", "CO1")
LABELS = {"PD1": "Fits", "PC1": "Quick", "PC2": "Agreed", "CO1": "Listens", "process": "Process", "SA1": "Mark"}
LABELS |= {"product": "Products", "orientation": "Orientation"}
BLOCKS = {"product": ["PD1"], "process": ["PC1", "PC2"], "orientation": ["CO1"]}
EN, NL = Texts("en"), Texts("nl")


def through_the_door(result: Result, *, n: int = 300) -> Released:
    names = ["ratings", *dict.fromkeys([*result.data["variable"], *result.data["also"]])]
    table = counts({slug: dict.fromkeys(names, n) for slug in ("hr", "it")})
    return release(result, policy=Policy(), ledger=open_ledger(table, policy=Policy(), department="hr"))


def around(mean: float, n: int, *, spread: float = 0.7, seed: int = 1) -> np.ndarray:
    values = np.random.default_rng(seed).normal(size=n)
    return mean + spread * (values - values.mean()) / values.std()


def mirrored(customers: tuple[float, ...], staff: tuple[float, ...], *, team: int = 40) -> Released:
    result = mirror_gap(
        pd.DataFrame(
            {
                item: around(mean, 300, seed=place)
                for place, (item, mean) in enumerate(zip(ITEMS, customers, strict=True))
            }
        ),
        pd.DataFrame({f"MI_{item}": around(mean, team) for item, mean in zip(ITEMS, staff, strict=True)}),
        mirrors={item: f"MI_{item}" for item in ITEMS},
        response_scales=dict.fromkeys(ITEMS, FIVE),
    )
    return through_the_door(result)


def four_words() -> Released:
    """Shared view, blind spot, shared concern, hidden strength."""
    return mirrored((3.9, 3.1, 2.2, 4.3), (3.9, 4.0, 2.3, 3.5))


def expected(marks: np.ndarray, minimum: float = 6.5, *, desired: float | None = None, n: int = 200) -> Released:
    frame = pd.DataFrame(
        {
            "SA1": marks[:n],
            "EX2": np.resize([np.floor(minimum), np.ceil(minimum)], n),
            "EX1": np.resize([1.0, 2.0, 3.0, 4.0, 2.0], n),
        }
    )
    if desired is not None:
        frame["EX4"] = np.resize([desired - 1, desired, desired, desired + 1], n)
    result = expectation_gap(
        frame,
        perceived="SA1",
        minimum="EX2",
        compared="EX1",
        desired=None if desired is None else "EX4",
        response_scales={"SA1": MARK, "EX2": MARK, "EX4": MARK, "EX1": FIVE},
    )
    return through_the_door(result, n=n)


def marks(mean: int, n: int = 200) -> np.ndarray:
    return np.resize(np.array([mean - 1, mean, mean + 1], dtype=float), n)


def sentences(released: Released, texts: Texts = EN, desired: str | None = None) -> list[str]:
    return expectation_sentences(released, perceived="SA1", minimum="EX2", desired=desired, compared="EX1", texts=texts)


def test_expectations_are_told_with_gap_share_and_comparison() -> None:
    assert sentences(expected(marks(7))) == [
        "Customers find 6.5 just acceptable, and give 7.0: more than the least they ask for.",
        "17% of the customers give a mark below their own minimum (12% to 22%).",
        "For 20% the service was better than they expected, for 60% it was worse.",
    ]


@pytest.mark.parametrize(
    ("mean", "verdict"), [(8, "more than the least they ask for"), (5, "less than the least they ask for")]
)
def test_the_gap_follows_the_marks(mean: int, verdict: str) -> None:
    assert verdict in sentences(expected(marks(mean)))[0]


def test_a_desired_mark_is_told_where_it_was_asked() -> None:
    released = expected(marks(7), desired=8.0)
    assert sentences(released, desired="EX4")[1] == "They wish for 8.0: the mark they give is lower than that."


def test_a_ceiling_is_told() -> None:
    assert sentences(expected(marks(8), minimum=10.0))[-1] == EN.say("expectation.ceiling")


def test_nothing_hidden_is_told() -> None:
    assert sentences(expected(marks(8), n=9)) == []
    few = mirrored((3.9, 3.1, 2.2, 4.3), (3.9, 4.0, 2.3, 3.5), team=9)
    assert mirror_sentence(few, LABELS, EN) == ""
    assert points(mirror=few) == []


def test_the_mirror_counts_and_names() -> None:
    assert mirror_sentence(four_words(), LABELS, EN) == (
        "We forecast what customers would answer to 4 questions: 1 blind spot, 1 shared concern, "
        "1 hidden strength and 1 shared view. We think better of “Quick” than our customers do. "
        "Our customers think better of “Listens” than we do. Both sides are critical of “Agreed”."
    )


def points(mirror: Released | None, expectation: Released | None = None) -> list[str]:
    return talking_points(
        mirror=mirror,
        expectation=expectation,
        mutual=None,
        minimum="EX2",
        compared="EX1",
        labels=LABELS,
        texts=EN,
    )


def test_talking_points_take_one_of_each_kind_first_and_are_at_most_three() -> None:
    said = points(four_words(), expected(marks(7)))
    assert len(said) == 3
    assert said[0].startswith("“Quick”: we thought that customers would answer 4.0, they answer 3.1.")
    assert said[1].startswith("“Agreed”: customers answer 2.2 and we saw it coming (2.3).")
    assert "below their own minimum" in said[2]


def test_a_second_blind_spot_waits_for_the_other_kinds() -> None:
    two = mirrored((3.1, 3.0, 4.0, 4.0), (4.0, 4.1, 4.0, 4.0))
    assert [point.split(":")[0] for point in points(two)] == ["“Quick”", "“Fits”"]


@pytest.mark.parametrize("texts", [EN, NL], ids=["en", "nl"])
def test_the_dumbbells_state_every_question_under_its_word(texts: Texts) -> None:
    figure = mirror_dumbbells(four_words(), texts=texts, labels=LABELS, blocks=BLOCKS)
    for word in ("blind_spot", "hidden_strength", "shared_view", "shared_concern"):
        assert texts.say(f"mirror_word.{word}") in figure.alt
    assert (
        texts.say("mirror.alt_pair", name="Quick", mean=texts.number(3.1, 1), forecast=texts.number(4, 1)) in figure.alt
    )
    assert "n = 300" in figure.caption
    assert "40–49" in figure.caption


@pytest.mark.parametrize("texts", [EN, NL], ids=["en", "nl"])
def test_what_is_too_uncertain_is_said_once_under_the_dumbbells(texts: Texts, monkeypatch: pytest.MonkeyPatch) -> None:
    words: list[tuple[str, ...]] = []

    def noted(rows: Sequence[Row], *, axis: Axis, columns: Sequence[TextColumn]) -> tuple[bytes, int]:
        words.extend(row.words for row in rows)
        return row_chart(rows, axis=axis, columns=columns)

    monkeypatch.setattr("icstats.dumbbells.row_chart", noted)
    unsure = mirrored((3.9, 3.1, 3.0, 4.3), (3.9, 3.6, 3.5, 4.0))
    once = texts.say("mirror.caption_uncertain")
    assert mirror_dumbbells(unsure, texts=texts, labels=LABELS, blocks=BLOCKS).caption.count(once) == 1
    assert ("",) in words
    assert (texts.say("mirror_word.uncertain"),) not in words
    assert once not in mirror_dumbbells(four_words(), texts=texts, labels=LABELS, blocks=BLOCKS).caption


def test_dumbbells_of_a_small_team_are_a_sentence() -> None:
    few = mirrored((3.9, 3.1, 2.2, 4.3), (3.9, 4.0, 2.3, 3.5), team=9)
    figure = mirror_dumbbells(few, texts=EN, labels=LABELS, blocks=BLOCKS)
    assert "<img" not in figure.html


@pytest.mark.parametrize(("mean", "place"), [(8, "place_in"), (5, "place_under"), (10, "place_above")])
def test_the_zone_states_where_the_mark_lies(mean: int, place: str) -> None:
    released = expected(np.minimum(marks(mean), 10.0), desired=9.0)
    figure = zone_of_tolerance(released, perceived="SA1", minimum="EX2", desired="EX4", label="Mark", texts=EN)
    assert EN.say(f"expectation.{place}") in figure.alt or mean == 10
    assert "They wish for 9.0" in figure.alt


def test_a_zone_without_a_desired_mark_is_open() -> None:
    figure = zone_of_tolerance(expected(marks(8)), perceived="SA1", minimum="EX2", desired=None, label="Mark", texts=EN)
    assert "upwards" in figure.caption
    assert "wish" not in figure.alt


def test_raw_results_have_no_picture() -> None:
    raw = mirror_gap(
        pd.DataFrame({"PC1": around(3, 50)}),
        pd.DataFrame({"MI_PC1": around(3, 50)}),
        mirrors={"PC1": "MI_PC1"},
        response_scales={"PC1": FIVE},
    )
    with pytest.raises(DisclosureError):
        mirror_dumbbells(raw, texts=EN, labels=LABELS, blocks=BLOCKS)  # type: ignore[arg-type]
    with pytest.raises(DisclosureError):
        zone_of_tolerance(raw, perceived="SA1", minimum="EX2", desired=None, label="", texts=EN)  # type: ignore[arg-type]


# The example study.


@pytest.fixture(scope="module", params=["en", "nl"])
def it_department(request: pytest.FixtureRequest) -> Report:
    return ic.open_report("params/example.yaml", "it", language=request.param)


def test_the_example_shows_expectations_and_mirror_in_both_languages(it_department: Report) -> None:
    texts = it_department.edition.texts
    assert "<img" in it_department.expectations().body
    mirror = it_department.mirror()
    assert texts.say("mirror_word.blind_spot") in mirror.alt
    assert mirror.body.count("<li>") == 3
    assert texts.say("talk.heading") in mirror.body


def test_a_small_team_is_not_shown_but_its_customers_are() -> None:
    report = ic.open_report("params/example.yaml", "training", language="en")
    assert "<img" in report.expectations().body
    mirror = report.mirror()
    assert "<img" not in mirror.body
    assert report.edition.texts.say("mirror.none") in mirror.body
    assert "<h3>To talk about together</h3>" in mirror.body
    kept = {str(name) for released in mirror.released for name in released.rows["statistic"]}
    assert not kept & {"forecast", "difference"}, "a hidden row would tell that some answered"


@pytest.fixture
def expectation() -> Released:
    return expected(marks(7))


def mirror_of(report: Report, mirror: Released | None, expectation: Released, *, asked: bool = True) -> Section:
    return mirror_section(
        report.edition,
        mirror,
        asked=asked,
        blocks=BLOCKS,
        expectation=expectation,
        mutual=None,
        expected={"minimum": "EX2", "desired": None, "compared": "EX1"},
        fewest=15,
    )


def test_without_forecasts_there_is_something_to_talk_about_and_no_word_of_how_many_there_were(
    it_department: Report, expectation: Released
) -> None:
    few = mirrored((3.9, 3.1, 2.2, 4.3), (3.9, 4.0, 2.3, 3.5), team=9)
    none, some = (mirror_of(it_department, mirror, expectation) for mirror in (None, few))
    assert none == some
    say = it_department.edition.texts.say
    assert say("mirror.none") in none.body
    assert none.body.count("<li>") == 2
    unasked = mirror_of(it_department, None, expectation, asked=False)
    assert unasked.title == say("talk.heading")
    assert say("mirror.none") not in unasked.body
    assert unasked.body.count("<li>") == 2


def test_the_rule_of_the_mirror_names_the_interval_that_each_word_uses(it_department: Report) -> None:
    body = it_department.mirror().body
    for level in ("99%", "90%", "95%"):
        assert level in it_department.edition.texts.say("mirror.rule", fewest=15)
    for heading in ("forecast", "customers"):
        assert f">{it_department.edition.texts.say(f'mirror.{heading}_column')}</th>" in body


def test_a_questionnaire_without_these_questions_has_no_such_sections() -> None:
    report = ic.open_report("tests/studies/orientation/study.yaml", "faculty-5", language="en")
    for shown in (report.expectations(), report.mirror(), report.quick_wins(), report.change()):
        assert shown._repr_html_() == "<section hidden></section>"
