"""A PDF is the page on paper: nothing cut, nothing from outside, nothing more about itself, gone with its release."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from PIL import Image
from pypdf import PdfReader
from small_study import PIXEL, SmallStudy

from icstats import printed
from icstats.__main__ import main
from icstats.batch import run
from icstats.canvas import Figure
from icstats.errors import HaltedError, RunError
from icstats.pages import stylesheet
from icstats.printed import as_pdf, write_pdfs

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Ran

PNG = base64.b64decode(PIXEL)


def page(body: str, title: str = "Department report · IT · wave 2026") -> str:
    head = f'<html lang="nl"><head><title>{title}</title><style>{stylesheet()}</style></head>'
    masthead = '<div class="masthead"><p class="kicker">Department report · 2026</p><h1>IT</h1></div>'
    return f"<!DOCTYPE html>{head}<body><main>{masthead}{body}</main></body></html>"


def picture_of(width: int, height: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (width, height), 200).save(buffer, format="png")
    return buffer.getvalue()


def read(pdf: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(pdf))


def texts(pdf: bytes) -> list[str]:
    return [" ".join(one.extract_text().split()) for one in read(pdf).pages]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> SmallStudy:
    small = SmallStudy(tmp_path_factory.mktemp("printed"))
    run(small.opened(), outputs=small.outputs)
    return small


@pytest.fixture(scope="module")
def made(study: SmallStudy) -> tuple[Path, ...]:
    return write_pdfs(study.opened(), outputs=study.outputs, note=print)


def test_there_is_one_for_the_overview_and_every_department(study: SmallStudy, made: tuple[Path, ...]) -> None:
    folder = study.folder.with_name("2026.pdf")
    assert made == tuple(folder / f"{name}.pdf" for name in ("overview", "hr", "it", "legal"))
    assert sorted(path.name for path in folder.iterdir()) == sorted(path.name for path in made)


def test_it_can_be_read_aloud_and_says_of_itself_only_its_title_and_maker(made: tuple[Path, ...]) -> None:
    for path in made:
        reader = read(path.read_bytes())
        root = reader.trailer["/Root"]
        assert (root["/Lang"], root["/MarkInfo"]["/Marked"]) == ("en", True)
        assert set(reader.metadata or {}) == {"/Producer", "/Title"}
        assert "Date" not in root["/Metadata"].get_data().decode()
    assert (read(made[2].read_bytes()).metadata or {})["/Title"] == "Department report · IT <support> · wave 2026"


def test_the_same_page_gives_the_same_bytes() -> None:
    assert as_pdf(page("<p>Same</p>")) == as_pdf(page("<p>Same</p>"))


def test_the_title_runs_along_from_the_second_page_and_pages_are_numbered() -> None:
    found = texts(as_pdf(page("<p>One</p>" * 200)))
    assert len(found) > 3
    running = "IT · Department report · 2026"
    assert [running in one for one in found] == [False, *[True] * (len(found) - 1)]
    assert all(f"{number} / {len(found)}" in one for number, one in enumerate(found, start=1))


def test_no_row_and_no_figure_is_cut_and_a_heading_stays_with_what_follows() -> None:
    rows = "".join(f'<tr><th scope="row">Row {n} begins<br>x<br>row {n} ends</th></tr>' for n in range(40))
    table = f"<table><thead><tr><th>Heading of the table</th></tr></thead><tbody>{rows}</tbody></table>"
    figure = Figure.of_picture(picture_of(540, 700), height=700, alt="Picture", caption="Below it").html
    sections = "".join(f"<section><h2>Question {n}?</h2><p>Answer {n}.</p>{figure}</section>" for n in range(12))
    found = texts(as_pdf(page(table + sections)))
    for n in range(40):
        at = [f"Row {n} begins" in one for one in found].index(True)
        assert f"row {n} ends" in found[at]
        assert "Heading of the table" in found[at]
    for n in range(12):
        at = [f"Question {n}?" in one for one in found].index(True)
        assert f"Answer {n}." in found[at]
    pictures = [len(one.images) for one in read(as_pdf(page(sections))).pages]
    assert sum(pictures) == 12


def test_a_figure_as_tall_as_a_sheet_leaves_room_for_its_caption_and_no_page_empty() -> None:
    tall = Figure.of_picture(picture_of(540, 2_000), height=2_000, alt="Tall", caption="Under it.").html
    found = texts(as_pdf(page(f"<p>Before.</p><details><summary>More</summary>{tall}</details>")))
    assert len(found) <= 2
    assert "Under it." in found[-1]


@pytest.mark.parametrize("department", ["it", "legal-affairs"])
def test_no_page_of_a_whole_report_is_empty(dutch_example_site: Ran, department: str) -> None:
    html = (dutch_example_site.folder / department / "department_report.html").read_text(encoding="utf-8")
    pages = read(as_pdf(html)).pages
    assert 8 < len(pages) < 25
    bare = [number for number, one in enumerate(pages, start=1) if len(one.extract_text()) < 200 and not one.images]
    assert bare in ([], [len(pages)])


def test_what_is_folded_on_the_screen_is_printed_and_links_between_pages_are_not() -> None:
    (only,) = texts(as_pdf(page("<details><summary>As a table</summary><p>Within</p></details>")))
    assert "As a table Within" in only
    html = page("<p>Text</p>").replace(
        "<main>", '<header class="site"><nav><a href="x.html">Drivers</a></nav></header><main>'
    )
    assert "Drivers" not in texts(as_pdf(html))[0]


def test_nothing_outside_the_page_is_read(tmp_path: Path) -> None:
    outside = tmp_path / "outside.png"
    outside.write_bytes(PNG)
    inside = page(f'<img alt="" src="data:image/png;base64,{PIXEL}">')
    assert sum(len(one.images) for one in read(as_pdf(inside)).pages) == 1
    for address in (outside.as_uri(), "http://127.0.0.1:9/x.png", "outside.png"):
        there = as_pdf(page(f'<img alt="" src="{address}"><link rel="attachment" href="{address}">'))
        assert sum(len(one.images) for one in read(there).pages) == 0
        assert not read(there).attachments


def test_the_command_names_what_it_made(study: SmallStudy, made: tuple[Path, ...]) -> None:
    done = CliRunner().invoke(main, ["pdf", str(study.file), "--outputs", str(study.outputs)])
    assert done.exit_code == 0, done.output
    assert done.output.splitlines() == [str(path) for path in made]


def test_without_a_run_there_is_nothing_to_print(tmp_path: Path) -> None:
    small = SmallStudy(tmp_path)
    with pytest.raises(RunError) as refusal:
        write_pdfs(small.opened(), outputs=small.outputs, note=print)
    assert str(refusal.value).splitlines() == [
        "There is no finished run of wave 2026. Hint: run the study first: icstats run STUDY [ICS-721]"
    ]
    assert not small.outputs.exists()


def test_where_one_leaks_none_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = SmallStudy(tmp_path)
    run(small.opened(), outputs=small.outputs)
    before = small.files()

    def leaking(*_: object, **__: object) -> None:
        raise HaltedError("Nothing is released.", code="ICS-611")

    monkeypatch.setattr(printed, "require_clean_index", leaking)
    with pytest.raises(HaltedError):
        write_pdfs(small.opened(), outputs=small.outputs, note=print)
    assert small.files() == before


def test_the_next_release_takes_them_away_and_a_run_with_nothing_to_do_does_not(tmp_path: Path) -> None:
    small = SmallStudy(tmp_path)
    run(small.opened(), outputs=small.outputs)
    made = write_pdfs(small.opened(), outputs=small.outputs, note=print)
    run(small.opened(), outputs=small.outputs)
    assert all(path.is_file() for path in made)
    (small.folder / "hr" / "drivers.html").unlink()
    run(small.opened(), outputs=small.outputs)
    assert not made[0].parent.exists()
