"""Tables: every cell says what it holds, in the reader's language, and nothing in it runs."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Literal

import made
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icstats.disclosure import RATINGS, Released, gathered, open_ledger, release
from icstats.errors import DisclosureError
from icstats.study import Policy
from icstats.tables import Column, department_table, table
from icstats.texts import Texts
from icstats.written import written_chance

POLICY = Policy()
EN, NL = Texts("en"), Texts("nl")
COLUMNS = [
    Column(heading="Mean", statistic="mean"),
    Column(heading="95% interval", statistic="mean", show="interval"),
    Column(heading="Satisfied", statistic="satisfied"),
    Column(heading="Answered by", statistic="mean", show="n"),
]
LABELS = {"q": "Knows my work", "r": "Keeps its word", "s": "Answers"}


class Cells(HTMLParser):
    """Collects the text of every cell, row by row, and every tag with its attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if self.open[-1] in {"td", "th"}:
            self.rows[-1][-1] += data


def released_from(rows: list[made.Row], department: str = "hr") -> Released:
    variables = {row["variable"] for row in rows}
    counts = made.counts({place: dict.fromkeys((RATINGS, *variables), 500) for place in (department, "other")})
    ledger = open_ledger(counts, policy=POLICY, department=department)
    return release(made.summary(rows), policy=POLICY, ledger=ledger)


def rows_of(variable: str, n: int, mean: float = 3.44) -> list[made.Row]:
    data = made.summary_of({variable: mean}, n=n).data
    return [{str(name): value for name, value in row.items()} for row in data.to_dict("records")]


def one_of_each() -> Released:
    return released_from([*rows_of("q", 1214), *rows_of("r", 9), *rows_of("s", 14)])


def test_numbers_are_written_as_the_language_does() -> None:
    shown = {
        texts.language: Cells(table(one_of_each(), texts=texts, caption="", columns=COLUMNS, labels=LABELS).html).rows
        for texts in (EN, NL)
    }
    assert shown["en"][1:] == [
        ["Knows my work", "3.4", "3.4 to 3.5", "54%", "1,214"],
        ["Keeps its word", "not shown"],
        ["Answers", "3.4", "–", "not shown", "11–19"],
    ]
    assert shown["nl"][1:] == [
        ["Knows my work", "3,4", "3,4 tot 3,5", "54%", "1.214"],
        ["Keeps its word", "niet getoond"],
        ["Answers", "3,4", "–", "niet getoond", "11–19"],
    ]


def test_caption_and_header_cells_tell_a_screen_reader_what_a_cell_is() -> None:
    made_table = table(one_of_each(), texts=EN, caption="Scores", columns=COLUMNS, labels=LABELS, stub="Question")
    cells = Cells(made_table.html)
    assert made_table.caption == "Scores"
    assert "<caption>Scores</caption>" in made_table.html
    assert cells.rows[0] == ["Question", "Mean", "95% interval", "Satisfied", "Answered by"]
    scopes = [attributes.get("scope") for tag, attributes in cells.tags if tag == "th"]
    assert scopes == ["col"] * 5 + ["row"] * 3
    assert not [tag for tag, attributes in cells.tags if "style" in attributes]


def test_a_hidden_row_is_one_cell_in_words_that_spans_its_columns() -> None:
    cells = Cells(table(one_of_each(), texts=EN, caption="", columns=COLUMNS, labels=LABELS).html)
    hidden = [attributes for tag, attributes in cells.tags if str(attributes.get("class", "")).endswith("hidden")]
    assert hidden == [{"class": "hidden", "colspan": "4"}, {"class": "number hidden"}]


def test_the_threshold_in_the_words_is_that_of_the_policy() -> None:
    strict = Policy(minimum_group=25)
    counts = made.counts({"hr": {RATINGS: 24, "q": 24}, "it": {RATINGS: 40, "q": 40}})
    ledger = open_ledger(counts, policy=strict, department="hr")
    released = release(made.summary_of({"q": 3.2}, n=24), policy=strict, ledger=ledger)
    html = table(released, texts=EN, caption="", columns=COLUMNS, labels=LABELS).html
    assert "Not shown: there are fewer than 25 answers of others" in html
    assert "Not shown: there are fewer than 25 answers of others, or the number would" in html


def test_a_single_hidden_cell_is_said_in_words_and_explained_below() -> None:
    released = released_from([made.mean_row("q", 4.7, 20), made.share_row("q", "satisfied", 0.95, 20)])
    cells = Cells(table(released, texts=EN, caption="", columns=COLUMNS, labels=LABELS).html)
    assert cells.rows[1] == ["Knows my work", "4.7", "4.5 to 4.9", "not shown", "20–29"]
    assert cells.words[-1] == (
        "Not shown: there are fewer than 10 answers of others, or the number would give away a smaller group, a single "
        "answer or the judgement of one employee."
    )


def test_notes_stand_only_where_something_is_left_out() -> None:
    whole = table(released_from(rows_of("q", 214)), texts=EN, caption="", columns=COLUMNS, labels=LABELS).html
    assert 'class="note"' not in whole
    few = released_from(rows_of("q", 14))
    assert (
        "–: no interval, because it is given from 15 answers on."
        in Cells(table(few, texts=EN, caption="", columns=COLUMNS, labels=LABELS).html).words
    )
    means = table(few, texts=EN, caption="", columns=COLUMNS[:1], labels=LABELS).html
    assert 'class="note"' not in means


def test_differences_carry_their_sign_and_p_values_have_a_floor() -> None:
    rows = made.comparison_rows("q", 3.2, 3.5, "clearly_below", 214, half=0.16, margin=0.1)
    rows[2] |= {"p_value": 1e-9}
    result = made.comparison(rows)
    counts = made.counts({"hr": {RATINGS: 214, "q": 214}})
    released = release(result, policy=POLICY, ledger=open_ledger(counts, policy=POLICY, department="hr"))
    columns = [
        Column(heading="Difference", statistic="difference", signed=True),
        Column(heading="Interval", statistic="difference", show="interval", signed=True),
        Column(heading="p", statistic="difference", show="p_value"),
        Column(heading="p, adjusted", statistic="difference", show="p_adjusted"),
        Column(heading="Verdict", statistic="difference", show="verdict", names={"clearly_below": "clearly below"}),
        Column(heading="Median", statistic="median"),
    ]
    english = Cells(table(released, texts=EN, caption="", columns=columns, labels=LABELS).html).rows[1]
    dutch = Cells(table(released, texts=NL, caption="", columns=columns, labels=LABELS).html).rows[1]
    assert english == ["Knows my work", "−0.3", "−0.5 to −0.1", "< 0.001", "0.035", "clearly below", "–"]
    assert dutch == ["Knows my work", "−0,3", "−0,5 tot −0,1", "< 0,001", "0,035", "clearly below", "–"]


def test_rows_of_the_release_can_be_the_rows_of_the_table() -> None:
    result = made.reliability([("PC", "alpha", 0.8567, 0.81, 0.9, 214), ("PC", "omega_total", 0.8712, 0.82, 0.91, 214)])
    counts = made.counts({"hr": {RATINGS: 214}})
    released = release(result, policy=POLICY, ledger=open_ledger(counts, policy=POLICY, department="hr"))
    columns = [
        Column(heading="Coefficient", show="statistic", names={"alpha": "Cronbach’s alpha"}),
        Column(heading="Estimate"),
        Column(heading="Questions", show="n_items"),
    ]
    cells = Cells(table(released, texts=EN, caption="", columns=columns, labels={"PC": "Process"}, by="row").html)
    assert cells.rows[1:] == [["Process", "Cronbach’s alpha", "0.86", "4"], ["Process", "omega_total", "0.87", "4"]]


def test_groups_stand_under_their_own_heading_in_the_order_given() -> None:
    released = released_from([*rows_of("q", 214), *rows_of("r", 214), *rows_of("s", 214)])
    groups = {"Process": ["s", "q"], "Nothing": ["t"], "Products": ["r"]}
    cells = Cells(table(released, texts=EN, caption="", columns=COLUMNS[:1], labels=LABELS, groups=groups).html)
    assert [row[0] for row in cells.rows[1:]] == ["Process", "Answers", "Knows my work", "Products", "Keeps its word"]
    assert [a["colspan"] for _, a in cells.tags if a.get("scope") == "rowgroup"] == ["2", "2"]


def test_departments_down_and_blocks_across() -> None:
    sizes = {"hr": 214, "it": 40, "fm": 8, "law": 12}
    counts = made.counts({place: {RATINGS: n, "q": n, "r": n} for place, n in sizes.items()})
    ledger = open_ledger(counts, policy=POLICY)
    together = gathered(
        [
            release(made.summary_of({"q": 3.44, "r": 4.0}, n=n), policy=POLICY, ledger=ledger.at(place))
            for place, n in sizes.items()
        ]
    )
    names = {"hr": "HR & more", "it": "IT", "fm": "Facilities", "law": "Legal", "new": "New"}
    labels = {"q": "Products", "r": "Process"}
    whole = department_table(
        together, texts=EN, caption="Means", labels=labels, departments=names, stub="Department", answered="Answered by"
    )
    assert Cells(whole.html).rows == [
        ["Department", "Products", "Process", "Answered by"],
        ["HR & more", "3.4", "4.0", "214"],
        ["IT", "3.4", "4.0", "40–49"],
        ["Facilities", "not shown"],
        ["Legal", "not shown"],
        ["New", "not shown"],
    ]
    assert "HR &amp; more" in whole.html


def test_words_of_the_study_stand_beside_released_numbers() -> None:
    columns = [Column(heading="Invited", words={"q": "380"}), *COLUMNS[:1]]
    released = released_from([*rows_of("q", 214), *rows_of("r", 8)])
    whole = table(released, texts=EN, caption="", columns=columns, labels=LABELS).html
    assert Cells(whole).rows[1:] == [
        ["Knows my work", "380", "3.4"],
        ["Keeps its word", "", "not shown"],
    ]
    assert whole.count('data-label="Invited"') == 2  # on a narrow screen no heading stands above them


@pytest.mark.parametrize(
    ("language", "sentence"), [("en", "There is nothing to show here."), ("nl", "Hier is niets te tonen.")]
)
def test_no_rows_give_a_sentence(language: str, sentence: str) -> None:
    nothing = released_from(rows_of("q", 214)).only(variables=[])
    whole = table(nothing, texts=Texts(language), caption="", columns=COLUMNS, labels=LABELS)
    assert whole.html == f'<p class="note">{sentence}</p>'


@given(words=st.text(min_size=1), by=st.sampled_from(["variable", "row"]))
@settings(deadline=None)
def test_no_text_can_become_an_element(words: str, by: Literal["variable", "row"]) -> None:
    released = released_from(rows_of("q", 214)).only(statistics=["mean"])
    nasty = f'{words}<script>"</table><img src=x onerror=alert(1)>'
    columns = [Column(heading=nasty, statistic="mean"), Column(heading=nasty, words={"q": nasty})]
    html = table(
        released,
        texts=EN,
        caption=nasty,
        columns=columns,
        labels={"q": nasty},
        by=by,
        stub=nasty,
        groups={nasty: ["q"]},
    ).html
    assert {tag for tag, _ in Cells(html).tags} <= {"div", "table", "caption", "thead", "tbody", "tr", "th", "td"}
    assert "<script" not in html
    assert "<img" not in html


def test_a_raw_result_has_no_table() -> None:
    message = (
        "A table is made of released results only, not of Summary. "
        "Hint: Pass it through icstats.release with the study's policy and ledger first. [ICS-610]"
    )
    raw = made.summary_of({"q": 3.2})
    with pytest.raises(DisclosureError) as refusal:
        table(raw, texts=EN, caption="", columns=COLUMNS, labels=LABELS)  # type: ignore[arg-type]
    assert str(refusal.value) == message
    with pytest.raises(DisclosureError) as refusal:
        department_table(raw, texts=EN, caption="", labels=LABELS, departments={})  # type: ignore[arg-type]
    assert str(refusal.value) == message


@pytest.mark.parametrize(
    ("chance", "written"), [(1.0, "≥ 99%"), (0.99, "≥ 99%"), (0.92, "92%"), (0.01, "≤ 1%"), (0.0, "≤ 1%")]
)
def test_a_chance_is_never_surer_than_a_bootstrap_can_be(chance: float, written: str) -> None:
    assert written_chance(chance, EN) == written
    assert written_chance(chance, NL) == written
