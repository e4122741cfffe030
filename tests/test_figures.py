"""Figures: they draw what was released, in words as well, small, and without a trace of anything else."""

from __future__ import annotations

import struct
from base64 import b64decode
from html.parser import HTMLParser
from io import BytesIO
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import made
import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from icstats import figures
from icstats.canvas import ACCENT, BLOCKS, PAPER, SHARPNESS, SHARPNESS_OF_TALL, WIDTH, Figure, ink_on, width_of, wrapped
from icstats.disclosure import RATINGS, Released, gathered, open_ledger, release
from icstats.errors import DisclosureError
from icstats.figures import (
    dot_intervals,
    driver_dots,
    forest,
    heat_map,
    mark_strip,
    reliability_dots,
    why_bar,
    why_bars,
)
from icstats.funnel import funnel_plot
from icstats.heatmap import _ramp
from icstats.sharebars import NAME_ROOM, _apart, _parts
from icstats.study import Policy
from icstats.texts import Texts

if TYPE_CHECKING:
    from collections.abc import Callable

    from icstats.results import Result

POLICY = Policy()
EN, NL = Texts("en"), Texts("nl")
BLOCK_NAMES = {"product": "Products", "process": "Process", "orientation": "Customer orientation"}
MEANS = {"product": 3.84, "process": 3.42, "orientation": 4.05}
NORMS = {"product": 3.7, "process": 3.6, "orientation": 3.9}
SHARES = {"product": (0.35, 0.25, 0.45), "process": (0.41, 0.31, 0.52), "orientation": (0.24, 0.15, 0.33)}
SIZES = {"hr": 214, "it": 40, "fm": 8, "law": 12}
NAMES = {"hr": "Human Resources", "it": "IT", "fm": "Facilities", "law": "Legal"}
QUESTIONS = {
    "product": ["P1", "P2", "P3", "P4", "P5"],
    "process": ["R1", "R2", "R3", "R4", "R5", "R6"],
    "orientation": ["O1", "O2", "O3", "O4", "O5", "O6"],
}
LONG = {
    "1": "Levert wat is afgesproken",
    "2": "Duidelijk wat van mij nodig is",
    "3": "Verantwoordelijkheidsbewustzijn",
    "4": "Houdt zich aan afspraken over tijd",
    "5": "Legt uit waarom iets niet kan",
    "6": "Weet wat mijn werk vraagt",
}
LABELS = {code: f"{LONG[code[1]]} ({code})" for codes in QUESTIONS.values() for code in codes} | BLOCK_NAMES


def opened(result: Result, department: str = "hr") -> Released:
    ledger = open_ledger(
        made.counts({department: {RATINGS: 500}, "other": {RATINGS: 500}}), policy=POLICY, department=department
    )
    return release(result, policy=POLICY, ledger=ledger)


def of_departments(make: Callable[[int], Result]) -> Released:
    ledger = open_ledger(made.counts({place: {RATINGS: n} for place, n in SIZES.items()}), policy=POLICY)
    return gathered([release(make(n), policy=POLICY, ledger=ledger.at(place)) for place, n in SIZES.items()])


def mark(mean: float = 7.23, n: int = 214, high: int = 10) -> Released:
    return opened(made.summary([made.mean_row("mark", mean, n, high=high, half=0.2)]))


def blocks(n: int = 214) -> Released:
    return opened(made.summary_of(MEANS, n=n))


def questions(n: int = 214) -> Released:
    codes = [code for codes in QUESTIONS.values() for code in codes]
    return opened(made.summary_of({code: 3.1 + 0.1 * place for place, code in enumerate(codes)}, n=n))


def importance(n: int = 180, verdict: str = "process") -> Released:
    return opened(made.importance(SHARES, verdict=verdict, n=n))


def drivers(n: int = 180) -> Released:
    codes = [code for codes in QUESTIONS.values() for code in codes]
    shares = {code: (0.02 + 0.01 * place, 0.01 * place, 0.05 + 0.01 * place) for place, code in enumerate(codes)}
    return opened(made.importance(shares, verdict="", measure="lmg_share", n=n))


def differences(n: int = 214) -> Released:
    rows = [
        *made.comparison_rows("product", 3.9, 3.6, "slightly_above", n),
        *made.comparison_rows("process", 3.3, 3.6, "clearly_below", n),
        *made.comparison_rows("orientation", 3.62, 3.6, "equal", n),
    ]
    return opened(made.comparison(rows))


def coefficients(n: int = 214) -> Released:
    rows = [("product", "alpha", 0.811, 0.76, 0.86, n), ("product", "omega_total", 0.83, 0.78, 0.87, n)]
    return opened(made.reliability([*rows, ("pair", "spearman_brown", 0.55, 0.4, 0.7, n)]))


COEFFICIENTS = {"alpha": "Cronbach’s alpha", "omega_total": "Omega total", "spearman_brown": "Spearman–Brown"}

ALL_HIDDEN_EN = (
    "There is no figure here: nothing can be drawn that may be shown. There are fewer than 10 answers of others, a "
    "smaller group would be given away, or the answers do not differ."
)
ALL_HIDDEN_NL = (
    "Hier staat geen figuur: niets wat getoond mag worden, is te tekenen. Er zijn minder dan 10 antwoorden van "
    "anderen, een kleinere groep zou prijsgegeven worden, of de antwoorden verschillen niet."
)

DRAWN: dict[str, Callable[[Texts, int], Figure]] = {
    "mark_strip": lambda texts, n: mark_strip(
        mark(n=n), variable="mark", label="Mark", texts=texts, norm=6.8, norm_band=(6.5, 7.1), norm_name="the norm"
    ),
    "dot_intervals": lambda texts, n: dot_intervals(
        questions(n), texts=texts, labels=LABELS, blocks=QUESTIONS, norms={"P1": 3.6}, norm_name="the norm"
    ),
    "driver_dots": lambda texts, n: driver_dots(drivers(n), texts=texts, labels=LABELS, blocks=QUESTIONS),
    "forest": lambda texts, n: forest(differences(n), texts=texts, labels=BLOCK_NAMES, norm_name="the norm"),
    "reliability_dots": lambda texts, n: reliability_dots(
        coefficients(n), texts=texts, labels={**BLOCK_NAMES, "pair": "Pair"}, coefficients=COEFFICIENTS
    ),
    "why_bar": lambda texts, n: why_bar(importance(n), texts=texts, labels=BLOCK_NAMES),
    "why_bars": lambda texts, n: why_bars(importance(n), texts=texts, labels=BLOCK_NAMES, departments={"hr": "HR"}),
    "funnel_plot": lambda texts, n: funnel_plot(
        blocks(n),
        variable="product",
        label="Products",
        norm=3.7,
        sd=1.0,
        norm_name="the norm",
        departments={"hr": "HR"},
        texts=texts,
    ),
    "heat_map": lambda texts, n: heat_map(blocks(n), texts=texts, labels=BLOCK_NAMES, departments={"hr": "HR"}),
}


class Parsed(HTMLParser):
    """The picture and the caption of a figure's HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.image: dict[str, str | None] = {}
        self.caption = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "img":
            self.image = dict(attrs)

    def handle_data(self, data: str) -> None:
        self.caption += data

    @property
    def png(self) -> bytes:
        source = self.image["src"] or ""
        assert source.startswith("data:image/png;base64,")
        return b64decode(source.partition(",")[2])

    @property
    def pixels(self) -> np.ndarray[Any, np.dtype[np.uint8]]:
        return np.asarray(Image.open(BytesIO(self.png)).convert("RGB"))


def rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def where(pixels: np.ndarray[Any, np.dtype[np.uint8]], colour: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
    found: np.ndarray[Any, np.dtype[np.bool_]] = (pixels == np.array(rgb(colour))).all(axis=2)
    return found


every_figure = pytest.mark.parametrize("draw", DRAWN.values(), ids=DRAWN.keys())


# ------------------------------------------------------------------------------------------- what holds for them all


@every_figure
def test_a_figure_is_a_picture_with_both_its_texts(draw: Callable[[Texts, int], Figure]) -> None:
    figure = draw(EN, 214)
    parsed = Parsed(figure.html)
    assert [tag for tag in parsed.tags if tag != "div"] == ["figure", "img", "figcaption"]
    assert parsed.image["alt"] == figure.alt
    assert parsed.caption == figure.caption
    assert any(digit in figure.alt for digit in "123456789")
    assert set(parsed.image) == {"alt", "width", "height", "src"}


@every_figure
def test_a_picture_is_small_white_and_as_large_as_it_says(draw: Callable[[Texts, int], Figure]) -> None:
    parsed = Parsed(draw(NL, 214).html)
    picture = Image.open(BytesIO(parsed.png))
    width, height = int(parsed.image["width"] or 0), int(parsed.image["height"] or 0)
    assert width == WIDTH
    assert picture.width in {int(SHARPNESS * WIDTH), int(SHARPNESS_OF_TALL * WIDTH)}
    assert picture.height == pytest.approx(height * picture.width / WIDTH, abs=1)
    assert len(parsed.png) < 42_000
    assert picture.mode == "P"
    assert tuple(parsed.pixels[-1, 0]) == rgb(PAPER)
    assert tuple(parsed.pixels[-1, -1]) == rgb(PAPER)


@every_figure
def test_a_picture_carries_nothing_but_its_pixels(draw: Callable[[Texts, int], Figure]) -> None:
    png = Parsed(draw(EN, 214).html).png
    chunks, place = set(), 8
    while place < len(png):
        (length,) = struct.unpack(">I", png[place : place + 4])
        chunks.add(png[place + 4 : place + 8])
        place += 12 + length
    assert chunks <= {b"IHDR", b"PLTE", b"IDAT", b"IEND"}


@every_figure
def test_drawing_is_repeatable_and_leaves_no_trace(draw: Callable[[Texts, int], Figure]) -> None:
    import matplotlib.pyplot as plt  # noqa: PLC0415  to see that it is not used

    mpl.rcParams["font.size"] = 31.0
    before = dict(mpl.rcParams)
    try:
        strange = draw(EN, 214)
        assert dict(mpl.rcParams) == before
    finally:
        mpl.rcdefaults()
    assert plt.get_fignums() == []
    assert draw(EN, 214).html == strange.html


@every_figure
@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        (EN, ALL_HIDDEN_EN),
        (NL, ALL_HIDDEN_NL),
    ],
    ids=["en", "nl"],
)
def test_where_all_is_hidden_there_is_a_sentence(
    draw: Callable[[Texts, int], Figure], texts: Texts, sentence: str
) -> None:
    figure = draw(texts, 9)
    assert figure.html == f'<p class="note">{sentence}</p>'
    assert (figure.alt, figure.caption) == ("", "")


def test_a_raw_result_has_no_figure() -> None:
    message = (
        "A figure is made of released results only, not of Summary. "
        "Hint: Pass it through icstats.release with the study's policy and ledger first. [ICS-610]"
    )
    raw: Any = made.summary_of(MEANS)
    attempts: list[Callable[[], Figure]] = [
        lambda: mark_strip(raw, variable="mark", label="", texts=EN),
        lambda: dot_intervals(raw, texts=EN, labels={}),
        lambda: driver_dots(raw, texts=EN, labels={}, blocks={}),
        lambda: forest(raw, texts=EN, labels={}, norm_name=""),
        lambda: reliability_dots(raw, texts=EN, labels={}, coefficients={}),
        lambda: why_bar(raw, texts=EN, labels={}),
        lambda: why_bars(raw, texts=EN, labels={}, departments={}),
        lambda: heat_map(raw, texts=EN, labels={}, departments={}),
    ]
    for attempt in attempts:
        with pytest.raises(DisclosureError) as refusal:
            attempt()
        assert str(refusal.value) == message


def test_labels_are_text_and_nothing_else() -> None:
    nasty = {"product": '<img src=x onerror=alert(1)>"', "process": "$\\frac{1}{0}$ and $5", "orientation": "😀 &amp;"}
    figure = dot_intervals(blocks(), texts=EN, labels=nasty)
    parsed = Parsed(figure.html)
    assert [tag for tag in parsed.tags if tag != "div"] == ["figure", "img", "figcaption"]
    assert nasty["product"] in (parsed.image["alt"] or "")
    assert "onerror" not in parsed.image


# ------------------------------------------------------------------------------------------------------ one by one


def test_the_strip_states_mark_and_norm_in_both_languages() -> None:
    def strip(texts: Texts, name: str) -> Figure:
        return mark_strip(
            mark(),
            variable="mark",
            label="Report mark",
            texts=texts,
            norm=6.84,
            norm_band=(6.5, 7.1),
            norm_name=name,
            source="Survey 2026",
        )

    assert strip(EN, "the norm").alt == (
        "Report mark: 7.2 (7.0 to 7.4) on the scale from 1 to 10. Beside it the norm: 6.8. "
        "The middle half of the organisations lies between 6.5 and 7.1."
    )
    assert strip(NL, "de norm").alt == (
        "Report mark: 7,2 (7,0 tot 7,4) op de schaal van 1 tot 10. Daarnaast de norm: 6,8. "
        "De middelste helft van de organisaties ligt tussen 6,5 en 7,1."
    )
    assert strip(EN, "the norm").caption == (
        "Report mark on the scale from 1 to 10: our mean (dot) with 95% interval (thick line); n = 214. "
        "Grey band: the middle half of the organisations behind the norm. Upright tick: the norm. Source: Survey 2026."
    )


def test_a_strip_without_norm_or_interval_says_no_more_than_it_has() -> None:
    figure = mark_strip(mark(n=14), variable="mark", label="Mark", texts=EN, norm=float("nan"), norm_name="the norm")
    assert figure.alt == "Mark: 7.2 on the scale from 1 to 10."
    assert figure.caption == (
        "Mark on the scale from 1 to 10: our mean (open dot; an interval is given from 15 answers on); n = 11–19."
    )


def test_a_norm_of_the_departments_has_a_band_of_departments() -> None:
    figure = mark_strip(
        mark(),
        variable="mark",
        label="Mark",
        texts=EN,
        norm=6.8,
        norm_band=(6, 7),
        norm_name="their mean",
        internal=True,
    )
    assert "The middle half of the departments lies between 6.0 and 7.0." in figure.alt
    assert "Grey band: the middle half of the departments." in figure.caption


@pytest.mark.parametrize("mean", [1.3, 5.5, 7.2, 9.7])
def test_the_dot_of_the_strip_lies_at_the_mark(mean: float) -> None:
    pixels = Parsed(mark_strip(mark(mean), variable="mark", label="Mark", texts=EN).html).pixels
    columns = np.flatnonzero(where(pixels, ACCENT)[2 * 64 + 12])
    assert columns.mean() / 2 == pytest.approx(22 + (mean - 1) / 9 * (WIDTH - 44), abs=1)


def test_dots_state_mean_norm_and_satisfied_share() -> None:
    english = dot_intervals(blocks(), texts=EN, labels=BLOCK_NAMES, norms=NORMS, norm_name="the norm")
    assert english.alt == (
        "Means on the scale from 1 to 5: Products 3.8 (3.7 to 4.0), the norm 3.7, 62% satisfied; "
        "Process 3.4 (3.3 to 3.5), the norm 3.6, 53% satisfied; "
        "Customer orientation 4.0 (3.9 to 4.2), the norm 3.9, 66% satisfied."
    )
    assert english.caption == (
        "Means (dots) with 95% intervals (lines) on the scale from 1 to 5; n = 214. Upright ticks: the norm."
    )
    dutch = dot_intervals(blocks(), texts=NL, labels=BLOCK_NAMES, variables=["process"])
    assert dutch.alt == "Gemiddelden op de schaal van 1 tot 5: Process 3,4 (3,3 tot 3,5), 53% tevreden."


def test_many_rows_are_summed_up_by_their_ends() -> None:
    figure = dot_intervals(questions(), texts=EN, labels=LABELS, blocks=QUESTIONS)
    assert figure.alt == (
        "Means on the scale from 1 to 5, 17 in all, from Levert wat is afgesproken (P1) (3.1 (3.0 to 3.2), 47% "
        "satisfied) to Weet wat mijn werk vraagt (O6) (4.7 (4.6 to 4.8), 79% satisfied)."
    )


def test_hidden_rows_are_named_and_their_numbers_are_nowhere() -> None:
    rows = [*made.summary_of({"product": 3.84}).data.to_dict("records")]
    rows += made.summary_of({"process": 4.61}, n=9).data.to_dict("records")
    rows += made.summary_of({"orientation": 3.33}, n=14).data.to_dict("records")
    result = made.summary([{str(name): value for name, value in row.items()} for row in rows])
    figure = dot_intervals(opened(result), texts=EN, labels=BLOCK_NAMES)
    assert figure.alt == (
        "Means on the scale from 1 to 5: Products 3.8 (3.7 to 4.0), 62% satisfied; "
        "Customer orientation 3.3. Not shown: Process."
    )
    assert figure.caption == (
        "Means (dots) with 95% intervals (lines) on the scale from 1 to 5; n from 11 to 214. "
        "An open dot has no interval: that is given from 15 answers on. Not shown: there are fewer than 10 answers "
        "of others, or the number would give away a smaller group, a single answer or the judgement of one employee."
    )


def test_drivers_are_shares_of_explained_satisfaction() -> None:
    shares = {"P1": (0.2, 0.1, 0.34), "R1": (0.15, 0.05, 0.2)}
    released = opened(made.importance(shares, verdict="", measure="owen_share"))
    figure = driver_dots(
        released,
        texts=EN,
        labels={"P1": "Fits", "R1": "Fast"},
        blocks={"product": ["P1"], "process": ["R1"]},
        measure="owen_share",
    )
    assert figure.alt == "Shares in explained satisfaction: Fits 20% (10% to 34%); Fast 15% (5% to 20%)."
    assert figure.caption == (
        "Share of each question in explained satisfaction (dots) with 95% intervals (lines); n = 180."
    )


def test_the_forest_groups_differences_by_their_verdict() -> None:
    english = forest(differences(), texts=EN, labels=BLOCK_NAMES, norm_name="the norm")
    assert english.alt == (
        "Differences from the norm: above: Products +0.3; about the same: Customer orientation 0.0; "
        "clearly below: Process −0.3."
    )
    dutch = forest(differences(), texts=NL, labels=BLOCK_NAMES, norm_name="de norm", variables=["process"])
    assert dutch.alt == "Verschillen met de norm: duidelijk eronder: Process −0,3."
    assert dutch.caption == (
        "Verschillen met de norm (stippen) met 95%-intervallen (lijnen); n = 214. "
        "Grijze band: verschillen zonder praktisch belang."
    )


def test_a_forest_of_departments_names_those_that_are_not_shown() -> None:
    released = of_departments(lambda n: made.comparison(made.comparison_rows("mark", 3.9, 3.6, "uncertain", n)))
    figure = forest(released, texts=EN, labels={}, norm_name="the norm", departments={**NAMES, "new": "New"})
    assert figure.alt == (
        "Differences from the norm: too uncertain to say: Human Resources +0.3, IT +0.3. "
        "Not shown: Facilities, Legal and New."
    )


def test_reliability_is_told_per_coefficient_and_hidden_scales_once() -> None:
    figure = reliability_dots(
        coefficients(), texts=EN, labels={"product": "Products", "pair": "Pair"}, coefficients=COEFFICIENTS
    )
    assert figure.alt == (
        "Reliability: Products, Cronbach’s alpha 0.81 (0.76 to 0.86); Products, Omega total 0.83 (0.78 to 0.87); "
        "Pair, Spearman–Brown 0.55 (0.40 to 0.70)."
    )
    rows = [
        ("a", "alpha", 0.8, 0.7, 0.9, 214),
        ("b", "alpha", 0.8, 0.7, 0.9, 9),
        ("b", "omega_total", 0.8, 0.7, 0.9, 9),
    ]
    some = reliability_dots(
        opened(made.reliability(rows)), texts=NL, labels={"a": "A", "b": "B"}, coefficients=COEFFICIENTS
    )
    assert some.alt == "Betrouwbaarheid: A, Cronbach’s alpha 0,80 (0,70 tot 0,90). Niet getoond: B."


def test_the_why_bar_states_shares_and_verdict() -> None:
    assert why_bar(importance(), texts=EN, labels=BLOCK_NAMES).alt == (
        "Explained satisfaction is divided into: Products 35% (25% to 45%); Process 41% (31% to 52%); "
        "Customer orientation 24% (15% to 33%). The largest share is that of Process."
    )
    unsure = why_bar(importance(verdict="cannot_tell"), texts=NL, labels=BLOCK_NAMES)
    assert unsure.alt.endswith("Welk aandeel het grootst is, kunnen de antwoorden niet zeggen.")
    assert unsure.caption == (
        "Verklaarde tevredenheid, verdeeld in Products, Process en Customer orientation; n = 180. Volle kleur is de "
        "ondergrens van het 95%-interval; waar de kleur vervaagt, is het aandeel onzeker. "
        "Samen verklaren zij 61% van de verschillen in tevredenheid."
    )


def test_full_colour_in_the_why_bar_is_the_lower_end_of_the_interval() -> None:
    pixels = Parsed(why_bar(importance(), texts=EN, labels=BLOCK_NAMES).html).pixels
    line = pixels[2 * 30][None]
    for block, (_, low, _) in SHARES.items():
        assert where(line, BLOCKS[block]).sum() / (2 * WIDTH) == pytest.approx(low, abs=0.015)


def test_the_parts_of_a_bar_fill_it_although_shares_are_rounded() -> None:
    rows = [row for row in importance().each() if row.variable in SHARES]
    parts = _parts(rows)
    assert parts[0].start == pytest.approx(0)
    assert parts[-1].end == pytest.approx(1)
    assert [part.sure for part in parts] == pytest.approx([low for _, low, _ in SHARES.values()])


def test_bars_per_department_say_where_the_answers_cannot_tell() -> None:
    ledger = open_ledger(made.counts({place: {RATINGS: n} for place, n in SIZES.items()}), policy=POLICY)
    verdicts = {"hr": "process", "it": "cannot_tell", "fm": "process"}
    together = gathered(
        [
            release(made.importance(SHARES, verdict=verdict, n=SIZES[place]), policy=POLICY, ledger=ledger.at(place))
            for place, verdict in verdicts.items()
        ]
    )
    figure = why_bars(together, texts=EN, labels=BLOCK_NAMES, departments=NAMES)
    assert figure.alt == (
        "Largest share of explained satisfaction: Process: Human Resources 41%; cannot tell: IT; "
        "too few answers or reliable scales: Facilities, Legal."
    )
    assert "n from 40 to 214" in figure.caption


def test_the_heat_map_tells_the_ends_of_each_column_and_who_is_not_shown() -> None:
    released = of_departments(lambda n: made.summary_of({"product": 3.0 + n / 1000, "process": 3.5}, n=n))
    figure = heat_map(released, texts=EN, labels=BLOCK_NAMES, departments=NAMES)
    assert figure.alt == (
        "Means per department on the scale from 1 to 5: Products, from IT (3.0) to Human Resources (3.2); "
        "Process, 3.5 everywhere. Not shown: Facilities and Legal."
    )
    assert figure.caption == (
        "Means per department on the scale from 1 to 5; n from 40 to 214. The colours belong to the scale and do not "
        "depend on the values of others. Not shown: there are fewer than 10 answers of others, or the number would "
        "give away a smaller group, a single answer or the judgement of one employee."
    )


def test_a_cell_of_the_heat_map_keeps_its_colour_whatever_the_others_are() -> None:
    def cell(others: float) -> tuple[int, ...]:
        means = {"product": 3.9, "process": others}
        html = heat_map(opened(made.summary_of(means)), texts=EN, labels=BLOCK_NAMES, departments={"hr": "HR"}).html
        return tuple(int(part) for part in Parsed(html).pixels[2 * 32, 2 * 230])

    assert cell(1.8) == cell(4.6)
    assert cell(1.8) != rgb(PAPER)


# ----------------------------------------------------------------------------------------- the same for departments


@given(mean=st.floats(1.1, 4.9))
@settings(max_examples=20, deadline=None)
def test_the_axis_of_means_is_the_scale(mean: float) -> None:
    rows = opened(made.summary([made.mean_row("q", mean, 214)])).each()
    axis = figures._scale_axis(rows, EN, "")
    assert (axis.low, axis.high) == (1.0, 5.0)
    assert [words for _, words in axis.ticks] == ["1", "2", "3", "4", "5"]


def test_the_axis_of_shares_and_differences_grows_only_where_it_must() -> None:
    def share_axis(high: float) -> float:
        return figures._share_axis(
            opened(made.importance({"q": (0.1, 0.0, high)}, verdict="")).only(variables=["q"]).each(), EN
        ).high

    def difference_axis(difference: float) -> float:
        released = opened(made.comparison(made.comparison_rows("q", 3.0 + difference, 3.0, "equal", 214, half=0.1)))
        return figures._difference_axis(released.only(statistics=["difference"]).each(), EN).high

    assert [share_axis(high) for high in (0.11, 0.3, 0.31, 0.95)] == [0.3, 0.3, 0.4, 1.0]
    assert [difference_axis(value) for value in (0.1, -0.9, 1.2, -1.7)] == [1.0, 1.0, 1.5, 2.0]


# ------------------------------------------------------------------------------------------------ what can be read


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    def luminance(colour: tuple[float, ...]) -> float:
        parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    high, low = sorted([luminance(one), luminance(other)], reverse=True)
    return (high + 0.05) / (low + 0.05)


def fraction(colour: str) -> tuple[float, float, float]:
    red, green, blue = rgb(colour)
    return red / 255, green / 255, blue / 255


def test_words_on_colour_can_be_read() -> None:
    grounds = [*_ramp(), *(fraction(colour) for colour in BLOCKS.values())]
    assert min(contrast(ground, fraction(ink_on(ground))) for ground in grounds) > 3.9


def test_the_blocks_differ_in_lightness_too() -> None:
    grey = [0.2126 * red + 0.7152 * green + 0.0722 * blue for red, green, blue in map(rgb, BLOCKS.values())]
    assert np.diff(sorted(grey)).min() > 40


words = st.lists(st.text("aeioubdklnrstv", min_size=1, max_size=45), min_size=1, max_size=8).map(" ".join)


@given(text=words, room=st.floats(60, 250))
@settings(max_examples=40, deadline=None)
def test_wrapped_lines_fit_and_lose_no_letter(text: str, room: float) -> None:
    lines = wrapped(text, room)
    assert all(width_of(line, 13) <= room for line in lines)
    assert "".join(lines).replace("-", "").replace(" ", "") == text.replace(" ", "")


def test_a_compound_is_broken_between_syllables() -> None:
    assert wrapped("Dienstverleningsproces", 120) == ["Dienstverle-", "ningsproces"]


@given(
    centres=st.lists(st.floats(0, WIDTH), min_size=1, max_size=3).map(sorted),
    room=st.floats(10, NAME_ROOM),
)
@settings(deadline=None)
def test_names_under_the_bar_neither_touch_nor_leave_the_page(centres: list[float], room: float) -> None:
    places = _apart(centres, [room] * len(centres))
    assert places == sorted(places)
    assert places[0] >= room / 2 - 1e-9
    assert places[-1] <= WIDTH - room / 2 + 1e-9
    assert all(after - before >= room for before, after in pairwise(places))
