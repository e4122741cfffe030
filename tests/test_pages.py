"""A page shows the sections of a report, in one file that needs nothing and runs nothing."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_study import executed

from icstats.errors import RunError
from icstats.pages import Link, check_page, content_policy, is_section, render, stylesheet

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Output = Mapping[str, object]
    Make = Callable[..., str]

LINKS = (
    Link(href="../index.html", label="All departments"),
    Link(href="department_report.html", label="Department report", current=True),
    Link(href="../nl/department_report.html", label="Nederlands", language="nl"),
)
FRAME = {"output_type": "execute_result", "execution_count": 5, "metadata": {}, "data": {"text/html": "<div><table>x"}}
ERROR = {"output_type": "error", "ename": "KeyError", "evalue": "secret", "traceback": ["secret in a line"]}
STDERR = {"output_type": "stream", "name": "stderr", "text": "a warning"}


class Reader(HTMLParser):
    """Collects what a browser would find."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self._open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self._open:
            self.texts[self._open[-1]] = self.texts.get(self._open[-1], "") + data

    def first(self, tag: str) -> dict[str, str | None]:
        return next(attributes for name, attributes in self.elements if name == tag)


@pytest.fixture
def page(tmp_path: Path) -> Make:
    def make(*outputs: Output, language: str = "en", title: str = "Report · HR", shown: str = "") -> str:
        notebook = tmp_path / "department_report.ipynb"
        nbformat.write(executed("department_report", "HR", *outputs, shown=shown), notebook)
        return render(notebook, title=title, language=language, links=LINKS)

    return make


def test_a_page_shows_sections_and_our_own_markdown(page: Make) -> None:
    html = page()
    assert "<section><h1>HR</h1></section>" in html
    assert "<h2>department_report</h2>" in html
    assert "<em>our own</em>" in html


def test_code_streams_errors_frames_and_removed_cells_are_never_shown(page: Make) -> None:
    html = page(FRAME, ERROR, STDERR)
    for text in ("asked.get", "import json", "in the stream", "a warning", "secret", "<div><table>x", "For who reads"):
        assert text not in html


def test_only_html_that_is_a_section_counts_as_one() -> None:
    assert is_section({"data": {"text/html": "\n<section><p>x</p></section>"}})
    assert not is_section({"data": {"text/html": "<table>"}})
    assert not is_section({"data": {"text/plain": "<section>"}})
    assert not is_section({"output_type": "stream", "text": "<section>"})


@pytest.mark.parametrize(
    ("language", "skip", "footer"), [("en", "To the content", "Nobody who"), ("nl", "Naar de inhoud", "Niemand die")]
)
def test_a_page_speaks_its_language(page: Make, language: str, skip: str, footer: str) -> None:
    reader = Reader(page(language=language))
    assert reader.first("html")["lang"] == language
    assert skip in reader.texts["a"]
    assert footer in reader.texts["p"]


def test_a_page_has_the_landmarks_and_says_where_the_reader_is(page: Make) -> None:
    reader = Reader(page())
    assert {"header", "nav", "main", "footer"} <= {tag for tag, _ in reader.elements}
    links = [attributes for tag, attributes in reader.elements if tag == "a"]
    assert [link["href"] for link in links] == ["#content", *(link.href for link in LINKS)]
    assert [link["href"] for link in links if link.get("aria-current") == "page"] == ["department_report.html"]
    assert [link["hreflang"] for link in links if "hreflang" in link] == ["nl"]
    assert reader.first("main")["id"] == "content"
    assert reader.first("nav")["aria-label"] == "Pages"


def test_the_policy_lets_a_browser_load_nothing_but_this_style_and_these_images(page: Make) -> None:
    html = page()
    reader = Reader(html)
    policies = [a["content"] for tag, a in reader.elements if a.get("http-equiv") == "Content-Security-Policy"]
    digest = b64encode(sha256(reader.texts["style"].encode()).digest()).decode()
    assert policies == [
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    ]
    assert policies == [content_policy()]


def test_rendering_twice_gives_the_same_bytes(page: Make) -> None:
    assert page() == page()


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zs", "Zl", "Zp"]), min_size=1))
def test_a_title_is_text_whatever_stands_in_it(tmp_path_factory: pytest.TempPathFactory, title: str) -> None:
    notebook = tmp_path_factory.getbasetemp() / "titled.ipynb"
    if not notebook.exists():
        nbformat.write(executed("drivers", "HR"), notebook)
    links = [Link(href="../index.html", label=title)]
    reader = Reader(render(notebook, title=title, language="en", links=links))
    assert reader.texts["title"] == title
    assert title in reader.texts["a"]


@pytest.mark.parametrize(
    ("held", "named"),
    [
        ("<script>1</script>", "<script>"),
        ("<p onclick='x()'>", "<p onclick>"),
        ("<p style='color: red'>", "<p style>"),
        ("<style>p {}</style>", "<style>"),
        ("<iframe srcdoc='x'></iframe>", "<iframe>"),
        ("<link rel=stylesheet href=a.css>", "<link>"),
        ("<form><input></form>", "<form>"),
        ("<meta http-equiv=refresh content='0'>", "<meta http-equiv>"),
        ("<a href='https://example.org'>", "<a href> to another place"),
        ("<a href='//example.org'>", "<a href> to another place"),
        ("<a href='javascript:x'>", "<a href> to another place"),
        ("<a href=' javascript:x'>", "<a href> to another place"),
        ("<a href='\\\\server\\x'>", "<a href> to another place"),
        ("<img alt='' src='https://example.org/x.png'>", "<img src> to another place"),
        ("<img alt='' src='data:image/svg+xml;base64,AAAA'>", "<img src> to another place"),
        ("<svg><image xlink:href='https://example.org'/></svg>", "<image xlink:href> to another place"),
    ],
)
def test_a_page_that_could_run_or_load_something_is_refused(page: Make, held: str, named: str) -> None:
    with pytest.raises(RunError) as refused:
        page(shown=f"<section>{held}</section>")
    first, *_ = str(refused.value).split(", <")
    assert first.split(". Hint")[0].rstrip(".") == f"The page was not written: it would hold {named}"
    assert str(refused.value).endswith(
        "Hint: a page shows report sections only, and refers to nothing outside itself [ICS-720]"
    )


def test_what_a_refusal_says_never_repeats_what_the_page_held() -> None:
    with pytest.raises(RunError) as refused:
        check_page("<p onmouseover='secret()'>secret</p><script>secret</script><script>secret</script>")
    assert str(refused.value) == (
        "The page was not written: it would hold <p onmouseover>, <script>. "
        "Hint: a page shows report sections only, and refers to nothing outside itself [ICS-720]"
    )


def test_images_inside_the_page_and_links_to_siblings_are_allowed() -> None:
    check_page(
        "<a href='../hr/drivers.html#why'>x</a><a href='#top'>x</a><img alt='' src='data:image/png;base64,AA=='>"
    )


def test_the_style_loads_nothing() -> None:
    assert "url(" not in stylesheet()
    assert "@import" not in stylesheet()
    assert "<" not in stylesheet()


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_measured_as_wcag_does() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("text", ["ink", "soft", "accent"])
def test_text_stands_out_enough_in_light_and_dark(scheme: int, text: str) -> None:
    colours = [
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
        for block in re.findall(r":root \{(.*?)\}", stylesheet(), re.DOTALL)
    ][scheme]
    for ground in ("paper", "sheet"):
        assert contrast(colours[text], colours[ground]) >= 4.5


def test_a_page_may_hold_the_one_script_that_was_expected_once_and_whole() -> None:
    check_page("<p>a</p><script>show()</script>", script="show()")
    for html in (
        "<script>show() </script>",
        "<script>show()</script><script>show()</script>",
        "<script src='x.js'>show()</script>",
        "<script>show()",
    ):
        with pytest.raises(RunError, match="<script"):
            check_page(html, script="show()")
    with pytest.raises(RunError, match="<script>"):
        check_page("<script>show()</script>")


def test_the_policy_lets_the_expected_script_run_and_no_other() -> None:
    assert "script-src" not in content_policy()
    policy = content_policy("show()")
    assert policy.count("script-src 'sha256-") == 1
    assert "unsafe" not in policy
    assert policy != content_policy("show() ")
