"""The index shows every department, with the numbers of its own report or the reason that there are none."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from small_study import SmallStudy, hidden, number, numbers_of

from icstats.errors import RunError
from icstats.pages import check_page, content_policy, stylesheet
from icstats.site import index_script, write_index

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

DONE = {"status": "done", "reason": ""}


class Table(HTMLParser):
    """Reads the rows of a table as text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.links: list[str] = []
        self.paragraphs: list[str] = []
        self._into: list[str] | None = None
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append([])
        if tag in {"th", "td"}:
            self._into = self.rows[-1]
            self._into.append("")
        if tag == "p":
            self._into = self.paragraphs
            self._into.append("")
        if tag == "a":
            self.links.append(dict(attrs)["href"] or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in {"th", "td", "p"}:
            self._into = None

    def handle_data(self, data: str) -> None:
        if self._into is not None:
            self._into[-1] = " ".join(f"{self._into[-1]} {data}".split())


class Run:
    """What a run left on disk, written by hand."""

    def __init__(self, study: SmallStudy) -> None:
        self.study = study
        self.receipt: dict[str, Any] = {
            "language": "en",
            "norm": {"name": "national", "fictional": False},
            "finished": "2026-11-24T03:57:16+00:00",
            "departments": {slug: dict(DONE) for slug in study.SLUGS},
            "overview": dict(DONE),
        }
        for slug in study.SLUGS:
            self.show(slug, numbers_of(slug))
            for notebook in study.NOTEBOOKS:
                (study.folder / slug / f"{notebook}.html").touch()
        self.show("", numbers_of("organisation", 7.0))
        (study.folder / "overview.html").touch()

    def show(self, slug: str, rows: Iterable[Mapping[str, Any]]) -> None:
        (self.study.folder / slug).mkdir(parents=True, exist_ok=True)
        (self.study.folder / slug / "results.json").write_text(json.dumps({"rows": list(rows)}), encoding="utf-8")

    def html(self) -> str:
        (self.study.folder / "run.json").write_text(json.dumps(self.receipt), encoding="utf-8")
        path = write_index(self.study.opened(), self.study.folder)
        assert path == self.study.folder / "index.html"
        return path.read_text(encoding="utf-8")

    def table(self) -> Table:
        return Table(self.html())


@pytest.fixture
def finished(tmp_path: Path) -> Run:
    return Run(SmallStudy(tmp_path))


def test_every_department_has_its_numbers_in_words_and_in_the_order_of_the_study(finished: Run) -> None:
    finished.show("it", numbers_of("it", 5.4))
    assert finished.table().rows == [
        ["Department", "Mark given by", "Mark", "Against the norm", "Goes together most with satisfaction", "Reports"],
        [
            "Human Resources",
            "120",
            "6.8 6.5 to 7.1",
            "about the same",
            "the process (41%)",
            "Report Drivers",
        ],
        ["IT <support>", "120", "5.4 5.1 to 5.7", "about the same", "the process (41%)", "Report Drivers"],
        ["Legal", "120", "6.8 6.5 to 7.1", "about the same", "the process (41%)", "Report Drivers"],
        ["The organisation as a whole", "120", "7.0 6.7 to 7.3", "about the same", "the process (41%)", "Overview"],
    ]


def test_the_index_speaks_dutch_when_the_run_did(finished: Run) -> None:
    finished.receipt["language"] = "nl"
    html = finished.html()
    assert '<html lang="nl">' in html
    assert Table(html).rows[1][:3] == ["Personeelszaken", "120", "6,8 6,5 tot 7,1"]
    assert "Gemaakt op 24 november 2026." in html


def test_links_lead_to_pages_that_are_there_and_to_no_other(finished: Run) -> None:
    (finished.study.folder / "it" / "drivers.html").unlink()
    assert finished.table().links == [
        "#content",
        "hr/department_report.html",
        "hr/drivers.html",
        "it/department_report.html",
        "legal/department_report.html",
        "legal/drivers.html",
        "overview.html",
        "results.json",
    ]


def test_a_department_without_numbers_says_why(finished: Run) -> None:
    finished.receipt["departments"] = {
        "hr": {"status": "failed", "reason": "An unexpected error ended it (KeyError). [ICS-730]"},
        "it": {"status": "suppressed", "reason": ""},
    }
    (finished.study.folder / "hr" / "drivers.html").unlink()
    table = finished.table()
    assert table.rows[1:4] == [
        ["Human Resources", "could not be made: an unexpected error [ICS-730]", "Report"],
        [
            "IT <support>",
            "not shown: fewer than 10 answers of others, or another small department would be given away",
            "Report",
        ],
        ["Legal", "not made yet", "Report Drivers"],
    ]
    assert not re.search(r"\d\.\d", str(table.rows[1:4]))


def test_a_department_whose_mark_is_hidden_is_not_shown_either(finished: Run) -> None:
    rows = numbers_of("hr")
    finished.show("hr", [*hidden(rows[:4]), *rows[4:]])
    assert finished.table().rows[1][1].startswith("not shown: fewer than 10 answers of others")


def test_few_answers_mean_no_interval_and_no_drivers_of_its_own(finished: Run) -> None:
    mark = number("hr", "Summary", "SA1", "mean", 6.8, n="10–19")
    finished.show("hr", [mark, *numbers_of("organisation")])
    assert finished.table().rows[1][1:5] == ["10–19", "6.8", "", "no analysis of its own"]


def test_that_the_answers_cannot_tell_is_an_answer(finished: Run) -> None:
    rows = [{**row, "verdict": "cannot_tell"} if row["kind"] == "Importance" else row for row in numbers_of("hr")]
    finished.show("hr", rows)
    assert finished.table().rows[1][4] == "the answers cannot tell"


def test_without_a_norm_there_is_no_column_for_it(finished: Run) -> None:
    for slug in ("", *finished.study.SLUGS):
        finished.show(slug, [row for row in numbers_of(slug or "organisation") if row["kind"] != "Comparison"])
    html = finished.html()
    assert "Against the norm" not in html
    assert 'class="norm"' not in html
    assert {len(row) for row in Table(html).rows} == {5}
    assert Table(html).paragraphs[1] == (
        "Marks are means on a scale from 1 to 10, with their 95% interval. "
        "The order is that of the study, not a ranking."
    )


@pytest.mark.parametrize(
    ("norm", "name"),
    [
        ({"name": "example", "fictional": True}, "the fictional norm"),
        ({"name": "departments", "fictional": False}, "the mean of the departments"),
    ],
)
def test_a_norm_that_is_made_up_or_our_own_is_called_so(finished: Run, norm: dict[str, Any], name: str) -> None:
    finished.receipt["norm"] = norm
    table = finished.table()
    assert table.rows[0][3] == f"Against {name}"
    assert f"the small upright line is {name}." in table.paragraphs[1]


def test_numbers_are_written_as_the_language_does(finished: Run) -> None:
    finished.show("", [{**row, "n": "2869"} for row in numbers_of("organisation")])
    assert finished.table().rows[-1][1] == "2,869"
    finished.receipt["language"] = "nl"
    assert finished.table().rows[-1][1] == "2.869"


def test_an_overview_that_failed_says_why(finished: Run) -> None:
    finished.receipt["overview"] = {"status": "failed", "reason": "Something of long ago"}
    table = finished.table()
    assert "The overview could not be made: run.json says why" in table.paragraphs
    assert "overview.html" not in table.links
    assert len(table.rows) == 4


def test_reasons_stand_in_the_readers_language_and_without_paths(finished: Run) -> None:
    damaged = "data/.store/small/wave=2026: these prepared answers are not what was written. [ICS-725]"
    twice = f"{damaged} The process that made it ended (signal SIGKILL). [ICS-711] {damaged}"
    finished.receipt |= {"language": "nl", "overview": {"status": "failed", "reason": damaged}}
    finished.receipt["departments"]["hr"] = {"status": "failed", "reason": twice}
    table = finished.table()
    assert table.rows[1][1] == (
        "kon niet worden gemaakt: voorbereide antwoorden zijn beschadigd [ICS-725]; de berekening is afgebroken, "
        "misschien door te weinig geheugen [ICS-711]"
    )
    assert "Het overzicht kon niet worden gemaakt: voorbereide antwoorden zijn beschadigd [ICS-725]" in table.paragraphs
    assert ".store" not in finished.html()


def test_marks_lie_on_the_line_of_their_scale(finished: Run) -> None:
    finished.show("hr", [number("hr", "Summary", "SA1", "mean", 5.5, conf_low=1.0, conf_high=10.0)])
    strip = re.search(r'<svg class="strip".*?</svg>', finished.html(), re.DOTALL)
    assert strip is not None
    assert 'class="range" x1="0.0" x2="100.0"' in strip[0]
    assert 'class="dot" cx="50.0"' in strip[0]
    assert 'aria-hidden="true"' in strip[0]


def test_the_index_is_a_page_like_the_others(finished: Run) -> None:
    html = finished.html()
    check_page(html, script=index_script())
    assert content_policy(index_script()) in html.replace("&#39;", "'")
    assert f"<style>{stylesheet()}</style>" in html
    assert "<title>Small &amp; Sons · Small survey · wave 2026</title>" in html


def test_the_index_depends_on_what_is_on_disk_alone(finished: Run) -> None:
    assert finished.html() == finished.html()


def test_without_a_finished_run_there_is_no_index(tmp_path: Path) -> None:
    study = SmallStudy(tmp_path)
    with pytest.raises(RunError) as refusal:
        write_index(study.opened(), study.folder)
    assert str(refusal.value) == (
        "There is no finished run of wave 2026. Hint: run the study first: icstats run STUDY [ICS-721]"
    )
    assert not study.outputs.exists()
