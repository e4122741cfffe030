"""Over 500 simulated departments, in both languages, no sentence is ungrammatical or contradicts the numbers in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import made
import numpy as np
import pytest

from icstats import story
from icstats.disclosure import RATINGS, Ledger, Released, open_ledger, release, shown_n
from icstats.drivers import BLOCKS_FROM
from icstats.limits import VERDICTS
from icstats.study import Policy
from icstats.texts import LANGUAGES, Texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from icstats.results import Result

POLICY = Policy()
HOW_MANY = 500
SIZES = (1, 3, 9, 10, 14, 15, 29, 30, 99, 100, 214, 1_000, 123_456)
BLOCKS = ("product", "process", "orientation")
ITEMS = ("PD1", "PD2", "PC1", "CO1")
LABELS = {
    **{block: block.title() for block in BLOCKS},
    **dict(zip(ITEMS, ("Right first time", "Fits what I need", "Quick response", "Listen well"), strict=True)),
    "SA1": "Report mark",
}
ABOVE = {"en": r"(clearly )?above", "nl": r"(duidelijk )?boven"}
BELOW = {"en": r"(clearly )?below", "nl": r"(duidelijk )?onder"}
PLURAL_OF_ONE = re.compile(
    r"\b(?<![.,\d])1 ((staff )?departments|customers|ratings|answers)"
    r"|\b(?<![.,\d])1 (klanten|beoordelingen|antwoorden|(staf)?afdelingen)"
    r"|\b1 (of|van de) \d+ (staff departments are|stafafdelingen worden)"
)


@dataclass(frozen=True)
class Department:
    """One simulated department, its numbers as they may be shown."""

    n: int
    summary: Released
    comparison: Released
    importance: Released | None
    blocks: tuple[str, ...]
    verdict: str


@cache
def ledger_of(n: int) -> Ledger:
    return open_ledger(made.counts({"hr": {RATINGS: n}, "other": {RATINGS: 500}}), policy=POLICY, department="hr")


def opened(result: Result, n: int) -> Released:
    return release(result, policy=POLICY, ledger=ledger_of(n))


def simulated(seed: int) -> Department:
    """Return a department with extreme sizes, ties and ends of the scale more often than any survey has them."""
    rng = np.random.default_rng(seed)
    n = int(rng.choice(SIZES))
    blocks = BLOCKS[: int(rng.integers(1, 4))]
    means = {code: float(np.round(rng.uniform(1, 5), int(rng.integers(0, 3)))) for code in (*blocks, *ITEMS)}
    if rng.random() < 0.2:
        means = dict.fromkeys(means, 3.0)
    mark = float(rng.choice([1.0, 10.0, round(float(rng.uniform(1, 10)), 2)]))
    norm = float(rng.choice([mark, round(float(np.clip(mark + rng.normal(0, 0.4), 1, 10)), 2)]))
    half, margin = float(4 / np.sqrt(n)), float(rng.choice([0.06, 0.12, 0.2, 0.3]))
    rows = [made.mean_row("SA1", mark, n, high=10, half=half)]
    rows += [made.mean_row(code, mean, n, half=half / 2) for code, mean in means.items()]
    verdict = judged(mark - norm, half, margin)
    compared = made.comparison_rows("SA1", mark, norm, verdict, n, half=half, margin=margin)
    for code in blocks:
        other = float(rng.uniform(1, 5))
        kind = judged(means[code] - other, half / 2, 0.16)
        compared += made.comparison_rows(code, means[code], other, kind, n, half=half / 2, margin=0.16)
    shares = rng.dirichlet(np.ones(len(blocks)))
    drawn = {
        block: (float(share), max(float(share) - 0.1, 0.0), min(float(share) + 0.1, 1.0))
        for block, share in zip(blocks, shares, strict=True)
    }
    leads = blocks[int(np.argmax(shares))]
    importance = made.importance(drawn, verdict=str(rng.choice([leads, "cannot_tell"])), n=n)
    return Department(
        n=n,
        summary=opened(made.summary([{**row, "maximum": 10} if row["variable"] == "SA1" else row for row in rows]), n),
        comparison=opened(made.comparison(compared), n),
        importance=opened(importance, n) if n >= BLOCKS_FROM else None,
        blocks=blocks,
        verdict=verdict,
    )


def judged(difference: float, half: float, margin: float) -> str:
    """Return the verdict by the rule of :mod:`icstats.benchmark`."""
    low, high = difference - half, difference + half
    if low > margin:
        return "clearly_above"
    if high < -margin:
        return "clearly_below"
    if -margin <= low and high <= margin:
        return "equal"
    return "slightly_above" if low > 0 else "slightly_below" if high < 0 else "uncertain"


DEPARTMENTS = tuple(simulated(seed) for seed in range(HOW_MANY))


def sentences(department: Department, texts: Texts) -> Iterator[str]:
    d = department
    mark = {"outcome": "SA1", "department": "HR", "norm_name": texts.say("summary.norm_name"), "texts": texts}
    yield story.mark_sentence(d.summary, d.comparison, **mark)  # type: ignore[arg-type]
    yield story.mark_sentence(d.summary, None, **mark)  # type: ignore[arg-type]
    yield story.organisation_sentence(d.summary, outcome="SA1", texts=texts)
    yield story.highest_and_lowest_sentence(d.summary, d.blocks, texts)
    yield story.best_and_worst_sentence(d.summary, LABELS, ITEMS, texts)
    if d.importance is not None:
        yield story.leading_sentence(d.importance, d.blocks, texts)
        yield leading(d, texts)
        yield story.inherited_leading_sentence(d.importance, d.blocks, texts)
        yield story.overall_leading_sentence(d.importance, d.blocks, texts)
        yield story.block_sentence(d.importance, d.blocks, texts)
        yield story.explained_sentence(d.importance, d.blocks, texts)
    yield compared(d, texts)
    yield story.below_sentence(d.comparison, d.blocks, texts, norm_name=texts.say("summary.norm_name"))
    if d.n >= POLICY.minimum_answers:
        n = shown_n(d.n, POLICY)
        yield story.answered_sentence(n, None, texts)
        yield story.answered_sentence(n, d.n + 200, texts)
        yield story.answered_sentence(n, None, texts, rated=True)


def leading(d: Department, texts: Texts) -> str:
    named = {"department": "HR", "norm_name": texts.say("summary.norm_name")}
    return (
        ""
        if d.importance is None
        else story.leading_sentence(d.importance, d.blocks, texts, comparison=d.comparison, **named)
    )  # type: ignore[arg-type]


def compared(d: Department, texts: Texts) -> str:
    return story.comparison_sentence(d.comparison, LABELS, texts, norm_name=texts.say("summary.norm_name"))


def numbers(sentence: str, texts: Texts) -> list[float]:
    """Return the numbers of a sentence, read as its language writes them."""
    found = re.findall(r"−?\d[\d.,]*", sentence.rstrip("."))
    plain = [one.rstrip(".,").replace("\N{MINUS SIGN}", "-") for one in found]
    if texts.language == "nl":
        return [float(one.replace(".", "").replace(",", ".")) for one in plain]
    return [float(one.replace(",", "")) for one in plain]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_is_ungrammatical_at_the_edges(language: str) -> None:
    texts = Texts(language)
    wrong = [
        sentence
        for department in DEPARTMENTS
        for sentence in sentences(department, texts)
        if sentence
        and (
            not re.match(r"[A-Z0-9\u201c\u2018]", sentence)
            or not sentence.endswith(".")
            or re.search(
                r"  |\.\.| [,.;:]|\{|\}|\b[Nn]a[Nn]\b|None|[a-z]_[a-z]|\(\)|\b(\w+) \1\b(?! \w+ van)", sentence
            )
            or PLURAL_OF_ONE.search(sentence)
        )
    ]
    assert sorted(set(wrong)) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_verdict_never_contradicts_the_mark_and_norm_beside_it(language: str) -> None:
    texts, said = Texts(language), 0
    for d in DEPARTMENTS:
        sentence = story.mark_sentence(
            d.summary, d.comparison, outcome="SA1", department="HR", norm_name="norm", texts=texts
        )
        if "(" not in sentence:
            continue
        mark, low, high, norm = numbers(sentence, texts)
        assert (low, high) == (1, 10)
        if re.search(f": {ABOVE[language]} ", sentence):
            assert mark > norm, sentence
            said += 1
        if re.search(f": {BELOW[language]} ", sentence):
            assert mark < norm, sentence
            said += 1
    assert said > 30


@pytest.mark.parametrize("language", LANGUAGES)
def test_highest_is_above_lowest_and_alike_has_one_number(language: str) -> None:
    texts = Texts(language)
    for d in DEPARTMENTS:
        for sentence in (
            story.highest_and_lowest_sentence(d.summary, d.blocks, texts),
            story.best_and_worst_sentence(d.summary, LABELS, ITEMS, texts),
        ):
            found = numbers(sentence, texts)
            assert len(found) in {0, 1, 2}, sentence
            if len(found) == 2:
                assert found[0] > found[1], sentence


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_leading_share_lies_in_its_interval_and_is_the_largest(language: str) -> None:
    texts = Texts(language)
    for d in DEPARTMENTS:
        if d.importance is None:
            continue
        found = numbers(story.block_sentence(d.importance, d.blocks, texts), texts)
        if found:
            share, low, high = found
            assert low <= share <= high
            shares = [row.estimate for block in d.blocks if (row := d.importance.row(block, "shapley_share"))]
            assert share == pytest.approx(100 * max(shares), abs=0.51)


def verdicts_of(d: Department) -> dict[str, str]:
    """Return variable -> verdict, of what may be told."""
    rows = {code: d.comparison.row(code, "difference") for code in d.comparison.variables}
    told = {code: row for code, row in rows.items() if row is not None and not row.hidden and row.drawn}
    return {code: str(row.extras["verdict"]) for code, row in told.items() if row.extras["verdict"]}


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_verdict_names_what_it_is_about(language: str) -> None:
    texts, norm_name = Texts(language), Texts(language).say("summary.norm_name")
    for d in DEPARTMENTS:
        verdicts = verdicts_of(d)
        said = [
            texts.say(
                f"benchmark.{kind}",
                norm_name=norm_name,
                names=texts.listing([texts.say("grammar.quoted", words=LABELS[code]) for code in own]),
            )
            for kind in VERDICTS
            if (own := _largest_first(d, [code for code in verdicts if verdicts[code] == kind]))
        ]
        assert compared(d, texts) == " ".join(said)


def _largest_first(d: Department, codes: list[str]) -> list[str]:
    rows = {code: d.comparison.row(code, "difference") for code in codes}
    return sorted(codes, key=lambda code: -abs(rows[code].estimate))  # type: ignore[union-attr]


@pytest.mark.parametrize("language", LANGUAGES)
def test_among_many_questions_those_that_do_not_differ_are_counted(language: str) -> None:
    texts = Texts(language)
    named = {"equal": list("abcdefghij"), "clearly_below": list("klmnop"), "uncertain": ["q"]}
    told = " ".join(story.verdict_sentences(named, texts, norm_name="X"))
    assert (
        told
        == {
            "en": "About the same as X: 10 of the 17 questions. Clearly below X: k, l, m and 3 more. "
            "Too uncertain to say: 1 of the 17 questions.",
            "nl": "Ongeveer gelijk aan X: 10 van de 17 vragen. Duidelijk onder X: k, l, m en nog 3 andere. "
            "Te onzeker om te zeggen: 1 van de 17 vragen.",
        }[language]
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_opening_says_which_blocks_are_below_the_norm(language: str) -> None:
    texts, counted = Texts(language), set()
    for d in DEPARTMENTS:
        verdicts = verdicts_of(d)
        others = [block for block in d.blocks if d.importance is None or block != d.importance.verdict]
        opening = leading(d, texts), story.below_sentence(d.comparison, others, texts, norm_name="X")
        for block in d.blocks:
            words = texts.say(f"block_in_sentence.{block}")
            if "below" in verdicts.get(block, ""):
                clearly = re.search({"en": "[Cc]learly below", "nl": "[Dd]uidelijk onder"}[language], " ".join(opening))
                assert words in " ".join(opening)
                assert clearly or verdicts[block] != "clearly_below"
                counted.add((block in others, verdicts[block]))
            else:
                assert words not in opening[1]
        if d.importance is not None and d.importance.verdict in d.blocks:
            verdict = verdicts.get(d.importance.verdict, "")
            key = f"summary.leading_{verdict}" if re.search("above|below", verdict) else "summary.leading"
            block = texts.say(f"block_in_sentence.{d.importance.verdict}")
            norm_name = texts.say("summary.norm_name")
            assert opening[0] == texts.say(key, block=block, department="HR", norm_name=norm_name)
    assert counted == {(other, kind) for other in (True, False) for kind in ("clearly_below", "slightly_below")}


def test_the_simulation_reaches_every_verdict_size_and_tie() -> None:
    assert {d.verdict for d in DEPARTMENTS} == set(VERDICTS)
    assert {d.n for d in DEPARTMENTS} == set(SIZES)
    assert {len(d.blocks) for d in DEPARTMENTS} == {1, 2, 3}
    hidden = [d for d in DEPARTMENTS if d.n < POLICY.minimum_answers]
    assert hidden
    assert {text for d in hidden for text in sentences(d, Texts("en"))} == {""}
