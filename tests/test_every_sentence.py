"""Every sentence of the reports, in both languages: over 500 simulated departments, and at the edges of its places.

What is simulated is what the statistics can hand over: ties, one question, no question that is sure, samples so large
that a difference is sure which the rounded numbers do not show.
"""

from __future__ import annotations

import re
import string
from dataclasses import replace
from functools import cache
from itertools import product
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import made
import numpy as np
import pytest
from test_sentences import HOW_MANY, POLICY, SIZES, numbers, opened

from icstats import story, talk
from icstats.improvement import improvement_section
from icstats.overview import Overview
from icstats.texts import LANGUAGES, Texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from made import Row

    from icstats.disclosure import Released

ITEMS = ("PD1", "PD2", "PC1", "CO1", "CO2")
NAMES = ("Right first time", "Fits what I need", "Quick response", "Listen well", "Think ahead")
LABELS = {**dict(zip(ITEMS, NAMES, strict=True)), "product": "Products", "process": "Process", "SA1": "Report mark"}
DEPARTMENTS = {"hr": "HR", "it": "IT & support", "legal": "Legal affairs"}
WRONG = re.compile(
    r"  |\.\.| [,.;:?]|\{|\}|\b[Nn]a[Nn]\b|\bNone\b(?! of)|[a-z]_[a-z]|\(\)|\u201c\u201d|\u2018\u2019|\b(\w{2,}) \1\b"
)
ONE = re.compile(
    r"(?<![\d.,–−])\b1 (of the )?(((invited|usable|staff) )?(customers|ratings|answers|departments|questions)"
    r"|comparisons|samples|points|years|blind spots|hidden strengths|shared (views|concerns)|that are|are\b)"
    r"|(?<![\d.,–−])\b1 (van de )?(((uitgenodigde|bruikbare) )?(klanten|antwoorden|vragen|(staf)?afdelingen)"
    r"|beoordelingen|vergelijkingen|punten|blinde vlekken|verborgen krachten|gedeelde (beelden|zorgen)"
    r"|die te onzeker zijn)"
)


class Said(Texts):
    """Texts that remember what they were asked to say."""

    def __init__(self, language: str) -> None:
        super().__init__(language)
        self.keys_said: set[str] = set()

    def say(self, key: str, **values: object) -> str:
        self.keys_said.add(key)
        return super().say(key, **values)


def points(variable: str, statistic: str, value: float, half: float, n: int, **more: Any) -> Row:  # noqa: ANN401
    row = {**made.mean_row(variable, value, n, half=half), "statistic": statistic, "also": variable}
    return {**row, "verdict": "", **more}


def share(variable: str, statistic: str, value: float, n: int, half: float = 0.03, **more: Any) -> Row:  # noqa: ANN401
    low, high = max(value - half, 0.0), min(value + half, 1.0)
    row = {**made.share_row(variable, statistic, value, n), "conf_low": low, "conf_high": high, "also": variable}
    return {**row, "verdict": "", **more}


def close(rng: np.random.Generator, value: float, low: float, high: float) -> float:
    """Return a second number: often the same, or nearer than rounding shows."""
    step = float(rng.choice([0.0, 0.02, 0.3, 1.0])) * float(rng.choice([-1, 1]))
    return float(np.clip(value + step, low, high))


def sided(difference: float, half: float) -> str:
    return "above" if difference > half else "below" if difference < -half else "uncertain"


class Simulated:
    """What one department's sections are told from."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.n = n = int(rng.choice(SIZES))
        half = float(1.9 / n**0.5)
        asked = ITEMS[: int(rng.integers(1, len(ITEMS) + 1))]
        means = {code: float(rng.uniform(1, 5)) if rng.random() > 0.3 else 3.0 for code in asked}
        self.mirror = self.of([row for code in asked for row in mirrored(rng, code, means[code], half, n)])
        side = float(rng.choice([-1, 0, 1]))
        self.change = self.of([row for code in asked for row in changed(rng, code, means[code], half, n, side=side)])
        rows = [*expected(rng, half, n), points("MU1", "mean", means["PD1"], half, n)]
        rows += [row for code in ("product", "process") for row in gated(rng, code, n)]
        rows += [row for code in ("SA1", "product") for row in agreed(rng, code, n)]
        rows += [coefficient("model", "r_squared", float(rng.choice([0.0, 0.004, 0.6, 1.0])), n)]
        for place, (code, mean) in enumerate(means.items()):
            rows += [points(code, "mean", mean, half, n), *gains(rng, code, n, may_stand_out=place < 3)]
            rows += [coefficient(code, "item_rest", float(rng.uniform(-0.3, 0.9)), n)]
            rows += [share(code, "lmg_share", float(rng.choice([0.0, 0.2, 0.21])), n)]
        self.all = self.of(rows, warnings=("ceiling:EX2",) if rng.random() < 0.2 else ())
        self.wins = self.all.only(variables=asked, statistics=["probability_top", "importance", "association"])
        self.gate = self.all.only(statistics=["reliability"])
        self.leaves_out = ["product", "process"][: int(rng.integers(0, 3))]

    def of(self, rows: Sequence[Row], **settings: object) -> Released:
        return opened(made.summary(rows, **settings), self.n)


def coefficient(variable: str, statistic: str, value: float, n: int, **more: Any) -> Row:  # noqa: ANN401
    return points(variable, statistic, value, 0.1, n, unit="coefficient", **more)


def mirrored(rng: np.random.Generator, code: str, mean: float, half: float, n: int) -> Iterator[Row]:
    forecast = close(rng, mean, 1, 5)
    verdict = {"above": "blind_spot", "below": "hidden_strength"}.get(sided(forecast - mean, half), "")
    both = "shared_concern" if mean < 2.5 else "shared_view"
    yield points(code, "mean", mean, half, n)
    yield points(code, "forecast", forecast, half, n)
    yield points(code, "difference", forecast - mean, half, n, verdict=verdict or (both if half < 0.4 else "uncertain"))


def changed(rng: np.random.Generator, code: str, mean: float, half: float, n: int, *, side: float) -> Iterator[Row]:
    """Yield a change; with a side, all questions of the department go that way."""
    earlier = float(np.clip(mean - side, 1, 5)) if side else close(rng, mean, 1, 5)
    equal = abs(mean - earlier) + half < 0.2
    moved = {"above": "up", "below": "down"}.get(sided(mean - earlier, half), "uncertain")
    verdict = "break" if rng.random() < 0.1 else "equal" if equal else moved
    yield points(code, "earlier", earlier, half, n)
    yield points(code, "mean", mean, half, n)
    yield points(code, "difference", mean - earlier, half, n, verdict=verdict)


def expected(rng: np.random.Generator, half: float, n: int) -> Iterator[Row]:
    mark = float(rng.uniform(1, 10))
    yield points("SA1", "mean", mark, half, n, maximum=10)
    for code, gap in (("EX2", "adequacy_gap"), ("EX4", "superiority_gap")):
        level = close(rng, mark, 1, 10)
        yield points(code, "mean", level, half, n, maximum=10)
        yield points(code, gap, mark - level, half, n, maximum=10, also="SA1", verdict=sided(mark - level, half))
    yield share("EX2", "below_minimum", float(rng.choice([0.0, 0.004, 0.34, 1.0])), n)
    better = float(rng.choice([0.0, 0.2, 1.0]))
    yield share("EX1", "satisfied", better, n)
    yield share("EX1", "dissatisfied", float(rng.choice([0.0, 1 - better])), n)


def gains(rng: np.random.Generator, code: str, n: int, *, may_stand_out: bool) -> Iterator[Row]:
    chance = float(rng.choice([0.0, 0.4, 0.93, 1.0] if may_stand_out else [0.0, 0.4]))
    verdict = "win" if chance >= 0.9 else "tied" if chance >= 0.3 else ""
    yield share(code, "probability_top", chance, n, verdict=verdict)
    yield share(code, "importance", float(rng.choice([0.0, 0.004, 0.14, 1.0])), n)
    slope = float(rng.choice([-0.2, 0.03, 0.3]))
    yield {**coefficient(code, "association", slope, n), "conf_low": slope - 0.02, "conf_high": slope + 0.02}


def gated(rng: np.random.Generator, code: str, n: int) -> Iterator[Row]:
    low = float(rng.choice([0.5, 0.65, 0.7, 0.9]))
    row = coefficient(code, "reliability", low + 0.05, n, verdict="reliable" if low >= 0.7 else "under_limit")
    yield {**row, "conf_low": low, "conf_high": low + 0.1}


def agreed(rng: np.random.Generator, code: str, n: int) -> Iterator[Row]:
    low = float(rng.choice([0.2, 0.7, 0.9]))
    yield {**coefficient(code, "icc2", low + 0.05, n), "conf_low": low, "conf_high": low + 0.1}
    needed = coefficient(code, "raters_70", float(rng.choice([1.0, 1.4, 32.0, 1_234.0])), n)
    yield needed | dict.fromkeys(("conf_low", "conf_high")[int(rng.integers(0, 3)) :], np.nan)


@cache
def simulated() -> tuple[Simulated, ...]:
    return tuple(Simulated(seed) for seed in range(HOW_MANY))


def told(d: Simulated, texts: Texts) -> Iterator[str]:
    """Yield every sentence about a department, by the functions that its sections take them from."""
    expectation = {"minimum": "EX2", "desired": "EX4", "compared": "EX1"}
    yield from talk.expectation_sentences(d.all, perceived="SA1", texts=texts, **expectation)
    yield talk.mirror_sentence(d.mirror, LABELS, texts)
    yield from talk.talking_points(
        mirror=d.mirror,
        expectation=d.all,
        mutual=d.all.only(variables=["MU1"]),
        minimum="EX2",
        compared="EX1",
        labels={**LABELS, "MU1": "They understand me"},
        texts=texts,
    )
    yield talk.wins_sentence(d.wins, LABELS, texts)
    yield talk.first_sentence(d.wins, LABELS, texts)
    yield talk.first_sentence(d.wins, LABELS, texts, with_ease=True)
    yield talk.first_sentence(None, LABELS, texts)
    yield from talk.win_sentences(d.wins, d.all, LABELS, texts)
    yield from talk.win_sentences(d.wins, d.all, LABELS, texts, ease=dict.fromkeys(ITEMS, 0.2))
    yield talk.change_sentence(d.change, LABELS, texts, earlier="2025")
    yield story.reliability_sentence(d.gate, LABELS, texts)
    yield story.left_out_sentence(d.gate, d.leaves_out, LABELS, texts)
    yield story.lowest_sentence(d.all, LABELS, ITEMS, texts)
    yield story.unreliable_sentence(texts)
    yield from story.agreement_sentences(d.all.only(statistics=["icc2", "raters_70"]), LABELS, texts)
    yield story.item_rest_sentence(d.all.only(statistics=["item_rest"]), LABELS, texts)
    yield story.drivers_sentence(d.all, LABELS, ITEMS, texts)
    yield story.model_sentence(d.all, texts)


def is_wrong(sentence: str) -> bool:
    return bool(
        not re.match(r"[A-Z0-9\u201c\u2018−≥≤–]", sentence)
        or not sentence.endswith((".", "?"))
        or WRONG.search(sentence)
        or ONE.search(sentence)
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_is_ungrammatical_and_every_one_is_reached(language: str) -> None:
    texts = Said(language)
    said = {sentence for d in simulated() for sentence in told(d, texts) if sentence}
    assert sorted(sentence for sentence in said if is_wrong(sentence)) == []
    groups = ("expectation.minimum", "expectation.desired", "expectation.below", "expectation.compared", "mirror_count")
    groups += ("mirror.answer", "mirror.blind", "mirror.hidden", "mirror.shared", "talk.", "certainty.others_good")
    groups += ("priority.one", "priority.two", "priority.three", "priority.tied", "priority.none", "priority.mean")
    groups += ("priority.sure", "priority.lowest", "summary.first")
    groups += ("priority.importance", "priority.association", "priority.ease", "change.up", "change.down")
    groups += (
        "change.nothing",
        "change.broken",
        "certainty.good",
        "certainty.some",
        "certainty.surely_under",
        "agreement.good",
    )
    groups += ("agreement.rater", "agreement.some", "item_statistics.negative", "drivers.answer", "regression.answer")
    asked = {
        key
        for key in texts.keys
        if key.startswith(groups) and (key.startswith("mirror_count") or texts._sentences[key].endswith((".", "?")))
    }
    # One department has one gate: its other scales are told of only where one has no interval at all.
    assert asked - texts.keys_said - {"certainty.others_good", "expectation.below_minimum_no_interval"} <= set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_more_and_less_agree_with_the_numbers_beside_them(language: str) -> None:
    texts, checked = Texts(language), 0
    stems = {
        "minimum_above": 1, "minimum_below": -1, "desired_above": 1, "desired_below": -1,
    }  # fmt: skip
    for d in simulated():
        sentences = talk.expectation_sentences(
            d.all, perceived="SA1", minimum="EX2", desired="EX4", compared=None, texts=texts
        )
        mark = d.all.row("SA1", "mean")
        for sentence in sentences[:2]:
            for stem, side in stems.items():
                ending = texts._sentences[f"expectation.{stem}"].partition(":")[2]
                if mark is not None and not mark.hidden and sentence.endswith(ending) and ":" in sentence:
                    level = numbers(sentence.partition(":")[0], texts)[0]
                    assert side * (mark.estimate - level) > 0, sentence
                    checked += 1
    assert checked > 100


@pytest.mark.parametrize("language", LANGUAGES)
def test_both_views_differ_in_the_direction_that_is_talked_about(language: str) -> None:
    texts, checked = Texts(language), 0
    asks = {word: texts._sentences[f"talk.{word}"].rpartition(". ")[2] for word in ("blind_spot", "hidden_strength")}
    for d in simulated():
        for point in talk.talking_points(
            mirror=d.mirror, expectation=None, mutual=None, minimum=None, compared=None, labels=LABELS, texts=texts
        ):
            said = numbers(point, texts)
            if point.endswith(asks["blind_spot"]):
                assert said[0] > said[1], point
                checked += 1
            if point.endswith(asks["hidden_strength"]):
                assert said[0] < said[1], point
                checked += 1
    assert checked > 100


@pytest.mark.parametrize(("language", "between"), [("en", "or"), ("nl", "of")])
def test_what_may_come_first_is_one_or_the_other(language: str, between: str) -> None:
    texts, checked = Texts(language), 0
    opening = texts._sentences["priority.none_among"].partition("{")[0]
    for d in simulated():
        whole = talk.wins_sentence(d.wins, LABELS, texts)
        if whole.startswith(opening) and sum(name in whole for name in NAMES) > 1:
            assert f" {between} {texts.say('grammar.quoted', words='')[0]}" in whole
            checked += 1
    assert checked


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_summary_names_what_the_section_says_stands_out(language: str) -> None:
    texts, counted = Texts(language), set()
    opening = {texts.say(f"priority.{word}"): count for count, word in enumerate(talk.HOW_MANY, start=1)}
    for d in simulated():
        first, whole = (tell(d.wins, LABELS, texts) for tell in (talk.first_sentence, talk.wins_sentence))
        won = next((count for said, count in opening.items() if whole.startswith(said)), 0)
        assert sum(name in first for name in NAMES) == won, (first, whole)
        for name in NAMES:
            assert not (name in first and name in whole.partition(". ")[2]), (first, whole)
        counted.add(won)
    assert counted == {0, 1, 2, 3}


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_goes_well_between_both_sides_is_not_asked_to_be_better(language: str) -> None:
    texts, told = Texts(language), set()
    for d in simulated():
        row = d.all.row("MU1", "mean")
        points = talk.talking_points(
            mirror=None,
            expectation=None,
            mutual=d.all.only(variables=["MU1"]),
            minimum=None,
            compared=None,
            labels={"MU1": "They understand me"},
            texts=texts,
        )
        if row is None or row.hidden:
            assert points == []
            continue
        key = "talk.mutual_good" if row.estimate >= 4 else "talk.mutual"
        (point,) = points
        assert point.endswith(texts._sentences[key].rpartition(". ")[2])
        assert numbers(point, texts) == [round(row.estimate, 1), 1, 5]
        told.add(key)
    assert told == {"talk.mutual", "talk.mutual_good"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_counts_add_up_and_changes_have_the_sign_of_their_word(language: str) -> None:
    texts, checked = Texts(language), 0
    up, down = (texts._sentences[f"change.{word}"].partition("{")[0] for word in ("up", "down"))
    for d in simulated():
        mirror = talk.mirror_sentence(d.mirror, LABELS, texts).partition(".")[0]
        found = [int(one) for one in re.findall(r"\b\d+\b", mirror)]
        assert not found or found[0] == sum(found[1:]) or (len(found) == 1 and found[0] == 1), mirror
        for sentence in talk.change_sentence(d.change, LABELS, texts, earlier="2025").split(". "):
            signs = re.findall(r"\(([+−]?)\d", sentence)
            if sentence.startswith((up, down)):
                checked += 1
                assert set(signs) == {"+" if sentence.startswith(up) else "−"}, sentence
    assert checked > 50


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_told_of_what_is_hidden(language: str) -> None:
    texts = Texts(language)
    hidden = [d for d in simulated() if d.n < POLICY.minimum_group]
    assert len(hidden) > 50
    fixed = {texts.say(key, limit=texts.number(0.7, 2)) for key in ("certainty.unknown", "why.unreliable")}
    fixed |= {texts.say(key) for key in ("agreement.unknown", "priority.none", "expectation.ceiling")}
    fixed |= {texts.say("summary.first_cannot_tell")}
    assert {sentence for d in hidden for sentence in told(d, texts) if sentence} <= fixed


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("shown", "total"), [(0, 2), (0, 12), (1, 1), (1, 12), (2, 2), (9, 12)])
def test_how_many_departments_are_shown_is_said_of_none_one_and_all(language: str, shown: int, total: int) -> None:
    texts = Texts(language)
    edition = SimpleNamespace(names=dict.fromkeys(map(str, range(total)), "x"), texts=texts)
    overview: Any = SimpleNamespace(shown=("x",) * shown, edition=edition, _say=texts.say)
    sentence = Overview._how_many_shown(overview)
    assert not is_wrong(sentence)
    if shown not in {0, total}:
        assert numbers(sentence.partition(".")[0], texts) == [shown, total]


@pytest.mark.parametrize("language", LANGUAGES)
def test_where_there_is_most_to_gain_agrees_with_the_verdicts(language: str) -> None:
    texts = Texts(language)
    edition: Any = SimpleNamespace(texts=texts, names=DEPARTMENTS, labels=LABELS)
    large = [d for d in simulated() if d.n >= 1_000]
    for first, second in zip(large[::2], large[1::2], strict=False):
        wins, means = {}, {}
        for slug, d in (("hr", first), ("it", second)):
            wins[slug] = replace(d.wins, rows=d.wins.rows.assign(department=slug))
            means[slug] = replace(d.all, rows=d.all.rows.assign(department=slug))
        body = improvement_section(edition, wins, means, withheld=["legal"]).body
        answer = re.findall(r'<p class="answer">(.*?)</p>', body)
        assert not [sentence for sentence in answer if is_wrong(sentence.replace("&amp;", "&"))]
        for slug, one in wins.items():
            clear = any(row.extras["verdict"] == "win" for row in one.each() if row.statistic == "probability_top")
            stem = texts._sentences["improvement.clear" if clear else "improvement.open"].partition("{departments}")[2]
            name = DEPARTMENTS[slug].replace("&", "&amp;")
            assert any(name in sentence and sentence.endswith(stem) for sentence in answer)


# Sentences that tell of settings and files, at the edges of their places.

COUNTS = ("1", "2", "10", "123,456")
NEVER_ONE = frozenset({"invited", "minimum", "fewest", "exact", "spread", "shares", "distribution"})
NEVER_ONE |= {"needed", "years", "raters"}
"""Settings with a floor above one, and counts of which one has a sentence of its own."""
PLACES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("share", "rate", "r_squared", "better", "worse", "share_first", "level"), ("0%", "1%", "100%")),
    **dict.fromkeys(("departments", "items", "scales", "questions", "names"), ("HR", "A, B and C")),
    **dict.fromkeys(("department", "name", "label", "first", "second", "block", "blocks"), ("HR",)),
    **dict.fromkeys(("mark", "norm", "mean", "low", "high", "points", "limit", "margin"), ("0.0", "−0.3", "10.0")),
    "done": ("counted",),
    "verdicts": ("1 about the same",),
}
GROUPS = ("masthead.", "quality.", "certainty.", "halo.", "measures.", "asymmetry.", "raters.", "overview.")
GROUPS += ("improvement.", "benchmark.", "why.", "summary.", "scores.", "method.", "tables.note", "figures.funnel_")
COUNTED = {"masthead.answered", "masthead.answered_of", "masthead.rated", "masthead.departments"}
COUNTED |= {
    "masthead.departments_all",
    "masthead.departments_one_shown",
    "masthead.departments_none",
    "benchmark.answer",
}
"""Their smallest count is the minimum group, or they have one sentence for one and another for more."""


def edges(key: str, place: str) -> tuple[str, ...]:
    if place in PLACES:
        return PLACES[place]
    return COUNTS[1:] if place in NEVER_ONE or key in COUNTED else COUNTS


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_template_is_ungrammatical_at_the_edges_of_its_places(language: str) -> None:
    texts, wrong = Texts(language), set()
    for key in (key for key in texts.keys if key.startswith(GROUPS)):
        template = texts._sentences[key]
        places = list(dict.fromkeys(name for _, name, _, _ in string.Formatter().parse(template) if name))
        if not places or not template.endswith((".", "?")) or template[0].islower():
            continue
        for values in product(*(edges(key, place) for place in places[:6])):
            filled = dict(zip(places, values, strict=False)) | dict.fromkeys(places[6:], "10")
            sentence = texts.say(key, **filled)
            if is_wrong(sentence):
                wrong.add(f"{key}: {sentence}")
    assert sorted(wrong) == []


def test_the_simulation_reaches_every_size() -> None:
    assert {d.n for d in simulated()} == set(SIZES)
